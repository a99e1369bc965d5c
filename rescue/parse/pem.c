/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/pem.h"

#include <string.h>

#include "base/text.h"
#include "parse/base64.h"

enum {
	LINE_LIMIT = 254, /* LINESIZE of pem_lib.c: libcrypto cuts longer lines to pieces */
	DATA_LINE_LENGTH = 64, /* of a block with headers */
};

/* A line without the blanks and control characters at its end. */
struct line {
	const char *data;
	size_t size;
	bool odd; /* bytes above 127 stood there: libcrypto takes them for blanks where char is signed */
};

static bool take_line(const struct blob *content, size_t *offset, struct line *ret)
{
	size_t size;

	if (!next_line(content, offset, &ret->data, &ret->size))
		return false;
	size = ret->size;
	while (size && ((unsigned char)ret->data[size - 1] <= ' ' || (unsigned char)ret->data[size - 1] > 127))
		size--;
	ret->odd = false;
	for (size_t i = size; i < ret->size; i++)
		ret->odd = ret->odd || (unsigned char)ret->data[i] > 127;
	ret->size = size;
	return true;
}

/* "-----BEGIN RSA PRIVATE KEY-----": what stands between; NULL for another line. */
static const char *boundary_name(const struct line *line, const char *prefix, struct arena *arena)
{
	static const char dashes[] = "-----";
	size_t skip = strlen(prefix), tail = sizeof(dashes) - 1;

	if (line->size < skip + tail || memcmp(line->data, prefix, skip) != 0 ||
	    memcmp(line->data + line->size - tail, dashes, tail) != 0)
		return NULL;
	return arena_memdup(arena, line->data + skip, line->size - skip - tail);
}

static bool line_has(const struct line *line, char c)
{
	return line->size && memchr(line->data, c, line->size);
}

/* The lines between BEGIN and END: headers and an empty line may stand before the base64 text. */
struct body {
	struct text before, after; /* the first empty line */
	bool parted; /* by an empty line */
	bool has_colon;
	bool short_line; /* behind the headers only the last line may be short */
	enum pem_reading reading;
};

/* The first verdict stands. */
static void body_note(struct body *body, enum pem_reading reading)
{
	if (body->reading == READING_OK)
		body->reading = reading;
}

static void body_add(struct body *body, const struct line *line)
{
	struct text *text = body->parted ? &body->after : &body->before;

	if (line->odd || line_has(line, '\0') || line->size > LINE_LIMIT)
		body_note(body, READING_ODD);
	if (line->size == 0) {
		if (body->parted)
			body_note(body, READING_BAD);
		body->parted = true;
		return;
	}
	if (body->short_line || (body->parted && line->size > DATA_LINE_LENGTH))
		body_note(body, READING_BAD);
	body->short_line = body->parted && line->size < DATA_LINE_LENGTH;
	body->has_colon = body->has_colon || (!body->parted && line_has(line, ':'));
	text_add(text, line->data, line->size);
	text_add(text, "\n", 1);
}

static enum pem_reading finish_body(struct body *body, struct arena *arena, struct pem_block *ret)
{
	const struct text *data = &body->before;

	if (body->reading != READING_OK)
		return body->reading;
	if (body->parted && body->before.size) {
		if (!string_after(body->before.data, "Proc-Type:"))
			return READING_BAD;
		if (!strstr(body->before.data, "ENCRYPTED"))
			return READING_ODD;
		ret->encrypted = true;
		return READING_OK;
	}
	if (body->has_colon)
		return READING_BAD;
	if (body->parted)
		data = &body->after;
	if (!data->size)
		return READING_BAD;
	/* A hyphen ends the text for EVP_DecodeUpdate(3). */
	if (memchr(data->data, '-', data->size))
		return READING_ODD;
	return base64_decode(arena, data->data, data->size, BASE64_LENIENT, &ret->der) ? READING_OK : READING_BAD;
}

bool pem_next_block(const struct blob *content, size_t *offset, struct arena *arena, struct pem_block *ret,
		    enum pem_reading *ret_reading)
{
	struct body body = {.before = {.arena = arena}, .after = {.arena = arena}};
	struct line line = {0};

	memset(ret, 0, sizeof(*ret));
	while (take_line(content, offset, &line)) {
		ret->name = boundary_name(&line, "-----BEGIN ", arena);
		if (ret->name)
			break;
	}
	if (line.odd)
		body_note(&body, READING_ODD);
	if (!ret->name)
		return false;
	while (take_line(content, offset, &line)) {
		const char *end;

		if (line.size < 9 || memcmp(line.data, "-----END ", 9) != 0) {
			body_add(&body, &line);
			continue;
		}
		if (line.odd)
			body_note(&body, READING_ODD);
		end = boundary_name(&line, "-----END ", arena);
		if (!end || !string_equal(end, ret->name))
			body_note(&body, READING_BAD);
		*ret_reading = finish_body(&body, arena, ret);
		return true;
	}
	*ret_reading = READING_BAD; /* cut off */
	return true;
}
