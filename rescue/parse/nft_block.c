/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocks of tables and chains. A table's rules are made when all that its block declares is there. */
#include "parse/nft_private.h"

/* --- the head of a base chain ---------------------------------------------- */

static const struct {
	const char *name;
	enum filter_hook hook;
} hooks[] = {
    {"ingress", HOOK_INGRESS}, {"prerouting", HOOK_PREROUTING},	  {"input", HOOK_INPUT},   {"forward", HOOK_FORWARD},
    {"output", HOOK_OUTPUT},   {"postrouting", HOOK_POSTROUTING}, {"egress", HOOK_EGRESS},
};

/* Names of priorities, and where they may be used (std_prios of rule.c). */
static const struct {
	const char *name;
	int priority;
	unsigned hooks; /* 0: all */
} priorities[] = {
    {"raw", -300, 0}, {"mangle", -150, 0}, {"dstnat", -100, 1U << HOOK_PREROUTING},
    {"filter", 0, 0}, {"security", 50, 0}, {"srcnat", 100, 1U << HOOK_POSTROUTING},
};
/* Those of the bridge family. */
static const struct {
	const char *name;
	int priority;
	unsigned hooks;
} bridge_priorities[] = {
    {"dstnat", -300, 1U << HOOK_PREROUTING},
    {"filter", -200, 0},
    {"out", 100, 1U << HOOK_OUTPUT},
    {"srcnat", 300, 1U << HOOK_POSTROUTING},
};

enum {
	CONNTRACK_PRIORITY = -200, /* nat chains come later */
};

struct head {
	enum filter_hook hook;
	int priority;
	bool nat, route;
	interface_list devices;
};

static bool named_priority(enum filter_family family, enum filter_hook hook, const char *name, int *ret)
{
	if (family == FILTER_NETDEV || family == FILTER_ARP) {
		*ret = 0;
		return string_equal(name, "filter");
	}
	if (family == FILTER_BRIDGE) {
		for (size_t i = 0; i < ARRAY_SIZE(bridge_priorities); i++) {
			if (!string_equal(bridge_priorities[i].name, name))
				continue;
			*ret = bridge_priorities[i].priority;
			return !bridge_priorities[i].hooks || (bridge_priorities[i].hooks & 1U << hook);
		}
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++) {
		if (!string_equal(priorities[i].name, name))
			continue;
		*ret = priorities[i].priority;
		return (!priorities[i].hooks || (priorities[i].hooks & 1U << hook)) &&
		       (hook != HOOK_INGRESS || string_equal(name, "filter"));
	}
	return false;
}

static bool number_of_priority(struct nft_parser *parser, int sign, int *ret)
{
	uint64_t number;

	if (!nft_number(parser, &number))
		return false;
	*ret = sign * (int)(uint32_t)number;
	return true;
}

/* A variable's value: a number, perhaps negative, or a name. */
static bool variable_priority(struct nft_parser *parser, const struct head *head, const struct nft_position *at,
			      int *ret)
{
	struct nft_node *node;
	const char *text;
	uint64_t number;

	if (!nft_variable(parser, &node))
		return false;
	text = node->kind == NODE_WORD ? node->text : "";
	if (parse_number(*text == '-' ? text + 1 : text, INT32_MAX, &number))
		*ret = *text == '-' ? -(int)number : (int)number;
	else if (!named_priority(parser->table->family, head->hook, text, ret))
		return nft_refuse(parser, at, "invalid priority expression %s in this context.", text);
	return true;
}

static bool priority(struct nft_parser *parser, struct head *head)
{
	struct nft_position at = parser->token.at;
	int offset = 0;
	char *name;

	if (!nft_expect(parser, "priority"))
		return false;
	if (nft_accept(parser, "-"))
		return number_of_priority(parser, -1, &head->priority);
	if (nft_accept(parser, "$"))
		return variable_priority(parser, head, &at, &head->priority);
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	if (parser->token.text[0] >= '0' && parser->token.text[0] <= '9')
		return number_of_priority(parser, 1, &head->priority);
	name = nft_token_text(parser, &parser->token);
	nft_advance(parser);
	if (nft_is(parser, "+") || nft_is(parser, "-")) {
		int sign = nft_is(parser, "+") ? 1 : -1;

		nft_advance(parser);
		if (!number_of_priority(parser, sign, &offset))
			return false;
	}
	if (!named_priority(parser->table->family, head->hook, name, &head->priority))
		return nft_refuse(parser, &at, "invalid priority expression value in this context.");
	head->priority += offset;
	return true;
}

