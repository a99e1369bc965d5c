/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which host keys sshd will try to load, and what it will make of each file (sshd.c, authfile.c). */
#include "stage/keys.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	SSHD_FILE_LIMIT = 0x8000000, /* SSHBUF_SIZE_MAX: no version reads more */
	PUBLIC_FILE_LIMIT = 64 * 1024,
	GROUP_FILE_LIMIT = TARGET_FILE_LIMIT,
};

/* --- what this sshd knows ------------------------------------------------------------------------------------- */

void host_key_rules(const struct facts *facts, struct key_rules *ret)
{
	const struct sshd_binary *binary = &facts->binary;

	*ret = (struct key_rules){
	    .dsa = true, /* until a DSA key is found: judge_content() */
	    .security_keys = sshd_binary_at_least(binary, 8, 2),
	    .pem_ed25519 = sshd_binary_at_least(binary, 9, 6),
	};
}

static int sshd_knows(const struct facts *facts, const char *word)
{
	/* The binary's image is loaded behind a const pointer to the facts: it is a cache. */
	return sshd_binary_knows((struct sshd_binary *)&facts->binary, word, false);
}

/* --- mode and owner (sshkey_perm_ok of authfile.c) ------------------------------------------------------------ */

/* "ssh_keys:x:101:" */
static bool group_has_number(const struct facts *facts, struct arena *arena, const char *name, gid_t gid)
{
	const char *line, *rest;
	size_t offset = 0, length;
	struct blob content;

	if (target_read(facts->target, "/etc/group", GROUP_FILE_LIMIT, arena, &content, NULL) < 0)
		return false;
	while (next_line(&content, &offset, &line, &length)) {
		uint64_t number;
		const char *end;

		rest = string_after(line, name);
		if (!rest || *rest != ':' || !(rest = memchr(rest + 1, ':', (size_t)(line + length - rest - 1))))
			continue;
		end = memchr(rest + 1, ':', (size_t)(line + length - rest - 1));
		if (!end)
			continue;
		return parse_number(arena_memdup(arena, rest + 1, (size_t)(end - rest - 1)), UINT32_MAX, &number) &&
		       number == gid;
	}
	return false;
}

/* Red Hat's sshd (up to RHEL 9 and Fedora 37) lets the group ssh_keys read. */
static bool group_may_read(const struct facts *facts, struct arena *arena, const struct node_stat *stat)
{
	return (stat->mode & 077) == 040 && sshd_knows(facts, "ssh_keys") == 1 &&
	       group_has_number(facts, arena, "ssh_keys", stat->gid);
}

/* sshd, which runs as root, looks at the mode only of what belongs to root. */
static bool mode_is_accepted(const struct facts *facts, struct arena *arena, const struct node_stat *stat)
{
	return stat->uid != 0 || (stat->mode & 077) == 0 || group_may_read(facts, arena, stat);
}

/* --- HostKeyAlgorithms (list_hostkey_types of sshd.c) --------------------------------------------------------- */

