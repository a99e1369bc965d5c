/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "report/escape.h"

static void numbers_are_bounded(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_true(parse_number("65535", 65535, &value));
	assert_int_equal(value, 65535);
	assert_false(parse_number("65536", 65535, &value));
	assert_false(parse_number("", 9, &value));
	assert_false(parse_number("-1", 9, &value));
	assert_false(parse_number("1 ", 9, &value));
	assert_true(parse_number("18446744073709551615", UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
	assert_false(parse_number("18446744073709551616", UINT64_MAX, &value));
}

static void lines_end_at_newlines_only(void **state)
{
	struct blob content = {.data = "a\r\n\nb\0c", .size = 7};
	size_t offset = 0, length;
	const char *line;

	(void)state;
	assert_true(next_line(&content, &offset, &line, &length));
	assert_int_equal(length, 2);
	assert_true(next_line(&content, &offset, &line, &length));
	assert_int_equal(length, 0);
	assert_true(next_line(&content, &offset, &line, &length));
	assert_int_equal(length, 3);
	assert_false(next_line(&content, &offset, &line, &length));
}

static void typing_errors_are_near(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("PermitRootLogn", "PermitRootLogin", 3), 1);
	assert_int_equal(edit_distance("prot", "Port", 3), 1); /* neighbours swapped */
	assert_int_equal(edit_distance("port", "PORT", 3), 0);
	assert_int_equal(edit_distance("", "ab", 3), 2);
	assert_int_equal(edit_distance("AllowUsers", "DenyGroups", 3), 4);
}

static void terminals_get_no_control_byte(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(escape_terminal_string(&arena, "a\033[31mb\a\t\x7f\xc2\x9b"),
			    "a\\x1b[31mb\\x07\\t\\x7f\\xc2\\x9b");
	assert_string_equal(escape_terminal_string(&arena, ""), "");
	arena_release(&arena);
}

static void json_strings_are_valid(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	(void)state;
	assert_true(escape_json(&text, "\"\\\n\xc3\xa4", 5));
	assert_string_equal(text.data, "\"\\\"\\\\\\u000a\\u00e4\"");
	text.size = 0;
	/* CSI as one character, an override of the direction of writing, a byte order mark, DEL */
	assert_true(escape_json(&text, "\xc2\x9b\xe2\x80\xae\xef\xbb\xbf\x7f", 9));
	assert_string_equal(text.data, "\"\\u009b\\u202e\\ufeff\\u007f\"");
	text.size = 0;
	/* the first and the last character beyond U+FFFF, and an invisible tag */
	assert_true(escape_json(&text, "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xf3\xa0\x81\x81", 12));
	assert_string_equal(text.data, "\"\\ud800\\udc00\\udbff\\udfff\\udb40\\udc41\"");
	text.size = 0;
	/* a lone continuation byte, an overlong slash, a surrogate, a cut character */
	assert_false(escape_json(&text, "\x80\xc0\xaf\xed\xa0\x80\xe2\x82", 8));
	for (const char *byte = text.data; *byte; byte++)
		assert_true(*byte > 0);
	arena_release(&arena);
}

static void text_grows(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	(void)state;
	for (int i = 0; i < 10000; i++)
		text_printf(&text, "%d ", i % 10);
	assert_int_equal(text.size, 20000);
	assert_int_equal(strlen(text.data), 20000);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_bounded),    cmocka_unit_test(lines_end_at_newlines_only),
	    cmocka_unit_test(typing_errors_are_near), cmocka_unit_test(terminals_get_no_control_byte),
	    cmocka_unit_test(json_strings_are_valid), cmocka_unit_test(text_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
