/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/match.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONNTRACK_PRIORITY = -200, /* NF_IP_PRI_CONNTRACK */
	DESTINATION_NAT_PRIORITY = -100, /* NF_IP_PRI_NAT_DST */
	SOURCE_NAT_PRIORITY = 100, /* NF_IP_PRI_NAT_SRC */
	STATUS_KNOWN =
	    STATUS_EXPECTED | STATUS_SEEN_REPLY | STATUS_ASSURED | STATUS_CONFIRMED | STATUS_SNAT | STATUS_DNAT,
	FIRST_CLIENT_PORT = 1024, /* no client that is not root uses lower ones */
	LAST_PORT = 65535,
	FLAG_SYN = 2,
	FLAG_PSH = 8,
	FLAG_ACK = 16,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMPV6 = 58,
	ICMPV6_SOLICITATION = 135,
	ICMPV6_ADVERTISEMENT = 136,
	/* With an IP header, and one option or none */
	NEIGHBOUR_LENGTH_MINIMUM = 64,
	NEIGHBOUR_LENGTH_MAXIMUM = 80,
	NEIGHBOUR_HOP_LIMIT = 255,
	FAMILY_NUMBER_IPV4 = 2, /* NFPROTO_IPV4 */
	FAMILY_NUMBER_IPV6 = 10,
	TYPE_UNICAST = 1, /* RTN_UNICAST, RTN_LOCAL of rtnetlink.h */
	TYPE_LOCAL = 2,
	TYPE_MULTICAST = 5,
	PACKET_TYPE_MULTICAST = 2, /* PACKET_MULTICAST of if_packet.h */
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

int chain_priority(const struct chain *chain)
{
	if (!chain->nat)
		return chain->priority;
	return chain->hook == HOOK_PREROUTING || chain->hook == HOOK_OUTPUT ? DESTINATION_NAT_PRIORITY
									    : SOURCE_NAT_PRIORITY;
}

static bool is_original_address(enum selector selector)
{
	return selector == SELECT_ORIGINAL_SOURCE || selector == SELECT_ORIGINAL_DESTINATION;
}

static bool is_address(enum selector selector)
{
	return selector == SELECT_SOURCE || selector == SELECT_DESTINATION || is_original_address(selector);
}

bool selects_client(const struct packet *packet, enum selector selector)
{
	return selector == SELECT_ORIGINAL_SOURCE || selector == (packet->leaves ? SELECT_DESTINATION : SELECT_SOURCE);
}

bool selector_varies(const struct packet *packet, enum selector selector)
{
	switch (selector) {
	case SELECT_MARK:
		return packet->marks_vary;
	case SELECT_CONNECTION_MARK:
		return packet->marks_vary || packet->tracking_varies;
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
		return packet->ports_vary;
	case SELECT_STATUS:
		return packet->ports_vary || packet->tracking_varies;
	case SELECT_STATE:
	case SELECT_DIRECTION:
	case SELECT_ORIGINAL_SOURCE:
	case SELECT_ORIGINAL_DESTINATION:
	case SELECT_ORIGINAL_SOURCE_PORT:
	case SELECT_ORIGINAL_DESTINATION_PORT:
		return packet->tracking_varies;
	default:
		return false;
	}
}

/* Of hooks at one priority, the one registered last is run first; when conntrack's own was is not known. */
enum answer before_tracking(const struct packet *packet)
{
	if (packet->hook == HOOK_INGRESS)
		return ANSWER_YES;
	if ((packet->hook != HOOK_PREROUTING && packet->hook != HOOK_OUTPUT) || packet->priority > CONNTRACK_PRIORITY)
		return ANSWER_NO;
	return packet->priority < CONNTRACK_PRIORITY ? ANSWER_YES : ANSWER_MAYBE;
}

enum answer is_tracked(const struct packet *packet, const struct flow *flow)
{
	enum answer before = before_tracking(packet);

	/* Conntrack marks neighbour discovery as untracked. */
	if (is_neighbour_discovery(packet) || (flow->untracked && !flow->tracking_unknown))
		return ANSWER_NO;
	if (before != ANSWER_NO)
		return before == ANSWER_YES ? ANSWER_NO : ANSWER_MAYBE;
	if (flow->tracking_unknown || flow->tracking_unknown_before)
		return ANSWER_MAYBE;
	if (!flow->untracked_before)
		return ANSWER_YES;
	/* Conntrack takes no SYN-ACK for the beginning of a connection. What it makes of one whose middle it meets
	 * depends on a sysctl and on what came before. */
	return packet->kind == PACKET_SYN_ACK ? ANSWER_NO : ANSWER_MAYBE;
}

