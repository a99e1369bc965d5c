/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which units start sshd and with which options; conditions; the boot and service stages. */
#include "small_root.h"

#include "base/text.h"
#include "facts.h"
#include "problem.h"
#include "stage/condition.h"
#include "stage/stage.h"

#define ETC "/etc/systemd/system/"
#define VENDOR "/usr/lib/systemd/system/"

static const char ssh_service[] = "[Unit]\n"
				  "ConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n"
				  "[Service]\n"
				  "EnvironmentFile=-/etc/default/ssh\n"
				  "ExecStartPre=/usr/sbin/sshd -t\n"
				  "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n"
				  "Type=notify\n"
				  "[Install]\n"
				  "WantedBy=multi-user.target\n"
				  "Alias=sshd.service\n";
static const char ssh_socket[] = "[Unit]\n"
				 "ConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n"
				 "[Socket]\n"
				 "ListenStream=22\n"
				 "[Install]\n"
				 "WantedBy=sockets.target\n";

/* A Debian with ssh.service enabled. */
static void put_debian(const struct small_root *root)
{
	put(root, "/etc/os-release", "ID=debian\nVERSION_ID=12\n");
	put_link(root, "/lib", "usr/lib");
	put(root, "/usr/sbin/sshd", "not really");
	put_link(root, VENDOR "default.target", "graphical.target");
	put(root, VENDOR "graphical.target", "[Unit]\nRequires=multi-user.target\n");
	put(root, VENDOR "multi-user.target", "[Unit]\nRequires=basic.target\n");
	put(root, VENDOR "basic.target", "[Unit]\nRequires=sysinit.target\nWants=sockets.target\n");
	put(root, VENDOR "sysinit.target", "[Unit]\nDescription=x\n");
	put(root, VENDOR "sockets.target", "[Unit]\nDescription=x\n");
	put(root, VENDOR "rescue.target", "[Unit]\nRequires=sysinit.target\n");
	put(root, VENDOR "ssh.service", ssh_service);
	put(root, VENDOR "ssh.socket", ssh_socket);
	put_link(root, ETC "sshd.service", "/lib/systemd/system/ssh.service");
	put_link(root, ETC "multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service");
	put(root, "/usr/lib/systemd/libsystemd-shared-257.so", "");
}

static struct ssh_service *look(struct small_root *root, struct facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->arena = &root->arena;
	facts->target = root->target;
	assert_int_equal(os_release_load(root->target, &root->arena, &facts->os), 0);
	facts->units = unit_set_new(root->target, &root->arena);
	assert_int_equal(facts_ssh_service(facts), 0);
	return &facts->service;
}

static const char *joined(struct small_root *root, const string_list *words)
{
	struct text text = {.arena = &root->arena};

	text_add(&text, "", 0);
	for (size_t i = 0; i < words->count; i++)
		text_printf(&text, "%s%s", i ? " " : "", words->items[i]);
	return text.data;
}

/* --- facts --- */

static void test_debian(void **state)
{
	struct small_root *root = *state;
	struct ssh_service *service;
	struct facts facts;

	put_debian(root);
	put(root, "/etc/default/ssh", "# options\nSSHD_OPTS=\n");
	service = look(root, &facts);
	assert_string_equal(service->service_name, "ssh.service");
	assert_string_equal(service->socket_name, "ssh.socket");
	assert_true(service->service_starts);
	assert_false(service->socket_starts);
	assert_string_equal(joined(root, &service->command), "/usr/sbin/sshd -D");
	assert_string_equal(service->binary, "/usr/sbin/sshd");
	assert_string_equal(service->command_path, VENDOR "ssh.service");
	assert_int_equal(service->command_line, 6);
	assert_int_equal(service->bad_options.count, 0);
	assert_null(service->options_path);
}

