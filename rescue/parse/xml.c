/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>

#include "base/text.h"

enum {
	/* Expat before 2.7 follows an entity inside an entity by recursion; nobody's firewall has any. */
	ENTITY_LIMIT = 32,
	SHOWN_LIMIT = 200, /* bytes of a line in a place */
};

struct reader {
	XML_Parser parser;
	struct arena *arena;
	const char *path;
	struct blob content;
	const struct xml_handler *handler;
	struct text characters;
	unsigned entities;
	bool stopped, unsupported;
};

/* Where the parser is now. The text begins there; the column says so unless nothing but blanks comes before it. */
static struct place current_place(const struct reader *reader)
{
	XML_Index index = XML_GetCurrentByteIndex(reader->parser);
	struct place place = {.path = reader->path, .line = (unsigned)XML_GetCurrentLineNumber(reader->parser)};
	const char *end = reader->content.data + reader->content.size;
	size_t column = XML_GetCurrentColumnNumber(reader->parser);

	if (index < 0 || (size_t)index > reader->content.size)
		return place;
	place.text = reader->content.data + index;
	while (place.text + place.text_length < end && place.text_length < SHOWN_LIMIT &&
	       !strchr("\r\n", place.text[place.text_length]))
		place.text_length++;
	if (column <= (size_t)index && column < SHOWN_LIMIT && strspn(place.text - column, " \t") >= column)
		return place;
	place.column = (unsigned)column + 1;
	return place;
}

static void stop(struct reader *reader)
{
	reader->stopped = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static void start_element(void *context, const char *name, const char **attributes)
{
	struct reader *reader = context;
	struct xml_element element = {.name = name, .attributes = attributes};

	if (reader->stopped || reader->unsupported)
		return;
	element.place = current_place(reader);
	reader->characters.size = 0;
	text_add(&reader->characters, "", 0);
	if (!reader->handler->start(reader->handler->context, &element))
		stop(reader);
}

static void end_element(void *context, const char *name)
{
	struct reader *reader = context;

	if (reader->stopped || reader->unsupported)
		return;
	if (!reader->handler->end(reader->handler->context, name, reader->characters.data))
		stop(reader);
}

static void add_characters(void *context, const char *data, int length)
{
	struct reader *reader = context;
	size_t from = reader->characters.size;

	text_add(&reader->characters, data, (size_t)length);
	for (size_t i = from; i < reader->characters.size; i++) {
		if (reader->characters.data[i] == '\n')
			reader->characters.data[i] = ' ';
	}
}

static void declare_entity(void *context, const char *name, int is_parameter, const char *value, int length,
			   const char *base, const char *system, const char *public, const char *notation)
{
	struct reader *reader = context;

	(void)name;
	(void)is_parameter;
	(void)value;
	(void)length;
	(void)base;
	(void)system;
	(void)public;
	(void)notation;
	if (++reader->entities <= ENTITY_LIMIT)
		return;
	reader->unsupported = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static int parse(struct reader *reader, struct xml_error *ret_error)
{
	enum XML_Error error;

	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, start_element, end_element);
	XML_SetCharacterDataHandler(reader->parser, add_characters);
	XML_SetEntityDeclHandler(reader->parser, declare_entity);
	text_add(&reader->characters, "", 0);
	if (XML_Parse(reader->parser, reader->content.data, (int)reader->content.size, XML_TRUE) == XML_STATUS_OK)
		return 0;
	if (reader->stopped)
		return -ECANCELED;
	error = XML_GetErrorCode(reader->parser);
	ret_error->place = current_place(reader);
	ret_error->place.column = 0;
	ret_error->message = reader->unsupported ? "more entities than are read here" : XML_ErrorString(error);
	if (error == XML_ERROR_NO_MEMORY)
		exit(8);
	return reader->unsupported || error == XML_ERROR_UNKNOWN_ENCODING ||
		       error == XML_ERROR_AMPLIFICATION_LIMIT_BREACH
		   ? -EOPNOTSUPP
		   : -EBADMSG;
}

int xml_parse(struct arena *arena, const char *path, struct blob content, const struct xml_handler *handler,
	      struct xml_error *ret_error)
{
	struct reader reader = {
	    .parser = XML_ParserCreate(NULL),
	    .arena = arena,
	    .path = path,
	    .content = content,
	    .handler = handler,
	    .characters.arena = arena,
	};
	int r;

	*ret_error = (struct xml_error){0};
	if (!reader.parser)
		exit(8); /* as arena_alloc() */
	r = parse(&reader, ret_error);
	XML_ParserFree(reader.parser);
	return r;
}

const char *xml_attribute(const struct xml_element *element, const char *name)
{
	for (const char *const *pair = element->attributes; *pair; pair += 2) {
		if (string_equal(pair[0], name))
			return pair[1];
	}
	return NULL;
}
