/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/cleanup.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* mount(2), since 5.10; ignored before */
#endif

enum {
	FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | MS_NOATIME,
	OPTIONS_SIZE = 4096, /* as many as mount(2) takes */
};

/* Directories that every system has, and that nobody needs in this namespace. */
static const char *const workshops[] = {"/proc/fs", "/tmp", "/mnt"};

int mounts_begin(struct workshop *ret)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	/* What is unmounted outside is not held here. The root of an initramfs cannot be changed so, and need not be.
	 */
	(void)mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(workshops); i++) {
		if (mount("sshrescue", workshops[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=1m") <
		    0)
			continue;
		snprintf(ret->root, sizeof(ret->root), "%s/root", workshops[i]);
		snprintf(ret->other, sizeof(ret->other), "%s/other", workshops[i]);
		return mkdir(ret->root, 0700) < 0 || mkdir(ret->other, 0700) < 0 ? -errno : 0;
	}
	return -errno;
}

/*
 * How each kind is mounted. errors=: a superblock may ask for a panic. nouuid: a clone of the rescuer's own file system
 * has its UUID. "rescue=nologreplay" is newer than "nologreplay" (5.9), and the latter is gone since 6.9.
 */
static const struct way {
	enum content content;
	bool writable;
	bool unreplayed; /* what is in the journal is not seen */
	const char *options;
} ways[] = {
    {CONTENT_EXT4, false, true, "noload,errors=remount-ro"},
    {CONTENT_EXT4, true, false, "errors=remount-ro"},
    /* With a journal to replay, the first one is refused: the device is read-only. */
    {CONTENT_XFS, false, false, "nouuid"},
    {CONTENT_XFS, false, true, "norecovery,nouuid"},
    {CONTENT_XFS, true, false, "nouuid"},
    {CONTENT_BTRFS, false, true, "rescue=nologreplay"},
    {CONTENT_BTRFS, false, true, "nologreplay"},
    {CONTENT_BTRFS, true, false, ""},
};

/* Whether the kernel lets nobody write to a device: where there was no loop device, it may be the disk itself. */
static bool is_read_only(const char *device)
{
	cleanup_fd int fd = open(device, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int read_only = 0;

	return fd >= 0 && ioctl(fd, BLKROGET, &read_only) == 0 && read_only;
}

int mounts_attach(const char *device, const char *directory, enum content content, bool needs_recovery, bool writable,
		  const char *option, bool *unseen)
{
	unsigned long flags = FLAGS | (writable ? 0 : MS_RDONLY);
	char options[OPTIONS_SIZE];
	int r = -ENODEV;

	/* The driver of ext4 serves its predecessors. */
	if (content_is_ext(content))
		content = CONTENT_EXT4;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];

		if (way->content != content || way->writable != writable)
			continue;
		if (!writable && !way->unreplayed && !is_read_only(device))
			continue;
		snprintf(options, sizeof(options), "%s%s%s", way->options, option && *way->options ? "," : "",
			 option ? option : "");
		r = mount(device, directory, content_name(content), flags, options) < 0 ? -errno : 0;
		if (r == 0) {
			*unseen = way->unreplayed && (needs_recovery || content == CONTENT_XFS);
			return 0;
		}
		if (r != -EROFS && r != -EINVAL)
			return r;
	}
	return r;
}

/* O_PATH of a directory below another one, component by component. */
static int open_below(const char *directory, const char *path)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];

	for (path += strspn(path, "/"); fd >= 0 && *path; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");
		int next = -1;

		if (length <= NAME_MAX) {
			snprintf(name, sizeof(name), "%.*s", (int)length, path);
			next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		close(fd);
		fd = next;
		path += length;
	}
	return fd;
}

int mounts_bind(const char *from, const char *path, const char *to, const char *place)
{
	cleanup_fd int source = open_below(from, path);
	cleanup_fd int target = open_below(to, place);
	char source_path[32], target_path[32];

	if (source < 0 || target < 0)
		return -ENOTDIR;
	snprintf(source_path, sizeof(source_path), "/proc/self/fd/%d", source);
	snprintf(target_path, sizeof(target_path), "/proc/self/fd/%d", target);
	return mount(source_path, target_path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

const char *mounts_fsck(enum content content)
{
	switch (content) {
	case CONTENT_EXT2:
	case CONTENT_EXT3:
	case CONTENT_EXT4:
		return "e2fsck -f";
	case CONTENT_XFS:
		return "xfs_repair";
	case CONTENT_BTRFS:
		return "btrfs check";
	default:
		return NULL;
	}
}
