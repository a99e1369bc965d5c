/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_STAGE_H
#define SSHRESCUE_STAGE_STAGE_H

/* The stages of the way in, one file each: facts in, problems and edits out. They read through the target's door, and
 * never write, print or keep state. */

#include "facts.h"
#include "problem.h"

void stage_boot(const struct facts *facts, struct findings *findings);
void stage_network(const struct facts *facts, struct findings *findings);
void stage_service(const struct facts *facts, struct findings *findings);
void stage_daemon(const struct facts *facts, struct findings *findings);
void stage_config(const struct facts *facts, struct findings *findings);
void stage_keys(const struct facts *facts, struct findings *findings);
void stage_listen(const struct facts *facts, struct findings *findings);
void stage_firewall(const struct facts *facts, struct findings *findings);
void stage_login(const struct facts *facts, struct findings *findings);

/* What listen concludes about where a client finds sshd, also for the firewall stage and the report. */
struct listen_address {
	bool ipv6;
	bool any; /* 0.0.0.0 or [::] */
	bool loopback;
	const char *address; /* numeric text, or the name that a resolver must translate */
	unsigned port;
	const char *path;
	unsigned line;
};
typedef ARRAY_OF(struct listen_address) listen_list;
/* The addresses that the next boot listens on, from sshd_config, the options or the socket unit, whichever applies. */
void listen_addresses(const struct facts *facts, struct arena *arena, listen_list *ret);

#endif
