/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys stage: what it finds in roots with all kinds of host keys, and that its repairs are the smallest that help.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host_key_vectors.h"
#include "stage/keys.h"
#include "stage/stage.h"
#include "target/staged.h"

#define CONFIG "/etc/ssh/sshd_config"
#define RSA "/etc/ssh/ssh_host_rsa_key"
#define ECDSA "/etc/ssh/ssh_host_ecdsa_key"
#define ED25519 "/etc/ssh/ssh_host_ed25519_key"

struct root {
	char directory[32];
	struct target *target;
	struct arena arena;
	struct facts facts;
	struct findings findings;
	unsigned major, minor;
	enum init_system init;
};

static const char *full_path(struct root *root, const char *path)
{
	return arena_printf(&root->arena, "%s%s", root->directory, path);
}

static void put(struct root *root, const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(full_path(root, path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(full_path(root, path), mode), 0);
}

static void copy_program(struct root *root, const char *program)
{
	char *command = arena_printf(&root->arena, "cp %s %s/usr/sbin/sshd", program, root->directory);

	assert_int_equal(system(command), 0);
}

static void copy_own_program(struct root *root)
{
	char path[4096] = "";

	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	copy_program(root, path);
}

static void make_directories(struct root *root, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(mkdir(full_path(root, paths[i]), 0755), 0);
}

static int setup(void **state)
{
	static const char *const directories[] = {"/etc",
						  "/etc/ssh",
						  "/etc/systemd",
						  "/etc/systemd/system",
						  "/etc/systemd/system/ssh.service.wants",
						  "/usr",
						  "/usr/sbin",
						  "/usr/bin",
						  "/usr/lib",
						  "/usr/lib/systemd",
						  "/usr/lib/systemd/system",
						  "/srv"};
	struct root *root = calloc(1, sizeof(*root));

	strcpy(root->directory, "/tmp/sshrescue-keys-XXXXXX");
	assert_non_null(mkdtemp(root->directory));
	assert_int_equal(chmod(root->directory, 0755), 0);
	make_directories(root, directories, ARRAY_SIZE(directories));
	copy_program(root, "/bin/true");
	put(root, CONFIG, "", 0644);
	put(root, "/etc/hostname", "box.example\n", 0644);
	put(root, "/etc/machine-id", "", 0444);
	assert_int_equal(target_open(&root->target, root->directory, 0), 0);
	root->major = 9;
	root->minor = 2;
	root->init = INIT_SYSTEMD;
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

static void look(struct root *root)
{
	struct facts *facts = &root->facts;

	*facts = (struct facts){.arena = &root->arena, .target = root->target, .init = root->init};
	root->findings = (struct findings){.arena = &root->arena};
	facts->binary = (struct sshd_binary){.target = root->target,
					     .arena = &root->arena,
					     .path = "/usr/sbin/sshd",
					     .major = root->major,
					     .minor = root->minor,
					     .version = "9.2p1"};
	facts->units = unit_set_new(root->target, &root->arena);
	facts->service.service = unit_load(facts->units, "ssh.service");
	assert_int_equal(sshd_config_load(root->target, &root->arena, &facts->binary, NULL, NULL, 0, &facts->config),
			 0);
	stage_keys(facts, &root->findings);
}

static struct problem *find(struct root *root, enum problem_code code)
{
	for (size_t i = 0; i < root->findings.problems.count; i++) {
		if (root->findings.problems.items[i]->code == code)
			return root->findings.problems.items[i];
	}
	return NULL;
}

static struct problem *found(struct root *root, enum problem_code code)
{
	struct problem *problem;

	look(root);
	problem = find(root, code);
	assert_non_null(problem);
	return problem;
}

static struct problem *only(struct root *root, enum problem_code code)
{
	struct problem *problem = found(root, code);

	assert_int_equal(root->findings.problems.count, 1);
	return problem;
}

static void nothing(struct root *root)
{
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
}

/* Stages the repair of one problem, and looks again: it is gone. */
static void repair(struct root *root, const struct problem *problem, enum repair_class class)
{
	ARRAY_OF(const struct edit *) edits = {0};
	enum problem_code code = problem->code;
	const struct edit *failed;

	assert_int_equal(problem->class, class);
	assert_true(problem->edits.count > 0);
	assert_non_null(problem->repair);
	for (size_t i = 0; i < problem->edits.count; i++)
		*array_push(&root->arena, &edits) = &problem->edits.items[i];
	assert_int_equal(staged_apply(root->target, edits.items, edits.count, &failed), 0);
	look(root);
	assert_null(find(root, code));
}

static const char *content(struct root *root, const char *path, mode_t mode)
{
	struct node_stat stat;
	struct blob blob;

	assert_int_equal(target_read(root->target, path, TARGET_FILE_LIMIT, &root->arena, &blob, &stat), 0);
	assert_int_equal(stat.mode, mode);
	assert_int_equal(stat.uid, 0);
	assert_int_equal(stat.gid, 0);
	return blob.data;
}

static struct host_key judged(struct root *root, const char *path)
{
	struct host_keys keys;

	look(root);
	host_keys_read(&root->facts, &root->arena, &keys);
	assert_non_null(host_keys_find(&keys, path));
	return *host_keys_find(&keys, path);
}

/* A new Ed25519 key and its public half at path. */
static void has_new_key(struct root *root, const char *path)
{
	struct host_key key = judged(root, path);
	const char *public;

	assert_int_equal(key.state, HOST_KEY_GOOD);
	assert_false(key.public_differs);
	assert_string_equal(key.key.comment, "root@box.example");
	content(root, path, 0600);
	public = content(root, arena_printf(&root->arena, "%s.pub", path), 0644);
	assert_non_null(string_after(public, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
	assert_true(string_ends_with(public, " root@box.example\n"));
}

/* --- keys as they should be ----------------------------------------------------------------------------------- */

static void one_good_key_is_enough(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	nothing(root);
	put(root, RSA, key_rsa, 0600);
	put(root, ECDSA, key_ec256, 0400);
	nothing(root);
}

static void each_type_is_enough(void **state)
{
	struct root *root = *state;

	put(root, RSA, key_rsa_pem, 0600);
	nothing(root);
	put(root, RSA, key_ec521, 0600);
	nothing(root);
	put(root, RSA, key_ec384_p8, 0600);
	nothing(root);
}

static void host_key_lines_replace_the_defaults(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	put(root, CONFIG, "HostKey /etc/ssh/other\nHostKey etc/ssh/third\n", 0644);
	put(root, "/etc/ssh/other", key_rsa, 0600);
	put(root, "/etc/ssh/third", key_ec256, 0600);
	nothing(root);
	put(root, RSA, "rubbish", 0777);
	nothing(root);
}

static void links_are_followed(void **state)
{
	struct root *root = *state;

	put(root, "/srv/key", key_ed, 0600);
	assert_int_equal(symlink("/srv/key", full_path(root, ED25519)), 0);
	nothing(root);
}

/* --- modes and owners ----------------------------------------------------------------------------------------- */

static void open_modes_are_refused(void **state)
{
	struct root *root = *state;
	static const mode_t modes[] = {0640, 0604, 0610, 0601, 0660, 0666, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct problem *problem;

		put(root, ED25519, key_ed, modes[i]);
		problem = only(root, PROBLEM_KEYS_MODE);
		assert_int_equal(problem->severity, SEVERITY_BLOCKS);
		assert_string_equal(problem->path, ED25519);
	}
	repair(root, only(root, PROBLEM_KEYS_MODE), REPAIR_SAFE);
	assert_string_equal(content(root, ED25519, 0600), key_ed);
	assert_int_equal(root->findings.problems.count, 0);
}

static void a_bad_mode_beside_a_good_key_only_warns(void **state)
{
	struct root *root = *state;

	put(root, RSA, key_rsa, 0600);
	put(root, ED25519, key_ed, 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_MODE)->severity, SEVERITY_WARNS);
}

static void a_bad_mode_of_rubbish_is_not_the_point(void **state)
{
	struct root *root = *state;

	put(root, RSA, key_rsa, 0600);
	put(root, ED25519, "rubbish", 0777);
	only(root, PROBLEM_KEYS_CORRUPT);
}

static void sshd_does_not_look_at_the_mode_of_others_keys(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0644);
	assert_int_equal(chown(full_path(root, ED25519), 1000, 1000), 0);
	assert_int_equal(only(root, PROBLEM_KEYS_OWNER)->severity, SEVERITY_WARNS);
	repair(root, only(root, PROBLEM_KEYS_OWNER), REPAIR_SAFE);
	content(root, ED25519, 0600);
	assert_int_equal(root->findings.problems.count, 0);
}

/* This test's own program has the word that Red Hat's sshd has. */
static void the_group_of_red_hat_may_read(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0640);
	assert_int_equal(chown(full_path(root, ED25519), 0, 994), 0);
	put(root, "/etc/group", "root:x:0:\nssh_keys_old:x:994:\nssh_keys:x:994:\n", 0644);
	only(root, PROBLEM_KEYS_MODE);
	copy_own_program(root);
	put(root, "/etc/group", "root:x:0:\nssh_keys_old:x:994:\n", 0644);
	only(root, PROBLEM_KEYS_MODE);
	put(root, "/etc/group", "root:x:0:\nssh_keys_old:x:994:\nssh_keys:x:994:\n", 0644);
	nothing(root);
	assert_int_equal(chmod(full_path(root, ED25519), 0660), 0);
	only(root, PROBLEM_KEYS_MODE);
}

static void directories_that_others_write_to_are_unsafe(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	assert_int_equal(chmod(full_path(root, "/etc/ssh"), 0777), 0);
	assert_string_equal(only(root, PROBLEM_KEYS_DIRECTORY)->path, "/etc/ssh");
	repair(root, only(root, PROBLEM_KEYS_DIRECTORY), REPAIR_SAFE);
	assert_int_equal(root->findings.problems.count, 0);
	assert_int_equal(chmod(full_path(root, "/etc"), 01777), 0);
	look(root);
	assert_int_equal(root->findings.problems.count, 0);
}

/* --- no key at all -------------------------------------------------------------------------------------------- */

static void a_missing_default_key_is_made(void **state)
{
	struct root *root = *state;
	struct problem *problem = only(root, PROBLEM_KEYS_NONE);

	assert_int_equal(problem->severity, SEVERITY_BLOCKS);
	repair(root, problem, REPAIR_SAFE);
	has_new_key(root, ED25519);
	assert_int_equal(root->findings.problems.count, 0);
}

static void empty_files_are_filled(void **state)
{
	struct root *root = *state;

	put(root, RSA, "", 0600);
	put(root, ECDSA, "", 0600);
	put(root, ED25519, "", 0644);
	put(root, ED25519 ".pub", "", 0644);
	assert_int_equal(chown(full_path(root, ED25519), 1000, 1000), 0);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_SAFE);
	has_new_key(root, ED25519);
	assert_int_equal(root->findings.problems.count, 2);
	assert_int_equal(found(root, PROBLEM_KEYS_EMPTY)->severity, SEVERITY_WARNS);
}

