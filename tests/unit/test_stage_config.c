/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The config stage's repairs, on files as the parser of the real rules judges them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "facts.h"
#include "stage/config_option.h"
#include "stage/stage.h"
#include "target/staged.h"
#include "target/target.h"

#define MAIN "/etc/ssh/sshd_config"

struct root {
	char directory[32];
	struct target *target;
	struct arena arena;
	struct facts facts;
	struct findings findings;
	unsigned major, minor;
};

static void put_bytes(struct root *root, const char *path, const char *data, size_t size)
{
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root->directory, path);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void put(struct root *root, const char *path, const char *text)
{
	put_bytes(root, path, text, strlen(text));
}

static void make_directory(struct root *root, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root->directory, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

/* A program that knows no keyword and no algorithm: what is not in the tables, sshd does not know. */
static void put_program(struct root *root)
{
	static char data[1024 * 1024];
	FILE *file = fopen("/bin/true", "r");
	size_t size;

	assert_non_null(file);
	size = fread(data, 1, sizeof(data), file);
	assert_int_equal(fclose(file), 0);
	put_bytes(root, "/usr/sbin/sshd", data, size);
}

/* The next look: facts and problems of the staged view. */
static void look(struct root *root)
{
	static const char *const versions[] = {"8.4p1", "9.2p1"};

	root->facts = (struct facts){.arena = &root->arena, .target = root->target};
	root->findings = (struct findings){.arena = &root->arena};
	root->facts.os =
	    (struct os_release){.id = "debian", .id_like = "", .version_id = "12", .pretty_name = "Debian"};
	root->facts.binary = (struct sshd_binary){.target = root->target,
						  .arena = &root->arena,
						  .path = "/usr/sbin/sshd",
						  .major = root->major,
						  .minor = root->minor,
						  .version = root->major ? versions[root->major == 9] : NULL};
	assert_int_equal(
	    sshd_config_load(root->target, &root->arena, &root->facts.binary, NULL, NULL, 0, &root->facts.config), 0);
	stage_config(&root->facts, &root->findings);
}

static int setup(void **state)
{
	struct root *root = calloc(1, sizeof(*root));

	strcpy(root->directory, "/tmp/sshrescue-config-XXXXXX");
	assert_non_null(mkdtemp(root->directory));
	make_directory(root, "/etc");
	make_directory(root, "/etc/ssh");
	make_directory(root, "/etc/ssh/sshd_config.d");
	make_directory(root, "/usr");
	make_directory(root, "/usr/sbin");
	make_directory(root, "/usr/share");
	make_directory(root, "/usr/share/openssh");
	make_directory(root, "/usr/etc");
	assert_int_equal(target_open(&root->target, root->directory, 0), 0);
	put_program(root);
	root->major = 9;
	root->minor = 2;
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	struct root *root = *state;
	char command[64];

	target_close(root->target);
	arena_release(&root->arena);
	snprintf(command, sizeof(command), "rm -rf %s", root->directory);
	assert_int_equal(system(command), 0);
	free(root);
	return 0;
}

static const struct problem *only_problem(struct root *root, enum problem_code code)
{
	assert_int_equal(root->findings.problems.count, 1);
	assert_int_equal(root->findings.problems.items[0]->code, code);
	return root->findings.problems.items[0];
}

static const char *content(struct root *root, const char *path)
{
	struct blob blob;

	assert_int_equal(target_read(root->target, path, TARGET_FILE_LIMIT, &root->arena, &blob, NULL), 0);
	return blob.data;
}

/* Stages all edits of the look, and looks again. */
static void apply(struct root *root)
{
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed;

	for (size_t i = 0; i < root->findings.problems.count; i++) {
		const struct problem *problem = root->findings.problems.items[i];

		for (size_t j = 0; problem->class != REPAIR_REPORT && j < problem->edits.count; j++)
			*array_push(&root->arena, &edits) = &problem->edits.items[j];
	}
	assert_int_equal(staged_apply(root->target, edits.items, edits.count, &failed), 0);
	look(root);
}

/* The main file has this one problem, and its repair makes that of it; sshd takes the result. */
static void repaired(struct root *root, enum problem_code code, const char *before, const char *after)
{
	const struct problem *problem;

	put(root, MAIN, before);
	look(root);
	problem = only_problem(root, code);
	assert_int_equal(problem->class, REPAIR_ASK);
	assert_int_equal(problem->severity, SEVERITY_BLOCKS);
	assert_non_null(problem->repair);
	apply(root);
	assert_string_equal(content(root, MAIN), after);
	assert_int_equal(root->findings.problems.count, 0);
	assert_int_equal(root->facts.config.errors.count, 0);
	staged_restore(root->target, NULL);
}

/* The problem is found and left, with a remedy. */
static void left(struct root *root, enum problem_code code, const char *text)
{
	const struct problem *problem;

	put(root, MAIN, text);
	look(root);
	problem = only_problem(root, code);
	assert_int_equal(problem->class, REPAIR_REPORT);
	assert_int_equal(problem->edits.count, 0);
	assert_non_null(problem->remedy);
}

static void a_valid_file_raises_nothing(void **state)
{
	struct root *root = *state;

	put(root, MAIN, "Port 22\nPermitRootLogin no\nMatch User bob\n\tX11Forwarding no\n");
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
	put(root, MAIN, "");
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
	/* deprecated, and left out at build time */
	put(root, MAIN, "UsePrivilegeSeparation yes\nRSAAuthentication yes\nKerberosAuthentication no\n");
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
}

static void a_directory_is_an_empty_file(void **state)
{
	struct root *root = *state;
	const struct problem *problem;
	char main_file[64];

	left(root, PROBLEM_CONFIG_DIRECTORY, "Port 22\nInclude /etc/ssh/sshd_config.d\n");
	problem = only_problem(root, PROBLEM_CONFIG_DIRECTORY);
	assert_int_equal(problem->severity, SEVERITY_WARNS);
	assert_int_equal(problem->line, 2);
	assert_string_equal(problem->remedy, "include the files in it: Include /etc/ssh/sshd_config.d/*.conf");
	/* A pattern may find one among files. */
	make_directory(root, "/etc/ssh/sshd_config.d/disabled");
	put(root, MAIN, "Include /etc/ssh/sshd_config.d/*\n");
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
	/* The main file. */
	snprintf(main_file, sizeof(main_file), "%s%s", root->directory, MAIN);
	assert_int_equal(unlink(main_file), 0);
	make_directory(root, MAIN);
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_DIRECTORY);
	assert_int_equal(problem->severity, SEVERITY_WARNS);
	assert_string_equal(problem->path, MAIN);
	assert_int_equal(problem->line, 0);
}

