/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_DAEMON_H
#define SSHRESCUE_STAGE_DAEMON_H

/* Private to the daemon stage: its parts, one file each. */

#include "stage/stage.h"
#include "stage/unmounted.h"

struct daemon_stage {
	const struct facts *facts;
	struct findings *findings;
	struct arena *arena;
	const char *binary; /* "/usr/sbin/sshd" */
	const char *session_path, *auth_path; /* NULL where this sshd has none */
};

/* daemon_program.c: is the program a program of this machine, and does the loader find all it needs? */
void daemon_check_program(struct daemon_stage *stage, const char *path, bool helper);

/* daemon_privsep.c: the unprivileged user, and the directory it is confined to. */
void daemon_check_user(struct daemon_stage *stage);
void daemon_check_directory(struct daemon_stage *stage);

/* daemon_options.c: what sshd is started with. */
void daemon_check_options(struct daemon_stage *stage);

/* daemon_package.c: what would help where nothing can be repaired. */

/* "reinstall the package openssh-server: apt-get install --reinstall openssh-server", by distribution. */
const char *daemon_sshd_remedy(struct daemon_stage *stage);
/* As above, for the package that a library belongs to, as far as the target's package database tells. */
const char *daemon_library_remedy(struct daemon_stage *stage, const char *library);

/* The mount point of fstab(5) on whose file system path is, when nothing is mounted there now; else NULL. What is
 * missing there is not missing. */
static inline const char *daemon_unmounted(const struct daemon_stage *stage, const char *path)
{
	string_list points;

	unmounted_points(stage->facts, stage->arena, &points);
	return unmounted_above(&points, path);
}

#endif
