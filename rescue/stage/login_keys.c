/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of authorized keys: user_key_allowed() of auth2-pubkey.c, auth_openfile() of auth.c, safe_path() of misc.c. */
#include "stage/login.h"

#include <stdlib.h>
#include <string.h>

#include "stage/keys.h"
#include "stage/unmounted.h"

enum {
	KEY_FILE_LIMIT = 4 * 1024 * 1024,
	TOTAL_LIMIT = 64 * 1024 * 1024, /* of all accounts together */
	FILE_LIMIT = 64, /* words of AuthorizedKeysFile */
	RSA_MINIMUM = 1024,
	SECONDS_OF_A_DAY = 24 * 60 * 60,
};

/* --- names ----------------------------------------------------------------------------------------------------- */

const char *login_expand(struct login_stage *stage, const struct account *account, const char *pattern)
{
	struct text text = {.arena = stage->arena};

	text_add(&text, "", 0);
	for (; *pattern; pattern++) {
		if (*pattern != '%') {
			text_add(&text, pattern, 1);
			continue;
		}
		switch (*++pattern) {
		case '%':
			text_add_string(&text, "%");
			break;
		case 'h':
			text_add_string(&text, account->passwd->home);
			break;
		case 'u':
			text_add_string(&text, account->passwd->name);
			break;
		case 'U':
			if (stage->version < 800)
				return NULL;
			text_printf(&text, "%u", account->passwd->uid);
			break;
		default:
			return NULL;
		}
	}
	return text.data;
}

const char *login_unmounted(const struct login_stage *stage, const char *path)
{
	return unmounted_above(&stage->unmounted, path);
}

/* expand_authorized_keys(): tokens, and a relative path is one below the home directory. */
static const char *key_file_path(struct login_stage *stage, const struct account *account, const char *pattern)
{
	const char *path;

	/* The tilde was sshd's own when it read its configuration: root's. */
	if (string_after(pattern, "~/"))
		pattern = arena_printf(stage->arena, "/root%s", pattern + 1);
	path = login_expand(stage, account, pattern);
	if (path && *path != '/')
		path = arena_printf(stage->arena, "%s/%s", account->passwd->home, path);
	return path && *path == '/' ? path : NULL;
}

/* --- owners and modes ------------------------------------------------------------------------------------------ */

static int compare_owners(const void *key, const void *item)
{
	gid_t gid = *(const gid_t *)key, other = ((const struct group_owner *)item)->gid;

	return gid < other ? -1 : gid > other;
}

/* As Debian's sshd asks it. */
bool login_group_is_private(struct login_stage *stage, const struct account *account, const struct node_stat *stat)
{
	const struct group_entry *group = login_group(stage, stat->gid);
	const struct group_owner *found, *end = stage->primary.items + stage->primary.count;
	const struct passwd_entry *owner = account->passwd;
	gid_t gid = stat->gid;
	bool members = false;

	if (!group)
		return stage->groups_unsure && login_guess(stage, "groups that are kept elsewhere");
	found = stage->primary.count
		    ? bsearch(&gid, stage->primary.items, stage->primary.count, sizeof(*found), compare_owners)
		    : NULL;
	while (found && found > stage->primary.items && found[-1].gid == gid)
		found--;
	for (; found && found < end && found->gid == gid; found++) {
		members = true;
		if (found->uid != account->passwd->uid)
			return false;
	}
	if (stat->uid != owner->uid)
		owner = passwd_by_uid(&stage->passwd, stat->uid);
	if (!owner)
		return false;
	if (group->members.count) {
		members = true;
		if (group->members.count > 1 || !string_equal(group->members.items[0], owner->name))
			return false;
	}
	if (members && (stage->accounts_unsure || stage->groups_unsure))
		return login_guess(stage, "accounts that are kept elsewhere");
	return members;
}

/* Debian's sshd lets a user's own group write. To know it takes a search through the whole program: only where some
 * group may write. */
static bool has_private_groups(struct login_stage *stage)
{
	return sshd_binary_keyword((struct sshd_binary *)&stage->facts->binary, "debianbanner", NULL) == 1;
}

bool login_owner_is_safe(struct login_stage *stage, const struct account *account, const struct node_stat *stat)
{
	if ((stat->uid != 0 && stat->uid != account->passwd->uid) || stat->mode & 002)
		return false;
	return !(stat->mode & 020) || (has_private_groups(stage) && login_group_is_private(stage, account, stat));
}

/* safe_path(): the file, and every directory above it up to the home directory. */
static bool path_is_safe(struct login_stage *stage, const struct account *account, const char *path,
			 struct key_file *file)
{
	struct target *target = stage->facts->target;
	char *directory, *home = NULL, *slash;
	struct node_stat stat;

