/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps accounts out, as problems, and what can be done about it without letting in anybody new. */
#include "stage/login.h"

#include <string.h>

#include "policy.h"

enum {
	PROBLEM_LIMIT = 50, /* accounts with a problem each; the next look sees the next ones */
};

/* --- owners and modes of what StrictModes looks at ------------------------------------------------------------- */

/* Whether nobody can have put a key of his own there: then taking the right to write away again lets in nobody new. */
static bool is_untouched(struct login_stage *stage, const struct account *account, const struct node_stat *stat)
{
	return (stat->uid == 0 || stat->uid == account->passwd->uid) && !(stat->mode & 002) &&
	       (stat->gid == 0 || login_group_is_private(stage, account, stat));
}

/*
 * Whether the path is the account's own and no link leads to it: what an account points at may be somebody else's. What
 * belongs to another account is not given away.
 */
static bool is_its_own(struct login_stage *stage, const struct account *account, const struct key_file *file,
		       const char *path, const struct node_stat *stat)
{
	char *resolved;

	if (target_resolve(stage->facts->target, file->path, true, stage->arena, &resolved) < 0 ||
	    !string_equal(resolved, file->path) || !path_is_below(path, account->passwd->home))
		return false;
	return stat->uid == 0 || stat->uid == account->passwd->uid || !passwd_by_uid(&stage->passwd, stat->uid);
}

static void raise_modes(struct login_stage *stage, const struct account *account, const struct key_file *file)
{
	const char *path = arena_strdup(stage->lasting, file->culprit);
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_LOGIN_KEY_MODES, path, 0, "%s", account->passwd->name);
	bool foreign;
	struct node_stat stat;

	problem_evidence(stage->findings, problem, "%s is not used: %s", file->path, file->detail);
	problem_remedy(stage->findings, problem, "chown %s %s && chmod go-w %s", account->passwd->name, path, path);
	if (target_lstat(stage->facts->target, path, &stat) < 0 || !is_its_own(stage, account, file, path, &stat)) {
		problem->class = REPAIR_REPORT;
		return;
	}
	foreign = stat.uid != 0 && stat.uid != account->passwd->uid;
	if ((foreign && !policy_allows_path(EDIT_CHOWN, path)) ||
	    (stat.mode & 022 && !policy_allows_path(EDIT_CHMOD, path))) {
		problem->class = REPAIR_REPORT;
		return;
	}
	if (foreign)
		repair_chown(stage->findings, problem, path, account->passwd->uid, stat.gid);
	if (stat.mode & 022)
		repair_chmod(stage->findings, problem, path, stat.mode & 07755);
	problem_repair(stage->findings, problem, VERB_SET, "%s%s", foreign ? "owner " : "",
		       foreign ? account->passwd->name
			       : arena_printf(stage->arena, "mode %04o", (unsigned)stat.mode & 07755));
	if (!is_untouched(stage, account, &stat))
		problem->class = REPAIR_ASK;
}

/* --- keys that were broken -------------------------------------------------------------------------------------- */

static bool repair_broken(struct login_stage *stage, const struct key_file *file, struct problem *problem)
{
	for (size_t i = 0; i < file->keys.count; i++) {
		const char *text;
		size_t count;
		char *path;

		if (file->keys.items[i].state != AUTHORIZED_KEY_GARBAGE ||
		    !authorized_key_rejoin(stage->arena, &stage->key_rules, stage->version, &file->keys, i, &count,
					   &text) ||
		    target_resolve(stage->facts->target, file->path, true, stage->arena, &path) < 0 ||
		    !string_equal(path, file->path))
			continue;
		if (!policy_allows_path(EDIT_REPLACE_LINE, path))
			return false;
		problem->line = file->keys.items[i].line;
		problem_evidence(stage->findings, problem, "the key was broken over %zu lines", count);
		repair_replace_line(stage->findings, problem, path, problem->line, text);
		for (size_t j = count; --j > 0;)
			repair_delete_line(stage->findings, problem, path, problem->line + (unsigned)j);
		problem_repair(stage->findings, problem, VERB_CORRECT, "its key, in one line");
		return true;
	}
	return false;
}

