/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a connection's packets: hooks, their base chains in order, and what is said of it in the end. */
#include "filter/evaluate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "filter/evaluator.h"

/* --- base chains ----------------------------------------------------------- */

static void forget_leaving(void *context, struct flow *flow)
{
	(void)context;
	flow->may_have_left = false;
}

/* Through a base chain and its policy; evaluator->passed gets what comes out. */
static void run_base_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical)
{
	region = run_chain(evaluator, chain, region, hypothetical);
	if (chain->policy != VERDICT_DROP) {
		evaluator->passed = unite(evaluator, evaluator->passed, region);
	} else if (!hypothetical) {
		drop(evaluator, region, make_obstacle(evaluator, chain, NULL, NULL));
	} else {
		note(evaluator, region,
		     (struct doubt){.may_be_dropped = true, .obstacle = make_obstacle(evaluator, chain, NULL, NULL)});
		evaluator->passed = unite(evaluator, evaluator->passed, region);
	}
}

/* Chains of type nat are asked once for a connection, when it begins as conntrack sees it, until one translates it. A
 * kernel that tracks nothing does not ask them. */
static enum answer meets_nat(const struct evaluator *evaluator, const struct flow *flow)
{
	const struct packet *packet = &evaluator->packet;
	enum answer tracked = is_tracked(packet, flow);

	if (packet->kind != PACKET_SYN)
		return tracked != ANSWER_NO && (flow->untracked_before || flow->tracking_unknown_before) ? ANSWER_MAYBE
													 : ANSWER_NO;
	if (flow->translated)
		return ANSWER_NO;
	return tracked == ANSWER_YES && !evaluator->tracking ? ANSWER_MAYBE : tracked;
}

static void run_nat_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region)
{
	struct flow *parts[] = {[ANSWER_NO] = NULL, [ANSWER_YES] = NULL, [ANSWER_MAYBE] = NULL}, *flow;

	while ((flow = region_pop(&evaluator->pool, &region))) {
		enum answer answer = meets_nat(evaluator, flow);

		parts[answer] = unite(evaluator, parts[answer], flow);
	}
	if (parts[ANSWER_YES])
		run_base_chain(evaluator, chain, parts[ANSWER_YES], false);
	if (parts[ANSWER_MAYBE])
		run_base_chain(evaluator, chain, parts[ANSWER_MAYBE], true);
	evaluator->passed = unite(evaluator, evaluator->passed, parts[ANSWER_NO]);
}

static bool meets_devices(const struct chain *chain, const char *interface)
{
	struct test test = {.selector = SELECT_IN_INTERFACE, .interfaces = chain->devices};
	struct question question = {.interface = interface};
	struct packet packet = {.question = &question};

	return match_test(&packet, &test, NULL) == ANSWER_YES;
}

static bool covers_family(const struct table *table, bool ipv6)
{
	return table->family == FILTER_INET || table->family == (ipv6 ? FILTER_IPV6 : FILTER_IPV4);
}

static bool chain_applies(const struct evaluator *evaluator, const struct chain *chain, enum filter_hook hook)
{
	const struct question *question = evaluator->packet.question;
	enum filter_family family = chain->table->family;

	if (!chain->base || chain->hook != hook || chain->table->dormant)
		return false;
	if (chain->nat && evaluator->packet.kind != PACKET_SYN && !evaluator->was_untracked)
		return false;
	if (hook == HOOK_INGRESS || hook == HOOK_EGRESS)
		return (family == FILTER_NETDEV || family == FILTER_INET) && meets_devices(chain, question->interface);
	return covers_family(chain->table, question->ipv6);
}

/* The kernel puts a chain before those that have the same priority already. */
static int compare_chains(const void *a, const void *b)
{
	const struct chain *left = *(struct chain *const *)a, *right = *(struct chain *const *)b;
	int left_priority = chain_priority(left), right_priority = chain_priority(right);

	if (left_priority == right_priority && left->nat && right->nat) {
		left_priority = left->priority;
		right_priority = right->priority;
	}
	if (left_priority != right_priority)
		return left_priority < right_priority ? -1 : 1;
	return left->number > right->number ? -1 : left->number < right->number;
}

static struct flow *run_hook(struct evaluator *evaluator, enum filter_hook hook, struct flow *region)
{
	ARRAY_OF(struct chain *) chains = {0};