/* As match_pattern of match.c: * and ?, the pattern not NUL-terminated. */
static bool pattern_matches(const char *pattern, size_t size, const char *string)
{
	const char *end = pattern + size, *star = NULL, *star_string = NULL;

	while (*string) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			star_string = string;
		} else if (pattern < end && (*pattern == '?' || *pattern == *string)) {
			pattern++;
			string++;
		} else if (star) {
			pattern = star;
			string = ++star_string;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

static bool list_has(const char *list, const char *algorithm)
{
	while (*list) {
		size_t size = strcspn(list, ",");

		if (pattern_matches(list, size, algorithm))
			return true;
		list += size + (list[size] == ',');
	}
	return false;
}

/* Plain algorithms are in the default list but for DSA, since 7.0 (KEX_DEFAULT_PK_ALG of myproposal.h). */
static bool algorithm_is_permitted(const char *algorithm, const char *setting)
{
	bool in_default = !string_equal(algorithm, "ssh-dss");

	if (!setting)
		return in_default;
	switch (setting[0]) {
	case '+':
	case '^':
		return in_default || list_has(setting + 1, algorithm);
	case '-':
		return in_default && !list_has(setting + 1, algorithm);
	default:
		return list_has(setting, algorithm);
	}
}

bool host_key_type_is_permitted(enum key_type type, const char *type_name, const char *setting, bool *ret_sha1_only)
{
	bool ignored, *sha1_only = ret_sha1_only ? ret_sha1_only : &ignored;

	*sha1_only = false;
	if (type != KEY_TYPE_RSA)
		return algorithm_is_permitted(type_name, setting);
	if (algorithm_is_permitted("rsa-sha2-512", setting) || algorithm_is_permitted("rsa-sha2-256", setting))
		return true;
	*sha1_only = setting && algorithm_is_permitted("ssh-rsa", setting);
	return *sha1_only;
}

const char *host_key_algorithms_setting(const struct facts *facts)
{
	const struct sshd_setting *setting = sshd_config_get(&facts->config, "HostKeyAlgorithms");

	return setting && setting->argument_count ? setting->arguments[0] : NULL;
}

/* RequiredRSASize, since 9.1. */
static unsigned required_rsa_bits(const struct facts *facts)
{
	const struct sshd_setting *setting = sshd_config_get(&facts->config, "RequiredRSASize");
	uint64_t bits = 0;

	if (setting && setting->argument_count)
		(void)parse_number(setting->arguments[0], UINT32_MAX, &bits);
	return (unsigned)bits;
}

/* --- one file ------------------------------------------------------------------------------------------------- */

static void set_state(struct host_key *key, enum host_key_state state, const char *detail)
{
	key->state = state;
	key->detail = detail;
}

void host_key_test(struct host_key *key)
{
	if (key->state != HOST_KEY_GOOD || key->tested)
		return;
	key->tested = true;
	switch (private_key_halves_match(&key->key)) {
	case KEY_YES:
		return;
	case KEY_NO:
		set_state(key, HOST_KEY_MISMATCHED, "secret half does not belong to public half");
		return;
	case KEY_UNKNOWN:
		set_state(key, HOST_KEY_UNTESTED, "whether its signatures are good cannot be told here");
		return;
	}
}

/* A key that sshd would load were its text not mangled. What sshd says of it as it is stays known. */
static bool judge_armour(struct arena *arena, const struct blob *content, const struct key_rules *rules,
			 struct host_key *key)
{
	enum key_error error = key->key.error;

	if (!private_key_mend_text(content, arena, rules, &key->mended))
		return false;
	private_key_read(&key->mended, arena, rules, &key->key);
	if (private_key_halves_match(&key->key) == KEY_NO)
		return false;
	key->key.error = error;
	set_state(key, HOST_KEY_ARMOUR, "mangled around the key by an editor or a copy");
	return true;
}

/* A key that was parsed, whatever came of it. */
static void judge_content(const struct facts *facts, struct arena *arena, const struct blob *content,
			  struct key_rules *rules, struct host_key *key)
{
	const struct private_key *private = &key->key;

	private_key_read(content, arena, rules, &key->key);
	if (private->half.type == KEY_TYPE_DSA && rules->dsa && sshd_knows(facts, "ssh-dss") == 0) {
		rules->dsa = false;
		private_key_read(content, arena, rules, &key->key);
	}
	if (private->loads == KEY_UNKNOWN)
		set_state(key, HOST_KEY_NOT_UNDERSTOOD, private->detail);
	else if (private->loads == KEY_YES && private->half.type == KEY_TYPE_RSA &&
		 private->half.bits < required_rsa_bits(facts))
		set_state(key, HOST_KEY_UNSUPPORTED,
			  arena_printf(arena, "of %u bits, RequiredRSASize wants %u", private->half.bits,
				       required_rsa_bits(facts)));
	else if (private->loads == KEY_YES)
		set_state(key, HOST_KEY_GOOD, NULL);
	else if (private->foreign_type && (!facts->binary.version || sshd_knows(facts, private->half.type_name) != 0))
		set_state(key, HOST_KEY_NOT_UNDERSTOOD,
			  arena_printf(arena, "of type %s, which is not known here", private->half.type_name));
	else if (private->foreign_type || private->error == KEY_ERROR_LENGTH)
		set_state(key, HOST_KEY_UNSUPPORTED, private->detail);
	else if (private->encrypted)
		set_state(key, HOST_KEY_ENCRYPTED, private->detail);
	else if (!judge_armour(arena, content, rules, key))
		set_state(key, HOST_KEY_CORRUPT, private->detail ? private->detail : "damaged");
}

/* The .pub file beside it, which sshd compares where it is there. */
static void judge_public(const struct facts *facts, struct arena *arena, const struct key_rules *rules,
			 struct host_key *key)
{
	struct public_line line;
	struct blob content;

	if (target_read(facts->target, arena_printf(arena, "%s.pub", key->path), PUBLIC_FILE_LIMIT, arena, &content,
			NULL) < 0 ||
	    !public_line_read(&content, arena, rules, &line))
		return;
	key->public_differs = !public_half_equal(&line.half, &key->key.half);
	key->public_comment = line.comment;
}

static void judge_read_error(struct host_key *key, int error)
{
	key->read_error = error;
	if (error == -EFBIG && key->stat.size > SSHD_FILE_LIMIT)
		set_state(key, HOST_KEY_CORRUPT, "larger than any file that sshd reads");
	else if (error == -EFBIG)
		set_state(key, HOST_KEY_NOT_UNDERSTOOD, "too large for a key");
	else
		set_state(key, HOST_KEY_UNREADABLE, strerror(-error));
}

/* What is at the path, before it is opened. False when that is no file. */
static bool judge_node(const struct facts *facts, struct host_key *key)
{
	struct node_stat itself;
	int r = target_stat(facts->target, key->path, &key->stat);

	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		if (host_key_path_is_elsewhere(facts, key->path))
			set_state(key, HOST_KEY_ELSEWHERE, "on something that only the running system mounts");
		else if (target_lstat(facts->target, key->path, &itself) == 0 && itself.type == NODE_SYMLINK)
			set_state(key, HOST_KEY_DANGLING, "a link that leads nowhere");
		else
			set_state(key, HOST_KEY_MISSING, "not there");
		return false;
	}
	if (r < 0) {
		judge_read_error(key, r);
		return false;
	}
	if (key->stat.type == NODE_FILE)
		return true;
	if (key->stat.type == NODE_DIRECTORY)
		set_state(key, HOST_KEY_DIRECTORY, "a directory");
	else
		set_state(key, HOST_KEY_SPECIAL, "a fifo, a socket or a device");
	return false;
}