static void broken_keys_are_kept(void **state)
{
	struct root *root = *state;

	put(root, ED25519, "rubbish", 0600);
	put(root, ED25519 ".broken", "older rubbish", 0600);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_SAFE);
	has_new_key(root, ED25519);
	assert_string_equal(content(root, ED25519 ".broken", 0600), "older rubbish");
	assert_string_equal(content(root, ED25519 ".broken.1", 0600), "rubbish");
}

static void what_can_be_mended_is_not_replaced(void **state)
{
	struct root *root = *state;

	put(root, RSA, key_rsa, 0644);
	put(root, ED25519, "", 0600);
	look(root);
	assert_null(find(root, PROBLEM_KEYS_NONE));
	assert_int_equal(found(root, PROBLEM_KEYS_MODE)->severity, SEVERITY_BLOCKS);
}

static void a_mangled_text_is_mended(void **state)
{
	struct root *root = *state;
	struct text text = {.arena = &root->arena};

	for (const char *at = key_ed; *at; at++)
		text_printf(&text, *at == '\n' ? "\r\n" : "%c", *at);
	put(root, ED25519, text.data, 0600);
	assert_int_equal(only(root, PROBLEM_KEYS_TEXT)->severity, SEVERITY_BLOCKS);
	repair(root, only(root, PROBLEM_KEYS_TEXT), REPAIR_SAFE);
	assert_string_equal(content(root, ED25519, 0600), key_ed);
	put(root, RSA, key_rsa, 0600);
	target_close(root->target);
	assert_int_equal(target_open(&root->target, root->directory, 0), 0);
	assert_int_equal(only(root, PROBLEM_KEYS_TEXT)->severity, SEVERITY_WARNS);
}

