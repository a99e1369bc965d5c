/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [Install] sections: what `systemctl enable` would do and what `systemctl is-enabled` says. Rules: systemd.unit(5),
 * install.c of systemd. */
#include "parse/unit_private.h"

#include <errno.h>

#include "base/text.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"

#define CONFIG_DIRECTORY "/etc/systemd/system"

enum {
	UPHELD_BY_SINCE = 254,
	ALSO_LIMIT = 64,
};

/* One unit's [Install] section. */
struct install_info {
	const char *name;
	const char *path; /* of the file itself: links out of the unit directories are followed */
	string_list aliases, wanted_by, required_by, upheld_by, also;
	const char *default_instance;
};

static void read_list(struct unit_set *set, const struct unit *unit, const char *key, string_list *ret)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Install", key, setting)))
		unit_words(set->arena, setting->value, UNIT_WORD_UNQUOTE | UNIT_WORD_KEEP_ESCAPE, ret);
}

static void read_install_section(struct unit_set *set, const struct unit *unit, struct install_info *info)
{
	const struct unit_setting *setting = unit_get(unit, "Install", "DefaultInstance");

	info->name = unit->name;
	info->path = unit->link ? unit->link : unit->fragment;
	read_list(set, unit, "Alias", &info->aliases);
	read_list(set, unit, "WantedBy", &info->wanted_by);
	read_list(set, unit, "RequiredBy", &info->required_by);
	read_list(set, unit, "UpheldBy", &info->upheld_by);
	read_list(set, unit, "Also", &info->also);
	if (setting && unit_name_kind(unit->name) == UNIT_NAME_TEMPLATE)
		info->default_instance = setting->value;
}

static void add_link(struct unit_set *set, const struct install_info *info, char *path, bool alias,
		     unit_install_links *ret)
{
	struct unit_install_link *link;
	struct node_stat stat;

	for (size_t i = 0; i < ret->count; i++) {
		if (string_equal(ret->items[i].path, path))
			return;
	}
	link = array_push(set->arena, ret);
	link->path = path;
	link->target = info->path;
	link->alias = alias;
	link->present = target_lstat(set->target, path, &stat) == 0 && stat.type == NODE_SYMLINK;
}

/* Alias=multi-user.target.wants/foo.service, the way of old. */
static bool is_legacy_alias(const char *alias)
{
	const char *slash = strchr(alias, '/');

	return slash && !strchr(slash + 1, '/') && unit_name_kind(slash + 1) != UNIT_NAME_INVALID;
}

static void add_aliases(struct unit_set *set, const struct install_info *info, unit_install_links *ret)
{
	for (size_t i = 0; i < info->aliases.count; i++) {
		char *alias = info->aliases.items[i];

		if (is_legacy_alias(alias)) {
			add_link(set, info, arena_printf(set->arena, CONFIG_DIRECTORY "/%s", alias), true, ret);
			continue;
		}
		alias = unit_name_expand(set->arena, info->name, alias);
		if (alias && unit_name_kind(alias) == UNIT_NAME_TEMPLATE &&
		    unit_name_kind(info->name) == UNIT_NAME_INSTANCE)
			alias = unit_name_instantiate(set->arena, alias, unit_name_instance(set->arena, info->name));
		if (alias && !string_equal(alias, info->name) && unit_alias_is_valid(set->arena, alias, info->name))
			add_link(set, info, arena_printf(set->arena, CONFIG_DIRECTORY "/%s", alias), true, ret);
	}
}

static void add_dependents(struct unit_set *set, const struct install_info *info, const string_list *dependents,
			   const char *suffix, unit_install_links *ret)
{
	const char *name = info->name;
	bool template = unit_name_kind(name) == UNIT_NAME_TEMPLATE;

	if (template && info->default_instance) {
		name = unit_name_instantiate(set->arena, name, info->default_instance);
		template = false;
	}
	for (size_t i = 0; name && i < dependents->count; i++) {
		const char *dependent = unit_name_expand(set->arena, info->name, dependents->items[i]);

		/* A template without an instance can only be hung on a unit that gives it one. */
		if (!dependent || (template && unit_name_kind(dependent) == UNIT_NAME_PLAIN))
			continue;
		add_link(set, info, arena_printf(set->arena, CONFIG_DIRECTORY "/%s%s/%s", dependent, suffix, name),
			 false, ret);
	}
}

static int install_one(struct unit_set *set, const char *name, string_list *names, unit_install_links *ret)
{
	struct install_info info = {0};
	const struct unit *unit = unit_load(set, name);
	unsigned version;

	if (unit->state == UNIT_MASKED)
		return -ERFKILL;
	if (unit->state == UNIT_NOT_FOUND)
		return -ENOENT;
	read_install_section(set, unit, &info);
	if (!string_equal(unit->name, name) && unit_name_kind(name) == UNIT_NAME_INSTANCE)
		info.name = name;
	add_aliases(set, &info, ret);
	add_dependents(set, &info, &info.wanted_by, ".wants", ret);
	add_dependents(set, &info, &info.required_by, ".requires", ret);
	if (info.upheld_by.count) {
		version = unit_systemd_version(set);
		if (!version || version >= UPHELD_BY_SINCE)
			add_dependents(set, &info, &info.upheld_by, ".upholds", ret);
	}
	for (size_t i = 0; i < info.also.count; i++) {
		char *also = unit_name_expand(set->arena, unit->name, info.also.items[i]);

		if (also)
			*array_push(set->arena, names) = also;
	}
	return 0;
}

