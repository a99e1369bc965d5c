/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons and verdict maps as the rule set's tests and lookups (evaluate.c and payload.c of nftables). */
#include "parse/nft_private.h"

enum comparison {
	COMPARE_IMPLICIT, /* nothing between: equal, or for flags any of them */
	COMPARE_EQUAL,
	COMPARE_UNEQUAL,
	COMPARE_NONE_OF, /* "!" */
	COMPARE_LESS,
	COMPARE_LESS_OR_EQUAL,
	COMPARE_GREATER,
	COMPARE_GREATER_OR_EQUAL,
};

enum {
	FAMILY_IPV4 = 2,
	FAMILY_ARP = 3,
	FAMILY_IPV6 = 10,
	DONT_FRAGMENT = 0x4000,
	SMALLEST_SEGMENT = 537, /* what a client announces is more than the 536 that every host must take */
};

/* --- what an expression implies -------------------------------------------- */

static const char *family_name(unsigned family)
{
	return family == FAMILY_IPV4 ? "ip" : family == FAMILY_IPV6 ? "ip6" : family == FAMILY_ARP ? "arp" : "inet";
}

bool nft_imply_family(struct nft_parser *parser, struct nft_rule *rule, unsigned family, const struct nft_position *at)
{
	bool any = rule->table->family == FILTER_INET || rule->table->family == FILTER_NETDEV ||
		   rule->table->family == FILTER_BRIDGE;

	if (!family || family == rule->family)
		return true;
	if (rule->table->family == FILTER_ARP)
		return family == FAMILY_ARP ||
		       nft_refuse(parser, at, "conflicting protocols specified: arp vs. %s", family_name(family));
	if (rule->family || !any || (family == FAMILY_ARP && rule->table->family == FILTER_INET))
		return nft_refuse(parser, at, "conflicting protocols specified: %s vs. %s", family_name(rule->family),
				  family_name(family));
	add_number_test(parser->arena, &rule->statements, SELECT_FAMILY, family, false);
	rule->family = family;
	return true;
}

bool nft_imply_protocol(struct nft_parser *parser, struct nft_rule *rule, unsigned protocol,
			const struct nft_position *at)
{
	if (!protocol || protocol == rule->protocol)
		return true;
	if (rule->protocol)
		return nft_refuse(parser, at, "conflicting protocols specified: %u vs. %u", rule->protocol, protocol);
	add_number_test(parser->arena, &rule->statements, SELECT_PROTOCOL, protocol, false);
	rule->protocol = protocol;
	return true;
}

static bool imply_selector(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *node)
{
	const struct nft_selector *selector = node->selector;

	if (!nft_imply_family(parser, rule, selector->family, &node->at) ||
	    !nft_imply_protocol(parser, rule, selector->protocol, &node->at))
		return false;
	if (selector->tracking && rule->table->family == FILTER_NETDEV)
		return nft_refuse(parser, &node->at, "Could not process rule: Protocol error");
	if (selector->needs_transport && !rule->protocol)
		return nft_refuse(parser, &node->at, "Can't parse symbolic invalid expressions");
	if (selector->hooks)
		nft_limit_hooks(rule, selector->hooks, false, &node->at);
	return true;
}

bool nft_imply(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left)
{
	switch (left->kind) {
	case NODE_SELECTOR:
		return imply_selector(parser, rule, left);
	case NODE_CONCATENATION:
		for (size_t i = 0; i < left->items.count; i++) {
			if (!nft_imply(parser, rule, left->items.items[i]))
				return false;
		}
		return true;
	case NODE_AND:
	case NODE_OR:
	case NODE_XOR:
	case NODE_SHIFT_LEFT:
	case NODE_SHIFT_RIGHT:
	case NODE_MAP:
		return nft_imply(parser, rule, left->left);
	default:
		return true;
	}
}

/* --- the left side --------------------------------------------------------- */

/* A selector, perhaps under a mask. */
struct left {
	struct nft_selector selector;
	struct nft_field type;
	bool masked;
	struct number mask;
};

static void not_known(struct left *left, const char *name)
{
	left->selector.selector = SELECT_OTHER;
	left->selector.class = CLASS_PLAIN;
	left->selector.name = name;
	left->masked = false;
}

