/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs of iptables-save files: one rule that accepts the connection, in the chain that stops it and just before it
 * does. The order of the lines is the order of the rules, but for -I, whose rules come to stand before those above.
 */
#include "stage/firewall.h"

#include "base/ctype.h"
#include "base/text.h"

/* A command of the file: where its chain and a rule's number stand. */
struct command {
	char letter; /* 'A', 'I', 'R', …; 0: none of those that add a rule */
	const char *counters; /* "[0:0] " where the line has some, else "" */
	const char *chain;
	const char *number; /* "" where the line has none */
};

/* Long names may be shortened, but no other option begins so. */
static char command_letter(const char *word)
{
	static const struct {
		const char *name;
		char letter;
	} commands[] = {{"append", 'A'}, {"insert", 'I'}, {"replace", 'R'}};

	if (word[0] == '-' && word[1] && strchr("AIR", word[1]) && !word[2])
		return word[1];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (word[0] == '-' && word[1] == '-' && strlen(word) > 4 &&
		    strncmp(commands[i].name, word + 2, strlen(word + 2)) == 0)
			return commands[i].letter;
	}
	return '\0';
}

static struct command read_command(struct arena *arena, const char *line, size_t length)
{
	struct command command = {.counters = "", .chain = "", .number = ""};
	char *rest = arena_memdup(arena, line, length), *word;

	while (char_is_space(*rest))
		rest++;
	if (*rest == '[' && strchr(rest, ']')) {
		command.counters = "[0:0] ";
		rest = strchr(rest, ']') + 1;
	}
	/* iptables-save writes the command first; people may not. */
	for (word = cut_word(&rest); *word && !command.letter; word = cut_word(&rest)) {
		command.letter = command_letter(word);
		if (!command.letter && word[0] == '-' && word[1] && strchr("AIR", word[1])) {
			command.letter = word[1];
			command.chain = word + 2;
		}
	}
	if (!command.letter)
		return command;
	if (!*command.chain) {
		command.chain = word;
		word = cut_word(&rest);
	}
	if (char_is_digit(*word))
		command.number = word;
	return command;
}

/* The rules file, and what is to be known of the table that a line of it is in. */
struct rules_file {
	struct blob content;
	unsigned last_rule; /* the last line that adds a rule to the chain, or 0 */
	unsigned commit;
	bool untracked; /* some rule takes packets out of connection tracking */
	struct command at; /* what stands at the line */
	struct command last; /* what stands at last_rule */
};

/* Whether the line is that word, but for white space behind it. */
static bool line_is(const char *line, size_t length, const char *word)
{
	while (length && char_is_space(line[length - 1]))
		length--;
	return length == strlen(word) && memcmp(line, word, length) == 0;
}

static bool contains(const struct blob *content, const char *word)
{
	return memmem(content->data, content->size, word, strlen(word)) != NULL;
}

static void look_at_table(struct arena *arena, const char *chain, unsigned wanted, struct rules_file *ret)
{
	const char *line;
	size_t offset = 0, length;

	for (unsigned number = 1; !ret->commit && next_line(&ret->content, &offset, &line, &length); number++) {
		struct command command;

		if (length && *line == '*' && number < wanted)
			ret->last_rule = 0;
		if (number > wanted && line_is(line, length, "COMMIT"))
			ret->commit = number;
		command = read_command(arena, line, length);
		if (number == wanted)
			ret->at = command;
		if (command.letter && string_equal(command.chain, chain)) {
			ret->last_rule = number;
			ret->last = command;
		}
	}
	ret->untracked = contains(&ret->content, "NOTRACK") || contains(&ret->content, "--notrack");
}

/* The condition of the rule, and its verdict. Answers go out by their state, where there is one. */
static const char *rule_text(struct arena *arena, const struct breach *breach, const struct rules_file *file)
{
	const struct table *table = breach->obstacle->chain->table;
	bool stateful = !file->untracked && !string_equal(table->name, "raw") && !string_equal(table->name, "mangle");

	if (packet_is_neighbours(breach->obstacle->packet))
		return arena_printf(arena, "-p ipv6-icmp -m icmp6 --icmpv6-type %u -j ACCEPT",
				    packet_leaves(breach->obstacle->packet) ? 136 : 135);
	if (!packet_leaves(breach->obstacle->packet))
		return arena_printf(arena, "-p tcp -m tcp --dport %u -j ACCEPT", breach->port);
	return arena_printf(arena, "-p tcp -m tcp --sport %u %s-j ACCEPT", breach->port,
			    stateful ? "-m conntrack --ctstate ESTABLISHED " : "");
}

static bool is_loaded(const struct breach *breach, const char *path)
{
	for (size_t i = 0; i < breach->loaded.count; i++) {
		if (string_equal(breach->loaded.items[i], path))
			return true;
	}
	return false;
}

/* Where no line may be added: what the owner can do. */
static bool leave(struct findings *findings, struct problem *problem, const char *what, const struct place *place)
{
	problem_remedy(findings, problem, "%s (%s, line %u)", what, place->path, place->line);
	return false;
}

bool firewall_repair_iptables(const struct facts *facts, struct findings *findings, struct problem *problem,
			      const struct breach *breach)
{
	struct arena *arena = findings->arena;
	const struct obstacle *obstacle = breach->obstacle;
	const struct chain *chain = obstacle ? obstacle->chain : NULL;
	const struct place *place = chain ? obstacle_place(obstacle) : NULL;
	struct rules_file file = {0};
	const char *rule, *text;
	unsigned before;

	if (!place || !place->path || !place->line || !is_loaded(breach, place->path))
		return false;
	if (obstacle->diverted || string_equal(chain->table->name, "nat"))
		return leave(findings, problem, "leave the SSH port out of the address translation", place);
	if (string_after(place->path, "/usr/"))
		return leave(findings, problem,
			     "accept the SSH port before this rule, in a copy of the file below /etc", place);
	if (target_read(facts->target, place->path, TARGET_FILE_LIMIT, arena, &file.content, NULL) < 0)
		return false;
	look_at_table(arena, chain->name, place->line, &file);
	rule = rule_text(arena, breach, &file);
	if (!obstacle->rule) {
		if (!file.commit)
			return false;
		before = file.last_rule ? file.last_rule + 1 : file.commit;
		text =
		    arena_printf(arena, "%s-A %s %s", file.last.counters ? file.last.counters : "", chain->name, rule);
	} else if (file.at.letter == 'A') {
		before = place->line;
		text = arena_printf(arena, "%s-A %s %s", file.at.counters, chain->name, rule);
	} else if (file.at.letter) {
		/* To the place of the rule that was put there. */
		before = place->line + 1;
		text = arena_printf(arena, "%s-I %s%s%s %s", file.at.counters, chain->name, *file.at.number ? " " : "",
				    file.at.number, rule);
	} else {
		return false;
	}
	repair_insert_line(findings, problem, place->path, before, text);
	problem_repair(findings, problem, VERB_ADD, "%s", text);
	return true;
}