static void a_key_with_a_passphrase_is_moved_only_if_asked(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "HostKey " ED25519 "\n", 0644);
	put(root, ED25519, key_ed_enc, 0600);
	assert_int_equal(found(root, PROBLEM_KEYS_ENCRYPTED)->class, REPAIR_REPORT);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_ASK);
	has_new_key(root, ED25519);
	assert_string_equal(content(root, ED25519 ".broken", 0600), key_ed_enc);
}

static void a_dangling_link_gives_way_only_if_asked(void **state)
{
	struct root *root = *state;

	assert_int_equal(symlink("/srv/lost", full_path(root, ED25519)), 0);
	assert_int_equal(found(root, PROBLEM_KEYS_DANGLING)->severity, SEVERITY_WARNS);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_ASK);
	has_new_key(root, ED25519);
}

/* --- HostKey lines -------------------------------------------------------------------------------------------- */

static void a_name_without_a_type_takes_any_key(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "HostKey /etc/ssh/host_key\n", 0644);
	found(root, PROBLEM_KEYS_MISSING);
	repair(root, find(root, PROBLEM_KEYS_NONE), REPAIR_SAFE);
	has_new_key(root, "/etc/ssh/host_key");
}

static void a_line_is_added_where_none_fits(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "# keys\nPort 22\nHostKey " RSA "\nHostKey " ECDSA "\nMatch User x\n", 0644);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_ASK);
	assert_string_equal(content(root, CONFIG, 0644),
			    "# keys\nPort 22\nHostKey " ED25519 "\nHostKey " RSA "\nHostKey " ECDSA "\nMatch User x\n");
	has_new_key(root, ED25519);
}

