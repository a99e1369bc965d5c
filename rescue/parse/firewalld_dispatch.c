/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains that lead a packet to its zone and the zone's policies: build_default_rules() and what follows in
 * nftables.py and ipXtables.py below src/firewall/core/. Forwarding is left out, as are ICMP, logging and the reverse
 * path filter of IPv6: a client whose answers would leave by another interface cannot be told from the rules. (The
 * rules of RFC 3964 come behind the one that lets out all answers.)
 */
#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld_dispatch.h"

enum {
	OFFSET = 10, /* of nftables' priorities, so that iptables' rules come first */
	PRIORITY_RAW = -300,
	PRIORITY_MANGLE = -150,
	PRIORITY_NAT = -100,
	PRIORITY_SECURITY = 50,
};

static const char *const table_names[] = {"filter", "mangle", "nat"};
/* What the zone's and policy's chains are called by, for INPUT and PREROUTING. */
static const char *const zone_prefixes[] = {"IN", "PRE", "PRE"};
static const char *const hook_names[] = {"INPUT", "PREROUTING", "PREROUTING"};

/* --- chains and rules ------------------------------------------------------- */

static struct table *table_of(const struct firewalld_builder *builder, enum firewalld_table table)
{
	const struct firewalld_layout *layout = &builder->layout;

	return table == FIREWALLD_FILTER ? layout->filter : table == FIREWALLD_MANGLE ? layout->mangle : layout->nat;
}

struct chain *firewalld_add_chain(const struct firewalld_builder *builder, enum firewalld_table table,
				  const char *format, ...)
{
	struct arena *arena = builder->firewalld->arena;
	const char *name;
	va_list arguments;

	va_start(arguments, format);
	name = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	if (builder->layout.nftables)
		name = arena_printf(arena, "%s_%s", table_names[table], name);
	return table_add_chain(builder->firewalld->ruleset, table_of(builder, table), name);
}

void firewalld_add_rule(const struct firewalld_builder *builder, struct chain *chain, const statement_list *statements,
			struct place place)
{
	chain_add_rule(builder->firewalld->ruleset, chain, chain_rule_count(chain),
		       ruleset_make_rule(builder->firewalld->ruleset, statements, place));
}

void firewalld_add_jump(const struct firewalld_builder *builder, struct chain *chain, enum verdict_kind kind,
			struct chain *target, struct place place)
{
	statement_list list = {0};

	add_verdict(builder->firewalld->arena, &list, kind, target);
	firewalld_add_rule(builder, chain, &list, place);
}

static void add_bits_rule(const struct firewalld_builder *builder, struct chain *chain, enum selector selector,
			  uint64_t bits, enum verdict_kind kind)
{
	statement_list list = {0};
	struct statement *statement = array_push(builder->firewalld->arena, &list);

	*statement =
	    (struct statement){.kind = STATEMENT_TEST, .test = {.selector = selector, .mask = bits, .any_bit = true}};
	add_verdict(builder->firewalld->arena, &list, kind, NULL);
	firewalld_add_rule(builder, chain, &list, (struct place){0});
}

static void add_loopback_rule(const struct firewalld_builder *builder, struct chain *chain, enum selector selector)
{
	statement_list list = {0};

	firewalld_add_interface_test(builder->firewalld->arena, &list, selector, "lo");
	add_verdict(builder->firewalld->arena, &list, VERDICT_ACCEPT, NULL);
	firewalld_add_rule(builder, chain, &list, (struct place){0});
}

/* --- what is there without any zone ----------------------------------------- */

/* The chain's name, with nftables' offset where it is not one of iptables' own. */
static struct chain *add_hook(const struct firewalld_builder *builder, enum firewalld_table table, const char *name,
			      enum filter_hook hook, int priority)
{
	struct chain *chain = firewalld_add_chain(builder, table, "%s", name);

	if (!chain->base)
		chain_set_base(builder->firewalld->ruleset, chain, hook,
			       priority + (builder->layout.nftables ? OFFSET : 0), table == FIREWALLD_NAT);
	chain->policy = VERDICT_ACCEPT;
	chain->policy_place = (struct place){0};
	return chain;
}

/* iptables alone has chains for direct rules. */
static void add_direct_chain(const struct firewalld_builder *builder, struct chain *chain)
{
	struct ruleset *ruleset = builder->firewalld->ruleset;

	if (!builder->layout.nftables)
		firewalld_add_jump(
		    builder, chain, VERDICT_JUMP,
		    table_add_chain(ruleset, chain->table, arena_printf(ruleset->arena, "%s_direct", chain->name)),
		    (struct place){0});
}

