/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /lib/ufw/ufw-init does at boot, after its ufw-init-functions (0.34 to 0.36.2): make ufw's own chains in the
 * filter table, load the rules files into them with `iptables-restore -n`, set the policies. It goes on whatever fails,
 * so a file that is missing or refused leaves its part out, and nothing else.
 */
#include "parse/ufw.h"

#include <errno.h>

#include "base/text.h"
#include "parse/iptables_save.h"
#include "parse/ufw_script.h"
#include "parse/ufw_settings.h"

struct loader {
	struct target *target;
	struct ruleset *ruleset;
	struct arena *arena;
	struct load_report *report;
	struct ufw_script script;
	struct ufw_settings settings;
	bool legacy;
	/* The family that is loaded now */
	bool ipv6;
	const char *prefix; /* of its chains: "ufw" or "ufw6" */
	const char *suffix; /* of its files: "" or "6" */
};

static const struct direction {
	const char *chain, *name;
	enum ufw_name policy;
} directions[] = {
    {"INPUT", "input", UFW_INPUT_POLICY},
    {"OUTPUT", "output", UFW_OUTPUT_POLICY},
    {"FORWARD", "forward", UFW_FORWARD_POLICY},
};

/* One for each direction, in the order in which the builtin chain jumps to them. */
static const char *const primary_chains[] = {"before-logging", "before", "after", "after-logging", "reject", "track"};
static const char *const secondary_chains[] = {"user", "user-logging", "skip-to-policy"};
static const char *const other_chains[] = {"logging-deny", "logging-allow", "not-local", "user-limit",
					   "user-limit-accept"};

bool ufw_uses_ipv6(struct target *target, struct arena *arena)
{
	struct ufw_settings settings;
	struct load_report report = {0};

	return ufw_settings_read(target, arena, &settings, &report) && ufw_says_yes(&settings.items[UFW_IPV6]);
}

static enum filter_family family(const struct loader *loader)
{
	return loader->ipv6 ? FILTER_IPV6 : FILTER_IPV4;
}

static struct table *filter_table(const struct loader *loader)
{
	return ruleset_find_table(loader->ruleset, family(loader), loader->legacy, "filter");
}

static struct chain *find_chain(const struct loader *loader, const char *name)
{
	const struct table *table = filter_table(loader);

	return table ? table_find_chain(table, name) : NULL;
}

/* "ufw6-KIND" or "ufw6-KIND-DIRECTION" */
static struct chain *find_own_chain(const struct loader *loader, const char *kind, const char *direction)
{
	return find_chain(loader, arena_printf(loader->arena, "%s-%s%s%s", loader->prefix, kind, direction ? "-" : "",
					       direction ? direction : ""));
}

/* Loads what the script itself says to iptables-restore. */
static void restore_text(struct loader *loader, const struct text *text, bool keep, struct load_report *report)
{
	struct iptables_input input = {
	    .target = loader->target,
	    .content = {.data = text->data, .size = text->size},
	    .path = loader->script.path,
	    .ipv6 = loader->ipv6,
	    .legacy = loader->legacy,
	    .keep = keep,
	};

	iptables_save_load(loader->ruleset, &input, report);
}

static void set_rule_places(const struct chain *chain, struct place place)
{
	for (size_t i = 0; chain && i < chain_rule_count(chain); i++)
		chain_rule(chain, i)->place = place;
}

/* Only its own chains; the builtin ones are left to others. -X fails, and is ignored, where a chain is still in use. */
static bool chain_is_used(const struct table *table, const struct chain *chain)
{
	for (size_t i = 0; i < table->chains.count; i++) {
		const struct chain *from = table->chains.items[i];

		for (size_t j = 0; j < chain_rule_count(from); j++) {
			const struct rule *rule = chain_rule(from, j);

			for (size_t k = 0; k < rule->count; k++) {
				if (rule->statements[k].kind == STATEMENT_VERDICT &&
				    rule->statements[k].verdict.chain == chain)
					return true;
			}
		}
	}
	return false;
}

static void flush_own_chain(const struct loader *loader, const char *kind, const char *direction)
{
	struct chain *chain = find_own_chain(loader, kind, direction);

	if (chain)
		chain_flush(loader->ruleset, chain);
}

static void delete_own_chain(const struct loader *loader, const char *kind, const char *direction)
{
	struct chain *chain = find_own_chain(loader, kind, direction);

	if (chain && !chain_is_used(chain->table, chain))
		table_remove_chain(loader->ruleset, chain->table, chain);
}

