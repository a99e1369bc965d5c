/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel checks of whole tables before it takes a transaction (nft_chain_validate() of nf_tables_api.c). */
#include "parse/nft_private.h"

enum {
	JUMP_LIMIT = 16, /* NFT_JUMP_STACK_SIZE */
};

/* Where the rules of a chain may stand: chain.notes. A new one for each change, since a restored rule set wants the old
 * one. */
struct notes {
	unsigned hooks;
	bool nat;
	struct place place; /* of what limits them */
	/* Of the walk at hand */
	unsigned seen_hooks; /* bits, those of nat chains above the others */
	unsigned seen_level;
};

static struct notes *new_notes(struct nft_parser *parser, const struct chain *chain)
{
	struct notes *notes = ARENA_NEW(parser->arena, struct notes);

	if (chain->notes)
		*notes = *(const struct notes *)chain->notes;
	else
		notes->hooks = ~0U;
	return notes;
}

void nft_note_rule(struct nft_parser *parser, const struct nft_rule *rule)
{
	struct notes *notes;

	if (!rule->chain || (rule->hooks == ~0U && !rule->nat))
		return;
	notes = (struct notes *)rule->chain->notes;
	if (notes && notes->hooks == (notes->hooks & rule->hooks) && notes->nat >= rule->nat)
		return;
	notes = new_notes(parser, rule->chain);
	notes->hooks &= rule->hooks;
	notes->nat = notes->nat || rule->nat;
	notes->place = rule->hook_place;
	rule->chain->notes = notes;
}

static bool refuse(struct nft_parser *parser, struct place place, const char *message)
{
	parser->refused = true;
	load_note(parser->arena, parser->report, LOAD_REFUSED, place, "%s", message);
	return false;
}

static bool walk(struct nft_parser *parser, const struct chain *chain, const struct chain *base, unsigned level);

static bool walk_verdict(struct nft_parser *parser, const struct filter_verdict *verdict, const struct rule *rule,
			 const struct chain *base, unsigned level)
{
	if (verdict->kind != VERDICT_JUMP && verdict->kind != VERDICT_GOTO)
		return true;
	if (level + 1 >= JUMP_LIMIT)
		return refuse(parser, rule->place, "Could not process rule: Too many links");
	return walk(parser, verdict->chain, base, level + 1);
}

static bool walk_rule(struct nft_parser *parser, const struct rule *rule, const struct chain *base, unsigned level)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct statement *statement = &rule->statements[i];

		if (statement->kind == STATEMENT_VERDICT &&
		    !walk_verdict(parser, &statement->verdict, rule, base, level))
			return false;
		if (statement->kind != STATEMENT_VERDICT_MAP)
			continue;
		for (size_t j = 0; j < statement->lookup.set->elements.count; j++) {
			if (!walk_verdict(parser, &statement->lookup.set->elements.items[j].verdict, rule, base, level))
				return false;
		}
	}
	return true;
}

/* A chain is looked at again only from a hook that did not lead to it yet, or from deeper down. */
static bool walk(struct nft_parser *parser, const struct chain *chain, const struct chain *base, unsigned level)
{
	struct notes *notes = (struct notes *)chain->notes;
	unsigned hook = 1U << (base->hook + (base->nat ? HOOK_COUNT : 0));
	size_t count = chain_rule_count(chain);

	if (!notes || ((notes->seen_hooks & hook) && notes->seen_level >= level))
		return true;
	notes->seen_hooks |= hook;
	notes->seen_level = notes->seen_level > level ? notes->seen_level : level;
	if (!(notes->hooks & 1U << base->hook) || (notes->nat && !base->nat))
		return refuse(parser, notes->place, "Could not process rule: Operation not supported");
	for (size_t i = 0; i < count; i++) {
		if (!walk_rule(parser, chain_rule(chain, i), base, level))
			return false;
	}
	return true;
}

bool nft_check_chains(struct nft_parser *parser)
{
	for (size_t i = 0; i < parser->ruleset->tables.count; i++) {
		const struct table *table = parser->ruleset->tables.items[i];

		if (table->legacy)
			continue;
		for (size_t j = 0; j < table->chains.count; j++) {
			struct notes *notes = new_notes(parser, table->chains.items[j]);

			notes->seen_hooks = notes->seen_level = 0;
			table->chains.items[j]->notes = notes;
		}
		for (size_t j = 0; j < table->chains.count; j++) {
			const struct chain *chain = table->chains.items[j];

			if (chain->base && !walk(parser, chain, chain, 0))
				return false;
		}
	}
	return true;
}

/* --- references ------------------------------------------------------------ */

static bool refers_to_chain(const struct statement *statement, const struct chain *chain)
{
	if (statement->kind == STATEMENT_VERDICT)
		return statement->verdict.chain == chain;
	if (statement->kind != STATEMENT_VERDICT_MAP)
		return false;
	for (size_t i = 0; i < statement->lookup.set->elements.count; i++) {
		if (statement->lookup.set->elements.items[i].verdict.chain == chain)
			return true;
	}
	return false;
}

static bool refers_to_set(const struct statement *statement, const struct set *set)
{
	return (statement->kind == STATEMENT_LOOKUP || statement->kind == STATEMENT_VERDICT_MAP) &&
	       statement->lookup.set == set;
}

/* Whether a rule of the table refers to the chain or set; no rules are looked through without end. */
static bool is_referred_to(struct nft_parser *parser, const struct table *table, const struct chain *chain,
			   const struct set *set)
{
	for (size_t i = 0; i < table->chains.count; i++) {
		const struct chain *other = table->chains.items[i];
		size_t count = other == chain ? 0 : chain_rule_count(other);

		parser->work += count;
		for (size_t j = 0; j < count && parser->work < NFT_WORK_LIMIT; j++) {
			const struct rule *rule = chain_rule(other, j);

			for (size_t k = 0; k < rule->count; k++) {
				if (set ? refers_to_set(&rule->statements[k], set)
					: refers_to_chain(&rule->statements[k], chain))
					return true;
			}
		}
	}
	return false;
}

bool nft_chain_is_used(struct nft_parser *parser, const struct chain *chain)
{
	return is_referred_to(parser, chain->table, chain, NULL);
}

bool nft_set_is_used(struct nft_parser *parser, const struct table *table, const struct set *set)
{
	return is_referred_to(parser, table, NULL, set);
}
