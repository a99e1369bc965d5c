/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_XML_H
#define SSHRESCUE_PARSE_XML_H

/* Reads XML element by element, with expat: no external entities, no large or deep expansions. */

#include "filter/ruleset.h"

struct xml_element {
	const char *name;
	const char *const *attributes; /* names and values in turn, then NULL; valid during the call */
	struct place place; /* where its tag begins; path is the document's */
};

/* Each returns false to stop. */
struct xml_handler {
	void *context;
	bool (*start)(void *context, const struct xml_element *element);
	/* text: the characters since the last tag that began, each newline a space. */
	bool (*end)(void *context, const char *name, const char *text);
};

struct xml_error {
	struct place place;
	const char *message; /* in expat's words */
};

/*
 * Calls the handler for what the document holds, in its order. 0, -ECANCELED when the handler stopped it, -EBADMSG when
 * it is not well-formed, -EOPNOTSUPP when it may be, but has an encoding or more entities than are read here.
 * *ret_error is set for the last two. path and content must live as long as the places.
 */
int xml_parse(struct arena *arena, const char *path, struct blob content, const struct xml_handler *handler,
	      struct xml_error *ret_error);

/* The value of an attribute, or NULL. */
const char *xml_attribute(const struct xml_element *element, const char *name);

#endif
