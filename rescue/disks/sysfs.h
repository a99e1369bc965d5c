/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_SYSFS_H
#define SSHRESCUE_DISKS_SYSFS_H

/* Small files of the kernel's own file systems. */

#include "base/arena.h"

enum {
	SYSFS_LIMIT = 1024 * 1024, /* /proc/self/mountinfo of a machine full of containers */
};

/* The first line of a file without its newline, in arena; NULL when it cannot be read or is empty. */
char *sysfs_line(struct arena *arena, const char *path);
/* All of a file. 0 or negative errno. */
int sysfs_read(struct arena *arena, const char *path, struct blob *ret);
/* The names in a directory, sorted, without . and ..; none where there is no such directory. */
void sysfs_list(struct arena *arena, const char *path, string_list *ret);

#endif
