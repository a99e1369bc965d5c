/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/config_source.h"

#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "policy.h"

enum {
	SUMMARY_LENGTH = 120,
	COMMENT_LENGTH = 1000, /* of a line that is kept in a comment */
};

static void index_lines(struct arena *arena, struct source_file *file)
{
	const char *line;
	size_t offset = 0, length;
	unsigned count = 0;

	while (next_line(&file->content, &offset, &line, &length))
		file->line_count++;
	file->starts = arena_alloc(arena, (file->line_count + 1) * sizeof(*file->starts));
	file->settled = arena_alloc(arena, (file->line_count + 1) * sizeof(*file->settled));
	for (offset = 0; next_line(&file->content, &offset, &line, &length);)
		file->starts[count++] = (size_t)(line - file->content.data);
	file->starts[count] = file->content.size;
}

/* A link in /etc may lead to a vendor's file: what counts is the file that would be written. */
static const char *why_read_only(struct config_stage *stage, const char *path)
{
	char *resolved;

	if (target_resolve(stage->facts->target, path, true, stage->arena, &resolved) < 0)
		return arena_printf(stage->arena, "%s cannot be resolved", path);
	if (policy_allows_path(EDIT_REPLACE_LINE, resolved))
		return NULL;
	if (string_after(resolved, "/usr/") || string_after(resolved, "/lib/"))
		return arena_printf(stage->arena, "%s belongs to the distribution's packages", resolved);
	return arena_printf(stage->arena, "%s is outside of what a repair may touch", resolved);
}

struct source_file *source_open(struct config_stage *stage, const char *path)
{
	const struct sshd_config *config = &stage->facts->config;
	struct source_file *file;

	for (size_t i = 0; i < stage->files.count; i++) {
		if (string_equal(stage->files.items[i]->path, path))
			return stage->files.items[i];
	}
	file = ARENA_NEW(stage->arena, struct source_file);
	file->path = arena_strdup(stage->arena, path);
	for (size_t i = 0; i < config->errors.count; i++)
		file->errors += config->errors.items[i].path && string_equal(config->errors.items[i].path, path);
	file->error = target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->arena, &file->content, NULL);
	if (file->error == 0) {
		index_lines(stage->arena, file);
		file->read_only = why_read_only(stage, path);
	}
	*array_push(stage->arena, &stage->files) = file;
	return file;
}

/* Bytes that text does not have: control characters, and what is not UTF-8. */
static bool is_binary(const char *text, size_t length)
{
	size_t follow = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (follow) {
			if ((c & 0xc0) != 0x80)
				return true;
			follow--;
		} else if (c < 0x80) {
			if ((c < 0x20 && !char_is_space((char)c)) || c == 0x7f)
				return true;
		} else if (c >= 0xc2 && c <= 0xf4) {
			follow = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		} else {
			return true;
		}
	}
	return follow != 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* One argument, as argv_split() of misc.c cuts them: blanks outside of quotes separate, "\" escapes quotes and itself.
 */
static size_t parse_word(struct config_stage *stage, struct source_line *line, size_t start)
{
	struct text value = {.arena = stage->arena};
	struct source_word *word = array_push(stage->arena, &line->words);
	size_t i = start;
	char quote = '\0';

	text_add(&value, "", 0);
	for (; i < line->length && (quote || !is_blank(line->text[i])); i++) {
		char c = line->text[i];

		if (c == '\\' && i + 1 < line->length && strchr("'\"\\ ", line->text[i + 1])) {
			text_add(&value, &line->text[++i], 1);
		} else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
		} else {
			text_add(&value, &c, 1);
		}
	}
	line->open_quote = quote != '\0';
	*word = (struct source_word){.start = start, .end = i, .value = value.data};
	return i;
}

void source_line_parse(struct config_stage *stage, const char *text, size_t length, struct source_line *ret)
{
	size_t i = 0;

	*ret = (struct source_line){.text = arena_memdup(stage->arena, text, length), .length = length};
	ret->binary = is_binary(text, length);
	while (length && is_blank(ret->text[length - 1]))
		length--;
	while (i < length && is_blank(ret->text[i]))
		i++;
	ret->keyword = (struct source_word){.start = i, .end = i, .value = ""};
	if (i == length || ret->text[i] == '#')
		return;
	while (i < length && !is_blank(ret->text[i]) && ret->text[i] != '=' && ret->text[i] != '"')
		i++;
	ret->keyword.end = i;
	ret->keyword.value = arena_memdup(stage->arena, ret->text + ret->keyword.start, i - ret->keyword.start);
	while (i < length && is_blank(ret->text[i]))
		i++;
	if (i < length && ret->text[i] == '=')
		i++;
	while (i < length) {
		while (i < length && is_blank(ret->text[i]))
			i++;
		if (i < length)
			i = parse_word(stage, ret, i);
	}
}