static bool read_left(struct nft_parser *parser, const struct nft_node *node, struct left *ret)
{
	bool unknown = false;
	struct number mask;

	if (node->kind == NODE_SELECTOR) {
		*ret = (struct left){.selector = *node->selector};
		ret->type = (struct nft_field){ret->selector.type, ret->selector.bits};
		return true;
	}
	if (node->kind != NODE_AND && node->kind != NODE_OR && node->kind != NODE_XOR &&
	    node->kind != NODE_SHIFT_LEFT && node->kind != NODE_SHIFT_RIGHT)
		return nft_refuse(parser, &node->at, "Comparison of something that is not of the packet");
	if (!read_left(parser, node->left, ret))
		return false;
	if (!nft_evaluate(parser,
			  node->kind == NODE_SHIFT_LEFT || node->kind == NODE_SHIFT_RIGHT
			      ? &(struct nft_field){TYPE_INTEGER, 64}
			      : &ret->type,
			  node->right, &mask, &unknown))
		return false;
	if (node->kind != NODE_AND || unknown) {
		not_known(ret, "an expression with several operators");
		return true;
	}
	if (ret->masked)
		mask = (struct number){mask.high & ret->mask.high, mask.low & ret->mask.low};
	ret->masked = true;
	ret->mask = mask;
	return true;
}

bool nft_key_parts(struct nft_parser *parser, const struct nft_node *node, struct key_part **ret, unsigned *ret_count,
		   struct nft_field **ret_types)
{
	unsigned count = node->kind == NODE_CONCATENATION ? (unsigned)node->items.count : 1;

	*ret = arena_alloc(parser->arena, count * sizeof(**ret));
	*ret_types = arena_alloc(parser->arena, count * sizeof(**ret_types));
	*ret_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct left left;

		if (!read_left(parser, node->kind == NODE_CONCATENATION ? node->items.items[i] : node, &left))
			return false;
		if (left.masked && !left.mask.low)
			not_known(&left, left.selector.name);
		(*ret_types)[i] = left.type;
		(*ret)[i] = (struct key_part){
		    .selector = left.selector.selector,
		    .ipv6 = left.selector.ipv6,
		    .mask = left.masked ? left.mask.low : 0,
		    .name = left.selector.name,
		};
	}
	return true;
}

/* --- lookups --------------------------------------------------------------- */

bool nft_find_set(struct nft_parser *parser, struct table *table, const struct nft_node *reference, struct set **ret)
{
	*ret = table_find_set(table, reference->text);
	return *ret || nft_refuse(parser, &reference->at, "No such file or directory (set %s)", reference->text);
}

static bool types_fit(const struct nft_field *declared, const struct nft_field *wanted)
{
	return declared->type == wanted->type || declared->type == TYPE_OTHER || wanted->type == TYPE_OTHER ||
	       declared->type == TYPE_INTEGER || wanted->type == TYPE_INTEGER;
}

bool nft_check_key(struct nft_parser *parser, const struct nft_node *reference, const struct set *set,
		   const struct nft_field *types, unsigned count)
{
	const struct nft_declaration *declaration = set->declaration;

	if (!declaration)
		return true;
	if (set->field_count != count)
		return nft_refuse(parser, &reference->at, "datatype mismatch, the key of set %s has another length",
				  set->name);
	for (unsigned i = 0; i < count; i++) {
		if (!types_fit(&declaration->fields[i], &types[i]))
			return nft_refuse(
			    parser, &reference->at, "datatype mismatch, expected %s, expression has type %s",
			    nft_type_description(types[i].type), nft_type_description(declaration->fields[i].type));
	}
	return true;
}

/* A set or map without a name, of the types of the key that looks into it. */
static struct set *anonymous_set(struct nft_parser *parser, struct nft_rule *rule, struct nft_field *types,
				 unsigned count, bool verdicts)
{
	struct set *set = table_add_set(parser->ruleset, rule->table, NULL, count);
	struct nft_declaration *declaration = ARENA_NEW(parser->arena, struct nft_declaration);

	declaration->fields = types;
	declaration->interval = true;
	declaration->merge = !verdicts;
	declaration->verdicts = verdicts;
	set->declaration = declaration;
	set->is_map = verdicts;
	return set;
}

