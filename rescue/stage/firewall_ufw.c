/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs of ufw's rules. Where the user's rules or the policy keep connections out, they get the rule that `ufw allow
 * PORT/tcp` writes, or `ufw prepend allow PORT/tcp` where one of them stands in the way. Other files get a plain rule
 * before the one at fault.
 */
#include "stage/firewall.h"

#include "base/text.h"
#include "parse/ufw.h"

struct repair {
	const struct facts *facts;
	struct findings *findings;
	struct problem *problem;
	const struct breach *breach;
	bool ipv6; /* the family that is repaired now */
};

/* Lines of a rules file, from 1; 0 where there is none. */
struct rules_file {
	const char *path;
	struct blob content;
	unsigned rules, end; /* the user's rules are between these comments */
	bool blank_before_end;
	unsigned tuples; /* how many rules ufw(8) has written */
	unsigned commit; /* of the filter table */
};

/* Whether the line is text, but for white space around it. */
static bool line_is(const char *line, size_t length, const char *text)
{
	while (length && strchr(" \t\r", line[length - 1]))
		length--;
	return length == strlen(text) && memcmp(line, text, length) == 0;
}

static bool line_begins(const char *line, size_t length, const char *text)
{
	return length >= strlen(text) && memcmp(line, text, strlen(text)) == 0;
}

/* False unless it is there and below /etc/ufw: nothing of a package's is edited. */
static bool read_rules(const struct repair *repair, const char *path, struct rules_file *ret)
{
	const char *line;
	size_t offset = 0, length;
	bool filter = false, blank = false;

	*ret = (struct rules_file){.path = path};
	if (!string_after(path, UFW_DIRECTORY "/") || target_read(repair->facts->target, path, TARGET_FILE_LIMIT,
								  repair->findings->arena, &ret->content, NULL) < 0)
		return false;
	for (unsigned number = 1; next_line(&ret->content, &offset, &line, &length); number++) {
		if (length && *line == '*')
			filter = line_is(line, length, "*filter");
		else if (!ret->commit && filter && line_is(line, length, "COMMIT"))
			ret->commit = number;
		else if (!ret->rules && line_is(line, length, "### RULES ###"))
			ret->rules = number;
		else if (!ret->end && line_is(line, length, "### END RULES ###")) {
			ret->end = number;
			ret->blank_before_end = blank;
		} else if (line_begins(line, length, "### tuple ###"))
			ret->tuples++;
		blank = line_is(line, length, "");
	}
	return true;
}

static const char *own_path(const struct repair *repair, const char *directory, const char *name)
{
	return arena_printf(repair->findings->arena, "%s/%s%s.rules", directory, name, repair->ipv6 ? "6" : "");
}

static void insert(const struct repair *repair, const char *path, unsigned line, const char *text)
{
	repair_insert_line(repair->findings, repair->problem, path, line, text);
}

/* What ufw's _write_rules() puts down for `allow PORT/tcp`. */
static const char *user_rule(const struct repair *repair)
{
	const char *any = repair->ipv6 ? "::/0" : "0.0.0.0/0";

	return arena_printf(repair->findings->arena,
			    "### tuple ### allow tcp %u %s any %s in\n-A ufw%s-user-input -p tcp --dport %u -j ACCEPT",
			    repair->breach->port, any, any, repair->ipv6 ? "6" : "", repair->breach->port);
}

static bool append_user_rule(const struct repair *repair, const struct rules_file *file)
{
	struct arena *arena = repair->findings->arena;
	const char *rule = user_rule(repair);

	if (file->end)
		insert(repair, file->path, file->end,
		       arena_printf(arena, "%s%s\n", file->blank_before_end ? "" : "\n", rule));
	else if (file->rules && !file->tuples)
		insert(repair, file->path, file->rules + 1, arena_printf(arena, "\n%s", rule));
	else if (file->commit)
		insert(repair, file->path, file->commit, arena_printf(arena, "%s\n", rule));
	else
		return false;
	return true;
}

