/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/number.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct number number_maximum(unsigned bits)
{
	struct number n = {UINT64_MAX, UINT64_MAX};

	if (bits >= 128)
		return n;
	n.high = bits > 64 ? UINT64_MAX >> (128 - bits) : 0;
	if (bits < 64)
		n.low = bits ? UINT64_MAX >> (64 - bits) : 0;
	return n;
}

struct number number_prefix_first(struct number n, unsigned bits, unsigned prefix)
{
	struct number host = number_maximum(bits - prefix);

	return (struct number){n.high & ~host.high, n.low & ~host.low};
}

struct number number_prefix_last(struct number n, unsigned bits, unsigned prefix)
{
	struct number host = number_maximum(bits - prefix);

	return (struct number){n.high | host.high, n.low | host.low};
}

bool number_range_narrow(struct number_range *range, const struct number_range *other)
{
	if (number_compare(other->first, range->first) > 0)
		range->first = other->first;
	if (number_compare(other->last, range->last) < 0)
		range->last = other->last;
	return number_compare(range->first, range->last) <= 0;
}

void number_set_add(struct arena *arena, struct number_set *set, struct number first, struct number last)
{
	struct number_range *range;

	/* What comes in order needs no sorting later. */
	if (set->count && number_compare(set->items[set->count - 1].last, number_maximum(128)) < 0 &&
	    number_compare(number_next(set->items[set->count - 1].last), first) == 0) {
		set->items[set->count - 1].last = last;
		return;
	}
	/* Most sets hold one range, and there are many of them. */
	if (!set->capacity) {
		set->items = ARENA_NEW(arena, struct number_range);
		set->capacity = 1;
	}
	range = array_push(arena, set);
	*range = (struct number_range){first, last};
}

static int range_compare(const void *a, const void *b)
{
	const struct number_range *left = a, *right = b;
	int order = number_compare(left->first, right->first);

	return order ? order : number_compare(left->last, right->last);
}

void number_set_settle(struct number_set *set)
{
	size_t kept = 0;

	if (set->count < 2)
		return;
	qsort(set->items, set->count, sizeof(*set->items), range_compare);
	for (size_t i = 1; i < set->count; i++) {
		struct number_range *range = &set->items[kept];
		const struct number_range *next = &set->items[i];

		if (number_compare(range->last, number_maximum(128)) == 0)
			break;
		if (number_compare(next->first, number_next(range->last)) > 0) {
			set->items[++kept] = *next;
			continue;
		}
		if (number_compare(next->last, range->last) > 0)
			range->last = next->last;
	}
	set->count = kept + 1;
}

