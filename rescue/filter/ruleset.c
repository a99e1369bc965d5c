/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/ruleset.h"

#include <string.h>
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
	*array_push(ruleset->arena, &ruleset->tables) = table;
	return table;
}

void ruleset_remove_table(struct ruleset *ruleset, struct table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < ruleset->tables.count; i++) {
		if (ruleset->tables.items[i] != table)
			ruleset->tables.items[kept++] = ruleset->tables.items[i];
	}
	ruleset->tables.count = kept;
}

void ruleset_flush(struct ruleset *ruleset, int family)
{
	size_t kept = 0;

	for (size_t i = 0; i < ruleset->tables.count; i++) {
		struct table *table = ruleset->tables.items[i];

		if (table->legacy || (family >= 0 && (int)table->family != family))
			ruleset->tables.items[kept++] = table;
	}
	ruleset->tables.count = kept;
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
	*array_push(ruleset->arena, &table->chains) = chain;
	string_map_put(ruleset->arena, &table->chain_index, chain->name, chain);
	return chain;
}

void chain_set_base(struct ruleset *ruleset, struct chain *chain, enum filter_hook hook, int priority, bool nat)
{
	chain->base = true;
	chain->hook = hook;
	chain->priority = priority;
	chain->nat = nat;
	chain->number = ruleset->next_number++;
}

void table_remove_chain(struct table *table, struct chain *chain)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->chains.count; i++) {
		if (table->chains.items[i] != chain)
			table->chains.items[kept++] = table->chains.items[i];
	}
	table->chains.count = kept;
	string_map_remove(&table->chain_index, chain->name);
}

void table_rename_chain(struct ruleset *ruleset, struct table *table, struct chain *chain, const char *name)
{
	string_map_remove(&table->chain_index, chain->name);
	chain->name = arena_strdup(ruleset->arena, name);
	string_map_put(ruleset->arena, &table->chain_index, chain->name, chain);
}

struct set *table_find_set(const struct table *table, const char *name)
{
	return string_map_get(&table->set_index, name);
}

struct set *table_add_set(struct ruleset *ruleset, struct table *table, const char *name, unsigned field_count)
{
	struct set *set = ARENA_NEW(ruleset->arena, struct set);

	set->field_count = field_count;
	if (name) {
		set->name = arena_strdup(ruleset->arena, name);
		*array_push(ruleset->arena, &table->sets) = set;
		string_map_put(ruleset->arena, &table->set_index, set->name, set);
	}
	return set;
}

void table_remove_set(struct table *table, struct set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->sets.count; i++) {
		if (table->sets.items[i] != set)
			table->sets.items[kept++] = table->sets.items[i];
	}
	table->sets.count = kept;
	string_map_remove(&table->set_index, set->name);
}

struct set_element *set_add_element(struct ruleset *ruleset, struct set *set)
{
	struct set_element *element = array_push(ruleset->arena, &set->elements);