static void delete_chains(const struct loader *loader)
{
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(primary_chains); j++)
			flush_own_chain(loader, primary_chains[j], directions[i].name);
		for (size_t j = 0; j < ARRAY_SIZE(secondary_chains); j++)
			flush_own_chain(loader, secondary_chains[j], directions[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(other_chains); i++)
		flush_own_chain(loader, other_chains[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(other_chains); i++)
		delete_own_chain(loader, other_chains[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(secondary_chains); j++)
			delete_own_chain(loader, secondary_chains[j], directions[i].name);
	}
}

static void make_primary_chains(struct loader *loader)
{
	struct text text = {.arena = loader->arena};

	text_add_string(&text, "*filter\n");
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(primary_chains); j++)
			text_printf(&text, ":%s-%s-%s - [0:0]\n-A %s -j %s-%s-%s\n", loader->prefix, primary_chains[j],
				    directions[i].name, directions[i].chain, loader->prefix, primary_chains[j],
				    directions[i].name);
	}
	text_add_string(&text, "COMMIT\n");
	restore_text(loader, &text, true, loader->report);
}

/* Ends the chains that a policy of REJECT or ACCEPT needs. */
static void add_policy_rules(struct loader *loader, const struct direction *direction)
{
	const struct ufw_setting *setting = &loader->settings.items[direction->policy];
	struct text text = {.arena = loader->arena};
	const char *kind;

	text_add_string(&text, "*filter\n");
	if (string_equal(setting->value, "REJECT")) {
		kind = "reject";
		text_printf(&text, "-A %s-reject-%s -j REJECT\n", loader->prefix, direction->name);
	} else if (string_equal(setting->value, "ACCEPT")) {
		kind = "track";
		for (size_t i = 0; i < 2; i++)
			text_printf(&text, "-A %s-track-%s -p %s -m conntrack --ctstate NEW -j ACCEPT\n",
				    loader->prefix, direction->name, i == 0 ? "tcp" : "udp");
	} else {
		return;
	}
	text_add_string(&text, "COMMIT\n");
	restore_text(loader, &text, true, loader->report);
	set_rule_places(find_own_chain(loader, kind, direction->name), setting->place);
}

/* The shell splits the policies into words where it hands them to its printf(1), which repeats its format as long as
 * there are any: lines with a word each for the three directions, in this order, or with none where the words end. */
static void
print_policies(const struct loader *loader, const struct direction *const order[3], const char *const values[3],
	       void (*print)(const struct loader *, const struct direction *, const char *word, struct text *),
	       struct text *text)
{
	string_list words = {0};
	size_t used = 0;

	for (size_t i = 0; i < 3; i++) {
		for (const char *next = values[i] + strspn(values[i], " \t\n"); *next; next += strspn(next, " \t\n")) {
			size_t length = strcspn(next, " \t\n");

			*array_push(loader->arena, &words) = arena_memdup(loader->arena, next, length);
			next += length;
		}
	}
	do {
		text_add_string(text, "*filter\n");
		for (size_t i = 0; i < 3; i++, used++)
			print(loader, order[i], used < words.count ? words.items[used] : "", text);
		text_add_string(text, "COMMIT\n");
	} while (used < words.count);
}

/* What iptables-restore refuses, at the setting that it comes from. */
static void note_bad_policy(struct loader *loader)
{
	static const char *const policies[] = {"ACCEPT", "DROP", "REJECT"};

	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		const struct ufw_setting *setting = &loader->settings.items[directions[i].policy];
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(policies); j++)
			known = known || string_equal(setting->value, policies[j]);
		if (!known)
			load_note(loader->arena, loader->report, LOAD_REFUSED, setting->place,
				  "Bad policy name: a policy is ACCEPT, DROP or REJECT");
	}
}

static void print_skip_chain(const struct loader *loader, const struct direction *direction, const char *word,
			     struct text *text)
{
	text_printf(text, ":%s-skip-to-policy-%s - [0:0]\n-A %s-skip-to-policy-%s -j %s\n", loader->prefix,
		    direction->name, loader->prefix, direction->name, word);
}

