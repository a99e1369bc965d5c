/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Staged edits, the view they give, and what policy lets them touch. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "edit.h"
#include "policy.h"
#include "problem.h"
#include "target/staged.h"

#define CONFIG "/etc/ssh/sshd_config"
#define SYSTEM "/etc/systemd/system"

struct world {
	char root[64];
	struct target *target;
	struct arena arena;
};

static char *at(const char *root, const char *path)
{
	static char full[4][PATH_MAX];
	static unsigned next;
	char *result = full[next++ % 4];

	snprintf(result, PATH_MAX, "%s%s", root, path);
	return result;
}

static void put(const char *root, const char *path, const char *content)
{
	FILE *file = fopen(at(root, path), "w");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(at(root, path), 0644), 0);
}

static void make_tree(const char *root)
{
	static const char *const dirs[] = {
	    "/etc", "/etc/ssh",	 "/etc/ssh/sshd_config.d", "/etc/systemd", SYSTEM, "/etc/default", "/usr", "/usr/lib",
	    "/var", "/var/empty"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(at(root, dirs[i]), 0755), 0);
	put(root, CONFIG, "one\ntwo\nthree\n");
	put(root, "/etc/ssh/sshd_config.d/a.conf", "Port 22\n");
	put(root, "/etc/default/ssh", "SSHD_OPTS=\n");
	put(root, "/etc/passwd", "root:x:0:0::/:/bin/sh\n");
	put(root, "/usr/lib/vendor.conf", "vendor\n");
	assert_int_equal(symlink("/dev/null", at(root, SYSTEM "/ssh.service")), 0);
	assert_int_equal(symlink("sshd_config", at(root, "/etc/ssh/link")), 0);
	assert_int_equal(symlink("/usr/lib/vendor.conf", at(root, "/etc/ssh/vendor")), 0);
	assert_int_equal(symlink("ssh", at(root, "/etc/ssh-link")), 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->root, "/tmp/test-staged-XXXXXX");
	assert_non_null(mkdtemp(world->root));
	make_tree(world->root);
	assert_int_equal(target_open(&world->target, world->root, 0), 0);
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static int teardown(void **state)
{
	struct world *world = *state;

	target_close(world->target);
	arena_release(&world->arena);
	nftw(world->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static int apply_all(struct world *world, const struct edit *edits, size_t count, const struct edit **failed)
{
	const struct edit *list[16];

	assert_true(count <= ARRAY_SIZE(list));
	for (size_t i = 0; i < count; i++)
		list[i] = &edits[i];
	return staged_apply(world->target, list, count, failed);
}

#define APPLY(world, ...)                                      \
	apply_all((world), (const struct edit[]){__VA_ARGS__}, \
		  sizeof((const struct edit[]){__VA_ARGS__}) / sizeof(struct edit), &(const struct edit *){NULL})

#define REPLACE(p, l, t)                                                       \
	{                                                                      \
		.op = EDIT_REPLACE_LINE, .path = (p), .line = (l), .text = (t) \
	}
#define DELETE(p, l)                                             \
	{                                                        \
		.op = EDIT_DELETE_LINE, .path = (p), .line = (l) \
	}
#define INSERT(p, l, t)                                                       \
	{                                                                     \
		.op = EDIT_INSERT_LINE, .path = (p), .line = (l), .text = (t) \
	}
#define WRITE(p, t)                                                                                                  \
	{                                                                                                            \
		.op = EDIT_WRITE, .path = (p), .content = {.data = (char *)(t), .size = sizeof(t) - 1}, .mode = 0644 \
	}
#define CHMOD(p, m)                                        \
	{                                                  \
		.op = EDIT_CHMOD, .path = (p), .mode = (m) \
	}
#define CHOWN(p, u, g)                                                \
	{                                                             \
		.op = EDIT_CHOWN, .path = (p), .uid = (u), .gid = (g) \
	}
#define MKDIR(p, m)                                        \
	{                                                  \
		.op = EDIT_MKDIR, .path = (p), .mode = (m) \
	}
#define SYMLINK(p, t)                                        \
	{                                                    \
		.op = EDIT_SYMLINK, .path = (p), .text = (t) \
	}
#define UNLINK(p)                              \
	{                                      \
		.op = EDIT_UNLINK, .path = (p) \
	}
#define RENAME(p, t)                                        \
	{                                                   \
		.op = EDIT_RENAME, .path = (p), .text = (t) \
	}

static void assert_content(struct world *world, const char *path, const char *content)
{
	struct blob blob = {0};
	int result = target_read(world->target, path, TARGET_FILE_LIMIT, &world->arena, &blob, NULL);

	assert_int_equal(result, 0);
	assert_string_equal(blob.data, content);
	assert_int_equal(blob.size, strlen(content));
}

static size_t change_count(struct world *world)
{
	return world->target->staged ? world->target->staged->changes.count : 0;
}

static const struct change *change_of(struct world *world, const char *path)
{
	for (size_t i = 0; i < change_count(world); i++) {
		if (string_equal(world->target->staged->changes.items[i].path, path))
			return &world->target->staged->changes.items[i];
	}
	fail_msg("no change of %s", path);
	return NULL;
}

/* ---- lines --------------------------------------------------------------------------------------------------------
 */

static void test_lines(void **state)
{
	struct world *world = *state;

	assert_int_equal(APPLY(world, DELETE(CONFIG, 1), INSERT(CONFIG, 0, "end"), REPLACE(CONFIG, 3, "3a\n3b"),
			       INSERT(CONFIG, 2, "before two")),
			 0);
	assert_content(world, CONFIG, "before two\ntwo\n3a\n3b\nend\n");
	assert_int_equal(change_count(world), 1);
	assert_true(change_of(world, CONFIG)->content);
	assert_string_equal(change_of(world, CONFIG)->before.content.data, "one\ntwo\nthree\n");
	assert_string_equal(change_of(world, CONFIG)->after.content.data, "before two\ntwo\n3a\n3b\nend\n");
	assert_true(change_of(world, CONFIG)->before.inode != 0);
	/* Numbers refer to the view, which has moved on. */
	assert_int_equal(APPLY(world, DELETE(CONFIG, 5)), 0);
	assert_content(world, CONFIG, "before two\ntwo\n3a\n3b\n");
	assert_string_equal(change_of(world, CONFIG)->before.content.data, "one\ntwo\nthree\n");
}

static void test_lines_through_links(void **state)
{
	struct world *world = *state;

	assert_int_equal(APPLY(world, REPLACE("/etc/ssh-link/link", 1, "1"), REPLACE(CONFIG, 2, "2"),
			       REPLACE("/etc/ssh/link", 1, "1")),
			 0);
	assert_int_equal(change_count(world), 1);
	assert_content(world, CONFIG, "1\n2\nthree\n");
	assert_content(world, "/etc/ssh/link", "1\n2\nthree\n");
}

static void test_line_conflicts(void **state)
{
	struct world *world = *state;
	const struct edit edits[] = {REPLACE(CONFIG, 2, "x"), DELETE(CONFIG, 1), REPLACE(CONFIG, 2, "y")};
	const struct edit *failed = NULL;

	assert_int_equal(apply_all(world, edits, 3, &failed), -EEXIST);
	assert_ptr_equal(failed, &edits[2]);
	assert_null(world->target->staged);
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
	assert_int_equal(APPLY(world, REPLACE(CONFIG, 2, "x"), DELETE(CONFIG, 2)), -EEXIST);
	assert_int_equal(APPLY(world, DELETE(CONFIG, 4)), -ESTALE);
	assert_int_equal(APPLY(world, INSERT(CONFIG, 4, "x")), -ESTALE);
	assert_int_equal(APPLY(world, DELETE(CONFIG, 0)), -ESTALE);
	assert_int_equal(APPLY(world, REPLACE(CONFIG, 1, NULL)), -EINVAL);
	assert_int_equal(APPLY(world, DELETE("/etc/ssh/missing", 1)), -ENOENT);
	assert_int_equal(APPLY(world, DELETE("/etc/ssh", 1)), -EPERM);
	assert_int_equal(APPLY(world, DELETE("/etc/ssh/sshd_config.d", 1)), -EISDIR);
	assert_int_equal(APPLY(world, DELETE(CONFIG, 1), DELETE(CONFIG, 1), INSERT(CONFIG, 1, "x"),
			       INSERT(CONFIG, 1, "x"), INSERT(CONFIG, 1, "y")),
			 0);
	assert_content(world, CONFIG, "x\ny\ntwo\nthree\n");
}

static void assert_edited(struct world *world, const char *before, const char *after, const struct edit *edits,
			  size_t count)
{
	const struct edit *failed;

	put(world->root, CONFIG, before);
	assert_int_equal(apply_all(world, edits, count, &failed), 0);
	assert_content(world, CONFIG, after);
	staged_restore(world->target, NULL);
}
#define EDITED(before, after, ...)                                              \
	assert_edited(world, before, after, (const struct edit[]){__VA_ARGS__}, \
		      sizeof((const struct edit[]){__VA_ARGS__}) / sizeof(struct edit))

static void test_line_ends(void **state)
{
	struct world *world = *state;

	EDITED("a\nb", "a\nc", REPLACE(CONFIG, 2, "c"));
	EDITED("a\nb", "x\nb", REPLACE(CONFIG, 1, "x"));
	EDITED("a\nb", "a\nb\nc\n", INSERT(CONFIG, 0, "c"));
	EDITED("a\nb", "a\nc\nb", INSERT(CONFIG, 2, "c"));
	EDITED("a\nb", "a\n", DELETE(CONFIG, 2));
	EDITED("a", "", DELETE(CONFIG, 1));
	EDITED("a", "b\n", DELETE(CONFIG, 1), INSERT(CONFIG, 0, "b"));
	EDITED("", "c\n", INSERT(CONFIG, 0, "c"));
	EDITED("\n\n", "\nx\n", REPLACE(CONFIG, 2, "x"));
	EDITED("a\r\nb\r\n", "x\r\ny\r\nb\r\n", REPLACE(CONFIG, 1, "x\ny"));
	EDITED("a\r\nb\r\n", "a\r\nx\r\nb\r\nc\r\n", INSERT(CONFIG, 2, "x"), INSERT(CONFIG, 0, "c"));
	EDITED("a\r\nb\r\n", "#a\r\nb\r\n", REPLACE(CONFIG, 1, "#a\r"));
	EDITED("a\r\nb", "a\r\nb\r\nc\r\n", INSERT(CONFIG, 0, "c"));
	EDITED("a\r\nb\nc\r\n", "a\r\nx\nc\r\n", REPLACE(CONFIG, 2, "x"));
	EDITED("a\nb\n", "a\n\n", REPLACE(CONFIG, 2, ""));
}

static void test_many_lines(void **state)
{
	struct world *world = *state;
	enum {
		LINES = 20000
	};
	struct text text = {.arena = &world->arena}, wanted = {.arena = &world->arena};
	struct edit *edits = arena_alloc(&world->arena, LINES * sizeof(*edits));
	const struct edit **list = arena_alloc(&world->arena, LINES * sizeof(*list)), *failed;

	for (unsigned i = 0; i < LINES; i++) {
		text_printf(&text, "line %u\n", i + 1);
		text_printf(&wanted, "new %u\n", i + 1);
		/* Backwards: the order does not matter. */
		edits[i] = (struct edit)REPLACE(CONFIG, LINES - i, arena_printf(&world->arena, "new %u", LINES - i));
		list[i] = &edits[i];
	}
	put(world->root, CONFIG, text.data);
	alarm(20);
	assert_int_equal(staged_apply(world->target, list, LINES, &failed), 0);
	alarm(0);
	assert_content(world, CONFIG, wanted.data);
}

/* ---- files, links, directories ------------------------------------------------------------------------------------
 */

static void test_net_difference(void **state)
{
	struct world *world = *state;

	assert_int_equal(APPLY(world, REPLACE(CONFIG, 2, "x")), 0);
	assert_int_equal(APPLY(world, REPLACE(CONFIG, 2, "two")), 0);
	assert_null(world->target->staged);
	assert_int_equal(APPLY(world, CHMOD(CONFIG, 0600)), 0);
	assert_false(change_of(world, CONFIG)->content);
	assert_null(change_of(world, CONFIG)->before.content.data);
	assert_int_equal(APPLY(world, REPLACE(CONFIG, 2, "x")), 0);
	assert_true(change_of(world, CONFIG)->content);
	assert_int_equal(change_of(world, CONFIG)->after.mode, 0600);
	assert_string_equal(change_of(world, CONFIG)->before.content.data, "one\ntwo\nthree\n");
	assert_int_equal(APPLY(world, REPLACE(CONFIG, 2, "two")), 0);
	assert_false(change_of(world, CONFIG)->content);
	assert_int_equal(APPLY(world, CHMOD(CONFIG, 0644)), 0);
	assert_null(world->target->staged);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/new", "x")), 0);
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/new")), 0);
	assert_null(world->target->staged);
	assert_int_equal(APPLY(world, UNLINK(SYSTEM "/ssh.service")), 0);
	assert_int_equal(APPLY(world, SYMLINK(SYSTEM "/ssh.service", "/dev/null")), 0);
	assert_null(world->target->staged);
	assert_int_equal(APPLY(world, SYMLINK(SYSTEM "/ssh.service", "/dev/null")), 0);
	assert_null(world->target->staged);
	assert_int_equal(APPLY(world, WRITE(CONFIG, "one\ntwo\nthree\n")), 0);
	assert_null(world->target->staged);
}

static void test_write(void **state)
{
	struct world *world = *state;
	struct node_stat status;

	assert_int_equal(chmod(at(world->root, CONFIG), 0640), 0);
	assert_int_equal(APPLY(world, WRITE(CONFIG, "new\n"), WRITE("/etc/ssh/created", ""),
			       WRITE(SYSTEM "/ssh.service.d/x.conf", "[Service]\n")),
			 0);
	assert_content(world, CONFIG, "new\n");
	assert_content(world, "/etc/ssh/created", "");
	assert_content(world, SYSTEM "/ssh.service.d/x.conf", "[Service]\n");
	assert_int_equal(target_stat(world->target, CONFIG, &status), 0);
	assert_int_equal(status.mode, 0640);
	assert_int_equal(status.size, 4);
	assert_true(status.inode != 0);
	assert_int_equal(target_stat(world->target, "/etc/ssh/created", &status), 0);
	assert_int_equal(status.mode, 0644);
	assert_int_equal(status.inode, 0);
	assert_int_equal(change_count(world), 4);
	assert_int_equal(change_of(world, SYSTEM "/ssh.service.d")->after.type, NODE_DIRECTORY);
	assert_int_equal(change_of(world, SYSTEM "/ssh.service.d")->after.mode, 0755);
	for (size_t i = 1; i < change_count(world); i++)
		assert_true(strcmp(world->target->staged->changes.items[i - 1].path,
				   world->target->staged->changes.items[i].path) < 0);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/sshd_config.d", "x")), -EISDIR);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/sshd_config/x", "x")), -ENOTDIR);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/a", "1"), WRITE("/etc/ssh/a", "2")), -EEXIST);
	assert_int_equal(APPLY(world, WRITE(CONFIG, "1"), DELETE(CONFIG, 1)), -EEXIST);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/a", "1"), WRITE("/etc/ssh/a", "1")), 0);
	assert_int_equal(APPLY(world, {.op = EDIT_WRITE, .path = "/etc/ssh/suid", .mode = 04755}), -EPERM);
}

