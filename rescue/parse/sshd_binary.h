/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSHD_BINARY_H
#define SSHRESCUE_PARSE_SSHD_BINARY_H

/*
 * The target's own sshd, looked at but never run: its version, and whether it knows a word. Its keyword and algorithm
 * tables are NUL-terminated strings in the ELF file.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "target/target.h"

struct sshd_binary {
	struct target *target;
	struct arena *arena;
	const char *path; /* "/usr/sbin/sshd" */
	int read_error; /* 0, or why it could not be read */
	unsigned major, minor; /* OpenSSH version, 0.0 when it was not recognised */
	const char *version; /* "9.2p1", or NULL */
	struct blob image; /* loaded when first needed */
	bool image_loaded;
};

/* Takes the version from the binary. Never fails: what could not be found out is 0.0 and NULL. */
void sshd_binary_load(struct target *target, struct arena *arena, const char *path, struct sshd_binary *ret);
/* Whether word stands in the binary as a whole NUL-terminated string, letters of either case being equal where nocase.
 * sshd 9.8+ has its tables in sshd-session as well: both are searched. -errno when nothing could be read, else 0 or 1.
 */
int sshd_binary_knows(struct sshd_binary *binary, const char *word, bool nocase);
/* Whether the version is known and at least major.minor. */
bool sshd_binary_at_least(const struct sshd_binary *binary, unsigned major, unsigned minor);

#endif
