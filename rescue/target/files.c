/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at one file: stat, read, links, extended attributes. */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/resolve.h"

enum {
	FIRST_READ = 4096, /* for files that do not tell their size */
	XATTR_LIMIT = 64 * 1024, /* XATTR_SIZE_MAX */
	OPEN_FILE = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	RACE_RETRIES = 3,
};

static int fd_stat(int fd, struct node_stat *ret)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	node_stat_from(&status, ret);
	return 0;
}

static int stat_path(struct target *target, const char *path, unsigned flags, struct node_stat *ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	int result;

	if (kernel_resolves(target, path)) {
		cleanup_fd int fd = kernel_open(target, path, O_PATH | (flags & PLACE_FOLLOW ? 0 : O_NOFOLLOW));

		if (fd >= 0)
			return fd_stat(fd, ret);
		if (fd != -EAGAIN)
			return fd;
	}
	result = place_find(target, path, flags, &place);
	if (result < 0)
		return result;
	*ret = place.stat;
	return place.stat.type == NODE_ABSENT ? -ENOENT : 0;
}

int target_stat(struct target *target, const char *path, struct node_stat *ret)
{
	return stat_path(target, path, PLACE_FOLLOW, ret);
}

int target_lstat(struct target *target, const char *path, struct node_stat *ret)
{
	return stat_path(target, path, 0, ret);
}

bool target_exists(struct target *target, const char *path)
{
	struct node_stat status;

	if (kernel_resolves(target, path)) {
		cleanup_fd int fd = kernel_open(target, path, O_PATH);

		if (fd != -EAGAIN)
			return fd >= 0;
	}
	return target_stat(target, path, &status) == 0;
}

static int wrong_type(enum node_type type)
{
	return type == NODE_DIRECTORY ? -EISDIR : -EFTYPE_NOT_REGULAR;
}

/* A regular file that is open, or whose content is staged (fd is -1 then). */
struct opened {
	int fd;
	const struct blob *staged;
	struct node_stat stat;
};

static void opened_release(struct opened *opened)
{
	if (opened->fd >= 0)
		close(opened->fd);
}
#define cleanup_opened __attribute__((cleanup(opened_release)))

/* Filesystems whose files are no files: reading one may act (/proc/kmsg empties what the system's logger should get).
 * statfs(2) lists the numbers. */
static const long virtual_filesystems[] = {
    0x9fa0 /* proc */,		0x62656572 /* sysfs */,	     0x64626720 /* debugfs */,
    0x74726163 /* tracefs */,	0x73636673 /* securityfs */, 0x62656570 /* configfs */,
    0x27e0eb /* cgroup */,	0x63677270 /* cgroup2 */,    (long)0xf97cff8c /* selinuxfs */,
    (long)0xcafe4a11 /* bpf */,
};

static int judge_opened(struct target *target, int fd, struct node_stat *stat)
{
	struct statfs filesystem;

	if (stat->type != NODE_FILE)
		return wrong_type(stat->type);
	/* What lies on a device is no virtual filesystem. */
	if (major(stat->device) != 0 || stat->device == target->ordinary_device)
		return 0;
	if (fstatfs(fd, &filesystem) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(virtual_filesystems); i++) {
		if ((unsigned)filesystem.f_type == (unsigned)virtual_filesystems[i])
			return -EFTYPE_NOT_REGULAR;
	}
	target->ordinary_device = stat->device;
	return 0;
}

/* Opening a device may act on it (a tape rewinds, a watchdog starts to count). The read-only clone refuses devices with
 * EACCES; without it, the type is looked at first. What is opened is judged again in any case. */
static int open_by_kernel(struct target *target, const char *path, struct opened *ret)
{
	int result;

	if (!target->read_only_clone) {
		result = stat_path(target, path, PLACE_FOLLOW, &ret->stat);
		if (result == 0 && ret->stat.type != NODE_FILE)
			result = wrong_type(ret->stat.type);
		if (result < 0)
			return result;
	}
	ret->fd = kernel_open(target, path, OPEN_FILE);
	if (ret->fd == -EACCES || ret->fd == -ENXIO) {
		int refused = ret->fd;

		if (stat_path(target, path, PLACE_FOLLOW, &ret->stat) == 0 && ret->stat.type == NODE_OTHER)
			return -EFTYPE_NOT_REGULAR;
		return refused;
	}
	if (ret->fd < 0)
		return ret->fd;
	result = fd_stat(ret->fd, &ret->stat);
	return result < 0 ? result : judge_opened(target, ret->fd, &ret->stat);
}

