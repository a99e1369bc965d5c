/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_MATCH_H
#define SSHRESCUE_FILTER_MATCH_H

/* Private to the evaluator: what a packet is like, and whether a test matches it. */

#include "filter/evaluate.h"
#include "filter/region.h"

/* The packet that is followed, as it is known for all its sources. */
struct packet {
	const struct question *question;
	enum packet_kind kind;
	bool leaves; /* this machine */
	enum filter_hook hook;
	int priority; /* of the chain that it is in */
	bool fresh; /* the first packet of its connection */
	/* Some flow differs from the others in these: then each flow must be asked. */
	bool marks_vary, ports_vary, tracking_varies;
	string_list recent; /* names of the recent match that were set on the way */
};

/* How many bits an address of this packet has. */
static inline unsigned packet_address_bits(const struct packet *packet)
{
	return packet->question->ipv6 ? 128 : 32;
}

/* Whether the selector is the client's address: then the answer depends on the source, see match_client(). */
bool selects_client(const struct packet *packet, enum selector selector);
/* Whether the answer may be another one for each flow. */
bool selector_varies(const struct packet *packet, enum selector selector);
/* Any test but those of the client's address. The flow is any of the region unless selector_varies(). */
enum answer match_test(const struct packet *packet, const struct test *test, const struct flow *flow);
/* The client's addresses for which a test of them matches; such a test has no doubt in it. */
void match_client(const struct packet *packet, const struct test *test, struct arena *arena, struct number_set *ret);

/* For a set: the client's addresses for which the key is in it, and for which it may be. everywhere: the key has no
 * client's address in it, and the answer is for all. */
struct set_match {
	bool everywhere;
	enum answer answer;
	struct number_set yes, maybe; /* settled, disjoint */
};
void match_set(const struct packet *packet, const struct lookup *lookup, const struct flow *flow, struct arena *arena,
	       struct set_match *ret);
/* One element of a set; with a client's address in the key, *ret_range is its part of it. */
enum answer match_element(const struct packet *packet, const struct lookup *lookup, const struct set_element *element,
			  const struct flow *flow, bool *ret_client, struct number_range *ret_range);

#endif