/* This machine's port as the chain sees it: translation of what comes in is done at -100 of prerouting, and undone for
 * what leaves at 100 of postrouting. */
static struct value local_port(const struct packet *packet, const struct flow *flow)
{
	bool before = packet->hook == HOOK_PREROUTING, after = packet->hook == HOOK_POSTROUTING;

	if (flow->port == packet->question->port || packet->hook == HOOK_INGRESS || packet->hook == HOOK_EGRESS ||
	    (before && packet->priority < DESTINATION_NAT_PRIORITY) ||
	    (after && packet->priority > SOURCE_NAT_PRIORITY))
		return exactly(packet->question->port);
	if ((before && packet->priority == DESTINATION_NAT_PRIORITY) ||
	    (after && packet->priority == SOURCE_NAT_PRIORITY))
		return not_known;
	return exactly(flow->port);
}

static struct value neighbour_state(const struct packet *packet, const struct flow *flow)
{
	enum answer before = flow->untracked ? ANSWER_NO : before_tracking(packet);

	if (before == ANSWER_MAYBE || flow->tracking_unknown)
		return not_known;
	return exactly(before == ANSWER_YES ? STATE_INVALID : STATE_UNTRACKED);
}

static struct value state_value(const struct packet *packet, const struct flow *flow)
{
	if (is_neighbour_discovery(packet))
		return neighbour_state(packet, flow);
	switch (is_tracked(packet, flow)) {
	case ANSWER_YES:
		return exactly(packet->kind == PACKET_SYN ? STATE_NEW : STATE_ESTABLISHED);
	case ANSWER_NO:
		return exactly(flow->untracked ? STATE_UNTRACKED : STATE_INVALID);
	default:
		return not_known;
	}
}

/* Of a connection that is tracked. The kernel has more bits than those with a name. */
static struct value status_value(const struct packet *packet, const struct flow *flow)
{
	uint64_t status = flow->port != packet->question->port ? STATUS_DNAT : 0;

	if (packet->kind != PACKET_SYN)
		status |= STATUS_SEEN_REPLY | STATUS_CONFIRMED;
	if (packet->kind != PACKET_SYN && packet->kind != PACKET_SYN_ACK)
		status |= STATUS_ASSURED;
	return exactly(status);
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
	return local ? local_port(packet, flow) : between(FIRST_CLIENT_PORT, LAST_PORT);
}

/* The owner of the socket. Packets that come in have found theirs before the input hook, if it is a connection's. */
static struct value owner_value(const struct packet *packet)
{
	if (packet->leaves)
		return exactly(0);
	return packet->hook == HOOK_INPUT && packet->kind != PACKET_SYN ? not_known : not_there;
}

bool selects_connection(enum selector selector)
{
	switch (selector) {
	case SELECT_STATE:
	case SELECT_STATUS:
	case SELECT_DIRECTION:
	case SELECT_CONNECTION_MARK:
	case SELECT_ORIGINAL_SOURCE:
	case SELECT_ORIGINAL_DESTINATION:
	case SELECT_ORIGINAL_SOURCE_PORT:
	case SELECT_ORIGINAL_DESTINATION_PORT:
		return true;
	default:
		return false;
	}
}

/* Where a packet of neighbour discovery is another than one of a connection. Its first bytes, which are no ports, are
 * left out: a rule that asks for those asks for the protocol before. */
