/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/match.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONNTRACK_PRIORITY = -200, /* NF_IP_PRI_CONNTRACK */
	DESTINATION_NAT_PRIORITY = -100, /* NF_IP_PRI_NAT_DST */
	SOURCE_NAT_PRIORITY = 100, /* NF_IP_PRI_NAT_SRC */
	FIRST_CLIENT_PORT = 1024, /* no client that is not root uses lower ones */
	LAST_PORT = 65535,
	FLAG_SYN = 2,
	FLAG_PSH = 8,
	FLAG_ACK = 16,
	PROTOCOL_TCP = 6,
	FAMILY_NUMBER_IPV4 = 2, /* NFPROTO_IPV4 */
	FAMILY_NUMBER_IPV6 = 10,
	TYPE_UNICAST = 1, /* RTN_UNICAST, RTN_LOCAL of rtnetlink.h */
	TYPE_LOCAL = 2,
	SYN_LENGTH_MINIMUM = 40,
	SYN_LENGTH_MAXIMUM = 120,
	RECENT_MAXIMUM = 20, /* packets that the recent match remembers: ip_pkt_list_tot */
};

/* The values that a selector may have for this packet; all of them are possible when unknown. */
struct value {
	struct number first, last;
	bool absent; /* there is no such thing for this packet */
	bool unknown;
};

static struct value exactly(uint64_t number)
{
	return (struct value){.first = number_of(number), .last = number_of(number)};
}

static struct value between(uint64_t first, uint64_t last)
{
	return (struct value){.first = number_of(first), .last = number_of(last)};
}

static const struct value not_known = {.unknown = true};
static const struct value not_there = {.absent = true};

bool selects_client(const struct packet *packet, enum selector selector)
{
	return selector == SELECT_ORIGINAL_SOURCE || selector == (packet->leaves ? SELECT_DESTINATION : SELECT_SOURCE);
}

bool selector_varies(const struct packet *packet, enum selector selector)
{
	switch (selector) {
	case SELECT_MARK:
	case SELECT_CONNECTION_MARK:
		return packet->marks_vary;
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
	case SELECT_STATUS:
		return packet->ports_vary || packet->tracking_varies;
	case SELECT_STATE:
	case SELECT_DIRECTION:
	case SELECT_ORIGINAL_DESTINATION_PORT:
		return packet->tracking_varies;
	default:
		return false;
	}
}

/* The hooks before conntrack's own see no state. */
static bool before_conntrack(const struct packet *packet)
{
	return packet->hook == HOOK_INGRESS || ((packet->hook == HOOK_PREROUTING || packet->hook == HOOK_OUTPUT) &&
						packet->priority < CONNTRACK_PRIORITY);
}

/* This machine's port as the chain sees it: translation of what comes in is done at -100 of prerouting, and undone for
 * what leaves at 100 of postrouting. */
static unsigned local_port(const struct packet *packet, const struct flow *flow)
{
	if (packet->hook == HOOK_INGRESS || packet->hook == HOOK_EGRESS ||
	    (packet->hook == HOOK_PREROUTING && packet->priority < DESTINATION_NAT_PRIORITY) ||
	    (packet->hook == HOOK_POSTROUTING && packet->priority >= SOURCE_NAT_PRIORITY))
		return packet->question->port;
	return flow->port;
}

static struct value state_value(const struct packet *packet, const struct flow *flow)
{
	if (flow->tracking_unknown)
		return not_known;
	if (flow->untracked)
		return exactly(STATE_UNTRACKED);
	if (before_conntrack(packet))
		return exactly(STATE_INVALID);
	if (packet->fresh)
		return exactly(STATE_NEW);
	/* Conntrack meets a connection in its middle: what it makes of it depends on a sysctl and on what came before.
	 */
	if (flow->untracked_before)
		return not_known;
	return exactly(STATE_ESTABLISHED);
}

static struct value status_value(const struct packet *packet, const struct flow *flow)
{
	uint64_t status = flow->port != packet->question->port ? STATUS_DNAT : 0;

