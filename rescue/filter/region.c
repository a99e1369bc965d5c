/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/region.h"

struct flow *region_new(struct region_pool *pool, struct number first, struct number last)
{
	struct flow *flow = ARENA_NEW(pool->arena, struct flow);

	/* xorshift32: only the shape of the tree depends on it */
	pool->random ^= pool->random << 13;
	pool->random ^= pool->random >> 17;
	pool->random ^= pool->random << 5;
	flow->priority = pool->random;
	flow->first = first;
	flow->last = last;
	return flow;
}

/* Every address of a is below every one of b. */
static struct flow *join(struct region_pool *pool, struct flow *a, struct flow *b)
{
	pool->work++;
	if (!a || !b)
		return a ? a : b;
	if (a->priority >= b->priority) {
		a->right = join(pool, a->right, b);
		return a;
	}
	b->left = join(pool, a, b->left);
	return b;
}

/* *ret_low gets what is below at, *ret_high the rest; a flow that goes across is divided. */
static void split(struct region_pool *pool, struct flow *region, struct number at, struct flow **ret_low,
		  struct flow **ret_high)
{
	struct flow *half;

	pool->work++;
	if (!region) {
		*ret_low = *ret_high = NULL;
	} else if (number_compare(region->last, at) < 0) {
		split(pool, region->right, at, &region->right, ret_high);
		*ret_low = region;
	} else if (number_compare(region->first, at) >= 0) {
		split(pool, region->left, at, ret_low, &region->left);
		*ret_high = region;
	} else {
		struct flow *right = region->right;
		uint32_t priority;

		half = region_new(pool, at, region->last);
		priority = half->priority;
		*half = *region;
		half->first = at;
		half->left = half->right = NULL;
		half->priority = priority;
		region->last = number_previous(at);
		region->right = NULL;
		*ret_low = region;
		*ret_high = join(pool, half, right);
	}
}

/* Whether any flow has an address in the range: most rules are about addresses that are gone by then. */
static bool meets(struct region_pool *pool, const struct flow *region, struct number first, struct number last)
{
	while (region) {
		pool->work++;
		if (number_compare(region->last, first) < 0)
			region = region->right;
		else if (number_compare(region->first, last) > 0)
			region = region->left;
		else
			return true;
	}
	return false;
}

struct flow *region_cut(struct region_pool *pool, struct flow **region, struct number first, struct number last)
{
	struct flow *low, *middle, *high = NULL;

	if (!meets(pool, *region, first, last))
		return NULL;
	split(pool, *region, first, &low, &middle);
	if (middle && number_compare(last, number_maximum(128)) < 0)
		split(pool, middle, number_next(last), &middle, &high);
	*region = join(pool, low, high);
	return middle;
}

struct flow *region_unite(struct region_pool *pool, struct flow *a, struct flow *b)
{
	struct flow *low, *high;

	pool->work++;
	if (!a || !b)
		return a ? a : b;
	if (a->priority < b->priority) {
		struct flow *swap = a;

		a = b;
		b = swap;
	}
	split(pool, b, a->first, &low, &high);
	a->left = region_unite(pool, a->left, low);
	a->right = region_unite(pool, a->right, high);
	return a;
}

struct flow *region_pop(struct region_pool *pool, struct flow **region)
{
	struct flow **place = region, *flow;

	if (!*region)
		return NULL;
	while ((*place)->left) {
		place = &(*place)->left;
		pool->work++;
	}
	flow = *place;
	*place = flow->right;
	flow->left = flow->right = NULL;
	return flow;
}

void region_each(struct region_pool *pool, struct flow *region, void (*function)(void *context, struct flow *flow),
		 void *context)
{
	if (!region)
		return;
	pool->work++;
	region_each(pool, region->left, function, context);
	function(context, region);
	region_each(pool, region->right, function, context);
}
