/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door of the target, every test with both resolvers. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "target/target.h"

struct world {
	char root[64];
	unsigned flags;
	struct target *target;
	struct arena arena;
};

static char *at(const struct world *world, const char *path)
{
	static char full[4][PATH_MAX];
	static unsigned next;
	char *result = full[next++ % 4];

	snprintf(result, PATH_MAX, "%s%s", world->root, path);
	return result;
}

static void put(const struct world *world, const char *path, const char *content)
{
	FILE *file = fopen(at(world, path), "w");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

static void dir(const struct world *world, const char *path)
{
	assert_int_equal(mkdir(at(world, path), 0755), 0);
}

static void link_to(const struct world *world, const char *path, const char *text)
{
	assert_int_equal(symlink(text, at(world, path)), 0);
}

static int setup_with(void **state, unsigned flags)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->root, "/tmp/test-target-XXXXXX");
	assert_non_null(mkdtemp(world->root));
	world->flags = flags;
	assert_int_equal(target_open(&world->target, world->root, flags), 0);
	/* Otherwise the tests of the kernel's resolver would test the walk. */
	assert_true(!!(flags & TARGET_WALK) == world->target->walk);
	*state = world;
	return 0;
}

static int setup_kernel(void **state)
{
	return setup_with(state, 0);
}

