/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan.h"
#include "target/staged.h"

/*
 * The plan against a world of our own: its state is a word of bits, an edit flips the bit that its line names, and a
 * rule says which problems a look shows. look_at() and the staged layer are replaced by these.
 */

static unsigned world;
static unsigned looks;
static void (*rule)(struct findings *findings);
static struct staged something_staged;

int look_at(struct target *target, unsigned expected_port, struct look **ret)
{
	struct look *look = calloc(1, sizeof(*look));

	(void)target;
	assert_non_null(look);
	look->facts.expected_port = expected_port;
	look->findings.arena = &look->arena;
	rule(&look->findings);
	looks++;
	*ret = look;
	return 0;
}

struct look *look_free(struct look *look)
{
	if (look)
		arena_release(&look->arena);
	free(look);
	return NULL;
}

int staged_apply(struct target *target, const struct edit *const *edits, size_t count, const struct edit **ret_failed)
{
	for (size_t i = 0; i < count; i++) {
		if (edits[i]->line == 31) {
			*ret_failed = edits[i];
			return -EROFS;
		}
	}
	for (size_t i = 0; i < count; i++)
		world ^= 1u << edits[i]->line;
	something_staged.changes.count = world != 0;
	target->staged = &something_staged;
	return 0;
}

struct staged *staged_snapshot(struct target *target)
{
	unsigned *copy = arena_alloc(&target->arena, sizeof(*copy));

	*copy = world;
	return (struct staged *)(void *)copy;
}

void staged_restore(struct target *target, struct staged *snapshot)
{
	(void)target;
	world = *(unsigned *)(void *)snapshot;
	something_staged.changes.count = world != 0;
}

static struct problem *raise(struct findings *findings, enum problem_code code, const char *subject, unsigned bit)
{
	struct problem *problem = problem_raise(findings, code, NULL, 0, "%s", subject);
	struct edit *edit = array_push(findings->arena, &problem->edits);

	*edit = (struct edit){.op = EDIT_CHMOD, .path = "/x", .line = bit};
	problem->class = REPAIR_ASK;
	return problem;
}

static bool bit(unsigned number)
{
	return world >> number & 1;
}

static bool yes(void *context, const struct problem *problem)
{
	(void)problem;
	if (context)
		++*(unsigned *)context;
	return true;
}

static struct problem *find(struct plan *plan, const char *subject)
{
	for (size_t i = 0; i < plan->problems.count; i++) {
		if (string_equal(plan->problems.items[i]->subject, subject))
			return plan->problems.items[i];
	}
	fail_msg("no problem '%s'", subject);
	return NULL;
}

static void make(struct plan *plan, struct target *target, void (*wanted)(struct findings *findings),
		 plan_choose choose, void *context)
{
	memset(target, 0, sizeof(*target));
	world = 0;
	looks = 0;
	memset(&something_staged, 0, sizeof(something_staged));
	rule = wanted;
	assert_int_equal(plan_make(target, 0, choose, context, plan), 0);
}

static void done(struct plan *plan, struct target *target)
{
	plan_release(plan);
	arena_release(&target->arena);
}

static void two_independent(struct findings *findings)
{
	if (!bit(1))
		raise(findings, PROBLEM_BOOT_DEFAULT_MISSING, "one", 1);
	if (!bit(2))
		raise(findings, PROBLEM_SERVICE_MASKED, "two", 2);
}

static void a_check_stages_nothing_and_looks_once(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, two_independent, NULL, NULL);
	assert_int_equal(looks, 1);
	assert_ptr_equal(plan.before, plan.after);
	assert_false(plan.changes);
	assert_int_equal(find(&plan, "one")->state, PROBLEM_STATE_FOUND);
	done(&plan, &target);
}

static void all_repairs_of_a_look_are_proven_together(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, two_independent, yes, NULL);
	assert_int_equal(looks, 2);
	assert_int_equal(world, 1 << 1 | 1 << 2);
	assert_true(plan.changes);
	assert_int_equal(plan.repaired, 2);
	done(&plan, &target);
}

static void stays(struct findings *findings)
{
	if (!bit(1))
		raise(findings, PROBLEM_BOOT_DEFAULT_MISSING, "one", 1);
	raise(findings, PROBLEM_SERVICE_MASKED, "stubborn", 2);
}

