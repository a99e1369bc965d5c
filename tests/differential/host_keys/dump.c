/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sshrescue says of host keys, for the judges.
 *
 * dump ROOT SSHD < paths
 *   of key files in a root, one line each, separated by tabs:
 *   path  loads|refused|unknown  sshd's reason  matched|mismatched|untested|-  type  same|differs  mended|-
 * dump --root ROOT
 *   of all host keys in force there: "usable N uncertain N"
 * dump --new PATH COMMENT
 *   makes a host key: PATH and PATH.pub
 * dump --mend < key
 *   the text that a mangled key should have
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "keygen.h"
#include "stage/keys.h"

static const char *answer_of(const struct host_key *key)
{
	switch (key->state) {
	case HOST_KEY_GOOD:
	case HOST_KEY_UNTESTED:
	case HOST_KEY_MISMATCHED:
		return "loads";
	case HOST_KEY_NOT_UNDERSTOOD:
	case HOST_KEY_UNREADABLE:
	case HOST_KEY_ELSEWHERE:
		return "unknown";
	default:
		return "refused";
	}
}

static const char *reason_of(const struct host_key *key)
{
	if (key->state == HOST_KEY_MODE)
		return key_error_text(KEY_ERROR_PERMISSIONS);
	if (key->state == HOST_KEY_UNSUPPORTED && !key->key.error)
		return key_error_text(KEY_ERROR_LENGTH);
	return key->key.error ? key_error_text(key->key.error) : "-";
}

static const char *halves_of(const struct host_key *key)
{
	switch (key->state) {
	case HOST_KEY_GOOD:
		return "matched";
	case HOST_KEY_MISMATCHED:
		return "mismatched";
	case HOST_KEY_UNTESTED:
		return "untested";
	default:
		return "-";
	}
}

/* A damaged file may call its type anything. */
static const char *type_of(const struct host_key *key)
{
	const char *name = key->key.half.type_name;

	return key->key.half.type == KEY_TYPE_NONE ? "-" : name;
}

static void judge(struct facts *facts, const char *path)
{
	struct arena arena = {0};
	struct key_rules rules;
	struct host_key key = {.path = path, .name = path};

	facts->arena = &arena;
	host_key_rules(facts, &rules);
	host_key_judge(facts, &arena, &rules, &key);
	host_key_test(&key);
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", path, answer_of(&key), reason_of(&key), halves_of(&key), type_of(&key),
	       key.public_differs ? "differs" : "same", key.state == HOST_KEY_ARMOUR ? "mended" : "-");
	arena_release(&arena);
}

static int judge_files(const char *root, const char *sshd)
{
	struct arena arena = {0};
	struct facts facts = {0};
	char path[4096];
	int r;

	r = target_open(&facts.target, root, 0);
	if (r < 0) {
		fprintf(stderr, "dump: %s: %s\n", root, strerror(-r));
		return 1;
	}
	sshd_binary_load(facts.target, &arena, sshd, &facts.binary);
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		judge(&facts, path);
	}
	target_close(facts.target);
	arena_release(&arena);
	return 0;
}

static int judge_root(const char *root)
{
	struct target *target = NULL;
	struct arena arena = {0};
	struct facts facts = {0};
	struct host_keys keys;
	int r;

	r = target_open(&target, root, 0);
	if (r == 0)
		r = facts_gather(target, &arena, &facts);
	if (r < 0) {
		fprintf(stderr, "dump: %s: %s\n", root, strerror(-r));
		return 1;
	}
	host_keys_read(&facts, &arena, &keys);
	printf("usable %zu uncertain %zu\n", keys.usable, keys.uncertain);
	target_close(target);
	arena_release(&arena);
	return 0;
}

static int write_file(const char *path, const struct blob *content)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(content->data, 1, content->size, file) != content->size)
		return -1;
	return fclose(file);
}

static int make_key(const char *path, const char *comment)
{
	struct arena arena = {0};
	struct generated_key key;
	int r;

	umask(077);
	r = keygen_ed25519(&arena, comment, &key);
	if (r == 0)
		r = write_file(path, &key.private_file);
	if (r == 0)
		r = write_file(arena_printf(&arena, "%s.pub", path), &key.public_file);
	arena_release(&arena);
	return r == 0 ? 0 : 1;
}

static int mend_key(void)
{
	static char text[HOST_KEY_FILE_LIMIT];
	struct blob content = {.data = text, .size = fread(text, 1, sizeof(text) - 1, stdin)}, mended;
	struct key_rules rules = {0};
	struct arena arena = {0};
	bool done = private_key_mend_text(&content, &arena, &rules, &mended);

	if (done)
		fwrite(mended.data, 1, mended.size, stdout);
	arena_release(&arena);
	return done ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && string_equal(argv[1], "--mend"))
		return mend_key();
	if (argc == 3 && string_equal(argv[1], "--root"))
		return judge_root(argv[2]);
	if (argc == 4 && string_equal(argv[1], "--new"))
		return make_key(argv[2], argv[3]);
	if (argc == 3)
		return judge_files(argv[1], argv[2]);
	fprintf(stderr, "usage: dump ROOT SSHD < paths | --root ROOT | --new PATH COMMENT | --mend < key\n");
	return 2;
}