int unit_install(struct unit_set *set, const char *name, unit_install_links *ret)
{
	string_list names = {0};
	int r;

	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return -EINVAL;
	r = install_one(set, name, &names, ret);
	if (r < 0)
		return r;
	/* What Also= names may be missing. */
	for (size_t i = 0; i < names.count && i < ALSO_LIMIT; i++) {
		bool seen = string_equal(names.items[i], name);

		for (size_t j = 0; j < i && !seen; j++)
			seen = string_equal(names.items[i], names.items[j]);
		if (!seen)
			install_one(set, names.items[i], &names, ret);
	}
	return 0;
}

/* Whether `enable` would make a link of that name. */
static bool name_is_known(struct unit_set *set, const struct install_info *info, const char *name)
{
	const char *instance;

	if (string_equal(name, info->name))
		return true;
	for (size_t i = 0; i < info->aliases.count; i++) {
		if (string_equal(name, info->aliases.items[i]))
			return true;
	}
	if (!info->default_instance)
		return false;
	instance = unit_name_instantiate(set->arena, info->name, info->default_instance);
	return instance && string_equal(name, instance);
}

/* One walk of find_symlinks_in_scope(). */
struct link_search {
	struct unit_set *set;
	const struct install_info *info;
	bool known_names_only;
	bool below_unit; /* the directory comes behind the unit's own */
	bool same_name_link;
};

static bool counts(const struct link_search *search, const char *name)
{
	return !search->known_names_only || name_is_known(search->set, search->info, name);
}

static bool found_in_wants(const struct link_search *search, const char *path)
{
	dir_list entries = {0};

	if (target_list(search->set->target, path, search->set->arena, &entries) < 0)
		return false;
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.items[i].name, *template;

		if (entries.items[i].type != NODE_SYMLINK)
			continue;
		template =
		    unit_name_kind(name) == UNIT_NAME_INSTANCE ? unit_name_template(search->set->arena, name) : NULL;
		if ((string_equal(name, search->info->name) ||
		     (template && string_equal(template, search->info->name))) &&
		    counts(search, name))
			return true;
	}
	return false;
}

static bool found_beside(struct link_search *search, const struct unit_directory *directory)
{
	const struct unit_set *set = search->set;
	const char *unit_name = search->info->name;

	for (size_t i = 0; i < directory->entries.count; i++) {
		const char *name = directory->entries.items[i].name, *base;
		bool same_name = string_equal(name, unit_name) && !search->below_unit, same_target;
		char *text;

		if (directory->entries.items[i].type != NODE_SYMLINK)
			continue;
		if (target_readlink(set->target, arena_printf(set->arena, "%s/%s", directory->path, name), set->arena,
				    &text) < 0)
			continue;
		base = strrchr(text, '/');
		same_target = string_equal(base ? base + 1 : text, unit_name);
		if (same_name && same_target)
			search->same_name_link = true;
		else if ((same_name || same_target) && counts(search, name))
			return true;
	}
	return false;
}

static bool found_in_directory(struct link_search *search, const struct unit_directory *directory)
{
	static const char *const suffixes[] = {".wants", ".requires", ".upholds"};

	for (size_t i = 0; i < directory->entries.count; i++) {
		const struct dir_entry *entry = &directory->entries.items[i];

		for (size_t j = 0; j < ARRAY_SIZE(suffixes) && entry->type == NODE_DIRECTORY; j++) {
			if (string_ends_with(entry->name, suffixes[j]) &&
			    found_in_wants(search,
					   arena_printf(search->set->arena, "%s/%s", directory->path, entry->name)))
				return true;
		}
	}
	return found_beside(search, directory);
}

/* "enabled", "static", "linked", or NULL where no link was found. */
static const char *find_links(struct unit_set *set, const struct install_info *info, bool known_names_only)
{
	struct link_search search = {.set = set, .info = info, .known_names_only = known_names_only};
	bool elsewhere = false, linked = false;

	for (size_t i = 0; i < set->directory_count; i++) {
		const struct unit_directory *directory = &set->directories[i];
		bool config = string_equal(directory->path, CONFIG_DIRECTORY);
		const char *rest;

		search.same_name_link = false;
		if (found_in_directory(&search, directory)) {
			if (config)
				return "enabled";
			elsewhere = true;
		} else if (search.same_name_link && config) {
			linked = true;
		}
		rest = string_after(info->path, directory->path);
		if (rest && *rest == '/')
			search.below_unit = true;
	}
	if (elsewhere && unit_name_kind(info->name) == UNIT_NAME_INSTANCE)
		return "static";
	return linked ? "linked" : NULL;
}

const char *unit_file_state(struct unit_set *set, const char *name)
{
	const struct unit *unit = unit_load(set, name);
	struct install_info info = {0};
	const char *state, *base;

	if (unit->state == UNIT_NOT_FOUND)
		return "not-found";
	if (unit->state == UNIT_MASKED)
		return "masked";
	read_install_section(set, unit, &info);
	base = strrchr(info.path, '/') + 1;
	if (!string_equal(name, base) && unit_name_kind(unit->name) != UNIT_NAME_INSTANCE)
		return "alias";
	state = find_links(set, &info, true);
	if (state)
		return state;
	if (find_links(set, &info, false))
		return "indirect";
	if (info.aliases.count || info.wanted_by.count || info.required_by.count || info.upheld_by.count)
		return "disabled";
	return info.also.count ? "indirect" : "static";
}
