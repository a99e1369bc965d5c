/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ARENA_FIRST_BLOCK = 16 * 1024,
	ARENA_LARGEST_STEP = 1024 * 1024,
	EXIT_OPERATIONAL_ERROR = 8,
};

struct arena_block {
	struct arena_block *older;
	size_t size, used;
	alignas(max_align_t) char data[];
};

static _Noreturn void out_of_memory(void)
{
	static const char message[] = "sshrescue: out of memory; nothing further was changed\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)ignored;
	_exit(EXIT_OPERATIONAL_ERROR);
}

static struct arena_block *arena_add_block(struct arena *arena, size_t wanted)
{
	size_t size = arena->newest ? arena->newest->size * 2 : ARENA_FIRST_BLOCK;
	struct arena_block *block;

	if (size > ARENA_LARGEST_STEP)
		size = ARENA_LARGEST_STEP;
	if (size < wanted)
		size = wanted;
	if (size > SIZE_MAX - sizeof(*block))
		out_of_memory();
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		out_of_memory();
	block->size = size;
	block->older = arena->newest;
	arena->newest = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->newest;
	size_t rounded;
	void *memory;

	if (size > SIZE_MAX - alignof(max_align_t))
		out_of_memory();
	rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->size - block->used < rounded)
		block = arena_add_block(arena, rounded);
	memory = block->data + block->used;
	block->used += rounded;
	arena->used += rounded;
	return memory;
}

char *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		out_of_memory();
	copy = arena_alloc(arena, size + 1);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	return arena_memdup(arena, string, strlen(string));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		out_of_memory();
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}

void *arena_grow(struct arena *arena, void *items, size_t *capacity, size_t count, size_t item_size)
{
	size_t wanted;
	void *grown;

	if (count < *capacity)
		return items;
	wanted = *capacity ? *capacity * 2 : 8;
	if (wanted < *capacity || wanted > SIZE_MAX / item_size)
		out_of_memory();
	grown = arena_alloc(arena, wanted * item_size);
	if (count)
		memcpy(grown, items, count * item_size);
	*capacity = wanted;
	return grown;
}

void arena_release(struct arena *arena)
{
	while (arena->newest) {
		struct arena_block *older = arena->newest->older;

		free(arena->newest);
		arena->newest = older;
	}
	arena->used = 0;
}
