/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of the table at hand: what they are made of, and the commands that add and take them. */
#include "parse/iptables_save_private.h"

/* --- statements of the rule at hand ----------------------------------------- */

struct statement test_statement(enum selector selector)
{
	return (struct statement){.kind = STATEMENT_TEST, .test = {.selector = selector}};
}

struct statement negated_statement(const struct statement *statement)
{
	struct statement negated = *statement;

	if (negated.kind == STATEMENT_LOOKUP)
		negated.lookup.negate = !negated.lookup.negate;
	else
		negated.test.negate = !negated.test.negate;
	return negated;
}

void rule_add(struct rule_line *line, const struct statement *statement)
{
	for (size_t i = 0; i < line->list_count; i++)
		*array_push(line->loader->arena, &line->lists[i]) = *statement;
}

void rule_add_constant(struct rule_line *line, enum answer answer)
{
	struct statement statement = test_statement(SELECT_ANSWER);

	/* What always matches need not be asked. */
	statement.test.constant = answer;
	if (answer != ANSWER_YES)
		rule_add(line, &statement);
}

void rule_add_unknown(struct rule_line *line, const char *name)
{
	struct statement statement = test_statement(SELECT_OTHER);

	statement.test.name = arena_strdup(line->loader->arena, name);
	rule_add(line, &statement);
}

void rule_add_numbers(struct rule_line *line, enum selector selector, const struct number_set *numbers, bool negate)
{
	struct statement statement = test_statement(selector);

	statement.test.numbers = *numbers;
	statement.test.negate = negate;
	rule_add(line, &statement);
}

void rule_add_range(struct rule_line *line, enum selector selector, uint64_t first, uint64_t last, bool negate)
{
	struct number_set numbers = {0};

	if (first <= last)
		number_set_add(line->loader->arena, &numbers, number_of(first), number_of(last));
	rule_add_numbers(line, selector, &numbers, negate);
}

void rule_add_mask(struct rule_line *line, enum selector selector, uint64_t mask, uint64_t value, bool negate)
{
	struct statement statement = test_statement(selector);

	/* Without any bit to look at it is the same for all packets. */
	if (!mask) {
		rule_add_constant(line, (value == 0) != negate ? ANSWER_YES : ANSWER_NO);
		return;
	}
	statement.test.mask = mask;
	statement.test.negate = negate;
	number_set_add(line->loader->arena, &statement.test.numbers, number_of(value), number_of(value));
	rule_add(line, &statement);
}

void rule_add_any_bit(struct rule_line *line, enum selector selector, uint64_t mask, bool negate)
{
	struct statement statement = test_statement(selector);

	if (!mask) {
		rule_add_constant(line, negate ? ANSWER_YES : ANSWER_NO);
		return;
	}
	statement.test.mask = mask;
	statement.test.any_bit = true;
	statement.test.negate = negate;
	rule_add(line, &statement);
}

static struct statement address_statement(const struct rule_line *line, enum selector selector,
					  const struct number_set *numbers, bool holes, bool negate)
{
	struct statement statement = test_statement(selector);

	statement.test.ipv6 = line->loader->input->ipv6;
	statement.test.numbers = *numbers;
	statement.test.negate = negate;
	/* The evaluator works no such mask out; any will do. */
	statement.test.mask = holes ? UINT64_MAX : 0;
	return statement;
}

void rule_add_addresses(struct rule_line *line, enum selector selector, const struct option_use *use)
{
	struct statement statement = address_statement(line, selector, &use->numbers, use->address_mask, use->negate);

	if (use->unknown)
		rule_add_unknown(line, "an address by name");
	else
		rule_add(line, &statement);
}

void rule_add_verdict(struct rule_line *line, enum verdict_kind kind, struct chain *chain)
{
	struct statement statement = {.kind = STATEMENT_VERDICT, .verdict = {.kind = kind, .chain = chain}};

	line->loader->adds_jumps |= chain && line->command != 'D' && line->command != 'C';
	rule_add(line, &statement);
}

void rule_add_not_understood(struct rule_line *line, const char *name)
{
	struct statement statement = {
	    .kind = STATEMENT_VERDICT,
	    .verdict = {.kind = VERDICT_NOT_UNDERSTOOD, .name = arena_strdup(line->loader->arena, name)}};

	rule_add(line, &statement);
}