static void test_red_hat(void **state)
{
	struct small_root *root = *state;
	struct ssh_service *service;
	struct facts facts;

	put_debian(root);
	put(root, "/etc/os-release", "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\n");
	drop(root, VENDOR "ssh.service");
	drop(root, VENDOR "ssh.socket");
	drop(root, ETC "sshd.service");
	put(root, VENDOR "sshd.service",
	    "[Service]\nEnvironmentFile=-/etc/crypto-policies/back-ends/opensshserver.config\n"
	    "EnvironmentFile=-/etc/sysconfig/sshd\nExecStart=/usr/sbin/sshd -D $OPTIONS $CRYPTO_POLICY\n");
	put(root, "/etc/crypto-policies/back-ends/opensshserver.config",
	    "CRYPTO_POLICY='-oCiphers=aes256-gcm@openssh.com,aes128-ctr -oMACs=hmac-sha2-256'\n");
	put(root, "/etc/sysconfig/sshd", "OPTIONS=\"-p 2222 -4\"\n");
	put_link(root, ETC "multi-user.target.wants/sshd.service", "/usr/lib/systemd/system/sshd.service");
	service = look(root, &facts);
	assert_string_equal(service->service_name, "sshd.service");
	assert_true(service->service_starts);
	assert_null(service->socket_name);
	assert_string_equal(joined(root, &service->ports), "2222");
	assert_true(service->ipv4_only);
	assert_int_equal(service->options.count, 2);
	assert_string_equal(service->options.items[0], "Ciphers=aes256-gcm@openssh.com,aes128-ctr");
	assert_string_equal(service->options_path, "/etc/sysconfig/sshd");
	assert_int_equal(service->options_line, 1);
}

/* What sshd's getopt(3) makes of the options: asked of the sshd of Debian 11, 12 and 13. */
static void test_options(void **state)
{
	static const struct {
		const char *options, *ports, *bad;
	} cases[] = {
	    {"-p 22 -p2222", "22 2222", ""},
	    {"-46 -e -q -u 0 -b 1024 -k 3 -r", "", ""},
	    {"-p 99999", "", "-p 99999"},
	    {"-p0 -p 1", "1", "-p0"},
	    {"-p ssh", "ssh", ""},
	    {"-z", "", "-z"},
	    {"-Dz -p 1", "1", "-Dz"},
	    {"-1", "", "-1"},
	    {"foo -p 1", "", "foo"},
	    {"-- foo", "", "foo"},
	    {"--", "", ""},
	    {"-", "", "-"},
	    {"-p", "", "-p"},
	    {"-g 10m -g x", "", "-g x"},
	    {"-4p 7", "7", ""},
	    {"'-p 8'", " 8", ""},
	};
	struct small_root *root = *state;
	struct facts facts;

	put_debian(root);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128];
		struct ssh_service *service;

		snprintf(text, sizeof(text), "\nSSHD_OPTS=\"%s\"\n", cases[i].options);
		put(root, "/etc/default/ssh", text);
		service = look(root, &facts);
		/* " 8" is no number for us; what sshd's getservbyname(3) says is not known either. */
		assert_string_equal(joined(root, &service->ports), cases[i].ports);
		assert_string_equal(joined(root, &service->bad_options), cases[i].bad);
		assert_string_equal(service->options_path, "/etc/default/ssh");
		assert_int_equal(service->options_line, 2);
	}
	put(root, "/etc/default/ssh", "SSHD_OPTS=\"-f /etc/ssh/other -h /key -oPort=3 -o 'Port 4' -6\"\n");
	assert_string_equal(look(root, &facts)->config_file, "/etc/ssh/other");
	assert_string_equal(joined(root, &facts.service.host_keys), "/key");
	assert_string_equal(facts.service.options.items[1], "Port 4");
	assert_true(facts.service.ipv6_only);
	assert_false(facts.service.ipv4_only);
}

static void test_options_in_dropin(void **state)
{
	struct small_root *root = *state;
	struct ssh_service *service;
	struct facts facts;

	put_debian(root);
	put(root, ETC "ssh.service.d/port.conf", "[Service]\nExecStart=\nExecStart=-/usr/sbin/sshd -D -p 2222 -y\n");
	service = look(root, &facts);
	assert_string_equal(joined(root, &service->ports), "2222");
	assert_string_equal(joined(root, &service->bad_options), "-y");
	assert_null(service->options_path);
	assert_string_equal(service->command_path, ETC "ssh.service.d/port.conf");
	assert_int_equal(service->command_line, 3);
}

