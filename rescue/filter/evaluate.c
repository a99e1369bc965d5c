/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A region of sources goes through the chains; each rule takes out those that it applies to. Doubt is kept apart: where
 * a rule may apply, its effect is noted as possible (may_be_dropped, may_have_left) and the packet is followed on, so
 * that a later certain answer stands and everything else ends as unknown.
 */
#include "filter/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "filter/match.h"
#include "filter/region.h"

enum {
	DEPTH_LIMIT = 512, /* jumps inside jumps; nft allows 16 */
	WORK_LIMIT = 100 * 1000 * 1000, /* flows and rules touched: seconds at most */
};

struct evaluator {
	const struct ruleset *ruleset;
	struct arena *arena;
	struct packet packet;
	struct region_pool pool;
	struct flow *passed; /* through the base chain at hand */
	const struct chain *base; /* that chain */
	const struct obstacle *first_doubt; /* of the rule at hand, for marks and the like */
	struct evaluation *result;
	unsigned depth;
	bool gave_up;
};

/* The part of a chain's packets that is on its way through it: certain to be there, or perhaps gone by a return that
 * was not certain. */
struct passing {
	struct flow *sure, *doubtful, *returned;
};

/* Packets inside a rule: those that certainly match so far, and those that may. */
struct inside {
	struct flow *sure, *maybe;
	const char *doubt; /* what the first uncertain test was about */
};

static struct flow *unite(struct evaluator *evaluator, struct flow *a, struct flow *b)
{
	return region_unite(&evaluator->pool, a, b);
}

static const struct obstacle *make_obstacle(struct evaluator *evaluator, const struct chain *chain,
					    const struct rule *rule, const char *reason)
{
	struct obstacle *obstacle = ARENA_NEW(evaluator->arena, struct obstacle);

	obstacle->packet = evaluator->packet.kind;
	obstacle->chain = chain;
	obstacle->rule = rule;
	obstacle->reason = reason;
	return obstacle;
}

/* --- what becomes of packets ----------------------------------------------- */

static void record(struct evaluator *evaluator, const struct flow *flow, enum passage passage,
		   const struct obstacle *obstacle)
{
	struct passage_range *range = array_push(evaluator->arena, &evaluator->result->ranges);

	range->first = flow->first;
	range->last = flow->last;
	range->passage = passage;
	range->obstacle = obstacle ? *obstacle : (struct obstacle){0};
}

static void drop_flow(struct evaluator *evaluator, struct flow *flow, const struct obstacle *obstacle)
{
	if (flow->may_have_left) {
		flow->may_be_dropped = true;
		flow->doubt = flow->doubt ? flow->doubt : obstacle;
		evaluator->passed = unite(evaluator, evaluator->passed, flow);
		return;
	}
	record(evaluator, flow, PASSAGE_CLOSED, obstacle);
}

static void drop(struct evaluator *evaluator, struct flow *region, const struct obstacle *obstacle)
{
	struct flow *flow;

	while ((flow = region_pop(&evaluator->pool, &region)))
		drop_flow(evaluator, flow, obstacle);
}

struct doubt {
	bool may_be_dropped, may_have_left;
	const struct obstacle *obstacle;
};

static void note_doubt(void *context, struct flow *flow)
{
	const struct doubt *doubt = context;

	flow->may_be_dropped = flow->may_be_dropped || doubt->may_be_dropped;
	flow->may_have_left = flow->may_have_left || doubt->may_have_left;
	if (!flow->doubt)
		flow->doubt = doubt->obstacle;
}

static void note(struct evaluator *evaluator, struct flow *region, bool may_be_dropped, bool may_have_left,
		 const struct obstacle *obstacle)
{
	struct doubt doubt = {may_be_dropped, may_have_left, obstacle};

	region_each(&evaluator->pool, region, note_doubt, &doubt);
}

/* --- verdicts -------------------------------------------------------------- */

static struct flow *run_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical);

/* Where a rule stands, and how certain it is that its packets are there at all. */
struct rule_place {
	struct chain *chain;
	const struct rule *rule;
	struct passing *passing;
	bool hypothetical;
};

static bool ends_packet(enum verdict_kind kind)
{
	return kind == VERDICT_ACCEPT || kind == VERDICT_DROP || kind == VERDICT_REJECT;
}

