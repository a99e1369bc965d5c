/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An account at the door: allowed_user() and getpwnamallow() of auth.c, userauth_finish() of auth2.c, do_child() of
 * session.c. */
#include "stage/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"

/* --- the files ------------------------------------------------------------------------------------------------- */

/* Whether a database has entries that are not in the files. */
static bool kept_elsewhere(struct login_stage *stage, const char *database, const char *path)
{
	static const char *const harmless[] = {"files", "systemd", "mymachines"};
	const char *line;
	size_t offset = 0, length;
	string_list services;
	struct blob content;

	nsswitch_services(stage->facts->target, stage->lasting, database, &services);
	for (size_t i = 0; i < services.count; i++) {
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(harmless); j++)
			known = known || string_equal(services.items[i], harmless[j]);
		if (known)
			continue;
		if (!string_equal(services.items[i], "compat"))
			return true;
		if (target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->lasting, &content, NULL) < 0)
			return true;
		while (next_line(&content, &offset, &line, &length)) {
			if (length && (*line == '+' || *line == '-'))
				return true;
		}
	}
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct group_number *one = a, *other = b;

	if (one->gid != other->gid)
		return one->gid < other->gid ? -1 : 1;
	return one->group < other->group ? -1 : one->group > other->group;
}

static int compare_primary(const void *a, const void *b)
{
	const struct group_owner *one = a, *other = b;

	return one->gid < other->gid ? -1 : one->gid > other->gid;
}

static void index_groups(struct login_stage *stage)
{
	for (size_t i = 0; i < stage->group.entries.count; i++)
		*array_push(stage->lasting, &stage->numbers) =
		    (struct group_number){stage->group.entries.items[i].gid, &stage->group.entries.items[i]};
	for (size_t i = 0; i < stage->passwd.entries.count; i++)
		*array_push(stage->lasting, &stage->primary) =
		    (struct group_owner){stage->passwd.entries.items[i].gid, stage->passwd.entries.items[i].uid};
	if (stage->numbers.count)
		qsort(stage->numbers.items, stage->numbers.count, sizeof(*stage->numbers.items), compare_numbers);
	if (stage->primary.count)
		qsort(stage->primary.items, stage->primary.count, sizeof(*stage->primary.items), compare_primary);
}

const struct group_entry *login_group(const struct login_stage *stage, gid_t gid)
{
	size_t low = 0, high = stage->numbers.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stage->numbers.items[middle].gid < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < stage->numbers.count && stage->numbers.items[low].gid == gid ? stage->numbers.items[low].group
										  : NULL;
}

static void add_group(struct login_stage *stage, struct account *account, gid_t gid)
{
	const struct group_entry *group = login_group(stage, gid);

	*array_push(stage->lasting, &account->gids) = gid;
	if (group)
		*array_push(stage->lasting, &account->groups) = (char *)group->name;
}

static void load_groups(struct login_stage *stage, const struct string_map *by_name)
{
	index_groups(stage);
	for (size_t i = 0; i < stage->accounts.count; i++)
		add_group(stage, &stage->accounts.items[i], stage->accounts.items[i].passwd->gid);
	for (size_t i = 0; i < stage->group.entries.count; i++) {
		const struct group_entry *group = &stage->group.entries.items[i];

		for (size_t j = 0; j < group->members.count; j++) {
			struct account *account = string_map_get(by_name, group->members.items[j]);

			if (account && account->passwd->gid != group->gid)
				add_group(stage, account, group->gid);
		}
	}
}

/* UID_MIN and UID_MAX of login.defs(5). */
static void load_range(struct login_stage *stage)
{
	const char *line;
	size_t offset = 0, length;
	struct blob content;
	uint64_t number;

	stage->uid_min = 1000;
	stage->uid_max = 60000;
	if (target_read(stage->facts->target, "/etc/login.defs", TARGET_FILE_LIMIT, stage->lasting, &content, NULL) < 0)
		return;
	while (next_line(&content, &offset, &line, &length)) {
		char *rest = arena_memdup(stage->lasting, line, length);
		char *name = cut_word(&rest), *value = cut_word(&rest);

		if (!parse_number(value, UINT32_MAX, &number))
			continue;
		if (string_equal(name, "UID_MIN"))
			stage->uid_min = (uint32_t)number;
		else if (string_equal(name, "UID_MAX"))
			stage->uid_max = (uint32_t)number;
	}
}

