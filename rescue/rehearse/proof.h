/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_PROOF_H
#define SSHRESCUE_REHEARSE_PROOF_H

/* What a rehearsal means for a plan. */

#include "plan.h"
#include "rehearse/rehearsal.h"

/* Whether it failed although the checks see nothing in the way: then one of the two is wrong, and nothing is proven. */
bool rehearsal_disagrees(const struct rehearsal *rehearsal, const struct plan *plan);
/* Adds that as a problem to what the plan's last look found. */
void rehearsal_raise(const struct rehearsal *rehearsal, struct plan *plan);

#endif
