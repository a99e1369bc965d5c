/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * direct.xml, and what firewalld does to iptables: src/firewall/core/io/direct.py and fw_direct.py. The direct rules
 * become a text for iptables-restore, as in the original.
 */
#include <stdlib.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/firewalld_private.h"
#include "parse/iptables_save.h"

#define DIRECT_PATH FIREWALLD_ETC "/direct.xml"

struct direct_chain {
	const char *table, *chain;
	struct place place;
};

struct direct_rule {
	const char *table, *chain;
	int64_t priority;
	const char *arguments; /* as iptables-restore reads them */
	struct place place;
	size_t group, position; /* of its chain, and its own */
};

/* Of one family. */
struct direct_family {
	ARRAY_OF(struct direct_chain) chains;
	ARRAY_OF(struct direct_rule) rules;
	ARRAY_OF(struct direct_rule)
	passthroughs; /* the table stands in the arguments as well, until it is taken out */
	struct string_map seen; /* no rule twice */
	struct string_map groups; /* of rules, by chain */
	size_t group_count;
};

struct direct_reader {
	struct firewalld *firewalld;
	struct direct_family families[2]; /* IPv4, IPv6 */
	bool in_direct;
	bool bridged; /* for ebtables: not followed */
	bool ipv6;
	struct direct_rule rule; /* that is being read */
	bool has_rule;
};

/* --- words ------------------------------------------------------------------ */

/* As shlex.split() does it. */
static bool split_words(struct arena *arena, const char *text, string_list *ret)
{
	while (*(text += strspn(text, " \t\r\n"))) {
		struct text word = {.arena = arena};
		char quote = '\0';

		text_add(&word, "", 0);
		for (; *text && (quote || !strchr(" \t\r\n", *text)); text++) {
			if (quote ? *text == quote : *text == '"' || *text == '\'') {
				quote = quote ? '\0' : *text;
				continue;
			}
			if (*text == '\\' && quote != '\'') {
				if (!text[1])
					return false;
				if (!quote || text[1] == quote || text[1] == '\\')
					text++;
			}
			text_add(&word, text, 1);
		}
		if (quote)
			return false;
		*array_push(arena, ret) = word.data;
	}
	return true;
}

static const char *join_words(struct arena *arena, const string_list *words)
{
	struct text text = {.arena = arena};

	text_add(&text, "", 0);
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];
		bool quoted = strpbrk(word, " \t\n\r\v\f") && !(*word == '"' && string_ends_with(word, "\""));

		text_printf(&text, quoted ? "%s\"%s\"" : "%s%s", i ? " " : "", word);
	}
	return text.data;
}

/* --- reading ---------------------------------------------------------------- */

static bool is_one_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (string_equal(names[i], name))
			return true;
	}
	return false;
}

static bool is_builtin(const char *chain)
{
	static const char *const names[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};

	return is_one_of(names, ARRAY_SIZE(names), chain);
}

static bool take_family(struct direct_reader *reader, const struct xml_element *element)
{
	const char *family = xml_attribute(element, "ipv");

	reader->bridged = string_equal(family, "eb");
	reader->ipv6 = string_equal(family, "ipv6");
	return reader->bridged || reader->ipv6 || string_equal(family, "ipv4") ||
	       firewalld_refuse(reader->firewalld, element->place, "INVALID_IPV: '%s'", family);
}

static bool check_table(const struct direct_reader *reader, const struct xml_element *element)
{
	static const char *const tables[] = {"security", "raw", "mangle", "nat", "filter", "broute"};
	const char *table = xml_attribute(element, "table");

	return (is_one_of(tables, ARRAY_SIZE(tables), table) && reader->bridged == string_equal(table, "broute")) ||
	       (reader->bridged && is_one_of(tables + 3, 2, table)) ||
	       firewalld_refuse(reader->firewalld, element->place, "INVALID_TABLE: '%s'", table);
}

static struct direct_family *family_of(struct direct_reader *reader)
{
	return &reader->families[reader->ipv6];
}

static bool take_chain(struct direct_reader *reader, const struct xml_element *element)
{
	struct firewalld *firewalld = reader->firewalld;

	if (!take_family(reader, element) || !check_table(reader, element))
		return false;
	if (!reader->bridged)
		*array_push(firewalld->arena, &family_of(reader)->chains) =
		    (struct direct_chain){firewalld_attribute(firewalld, element, "table"),
					  firewalld_attribute(firewalld, element, "chain"), element->place};
	return true;
}

