/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "boot/command_line.h"

static struct boot_request read_line(const char *line)
{
	struct boot_request request = {.mode = BOOT_OFF, .timeout = BOOT_TIMEOUT_DEFAULT};

	boot_command_line(line, &request);
	return request;
}

static void modes_are_recognised(void **state)
{
	(void)state;
	assert_int_equal(read_line("root=/dev/vda1 ro quiet\n").mode, BOOT_OFF);
	assert_int_equal(read_line("ro rd.sshrescue quiet").mode, BOOT_REPAIR);
	assert_int_equal(read_line("rd.sshrescue=1").mode, BOOT_REPAIR);
	assert_int_equal(read_line("rd.sshrescue=preen\n").mode, BOOT_PREEN);
	assert_int_equal(read_line("rd.sshrescue=check").mode, BOOT_CHECK);
	assert_int_equal(read_line("rd.sshrescue=shell").mode, BOOT_SHELL);
	assert_int_equal(read_line("rd.sshrescue=repair rd.sshrescue=off").mode, BOOT_OFF);
	/* systemd's own word is not ours */
	assert_int_equal(read_line("rescue xrd.sshrescue rd.sshrescued=repair").mode, BOOT_OFF);
}

static void mistakes_are_named_and_ignored(void **state)
{
	struct boot_request request = read_line("rd.sshrescue=check rd.sshrescue=rapair");

	(void)state;
	assert_int_equal(request.mode, BOOT_CHECK);
	assert_true(request.mistaken);
	assert_string_equal(request.mistake, "rd.sshrescue=rapair");
	request = read_line("rd.sshrescue.timeout=0");
	assert_true(request.mistaken);
	assert_int_equal(request.timeout, BOOT_TIMEOUT_DEFAULT);
	assert_false(read_line("rd.break rd.shell").mistaken);
}

static void numbers_are_bounded(void **state)
{
	struct boot_request request =
	    read_line("rd.sshrescue.port=2222 rd.sshrescue.timeout=30 rd.sshrescue.port=65536");

	(void)state;
	assert_int_equal(request.port, 2222);
	assert_int_equal(request.timeout, 30);
	assert_true(request.mistaken);
}

static void quoted_words_hide_what_is_in_them(void **state)
{
	(void)state;
	assert_int_equal(read_line("dyndbg=\"x rd.sshrescue=repair\" ro").mode, BOOT_OFF);
	assert_int_equal(read_line("\"rd.sshrescue=check\"").mode, BOOT_CHECK);
}

static void only_a_mode_is_a_command(void **state)
{
	(void)state;
	assert_false(read_line("ro rd.sshrescue.port=22").commanded);
	assert_false(read_line("rd.sshrescue=rapair").commanded);
	assert_true(read_line("rd.sshrescue=off").commanded);
	assert_true(read_line("rd.sshrescue").commanded);
	assert_int_equal(read_line("rd.sshrescue=guard").mode, BOOT_GUARD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modes_are_recognised),	cmocka_unit_test(mistakes_are_named_and_ignored),
	    cmocka_unit_test(numbers_are_bounded),	cmocka_unit_test(quoted_words_hide_what_is_in_them),
	    cmocka_unit_test(only_a_mode_is_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