static const struct obstacle *verdict_obstacle(struct evaluator *evaluator, const struct rule_place *place,
					       const struct filter_verdict *verdict, const char *reason)
{
	struct obstacle *obstacle;

	if (verdict->kind == VERDICT_NOT_UNDERSTOOD)
		reason = verdict->name;
	obstacle = (struct obstacle *)make_obstacle(evaluator, place->chain, place->rule, reason);
	obstacle->refused = verdict->kind == VERDICT_REJECT;
	return obstacle;
}

/* A verdict on packets that are certain to get it. Returns those that go on to the chain's next rule. */
static struct flow *apply_sure(struct evaluator *evaluator, const struct rule_place *place,
			       const struct filter_verdict *verdict, struct flow *region)
{
	switch (verdict->kind) {
	case VERDICT_ACCEPT:
		evaluator->passed = unite(evaluator, evaluator->passed, region);
		return NULL;
	case VERDICT_DROP:
	case VERDICT_REJECT:
		drop(evaluator, region, verdict_obstacle(evaluator, place, verdict, NULL));
		return NULL;
	case VERDICT_RETURN:
		place->passing->returned = unite(evaluator, place->passing->returned, region);
		return NULL;
	case VERDICT_JUMP:
		return run_chain(evaluator, verdict->chain, region, false);
	case VERDICT_GOTO:
		region = run_chain(evaluator, verdict->chain, region, false);
		place->passing->returned = unite(evaluator, place->passing->returned, region);
		return NULL;
	case VERDICT_NOT_UNDERSTOOD:
		note(evaluator, region, true, true, verdict_obstacle(evaluator, place, verdict, NULL));
		return region;
	case VERDICT_CONTINUE:
		break;
	}
	return region;
}

/* A verdict that packets may get, or that they get if they are there at all: its effect is only possible. */
static struct flow *apply_maybe(struct evaluator *evaluator, const struct rule_place *place,
				const struct filter_verdict *verdict, struct flow *region, const char *reason)
{
	bool maybe = reason != NULL || !place->hypothetical;

	if (ends_packet(verdict->kind) || verdict->kind == VERDICT_NOT_UNDERSTOOD) {
		note(evaluator, region, verdict->kind != VERDICT_ACCEPT,
		     verdict->kind == VERDICT_ACCEPT || verdict->kind == VERDICT_NOT_UNDERSTOOD,
		     verdict_obstacle(evaluator, place, verdict, reason));
		return region;
	}
	if (verdict->kind == VERDICT_JUMP || verdict->kind == VERDICT_GOTO)
		region = run_chain(evaluator, verdict->chain, region, true);
	if (verdict->kind == VERDICT_RETURN || verdict->kind == VERDICT_GOTO) {
		if (maybe)
			place->passing->doubtful = unite(evaluator, place->passing->doubtful, region);
		else
			place->passing->returned = unite(evaluator, place->passing->returned, region);
		return NULL;
	}
	return region;
}

/* Gives both parts of what is inside a rule their verdict; what goes on is left in it. */
static void apply_verdict(struct evaluator *evaluator, const struct rule_place *place,
			  const struct filter_verdict *verdict, struct inside *inside)
{
	if (inside->sure && place->hypothetical)
		inside->sure = apply_maybe(evaluator, place, verdict, inside->sure, NULL);
	else if (inside->sure)
		inside->sure = apply_sure(evaluator, place, verdict, inside->sure);
	if (inside->maybe)
		inside->maybe = apply_maybe(evaluator, place, verdict, inside->maybe,
					    inside->doubt ? inside->doubt : "a condition that is not known here");
}

/* --- tests ----------------------------------------------------------------- */

static const char *selector_words(const struct test *test)
{
	switch (test->selector) {
	case SELECT_OTHER:
		return test->name;
	case SELECT_SOURCE:
	case SELECT_DESTINATION:
	case SELECT_ORIGINAL_DESTINATION:
		return "which address of this machine the client connects to";
	case SELECT_LIMIT:
		return "a rate limit that every packet counts for";
	case SELECT_RECENT:
		return "how often the client came before";
	case SELECT_MARK:
	case SELECT_CONNECTION_MARK:
		return "a mark that is not known here";
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
		return "the client's port";
	case SELECT_LENGTH:
		return "the packet's length";
	case SELECT_TTL:
		return "the packet's time to live";
	case SELECT_STATE:
	case SELECT_STATUS:
		return "what connection tracking makes of an untracked connection";
	default:
		return "a condition that is not known here";
	}
}