static int setup_walk(void **state)
{
	return setup_with(state, TARGET_WALK);
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
	nftw(world->root, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(world);
	return 0;
}

static void assert_content(struct world *world, const char *path, const char *content)
{
	struct blob blob = {0};
	int result = target_read(world->target, path, TARGET_FILE_LIMIT, &world->arena, &blob, NULL);

	if (result != 0)
		print_message("%s: %s\n", path, strerror(-result));
	assert_int_equal(result, 0);
	assert_string_equal(blob.data, content);
	assert_int_equal(blob.size, strlen(content));
}

static int read_result(struct world *world, const char *path)
{
	struct blob blob;

	return target_read(world->target, path, TARGET_FILE_LIMIT, &world->arena, &blob, NULL);
}

static void assert_resolves(struct world *world, const char *path, bool follow, const char *wanted)
{
	char *resolved = NULL;

	assert_int_equal(target_resolve(world->target, path, follow, &world->arena, &resolved), 0);
	assert_string_equal(resolved, wanted);
}

static void test_read(void **state)
{
	struct world *world = *state;
	struct node_stat status;
	struct blob blob;

	dir(world, "/etc");
	put(world, "/etc/file", "one\ntwo\n");
	put(world, "/etc/empty", "");
	chmod(at(world, "/etc/file"), 0640);
	assert_content(world, "/etc/file", "one\ntwo\n");
	assert_content(world, "//etc/.//file", "one\ntwo\n");
	assert_content(world, "/etc/../etc/file", "one\ntwo\n");
	assert_content(world, "/../../etc/file", "one\ntwo\n");
	assert_content(world, "/etc/empty", "");
	assert_int_equal(target_read(world->target, "/etc/file", 8, &world->arena, &blob, &status), 0);
	assert_int_equal(status.type, NODE_FILE);
	assert_int_equal(status.mode, 0640);
	assert_int_equal(status.size, 8);
	assert_int_equal(target_read(world->target, "/etc/file", 7, &world->arena, &blob, NULL), -EFBIG);
	assert_int_equal(read_result(world, "/etc/missing"), -ENOENT);
	assert_int_equal(read_result(world, "/missing/file"), -ENOENT);
	assert_int_equal(read_result(world, "/etc/file/x"), -ENOTDIR);
	assert_int_equal(read_result(world, "/etc/file/"), -ENOTDIR);
	assert_int_equal(read_result(world, "/etc/file/.."), -ENOTDIR);
	assert_int_equal(read_result(world, "/etc"), -EISDIR);
	assert_int_equal(read_result(world, "/"), -EISDIR);
	assert_int_equal(read_result(world, "etc/file"), -EINVAL);
	assert_true(read_result(world, "") < 0);
}

static void test_pread(void **state)
{
	struct world *world = *state;
	char buffer[16];

	put(world, "/file", "0123456789");
	assert_int_equal(target_pread(world->target, "/file", buffer, 4, 3), 4);
	assert_memory_equal(buffer, "3456", 4);
	assert_int_equal(target_pread(world->target, "/file", buffer, 16, 8), 2);
	put(world, "/other", "other");
	assert_int_equal(target_pread(world->target, "/other", buffer, 16, 0), 5);
	assert_int_equal(target_pread(world->target, "/file", buffer, 1, 9), 1);
	assert_int_equal(target_pread(world->target, "/file", buffer, 16, 10), 0);
	assert_int_equal(target_pread(world->target, "/file", buffer, 16, UINT64_MAX), 0);
	assert_int_equal(target_pread(world->target, "/", buffer, 16, 0), -EISDIR);
}

static void test_links_stay_inside(void **state)
{
	struct world *world = *state;

	dir(world, "/etc");
	dir(world, "/real");
	put(world, "/real/file", "inside");
	link_to(world, "/etc/absolute", "/real/file");
	link_to(world, "/etc/up", "../../../../../../../../real/file");
	link_to(world, "/etc/relative", "../real/file");
	link_to(world, "/etc/dir", "/real");
	link_to(world, "/etc/dots", "/real/.././/real/");
	link_to(world, "/etc/root", "/");
	link_to(world, "/etc/host", "/../../../../../../../../../../etc/passwd");
	assert_content(world, "/etc/absolute", "inside");
	assert_content(world, "/etc/up", "inside");
	assert_content(world, "/etc/relative", "inside");
	assert_content(world, "/etc/dir/file", "inside");
	assert_content(world, "/etc/dots/file", "inside");
	assert_content(world, "/etc/root/etc/root/etc/dir/file", "inside");
	/* ".." behind a link is the parent of where it leads. */
	assert_content(world, "/etc/dir/../real/file", "inside");
	assert_int_equal(read_result(world, "/etc/host"), -ENOENT);
	assert_resolves(world, "/etc/dir/../real/./file", true, "/real/file");
	assert_resolves(world, "/etc/absolute", true, "/real/file");
	assert_resolves(world, "/etc/absolute", false, "/etc/absolute");
	assert_resolves(world, "/etc/dir/", false, "/real");
	assert_resolves(world, "/etc/root/etc/dir", false, "/etc/dir");
	assert_resolves(world, "/etc/dir/missing", true, "/real/missing");
	assert_resolves(world, "/etc/root", true, "/");
	assert_resolves(world, "/..", true, "/");
	assert_resolves(world, "/etc/host", true, "/etc/passwd");
}

static void test_links_are_counted(void **state)
{
	struct world *world = *state;
	char name[32], text[32];

	put(world, "/link0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "/link%d", i);
		snprintf(text, sizeof(text), "link%d", i - 1);
		link_to(world, name, text);
	}
	link_to(world, "/loop", "loop");
	link_to(world, "/a", "b");
	link_to(world, "/b", "/a");
	assert_content(world, "/link40", "end");
	assert_int_equal(read_result(world, "/link41"), -ELOOP);
	assert_int_equal(read_result(world, "/loop"), -ELOOP);
	assert_int_equal(read_result(world, "/a"), -ELOOP);
	assert_int_equal(read_result(world, "/a/x"), -ELOOP);
}

static void test_long_names(void **state)
{
	struct world *world = *state;
	char path[PATH_MAX + 64], text[PATH_MAX];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[256] = '\0';
	put(world, path, "long");
	assert_content(world, path, "long");
	path[256] = 'x';
	path[257] = '\0';
	assert_int_equal(read_result(world, path), -ENAMETOOLONG);
	/* A path of 4095 bytes is legal, one more is not. */
	for (int i = 0; i < PATH_MAX - 1; i++)
		path[i] = '/';
	memcpy(path + PATH_MAX - 1 - 4, "link", 5);
	assert_int_equal(strlen(path), PATH_MAX - 1);
	put(world, "/link", "found");
	assert_content(world, path, "found");
	memcpy(path + PATH_MAX - 4, "link", 5);
	assert_int_equal(read_result(world, path), -ENAMETOOLONG);
	/* A link text of 4095 bytes. */
	memset(text, '/', sizeof(text));
	memcpy(text + PATH_MAX - 1 - 4, "link", 5);
	if (symlink(text, at(world, "/very-long")) == 0)
		assert_content(world, "/very-long", "found");
}

static void test_deep_nesting(void **state)
{
	struct world *world = *state;
	char path[PATH_MAX] = "";
	struct node_stat status;
	int here = open(world->root, O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(here, "d", 0755), 0);
		next = openat(here, "d", O_RDONLY | O_DIRECTORY);
		close(here);
		here = next;
		if (i < 100)
			strcat(path, "/d");
	}
	close(here);
	assert_int_equal(target_stat(world->target, path, &status), 0);
	while (strlen(path) + 2 < PATH_MAX)
		strcat(path, "/d");
	/* The walk stops earlier than the kernel; neither takes long or runs out of descriptors. */
	if (world->target->walk)
		assert_int_equal(target_stat(world->target, path, &status), -ENAMETOOLONG);
	else
		assert_int_equal(target_stat(world->target, path, &status), 0);
	/* nftw(3) would need as many descriptors: take it down from inside. */
	here = open(world->root, O_RDONLY | O_DIRECTORY);
	while (renameat(here, "d", here, "top") == 0) {
		int inner = openat(here, "top", O_RDONLY | O_DIRECTORY);

		if (renameat(inner, "d", here, "d") != 0) {
			close(inner);
			unlinkat(here, "top", AT_REMOVEDIR);
			break;
		}
		close(inner);
		unlinkat(here, "top", AT_REMOVEDIR);
	}
	close(here);
}