static void test_socket_with_templates(void **state)
{
	struct small_root *root = *state;
	struct ssh_service *service;
	struct facts facts;

	put_debian(root);
	/* as in Debian 11 */
	put(root, VENDOR "ssh.socket", "[Unit]\nConflicts=ssh.service\n[Socket]\nListenStream=22\nAccept=yes\n");
	put(root, VENDOR "ssh@.service",
	    "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStart=-/usr/sbin/sshd -i $SSHD_OPTS\n");
	put_link(root, ETC "sockets.target.wants/ssh.socket", "/lib/systemd/system/ssh.socket");
	service = look(root, &facts);
	/* Of both, systemd starts the socket only. */
	assert_true(service->socket_starts);
	assert_false(service->service_starts);
	assert_string_equal(joined(root, &service->command), "/usr/sbin/sshd -i");
	/* Without its template a connection fails. */
	drop(root, VENDOR "ssh@.service");
	service = look(root, &facts);
	assert_false(service->socket_starts);
	assert_true(service->service_starts);
}

static void test_socket_without_service(void **state)
{
	struct small_root *root = *state;
	struct facts facts;

	put_debian(root);
	put_link(root, ETC "sockets.target.wants/ssh.socket", "/lib/systemd/system/ssh.socket");
	assert_true(look(root, &facts)->socket_starts);
	assert_true(facts.service.service_starts);
	put_link(root, ETC "ssh.service", "/dev/null");
	assert_false(look(root, &facts)->socket_starts);
	assert_false(facts.service.service_starts);
	assert_int_equal(facts.service.service->state, UNIT_MASKED);
}

static void test_custom_unit(void **state)
{
	struct small_root *root = *state;
	struct ssh_service *service;
	struct facts facts;

	put_debian(root);
	drop(root, ETC "multi-user.target.wants/ssh.service");
	put(root, ETC "my-ssh.service", "[Service]\nExecStart=@/opt/ssh/sbin/sshd sshd -D -f /opt/ssh/sshd_config\n");
	put_link(root, ETC "multi-user.target.wants/my-ssh.service", "../my-ssh.service");
	put(root, ETC "sshd-watch.service", "[Service]\nExecStart=/bin/pidof sshd\n");
	put_link(root, ETC "multi-user.target.wants/sshd-watch.service", "../sshd-watch.service");
	service = look(root, &facts);
	assert_string_equal(service->service_name, "my-ssh.service");
	assert_true(service->service_starts);
	assert_string_equal(service->binary, "/opt/ssh/sbin/sshd");
	assert_string_equal(service->config_file, "/opt/ssh/sshd_config");
}

static void test_no_unit(void **state)
{
	struct small_root *root = *state;
	struct facts facts;

	put_debian(root);
	drop(root, VENDOR "ssh.service");
	drop(root, VENDOR "ssh.socket");
	assert_string_equal(look(root, &facts)->service_name, "ssh.service");
	assert_int_equal(facts.service.service->state, UNIT_NOT_FOUND);
	assert_string_equal(facts.service.binary, "/usr/sbin/sshd");
	assert_int_equal(facts.service.command.count, 0);
}

/* --- conditions --- */

static enum condition_result judge(struct small_root *root, const char *conditions, unsigned *ret_line)
{
	const struct unit_setting *setting = NULL;
	struct facts facts;

	put(root, ETC "c.service",
	    arena_printf(&root->arena, "[Unit]\n%s\n[Service]\nExecStart=/bin/true\n", conditions));
	look(root, &facts);
	if (conditions_judge(&facts, unit_load(facts.units, "c.service"), &setting, NULL) == CONDITION_MET)
		return CONDITION_MET;
	*ret_line = setting->line;
	return conditions_judge(&facts, unit_load(facts.units, "c.service"), &setting, NULL);
}

