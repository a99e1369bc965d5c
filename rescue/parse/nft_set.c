/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and maps: what they are declared to hold, and their elements. */
#include "parse/nft_private.h"

#include <stdlib.h>

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
	struct set *set;

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

/* --- elements -------------------------------------------------------------- */

void nft_set_changed(struct nft_parser *parser, struct set *set)
{
	struct nft_declaration *declaration = (struct nft_declaration *)set->declaration;

	set->settled_count = SIZE_MAX;
	if (declaration->changed)
		return;
	declaration->changed = true;
	*array_push(parser->arena, &parser->changed_sets) = set;
}

/* "*": nft_resolve() makes it an interface of any name, whatever the field's type. */
static bool is_rest(const struct set_element *element)
{
	const struct interface_name *name = &element->key[0].interface;

	return name->prefix && name->name && !*name->name;
}

/* "*" stands for what no other element has: the evaluator asks the elements in order, so it must be the last one. */
static struct set_element *new_element(struct nft_parser *parser, struct set *set)
{
	struct set_element *element = set_add_element(parser->ruleset, set);

	if (set->elements.count > 1 && is_rest(element - 1)) {
		struct set_element swap = element[-1];

		element[-1] = *element;
		*element = swap;
		element--;
	}
	return element;
}

static bool needs_interval(struct nft_parser *parser, const struct set *set, const struct nft_node *node,
			   const struct key_field *field)
{
	const struct nft_declaration *declaration = set->declaration;

	if (declaration->interval ||
	    (node->kind != NODE_PREFIX && node->kind != NODE_RANGE && !field->interface.prefix))
		return true;
	return nft_refuse(parser, &node->at,
			  "You must add 'flags interval' to your set declaration if you want to add %s elements",
			  node->kind == NODE_RANGE ? "range" : "prefix");
}

/* The key's fields. *ret_unknown: the set holds something that is not known here. */
static bool element_key(struct nft_parser *parser, const struct set *set, const struct nft_node *node,
			struct key_field *key, bool *ret_unknown)
{
	const struct nft_declaration *declaration = set->declaration;
	bool concatenation = node->kind == NODE_CONCATENATION;

	*ret_unknown = false;
	if (node->kind != NODE_REST && (concatenation ? node->items.count : 1) != set->field_count)
		return nft_refuse(parser, &node->at, "datatype mismatch, expected concatenation of another length");
	for (unsigned i = 0; i < set->field_count; i++) {
		const struct nft_node *part = concatenation ? node->items.items[i] : node;
		bool unknown;

		if (!nft_resolve(parser, &declaration->fields[i], part, &key[i], &unknown))
			return false;
		if (node->kind != NODE_REST && !needs_interval(parser, set, part, &key[i]))
			return false;
		*ret_unknown = *ret_unknown || unknown;
	}
	return true;
}

static bool element_value(struct nft_parser *parser, struct nft_rule *rule, struct set *set,
			  const struct nft_node *value, struct set_element *element)
{
	const struct nft_declaration *declaration = set->declaration;

	if (value->kind == NODE_VERDICT) {
		if (!declaration->verdicts)
			return nft_refuse(parser, &value->at, "datatype mismatch, the map does not give verdicts");
		return nft_find_verdict(parser, rule, value, &element->verdict);
	}
	if (declaration->verdicts)
		return nft_refuse(parser, &value->at, "datatype mismatch, expected netfilter verdict");
	for (unsigned i = 0; i < set->value_count; i++) {
		const struct nft_node *part = value;
		bool unknown;

		if (set->value_count > 1) {
			if (value->kind != NODE_CONCATENATION || value->items.count != set->value_count)
				return nft_refuse(parser, &value->at, "datatype mismatch in a map's value");
			part = value->items.items[i];
		}
		if (!nft_resolve(parser, &declaration->values[i], part, &element->value[i], &unknown))
			return false;
	}
	return true;
}

bool nft_add_elements(struct nft_parser *parser, struct nft_rule *rule, struct set *set, struct nft_node *node)
{
	struct nft_node *key = node->kind == NODE_PAIR ? node->left : node;
	struct set_element *element;
	bool unknown;

	if (++parser->work > NFT_WORK_LIMIT)
		return nft_refuse(parser, &node->at, "too many elements");
	if (node->kind == NODE_SET) {
		for (size_t i = 0; i < node->items.count; i++) {
			if (!nft_add_elements(parser, rule, set, node->items.items[i]))
				return false;
		}
		return true;
	}
	if (set->is_map != (node->kind == NODE_PAIR))
		return nft_refuse(parser, &node->at,
				  set->is_map ? "Could not process rule: Invalid argument" : "set is not a map");
	element = new_element(parser, set);
	element->place = nft_place(&key->at, NULL);
	if (!element_key(parser, set, key, element->key, &unknown))
		return false;
	set->unknown = set->unknown || unknown;
	return node->kind != NODE_PAIR || element_value(parser, rule, set, node->right, element);
}

