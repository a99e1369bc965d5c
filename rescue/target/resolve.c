/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two resolvers with the same answers. The kernel's own (openat2 with RESOLVE_IN_ROOT) serves what is on disk in one
 * call. The walk goes component by component with a stack of directory descriptors: ".." takes the top one off, so that
 * no path leaves the root even when directories are moved meanwhile; links are expanded by hand. It also sees what is
 * staged.
 */
#include "target/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/syscalls.h"

enum {
	LINK_LIMIT = 40, /* as the kernel's MAXSYMLINKS */
	DEPTH_LIMIT = 128, /* directories held open at once */
	REST_SIZE = 4 * PATH_MAX, /* what is still to be walked, expanded links included */
	KERNEL_RETRIES = 16,
	PROC_MAGIC = 0x9fa0, /* statfs(2) */
	OPEN_NODE = O_PATH | O_NOFOLLOW | O_CLOEXEC,
};

enum node_type node_type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NODE_FILE;
	case S_IFDIR:
		return NODE_DIRECTORY;
	case S_IFLNK:
		return NODE_SYMLINK;
	default:
		return NODE_OTHER;
	}
}

void node_stat_from(const struct stat *status, struct node_stat *ret)
{
	*ret = (struct node_stat){
	    .type = node_type_of(status->st_mode),
	    .mode = status->st_mode & 07777,
	    .uid = status->st_uid,
	    .gid = status->st_gid,
	    .size = status->st_size < 0 ? 0 : (uint64_t)status->st_size,
	    .nlink = (unsigned)status->st_nlink,
	    .device = status->st_dev,
	    .inode = status->st_ino,
	    .modified = status->st_mtim,
	};
}