static void test_links(void **state)
{
	struct world *world = *state;
	const char *wants = SYSTEM "/multi-user.target.wants/ssh.service";
	struct node_stat status;
	dir_list list;
	char *text;

	assert_int_equal(APPLY(world, UNLINK(SYSTEM "/ssh.service"), SYMLINK(wants, "/lib/systemd/system/ssh.service")),
			 0);
	assert_int_equal(target_lstat(world->target, SYSTEM "/ssh.service", &status), -ENOENT);
	assert_int_equal(target_readlink(world->target, wants, &world->arena, &text), 0);
	assert_string_equal(text, "/lib/systemd/system/ssh.service");
	assert_int_equal(target_readlink(world->target, SYSTEM "/ssh.service", &world->arena, &text), -ENOENT);
	assert_int_equal(target_list(world->target, SYSTEM, &world->arena, &list), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].name, "multi-user.target.wants");
	assert_int_equal(list.items[0].type, NODE_DIRECTORY);
	assert_int_equal(target_list(world->target, SYSTEM "/multi-user.target.wants", &world->arena, &list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].type, NODE_SYMLINK);
	/* A staged link is followed. */
	assert_int_equal(APPLY(world, SYMLINK("/etc/ssh/to", "sshd_config.d")), 0);
	assert_content(world, "/etc/ssh/to/a.conf", "Port 22\n");
	assert_int_equal(APPLY(world, SYMLINK("/etc/ssh/to", "../ssh/../ssh-link/sshd_config")), 0);
	assert_content(world, "/etc/ssh/to", "one\ntwo\nthree\n");
	assert_int_equal(target_resolve(world->target, "/etc/ssh/to", true, &world->arena, &text), 0);
	assert_string_equal(text, CONFIG);
	assert_int_equal(APPLY(world, SYMLINK(CONFIG, "x")), -EEXIST);
	assert_int_equal(APPLY(world, SYMLINK("/etc/ssh/x", "")), -EINVAL);
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/x")), -ENOENT);
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/sshd_config.d")), -EISDIR);
	/* Asked for by two problems: done once. */
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/to"), UNLINK("/etc/ssh/to")), 0);
	assert_int_equal(APPLY(world, SYMLINK("/etc/ssh/x", "1"), SYMLINK("/etc/ssh/x", "2")), -EEXIST);
}

