/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that load packet filter rules, as units and small scripts run them: nft(8), iptables(8) and
 * iptables-restore(8) of both families and backends, ipset(8). */
#include "stage/firewall_load.h"

#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "stage/firewall_mention.h"

/* What is being made of one command. */
struct command {
	struct arena *arena;
	const string_list *words;
	size_t next;
	const char *standard_input; /* of "< FILE" */
	struct firewall_step step;
	firewall_steps *steps;
};

static const char *next_word(struct command *command)
{
	return command->next < command->words->count ? command->words->items[command->next++] : NULL;
}

static int add_step(struct command *command)
{
	*array_push(command->arena, command->steps) = command->step;
	return 1;
}

/* The words from here on with blanks between them, as nft(8) joins its arguments. */
static const char *joined_words(struct command *command)
{
	struct text text = {.arena = command->arena};
	const char *word;

	text_add_string(&text, "");
	while ((word = next_word(command)))
		text_printf(&text, "%s%s", text.size ? " " : "", word);
	return text.data;
}

/* One word of a line for iptables-restore(8): where it would be cut or quotes would be lost, in double quotes. */
static void add_quoted(struct text *text, const char *word)
{
	if (*word && !word[strcspn(word, " \t\"")]) {
		text_add_string(text, word);
		return;
	}
	text_add_string(text, "\"");
	for (; *word; word++)
		text_printf(text, "%s%c", *word == '"' || *word == '\\' ? "\\" : "", *word);
	text_add_string(text, "\"");
}

/* The words from here on as such a line, or of ipset(8), whose quotes know no backslash. NULL where that has no form
 * for them. */
static const char *quoted_words(struct command *command)
{
	struct text text = {.arena = command->arena};
	const char *word, *never = command->step.format == FIREWALL_IPSET ? "\n\"" : "\n";

	text_add_string(&text, "");
	while ((word = next_word(command))) {
		if (word[strcspn(word, never)])
			return NULL;
		if (text.size)
			text_add_string(&text, " ");
		add_quoted(&text, word);
	}
	return text.data;
}

/* The rules come from a file, named or on standard input. Other paths than absolute ones depend on where the command
 * runs. */
static int load_file(struct command *command, const char *path)
{
	if (!path || string_equal(path, "-") || string_equal(path, "/dev/stdin"))
		path = command->standard_input;
	if (!path || *path != '/')
		return -EINVAL;
	command->step.path = path;
	return add_step(command);
}

/* What an option of nft(8) does to the rules: those that are not here are not understood, such as the include path,
 * variables and JSON. Letters may stand together. */
enum nft_option {
	NFT_OPTION_OTHER,
	NFT_OPTION_OUTPUT, /* only changes what is printed */
	NFT_OPTION_FILE,
	NFT_OPTION_NOTHING, /* checks, or shows something, and loads nothing */
};

static enum nft_option nft_letter(char letter)
{
	return letter == 'f'			? NFT_OPTION_FILE
	       : strchr("chvV", letter)		? NFT_OPTION_NOTHING
	       : strchr("aenopstuyNST", letter) ? NFT_OPTION_OUTPUT
						: NFT_OPTION_OTHER;
}

static enum nft_option nft_long_option(const char *word)
{
	static const struct {
		const char *name;
		enum nft_option option;
	} options[] = {
	    {"--file", NFT_OPTION_FILE},	{"--check", NFT_OPTION_NOTHING}, {"--help", NFT_OPTION_NOTHING},
	    {"--version", NFT_OPTION_NOTHING},	{"--echo", NFT_OPTION_OUTPUT},	 {"--handle", NFT_OPTION_OUTPUT},
	    {"--stateless", NFT_OPTION_OUTPUT}, {"--terse", NFT_OPTION_OUTPUT},	 {"--numeric", NFT_OPTION_OUTPUT},
	    {"--optimize", NFT_OPTION_OUTPUT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (string_equal(options[i].name, word))
			return options[i].option;
	}
	return NFT_OPTION_OTHER;
}

/* One word of options. *file: of the last -f. */
static enum nft_option take_nft_option(struct command *command, const char *word, const char **file)
{
	enum nft_option option = nft_long_option(word);

