/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/key_file.h"

#include "base/ctype.h"
#include "base/text.h"

/* A copy without the spaces around it. */
static const char *trimmed(struct arena *arena, const char *text, size_t length)
{
	while (length && char_is_space(*text)) {
		text++;
		length--;
	}
	while (length && char_is_space(text[length - 1]))
		length--;
	return arena_memdup(arena, text, length);
}

bool key_file_next(struct key_file *file)
{
	const char *line;
	size_t length;

	while (next_line(file->content, &file->offset, &line, &length)) {
		const char *end;

		file->line++;
		while (length && char_is_space(*line)) {
			line++;
			length--;
		}
		if (!length || *line == '#' || *line == ';')
			continue;
		if (*line == '[') {
			end = memchr(line, ']', length);
			if (end)
				file->section = arena_memdup(file->arena, line + 1, (size_t)(end - line - 1));
			continue;
		}
		end = memchr(line, '=', length);
		if (!end)
			continue;
		file->key = trimmed(file->arena, line, (size_t)(end - line));
		file->value = trimmed(file->arena, end + 1, length - (size_t)(end + 1 - line));
		return true;
	}
	return false;
}

const char *key_file_unquoted(struct arena *arena, const char *value)
{
	size_t length = strlen(value);

	if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
		return arena_memdup(arena, value + 1, length - 2);
	return value;
}