static void make_input(struct firewalld_dispatcher *dispatcher)
{
	const struct firewalld_builder *builder = &dispatcher->builder;
	struct chain *chain = add_hook(builder, FIREWALLD_FILTER, "INPUT", HOOK_INPUT, 0);

	dispatcher->hooks[FIREWALLD_FILTER] = chain;
	add_bits_rule(builder, chain, SELECT_STATE, STATE_ESTABLISHED | STATE_RELATED, VERDICT_ACCEPT);
	if (dispatcher->firewalld->settings.strict_forward_ports) {
		statement_list list = {0};

		/* Only what firewalld itself translates is let in. */
		add_number_test(dispatcher->firewalld->arena, &list, SELECT_STATUS, 0, true);
		list.items[0].test.mask = STATUS_DNAT;
		add_not_known(dispatcher->firewalld->arena, &list, "StrictForwardPorts");
		add_verdict(dispatcher->firewalld->arena, &list, VERDICT_REJECT, NULL);
		firewalld_add_rule(builder, chain, &list, (struct place){0});
	}
	add_bits_rule(builder, chain, SELECT_STATUS, STATUS_DNAT, VERDICT_ACCEPT);
	add_loopback_rule(builder, chain, SELECT_IN_INTERFACE);
	add_bits_rule(builder, chain, SELECT_STATE, STATE_INVALID, VERDICT_DROP);
	add_direct_chain(builder, chain);
}

static void make_output(struct firewalld_dispatcher *dispatcher)
{
	const struct firewalld_builder *builder = &dispatcher->builder;
	struct chain *chain = add_hook(builder, FIREWALLD_FILTER, "OUTPUT", HOOK_OUTPUT, 0);

	add_bits_rule(builder, chain, SELECT_STATE, STATE_ESTABLISHED | STATE_RELATED, VERDICT_ACCEPT);
	add_loopback_rule(builder, chain, SELECT_OUT_INTERFACE);
	add_direct_chain(builder, chain);
}

/* Where direct rules may go besides. */
static void make_iptables_chains(const struct firewalld_builder *builder)
{
	static const struct {
		const char *table, *chain;
		enum filter_hook hook;
		int priority;
	} rows[] = {
	    {"raw", "PREROUTING", HOOK_PREROUTING, PRIORITY_RAW},
	    {"raw", "OUTPUT", HOOK_OUTPUT, PRIORITY_RAW},
	    {"mangle", "INPUT", HOOK_INPUT, PRIORITY_MANGLE},
	    {"mangle", "OUTPUT", HOOK_OUTPUT, PRIORITY_MANGLE},
	    {"security", "INPUT", HOOK_INPUT, PRIORITY_SECURITY},
	    {"security", "OUTPUT", HOOK_OUTPUT, PRIORITY_SECURITY},
	};
	struct ruleset *ruleset = builder->firewalld->ruleset;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct table *table = ruleset_add_table(ruleset, builder->layout.filter->family,
							builder->layout.filter->legacy, rows[i].table);
		struct chain *chain = table_add_chain(ruleset, table, rows[i].chain);

		if (!chain->base)
			chain_set_base(ruleset, chain, rows[i].hook, rows[i].priority, false);
		chain->policy = VERDICT_ACCEPT;
		chain->policy_place = (struct place){0};
		add_direct_chain(builder, chain);
	}
}

static void make_hooks(struct firewalld_dispatcher *dispatcher)
{
	const struct firewalld_builder *builder = &dispatcher->builder;
	bool dispatches = dispatcher->firewalld->version >= FIREWALLD_DISPATCH_VERSION;

	make_input(dispatcher);
	dispatcher->hooks[FIREWALLD_MANGLE] =
	    add_hook(builder, FIREWALLD_MANGLE, "PREROUTING", HOOK_PREROUTING, PRIORITY_MANGLE);
	dispatcher->hooks[FIREWALLD_NAT] =
	    add_hook(builder, FIREWALLD_NAT, "PREROUTING", HOOK_PREROUTING, PRIORITY_NAT);
	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		dispatcher->dispatch[table] =
		    firewalld_add_chain(builder, table, "%s_%s", hook_names[table], dispatches ? "dispatch" : "ZONES");
		dispatcher->policies_pre[table] =
		    firewalld_add_chain(builder, table, "%s_POLICIES_pre", hook_names[table]);
		dispatcher->policies_post[table] =
		    firewalld_add_chain(builder, table, "%s_POLICIES_post", hook_names[table]);
		if (table != FIREWALLD_FILTER)
			add_direct_chain(builder, dispatcher->hooks[table]);
		firewalld_add_jump(builder, dispatcher->hooks[table], VERDICT_JUMP, dispatcher->dispatch[table],
				   (struct place){0});
	}
	firewalld_add_jump(builder, dispatcher->hooks[FIREWALLD_FILTER], VERDICT_REJECT, NULL, (struct place){0});
	make_output(dispatcher);
	if (!builder->layout.nftables)
		make_iptables_chains(builder);
}

