/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets a rule applies to: tests, lookups, verdict maps. */
#include "filter/evaluator.h"

static const char *selector_words(const struct test *test)
{
	switch (test->selector) {
	case SELECT_OTHER:
		return test->name;
	case SELECT_SOURCE:
	case SELECT_DESTINATION:
	case SELECT_ORIGINAL_DESTINATION:
		return "which address of this machine the client connects to";
	case SELECT_LIMIT:
		return "a rate limit that every packet counts for";
	case SELECT_RECENT:
		return "how often the client came before";
	case SELECT_MARK:
	case SELECT_CONNECTION_MARK:
		return "a mark that is not known here";
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
		return "the client's port";
	case SELECT_LENGTH:
		return "the packet's length";
	case SELECT_TTL:
		return "the packet's time to live";
	case SELECT_STATE:
	case SELECT_STATUS:
		return "what connection tracking makes of an untracked connection";
	default:
		return "a condition that is not known here";
	}
}

/* --- narrowing ------------------------------------------------------------- */

/* Moves what does not match out of inside, and what may match from sure to maybe. */
static void narrow(struct evaluator *evaluator, struct inside *inside, enum answer answer, const char *doubt,
		   struct flow **outside)
{
	if (answer == ANSWER_YES)
		return;
	if (answer == ANSWER_NO) {
		*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
		inside->sure = inside->maybe = NULL;
		return;
	}
	if (!inside->doubt)
		inside->doubt = doubt;
	inside->maybe = unite(evaluator, inside->maybe, inside->sure);
	inside->sure = NULL;
}

/* The part of a region that is in the set. */
static struct flow *cut_set(struct evaluator *evaluator, struct flow **region, const struct number_set *set)
{
	struct flow *cut = NULL;

	for (size_t i = 0; i < set->count && *region; i++)
		cut = unite(evaluator, cut,
			    region_cut(&evaluator->pool, region, set->items[i].first, set->items[i].last));
	return cut;
}

/* Keeps the sources of yes as they are and those of maybe as perhaps matching. */
static void narrow_to(struct evaluator *evaluator, struct inside *inside, const struct number_set *yes,
		      const struct number_set *maybe, const char *doubt, struct flow **outside)
{
	struct flow *sure = cut_set(evaluator, &inside->sure, yes);
	struct flow *unsure = unite(
	    evaluator, cut_set(evaluator, &inside->maybe, yes),
	    unite(evaluator, cut_set(evaluator, &inside->sure, maybe), cut_set(evaluator, &inside->maybe, maybe)));

	*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
	inside->sure = sure;
	inside->maybe = unsure;
	if (maybe->count && !inside->doubt)
		inside->doubt = doubt;
}

/* Any flow of the region will do where all are alike. */
static const struct flow *any_flow(const struct inside *inside)
{
	return inside->sure ? inside->sure : inside->maybe;
}

typedef void (*apply_function)(struct evaluator *evaluator, const struct rule_place *place,
			       const struct statement *statement, struct inside *inside, struct flow **outside);

/* Applies a statement to every flow by itself. */
static void apply_to_each(struct evaluator *evaluator, const struct rule_place *place,
			  const struct statement *statement, struct inside *inside, struct flow **outside,
			  apply_function function)
{
	struct inside kept = {.doubt = inside->doubt};
	struct flow *flow;

	for (int certain = 1; certain >= 0; certain--) {
		while ((flow = region_pop(&evaluator->pool, certain ? &inside->sure : &inside->maybe))) {
			struct inside one = {
			    .sure = certain ? flow : NULL, .maybe = certain ? NULL : flow, .doubt = inside->doubt};

			function(evaluator, place, statement, &one, outside);
			kept.sure = unite(evaluator, kept.sure, one.sure);
			kept.maybe = unite(evaluator, kept.maybe, one.maybe);
			kept.doubt = kept.doubt ? kept.doubt : one.doubt;
		}
	}
	*inside = kept;
}

/* --- tests ----------------------------------------------------------------- */

/* Rate limiters count every packet that they see: the second one of a connection may be too many. What is kept of the
 * sources that met one is the range that they are in. */
struct limiter {
	const struct test *test;
	struct number_range met;
};

/* Open addressing; grows before it is half full. */
struct limiter_memory {
	struct limiter *items;
	size_t capacity, used;
};

static struct limiter *find_limiter(const struct limiter_memory *memory, const struct test *test)
{
	size_t slot = ((uintptr_t)test / sizeof(struct statement)) % memory->capacity;

	while (memory->items[slot].test && memory->items[slot].test != test)
		slot = (slot + 1) % memory->capacity;
	return &memory->items[slot];
}