/* Moves what does not match out of inside, and what may match from sure to maybe. */
static void narrow(struct evaluator *evaluator, struct inside *inside, enum answer answer, const char *doubt,
		   struct flow **outside)
{
	if (answer == ANSWER_YES)
		return;
	if (answer == ANSWER_NO) {
		*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
		inside->sure = inside->maybe = NULL;
		return;
	}
	if (!inside->doubt)
		inside->doubt = doubt;
	inside->maybe = unite(evaluator, inside->maybe, inside->sure);
	inside->sure = NULL;
}

/* The part of a region that is in the set. */
static struct flow *cut_set(struct evaluator *evaluator, struct flow **region, const struct number_set *set)
{
	struct flow *cut = NULL;

	for (size_t i = 0; i < set->count && *region; i++)
		cut = unite(evaluator, cut,
			    region_cut(&evaluator->pool, region, set->items[i].first, set->items[i].last));
	return cut;
}

/* Keeps the sources of yes as they are and those of maybe as perhaps matching. */
static void narrow_to(struct evaluator *evaluator, struct inside *inside, const struct number_set *yes,
		      const struct number_set *maybe, const char *doubt, struct flow **outside)
{
	struct flow *sure = cut_set(evaluator, &inside->sure, yes);
	struct flow *unsure = unite(
	    evaluator, cut_set(evaluator, &inside->maybe, yes),
	    unite(evaluator, cut_set(evaluator, &inside->sure, maybe), cut_set(evaluator, &inside->maybe, maybe)));

	*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
	inside->sure = sure;
	inside->maybe = unsure;
	if (maybe->count && !inside->doubt)
		inside->doubt = doubt;
}

/* Any flow of the region will do where all are alike. */
static const struct flow *any_flow(const struct inside *inside)
{
	return inside->sure ? inside->sure : inside->maybe;
}

/* Asks every flow by itself. */
static void narrow_each(struct evaluator *evaluator, struct inside *inside, const struct test *test,
			struct flow **outside)
{
	struct inside kept = {.doubt = inside->doubt};
	struct flow *flow;

	for (int certain = 1; certain >= 0; certain--) {
		while ((flow = region_pop(&evaluator->pool, certain ? &inside->sure : &inside->maybe))) {
			enum answer answer = match_test(&evaluator->packet, test, flow);

			if (answer == ANSWER_NO)
				*outside = unite(evaluator, *outside, flow);
			else if (answer == ANSWER_YES && certain)
				kept.sure = unite(evaluator, kept.sure, flow);
			else
				kept.maybe = unite(evaluator, kept.maybe, flow);
			if (answer == ANSWER_MAYBE && !kept.doubt)
				kept.doubt = selector_words(test);
		}
	}
	*inside = kept;
}

static void remember_recent(struct evaluator *evaluator, const struct test *test)
{
	if (test->selector == SELECT_RECENT && test->recent.operation == RECENT_SET)
		*array_push(evaluator->arena, &evaluator->packet.recent) = (char *)test->recent.name;
}

static void apply_test(struct evaluator *evaluator, const struct test *test, struct inside *inside,
		       struct flow **outside)
{
	static const struct number_set nothing = {0};
	struct number_set set;

	if (selects_client(&evaluator->packet, test->selector)) {
		match_client(&evaluator->packet, test, evaluator->arena, &set);
		if (test->mask)
			narrow(evaluator, inside,
			       test->ipv6 == evaluator->packet.question->ipv6 ? ANSWER_MAYBE : ANSWER_NO,
			       "an address under a mask with holes", outside);
		else
			narrow_to(evaluator, inside, &set, &nothing, NULL, outside);
	} else if (selector_varies(&evaluator->packet, test->selector)) {
		narrow_each(evaluator, inside, test, outside);
	} else {
		narrow(evaluator, inside, match_test(&evaluator->packet, test, any_flow(inside)), selector_words(test),
		       outside);
	}
	if (inside->sure || inside->maybe)
		remember_recent(evaluator, test);
}

