/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_ARENA_H
#define SSHRESCUE_BASE_ARENA_H

/*
 * Memory that lives as long as one look at the target. Everything a look reads and concludes comes from one arena and
 * is released with it, so no parser has a free function of its own.
 *
 * No function here returns NULL: when memory runs out the program ends with status 8. A transaction survives that at
 * any point, as it survives a kill.
 */

#include <stddef.h>
#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *newest;
	size_t used; /* bytes handed out, all blocks together */
};

/* Zeroed memory, aligned for any object. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of size bytes, with a NUL behind it. */
char *arena_memdup(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *string);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
/* Makes room for one more item: returns items, moved if need be, and updates *capacity. */
void *arena_grow(struct arena *arena, void *items, size_t *capacity, size_t count, size_t item_size);
void arena_release(struct arena *arena);

#define cleanup_arena __attribute__((cleanup(arena_release)))

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* A growing array: ARRAY_OF(struct item) list = {0}; *array_push(arena, &list) = item; list.items[0 … list.count-1] */
#define ARRAY_OF(type)           \
	struct {                 \
		type *items;     \
		size_t count;    \
		size_t capacity; \
	}

/* A pointer to a new item, with undefined content if the array had shrunk before, else zeroed. */
#define array_push(arena, array)                                                                               \
	((array)->items =                                                                                      \
	     arena_grow((arena), (array)->items, &(array)->capacity, (array)->count, sizeof(*(array)->items)), \
	 &(array)->items[(array)->count++])

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* File content or any other bytes. data[size] is always a NUL that does not count. */
struct blob {
	char *data;
	size_t size;
};

/* A list of strings in an arena. */
typedef ARRAY_OF(char *) string_list;

#endif