	if (flow->untracked || flow->untracked_before || flow->tracking_unknown || before_conntrack(packet))
		return not_known;
	if (!packet->fresh)
		status |= STATUS_SEEN_REPLY | STATUS_CONFIRMED;
	if (packet->kind == PACKET_DATA)
		status |= STATUS_ASSURED;
	/* The ACK that completes the handshake is not assured yet, the ones that follow are. */
	return packet->kind == PACKET_ACK ? not_known : exactly(status);
}

static struct value flags_value(const struct packet *packet)
{
	switch (packet->kind) {
	case PACKET_SYN:
		return exactly(FLAG_SYN);
	case PACKET_SYN_ACK:
		return exactly(FLAG_SYN | FLAG_ACK);
	default:
		return exactly(FLAG_ACK); /* and FLAG_PSH: see match_flags() */
	}
}

static struct value port_value(const struct packet *packet, const struct flow *flow, bool local)
{
	return local ? exactly(local_port(packet, flow)) : between(FIRST_CLIENT_PORT, LAST_PORT);
}

static struct value selector_value(const struct packet *packet, enum selector selector, const struct flow *flow)
{
	switch (selector) {
	case SELECT_FAMILY:
		return exactly(packet->question->ipv6 ? FAMILY_NUMBER_IPV6 : FAMILY_NUMBER_IPV4);
	case SELECT_PROTOCOL:
		return exactly(PROTOCOL_TCP);
	case SELECT_SOURCE_PORT:
		return port_value(packet, flow, packet->leaves);
	case SELECT_DESTINATION_PORT:
		return port_value(packet, flow, !packet->leaves);
	case SELECT_ORIGINAL_SOURCE_PORT:
		return port_value(packet, flow, false);
	case SELECT_ORIGINAL_DESTINATION_PORT:
		return flow->untracked || flow->tracking_unknown ? not_known : exactly(packet->question->port);
	case SELECT_TCP_FLAGS:
		return flags_value(packet);
	case SELECT_STATE:
		return state_value(packet, flow);
	case SELECT_STATUS:
		return status_value(packet, flow);
	case SELECT_DIRECTION:
		return flow->untracked || flow->tracking_unknown || before_conntrack(packet) ? not_known
											     : exactly(packet->leaves);
	case SELECT_MARK:
		return flow->mark_unknown ? not_known : exactly(flow->mark);
	case SELECT_CONNECTION_MARK:
		return flow->connection_mark_unknown || flow->untracked || before_conntrack(packet)
			   ? not_known
			   : exactly(flow->connection_mark);
	case SELECT_USER:
	case SELECT_GROUP:
		return packet->leaves ? exactly(0) : not_there;
	case SELECT_LENGTH:
		return packet->kind == PACKET_SYN || packet->kind == PACKET_SYN_ACK
			   ? between(SYN_LENGTH_MINIMUM, SYN_LENGTH_MAXIMUM)
			   : between(SYN_LENGTH_MINIMUM, LAST_PORT);
	case SELECT_TTL:
		return between(1, 255);
	case SELECT_PACKET_TYPE:
		return packet->leaves ? not_known : exactly(0);
	case SELECT_SOURCE_TYPE:
		return exactly(packet->leaves ? TYPE_LOCAL : TYPE_UNICAST);
	case SELECT_DESTINATION_TYPE:
		return exactly(packet->leaves ? TYPE_UNICAST : TYPE_LOCAL);
	default:
		return not_known;
	}
}

static enum answer answer_of(int covers)
{
	return covers < 0 ? ANSWER_MAYBE : covers ? ANSWER_YES : ANSWER_NO;
}

static enum answer negated(enum answer answer, bool negate)
{
	if (!negate || answer == ANSWER_MAYBE)
		return answer;
	return answer == ANSWER_YES ? ANSWER_NO : ANSWER_YES;
}

/* Whether a value meets a test of numbers, negation left out. */
static enum answer value_meets(const struct value *value, const struct test *test)
{
	struct number masked;
	bool single = number_compare(value->first, value->last) == 0;

