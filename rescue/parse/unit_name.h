/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_NAME_H
#define SSHRESCUE_PARSE_UNIT_NAME_H

/* Names of units, as systemd's unit-name.c understands them. */

#include <stdbool.h>

#include "base/arena.h"

enum unit_name_kind {
	UNIT_NAME_INVALID,
	UNIT_NAME_PLAIN, /* ssh.service */
	UNIT_NAME_INSTANCE, /* sshd@foo.service */
	UNIT_NAME_TEMPLATE, /* sshd@.service */
};

enum unit_name_kind unit_name_kind(const char *name);
/* "service" of "ssh.service"; NULL where the suffix is no unit type. */
const char *unit_name_type(const char *name);
/* Whether word is a unit type: "service". */
bool unit_type_is_known(const char *word);
/* "sshd" of "sshd@foo.service", "ssh" of "ssh.service". */
char *unit_name_prefix(struct arena *arena, const char *name);
/* "foo" of "sshd@foo.service", "" of a template, NULL of a plain name. */
char *unit_name_instance(struct arena *arena, const char *name);
/* "sshd@.service" of "sshd@foo.service"; NULL of a plain name. */
char *unit_name_template(struct arena *arena, const char *name);
/* The template or instance name with another instance; NULL where the result is no valid name. */
char *unit_name_instantiate(struct arena *arena, const char *name, const char *instance);
/* Whether a link of that name may be an alias of a unit of the other name (both within the unit directories). */
bool unit_alias_is_valid(struct arena *arena, const char *alias, const char *target);
/* The name with the specifiers of unit names put in (%n %N %p %i %j, systemd.unit(5)); NULL when another specifier
 * stands in it, or the result is no valid name. unit is the name of the unit that the text is from. */
char *unit_name_expand(struct arena *arena, const char *unit, const char *text);

#endif
