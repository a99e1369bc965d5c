/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "parse/hosts_access.h"

/* Each was tried with the sshd of Debian 12 and 13. */
static void rules_are_read_as_libwrap_reads_them(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		enum hosts_clients clients;
		enum hosts_effect effect;
	} cases[] = {
	    {"sshd: ALL\n", 1, HOSTS_ALL, HOSTS_MATCH},
	    {"SSHD : all\n", 1, HOSTS_ALL, HOSTS_MATCH},
	    {"vsftpd,sshd : *\n", 1, HOSTS_ALL, HOSTS_MATCH},
	    {"sshd: \\\nALL\n", 1, HOSTS_ALL, HOSTS_MATCH},
	    {"sshd: ALL", 1, HOSTS_ALL, HOSTS_BROKEN},
	    {"# x", 1, HOSTS_ALL, HOSTS_BROKEN},
	    {"# x\\\n", 1, HOSTS_ALL, HOSTS_BROKEN},
	    {"# sshd: ALL\n\n", 0, 0, 0},
	    {"sshd ALL\n", 0, 0, 0},
	    {"sshd-session: ALL\n", 0, 0, 0},
	    {"ALL EXCEPT sshd: ALL\n", 0, 0, 0},
	    {"ALL EXCEPT vsftpd: ALL\n", 1, HOSTS_ALL, HOSTS_MATCH},
	    {"ALL: ALL EXCEPT 127.0.0.1\n", 1, HOSTS_SOME, HOSTS_MATCH},
	    {"ALL: 10.\n", 1, HOSTS_SOME, HOSTS_MATCH},
	    {"ALL: 127.0.0.1 localhost [::1]\n", 1, HOSTS_NONE, HOSTS_MATCH},
	    {"sshd: ALL: DENY\n", 1, HOSTS_ALL, HOSTS_REFUSE},
	    {"sshd: ALL : spawn (echo a\\:b) : allow\n", 1, HOSTS_ALL, HOSTS_PERMIT},
	    {"sshd: ALL: frobnicate\n", 1, HOSTS_ALL, HOSTS_REFUSE},
	    {"sshd: ALL: aclexec /bin/true\n", 1, HOSTS_ALL, HOSTS_UNCERTAIN},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct blob content = {.data = arena_strdup(&arena, cases[i].text),
					     .size = strlen(cases[i].text)};
		hosts_rule_list rules;

		hosts_access_read(&content, &arena, "sshd", &rules);
		assert_int_equal(rules.count, cases[i].count);
		if (!rules.count)
			continue;
		assert_int_equal(rules.items[0].clients, cases[i].clients);
		assert_int_equal(rules.items[0].effect, cases[i].effect);
		assert_false(rules.items[0].maybe);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rules_are_read_as_libwrap_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
