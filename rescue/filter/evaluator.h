/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_EVALUATOR_H
#define SSHRESCUE_FILTER_EVALUATOR_H

/*
 * Private to the evaluator. A region of sources goes through the chains; each rule takes out those that it applies to.
 * Doubt is kept apart: where a rule may apply, its effect is noted as possible (may_be_dropped, may_have_left) and the
 * packet is followed on, so that a later certain answer stands and everything else ends as unknown.
 */

#include "filter/match.h"
#include "filter/region.h"

enum {
	DEPTH_LIMIT = 512, /* jumps inside jumps; nft allows 16 */
	WORK_LIMIT = 100 * 1000 * 1000, /* flows and rules touched: seconds at most */
};

struct evaluator {
	const struct ruleset *ruleset;
	struct arena *arena;
	struct packet packet;
	struct region_pool pool;
	struct flow *passed; /* through the base chain at hand */
	struct limiter_memory *limiters; /* that a packet has met */
	struct evaluation *result;
	unsigned depth;
	bool tracking; /* some rule makes the kernel track connections */
	bool was_untracked; /* some packet is, or may be, kept from it */
	bool gave_up;
};

/* The part of a chain's packets that is on its way through it: certain to be there, or perhaps gone by a return that
 * was not certain. */
struct passing {
	struct flow *sure, *doubtful, *returned;
};

/* Packets inside a rule: those that certainly match so far, and those that may. */
struct inside {
	struct flow *sure, *maybe;
	const char *doubt; /* what the first uncertain test was about */
};

/* Where a rule stands, and how certain it is that its packets are there at all. */
struct rule_place {
	struct chain *chain;
	const struct rule *rule;
	struct passing *passing;
	bool hypothetical;
};

static inline struct flow *unite(struct evaluator *evaluator, struct flow *a, struct flow *b)
{
	return region_unite(&evaluator->pool, a, b);
}

/* verdict.c: what becomes of packets */
struct obstacle *make_obstacle(struct evaluator *evaluator, const struct chain *chain, const struct rule *rule,
			       const char *reason);
void record(struct evaluator *evaluator, const struct flow *flow, enum passage passage,
	    const struct obstacle *obstacle);
/* The region's packets end here, those that are certain to have come so far. */
void drop(struct evaluator *evaluator, struct flow *region, const struct obstacle *obstacle);
/* The flows that something else may have happened to; of its flags those that are set count. */
struct doubt {
	bool may_be_dropped, may_have_left, may_differ;
	const struct obstacle *obstacle;
};
void note(struct evaluator *evaluator, struct flow *region, struct doubt doubt);
/* Gives both parts of what is inside a rule their verdict; what goes on is left in it. */
void apply_verdict(struct evaluator *evaluator, const struct rule_place *place, const struct filter_verdict *verdict,
		   struct inside *inside);
/* Gives a region a verdict that it may get, with all that follows from it but that the packet leaves the chain. */
struct flow *apply_possible(struct evaluator *evaluator, const struct rule_place *place,
			    const struct filter_verdict *verdict, struct flow *region, const char *reason);
/* Returns what comes back from the chain: by its end or by return. */
struct flow *run_chain(struct evaluator *evaluator, struct chain *chain, struct flow *region, bool hypothetical);

/* narrow.c: which packets a rule applies to */
void apply_test(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		struct inside *inside, struct flow **outside);
void apply_lookup(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		  struct inside *inside, struct flow **outside);
void apply_verdict_map(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		       struct inside *inside, struct flow **outside);

/* change.c: marks, tracking, translation */
void apply_change(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		  struct inside *inside);
void translate(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
	       struct inside *inside);
/* Something was done to the packets that is not understood: what may be different from now on? */
void confuse(struct evaluator *evaluator, struct flow *region);
/* Sets marks_vary and its like as the region needs it. */
void compare_flows(struct evaluator *evaluator, struct flow *region);

#endif