static bool lookup(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left,
		   struct nft_node *right, bool negate, bool map)
{
	struct statement statement = {.kind = map ? STATEMENT_VERDICT_MAP : STATEMENT_LOOKUP};
	struct nft_field *types;
	unsigned count;

	if (!nft_key_parts(parser, left, &statement.lookup.parts, &count, &types))
		return false;
	statement.lookup.negate = negate;
	if (right->kind == NODE_SET_REFERENCE) {
		if (!nft_find_set(parser, rule->table, right, &statement.lookup.set) ||
		    !nft_check_key(parser, right, statement.lookup.set, types, count))
			return false;
		if (map && !statement.lookup.set->is_map)
			return nft_refuse(parser, &right->at, "Expression is not a map");
		parser->check_chains = parser->check_chains || map;
	} else {
		statement.lookup.set = anonymous_set(parser, rule, types, count, map);
		if (!nft_add_elements(parser, rule, statement.lookup.set, right) ||
		    !nft_check_set(parser, statement.lookup.set))
			return false;
	}
	*array_push(parser->arena, &rule->statements) = statement;
	return true;
}

static bool verdict_map(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left)
{
	struct nft_node *map;

	if (!nft_is(parser, "{") && !nft_is(parser, "@") && !nft_is(parser, "$"))
		return nft_syntax_error(parser);
	if (!nft_right_side(parser, false, &map))
		return false;
	if (map->kind != NODE_SET && map->kind != NODE_SET_REFERENCE)
		return nft_refuse(parser, &map->at, "Expression is not a map");
	return nft_imply(parser, rule, left) && lookup(parser, rule, left, map, false, true);
}

/* --- comparisons ----------------------------------------------------------- */

static const struct {
	const char *sign, *word;
	enum comparison comparison;
} operators[] = {
    {"==", "eq", COMPARE_EQUAL},   {"!=", "ne", COMPARE_UNEQUAL},	   {"<=", "le", COMPARE_LESS_OR_EQUAL},
    {"<", "lt", COMPARE_LESS},	   {">=", "ge", COMPARE_GREATER_OR_EQUAL}, {">", "gt", COMPARE_GREATER},
    {"!", "not", COMPARE_NONE_OF},
};

static enum comparison comparison(struct nft_parser *parser)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (nft_accept(parser, operators[i].sign) || nft_accept(parser, operators[i].word))
			return operators[i].comparison;
	}
	return COMPARE_IMPLICIT;
}

static void push_test(struct nft_parser *parser, struct nft_rule *rule, const struct test *test)
{
	struct statement *statement = array_push(parser->arena, &rule->statements);

	*statement = (struct statement){.kind = STATEMENT_TEST, .test = *test};
}

/* The answers that two possible values give, where they agree. */
static void push_fragment_test(struct nft_parser *parser, struct nft_rule *rule, const struct test *test,
			       const char *name)
{
	uint64_t mask = test->mask ? test->mask : UINT16_MAX;
	bool whole = number_set_contains(&test->numbers, number_of(0));
	bool flagged = number_set_contains(&test->numbers, number_of(DONT_FRAGMENT & mask));

	if (whole != flagged)
		add_not_known(parser->arena, &rule->statements, name);
	else
		add_constant(parser->arena, &rule->statements, whole != test->negate ? ANSWER_YES : ANSWER_NO);
}

/* Expressions that the evaluator does not know, but of which something can be said. */
static bool push_special(struct nft_parser *parser, struct nft_rule *rule, const struct left *left,
			 const struct nft_values *values, struct test *test)
{
	bool boolean = left->selector.type == TYPE_BOOLEAN;
	bool exists = boolean && number_set_contains(&values->numbers, number_of(1)) != test->negate;

	switch (left->selector.class) {
	case CLASS_PLAIN:
		return false;
	case CLASS_ABSENT:
		add_constant(parser->arena, &rule->statements, boolean && !exists ? ANSWER_YES : ANSWER_NO);
		return true;
	case CLASS_REVERSE_ROUTE:
		if (boolean) {
			add_constant(parser->arena, &rule->statements, exists ? ANSWER_YES : ANSWER_NO);
			return true;
		}
		if (values->unknown)
			return false;
		test->selector = SELECT_IN_INTERFACE;
		push_test(parser, rule, test);
		return true;
	case CLASS_FRAGMENT:
		if (values->unknown)
			return false;
		push_fragment_test(parser, rule, test, left->selector.name);
		return true;
	case CLASS_SEGMENT_SIZE:
		if (values->unknown || test->negate || test->mask ||
		    number_set_covers(&values->numbers, number_of(SMALLEST_SEGMENT), number_of(UINT16_MAX)) != 0)
			return false;
		add_constant(parser->arena, &rule->statements, ANSWER_NO);
		return true;
	}
	return false;
}

