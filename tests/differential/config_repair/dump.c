/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plan makes of the configuration in a root, for a program to compare: dump ROOT. A line on standard input
 * asks for one look; the answer is a line for each problem of the config stage (code, state, path, line, subject), one
 * for each file that would change (path, size; then the content), and "end".
 */
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "target/staged.h"
#include "target/target.h"

static bool choose(void *context, const struct problem *problem)
{
	(void)context;
	return problem->info->stage == STAGE_CONFIG;
}

static void print_field(const char *text)
{
	putchar('\t');
	for (; text && *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == '\\' || *text == 0x7f)
			printf("\\%03o", (unsigned char)*text);
		else
			putchar(*text);
	}
}

static void print_plan(const struct plan *plan, const struct target *target)
{
	static const char *const states[] = {"found", "repaired", "left"};

	for (size_t i = 0; i < plan->problems.count; i++) {
		const struct problem *problem = plan->problems.items[i];

		if (problem->info->stage != STAGE_CONFIG)
			continue;
		printf("problem\t%s\t%s\t%u", problem->info->code, states[problem->state], problem->line);
		print_field(problem->path);
		print_field(problem->subject);
		print_field(problem->left_because);
		putchar('\n');
	}
	for (size_t i = 0; target->staged && i < target->staged->changes.count; i++) {
		const struct change *change = &target->staged->changes.items[i];

		printf("file\t%zu", change->after.content.size);
		print_field(change->path);
		putchar('\n');
		fwrite(change->after.content.data, 1, change->after.content.size, stdout);
	}
	puts("end");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[16];

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		cleanup_target struct target *target = NULL;
		struct plan plan;

		if (target_open(&target, argv[1], 0) < 0 || plan_make(target, 0, choose, NULL, &plan) < 0)
			return 1;
		print_plan(&plan, target);
		plan_release(&plan);
	}
	return 0;
}
