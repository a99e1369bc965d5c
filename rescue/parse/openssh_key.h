/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_OPENSSH_KEY_H
#define SSHRESCUE_PARSE_OPENSSH_KEY_H

/*
 * Private key files as sshd reads them: openssh-key-v1 (PROTOCOL.key of OpenSSH), and where that is not the format,
 * the PEM formats of libcrypto (parse/pem_key.h).
 */

#include "parse/ssh_wire.h"

struct private_key {
	enum key_answer loads; /* whether sshd would load it */
	enum key_error error; /* if not: what sshd says */
	const char *detail; /* if not: what is wrong, for people */
	bool encrypted; /* with a passphrase, which a daemon cannot be asked for */
	bool fatal; /* sshd would not get past it: it ends, whatever other keys there are */
	bool foreign_type; /* not loaded only because its type, half.type_name, is not known here */
	struct public_half half; /* as far as it was read; type KEY_TYPE_NONE where it was not */
	const char *comment;
	/* The secret part, as far as private_key_halves_match() needs it */
	struct rsa_numbers rsa;
	struct blob secret; /* ECDSA: the number; Ed25519: seed and public half */
};

/* Reads a private key file. Never fails: what there is to say is in *ret, whose texts are in arena or in content. */
void private_key_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		      struct private_key *ret);

/*
 * Whether what the key signs would be accepted by a client that was shown its public half. sshd loads keys that fail
 * here. KEY_UNKNOWN for DSA and security keys. For an ECDSA key this takes about a millisecond.
 */
enum key_answer private_key_halves_match(const struct private_key *key);

/*
 * Undoes what an editor, a copy or a paste did to the text around a good key: CR LF, a last newline that is missing,
 * blanks or lines before and behind, a byte order mark. True and the file's right content in *ret when the key is
 * loaded afterwards; the key itself is unchanged.
 */
bool private_key_mend_text(const struct blob *content, struct arena *arena, const struct key_rules *rules,
			   struct blob *ret);

#endif