/* The first range that ends at n or later. */
static size_t find_range(const struct number_set *set, struct number n)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (number_compare(set->items[middle].last, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool number_set_contains(const struct number_set *set, struct number n)
{
	return number_set_covers(set, n, n) == 1;
}

int number_set_covers(const struct number_set *set, struct number first, struct number last)
{
	size_t i = find_range(set, first);

	if (i == set->count || number_compare(set->items[i].first, last) > 0)
		return 0;
	return number_compare(set->items[i].first, first) <= 0 && number_compare(set->items[i].last, last) >= 0 ? 1
														: -1;
}

void number_set_complement(struct arena *arena, const struct number_set *set, unsigned bits, struct number_set *ret)
{
	struct number maximum = number_maximum(bits), next = {0};

	*ret = (struct number_set){0};
	for (size_t i = 0; i < set->count; i++) {
		const struct number_range *range = &set->items[i];

		if (number_compare(range->first, next) > 0)
			number_set_add(arena, ret, next, number_previous(range->first));
		if (number_compare(range->last, maximum) >= 0)
			return;
		next = number_next(range->last);
	}
	number_set_add(arena, ret, next, maximum);
}

void number_set_add_common(struct arena *arena, struct number_set *ret, const struct number_set *a,
			   const struct number_set *b)
{
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		struct number_range common = a->items[i];

		if (number_range_narrow(&common, &b->items[j]))
			number_set_add(arena, ret, common.first, common.last);
		if (number_compare(a->items[i].last, b->items[j].last) < 0)
			i++;
		else
			j++;
	}
}

void number_set_intersect(struct arena *arena, struct number_set *set, const struct number_set *other)
{
	struct number_set both = {0};

	number_set_add_common(arena, &both, set, other);
	*set = both;
}

void number_set_subtract(struct arena *arena, struct number_set *set, const struct number_set *other, unsigned bits)
{
	struct number_set outside;

	if (!set->count || !other->count)
		return;
	number_set_complement(arena, other, bits, &outside);
	number_set_intersect(arena, set, &outside);
}

bool address_parse(const char *text, bool ipv6, struct number *ret)
{
	unsigned char bytes[16];
	unsigned count = ipv6 ? 16 : 4;

	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	*ret = (struct number){0};
	for (unsigned i = 0; i < count; i++) {
		ret->high = ret->high << 8 | ret->low >> 56;
		ret->low = ret->low << 8 | bytes[i];
	}
	return true;
}

/* The prefix length that a mask stands for; false when it has holes. */
static bool mask_prefix(struct number mask, unsigned bits, unsigned *ret)
{
	for (unsigned prefix = 0; prefix <= bits; prefix++) {
		if (number_compare(number_prefix_first(number_maximum(bits), bits, prefix), mask) == 0) {
			*ret = prefix;
			return true;
		}
	}
	return false;
}

/* The part of a text before a separator, as a string of its own. */
static bool copy_before(const char *text, char separator, char *buffer, size_t size, const char **ret_rest)
{
	const char *end = strchr(text, separator);
	size_t length = end ? (size_t)(end - text) : 0;

	if (!end || length >= size)
		return false;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	*ret_rest = end + 1;
	return true;
}

bool address_parse_range(const char *text, bool ipv6, struct number_range *ret)
{
	unsigned bits = ipv6 ? 128 : 32, prefix;
	char buffer[INET6_ADDRSTRLEN];
	const char *rest;
	struct number address, mask;
	uint64_t number;

	if (copy_before(text, '-', buffer, sizeof(buffer), &rest))
		return address_parse(buffer, ipv6, &ret->first) && address_parse(rest, ipv6, &ret->last) &&
		       number_compare(ret->first, ret->last) <= 0;
	if (!copy_before(text, '/', buffer, sizeof(buffer), &rest)) {
		if (!address_parse(text, ipv6, &address))
			return false;
		*ret = (struct number_range){address, address};
		return true;
	}
	if (!address_parse(buffer, ipv6, &address))
		return false;
	if (parse_number(rest, bits, &number))
		prefix = (unsigned)number;
	else if (!address_parse(rest, ipv6, &mask) || !mask_prefix(mask, bits, &prefix))
		return false;
	ret->first = number_prefix_first(address, bits, prefix);
	ret->last = number_prefix_last(address, bits, prefix);
	return true;
}

void address_print(struct text *text, struct number n, bool ipv6)
{
	char buffer[INET6_ADDRSTRLEN];
	unsigned char bytes[16];

	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (unsigned char)((i < 8 ? n.high : n.low) >> (56 - 8 * (i % 8)));
	inet_ntop(ipv6 ? AF_INET6 : AF_INET, ipv6 ? bytes : bytes + 12, buffer, sizeof(buffer));
	text_add_string(text, buffer);
}

/* The longest prefix block that begins at first and does not go beyond last. */
static unsigned widest_prefix(struct number first, struct number last, unsigned bits)
{
	unsigned prefix = bits;

	while (prefix > 0) {
		struct number block_last = number_prefix_last(first, bits, prefix - 1);

		if (number_compare(number_prefix_first(first, bits, prefix - 1), first) != 0 ||
		    number_compare(block_last, last) > 0)
			break;
		prefix--;
	}
	return prefix;
}

void address_set_print(struct text *text, const struct number_set *set, bool ipv6, size_t limit)
{
	unsigned bits = ipv6 ? 128 : 32;
	size_t printed = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct number first = set->items[i].first;

		for (;;) {
			unsigned prefix = widest_prefix(first, set->items[i].last, bits);
			struct number last = number_prefix_last(first, bits, prefix);

			if (printed++ == limit) {
				text_add_string(text, ", ...");
				return;
			}
			if (printed > 1)
				text_add_string(text, ", ");
			address_print(text, first, ipv6);
			if (prefix < bits)
				text_printf(text, "/%u", prefix);
			if (number_compare(last, set->items[i].last) >= 0)
				break;
			first = number_next(last);
		}
	}
}
