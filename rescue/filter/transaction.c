/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/transaction.h"

#include <string.h>

typedef ARRAY_OF(char) any_list;

void ruleset_begin(struct ruleset *ruleset)
{
	ruleset->transaction = ++ruleset->transactions;
	ruleset->undo.count = 0;
}

static struct undo *note(struct ruleset *ruleset, enum undo_kind kind, void *place, size_t size)
{
	struct undo *undo = array_push(ruleset->arena, &ruleset->undo);

	*undo = (struct undo){.kind = kind, .place = place, .size = (unsigned)size};
	return undo;
}

void ruleset_note_change(struct ruleset *ruleset, void *memory, size_t size)
{
	if (ruleset->transaction)
		note(ruleset, UNDO_CHANGE, memory, size)->content = arena_memdup(ruleset->arena, memory, size);
}

static void open_gap(struct arena *arena, any_list *list, size_t size, size_t index, const void *item)
{
	char *items = list->items = arena_grow(arena, list->items, &list->capacity, list->count, size);

	memmove(items + (index + 1) * size, items + index * size, (list->count - index) * size);
	memcpy(items + index * size, item, size);
	list->count++;
}

static void close_gap(any_list *list, size_t size, size_t index)
{
	char *items = list->items;

	list->count--;
	memmove(items + index * size, items + (index + 1) * size, (list->count - index) * size);
}

void list_insert(struct ruleset *ruleset, void *list, size_t item_size, size_t index, const void *item, bool noted)
{
	open_gap(ruleset->arena, list, item_size, index, item);
	if (noted && ruleset->transaction)
		note(ruleset, UNDO_INSERT, list, item_size)->index = index;
}

void list_remove(struct ruleset *ruleset, void *list, size_t item_size, size_t index)
{
	any_list *items = list;

	if (ruleset->transaction) {
		struct undo *undo = note(ruleset, UNDO_REMOVE, list, item_size);

		undo->index = index;
		undo->content = arena_memdup(ruleset->arena, items->items + index * item_size, item_size);
	}
	close_gap(items, item_size, index);
}

void name_put(struct ruleset *ruleset, struct string_map *map, const char *name, void *value)
{
	if (ruleset->transaction) {
		struct undo *undo = note(ruleset, UNDO_NAME, map, 0);

		undo->name = name;
		undo->content = string_map_get(map, name);
	}
	string_map_put(ruleset->arena, map, name, value);
}

static void undo_one(struct ruleset *ruleset, const struct undo *undo)
{
	switch (undo->kind) {
	case UNDO_CHANGE:
		memcpy(undo->place, undo->content, undo->size);
		break;
	case UNDO_INSERT:
		close_gap(undo->place, undo->size, undo->index);
		break;
	case UNDO_REMOVE:
		open_gap(ruleset->arena, undo->place, undo->size, undo->index, undo->content);
		break;
	case UNDO_NAME:
		string_map_put(ruleset->arena, undo->place, undo->name, undo->content);
		break;
	}
}

void ruleset_end(struct ruleset *ruleset, bool keep)
{
	ruleset->transaction = 0;
	while (!keep && ruleset->undo.count)
		undo_one(ruleset, &ruleset->undo.items[--ruleset->undo.count]);
	ruleset->undo.count = 0;
}
