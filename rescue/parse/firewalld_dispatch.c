/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains that lead a packet to its zone and the zone's policies: build_default_rules() and what follows in
 * nftables.py and ipXtables.py below src/firewall/core/. Forwarding is left out, as are ICMP, logging and the reverse
 * path filter of IPv6: a client whose answers would leave by another interface cannot be told from the rules. (The
 * rules of RFC 3964 come behind the one that lets out all answers.)
 */
#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	OFFSET = 10, /* of nftables' priorities, so that iptables' rules come first */
	PRIORITY_RAW = -300,
	PRIORITY_MANGLE = -150,
	PRIORITY_NAT = -100,
	PRIORITY_SECURITY = 50,
	JUMP_LIMIT = 1000 * 1000, /* of zones to policies */
};

static const char *const table_names[] = {"filter", "mangle", "nat"};
/* What the zone's and policy's chains are called by, for INPUT and PREROUTING. */
static const char *const zone_prefixes[] = {"IN", "PRE", "PRE"};
static const char *const hook_names[] = {"INPUT", "PREROUTING", "PREROUTING"};

struct dispatcher {
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

/* "eth0", "eth+", or "+" for all. */
static void add_interface_test(struct arena *arena, statement_list *list, enum selector selector, const char *name)
{
	size_t length = strlen(name);
	bool prefix = length && name[length - 1] == '+';
	struct statement *statement;

	if (prefix && length == 1)
		return;
	statement = array_push(arena, list);
	*statement = (struct statement){.kind = STATEMENT_TEST, .test.selector = selector};
	*array_push(arena, &statement->test.interfaces) =
	    (struct interface_name){arena_memdup(arena, name, length - prefix), prefix};
}

static void add_loopback_rule(const struct firewalld_builder *builder, struct chain *chain, enum selector selector)
{
	statement_list list = {0};

	add_interface_test(builder->firewalld->arena, &list, selector, "lo");
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

static void make_input(struct dispatcher *dispatcher)
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

static void make_output(struct dispatcher *dispatcher)
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

static void make_hooks(struct dispatcher *dispatcher)
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

/* --- zones and policies in use ---------------------------------------------- */

static bool is_default(const struct firewalld *firewalld, const struct firewalld_zone *zone)
{
	return string_equal(zone->name, firewalld->settings.default_zone);
}

static bool is_active(const struct firewalld *firewalld, const struct firewalld_zone *zone)
{
	/* Until 2.0, the default zone is not what a policy's zones are looked for in. */
	return zone->interfaces.count || zone->sources.count ||
	       (is_default(firewalld, zone) &&
		(firewalld->version >= FIREWALLD_DISPATCH_VERSION || firewalld->network_manager));
}

static bool names(const firewalld_name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (string_equal(list->items[i].name, name))
			return true;
	}
	return false;
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
	const struct firewalld_zone *zone;
	size_t position;
};

static int compare_priority(const void *a, const void *b)
{
	const struct ordered *first = a, *second = b;

	if (first->zone->priority != second->zone->priority)
		return first->zone->priority < second->zone->priority ? -1 : 1;
	return first->position < second->position ? -1 : 1;
}

static void choose_policies(struct dispatcher *dispatcher)
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
		dispatcher->policies[i] = ordered[i].zone;
	dispatcher->policy_count = count;
}

/* --- the chains of a zone or policy ----------------------------------------- */

static void make_chains(const struct dispatcher *dispatcher, enum firewalld_table table, const char *name,
			struct firewalld_chains *ret)
{
	const struct firewalld_builder *builder = &dispatcher->builder;

	ret->base = firewalld_add_chain(builder, table, "%s", name);
	ret->pre = firewalld_add_chain(builder, table, "%s_pre", name);
	ret->deny = firewalld_add_chain(builder, table, "%s_deny", name);
	ret->allow = firewalld_add_chain(builder, table, "%s_allow", name);
	ret->post = firewalld_add_chain(builder, table, "%s_post", name);
}

