/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "base/text.h"
#include "filter/evaluate.h"
#include "parse/firewalld.h"
#include "stage/firewall.h"
#include "target/staged.h"

#define ZONES "/etc/firewalld/zones/"
#define VENDOR_ZONES "/usr/lib/firewalld/zones/"
#define VERSION_FILE "/usr/lib/python3/dist-packages/firewall/config/__init__.py"

struct file {
	const char *path, *text;
};

/* The files of firewalld's package, as far as the tests name them. */
static const struct file vendor_files[] = {
    {VERSION_FILE, "# configuration\nVERSION = '1.3.3'\n"},
    {"/etc/firewalld/firewalld.conf", "DefaultZone=public\n"},
    {"/etc/services", "ssh\t\t22/tcp\t\t\t\t# SSH Remote Login Protocol\nssh-http 8022/tcp\nhttp\t80/tcp\twww\n"},
    {"/etc/protocols", "icmp\t1\tICMP\ntcp\t6\tTCP\nesp\t50\tIPSEC-ESP\n"},
    {VENDOR_ZONES "public.xml", "<zone>\n  <service name=\"ssh\"/>\n  <service name=\"dhcpv6-client\"/>\n</zone>\n"},
    {VENDOR_ZONES "block.xml", "<zone target=\"%%REJECT%%\">\n</zone>\n"},
    {VENDOR_ZONES "drop.xml", "<zone target=\"DROP\">\n</zone>\n"},
    {VENDOR_ZONES "trusted.xml", "<zone target=\"ACCEPT\">\n</zone>\n"},
    {"/usr/lib/firewalld/services/ssh.xml", "<service>\n  <port protocol=\"tcp\" port=\"22\"/>\n</service>\n"},
    {"/usr/lib/firewalld/services/dhcpv6-client.xml",
     "<service><port protocol=\"udp\" port=\"546\"/><destination ipv6=\"fe80::/64\"/></service>\n"},
    {"/usr/lib/firewalld/icmptypes/echo-request.xml", "<icmptype/>\n"},
    {"/usr/lib/firewalld/icmptypes/redirect.xml", "<icmptype><destination ipv4=\"yes\"/></icmptype>\n"},
};

struct loaded {
	struct ruleset ruleset;
	struct load_report report;
};

static void load_with(struct small_root *root, const struct file *files, size_t count,
		      const zone_binding_list *bindings, struct loaded *ret)
{
	*ret = (struct loaded){.ruleset.arena = &root->arena};
	for (size_t i = 0; i < ARRAY_SIZE(vendor_files); i++)
		put(root, vendor_files[i].path, vendor_files[i].text);
	for (size_t i = 0; i < count && files[i].path; i++) {
		if (files[i].text)
			put(root, files[i].path, files[i].text);
		else
			drop(root, files[i].path);
	}
	firewalld_load(root->target, &ret->ruleset, bindings, &ret->report);
}

static void load(struct small_root *root, const struct file *files, size_t count, struct loaded *ret)
{
	const zone_binding_list nothing = {0};

	load_with(root, files, count, &nothing, ret);
}

/* 'o', 'c' or '?' for a client. */
static char luck(struct small_root *root, const struct loaded *loaded, const char *client, const char *interface,
		 unsigned port)
{
	local_address_list local = {0};
	struct question question = {.ipv6 = strchr(client, ':'),
				    .port = port,
				    .ports = &question.port,
				    .port_count = 1,
				    .interface = interface,
				    .local = &local,
				    .local_complete = true};
	struct local_address own = {.ipv6 = question.ipv6};
	struct evaluation evaluation;
	struct number number;

	assert_true(address_parse(question.ipv6 ? "2001:db8::10" : "192.0.2.10", question.ipv6, &own.first));
	own.last = own.first;
	*array_push(&root->arena, &local) = own;
	assert_true(address_parse(client, question.ipv6, &number));
	evaluate(&loaded->ruleset, &question, &root->arena, &evaluation);
	for (size_t i = 0; i < evaluation.ranges.count; i++) {
		const struct passage_range *range = &evaluation.ranges.items[i];

		if (number_compare(range->first, number) <= 0 && number_compare(number, range->last) <= 0)
			return "oc?"[range->passage];
	}
	return ' ';
}

/* "o 192.0.2.7, c eth1 10.0.0.1, ? 8.8.8.8 2222": luck, interface if any, client, port if any. */
static void expect(struct small_root *root, const struct loaded *loaded, const char *name, const char *expected)
{
	char *rest = arena_strdup(&root->arena, expected), *item;

	while ((item = strsep(&rest, ","))) {
		char *words[4] = {0}, *word;
		const char *interface = "*", *port;
		size_t count = 0, client = 1;
		char found;

		while ((word = strsep(&item, " "))) {
			if (*word && count < ARRAY_SIZE(words))
				words[count++] = word;
		}
		assert_true(count >= 2);
		if (!strpbrk(words[1], ".:"))
			interface = words[client++];
		port = client + 1 < count ? words[client + 1] : "22";
		found = luck(root, loaded, words[client], interface, (unsigned)atoi(port));
		if (found != *words[0])
			fail_msg("%s: %s at %s, port %s is %c, not %s", name, words[client], interface, port, found,
				 words[0]);
	}
}

/* note: "PATH:LINE" of the first note, or NULL: there is none. */
static void expect_note(struct small_root *root, const struct loaded *loaded, const char *name, const char *note,
			const char *message)
{
	const struct load_note *first = loaded->report.notes.items;

	if (!note) {
		if (loaded->report.notes.count)
			fail_msg("%s: %s:%u: %s", name, first->place.path, first->place.line, first->message);
		return;
	}
	if (!loaded->report.notes.count)
		fail_msg("%s: nothing is noted", name);
	assert_string_equal(arena_printf(&root->arena, "%s:%u", first->place.path, first->place.line), note);
	if (message && !strstr(first->message, message))
		fail_msg("%s: \"%s\" is not in \"%s\"", name, message, first->message);
}

