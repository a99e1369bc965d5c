/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The repair of nft rules: one rule that accepts, before the rule that stops the connection, or behind the last one
 * where the policy does. It is written as its neighbour is: a line of a block, a part of a line, or a command.
 */
#include "stage/firewall.h"

#include "base/text.h"

struct repair {
	const struct facts *facts;
	struct findings *findings;
	struct problem *problem;
	const struct breach *breach;
	const struct chain *chain;
	const char *rule; /* that is added */
};

/* A line of the file, and a place in it. */
struct line {
	const char *text; /* a copy, terminated */
	const char *before; /* the line before it, or NULL */
	size_t column; /* from 0 */
};

/* --- the rule -------------------------------------------------------------- */

static const char *family_test(const struct breach *breach, enum filter_family family)
{
	if ((breach->ipv4 && breach->ipv6) || family == FILTER_IPV4 || family == FILTER_IPV6)
		return "";
	if (family == FILTER_NETDEV)
		return breach->ipv4 ? "meta protocol ip " : "meta protocol ip6 ";
	return breach->ipv4 ? "meta nfproto ipv4 " : "meta nfproto ipv6 ";
}

/* Answers of connections that were let in, and nothing that this machine begins from that port. */
static const char *make_rule(const struct repair *repair)
{
	const struct obstacle *obstacle = repair->breach->obstacle;
	bool leaves = packet_leaves(obstacle->packet);
	enum filter_family family = repair->chain->table->family;

	if (packet_is_neighbours(obstacle->packet))
		return "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";
	return arena_printf(repair->facts->arena, "%stcp %s %u %saccept", family_test(repair->breach, family),
			    leaves ? "sport" : "dport", repair->breach->port,
			    leaves && family != FILTER_NETDEV ? "ct state established " : "");
}

/* --- the neighbour's line -------------------------------------------------- */

static bool read_line(const struct repair *repair, const char *path, unsigned number, struct line *ret)
{
	struct arena *arena = repair->facts->arena;
	struct blob content;
	size_t offset = 0, length;
	const char *line, *before = NULL;
	size_t before_length = 0;

	*ret = (struct line){0};
	if (target_read(repair->facts->target, path, TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return false;
	for (unsigned i = 1; next_line(&content, &offset, &line, &length); i++) {
		if (i == number) {
			ret->text = arena_memdup(arena, line, length);
			ret->before = before ? arena_memdup(arena, before, before_length) : NULL;
			return true;
		}
		before = line;
		before_length = length;
	}
	return false;
}

static const char *indentation(const struct repair *repair, const char *line)
{
	return arena_memdup(repair->facts->arena, line, strspn(line, " \t"));
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " \t;")] || text[strspn(text, " \t;")] == '#';
}

static void insert_line(const struct repair *repair, const struct place *place, unsigned before, const char *indent,
			const char *text)
{
	repair_insert_line(repair->findings, repair->problem, place->path, before,
			   arena_printf(repair->facts->arena, "%s%s", indent, text));
}

static void splice(const struct repair *repair, const struct place *place, unsigned number, const struct line *line,
		   size_t column, const char *text)
{
	repair_replace_line(
	    repair->findings, repair->problem, place->path, number,
	    arena_printf(repair->facts->arena, "%.*s%s%s", (int)column, line->text, text, line->text + column));
}

/* Where the statement or command that holds the column begins: behind a brace or semicolon. */
static size_t segment_start(const struct line *line)
{
	size_t start = line->column;

	while (start > 0 && line->text[start - 1] != ';' && line->text[start - 1] != '{')
		start--;
	return start + strspn(line->text + start, " \t");
}

/* "add rule inet filter input", as it stands before the rule; NULL in a block. */
static const char *command_of(const struct repair *repair, const struct line *line, size_t start)
{
	size_t end = line->column;

	while (end > start && (line->text[end - 1] == ' ' || line->text[end - 1] == '\t'))
		end--;
	return end > start ? arena_memdup(repair->facts->arena, line->text + start, end - start) : NULL;
}

static bool names_a_place(const char *command)
{
	return strstr(command, " index ") || strstr(command, " handle ") || strstr(command, " position ") ||
	       string_after(command, "replace");
}

/* A line that goes on from the one before is left alone. */
static bool find_neighbour(const struct repair *repair, const struct place *place, unsigned number, size_t column,
			   struct line *ret)
{
	if (!read_line(repair, place->path, number, ret) || column > strlen(ret->text))
		return false;
	ret->column = column;
	return !ret->before || !string_ends_with(ret->before, "\\");
}

/* --- before a rule --------------------------------------------------------- */