static void test_rename(void **state)
{
	struct world *world = *state;
	string_list found;

	assert_int_equal(APPLY(world, RENAME(CONFIG, "sshd_config.broken"), WRITE(CONFIG, "fresh\n")), 0);
	assert_content(world, CONFIG, "fresh\n");
	assert_content(world, "/etc/ssh/sshd_config.broken", "one\ntwo\nthree\n");
	assert_int_equal(change_count(world), 2);
	assert_int_equal(target_glob(world->target, "/etc/ssh/sshd_config*", &world->arena, &found), 0);
	assert_int_equal(found.count, 3);
	assert_int_equal(APPLY(world, RENAME(CONFIG, "link")), -EEXIST);
	assert_int_equal(APPLY(world, RENAME(CONFIG, "../x")), -EINVAL);
	assert_int_equal(APPLY(world, RENAME(CONFIG, "..")), -EINVAL);
	assert_int_equal(APPLY(world, RENAME("/etc/ssh/sshd_config.d", "x")), -EISDIR);
	assert_int_equal(APPLY(world, RENAME("/etc/ssh/link", "other")), 0);
	assert_content(world, "/etc/ssh/other", "fresh\n");
	/* There and back is nothing. */
	staged_restore(world->target, NULL);
	assert_int_equal(APPLY(world, RENAME(CONFIG, "x")), 0);
	assert_int_equal(APPLY(world, RENAME("/etc/ssh/x", "sshd_config")), 0);
	assert_null(world->target->staged);
}