static void test_special_files(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct node_stat status;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkfifo(at(world, "/fifo"), 0666), 0);
	link_to(world, "/to-fifo", "fifo");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", world->root);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	alarm(10);
	assert_int_equal(read_result(world, "/fifo"), -EFTYPE_NOT_REGULAR);
	assert_int_equal(read_result(world, "/to-fifo"), -EFTYPE_NOT_REGULAR);
	assert_int_equal(read_result(world, "/socket"), -EFTYPE_NOT_REGULAR);
	assert_int_equal(target_stat(world->target, "/socket", &status), 0);
	assert_int_equal(status.type, NODE_OTHER);
	if (mknod(at(world, "/zero"), S_IFCHR | 0666, makedev(1, 5)) == 0)
		assert_int_equal(read_result(world, "/zero"), -EFTYPE_NOT_REGULAR);
	alarm(0);
}

static void test_sizes(void **state)
{
	struct world *world = *state;
	struct blob blob;
	int fd = open(at(world, "/sparse"), O_CREAT | O_WRONLY, 0644);

	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	assert_int_equal(read_result(world, "/sparse"), -EFBIG);
	assert_int_equal(ftruncate(fd, 100000), 0);
	close(fd);
	assert_int_equal(target_read(world->target, "/sparse", 100000, &world->arena, &blob, NULL), 0);
	assert_int_equal(blob.size, 100000);
	assert_int_equal(target_read(world->target, "/sparse", SIZE_MAX, &world->arena, &blob, NULL), 0);
	assert_int_equal(blob.size, 100000);
}