static void a_key_that_no_line_names_is_used_first(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "HostKey /etc/ssh/lost\n", 0644);
	put(root, RSA, key_rsa, 0600);
	repair(root, found(root, PROBLEM_KEYS_NONE), REPAIR_ASK);
	assert_string_equal(content(root, CONFIG, 0644), "HostKey " RSA "\nHostKey /etc/ssh/lost\n");
	assert_false(target_exists(root->target, ED25519));
}

static void a_misspelled_name_is_corrected(void **state)
{
	struct root *root = *state;
	struct problem *problem;

	put(root, CONFIG, "HostKey /etc/ssh/ssh_host_ed2519_key\n", 0644);
	put(root, ED25519, key_ed, 0600);
	put(root, ED25519 ".pub", key_ed_pub, 0644);
	problem = found(root, PROBLEM_KEYS_MISSING);
	assert_int_equal(problem->severity, SEVERITY_BLOCKS);
	assert_int_equal(problem->line, 0);
	repair(root, problem, REPAIR_ASK);
	assert_string_equal(content(root, CONFIG, 0644), "HostKey " ED25519 "\n");
	assert_int_equal(root->findings.problems.count, 0);
}

static void algorithms_must_admit_a_key(void **state)
{
	struct root *root = *state;
	static const char *const admit[] = {"ssh-ed25519,rsa-sha2-256", "rsa-*", "+ssh-dss", "-ssh-ed25519",
					    "^ssh-ed25519"};
	static const char *const do_not[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "-rsa-sha2-*,ssh-rsa"};

	put(root, RSA, key_rsa, 0600);
	for (size_t i = 0; i < ARRAY_SIZE(admit); i++) {
		put(root, CONFIG, arena_printf(&root->arena, "HostKeyAlgorithms %s\n", admit[i]), 0644);
		nothing(root);
	}
	for (size_t i = 0; i < ARRAY_SIZE(do_not); i++) {
		put(root, CONFIG, arena_printf(&root->arena, "HostKeyAlgorithms %s\n", do_not[i]), 0644);
		assert_int_equal(only(root, PROBLEM_KEYS_ALGORITHMS)->severity, SEVERITY_BLOCKS);
	}
	put(root, CONFIG, "HostKeyAlgorithms ssh-rsa\n", 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_ALGORITHMS)->severity, SEVERITY_LIMITS);
	put(root, CONFIG, "HostKeyAlgorithms ecdsa-sha2-nistp256\n", 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_ALGORITHMS)->class, REPAIR_REPORT);
	put(root, CONFIG, "HostKeyAlgorithms ssh-ed25519\n", 0644);
	repair(root, only(root, PROBLEM_KEYS_ALGORITHMS), REPAIR_SAFE);
	has_new_key(root, ED25519);
}

static void required_rsa_size_counts(void **state)
{
	struct root *root = *state;

	put(root, RSA, key_rsa, 0600);
	put(root, CONFIG, "RequiredRSASize 2048\n", 0644);
	found(root, PROBLEM_KEYS_UNSUPPORTED);
	assert_non_null(find(root, PROBLEM_KEYS_NONE));
	put(root, CONFIG, "RequiredRSASize 1024\n", 0644);
	nothing(root);
}

