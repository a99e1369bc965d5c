/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/text.h"

bool edit_is_of_lines(enum edit_op op)
{
	return op == EDIT_REPLACE_LINE || op == EDIT_DELETE_LINE || op == EDIT_INSERT_LINE;
}

/* Line 0 of an insertion is the end of the file. */
static unsigned sort_line(const struct edit *edit)
{
	return edit->op == EDIT_INSERT_LINE && edit->line == 0 ? UINT_MAX : edit->line;
}

/* By line; insertions come before what is done to the line itself. */
static int compare_edits(const void *first, const void *second)
{
	const struct line_edit *a = first, *b = second;
	unsigned a_line = sort_line(a->edit), b_line = sort_line(b->edit);
	bool a_insert = a->edit->op == EDIT_INSERT_LINE, b_insert = b->edit->op == EDIT_INSERT_LINE;

	if (a_line != b_line)
		return a_line < b_line ? -1 : 1;
	if (a_insert != b_insert)
		return a_insert ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool edits_equal(const struct edit *a, const struct edit *b)
{
	return a->op == b->op && (a->op == EDIT_DELETE_LINE || string_equal(a->text, b->text));
}

struct applying {
	struct text text;
	struct line_edit *next, *end;
	bool carriage_return; /* lines end with CR LF here */
	const struct edit *failed;
};

static void add_newline(struct applying *applying)
{
	text_add_string(&applying->text, applying->carriage_return ? "\r\n" : "\n");
}

/* Adds text that may hold several lines, without a newline at its end. */
static void add_lines(struct applying *applying, const char *lines)
{
	for (;;) {
		size_t length = strcspn(lines, "\n"), kept = length;

		/* A text that was taken from a line with CR LF may still have its carriage return. */
		if (applying->carriage_return && kept > 0 && lines[kept - 1] == '\r')
			kept--;
		text_add(&applying->text, lines, kept);
		lines += length;
		if (*lines == '\0')
			return;
		lines++;
		add_newline(applying);
	}
}

static bool inserted_before(const struct line_edit *from, const struct line_edit *edit)
{
	for (; from < edit; from++) {
		if (edits_equal(from->edit, edit->edit))
			return true;
	}
	return false;
}

static void insert_at(struct applying *applying, unsigned line)
{
	const struct line_edit *first = applying->next;

	for (; applying->next < applying->end; applying->next++) {
		const struct edit *edit = applying->next->edit;

		if (edit->op != EDIT_INSERT_LINE || sort_line(edit) != line)
			return;
		if (inserted_before(first, applying->next))
			continue;
		add_lines(applying, edit->text);
		add_newline(applying);
	}
}

/* The one edit of the line itself, or NULL. */
static int edit_of_line(struct applying *applying, unsigned line, const struct edit **ret)
{
	*ret = NULL;
	for (; applying->next < applying->end && applying->next->edit->line == line; applying->next++) {
		const struct edit *edit = applying->next->edit;

		if (edit->op == EDIT_INSERT_LINE)
			break;
		if (*ret && !edits_equal(*ret, edit)) {
			applying->failed = edit;
			return -EEXIST;
		}
		if (!*ret)
			*ret = edit;
	}
	return 0;
}

static int apply_line(struct applying *applying, unsigned number, const char *line, size_t length, bool newline)
{
	const struct edit *edit;
	int result;

	/* A last line without a newline says nothing about the convention: the line before it counts. */
	if (newline)
		applying->carriage_return = length > 0 && line[length - 1] == '\r';
	insert_at(applying, number);
	result = edit_of_line(applying, number, &edit);
	if (result < 0)
		return result;
	if (!edit) {
		text_add(&applying->text, line, length + (newline ? 1 : 0));
	} else if (edit->op == EDIT_REPLACE_LINE) {
		add_lines(applying, edit->text);
		if (newline)
			add_newline(applying);
	}
	return 0;
}

static int apply_all(const struct blob *content, struct applying *applying)
{
	size_t offset = 0, start = 0, length;
	unsigned number = 1;
	const char *line;

	while (next_line(content, &offset, &line, &length)) {
		int result = apply_line(applying, number, line, length, offset - start > length);

		if (result < 0)
			return result;
		start = offset;
		number++;
	}
	if (applying->next == applying->end)
		return 0;
	if (sort_line(applying->next->edit) != UINT_MAX) {
		applying->failed = applying->next->edit;
		return -ESTALE;
	}
	if (applying->text.size > 0 && applying->text.data[applying->text.size - 1] != '\n')
		add_newline(applying);
	insert_at(applying, UINT_MAX);
	return 0;
}

int lines_apply(const struct blob *content, struct line_edit *edits, size_t count, struct arena *arena,
		struct blob *ret, const struct edit **ret_failed)
{
	struct applying applying = {.text = {.arena = arena}, .next = edits, .end = edits + count};
	int result;

	for (size_t i = 0; i < count; i++) {
		const struct edit *edit = edits[i].edit;

		*ret_failed = edit;
		if (edit->op != EDIT_DELETE_LINE && !edit->text)
			return -EINVAL;
		if ((edit->op != EDIT_INSERT_LINE && edit->line == 0) || edit->line == UINT_MAX)
			return -ESTALE;
	}
	qsort(edits, count, sizeof(edits[0]), compare_edits);
	text_add(&applying.text, "", 0);
	result = apply_all(content, &applying);
	*ret_failed = applying.failed;
	if (result == 0)
		*ret = (struct blob){.data = applying.text.data, .size = applying.text.size};
	return result;
}
