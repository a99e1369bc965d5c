/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "… set …": marks, and what else of a packet or its connection a rule may change. */
#include "parse/nft_private.h"

/* What a mark becomes: (source & keep) ^ flip. */
struct mark_form {
	enum selector source; /* SELECT_MARK, SELECT_CONNECTION_MARK; SELECT_ANSWER: a constant, in flip */
	uint32_t keep, flip;
	bool unknown;
};

static const struct nft_field mark_type = {TYPE_MARK, 32};

static bool holds_selector(const struct nft_node *node)
{
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
	case NODE_XOR:
	case NODE_SHIFT_LEFT:
	case NODE_SHIFT_RIGHT:
		return holds_selector(node->left) || holds_selector(node->right);
	case NODE_WORD:
		return false;
	default:
		return true;
	}
}

static bool combine(struct nft_parser *parser, const struct nft_node *node, struct mark_form *form)
{
	struct number number;
	uint32_t value;

	if (!nft_evaluate(parser, &mark_type, node->right, &number, &form->unknown))
		return false;
	value = (uint32_t)number.low;
	switch (node->kind) {
	case NODE_AND:
		form->keep &= value;
		form->flip &= value;
		break;
	case NODE_OR:
		form->keep &= ~value;
		form->flip = (form->flip & ~value) | value;
		break;
	case NODE_XOR:
		form->flip ^= value;
		break;
	default:
		form->unknown = true;
		break;
	}
	return true;
}

static bool read_form(struct nft_parser *parser, const struct nft_node *node, struct mark_form *ret)
{
	struct number number;

	if (!holds_selector(node)) {
		*ret = (struct mark_form){.source = SELECT_ANSWER};
		if (!nft_evaluate(parser, &mark_type, node, &number, &ret->unknown))
			return false;
		ret->flip = (uint32_t)number.low;
		return true;
	}
	if (node->kind == NODE_SELECTOR &&
	    (node->selector->selector == SELECT_MARK || node->selector->selector == SELECT_CONNECTION_MARK)) {
		*ret = (struct mark_form){.source = node->selector->selector, .keep = UINT32_MAX};
		return true;
	}
	if (node->kind == NODE_AND || node->kind == NODE_OR || node->kind == NODE_XOR) {
		if (holds_selector(node->right))
			return nft_refuse(parser, &node->right->at,
					  "Right hand side of binary operation must be constant");
		return read_form(parser, node->left, ret) && combine(parser, node, ret);
	}
	*ret = (struct mark_form){.source = SELECT_ANSWER, .unknown = true};
	return true;
}

static void push_mark(struct nft_parser *parser, struct nft_rule *rule, enum statement_kind kind, uint32_t mask,
		      uint32_t value, bool unknown)
{
	struct statement statement = {.kind = kind, .mark = {mask, value, unknown}};

	*array_push(parser->arena, &rule->statements) = statement;
}

static void push_form(struct nft_parser *parser, struct nft_rule *rule, enum selector target,
		      const struct mark_form *form)
{
	bool connection = target == SELECT_CONNECTION_MARK;
	enum statement_kind set = connection ? STATEMENT_CONNECTION_MARK : STATEMENT_MARK;

	if (form->unknown || form->source == SELECT_ANSWER) {
		push_mark(parser, rule, set, UINT32_MAX, form->flip, form->unknown);
		return;
	}
	if (form->source == target) {
		push_mark(parser, rule, set, ~form->keep, form->flip, false);
		return;
	}
	push_mark(parser, rule, set, UINT32_MAX, 0, false);
	push_mark(parser, rule, connection ? STATEMENT_CONNECTION_FROM_MARK : STATEMENT_MARK_FROM_CONNECTION,
		  form->keep, 0, false);
	if (form->flip)
		push_mark(parser, rule, set, 0, form->flip, false);
}

/* Changes that do not matter to whether a connection comes about. */
static bool is_harmless(const struct nft_selector *selector)
{
	static const char *const names[] = {
	    "meta priority", "meta nftrace", "nftrace", "meta secmark",	 "ct secmark", "ct label",
	    "ct event",	     "ct helper",    "ip dscp", "ip6 dscp",	 "ip ecn",     "ip6 ecn",
	    "ip ttl",	     "ip6 hoplimit", "ip id",	"ip6 flowlabel",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal(names[i], selector->name))
			return true;
	}
	return string_after(selector->name, "tcp option ") != NULL;
}

static bool set_helper(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left,
		       const struct nft_node *value)
{
	const struct nft_node *object;

	if (!string_equal(left->selector->name, "ct helper") || value->kind != NODE_WORD)
		return true;
	return nft_find_object(parser, rule->table, "ct helper", value->text, &value->at, &object);
}

bool nft_change(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left)
{
	struct mark_form form;
	struct nft_node *value;

	if (left->kind != NODE_SELECTOR)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (!nft_imply(parser, rule, left) || !nft_statement_expression(parser, &value) ||
	    !nft_imply(parser, rule, value))
		return false;
	if (left->selector->selector == SELECT_MARK || left->selector->selector == SELECT_CONNECTION_MARK) {
		if (!read_form(parser, value, &form))
			return false;
		push_form(parser, rule, left->selector->selector, &form);
		return true;
	}
	if (!set_helper(parser, rule, left, value))
		return false;
	if (!is_harmless(left->selector))
		add_not_understood(parser->arena, &rule->statements,
				   arena_printf(parser->arena, "%s set", left->selector->name));
	return true;
}