static void a_misspelled_keyword_is_corrected(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_KEYWORD, "Port 22\n  PermitRootLogn  no # why\n",
		 "Port 22\n  PermitRootLogin  no # why\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PasswordAuthentification no\n", "PasswordAuthentication no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "AllowUser bob\n", "AllowUsers bob\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "DenyUser=bob\n", "DenyUsers=bob\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "Prot 2222\r\n", "Port 2222\r\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "X11Fowarding yes", "X11Forwarding yes");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogin: no\n", "PermitRootLogin no\n");
	/* within a Match block */
	repaired(root, PROBLEM_CONFIG_KEYWORD, "Match User bob\n\tForceComand /bin/false\n",
		 "Match User bob\n\tForceCommand /bin/false\n");
}

static void a_name_of_another_release_is_translated(void **state)
{
	struct root *root = *state;

	root->major = 8;
	root->minor = 4;
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PubkeyAcceptedAlgorithms ssh-ed25519\n",
		 "PubkeyAcceptedKeyTypes ssh-ed25519\n");
}

static void an_unknown_harmless_keyword_becomes_a_comment(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_KEYWORD, "Port 22\n  FooBar yes\nUseDNS no\n",
		 "Port 22\n#  FooBar yes # sshrescue: unknown keyword\nUseDNS no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "HashKnownHosts yes\n",
		 "#HashKnownHosts yes # sshrescue: an option of ssh_config, the client's\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "DebianBanner no\n", "#DebianBanner no # sshrescue: unknown keyword\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "just some words\n", "#just some words # sshrescue: unknown keyword\n");
}

static void a_keyword_that_looks_restricting_is_left(void **state)
{
	struct root *root = *state;

	left(root, PROBLEM_CONFIG_KEYWORD, "AllowOnly bob\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "DenyRoot yes\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "AlwUsrs bob\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "PermitRoot no\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "Allow Users bob\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "MaxAuthTry 3\n");
	/* one of a later release */
	left(root, PROBLEM_CONFIG_KEYWORD, "RefuseConnection yes\n");
	/* not in a Match block, although it is unmistakable */
	left(root, PROBLEM_CONFIG_KEYWORD, "Match User bob\nStrictMode yes\n");
	/* the value makes no sense, so it may have been another keyword */
	left(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogn maybe\n");
}

static void a_correction_never_loosens_what_is_in_force(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogn yes\nPermitRootLogin no\n",
		 "#PermitRootLogn yes # sshrescue: PermitRootLogn was perhaps meant to be PermitRootLogin\n"
		 "PermitRootLogin no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogn no\nPermitRootLogin yes\n",
		 "PermitRootLogin no\nPermitRootLogin yes\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication yess\nPasswordAuthentication no\n",
		 "#PasswordAuthentication yess # sshrescue: yess was perhaps meant to be yes\n"
		 "PasswordAuthentication no\n");
	/* never in force, and a danger: the default is stricter */
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitEmptyPassword yes\n",
		 "#PermitEmptyPassword yes # sshrescue: PermitEmptyPassword was perhaps meant to be "
		 "PermitEmptyPasswords\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "StrictModes noo\n",
		 "#StrictModes noo # sshrescue: noo was perhaps meant to be no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "StrictMode yes\n", "StrictModes yes\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "ForceComand /bin/a\nForceCommand /bin/b\n");
}

