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
	/* Before, what a link in a .wants directory leads to made a unit enabled, too, and instances were not counted
	 * for their template. */
	ONLY_NAMES_COUNT_SINCE = 251,
	ALSO_LIMIT = 64,
};

/* One unit's [Install] section. */
struct install_info {
	const char *name;
	const char *path; /* of the file itself: links out of the unit directories are followed */
	string_list aliases, wanted_by, required_by, upheld_by, also;
	const char *default_instance;
};

static bool is_older_than(struct unit_set *set, unsigned version)
{
	return unit_systemd_version(set) && unit_systemd_version(set) < version;
}

static void take_words(struct unit_set *set, const char *value, unsigned flags, string_list *ret)
{
	if (*value)
		unit_words(set->arena, value, flags, ret);
	else
		ret->count = 0;
}

struct install_reading {
	struct unit_set *set;
	struct install_info *info;
};

static int take_install_setting(void *context, const char *section, const char *key, const char *value, unsigned line,
				unsigned last_line)
{
	static const unsigned flags = UNIT_WORD_UNQUOTE | UNIT_WORD_KEEP_ESCAPE;
	struct install_reading *reading = context;
	struct install_info *info = reading->info;

	(void)section;
	(void)line;
	(void)last_line;
	if (string_equal(key, "Alias"))
		take_words(reading->set, value, flags, &info->aliases);
	else if (string_equal(key, "WantedBy"))
		take_words(reading->set, value, flags, &info->wanted_by);
	else if (string_equal(key, "RequiredBy"))
		take_words(reading->set, value, flags, &info->required_by);
	else if (string_equal(key, "UpheldBy"))
		take_words(reading->set, value, flags, &info->upheld_by);
	else if (string_equal(key, "Also"))
		unit_words(reading->set->arena, value, 0, &info->also);
	else if (string_equal(key, "DefaultInstance") && unit_name_kind(info->name) == UNIT_NAME_TEMPLATE)
		info->default_instance = *value ? value : NULL;
	return 0;
}

/* systemctl does not mind what the manager would refuse in the other sections. */
static int read_install_file(struct unit_set *set, const char *path, struct install_info *info)
{
	static const char *const sections[] = {"Install", NULL};
	struct install_reading reading = {.set = set, .info = info};
	struct unit_syntax_error error;
	struct blob content;
	int r;

	r = target_read(set->target, path, UNIT_FILE_LIMIT, set->arena, &content, NULL);
	if (r < 0)
		return r;
	return unit_syntax_parse(&content, sections, take_install_setting, &reading, &error);
}

static int read_install_dropins(struct unit_set *set, const struct unit *unit, struct install_info *info)
{
	string_list dropins = {0};

	unit_own_dropins(set, unit->name, &dropins);
	for (size_t i = 0; i < dropins.count; i++) {
		int r = read_install_file(set, dropins.items[i], info);

		/* A drop-in that is a device is a mask. */
		if (r < 0 && r != -EFTYPE_NOT_REGULAR)
			return r;
	}
	return 0;
}

/* 0; -EINVAL: systemctl cannot read it. */
static int read_install_section(struct unit_set *set, const struct unit *unit, struct install_info *info)
{
	info->name = unit->name;
	info->path = unit->link ? unit->link : unit->fragment;
	/* systemctl comes to the file behind a link last. */
	if (unit->link && read_install_dropins(set, unit, info) < 0)
		return -EINVAL;
	if (read_install_file(set, unit->fragment, info) < 0)
		return -EINVAL;
	if (!unit->link && read_install_dropins(set, unit, info) < 0)
		return -EINVAL;
	if (info->upheld_by.count && is_older_than(set, UPHELD_BY_SINCE))
		info->upheld_by.count = 0;
	return 0;
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

	if (unit->state == UNIT_MASKED)
		return -ERFKILL;
	if (unit->state == UNIT_NOT_FOUND)
		return -ENOENT;
	if (read_install_section(set, unit, &info) < 0)
		return -EINVAL;
	/* What is linked from elsewhere is linked under the unit's own name first. */
	if (unit->link)
		add_link(set, &info, arena_printf(set->arena, CONFIG_DIRECTORY "/%s", info.name), true, ret);
	add_aliases(set, &info, ret);
	add_dependents(set, &info, &info.wanted_by, ".wants", ret);
	add_dependents(set, &info, &info.required_by, ".requires", ret);
	add_dependents(set, &info, &info.upheld_by, ".upholds", ret);
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

/* Whether the link at path leads to something that has the unit's name. */
static bool leads_to_name(const struct link_search *search, const char *path)
{
	const char *base;
	char *text;

	if (target_readlink(search->set->target, path, search->set->arena, &text) < 0)
		return false;
	base = strrchr(text, '/');
	return string_equal(base ? base + 1 : text, search->info->name);
}

static bool is_instance_of(const struct link_search *search, const char *name)
{
	return unit_name_kind(name) == UNIT_NAME_INSTANCE &&
	       string_equal(unit_name_template(search->set->arena, name), search->info->name);
}

static bool found_in_wants(const struct link_search *search, const char *path)
{
	bool old = is_older_than(search->set, ONLY_NAMES_COUNT_SINCE);
	dir_list entries = {0};

	if (target_list(search->set->target, path, search->set->arena, &entries) < 0)
		return false;
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.items[i].name;
		bool found = string_equal(name, search->info->name) && !(old && search->below_unit);

		if (entries.items[i].type != NODE_SYMLINK || *name == '.' || !counts(search, name))
			continue;
		if (!found && old)
			found = leads_to_name(search, arena_printf(search->set->arena, "%s/%s", path, name));
		else if (!found)
			found = is_instance_of(search, name);
		if (found)
			return true;
	}
	return false;
}

static bool found_beside(struct link_search *search, const struct unit_directory *directory)
{
	for (size_t i = 0; i < directory->entries.count; i++) {
		const char *name = directory->entries.items[i].name;
		bool same_name = string_equal(name, search->info->name) && !search->below_unit, same_target;

		if (directory->entries.items[i].type != NODE_SYMLINK || *name == '.')
			continue;
		same_target = leads_to_name(search, arena_printf(search->set->arena, "%s/%s", directory->path, name));
		if (same_name && same_target)
			search->same_name_link = true;
		else if ((same_name || same_target) && counts(search, name))
			return true;
	}
	return false;
}

static bool found_in_directory(struct link_search *search, const struct unit_directory *directory)
{
	static const char *const suffixes[] = {".wants", ".requires", ".upholds"}, *const any[] = {""};
	bool old = is_older_than(search->set, ONLY_NAMES_COUNT_SINCE);
	size_t count = old ? 1 : is_older_than(search->set, UPHELD_BY_SINCE) ? 2 : 3;

	for (size_t i = 0; i < directory->entries.count; i++) {
		const struct dir_entry *entry = &directory->entries.items[i];

		for (size_t j = 0; j < count && entry->type == NODE_DIRECTORY; j++) {
			if (string_ends_with(entry->name, (old ? any : suffixes)[j]) &&
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
	if (read_install_section(set, unit, &info) < 0)
		return "bad";
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
