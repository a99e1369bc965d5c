/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of sshd_config: process_server_config_line() of servconf.c. */
#include "parse/sshd_config_parser.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

#define TRAILING_SPACE " \t\r\n\f"

static const struct {
	grammar_function *parse;
} grammars[GRAMMAR_COUNT] = {
    [GRAMMAR_FLAG] = {grammar_choice},
    [GRAMMAR_ADDRESS_FAMILY] = {grammar_choice},
    [GRAMMAR_COMPRESSION] = {grammar_choice},
    [GRAMMAR_FORWARDING] = {grammar_choice},
    [GRAMMAR_GATEWAY_PORTS] = {grammar_choice},
    [GRAMMAR_IGNORE_RHOSTS] = {grammar_choice},
    [GRAMMAR_PERMIT_ROOT_LOGIN] = {grammar_choice},
    [GRAMMAR_PRIVILEGE_SEPARATION] = {grammar_choice},
    [GRAMMAR_PERMIT_TUNNEL] = {grammar_tunnel},
    [GRAMMAR_LOG_FACILITY] = {grammar_log},
    [GRAMMAR_LOG_LEVEL] = {grammar_log},
    [GRAMMAR_FINGERPRINT_HASH] = {grammar_fingerprint_hash},
    [GRAMMAR_INTEGER] = {grammar_integer},
    [GRAMMAR_TIME] = {grammar_time},
    [GRAMMAR_UNUSED_TIMEOUT] = {grammar_unused_timeout},
    [GRAMMAR_MASK] = {grammar_mask},
    [GRAMMAR_IPQOS] = {grammar_ipqos},
    [GRAMMAR_REKEY_LIMIT] = {grammar_rekey_limit},
    [GRAMMAR_MAX_STARTUPS] = {grammar_max_startups},
    [GRAMMAR_PER_SOURCE_MAX_STARTUPS] = {grammar_per_source_max_startups},
    [GRAMMAR_PER_SOURCE_NET_BLOCK] = {grammar_per_source_net_block},
    [GRAMMAR_WORD] = {grammar_word},
    [GRAMMAR_USER] = {grammar_word},
    [GRAMMAR_PAM_SERVICE] = {grammar_word},
    [GRAMMAR_PATH] = {grammar_path},
    [GRAMMAR_TILDE_PATH] = {grammar_tilde_path},
    [GRAMMAR_AGENT] = {grammar_agent},
    [GRAMMAR_SECURITY_KEY_PROVIDER] = {grammar_security_key_provider},
    [GRAMMAR_USER_ENVIRONMENT] = {grammar_user_environment},
    [GRAMMAR_RDOMAIN] = {grammar_rdomain},
    [GRAMMAR_COMMAND] = {grammar_command},
    [GRAMMAR_FORCE_COMMAND] = {grammar_force_command},
    [GRAMMAR_VERSION_ADDENDUM] = {grammar_version_addendum},
    [GRAMMAR_USERS] = {grammar_users},
    [GRAMMAR_GROUPS] = {grammar_groups},
    [GRAMMAR_FILES] = {grammar_files},
    [GRAMMAR_ENV_NAMES] = {grammar_env_names},
    [GRAMMAR_ENV_SETTINGS] = {grammar_env_settings},
    [GRAMMAR_LOG_VERBOSE] = {grammar_log_verbose},
    [GRAMMAR_PUBKEY_AUTH_OPTIONS] = {grammar_pubkey_auth_options},
    [GRAMMAR_AUTHENTICATION_METHODS] = {grammar_authentication_methods},
    [GRAMMAR_SUBSYSTEM] = {grammar_subsystem},
    [GRAMMAR_PERMIT_OPEN] = {grammar_permit_open},
    [GRAMMAR_PERMIT_LISTEN] = {grammar_permit_open},
    [GRAMMAR_CHANNEL_TIMEOUT] = {grammar_channel_timeout},
    [GRAMMAR_PER_SOURCE_PENALTIES] = {grammar_per_source_penalties},
    [GRAMMAR_PORT] = {grammar_port},
    [GRAMMAR_LISTEN_ADDRESS] = {grammar_listen_address},
    [GRAMMAR_ADDRESS_LIST] = {grammar_address_list},
    [GRAMMAR_CIPHERS] = {grammar_ciphers},
    [GRAMMAR_MACS] = {grammar_ciphers},
    [GRAMMAR_KEX] = {grammar_ciphers},
    [GRAMMAR_GSSAPI_KEX] = {grammar_gssapi_kex},
    [GRAMMAR_KEY_ALGORITHMS] = {grammar_key_algorithms},
    [GRAMMAR_CA_ALGORITHMS] = {grammar_key_algorithms},
    [GRAMMAR_INCLUDE] = {grammar_include},
    [GRAMMAR_MATCH] = {config_match},
};

