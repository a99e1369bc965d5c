/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REPAIR_H
#define SSHRESCUE_REPAIR_H

/* One whole repair of a target: settle, plan, commit, look at what was written. Prints nothing; asks through choose. */

#include "plan.h"
#include "report/report.h"
#include "target/target.h"

struct repair_request {
	const char *command; /* for the history: "repair -y" */
	unsigned port;
	bool dry_run; /* plan everything, write nothing */
	bool rehearse; /* what is planned, before it is written */
	struct rehearsal_options rehearsal;
	bool no_exec; /* the rehearsal is forbidden */
	bool force; /* write also what the rehearsal disproves */
	plan_choose choose;
	void *choose_context;
	/* Called once before the first write, where the root may be mounted read-only. NULL: it is writable or it is
	 * not. 0 or negative errno. */
	int (*make_writable)(void *context);
	void *writable_context;
};

struct repair_outcome {
	struct plan plan;
	struct rehearsal rehearsal;
	struct report report; /* ready to print; its texts live in the plan's arena and the target's */
	bool failed; /* an operational error: status bit 8 */
};

/* 0 and *ret for repair_release(), or the negative errno of the look (the root cannot be examined). */
int repair_run(struct target *target, const struct repair_request *request, struct repair_outcome *ret);
void repair_release(struct repair_outcome *outcome);
#define cleanup_repair __attribute__((cleanup(repair_release)))

/* The usual choices. */
bool choose_safe(void *context, const struct problem *problem);
bool choose_all(void *context, const struct problem *problem);

#endif
