/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_PASSWD_H
#define SSHRESCUE_PARSE_PASSWD_H

/*
 * /etc/passwd and /etc/group as the "files" service of the C library reads them (passwd(5), group(5), nss/nss_files of
 * glibc): comments, blank and malformed lines are passed over, the first entry of a name wins. And where else the
 * target looks for accounts: nsswitch.conf(5).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "target/target.h"

struct passwd_entry {
	const char *name, *password, *gecos, *home, *shell;
	uint32_t uid, gid;
	unsigned line;
};

struct group_entry {
	const char *name, *password;
	uint32_t gid;
	string_list members;
	unsigned line;
};

struct passwd_file {
	const char *path;
	int error; /* 0, or why it could not be read */
	ARRAY_OF(struct passwd_entry) entries;
	unsigned malformed; /* lines passed over, comments and blank ones not counted */
	unsigned first_malformed; /* line, or 0 */
};

struct group_file {
	const char *path;
	int error;
	ARRAY_OF(struct group_entry) entries;
	unsigned malformed, first_malformed;
};

/* Never fail: see error. */
void passwd_load(struct target *target, struct arena *arena, const char *path, struct passwd_file *ret);
void group_load(struct target *target, struct arena *arena, const char *path, struct group_file *ret);

/* NULL when there is none. */
const struct passwd_entry *passwd_by_name(const struct passwd_file *passwd, const char *name);
const struct passwd_entry *passwd_by_uid(const struct passwd_file *passwd, uint32_t uid);
const struct group_entry *group_by_name(const struct group_file *group, const char *name);
const struct group_entry *group_by_gid(const struct group_file *group, uint32_t gid);

/* The lowest number from first to last (1,024 at most) that is no user's, nor a group's where group is not NULL; false
 * when all are taken. */
bool passwd_free_id(const struct passwd_file *passwd, const struct group_file *group, uint32_t first, uint32_t last,
		    uint32_t *ret);

/* The services of a database in /etc/nsswitch.conf, in order, actions in brackets left out; "files" where the file or
 * the line is missing. */
void nsswitch_services(struct target *target, struct arena *arena, const char *database, string_list *ret);

#endif