void host_key_judge(const struct facts *facts, struct arena *arena, struct key_rules *rules, struct host_key *key)
{
	struct blob content;
	int r;

	if (!judge_node(facts, key))
		return;
	r = target_read(facts->target, key->path, HOST_KEY_FILE_LIMIT, arena, &content, &key->stat);
	if (r < 0) {
		judge_read_error(key, r);
		return;
	}
	if (content.size == 0) {
		set_state(key, HOST_KEY_EMPTY, "empty");
		return;
	}
	judge_content(facts, arena, &content, rules, key);
	if (key->state == HOST_KEY_GOOD && key->key.half.type != KEY_TYPE_ECDSA)
		host_key_test(key);
	if (key->key.loads == KEY_YES && key->state != HOST_KEY_ARMOUR)
		judge_public(facts, arena, rules, key);
	key->permitted =
	    key->key.half.type_name && host_key_type_is_permitted(key->key.half.type, key->key.half.type_name,
								  host_key_algorithms_setting(facts), &key->sha1_only);
	if ((key->state == HOST_KEY_GOOD || key->state == HOST_KEY_UNTESTED) &&
	    !mode_is_accepted(facts, arena, &key->stat))
		set_state(key, HOST_KEY_MODE, "open to others");
}

/* --- all of them ---------------------------------------------------------------------------------------------- */

