/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_NUMBER_H
#define SSHRESCUE_FILTER_NUMBER_H

/* What packet filters compare: addresses of both families, ports, marks and flags, as numbers of up to 128 bits and
 * sets of them. An IPv4 address is its 32 bits in host order. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

struct number {
	uint64_t high, low;
};

static inline struct number number_of(uint64_t low)
{
	return (struct number){.low = low};
}

static inline int number_compare(struct number a, struct number b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

/* One more, one less; both wrap. */
static inline struct number number_next(struct number n)
{
	return (struct number){n.high + (n.low == UINT64_MAX), n.low + 1};
}

static inline struct number number_previous(struct number n)
{
	return (struct number){n.high - (n.low == 0), n.low - 1};
}

/* The largest number of that many bits: 32 for IPv4, 128 for IPv6. */
struct number number_maximum(unsigned bits);
/* The first and last number that share the leading prefix bits of n, in a space of bits. */
struct number number_prefix_first(struct number n, unsigned bits, unsigned prefix);
struct number number_prefix_last(struct number n, unsigned bits, unsigned prefix);

struct number_range {
	struct number first, last;
};

/* Leaves in the range what it has in common with another; false when that is nothing. */
bool number_range_narrow(struct number_range *range, const struct number_range *other);

/* Settled: sorted, disjoint, no two ranges adjacent. Empty is settled. */
struct number_set {
	struct number_range *items;
	size_t count, capacity;
};

void number_set_add(struct arena *arena, struct number_set *set, struct number first, struct number last);
/* Sorts and joins what was added in any order. */
void number_set_settle(struct number_set *set);
/* All three take settled sets and give a settled one. */
bool number_set_contains(const struct number_set *set, struct number n);
/* Whether every number from first to last is in it (1), none is (0), or some are (-1). */
int number_set_covers(const struct number_set *set, struct number first, struct number last);
void number_set_complement(struct arena *arena, const struct number_set *set, unsigned bits, struct number_set *ret);
/* Adds to ret, unsettled, what is in both. */
void number_set_add_common(struct arena *arena, struct number_set *ret, const struct number_set *a,
			   const struct number_set *b);
/* Leaves in the set what is in both; what is not in other. */
void number_set_intersect(struct arena *arena, struct number_set *set, const struct number_set *other);
void number_set_subtract(struct arena *arena, struct number_set *set, const struct number_set *other, unsigned bits);

/* A numeric address: "192.0.2.1", "2001:db8::1". False when it is none of that family. */
bool address_parse(const char *text, bool ipv6, struct number *ret);
/* "ADDRESS", "ADDRESS/PREFIX", "ADDRESS/MASK" (masks without holes), "FIRST-LAST". */
bool address_parse_range(const char *text, bool ipv6, struct number_range *ret);
void address_print(struct text *text, struct number n, bool ipv6);
/* As the fewest prefixes: "192.0.2.0/24, 203.0.113.7"; at most limit of them, then ", ...". */
void address_set_print(struct text *text, const struct number_set *set, bool ipv6, size_t limit);

#endif
