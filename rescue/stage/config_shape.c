/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a known keyword that have too many arguments, or a quote too many. */
#include "stage/config_repair.h"

#include "base/text.h"

/* How many arguments a line of the rule takes; 0 for any number. */
static size_t argument_limit(const struct keyword_rule *rule)
{
	switch (rule->grammar) {
	case GRAMMAR_IPQOS:
	case GRAMMAR_REKEY_LIMIT:
		return 2;
	case GRAMMAR_USERS:
	case GRAMMAR_GROUPS:
	case GRAMMAR_FILES:
	case GRAMMAR_ENV_NAMES:
	case GRAMMAR_ENV_SETTINGS:
	case GRAMMAR_AUTHENTICATION_METHODS:
	case GRAMMAR_SUBSYSTEM:
	case GRAMMAR_PERMIT_OPEN:
	case GRAMMAR_PERMIT_LISTEN:
	case GRAMMAR_PUBKEY_AUTH_OPTIONS:
	case GRAMMAR_CHANNEL_TIMEOUT:
	case GRAMMAR_PER_SOURCE_PENALTIES:
	case GRAMMAR_MATCH:
	case GRAMMAR_INCLUDE:
		return 0;
	default:
		return 1;
	}
}

static const char *text_before(struct config_stage *stage, const struct source_line *line, size_t argument)
{
	return arena_memdup(stage->arena, line->text, line->words.items[argument - 1].end);
}

/* Proposes text for the line; what it then says is judged as any correction. */
static void propose(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		    const struct keyword_rule *rule, const char *value, bool in_match, const char *text,
		    const char *before, const char *after)
{
	repair_by_fate(stage, problem, line, judge_correction(stage, rule, value, in_match), text, before, after);
}

static bool all_extra_repeat(const struct source_line *line, size_t limit)
{
	for (size_t i = limit; i < line->words.count; i++) {
		if (!string_equal_nocase(line->words.items[i].value, line->words.items[i - limit].value))
			return false;
	}
	return true;
}

/* "Ciphers aes256-ctr, aes128-ctr": a blank has no other meaning in a list of algorithms. */
static void join_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		      const struct keyword_rule *rule, bool in_match)
{
	struct text list = {.arena = stage->arena};
	const struct source_word *words = line->words.items;

	for (size_t i = 0; i < line->words.count; i++) {
		const char *value = words[i].value;

		while (*value == ',')
			value++;
		if (list.size && list.data[list.size - 1] != ',' && *value)
			text_add(&list, ",", 1);
		text_add_string(&list, value);
	}
	while (list.size && list.data[list.size - 1] == ',')
		list.data[--list.size] = '\0';
	propose(stage, problem, line, rule, list.data, in_match,
		source_line_splice(stage, line, words[0].start, words[line->words.count - 1].end, list.data),
		source_line_value(stage, line), list.data);
}

/* "Port 22 2222": the keyword takes one at a time, and any number of lines. */
static bool split_lines(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			const struct keyword_rule *rule)
{
	struct text lines = {.arena = stage->arena};

	if (rule->grammar != GRAMMAR_PORT && rule->id != KEYWORD_HOST_KEY && rule->id != KEYWORD_LISTEN_ADDRESS)
		return false;
	for (size_t i = 0; i < line->words.count; i++) {
		const struct source_word *word = &line->words.items[i];
		uint64_t port;

		if (rule->grammar == GRAMMAR_PORT && (!parse_number(word->value, 65535, &port) || !port))
			return false;
		if (rule->id == KEYWORD_HOST_KEY && *word->value != '/')
			return false;
		if (rule->id == KEYWORD_LISTEN_ADDRESS && !strpbrk(word->value, ".:"))
			return false;
		text_printf(&lines, "%s%.*s %.*s", i ? "\n" : "", (int)line->keyword.end, line->text,
			    (int)(word->end - word->start), line->text + word->start);
	}
	repair_correct(stage, problem, line, lines.data, source_line_summary(stage, line), "a line for each");
	return true;
}

/* Whether the first value is the strictest there is: then nothing that follows could restrict more. */
static bool first_is_strictest(const struct source_line *line, const struct keyword_rule *rule)
{
	return option_meaning(rule->id)->strictest && option_rank(rule, line->words.items[0].value) == 0;
}

void repair_extra_arguments(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			    const struct sshd_config_error *error)
{
	const struct keyword_rule *rule = option_in_use(stage, line->keyword.value);
	size_t limit = rule ? argument_limit(rule) : 0;

	if (!rule || line->words.count < 2) {
		repair_drop(stage, problem, line, error->in_match, "too many arguments");
		return;
	}
	if (is_algorithm_list(rule->grammar)) {
		join_list(stage, problem, line, rule, error->in_match);
		return;
	}
	if (!limit || line->words.count <= limit) {
		repair_drop(stage, problem, line, error->in_match, "too many arguments");
		return;
	}
	if (all_extra_repeat(line, limit) || first_is_strictest(line, rule)) {
		const char *extra = line->text + line->words.items[limit].start,
			   *kept = text_before(stage, line, limit);

		propose(stage, problem, line, rule, line->words.items[0].value, error->in_match,
			arena_printf(stage->arena, "%s\n# sshrescue: the value above was followed by: %s", kept, extra),
			source_line_summary(stage, line), kept);
		return;
	}
	if (!split_lines(stage, problem, line, rule))
		repair_drop(stage, problem, line, error->in_match, "too many arguments");
}

void repair_quotes(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match)
{
	const struct keyword_rule *rule = option_in_use(stage, line->keyword.value);
	const char *quote = strpbrk(line->text + line->keyword.end, "\"'");
	const char *value;
	struct source_line bare;
	char *text;

	/* One quote only, and a single word without it: it can be nothing but too much. */
	if (!rule || !quote || strpbrk(quote + 1, "\"'")) {
		repair_drop(stage, problem, line, in_match, "a quote is not closed");
		return;
	}
	text = arena_strdup(stage->arena, source_line_splice(stage, line, (size_t)(quote - line->text),
							     (size_t)(quote - line->text) + 1, ""));
	source_line_parse(stage, text, line->length - 1, &bare);
	value = source_line_value(stage, &bare);
	if (bare.words.count != 1 || judge_correction(stage, rule, value, in_match) != FATE_CORRECT) {
		repair_drop(stage, problem, line, in_match, "a quote is not closed");
		return;
	}
	repair_correct(stage, problem, line, text, source_line_summary(stage, line), source_line_summary(stage, &bare));
}
