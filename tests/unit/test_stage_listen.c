/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where sshd listens: combinations of Port, ListenAddress, AddressFamily, options and socket units. */
#include "small_root.h"

#include "base/text.h"
#include "stage/listen.h"

struct fixture {
	struct small_root *root;
	struct facts facts;
	struct findings findings;
};

static struct fixture fixture(void **state)
{
	struct small_root *root = *state;
	struct fixture fixture = {.root = root};

	fixture.facts.arena = &root->arena;
	fixture.facts.target = root->target;
	fixture.facts.init = INIT_SYSTEMD;
	fixture.findings.arena = &root->arena;
	return fixture;
}

/* A line of sshd_config, of one argument. */
static void set(struct fixture *fixture, const char *keyword, const char *argument)
{
	struct sshd_setting *setting = array_push(&fixture->root->arena, &fixture->facts.config.settings);

	setting->keyword = keyword;
	setting->arguments = arena_alloc(&fixture->root->arena, sizeof(char *));
	setting->arguments[0] = arena_strdup(&fixture->root->arena, argument);
	setting->argument_count = 1;
	setting->value = argument;
	setting->path = "/etc/ssh/sshd_config";
	setting->line = (unsigned)fixture->facts.config.settings.count;
}

static const char *text_of(struct fixture *fixture)
{
	struct text text = {.arena = &fixture->root->arena};
	listen_list list;

	listen_addresses(&fixture->facts, &fixture->root->arena, &list);
	text_add(&text, "", 0);
	for (size_t i = 0; i < list.count; i++) {
		const struct listen_address *address = &list.items[i];

		text_printf(&text, "%s%s%s%u%s%s", i ? " " : "", address->address, address->ipv6 ? "." : ":",
			    address->port, address->any ? "*" : "", address->loopback ? "!" : "");
	}
	return text.data;
}

/* ":" before the port of an IPv4 address, "." before that of an IPv6 one; "*": any, "!": loopback. */
#define assert_listens(fixture, expected) assert_string_equal(text_of(&(fixture)), (expected))

static void test_defaults(void **state)
{
	struct fixture it = fixture(state);

	assert_listens(it, "0.0.0.0:22* ::.22*");
}

static void test_ports(void **state)
{
	struct fixture it = fixture(state);

	set(&it, "Port", "2222");
	set(&it, "Port", "22");
	assert_listens(it, "0.0.0.0:2222* 0.0.0.0:22* ::.2222* ::.22*");
	*array_push(&it.root->arena, &it.facts.service.ports) = (char *)"99";
	assert_listens(it, "0.0.0.0:99* ::.99*");
}

static void test_port_by_name(void **state)
{
	struct fixture it = fixture(state);

	put(it.root, "/etc/services", "# name\nssh\t\t22/tcp\t# SSH\nhttps 443/udp\nhttps 443/tcp www-ssl\n");
	set(&it, "Port", "www-ssl");
	assert_listens(it, "0.0.0.0:443* ::.443*");
}

static void test_addresses(void **state)
{
	struct fixture it = fixture(state);

	set(&it, "ListenAddress", "10.0.0.1");
	set(&it, "ListenAddress", "10.0.0.2:2022");
	set(&it, "ListenAddress", "[fe80::1%eth0]:2022");
	set(&it, "ListenAddress", "2001:db8::1");
	set(&it, "ListenAddress", "[::]");
	set(&it, "ListenAddress", "127.1");
	set(&it, "ListenAddress", "0:0:0:0:0:0:0:1");
	/* Whatever the order in the file, an address without a port gets every Port. */
	set(&it, "Port", "22");
	set(&it, "Port", "23");
	assert_listens(it,
		       "10.0.0.1:22 10.0.0.1:23 10.0.0.2:2022 fe80::1%eth0.2022 2001:db8::1.22 2001:db8::1.23 ::.22* "
		       "::.23* 127.0.0.1:22! 127.0.0.1:23! ::1.22! ::1.23!");
}

