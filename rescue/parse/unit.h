/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_H
#define SSHRESCUE_PARSE_UNIT_H

/*
 * systemd units as the next boot will see them: fragments, drop-ins, aliases, .wants/.requires/.upholds links,
 * templates. Rules: systemd.unit(5), systemd.syntax(7). Search path of the system manager, persistent directories only:
 * /etc/systemd/system.control, /etc/systemd/system, /usr/local/lib/systemd/system, /usr/lib/systemd/system,
 * /lib/systemd/system
 * (/run is gone by then).
 */

#include "base/arena.h"
#include "target/target.h"

enum unit_load_state {
	UNIT_NOT_FOUND,
	UNIT_LOADED,
	UNIT_MASKED, /* link to /dev/null, or an empty file */
	UNIT_BAD, /* there, but unreadable or refused by systemd ("bad-setting", "error") */
};

/* One assignment, in the order systemd applies them: fragment first, then drop-ins. */
struct unit_setting {
	const char *section, *key,
	    *value; /* value: continuation lines joined, spaces trimmed, specifiers not expanded */
	const char *path;
	unsigned line;
};

struct unit {
	const char *name; /* canonical: aliases resolved, "ssh.service" */
	enum unit_load_state state;
	const char *fragment; /* the path of the fragment, or of the mask */
	const char *reason; /* UNIT_BAD: what systemd would say */
	ARRAY_OF(struct unit_setting) settings;
	string_list names; /* all names: itself and its aliases on disk */
	string_list dropins; /* paths, in the order applied */
};

struct unit_set; /* loads lazily and remembers */

struct unit_set *unit_set_new(struct target *target, struct arena *arena);
/* Never NULL. A name without a file gives UNIT_NOT_FOUND. */
const struct unit *unit_load(struct unit_set *set, const char *name);
/* The last assignment of a key, or NULL; an empty value resets, so "" is never returned for list settings' earlier
 * values. */
const struct unit_setting *unit_get(const struct unit *unit, const char *section, const char *key);
/* Walks all effective assignments of a list setting (those behind the last empty one): NULL starts, NULL ends. */
const struct unit_setting *unit_next(const struct unit *unit, const char *section, const char *key,
				     const struct unit_setting *previous);

/* Whether the next boot starts the unit: it is reachable from the effective default.target through Wants=, Requires=,
 * Upholds=, BindsTo=, .wants/.requires/.upholds links, and sockets' or timers' own target membership; masked or not
 * found units cut the path. ret_link (may be NULL) is the link or setting that pulls it in. */
bool unit_boot_starts(struct unit_set *set, const char *name, const char **ret_link);
/* The unit that default.target resolves to, e.g. "graphical.target"; NULL when there is none that loads. */
const char *unit_default_target(struct unit_set *set);

#endif