	if (value->unknown)
		return ANSWER_MAYBE;
	if (!test->mask)
		return answer_of(number_set_covers(&test->numbers, value->first, value->last));
	if (!single)
		return ANSWER_MAYBE;
	masked = number_of(value->first.low & test->mask);
	if (test->any_bit)
		return masked.low ? ANSWER_YES : ANSWER_NO;
	return answer_of(number_set_covers(&test->numbers, masked, masked));
}

/* Packets behind the handshake have the push flag now and then. */
static enum answer match_flags(const struct packet *packet, const struct test *test)
{
	struct value value = flags_value(packet), other;
	enum answer answer = value_meets(&value, test);

	if (packet->kind == PACKET_SYN || packet->kind == PACKET_SYN_ACK)
		return answer;
	other = exactly(FLAG_ACK | FLAG_PSH);
	return value_meets(&other, test) == answer ? answer : ANSWER_MAYBE;
}

/* The packet's interface stands for all names that no rule mentions ("*"), for all that begin with a prefix ("eth*"),
 * or for itself. */
static bool interface_is(const char *interface, const struct interface_name *name)
{
	size_t length = strlen(name->name), own = strlen(interface);
	bool several = own && interface[own - 1] == '*';

	if (several)
		own--;
	if (name->prefix)
		return own >= length && memcmp(interface, name->name, length) == 0;
	return !several && string_equal(interface, name->name);
}

/* The interface that a selector looks at, or NULL when the packet has none of that kind there. */
static const char *interface_of(const struct packet *packet, enum selector selector)
{
	bool wanted = selector == SELECT_OUT_INTERFACE;

	return wanted == packet->leaves ? packet->question->interface : NULL;
}

static enum answer match_interface(const struct packet *packet, const struct test *test)
{
	const char *interface = interface_of(packet, test->selector);
	bool found = false;

	if (!interface)
		return test->negate && test->absent_interface_matches_negation ? ANSWER_YES : ANSWER_NO;
	for (size_t i = 0; i < test->interfaces.count && !found; i++)
		found = interface_is(interface, &test->interfaces.items[i]);
	return negated(found ? ANSWER_YES : ANSWER_NO, test->negate);
}