static void a_misspelled_value_is_corrected(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_VALUE, "PermitRootLogin prohibit-pasword\n",
		 "PermitRootLogin prohibit-password\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication noo\n", "PasswordAuthentication no\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication no;\n", "PasswordAuthentication no\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication off\n", "PasswordAuthentication no\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "StrictModes on\n", "StrictModes yes\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "UseDNS false\n", "UseDNS no\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "UseDNS on\n", "#UseDNS on # sshrescue: no valid value\n");
	left(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication true\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "Port 22;\n", "Port 22\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "Port 2222/tcp\n", "Port 2222\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "MaxAuthTries 3,\n", "MaxAuthTries 3\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "LogLevel VERBOES\n", "LogLevel VERBOSE\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "AuthenticationMethods publickey,pasword\n",
		 "AuthenticationMethods publickey,password\n");
}

static void a_bad_value_goes_where_the_default_is_no_looser(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_VALUE, "Port 99999\n", "#Port 99999 # sshrescue: no valid value\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "LoginGraceTime soon\n",
		 "#LoginGraceTime soon # sshrescue: no valid value\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PermitEmptyPasswords maybe\n",
		 "#PermitEmptyPasswords maybe # sshrescue: no valid value\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "X11Forwarding maybe\n",
		 "#X11Forwarding maybe # sshrescue: no valid value\n");
	left(root, PROBLEM_CONFIG_VALUE, "X11Forwarding maybe\nX11Forwarding yes\n");
	left(root, PROBLEM_CONFIG_VALUE, "PermitRootLogin maybe\n");
	left(root, PROBLEM_CONFIG_VALUE, "PasswordAuthentication on\n");
	left(root, PROBLEM_CONFIG_VALUE, "AllowTcpForwarding maybe\n");
	left(root, PROBLEM_CONFIG_VALUE, "MaxAuthTries many\n");
	left(root, PROBLEM_CONFIG_VALUE, "Match User bob\nPermitEmptyPasswords maybe\n");
}

static void a_list_loses_only_its_bad_element(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_VALUE, "Ciphers aes256-ctr,arcfour,aes128-ctr\n",
		 "Ciphers aes256-ctr,aes128-ctr\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "MACs +foo,hmac-sha1\n", "MACs +hmac-sha1\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "KexAlgorithms hmac-sha2-256,curve25519-sha256\n",
		 "KexAlgorithms curve25519-sha256\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "HostKeyAlgorithms bogus,ssh-ed25519,ecdsa-*,other\n",
		 "HostKeyAlgorithms ssh-ed25519,ecdsa-*\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PubkeyAcceptedAlgorithms ssh-foo,ssh-ed25519\n",
		 "PubkeyAcceptedAlgorithms ssh-ed25519\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "AllowUsers alice bob@10.0.0.1/33 carol\n", "AllowUsers alice carol\n");
	left(root, PROBLEM_CONFIG_VALUE, "AllowUsers bob@10.0.0.1/33\n");
	left(root, PROBLEM_CONFIG_VALUE, "DenyUsers alice bob@10.0.0.1/33\n");
}

static void an_empty_list_falls_back_only_on_sound_defaults(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_VALUE, "Ciphers aes256-crt\n", "Ciphers aes256-ctr\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "Ciphers foo\n",
		 "#Ciphers foo # sshrescue: no known algorithm in it: the default applies\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PubkeyAcceptedAlgorithms +foo\n",
		 "#PubkeyAcceptedAlgorithms +foo # sshrescue: no known algorithm in it: the default applies\n");
	left(root, PROBLEM_CONFIG_VALUE, "PubkeyAcceptedAlgorithms foo\n");
	/* not the default, but the next line would apply */
	left(root, PROBLEM_CONFIG_VALUE, "Ciphers foo\nCiphers 3des-cbc\n");
	left(root, PROBLEM_CONFIG_VALUE, "CASignatureAlgorithms foo\n");
	/* its default lets SHA-1 signatures in */
	root->major = 8;
	root->minor = 4;
	left(root, PROBLEM_CONFIG_VALUE, "HostKeyAlgorithms foo\n");
}

