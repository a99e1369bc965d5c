/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "base/text.h"
#include "settings.h"

static struct settings parse(struct arena *arena, const char *text)
{
	struct blob blob = {.data = arena_strdup(arena, text), .size = strlen(text)};
	struct settings settings;

	settings_parse(arena, &blob, &settings);
	return settings;
}

static void defaults(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct settings settings = parse(&arena, "");

	(void)state;
	assert_int_equal(settings.boot, BOOT_OFF);
	assert_int_equal(settings.timeout, BOOT_TIMEOUT_DEFAULT);
	assert_int_equal(settings.port, 0);
	assert_int_equal(settings.mistakes.count, 0);
}

static void all_settings(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct settings settings = parse(&arena, "# a comment\n"
						 "; another\r\n"
						 "\n"
						 "[sshrescue]\n"
						 "boot = guard\r\n"
						 "\ttimeout=5\n"
						 "port=2222\n"
						 "ignore=keys.mode, listen.loopback\n"
						 "ignore=boot.default-other\n"
						 "[class]\n"
						 "service.masked = report\n"
						 "keys.mode=ask");

	(void)state;
	assert_int_equal(settings.mistakes.count, 0);
	assert_int_equal(settings.boot, BOOT_GUARD);
	assert_int_equal(settings.timeout, 5);
	assert_int_equal(settings.port, 2222);
	assert_int_equal(settings.rules[PROBLEM_KEYS_MODE].ignored, 8);
	assert_int_equal(settings.rules[PROBLEM_LISTEN_LOOPBACK].ignored, 8);
	assert_int_equal(settings.rules[PROBLEM_BOOT_DEFAULT_OTHER].ignored, 9);
	assert_int_equal(settings.rules[PROBLEM_SERVICE_MASKED].class, REPAIR_REPORT);
	assert_int_equal(settings.rules[PROBLEM_SERVICE_MASKED].class_line, 11);
	assert_int_equal(settings.rules[PROBLEM_KEYS_MODE].class, REPAIR_ASK);
}

/* Each is reported with its line, and leaves the default. */
static void mistakes(void **state)
{
	static const char *const wrong[] = {
	    "boot=rapair",
	    "boot=",
	    "timeout=0",
	    "timeout=3601",
	    "timeout=5s",
	    "port=65536",
	    "port=-1",
	    "bott=preen",
	    "boot",
	    "ignore=no.such",
	    "[classes]",
	    "[class",
	    "[class]\nkeys.mode=safer",
	    "[class]\nno.such=ask",
	    "[class]\nboot=check",
	    "[class]\n=report",
	    "=",
	    "[class]\nservice.masked=safe",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_arena struct arena arena = {0};
		struct settings settings = parse(&arena, wrong[i]);

		assert_int_equal(settings.mistakes.count, 1);
		assert_int_equal(settings.mistakes.items[0].line, strchr(wrong[i], '\n') ? 2 : 1);
		assert_int_equal(settings.boot, BOOT_OFF);
		assert_int_equal(settings.timeout, BOOT_TIMEOUT_DEFAULT);
		assert_int_equal(settings.port, 0);
		for (size_t code = 0; code < PROBLEM_COUNT; code++) {
			assert_int_equal(settings.rules[code].ignored, 0);
			assert_int_equal(settings.rules[code].class_line, 0);
		}
	}
}

static void a_mistake_spoils_only_its_line(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct settings settings =
	    parse(&arena, "bott=check\nboot=check\nignore=no.such keys.mode\n[x]\nport=1\nboot=off\n");

	(void)state;
	assert_int_equal(settings.mistakes.count, 3);
	assert_string_equal(settings_complaint(&arena, &settings.mistakes.items[0]),
			    "/etc/sshrescue.conf:1: bott=check: there is no such setting; ignored");
	assert_int_equal(settings.mistakes.items[1].line, 3);
	assert_int_equal(settings.mistakes.items[2].line, 4);
	assert_int_equal(settings.boot, BOOT_CHECK);
	assert_int_equal(settings.rules[PROBLEM_KEYS_MODE].ignored, 3);
	assert_int_equal(settings.port, 0);
}

static void nul_bytes(void **state)
{
	cleanup_arena struct arena arena = {0};
	char text[] = "boot=check\0off\nport=7\n";
	struct blob blob = {.data = text, .size = sizeof(text) - 1};
	struct settings settings;

	(void)state;
	settings_parse(&arena, &blob, &settings);
	assert_int_equal(settings.boot, BOOT_OFF);
	assert_int_equal(settings.mistakes.count, 1);
	assert_int_equal(settings.port, 7);
}

static void findings_become_more_careful(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct settings settings = parse(
	    &arena, "ignore=listen.loopback\n[class]\nkeys.mode=ask\nservice.masked=report\nconfig.keyword=ask\n");
	struct findings findings = {.arena = &arena};
	struct problem *ignored = problem_raise(&findings, PROBLEM_LISTEN_LOOPBACK, "/a", 1, "x");
	struct problem *asked = problem_raise(&findings, PROBLEM_KEYS_MODE, "/b", 1, "x");
	struct problem *left = problem_raise(&findings, PROBLEM_SERVICE_MASKED, "/c", 1, "x");
	struct problem *reported = problem_raise(&findings, PROBLEM_CONFIG_KEYWORD, "/d", 1, "x");

	(void)state;
	(void)array_push(&arena, &ignored->edits);
	(void)array_push(&arena, &asked->edits);
	(void)array_push(&arena, &left->edits);
	/* what a check itself only reports stays so */
	reported->class = REPAIR_REPORT;
	settings_apply(&settings, &findings);
	assert_int_equal(findings.problems.count, 4);
	assert_int_equal(ignored->severity, SEVERITY_INFO);
	assert_int_equal(ignored->edits.count, 0);
	assert_string_equal(ignored->remedy, "ignored by /etc/sshrescue.conf:1");
	assert_int_equal(asked->class, REPAIR_ASK);
	assert_int_equal(asked->edits.count, 1);
	assert_int_equal(left->class, REPAIR_REPORT);
	assert_int_equal(left->severity, SEVERITY_BLOCKS);
	assert_int_equal(left->edits.count, 0);
	assert_int_equal(reported->class, REPAIR_REPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),	 cmocka_unit_test(all_settings),
	    cmocka_unit_test(mistakes),	 cmocka_unit_test(a_mistake_spoils_only_its_line),
	    cmocka_unit_test(nul_bytes), cmocka_unit_test(findings_become_more_careful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