/* An address under a mask without holes is a network. */
static bool network_of(const struct left *left, const struct nft_values *values, struct number_set *ret,
		       struct arena *arena)
{
	unsigned bits = left->type.bits;
	struct number value;

	if ((left->type.type != TYPE_IPV4 && left->type.type != TYPE_IPV6) || values->numbers.count != 1 ||
	    number_compare(values->numbers.items[0].first, values->numbers.items[0].last) != 0)
		return false;
	value = values->numbers.items[0].first;
	for (unsigned prefix = 0; prefix <= bits; prefix++) {
		if (number_compare(number_prefix_first(number_maximum(bits), bits, prefix), left->mask) != 0 ||
		    number_compare(number_prefix_first(value, bits, prefix), value) != 0)
			continue;
		*ret = (struct number_set){0};
		number_set_add(arena, ret, value, number_prefix_last(value, bits, prefix));
		return true;
	}
	return false;
}

static void push_comparison(struct nft_parser *parser, struct nft_rule *rule, const struct left *left,
			    const struct nft_values *values, bool negate)
{
	struct test test = {
	    .selector = left->selector.selector,
	    .negate = negate,
	    .ipv6 = left->selector.ipv6,
	    .mask = left->masked ? left->mask.low : 0,
	    .numbers = values->numbers,
	    .interfaces = values->interfaces,
	    .name = left->selector.name,
	};

	if (left->masked && !values->unknown && network_of(left, values, &test.numbers, parser->arena))
		test.mask = 0;
	else if (left->masked && !left->mask.low)
		test.selector = SELECT_OTHER;
	if (push_special(parser, rule, left, values, &test))
		return;
	if (values->unknown || test.selector == SELECT_OTHER)
		add_not_known(parser->arena, &rule->statements, left->selector.name);
	else
		push_test(parser, rule, &test);
}

/* Flags: any of them, or with negate none. */
static void push_flags(struct nft_parser *parser, struct nft_rule *rule, const struct left *left, uint64_t flags,
		       bool negate)
{
	struct test test = {
	    .selector = left->selector.selector,
	    .negate = negate,
	    .mask = flags,
	    .any_bit = true,
	    .name = left->selector.name,
	};

	if (!flags)
		add_constant(parser->arena, &rule->statements, negate ? ANSWER_YES : ANSWER_NO);
	else
		push_test(parser, rule, &test);
}

/* The values below or above one. */
static bool bounded(struct nft_parser *parser, const struct left *left, const struct nft_node *right,
		    enum comparison how, struct nft_values *ret)
{
	struct number value, maximum = number_maximum(left->type.bits);

	*ret = (struct nft_values){0};
	if (!nft_evaluate(parser, &left->type, right, &value, &ret->unknown))
		return false;
	if (ret->unknown)
		return true;
	if (how == COMPARE_LESS && (value.low || value.high))
		number_set_add(parser->arena, &ret->numbers, number_of(0), number_previous(value));
	else if (how == COMPARE_LESS_OR_EQUAL)
		number_set_add(parser->arena, &ret->numbers, number_of(0), value);
	else if (how == COMPARE_GREATER && number_compare(value, maximum) < 0)
		number_set_add(parser->arena, &ret->numbers, number_next(value), maximum);
	else if (how == COMPARE_GREATER_OR_EQUAL)
		number_set_add(parser->arena, &ret->numbers, value, maximum);
	return true;
}

/* A comparison with one protocol or family spares later expressions theirs; with several, it forbids them. */
static void settle_context(struct nft_rule *rule, const struct left *left, const struct nft_values *values,
			   enum comparison how)
{
	unsigned *settled = left->selector.fixes_protocol ? &rule->protocol
			    : left->selector.fixes_family ? &rule->family
							  : NULL;