static void a_missing_value_goes_only_where_it_is_harmless(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_VALUE_MISSING, "Banner\n", "#Banner # sshrescue: no value\n");
	repaired(root, PROBLEM_CONFIG_VALUE_MISSING, "Port\n", "#Port # sshrescue: no value\n");
	left(root, PROBLEM_CONFIG_VALUE_MISSING, "AllowUsers\n");
	left(root, PROBLEM_CONFIG_VALUE_MISSING, "PermitRootLogin\n");
}

static void too_many_arguments(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "Ciphers aes256-ctr, aes128-ctr\n", "Ciphers aes256-ctr,aes128-ctr\n");
	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "Port 22 2222\n", "Port 22\nPort 2222\n");
	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "ListenAddress 10.0.0.1 10.0.0.2\n",
		 "ListenAddress 10.0.0.1\nListenAddress 10.0.0.2\n");
	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "PermitRootLogin no for security\n",
		 "PermitRootLogin no\n# sshrescue: the value above was followed by: for security\n");
	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "UseDNS no really\n",
		 "#UseDNS no really # sshrescue: too many arguments\n");
	left(root, PROBLEM_CONFIG_ARGUMENTS, "PermitRootLogin yes no\n");
	left(root, PROBLEM_CONFIG_ARGUMENTS, "MaxAuthTries 3 4\n");
	left(root, PROBLEM_CONFIG_ARGUMENTS, "ChrootDirectory /a b\n");
	repaired(root, PROBLEM_CONFIG_ARGUMENTS, "HostKey /etc/ssh/a /etc/ssh/b\n",
		 "HostKey /etc/ssh/a\nHostKey /etc/ssh/b\n");
	left(root, PROBLEM_CONFIG_ARGUMENTS, "HostKey /etc/ssh/a b\n");
}

static void quotes_that_do_not_close(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_QUOTES, "PermitRootLogin \"no\n", "PermitRootLogin no\n");
	repaired(root, PROBLEM_CONFIG_QUOTES, "Banner \"/etc/issue net\n",
		 "#Banner \"/etc/issue net # sshrescue: a quote is not closed\n");
	left(root, PROBLEM_CONFIG_QUOTES, "ForceCommand echo don't\n");
	left(root, PROBLEM_CONFIG_QUOTES, "AllowUsers \"alice bob\n");
}

static void characters_that_only_look_right(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_KEYWORD, "\xef\xbb\xbfPort 22\n", "Port 22\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogin\xc2\xa0no\n", "PermitRootLogin no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "PermitRootLogin:no\n", "PermitRootLogin no\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "FooBar\n", "#FooBar # sshrescue: unknown keyword\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "AllowUserss\n");
	repaired(root, PROBLEM_CONFIG_VALUE, "PermitRootLogin prohibit\xe2\x80\x93password\n",
		 "PermitRootLogin prohibit-password\n");
}

static void a_match_line_is_corrected(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_MATCH, "Match Usr bob\n\tForceCommand /bin/false\n",
		 "Match User bob\n\tForceCommand /bin/false\n");
	repaired(root, PROBLEM_CONFIG_KEYWORD, "Mach User bob\n\tForceCommand /bin/false\n",
		 "Match User bob\n\tForceCommand /bin/false\n");
	repaired(root, PROBLEM_CONFIG_MATCH, "Match User bob Adress 10.0.0.0/8\n\tPermitTTY no\n",
		 "Match User bob Address 10.0.0.0/8\n\tPermitTTY no\n");
}

static void a_match_block_goes_as_a_whole_or_not_at_all(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_MATCH,
		 "Match Address 10.0.0.0/99\n\t# trusted\n\n\tPasswordAuthentication yes\n\tBanner none\n"
		 "Match User bob\n\tPermitTTY no\n",
		 "#Match Address 10.0.0.0/99 # sshrescue: of a Match block that sshd refuses\n\t# trusted\n\n"
		 "#\tPasswordAuthentication yes # sshrescue: of a Match block that sshd refuses\n"
		 "#\tBanner none # sshrescue: of a Match block that sshd refuses\n"
		 "Match User bob\n\tPermitTTY no\n");
	left(root, PROBLEM_CONFIG_MATCH, "Match Address 10.0.0.0/99\n\tPasswordAuthentication no\n");
	left(root, PROBLEM_CONFIG_MATCH, "Match Foo bar\n\tForceCommand /bin/false\n");
	left(root, PROBLEM_CONFIG_MATCH, "Match User\n\tChrootDirectory /srv\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "Mach Foo bar\n\tDenyUsers bob\n");
	left(root, PROBLEM_CONFIG_KEYWORD, "EndMatch now\n");
}