/* --- what the keyword wants --- */

/* Whether somebody may have typed it as a keyword, however wrong: not markers of a merge, not binary data. */
static bool looks_like_keyword(const char *word)
{
	if (!char_is_alpha(*word))
		return false;
	while (char_is_printable(*word))
		word++;
	return !*word;
}

static bool refuse_keyword(struct config_parser *parser, const struct config_line *line)
{
	return config_refuse(parser, line,
			     looks_like_keyword(line->keyword) ? SSHD_CONFIG_UNKNOWN_KEYWORD : SSHD_CONFIG_GARBAGE,
			     line->keyword, "Bad configuration option: %.200s", line->keyword);
}

/* A rule whose keyword means the same to this sshd: its table gives both one opcode. */
static const struct keyword_rule *rule_of_opcode(struct config_parser *parser, unsigned opcode)
{
	for (size_t i = 0; i < keyword_rule_count; i++) {
		const struct keyword_rule *rule = &keyword_rules[i];
		struct sshd_keyword other;

		if (parser->version < rule->since || parser->version >= rule->before || rule->flags & KEYWORD_PATCH)
			continue;
		if (sshd_binary_keyword(parser->binary, rule->name, &other) == 1 && other.opcode == opcode)
			return rule;
	}
	return NULL;
}

/* What the binary's own table says of a keyword that ours does not know for this release. */
static bool rule_from_binary(struct config_parser *parser, struct config_line *line)
{
	const struct keyword_rule *rule = keyword_rule_nearest(line->keyword, parser->version);
	struct sshd_keyword found;
	int known = sshd_binary_keyword(parser->binary, line->keyword, &found);

	if (known < 0)
		known = config_binary_knows(parser, line->keyword) == 0 ? 0 : -1;
	if (known == 0)
		return refuse_keyword(parser, line);
	if (known < 0)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, line->keyword,
				     "cannot tell whether this sshd knows the option: %.200s", line->keyword);
	if (found.kind != SSHD_KEYWORD_SUPPORTED)
		line->rule = (struct keyword_rule){.name = line->keyword, .id = KEYWORD_NONE};
	else if ((rule = rule ? rule : rule_of_opcode(parser, found.opcode)))
		line->rule = *rule;
	else
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, line->keyword,
				     "an option of this sshd alone, whose values are not known: %.200s", line->keyword);
	line->rule.scope = found.match ? SCOPE_ANYWHERE : SCOPE_GLOBAL;
	return true;
}

static bool find_rule(struct config_parser *parser, struct config_line *line)
{
	const struct keyword_rule *rule = keyword_rule_find(line->keyword, parser->version);

	if (!rule || rule->flags & KEYWORD_PATCH)
		return rule_from_binary(parser, line);
	line->rule = *rule;
	return true;
}

/* --- recording --- */

static char *join_words(struct arena *arena, const string_list *words)
{
	size_t size = 1;
	char *joined, *end;

	for (size_t i = 0; i < words->count; i++)
		size += strlen(words->items[i]) + 1;
	joined = end = arena_alloc(arena, size);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			*end++ = ' ';
		end = stpcpy(end, words->items[i]);
	}
	return joined;
}

static void fill_setting(struct config_parser *parser, const struct config_line *line, struct sshd_setting *setting)
{
	struct arena *arena = parser->arena;
	size_t count = line->taken->count;

	*setting = (struct sshd_setting){
	    .keyword = keyword_name(line->rule.id),
	    .arguments = arena_alloc(arena, (count + 1) * sizeof(*setting->arguments)),
	    .argument_count = count,
	    .path = line->file->path,
	    .line = line->number,
	};
	for (size_t i = 0; i < count; i++)
		setting->arguments[i] = arena_strdup(arena, line->taken->items[i]);
	if (line->value)
		setting->value = line->value;
	else
		setting->value = count == 1 ? setting->arguments[0] : join_words(arena, line->taken);
}