void login_accounts_load(struct login_stage *stage)
{
	struct target *target = stage->facts->target;
	struct string_map by_name = {0};

	passwd_load(target, stage->lasting, "/etc/passwd", &stage->passwd);
	group_load(target, stage->lasting, "/etc/group", &stage->group);
	shadow_load(target, stage->lasting, "/etc/shadow", &stage->shadow);
	stage->accounts_unsure = kept_elsewhere(stage, "passwd", "/etc/passwd");
	stage->groups_unsure = kept_elsewhere(stage, "group", "/etc/group");
	load_range(stage);
	for (size_t i = 0; i < stage->passwd.entries.count; i++) {
		const struct passwd_entry *entry = &stage->passwd.entries.items[i];

		/* The first line of a name counts. */
		if (string_map_get(&by_name, entry->name))
			continue;
		string_map_put(stage->lasting, &by_name, entry->name, (void *)entry);
		*array_push(stage->lasting, &stage->accounts) =
		    (struct account){.passwd = entry, .shadow = shadow_by_name(&stage->shadow, entry->name)};
	}
	/* Only now do they stay where they are. */
	for (size_t i = 0; i < stage->accounts.count; i++)
		string_map_put(stage->lasting, &by_name, stage->accounts.items[i].passwd->name,
			       &stage->accounts.items[i]);
	load_groups(stage, &by_name);
}

/* --- allowed_user() --------------------------------------------------------------------------------------------- */

static bool refuse(struct verdict_of_account *verdict, int kind, const char *reason, const char *remedy)
{
	verdict->kind = kind;
	verdict->reason = reason;
	verdict->remedy = remedy;
	return false;
}

static bool is_locked(const struct account *account)
{
	return password_is_locked(account->shadow ? account->shadow->password : account->passwd->password);
}

static const char *shell_of(const struct account *account)
{
	return *account->passwd->shell ? account->passwd->shell : "/bin/sh";
}

static bool shell_runs(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
		       struct verdict_of_account *verdict)
{
	static const char *const closed[] = {"nologin", "false", "true", "sync", "shutdown", "halt"};
	const char *shell = shell_of(account), *slash = strrchr(shell, '/');
	struct node_stat stat;