bool source_line_read(struct config_stage *stage, struct source_file *file, unsigned number, struct source_line *ret)
{
	const char *text;
	size_t length;

	if (number == 0 || number > file->line_count)
		return false;
	text = file->content.data + file->starts[number - 1];
	length = file->starts[number] - file->starts[number - 1];
	if (length && text[length - 1] == '\n')
		length--;
	if (length && text[length - 1] == '\r')
		length--;
	source_line_parse(stage, text, length, ret);
	ret->file = file;
	ret->number = number;
	return true;
}

const char *source_line_value(struct config_stage *stage, const struct source_line *line)
{
	struct text joined = {.arena = stage->arena};

	for (size_t i = 0; i < line->words.count; i++)
		text_printf(&joined, "%s%s", i ? " " : "", line->words.items[i].value);
	return joined.data;
}

const char *source_line_summary(struct config_stage *stage, const struct source_line *line)
{
	struct text summary = {.arena = stage->arena};
	bool blank = false;

	text_add(&summary, "", 0);
	for (size_t i = 0; i < line->length; i++) {
		char c = line->text[i];

		if (is_blank(c)) {
			blank = summary.size > 0;
			continue;
		}
		if (summary.size > SUMMARY_LENGTH && ((unsigned char)c & 0xc0) != 0x80) {
			text_add_string(&summary, "…");
			break;
		}
		if (blank)
			text_add(&summary, " ", 1);
		blank = false;
		if ((unsigned char)c < 0x20 || (line->binary && !char_is_printable(c)))
			text_printf(&summary, "\\x%02x", (unsigned char)c);
		else
			text_add(&summary, &c, 1);
	}
	return summary.data;
}

/* sshd ends a line at a NUL and goes on with the next one (load_server_config): no such byte may stay in a comment. */
static void add_kept_text(struct text *text, const struct source_line *line)
{
	size_t length = line->length < COMMENT_LENGTH ? line->length : COMMENT_LENGTH;

	/* Not in the middle of a character. */
	while (length < line->length && ((unsigned char)line->text[length] & 0xc0) == 0x80)
		length++;
	for (size_t i = 0; i < length; i++) {
		char c = line->text[i];

		if (((unsigned char)c < 0x20 && c != '\t') || (line->binary && !char_is_printable(c) && c != '\t'))
			text_printf(text, "\\x%02x", (unsigned char)c);
		else
			text_add(text, &c, 1);
	}
	if (length < line->length)
		text_add_string(text, "…");
}

const char *source_line_comment(struct config_stage *stage, const struct source_line *line, const char *reason)
{
	struct text comment = {.arena = stage->arena};

	text_add_string(&comment, "#");
	add_kept_text(&comment, line);
	text_printf(&comment, " # sshrescue: %s", reason);
	return comment.data;
}

const char *source_line_splice(struct config_stage *stage, const struct source_line *line, size_t start, size_t end,
			       const char *replacement)
{
	return arena_printf(stage->arena, "%.*s%s%s", (int)start, line->text, replacement, line->text + end);
}

/* Where the vendor's main file is in use since /etc has none, a copy in /etc takes its place. */
static bool override_vendor_file(struct config_stage *stage, struct problem *problem, const struct source_line *line,
				 const char *text)
{
	const struct sshd_config *config = &stage->facts->config;
	const struct source_file *file = line->file;
	struct text content = {.arena = stage->arena};

	/* The copy is written as a whole: only one repair can do that. */
	if (!config->vendor || !string_equal(file->path, config->main_path) || file->errors != 1)
		return false;
	text_add(&content, file->content.data, file->starts[line->number - 1]);
	text_printf(&content, "%s\n", text);
	text_add(&content, file->content.data + file->starts[line->number],
		 file->content.size - file->starts[line->number]);
	repair_write(stage->findings, problem, "/etc/ssh/sshd_config",
		     (struct blob){.data = content.data, .size = content.size}, 0600, 0, 0);
	return true;
}

bool source_replace_line(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			 const char *text)
{
	struct source_file *file = line->file;

	if (file->read_only && override_vendor_file(stage, problem, line, text))
		return true;
	if (file->read_only || file->settled[line->number]) {
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "%s",
			       file->read_only
				   ? arena_printf(stage->arena, "correct the line by hand: %s", file->read_only)
				   : "correct the line by hand");
		return false;
	}
	file->settled[line->number] = true;
	repair_replace_line(stage->findings, problem, file->path, line->number, text);
	return true;
}