/* --- zones ------------------------------------------------------------------ */

bool firewalld_is_default(const struct firewalld *firewalld, const struct firewalld_zone *zone)
{
	return string_equal(zone->name, firewalld->settings.default_zone);
}

bool firewalld_names(const firewalld_name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (string_equal(list->items[i].name, name))
			return true;
	}
	return false;
}

void firewalld_make_chains(const struct firewalld_builder *builder, enum firewalld_table table, const char *name,
			   struct firewalld_chains *ret)
{
	ret->base = firewalld_add_chain(builder, table, "%s", name);
	ret->pre = firewalld_add_chain(builder, table, "%s_pre", name);
	ret->deny = firewalld_add_chain(builder, table, "%s_deny", name);
	ret->allow = firewalld_add_chain(builder, table, "%s_allow", name);
	ret->post = firewalld_add_chain(builder, table, "%s_post", name);
}

void firewalld_add_inner_jumps(const struct firewalld_builder *builder, const struct firewalld_chains *chains,
			       struct place place)
{
	struct chain *inner[] = {chains->pre, chains->deny, chains->allow, chains->post};

	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		firewalld_add_jump(builder, chains->base, VERDICT_JUMP, inner[i], place);
}

void firewalld_add_target(const struct firewalld_builder *builder, struct chain *chain,
			  const struct firewalld_zone *zone)
{
	static const enum verdict_kind verdicts[] = {
	    [FIREWALLD_TARGET_DEFAULT] = VERDICT_REJECT,
	    [FIREWALLD_TARGET_ACCEPT] = VERDICT_ACCEPT,
	    [FIREWALLD_TARGET_REJECT] = VERDICT_REJECT,
	    [FIREWALLD_TARGET_DROP] = VERDICT_DROP,
	};

	firewalld_add_jump(builder, chain, verdicts[zone->target], NULL, zone->place);
}

static bool make_zone(struct firewalld_dispatcher *dispatcher, const struct firewalld_zone *zone,
		      struct firewalld_chains chains[FIREWALLD_TABLE_COUNT])
{
	const struct firewalld_builder *builder = &dispatcher->builder;

	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		firewalld_make_chains(
		    builder, table,
		    arena_printf(dispatcher->firewalld->arena, "%s_%s", zone_prefixes[table], zone->name),
		    &chains[table]);
		if (!firewalld_add_zone_policies(dispatcher, zone, table, chains[table].base, true))
			return false;
		firewalld_add_inner_jumps(builder, &chains[table], zone->place);
		if (!firewalld_add_zone_policies(dispatcher, zone, table, chains[table].base, false))
			return false;
	}
	firewalld_add_target(builder, chains[FIREWALLD_FILTER].base, zone);
	return firewalld_fill_chains(builder, zone, chains);
}

/* Until 2.0: sources by the zone's name, then interfaces, the last one first. */
static int compare_origins(const void *a, const void *b)
{
	const struct firewalld_origin *first = a, *second = b;

	if (first->is_source != second->is_source)
		return first->is_source ? -1 : 1;
	return (first->position < second->position) == first->is_source ? -1 : 1;
}

/* Since 2.0: by the zone's priority, sources before interfaces, names. */
static int compare_prioritized_origins(const void *a, const void *b)
{
	const struct firewalld_origin *first = a, *second = b;
	int order;

	if (first->zone->priority != second->zone->priority)
		return first->zone->priority < second->zone->priority ? -1 : 1;
	if (first->is_source != second->is_source)
		return first->is_source ? -1 : 1;
	order = strcmp(first->zone->name, second->zone->name);
	return order ? order : strcmp(first->name, second->name);
}

/* Since 2.0 packets come back from the chains of a zone that do not decide. */
static enum verdict_kind dispatch_kind(const struct firewalld_dispatcher *dispatcher, enum firewalld_table table)
{
	bool comes_back = dispatcher->firewalld->version >= FIREWALLD_DISPATCH_VERSION && table != FIREWALLD_FILTER;

	return comes_back ? VERDICT_JUMP : VERDICT_GOTO;
}

