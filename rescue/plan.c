/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "target/staged.h"

/* More rounds than any chain of problems that hide each other needs. */
enum {
	MAX_ROUNDS = 64
};

typedef ARRAY_OF(const struct problem *) candidate_list;

static const char *copy_text(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

/* A problem outlives the look that found it. */
static struct problem *copy_problem(struct arena *arena, const struct problem *problem)
{
	struct problem *copy = ARENA_NEW(arena, struct problem);

	*copy = *problem;
	copy->subject = copy_text(arena, problem->subject);
	copy->path = copy_text(arena, problem->path);
	copy->evidence = copy_text(arena, problem->evidence);
	copy->repair = copy_text(arena, problem->repair);
	copy->remedy = copy_text(arena, problem->remedy);
	memset(&copy->edits, 0, sizeof(copy->edits));
	for (size_t i = 0; i < problem->edits.count; i++) {
		struct edit *edit = array_push(arena, &copy->edits);

		*edit = problem->edits.items[i];
		edit->path = copy_text(arena, edit->path);
		edit->text = copy_text(arena, edit->text);
		memset(&edit->content, 0, sizeof(edit->content)); /* the staged layer has it */
	}
	return copy;
}

static struct problem *plan_find(struct plan *plan, const struct problem *problem)
{
	for (size_t i = 0; i < plan->problems.count; i++) {
		if (problem_same(plan->problems.items[i], problem))
			return plan->problems.items[i];
	}
	return NULL;
}

static const struct problem *look_find(const struct look *look, const struct problem *problem)
{
	for (size_t i = 0; i < look->findings.problems.count; i++) {
		if (problem_same(look->findings.problems.items[i], problem))
			return look->findings.problems.items[i];
	}
	return NULL;
}

void plan_record(struct plan *plan, const struct look *look)
{
	for (size_t i = 0; i < look->findings.problems.count; i++) {
		const struct problem *problem = look->findings.problems.items[i];
		size_t place;

		if (plan_find(plan, problem))
			continue;
		(void)array_push(&plan->arena, &plan->problems);
		for (place = plan->problems.count - 1; place > 0; place--) {
			if (plan->problems.items[place - 1]->info->stage <= problem->info->stage)
				break;
			plan->problems.items[place] = plan->problems.items[place - 1];
		}
		plan->problems.items[place] = copy_problem(&plan->arena, problem);
	}
}

static bool matters(const struct problem *problem)
{
	return problem->severity == SEVERITY_BLOCKS || problem->severity == SEVERITY_UNKNOWN ||
	       problem->severity == SEVERITY_LIMITS;
}

static bool among(const candidate_list *candidates, const struct problem *problem)
{
	for (size_t i = 0; i < candidates->count; i++) {
		if (problem_same(candidates->items[i], problem))
			return true;
	}
	return false;
}

/*
 * Whether the look after the repairs proves them: their problems are gone and nothing that matters was raised. What a
 * stage shows for the first time was raised by the repair if the stage had been judged in full before; where it had
 * been hidden behind an earlier problem, it was only revealed. Returns NULL, or what is wrong.
 */
static const char *disproof(struct plan *plan, const struct look *before, const struct look *after,
			    const candidate_list *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		if (look_find(after, candidates->items[i]))
			return "its repair did not make it disappear";
	}
	for (size_t i = 0; i < after->findings.problems.count; i++) {
		const struct problem *problem = after->findings.problems.items[i], *known;
		enum stage stage = problem->info->stage;

		known = look_find(before, problem);
		if (!matters(problem) || (known && known->severity <= problem->severity))
			continue;
		if (before->findings.skipped[stage] || before->findings.partial[stage])
			continue;
		return arena_printf(&plan->arena, "its repair would raise a new problem: %s",
				    problem_summary(&plan->arena, problem));
	}
	for (enum stage stage = STAGE_BOOT; stage < STAGE_COUNT; stage++) {
		if (after->findings.skipped[stage] && !before->findings.skipped[stage])
			return arena_printf(&plan->arena, "its repair would hide the %s stage", stage_name(stage));
	}
	return NULL;
}

static const char *staging_failure(struct arena *arena, int error, const struct edit *edit)
{
	const char *path = edit ? edit->path : "?";

	switch (error) {
	case -EROFS:
		return arena_printf(arena, "%s belongs to the distribution's packages and is not edited", path);
	case -EPERM:
		return arena_printf(arena, "%s is outside of what a repair may touch", path);
	default:
		return arena_printf(arena, "%s cannot be edited: %s", path, strerror(-error));
	}
}