static bool begin_rule(struct direct_reader *reader, const struct xml_element *element)
{
	struct firewalld *firewalld = reader->firewalld;

	if (!take_family(reader, element) || !check_table(reader, element))
		return false;
	reader->rule = (struct direct_rule){.table = firewalld_attribute(firewalld, element, "table"),
					    .chain = firewalld_attribute(firewalld, element, "chain"),
					    .place = element->place};
	reader->has_rule = firewalld_parse_integer(xml_attribute(element, "priority"), false, &reader->rule.priority);
	return reader->has_rule ||
	       firewalld_refuse(firewalld, element->place, "Parse Error: %s is not a valid priority",
				xml_attribute(element, "priority"));
}

static bool start_direct(void *context, const struct xml_element *element)
{
	struct direct_reader *reader = context;

	if (!firewalld_check_element(reader->firewalld, FIREWALLD_FORMAT_DIRECT, element))
		return false;
	if (string_equal(element->name, "direct")) {
		if (reader->in_direct)
			return firewalld_refuse(reader->firewalld, element->place, "More than one direct tag.");
		reader->in_direct = true;
		return true;
	}
	if (!reader->in_direct)
		return firewalld_refuse(reader->firewalld, element->place, "Parse Error: %s outside of direct",
					element->name);
	if (string_equal(element->name, "chain"))
		return take_chain(reader, element);
	if (string_equal(element->name, "rule"))
		return begin_rule(reader, element);
	reader->rule = (struct direct_rule){.place = element->place};
	return take_family(reader, element);
}

static void add_rule(struct direct_reader *reader)
{
	struct direct_family *family = family_of(reader);
	struct arena *arena = reader->firewalld->arena;
	const char *chain = arena_printf(arena, "%s %s", reader->rule.table, reader->rule.chain);
	const char *whole =
	    arena_printf(arena, "%s %lld %s", chain, (long long)reader->rule.priority, reader->rule.arguments);
	const size_t *group = string_map_get(&family->groups, chain);

	if (string_map_get(&family->seen, whole))
		return;
	string_map_put(arena, &family->seen, whole, reader);
	if (!group) {
		size_t *made = ARENA_NEW(arena, size_t);

		*made = family->group_count++;
		string_map_put(arena, &family->groups, chain, made);
		group = made;
	}
	reader->rule.group = *group;
	reader->rule.position = family->rules.count;
	*array_push(arena, &family->rules) = reader->rule;
}

/* Only what adds is taken; the table is taken out of the words. */
static void add_passthrough(struct direct_reader *reader, const string_list *words)
{
	static const char *const adding[] = {"-A", "--append", "-I", "--insert", "-N", "--new-chain"};
	static const char *const others[] = {
	    "-C", "--check", "-D", "--delete", "-R", "--replace",      "-L", "--list",	 "-S", "--list-rules",
	    "-F", "--flush", "-Z", "--zero",   "-X", "--delete-chain", "-P", "--policy", "-E", "--rename-chain"};
	struct arena *arena = reader->firewalld->arena;
	bool adds = false, other = false;
	string_list rest = {0};

	reader->rule.table = "filter";
	for (size_t i = 0; i < words->count; i++) {
		char *word = words->items[i];

		adds = adds || is_one_of(adding, ARRAY_SIZE(adding), word);
		other = other || is_one_of(others, ARRAY_SIZE(others), word);
		if ((string_equal(word, "-t") || string_equal(word, "--table")) && i + 1 < words->count)
			reader->rule.table = words->items[++i];
		else
			*array_push(arena, &rest) = word;
	}
	if (!adds || other) {
		firewalld_leave_out(reader->firewalld, reader->rule.place,
				    "INVALID_PASSTHROUGH: only -A, -I and -N are allowed");
		return;
	}
	reader->rule.arguments = join_words(arena, &rest);
	*array_push(arena, &family_of(reader)->passthroughs) = reader->rule;
}

static bool end_direct(void *context, const char *name, const char *text)
{
	struct direct_reader *reader = context;
	bool is_rule = string_equal(name, "rule");
	string_list words = {0};

	if ((!is_rule && !string_equal(name, "passthrough")) || reader->bridged)
		return true;
	if (!*text) {
		firewalld_leave_out(reader->firewalld, reader->rule.place, "%s does not have any arguments, ignoring",
				    name);
		return true;
	}
	if (!split_words(reader->firewalld->arena, text, &words))
		return firewalld_refuse(reader->firewalld, reader->rule.place, "No closing quotation");
	if (is_rule) {
		reader->rule.arguments = join_words(reader->firewalld->arena, &words);
		add_rule(reader);
	} else {
		add_passthrough(reader, &words);
	}
	return true;
}

/* --- as a text for iptables-restore ----------------------------------------- */

/* Which line of the text came from where. */
struct direct_text {
	struct text text;
	ARRAY_OF(struct place) places; /* of line 1, 2, … */
};