struct firewalld_case {
	const char *name;
	struct file files[6];
	const char *expected;
	const char *note, *message;
};

static void check(void **state, const struct firewalld_case *cases, size_t count)
{
	small_root_teardown(state);
	for (size_t i = 0; i < count; i++) {
		struct loaded loaded;

		small_root_setup(state);
		load(*state, cases[i].files, ARRAY_SIZE(cases[i].files), &loaded);
		expect_note(*state, &loaded, cases[i].name, cases[i].note, cases[i].message);
		expect(*state, &loaded, cases[i].name, cases[i].expected);
		if (i + 1 < count)
			small_root_teardown(state);
	}
}

#define CHECK(state, cases) check((state), (cases), ARRAY_SIZE(cases))
#define ZONE(body) "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<zone>\n" body "</zone>\n"

static void zones_let_in(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"the package alone", {{0}}, "o 8.8.8.8, o 2001:db8:9::1, c 8.8.8.8 2222", NULL, NULL},
	    {"no settings", {{"/etc/firewalld/firewalld.conf", NULL}}, "o 8.8.8.8", NULL, NULL},
	    {"the user's zone comes first", {{ZONES "public.xml", ZONE("")}}, "c 8.8.8.8", NULL, NULL},
	    {"a port", {{ZONES "public.xml", ZONE("<port port='22' protocol='tcp'/>\n")}}, "o 8.8.8.8", NULL, NULL},
	    {"a range", {{ZONES "public.xml", ZONE("<port port='20-25' protocol='tcp'/>\n")}}, "o 8.8.8.8", NULL, NULL},
	    {"a range, the wrong way round",
	     {{ZONES "public.xml", ZONE("<port port='25-20' protocol='tcp'/>\n")}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"another protocol",
	     {{ZONES "public.xml", ZONE("<port port='22' protocol='udp'/>\n")}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"a port's name",
	     {{ZONES "public.xml", ZONE("<port port='ssh' protocol='tcp'/>\n")}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"one name or two",
	     {{ZONES "public.xml", ZONE("<port port='ssh-http' protocol='tcp'/>\n")}},
	     "c 8.8.8.8, o 8.8.8.8 8022",
	     NULL,
	     NULL},
	    {"all of TCP", {{ZONES "public.xml", ZONE("<protocol value='tcp'/>\n")}}, "o 8.8.8.8", NULL, NULL},
	    {"from high ports",
	     {{ZONES "public.xml", ZONE("<source-port port='1024-65535' protocol='tcp'/>\n")}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"from a low port",
	     {{ZONES "public.xml", ZONE("<source-port port='53' protocol='tcp'/>\n")}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"another default zone",
	     {{"/etc/firewalld/firewalld.conf", "DefaultZone = drop\n"}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"the first of two settings",
	     {{"/etc/firewalld/firewalld.conf", "#DefaultZone=drop\nDefaultZone=trusted\nDefaultZone=drop\n"}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"a default zone that is not there",
	     {{"/etc/firewalld/firewalld.conf", "\nDefaultZone=nowhere\n"}},
	     "o 8.8.8.8",
	     "/etc/firewalld/firewalld.conf:2",
	     "Using 'public'"},
	    {"target default is none", {{ZONES "public.xml", "<zone target='default'/>"}}, "c 8.8.8.8", NULL, NULL},
	    {"files of a directory are one zone",
	     {{ZONES "public/a.xml", ZONE("<port port='22' protocol='tcp'/>\n")},
	      {ZONES "public/b.xml", "<zone target='ACCEPT'/>"}},
	     "o 8.8.8.8, c 8.8.8.8 23",
	     NULL,
	     NULL},
	    {"a vendor's directory is not looked into",
	     {{VENDOR_ZONES "public/a.xml", "<zone target='DROP'/>"}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"the other backend",
	     {{"/etc/firewalld/firewalld.conf", "FirewallBackend=iptables\n"}, {"/usr/sbin/iptables-restore", ""}},
	     "o 8.8.8.8, o 2001:db8:9::1, c 2001:db8:9::1 23",
	     NULL,
	     NULL},
	    {"the other backend is not there",
	     {{"/etc/firewalld/firewalld.conf", "DefaultZone=drop\nFirewallBackend=iptables\n"}},
	     "o 8.8.8.8",
	     "/etc/firewalld/firewalld.conf:2",
	     "backend"},
	    {"its name in other letters",
	     {{"/etc/firewalld/firewalld.conf", "DefaultZone=drop\nFirewallBackend=NFTables\n"}},
	     "o 8.8.8.8",
	     "/etc/firewalld/firewalld.conf:2",
	     "backend"},
	};

	CHECK(state, cases);
}

static void packets_find_their_zone(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"by interface",
	     {{ZONES "drop.xml", "<zone target='DROP'><interface name='eth1'/></zone>"}},
	     "o eth0 8.8.8.8, c eth1 8.8.8.8",
	     NULL,
	     NULL},
	    {"by the beginning of its name",
	     {{ZONES "drop.xml", "<zone target='DROP'><interface name='wg+'/></zone>"}},
	     "o eth0 8.8.8.8, c wg0 8.8.8.8",
	     NULL,
	     NULL},
	    {"by source, before the interface",
	     {{ZONES "drop.xml", "<zone target='DROP'><interface name='eth0'/></zone>"},
	      {ZONES "trusted.xml", "<zone target='ACCEPT'><source address='192.0.2.0/24'/></zone>"}},
	     "o eth0 192.0.2.7, c eth0 8.8.8.8, o eth1 8.8.8.8",
	     NULL,
	     NULL},
	    {"sources by the name of their zone",
	     {{ZONES "drop.xml", "<zone target='DROP'><source address='10.1.0.0/16'/></zone>"},
	      {ZONES "block.xml", "<zone target='ACCEPT'><source address='10.0.0.0/255.0.0.0'/></zone>"}},
	     "o 10.1.2.3, o 10.2.2.3",
	     NULL,
	     NULL},
	    {"the last interface first",
	     {{ZONES "drop.xml", "<zone target='DROP'><interface name='eth+'/></zone>"},
	      {ZONES "trusted.xml", "<zone target='ACCEPT'><interface name='eth0'/></zone>"}},
	     "o eth0 8.8.8.8, c eth1 8.8.8.8",
	     NULL,
	     NULL},
	    {"by an ipset",
	     {{ZONES "trusted.xml", "<zone target='ACCEPT'><source ipset='friends'/></zone>"},
	      {ZONES "public.xml", ZONE("")},
	      {"/etc/firewalld/ipsets/friends.xml", "<ipset type='hash:net'><entry>192.0.2.0/24</entry></ipset>"}},
	     "o 192.0.2.7, c 8.8.8.8, c 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"by an ipset with ports",
	     {{ZONES "trusted.xml", "<zone target='ACCEPT'><source ipset='friends'/></zone>"},
	      {ZONES "public.xml", ZONE("")},
	      {"/etc/firewalld/ipsets/friends.xml",
	       "<ipset type='hash:net,port'><option name='family' value='inet6'/>\n"
	       "<entry>fd00::/8,tcp:1024-65535</entry><entry>fc00::/8,udp:1-65535</entry></ipset>"}},
	     "o fd00::7, c fc00::7, c 192.0.2.7",
	     NULL,
	     NULL},
	    {"by the hardware's address",
	     {{ZONES "trusted.xml", "<zone target='ACCEPT'><source address='00:11:22:33:44:55'/></zone>"},
	      {ZONES "public.xml", ZONE("")}},
	     "? 192.0.2.7",
	     NULL,
	     NULL},
	    {"since 2.0, by priority",
	     {{VERSION_FILE, "\nVERSION = '2.3.1'\n"},
	      {ZONES "drop.xml", "<zone target='DROP' ingress-priority='-5'><interface name='eth0'/></zone>"},
	      {ZONES "trusted.xml", "<zone target='ACCEPT'><source address='192.0.2.0/24'/></zone>"}},
	     "c eth0 192.0.2.7, o eth1 192.0.2.7",
	     NULL,
	     NULL},
	};

	CHECK(state, cases);
}

static void interfaces_that_others_bind(void **state)
{
	static const struct file files[] = {{ZONES "drop.xml", "<zone target='DROP'><interface name='eth0'/></zone>"}};
	static const struct zone_binding items[] = {{"eth0", "trusted"}, {"eth1", "drop"}, {"eth2", "nowhere"}};
	const zone_binding_list bindings = {.items = (struct zone_binding *)items, .count = ARRAY_SIZE(items)};
	struct loaded loaded;

	load_with(*state, files, ARRAY_SIZE(files), &bindings, &loaded);
	expect_note(*state, &loaded, "bindings", NULL, NULL);
	expect(*state, &loaded, "bindings", "o eth0 8.8.8.8 23, c eth1 8.8.8.8, o eth2 8.8.8.8, c eth2 8.8.8.8 23");
}

#define RULE(body) "<rule family='ipv4'>" body "</rule>\n"

static void rich_rules(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"accept from a network",
	     {{ZONES "public.xml",
	       ZONE(RULE("<source address='192.0.2.0/24'/><port port='22' protocol='tcp'/><accept/>"))}},
	     "o 192.0.2.7, c 8.8.8.8, c 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"accept from elsewhere",
	     {{ZONES "public.xml",
	       ZONE(RULE("<source address='192.0.2.0/24' invert='True'/><service name='ssh'/><accept/>"))}},
	     "c 192.0.2.7, o 8.8.8.8, c 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"deny comes before allow",
	     {{ZONES "public.xml", ZONE("<service name='ssh'/>\n" RULE("<source address='192.0.2.0/24'/><drop/>"))}},
	     "c 192.0.2.7, o 8.8.8.8",
	     NULL,
	     NULL},
	    {"before both, by priority",
	     {{ZONES "public.xml",
	       ZONE("<rule family='ipv4' priority='-1'><source address='192.0.2.7'/><accept/></rule>\n" RULE(
		   "<source address='192.0.2.0/24'/><drop/>"))}},
	     "o 192.0.2.7, c 192.0.2.8",
	     NULL,
	     NULL},
	    {"lower priorities first",
	     {{ZONES "public.xml", ZONE("<rule priority='-1'><service name='ssh'/><accept/></rule>\n"
					"<rule priority='-2'><service name='ssh'/><reject/></rule>\n")}},
	     "c 192.0.2.7",
	     NULL,
	     NULL},
	    {"after allow",
	     {{ZONES "public.xml", ZONE("<service name='ssh'/><rule priority='1'><drop/></rule>\n")}},
	     "o 192.0.2.7",
	     NULL,
	     NULL},
	    {"a limit lets a first packet in",
	     {{ZONES "public.xml", ZONE("<rule><service name='ssh'/><accept><limit value='1/m'/></accept></rule>\n")}},
	     "o 192.0.2.7",
	     NULL,
	     NULL},
	    {"to this address",
	     {{ZONES "public.xml", ZONE(RULE("<destination address='192.0.2.10'/><accept/>"))}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"to another address",
	     {{ZONES "public.xml", ZONE(RULE("<destination address='192.0.2.11'/><accept/>"))}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"the other family",
	     {{ZONES "public.xml", ZONE("<rule family='ipv6'><service name='ssh'/><accept/></rule>\n")}},
	     "c 8.8.8.8, o 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"translated to itself",
	     {{ZONES "public.xml",
	       ZONE(RULE("<forward-port port='22' protocol='tcp' to-port='23'/>") "<service name='ssh'/>\n")}},
	     "c 8.8.8.8, o 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"without a family",
	     {{ZONES "public.xml", ZONE("<rule><source address='192.0.2.0/24'/><accept/></rule>\n")}},
	     "c 192.0.2.7",
	     ZONES "public.xml:3",
	     "MISSING_FAMILY"},
	    {"with two elements",
	     {{ZONES "public.xml",
	       ZONE(
		   "<service name='ssh'/>\n<rule><service name='ssh'/><port port='1' protocol='tcp'/><drop/></rule>\n")}},
	     "o 192.0.2.7",
	     ZONES "public.xml:4",
	     "More than one element"},
	    {"what follows an action outside of rules is skipped",
	     {{ZONES "public.xml", ZONE("<accept/>\n<service name='ssh'/>\n")}},
	     "c 192.0.2.7",
	     ZONES "public.xml:3",
	     "Action outside of rule"},
	    {"until a rule ends",
	     {{ZONES "public.xml", ZONE("<accept/><rule/>\n<service name='ssh'/>\n")}},
	     "o 192.0.2.7",
	     ZONES "public.xml:3",
	     "Action outside of rule"},
	};

	CHECK(state, cases);
}

static void services(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"the user's comes first",
	     {{"/etc/firewalld/services/ssh.xml", "<service><port port='2222' protocol='tcp'/></service>"}},
	     "c 8.8.8.8, o 8.8.8.8 2222",
	     NULL,
	     NULL},
	    {"included",
	     {{ZONES "public.xml", ZONE("<service name='mine'/>\n")},
	      {"/etc/firewalld/services/mine.xml", "<service><include service='other'/></service>"},
	      {"/etc/firewalld/services/other.xml",
	       "<service><include service='mine'/><include service='ssh'/></service>"}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"to a destination",
	     {{"/etc/firewalld/services/ssh.xml",
	       "<service><port port='22' protocol='tcp'/><destination ipv4='192.0.2.10' ipv6='ff02::1'/></service>"}},
	     "o 8.8.8.8, c 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"that is not there",
	     {{ZONES "work.xml", ZONE("<service name='nothing'/>\n")}, {ZONES "public.xml", ZONE("")}},
	     "o 8.8.8.8",
	     ZONES "work.xml:3",
	     "'nothing' not among existing services; firewalld ignores all of /etc/firewalld"},
	    {"that includes what is not there",
	     {{"/etc/firewalld/services/mine.xml", "<service>\n<include service='nothing'/></service>"}},
	     "o 8.8.8.8",
	     "/etc/firewalld/services/mine.xml:2",
	     "not found"},
	    {"in a rich rule of a zone that is not used",
	     {{ZONES "work.xml", ZONE("<rule><service name='nothing'/><accept/></rule>\n")}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"in a rich rule of one that is",
	     {{ZONES "public.xml", ZONE("\n<rule><service name='nothing'/><accept/></rule>\n")}},
	     "o 8.8.8.8",
	     ZONES "public.xml:4",
	     "INVALID_SERVICE"},
	};

	CHECK(state, cases);
}

#define POLICY(attributes, body) \
	"<policy " attributes ">\n<ingress-zone name='ANY'/>" body "<egress-zone name='HOST'/></policy>\n"

static void policies(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"before the zone",
	     {{"/etc/firewalld/policies/p.xml", POLICY("target='DROP' priority='-1'", "")}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"after the zone",
	     {{"/etc/firewalld/policies/p.xml", POLICY("target='DROP' priority='1'", "")}},
	     "o 8.8.8.8, c 8.8.8.8 23",
	     NULL,
	     NULL},
	    {"before the zone's target",
	     {{"/etc/firewalld/policies/p.xml", POLICY("target='ACCEPT' priority='1'", "")}},
	     "o 8.8.8.8 23",
	     NULL,
	     NULL},
	    {"one before the other",
	     {{"/etc/firewalld/policies/p.xml", POLICY("target='DROP' priority='-2'", "")},
	      {"/etc/firewalld/policies/q.xml", POLICY("target='ACCEPT' priority='-3'", "")}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"its own rules",
	     {{"/etc/firewalld/policies/p.xml",
	       POLICY("target='CONTINUE'", RULE("<source address='192.0.2.0/24'/><reject/>"))}},
	     "o 8.8.8.8, c 192.0.2.7",
	     NULL,
	     NULL},
	    {"for an interface's zone",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'><ingress-zone name='work'/><egress-zone name='HOST'/></policy>"},
	      {ZONES "work.xml", ZONE("<interface name='eth1'/><service name='ssh'/>\n")}},
	     "o eth0 8.8.8.8, c eth1 8.8.8.8",
	     NULL,
	     NULL},
	    {"the default zone counts for none until 2.0",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'><ingress-zone name='public'/><egress-zone name='HOST'/></policy>"}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"unless NetworkManager puts an interface there",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'><ingress-zone name='public'/><egress-zone name='HOST'/></policy>"},
	      {"/usr/sbin/NetworkManager", ""}},
	     "? 8.8.8.8",
	     NULL,
	     NULL},
	    {"since 2.0 it does",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'><ingress-zone name='public'/><egress-zone name='HOST'/></policy>"},
	      {VERSION_FILE, "\nVERSION = '2.1.0'\n"}},
	     "c 8.8.8.8",
	     NULL,
	     NULL},
	    {"forwarding is another matter",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'><ingress-zone name='ANY'/><egress-zone name='ANY'/></policy>"}},
	     "o 8.8.8.8",
	     NULL,
	     NULL},
	    {"a zone that is not there",
	     {{"/etc/firewalld/policies/p.xml",
	       "<policy target='DROP'>\n<ingress-zone name='nothing'/><egress-zone name='HOST'/></policy>"}},
	     "o 8.8.8.8",
	     "/etc/firewalld/policies/p.xml:2",
	     "not among existing zones"},
	    {"a zone's name",
	     {{"/etc/firewalld/policies/public.xml", POLICY("target='DROP'", "")}},
	     "o 8.8.8.8",
	     VENDOR_ZONES "public.xml:1",
	     "same name"},
	};

	CHECK(state, cases);
}

/* All of these make firewalld go on with the package's files, where SSH is let in. */
static void what_is_refused(void **state)
{
	static const struct {
		const char *path, *text;
		unsigned line;
		const char *message;
	} refused[] = {
	    {ZONES "public.xml", "", 1, "no element found"},
	    {ZONES "public.xml", "<zone>\n", 2, "no element found"},
	    {ZONES "public.xml", "<zone>\n<service name='ssh'>\n</zone>", 3, "mismatched tag"},
	    {ZONES "public.xml", "<zone/>\n<zone/>", 2, "junk after document element"},
	    {ZONES "public.xml", "<zone>&nothing;</zone>", 1, "undefined entity"},
	    {ZONES "public.xml", "<zone>\n<nonsense/></zone>", 2, "Unexpected element nonsense"},
	    {ZONES "public.xml", "<zone\nnonsense='1'/>", 1, "zone: Unexpected attribute nonsense"},
	    {ZONES "public.xml", "<zone ingress-priority='1'/>", 1, "Unexpected attribute ingress-priority"},
	    {ZONES "public.xml", "<zone target='REJECT'/>", 1, "INVALID_TARGET"},
	    {ZONES "public.xml", "<zone>\n<service/></zone>", 2, "Missing attribute name for service"},
	    {ZONES "public.xml", "<zone>\n<port port='x' protocol='tcp'/></zone>", 2, "INVALID_PORT"},
	    {ZONES "public.xml", "<zone>\n<port port='65536' protocol='tcp'/></zone>", 2, "INVALID_PORT"},
	    {ZONES "public.xml", "<zone>\n<port port='22' protocol='icmp'/></zone>", 2, "INVALID_PROTOCOL"},
	    {ZONES "public.xml", "<zone>\n<protocol value='x'/></zone>", 2, "INVALID_PROTOCOL"},
	    {ZONES "public.xml", "<zone>\n<source address='1.2.3'/></zone>", 2, "INVALID_ADDR"},
	    {ZONES "public.xml", "<zone>\n<source ipset='x'/></zone>", 2, "INVALID_IPSET"},
	    {ZONES "public.xml", "<zone>\n<interface name='a b'/></zone>", 2, "INVALID_INTERFACE"},
	    {ZONES "public.xml", "<zone>\n<interface name='abcdefghijklmnop'/></zone>", 2, "too long"},
	    {ZONES "public.xml", "<zone>\n<icmp-block name='x'/></zone>", 2, "INVALID_ICMPTYPE"},
	    {ZONES "public.xml", "<zone>\n<forward-port port='22' protocol='tcp'/></zone>", 2, "INVALID_FORWARD"},
	    {ZONES "public.xml", "<zone>\n<rule priority='x'/></zone>", 2, "not a number"},
	    {ZONES "public.xml", "<zone><rule>\n<source/></rule></zone>", 2, "no address, mac and ipset"},
	    {ZONES "public.xml", "<zone>\n<rule><service name='ssh'/><log prefix='a=b'/><drop/></rule></zone>", 2, "="},
	    {ZONES "public.xml", "<zone>\n<rule family='ipv6'><icmp-type name='redirect'/><drop/></rule></zone>", 2,
	     "conflicts"},
	    {ZONES "public.xml",
	     "<zone>\n<rule family='ipv4'><port port='1' protocol='udp'/><reject type='tcp-reset'/></rule></zone>", 2,
	     "tcp reset"},
	    {ZONES "my.zone.xml", "<zone/>", 0, "INVALID_NAME"},
	    {ZONES "eighteen-letters-1.xml", "<zone/>", 0, "INVALID_NAME"},
	    {"/etc/firewalld/services/a b.xml", "<service/>", 0, "INVALID_NAME"},
	    {"/etc/firewalld/services/x.xml", "<service>\n<port port='22'/></service>", 2, "Missing attribute"},
	    {"/etc/firewalld/services/x.xml", "<service>\n<destination ipv4='x'/></service>", 2, "INVALID_ADDR"},
	    {"/etc/firewalld/ipsets/x.xml", "<ipset/>", 1, "Missing attribute type"},
	    {"/etc/firewalld/ipsets/x.xml", "<ipset type='hash:all'/>", 1, "INVALID_TYPE"},
	    {"/etc/firewalld/ipsets/x.xml", "<ipset type='hash:ip'>\n<option name='x' value='1'/></ipset>", 2,
	     "INVALID"},
	    {"/etc/firewalld/ipsets/x.xml",
	     "<ipset type='hash:net'><entry>10.0.0.0/8</entry>\n<entry>10.1.0.0/16</entry></ipset>", 2, "conflicting"},
	    {"/etc/firewalld/icmptypes/x.xml", "<icmp/>", 1, "Unexpected element"},
	    {"/etc/firewalld/helpers/x.xml", "<helper module='ftp'/>", 1, "INVALID_MODULE"},
	    {"/etc/firewalld/policies/x.xml", "<policy/>", 1, "Missing attribute target"},
	    {"/etc/firewalld/policies/x.xml", POLICY("target='DROP' priority='99999'", ""), 1, "priority"},
	};
	static const struct file closed = {ZONES "drop.xml", "<zone target='DROP'><interface name='eth0'/></zone>"};

	small_root_teardown(state);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct file files[] = {closed, {refused[i].path, refused[i].text}};
		struct small_root *root;
		struct loaded loaded;

		small_root_setup(state);
		root = *state;
		load(root, files, ARRAY_SIZE(files), &loaded);
		expect_note(root, &loaded, refused[i].text,
			    arena_printf(&root->arena, "%s:%u", refused[i].path, refused[i].line), refused[i].message);
		assert_int_equal(loaded.report.notes.items[0].outcome, LOAD_REFUSED);
		expect(root, &loaded, refused[i].text, "o eth0 8.8.8.8, c eth0 8.8.8.8 23");
		if (i + 1 < ARRAY_SIZE(refused))
			small_root_teardown(state);
	}
}

