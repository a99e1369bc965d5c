/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables, and the lines that may stand in every block. */
#include "parse/nft_private.h"

enum {
	BUCKETS = 1024, /* for the names of a scope */
};

struct nft_symbol {
	const char *name;
	struct nft_node *value; /* NULL: undefined again */
	struct nft_symbol *next;
};

static struct nft_symbol **bucket(const struct nft_scope *scope, const char *name)
{
	size_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return &scope->symbols[hash % BUCKETS];
}

void nft_open_scope(struct nft_parser *parser, struct nft_scope *scope)
{
	*scope = (struct nft_scope){.parent = parser->scope};
	parser->scope = scope;
}

void nft_close_scope(struct nft_parser *parser)
{
	parser->scope = parser->scope->parent;
}

static struct nft_symbol *find_in(const struct nft_scope *scope, const char *name)
{
	struct nft_symbol *symbol = scope->symbols ? *bucket(scope, name) : NULL;

	while (symbol && !string_equal(symbol->name, name))
		symbol = symbol->next;
	return symbol && symbol->value ? symbol : NULL;
}

static struct nft_symbol *find(const struct nft_scope *scope, const char *name)
{
	struct nft_symbol *symbol = NULL;

	for (; scope && !symbol; scope = scope->parent)
		symbol = find_in(scope, name);
	return symbol;
}

struct nft_node *nft_remembered(const struct nft_scope *scope, const char *name)
{
	struct nft_symbol *symbol = find_in(scope, name);

	return symbol ? symbol->value : NULL;
}

void nft_remember(struct nft_parser *parser, struct nft_scope *scope, const char *name, struct nft_node *value)
{
	struct nft_symbol *symbol = find_in(scope, name), **place;

	if (symbol) {
		symbol->value = value;
		return;
	}
	if (!scope->symbols)
		scope->symbols = arena_alloc(parser->arena, BUCKETS * sizeof(*scope->symbols));
	place = bucket(scope, name);
	symbol = ARENA_NEW(parser->arena, struct nft_symbol);
	symbol->name = name;
	symbol->value = value;
	symbol->next = *place;
	*place = symbol;
}

bool nft_variable(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	struct nft_symbol *symbol;
	const char *name;

	if (!nft_name(parser, &name))
		return false;
	if (parser->bound && parser->bound_next < parser->bound->count) {
		*ret = parser->bound->items[parser->bound_next++];
		return true;
	}
	symbol = find(parser->scope, name);
	if (!symbol)
		return nft_refuse(parser, &at, "unknown identifier '%s'", name);
	*ret = symbol->value;
	return true;
}

/* What may stand behind the equals sign: also an empty set, and a negative number. */
static bool initializer(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	const char *digits;

	if (nft_is(parser, "{")) {
		struct nft_parser ahead = *parser;

		nft_advance(&ahead);
		if (nft_is(&ahead, "}")) {
			nft_advance(parser);
			nft_advance(parser);
			*ret = nft_node(parser, NODE_SET, &at);
			return true;
		}
	}
	if (!nft_accept(parser, "-"))
		return nft_right_side(parser, true, ret);
	digits = nft_token_text(parser, &parser->token);
	if (!nft_number(parser, &(uint64_t){0}))
		return false;
	*ret = nft_node(parser, NODE_WORD, &at);
	(*ret)->text = arena_printf(parser->arena, "-%s", digits);
	return true;
}

static bool define(struct nft_parser *parser, bool again)
{
	struct nft_position at;
	struct nft_node *value;
	const char *name;

	nft_advance(parser);
	at = parser->token.at;
	if (!nft_name(parser, &name) || !nft_expect(parser, "=") || !initializer(parser, &value))
		return false;
	if (!nft_at_separator(parser))
		return nft_syntax_error(parser);
	if (!again && find(parser->scope, name))
		return nft_refuse(parser, &at, "redefinition of symbol '%s'", name);
	nft_remember(parser, parser->scope, name, value);
	return true;
}

static bool undefine(struct nft_parser *parser)
{
	struct nft_symbol *symbol;
	struct nft_position at;
	const char *name;

	nft_advance(parser);
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	if (!nft_at_separator(parser))
		return nft_syntax_error(parser);
	symbol = find_in(parser->scope, name);
	if (!symbol)
		return nft_refuse(parser, &at, "undefined symbol '%s'", name);
	symbol->value = NULL;
	return true;
}

static bool include(struct nft_parser *parser)
{
	struct nft_token name;

	nft_advance(parser);
	name = parser->token;
	if (name.kind != TOKEN_QUOTED)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (!nft_at_separator(parser))
		return nft_syntax_error(parser);
	return nft_include(parser, &name);
}

bool nft_common_line(struct nft_parser *parser, bool *ret_done)
{
	*ret_done = true;
	if (nft_is(parser, "include"))
		return include(parser);
	if (nft_is(parser, "define") || nft_is(parser, "redefine"))
		return define(parser, nft_is(parser, "redefine"));
	if (nft_is(parser, "undefine"))
		return undefine(parser);
	*ret_done = false;
	return true;
}
