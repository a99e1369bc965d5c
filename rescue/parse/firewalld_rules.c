/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of a zone or policy: fw_policy.py and nftables.py (or ipXtables.py) below src/firewall/core/. Only what a
 * TCP connection to this machine may meet is made; what would be refused is refused all the same.
 */
#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	PROTOCOL_TCP = 6,
	FAMILY_NUMBER_IPV4 = 2, /* NFPROTO_IPV4 */
	FAMILY_NUMBER_IPV6 = 10,
	VISIT_LIMIT = 1000 * 1000, /* services that all rules together include */
};

struct filler {
	const struct firewalld_builder *builder;
	struct firewalld *firewalld;
	const struct firewalld_zone *zone;
	const struct firewalld_chains *chains; /* one for each table */
	unsigned visits;
};

/* A rule that grows: the conditions so far. */
struct draft {
	statement_list statements;
	struct place place;
};

/* --- small things ----------------------------------------------------------- */

static struct statement *add_statement(struct arena *arena, statement_list *list, enum statement_kind kind)
{
	struct statement *statement = array_push(arena, list);

	*statement = (struct statement){.kind = kind};
	return statement;
}

static void add_range_test(struct arena *arena, statement_list *list, enum selector selector, uint64_t first,
			   uint64_t last)
{
	struct test *test = &add_statement(arena, list, STATEMENT_TEST)->test;

	test->selector = selector;
	number_set_add(arena, &test->numbers, number_of(first), number_of(last));
}

static void add_network_test(struct arena *arena, statement_list *list, const struct number_range *range, bool ipv6,
			     bool destination, bool invert)
{
	struct test *test = &add_statement(arena, list, STATEMENT_TEST)->test;

	test->selector = destination ? SELECT_DESTINATION : SELECT_SOURCE;
	test->ipv6 = ipv6;
	test->negate = invert;
	number_set_add(arena, &test->numbers, range->first, range->last);
}

static void add_family_test(struct arena *arena, statement_list *list, bool ipv6)
{
	add_number_test(arena, list, SELECT_FAMILY, ipv6 ? FAMILY_NUMBER_IPV6 : FAMILY_NUMBER_IPV4, false);
}

statement_list firewalld_copy_statements(struct arena *arena, const statement_list *list)
{
	statement_list result = {0};

	for (size_t i = 0; i < list->count; i++)
		*array_push(arena, &result) = list->items[i];
	return result;
}

bool firewalld_read_network(const struct firewalld_builder *builder, const char *text, bool ipv6, struct place place,
			    struct number_range *ret)
{
	if (firewalld_parse_address(text, ipv6, ret))
		return true;
	if (builder->layout.nftables)
		return firewalld_refuse(builder->firewalld, place, "'%s' is not a valid netmask", text);
	firewalld_not_understood(builder->firewalld, place, "an address under a mask with holes");
	*ret = (struct number_range){.last = number_maximum(ipv6 ? 128 : 32)};
	return true;
}

bool firewalld_add_address_test(const struct firewalld_builder *builder, statement_list *list, const char *text,
				bool destination, bool invert, struct place place, bool *ret_applies)
{
	const char *ipset = string_after(text, "ipset:");
	bool ipv6 = !firewalld_is_address(text, false);
	struct number_range range;

	*ret_applies = true;
	if (ipset)
		return firewalld_add_set_test(builder, list, ipset, destination, invert, place);
	if (firewalld_is_mac(text)) {
		add_not_known(builder->firewalld->arena, list, "the client's MAC address");
		return true;
	}
	*ret_applies = ipv6 ? builder->layout.ipv6 : builder->layout.ipv4;
	if (!firewalld_read_network(builder, text, ipv6, place, &range))
		return false;
	add_network_test(builder->firewalld->arena, list, &range, ipv6, destination, invert);
	return true;
}

/* --- verdicts --------------------------------------------------------------- */

static struct chain *chain_of(const struct filler *filler, const struct firewalld_rule *rule,
			      enum firewalld_table table)
{
	const struct firewalld_chains *chains = &filler->chains[table];

	if (rule && rule->priority < 0)
		return chains->pre;
	if (rule && rule->priority > 0)
		return chains->post;
	if (rule && (rule->action == FIREWALLD_REJECT || rule->action == FIREWALLD_DROP))
		return chains->deny;
	return chains->allow;
}

/* A chain that is not there: nft or iptables-restore refuses the whole transaction. */
static bool finish(const struct filler *filler, struct chain *chain, struct draft *draft)
{
	if (!chain && filler->firewalld->version >= FIREWALLD_HOST_FORWARD_VERSION) {
		firewalld_not_understood(filler->firewalld, draft->place, "a policy between zones that do not fit it");
		return true;
	}
	if (!chain)
		return firewalld_refuse(filler->firewalld, draft->place,
					"COMMAND_FAILED: the zones of the policy leave no chain for this");
	firewalld_add_rule(filler->builder, chain, &draft->statements, draft->place);
	return true;
}

