/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements with a memory: counters, limits, quotas. The first packets of a connection find them fresh. */
#include "parse/nft_private.h"

enum {
	SMALL_QUOTA = 1024 * 1024, /* bytes: a larger one outlasts the beginning of a connection */
};

static bool is_any_of(const struct nft_parser *parser, const char *const *words, size_t count, size_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (!nft_is(parser, words[i]))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static bool time_unit(struct nft_parser *parser)
{
	static const char *const units[] = {"second", "minute", "hour", "day", "week"};

	if (!is_any_of(parser, units, ARRAY_SIZE(units), &(size_t){0}))
		return nft_syntax_error(parser);
	nft_advance(parser);
	return true;
}

static const char *const byte_units[] = {"bytes", "kbytes", "mbytes"};

static bool byte_unit(struct nft_parser *parser, uint64_t *number)
{
	size_t unit;

	if (!is_any_of(parser, byte_units, ARRAY_SIZE(byte_units), &unit))
		return nft_syntax_error(parser);
	nft_advance(parser);
	*number = *number > UINT64_MAX >> (10 * unit) ? UINT64_MAX : *number << (10 * unit);
	return true;
}

/* "kbytes/second" is one word for the scanner. */
static bool byte_rate(struct nft_parser *parser)
{
	static const char *const rates[] = {
	    "bytes/second",  "bytes/minute",  "bytes/hour",  "bytes/day",  "bytes/week",
	    "kbytes/second", "kbytes/minute", "kbytes/hour", "kbytes/day", "kbytes/week",
	    "mbytes/second", "mbytes/minute", "mbytes/hour", "mbytes/day", "mbytes/week",
	};

	if (is_any_of(parser, rates, ARRAY_SIZE(rates), &(size_t){0})) {
		nft_advance(parser);
		return true;
	}
	return byte_unit(parser, &(uint64_t){0}) && nft_expect(parser, "/") && time_unit(parser);
}

bool nft_limit_rate(struct nft_parser *parser, bool *ret_over)
{
	struct nft_position at;
	uint64_t number;
	bool packets;

	*ret_over = nft_accept(parser, "over");
	if (!*ret_over)
		nft_accept(parser, "until");
	if (!nft_number(parser, &number))
		return false;
	packets = nft_accept(parser, "/");
	if (packets ? !time_unit(parser) : !byte_rate(parser))
		return false;
	at = parser->token.at;
	if (!nft_accept(parser, "burst"))
		return true;
	if (!nft_number(parser, &number))
		return false;
	if (packets && !number)
		return nft_refuse(parser, &at, "packet limit burst must be > 0");
	return packets ? nft_expect(parser, "packets") : byte_unit(parser, &number);
}

bool nft_quota(struct nft_parser *parser, bool *ret_over, bool *ret_small)
{
	uint64_t quota, used = 0;

	*ret_over = nft_accept(parser, "over");
	if (!*ret_over)
		nft_accept(parser, "until");
	if (!nft_number(parser, &quota) || !byte_unit(parser, &quota))
		return false;
	if (nft_accept(parser, "used") && (!nft_number(parser, &used) || !byte_unit(parser, &used)))
		return false;
	*ret_small = quota < used || quota - used < SMALL_QUOTA;
	return true;
}

static void push_limit(struct nft_parser *parser, struct nft_rule *rule, bool over)
{
	struct statement statement = {
	    .kind = STATEMENT_TEST,
	    .test = {.selector = SELECT_LIMIT, .limit_over = over},
	};

	if (rule)
		*array_push(parser->arena, &rule->statements) = statement;
}

static void push_answer(struct nft_parser *parser, struct nft_rule *rule, bool answer)
{
	if (rule)
		add_constant(parser->arena, &rule->statements, answer ? ANSWER_YES : ANSWER_NO);
}

/* "name" of an object, or a map that gives one. */
static bool object_name(struct nft_parser *parser, struct nft_rule *rule, const char *kind, const struct nft_node **ret)
{
	struct nft_node *node;

	*ret = NULL;
	if (!rule || !nft_statement_expression(parser, &node))
		return !rule ? nft_syntax_error(parser) : false;
	if (node->kind != NODE_WORD)
		return nft_imply(parser, rule, node);
	return nft_find_object(parser, rule->table, kind, node->text, &node->at, ret);
}

static bool counter(struct nft_parser *parser, struct nft_rule *rule)
{
	const struct nft_node *object;

	nft_advance(parser);
	if (nft_accept(parser, "name"))
		return object_name(parser, rule, "counter", &object);
	while (nft_is(parser, "packets") || nft_is(parser, "bytes")) {
		nft_advance(parser);
		if (!nft_number(parser, &(uint64_t){0}))
			return false;
	}
	return true;
}

static bool limit(struct nft_parser *parser, struct nft_rule *rule)
{
	const struct nft_node *object;
	bool over;

	nft_advance(parser);
	if (nft_accept(parser, "name")) {
		if (!object_name(parser, rule, "limit", &object))
			return false;
		over = object && object->quoted;
	} else if (!nft_expect(parser, "rate") || !nft_limit_rate(parser, &over)) {
		return false;
	}
	push_limit(parser, rule, over);
	return true;
}

static bool quota(struct nft_parser *parser, struct nft_rule *rule)
{
	const struct nft_node *object;
	bool over, small = true;

	nft_advance(parser);
	if (nft_accept(parser, "name")) {
		if (!object_name(parser, rule, "quota", &object))
			return false;
		over = object && object->quoted;
	} else if (!nft_quota(parser, &over, &small)) {
		return false;
	}
	if (small)
		push_limit(parser, rule, over);
	else
		push_answer(parser, rule, !over);
	return true;
}

/* The first connection is one. */
static bool connection_count(struct nft_parser *parser, struct nft_rule *rule)
{
	uint64_t number;
	bool over;

	nft_advance(parser);
	nft_advance(parser);
	over = nft_accept(parser, "over");
	if (!nft_number(parser, &number))
		return false;
	push_answer(parser, rule, over ? number < 1 : number >= 1);
	return true;
}

static bool followed_by(const struct nft_parser *parser, const char *text)
{
	struct nft_parser ahead = *parser;

	nft_advance(&ahead);
	return nft_is(&ahead, text);
}

/* last [used never|TIME] */
static bool last(struct nft_parser *parser)
{
	nft_advance(parser);
	if (nft_accept(parser, "used"))
		nft_advance(parser);
	return true;
}

bool nft_stateful_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done)
{
	*ret_done = true;
	if (nft_is(parser, "counter"))
		return counter(parser, rule);
	if (nft_is(parser, "limit"))
		return limit(parser, rule);
	if (nft_is(parser, "quota"))
		return quota(parser, rule);
	if (nft_is(parser, "ct") && followed_by(parser, "count"))
		return connection_count(parser, rule);
	if (nft_is(parser, "last"))
		return last(parser);
	*ret_done = false;
	return true;
}
