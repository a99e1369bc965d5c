/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SHADOW_H
#define SSHRESCUE_PARSE_SHADOW_H

/* /etc/shadow as the "files" service of the C library reads it: shadow(5), nss/nss_files of glibc. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/string_map.h"
#include "target/target.h"

struct shadow_entry {
	const char *name, *password;
	/* Days since 1970, and numbers of days; -1 where the field is empty */
	int64_t changed, minimum, maximum, warn, inactive, expires;
	unsigned line;
};

struct shadow_file {
	int error; /* 0, or why it could not be read */
	struct string_map by_name; /* the first entry of each name */
};

/* Never fails: see error. */
void shadow_load(struct target *target, struct arena *arena, const char *path, struct shadow_file *ret);
/* NULL when there is none. */
const struct shadow_entry *shadow_by_name(const struct shadow_file *shadow, const char *name);

/* What crypt(3) can make of a password field. */
enum password_kind {
	PASSWORD_NONE, /* no password ever matches it: "*", "!", damage that no method writes */
	PASSWORD_EMPTY, /* no password is asked for */
	PASSWORD_HASH, /* of a method that every release has */
	PASSWORD_UNKNOWN, /* whether the target's library has the method is not known */
};
enum password_kind password_kind_of(const char *field);
/* "!" in front: passwd -l, usermod -L. */
bool password_is_locked(const char *field);

#endif
