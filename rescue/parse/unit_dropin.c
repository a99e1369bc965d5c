/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories beside units: NAME.d, NAME.wants, NAME.requires, NAME.upholds. Rules: dropin.c and load-dropin.c of
 * systemd. */
#include "parse/unit_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "parse/unit_name.h"

enum {
	UPHOLDS_SINCE = 254, /* systemd's version that reads .upholds directories */
};

static const char *const suffixes[] = {".d", ".wants", ".requires", ".upholds"};

/* Which directories of one stem ("ssh.service" of "ssh.service.d") there are. */
struct stem {
	const char *name;
	unsigned char present[ARRAY_SIZE(suffixes)]; /* one bit for each place in the search path */
};

/* The stems of one type of units. */
struct attached_list {
	ARRAY_OF(struct stem *) stems;
	struct string_map by_name;
	struct string_map aliases; /* canonical name -> string_list: aliases that have such a directory */
	bool aliases_known;
	bool prefixes; /* some stem ends in a dash: it is for every unit whose name begins with it */
	struct string_map all_aliases; /* canonical name -> string_list: every alias of that type */
	bool all_aliases_known;
};

static struct attached_list *list_of_type(struct unit_set *set, const char *type)
{
	struct attached_list *list = string_map_get(&set->attached, type);

	if (!list) {
		list = ARENA_NEW(set->arena, struct attached_list);
		string_map_put(set->arena, &set->attached, arena_strdup(set->arena, type), list);
	}
	return list;
}

static bool is_prefix(const char *name)
{
	const char *end = strchr(name, '@');

	if (!end)
		end = strrchr(name, '.');
	return end && end > name && end[-1] == '-';
}

static void add_stem(struct unit_set *set, const char *entry, size_t length, size_t suffix, size_t place)
{
	char *name = arena_memdup(set->arena, entry, length);
	const char *type = unit_type_is_known(name) ? name : unit_name_type(name);
	struct attached_list *list;
	struct stem *stem;

	if (!type || (type != name && unit_name_kind(name) == UNIT_NAME_INVALID))
		return;
	list = list_of_type(set, type);
	stem = string_map_get(&list->by_name, name);
	if (!stem) {
		stem = ARENA_NEW(set->arena, struct stem);
		stem->name = name;
		string_map_put(set->arena, &list->by_name, name, stem);
		*array_push(set->arena, &list->stems) = stem;
		list->prefixes = list->prefixes || is_prefix(name);
	}
	stem->present[suffix] |= (unsigned char)(1u << place);
}

static void find_stems(struct unit_set *set)
{
	if (set->attached.capacity)
		return;
	unit_list_directories(set);
	list_of_type(set, "service");
	for (size_t i = 0; i < set->directory_count; i++) {
		const dir_list *entries = &set->directories[i].entries;

		for (size_t j = 0; j < entries->count; j++) {
			const char *name = entries->items[j].name;

			if (entries->items[j].type != NODE_DIRECTORY && entries->items[j].type != NODE_SYMLINK)
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(suffixes); k++) {
				if (string_ends_with(name, suffixes[k]))
					add_stem(set, name, strlen(name) - strlen(suffixes[k]), k, i);
			}
		}
	}
}

static void remember_alias(struct unit_set *set, struct string_map *map, const char *name)
{
	const struct unit_found *found;
	string_list *names;

	if (unit_entry(set, name)->kind != UNIT_ENTRY_ALIAS)
		return;
	found = unit_find(set, name);
	if (!found->entry || string_equal(found->id, name))
		return;
	names = string_map_get(map, found->id);
	if (!names) {
		names = ARENA_NEW(set->arena, string_list);
		string_map_put(set->arena, map, found->id, names);
	}
	for (size_t i = 0; i < names->count; i++) {
		if (string_equal(names->items[i], name))
			return;
	}
	*array_push(set->arena, names) = arena_strdup(set->arena, name);
}

static void find_attached_aliases(struct unit_set *set, struct attached_list *list)
{
	if (list->aliases_known)
		return;
	list->aliases_known = true;
	for (size_t i = 0; i < list->stems.count; i++) {
		if (unit_name_kind(list->stems.items[i]->name) != UNIT_NAME_INVALID)
			remember_alias(set, &list->aliases, list->stems.items[i]->name);
	}
}

