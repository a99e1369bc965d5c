/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that are lists of words: servconf.c. */
#include "parse/sshd_config_parser.h"

#include <string.h>

#include "base/text.h"

/*
 * Releases differ in where a list ends and in whether it may be empty: before 8.7 an empty word ended it (and what
 * follows was too much), since 9.7 it must hold something.
 */
static char *next_in_list(struct config_parser *parser, struct config_line *line)
{
	char *word = config_next_word(&line->words);

	if (!word || (!config_since(parser, 807) && !*word))
		return NULL;
	config_keep(parser, line, word);
	return word;
}

static bool not_empty(struct config_parser *parser, struct config_line *line)
{
	if (line->taken->count == 0)
		line->nothing = true;
	if (line->taken->count || !config_since(parser, 907))
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "no %.200s specified", line->keyword);
}

static bool refuse_empty_word(struct config_parser *parser, struct config_line *line)
{
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "keyword %.200s empty argument",
			     line->keyword);
}

/* "none" stands alone or not at all. */
static bool none_is_alone(struct config_parser *parser, struct config_line *line, const char *word)
{
	if (!string_equal_nocase(word, "none") || (line->taken->count == 1 && line->words.next == line->words.count))
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
			     "keyword %.200s \"none\" argument must appear alone.", line->keyword);
}

/* Up to 7.6 the lists of sshd had 256 places each. */
static bool has_place(struct config_parser *parser, struct config_line *line)
{
	if (config_since(parser, 707) || line->taken->count <= 256)
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, NULL, "too many words after %.200s", line->keyword);
}

/* As match_user(NULL, NULL, NULL, pattern): only what follows an @ can be wrong. */
static bool user_pattern_valid(const char *pattern)
{
	const char *at = strchr(pattern, '@');

	return !at || config_address_list_valid(at + 1);
}

bool grammar_users(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (!*word || !user_pattern_valid(word))
			return config_refuse(
			    parser, line, SSHD_CONFIG_BAD_VALUE, word, "invalid %.200s pattern: \"%.100s\"",
			    config_since(parser, 807) ? line->keyword : keyword_name(line->rule.id), word);
	}
	return has_place(parser, line) && not_empty(parser, line);
}

bool grammar_groups(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (!*word)
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "empty %.200s pattern",
					     line->keyword);
	}
	return has_place(parser, line) && not_empty(parser, line);
}

/* AuthorizedKeysFile, and RevokedKeys since 10.3 */
bool grammar_files(struct config_parser *parser, struct config_line *line)
{
	struct text value = {.arena = parser->arena};
	char *word;

	text_add(&value, "", 0);
	/* Before 8.7 sshd did not look at the line where it does not count, and never whether too much stood in it. */
	if (!config_since(parser, 807)) {
		line->rest_taken = true;
		if (!config_counts(parser, line))
			return true;
	}
	while ((word = next_in_list(parser, line))) {
		const char *path;

		if (!*word)
			return refuse_empty_word(parser, line);
		if (config_since(parser, 1003) && !none_is_alone(parser, line, word))
			return false;
		path = config_expand_tilde(parser, line, word);
		if (!path)
			return false;
		if (value.size)
			text_add_string(&value, " ");
		text_add_string(&value, path);
	}
	line->value = value.data;
	return has_place(parser, line) && not_empty(parser, line);
}

bool grammar_env_names(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (!*word || strchr(word, '='))
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Invalid environment name.");
	}
	return has_place(parser, line) && not_empty(parser, line);
}

/* SetEnv: the first value of a name counts, since 9.1; names are dropped here only where that is cheap to find out. */
bool grammar_env_settings(struct config_parser *parser, struct config_line *line)
{
	struct config_string_set *names = NULL;
	string_list *taken = line->taken;
	char *word;

	for (;;) {
		char *equals;

		word = line->words.split ? config_next_word(&line->words) : config_delimit(&line->words.cursor, false);
		if (!word || (!line->words.split && !*word))
			break;
		equals = strchr(word, '=');
		if (!equals)
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Invalid environment.");
		*equals = '\0';
		if (!config_since(parser, 901) || config_set_add(parser->arena, &names, word))
			*array_push(parser->arena, taken) = word;
		*equals = '=';
	}
	return not_empty(parser, line);
}

bool grammar_log_verbose(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (!*word)
			return refuse_empty_word(parser, line);
		if (line->words.split && !none_is_alone(parser, line, word))
			return false;
	}
	return not_empty(parser, line);
}

bool grammar_pubkey_auth_options(struct config_parser *parser, struct config_line *line)
{
	bool touch = false, verify = false;
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (string_equal_nocase(word, "touch-required")) {
			touch = true;
		} else if (!config_since(parser, 804) && string_equal_nocase(word, "no-touch-required")) {
			touch = false;
		} else if (config_since(parser, 804) && string_equal_nocase(word, "verify-required")) {
			verify = true;
		} else if (!string_equal_nocase(word, "none")) {
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
					     "unsupported %.200s option %.200s",
					     config_since(parser, 807) ? line->keyword : "PubkeyAuthOptions", word);
		}
	}
	line->value = touch && verify ? "touch-required verify-required"
		      : touch	      ? "touch-required"
		      : verify	      ? "verify-required"
				      : "none";
	return true;
}

