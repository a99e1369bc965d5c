/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving sshd a host key to start with, by the smallest change. */
#include "stage/keys.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "keygen.h"
#include "policy.h"

#define DEFAULT_KEY "/etc/ssh/ssh_host_ed25519_key"

enum {
	ASIDE_NAMES = 100,
	HOSTNAME_FILE_LIMIT = 4096,
	HOSTNAME_LIMIT = 64, /* HOST_NAME_MAX of Linux */
};

const char *host_key_free_name(const struct facts *facts, struct arena *arena, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct node_stat stat;

	for (unsigned i = 0; i < ASIDE_NAMES; i++) {
		char *aside = i ? arena_printf(arena, "%s.broken.%u", path, i) : arena_printf(arena, "%s.broken", path);

		if (target_lstat(facts->target, aside, &stat) == -ENOENT)
			return arena_strdup(arena, aside + (name - path));
	}
	return arena_printf(arena, "%s.broken.%u", name, (unsigned)ASIDE_NAMES);
}

/* "root@" and the target's own name, as ssh-keygen would have it. */
static const char *key_comment(const struct facts *facts, struct arena *arena)
{
	struct blob content;
	size_t length = 0;

	if (target_read(facts->target, "/etc/hostname", HOSTNAME_FILE_LIMIT, arena, &content, NULL) == 0) {
		while (length < content.size && length < HOSTNAME_LIMIT &&
		       (char_is_alnum(content.data[length]) || strchr("-._", content.data[length])))
			length++;
	}
	return length ? arena_printf(arena, "root@%.*s", (int)length, content.data) : "root@localhost";
}

/* --- where the new key goes ----------------------------------------------------------------------------------- */

/* What must be done to a file before a new key can take its place; -1 where it cannot. The less, the better. */
static int obstacle(const struct host_key *key)
{
	switch (key->state) {
	case HOST_KEY_MISSING:
		return 0;
	case HOST_KEY_EMPTY:
		return 1;
	case HOST_KEY_DANGLING:
		return 2;
	case HOST_KEY_CORRUPT:
		return 3;
	case HOST_KEY_MISMATCHED:
	case HOST_KEY_UNSUPPORTED:
	case HOST_KEY_ENCRYPTED:
		return 4;
	default:
		return -1;
	}
}

/* The name of a file says what type of key people expect in it. */
static bool name_suits(const char *name)
{
	return strstr(name, "ed25519") || (!strstr(name, "rsa") && !strstr(name, "dsa"));
}

/* The path in force where an Ed25519 key fits best; NULL where none does. */
static const struct host_key *best_place(const struct host_keys *keys)
{
	const struct host_key *best = NULL;

	for (size_t i = 0; i < keys->keys.count; i++) {
		const struct host_key *key = &keys->keys.items[i];

		if (obstacle(key) < 0 || !name_suits(key->name) || !policy_allows_path(EDIT_WRITE, key->path))
			continue;
		if (!best || obstacle(key) < obstacle(best))
			best = key;
	}
	return best;
}

static void make_way(const struct facts *facts, struct findings *findings, struct problem *problem,
		     const struct host_key *place)
{
	const char *aside;

	switch (place->state) {
	case HOST_KEY_MISSING:
		return;
	case HOST_KEY_EMPTY:
		if (place->stat.uid || place->stat.gid)
			repair_chown(findings, problem, place->path, 0, 0);
		if (place->stat.mode != 0600)
			repair_chmod(findings, problem, place->path, 0600);
		return;
	case HOST_KEY_DANGLING:
		repair_unlink(findings, problem, place->path);
		problem->class = REPAIR_ASK;
		return;
	default:
		aside = host_key_free_name(facts, findings->arena, place->path);
		repair_rename(findings, problem, place->path, aside);
		/* What is no key at all cannot be missed; a key that might be used again can. */
		if (place->state != HOST_KEY_CORRUPT)
			problem->class = REPAIR_ASK;
	}
}

