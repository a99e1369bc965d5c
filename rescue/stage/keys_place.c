/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host keys on filesystems that are not mounted where we look. */
#include "stage/keys.h"

#include <limits.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	STEP_LIMIT = 64, /* the kernel follows 40 links */
	COMPONENT_LIMIT = 64,
	FSTAB_LIMIT = 256 * 1024,
};

/* Whether path is directory or below it. */
static bool is_below(const char *path, const char *directory, size_t length)
{
	while (length > 1 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Made anew by each boot. */
static bool is_volatile(const char *path)
{
	static const char *const directories[] = {"/run", "/var/run", "/dev", "/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (is_below(path, directories[i], strlen(directories[i])))
			return true;
	}
	return false;
}

/* The second word of a line of fstab(5): an absolute path below the root, or nothing. */
static size_t mount_point(const char *line, size_t length, const char **ret)
{
	size_t at = 0, start;

	for (unsigned word = 0; word < 2; word++) {
		while (at < length && char_is_space(line[at]))
			at++;
		start = at;
		while (at < length && !char_is_space(line[at]))
			at++;
		if (start == at || line[start] == '#')
			return 0;
	}
	*ret = line + start;
	return line[start] == '/' && at - start > 1 ? at - start : 0;
}

static bool is_in_fstab(const struct blob *fstab, const char *path)
{
	size_t offset = 0, length, point_length;
	const char *line, *point;

	while (next_line(fstab, &offset, &line, &length)) {
		point_length = mount_point(line, length, &point);
		if (point_length && is_below(path, point, point_length))
			return true;
	}
	return false;
}

/* systemd.mount(5): /srv/keys is mounted by srv-keys.mount. Names that need escapes are not looked for. */
static bool has_mount_unit(const struct facts *facts, const char *path)
{
	char name[NAME_MAX + 1];

	for (size_t length = 1; path[length]; length++) {
		if (!char_is_alnum(path[length]) && path[length] != '/' && path[length] != '_')
			return false;
		if (length + sizeof(".mount") > sizeof(name))
			return false;
		name[length - 1] = path[length] == '/' ? '-' : path[length];
		if (path[length + 1] != '/')
			continue;
		memcpy(name + length, ".mount", sizeof(".mount"));
		if (unit_load(facts->units, name)->state == UNIT_LOADED)
			return true;
	}
	return false;
}

static bool is_mounted_later(const struct facts *facts, const struct blob *fstab, const char *path)
{
	return is_volatile(path) || is_in_fstab(fstab, path) ||
	       (facts->units && facts->init == INIT_SYSTEMD && has_mount_unit(facts, path));
}

/* "/etc/ssh" + "../key" -> "/etc/key": nothing on the way to the ".." is a link. */
static char *step_back(struct arena *arena, const char *path, size_t length)
{
	size_t parent = length - strlen("/..");

	while (parent && path[--parent] != '/')
		continue;
	return arena_printf(arena, "%.*s%s", (int)parent, path, path + length);
}

/* Puts in the first symbolic link on the way to path, or takes out the first "..": 1; 0 when there is neither; negative
 * when that cannot be told. */
static int expand_once(const struct facts *facts, char **path)
{
	struct arena *arena = facts->arena;

	for (size_t length = 1, components = 0; (*path)[length - 1]; length++) {
		struct node_stat stat;
		char *prefix, *link;

		if (length == 1 || ((*path)[length] != '/' && (*path)[length] != '\0'))
			continue;
		if (++components > COMPONENT_LIMIT)
			return -1;
		prefix = arena_memdup(arena, *path, length);
		if (string_ends_with(prefix, "/..")) {
			*path = step_back(arena, *path, length);
			return 1;
		}
		if (target_lstat(facts->target, prefix, &stat) < 0)
			return strstr(*path + length, "/../") ? -1 : 0;
		if (stat.type != NODE_SYMLINK)
			continue;
		if (target_readlink(facts->target, prefix, arena, &link) < 0)
			return -1;
		*strrchr(prefix, '/') = '\0';
		*path = link[0] == '/' ? arena_printf(arena, "%s%s", link, *path + length)
				       : arena_printf(arena, "%s/%s%s", prefix, link, *path + length);
		return strlen(*path) < PATH_MAX ? 1 : -1;
	}
	return 0;
}

bool host_key_path_is_elsewhere(const struct facts *facts, const char *path)
{
	char *expanded = arena_strdup(facts->arena, path);
	struct blob fstab = {0};

	(void)target_read(facts->target, "/etc/fstab", FSTAB_LIMIT, facts->arena, &fstab, NULL);
	for (unsigned steps = 0; steps < STEP_LIMIT; steps++) {
		if (expand_once(facts, &expanded) != 1)
			return is_mounted_later(facts, &fstab, expanded);
	}
	return false;
}