	if (target_resolve(target, path, true, stage->arena, &directory) < 0 ||
	    target_stat(target, directory, &stat) < 0)
		return false;
	(void)target_resolve(target, account->passwd->home, true, stage->arena, &home);
	for (;;) {
		if (!login_owner_is_safe(stage, account, &stat)) {
			file->culprit = arena_strdup(stage->arena, directory);
			file->detail = arena_printf(stage->arena, "%s: mode %04o, owner %u", directory, stat.mode,
						    (unsigned)stat.uid);
			return false;
		}
		if (stat.type == NODE_DIRECTORY && home && string_equal(directory, home))
			return true;
		if (string_equal(directory, "/"))
			return true;
		slash = strrchr(directory, '/');
		slash[slash == directory] = '\0';
		if (target_stat(target, directory, &stat) < 0)
			return false;
	}
}

/* What the permission bits give the account; the caller knows that it is not root. */
static unsigned permitted(const struct account *account, const struct node_stat *stat)
{
	if (stat->uid == account->passwd->uid)
		return stat->mode >> 6 & 7;
	for (size_t i = 0; i < account->gids.count; i++) {
		if (account->gids.items[i] == stat->gid)
			return stat->mode >> 3 & 7;
	}
	return stat->mode & 7;
}

static bool has_acl(struct login_stage *stage, const char *path)
{
	struct blob value;

	return target_getxattr(stage->facts->target, path, "system.posix_acl_access", stage->arena, &value) >= 0;
}

/* sshd opens the file as the user. */
static bool is_readable(struct login_stage *stage, const struct account *account, const char *path,
			struct key_file *file)
{
	char *component = arena_strdup(stage->arena, path);
	struct node_stat stat;
	unsigned wanted = 4; /* read the file, search the directories */

	if (account->passwd->uid == 0)
		return true;
	for (;;) {
		if (target_stat(stage->facts->target, component, &stat) < 0)
			return false;
		if ((permitted(account, &stat) & wanted) != wanted &&
		    !(has_acl(stage, component) && login_guess(stage, "access control lists"))) {
			file->detail = arena_printf(stage->arena, "%s may not be %s by %s: mode %04o, owner %u",
						    component, wanted == 4 ? "read" : "searched", account->passwd->name,
						    stat.mode, (unsigned)stat.uid);
			return false;
		}
		if (string_equal(component, "/"))
			return true;
		char *slash = strrchr(component, '/');

		slash[slash == component] = '\0';
		wanted = 1;
	}
}

/* --- keys ------------------------------------------------------------------------------------------------------ */

/* Whether this sshd takes a key of the type and size; what it would say in *ret_detail. */
static bool key_is_accepted(struct login_stage *stage, const struct login_rules *rules,
			    const struct authorized_key *key, const char **ret_detail)
{
	uint64_t least = rules->rsa_bits > RSA_MINIMUM ? rules->rsa_bits : RSA_MINIMUM;
	bool sha1_only;

	if (key->half.type == KEY_TYPE_CERTIFICATE || key->half.type == KEY_TYPE_NONE) {
		*ret_detail = "certificates are not keys";
		return false;
	}
	if (!host_key_type_is_permitted(key->half.type, key->half.type_name, rules->accepted, &sha1_only)) {
		*ret_detail =
		    arena_printf(stage->arena, "PubkeyAcceptedAlgorithms does not admit %s", key->half.type_name);
		return false;
	}
	if (key->half.type == KEY_TYPE_DSA && stage->version >= 1000) {
		*ret_detail = "this sshd has no DSA";
		return false;
	}
	if (key->half.type == KEY_TYPE_RSA && key->half.bits < least) {
		*ret_detail = arena_printf(stage->arena, "an RSA key of %u bits is too short", key->half.bits);
		return false;
	}
	return !sha1_only || login_guess(stage, "a client that signs with SHA-1");
}

static bool has_expired(struct login_stage *stage, const struct authorized_key *key)
{
	if (!key->expires)
		return false;
	if (key->expiry > stage->now + SECONDS_OF_A_DAY)
		return false;
	return key->expiry < stage->now - SECONDS_OF_A_DAY || login_guess(stage, "the clock");
}

static bool key_is_usable(struct login_stage *stage, const struct login_rules *rules, const struct authorized_key *key,
			  bool forced_only, const char **ret_detail)
{
	if (key->state != AUTHORIZED_KEY_GOOD) {
		*ret_detail = key->detail;
		return false;
	}
	if (!key_is_accepted(stage, rules, key, ret_detail))
		return false;
	if (has_expired(stage, key)) {
		*ret_detail = "the key has expired";
		return false;
	}
	if (forced_only && !key->forced_command) {
		*ret_detail = "PermitRootLogin wants a key with a command";
		return false;
	}
	if (key->authority)
		return login_guess(stage, "a certificate of an authority in authorized_keys");
	if (key->from && !login_guess(stage, "from= of the key"))
		return false;
	return !key->doubtful || login_guess(stage, "an option of the key");
}

