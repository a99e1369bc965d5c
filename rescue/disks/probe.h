/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_PROBE_H
#define SSHRESCUE_DISKS_PROBE_H

/* What a disk, a partition or an image says it holds, by its signatures: what blkid(8) says, for the kinds that matter
 * here. Names and UUIDs come from the disk and are not to be trusted, nor printed as they are. */

#include <stdbool.h>
#include <stdint.h>

enum content {
	CONTENT_UNKNOWN,
	CONTENT_EXT2,
	CONTENT_EXT3,
	CONTENT_EXT4,
	CONTENT_XFS,
	CONTENT_BTRFS,
	CONTENT_VFAT,
	CONTENT_SWAP,
	CONTENT_HIBERNATED, /* swap that holds the memory of a machine that means to go on */
	CONTENT_LUKS,
	CONTENT_LVM,
	CONTENT_RAID, /* a member of a Linux software RAID */
	CONTENT_COUNT,
};

enum {
	PROBE_LABEL_SIZE = 256 + 1,
	PROBE_UUID_SIZE = 38 + 1, /* LVM's is the longest */
};

struct probe {
	enum content content;
	char label[PROBE_LABEL_SIZE];
	char uuid[PROBE_UUID_SIZE]; /* as blkid(8) writes it */
	uint64_t device_count; /* of a btrfs; else 0 */
	bool needs_recovery; /* the journal holds what is not in its place yet (not known of xfs) */
	const char *needs_fsck; /* what it says of itself that a journal does not mend, a sentence; or NULL */
	const char *damage; /* the signature is there, but this does not fit it: a sentence; or NULL */
};

/* Looks at size bytes from offset on of an open file or device. 0 or the negative errno of a read that failed. */
int probe_content(int fd, uint64_t offset, uint64_t size, struct probe *ret);

/* As blkid(8) calls it: "ext4", "crypto_LUKS", …; "" for CONTENT_UNKNOWN. */
const char *content_name(enum content content);
/* Whether the kernel can mount it and a root may be in it. */
bool content_is_filesystem(enum content content);
bool content_is_ext(enum content content);

#endif
