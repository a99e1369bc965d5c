/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UFW_SCRIPT_H
#define SSHRESCUE_PARSE_UFW_SCRIPT_H

/* Private to ufw: how its versions and distributions differ, from the installed ufw-init-functions. */

#include "filter/load.h"
#include "target/target.h"

struct ufw_script {
	const char *path;
	const char *user_directory; /* of user.rules */
	bool policies_first; /* before the rules files: until 0.36.1 */
	bool runs_hooks; /* before.init and after.init: since 0.34 */
};

/* Where no script is found, as ufw 0.36.2. */
void ufw_script_read(struct target *target, struct arena *arena, struct ufw_script *ret);
/* A script of the administrator's, run if it is executable; the one that ufw ships does nothing. */
void ufw_hook_check(struct target *target, struct arena *arena, const char *path, struct load_report *report);

#endif