static void test_conditions(void **state)
{
	static const struct {
		const char *conditions;
		enum condition_result result;
		unsigned line;
	} cases[] = {
	    {"ConditionPathExists=/etc/there", CONDITION_MET, 0},
	    {"ConditionPathExists=!/etc/there", CONDITION_FAILED, 2},
	    {"ConditionPathExists=/etc/missing", CONDITION_FAILED, 2},
	    {"ConditionPathExists=!/etc/missing", CONDITION_MET, 0},
	    {"AssertPathExists=/etc/missing", CONDITION_FAILED, 2},
	    {"ConditionPathExists=/etc/missing\nConditionFileNotEmpty=", CONDITION_MET, 0},
	    {"AssertPathExists=/etc/missing\nConditionPathExists=", CONDITION_FAILED, 2},
	    /* one of those with | is enough */
	    {"ConditionPathExists=|/etc/missing\nConditionPathExists=|/etc/there", CONDITION_MET, 0},
	    {"ConditionPathExists=|/etc/missing\nConditionPathExists=|!/etc/there", CONDITION_FAILED, 2},
	    {"ConditionPathExists=|/etc/there\nConditionPathExists=/etc/missing", CONDITION_FAILED, 3},
	    {"ConditionPathExists=|/etc/missing\nConditionHost=|x", CONDITION_UNDECIDED, 3},
	    {"ConditionPathExists=|/etc/there\nConditionHost=|x", CONDITION_MET, 0},
	    /* paths that systemd ignores, or normalises */
	    {"ConditionPathExists=relative", CONDITION_MET, 0},
	    {"ConditionPathExists=/a/../etc/missing", CONDITION_MET, 0},
	    {"ConditionPathExists=! /etc/there", CONDITION_MET, 0},
	    {"ConditionPathExists=!|/etc/there", CONDITION_MET, 0},
	    {"ConditionPathExists=!//etc/./there/", CONDITION_FAILED, 2},
	    {"ConditionPathExits=/etc/missing", CONDITION_MET, 0},
	    {"ConditionPathExists=/etc/%p.%N", CONDITION_MET, 0},
	    /* the other kinds */
	    {"ConditionPathExistsGlob=/etc/th*", CONDITION_MET, 0},
	    {"ConditionPathExistsGlob=/etc/x*", CONDITION_FAILED, 2},
	    {"ConditionPathIsDirectory=/etc/dir", CONDITION_MET, 0},
	    {"ConditionPathIsDirectory=/etc/there", CONDITION_FAILED, 2},
	    {"ConditionPathIsSymbolicLink=/etc/link", CONDITION_MET, 0},
	    {"ConditionPathIsSymbolicLink=!/etc/there", CONDITION_MET, 0},
	    {"ConditionDirectoryNotEmpty=/etc/dir", CONDITION_MET, 0},
	    {"ConditionDirectoryNotEmpty=/etc/hidden", CONDITION_FAILED, 2},
	    {"ConditionDirectoryNotEmpty=/etc/missing", CONDITION_FAILED, 2},
	    {"ConditionFileNotEmpty=/etc/there", CONDITION_MET, 0},
	    {"ConditionFileNotEmpty=/etc/empty", CONDITION_FAILED, 2},
	    {"ConditionFileIsExecutable=/etc/there", CONDITION_FAILED, 2},
	    {"ConditionFileIsExecutable=/etc/program", CONDITION_MET, 0},
	    /* what only the running system knows */
	    {"ConditionPathExists=/run/x", CONDITION_UNDECIDED, 2},
	    {"ConditionPathExists=!/proc/x", CONDITION_UNDECIDED, 2},
	    {"ConditionPathExists=/var/run/x", CONDITION_UNDECIDED, 2},
	    {"ConditionPathExists=/data/x", CONDITION_UNDECIDED, 2},
	    {"ConditionPathExists=/datax", CONDITION_FAILED, 2},
	    {"ConditionVirtualization=vm", CONDITION_UNDECIDED, 2},
	    {"ConditionPathIsReadWrite=/etc", CONDITION_UNDECIDED, 2},
	    {"ConditionVirtualization=vm\nConditionPathExists=/etc/missing", CONDITION_FAILED, 3},
	};
	struct small_root *root = *state;

	put_debian(root);
	put(root, "/etc/there", "x");
	put(root, "/etc/empty", "");
	put(root, "/etc/dir/x", "x");
	put(root, "/etc/hidden/.x", "x");
	put(root, "/etc/c.c", "x");
	put(root, "/etc/program", "x");
	assert_int_equal(chmod(small_root_at(root, "/etc/program"), 0755), 0);
	put_link(root, "/etc/link", "there");
	put_link(root, "/var/run", "/run");
	put(root, "/etc/fstab", "# data\n/dev/sdb1 /data ext4 defaults 0 0\n/dev/sda2 none swap sw 0 0\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned line = 0;
		enum condition_result result = judge(root, cases[i].conditions, &line);

		if (result != cases[i].result || line != cases[i].line)
			fail_msg("%s: %d at line %u, not %d at line %u", cases[i].conditions, result, line,
				 cases[i].result, cases[i].line);
	}
}

