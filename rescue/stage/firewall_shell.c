/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of shell that run one simple command each, and scripts of these: as much of sh(1) as is needed to tell them
 * from all others. */
#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "stage/firewall_load.h"
#include "stage/firewall_mention.h"

/* Adds what stands in double quotes, *text behind the opening one; false where the shell would put something in. */
static bool add_double_quoted(struct text *word, const char **text)
{
	for (; **text != '"'; ++*text) {
		if (**text == '\\' && (*text)[1] && strchr("$`\"\\", (*text)[1]))
			++*text;
		else if (!**text || strchr("$`", **text))
			return false;
		text_add(word, *text, 1);
	}
	++*text;
	return true;
}

/* The word that begins at *text; false where it is more than text to the shell. */
static bool shell_word(const char **text, bool first, struct text *ret)
{
	static const char special[] = "$`()|&;{}<>*?[]~!";
	const char *begin = *text;

	text_add_string(ret, "");
	while (**text && !char_is_space(**text)) {
		char c = *(*text)++;
		bool alone = *text == begin + 1 && (!**text || char_is_space(**text));

		if (c == '\'') {
			size_t length = strcspn(*text, "'");

			if (!(*text)[length])
				return false;
			text_add(ret, *text, length);
			*text += length + 1;
		} else if (c == '"') {
			if (!add_double_quoted(ret, text))
				return false;
		} else if (c == '\\') {
			if (!**text)
				return false;
			text_add(ret, (*text)++, 1);
		} else if (strchr(special, c) && (first || !(c == '!' || (alone && strchr("{}", c))))) {
			/* Words of nft and iptables behind the first: "{", "!", "!=". */
			return false;
		} else {
			text_add(ret, &c, 1);
		}
	}
	return true;
}

/* The length of a redirection that has no effect on rules, or 0. */
static size_t skip_redirection(const char *text)
{
	static const char *const redirections[] = {"2>/dev/null", "2>&1", ">/dev/null"};

	for (size_t i = 0; i < ARRAY_SIZE(redirections); i++) {
		const char *rest = string_after(text, redirections[i]);

		if (rest && (!*rest || char_is_space(*rest)))
			return (size_t)(rest - text);
	}
	return 0;
}

/* Splits a line of shell that is one simple command; what goes to /dev/null is left out. False when the line is more
 * than that. */
static bool read_shell_line(struct arena *arena, const char *text, struct simple_command *ret)
{
	*ret = (struct simple_command){0};
	while (*(text += strspn(text, " \t")) && *text != '#') {
		struct text word = {.arena = arena};
		bool is_input = *text == '<';
		size_t redirection = skip_redirection(text);

		if (redirection) {
			text += redirection;
			continue;
		}
		if (string_equal(text, "|| true") || string_equal(text, "|| :")) {
			ret->may_fail = true;
			return true;
		}
		if (string_equal(text, "|| exit") || string_equal(text, "|| exit 0") ||
		    string_equal(text, "|| exit 1")) {
			ret->stops = true;
			return true;
		}
		if (is_input)
			text += 1 + strspn(text + 1, " \t");
		if ((is_input && !*text) || !shell_word(&text, !ret->words.count, &word))
			return false;
		if (is_input)
			ret->input = word.data;
		else
			*array_push(arena, &ret->words) = word.data;
	}
	return true;
}

int firewall_shell_line(struct arena *arena, const char *text, const char *path, unsigned line, firewall_steps *ret)
{
	struct simple_command command;

	if (!mentions_firewall(text, strlen(text)))
		return 0;
	if (!read_shell_line(arena, text, &command))
		return -EINVAL;
	return firewall_command(arena, &command, path, line, ret);
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

/* "#!/bin/sh -e" */
static bool is_strict_shebang(const char *text)
{
	const char *option = string_after(text, "#!") ? strstr(text, " -") : NULL;

	return option && strchr(option, 'e');
}

int firewall_script(struct arena *arena, const struct blob *script, const char *path, firewall_steps *ret)
{
	const char *line;
	size_t offset = 0, length;
	unsigned number = 0;
	bool loads = false, strict = false; /* set -e */

	while (next_line(script, &offset, &line, &length)) {
		size_t before = ret->count;
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
		if (r < 0 || (r == 0 && !is_plain_line(text) && !mentions_firewall(text, length)))
			return -EINVAL;
		loads = loads || r > 0;
		strict = strict || string_after(text, "set -e") || (number == 1 && is_strict_shebang(text));
		for (; before < ret->count; before++)
			ret->items[before].stops |= strict && !ret->items[before].may_fail;
		if (string_after(text, "exit"))
			break;
	}
	return loads;
}
