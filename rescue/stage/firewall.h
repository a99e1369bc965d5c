/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_H
#define SSHRESCUE_STAGE_FIREWALL_H

/* Private to the firewall stage. */

#include "filter/evaluate.h"
#include "filter/load.h"
#include "stage/stage.h"

/* A way for connections that a repair is to open. */
struct breach {
	bool ipv4, ipv6; /* for which families: at least one */
	unsigned port;
	const struct obstacle *obstacle; /* what stops them now; its places say in which file */
	const struct ruleset *ruleset;
	string_list loaded; /* the paths of the rules files that the boot loads */
};

/*
 * The repairs, each in the format of the tool that owns the rules. They attach the smallest edits that let new
 * connections to the port in (or their answers out, by the obstacle's packet) to the problem, with
 * problem_repair(), and return true; false where the format has no safe place for it, and a remedy may be set. They
 * only add; the plan proves what they did by looking again.
 */
bool firewall_repair_iptables(const struct facts *facts, struct findings *findings, struct problem *problem,
			      const struct breach *breach);
bool firewall_repair_nft(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct breach *breach);
bool firewall_repair_ufw(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct breach *breach);
bool firewall_repair_firewalld(const struct facts *facts, struct findings *findings, struct problem *problem,
			       const struct breach *breach);

#endif
