/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_SUBVOLUMES_H
#define SSHRESCUE_DISKS_SUBVOLUMES_H

/* Subvolumes of a btrfs that may hold a system of their own. */

#include <stdbool.h>
#include <stddef.h>

enum {
	SUBVOLUMES_SIZE = 4096,
};

/* Whether a name can be given to mount(2) as an option's value, and be printed. */
bool subvolume_name_is_plain(const char *name);

/*
 * Names the subvolumes at the top level (directory is where that is mounted) other than the one that is mounted by
 * default (on default_fd). Snapshots are left alone: what is read-only, and what was made from another one, unless it
 * has a name that roots have. Each name in buffer ends in a NUL, the last one in two.
 */
void subvolumes_list(const char *directory, int default_fd, char buffer[SUBVOLUMES_SIZE]);

#endif
