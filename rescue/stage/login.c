/* SPDX-License-Identifier: GPL-2.0-or-later */
/* login: can at least one account get in? Accounts are not judged yet; only /etc/nologin is. */
#include "stage/stage.h"

static const char nologin_path[] = "/etc/nologin";

void stage_login(const struct facts *facts, struct findings *findings)
{
	struct node_stat stat;
	struct problem *problem;

	findings->skipped[STAGE_LOGIN] = true;
	if (target_stat(facts->target, nologin_path, &stat) < 0)
		return;
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