static void make_skip_chains(struct loader *loader)
{
	const struct direction *order[ARRAY_SIZE(directions)];
	const char *values[ARRAY_SIZE(directions)];
	struct text text = {.arena = loader->arena};
	struct load_report report = {0}; /* what is wrong with a policy is noted once: set_policies() */

	if (find_own_chain(loader, "skip-to-policy", "input"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		order[i] = &directions[i];
		values[i] = loader->settings.items[directions[i].policy].value;
	}
	print_policies(loader, order, values, print_skip_chain, &text);
	restore_text(loader, &text, true, &report);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		set_rule_places(find_own_chain(loader, "skip-to-policy", directions[i].name),
				loader->settings.items[directions[i].policy].place);
}

static void make_logging_chains(struct loader *loader)
{
	struct text text = {.arena = loader->arena};

	if (find_own_chain(loader, "logging-deny", NULL))
		return;
	text_printf(&text, "*filter\n:%s-logging-deny - [0:0]\n:%s-logging-allow - [0:0]\nCOMMIT\n", loader->prefix,
		    loader->prefix);
	restore_text(loader, &text, true, loader->report);
}

static void make_user_chains(struct loader *loader)
{
	struct text text = {.arena = loader->arena};

	if (find_own_chain(loader, "user", "input"))
		return;
	text_add_string(&text, "*filter\n");
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		text_printf(&text, ":%s-user-%s - [0:0]\n:%s-user-logging-%s - [0:0]\n", loader->prefix,
			    directions[i].name, loader->prefix, directions[i].name);
	text_printf(&text, ":%s-user-limit - [0:0]\n:%s-user-limit-accept - [0:0]\nCOMMIT\n", loader->prefix,
		    loader->prefix);
	restore_text(loader, &text, true, loader->report);
}

static void hook_user_chains(struct loader *loader)
{
	struct text text = {.arena = loader->arena};

	text_add_string(&text, "*filter\n");
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		text_printf(&text, "-A %s-before-%s -j %s-user-%s\n", loader->prefix, directions[i].name,
			    loader->prefix, directions[i].name);
	text_add_string(&text, "COMMIT\n");
	restore_text(loader, &text, true, loader->report);
}

static void print_policy(const struct loader *loader, const struct direction *direction, const char *word,
			 struct text *text)
{
	(void)loader;
	text_printf(text, ":%s %s [0:0]\n", direction->chain, word);
}

static void set_policies(struct loader *loader)
{
	static const struct direction *const order[] = {&directions[0], &directions[2], &directions[1]};
	const char *values[ARRAY_SIZE(order)];
	struct text text = {.arena = loader->arena};
	struct load_report report = {0};

	/* Both families have the same ones. */
	if (!loader->ipv6)
		note_bad_policy(loader);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		values[i] = loader->settings.items[order[i]->policy].value;
		if (string_equal(values[i], "REJECT"))
			values[i] = "DROP";
	}
	print_policies(loader, order, values, print_policy, &text);
	restore_text(loader, &text, true, &report);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		struct chain *chain = find_chain(loader, directions[i].chain);

		/* Unless that was refused, and a rules file's own policy stays. */
		if (chain && chain->policy_place.path && string_equal(chain->policy_place.path, loader->script.path))
			chain->policy_place = loader->settings.items[directions[i].policy].place;
	}
}

static const char *rules_path(const struct loader *loader, const char *directory, const char *name)
{
	return arena_printf(loader->arena, "%s/%s%s.rules", directory, name, loader->suffix);
}

/* Whether the file is there and not empty; ufw-init goes on without it. */
static bool has_rules(const struct loader *loader, const char *path)
{
	struct node_stat stat;

	if (target_stat(loader->target, path, &stat) == 0 && stat.type != NODE_ABSENT && stat.size > 0)
		return true;
	load_note(loader->arena, loader->report, LOAD_REFUSED, (struct place){.path = path}, "Couldn't find '%s'",
		  path);
	return false;
}

static void restore_file(struct loader *loader, const char *path)
{
	struct iptables_input input = {
	    .target = loader->target, .path = path, .ipv6 = loader->ipv6, .legacy = loader->legacy, .keep = true};
	int r = target_read(loader->target, path, TARGET_FILE_LIMIT, loader->arena, &input.content, NULL);

	if (r == -EISDIR)
		load_note(loader->arena, loader->report, LOAD_REFUSED, (struct place){.path = path},
			  "Problem running '%s'", path);
	else if (r < 0)
		load_note(loader->arena, loader->report, LOAD_UNCERTAIN, (struct place){.path = path}, "%s",
			  strerror(-r));
	else
		iptables_save_load(loader->ruleset, &input, loader->report);
}

