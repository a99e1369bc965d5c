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
	script_write(&facts, sources, &root->arena, ret);
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

static void sources_are_one_of_each_network(void **state)
{
	struct small_root *root = *state;
	string_list sources = {0};
	struct script script;

	put_system(root, plain_unit);
	*array_push(&root->arena, &sources) = arena_strdup(&root->arena, "10.0.0.0/8, 192.0.2.7 via eth1");
	*array_push(&root->arena, &sources) = arena_strdup(&root->arena, "any IPv6 but 2001:db8::/32");
	*array_push(&root->arena, &sources) = arena_strdup(&root->arena, "2001:db8:1::/48");
	*array_push(&root->arena, &sources) =
	    arena_strdup(&root->arena, "any IPv6 but 2001:db8::/32, 2a00::/12, 2600::/16");
	write_script(root, &sources, &script);
	assert_int_equal(script.sources.count, 4);
	assert_memory_equal(script.sources.items[3].bytes, ((unsigned char[]){0x24, 0x00}), 2);
	assert_memory_equal(script.sources.items[0].bytes, ((unsigned char[]){10, 0, 0, 1}), 4);
	assert_memory_equal(script.sources.items[1].bytes, ((unsigned char[]){192, 0, 2, 7}), 4);
	assert_true(script.sources.items[2].ipv6);
	assert_int_equal(script.sources.items[2].bytes[15], 1);
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
	    ROOT_TEST(sources_are_one_of_each_network),
	    ROOT_TEST(what_cannot_be_played_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
