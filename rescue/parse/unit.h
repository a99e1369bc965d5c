/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_H
#define SSHRESCUE_PARSE_UNIT_H

/*
 * systemd units as the next boot will see them: fragments, drop-ins, aliases, .wants/.requires/.upholds links,
 * templates. Rules: systemd.unit(5), systemd.syntax(7). Search path of the system manager, persistent directories only:
 * /etc/systemd/system.control, /etc/systemd/system, /etc/systemd/system.attached, /usr/local/lib/systemd/system,
 * /lib/systemd/system where /lib is not merged into /usr, /usr/lib/systemd/system (/run is gone by then).
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
	unsigned last_line; /* above line where the value is continued */
};

struct unit {
	const char *name; /* canonical: aliases resolved, "ssh.service" */
	enum unit_load_state state;
	const char *fragment; /* the path of the fragment, or of the mask */
	const char *link; /* what the fragment is a link to, outside the unit directories (a mask, or a linked unit) */
	bool dangling; /* UNIT_NOT_FOUND although there is a link of that name: fragment is the link */
	const char *reason; /* UNIT_BAD: what systemd would say */
	const char *reason_path; /* and where it is, or NULL */
	unsigned reason_line;
	ARRAY_OF(struct unit_setting) settings;
	string_list names; /* itself, and those of its aliases on disk that its loading met */
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
/* The setting's text with the specifiers of the unit put in (%n, %i, %t, …; those that only the running system knows
 * stay as they are). */
char *unit_expand(struct arena *arena, const struct unit *unit, const char *text);

/* Whether the next boot starts the unit: it is reachable from the effective default.target through Wants=, Requires=,
 * Upholds=, BindsTo=, .wants/.requires/.upholds links, and sockets' or timers' own target membership; masked or not
 * found units cut the path. What a socket, timer or path unit triggers is not started by that alone. ret_link (may be
 * NULL) is the link or setting that pulls it in. Conditions are not looked at, nor is Conflicts=
 * (unit_boot_conflicts()). */
bool unit_boot_starts(struct unit_set *set, const char *name, const char **ret_link);
/* As above, but also true where the boot asks for the unit and it (or what it requires) cannot be loaded. */
bool unit_boot_wants(struct unit_set *set, const char *name, const char **ret_link);
/* The unit that default.target resolves to, e.g. "graphical.target"; NULL when there is none that loads. */
const char *unit_default_target(struct unit_set *set);
/* The first unit among those that name needs by Requires= or BindsTo=, all the way down, which does not load; NULL when
 * all do. */
const struct unit *unit_missing_requirement(struct unit_set *set, const char *name);
/* Whether the one unit's Conflicts= names the other: when a boot pulls in both, the other is not started. */
bool unit_boot_conflicts(struct unit_set *set, const char *name, const char *other);
/* From now on, all these answers are for a boot into another target: what a repaired default target will start. */
void unit_boot_assume(struct unit_set *set, const char *target);
/* That target, or NULL where default.target itself is what the answers are about. */
const char *unit_boot_assumed(struct unit_set *set);
/* A unit that the boot starts and whose ExecStart= names sshd, after previous (NULL: the first), or NULL. */
const char *unit_boot_next_sshd(struct unit_set *set, const char *previous);

/* The file or link that systemd takes for this very name, aliases not followed; NULL when there is none. */
const char *unit_file_path(struct unit_set *set, const char *name);
/* The file or link of that name that would take its place if it were gone, or NULL. */
const char *unit_file_behind(struct unit_set *set, const char *name);

/* systemd's version in the root (252), or 0 when it cannot be told. */
unsigned unit_systemd_version(struct unit_set *set);

/* Where links of `systemctl enable` go: [Install] with Alias=, WantedBy=, RequiredBy=, UpheldBy=, Also=. */
struct unit_install_link {
	const char *path; /* /etc/systemd/system/multi-user.target.wants/ssh.service */
	const char *target; /* /usr/lib/systemd/system/ssh.service */
	bool alias; /* asked for by Alias= */
	bool present; /* is there already and leads to that unit */
};
typedef ARRAY_OF(struct unit_install_link) unit_install_links;

/* The links that `systemctl --root=… enable name` would make. 0; -ENOENT: the unit is not there; -ERFKILL: it is
 * masked; -EINVAL: it cannot be enabled as it is. An empty list: its [Install] section asks for nothing (a static
 * unit). */
int unit_install(struct unit_set *set, const char *name, unit_install_links *ret);
/* What `systemctl is-enabled` says: "enabled", "disabled", "static", "masked", "linked", "alias", "indirect", "bad",
 * "not-found". */
const char *unit_file_state(struct unit_set *set, const char *name);

#endif