static bool add_device(struct nft_parser *parser, struct head *head, const struct nft_node *node)
{
	size_t length;

	if (node->kind == NODE_SET || node->kind == NODE_LIST) {
		for (size_t i = 0; i < node->items.count; i++) {
			if (!add_device(parser, head, node->items.items[i]))
				return false;
		}
		return true;
	}
	if (node->kind != NODE_WORD)
		return nft_refuse(parser, &node->at, "expected the name of a device");
	length = strlen(node->text);
	if (length > 1 && node->text[length - 1] == '*')
		*array_push(parser->arena, &head->devices) =
		    (struct interface_name){arena_memdup(parser->arena, node->text, length - 1), true};
	else
		*array_push(parser->arena, &head->devices) = (struct interface_name){.name = node->text};
	return true;
}

static bool devices(struct nft_parser *parser, struct head *head)
{
	struct nft_node *node;

	if (nft_accept(parser, "devices")) {
		if (!nft_expect(parser, "="))
			return false;
	} else if (!nft_accept(parser, "device")) {
		return true;
	}
	return nft_right_side(parser, false, &node) && add_device(parser, head, node);
}

static bool find_hook(struct nft_parser *parser, enum filter_hook *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (!nft_is(parser, hooks[i].name))
			continue;
		*ret = hooks[i].hook;
		nft_advance(parser);
		return true;
	}
	return nft_refuse(parser, &parser->token.at, "unknown chain hook");
}

/* Which hooks a family has. */
static unsigned family_hooks(enum filter_family family)
{
	switch (family) {
	case FILTER_NETDEV:
		return 1U << HOOK_INGRESS | 1U << HOOK_EGRESS;
	case FILTER_ARP:
		return 1U << HOOK_INPUT | 1U << HOOK_OUTPUT;
	case FILTER_INET:
		return 1U << HOOK_INGRESS | 1U << HOOK_PREROUTING | 1U << HOOK_INPUT | 1U << HOOK_FORWARD |
		       1U << HOOK_OUTPUT | 1U << HOOK_POSTROUTING;
	default:
		return 1U << HOOK_PREROUTING | 1U << HOOK_INPUT | 1U << HOOK_FORWARD | 1U << HOOK_OUTPUT |
		       1U << HOOK_POSTROUTING;
	}
}

static bool check_head(struct nft_parser *parser, const struct head *head, const struct nft_position *at)
{
	bool ingress = head->hook == HOOK_INGRESS || head->hook == HOOK_EGRESS;

	if (!(family_hooks(parser->table->family) & 1U << head->hook))
		return nft_refuse(parser, at, "The family of table %s does not support this hook", parser->table->name);
	if (ingress && !head->devices.count)
		return nft_refuse(parser, at, "Missing `device' in this chain definition");
	if (!ingress && head->devices.count)
		return nft_refuse(parser, at, "This chain type cannot be bound to device");
	if ((head->route && head->hook != HOOK_OUTPUT) ||
	    (head->nat && (head->hook == HOOK_FORWARD || ingress || head->priority <= CONNTRACK_PRIORITY)) ||
	    ((head->nat || head->route) && parser->table->family > FILTER_INET))
		return nft_refuse(parser, at, "Could not process rule: Operation not supported");
	return true;
}

static bool same_head(const struct chain *chain, const struct head *head)
{
	return chain->base && chain->hook == head->hook && chain->priority == head->priority && chain->nat == head->nat;
}

/* type TYPE hook HOOK [device …] priority PRIORITY */
static bool hook_line(struct nft_parser *parser, struct chain *chain, bool fresh)
{
	struct nft_position at = parser->token.at;
	struct head head = {0};

	nft_advance(parser);
	head.nat = nft_is(parser, "nat");
	head.route = nft_is(parser, "route");
	if (!head.nat && !head.route && !nft_is(parser, "filter"))
		return nft_refuse(parser, &parser->token.at, "unknown chain type");
	nft_advance(parser);
	if (!nft_expect(parser, "hook") || !find_hook(parser, &head.hook) || !devices(parser, &head) ||
	    !priority(parser, &head) || !check_head(parser, &head, &at))
		return false;
	if (same_head(chain, &head))
		return true;
	/* Of several in one block the last one counts. */
	if (!fresh)
		return nft_refuse(parser, &at, "Could not process rule: Operation not supported");
	chain_set_base(parser->ruleset, chain, head.hook, head.priority, head.nat);
	RULESET_CHANGES(parser->ruleset, chain->devices);
	chain->devices = head.devices;
	return true;
}

