/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can log in, as sshrescue judges it: dump ROOT. A line on standard input asks for one look; the answer is a line
 * for each account (name, the ways that are certain, those that are possible, whether one is open in any case, reason),
 * one for what TCP wrappers do ("wrappers" and the problem's code, or nothing), and "end".
 */
#include <stdio.h>

#include "facts.h"
#include "stage/login.h"
#include "target/target.h"

static void print_account(struct login_stage *stage, const struct account *account)
{
	struct arena scratch cleanup_arena = {0};
	struct verdict_of_account verdict;

	stage->arena = &scratch;
	login_judge(stage, account, &verdict);
	printf("%s\t%u\t%u\t%d\t%s\n", account->passwd->name, verdict.certain, verdict.possible, verdict.always,
	       verdict.reason ? verdict.reason : "");
	stage->arena = stage->lasting;
}

static int look(const char *root)
{
	struct target *target cleanup_target = NULL;
	struct arena arena cleanup_arena = {0};
	struct findings findings = {.arena = &arena};
	struct login_stage stage;
	struct facts facts = {0};

	if (target_open(&target, root, 0) < 0 || facts_gather(target, &arena, &facts) < 0)
		return -1;
	if (facts.config.errors.count)
		printf("error\t%s\n", facts.config.errors.items[0].message);
	login_stage_init(&stage, &facts, &findings);
	for (size_t i = 0; i < stage.accounts.count; i++)
		print_account(&stage, &stage.accounts.items[i]);
	findings.problems.count = 0;
	login_check_wrappers(&stage);
	printf("wrappers\t%s\n", findings.problems.count ? findings.problems.items[0]->info->code : "");
	puts("end");
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	char line[16];

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		if (look(argv[1]) < 0)
			return 1;
	}
	return 0;
}