const struct host_key *host_keys_find(const struct host_keys *keys, const char *path)
{
	for (size_t i = 0; i < keys->keys.count; i++) {
		if (string_equal(keys->keys.items[i].path, path))
			return &keys->keys.items[i];
	}
	return NULL;
}

static void add_key(struct arena *arena, struct host_keys *keys, const char *path, const struct sshd_setting *setting,
		    bool by_default)
{
	struct host_key *key;
	const char *slash;

	/* derelativise_path of servconf.c: sshd is started in /. */
	if (path[0] != '/')
		path = arena_printf(arena, "/%s", path);
	if (keys->keys.count == HOST_KEY_LIMIT) {
		keys->more = true;
		return;
	}
	if (host_keys_find(keys, path))
		return;
	slash = strrchr(path, '/');
	key = array_push(arena, &keys->keys);
	*key = (struct host_key){.path = path, .name = slash + 1, .setting = setting, .by_default = by_default};
}

/* Options come before the file, and both together before the defaults (fill_default_server_options of servconf.c). */
static void list_keys(const struct facts *facts, struct arena *arena, struct host_keys *keys)
{
	static const char *const defaults[] = {
	    "/etc/ssh/ssh_host_rsa_key",
	    "/etc/ssh/ssh_host_ecdsa_key",
	    "/etc/ssh/ssh_host_ed25519_key",
	};
	const struct sshd_setting *setting = NULL;

	for (size_t i = 0; i < facts->service.host_keys.count; i++)
		add_key(arena, keys, facts->service.host_keys.items[i], NULL, false);
	while ((setting = sshd_config_next(&facts->config, "HostKey", setting)) != NULL) {
		if (setting->argument_count && setting->arguments[0][0])
			add_key(arena, keys, setting->arguments[0], setting, false);
	}
	for (size_t i = 0; i < ARRAY_SIZE(defaults) && (keys->keys.count == 0 || keys->keys.items[0].by_default); i++)
		add_key(arena, keys, defaults[i], NULL, true);
}

bool host_key_is_usable(const struct host_key *key)
{
	return key->state == HOST_KEY_GOOD && key->permitted;
}

bool host_key_is_uncertain(const struct host_key *key)
{
	switch (key->state) {
	case HOST_KEY_UNTESTED:
		return key->permitted;
	case HOST_KEY_ELSEWHERE:
	case HOST_KEY_UNREADABLE:
	case HOST_KEY_NOT_UNDERSTOOD:
		return true;
	default:
		return false;
	}
}

void host_keys_read(const struct facts *facts, struct arena *arena, struct host_keys *ret)
{
	memset(ret, 0, sizeof(*ret));
	host_key_rules(facts, &ret->rules);
	list_keys(facts, arena, ret);
	for (size_t i = 0; i < ret->keys.count; i++) {
		struct host_key *key = &ret->keys.items[i];

		host_key_judge(facts, arena, &ret->rules, key);
		ret->usable += host_key_is_usable(key) && key->tested;
	}
	/* A tested key suffices; without one the costly tests are made. */
	for (size_t i = 0; i < ret->keys.count && !ret->usable; i++) {
		host_key_test(&ret->keys.items[i]);
		ret->usable += host_key_is_usable(&ret->keys.items[i]);
	}
	ret->usable = 0;
	ret->uncertain = ret->more;
	for (size_t i = 0; i < ret->keys.count; i++) {
		ret->usable += host_key_is_usable(&ret->keys.items[i]);
		ret->uncertain += host_key_is_uncertain(&ret->keys.items[i]);
	}
}
