/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is around the host keys: the directories above them, and the certificates for them. */
#include <string.h>

#include "base/text.h"
#include "parse/base64.h"
#include "stage/keys.h"

enum {
	CERTIFICATE_FILE_LIMIT = 64 * 1024,
};

/* --- directories ---------------------------------------------------------------------------------------------- */

static void judge_directory(const struct facts *facts, struct findings *findings, const char *path)
{
	struct problem *problem;
	struct node_stat stat;
	mode_t unsafe;

	if (target_stat(facts->target, path, &stat) < 0 || stat.type != NODE_DIRECTORY)
		return;
	/* Where only the owner of a name may remove it, others cannot replace it. */
	unsafe = stat.mode & 01000 ? 0 : stat.mode & (stat.gid ? 022 : 002);
	if (!unsafe && stat.uid == 0)
		return;
	problem = problem_raise(findings, PROBLEM_KEYS_DIRECTORY, path, 0, "%s", path);
	problem_evidence(findings, problem, "mode %04o, owner %u:%u", stat.mode, (unsigned)stat.uid,
			 (unsigned)stat.gid);
	problem_repair(findings, problem, VERB_SET, "%s%s%s", stat.uid ? "owner root" : "",
		       stat.uid && unsafe ? ", " : "",
		       unsafe ? arena_printf(findings->arena, "mode %04o", stat.mode & ~022U) : "");
	if (stat.uid)
		repair_chown(findings, problem, path, 0, (gid_t)-1);
	if (unsafe)
		repair_chmod(findings, problem, path, stat.mode & ~(mode_t)022);
}

static bool listed(const string_list *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++) {
		if (string_equal(list->items[i], string))
			return true;
	}
	return false;
}

/* Every directory from the one with the keys up to the root, links resolved, each once. */
static void judge_directories(const struct facts *facts, struct findings *findings, const struct host_keys *keys)
{
	struct arena *arena = findings->arena;
	string_list seen = {0};

	for (size_t i = 0; i < keys->keys.count; i++) {
		const struct host_key *key = &keys->keys.items[i];
		char *path, *slash;

		if (key->stat.type != NODE_FILE || target_resolve(facts->target, key->path, true, arena, &path) < 0)
			continue;
		while ((slash = strrchr(path, '/')) != NULL) {
			path = slash == path ? arena_strdup(arena, "/")
					     : arena_memdup(arena, path, (size_t)(slash - path));
			if (listed(&seen, path))
				break;
			*array_push(arena, &seen) = path;
			judge_directory(facts, findings, path);
			if (string_equal(path, "/"))
				break;
		}
	}
}

/* --- certificates (PROTOCOL.certkeys) ------------------------------------------------------------------------- */

/* The public half that a certificate is about: behind the type name and a nonce come the fields of the plain type. */
static bool certified_half(const struct blob *certificate, struct arena *arena, struct public_half *ret)
{
	static const struct key_rules any = {.dsa = true, .security_keys = true};
	struct wire wire = wire_of(certificate);
	const char *name;
	struct blob nonce;
	size_t length;

	memset(ret, 0, sizeof(*ret));
	if (wire_get_text(&wire, arena, &name) || wire_get_string(&wire, &nonce))
		return false;
	length = strlen(name) - strlen("-cert-v01@openssh.com");
	ret->type_name = arena_memdup(arena, name, length);
	ret->type = key_type_of(ret->type_name, &any, &ret->curve);
	return ret->type != KEY_TYPE_CERTIFICATE && !public_half_read_fields(&wire, arena, false, ret);
}

static const char *certificate_trouble(const struct facts *facts, struct arena *arena, const struct host_keys *keys,
				       const char *path)
{
	struct public_line line;
	struct public_half half;
	struct blob content;

	if (target_read(facts->target, path, CERTIFICATE_FILE_LIMIT, arena, &content, NULL) < 0)
		return "not there, or not readable";
	if (!public_line_read(&content, arena, &keys->rules, &line) || line.half.type != KEY_TYPE_CERTIFICATE)
		return "holds no certificate";
	if (!certified_half(&line.blob, arena, &half))
		return "certificate damaged";
	for (size_t i = 0; i < keys->keys.count; i++) {
		const struct host_key *key = &keys->keys.items[i];

		if (key->key.loads == KEY_YES && public_half_equal(&key->key.half, &half))
			return NULL;
	}
	return "no host key belongs to it";
}

static void judge_certificates(const struct facts *facts, struct findings *findings, const struct host_keys *keys)
{
	const struct sshd_setting *setting = NULL;

	while ((setting = sshd_config_next(&facts->config, "HostCertificate", setting)) != NULL) {
		const char *path, *trouble;
		struct problem *problem;

		if (!setting->argument_count || string_equal_nocase(setting->arguments[0], "none"))
			continue;
		path = setting->arguments[0][0] == '/' ? setting->arguments[0]
						       : arena_printf(findings->arena, "/%s", setting->arguments[0]);
		if (host_key_path_is_elsewhere(facts, path))
			continue;
		trouble = certificate_trouble(facts, findings->arena, keys, path);
		if (!trouble)
			continue;
		problem = problem_raise(findings, PROBLEM_KEYS_CERTIFICATE, path, 0, "%s", strrchr(path, '/') + 1);
		problem_evidence(findings, problem, "%s", trouble);
		problem_remedy(findings, problem, "ssh-keygen -h -s AUTHORITY_KEY -I NAME HOST_KEY.pub");
	}
}

void keys_raise_surroundings(const struct facts *facts, struct findings *findings, const struct host_keys *keys)
{
	judge_directories(facts, findings, keys);
	judge_certificates(facts, findings, keys);
}
