/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_MOUNTS_H
#define SSHRESCUE_DISKS_MOUNTS_H

/* Mounting a file system that may be damaged or hostile, so that as little as possible happens. */

#include <stdbool.h>

#include "base/text.h"
#include "disks/probe.h"

/* Two empty directories to mount on. */
struct workshop {
	char root[16], other[16];
};

/* Leaves the caller's mount namespace, and makes a place in it that only this process and its children see. 0 or
 * negative errno. */
int mounts_begin(struct workshop *ret);

/*
 * Mounts a device on a directory: never with set-user-ID programs, devices, programs or, where the kernel has it
 * (5.10), symbolic links that it follows. Read-only, the journal is not replayed; *unseen says whether something in it
 * is not seen therefore. 0 or negative errno.
 */
int mounts_attach(const char *device, const char *directory, enum content content, bool needs_recovery, bool writable,
		  const char *option, bool *unseen);

/* Shows the directory path below one mount at another place below a second one; no link on the way is followed. 0 or
 * negative errno. */
int mounts_bind(const char *from, const char *path, const char *to, const char *place);

/* What an administrator runs to have a file system repaired: "e2fsck -f"; NULL when there is no such thing. */
const char *mounts_fsck(enum content content);

#endif
