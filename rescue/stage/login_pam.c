/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the modules of PAM answer for an account, as far as that is written in files of the root. */
#include "stage/login.h"

#include <string.h>

#include "base/ctype.h"
#include "parse/elf.h"

struct pam_question {
	struct login_stage *stage;
	const struct account *account;
	enum pam_facility facility;
	bool empty_allowed; /* PermitEmptyPasswords */
	bool expired; /* pam_unix said so */
};

typedef enum pam_answer module_function(struct pam_question *question, const struct pam_entry *entry);

static enum pam_answer yes_or_no(bool yes)
{
	return yes ? PAM_ANSWER_SUCCESS : PAM_ANSWER_AUTH_ERROR;
}

static enum pam_answer guess_answer(struct pam_question *question, const struct pam_entry *entry)
{
	return yes_or_no(
	    login_guess(question->stage, arena_printf(question->stage->arena, "PAM module %s", entry->module)));
}

/* --- modules ---------------------------------------------------------------------------------------------------- */

static enum pam_answer answer_permit(struct pam_question *question, const struct pam_entry *entry)
{
	(void)question;
	(void)entry;
	return PAM_ANSWER_SUCCESS;
}

static enum pam_answer answer_deny(struct pam_question *question, const struct pam_entry *entry)
{
	(void)question;
	(void)entry;
	return PAM_ANSWER_AUTH_ERROR;
}

/* Has nothing to say of who somebody is; when a session begins it does its work. */
static enum pam_answer answer_bystander(struct pam_question *question, const struct pam_entry *entry)
{
	(void)entry;
	return question->facility == PAM_FACILITY_AUTH ? PAM_ANSWER_IGNORE : PAM_ANSWER_SUCCESS;
}

static enum pam_answer answer_ignore(struct pam_question *question, const struct pam_entry *entry)
{
	(void)question;
	(void)entry;
	return PAM_ANSWER_IGNORE;
}

/* The field that pam_unix compares with; NULL where it is in a shadow file that has none. */
static const char *password_field(const struct account *account)
{
	if (!string_equal(account->passwd->password, "x"))
		return account->passwd->password;
	return account->shadow ? account->shadow->password : NULL;
}

static enum pam_answer unix_password(struct pam_question *question, const struct pam_entry *entry)
{
	const char *field = password_field(question->account);

	switch (field ? password_kind_of(field) : PASSWORD_NONE) {
	case PASSWORD_HASH:
		return PAM_ANSWER_SUCCESS;
	case PASSWORD_EMPTY:
		return yes_or_no(question->empty_allowed && pam_has_argument(entry, "nullok"));
	case PASSWORD_UNKNOWN:
		return yes_or_no(login_guess(question->stage, "the method that the password was hashed with"));
	default:
		return PAM_ANSWER_AUTH_ERROR;
	}
}

/* check_shadow_expiry() of pam_unix. */
static enum pam_answer unix_account(struct pam_question *question, const struct pam_entry *entry)
{
	const struct shadow_entry *shadow = question->account->shadow;
	int64_t today = question->stage->today, age;

	if (!string_equal(question->account->passwd->password, "x"))
		return PAM_ANSWER_SUCCESS;
	if (!shadow)
		return guess_answer(question, entry);
	if (shadow->expires != -1 && today >= shadow->expires) {
		question->expired = true;
		return PAM_ANSWER_EXPIRED;
	}
	if (shadow->changed == 0)
		return PAM_ANSWER_NEW_PASSWORD;
	age = today - shadow->changed;
	if (age < 0 || shadow->maximum == -1 || age <= shadow->maximum)
		return PAM_ANSWER_SUCCESS;
	if (shadow->inactive != -1 && age > shadow->inactive && age > shadow->maximum + shadow->inactive)
		return pam_has_argument(entry, "no_pass_expiry") ? PAM_ANSWER_SUCCESS : PAM_ANSWER_EXPIRED;
	return PAM_ANSWER_NEW_PASSWORD;
}

static enum pam_answer answer_unix(struct pam_question *question, const struct pam_entry *entry)
{
	switch (question->facility) {
	case PAM_FACILITY_AUTH:
		return unix_password(question, entry);
	case PAM_FACILITY_ACCOUNT:
		return unix_account(question, entry);
	default:
		return PAM_ANSWER_SUCCESS;
	}
}

static enum pam_answer answer_nologin(struct pam_question *question, const struct pam_entry *entry)
{
	const char *file = pam_argument(entry, "file");
	bool there = file ? target_exists(question->stage->facts->target, file) : question->stage->no_login;

