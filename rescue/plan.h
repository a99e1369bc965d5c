/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PLAN_H
#define SSHRESCUE_PLAN_H

/*
 * Look, stage, look again, until nothing repairable is left. A repair that does not make its problem disappear, or that
 * raises a new one, is taken back: nothing unproven is ever written.
 */

#include "facts.h"
#include "problem.h"
#include "target/target.h"

enum verdict {
	VERDICT_REACHABLE,
	VERDICT_UNREACHABLE,
	VERDICT_UNKNOWN,
};

/* One look at the staged view: everything in it lives in its own arena. */
struct look {
	struct arena arena;
	struct facts facts;
	struct findings findings;
};

/* *ret is the caller's, for look_free(). Negative errno when the root cannot be read at all (-ENOTDIR: it is no Linux
 * root). */
int look_at(struct target *target, unsigned expected_port, struct look **ret);
struct look *look_free(struct look *look);

enum verdict look_verdict(const struct look *look);
const char *verdict_name(enum verdict verdict);

/* Whether a repair is wanted: the command's flags and, on a terminal, the operator decide. Asked once per problem. */
typedef bool (*plan_choose)(void *context, const struct problem *problem);

struct plan {
	struct arena arena;
	/* Every problem that some look found, in the order of the way in, with its state. The texts live in arena. */
	ARRAY_OF(struct problem *) problems;
	struct look *before; /* the first look: the root as it is */
	struct look *after; /* the last look: the root as it will be; the same as before when nothing was staged */
	size_t repaired;
	bool changes; /* edits are staged in the target */
};

/* Makes the plan and leaves its edits staged in the target. With choose NULL nothing is repaired. 0, or negative errno
 * as look_at(), and there is nothing to release. */
int plan_make(struct target *target, unsigned expected_port, plan_choose choose, void *context, struct plan *ret);
/* Adds what a look found for the first time to the plan's problems, at its place on the way in. */
void plan_record(struct plan *plan, const struct look *look);
void plan_release(struct plan *plan);
#define cleanup_plan __attribute__((cleanup(plan_release)))

#endif
