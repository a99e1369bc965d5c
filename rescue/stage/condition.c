/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/condition.h"

#include <errno.h>

#include "base/text.h"
#include "policy.h"

/* One condition that is in force. */
struct condition {
	const struct unit_setting *setting;
	const char *kind; /* "PathExists" */
	const char *argument;
	bool trigger, negate;
};
typedef ARRAY_OF(struct condition) condition_list;

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (string_equal(word, list[i]))
			return true;
	}
	return false;
}

/* Conditions about a path below / that systemd normalises first. */
static bool takes_path(const char *kind)
{
	static const char *const kinds[] = {
	    "PathExists",	 "PathExistsGlob",  "PathIsDirectory",	"PathIsSymbolicLink",
	    "PathIsMountPoint",	 "PathIsReadWrite", "PathIsEncrypted",	"PathIsSocket",
	    "DirectoryNotEmpty", "FileNotEmpty",    "FileIsExecutable", "NeedsUpdate",
	};

	return is_one_of(kind, kinds, ARRAY_SIZE(kinds));
}

/* Any other word behind Condition is no setting: systemd ignores it. */
static bool is_other_kind(const char *kind)
{
	static const char *const kinds[] = {
	    "Architecture",
	    "Firmware",
	    "Virtualization",
	    "Host",
	    "KernelCommandLine",
	    "KernelVersion",
	    "Version",
	    "Credential",
	    "Environment",
	    "Security",
	    "Capability",
	    "ACPower",
	    "FirstBoot",
	    "Memory",
	    "CPUs",
	    "CPUFeature",
	    "User",
	    "Group",
	    "OSRelease",
	    "MemoryPressure",
	    "CPUPressure",
	    "IOPressure",
	    "ControlGroupController",
	    "KernelModuleLoaded",
	};

	return is_one_of(kind, kinds, ARRAY_SIZE(kinds));
}

/* Without double slashes and "."; NULL where systemd ignores the condition for its path. */
static char *normalise(struct arena *arena, const char *path)
{
	struct text result = {.arena = arena};

	if (*path != '/')
		return NULL;
	text_add(&result, "", 0);
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return NULL;
		if (length && !(length == 1 && *path == '.')) {
			text_add(&result, "/", 1);
			text_add(&result, path, length);
		}
		path += length;
	}
	return result.size ? result.data : arena_strdup(arena, "/");
}

static void add_condition(const struct facts *facts, const struct unit *unit, const struct unit_setting *setting,
			  const char *kind, condition_list *ret)
{
	struct condition condition = {.setting = setting, .kind = kind};
	const char *value = setting->value;

	condition.trigger = *value == '|';
	value += condition.trigger;
	condition.negate = *value == '!';
	value += condition.negate;
	condition.argument = unit_expand(facts->arena, unit, value);
	if (takes_path(kind)) {
		condition.argument = normalise(facts->arena, condition.argument);
		if (!condition.argument)
			return;
	}
	*array_push(facts->arena, ret) = condition;
}

/* Collects the conditions or the asserts; an empty one drops all before it, whatever their kinds. */
static void collect(const struct facts *facts, const struct unit *unit, const char *prefix, condition_list *ret)
{
	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];
		const char *kind = string_after(setting->key, prefix);

		if (!kind || !string_equal(setting->section, "Unit") || (!takes_path(kind) && !is_other_kind(kind)))
			continue;
		if (*setting->value)
			add_condition(facts, unit, setting, kind, ret);
		else
			ret->count = 0;
	}
}

/* Places that the boot fills. */
static bool is_volatile(const char *path)
{
	static const char *const places[] = {"/run", "/proc", "/sys", "/dev", "/tmp", "/var/run", "/var/lock"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *rest = string_after(path, places[i]);

		if (rest && (*rest == '/' || !*rest))
			return true;
	}
	return false;
}

static char *next_field(struct arena *arena, const char **line, const char *end)
{
	const char *start;

	while (*line < end && (**line == ' ' || **line == '\t'))
		(*line)++;
	start = *line;
	while (*line < end && **line != ' ' && **line != '\t')
		(*line)++;
	return arena_memdup(arena, start, (size_t)(*line - start));
}

/* Whether fstab(5) mounts something over the path that this root does not show. */
static bool is_on_other_mount(const struct facts *facts, const char *path)
{
	const char *line;
	struct blob content;
	size_t offset = 0, length;

	if (string_after(path, "/etc/") || string_after(path, "/usr/") ||
	    target_read(facts->target, "/etc/fstab", TARGET_FILE_LIMIT, facts->arena, &content, NULL) < 0)
		return false;
	while (next_line(&content, &offset, &line, &length)) {
		const char *end = line + length, *rest, *directory;

		next_field(facts->arena, &line, end);
		directory = next_field(facts->arena, &line, end);
		rest = *directory == '/' && directory[1] ? string_after(path, directory) : NULL;
		if (rest && (*rest == '/' || !*rest))
			return true;
	}
	return false;
}