static void test_metadata(void **state)
{
	struct world *world = *state;
	struct node_stat status;

	assert_int_equal(APPLY(world, CHMOD("/etc/ssh/link", 0600), CHOWN("/etc/ssh-link", 1, (uid_t)-1)), 0);
	assert_int_equal(target_stat(world->target, CONFIG, &status), 0);
	assert_int_equal(status.mode, 0600);
	assert_int_equal(status.size, 14);
	assert_true(status.inode != 0);
	assert_int_equal(target_stat(world->target, "/etc/ssh", &status), 0);
	assert_int_equal(status.uid, 1);
	assert_int_equal(status.gid, getegid());
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
	assert_int_equal(APPLY(world, CHMOD(CONFIG, 04755)), -EPERM);
	assert_int_equal(APPLY(world, CHMOD(CONFIG, 0600), CHMOD(CONFIG, 0640)), -EEXIST);
	assert_int_equal(APPLY(world, CHMOD("/etc/ssh/nothing", 0600)), -ENOENT);
	assert_int_equal(mkfifo(at(world->root, "/etc/ssh/fifo"), 0600), 0);
	assert_int_equal(APPLY(world, CHMOD("/etc/ssh/fifo", 0644)), -EFTYPE_NOT_REGULAR);
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/fifo")), -EFTYPE_NOT_REGULAR);
}