static void load_family(struct loader *loader)
{
	const char *before = rules_path(loader, UFW_DIRECTORY, "before"),
		   *after = rules_path(loader, UFW_DIRECTORY, "after"),
		   *user = rules_path(loader, loader->script.user_directory, "user");

	if (loader->script.policies_first)
		set_policies(loader);
	if (find_own_chain(loader, "before-logging", "input"))
		delete_chains(loader);
	else
		make_primary_chains(loader);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		add_policy_rules(loader, &directions[i]);
	make_logging_chains(loader);
	make_skip_chains(loader);
	if (has_rules(loader, before))
		restore_file(loader, before);
	if (has_rules(loader, after))
		restore_file(loader, after);
	if (has_rules(loader, user)) {
		make_user_chains(loader);
		restore_file(loader, user);
		hook_user_chains(loader);
	}
	if (!loader->script.policies_first)
		set_policies(loader);
}

static void set_family(struct loader *loader, bool ipv6)
{
	loader->ipv6 = ipv6;
	loader->prefix = ipv6 ? "ufw6" : "ufw";
	loader->suffix = ipv6 ? "6" : "";
}

/* IPV6=no: what there is of IPv6 goes nowhere, but on the loopback. */
static void shut_ipv6(struct loader *loader)
{
	const struct ufw_setting *setting = &loader->settings.items[UFW_IPV6];
	struct text text = {.arena = loader->arena};
	struct table *table;

	set_family(loader, true);
	text_add_string(&text, "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n"
			       "-A INPUT -i lo -j ACCEPT\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n");
	restore_text(loader, &text, false, loader->report);
	table = filter_table(loader);
	for (size_t i = 0; table && i < table->chains.count; i++)
		table->chains.items[i]->policy_place = setting->place;
}

static void open_table(const struct loader *loader, const char *name, bool delete_chains_of_users)
{
	struct table *table = ruleset_find_table(loader->ruleset, family(loader), loader->legacy, name);

	for (size_t i = table ? table->chains.count : 0; i-- > 0;) {
		struct chain *chain = table->chains.items[i];

		/* Of nat, INPUT is forgotten. */
		if ((chain->base && !(chain->nat && chain->hook == HOOK_INPUT)) || delete_chains_of_users)
			chain_flush(loader->ruleset, chain);
		if (chain->base && !(chain->nat && chain->hook == HOOK_INPUT)) {
			chain->policy = VERDICT_ACCEPT;
			chain->policy_place = (struct place){0};
		}
	}
	for (size_t i = table && delete_chains_of_users ? table->chains.count : 0; i-- > 0;) {
		if (!table->chains.items[i]->base)
			table_remove_chain(loader->ruleset, table, table->chains.items[i]);
	}
}

/* MANAGE_BUILTINS=yes: what others have loaded goes. */
static void open_builtins(struct loader *loader)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		set_family(loader, ipv6);
		open_table(loader, "filter", true);
		open_table(loader, "mangle", false);
	}
	set_family(loader, false);
	open_table(loader, "nat", false);
}

void ufw_load(struct target *target, struct ruleset *ruleset, bool legacy, struct load_report *report)
{
	struct loader loader = {.target = target, .ruleset = ruleset, .arena = ruleset->arena, .report = report};

	loader.legacy = legacy;
	if (!ufw_settings_read(target, loader.arena, &loader.settings, report) ||
	    !ufw_says_yes(&loader.settings.items[UFW_ENABLED]))
		return;
	ufw_script_read(target, loader.arena, &loader.script);
	set_family(&loader, false);
	/* "Firewall already started": rules that were saved while ufw ran, loaded by another program. */
	if (find_own_chain(&loader, "user", "input"))
		return;
	if (string_equal(loader.settings.items[UFW_MANAGE_BUILTINS].value, "yes"))
		open_builtins(&loader);
	if (loader.script.runs_hooks)
		ufw_hook_check(target, loader.arena, UFW_DIRECTORY "/before.init", report);
	if (!ufw_says_yes(&loader.settings.items[UFW_IPV6]))
		shut_ipv6(&loader);
	set_family(&loader, false);
	load_family(&loader);
	if (ufw_says_yes(&loader.settings.items[UFW_IPV6])) {
		set_family(&loader, true);
		load_family(&loader);
	}
	if (loader.script.runs_hooks)
		ufw_hook_check(target, loader.arena, UFW_DIRECTORY "/after.init", report);
}
