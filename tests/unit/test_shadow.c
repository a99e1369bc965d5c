/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "parse/shadow.h"

static void lines_are_read_as_glibc_reads_them(void **state)
{
	struct small_root *root = *state;
	const struct shadow_entry *entry;
	struct shadow_file shadow;

	put(root, "/etc/shadow",
	    "# x\n+::::::::\nroot:*:19000:0:99999:7:::\nroot:!:1::::::\n short:!\nbad:x:one::::::\nend:$6$a$b:0:::::20000:\n");
	shadow_load(root->target, &root->arena, "/etc/shadow", &shadow);
	assert_int_equal(shadow.error, 0);
	entry = shadow_by_name(&shadow, "root");
	assert_non_null(entry);
	assert_int_equal(entry->line, 3);
	assert_int_equal(entry->changed, 19000);
	assert_int_equal(entry->maximum, 99999);
	assert_int_equal(entry->expires, -1);
	assert_non_null(shadow_by_name(&shadow, "short"));
	assert_null(shadow_by_name(&shadow, "bad"));
	assert_int_equal(shadow_by_name(&shadow, "end")->expires, 20000);
	shadow_load(root->target, &root->arena, "/etc/lost", &shadow);
	assert_int_not_equal(shadow.error, 0);
}

static void a_field_says_whether_a_password_can_match(void **state)
{
	(void)state;
	assert_int_equal(password_kind_of(""), PASSWORD_EMPTY);
	assert_int_equal(password_kind_of("*"), PASSWORD_NONE);
	assert_int_equal(password_kind_of("!$6$x$y"), PASSWORD_NONE);
	assert_int_equal(password_kind_of("x"), PASSWORD_NONE);
	assert_int_equal(password_kind_of("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"), PASSWORD_HASH);
	assert_int_equal(password_kind_of("$1$saltsalt$qjXMvbEw8oaL.CzflDta"), PASSWORD_UNKNOWN);
	assert_int_equal(password_kind_of("abhfCpXqd4GrI"), PASSWORD_UNKNOWN);
	assert_int_equal(password_kind_of("$new$x"), PASSWORD_UNKNOWN);
	assert_true(password_is_locked("!"));
	assert_false(password_is_locked("*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(lines_are_read_as_glibc_reads_them, small_root_setup, small_root_teardown),
	    cmocka_unit_test(a_field_says_whether_a_password_can_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
