/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_LIVE_PROMISE_H
#define SSHRESCUE_LIVE_PROMISE_H

/* What a report promises of a boot, and whether the kernel of the booted system agrees: is somebody listening there?
 * That is all it can say: not that it is sshd, nor that packets get there. */

#include "live/listening.h"

struct promised_address {
	const char *address; /* numeric, or a name that only a resolver knows */
	unsigned port;
};

struct promise {
	const char *verdict; /* "reachable": then the addresses are promised */
	ARRAY_OF(struct promised_address) addresses;
};

/* Takes them from a report in JSON. 0, or -EBADMSG where it is none. */
int promise_read(struct arena *arena, const struct blob *report, struct promise *ret);

enum promise_status {
	PROMISE_NONE, /* the verdict was another one */
	PROMISE_KEPT,
	PROMISE_BROKEN,
};

struct comparison {
	enum promise_status status;
	listener_list listening; /* on one of the ports */
	ARRAY_OF(struct promised_address) missing; /* nobody listens there */
};

/* With ipv6 false, for a kernel that has none, nobody misses it. */
void promise_compare(struct arena *arena, const struct promise *promise, const listener_list *listeners, bool ipv6,
		     struct comparison *ret);
/* The same, having asked this machine's kernel. 0 or negative errno. */
int promise_compare_live(struct arena *arena, const struct promise *promise, struct comparison *ret);

#endif
