/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule: its statements in order. */
#include "parse/nft_private.h"

void nft_limit_hooks(struct nft_rule *rule, unsigned hooks, bool nat, const struct nft_position *at)
{
	if ((rule->hooks & ~hooks) || nat)
		rule->hook_place = nft_place(at, NULL);
	rule->hooks &= hooks;
	rule->nat = rule->nat || nat;
}

void nft_end_rule(struct nft_parser *parser, struct nft_rule *rule, enum verdict_kind kind)
{
	add_verdict(parser->arena, &rule->statements, kind, NULL);
	rule->ended = true;
}

bool nft_find_verdict(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *node,
		      struct filter_verdict *ret)
{
	*ret = (struct filter_verdict){.kind = node->verdict};
	if (node->verdict != VERDICT_JUMP && node->verdict != VERDICT_GOTO)
		return true;
	parser->check_chains = true;
	ret->chain = table_find_chain(rule->table, node->chain);
	if (!ret->chain)
		return nft_refuse(parser, &node->at, "Could not process rule: No such file or directory (chain %s)",
				  node->chain);
	if (ret->chain->base)
		return nft_refuse(parser, &node->at,
				  "Could not process rule: Operation not supported (jump to the base chain %s)",
				  node->chain);
	return true;
}

static bool verdict(struct nft_parser *parser, struct nft_rule *rule)
{
	struct filter_verdict found;
	struct nft_node *node;

	if (!nft_verdict(parser, &node) || !nft_find_verdict(parser, rule, node, &found))
		return false;
	if (found.kind != VERDICT_CONTINUE)
		rule->ended = true;
	add_verdict(parser->arena, &rule->statements, found.kind, found.chain);
	return true;
}

static bool statement(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	bool done = false;

	if (rule->ended)
		return nft_refuse(parser, &at, "Statement after terminal statement has no effect");
	/* "jump { … }" is a statement of its own. */
	if (!nft_statement(parser, rule, &done))
		return false;
	if (done)
		return true;
	if (nft_begins_verdict(parser))
		return verdict(parser, rule);
	if (nft_begins_selector(parser) || nft_is(parser, "("))
		return nft_match(parser, rule);
	return nft_syntax_error(parser);
}

bool nft_rule(struct nft_parser *parser, struct table *table, struct chain *chain, struct rule **ret)
{
	struct nft_rule rule = {
	    .table = table,
	    .chain = chain,
	    .hooks = ~0U,
	};
	struct nft_position at = parser->token.at;

	if (table->family == FILTER_IPV4 || table->family == FILTER_IPV6)
		rule.family = table->family == FILTER_IPV6 ? 10 : 2;
	do {
		if (nft_accept(parser, "comment")) {
			if (!nft_string(parser, &rule.comment))
				return false;
			break;
		}
		if (!statement(parser, &rule))
			return false;
	} while (!nft_at_separator(parser) && parser->token.kind != TOKEN_END && !nft_is(parser, "}"));
	*ret = ruleset_make_rule(parser->ruleset, &rule.statements, nft_place(&at, &parser->token.at));
	(*ret)->comment = rule.comment;
	nft_note_rule(parser, &rule);
	return true;
}