static void test_stat(void **state)
{
	struct world *world = *state;
	struct node_stat status;

	put(world, "/file", "x");
	link_to(world, "/link", "file");
	link_to(world, "/dangling", "nothing");
	assert_int_equal(target_stat(world->target, "/link", &status), 0);
	assert_int_equal(status.type, NODE_FILE);
	assert_int_equal(target_lstat(world->target, "/link", &status), 0);
	assert_int_equal(status.type, NODE_SYMLINK);
	assert_int_equal(target_stat(world->target, "/dangling", &status), -ENOENT);
	assert_int_equal(target_lstat(world->target, "/dangling", &status), 0);
	assert_int_equal(target_lstat(world->target, "/link/", &status), -ENOTDIR);
	assert_int_equal(target_stat(world->target, "/", &status), 0);
	assert_int_equal(status.type, NODE_DIRECTORY);
	assert_true(target_exists(world->target, "/link"));
	assert_false(target_exists(world->target, "/dangling"));
	assert_false(target_exists(world->target, "/file/x"));
}

static void test_readlink(void **state)
{
	struct world *world = *state;
	char *text;

	put(world, "/file", "x");
	link_to(world, "/link", "../somewhere//odd/.");
	assert_int_equal(target_readlink(world->target, "/link", &world->arena, &text), 0);
	assert_string_equal(text, "../somewhere//odd/.");
	assert_int_equal(target_readlink(world->target, "/file", &world->arena, &text), -EINVAL);
	assert_int_equal(target_readlink(world->target, "/", &world->arena, &text), -EINVAL);
	assert_int_equal(target_readlink(world->target, "/missing", &world->arena, &text), -ENOENT);
}

static void test_list(void **state)
{
	struct world *world = *state;
	char name[32];
	dir_list list;

	dir(world, "/d");
	put(world, "/d/b", "");
	put(world, "/d/B", "");
	put(world, "/d/.hidden", "");
	dir(world, "/d/sub");
	link_to(world, "/d/link", "sub");
	link_to(world, "/to-d", "d");
	assert_int_equal(mkfifo(at(world, "/d/fifo"), 0600), 0);
	assert_int_equal(target_list(world->target, "/to-d", &world->arena, &list), 0);
	assert_int_equal(list.count, 6);
	assert_string_equal(list.items[0].name, ".hidden");
	assert_string_equal(list.items[1].name, "B");
	assert_string_equal(list.items[2].name, "b");
	assert_string_equal(list.items[3].name, "fifo");
	assert_int_equal(list.items[3].type, NODE_OTHER);
	assert_string_equal(list.items[4].name, "link");
	assert_int_equal(list.items[4].type, NODE_SYMLINK);
	assert_int_equal(list.items[5].type, NODE_DIRECTORY);
	assert_int_equal(target_list(world->target, "/d/b", &world->arena, &list), -ENOTDIR);
	assert_int_equal(target_list(world->target, "/missing", &world->arena, &list), -ENOENT);
	assert_int_equal(list.count, 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "/d/sub/%d", i);
		put(world, name, "");
	}
	assert_int_equal(target_list(world->target, "/d/sub", &world->arena, &list), 0);
	assert_int_equal(list.count, 3000);
	for (size_t i = 1; i < list.count; i++)
		assert_true(strcmp(list.items[i - 1].name, list.items[i].name) < 0);
}

static void test_getxattr(void **state)
{
	struct world *world = *state;
	struct blob value;

	put(world, "/file", "");
	link_to(world, "/link", "file");
	dir(world, "/dir");
	if (setxattr(at(world, "/file"), "user.test", "a\0b", 3, 0) != 0)
		skip(); /* the filesystem of /tmp has none */
	assert_int_equal(setxattr(at(world, "/dir"), "user.test", "d", 1, 0), 0);
	assert_int_equal(target_getxattr(world->target, "/file", "user.test", &world->arena, &value), 0);
	assert_int_equal(value.size, 3);
	assert_memory_equal(value.data, "a\0b", 4);
	assert_int_equal(target_getxattr(world->target, "/dir", "user.test", &world->arena, &value), 0);
	assert_int_equal(target_getxattr(world->target, "/file", "user.other", &world->arena, &value), -ENODATA);
	assert_int_equal(target_getxattr(world->target, "/missing", "user.test", &world->arena, &value), -ENOENT);
	assert_true(target_getxattr(world->target, "/link", "user.test", &world->arena, &value) < 0);
}

