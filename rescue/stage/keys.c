/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keys: is there a host key that sshd will load? */
#include "stage/keys.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "keygen.h"
#include "policy.h"
#include "stage/stage.h"

enum {
	LISTED_KEYS = 8, /* in the evidence of keys.none */
	TYPING_ERRORS = 2,
	SEARCHES = 4, /* for misspelled names; each lists a directory */
	CANDIDATES = 8,
};

struct keys_stage {
	const struct facts *facts;
	struct findings *findings;
	struct host_keys keys;
	bool certain; /* no key is usable, and none may be */
	unsigned searches;
};

static struct problem *raise(struct keys_stage *stage, enum problem_code code, const struct host_key *key)
{
	struct problem *problem = problem_raise(stage->findings, code, key->path, 0, "%s", key->name);

	if (key->detail)
		problem_evidence(stage->findings, problem, "%s", key->detail);
	return problem;
}

/* What sshd says, where it says anything that helps. */
static void add_words(struct keys_stage *stage, struct problem *problem, const struct host_key *key)
{
	if (key->key.error && key->key.error != KEY_ERROR_INTERNAL)
		problem_evidence(stage->findings, problem, "%s (sshd: %s)", key->detail,
				 key_error_text(key->key.error));
}

static const char *type_option(const struct host_key *key)
{
	return strstr(key->name, "ecdsa") ? "ecdsa" : strstr(key->name, "rsa") ? "rsa" : "ed25519";
}

static void remedy_new_key(struct keys_stage *stage, struct problem *problem, const struct host_key *key)
{
	problem_remedy(stage->findings, problem, "ssh-keygen -q -t %s -N '' -f %s", type_option(key), key->path);
}

/* --- keys that sshd would load if not for their mode or text -------------------------------------------------- */

static void raise_mode(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_MODE, key);

	if (!stage->certain || !key->permitted)
		problem->severity = SEVERITY_WARNS;
	problem_evidence(stage->findings, problem, "mode %04o, group %u; sshd wants 0600", key->stat.mode,
			 (unsigned)key->stat.gid);
	problem_repair(stage->findings, problem, VERB_SET, "mode 0600");
	repair_chmod(stage->findings, problem, key->path, 0600);
}

static void raise_text(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_TEXT, key);

	if (!stage->certain)
		problem->severity = SEVERITY_WARNS;
	add_words(stage, problem, key);
	problem_repair(stage->findings, problem, VERB_CORRECT, "the lines around the key");
	repair_write(stage->findings, problem, key->path, key->mended, 0600, 0, 0);
	if (key->stat.uid == 0 && key->stat.mode & 077)
		repair_chmod(stage->findings, problem, key->path, 0600);
}

/* --- keys that sshd does without ------------------------------------------------------------------------------ */

/* A name in the directory of a missing key that differs from it by a typing error, and that no line names yet. */
static const char *misspelled_name(struct keys_stage *stage, const struct host_key *key)
{
	struct arena *arena = stage->findings->arena;
	char *directory = arena_memdup(arena, key->path, (size_t)(key->name - key->path));
	const char *found = NULL;
	unsigned candidates = 0;
	dir_list names = {0};

	if (strstr(key->name, "_dsa_") || ++stage->searches > SEARCHES ||
	    target_list(stage->facts->target, directory, arena, &names) < 0)
		return NULL;
	for (size_t i = 0; i < names.count && candidates < CANDIDATES; i++) {
		const char *name = names.items[i].name;
		struct host_key other = {.path = arena_printf(arena, "%s%s", directory, name), .name = name};

		if (edit_distance(name, key->name, TYPING_ERRORS) > TYPING_ERRORS ||
		    string_ends_with(name, ".pub") != string_ends_with(key->name, ".pub") ||
		    host_keys_find(&stage->keys, other.path))
			continue;
		candidates++;
		host_key_judge(stage->facts, arena, &stage->keys.rules, &other);
		if (other.state != HOST_KEY_GOOD)
			continue;
		if (found)
			return NULL; /* two of them: no guessing */
		found = other.path;
	}
	return found;
}

/* Of a default key: whether the boot makes it before sshd looks for it. */
static struct key_maker maker_of(struct keys_stage *stage, const struct host_key *key)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	struct key_maker maker = {0};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (string_equal(key->path, arena_printf(stage->findings->arena, "/etc/ssh/ssh_host_%s_key", types[i])))
			key_maker_find(stage->facts, stage->findings->arena, types[i], &maker);
	}
	return maker;
}