static void a_useless_repair_is_dropped(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, stays, yes, NULL);
	assert_int_equal(world, 1 << 1);
	assert_int_equal(find(&plan, "one")->state, PROBLEM_STATE_REPAIRED);
	assert_int_equal(find(&plan, "stubborn")->state, PROBLEM_STATE_LEFT);
	assert_string_equal(find(&plan, "stubborn")->left_because, "its repair did not make it disappear");
	done(&plan, &target);
}

static void raises_another(struct findings *findings)
{
	if (!bit(2))
		raise(findings, PROBLEM_SERVICE_MASKED, "first", 2);
	else
		problem_raise(findings, PROBLEM_SERVICE_MASKED, NULL, 0, "worse");
}

static void a_repair_that_raises_a_problem_is_dropped(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, raises_another, yes, NULL);
	assert_int_equal(world, 0);
	assert_false(plan.changes);
	assert_int_equal(find(&plan, "first")->state, PROBLEM_STATE_LEFT);
	assert_non_null(strstr(find(&plan, "first")->left_because, "would raise a new problem"));
	assert_int_equal(plan.problems.count, 1);
	done(&plan, &target);
}

static void reveals_another(struct findings *findings)
{
	if (!bit(2)) {
		raise(findings, PROBLEM_SERVICE_MASKED, "outer", 2);
		findings->partial[STAGE_SERVICE] = true;
	} else if (!bit(3)) {
		raise(findings, PROBLEM_SERVICE_MASKED, "inner", 3);
	}
}

static void a_repair_may_reveal_what_was_hidden(void **state)
{
	struct target target;
	struct plan plan;
	unsigned asked = 0;

	(void)state;
	make(&plan, &target, reveals_another, yes, &asked);
	assert_int_equal(world, 1 << 2 | 1 << 3);
	assert_int_equal(asked, 2);
	assert_int_equal(plan.repaired, 2);
	done(&plan, &target);
}

static void circle(struct findings *findings)
{
	findings->partial[STAGE_SERVICE] = true;
	raise(findings, PROBLEM_SERVICE_MASKED, bit(2) ? "even" : "odd", 2);
}

static void repairs_that_undo_each_other_end(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, circle, yes, NULL);
	assert_true(looks < 10);
	done(&plan, &target);
}

static void vendor_file(struct findings *findings)
{
	if (!bit(1))
		raise(findings, PROBLEM_BOOT_DEFAULT_MISSING, "one", 1);
	raise(findings, PROBLEM_SERVICE_MASKED, "vendor", 31);
}

static void what_cannot_be_staged_does_not_stop_the_rest(void **state)
{
	struct target target;
	struct plan plan;
	unsigned asked = 0;

	(void)state;
	make(&plan, &target, vendor_file, yes, &asked);
	assert_int_equal(world, 1 << 1);
	assert_non_null(strstr(find(&plan, "vendor")->left_because, "belongs to the distribution"));
	/* each was asked about once, however often it was tried */
	assert_int_equal(asked, 2);
	done(&plan, &target);
}

static void hides_a_stage(struct findings *findings)
{
	if (!bit(2))
		raise(findings, PROBLEM_SERVICE_MASKED, "first", 2);
	else
		findings->skipped[STAGE_LISTEN] = true;
}

static void a_repair_must_not_blind_a_later_stage(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, hides_a_stage, yes, NULL);
	assert_int_equal(world, 0);
	done(&plan, &target);
}

static bool no(void *context, const struct problem *problem)
{
	(void)context;
	(void)problem;
	return false;
}

static void what_is_declined_is_left(void **state)
{
	struct target target;
	struct plan plan;

	(void)state;
	make(&plan, &target, two_independent, no, NULL);
	assert_int_equal(world, 0);
	assert_int_equal(find(&plan, "one")->state, PROBLEM_STATE_LEFT);
	assert_null(find(&plan, "one")->left_because);
	done(&plan, &target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_check_stages_nothing_and_looks_once),
	    cmocka_unit_test(all_repairs_of_a_look_are_proven_together),
	    cmocka_unit_test(a_useless_repair_is_dropped),
	    cmocka_unit_test(a_repair_that_raises_a_problem_is_dropped),
	    cmocka_unit_test(a_repair_may_reveal_what_was_hidden),
	    cmocka_unit_test(repairs_that_undo_each_other_end),
	    cmocka_unit_test(what_cannot_be_staged_does_not_stop_the_rest),
	    cmocka_unit_test(a_repair_must_not_blind_a_later_stage),
	    cmocka_unit_test(what_is_declined_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