/* ---- glob ------------------------------------------------------------------------------------------------------- */

/* The same pattern through the C library's glob(3) on the same tree. */
static void assert_glob_agrees(struct world *world, const char *pattern)
{
	glob_t theirs = {0};
	string_list ours;
	int result = glob(at(world, pattern), 0, NULL, &theirs);

	assert_true(result == 0 || result == GLOB_NOMATCH);
	assert_int_equal(target_glob(world->target, pattern, &world->arena, &ours), 0);
	if (ours.count != theirs.gl_pathc)
		print_message("pattern %s: ours %zu, glob(3) %zu\n", pattern, ours.count, theirs.gl_pathc);
	assert_int_equal(ours.count, theirs.gl_pathc);
	for (size_t i = 0; i < ours.count; i++) {
		if (strcmp(ours.items[i], theirs.gl_pathv[i] + strlen(world->root)) != 0)
			print_message("pattern %s\n", pattern);
		assert_string_equal(ours.items[i], theirs.gl_pathv[i] + strlen(world->root));
	}
	globfree(&theirs);
}

static void make_glob_tree(struct world *world)
{
	static const char *const files[] = {"/d/10-a.conf",
					    "/d/20-b.conf",
					    "/d/9.conf",
					    "/d/a.conf~",
					    "/d/.h.conf",
					    "/d/[x]",
					    "/d/a*b",
					    "/d/a\\b",
					    "/d/]",
					    "/d/-",
					    "/d/!",
					    "/d/sub/a.conf",
					    "/d/sub/b.conf",
					    "/d/other/a.conf",
					    "/a",
					    "/b",
					    "/ab",
					    "/a.b",
					    "/.a"};

	dir(world, "/d");
	dir(world, "/d/sub");
	dir(world, "/d/other");
	dir(world, "/d/.hidden");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put(world, files[i], "");
	link_to(world, "/d/link", "sub");
	link_to(world, "/d/dangling", "nothing");
}

static void test_glob(void **state)
{
	static const char *const patterns[] = {
	    "/d/*.conf",
	    "/d/*/*.conf",
	    "/*/*/*",
	    "/d/.*.conf",
	    "/d/[12]*",
	    "/d/[!12]*",
	    "/d/[0-9]*.conf",
	    "/d/[[:digit:]]*",
	    "/d/[[:upper:][:digit:]]*",
	    "/d/[]]",
	    "/d/[]-]",
	    "/d/[!]]",
	    "/d/\\[x\\]",
	    "/d/[[]x]",
	    "/d/a\\*b",
	    "/d/a[*]b",
	    "/d/a?b",
	    "/d/a\\\\b",
	    "/d/*",
	    "/d/*/",
	    "/d/s*/",
	    "//d//*.conf",
	    "/d/./*.conf",
	    "/d/../d/*.conf",
	    "/d/dangling",
	    "/d/dang*",
	    "/d/link/*",
	    "/d/9.conf",
	    "/d/missing",
	    "/missing/*",
	    "/d/",
	    "/",
	    "/*",
	    "/d/[",
	    "/d/[x",
	    "/d/[x]",
	    "/d/**",
	    "/d/***.conf",
	    "/d/?",
	    "/d/[z-a]*",
	    "/d/{10-a,9}.conf",
	    "/d/a.conf\\~",
	    "/d/sub/*.conf",
	    "/d/[-]",
	    "/d/[!a-z]*",
	    "/~",
	    "/d/*.conf/",
	    "/d/.*",
	    "/d/*\\.conf",
	};
	struct world *world = *state;

	make_glob_tree(world);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		/* "." and ".." are names to glob(3), and not to the door. */
		if (strcmp(patterns[i], "/d/.*") != 0)
			assert_glob_agrees(world, patterns[i]);
	}
}