/* --- keys of which nothing can be said ------------------------------------------------------------------------ */

static void keys_on_other_filesystems_are_not_judged(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "HostKey /srv/keys/host_key\n", 0644);
	found(root, PROBLEM_KEYS_NONE);
	put(root, "/etc/fstab", "# x\nLABEL=a / ext4 defaults 0 1\n/dev/vdb1\t/srv  ext4 nofail 0 2\n", 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_ELSEWHERE)->severity, SEVERITY_UNKNOWN);
	put(root, "/etc/fstab", "none swap swap sw 0 0\n", 0644);
	found(root, PROBLEM_KEYS_NONE);
	put(root, "/usr/lib/systemd/system/srv-keys.mount", "[Mount]\nWhat=/dev/vdb1\nWhere=/srv/keys\n", 0644);
	only(root, PROBLEM_KEYS_ELSEWHERE);
	put(root, CONFIG, "HostKey /run/secrets/host_key\n", 0644);
	only(root, PROBLEM_KEYS_ELSEWHERE);
}

static void links_to_other_filesystems_are_not_judged(void **state)
{
	struct root *root = *state;

	put(root, "/etc/fstab", "/dev/vdb1 /srv ext4 defaults 0 2\n", 0644);
	assert_int_equal(rmdir(full_path(root, "/srv")), 0);
	assert_int_equal(symlink("../../srv/ssh/ed25519", full_path(root, ED25519)), 0);
	only(root, PROBLEM_KEYS_ELSEWHERE);
	put(root, RSA, key_rsa, 0600);
	nothing(root);
}

static void an_agent_may_have_a_key(void **state)
{
	struct root *root = *state;

	put(root, CONFIG, "HostKeyAgent /run/agent\n", 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_AGENT)->severity, SEVERITY_UNKNOWN);
	put(root, CONFIG, "HostKeyAgent none\n", 0644);
	only(root, PROBLEM_KEYS_NONE);
}

static void types_that_only_this_sshd_knows_are_not_judged(void **state)
{
	struct root *root = *state;

	/* DSA: permitted, and known to this test's own program, but its halves are not compared. */
	put(root, CONFIG, "HostKeyAlgorithms +ssh-dss\n", 0644);
	put(root, RSA, key_dsa, 0600);
	found(root, PROBLEM_KEYS_UNSUPPORTED);
	assert_non_null(find(root, PROBLEM_KEYS_NONE));
	copy_own_program(root);
	assert_int_equal(only(root, PROBLEM_KEYS_NOT_UNDERSTOOD)->severity, SEVERITY_UNKNOWN);
	/* By default sshd does not offer it. */
	put(root, CONFIG, "", 0644);
	only(root, PROBLEM_KEYS_ALGORITHMS);
}

/* --- damaged keys beside good ones ---------------------------------------------------------------------------- */

static void other_broken_keys_only_warn(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	put(root, RSA, "rubbish", 0600);
	put(root, ECDSA, "", 0600);
	look(root);
	assert_int_equal(root->findings.problems.count, 2);
	assert_int_equal(find(root, PROBLEM_KEYS_CORRUPT)->severity, SEVERITY_WARNS);
	assert_int_equal(find(root, PROBLEM_KEYS_CORRUPT)->class, REPAIR_REPORT);
	assert_int_equal(find(root, PROBLEM_KEYS_EMPTY)->severity, SEVERITY_WARNS);
}

static void directories_are_no_keys(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	assert_int_equal(mkdir(full_path(root, RSA), 0700), 0);
	assert_int_equal(only(root, PROBLEM_KEYS_NOT_A_FILE)->severity, SEVERITY_WARNS);
	assert_int_equal(mkfifo(full_path(root, ECDSA), 0600), 0);
	look(root);
	assert_int_equal(root->findings.problems.items[1]->severity, SEVERITY_UNKNOWN);
}

/* The comment of the file stays; the key in it becomes the right one. */
static void a_wrong_public_half_is_written_anew(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	put(root, ED25519 ".pub", key_rsa_pub, 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_PUBLIC_MISMATCH)->severity, SEVERITY_WARNS);
	repair(root, only(root, PROBLEM_KEYS_PUBLIC_MISMATCH), REPAIR_SAFE);
	assert_string_equal(content(root, ED25519 ".pub", 0644), key_ed_pub);
}

