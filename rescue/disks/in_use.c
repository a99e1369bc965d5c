/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else uses a disk or an image: such a one is not touched. */
#include "disks/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/sysfs.h"

/* Where a device is mounted, as this process sees it; NULL: nowhere. The path is as the kernel escapes it. */
static char *mount_point_of(struct arena *arena, dev_t device)
{
	char *wanted = arena_printf(arena, "%u:%u", major(device), minor(device));
	struct blob content;
	size_t offset = 0, length;
	const char *line;

	if (sysfs_read(arena, "/proc/self/mountinfo", &content) < 0)
		return NULL;
	while (next_line(&content, &offset, &line, &length)) {
		/* proc_pid_mountinfo(5): number, parent, device, root, mount point */
		char *rest = arena_memdup(arena, line, length), *words[5];

		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			words[i] = cut_word(&rest);
		if (string_equal(words[2], wanted))
			return words[4];
	}
	return NULL;
}

const char *device_in_use(struct arena *arena, const char *path, dev_t device)
{
	cleanup_fd int fd = -1;
	string_list holders = {0};
	char *point = mount_point_of(arena, device), *name;

	if (point)
		return arena_printf(arena, "it is mounted on %s", point);
	sysfs_list(arena, arena_printf(arena, "/sys/dev/block/%u:%u/holders", major(device), minor(device)), &holders);
	if (holders.count) {
		name = sysfs_line(arena, arena_printf(arena, "/sys/block/%s/dm/name", holders.items[0]));
		return arena_printf(arena, "it is in use by %s", name ? name : holders.items[0]);
	}
	/* Mounted in another namespace, swap, part of a btrfs: the kernel knows. */
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 && errno == EBUSY ? "it is in use" : NULL;
}

static bool loop_has(const char *loop, const struct stat *status)
{
	cleanup_fd int fd = open(loop, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct loop_info64 info;

	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_device == status->st_dev &&
	       info.lo_inode == status->st_ino;
}

const char *image_in_use(struct arena *arena, int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	string_list names = {0};
	struct stat status;

	if (fstat(fd, &status) < 0)
		return NULL;
	sysfs_list(arena, "/sys/block", &names);
	for (size_t i = 0; i < names.count; i++) {
		char *loop = arena_printf(arena, "/dev/%s", names.items[i]);

		if (string_after(names.items[i], "loop") && loop_has(loop, &status))
			return arena_printf(arena, "it is attached to %s", loop);
	}
	/* QEMU holds locks on the images of its running machines. */
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		return "another program, maybe a running virtual machine, has locked it";
	return NULL;
}