static unsigned random_below(uint64_t *seed, unsigned limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*seed >> 33) % limit;
}

static void test_glob_random(void **state)
{
	static const char alphabet[] = "aabb..**??[]!-/1d\\";
	struct world *world = *state;
	uint64_t seed = 20;
	unsigned compared = 0;

	make_glob_tree(world);
	for (int round = 0; round < 20000; round++) {
		char pattern[24] = "/d/";
		unsigned length = 1 + random_below(&seed, 8), size = random_below(&seed, 2) ? 3 : 1;
		const char *bracket;

		for (unsigned i = 0; i < length; i++)
			pattern[size++] = alphabet[random_below(&seed, sizeof(alphabet) - 1)];
		pattern[size] = '\0';
		bracket = strchr(pattern, '[');
		/* Left out: "." and ".." as matches of a pattern, a slash or backslash within brackets, a trailing
		 * backslash, trailing slashes: libraries differ there, and sshd brings its own. */
		if (strstr(pattern, "/.") || (bracket && strpbrk(bracket, "/\\")) || pattern[size - 1] == '\\' ||
		    strstr(pattern, "\\/") || strstr(pattern, "/\\.") || pattern[size - 1] == '/')
			continue;
		assert_glob_agrees(world, pattern);
		compared++;
	}
	assert_true(compared > 5000);
}

static void test_glob_costs(void **state)
{
	struct world *world = *state;
	string_list found;
	char path[200], pattern[300];

	/* Many stars must not cost exponential time. */
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	put(world, path, "");
	strcpy(pattern, "/");
	for (int i = 0; i < 60; i++)
		strcat(pattern, "*a");
	strcat(pattern, "b");
	alarm(10);
	assert_int_equal(target_glob(world->target, pattern, &world->arena, &found), 0);
	assert_int_equal(found.count, 0);
	/* Links that lead back multiply the names to visit: that ends. */
	dir(world, "/loop");
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/loop/l%d", i);
		link_to(world, name, ".");
	}
	alarm(120);
	assert_int_equal(target_glob(world->target, "/loop/*/*/*/*/*/*/*/*", &world->arena, &found), -E2BIG);
	alarm(0);
}

/* ---- both resolvers against each other ----------------------------------------------------------------------------
 */

static void random_path(uint64_t *seed, char *path, size_t size)
{
	static const char *const parts[] = {"a", "b", "c", "l1", "l2", "l3", "f", "..", ".", "", "missing", "fifo"};
	unsigned count = 1 + random_below(seed, 7);

	path[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		strncat(path, "/", size - strlen(path) - 1);
		strncat(path, parts[random_below(seed, ARRAY_SIZE(parts))], size - strlen(path) - 1);
	}
}

static void make_random_tree(struct world *world, uint64_t *seed)
{
	static const char *const dirs[] = {"", "/a", "/b", "/a/a", "/a/b", "/b/c", "/a/a/c"};

	for (size_t i = 1; i < ARRAY_SIZE(dirs); i++)
		dir(world, dirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[64], text[128];

		snprintf(path, sizeof(path), "%s/f", dirs[i]);
		put(world, path, dirs[i]);
		snprintf(path, sizeof(path), "%s/fifo", dirs[i]);
		assert_int_equal(mkfifo(at(world, path), 0600), 0);
		for (int l = 1; l <= 3; l++) {
			snprintf(path, sizeof(path), "%s/l%d", dirs[i], l);
			random_path(seed, text, sizeof(text));
			link_to(world, path, text + (text[1] ? random_below(seed, 2) : 0));
		}
	}
}

