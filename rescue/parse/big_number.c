/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/big_number.h"

#include <string.h>

static void trim(struct number *a)
{
	while (a->count && a->limbs[a->count - 1] == 0)
		a->count--;
}

static size_t significant(const struct blob *bytes)
{
	size_t skip = 0;

	while (skip < bytes->size && bytes->data[skip] == 0)
		skip++;
	return bytes->size - skip;
}

static size_t bit_length(limb value)
{
	size_t bits = 0;

	for (; value; value >>= 1)
		bits++;
	return bits;
}

bool number_from_bytes(struct number *ret, const struct blob *bytes)
{
	const unsigned char *last = (const unsigned char *)bytes->data + bytes->size;
	size_t size = significant(bytes);

	if (size > NUMBER_BITS / 8)
		return false;
	ret->count = (size + sizeof(limb) - 1) / sizeof(limb);
	memset(ret->limbs, 0, ret->count * sizeof(limb));
	for (size_t i = 0; i < size; i++)
		ret->limbs[i / sizeof(limb)] |= (limb)last[-1 - (ptrdiff_t)i] << (8 * (i % sizeof(limb)));
	return true;
}

void number_from_small(struct number *ret, limb value)
{
	ret->count = 1;
	ret->limbs[0] = value;
	trim(ret);
}

void number_copy(struct number *ret, const struct number *a)
{
	ret->count = a->count;
	memmove(ret->limbs, a->limbs, a->count * sizeof(limb));
}

size_t bytes_bit_count(const struct blob *bytes)
{
	size_t size = significant(bytes);

	return size ? 8 * (size - 1) + bit_length((unsigned char)bytes->data[bytes->size - size]) : 0;
}

size_t number_bit_count(const struct number *a)
{
	return a->count ? (a->count - 1) * LIMB_BITS + bit_length(a->limbs[a->count - 1]) : 0;
}

bool number_bit(const struct number *a, size_t bit)
{
	return bit / LIMB_BITS < a->count && (a->limbs[bit / LIMB_BITS] >> (bit % LIMB_BITS) & 1);
}

int number_compare(const struct number *a, const struct number *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (size_t i = a->count; i-- > 0;) {
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	}
	return 0;
}

void number_subtract(struct number *ret, const struct number *a, const struct number *b)
{
	limb borrow = 0;

	for (size_t i = 0; i < a->count; i++) {
		double_limb take = (double_limb)(i < b->count ? b->limbs[i] : 0) + borrow;

		borrow = a->limbs[i] < take;
		ret->limbs[i] = (limb)(a->limbs[i] - take);
	}
	ret->count = a->count;
	trim(ret);
}

/* product has room for the limbs of both. */
static void multiply(limb *product, const struct number *a, const struct number *b)
{
	memset(product, 0, (a->count + b->count) * sizeof(limb));
	for (size_t i = 0; i < a->count; i++) {
		limb carry = 0;

		for (size_t j = 0; j < b->count; j++) {
			double_limb sum = (double_limb)a->limbs[i] * b->limbs[j] + product[i + j] + carry;

			product[i + j] = (limb)sum;
			carry = (limb)(sum >> LIMB_BITS);
		}
		product[i + b->count] = carry;
	}
}

bool number_is_product(const struct number *n, const struct number *a, const struct number *b)
{
	limb product[2 * NUMBER_LIMBS];
	size_t count = a->count + b->count;

	multiply(product, a, b);
	while (count && product[count - 1] == 0)
		count--;
	return count == n->count && memcmp(product, n->limbs, count * sizeof(limb)) == 0;
}

/* Shifts left by less than a limb, in place; returns what falls out at the top. */
static limb shift_left(limb *limbs, size_t count, unsigned bits)
{
	limb carry = 0;

	if (bits == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		limb value = limbs[i];

		limbs[i] = value << bits | carry;
		carry = value >> (LIMB_BITS - bits);
	}
	return carry;
}

