/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a directory, with what is staged in it. */
#include "target/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/resolve.h"

enum {
	DIRECTORY_BUFFER = 32 * 1024,
	OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK,
};

/* One entry as getdents64(2) delivers it. */
struct kernel_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static enum node_type entry_type(int directory, const struct kernel_entry *entry)
{
	struct stat status;

	switch (entry->type) {
	case DT_REG:
		return NODE_FILE;
	case DT_DIR:
		return NODE_DIRECTORY;
	case DT_LNK:
		return NODE_SYMLINK;
	case DT_UNKNOWN:
		if (fstatat(directory, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return node_type_of(status.st_mode);
		return NODE_OTHER;
	default:
		return NODE_OTHER;
	}
}

static int read_entries(int directory, struct arena *arena, dir_list *ret)
{
	alignas(struct kernel_entry) char buffer[DIRECTORY_BUFFER];

	for (;;) {
		long size = syscall(SYS_getdents64, directory, buffer, sizeof(buffer));

		if (size < 0)
			return -errno;
		if (size == 0)
			return 0;
		for (long at = 0; at < size;) {
			const struct kernel_entry *entry = (const struct kernel_entry *)(buffer + at);
			struct dir_entry *added;

			at += entry->length;
			if (string_equal(entry->name, ".") || string_equal(entry->name, ".."))
				continue;
			if (ret->count == TARGET_LIST_LIMIT)
				return -E2BIG;
			added = array_push(arena, ret);
			added->name = arena_strdup(arena, entry->name);
			added->type = entry_type(directory, entry);
		}
	}
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct dir_entry *)a)->name, ((const struct dir_entry *)b)->name);
}

static void sort_entries(dir_list *list)
{
	size_t i = 1;

	while (i < list->count && compare_entries(&list->items[i - 1], &list->items[i]) < 0)
		i++;
	if (i < list->count)
		qsort(list->items, list->count, sizeof(list->items[0]), compare_entries);
}

static struct dir_entry *find_entry(const dir_list *list, size_t count, const char *name)
{
	struct dir_entry key = {.name = (char *)name};

	return count ? bsearch(&key, list->items, count, sizeof(key), compare_entries) : NULL;
}

/* Adds, retypes and removes names as the staged layer wants it. */
static void merge_staged(const struct staged *staged, const char *directory, struct arena *arena, dir_list *list)
{
	const char *prefix = string_equal(directory, "/") ? "" : directory;
	size_t length = strlen(prefix), on_disk = list->count, kept = 0;

	for (size_t i = 0; i < staged->changes.count; i++) {
		const struct change *change = &staged->changes.items[i];
		struct dir_entry *entry;
		const char *name;

		if (strncmp(change->path, prefix, length) != 0 || change->path[length] != '/')
			continue;
		name = change->path + length + 1;
		if (*name == '\0' || strchr(name, '/'))
			continue;
		entry = find_entry(list, on_disk, name);
		if (!entry && change->after.type != NODE_ABSENT) {
			entry = array_push(arena, list);
			entry->name = arena_strdup(arena, name);
		}
		if (entry)
			entry->type = change->after.type;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].type != NODE_ABSENT)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static int list_place(struct target *target, const char *path, struct arena *arena, dir_list *ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	cleanup_fd int directory = -1;
	int result = place_find(target, path, PLACE_FOLLOW, &place);

	if (result < 0)
		return result;
	if (place.stat.type != NODE_DIRECTORY)
		return place.stat.type == NODE_ABSENT ? -ENOENT : -ENOTDIR;
	if (place.self >= 0) {
		directory = openat(place.self, ".", OPEN_DIRECTORY);
		if (directory < 0)
			return -errno;
		result = read_entries(directory, arena, ret);
		if (result < 0)
			return result;
	}
	sort_entries(ret);
	if (target->staged) {
		merge_staged(target->staged, place.path, arena, ret);
		sort_entries(ret);
	}
	return 0;
}

int target_list(struct target *target, const char *path, struct arena *arena, dir_list *ret)
{
	int result;

	*ret = (dir_list){0};
	if (kernel_resolves(target, path)) {
		cleanup_fd int directory = kernel_open(target, path, OPEN_DIRECTORY);

		if (directory < 0 && directory != -EAGAIN)
			return directory;
		if (directory >= 0) {
			result = read_entries(directory, arena, ret);
			sort_entries(ret);
			return result;
		}
	}
	return list_place(target, path, arena, ret);
}