static void raise_missing(struct keys_stage *stage, const struct host_key *key)
{
	const struct sshd_setting *setting = key->setting;
	struct problem *problem;
	const char *right;

	if (maker_of(stage, key).answer == KEY_MAKER_CERTAIN)
		return;
	right = misspelled_name(stage, key);
	problem = raise(stage, PROBLEM_KEYS_MISSING, key);
	problem->evidence = setting && setting->path
				? arena_printf(stage->findings->arena, "HostKey at %s:%u", setting->path, setting->line)
				: "named by an option of sshd";
	if (right && setting && setting->path && !policy_is_vendor_path(setting->path)) {
		if (stage->certain)
			problem->severity = SEVERITY_BLOCKS;
		problem_repair(stage->findings, problem, VERB_CORRECT, "HostKey %s -> %s", key->path, right);
		repair_replace_line(stage->findings, problem, setting->path, setting->line,
				    arena_printf(stage->findings->arena, "HostKey %s", right));
		return;
	}
	problem->class = REPAIR_REPORT;
	remedy_new_key(stage, problem, key);
}

/* Moves a key out of sshd's sight: the file and its public half, under names that are free. */
static void move_aside(struct keys_stage *stage, struct problem *problem, const struct host_key *key)
{
	const char *name = host_key_free_name(stage->facts, stage->findings->arena, key->path);
	char *public_path = arena_printf(stage->findings->arena, "%s.pub", key->path);

	problem_repair(stage->findings, problem, VERB_RENAME, "%s -> %s", key->name, name);
	repair_rename(stage->findings, problem, key->path, name);
	if (target_exists(stage->facts->target, public_path))
		repair_rename(stage->findings, problem, public_path,
			      arena_printf(stage->findings->arena, "%s.pub", name));
}

static void raise_corrupt(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_CORRUPT, key);

	add_words(stage, problem, key);
	if (key->key.fatal) {
		problem->severity = SEVERITY_BLOCKS;
		move_aside(stage, problem, key);
		return;
	}
	problem->class = REPAIR_REPORT;
	remedy_new_key(stage, problem, key);
}

/* sshd offers it all the same: as long as no other key serves, only a new one helps (keys.none). */
static void raise_mismatch(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_MISMATCH, key);

	if (stage->keys.usable)
		move_aside(stage, problem, key);
	else
		problem->class = REPAIR_REPORT;
}

static void raise_owner(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_OWNER, key);

	problem_evidence(stage->findings, problem, "owner %u, mode %04o", (unsigned)key->stat.uid, key->stat.mode);
	problem_repair(stage->findings, problem, VERB_SET, "owner root, mode 0600");
	repair_chown(stage->findings, problem, key->path, 0, 0);
	repair_chmod(stage->findings, problem, key->path, 0600);
}

static void raise_public_mismatch(struct keys_stage *stage, const struct host_key *key)
{
	struct arena *arena = stage->findings->arena;
	struct blob public_half = public_half_write(arena, &key->key.half);
	char *path = arena_printf(arena, "%s.pub", key->path);
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_KEYS_PUBLIC_MISMATCH, path, 0, "%s.pub", key->name);

	if (!public_half.size) {
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "ssh-keygen -y -f %s > %s", key->path, path);
		return;
	}
	problem_repair(stage->findings, problem, VERB_CORRECT, "the public half of %s", key->name);
	repair_write(stage->findings, problem, path,
		     keygen_public_line(arena, key->key.half.type_name, &public_half,
					key->public_comment ? key->public_comment : ""),
		     0644, 0, 0);
}

/* A key of which nobody can tell here: what it does to the verdict depends on whether another key is usable. */
static void raise_uncertain(struct keys_stage *stage, enum problem_code code, const struct host_key *key)
{
	struct problem *problem;

	if (stage->keys.usable || !host_key_is_uncertain(key))
		return;
	problem = raise(stage, code, key);
	if (key->read_error && key->read_error != -EFBIG)
		problem_evidence(stage->findings, problem, "unreadable: %s", key->detail);
}

static void raise_loaded(struct keys_stage *stage, const struct host_key *key)
{
	if (key->stat.uid != 0)
		raise_owner(stage, key);
	if (key->public_differs)
		raise_public_mismatch(stage, key);
}