/* "VALUE" or "VALUE/MASK": nft keeps the bits of the mask, iptables' xmark clears them. */
static void add_mark(const struct filler *filler, statement_list *list, const char *text)
{
	struct arena *arena = filler->firewalld->arena;
	const char *slash = strchr(text, '/');
	int64_t value = 0, mask = UINT32_MAX;
	struct statement *statement = add_statement(arena, list, STATEMENT_MARK);

	firewalld_parse_integer(arena_memdup(arena, text, strcspn(text, "/")), true, &value);
	if (slash)
		firewalld_parse_integer(slash + 1, true, &mask);
	if (slash && filler->builder->layout.nftables)
		mask = ~mask;
	statement->mark.mask = (uint32_t)mask;
	statement->mark.value = (uint32_t)value;
}

/* Ends the draft as the rich rule says, or, without one, by accepting. */
static bool act(const struct filler *filler, const struct firewalld_rule *rule, struct draft *draft)
{
	struct arena *arena = filler->firewalld->arena;
	enum firewalld_table table = FIREWALLD_FILTER;

	if (rule && rule->action == FIREWALLD_NO_ACTION)
		return true;
	if (rule && rule->action_limit)
		add_statement(arena, &draft->statements, STATEMENT_TEST)->test.selector = SELECT_LIMIT;
	if (rule && rule->action == FIREWALLD_MARK) {
		add_mark(filler, &draft->statements, rule->mark);
		table = FIREWALLD_MANGLE;
	} else {
		add_verdict(arena, &draft->statements,
			    !rule || rule->action == FIREWALLD_ACCEPT ? VERDICT_ACCEPT
			    : rule->action == FIREWALLD_REJECT	      ? VERDICT_REJECT
								      : VERDICT_DROP,
			    NULL);
	}
	return finish(filler, chain_of(filler, rule, table), draft);
}

/* --- the conditions of a rich rule ------------------------------------------ */

static bool layout_has(const struct filler *filler, const char *family)
{
	if (!family)
		return true;
	return string_equal(family, "ipv6") ? filler->builder->layout.ipv6 : filler->builder->layout.ipv4;
}

static const char *written_address(const struct filler *filler, const struct firewalld_address *address)
{
	if (address->address)
		return address->address;
	return address->mac ? address->mac : arena_printf(filler->firewalld->arena, "ipset:%s", address->ipset);
}

/* What an ipset must be to be a source. */
static bool check_source_set(const struct filler *filler, const struct firewalld_rule *rule, bool *ret_applies)
{
	const struct firewalld_ipset *ipset;
	const char *family;

	if (rule->source.address || !rule->source.ipset)
		return true;
	ipset = firewalld_find_ipset(filler->firewalld, rule->source.ipset);
	if (!ipset)
		return firewalld_refuse(filler->firewalld, rule->place, "INVALID_IPSET: %s", rule->source.ipset);
	if (string_equal(ipset->type, "hash:mac"))
		return true;
	family = ipset->ipv6 ? "ipv6" : "ipv4";
	if (rule->family && !string_equal(rule->family, family))
		return firewalld_refuse(filler->firewalld, rule->place,
					"INVALID_RULE: Source address family '%s' conflicts with rule family '%s'.",
					family, rule->family);
	*ret_applies = *ret_applies && layout_has(filler, family);
	return true;
}

/* Starts a draft with the rule's family, source and destination. */
static bool begin(const struct filler *filler, const struct firewalld_rule *rule, struct draft *draft,
		  bool *ret_applies)
{
	bool applies = true;

	*draft = (struct draft){.place = rule->place};
	*ret_applies = layout_has(filler, rule->family);
	if (!check_source_set(filler, rule, ret_applies))
		return false;
	if (rule->family)
		add_family_test(filler->firewalld->arena, &draft->statements, string_equal(rule->family, "ipv6"));
	if (rule->destination.given && !firewalld_add_address_test(filler->builder, &draft->statements,
								   written_address(filler, &rule->destination), true,
								   rule->destination.invert, rule->place, &applies))
		return false;
	*ret_applies = *ret_applies && applies;
	if (rule->source.given &&
	    !firewalld_add_address_test(filler->builder, &draft->statements, written_address(filler, &rule->source),
					false, rule->source.invert, rule->place, &applies))
		return false;
	*ret_applies = *ret_applies && applies;
	return true;
}

/* --- services, ports, protocols --------------------------------------------- */

static bool resets(const struct firewalld_rule *rule)
{
	return rule && rule->action == FIREWALLD_REJECT && rule->reject_type &&
	       (string_equal(rule->reject_type, "tcp-reset") || string_equal(rule->reject_type, "tcp-rst"));
}