static bool neighbour_value(const struct packet *packet, enum selector selector, struct value *ret)
{
	bool asks = packet->kind == PACKET_SOLICITATION;

	switch (selector) {
	case SELECT_PROTOCOL:
		*ret = exactly(PROTOCOL_ICMPV6);
		return true;
	case SELECT_ICMP6_TYPE:
		*ret = exactly(asks ? ICMPV6_SOLICITATION : ICMPV6_ADVERTISEMENT);
		return true;
	case SELECT_SOURCE_PORT:
	case SELECT_DESTINATION_PORT:
	case SELECT_TCP_FLAGS:
		*ret = not_known;
		return true;
	case SELECT_USER:
	case SELECT_GROUP: /* The kernel's own socket has no owner. */
		*ret = not_there;
		return true;
	case SELECT_LENGTH:
		*ret = between(NEIGHBOUR_LENGTH_MINIMUM, NEIGHBOUR_LENGTH_MAXIMUM);
		return true;
	case SELECT_TTL:
		*ret = exactly(NEIGHBOUR_HOP_LIMIT);
		return true;
	case SELECT_PACKET_TYPE:
		*ret = exactly(asks ? PACKET_TYPE_MULTICAST : 0);
		return true;
	case SELECT_DESTINATION_TYPE:
		*ret = exactly(asks ? TYPE_MULTICAST : TYPE_UNICAST);
		return true;
	default:
		return false;
	}
}

static struct value selector_value(const struct packet *packet, enum selector selector, const struct flow *flow)
{
	struct value value;

	bool tracked_only = selects_connection(selector) && selector != SELECT_STATE;
	enum answer tracked = tracked_only ? is_tracked(packet, flow) : ANSWER_YES;

	if (tracked != ANSWER_YES)
		return tracked == ANSWER_NO ? not_there : not_known;
	if (is_neighbour_discovery(packet) && neighbour_value(packet, selector, &value))
		return value;
	switch (selector) {
	case SELECT_ICMP6_TYPE:
		return not_there;
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
		return exactly(packet->question->port);
	case SELECT_TCP_FLAGS:
		return flags_value(packet);
	case SELECT_STATE:
		return state_value(packet, flow);
	case SELECT_STATUS:
		return status_value(packet, flow);
	case SELECT_DIRECTION:
		return exactly(packet->leaves);
	case SELECT_MARK:
		return flow->mark_unknown ? not_known : exactly(flow->mark);
	case SELECT_CONNECTION_MARK:
		return flow->connection_mark_unknown ? not_known : exactly(flow->connection_mark);
	case SELECT_USER:
	case SELECT_GROUP:
		return owner_value(packet);
	case SELECT_LENGTH:
		return packet->kind == PACKET_SYN || packet->kind == PACKET_SYN_ACK
			   ? between(SYN_LENGTH_MINIMUM, SYN_LENGTH_MAXIMUM)
			   : between(SYN_LENGTH_MINIMUM, LAST_PORT);
	case SELECT_TTL:
		return between(1, 255);
	case SELECT_PACKET_TYPE:
		return exactly(0); /* PACKET_HOST, also for what leaves */
	case SELECT_SOURCE_TYPE:
		return exactly(packet->leaves ? TYPE_LOCAL : TYPE_UNICAST);
	case SELECT_DESTINATION_TYPE:
		return exactly(packet->leaves ? TYPE_UNICAST : TYPE_LOCAL);
	default:
		return not_known;
	}
}

enum answer selector_present(const struct packet *packet, enum selector selector, bool ipv6, const struct flow *flow)
{
	struct value value;

	if (is_address(selector)) {
		if (ipv6 != packet->question->ipv6)
			return ANSWER_NO;
		return is_original_address(selector) ? is_tracked(packet, flow) : ANSWER_YES;
	}
	value = selector_value(packet, selector, flow);
	if (value.absent)
		return ANSWER_NO;
	/* What is not known of the packet itself is there all the same. */
	return value.unknown && ((selects_connection(selector) && selector != SELECT_STATE) ||
				 selector == SELECT_USER || selector == SELECT_GROUP)
		   ? ANSWER_MAYBE
		   : ANSWER_YES;
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
	struct value value = is_neighbour_discovery(packet) ? not_known : flags_value(packet), other;
	enum answer answer = value_meets(&value, test);

	if (packet->kind == PACKET_SYN || packet->kind == PACKET_SYN_ACK || is_neighbour_discovery(packet))
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

/* The interface that a selector looks at. Where the packet has none of that kind, the kernel compares an empty name. */
static const char *interface_of(const struct packet *packet, enum selector selector)
{
	bool wanted = selector == SELECT_OUT_INTERFACE;

	return wanted == packet->leaves ? packet->question->interface : "";
}

static enum answer match_interface(const struct packet *packet, const struct test *test)
{
	const char *interface = interface_of(packet, test->selector);
	bool found = false;

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

/* Whether the group of the machine's address, that a solicitation goes to, is in the set: ff02::1:ffXX:XXXX with the
 * address's last three bytes. */
static enum answer match_group(const struct packet *packet, const struct number_set *set)
{
	static const struct number group = {0xff02000000000000, 0x00000001ff000000};
	const uint64_t own = 0xffffff;
	const struct question *question = packet->question;
	struct number first = group, last = {group.high, group.low | own};
	unsigned answers = 0; /* bits of enum answer */

