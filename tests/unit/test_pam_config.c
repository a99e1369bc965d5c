/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "parse/pam_config.h"

/* Modules answer what their names say. */
static enum pam_answer by_name(void *context, const struct pam_entry *entry)
{
	(void)context;
	if (strcmp(entry->module, "yes") == 0)
		return PAM_ANSWER_SUCCESS;
	if (strcmp(entry->module, "change") == 0)
		return PAM_ANSWER_NEW_PASSWORD;
	return strcmp(entry->module, "ignore") == 0 ? PAM_ANSWER_IGNORE : PAM_ANSWER_AUTH_ERROR;
}

static enum pam_answer run_account(struct small_root *root, struct pam_config *config)
{
	pam_config_load(root->target, &root->arena, "sshd", config);
	return pam_stack_run(&config->stacks[PAM_FACILITY_ACCOUNT], by_name, NULL, NULL);
}

static void stacks_end_as_libpam_ends_them(void **state)
{
	static const struct {
		const char *text;
		enum pam_answer answer;
	} cases[] = {
	    {"account required yes", PAM_ANSWER_SUCCESS},
	    {"ACCOUNT REQUIRED yes # no", PAM_ANSWER_SUCCESS},
	    {"account required ignore", PAM_ANSWER_DENIED},
	    {"account required no\naccount required yes", PAM_ANSWER_AUTH_ERROR},
	    {"account sufficient yes\naccount required no", PAM_ANSWER_SUCCESS},
	    {"account required no\naccount sufficient yes", PAM_ANSWER_AUTH_ERROR},
	    {"account sufficient no\naccount required yes", PAM_ANSWER_SUCCESS},
	    {"account optional no", PAM_ANSWER_DENIED},
	    {"account required change", PAM_ANSWER_NEW_PASSWORD},
	    {"account [success=1 default=ignore] yes\naccount requisite no\naccount required yes", PAM_ANSWER_SUCCESS},
	    {"account [success=9 default=ignore] yes\naccount required yes", PAM_ANSWER_DENIED},
	    {"account required yes\naccount [success=reset] yes", PAM_ANSWER_DENIED},
	    {"account \\\n required \\\n yes", PAM_ANSWER_SUCCESS},
	    {"account required", PAM_ANSWER_DENIED},
	    {"account requird yes", PAM_ANSWER_DENIED},
	    {"account include sub\naccount required no", PAM_ANSWER_SUCCESS},
	    {"account substack sub\naccount required no", PAM_ANSWER_AUTH_ERROR},
	    {"account include lost\naccount required yes", PAM_ANSWER_DENIED},
	    {"@include sub", PAM_ANSWER_SUCCESS},
	    {"auth required yes", PAM_ANSWER_AUTH_ERROR}, /* of "other" */
	};
	struct small_root *root = *state;

	put(root, "/etc/pam.d/sub", "auth required no\naccount sufficient yes\n");
	put(root, "/etc/pam.d/other", "account required no\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pam_config config;

		put(root, "/etc/pam.d/sshd", cases[i].text);
		assert_int_equal(run_account(root, &config), cases[i].answer);
		assert_null(config.aborted);
	}
}

static void an_include_of_nothing_keeps_libpam_from_starting(void **state)
{
	struct small_root *root = *state;
	struct pam_config config;

	put(root, "/etc/pam.d/sshd", "account required yes\n@include lost\n");
	run_account(root, &config);
	assert_non_null(config.aborted);
	assert_int_equal(config.aborted->line, 2);
}

static void includes_without_end_are_given_up(void **state)
{
	struct small_root *root = *state;
	struct pam_config config;

	put(root, "/etc/pam.d/sshd", "account include sshd\naccount substack sshd\n");
	run_account(root, &config);
	assert_true(config.not_understood);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(stacks_end_as_libpam_ends_them, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(an_include_of_nothing_keeps_libpam_from_starting, small_root_setup,
					    small_root_teardown),
	    cmocka_unit_test_setup_teardown(includes_without_end_are_given_up, small_root_setup, small_root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