static void add_inner_jumps(const struct dispatcher *dispatcher, const struct firewalld_chains *chains,
			    struct place place)
{
	struct chain *inner[] = {chains->pre, chains->deny, chains->allow, chains->post};

	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		firewalld_add_jump(&dispatcher->builder, chains->base, VERDICT_JUMP, inner[i], place);
}

static void add_target(const struct dispatcher *dispatcher, struct chain *chain, const struct firewalld_zone *zone)
{
	static const enum verdict_kind verdicts[] = {
	    [FIREWALLD_TARGET_DEFAULT] = VERDICT_REJECT,
	    [FIREWALLD_TARGET_ACCEPT] = VERDICT_ACCEPT,
	    [FIREWALLD_TARGET_REJECT] = VERDICT_REJECT,
	    [FIREWALLD_TARGET_DROP] = VERDICT_DROP,
	};

	firewalld_add_jump(&dispatcher->builder, chain, verdicts[zone->target], NULL, zone->place);
}

/* Which tables a policy has chains in that connections to this machine meet. */
static bool policy_has_table(struct firewalld *firewalld, const struct firewalld_zone *policy,
			     enum firewalld_table table)
{
	bool from_host = names(&policy->ingress, "HOST"), to_host = names(&policy->egress, "HOST");

	if (table == FIREWALLD_FILTER)
		return true;
	if (to_host)
		return names(&policy->ingress, "ANY");
	if (from_host)
		return table == FIREWALLD_NAT;
	if (names(&policy->egress, "ANY"))
		return true;
	for (size_t i = 0; i < policy->egress.count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, policy->egress.items[i].name);

		if (zone && zone->interfaces.count)
			return false;
	}
	return true;
}

static bool make_policy(const struct dispatcher *dispatcher, size_t index)
{
	const struct firewalld_zone *policy = dispatcher->policies[index];
	struct firewalld_chains *chains = dispatcher->policy_chains[index];
	bool from_host = names(&policy->ingress, "HOST"), to_host = names(&policy->egress, "HOST");

	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		const char *prefix = from_host				     ? "OUT"
				     : table == FIREWALLD_FILTER && !to_host ? "FWD"
									     : zone_prefixes[table];

		if (!policy_has_table(dispatcher->firewalld, policy, table))
			continue;
		make_chains(dispatcher, table,
			    arena_printf(dispatcher->firewalld->arena, "%s_policy_%s", prefix, policy->name),
			    &chains[table]);
		add_inner_jumps(dispatcher, &chains[table], policy->place);
		if (table == FIREWALLD_FILTER && policy->target != FIREWALLD_TARGET_DEFAULT)
			add_target(dispatcher, chains[table].base, policy);
	}
	return firewalld_fill_chains(&dispatcher->builder, policy, chains);
}

/* --- which packets a policy gets -------------------------------------------- */

/* Adds a jump for each interface and each source of the policy's zones on one side, behind the conditions of base. */
struct side {
	const firewalld_name_list *zones;
	bool destination;
};

static bool jump_for_side(const struct dispatcher *dispatcher, const struct side *sides, size_t count,
			  const statement_list *base, struct chain *chain, struct chain *target, struct place place);

static bool jump_if(const struct dispatcher *dispatcher, const struct side *sides, size_t count,
		    const statement_list *base, struct chain *chain, struct chain *target,
		    const struct firewalld_name *name, bool is_source)
{
	struct arena *arena = dispatcher->firewalld->arena;
	statement_list list = {0};
	bool applies = true;

	for (size_t i = 0; i < base->count; i++)
		*array_push(arena, &list) = base->items[i];
	if (!is_source)
		add_interface_test(arena, &list, sides->destination ? SELECT_OUT_INTERFACE : SELECT_IN_INTERFACE,
				   name->name);
	else if (!firewalld_add_address_test(&dispatcher->builder, &list, name->name, sides->destination, false,
					     name->place, &applies))
		return false;
	return !applies || jump_for_side(dispatcher, sides + 1, count - 1, &list, chain, target, name->place);
}