/* Opens what the walk found, and makes sure that it is still the same. */
static int open_at_place(const struct place *place, struct opened *ret)
{
	struct node_stat status;
	int result;

	ret->stat = place->stat;
	if (place->stat.type == NODE_ABSENT)
		return -ENOENT;
	if (place->stat.type != NODE_FILE)
		return wrong_type(place->stat.type);
	if (place->change && place->change->content) {
		ret->staged = &place->change->after.content;
		return 0;
	}
	if (place->self < 0 || place->parent < 0)
		return -ENOENT;
	ret->fd = openat(place->parent, place_name(place), OPEN_FILE | O_NOFOLLOW);
	if (ret->fd < 0)
		return errno == ENOENT || errno == ELOOP ? -EAGAIN : -errno;
	result = fd_stat(ret->fd, &status);
	if (result < 0)
		return result;
	if (status.inode != place->stat.inode || status.device != place->stat.device) {
		close(steal_fd(&ret->fd));
		return -EAGAIN;
	}
	if (!place->change)
		ret->stat = status;
	return judge_opened(place->target, ret->fd, &status);
}

static int open_regular(struct target *target, const char *path, struct opened *ret)
{
	int result = -EAGAIN;

	if (kernel_resolves(target, path))
		result = open_by_kernel(target, path, ret);
	for (int i = 0; i < RACE_RETRIES && result == -EAGAIN; i++) {
		cleanup_place struct place place = {.parent = -1, .self = -1};

		result = place_find(target, path, PLACE_FOLLOW, &place);
		if (result == 0)
			result = open_at_place(&place, ret);
	}
	return result;
}

