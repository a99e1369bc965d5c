/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From edits to changes of the staged layer. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy.h"
#include "target/layer.h"
#include "target/lines.h"

struct stager {
	struct target *target;
	struct arena *arena;
	const struct edit *const *edits;
	bool *ignored; /* edits that repeat an earlier one */
	size_t count;
	const struct edit *failed;
};

static int check_policy(enum edit_op op, const char *path)
{
	if (policy_allows_path(op, path))
		return 0;
	return policy_is_vendor_path(path) ? -EROFS : -EPERM;
}

static int stage_directory(struct stager *stager, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct node directory = {.type = NODE_DIRECTORY, .mode = mode, .uid = uid, .gid = gid};
	int result = check_policy(EDIT_MKDIR, path);

	return result < 0 ? result : layer_set(stager->target, path, &directory);
}

/* Makes the missing directories above a path. */
static int make_parents(struct stager *stager, const char *path)
{
	char parent[PATH_MAX];
	size_t length = 0;

	if (strlen(path) >= sizeof(parent))
		return -ENAMETOOLONG;
	if (strstr(path, "/../"))
		return -ENOENT;
	for (;;) {
		cleanup_place struct place place = {.parent = -1, .self = -1};
		int result;

		length += strspn(path + length, "/");
		length += strcspn(path + length, "/");
		if (path[length] == '\0')
			return 0;
		memcpy(parent, path, length);
		parent[length] = '\0';
		result = place_find(stager->target, parent, 0, &place);
		if (result == 0 && place.stat.type == NODE_ABSENT)
			result = stage_directory(stager, place.path, 0755, 0, 0);
		if (result < 0)
			return result;
	}
}

/* Finds where an edit works, and whether it may. Makes missing parents where the edit creates something. */
static int find_edit_place(struct stager *stager, const struct edit *edit, unsigned flags, bool parents,
			   struct place *ret)
{
	int result = place_find(stager->target, edit->path, flags, ret);

	if (result == -ENOENT && parents) {
		place_release(ret);
		result = make_parents(stager, edit->path);
		if (result == 0)
			result = place_find(stager->target, edit->path, flags, ret);
	}
	return result < 0 ? result : check_policy(edit->op, ret->path);
}

static int want_file(const struct place *place)
{
	switch (place->stat.type) {
	case NODE_FILE:
		return 0;
	case NODE_ABSENT:
		return -ENOENT;
	case NODE_DIRECTORY:
		return -EISDIR;
	default:
		return -EFTYPE_NOT_REGULAR;
	}
}

static int stage_content(struct stager *stager, const struct place *place, struct blob content)
{
	struct node after;
	int result;

	if (content.size > TARGET_FILE_LIMIT)
		return -EFBIG;
	result = layer_node(stager->target, place, &after);
	if (result < 0)
		return result;
	after.content = content;
	after.modified = (struct timespec){0};
	return layer_set(stager->target, place->path, &after);
}

static int apply_write(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	struct blob content = {.data = arena_memdup(stager->arena, edit->content.data, edit->content.size),
			       .size = edit->content.size};
	int result = find_edit_place(stager, edit, PLACE_FOLLOW, true, &place);

	if (result < 0)
		return result;
	if (place.stat.type != NODE_ABSENT) {
		result = want_file(&place);
		return result < 0 ? result : stage_content(stager, &place, content);
	}
	if (content.size > TARGET_FILE_LIMIT)
		return -EFBIG;
	if (edit->mode & ~(mode_t)0777)
		return -EPERM;
	return layer_set(
	    stager->target, place.path,
	    &(struct node){
		.type = NODE_FILE, .mode = edit->mode, .uid = edit->uid, .gid = edit->gid, .content = content});
}

static int apply_metadata(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	struct node after;
	int result = find_edit_place(stager, edit, PLACE_FOLLOW, false, &place);

	if (result < 0)
		return result;
	if (place.stat.type != NODE_DIRECTORY) {
		result = want_file(&place);
		if (result < 0)
			return result;
	}
	result = layer_node(stager->target, &place, &after);
	if (result < 0)
		return result;
	if (edit->op == EDIT_CHMOD) {
		/* A repair takes set-user-ID and its like away, and never gives them. */
		if (edit->mode & ~(mode_t)0777 & ~after.mode)
			return -EPERM;
		after.mode = edit->mode;
	} else {
		after.uid = edit->uid == (uid_t)-1 ? after.uid : edit->uid;
		after.gid = edit->gid == (gid_t)-1 ? after.gid : edit->gid;
	}
	return layer_set(stager->target, place.path, &after);
}

