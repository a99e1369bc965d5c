/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BOOT_MODULES_H
#define SSHRESCUE_BOOT_MODULES_H

/*
 * Kernel modules for a rehearsal in an initramfs, which holds none for cables, overlays and packet filters. The kernel
 * asks for them by the modprobe(8) of the initramfs; while it is lent the root's own modules, it finds there what the
 * rules need, and nothing else is loaded. Only for a kernel that is the root's own: in a rescue system its modules
 * would be a stranger's code.
 */

#include <limits.h>
#include <stdbool.h>

struct boot_modules {
	char place[PATH_MAX]; /* where the initramfs looks for modules of the running kernel */
	char reason[PATH_MAX + 128]; /* why they could not be lent, or empty */
	bool lent;
};

/* Makes the modules of the root be found. What keeps it from that is in reason. */
void boot_modules_lend(const char *root, struct boot_modules *ret);
void boot_modules_take_back(struct boot_modules *modules);

#endif
