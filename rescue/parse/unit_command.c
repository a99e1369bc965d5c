/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/unit_command.h"

#include <errno.h>
#include <limits.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"

static const char whitespace[] = " \t\n\r";

/* unit-printf.c of systemd, as far as it does not take the running system. */
static const char *fixed_specifier(char specifier)
{
	switch (specifier) {
	case 't':
		return "/run";
	case 'S':
		return "/var/lib";
	case 'C':
		return "/var/cache";
	case 'L':
		return "/var/log";
	case 'E':
		return "/etc";
	case 'T':
		return "/tmp";
	case 'V':
		return "/var/tmp";
	case 'h':
		return "/root";
	case 'u':
	case 'g':
		return "root";
	case 'U':
	case 'G':
		return "0";
	case '%':
		return "%";
	default:
		return NULL;
	}
}

/* As systemd-escape --unescape: - is /, \x2d is -. */
static char *unescape_name(struct arena *arena, const char *text)
{
	char *result = arena_strdup(arena, text), *out = result;

	for (; *text; text++) {
		if (*text == '-') {
			*out++ = '/';
		} else if (text[0] == '\\' && text[1] == 'x' && char_hex_value(text[2]) >= 0 &&
			   char_hex_value(text[3]) >= 0) {
			*out++ = (char)(char_hex_value(text[2]) * 16 + char_hex_value(text[3]));
			text += 3;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return result;
}

static const char *name_specifier(struct arena *arena, const char *unit, char specifier)
{
	char *prefix = unit_name_prefix(arena, unit), *instance = unit_name_instance(arena, unit);
	const char *dash = strrchr(prefix, '-');

	if (!instance)
		instance = arena_strdup(arena, "");
	switch (specifier) {
	case 'n':
		return unit;
	case 'N':
		return arena_memdup(arena, unit, (size_t)(strrchr(unit, '.') - unit));
	case 'p':
		return prefix;
	case 'P':
		return unescape_name(arena, prefix);
	case 'i':
		return instance;
	case 'I':
		return unescape_name(arena, instance);
	case 'j':
		return dash ? dash + 1 : prefix;
	case 'J':
		return unescape_name(arena, dash ? dash + 1 : prefix);
	case 'f':
		return arena_printf(arena, "/%s", unescape_name(arena, *instance ? instance : prefix));
	default:
		return NULL;
	}
}

char *unit_specifiers(struct arena *arena, const char *unit_name, const char *text)
{
	struct text result = {.arena = arena};

	text_add(&result, "", 0);
	for (; *text; text++) {
		const char *value = NULL;

		if (text[0] == '%' && text[1]) {
			value = fixed_specifier(text[1]);
			if (!value)
				value = name_specifier(arena, unit_name, text[1]);
		}
		if (value) {
			text_add_string(&result, value);
			text++;
		} else {
			text_add(&result, text, 1);
		}
	}
	return result.data;
}

char *unit_expand(struct arena *arena, const struct unit *unit, const char *text)
{
	return unit_specifiers(arena, unit->name, text);
}

/* Reads the prefixes of the executable's name: each at most once, + and ! not together. */
static const char *read_prefixes(const char *word, struct unit_command *command, bool *zeroth_word)
{
	bool privileged = false, no_setuid = false, ambient = false, shell = false;

	for (;; word++) {
		if (*word == '-' && !command->ignore_failure)
			command->ignore_failure = true;
		else if (*word == '@' && !*zeroth_word)
			*zeroth_word = true;
		else if (*word == ':' && !command->no_expansion)
			command->no_expansion = true;
		else if (*word == '|' && !shell)
			shell = true;
		else if (*word == '+' && !privileged && !no_setuid && !ambient)
			privileged = true;
		else if (*word == '!' && !privileged && !no_setuid && !ambient)
			no_setuid = true;
		else if (*word == '!' && !privileged && !ambient)
			ambient = true;
		else
			return word;
	}
}

static const char *executable_fault(const char *path)
{
	if (!*path)
		return "empty path in command line";
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f || strchr("\"'\\", *c))
			return "executable name contains special characters";
	}
	if (string_ends_with(path, "/"))
		return "executable path specifies a directory";
	if (*path == '/'
		? strlen(path) >= PATH_MAX
		: strchr(path, '/') || string_equal(path, ".") || string_equal(path, "..") || strlen(path) > NAME_MAX)
		return "neither a valid executable name nor an absolute path";
	return NULL;
}