void rule_add_either(struct rule_line *line, const struct statement *a, const struct statement *b)
{
	struct statement not_a = negated_statement(a);
	size_t count = line->list_count;

	if (count * 2 > ALTERNATIVE_LIMIT) {
		rule_add_unknown(line, "one of many alternatives");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		statement_list *list = &line->lists[i], *other = &line->lists[count + i];

		other->count = 0;
		for (size_t j = 0; j < list->count; j++)
			*array_push(line->loader->arena, other) = list->items[j];
		*array_push(line->loader->arena, other) = not_a;
		*array_push(line->loader->arena, other) = *b;
		*array_push(line->loader->arena, list) = *a;
	}
	line->list_count = count * 2;
}

/* --- whole rules ------------------------------------------------------------ */

static void add_interface(const struct rule_line *line, statement_list *list, enum selector selector, const char *name,
			  bool negated)
{
	struct statement statement = test_statement(selector);
	struct interface_name *interface;
	size_t length = name ? strlen(name) : 0;
	bool prefix = length && name[length - 1] == '+';

	if (!name)
		return;
	if (prefix && length == 1) {
		/* All interfaces, and none at all. */
		if (negated)
			add_constant(line->loader->arena, list, ANSWER_NO);
		return;
	}
	interface = array_push(line->loader->arena, &statement.test.interfaces);
	interface->name = arena_memdup(line->loader->arena, name, length - prefix);
	interface->prefix = prefix;
	statement.test.negate = negated;
	*array_push(line->loader->arena, list) = statement;
}

static void add_address(const struct rule_line *line, statement_list *list, enum selector selector,
			const struct address_choice *choice, bool negated)
{
	if (choice->unknown)
		add_not_known(line->loader->arena, list, "an address by name");
	else
		*array_push(line->loader->arena, list) =
		    address_statement(line, selector, &choice->numbers, choice->holes, negated);
}

static struct rule *make_rule(struct rule_line *line, const struct address_choice *source,
			      const struct address_choice *destination, const statement_list *rest)
{
	struct arena *arena = line->loader->arena;
	struct ruleset scratch = {.arena = arena};
	statement_list list = line->composed;
	struct rule *rule;

	list.count = 0;
	add_interface(line, &list, SELECT_IN_INTERFACE, line->in_interface, line->in_negated);
	add_interface(line, &list, SELECT_OUT_INTERFACE, line->out_interface, line->out_negated);
	if (line->protocol)
		add_number_test(arena, &list, SELECT_PROTOCOL, line->protocol, line->protocol_negated);
	/* A connection's packets are no fragments. */
	if (line->fragment)
		add_constant(arena, &list, line->fragment_negated ? ANSWER_YES : ANSWER_NO);
	if (source)
		add_address(line, &list, SELECT_SOURCE, source, line->sources_negated);
	if (destination)
		add_address(line, &list, SELECT_DESTINATION, destination, line->destinations_negated);
	for (size_t i = 0; i < rest->count; i++)
		*array_push(arena, &list) = rest->items[i];
	rule = ruleset_make_rule(&scratch, &list, line->loader->place);
	line->composed = list;
	rule->comment = line->comment;
	return rule;
}

/* --- equality, for -D and -C ------------------------------------------------- */

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && string_equal(a, b));
}

static bool same_numbers(const struct number_set *a, const struct number_set *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (number_compare(a->items[i].first, b->items[i].first) != 0 ||
		    number_compare(a->items[i].last, b->items[i].last) != 0)
			return false;
	}
	return a->count == b->count;
}

static bool same_interfaces(const interface_list *a, const interface_list *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (a->items[i].prefix != b->items[i].prefix || !string_equal(a->items[i].name, b->items[i].name))
			return false;
	}
	return a->count == b->count;
}

static bool same_test(const struct test *a, const struct test *b)
{
	return a->selector == b->selector && a->negate == b->negate && a->constant == b->constant &&
	       a->mask == b->mask && a->any_bit == b->any_bit && a->limit_over == b->limit_over &&
	       a->recent.operation == b->recent.operation && a->recent.hit_count == b->recent.hit_count &&
	       same_string(a->recent.name, b->recent.name) && same_string(a->name, b->name) &&
	       same_numbers(&a->numbers, &b->numbers) && same_interfaces(&a->interfaces, &b->interfaces);
}

static bool same_lookup(const struct lookup *a, const struct lookup *b)
{
	if (a->set != b->set || a->negate != b->negate)
		return false;
	for (unsigned i = 0; i < a->set->field_count; i++) {
		if (a->parts[i].selector != b->parts[i].selector)
			return false;
	}
	return true;
}

