/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_SYSCALLS_H
#define SSHRESCUE_TARGET_SYSCALLS_H

/* System calls that musl has no wrapper for, with the numbers and structures of the kernel's own interface: they are
 * the same on every architecture. Each returns a descriptor or 0, or a negative errno. */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* openat2(2) */
struct kernel_open_how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

enum {
	KERNEL_RESOLVE_NO_MAGICLINKS = 0x02,
	KERNEL_RESOLVE_NO_SYMLINKS = 0x04,
	KERNEL_RESOLVE_IN_ROOT = 0x10,
};

static inline int kernel_openat2(int directory, const char *path, int flags, uint64_t resolve)
{
	struct kernel_open_how how = {.flags = (unsigned)flags, .resolve = resolve};
	long result = syscall(SYS_openat2, directory, path, &how, sizeof(how));

	return result < 0 ? -errno : (int)result;
}

/* open_tree(2) */
enum {
	KERNEL_OPEN_TREE_CLONE = 1,
	KERNEL_AT_RECURSIVE = 0x8000,
};

static inline int kernel_open_tree(int directory, const char *path, unsigned flags)
{
	long result = syscall(SYS_open_tree, directory, path, flags | O_CLOEXEC);

	return result < 0 ? -errno : (int)result;
}

/* move_mount(2), of the mount that tree is */
enum {
	KERNEL_MOVE_MOUNT_F_EMPTY_PATH = 4,
};

static inline int kernel_move_mount(int tree, const char *path)
{
	long result = syscall(SYS_move_mount, tree, "", AT_FDCWD, path, KERNEL_MOVE_MOUNT_F_EMPTY_PATH);

	return result < 0 ? -errno : 0;
}

/* mount_setattr(2) */
struct kernel_mount_attr {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

enum {
	KERNEL_MOUNT_ATTR_RDONLY = 0x1,
	KERNEL_MOUNT_ATTR_NOSUID = 0x2,
	KERNEL_MOUNT_ATTR_NODEV = 0x4,
	KERNEL_MOUNT_ATTR_NOEXEC = 0x8,
};

static inline int kernel_mount_setattr(int directory, const char *path, unsigned flags, struct kernel_mount_attr *attr)
{
	long result = syscall(SYS_mount_setattr, directory, path, flags, attr, sizeof(*attr));

	return result < 0 ? -errno : 0;
}

#endif
