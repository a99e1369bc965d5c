/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_CTYPE_H
#define SSHRESCUE_BASE_CTYPE_H

/* Character classes of ASCII, whatever the locale says. */

#include <stdbool.h>

static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool char_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool char_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || char_is_upper(c);
}

static inline bool char_is_alnum(char c)
{
	return char_is_alpha(c) || char_is_digit(c);
}

/* As isspace(3) in the C locale. */
static inline bool char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool char_is_printable(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static inline char char_to_lower(char c)
{
	return char_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit, or -1. */
static inline int char_hex_value(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