static void test_mkdir(void **state)
{
	struct world *world = *state;
	struct node_stat status;

	assert_int_equal(APPLY(world, MKDIR("/var/empty/sshd", 0711), MKDIR("/var/empty", 0755)), 0);
	assert_int_equal(change_count(world), 1);
	assert_int_equal(target_stat(world->target, "/var/empty/sshd/", &status), 0);
	assert_int_equal(status.type, NODE_DIRECTORY);
	assert_int_equal(status.mode, 0711);
	assert_int_equal(APPLY(world, MKDIR(CONFIG, 0755)), -EEXIST);
	assert_int_equal(APPLY(world, MKDIR("/etc/ssh/link", 0755)), -EEXIST);
	assert_int_equal(APPLY(world, MKDIR("/etc/other", 0755)), -EPERM);
	assert_int_equal(APPLY(world, MKDIR("/var/chroot/ssh", 0755)), 0);
	assert_int_equal(change_count(world), 3);
}

static void test_link_becomes_directory(void **state)
{
	struct world *world = *state;

	/* What lies below a link that is replaced by a directory is not the link target's content. */
	assert_int_equal(symlink("/etc/ssh/sshd_config.d", at(world->root, SYSTEM "/d")), 0);
	assert_int_equal(
	    APPLY(world, UNLINK(SYSTEM "/d"), MKDIR(SYSTEM "/d", 0755), WRITE(SYSTEM "/d/a.conf", "new\n")), 0);
	assert_int_equal(change_of(world, SYSTEM "/d/a.conf")->before.type, NODE_ABSENT);
	assert_int_equal(change_of(world, SYSTEM "/d")->before.type, NODE_SYMLINK);
	assert_content(world, SYSTEM "/d/a.conf", "new\n");
	assert_content(world, "/etc/ssh/sshd_config.d/a.conf", "Port 22\n");
}

