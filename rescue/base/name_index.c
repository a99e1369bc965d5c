/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/name_index.h"

#include <stdbool.h>

#include "base/text.h"

/* Open addressing; grows before it is half full. */
struct name_index {
	const char **names;
	void **things; /* NULL beside a name: removed */
	size_t capacity, used;
};

static size_t hash_name(const char *name)
{
	size_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return hash;
}

static size_t index_slot(const struct name_index *index, const char *name)
{
	size_t slot = hash_name(name) % index->capacity;

	while (index->names[slot] && !string_equal(index->names[slot], name))
		slot = (slot + 1) % index->capacity;
	return slot;
}

void *index_find(const struct name_index *index, const char *name)
{
	return index ? index->things[index_slot(index, name)] : NULL;
}

void index_put(struct arena *arena, struct name_index **index, const char *name, void *thing)
{
	struct name_index *old = *index;
	size_t slot;

	if (!old || old->used * 2 >= old->capacity) {
		struct name_index *grown = ARENA_NEW(arena, struct name_index);

		grown->capacity = old ? old->capacity * 2 + 1 : 31;
		grown->names = arena_alloc(arena, grown->capacity * sizeof(*grown->names));
		grown->things = arena_alloc(arena, grown->capacity * sizeof(*grown->things));
		for (size_t i = 0; old && i < old->capacity; i++) {
			if (!old->names[i] || !old->things[i])
				continue;
			slot = index_slot(grown, old->names[i]);
			grown->names[slot] = old->names[i];
			grown->things[slot] = old->things[i];
			grown->used++;
		}
		*index = grown;
	}
	slot = index_slot(*index, name);
	(*index)->used += !(*index)->names[slot];
	(*index)->names[slot] = name;
	(*index)->things[slot] = thing;
}

void index_remove(struct name_index *index, const char *name)
{
	if (index)
		index->things[index_slot(index, name)] = NULL;
}
