/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of one or two words: servconf.c. */
#include "parse/sshd_config_parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

/* A word and what sshd -T calls it; ends with a word of NULL. */
struct choice {
	const char *word, *meaning;
};

static const struct choice flags[] = {{"yes", "yes"}, {"no", "no"}, {NULL, NULL}};
static const struct choice address_families[] = {{"inet", "inet"}, {"inet6", "inet6"}, {"any", "any"}, {NULL, NULL}};
static const struct choice compressions[] = {{"yes", "yes"}, {"delayed", "yes"}, {"no", "no"}, {NULL, NULL}};
static const struct choice forwardings[] = {{"yes", "yes"},	  {"all", "yes"},     {"no", "no"},
					    {"remote", "remote"}, {"local", "local"}, {NULL, NULL}};
static const struct choice gateway_ports[] = {
    {"clientspecified", "clientspecified"}, {"yes", "yes"}, {"no", "no"}, {NULL, NULL}};
static const struct choice rhosts[] = {{"yes", "yes"}, {"no", "no"}, {"shosts-only", "shosts-only"}, {NULL, NULL}};
static const struct choice root_logins[] = {{"without-password", "prohibit-password"},
					    {"prohibit-password", "prohibit-password"},
					    {"forced-commands-only", "forced-commands-only"},
					    {"yes", "yes"},
					    {"no", "no"},
					    {NULL, NULL}};
static const struct choice privilege_separations[] = {
    {"yes", "yes"}, {"sandbox", "sandbox"}, {"nosandbox", "yes"}, {"no", "no"}, {NULL, NULL}};
static const struct choice tunnels[] = {
    {"no", "no"}, {"point-to-point", "point-to-point"}, {"ethernet", "ethernet"}, {"yes", "yes"}, {NULL, NULL}};
static const struct choice log_facilities[] = {
    {"DAEMON", "DAEMON"}, {"USER", "USER"},	{"AUTH", "AUTH"},     {"AUTHPRIV", "AUTHPRIV"}, {"LOCAL0", "LOCAL0"},
    {"LOCAL1", "LOCAL1"}, {"LOCAL2", "LOCAL2"}, {"LOCAL3", "LOCAL3"}, {"LOCAL4", "LOCAL4"},	{"LOCAL5", "LOCAL5"},
    {"LOCAL6", "LOCAL6"}, {"LOCAL7", "LOCAL7"}, {NULL, NULL}};
static const struct choice log_levels[] = {
    {"QUIET", "QUIET"}, {"FATAL", "FATAL"},  {"ERROR", "ERROR"},   {"INFO", "INFO"},	 {"VERBOSE", "VERBOSE"},
    {"DEBUG", "DEBUG"}, {"DEBUG1", "DEBUG"}, {"DEBUG2", "DEBUG2"}, {"DEBUG3", "DEBUG3"}, {NULL, NULL}};
static const struct choice hashes[] = {{"MD5", "MD5"},	     {"SHA1", "SHA1"},	   {"SHA256", "SHA256"},
				       {"SHA384", "SHA384"}, {"SHA512", "SHA512"}, {NULL, NULL}};

static const struct choice *const choices[GRAMMAR_COUNT] = {
    [GRAMMAR_FLAG] = flags,
    [GRAMMAR_ADDRESS_FAMILY] = address_families,
    [GRAMMAR_COMPRESSION] = compressions,
    [GRAMMAR_FORWARDING] = forwardings,
    [GRAMMAR_GATEWAY_PORTS] = gateway_ports,
    [GRAMMAR_IGNORE_RHOSTS] = rhosts,
    [GRAMMAR_PERMIT_ROOT_LOGIN] = root_logins,
    [GRAMMAR_PRIVILEGE_SEPARATION] = privilege_separations,
    [GRAMMAR_PERMIT_TUNNEL] = tunnels,
    [GRAMMAR_LOG_FACILITY] = log_facilities,
    [GRAMMAR_LOG_LEVEL] = log_levels,
    [GRAMMAR_FINGERPRINT_HASH] = hashes,
};

static const char *find_choice(const struct choice *choice, const char *word, bool nocase)
{
	for (; word && choice->word; choice++) {
		if (nocase ? string_equal_nocase(choice->word, word) : string_equal(choice->word, word))
			return choice->meaning;
	}
	return NULL;
}

const char *sshd_config_choice(const char *keyword, size_t index)
{
	const struct keyword_rule *rule = keyword_rule_nearest(keyword, SSHD_VERSION_NEWEST);
	const struct choice *choice = rule ? choices[rule->grammar] : NULL;

	for (; choice && choice->word; choice++) {
		if (index-- == 0)
			return choice->word;
	}
	return NULL;
}

/* The one word of a line; false when there is none, and sshd says so in those words. */
static bool take_one(struct config_parser *parser, struct config_line *line, char **ret, const char *since_87,
		     const char *before)
{
	*ret = config_take(parser, line);
	if (*ret && **ret)
		return true;
	if (config_since(parser, 807) && since_87)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%.200s %s", line->keyword,
				     since_87);
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%s", before);
}

