/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_TEXT_H
#define SSHRESCUE_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

static inline bool string_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The rest of string behind prefix, or NULL. */
static inline const char *string_after(const char *string, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(string, prefix, length) == 0 ? string + length : NULL;
}

static inline bool string_ends_with(const char *string, const char *suffix)
{
	size_t length = strlen(string), suffix_length = strlen(suffix);

	return length >= suffix_length && memcmp(string + length - suffix_length, suffix, suffix_length) == 0;
}

/* Whether a path is the directory or below it; neither ends in a slash. */
static inline bool path_is_below(const char *path, const char *directory)
{
	const char *rest = string_after(path, directory);

	return rest && (*rest == '/' || *rest == '\0');
}

/* Compares ASCII letters without regard to case, in every locale. */
bool string_equal_nocase(const char *a, const char *b);

/* A decimal number, all of text; false when it is none or above maximum. */
bool parse_number(const char *text, uint64_t maximum, uint64_t *ret);

/* Splits a blob into lines, one call a line: *offset starts at 0. Returns false after the last one. The line is without
 * its newline (a carriage return stays). A last line without a newline counts; nothing behind a last newline does. */
bool next_line(const struct blob *content, size_t *offset, const char **line, size_t *length);

/* Takes the next word off *rest, which is cut into words at its blanks; "" when there is none left. */
char *cut_word(char **rest);

/* Text that grows, in an arena; always NUL-terminated once something was added. */
struct text {
	struct arena *arena;
	char *data;
	size_t size, capacity;
};

void text_add(struct text *text, const void *data, size_t size);
void text_add_string(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many single-character edits (insert, delete, replace, swap of neighbours) lead from a to b, letters of either
 * case being equal; anything above limit counts as limit + 1. */
unsigned edit_distance(const char *a, const char *b, unsigned limit);

#endif
