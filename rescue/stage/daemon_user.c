/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unprivileged user "sshd": without it, sshd says "Privilege separation user sshd does not exist" and ends. */
#include "stage/daemon.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/passwd.h"

#define USER "sshd"

/* What the account is made of when its package makes it. */
struct account {
	uint32_t first, last; /* where a free number is looked for, upwards */
	uint32_t fixed; /* the number to use if it is free, or 0 */
	const char *gecos, *home;
	const char *group; /* an existing group; NULL: one of its own */
};

struct accounts {
	struct passwd_file passwd;
	struct group_file group;
};

/* --- who else may know the user --- */

/* Whether a service of nsswitch.conf(5) has the user; *ret_known is false where that cannot be seen from here. */
static bool service_has_user(struct daemon_stage *stage, const char *service, bool *ret_known)
{
	struct target *target = stage->facts->target;
	struct passwd_file other;

	*ret_known = true;
	if (string_equal(service, "files") || string_equal(service, "compat") || string_equal(service, "mymachines"))
		return false; /* looked at already, or never for such a name */
	if (string_equal(service, "systemd"))
		return target_exists(target, "/etc/userdb/" USER ".user") ||
		       target_exists(target, "/usr/lib/userdb/" USER ".user");
	if (string_equal(service, "altfiles"))
		passwd_load(target, stage->arena, "/usr/lib/passwd", &other);
	else if (string_equal(service, "extrausers"))
		passwd_load(target, stage->arena, "/var/lib/extrausers/passwd", &other);
	else {
		*ret_known = false;
		return false;
	}
	return passwd_by_name(&other, USER) != NULL;
}

/* --- systemd-sysusers --- */

/* The line "u sshd ID GECOS HOME SHELL" of a file of sysusers.d(5), in words. */
static bool sysusers_line(struct arena *arena, const char *line, size_t length, string_list *ret)
{
	struct text word = {.arena = arena};
	char quote = '\0';
	bool open = false;

	*ret = (string_list){0};
	for (size_t i = 0; i <= length; i++) {
		char c = i < length ? line[i] : ' ';

		if (!quote && char_is_space(c)) {
			if (open)
				*array_push(arena, ret) = arena_memdup(arena, word.size ? word.data : "", word.size);
			word.size = 0;
			open = false;
		} else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			open = true;
		} else {
			text_add(&word, &c, 1);
			open = true;
		}
	}
	return ret->count >= 2 && ret->items[0][0] == 'u' && string_equal(ret->items[1], USER);
}

/* The file that declares the user, or NULL; its words in ret. A file in /etc stands for the one of the same name. */
static const char *find_sysusers(struct daemon_stage *stage, string_list *ret)
{
	static const char *const directories[] = {"/etc/sysusers.d", "/usr/local/lib/sysusers.d",
						  "/usr/lib/sysusers.d"};
	struct target *target = stage->facts->target;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		string_list files = {0};

		target_glob(target, arena_printf(stage->arena, "%s/*.conf", directories[i]), stage->arena, &files);
		for (size_t j = 0; j < files.count; j++) {
			const char *name = strrchr(files.items[j], '/') + 1, *line;
			struct blob content;
			size_t offset = 0, length;

			if (i > 0 && target_lstat(target, arena_printf(stage->arena, "/etc/sysusers.d/%s", name),
						  &(struct node_stat){0}) == 0)
				continue;
			if (target_read(target, files.items[j], TARGET_FILE_LIMIT, stage->arena, &content, NULL) < 0)
				continue;
			while (next_line(&content, &offset, &line, &length)) {
				if (sysusers_line(stage->arena, line, length, ret))
					return files.items[j];
			}
		}
	}
	*ret = (string_list){0};
	return NULL;
}

/* ConditionNeedsUpdate=/etc: condition_test_needs_update() of systemd's condition.c. /usr is newer than /etc/.updated,
 * to the second; within the same second the file's own TIMESTAMP_NSEC= decides, which is not looked at: no. */
static bool needs_update(struct daemon_stage *stage)
{
	struct node_stat usr, updated;

	if (target_stat(stage->facts->target, "/usr", &usr) < 0)
		return false;
	if (target_lstat(stage->facts->target, "/etc/.updated", &updated) < 0)
		return true;
	return usr.modified.tv_sec > updated.modified.tv_sec;
}

