/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/proof.h"

bool rehearsal_disagrees(const struct rehearsal *rehearsal, const struct plan *plan)
{
	return rehearsal->status == REHEARSAL_FAILED && look_verdict(plan->after) == VERDICT_REACHABLE;
}

void rehearsal_raise(const struct rehearsal *rehearsal, struct plan *plan)
{
	struct findings *findings = &plan->after->findings;
	struct problem *problem =
	    problem_raise(findings, PROBLEM_REHEARSAL_DISAGREES, NULL, 0, "%s", rehearsal->reason);

	if (rehearsal->dropped_by)
		problem_evidence(findings, problem, "dropped by %s", rehearsal->dropped_by);
	problem->state = PROBLEM_STATE_LEFT;
	plan_record(plan, plan->after);
}
