/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lookups in sets: for which of the client's addresses is the key in it? */
#include "filter/match.h"

/* One field of a key. */
static enum answer match_field(const struct packet *packet, const struct key_part *part, const struct key_field *field,
			       const struct flow *flow)
{
	struct number_range range = field->range;
	struct test test = {
	    .selector = part->selector,
	    .ipv6 = part->ipv6,
	    .mask = part->mask,
	    .numbers = {.items = &range, .count = 1},
	    .interfaces = {.items = (struct interface_name[]){field->interface}, .count = 1},
	};

	if (part->selector == SELECT_OTHER || selects_client(packet, part->selector))
		return ANSWER_MAYBE;
	return match_test(packet, &test, flow);
}

enum answer match_element(const struct packet *packet, const struct lookup *lookup, const struct set_element *element,
			  const struct flow *flow, bool *ret_client, struct number_range *ret_range)
{
	enum answer answer = ANSWER_YES;

	*ret_client = false;
	for (unsigned i = 0; i < lookup->set->field_count; i++) {
		const struct key_part *part = &lookup->parts[i];
		enum answer field;

		if (selects_client(packet, part->selector) && !part->mask) {
			if (part->ipv6 != packet->question->ipv6 ||
			    !number_range_narrow(ret_range, &element->key[i].range))
				return ANSWER_NO;
			*ret_client = true;
			continue;
		}
		field = match_field(packet, part, &element->key[i], flow);
		if (field == ANSWER_NO)
			return ANSWER_NO;
		if (field == ANSWER_MAYBE)
			answer = ANSWER_MAYBE;
	}
	return answer;
}

/* The everyday set: plain numbers, nothing excluded, looked up by the client's address alone. It is settled once. */
static bool is_plain(const struct packet *packet, const struct lookup *lookup)
{
	if (lookup->set->field_count != 1 || !selects_client(packet, lookup->parts[0].selector) ||
	    lookup->parts[0].mask)
		return false;
	for (size_t i = 0; i < lookup->set->elements.count; i++) {
		if (lookup->set->elements.items[i].exclude)
			return false;
	}
	return true;
}

static void settle_plain(struct set *set, struct arena *arena)
{
	if (set->settled_count == set->elements.count)
		return;
	set->settled = (struct number_set){0};
	for (size_t i = 0; i < set->elements.count; i++) {
		const struct number_range *range = &set->elements.items[i].key[0].range;

		number_set_add(arena, &set->settled, range->first, range->last);
	}
	number_set_settle(&set->settled);
	set->settled_count = set->elements.count;
}

/* What the elements of a set say about the client's address, as far as the rest of the key meets them. */
struct found {
	struct number_set yes, maybe;
	struct number_set excluded, maybe_excluded;
	struct number_set inside_excluded; /* elements that are inside what is excluded */
};

static void settle_found(struct found *found)
{
	number_set_settle(&found->yes);
	number_set_settle(&found->maybe);
	number_set_settle(&found->excluded);
	number_set_settle(&found->maybe_excluded);
}

static void find_elements(const struct packet *packet, const struct lookup *lookup, const struct flow *flow,
			  struct arena *arena, struct found *ret)
{
	unsigned bits = packet_address_bits(packet);
	bool client;

	for (size_t i = 0; i < lookup->set->elements.count; i++) {
		const struct set_element *element = &lookup->set->elements.items[i];
		struct number_range range = {.last = number_maximum(bits)};
		enum answer answer = match_element(packet, lookup, element, flow, &client, &range);
		struct number_set *set;

		if (answer == ANSWER_NO)
			continue;
		if (element->exclude)
			set = answer == ANSWER_YES ? &ret->excluded : &ret->maybe_excluded;
		else
			set = answer == ANSWER_YES ? &ret->yes : &ret->maybe;
		number_set_add(arena, set, range.first, range.last);
	}
	settle_found(ret);
	for (size_t i = 0; ret->excluded.count && i < lookup->set->elements.count; i++) {
		const struct set_element *element = &lookup->set->elements.items[i];
		struct number_range range = {.last = number_maximum(bits)};

		if (!element->exclude && match_element(packet, lookup, element, flow, &client, &range) != ANSWER_NO &&
		    number_set_covers(&ret->excluded, range.first, range.last) == 1)
			number_set_add(arena, &ret->inside_excluded, range.first, range.last);
	}
	number_set_settle(&ret->inside_excluded);
}

/* ipset's nomatch: of the elements that a key is in, the narrowest decides. Where one excludes and another does not,
 * and the one is not plainly inside the other, nothing is said. */
static void match_general(const struct packet *packet, const struct lookup *lookup, const struct flow *flow,
			  struct arena *arena, struct set_match *ret)
{
	unsigned bits = packet_address_bits(packet);
	struct found found = {0};

	find_elements(packet, lookup, flow, arena, &found);
	*ret = (struct set_match){.yes = found.yes, .maybe = found.maybe};
	number_set_subtract(arena, &ret->maybe, &found.excluded, bits);
	number_set_add_common(arena, &ret->maybe, &found.yes, &found.maybe_excluded);
	for (size_t i = 0; i < found.inside_excluded.count; i++)
		number_set_add(arena, &ret->maybe, found.inside_excluded.items[i].first,
			       found.inside_excluded.items[i].last);
	number_set_settle(&ret->maybe);
	number_set_subtract(arena, &ret->yes, &found.excluded, bits);
	number_set_subtract(arena, &ret->yes, &found.maybe_excluded, bits);
	number_set_subtract(arena, &ret->maybe, &ret->yes, bits);
}

/* Whether all of a key can be made of the packet. */
static enum answer key_present(const struct packet *packet, const struct lookup *lookup, const struct flow *flow)
{
	enum answer all = ANSWER_YES;

	for (unsigned i = 0; i < lookup->set->field_count; i++) {
		const struct key_part *part = &lookup->parts[i];
		enum answer present = selector_present(packet, part->selector, part->ipv6, flow);

		if (present == ANSWER_NO)
			return ANSWER_NO;
		if (present == ANSWER_MAYBE)
			all = ANSWER_MAYBE;
	}
	return all;
}

static void negate_match(const struct packet *packet, struct arena *arena, struct set_match *match)
{
	unsigned bits = packet_address_bits(packet);
	struct number_set neither = {0};

	number_set_add(arena, &neither, number_of(0), number_maximum(bits));
	number_set_subtract(arena, &neither, &match->yes, bits);
	number_set_subtract(arena, &neither, &match->maybe, bits);
	match->yes = neither;
}

void match_set(const struct packet *packet, const struct lookup *lookup, const struct flow *flow, struct arena *arena,
	       struct set_match *ret)
{
	enum answer present = key_present(packet, lookup, flow);

	*ret = (struct set_match){0};
	if (present == ANSWER_NO)
		return;
	if (lookup->set->unknown || present == ANSWER_MAYBE) {
		ret->everywhere = true;
		ret->answer = ANSWER_MAYBE;
		return;
	}
	if (is_plain(packet, lookup)) {
		settle_plain(lookup->set, arena);
		ret->yes = lookup->set->settled;
	} else {
		match_general(packet, lookup, flow, arena, ret);
	}
	if (lookup->negate)
		negate_match(packet, arena, ret);
}