	for (size_t i = 0; i < evaluator->ruleset->tables.count; i++) {
		const struct table *table = evaluator->ruleset->tables.items[i];

		for (size_t j = 0; j < table->chains.count; j++) {
			if (chain_applies(evaluator, table->chains.items[j], hook))
				*array_push(evaluator->arena, &chains) = table->chains.items[j];
		}
	}
	if (chains.count)
		qsort(chains.items, chains.count, sizeof(*chains.items), compare_chains);
	for (size_t i = 0; i < chains.count && region; i++) {
		struct chain *chain = chains.items[i];

		evaluator->packet.hook = hook;
		evaluator->packet.priority = chain_priority(chain);
		evaluator->packet.nat = chain->nat;
		evaluator->passed = NULL;
		compare_flows(evaluator, region);
		if (chain->nat)
			run_nat_chain(evaluator, chain, region);
		else
			run_base_chain(evaluator, chain, region, false);
		region = evaluator->passed;
		region_each(&evaluator->pool, region, forget_leaving, NULL);
	}
	return region;
}

/* --- the way of a packet --------------------------------------------------- */

static void start_packet(void *context, struct flow *flow)
{
	(void)context;
	flow->mark = 0;
	flow->mark_unknown = false;
	flow->untracked_before = flow->untracked_before || flow->untracked;
	flow->tracking_unknown_before = flow->tracking_unknown_before || flow->tracking_unknown;
	flow->untracked = flow->tracking_unknown = false;
}

/* What conntrack does not see is not translated, and belongs to no connection then. */
static void miss_translation(void *context, struct flow *flow)
{
	struct evaluator *evaluator = context;

	if (!translation_matters(evaluator->packet.question, flow) ||
	    is_tracked(&evaluator->packet, flow) == ANSWER_YES)
		return;
	flow->may_be_dropped = flow->may_differ = true;
	if (!flow->doubt)
		flow->doubt = make_obstacle(evaluator, NULL, NULL, "an untracked packet of a translated connection");
}

static struct flow *run_packet(struct evaluator *evaluator, enum packet_kind kind, struct flow *region)
{
	static const enum filter_hook in[] = {HOOK_INGRESS, HOOK_PREROUTING, HOOK_INPUT};
	static const enum filter_hook out[] = {HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_EGRESS};
	bool leaves = packet_leaves(kind);

	evaluator->packet.kind = kind;
	evaluator->packet.leaves = leaves;
	region_each(&evaluator->pool, region, start_packet, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		region = run_hook(evaluator, leaves ? out[i] : in[i], region);
	/* Behind all hooks. */
	evaluator->packet.hook = leaves ? HOOK_EGRESS : HOOK_INPUT;
	region_each(&evaluator->pool, region, miss_translation, evaluator);
	return region;
}

/* --- whether connections are tracked --------------------------------------- */

static bool needs_tracking(const struct rule *rule)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct statement *statement = &rule->statements[i];

		switch (statement->kind) {
		case STATEMENT_TEST:
			if (selects_connection(statement->test.selector))
				return true;
			break;
		case STATEMENT_LOOKUP:
		case STATEMENT_VERDICT_MAP:
			for (unsigned j = 0; j < statement->lookup.set->field_count; j++) {
				if (selects_connection(statement->lookup.parts[j].selector))
					return true;
			}
			break;
		case STATEMENT_CONNECTION_MARK:
		case STATEMENT_MARK_FROM_CONNECTION:
		case STATEMENT_CONNECTION_FROM_MARK:
		case STATEMENT_REDIRECT:
		case STATEMENT_FORWARD:
			return true;
		default:
			break;
		}
	}
	return false;
}

/* The kernel tracks connections while there is a rule, wherever, that asks for it. */
static bool tracks_connections(const struct ruleset *ruleset, bool ipv6)
{
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		for (size_t j = 0; covers_family(table, ipv6) && j < table->chains.count; j++) {
			size_t count = chain_rule_count(table->chains.items[j]);

			for (size_t k = 0; k < count; k++) {
				if (needs_tracking(chain_rule(table->chains.items[j], k)))
					return true;
			}
		}
	}
	return false;
}

/* --- the result ------------------------------------------------------------ */