	if (there && question->account->passwd->uid != 0)
		return PAM_ANSWER_AUTH_ERROR;
	return pam_has_argument(entry, "successok") ? PAM_ANSWER_SUCCESS : PAM_ANSWER_IGNORE;
}

static enum pam_answer answer_shells(struct pam_question *question, const struct pam_entry *entry)
{
	const char *shell = question->account->passwd->shell, *line;
	size_t offset = 0, length;
	struct blob content;

	(void)entry;
	if (!*shell)
		shell = "/bin/sh";
	if (target_read(question->stage->facts->target, "/etc/shells", TARGET_FILE_LIMIT, question->stage->arena,
			&content, NULL) < 0)
		return PAM_ANSWER_AUTH_ERROR;
	while (next_line(&content, &offset, &line, &length)) {
		while (length && char_is_space(line[length - 1]))
			length--;
		if (length == strlen(shell) && memcmp(line, shell, length) == 0)
			return PAM_ANSWER_SUCCESS;
	}
	return PAM_ANSWER_AUTH_ERROR;
}

/* pam_faillock(8): tallies are kept below /run, which a boot empties. */
static enum pam_answer answer_faillock(struct pam_question *question, const struct pam_entry *entry)
{
	if (pam_argument(entry, "dir"))
		return guess_answer(question, entry);
	if (question->facility != PAM_FACILITY_AUTH || pam_has_argument(entry, "authsucc"))
		return PAM_ANSWER_SUCCESS;
	return pam_has_argument(entry, "authfail") ? PAM_ANSWER_AUTH_ERROR : PAM_ANSWER_IGNORE;
}

/* "uid >= 1000", the condition that distributions write; of any other nothing is known. */
static enum pam_answer answer_succeed_if(struct pam_question *question, const struct pam_entry *entry)
{
	static const char *const options[] = {"quiet", "quiet_fail", "quiet_success", "debug", "audit"};
	uint64_t uid = question->account->passwd->uid, number;
	const char *words[3] = {NULL};
	size_t count = 0;

	for (size_t i = 0; i < entry->arguments.count; i++) {
		bool option = false;

		for (size_t j = 0; j < ARRAY_SIZE(options); j++)
			option = option || string_equal(entry->arguments.items[i], options[j]);
		if (!option && count == ARRAY_SIZE(words))
			return guess_answer(question, entry);
		if (!option)
			words[count++] = entry->arguments.items[i];
	}
	if (count != 3 || !string_equal(words[0], "uid") || !parse_number(words[2], UINT32_MAX, &number))
		return guess_answer(question, entry);
	if (string_equal(words[1], ">="))
		return yes_or_no(uid >= number);
	if (string_equal(words[1], "<"))
		return yes_or_no(uid < number);
	return guess_answer(question, entry);
}

static enum pam_answer answer_usertype(struct pam_question *question, const struct pam_entry *entry)
{
	uint32_t uid = question->account->passwd->uid;
	bool is_regular = uid >= question->stage->uid_min && uid != 65534;

	if (pam_has_argument(entry, "isregular"))
		return yes_or_no(is_regular);
	return pam_has_argument(entry, "issystem") ? yes_or_no(!is_regular) : guess_answer(question, entry);
}

static bool in_group(const struct account *account, const char *group)
{
	for (size_t i = 0; i < account->groups.count; i++) {
		if (string_equal(account->groups.items[i], group))
			return true;
	}
	return false;
}

/* pam_listfile(8), for users and groups. */
static enum pam_answer answer_listfile(struct pam_question *question, const struct pam_entry *entry)
{
	const char *item = pam_argument(entry, "item"), *sense = pam_argument(entry, "sense"),
		   *path = pam_argument(entry, "file"), *onerr = pam_argument(entry, "onerr"), *line;
	struct login_stage *stage = question->stage;
	size_t offset = 0, length;
	struct node_stat stat;
	struct blob content;
	bool found = false;

	if (!item || !sense || !path || pam_argument(entry, "apply") ||
	    (!string_equal(item, "user") && !string_equal(item, "group")))
		return guess_answer(question, entry);
	if (target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->arena, &content, &stat) < 0)
		return yes_or_no(onerr && string_equal(onerr, "succeed"));
	if (stat.mode & 002)
		return PAM_ANSWER_AUTH_ERROR;
	while (!found && next_line(&content, &offset, &line, &length)) {
		const char *name = arena_memdup(stage->arena, line, length);

		found = *item == 'u' ? string_equal(name, question->account->passwd->name)
				     : in_group(question->account, name);
	}
	return yes_or_no(found == string_equal(sense, "allow"));
}

/* --- pam_access -------------------------------------------------------------------------------------------------- */

