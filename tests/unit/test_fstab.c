/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "parse/fstab.h"

static const char text[] = "# <file system> <mount point>\n"
			   "UUID=1-2\t/ \text4  errors=remount-ro 0 1\n"
			   "\n"
			   "   LABEL=with\\040blank   /mnt/a\\011b\\\\134 btrfs\n"
			   "/dev/sda2 none\n"
			   "LABEL=x /home btrfs noatime,subvol=@home,subvolid=257 0 0";

static void lines_are_read(void **state)
{
	struct arena arena = {0};
	struct blob content = {.data = arena_memdup(&arena, text, strlen(text)), .size = strlen(text)};
	fstab_list list = {0};

	(void)state;
	fstab_parse(&arena, &content, &list);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].source, "UUID=1-2");
	assert_string_equal(list.items[0].point, "/");
	assert_string_equal(list.items[0].type, "ext4");
	assert_string_equal(list.items[1].source, "LABEL=with blank");
	assert_string_equal(list.items[1].point, "/mnt/a\tb\\\\");
	assert_string_equal(list.items[1].options, "defaults");
	assert_string_equal(fstab_option(&arena, &list.items[2], "subvol"), "@home");
	assert_string_equal(fstab_option(&arena, &list.items[2], "subvolid"), "257");
	assert_null(fstab_option(&arena, &list.items[2], "sub"));
	assert_null(fstab_option(&arena, &list.items[2], "noatime"));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
