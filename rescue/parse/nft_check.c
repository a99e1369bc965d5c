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

bool nft_spend(struct nft_parser *parser, uint64_t count, const char *what)
{
	struct load_report *report = parser->report;

	if (report->work <= NFT_WORK_LIMIT && (report->work += count) > NFT_WORK_LIMIT)
		nft_uncertain(parser, &parser->token.at, "too many commands to find out %s", what);
	return report->work <= NFT_WORK_LIMIT;
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
	RULESET_CHANGES(parser->ruleset, rule->chain->notes);
	rule->chain->notes = notes;
	parser->check_chains = true;
}

/* A command is refused as such, whichever rule it makes wrong. */
static bool refuse(struct nft_parser *parser, struct place place, const char *message)
{
	const struct nft_position *end = &parser->token.at;

	if (end->file->only_line)
		place = nft_place(end, NULL);
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
	if (!nft_spend(parser, count + 1, "where the jumps lead"))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!walk_rule(parser, chain_rule(chain, i), base, level))
			return false;
	}
	return true;
}

bool nft_check_chains(struct nft_parser *parser)
{
	if (!parser->check_chains)
		return true;
	for (size_t i = 0; i < parser->ruleset->tables.count; i++) {
		const struct table *table = parser->ruleset->tables.items[i];

		if (table->legacy || !nft_spend(parser, table->chains.count, "where the jumps lead"))
			continue;
		for (size_t j = 0; j < table->chains.count; j++) {
			struct chain *chain = table->chains.items[j];
			struct notes *notes = (struct notes *)chain->notes;

			if (!notes) {
				RULESET_CHANGES(parser->ruleset, chain->notes);
				chain->notes = notes = new_notes(parser, chain);
			}
			notes->seen_hooks = notes->seen_level = 0;
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

static bool elements_refer(const struct set *set, const struct chain *chain)
{
	for (size_t i = 0; i < set->elements.count; i++) {
		if (set->elements.items[i].verdict.chain == chain)
			return true;
	}
	return false;
}

static bool refers_to_chain(const struct statement *statement, const struct chain *chain)
{
	if (statement->kind == STATEMENT_VERDICT)
		return statement->verdict.chain == chain;
	return statement->kind == STATEMENT_VERDICT_MAP && elements_refer(statement->lookup.set, chain);
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

		if (!nft_spend(parser, count, "whether something is in use"))
			return false;
		for (size_t j = 0; j < count; j++) {
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
	const struct table *table = chain->table;

	/* The elements of a map do so, too, even if no rule looks into it. */
	for (size_t i = 0; i < table->sets.count; i++) {
		if (!nft_spend(parser, table->sets.items[i]->elements.count, "whether something is in use"))
			return false;
		if (elements_refer(table->sets.items[i], chain))
			return true;
	}
	return is_referred_to(parser, table, chain, NULL);
}

bool nft_set_is_used(struct nft_parser *parser, const struct table *table, const struct set *set)
{
	return is_referred_to(parser, table, NULL, set);
}