/* An interface that NetworkManager may put into the default zone is one that no file mentions. */
static bool jump_for_default(const struct dispatcher *dispatcher, const struct side *sides, size_t count,
			     const statement_list *base, struct chain *chain, struct chain *target, struct place place)
{
	struct arena *arena = dispatcher->firewalld->arena;
	statement_list list = {0};

	for (size_t i = 0; i < base->count; i++)
		*array_push(arena, &list) = base->items[i];
	add_not_known(arena, &list, "whether NetworkManager puts the interface into the default zone");
	return jump_for_side(dispatcher, sides + 1, count - 1, &list, chain, target, place);
}

static bool jump_for_side(const struct dispatcher *dispatcher, const struct side *sides, size_t count,
			  const statement_list *base, struct chain *chain, struct chain *target, struct place place)
{
	struct firewalld *firewalld = dispatcher->firewalld;
	bool any = true;

	for (size_t i = 0; count && i < sides->zones->count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, sides->zones->items[i].name);

		if (!zone)
			continue;
		any = false;
		for (size_t j = 0; j < zone->interfaces.count + zone->sources.count; j++) {
			bool is_source = j >= zone->interfaces.count;

			if (!jump_if(dispatcher, sides, count, base, chain, target,
				     is_source ? &zone->sources.items[j - zone->interfaces.count]
					       : &zone->interfaces.items[j],
				     is_source))
				return false;
		}
		if (is_default(firewalld, zone) && firewalld->network_manager &&
		    !jump_for_default(dispatcher, sides, count, base, chain, target, place))
			return false;
	}
	if (any && count > 1)
		return jump_for_side(dispatcher, sides + 1, count - 1, base, chain, target, place);
	if (any) {
		statement_list list = {0};

		for (size_t i = 0; i < base->count; i++)
			*array_push(firewalld->arena, &list) = base->items[i];
		add_verdict(firewalld->arena, &list, VERDICT_JUMP, target);
		firewalld_add_rule(&dispatcher->builder, chain, &list, place);
	}
	return true;
}

/* Until 2.0: in chains that all zones jump to. */
static bool dispatch_policy(const struct dispatcher *dispatcher, size_t index)
{
	static const statement_list nothing = {0};
	const struct firewalld_zone *policy = dispatcher->policies[index];
	bool to_host = names(&policy->egress, "HOST"), from_host = names(&policy->ingress, "HOST");
	const struct side sides[] = {{&policy->ingress, false}, {&policy->egress, true}};

	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		struct chain *chain =
		    policy->priority < 0 ? dispatcher->policies_pre[table] : dispatcher->policies_post[table];
		struct chain *target = dispatcher->policy_chains[index][table].base;

		if (from_host || !target || (table == FIREWALLD_FILTER && !to_host))
			continue;
		if (!jump_for_side(dispatcher, sides, ARRAY_SIZE(sides), &nothing, chain, target, policy->place))
			return false;
	}
	return true;
}

/* What leaves this machine, all versions. */
static bool dispatch_output(const struct dispatcher *dispatcher)
{
	static const statement_list nothing = {0};
	struct chain *output = firewalld_add_chain(&dispatcher->builder, FIREWALLD_FILTER, "OUTPUT");

	for (size_t i = 0; i < dispatcher->policy_count; i++) {
		const struct firewalld_zone *policy = dispatcher->policies[i];
		const struct side side = {&policy->egress, true};

		if (names(&policy->ingress, "HOST") &&
		    !jump_for_side(dispatcher, &side, 1, &nothing, output,
				   dispatcher->policy_chains[i][FIREWALLD_FILTER].base, policy->place))
			return false;
	}
	return true;
}

/* Since 2.0: in each zone's own chain. */
static bool dispatch_zone_policies(struct dispatcher *dispatcher, const struct firewalld_zone *zone,
				   enum firewalld_table table, struct chain *chain, bool before)
{
	static const statement_list nothing = {0};

	for (size_t i = 0; i < dispatcher->policy_count; i++) {
		const struct firewalld_zone *policy = dispatcher->policies[i];
		const struct side side = {&policy->egress, true};
		struct chain *target = dispatcher->policy_chains[i][table].base;

		if (++dispatcher->jumps > JUMP_LIMIT) {
			firewalld_not_understood(dispatcher->firewalld, zone->place, "too many zones and policies");
			return true;
		}
		if ((policy->priority < 0) != before || !target || names(&policy->ingress, "HOST") ||
		    (table == FIREWALLD_FILTER && !names(&policy->egress, "HOST")) ||
		    (!names(&policy->ingress, "ANY") && !names(&policy->ingress, zone->name)))
			continue;
		if (!jump_for_side(dispatcher, &side, 1, &nothing, chain, target, policy->place))
			return false;
	}
	return true;
}