/* The part's own condition. *ret_applies: whether TCP may meet it. */
static bool add_part_test(const struct filler *filler, const struct firewalld_part *part,
			  const struct firewalld_rule *rule, statement_list *list, bool *ret_applies)
{
	struct firewalld *firewalld = filler->firewalld;
	struct firewalld_ports ports;
	unsigned protocol = 0;

	if (part->kind == FIREWALLD_PROTOCOL)
		firewalld_parse_protocol(firewalld, part->protocol, &protocol);
	*ret_applies =
	    part->kind == FIREWALLD_PROTOCOL ? protocol == PROTOCOL_TCP : string_equal(part->protocol, "tcp");
	if (!*ret_applies)
		return !resets(rule) || firewalld_refuse(firewalld, rule->place,
							 "COMMAND_FAILED: you cannot use tcp reset with this protocol");
	if (part->kind == FIREWALLD_PROTOCOL)
		return true;
	firewalld_parse_ports(firewalld, part->port, &ports);
	add_range_test(firewalld->arena, list,
		       part->kind == FIREWALLD_PORT ? SELECT_DESTINATION_PORT : SELECT_SOURCE_PORT, ports.first,
		       ports.last);
	return true;
}

/* One port or protocol, behind the conditions of base. */
static bool emit_part(const struct filler *filler, const struct firewalld_part *part, const struct firewalld_rule *rule,
		      const struct draft *base)
{
	struct draft draft = {.statements = firewalld_copy_statements(filler->firewalld->arena, &base->statements),
			      .place = base->place};
	bool applies;

	if (!add_part_test(filler, part, rule, &draft.statements, &applies))
		return false;
	return !applies || act(filler, rule, &draft);
}

static bool emit_service_parts(const struct filler *filler, const struct firewalld_service *service,
			       const struct firewalld_rule *rule, const struct draft *base)
{
	for (size_t i = 0; i < service->parts.count; i++) {
		if (!emit_part(filler, &service->parts.items[i], rule, base))
			return false;
	}
	return true;
}

/* With a destination, once for each family that it has one of. */
static bool emit_service(const struct filler *filler, const struct firewalld_service *service,
			 const struct firewalld_rule *rule, const struct draft *base)
{
	struct firewalld *firewalld = filler->firewalld;
	const char *destinations[] = {service->ipv4, service->ipv6};

	for (size_t i = 0; i < service->modules.count + service->helpers.count; i++) {
		const struct firewalld_name *name = i < service->modules.count
							? &service->modules.items[i]
							: &service->helpers.items[i - service->modules.count];

		if ((!rule || rule->action == FIREWALLD_ACCEPT) && !firewalld_has_helper(firewalld, name->name))
			return firewalld->refused
				   ? false
				   : firewalld_refuse(firewalld, name->place, "INVALID_HELPER: %s", name->name);
	}
	if (!service->ipv4 && !service->ipv6)
		return emit_service_parts(filler, service, rule, base);
	if (rule && rule->destination.given)
		return firewalld_refuse(firewalld, rule->place, "INVALID_RULE: Destination conflict with service.");
	for (size_t i = 0; i < ARRAY_SIZE(destinations); i++) {
		struct draft draft = {.statements = firewalld_copy_statements(firewalld->arena, &base->statements),
				      .place = base->place};
		bool applies;

		if (!destinations[i] || (rule && rule->family && string_equal(rule->family, "ipv6") != (i == 1)))
			continue;
		if (!firewalld_add_address_test(filler->builder, &draft.statements, destinations[i], true, false,
						base->place, &applies) ||
		    (applies && !emit_service_parts(filler, service, rule, &draft)))
			return false;
	}
	return true;
}

/* The service and all that it includes. Of one walk, each is visited once. */
static bool emit_services(struct filler *filler, const char *name, const struct firewalld_rule *rule,
			  const struct draft *base, unsigned walk)
{
	struct firewalld *firewalld = filler->firewalld;
	ARRAY_OF(struct firewalld_service *) waiting = {0};
	struct firewalld_service *service = firewalld_find_service(firewalld, name);

	if (!service)
		return firewalld->refused ? false
					  : firewalld_refuse(firewalld, base->place, "INVALID_SERVICE: %s", name);
	*array_push(firewalld->arena, &waiting) = service;
	while (waiting.count) {
		service = waiting.items[--waiting.count];
		if (service->visited == walk)
			continue;
		service->visited = walk;
		if (++filler->visits > VISIT_LIMIT) {
			firewalld_not_understood(firewalld, base->place, "services that include too many others");
			return true;
		}
		if (!emit_service(filler, service, rule, base))
			return false;
		for (size_t i = 0; i < service->includes.count; i++) {
			struct firewalld_service *included =
			    firewalld_find_service(firewalld, service->includes.items[i].name);

			if (included && included->visited != walk)
				*array_push(firewalld->arena, &waiting) = included;
		}
	}
	return true;
}