static bool policy_line(struct nft_parser *parser, struct chain *chain, bool *seen)
{
	struct nft_position at = parser->token.at;
	struct nft_node *node;
	bool drop = false, accept = false;

	nft_advance(parser);
	if (nft_accept(parser, "$")) {
		if (!nft_variable(parser, &node))
			return false;
		drop = node->kind == NODE_WORD && string_equal(node->text, "drop");
		accept = node->kind == NODE_WORD && string_equal(node->text, "accept");
	} else {
		drop = nft_accept(parser, "drop");
		accept = !drop && nft_accept(parser, "accept");
	}
	if (!drop && !accept)
		return nft_syntax_error(parser);
	if (*seen)
		return nft_refuse(parser, &at, "you cannot set chain policy twice");
	*seen = true;
	RULESET_CHANGES(parser->ruleset, chain->policy);
	RULESET_CHANGES(parser->ruleset, chain->policy_place);
	chain->policy = drop ? VERDICT_DROP : VERDICT_ACCEPT;
	chain->policy_place = nft_place(&at, &parser->token.at);
	return true;
}

/* A bracket that nobody closes: the mistake is where the rule makes no sense. */
static bool unfinished_rule(struct nft_parser *parser, const struct nft_later *later)
{
	struct rule *rule;

	parser->bound = &later->bound;
	parser->bound_next = 0;
	nft_seek(parser, &later->at);
	return nft_rule(parser, parser->table, later->chain, &rule) && nft_syntax_error(parser);
}

/* --- chains ---------------------------------------------------------------- */

static bool chain_line(struct nft_parser *parser, struct chain *chain, bool fresh, bool *policy, nft_later_list *rules)
{
	struct nft_later later = {.at = parser->token.at, .chain = chain, .scope = parser->scope};
	const char *text;

	if (nft_is(parser, "type"))
		return hook_line(parser, chain, fresh);
	if (nft_is(parser, "policy"))
		return policy_line(parser, chain, policy);
	if (nft_accept(parser, "flags"))
		return nft_expect(parser, "offload");
	if (nft_is(parser, "devices"))
		return nft_skip(parser, NULL);
	if (nft_is(parser, "comment")) {
		nft_advance(parser);
		return nft_string(parser, &text);
	}
	/* A rule: what it is comes later. */
	if (!nft_skip(parser, &later.bound))
		return false;
	if (parser->token.kind == TOKEN_END)
		return unfinished_rule(parser, &later);
	*array_push(parser->arena, rules) = later;
	return true;
}

bool nft_chain_block(struct nft_parser *parser, struct chain *chain, const struct nft_position *at,
		     nft_later_list *rules)
{
	struct nft_scope *scope = ARENA_NEW(parser->arena, struct nft_scope);
	bool fresh = !chain->place.line, policy = false, done;

	nft_open_scope(parser, scope);
	while (!nft_accept(parser, "}")) {
		done = false;
		if (!nft_at_separator(parser) && !nft_common_line(parser, &done))
			return false;
		if (nft_at_separator(parser)) {
			nft_advance(parser);
			continue;
		}
		if (parser->token.kind == TOKEN_END)
			return nft_syntax_error(parser);
		if (!chain_line(parser, chain, fresh, &policy, rules))
			return false;
		if (!nft_at_separator(parser))
			return nft_syntax_error(parser);
	}
	nft_close_scope(parser);
	if (!chain->place.line)
		chain->place = nft_place(at, NULL);
	if (policy && !chain->base)
		return nft_refuse(parser, at, "Could not process rule: Operation not supported");
	return true;
}

/* --- what was left for later ----------------------------------------------- */

