/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and maps: what they are declared to hold. Their elements are in nft_element.c. */
#include "parse/nft_private.h"

/* --- declarations ---------------------------------------------------------- */

typedef ARRAY_OF(struct nft_field) field_list;

static bool named_type(struct nft_parser *parser, struct nft_field *ret)
{
	struct nft_position at = parser->token.at;
	char *name = nft_token_text(parser, &parser->token);

	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return nft_type_by_name(name, ret) || nft_refuse(parser, &at, "unknown datatype %s", name);
}

static bool type_list(struct nft_parser *parser, field_list *fields)
{
	do {
		struct nft_field field;

		if (!named_type(parser, &field))
			return false;
		*array_push(parser->arena, fields) = field;
	} while (nft_accept(parser, "."));
	return true;
}

static bool typeof_list(struct nft_parser *parser, field_list *fields)
{
	struct key_part *parts;
	struct nft_field *types;
	struct nft_node *node;
	unsigned count;

	if (!nft_left_side(parser, &node) || !nft_key_parts(parser, node, &parts, &count, &types))
		return false;
	for (unsigned i = 0; i < count; i++)
		*array_push(parser->arena, fields) = types[i];
	return true;
}

/* What a map gives: a verdict, values, or an object's name. */
static bool data_type(struct nft_parser *parser, bool by_expression, struct nft_declaration *declaration,
		      field_list *fields)
{
	static const char *const objects[] = {"counter", "quota", "limit", "secmark", "synproxy"};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!nft_accept(parser, objects[i]))
			continue;
		declaration->other_data = true;
		return true;
	}
	if (nft_accept(parser, "verdict")) {
		declaration->verdicts = true;
		return true;
	}
	nft_accept(parser, "interval");
	return by_expression ? typeof_list(parser, fields) : type_list(parser, fields);
}

static bool key_type(struct nft_parser *parser, struct nft_declaration *declaration, bool map, unsigned *ret_count,
		     unsigned *ret_value_count)
{
	bool by_expression = nft_is(parser, "typeof");
	field_list fields = {0}, values = {0};
	struct nft_position at = parser->token.at;

	if (declaration->fields)
		return nft_refuse(parser, &at, "You can only specify this once.");
	nft_advance(parser);
	if (!(by_expression ? typeof_list(parser, &fields) : type_list(parser, &fields)))
		return false;
	if (map && (!nft_expect(parser, ":") || !data_type(parser, by_expression, declaration, &values)))
		return false;
	declaration->fields = fields.items;
	declaration->values = values.items;
	*ret_count = (unsigned)fields.count;
	*ret_value_count = (unsigned)values.count;
	return true;
}

static bool set_flags(struct nft_parser *parser, struct nft_declaration *declaration)
{
	do {
		if (nft_accept(parser, "interval"))
			declaration->interval = true;
		else if (nft_accept(parser, "constant"))
			declaration->constant = true;
		else if (nft_accept(parser, "dynamic"))
			declaration->dynamic = true;
		else if (nft_accept(parser, "timeout"))
			declaration->timeout = true;
		else
			return nft_syntax_error(parser);
	} while (nft_accept(parser, ","));
	return true;
}

static bool time_word(struct nft_parser *parser)
{
	nft_advance(parser);
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return true;
}

/* Everything that stands in a set's block but its type and elements. *ret_free: no separator need follow. */
static bool set_option(struct nft_parser *parser, struct nft_declaration *declaration, bool *ret_free)
{
	const char *text;
	bool done;

	*ret_free = false;
	if (nft_accept(parser, "flags"))
		return set_flags(parser, declaration);
	if (nft_accept(parser, "auto-merge")) {
		declaration->merge = true;
		*ret_free = true;
		return true;
	}
	if (nft_is(parser, "timeout") || nft_is(parser, "gc-interval")) {
		declaration->timeout = declaration->timeout || nft_is(parser, "timeout");
		return time_word(parser);
	}
	if (nft_accept(parser, "size"))
		return nft_number(parser, &(uint64_t){0});
	if (nft_accept(parser, "policy"))
		return nft_accept(parser, "performance") || nft_expect(parser, "memory");
	if (nft_accept(parser, "comment"))
		return nft_string(parser, &text);
	do {
		if (!nft_stateful_statement(parser, NULL, &done))
			return false;
		*ret_free = *ret_free || done;
	} while (done);
	if (!*ret_free)
		return nft_syntax_error(parser);
	*ret_free = false;
	return true;
}

