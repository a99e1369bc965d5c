/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: add, create, insert, delete, destroy, flush, replace, rename; those that only show something change
 * nothing. */
#include "parse/nft_private.h"

enum action {
	ACTION_ADD,
	ACTION_CREATE,
	ACTION_INSERT,
	ACTION_DELETE,
	ACTION_DESTROY, /* delete what may not be there */
	ACTION_FLUSH,
	ACTION_REPLACE,
	ACTION_RENAME,
	ACTION_SHOW,
};

static const char no_such_thing[] = "Could not process rule: No such file or directory";

/* --- names ----------------------------------------------------------------- */

static bool family(struct nft_parser *parser, int *ret)
{
	static const struct {
		const char *word;
		enum filter_family family;
	} families[] = {
	    {"ip", FILTER_IPV4}, {"ip6", FILTER_IPV6},	    {"inet", FILTER_INET},
	    {"arp", FILTER_ARP}, {"netdev", FILTER_NETDEV}, {"bridge", FILTER_BRIDGE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (!nft_accept(parser, families[i].word))
			continue;
		*ret = families[i].family;
		return true;
	}
	return false;
}

/* [FAMILY] NAME */
static bool table_name(struct nft_parser *parser, enum filter_family *ret_family, const char **ret_name,
		       struct nft_position *at)
{
	int named = FILTER_IPV4;

	family(parser, &named);
	*ret_family = (enum filter_family)named;
	*at = parser->token.at;
	return nft_name(parser, ret_name);
}

/* The table that a command is about, which must be there. *ret_missing: it is not, and need not. */
static bool find_table(struct nft_parser *parser, enum action action, bool *ret_missing)
{
	struct nft_position at;
	enum filter_family found;
	const char *name;

	*ret_missing = false;
	if (!table_name(parser, &found, &name, &at))
		return false;
	parser->table = ruleset_find_table(parser->ruleset, found, false, name);
	*ret_missing = !parser->table && (action == ACTION_DESTROY || action == ACTION_SHOW);
	return parser->table || *ret_missing || nft_refuse(parser, &at, "%s", no_such_thing);
}

static bool find_chain(struct nft_parser *parser, struct chain **ret)
{
	struct nft_position at;
	const char *name;
	bool missing;

	if (!find_table(parser, ACTION_ADD, &missing))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	*ret = table_find_chain(parser->table, name);
	return *ret || nft_refuse(parser, &at, "%s", no_such_thing);
}

/* --- tables ---------------------------------------------------------------- */

static bool add_table(struct nft_parser *parser, enum action action)
{
	struct nft_position at;
	enum filter_family found;
	const char *name;

	if (!table_name(parser, &found, &name, &at))
		return false;
	parser->table = ruleset_find_table(parser->ruleset, found, false, name);
	if (parser->table && action == ACTION_CREATE)
		return nft_refuse(parser, &at, "Could not process rule: File exists");
	if (!parser->table) {
		parser->table = ruleset_add_table(parser->ruleset, found, false, name);
		nft_table_is_new(parser, parser->table);
	}
	return !nft_accept(parser, "{") || nft_table_block(parser);
}

static void flush_chain(struct nft_parser *parser, struct chain *chain)
{
	chain_flush(parser->ruleset, chain);
	RULESET_CHANGES(parser->ruleset, chain->notes);
	chain->notes = NULL;
}

static bool table_command(struct nft_parser *parser, enum action action)
{
	bool missing;

	if (action == ACTION_ADD || action == ACTION_CREATE)
		return add_table(parser, action);
	if (!find_table(parser, action, &missing) || missing)
		return missing;
	if (action == ACTION_FLUSH)
		for (size_t i = 0; i < parser->table->chains.count; i++)
			flush_chain(parser, parser->table->chains.items[i]);
	else if (action == ACTION_DELETE || action == ACTION_DESTROY)
		ruleset_remove_table(parser->ruleset, parser->table);
	return true;
}

/* --- chains ---------------------------------------------------------------- */

static bool add_chain(struct nft_parser *parser, enum action action)
{
	nft_later_list elements = {0}, rules = {0};
	struct nft_position at;
	struct chain *chain;
	const char *name;
	bool missing;

	if (!find_table(parser, ACTION_ADD, &missing))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	if (action == ACTION_CREATE && table_find_chain(parser->table, name))
		return nft_refuse(parser, &at, "Could not process rule: File exists");
	chain = table_add_chain(parser->ruleset, parser->table, name);
	if (nft_accept(parser, "{"))
		return nft_chain_block(parser, chain, &at, &rules) && nft_read_later(parser, &elements, &rules);
	if (!chain->place.line)
		chain->place = nft_place(&at, NULL);
	return true;
}

static bool remove_chain(struct nft_parser *parser, enum action action)
{
	struct nft_position at;
	struct chain *chain;
	const char *name;
	bool missing;

	if (!find_table(parser, action, &missing))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	chain = missing ? NULL : table_find_chain(parser->table, name);
	if (!chain)
		return action == ACTION_DESTROY || nft_refuse(parser, &at, "%s", no_such_thing);
	if (nft_chain_is_used(parser, chain))
		return nft_refuse(parser, &at, "Could not process rule: Device or resource busy");
	table_remove_chain(parser->ruleset, parser->table, chain);
	return true;
}

static bool rename_chain(struct nft_parser *parser)
{
	struct nft_position at;
	struct chain *chain;
	const char *name;

	if (!find_chain(parser, &chain))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	if (table_find_chain(parser->table, name))
		return nft_refuse(parser, &at, "Could not process rule: File exists");
	table_rename_chain(parser->ruleset, parser->table, chain, name);
	return true;
}

static bool chain_command(struct nft_parser *parser, enum action action)
{
	struct chain *chain;

	if (action == ACTION_ADD || action == ACTION_CREATE)
		return add_chain(parser, action);
	if (action == ACTION_RENAME)
		return rename_chain(parser);
	if (action == ACTION_DELETE || action == ACTION_DESTROY)
		return remove_chain(parser, action);
	if (!find_chain(parser, &chain))
		return false;
	if (action == ACTION_FLUSH)
		flush_chain(parser, chain);
	return true;
}

/* --- rules ----------------------------------------------------------------- */

/* A rule that a handle names: which one it is, nobody can know before the rules are loaded. Anything may be different
 * then. */
static bool by_handle(struct nft_parser *parser, struct chain *chain, const struct nft_position *at)
{
	statement_list statements = {0};
	struct rule *rule;

	if (!nft_number(parser, &(uint64_t){0}))
		return false;
	nft_uncertain(parser, at, "which rule of chain %s has that handle", chain->name);
	if (!nft_at_separator(parser) && parser->token.kind != TOKEN_END &&
	    !nft_rule(parser, parser->table, chain, &rule))
		return false;
	add_not_understood(parser->arena, &statements, "a rule that is named by its handle");
	rule = ruleset_make_rule(parser->ruleset, &statements, nft_place(at, &parser->token.at));
	chain_add_rule(parser->ruleset, chain, 0, rule);
	return true;
}

static bool rule_command(struct nft_parser *parser, enum action action)
{
	struct nft_position at = parser->token.at, index_at;
	struct chain *chain;
	struct rule *rule;
	uint64_t index = 0;
	bool indexed = false;

	if (!find_chain(parser, &chain))
		return false;
	if (nft_accept(parser, "handle") || nft_accept(parser, "position"))
		return by_handle(parser, chain, &at);
	if (action == ACTION_DELETE || action == ACTION_REPLACE || action == ACTION_DESTROY)
		return nft_syntax_error(parser);
	if (action == ACTION_SHOW)
		return true;
	index_at = parser->token.at;
	if (nft_accept(parser, "index")) {
		indexed = true;
		if (!nft_number(parser, &index))
			return false;
		if (index >= chain_rule_count(chain))
			return nft_refuse(parser, &index_at, "%s", no_such_thing);
	}
	if (nft_at_separator(parser) || parser->token.kind == TOKEN_END)
		return nft_syntax_error(parser);
	if (!nft_rule(parser, parser->table, chain, &rule))
		return false;
	if (action == ACTION_ADD)
		index = indexed ? index + 1 : chain_rule_count(chain);
	/* Each costs what stands behind it. */
	parser->work += indexed ? chain_rule_count(chain) / 64 : 0;
	if (parser->work > NFT_WORK_LIMIT)
		return nft_refuse(parser, &at, "too many rules with an index");
	chain_add_rule(parser->ruleset, chain, (size_t)index, rule);
	return true;
}

/* --- sets, elements, objects ----------------------------------------------- */

static bool add_set(struct nft_parser *parser, enum action action, bool map)
{
	nft_later_list elements = {0}, rules = {0};
	struct nft_position at;
	const char *name;
	bool missing;

	if (!find_table(parser, ACTION_ADD, &missing))
		return false;
	at = parser->token.at;
	return nft_name(parser, &name) && nft_expect(parser, "{") &&
	       nft_set_block(parser, name, &at, map, action == ACTION_CREATE, &elements) &&
	       nft_read_later(parser, &elements, &rules);
}

static bool set_command(struct nft_parser *parser, enum action action, bool map)
{
	struct nft_position at;
	struct set *set;
	const char *name;
	bool missing;

	if (action == ACTION_ADD || action == ACTION_CREATE)
		return add_set(parser, action, map);
	if (!find_table(parser, action, &missing))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	set = missing ? NULL : table_find_set(parser->table, name);
	if (!set)
		return action == ACTION_DESTROY || action == ACTION_SHOW ||
		       nft_refuse(parser, &at, "%s", no_such_thing);
	if (action == ACTION_FLUSH) {
		/* What was added until now is looked at before it goes. */
		if (set->declaration && !nft_check_set(parser, set))
			return false;
		set_flush(parser->ruleset, set);
		nft_set_changed(parser, set);
	} else if (action == ACTION_DELETE || action == ACTION_DESTROY) {
		if (nft_set_is_used(parser, parser->table, set))
			return nft_refuse(parser, &at, "Could not process rule: Device or resource busy");
		table_remove_set(parser->ruleset, parser->table, set);
	}
	return true;
}

static bool element_command(struct nft_parser *parser, enum action action)
{
	struct nft_position at;
	struct set *set;
	const char *name;
	bool missing;

	if (!find_table(parser, ACTION_ADD, &missing))
		return false;
	at = parser->token.at;
	if (!nft_name(parser, &name))
		return false;
	set = table_find_set(parser->table, name);
	if (!set)
		return nft_refuse(parser, &at, "No such file or directory");
	if (!nft_is(parser, "{") && !nft_is(parser, "$"))
		return nft_syntax_error(parser);
	return nft_elements(parser, set, action == ACTION_DELETE || action == ACTION_DESTROY);
}

static bool object_command(struct nft_parser *parser, enum action action)
{
	const char *kind;
	bool missing;

	if (!nft_object_kind(parser, &kind) || !find_table(parser, action, &missing))
		return false;
	if (missing || action == ACTION_SHOW)
		return nft_skip(parser, NULL);
	if (action == ACTION_ADD || action == ACTION_CREATE)
		return nft_object(parser, kind, action == ACTION_CREATE);
	return nft_remove_object(parser, kind, action != ACTION_DESTROY) && nft_skip(parser, NULL);
}

/* --- the rest -------------------------------------------------------------- */

static bool ruleset_command(struct nft_parser *parser, enum action action)
{
	int which = -1;

	family(parser, &which);
	if (action == ACTION_FLUSH)
		ruleset_flush(parser->ruleset, which);
	else if (action != ACTION_SHOW)
		return nft_syntax_error(parser);
	return true;
}

/* list, reset, get, describe …: shows something. "reset" of counters is nothing that a rule looks at. */
static bool show(struct nft_parser *parser)
{
	return nft_skip(parser, NULL);
}

static bool command(struct nft_parser *parser)
{
	static const struct {
		const char *word;
		enum action action;
	} actions[] = {
	    {"add", ACTION_ADD},	 {"create", ACTION_CREATE},   {"insert", ACTION_INSERT},
	    {"delete", ACTION_DELETE},	 {"destroy", ACTION_DESTROY}, {"flush", ACTION_FLUSH},
	    {"replace", ACTION_REPLACE}, {"rename", ACTION_RENAME},   {"list", ACTION_SHOW},
	    {"reset", ACTION_SHOW},	 {"get", ACTION_SHOW},	      {"describe", ACTION_SHOW},
	    {"export", ACTION_SHOW},	 {"import", ACTION_SHOW},     {"monitor", ACTION_SHOW},
	};
	enum action action = ACTION_ADD;
	struct nft_position at = parser->token.at;
	bool rule_only;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!nft_is(parser, actions[i].word))
			continue;
		action = actions[i].action;
		nft_advance(parser);
		break;
	}
	rule_only = action == ACTION_INSERT || action == ACTION_REPLACE;
	if (action == ACTION_DESTROY)
		nft_uncertain(parser, &at, "the command destroy needs nft 1.0.7 or newer");
	if (action == ACTION_SHOW)
		return show(parser);
	if (nft_accept(parser, "rule"))
		return rule_command(parser, action);
	if (rule_only)
		return nft_syntax_error(parser);
	if (nft_accept(parser, "table"))
		return table_command(parser, action);
	if (nft_accept(parser, "chain"))
		return chain_command(parser, action);
	if (nft_is(parser, "set") || nft_is(parser, "map")) {
		bool map = nft_is(parser, "map");

		nft_advance(parser);
		return set_command(parser, action, map);
	}
	if (nft_accept(parser, "element"))
		return element_command(parser, action);
	if (nft_accept(parser, "ruleset"))
		return ruleset_command(parser, action);
	if (nft_accept(parser, "meter"))
		return nft_skip(parser, NULL);
	if (nft_begins_object(parser))
		return object_command(parser, action);
	/* A rule may stand without the word. */
	return action == ACTION_ADD ? rule_command(parser, action) : nft_syntax_error(parser);
}

bool nft_commands(struct nft_parser *parser)
{
	while (parser->token.kind != TOKEN_END) {
		bool done = false;

		if (nft_at_separator(parser)) {
			nft_advance(parser);
			continue;
		}
		if (!nft_common_line(parser, &done) || (!done && !command(parser)))
			return false;
		if (!nft_at_separator(parser) && parser->token.kind != TOKEN_END)
			return nft_syntax_error(parser);
	}
	return true;
}