static void find_all_aliases(struct unit_set *set, struct attached_list *list, const char *type)
{
	if (list->all_aliases_known)
		return;
	list->all_aliases_known = true;
	for (size_t i = 0; i < set->directory_count; i++) {
		const dir_list *entries = &set->directories[i].entries;

		for (size_t j = 0; j < entries->count; j++) {
			const char *name = entries->items[j].name;

			if (entries->items[j].type == NODE_SYMLINK && unit_name_kind(name) != UNIT_NAME_INVALID &&
			    string_equal(unit_name_type(name), type))
				remember_alias(set, &list->all_aliases, name);
		}
	}
}

/* Adds the aliases of found that map knows; for an instance also those of its template. */
static void add_names(struct unit_set *set, const struct string_map *map, const struct unit_found *found,
		      string_list *names)
{
	const string_list *aliases = string_map_get(map, found->id);
	char *instance;

	for (size_t i = 0; aliases && i < aliases->count; i++)
		*array_push(set->arena, names) = aliases->items[i];
	if (unit_name_kind(found->id) != UNIT_NAME_INSTANCE)
		return;
	instance = unit_name_instance(set->arena, found->id);
	aliases = string_map_get(map, unit_name_template(set->arena, found->id));
	for (size_t i = 0; aliases && i < aliases->count; i++) {
		char *name = unit_name_instantiate(set->arena, aliases->items[i], instance);

		/* An alias that leads elsewhere for this instance does not count. */
		if (name && string_equal(unit_find(set, name)->id, found->id))
			*array_push(set->arena, names) = name;
	}
}

void unit_add_aliases(struct unit_set *set, const struct unit_found *found, string_list *names)
{
	const char *type = unit_name_type(found->id);
	struct attached_list *list;

	if (!type || !found->entry)
		return;
	find_stems(set);
	list = list_of_type(set, type);
	find_all_aliases(set, list, type);
	add_names(set, &list->all_aliases, found, names);
}

/* The next shorter prefix that drop-ins may be for: "foo-" of "foo-bar". False when there is none. */
static bool shorten_prefix(char *prefix)
{
	bool chopped = false;

	for (;;) {
		char *dash = strrchr(prefix, '-');

		if (!dash || dash == prefix)
			return false;
		if (dash[1] || chopped) {
			dash[1] = '\0';
			return true;
		}
		*dash = '\0';
		chopped = true;
	}
}

struct walk {
	struct unit_set *set;
	const struct attached_list *list;
	size_t suffix, place;
	string_list *directories;
};

static void add_directory_of(struct walk *walk, const char *name)
{
	const struct stem *stem = string_map_get(&walk->list->by_name, name);

	if (stem && stem->present[walk->suffix] & 1u << walk->place)
		*array_push(walk->set->arena, walk->directories) =
		    arena_printf(walk->set->arena, "%s/%s%s", walk->set->directories[walk->place].path, name,
				 suffixes[walk->suffix]);
}

/* unit_file_find_dirs() of dropin.c: the name, its template, its prefixes, from the specific to the general. */
static void add_directories_for(struct walk *walk, const char *name)
{
	struct arena *arena = walk->set->arena;
	bool instance = unit_name_kind(name) == UNIT_NAME_INSTANCE;
	char *prefix;

	add_directory_of(walk, name);
	if (instance)
		add_directories_for(walk, unit_name_template(arena, name));
	if (!walk->list->prefixes)
		return;
	prefix = unit_name_prefix(arena, name);
	if (!shorten_prefix(prefix))
		return;
	name = arena_printf(arena, "%s%s%s%s", prefix, instance ? "@" : "",
			    instance ? unit_name_instance(arena, name) : "", strrchr(name, '.'));
	add_directories_for(walk, name);
}

