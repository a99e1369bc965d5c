/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_PRIVATE_H
#define SSHRESCUE_PARSE_UNIT_PRIVATE_H

/* What the files parse/unit*.c share. */

#include "base/string_map.h"
#include "parse/unit.h"
#include "parse/unit_syntax.h"

/* One directory of the search path. */
struct unit_directory {
	const char *path; /* "/etc/systemd/system" */
	const char *resolved; /* the same without symbolic links, once that was needed */
	dir_list entries; /* sorted */
};

enum {
	UNIT_DIRECTORY_LIMIT = 8,
	UNIT_FILE_LIMIT = 4 * 1024 * 1024,
	UNIT_ALIAS_LIMIT = 8, /* FOLLOW_MAX of unit-file.c */
	UNIT_LINK_LIMIT = 40, /* as the kernel's */
};

/* What a name leads to within the unit directories. */
struct unit_entry {
	enum unit_entry_kind {
		UNIT_ENTRY_NONE,
		UNIT_ENTRY_FILE, /* path is the fragment */
		UNIT_ENTRY_ALIAS, /* path is a link to alias */
	} kind;
	const char *path;
	const char *alias; /* the name the link leads to */
	bool device; /* UNIT_ENTRY_FILE that is a device node: a mask */
	const char *link; /* UNIT_ENTRY_FILE that is a link out of the unit directories: where it leads */
};

/* The end of a chain of names. */
struct unit_found {
	const char *id; /* the unit's canonical name */
	const struct unit_entry *entry; /* of its fragment, or NULL */
	bool loop; /* links go in a circle */
	bool conflict; /* the name leads to a file whose own unit is another one */
};

struct unit_boot;

struct unit_set {
	struct target *target;
	struct arena *arena;
	struct unit_directory directories[UNIT_DIRECTORY_LIMIT];
	size_t directory_count;
	bool listed, resolved;
	bool merged; /* /lib is a link to /usr/lib */
	struct string_map entries; /* name -> struct unit_entry */
	struct string_map found; /* name -> struct unit_found */
	struct string_map units; /* canonical name -> struct unit, fully loaded */
	struct string_map attached; /* type -> struct attached_list, unit_dropin.c */
	struct unit_boot *boot;
	struct arena scratch; /* what is read of units on the way; empty between two calls */
	const char *assumed; /* the target in default.target's place */
	unsigned version;
	bool version_known;
};

/* unit_files.c: names and files */
const struct unit_found *unit_find(struct unit_set *set, const char *name);
const struct unit_entry *unit_entry(struct unit_set *set, const char *name);
void unit_list_directories(struct unit_set *set);
const struct dir_entry *unit_directory_entry(const struct unit_directory *directory, const char *name);
/* Whether a link leads to a mask, /dev/null or another device, or an empty file: 1. UNIT_LINK_TO_UNIT: it leads to the
 * unit of its own name, and is a mask where that is empty. -ENOENT: it leads to nothing; -EINVAL: it is no link. */
enum {
	UNIT_LINK_TO_UNIT = 2,
};
int unit_link_is_mask(struct unit_set *set, const char *path);
/* Where a link leads, without following a link at its end; *ret_inside is the tail below a unit directory, or NULL. */
int unit_link_target(struct unit_set *set, const char *path, const char *text, const char **ret_target,
		     const char **ret_inside);
/* Reads a fragment. 0, 1: it is a mask, or negative errno; -ENOENT: dangling. */
int unit_read(struct unit_set *set, const struct unit_entry *entry, struct arena *arena, struct blob *ret);

/* unit.c: reading a unit's fragment and drop-ins */
struct unit_scan {
	struct arena *arena; /* of the files' content, and of all that the settings hold */
	/* Called for each assignment in order. */
	void (*setting)(void *context, const struct unit_setting *setting);
	void *context;
	/* results */
	string_list dropins;
	bool dangling;
	const char *reason, *reason_path;
	unsigned reason_line;
};
enum unit_load_state unit_scan(struct unit_set *set, const struct unit_found *found, struct unit_scan *scan);

/* unit_dropin.c: directories beside the units */
/* The files of NAME.suffix of all of the unit's names, by systemd's order of shadowing, sorted by file name.
 * extension: ".conf", or NULL for all. */
void unit_attached_files(struct unit_set *set, const struct unit_found *found, const char *suffix,
			 const char *extension, string_list *ret);
/* A name in one of the unit's .wants, .requires or .upholds directories. */
struct unit_link {
	const char *name; /* of the unit that is asked for */
	const char *path;
	bool to_unit; /* UNIT_LINK_TO_UNIT */
};
typedef ARRAY_OF(struct unit_link) unit_links;
void unit_dependency_links(struct unit_set *set, const struct unit_found *found, const char *suffix, unit_links *ret);
/* The name that a dependency of the unit asks for: a template becomes an instance, resolve_template() of systemd's
 * unit.c. NULL where it is no name. */
char *unit_dependency_name(struct unit_set *set, const struct unit_found *found, const char *name);
/* The drop-ins that systemctl reads for a name: its own and its template's, sorted. */
void unit_own_dropins(struct unit_set *set, const char *name, string_list *ret);
/* Adds the aliases of the unit that are on disk to names. */
void unit_add_aliases(struct unit_set *set, const struct unit_found *found, string_list *names);

/* unit_check.c: what systemd refuses when it loads a unit; fed with every assignment, in order */
struct unit_check {
	const char *type; /* "service" */
	unsigned commands; /* ExecStart= */
	bool stop_command, success_action, remain_after_exit, restart_always, bus_name, pam_name, pam_kill_mode_bad;
	bool service_named, accept, max_connections_bad, cannot_accept;
	unsigned listens;
	unsigned timers, paths;
	const char *service_type; /* NULL: not given */
	const char *path; /* of the last ExecStart=, for messages */
	unsigned line;
	unsigned systemd_version;
};
/* Sections that a unit of that type may have; ends with NULL. */
const char *const *unit_sections(const char *type);
/* 0, or -ENOEXEC where the assignment makes systemd give up the file; *reason says why. */
int unit_check_setting(struct unit_check *check, struct arena *arena, const char *section, const char *key,
		       const char *value, const char *path, unsigned line, const char **reason);
/* NULL, or why the whole is refused. */
const char *unit_check_verdict(const struct unit_check *check);

#endif
