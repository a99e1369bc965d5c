/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ostree's docs/deployment.md and src/libotcore/otcore-prepare-root.c; the Boot Loader Specification */
#include "disks/ostree.h"

#include <string.h>

#include "base/text.h"
#include "target/target.h"

enum {
	ENTRY_MOST = 64 * 1024,
	DEPLOYMENTS_MOST = 64,
};

/* The version and the deployment that one entry of the boot loader names. */
static bool read_entry(struct target *target, struct arena *arena, const char *path, uint64_t *ret_version,
		       char **ret_link)
{
	struct blob content;
	size_t offset = 0, length;
	const char *line;

	*ret_version = 0;
	*ret_link = NULL;
	if (target_read(target, path, ENTRY_MOST, arena, &content, NULL) < 0)
		return false;
	while (next_line(&content, &offset, &line, &length)) {
		char *rest = arena_memdup(arena, line, length), *word = cut_word(&rest);

		if (string_equal(word, "version")) {
			if (!parse_number(cut_word(&rest), UINT32_MAX, ret_version))
				*ret_version = 0;
		} else if (string_equal(word, "options")) {
			for (word = cut_word(&rest); *word; word = cut_word(&rest)) {
				if (string_after(word, "ostree="))
					*ret_link = word + strlen("ostree=");
			}
		}
	}
	return *ret_link;
}

/* Whether it is "/ostree/deploy/OS/deploy/NAME", and that directory; fills *ret. */
static bool is_deployment(struct target *target, struct arena *arena, const char *path, struct ostree_deployment *ret)
{
	const char *os = string_after(path, "/ostree/deploy/"), *rest;
	struct node_stat status;

	if (!os || !(rest = strchr(os, '/')) || !string_after(rest, "/deploy/") || strchr(rest + 8, '/'))
		return false;
	if (target_lstat(target, path, &status) < 0 || status.type != NODE_DIRECTORY)
		return false;
	ret->path = path;
	ret->var = arena_printf(arena, "/ostree/deploy/%.*s/var", (int)(rest - os), os);
	return true;
}

/* The entry with the highest version is the one that boots. */
static bool find_by_entries(struct target *target, struct arena *arena, struct ostree_deployment *ret)
{
	string_list entries = {0};
	uint64_t best = 0;
	bool found = false;

	if (target_glob(target, "/boot/loader/entries/*.conf", arena, &entries) < 0)
		return false;
	for (size_t i = 0; i < entries.count; i++) {
		char *link, *path;
		uint64_t version;

		if (!read_entry(target, arena, entries.items[i], &version, &link) || (found && version < best) ||
		    target_resolve(target, link, true, arena, &path) < 0)
			continue;
		if (is_deployment(target, arena, path, ret)) {
			best = version;
			found = true;
		}
	}
	return found;
}

static void find_newest(struct target *target, struct arena *arena, struct ostree_deployment *ret)
{
	string_list paths = {0};
	struct timespec best = {0};

	if (target_glob(target, "/ostree/deploy/*/deploy/*.[0-9]", arena, &paths) < 0)
		return;
	for (size_t i = 0; i < paths.count && i < DEPLOYMENTS_MOST; i++) {
		struct ostree_deployment deployment;
		struct node_stat status;

		if (!is_deployment(target, arena, paths.items[i], &deployment) ||
		    target_lstat(target, paths.items[i], &status) < 0)
			continue;
		if (!ret->path || status.modified.tv_sec > best.tv_sec) {
			best = status.modified;
			*ret = deployment;
		}
	}
	ret->guessed = paths.count > 1;
}

void ostree_find(struct arena *arena, const char *directory, struct ostree_deployment *ret)
{
	cleanup_target struct target *target = NULL;

	*ret = (struct ostree_deployment){0};
	if (target_open(&target, directory, TARGET_WALK) < 0 || !target_exists(target, "/ostree/deploy"))
		return;
	if (!find_by_entries(target, arena, ret))
		find_newest(target, arena, ret);
}