static void raise_broken(struct login_stage *stage, const struct account *account, const struct key_file *file)
{
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_LOGIN_KEY_BROKEN, arena_strdup(stage->lasting, file->path), 0, "%s",
			  account->passwd->name);

	if (repair_broken(stage, file, problem))
		return;
	problem->class = REPAIR_REPORT;
	problem->line = file->keys.count ? file->keys.items[0].line : 0;
	problem_evidence(stage->findings, problem, "%s", file->detail);
	problem_remedy(stage->findings, problem, "put a key on one line of %s", file->path);
}

/* --- accounts ---------------------------------------------------------------------------------------------------- */

static bool has_keys(const struct verdict_of_account *verdict)
{
	for (size_t i = 0; i < verdict->files.count; i++) {
		if (verdict->files.items[i].fault != KEY_FAULT_MISSING)
			return true;
	}
	return false;
}

static void raise_account(struct login_stage *stage, const struct account *account,
			  const struct verdict_of_account *verdict)
{
	struct problem *problem;

	problem = problem_raise(stage->findings, PROBLEM_LOGIN_ACCOUNT, NULL, 0, "%s", account->passwd->name);
	problem_evidence(stage->findings, problem, "%s", verdict->reason);
	/* What somebody has written on purpose is no fault. */
	if (verdict->kind == REASON_ACCOUNT)
		problem->severity = SEVERITY_INFO;
	if (verdict->remedy)
		problem_remedy(stage->findings, problem, "%s", verdict->remedy);
}

static void raise_keys(struct login_stage *stage, const struct account *account,
		       const struct verdict_of_account *verdict)
{
	for (size_t i = 0; i < verdict->files.count; i++) {
		const struct key_file *file = &verdict->files.items[i];

		if (file->fault == KEY_FAULT_MODES && file->culprit)
			raise_modes(stage, account, file);
		else if (file->fault == KEY_FAULT_GARBAGE)
			raise_broken(stage, account, file);
		else if (file->fault == KEY_FAULT_REFUSED || file->fault == KEY_FAULT_UNREADABLE)
			raise_account(stage, account, verdict);
		else
			continue;
		return;
	}
}

void login_raise(struct login_stage *stage, const struct account *account, const struct verdict_of_account *verdict)
{
	if (verdict->possible || !has_keys(verdict))
		return;
	if (++stage->raised > PROBLEM_LIMIT) {
		stage->findings->partial[STAGE_LOGIN] = true;
		return;
	}
	if (verdict->kind == REASON_KEYS)
		raise_keys(stage, account, verdict);
	else if (verdict->kind == REASON_ACCOUNT || (verdict->kind == REASON_SHELL && verdict->remedy))
		raise_account(stage, account, verdict);
}

void login_raise_all(struct login_stage *stage)
{
	const struct findings *findings = stage->findings;
	struct problem *problem;

	if (stage->pam_missing) {
		const struct pam_entry *entry = stage->pam_missing;

		problem = problem_raise(stage->findings, PROBLEM_LOGIN_PAM, entry->path, entry->line, "%s",
					entry->module ? entry->module : "a line that it does not understand");
		problem_remedy(stage->findings, problem, "%s",
			       entry->module ? "reinstall the package that has the module (Debian: libpam-modules)"
					     : "correct the line");
	}
	if (findings->login_counts[LOGIN_YES] + findings->login_counts[LOGIN_DEPENDS] == 0) {
		problem = problem_raise(stage->findings, PROBLEM_LOGIN_NOBODY, NULL, 0, "%s", "");
		if (findings->logins_elsewhere)
			problem_evidence(stage->findings, problem, "%s",
					 "accounts that are kept elsewhere (nsswitch.conf) were not looked at");
	}
}
