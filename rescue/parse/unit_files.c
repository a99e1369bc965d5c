/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file a name of a unit leads to: unit_file_build_name_map() and unit_file_find_fragment() of systemd's
 * unit-file.c (since v244; before, a dangling link in /etc did not hide the vendor's file). */
#include "parse/unit_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "parse/unit_name.h"

enum {
	DEVICES_IGNORED_SINCE = 251,
};

/* Below the same directory as the persistent ones, but empty when the boot begins. */
static const char *const volatile_directories[] = {
    "/run/systemd/system.control",  "/run/systemd/transient", "/run/systemd/generator.early", "/run/systemd/system",
    "/run/systemd/system.attached", "/run/systemd/generator", "/run/systemd/generator.late",
};

static void add_directory(struct unit_set *set, const char *path)
{
	struct unit_directory *directory = &set->directories[set->directory_count++];

	directory->path = path;
	/* An unreadable directory is what a missing one is to systemd. */
	if (target_list(set->target, path, set->arena, &directory->entries) < 0)
		directory->entries.count = 0;
}

/* Whether /lib is the same as /usr/lib. */
static bool lib_is_merged(struct unit_set *set)
{
	char *text;

	return target_readlink(set->target, "/lib", set->arena, &text) == 0 &&
	       (string_equal(text, "usr/lib") || string_equal(text, "/usr/lib"));
}

void unit_list_directories(struct unit_set *set)
{
	if (set->listed)
		return;
	set->listed = true;
	add_directory(set, "/etc/systemd/system.control");
	add_directory(set, "/etc/systemd/system");
	add_directory(set, "/etc/systemd/system.attached");
	add_directory(set, "/usr/local/lib/systemd/system");
	set->merged = lib_is_merged(set);
	if (!set->merged)
		add_directory(set, "/lib/systemd/system");
	add_directory(set, "/usr/lib/systemd/system");
}

/* Finds out where the directories are, should some of them be links. */
static void resolve_directories(struct unit_set *set)
{
	if (set->resolved)
		return;
	set->resolved = true;
	for (size_t i = 0; i < set->directory_count; i++) {
		struct unit_directory *directory = &set->directories[i];
		char *resolved;

		if (directory->entries.count &&
		    target_resolve(set->target, directory->path, true, set->arena, &resolved) == 0)
			directory->resolved = resolved;
	}
}

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct dir_entry *)entry)->name);
}

const struct dir_entry *unit_directory_entry(const struct unit_directory *directory, const char *name)
{
	const dir_list *entries = &directory->entries;

	return entries->count ? bsearch(name, entries->items, entries->count, sizeof(*entries->items), compare_name)
			      : NULL;
}

/* Removes "." and "..", without looking at any file. */
static char *simplify(struct arena *arena, const char *path)
{
	char *result = arena_alloc(arena, strlen(path) + 2), *end = result;

	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.') {
			while (end > result && *--end != '/')
				;
		} else if (length && !(length == 1 && path[0] == '.')) {
			*end++ = '/';
			memcpy(end, path, length);
			end += length;
		}
		path += length;
	}
	if (end == result)
		*end++ = '/';
	*end = '\0';
	return result;
}

static const char *tail_below(const char *path, const char *directory)
{
	const char *tail = directory ? string_after(path, directory) : NULL;

	return tail && *tail == '/' ? tail + 1 : NULL;
}

/* What stands behind a unit directory in path, or NULL when path is elsewhere. */
static const char *tail_in_unit_directories(const struct unit_set *set, const char *path)
{
	const char *tail;

	for (size_t i = 0; i < set->directory_count; i++) {
		tail = tail_below(path, set->directories[i].path);
		if (!tail)
			tail = tail_below(path, set->directories[i].resolved);
		if (tail)
			return tail;
	}
	for (size_t i = 0; i < ARRAY_SIZE(volatile_directories); i++) {
		tail = tail_below(path, volatile_directories[i]);
		if (tail)
			return tail;
	}
	return tail_below(path, "/lib/systemd/system");
}

static bool is_plain_component(const char *text)
{
	return *text && !strchr(text, '/') && !string_equal(text, ".") && !string_equal(text, "..");
}

/* The path that the usual kinds of links lead to, without a look at the file system: absolute, into the same directory,
 * or into the one above. NULL for any other. */
