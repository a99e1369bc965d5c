/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_EDIT_H
#define SSHRESCUE_EDIT_H

/* What a repair does, as data. A check attaches edits to its problem; nobody but staged_apply() and the report reads
 * them. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

enum edit_op {
	EDIT_REPLACE_LINE, /* line becomes text, which may hold several lines */
	EDIT_DELETE_LINE,
	EDIT_INSERT_LINE, /* text comes before line; line 0: at the end of the file */
	EDIT_WRITE, /* the whole content; creates the file with mode, uid and gid where there is none */
	EDIT_CHMOD,
	EDIT_CHOWN,
	EDIT_MKDIR, /* missing parents are made 0755 root:root */
	EDIT_SYMLINK, /* text is what the link says; replaces a link that is there; missing parents as above */
	EDIT_UNLINK, /* a file or a link, never a directory */
	EDIT_RENAME, /* text is the new name, in the same directory: moves a broken file out of the way */
};

struct edit {
	enum edit_op op;
	const char *path;
	unsigned line; /* from 1 */
	const char *text; /* without a newline at its end, for the line operations and links */
	struct blob content;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct findings;
struct problem;

/* Each attaches one edit to the problem's repair. Strings are copied. A line that ends in CR LF keeps its carriage
 * return. */
void repair_replace_line(struct findings *findings, struct problem *problem, const char *path, unsigned line,
			 const char *text);
void repair_delete_line(struct findings *findings, struct problem *problem, const char *path, unsigned line);
void repair_insert_line(struct findings *findings, struct problem *problem, const char *path, unsigned before_line,
			const char *text);
void repair_write(struct findings *findings, struct problem *problem, const char *path, struct blob content,
		  mode_t mode, uid_t uid, gid_t gid);
void repair_chmod(struct findings *findings, struct problem *problem, const char *path, mode_t mode);
void repair_chown(struct findings *findings, struct problem *problem, const char *path, uid_t uid, gid_t gid);
void repair_mkdir(struct findings *findings, struct problem *problem, const char *path, mode_t mode, uid_t uid,
		  gid_t gid);
void repair_symlink(struct findings *findings, struct problem *problem, const char *path, const char *link);
void repair_unlink(struct findings *findings, struct problem *problem, const char *path);
void repair_rename(struct findings *findings, struct problem *problem, const char *path, const char *new_name);

/* "unlink", "symlink", "write", … as the JSON report names the operation. */
const char *edit_op_name(enum edit_op op);

#endif