static void what_is_refused_as_a_whole(void **state)
{
	static const struct firewalld_case cases[] = {
	    {"an interface in two zones",
	     {{ZONES "drop.xml", "<zone target='DROP'><interface name='eth0'/></zone>"},
	      {ZONES "work.xml", "<zone>\n<interface name='eth0'/></zone>"}},
	     "o eth0 8.8.8.8",
	     ZONES "work.xml:2",
	     "already bound to zone 'drop'"},
	    {"a source in two zones",
	     {{ZONES "drop.xml", "<zone target='DROP'><source address='10.0.0.0/8'/></zone>"},
	      {ZONES "work.xml", "<zone>\n<source address='10.0.0.0/8'/></zone>"}},
	     "o 10.0.0.1",
	     ZONES "work.xml:2",
	     "already bound to zone 'drop'"},
	    {"without the package's zones there is no firewall",
	     {{VENDOR_ZONES "block.xml", NULL}},
	     "o 8.8.8.8 23",
	     "/usr/lib/firewalld/zones:0",
	     NULL},
	    {"before 1.2 nobody knows",
	     {{ZONES "public.xml", "<zone>"}, {VERSION_FILE, "\nVERSION = '0.9.3'\n"}},
	     "? 8.8.8.8",
	     ZONES "public.xml:1",
	     NULL},
	    {"a newer firewalld may know the element",
	     {{ZONES "public.xml", "<zone><novelty/></zone>"}, {VERSION_FILE, "\nVERSION = '2.5.0'\n"}},
	     "? 8.8.8.8",
	     ZONES "public.xml:1",
	     "Unexpected element"},
	};

	CHECK(state, cases);
}