	if (string_after(word, "--file=")) {
		*file = string_after(word, "--file=");
		return NFT_OPTION_FILE;
	}
	if (option == NFT_OPTION_FILE)
		*file = next_word(command);
	if (option != NFT_OPTION_OTHER || word[1] == '-')
		return option;
	for (word++; *word; word++) {
		option = nft_letter(*word);
		if (option == NFT_OPTION_FILE) {
			*file = word[1] ? word + 1 : next_word(command);
			return option;
		}
		if (option != NFT_OPTION_OUTPUT)
			break;
	}
	return option;
}

/* nft refuses what looks like an option behind other words, as long as no block has begun. */
static bool has_late_option(const struct command *command)
{
	for (size_t i = command->next; i < command->words->count && command->words->items[i][0] != '{'; i++) {
		if (command->words->items[i][0] == '-')
			return true;
	}
	return false;
}

/* Words behind the options are what it runs, whether a file was named or not; of several files the last one is read. */
static int command_nft(struct command *command)
{
	const char *word, *file = NULL;
	bool reads_file = false;

	command->step.format = FIREWALL_NFT;
	while ((word = next_word(command)) && *word == '-' && !string_equal(word, "--")) {
		switch (take_nft_option(command, word, &file)) {
		case NFT_OPTION_OTHER:
			return -EINVAL;
		case NFT_OPTION_NOTHING:
			return 0;
		case NFT_OPTION_FILE:
			reads_file = true;
			break;
		case NFT_OPTION_OUTPUT:
			break;
		}
	}
	if (word && string_equal(word, "--"))
		word = next_word(command);
	if (!word)
		return !reads_file ? 0 : file ? load_file(command, file) : -EINVAL;
	if (string_equal(word, "list"))
		return 0;
	if (has_late_option(command))
		return -EINVAL;
	command->next--;
	command->step.text = joined_words(command);
	return add_step(command);
}

/* "-w", "-w 5", "--wait=5": how long to wait for another program. */
static bool take_wait(struct command *command, const char *word)
{
	const char *next;
	uint64_t seconds;

	if (string_after(word, "--wait=") || string_after(word, "--wait-interval=") ||
	    (string_after(word, "-w") && char_is_digit(word[2])))
		return true;
	if (!string_equal(word, "-w") && !string_equal(word, "--wait") && !string_equal(word, "-W"))
		return false;
	next = next_word(command);
	if (next && !parse_number(next, UINT32_MAX, &seconds))
		command->next--;
	return true;
}

static int command_iptables_restore(struct command *command)
{
	const char *word, *file = NULL;

	while ((word = next_word(command))) {
		if (take_wait(command, word) || string_equal(word, "-c") || string_equal(word, "--counters") ||
		    string_equal(word, "-v") || string_equal(word, "--verbose"))
			continue;
		if (string_equal(word, "-n") || string_equal(word, "--noflush"))
			command->step.keep = true;
		else if (string_equal(word, "-t") || string_equal(word, "--test"))
			return 0;
		else if (*word == '-' || file)
			return -EINVAL;
		else
			file = word;
	}
	return load_file(command, file);
}

/* One change, as a line of iptables-restore --noflush. */
static int command_iptables(struct command *command)
{
	const char *table = "filter", *word;
	string_list arguments = {0};
	struct command rest = *command;
	const char *line;

	while ((word = next_word(command))) {
		const char *named = string_after(word, "--table=");

		if (take_wait(command, word))
			continue;
		if (string_equal(word, "-t") || string_equal(word, "--table"))
			named = next_word(command);
		if (named)
			table = named;
		else if (string_equal(word, "-L") || string_equal(word, "-S") || string_equal(word, "--list") ||
			 string_equal(word, "-C") || string_equal(word, "--version"))
			return 0;
		else
			*array_push(command->arena, &arguments) = (char *)word;
	}
	rest.words = &arguments;
	rest.next = 0;
	line = quoted_words(&rest);
	/* What does not begin with an option might be taken for a line of another kind. */
	if (!line || *line != '-' || table[strcspn(table, " \t\n\"")])
		return -EINVAL;
	command->step.keep = true;
	command->step.text = arena_printf(command->arena, "*%s\n%s\nCOMMIT\n", table, line);
	return add_step(command);
}

static int command_ipset(struct command *command)
{
	const char *file = NULL, *word;
	bool restore = false;

	command->step.format = FIREWALL_IPSET;
	for (size_t i = command->next; i < command->words->count; i++)
		restore = restore || string_equal(command->words->items[i], "restore");
	if (!restore) {
		command->step.text = quoted_words(command);
		return command->step.text ? add_step(command) : -EINVAL;
	}
	while ((word = next_word(command))) {
		if (string_equal(word, "-f") || string_equal(word, "-file"))
			file = next_word(command);
		else if (!string_equal(word, "restore") && !string_equal(word, "-exist") && !string_equal(word, "-!"))
			return -EINVAL;
	}
	return load_file(command, file);
}

enum backend {
	BACKEND_ANY,
	BACKEND_NFT,
	BACKEND_LEGACY,
};

static const struct tool {
	const char *name;
	int (*function)(struct command *command);
	bool ipv6;
	enum backend backend;
} tools[] = {
    {"nft", command_nft, false, BACKEND_ANY},
    {"ipset", command_ipset, false, BACKEND_ANY},
    {"iptables", command_iptables, false, BACKEND_ANY},
    {"ip6tables", command_iptables, true, BACKEND_ANY},
    {"iptables-nft", command_iptables, false, BACKEND_NFT},
    {"ip6tables-nft", command_iptables, true, BACKEND_NFT},
    {"iptables-legacy", command_iptables, false, BACKEND_LEGACY},
    {"ip6tables-legacy", command_iptables, true, BACKEND_LEGACY},
    {"iptables-restore", command_iptables_restore, false, BACKEND_ANY},
    {"ip6tables-restore", command_iptables_restore, true, BACKEND_ANY},
    {"iptables-nft-restore", command_iptables_restore, false, BACKEND_NFT},
    {"ip6tables-nft-restore", command_iptables_restore, true, BACKEND_NFT},
    {"iptables-legacy-restore", command_iptables_restore, false, BACKEND_LEGACY},
    {"ip6tables-legacy-restore", command_iptables_restore, true, BACKEND_LEGACY},
};

static bool is_shell(const char *name)
{
	return string_equal(name, "sh") || string_equal(name, "bash") || string_equal(name, "dash");
}

static bool words_mention_firewall(const string_list *words)
{
	for (size_t i = 0; i < words->count; i++) {
		if (mentions_firewall(words->items[i], strlen(words->items[i])))
			return true;
	}
	return false;
}

int firewall_command(struct arena *arena, const struct simple_command *simple, const char *path, unsigned line,
		     firewall_steps *ret)
{
	const string_list *words = &simple->words;
	struct command command = {
	    .arena = arena,
	    .words = words,
	    .next = 1,
	    .standard_input = simple->input,
	    .step = {.format = FIREWALL_IPTABLES,
		     .path = path,
		     .line = line,
		     .may_fail = simple->may_fail,
		     .stops = simple->stops,
		     .programs = {words->count ? words->items[0] : NULL}},
	    .steps = ret,
	};
	const char *name;

	if (!words->count)
		return 0;
	name = strrchr(words->items[0], '/');
	name = name ? name + 1 : words->items[0];
	if (is_shell(name) && words->count == 3 && string_equal(words->items[1], "-c"))
		return firewall_shell_line(arena, words->items[2], path, line, ret);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (!string_equal(tools[i].name, name))
			continue;
		command.step.ipv6 = tools[i].ipv6;
		command.step.other_backend = tools[i].backend != BACKEND_ANY;
		command.step.legacy = tools[i].backend == BACKEND_LEGACY;
		return tools[i].function(&command);
	}
	return words_mention_firewall(words) ? -EINVAL : 0;
}
