/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_MOUNTS_H
#define SSHRESCUE_DISKS_MOUNTS_H

/* Mounting a file system that may be damaged or hostile, so that as little as possible happens. */

#include <stdbool.h>

#include "base/text.h"
#include "disks/probe.h"

/* Leaves the caller's mount namespace, and makes an empty place in it that only this process and its children see. Its
 * path, or NULL with errno set. */
const char *mounts_begin(void);

/*
 * Mounts a device on a directory: never with set-user-ID programs, devices, programs or, where the kernel has it
 * (5.10), symbolic links that it follows. Read-only, the journal is not replayed; *unseen says whether something in it
 * is not seen therefore. 0 or negative errno.
 */
int mounts_attach(const char *device, const char *directory, enum content content, bool needs_recovery, bool writable,
		  const char *subvolume, bool *unseen);

/* What an administrator runs to have a file system repaired: "e2fsck -f"; NULL when there is no such thing. */
const char *mounts_fsck(enum content content);

#endif