static void test_resolvers_agree(void **state)
{
	struct world *world = *state;
	struct target *other;
	uint64_t seed = 5;
	unsigned found = 0;

	make_random_tree(world, &seed);
	assert_int_equal(target_open(&other, world->root, world->flags ^ TARGET_WALK), 0);
	for (int round = 0; round < 20000; round++) {
		struct node_stat ours = {0}, theirs = {0};
		struct blob our_blob = {0}, their_blob = {0};
		char path[256], *canonical;
		int result;

		random_path(&seed, path, sizeof(path));
		result = target_stat(world->target, path, &ours);
		if (result != target_stat(other, path, &theirs))
			print_message("%s\n", path);
		assert_int_equal(result, target_stat(other, path, &theirs));
		assert_memory_equal(&ours, &theirs, sizeof(ours));
		assert_int_equal(target_read(world->target, path, 100, &world->arena, &our_blob, NULL),
				 target_read(other, path, 100, &world->arena, &their_blob, NULL));
		assert_int_equal(our_blob.size, their_blob.size);
		result = target_lstat(world->target, path, &ours);
		assert_int_equal(result, target_lstat(other, path, &theirs));
		assert_memory_equal(&ours, &theirs, sizeof(ours));
		if (target_stat(other, path, &theirs) == 0) {
			/* The canonical path leads to the same file without any link. */
			assert_int_equal(target_resolve(world->target, path, true, &world->arena, &canonical), 0);
			assert_int_equal(target_lstat(world->target, canonical, &ours), 0);
			assert_int_equal(ours.inode, theirs.inode);
			found++;
		}
	}
	assert_true(found > 2000);
	target_close(other);
}

/* ---- the root itself ----------------------------------------------------------------------------------------------
 */

static void test_open_errors(void **state)
{
	struct world *world = *state;
	struct target *target;

	put(world, "/file", "");
	assert_int_equal(target_open(&target, at(world, "/missing"), world->flags), -ENOENT);
	assert_int_equal(target_open(&target, at(world, "/file"), world->flags), -ENOTDIR);
	assert_int_equal(target_open(&target, "", world->flags), -ENOENT);
}

static void test_live(void **state)
{
	struct world *world = *state;
	struct target *target;

	assert_false(world->target->live);
	assert_int_equal(target_open(&target, "/", world->flags), 0);
	/* Reading /proc/kmsg takes the messages from the system's logger. */
	assert_int_equal(read_result(&(struct world){.target = target}, "/proc/kmsg"), -EFTYPE_NOT_REGULAR);
	assert_int_equal(read_result(&(struct world){.target = target}, "/proc/sys/kernel/ostype"),
			 -EFTYPE_NOT_REGULAR);
	assert_int_equal(target_pread(target, "/proc/version", &(char){0}, 1, 0), -EFTYPE_NOT_REGULAR);
	/* What magic links say must not lead anywhere. */
	assert_int_equal(read_result(&(struct world){.target = target}, "/proc/self/root/etc/passwd"), -ELOOP);
	assert_int_equal(read_result(&(struct world){.target = target}, "/proc/self/fd/0"), -ELOOP);
	assert_int_equal(read_result(&(struct world){.target = target}, "/proc/self/exe"), -ELOOP);
	assert_int_equal(read_result(&(struct world){.target = target}, "/dev/null"), -EFTYPE_NOT_REGULAR);
	target_close(target);
}

