/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/pam_config.h"

static const char *const paths[] = {"/etc/pam.d/sshd",
				    "/etc/pam.d/common-auth",
				    "/etc/pam.d/common-account",
				    "/etc/pam.d/common-session",
				    "/etc/pam.d/password-auth",
				    "/etc/pam.d/other",
				    NULL};

struct answers {
	size_t asked, limit;
	unsigned choice;
};

static enum pam_answer answer(void *context, const struct pam_entry *entry)
{
	struct answers *answers = context;

	assert(entry->module);
	assert(++answers->asked <= answers->limit);
	return (answers->choice + answers->asked) % PAM_ANSWER_COUNT;
}

static void read_pam(const struct fuzz_input *input)
{
	struct pam_config config;

	pam_config_load(input->target, input->arena, "sshd", &config);
	for (size_t i = 0; i < PAM_FACILITY_COUNT; i++) {
		struct answers answers = {.limit = config.stacks[i].entries.count, .choice = input->choice};
		const struct pam_entry *decisive;

		pam_stack_run(&config.stacks[i], answer, &answers, &decisive);
	}
}

const struct fuzz_format fuzz_format = {.paths = paths, .choices = true, .read = read_pam};
