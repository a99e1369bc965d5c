/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "filter/transaction.h"

/* Lists of pointers */

static void append(struct ruleset *ruleset, void *list, void *item)
{
	list_insert(ruleset, list, sizeof(item), ((string_list *)list)->count, (void *)&item, true);
}

static void take_out(struct ruleset *ruleset, void *list, const void *item)
{
	const string_list *items = list;

	for (size_t i = items->count; i-- > 0;) {
		if ((const void *)items->items[i] == item)
			list_remove(ruleset, list, sizeof(item), i);
	}
}

struct table *ruleset_find_table(struct ruleset *ruleset, enum filter_family family, bool legacy, const char *name)
{
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		struct table *table = ruleset->tables.items[i];

		if (table->family == family && table->legacy == legacy && string_equal(table->name, name))
			return table;
	}
	return NULL;
}

struct table *ruleset_add_table(struct ruleset *ruleset, enum filter_family family, bool legacy, const char *name)
{
	struct table *table = ruleset_find_table(ruleset, family, legacy, name);

	if (table)
		return table;
	table = ARENA_NEW(ruleset->arena, struct table);
	table->family = family;
	table->legacy = legacy;
	table->name = arena_strdup(ruleset->arena, name);
	append(ruleset, &ruleset->tables, table);
	return table;
}

void ruleset_remove_table(struct ruleset *ruleset, struct table *table)
{
	take_out(ruleset, &ruleset->tables, table);
}

void ruleset_flush(struct ruleset *ruleset, int family)
{
	for (size_t i = ruleset->tables.count; i-- > 0;) {
		const struct table *table = ruleset->tables.items[i];

		if (!table->legacy && (family < 0 || (int)table->family == family))
			list_remove(ruleset, &ruleset->tables, sizeof(table), i);
	}
}

struct chain *table_find_chain(const struct table *table, const char *name)
{
	return string_map_get(&table->chain_index, name);
}

struct chain *table_add_chain(struct ruleset *ruleset, struct table *table, const char *name)
{
	struct chain *chain = table_find_chain(table, name);

	if (chain)
		return chain;
	chain = ARENA_NEW(ruleset->arena, struct chain);
	chain->name = arena_strdup(ruleset->arena, name);
	chain->table = table;
	chain->policy = VERDICT_ACCEPT;
	chain->born = ruleset->transaction;
	append(ruleset, &table->chains, chain);
	name_put(ruleset, &table->chain_index, chain->name, chain);
	return chain;
}

void chain_set_base(struct ruleset *ruleset, struct chain *chain, enum filter_hook hook, int priority, bool nat)
{
	RULESET_CHANGES(ruleset, chain->base);
	RULESET_CHANGES(ruleset, chain->hook);
	RULESET_CHANGES(ruleset, chain->priority);
	RULESET_CHANGES(ruleset, chain->nat);
	RULESET_CHANGES(ruleset, chain->number);
	RULESET_CHANGES(ruleset, ruleset->next_number);
	chain->base = true;
	chain->hook = hook;
	chain->priority = priority;
	chain->nat = nat;
	chain->number = ruleset->next_number++;
}

void table_remove_chain(struct ruleset *ruleset, struct table *table, struct chain *chain)
{
	take_out(ruleset, &table->chains, chain);
	name_put(ruleset, &table->chain_index, chain->name, NULL);
}

void table_rename_chain(struct ruleset *ruleset, struct table *table, struct chain *chain, const char *name)
{
	name_put(ruleset, &table->chain_index, chain->name, NULL);
	RULESET_CHANGES(ruleset, chain->name);
	chain->name = arena_strdup(ruleset->arena, name);
	name_put(ruleset, &table->chain_index, chain->name, chain);
}

struct set *table_find_set(const struct table *table, const char *name)
{
	return string_map_get(&table->set_index, name);
}

struct set *table_add_set(struct ruleset *ruleset, struct table *table, const char *name, unsigned field_count)
{
	struct set *set = ARENA_NEW(ruleset->arena, struct set);

	set->field_count = field_count;
	set->born = ruleset->transaction;
	if (name) {
		set->name = arena_strdup(ruleset->arena, name);
		append(ruleset, &table->sets, set);
		name_put(ruleset, &table->set_index, set->name, set);
	}
	return set;
}

void table_remove_set(struct ruleset *ruleset, struct table *table, struct set *set)
{
	take_out(ruleset, &table->sets, set);
	name_put(ruleset, &table->set_index, set->name, NULL);
}

struct set_element *set_insert_element(struct ruleset *ruleset, struct set *set, size_t index)
{
	struct set_element element = {.key = arena_alloc(ruleset->arena, set->field_count * sizeof(*element.key))};

