/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_MATCH_H
#define SSHRESCUE_FILTER_MATCH_H

/* Private to the evaluator: what a packet is like, and whether a test matches it. */

#include "filter/evaluate.h"
#include "filter/region.h"

/* A list of the recent match, and how often the client was put on it. */
struct recent_list {
	const char *name;
	unsigned times;
};

/* The packet that is followed, as it is known for all its sources. */
struct packet {
	const struct question *question;
	enum packet_kind kind;
	bool leaves; /* this machine */
	enum filter_hook hook;
	int priority; /* of the chain that it is in, see chain_priority() */
	bool nat; /* that chain is of type nat */
	/* Some flow differs from the others in these: then each flow must be asked. */
	bool marks_vary, ports_vary, tracking_varies;
	ARRAY_OF(struct recent_list) recent; /* that the connection was put on */
};

static inline bool is_neighbour_discovery(const struct packet *packet)
{
	return packet_is_neighbours(packet->kind);
}

/* Where in its hook a chain is run: all of type nat where the kernel translates, whatever their own priority is. */
int chain_priority(const struct chain *chain);
/* Whether connection tracking has an entry for the packet, where it is now. */
enum answer is_tracked(const struct packet *packet, const struct flow *flow);
/* Whether connection tracking has still to see the packet. */
enum answer before_tracking(const struct packet *packet);

/* Whether the connection really goes, or may go, to another port or address than the client said. */
bool translation_matters(const struct question *question, const struct flow *flow);

/* How many bits an address of this packet has. */
static inline unsigned packet_address_bits(const struct packet *packet)
{
	return packet->question->ipv6 ? 128 : 32;
}

/* Whether the selector is the client's address: then the answer depends on the source, see match_client(). */
bool selects_client(const struct packet *packet, enum selector selector);
/* Whether the selector looks at conntrack's entry: a rule with it makes the kernel track connections. */
bool selects_connection(enum selector selector);
/* Whether the answer may be another one for each flow. */
bool selector_varies(const struct packet *packet, enum selector selector);
/* Whether the selector finds anything to look at; where it does not, a test does not match, negated or not. */
enum answer selector_present(const struct packet *packet, enum selector selector, bool ipv6, const struct flow *flow);
/* Any test but those of the client's address. The flow is any of the region unless selector_varies(). */
enum answer match_test(const struct packet *packet, const struct test *test, const struct flow *flow);
/* The client's addresses for which a test of them matches, where selector_present(). */
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
