/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/key_pair.h"

#include <string.h>

#include <sodium/crypto_sign_ed25519.h>

#include "parse/big_number.h"

/* SEC 2, "Recommended Elliptic Curve Domain Parameters": secp256r1, secp384r1, secp521r1. */
static const unsigned char nistp256_prime[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
static const unsigned char nistp256_b[32] = {
    0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc,
    0x65, 0x1d, 0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b,
};
static const unsigned char nistp256_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const unsigned char nistp256_x[32] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
};
static const unsigned char nistp256_y[32] = {
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};
static const unsigned char nistp256_identifier[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static const unsigned char nistp384_prime[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
};
static const unsigned char nistp384_b[48] = {
    0xb3, 0x31, 0x2f, 0xa7, 0xe2, 0x3e, 0xe7, 0xe4, 0x98, 0x8e, 0x05, 0x6b, 0xe3, 0xf8, 0x2d, 0x19,
    0x18, 0x1d, 0x9c, 0x6e, 0xfe, 0x81, 0x41, 0x12, 0x03, 0x14, 0x08, 0x8f, 0x50, 0x13, 0x87, 0x5a,
    0xc6, 0x56, 0x39, 0x8d, 0x8a, 0x2e, 0xd1, 0x9d, 0x2a, 0x85, 0xc8, 0xed, 0xd3, 0xec, 0x2a, 0xef,
};
static const unsigned char nistp384_order[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};
static const unsigned char nistp384_x[48] = {
    0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38,
    0x55, 0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
};
static const unsigned char nistp384_y[48] = {
    0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29,
    0xf8, 0xf4, 0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0,
    0x0a, 0x60, 0xb1, 0xce, 0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f,
};
static const unsigned char nistp384_identifier[] = {0x2b, 0x81, 0x04, 0x00, 0x22};

static const unsigned char nistp521_prime[66] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
static const unsigned char nistp521_b[66] = {
    0x00, 0x51, 0x95, 0x3e, 0xb9, 0x61, 0x8e, 0x1c, 0x9a, 0x1f, 0x92, 0x9a, 0x21, 0xa0, 0xb6, 0x85, 0x40,
    0xee, 0xa2, 0xda, 0x72, 0x5b, 0x99, 0xb3, 0x15, 0xf3, 0xb8, 0xb4, 0x89, 0x91, 0x8e, 0xf1, 0x09, 0xe1,
    0x56, 0x19, 0x39, 0x51, 0xec, 0x7e, 0x93, 0x7b, 0x16, 0x52, 0xc0, 0xbd, 0x3b, 0xb1, 0xbf, 0x07, 0x35,
    0x73, 0xdf, 0x88, 0x3d, 0x2c, 0x34, 0xf1, 0xef, 0x45, 0x1f, 0xd4, 0x6b, 0x50, 0x3f, 0x00,
};
static const unsigned char nistp521_order[66] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa,
    0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b,
    0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
};
static const unsigned char nistp521_x[66] = {
    0x00, 0xc6, 0x85, 0x8e, 0x06, 0xb7, 0x04, 0x04, 0xe9, 0xcd, 0x9e, 0x3e, 0xcb, 0x66, 0x23, 0x95, 0xb4,
    0x42, 0x9c, 0x64, 0x81, 0x39, 0x05, 0x3f, 0xb5, 0x21, 0xf8, 0x28, 0xaf, 0x60, 0x6b, 0x4d, 0x3d, 0xba,
    0xa1, 0x4b, 0x5e, 0x77, 0xef, 0xe7, 0x59, 0x28, 0xfe, 0x1d, 0xc1, 0x27, 0xa2, 0xff, 0xa8, 0xde, 0x33,
    0x48, 0xb3, 0xc1, 0x85, 0x6a, 0x42, 0x9b, 0xf9, 0x7e, 0x7e, 0x31, 0xc2, 0xe5, 0xbd, 0x66,
};
static const unsigned char nistp521_y[66] = {
    0x01, 0x18, 0x39, 0x29, 0x6a, 0x78, 0x9a, 0x3b, 0xc0, 0x04, 0x5c, 0x8a, 0x5f, 0xb4, 0x2c, 0x7d, 0x1b,
    0xd9, 0x98, 0xf5, 0x44, 0x49, 0x57, 0x9b, 0x44, 0x68, 0x17, 0xaf, 0xbd, 0x17, 0x27, 0x3e, 0x66, 0x2c,
    0x97, 0xee, 0x72, 0x99, 0x5e, 0xf4, 0x26, 0x40, 0xc5, 0x50, 0xb9, 0x01, 0x3f, 0xad, 0x07, 0x61, 0x35,
    0x3c, 0x70, 0x86, 0xa2, 0x72, 0xc2, 0x40, 0x88, 0xbe, 0x94, 0x76, 0x9f, 0xd1, 0x66, 0x50,
};
static const unsigned char nistp521_identifier[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

#define CURVE(curve, bit_count)                                                                                      \
	{                                                                                                            \
		.name = #curve, .type_name = "ecdsa-sha2-" #curve, .bits = bit_count, .size = sizeof(curve##_prime), \
		.prime = curve##_prime, .b = curve##_b, .order = curve##_order, .x = curve##_x, .y = curve##_y,      \
		.identifier = curve##_identifier, .identifier_size = sizeof(curve##_identifier),                     \
	}

const struct ec_curve ec_curves[3] = {
    CURVE(nistp256, 256),
    CURVE(nistp384, 384),
    CURVE(nistp521, 521),
};

/* --- RSA ------------------------------------------------------------------------------------------------------ */

/* Whether e times d is 1 modulo factor - 1. */
static bool inverse_modulo_factor(const struct number *e, const struct number *d, const struct number *factor)
{
	struct number one, modulus, product;

	number_from_small(&one, 1);
	number_subtract(&modulus, factor, &one);
	number_multiply_modulo(&product, e, d, &modulus);
	return number_compare(&product, &one) == 0;
}

/* libcrypto signs with the remainders; when what comes out does not verify, it does so again with d itself
 * (rsa_ossl_mod_exp of rsa_ossl.c). */
static bool remainders_match(const struct rsa_numbers *rsa, const struct number *e, const struct number *p,
			     const struct number *q)
{
	struct number d_p, d_q, inverse, product, one;

	if (!number_from_bytes(&d_p, &rsa->d_p) || !number_from_bytes(&d_q, &rsa->d_q) ||
	    !number_from_bytes(&inverse, &rsa->inverse))
		return false;
	if (!inverse_modulo_factor(e, &d_p, p) || !inverse_modulo_factor(e, &d_q, q))
		return false;
	number_from_small(&one, 1);
	number_multiply_modulo(&product, &inverse, q, p);
	return number_compare(&product, &one) == 0;
}

enum key_answer rsa_halves_match(const struct rsa_numbers *rsa)
{
	struct number n, e, d, p, q, one;

	if (!number_from_bytes(&n, &rsa->n) || !number_from_bytes(&e, &rsa->e) || !number_from_bytes(&d, &rsa->d) ||
	    !number_from_bytes(&p, &rsa->p) || !number_from_bytes(&q, &rsa->q))
		return KEY_UNKNOWN;
	number_from_small(&one, 1);
	/* libcrypto can sign without the factors, but not with wrong ones: what comes of that is not known here. */
	if (number_compare(&p, &one) <= 0 || number_compare(&q, &one) <= 0 || !number_is_product(&n, &p, &q))
		return KEY_UNKNOWN;
	/* Nobody makes such a key; libcrypto 1.1 and 3.0 sign with it, 3.5 does not always. */
	if (number_compare(&d, &n) >= 0)
		return KEY_UNKNOWN;
	if (inverse_modulo_factor(&e, &d, &p) && inverse_modulo_factor(&e, &d, &q))
		return KEY_YES;
	return rsa->d_p.size && remainders_match(rsa, &e, &p, &q) ? KEY_YES : KEY_NO;
}

/* --- elliptic curves ------------------------------------------------------------------------------------------ */

static void number_of_curve(struct number *ret, const struct ec_curve *curve, const unsigned char *constant)
{
	struct blob bytes = {.data = (char *)constant, .size = curve->size};

	(void)number_from_bytes(ret, &bytes);
}

/* X9.62, 4.3.6: 04, then x and y. */
static bool point_coordinates(const struct ec_curve *curve, const struct blob *point, struct number *x,
			      struct number *y)
{
	struct blob bytes = {.data = point->data + 1, .size = curve->size};

	if (point->size != 1 + 2 * (size_t)curve->size || point->data[0] != 4)
		return false;
	(void)number_from_bytes(x, &bytes);
	bytes.data += curve->size;
	(void)number_from_bytes(y, &bytes);
	return true;
}

static bool is_on_curve(const struct ec_curve *curve, const struct number *x, const struct number *y)
{
	struct number prime, b, left, right, three;

	number_of_curve(&prime, curve, curve->prime);
	number_of_curve(&b, curve, curve->b);
	if (number_compare(x, &prime) >= 0 || number_compare(y, &prime) >= 0)
		return false;
	number_multiply_modulo(&left, y, y, &prime);
	number_multiply_modulo(&right, x, x, &prime);
	number_from_small(&three, 3);
	number_subtract_modulo(&right, &right, &three, &prime);
	number_multiply_modulo(&right, &right, x, &prime);
	number_add_modulo(&right, &right, &b, &prime);
	return number_compare(&left, &right) == 0;
}

bool ec_point_is_on_curve(const struct ec_curve *curve, const struct blob *point)
{
	struct number x, y;

	return point_coordinates(curve, point, &x, &y) && is_on_curve(curve, &x, &y);
}

bool ec_point_is_valid(const struct ec_curve *curve, const struct blob *point)
{
	struct number x, y, limit, one;

	if (!point_coordinates(curve, point, &x, &y))
		return false;
	if (number_bit_count(&x) <= curve->bits / 2 || number_bit_count(&y) <= curve->bits / 2)
		return false;
	number_of_curve(&limit, curve, curve->order);
	number_from_small(&one, 1);
	number_subtract(&limit, &limit, &one);
	return number_compare(&x, &limit) < 0 && number_compare(&y, &limit) < 0;
}

bool ec_private_is_valid(const struct ec_curve *curve, const struct blob *bytes)
{
	struct number number, limit, one;

	if (!number_from_bytes(&number, bytes) || number_bit_count(&number) <= curve->bits / 2)
		return false;
	number_of_curve(&limit, curve, curve->order);
	number_from_small(&one, 1);
	number_subtract(&limit, &limit, &one);
	return number_compare(&number, &limit) < 0;
}

/* Jacobian coordinates: the point is (x / z², y / z³); at infinity z is zero. */
struct jacobian {
	struct number x, y, z;
};

/* 2 * point, in place: "dbl-2001-b" of the Explicit-Formulas Database, for a = -3. */
static void point_double(struct jacobian *point, const struct number *prime)
{
	struct number delta, gamma, beta, alpha, sum;

	number_multiply_modulo(&delta, &point->z, &point->z, prime);
	number_multiply_modulo(&gamma, &point->y, &point->y, prime);
	number_multiply_modulo(&beta, &point->x, &gamma, prime);
	number_subtract_modulo(&alpha, &point->x, &delta, prime);
	number_add_modulo(&sum, &point->x, &delta, prime);
	number_multiply_modulo(&sum, &alpha, &sum, prime);
	number_add_modulo(&alpha, &sum, &sum, prime);
	number_add_modulo(&alpha, &alpha, &sum, prime);
	/* z = (y + z)² - gamma - delta */
	number_add_modulo(&sum, &point->y, &point->z, prime);
	number_multiply_modulo(&sum, &sum, &sum, prime);
	number_subtract_modulo(&sum, &sum, &gamma, prime);
	number_subtract_modulo(&point->z, &sum, &delta, prime);
	/* x = alpha² - 8 beta; beta becomes 4 beta */
	number_add_modulo(&beta, &beta, &beta, prime);
	number_add_modulo(&beta, &beta, &beta, prime);
	number_multiply_modulo(&sum, &alpha, &alpha, prime);
	number_subtract_modulo(&sum, &sum, &beta, prime);
	number_subtract_modulo(&point->x, &sum, &beta, prime);
	/* y = alpha (4 beta - x) - 8 gamma² */
	number_subtract_modulo(&beta, &beta, &point->x, prime);
	number_multiply_modulo(&beta, &beta, &alpha, prime);
	number_add_modulo(&gamma, &gamma, &gamma, prime);
	number_multiply_modulo(&gamma, &gamma, &gamma, prime);
	number_add_modulo(&gamma, &gamma, &gamma, prime);
	number_subtract_modulo(&point->y, &beta, &gamma, prime);
}

/* point + (x, y), in place; point is neither at infinity nor the same point up to its sign, which double-and-add over
 * a number below the order never meets except at its very end. */
static bool point_add(struct jacobian *point, const struct number *x, const struct number *y,
		      const struct number *prime)
{
	struct number square, h, r, cube, v, sum;

	number_multiply_modulo(&square, &point->z, &point->z, prime);
	number_multiply_modulo(&h, x, &square, prime);
	number_subtract_modulo(&h, &h, &point->x, prime);
	if (number_is_zero(&h))
		return false;
	number_multiply_modulo(&r, &square, &point->z, prime);
	number_multiply_modulo(&r, &r, y, prime);
	number_subtract_modulo(&r, &r, &point->y, prime);
	number_multiply_modulo(&square, &h, &h, prime);
	number_multiply_modulo(&cube, &square, &h, prime);
	number_multiply_modulo(&v, &point->x, &square, prime);
	number_multiply_modulo(&point->z, &point->z, &h, prime);
	/* x = r² - h³ - 2 v */
	number_multiply_modulo(&sum, &r, &r, prime);
	number_subtract_modulo(&sum, &sum, &cube, prime);
	number_subtract_modulo(&sum, &sum, &v, prime);
	number_subtract_modulo(&point->x, &sum, &v, prime);
	/* y = r (v - x) - y h³ */
	number_subtract_modulo(&v, &v, &point->x, prime);
	number_multiply_modulo(&v, &v, &r, prime);
	number_multiply_modulo(&cube, &cube, &point->y, prime);
	number_subtract_modulo(&point->y, &v, &cube, prime);
	return true;
}

enum key_answer ec_halves_match(const struct ec_curve *curve, const struct blob *point, const struct blob *number)
{
	struct number x, y, secret, prime, base_x, base_y, power;
	struct jacobian product;

	if (!point_coordinates(curve, point, &x, &y) || !number_from_bytes(&secret, number) || number_is_zero(&secret))
		return KEY_UNKNOWN;
	number_of_curve(&prime, curve, curve->prime);
	number_of_curve(&base_x, curve, curve->x);
	number_of_curve(&base_y, curve, curve->y);
	number_copy(&product.x, &base_x);
	number_copy(&product.y, &base_y);
	number_from_small(&product.z, 1);
	for (size_t bit = number_bit_count(&secret) - 1; bit-- > 0;) {
		point_double(&product, &prime);
		if (number_bit(&secret, bit) && !point_add(&product, &base_x, &base_y, &prime))
			return KEY_UNKNOWN;
	}
	number_multiply_modulo(&power, &product.z, &product.z, &prime);
	number_multiply_modulo(&x, &x, &power, &prime);
	number_multiply_modulo(&power, &power, &product.z, &prime);
	number_multiply_modulo(&y, &y, &power, &prime);
	return number_compare(&x, &product.x) == 0 && number_compare(&y, &product.y) == 0 ? KEY_YES : KEY_NO;
}

/* --- Ed25519 -------------------------------------------------------------------------------------------------- */

void ed25519_public_of_seed(const unsigned char seed[32], unsigned char ret[32])
{
	unsigned char secret[crypto_sign_ed25519_SECRETKEYBYTES];

	/* No need of sodium_init(): it only chooses among implementations, and this has one. */
	crypto_sign_ed25519_seed_keypair(ret, secret, seed);
	explicit_bzero(secret, sizeof(secret));
}

enum key_answer ed25519_halves_match(const unsigned char public_half[32], const unsigned char secret[64])
{
	unsigned char own_public[crypto_sign_ed25519_PUBLICKEYBYTES];

	ed25519_public_of_seed(secret, own_public);
	return memcmp(own_public, public_half, 32) == 0 && memcmp(own_public, secret + 32, 32) == 0 ? KEY_YES : KEY_NO;
}
