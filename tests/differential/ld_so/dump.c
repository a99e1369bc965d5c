/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ld_so-dump ROOT {--processor HWCAPS-DIRECTORY|PROGRAM}...: what ld_so.c says of each program, one line a fact, for
 * the comparison with the loader. */
#include <stdio.h>
#include <string.h>

#include "parse/ld_so.h"

static void dump(struct target *target, const char *path, unsigned processor)
{
	struct arena arena __attribute__((cleanup(arena_release))) = {0};
	struct loaded_program program;
	int error = ld_so_load(target, &arena, path, processor, &program);

	printf("program %s\n", path);
	printf("state %d %s\n", program.state, program.reason ? program.reason : error < 0 ? strerror(-error) : "");
	for (size_t i = 0; i < program.libraries.count; i++) {
		const struct library *library = program.libraries.items[i];

		if (library == program.program)
			continue;
		if (library->state == LIBRARY_MISSING)
			printf("missing %s\n", library->name);
		else if (library->state == LIBRARY_BROKEN)
			printf("broken %s %s: %s\n", library->name, library->path, library->reason);
		else
			printf("library %s %s\n", library->name, library->path);
	}
	for (size_t i = 0; i < program.missing_versions.count; i++)
		printf("version %s %s %s\n", program.missing_versions.items[i].library->path,
		       program.missing_versions.items[i].version, program.missing_versions.items[i].user->path);
	printf("complete %d\n", ld_so_complete(&program));
}

int main(int count, char **arguments)
{
	cleanup_target struct target *target = NULL;
	unsigned processor = 0;
	int error;

	if (count < 3) {
		fprintf(stderr, "usage: ld_so-dump ROOT {--processor HWCAPS-DIRECTORY|PROGRAM}...\n");
		return 16;
	}
	error = target_open(&target, arguments[1], 0);
	if (error < 0) {
		fprintf(stderr, "%s: %s\n", arguments[1], strerror(-error));
		return 8;
	}
	for (int i = 2; i < count; i++) {
		if (strcmp(arguments[i], "--processor") == 0 && i + 1 < count)
			processor = ld_so_processor_named(arguments[++i]);
		else
			dump(target, arguments[i], processor);
	}
	return 0;
}