/* Whether the next boot runs systemd-sysusers, so that a user that it has a line for is there before sshd starts. Any
 * other condition than those that the unit is shipped with is taken for one that fails. */
static bool sysusers_runs(struct daemon_stage *stage)
{
	const char *name = "systemd-sysusers.service";
	const struct unit *unit = unit_load(stage->facts->units, name);
	bool wants_update = false;

	if (unit->state != UNIT_LOADED || !unit_boot_starts(stage->facts->units, name, NULL))
		return false;
	if (!target_exists(stage->facts->target, "/usr/bin/systemd-sysusers") &&
	    !target_exists(stage->facts->target, "/bin/systemd-sysusers"))
		return false;
	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];
		const char *value = setting->value;

		if (!string_after(setting->key, "Condition") && !string_after(setting->key, "Assert"))
			continue;
		if (*value == '|')
			value++;
		if (string_equal(setting->key, "ConditionNeedsUpdate") && string_equal(value, "/etc"))
			wants_update = true;
		else if (!string_equal(setting->key, "ConditionCredential") || *setting->value != '|')
			return false;
	}
	return !wants_update || needs_update(stage);
}

/* --- the repair --- */

/* What the distribution's own package would make: postinst of Debian's openssh-server, spec files of the others. */
static struct account usual_account(const struct facts *facts, const char *directory)
{
	struct account account = {.first = 100, .last = 999, .gecos = "", .home = directory ? directory : "/"};

	if (os_release_is(&facts->os, "debian") || os_release_is(&facts->os, "ubuntu")) {
		account.group = "nogroup";
		account.home = "/run/sshd";
	} else if (os_release_is(&facts->os, "rhel") || os_release_is(&facts->os, "fedora")) {
		account.fixed = 74;
		account.gecos = "Privilege-separated SSH";
	} else if (os_release_is(&facts->os, "suse") || os_release_is(&facts->os, "opensuse")) {
		account.gecos = "SSH daemon";
		account.home = "/var/lib/sshd";
	} else if (os_release_is(&facts->os, "alpine")) {
		account.fixed = 22;
		account.gecos = "sshd";
		account.home = "/dev/null";
	}
	return account;
}

static const char *login_shell(struct daemon_stage *stage)
{
	static const char *const shells[] = {"/usr/sbin/nologin", "/sbin/nologin", "/usr/bin/nologin"};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (target_exists(stage->facts->target, shells[i]))
			return shells[i];
	}
	return "/bin/false";
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text == ':' || !char_is_printable(*text))
			return false;
	}
	return true;
}

/* What a line of sysusers.d says overrides the table: "u sshd 74:sshd "SSH" /run/sshd -". */
static void apply_sysusers(struct daemon_stage *stage, const string_list *words, struct account *account)
{
	const char *const *word = (const char *const *)words->items;
	uint64_t number;
	const char *colon;

	if (words->count > 2) {
		colon = strchr(word[2], ':');
		account->fixed = 0;
		if (parse_number(colon ? arena_memdup(stage->arena, word[2], (size_t)(colon - word[2])) : word[2],
				 65533, &number))
			account->fixed = (uint32_t)number;
		account->group = colon && colon[1] && !char_is_digit(colon[1]) ? colon + 1 : NULL;
	}
	if (words->count > 3 && !string_equal(word[3], "-") && is_plain(word[3]))
		account->gecos = word[3];
	if (words->count > 4 && *word[4] == '/' && is_plain(word[4]))
		account->home = word[4];
}

/* A user with a group of its own gets one number for both. */
static bool choose_number(const struct accounts *accounts, const struct account *account, bool own_group, uint32_t *ret)
{
	const struct group_file *group = own_group ? &accounts->group : NULL;

	if (account->fixed && passwd_free_id(&accounts->passwd, group, account->fixed, account->fixed, ret))
		return true;
	return passwd_free_id(&accounts->passwd, group, account->first, account->last, ret);
}

/* shadow(5) and gshadow(5) only need to be asked for a name. */
static bool shadow_lacks_user(struct daemon_stage *stage, const char *path)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	if (target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->arena, &content, NULL) < 0)
		return false;
	while (next_line(&content, &offset, &line, &length)) {
		if (length > strlen(USER) && memcmp(line, USER ":", strlen(USER ":")) == 0)
			return false;
	}
	return true;
}

