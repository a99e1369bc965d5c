/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies: their chains, and which packets come to them. As in fw_policy.py below src/firewall/core/. */
#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld_dispatch.h"

enum {
	JUMP_LIMIT = 1000 * 1000, /* of zones to policies */
};

/* --- which of them apply ---------------------------------------------------- */

static bool is_active(const struct firewalld *firewalld, const struct firewalld_zone *zone)
{
	/* Until 2.0, being the default zone does not make a zone active. */
	return zone->interfaces.count || zone->sources.count ||
	       (firewalld_is_default(firewalld, zone) &&
		(firewalld->version >= FIREWALLD_DISPATCH_VERSION || firewalld->network_manager));
}

static bool any_active(struct firewalld *firewalld, const firewalld_name_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, list->items[i].name);

		if (!zone || is_active(firewalld, zone)) /* ANY and HOST are no zones */
			return true;
	}
	return false;
}

struct ordered {
	const struct firewalld_zone *policy;
	size_t position;
};

static int compare_priority(const void *a, const void *b)
{
	const struct ordered *first = a, *second = b;

	if (first->policy->priority != second->policy->priority)
		return first->policy->priority < second->policy->priority ? -1 : 1;
	return first->position < second->position ? -1 : 1;
}

static void choose_policies(struct firewalld_dispatcher *dispatcher)
{
	struct firewalld *firewalld = dispatcher->firewalld;
	struct ordered *ordered = arena_alloc(firewalld->arena, firewalld->policies.count * sizeof(*ordered));
	size_t count = 0;

	for (size_t i = 0; i < firewalld->policies.count; i++) {
		const struct firewalld_zone *policy = firewalld->policies.items[i];

		if (any_active(firewalld, &policy->ingress) && any_active(firewalld, &policy->egress))
			ordered[count++] = (struct ordered){policy, i};
	}
	if (count)
		qsort(ordered, count, sizeof(*ordered), compare_priority);
	dispatcher->policies = arena_alloc(firewalld->arena, count * sizeof(struct firewalld_zone *));
	dispatcher->policy_chains = arena_alloc(firewalld->arena, count * sizeof(*dispatcher->policy_chains));
	for (size_t i = 0; i < count; i++)
		dispatcher->policies[i] = ordered[i].policy;
	dispatcher->policy_count = count;
}

/* --- their chains ----------------------------------------------------------- */

/* Which tables a policy has chains in that connections to this machine meet. */
static bool has_table(struct firewalld *firewalld, const struct firewalld_zone *policy, enum firewalld_table table)
{
	if (table == FIREWALLD_FILTER)
		return true;
	if (firewalld_names(&policy->egress, "HOST"))
		return firewalld_names(&policy->ingress, "ANY");
	if (firewalld_names(&policy->ingress, "HOST"))
		return table == FIREWALLD_NAT;
	if (firewalld_names(&policy->egress, "ANY"))
		return true;
	for (size_t i = 0; i < policy->egress.count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, policy->egress.items[i].name);

		if (zone && zone->interfaces.count)
			return false;
	}
	return true;
}

static const char *chain_prefix(const struct firewalld_zone *policy, enum firewalld_table table)
{
	if (firewalld_names(&policy->ingress, "HOST"))
		return "OUT";
	if (table != FIREWALLD_FILTER)
		return "PRE";
	return firewalld_names(&policy->egress, "HOST") ? "IN" : "FWD";
}

static bool make_policy(const struct firewalld_dispatcher *dispatcher, size_t index)
{
	const struct firewalld_zone *policy = dispatcher->policies[index];
	struct firewalld_chains *chains = dispatcher->policy_chains[index];
	const struct firewalld_builder *builder = &dispatcher->builder;

	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		if (!has_table(dispatcher->firewalld, policy, table))
			continue;
		firewalld_make_chains(builder, table,
				      arena_printf(dispatcher->firewalld->arena, "%s_policy_%s",
						   chain_prefix(policy, table), policy->name),
				      &chains[table]);
		firewalld_add_inner_jumps(builder, &chains[table], policy->place);
		if (table == FIREWALLD_FILTER && policy->target != FIREWALLD_TARGET_DEFAULT)
			firewalld_add_target(builder, chains[table].base, policy);
	}
	return firewalld_fill_chains(builder, policy, chains);
}

bool firewalld_make_policies(struct firewalld_dispatcher *dispatcher)
{
	choose_policies(dispatcher);
	for (size_t i = 0; i < dispatcher->policy_count; i++) {
		if (!make_policy(dispatcher, i))
			return false;
	}
	return true;
}

/* --- the way to them -------------------------------------------------------- */

/* One side of a policy: a jump is made for each origin of its zones, or one if they are ANY or HOST. */
struct side {
	const firewalld_name_list *zones;
	bool destination;
};

struct way {
	const struct firewalld_dispatcher *dispatcher;
	struct chain *from, *to;
	struct place place;
};

static bool add_jumps(const struct way *way, const struct side *sides, size_t count, const statement_list *base);