/* Whether any key of the file lets the client in. Certain keys come first: one is enough. */
static bool any_key_usable(struct login_stage *stage, const struct login_rules *rules, bool forced_only,
			   struct key_file *file)
{
	bool garbage = false;
	const char *detail = NULL;

	for (unsigned doubtful = 0; doubtful < 2; doubtful++) {
		for (size_t i = 0; i < file->keys.count; i++) {
			const struct authorized_key *key = &file->keys.items[i];
			bool is_doubtful = key->authority || key->from || key->doubtful || key->expires ||
					   key->half.type == KEY_TYPE_RSA;

			if (is_doubtful == doubtful && key_is_usable(stage, rules, key, forced_only, &detail))
				return true;
			garbage = garbage || key->state == AUTHORIZED_KEY_GARBAGE;
			if (stage->guesses.too_many)
				return false;
		}
	}
	file->fault = file->keys.count == 0 ? KEY_FAULT_EMPTY : garbage ? KEY_FAULT_GARBAGE : KEY_FAULT_REFUSED;
	file->detail = file->keys.count == 0 ? "it holds no key" : detail ? detail : "its keys are not taken";
	return false;
}

static bool set_fault(struct key_file *file, enum key_fault fault, const char *detail)
{
	file->fault = fault;
	if (!file->detail)
		file->detail = detail;
	return false;
}

static bool file_is_usable(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			   bool forced_only, struct key_file *file)
{
	struct target *target = stage->facts->target;
	const char *point = login_unmounted(stage, file->path);
	struct node_stat stat;
	struct blob content;
	char *resolved;
	int r;

	if (point)
		return login_guess(stage, arena_printf(stage->arena, "%s, which is not mounted here", point));
	r = target_stat(target, file->path, &stat);
	if (r < 0)
		return set_fault(file, KEY_FAULT_MISSING, "it is not there");
	if (stat.type != NODE_FILE)
		return set_fault(file, KEY_FAULT_UNREADABLE, "it is not a regular file");
	if (target_resolve(target, file->path, true, stage->arena, &resolved) < 0)
		return set_fault(file, KEY_FAULT_UNREADABLE, "it cannot be found");
	/* sshd opens the file before it looks at the modes; what is wrong with these is more to the point. */
	if (rules->strict_modes && !path_is_safe(stage, account, file->path, file))
		return set_fault(file, KEY_FAULT_MODES, "its owner or mode");
	if (!is_readable(stage, account, file->path, file) || !is_readable(stage, account, resolved, file))
		return set_fault(file, KEY_FAULT_UNREADABLE, "it cannot be read");
	stage->key_bytes += stat.size;
	if (stage->key_bytes > TOTAL_LIMIT ||
	    target_read(target, file->path, KEY_FILE_LIMIT, stage->arena, &content, NULL) < 0)
		return login_guess(stage, "a file of keys that is too large to be looked at");
	authorized_keys_read(&content, stage->arena, &stage->key_rules, stage->version, &file->keys);
	return any_key_usable(stage, rules, forced_only, file);
}

/* RevokedKeys that cannot be read revokes every key. */
static bool revocations_allow(struct login_stage *stage, const struct login_rules *rules)
{
	struct node_stat stat;

	if (!rules->revoked)
		return true;
	if (string_equal_nocase(rules->revoked, "none"))
		return login_guess(stage, "RevokedKeys none");
	if (target_stat(stage->facts->target, rules->revoked, &stat) < 0 || stat.type != NODE_FILE)
		return false;
	return stat.size == 0 || login_guess(stage, "RevokedKeys");
}

bool login_keys_usable(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
		       bool forced_only, key_file_list *ret, const char **ret_reason)
{
	const char *detail = NULL;

	*ret = (key_file_list){0};
	if (!revocations_allow(stage, rules)) {
		*ret_reason = "RevokedKeys names a file that sshd cannot read";
		return false;
	}
	for (size_t i = 0; i < rules->key_files.count && i < FILE_LIMIT; i++) {
		struct key_file file = {0};

		if (string_equal_nocase(rules->key_files.items[i], "none"))
			continue;
		file.path = key_file_path(stage, account, rules->key_files.items[i]);
		if (!file.path) {
			if (login_guess(stage, "a token in AuthorizedKeysFile"))
				return true;
			continue;
		}
		if (file_is_usable(stage, account, rules, forced_only, &file)) {
			*array_push(stage->arena, ret) = file;
			return true;
		}
		if (file.fault > KEY_FAULT_MISSING && !detail)
			detail = arena_printf(stage->arena, "%s: %s", file.path, file.detail);
		*array_push(stage->arena, ret) = file;
	}
	if (rules->key_command && login_guess(stage, "AuthorizedKeysCommand"))
		return true;
	if (rules->authorities && login_guess(stage, "a certificate of TrustedUserCAKeys"))
		return true;
	*ret_reason = detail ? detail : "no authorized key";
	return false;
}