/* Stages the candidates' edits together and looks again. NULL when proven: plan->after is then the new look. Otherwise
 * what is wrong, and everything is as it was. */
static const char *plan_attempt(struct plan *plan, struct target *target, const candidate_list *candidates)
{
	struct staged *snapshot = staged_snapshot(target);
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed = NULL;
	struct look *next;
	const char *wrong;
	int r;

	for (size_t i = 0; i < candidates->count; i++) {
		for (size_t j = 0; j < candidates->items[i]->edits.count; j++)
			*array_push(&plan->arena, &edits) = &candidates->items[i]->edits.items[j];
	}
	r = staged_apply(target, edits.items, edits.count, &failed);
	if (r < 0)
		return staging_failure(&plan->arena, r, failed);
	r = look_at(target, plan->before->facts.expected_port, &next);
	if (r < 0) {
		staged_restore(target, snapshot);
		return "the root could not be looked at again";
	}
	wrong = disproof(plan, plan->after, next, candidates);
	if (wrong) {
		staged_restore(target, snapshot);
		look_free(next);
		return wrong;
	}
	for (size_t i = 0; i < candidates->count; i++)
		plan_find(plan, candidates->items[i])->state = PROBLEM_STATE_REPAIRED;
	plan_record(plan, next);
	if (plan->after != plan->before)
		look_free(plan->after);
	plan->after = next;
	return NULL;
}

/* Whether the repair of a problem of the present look is to be tried. */
static bool plan_wants(struct plan *plan, const struct problem *problem, plan_choose choose, void *context)
{
	struct problem *recorded = plan_find(plan, problem);

	if (recorded->state == PROBLEM_STATE_LEFT || problem->class == REPAIR_REPORT || !problem->edits.count)
		return false;
	if (recorded->state == PROBLEM_STATE_REPAIRED) {
		/* Whatever brought it back, trying again would go in circles. */
		recorded->state = PROBLEM_STATE_LEFT;
		recorded->left_because = "it came back after its repair";
		return false;
	}
	if (!recorded->wanted && !choose(context, problem)) {
		recorded->state = PROBLEM_STATE_LEFT;
		return false;
	}
	recorded->wanted = true;
	return true;
}

/* One by one, when all together could not be proven: the first that is proven ends the round, for lines may have moved.
 */
static void plan_attempt_singly(struct plan *plan, struct target *target, const candidate_list *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		struct problem *recorded = plan_find(plan, candidates->items[i]);
		candidate_list single = {.items = &candidates->items[i], .count = 1};
		const char *wrong = plan_attempt(plan, target, &single);

		if (!wrong)
			return;
		recorded->state = PROBLEM_STATE_LEFT;
		recorded->left_because = wrong;
	}
}

/* The last look has the last word: what it does not show is repaired, also where another problem's repair did it. */
static void plan_settle_states(struct plan *plan)
{
	for (size_t i = 0; i < plan->problems.count; i++) {
		struct problem *problem = plan->problems.items[i];

		problem->state = look_find(plan->after, problem) ? PROBLEM_STATE_LEFT : PROBLEM_STATE_REPAIRED;
		if (problem->state == PROBLEM_STATE_REPAIRED)
			plan->repaired++;
	}
}

int plan_make(struct target *target, unsigned expected_port, plan_choose choose, void *context, struct plan *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = look_at(target, expected_port, &ret->before);
	if (r < 0)
		return r;
	ret->after = ret->before;
	plan_record(ret, ret->before);
	for (unsigned round = 0; choose && round < MAX_ROUNDS; round++) {
		const struct look *look = ret->after;
		candidate_list candidates = {0};

		for (size_t i = 0; i < look->findings.problems.count; i++) {
			const struct problem *problem = look->findings.problems.items[i];

			if (!among(&candidates, problem) && plan_wants(ret, problem, choose, context))
				*array_push(&ret->arena, &candidates) = problem;
		}
		if (!candidates.count)
			break;
		if (plan_attempt(ret, target, &candidates))
			plan_attempt_singly(ret, target, &candidates);
	}
	if (choose)
		plan_settle_states(ret);
	ret->changes = target->staged && target->staged->changes.count;
	return 0;
}

void plan_release(struct plan *plan)
{
	if (plan->after != plan->before)
		look_free(plan->after);
	look_free(plan->before);
	arena_release(&plan->arena);
	memset(plan, 0, sizeof(*plan));
}