static void raise_not_a_file(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem = raise(stage, PROBLEM_KEYS_NOT_A_FILE, key);

	/* Only a fifo keeps sshd from starting, but the door does not tell it from a device. */
	if (key->state == HOST_KEY_SPECIAL)
		problem->severity = SEVERITY_UNKNOWN;
	problem_remedy(stage->findings, problem, "remove %s", key->path);
}

static void raise_key(struct keys_stage *stage, const struct host_key *key)
{
	struct problem *problem;

	switch (key->state) {
	case HOST_KEY_GOOD:
		raise_loaded(stage, key);
		break;
	case HOST_KEY_UNTESTED:
		raise_loaded(stage, key);
		raise_uncertain(stage, PROBLEM_KEYS_NOT_UNDERSTOOD, key);
		break;
	case HOST_KEY_MODE:
		raise_mode(stage, key);
		break;
	case HOST_KEY_ARMOUR:
		raise_text(stage, key);
		break;
	case HOST_KEY_MISSING:
		if (!key->by_default)
			raise_missing(stage, key);
		break;
	case HOST_KEY_DANGLING:
		problem = raise(stage, PROBLEM_KEYS_DANGLING, key);
		remedy_new_key(stage, problem, key);
		break;
	case HOST_KEY_EMPTY:
		problem = raise(stage, PROBLEM_KEYS_EMPTY, key);
		problem->class = REPAIR_REPORT;
		remedy_new_key(stage, problem, key);
		break;
	case HOST_KEY_CORRUPT:
		raise_corrupt(stage, key);
		break;
	case HOST_KEY_ENCRYPTED:
		problem = raise(stage, PROBLEM_KEYS_ENCRYPTED, key);
		problem_remedy(stage->findings, problem, "ssh-keygen -p -N '' -f %s", key->path);
		break;
	case HOST_KEY_UNSUPPORTED:
		problem = raise(stage, PROBLEM_KEYS_UNSUPPORTED, key);
		remedy_new_key(stage, problem, key);
		break;
	case HOST_KEY_MISMATCHED:
		raise_mismatch(stage, key);
		break;
	case HOST_KEY_DIRECTORY:
	case HOST_KEY_SPECIAL:
		raise_not_a_file(stage, key);
		break;
	case HOST_KEY_ELSEWHERE:
		raise_uncertain(stage, PROBLEM_KEYS_ELSEWHERE, key);
		break;
	case HOST_KEY_UNREADABLE:
	case HOST_KEY_NOT_UNDERSTOOD:
		raise_uncertain(stage, PROBLEM_KEYS_NOT_UNDERSTOOD, key);
		break;
	}
}

/* --- all of them together ------------------------------------------------------------------------------------- */

static bool has_agent(const struct facts *facts)
{
	const struct sshd_setting *setting = sshd_config_get(&facts->config, "HostKeyAgent");

	return setting && setting->argument_count && !string_equal_nocase(setting->arguments[0], "none");
}

/* Whether mending one of the files gives sshd a key. */
static bool one_can_be_mended(const struct keys_stage *stage)
{
	for (size_t i = 0; i < stage->keys.keys.count; i++) {
		const struct host_key *key = &stage->keys.keys.items[i];

		if ((key->state == HOST_KEY_MODE || key->state == HOST_KEY_ARMOUR) && key->permitted)
			return true;
	}
	return false;
}

/* The unit of the boot that makes one of the default keys in force. */
static void find_maker(struct keys_stage *stage, struct key_maker *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < stage->keys.keys.count && ret->answer != KEY_MAKER_CERTAIN; i++) {
		const struct host_key *key = &stage->keys.keys.items[i];
		struct key_maker maker;

		if (key->state != HOST_KEY_MISSING && key->state != HOST_KEY_EMPTY)
			continue;
		maker = maker_of(stage, key);
		/* What becomes of an empty file differs. */
		if (key->state == HOST_KEY_EMPTY && maker.answer == KEY_MAKER_CERTAIN)
			maker.answer = KEY_MAKER_PERHAPS;
		if (maker.answer > ret->answer)
			*ret = maker;
	}
}

/* sshd loads the key but does not offer it. */
static bool is_not_permitted(const struct host_key *key)
{
	return (key->state == HOST_KEY_GOOD || key->state == HOST_KEY_UNTESTED) && !key->permitted;
}

static bool one_is_not_permitted(const struct keys_stage *stage)
{
	for (size_t i = 0; i < stage->keys.keys.count; i++) {
		if (is_not_permitted(&stage->keys.keys.items[i]))
			return true;
	}
	return false;
}

