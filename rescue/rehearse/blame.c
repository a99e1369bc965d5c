/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/blame.h"

#include <netinet/in.h>

#include <linux/netfilter.h>

#include "base/text.h"
#include "stage/firewall_load.h"

static const struct family {
	unsigned number; /* NFPROTO_… */
	enum filter_family family;
	const char *name;
} families[] = {
    {NFPROTO_INET, FILTER_INET, "inet"}, {NFPROTO_IPV4, FILTER_IPV4, "ip"},
    {NFPROTO_IPV6, FILTER_IPV6, "ip6"},	 {NFPROTO_NETDEV, FILTER_NETDEV, "netdev"},
    {NFPROTO_ARP, FILTER_ARP, "arp"},	 {NFPROTO_BRIDGE, FILTER_BRIDGE, "bridge"},
};

static const struct family *find_family(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i].number == number)
			return &families[i];
	}
	return NULL;
}

/* Where the rule or policy was written down, or NULL. */
static const struct place *find_place(const struct facts *facts, const struct family *family,
				      const struct trace_verdict *verdict)
{
	struct ruleset ruleset;
	const struct table *table;
	const struct chain *chain;
	const struct place *place;

	firewall_build(facts, &ruleset);
	table = ruleset_find_table(&ruleset, family->family, verdict->legacy, verdict->table);
	chain = table ? table_find_chain(table, verdict->chain) : NULL;
	if (!chain)
		return NULL;
	if (verdict->policy)
		place = &chain->policy_place;
	else if (verdict->position && verdict->position <= verdict->rule_count &&
		 chain_rule_count(chain) == verdict->rule_count)
		place = &chain_rule(chain, verdict->position - 1)->place;
	else
		return NULL;
	return place->path ? place : NULL;
}

const char *blame_text(const struct facts *facts, struct arena *arena, const struct trace_verdict *verdict)
{
	const struct family *family = find_family(verdict->family);
	const struct place *place = family ? find_place(facts, family, verdict) : NULL;
	struct text text = {.arena = arena};

	if (verdict->policy)
		text_add_string(&text, "the policy of ");
	else if (verdict->position)
		text_printf(&text, "rule %u of ", verdict->position);
	else
		text_add_string(&text, "a rule of ");
	text_printf(&text, "chain %s in table %s %s", verdict->chain, family ? family->name : "?", verdict->table);
	if (place && place->text_length)
		text_printf(&text, " (%s:%u: %.*s)", place->path, place->line, (int)place->text_length, place->text);
	else if (place)
		text_printf(&text, " (%s:%u)", place->path, place->line);
	return text.data;
}
