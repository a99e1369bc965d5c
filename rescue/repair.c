/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "repair.h"

#include <errno.h>
#include <string.h>

#include "rehearse/proof.h"
#include "target/staged.h"
#include "txn/txn.h"
#include "version.h"

bool choose_safe(void *context, const struct problem *problem)
{
	(void)context;
	return problem->class == REPAIR_SAFE;
}

bool choose_all(void *context, const struct problem *problem)
{
	(void)context;
	(void)problem;
	return true;
}

static void add_sentence(struct text *text, const struct txn_error *error)
{
	text_printf(text, "%s%s%s", error->path ? error->path : "", error->path ? ": " : "",
		    error->sentence ? error->sentence : strerror(-error->error));
}

static bool has_pending(struct target *target)
{
	cleanup_arena struct arena arena = {0};
	txn_list pending = {0};

	return txn_pending(target, &arena, &pending, NULL) < 0 || pending.count;
}

static int make_writable(const struct repair_request *request, bool *done)
{
	int r = 0;

	if (request->make_writable && !*done)
		r = request->make_writable(request->writable_context);
	*done = true;
	return r;
}

/* Finishes what an interrupted run left behind. What it did goes into the report's notes. */
static int settle(struct target *target, const struct repair_request *request, bool *writable, struct text *notes,
		  struct text *failure)
{
	struct txn_settle_report settled = {0};
	int r;

	if (request->dry_run || !has_pending(target))
		return 0;
	r = make_writable(request, writable);
	if (r >= 0)
		r = txn_settle(target, &settled);
	for (size_t i = 0; i < settled.settled.count; i++) {
		const struct txn_settled *one = &settled.settled.items[i];

		text_printf(notes, "%stransaction %s was left %s by an interrupted run: %s", notes->size ? "; " : "",
			    one->id, txn_state_name(one->was),
			    one->now == TXN_UNDONE ? "taken back completely" : "rolled back");
		for (size_t j = 0; j < one->left.count; j++)
			text_printf(notes, "; %s was left alone (%s)", one->left.items[j].path,
				    one->left.items[j].reason ? one->left.items[j].reason : "changed by somebody else");
		if (one->error.error) {
			text_add_string(failure,
					failure->size ? "; " : "an earlier transaction could not be settled: ");
			add_sentence(failure, &one->error);
		}
	}
	if (r < 0 && !failure->size) {
		text_add_string(failure, "an earlier transaction could not be settled: ");
		if (settled.error.error)
			add_sentence(failure, &settled.error);
		else
			text_add_string(failure, strerror(-r));
	}
	return r;
}

struct verification {
	struct target *target;
	const struct plan *plan;
};

/* Looks at the written root itself: it has to show what the staged view promised. */
static int verify_written(void *argument)
{
	const struct verification *verification = argument;
	struct target *target = verification->target;
	const struct findings *promised = &verification->plan->after->findings;
	struct staged *staged = target->staged;
	struct look *look = NULL;
	int r;

	target->staged = NULL;
	r = look_at(target, verification->plan->before->facts.expected_port, &look);
	target->staged = staged;
	if (r < 0)
		return r;
	if (look->findings.problems.count != promised->problems.count)
		r = -ESTALE;
	for (size_t i = 0; r == 0 && i < promised->problems.count; i++) {
		if (!problem_same(look->findings.problems.items[i], promised->problems.items[i]))
			r = -ESTALE;
	}
	look_free(look);
	return r;
}

static void commit(struct target *target, const struct repair_request *request, bool *writable, struct plan *plan,
		   struct repair_outcome *outcome, struct text *failure)
{
	ARRAY_OF(const char *) codes = {0};
	struct verification verification = {.target = target, .plan = plan};
	struct txn_meta meta = {.tool_version = SSHRESCUE_VERSION, .command = request->command};
	struct txn_result result = {0};
	int r;

	for (size_t i = 0; i < plan->problems.count; i++) {
		const struct problem *problem = plan->problems.items[i];

		/* Problems stand in the order of their codes' stages; a code is named once. */
		if (problem->state == PROBLEM_STATE_REPAIRED &&
		    (!codes.count || codes.items[codes.count - 1] != problem->info->code))
			*array_push(&plan->arena, &codes) = problem->info->code;
	}
	meta.problems = codes.items;
	meta.problem_count = codes.count;
	r = make_writable(request, writable);
	if (r < 0) {
		text_printf(failure, "nothing was written: the root cannot be mounted read-write: %s",
			    r == -EOPNOTSUPP
				? "it is an overlay, and what is written there may be gone with this boot; "
				  "repair the layer below it"
				: strerror(-r));
		outcome->failed = true;
		return;
	}
	r = txn_commit(target, &meta, verify_written, &verification, &result);
	if (r < 0) {
		text_add_string(failure, result.rollback_incomplete
					     ? "the repair failed half-way, the next run will take it back: "
					     : "nothing was written: ");
		if (!result.error.error)
			result.error.error = r;
		add_sentence(failure, &result.error);
		outcome->failed = true;
		return;
	}
	if (*result.id)
		outcome->report.transaction = arena_strdup(&plan->arena, result.id);
	if (result.durability_unknown) {
		outcome->report.notes = "applied, durability unknown: the disk did not confirm the last step";
		outcome->failed = true;
	}
}

/* Plays what would be written. True: it failed although the checks promise that a client gets in. */
static bool rehearse_plan(struct target *target, const struct repair_request *request, struct repair_outcome *outcome)
{
	outcome->rehearsal = rehearsal_forbidden;
	if (!request->no_exec)
		rehearse(target, outcome->plan.after, &request->rehearsal, &outcome->plan.arena, &outcome->rehearsal);
	outcome->report.rehearsal = &outcome->rehearsal;
	return rehearsal_disagrees(&outcome->rehearsal, &outcome->plan);
}

int repair_run(struct target *target, const struct repair_request *request, struct repair_outcome *ret)
{
	cleanup_arena struct arena arena = {0};
	struct text notes = {.arena = &arena}, failure = {.arena = &arena};
	bool writable = false, disagrees = false;
	int r, settled;

	memset(ret, 0, sizeof(*ret));
	settled = settle(target, request, &writable, &notes, &failure);
	r = plan_make(target, request->port, request->choose, request->choose_context, &ret->plan);
	if (r < 0)
		return r;
	ret->report.kind = request->dry_run ? REPORT_DRY_RUN : REPORT_REPAIR;
	ret->report.target = target;
	ret->report.plan = &ret->plan;
	if (notes.size)
		ret->report.notes = arena_strdup(&ret->plan.arena, notes.data);
	if (request->rehearse)
		disagrees = rehearse_plan(target, request, ret);
	if (settled < 0)
		ret->failed = true;
	else if (disagrees && !request->force && ret->plan.changes && !request->dry_run)
		text_printf(&failure, "nothing was written: the rehearsal failed: %s (--force overrides)",
			    ret->rehearsal.reason);
	else if (ret->plan.changes && !request->dry_run)
		commit(target, request, &writable, &ret->plan, ret, &failure);
	if (disagrees)
		rehearsal_raise(&ret->rehearsal, &ret->plan);
	if (failure.size)
		ret->report.failure = arena_strdup(&ret->plan.arena, failure.data);
	ret->report.exit = report_exit_status(&ret->report) | (ret->failed ? EXIT_ERROR : 0u);
	return 0;
}

void repair_release(struct repair_outcome *outcome)
{
	if (outcome->plan.before)
		plan_release(&outcome->plan);
}