static void entities(void **state)
{
	struct small_root *root = *state;
	struct text many = {.arena = &root->arena};
	struct file files[] = {
	    {ZONES "public.xml", "<!DOCTYPE zone [<!ENTITY e 'ssh'>]><zone><service name='&e;'/></zone>"}};
	struct loaded loaded;

	load(root, files, 1, &loaded);
	expect_note(root, &loaded, "one entity", NULL, NULL);
	expect(root, &loaded, "one entity", "o 8.8.8.8, c 8.8.8.8 23");
	files[0].text = "<!DOCTYPE zone [<!ENTITY e SYSTEM '/etc/passwd'>]><zone><short>&e;</short>"
			"<service name='ssh'/></zone>";
	load(root, files, 1, &loaded);
	expect_note(root, &loaded, "an external entity", NULL, NULL);
	expect(root, &loaded, "an external entity", "o 8.8.8.8");
	/* Each inside the next: expat would follow them by recursion. */
	text_add_string(&many, "<!DOCTYPE zone [<!ENTITY e0 'x'>");
	for (unsigned i = 1; i < 100000; i++)
		text_printf(&many, "<!ENTITY e%u '&e%u;'>", i, i - 1);
	text_add_string(&many, "]><zone><short>&e99999;</short></zone>");
	files[0].text = many.data;
	load(root, files, 1, &loaded);
	expect(root, &loaded, "many entities", "? 8.8.8.8");
	files[0].text = "<!DOCTYPE zone [<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>"
			"<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
			"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
			"<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
			"<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]>"
			"<zone><short>&e;</short></zone>";
	load(root, files, 1, &loaded);
	expect(root, &loaded, "a bomb", "? 8.8.8.8");
}