static void add_line(struct arena *arena, struct direct_text *text, struct place place, const char *line)
{
	text_add_string(&text->text, line);
	text_add_string(&text->text, "\n");
	*array_push(arena, &text->places) = place;
}

static int compare_rules(const void *a, const void *b)
{
	const struct direct_rule *first = a, *second = b;

	if (first->group != second->group)
		return first->group < second->group ? -1 : 1;
	if (first->priority != second->priority)
		return first->priority < second->priority ? -1 : 1;
	return first->position < second->position ? -1 : 1;
}

/* Rules for a built-in chain go to one behind it, unless nftables is used. */
static const char *rule_chain(const struct firewalld *firewalld, const char *chain)
{
	static const char suffix[] = "_direct";
	const char *builtin;

	if (firewalld->settings.iptables)
		return is_builtin(chain) ? arena_printf(firewalld->arena, "%s%s", chain, suffix) : chain;
	if (!string_ends_with(chain, suffix))
		return chain;
	builtin = arena_memdup(firewalld->arena, chain, strlen(chain) - strlen(suffix));
	return is_builtin(builtin) ? builtin : chain;
}

/* The chains are empty by now, so that rules in order of priority may be appended. */
static void write_table(struct firewalld *firewalld, const struct direct_family *family, const char *table,
			struct direct_text *text)
{
	struct arena *arena = firewalld->arena;
	struct place nowhere = {.path = DIRECT_PATH};

	add_line(arena, text, nowhere, arena_printf(arena, "*%s", table));
	for (size_t i = 0; i < family->chains.count; i++) {
		if (string_equal(family->chains.items[i].table, table))
			add_line(arena, text, family->chains.items[i].place,
				 arena_printf(arena, "-N %s", family->chains.items[i].chain));
	}
	for (size_t i = 0; i < family->rules.count; i++) {
		const struct direct_rule *rule = &family->rules.items[i];

		if (string_equal(rule->table, table))
			add_line(arena, text, rule->place,
				 arena_printf(arena, "-A %s %s", rule_chain(firewalld, rule->chain), rule->arguments));
	}
	for (size_t i = 0; i < family->passthroughs.count; i++) {
		if (string_equal(family->passthroughs.items[i].table, table))
			add_line(arena, text, family->passthroughs.items[i].place,
				 family->passthroughs.items[i].arguments);
	}
	add_line(arena, text, nowhere, "COMMIT");
}

static struct place place_of_line(const struct direct_text *text, unsigned line)
{
	return line && line <= text->places.count ? text->places.items[line - 1] : (struct place){.path = DIRECT_PATH};
}

/* The places that iptables-restore's text has become the ones of direct.xml. */
static void map_places(const struct firewalld *firewalld, enum filter_family family, const struct direct_text *text)
{
	for (size_t i = 0; i < firewalld->ruleset->tables.count; i++) {
		const struct table *table = firewalld->ruleset->tables.items[i];

		for (size_t j = 0; table->family == family && j < table->chains.count; j++) {
			struct chain *chain = table->chains.items[j];
			size_t count = chain_rule_count(chain);

			for (size_t k = 0; k < count; k++) {
				struct rule *rule = chain_rule(chain, k);

				if (rule->place.path && string_equal(rule->place.path, DIRECT_PATH))
					rule->place = place_of_line(text, rule->place.line);
			}
		}
	}
}

/* False when the real one refuses the text: then firewalld refuses its configuration. */
static bool load_text(struct firewalld *firewalld, bool ipv6, const struct direct_text *text)
{
	struct iptables_input input = {
	    .target = firewalld->target,
	    .content = {text->text.data, text->text.size},
	    .path = DIRECT_PATH,
	    .ipv6 = ipv6,
	    .legacy = firewalld_iptables_is_legacy(firewalld),
	    .keep = true,
	};
	size_t before = firewalld->report->notes.count;

	iptables_save_load(firewalld->ruleset, &input, firewalld->report);
	map_places(firewalld, ipv6 ? FILTER_IPV6 : FILTER_IPV4, text);
	for (size_t i = before; i < firewalld->report->notes.count; i++) {
		struct load_note *note = &firewalld->report->notes.items[i];

		note->place = place_of_line(text, note->place.line);
		if (note->outcome == LOAD_REFUSED) {
			struct load_note refused = *note;

			firewalld->report->notes.count = before;
			return firewalld_refuse(firewalld, refused.place, "COMMAND_FAILED: Direct: %s",
						refused.message);
		}
	}
	return true;
}

