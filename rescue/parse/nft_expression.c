/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of nft's language as trees (parser_bison.y of nftables). What they mean is not looked at here. */
#include "parse/nft_private.h"

enum side {
	SIDE_LEFT, /* of a comparison: selectors */
	SIDE_RIGHT, /* words */
	SIDE_STATEMENT, /* both */
};

static bool binary(struct nft_parser *parser, enum side side, unsigned level, struct nft_node **ret);

struct nft_node *nft_node(struct nft_parser *parser, enum nft_node_kind kind, const struct nft_position *at)
{
	struct nft_node *node = ARENA_NEW(parser->arena, struct nft_node);

	node->kind = kind;
	node->at = *at;
	return node;
}

/* Variables make trees of any height out of flat text: what walks them later must not run out of stack. */
static bool grow(struct nft_parser *parser, struct nft_node *node, const struct nft_node *child)
{
	if (child->height >= node->height)
		node->height = child->height + 1;
	return node->height <= NFT_NESTING || nft_refuse(parser, &node->at, "too many levels of nesting");
}

static bool join(struct nft_parser *parser, enum nft_node_kind kind, struct nft_node *left, struct nft_node *right,
		 struct nft_node **ret)
{
	struct nft_node *node = nft_node(parser, kind, &left->at);

	node->left = left;
	node->right = right;
	*ret = node;
	return grow(parser, node, left) && grow(parser, node, right);
}

static bool append(struct nft_parser *parser, struct nft_node *list, struct nft_node *item)
{
	*array_push(parser->arena, &list->items) = item;
	return grow(parser, list, item);
}

/* --- words ----------------------------------------------------------------- */

/* Keywords that are also values: of protocols, of conntrack's status. */
static bool is_value_keyword(const struct nft_token *token)
{
	static const char *const words[] = {
	    "tcp", "udp",  "udplite", "icmp", "icmpv6",	  "igmp",  "esp",    "ah",
	    "gre", "comp", "dccp",    "sctp", "ether",	  "ip",	   "ip6",    "vlan",
	    "arp", "dnat", "snat",    "ecn",  "redirect", "reset", "exists", "missing",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (nft_token_is(token, words[i]))
			return true;
	}
	return false;
}

static bool word(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;

	if (nft_accept(parser, "$"))
		return nft_variable(parser, ret);
	if (parser->token.kind != TOKEN_QUOTED &&
	    (parser->token.kind != TOKEN_WORD || (nft_is_keyword(&parser->token) && !is_value_keyword(&parser->token))))
		return nft_syntax_error(parser);
	*ret = nft_node(parser, NODE_WORD, &at);
	(*ret)->quoted = parser->token.kind == TOKEN_QUOTED;
	(*ret)->text = nft_token_text(parser, &parser->token);
	nft_advance(parser);
	return true;
}

static bool primary(struct nft_parser *parser, enum side side, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	bool done;

	if (nft_accept(parser, "(")) {
		if (++parser->depth > NFT_NESTING)
			return nft_refuse(parser, &at, "too many levels of nesting");
		done = binary(parser, side, 0, ret) && nft_expect(parser, ")");
		parser->depth--;
		return done;
	}
	/* What a statement sets may be a protocol's field, and a word like "redirect" in other places. */
	if (side == SIDE_LEFT || (side == SIDE_STATEMENT && nft_begins_selector(parser)))
		return nft_selector(parser, ret);
	return word(parser, ret);
}

/* The operators, from those that bind loosely to those that bind tightly. */
static const struct operator
{
	const char *sign, *word;
	unsigned level;
	enum nft_node_kind kind;
}
operators[] = {
    {"|", "or", 0, NODE_OR},
    {"^", "xor", 1, NODE_XOR},
    {"&", "and", 2, NODE_AND},
    {"<<", "lshift", 3, NODE_SHIFT_LEFT},
    {">>", "rshift", 3, NODE_SHIFT_RIGHT},
};

enum {
	OPERATOR_LEVELS = 4,
};

static const struct operator* current_operator(const struct nft_parser *parser, unsigned level)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (operators[i].level == level &&
		    (nft_is(parser, operators[i].sign) || nft_is(parser, operators[i].word)))
			return &operators[i];
	}
	return NULL;
}