static bool lookup_varies(const struct evaluator *evaluator, const struct lookup *lookup)
{
	for (unsigned i = 0; i < lookup->set->field_count; i++) {
		if (selector_varies(&evaluator->packet, lookup->parts[i].selector))
			return true;
	}
	return false;
}

static const char *lookup_words(struct evaluator *evaluator, const struct lookup *lookup)
{
	if (lookup->set->name)
		return arena_printf(evaluator->arena, "what the set %s holds", lookup->set->name);
	return "a set whose key is not known here";
}

static void apply_lookup(struct evaluator *evaluator, const struct lookup *lookup, struct inside *inside,
			 struct flow **outside)
{
	struct set_match match;

	if (lookup_varies(evaluator, lookup) || lookup->set->changed) {
		narrow(evaluator, inside, ANSWER_MAYBE, lookup_words(evaluator, lookup), outside);
		return;
	}
	match_set(&evaluator->packet, lookup, any_flow(inside), evaluator->arena, &match);
	evaluator->pool.work += match.everywhere ? 1 : lookup->set->elements.count / 8 + 1;
	if (match.everywhere)
		narrow(evaluator, inside, match.answer, lookup_words(evaluator, lookup), outside);
	else
		narrow_to(evaluator, inside, &match.yes, &match.maybe, lookup_words(evaluator, lookup), outside);
}

/* The elements of a map are disjoint, so their order does not matter. What no element takes leaves the rule. */
static void apply_verdict_map(struct evaluator *evaluator, const struct rule_place *place, const struct lookup *lookup,
			      struct inside *inside, struct flow **outside)
{
	bool varies = lookup_varies(evaluator, lookup) || lookup->set->unknown || lookup->set->changed;

	evaluator->pool.work += lookup->set->elements.count;
	for (size_t i = 0; i < lookup->set->elements.count && (inside->sure || inside->maybe); i++) {
		const struct set_element *element = &lookup->set->elements.items[i];
		struct number_range range = {.last = number_maximum(128)};
		struct inside part = {.doubt = inside->doubt};
		struct flow *sure;
		bool client;
		enum answer answer =
		    match_element(&evaluator->packet, lookup, element, any_flow(inside), &client, &range);

		if (answer == ANSWER_NO && !varies)
			continue;
		sure = region_cut(&evaluator->pool, &inside->sure, range.first, range.last);
		part.maybe = region_cut(&evaluator->pool, &inside->maybe, range.first, range.last);
		if (answer == ANSWER_MAYBE || varies) {
			part.maybe = unite(evaluator, part.maybe, sure);
			part.doubt = part.doubt ? part.doubt : lookup_words(evaluator, lookup);
		} else {
			part.sure = sure;
		}
		apply_verdict(evaluator, place, &element->verdict, &part);
		/* Another element may take what only may have met this one. */
		if (answer == ANSWER_YES && !varies) {
			*outside = unite(evaluator, *outside, unite(evaluator, part.sure, part.maybe));
		} else {
			inside->maybe = unite(evaluator, inside->maybe, unite(evaluator, part.sure, part.maybe));
			inside->doubt = inside->doubt ? inside->doubt : part.doubt;
		}
	}
	*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
	inside->sure = inside->maybe = NULL;
}

/* --- marks, translation, tracking ------------------------------------------ */

struct change {
	struct evaluator *evaluator;
	const struct statement *statement;
	bool certain;
};

static void change_mark(const struct change *change, uint32_t *mark, bool *unknown, uint32_t mask, uint32_t value,
			bool value_unknown)
{
	uint32_t changed = (*mark & ~mask) ^ value;

	if (value_unknown)
		*unknown = true;
	else if (mask == UINT32_MAX && change->certain)
		*unknown = false;
	if (changed != *mark && !change->certain)
		*unknown = true;
	*mark = changed;
}

