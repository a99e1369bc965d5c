/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "filter/evaluate.h"
#include "parse/nft.h"

/* What nft(8) 1.0.6 and Linux 6.18 make of each text was tried; "all" are all sources that a client may have. */

#define INPUT(rules) "table inet t {\nchain c {\ntype filter hook input priority 0; policy drop;\n" rules "\n}\n}\n"
#define CHAIN(head, rules) "table inet t {\nchain c {\n" head "\n" rules "\n}\n}\n"
#define OPEN_V4 "all", ""
#define CLOSED "", ""
#define UNKNOWN "", "all"

struct loaded {
	struct arena arena;
	struct ruleset ruleset;
	struct load_report report;
};

static void load_into(struct loaded *loaded, struct target *target, const char *text, size_t size)
{
	struct nft_input input = {.target = target, .content = {(char *)text, size}, .path = "/etc/nftables.conf"};

	loaded->ruleset.arena = &loaded->arena;
	nft_load(&loaded->ruleset, &input, &loaded->report);
}

static const struct load_note *refusal(const struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->report.notes.count; i++) {
		if (loaded->report.notes.items[i].outcome == LOAD_REFUSED)
			return &loaded->report.notes.items[i];
	}
	return NULL;
}

static const char *sources(struct loaded *loaded, const struct evaluation *evaluation, enum passage passage, bool ipv6)
{
	struct number_set set, others = {0}, other;
	struct text text = {.arena = &loaded->arena};

	for (enum passage each = PASSAGE_OPEN; each <= PASSAGE_UNKNOWN; each++) {
		evaluation_sources(evaluation, each, &loaded->arena, &other);
		if (each != passage && other.count)
			others = other;
	}
	evaluation_sources(evaluation, passage, &loaded->arena, &set);
	if (set.count && !others.count)
		return "all";
	text_add_string(&text, "");
	address_set_print(&text, &set, ipv6, 8);
	return text.data;
}

struct question_case {
	const char *text;
	bool ipv6;
	unsigned port;
	const char *interface;
	const char *open, *unknown;
};

static void ask(struct loaded *loaded, const struct question_case *test)
{
	struct question question = {
	    .ipv6 = test->ipv6,
	    .port = test->port,
	    .ports = (const unsigned[]){22},
	    .port_count = 1,
	    .interface = test->interface ? test->interface : "eth0",
	};
	struct evaluation evaluation;
	const char *open, *unknown;

	evaluate(&loaded->ruleset, &question, &loaded->arena, &evaluation);
	open = sources(loaded, &evaluation, PASSAGE_OPEN, test->ipv6);
	unknown = sources(loaded, &evaluation, PASSAGE_UNKNOWN, test->ipv6);
	if (!string_equal(open, test->open) || !string_equal(unknown, test->unknown))
		fail_msg("%s\nIPv%d port %u %s: open \"%s\", unknown \"%s\"", test->text, test->ipv6 ? 6 : 4,
			 test->port, question.interface, open, unknown);
}

static void check(const struct question_case *tests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct loaded loaded = {0};

		load_into(&loaded, NULL, tests[i].text, strlen(tests[i].text));
		if (refusal(&loaded))
			fail_msg("%s\nrefused at %u:%u: %s", tests[i].text, refusal(&loaded)->place.line,
				 refusal(&loaded)->place.column, refusal(&loaded)->message);
		ask(&loaded, &tests[i]);
		arena_release(&loaded.arena);
	}
}

