/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_PASS_H
#define SSHRESCUE_DISKS_PASS_H

/* One pass over a system: mounted read-only, or to be written to. Shared by the processes of system.c. */

#include "disks/system.h"

struct pass {
	const struct place *place;
	const struct system_request *request;
	struct system_result *result;
	const char *directory; /* where it is mounted */
	int backing; /* the volume's device or file */
	int report_fd;
	bool writable;
};

/* Says in the result what went wrong, and returns EXIT_ERROR. */
unsigned pass_trouble(struct pass *pass, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* worker.c: leaves the mount namespace, mounts, calls job in a process of its own, unmounts: the exit status. */
unsigned pass_work(struct pass *pass, unsigned (*job)(struct pass *pass));
/* examine.c: looks at what is mounted, from the inside: the exit status. */
unsigned pass_examine(struct pass *pass);

/* Waits for a child: its exit status, or EXIT_ERROR when it died. */
unsigned pass_wait(struct pass *pass, pid_t child);

#endif
