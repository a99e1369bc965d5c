/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include "report/escape.h"
#include "target/staged.h"

/*
 * A unified diff of two contents. Repairs change few lines far apart, so the common case is found by walking both sides
 * and looking for the nearest pair of equal lines after a difference; the result is always a correct diff, not always
 * the shortest one.
 */

enum {
	CONTEXT_LINES = 3,
	RESYNC_LINES = 200, /* how far ahead a common line is looked for */
};

struct line {
	const char *text;
	size_t length;
};
typedef ARRAY_OF(struct line) line_list;

/* One line of the diff. */
struct row {
	char sign; /* ' ', '-', '+' */
	struct line line;
};
typedef ARRAY_OF(struct row) row_list;

static void split(struct arena *arena, const struct blob *content, line_list *ret)
{
	size_t offset = 0;
	struct line line;

	while (next_line(content, &offset, &line.text, &line.length))
		*array_push(arena, ret) = line;
}

static bool same_line(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* The nearest common line at or behind i and j: the number of lines skipped on both sides together is the smallest. */
static void resync(const line_list *old, const line_list *new, size_t *i, size_t *j)
{
	for (size_t distance = 1; distance <= 2 * RESYNC_LINES; distance++) {
		for (size_t skip = 0; skip <= distance; skip++) {
			size_t a = *i + skip, b = *j + distance - skip;

			if (a < old->count && b < new->count &&same_line(&old->items[a], &new->items[b])) {
				*i = a;
				*j = b;
				return;
			}
		}
	}
	*i = old->count;
	*j = new->count;
}

static void diff_rows(struct arena *arena, const line_list *old, const line_list *new, row_list *rows)
{
	size_t i = 0, j = 0;

	while (i < old->count || j < new->count) {
		size_t next_i = i, next_j = j;

		if (i < old->count && j < new->count &&same_line(&old->items[i], &new->items[j])) {
			*array_push(arena, rows) = (struct row){' ', old->items[i++]};
			j++;
			continue;
		}
		resync(old, new, &next_i, &next_j);
		while (i < next_i)
			*array_push(arena, rows) = (struct row){'-', old->items[i++]};
		while (j < next_j)
			*array_push(arena, rows) = (struct row){'+', new->items[j++]};
	}
}

/* The end of the hunk that begins at first: the last changed row with its context, as long as gaps are small. */
static size_t hunk_end(const row_list *rows, size_t first_change)
{
	size_t last_change = first_change;

	for (size_t i = first_change; i < rows->count && i <= last_change + 2 * CONTEXT_LINES; i++) {
		if (rows->items[i].sign != ' ')
			last_change = i;
	}
	return last_change + CONTEXT_LINES + 1 < rows->count ? last_change + CONTEXT_LINES + 1 : rows->count;
}

/* A tab stays a tab, which is harmless on a terminal, so that patch(1) can use the diff. */
static void add_diff_line(struct text *text, const struct line *line)
{
	size_t done = 0;

	while (done < line->length) {
		const char *tab = memchr(line->text + done, '\t', line->length - done);
		size_t end = tab ? (size_t)(tab - line->text) : line->length;

		escape_terminal(text, line->text + done, end - done);
		if (tab)
			text_add(text, tab, 1);
		done = end + (tab ? 1 : 0);
	}
}

static void add_hunk(struct text *text, const row_list *rows, size_t begin, size_t end, size_t old_line,
		     size_t new_line)
{
	size_t old_count = 0, new_count = 0;

	for (size_t i = begin; i < end; i++) {
		old_count += rows->items[i].sign != '+';
		new_count += rows->items[i].sign != '-';
	}
	text_printf(text, "@@ -%zu,%zu +%zu,%zu @@\n", old_count ? old_line : old_line - 1, old_count,
		    new_count ? new_line : new_line - 1, new_count);
	for (size_t i = begin; i < end; i++) {
		text_add(text, &rows->items[i].sign, 1);
		add_diff_line(text, &rows->items[i].line);
		text_add_string(text, "\n");
	}
}

static void add_hunks(struct text *text, const row_list *rows)
{
	size_t old_line = 1, new_line = 1, position = 0;

	for (size_t i = 0; i < rows->count; i++) {
		size_t begin, end;

		if (rows->items[i].sign == ' ')
			continue;
		begin = i > position + CONTEXT_LINES ? i - CONTEXT_LINES : position;
		end = hunk_end(rows, i);
		for (; position < begin; position++) {
			old_line++;
			new_line++;
		}
		add_hunk(text, rows, begin, end, old_line, new_line);
		for (; position < end; position++) {
			old_line += rows->items[position].sign != '+';
			new_line += rows->items[position].sign != '-';
		}
		i = end - 1;
	}
}

static void add_content(struct text *text, const struct change *change)
{
	line_list old = {0}, new = {0};
	row_list rows = {0};

	if (change->before.type == NODE_FILE)
		split(text->arena, &change->before.content, &old);
	if (change->after.type == NODE_FILE)
		split(text->arena, &change->after.content, &new);
	text_add_string(text, "--- ");
	if (change->before.type == NODE_FILE)
		text_printf(text, "a%s", escape_terminal_string(text->arena, change->path));
	else
		text_add_string(text, "/dev/null");
	text_add_string(text, "\n+++ ");
	if (change->after.type == NODE_FILE)
		text_printf(text, "b%s", escape_terminal_string(text->arena, change->path));
	else
		text_add_string(text, "/dev/null");
	text_add_string(text, "\n");
	diff_rows(text->arena, &old, &new, &rows);
	add_hunks(text, &rows);
}

/* A private key is nothing to show on a console. */
static bool holds_secret(const struct change *change)
{
	const struct blob *content = &change->after.content;

	return change->after.type == NODE_FILE && !(change->after.mode & 0077) && content->size &&
	       memmem(content->data, content->size, "PRIVATE KEY", 11);
}

static void add_change(struct text *text, const struct change *change)
{
	const struct node *before = &change->before, *after = &change->after;
	const char *path = escape_terminal_string(text->arena, change->path);

	if (before->type == NODE_SYMLINK)
		text_printf(text, "# %s: symbolic link to %s %s\n", path,
			    escape_terminal_string(text->arena, before->link),
			    after->type == NODE_SYMLINK ? "replaced" : "removed");
	if (after->type == NODE_SYMLINK)
		text_printf(text, "# %s: new symbolic link to %s\n", path,
			    escape_terminal_string(text->arena, after->link));
	if (after->type == NODE_DIRECTORY && before->type == NODE_ABSENT)
		text_printf(text, "# %s: new directory, mode %04o, owner %u:%u\n", path, (unsigned)after->mode,
			    (unsigned)after->uid, (unsigned)after->gid);
	if (after->type == NODE_FILE && before->type != NODE_FILE)
		text_printf(text, "# %s: new file, mode %04o, owner %u:%u\n", path, (unsigned)after->mode,
			    (unsigned)after->uid, (unsigned)after->gid);
	if (before->type == after->type && before->type != NODE_SYMLINK) {
		if (before->mode != after->mode)
			text_printf(text, "# %s: mode %04o -> %04o\n", path, (unsigned)before->mode,
				    (unsigned)after->mode);
		if (before->uid != after->uid || before->gid != after->gid)
			text_printf(text, "# %s: owner %u:%u -> %u:%u\n", path, (unsigned)before->uid,
				    (unsigned)before->gid, (unsigned)after->uid, (unsigned)after->gid);
	}
	if (!change->content || (before->type != NODE_FILE && after->type != NODE_FILE))
		return;
	if (holds_secret(change))
		text_printf(text, "# %s: a private key, not shown\n", path);
	else
		add_content(text, change);
}

void report_diff(struct text *text, struct target *target)
{
	for (size_t i = 0; target->staged && i < target->staged->changes.count; i++)
		add_change(text, &target->staged->changes.items[i]);
}