static void change_marks(void *context, struct flow *flow)
{
	const struct change *change = context;
	const struct statement *statement = change->statement;
	uint32_t mask = statement->mark.mask;

	switch (statement->kind) {
	case STATEMENT_MARK:
		change_mark(change, &flow->mark, &flow->mark_unknown, mask, statement->mark.value,
			    statement->mark.unknown);
		break;
	case STATEMENT_CONNECTION_MARK:
		change_mark(change, &flow->connection_mark, &flow->connection_mark_unknown, mask, statement->mark.value,
			    statement->mark.unknown);
		break;
	case STATEMENT_MARK_FROM_CONNECTION:
		change_mark(change, &flow->mark, &flow->mark_unknown, mask, flow->connection_mark & mask,
			    flow->connection_mark_unknown || statement->mark.unknown);
		break;
	case STATEMENT_CONNECTION_FROM_MARK:
		change_mark(change, &flow->connection_mark, &flow->connection_mark_unknown, mask, flow->mark & mask,
			    flow->mark_unknown || statement->mark.unknown);
		break;
	default:
		break;
	}
}

static void change_tracking(void *context, struct flow *flow)
{
	const struct change *change = context;

	if (change->certain)
		flow->untracked = true;
	else
		flow->tracking_unknown = true;
}

static bool is_ssh_port(const struct question *question, unsigned port)
{
	if (port == question->port)
		return true;
	for (size_t i = 0; i < question->port_count; i++) {
		if (question->ports[i] == port)
			return true;
	}
	return false;
}

/* The connection goes to another port, or to another machine: one that is not ours is lost to us. */
static void translate(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		      struct inside *inside)
{
	unsigned port = statement->nat.port;
	bool lost = statement->kind == STATEMENT_FORWARD || (port && !is_ssh_port(evaluator->packet.question, port));
	struct obstacle *obstacle =
	    (struct obstacle *)make_obstacle(evaluator, place->chain, place->rule, inside->doubt);
	bool certain = !place->hypothetical && !statement->nat.unknown;
	struct flow *flow, *going = NULL;

	obstacle->diverted = true;
	if (statement->nat.unknown)
		obstacle->reason = "to where the connection is translated";
	if (lost || statement->nat.unknown) {
		if (certain)
			drop(evaluator, inside->sure, obstacle);
		else
			note(evaluator, inside->sure, true, false, obstacle);
		inside->sure = certain ? NULL : inside->sure;
		note(evaluator, inside->maybe, true, false, obstacle);
		return;
	}
	/* To another port that sshd listens on. */
	note(evaluator, inside->maybe, true, false, obstacle);
	if (!port || port == evaluator->packet.question->port)
		return;
	if (!certain) {
		note(evaluator, inside->sure, true, false, obstacle);
		return;
	}
	while ((flow = region_pop(&evaluator->pool, &inside->sure))) {
		flow->port = port;
		going = unite(evaluator, going, flow);
	}
	inside->sure = going;
	evaluator->packet.ports_vary = true;
}

static void apply_change(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
			 struct inside *inside)
{
	bool tracking = statement->kind == STATEMENT_UNTRACKED;
	struct change change = {evaluator, statement, !place->hypothetical};

	if (tracking)
		evaluator->packet.tracking_varies = true;
	else
		evaluator->packet.marks_vary = true;
	region_each(&evaluator->pool, inside->sure, tracking ? change_tracking : change_marks, &change);
	change.certain = false;
	region_each(&evaluator->pool, inside->maybe, tracking ? change_tracking : change_marks, &change);
}

/* --- rules and chains ------------------------------------------------------ */

/* A rule that decides nothing and changes nothing (log, counter) need not be looked at. */
static bool has_effect(const struct rule *rule)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct statement *statement = &rule->statements[i];

		switch (statement->kind) {
		case STATEMENT_TEST:
			if (statement->test.selector == SELECT_RECENT)
				return true;
			break;
		case STATEMENT_LOOKUP:
			break;
		case STATEMENT_VERDICT:
			if (statement->verdict.kind != VERDICT_CONTINUE)
				return true;
			break;
		default:
			return true;
		}
	}
	return false;
}

