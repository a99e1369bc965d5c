/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSH_WIRE_H
#define SSHRESCUE_PARSE_SSH_WIRE_H

/*
 * The encoding that SSH keys are made of (RFC 4251 §5, RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709, PROTOCOL.u2f of
 * OpenSSH), read as strictly as sshbuf.c and sshkey.c read it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "parse/key_pair.h"

/* Why sshd does not load a key: the answers of ssherr.c. */
enum key_error {
	KEY_ERROR_NONE,
	KEY_ERROR_INCOMPLETE,
	KEY_ERROR_INVALID_FORMAT,
	KEY_ERROR_NUMBER_NEGATIVE,
	KEY_ERROR_STRING_TOO_LARGE,
	KEY_ERROR_NUMBER_TOO_LARGE,
	KEY_ERROR_POINT_TOO_LARGE,
	KEY_ERROR_TYPE_UNKNOWN,
	KEY_ERROR_CURVE_MISMATCH,
	KEY_ERROR_POINT_INVALID,
	KEY_ERROR_CIPHER_UNKNOWN,
	KEY_ERROR_PASSPHRASE,
	KEY_ERROR_PERMISSIONS,
	KEY_ERROR_LENGTH,
	KEY_ERROR_LIBCRYPTO,
	KEY_ERROR_INTERNAL,
	KEY_ERROR_COUNT,
};
/* In sshd's own words, quoted. Damage is "invalid format" to it or "error in libcrypto", which of them is a matter of
 * versions. */
const char *key_error_text(enum key_error error);

enum key_type {
	KEY_TYPE_NONE, /* not one of these */
	KEY_TYPE_RSA,
	KEY_TYPE_DSA,
	KEY_TYPE_ECDSA,
	KEY_TYPE_ED25519,
	KEY_TYPE_SECURITY_KEY, /* ecdsa-sk, ed25519-sk: signs with a device */
	KEY_TYPE_CERTIFICATE,
};

/* What differs between builds and versions of sshd. */
struct key_rules {
	bool dsa; /* built with DSA */
	bool security_keys; /* 8.2 */
	bool pem_ed25519; /* reads Ed25519 keys in PKCS#8: 9.6 */
};

/* What is left to read. */
struct wire {
	const unsigned char *data;
	size_t size;
};

/* Each takes one value off the front; on an error nothing is taken. */
enum key_error wire_get_byte(struct wire *wire, unsigned char *ret);
enum key_error wire_get_u32(struct wire *wire, uint32_t *ret);
enum key_error wire_get_string(struct wire *wire, struct blob *ret);
/* A string without NULs, save for one at its end. The text is in arena. */
enum key_error wire_get_text(struct wire *wire, struct arena *arena, const char **ret);
/* A number that is not negative, without its leading zeros. */
enum key_error wire_get_number(struct wire *wire, struct blob *ret);

void wire_put_u32(struct text *text, uint32_t value);
void wire_put_string(struct text *text, const void *data, size_t size);
/* A number from big-endian bytes. */
void wire_put_number(struct text *text, const struct blob *number);

static inline struct wire wire_of(const struct blob *blob)
{
	return (struct wire){.data = (const unsigned char *)blob->data, .size = blob->size};
}

bool blob_equal(const struct blob *a, const struct blob *b);

struct public_half {
	enum key_type type;
	const char *type_name; /* "ssh-ed25519", or the name that is not known */
	const struct ec_curve *curve; /* of an ECDSA key */
	unsigned bits; /* of the modulus, the prime, the curve; 256 for Ed25519 */
	struct blob e, n; /* RSA */
	struct blob p, q, g, y; /* DSA */
	struct blob point; /* ECDSA, Ed25519 */
	const char *application; /* security keys */
};

/* The type of a name in a key; KEY_TYPE_NONE for one that this sshd does not have or that is not known here. */
enum key_type key_type_of(const char *name, const struct key_rules *rules, const struct ec_curve **ret_curve);
/* Takes a whole public key: type name and fields; nothing may be left over. Of a certificate, only the type. */
enum key_error public_half_read(struct blob *blob, struct arena *arena, const struct key_rules *rules,
				struct public_half *ret);
/* Takes the fields that a private key has in front of its secret ones; ret has its type set. */
enum key_error public_half_read_fields(struct wire *wire, struct arena *arena, bool private_order,
				       struct public_half *ret);
/* The reverse of public_half_read(), for all but security keys and certificates. */
struct blob public_half_write(struct arena *arena, const struct public_half *half);
bool public_half_equal(const struct public_half *a, const struct public_half *b);

/* A line of a .pub file. */
struct public_line {
	struct public_half half;
	struct blob blob; /* the decoded key */
	const char *comment; /* "" without */
};
/* "type base64 comment": sshkey_read of sshkey.c. False where sshd would not take it for a key. */
bool public_line_parse(const char *line, struct arena *arena, const struct key_rules *rules, struct public_line *ret);
/* The first line that sshd would take for a public key (sshkey_try_load_public of authfile.c); false without one. */
bool public_line_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		      struct public_line *ret);

#endif