static bool read_one(struct nft_parser *parser, const struct nft_later *later)
{
	struct rule *rule;

	parser->bound = &later->bound;
	parser->bound_next = 0;
	parser->scope = later->scope;
	nft_seek(parser, &later->at);
	if (later->set)
		return nft_elements(parser, later->set, false);
	if (!nft_rule(parser, parser->table, later->chain, &rule))
		return false;
	if (!nft_at_separator(parser))
		return nft_syntax_error(parser);
	chain_add_rule(parser->ruleset, later->chain, chain_rule_count(later->chain), rule);
	return true;
}

bool nft_read_later(struct nft_parser *parser, nft_later_list *elements, nft_later_list *rules)
{
	struct nft_token token = parser->token;
	struct nft_position next = parser->next;
	struct nft_scope *scope = parser->scope;

	for (size_t i = 0; i < elements->count; i++) {
		if (!read_one(parser, &elements->items[i]))
			return false;
	}
	for (size_t i = 0; i < rules->count; i++) {
		if (!read_one(parser, &rules->items[i]))
			return false;
	}
	parser->bound = NULL;
	parser->scope = scope;
	parser->token = token;
	parser->next = next;
	return true;
}

/* nft reads everything before it makes anything: the first mistake in the text is what it stops at, be it in a rule
 * that was left for later. */
static void find_first_mistake(struct nft_parser *parser, const nft_later_list *rules)
{
	size_t notes = parser->report->notes.count;
	struct load_note first = parser->report->notes.items[notes - 1];

	for (size_t i = 0; i < rules->count; i++) {
		const struct load_note *note;

		parser->refused = false;
		parser->report->notes.count = notes - 1;
		if (read_one(parser, &rules->items[i]))
			continue;
		note = &parser->report->notes.items[parser->report->notes.count - 1];
		if (string_after(note->message, "syntax error")) {
			first = *note;
			break;
		}
	}
	parser->refused = true;
	parser->report->notes.count = notes - 1;
	*array_push(parser->arena, &parser->report->notes) = first;
}

/* --- tables ---------------------------------------------------------------- */

static bool table_flags(struct nft_parser *parser)
{
	do {
		struct nft_position at = parser->token.at;
		const char *name;

		if (!nft_name(parser, &name))
			return false;
		if (string_equal(name, "dormant")) {
			RULESET_CHANGES(parser->ruleset, parser->table->dormant);
			parser->table->dormant = true;
		} else if (!string_equal(name, "owner") && !string_equal(name, "persist"))
			return nft_refuse(parser, &at, "unknown table option %s", name);
	} while (nft_accept(parser, ","));
	return true;
}

static bool table_line(struct nft_parser *parser, nft_later_list *elements, nft_later_list *rules)
{
	struct nft_position at;
	const char *name, *kind;
	bool map = nft_is(parser, "map");

	if (nft_accept(parser, "flags"))
		return table_flags(parser);
	if (nft_accept(parser, "comment"))
		return nft_string(parser, &name);
	if (nft_accept(parser, "chain")) {
		at = parser->token.at;
		return nft_name(parser, &name) && nft_expect(parser, "{") &&
		       nft_chain_block(parser, table_add_chain(parser->ruleset, parser->table, name), &at, rules);
	}
	if (map || nft_is(parser, "set")) {
		nft_advance(parser);
		at = parser->token.at;
		return nft_name(parser, &name) && nft_expect(parser, "{") &&
		       nft_set_block(parser, name, &at, map, false, elements);
	}
	if (nft_begins_object(parser))
		return nft_object_kind(parser, &kind) && nft_object(parser, kind, false);
	return nft_syntax_error(parser);
}

static bool table_lines(struct nft_parser *parser, nft_later_list *elements, nft_later_list *rules)
{
	while (!nft_accept(parser, "}")) {
		bool done = false;

		if (!nft_at_separator(parser) && !nft_common_line(parser, &done))
			return false;
		if (nft_at_separator(parser)) {
			nft_advance(parser);
			continue;
		}
		if (!table_line(parser, elements, rules))
			return false;
		if (!nft_at_separator(parser))
			return nft_syntax_error(parser);
	}
	return true;
}

bool nft_table_block(struct nft_parser *parser)
{
	nft_later_list elements = {0}, rules = {0};
	struct nft_scope *scope = ARENA_NEW(parser->arena, struct nft_scope);

	nft_open_scope(parser, scope);
	if (!table_lines(parser, &elements, &rules)) {
		find_first_mistake(parser, &rules);
		return false;
	}
	nft_close_scope(parser);
	return nft_read_later(parser, &elements, &rules);
}
