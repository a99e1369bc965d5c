/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing; never shrinks. */
#include "base/string_map.h"

#include <stdint.h>

#include "base/text.h"

/* FNV-1a, 64 bits. The keys of a hostile root can be made to collide; the number of probes is bounded by the number of
 * keys, which whoever fills the map bounds. */
static uint64_t hash(const char *key)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (; *key; key++)
		value = (value ^ (unsigned char)*key) * 0x100000001b3u;
	return value ^ value >> 32;
}

static struct string_map_slot *find_slot(struct string_map_slot *slots, size_t capacity, const char *key)
{
	size_t i = hash(key) & (capacity - 1);

	while (slots[i].key && !string_equal(slots[i].key, key))
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

void *string_map_get(const struct string_map *map, const char *key)
{
	return map->capacity ? find_slot(map->slots, map->capacity, key)->value : NULL;
}

static void grow(struct arena *arena, struct string_map *map)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 64;
	struct string_map_slot *slots = arena_alloc(arena, capacity * sizeof(*slots));

	for (size_t i = 0; i < map->capacity; i++) {
		if (map->slots[i].key)
			*find_slot(slots, capacity, map->slots[i].key) = map->slots[i];
	}
	map->slots = slots;
	map->capacity = capacity;
}

void string_map_put(struct arena *arena, struct string_map *map, const char *key, void *value)
{
	struct string_map_slot *slot;

	if (map->count * 4 >= map->capacity * 3)
		grow(arena, map);
	slot = find_slot(map->slots, map->capacity, key);
	if (!slot->key)
		map->count++;
	slot->key = key;
	slot->value = value;
}

void string_map_remove(struct string_map *map, const char *key)
{
	if (map->capacity)
		find_slot(map->slots, map->capacity, key)->value = NULL;
}