/* The elements come when all chains of the table are there. */
static bool leave_elements(struct nft_parser *parser, struct nft_later *later)
{
	unsigned depth = 0;

	nft_advance(parser);
	if (!nft_expect(parser, "="))
		return false;
	later->at = parser->token.at;
	later->scope = parser->scope;
	if (!nft_is(parser, "{") && !nft_is(parser, "$"))
		return nft_syntax_error(parser);
	do {
		if (nft_is(parser, "{")) {
			depth++;
		} else if (nft_is(parser, "}")) {
			depth--;
		} else if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_JUNK) {
			return nft_syntax_error(parser);
		} else if (nft_accept(parser, "$")) {
			struct nft_node *node;

			if (!nft_variable(parser, &node))
				return false;
			*array_push(parser->arena, &later->bound) = node;
			continue;
		}
		nft_advance(parser);
	} while (depth);
	return true;
}

static bool same_types(const struct set *set, const struct nft_declaration *declaration, unsigned count, bool map)
{
	const struct nft_declaration *old = set->declaration;

	if (!old || set->field_count != count || set->is_map != map || old->interval != declaration->interval)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (old->fields[i].type != declaration->fields[i].type)
			return false;
	}
	return true;
}

static bool declare(struct nft_parser *parser, const char *name, const struct nft_position *at, bool map,
		    struct nft_declaration *declaration, unsigned count, unsigned values, struct set **ret)
{
	if (!declaration->fields)
		return nft_refuse(parser, at,
				  map ? "map definition does not specify key" : "set definition does not specify key");
	if (declaration->interval && declaration->dynamic)
		return nft_refuse(parser, at, "Could not process rule: Operation not supported");
	*ret = table_find_set(parser->table, name);
	if (*ret) {
		if (!same_types(*ret, declaration, count, map))
			return nft_refuse(parser, at, "Could not process rule: File exists");
		return true;
	}
	declaration->place = nft_place(at, NULL);
	*ret = table_add_set(parser->ruleset, parser->table, name, count);
	(*ret)->value_count = values;
	(*ret)->is_map = map;
	(*ret)->dynamic = declaration->dynamic;
	(*ret)->declaration = declaration;
	return true;
}

bool nft_set_block(struct nft_parser *parser, const char *name, const struct nft_position *at, bool map, bool create,
		   nft_later_list *elements)
{
	struct nft_declaration *declaration = ARENA_NEW(parser->arena, struct nft_declaration);
	struct nft_later later = {0};
	unsigned count = 0, values = 0;
	bool has_elements = false;
	struct set *set = NULL;

	if (create && table_find_set(parser->table, name))
		return nft_refuse(parser, at, "Could not process rule: File exists");
	while (!nft_accept(parser, "}")) {
		bool done = false, free_line = false;

		if (!nft_at_separator(parser) && !nft_common_line(parser, &done))
			return false;
		if (nft_at_separator(parser)) {
			nft_advance(parser);
			continue;
		}
		if (nft_is(parser, "type") || nft_is(parser, "typeof")) {
			if (!key_type(parser, declaration, map, &count, &values))
				return false;
		} else if (nft_is(parser, "elements")) {
			has_elements = true;
			free_line = true;
			if (!leave_elements(parser, &later))
				return false;
		} else if (!set_option(parser, declaration, &free_line)) {
			return false;
		}
		if (!free_line && !nft_at_separator(parser))
			return nft_syntax_error(parser);
	}
	if (!declare(parser, name, at, map, declaration, count, values, &set))
		return false;
	later.set = set;
	if (has_elements)
		*array_push(parser->arena, elements) = later;
	return true;
}
