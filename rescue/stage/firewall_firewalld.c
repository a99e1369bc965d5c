/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs of firewalld's configuration: in the file of the zone or policy that stops the connection, what
 * `firewall-offline-cmd --add-service=ssh` or `--add-port=PORT/tcp` would add; a rich rule of an earlier priority where
 * a rich rule is in the way; a direct rule before a direct rule. A file of the package is copied to /etc first.
 */
#include "stage/firewall.h"

#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld.h"

#define ETC "/etc/firewalld/"
#define VENDOR "/usr/lib/firewalld/"

struct repair {
	const struct facts *facts;
	struct findings *findings;
	struct problem *problem;
	const struct breach *breach;
	const struct obstacle *obstacle;
	struct place place; /* of what stops the connection */
};

static void describe(const struct repair *repair, const char *what, const char *path)
{
	problem_repair(repair->findings, repair->problem, VERB_ADD, "%s to %s", what, path);
}

/* --- what is added ---------------------------------------------------------- */

static const char *element(const struct repair *repair)
{
	struct arena *arena = repair->findings->arena;

	if (firewalld_service_is_port(repair->facts->target, arena, "ssh", repair->breach->port))
		return "<service name=\"ssh\"/>";
	return arena_printf(arena, "<port port=\"%u\" protocol=\"tcp\"/>", repair->breach->port);
}

/* The priority of the rich rule at fault, as its tag says it; the earliest there is where it cannot be seen. */
static int rule_priority(const struct repair *repair)
{
	static const char attribute[] = "priority=";
	const char *text, *end, *found;

	if (!repair->place.text)
		return INT16_MIN;
	text = arena_memdup(repair->findings->arena, repair->place.text, repair->place.text_length);
	end = strchr(text, '>');
	found = strstr(text, attribute);
	if (!found || !end || found > end)
		return INT16_MIN;
	return atoi(found + strlen(attribute) + 1);
}

/* As firewalld writes it, in the order of its attributes. */
static const char *rich_rule(const struct repair *repair, const char *indent, int priority)
{
	struct arena *arena = repair->findings->arena;
	const char *family = repair->breach->ipv4 && repair->breach->ipv6 ? ""
			     : repair->breach->ipv6			  ? " family=\"ipv6\""
									  : " family=\"ipv4\"";

	return arena_printf(arena, "%s<rule%s priority=\"%d\">\n%s%s%s\n%s%s<accept/>\n%s</rule>", indent, family,
			    priority, indent, indent, element(repair), indent, indent, indent);
}

/* --- where ------------------------------------------------------------------ */

/* Where the root element ends. */
struct end_tag {
	unsigned line; /* from 1 */
	const char *start; /* of that line */
	size_t before, length; /* of the line: before the tag, and all of it */
	bool empty; /* the root element is an empty one: "/>" */
};

static bool find_end_tag(const struct blob *content, const char *root, struct arena *arena, struct end_tag *ret)
{
	const char *tag = arena_printf(arena, "</%s", root), *found = NULL, *line;
	size_t offset = 0, length;

	for (const char *next = strstr(content->data, tag); next; next = strstr(next + 1, tag))
		found = next;
	ret->empty = !found;
	for (const char *next = found ? NULL : strstr(content->data, "/>"); next; next = strstr(next + 1, "/>"))
		found = next;
	if (!found)
		return false;
	for (ret->line = 1; next_line(content, &offset, &line, &length); ret->line++) {
		if (found < line || found > line + length)
			continue;
		ret->start = line;
		ret->length = length;
		ret->before = (size_t)(found - line);
		return true;
	}
	return false;
}

/* What the file's own elements are indented by. */
static const char *indentation(const struct blob *content, struct arena *arena)
{
	const char *line;
	size_t offset = 0, length;

	while (next_line(content, &offset, &line, &length)) {
		size_t blank = strspn(line, " \t");

		if (blank && blank < length && line[blank] == '<' && line[blank + 1] != '/')
			return arena_memdup(arena, line, blank);
	}
	return "  ";
}

/* The line with the end tag, with text on lines of its own before the tag. */
static const char *broken_line(struct arena *arena, const struct end_tag *end, const char *root, const char *text)
{
	size_t length = end->length;

	while (length > end->before && end->start[length - 1] == '\r')
		length--;
	if (end->empty)
		return arena_printf(arena, "%.*s>\n%s\n</%s>%.*s", (int)end->before, end->start, text, root,
				    (int)(length - end->before - 2), end->start + end->before + 2);
	return arena_printf(arena, "%.*s\n%s\n%.*s", (int)end->before, end->start, text, (int)(length - end->before),
			    end->start + end->before);
}

/* A file of the package stays as it is: its copy in /etc comes before it. */
static void copy_with_line(const struct repair *repair, const char *path, const struct blob *content,
			   const struct end_tag *end, const char *line)
{
	struct text text = {.arena = repair->findings->arena};
	size_t before = (size_t)(end->start - content->data);
	char *directory = arena_memdup(repair->findings->arena, path, (size_t)(strrchr(path, '/') - path));

	/* Packages have it with the mode that firewalld itself would make it with. */
	if (!target_exists(repair->facts->target, directory))
		repair_mkdir(repair->findings, repair->problem, directory, 0750, 0, 0);

	text_add(&text, content->data, before);
	text_add_string(&text, line);
	text_add(&text, content->data + before + end->length, content->size - before - end->length);
	repair_write(repair->findings, repair->problem, path, (struct blob){text.data, text.size}, 0644, 0, 0);
}

