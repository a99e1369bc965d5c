/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_SERVICE_H
#define SSHRESCUE_STAGE_SERVICE_H

/* What the files stage/service*.c share. */

#include "facts.h"
#include "problem.h"

/* The service that a connection to the socket starts; for Accept=yes an instance of its template. */
const struct unit *service_of_socket(const struct facts *facts);

/* service_refused.c: a unit that systemd refuses to load */
void service_check_refused(const struct facts *facts, struct findings *findings, const struct unit *unit);

/* service_start.c: whether a unit that the boot pulls in comes up, as far as the unit itself says */
void service_check_conditions(const struct facts *facts, struct findings *findings);
void service_check_command(const struct facts *facts, struct findings *findings, const struct unit *unit);

/* Attaches edits that comment out the lines; false when they cannot be edited there. */
bool service_comment_out(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct unit_setting *setting);
/* Whether repairs may edit the file, by where it is. */
bool service_may_edit(const char *path);

#endif