/* Whether a list of users names the account: 1, 0, or -1 where that is not judged here. */
static int access_names(const struct account *account, char *users)
{
	int named = 0;

	for (char *word = cut_word(&users); *word; word = cut_word(&users)) {
		size_t length = strlen(word);

		if (string_equal(word, "EXCEPT") || strpbrk(word, "@/"))
			return -1;
		if (string_equal(word, "ALL") || string_equal(word, account->passwd->name) || in_group(account, word))
			named = 1;
		if (*word == '(' && word[length - 1] == ')') {
			word[length - 1] = '\0';
			if (in_group(account, word + 1))
				named = 1;
		}
	}
	return named;
}

/* One line of access.conf(5): 1 lets in, 0 keeps out, -1 is about others, -2: it depends. */
static int access_line(const struct account *account, char *line)
{
	char *users = strchr(line, ':'), *origins = users ? strchr(users + 1, ':') : NULL;
	char *permission = line;
	int named;

	if (!origins)
		return -1;
	*users++ = *origins++ = '\0';
	permission = cut_word(&permission);
	if (*permission != '+' && *permission != '-')
		return -1;
	named = access_names(account, users);
	if (named == 0)
		return -1;
	if (named < 0 || !string_equal(cut_word(&origins), "ALL") || *cut_word(&origins))
		return -2;
	return *permission == '+';
}

static enum pam_answer answer_access(struct pam_question *question, const struct pam_entry *entry)
{
	const char *path = pam_argument(entry, "accessfile"), *line;
	struct login_stage *stage = question->stage;
	size_t offset = 0, length;
	string_list more = {0};
	struct blob content;

	if (pam_argument(entry, "fieldsep") || pam_argument(entry, "listsep"))
		return guess_answer(question, entry);
	target_glob(stage->facts->target, "/etc/security/access.d/*.conf", stage->arena, &more);
	if (more.count)
		return guess_answer(question, entry);
	if (target_read(stage->facts->target, path ? path : "/etc/security/access.conf", TARGET_FILE_LIMIT,
			stage->arena, &content, NULL) < 0)
		return guess_answer(question, entry);
	while (next_line(&content, &offset, &line, &length)) {
		char *copy = arena_memdup(stage->arena, line, length);
		int answer;

		if (*copy == '#')
			continue;
		answer = access_line(question->account, copy);
		if (answer == -2)
			return guess_answer(question, entry);
		if (answer >= 0)
			return answer ? PAM_ANSWER_SUCCESS : PAM_ANSWER_DENIED;
	}
	return PAM_ANSWER_SUCCESS;
}

static const struct {
	const char *name;
	module_function *answer;
} modules[] = {
    {"pam_permit.so", answer_permit},
    {"pam_deny.so", answer_deny},
    {"pam_unix.so", answer_unix},
    {"pam_nologin.so", answer_nologin},
    {"pam_shells.so", answer_shells},
    {"pam_faillock.so", answer_faillock},
    {"pam_succeed_if.so", answer_succeed_if},
    {"pam_usertype.so", answer_usertype},
    {"pam_listfile.so", answer_listfile},
    {"pam_access.so", answer_access},
    {"pam_localuser.so", answer_permit},
    {"pam_motd.so", answer_ignore},
    {"pam_env.so", answer_bystander},
    {"pam_limits.so", answer_bystander},
    {"pam_loginuid.so", answer_bystander},
    {"pam_mail.so", answer_bystander},
    {"pam_selinux.so", answer_bystander},
    {"pam_keyinit.so", answer_bystander},
    {"pam_systemd.so", answer_bystander},
    {"pam_umask.so", answer_bystander},
    {"pam_lastlog.so", answer_bystander},
    {"pam_lastlog2.so", answer_bystander},
    {"pam_wtmpdb.so", answer_bystander},
    {"pam_mkhomedir.so", answer_bystander},
    {"pam_faildelay.so", answer_ignore},
    {"pam_oddjob_mkhomedir.so", answer_bystander},
    {"pam_cap.so", answer_ignore},
    {"pam_ttyaudit.so", answer_bystander},
};

/* --- files ------------------------------------------------------------------------------------------------------ */

/* Where modules are, by distribution; false where the root has no such directory. */
static bool find_module(struct login_stage *stage, const char *directory, const char *module, bool *found)
{
	struct node_stat stat;
	const char *path = arena_printf(stage->arena, "%s/%s", directory, module);

	if (target_stat(stage->facts->target, path, &stat) == 0)
		*found = *found || (stat.type == NODE_FILE && stat.size);
	return target_exists(stage->facts->target, directory);
}