static void test_vendor_conditions(void **state)
{
	struct small_root *root = *state;
	const struct unit_setting *setting;
	struct facts facts;

	put_debian(root);
	put(root, VENDOR "v.service",
	    "[Unit]\nConditionFirstBoot=yes\nConditionPathExists=/run/x\n[Service]\nExecStart=/bin/true\n");
	look(root, &facts);
	assert_int_equal(conditions_judge(&facts, unit_load(facts.units, "v.service"), &setting, NULL), CONDITION_MET);
	put(root, VENDOR "w.service", "[Unit]\nConditionPathExists=/etc/missing\n[Service]\nExecStart=/bin/true\n");
	look(root, &facts);
	assert_int_equal(conditions_judge(&facts, unit_load(facts.units, "w.service"), &setting, NULL),
			 CONDITION_FAILED);
}

/* --- stages --- */

/* What the two stages find: "code subject severity class edits", one a line. */
static const char *findings(struct small_root *root)
{
	struct findings found = {.arena = &root->arena};
	struct text text = {.arena = &root->arena};
	struct facts facts;

	look(root, &facts);
	stage_boot(&facts, &found);
	stage_service(&facts, &found);
	text_add(&text, "", 0);
	for (size_t i = 0; i < found.problems.count; i++) {
		const struct problem *problem = found.problems.items[i];

		text_printf(&text, "%s %s %s", problem->info->code, problem->subject,
			    repair_class_name(problem->class));
		for (size_t j = 0; j < problem->edits.count; j++) {
			const struct edit *edit = &problem->edits.items[j];

			text_printf(&text, " %s:%s", edit_op_name(edit->op), edit->path);
			if (edit->line)
				text_printf(&text, ":%u", edit->line);
			if (edit->text)
				text_printf(&text, "[%s]", edit->text);
		}
		text_add(&text, "\n", 1);
	}
	if (found.skipped[STAGE_SERVICE])
		text_printf(&text, "service skipped\n");
	return text.data;
}

static void test_stages_healthy(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	assert_string_equal(findings(root), "");
	/* Enabled in a way of one's own, and a link that systemd honours although it leads elsewhere. */
	drop(root, ETC "multi-user.target.wants/ssh.service");
	put_link(root, ETC "graphical.target.requires/sshd.service", "/nowhere");
	assert_string_equal(findings(root), "");
	/* A masked socket beside an enabled service. */
	put_link(root, ETC "ssh.socket", "/dev/null");
	assert_string_equal(findings(root), "");
	/* Both enabled. */
	drop(root, ETC "ssh.socket");
	put_link(root, ETC "sockets.target.wants/ssh.socket", "../ssh.socket");
	assert_string_equal(findings(root), "");
}

