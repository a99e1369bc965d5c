/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_FIREWALLD_DISPATCH_H
#define SSHRESCUE_PARSE_FIREWALLD_DISPATCH_H

/* Private to parse/firewalld_{dispatch,policy,origin}.c: how packets come to their zones and policies. */

#include "parse/firewalld_private.h"

struct firewalld_dispatcher {
	struct firewalld_builder builder;
	struct firewalld *firewalld;
	const struct firewalld_zone **policies; /* those that apply, by priority */
	size_t policy_count;
	struct firewalld_chains (*policy_chains)[FIREWALLD_TABLE_COUNT];
	struct chain *hooks[FIREWALLD_TABLE_COUNT], *dispatch[FIREWALLD_TABLE_COUNT];
	/* Until 2.0, all zones share these */
	struct chain *policies_pre[FIREWALLD_TABLE_COUNT], *policies_post[FIREWALLD_TABLE_COUNT];
	size_t jumps;
};

/* --- firewalld_origin.c ----------------------------------------------------- */

/* One way to tell that a packet belongs to a zone. All networks of a family are one: the kernel asks for each in turn,
 * but it is the same chain that they lead to. */
struct firewalld_origin {
	const struct firewalld_zone *zone;
	const char *name; /* of an interface, or a source that is not a network; of networks, the first */
	struct place place;
	bool is_source;
	bool ipv6;
	struct number_set networks;
	size_t position; /* among all */
	struct firewalld_chains *chains; /* of the zone */
};
typedef ARRAY_OF(struct firewalld_origin) firewalld_origin_list;

/* Appends the zone's. False when firewalld refuses one of them. */
bool firewalld_list_origins(const struct firewalld_builder *builder, const struct firewalld_zone *zone,
			    firewalld_origin_list *list);
/* Adds the test to a rule for packets that come from there or, with destination, go there. */
bool firewalld_add_origin_test(const struct firewalld_builder *builder, statement_list *list,
			       const struct firewalld_origin *origin, bool destination, bool *ret_applies);
/* "eth0", "eth+", or "+" for all. */
void firewalld_add_interface_test(struct arena *arena, statement_list *list, enum selector selector, const char *name);

/* --- firewalld_dispatch.c --------------------------------------------------- */

bool firewalld_is_default(const struct firewalld *firewalld, const struct firewalld_zone *zone);
/* Whether "ANY", "HOST" or a zone is in the list. */
bool firewalld_names(const firewalld_name_list *list, const char *name);
/* The base chain of that name, and those behind it. */
void firewalld_make_chains(const struct firewalld_builder *builder, enum firewalld_table table, const char *name,
			   struct firewalld_chains *ret);
void firewalld_add_inner_jumps(const struct firewalld_builder *builder, const struct firewalld_chains *chains,
			       struct place place);
void firewalld_add_target(const struct firewalld_builder *builder, struct chain *chain,
			  const struct firewalld_zone *zone);

/* --- firewalld_policy.c ----------------------------------------------------- */

/* Chooses the policies that apply, and makes their chains. */
bool firewalld_make_policies(struct firewalld_dispatcher *dispatcher);
/* The jumps of a zone's chain to its policies, before and behind its own rules. */
bool firewalld_add_zone_policies(struct firewalld_dispatcher *dispatcher, const struct firewalld_zone *zone,
				 enum firewalld_table table, struct chain *chain, bool before);
/* The jumps that all zones share, and those for what leaves this machine. */
bool firewalld_add_shared_policies(struct firewalld_dispatcher *dispatcher);

#endif