static bool apply_family(struct firewalld *firewalld, struct direct_family *family, bool ipv6)
{
	static const char *const tables[] = {"filter", "nat", "mangle", "raw", "security"};
	struct direct_text text = {.text.arena = firewalld->arena};
	bool used[ARRAY_SIZE(tables)] = {false};

	if (!family->chains.count && !family->rules.count && !family->passthroughs.count)
		return true;
	for (size_t i = 0; i < family->chains.count; i++) {
		if (is_builtin(family->chains.items[i].chain))
			return firewalld_refuse(firewalld, family->chains.items[i].place,
						"BUILTIN_CHAIN: chain '%s' is built-in chain",
						family->chains.items[i].chain);
	}
	if (family->rules.count)
		qsort(family->rules.items, family->rules.count, sizeof(*family->rules.items), compare_rules);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (size_t j = 0; j < family->chains.count; j++)
			used[i] = used[i] || string_equal(family->chains.items[j].table, tables[i]);
		for (size_t j = 0; j < family->rules.count; j++)
			used[i] = used[i] || string_equal(family->rules.items[j].table, tables[i]);
		for (size_t j = 0; j < family->passthroughs.count; j++)
			used[i] = used[i] || string_equal(family->passthroughs.items[j].table, tables[i]);
		if (used[i])
			write_table(firewalld, family, tables[i], &text);
	}
	return load_text(firewalld, ipv6, &text);
}

/* Direct rules may look into the ipsets: with some, ipset(8) is told of them. */
static void load_ipsets(struct firewalld *firewalld)
{
	struct text text = {.arena = firewalld->arena};

	for (size_t i = 0; i < firewalld->ipset_list.count; i++) {
		const struct firewalld_ipset *ipset = firewalld->ipset_list.items[i];

		text_printf(&text, "create %s %s", ipset->name, ipset->type);
		for (size_t j = 0; j < ARRAY_SIZE(ipset->options); j++) {
			static const char *const names[] = {"family", "timeout", "hashsize", "maxelem"};

			if (ipset->options[j])
				text_printf(&text, " %s %s", names[j], ipset->options[j]);
		}
		text_add_string(&text, "\n");
		for (size_t j = 0; j < ipset->entries.count; j++)
			text_printf(&text, "add %s %s\n", ipset->name, ipset->entries.items[j].name);
	}
	if (text.size)
		ipset_save_load(firewalld->ruleset, (struct blob){text.data, text.size}, FIREWALLD_ETC "/ipsets",
				firewalld->report);
}

static bool has_any(const struct direct_family *family)
{
	return family->chains.count || family->rules.count || family->passthroughs.count;
}

bool firewalld_load_direct(struct firewalld *firewalld)
{
	struct direct_reader reader = {.firewalld = firewalld};
	struct xml_handler handler = {&reader, start_direct, end_direct};
	const char *consequence = firewalld->consequence;

	if (firewalld->vendor_only || !target_exists(firewalld->target, DIRECT_PATH))
		return true;
	/* What was read before a fault counts. */
	firewalld->consequence = "firewalld leaves out what follows in this file";
	firewalld_parse_file(firewalld, DIRECT_PATH, &handler);
	firewalld->refused = false;
	firewalld->consequence = consequence;
	if (!has_any(&reader.families[0]) && !has_any(&reader.families[1]))
		return true;
	if (!firewalld_has_iptables(firewalld)) {
		firewalld_leave_out(firewalld, (struct place){.path = DIRECT_PATH},
				    "INVALID_IPV: without iptables there are no direct rules");
		return true;
	}
	load_ipsets(firewalld);
	return apply_family(firewalld, &reader.families[0], false) &&
	       apply_family(firewalld, &reader.families[1], true);
}

/* --- iptables --------------------------------------------------------------- */

bool firewalld_has_iptables(struct firewalld *firewalld)
{
	return target_exists(firewalld->target, "/usr/sbin/iptables-restore") ||
	       target_exists(firewalld->target, "/usr/sbin/iptables");
}

bool firewalld_iptables_is_legacy(struct firewalld *firewalld)
{
	char *path;

	return target_resolve(firewalld->target, "/usr/sbin/iptables-restore", true, firewalld->arena, &path) == 0 &&
	       string_ends_with(path, "/xtables-legacy-multi");
}

void firewalld_flush_iptables(struct firewalld *firewalld)
{
	static const char *const tables[] = {"filter", "nat", "mangle", "raw", "security"};

	if (!firewalld_has_iptables(firewalld))
		return;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(tables); i++) {
		struct table *table = ruleset_find_table(firewalld->ruleset, i % 2 ? FILTER_IPV6 : FILTER_IPV4,
							 firewalld_iptables_is_legacy(firewalld), tables[i / 2]);

		for (size_t j = table ? table->chains.count : 0; j-- > 0;) {
			struct chain *chain = table->chains.items[j];

			chain_flush(firewalld->ruleset, chain);
			if (!chain->base)
				table_remove_chain(firewalld->ruleset, table, chain);
		}
	}
}