static void what_may_not_stand_in_a_match_block(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_NOT_IN_MATCH, "Match User bob\n\tPermitTTY no\nUseDNS no\n",
		 "Match User bob\n\tPermitTTY no\n#UseDNS no # sshrescue: not allowed in a Match block\n");
	left(root, PROBLEM_CONFIG_NOT_IN_MATCH, "Match User bob\nStrictModes yes\n");
	left(root, PROBLEM_CONFIG_NOT_IN_MATCH, "Match User bob\nCiphers aes256-ctr\n");
	left(root, PROBLEM_CONFIG_NOT_IN_MATCH, "Match User bob\nUsePAM yes\n");
}

static void the_file_that_a_line_came_from_is_edited(void **state)
{
	struct root *root = *state;
	const struct problem *problem;

	put(root, MAIN, "Include /etc/ssh/sshd_config.d/*.conf\n");
	put(root, "/etc/ssh/sshd_config.d/50-x.conf", "PermitRootLogn no\n");
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_KEYWORD);
	assert_string_equal(problem->path, "/etc/ssh/sshd_config.d/50-x.conf");
	assert_int_equal(problem->line, 1);
	assert_string_equal(problem->subject, "PermitRootLogn no");
	assert_string_equal(problem->repair, "PermitRootLogn -> PermitRootLogin");
	apply(root);
	assert_string_equal(content(root, "/etc/ssh/sshd_config.d/50-x.conf"), "PermitRootLogin no\n");
	assert_int_equal(root->findings.problems.count, 0);
}

static void a_vendor_file_is_not_edited(void **state)
{
	struct root *root = *state;
	const struct problem *problem;

	make_directory(root, "/usr/etc/ssh");
	put(root, MAIN, "Include /usr/etc/ssh/*.conf\n");
	put(root, "/usr/etc/ssh/x.conf", "FooBar no\n");
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_KEYWORD);
	assert_int_equal(problem->class, REPAIR_REPORT);
	assert_int_equal(problem->edits.count, 0);
	assert_non_null(strstr(problem->remedy, "belongs to the distribution's packages"));
}

#define VENDOR "/usr/etc/ssh/sshd_config"

/* SUSE's sshd reads the vendor's file where /etc has none. */
static void look_at_vendor_file(struct root *root, const char *text)
{
	put(root, VENDOR, text);
	look(root);
	root->findings = (struct findings){.arena = &root->arena};
	assert_int_equal(
	    sshd_config_load(root->target, &root->arena, &root->facts.binary, VENDOR, NULL, 0, &root->facts.config), 0);
	root->facts.config.vendor = true;
	stage_config(&root->facts, &root->findings);
}

static void the_vendors_main_file_is_overridden(void **state)
{
	struct root *root = *state;

	make_directory(root, "/usr/etc/ssh");
	look_at_vendor_file(root, "UseDNS no\nPermitRootLogn no\nPort 22\n");
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_KEYWORD)->class, REPAIR_ASK);
	apply(root);
	assert_string_equal(content(root, MAIN), "UseDNS no\nPermitRootLogin no\nPort 22\n");
	assert_string_equal(content(root, VENDOR), "UseDNS no\nPermitRootLogn no\nPort 22\n");
	staged_restore(root->target, NULL);
	/* Two repairs would each write a copy of their own. */
	look_at_vendor_file(root, "FooBar no\nPermitRootLogn no\n");
	assert_int_equal(root->findings.problems.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(root->findings.problems.items[i]->class, REPAIR_REPORT);
}

static void a_circle_of_includes_is_opened(void **state)
{
	struct root *root = *state;

	put(root, MAIN, "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n");
	put(root, "/etc/ssh/sshd_config.d/a.conf", "DenyUsers bob\nInclude /etc/ssh/sshd_config.d/*.conf\n");
	look(root);
	assert_true(root->findings.problems.count > 0);
	assert_int_equal(root->findings.problems.items[0]->code, PROBLEM_CONFIG_INCLUDE);
	apply(root);
	assert_string_equal(
	    content(root, "/etc/ssh/sshd_config.d/a.conf"),
	    "DenyUsers bob\n#Include /etc/ssh/sshd_config.d/*.conf # sshrescue: includes what is read already\n");
	assert_string_equal(content(root, MAIN), "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n");
	assert_int_equal(root->findings.problems.count, 0);
}

/* Nothing of a file that is no configuration may stand in a report. */
static void quotes_nothing(struct root *root, const char *secret)
{
	for (size_t i = 0; i < root->findings.problems.count; i++) {
		const struct problem *problem = root->findings.problems.items[i];
		const char *const texts[] = {problem->subject, problem->evidence, problem->repair, problem->remedy};

		for (size_t j = 0; j < ARRAY_SIZE(texts); j++)
			assert_null(texts[j] ? strstr(texts[j], secret) : NULL);
		for (size_t j = 0; j < problem->edits.count; j++)
			assert_null(strstr(problem->edits.items[j].text, secret));
	}
}