static int apply_mkdir(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	struct node_stat status;
	int result = find_edit_place(stager, edit, 0, true, &place);

	if (result < 0)
		return result;
	if (place.stat.type == NODE_DIRECTORY)
		return 0;
	if (place.stat.type == NODE_SYMLINK && target_stat(stager->target, place.path, &status) == 0 &&
	    status.type == NODE_DIRECTORY)
		return 0;
	if (place.stat.type != NODE_ABSENT)
		return -EEXIST;
	if (edit->mode & ~(mode_t)0777)
		return -EPERM;
	return stage_directory(stager, place.path, edit->mode, edit->uid, edit->gid);
}

static int apply_symlink(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	struct node link = {.type = NODE_SYMLINK, .mode = 0777};
	char *present;
	int result;

	if (!edit->text || edit->text[0] == '\0' || strlen(edit->text) >= PATH_MAX)
		return -EINVAL;
	result = find_edit_place(stager, edit, 0, true, &place);
	if (result < 0)
		return result;
	if (place.stat.type != NODE_ABSENT && place.stat.type != NODE_SYMLINK)
		return -EEXIST;
	if (place.stat.type == NODE_SYMLINK) {
		result = place_readlink(&place, stager->arena, &present);
		if (result < 0 || string_equal(present, edit->text))
			return result;
	}
	link.link = arena_strdup(stager->arena, edit->text);
	return layer_set(stager->target, place.path, &link);
}

static int apply_unlink(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	int result = find_edit_place(stager, edit, 0, false, &place);

	if (result == 0 && place.stat.type != NODE_SYMLINK)
		result = want_file(&place);
	return result < 0 ? result : layer_set(stager->target, place.path, &(struct node){.type = NODE_ABSENT});
}

static int apply_rename(struct stager *stager, const struct edit *edit)
{
	cleanup_place struct place place = {.parent = -1, .self = -1}, to = {.parent = -1, .self = -1};
	struct edit new_name = *edit;
	struct node moved;
	int result;

	if (!edit->text || edit->text[0] == '\0' || strchr(edit->text, '/') || string_equal(edit->text, ".") ||
	    string_equal(edit->text, ".."))
		return -EINVAL;
	result = find_edit_place(stager, edit, 0, false, &place);
	if (result == 0 && place.stat.type != NODE_SYMLINK)
		result = want_file(&place);
	if (result < 0)
		return result;
	new_name.path =
	    arena_printf(stager->arena, "%.*s%s", (int)(place_name(&place) - place.path), place.path, edit->text);
	result = find_edit_place(stager, &new_name, 0, false, &to);
	if (result < 0)
		return result;
	if (to.stat.type != NODE_ABSENT)
		return -EEXIST;
	result = layer_node(stager->target, &place, &moved);
	if (result == 0 && moved.type == NODE_FILE)
		result = place_read(&place, TARGET_FILE_LIMIT, stager->arena, &moved.content);
	if (result == 0)
		result = layer_set(stager->target, to.path, &moved);
	return result < 0 ? result : layer_set(stager->target, place.path, &(struct node){.type = NODE_ABSENT});
}

static int apply_edit(struct stager *stager, const struct edit *edit)
{
	switch (edit->op) {
	case EDIT_WRITE:
		return apply_write(stager, edit);
	case EDIT_CHMOD:
	case EDIT_CHOWN:
		return apply_metadata(stager, edit);
	case EDIT_MKDIR:
		return apply_mkdir(stager, edit);
	case EDIT_SYMLINK:
		return apply_symlink(stager, edit);
	case EDIT_UNLINK:
		return apply_unlink(stager, edit);
	case EDIT_RENAME:
		return apply_rename(stager, edit);
	case EDIT_REPLACE_LINE:
	case EDIT_DELETE_LINE:
	case EDIT_INSERT_LINE:
		break;
	}
	return -EINVAL;
}

/* An edit of lines and the file it works on. */
struct located {
	const char *path; /* canonical */
	struct line_edit edit;
};

static int compare_located(const void *first, const void *second)
{
	const struct located *a = first, *b = second;
	int order = strcmp(a->path, b->path);

	if (order)
		return order;
	return a->edit.order < b->edit.order ? -1 : a->edit.order > b->edit.order;
}

/* A key is no text to be edited, whatever name it has and whoever includes it. */
static bool is_key(const struct blob *content)
{
	return string_after(content->data, "-----BEGIN ") || string_after(content->data, "SSH PRIVATE KEY FILE FORMAT");
}

/* All line edits of one file. */
static int apply_lines(struct stager *stager, const struct located *located, size_t count)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	struct line_edit *edits = arena_alloc(stager->arena, count * sizeof(*edits));
	struct blob content;
	int result;

	stager->failed = located[0].edit.edit;
	result = place_find(stager->target, located[0].path, 0, &place);
	if (result == 0)
		result = want_file(&place);
	if (result == 0)
		result = place_read(&place, TARGET_FILE_LIMIT, stager->arena, &content);
	if (result == 0 && is_key(&content))
		result = -EPERM;
	if (result < 0)
		return result;
	for (size_t i = 0; i < count; i++)
		edits[i] = located[i].edit;
	result = lines_apply(&content, edits, count, stager->arena, &content, &stager->failed);
	return result < 0 ? result : stage_content(stager, &place, content);
}