static bool add_zone_policies(struct dispatcher *dispatcher, const struct firewalld_zone *zone,
			      enum firewalld_table table, struct chain *chain, bool before)
{
	if (dispatcher->firewalld->version >= FIREWALLD_DISPATCH_VERSION)
		return dispatch_zone_policies(dispatcher, zone, table, chain, before);
	firewalld_add_jump(&dispatcher->builder, chain, VERDICT_JUMP,
			   before ? dispatcher->policies_pre[table] : dispatcher->policies_post[table], zone->place);
	return true;
}

/* --- which packets a zone gets ---------------------------------------------- */

/* One way into a zone. */
struct way {
	const struct firewalld_zone *zone;
	const struct firewalld_name *name;
	bool is_source;
	size_t position;
	struct firewalld_chains *chains;
};
typedef ARRAY_OF(struct way) way_list;

/* Until 2.0: sources by the zone's name, then interfaces, the last one first. */
static int compare_ways(const void *a, const void *b)
{
	const struct way *first = a, *second = b;

	if (first->is_source != second->is_source)
		return first->is_source ? -1 : 1;
	return (first->position < second->position) == first->is_source ? -1 : 1;
}

/* Since 2.0: by the zone's priority, sources before interfaces, names. */
static int compare_prioritized_ways(const void *a, const void *b)
{
	const struct way *first = a, *second = b;
	int order;

	if (first->zone->priority != second->zone->priority)
		return first->zone->priority < second->zone->priority ? -1 : 1;
	if (first->is_source != second->is_source)
		return first->is_source ? -1 : 1;
	order = strcmp(first->zone->name, second->zone->name);
	return order ? order : strcmp(first->name->name, second->name->name);
}

/* Since 2.0 packets come back from the chains of a zone that do not decide. */
static enum verdict_kind way_kind(const struct dispatcher *dispatcher, enum firewalld_table table)
{
	bool comes_back = dispatcher->firewalld->version >= FIREWALLD_DISPATCH_VERSION && table != FIREWALLD_FILTER;

	return comes_back ? VERDICT_JUMP : VERDICT_GOTO;
}

static bool add_way(const struct dispatcher *dispatcher, const struct way *way, enum firewalld_table table)
{
	struct arena *arena = dispatcher->firewalld->arena;
	statement_list list = {0};
	bool applies = true;

	if (!way->is_source)
		add_interface_test(arena, &list, SELECT_IN_INTERFACE, way->name->name);
	else if (!firewalld_add_address_test(&dispatcher->builder, &list, way->name->name, false, false,
					     way->name->place, &applies))
		return false;
	if (!applies)
		return true;
	add_verdict(arena, &list, way_kind(dispatcher, table), way->chains[table].base);
	firewalld_add_rule(&dispatcher->builder, dispatcher->dispatch[table], &list, way->name->place);
	return true;
}

/* What a source may be: the kernel's limit for an interface is one less than firewalld's, and not every ipset fits. */
static bool check_way(const struct dispatcher *dispatcher, const struct way *way)
{
	static const char *const types[] = {"hash:ip",	     "hash:ip,port",   "hash:ip,mark", "hash:net",
					    "hash:net,port", "hash:net,iface", "hash:mac"};
	struct firewalld *firewalld = dispatcher->firewalld;
	const char *name = string_after(way->name->name, "ipset:");
	const struct firewalld_ipset *ipset;

	if (!way->is_source)
		return strlen(way->name->name) < 16 ||
		       firewalld_refuse(firewalld, way->name->place,
					"COMMAND_FAILED: the interface's name is too long");
	if (!name)
		return true;
	ipset = firewalld_find_ipset(firewalld, name);
	if (!ipset)
		return firewalld_refuse(firewalld, way->name->place, "INVALID_IPSET: %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (string_equal(types[i], ipset->type))
			return true;
	}
	return firewalld_refuse(firewalld, way->name->place,
				"INVALID_IPSET: ipset '%s' with type '%s' not usable as source", name, ipset->type);
}