static void an_include_that_is_too_wide(void **state)
{
	static const char key[] =
	    "-----BEGIN OPENSSH PRIVATE KEY-----\nSecretSecret\n-----END OPENSSH PRIVATE KEY-----\n";
	struct root *root = *state;

	put(root, "/etc/ssh/ssh_host_ed25519_key", key);
	put(root, "/etc/ssh/my_secret", key);
	put(root, "/etc/ssh/ssh_config", "Host *\n\tSendEnv Secret\n");
	put(root, MAIN, "PermitRootLogin no\nInclude /etc/ssh/*\n");
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_INCLUDE)->class, REPAIR_ASK);
	quotes_nothing(root, "Secret");
	apply(root);
	assert_string_equal(content(root, MAIN),
			    "PermitRootLogin no\n#Include /etc/ssh/* # sshrescue: brings in files that "
			    "are no configuration of sshd\n");
	assert_int_equal(root->findings.problems.count, 0);
	staged_restore(root->target, NULL);
	/* One of the files is of sshd: the line is not dropped. */
	put(root, "/etc/ssh/site.rules", "DenyUsers bob\n");
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_INCLUDE)->class, REPAIR_REPORT);
	quotes_nothing(root, "Secret");
}

static void an_include_of_something_secret(void **state)
{
	struct root *root = *state;
	char full[256];

	put(root, "/etc/shadow", "root:$6$Secret$Secret:1::::::\n");
	put(root, MAIN, "Include /etc/shadow\n");
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_INCLUDE)->class, REPAIR_REPORT);
	quotes_nothing(root, "Secret");
	/* the main file itself leads there */
	snprintf(full, sizeof(full), "%s" MAIN, root->directory);
	assert_int_equal(unlink(full), 0);
	assert_int_equal(symlink("/etc/shadow", full), 0);
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_GARBAGE)->class, REPAIR_REPORT);
	quotes_nothing(root, "Secret");
}

static void settings_that_do_not_go_together(void **state)
{
	struct root *root = *state;

	repaired(root, PROBLEM_CONFIG_CONFLICT, "AuthorizedKeysCommand /usr/bin/keys %u\n",
		 "#AuthorizedKeysCommand /usr/bin/keys %u # sshrescue: needs AuthorizedKeysCommandUser\n");
	repaired(root, PROBLEM_CONFIG_CONFLICT, "Subsystem sftp internal-sftp\nSubsystem sftp /usr/lib/sftp-server\n",
		 "Subsystem sftp internal-sftp\n#Subsystem sftp /usr/lib/sftp-server # sshrescue: this subsystem is "
		 "defined already\n");
	repaired(root, PROBLEM_CONFIG_CONFLICT, "AddressFamily inet\nListenAddress 0.0.0.0\nListenAddress ::\n",
		 "AddressFamily inet\nListenAddress 0.0.0.0\n#ListenAddress :: # sshrescue: of a family that "
		 "AddressFamily leaves out\n");
	left(root, PROBLEM_CONFIG_CONFLICT, "AddressFamily inet\nListenAddress 2001:db8::1\n");
	left(root, PROBLEM_CONFIG_CONFLICT, "Subsystem sftp internal-sftp\nSubsystem sftp /usr/lib/sftp-server -R\n");
	left(root, PROBLEM_CONFIG_CONFLICT, "PubkeyAuthentication no\nAuthenticationMethods publickey\n");
	left(root, PROBLEM_CONFIG_CONFLICT, "AuthorizedPrincipalsCommand /usr/bin/principals\n");
}

static void both_sides_of_a_merge_stay(void **state)
{
	struct root *root = *state;

	repaired(
	    root, PROBLEM_CONFIG_MERGE_CONFLICT,
	    "PermitRootLogin no\n<<<<<<< HEAD\nX11Forwarding no\nPort 22\nSubsystem sftp internal-sftp\n=======\n"
	    "X11Forwarding no\nPort 2222\nSubsystem sftp internal-sftp\n>>>>>>> other\n",
	    "PermitRootLogin no\n#<<<<<<< HEAD # sshrescue: mark of an unresolved merge\nX11Forwarding no\nPort 22\n"
	    "Subsystem sftp internal-sftp\n#======= # sshrescue: mark of an unresolved merge\nX11Forwarding no\n"
	    "Port 2222\n#Subsystem sftp internal-sftp # sshrescue: both sides of a merge have this\n"
	    "#>>>>>>> other # sshrescue: mark of an unresolved merge\n");
	left(root, PROBLEM_CONFIG_MERGE_CONFLICT,
	     "<<<<<<< HEAD\nPermitRootLogin yes\n=======\nPermitRootLogin no\n>>>>>>> other\n");
	left(root, PROBLEM_CONFIG_MERGE_CONFLICT,
	     "<<<<<<< HEAD\nBanner none\n=======\nAllowUsers bob\n>>>>>>> other\n");
	left(root, PROBLEM_CONFIG_MERGE_CONFLICT, "PermitRootLogin no\n>>>>>>> other\n");
}

