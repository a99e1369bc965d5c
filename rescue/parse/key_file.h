/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_KEY_FILE_H
#define SSHRESCUE_PARSE_KEY_FILE_H

/* Files of "[section]" and "key=value" lines with # or ; before comments, as systemd.syntax(7), NetworkManager's
 * keyfiles, ifcfg files and many others have in common. What each makes of quotes, continued lines and repeated keys is
 * the caller's business. */

#include <stdbool.h>

#include "base/arena.h"

struct key_file {
	struct arena *arena;
	const struct blob *content;
	size_t offset;
	/* The line that was read last; spaces around key and value are left out */
	const char *section; /* "" before the first */
	const char *key, *value;
	unsigned line; /* from 1 */
};

static inline struct key_file key_file_of(struct arena *arena, const struct blob *content)
{
	return (struct key_file){.arena = arena, .content = content, .section = ""};
}

/* Reads up to the next line with a key; false at the end. */
bool key_file_next(struct key_file *file);

/* A value of a shell fragment, without the quotes around it. */
const char *key_file_unquoted(struct arena *arena, const char *value);

#endif
