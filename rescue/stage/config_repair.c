/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/config_repair.h"

#include "base/text.h"

const struct sshd_setting *in_force(struct config_stage *stage, const struct keyword_rule *rule)
{
	const char *name = keyword_name(rule->id);

	return name ? sshd_config_get(&stage->facts->config, name) : NULL;
}

/* The option that each refused line was perhaps meant to set. */
static const enum keyword_id *meant_by_errors(struct config_stage *stage)
{
	const struct sshd_config *config = &stage->facts->config;

	if (stage->meant_by_error)
		return stage->meant_by_error;
	stage->meant_by_error = arena_alloc(stage->arena, (config->errors.count + 1) * sizeof(*stage->meant_by_error));
	for (size_t i = 0; i < config->errors.count; i++) {
		const char *keyword = config->errors.items[i].keyword;
		const struct keyword_rule *meant = keyword ? option_meant(stage, keyword) : NULL;

		stage->meant_by_error[i] = meant ? meant->id : keyword ? keyword_id_of(keyword) : KEYWORD_NONE;
	}
	return stage->meant_by_error;
}

bool is_contradicted(struct config_stage *stage, const struct keyword_rule *rule)
{
	const struct sshd_config *config = &stage->facts->config;
	const enum keyword_id *meant = meant_by_errors(stage);
	unsigned lines = 0;

	for (size_t i = 0; i < config->errors.count; i++)
		lines += meant[i] == rule->id && !config->errors.items[i].in_match;
	return lines > 1;
}

/* An option whose values have an order, from the strictest on. */
static enum fate judge_ordered(struct config_stage *stage, const struct keyword_rule *rule, int rank, bool in_match)
{
	const struct option_meaning *meaning = option_meaning(rule->id);
	const struct sshd_setting *other = in_match ? NULL : in_force(stage, rule);
	int other_rank = other ? option_rank(rule, other->value) : -1;

	/* What was never in force is not brought in force where it weakens authentication: the default is stricter. */
	if (meaning->perilous && rank > 0)
		return FATE_COMMENT_OUT;
	/* Two lines that contradict each other, of which sshd takes the first: the stricter one stays. */
	if (other && other_rank < 0)
		return FATE_LEAVE;
	if (rank > 0 && !in_match && is_contradicted(stage, rule))
		return FATE_LEAVE;
	return other && other_rank < rank ? FATE_COMMENT_OUT : FATE_CORRECT;
}

enum fate judge_correction(struct config_stage *stage, const struct keyword_rule *rule, const char *value,
			   bool in_match)
{
	const struct option_meaning *meaning = option_meaning(rule->id);
	const struct sshd_setting *other;

	if (!value || (in_match && rule->scope == SCOPE_GLOBAL))
		return meaning->may_go ? FATE_COMMENT_OUT : FATE_LEAVE;
	if (option_words(rule) && option_rank(rule, value) < 0 && rule->grammar != GRAMMAR_USER_ENVIRONMENT)
		return meaning->may_go ? FATE_COMMENT_OUT : FATE_LEAVE;
	if (meaning->may_go || rule->repeat == REPEAT_ALL)
		return FATE_CORRECT;
	if (meaning->strictest) {
		int rank = option_rank(rule, value);

		return judge_ordered(stage, rule, rank < 0 ? 1 : rank, in_match);
	}
	other = in_match ? NULL : in_force(stage, rule);
	if (!in_match && is_contradicted(stage, rule))
		return FATE_LEAVE;
	return other && !string_equal(other->value, value) ? FATE_LEAVE : FATE_CORRECT;
}

bool line_may_go(struct config_stage *stage, const struct source_line *line, bool in_match)
{
	const char *keyword = line->keyword.value;
	const struct keyword_rule *rule = keyword_rule_nearest(keyword, SSHD_VERSION_LATER);
	const struct option_meaning *meaning = rule ? option_meaning(rule->id) : NULL;
	const struct sshd_setting *other;

	/* Without the key that it names, clients may see another identity. */
	if (rule && rule->id == KEYWORD_HOST_KEY && line->words.count)
		return false;
	if (!option_restricts(keyword))
		return true;
	/* Where the default is the strictest value anyway, whatever the line was to say is no looser. */
	if (in_match || !meaning || !meaning->strictest || !string_equal(meaning->preset, meaning->strictest))
		return false;
	other = in_force(stage, rule);
	return (!other || option_rank(rule, other->value) == 0) && !is_contradicted(stage, rule);
}

void repair_correct(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		    const char *text, const char *before, const char *after)
{
	if (source_replace_line(stage, problem, line, text))
		problem_repair(stage->findings, problem, VERB_CORRECT, "%s -> %s", before, after);
}

void repair_comment_out(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			const char *reason)
{
	if (source_replace_line(stage, problem, line, source_line_comment(stage, line, reason)))
		problem_repair(stage->findings, problem, VERB_COMMENT_OUT, "%s", source_line_summary(stage, line));
}

void repair_drop(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match,
		 const char *reason)
{
	if (line_may_go(stage, line, in_match))
		repair_comment_out(stage, problem, line, reason);
	else
		repair_leave(stage, problem, line);
}

void repair_leave(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	const struct keyword_rule *rule = option_in_use(stage, line->keyword.value);
	const char *const *words = rule ? option_words(rule) : NULL;
	struct text choice = {.arena = stage->arena};

	problem->class = REPAIR_REPORT;
	problem->verb = VERB_NONE;
	for (; words && *words; words++)
		text_printf(&choice, "%s%s", choice.size ? ", " : " (one of ", *words + (**words == '='));
	problem_remedy(stage->findings, problem,
		       "correct the line by hand%s%s: it may keep somebody out, so it is not dropped",
		       choice.size ? choice.data : "", choice.size ? ")" : "");
}

void repair_by_fate(struct config_stage *stage, struct problem *problem, const struct source_line *line, enum fate fate,
		    const char *text, const char *before, const char *after)
{
	switch (fate) {
	case FATE_CORRECT:
		repair_correct(stage, problem, line, text, before, after);
		break;
	case FATE_COMMENT_OUT:
		repair_comment_out(stage, problem, line,
				   arena_printf(stage->arena, "%s was perhaps meant to be %s", before, after));
		break;
	case FATE_LEAVE:
		repair_leave(stage, problem, line);
		problem_remedy(stage->findings, problem,
			       "perhaps %s was meant to be %s; correct the line by hand: it decides who gets in",
			       before, after);
		break;
	}
}