/* Line edits come first: their numbers refer to what was there when they were computed. */
static int apply_all_lines(struct stager *stager)
{
	struct located *located = arena_alloc(stager->arena, (stager->count + 1) * sizeof(*located));
	size_t count = 0;

	for (size_t i = 0; i < stager->count; i++) {
		cleanup_place struct place place = {.parent = -1, .self = -1};
		const struct edit *edit = stager->edits[i];
		int result;

		if (!edit_is_of_lines(edit->op))
			continue;
		stager->failed = edit;
		result = find_edit_place(stager, edit, PLACE_FOLLOW, false, &place);
		if (result < 0)
			return result;
		located[count].path = arena_strdup(stager->arena, place.path);
		located[count++].edit = (struct line_edit){.edit = edit, .order = i};
	}
	qsort(located, count, sizeof(located[0]), compare_located);
	for (size_t first = 0, end; first < count; first = end) {
		int result;

		for (end = first + 1; end < count && string_equal(located[first].path, located[end].path); end++)
			;
		result = apply_lines(stager, &located[first], end - first);
		if (result < 0)
			return result;
	}
	return 0;
}

static bool edits_equal(const struct edit *a, const struct edit *b)
{
	if (!a->text != !b->text || (a->text && !string_equal(a->text, b->text)))
		return false;
	if (a->content.size != b->content.size ||
	    (a->content.size && memcmp(a->content.data, b->content.data, a->content.size) != 0))
		return false;
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

/* What sort_edits() sorts: edits of one path stand together, those of one kind side by side, in their order. */
struct sorted {
	const struct edit *edit;
	size_t order;
};

/* A whole content and lines of it are in each other's way. */
static int edit_kind(const struct edit *edit)
{
	return edit_is_of_lines(edit->op) ? -1 : edit->op == EDIT_WRITE ? 0 : (int)edit->op;
}

static int compare_sorted(const void *first, const void *second)
{
	const struct sorted *a = first, *b = second;
	int order = strcmp(a->edit->path, b->edit->path);

	if (order)
		return order;
	if (edit_kind(a->edit) != edit_kind(b->edit))
		return edit_kind(a->edit) < edit_kind(b->edit) ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Two problems may ask for the same edit: it is made once. Two that differ cannot both be made. */
static int settle_conflicts(struct stager *stager)
{
	struct sorted *sorted = arena_alloc(stager->arena, (stager->count + 1) * sizeof(*sorted));

	for (size_t i = 0; i < stager->count; i++) {
		stager->failed = stager->edits[i];
		if (!stager->edits[i]->path)
			return -EINVAL;
		sorted[i] = (struct sorted){.edit = stager->edits[i], .order = i};
	}
	qsort(sorted, stager->count, sizeof(sorted[0]), compare_sorted);
	for (size_t i = 1; i < stager->count; i++) {
		const struct edit *before = sorted[i - 1].edit, *edit = sorted[i].edit;

		if (!string_equal(before->path, edit->path) || edit_is_of_lines(edit->op))
			continue;
		stager->failed = edit;
		if (edit->op == EDIT_WRITE && edit_is_of_lines(before->op))
			return -EEXIST;
		if (before->op != edit->op)
			continue;
		if (!edits_equal(before, edit))
			return -EEXIST;
		stager->ignored[sorted[i].order] = true;
	}
	return 0;
}

static int apply_all(struct stager *stager)
{
	int result = settle_conflicts(stager);

	if (result == 0)
		result = apply_all_lines(stager);
	for (size_t i = 0; i < stager->count && result == 0; i++) {
		if (stager->ignored[i] || edit_is_of_lines(stager->edits[i]->op))
			continue;
		stager->failed = stager->edits[i];
		result = apply_edit(stager, stager->edits[i]);
	}
	return result;
}

int staged_apply(struct target *target, const struct edit *const *edits, size_t count, const struct edit **ret_failed)
{
	struct staged *present = target->staged;
	struct staged *layer = layer_begin(target);
	struct stager stager = {
	    .target = target,
	    .arena = &target->arena,
	    .edits = edits,
	    .ignored = arena_alloc(&target->arena, count + 1),
	    .count = count,
	};
	int result = apply_all(&stager);

	if (result < 0) {
		target->staged = present;
		if (ret_failed)
			*ret_failed = stager.failed;
	} else if (layer->changes.count == 0) {
		target->staged = NULL;
	}
	return result;
}
