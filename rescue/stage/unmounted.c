/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/unmounted.h"

#include "base/text.h"

void unmounted_points(const struct facts *facts, struct arena *arena, string_list *ret)
{
	const char *line;
	size_t offset = 0, length;
	struct blob content;

	*ret = (string_list){0};
	if (target_read(facts->target, "/etc/fstab", TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return;
	while (next_line(&content, &offset, &line, &length)) {
		char *rest = arena_memdup(arena, line, length);
		const char *device = cut_word(&rest), *point = cut_word(&rest);
		dir_list names = {0};

		if (*device == '#' || *point != '/' || !point[1])
			continue;
		if (target_list(facts->target, point, arena, &names) < 0 || names.count == 0)
			*array_push(arena, ret) = (char *)point;
	}
}

const char *unmounted_above(const string_list *points, const char *path)
{
	for (size_t i = 0; i < points->count; i++) {
		if (path_is_below(path, points->items[i]))
			return points->items[i];
	}
	return NULL;
}
