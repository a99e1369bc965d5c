/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse/os_release.h"

struct root {
	char directory[32];
	struct target *target;
	struct arena arena;
	struct os_release os;
};

static const char *const directories[] = {"/etc", "/usr", "/usr/lib"};

static void path_in(struct root *root, const char *path, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s", root->directory, path);
}

static int setup(void **state)
{
	struct root *root = calloc(1, sizeof(*root));
	char path[64];

	strcpy(root->directory, "/tmp/sshrescue-os-XXXXXX");
	assert_non_null(mkdtemp(root->directory));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		path_in(root, directories[i], path, sizeof(path));
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_int_equal(target_open(&root->target, root->directory, 0), 0);
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	struct root *root = *state;
	char path[64];

	target_close(root->target);
	path_in(root, "/etc/os-release", path, sizeof(path));
	unlink(path);
	path_in(root, "/usr/lib/os-release", path, sizeof(path));
	unlink(path);
	for (size_t i = ARRAY_SIZE(directories); i-- > 0;) {
		path_in(root, directories[i], path, sizeof(path));
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(root->directory), 0);
	arena_release(&root->arena);
	free(root);
	return 0;
}

static void put(struct root *root, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	path_in(root, name, path, sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}

static void load(struct root *root)
{
	assert_int_equal(os_release_load(root->target, &root->arena, &root->os), 0);
}

static void a_distribution_is_recognised(void **state)
{
	struct root *root = *state;

	put(root, "/etc/os-release",
	    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"
	    "# ID=wrong\nID=debian\n");
	load(root);
	assert_true(root->os.found);
	assert_string_equal(root->os.id, "debian");
	assert_string_equal(root->os.id_like, "");
	assert_string_equal(root->os.version_id, "12");
	assert_string_equal(root->os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
	assert_true(os_release_is(&root->os, "debian"));
	assert_false(os_release_is(&root->os, "ubuntu"));
}

static void a_distribution_may_be_like_others(void **state)
{
	struct root *root = *state;

	put(root, "/etc/os-release", "ID=\"almalinux\"\nID_LIKE=\"rhel centos  fedora\"\n");
	load(root);
	assert_true(os_release_is(&root->os, "almalinux"));
	assert_true(os_release_is(&root->os, "rhel"));
	assert_true(os_release_is(&root->os, "fedora"));
	assert_false(os_release_is(&root->os, "cent"));
	assert_false(os_release_is(&root->os, "centos  fedora"));
	assert_false(os_release_is(&root->os, ""));
}

static void values_are_quoted_as_in_a_shell(void **state)
{
	struct root *root = *state;

	put(root, "/etc/os-release",
	    "  ID='a b'\r\nPRETTY_NAME=\"say \\\"hi\\\" \\$5\"\nVERSION_ID=1\\ 2 # three\nID_LIKE=\"open");
	load(root);
	assert_string_equal(root->os.id, "a b");
	assert_string_equal(root->os.pretty_name, "say \"hi\" $5");
	assert_string_equal(root->os.version_id, "1 2");
	assert_string_equal(root->os.id_like, "open");
}

static void the_last_assignment_counts_and_other_names_do_not(void **state)
{
	struct root *root = *state;

	put(root, "/etc/os-release", "ID=first\nID=second\nXID=third\nID_LIKEX=fourth\n");
	load(root);
	assert_string_equal(root->os.id, "second");
	assert_string_equal(root->os.id_like, "");
	assert_string_equal(root->os.pretty_name, "Linux");
}

static void the_vendor_file_stands_in(void **state)
{
	struct root *root = *state;
	char path[64];

	put(root, "/usr/lib/os-release", "ID=vendor\n");
	load(root);
	assert_true(root->os.found);
	assert_string_equal(root->os.id, "vendor");
	/* also for a link that leads nowhere, but not for a file that is there */
	path_in(root, "/etc/os-release", path, sizeof(path));
	assert_int_equal(symlink("../nowhere", path), 0);
	load(root);
	assert_string_equal(root->os.id, "vendor");
	assert_int_equal(unlink(path), 0);
	put(root, "/etc/os-release", "");
	load(root);
	assert_true(root->os.found);
	assert_string_equal(root->os.id, "linux");
}

static void without_a_file_it_is_some_linux(void **state)
{
	struct root *root = *state;

	load(root);
	assert_false(root->os.found);
	assert_string_equal(root->os.id, "linux");
	assert_string_equal(root->os.version_id, "");
	assert_string_equal(root->os.pretty_name, "Linux");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_distribution_is_recognised),	   TEST(a_distribution_may_be_like_others),
	    TEST(values_are_quoted_as_in_a_shell), TEST(the_last_assignment_counts_and_other_names_do_not),
	    TEST(the_vendor_file_stands_in),	   TEST(without_a_file_it_is_some_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