static bool binary(struct nft_parser *parser, enum side side, unsigned level, struct nft_node **ret)
{
	const struct operator* operator;
	struct nft_node *right;

	if (level == OPERATOR_LEVELS)
		return primary(parser, side, ret);
	if (!binary(parser, side, level + 1, ret))
		return false;
	while ((operator= current_operator(parser, level))) {
		nft_advance(parser);
		/* On the left of a comparison, too, a selector is combined with words only. */
		if (!binary(parser, side == SIDE_LEFT ? SIDE_RIGHT : side, level + 1, &right) ||
		    !join(parser, operator->kind, *ret, right, ret))
			return false;
	}
	return true;
}

/* --- the left side --------------------------------------------------------- */

/* One thing, or several joined by dots. */
static bool concatenated(struct nft_parser *parser, enum side side,
			 bool (*part)(struct nft_parser *parser, enum side side, struct nft_node **ret),
			 struct nft_node **ret)
{
	struct nft_node *list, *next;

	if (!part(parser, side, ret))
		return false;
	if (!nft_is(parser, "."))
		return true;
	list = nft_node(parser, NODE_CONCATENATION, &(*ret)->at);
	if (!append(parser, list, *ret))
		return false;
	while (nft_accept(parser, ".")) {
		if (!part(parser, side, &next) || !append(parser, list, next))
			return false;
	}
	*ret = list;
	return true;
}

static bool left_part(struct nft_parser *parser, enum side side, struct nft_node **ret)
{
	return binary(parser, side, 0, ret);
}

bool nft_left_side(struct nft_parser *parser, struct nft_node **ret)
{
	return concatenated(parser, SIDE_LEFT, left_part, ret);
}

/* --- the right side -------------------------------------------------------- */

static bool followed_by_comma(const struct nft_parser *parser)
{
	struct nft_parser ahead = *parser;

	nft_advance(&ahead);
	return nft_is(&ahead, ",");
}

static bool prefix(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_node *length = nft_node(parser, NODE_WORD, &parser->token.at);

	length->text = nft_token_text(parser, &parser->token);
	if (!nft_number(parser, &(uint64_t){0}))
		return false;
	return join(parser, NODE_PREFIX, *ret, length, ret);
}

static bool is_number(const struct nft_parser *parser)
{
	return parser->token.kind == TOKEN_WORD && parser->token.text[0] >= '0' && parser->token.text[0] <= '9';
}

static bool value_or_range(struct nft_parser *parser, enum side side, struct nft_node **ret)
{
	struct nft_node *last;

	if (!binary(parser, side, 0, ret))
		return false;
	return !nft_accept(parser, "-") ||
	       (binary(parser, side, 0, &last) && join(parser, NODE_RANGE, *ret, last, ret));
}

/* A value, a range or a prefix. */
static bool multiple(struct nft_parser *parser, enum side side, struct nft_node **ret)
{
	return value_or_range(parser, side, ret) && (!nft_accept(parser, "/") || prefix(parser, ret));
}

/* The same where a stroke may also stand before a mask: a list. */
static bool compared(struct nft_parser *parser, enum side side, struct nft_node **ret)
{
	struct nft_parser ahead;

	if (!value_or_range(parser, side, ret))
		return false;
	if (!nft_is(parser, "/"))
		return true;
	ahead = *parser;
	nft_advance(&ahead);
	if (!is_number(&ahead) || followed_by_comma(&ahead))
		return true;
	nft_advance(parser);
	return prefix(parser, ret);
}

static bool flag_list(struct nft_parser *parser, struct nft_node *first, struct nft_node **ret)
{
	struct nft_node *list = nft_node(parser, NODE_LIST, &first->at), *next;

	if (!append(parser, list, first))
		return false;
	while (nft_accept(parser, ",")) {
		if (!binary(parser, SIDE_RIGHT, 0, &next) || !append(parser, list, next))
			return false;
	}
	*ret = list;
	return true;
}

bool nft_right_side(struct nft_parser *parser, bool list, struct nft_node **ret)
{
	struct nft_node *mask;

	if (nft_is(parser, "{"))
		return nft_set_expression(parser, ret);
	if (nft_is(parser, "@")) {
		*ret = nft_node(parser, NODE_SET_REFERENCE, &parser->token.at);
		nft_advance(parser);
		return nft_name(parser, &(*ret)->text);
	}
	if (!concatenated(parser, SIDE_RIGHT, list ? compared : multiple, ret))
		return false;
	if (!list)
		return true;
	if (nft_is(parser, ",") && !flag_list(parser, *ret, ret))
		return false;
	if (!nft_accept(parser, "/"))
		return true;
	/* What stands behind the stroke is a list of at least two. */
	if (!binary(parser, SIDE_RIGHT, 0, &mask))
		return false;
	if (!nft_is(parser, ","))
		return nft_syntax_error(parser);
	return flag_list(parser, mask, &mask) && join(parser, NODE_MASKED, *ret, mask, ret);
}