static void grow_memory(struct evaluator *evaluator)
{
	struct limiter_memory *grown = ARENA_NEW(evaluator->arena, struct limiter_memory), *old = evaluator->limiters;

	grown->capacity = old ? old->capacity * 2 + 1 : 31;
	grown->used = old ? old->used : 0;
	grown->items = arena_alloc(evaluator->arena, grown->capacity * sizeof(*grown->items));
	for (size_t i = 0; old && i < old->capacity; i++) {
		if (old->items[i].test)
			*find_limiter(grown, old->items[i].test) = old->items[i];
	}
	evaluator->limiters = grown;
}

static void widen(struct number_range *range, const struct flow *region)
{
	const struct flow *first = region, *last = region;

	if (!region)
		return;
	while (first->left)
		first = first->left;
	while (last->right)
		last = last->right;
	if (number_compare(first->first, range->first) < 0)
		range->first = first->first;
	if (number_compare(last->last, range->last) > 0)
		range->last = last->last;
}

/* Whether one of these sources has met the limiter before; from now on they all have. */
static bool met_before(struct evaluator *evaluator, const struct test *test, const struct inside *inside)
{
	struct number_range now = {number_maximum(128), number_of(0)};
	struct limiter *limiter;
	bool met;

	if (!evaluator->limiters || evaluator->limiters->used * 2 >= evaluator->limiters->capacity)
		grow_memory(evaluator);
	limiter = find_limiter(evaluator->limiters, test);
	if (!limiter->test) {
		*limiter = (struct limiter){test, now};
		evaluator->limiters->used++;
	}
	widen(&now, inside->sure);
	widen(&now, inside->maybe);
	met = number_compare(limiter->met.first, now.last) <= 0 && number_compare(now.first, limiter->met.last) <= 0;
	widen(&limiter->met, inside->sure);
	widen(&limiter->met, inside->maybe);
	return met;
}

static void remember_recent(struct evaluator *evaluator, const struct test *test)
{
	struct packet *packet = &evaluator->packet;

	if (test->selector != SELECT_RECENT || test->recent.operation != RECENT_SET)
		return;
	evaluator->pool.work += packet->recent.count;
	for (size_t i = 0; i < packet->recent.count; i++) {
		if (string_equal(packet->recent.items[i].name, test->recent.name)) {
			packet->recent.items[i].times++;
			return;
		}
	}
	*array_push(evaluator->arena, &packet->recent) = (struct recent_list){test->recent.name, 1};
}

/* The packets inside are alike. */
static void apply_test_alike(struct evaluator *evaluator, const struct rule_place *place,
			     const struct statement *statement, struct inside *inside, struct flow **outside)
{
	static const struct number_set nothing = {0};
	const struct packet *packet = &evaluator->packet;
	const struct test *test = &statement->test;
	struct number_set set;
	enum answer answer;

	(void)place;
	if (selects_client(packet, test->selector)) {
		answer = selector_present(packet, test->selector, test->ipv6, any_flow(inside));
		if (answer == ANSWER_YES && !test->mask) {
			match_client(packet, test, evaluator->arena, &set);
			narrow_to(evaluator, inside, &set, &nothing, NULL, outside);
			return;
		}
		narrow(evaluator, inside, answer == ANSWER_NO ? ANSWER_NO : ANSWER_MAYBE,
		       test->mask ? "an address under a mask with holes" : selector_words(test), outside);
		return;
	}
	answer = match_test(packet, test, any_flow(inside));
	if (test->selector == SELECT_LIMIT && met_before(evaluator, test, inside))
		answer = ANSWER_MAYBE;
	narrow(evaluator, inside, answer, selector_words(test), outside);
}

void apply_test(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		struct inside *inside, struct flow **outside)
{
	if (selector_varies(&evaluator->packet, statement->test.selector))
		apply_to_each(evaluator, place, statement, inside, outside, apply_test_alike);
	else
		apply_test_alike(evaluator, place, statement, inside, outside);
	if (inside->sure || inside->maybe)
		remember_recent(evaluator, &statement->test);
}

/* --- sets and maps --------------------------------------------------------- */

static bool lookup_varies(const struct evaluator *evaluator, const struct lookup *lookup)
{
	for (unsigned i = 0; i < lookup->set->field_count; i++) {
		if (selector_varies(&evaluator->packet, lookup->parts[i].selector))
			return true;
	}
	return false;
}

static const char *lookup_words(struct evaluator *evaluator, const struct lookup *lookup)
{
	if (lookup->set->name)
		return arena_printf(evaluator->arena, "what the set %s holds", lookup->set->name);
	return "a set whose key is not known here";
}

static void apply_lookup_alike(struct evaluator *evaluator, const struct rule_place *place,
			       const struct statement *statement, struct inside *inside, struct flow **outside)
{
	const struct lookup *lookup = &statement->lookup;
	const char *words = NULL;
	struct set_match match;

	(void)place;
	match_set(&evaluator->packet, lookup, any_flow(inside), evaluator->arena, &match);
	evaluator->pool.work += match.everywhere ? 1 : lookup->set->elements.count / 8 + 1;
	if (lookup->set->changed)
		match = (struct set_match){.everywhere = true, .answer = ANSWER_MAYBE};
	if (match.everywhere || match.maybe.count)
		words = lookup_words(evaluator, lookup);
	if (match.everywhere)
		narrow(evaluator, inside, match.answer, words, outside);
	else
		narrow_to(evaluator, inside, &match.yes, &match.maybe, words, outside);
}