/* --- AuthenticationMethods --- */

static bool bad_methods(struct config_parser *parser, struct config_line *line, const char *word)
{
	bool sure = true;
	const char *method = config_bad_method(parser, word, &sure);

	if (!method)
		return false;
	if (!sure)
		config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, method,
			      "cannot tell whether this sshd has the authentication method %.200s", method);
	else if (*word)
		config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, method,
			      "Unknown authentication method \"%.200s\" in list", method);
	else
		config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, method, "empty authentication method list");
	return true;
}

/*
 * "any" stands alone. Releases differ in what they count to find out: the words of the line (since 9.7), or the methods
 * in force so far, to which the words of a line that counts are added one by one.
 */
bool grammar_authentication_methods(struct config_parser *parser, struct config_line *line)
{
	bool set = parser->state[KEYWORD_AUTHENTICATION_METHODS].set, any = false;
	char *word;

	if (!config_since(parser, 807)) {
		line->rest_taken = true;
		if (set && !config_counts(parser, line))
			return true;
		set = false;
	}
	while ((word = next_in_list(parser, line))) {
		bool others = line->taken->count > 1;

		if (!config_since(parser, 907))
			others = set || (line->active && others);
		if (string_equal(word, "any") ? others : any)
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, "any",
					     "\"any\" must appear alone in %.200s",
					     config_since(parser, 807) ? line->keyword : "AuthenticationMethods");
		if (string_equal(word, "any"))
			any = true;
		else if (bad_methods(parser, line, word))
			return false;
	}
	if (line->taken->count == 0)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "no %.200s specified",
				     config_since(parser, 807) ? line->keyword : "AuthenticationMethods");
	return true;
}

/* --- Subsystem --- */

static bool subsystem_missing(struct config_parser *parser, struct config_line *line, const char *what)
{
	if (config_since(parser, 1003) || (config_since(parser, 807) && string_equal(what, "name")))
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%.200s missing argument.",
				     line->keyword);
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing subsystem %s.", what);
}

/* Up to 9.4 a name may come once; since then the first one counts. */
static bool subsystem_is_new(struct config_parser *parser, struct config_line *line, const char *name)
{
	if (config_set_add(parser->arena, &parser->subsystems, name))
		return true;
	if (config_since(parser, 905)) {
		line->rest_taken = line->nothing = true;
		return false;
	}
	return config_refuse(parser, line, SSHD_CONFIG_CONFLICT, name, "Subsystem '%.200s' already defined.", name);
}

bool grammar_subsystem(struct config_parser *parser, struct config_line *line)
{
	enum {
		MOST_SUBSYSTEMS = 256 /* MAX_SUBSYSTEMS, up to 9.4 */
	};
	char *word;

	if (!config_since(parser, 905) && parser->subsystem_count >= MOST_SUBSYSTEMS)
		return config_refuse(parser, line, SSHD_CONFIG_CONFLICT, NULL, "too many subsystems defined.");
	word = config_take(parser, line);
	if (!word || !*word)
		return subsystem_missing(parser, line, "name");
	if (config_since(parser, 1003)) {
		if (line->words.next == line->words.count || !*line->words.items[line->words.next])
			return subsystem_missing(parser, line, "command");
	}
	if (!line->active) {
		if (config_since(parser, 905))
			line->rest_taken = true;
		else
			config_take(parser, line);
		return true;
	}
	if (!subsystem_is_new(parser, line, word))
		return line->nothing;
	parser->subsystem_count++;
	word = config_take(parser, line);
	if (!word || !*word)
		return subsystem_missing(parser, line, "command");
	while (next_in_list(parser, line))
		;
	if (config_since(parser, 905))
		line->value =
		    arena_printf(parser->arena, "%s %s", line->taken->items[0],
				 config_assemble(parser->arena, line->taken->items + 1, line->taken->count - 1));
	return true;
}

/* --- PermitOpen, PermitListen --- */

static bool refuse_permit(struct config_parser *parser, struct config_line *line, const char *word, const char *what)
{
	enum sshd_config_error_kind kind = word ? SSHD_CONFIG_BAD_VALUE : SSHD_CONFIG_MISSING_VALUE;
	const char *name = line->rule.grammar == GRAMMAR_PERMIT_LISTEN ? "permitlisten" : "permitopen";

	if (config_since(parser, 807))
		return config_refuse(parser, line, kind, word, "%.200s %s", line->keyword,
				     word ? what : "missing argument.");
	if (!word)
		return config_refuse(parser, line, kind, word, "missing %s specification", name);
	return config_refuse(parser, line, kind, word, "%s in %s", what, name);
}

