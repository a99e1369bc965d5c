/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_TOOL_H
#define SSHRESCUE_DISKS_TOOL_H

/* Programs of the rescuer, where they are installed: never of what is examined, never through a shell, from the usual
 * directories only and with an environment of their own. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

enum {
	TOOL_OUTPUT_MOST = 1024 * 1024,
};

/* Where a program is, in arena; NULL: it is not installed. */
const char *tool_path(struct arena *arena, const char *name);

struct tool_result {
	int status; /* exit status; -1: died of a signal */
	struct blob output; /* what it wrote to standard output, in arena */
	const char *complaint; /* the last line that it wrote to standard error, in arena; or "" */
};

/* Runs a program to its end: argv[0] is its name, argv ends in NULL. Its input is at_input (a descriptor), or nothing
 * for -1. 0, or negative errno when it could not be started: -ENOENT where it is not installed. */
int tool_run(struct arena *arena, const char *const argv[], int at_input, struct tool_result *ret);

/* Starts a program that stays, and is ended with us. keep is a descriptor that it inherits under the same number, or
 * -1. Its process, or negative errno. */
pid_t tool_start(struct arena *arena, const char *const argv[], int keep, int standard_error);

#endif
