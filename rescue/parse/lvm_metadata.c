/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/lvm_metadata.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	DEPTH_MOST = 8, /* the description has five levels */
	NODES_MOST = 1000 * 1000,
};

/* name { … } or name = value or name = [ value, … ]; a value in a list is a node without a name. */
struct node {
	const char *name, *value; /* value NULL: a section or a list */
	struct node *first, *last, *next;
};

struct parser {
	struct arena *arena;
	const char *at, *end;
	size_t nodes;
};

static void skip_blanks(struct parser *parser)
{
	while (parser->at < parser->end) {
		if (*parser->at == '#') {
			while (parser->at < parser->end && *parser->at != '\n')
				parser->at++;
		} else if (char_is_space(*parser->at)) {
			parser->at++;
		} else {
			break;
		}
	}
}

static char next_sign(struct parser *parser)
{
	skip_blanks(parser);
	return parser->at < parser->end ? *parser->at : '\0';
}

static bool take(struct parser *parser, char sign)
{
	if (next_sign(parser) != sign || !sign)
		return false;
	parser->at++;
	return true;
}

static bool is_word(char c)
{
	return char_is_alnum(c) || (c && strchr("_-+./@", c));
}

/* A name, a number or a string in quotes; NULL: there is none. */
static const char *take_word(struct parser *parser)
{
	const char *begin;
	char *word, *to;

	if (next_sign(parser) != '"') {
		for (begin = parser->at; parser->at < parser->end && is_word(*parser->at); parser->at++)
			;
		return parser->at == begin ? NULL : arena_memdup(parser->arena, begin, (size_t)(parser->at - begin));
	}
	begin = ++parser->at;
	while (parser->at < parser->end && *parser->at != '"')
		parser->at += *parser->at == '\\' && parser->at + 1 < parser->end ? 2 : 1;
	if (parser->at >= parser->end)
		return NULL;
	word = to = arena_memdup(parser->arena, begin, (size_t)(parser->at - begin));
	for (const char *from = word; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	parser->at++;
	return word;
}

static struct node *add_node(struct parser *parser, struct node *parent, const char *name, const char *value)
{
	struct node *node;

	if (++parser->nodes > NODES_MOST)
		return NULL;
	node = ARENA_NEW(parser->arena, struct node);
	node->name = name;
	node->value = value;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

static bool parse_value(struct parser *parser, struct node *parent, const char *name)
{
	const char *value;
	struct node *list;

	if (!take(parser, '[')) {
		value = take_word(parser);
		return value && add_node(parser, parent, name, value);
	}
	list = add_node(parser, parent, name, NULL);
	while (list && !take(parser, ']')) {
		value = take_word(parser);
		if (!value || !add_node(parser, list, NULL, value))
			return false;
		(void)take(parser, ',');
	}
	return list;
}

/* Sections nest, without the C stack. */
static bool parse(struct parser *parser, struct node *root)
{
	struct node *open[DEPTH_MOST] = {root};
	size_t depth = 0;

	while (next_sign(parser)) {
		const char *name;

		if (take(parser, '}')) {
			if (depth-- == 0)
				return false;
			continue;
		}
		name = take_word(parser);
		if (!name)
			return false;
		if (take(parser, '=')) {
			if (!parse_value(parser, open[depth], name))
				return false;
		} else if (take(parser, '{') && depth + 1 < DEPTH_MOST) {
			open[depth + 1] = add_node(parser, open[depth], name, NULL);
			if (!open[++depth])
				return false;
		} else {
			return false;
		}
	}
	return depth == 0;
}

static const struct node *child(const struct node *node, const char *name)
{
	for (const struct node *found = node ? node->first : NULL; found; found = found->next) {
		if (found->name && string_equal(found->name, name))
			return found;
	}
	return NULL;
}

static const char *text_of(const struct node *node, const char *name)
{
	const struct node *found = child(node, name);

	return found && found->value ? found->value : "";
}

static uint64_t number_of(const struct node *node, const char *name)
{
	uint64_t number;

	return parse_number(text_of(node, name), UINT64_MAX / 1024, &number) ? number : 0;
}

static bool has_word(const struct node *list, const char *word)
{
	for (const struct node *item = list ? list->first : NULL; item; item = item->next) {
		if (item->value && string_equal(item->value, word))
			return true;
	}
	return false;
}

static void read_segment(struct arena *arena, const struct node *node, struct lvm_segment *ret)
{
	const struct node *stripes = child(node, "stripes");
	uint64_t extent;

	*ret = (struct lvm_segment){
	    .start = number_of(node, "start_extent"),
	    .count = number_of(node, "extent_count"),
	    .type = text_of(node, "type"),
	    .stripe_size = number_of(node, "stripe_size"),
	};
	/* A name and a number in turn */
	for (const struct node *item = stripes ? stripes->first : NULL; item && item->next; item = item->next->next) {
		if (parse_number(item->next->value, UINT64_MAX / 1024, &extent))
			*array_push(arena, &ret->stripes) = (struct lvm_stripe){item->value, extent};
	}
}

static void read_logical(struct arena *arena, const struct node *node, struct lvm_logical *ret)
{
	*ret = (struct lvm_logical){.name = node->name, .visible = has_word(child(node, "status"), "VISIBLE")};
	for (const struct node *item = node->first; item; item = item->next) {
		if (!item->value && string_after(item->name, "segment"))
			read_segment(arena, item, array_push(arena, &ret->segments));
	}
}

bool lvm_metadata_parse(struct arena *arena, const struct blob *text, struct lvm_group *ret)
{
	struct parser parser = {.arena = arena, .at = text->data, .end = text->data + strnlen(text->data, text->size)};
	struct node root = {0};
	const struct node *group, *item;

	*ret = (struct lvm_group){0};
	if (!parse(&parser, &root))
		return false;
	for (group = root.first; group && group->value; group = group->next)
		;
	if (!group)
		return false;
	ret->name = group->name;
	ret->id = text_of(group, "id");
	ret->sequence = number_of(group, "seqno");
	ret->extent_size = number_of(group, "extent_size");
	item = child(group, "physical_volumes");
	for (item = item ? item->first : NULL; item; item = item->next) {
		if (!item->value)
			*array_push(arena, &ret->physicals) =
			    (struct lvm_physical){item->name, text_of(item, "id"), number_of(item, "pe_start")};
	}
	item = child(group, "logical_volumes");
	for (item = item ? item->first : NULL; item; item = item->next) {
		if (!item->value)
			read_logical(arena, item, array_push(arena, &ret->logicals));
	}
	return *ret->id && ret->extent_size;
}