/* The seed of one key with the public half of another: what an unlucky merge of two files gives. */
static void halves_that_do_not_match_limit(void **state)
{
	struct root *root = *state;
	/* the ninth letter of the seed, in the fourth line */
	char *text = arena_strdup(&root->arena, key_ed);
	char *letter = strstr(text, "ufxIQi");

	assert_non_null(letter);
	letter[0] = 'v';
	put(root, ED25519, text, 0600);
	found(root, PROBLEM_KEYS_MISMATCH);
	repair(root, find(root, PROBLEM_KEYS_NONE), REPAIR_ASK);
	has_new_key(root, ED25519);
	target_close(root->target);
	assert_int_equal(target_open(&root->target, root->directory, 0), 0);
	put(root, RSA, key_rsa, 0600);
	put(root, ED25519 ".pub", key_ed_pub, 0644);
	assert_int_equal(only(root, PROBLEM_KEYS_MISMATCH)->severity, SEVERITY_LIMITS);
	repair(root, only(root, PROBLEM_KEYS_MISMATCH), REPAIR_ASK);
	assert_string_equal(content(root, ED25519 ".broken", 0600), text);
	assert_string_equal(content(root, ED25519 ".broken.pub", 0644), key_ed_pub);
	assert_int_equal(root->findings.problems.count, 0);
}

static void certificates_must_fit(void **state)
{
	struct root *root = *state;

	put(root, ED25519, key_ed, 0600);
	put(root, CONFIG, "HostCertificate /etc/ssh/cert.pub\n", 0644);
	only(root, PROBLEM_KEYS_CERTIFICATE);
	put(root, "/etc/ssh/cert.pub", key_ed_pub, 0644);
	assert_string_equal(only(root, PROBLEM_KEYS_CERTIFICATE)->evidence, "holds no certificate");
	put(root, "/etc/ssh/cert.pub", certificate_of_ed, 0644);
	nothing(root);
	put(root, ED25519, key_ed_p8, 0600);
	put(root, RSA, key_rsa, 0600);
	assert_string_equal(found(root, PROBLEM_KEYS_CERTIFICATE)->evidence, "no host key belongs to it");
}

/* --- what the boot makes -------------------------------------------------------------------------------------- */

static void keys_that_the_boot_makes_are_not_made(void **state)
{
	struct root *root = *state;

	put(root, "/usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n", 0644);
	put(root, "/usr/lib/systemd/system/sshd-keygen.service",
	    "[Unit]\nConditionFirstBoot=yes\n[Service]\nType=oneshot\nExecStart=ssh-keygen -A\n", 0644);
	only(root, PROBLEM_KEYS_NONE);
	assert_int_equal(symlink("/usr/lib/systemd/system/sshd-keygen.service",
				 full_path(root, "/etc/systemd/system/ssh.service.wants/sshd-keygen.service")),
			 0);
	/* An empty machine-id is not the first boot. */
	only(root, PROBLEM_KEYS_NONE);
	put(root, "/etc/machine-id", "uninitialized\n", 0444);
	assert_int_equal(only(root, PROBLEM_KEYS_MADE_AT_BOOT)->severity, SEVERITY_INFO);
	assert_int_equal(unlink(full_path(root, "/etc/machine-id")), 0);
	only(root, PROBLEM_KEYS_MADE_AT_BOOT);
	/* It would not replace a broken file, nor make a key that sshd is not told of. */
	put(root, CONFIG, "HostKey /etc/ssh/other\n", 0644);
	found(root, PROBLEM_KEYS_NONE);
}

static void a_maker_of_one_type_makes_that(void **state)
{
	struct root *root = *state;

	put(root, "/usr/lib/systemd/system/ssh.service",
	    "[Unit]\nWants=sshd-keygen.target\n[Service]\nExecStart=/usr/sbin/sshd -D\n", 0644);
	put(root, "/usr/lib/systemd/system/sshd-keygen.target", "[Unit]\nWants=sshd-keygen@rsa.service\n", 0644);
	put(root, "/usr/lib/systemd/system/sshd-keygen@.service",
	    "[Unit]\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_%i_key\n[Service]\nType=oneshot\n"
	    "ExecStart=/usr/libexec/openssh/sshd-keygen %i\n",
	    0644);
	only(root, PROBLEM_KEYS_MADE_AT_BOOT);
	put(root, CONFIG, "HostKey " RSA "\n", 0644);
	only(root, PROBLEM_KEYS_MADE_AT_BOOT);
	put(root, CONFIG, "HostKey " ED25519 "\n", 0644);
	found(root, PROBLEM_KEYS_NONE);
}

