/* SPDX-License-Identifier: GPL-2.0-or-later */
/* login: can at least one account get in? */
#include "stage/login.h"

#include <time.h>

#include "stage/keys.h"
#include "stage/unmounted.h"

enum {
	SECONDS_OF_A_DAY = 24 * 60 * 60,
};

static const char nologin_path[] = "/etc/nologin";

bool login_guess(struct login_stage *stage, const char *about)
{
	struct guesses *guesses = &stage->guesses;

	if (guesses->position == guesses->count) {
		if (guesses->count == GUESS_LIMIT) {
			guesses->too_many = true;
			return false;
		}
		if (!guesses->about)
			guesses->about = about;
		guesses->answers[guesses->count++] = false;
	}
	return guesses->answers[guesses->position++];
}

static void check_nologin(struct login_stage *stage)
{
	struct findings *findings = stage->findings;
	struct problem *problem;
	struct node_stat stat;

	if (target_stat(stage->facts->target, nologin_path, &stat) < 0)
		return;
	stage->no_login = true;
	problem = problem_raise(findings, PROBLEM_LOGIN_NOLOGIN, nologin_path, 0, "%s", nologin_path);
	if (stat.type == NODE_DIRECTORY) {
		problem->class = REPAIR_REPORT;
		problem_evidence(findings, problem, "%s", "it is a directory");
		problem_remedy(findings, problem, "%s", "remove the directory");
		return;
	}
	problem_repair(findings, problem, VERB_REMOVE, "%s", nologin_path);
	repair_unlink(findings, problem, nologin_path);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static const char *ways_text(unsigned ways)
{
	if (ways & WAY_KEY)
		return ways & WAY_PASSWORD ? "key, password" : "key";
	if (ways & WAY_PASSWORD)
		return "password";
	if (ways & WAY_BOTH)
		return "key and password";
	return ways ? "other" : "";
}

static void list_account(struct login_stage *stage, const struct account *account,
			 const struct verdict_of_account *verdict)
{
	struct findings *findings = stage->findings;
	enum login_answer answer = verdict->always ? LOGIN_YES : verdict->possible ? LOGIN_DEPENDS : LOGIN_NO;

	if (answer == LOGIN_NO && !login_is_expected(stage, account, verdict))
		return;
	findings->login_counts[answer]++;
	if (findings->logins.count == LOGIN_LIST_LIMIT)
		return;
	*array_push(findings->arena, &findings->logins) = (struct login){
	    .account = account->passwd->name,
	    .answer = answer,
	    .ways = ways_text(verdict->certain ? verdict->certain : verdict->possible),
	    .reason = answer == LOGIN_YES ? NULL : arena_strdup(findings->arena, verdict->reason),
	};
}

static void judge_accounts(struct login_stage *stage)
{
	for (size_t i = 0; i < stage->accounts.count; i++) {
		const struct account *account = &stage->accounts.items[i];
		struct arena scratch cleanup_arena = {0};
		struct verdict_of_account verdict;

		stage->arena = &scratch;
		login_judge(stage, account, &verdict);
		list_account(stage, account, &verdict);
		login_raise(stage, account, &verdict);
		stage->arena = stage->lasting;
	}
}

/* An sshd that does not start, or whose release is not known, lets in nobody of whom there is anything to say. */
static bool can_be_judged(const struct facts *facts)
{
	return facts->binary.version && facts->config.errors.count == 0;
}

void login_stage_init(struct login_stage *stage, const struct facts *facts, struct findings *findings)
{
	*stage = (struct login_stage){
	    .facts = facts,
	    .findings = findings,
	    .lasting = findings->arena,
	    .arena = findings->arena,
	    .version = facts->binary.major * 100 + facts->binary.minor,
	    .now = time(NULL),
	};
	stage->today = stage->now / SECONDS_OF_A_DAY;
	host_key_rules(facts, &stage->key_rules);
	check_nologin(stage);
	unmounted_points(facts, stage->lasting, &stage->unmounted);
	login_accounts_load(stage);
	login_rules_init(stage);
	login_pam_init(stage);
}

void stage_login(const struct facts *facts, struct findings *findings)
{
	struct login_stage stage;

	login_stage_init(&stage, facts, findings);
	login_check_wrappers(&stage);
	if (!can_be_judged(facts)) {
		findings->skipped[STAGE_LOGIN] = true;
		return;
	}
	findings->logins_elsewhere = stage.accounts_unsure;
	judge_accounts(&stage);
	login_raise_all(&stage);
}