static char *usual_link_target(struct arena *arena, const char *path, const char *text)
{
	size_t directory = (size_t)(strrchr(path, '/') - path);
	const char *rest;

	if (*text == '/')
		return arena_strdup(arena, text);
	if (is_plain_component(text))
		return arena_printf(arena, "%.*s/%s", (int)directory, path, text);
	rest = string_after(text, "../");
	if (!rest || !is_plain_component(rest))
		return NULL;
	while (directory && path[directory - 1] != '/')
		directory--;
	return arena_printf(arena, "%.*s%s", (int)directory, path, rest);
}

int unit_link_target(struct unit_set *set, const char *path, const char *text, const char **ret_target,
		     const char **ret_inside)
{
	char *resolved = usual_link_target(set->arena, path, text);
	int r;

	*ret_target = resolved;
	*ret_inside = resolved ? tail_in_unit_directories(set, resolved) : NULL;
	if ((*ret_inside && is_plain_component(*ret_inside)) || string_equal(text, "/dev/null"))
		return 0;
	if (*text != '/')
		text = arena_printf(set->arena, "%.*s/%s", (int)(strrchr(path, '/') - path), path, text);
	r = target_resolve(set->target, text, false, set->arena, &resolved);
	if (r == -ENOENT || r == -ENOTDIR)
		resolved = simplify(set->arena, text);
	else if (r < 0)
		return r;
	resolve_directories(set);
	*ret_target = resolved;
	*ret_inside = tail_in_unit_directories(set, resolved);
	return 0;
}

/* Reads the link at path, which is named name. Sets up *entry; false: systemd ignores the link. */
static bool entry_from_link(struct unit_set *set, const char *name, struct unit_entry *entry)
{
	const char *target, *inside, *base;
	char *text;

	if (target_readlink(set->target, entry->path, set->arena, &text) < 0 ||
	    unit_link_target(set, entry->path, text, &target, &inside) < 0)
		return false;
	if (!inside) {
		entry->kind = UNIT_ENTRY_FILE;
		entry->link = target;
		return true;
	}
	base = strrchr(target, '/') + 1;
	if (string_equal(base, name) || !unit_alias_is_valid(set->arena, name, base))
		return false;
	entry->kind = UNIT_ENTRY_ALIAS;
	entry->alias = base;
	return true;
}

/* Whether a device node in a unit directory is a mask; later versions pass over it. */
static bool devices_count(struct unit_set *set)
{
	return unit_systemd_version(set) && unit_systemd_version(set) < DEVICES_IGNORED_SINCE;
}

/* Looks for name in the directories from first on. Returns the place behind the one where it is. */
static size_t find_entry(struct unit_set *set, const char *name, size_t first, struct unit_entry *entry)
{
	for (size_t i = first; i < set->directory_count; i++) {
		const struct dir_entry *found = unit_directory_entry(&set->directories[i], name);

		if (!found || found->type == NODE_DIRECTORY || (found->type == NODE_OTHER && !devices_count(set)))
			continue;
		entry->path = arena_printf(set->arena, "%s/%s", set->directories[i].path, name);
		entry->device = found->type == NODE_OTHER;
		if (found->type != NODE_SYMLINK)
			entry->kind = UNIT_ENTRY_FILE;
		else if (!entry_from_link(set, name, entry))
			continue;
		return i + 1;
	}
	return set->directory_count;
}

const struct unit_entry *unit_entry(struct unit_set *set, const char *name)
{
	struct unit_entry *entry = string_map_get(&set->entries, name);

	if (entry)
		return entry;
	unit_list_directories(set);
	entry = ARENA_NEW(set->arena, struct unit_entry);
	find_entry(set, name, 0, entry);
	string_map_put(set->arena, &set->entries, arena_strdup(set->arena, name), entry);
	return entry;
}

const char *unit_file_path(struct unit_set *set, const char *name)
{
	const struct unit_entry *entry = unit_entry(set, name);

	return entry->kind == UNIT_ENTRY_NONE ? NULL : entry->path;
}

const char *unit_file_behind(struct unit_set *set, const char *name)
{
	struct unit_entry first = {0}, second = {0};
	size_t place;

	unit_list_directories(set);
	place = find_entry(set, name, 0, &first);
	find_entry(set, name, place, &second);
	return second.kind == UNIT_ENTRY_NONE ? NULL : second.path;
}