static bool make_zone(struct dispatcher *dispatcher, const struct firewalld_zone *zone,
		      struct firewalld_chains chains[FIREWALLD_TABLE_COUNT])
{
	for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
		make_chains(dispatcher, table,
			    arena_printf(dispatcher->firewalld->arena, "%s_%s", zone_prefixes[table], zone->name),
			    &chains[table]);
		if (!add_zone_policies(dispatcher, zone, table, chains[table].base, true))
			return false;
		add_inner_jumps(dispatcher, &chains[table], zone->place);
		if (!add_zone_policies(dispatcher, zone, table, chains[table].base, false))
			return false;
	}
	add_target(dispatcher, chains[FIREWALLD_FILTER].base, zone);
	return firewalld_fill_chains(&dispatcher->builder, zone, chains);
}

static bool make_zones(struct dispatcher *dispatcher)
{
	struct firewalld *firewalld = dispatcher->firewalld;
	bool prioritized = firewalld->version >= FIREWALLD_DISPATCH_VERSION;
	struct firewalld_chains *last = NULL;
	way_list ways = {0};

	for (size_t i = 0; i < firewalld->zones.count; i++) {
		const struct firewalld_zone *zone = firewalld->zones.items[i];
		struct firewalld_chains *chains;

		if (!zone->interfaces.count && !zone->sources.count && !is_default(firewalld, zone))
			continue;
		chains = arena_alloc(firewalld->arena, FIREWALLD_TABLE_COUNT * sizeof(*chains));
		if (!make_zone(dispatcher, zone, chains))
			return false;
		for (size_t j = 0; j < zone->interfaces.count + zone->sources.count; j++) {
			bool is_source = j >= zone->interfaces.count;
			struct way way = {
			    .zone = zone, .is_source = is_source, .position = ways.count, .chains = chains};

			way.name =
			    is_source ? &zone->sources.items[j - zone->interfaces.count] : &zone->interfaces.items[j];
			*array_push(firewalld->arena, &ways) = way;
		}
		if (is_default(firewalld, zone))
			last = chains;
	}
	if (ways.count)
		qsort(ways.items, ways.count, sizeof(*ways.items),
		      prioritized ? compare_prioritized_ways : compare_ways);
	for (size_t i = 0; i < ways.count; i++) {
		if (!check_way(dispatcher, &ways.items[i]))
			return false;
		for (enum firewalld_table table = 0; table < FIREWALLD_TABLE_COUNT; table++) {
			if (!add_way(dispatcher, &ways.items[i], table))
				return false;
		}
	}
	for (enum firewalld_table table = 0; last && table < FIREWALLD_TABLE_COUNT; table++)
		firewalld_add_jump(&dispatcher->builder, dispatcher->dispatch[table], way_kind(dispatcher, table),
				   last[table].base,
				   firewalld_find_zone(firewalld, firewalld->settings.default_zone)->place);
	return true;
}

/* What is not understood may let in or keep out anything. */
static void add_unclear(const struct dispatcher *dispatcher)
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
	struct dispatcher dispatcher = {
	    .builder = {firewalld, make_layout(firewalld, layout)},
	    .firewalld = firewalld,
	};

	/* ipset's own sets are for both families. */
	if (layout == 0 && !firewalld_make_sets(&dispatcher.builder))
		return false;
	make_hooks(&dispatcher);
	choose_policies(&dispatcher);
	for (size_t i = 0; i < dispatcher.policy_count; i++) {
		if (!make_policy(&dispatcher, i))
			return false;
	}
	if (!make_zones(&dispatcher) || !dispatch_output(&dispatcher))
		return false;
	for (size_t i = 0; firewalld->version < FIREWALLD_DISPATCH_VERSION && i < dispatcher.policy_count; i++) {
		if (!dispatch_policy(&dispatcher, i))
			return false;
	}
	add_unclear(&dispatcher);
	return true;
}