static void bytes_that_are_no_text(void **state)
{
	static const char pristine[] = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n";
	struct root *root = *state;
	const struct problem *problem;

	put(root, "/usr/share/openssh/sshd_config", pristine);
	/* one damaged line */
	repaired(root, PROBLEM_CONFIG_GARBAGE, "PermitRootLogin no\nPort 22\nUseDNS no\n\x01\xffzz yes\n",
		 "PermitRootLogin no\nPort 22\nUseDNS no\n#\\x01\\xffzz yes # sshrescue: no text\n");
	left(root, PROBLEM_CONFIG_GARBAGE, "Port 22\nUseDNS no\nAllowUsers\x01 bob\n");
	/* most of it */
	repaired(root, PROBLEM_CONFIG_GARBAGE,
		 "\x7f"
		 "ELF\x01\x02 x\n\xfe\xfe\xfe y\nPort 22\n",
		 pristine);
	left(root, PROBLEM_CONFIG_GARBAGE,
	     "\x7f"
	     "ELF\x01\x02 x\n\xfe\xfe\xfe y\nDenyUsers bob\n");
	/* no copy of the package's */
	assert_int_equal(staged_apply(root->target, NULL, 0, NULL), 0);
	put(root, "/usr/share/openssh/sshd_config", "");
	put(root, MAIN,
	    "\x7f"
	    "ELF\x01\x02 x\n\xfe\xfe\xfe y\n");
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_GARBAGE);
	assert_int_equal(problem->class, REPAIR_REPORT);
	assert_non_null(strstr(problem->remedy, "reinstall"));
}

static void another_text_is_no_configuration(void **state)
{
	static const char pristine[] = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n";
	struct root *root = *state;
	struct text text = {.arena = &root->arena};

	put(root, "/usr/share/openssh/sshd_config", pristine);
	for (unsigned i = 0; i < 150; i++)
		text_printf(&text, "Jan %u 10:00:00 machine kernel: something\n", i);
	repaired(root, PROBLEM_CONFIG_GARBAGE, text.data, pristine);
	text_add_string(&text, "AllowUsers bob\n");
	left(root, PROBLEM_CONFIG_GARBAGE, text.data);
	/* not the main file */
	put(root, MAIN, pristine);
	put(root, "/etc/ssh/sshd_config.d/a.conf", text.data);
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_GARBAGE)->class, REPAIR_REPORT);
}

static void a_missing_file_is_restored(void **state)
{
	struct root *root = *state;
	const struct problem *problem;

	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_MISSING);
	assert_int_equal(problem->class, REPAIR_REPORT);
	put(root, "/usr/share/openssh/sshd_config", "UsePAM yes\n");
	put(root, "/etc/ssh/sshd_config.dpkg-old", "AllowUsers bob\n");
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_MISSING);
	assert_int_equal(problem->class, REPAIR_ASK);
	assert_non_null(strstr(problem->evidence, "sshd_config.dpkg-old"));
	apply(root);
	assert_string_equal(content(root, MAIN), "UsePAM yes\n");
	assert_int_equal(root->findings.problems.count, 0);
}

static void a_link_to_nowhere_is_left(void **state)
{
	struct root *root = *state;
	char full[256];

	put(root, "/usr/share/openssh/sshd_config", "UsePAM yes\n");
	snprintf(full, sizeof(full), "%s" MAIN, root->directory);
	assert_int_equal(symlink("/srv/nowhere", full), 0);
	look(root);
	assert_int_equal(only_problem(root, PROBLEM_CONFIG_MISSING)->class, REPAIR_REPORT);
}

static void two_bad_lines_of_an_option_are_left(void **state)
{
	static const char *const files[] = {
	    "PermitRootLogn yes\nPermitRootLogin yess\n", "MaxAuthTries 3;\nMaxAuthTry 6\nMaxAuthTris 5\n",
	    "X11Forwarding maybe\nX11Forwarding yess\n", "Ciphers foo\nCiphers 3des-cbc,bar\n"};
	struct root *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put(root, MAIN, files[i]);
		look(root);
		assert_true(root->findings.problems.count > 1);
		assert_int_equal(root->findings.problems.items[0]->class, REPAIR_REPORT);
	}
	/* the strictest value may come first */
	put(root, MAIN, "PermitRootLogn no\nPermitRootLogin yess\n");
	look(root);
	apply(root);
	assert_string_equal(content(root, MAIN), "PermitRootLogin no\nPermitRootLogin yess\n");
}