static void test_stage_boot_cases(void **state)
{
	static const char set_default[] = "symlink:" ETC "default.target[" VENDOR "multi-user.target]";
	struct small_root *root = *state;
	char expected[512];

	put_debian(root);
	put_link(root, ETC "default.target", "missing.target");
	snprintf(expected, sizeof(expected), "boot.default-dangling default.target safe %s\n", set_default);
	assert_string_equal(findings(root), expected);
	drop(root, ETC "default.target");
	put_link(root, ETC "default.target", "/dev/null");
	snprintf(expected, sizeof(expected), "boot.default-masked default.target ask %s\n", set_default);
	assert_string_equal(findings(root), expected);
	drop(root, ETC "default.target");
	put_link(root, ETC "default.target", "/lib/systemd/system/rescue.target");
	snprintf(expected, sizeof(expected), "boot.default-other rescue.target ask %s\n", set_default);
	assert_string_equal(findings(root), expected);
	drop(root, ETC "default.target");
	put(root, ETC "default.target", "[Unit]\nDescription=my own\n");
	assert_string_equal(findings(root), "boot.default-other default.target report\n");
	drop(root, ETC "default.target");
	drop(root, VENDOR "default.target");
	snprintf(expected, sizeof(expected), "boot.default-missing default.target safe %s\n", set_default);
	assert_string_equal(findings(root), expected);
	/* A target of one's own that starts SSH is a good one. */
	put(root, ETC "mine.target", "[Unit]\nWants=ssh.service\n");
	put_link(root, ETC "default.target", "mine.target");
	assert_string_equal(findings(root), "");
}

static void test_stage_boot_requirement(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put_link(root, ETC "basic.target", "/dev/null");
	assert_string_equal(findings(root),
			    "boot.requirement basic.target ask unlink:" ETC "basic.target\nservice skipped\n");
	drop(root, ETC "basic.target");
	put_link(root, ETC "multi-user.target", "/dev/null");
	assert_string_equal(findings(root), "boot.requirement multi-user.target ask unlink:" ETC
					    "multi-user.target\nservice skipped\n");
	/* Both at once */
	put_link(root, ETC "default.target", "rescue.target");
	assert_string_equal(findings(root), "boot.default-other rescue.target report\n"
					    "boot.requirement multi-user.target ask unlink:" ETC
					    "multi-user.target\nservice skipped\n");
	drop(root, ETC "multi-user.target");
	drop(root, ETC "default.target");
	drop(root, VENDOR "basic.target");
	assert_string_equal(findings(root), "boot.requirement basic.target report\nservice skipped\n");
}

static void test_stage_masked(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put_link(root, ETC "ssh.service", "/dev/null");
	assert_string_equal(findings(root), "service.masked ssh.service ask unlink:" ETC "ssh.service\n");
	drop(root, ETC "ssh.service");
	put(root, ETC "ssh.service", "");
	assert_string_equal(findings(root), "service.masked ssh.service ask unlink:" ETC "ssh.service\n");
	/* Nothing behind the mask: unmasking alone would be a needless edit. */
	drop(root, VENDOR "ssh.service");
	assert_string_equal(findings(root), "service.masked ssh.service report\n");
	/* The mask is a package's. */
	drop(root, ETC "ssh.service");
	put_link(root, VENDOR "ssh.service", "/dev/null");
	assert_string_equal(findings(root), "service.masked ssh.service report\n");
}

static void test_stage_masked_alias_and_socket(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	/* The alias is what the boot asks for, and it is masked. */
	drop(root, ETC "multi-user.target.wants/ssh.service");
	drop(root, ETC "sshd.service");
	put_link(root, VENDOR "sshd.service", "ssh.service");
	put_link(root, ETC "sshd.service", "/dev/null");
	put_link(root, ETC "multi-user.target.wants/sshd.service", "../sshd.service");
	assert_string_equal(findings(root), "service.masked sshd.service ask unlink:" ETC "sshd.service\n");
	drop(root, ETC "sshd.service");
	drop(root, ETC "multi-user.target.wants/sshd.service");
	/* The socket is. */
	put_link(root, ETC "sockets.target.wants/ssh.socket", "../ssh.socket");
	put_link(root, ETC "ssh.socket", "/dev/null");
	assert_string_equal(findings(root), "service.masked ssh.socket ask unlink:" ETC "ssh.socket\n");
	/* The socket is enabled, and the service that it needs is masked. */
	drop(root, ETC "ssh.socket");
	put_link(root, ETC "ssh.service", "/dev/null");
	assert_string_equal(findings(root), "service.masked ssh.service ask unlink:" ETC "ssh.service\n");
}