static void many_services_and_ports(void **state)
{
	struct small_root *root = *state;
	struct text zone = {.arena = &root->arena};
	struct file files[] = {{ZONES "public.xml", NULL}};
	struct loaded loaded;

	text_add_string(&zone, "<zone>\n");
	for (unsigned i = 0; i < 10000; i++) {
		put(root, arena_printf(&root->arena, "/etc/firewalld/services/s%u.xml", i),
		    arena_printf(&root->arena,
				 "<service><port port='%u' protocol='tcp'/><include service='s%u'/></service>",
				 20000 + i, (i + 1) % 10000));
		text_printf(&zone, "<service name='s%u'/>\n<port port='%u' protocol='tcp'/>\n", i, 30000 + i);
		text_printf(&zone, "<source address='10.%u.%u.0/24'/>\n", i / 256, i % 256);
	}
	text_add_string(&zone, "</zone>\n");
	files[0].text = zone.data;
	load(root, files, 1, &loaded);
	expect_note(root, &loaded, "many", NULL, NULL);
	expect(root, &loaded, "many", "c 8.8.8.8, o 8.8.8.8 29999, o 10.39.15.1 39999, c 10.39.15.1 40000");
}

static void places_point_at_the_files(void **state)
{
	static const struct file files[] = {
	    {ZONES "public.xml",
	     "<?xml version=\"1.0\"?>\n<zone>\n  <rule><service name=\"ssh\"/><drop/></rule>\n</zone>\n"}};
	const struct obstacle *obstacle;
	struct evaluation evaluation;
	struct question question = {.port = 22, .ports = &question.port, .port_count = 1, .interface = "*"};
	struct small_root *root = *state;
	struct loaded loaded;

	load(root, files, ARRAY_SIZE(files), &loaded);
	evaluate(&loaded.ruleset, &question, &root->arena, &evaluation);
	obstacle = evaluation_obstacle(&evaluation, PASSAGE_CLOSED);
	assert_non_null(obstacle);
	assert_string_equal(obstacle->chain->name, "filter_IN_public_deny");
	assert_string_equal(obstacle->rule->place.path, ZONES "public.xml");
	assert_int_equal(obstacle->rule->place.line, 3);
	assert_memory_equal(obstacle->rule->place.text, "<rule><service name=\"ssh\"/><drop/></rule>",
			    obstacle->rule->place.text_length);
	question.port = 23;
	evaluate(&loaded.ruleset, &question, &root->arena, &evaluation);
	obstacle = evaluation_obstacle(&evaluation, PASSAGE_CLOSED);
	assert_non_null(obstacle);
	assert_int_equal(obstacle->rule->place.line, 2);
}