/* Reads to the end, which is not always where fstat(2) saw it: the file may grow or shrink meanwhile. */
static int read_all(int fd, uint64_t expected, size_t limit, struct arena *arena, struct blob *ret)
{
	size_t capacity = expected ? (size_t)expected + 1 : FIRST_READ;
	char *data;
	size_t size = 0;

	if (capacity > limit + 1)
		capacity = limit + 1;
	data = arena_alloc(arena, capacity + 1);
	for (;;) {
		ssize_t count = read(fd, data + size, capacity - size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		size += (size_t)count;
		if (count == 0 || (size == expected && size < capacity))
			break;
		if (size > limit)
			return -EFBIG;
		if (size == capacity) {
			size_t larger = capacity > limit / 2 ? limit + 1 : capacity * 2;
			char *grown = arena_alloc(arena, larger + 1);

			memcpy(grown, data, size);
			data = grown;
			capacity = larger;
		}
	}
	data[size] = '\0';
	*ret = (struct blob){.data = data, .size = size};
	return 0;
}

static int read_opened(const struct opened *opened, size_t limit, struct arena *arena, struct blob *ret)
{
	if (limit > SIZE_MAX / 4)
		limit = SIZE_MAX / 4;
	if (opened->stat.size > limit)
		return -EFBIG;
	if (!opened->staged)
		return read_all(opened->fd, opened->stat.size, limit, arena, ret);
	ret->data = arena_memdup(arena, opened->staged->data, opened->staged->size);
	ret->size = opened->staged->size;
	return 0;
}

int target_read(struct target *target, const char *path, size_t limit, struct arena *arena, struct blob *ret,
		struct node_stat *ret_stat)
{
	cleanup_opened struct opened opened = {.fd = -1};
	int result = open_regular(target, path, &opened);

	if (result == 0)
		result = read_opened(&opened, limit, arena, ret);
	if (result == 0 && ret_stat)
		*ret_stat = opened.stat;
	return result;
}

int place_read(struct place *place, size_t limit, struct arena *arena, struct blob *ret)
{
	cleanup_opened struct opened opened = {.fd = -1};
	int result = open_at_place(place, &opened);

	return result < 0 ? result : read_opened(&opened, limit, arena, ret);
}

static ssize_t read_part(int fd, char *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = pread(fd, buffer + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		done += (size_t)count;
	}
	return (ssize_t)done;
}

/* The parts of a file are read one after the other: the last one stays open. */
static bool part_is_open(const struct target *target, const char *path)
{
	return target->part_fd >= 0 && target->part_staged == target->staged && string_equal(target->part_path, path);
}

static void keep_part_open(struct target *target, const char *path, int fd)
{
	if (target->part_fd >= 0)
		close(target->part_fd);
	target->part_fd = fd;
	if (!target->part_path || !string_equal(target->part_path, path))
		target->part_path = arena_strdup(&target->arena, path);
	target->part_staged = target->staged;
}

ssize_t target_pread(struct target *target, const char *path, void *buffer, size_t size, uint64_t offset)
{
	cleanup_opened struct opened opened = {.fd = -1};
	int result;

	if (size > SSIZE_MAX)
		size = SSIZE_MAX;
	if (offset > INT64_MAX - (uint64_t)size)
		return 0;
	if (!part_is_open(target, path)) {
		result = open_regular(target, path, &opened);
		if (result < 0)
			return result;
		if (opened.staged) {
			if (offset >= opened.staged->size)
				return 0;
			if (size > opened.staged->size - offset)
				size = opened.staged->size - (size_t)offset;
			memcpy(buffer, opened.staged->data + offset, size);
			return (ssize_t)size;
		}
		keep_part_open(target, path, steal_fd(&opened.fd));
	}
	return read_part(target->part_fd, buffer, size, offset);
}

static int fd_readlink(int fd, struct arena *arena, char **ret)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(fd, "", text, sizeof(text));

	/* On something else than a link, readlinkat(2) with an empty path says ENOENT. */
	if (length < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	if (length == (ssize_t)sizeof(text))
		return -ENAMETOOLONG;
	*ret = arena_memdup(arena, text, (size_t)length);
	return 0;
}

int place_readlink(const struct place *place, struct arena *arena, char **ret)
{
	if (place->stat.type == NODE_ABSENT)
		return -ENOENT;
	if (place->stat.type != NODE_SYMLINK)
		return -EINVAL;
	if (!place->change)
		return fd_readlink(place->self, arena, ret);
	*ret = arena_strdup(arena, place->change->after.link);
	return 0;
}

int target_readlink(struct target *target, const char *path, struct arena *arena, char **ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	int result;

	if (kernel_resolves(target, path)) {
		cleanup_fd int fd = kernel_open(target, path, O_PATH | O_NOFOLLOW);

		if (fd >= 0)
			return fd_readlink(fd, arena, ret);
		if (fd != -EAGAIN)
			return fd;
	}
	result = place_find(target, path, 0, &place);
	return result < 0 ? result : place_readlink(&place, arena, ret);
}

/* The path itself, once it is known that it has no link in it: "//", "." and ".." are taken out. */
static char *tidy_path(const char *path, struct arena *arena)
{
	char *tidy = arena_alloc(arena, strlen(path) + 2);
	size_t length = 0;

	for (;;) {
		size_t size;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			break;
		if (size == 2 && path[0] == '.' && path[1] == '.') {
			while (length > 0 && tidy[--length] != '/')
				;
		} else if (size != 1 || path[0] != '.') {
			tidy[length++] = '/';
			memcpy(tidy + length, path, size);
			length += size;
		}
		path += size;
	}
	if (length == 0)
		tidy[length++] = '/';
	tidy[length] = '\0';
	return tidy;
}

int target_resolve(struct target *target, const char *path, bool follow_last, struct arena *arena, char **ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	int result;

	if (kernel_resolves(target, path)) {
		cleanup_fd int fd = kernel_open_without_links(target, path, O_PATH);

		if (fd >= 0) {
			*ret = tidy_path(path, arena);
			return 0;
		}
	}
	result = place_find(target, path, follow_last ? PLACE_FOLLOW : 0, &place);
	if (result == 0)
		*ret = arena_strdup(arena, place.path);
	return result;
}

/* Attributes of links can be had by name only; the name is safe where the root is the only tree that can be named. */
static ssize_t link_getxattr(const struct target *target, const struct place *place, const char *name, char *value,
			     size_t size)
{
	ssize_t length;

	if (!target->confined)
		return -EOPNOTSUPP;
	length = lgetxattr(place->path, name, value, size);
	return length < 0 ? -errno : length;
}

static ssize_t place_getxattr(const struct target *target, const struct place *place, const char *name, char *value,
			      size_t size)
{
	cleanup_fd int fd = -1;
	ssize_t length;

	switch (place->stat.type) {
	case NODE_DIRECTORY:
		fd = openat(place->self, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		break;
	case NODE_FILE:
		fd = openat(place->parent, place_name(place), OPEN_FILE | O_NOFOLLOW);
		break;
	case NODE_SYMLINK:
		return link_getxattr(target, place, name, value, size);
	default:
		return -EOPNOTSUPP;
	}
	if (fd < 0)
		return -errno;
	length = fgetxattr(fd, name, value, size);
	return length < 0 ? -errno : length;
}

int target_getxattr(struct target *target, const char *path, const char *name, struct arena *arena, struct blob *ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	cleanup_free char *value = NULL;
	ssize_t length;
	int result = place_find(target, path, 0, &place);

	if (result < 0)
		return result;
	if (place.stat.type == NODE_ABSENT)
		return -ENOENT;
	if (place.self < 0)
		return -ENODATA;
	value = malloc(XATTR_LIMIT);
	if (!value)
		return -ENOMEM;
	length = place_getxattr(target, &place, name, value, XATTR_LIMIT);
	if (length < 0)
		return (int)length;
	ret->data = arena_memdup(arena, value, (size_t)length);
	ret->size = (size_t)length;
	return 0;
}
