/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_LOOP_H
#define SSHRESCUE_DISKS_LOOP_H

/* Loop devices: a window onto a part of a device or of a file, that the kernel itself can hold read-only, and that goes
 * away with its last user. */

#include <stdbool.h>
#include <stdint.h>

struct loop {
	char path[64]; /* "/dev/loop7" */
	int fd; /* keeps it; -1: there is none */
	int number;
	/* Set before it is attached: udev does not put what appears in it to use, while fd is open (systemd's
	 * BLOCK_DEVICE_LOCKING). */
	bool locked;
};

/* 0, or negative errno with ret->fd -1; -ENODEV where the kernel has no loop devices, nor a module for them. */
int loop_attach(int backing, uint64_t offset, uint64_t size, bool read_only, struct loop *ret);
/* Lets go of it, and waits until its last user has, too; false when that takes too long. */
bool loop_detach(struct loop *loop);

#endif
