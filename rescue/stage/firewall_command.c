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

/* The words from here on as one line, those with spaces in double quotes. */
static const char *rest_of_line(struct command *command)
{
	struct text text = {.arena = command->arena};
	const char *word;

	text_add_string(&text, "");
	while ((word = next_word(command))) {
		bool quote = word[strcspn(word, " \t")] != '\0';

		text_printf(&text, quote ? "%s\"%s\"" : "%s%s", text.size ? " " : "", word);
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

static int command_nft(struct command *command)
{
	const char *word;

	command->step.format = FIREWALL_NFT;
	while ((word = next_word(command)) && *word == '-') {
		const char *file = string_after(word, "--file=");

		if (string_equal(word, "-c") || string_equal(word, "--check"))
			return 0;
		if (string_equal(word, "-f") || string_equal(word, "--file"))
			file = next_word(command);
		if (file)
			return next_word(command) ? -EINVAL : load_file(command, file);
		/* Options that change what is printed only */
		if (string_equal(word, "-e") || string_equal(word, "--echo") || string_equal(word, "-o") ||
		    string_equal(word, "--optimize") || string_equal(word, "-a") || string_equal(word, "-s"))
			continue;
		return -EINVAL;
	}
	if (!word || string_equal(word, "list"))
		return 0;
	command->next--;
	command->step.text = rest_of_line(command);
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
	if (!arguments.count || table[strcspn(table, " \t\"")])
		return -EINVAL;
	rest.words = &arguments;
	rest.next = 0;
	command->step.keep = true;
	command->step.text = arena_printf(command->arena, "*%s\n%s\nCOMMIT\n", table, rest_of_line(&rest));
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
		command->step.text = rest_of_line(command);
		return add_step(command);
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

int firewall_command(struct arena *arena, const string_list *words, const char *path, unsigned line,
		     firewall_steps *ret)
{
	struct command command = {
	    .arena = arena,
	    .step = {.format = FIREWALL_IPTABLES, .path = path, .line = line},
	    .steps = ret,
	};
	string_list arguments = {0};
	const char *name;

	if (!words->count)
		return 0;
	name = strrchr(words->items[0], '/');
	name = name ? name + 1 : words->items[0];
	if (is_shell(name) && words->count == 3 && string_equal(words->items[1], "-c"))
		return firewall_shell_line(arena, words->items[2], path, line, ret);
	for (size_t i = 0; i < words->count; i++) {
		if (string_equal(words->items[i], "<") && i + 1 < words->count)
			command.standard_input = words->items[++i];
		else
			*array_push(arena, &arguments) = words->items[i];
	}
	command.words = &arguments;
	command.next = 1;
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

/* Splits a line of shell into the words of one simple command; "<" is a word of its own, what goes to /dev/null is left
 * out, and so is a last "|| true". False when the line is more than that. */
static bool shell_words(struct arena *arena, const char *text, string_list *ret)
{
	static const char special[] = "$`()|&;{}<>*?[]~!";

	while (*(text += strspn(text, " \t"))) {
		struct text word = {.arena = arena};
		bool quoted = false;

		if (*text == '#')
			return true;
		if (string_after(text, "2>/dev/null") || string_after(text, "2>&1") ||
		    string_after(text, ">/dev/null")) {
			text += strcspn(text, " \t");
			continue;
		}
		if (string_equal(text, "|| true") || string_equal(text, "|| :") || string_equal(text, "|| exit 0"))
			return true;
		if (*text == '<' && text[1] != '<') {
			*array_push(arena, ret) = arena_strdup(arena, "<");
			text++;
			continue;
		}
		text_add_string(&word, "");
		for (; *text && !char_is_space(*text); text++) {
			if (*text == '\'' || (*text == '"' && !text[strcspn(text, "$`\\")])) {
				size_t length = strcspn(text + 1, *text == '"' ? "\"" : "'");

				if (!text[1 + length])
					return false;
				text_add(&word, text + 1, length);
				text += 1 + length;
				quoted = true;
			} else if (*text == '"' || *text == '\\' || strchr(special, *text)) {
				/* "! -s 10.0.0.0/8" is a word of iptables. */
				if (*text != '!' || word.size)
					return false;
				text_add(&word, text, 1);
			} else {
				text_add(&word, text, 1);
			}
		}
		if (word.size || quoted)
			*array_push(arena, ret) = word.data;
	}
	return true;
}

int firewall_shell_line(struct arena *arena, const char *text, const char *path, unsigned line, firewall_steps *ret)
{
	string_list words = {0};

	if (!mentions_firewall(text, strlen(text)))
		return 0;
	if (!shell_words(arena, text, &words))
		return -EINVAL;
	return firewall_command(arena, &words, path, line, ret);
}

/* Lines that let a script's commands run one after the other, each once. */
static bool is_plain_line(const char *text)
{
	static const char *const plain[] = {"exit 0",  "exit", "set -e", "set -u",
					    "set -eu", ":",    "true",	 "export PATH"};

	if (!*text || *text == '#' || string_after(text, "PATH=") || string_after(text, "echo ") ||
	    string_after(text, "logger ") || string_after(text, "sysctl "))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (string_equal(text, plain[i]))
			return true;
	}
	return false;
}

int firewall_script(struct arena *arena, const struct blob *script, const char *path, firewall_steps *ret)
{
	const char *line;
	size_t offset = 0, length;
	unsigned number = 0;
	bool loads = false;

	while (next_line(script, &offset, &line, &length)) {
		char *text;
		int r;

		number++;
		while (length && char_is_space(*line)) {
			line++;
			length--;
		}
		while (length && char_is_space(line[length - 1]))
			length--;
		text = arena_memdup(arena, line, length);
		r = firewall_shell_line(arena, text, path, number, ret);
		if (r < 0 || (r == 0 && !is_plain_line(text)))
			return -EINVAL;
		loads = loads || r > 0;
		if (string_after(text, "exit"))
			break;
	}
	return loads;
}