static bool look_for_module(struct login_stage *stage, const char *module)
{
	static const char *const directories[] = {"/lib64/security", "/usr/lib64/security", "/lib/security",
						  "/usr/lib/security"};
	const char *machine = elf_machine_uname(stage->facts->binary.machine);
	bool found = false, somewhere = false;
	struct node_stat stat;

	if (*module == '/')
		return target_stat(stage->facts->target, module, &stat) == 0 && stat.type == NODE_FILE && stat.size;
	if (machine) {
		const char *directory = arena_printf(stage->arena, "/lib/%s-linux-gnu/security", machine);

		somewhere = find_module(stage, directory, module, &found);
		somewhere =
		    find_module(stage, arena_printf(stage->arena, "/usr%s", directory), module, &found) || somewhere;
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		somewhere = find_module(stage, directories[i], module, &found) || somewhere;
	/* A root without any place for modules keeps them where nobody has looked. */
	return found || !somewhere;
}

static bool module_is_there(struct login_stage *stage, const char *module)
{
	static char there[] = "there", missing[] = "missing";
	const char *known = string_map_get(&stage->pam_modules, module);
	bool found;

	if (known)
		return known == there;
	found = look_for_module(stage, module);
	string_map_put(stage->lasting, &stage->pam_modules, module, found ? there : missing);
	return found;
}

static enum pam_answer ask_module(void *context, const struct pam_entry *entry)
{
	struct pam_question *question = context;
	const char *slash = strrchr(entry->module, '/'), *name = slash ? slash + 1 : entry->module;

	if (strchr(entry->module, '$'))
		return guess_answer(question, entry);
	if (!module_is_there(question->stage, entry->module))
		return entry->silent ? PAM_ANSWER_IGNORE : PAM_ANSWER_MODULE_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (string_equal(modules[i].name, name))
			return modules[i].answer(question, entry);
	}
	/* It may say what it likes. */
	if (entry->actions[PAM_ANSWER_AUTH_ERROR] == PAM_ACTION_IGNORE &&
	    entry->actions[PAM_ANSWER_SUCCESS] == PAM_ACTION_OK)
		return PAM_ANSWER_IGNORE;
	return guess_answer(question, entry);
}

/* --- stacks ----------------------------------------------------------------------------------------------------- */

static enum pam_answer run(struct pam_question *question, enum pam_facility facility,
			   const struct pam_entry **ret_decisive)
{
	question->facility = facility;
	return pam_stack_run(&question->stage->pam.stacks[facility], ask_module, question, ret_decisive);
}

static const char *refusal(struct login_stage *stage, const struct pam_entry *entry)
{
	if (!entry)
		return "PAM";
	if (!entry->module || !module_is_there(stage, entry->module)) {
		if (!stage->pam_missing)
			stage->pam_missing = entry;
		return entry->module ? arena_printf(stage->arena, "PAM: %s is missing", entry->module)
				     : arena_printf(stage->arena, "PAM: %s:%u", entry->path, entry->line);
	}
	return arena_printf(stage->arena, "PAM: %s", entry->module);
}

bool login_pam_admits(struct login_stage *stage, const struct account *account, const char **ret_reason)
{
	struct pam_question question = {.stage = stage, .account = account};
	const struct pam_entry *decisive = NULL;
	enum pam_answer answer;

	if (stage->pam.aborted) {
		*ret_reason = refusal(stage, stage->pam.aborted);
		return false;
	}
	if (stage->pam.not_understood)
		return login_guess(stage, "PAM");
	answer = run(&question, PAM_FACILITY_ACCOUNT, &decisive);
	if (answer == PAM_ANSWER_SUCCESS ||
	    (answer == PAM_ANSWER_NEW_PASSWORD && login_guess(stage, "a password that must be changed")))
		answer = run(&question, PAM_FACILITY_SESSION, &decisive);
	if (answer == PAM_ANSWER_NEW_PASSWORD)
		*ret_reason = "its password must be changed";
	else if (answer != PAM_ANSWER_SUCCESS)
		*ret_reason = question.expired ? "the account has expired" : refusal(stage, decisive);
	return answer == PAM_ANSWER_SUCCESS;
}

bool login_pam_password(struct login_stage *stage, const struct account *account, bool empty_allowed,
			const char **ret_reason)
{
	struct pam_question question = {.stage = stage, .account = account, .empty_allowed = empty_allowed};
	const struct pam_entry *decisive = NULL;

	if (run(&question, PAM_FACILITY_AUTH, &decisive) == PAM_ANSWER_SUCCESS)
		return true;
	(void)refusal(stage, decisive);
	*ret_reason = "no password";
	return false;
}

void login_pam_init(struct login_stage *stage)
{
	if (stage->base.use_pam)
		pam_config_load(stage->facts->target, stage->lasting, stage->base.pam_service, &stage->pam);
}
