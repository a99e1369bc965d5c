/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_PARTS_H
#define SSHRESCUE_DISKS_PARTS_H

/* The parts of a system that its fstab(5) mounts from elsewhere on the same machine, and that a look needs: a separate
 * /usr, /var, /home, /boot. They are mounted read-only, whatever is done to the root. */

#include "disks/loop.h"
#include "disks/system.h"

enum {
	PARTS_MOST = 8,
};

struct parts {
	struct arena *arena;
	struct part {
		int point; /* O_PATH: what is mounted there */
		struct loop loop;
	} items[PARTS_MOST];
	size_t count;
};

/* Mounts what can be found on the root in directory, whose own device is root_device. What cannot is left out: the
 * checks say so. */
void parts_mount(struct parts *parts, const struct place *place, const char *directory, const char *root_device);
void parts_unmount(struct parts *parts);

/* The volume that fstab(5) means by a source, of those that belong to the machine of the root; NULL: none. */
const struct volume *parts_find(const struct place *place, const char *source);

#endif
