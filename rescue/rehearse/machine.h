/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_MACHINE_H
#define SSHRESCUE_REHEARSE_MACHINE_H

/* The machine of a rehearsal: the first process of a pid namespace, which does what the boot would do. */

#include "rehearse/record.h"
#include "rehearse/script.h"
#include "target/staged.h"

struct machine {
	const struct script *script;
	const struct staged *staged; /* edits that the boot will see, or NULL */
	struct record *record;
	int control; /* to the client: a byte from there begins, a byte to there says that record->step has changed */
};

/* Plays until it is killed. The current directory is the target's root. */
void machine_play(struct machine *machine) __attribute__((noreturn));

#endif
