/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 needs ARP, which tables of the families arp and netdev may hold back. Its packets are not followed: it is only
 * seen whether some rule or policy may drop them. */
#include "filter/evaluate.h"

static bool meets_arp(const struct chain *chain)
{
	enum filter_family family = chain->table->family;

	if (!chain->base || chain->table->dormant)
		return false;
	return (family == FILTER_ARP && (chain->hook == HOOK_INPUT || chain->hook == HOOK_OUTPUT)) ||
	       (family == FILTER_NETDEV && (chain->hook == HOOK_INGRESS || chain->hook == HOOK_EGRESS));
}

/* Whether a test is one of IP packets only: what is none does not match it. */
static bool is_of_ip(enum selector selector, const struct number_set *numbers, bool negate)
{
	switch (selector) {
	case SELECT_FAMILY:
		return !negate && (number_set_covers(numbers, number_of(2), number_of(2)) == 1 ||
				   number_set_covers(numbers, number_of(10), number_of(10)) == 1);
	case SELECT_PROTOCOL:
	case SELECT_SOURCE:
	case SELECT_DESTINATION:
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
	case SELECT_TCP_FLAGS:
	case SELECT_STATE:
		return true;
	default:
		return false;
	}
}

static bool rule_may_drop(const struct rule *rule)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct statement *statement = &rule->statements[i];

		switch (statement->kind) {
		case STATEMENT_TEST:
			if (is_of_ip(statement->test.selector, &statement->test.numbers, statement->test.negate))
				return false;
			break;
		case STATEMENT_LOOKUP:
			for (unsigned j = 0; j < statement->lookup.set->field_count; j++) {
				if (statement->lookup.parts[j].selector != SELECT_FAMILY &&
				    is_of_ip(statement->lookup.parts[j].selector, NULL, false))
					return false;
			}
			break;
		case STATEMENT_VERDICT:
			return statement->verdict.kind != VERDICT_ACCEPT && statement->verdict.kind != VERDICT_RETURN &&
			       statement->verdict.kind != VERDICT_CONTINUE;
		case STATEMENT_VERDICT_MAP:
			return true;
		default:
			break;
		}
	}
	return false;
}

bool ruleset_may_drop_arp(const struct ruleset *ruleset, struct obstacle *ret)
{
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		for (size_t j = 0; j < table->chains.count; j++) {
			const struct chain *chain = table->chains.items[j];

			if (!meets_arp(chain))
				continue;
			*ret = (struct obstacle){.chain = chain, .reason = "IPv4 needs ARP, which may be dropped here"};
			for (size_t k = 0; k < chain_rule_count(chain); k++) {
				ret->rule = chain_rule(chain, k);
				if (rule_may_drop(ret->rule))
					return true;
			}
			ret->rule = NULL;
			if (chain->policy == VERDICT_DROP)
				return true;
		}
	}
	return false;
}