static bool permit_valid(struct config_parser *parser, struct config_line *line, const char *word)
{
	char *copy = arena_strdup(parser->arena, word), *port = copy;
	int number;

	if (line->rule.grammar == GRAMMAR_PERMIT_OPEN || strchr(word, ':')) {
		if (!config_host_and_port(parser, copy, &port))
			return refuse_permit(parser, line, word, "missing host");
	}
	if (port && string_equal(port, "*"))
		return true;
	number = port ? config_port(parser, port) : CONFIG_PORT_BAD;
	if (number == CONFIG_PORT_UNKNOWN)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word, "cannot tell which port %.200s is",
				     port);
	return number > 0 || refuse_permit(parser, line, word, "bad port number");
}

bool grammar_permit_open(struct config_parser *parser, struct config_line *line)
{
	struct text value = {.arena = parser->arena};
	char *word = config_take(parser, line);

	text_add(&value, "", 0);
	if (!config_since(parser, 907) && (!word || !*word))
		return refuse_permit(parser, line, NULL, NULL);
	for (; word && (*word || config_since(parser, 907)); word = config_take(parser, line)) {
		bool keyword = string_equal(word, "any") || string_equal(word, "none");

		if (!config_since(parser, 907) && keyword && line->taken->count == 1)
			return true;
		if (keyword && config_since(parser, 907) && line->taken->count > 1)
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
					     "%.200s must appear alone on a %.200s line.", word, line->keyword);
		if (!(keyword && config_since(parser, 907)) && !permit_valid(parser, line, word))
			return false;
		text_printf(&value, "%s%s%s", value.size ? " " : "",
			    !keyword && line->rule.grammar == GRAMMAR_PERMIT_LISTEN && !strchr(word, ':') ? "*:" : "",
			    word);
	}
	/* Before 9.7 an empty word ends the list, and is not one of it. */
	if (word)
		line->taken->count--;
	line->value = value.data;
	return line->taken->count || refuse_permit(parser, line, NULL, NULL);
}

/* --- timeouts and penalties --- */

static bool channel_timeout_valid(const struct config_parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');
	int seconds;

	return equals && equals != word && config_seconds(parser->version, equals + 1, &seconds);
}

bool grammar_channel_timeout(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		/* Before 9.7 "none" only had to be the last word. */
		bool last = !config_since(parser, 907) && line->words.next == line->words.count;

		if (!last && !none_is_alone(parser, line, word))
			return false;
		if (!string_equal_nocase(word, "none") && !channel_timeout_valid(parser, word))
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
					     "invalid channel timeout %.200s", word);
	}
	return not_empty(parser, line);
}

enum penalty_value {
	PENALTY_TIME,
	PENALTY_COUNT,
	PENALTY_OVERFLOW,
};

static const struct {
	const char *name;
	enum penalty_value value;
	unsigned since;
} penalties[] = {
    {"crash:", PENALTY_TIME, 908},
    {"authfail:", PENALTY_TIME, 908},
    {"noauth:", PENALTY_TIME, 908},
    {"grace-exceeded:", PENALTY_TIME, 908},
    {"max:", PENALTY_TIME, 908},
    {"min:", PENALTY_TIME, 908},
    {"max-sources4:", PENALTY_COUNT, 908},
    {"max-sources6:", PENALTY_COUNT, 908},
    {"overflow:", PENALTY_OVERFLOW, 908},
    {"overflow6:", PENALTY_OVERFLOW, 908},
    {"refuseconnection:", PENALTY_TIME, 909},
    {"invaliduser:", PENALTY_TIME, 1003},
};

static bool penalty_valid(struct config_parser *parser, struct config_line *line, const char *word)
{
	const char *value = NULL, *reason;
	size_t i;
	int number;

	for (i = 0; i < ARRAY_SIZE(penalties); i++) {
		if (config_since(parser, penalties[i].since) && (value = string_after(word, penalties[i].name)))
			break;
	}
	if (!value || (penalties[i].value == PENALTY_OVERFLOW && !string_equal(value, "deny-all") &&
		       !string_equal(value, "permissive")))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "unsupported %.200s keyword %.200s",
				     line->keyword, word);
	if (penalties[i].value == PENALTY_COUNT && (reason = config_integer(value, &number)))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "%.200s value %s.", line->keyword,
				     reason);
	if (penalties[i].value == PENALTY_TIME && !config_seconds(parser->version, value, &number))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "invalid %.200s time value.",
				     line->keyword);
	return true;
}

bool grammar_per_source_penalties(struct config_parser *parser, struct config_line *line)
{
	char *word;

	while ((word = next_in_list(parser, line))) {
		if (!string_equal_nocase(word, "yes") && !string_equal_nocase(word, "no")) {
			if (!penalty_valid(parser, line, word))
				return false;
		} else if (line->words.next < line->words.count) {
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
					     "keyword %.200s \"%.200s\" argument must appear alone.", line->keyword,
					     word);
		}
	}
	return not_empty(parser, line);
}