	for (size_t i = 0; question->local && i < question->local->count; i++) {
		const struct local_address *local = &question->local->items[i];

		if (!local->ipv6)
			continue;
		if (number_compare(local->first, local->last) == 0)
			first.low = last.low = group.low | (local->first.low & own);
		else
			first = group, last.low = group.low | own;
		answers |= 1U << answer_of(number_set_covers(set, first, last));
	}
	if (!answers || !question->local_complete)
		answers |= 1U << answer_of(number_set_covers(set, group, (struct number){group.high, group.low | own}));
	return answers == 1U << ANSWER_YES ? ANSWER_YES : answers == 1U << ANSWER_NO ? ANSWER_NO : ANSWER_MAYBE;
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
	unsigned times = 0;

	if (test->recent.operation == RECENT_SET)
		return ANSWER_YES;
	for (size_t i = 0; i < packet->recent.count; i++) {
		if (string_equal(packet->recent.items[i].name, test->recent.name))
			times = packet->recent.items[i].times;
	}
	/* A client that was never seen is not on the list. */
	if (!times || (packet->kind == PACKET_SYN && test->recent.hit_count > times))
		return ANSWER_NO;
	return test->recent.hit_count > RECENT_MAXIMUM ? ANSWER_NO : ANSWER_MAYBE;
}

static enum answer match_limit(const struct packet *packet, const struct test *test)
{
	if (packet->kind != PACKET_SYN && packet->kind != PACKET_SYN_ACK && !is_neighbour_discovery(packet))
		return ANSWER_MAYBE;
	return test->limit_over ? ANSWER_NO : ANSWER_YES;
}

bool translation_matters(const struct question *question, const struct flow *flow)
{
	size_t addresses = 0;

	for (size_t i = 0; question->local && i < question->local->count; i++)
		addresses += question->local->items[i].ipv6 == question->ipv6;
	return flow->translated && (flow->port != question->port || addresses != 1 || !question->local_complete);
}

/* Of bits without a name nothing is known; a translation to the same port may be one to another address, or none. */
static bool status_bits_known(const struct packet *packet, const struct test *test, const struct flow *flow)
{
	if (test->mask & STATUS_DNAT && flow->port == packet->question->port &&
	    translation_matters(packet->question, flow))
		return false;
	return test->mask && !(test->mask & ~(uint64_t)STATUS_KNOWN);
}

static enum answer match_number(const struct packet *packet, const struct test *test, const struct flow *flow)
{
	struct value value = selector_value(packet, test->selector, flow);

	/* Where nothing can be compared, the expression breaks off: also a negated one. But xtables' states SNAT and
	 * DNAT, which are tests of these bits as well, are not there on what is not tracked. */
	if (value.absent)
		return test->negate && test->selector == SELECT_STATUS && test->any_bit &&
			       !(test->mask & ~(uint64_t)(STATUS_SNAT | STATUS_DNAT))
			   ? ANSWER_MAYBE
			   : ANSWER_NO;
	if (test->selector == SELECT_STATUS && !status_bits_known(packet, test, flow))
		return ANSWER_MAYBE;
	return negated(value_meets(&value, test), test->negate);
}

static enum answer match_address(const struct packet *packet, const struct test *test, const struct flow *flow)
{
	enum answer present = selector_present(packet, test->selector, test->ipv6, flow);

	if (present == ANSWER_NO)
		return ANSWER_NO;
	if (present == ANSWER_MAYBE || test->mask)
		return ANSWER_MAYBE;
	return negated(packet->kind == PACKET_SOLICITATION ? match_group(packet, &test->numbers)
							   : match_local(packet, &test->numbers),
		       test->negate);
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
		return match_address(packet, test, flow);
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
	if (test->negate)
		number_set_complement(arena, &test->numbers, packet_address_bits(packet), ret);
	else
		*ret = test->numbers;
}
