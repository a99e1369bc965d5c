/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/unit_private.h"

#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_name.h"

struct unit_set *unit_set_new(struct target *target, struct arena *arena)
{
	struct unit_set *set = ARENA_NEW(arena, struct unit_set);

	set->target = target;
	set->arena = arena;
	return set;
}

/* The file that is being scanned. */
struct scan_file {
	struct unit_scan *scan;
	struct unit_check *check;
	const char *path;
	const char *reason;
};

static int scan_assignment(void *context, const char *section, const char *key, const char *value, unsigned line,
			   unsigned last_line)
{
	struct scan_file *file = context;
	struct unit_setting setting = {
	    .section = section, .key = key, .value = value, .path = file->path, .line = line, .last_line = last_line};
	int r;

	r = unit_check_setting(file->check, file->scan->arena, section, key, value, file->path, line, &file->reason);
	if (r == 0)
		file->scan->setting(file->scan->context, &setting);
	return r;
}

static void scan_fail(struct unit_scan *scan, const char *reason, const char *path, unsigned line)
{
	scan->reason = reason;
	scan->reason_path = path;
	scan->reason_line = line;
}

static int scan_content(struct scan_file *file, struct blob *content)
{
	struct unit_syntax_error error;
	int r;

	r = unit_syntax_parse(content, unit_sections(file->check->type), scan_assignment, file, &error);
	if (r < 0)
		scan_fail(file->scan, error.reason ? error.reason : file->reason, file->path, error.line);
	return r;
}

/* What a drop-in refuses ends that drop-in; the settings in front of it stay. */
static void scan_dropins(struct unit_set *set, const struct unit_found *found, struct unit_scan *scan,
			 struct unit_check *check)
{
	unit_attached_files(set, found, ".d", ".conf", &scan->dropins);
	for (size_t i = 0; i < scan->dropins.count; i++) {
		struct scan_file file = {.scan = scan, .check = check, .path = scan->dropins.items[i]};
		struct blob content;

		if (target_read(set->target, file.path, UNIT_FILE_LIMIT, scan->arena, &content, NULL) == 0)
			scan_content(&file, &content);
	}
}

enum unit_load_state unit_scan(struct unit_set *set, const struct unit_found *found, struct unit_scan *scan)
{
	struct unit_check check = {.type = unit_name_type(found->id)};
	struct scan_file file = {.scan = scan, .check = &check};
	struct blob content;
	int r;

	if (found->loop) {
		scan->dangling = true;
		return UNIT_NOT_FOUND;
	}
	if (!found->entry)
		return UNIT_NOT_FOUND;
	file.path = found->entry->path;
	r = unit_read(set, found->entry, scan->arena, &content);
	/* What cannot be opened is not found to systemd; what can be opened but not read is an error. */
	if (r == -EISDIR || r == -EFBIG || r == -EFTYPE_NOT_REGULAR) {
		scan_fail(scan, strerror(-r), file.path, 0);
		return UNIT_BAD;
	}
	if (r < 0) {
		scan->dangling = true;
		return UNIT_NOT_FOUND;
	}
	if (found->conflict) {
		scan_fail(scan, "its name and its file belong to different units", NULL, 0);
		return UNIT_BAD;
	}
	if (r == 1)
		return UNIT_MASKED;
	if (scan_content(&file, &content) < 0)
		return UNIT_BAD;
	scan_dropins(set, found, scan, &check);
	scan_fail(scan, unit_check_verdict(&check), check.path, check.line);
	return scan->reason ? UNIT_BAD : UNIT_LOADED;
}

struct loading {
	struct unit *unit;
	struct arena *arena;
};

static void keep_setting(void *context, const struct unit_setting *setting)
{
	struct loading *loading = context;

	*array_push(loading->arena, &loading->unit->settings) = *setting;
}

static void add_name(struct arena *arena, struct unit *unit, const char *name)
{
	for (size_t i = 0; i < unit->names.count; i++) {
		if (string_equal(unit->names.items[i], name))
			return;
	}
	*array_push(arena, &unit->names) = arena_strdup(arena, name);
}

const struct unit *unit_load(struct unit_set *set, const char *name)
{
	const struct unit_found *found = unit_find(set, name);
	struct unit *unit = string_map_get(&set->units, found->id);
	struct loading loading = {.arena = set->arena};
	struct unit_scan scan = {.arena = set->arena, .setting = keep_setting, .context = &loading};

	if (!unit) {
		unit = ARENA_NEW(set->arena, struct unit);
		loading.unit = unit;
		unit->name = found->id;
		if (found->entry) {
			unit->fragment = found->entry->path;
			unit->link = found->entry->link;
		}
		unit->state = unit_scan(set, found, &scan);
		unit->dangling = scan.dangling;
		unit->reason = scan.reason;
		unit->reason_path = scan.reason_path;
		unit->reason_line = scan.reason_line;
		unit->dropins.items = scan.dropins.items;
		unit->dropins.count = scan.dropins.count;
		unit->dropins.capacity = scan.dropins.capacity;
		add_name(set->arena, unit, unit->name);
		string_map_put(set->arena, &set->units, unit->name, unit);
	}
	add_name(set->arena, unit, name);
	return unit;
}

static bool setting_is(const struct unit_setting *setting, const char *section, const char *key)
{
	return string_equal(setting->key, key) && string_equal(setting->section, section);
}

const struct unit_setting *unit_get(const struct unit *unit, const char *section, const char *key)
{
	for (size_t i = unit->settings.count; i > 0; i--) {
		const struct unit_setting *setting = &unit->settings.items[i - 1];

		if (setting_is(setting, section, key))
			return *setting->value ? setting : NULL;
	}
	return NULL;
}

const struct unit_setting *unit_next(const struct unit *unit, const char *section, const char *key,
				     const struct unit_setting *previous)
{
	size_t start = 0;

	if (previous) {
		start = (size_t)(previous - unit->settings.items) + 1;
	} else {
		for (size_t i = 0; i < unit->settings.count; i++) {
			if (!*unit->settings.items[i].value && setting_is(&unit->settings.items[i], section, key))
				start = i + 1;
		}
	}
	for (size_t i = start; i < unit->settings.count; i++) {
		if (setting_is(&unit->settings.items[i], section, key))
			return &unit->settings.items[i];
	}
	return NULL;
}

/* libsystemd-shared-252.so, libsystemd-shared-252.39-1~deb12u1.so: the manager cannot run without its library of the
 * same version. */
static unsigned version_of_library(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *digits = string_after(name, "libsystemd-shared-");
	unsigned version = 0;

	for (; digits && char_is_digit(*digits) && version < 10000; digits++)
		version = version * 10 + (unsigned)(*digits - '0');
	return version;
}

unsigned unit_systemd_version(struct unit_set *set)
{
	static const char *const patterns[] = {
	    "/usr/lib/systemd/libsystemd-shared-*.so",
	    "/usr/lib/*/systemd/libsystemd-shared-*.so",
	    "/lib/systemd/libsystemd-shared-*.so",
	    "/usr/lib64/systemd/libsystemd-shared-*.so",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns) && !set->version_known; i++) {
		string_list paths = {0};

		if (target_glob(set->target, patterns[i], set->arena, &paths) < 0 || !paths.count)
			continue;
		set->version = version_of_library(paths.items[0]);
		/* Two of them: a half-finished upgrade. Which one the manager wants cannot be told from here. */
		for (size_t j = 1; j < paths.count; j++) {
			if (version_of_library(paths.items[j]) != set->version)
				set->version = 0;
		}
		set->version_known = true;
	}
	set->version_known = true;
	return set->version;
}