/* obstacle: the line that must come after it, where it is in this file. */
static bool prepend_user_rule(const struct repair *repair, const struct rules_file *file, unsigned obstacle)
{
	if (file->rules && (!obstacle || obstacle > file->rules))
		insert(repair, file->path, file->rules + 1,
		       arena_printf(repair->findings->arena, "\n%s", user_rule(repair)));
	else if (obstacle)
		insert(repair, file->path, obstacle, user_rule(repair));
	else
		return append_user_rule(repair, file);
	return true;
}

/* What lets the packet that is stopped pass, in a chain of any table. */
static const char *plain_rule(const struct repair *repair, const char *command, const struct chain *chain,
			      const char *name)
{
	enum packet_kind packet = repair->breach->obstacle->packet;
	/* Connections are not tracked yet where raw's chains are. */
	bool tracked = packet != PACKET_SYN && (!chain || !string_equal(chain->table->name, "raw"));

	return arena_printf(repair->findings->arena, "%s %s -p tcp %s %u%s -j ACCEPT", command, name,
			    packet_leaves(packet) ? "--sport" : "--dport", repair->breach->port,
			    tracked ? " -m conntrack --ctstate ESTABLISHED" : "");
}

static void describe(const struct repair *repair, const char *path)
{
	if (repair->problem->repair)
		problem_repair(repair->findings, repair->problem, VERB_ADD, "%s and %s", repair->problem->repair, path);
	else
		problem_repair(repair->findings, repair->problem, VERB_ADD, "a rule that accepts port %u/tcp to %s",
			       repair->breach->port, path);
}

/* The end of the table that line is in. */
static unsigned find_commit(const struct blob *content, unsigned line)
{
	const char *text;
	size_t offset = 0, length;

	for (unsigned number = 1; next_line(content, &offset, &text, &length); number++) {
		if (number >= line && line_is(text, length, "COMMIT"))
			return number;
	}
	return 0;
}

/* In the chain and the file where it happened: before the rule, or as the last one before the policy. */
static bool insert_at_obstacle(const struct repair *repair, const struct chain *chain, const struct place *place)
{
	struct rules_file file;
	bool inserts;
	unsigned line;

	if (!place->line || !read_rules(repair, place->path, &file))
		return false;
	/* What is loaded with -I comes before all that is there then. */
	inserts = repair->breach->obstacle->rule && (line_begins(place->text, place->text_length, "-I") ||
						     line_begins(place->text, place->text_length, "--insert"));
	if (!repair->breach->obstacle->rule)
		line = find_commit(&file.content, place->line);
	else
		line = place->line + inserts;
	if (!line)
		return false;
	describe(repair, place->path);
	insert(repair, place->path, line, plain_rule(repair, inserts ? "-I" : "-A", chain, chain->name));
	return true;
}

/* At the end of ufw-before-input or -output: the user's rules come after it. */
static bool append_before_rule(const struct repair *repair)
{
	bool leaves = packet_leaves(repair->breach->obstacle->packet);
	struct rules_file file;

	if (!read_rules(repair, own_path(repair, UFW_DIRECTORY, "before"), &file) || !file.commit)
		return false;
	describe(repair, file.path);
	insert(repair, file.path, file.commit,
	       plain_rule(repair, "-A", NULL,
			  arena_printf(repair->findings->arena, "ufw%s-before-%s", repair->ipv6 ? "6" : "",
				       leaves ? "output" : "input")));
	return true;
}

static bool is_user_chain(const struct chain *chain)
{
	static const char *const names[] = {"ufw-user-input", "ufw6-user-input", "ufw-user-output", "ufw6-user-output"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal(chain->name, names[i]))
			return true;
	}
	return false;
}