static void test_names(void **state)
{
	struct fixture it = fixture(state);

	set(&it, "ListenAddress", "localhost");
	assert_listens(it, "localhost:22!");
	put(it.root, "/etc/hosts",
	    "127.0.0.1 localhost\n::1 localhost ip6-localhost # both\n10.0.0.9 server.example server\n");
	assert_listens(it, "127.0.0.1:22! ::1.22!");
	set(&it, "ListenAddress", "Server:2222");
	set(&it, "ListenAddress", "elsewhere.example");
	assert_listens(it, "127.0.0.1:22! ::1.22! 10.0.0.9:2222 elsewhere.example:22");
}

static void test_family(void **state)
{
	struct fixture it = fixture(state);

	set(&it, "AddressFamily", "inet");
	assert_listens(it, "0.0.0.0:22*");
	it.facts.service.ipv6_only = true;
	assert_listens(it, "::.22*");
	put(it.root, "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	set(&it, "ListenAddress", "localhost");
	assert_listens(it, "::1.22!");
}

/* --- sockets --- */

static void with_socket(struct fixture *fixture, const char *lines, const char *dropin)
{
	struct small_root *root = fixture->root;

	put(root, "/usr/lib/systemd/system/ssh.socket", lines);
	put(root, "/usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n");
	if (dropin)
		put(root, "/etc/systemd/system/ssh.socket.d/override.conf", dropin);
	fixture->facts.units = unit_set_new(root->target, &root->arena);
	fixture->facts.service.socket = unit_load(fixture->facts.units, "ssh.socket");
	fixture->facts.service.socket_starts = true;
	fixture->facts.service.socket_name = "ssh.socket";
}

static void test_socket(void **state)
{
	static const struct {
		const char *lines, *expected;
	} cases[] = {
	    {"[Socket]\nListenStream=22\n", "::.22* 0.0.0.0:22*"},
	    {"[Socket]\nListenStream=22\nBindIPv6Only=ipv6-only\n", "::.22*"},
	    {"[Socket]\nListenStream=[::]:22\nBindIPv6Only=both\n", "::.22* 0.0.0.0:22*"},
	    {"[Socket]\nListenStream=0.0.0.0:22\nListenStream=[::1]:23\nListenStream=[fe80::1%eth0]:24\n",
	     "0.0.0.0:22* ::1.23! fe80::1%eth0.24"},
	    {"[Socket]\nListenStream=22\nListenStream=\nListenStream=10.0.0.1:2222\n", "10.0.0.1:2222"},
	    {"[Socket]\nListenStream=/run/ssh\nListenStream=@ssh\nListenStream=vsock::22\nListenStream=0\n", ""},
	    {"[Socket]\nListenStream=host.example:22\nListenStream=70000\nListenStream=10.0.0.1\nListenStream=::\n",
	     ""},
	    {"[Socket]\nListenDatagram=22\nListenStream = 23\n", "::.23* 0.0.0.0:23*"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture it = fixture(state);

		with_socket(&it, cases[i].lines, NULL);
		set(&it, "Port", "2222"); /* of no consequence */
		assert_listens(it, cases[i].expected);
	}
}

static void test_socket_dropin(void **state)
{
	struct fixture it = fixture(state);

	with_socket(&it, "[Socket]\nListenStream=22\n", "[Socket]\nListenStream=\nListenStream=2222\n");
	assert_listens(it, "::.2222* 0.0.0.0:2222*");
}

static void test_sysctl(void **state)
{
	struct fixture it = fixture(state);

	with_socket(&it, "[Socket]\nListenStream=22\n", NULL);
	put(it.root, "/etc/sysctl.d/v6.conf", "net.ipv6.bindv6only = 0\n");
	assert_listens(it, "::.22* 0.0.0.0:22*");
	put(it.root, "/etc/sysctl.d/v6.conf", "# x\n-net.ipv6.bindv6only=1\n");
	assert_listens(it, "::.22*");
}

static void test_generator(void **state)
{
	static const char unit[] =
	    "[Socket]\nListenStream=0.0.0.0:22\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\nFreeBind=yes\n";
	struct fixture it = fixture(state);

	put(it.root, "/usr/lib/systemd/system-generators/sshd-socket-generator", "");
	with_socket(&it, unit, NULL);
	assert_listens(it, "0.0.0.0:22* ::.22*");
	set(&it, "Port", "2222");
	assert_listens(it, "0.0.0.0:2222* ::.2222*");
	/* It ends without output when a name does not resolve. */
	set(&it, "ListenAddress", "elsewhere.example");
	assert_listens(it, "0.0.0.0:22* ::.22*");
}

static void test_generator_and_family(void **state)
{
	struct fixture it = fixture(state);

	put(it.root, "/usr/lib/systemd/system-generators/sshd-socket-generator", "");
	with_socket(&it, "[Socket]\nListenStream=0.0.0.0:22\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\n", NULL);
	set(&it, "AddressFamily", "inet");
	assert_listens(it, "0.0.0.0:22*");
	/* A later drop-in adds to what is generated. */
	with_socket(&it, "[Socket]\nListenStream=22\n", "[Socket]\nListenStream=[::1]:23\n");
	assert_listens(it, "0.0.0.0:22* ::1.23!");
}

/* --- problems --- */

static const struct problem *find(const struct fixture *fixture, enum problem_code code)
{
	for (size_t i = 0; i < fixture->findings.problems.count; i++) {
		if (fixture->findings.problems.items[i]->code == code)
			return fixture->findings.problems.items[i];
	}
	return NULL;
}

static void look(struct fixture *fixture)
{
	if (!fixture->facts.units)
		fixture->facts.units = unit_set_new(fixture->root->target, &fixture->root->arena);
	fixture->findings.problems.count = 0;
	fixture->facts.binary.read_error = -1; /* there is none in these roots */
	stage_listen(&fixture->facts, &fixture->findings);
}

static void test_no_problem(void **state)
{
	struct fixture it = fixture(state);

	look(&it);
	assert_int_equal(it.findings.problems.count, 0);
	set(&it, "ListenAddress", "127.0.0.1");
	set(&it, "ListenAddress", "::");
	set(&it, "ListenAddress", "10.0.0.1");
	look(&it);
	assert_null(find(&it, PROBLEM_LISTEN_LOOPBACK));
	assert_null(find(&it, PROBLEM_LISTEN_ADDRESS));
}

static void test_loopback_edits(void **state)
{
	struct fixture it = fixture(state);
	const struct problem *problem;

	put(it.root, "/etc/ssh/sshd_config", "Port 22\nPort 23\n  ListenAddress 127.0.0.1\t\r\nListenAddress ::1\n");
	set(&it, "Port", "22");
	set(&it, "Port", "23");
	set(&it, "ListenAddress", "127.0.0.1");
	set(&it, "ListenAddress", "::1");
	look(&it);
	problem = find(&it, PROBLEM_LISTEN_LOOPBACK);
	assert_non_null(problem);
	assert_int_equal(problem->class, REPAIR_ASK);
	assert_string_equal(problem->subject, "127.0.0.1:22, 127.0.0.1:23, [::1]:22, [::1]:23");
	/* One edit a line, not one a port. */
	assert_int_equal(problem->edits.count, 2);
	assert_int_equal(problem->edits.items[0].line, 3);
	assert_string_equal(problem->edits.items[0].text,
			    "#  ListenAddress 127.0.0.1\t # sshrescue: only this machine could connect");
	assert_int_equal(problem->edits.items[1].line, 4);
}

static void test_loopback_elsewhere(void **state)
{
	struct fixture it = fixture(state);
	const struct problem *problem;

	set(&it, "ListenAddress", "127.0.0.1");
	it.facts.config.settings.items[0].path = NULL; /* -o */
	look(&it);
	problem = find(&it, PROBLEM_LISTEN_LOOPBACK);
	assert_int_equal(problem->class, REPAIR_REPORT);
	assert_int_equal(problem->edits.count, 0);
	it.facts.config.settings.items[0].path = "/usr/etc/ssh/sshd_config";
	put(it.root, "/usr/etc/ssh/sshd_config", "ListenAddress 127.0.0.1\n");
	look(&it);
	assert_int_equal(find(&it, PROBLEM_LISTEN_LOOPBACK)->class, REPAIR_REPORT);
}

static void test_static_addresses(void **state)
{
	static const struct {
		const char *path, *content;
		bool known;
	} cases[] = {
	    {"/etc/network/interfaces", "iface eth0 inet static\n\taddress 192.0.2.7/24\n", true},
	    {"/etc/network/interfaces", "iface eth0 inet static\n\tgateway 192.0.2.7\n", false},
	    {"/etc/network/interfaces", "#\taddress 192.0.2.7/24\n", false},
	    {"/etc/network/interfaces", "\taddress 192.0.2.70\n\taddress 1192.0.2.7\n", false},
	    {"/etc/netplan/01.yaml", "      addresses: [192.0.2.7/24, \"2001:db8::7/64\"]\n", true},
	    {"/etc/NetworkManager/system-connections/a.nmconnection", "address1=192.0.2.7/24,192.0.2.1\n", true},
	    {"/etc/sysconfig/network-scripts/ifcfg-eth0", "IPADDR=\"192.0.2.7\"\n", true},
	    {"/etc/sysconfig/network-scripts/ifcfg-eth0", "DNS1=192.0.2.7\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture it = fixture(state);

		set(&it, "ListenAddress", "192.0.2.7");
		put(it.root, cases[i].path, cases[i].content);
		look(&it);
		if ((find(&it, PROBLEM_LISTEN_ADDRESS) == NULL) != cases[i].known)
			fail_msg("%s: %s", cases[i].path, cases[i].content);
		drop(it.root, cases[i].path);
	}
}

static void test_ipv6_forms(void **state)
{
	struct fixture it = fixture(state);

	set(&it, "ListenAddress", "2001:db8::7");
	look(&it);
	assert_non_null(find(&it, PROBLEM_LISTEN_ADDRESS));
	assert_non_null(find(&it, PROBLEM_LISTEN_IPV6_ONLY));
	put(it.root, "/etc/systemd/network/a.network", "[Network]\nAddress=2001:0DB8:0:0::7/64\n");
	look(&it);
	assert_null(find(&it, PROBLEM_LISTEN_ADDRESS));
}

static void test_clash(void **state)
{
	static const struct {
		const char *lines;
		bool clash;
	} cases[] = {
	    {"[Socket]\nListenStream=22\nListenStream=0.0.0.0:22\n", true},
	    {"[Socket]\nListenStream=22\nListenStream=22\n", true},
	    {"[Socket]\nListenStream=22\nListenStream=10.0.0.1:22\n", true},
	    {"[Socket]\nListenStream=0.0.0.0:22\nListenStream=10.0.0.1:22\n", true},
	    {"[Socket]\nListenStream=22\nListenStream=0.0.0.0:2222\n", false},
	    {"[Socket]\nListenStream=22\nListenStream=0.0.0.0:22\nReusePort=yes\n", false},
	    {"[Socket]\nListenStream=[::]:22\nListenStream=0.0.0.0:22\nBindIPv6Only=ipv6-only\n", false},
	    {"[Socket]\nListenStream=10.0.0.1:22\nListenStream=10.0.0.2:22\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture it = fixture(state);

		with_socket(&it, cases[i].lines, NULL);
		look(&it);
		if ((find(&it, PROBLEM_LISTEN_SOCKET_CLASH) != NULL) != cases[i].clash)
			fail_msg("%s", cases[i].lines);
	}
}

static void test_many(void **state)
{
	struct fixture it = fixture(state);

	for (unsigned i = 0; i < 3000; i++)
		set(&it, "ListenAddress", "10.0.0.1");
	for (unsigned i = 0; i < 500; i++)
		set(&it, "Port", "22");
	look(&it);
	assert_non_null(find(&it, PROBLEM_LISTEN_ADDRESS));
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_ROOT(test_defaults),
	    WITH_ROOT(test_ports),
	    WITH_ROOT(test_port_by_name),
	    WITH_ROOT(test_addresses),
	    WITH_ROOT(test_names),
	    WITH_ROOT(test_family),
	    WITH_ROOT(test_socket),
	    WITH_ROOT(test_socket_dropin),
	    WITH_ROOT(test_sysctl),
	    WITH_ROOT(test_generator),
	    WITH_ROOT(test_generator_and_family),
	    WITH_ROOT(test_no_problem),
	    WITH_ROOT(test_loopback_edits),
	    WITH_ROOT(test_loopback_elsewhere),
	    WITH_ROOT(test_static_addresses),
	    WITH_ROOT(test_ipv6_forms),
	    WITH_ROOT(test_clash),
	    WITH_ROOT(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
