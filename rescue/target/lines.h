/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_LINES_H
#define SSHRESCUE_TARGET_LINES_H

/* Edits of lines, applied to a content. Private to rescue/target. */

#include "edit.h"

bool edit_is_of_lines(enum edit_op op);

/*
 * Applies edits whose line numbers all refer to content, in any order; sorts the list. The second of two equal edits of
 * a line is ignored; -EEXIST where two differ, -ESTALE where there is no such line: *ret_failed is that edit. Several
 * insertions at one place are kept in the order they stand in (order[i] belongs to edits[i]).
 */
struct line_edit {
	const struct edit *edit;
	size_t order;
};
int lines_apply(const struct blob *content, struct line_edit *edits, size_t count, struct arena *arena,
		struct blob *ret, const struct edit **ret_failed);

#endif
