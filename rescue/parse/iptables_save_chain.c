/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table at hand. It is built beside the rule set and takes its place with COMMIT, or with --noflush the old one is
 * changed in a transaction, so that a table is loaded whole or not at all. What the kernel itself refuses is found out
 * here as well.
 */
#include "parse/iptables_save_private.h"

enum {
	CHAIN_NAME_LIMIT = 28, /* XT_EXTENSION_MAXNAMELEN - 1 */
	NFT_DEPTH_LIMIT = 16, /* NFT_JUMP_STACK_SIZE */
	/* Rules compared or moved for commands in the middle of chains: seconds at most. */
	WORK_LIMIT = 30 * 1000 * 1000,
	CHECK_COST = 4, /* of a chain or rule, when all of a table are looked at */
};

struct builtin_chain {
	const char *name;
	enum filter_hook hook;
};

/* Tables, and the priority at each of their hooks (NF_IP_PRI_* of linux/netfilter_ipv4.h). */
static const struct table_form {
	const char *name;
	enum table_bit bit;
	unsigned hooks;
	int priority;
} table_forms[] = {
    {"filter", TABLE_FILTER, AT_INPUT | AT_FORWARD | AT_OUTPUT, 0},
    {"nat", TABLE_NAT, AT_PREROUTING | AT_INPUT | AT_OUTPUT | AT_POSTROUTING, 0},
    {"mangle", TABLE_MANGLE, AT_ALL, -150},
    {"raw", TABLE_RAW, AT_PREROUTING | AT_OUTPUT, -300},
    {"security", TABLE_SECURITY, AT_INPUT | AT_FORWARD | AT_OUTPUT, 50},
};

static const struct builtin_chain builtin_chains[] = {
    {"PREROUTING", HOOK_PREROUTING},   {"INPUT", HOOK_INPUT}, {"FORWARD", HOOK_FORWARD}, {"OUTPUT", HOOK_OUTPUT},
    {"POSTROUTING", HOOK_POSTROUTING},
};

static int hook_priority(const struct table_form *form, enum filter_hook hook)
{
	if (form->bit != TABLE_NAT)
		return form->priority;
	return hook == HOOK_PREROUTING || hook == HOOK_OUTPUT ? -100 : 100;
}

/* --- beginning and end ------------------------------------------------------ */

static void add_builtin_chains(struct save_loader *loader, struct ruleset *scratch, const struct table_form *form)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtin_chains); i++) {
		const struct builtin_chain *builtin = &builtin_chains[i];
		struct chain *chain;
		const struct chain *old;

		if (!(form->hooks & 1U << builtin->hook) || table_find_chain(loader->table, builtin->name))
			continue;
		chain = table_add_chain(scratch, loader->table, builtin->name);
		chain_set_base(scratch, chain, builtin->hook, hook_priority(form, builtin->hook),
			       form->bit == TABLE_NAT);
		/* The kernel's own tables are never removed, and a flush leaves their policies. */
		old = loader->old_table && loader->input->legacy ? table_find_chain(loader->old_table, builtin->name)
								 : NULL;
		if (old && old != chain) {
			chain->policy = old->policy;
			chain->policy_place = old->policy_place;
		}
	}
}

bool begin_table(struct save_loader *loader, const char *name)
{
	struct ruleset scratch = {.arena = loader->arena, .next_number = loader->ruleset->next_number};
	enum filter_family family = loader->input->ipv6 ? FILTER_IPV6 : FILTER_IPV4;
	const struct table_form *form = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(table_forms); i++) {
		if (string_equal(table_forms[i].name, name))
			form = &table_forms[i];
	}
	if (!form)
		return loader->input->legacy
			   ? refuse(loader, "unable to initialize table '%s'", name)
			   : refuse(loader, "line %u table name '%s' invalid", loader->place.line, name);
	loader->old_table = ruleset_find_table(loader->ruleset, family, loader->input->legacy, name);
	loader->table_bit = form->bit;
	loader->demands.count = 0;
	loader->new_names = (struct string_map){0};
	loader->adds_jumps = false;
	if (loader->input->keep) {
		ruleset_begin(loader->ruleset);
		loader->table = ruleset_add_table(loader->ruleset, family, loader->input->legacy, name);
		add_builtin_chains(loader, loader->ruleset, form);
		return true;
	}
	loader->table = ruleset_add_table(&scratch, family, loader->input->legacy, name);
	add_builtin_chains(loader, &scratch, form);
	loader->ruleset->next_number = scratch.next_number;
	return true;
}

void abandon_table(struct save_loader *loader)
{
	if (loader->table && loader->input->keep)
		ruleset_end(loader->ruleset, false);
	loader->table = NULL;
}