/* The addresses that a client can have: no loopback, no multicast. Routers ask for the machine from link-local ones. */
static const char *const ipv4_sources[] = {"1.0.0.0-126.255.255.255", "128.0.0.0-223.255.255.255", NULL};
static const char *const ipv6_sources[] = {"::2-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL};
static const char *const link_local_sources[] = {"fe80::1-fe80::ffff:ffff:ffff:ffff", NULL};

static struct flow *region_of(struct evaluator *evaluator, const char *const *ranges)
{
	bool ipv6 = evaluator->packet.question->ipv6;
	struct flow *region = NULL;

	for (; *ranges; ranges++) {
		struct number_range range;
		struct flow *flow;

		address_parse_range(*ranges, ipv6, &range);
		flow = region_new(&evaluator->pool, range.first, range.last);
		flow->port = evaluator->packet.question->port;
		region = unite(evaluator, region, flow);
	}
	return region;
}

/* Nobody who writes rules is to know the shape of the trees. */
static uint32_t random_seed(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint32_t seed = 0;

	if (bytes)
		memcpy(&seed, bytes, sizeof(seed));
	return seed ? seed : 2463534242;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct passage_range *left = a, *right = b;

	return number_compare(left->first, right->first);
}

static void forget_changes(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->ipsets.count; i++)
		ruleset->ipsets.items[i]->changed = false;
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		for (size_t j = 0; j < table->sets.count; j++)
			table->sets.items[j]->changed = false;
	}
}

/* Follows the packets from the first kind to the last one. */
static void follow(const struct ruleset *ruleset, const struct question *question, const char *const *sources,
		   enum packet_kind first, enum packet_kind last, struct arena *arena, struct evaluation *ret)
{
	struct evaluator evaluator = {
	    .ruleset = ruleset,
	    .arena = arena,
	    .packet = {.question = question},
	    .pool = {.arena = arena, .random = random_seed()},
	    .result = ret,
	    .tracking = tracks_connections(ruleset, question->ipv6),
	};
	struct obstacle too_large = {.reason = "too large a rule set"};
	struct flow *region, *flow;

	*ret = (struct evaluation){0};
	forget_changes(ruleset);
	region = region_of(&evaluator, sources);
	for (enum packet_kind kind = first; kind <= last && region && !evaluator.gave_up; kind++)
		region = run_packet(&evaluator, kind, region);
	/* What was judged before giving up was judged with some rules left out. */
	for (size_t i = 0; evaluator.gave_up && i < ret->ranges.count; i++) {
		ret->ranges.items[i].passage = PASSAGE_UNKNOWN;
		ret->ranges.items[i].obstacle = too_large;
	}
	while ((flow = region_pop(&evaluator.pool, &region))) {
		if (evaluator.gave_up)
			record(&evaluator, flow, PASSAGE_UNKNOWN, &too_large);
		else if (flow->may_be_dropped)
			record(&evaluator, flow, PASSAGE_UNKNOWN, flow->doubt);
		else
			record(&evaluator, flow, PASSAGE_OPEN, NULL);
	}
	if (ret->ranges.count)
		qsort(ret->ranges.items, ret->ranges.count, sizeof(*ret->ranges.items), compare_ranges);
}

void evaluate(const struct ruleset *ruleset, const struct question *question, struct arena *arena,
	      struct evaluation *ret)
{
	follow(ruleset, question, question->ipv6 ? ipv6_sources : ipv4_sources, PACKET_SYN, PACKET_DATA, arena, ret);
}

void evaluate_neighbours(const struct ruleset *ruleset, const struct question *question, struct arena *arena,
			 struct evaluation *ret)
{
	follow(ruleset, question, link_local_sources, PACKET_SOLICITATION, PACKET_ADVERTISEMENT, arena, ret);
}

void evaluation_sources(const struct evaluation *evaluation, enum passage passage, struct arena *arena,
			struct number_set *ret)
{
	*ret = (struct number_set){0};
	for (size_t i = 0; i < evaluation->ranges.count; i++) {
		const struct passage_range *range = &evaluation->ranges.items[i];

		if (range->passage == passage)
			number_set_add(arena, ret, range->first, range->last);
	}
	number_set_settle(ret);
}

/* How large a range is, as a power of two: enough to tell the rule that matters from an exception. */
static unsigned magnitude(const struct passage_range *range)
{
	struct number size = {range->last.high - range->first.high - (range->last.low < range->first.low),
			      range->last.low - range->first.low};
	unsigned bits = 0;

	while (bits < 128 && number_compare(size, number_maximum(bits)) > 0)
		bits++;
	return bits;
}

const struct obstacle *evaluation_obstacle(const struct evaluation *evaluation, enum passage passage)
{
	const struct passage_range *widest = NULL;

	for (size_t i = 0; i < evaluation->ranges.count; i++) {
		const struct passage_range *range = &evaluation->ranges.items[i];

		if (range->passage == passage && (!widest || magnitude(range) > magnitude(widest)))
			widest = range;
	}
	return widest ? &widest->obstacle : NULL;
}