/* Up to 7.6 yes and no had to be in lower case. */
static bool old_flag(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (!take_one(parser, line, &word, NULL, "missing yes/no argument."))
		return false;
	line->value = find_choice(flags, word, false);
	return line->value ||
	       config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Bad yes/no argument: %.200s", word);
}

bool grammar_choice(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (line->rule.grammar == GRAMMAR_FLAG && !config_since(parser, 707))
		return old_flag(parser, line);
	if (!take_one(parser, line, &word, NULL, "missing argument."))
		return false;
	line->value = find_choice(choices[line->rule.grammar], word, true);
	return line->value ||
	       config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "unsupported option \"%.200s\".", word);
}

bool grammar_tunnel(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (!take_one(parser, line, &word, "missing argument.", "Missing yes/point-to-point/ethernet/no argument."))
		return false;
	line->value = find_choice(tunnels, word, false);
	if (line->value)
		return true;
	if (config_since(parser, 807))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "bad %.200s argument %.200s",
				     line->keyword, word);
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word,
			     "Bad yes/point-to-point/ethernet/no argument: %.200s", word);
}

/* SILENT is Debian's other word for QUIET. */
static bool log_silent(struct config_parser *parser, struct config_line *line, const char *word)
{
	int known = config_binary_knows(parser, "SILENT");

	line->value = "QUIET";
	if (known < 0)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word,
				     "cannot tell whether this sshd has the log level %.200s", word);
	return known ||
	       config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "unsupported log level '%.200s'", word);
}

bool grammar_log(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);

	if (word && line->rule.grammar == GRAMMAR_LOG_LEVEL && string_equal_nocase(word, "SILENT"))
		return log_silent(parser, line, word);
	line->value = find_choice(choices[line->rule.grammar], word, true);
	return line->value ||
	       config_refuse(parser, line, word ? SSHD_CONFIG_BAD_VALUE : SSHD_CONFIG_MISSING_VALUE, word,
			     "unsupported log %s '%.200s'",
			     line->rule.grammar == GRAMMAR_LOG_LEVEL ? "level" : "facility", word ? word : "<NONE>");
}

bool grammar_fingerprint_hash(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (!take_one(parser, line, &word, "missing argument.", "Missing argument."))
		return false;
	line->value = find_choice(hashes, word, true);
	if (line->value)
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Invalid %.200s algorithm \"%.200s\".",
			     config_since(parser, 807) ? line->keyword : "hash", word);
}

bool grammar_word(struct config_parser *parser, struct config_line *line)
{
	const char *name = keyword_name(line->rule.id);
	char *word;

	switch (line->rule.grammar) {
	case GRAMMAR_USER:
		return take_one(parser, line, &word, NULL,
				arena_printf(parser->arena, "missing %.200s argument.",
					     config_since(parser, 807) ? line->keyword : name));
	case GRAMMAR_PAM_SERVICE:
		return take_one(parser, line, &word, NULL, "missing argument.");
	default:
		return take_one(parser, line, &word, "missing argument.", "missing file name.");
	}
}

/* --- paths --- */

static int load_passwd(struct config_parser *parser)
{
	if (!parser->passwd_loaded) {
		parser->passwd_loaded = true;
		parser->passwd_error =
		    target_read(parser->target, "/etc/passwd", TARGET_FILE_LIMIT, parser->arena, &parser->passwd, NULL);
	}
	return parser->passwd_error;
}

/* A field of a line of passwd(5), from 0. */
static bool passwd_field(const char *line, size_t length, unsigned number, const char **ret, size_t *ret_length)
{
	const char *end = line + length;

	for (;;) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *stop = colon ? colon : end;

		if (number-- == 0) {
			*ret = line;
			*ret_length = (size_t)(stop - line);
			return true;
		}
		if (!colon)
			return false;
		line = colon + 1;
	}
}

/* The home directory of a user, or of root where length is 0; NULL when it is not in /etc/passwd. */
static const char *home_of(struct config_parser *parser, const char *user, size_t length)
{
	size_t offset = 0, line_length, field_length;
	const char *line, *field;

	if (++parser->lookups > CONFIG_LOOKUP_LIMIT || load_passwd(parser) < 0)
		return NULL;
	while (next_line(&parser->passwd, &offset, &line, &line_length)) {
		if (!passwd_field(line, line_length, length ? 0 : 2, &field, &field_length))
			continue;
		if (length ? field_length != length || memcmp(field, user, length) != 0
			   : field_length != 1 || *field != '0')
			continue;
		if (passwd_field(line, line_length, 5, &field, &field_length))
			return arena_memdup(parser->arena, field, field_length);
	}
	return NULL;
}

const char *config_expand_tilde(struct config_parser *parser, struct config_line *line, const char *path)
{
	const char *rest, *home;
	size_t length;

	if (*path != '~')
		return path;
	length = strcspn(path + 1, "/");
	/* 8.4 and before took "~user" without a slash for root's home and the name. */
	if (!config_since(parser, 805) && !path[1 + length])
		length = 0;
	rest = path + 1 + length;
	home = home_of(parser, path + 1, length);
	if (!home) {
		config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, path,
			      "cannot tell the home directory in %.200s", path);
		return NULL;
	}
	if (config_since(parser, 805))
		rest += strspn(rest, "/");
	else if (*rest == '/')
		rest++;
	return arena_printf(parser->arena, "%s%s%s", home, string_ends_with(home, "/") ? "" : "/", rest);
}