	if (!settled || *settled || how > COMPARE_EQUAL || values->unknown || left->masked || !values->numbers.count)
		return;
	*settled = values->numbers.count == 1 &&
			   number_compare(values->numbers.items[0].first, values->numbers.items[0].last) == 0
		       ? (unsigned)values->numbers.items[0].first.low
		       : NFT_SEVERAL;
}

/* value / mask */
static bool compare_masked(struct nft_parser *parser, struct nft_rule *rule, struct left *left,
			   const struct nft_node *right, bool negate)
{
	struct nft_values values = {0};
	struct number value;

	if (!nft_evaluate(parser, &left->type, right->left, &value, &values.unknown) ||
	    !nft_evaluate(parser, &left->type, right->right, &left->mask, &values.unknown))
		return false;
	left->masked = true;
	number_set_add(parser->arena, &values.numbers, value, value);
	push_comparison(parser, rule, left, &values, negate);
	return true;
}

static bool compare(struct nft_parser *parser, struct nft_rule *rule, struct left *left, struct nft_node *right,
		    enum comparison how)
{
	bool negate = how == COMPARE_UNEQUAL || how == COMPARE_NONE_OF;
	bool flags = nft_type_is_bitmask(left->type.type) && right->kind != NODE_SET && right->kind != NODE_RANGE &&
		     right->kind != NODE_PREFIX;
	const struct nft_values *values;
	struct nft_values bounds;

	if (right->kind == NODE_MASKED)
		return compare_masked(parser, rule, left, right, negate);
	if (how >= COMPARE_LESS) {
		if (!bounded(parser, left, right, how, &bounds))
			return false;
		push_comparison(parser, rule, left, &bounds, false);
		return true;
	}
	if (how == COMPARE_NONE_OF && !flags)
		return nft_refuse(parser, &right->at, "negation can only be used with singleton bitmask values");
	if (flags && !left->masked && (how == COMPARE_IMPLICIT || how == COMPARE_NONE_OF)) {
		struct number value;
		bool unknown = false;

		if (!nft_evaluate(parser, &left->type, right, &value, &unknown))
			return false;
		if (left->selector.selector == SELECT_OTHER)
			add_not_known(parser->arena, &rule->statements, left->selector.name);
		else
			push_flags(parser, rule, left, value.low, negate);
		return true;
	}
	/* "fib … oif 0" is another way to say that there is none. */
	if (left->selector.class == CLASS_REVERSE_ROUTE && left->type.type == TYPE_INTERFACE_INDEX &&
	    right->kind == NODE_WORD && string_equal(right->text, "0")) {
		add_constant(parser->arena, &rule->statements, negate ? ANSWER_YES : ANSWER_NO);
		return true;
	}
	if (!nft_collect(parser, &left->type, right, &values))
		return false;
	push_comparison(parser, rule, left, values, negate);
	settle_context(rule, left, values, how);
	return true;
}

/* A set of one is that one. */
static struct nft_node *single(struct nft_node *right)
{
	if (right->kind == NODE_SET && right->items.count == 1 && right->items.items[0]->kind == NODE_WORD)
		return right->items.items[0];
	return right;
}

bool nft_match(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_node *node, *right;
	enum comparison how;
	struct left left;

	if (!nft_left_side(parser, &node))
		return false;
	if (nft_is(parser, "set"))
		return nft_change(parser, rule, node);
	if (nft_accept(parser, "vmap"))
		return verdict_map(parser, rule, node);
	how = comparison(parser);
	if (!nft_right_side(parser, true, &right) || !nft_imply(parser, rule, node))
		return false;
	if (right->kind == NODE_SET_REFERENCE || node->kind == NODE_CONCATENATION) {
		if (right->kind != NODE_SET_REFERENCE && right->kind != NODE_SET)
			return nft_refuse(parser, &node->at,
					  "Use concatenations with sets and maps, not singleton values");
		if (right->kind == NODE_SET && !right->items.count)
			return nft_refuse(parser, &right->at, "Set is empty");
		return lookup(parser, rule, node, right, how == COMPARE_UNEQUAL, false);
	}
	return read_left(parser, node, &left) && compare(parser, rule, &left, single(right), how);
}