static bool add_before(const struct repair *repair, const struct place *place)
{
	const char *command, *text;
	struct line line;
	size_t start;
	bool inserts;

	if (!find_neighbour(repair, place, place->line, place->column - 1, &line))
		return false;
	start = segment_start(&line);
	command = command_of(repair, &line, start);
	if (command && names_a_place(command))
		return false;
	text = command ? arena_printf(repair->facts->arena, "%s %s", command, repair->rule) : repair->rule;
	/* What is inserted last comes first. */
	inserts = command && string_after(command, "insert");
	if (start == strspn(line.text, " \t"))
		insert_line(repair, place, place->line + inserts, indentation(repair, line.text), text);
	else if (inserts)
		return false;
	else
		splice(repair, place, place->line, &line, start, arena_printf(repair->facts->arena, "%s; ", text));
	return true;
}

/* --- behind a rule or policy ----------------------------------------------- */

/* The line and column of a place's end. */
static void end_of(const struct place *place, unsigned *ret_line, size_t *ret_column)
{
	*ret_line = place->line;
	*ret_column = place->column - 1;
	for (unsigned i = 0; i < place->text_length; i++) {
		if (place->text[i] == '\n') {
			++*ret_line;
			*ret_column = 0;
		} else {
			++*ret_column;
		}
	}
	/* The blanks before the separator belong to nobody. */
	for (unsigned i = place->text_length; i > 0 && *ret_column > 0; i--) {
		if (place->text[i - 1] != ' ' && place->text[i - 1] != '\t')
			break;
		--*ret_column;
	}
}

/* As a command of its own, in the line behind. */
static bool add_command(const struct repair *repair, const struct place *place, const char *command)
{
	struct line end;
	unsigned number;
	size_t column;

	end_of(place, &number, &column);
	if (names_a_place(command) || string_after(command, "insert") ||
	    !read_line(repair, place->path, number, &end) || column > strlen(end.text) || !is_blank(end.text + column))
		return false;
	insert_line(repair, place, number + 1, indentation(repair, end.text),
		    arena_printf(repair->facts->arena, "%s %s", command, repair->rule));
	return true;
}

static bool add_in_block(const struct repair *repair, const struct place *place)
{
	struct line end, line;
	unsigned number;
	size_t column;

	end_of(place, &number, &column);
	if (!read_line(repair, place->path, place->line, &line) || !read_line(repair, place->path, number, &end) ||
	    column > strlen(end.text))
		return false;
	if (is_blank(end.text + column))
		insert_line(repair, place, number + 1, indentation(repair, line.text), repair->rule);
	else
		splice(repair, place, number, &end, column, arena_printf(repair->facts->arena, "; %s", repair->rule));
	return true;
}

static bool add_behind(const struct repair *repair, const struct place *place)
{
	const char *command;
	struct line line;

	if (!find_neighbour(repair, place, place->line, place->column - 1, &line))
		return false;
	command = command_of(repair, &line, segment_start(&line));
	return command ? add_command(repair, place, command) : add_in_block(repair, place);
}

/* --- where ----------------------------------------------------------------- */

/* Never reached: what stands behind a rule that ends the chain for all packets. */
static bool ends_chain(const struct rule *rule)
{
	return rule->count == 1 && rule->statements[0].kind == STATEMENT_VERDICT &&
	       (rule->statements[0].verdict.kind == VERDICT_RETURN || rule->statements[0].verdict.kind == VERDICT_GOTO);
}

static bool may_edit(const struct repair *repair, const struct place *place)
{
	if (!place->path || !place->line || !place->column)
		return false;
	if (!string_after(place->path, "/usr/"))
		return true;
	problem_remedy(repair->findings, repair->problem,
		       "%s belongs to the distribution: add \"%s\" to chain %s in a rules file of your own",
		       place->path, repair->rule, repair->chain->name);
	return false;
}

/* The policy stops what comes to the chain's end. */
static bool add_at_end(const struct repair *repair)
{
	size_t count = chain_rule_count(repair->chain);

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = chain_rule(repair->chain, i);

		if (ends_chain(rule))
			return may_edit(repair, &rule->place) && add_before(repair, &rule->place);
	}
	if (count) {
		const struct rule *rule = chain_rule(repair->chain, count - 1);

		return may_edit(repair, &rule->place) && add_behind(repair, &rule->place);
	}
	return may_edit(repair, &repair->chain->policy_place) && add_in_block(repair, &repair->chain->policy_place);
}

bool firewall_repair_nft(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct breach *breach)
{
	static const char *const families[] = {"ip", "ip6", "inet", "netdev", "arp", "bridge"};
	const struct obstacle *obstacle = breach->obstacle;
	struct repair repair = {facts, findings, problem, breach, obstacle->chain, NULL};
	bool done;

	if (!obstacle->chain || obstacle->diverted || obstacle->chain->table->legacy)
		return false;
	repair.rule = make_rule(&repair);
	if (obstacle->rule)
		done = may_edit(&repair, &obstacle->rule->place) && add_before(&repair, &obstacle->rule->place);
	else
		done = add_at_end(&repair);
	if (done)
		problem_repair(findings, problem, VERB_ADD, "%s to chain %s of table %s %s", repair.rule,
			       repair.chain->name, families[repair.chain->table->family], repair.chain->table->name);
	return done;
}
