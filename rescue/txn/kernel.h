/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TXN_KERNEL_H
#define SSHRESCUE_TXN_KERNEL_H

/* System calls and controls that musl has no wrapper for, with the kernel's own numbers (include/uapi). Each returns 0
 * or a negative errno. */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* since 6.6; the same number on every architecture */
#endif

/* renameat2(2) */
enum {
	KERNEL_RENAME_NOREPLACE = 1,
	KERNEL_RENAME_EXCHANGE = 2,
};

static inline int kernel_renameat2(int from_directory, const char *from, int to_directory, const char *to,
				   unsigned flags)
{
	return syscall(SYS_renameat2, from_directory, from, to_directory, to, flags) < 0 ? -errno : 0;
}

static inline int kernel_fchmodat2(int directory, const char *path, mode_t mode, unsigned flags)
{
	return syscall(SYS_fchmodat2, directory, path, mode, flags) < 0 ? -errno : 0;
}

/* statx(2) */
struct kernel_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct kernel_statx {
	uint32_t mask;
	uint32_t block_size;
	uint64_t attributes;
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t spare;
	uint64_t inode;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct kernel_statx_time accessed, born, changed, modified;
	uint32_t rdev_major, rdev_minor, device_major, device_minor;
	uint64_t mount;
	uint64_t later[13];
};
_Static_assert(sizeof(struct kernel_statx) == 256, "statx(2)");

enum {
	KERNEL_STATX_BASIC_STATS = 0x7ff,
	KERNEL_STATX_BTIME = 0x800,
	KERNEL_STATX_MNT_ID = 0x1000, /* since 5.8 */
	KERNEL_STATX_ATTR_IMMUTABLE = 0x10,
	KERNEL_STATX_ATTR_APPEND = 0x20,
	KERNEL_STATX_ATTR_MOUNT_ROOT = 0x2000, /* since 5.8 */
	KERNEL_STATX_ATTR_VERITY = 0x100000,
};

/* Of what directory and name say, links not followed; of the descriptor itself with the name "". */
static inline int kernel_statx(int directory, const char *name, struct kernel_statx *ret)
{
	memset(ret, 0, sizeof(*ret));
	return syscall(SYS_statx, directory, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		       KERNEL_STATX_BASIC_STATS | KERNEL_STATX_BTIME | KERNEL_STATX_MNT_ID, ret) < 0
		   ? -errno
		   : 0;
}

/* linux/fs.h; ioctl_iflags(2) */
#define KERNEL_FS_IOC_GETFLAGS _IOR('f', 1, long)
enum {
	KERNEL_FS_APPEND_FL = 0x20,
	KERNEL_FS_IMMUTABLE_FL = 0x10,
};

/* linux/fs.h, since 6.9 */
struct kernel_fs_uuid {
	uint8_t length;
	uint8_t uuid[16];
};
#define KERNEL_FS_IOC_GETFSUUID _IOR(0x15, 0, struct kernel_fs_uuid)

/* linux/btrfs.h: struct btrfs_ioctl_fs_info_args */
struct kernel_btrfs_fs_info {
	uint64_t largest_device, device_count;
	uint8_t uuid[16];
	uint8_t rest[1024 - 32];
};
#define KERNEL_BTRFS_IOC_FS_INFO _IOR(0x94, 31, struct kernel_btrfs_fs_info)

/* xfs_fs.h: struct xfs_fsop_geom_v1 */
struct kernel_xfs_geometry {
	uint32_t sizes[8];
	uint64_t blocks[4];
	uint8_t uuid[16];
	uint32_t rest[7];
};
#define KERNEL_XFS_IOC_FSGEOMETRY_V1 _IOR('X', 100, struct kernel_xfs_geometry)

/* linux/magic.h, and each filesystem's own header: what statfs(2) calls them */
enum {
	MAGIC_EXT = 0xef53,
	MAGIC_TMPFS = 0x01021994,
	MAGIC_XFS = 0x58465342,
	MAGIC_OVERLAYFS = 0x794c7630,
	MAGIC_ZFS = 0x2fc12fc1,
	MAGIC_F2FS = (int)0xf2f52010,
	MAGIC_BTRFS = (int)0x9123683e,
	MAGIC_BCACHEFS = (int)0xca451a4e,
	MAGIC_RAMFS = (int)0x858458f6,
};

#endif
