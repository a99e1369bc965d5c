/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/writable.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/cleanup.h"
#include "target/syscalls.h"
#include "txn/kernel.h"

static unsigned long mount_flags(const struct statvfs *filesystem)
{
	static const struct {
		unsigned long from, to;
	} map[] = {
	    {ST_RDONLY, MS_RDONLY},	{ST_NOSUID, MS_NOSUID},		  {ST_NODEV, MS_NODEV},
	    {ST_NOEXEC, MS_NOEXEC},	{ST_NOATIME, MS_NOATIME},	  {ST_NODIRATIME, MS_NODIRATIME},
	    {ST_RELATIME, MS_RELATIME}, {ST_SYNCHRONOUS, MS_SYNCHRONOUS},
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (filesystem->f_flag & map[i].from)
			flags |= map[i].to;
	}
	return flags;
}

static bool same_mount(int a, int b)
{
	struct kernel_statx first, second;

	if (kernel_statx(a, "", &first) < 0 || kernel_statx(b, "", &second) < 0)
		return false;
	if (first.device_major != second.device_major || first.device_minor != second.device_minor)
		return false;
	return !(first.mask & second.mask & KERNEL_STATX_MNT_ID) || first.mount == second.mount;
}

int boot_mount_make_writable(struct boot_mount *boot)
{
	cleanup_fd int root = open(boot->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int etc = -1;
	struct statvfs filesystem;
	struct statfs type;
	unsigned long flags;

	if (root < 0)
		return -errno;
	/* No transaction follows a link to /etc either. */
	etc = openat(root, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (etc < 0 || fstatvfs(etc, &filesystem) < 0)
		return -errno;
	if (fstatfs(etc, &type) < 0)
		return -errno;
	if (type.f_type == MAGIC_OVERLAYFS)
		return -EOPNOTSUPP;
	flags = mount_flags(&filesystem);
	if (!(flags & MS_RDONLY))
		return 0;
	if (!same_mount(root, etc))
		return -EROFS;
	/* mount(2): EACCES where the device itself is read-only. */
	if (mount(NULL, boot->root, NULL, MS_REMOUNT | (flags & ~(unsigned long)MS_RDONLY), NULL) < 0)
		return errno == EACCES ? -EROFS : -errno;
	boot->read_only_flags = flags;
	return 0;
}

int boot_mount_restore(struct boot_mount *boot)
{
	int fd, r = 0;

	if (!boot->read_only_flags)
		return 0;
	fd = open(boot->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)syncfs(fd);
		close(fd);
	}
	for (unsigned attempt = 0; attempt < 50; attempt++) {
		struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

		r = mount(NULL, boot->root, NULL, MS_REMOUNT | boot->read_only_flags, NULL) < 0 ? -errno : 0;
		/* A worker that was killed may still be on its way out. */
		if (r != -EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	if (r == 0)
		boot->read_only_flags = 0;
	return r;
}
