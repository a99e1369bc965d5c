/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "problem.h"

static void rows_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROBLEM_COUNT; i++) {
		const struct problem_info *info = &problem_table[i];
		const char *dot, *placeholder;
		size_t stage_length;

		assert_non_null(info->code);
		dot = strchr(info->code, '.');
		assert_non_null(dot);
		stage_length = strlen(stage_name(info->stage));
		/* What the rehearsal finds may be at any stage. */
		if (strncmp(info->code, "rehearsal.", 10) != 0) {
			assert_int_equal((size_t)(dot - info->code), stage_length);
			assert_memory_equal(info->code, stage_name(info->stage), stage_length);
		}
		for (const char *c = dot + 1; *c; c++)
			assert_true((*c >= 'a' && *c <= 'z') || char_is_digit(*c) || *c == '-');
		/* A title is one line, without a full stop, with one place at most for the subject. */
		assert_true(strlen(info->title) > 8);
		assert_null(strchr(info->title, '\n'));
		assert_int_not_equal(info->title[strlen(info->title) - 1], '.');
		placeholder = strchr(info->title, '%');
		if (placeholder) {
			assert_int_equal(placeholder[1], 's');
			assert_null(strchr(placeholder + 1, '%'));
		}
		/* An explanation is whole sentences. */
		assert_true(strlen(info->explanation) > 60);
		assert_int_equal(info->explanation[strlen(info->explanation) - 1], '.');
		assert_null(strstr(info->explanation, "  "));
		if (info->class != REPAIR_REPORT)
			assert_int_not_equal(info->verb, VERB_NONE);
	}
}

static void codes_are_unique_and_in_order_of_the_way_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROBLEM_COUNT; i++) {
		if (i)
			assert_true(problem_table[i - 1].stage <= problem_table[i].stage);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(problem_table[i].code, problem_table[j].code);
	}
}

static void verbs_have_both_tenses(void **state)
{
	(void)state;
	for (size_t i = 0; i < VERB_COUNT; i++) {
		assert_non_null(verb_texts[i].present);
		assert_non_null(verb_texts[i].past);
	}
}

static void the_worst_problem_colours_a_stage(void **state)
{
	struct arena arena = {0};
	struct findings findings = {.arena = &arena};
	struct problem *problem;

	(void)state;
	assert_int_equal(findings_stage_status(&findings, STAGE_SERVICE), STAGE_OK);
	problem = problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/x", 3, "%s", "ssh.service");
	assert_string_equal(problem_summary(&arena, problem), "ssh.service is masked");
	problem->severity = SEVERITY_WARNS;
	assert_int_equal(findings_stage_status(&findings, STAGE_SERVICE), STAGE_WARNS);
	problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/x", 0, "ssh.socket");
	assert_int_equal(findings_stage_status(&findings, STAGE_SERVICE), STAGE_BLOCKS);
	assert_int_equal(findings_stage_status(&findings, STAGE_BOOT), STAGE_OK);
	findings.skipped[STAGE_BOOT] = true;
	assert_int_equal(findings_stage_status(&findings, STAGE_BOOT), STAGE_SKIPPED);
	arena_release(&arena);
}

static void a_problem_stays_the_same_when_lines_move(void **state)
{
	struct arena arena = {0};
	struct findings findings = {.arena = &arena};
	struct problem *first, *moved, *other, *elsewhere;

	(void)state;
	first = problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/x", 3, "a");
	moved = problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/x", 4, "a");
	other = problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/x", 3, "b");
	elsewhere = problem_raise(&findings, PROBLEM_SERVICE_MASKED, NULL, 3, "a");
	assert_true(problem_same(first, moved));
	assert_false(problem_same(first, other));
	assert_false(problem_same(first, elsewhere));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_complete),
	    cmocka_unit_test(codes_are_unique_and_in_order_of_the_way_in),
	    cmocka_unit_test(verbs_have_both_tenses),
	    cmocka_unit_test(the_worst_problem_colours_a_stage),
	    cmocka_unit_test(a_problem_stays_the_same_when_lines_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