#define DIRECT(body) "<direct>\n" body "</direct>\n"

static void direct_rules(void **state)
{
	static const char restore[] = "/usr/sbin/iptables-restore", direct[] = "/etc/firewalld/direct.xml";
	static const struct firewalld_case cases[] = {
	    {"drop",
	     {{restore, ""},
	      {direct,
	       DIRECT("<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>-s 192.0.2.0/24 -j DROP</rule>")}},
	     "c 192.0.2.7, o 8.8.8.8, o 2001:db8:9::1",
	     NULL,
	     NULL},
	    {"by priority",
	     {{restore, ""},
	      {direct,
	       DIRECT("<rule ipv='ipv4' table='filter' chain='INPUT' priority='1'>-j DROP</rule>"
		      "<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>-s 192.0.2.0/24 -j ACCEPT</rule>")}},
	     "o 192.0.2.7, c 8.8.8.8",
	     NULL,
	     NULL},
	    {"accepting by iptables does not help against nftables",
	     {{restore, ""},
	      {ZONES "public.xml", ZONE("")},
	      {direct, DIRECT("<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>-j ACCEPT</rule>")}},
	     "c 192.0.2.7",
	     NULL,
	     NULL},
	    {"but with iptables",
	     {{restore, ""},
	      {ZONES "public.xml", ZONE("")},
	      {"/etc/firewalld/firewalld.conf", "FirewallBackend=iptables\n"},
	      {direct,
	       DIRECT("<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>-s 192.0.2.0/24 -j ACCEPT</rule>")}},
	     "o 192.0.2.7, c 8.8.8.8",
	     NULL,
	     NULL},
	    {"passed through",
	     {{restore, ""},
	      {direct, DIRECT("<passthrough ipv='ipv4'>-t filter -I INPUT -p tcp --dport 22 -j REJECT</passthrough>")}},
	     "c 192.0.2.7",
	     NULL,
	     NULL},
	    {"what comes before a fault counts",
	     {{restore, ""},
	      {direct, "<direct>\n<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>-j DROP</rule>\n<rule/>"}},
	     "c 192.0.2.7",
	     "/etc/firewalld/direct.xml:3",
	     "Missing attribute"},
	    {"a rule that iptables refuses",
	     {{restore, ""},
	      {ZONES "public.xml", ZONE("")},
	      {direct, DIRECT("<rule ipv='ipv4' table='filter' chain='INPUT' priority='0'>--nonsense</rule>")}},
	     "o 192.0.2.7",
	     "/etc/firewalld/direct.xml:2",
	     "Direct"},
	    {"a chain that is there already",
	     {{restore, ""},
	      {ZONES "public.xml", ZONE("")},
	      {direct, DIRECT("<chain ipv='ipv4' table='filter' chain='INPUT'/>")}},
	     "o 192.0.2.7",
	     "/etc/firewalld/direct.xml:2",
	     "BUILTIN_CHAIN"},
	};

	CHECK(state, cases);
}