static void problems_are_told_apart(void **state)
{
	struct root *root = *state;

	put(root, MAIN, "FooBar a\nFooBar b\nFooBar b\nPermitRootLogn no\nMaxAuthTries x\n");
	look(root);
	assert_int_equal(root->findings.problems.count, 5);
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(problem_same(root->findings.problems.items[i], root->findings.problems.items[j]));
	}
	apply(root);
	assert_int_equal(root->findings.problems.count, 1);
	assert_string_equal(root->findings.problems.items[0]->subject, "MaxAuthTries x");
}

static void what_is_not_understood_is_unknown(void **state)
{
	struct root *root = *state;
	const struct problem *problem;

	/* no release that is known */
	root->major = root->minor = 0;
	put(root, MAIN, "Port 22\n");
	look(root);
	problem = only_problem(root, PROBLEM_CONFIG_NOT_UNDERSTOOD);
	assert_int_equal(problem->severity, SEVERITY_UNKNOWN);
	assert_int_equal(problem->edits.count, 0);
}

static void without_a_binary_nothing_is_judged(void **state)
{
	struct root *root = *state;

	put(root, MAIN, "FooBar a\n");
	look(root);
	root->findings = (struct findings){.arena = &root->arena};
	root->facts.binary.read_error = -2;
	stage_config(&root->facts, &root->findings);
	assert_true(root->findings.skipped[STAGE_CONFIG]);
	assert_int_equal(root->findings.problems.count, 0);
}

static void every_option_of_the_table_has_a_meaning(void **state)
{
	(void)state;
	assert_true(option_restricts("AllowUsers"));
	assert_true(option_restricts("allowusers"));
	assert_true(option_restricts("Match"));
	assert_true(option_restricts("Include"));
	assert_true(option_restricts("AuthorizedKeysFile"));
	assert_false(option_restricts("Banner"));
	assert_false(option_restricts("ForwardAgent"));
	assert_true(option_restricts("NoRootHere"));
	for (size_t i = 0; i < keyword_rule_count; i++) {
		const struct option_meaning *meaning = option_meaning(keyword_rules[i].id);

		assert_int_equal(meaning->strictest != NULL, meaning->preset != NULL);
		if (!meaning->strictest)
			continue;
		assert_false(meaning->may_go);
		assert_int_equal(option_rank(&keyword_rules[i], meaning->strictest), 0);
		assert_true(option_rank(&keyword_rules[i], meaning->preset) >= 0);
		/* A danger is never the default. */
		if (meaning->perilous)
			assert_string_equal(meaning->preset, meaning->strictest);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_valid_file_raises_nothing),
	    TEST(a_directory_is_an_empty_file),
	    TEST(a_misspelled_keyword_is_corrected),
	    TEST(a_name_of_another_release_is_translated),
	    TEST(an_unknown_harmless_keyword_becomes_a_comment),
	    TEST(a_keyword_that_looks_restricting_is_left),
	    TEST(a_correction_never_loosens_what_is_in_force),
	    TEST(a_misspelled_value_is_corrected),
	    TEST(a_bad_value_goes_where_the_default_is_no_looser),
	    TEST(a_list_loses_only_its_bad_element),
	    TEST(an_empty_list_falls_back_only_on_sound_defaults),
	    TEST(a_missing_value_goes_only_where_it_is_harmless),
	    TEST(too_many_arguments),
	    TEST(quotes_that_do_not_close),
	    TEST(characters_that_only_look_right),
	    TEST(a_match_line_is_corrected),
	    TEST(a_match_block_goes_as_a_whole_or_not_at_all),
	    TEST(what_may_not_stand_in_a_match_block),
	    TEST(the_file_that_a_line_came_from_is_edited),
	    TEST(a_vendor_file_is_not_edited),
	    TEST(the_vendors_main_file_is_overridden),
	    TEST(a_circle_of_includes_is_opened),
	    TEST(an_include_that_is_too_wide),
	    TEST(an_include_of_something_secret),
	    TEST(settings_that_do_not_go_together),
	    TEST(both_sides_of_a_merge_stay),
	    TEST(bytes_that_are_no_text),
	    TEST(another_text_is_no_configuration),
	    TEST(a_missing_file_is_restored),
	    TEST(a_link_to_nowhere_is_left),
	    TEST(two_bad_lines_of_an_option_are_left),
	    TEST(problems_are_told_apart),
	    TEST(what_is_not_understood_is_unknown),
	    TEST(without_a_binary_nothing_is_judged),
	    cmocka_unit_test(every_option_of_the_table_has_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