static void test_policy_of_edits(void **state)
{
	struct world *world = *state;

	assert_int_equal(APPLY(world, WRITE("/usr/lib/vendor.conf", "x")), -EROFS);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/vendor", "x")), -EROFS);
	assert_int_equal(APPLY(world, DELETE("/etc/ssh/vendor", 1)), -EROFS);
	assert_int_equal(APPLY(world, WRITE("/etc/sshrescue/x", "x")), -EPERM);
	assert_int_equal(APPLY(world, WRITE("/etc/hostname", "x")), -EPERM);
	assert_int_equal(APPLY(world, UNLINK("/etc/passwd")), -EPERM);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/../hostname", "x")), -EPERM);
	assert_int_equal(APPLY(world, UNLINK("/etc/ssh/vendor")), 0);
	/* A key is no text, even where sshd_config includes it. */
	put(world->root, "/etc/ssh/ssh_host_rsa_key", "x\n");
	put(world->root, "/etc/ssh/mykey", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n");
	assert_int_equal(APPLY(world, REPLACE("/etc/ssh/ssh_host_rsa_key", 1, "#x")), -EPERM);
	assert_int_equal(APPLY(world, REPLACE("/etc/ssh/mykey", 2, "#x")), -EPERM);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/ssh_host_rsa_key", "y")), 0);
}

static void test_all_or_nothing(void **state)
{
	struct world *world = *state;
	struct staged *before;

	assert_int_equal(APPLY(world, WRITE("/etc/ssh/kept", "kept")), 0);
	before = staged_snapshot(world->target);
	assert_int_equal(APPLY(world, WRITE("/etc/ssh/kept", "lost"), DELETE(CONFIG, 1), UNLINK("/etc/ssh/missing")),
			 -ENOENT);
	assert_ptr_equal(world->target->staged, before);
	assert_content(world, "/etc/ssh/kept", "kept");
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
	assert_int_equal(APPLY(world, DELETE(CONFIG, 1), UNLINK("/etc/ssh/kept")), 0);
	assert_int_equal(change_count(world), 1);
	staged_restore(world->target, before);
	assert_content(world, "/etc/ssh/kept", "kept");
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
	staged_restore(world->target, NULL);
	assert_false(target_exists(world->target, "/etc/ssh/kept"));
}

/* ---- the view is what the root will be ----------------------------------------------------------------------------
 */

/* Carries the changes out, as simply as can be. */
static void execute(const char *root, const struct staged *staged)
{
	for (size_t i = staged->changes.count; i-- > 0;) {
		const struct change *change = &staged->changes.items[i];

		if (change->before.type != NODE_ABSENT && change->before.type != change->after.type)
			assert_int_equal(remove(at(root, change->path)), 0);
	}
	for (size_t i = 0; i < staged->changes.count; i++) {
		const struct change *change = &staged->changes.items[i];
		const struct node *after = &change->after;
		const char *path = at(root, change->path);

		if (after->type == NODE_SYMLINK) {
			if (change->before.type == NODE_SYMLINK)
				assert_int_equal(unlink(path), 0);
			assert_int_equal(symlink(after->link, path), 0);
		} else if (after->type == NODE_DIRECTORY) {
			if (change->before.type != NODE_DIRECTORY)
				assert_int_equal(mkdir(path, 0700), 0);
			assert_int_equal(chmod(path, after->mode), 0);
		} else if (after->type == NODE_FILE) {
			if (change->content) {
				FILE *file = fopen(path, "w");

				assert_non_null(file);
				assert_int_equal(fwrite(after->content.data, 1, after->content.size, file),
						 after->content.size);
				assert_int_equal(fclose(file), 0);
			}
			assert_int_equal(chmod(path, after->mode), 0);
		}
	}
}

static unsigned random_below(uint64_t *seed, unsigned limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*seed >> 33) % limit;
}

static const char *const names[] = {"a", "b", "d", "l", "n"};

static char *random_path(struct arena *arena, uint64_t *seed)
{
	char *path = arena_strdup(arena, "/etc/ssh");

	for (unsigned i = random_below(seed, 3) + 1; i > 0; i--)
		path = arena_printf(arena, "%s/%s", path,
				    random_below(seed, 12) ? names[random_below(seed, ARRAY_SIZE(names))] : "..");
	return path;
}

static struct edit random_edit(struct arena *arena, uint64_t *seed)
{
	struct edit edit = {.op = (enum edit_op)random_below(seed, EDIT_RENAME + 1), .path = random_path(arena, seed)};

	edit.line = random_below(seed, 3);
	edit.mode = random_below(seed, 2) ? 0600 : 0644;
	switch (edit.op) {
	case EDIT_SYMLINK:
		edit.text =
		    random_below(seed, 2) ? names[random_below(seed, ARRAY_SIZE(names))] : random_path(arena, seed);
		break;
	case EDIT_RENAME:
		edit.text = names[random_below(seed, ARRAY_SIZE(names))];
		break;
	case EDIT_MKDIR:
		edit.mode = 0755;
		break;
	default:
		edit.text = arena_printf(arena, "text %u", random_below(seed, 4));
		edit.content.data = arena_printf(arena, "content %u\n", random_below(seed, 4));
		edit.content.size = strlen(edit.content.data);
	}
	return edit;
}

