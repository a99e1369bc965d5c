/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int sysfs_read(struct arena *arena, const char *path, struct blob *ret)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t capacity = 0;

	*ret = (struct blob){0};
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		while (capacity < ret->size + 4096 + 1)
			ret->data = arena_grow(arena, ret->data, &capacity, capacity, 1);
		n = read(fd, ret->data + ret->size, capacity - ret->size - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		ret->size += (size_t)n;
		ret->data[ret->size] = '\0';
		if (n == 0 || ret->size > SYSFS_LIMIT)
			return 0;
	}
}

char *sysfs_line(struct arena *arena, const char *path)
{
	struct blob content;

	if (sysfs_read(arena, path, &content) < 0)
		return NULL;
	content.data[strcspn(content.data, "\n")] = '\0';
	return *content.data ? content.data : NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void sysfs_list(struct arena *arena, const char *path, string_list *ret)
{
	cleanup_dir DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*array_push(arena, ret) = arena_strdup(arena, entry->d_name);
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
}
