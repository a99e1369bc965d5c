/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_REGION_H
#define SSHRESCUE_FILTER_REGION_H

/*
 * A region: packets from many source addresses on their way through the rules, as a tree of flows. Cutting a range out
 * and putting it back costs the logarithm of the flows, so that a rule for one address among 100,000 does not touch
 * the others. (A treap: a binary search tree by address that is a heap by random priority.)
 */

#include "filter/evaluate.h"

/* Source addresses of whose packets the same is known. */
struct flow {
	struct number first, last;
	uint32_t mark, connection_mark;
	bool mark_unknown, connection_mark_unknown;
	bool untracked, tracking_unknown; /* this packet */
	bool untracked_before, tracking_unknown_before; /* an earlier packet of the connection */
	unsigned port; /* of this machine, after translation */
	bool translated; /* no other chain is asked for a translation */
	/* What may have happened already, although the packet is followed on: */
	bool may_be_dropped;
	bool may_have_left; /* this base chain, by an accept */
	bool may_differ; /* it may be translated in a way that is not followed: nothing that happens to it is certain */
	const struct obstacle *doubt; /* the first reason for may_be_dropped */
	/* The tree */
	struct flow *left, *right;
	uint32_t priority;
};

struct region_pool {
	struct arena *arena;
	uint32_t random;
	uint64_t work; /* flows touched so far */
};

struct flow *region_new(struct region_pool *pool, struct number first, struct number last);
/* Takes the part between first and last out of the region. */
struct flow *region_cut(struct region_pool *pool, struct flow **region, struct number first, struct number last);
/* Two regions without a common address become one. */
struct flow *region_unite(struct region_pool *pool, struct flow *a, struct flow *b);
/* Takes the region's flows apart: *region loses its first flow, which is returned; NULL when there is none. */
struct flow *region_pop(struct region_pool *pool, struct flow **region);
/* All flows, in order of address. */
void region_each(struct region_pool *pool, struct flow *region, void (*function)(void *context, struct flow *flow),
		 void *context);

#endif
