/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSHD_BINARY_H
#define SSHRESCUE_PARSE_SSHD_BINARY_H

/*
 * The target's own sshd, looked at but never run: its version, the paths built into it, and whether it knows a word.
 * Its keyword and algorithm tables are NUL-terminated strings in the ELF file, with pointers to them in its data.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "target/target.h"

struct sshd_image;

struct sshd_binary {
	struct target *target;
	struct arena *arena;
	const char *path; /* "/usr/sbin/sshd" */
	int read_error; /* 0, or why it could not be read; -ENOEXEC: it is no ELF file */
	unsigned machine; /* e_machine of its ELF header, 0 when it was not read */
	unsigned major, minor; /* OpenSSH version, 0.0 when it was not recognised */
	const char *version; /* "9.2p1", or NULL */
	/* Built into the binary; NULL when not found in it */
	const char *privsep_path; /* the directory that the unprivileged child is confined to: "/run/sshd" */
	const char *session_path; /* "/usr/lib/openssh/sshd-session", from 9.8 on */
	const char *auth_path; /* "/usr/lib/openssh/sshd-auth", from 10.0 on */
	struct sshd_image *image, *session_image; /* loaded when first needed */
};

/* Takes version and paths from the binary. Never fails: what could not be found out is 0.0 and NULL. */
void sshd_binary_load(struct target *target, struct arena *arena, const char *path, struct sshd_binary *ret);

/* Whether the string stands among the constants of sshd, or the names of the functions that it takes from libraries,
 * whole and in that case; without loading the image. 1, 0 or -errno. */
int sshd_binary_has_string(const struct sshd_binary *binary, const char *string);

/*
 * Whether the binary has word as a string of its own, letters of either case being equal where nocase: a string that
 * its data points to (the linker may have made it the tail of a longer one: "port" of "localport"), or a whole
 * NUL-terminated string among its constants. Good for names of algorithms. sshd 9.8+ has tables in sshd-session as
 * well: both are searched. -errno when nothing could be read, else 0 or 1.
 */
int sshd_binary_knows(struct sshd_binary *binary, const char *word, bool nocase);

enum sshd_keyword_kind {
	SSHD_KEYWORD_SUPPORTED,
	SSHD_KEYWORD_DEPRECATED, /* logged and ignored */
	SSHD_KEYWORD_IGNORED, /* ignored */
	SSHD_KEYWORD_UNSUPPORTED, /* this sshd was built without it: logged and ignored */
};

struct sshd_keyword {
	const char *name; /* as the table spells it: "permitrootlogin" */
	enum sshd_keyword_kind kind;
	bool global; /* may stand outside Match blocks */
	bool match; /* may stand inside */
	unsigned opcode; /* equal for keywords that mean the same */
};

/*
 * Looks a keyword up in the table that this sshd itself looks it up in (keywords[] of servconf.c); case does not
 * matter. 1 and *ret (which may be NULL), 0 when sshd would call it a bad configuration option, -ENODATA when the table
 * was not recognised in the binary, other negative errno when it could not be read.
 */
int sshd_binary_keyword(struct sshd_binary *binary, const char *word, struct sshd_keyword *ret);

/* Whether the version is known and at least major.minor. */
bool sshd_binary_at_least(const struct sshd_binary *binary, unsigned major, unsigned minor);

#endif
