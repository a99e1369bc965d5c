/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface names that a rule set mentions. */
#include "filter/evaluate.h"

enum {
	NAME_LIMIT = 64, /* different names; the rule set is followed once for each */
};

struct mentioned {
	struct arena *arena;
	string_list *names;
};

static bool is_loopback(const struct interface_name *name)
{
	return !name->prefix && string_equal(name->name, "lo");
}

static void mention(struct mentioned *mentioned, const struct interface_name *name)
{
	char *text;

	if (!name->name || !*name->name || is_loopback(name) || mentioned->names->count >= NAME_LIMIT)
		return;
	for (size_t i = 0; i < mentioned->names->count; i++) {
		const char *rest = string_after(mentioned->names->items[i], name->name);

		if (rest && string_equal(rest, name->prefix ? "*" : ""))
			return;
	}
	text = arena_printf(mentioned->arena, "%s%s", name->name, name->prefix ? "*" : "");
	*array_push(mentioned->arena, mentioned->names) = text;
}

static void mention_keys(struct mentioned *mentioned, const struct lookup *lookup)
{
	for (unsigned field = 0; field < lookup->set->field_count; field++) {
		if (lookup->parts[field].selector != SELECT_IN_INTERFACE &&
		    lookup->parts[field].selector != SELECT_OUT_INTERFACE)
			continue;
		for (size_t i = 0; i < lookup->set->elements.count; i++)
			mention(mentioned, &lookup->set->elements.items[i].key[field].interface);
	}
}

static void mention_rule(struct mentioned *mentioned, const struct rule *rule)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct statement *statement = &rule->statements[i];

		if (statement->kind == STATEMENT_LOOKUP || statement->kind == STATEMENT_VERDICT_MAP)
			mention_keys(mentioned, &statement->lookup);
		if (statement->kind != STATEMENT_TEST)
			continue;
		for (size_t j = 0; j < statement->test.interfaces.count; j++)
			mention(mentioned, &statement->test.interfaces.items[j]);
	}
}

void ruleset_interfaces(const struct ruleset *ruleset, struct arena *arena, string_list *ret)
{
	struct mentioned mentioned = {arena, ret};

	*ret = (string_list){0};
	*array_push(arena, ret) = arena_strdup(arena, "*");
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		for (size_t j = 0; j < table->chains.count; j++) {
			const struct chain *chain = table->chains.items[j];
			size_t count = chain_rule_count(chain);

			for (size_t k = 0; k < chain->devices.count; k++)
				mention(&mentioned, &chain->devices.items[k]);
			for (size_t k = 0; k < count; k++)
				mention_rule(&mentioned, chain_rule(chain, k));
		}
	}
}
