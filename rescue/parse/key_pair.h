/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_KEY_PAIR_H
#define SSHRESCUE_PARSE_KEY_PAIR_H

/*
 * Whether the two halves of a key belong together: only then does a client accept what the private half signs. sshd
 * itself does not check this when it loads a key.
 */

#include <stdbool.h>

#include "base/arena.h"

enum key_answer {
	KEY_NO,
	KEY_YES,
	KEY_UNKNOWN, /* not judged here */
};

/* Big-endian bytes. What the file has of the Chinese remainders; where there is none (openssh-key-v1), sshd computes
 * them from d. */
struct rsa_numbers {
	struct blob n, e, d, p, q;
	struct blob d_p, d_q, inverse; /* d modulo p - 1 and q - 1, q inverted modulo p */
};
/* KEY_UNKNOWN for numbers above 16384 bits. */
enum key_answer rsa_halves_match(const struct rsa_numbers *rsa);

struct ec_curve {
	const char *name; /* as SSH names it: "nistp256" */
	const char *type_name; /* "ecdsa-sha2-nistp256" */
	unsigned bits;
	unsigned size; /* bytes of a coordinate */
	const unsigned char *prime, *b, *order, *x, *y; /* size bytes each: y² = x³ - 3x + b, order and base point */
	const unsigned char *identifier; /* DER content of the object identifier */
	unsigned identifier_size;
};
extern const struct ec_curve ec_curves[3];

/* Whether the bytes are an uncompressed point of the curve (X9.62, 4.3.6). */
bool ec_point_is_on_curve(const struct ec_curve *curve, const struct blob *point);
/* What sshd checks beyond that (sshkey_ec_validate_public of sshkey.c): neither coordinate is conspicuously small or
 * above the order. */
bool ec_point_is_valid(const struct ec_curve *curve, const struct blob *point);
/* What sshd checks of a private number (sshkey_ec_validate_private). */
bool ec_private_is_valid(const struct ec_curve *curve, const struct blob *number);
/* Both of them valid: whether the point is the number times the base point. Takes about a millisecond. */
enum key_answer ec_halves_match(const struct ec_curve *curve, const struct blob *point, const struct blob *number);

/* secret is the 64 bytes that OpenSSH keeps: the seed, and the public half once more. */
void ed25519_public_of_seed(const unsigned char seed[32], unsigned char ret[32]);
enum key_answer ed25519_halves_match(const unsigned char public_half[32], const unsigned char secret[64]);

#endif