/* Without "//", "." and "..", and no slash at the end. */
static bool is_tidy(const char *path)
{
	while (*path == '/') {
		size_t length = strcspn(++path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
	}
	return *path == '\0';
}

bool kernel_resolves(const struct target *target, const char *path)
{
	if (target->walk)
		return false;
	return !target->staged || (is_tidy(path) && staged_leaves_alone(target->staged, path));
}

static int open_in_root(const struct target *target, const char *path, int flags, uint64_t resolve)
{
	int fd = -EAGAIN;

	if (path[0] != '/')
		return path[0] ? -EINVAL : -ENOENT;
	/* openat2(2): -EAGAIN when a directory was moved anywhere on the system while ".." was being resolved. */
	for (int i = 0; i < KERNEL_RETRIES && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = kernel_openat2(target->root_fd, path, flags | O_CLOEXEC,
				    resolve | KERNEL_RESOLVE_IN_ROOT | KERNEL_RESOLVE_NO_MAGICLINKS);
	return fd == -EINTR ? -EAGAIN : fd;
}

int kernel_open(const struct target *target, const char *path, int flags)
{
	int fd;

	if (!target->staged)
		return open_in_root(target, path, flags, 0);
	/* A link may lead to where something is staged. */
	fd = kernel_open_without_links(target, path, flags);
	return fd == -ELOOP ? -EAGAIN : fd;
}

int kernel_open_without_links(const struct target *target, const char *path, int flags)
{
	return open_in_root(target, path, flags, KERNEL_RESOLVE_NO_SYMLINKS);
}

struct walk {
	const struct target *target;
	const struct staged *staged;
	unsigned flags;
	unsigned links;
	int levels[DEPTH_LIMIT]; /* levels[0] is the root, not ours to close; -1: a directory that is only staged */
	size_t depth; /* index of the current directory */
	char path[PATH_MAX]; /* of the current directory; "" for the root */
	size_t length;
	char rest[REST_SIZE]; /* filled up to its end, so that links go in front */
	char *next;
};

static void walk_pop(struct walk *walk)
{
	if (walk->depth == 0)
		return;
	if (walk->levels[walk->depth] >= 0)
		close(walk->levels[walk->depth]);
	walk->depth--;
	while (walk->path[--walk->length] != '/')
		;
	walk->path[walk->length] = '\0';
}

static void walk_release(struct walk *walk)
{
	while (walk->depth > 0)
		walk_pop(walk);
}

static int walk_prepend(struct walk *walk, const char *text, size_t length)
{
	if ((size_t)(walk->next - walk->rest) < length)
		return -ENAMETOOLONG;
	walk->next -= length;
	memcpy(walk->next, text, length);
	return 0;
}

static int walk_start(struct walk *walk, struct target *target, const char *path, unsigned flags)
{
	size_t length = strlen(path);

	walk->target = target;
	walk->staged = flags & PLACE_ON_DISK ? NULL : target->staged;
	walk->flags = flags;
	walk->links = 0;
	walk->levels[0] = target->root_fd;
	walk->depth = 0;
	walk->path[0] = '\0';
	walk->length = 0;
	walk->next = walk->rest + REST_SIZE - 1;
	*walk->next = '\0';
	if (path[0] != '/')
		return path[0] ? -EINVAL : -ENOENT;
	return length >= PATH_MAX ? -ENAMETOOLONG : walk_prepend(walk, path, length);
}

/* One component of the path, as it is found in the current directory. */
struct step {
	int fd;
	const struct change *change;
	struct node_stat stat;
	char path[PATH_MAX];
	const char *name; /* within path */
	size_t length; /* of path */
};

static void step_release(struct step *step)
{
	if (step->fd >= 0)
		close(step->fd);
}

static int step_name(struct step *step, const struct walk *walk, const char *name, size_t length)
{
	if (length > NAME_MAX || walk->length + 1 + length >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(step->path, walk->path, walk->length);
	step->path[walk->length] = '/';
	memcpy(step->path + walk->length + 1, name, length);
	step->length = walk->length + 1 + length;
	step->path[step->length] = '\0';
	step->name = step->path + walk->length + 1;
	return 0;
}

/* What is on disk; NODE_ABSENT is not an error. A directory on the way needs no fstat. */
static int step_look_at_disk(struct step *step, int directory, bool want_stat)
{
	struct stat status;

	step->fd = -1;
	step->stat = (struct node_stat){.type = NODE_ABSENT};
	if (directory < 0)
		return 0;
	if (!want_stat) {
		step->fd = openat(directory, step->name, OPEN_NODE | O_DIRECTORY);
		if (step->fd >= 0) {
			step->stat.type = NODE_DIRECTORY;
			return 0;
		}
		if (errno != ENOTDIR && errno != ELOOP)
			return errno == ENOENT ? 0 : -errno;
	}
	step->fd = openat(directory, step->name, OPEN_NODE);
	if (step->fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(step->fd, &status) < 0)
		return -errno;
	node_stat_from(&status, &step->stat);
	return 0;
}

/* Lays what is staged over what is on disk. */
static void stat_overlay(struct node_stat *stat, const struct change *change)
{
	const struct node *after = &change->after;

	if (stat->type != after->type)
		*stat = (struct node_stat){.type = after->type, .nlink = 1};
	stat->mode = after->mode;
	stat->uid = after->uid;
	stat->gid = after->gid;
	if (change->content && after->type == NODE_FILE)
		stat->size = after->content.size;
	if (after->type == NODE_SYMLINK && after->link)
		stat->size = strlen(after->link);
}

static int step_look(struct step *step, const struct walk *walk, bool want_stat)
{
	const struct change *change = staged_find(walk->staged, step->path);
	int result = 0;

	step->change = change;
	step->fd = -1;
	step->stat = (struct node_stat){.type = NODE_ABSENT};
	/* What comes new is not looked up on disk: whatever may be there is not what the change leaves. */
	if (!change || change->before.type == change->after.type)
		result = step_look_at_disk(step, walk->levels[walk->depth], want_stat || change);
	if (change && result == 0) {
		if (step->fd >= 0 && step->stat.type != change->after.type) {
			close(step->fd);
			step->fd = -1;
		}
		stat_overlay(&step->stat, change);
	}
	return result;
}

static int walk_expand(struct walk *walk, const struct step *step)
{
	char text[PATH_MAX];
	const char *link = text;
	ssize_t length;

	if (++walk->links > LINK_LIMIT)
		return -ELOOP;
	if (step->change) {
		link = step->change->after.link;
		length = (ssize_t)strlen(link);
	} else {
		struct statfs filesystem;

		/* As RESOLVE_NO_MAGICLINKS: what links of procfs say is not where they lead. */
		if (fstatfs(step->fd, &filesystem) < 0)
			return -errno;
		if (filesystem.f_type == PROC_MAGIC)
			return -ELOOP;
		length = readlinkat(step->fd, "", text, sizeof(text));
		if (length < 0)
			return -errno;
		if (length == (ssize_t)sizeof(text))
			return -ENAMETOOLONG;
	}
	if (length == 0)
		return -ENOENT;
	if (link[0] == '/') {
		while (walk->depth > 0)
			walk_pop(walk);
	}
	return walk_prepend(walk, link, (size_t)length);
}

static int walk_push(struct walk *walk, struct step *step)
{
	if (walk->depth + 1 == DEPTH_LIMIT)
		return -ENAMETOOLONG;
	walk->levels[++walk->depth] = step->fd;
	step->fd = -1;
	memcpy(walk->path + walk->length, step->path + walk->length, step->length - walk->length + 1);
	walk->length = step->length;
	return 0;
}

/* The current directory's descriptor, handed over. The root's is the target's own. */
static int walk_steal(struct walk *walk)
{
	int fd;

	if (walk->depth > 0)
		return steal_fd(&walk->levels[walk->depth]);
	fd = fcntl(walk->levels[0], F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

/* The end of the path is the current directory itself. */
static int walk_finish(struct walk *walk, struct place *ret)
{
	struct stat status;

	memcpy(ret->path, walk->length ? walk->path : "/", walk->length ? walk->length + 1 : 2);
	ret->change = staged_find(walk->staged, ret->path);
	ret->stat = (struct node_stat){.type = NODE_DIRECTORY};
	if (walk->levels[walk->depth] >= 0) {
		ret->self = walk_steal(walk);
		if (ret->self < 0)
			return ret->self;
		if (fstat(ret->self, &status) < 0)
			return -errno;
		node_stat_from(&status, &ret->stat);
	}
	if (ret->change)
		stat_overlay(&ret->stat, ret->change);
	return 0;
}

/* The end of the path is what the last step found, or did not find. Only a file needs its directory, to be opened. */
static int walk_finish_at(struct walk *walk, struct step *step, struct place *ret)
{
	memcpy(ret->path, step->path, step->length + 1);
	ret->change = step->change;
	ret->stat = step->stat;
	ret->self = steal_fd(&step->fd);
	if (step->stat.type == NODE_FILE && walk->levels[walk->depth] >= 0) {
		ret->parent = walk_steal(walk);
		if (ret->parent < 0)
			return ret->parent;
	}
	return 0;
}

/* Goes one component on: 1 to go on, 0 when the end was reached. */
static int walk_step(struct walk *walk, struct place *ret)
{
	__attribute__((cleanup(step_release))) struct step step = {.fd = -1};
	size_t length;
	bool last, end;
	int result;

	while (*walk->next == '/')
		walk->next++;
	length = strcspn(walk->next, "/");
	if (length == 0)
		return walk_finish(walk, ret);
	result = step_name(&step, walk, walk->next, length);
	walk->next += length;
	if (result < 0)
		return result;
	if (string_equal(step.name, "."))
		return 1;
	if (string_equal(step.name, "..")) {
		walk_pop(walk);
		return 1;
	}
	end = walk->next[strspn(walk->next, "/")] == '\0';
	last = *walk->next == '\0';
	result = step_look(&step, walk, last);
	if (result < 0)
		return result;
	switch (step.stat.type) {
	case NODE_ABSENT:
		return end ? walk_finish_at(walk, &step, ret) : -ENOENT;
	case NODE_DIRECTORY:
		if (last)
			return walk_finish_at(walk, &step, ret);
		result = walk_push(walk, &step);
		return result < 0 ? result : 1;
	case NODE_SYMLINK:
		if (last && !(walk->flags & PLACE_FOLLOW))
			return walk_finish_at(walk, &step, ret);
		if (walk->flags & PLACE_NO_LINKS)
			return -ELOOP;
		result = walk_expand(walk, &step);
		return result < 0 ? result : 1;
	default:
		return last ? walk_finish_at(walk, &step, ret) : -ENOTDIR;
	}
}

int place_find(struct target *target, const char *path, unsigned flags, struct place *ret)
{
	struct walk walk;
	int result;

	ret->target = target;
	ret->parent = ret->self = -1;
	ret->change = NULL;
	ret->path[0] = '\0';
	result = walk_start(&walk, target, path, flags);
	if (result == 0) {
		do
			result = walk_step(&walk, ret);
		while (result == 1);
	}
	walk_release(&walk);
	return result;
}

void place_release(struct place *place)
{
	if (place->self >= 0)
		close(place->self);
	if (place->parent >= 0)
		close(place->parent);
	place->self = place->parent = -1;
}

const char *place_name(const struct place *place)
{
	return strrchr(place->path, '/') + 1;
}