	if (rules->force_command && string_after(rules->force_command, "internal-sftp") && rules->chroot)
		return true;
	if (!rules->chroot) {
		if (target_stat(stage->facts->target, shell, &stat) < 0) {
			const char *point = login_unmounted(stage, shell);

			if (point && login_guess(stage, point))
				return true;
			return refuse(verdict, REASON_SHELL,
				      arena_printf(stage->arena, "shell %s does not exist", shell),
				      arena_printf(stage->arena, "usermod --shell /bin/sh %s", account->passwd->name));
		}
		if (stat.type != NODE_FILE || !(stat.mode & 0111))
			return refuse(verdict, REASON_SHELL,
				      arena_printf(stage->arena, "shell %s is not executable", shell),
				      arena_printf(stage->arena, "chmod 0755 %s", shell));
	}
	if (rules->force_command && string_after(rules->force_command, "internal-sftp"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		if (string_equal(slash ? slash + 1 : shell, closed[i]))
			return refuse(verdict, REASON_SHELL, arena_printf(stage->arena, "shell %s", shell), NULL);
	}
	if (rules->chroot)
		return login_guess(stage, "what is inside of ChrootDirectory");
	return true;
}

/* match_user() of match.c. */
static bool user_matches(struct login_stage *stage, const struct account *account, const char *pattern)
{
	const char *at = strchr(pattern, '@');

	if (!at)
		return sshd_match_pattern(account->passwd->name, pattern);
	if (!sshd_match_pattern(account->passwd->name, arena_memdup(stage->arena, pattern, (size_t)(at - pattern))))
		return false;
	return string_equal(at, "@*") ||
	       login_guess(stage, arena_printf(stage->arena, "the client's address: %s", pattern));
}

static bool any_user_matches(struct login_stage *stage, const struct account *account, const string_list *patterns)
{
	for (size_t i = 0; i < patterns->count && !stage->guesses.too_many; i++) {
		if (user_matches(stage, account, patterns->items[i]))
			return true;
	}
	return false;
}

static bool any_group_matches(struct login_stage *stage, const struct account *account, const string_list *patterns)
{
	for (size_t i = 0; i < account->groups.count; i++) {
		for (size_t j = 0; j < patterns->count; j++) {
			if (sshd_match_pattern(account->groups.items[i], patterns->items[j]))
				return true;
		}
	}
	return stage->groups_unsure && login_guess(stage, "groups that are kept elsewhere");
}

static bool is_on_lists(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			struct verdict_of_account *verdict)
{
	if (rules->deny_users.count && any_user_matches(stage, account, &rules->deny_users))
		return refuse(verdict, REASON_ACCOUNT, "DenyUsers", "take it off DenyUsers in sshd_config");
	if (rules->allow_users.count && !any_user_matches(stage, account, &rules->allow_users))
		return refuse(verdict, REASON_ACCOUNT, "not in AllowUsers", "add it to AllowUsers in sshd_config");
	if (!rules->deny_groups.count && !rules->allow_groups.count)
		return true;
	if (rules->deny_groups.count && any_group_matches(stage, account, &rules->deny_groups))
		return refuse(verdict, REASON_ACCOUNT, "DenyGroups", "take its group off DenyGroups in sshd_config");
	if (rules->allow_groups.count && !any_group_matches(stage, account, &rules->allow_groups))
		return refuse(verdict, REASON_ACCOUNT, "not in AllowGroups", "add it to a group of AllowGroups");
	return true;
}

static bool is_allowed(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
		       struct verdict_of_account *verdict)
{
	if (!rules->use_pam && account->shadow && account->shadow->expires != -1 &&
	    account->shadow->expires < stage->today)
		return refuse(verdict, REASON_ACCOUNT, "the account has expired",
			      arena_printf(stage->arena, "chage --expiredate -1 %s", account->passwd->name));
	if (!rules->use_pam && is_locked(account))
		return refuse(verdict, REASON_ACCOUNT, "locked",
			      arena_printf(stage->arena,
					   "passwd --unlock %s, or usermod --password '*' %s where it has none",
					   account->passwd->name, account->passwd->name));
	return shell_runs(stage, account, rules, verdict) && is_on_lists(stage, account, rules, verdict);
}

/* --- behind the door -------------------------------------------------------------------------------------------- */

/* safely_chroot() of session.c. */
static bool chroot_is_safe(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			   struct verdict_of_account *verdict)
{
	const char *path = login_expand(stage, account, rules->chroot);
	struct node_stat stat;
	char *prefix;

	if (!path || *path != '/')
		return login_guess(stage, "a token in ChrootDirectory");
	if (login_unmounted(stage, path))
		return login_guess(stage, "ChrootDirectory, which is not mounted here");
	for (size_t length = 1;; length++) {
		if (path[length] != '/' && path[length] != '\0' && length > 1)
			continue;
		prefix = arena_memdup(stage->arena, path, length);
		if (target_stat(stage->facts->target, prefix, &stat) < 0 || stat.type != NODE_DIRECTORY ||
		    stat.uid != 0 || stat.mode & 022)
			return refuse(verdict, REASON_ACCOUNT,
				      arena_printf(stage->arena, "ChrootDirectory: owner or mode of %s", prefix),
				      arena_printf(stage->arena, "chown root %s && chmod go-w %s", prefix, prefix));
		if (!path[length])
			return true;
	}
}

static bool session_starts(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			   struct verdict_of_account *verdict)
{
	const char *reason = NULL;

	if (rules->no_tries)
		return refuse(verdict, REASON_ACCOUNT, "MaxAuthTries 0", "set MaxAuthTries in sshd_config");
	if (rules->no_sessions)
		return refuse(verdict, REASON_ACCOUNT, "MaxSessions 0", "set MaxSessions in sshd_config");
	if (rules->chroot && !chroot_is_safe(stage, account, rules, verdict))
		return false;
	if (!rules->use_pam && stage->no_login && account->passwd->uid != 0)
		return refuse(verdict, REASON_NOLOGIN, "/etc/nologin", NULL);
	if (rules->use_pam && !login_pam_admits(stage, account, &reason))
		return refuse(verdict, REASON_PAM, reason, NULL);
	return true;
}

/* --- authentication --------------------------------------------------------------------------------------------- */

/* auth_shadow_pwexpired() of auth-shadow.c. */
static bool password_has_expired(const struct login_stage *stage, const struct account *account)
{
	const struct shadow_entry *shadow = account->shadow;

	if (!shadow)
		return false;
	return shadow->changed == 0 || (shadow->maximum != -1 && shadow->changed + shadow->maximum < stage->today);
}

static bool password_matches(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			     const char **ret_reason)
{
	const char *field = account->shadow ? account->shadow->password : account->passwd->password;

	if (account->passwd->uid == 0 && !string_equal(rules->root, "yes")) {
		*ret_reason = "no password for root";
		return false;
	}
	if (rules->use_pam)
		return login_pam_password(stage, account, rules->empty_passwords, ret_reason);
	*ret_reason = "no password";
	switch (password_kind_of(field)) {
	case PASSWORD_HASH:
		return !password_has_expired(stage, account) || login_guess(stage, "a password that must be changed");
	case PASSWORD_EMPTY:
		return rules->empty_passwords;
	case PASSWORD_UNKNOWN:
		return login_guess(stage, "the method that the password was hashed with");
	default:
		return false;
	}
}

/* What the account has to show. */
struct credentials {
	bool key, password;
};

/* Whether a method of AuthenticationMethods succeeds; the way that it is in *way. */
static bool method_succeeds(struct login_stage *stage, const struct login_rules *rules,
			    const struct credentials *credentials, const char *method, unsigned *way)
{
	if (string_equal(method, "publickey")) {
		/* Each must be another key. */
		bool again = *way & WAY_KEY;

		*way |= WAY_KEY;
		return rules->pubkey && credentials->key && (!again || login_guess(stage, "a second key"));
	}
	if (string_equal(method, "password")) {
		*way |= WAY_PASSWORD;
		return rules->password && credentials->password;
	}
	if (string_equal(method, "keyboard-interactive") || string_equal(method, "keyboard-interactive:pam")) {
		*way |= WAY_PASSWORD;
		return rules->keyboard && rules->use_pam && credentials->password;
	}
	*way |= WAY_OTHER;
	return login_guess(stage, arena_printf(stage->arena, "the method %s", method));
}

static unsigned ways_of_list(struct login_stage *stage, const struct login_rules *rules,
			     const struct credentials *credentials, const char *list)
{
	unsigned way = 0;

	while (*list) {
		size_t length = strcspn(list, ",");

		if (!method_succeeds(stage, rules, credentials, arena_memdup(stage->arena, list, length), &way))
			return 0;
		list += length + (list[length] == ',');
	}
	if (way & WAY_OTHER)
		return WAY_OTHER;
	return way == (WAY_KEY | WAY_PASSWORD) ? WAY_BOTH : way;
}

static unsigned ways_by_methods(struct login_stage *stage, const struct login_rules *rules,
				const struct credentials *credentials)
{
	unsigned ways = 0;

	if (!rules->methods.count || string_equal(rules->methods.items[0], "any")) {
		ways = (credentials->key ? WAY_KEY : 0) | (credentials->password ? WAY_PASSWORD : 0);
		if (!ways && rules->other_method && login_guess(stage, "host-based or GSSAPI authentication"))
			ways = WAY_OTHER;
		return ways;
	}
	for (size_t i = 0; i < rules->methods.count && !stage->guesses.too_many; i++)
		ways |= ways_of_list(stage, rules, credentials, rules->methods.items[i]);
	return ways;
}

static unsigned authenticate(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
			     struct verdict_of_account *verdict)
{
	bool root = account->passwd->uid == 0;
	bool forced_only = root && string_equal(rules->root, "forced-commands-only");
	const char *key_reason = "PubkeyAuthentication is off", *password_reason = "passwords are off";
	struct credentials credentials = {0};
	unsigned ways;

