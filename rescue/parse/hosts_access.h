/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_HOSTS_ACCESS_H
#define SSHRESCUE_PARSE_HOSTS_ACCESS_H

/* /etc/hosts.allow and /etc/hosts.deny as libwrap reads them for a daemon: hosts_access(5), hosts_options(5),
 * hosts_access.c of TCP wrappers. Which client matches is not decided, only how many do. */

#include <stdbool.h>

#include "base/arena.h"

enum hosts_clients {
	HOSTS_NONE, /* no client, or only the machine itself */
	HOSTS_SOME,
	HOSTS_ALL,
};

enum hosts_effect {
	HOSTS_MATCH, /* what the file is there for: to allow, or to deny */
	HOSTS_PERMIT, /* the option ALLOW */
	HOSTS_REFUSE, /* the option DENY, twist, or one that libwrap does not know */
	HOSTS_BROKEN, /* a last line without its end: nothing more is read, and it is an error */
	HOSTS_UNCERTAIN, /* an option whose outcome is not known here */
};

/* A rule that is about the daemon. */
struct hosts_rule {
	unsigned line;
	bool maybe; /* whether it is about the daemon depends on the address that is connected to */
	enum hosts_clients clients;
	const char *client_text; /* as it is written */
	enum hosts_effect effect;
};
typedef ARRAY_OF(struct hosts_rule) hosts_rule_list;

void hosts_access_read(const struct blob *content, struct arena *arena, const char *daemon, hosts_rule_list *ret);

#endif
