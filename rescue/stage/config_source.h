/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_CONFIG_SOURCE_H
#define SSHRESCUE_STAGE_CONFIG_SOURCE_H

/* Private to the config stage: the lines of the files that sshd reads, as text to be edited. */

#include "parse/sshd_keywords.h"
#include "stage/stage.h"

/* A file of the configuration. Lines are counted from 1. */
struct source_file {
	const char *path;
	int error; /* 0, or why it could not be read */
	struct blob content;
	size_t *starts; /* of each line, and one more for the end */
	unsigned line_count;
	bool *settled; /* by line: an edit of it, or a problem about it, is there already */
	unsigned errors; /* what sshd does not take of it */
	bool garbage_seen; /* a problem says that the file is no configuration */
	const char *read_only; /* NULL, or why repairs may not edit it */
};

struct config_stage {
	const struct facts *facts;
	struct findings *findings;
	struct arena *arena;
	ARRAY_OF(struct source_file *) files;
	enum keyword_id *meant_by_error; /* see is_contradicted() */
	string_list main_included; /* files that the main one includes */
	bool main_included_known;
	unsigned foreign_seen; /* files that are no configuration */
	bool foreign_blamed; /* one of them was found to be read without an Include line */
	bool circle_searched; /* the line that closes a circle of Include lines was looked for */
};

/* A word of a line. Offsets count from the start of the line, quotes included; value is without them. */
struct source_word {
	size_t start, end;
	const char *value;
};

struct source_line {
	struct source_file *file;
	unsigned number;
	const char *text; /* NUL-terminated, without the end of the line; may hold other NULs where binary */
	size_t length;
	struct source_word keyword; /* value "" for an empty line or a comment */
	ARRAY_OF(struct source_word) words; /* the arguments */
	bool open_quote; /* a quote is not closed */
	bool binary; /* holds bytes that no text has */
};

/* Never NULL; the same file is read once. */
struct source_file *source_open(struct config_stage *stage, const char *path);
/* false when the file has no such line. */
bool source_line_read(struct config_stage *stage, struct source_file *file, unsigned number, struct source_line *ret);
/* One line out of a text that is no file. */
void source_line_parse(struct config_stage *stage, const char *text, size_t length, struct source_line *ret);

/* The arguments joined by single blanks, as in struct sshd_setting; NULL when there are none. */
const char *source_line_value(struct config_stage *stage, const struct source_line *line);
/* The line with single blanks between its words, control characters escaped, cut where it is long. */
const char *source_line_summary(struct config_stage *stage, const struct source_line *line);
/* The line as a comment that says why, with the text kept: "#FooBar yes # sshrescue: unknown keyword". */
const char *source_line_comment(struct config_stage *stage, const struct source_line *line, const char *reason);
/* The line with the bytes from start to end replaced. */
const char *source_line_splice(struct config_stage *stage, const struct source_line *line, size_t start, size_t end,
			       const char *replacement);

/* Attaches the edit to the problem's repair. false when the file may not be edited or the line is edited already: the
 * problem is then without a repair, and says why. */
bool source_replace_line(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			 const char *text);

#endif
