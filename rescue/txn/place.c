/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to a path for writing. Paths of a transaction are canonical, so no symbolic link may stand in them: one that
 * does was put there after the analysis. Nothing can lead out of the root then, and ".." never occurs.
 */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/syscalls.h"

enum {
	OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
};

bool txn_path_is_canonical(const char *path)
{
	size_t length = strlen(path);

	if (length < 2 || length >= PATH_MAX)
		return false;
	while (*path) {
		size_t name;

		if (*path++ != '/')
			return false;
		name = strcspn(path, "/");
		if (name == 0 || name > NAME_MAX || (name == 1 && path[0] == '.') ||
		    (name == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += name;
	}
	return true;
}

static int walk_directory(int root, const char *path)
{
	cleanup_fd int current = openat(root, ".", OPEN_DIRECTORY);
	char name[NAME_MAX + 1];

	if (current < 0)
		return -errno;
	for (; *path; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");
		int next;

		if (length > 0) {
			memcpy(name, path, length);
			name[length] = '\0';
			next = openat(current, name, OPEN_DIRECTORY);
			if (next < 0)
				return -errno;
			close(current);
			current = next;
		}
		path += length;
	}
	return steal_fd(&current);
}

int txn_open_directory(const struct target *target, int root, const char *path)
{
	int fd;

	if (!string_equal(path, "/") && !txn_path_is_canonical(path))
		return -EINVAL;
	if (!target->walk) {
		fd = kernel_openat2(root, path, OPEN_DIRECTORY,
				    KERNEL_RESOLVE_IN_ROOT | KERNEL_RESOLVE_NO_MAGICLINKS | KERNEL_RESOLVE_NO_SYMLINKS);
		if (fd != -ENOSYS && fd != -EPERM && fd != -EAGAIN && fd != -EINTR)
			return fd == -ELOOP ? -ENOTDIR : fd;
	}
	fd = walk_directory(root, path);
	return fd == -ELOOP ? -ENOTDIR : fd;
}

char *txn_parent_path(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? arena_strdup(arena, "/") : arena_memdup(arena, path, (size_t)(slash - path));
}

int txn_open_parent(const struct target *target, const char *path, const char **ret_name)
{
	char parent[PATH_MAX];
	const char *slash;

	if (string_equal(path, "/")) {
		*ret_name = ".";
		return txn_open_directory(target, target->write_fd, "/");
	}
	if (!txn_path_is_canonical(path))
		return -EINVAL;
	slash = strrchr(path, '/');
	*ret_name = slash + 1;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	return txn_open_directory(target, target->write_fd, slash == path ? "/" : parent);
}