bool config_counts(const struct config_parser *parser, const struct config_line *line)
{
	enum keyword_id id = line->rule.id;

	return line->active && (line->rule.repeat == REPEAT_ALL || !parser->state[id].set ||
				(line->file->in_match && !parser->set_in_match[id]));
}

/* What a connection gets from a block that it always meets. */
static void record_in_match(struct config_parser *parser, const struct config_line *line)
{
	enum keyword_id id = line->rule.id;

	if (!line->file->in_match || line->rule.scope == SCOPE_GLOBAL ||
	    (parser->set_in_match[id] && line->rule.repeat == REPEAT_FIRST))
		return;
	parser->set_in_match[id] = true;
	fill_setting(parser, line, array_push(parser->arena, &parser->in_match.settings));
}

static void record(struct config_parser *parser, const struct config_line *line)
{
	enum keyword_id id = line->rule.id;

	if (!line->active || line->nothing || id == KEYWORD_NONE)
		return;
	record_in_match(parser, line);
	if (parser->state[id].set && line->rule.repeat == REPEAT_FIRST)
		return;
	if (parser->state[id].set && line->rule.repeat == REPEAT_LAST) {
		fill_setting(parser, line, &parser->config->settings.items[parser->state[id].index]);
		return;
	}
	parser->state[id].set = true;
	parser->state[id].index = parser->config->settings.count;
	fill_setting(parser, line, array_push(parser->arena, &parser->config->settings));
}

/* --- the line --- */

static void strip_end(char *text)
{
	size_t length = strlen(text);

	/* The first character stays, whatever it is. */
	while (length > 1 && strchr(TRAILING_SPACE, text[length - 1]))
		text[--length] = '\0';
}

/* Nothing may be left of the line once the grammar has taken its words. */
static bool nothing_left(struct config_parser *parser, struct config_line *line)
{
	char *word;

	if (line->rest_taken)
		return true;
	if (line->words.split) {
		if (line->words.next == line->words.count)
			return true;
		return config_refuse(parser, line, SSHD_CONFIG_EXTRA_ARGUMENTS, line->words.items[line->words.next],
				     "keyword %.200s extra arguments at end of line", line->keyword);
	}
	word = config_delimit(&line->words.cursor, true);
	if (!word || !*word)
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_EXTRA_ARGUMENTS, word, "garbage at end of line; \"%.200s\".",
			     word);
}

/* The keyword, and the rule for it; false when there is nothing (more) to do about the line. */
static bool start_line(struct config_parser *parser, struct config_line *line, char *text)
{
	char *cursor = text;

	strip_end(text);
	line->keyword = config_delimit(&cursor, true);
	if (line->keyword && !*line->keyword)
		line->keyword = config_delimit(&cursor, true);
	if (!line->keyword || !*line->keyword || *line->keyword == '#')
		return false;
	line->rest = cursor;
	if (config_since(parser, 807) && (!cursor || !*cursor))
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL,
				     "no argument after keyword \"%.200s\"", line->keyword);
	if (!find_rule(parser, line))
		return false;
	line->words = (struct words){.cursor = cursor};
	if (config_since(parser, 807) && !config_split(parser, line->file, cursor, &line->words))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_QUOTES, NULL, "invalid quotes");
	if (!line->active && line->rule.scope == SCOPE_GLOBAL)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_IN_MATCH, line->keyword,
				     "Directive '%.200s' is not allowed within a Match block", line->keyword);
	return true;
}

void config_process_line(struct config_parser *parser, struct config_file *file, unsigned number, char *text)
{
	struct config_line line = {.file = file, .number = number, .active = file->active, .taken = &file->taken};
	size_t errors = parser->config->errors.count;
	grammar_function *parse;
	struct sshd_keyword found;

	file->taken.count = 0;
	if (!*text || !start_line(parser, &line, text))
		return;
	parse = grammars[line.rule.grammar].parse;
	if (!parse)
		return;
	if (parse(parser, &line) && nothing_left(parser, &line)) {
		record(parser, &line);
		return;
	}
	/* A build without the option does not look at its value. */
	if (line.rule.flags & KEYWORD_OPTIONAL && sshd_binary_keyword(parser->binary, line.keyword, &found) == 1 &&
	    found.kind != SSHD_KEYWORD_SUPPORTED)
		parser->config->errors.count = errors;
}