/* As derelativise_path(); systemd and init scripts start sshd in the root directory. */
static bool absolute_path(struct config_parser *parser, struct config_line *line, const char *path)
{
	if (string_equal_nocase(path, "none")) {
		line->value = "none";
		return true;
	}
	path = config_expand_tilde(parser, line, path);
	if (!path)
		return false;
	line->value = *path == '/' ? arena_strdup(parser->arena, path) : arena_printf(parser->arena, "//%s", path);
	return true;
}

bool grammar_path(struct config_parser *parser, struct config_line *line)
{
	char *word;

	return take_one(parser, line, &word, NULL, "missing file name.") &&
	       (!config_counts(parser, line) || absolute_path(parser, line, word));
}

bool grammar_tilde_path(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (!take_one(parser, line, &word, "missing argument.", "missing file name."))
		return false;
	if (!config_counts(parser, line))
		return true;
	line->value = config_expand_tilde(parser, line, word);
	if (line->value)
		line->value = arena_strdup(parser->arena, line->value);
	return line->value;
}

bool grammar_agent(struct config_parser *parser, struct config_line *line)
{
	char *word;

	return take_one(parser, line, &word, NULL, "missing socket name.") &&
	       (!config_counts(parser, line) || string_equal(word, "SSH_AUTH_SOCK") ||
		absolute_path(parser, line, word));
}

bool grammar_security_key_provider(struct config_parser *parser, struct config_line *line)
{
	char *word;

	return take_one(parser, line, &word, "missing argument.", "missing file name.") &&
	       (!config_counts(parser, line) || string_equal_nocase(word, "internal") ||
		absolute_path(parser, line, word));
}

bool grammar_user_environment(struct config_parser *parser, struct config_line *line)
{
	char *word;

	return take_one(parser, line, &word, "missing argument.", "missing argument.");
}

/* Routing domains are OpenBSD's; on Linux they can be named for ListenAddress and Match, but not set. */
bool grammar_rdomain(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (config_since(parser, 803))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, NULL,
				     "setting RDomain not supported on this platform.");
	if (!take_one(parser, line, &word, NULL, "Missing argument."))
		return false;
	return string_equal_nocase(word, "none") || string_equal(word, "%D") ||
	       config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word,
			     "cannot tell whether the routing domain %.200s will be there", word);
}

/* --- the rest of the line --- */

static char *rest_of_line(const struct config_line *line)
{
	return line->rest ? line->rest + strspn(line->rest, " \t\r\n") : NULL;
}

/* From 8.7 to 9.3 sshd looked at AuthorizedKeysCommand to find out whether AuthorizedPrincipalsCommand was set. */
static void mix_up_commands(struct config_parser *parser, struct config_line *line)
{
	bool keys_set = line->file->in_match ? parser->set_in_match[KEYWORD_AUTHORIZED_KEYS_COMMAND]
					     : parser->state[KEYWORD_AUTHORIZED_KEYS_COMMAND].set;

	if (line->rule.id != KEYWORD_AUTHORIZED_PRINCIPALS_COMMAND || !config_since(parser, 807) ||
	    config_since(parser, 904))
		return;
	if (keys_set)
		line->nothing = true;
	line->rule.repeat = REPEAT_LAST;
}

/* AuthorizedKeysCommand and AuthorizedPrincipalsCommand */
bool grammar_command(struct config_parser *parser, struct config_line *line)
{
	char *rest = rest_of_line(line);
	bool since_87 = config_since(parser, 807);

	line->rest_taken = true;
	if (!rest)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
	if (!since_87 && !config_counts(parser, line))
		return true;
	if (*rest != '/' && !string_equal_nocase(rest, "none"))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, rest, "%.200s must be an absolute path",
				     since_87 ? line->keyword : keyword_name(line->rule.id));
	config_keep(parser, line, rest);
	mix_up_commands(parser, line);
	return true;
}

bool grammar_force_command(struct config_parser *parser, struct config_line *line)
{
	line->rest_taken = true;
	if (!line->rest || !*line->rest)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
	config_keep(parser, line, rest_of_line(line));
	return true;
}

bool grammar_version_addendum(struct config_parser *parser, struct config_line *line)
{
	bool since_87 = config_since(parser, 807);
	char *rest;

	line->rest_taken = true;
	if (!line->rest || !*line->rest)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
	rest = rest_of_line(line);
	if (strchr(rest, '\r') && (since_87 || config_counts(parser, line)))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, NULL,
				     since_87 ? "Invalid VersionAddendum argument" : "Invalid argument");
	/* sshd means to cut a comment off, but looks for it in the keyword. */
	config_keep(parser, line, rest);
	if (string_equal_nocase(rest, "none"))
		line->value = "none";
	return true;
}
