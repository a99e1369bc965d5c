/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_BIG_NUMBER_H
#define SSHRESCUE_PARSE_BIG_NUMBER_H

/*
 * Natural numbers as large as an RSA modulus may be, with just the arithmetic that tells whether the two halves of a
 * key belong together. Not in constant time: it runs where the key file itself can be read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#ifdef __SIZEOF_INT128__
typedef uint64_t limb;
typedef unsigned __int128 double_limb;
#else
typedef uint32_t limb;
typedef uint64_t double_limb;
#endif

enum {
	LIMB_BITS = 8 * sizeof(limb),
	NUMBER_BITS = 16384, /* OPENSSL_RSA_MAX_MODULUS_BITS, and SSHBUF_MAX_BIGNUM of OpenSSH */
	NUMBER_LIMBS = NUMBER_BITS / LIMB_BITS,
};

struct number {
	size_t count; /* limbs in use; the last of them is not zero */
	limb limbs[NUMBER_LIMBS]; /* least significant first */
};

/* From big-endian bytes; false when the number is too large. */
bool number_from_bytes(struct number *ret, const struct blob *bytes);
void number_from_small(struct number *ret, limb value);
void number_copy(struct number *ret, const struct number *a);
/* How many bits a big-endian number has, of any size. */
size_t bytes_bit_count(const struct blob *bytes);
size_t number_bit_count(const struct number *a);
bool number_bit(const struct number *a, size_t bit);
static inline bool number_is_zero(const struct number *a)
{
	return a->count == 0;
}
/* Less than, equal to or greater than zero, as memcmp(3). */
int number_compare(const struct number *a, const struct number *b);
/* a - b, which must not be negative. ret may be a. */
void number_subtract(struct number *ret, const struct number *a, const struct number *b);
/* Whether n is a * b. */
bool number_is_product(const struct number *n, const struct number *a, const struct number *b);

/* Modulo m, which is not zero; ret may be any of the operands but m. For sum and difference a and b are below m. */
void number_multiply_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m);
void number_add_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m);
void number_subtract_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m);

#endif