static bool directory_has_files(const struct facts *facts, const char *path)
{
	dir_list entries = {0};
	int r = target_list(facts->target, path, facts->arena, &entries);

	if (r < 0)
		return r != -ENOENT && r != -ENOTDIR;
	for (size_t i = 0; i < entries.count; i++) {
		/* hidden_or_backup_file() of systemd */
		if (*entries.items[i].name != '.' && !string_ends_with(entries.items[i].name, "~"))
			return true;
	}
	return false;
}

/* What the root's files say, before negation. */
static enum condition_result judge_path(const struct facts *facts, const struct condition *condition)
{
	const char *kind = condition->kind, *path = condition->argument;
	struct node_stat stat = {0};
	string_list matches = {0};
	bool met;

	if (string_equal(kind, "PathExists"))
		met = target_exists(facts->target, path);
	else if (string_equal(kind, "PathExistsGlob")) {
		if (strchr(path, '{'))
			return CONDITION_UNDECIDED;
		met = target_glob(facts->target, path, facts->arena, &matches) == 0 && matches.count;
	} else if (string_equal(kind, "PathIsDirectory"))
		met = target_stat(facts->target, path, &stat) == 0 && stat.type == NODE_DIRECTORY;
	else if (string_equal(kind, "PathIsSymbolicLink"))
		met = target_lstat(facts->target, path, &stat) == 0 && stat.type == NODE_SYMLINK;
	else if (string_equal(kind, "DirectoryNotEmpty"))
		met = directory_has_files(facts, path);
	else if (string_equal(kind, "FileNotEmpty"))
		met = target_stat(facts->target, path, &stat) == 0 && stat.type == NODE_FILE && stat.size > 0;
	else if (string_equal(kind, "FileIsExecutable"))
		met = target_stat(facts->target, path, &stat) == 0 && stat.type == NODE_FILE && stat.mode & 0111;
	else
		return CONDITION_UNDECIDED;
	return met ? CONDITION_MET : CONDITION_FAILED;
}

static enum condition_result judge(const struct facts *facts, const struct condition *condition)
{
	enum condition_result result;
	char *resolved;

	if (!takes_path(condition->kind))
		return CONDITION_UNDECIDED;
	if (target_resolve(facts->target, condition->argument, false, facts->arena, &resolved) < 0)
		resolved = (char *)condition->argument;
	if (is_volatile(resolved) || is_volatile(condition->argument))
		return CONDITION_UNDECIDED;
	result = judge_path(facts, condition);
	if (result == CONDITION_UNDECIDED || is_on_other_mount(facts, resolved))
		return CONDITION_UNDECIDED;
	if (condition->negate)
		return result == CONDITION_MET ? CONDITION_FAILED : CONDITION_MET;
	return result;
}

/* All conditions must hold; of those marked with | one is enough (condition_test_list()). */
static enum condition_result judge_list(const struct facts *facts, const condition_list *list,
					const struct condition **ret)
{
	const struct condition *undecided = NULL, *undecided_trigger = NULL, *failed_trigger = NULL;
	bool triggered = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct condition *condition = &list->items[i];
		enum condition_result result = judge(facts, condition);

		/* What a package ships fits the systems that it is for. */
		if (result == CONDITION_UNDECIDED && policy_is_vendor_path(condition->setting->path))
			result = CONDITION_MET;
		if (condition->trigger) {
			triggered = triggered || result == CONDITION_MET;
			if (result == CONDITION_UNDECIDED)
				undecided_trigger = condition;
			else if (!failed_trigger)
				failed_trigger = condition;
		} else if (result == CONDITION_FAILED) {
			*ret = condition;
			return CONDITION_FAILED;
		} else if (result == CONDITION_UNDECIDED && !undecided) {
			undecided = condition;
		}
	}
	if (!triggered && !undecided_trigger && failed_trigger) {
		*ret = failed_trigger;
		return CONDITION_FAILED;
	}
	if (!triggered && !undecided)
		undecided = undecided_trigger;
	*ret = undecided;
	return undecided ? CONDITION_UNDECIDED : CONDITION_MET;
}

enum condition_result conditions_judge(const struct facts *facts, const struct unit *unit,
				       const struct unit_setting **ret_setting, const char **ret_path)
{
	static const char *const prefixes[] = {"Condition", "Assert"};
	enum condition_result worst = CONDITION_MET;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && worst != CONDITION_FAILED; i++) {
		const struct condition *condition = NULL;
		condition_list list = {0};
		enum condition_result result;

		collect(facts, unit, prefixes[i], &list);
		result = judge_list(facts, &list, &condition);
		if (result == CONDITION_MET || (result == CONDITION_UNDECIDED && worst == CONDITION_UNDECIDED))
			continue;
		worst = result;
		*ret_setting = condition->setting;
		if (ret_path)
			*ret_path = takes_path(condition->kind) ? condition->argument : NULL;
	}
	return worst;
}
