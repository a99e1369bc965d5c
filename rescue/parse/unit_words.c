/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/unit_words.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

static const char word_separators[] = " \t\n\r";

/* The value of count digits of a base, or -EINVAL. */
static int64_t read_digits(const char *text, unsigned count, unsigned base)
{
	int64_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		int digit = char_hex_value(text[i]);

		if (digit < 0 || digit >= (int)base)
			return -EINVAL;
		value = value * base + digit;
	}
	return value;
}

static void add_utf8(struct text *text, uint32_t code)
{
	char bytes[4];

	if (code < 0x80) {
		bytes[0] = (char)code;
		text_add(text, bytes, 1);
	} else if (code < 0x800) {
		bytes[0] = (char)(0xc0 | (code >> 6));
		bytes[1] = (char)(0x80 | (code & 0x3f));
		text_add(text, bytes, 2);
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | (code >> 12));
		bytes[1] = (char)(0x80 | ((code >> 6) & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
		text_add(text, bytes, 3);
	} else {
		bytes[0] = (char)(0xf0 | (code >> 18));
		bytes[1] = (char)(0x80 | ((code >> 12) & 0x3f));
		bytes[2] = (char)(0x80 | ((code >> 6) & 0x3f));
		bytes[3] = (char)(0x80 | (code & 0x3f));
		text_add(text, bytes, 4);
	}
}

/* An escape written with digits. Returns how many characters behind the backslash it takes, or -EINVAL. */
static int unescape_number(const char *text, struct text *word)
{
	int64_t value;
	char byte;

	switch (*text) {
	case 'x':
		value = read_digits(text + 1, 2, 16);
		if (value <= 0)
			return -EINVAL;
		byte = (char)value;
		text_add(word, &byte, 1);
		return 3;
	case 'u':
	case 'U':
		value = read_digits(text + 1, *text == 'u' ? 4 : 8, 16);
		if (value <= 0 || value > 0x10ffff)
			return -EINVAL;
		add_utf8(word, (uint32_t)value);
		return *text == 'u' ? 5 : 9;
	default:
		value = read_digits(text, 3, 8);
		if (value <= 0 || value > 0xff)
			return -EINVAL;
		byte = (char)value;
		text_add(word, &byte, 1);
		return 3;
	}
}

/* cunescape_one() of systemd's escape.c. text is what stands behind the backslash. */
static int unescape(const char *text, struct text *word)
{
	static const char names[] = "abfnrtv\\\"'s", values[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *name = *text ? strchr(names, *text) : NULL;

	if (!name)
		return unescape_number(text, word);
	text_add(word, &values[name - names], 1);
	return 1;
}

int unit_word_next(struct arena *arena, const char **cursor, unsigned flags, char **ret)
{
	struct text word = {.arena = arena};
	const char *c = *cursor + strspn(*cursor, word_separators);
	char quote = '\0';

	if (!*c) {
		*cursor = c;
		return 0;
	}
	text_add(&word, "", 0);
	for (; *c; c++) {
		if (*c == '\\' && !(flags & UNIT_WORD_KEEP_ESCAPE)) {
			int length = -EINVAL;

			if (!c[1]) {
				if (!(flags & UNIT_WORD_RELAX))
					text_add(&word, c, 1);
				c++;
				break;
			}
			if (flags & UNIT_WORD_UNESCAPE) {
				length = unescape(c + 1, &word);
				if (length < 0)
					text_add(&word, c, 1);
			}
			if (length < 0) {
				text_add(&word, c + 1, 1);
				length = 1;
			}
			c += length;
		} else if (quote) {
			if (*c == quote)
				quote = '\0';
			else
				text_add(&word, c, 1);
		} else if ((flags & UNIT_WORD_UNQUOTE) && (*c == '\'' || *c == '"')) {
			quote = *c;
		} else if (strchr(word_separators, *c)) {
			break;
		} else {
			text_add(&word, c, 1);
		}
	}
	if (quote && !(flags & UNIT_WORD_RELAX))
		return -EINVAL;
	*cursor = c + strspn(c, word_separators);
	*ret = word.data;
	return 1;
}

int unit_words(struct arena *arena, const char *text, unsigned flags, string_list *ret)
{
	for (;;) {
		char *word;
		int r = unit_word_next(arena, &text, flags, &word);

		if (r <= 0)
			return r;
		*array_push(arena, ret) = word;
	}
}

int unit_boolean(const char *text)
{
	static const char *const words[][2] = {
	    {"0", "1"}, {"no", "yes"}, {"n", "y"}, {"false", "true"}, {"f", "t"}, {"off", "on"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int value = 0; value < 2; value++) {
			if (string_equal_nocase(text, words[i][value]))
				return value;
		}
	}
	return -EINVAL;
}
