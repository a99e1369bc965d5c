/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/base64.h"

#include <string.h>

#include "base/ctype.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_value(char c)
{
	if (char_is_upper(c))
		return c - 'A';
	if (char_is_alpha(c))
		return c - 'a' + 26;
	if (char_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t skip_space(const char *text, size_t size, size_t at)
{
	while (at < size && char_is_space(text[at]))
		at++;
	return at;
}

/* What follows the first '=' behind digits characters (modulo 4): the rest of the padding, and nothing else. */
static bool padding_is_right(const char *text, size_t size, size_t at, unsigned digits)
{
	if (digits < 2)
		return false;
	if (digits == 2) {
		at = skip_space(text, size, at);
		if (at == size || text[at] != '=')
			return false;
		at++;
	}
	return skip_space(text, size, at) == size;
}

bool base64_decode(struct arena *arena, const char *text, size_t size, enum base64_rules rules, struct blob *ret)
{
	unsigned digits = 0, bits = 0;
	unsigned char *out;
	size_t used = 0;

	size = strnlen(text, size);
	out = arena_alloc(arena, size / 4 * 3 + 4);
	for (size_t at = 0; at < size; at++) {
		int value;

		if (char_is_space(text[at]))
			continue;
		if (text[at] == '=') {
			if (!padding_is_right(text, size, at + 1, digits))
				return false;
			if (rules == BASE64_STRICT && (bits & (digits == 2 ? 0xf : 0x3)))
				return false;
			digits = 0;
			break;
		}
		value = digit_value(text[at]);
		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		digits = (digits + 1) % 4;
		if (digits != 1)
			out[used++] = (unsigned char)(bits >> (digits == 2 ? 4 : digits == 3 ? 2 : 0));
	}
	if (digits != 0)
		return false;
	out[used] = '\0';
	*ret = (struct blob){.data = (char *)out, .size = used};
	return true;
}

void base64_encode(struct text *text, const void *data, size_t size, size_t line_length)
{
	const unsigned char *in = data;
	size_t column = 0;

	for (size_t at = 0; at < size; at += 3) {
		size_t left = size - at;
		unsigned bits =
		    (unsigned)in[at] << 16 | (left > 1 ? (unsigned)in[at + 1] << 8 : 0) | (left > 2 ? in[at + 2] : 0);

		for (unsigned i = 0; i < 4; i++) {
			text_add(text, i > left ? "=" : &alphabet[bits >> (18 - 6 * i) & 63], 1);
			if (line_length && ++column == line_length) {
				text_add(text, "\n", 1);
				column = 0;
			}
		}
	}
	if (line_length && column)
		text_add(text, "\n", 1);
}