static void test_stage_disabled(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	drop(root, ETC "multi-user.target.wants/ssh.service");
	/* The alias is still there: the other link was lost. */
	assert_string_equal(findings(root), "service.link-lost ssh.service safe symlink:" ETC
					    "multi-user.target.wants/ssh.service[" VENDOR "ssh.service]\n");
	drop(root, ETC "sshd.service");
	assert_string_equal(findings(root),
			    "service.disabled ssh.service ask symlink:" ETC "sshd.service[" VENDOR
			    "ssh.service] symlink:" ETC "multi-user.target.wants/ssh.service[" VENDOR "ssh.service]\n");
	/* Ubuntu since 22.10 enables the socket. */
	put(root, "/etc/os-release", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n");
	assert_string_equal(findings(root), "service.disabled ssh.socket ask symlink:" ETC
					    "sockets.target.wants/ssh.socket[" VENDOR "ssh.socket]\n");
	put(root, "/etc/os-release", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"\n");
	assert_non_null(strstr(findings(root), "service.disabled ssh.service"));
	put(root, VENDOR "ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n");
	assert_string_equal(findings(root), "service.disabled ssh.service report\n");
}

static void test_stage_gone(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put_link(root, ETC "ssh.service", "/opt/units/ssh.service");
	assert_string_equal(findings(root), "service.dangling ssh.service ask unlink:" ETC "ssh.service\n");
	drop(root, VENDOR "ssh.service");
	assert_string_equal(findings(root), "service.dangling ssh.service report\n");
	drop(root, ETC "ssh.service");
	drop(root, VENDOR "ssh.socket");
	assert_string_equal(findings(root), "service.not-found ssh.service report\n");
}

static void test_stage_refused(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStart=/usr/sbin/sshd -D -p 2222\n");
	assert_string_equal(findings(root),
			    "service.refused ssh.service ask insert-line:" ETC "ssh.service.d/o.conf:2[ExecStart=]\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\n  ExecStart=\n");
	assert_string_equal(findings(root), "service.refused ssh.service ask replace-line:" ETC
					    "ssh.service.d/o.conf:2[#  ExecStart=]\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStart=\nExecStart=sbin/sshd\n");
	assert_string_equal(findings(root), "service.refused ssh.service ask replace-line:" ETC
					    "ssh.service.d/o.conf:2[#ExecStart=]\n");
	drop(root, ETC "ssh.service.d/o.conf");
	put(root, ETC "ssh.service", "[Service\nExecStart=/usr/sbin/sshd -D\n");
	assert_string_equal(findings(root), "service.refused ssh.service report\n");
}

static void test_stage_requirement(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put(root, ETC "ssh.service.d/o.conf", "[Unit]\nRequires=vpn.service\n");
	assert_string_equal(findings(root), "service.requirement vpn.service report\n");
	put(root, VENDOR "vpn.service", "[Service]\nExecStart=/bin/true\n");
	put_link(root, ETC "vpn.service", "/dev/null");
	assert_string_equal(findings(root), "service.requirement vpn.service ask unlink:" ETC "vpn.service\n");
	/* systemd before 254 started it all the same. */
	drop(root, "/usr/lib/systemd/libsystemd-shared-257.so");
	put(root, "/usr/lib/systemd/libsystemd-shared-252.so", "");
	assert_string_equal(findings(root), "");
}

static void test_stage_conditions(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put(root, "/etc/ssh/sshd_not_to_be_run", "");
	assert_string_equal(findings(root), "service.inhibited ssh.service ask unlink:/etc/ssh/sshd_not_to_be_run\n");
	drop(root, "/etc/ssh/sshd_not_to_be_run");
	put(root, ETC "ssh.service.d/c.conf",
	    "[Unit]\nConditionPathExists=\\\n  /etc/missing\nAssertPathExists=/etc\n");
	assert_string_equal(findings(root),
			    "service.condition ssh.service: ConditionPathExists=/etc/missing ask replace-line:" ETC
			    "ssh.service.d/c.conf:2[#ConditionPathExists=\\] replace-line:" ETC
			    "ssh.service.d/c.conf:3[#  /etc/missing]\n");
	put(root, ETC "ssh.service.d/c.conf", "[Unit]\nConditionKernelCommandLine=!nossh\n");
	assert_string_equal(findings(root),
			    "service.condition-unknown ssh.service: ConditionKernelCommandLine=!nossh report\n");
	/* A way in that is in order makes up for it: the socket starts the template. */
	put(root, VENDOR "sshd.socket", "[Socket]\nListenStream=22\nAccept=yes\n");
	drop(root, VENDOR "ssh.socket");
	put(root, VENDOR "sshd@.service", "[Service]\nExecStart=-/usr/sbin/sshd -i\n");
	put_link(root, ETC "sockets.target.wants/sshd.socket", "../sshd.socket");
	assert_string_equal(findings(root), "");
}

static void test_stage_programs(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStart=\nExecStart=/opt/sshd -D\n");
	assert_string_equal(findings(root), "service.program-missing /opt/sshd ask replace-line:" ETC
					    "ssh.service.d/o.conf:2[#ExecStart=] replace-line:" ETC
					    "ssh.service.d/o.conf:3[#ExecStart=/opt/sshd -D]\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStartPre=/opt/check\nExecStartPre=-/opt/other\n");
	assert_string_equal(findings(root), "service.program-missing /opt/check ask replace-line:" ETC
					    "ssh.service.d/o.conf:2[#ExecStartPre=/opt/check] replace-line:" ETC
					    "ssh.service.d/o.conf:3[#ExecStartPre=-/opt/other]\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStartPre=-/opt/check\n");
	assert_string_equal(findings(root), "");
	drop(root, ETC "ssh.service.d/o.conf");
	put(root, ETC "ssh.service", "[Service]\nExecStart=/opt/sshd -D\n");
	assert_string_equal(findings(root), "service.program-missing /opt/sshd report\n");
	/* That the package's own sshd is gone is the next stage's business. */
	drop(root, ETC "ssh.service");
	drop(root, "/usr/sbin/sshd");
	assert_string_equal(findings(root), "");
}

static void test_stage_command(void **state)
{
	struct small_root *root = *state;

	put_debian(root);
	put(root, "/usr/bin/sh", "");
	put(root, ETC "ssh.service.d/o.conf",
	    "[Service]\nExecStart=\nExecStart=/usr/bin/sh -c 'exec /usr/sbin/sshd -D'\n");
	assert_string_equal(findings(root), "service.command-unknown ssh.service report\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nEnvironmentFile=/etc/ssh-env\n");
	assert_string_equal(findings(root), "service.environment-file ssh.service: /etc/ssh-env ask replace-line:" ETC
					    "ssh.service.d/o.conf:2[EnvironmentFile=-/etc/ssh-env]\n");
	drop(root, ETC "ssh.service.d/o.conf");
	/* The daemon stage's business. */
	put(root, "/etc/default/ssh", "SSHD_OPTS=-t\n");
	assert_string_equal(findings(root), "");
	put(root, "/etc/default/ssh", "SSHD_OPTS=-ed\n");
	assert_string_equal(findings(root), "");
	put(root, "/etc/default/ssh", "");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd\n");
	assert_string_equal(findings(root), "service.daemon-mode ssh.service report\n");
	put(root, ETC "ssh.service.d/o.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd\nType=forking\n");
	assert_string_equal(findings(root), "");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_debian),
	    CASE(test_red_hat),
	    CASE(test_options),
	    CASE(test_options_in_dropin),
	    CASE(test_socket_with_templates),
	    CASE(test_socket_without_service),
	    CASE(test_custom_unit),
	    CASE(test_no_unit),
	    CASE(test_conditions),
	    CASE(test_vendor_conditions),
	    CASE(test_stages_healthy),
	    CASE(test_stage_boot_cases),
	    CASE(test_stage_boot_requirement),
	    CASE(test_stage_masked),
	    CASE(test_stage_masked_alias_and_socket),
	    CASE(test_stage_disabled),
	    CASE(test_stage_gone),
	    CASE(test_stage_refused),
	    CASE(test_stage_requirement),
	    CASE(test_stage_conditions),
	    CASE(test_stage_programs),
	    CASE(test_stage_command),
	};

	return cmocka_run_group_tests_name("ssh service", tests, NULL, NULL);
}