static void attached_directories(struct unit_set *set, const struct unit_found *found, size_t suffix, string_list *ret)
{
	const char *type = unit_name_type(found->id);
	struct walk walk = {.set = set, .suffix = suffix, .directories = ret};
	struct attached_list *list;
	string_list names = {0};

	if (!type)
		return;
	find_stems(set);
	list = list_of_type(set, type);
	if (!list->stems.count)
		return;
	walk.list = list;
	*array_push(set->arena, &names) = (char *)found->id;
	if (list->prefixes) {
		find_all_aliases(set, list, type);
		add_names(set, &list->all_aliases, found, &names);
	} else {
		find_attached_aliases(set, list);
		add_names(set, &list->aliases, found, &names);
	}
	for (size_t i = 0; i < names.count; i++) {
		for (walk.place = 0; walk.place < set->directory_count; walk.place++)
			add_directories_for(&walk, names.items[i]);
	}
	for (walk.place = 0; walk.place < set->directory_count; walk.place++)
		add_directory_of(&walk, type);
}

static int compare_base_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(strrchr(*x, '/') + 1, strrchr(*y, '/') + 1);
}

static void add_files(struct unit_set *set, const char *directory, const char *extension, struct string_map *seen,
		      string_list *ret)
{
	dir_list entries = {0};

	if (target_list(set->target, directory, set->arena, &entries) < 0)
		return;
	for (size_t i = 0; i < entries.count; i++) {
		const struct dir_entry *entry = &entries.items[i];

		if (entry->name[0] == '.' || (entry->type != NODE_FILE && entry->type != NODE_SYMLINK))
			continue;
		if ((extension && !string_ends_with(entry->name, extension)) || string_map_get(seen, entry->name))
			continue;
		*array_push(set->arena, ret) = arena_printf(set->arena, "%s/%s", directory, entry->name);
		string_map_put(set->arena, seen, entry->name, entry->name);
	}
}

void unit_attached_files(struct unit_set *set, const struct unit_found *found, const char *suffix,
			 const char *extension, string_list *ret)
{
	string_list directories = {0};
	struct string_map seen = {0};
	size_t index = 0;

	while (!string_equal(suffixes[index], suffix))
		index++;
	attached_directories(set, found, index, &directories);
	for (size_t i = 0; i < directories.count; i++)
		add_files(set, directories.items[i], extension, &seen, ret);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_base_names);
}

void unit_own_dropins(struct unit_set *set, const char *name, string_list *ret)
{
	const char *const names[] = {
	    name, unit_name_kind(name) == UNIT_NAME_INSTANCE ? unit_name_template(set->arena, name) : NULL};
	struct string_map seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++) {
		for (size_t j = 0; j < set->directory_count; j++) {
			char *entry = arena_printf(set->arena, "%s.d", names[i]);

			if (unit_directory_entry(&set->directories[j], entry))
				add_files(set, arena_printf(set->arena, "%s/%s", set->directories[j].path, entry),
					  ".conf", &seen, ret);
		}
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_base_names);
}

char *unit_dependency_name(struct unit_set *set, const struct unit_found *found, const char *name)
{
	const char *instance;

	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return NULL;
	if (unit_name_kind(name) != UNIT_NAME_TEMPLATE)
		return arena_strdup(set->arena, name);
	instance = unit_name_kind(found->id) == UNIT_NAME_INSTANCE ? unit_name_instance(set->arena, found->id)
								   : unit_name_prefix(set->arena, found->id);
	return unit_name_instantiate(set->arena, name, instance);
}

void unit_dependency_links(struct unit_set *set, const struct unit_found *found, const char *suffix, unit_links *ret)
{
	string_list files = {0};

	unit_attached_files(set, found, suffix, NULL, &files);
	if (files.count && string_equal(suffix, ".upholds") && unit_systemd_version(set) &&
	    unit_systemd_version(set) < UPHOLDS_SINCE)
		return;
	for (size_t i = 0; i < files.count; i++) {
		const char *path = files.items[i];
		struct unit_link *link;
		int mask = unit_link_is_mask(set, path);
		char *name;

		/* The link's name counts, not what it leads to: a link to nothing is as good as any. What is no link
		 * does not count. */
		if (mask == 1 || mask == -EINVAL)
			continue;
		name = unit_dependency_name(set, found, strrchr(path, '/') + 1);
		if (!name)
			continue;
		link = array_push(set->arena, ret);
		link->name = name;
		link->path = path;
		link->to_unit = mask == UNIT_LINK_TO_UNIT;
	}
}