/* A link where the public half belongs would be written through. */
static void write_public(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const char *path, struct blob content)
{
	struct node_stat stat;

	if (target_lstat(facts->target, path, &stat) == 0 && stat.type == NODE_SYMLINK)
		repair_unlink(findings, problem, path);
	repair_write(findings, problem, path, content, 0644, 0, 0);
}

/* False, and a remedy, where there is no randomness to make a key from. */
static bool generate(const struct facts *facts, struct findings *findings, struct problem *problem,
		     const struct host_key *place)
{
	struct generated_key key;
	int r = keygen_ed25519(findings->arena, key_comment(facts, findings->arena), &key);

	if (r < 0) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "ssh-keygen -A (no randomness to make a key from: %s)", strerror(-r));
		return false;
	}
	make_way(facts, findings, problem, place);
	repair_write(findings, problem, place->path, key.private_file, 0600, 0, 0);
	write_public(facts, findings, problem, arena_printf(findings->arena, "%s.pub", place->path), key.public_file);
	return true;
}

/* --- the configuration ---------------------------------------------------------------------------------------- */

/* Adds a HostKey line beside the others, or where there are none in a file, at the top of the main file: before any
 * Match block. False where that file is the vendor's. */
static bool add_line(const struct facts *facts, struct findings *findings, struct problem *problem, const char *path)
{
	const struct sshd_setting *setting = NULL;
	const char *file = facts->config.main_path;
	unsigned line = 1;

	while ((setting = sshd_config_next(&facts->config, "HostKey", setting)) != NULL) {
		if (setting->path && setting->line && !policy_is_vendor_path(setting->path)) {
			file = setting->path;
			line = setting->line;
			break;
		}
	}
	if (!file || policy_is_vendor_path(file))
		return false;
	problem->class = REPAIR_ASK;
	repair_insert_line(findings, problem, file, line, arena_printf(findings->arena, "HostKey %s", path));
	return true;
}

/* A good key in its usual place that the HostKey lines pass over. */
static const char *unused_key(const struct facts *facts, struct findings *findings, struct host_keys *keys)
{
	static const char *const paths[] = {DEFAULT_KEY, "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_rsa_key"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct host_key key = {.path = paths[i], .name = strrchr(paths[i], '/') + 1};

		if (host_keys_find(keys, key.path))
			continue;
		host_key_judge(facts, findings->arena, &keys->rules, &key);
		host_key_test(&key);
		if (host_key_is_usable(&key))
			return key.path;
	}
	return NULL;
}

static void report_only(struct findings *findings, struct problem *problem, const char *remedy)
{
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "%s", remedy);
}

void keys_repair_none(const struct facts *facts, struct findings *findings, struct host_keys *keys,
		      struct problem *problem)
{
	const char *unused = unused_key(facts, findings, keys);
	const struct host_key *place = best_place(keys);
	struct host_key added = {.path = DEFAULT_KEY, .name = strrchr(DEFAULT_KEY, '/') + 1};

	if (unused && add_line(facts, findings, problem, unused)) {
		problem_repair(findings, problem, VERB_ADD, "HostKey %s, which is there and good", unused);
		return;
	}
	if (!host_key_type_is_permitted(KEY_TYPE_ED25519, "ssh-ed25519", host_key_algorithms_setting(facts), NULL)) {
		report_only(findings, problem,
			    "add a type to HostKeyAlgorithms that a host key has, or make a key of a "
			    "type that it admits with ssh-keygen");
		return;
	}
	if (place) {
		if (generate(facts, findings, problem, place))
			problem_repair(findings, problem, VERB_GENERATE, "%s", place->path);
		return;
	}
	if (!host_keys_find(keys, added.path)) {
		host_key_judge(facts, findings->arena, &keys->rules, &added);
		if (obstacle(&added) >= 0 && add_line(facts, findings, problem, added.path)) {
			if (generate(facts, findings, problem, &added))
				problem_repair(findings, problem, VERB_GENERATE, "%s and a HostKey line for it",
					       added.path);
			else
				problem->edits.count = 0;
			return;
		}
	}
	report_only(findings, problem, "ssh-keygen -A");
}