static void old_rules_of_iptables_are_flushed(void **state)
{
	struct small_root *root = *state;
	struct loaded loaded = {.ruleset.arena = &root->arena};
	const zone_binding_list nothing = {0};
	struct table *table;
	struct chain *chain;
	statement_list list = {0};

	for (size_t i = 0; i < ARRAY_SIZE(vendor_files); i++)
		put(root, vendor_files[i].path, vendor_files[i].text);
	put(root, "/usr/sbin/iptables-restore", "");
	table = ruleset_add_table(&loaded.ruleset, FILTER_IPV4, false, "filter");
	chain = table_add_chain(&loaded.ruleset, table, "INPUT");
	chain_set_base(&loaded.ruleset, chain, HOOK_INPUT, 0, false);
	add_verdict(&root->arena, &list, VERDICT_DROP, NULL);
	chain_add_rule(&loaded.ruleset, chain, 0, ruleset_make_rule(&loaded.ruleset, &list, (struct place){0}));
	expect(root, &loaded, "before", "c 8.8.8.8");
	firewalld_load(root->target, &loaded.ruleset, &nothing, &loaded.report);
	expect(root, &loaded, "after", "o 8.8.8.8, c 8.8.8.8 23");
	/* The policy stays what it was. */
	chain->policy = VERDICT_DROP;
	expect(root, &loaded, "policy", "c 8.8.8.8");
}

/* --- repairs ---------------------------------------------------------------- */

/* What the repair for port makes of the root; the text of the file that it changed, or NULL. */
static const char *repaired(struct small_root *root, const struct loaded *loaded, bool ipv6, const char *interface,
			    unsigned port, const char *path)
{
	struct facts facts = {.arena = &root->arena, .target = root->target};
	struct findings findings = {.arena = &root->arena};
	struct question question = {
	    .ipv6 = ipv6, .port = port, .ports = &question.port, .port_count = 1, .interface = interface};
	struct breach breach = {.ipv4 = !ipv6, .ipv6 = ipv6, .port = port, .ruleset = &loaded->ruleset};
	const struct edit **edits, *failed;
	struct evaluation evaluation;
	struct problem *problem;
	struct blob content;

	evaluate(&loaded->ruleset, &question, &root->arena, &evaluation);
	breach.obstacle = evaluation_obstacle(&evaluation, PASSAGE_CLOSED);
	assert_non_null(breach.obstacle);
	problem = problem_raise(&findings, PROBLEM_FIREWALL_UNEVALUATED, NULL, 0, "firewalld");
	if (!firewall_repair_firewalld(&facts, &findings, problem, &breach))
		return NULL;
	assert_non_null(problem->repair);
	edits = arena_alloc(&root->arena, problem->edits.count * sizeof(*edits));
	for (size_t i = 0; i < problem->edits.count; i++)
		edits[i] = &problem->edits.items[i];
	assert_int_equal(staged_apply(root->target, edits, problem->edits.count, &failed), 0);
	assert_int_equal(target_read(root->target, path, TARGET_FILE_LIMIT, &root->arena, &content, NULL), 0);
	return content.data;
}

