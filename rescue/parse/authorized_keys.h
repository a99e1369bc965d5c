/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_AUTHORIZED_KEYS_H
#define SSHRESCUE_PARSE_AUTHORIZED_KEYS_H

/* Files of authorized keys as sshd reads them: sshd(8), auth2-pubkeyfile.c, auth-options.c of OpenSSH 7.4 to 10.x. */

#include "parse/ssh_wire.h"

enum authorized_key_state {
	AUTHORIZED_KEY_GOOD, /* sshd takes the line for a key */
	AUTHORIZED_KEY_GARBAGE, /* there is no key on the line: sshd passes over it */
	AUTHORIZED_KEY_OPTIONS, /* a key, behind options that this sshd does not accept: it is never used */
};

struct authorized_key {
	unsigned line;
	enum authorized_key_state state;
	const char *detail; /* what is wrong, for people; NULL for a good one */
	const char *text; /* the line */
	struct public_half half;
	/* Its options */
	bool authority; /* cert-authority: not a key of a client, but of who signs such keys */
	bool from; /* usable from some places only */
	bool doubtful; /* has an option whose value is not judged here */
	bool forced_command;
	bool expires;
	int64_t expiry; /* in seconds since 1970, give or take the difference of a time zone */
};
typedef ARRAY_OF(struct authorized_key) authorized_key_list;

/* Reads every line that is neither blank nor a comment. version is that of the sshd, as 100 * major + minor. */
void authorized_keys_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
			  unsigned version, authorized_key_list *ret);

/*
 * Whether the garbage at keys[index] is the first piece of a key that an editor or a terminal broke over several lines:
 * with the lines that follow it directly, *ret_count in all, it makes a key that sshd takes. *ret_text is that line.
 */
bool authorized_key_rejoin(struct arena *arena, const struct key_rules *rules, unsigned version,
			   const authorized_key_list *keys, size_t index, size_t *ret_count, const char **ret_text);

#endif
