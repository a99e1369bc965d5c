/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FACTS_SSH_COMMAND_H
#define SSHRESCUE_FACTS_SSH_COMMAND_H

/* The command line with which a unit starts sshd. */

#include "facts.h"

/* Fills the command, the binary and the options of service from the unit; a unit that does not run sshd leaves them
 * empty. */
void ssh_command_read(struct facts *facts, const struct unit *unit, struct ssh_service *service);

#endif