static void shift_right(limb *limbs, size_t count, unsigned bits)
{
	if (bits == 0)
		return;
	for (size_t i = 0; i < count; i++)
		limbs[i] = limbs[i] >> bits | (i + 1 < count ? limbs[i + 1] << (LIMB_BITS - bits) : 0);
}

/* u[0 … count] -= digit * v[0 … count-1], added back once where digit was one too large. */
static void subtract_multiple(limb *u, const limb *v, size_t count, limb digit)
{
	limb carry = 0, borrow = 0;

	for (size_t i = 0; i <= count; i++) {
		double_limb product = (double_limb)digit * (i < count ? v[i] : 0) + carry;
		double_limb take = (double_limb)(limb)product + borrow;

		carry = (limb)(product >> LIMB_BITS);
		borrow = u[i] < take;
		u[i] = (limb)(u[i] - take);
	}
	if (!borrow)
		return;
	carry = 0;
	for (size_t i = 0; i <= count; i++) {
		double_limb sum = (double_limb)u[i] + (i < count ? v[i] : 0) + carry;

		u[i] = (limb)sum;
		carry = (limb)(sum >> LIMB_BITS);
	}
}

/* The next digit of a quotient, or one more: Knuth, The Art of Computer Programming, 4.3.1, algorithm D, step D3. */
static limb estimate_digit(const limb *top, const limb *divisor_top)
{
	double_limb dividend = (double_limb)top[0] << LIMB_BITS | top[-1];
	double_limb digit = dividend / divisor_top[0], rest = dividend % divisor_top[0];

	while (digit >> LIMB_BITS ||
	       (double_limb)(limb)digit * divisor_top[-1] > (rest << LIMB_BITS | (double_limb)top[-2])) {
		digit--;
		rest += divisor_top[0];
		if (rest >> LIMB_BITS)
			break;
	}
	return (limb)digit;
}

/* Reduces a[0 … count-1] modulo m; a has one more limb to work in. */
static void reduce(limb *a, size_t count, const struct number *m, struct number *ret)
{
	limb divisor[NUMBER_LIMBS];
	unsigned shift = LIMB_BITS - (unsigned)bit_length(m->limbs[m->count - 1]);

	if (m->count == 1) {
		double_limb rest = 0;

		for (size_t i = count; i-- > 0;)
			rest = (rest << LIMB_BITS | a[i]) % m->limbs[0];
		number_from_small(ret, (limb)rest);
		return;
	}
	if (count >= m->count) {
		memcpy(divisor, m->limbs, m->count * sizeof(limb));
		shift_left(divisor, m->count, shift);
		a[count] = shift_left(a, count, shift);
		for (size_t i = count - m->count + 1; i-- > 0;)
			subtract_multiple(a + i, divisor, m->count,
					  estimate_digit(a + i + m->count, divisor + m->count - 1));
		shift_right(a, m->count, shift);
		count = m->count;
	}
	memcpy(ret->limbs, a, count * sizeof(limb));
	ret->count = count;
	trim(ret);
}

void number_multiply_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m)
{
	limb product[2 * NUMBER_LIMBS + 1];

	multiply(product, a, b);
	reduce(product, a->count + b->count, m, ret);
}

void number_add_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m)
{
	limb sum[NUMBER_LIMBS + 2];
	limb carry = 0;

	for (size_t i = 0; i < m->count; i++) {
		double_limb digit =
		    (double_limb)(i < a->count ? a->limbs[i] : 0) + (i < b->count ? b->limbs[i] : 0) + carry;

		sum[i] = (limb)digit;
		carry = (limb)(digit >> LIMB_BITS);
	}
	sum[m->count] = carry;
	reduce(sum, m->count + 1, m, ret);
}

void number_subtract_modulo(struct number *ret, const struct number *a, const struct number *b, const struct number *m)
{
	struct number rest;

	if (number_compare(a, b) >= 0) {
		number_subtract(ret, a, b);
		return;
	}
	number_subtract(&rest, b, a);
	number_subtract(ret, m, &rest);
}
