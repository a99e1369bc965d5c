/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CLIENT_H
#define SSHRESCUE_REHEARSE_CLIENT_H

/* The client of a rehearsal: makes both ends of the network, has the machine started, and connects to it. */

#include "rehearse/record.h"
#include "rehearse/script.h"
#include "target/staged.h"

/* What the process that plays the client does, until its end. The current directory is the target's root, in a private
 * mount namespace. staged: edits that the
 * machine has, or NULL. What it finds is in record. */
void client_play(const struct script *script, const struct staged *staged, struct record *record)
    __attribute__((noreturn));

#endif
