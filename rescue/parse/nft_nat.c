/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address and port translation. What changes the destination matters: the port may be sshd's, or another one. */
#include "parse/nft_private.h"

enum {
	FAMILY_IPV4 = 2,
	FAMILY_IPV6 = 10,
};

/* Where a connection is sent. */
struct goal {
	unsigned family; /* that is written down, 0: none */
	struct nft_node *address, *port; /* or NULL */
	bool concatenated; /* both in one */
};

static bool flags(struct nft_parser *parser)
{
	if (!nft_is(parser, "random") && !nft_is(parser, "fully-random") && !nft_is(parser, "persistent"))
		return true;
	do {
		if (!nft_accept(parser, "random") && !nft_accept(parser, "fully-random") &&
		    !nft_accept(parser, "persistent"))
			return nft_syntax_error(parser);
	} while (nft_accept(parser, ","));
	return true;
}

/* [ip|ip6] [addr . port|prefix|interval] to [ADDRESS][:PORT] */
static bool read_goal(struct nft_parser *parser, struct goal *ret)
{
	struct nft_parser before = *parser;
	bool form = false;

	*ret = (struct goal){0};
	if (nft_accept(parser, "ip"))
		ret->family = FAMILY_IPV4;
	else if (nft_accept(parser, "ip6"))
		ret->family = FAMILY_IPV6;
	if (nft_accept(parser, "addr")) {
		if (!nft_expect(parser, ".") || !nft_expect(parser, "port"))
			return false;
		ret->concatenated = true;
	} else if (!nft_accept(parser, "prefix")) {
		nft_accept(parser, "interval");
	}
	form = nft_accept(parser, "to");
	/* "dnat ip saddr map …" has no "to", and its family is an expression's. */
	if (!form && ret->family) {
		*parser = before;
		ret->family = 0;
	}
	if (!nft_is(parser, ":") && !nft_statement_expression(parser, &ret->address))
		return false;
	return !nft_accept(parser, ":") || nft_statement_expression(parser, &ret->port);
}

static bool imply_goal(struct nft_parser *parser, struct nft_rule *rule, const struct goal *goal)
{
	if (goal->address && !nft_imply(parser, rule, goal->address))
		return false;
	if (!goal->port)
		return true;
	if (!rule->protocol)
		return nft_refuse(parser, &goal->port->at,
				  "transport protocol mapping is only valid after transport protocol match");
	return nft_imply(parser, rule, goal->port);
}

/* One port, or unknown. */
static bool single_port(struct nft_parser *parser, const struct nft_node *node, struct statement *statement)
{
	struct nft_field type = {TYPE_SERVICE, 16};
	struct number number;

	if (node->kind != NODE_WORD) {
		statement->nat.unknown = true;
		return true;
	}
	if (!nft_evaluate(parser, &type, node, &number, &statement->nat.unknown))
		return false;
	statement->nat.port = (unsigned)number.low;
	return true;
}

static bool single_address(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *node,
			   struct statement *statement)
{
	bool ipv6 = rule->family == FAMILY_IPV6;
	struct nft_field type = {ipv6 ? TYPE_IPV6 : TYPE_IPV4, ipv6 ? 128 : 32};

	if (node->kind != NODE_WORD) {
		statement->nat.unknown = node->kind != NODE_RANGE && node->kind != NODE_PREFIX;
		return true;
	}
	return nft_evaluate(parser, &type, node, &statement->nat.address, &statement->nat.unknown);
}

static bool dnat(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	struct statement statement = {.kind = STATEMENT_REDIRECT};
	struct goal goal;

	nft_advance(parser);
	if (!read_goal(parser, &goal) || !imply_goal(parser, rule, &goal) || !flags(parser))
		return false;
	if (goal.address && !goal.family && !rule->family)
		return nft_refuse(parser, &at, "ip or ip6 must be specified with address for inet tables.");
	/* In a table of both families the other one's packets go on. */
	if (goal.address && !nft_imply_family(parser, rule, goal.family, &at))
		return false;
	if (goal.address)
		statement.kind = STATEMENT_FORWARD;
	if (goal.address && !single_address(parser, rule, goal.address, &statement))
		return false;
	if (goal.port && !single_port(parser, goal.port, &statement))
		return false;
	statement.nat.unknown = statement.nat.unknown || goal.concatenated;
	*array_push(parser->arena, &rule->statements) = statement;
	nft_limit_hooks(rule, 1U << HOOK_PREROUTING | 1U << HOOK_OUTPUT, true, &at);
	nft_end_rule(parser, rule, VERDICT_ACCEPT);
	return true;
}

static bool redirect(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	struct statement statement = {.kind = STATEMENT_REDIRECT};
	struct goal goal = {0};

	nft_advance(parser);
	if (nft_accept(parser, "to")) {
		nft_accept(parser, ":");
		if (!nft_statement_expression(parser, &goal.port))
			return false;
	}
	if (!flags(parser) || !imply_goal(parser, rule, &goal) ||
	    (goal.port && !single_port(parser, goal.port, &statement)))
		return false;
	*array_push(parser->arena, &rule->statements) = statement;
	nft_limit_hooks(rule, 1U << HOOK_PREROUTING | 1U << HOOK_OUTPUT, true, &at);
	nft_end_rule(parser, rule, VERDICT_ACCEPT);
	return true;
}

/* The source that sshd sees is nothing that the way in depends on. */
static bool snat(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	struct goal goal;

	nft_advance(parser);
	if (!read_goal(parser, &goal) || !imply_goal(parser, rule, &goal) || !flags(parser))
		return false;
	if (goal.address && !goal.family && !rule->family)
		return nft_refuse(parser, &at, "ip or ip6 must be specified with address for inet tables.");
	if (goal.address && !nft_imply_family(parser, rule, goal.family, &at))
		return false;
	nft_limit_hooks(rule, 1U << HOOK_POSTROUTING | 1U << HOOK_INPUT, true, &at);
	nft_end_rule(parser, rule, VERDICT_ACCEPT);
	return true;
}

static bool masquerade(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	struct goal goal = {0};

	nft_advance(parser);
	if (nft_accept(parser, "to") && (!nft_expect(parser, ":") || !nft_statement_expression(parser, &goal.port)))
		return false;
	if (!flags(parser) || !imply_goal(parser, rule, &goal))
		return false;
	nft_limit_hooks(rule, 1U << HOOK_POSTROUTING, true, &at);
	nft_end_rule(parser, rule, VERDICT_ACCEPT);
	return true;
}

bool nft_nat_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done)
{
	*ret_done = true;
	if (nft_is(parser, "dnat"))
		return dnat(parser, rule);
	if (nft_is(parser, "redirect"))
		return redirect(parser, rule);
	if (nft_is(parser, "snat"))
		return snat(parser, rule);
	if (nft_is(parser, "masquerade"))
		return masquerade(parser, rule);
	*ret_done = false;
	return true;
}