static void assert_same_view(struct world *world, struct target *real, const char *path)
{
	struct node_stat staged_status = {0}, real_status = {0};
	struct blob staged_blob = {0}, real_blob = {0};
	char *staged_text = NULL, *real_text = NULL;
	dir_list staged_list, real_list;
	string_list staged_found, real_found;
	int result = target_lstat(real, path, &real_status);

	assert_int_equal(target_lstat(world->target, path, &staged_status), result);
	assert_int_equal(staged_status.type, real_status.type);
	assert_int_equal(staged_status.mode, real_status.mode);
	assert_int_equal(target_exists(world->target, path), target_exists(real, path));
	result = target_read(real, path, 1000, &world->arena, &real_blob, NULL);
	assert_int_equal(target_read(world->target, path, 1000, &world->arena, &staged_blob, NULL), result);
	if (result == 0) {
		assert_int_equal(staged_blob.size, real_blob.size);
		assert_memory_equal(staged_blob.data, real_blob.data, real_blob.size);
	}
	result = target_readlink(real, path, &world->arena, &real_text);
	assert_int_equal(target_readlink(world->target, path, &world->arena, &staged_text), result);
	if (result == 0)
		assert_string_equal(staged_text, real_text);
	result = target_resolve(real, path, true, &world->arena, &real_text);
	assert_int_equal(target_resolve(world->target, path, true, &world->arena, &staged_text), result);
	if (result == 0)
		assert_string_equal(staged_text, real_text);
	result = target_list(real, path, &world->arena, &real_list);
	assert_int_equal(target_list(world->target, path, &world->arena, &staged_list), result);
	assert_int_equal(staged_list.count, real_list.count);
	for (size_t i = 0; i < real_list.count; i++) {
		assert_string_equal(staged_list.items[i].name, real_list.items[i].name);
		assert_int_equal(staged_list.items[i].type, real_list.items[i].type);
	}
	path = arena_printf(&world->arena, "%s/*/?", path);
	assert_int_equal(target_glob(real, path, &world->arena, &real_found), 0);
	assert_int_equal(target_glob(world->target, path, &world->arena, &staged_found), 0);
	assert_int_equal(staged_found.count, real_found.count);
	for (size_t i = 0; i < real_found.count; i++)
		assert_string_equal(staged_found.items[i], real_found.items[i]);
}