static void add_line(struct daemon_stage *stage, struct problem *problem, const char *path, const char *line)
{
	repair_insert_line(stage->findings, problem, path, 0, line);
}

static bool attach_account(struct daemon_stage *stage, struct problem *problem, const struct accounts *accounts,
			   const struct account *account)
{
	const struct group_entry *group = account->group ? group_by_name(&accounts->group, account->group) : NULL;
	const char *line;
	uint32_t uid, gid;

	if (!group)
		group = group_by_name(&accounts->group, USER);
	if (accounts->group.error < 0 || !choose_number(accounts, account, !group, &uid))
		return false;
	gid = group ? group->gid : uid;
	line = arena_printf(stage->arena, USER ":x:%u:%u:%s:%s:%s", uid, gid, account->gecos, account->home,
			    login_shell(stage));
	problem_repair(stage->findings, problem, VERB_ADD, "%s", line);
	add_line(stage, problem, "/etc/passwd", line);
	if (!group) {
		add_line(stage, problem, "/etc/group", arena_printf(stage->arena, USER ":x:%u:", gid));
		if (shadow_lacks_user(stage, "/etc/gshadow"))
			add_line(stage, problem, "/etc/gshadow", USER ":!::");
	}
	/* No password will ever match, as in a line that systemd-sysusers writes. */
	if (shadow_lacks_user(stage, "/etc/shadow"))
		add_line(stage, problem, "/etc/shadow", USER ":!*:::::::");
	return true;
}

/* --- the problem --- */

static void raise_user(struct daemon_stage *stage, const struct accounts *accounts, const string_list *sysusers,
		       const char *unknown_service)
{
	const struct passwd_file *passwd = &accounts->passwd;
	struct account account = usual_account(stage->facts, stage->facts->binary.privsep_path);
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_DAEMON_PRIVSEP_USER, "/etc/passwd", 0, "%s", USER);

	if (unknown_service) {
		problem->severity = SEVERITY_UNKNOWN;
		problem_evidence(stage->findings, problem, "it is not in /etc/passwd; nsswitch.conf asks %s as well",
				 unknown_service);
	} else if (passwd->error < 0) {
		problem_evidence(stage->findings, problem, "/etc/passwd: %s", strerror(-passwd->error));
	} else if (passwd->malformed) {
		problem_evidence(stage->findings, problem, "/etc/passwd has %u malformed lines, the first is line %u",
				 passwd->malformed, passwd->first_malformed);
	}
	if (sysusers->count)
		apply_sysusers(stage, sysusers, &account);
	/* A file without root is not a list of accounts that lacks one: it was lost, and passwd- may have it. */
	if (passwd->error < 0 || !passwd_by_uid(passwd, 0) || unknown_service ||
	    !attach_account(stage, problem, accounts, &account)) {
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "%s",
			       passwd->error < 0 || !passwd_by_uid(passwd, 0)
				   ? "restore /etc/passwd, for instance from /etc/passwd-"
				   : "useradd --system --home-dir /run/sshd --shell /usr/sbin/nologin " USER);
	}
}

void daemon_check_user(struct daemon_stage *stage)
{
	struct accounts accounts;
	string_list services, sysusers = {0};
	const char *unknown_service = NULL;

	passwd_load(stage->facts->target, stage->arena, "/etc/passwd", &accounts.passwd);
	if (passwd_by_name(&accounts.passwd, USER))
		return;
	nsswitch_services(stage->facts->target, stage->arena, "passwd", &services);
	for (size_t i = 0; i < services.count; i++) {
		bool known;

		if (service_has_user(stage, services.items[i], &known))
			return;
		if (!known && !unknown_service)
			unknown_service = services.items[i];
	}
	if (find_sysusers(stage, &sysusers) && accounts.passwd.error == 0 && passwd_by_uid(&accounts.passwd, 0) &&
	    sysusers_runs(stage))
		return;
	group_load(stage->facts->target, stage->arena, "/etc/group", &accounts.group);
	raise_user(stage, &accounts, &sysusers, unknown_service);
}
