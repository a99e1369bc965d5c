/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_GREETING_H
#define SSHRESCUE_REHEARSE_GREETING_H

/* What a client and sshd say to each other before anything is secret: RFC 4253, RFC 8731. */

#include <stdbool.h>

#include "base/arena.h"

/* How a client waits for a descriptor: 1 when it is ready for the events of poll(2), 0 when the time is up. */
struct waiter {
	int (*wait)(void *context, int fd, short events);
	void *context;
};

enum greeting_answer {
	GREETING_GOOD,
	GREETING_CLOSED, /* the connection ended before a banner */
	GREETING_SILENT, /* no banner came in time */
	GREETING_STRANGE, /* something that is no banner */
	GREETING_NOTHING_IN_COMMON, /* sshd is ready to exchange keys, but not in a way that is known here */
	GREETING_NO_EXCHANGE, /* a banner, and no key exchange */
};

/* Reads the banner: *ret_banner without its line end, in arena. */
enum greeting_answer greeting_banner(int fd, const struct waiter *waiter, struct arena *arena, const char **ret_banner);

/* One algorithm for each kind of host key. */
enum {
	GREETING_ALGORITHMS = 6
};
extern const char *const greeting_algorithms[GREETING_ALGORITHMS];

struct offer {
	const char *algorithms; /* all that sshd names for its host keys, comma-separated */
	const char *algorithm; /* the one that was taken */
	bool curve25519; /* sshd has the key exchange that is known here */
	struct blob host_key; /* that it showed for it */
};
/* Whether sshd names that algorithm. */
bool offer_has(const struct offer *offer, const char *algorithm);
/* After the banner: exchanges keys far enough to be shown the host key that belongs to an algorithm; NULL: to the first
 * of greeting_algorithms that sshd has. */
enum greeting_answer greeting_exchange(int fd, const struct waiter *waiter, struct arena *arena, const char *algorithm,
				       struct offer *ret);

#endif