/* A ; that stands alone ends a command, \; is the word ";". */
static bool takes_semicolon(const char **cursor, const char *token)
{
	const char *rest = string_after(*cursor, token);

	if (!rest || (*rest && !strchr(whitespace, *rest)))
		return false;
	*cursor = rest + strspn(rest, whitespace);
	return true;
}

static int read_arguments(struct arena *arena, const char *unit_name, const char **cursor, string_list *words)
{
	while (**cursor) {
		char *word;
		int r;

		if (takes_semicolon(cursor, ";"))
			return 0;
		if (takes_semicolon(cursor, "\\;")) {
			*array_push(arena, words) = arena_strdup(arena, ";");
			continue;
		}
		r = unit_word_next(arena, cursor, UNIT_WORD_UNQUOTE | UNIT_WORD_UNESCAPE, &word);
		if (r <= 0)
			return r;
		*array_push(arena, words) = unit_specifiers(arena, unit_name, word);
	}
	return 0;
}

int unit_command_parse(struct arena *arena, const char *unit_name, const char *value, unit_commands *ret,
		       const char **reason)
{
	while (*value) {
		struct unit_command command = {0};
		bool zeroth_word = false;
		const char *path;
		char *word;

		/* Unbalanced quotes in the first word make systemd ignore the line, later ones the file. */
		if (unit_word_next(arena, &value, UNIT_WORD_UNQUOTE | UNIT_WORD_UNESCAPE, &word) <= 0)
			return 0;
		if (string_equal(word, ";"))
			continue;
		path = unit_specifiers(arena, unit_name, read_prefixes(word, &command, &zeroth_word));
		*reason = executable_fault(path);
		if (*reason)
			return command.ignore_failure ? 0 : -ENOEXEC;
		command.path = path;
		if (!zeroth_word)
			*array_push(arena, &command.words) = arena_strdup(arena, path);
		if (read_arguments(arena, unit_name, &value, &command.words) < 0) {
			*reason = "unbalanced quotes";
			return command.ignore_failure ? 0 : -ENOEXEC;
		}
		if (!command.words.count || !*command.words.items[0]) {
			*reason = "empty executable name or zeroth argument";
			return command.ignore_failure ? 0 : -ENOEXEC;
		}
		*array_push(arena, ret) = command;
	}
	return 0;
}

/* One word with ${NAME} replaced; $$ is a dollar sign. */
static char *expand_word(struct arena *arena, const char *word, const unit_environment *environment,
			 const struct unit_variable **ret_source)
{
	struct text result = {.arena = arena};

	text_add(&result, "", 0);
	while (*word) {
		const char *end = word[0] == '$' && word[1] == '{' ? strchr(word, '}') : NULL;

		if (word[0] == '$' && word[1] == '$') {
			text_add(&result, "$", 1);
			word += 2;
		} else if (end) {
			char *name = arena_memdup(arena, word + 2, (size_t)(end - word - 2));
			const struct unit_variable *variable = unit_environment_get(environment, name);

			if (variable) {
				text_add_string(&result, variable->value);
				*ret_source = variable;
			}
			word = end + 1;
		} else {
			text_add(&result, word++, 1);
		}
	}
	return result.data;
}

void unit_command_expand(struct arena *arena, const struct unit_command *command, const unit_environment *environment,
			 string_list *ret, unit_word_sources *sources)
{
	for (size_t i = 0; i < command->words.count; i++) {
		const char *word = command->words.items[i];
		const struct unit_variable *source = NULL;

		if (command->no_expansion) {
			*array_push(arena, ret) = arena_strdup(arena, word);
		} else if (word[0] == '$' && word[1] != '{' && word[1] != '$') {
			source = unit_environment_get(environment, word + 1);
			if (source)
				unit_words(arena, source->value, UNIT_WORD_UNQUOTE | UNIT_WORD_RELAX, ret);
		} else {
			*array_push(arena, ret) = expand_word(arena, word, environment, &source);
		}
		while (sources && sources->count < ret->count)
			*array_push(arena, sources) = source;
	}
}
