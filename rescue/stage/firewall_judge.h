/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_JUDGE_H
#define SSHRESCUE_STAGE_FIREWALL_JUDGE_H

/* Private to the firewall stage: what the rule sets that a boot may end with let in. */

#include "stage/firewall.h"
#include "stage/firewall_load.h"

/* One way to sshd: a port and a family. */
struct firewall_way {
	unsigned port;
	bool ipv6;
	const char *address; /* sshd listens on this one only; NULL: on all */
};
typedef ARRAY_OF(struct firewall_way) firewall_ways;

/* Which sources get in by one interface. */
struct firewall_reach {
	const struct firewall_way *way;
	const char *interface; /* "*": all that no rule mentions */
	bool configured; /* some network configuration names it, or may mean it */
	struct number_set open, closed, unknown; /* source addresses */
	const struct obstacle *closed_by, *unknown_by; /* for most of these; may be NULL */
};
typedef ARRAY_OF(struct firewall_reach) firewall_reaches;

/* One rule set that the boot may end with. */
struct firewall_world {
	struct ruleset ruleset;
	struct load_report report;
	const struct firewall_order *order;
	struct obstacle arp; /* what may hold back ARP; without a reason: nothing */
	bool judges_neighbours; /* all rules that neighbour discovery meets are in the rule set */
	firewall_reaches reaches;
};

typedef ARRAY_OF(struct firewall_world) firewall_worlds;

/* firewall_world.c */

/* What loading goes by, the same for all steps and worlds. */
struct firewall_loading {
	struct target *target;
	struct arena *arena;
	struct findings *findings; /* gets what cannot be read */
	const zone_binding_list *zones; /* of firewalld */
	bool legacy; /* what plain "iptables" is in this root */
	/* Kept from one input to the next */
	struct save_names *names;
	struct nft_services *services;
};
/* Loads the steps of one loader. */
void firewall_load_steps(const struct firewall_loading *loading, const firewall_steps *steps,
			 struct firewall_world *world);
/* Every rule set that the boot may end with: for each order, with and without what may not load. False when there are
 * too many. */
bool firewall_build_worlds(const struct firewall_loading *loading, const firewall_orders *orders, firewall_worlds *ret);

/* firewall_judge.c */

/* The interfaces that any of the worlds may treat in a way of its own. */
void firewall_interfaces(const struct firewall_world *worlds, size_t count, struct arena *arena, string_list *ret);
/* Follows a connection on every way through every one of these interfaces. */
void firewall_follow(struct firewall_world *world, const firewall_ways *ways, const string_list *interfaces,
		     const struct network_facts *network, const local_address_list *addresses, struct arena *arena);
/* Makes one answer of two worlds that were asked the same, in `world`: open and closed only where both say so. */
void firewall_agree(struct firewall_world *world, const struct firewall_world *other, struct arena *arena);

/* Whether the sources are most of the addresses that clients have. */
bool firewall_is_most(const struct number_set *sources, bool ipv6);

/* firewall_findings.c: the problems */

void firewall_report_loading(struct findings *findings, const struct load_report *report);
void firewall_report_reach(const struct facts *facts, struct findings *findings, const firewall_loaders *loaders,
			   const firewall_ways *ways, const struct firewall_world *world);
/* For the report: from where clients get in. */
void firewall_add_source(struct findings *findings, const char *source);

#endif
