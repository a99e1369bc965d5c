/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_MOUNTS_H
#define SSHRESCUE_REHEARSE_MOUNTS_H

/* The file system that the machine of a rehearsal sees. */

#include <stddef.h>

#include "rehearse/script.h"

/*
 * For the first process of a fresh mount and pid namespace. Lays an overlay over the target, makes it the root and
 * leaves nothing else in reach: own /proc, a minimal /dev, empty /run and /tmp. The current directory is the target's
 * root. What is written goes to memory and is gone with the namespace. 0, or negative
 * errno and *ret_what says what could not be done.
 */
int mounts_make(const struct script *script, const char **ret_what);

#endif