static void repairs_add_to_the_zone(void **state)
{
	static const struct {
		const char *name;
		struct file files[3];
		const char *interface;
		unsigned port;
		const char *path, *text; /* afterwards */
	} cases[] = {
	    {"a service",
	     {{ZONES "public.xml", "<zone>\n\t<short>Public</short>\n</zone>\n"}},
	     "*",
	     22,
	     ZONES "public.xml",
	     "<zone>\n\t<short>Public</short>\n\t<service name=\"ssh\"/>\n</zone>\n"},
	    {"a port",
	     {{ZONES "public.xml", "<zone>\n  <service name=\"ssh\"/>\n</zone>\n"}},
	     "*",
	     2222,
	     ZONES "public.xml",
	     "<zone>\n  <service name=\"ssh\"/>\n  <port port=\"2222\" protocol=\"tcp\"/>\n</zone>\n"},
	    {"the service is another port",
	     {{ZONES "public.xml", "<zone>\n</zone>\n"},
	      {"/etc/firewalld/services/ssh.xml", "<service><port port='2222' protocol='tcp'/></service>"}},
	     "*",
	     22,
	     ZONES "public.xml",
	     "<zone>\n  <port port=\"22\" protocol=\"tcp\"/>\n</zone>\n"},
	    {"a vendor's zone is copied",
	     {{"/etc/firewalld/firewalld.conf", "DefaultZone=drop\n"}},
	     "*",
	     22,
	     ZONES "drop.xml",
	     "<zone target=\"DROP\">\n  <service name=\"ssh\"/>\n</zone>\n"},
	    {"the interface's zone",
	     {{ZONES "work.xml", "<zone><interface name='eth1'/></zone>"}},
	     "eth1",
	     22,
	     ZONES "work.xml",
	     "<zone><interface name='eth1'/>\n  <service name=\"ssh\"/>\n</zone>"},
	    {"an empty element",
	     {{ZONES "public.xml", "<zone target=\"DROP\"/>\n"}},
	     "*",
	     22,
	     ZONES "public.xml",
	     "<zone target=\"DROP\">\n  <service name=\"ssh\"/>\n</zone>\n"},
	    {"before a rich rule that denies",
	     {{ZONES "public.xml", "<zone>\n  <rule>\n    <service name=\"ssh\"/>\n    <drop/>\n  </rule>\n</zone>\n"}},
	     "*",
	     22,
	     ZONES "public.xml",
	     "<zone>\n  <rule>\n    <service name=\"ssh\"/>\n    <drop/>\n  </rule>\n"
	     "  <rule family=\"ipv4\" priority=\"-1\">\n    <service name=\"ssh\"/>\n    <accept/>\n  </rule>\n</zone>\n"},
	    {"before one of an early priority",
	     {{ZONES "public.xml", "<zone>\n  <rule priority=\"-7\">\n    <drop/>\n  </rule>\n</zone>\n"}},
	     "*",
	     22,
	     ZONES "public.xml",
	     "<zone>\n  <rule family=\"ipv4\" priority=\"-7\">\n    <service name=\"ssh\"/>\n    <accept/>\n  </rule>\n"
	     "  <rule priority=\"-7\">\n    <drop/>\n  </rule>\n</zone>\n"},
	    {"in a policy",
	     {{"/etc/firewalld/policies/p.xml", "<policy target=\"DROP\">\n  <ingress-zone name=\"ANY\"/>\n"
						"  <egress-zone name=\"HOST\"/>\n</policy>\n"}},
	     "*",
	     22,
	     "/etc/firewalld/policies/p.xml",
	     "<policy target=\"DROP\">\n  <ingress-zone name=\"ANY\"/>\n"
	     "  <egress-zone name=\"HOST\"/>\n  <service name=\"ssh\"/>\n</policy>\n"},
	};

	small_root_teardown(state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const zone_binding_list nothing = {0};
		struct loaded loaded, again;
		struct small_root *root;
		const char *text;

		small_root_setup(state);
		root = *state;
		load(root, cases[i].files, ARRAY_SIZE(cases[i].files), &loaded);
		text = repaired(root, &loaded, false, cases[i].interface, cases[i].port, cases[i].path);
		assert_non_null(text);
		assert_string_equal(text, cases[i].text);
		again = (struct loaded){.ruleset.arena = &root->arena};
		firewalld_load(root->target, &again.ruleset, &nothing, &again.report);
		expect(root, &again, cases[i].name,
		       arena_printf(&root->arena, "o %s 8.8.8.8 %u", strchr(cases[i].interface, '*') ? "eth9" : "eth1",
				    cases[i].port));
		if (i + 1 < ARRAY_SIZE(cases))
			small_root_teardown(state);
	}
}

static void no_repair_where_there_is_no_place(void **state)
{
	static const struct file files[] = {
	    {ZONES "public.xml", ZONE(RULE("<forward-port port='22' protocol='tcp' to-port='23'/>"))}};
	struct loaded loaded;

	load(*state, files, ARRAY_SIZE(files), &loaded);
	assert_null(repaired(*state, &loaded, false, "*", 22, ZONES "public.xml"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(zones_let_in),
	    TEST(packets_find_their_zone),
	    TEST(interfaces_that_others_bind),
	    TEST(rich_rules),
	    TEST(services),
	    TEST(policies),
	    TEST(what_is_refused),
	    TEST(what_is_refused_as_a_whole),
	    TEST(entities),
	    TEST(many_services_and_ports),
	    TEST(places_point_at_the_files),
	    TEST(direct_rules),
	    TEST(old_rules_of_iptables_are_flushed),
	    TEST(repairs_add_to_the_zone),
	    TEST(no_repair_where_there_is_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
