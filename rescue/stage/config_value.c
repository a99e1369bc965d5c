/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keywords and single values that sshd does not know. */
#include "stage/config_repair.h"

#include "base/ctype.h"
#include "base/text.h"

const char *plain_text(struct config_stage *stage, const struct source_line *line)
{
	static const struct {
		const char *utf8, *plain;
	} lookalikes[] = {
	    {"\xc2\xa0", " "}, /* no-break space */
	    {"\xe2\x80\x8b", ""}, /* zero width space */
	    {"\xef\xbb\xbf", ""}, /* byte order mark */
	    {"\xe2\x80\x90", "-"}, {"\xe2\x80\x91", "-"}, {"\xe2\x80\x92", "-"},  {"\xe2\x80\x93", "-"},
	    {"\xe2\x80\x94", "-"}, {"\xe2\x88\x92", "-"}, {"\xe2\x80\x9c", "\""}, {"\xe2\x80\x9d", "\""},
	};
	struct text plain = {.arena = stage->arena};
	bool changed = false;

	if (line->binary)
		return NULL;
	text_add(&plain, "", 0);
	for (const char *next = line->text; *next;) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(lookalikes) && !string_after(next, lookalikes[i].utf8); i++)
			;
		if (i < ARRAY_SIZE(lookalikes)) {
			text_add_string(&plain, lookalikes[i].plain);
			next += strlen(lookalikes[i].utf8);
			changed = true;
		} else {
			text_add(&plain, next++, 1);
		}
	}
	return changed ? plain.data : NULL;
}

static const char *first_value(const struct source_line *line)
{
	return line->words.count ? line->words.items[0].value : NULL;
}

static const char *judged_value(struct config_stage *stage, const struct source_line *line,
				const struct keyword_rule *rule)
{
	return option_words(rule) ? first_value(line) : source_line_value(stage, line);
}

/* The line as it would be in other characters: whether sshd would know it then. */
static bool repair_with_text(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			     const char *text, bool in_match)
{
	const struct keyword_rule *rule;
	struct source_line plain;

	source_line_parse(stage, text, strlen(text), &plain);
	rule = option_in_use(stage, plain.keyword.value);
	/* Only a mark at the start of the file, before a comment or an empty line. */
	if (!*plain.keyword.value) {
		repair_correct(stage, problem, line, text, "an invisible mark", "nothing");
		return true;
	}
	if (!rule || !plain.words.count)
		return false;
	/* What is wrong with the line is something else. */
	if (line->words.count && string_equal(plain.keyword.value, line->keyword.value) &&
	    string_equal(plain.words.items[0].value, line->words.items[0].value))
		return false;
	repair_by_fate(stage, problem, line, judge_correction(stage, rule, judged_value(stage, &plain, rule), in_match),
		       text, source_line_summary(stage, line), source_line_summary(stage, &plain));
	return true;
}

static bool repair_with_plain_text(struct config_stage *stage, struct problem *problem, const struct source_line *line,
				   bool in_match)
{
	const char *text = plain_text(stage, line);

	return text && repair_with_text(stage, problem, line, text, in_match);
}

/* "PermitRootLogin:no", as other programs want it. */
static bool repair_colon(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			 bool in_match)
{
	const char *colon = strchr(line->keyword.value, ':');
	size_t place = colon ? line->keyword.start + (size_t)(colon - line->keyword.value) : 0;

	return colon && colon[1] &&
	       repair_with_text(stage, problem, line, source_line_splice(stage, line, place, place + 1, " "), in_match);
}

