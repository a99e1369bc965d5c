/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that a crash can only fall before or after, never into. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "txn/kernel.h"

/* What kernels before 3.15, filesystems without support, and system call filters answer to a flag of renameat2(2). */
static bool is_missing(int error)
{
	return error == -ENOSYS || error == -EINVAL || error == -EPERM;
}

/* An overlay's files may get another inode number when they are copied up. */
static bool inodes_are_stable(int directory)
{
	struct statfs filesystem;

	return fstatfs(directory, &filesystem) == 0 && (int)filesystem.f_type != MAGIC_OVERLAYFS;
}

static int check_untouched(const struct txn_object *expected, int directory, const char *name, int parent)
{
	struct txn_object now;
	int result = txn_look(directory, name, expected->hashed, &now);

	if (result < 0)
		return result;
	return txn_object_untouched(expected, &now, inodes_are_stable(parent)) ? 0 : -ESTALE;
}

/* Without an exchange, the old object first gets a second name in the journal. */
static int swap_by_link(const struct txn_swap *swap)
{
	int result;

	unlinkat(swap->journal, swap->spare, 0);
	if (linkat(swap->parent, swap->name, swap->journal, swap->spare, 0) < 0)
		return -errno;
	result = check_untouched(swap->expected, swap->journal, swap->spare, swap->parent);
	if (result == 0 && renameat(swap->journal, swap->slot, swap->parent, swap->name) < 0)
		result = -errno;
	if (result < 0)
		unlinkat(swap->journal, swap->spare, 0);
	return result;
}

int txn_swap(const struct txn_swap *swap, const char **ret_slot)
{
	int result, back;

	*ret_slot = swap->slot;
	result = kernel_renameat2(swap->journal, swap->slot, swap->parent, swap->name, KERNEL_RENAME_EXCHANGE);
	if (is_missing(result)) {
		*ret_slot = swap->spare;
		return swap_by_link(swap);
	}
	if (result < 0)
		return result;
	result = check_untouched(swap->expected, swap->journal, swap->slot, swap->parent);
	if (result == 0)
		return 0;
	back = kernel_renameat2(swap->journal, swap->slot, swap->parent, swap->name, KERNEL_RENAME_EXCHANGE);
	return back < 0 ? back : result;
}

int txn_move(int from_directory, const char *from, int to_directory, const char *to)
{
	int result = kernel_renameat2(from_directory, from, to_directory, to, KERNEL_RENAME_NOREPLACE);

	if (!is_missing(result))
		return result;
	if (linkat(from_directory, from, to_directory, to, 0) < 0)
		return -errno;
	return unlinkat(from_directory, from, 0) < 0 ? -errno : 0;
}

int txn_take(int parent, const char *name, int journal, const char *slot, const struct txn_object *expected)
{
	int result, back;

	/* A move without replacement that was cut short leaves two names of one object: rename(2) does nothing then. */
	unlinkat(journal, slot, 0);
	if (renameat(parent, name, journal, slot) < 0)
		return -errno;
	result = check_untouched(expected, journal, slot, parent);
	if (result == 0)
		return 0;
	back = txn_move(journal, slot, parent, name);
	return back < 0 ? back : result;
}

static bool same_attributes(const struct stat *status, const struct txn_object *expected)
{
	return status->st_uid == expected->uid && status->st_gid == expected->gid &&
	       (expected->type == NODE_SYMLINK || (status->st_mode & 07777) == (expected->mode & 07777)) &&
	       (expected->inode == 0 || status->st_ino == expected->inode);
}

/* An object that cannot be opened: a link, or a file that an unprivileged owner may not read. */
static int set_by_path(int fd, const struct txn_object *expected, const struct txn_object *wanted)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!same_attributes(&status, expected))
		return -ESTALE;
	if ((status.st_uid != wanted->uid || status.st_gid != wanted->gid) &&
	    fchownat(fd, "", wanted->uid, wanted->gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (wanted->type == NODE_SYMLINK)
		return 0;
	return kernel_fchmodat2(fd, "", wanted->mode & 07777, AT_EMPTY_PATH);
}

static int set_by_descriptor(int fd, const struct txn_object *expected, const struct txn_object *wanted)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!same_attributes(&status, expected))
		return -ESTALE;
	if (status.st_uid != wanted->uid || status.st_gid != wanted->gid) {
		/* A change of owner takes file capabilities away, and nothing could give them back after a crash. */
		if (fgetxattr(fd, "security.capability", NULL, 0) >= 0)
			return -EOPNOTSUPP;
		if (fchown(fd, wanted->uid, wanted->gid) < 0)
			return -errno;
	}
	/* Always: a change of owner takes set-user-ID bits away. */
	if (fchmod(fd, wanted->mode & 07777) < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int txn_set_attributes(int directory, const char *name, const struct txn_object *expected,
		       const struct txn_object *wanted)
{
	cleanup_fd int fd = txn_open_object(directory, name);
	cleanup_fd int path = -1;
	int result;

	if (fd >= 0)
		return set_by_descriptor(fd, expected, wanted);
	if (fd != -EACCES && fd != -ESTALE)
		return fd;
	path = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path < 0)
		return -errno;
	result = set_by_path(path, expected, wanted);
	if (result == -ENOSYS)
		result = -EACCES;
	/* What has no descriptor to sync is synced with its whole filesystem. */
	return result == 0 && syncfs(directory) < 0 ? -errno : result;
}
