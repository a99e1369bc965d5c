/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "rehearse/script.h"

#include "base/text.h"

/* A root with a unit for sshd; its program is this test itself, so that it is of this machine's architecture. */
static void put_system(const struct small_root *root, const char *unit)
{
	FILE *self = fopen("/proc/self/exe", "r");
	char buffer[4096];
	size_t size;

	assert_non_null(self);
	size = fread(buffer, 1, sizeof(buffer), self);
	fclose(self);
	put(root, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
	put_bytes(root, "/usr/sbin/sshd", buffer, size);
	put(root, "/usr/lib/systemd/systemd", "");
	put(root, "/usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=basic.target\n");
	put(root, "/usr/lib/systemd/system/basic.target", "[Unit]\nRequires=sysinit.target\n");
	put(root, "/usr/lib/systemd/system/sysinit.target", "[Unit]\n");
	put(root, "/usr/lib/systemd/system/ssh.service", unit);
	put_link(root, "/usr/lib/systemd/system/default.target", "multi-user.target");
	put_link(root, "/lib", "usr/lib");
	put_link(root, "/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service");
	put(root, "/etc/ssh/sshd_config", "Port 2200\nListenAddress 10.1.2.3\nListenAddress 0.0.0.0\n");
}

static void write_script(struct small_root *root, const string_list *sources, struct script *ret)
{
	struct facts facts = {0};

	assert_int_equal(facts_gather(root->target, &root->arena, &facts), 0);
	script_write(&facts, sources, NULL, &root->arena, ret);
}

static const char plain_unit[] = "[Service]\nEnvironment=MORE=\"a b\"\nEnvironmentFile=-/etc/default/ssh\n"
				 "RuntimeDirectory=sshd a/b ../evil /evil\nRuntimeDirectoryMode=0711\n"
				 "ExecStartPre=-/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n"
				 "[Install]\nWantedBy=multi-user.target\n";

static void programs_are_those_of_the_unit(void **state)
{
	struct small_root *root = *state;
	const struct scripted_program *program;
	struct script script;
	bool path = false, more = false;

	put_system(root, plain_unit);
	put(root, "/etc/default/ssh", "SSHD_OPTS=\"-o X=1\"\n");
	write_script(root, NULL, &script);
	assert_null(script.unplayable);
	assert_null(script.hopeless);
	assert_int_equal(script.programs.count, 2);
	assert_int_equal(script.programs.items[0].role, ROLE_BEFORE);
	assert_true(script.programs.items[0].ignore_failure);
	program = &script.programs.items[1];
	assert_int_equal(program->role, ROLE_DAEMON);
	assert_string_equal(program->path, "/usr/sbin/sshd");
	assert_int_equal(program->words.count, 4);
	assert_string_equal(program->words.items[3], "X=1");
	for (size_t i = 0; i < program->environment.count; i++) {
		path = path || string_after(program->environment.items[i], "PATH=/");
		more = more || string_equal(program->environment.items[i], "MORE=a b");
	}
	assert_true(path && more);
}

static void directories_stay_below_run(void **state)
{
	struct small_root *root = *state;
	struct script script;

	put_system(root, plain_unit);
	write_script(root, NULL, &script);
	assert_int_equal(script.directories.count, 3);
	assert_string_equal(script.directories.items[0].path, "/run/sshd");
	assert_int_equal(script.directories.items[0].mode, 0711);
	assert_string_equal(script.directories.items[1].path, "/run/a");
	assert_string_equal(script.directories.items[2].path, "/run/a/b");
}

static void ports_and_addresses_are_those_that_are_listened_on(void **state)
{
	struct small_root *root = *state;
	struct script script;

	put_system(root, plain_unit);
	write_script(root, NULL, &script);
	assert_int_equal(script.ports.count, 1);
	assert_int_equal(script.ports.items[0].number, 2200);
	assert_true(script.ports.items[0].expected[false]);
	assert_false(script.ports.items[0].expected[true]);
	assert_int_equal(script.addresses.count, 1);
	assert_memory_equal(script.addresses.items[0].bytes, ((unsigned char[]){10, 1, 2, 3}), 4);
	assert_int_equal(script.socket_use, SOCKET_NONE);
}

static void add_text(struct small_root *root, string_list *list, const char *text)
{
	*array_push(&root->arena, list) = arena_strdup(&root->arena, text);
}

/* Whether a client with that address comes in by an interface, and is said to be let in. */
static void assert_source(const struct script *script, const char *text, const char *interface, bool let_in)
{
	struct scripted_address address;
	const char *none;
	size_t i = 0;

	assert_true(script_read_source(text, &address, &none));
	while (i < script->sources.count && memcmp(&script->sources.items[i].address, &address, sizeof(address)) != 0)
		i++;
	assert_in_range(i, 0, script->sources.count - 1);
	assert_string_equal(script->interfaces.items[script->sources.items[i].interface], interface);
	assert_int_equal(script->sources.items[i].let_in, let_in);
}

static void sources_are_one_inside_and_one_beside_each_network(void **state)
{
	struct small_root *root = *state;
	string_list sources = {0};
	struct script script;

	put_system(root, plain_unit);
	put(root, "/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n");
	add_text(root, &sources, "10.0.0.0/8, 192.0.2.7, 192.0.2.8, 255.0.0.0/8 via eth1");
	add_text(root, &sources, "any IPv6 but 2001:db8::/32");
	add_text(root, &sources, "2001:db8:1::/48");
	add_text(root, &sources, "any IPv6 but 2001:db8::/32, 2a00::/12, 2600::/16");
	add_text(root, &sources, "any IPv4 via wg*");
	add_text(root, &sources, "0.0.0.0/1");
	write_script(root, &sources, &script);
	assert_string_equal(script.interfaces.items[0], "eth0");
	assert_false(script.sources_asked);
	assert_source(&script, "10.0.0.1", "eth1", true);
	assert_source(&script, "11.0.0.1", "eth1", false);
	assert_source(&script, "192.0.2.7", "eth1", true);
	assert_source(&script, "192.0.2.9", "eth1", false);
	assert_source(&script, "2001:db8::1", "eth0", false);
	assert_source(&script, "2001:db8:1::1", "eth0", true);
	assert_source(&script, "2400:2222::9", "eth0", true);
	assert_source(&script, "151.2.3.4", "wg0", true);
	assert_source(&script, "17.2.3.4", "eth0", true);
}

static void sources_that_are_asked_for_stand_alone(void **state)
{
	struct small_root *root = *state;
	string_list sources = {0}, asked = {0};
	struct facts facts = {0};
	struct script script;

	put_system(root, plain_unit);
	add_text(root, &sources, "10.0.0.0/8");
	add_text(root, &asked, "203.0.113.7");
	add_text(root, &asked, "2001:db8::7%eth7");
	assert_int_equal(facts_gather(root->target, &root->arena, &facts), 0);
	script_write(&facts, &sources, &asked, &root->arena, &script);
	assert_true(script.sources_asked);
	assert_int_equal(script.sources.count, 2);
	assert_source(&script, "203.0.113.7", "eth0", false);
	assert_source(&script, "2001:db8::7", "eth7", false);
}

static void only_clients_have_sources(void **state)
{
	static const char *const wrong[] = {"",
					    "10.0.0.0/8",
					    "10.0.0",
					    "127.0.0.1",
					    "224.0.0.1",
					    "0.0.0.0",
					    "::1",
					    "ff02::1",
					    "::",
					    "::ffff:10.0.0.1",
					    "10.0.0.1%",
					    "10.0.0.1%a b",
					    "10.0.0.1%0123456789abcdef"};
	struct scripted_address address;
	const char *interface;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(script_read_source(wrong[i], &address, &interface));
	assert_true(script_read_source("2001:db8::7%eth1", &address, &interface));
	assert_string_equal(interface, "eth1");
}

static void what_cannot_be_played_says_why(void **state)
{
	struct small_root *root = *state;
	struct script script;

	put_system(root, "[Service]\nExecStart=/bin/true\n");
	write_script(root, NULL, &script);
	assert_string_equal(script.unplayable, "its unit does not say how sshd is started");
	drop(root, "/etc/systemd/system/multi-user.target.wants/ssh.service");
	write_script(root, NULL, &script);
	assert_null(script.unplayable);
	assert_string_equal(script.hopeless, "the boot starts no sshd");
}

int main(void)
{
#define ROOT_TEST(function) cmocka_unit_test_setup_teardown(function, small_root_setup, small_root_teardown)
	const struct CMUnitTest tests[] = {
	    ROOT_TEST(programs_are_those_of_the_unit),
	    ROOT_TEST(directories_stay_below_run),
	    ROOT_TEST(ports_and_addresses_are_those_that_are_listened_on),
	    ROOT_TEST(sources_are_one_inside_and_one_beside_each_network),
	    ROOT_TEST(sources_that_are_asked_for_stand_alone),
	    cmocka_unit_test(only_clients_have_sources),
	    ROOT_TEST(what_cannot_be_played_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
