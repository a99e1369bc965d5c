/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_SMALL_ROOT_H
#define SSHRESCUE_TESTS_SMALL_ROOT_H

/* A throw-away root that a test fills with files, behind the door. */

#include "unit.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/target.h"

struct small_root {
	char path[64];
	struct target *target;
	struct arena arena;
};

static inline int small_root_setup(void **state)
{
	struct small_root *root = calloc(1, sizeof(*root));

	assert_non_null(root);
	strcpy(root->path, "/tmp/sshrescue-test-XXXXXX");
	assert_non_null(mkdtemp(root->path));
	assert_int_equal(chmod(root->path, 0755), 0);
	assert_int_equal(target_open(&root->target, root->path, 0), 0);
	*state = root;
	return 0;
}

static inline int small_root_remove(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int small_root_teardown(void **state)
{
	struct small_root *root = *state;

	target_close(root->target);
	arena_release(&root->arena);
	assert_int_equal(nftw(root->path, small_root_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(root);
	return 0;
}

/* The path outside of the root; its directories are made. */
static inline const char *small_root_at(const struct small_root *root, const char *path)
{
	static char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root->path, path);
	for (char *slash = strchr(full + strlen(root->path) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

static inline void put_bytes(const struct small_root *root, const char *path, const void *data, size_t size)
{
	FILE *file = fopen(small_root_at(root, path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void put(const struct small_root *root, const char *path, const char *text)
{
	put_bytes(root, path, text, strlen(text));
}

static inline void put_link(const struct small_root *root, const char *path, const char *text)
{
	assert_int_equal(symlink(text, small_root_at(root, path)), 0);
}

static inline void drop(const struct small_root *root, const char *path)
{
	assert_int_equal(unlink(small_root_at(root, path)), 0);
}

#endif
