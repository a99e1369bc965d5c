/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "parse/authorized_keys.h"

#define KEY_HALF_A "AAAAC3NzaC1lZDI1NTE5AAAAIBTcGz2cIhROVCot"
#define KEY_HALF_B "RsxLOHb8ChtDZ7aHNppj2ztluFQO"
#define KEY "ssh-ed25519 " KEY_HALF_A KEY_HALF_B

static const struct key_rules rules = {.dsa = true, .security_keys = true};

static void read_text(struct arena *arena, const char *text, unsigned version, authorized_key_list *ret)
{
	const struct blob content = {.data = arena_strdup(arena, text), .size = strlen(text)};

	authorized_keys_read(&content, arena, &rules, version, ret);
}

static void a_line_is_a_key_as_sshd_takes_it(void **state)
{
	static const struct {
		const char *text;
		enum authorized_key_state state;
		unsigned version;
	} cases[] = {
	    {KEY " a comment with words", AUTHORIZED_KEY_GOOD, 902},
	    {"\t" KEY "\r", AUTHORIZED_KEY_GOOD, 902},
	    {"restrict,command=\"a \\\"b\" " KEY, AUTHORIZED_KEY_GOOD, 902},
	    {"no-pty,,NO-PTY, " KEY, AUTHORIZED_KEY_GOOD, 902},
	    {"no-restrict " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"bogus " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"command=\"a\",command=\"b\" " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"command=a " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"principals=\"a\" " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"principals=\"a\",cert-authority " KEY, AUTHORIZED_KEY_GOOD, 902},
	    {"verify-required " KEY, AUTHORIZED_KEY_GOOD, 902},
	    {"verify-required " KEY, AUTHORIZED_KEY_OPTIONS, 802},
	    {"expiry-time=\"20300101\" " KEY, AUTHORIZED_KEY_GOOD, 902},
	    {"expiry-time=\"20301301\" " KEY, AUTHORIZED_KEY_OPTIONS, 902},
	    {"expiry-time=\"20300101Z\" " KEY, AUTHORIZED_KEY_OPTIONS, 900},
	    {"command=\"a " KEY, AUTHORIZED_KEY_GARBAGE, 902},
	    {"\xef\xbb\xbf" KEY, AUTHORIZED_KEY_GARBAGE, 902},
	    {"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA", AUTHORIZED_KEY_GARBAGE, 902},
	    {"<<<<<<< HEAD", AUTHORIZED_KEY_GARBAGE, 902},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		authorized_key_list keys;

		read_text(&arena, cases[i].text, cases[i].version, &keys);
		assert_int_equal(keys.count, 1);
		assert_int_equal(keys.items[0].state, cases[i].state);
	}
	arena_release(&arena);
}

static void options_are_remembered(void **state)
{
	struct arena arena = {0};
	authorized_key_list keys;

	(void)state;
	read_text(&arena,
		  "# x\n\nfrom=\"10.0.0.1\",expiry-time=\"20300101\",expiry-time=\"20200101\" " KEY
		  "\ncert-authority,environment=\"A=b\" " KEY "\n",
		  902, &keys);
	assert_int_equal(keys.count, 2);
	assert_int_equal(keys.items[0].line, 3);
	assert_true(keys.items[0].from && keys.items[0].expires && !keys.items[0].authority);
	assert_int_equal(keys.items[0].expiry, 1577836800);
	assert_true(keys.items[1].authority && keys.items[1].doubtful);
	assert_int_equal(keys.items[1].half.type, KEY_TYPE_ED25519);
	arena_release(&arena);
}

static void a_broken_key_is_joined_only_when_it_makes_a_key(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *joined;
	} cases[] = {
	    {"ssh-ed25519 " KEY_HALF_A "\n" KEY_HALF_B " x\n", 2, KEY " x"},
	    {"ssh-ed25519 " KEY_HALF_A "\r\n" KEY_HALF_B " x\r\n", 2, KEY " x"},
	    {"ssh-ed25519\n" KEY_HALF_A KEY_HALF_B "\n", 2, KEY},
	    {"ssh-ed25519 " KEY_HALF_A "\n\n" KEY_HALF_B "\n", 0, NULL},
	    {"ssh-ed25519 " KEY_HALF_A "\n" KEY_HALF_A "\n", 0, NULL},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		authorized_key_list keys;
		const char *text = NULL;
		size_t count = 0;

		read_text(&arena, cases[i].text, 902, &keys);
		assert_int_equal(authorized_key_rejoin(&arena, &rules, 902, &keys, 0, &count, &text),
				 cases[i].count > 0);
		assert_int_equal(count, cases[i].count);
		if (count)
			assert_string_equal(text, cases[i].joined);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_a_key_as_sshd_takes_it),
	    cmocka_unit_test(options_are_remembered),
	    cmocka_unit_test(a_broken_key_is_joined_only_when_it_makes_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