	*element = (struct set_element){.key = arena_alloc(ruleset->arena, set->field_count * sizeof(*element->key))};
	if (set->value_count)
		element->value = arena_alloc(ruleset->arena, set->value_count * sizeof(*element->value));
	return element;
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

void chain_add_rule(struct ruleset *ruleset, struct chain *chain, size_t index, struct rule *rule)
{
	size_t place;

	if (index == 0) {
		*array_push(ruleset->arena, &chain->inserted) = rule;
		return;
	}
	if (index < chain->inserted.count) {
		(void)array_push(ruleset->arena, &chain->inserted);
		place = chain->inserted.count - 1 - index;
		memmove(&chain->inserted.items[place + 1], &chain->inserted.items[place],
			(chain->inserted.count - 1 - place) * sizeof(rule));
		chain->inserted.items[place] = rule;
		return;
	}
	place = index - chain->inserted.count;
	(void)array_push(ruleset->arena, &chain->appended);
	memmove(&chain->appended.items[place + 1], &chain->appended.items[place],
		(chain->appended.count - 1 - place) * sizeof(rule));
	chain->appended.items[place] = rule;
}

void chain_remove_rule(struct chain *chain, size_t index)
{
	struct rule **rules = chain->appended.items;
	size_t place, *count = &chain->appended.count;

	if (index < chain->inserted.count) {
		rules = chain->inserted.items;
		count = &chain->inserted.count;
		place = *count - 1 - index;
	} else {
		place = index - chain->inserted.count;
	}
	--*count;
	memmove(&rules[place], &rules[place + 1], (*count - place) * sizeof(struct rule *));
}

void chain_flush(struct chain *chain)
{
	chain->inserted.count = 0;
	chain->appended.count = 0;
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

/* Pointers to tables, chains and sets stay valid: what they point to is copied, and copied back. */
struct saved_chain {
	struct chain *chain;
	struct chain content;
};

struct saved_set {
	struct set *set;
	struct set content;
};

struct saved_table {
	struct table *table;
	struct table content;
	struct saved_chain *chains;
	struct saved_set *sets;
};

struct ruleset_snapshot {
	struct saved_table *tables;
	size_t count;
	unsigned next_number;
};

static void *copy_items(struct arena *arena, const void *items, size_t count, size_t size)
{
	return count ? arena_memdup(arena, items, count * size) : NULL;
}

/* A list of its own, without room to grow into what the other one has. */
#define copy_list(arena, list)                                                                      \
	((list)->items = copy_items((arena), (list)->items, (list)->count, sizeof(*(list)->items)), \
	 (list)->capacity = (list)->count)

static void copy_chain(struct arena *arena, struct chain *to, const struct chain *from)
{
	*to = *from;
	copy_list(arena, &to->inserted);
	copy_list(arena, &to->appended);
}

static void copy_set(struct arena *arena, struct set *to, const struct set *from)
{
	*to = *from;
	copy_list(arena, &to->elements);
}

static void save_table(struct arena *arena, struct saved_table *saved, struct table *table)
{
	saved->table = table;
	saved->content = *table;
	copy_list(arena, &saved->content.chains);
	copy_list(arena, &saved->content.sets);
	saved->chains = arena_alloc(arena, table->chains.count * sizeof(*saved->chains));
	for (size_t i = 0; i < table->chains.count; i++) {
		saved->chains[i].chain = table->chains.items[i];
		copy_chain(arena, &saved->chains[i].content, table->chains.items[i]);
	}
	saved->sets = arena_alloc(arena, table->sets.count * sizeof(*saved->sets));
	for (size_t i = 0; i < table->sets.count; i++) {
		saved->sets[i].set = table->sets.items[i];
		copy_set(arena, &saved->sets[i].content, table->sets.items[i]);
	}
}

static void restore_table(struct arena *arena, const struct saved_table *saved)
{
	struct table *table = saved->table;

	*table = saved->content;
	table->chain_index = table->set_index = (struct string_map){0};
	for (size_t i = 0; i < table->chains.count; i++) {
		*saved->chains[i].chain = saved->chains[i].content;
		string_map_put(arena, &table->chain_index, saved->chains[i].chain->name, saved->chains[i].chain);
	}
	for (size_t i = 0; i < table->sets.count; i++) {
		*saved->sets[i].set = saved->sets[i].content;
		string_map_put(arena, &table->set_index, saved->sets[i].set->name, saved->sets[i].set);
	}
}

struct ruleset_snapshot *ruleset_save(const struct ruleset *ruleset)
{
	struct ruleset_snapshot *snapshot = ARENA_NEW(ruleset->arena, struct ruleset_snapshot);

	snapshot->count = ruleset->tables.count;
	snapshot->next_number = ruleset->next_number;
	snapshot->tables = arena_alloc(ruleset->arena, snapshot->count * sizeof(*snapshot->tables));
	for (size_t i = 0; i < snapshot->count; i++)
		save_table(ruleset->arena, &snapshot->tables[i], ruleset->tables.items[i]);
	return snapshot;
}

void ruleset_restore(struct ruleset *ruleset, const struct ruleset_snapshot *snapshot)
{
	ruleset->tables.count = 0;
	ruleset->next_number = snapshot->next_number;
	for (size_t i = 0; i < snapshot->count; i++) {
		restore_table(ruleset->arena, &snapshot->tables[i]);
		*array_push(ruleset->arena, &ruleset->tables) = snapshot->tables[i].table;
	}
}
