/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_SUBMOUNTS_H
#define SSHRESCUE_REHEARSE_SUBMOUNTS_H

/* The parts of a root that are filesystems of their own: /usr, /var, … */

#include "base/arena.h"

enum {
	SUBMOUNT_LIMIT = 32
};

/* The mount points below root (a path as getcwd(3) gives it) that hold files of a disk, parents before children; the
 * kernel's own filesystems and those in memory are left out. What of /proc/self/mountinfo cannot be read has none. */
void submounts_find(struct arena *arena, const char *root, string_list *ret);
/* The same, of a given text of that file. */
void submounts_read(struct arena *arena, const struct blob *mountinfo, const char *root, string_list *ret);

#endif