static void apply_statement(struct evaluator *evaluator, const struct rule_place *place,
			    const struct statement *statement, struct inside *inside, struct flow **outside)
{
	switch (statement->kind) {
	case STATEMENT_TEST:
		apply_test(evaluator, &statement->test, inside, outside);
		break;
	case STATEMENT_LOOKUP:
		apply_lookup(evaluator, &statement->lookup, inside, outside);
		break;
	case STATEMENT_VERDICT:
		apply_verdict(evaluator, place, &statement->verdict, inside);
		break;
	case STATEMENT_VERDICT_MAP:
		apply_verdict_map(evaluator, place, &statement->lookup, inside, outside);
		break;
	case STATEMENT_ADD:
		statement->lookup.set->changed = true;
		break;
	case STATEMENT_REDIRECT:
	case STATEMENT_FORWARD:
		translate(evaluator, place, statement, inside);
		break;
	default:
		apply_change(evaluator, place, statement, inside);
		break;
	}
}

/* Lets a region meet a rule; returns what goes on to the next one. */
static struct flow *apply_rule(struct evaluator *evaluator, const struct rule_place *place, struct flow *region)
{
	struct inside inside = {.sure = region};
	struct flow *outside = NULL;

	for (size_t i = 0; i < place->rule->count && (inside.sure || inside.maybe); i++)
		apply_statement(evaluator, place, &place->rule->statements[i], &inside, &outside);
	return unite(evaluator, outside, unite(evaluator, inside.sure, inside.maybe));
}

static struct flow *run_rules(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical)
{
	struct passing passing = {.sure = hypothetical ? NULL : region, .doubtful = hypothetical ? region : NULL};
	size_t count = chain_rule_count(chain);

	for (size_t i = 0; i < count && (passing.sure || passing.doubtful); i++) {
		struct rule_place place = {chain, chain_rule(chain, i), &passing, false};
		struct flow *doubtful = passing.doubtful;

		if (++evaluator->pool.work > WORK_LIMIT) {
			evaluator->gave_up = true;
			break;
		}
		if (!has_effect(place.rule))
			continue;
		passing.doubtful = NULL;
		if (passing.sure)
			passing.sure = apply_rule(evaluator, &place, passing.sure);
		place.hypothetical = true;
		if (doubtful)
			doubtful = apply_rule(evaluator, &place, doubtful);
		passing.doubtful = unite(evaluator, passing.doubtful, doubtful);
	}
	return unite(evaluator, passing.returned, unite(evaluator, passing.sure, passing.doubtful));
}

/* Returns what comes back from the chain: by its end or by return. */
static struct flow *run_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical)
{
	if (chain->running || evaluator->depth >= DEPTH_LIMIT) {
		note(evaluator, region, true, true,
		     make_obstacle(evaluator, chain, NULL,
				   chain->running ? "chains that jump in a circle" : "jumps nested too deep"));
		return region;
	}
	chain->running = true;
	evaluator->depth++;
	region = run_rules(evaluator, chain, region, hypothetical);
	evaluator->depth--;
	chain->running = false;
	return region;
}

static void forget_leaving(void *context, struct flow *flow)
{
	(void)context;
	flow->may_have_left = false;
}

/* Returns what the chain lets through, its policy included. */
static struct flow *run_base_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region)
{
	evaluator->passed = NULL;
	evaluator->base = chain;
	region = run_chain(evaluator, chain, region, false);
	if (chain->policy == VERDICT_DROP)
		drop(evaluator, region, make_obstacle(evaluator, chain, NULL, NULL));
	else
		evaluator->passed = unite(evaluator, evaluator->passed, region);
	region_each(&evaluator->pool, evaluator->passed, forget_leaving, NULL);
	return evaluator->passed;
}

/* --- the way of a packet --------------------------------------------------- */

static bool meets_devices(const struct chain *chain, const char *interface)
{
	struct test test = {.selector = SELECT_IN_INTERFACE, .interfaces = chain->devices};
	struct question question = {.interface = interface};
	struct packet packet = {.question = &question};

	return match_test(&packet, &test, NULL) == ANSWER_YES;
}

static bool chain_applies(const struct evaluator *evaluator, const struct chain *chain, enum filter_hook hook)
{
	const struct question *question = evaluator->packet.question;
	enum filter_family family = chain->table->family;

	if (!chain->base || chain->hook != hook || chain->table->dormant)
		return false;
	if (chain->nat && !evaluator->packet.fresh)
		return false;
	if (hook == HOOK_INGRESS || hook == HOOK_EGRESS)
		return (family == FILTER_NETDEV || family == FILTER_INET) && meets_devices(chain, question->interface);
	return family == FILTER_INET || family == (question->ipv6 ? FILTER_IPV6 : FILTER_IPV4);
}

