/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edit.h"

#include "problem.h"

static const char *const op_names[] = {
    [EDIT_REPLACE_LINE] = "replace-line",
    [EDIT_DELETE_LINE] = "delete-line",
    [EDIT_INSERT_LINE] = "insert-line",
    [EDIT_WRITE] = "write",
    [EDIT_CHMOD] = "chmod",
    [EDIT_CHOWN] = "chown",
    [EDIT_MKDIR] = "mkdir",
    [EDIT_SYMLINK] = "symlink",
    [EDIT_UNLINK] = "unlink",
    [EDIT_RENAME] = "rename",
};

const char *edit_op_name(enum edit_op op)
{
	return (size_t)op < ARRAY_SIZE(op_names) ? op_names[op] : "unknown";
}

/* Adds an edit; its strings and content become copies in the findings' arena. */
static void attach(struct findings *findings, struct problem *problem, struct edit edit)
{
	edit.path = arena_strdup(findings->arena, edit.path);
	if (edit.text)
		edit.text = arena_strdup(findings->arena, edit.text);
	if (edit.content.data)
		edit.content.data = arena_memdup(findings->arena, edit.content.data, edit.content.size);
	*array_push(findings->arena, &problem->edits) = edit;
}

void repair_replace_line(struct findings *findings, struct problem *problem, const char *path, unsigned line,
			 const char *text)
{
	attach(findings, problem, (struct edit){.op = EDIT_REPLACE_LINE, .path = path, .line = line, .text = text});
}

void repair_delete_line(struct findings *findings, struct problem *problem, const char *path, unsigned line)
{
	attach(findings, problem, (struct edit){.op = EDIT_DELETE_LINE, .path = path, .line = line});
}

void repair_insert_line(struct findings *findings, struct problem *problem, const char *path, unsigned before_line,
			const char *text)
{
	attach(findings, problem,
	       (struct edit){.op = EDIT_INSERT_LINE, .path = path, .line = before_line, .text = text});
}

void repair_write(struct findings *findings, struct problem *problem, const char *path, struct blob content,
		  mode_t mode, uid_t uid, gid_t gid)
{
	if (!content.data)
		content = (struct blob){.data = (char *)"", .size = 0};
	attach(findings, problem,
	       (struct edit){.op = EDIT_WRITE, .path = path, .content = content, .mode = mode, .uid = uid, .gid = gid});
}

void repair_chmod(struct findings *findings, struct problem *problem, const char *path, mode_t mode)
{
	attach(findings, problem, (struct edit){.op = EDIT_CHMOD, .path = path, .mode = mode});
}

void repair_chown(struct findings *findings, struct problem *problem, const char *path, uid_t uid, gid_t gid)
{
	attach(findings, problem, (struct edit){.op = EDIT_CHOWN, .path = path, .uid = uid, .gid = gid});
}

void repair_mkdir(struct findings *findings, struct problem *problem, const char *path, mode_t mode, uid_t uid,
		  gid_t gid)
{
	attach(findings, problem, (struct edit){.op = EDIT_MKDIR, .path = path, .mode = mode, .uid = uid, .gid = gid});
}

void repair_symlink(struct findings *findings, struct problem *problem, const char *path, const char *link)
{
	attach(findings, problem, (struct edit){.op = EDIT_SYMLINK, .path = path, .text = link});
}

void repair_unlink(struct findings *findings, struct problem *problem, const char *path)
{
	attach(findings, problem, (struct edit){.op = EDIT_UNLINK, .path = path});
}

void repair_rename(struct findings *findings, struct problem *problem, const char *path, const char *new_name)
{
	attach(findings, problem, (struct edit){.op = EDIT_RENAME, .path = path, .text = new_name});
}
