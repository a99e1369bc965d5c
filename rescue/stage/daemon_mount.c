/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the target that live on a file system of their own, which may not be mounted while it is examined. */
#include "stage/daemon.h"

#include "base/ctype.h"
#include "base/text.h"

/* The second field of a line of fstab(5), or NULL. */
static const char *mount_point(struct arena *arena, const char *line, size_t length)
{
	char *copy = arena_memdup(arena, line, length), *rest = NULL;
	const char *first = strtok_r(copy, " \t", &rest), *second = strtok_r(NULL, " \t", &rest);

	return first && *first != '#' && second && *second == '/' ? second : NULL;
}

static bool is_empty(struct daemon_stage *stage, const char *directory)
{
	dir_list names = {0};

	return target_list(stage->facts->target, directory, stage->arena, &names) < 0 || names.count == 0;
}

const char *daemon_unmounted(struct daemon_stage *stage, const char *path)
{
	struct blob fstab;
	const char *line;
	size_t offset = 0, length;

	if (target_read(stage->facts->target, "/etc/fstab", TARGET_FILE_LIMIT, stage->arena, &fstab, NULL) < 0)
		return NULL;
	while (next_line(&fstab, &offset, &line, &length)) {
		const char *point = mount_point(stage->arena, line, length);

		if (point && point[1] && path_is_below(path, point) && is_empty(stage, point))
			return point;
	}
	return NULL;
}