/* "ssh_host_rsa_key not there, ssh_host_ed25519_key empty" */
static const char *list_of_keys(const struct keys_stage *stage)
{
	struct text text = {.arena = stage->findings->arena};
	size_t count = stage->keys.keys.count;

	for (size_t i = 0; i < count && i < LISTED_KEYS; i++) {
		const struct host_key *key = &stage->keys.keys.items[i];

		text_printf(&text, "%s%s %s", i ? ", " : "", key->name,
			    is_not_permitted(key) ? "of a type that HostKeyAlgorithms does not admit" : key->detail);
	}
	if (count > LISTED_KEYS)
		text_printf(&text, ", and %zu more", count - LISTED_KEYS);
	return text.data;
}

static void raise_none(struct keys_stage *stage)
{
	const struct facts *facts = stage->facts;
	bool not_permitted = one_is_not_permitted(stage);
	struct problem *problem;
	struct key_maker maker;

	find_maker(stage, &maker);
	if (maker.answer == KEY_MAKER_CERTAIN) {
		problem_raise(stage->findings, PROBLEM_KEYS_MADE_AT_BOOT, maker.path, 0, "%s", maker.unit);
		return;
	}
	problem = not_permitted ? problem_raise(stage->findings, PROBLEM_KEYS_ALGORITHMS, facts->config.main_path, 0,
						"%s", "HostKeyAlgorithms")
				: problem_raise(stage->findings, PROBLEM_KEYS_NONE, "/etc/ssh", 0, "%s", "");
	problem->evidence = list_of_keys(stage);
	if (maker.answer == KEY_MAKER_PERHAPS) {
		problem->severity = SEVERITY_UNKNOWN;
		problem_evidence(stage->findings, problem, "%s; %s may make them at boot", problem->evidence,
				 maker.unit);
	}
	keys_repair_none(facts, stage->findings, &stage->keys, problem);
}

/* Signatures with SHA-1 are all that HostKeyAlgorithms leaves. */
static void raise_sha1_only(struct keys_stage *stage)
{
	struct problem *problem;

	for (size_t i = 0; i < stage->keys.keys.count; i++) {
		const struct host_key *key = &stage->keys.keys.items[i];

		if (host_key_is_usable(key) && !key->sha1_only)
			return;
	}
	problem = problem_raise(stage->findings, PROBLEM_KEYS_ALGORITHMS, stage->facts->config.main_path, 0, "%s",
				"HostKeyAlgorithms");
	problem->severity = SEVERITY_LIMITS;
	problem->class = REPAIR_REPORT;
	problem_evidence(stage->findings, problem,
			 "RSA keys only with SHA-1 (ssh-rsa), which clients since OpenSSH 8.8 "
			 "refuse");
	problem_remedy(stage->findings, problem, "add rsa-sha2-512,rsa-sha2-256 to HostKeyAlgorithms");
}

static void raise_more(struct keys_stage *stage)
{
	struct problem *problem = problem_raise(stage->findings, PROBLEM_KEYS_NOT_UNDERSTOOD,
						stage->facts->config.main_path, 0, "%s", "so many host keys");

	problem_evidence(stage->findings, problem, "only %d of them were looked at", HOST_KEY_LIMIT);
}

static void raise_agent(struct keys_stage *stage)
{
	problem_raise(stage->findings, PROBLEM_KEYS_AGENT, stage->facts->config.main_path, 0, "%s", "HostKeyAgent");
}

void stage_keys(const struct facts *facts, struct findings *findings)
{
	struct keys_stage stage = {.facts = facts, .findings = findings};

	if (facts->binary.read_error) {
		findings->skipped[STAGE_KEYS] = true;
		return;
	}
	/* sshd stops at the first error: later lines may name other keys. */
	findings->partial[STAGE_KEYS] = facts->config.errors.count > 0;
	host_keys_read(facts, findings->arena, &stage.keys);
	if (!stage.keys.usable && has_agent(facts)) {
		stage.keys.uncertain++;
		raise_agent(&stage);
	}
	if (!stage.keys.usable && stage.keys.more)
		raise_more(&stage);
	stage.certain = !stage.keys.usable && !stage.keys.uncertain;
	if (stage.certain && !one_can_be_mended(&stage))
		raise_none(&stage);
	if (stage.keys.usable)
		raise_sha1_only(&stage);
	for (size_t i = 0; i < stage.keys.keys.count; i++)
		raise_key(&stage, &stage.keys.keys.items[i]);
	keys_raise_surroundings(facts, findings, &stage.keys);
}