void apply_lookup(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		  struct inside *inside, struct flow **outside)
{
	if (lookup_varies(evaluator, &statement->lookup))
		apply_to_each(evaluator, place, statement, inside, outside, apply_lookup_alike);
	else
		apply_lookup_alike(evaluator, place, statement, inside, outside);
}

/* Takes the packets that an element is for out of inside. */
static struct inside cut_element(struct evaluator *evaluator, struct inside *inside, const struct number_range *range)
{
	return (struct inside){
	    .sure = region_cut(&evaluator->pool, &inside->sure, range->first, range->last),
	    .maybe = region_cut(&evaluator->pool, &inside->maybe, range->first, range->last),
	    .doubt = inside->doubt,
	};
}

static enum answer meet_element(struct evaluator *evaluator, const struct lookup *lookup,
				const struct set_element *element, const struct inside *inside,
				struct number_range *ret)
{
	bool client;

	*ret = (struct number_range){.last = number_maximum(128)};
	return match_element(&evaluator->packet, lookup, element, any_flow(inside), &client, ret);
}

/* Packets whose key is not known meet every element that it may be: first all that follows from one, then the leaving.
 */
static void apply_possible_elements(struct evaluator *evaluator, const struct rule_place *place,
				    const struct lookup *lookup, struct inside *inside)
{
	const char *words = NULL;

	for (int leaving = 0; leaving <= 1; leaving++) {
		for (size_t i = 0; i < lookup->set->elements.count && (inside->sure || inside->maybe); i++) {
			const struct set_element *element = &lookup->set->elements.items[i];
			struct number_range range;
			struct inside part;

			if (meet_element(evaluator, lookup, element, inside, &range) != ANSWER_MAYBE)
				continue;
			words = words ? words : lookup_words(evaluator, lookup);
			part = cut_element(evaluator, inside, &range);
			part.maybe = unite(evaluator, part.maybe, part.sure);
			part.sure = NULL;
			part.doubt = part.doubt ? part.doubt : words;
			if (!part.maybe)
				continue;
			if (!leaving)
				part.maybe =
				    apply_possible(evaluator, place, &element->verdict, part.maybe, part.doubt);
			else if (element->verdict.kind == VERDICT_RETURN || element->verdict.kind == VERDICT_GOTO)
				apply_verdict(evaluator, place, &(struct filter_verdict){.kind = VERDICT_RETURN},
					      &part);
			inside->maybe = unite(evaluator, inside->maybe, part.maybe);
			inside->doubt = part.doubt;
		}
	}
}

/* The elements of a map are disjoint, so their order does not matter. What no element takes leaves the rule. */
static void apply_verdict_map_alike(struct evaluator *evaluator, const struct rule_place *place,
				    const struct statement *statement, struct inside *inside, struct flow **outside)
{
	const struct lookup *lookup = &statement->lookup;
	bool possible = false;

	evaluator->pool.work += lookup->set->elements.count;
	if (lookup->set->unknown || lookup->set->changed) {
		apply_verdict(evaluator, place,
			      &(struct filter_verdict){VERDICT_NOT_UNDERSTOOD, NULL, lookup_words(evaluator, lookup)},
			      inside);
	} else {
		for (size_t i = 0; i < lookup->set->elements.count && (inside->sure || inside->maybe); i++) {
			const struct set_element *element = &lookup->set->elements.items[i];
			struct number_range range;
			struct inside part;
			enum answer answer = meet_element(evaluator, lookup, element, inside, &range);

			possible = possible || answer == ANSWER_MAYBE;
			if (answer != ANSWER_YES)
				continue;
			part = cut_element(evaluator, inside, &range);
			apply_verdict(evaluator, place, &element->verdict, &part);
			*outside = unite(evaluator, *outside, unite(evaluator, part.sure, part.maybe));
		}
		if (possible)
			apply_possible_elements(evaluator, place, lookup, inside);
	}
	*outside = unite(evaluator, *outside, unite(evaluator, inside->sure, inside->maybe));
	inside->sure = inside->maybe = NULL;
}

void apply_verdict_map(struct evaluator *evaluator, const struct rule_place *place, const struct statement *statement,
		       struct inside *inside, struct flow **outside)
{
	if (lookup_varies(evaluator, &statement->lookup))
		apply_to_each(evaluator, place, statement, inside, outside, apply_verdict_map_alike);
	else
		apply_verdict_map_alike(evaluator, place, statement, inside, outside);
}
