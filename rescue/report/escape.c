/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/escape.h"

#include <stdint.h>

#include "base/ctype.h"

void escape_terminal(struct text *text, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (char_is_printable(bytes[i]))
			text_add(text, &bytes[i], 1);
		else if (bytes[i] == '\t')
			text_add_string(text, "\\t");
		else
			text_printf(text, "\\x%02x", (unsigned char)bytes[i]);
	}
}

char *escape_terminal_string(struct arena *arena, const char *string)
{
	struct text text = {.arena = arena};

	text_add_string(&text, "");
	escape_terminal(&text, string, strlen(string));
	return text.data;
}

/* How many bytes the UTF-8 character at the beginning of bytes has (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *bytes, size_t size, uint32_t *ret_character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = bytes[0] < 0x80		    ? 1
			: (bytes[0] & 0xe0) == 0xc0 ? 2
			: (bytes[0] & 0xf0) == 0xe0 ? 3
			: (bytes[0] & 0xf8) == 0xf0 ? 4
						    : 0;
	uint32_t character = bytes[0];

	if (length > size)
		return 0;
	if (length > 1)
		character &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3fu);
	}
	if (length &&
	    (character < smallest[length] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)))
		return 0;
	*ret_character = character;
	return length;
}

static void add_escaped(struct text *text, uint32_t character)
{
	/* RFC 8259: beyond the sixteen bits that an escape has, a surrogate pair. */
	if (character > 0xffff)
		text_printf(text, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (character >> 10)),
			    (unsigned)(0xdc00 + (character & 0x3ff)));
	else
		text_printf(text, "\\u%04x", (unsigned)character);
}

bool escape_json(struct text *text, const char *bytes, size_t size)
{
	bool whole = true;

	text_add_string(text, "\"");
	for (size_t i = 0, length; i < size; i += length ? length : 1) {
		uint32_t character = 0;

		length = utf8_length((const unsigned char *)bytes + i, size - i, &character);
		if (!length) {
			text_add_string(text, "\\ufffd");
			whole = false;
		} else if (character == '"' || character == '\\') {
			text_printf(text, "\\%c", (int)character);
		} else if (length == 1 && char_is_printable(bytes[i])) {
			text_add(text, bytes + i, 1);
		} else {
			add_escaped(text, character);
		}
	}
	text_add_string(text, "\"");
	return whole;
}

void escape_json_string(struct text *text, const char *string)
{
	if (string)
		escape_json(text, string, strlen(string));
	else
		text_add_string(text, "null");
}