static void one_random_round(uint64_t *seed, unsigned *applied)
{
	struct world *world;
	struct target *real;

	setup((void **)&world);
	put(world->root, "/etc/ssh/a", "1\n2\n");
	assert_int_equal(mkdir(at(world->root, "/etc/ssh/d"), 0755), 0);
	put(world->root, "/etc/ssh/d/b", "3\n");
	assert_int_equal(symlink("d", at(world->root, "/etc/ssh/l")), 0);
	for (int call = 0; call < 12; call++) {
		struct edit edits[3];
		const struct edit *failed;
		size_t count = 1 + random_below(seed, 3);

		for (size_t i = 0; i < count; i++)
			edits[i] = random_edit(&world->arena, seed);
		*applied += apply_all(world, edits, count, &failed) == 0;
	}
	if (world->target->staged) {
		char *copy = arena_printf(&world->arena, "%s-copy", world->root);
		char *command = arena_printf(&world->arena, "cp -a %s %s", world->root, copy);

		assert_int_equal(system(command), 0);
		execute(copy, world->target->staged);
		assert_int_equal(target_open(&real, copy, 0), 0);
		for (int i = 0; i < 60; i++)
			assert_same_view(world, real, random_path(&world->arena, seed));
		assert_same_view(world, real, "/etc/ssh");
		target_close(real);
		nftw(copy, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	teardown((void **)&world);
}

static void test_view_is_what_will_be(void **state)
{
	uint64_t seed = 1;
	unsigned applied = 0;

	(void)state;
	for (int round = 0; round < 150; round++)
		one_random_round(&seed, &applied);
	assert_true(applied > 200);
}

/* ---- policy and the making of edits -------------------------------------------------------------------------------
 */

static void test_policy(void **state)
{
	(void)state;
	assert_true(policy_allows_path(EDIT_WRITE, CONFIG));
	assert_true(policy_allows_path(EDIT_SYMLINK, SYSTEM "/multi-user.target.wants/ssh.service"));
	assert_true(policy_allows_path(EDIT_CHMOD, "/"));
	assert_true(policy_allows_path(EDIT_CHMOD, "/etc"));
	assert_true(policy_allows_path(EDIT_CHMOD, "/usr/sbin/sshd"));
	assert_true(policy_allows_path(EDIT_CHOWN, "/home/someone/.ssh/authorized_keys"));
	assert_true(policy_allows_path(EDIT_MKDIR, "/usr/share/empty.sshd"));
	assert_true(policy_allows_path(EDIT_REPLACE_LINE, "/etc/passwd"));
	assert_false(policy_allows_path(EDIT_WRITE, "/usr/sbin/sshd"));
	assert_false(policy_allows_path(EDIT_CHOWN, "/usr/sbin/sshd"));
	assert_false(policy_allows_path(EDIT_WRITE, "/home/someone/.ssh/authorized_keys"));
	assert_false(policy_allows_path(EDIT_CHMOD, "/home/a/b/.ssh"));
	assert_false(policy_allows_path(EDIT_UNLINK, "/etc/passwd"));
	assert_false(policy_allows_path(EDIT_SYMLINK, "/etc/shadow"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/sshrescue/journal"));
	assert_false(policy_allows_path(EDIT_CHMOD, "/etc/sshrescue"));
	assert_false(policy_allows_path(EDIT_MKDIR, "/etc/sshrescue"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/selinux/config"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/sshd"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/defaultx/ssh"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/default/a/b"));
	assert_true(policy_allows_path(EDIT_WRITE, "/etc/ssh/ssh_host_ed25519_key.pub"));
	assert_true(policy_allows_path(EDIT_RENAME, "/etc/ssh/ssh_host_ed25519_key"));
	assert_false(policy_allows_path(EDIT_REPLACE_LINE, "/etc/ssh/ssh_host_ed25519_key"));
	assert_false(policy_allows_path(EDIT_DELETE_LINE, "/etc/ssh/moduli"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/ssh_config"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/ssh_config.d/x"));
	assert_true(policy_allows_path(EDIT_WRITE, "/etc/ssh/ssh_host"));
	/* A manifest may say anything. */
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/../shadow"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/.."));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/./x"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh//x"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/x/"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/x\n"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/\x1b[2J"));
	assert_false(policy_allows_path(EDIT_WRITE, "/etc/ssh/\x7f"));
	assert_false(policy_allows_path(EDIT_WRITE, "etc/ssh/x"));
	assert_false(policy_allows_path(EDIT_WRITE, "//etc/ssh/x"));
	assert_false(policy_allows_path(EDIT_WRITE, ""));
	assert_false(policy_allows_path((enum edit_op)99, CONFIG));
	assert_false(policy_allows_path((enum edit_op) - 1, CONFIG));
	assert_true(policy_is_vendor_path("/usr/lib/systemd/system/ssh.service"));
	assert_true(policy_is_vendor_path("/lib/x"));
	assert_false(policy_is_vendor_path("/libx"));
	assert_false(policy_is_vendor_path("/etc/usr"));
}

static void test_policy_lengths(void **state)
{
	char path[PATH_MAX + 16];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "/etc/ssh/", 9);
	path[9 + NAME_MAX] = '\0';
	assert_true(policy_allows_path(EDIT_WRITE, path));
	path[9 + NAME_MAX] = 'x';
	path[9 + NAME_MAX + 1] = '\0';
	assert_false(policy_allows_path(EDIT_WRITE, path));
}

static void test_repairs_make_edits(void **state)
{
	struct arena arena = {0};
	struct findings findings = {.arena = &arena};
	struct problem problem = {0};
	char text[] = "text", content[] = "a\0b";

	(void)state;
	repair_replace_line(&findings, &problem, CONFIG, 3, text);
	repair_write(&findings, &problem, CONFIG, (struct blob){.data = content, .size = 3}, 0600, 1, 2);
	repair_write(&findings, &problem, CONFIG, (struct blob){0}, 0600, 0, 0);
	repair_rename(&findings, &problem, CONFIG, "new");
	memset(text, 'x', 4);
	memset(content, 'x', 3);
	assert_int_equal(problem.edits.count, 4);
	assert_string_equal(problem.edits.items[0].text, "text");
	assert_int_equal(problem.edits.items[0].line, 3);
	assert_memory_equal(problem.edits.items[1].content.data, "a\0b", 4);
	assert_int_equal(problem.edits.items[1].gid, 2);
	assert_non_null(problem.edits.items[2].content.data);
	assert_string_equal(edit_op_name(problem.edits.items[3].op), "rename");
	assert_string_equal(edit_op_name(EDIT_UNLINK), "unlink");
	arena_release(&arena);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD(test_lines),
	    WORLD(test_lines_through_links),
	    WORLD(test_line_conflicts),
	    WORLD(test_line_ends),
	    WORLD(test_many_lines),
	    WORLD(test_net_difference),
	    WORLD(test_write),
	    WORLD(test_links),
	    WORLD(test_rename),
	    WORLD(test_metadata),
	    WORLD(test_mkdir),
	    WORLD(test_link_becomes_directory),
	    WORLD(test_policy_of_edits),
	    WORLD(test_all_or_nothing),
	    cmocka_unit_test(test_view_is_what_will_be),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_policy_lengths),
	    cmocka_unit_test(test_repairs_make_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
