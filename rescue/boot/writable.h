/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BOOT_WRITABLE_H
#define SSHRESCUE_BOOT_WRITABLE_H

/* The root's mount: read-write while something is written, and then as it was. */

struct boot_mount {
	const char *root;
	unsigned long read_only_flags; /* the mount's flags before the remount; 0: it was not remounted */
};

/*
 * Makes the /etc of the root writable. Where it is a mount of its own that is read-only, as a composed or generated one
 * may be, it is not ours to change: -EROFS, as for a device that is read-only. An overlay is not either, whose upper
 * layer may be gone with this boot: -EOPNOTSUPP. 0 or negative errno.
 */
int boot_mount_make_writable(struct boot_mount *mount);
/* Back to read-only, durably: the booted system's own fsck of the root runs only then. 0 or negative errno. */
int boot_mount_restore(struct boot_mount *mount);

#endif