static bool add_jumps_for_zone(const struct way *way, const struct firewalld_zone *zone, const struct side *sides,
			       size_t count, const statement_list *base)
{
	const struct firewalld_builder *builder = &way->dispatcher->builder;
	struct firewalld *firewalld = builder->firewalld;
	firewalld_origin_list origins = {0};

	if (!firewalld_list_origins(builder, zone, &origins))
		return false;
	for (size_t i = 0; i < origins.count; i++) {
		statement_list list = firewalld_copy_statements(firewalld->arena, base);
		bool applies;

		if (!firewalld_add_origin_test(builder, &list, &origins.items[i], sides->destination, &applies) ||
		    (applies && !add_jumps(way, sides + 1, count - 1, &list)))
			return false;
	}
	if (firewalld_is_default(firewalld, zone) && firewalld->network_manager) {
		statement_list list = firewalld_copy_statements(firewalld->arena, base);

		add_not_known(firewalld->arena, &list,
			      "whether NetworkManager puts the interface into the default zone");
		return add_jumps(way, sides + 1, count - 1, &list);
	}
	return true;
}

/* The sides that are left, behind the conditions of base: at most two, so that the recursion ends. */
static bool add_jumps(const struct way *way, const struct side *sides, size_t count, const statement_list *base)
{
	struct firewalld *firewalld = way->dispatcher->firewalld;
	statement_list list;
	bool any = true;

	for (size_t i = 0; count && i < sides->zones->count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, sides->zones->items[i].name);

		if (!zone)
			continue;
		any = false;
		if (!add_jumps_for_zone(way, zone, sides, count, base))
			return false;
	}
	if (!any)
		return true;
	if (count > 1)
		return add_jumps(way, sides + 1, count - 1, base);
	list = firewalld_copy_statements(firewalld->arena, base);
	add_verdict(firewalld->arena, &list, VERDICT_JUMP, way->to);
	firewalld_add_rule(&way->dispatcher->builder, way->from, &list, way->place);
	return true;
}

/* Whether what comes in meets the policy's chain in that table. */
static bool is_met(const struct firewalld_dispatcher *dispatcher, size_t index, enum firewalld_table table)
{
	const struct firewalld_zone *policy = dispatcher->policies[index];

	return dispatcher->policy_chains[index][table].base && !firewalld_names(&policy->ingress, "HOST") &&
	       (table != FIREWALLD_FILTER || firewalld_names(&policy->egress, "HOST"));
}

/* Since 2.0: in each zone's own chain. */
static bool add_policies_of_zone(struct firewalld_dispatcher *dispatcher, const struct firewalld_zone *zone,
				 enum firewalld_table table, struct chain *chain, bool before)
{
	static const statement_list nothing = {0};

	for (size_t i = 0; i < dispatcher->policy_count; i++) {
		const struct firewalld_zone *policy = dispatcher->policies[i];
		const struct side side = {&policy->egress, true};
		const struct way way = {dispatcher, chain, dispatcher->policy_chains[i][table].base, policy->place};

		if (++dispatcher->jumps > JUMP_LIMIT) {
			firewalld_not_understood(dispatcher->firewalld, zone->place, "too many zones and policies");
			return true;
		}
		if ((policy->priority < 0) != before || !is_met(dispatcher, i, table) ||
		    (!firewalld_names(&policy->ingress, "ANY") && !firewalld_names(&policy->ingress, zone->name)))
			continue;
		if (!add_jumps(&way, &side, 1, &nothing))
			return false;
	}
	return true;
}

bool firewalld_add_zone_policies(struct firewalld_dispatcher *dispatcher, const struct firewalld_zone *zone,
				 enum firewalld_table table, struct chain *chain, bool before)
{
	if (dispatcher->firewalld->version >= FIREWALLD_DISPATCH_VERSION)
		return add_policies_of_zone(dispatcher, zone, table, chain, before);
	firewalld_add_jump(&dispatcher->builder, chain, VERDICT_JUMP,
			   before ? dispatcher->policies_pre[table] : dispatcher->policies_post[table], zone->place);
	return true;
}

/* Until 2.0: in chains that all zones jump to. */
static bool add_shared_policy(const struct firewalld_dispatcher *dispatcher, size_t index)
{
	static const statement_list nothing = {0};
	const struct firewalld_zone *policy = dispatcher->policies[index];
	const struct side sides[] = {{&policy->ingress, false}, {&policy->egress, true}};

	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		const struct way way = {dispatcher,
					policy->priority < 0 ? dispatcher->policies_pre[table]
							     : dispatcher->policies_post[table],
					dispatcher->policy_chains[index][table].base, policy->place};

		if (is_met(dispatcher, index, table) && !add_jumps(&way, sides, ARRAY_SIZE(sides), &nothing))
			return false;
	}
	return true;
}

bool firewalld_add_shared_policies(struct firewalld_dispatcher *dispatcher)
{
	static const statement_list nothing = {0};
	struct chain *output = firewalld_add_chain(&dispatcher->builder, FIREWALLD_FILTER, "OUTPUT");

	for (size_t i = 0; i < dispatcher->policy_count; i++) {
		const struct firewalld_zone *policy = dispatcher->policies[i];
		const struct side side = {&policy->egress, true};
		const struct way way = {dispatcher, output, dispatcher->policy_chains[i][FIREWALLD_FILTER].base,
					policy->place};

		if (firewalld_names(&policy->ingress, "HOST") && !add_jumps(&way, &side, 1, &nothing))
			return false;
		if (dispatcher->firewalld->version < FIREWALLD_DISPATCH_VERSION && !add_shared_policy(dispatcher, i))
			return false;
	}
	return true;
}