/* The broadcast, multicast and loopback addresses: no client outside connects to those. */
static void special_addresses(bool ipv6, struct number_range *ret, size_t *ret_count)
{
	static const char *const ipv4_ranges[] = {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0-255.255.255.255"};
	static const char *const ipv6_ranges[] = {"::/127", "ff00::/8"};
	const char *const *ranges = ipv6 ? ipv6_ranges : ipv4_ranges;

	*ret_count = ipv6 ? ARRAY_SIZE(ipv6_ranges) : ARRAY_SIZE(ipv4_ranges);
	for (size_t i = 0; i < *ret_count; i++)
		address_parse_range(ranges[i], ipv6, &ret[i]);
}

/* Whether nothing but such addresses is in the set. */
static bool only_special(const struct number_set *set, bool ipv6)
{
	struct number_range special[4];
	size_t count;

	special_addresses(ipv6, special, &count);
	for (size_t i = 0; i < set->count; i++) {
		bool inside = false;

		for (size_t j = 0; j < count; j++)
			inside = inside || (number_compare(special[j].first, set->items[i].first) <= 0 &&
					    number_compare(special[j].last, set->items[i].last) >= 0);
		if (!inside)
			return false;
	}
	return true;
}

/* Whether the address of this machine that the client connects to is in the set. */
static enum answer match_local(const struct packet *packet, const struct number_set *set)
{
	const struct question *question = packet->question;
	unsigned answers = 0; /* bits of enum answer */

	if (number_set_covers(set, number_of(0), number_maximum(packet_address_bits(packet))) == 1)
		return ANSWER_YES;
	for (size_t i = 0; question->local && i < question->local->count; i++) {
		const struct local_address *local = &question->local->items[i];

		if (local->ipv6 == question->ipv6)
			answers |= 1U << answer_of(number_set_covers(set, local->first, local->last));
	}
	if (question->local_complete && answers == 1U << ANSWER_YES)
		return ANSWER_YES;
	if ((question->local_complete && answers == 1U << ANSWER_NO) || only_special(set, question->ipv6))
		return ANSWER_NO;
	return ANSWER_MAYBE;
}

static enum answer match_recent(const struct packet *packet, const struct test *test)
{
	bool set = false;

	if (test->recent.operation == RECENT_SET)
		return ANSWER_YES;
	for (size_t i = 0; i < packet->recent.count; i++)
		set = set || string_equal(packet->recent.items[i], test->recent.name);
	/* A client that was never seen is not on the list. */
	if (!set)
		return ANSWER_NO;
	if (test->recent.hit_count > 1 && packet->kind == PACKET_SYN)
		return ANSWER_NO;
	return test->recent.hit_count > RECENT_MAXIMUM ? ANSWER_NO : ANSWER_MAYBE;
}

static enum answer match_limit(const struct packet *packet, const struct test *test)
{
	if (packet->kind != PACKET_SYN && packet->kind != PACKET_SYN_ACK)
		return ANSWER_MAYBE;
	return test->limit_over ? ANSWER_NO : ANSWER_YES;
}

static enum answer match_number(const struct packet *packet, const struct test *test, const struct flow *flow)
{
	struct value value = selector_value(packet, test->selector, flow);

	/* Where nothing can be compared, the expression breaks off: also a negated one. */
	if (value.absent)
		return ANSWER_NO;
	return negated(value_meets(&value, test), test->negate);
}

enum answer match_test(const struct packet *packet, const struct test *test, const struct flow *flow)
{
	switch (test->selector) {
	case SELECT_ANSWER:
		return negated(test->constant, test->negate);
	case SELECT_IN_INTERFACE:
	case SELECT_OUT_INTERFACE:
		return match_interface(packet, test);
	case SELECT_TCP_FLAGS:
		return negated(match_flags(packet, test), test->negate);
	case SELECT_SOURCE:
	case SELECT_DESTINATION:
	case SELECT_ORIGINAL_SOURCE:
	case SELECT_ORIGINAL_DESTINATION:
		if (test->ipv6 != packet->question->ipv6)
			return ANSWER_NO;
		if (test->mask)
			return ANSWER_MAYBE;
		return negated(match_local(packet, &test->numbers), test->negate);
	case SELECT_LIMIT:
		return negated(match_limit(packet, test), test->negate);
	case SELECT_RECENT:
		return negated(match_recent(packet, test), test->negate);
	default:
		return match_number(packet, test, flow);
	}
}

void match_client(const struct packet *packet, const struct test *test, struct arena *arena, struct number_set *ret)
{
	*ret = (struct number_set){0};
	if (test->ipv6 != packet->question->ipv6)
		return;
	if (test->negate)
		number_set_complement(arena, &test->numbers, packet_address_bits(packet), ret);
	else
		*ret = test->numbers;
}

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

	if (part->selector == SELECT_OTHER)
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

		if (selects_client(packet, part->selector)) {
			if (part->ipv6 != packet->question->ipv6)
				return ANSWER_NO;
			*ret_range = element->key[i].range;
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
	if (lookup->set->field_count != 1 || !selects_client(packet, lookup->parts[0].selector))
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

static void subtract(struct arena *arena, struct number_set *set, const struct number_set *other, unsigned bits)
{
	struct number_set outside, rest = {0};
	size_t j = 0;

	if (!set->count || !other->count)
		return;
	number_set_complement(arena, other, bits, &outside);
	for (size_t i = 0; i < set->count; i++) {
		const struct number_range *range = &set->items[i];

		while (j < outside.count && number_compare(outside.items[j].last, range->first) < 0)
			j++;
		for (size_t k = j; k < outside.count && number_compare(outside.items[k].first, range->last) <= 0; k++) {
			struct number first = outside.items[k].first, last = outside.items[k].last;

			if (number_compare(first, range->first) < 0)
				first = range->first;
			if (number_compare(last, range->last) > 0)
				last = range->last;
			number_set_add(arena, &rest, first, last);
		}
	}
	*set = rest;
}

/* ipset's nomatch: of the elements that a key is in, the narrowest decides. Where one excludes and another does not,
 * and the one is not plainly inside the other, nothing is said. */
static void apply_exclusions(struct arena *arena, struct set_match *match, const struct number_set *excluded,
			     const struct number_set *narrower, unsigned bits)
{
	subtract(arena, &match->yes, excluded, bits);
	subtract(arena, &match->maybe, excluded, bits);
	for (size_t i = 0; i < narrower->count; i++)
		number_set_add(arena, &match->maybe, narrower->items[i].first, narrower->items[i].last);
	number_set_settle(&match->maybe);
	subtract(arena, &match->yes, &match->maybe, bits);
}

static void match_general(const struct packet *packet, const struct lookup *lookup, const struct flow *flow,
			  struct arena *arena, struct set_match *ret)
{
	unsigned bits = packet_address_bits(packet);
	struct number_set excluded = {0}, inside_excluded = {0};
	bool client = false;

	ret->answer = ANSWER_NO;
	for (size_t i = 0; i < lookup->set->elements.count; i++) {
		const struct set_element *element = &lookup->set->elements.items[i];
		struct number_range range = {.last = number_maximum(bits)};
		enum answer answer = match_element(packet, lookup, element, flow, &client, &range);

		if (answer == ANSWER_NO)
			continue;
		if (element->exclude) {
			number_set_add(arena, &excluded, range.first, range.last);
			continue;
		}
		number_set_add(arena, answer == ANSWER_YES ? &ret->yes : &ret->maybe, range.first, range.last);
	}
	number_set_settle(&ret->yes);
	number_set_settle(&ret->maybe);
	number_set_settle(&excluded);
	for (size_t i = 0; excluded.count && i < lookup->set->elements.count; i++) {
		const struct set_element *element = &lookup->set->elements.items[i];
		struct number_range range = {.last = number_maximum(bits)};

		if (!element->exclude && match_element(packet, lookup, element, flow, &client, &range) != ANSWER_NO &&
		    number_set_covers(&excluded, range.first, range.last) == 1)
			number_set_add(arena, &inside_excluded, range.first, range.last);
	}
	number_set_settle(&inside_excluded);
	apply_exclusions(arena, ret, &excluded, &inside_excluded, bits);
	subtract(arena, &ret->maybe, &ret->yes, bits);
}

void match_set(const struct packet *packet, const struct lookup *lookup, const struct flow *flow, struct arena *arena,
	       struct set_match *ret)
{
	struct number_set in_neither = {0}, whole = {0};
	unsigned bits = packet_address_bits(packet);

	*ret = (struct set_match){0};
	if (lookup->set->unknown) {
		ret->everywhere = true;
		ret->answer = ANSWER_MAYBE;
		return;
	}
	if (is_plain(packet, lookup)) {
		settle_plain(lookup->set, arena);
		if (lookup->parts[0].ipv6 == packet->question->ipv6)
			ret->yes = lookup->set->settled;
		else if (lookup->negate) {
			/* An expression that looks at the other family breaks off. */
			return;
		}
	} else {
		match_general(packet, lookup, flow, arena, ret);
	}
	if (!lookup->negate)
		return;
	for (unsigned i = 0; i < lookup->set->field_count; i++) {
		enum selector selector = lookup->parts[i].selector;
		bool address = selector == SELECT_SOURCE || selector == SELECT_DESTINATION ||
			       selector == SELECT_ORIGINAL_SOURCE || selector == SELECT_ORIGINAL_DESTINATION;

		if (address && lookup->parts[i].ipv6 != packet->question->ipv6) {
			*ret = (struct set_match){0};
			return;
		}
	}
	number_set_add(arena, &whole, number_of(0), number_maximum(bits));
	in_neither = whole;
	subtract(arena, &in_neither, &ret->yes, bits);
	subtract(arena, &in_neither, &ret->maybe, bits);
	ret->yes = in_neither;
}
