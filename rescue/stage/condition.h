/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_CONDITION_H
#define SSHRESCUE_STAGE_CONDITION_H

/* Condition…= and Assert…= of units, as far as the files of the root decide them: systemd.unit(5), CONDITIONS AND
 * ASSERTS; condition.c of systemd. */

#include "facts.h"

enum condition_result {
	CONDITION_MET,
	CONDITION_FAILED,
	CONDITION_UNDECIDED, /* only the running system knows */
};

/*
 * Judges all conditions and asserts of the unit. CONDITION_FAILED: it will not be started, and *ret_setting is the
 * condition at fault. CONDITION_UNDECIDED: *ret_setting is the one that cannot be judged; conditions that a package
 * ships in /usr are taken for met then. *ret_path (may be NULL) is the path it is about, if any.
 */
enum condition_result conditions_judge(const struct facts *facts, const struct unit *unit,
				       const struct unit_setting **ret_setting, const char **ret_path);

#endif
