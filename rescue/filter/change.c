/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules do to packets that go on: marks, tracking, translation. */
#include "filter/evaluator.h"

struct change {
	struct evaluator *evaluator;
	const struct statement *statement;
	bool certain;
};

/* --- marks ----------------------------------------------------------------- */

static void change_mark(uint32_t *mark, bool *unknown, uint32_t mask, uint32_t value, bool value_unknown, bool certain)
{
	uint32_t changed = (*mark & ~mask) ^ value;

	if (value_unknown)
		*unknown = true;
	else if (mask == UINT32_MAX && certain)
		*unknown = false;
	if (changed != *mark && !certain)
		*unknown = true;
	*mark = changed;
}

static void change_connection_mark(const struct change *change, struct flow *flow, uint32_t value, bool value_unknown)
{
	enum answer tracked = is_tracked(&change->evaluator->packet, flow);

	if (tracked == ANSWER_NO)
		return;
	change_mark(&flow->connection_mark, &flow->connection_mark_unknown, change->statement->mark.mask, value,
		    value_unknown, change->certain && !flow->may_have_left && tracked == ANSWER_YES);
}

static void change_marks(void *context, struct flow *flow)
{
	const struct change *change = context;
	const struct statement *statement = change->statement;
	uint32_t mask = statement->mark.mask;
	bool certain = change->certain && !flow->may_have_left, unknown = statement->mark.unknown;

	switch (statement->kind) {
	case STATEMENT_MARK:
		change_mark(&flow->mark, &flow->mark_unknown, mask, statement->mark.value, unknown, certain);
		break;
	case STATEMENT_CONNECTION_MARK:
		change_connection_mark(change, flow, statement->mark.value, unknown);
		break;
	case STATEMENT_MARK_FROM_CONNECTION:
		unknown = unknown || flow->connection_mark_unknown ||
			  is_tracked(&change->evaluator->packet, flow) != ANSWER_YES;
		change_mark(&flow->mark, &flow->mark_unknown, mask, flow->connection_mark & mask, unknown, certain);
		break;
	case STATEMENT_CONNECTION_FROM_MARK:
		change_connection_mark(change, flow, flow->mark & mask, unknown || flow->mark_unknown);
		break;
	default:
		break;
	}
}

/* --- tracking -------------------------------------------------------------- */

static void change_tracking(void *context, struct flow *flow)
{
	const struct change *change = context;
	enum answer before = before_tracking(&change->evaluator->packet);

	/* Too late: the packet is tracked already. */
	if (before == ANSWER_NO)
		return;
	if (change->certain && !flow->may_have_left && before == ANSWER_YES)
		flow->untracked = true;
	else if (!flow->untracked)
		flow->tracking_unknown = true;
}

void apply_change(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		  struct inside *inside)
{
	bool tracking = statement->kind == STATEMENT_UNTRACKED;
	struct change change = {evaluator, statement, !place->hypothetical};

	if (tracking)
		evaluator->packet.tracking_varies = evaluator->was_untracked = true;
	else
		evaluator->packet.marks_vary = true;
	region_each(&evaluator->pool, inside->sure, tracking ? change_tracking : change_marks, &change);
	change.certain = false;
	region_each(&evaluator->pool, inside->maybe, tracking ? change_tracking : change_marks, &change);
}

/* --- translation ----------------------------------------------------------- */

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

/* Whether a translation to another address stays on this machine after all: to one that it is known to have. */
static bool leads_elsewhere(const struct question *question, const struct statement *statement)
{
	if (statement->kind != STATEMENT_FORWARD)
		return false;
	for (size_t i = 0; question->local && i < question->local->count; i++) {
		const struct local_address *local = &question->local->items[i];

		if (local->ipv6 == question->ipv6 && number_compare(local->first, statement->nat.address) <= 0 &&
		    number_compare(local->last, statement->nat.address) >= 0)
			return false;
	}
	return true;
}

/* The connection goes to another port, or to another machine: one that is not ours is lost to us. Where that is only
 * possible, what becomes of the connection is followed without it, and nothing is certain of it any more. */
void translate(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
	       struct inside *inside)
{
	unsigned port = statement->nat.port;
	bool lost = leads_elsewhere(evaluator->packet.question, statement) ||
		    (port && !is_ssh_port(evaluator->packet.question, port));
	struct obstacle *obstacle = make_obstacle(evaluator, place->chain, place->rule, inside->doubt);
	bool certain = !place->hypothetical && !statement->nat.unknown;
	struct doubt doubt = {
	    .may_be_dropped = true, .may_differ = !lost || statement->nat.unknown, .obstacle = obstacle};
	struct flow *flow, *going = NULL;

	obstacle->diverted = true;
	if (statement->nat.unknown)
		obstacle->reason = "to where the connection is translated";
	else if (!obstacle->reason)
		obstacle->reason = "whether the connection is translated";
	note(evaluator, inside->maybe, doubt);
	if (lost && certain) {
		drop(evaluator, inside->sure, obstacle);
		inside->sure = NULL;
		return;
	}
	if (!certain) {
		note(evaluator, inside->sure, doubt);
		return;
	}
	while ((flow = region_pop(&evaluator->pool, &inside->sure))) {
		if (flow->may_have_left) {
			note(evaluator, flow, doubt);
		} else {
			flow->translated = true;
			flow->port = port ? port : evaluator->packet.question->port;
		}
		going = unite(evaluator, going, flow);
	}
	inside->sure = going;
	evaluator->packet.ports_vary = true;
}

/* --- all of them ----------------------------------------------------------- */

static void confuse_flow(void *context, struct flow *flow)
{
	const struct evaluator *evaluator = context;

	flow->mark_unknown = flow->connection_mark_unknown = true;
	flow->may_differ = flow->may_differ || evaluator->packet.nat;
	if (before_tracking(&evaluator->packet) != ANSWER_NO)
		flow->tracking_unknown = true;
}

void confuse(struct evaluator *evaluator, struct flow *region)
{
	evaluator->packet.marks_vary = evaluator->packet.tracking_varies = true;
	evaluator->was_untracked = evaluator->was_untracked || before_tracking(&evaluator->packet) != ANSWER_NO;
	region_each(&evaluator->pool, region, confuse_flow, evaluator);
}

struct comparison {
	struct packet *packet;
	const struct flow *first;
};

static void compare_flow(void *context, struct flow *flow)
{
	struct comparison *comparison = context;
	struct packet *packet = comparison->packet;
	const struct flow *first = comparison->first;

	packet->marks_vary = packet->marks_vary || flow->mark != first->mark ||
			     flow->mark_unknown != first->mark_unknown ||
			     flow->connection_mark != first->connection_mark ||
			     flow->connection_mark_unknown != first->connection_mark_unknown;
	packet->ports_vary = packet->ports_vary || flow->port != first->port || flow->translated != first->translated;
	packet->tracking_varies = packet->tracking_varies || flow->untracked != first->untracked ||
				  flow->tracking_unknown != first->tracking_unknown ||
				  flow->untracked_before != first->untracked_before ||
				  flow->tracking_unknown_before != first->tracking_unknown_before;
}

void compare_flows(struct evaluator *evaluator, struct flow *region)
{
	struct packet *packet = &evaluator->packet;

	packet->marks_vary = packet->ports_vary = packet->tracking_varies = false;
	region_each(&evaluator->pool, region, compare_flow, &(struct comparison){packet, region});
}