static void test_nothing_is_written(void **state)
{
	struct world *world = *state;

	if (!world->target->read_only_clone)
		skip(); /* unprivileged, or before Linux 5.12 */
	put(world, "/file", "x");
	assert_int_equal(openat(world->target->root_fd, "file", O_WRONLY), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(mkdirat(world->target->root_fd, "new", 0755), -1);
	assert_int_equal(errno, EROFS);
}

/* In a child: it is for the whole process. */
static void test_confined(void **state)
{
	struct world *world = *state;
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	put(world, "/file", "inside");
	child = fork();
	if (child == 0) {
		struct target *target;
		struct arena arena = {0};
		struct blob blob;
		int fd;

		if (target_open(&target, world->root, world->flags | TARGET_CONFINE | TARGET_WRITABLE) != 0)
			_exit(1);
		if (!target->confined || target->write_fd < 0)
			_exit(2);
		if (access("/etc/passwd", F_OK) == 0 || access("/file", F_OK) != 0)
			_exit(3);
		if (target_read(target, "/file", 100, &arena, &blob, NULL) != 0 || strcmp(blob.data, "inside") != 0)
			_exit(4);
		fd = openat(target->write_fd, "written", O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			_exit(5);
		close(fd);
		if (!target_exists(target, "/written"))
			_exit(6);
		if (target->read_only_clone && (open("/file", O_WRONLY) >= 0 || errno != EROFS))
			_exit(7);
		target_close(target);
		arena_release(&arena);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_grows_and_shrinks(void **state)
{
	struct world *world = *state;
	int status;
	pid_t child;

	put(world, "/file", "");
	child = fork();
	if (child == 0) {
		int fd = open(at(world, "/file"), O_WRONLY | O_APPEND);
		char block[4096];

		memset(block, 'x', sizeof(block));
		for (;;) {
			for (int i = 0; i < 40; i++) {
				if (write(fd, block, sizeof(block)) < 0)
					_exit(1);
			}
			if (ftruncate(fd, 0) < 0)
				_exit(1);
		}
	}
	for (int i = 0; i < 3000; i++) {
		struct blob blob = {0};
		int result = target_read(world->target, "/file", 100000, &world->arena, &blob, NULL);

		assert_true(result == 0 || result == -EFBIG);
		if (result == 0) {
			assert_true(blob.size <= 100000);
			assert_int_equal(strnlen(blob.data, blob.size), blob.size);
			assert_int_equal(blob.data[blob.size], 0);
		}
		if (i % 100 == 0)
			arena_release(&world->arena);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* A directory on the way is swapped with a link to the world outside while it is being read. */
static void test_swapped_component(void **state)
{
	struct world *world = *state;
	char outside[] = "/tmp/test-outside-XXXXXX";
	unsigned seen = 0;
	int status;
	pid_t child;

	assert_non_null(mkdtemp(outside));
	{
		struct world other = {0};

		strcpy(other.root, outside);
		put(&other, "/file", "outside");
	}
	dir(world, "/d");
	put(world, "/d/file", "inside");
	link_to(world, "/link", outside);
	child = fork();
	if (child == 0) {
		for (;;) {
			rename(at(world, "/d"), at(world, "/kept"));
			rename(at(world, "/link"), at(world, "/d"));
			rename(at(world, "/d"), at(world, "/link"));
			rename(at(world, "/kept"), at(world, "/d"));
		}
	}
	for (int i = 0; i < 20000; i++) {
		struct blob blob = {0};

		if (target_read(world->target, i % 2 ? "/d/file" : "/d/../d/file", 100, &world->arena, &blob, NULL) ==
		    0) {
			assert_string_equal(blob.data, "inside");
			seen++;
		}
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(seen > 0);
	nftw(outside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define BOTH(test)                                                \
	{#test " (openat2)", test, setup_kernel, teardown, NULL}, \
	{                                                         \
#test " (walk)", test, setup_walk, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(test_read),
	    BOTH(test_pread),
	    BOTH(test_links_stay_inside),
	    BOTH(test_links_are_counted),
	    BOTH(test_long_names),
	    BOTH(test_deep_nesting),
	    BOTH(test_special_files),
	    BOTH(test_sizes),
	    BOTH(test_stat),
	    BOTH(test_readlink),
	    BOTH(test_list),
	    BOTH(test_getxattr),
	    BOTH(test_glob),
	    BOTH(test_glob_random),
	    BOTH(test_glob_costs),
	    BOTH(test_resolvers_agree),
	    BOTH(test_open_errors),
	    BOTH(test_live),
	    BOTH(test_nothing_is_written),
	    BOTH(test_confined),
	    BOTH(test_grows_and_shrinks),
	    BOTH(test_swapped_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