/* --- what the kernel looks at ----------------------------------------------- */

/* A chain on the walk from a base chain. */
struct chain_node {
	const struct chain *chain;
	unsigned hooks; /* that lead to it */
	unsigned depth; /* of the longest way of jumps from here */
	size_t next_rule;
	unsigned walk; /* the last one that came here */
	bool open; /* on the way from the base chain of the walk */
};

struct walk {
	struct save_loader *loader;
	struct chain_node *nodes; /* each is its chain's mark */
	size_t count;
	struct chain_node **stack;
	size_t depth;
	unsigned number;
};

static struct chain *rule_jump(const struct rule *rule)
{
	for (size_t i = rule->count; i-- > 0;) {
		if (rule->statements[i].kind == STATEMENT_VERDICT && rule->statements[i].verdict.chain)
			return rule->statements[i].verdict.chain;
	}
	return NULL;
}

static void enter(struct walk *walk, struct chain_node *node, enum filter_hook hook)
{
	node->walk = walk->number;
	node->hooks |= 1U << hook;
	node->next_rule = 0;
	node->depth = 0;
	node->open = true;
	walk->stack[walk->depth++] = node;
}

static void leave(struct walk *walk)
{
	struct chain_node *node = walk->stack[--walk->depth];

	node->open = false;
	if (walk->depth && walk->stack[walk->depth - 1]->depth < node->depth + 1)
		walk->stack[walk->depth - 1]->depth = node->depth + 1;
}

/* COMMIT fails for a rule that stands elsewhere; a command of its own is to blame itself. */
static void blame(struct save_loader *loader, struct place place)
{
	if (!loader->input->line)
		loader->place = place;
}

/* Follows all jumps from a base chain; false where they go in a circle. */
static bool walk_from(struct walk *walk, struct chain_node *base)
{
	walk->number++;
	enter(walk, base, base->chain->hook);
	while (walk->depth) {
		struct chain_node *node = walk->stack[walk->depth - 1], *next;
		const struct chain *chain;
		const struct rule *rule;

		if (node->next_rule == chain_rule_count(node->chain)) {
			leave(walk);
			continue;
		}
		rule = chain_rule(node->chain, node->next_rule++);
		chain = rule_jump(rule);
		next = chain ? chain->mark : NULL;
		if (!next)
			continue;
		if (next->walk != walk->number) {
			enter(walk, next, base->chain->hook);
			continue;
		}
		if (next->open) {
			blame(walk->loader, rule->place);
			return refuse(walk->loader, "Too many links: chain %s jumps in a circle", next->chain->name);
		}
		if (node->depth < next->depth + 1)
			node->depth = next->depth + 1;
	}
	return true;
}

static bool check_jumps(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct chain_node *node = &walk->nodes[i];

		if (!node->chain->base)
			continue;
		if (!walk_from(walk, node))
			return false;
		if (!walk->loader->input->legacy && node->depth >= NFT_DEPTH_LIMIT)
			return refuse(walk->loader, "Too many links: jumps from chain %s go %u chains deep",
				      node->chain->name, node->depth);
	}
	return true;
}

static bool check_demands(const struct walk *walk)
{
	struct save_loader *loader = walk->loader;

	for (size_t i = 0; i < loader->demands.count; i++) {
		const struct hook_demand *demand = &loader->demands.items[i];
		const struct chain_node *node = demand->chain->mark;

		if (!node || !(node->hooks & ~demand->hooks))
			continue;
		blame(loader, demand->place);
		return refuse(loader, "Invalid argument: rule in chain %s", demand->chain->name);
	}
	return true;
}

/* Loops, depth, and extensions at hooks that they are not made for. */
static bool check_table(struct save_loader *loader)
{
	const struct table *table = loader->table;
	struct walk walk = {.loader = loader, .count = table->chains.count};
	cleanup_arena struct arena scratch = {0};
	bool good;

	walk.nodes = arena_alloc(&scratch, walk.count * sizeof(*walk.nodes));
	walk.stack = arena_alloc(&scratch, walk.count * sizeof(struct chain_node *));
	for (size_t i = 0; i < walk.count; i++) {
		walk.nodes[i].chain = table->chains.items[i];
		table->chains.items[i]->mark = &walk.nodes[i];
	}
	good = check_jumps(&walk) && check_demands(&walk);
	for (size_t i = 0; i < walk.count; i++)
		table->chains.items[i]->mark = NULL;
	return good;
}

