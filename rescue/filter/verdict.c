/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of packets: verdicts, rules, chains. */
#include "filter/evaluator.h"

struct obstacle *make_obstacle(struct evaluator *evaluator, const struct chain *chain, const struct rule *rule,
			       const char *reason)
{
	struct obstacle *obstacle = ARENA_NEW(evaluator->arena, struct obstacle);

	obstacle->packet = evaluator->packet.kind;
	obstacle->chain = chain;
	obstacle->rule = rule;
	obstacle->reason = reason;
	return obstacle;
}

void record(struct evaluator *evaluator, const struct flow *flow, enum passage passage, const struct obstacle *obstacle)
{
	struct passage_range *range = array_push(evaluator->arena, &evaluator->result->ranges);

	range->first = flow->first;
	range->last = flow->last;
	range->passage = passage;
	range->obstacle = obstacle ? *obstacle : (struct obstacle){0};
	range->obstacle.perhaps_earlier = passage == PASSAGE_CLOSED && flow->may_be_dropped;
}

static void drop_flow(struct evaluator *evaluator, struct flow *flow, const struct obstacle *obstacle)
{
	if (flow->may_have_left || flow->may_differ) {
		flow->may_be_dropped = true;
		flow->doubt = flow->doubt ? flow->doubt : obstacle;
		evaluator->passed = unite(evaluator, evaluator->passed, flow);
		return;
	}
	record(evaluator, flow, PASSAGE_CLOSED, obstacle);
}

void drop(struct evaluator *evaluator, struct flow *region, const struct obstacle *obstacle)
{
	struct flow *flow;

	while ((flow = region_pop(&evaluator->pool, &region)))
		drop_flow(evaluator, flow, obstacle);
}

static void note_doubt(void *context, struct flow *flow)
{
	const struct doubt *doubt = context;

	flow->may_be_dropped = flow->may_be_dropped || doubt->may_be_dropped;
	flow->may_have_left = flow->may_have_left || doubt->may_have_left;
	flow->may_differ = flow->may_differ || doubt->may_differ;
	if (!flow->doubt)
		flow->doubt = doubt->obstacle;
}

void note(struct evaluator *evaluator, struct flow *region, struct doubt doubt)
{
	region_each(&evaluator->pool, region, note_doubt, &doubt);
}

/* --- verdicts -------------------------------------------------------------- */

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
	obstacle = make_obstacle(evaluator, place->chain, place->rule, reason);
	/* The word of a refusal goes to whom the packet came from: the client does not hear why there is no answer. */
	obstacle->refused = verdict->kind == VERDICT_REJECT && !evaluator->packet.leaves;
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
		return apply_possible(evaluator, place, verdict, region, NULL);
	case VERDICT_CONTINUE:
		break;
	}
	return region;
}

struct flow *apply_possible(struct evaluator *evaluator, const struct rule_place *place,
			    const struct filter_verdict *verdict, struct flow *region, const char *reason)
{
	bool not_understood = verdict->kind == VERDICT_NOT_UNDERSTOOD;

	if (ends_packet(verdict->kind) || not_understood) {
		note(evaluator, region,
		     (struct doubt){.may_be_dropped = verdict->kind != VERDICT_ACCEPT,
				    .may_have_left = verdict->kind == VERDICT_ACCEPT || not_understood,
				    .obstacle = verdict_obstacle(evaluator, place, verdict, reason)});
		if (not_understood)
			confuse(evaluator, region);
		return region;
	}
	if (verdict->kind == VERDICT_JUMP || verdict->kind == VERDICT_GOTO)
		region = run_chain(evaluator, verdict->chain, region, true);
	return region;
}

/* A verdict that packets may get, or that they get if they are there at all: its effect is only possible. */
static struct flow *apply_maybe(struct evaluator *evaluator, const struct rule_place *place,
				const struct filter_verdict *verdict, struct flow *region, const char *reason)
{
	/* Should it make a difference later, this was the reason. */
	if (reason && !ends_packet(verdict->kind))
		note(evaluator, region,
		     (struct doubt){.obstacle = verdict_obstacle(evaluator, place, verdict, reason)});
	region = apply_possible(evaluator, place, verdict, region, reason);
	if (verdict->kind != VERDICT_RETURN && verdict->kind != VERDICT_GOTO)
		return region;
	if (reason || !place->hypothetical)
		place->passing->doubtful = unite(evaluator, place->passing->doubtful, region);
	else
		place->passing->returned = unite(evaluator, place->passing->returned, region);
	return NULL;
}

void apply_verdict(struct evaluator *evaluator, const struct rule_place *place, const struct filter_verdict *verdict,
		   struct inside *inside)
{
	if (inside->sure && place->hypothetical)
		inside->sure = apply_maybe(evaluator, place, verdict, inside->sure, NULL);
	else if (inside->sure)
		inside->sure = apply_sure(evaluator, place, verdict, inside->sure);
	if (inside->maybe)
		inside->maybe = apply_maybe(evaluator, place, verdict, inside->maybe,
					    inside->doubt ? inside->doubt : "a condition that is not known here");
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
		apply_test(evaluator, place, statement, inside, outside);
		break;
	case STATEMENT_LOOKUP:
		apply_lookup(evaluator, place, statement, inside, outside);
		break;
	case STATEMENT_VERDICT:
		apply_verdict(evaluator, place, &statement->verdict, inside);
		break;
	case STATEMENT_VERDICT_MAP:
		apply_verdict_map(evaluator, place, statement, inside, outside);
		break;
	case STATEMENT_REDIRECT:
	case STATEMENT_FORWARD:
		translate(evaluator, place, statement, inside);
		break;
	case STATEMENT_ADD:
		statement->lookup.set->changed = true;
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

struct flow *run_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical)
{
	if (chain->running || evaluator->depth >= DEPTH_LIMIT) {
		note(evaluator, region,
		     (struct doubt){
			 true, true, true,
			 make_obstacle(evaluator, chain, NULL,
				       chain->running ? "chains that jump in a circle" : "jumps nested too deep")});
		confuse(evaluator, region);
		return region;
	}
	chain->running = true;
	evaluator->depth++;
	region = run_rules(evaluator, chain, region, hypothetical);
	evaluator->depth--;
	chain->running = false;
	return region;
}
