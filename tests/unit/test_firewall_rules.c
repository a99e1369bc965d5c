/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "stage/firewall_rules.h"

static struct blob blob(const char *text)
{
	return (struct blob){.data = (char *)text, .size = strlen(text)};
}

static bool nft(const char *text)
{
	struct blob rules = blob(text);

	return nft_rules_are_harmless(&rules);
}

static bool iptables(const char *text)
{
	struct blob rules = blob(text);

	return iptables_rules_are_harmless(&rules);
}

static void empty_nft_chains_are_harmless(void **state)
{
	(void)state;
	assert_true(nft(""));
	assert_true(nft("#!/usr/sbin/nft -f\n\nflush ruleset\n"));
	assert_true(nft("table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter;\n\t}\n}\n"));
	assert_true(
	    nft("table ip x { chain y { type nat hook prerouting priority -100; policy accept; } chain z { } }"));
	assert_true(nft("table x { chain y { } # drop }\n}"));
	assert_true(nft("table inet filter{chain input{type filter hook input priority 0;policy accept}}"));
}

static void everything_else_in_nft_is_not(void **state)
{
	static const char *const rules[] = {
	    "table inet filter { chain input { type filter hook input priority 0; policy drop; } }",
	    "table inet filter { chain input { type filter hook input priority 0; drop; } }",
	    "table inet filter { chain input { type filter hook input priority 0; tcp dport 22 accept; } }",
	    "table inet filter { chain input { type filter hook input priority 0; jump other; } }",
	    "table inet filter { chain input { type filter hook input priority 0; policy $p; } }",
	    "table inet filter { chain input { type filter hook input priority 0; policy accept; reject } }",
	    "include \"/etc/nftables.d/*.nft\"",
	    "define p = drop",
	    "add rule inet filter input drop",
	    "table inet filter { set s { type ipv4_addr; } }",
	    "table inet filter { flowtable f { hook ingress priority 0; } }",
	    "table inet filter { chain input { type filter hook input priority 0;",
	    "table inet filter",
	    "flush table inet filter",
	    "table inet filter { chain input { type filter hook input priority { drop } } }",
	    "table inet filter { chain { drop } }",
	    "}",
	    "destroy table inet filter",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		assert_false(nft(rules[i]));
}

static void iptables_rules_without_rules_are_harmless(void **state)
{
	(void)state;
	assert_true(iptables(""));
	assert_true(
	    iptables("# saved\n*filter\n:INPUT ACCEPT [12:345]\n:FORWARD ACCEPT [0:0]\n:mine - [0:0]\nCOMMIT\r\n"));
	assert_false(iptables("*filter\n:INPUT DROP [0:0]\nCOMMIT\n"));
	assert_false(iptables("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n"));
	assert_false(iptables("*filter\n:INPUT ACCEPT [0:0]\n-P INPUT DROP\nCOMMIT\n"));
	assert_false(iptables("[1:2] -A INPUT -j DROP\n"));
	assert_false(iptables(":INPUT\n"));
	assert_false(iptables("*filter\n:INPUT REJECT\n"));
}

static void the_file_that_nft_reads(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(nft_command_rules_file(&arena, "/usr/sbin/nft -f /etc/nftables.conf"),
			    "/etc/nftables.conf");
	assert_string_equal(nft_command_rules_file(&arena, "-/sbin/nft --file=/etc/sysconfig/nftables.conf"),
			    "/etc/sysconfig/nftables.conf");
	assert_string_equal(nft_command_rules_file(&arena, "/usr/sbin/nft flush ruleset"), "");
	assert_null(nft_command_rules_file(&arena, "/usr/sbin/nft -f /etc/a /etc/b"));
	assert_null(nft_command_rules_file(&arena, "/usr/sbin/nft -f \"/etc/a b\""));
	assert_null(nft_command_rules_file(&arena, "/usr/sbin/nft -f $RULES"));
	assert_null(nft_command_rules_file(&arena, "/usr/sbin/nft -c -f /etc/a"));
	assert_null(nft_command_rules_file(&arena, "/usr/sbin/nft add rule inet filter input drop"));
	assert_null(nft_command_rules_file(&arena, "/bin/sh -c 'nft -f /etc/nftables.conf'"));
	arena_release(&arena);
}

static void a_firewall_is_mentioned(void **state)
{
	static const char *const texts[] = {"iptables -P INPUT DROP",	   "/sbin/ip6tables-restore <x",
					    "exec /usr/sbin/nft -f x",	   "/usr/local/sbin/firewall.sh",
					    "systemctl start my-firewall", "ufw"};
	static const char *const others[] = {
	    "", "gnft x", "echo soft", "/usr/bin/unftp", "aufwand", "iptablesque", "dockerd --live-restore"};
	static const char script[] = "#!/bin/sh\n # iptables is not used\necho hello\n";
	struct blob text = blob(script);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(mentions_firewall(texts[i], strlen(texts[i])));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(mentions_firewall(others[i], strlen(others[i])));
	assert_false(script_mentions_firewall(&text));
	text = blob("#!/bin/sh\n\t/sbin/iptables -A INPUT -j DROP");
	assert_true(script_mentions_firewall(&text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_nft_chains_are_harmless),
	    cmocka_unit_test(everything_else_in_nft_is_not),
	    cmocka_unit_test(iptables_rules_without_rules_are_harmless),
	    cmocka_unit_test(the_file_that_nft_reads),
	    cmocka_unit_test(a_firewall_is_mentioned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
