/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include/uapi/linux/btrfs.h; btrfs-subvolume(8) */
#include "disks/subvolumes.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"
#include "disks/sysfs.h"

enum {
	SUBVOLUME_INODE = 256, /* of every subvolume's root directory */
	NAMES_MOST = 64,
	READ_ONLY = 1, /* BTRFS_ROOT_SUBVOL_RDONLY of the root item, as BTRFS_IOC_GET_SUBVOL_INFO gives it */
};

/* What installers call the one that they make the root. */
static const char *const root_names[] = {"@", "@rootfs", "root", "@root", "rootfs"};

bool subvolume_name_is_plain(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!char_is_alnum(*c) && !strchr("@._+-/", *c))
			return false;
	}
	return *name;
}

static bool is_root_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(root_names); i++) {
		if (string_equal(name, root_names[i]))
			return true;
	}
	return false;
}

/* Since 4.18; before, nothing is known. The kernel's own searches sometimes make it return 1. */
static bool read_info(int fd, struct btrfs_ioctl_get_subvol_info_args *ret)
{
	memset(ret, 0, sizeof(*ret));
	return ioctl(fd, (int)BTRFS_IOC_GET_SUBVOL_INFO, ret) >= 0;
}

static bool is_candidate(int directory, const char *name, uint64_t default_tree)
{
	static const __u8 none[BTRFS_UUID_SIZE];
	cleanup_fd int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
	struct btrfs_ioctl_get_subvol_info_args info;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_ino != SUBVOLUME_INODE || !subvolume_name_is_plain(name))
		return false;
	if (!read_info(fd, &info) || is_root_name(name))
		return !info.treeid || info.treeid != default_tree;
	return info.treeid != default_tree && !(info.flags & READ_ONLY) &&
	       memcmp(info.parent_uuid, none, sizeof(none)) == 0;
}

void subvolumes_list(const char *directory, int default_fd, char buffer[SUBVOLUMES_SIZE])
{
	cleanup_arena struct arena arena = {0};
	cleanup_fd int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct btrfs_ioctl_get_subvol_info_args info;
	uint64_t default_tree = read_info(default_fd, &info) ? info.treeid : 0;
	string_list names = {0};
	size_t used = 0;

	*buffer = '\0';
	if (fd >= 0)
		sysfs_list(&arena, directory, &names);
	for (size_t i = 0, found = 0; i < names.count && found < NAMES_MOST; i++) {
		size_t length = strlen(names.items[i]) + 1;

		if (used + length + 1 > SUBVOLUMES_SIZE || !is_candidate(fd, names.items[i], default_tree))
			continue;
		memcpy(buffer + used, names.items[i], length);
		used += length;
		buffer[used] = '\0';
		found++;
	}
}
