/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_CRASH_TREE_H
#define SSHRESCUE_TESTS_CRASH_TREE_H

/*
 * A whole tree in memory, to be compared with another: types, modes, owners, times, links, content, extended
 * attributes. /etc/sshrescue is left out. Content is read again only where inode or change time differ from the
 * snapshot before.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tracer.h" /* die() */

struct record {
	char *path; /* "/etc/ssh" */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	off_t size;
	nlink_t nlink; /* not of directories */
	ino_t inode;
	struct timespec modified, changed;
	uint64_t content; /* hash of content or link */
	uint64_t attributes; /* hash of the extended attributes */
	bool varies; /* new content differs from run to run */
};

struct tree {
	struct record *items;
	size_t count, capacity;
};

static uint64_t hash_add(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash;
}

enum {
	HASH_START = 1469598103
};

static void tree_release(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->items[i].path);
	free(tree->items);
	*tree = (struct tree){0};
}

static int compare_records(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->path, ((const struct record *)b)->path);
}

static const struct record *tree_find(const struct tree *tree, const char *path)
{
	struct record key = {.path = (char *)path};

	if (!tree || !tree->count)
		return NULL;
	return bsearch(&key, tree->items, tree->count, sizeof(key), compare_records);
}

static uint64_t hash_content(int directory, const char *name, const struct stat *status)
{
	uint64_t hash = HASH_START;
	char buffer[65536];
	ssize_t length;

	if (S_ISLNK(status->st_mode)) {
		length = readlinkat(directory, name, buffer, sizeof(buffer));
		if (length < 0)
			die("readlink");
		return hash_add(hash, buffer, (size_t)length);
	}
	if (S_ISREG(status->st_mode)) {
		int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);

		if (fd < 0)
			die(name);
		while ((length = read(fd, buffer, sizeof(buffer))) > 0)
			hash = hash_add(hash, buffer, (size_t)length);
		if (length < 0)
			die(name);
		close(fd);
	}
	return hash;
}

static uint64_t hash_attributes(const char *root, const char *path)
{
	char full[2 * PATH_MAX], names[4096], value[4096];
	uint64_t hash = HASH_START;
	ssize_t size;

	snprintf(full, sizeof(full), "%s%s", root, path);
	size = llistxattr(full, names, sizeof(names));
	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t length = lgetxattr(full, name, value, sizeof(value));

		/* The order of a list is the filesystem's own: a sum does not depend on it. */
		if (length >= 0)
			hash += hash_add(hash_add(HASH_START, name, strlen(name) + 1), value, (size_t)length);
	}
	return hash;
}

static void tree_add(struct tree *tree, const struct tree *known, const char *root, int directory, const char *name,
		     const char *path)
{
	struct stat status;
	const struct record *old = tree_find(known, path);
	struct record *record;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		die(path);
	if (tree->count == tree->capacity) {
		tree->capacity = tree->capacity ? 2 * tree->capacity : 1024;
		tree->items = realloc(tree->items, tree->capacity * sizeof(*tree->items));
		if (!tree->items)
			die("memory");
	}
	record = &tree->items[tree->count++];
	*record = (struct record){.path = strdup(path),
				  .mode = status.st_mode,
				  .uid = status.st_uid,
				  .gid = status.st_gid,
				  .size = S_ISDIR(status.st_mode) ? 0 : status.st_size,
				  .nlink = S_ISDIR(status.st_mode) ? 0 : status.st_nlink,
				  .inode = status.st_ino,
				  .modified = status.st_mtim,
				  .changed = status.st_ctim};
	if (old && old->inode == record->inode && old->changed.tv_sec == record->changed.tv_sec &&
	    old->changed.tv_nsec == record->changed.tv_nsec && old->size == record->size) {
		record->content = old->content;
		record->attributes = old->attributes;
	} else {
		record->content = hash_content(directory, name, &status);
		record->attributes = hash_attributes(root, path);
	}
}

static void tree_walk(struct tree *tree, const struct tree *known, const char *root, int directory, const char *path)
{
	DIR *stream = fdopendir(directory);
	struct dirent *item;

	if (!stream)
		die(path);
	while ((item = readdir(stream))) {
		char below[PATH_MAX];
		const struct record *added;

		if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, item->d_name);
		if (!strcmp(below, "/etc/sshrescue") || !strcmp(below, "/lost+found"))
			continue;
		tree_add(tree, known, root, dirfd(stream), item->d_name, below);
		added = &tree->items[tree->count - 1];
		if (S_ISDIR(added->mode)) {
			int fd = openat(dirfd(stream), item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (fd < 0)
				die(below);
			tree_walk(tree, known, root, fd, below);
		}
	}
	closedir(stream);
}

/* known may be NULL. */
static struct tree tree_read(const char *root, const struct tree *known)
{
	struct tree tree = {0};
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die(root);
	tree_add(&tree, known, root, fd, ".", "/");
	tree_walk(&tree, known, root, fd, "");
	qsort(tree.items, tree.count, sizeof(*tree.items), compare_records);
	return tree;
}

enum record_compare {
	WITH_TIME = 1, /* and number of links */
	ETC_TIME_FREE = 2, /* but for /etc, where the journal comes and goes */
};

static bool same_content(const struct record *a, const struct record *b)
{
	if ((a->mode & S_IFMT) != (b->mode & S_IFMT) || a->size != b->size)
		return false;
	return a->content == b->content || a->varies || b->varies;
}

static bool same_record(const struct record *a, const struct record *b, unsigned flags)
{
	bool timed = (flags & WITH_TIME) && !((flags & ETC_TIME_FREE) && !strcmp(a->path, "/etc"));

	if (!same_content(a, b) || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
	    a->attributes != b->attributes)
		return false;
	return !timed || (a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
			  a->nlink == b->nlink);
}

/* The first path that differs, or NULL. */
static const char *tree_difference(const struct tree *a, const struct tree *b, unsigned flags)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(a->items[i].path, b->items[j].path);

		if (order != 0)
			return order < 0 ? a->items[i].path : b->items[j].path;
		if (!same_record(&a->items[i], &b->items[j], flags))
			return a->items[i].path;
		i++, j++;
	}
	return NULL;
}

static bool is_absent_or(const struct record *now, const struct record *wanted)
{
	return (!now && !wanted) || (now && wanted && same_record(now, wanted, 0));
}

/* A change of owner and mode in place, cut between the two; and a directory that is new. */
static bool is_between(const struct record *now, const struct record *old, const struct record *new)
{
	const mode_t special = S_ISUID | S_ISGID;

	if (!now || !new)
		return false;
	if (!old)
		return S_ISDIR(now->mode) && S_ISDIR(new->mode) && (now->mode & 0777) == 0700;
	return same_content(now, old) && same_content(now, new) && now->attributes == old->attributes &&
	       (now->uid == old->uid || now->uid == new->uid) && (now->gid == old->gid || now->gid == new->gid) &&
	       ((now->mode | special) == (old->mode | special) || (now->mode | special) == (new->mode | special));
}

/* The first path that is neither what it was nor what it will be, or NULL. */
static const char *tree_torn(const struct tree *now, const struct tree *old, const struct tree *new)
{
	const struct tree *all[] = {now, old, new};

	for (size_t t = 0; t < 3; t++) {
		for (size_t i = 0; i < all[t]->count; i++) {
			const char *path = all[t]->items[i].path;
			const struct record *n = tree_find(now, path), *before = tree_find(old, path),
					    *after = tree_find(new, path);

			if (!is_absent_or(n, before) && !is_absent_or(n, after) && !is_between(n, before, after))
				return path;
		}
	}
	return NULL;
}

#endif