static bool same_statement(const struct statement *a, const struct statement *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case STATEMENT_TEST:
		return same_test(&a->test, &b->test);
	case STATEMENT_LOOKUP:
		return same_lookup(&a->lookup, &b->lookup);
	case STATEMENT_VERDICT:
		return a->verdict.kind == b->verdict.kind && a->verdict.chain == b->verdict.chain &&
		       same_string(a->verdict.name, b->verdict.name);
	case STATEMENT_REDIRECT:
	case STATEMENT_FORWARD:
		return a->nat.port == b->nat.port && number_compare(a->nat.address, b->nat.address) == 0;
	default:
		return a->mark.mask == b->mark.mask && a->mark.value == b->mark.value;
	}
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	if (a->count != b->count || !same_string(a->comment, b->comment))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_statement(&a->statements[i], &b->statements[i]))
			return false;
	}
	return true;
}

/* --- commands --------------------------------------------------------------- */

static bool fail(const struct rule_line *line, const char *why)
{
	return refuse(line->loader, "line %u failed: %s", line->loader->place.line, why);
}

static bool insert_rule(const struct rule_line *line, struct chain *chain, struct rule *rule)
{
	size_t count = chain_rule_count(chain), index = count;

	if (line->command == 'I') {
		index = line->index ? line->index - 1 : 0;
		if (index > count)
			return fail(line, "Index of insertion too big.");
		if (index && !spend_work(line->loader, (count - index) / 16 + 1))
			return true;
	}
	chain_add_rule(line->loader->ruleset, chain, index, rule);
	return true;
}

static bool replace_rule(const struct rule_line *line, struct chain *chain, struct rule *rule)
{
	struct ruleset *ruleset = line->loader->ruleset;
	size_t count = chain_rule_count(chain);

	if (line->index > count)
		return fail(line, "Index of replacement too big.");
	if (!spend_work(line->loader, count / 16 + 1))
		return true;
	chain_remove_rule(ruleset, chain, line->index - 1);
	chain_add_rule(ruleset, chain, line->index - 1, rule);
	return true;
}

/* The first rule that is the same; with -D it goes. */
static bool match_rule(const struct rule_line *line, struct chain *chain, const struct rule *rule)
{
	size_t count = chain_rule_count(chain);

	for (size_t i = 0; i < count; i++) {
		if (!spend_work(line->loader, 1))
			return true;
		if (!same_rule(chain_rule(chain, i), rule))
			continue;
		if (line->command == 'D' && spend_work(line->loader, (count - i) / 16 + 1))
			chain_remove_rule(line->loader->ruleset, chain, i);
		return true;
	}
	return fail(line, "Bad rule (does a matching rule exist in that chain?).");
}

static bool remove_numbered_rule(const struct rule_line *line, struct chain *chain)
{
	size_t count = chain_rule_count(chain);

	if (line->index > count)
		return fail(line, "Index of deletion too big.");
	if (spend_work(line->loader, count / 16 + 1))
		chain_remove_rule(line->loader->ruleset, chain, line->index - 1);
	return true;
}

static bool run_on_rule(const struct rule_line *line, struct chain *chain, struct rule *rule)
{
	if (line->command == 'R')
		return replace_rule(line, chain, rule);
	if (line->command == 'D' || line->command == 'C')
		return match_rule(line, chain, rule);
	return insert_rule(line, chain, rule);
}

static void demand_hooks(const struct rule_line *line, const struct chain *chain)
{
	struct save_loader *loader = line->loader;
	struct hook_demand *demand;

	if (line->hooks == AT_ALL || line->command == 'D' || line->command == 'C')
		return;
	demand = array_push(loader->arena, &loader->demands);
	*demand = (struct hook_demand){chain, line->hooks, loader->place};
}

bool run_rule_command(struct rule_line *line)
{
	size_t sources = line->source_text ? line->sources.count : 1;
	size_t destinations = line->destination_text ? line->destinations.count : 1;
	struct chain *chain = table_find_chain(line->loader->table, line->chain_name);

	if (!chain)
		return fail(line, "No chain/target/match by that name.");
	if (line->command == 'D' && line->index)
		return remove_numbered_rule(line, chain);
	if (line->command == 'R' && sources * destinations > 1)
		return refuse(line->loader, "Replacement rule does not specify a unique address");
	/* Two long lists make very many rules. */
	if (sources * destinations > 1 && !spend_work(line->loader, sources * destinations * 64))
		return true;
	demand_hooks(line, chain);
	for (size_t i = 0; i < sources * destinations * line->list_count; i++) {
		size_t address = i / line->list_count;
		const struct address_choice *source =
		    line->source_text ? &line->sources.items[address / destinations] : NULL;
		const struct address_choice *destination =
		    line->destination_text ? &line->destinations.items[address % destinations] : NULL;
		struct rule *rule = make_rule(line, source, destination, &line->lists[i % line->list_count]);

		if (!run_on_rule(line, chain, rule))
			return false;
	}
	return true;
}