static int compare_chains(const void *a, const void *b)
{
	const struct chain *left = *(struct chain *const *)a, *right = *(struct chain *const *)b;

	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
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
		evaluator->packet.hook = hook;
		evaluator->packet.priority = chains.items[i]->priority;
		region = run_base_chain(evaluator, chains.items[i], region);
	}
	return region;
}

static void start_packet(void *context, struct flow *flow)
{
	(void)context;
	flow->mark = 0;
	flow->mark_unknown = false;
	flow->untracked_before = flow->untracked_before || flow->untracked || flow->tracking_unknown;
	flow->untracked = flow->tracking_unknown = false;
}

static struct flow *run_packet(struct evaluator *evaluator, enum packet_kind kind, struct flow *region)
{
	static const enum filter_hook in[] = {HOOK_INGRESS, HOOK_PREROUTING, HOOK_INPUT};
	static const enum filter_hook out[] = {HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_EGRESS};
	bool leaves = kind == PACKET_SYN_ACK || kind == PACKET_DATA;

	evaluator->packet.kind = kind;
	evaluator->packet.leaves = leaves;
	evaluator->packet.fresh = kind == PACKET_SYN;
	region_each(&evaluator->pool, region, start_packet, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		region = run_hook(evaluator, leaves ? out[i] : in[i], region);
	return region;
}

/* --- the result ------------------------------------------------------------ */

/* The addresses that a client can have: no loopback, no multicast. */
static struct flow *all_sources(struct evaluator *evaluator, bool ipv6)
{
	static const char *const ipv4_ranges[] = {"1.0.0.0-126.255.255.255", "128.0.0.0-223.255.255.255"};
	static const char *const ipv6_ranges[] = {"::2-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	struct flow *region = NULL;

	for (size_t i = 0; i < (ipv6 ? ARRAY_SIZE(ipv6_ranges) : ARRAY_SIZE(ipv4_ranges)); i++) {
		struct number_range range;
		struct flow *flow;

		address_parse_range(ipv6 ? ipv6_ranges[i] : ipv4_ranges[i], ipv6, &range);
		flow = region_new(&evaluator->pool, range.first, range.last);
		flow->port = evaluator->packet.question->port;
		region = unite(evaluator, region, flow);
	}
	return region;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct passage_range *left = a, *right = b;

	return number_compare(left->first, right->first);
}

static void forget_changes(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		for (size_t j = 0; j < table->sets.count; j++)
			table->sets.items[j]->changed = false;
	}
}

void evaluate(const struct ruleset *ruleset, const struct question *question, struct arena *arena,
	      struct evaluation *ret)
{
	struct evaluator evaluator = {
	    .ruleset = ruleset,
	    .arena = arena,
	    .packet = {.question = question},
	    .pool = {.arena = arena, .random = 2463534242},
	    .result = ret,
	};
	struct obstacle too_large = {.reason = "too large a rule set"};
	struct flow *region, *flow;

	*ret = (struct evaluation){0};
	forget_changes(ruleset);
	region = all_sources(&evaluator, question->ipv6);
	for (enum packet_kind kind = PACKET_SYN; kind < PACKET_KIND_COUNT && region && !evaluator.gave_up; kind++)
		region = run_packet(&evaluator, kind, region);
	/* What was judged before giving up was judged with some rules left out. */
	for (size_t i = 0; evaluator.gave_up && i < ret->ranges.count; i++) {
		ret->ranges.items[i].passage = PASSAGE_UNKNOWN;
		ret->ranges.items[i].obstacle = too_large;
	}
	while ((flow = region_pop(&evaluator.pool, &region))) {
		if (evaluator.gave_up)
			record(&evaluator, flow, PASSAGE_UNKNOWN, &too_large);
		else
			record(&evaluator, flow, flow->may_be_dropped ? PASSAGE_UNKNOWN : PASSAGE_OPEN, flow->doubt);
	}
	if (ret->ranges.count)
		qsort(ret->ranges.items, ret->ranges.count, sizeof(*ret->ranges.items), compare_ranges);
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