static bool dispatch_origin(const struct firewalld_dispatcher *dispatcher, const struct firewalld_origin *origin,
			    enum firewalld_table table)
{
	statement_list list = {0};
	bool applies;

	if (!firewalld_add_origin_test(&dispatcher->builder, &list, origin, false, &applies))
		return false;
	if (!applies)
		return true;
	add_verdict(dispatcher->firewalld->arena, &list, dispatch_kind(dispatcher, table), origin->chains[table].base);
	firewalld_add_rule(&dispatcher->builder, dispatcher->dispatch[table], &list, origin->place);
	return true;
}

static bool make_zones(struct firewalld_dispatcher *dispatcher)
{
	struct firewalld *firewalld = dispatcher->firewalld;
	bool prioritized = firewalld->version >= FIREWALLD_DISPATCH_VERSION;
	const struct firewalld_zone *last = firewalld_find_zone(firewalld, firewalld->settings.default_zone);
	struct firewalld_chains *last_chains = NULL;
	firewalld_origin_list origins = {0};

	for (size_t i = 0; i < firewalld->zones.count; i++) {
		const struct firewalld_zone *zone = firewalld->zones.items[i];
		struct firewalld_chains *chains;
		size_t first = origins.count;

		if (!zone->interfaces.count && !zone->sources.count && zone != last)
			continue;
		chains = arena_alloc(firewalld->arena, FIREWALLD_TABLE_COUNT * sizeof(*chains));
		if (!make_zone(dispatcher, zone, chains) ||
		    !firewalld_list_origins(&dispatcher->builder, zone, &origins))
			return false;
		for (size_t j = first; j < origins.count; j++)
			origins.items[j].chains = chains;
		if (zone == last)
			last_chains = chains;
	}
	if (origins.count)
		qsort(origins.items, origins.count, sizeof(*origins.items),
		      prioritized ? compare_prioritized_origins : compare_origins);
	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		for (size_t i = 0; i < origins.count; i++) {
			if (!dispatch_origin(dispatcher, &origins.items[i], table))
				return false;
		}
		if (last_chains)
			firewalld_add_jump(&dispatcher->builder, dispatcher->dispatch[table],
					   dispatch_kind(dispatcher, table), last_chains[table].base, last->place);
	}
	return true;
}

/* What is not understood may let in or keep out anything. */
static void add_unclear(const struct firewalld_dispatcher *dispatcher)
{
	for (size_t i = 0; i < dispatcher->firewalld->unclear.count; i++) {
		const struct firewalld_unclear *unclear = &dispatcher->firewalld->unclear.items[i];
		statement_list list = {0};

		add_not_understood(dispatcher->firewalld->arena, &list, unclear->reason);
		chain_add_rule(dispatcher->firewalld->ruleset, dispatcher->hooks[FIREWALLD_FILTER], 0,
			       ruleset_make_rule(dispatcher->firewalld->ruleset, &list, unclear->place));
	}
}

/* --- all of it -------------------------------------------------------------- */

unsigned firewalld_layout_count(const struct firewalld *firewalld)
{
	return firewalld->settings.iptables ? 2 : 1;
}

static struct firewalld_layout make_layout(struct firewalld *firewalld, unsigned layout)
{
	struct ruleset *ruleset = firewalld->ruleset;
	enum filter_family family = layout ? FILTER_IPV6 : FILTER_IPV4;
	bool legacy = firewalld_iptables_is_legacy(firewalld);
	struct table *table;

	if (firewalld->settings.iptables)
		return (struct firewalld_layout){
		    .ipv4 = !layout,
		    .ipv6 = layout,
		    .filter = ruleset_add_table(ruleset, family, legacy, "filter"),
		    .mangle = ruleset_add_table(ruleset, family, legacy, "mangle"),
		    .nat = ruleset_add_table(ruleset, family, legacy, "nat"),
		};
	table = ruleset_add_table(ruleset, FILTER_INET, false, "firewalld");
	return (struct firewalld_layout){true, true, true, table, table, table};
}

bool firewalld_make_rules(struct firewalld *firewalld, unsigned layout)
{
	struct firewalld_dispatcher dispatcher = {
	    .builder = {firewalld, make_layout(firewalld, layout)},
	    .firewalld = firewalld,
	};

	/* ipset's own sets are for both families. */
	if (layout == 0 && !firewalld_make_sets(&dispatcher.builder))
		return false;
	make_hooks(&dispatcher);
	if (!firewalld_make_policies(&dispatcher) || !make_zones(&dispatcher) ||
	    !firewalld_add_shared_policies(&dispatcher))
		return false;
	add_unclear(&dispatcher);
	return true;
}
