/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_OSTREE_H
#define SSHRESCUE_DISKS_OSTREE_H

/* Systems that are deployed by OSTree (Fedora CoreOS and Silverblue, Endless, …): the root of the file system is none
 * of a system; those are below /ostree/deploy, and the boot loader's entries say which one boots. */

#include <stdbool.h>

#include "base/arena.h"

struct ostree_deployment {
	const char *path; /* "/ostree/deploy/fedora/deploy/CHECKSUM.0", without a link in it; NULL: there is none */
	const char *var; /* "/ostree/deploy/fedora/var" */
	bool guessed; /* no entry of a boot loader says so: it is the newest */
};

/* Looks for the deployment that boots on the file system that is mounted on directory. */
void ostree_find(struct arena *arena, const char *directory, struct ostree_deployment *ret);

#endif
