/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_CONFIG_REPAIR_H
#define SSHRESCUE_STAGE_CONFIG_REPAIR_H

/*
 * Private to the config stage: the repairs. Each takes a problem that is raised already and either attaches edits to it
 * or makes it one that is only reported, with a remedy. They propose; the plan proves by looking again.
 */

#include "stage/config_option.h"
#include "stage/config_source.h"

/* What may become of a line that sshd would take after a correction. */
enum fate {
	FATE_CORRECT,
	FATE_COMMENT_OUT, /* what is in force without it is stricter */
	FATE_LEAVE, /* either may let somebody in */
};

/* --- config_repair.c --- */
/* The setting in force outside of Match blocks, NULL for the default. */
const struct sshd_setting *in_force(struct config_stage *stage, const struct keyword_rule *rule);
/* Whether several lines outside of Match blocks that sshd refuses are about this option: which of them will count
 * depends on the repair of the others. */
bool is_contradicted(struct config_stage *stage, const struct keyword_rule *rule);
/* Judges a line of rule with this value (NULL: none), as if it were corrected. */
enum fate judge_correction(struct config_stage *stage, const struct keyword_rule *rule, const char *value,
			   bool in_match);
/* Whether the line can be lost without letting anybody in. */
bool line_may_go(struct config_stage *stage, const struct source_line *line, bool in_match);
/* Replaces the line; before and after are the words that changed, for the report. */
void repair_correct(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		    const char *text, const char *before, const char *after);
/* Makes a comment of the line, whatever it says. */
void repair_comment_out(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			const char *reason);
/* Makes a comment of the line if it can be lost, else leaves it. */
void repair_drop(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match,
		 const char *reason);
/* No repair: says that the line keeps somebody out, and what would help. */
void repair_leave(struct config_stage *stage, struct problem *problem, const struct source_line *line);
/* As judge_correction() says: corrects, comments out or leaves. value is the first argument of text. */
void repair_by_fate(struct config_stage *stage, struct problem *problem, const struct source_line *line, enum fate fate,
		    const char *text, const char *before, const char *after);

/* --- config_value.c --- */
void repair_keyword(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match);
void repair_value(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		  const struct sshd_config_error *error);
/* A subsystem that is defined a second time. */
void repair_second_subsystem(struct config_stage *stage, struct problem *problem, const struct source_line *line);
/* Blanks, quotes and dashes that only look like those of ASCII, and marks that no one sees: the line with what was
 * meant, or NULL when there are none. */
const char *plain_text(struct config_stage *stage, const struct source_line *line);

/* --- config_list.c --- */
bool is_algorithm_list(enum keyword_grammar grammar);
void repair_algorithms(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		       const struct keyword_rule *rule, const struct sshd_config_error *error);
/* A list of algorithms of which nothing is left once patterns are applied. */
void repair_empty_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		       const struct keyword_rule *rule);
/* A list of words of which one is bad. false when it is no such list. */
bool repair_word_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		      const struct keyword_rule *rule, const struct sshd_config_error *error);

/* --- config_shape.c --- */
void repair_extra_arguments(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			    const struct sshd_config_error *error);
void repair_quotes(struct config_stage *stage, struct problem *problem, const struct source_line *line, bool in_match);

/* --- config_match.c --- */
bool is_match_criterion(const char *word);
/* A Match line that sshd refuses, or a keyword that was perhaps meant to be one. */
void repair_match(struct config_stage *stage, struct problem *problem, const struct source_line *line);

/* --- config_include.c --- */
enum file_kind {
	FILE_OF_SSHD, /* meant to be its configuration */
	FILE_OF_OTHERS, /* certainly not: keys, the client's configuration */
	FILE_OF_UNKNOWN, /* may be anything, also something secret */
};
enum file_kind config_file_kind(struct config_stage *stage, const char *path);
/* An Include line that sshd stumbles over. */
void repair_include(struct config_stage *stage, struct problem *problem, const struct source_line *line);
/* A file that is included and not of sshd: raises the Include lines that bring it in, and quotes nothing of it. */
void check_foreign_file(struct config_stage *stage, const char *path);

/* --- config_damage.c --- */
/* Whether a line is one of the marks that a merge leaves: '<', '|', '=', '>', or 0. */
char conflict_mark(const struct source_line *line);
void repair_merge_conflict(struct config_stage *stage, struct problem *problem, const struct source_line *start);
/* Whether sshd refuses so much of a file that it is something else than a configuration. */
bool is_no_configuration(const struct source_file *file);
/* A file that is something else, or has lines that are no text. */
void repair_garbage(struct config_stage *stage, struct problem *problem, struct source_file *file);
/* The main file is not there, or cannot be used. error: why. */
void repair_missing_file(struct config_stage *stage, struct problem *problem, const char *path);

#endif