/* --- translation ------------------------------------------------------------ */

/* iptables has DNAT for both; to a port alone it goes to the address that the packet came to. */
static bool emit_forward_port(const struct filler *filler, const struct firewalld_part *part,
			      const struct firewalld_rule *rule, struct draft *draft)
{
	struct firewalld *firewalld = filler->firewalld;
	bool to_address = part->to_address && *part->to_address, to_port = part->to_port && *part->to_port;
	bool ipv6 = to_address && firewalld_is_single_address(part->to_address, true);
	struct firewalld_ports ports, to_ports = {0};
	struct statement *statement;
	struct number_range address;

	if (!string_equal(part->protocol, "tcp"))
		return true;
	if (!rule && !(ipv6 ? filler->builder->layout.ipv6 : filler->builder->layout.ipv4))
		return true;
	if (!rule)
		add_family_test(firewalld->arena, &draft->statements, ipv6);
	firewalld_parse_ports(firewalld, part->port, &ports);
	add_range_test(firewalld->arena, &draft->statements, SELECT_DESTINATION_PORT, ports.first, ports.last);
	if (to_port)
		firewalld_parse_ports(firewalld, part->to_port, &to_ports);
	statement =
	    add_statement(firewalld->arena, &draft->statements, to_address ? STATEMENT_FORWARD : STATEMENT_REDIRECT);
	statement->nat.port = to_ports.first;
	statement->nat.unknown = to_ports.first != to_ports.last;
	if (to_address && firewalld_parse_address(part->to_address, ipv6, &address))
		statement->nat.address = address.first;
	add_verdict(firewalld->arena, &draft->statements, VERDICT_ACCEPT, NULL);
	return finish(filler, chain_of(filler, rule, FIREWALLD_NAT), draft);
}

/* --- everything ------------------------------------------------------------- */

static bool fill_part(struct filler *filler, const struct firewalld_part *part, unsigned walk)
{
	struct draft draft = {.place = part->place};

	switch (part->kind) {
	case FIREWALLD_SERVICE:
		return emit_services(filler, part->name, NULL, &draft, walk);
	case FIREWALLD_PORT:
	case FIREWALLD_PROTOCOL:
	case FIREWALLD_SOURCE_PORT:
		return emit_part(filler, part, NULL, &draft);
	case FIREWALLD_FORWARD_PORT:
		return emit_forward_port(filler, part, NULL, &draft);
	default:
		return true;
	}
}

static bool fill_rule(struct filler *filler, const struct firewalld_rule *rule)
{
	struct draft draft;
	bool applies;

	if (!begin(filler, rule, &draft, &applies))
		return false;
	if (!applies)
		return true;
	switch (rule->part.kind) {
	case FIREWALLD_SERVICE:
		return emit_services(filler, rule->part.name, rule, &draft, ++filler->firewalld->walks);
	case FIREWALLD_PORT:
	case FIREWALLD_PROTOCOL:
	case FIREWALLD_SOURCE_PORT:
		return emit_part(filler, &rule->part, rule, &draft);
	case FIREWALLD_FORWARD_PORT:
		return emit_forward_port(filler, &rule->part, rule, &draft);
	case FIREWALLD_NOTHING:
		return act(filler, rule, &draft);
	default:
		return true;
	}
}

struct ordered {
	const struct firewalld_rule *rule;
	size_t position;
};

static int compare_priority(const void *a, const void *b)
{
	const struct ordered *first = a, *second = b;

	if (first->rule->priority != second->rule->priority)
		return first->rule->priority < second->rule->priority ? -1 : 1;
	return first->position < second->position ? -1 : 1;
}

bool firewalld_fill_chains(const struct firewalld_builder *builder, const struct firewalld_zone *zone,
			   const struct firewalld_chains chains[FIREWALLD_TABLE_COUNT])
{
	struct filler filler = {.builder = builder, .firewalld = builder->firewalld, .zone = zone, .chains = chains};
	struct ordered *rules = arena_alloc(builder->firewalld->arena, zone->rules.count * sizeof(*rules));
	unsigned walk = ++builder->firewalld->walks;

	for (size_t i = 0; i < zone->parts.count; i++) {
		if (!fill_part(&filler, &zone->parts.items[i], walk))
			return false;
	}
	for (size_t i = 0; i < zone->rules.count; i++)
		rules[i] = (struct ordered){zone->rules.items[i], i};
	if (zone->rules.count)
		qsort(rules, zone->rules.count, sizeof(*rules), compare_priority);
	for (size_t i = 0; i < zone->rules.count; i++) {
		if (!fill_rule(&filler, rules[i].rule))
			return false;
	}
	return true;
}
