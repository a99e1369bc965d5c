/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/unit_syntax.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum {
	LINE_LONGEST = 1024 * 1024, /* LONG_LINE_MAX */
};

static const char whitespace[] = " \t\n\r";

struct parser {
	const char *const *sections;
	unit_assignment callback;
	void *context;
	const char *section; /* NULL outside the sections that are asked for */
	struct unit_syntax_error *error;
};

static int parser_fail(struct parser *parser, unsigned line, const char *reason, int error)
{
	parser->error->line = line;
	parser->error->reason = reason;
	return error;
}

/* How many bytes a well-formed character takes, 0 when it is none: utf8_encoded_valid_unichar() of systemd's utf8.c. */
static size_t utf8_length(const unsigned char *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	length = text[0] < 0xc0 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf8 ? 4 : 0;
	if (!length)
		return 0;
	code = text[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code & 0xfffff800) == 0xd800)
		return 0;
	/* Unicode's noncharacters */
	if ((code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe)
		return 0;
	return length;
}

bool unit_utf8_is_valid(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;

	while (*byte) {
		size_t length = utf8_length(byte);

		if (!length)
			return false;
		byte += length;
	}
	return true;
}

/* Removes white space at both ends, in place. */
static char *strip(char *text)
{
	size_t length;

	text += strspn(text, whitespace);
	length = strlen(text);
	while (length && strchr(whitespace, text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static int parse_section(struct parser *parser, char *header, unsigned line)
{
	size_t length = strlen(header);

	if (header[length - 1] != ']')
		return parser_fail(parser, line, "invalid section header", -EBADMSG);
	header[length - 1] = '\0';
	parser->section = NULL;
	for (size_t i = 0; parser->sections[i]; i++) {
		if (string_equal(parser->sections[i], header + 1))
			parser->section = parser->sections[i];
	}
	return 0;
}

/* One logical line, continuation lines joined. */
static int parse_line(struct parser *parser, char *text, unsigned line, unsigned last_line)
{
	char *equals;
	int r;

	text = strip(text);
	if (!*text)
		return 0;
	if (!unit_utf8_is_valid(text))
		return parser_fail(parser, line, "line is not UTF-8", -EINVAL);
	if (*text == '[')
		return parse_section(parser, text, line);
	if (!parser->section)
		return 0;
	equals = strchr(text, '=');
	if (!equals || equals == text)
		return 0;
	*equals = '\0';
	r = parser->callback(parser->context, parser->section, strip(text), strip(equals + 1), line, last_line);
	if (r < 0 && !parser->error->line)
		parser->error->line = line;
	return r;
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

/* Skips one end of line: CR LF, LF CR, and either with a NUL behind, count once (read_line_full() of systemd's
 * fileio.c). */
static char *skip_line_end(char *c, const char *end)
{
	bool newline = false, carriage_return = false;

	for (; c < end && is_line_end(*c); c++) {
		if (*c == '\0')
			return c + 1;
		if (*c == '\n' ? newline : carriage_return)
			break;
		if (*c == '\n')
			newline = true;
		else
			carriage_return = true;
	}
	return c;
}

/* Whether a line goes on with the next one: an odd number of backslashes stands at its end. */
static bool is_continued(const char *text, size_t length)
{
	size_t backslashes = 0;

	while (backslashes < length && text[length - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2;
}

int unit_syntax_parse(struct blob *content, const char *const *sections, unit_assignment callback, void *context,
		      struct unit_syntax_error *error)
{
	struct parser parser = {.sections = sections, .callback = callback, .context = context, .error = error};
	char *c = content->data, *end = c + content->size, *joined = NULL;
	size_t joined_length = 0;
	unsigned line = 0, first_line = 0;
	bool bom_seen = false;

	*error = (struct unit_syntax_error){0};
	while (c < end) {
		char *text = c, *next;
		size_t length;
		int r;

		while (c < end && !is_line_end(*c))
			c++;
		length = (size_t)(c - text);
		next = skip_line_end(c, end);
		*c = '\0';
		c = next;
		line++;
		if (length > LINE_LONGEST || joined_length + length > LINE_LONGEST)
			return parser_fail(&parser, line, "line too long", -ENOBUFS);
		if (text[strspn(text, whitespace)] == '#' || text[strspn(text, whitespace)] == ';')
			continue;
		if (!bom_seen && string_after(text, "\xef\xbb\xbf")) {
			text += 3;
			length -= 3;
			bom_seen = true;
		}
		if (joined) {
			/* Joined in place: what is read lies always behind what is written. */
			memmove(joined + joined_length, text, length + 1);
		} else {
			joined = text;
			joined_length = 0;
			first_line = line;
		}
		joined_length += length;
		if (is_continued(joined, joined_length)) {
			joined[joined_length - 1] = ' ';
			continue;
		}
		r = parse_line(&parser, joined, first_line, line);
		if (r < 0)
			return r;
		joined = NULL;
		joined_length = 0;
	}
	return joined ? parse_line(&parser, joined, first_line, line) : 0;
}