void repair_keyword(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match)
{
	const char *keyword = line->keyword.value;
	const struct keyword_rule *meant = option_meant(stage, keyword);
	const char *text;

	if (repair_with_plain_text(stage, problem, line, in_match) || repair_colon(stage, problem, line, in_match))
		return;
	/* "Mach User bob": until it is corrected, the lines behind it belong to no block. */
	if ((!meant || meant->id == KEYWORD_MATCH) && option_is_like_match(keyword)) {
		repair_match(stage, problem, line);
		return;
	}
	if (!meant) {
		repair_drop(stage, problem, line, in_match,
			    option_is_of_client(keyword) ? "an option of ssh_config, the client's" : "unknown keyword");
		return;
	}
	/* What stands in the included files comes to light only then. */
	if (meant->id == KEYWORD_INCLUDE)
		stage->findings->partial[STAGE_CONFIG] = true;
	text = source_line_splice(stage, line, line->keyword.start, line->keyword.end, meant->name);
	repair_by_fate(stage, problem, line, judge_correction(stage, meant, judged_value(stage, line, meant), in_match),
		       text, keyword, meant->name);
}

static bool all_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!char_is_digit(text[i]))
			return false;
	}
	return length > 0;
}

/* "22;", "22/tcp", "no,": a value with something behind it that no value has. The length of the value, or 0. */
static size_t value_before_junk(const struct keyword_rule *rule, const char *value)
{
	size_t length = strlen(value), bare = length;

	while (bare && strchr(";,.:", value[bare - 1]))
		bare--;
	if (rule->grammar == GRAMMAR_PORT && string_ends_with(value, "/tcp"))
		bare = length - strlen("/tcp");
	if (bare == length)
		return 0;
	switch (rule->grammar) {
	case GRAMMAR_PORT:
	case GRAMMAR_INTEGER:
		return all_digits(value, bare) ? bare : 0;
	case GRAMMAR_TIME:
		return bare && char_is_digit(*value) ? bare : 0;
	case GRAMMAR_LISTEN_ADDRESS:
	case GRAMMAR_PATH:
	case GRAMMAR_WORD:
		return option_meaning(rule->id)->may_go ? bare : 0;
	default:
		return option_words(rule) ? bare : 0;
	}
}

/* Puts value in the place of the first argument, if that line may be corrected. */
static void repair_first_value(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			       const struct keyword_rule *rule, const char *value, bool in_match)
{
	const struct source_word *word = &line->words.items[0];

	repair_by_fate(stage, problem, line, judge_correction(stage, rule, value, in_match),
		       source_line_splice(stage, line, word->start, word->end, value), word->value, value);
}

/* Fatal before OpenSSH 9.5; from then on the first one counts. */
void repair_second_subsystem(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	const struct sshd_setting *first = NULL;
	const char *value = source_line_value(stage, line);

	while ((first = sshd_config_next(&stage->facts->config, "Subsystem", first))) {
		if (first->argument_count && line->words.count &&
		    string_equal(first->arguments[0], line->words.items[0].value))
			break;
	}
	/* Options of the second command may restrict what it does ("-R": read only). */
	if (first && (line->words.count == 2 || string_equal(first->value, value)))
		repair_comment_out(stage, problem, line, "this subsystem is defined already");
	else
		repair_leave(stage, problem, line);
}

void repair_value(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		  const struct sshd_config_error *error)
{
	const struct keyword_rule *rule = option_in_use(stage, line->keyword.value);
	const char *value = first_value(line), *meant;
	size_t bare;

	if (!rule || !value) {
		repair_drop(stage, problem, line, error->in_match, "no valid value");
		return;
	}
	if (is_algorithm_list(rule->grammar)) {
		repair_algorithms(stage, problem, line, rule, error);
		return;
	}
	if (repair_with_plain_text(stage, problem, line, error->in_match) ||
	    repair_word_list(stage, problem, line, rule, error))
		return;
	bare = value_before_junk(rule, value);
	if (bare && (!option_words(rule) || option_rank(rule, arena_memdup(stage->arena, value, bare)) >= 0)) {
		repair_first_value(stage, problem, line, rule, arena_memdup(stage->arena, value, bare),
				   error->in_match);
		return;
	}
	meant = option_word_meant(rule, value);
	if (meant)
		repair_first_value(stage, problem, line, rule, meant, error->in_match);
	else
		repair_drop(stage, problem, line, error->in_match, "no valid value");
}
