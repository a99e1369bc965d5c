/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layer is never altered once staged_apply() is through: the next one makes a new list. So remembering a layer and
 * coming back to it is keeping a pointer.
 */
#include "target/layer.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

size_t staged_position(const struct staged *staged, const char *path)
{
	size_t low = 0, high = staged->changes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(staged->changes.items[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct change *staged_find(const struct staged *staged, const char *path)
{
	size_t position;

	if (!staged)
		return NULL;
	position = staged_position(staged, path);
	if (position == staged->changes.count || !string_equal(staged->changes.items[position].path, path))
		return NULL;
	return &staged->changes.items[position];
}

bool staged_leaves_alone(const struct staged *staged, const char *path)
{
	char above[PATH_MAX];
	size_t length = strlen(path), position;

	if (length < 2 || length + 1 >= sizeof(above))
		return false;
	memcpy(above, path, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		above[i] = '\0';
		if (staged_find(staged, above))
			return false;
		above[i] = path[i];
	}
	/* What lies below comes behind "path/", and directly there. */
	above[length] = '/';
	above[length + 1] = '\0';
	position = staged_position(staged, above);
	return position == staged->changes.count ||
	       strncmp(staged->changes.items[position].path, above, length + 1) != 0;
}

/* What is on disk at a canonical path; a parent that is missing or a link there means that nothing is. */
static int node_on_disk(struct target *target, const char *path, bool with_content, struct node *ret)
{
	cleanup_place struct place place = {.parent = -1, .self = -1};
	int result = place_find(target, path, PLACE_ON_DISK | PLACE_NO_LINKS, &place);

	*ret = (struct node){.type = NODE_ABSENT};
	if (result == -ENOENT || result == -ENOTDIR || result == -ELOOP)
		return 0;
	if (result < 0 || place.stat.type == NODE_ABSENT)
		return result;
	ret->type = place.stat.type;
	ret->mode = place.stat.mode;
	ret->uid = place.stat.uid;
	ret->gid = place.stat.gid;
	ret->inode = place.stat.inode;
	ret->modified = place.stat.modified;
	if (ret->type == NODE_SYMLINK)
		return place_readlink(&place, &target->arena, &ret->link);
	if (ret->type == NODE_FILE && with_content)
		return place_read(&place, TARGET_FILE_LIMIT, &target->arena, &ret->content);
	return 0;
}

int layer_node(struct target *target, const struct place *place, struct node *ret)
{
	if (place->change) {
		*ret = place->change->after;
		return 0;
	}
	*ret = (struct node){
	    .type = place->stat.type,
	    .mode = place->stat.mode,
	    .uid = place->stat.uid,
	    .gid = place->stat.gid,
	    .modified = place->stat.modified,
	};
	return ret->type == NODE_SYMLINK ? place_readlink(place, &target->arena, &ret->link) : 0;
}

static bool content_differs(const struct node *before, const struct node *after)
{
	if (before->type != after->type)
		return true;
	if (after->type == NODE_SYMLINK)
		return !string_equal(before->link, after->link);
	return after->type == NODE_FILE && after->content.data &&
	       (before->content.size != after->content.size ||
		(after->content.size && memcmp(before->content.data, after->content.data, after->content.size) != 0));
}

static bool metadata_differs(const struct node *before, const struct node *after)
{
	return before->mode != after->mode || before->uid != after->uid || before->gid != after->gid;
}

/* The side on disk is taken once; its content when it is first needed, from the same file. */
static int complete_before(struct target *target, struct change *change)
{
	struct node now;
	int result;

	if (change->before.type != NODE_FILE || change->before.content.data)
		return 0;
	result = node_on_disk(target, change->path, true, &now);
	if (result < 0)
		return result;
	if (now.type != NODE_FILE || now.inode != change->before.inode ||
	    now.modified.tv_sec != change->before.modified.tv_sec ||
	    now.modified.tv_nsec != change->before.modified.tv_nsec)
		return -ESTALE;
	change->before.content = now.content;
	return 0;
}

static void remove_change(struct staged *layer, size_t position)
{
	struct change *at = &layer->changes.items[position];

	memmove(at, at + 1, (layer->changes.count - position - 1) * sizeof(*at));
	layer->changes.count--;
}

static struct change *insert_change(struct target *target, size_t position)
{
	struct staged *layer = target->staged;
	struct change *at;

	(void)array_push(&target->arena, &layer->changes);
	at = &layer->changes.items[position];
	memmove(at + 1, at, (layer->changes.count - position - 1) * sizeof(*at));
	*at = (struct change){0};
	return at;
}

int layer_set(struct target *target, const char *path, const struct node *after)
{
	struct staged *layer = target->staged;
	size_t position = staged_position(layer, path);
	struct change change = {0};
	bool known = staged_find(layer, path) != NULL;
	int result;

	if (known) {
		change = layer->changes.items[position];
	} else {
		change.path = arena_strdup(&target->arena, path);
		result = node_on_disk(target, path, false, &change.before);
		if (result < 0)
			return result;
	}
	change.after = *after;
	change.after.inode = 0;
	if (change.before.type != after->type || after->content.data) {
		result = complete_before(target, &change);
		if (result < 0)
			return result;
	}
	change.content = content_differs(&change.before, &change.after);
	if (!change.content)
		change.before.content = change.after.content = (struct blob){0};
	if (!change.content && (after->type == NODE_ABSENT || !metadata_differs(&change.before, &change.after))) {
		if (known)
			remove_change(layer, position);
		return 0;
	}
	*(known ? &layer->changes.items[position] : insert_change(target, position)) = change;
	return 0;
}

struct staged *layer_begin(struct target *target)
{
	struct staged *layer = ARENA_NEW(&target->arena, struct staged);

	for (size_t i = 0; target->staged && i < target->staged->changes.count; i++)
		*array_push(&target->arena, &layer->changes) = target->staged->changes.items[i];
	target->staged = layer;
	return layer;
}

struct staged *staged_snapshot(struct target *target)
{
	return target->staged;
}

void staged_restore(struct target *target, struct staged *snapshot)
{
	target->staged = snapshot;
}
