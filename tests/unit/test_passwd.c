/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passwd, group and nsswitch.conf, as the C library reads them. */
#include "small_root.h"

#include <errno.h>

#include "parse/passwd.h"

static void test_passwd(void **state)
{
	struct small_root *root = *state;
	struct passwd_file passwd;
	const struct passwd_entry *entry;

	put(root, "/etc/passwd",
	    "# accounts\n"
	    "\n"
	    "root:x:0:0:root,,,:/root:/bin/bash\n"
	    "  blank:*:1:1::/:\n"
	    "short:x:2:3\n"
	    "broken:x:two:2::/:/bin/sh\n"
	    "nothing\n"
	    ":x:5:5::/:/bin/sh\n"
	    "+nis::::::\n"
	    "huge:x:4294967296:1::/:/bin/sh\n"
	    "root:x:7:7:a second one:/:/bin/sh\n"
	    "colons:x:8:8::/:/bin/sh:-c\n"
	    "last:x:65534:65534:no newline:/:/bin/false");
	passwd_load(root->target, &root->arena, "/etc/passwd", &passwd);
	assert_int_equal(passwd.error, 0);
	assert_int_equal(passwd.entries.count, 6);
	assert_int_equal(passwd.malformed, 5);
	assert_int_equal(passwd.first_malformed, 6);
	entry = passwd_by_name(&passwd, "root");
	assert_int_equal(entry->uid, 0);
	assert_int_equal(entry->line, 3);
	assert_string_equal(entry->gecos, "root,,,");
	assert_string_equal(entry->shell, "/bin/bash");
	entry = passwd_by_name(&passwd, "blank");
	assert_string_equal(entry->shell, "");
	entry = passwd_by_name(&passwd, "short");
	assert_int_equal(entry->gid, 3);
	assert_string_equal(entry->home, "");
	assert_string_equal(passwd_by_name(&passwd, "colons")->shell, "/bin/sh:-c");
	assert_string_equal(passwd_by_uid(&passwd, 65534)->name, "last");
	assert_null(passwd_by_name(&passwd, "broken"));
	assert_null(passwd_by_name(&passwd, "+nis"));
	passwd_load(root->target, &root->arena, "/etc/nothing", &passwd);
	assert_int_equal(passwd.error, -ENOENT);
	assert_null(passwd_by_name(&passwd, "root"));
}

static void test_group(void **state)
{
	struct small_root *root = *state;
	struct group_file group;
	const struct group_entry *entry;

	put(root, "/etc/group", "root:x:0:\nwheel:x:10:root, admin,,last\nbad:x:\nalone:x:11\n");
	group_load(root->target, &root->arena, "/etc/group", &group);
	assert_int_equal(group.entries.count, 3);
	assert_int_equal(group.malformed, 1);
	entry = group_by_name(&group, "wheel");
	assert_int_equal(entry->gid, 10);
	assert_int_equal(entry->members.count, 3);
	assert_string_equal(entry->members.items[1], "admin");
	assert_string_equal(entry->members.items[2], "last");
	assert_string_equal(group_by_gid(&group, 11)->name, "alone");
	assert_null(group_by_gid(&group, 12));
}

static void test_free_id(void **state)
{
	struct small_root *root = *state;
	struct passwd_file passwd;
	struct group_file group;
	uint32_t id;

	put(root, "/etc/passwd", "a:x:100:1::/:\nb:x:101:1::/:\nc:x:103:1::/:\n");
	put(root, "/etc/group", "g:x:102:\n");
	passwd_load(root->target, &root->arena, "/etc/passwd", &passwd);
	group_load(root->target, &root->arena, "/etc/group", &group);
	assert_true(passwd_free_id(&passwd, &group, 100, 999, &id));
	assert_int_equal(id, 104);
	assert_true(passwd_free_id(&passwd, NULL, 100, 999, &id));
	assert_int_equal(id, 102);
	assert_false(passwd_free_id(&passwd, &group, 100, 103, &id));
	assert_false(passwd_free_id(&passwd, &group, 999, 100, &id));
	assert_false(passwd_free_id(&passwd, &group, 0, UINT32_MAX, &id));
}

static void assert_services(struct small_root *root, const char *content, const char *expected)
{
	char text[256] = "";
	string_list services;

	put(root, "/etc/nsswitch.conf", content);
	nsswitch_services(root->target, &root->arena, "passwd", &services);
	for (size_t i = 0; i < services.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", services.items[i]);
	assert_string_equal(text, expected);
}

static void test_nsswitch(void **state)
{
	struct small_root *root = *state;
	string_list services;

	nsswitch_services(root->target, &root->arena, "passwd", &services);
	assert_int_equal(services.count, 1);
	assert_string_equal(services.items[0], "files");
	assert_services(root, "passwd:         files systemd\n", "files systemd");
	assert_services(root, "# passwd: nis\nshadow: x\npasswd:files[NOTFOUND=return] sss # more\n", "files sss");
	assert_services(root, "passwd_compat: nis\n  passwd :\tcompat\n", "compat");
	assert_services(root, "passwd: [unclosed\n", "files");
	assert_services(root, "", "files");
}

/* 16 MiB of colons and such: no crash, and in good time. */
static void test_hostile(void **state)
{
	struct small_root *root = *state;
	size_t size = 4 * 1024 * 1024;
	char *text = malloc(size);
	struct passwd_file passwd;
	struct group_file group;
	uint32_t id;

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = "a:x:1:1\n"[i % 8];
	put_bytes(root, "/etc/passwd", text, size);
	passwd_load(root->target, &root->arena, "/etc/passwd", &passwd);
	assert_int_equal(passwd.entries.count, size / 8);
	assert_true(passwd_free_id(&passwd, NULL, 0, 999, &id));
	memset(text, ':', size);
	put_bytes(root, "/etc/passwd", text, size);
	passwd_load(root->target, &root->arena, "/etc/passwd", &passwd);
	assert_int_equal(passwd.malformed, 1);
	memset(text, ',', size);
	memcpy(text, "a:x:1:", 6);
	put_bytes(root, "/etc/group", text, size);
	group_load(root->target, &root->arena, "/etc/group", &group);
	assert_int_equal(group.entries.items[0].members.count, 0);
	memset(text, 0, size);
	put_bytes(root, "/etc/group", text, size);
	group_load(root->target, &root->arena, "/etc/group", &group);
	assert_int_equal(group.entries.count, 0);
	free(text);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_ROOT(test_passwd),   WITH_ROOT(test_group),   WITH_ROOT(test_free_id),
	    WITH_ROOT(test_nsswitch), WITH_ROOT(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
