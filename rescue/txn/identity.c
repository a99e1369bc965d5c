/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What distinguishes one root from another, whatever it is mounted on and by which kernel: its machine-id, the UUID of
 * its filesystem, and when its root directory was made. Inode and device numbers say nothing: every ext4's root
 * directory is inode 2. A part that is not known on either side (a kernel that does not tell it, a machine-id that the
 * first boot will make) does not count.
 */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"
#include "txn/kernel.h"

enum {
	MACHINE_ID_SIZE = 32, /* machine-id(5) */
};

static void format_uuid(const char *kind, const uint8_t uuid[16], struct txn_identity *ret)
{
	size_t length = (size_t)snprintf(ret->filesystem, sizeof(ret->filesystem), "%s:", kind);

	for (size_t i = 0; i < 16; i++)
		length += (size_t)snprintf(ret->filesystem + length, sizeof(ret->filesystem) - length, "%02x", uuid[i]);
}

/* An overlay's or a tmpfs's identity does not outlive the mount, and says nothing. */
static bool read_filesystem(int root, struct txn_identity *ret)
{
	struct statfs filesystem;
	struct kernel_fs_uuid own = {0};
	struct kernel_btrfs_fs_info btrfs;
	struct kernel_xfs_geometry xfs;

	if (fstatfs(root, &filesystem) < 0)
		return false;
	switch ((int)filesystem.f_type) {
	case MAGIC_EXT:
		/* ext4_statfs(): the two halves of the UUID, folded */
		snprintf(ret->filesystem, sizeof(ret->filesystem), "ext:%08x%08x", (unsigned)filesystem.f_fsid.__val[1],
			 (unsigned)filesystem.f_fsid.__val[0]);
		return true;
	case MAGIC_XFS:
		if (ioctl(root, (int)KERNEL_XFS_IOC_FSGEOMETRY_V1, &xfs) == 0)
			format_uuid("xfs", xfs.uuid, ret);
		return true;
	case MAGIC_BTRFS:
		if (ioctl(root, (int)KERNEL_BTRFS_IOC_FS_INFO, &btrfs) == 0)
			format_uuid("btrfs", btrfs.uuid, ret);
		return true;
	case MAGIC_F2FS:
	case MAGIC_BCACHEFS:
		if (ioctl(root, (int)KERNEL_FS_IOC_GETFSUUID, &own) == 0 && own.length == sizeof(own.uuid))
			format_uuid("fs", own.uuid, ret);
		return true;
	default:
		return false;
	}
}

static void read_machine(const struct target *target, int root, struct txn_identity *ret)
{
	static const char purpose[] = "sshrescue machine-id ";
	cleanup_fd int etc = txn_open_directory(target, root, "/etc");
	cleanup_fd int fd = etc < 0 ? -1 : txn_open_object(etc, "machine-id");
	unsigned char hash[SHA256_SIZE];
	struct sha256 sum;
	struct stat status;
	char id[MACHINE_ID_SIZE];

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	if (pread(fd, id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return;
	for (size_t i = 0; i < sizeof(id); i++) {
		if (char_hex_value(id[i]) < 0)
			return;
	}
	sha256_start(&sum);
	sha256_add(&sum, purpose, sizeof(purpose) - 1);
	sha256_add(&sum, id, sizeof(id));
	sha256_end(&sum, hash);
	sha256_to_text(hash, ret->machine);
}

void txn_identity_read(const struct target *target, int root, struct txn_identity *ret)
{
	struct kernel_statx status;

	memset(ret, 0, sizeof(*ret));
	read_machine(target, root, ret);
	if (read_filesystem(root, ret) && kernel_statx(root, "", &status) == 0 && (status.mask & KERNEL_STATX_BTIME)) {
		ret->has_born = true;
		ret->born.tv_sec = (time_t)status.born.seconds;
		ret->born.tv_nsec = (long)status.born.nanoseconds;
	}
}

static bool texts_differ(const char *a, const char *b)
{
	return *a && *b && !string_equal(a, b);
}

const char *txn_identity_differs(const struct txn_identity *a, const struct txn_identity *b)
{
	if (texts_differ(a->machine, b->machine))
		return "machine-id";
	if (texts_differ(a->filesystem, b->filesystem))
		return "filesystem";
	if (a->has_born && b->has_born && !txn_same_time(&a->born, &b->born))
		return "birth time of the root directory";
	return NULL;
}
