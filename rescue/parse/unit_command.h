/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_COMMAND_H
#define SSHRESCUE_PARSE_UNIT_COMMAND_H

/* The command lines of Exec…= settings: systemd.service(5), COMMAND LINES; config_parse_exec() of load-fragment.c and
 * replace_env_argv() of env-util.c. */

#include "base/arena.h"
#include "parse/unit.h"

struct unit_command {
	const char *path; /* absolute, or a bare file name that systemd looks up in its own path */
	string_list words; /* with the zeroth */
	bool ignore_failure; /* - */
	bool no_expansion; /* : */
};
typedef ARRAY_OF(struct unit_command) unit_commands;

/* Parses the value of one setting; specifiers are put in, variables are not. 0, or -ENOEXEC where systemd gives up the
 * file, and *reason says why; the commands before are in ret. */
int unit_command_parse(struct arena *arena, const char *unit_name, const char *value, unit_commands *ret,
		       const char **reason);

/* The text with specifiers put in; those that only the running system knows stay. */
char *unit_specifiers(struct arena *arena, const char *unit_name, const char *text);

/* Variables, one of each name. */
struct unit_variable {
	const char *name, *value;
	const char *path; /* where it was set */
	unsigned line;
};
typedef ARRAY_OF(struct unit_variable) unit_environment;

/* What Environment=, EnvironmentFile= and UnsetEnvironment= of the unit leave. 0; -ENOENT: a file that must be there is
 * missing, -EINVAL: or unreadable to systemd; *failed is that setting. */
int unit_environment_load(struct unit_set *set, struct arena *arena, const struct unit *unit, unit_environment *ret,
			  const struct unit_setting **failed);
const struct unit_variable *unit_environment_get(const unit_environment *environment, const char *name);
/* Puts the variables into the command's words. A whole word $NAME becomes any number of words. sources (may be NULL)
 * gets, for each word, the variable that it came from, or NULL. */
typedef ARRAY_OF(const struct unit_variable *) unit_word_sources;
void unit_command_expand(struct arena *arena, const struct unit_command *command, const unit_environment *environment,
			 string_list *ret, unit_word_sources *sources);

#endif
