/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Match blocks: lines that decide for whom other lines hold. */
#include "stage/config_repair.h"

#include "base/text.h"

enum {
	BLOCK_LINES = 1000, /* a longer block is not made a comment as a whole */
};

/* match_cfg_line() of servconf.c. "All" and "Invalid-User" stand alone, the others take a value. */
static const char *const criteria[] = {"User",	       "Group",	    "Host",    "Address", "All",
				       "LocalAddress", "LocalPort", "RDomain", "Version", "Invalid-User"};

static bool stands_alone(const char *criterion)
{
	return string_equal_nocase(criterion, "All") || string_equal_nocase(criterion, "Invalid-User");
}

bool is_match_criterion(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(criteria); i++) {
		if (string_equal_nocase(word, criteria[i]))
			return true;
	}
	return false;
}

static const char *criterion_meant(const char *word)
{
	const char *meant = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(criteria); i++) {
		unsigned limit = strlen(criteria[i]) < 4 ? 0 : strlen(criteria[i]) < 6 ? 1 : 2;

		if (edit_distance(word, criteria[i], limit) > limit)
			continue;
		if (meant)
			return NULL;
		meant = criteria[i];
	}
	return meant;
}

/* The only word on a Match line that is no criterion although it stands where one must; false when the line is wrong in
 * another way too. *ret is NULL when all are criteria. */
static bool find_bad_criterion(const struct source_line *line, const struct source_word **ret)
{
	size_t i = 0;

	*ret = NULL;
	if (!line->words.count || line->open_quote)
		return false;
	while (i < line->words.count) {
		const struct source_word *word = &line->words.items[i];
		const char *meant = word->value;

		if (strchr(word->value, '='))
			return false;
		if (!is_match_criterion(word->value)) {
			meant = criterion_meant(word->value);
			if (*ret || !meant)
				return false;
			*ret = word;
		}
		i += stands_alone(meant) ? 1 : 2;
	}
	/* The last criterion has no value. */
	return i == line->words.count;
}

/* Corrects the keyword or one criterion. false when that is not all that is wrong. */
static bool correct_match(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	const struct source_word *bad;
	bool keyword = !string_equal_nocase(line->keyword.value, "Match");
	const char *meant;

	if (!find_bad_criterion(line, &bad) || keyword == (bad != NULL))
		return false;
	if (keyword)
		bad = &line->keyword;
	meant = keyword ? "Match" : criterion_meant(bad->value);
	/* The lines of the block now mean what they were meant to: what is wrong with them shows only then. */
	stage->findings->partial[STAGE_CONFIG] = true;
	repair_correct(stage, problem, line, source_line_splice(stage, line, bad->start, bad->end, meant), bad->value,
		       meant);
	return true;
}

static bool is_loosest(const struct keyword_rule *rule, const char *value)
{
	const char *const *words = option_words(rule);
	int rank = option_rank(rule, value), highest = -1;

	for (; words && *words; words++)
		highest += **words != '=';
	return rank >= 0 && rank == highest;
}

/* Whether a connection that the block was for gets no further when the line is lost: it sets nothing that restricts, or
 * the loosest value there is, which what stands outside of the block can only tighten. */
static bool block_line_may_go(const struct source_line *line)
{
	const char *keyword = line->keyword.value;
	const struct keyword_rule *rule = keyword_rule_nearest(keyword, SSHD_VERSION_LATER);

	if (!*keyword || !option_restricts(keyword))
		return true;
	return rule && option_meaning(rule->id)->strictest && line->words.count == 1 &&
	       is_loosest(rule, line->words.items[0].value);
}

/* Whether the whole block may go; *ret_end is then the line behind its last one. It ends at the next Match, or with the
 * file (servconf.c restores the state behind an Include). */
static bool block_may_go(struct config_stage *stage, const struct source_line *match, unsigned *ret_end)
{
	struct source_line line;
	unsigned number = match->number;

	if (match->file->read_only || match->file->settled[number])
		return false;
	while (source_line_read(stage, match->file, ++number, &line)) {
		if (string_equal_nocase(line.keyword.value, "Match"))
			break;
		if (number - match->number > BLOCK_LINES || match->file->settled[number] || !block_line_may_go(&line))
			return false;
	}
	*ret_end = number;
	return true;
}

void repair_match(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	unsigned end;

	if (correct_match(stage, problem, line))
		return;
	if (!block_may_go(stage, line, &end)) {
		repair_leave(stage, problem, line);
		problem_remedy(stage->findings, problem, "%s",
			       line->file->read_only
				   ? arena_printf(stage->arena, "correct the line by hand: %s", line->file->read_only)
				   : "correct the line by hand: without it, the lines of its block would hold for "
				     "everybody or for nobody");
		return;
	}
	for (unsigned number = line->number; number < end; number++) {
		struct source_line each;

		source_line_read(stage, line->file, number, &each);
		if (*each.keyword.value)
			repair_comment_out(stage, problem, &each, "of a Match block that sshd refuses");
	}
	problem_repair(stage->findings, problem, VERB_COMMENT_OUT, "the block: %s", source_line_summary(stage, line));
}