/* Follows aliases to a file. 0, -ENOENT: there is none, -ELOOP. */
static int follow_aliases(struct unit_set *set, const char *name, const struct unit_entry **ret)
{
	for (unsigned i = 0; i < UNIT_ALIAS_LIMIT; i++) {
		const struct unit_entry *entry = unit_entry(set, name);

		/* An alias may lead to an instance that only its template provides. */
		if (entry->kind == UNIT_ENTRY_NONE && i > 0 && unit_name_kind(name) == UNIT_NAME_INSTANCE)
			entry = unit_entry(set, unit_name_template(set->arena, name));
		if (entry->kind == UNIT_ENTRY_NONE)
			return -ENOENT;
		if (entry->kind == UNIT_ENTRY_FILE) {
			*ret = entry;
			return 0;
		}
		name = entry->alias;
	}
	return -ELOOP;
}

const struct unit_found *unit_find(struct unit_set *set, const char *name)
{
	struct unit_found *found = string_map_get(&set->found, name);
	const char *base;
	int r;

	if (found)
		return found;
	found = ARENA_NEW(set->arena, struct unit_found);
	name = arena_strdup(set->arena, name);
	found->id = name;
	string_map_put(set->arena, &set->found, name, found);
	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return found;
	r = follow_aliases(set, name, &found->entry);
	if (r == -ENOENT && unit_name_kind(name) == UNIT_NAME_INSTANCE)
		r = follow_aliases(set, unit_name_template(set->arena, name), &found->entry);
	if (r == -ELOOP)
		found->loop = true;
	if (r < 0)
		return found;
	base = strrchr(found->entry->path, '/') + 1;
	found->id = base;
	if (unit_name_kind(base) == UNIT_NAME_TEMPLATE && unit_name_kind(name) == UNIT_NAME_INSTANCE)
		found->id = unit_name_instantiate(set->arena, base, unit_name_instance(set->arena, name));
	/* A name may lead to a template whose instance is a unit of its own: systemd cannot make one of the two. */
	if (!found->id || (!string_equal(found->id, name) && unit_find(set, found->id)->entry != found->entry)) {
		found->id = name;
		found->conflict = true;
	}
	return found;
}

/* Whether path is a device as far as the booted system is concerned: the root's own /dev is empty or stale. */
static bool is_device_path(const char *path)
{
	return string_after(path, "/dev/") != NULL;
}

/* What path leads to when it cannot be read now, but on the booted system: 1 a device, else the error. */
static int judge_unreadable(struct unit_set *set, const char *path, int error)
{
	for (unsigned i = 0; i < UNIT_LINK_LIMIT; i++) {
		const char *target, *inside;
		char *text;

		if (target_readlink(set->target, path, set->arena, &text) < 0 ||
		    unit_link_target(set, path, text, &target, &inside) < 0)
			return error;
		if (is_device_path(target))
			return 1;
		path = target;
	}
	return error;
}

/* Whether path, below a unit directory as we call it, is what a link calls target. */
static bool is_same_file(const struct unit_set *set, const char *path, const char *target)
{
	const char *below_usr = string_after(path, "/usr");

	return string_equal(path, target) || (set->merged && below_usr && string_equal(below_usr, target));
}

int unit_link_is_mask(struct unit_set *set, const char *path)
{
	const char *target, *inside, *name = strrchr(path, '/') + 1;
	struct node_stat stat;
	char *text;
	int r;

	r = target_readlink(set->target, path, set->arena, &text);
	if (r < 0)
		return r;
	r = unit_link_target(set, path, text, &target, &inside);
	if (r < 0)
		return r;
	if (is_device_path(target))
		return 1;
	if (inside && string_equal(inside, name) && unit_entry(set, name)->kind == UNIT_ENTRY_FILE &&
	    is_same_file(set, unit_entry(set, name)->path, target))
		return UNIT_LINK_TO_UNIT;
	r = target_stat(set->target, path, &stat);
	if (r < 0)
		return judge_unreadable(set, path, r);
	return stat.type == NODE_OTHER || (stat.type == NODE_FILE && stat.size == 0);
}

int unit_read(struct unit_set *set, const struct unit_entry *entry, struct arena *arena, struct blob *ret)
{
	int r;

	if (entry->device || (entry->link && is_device_path(entry->link)))
		return 1;
	if (entry->link && string_after(entry->link, "/run/"))
		return -ENOENT;
	r = target_read(set->target, entry->path, UNIT_FILE_LIMIT, arena, ret, NULL);
	if (r < 0)
		return judge_unreadable(set, entry->path, r);
	return ret->size == 0;
}