/* --- sets ------------------------------------------------------------------ */

/* timeout, expires, comment, counter …: nothing that a lookup depends on. */
static bool element_options(struct nft_parser *parser)
{
	bool done = true;

	while (done) {
		const char *text;

		if (nft_is(parser, "timeout") || nft_is(parser, "expires")) {
			nft_advance(parser);
			if (parser->token.kind != TOKEN_WORD)
				return nft_syntax_error(parser);
			nft_advance(parser);
		} else if (nft_accept(parser, "comment")) {
			if (!nft_string(parser, &text))
				return false;
		} else if (!nft_stateful_statement(parser, NULL, &done)) {
			return false;
		}
	}
	return true;
}

static bool element(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	struct nft_node *value;

	if (nft_is(parser, "{"))
		return nft_set_expression(parser, ret);
	if (nft_accept(parser, "*"))
		*ret = nft_node(parser, NODE_REST, &at);
	else if (!concatenated(parser, SIDE_RIGHT, multiple, ret))
		return false;
	if (!element_options(parser))
		return false;
	if (!nft_accept(parser, ":"))
		return true;
	if (nft_begins_verdict(parser) ? !nft_verdict(parser, &value)
				       : !concatenated(parser, SIDE_RIGHT, multiple, &value))
		return false;
	return join(parser, NODE_PAIR, *ret, value, ret);
}

static void pass_newline(struct nft_parser *parser)
{
	if (parser->token.kind == TOKEN_NEWLINE)
		nft_advance(parser);
}

/* One newline may stand before and behind an element, no two: lines with nothing but a comment are none. */
bool nft_set_expression(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	struct nft_node *item;

	if (++parser->depth > NFT_NESTING)
		return nft_refuse(parser, &at, "too many levels of nesting");
	*ret = nft_node(parser, NODE_SET, &at);
	if (!nft_expect(parser, "{"))
		return false;
	for (bool first = true;; first = false) {
		if (!first && !nft_accept(parser, ","))
			break;
		pass_newline(parser);
		if (!first && (nft_is(parser, ",") || nft_is(parser, "}")))
			continue;
		if (!element(parser, &item) || !append(parser, *ret, item))
			return false;
		pass_newline(parser);
	}
	parser->depth--;
	return nft_expect(parser, "}");
}

/* --- verdicts -------------------------------------------------------------- */

static const struct {
	const char *word;
	enum verdict_kind kind;
} verdicts[] = {
    {"accept", VERDICT_ACCEPT}, {"drop", VERDICT_DROP}, {"continue", VERDICT_CONTINUE},
    {"return", VERDICT_RETURN}, {"jump", VERDICT_JUMP}, {"goto", VERDICT_GOTO},
};

bool nft_begins_verdict(const struct nft_parser *parser)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (nft_is(parser, verdicts[i].word))
			return true;
	}
	return false;
}

bool nft_verdict(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_node *name;

	*ret = nft_node(parser, NODE_VERDICT, &parser->token.at);
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (nft_is(parser, verdicts[i].word))
			(*ret)->verdict = verdicts[i].kind;
	}
	nft_advance(parser);
	if ((*ret)->verdict != VERDICT_JUMP && (*ret)->verdict != VERDICT_GOTO)
		return true;
	(*ret)->at = parser->token.at;
	if (!nft_accept(parser, "$"))
		return nft_name(parser, &(*ret)->chain);
	if (!nft_variable(parser, &name))
		return false;
	if (name->kind != NODE_WORD)
		return nft_refuse(parser, &(*ret)->at, "invalid chain name");
	(*ret)->chain = name->text;
	return true;
}

/* --- what statements set --------------------------------------------------- */

bool nft_statement_expression(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_node *map;

	if (!concatenated(parser, SIDE_STATEMENT, multiple, ret))
		return false;
	if (!nft_accept(parser, "map"))
		return true;
	return nft_right_side(parser, false, &map) && join(parser, NODE_MAP, *ret, map, ret);
}
