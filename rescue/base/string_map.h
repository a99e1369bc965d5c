/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_STRING_MAP_H
#define SSHRESCUE_BASE_STRING_MAP_H

/* Strings to pointers, found by hash. A map of zeros is empty; the keys are not copied and must live as long as it. */

#include "base/arena.h"

struct string_map {
	struct string_map_slot {
		const char *key;
		void *value;
	} * slots;
	size_t count, capacity;
};

/* NULL when there is none. */
void *string_map_get(const struct string_map *map, const char *key);
/* Replaces what has the key. */
void string_map_put(struct arena *arena, struct string_map *map, const char *key, void *value);
void string_map_remove(struct string_map *map, const char *key);

#endif
