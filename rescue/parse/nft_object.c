/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters, limits, quotas, helpers, flowtables: things with a name that statements refer to. */
#include "parse/nft_private.h"

static const char *const kinds[] = {
    "counter", "quota", "limit", "secmark", "synproxy", "flowtable", "tunnel", "ct",
};

bool nft_begins_object(const struct nft_parser *parser)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (nft_is(parser, kinds[i]))
			return true;
	}
	return false;
}

bool nft_object_kind(struct nft_parser *parser, const char **ret)
{
	const char *kind = nft_token_text(parser, &parser->token);

	nft_advance(parser);
	if (string_equal(kind, "ct")) {
		if (!nft_is(parser, "helper") && !nft_is(parser, "timeout") && !nft_is(parser, "expectation"))
			return nft_syntax_error(parser);
		kind = arena_printf(parser->arena, "ct %s", nft_token_text(parser, &parser->token));
		nft_advance(parser);
	}
	*ret = kind;
	return true;
}

static const char *object_key(struct nft_parser *parser, const struct table *table, const char *kind, const char *name)
{
	return arena_printf(parser->arena, "%p %s %s", (const void *)table, kind, name);
}

void nft_table_is_new(struct nft_parser *parser, const struct table *table)
{
	struct nft_position nowhere = parser->token.at;

	nft_remember(parser, parser->objects, object_key(parser, table, "table", ""),
		     nft_node(parser, NODE_WORD, &nowhere));
}

bool nft_find_object(struct nft_parser *parser, struct table *table, const char *kind, const char *name,
		     const struct nft_position *at, const struct nft_node **ret)
{
	*ret = nft_remembered(parser->objects, object_key(parser, table, kind, name));
	if (*ret)
		return true;
	if (nft_remembered(parser->objects, object_key(parser, table, "table", "")))
		return nft_refuse(parser, at, "Could not process rule: No such file or directory (%s %s)", kind, name);
	nft_uncertain(parser, at, "whether the %s %s exists when the rules are loaded", kind, name);
	return true;
}

bool nft_remove_object(struct nft_parser *parser, const char *kind, bool must_exist)
{
	struct nft_position at = parser->token.at;
	const struct nft_node *object;
	const char *name;

	if (!nft_name(parser, &name))
		return false;
	if (must_exist && !nft_find_object(parser, parser->table, kind, name, &at, &object))
		return false;
	nft_remember(parser, parser->objects, object_key(parser, parser->table, kind, name), NULL);
	return true;
}

/* A block up to its closing brace, which is passed. *over: a limit or quota that matches above its rate. */
static bool block(struct nft_parser *parser, bool *over)
{
	unsigned depth = 1;

	while (depth) {
		bool done = false;

		if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_JUNK)
			return nft_syntax_error(parser);
		if (!nft_common_line(parser, &done))
			return false;
		if (done)
			continue;
		if (nft_accept(parser, "$")) {
			if (!nft_variable(parser, &(struct nft_node *){NULL}))
				return false;
			continue;
		}
		*over = *over || nft_is(parser, "over");
		if (nft_is(parser, "{"))
			depth++;
		else if (nft_is(parser, "}"))
			depth--;
		nft_advance(parser);
	}
	return true;
}

/* What a command gives without a block: "rate over 5/second". */
static bool configuration(struct nft_parser *parser, bool *over)
{
	while (!nft_at_separator(parser) && parser->token.kind != TOKEN_END) {
		*over = *over || nft_is(parser, "over");
		if (parser->token.kind == TOKEN_JUNK || nft_is(parser, "{") || nft_is(parser, "}"))
			return nft_syntax_error(parser);
		nft_advance(parser);
	}
	return true;
}

bool nft_object(struct nft_parser *parser, const char *kind, bool create)
{
	struct nft_position at = parser->token.at;
	struct nft_node *object;
	const char *name, *key;
	bool over = false;

	if (!nft_name(parser, &name))
		return false;
	key = object_key(parser, parser->table, kind, name);
	if (create && nft_remembered(parser->objects, key))
		return nft_refuse(parser, &at, "Could not process rule: File exists");
	if (nft_accept(parser, "{") ? !block(parser, &over) : !configuration(parser, &over))
		return false;
	if (string_equal(kind, "flowtable"))
		nft_uncertain(parser, &at, "the devices of flowtable %s must exist when the rules are loaded", name);
	object = nft_node(parser, NODE_WORD, &at);
	object->quoted = over;
	nft_remember(parser, parser->objects, key, object);
	return true;
}