static void ports_and_protocols(void **state)
{
	static const struct question_case tests[] = {
	    {"", false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 22 accept"), true, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 22 accept"), false, 23, NULL, CLOSED},
	    {INPUT("tcp dport ssh accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 0x16 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 022 accept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp dport { 80, 20-25 } accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport != { 80, 20-25 } accept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp dport != 80 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport < 22 accept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp dport <= 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport >= 1024 accept"), false, 2222, NULL, OPEN_V4},
	    {INPUT("udp dport 22 accept"), false, 22, NULL, CLOSED},
	    {INPUT("udp dport != 53 accept"), false, 22, NULL, CLOSED},
	    {INPUT("meta l4proto { tcp, udp } th dport 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("@th,16,16 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ip protocol tcp accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ip protocol tcp accept"), true, 22, NULL, CLOSED},
	    {INPUT("ip6 nexthdr tcp accept"), true, 22, NULL, OPEN_V4},
	    {INPUT("meta nfproto ipv6 tcp dport 22 accept"), false, 22, NULL, CLOSED},
	    {INPUT("meta protocol ip accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("meta protocol ip accept"), true, 22, NULL, CLOSED},
	    {INPUT("icmp type echo-request accept"), false, 22, NULL, CLOSED},
	    {INPUT("icmpv6 type { nd-neighbor-solicit, echo-request } accept"), true, 22, NULL, CLOSED},
	    {INPUT("tcp dport vmap { 22 : accept, 80 : drop }"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport vmap { 22 : drop, 80 : accept }\naccept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp dport vmap { 80 : drop, * : accept }"), false, 22, NULL, OPEN_V4},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void addresses(void **state)
{
	static const struct question_case tests[] = {
	    {INPUT("ip saddr 10.0.0.0/8 accept"), false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("ip saddr 10.0.0.0/8 accept"), true, 22, NULL, CLOSED},
	    {INPUT("ip saddr 10.1.2.3/8 accept"), false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("ip saddr & 255.0.0.0 == 10.0.0.0 accept"), false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("ip saddr 10.0.0.4-10.0.0.5 accept"), false, 22, NULL, "10.0.0.4/31", ""},
	    {INPUT("ip saddr != 128.0.0.0/1 accept"), true, 22, NULL, CLOSED},
	    {INPUT("ip saddr { 192.0.2.1, 10.0.0.0/8 } tcp dport 22 accept"), false, 22, NULL, "10.0.0.0/8, 192.0.2.1",
	     ""},
	    {INPUT("ip6 saddr 2001:db8::/32 accept"), true, 22, NULL, "2001:db8::/32", ""},
	    {INPUT("ip6 saddr 2001:db8::/32 accept"), false, 22, NULL, CLOSED},
	    {INPUT("ip saddr . tcp dport { 10.0.0.0/8 . 22, 192.0.2.1 . 80 } accept"), false, 22, NULL, "10.0.0.0/8",
	     ""},
	    {INPUT("ip saddr . tcp dport { 10.0.0.0/8 . 22, 192.0.2.1 . 80 } accept"), false, 80, NULL, "192.0.2.1",
	     ""},
	    {INPUT("ip saddr vmap { 10.0.0.0/8 : accept, 192.0.2.0/24 : drop }"), false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("ip saddr 127.0.0.0/8 accept"), false, 22, NULL, CLOSED},
	    {INPUT("ip daddr 192.0.2.7 tcp dport 22 accept"), false, 22, NULL, UNKNOWN},
	    {INPUT("ip saddr 10.0.0.0/8 jump { tcp dport 22 accept; }"), false, 22, NULL, "10.0.0.0/8", ""},
	    {"define net = { 10.0.0.0/8, 192.0.2.1 }\ndefine more = { $net, 198.51.100.0/24 }\n" INPUT(
		 "ip saddr $more accept"),
	     false, 22, NULL, "10.0.0.0/8, 192.0.2.1, 198.51.100.0/24", ""},
	    {"define x = 22\n" INPUT("tcp dport $x accept\nredefine x = 80"), false, 22, NULL, OPEN_V4},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void named_sets(void **state)
{
	static const struct question_case tests[] = {
	    {"table inet t {\nchain c {\ntype filter hook input priority 0; policy drop;\nip saddr @s accept\n}\n"
	     "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8,\n# office\n192.0.2.1 }\n}\n}\n",
	     false, 22, NULL, "10.0.0.0/8, 192.0.2.1", ""},
	    {"table inet t {\nset s { typeof ip saddr . tcp dport; flags interval\nelements = { 10.0.0.0/8 . 22 }\n}\n"
	     "chain c {\ntype filter hook input priority 0; policy drop;\nip saddr . tcp dport @s accept\n}\n}\n",
	     false, 22, NULL, "10.0.0.0/8", ""},
	    {"table inet t {\nchain ok {\naccept\n}\nmap m { type inet_service : verdict; elements = { 22 : jump ok } \n}\n"
	     "chain c {\ntype filter hook input priority 0; policy drop;\ntcp dport vmap @m\n}\n}\n",
	     false, 22, NULL, OPEN_V4},
	    {"add table inet t\nadd set inet t s { type inet_service; }\nadd element inet t s { 22, 80 }\n"
	     "add chain inet t c { type filter hook input priority 0; policy drop; }\n"
	     "add rule inet t c tcp dport @s accept\ndelete element inet t s { 22 }\n",
	     false, 22, NULL, CLOSED},
	    {"table inet t {\nset s { type ifname; flags interval; elements = { \"wg*\", eth1 } \n}\n"
	     "chain c {\ntype filter hook input priority 0; policy drop;\niifname @s accept\n}\n}\n",
	     false, 22, "wg*", OPEN_V4},
	    {"table inet t {\nset s { type ipv4_addr; flags dynamic; }\nchain c {\ntype filter hook input priority 0; policy "
	     "drop;\nip saddr @s drop\ntcp dport 22 add @s { ip saddr } accept\n}\n}\n",
	     false, 22, NULL, UNKNOWN},
	    {"table inet t {\nset s { type ipv4_addr; flags dynamic; }\nchain c {\ntype filter hook input priority 0; policy "
	     "drop;\nip saddr @s drop\ntcp dport 22 ct state new limit rate over 9/minute add @s { ip saddr } drop\n"
	     "tcp dport 7000 add @s { ip saddr }\naccept\n}\n}\n",
	     false, 22, NULL, OPEN_V4},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void interfaces(void **state)
{
	static const struct question_case tests[] = {
	    {INPUT("iifname \"eth*\" accept"), false, 22, "eth0", OPEN_V4},
	    {INPUT("iifname eth* accept"), false, 22, "wg0", CLOSED},
	    {INPUT("iifname \"eth\\*\" accept"), false, 22, "eth0", CLOSED},
	    {INPUT("iifname != \"eth0\" accept"), false, 22, "eth0", CLOSED},
	    {INPUT("iifname != { lo, \"wg*\" } accept"), false, 22, "eth0", OPEN_V4},
	    {INPUT("iif lo accept"), false, 22, NULL, CLOSED},
	    {INPUT("oifname eth0 accept"), false, 22, NULL, CLOSED},
	    {INPUT("oifname != eth0 accept"), false, 22, NULL, CLOSED},
	    {INPUT("iifname . tcp dport { eth0 . 22, \"wg*\" . 80 } accept"), false, 22, "eth0", OPEN_V4},
	    {INPUT("iifname vmap { lo : accept, eth0 : drop }\naccept"), false, 22, "eth0", CLOSED},
	    {INPUT("meta iifname eth0 meta mark 0 accept"), false, 22, "eth0", OPEN_V4},
	    {"table netdev n {\nchain i {\ntype filter hook ingress device eth0 priority 0;\ntcp dport 22 drop\n}\n}\n",
	     false, 22, "eth0", CLOSED},
	    {"table netdev n {\nchain i {\ntype filter hook ingress devices = { wg0, wg1 } priority 0;\ndrop\n}\n}\n",
	     false, 22, "eth0", OPEN_V4},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void connection_tracking_and_flags(void **state)
{
	static const struct question_case tests[] = {
	    {INPUT("ct state new tcp dport 22 accept"), false, 22, NULL, CLOSED},
	    {INPUT("ct state established,related accept\nct state new tcp dport 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct state new|established accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct state == new,established accept"), false, 22, NULL, CLOSED},
	    {INPUT("ct state { new, established } accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct state ! invalid accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct state vmap { established : accept, related : accept, new : accept }"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp flags & (fin|syn|rst|ack) == syn drop\naccept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp flags syn / fin,syn,rst,ack drop\naccept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp flags != syn drop\naccept"), false, 22, NULL, CLOSED},
	    {INPUT("tcp flags ! syn accept\ntcp flags syn accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("tcp flags & (fin|syn) == (fin|syn) drop\ntcp flags { syn, ack } accept\naccept"), false, 22, NULL,
	     OPEN_V4},
	    {INPUT("ct status dnat accept"), false, 22, NULL, CLOSED},
	    {INPUT("meta l4proto tcp ct original proto-dst 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct original ip saddr 10.0.0.0/8 accept"), false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("ct helper \"ftp\" drop\naccept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct count over 3 drop\naccept"), false, 22, NULL, OPEN_V4},
	    {INPUT("fib saddr . iif oif missing drop\naccept"), false, 22, NULL, OPEN_V4},
	    {INPUT("fib daddr type local tcp dport 22 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("fib daddr type != local drop\naccept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ip frag-off & 0x1fff != 0 drop\ntcp option maxseg size 1-500 drop\naccept"), false, 22, NULL,
	     OPEN_V4},
	    {INPUT("exthdr hbh exists drop\nrt type 0 drop\naccept"), true, 22, NULL, OPEN_V4},
	    {INPUT("ct state established accept\nlimit rate 5/minute accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("limit rate over 5/minute drop\naccept"), false, 22, NULL, UNKNOWN},
	    {INPUT("meter m { ip saddr limit rate over 5/minute } drop\nquota over 9 mbytes drop"), false, 22, NULL,
	     CLOSED},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void marks_and_translation(void **state)
{
	static const char redirected[] =
	    "table inet n {\nchain p {\ntype nat hook prerouting priority dstnat;\ntcp dport 2222 redirect to :22\n}\n}\n" INPUT(
		"tcp dport 22 accept");
	static const char diverted[] =
	    "table ip n {\nchain p {\ntype nat hook prerouting priority -100;\ntcp dport 22 dnat to 192.0.2.9:22\n}\n}\n";
	static const struct question_case tests[] = {
	    {redirected, false, 2222, NULL, OPEN_V4},
	    {redirected, true, 2222, NULL, OPEN_V4},
	    {diverted, false, 22, NULL, CLOSED},
	    {diverted, true, 22, NULL, OPEN_V4},
	    {"table inet n {\nchain p {\ntype nat hook prerouting priority -100;\ntcp dport 22 redirect to :2000\n}\n}\n",
	     false, 22, NULL, CLOSED},
	    {"table inet n {\nchain p {\ntype nat hook prerouting priority -100;\ntcp dport 22 dnat ip6 to ::5\n}\n}\n",
	     false, 22, NULL, OPEN_V4},
	    {"table inet m {\nchain p {\ntype filter hook prerouting priority mangle;\nip saddr 10.0.0.0/8 meta mark set "
	     "0x10 | 1\n}\n}\n" INPUT("meta mark & 0xff == 0x11 accept"),
	     false, 22, NULL, "10.0.0.0/8", ""},
	    {INPUT("meta mark set meta mark | 2\nmeta mark set meta mark & 0xfe ^ 1\nmark 3 accept"), false, 22, NULL,
	     OPEN_V4},
	    {INPUT("ct state new ct mark set 5\nct mark and 0x4 == 4 accept"), false, 22, NULL, OPEN_V4},
	    {INPUT("ct state new ct mark set 5\nmeta mark set ct mark & 4 | 1\nmark 5 accept"), false, 22, NULL,
	     OPEN_V4},
	    {INPUT("tcp dport 22 tcp dport set 80\naccept"), false, 22, NULL, UNKNOWN},
	    {INPUT("ip dscp set cs1 meta priority set 1:2 accept"), false, 22, NULL, OPEN_V4},
	    {CHAIN("type filter hook input priority 0;", "tcp dport 22 queue num 0"), false, 22, NULL, UNKNOWN},
	    {CHAIN("type filter hook input priority 0;", "osf name \"Linux\" drop"), false, 22, NULL, UNKNOWN},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

static void chains_and_commands(void **state)
{
	static const struct question_case tests[] = {
	    {CHAIN("type filter hook input priority filter - 5;", "drop"), false, 22, NULL, CLOSED},
	    {CHAIN("type filter hook output priority 0; policy drop;", "ct state established accept"), false, 22, NULL,
	     OPEN_V4},
	    {CHAIN("type filter hook output priority 0; policy drop;", "tcp dport 22 accept"), false, 22, NULL, CLOSED},
	    {CHAIN("type filter hook forward priority 0; policy drop;", ""), false, 22, NULL, OPEN_V4},
	    {INPUT("accept") "flush chain inet t c\n", false, 22, NULL, CLOSED},
	    {INPUT("") "flush ruleset\n", false, 22, NULL, OPEN_V4},
	    {INPUT("") "flush ruleset ip\n", false, 22, NULL, CLOSED},
	    {INPUT("") "delete table inet t\n", false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 22 drop") "insert rule inet t c tcp dport 22 accept\n", false, 22, NULL, OPEN_V4},
	    {INPUT("tcp dport 22 drop") "add rule inet t c tcp dport 22 accept\n", false, 22, NULL, CLOSED},
	    {INPUT("tcp dport 80 drop\ntcp dport 22 drop") "add rule inet t c index 0 tcp dport 22 accept\n", false, 22,
	     NULL, OPEN_V4},
	    {INPUT("tcp dport 80 drop\ntcp dport 22 drop") "insert rule inet t c index 1 accept\n", false, 22, NULL,
	     OPEN_V4},
	    {INPUT("accept") "delete rule inet t c handle 4\n", false, 22, NULL, UNKNOWN},
	    {INPUT("accept") "add chain inet t c { policy accept; }\nflush chain inet t c\n", false, 22, NULL, OPEN_V4},
	    {"table inet t {\nflags dormant\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n", false,
	     22, NULL, OPEN_V4},
	    {"table inet t {\nchain c {\ntype filter hook input priority 0; policy drop;\njump d\n}\nchain d {\nreturn\n"
	     "accept\n}\n}\n",
	     false, 22, NULL, CLOSED},
	    {"table ip t {\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n", true, 22, NULL,
	     OPEN_V4},
	    {"table t {\nchain c {\ntype filter hook input priority 0; policy drop;\ntcp dport \\\n22 accept;ip saddr "
	     "1.2.3.4 drop\n}\n}; # end\n",
	     false, 22, NULL, OPEN_V4},
	};

	(void)state;
	check(tests, ARRAY_SIZE(tests));
}

/* --- what nft refuses ------------------------------------------------------ */

static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} refused[] = {
    {INPUT("tcp dport 22 acept"), 4, 14, "syntax error"},
    {INPUT("tcp dprot 22 accept"), 4, 5, "syntax error"},
    {INPUT("tcp dport 70000 accept"), 4, 11, "Service out of range"},
    {INPUT("tcp dport 25-22 accept"), 4, 11, "Range has zero or negative size"},
    {INPUT("tcp dport 22,80 accept"), 4, 11, "Basetype"},
    {INPUT("tcp dport 22 udp dport 53 accept"), 4, 14, "conflicting protocols"},
    {INPUT("ip saddr 1.2.3.4 ip6 saddr ::1 accept"), 4, 18, "conflicting protocols"},
    {INPUT("ip saddr ::1 accept"), 4, 10, "Could not resolve hostname"},
    {INPUT("ip saddr 1.2.3.0/33 accept"), 4, 10, "Prefix length 33"},
    {INPUT("ip saddr . tcp dport 1.2.3.4 . 22 accept"), 4, 1, "Use concatenations"},
    {INPUT("ct state nwe accept"), 4, 10, "Could not parse conntrack state"},
    {INPUT("accept\naccept counter"), 5, 8, "Statement after terminal statement"},
    {INPUT("jump nowhere"), 4, 6, "No such file or directory"},
    {INPUT("jump c"), 4, 6, "Operation not supported"},
    {INPUT("ip saddr @nothing accept"), 4, 10, "No such file or directory"},
    {INPUT("tcp dport $ssh accept"), 4, 12, "unknown identifier 'ssh'"},
    {INPUT("iifname \"*\" accept"), 4, 9, "All-wildcard"},
    {INPUT("tcp dport 22 redirect to :2222"), 4, 14, "Operation not supported"},
    {INPUT("counter name x"), 4, 14, "No such file or directory"},
    {INPUT("tcp dport { 22,\n\n80 } accept"), 5, 1, "syntax error, unexpected newline"},
    {"table inet t { chain c { accept; } }\n", 1, 36, "syntax error, unexpected '}'"},
    {"table inet t {\nchain c {\naccept\n}\n", 5, 1, "syntax error, unexpected end of file"},
    {"table inet t {\n}\n}\n", 3, 1, "syntax error, unexpected '}'"},
    {"table inet t {\n}\n# no newline behind this", 3, 1, "syntax error, unexpected junk"},
    {"table inet t {\r\n}\r\n", 1, 15, "syntax error, unexpected junk"},
    {"flush table inet t\n", 1, 18, "No such file or directory"},
    {"delete table inet t\n", 1, 19, "No such file or directory"},
    {"create table t\ncreate table t\n", 2, 14, "File exists"},
    {"add rule t c accept\n", 1, 10, "No such file or directory"},
    {"define a = 1\ndefine a = 2\n", 2, 8, "redefinition of symbol 'a'"},
    {CHAIN("type filter hook input priority dstnat;", ""), 3, 24, "invalid priority"},
    {CHAIN("type filter hook inptu priority 0;", ""), 3, 18, "unknown chain hook"},
    {CHAIN("type filter hook input priority 0; policy reject;", ""), 3, 43, "syntax error"},
    {CHAIN("type nat hook forward priority 0;", ""), 3, 1, "Operation not supported"},
    {CHAIN("type filter hook ingress priority 0;", ""), 3, 1, "Missing `device'"},
    {CHAIN("policy drop;", ""), 2, 7, "Operation not supported"},
    {"table inet t {\nset s { type ipv4_addr; elements = { 10.0.0.0/8 }\n}\n}\n", 2, 38,
     "You must add 'flags interval'"},
    {"table inet t {\nset s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 10.1.0.0/16 }\n}\n}\n", 2, 66,
     "conflicting intervals"},
    {"table inet t {\nset s { type ipv4_address; }\n}\n", 2, 14, "unknown datatype ipv4_address"},
    {"table inet t {\nset s { flags interval; }\n}\n", 2, 5, "does not specify key"},
    {"table inet t {\nset s { type ipv4_addr; }\nchain c {\ntcp dport @s accept\n}\n}\n", 4, 11, "datatype mismatch"},
    {"table inet t {\nchain c {\ntype filter hook input priority 0;\njump d\n}\nchain d {\njump e\n}\nchain e {\ngoto "
     "d\n}\n}\n",
     7, 1, "Too many links"},
    {INPUT("iifname vmap { \"eth*\" : accept, eth0 : drop }"), 4, 33, "conflicting intervals"},
    {INPUT("ip saddr . tcp dport { 10.0.0.0/8 . 22, 10.1.0.0/16 . 22 } accept"), 4, 41, "File exists"},
    {"include \"nowhere.nft\"\n", 1, 9, "File not found: nowhere.nft"},
};

static void what_nft_refuses_changes_nothing(void **state)
{
	static const char before[] =
	    "table ip old {\nset s { type ipv4_addr; elements = { 192.0.2.1 }\n}\nchain c {\ntype "
	    "filter hook input priority 0; policy drop;\nip saddr @s accept\n}\n}\n";
	struct small_root *root = *state;

	put(root, "/etc/services", "ssh 22/tcp\n");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		static const char change[] =
		    "add element ip old s { 192.0.2.2 }\nadd rule ip old c accept\nadd table x\n";
		struct loaded loaded = {0};
		const struct load_note *note;
		char *text;

		load_into(&loaded, root->target, before, strlen(before));
		assert_null(refusal(&loaded));
		text = arena_printf(&loaded.arena, "%s%s", change, refused[i].text);
		load_into(&loaded, root->target, text, strlen(text));
		note = refusal(&loaded);
		if (!note || note->place.line != refused[i].line + 3 || note->place.column != refused[i].column ||
		    !strstr(note->message, refused[i].message))
			fail_msg("%s\nrefused at %u:%u: %s", refused[i].text, note ? note->place.line - 3 : 0,
				 note ? note->place.column : 0, note ? note->message : "not at all");
		assert_string_equal(note->place.path, "/etc/nftables.conf");
		ask(&loaded, &(struct question_case){"old", false, 22, NULL, "192.0.2.1", ""});
		assert_int_equal(loaded.ruleset.tables.count, 1);
		arena_release(&loaded.arena);
	}
}

static void what_depends_on_the_machine_is_said(void **state)
{
	static const char *const texts[] = {
	    INPUT("iif eth0 accept"),
	    INPUT("ip saddr gateway.example accept"),
	    INPUT("meta skuid nobody accept"),
	    "destroy table inet nothing\n",
	    INPUT("accept") "replace rule inet t c handle 2 drop\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct loaded loaded = {0};

		load_into(&loaded, NULL, texts[i], strlen(texts[i]));
		assert_int_equal(loaded.report.notes.count, 1);
		assert_int_equal(loaded.report.notes.items[0].outcome, LOAD_UNCERTAIN);
		arena_release(&loaded.arena);
	}
}

static void other_files_are_included(void **state)
{
	static const char text[] =
	    "include \"/etc/defines.nft\"\ninclude \"nftables.d/*.nft\"\ninclude \"/etc/none/*.nft\"\n"
	    "table inet t {\ninclude \"chain.nft\"\n}\n";
	struct small_root *root = *state;
	struct loaded loaded = {0};

	put(root, "/etc/defines.nft", "define port = 22\n");
	put(root, "/etc/nftables.d/a.nft", "define net = 10.0.0.0/8\n");
	put(root, "/etc/nftables.d/.hidden.nft", "garbage\n");
	put(root, "/etc/chain.nft",
	    "chain c {\n\ttype filter hook input priority 0; policy drop;\n\tip saddr $net tcp "
	    "dport $port accept\n}\n");
	load_into(&loaded, root->target, text, strlen(text));
	assert_int_equal(loaded.report.notes.count, 0);
	ask(&loaded, &(struct question_case){text, false, 22, NULL, "10.0.0.0/8", ""});
	assert_string_equal(loaded.ruleset.tables.items[0]->chains.items[0]->policy_place.path, "/etc/chain.nft");
	assert_int_equal(chain_rule(loaded.ruleset.tables.items[0]->chains.items[0], 0)->place.line, 3);
	assert_int_equal(chain_rule(loaded.ruleset.tables.items[0]->chains.items[0], 0)->place.column, 2);
	put(root, "/etc/chain.nft", "include \"chain.nft\"\n");
	load_into(&loaded, root->target, text, strlen(text));
	assert_non_null(strstr(refusal(&loaded)->message, "Include nested too deeply"));
	arena_release(&loaded.arena);
}

static void service_names_are_the_targets(void **state)
{
	static const char text[] = INPUT("tcp dport secure-shell accept");
	struct small_root *root = *state;
	struct loaded loaded = {0};

	load_into(&loaded, root->target, text, strlen(text));
	assert_non_null(refusal(&loaded));
	loaded.report.notes.count = 0;
	put(root, "/etc/services", "# x\nssh\t22/tcp  shell secure-shell # y\n");
	load_into(&loaded, root->target, text, strlen(text));
	assert_null(refusal(&loaded));
	ask(&loaded, &(struct question_case){text, true, 22, NULL, "all", ""});
	arena_release(&loaded.arena);
}

/* --- size and hostility ---------------------------------------------------- */

static void many_rules_and_elements(void **state)
{
	enum {
		COUNT = 100 * 1000
	};
	struct loaded loaded = {0};
	struct text text = {.arena = &loaded.arena};

	(void)state;
	text_add_string(&text, "table inet t {\nset s { type ipv4_addr; flags interval; elements = {\n");
	for (unsigned i = 0; i < COUNT; i++)
		text_printf(&text, "10.%u.%u.%u/32,\n", i >> 15, i >> 7 & 255, (i << 1) & 255);
	text_add_string(&text,
			"}\n}\nchain c {\ntype filter hook input priority 0; policy drop;\nip saddr @s accept\n");
	for (unsigned i = 0; i < COUNT; i++)
		text_printf(&text, "ip saddr 11.%u.%u.%u tcp dport { 22, 80 } drop\n", i >> 16, i >> 8 & 255, i & 255);
	text_add_string(&text, "ip saddr 11.0.0.0/8 accept\n}\n}\n");
	load_into(&loaded, NULL, text.data, text.size);
	assert_int_equal(loaded.report.notes.count, 0);
	assert_int_equal(loaded.ruleset.tables.items[0]->sets.items[0]->elements.count, COUNT);
	assert_int_equal(chain_rule_count(loaded.ruleset.tables.items[0]->chains.items[0]), COUNT + 2);
	arena_release(&loaded.arena);
}

static const char good[] =
    "#!/usr/sbin/nft -f\nflush ruleset\ndefine net = { 10.0.0.0/8, 192.0.2.0-192.0.2.9 }\n"
    "table inet t {\n\tcounter n { packets 1 bytes 2; }\n\tset s { type ipv4_addr . inet_service; flags interval\n\t\t"
    "elements = { 10.0.0.0/8 . 22, 192.0.2.1 . 80-90 comment \"x\" }\n\t}\n\tmap m { type inet_service : verdict; "
    "elements = { 22 : jump a, 80 : drop, * : return }\n\t}\n\tchain a {\n\t\tip saddr $net counter name n accept\n\t}\n"
    "\tchain c {\n\t\ttype filter hook input priority filter + 1; policy drop;\n\t\tct state vmap { established : "
    "accept, invalid : drop }\n\t\ttcp flags & (fin|syn) == syn / fin,syn tcp dport vmap @m\n\t\tip6 saddr { fe80::/10, "
    "::1 } th dport 22 log prefix \"in \" limit rate 5/minute burst 2 packets accept\n\t\tmeta mark set ct mark & 0xff | "
    "0x1 add @s { ip saddr . tcp dport timeout 1m }\n\t\tjump { reject with icmpx type admin-prohibited; }\n\t}\n}\n"
    "add rule inet t c tcp dport 2222 accept\ndelete element inet t m { 80 : drop }\n";

static void no_beginning_of_a_file_does_harm(void **state)
{
	struct small_root *root = *state;

	for (size_t size = 0; size < strlen(good); size++) {
		struct loaded loaded = {0};
		/* A copy of its own size, so that the sanitizer sees every step too far. */
		char *part = arena_memdup(&loaded.arena, good, size);

		load_into(&loaded, root->target, part, size);
		arena_release(&loaded.arena);
	}
}

static void no_damage_does_harm(void **state)
{
	static const char signs[] = "\0{}()\"$@;\n\\#*,.:/-&|!=<>\377 a1";
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		struct loaded loaded = {0};
		char *text = arena_memdup(&loaded.arena, good, strlen(good));

		for (unsigned i = 0; i <= round % 4; i++) {
			random = random * 1664525 + 1013904223;
			text[(random >> 8) % strlen(good)] = signs[(random >> 3) % (sizeof(signs) - 1)];
		}
		load_into(&loaded, NULL, text, strlen(good));
		arena_release(&loaded.arena);
	}
}

static void nesting_has_a_bound(void **state)
{
	static const char *const openings[] = {"ip saddr { ", "(", "jump {\n", "ip saddr {"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		struct loaded loaded = {0};
		struct text text = {.arena = &loaded.arena};

		text_add_string(&text, "table inet t {\nchain c {\n");
		for (unsigned depth = 0; depth < 20000; depth++)
			text_add_string(&text, depth && i == 3 ? "{" : openings[i]);
		text_add_string(&text, "\n}\n}\n");
		load_into(&loaded, NULL, text.data, text.size);
		assert_non_null(refusal(&loaded));
		arena_release(&loaded.arena);
	}
}

/* Each variable holds the one before it twice. */
static void variables_do_not_explode(void **state)
{
	struct loaded loaded = {0};
	struct text text = {.arena = &loaded.arena};

	(void)state;
	text_add_string(&text, "define v0 = { 10.0.0.1, 10.0.0.2 }\n");
	for (unsigned i = 1; i < 40; i++)
		text_printf(&text, "define v%u = { $v%u, $v%u }\n", i, i - 1, i - 1);
	text_add_string(&text, "table inet t {\nchain c {\nip saddr $v39 accept\n}\n}\n");
	load_into(&loaded, NULL, text.data, text.size);
	assert_non_null(refusal(&loaded));
	arena_release(&loaded.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_and_protocols),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(named_sets),
	    cmocka_unit_test(interfaces),
	    cmocka_unit_test(connection_tracking_and_flags),
	    cmocka_unit_test(marks_and_translation),
	    cmocka_unit_test(chains_and_commands),
	    cmocka_unit_test_setup_teardown(what_nft_refuses_changes_nothing, small_root_setup, small_root_teardown),
	    cmocka_unit_test(what_depends_on_the_machine_is_said),
	    cmocka_unit_test_setup_teardown(other_files_are_included, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(service_names_are_the_targets, small_root_setup, small_root_teardown),
	    cmocka_unit_test(many_rules_and_elements),
	    cmocka_unit_test_setup_teardown(no_beginning_of_a_file_does_harm, small_root_setup, small_root_teardown),
	    cmocka_unit_test(no_damage_does_harm),
	    cmocka_unit_test(nesting_has_a_bound),
	    cmocka_unit_test(variables_do_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