bool spend_work(struct save_loader *loader, uint64_t rules)
{
	struct load_report *report = loader->report;
	bool exhausted = report->work > WORK_LIMIT;

	if (exhausted)
		return false;
	report->work += rules;
	if (report->work <= WORK_LIMIT)
		return true;
	uncertain(loader, "too many commands that insert, delete or look for rules to follow them all");
	return false;
}

/* Rules need no look where they lead nowhere and may stand where they are. */
static bool needs_check(const struct save_loader *loader)
{
	for (size_t i = 0; i < loader->demands.count; i++) {
		const struct hook_demand *demand = &loader->demands.items[i];

		if (!demand->chain->base || !(demand->hooks & 1U << demand->chain->hook))
			return true;
	}
	return loader->adds_jumps;
}

static uint64_t table_size(const struct table *table)
{
	uint64_t size = table->chains.count;

	for (size_t i = 0; i < table->chains.count; i++)
		size += chain_rule_count(table->chains.items[i]);
	return size;
}

static const char too_many[] = "too many commands that insert, delete or look for rules";

static bool is_distrusted(const struct chain *chain)
{
	const struct rule *first = chain_rule_count(chain) ? chain_rule(chain, 0) : NULL;

	return first && first->count && first->statements[0].kind == STATEMENT_VERDICT &&
	       first->statements[0].verdict.name == too_many;
}

static void distrust_table(struct save_loader *loader)
{
	statement_list statements = {0};

	add_not_understood(loader->arena, &statements, too_many);
	for (size_t i = 0; i < loader->table->chains.count; i++) {
		struct chain *chain = loader->table->chains.items[i];

		if (chain->base && !is_distrusted(chain))
			chain_add_rule(loader->ruleset, chain, 0,
				       ruleset_make_rule(loader->ruleset, &statements, chain->place));
	}
}

/* A single command is not to cost as much as a table: what it does not change was looked at before. */
static bool check_changes(struct save_loader *loader)
{
	if (!loader->input->keep)
		return check_table(loader);
	return !needs_check(loader) || !spend_work(loader, CHECK_COST * table_size(loader->table)) ||
	       check_table(loader);
}

bool commit_table(struct save_loader *loader)
{
	struct ruleset *ruleset = loader->ruleset;

	if (!check_changes(loader))
		return false;
	if (loader->report->work > WORK_LIMIT)
		distrust_table(loader);
	if (loader->input->keep)
		ruleset_end(ruleset, true);
	for (size_t i = 0; i < ruleset->tables.count && loader->old_table; i++) {
		if (ruleset->tables.items[i] == loader->old_table)
			ruleset->tables.items[i] = loader->table;
	}
	if (!loader->old_table && !loader->input->keep)
		*array_push(loader->arena, &ruleset->tables) = loader->table;
	loader->table = NULL;
	return true;
}

/* --- chains ----------------------------------------------------------------- */

/* What -N and nft's ":" check. */
static bool is_valid_chain_name(struct save_loader *loader, const char *name)
{
	static const char *const standard[] = {"ACCEPT", "DROP", "QUEUE", "RETURN"};

	if (strlen(name) > CHAIN_NAME_LIMIT)
		return refuse(loader, "chain name `%s' too long (must be under %d chars)", name, CHAIN_NAME_LIMIT + 1);
	if (*name == '-' || *name == '!')
		return refuse(loader, "chain name not allowed to start with `%c'", *name);
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++) {
		if (string_equal(standard[i], name))
			return refuse(loader, "chain name may not clash with target name");
	}
	return true;
}

static struct chain *add_chain(struct save_loader *loader, const char *name)
{
	struct chain *chain = table_add_chain(loader->ruleset, loader->table, name);

	chain->place = loader->place;
	string_map_put(loader->arena, &loader->new_names, chain->name, chain);
	return chain;
}

static bool set_policy(struct save_loader *loader, struct chain *chain, const char *policy)
{
	RULESET_CHANGES(loader->ruleset, chain->policy);
	RULESET_CHANGES(loader->ruleset, chain->policy_place);
	if (string_equal(policy, "ACCEPT"))
		chain->policy = VERDICT_ACCEPT;
	else if (string_equal(policy, "DROP"))
		chain->policy = VERDICT_DROP;
	else
		return refuse(loader, "Can't set policy `%s' on `%s' line %u: Bad policy name", policy, chain->name,
			      loader->place.line);
	chain->policy_place = loader->place;
	return true;
}