	if (set->value_count)
		element.value = arena_alloc(ruleset->arena, set->value_count * sizeof(*element.value));
	list_insert(ruleset, &set->elements, sizeof(element), index, &element, set->born != ruleset->transaction);
	return &set->elements.items[index];
}

struct set_element *set_add_element(struct ruleset *ruleset, struct set *set)
{
	return set_insert_element(ruleset, set, set->elements.count);
}

void set_remove_element(struct ruleset *ruleset, struct set *set, size_t index)
{
	list_remove(ruleset, &set->elements, sizeof(*set->elements.items), index);
}

/* The list is left as it is, and a new one begun: whoever undoes this has the old one. */
#define forget_list(ruleset, list) \
	(RULESET_CHANGES((ruleset), *(list)), (list)->items = NULL, (list)->count = (list)->capacity = 0)

void set_flush(struct ruleset *ruleset, struct set *set)
{
	forget_list(ruleset, &set->elements);
}

size_t chain_rule_count(const struct chain *chain)
{
	return chain->inserted.count + chain->appended.count;
}

struct rule *chain_rule(const struct chain *chain, size_t index)
{
	if (index < chain->inserted.count)
		return chain->inserted.items[chain->inserted.count - 1 - index];
	return chain->appended.items[index - chain->inserted.count];
}

/* Which of the two lists has the rule at that index, and where. */
static void *place_of_rule(struct chain *chain, size_t *index)
{
	if (*index < chain->inserted.count) {
		*index = chain->inserted.count - 1 - *index;
		return &chain->inserted;
	}
	*index -= chain->inserted.count;
	return &chain->appended;
}

void chain_add_rule(struct ruleset *ruleset, struct chain *chain, size_t index, struct rule *rule)
{
	void *list = &chain->inserted;
	size_t place = chain->inserted.count;

	if (index) {
		place = index;
		list = place_of_rule(chain, &place);
		/* The inserted ones stand in reverse. */
		place += list == (void *)&chain->inserted;
	}
	list_insert(ruleset, list, sizeof(rule), place, (void *)&rule, chain->born != ruleset->transaction);
}

void chain_remove_rule(struct ruleset *ruleset, struct chain *chain, size_t index)
{
	void *list = place_of_rule(chain, &index);

	list_remove(ruleset, list, sizeof(struct rule *), index);
}

void chain_flush(struct ruleset *ruleset, struct chain *chain)
{
	forget_list(ruleset, &chain->inserted);
	forget_list(ruleset, &chain->appended);
}

struct rule *ruleset_make_rule(struct ruleset *ruleset, const statement_list *statements, struct place place)
{
	struct rule *rule = ARENA_NEW(ruleset->arena, struct rule);

	rule->count = statements->count;
	rule->statements = arena_alloc(ruleset->arena, statements->count * sizeof(*rule->statements));
	if (statements->count)
		memcpy(rule->statements, statements->items, statements->count * sizeof(*rule->statements));
	rule->place = place;
	return rule;
}

static struct statement *add_statement(struct arena *arena, statement_list *list, enum statement_kind kind)
{
	struct statement *statement = array_push(arena, list);

	memset(statement, 0, sizeof(*statement));
	statement->kind = kind;
	return statement;
}

void add_constant(struct arena *arena, statement_list *list, enum answer answer)
{
	add_statement(arena, list, STATEMENT_TEST)->test.constant = answer;
}

void add_not_known(struct arena *arena, statement_list *list, const char *name)
{
	struct test *test = &add_statement(arena, list, STATEMENT_TEST)->test;

	test->selector = SELECT_OTHER;
	test->name = name;
}

void add_number_test(struct arena *arena, statement_list *list, enum selector selector, uint64_t number, bool negate)
{
	struct test *test = &add_statement(arena, list, STATEMENT_TEST)->test;

	test->selector = selector;
	test->negate = negate;
	number_set_add(arena, &test->numbers, number_of(number), number_of(number));
}

void add_verdict(struct arena *arena, statement_list *list, enum verdict_kind kind, struct chain *chain)
{
	struct filter_verdict *verdict = &add_statement(arena, list, STATEMENT_VERDICT)->verdict;

	verdict->kind = kind;
	verdict->chain = chain;
}

void add_not_understood(struct arena *arena, statement_list *list, const char *name)
{
	struct filter_verdict *verdict = &add_statement(arena, list, STATEMENT_VERDICT)->verdict;

	verdict->kind = VERDICT_NOT_UNDERSTOOD;
	verdict->name = name;
}