static bool is_blank_before(const struct end_tag *end)
{
	return !end->empty && strspn(end->start, " \t") >= end->before;
}

/* Adds to the end of a zone's or policy's file, or before the line at. */
static bool add_to_file(const struct repair *repair, const char *root, unsigned at, bool rich, int priority)
{
	struct arena *arena = repair->findings->arena;
	const char *vendor = string_after(repair->place.path, VENDOR), *path = repair->place.path, *text, *indent;
	struct blob content;
	struct end_tag end;

	if (target_read(repair->facts->target, path, TARGET_FILE_LIMIT, arena, &content, NULL) < 0 ||
	    !find_end_tag(&content, root, arena, &end))
		return false;
	indent = indentation(&content, arena);
	text = rich ? rich_rule(repair, indent, priority) : arena_printf(arena, "%s%s", indent, element(repair));
	if (vendor) {
		path = arena_printf(arena, ETC "%s", vendor);
		copy_with_line(repair, path, &content, &end,
			       is_blank_before(&end) ? arena_printf(arena, "%s\n%.*s", text, (int)end.length, end.start)
						     : broken_line(arena, &end, root, text));
	} else if (at && at < end.line) {
		repair_insert_line(repair->findings, repair->problem, path, at, text);
	} else if (is_blank_before(&end)) {
		repair_insert_line(repair->findings, repair->problem, path, end.line, text);
	} else {
		repair_replace_line(repair->findings, repair->problem, path, end.line,
				    broken_line(arena, &end, root, text));
	}
	describe(repair, rich ? "a rich rule that comes earlier" : element(repair), path);
	return true;
}

/* Rules of one priority apply in the order of the file; a plain service or port comes behind all that deny. */
static bool repair_zone(const struct repair *repair, const char *root)
{
	const char *chain = repair->obstacle->chain->name;

	if (string_ends_with(chain, "_pre"))
		return add_to_file(repair, root, repair->place.line, true, rule_priority(repair));
	if (string_ends_with(chain, "_deny"))
		return add_to_file(repair, root, 0, true, -1);
	return add_to_file(repair, root, 0, false, 0);
}

/* --- direct rules ----------------------------------------------------------- */

static bool repair_direct(const struct repair *repair)
{
	static const char suffix[] = "_direct";
	struct arena *arena = repair->findings->arena;
	const struct chain *chain = repair->obstacle->chain;
	bool leaves = packet_leaves(repair->obstacle->packet);
	const char *name = chain->name;

	if (string_ends_with(name, suffix))
		name = arena_memdup(arena, name, strlen(name) - strlen(suffix));
	if (!repair->place.line || repair->place.column)
		return false;
	repair_insert_line(repair->findings, repair->problem, repair->place.path, repair->place.line,
			   arena_printf(arena,
					"  <rule ipv=\"%s\" table=\"%s\" chain=\"%s\" priority=\"%d\">-p tcp %s %u "
					"-j ACCEPT</rule>",
					chain->table->family == FILTER_IPV6 ? "ipv6" : "ipv4", chain->table->name, name,
					INT16_MIN, leaves ? "--sport" : "--dport", repair->breach->port));
	describe(repair, "a direct rule that comes earlier", repair->place.path);
	return true;
}

/* --- which of these --------------------------------------------------------- */

/* While firewalld refuses the configuration, nothing that is added to it counts. */
static bool is_in_force(const struct repair *repair)
{
	struct ruleset ruleset = {.arena = repair->findings->arena};
	const zone_binding_list nothing = {0};
	struct load_report report = {0};

	if (firewalld_load(repair->facts->target, &ruleset, &nothing, &report))
		return true;
	problem_remedy(repair->findings, repair->problem,
		       "correct what firewalld refuses: firewall-offline-cmd --check-config");
	return false;
}

bool firewall_repair_firewalld(const struct facts *facts, struct findings *findings, struct problem *problem,
			       const struct breach *breach)
{
	static const struct {
		const char *directory, *root;
	} rows[] = {{ETC "zones/", "zone"},
		    {VENDOR "zones/", "zone"},
		    {ETC "policies/", "policy"},
		    {VENDOR "policies/", "policy"}};
	struct repair repair = {facts, findings, problem, breach, breach->obstacle, {0}};

	if (!breach->obstacle || !breach->obstacle->chain || !breach->obstacle->rule || breach->obstacle->diverted)
		return false;
	repair.place = breach->obstacle->rule->place;
	if (!repair.place.path || !is_in_force(&repair))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (string_after(repair.place.path, rows[i].directory))
			return repair_zone(&repair, rows[i].root);
	}
	return string_equal(repair.place.path, ETC "direct.xml") && repair_direct(&repair);
}
