/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Match lines: match_cfg_line() of servconf.c, as it runs when sshd starts, and again for each connection. */
#include "parse/sshd_config_parser.h"

#include <string.h>

#include "base/text.h"

enum criterion {
	CRITERION_NONE,
	CRITERION_PATTERN, /* user, group, host, rdomain */
	CRITERION_ADDRESS,
	CRITERION_PORT,
	CRITERION_VERSION,
};

static const struct {
	const char *name;
	enum criterion criterion;
	unsigned since;
} criteria[] = {
    {"user", CRITERION_PATTERN, 0},	 {"group", CRITERION_PATTERN, 0},	 {"host", CRITERION_PATTERN, 0},
    {"address", CRITERION_ADDRESS, 0},	 {"localaddress", CRITERION_ADDRESS, 0}, {"localport", CRITERION_PORT, 0},
    {"rdomain", CRITERION_PATTERN, 707}, {"version", CRITERION_VERSION, 1000},
};

/* From 9.9 on a Match line is cut up like any other; before, word by word. */
static char *next_word(struct config_parser *parser, struct config_line *line)
{
	return config_since(parser, 909) ? config_next_word(&line->words) : config_delimit(&line->rest, true);
}

static enum criterion find_criterion(const struct config_parser *parser, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(criteria); i++) {
		if (string_equal_nocase(criteria[i].name, name))
			return config_since(parser, criteria[i].since) ? criteria[i].criterion : CRITERION_NONE;
	}
	return CRITERION_NONE;
}

/* "user=root" of 9.9p2 and later, where words are no longer cut at '='; *ret_argument is what follows. */
static bool cut_at_equals(struct config_parser *parser, char *attribute, char **ret_argument)
{
	char *equals = strchr(attribute, '=');
	bool known;

	if (!equals || !config_since(parser, 909))
		return false;
	*equals = '\0';
	known = find_criterion(parser, attribute) != CRITERION_NONE;
	if (!known)
		*equals = '=';
	else
		*ret_argument = equals + 1;
	return known;
}

static bool has_comments(const struct config_parser *parser)
{
	return config_since(parser, 807);
}

/* Criteria that every connection meets, or none: 1 and 0; -1 when an error was raised. */
static int version_matches(struct config_parser *parser, struct config_line *line, const char *patterns)
{
	/* Distributions add to the version ("OpenSSH_10.0p2 Debian-7"): what hangs on that cannot be told. */
	const char *version = arena_printf(parser->arena, "OpenSSH_%s", parser->binary->version);
	const char *patched = arena_printf(parser->arena, "%s \x7f", version);
	int result = sshd_match_list(version, patterns);

	if ((result == 1) == (sshd_match_list(patched, patterns) == 1))
		return result == 1;
	config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, patterns,
		      "cannot tell whether the version of this sshd matches %.200s", patterns);
	return -1;
}

static int is_met(const struct config_parser *parser, const char *name, const char *argument)
{
	return parser->connection && parser->connection->meets(parser->connection->context, name, argument);
}

static int check_criterion(struct config_parser *parser, struct config_line *line, const char *name,
			   const char *argument)
{
	int port;

	switch (find_criterion(parser, name)) {
	case CRITERION_PATTERN:
		return is_met(parser, name, argument);
	case CRITERION_ADDRESS:
		if (!config_since(parser, 804) || config_address_list_valid(argument))
			return is_met(parser, name, argument);
		config_refuse(
		    parser, line, SSHD_CONFIG_BAD_MATCH, argument, "Invalid Match %s argument '%.200s' at line %u",
		    string_equal_nocase(name, "address") ? "address" : "localaddress", argument, line->number);
		return -1;
	case CRITERION_PORT:
		port = config_port(parser, argument);
		if (port >= 0)
			return is_met(parser, name, argument);
		if (port == CONFIG_PORT_UNKNOWN)
			config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, argument,
				      "cannot tell which port %.200s is", argument);
		else
			config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, argument,
				      "Invalid LocalPort '%.200s' on Match line", argument);
		return -1;
	case CRITERION_VERSION:
		return version_matches(parser, line, argument);
	default:
		config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, name, "Unsupported Match attribute %.200s", name);
		return -1;
	}
}

/* "all" stands alone. */
static int match_all(struct config_parser *parser, struct config_line *line, unsigned before)
{
	char *word = before ? "" : next_word(parser, line);
	bool comment = word && *word == '#' && has_comments(parser);

	if (before || (word && *word && !comment)) {
		config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, word,
			      "'all' cannot be combined with other Match attributes");
		return -1;
	}
	if (comment)
		line->rest = NULL;
	return 1;
}

/* One criterion with its argument: 1 when it is met, 0, -1 after an error. */
static int match_one(struct config_parser *parser, struct config_line *line, char *attribute)
{
	char *argument;

	if (cut_at_equals(parser, attribute, &argument)) {
		/* 9.9p1 forgot the form, 9.9p2 has it again. */
		if (parser->version == 909 && !string_equal(parser->binary->version, "9.9p2")) {
			config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, attribute,
				      "cannot tell whether this sshd accepts %.200s=", attribute);
			return -1;
		}
	} else {
		argument = next_word(parser, line);
	}
	if (!argument || !*argument || (*argument == '#' && has_comments(parser))) {
		config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, attribute, "Missing Match criteria for %.200s",
			      attribute);
		return -1;
	}
	return check_criterion(parser, line, attribute, argument);
}

/* 1 when the block counts when sshd starts, 0, -1 after an error. */
static int match_line(struct config_parser *parser, struct config_line *line)
{
	unsigned count = 0;
	int result = 1;
	char *word;

	while ((word = next_word(parser, line)) && (*word || config_since(parser, 909))) {
		int met;

		if (*word == '#' && has_comments(parser)) {
			line->rest = NULL;
			break;
		}
		if (string_equal_nocase(word, "all"))
			return match_all(parser, line, count);
		count++;
		/* 9.9p1 forgot that without a connection it is not met. */
		if (config_since(parser, 909) && string_equal_nocase(word, "invalid-user"))
			met = !parser->connection && !config_since(parser, 1000) &&
			      !string_equal(parser->binary->version, "9.9p2");
		else
			met = match_one(parser, line, word);
		if (met < 0)
			return -1;
		if (!met)
			result = 0;
	}
	if (count)
		return result;
	config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, NULL, "One or more attributes required for Match");
	return -1;
}

bool config_match(struct config_parser *parser, struct config_line *line)
{
	struct config_file *file = line->file;
	int result;

	if (!file->path) {
		config_refuse(parser, line, SSHD_CONFIG_BAD_MATCH, NULL,
			      "Match directive not supported as a command-line option");
		return false;
	}
	result = match_line(parser, line);
	file->in_match = true;
	if (result < 0) {
		/* What follows was meant for some connections only. */
		file->active = false;
		return false;
	}
	file->active = result == 1 && !file->never_match;
	if (!config_since(parser, 909)) {
		line->words.cursor = line->rest;
		line->rest_taken = config_since(parser, 807) && (!line->rest || !*line->rest);
	}
	line->nothing = true;
	return true;
}
