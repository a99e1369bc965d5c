/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The elements of sets and maps, and whether they may stand beside each other. */
#include "parse/nft_private.h"

#include <stdlib.h>

enum {
	PAIRWISE_LIMIT = 2000, /* elements that are compared each with each */
	FEW_ELEMENTS = 8, /* that are compared with all others one by one */
};

void nft_set_changed(struct nft_parser *parser, struct set *set)
{
	struct nft_declaration *declaration = (struct nft_declaration *)set->declaration;

	set->settled_count = SIZE_MAX;
	if (declaration->changed)
		return;
	declaration->changed = true;
	declaration->checked = set->elements.count;
	*array_push(parser->arena, &parser->changed_sets) = set;
}

static void set_is_unknown(struct nft_parser *parser, struct set *set)
{
	if (set->unknown)
		return;
	RULESET_CHANGES(parser->ruleset, set->unknown);
	set->unknown = true;
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
	size_t count = set->elements.count;

	return set_insert_element(parser->ruleset, set,
				  count && is_rest(&set->elements.items[count - 1]) ? count - 1 : count);
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
	if (unknown)
		set_is_unknown(parser, set);
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
		set_remove_element(parser->ruleset, set, i);
		((struct nft_declaration *)set->declaration)->checked = 0;
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
		set_is_unknown(parser, set);
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

static bool refuse_overlap(struct nft_parser *parser, const struct set_element *element, const char *message)
{
	parser->refused = true;
	load_note(parser->arena, parser->report, LOAD_REFUSED, element->place, "%s", message);
	return false;
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
	return !message || refuse_overlap(parser, later, message);
}

/* Whether a name of the second begins where the first has names, too. */
static bool interface_covers(const struct interface_name *first, const struct interface_name *second)
{
	return first->prefix ? string_after(second->name, first->name) != NULL
			     : !second->prefix && string_equal(first->name, second->name);
}

static bool field_covers(const struct key_field *field, struct number number, const struct interface_name *name)
{
	if (field->interface.name)
		return interface_covers(&field->interface, name);
	return number_compare(field->range.first, number) <= 0 && number_compare(field->range.last, number) >= 0;
}

static bool key_covers(const struct set *set, const struct key_field *key, const struct key_field *other, bool last)
{
	for (unsigned i = 0; i < set->field_count; i++) {
		if (!field_covers(&key[i], last ? other[i].range.last : other[i].range.first, &other[i].interface))
			return false;
	}
	return true;
}

/* Interfaces, and keys of several fields: the kernel looks whether a new element's beginning or end is in an older one,
 * nft whether names overlap. There are few of these. */
static bool check_each(struct nft_parser *parser, const struct set *set, size_t count)
{
	const struct nft_declaration *declaration = set->declaration;
	bool several = set->field_count > 1;

	for (size_t i = 1; i < count && count < PAIRWISE_LIMIT; i++) {
		const struct set_element *later = &set->elements.items[i];

		for (size_t j = 0; j < i; j++) {
			const struct set_element *older = &set->elements.items[j];
			bool same = same_key(set, older->key, later->key);
			bool touches = key_covers(set, older->key, later->key, false) ||
				       key_covers(set, older->key, later->key, true) ||
				       (!several && key_covers(set, later->key, older->key, false));

			if (!touches ||
			    (same && (!declaration->verdicts || same_verdict(&older->verdict, &later->verdict))))
				continue;
			return refuse_overlap(parser, later,
					      several ? "Could not process rule: File exists"
						      : "conflicting intervals specified");
		}
	}
	return true;
}

/* The last elements with all others: less work than sorting when they are few. */
static bool check_new(struct nft_parser *parser, struct set *set, size_t first)
{
	for (size_t i = first; i < set->elements.count; i++) {
		const struct set_element *later = &set->elements.items[i];

		for (size_t j = 0; j < i; j++) {
			const struct set_element *older = &set->elements.items[j];
			bool in_order = number_compare(older->key[0].range.first, later->key[0].range.first) <= 0;

			if (!check_pair(parser, set, in_order ? older : later, in_order ? later : older))
				return false;
		}
	}
	return true;
}

bool nft_check_set(struct nft_parser *parser, struct set *set)
{
	const struct nft_declaration *declaration = set->declaration;
	size_t count = set->elements.count;
	const struct set_element **sorted;
	cleanup_arena struct arena scratch = {0};
	bool done = true;

	if (set->unknown)
		return true;
	if (count && is_rest(&set->elements.items[count - 1]))
		count--;
	if (count < 2)
		return true;
	if (set->field_count > 1 && declaration->interval)
		return check_each(parser, set, count);
	if (set->field_count > 1 || (declaration->merge && !declaration->verdicts))
		return true;
	if (set->elements.items[0].key[0].interface.name)
		return check_each(parser, set, count);
	if (!nft_spend(parser, count, "whether the elements of a set overlap"))
		return true;
	if (count == set->elements.count && count - declaration->checked <= FEW_ELEMENTS)
		return check_new(parser, set, declaration->checked);
	sorted = arena_alloc(&scratch, count * sizeof(const struct set_element *));
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
