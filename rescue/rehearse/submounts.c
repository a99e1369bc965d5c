/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/submounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	MOUNTINFO_LIMIT = 1024 * 1024,
	FIELD_DEVICE = 2, /* major:minor */
	FIELD_MOUNT_POINT = 4,
};

/* Undoes the escapes of a path: \040 is a space (proc_pid_mountinfo(5)). */
static char *unescape(struct arena *arena, const char *text, size_t length)
{
	char *path = arena_memdup(arena, text, length), *to = path;

	for (const char *from = path; *from; to++) {
		if (*from == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return path;
}

/* Filesystems without a device of their own that are on a disk all the same. */
static bool is_on_disk(const char *type, size_t length)
{
	static const char *const types[] = {"btrfs", "bcachefs", "zfs"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strlen(types[i]) == length && memcmp(type, types[i], length) == 0)
			return true;
	}
	return false;
}

static bool is_below(const char *path, const char *root)
{
	size_t length = strlen(root);

	if (string_equal(root, "/"))
		return path[0] == '/' && path[1];
	return strncmp(path, root, length) == 0 && path[length] == '/';
}

static void read_line(struct arena *arena, const char *line, const char *root, string_list *ret)
{
	const char *device = NULL, *point = NULL, *separator = strstr(line, " - ");
	size_t field = 0, point_length = 0;
	char *path;

	if (!separator)
		return;
	for (const char *word = line; word < separator; field++) {
		size_t length = strcspn(word, " ");

		if (field == FIELD_DEVICE)
			device = word;
		if (field == FIELD_MOUNT_POINT) {
			point = word;
			point_length = length;
		}
		word += length;
		word += *word == ' ';
	}
	separator += strlen(" - ");
	if (!device || !point || (string_after(device, "0:") && !is_on_disk(separator, strcspn(separator, " "))))
		return;
	path = unescape(arena, point, point_length);
	if (is_below(path, root) && ret->count < SUBMOUNT_LIMIT)
		*array_push(arena, ret) = path;
}

void submounts_read(struct arena *arena, const struct blob *mountinfo, const char *root, string_list *ret)
{
	size_t offset = 0, length;
	const char *line;

	while (next_line(mountinfo, &offset, &line, &length))
		read_line(arena, arena_memdup(arena, line, length), root, ret);
}

void submounts_find(struct arena *arena, const char *root, string_list *ret)
{
	cleanup_fd int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct blob content = {.data = arena_alloc(arena, MOUNTINFO_LIMIT + 1)};
	ssize_t size;

	while (fd >= 0 && content.size < MOUNTINFO_LIMIT &&
	       (size = read(fd, content.data + content.size, MOUNTINFO_LIMIT - content.size)) > 0)
		content.size += (size_t)size;
	submounts_read(arena, &content, root, ret);
}
