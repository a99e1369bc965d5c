/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "rehearse/user_ranges.h"

static bool parse(const char *text, struct user_range *ret)
{
	struct blob file = {.data = (void *)text, .size = strlen(text)};

	*ret = (struct user_range){0};
	return user_range_parse(&file, "anna", 1000, ret);
}

static void the_line_of_a_user_is_found_by_name_or_number(void **state)
{
	struct user_range range;

	(void)state;
	assert_true(parse("otto:100000:65536\nanna:165536:65536\n", &range));
	assert_int_equal(range.first, 165536);
	assert_int_equal(range.count, 65536);
	assert_true(parse("1000:300000:65536", &range));
	assert_int_equal(range.first, 300000);
}

static void what_is_no_range_is_passed_over(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "anna\n",
	    "anna:1\n",
	    "anna:x:65536\n",
	    "anna:1:65536x\n",
	    "annab:1:65536\n",
	    "10000:1:65536\n",
	    "anna:1:999\n",
	    "anna:-1:65536\n",
	    ":1:65536\n",
	    "anna::\n",
	    "anna:1:4294967296\n",
	};
	struct user_range range;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse(wrong[i], &range));
	assert_true(parse("anna:1:10\nanna:7:65536\n", &range));
	assert_int_equal(range.first, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_line_of_a_user_is_found_by_name_or_number),
	    cmocka_unit_test(what_is_no_range_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