/* Connections that come in: the user's rules, or what comes before them where ufw(8) itself could not write those. */
static bool add_user_rule(const struct repair *repair, const struct place *place)
{
	const struct obstacle *obstacle = repair->breach->obstacle;
	const char *path = own_path(repair, ufw_user_directory(repair->facts->target, repair->findings->arena), "user");
	bool in_the_way = obstacle->rule && is_user_chain(obstacle->chain);
	struct rules_file file;
	bool added;

	if (!read_rules(repair, path, &file) || !file.content.size)
		return append_before_rule(repair);
	if (in_the_way)
		added = prepend_user_rule(repair, &file, string_equal(place->path, path) ? place->line : 0);
	else
		added = append_user_rule(repair, &file);
	if (added)
		describe(repair, path);
	return added;
}

/* ufw's chains that stand for the policy are at the end of the way, unless the before rules jump there; the rule that
 * does, and its chain. */
static const struct rule *early_jump(const struct breach *breach, const struct chain **ret_chain)
{
	const struct chain *to = breach->obstacle->chain;
	const struct table *table = to->table;

	if (!breach->obstacle->rule || !strstr(to->name, "-skip-to-policy-"))
		return NULL;
	for (size_t i = 0; i < table->chains.count; i++) {
		const struct chain *from = table->chains.items[i];

		for (size_t j = 0; j < chain_rule_count(from); j++) {
			const struct rule *rule = chain_rule(from, j);
			const struct statement *last = rule->count ? &rule->statements[rule->count - 1] : NULL;

			if (last && last->kind == STATEMENT_VERDICT && last->verdict.chain == to && rule->place.path &&
			    string_after(rule->place.path, UFW_DIRECTORY "/before")) {
				*ret_chain = from;
				return rule;
			}
		}
	}
	return NULL;
}

/* Whether what ufw(8) writes, or a rule just before it, comes before the obstacle: that is the user's own rule, a
 * policy, or in the after rules. */
static bool comes_after_user_rules(const struct obstacle *obstacle, const struct place *place)
{
	return string_equal(obstacle->chain->table->name, "filter") &&
	       (string_equal(place->path, UFW_DEFAULTS) || is_user_chain(obstacle->chain) ||
		string_equal(place->path, UFW_DIRECTORY "/after.rules") ||
		string_equal(place->path, UFW_DIRECTORY "/after6.rules"));
}

static bool repair_family(struct repair *repair, const struct place *place)
{
	const struct obstacle *obstacle = repair->breach->obstacle;
	const struct chain *from = NULL;
	const struct rule *jump = early_jump(repair->breach, &from);
	bool other_family = obstacle->chain->table->family == (repair->ipv6 ? FILTER_IPV4 : FILTER_IPV6);
	bool leaves = packet_leaves(obstacle->packet);

	if (repair->ipv6 && !ufw_uses_ipv6(repair->facts->target, repair->findings->arena)) {
		problem_remedy(repair->findings, repair->problem,
			       "set IPV6=yes in " UFW_DEFAULTS ", then: ufw reload; ufw allow %u/tcp",
			       repair->breach->port);
		return false;
	}
	if (jump)
		return !other_family && insert_at_obstacle(repair, from, &jump->place);
	if (!comes_after_user_rules(obstacle, place))
		return !other_family && insert_at_obstacle(repair, obstacle->chain, place);
	return leaves ? append_before_rule(repair) : add_user_rule(repair, place);
}

bool firewall_repair_ufw(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct breach *breach)
{
	struct repair repair = {.facts = facts, .findings = findings, .problem = problem, .breach = breach};
	const struct obstacle *obstacle = breach->obstacle;
	const struct place *place;
	bool repaired = false;

	if (!obstacle || !obstacle->chain)
		return false;
	place = obstacle_place(obstacle);
	if (!place->path)
		return false;
	if (breach->ipv4)
		repaired = repair_family(&repair, place);
	repair.ipv6 = true;
	if (breach->ipv6)
		repaired = repair_family(&repair, place) || repaired;
	return repaired;
}
