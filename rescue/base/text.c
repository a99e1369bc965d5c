/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/ctype.h"

bool string_equal_nocase(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (char_to_lower(*a) != char_to_lower(*b))
			return false;
	}
	return *a == *b;
}

bool parse_number(const char *text, uint64_t maximum, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t digit;

		if (!char_is_digit(*text))
			return false;
		digit = (uint64_t)(*text - '0');
		if (digit > maximum || value > (maximum - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

bool next_line(const struct blob *content, size_t *offset, const char **line, size_t *length)
{
	const char *newline;

	if (*offset >= content->size)
		return false;
	*line = content->data + *offset;
	newline = memchr(*line, '\n', content->size - *offset);
	*length = newline ? (size_t)(newline - *line) : content->size - *offset;
	*offset += *length + (newline ? 1 : 0);
	return true;
}

static void text_reserve(struct text *text, size_t size)
{
	size_t capacity = text->capacity ? text->capacity : 256;
	char *grown;

	if (text->capacity - text->size > size)
		return;
	while (capacity - text->size <= size)
		capacity *= 2;
	grown = arena_alloc(text->arena, capacity);
	if (text->size)
		memcpy(grown, text->data, text->size);
	text->data = grown;
	text->capacity = capacity;
}

char *cut_word(char **rest)
{
	char *word = *rest;

	while (char_is_space(*word))
		word++;
	for (*rest = word; **rest && !char_is_space(**rest); ++*rest)
		;
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

void text_add(struct text *text, const void *data, size_t size)
{
	text_reserve(text, size);
	if (size)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	text_reserve(text, (size_t)length);
	va_start(arguments, format);
	vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->size += (size_t)length;
}

unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
	enum {
		LONGEST = 64
	};
	/* Three rows of the table are enough: the row before the last serves swaps of neighbours. */
	unsigned rows[3][LONGEST + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > LONGEST || b_length > LONGEST)
		return limit + 1;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			char x = char_to_lower(a[i - 1]), y = char_to_lower(b[j - 1]);
			unsigned best = above[j - 1] + (x != y);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == char_to_lower(b[j - 2]) && char_to_lower(a[i - 2]) == y &&
			    above2[j - 2] + 1 < best)
				best = above2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_length % 3][b_length] > limit ? limit + 1 : rows[a_length % 3][b_length];
}