	if (root && string_equal(rules->root, "no")) {
		refuse(verdict, REASON_ACCOUNT, "PermitRootLogin no",
		       "set PermitRootLogin prohibit-password in sshd_config, if root may log in with a key");
		return 0;
	}
	if (rules->pubkey)
		credentials.key = login_keys_usable(stage, account, rules, forced_only, &verdict->files, &key_reason);
	if (rules->password || (rules->keyboard && rules->use_pam))
		credentials.password = password_matches(stage, account, rules, &password_reason);
	ways = ways_by_methods(stage, rules, &credentials);
	if (!ways)
		refuse(verdict, REASON_KEYS,
		       rules->methods.count && (credentials.key || credentials.password)
			   ? "AuthenticationMethods"
			   : arena_printf(stage->arena, "%s; %s", key_reason, password_reason),
		       NULL);
	return ways;
}

/* One round: the ways that are open, given what is assumed. */
static unsigned ways_of(struct login_stage *stage, const struct account *account, struct verdict_of_account *verdict)
{
	const struct login_rules *rules = login_rules_for(stage, account);
	struct verdict_of_account ignored = {0};
	unsigned ways;

	if (rules->broken) {
		refuse(verdict, REASON_ACCOUNT, "sshd refuses the Match block that applies", NULL);
		return login_guess(stage, "a Match block that is not understood") ? WAY_OTHER : 0;
	}
	if (!is_allowed(stage, account, rules, verdict)) {
		/* Its keys tell whether anybody expects it to log in. */
		if (rules->pubkey)
			login_keys_usable(stage, account, rules, false, &verdict->files, &ignored.reason);
		return 0;
	}
	ways = authenticate(stage, account, rules, verdict);
	return ways && session_starts(stage, account, rules, verdict) ? ways : 0;
}

static bool next_round(struct guesses *guesses)
{
	while (guesses->count && guesses->answers[guesses->count - 1])
		guesses->count--;
	if (!guesses->count)
		return false;
	guesses->answers[guesses->count - 1] = true;
	guesses->position = 0;
	return true;
}

void login_judge(struct login_stage *stage, const struct account *account, struct verdict_of_account *ret)
{
	*ret = (struct verdict_of_account){.certain = ~0U, .always = true};
	stage->guesses = (struct guesses){0};
	do {
		unsigned ways = ways_of(stage, account, ret);

		ret->certain &= ways;
		ret->possible |= ways;
		ret->always = ret->always && ways;
	} while (next_round(&stage->guesses));
	if (stage->guesses.too_many) {
		ret->certain = 0;
		ret->always = false;
		ret->possible = ret->possible ? ret->possible : WAY_OTHER;
	}
	if (ret->possible && !ret->always)
		ret->reason = stage->guesses.about;
}

/* --- who is expected -------------------------------------------------------------------------------------------- */

bool login_is_expected(const struct login_stage *stage, const struct account *account,
		       const struct verdict_of_account *verdict)
{
	uint32_t uid = account->passwd->uid;

	if (uid == 0 || (uid >= stage->uid_min && uid <= stage->uid_max))
		return true;
	for (size_t i = 0; i < stage->base.allow_users.count; i++) {
		if (string_equal(stage->base.allow_users.items[i], account->passwd->name))
			return true;
	}
	for (size_t i = 0; i < verdict->files.count; i++) {
		if (verdict->files.items[i].fault > KEY_FAULT_MISSING || verdict->files.items[i].keys.count)
			return true;
	}
	return false;
}
