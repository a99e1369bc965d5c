/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_EXPORT_H
#define SSHRESCUE_DISKS_EXPORT_H

/* An image of a format of its own as a raw disk, by a program of QEMU's that runs beside us and ends with us. */

#include <stdbool.h>
#include <sys/types.h>

#include "disks/image.h"
#include "disks/mounts.h"

enum {
	EXPORTS_MOST = 64,
};

struct exports {
	struct workshop workshop; /* where the files are; root is "" before there is one */
	pid_t processes[EXPORTS_MOST];
	unsigned count;
};

/*
 * Starts the program and waits until the disk is there: a file in a mount namespace that this process enters for it, or
 * a network block device. *ret is its path. 0; -ENOENT where no such program is installed; other negative errno, with
 * the program's own words in *why, or "".
 */
int export_start(struct exports *exports, struct arena *arena, int image, enum image_format format, bool writable,
		 const char **ret, const char **why);
/* Ends what was started: the images are complete when this returns. */
void export_stop(struct exports *exports);

#endif