static void there_is_an_end_to_the_files_looked_at(void **state)
{
	struct root *root = *state;
	struct text text = {.arena = &root->arena};

	for (unsigned i = 0; i < 20000; i++)
		text_printf(&text, "HostKey /etc/ssh/none/%u\n", i);
	put(root, CONFIG, text.data, 0644);
	look(root);
	assert_int_equal(root->findings.problems.count, HOST_KEY_LIMIT + 1);
	assert_int_equal(find(root, PROBLEM_KEYS_NOT_UNDERSTOOD)->severity, SEVERITY_UNKNOWN);
	put(root, CONFIG, arena_printf(&root->arena, "HostKey " ED25519 "\n%s", text.data), 0644);
	put(root, ED25519, key_ed, 0600);
	look(root);
	assert_null(find(root, PROBLEM_KEYS_NOT_UNDERSTOOD));
}

static void cloud_init_may_make_keys(void **state)
{
	struct root *root = *state;

	put(root, "/usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n", 0644);
	put(root, "/usr/lib/systemd/system/cloud-init.service", "[Service]\nExecStart=/usr/bin/cloud-init init\n",
	    0644);
	only(root, PROBLEM_KEYS_NONE);
	assert_int_equal(mkdir(full_path(root, "/usr/lib/systemd/system-generators"), 0755), 0);
	put(root, "/usr/lib/systemd/system-generators/cloud-init-generator", "", 0755);
	assert_int_equal(only(root, PROBLEM_KEYS_NONE)->severity, SEVERITY_UNKNOWN);
	assert_int_equal(only(root, PROBLEM_KEYS_NONE)->class, REPAIR_SAFE);
}

static void without_a_daemon_there_is_nothing_to_judge(void **state)
{
	struct root *root = *state;

	look(root);
	root->findings = (struct findings){.arena = &root->arena};
	root->facts.binary.read_error = -ENOENT;
	stage_keys(&root->facts, &root->findings);
	assert_true(root->findings.skipped[STAGE_KEYS]);
	assert_int_equal(root->findings.problems.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(one_good_key_is_enough),
	    TEST(each_type_is_enough),
	    TEST(host_key_lines_replace_the_defaults),
	    TEST(links_are_followed),
	    TEST(open_modes_are_refused),
	    TEST(a_bad_mode_beside_a_good_key_only_warns),
	    TEST(a_bad_mode_of_rubbish_is_not_the_point),
	    TEST(sshd_does_not_look_at_the_mode_of_others_keys),
	    TEST(the_group_of_red_hat_may_read),
	    TEST(directories_that_others_write_to_are_unsafe),
	    TEST(a_missing_default_key_is_made),
	    TEST(empty_files_are_filled),
	    TEST(broken_keys_are_kept),
	    TEST(what_can_be_mended_is_not_replaced),
	    TEST(a_mangled_text_is_mended),
	    TEST(a_key_with_a_passphrase_is_moved_only_if_asked),
	    TEST(a_dangling_link_gives_way_only_if_asked),
	    TEST(a_name_without_a_type_takes_any_key),
	    TEST(a_line_is_added_where_none_fits),
	    TEST(a_key_that_no_line_names_is_used_first),
	    TEST(a_misspelled_name_is_corrected),
	    TEST(algorithms_must_admit_a_key),
	    TEST(required_rsa_size_counts),
	    TEST(keys_on_other_filesystems_are_not_judged),
	    TEST(links_to_other_filesystems_are_not_judged),
	    TEST(an_agent_may_have_a_key),
	    TEST(types_that_only_this_sshd_knows_are_not_judged),
	    TEST(other_broken_keys_only_warn),
	    TEST(directories_are_no_keys),
	    TEST(a_wrong_public_half_is_written_anew),
	    TEST(halves_that_do_not_match_limit),
	    TEST(certificates_must_fit),
	    TEST(keys_that_the_boot_makes_are_not_made),
	    TEST(a_maker_of_one_type_makes_that),
	    TEST(cloud_init_may_make_keys),
	    TEST(there_is_an_end_to_the_files_looked_at),
	    TEST(without_a_daemon_there_is_nothing_to_judge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