bool declare_chain(struct save_loader *loader, const char *name, const char *policy)
{
	struct chain *chain = table_find_chain(loader->table, name);
	bool no_policy = string_equal(policy, "-");

	if (chain && chain->base)
		return no_policy || set_policy(loader, chain, policy);
	if (!loader->input->legacy) {
		/* A policy of a chain that cannot have one is passed over. */
		if (!is_valid_chain_name(loader, name))
			return false;
	} else {
		if (strlen(name) > CHAIN_NAME_LIMIT)
			return refuse(loader, "Invalid chain name `%s' (%d chars max)", name, CHAIN_NAME_LIMIT);
		if ((chain && !loader->input->keep) || string_equal(name, "ACCEPT") || string_equal(name, "DROP") ||
		    string_equal(name, "QUEUE") || string_equal(name, "RETURN"))
			return refuse(loader, "error creating chain '%s':File exists", name);
		if (!no_policy)
			return refuse(loader, "Can't set policy `%s' on `%s' line %u: Bad built-in chain name", policy,
				      name, loader->place.line);
	}
	if (chain)
		chain_flush(loader->ruleset, chain);
	else
		add_chain(loader, name);
	return true;
}

static bool is_referenced(struct save_loader *loader, const struct chain *chain)
{
	for (size_t i = 0; i < loader->table->chains.count; i++) {
		const struct chain *other = loader->table->chains.items[i];

		if (!spend_work(loader, chain_rule_count(other) + 1))
			return false;
		for (size_t j = 0; j < chain_rule_count(other); j++) {
			if (rule_jump(chain_rule(other, j)) == chain)
				return true;
		}
	}
	return false;
}

static bool remove_chain(struct save_loader *loader, struct chain *chain)
{
	if (chain_rule_count(chain) || is_referenced(loader, chain))
		return refuse(loader, "Device or resource busy: chain %s", chain->name);
	if (spend_work(loader, loader->table->chains.count))
		table_remove_chain(loader->ruleset, loader->table, chain);
	return true;
}

static bool remove_chains(struct save_loader *loader)
{
	for (size_t i = loader->table->chains.count; i-- > 0;) {
		struct chain *chain = loader->table->chains.items[i];

		if (!chain->base && !remove_chain(loader, chain))
			return false;
	}
	return true;
}

static bool rename_chain(struct rule_line *line, struct chain *chain)
{
	struct save_loader *loader = line->loader;

	if (!is_valid_chain_name(loader, line->second_name))
		return false;
	if (table_find_chain(loader->table, line->second_name))
		return refuse(loader, "line %u failed: File exists.", loader->place.line);
	/* nft's transaction does not find a chain that it creates itself. */
	if (!loader->input->legacy && (!loader->old_table || !table_find_chain(loader->old_table, chain->name) ||
				       string_map_get(&loader->new_names, chain->name)))
		return refuse(loader, "CHAIN_RENAME failed (No such file or directory): chain %s", line->second_name);
	table_rename_chain(loader->ruleset, loader->table, chain, line->second_name);
	string_map_put(loader->arena, &loader->new_names, chain->name, chain);
	return true;
}

static bool no_such_chain(struct save_loader *loader)
{
	return refuse(loader, "line %u failed: No chain/target/match by that name.", loader->place.line);
}

static bool run_new_chain(struct rule_line *line)
{
	struct save_loader *loader = line->loader;

	if (!is_valid_chain_name(loader, line->chain_name))
		return false;
	if (table_find_chain(loader->table, line->chain_name))
		return refuse(loader, "line %u failed: Chain already exists.", loader->place.line);
	add_chain(loader, line->chain_name);
	return true;
}

static bool run_all_chains(struct rule_line *line)
{
	struct save_loader *loader = line->loader;
	struct table *table = loader->table;

	if (line->command == 'X')
		return remove_chains(loader);
	for (size_t i = 0; line->command == 'F' && i < table->chains.count; i++)
		chain_flush(loader->ruleset, table->chains.items[i]);
	return true;
}

bool run_chain_command(struct rule_line *line)
{
	struct save_loader *loader = line->loader;
	struct chain *chain;

	if (line->command == 'N')
		return run_new_chain(line);
	if (!line->chain_name)
		return run_all_chains(line);
	chain = table_find_chain(loader->table, line->chain_name);
	if (!chain)
		return line->command == 'P'
			   ? refuse(loader, "line %u failed: Bad built-in chain name.", loader->place.line)
			   : no_such_chain(loader);
	switch (line->command) {
	case 'P':
		if (!chain->base)
			return refuse(loader, "line %u failed: Bad built-in chain name.", loader->place.line);
		return set_policy(loader, chain, line->second_name);
	case 'F':
		chain_flush(loader->ruleset, chain);
		return true;
	case 'X':
		if (chain->base)
			return !loader->input->legacy || refuse(loader, "line %u failed", loader->place.line);
		return remove_chain(loader, chain);
	case 'E':
		return rename_chain(line, chain);
	default:
		return true; /* -Z, -L, -S */
	}
}
