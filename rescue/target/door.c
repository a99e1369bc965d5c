/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing a root: the read-only clone and the confinement. */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/syscalls.h"

/* A copy of the mount tree below directory, of which the kernel itself guarantees that nothing is written, executed or
 * opened as a device through it. Private, so that mounts made outside do not appear in it. Negative errno where the
 * kernel (before 5.12) or missing privileges do not allow it. */
static int clone_read_only(int directory)
{
	struct kernel_mount_attr attributes = {
	    .attr_set = KERNEL_MOUNT_ATTR_RDONLY | KERNEL_MOUNT_ATTR_NOSUID | KERNEL_MOUNT_ATTR_NODEV |
			KERNEL_MOUNT_ATTR_NOEXEC,
	    .propagation = MS_PRIVATE,
	};
	cleanup_fd int tree =
	    kernel_open_tree(directory, "", KERNEL_OPEN_TREE_CLONE | KERNEL_AT_RECURSIVE | AT_EMPTY_PATH);
	int result;

	if (tree < 0)
		return tree;
	result = kernel_mount_setattr(tree, "", KERNEL_AT_RECURSIVE | AT_EMPTY_PATH, &attributes);
	return result < 0 ? result : steal_fd(&tree);
}

static void keep_way_back(struct target *target)
{
	target->outside_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	target->start_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Leaves the caller's mount namespace and makes the root the only tree this process can name. Unprivileged, it fails
 * and nothing has changed: resolution inside the root remains the guard. */
static bool confine(struct target *target, bool rehearse)
{
	/* Mounts of the new namespace are copies: making them private does not reach the ones they were copied from. A
	 * root that is no mount point cannot be made private, and needs not. */
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	/* Only now: what is opened in one mount namespace cannot be mounted in another. */
	if (rehearse)
		keep_way_back(target);
	return fchdir(target->root_fd) == 0 && chroot(".") == 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The running system's root is what its first process has as root: "/" may be a chroot. */
static bool is_live(int directory)
{
	struct stat status, own, first;

	if (fstat(directory, &status) < 0 || stat("/", &own) < 0 || !same_file(&status, &own))
		return false;
	return stat("/proc/1/root/.", &first) < 0 || same_file(&status, &first);
}

static bool kernel_has_openat2(int directory)
{
	cleanup_fd int probe = kernel_openat2(directory, "/", O_PATH | O_DIRECTORY | O_CLOEXEC,
					      KERNEL_RESOLVE_IN_ROOT | KERNEL_RESOLVE_NO_MAGICLINKS);

	return probe >= 0;
}

int target_open(struct target **ret, const char *root, unsigned flags)
{
	cleanup_fd int directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
	cleanup_target struct target *target = NULL;

	if (directory < 0)
		return -errno;
	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	target->write_fd = target->part_fd = target->outside_fd = target->start_fd = -1;
	target->root_fd = clone_read_only(directory);
	target->read_only_clone = target->root_fd >= 0;
	target->live = is_live(directory);
	target->root = arena_strdup(&target->arena, root);
	if (!target->read_only_clone)
		target->root_fd = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	if (target->root_fd < 0)
		return -errno;
	if (flags & TARGET_WRITABLE)
		target->write_fd = steal_fd(&directory);
	if (flags & TARGET_CONFINE)
		target->confined = confine(target, flags & TARGET_REHEARSE);
	target->walk = (flags & TARGET_WALK) || !kernel_has_openat2(target->root_fd);
	*ret = target;
	target = NULL;
	return 0;
}

struct target *target_close(struct target *target)
{
	if (!target)
		return NULL;
	if (target->root_fd >= 0)
		close(target->root_fd);
	if (target->write_fd >= 0)
		close(target->write_fd);
	if (target->part_fd >= 0)
		close(target->part_fd);
	if (target->outside_fd >= 0)
		close(target->outside_fd);
	if (target->start_fd >= 0)
		close(target->start_fd);
	arena_release(&target->arena);
	free(target);
	return NULL;
}