static bool same_key(const struct set *set, const struct key_field *a, const struct key_field *b)
{
	for (unsigned i = 0; i < set->field_count; i++) {
		if (number_compare(a[i].range.first, b[i].range.first) != 0 ||
		    number_compare(a[i].range.last, b[i].range.last) != 0 ||
		    a[i].interface.prefix != b[i].interface.prefix ||
		    !string_equal(a[i].interface.name ? a[i].interface.name : "",
				  b[i].interface.name ? b[i].interface.name : ""))
			return false;
	}
	return true;
}

static bool remove_element(struct nft_parser *parser, struct set *set, const struct nft_node *node)
{
	const struct nft_node *key = node->kind == NODE_PAIR ? node->left : node;
	struct key_field *fields = arena_alloc(parser->arena, set->field_count * sizeof(*fields));
	bool unknown;

	if (!element_key(parser, set, key, fields, &unknown))
		return false;
	for (size_t i = 0; i < set->elements.count; i++) {
		if (++parser->work > NFT_WORK_LIMIT)
			return nft_refuse(parser, &node->at, "too many elements");
		if (!same_key(set, set->elements.items[i].key, fields))
			continue;
		memmove(&set->elements.items[i], &set->elements.items[i + 1],
			(set->elements.count - i - 1) * sizeof(*set->elements.items));
		set->elements.count--;
		return true;
	}
	return set->unknown || nft_refuse(parser, &key->at, "Could not process rule: No such file or directory");
}

static bool remove_elements(struct nft_parser *parser, struct set *set, const struct nft_node *node)
{
	if (node->kind != NODE_SET)
		return remove_element(parser, set, node);
	for (size_t i = 0; i < node->items.count; i++) {
		if (!remove_elements(parser, set, node->items.items[i]))
			return false;
	}
	return true;
}

bool nft_elements(struct nft_parser *parser, struct set *set, bool remove)
{
	struct nft_position at = parser->token.at;
	struct nft_rule rule = {.table = parser->table};
	struct nft_node *node;

	if (nft_accept(parser, "$") ? !nft_variable(parser, &node) : !nft_set_expression(parser, &node))
		return false;
	if (!set->declaration) {
		set->unknown = true;
		return true;
	}
	if (((const struct nft_declaration *)set->declaration)->constant && set->elements.count)
		return nft_refuse(parser, &at, "Could not process rule: Too many open files in system");
	nft_set_changed(parser, set);
	return remove ? remove_elements(parser, set, node) : nft_add_elements(parser, &rule, set, node);
}

/* --- overlaps -------------------------------------------------------------- */

static int compare_elements(const void *a, const void *b)
{
	const struct set_element *left = *(const struct set_element *const *)a;
	const struct set_element *right = *(const struct set_element *const *)b;
	int order = number_compare(left->key[0].range.first, right->key[0].range.first);

	if (!order)
		order = number_compare(left->key[0].range.last, right->key[0].range.last);
	return order ? order : (left > right) - (left < right);
}

static bool same_verdict(const struct filter_verdict *a, const struct filter_verdict *b)
{
	return a->kind == b->kind && a->chain == b->chain;
}

/* Two elements of which the first begins no later: equal ones are one, others must not touch. */
static bool check_pair(struct nft_parser *parser, const struct set *set, const struct set_element *first,
		       const struct set_element *second)
{
	const struct nft_declaration *declaration = set->declaration;
	const struct set_element *later = first > second ? first : second;
	const char *message = NULL;

	if (number_compare(second->key[0].range.first, first->key[0].range.last) > 0)
		return true;
	if (number_compare(first->key[0].range.first, second->key[0].range.first) == 0 &&
	    number_compare(first->key[0].range.last, second->key[0].range.last) == 0) {
		if (declaration->verdicts && !same_verdict(&first->verdict, &second->verdict))
			message = "Could not process rule: File exists";
	} else if (declaration->interval && !declaration->merge) {
		message = "conflicting intervals specified";
	}
	if (!message)
		return true;
	parser->refused = true;
	load_note(parser->arena, parser->report, LOAD_REFUSED, later->place, "%s", message);
	return false;
}

/* Keys of several fields are left to the kernel, which finds only some overlaps. */
bool nft_check_set(struct nft_parser *parser, struct set *set)
{
	const struct nft_declaration *declaration = set->declaration;
	size_t count = set->elements.count;
	const struct set_element **sorted;
	bool done = true;

	if (set->field_count != 1 || set->unknown || (declaration->merge && !declaration->verdicts))
		return true;
	if (count && is_rest(&set->elements.items[count - 1]))
		count--;
	if (count < 2 || set->elements.items[0].key[0].interface.name)
		return true;
	sorted = arena_alloc(parser->arena, count * sizeof(const struct set_element *));
	for (size_t i = 0; i < count; i++)
		sorted[i] = &set->elements.items[i];
	qsort(sorted, count, sizeof(const struct set_element *), compare_elements);
	for (size_t i = 1; i < count && done; i++)
		done = check_pair(parser, set, sorted[i - 1], sorted[i]);
	return done;
}

bool nft_check_changed_sets(struct nft_parser *parser)
{
	for (size_t i = 0; i < parser->changed_sets.count; i++) {
		struct set *set = parser->changed_sets.items[i];
		struct nft_declaration *declaration = (struct nft_declaration *)set->declaration;

		declaration->changed = false;
		if (!parser->refused)
			nft_check_set(parser, set);
	}
	return !parser->refused;
}
