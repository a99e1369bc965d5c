/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_EVALUATE_H
#define SSHRESCUE_FILTER_EVALUATE_H

/*
 * Follows one new TCP connection from a client outside to a port of this machine through a rule set, for all source
 * addresses at once: the SYN in, the SYN-ACK out, the ACK in and the data out. What no rule set can see is answered
 * three-valued: let through, kept out, or not known. Neighbour discovery is followed in the same way.
 */

#include "filter/ruleset.h"

enum passage {
	PASSAGE_OPEN, /* the connection comes about */
	PASSAGE_CLOSED,
	PASSAGE_UNKNOWN, /* something on the way was not understood, or depends on what is not known here */
};

/* The packets of a connection, in order. */
enum packet_kind {
	PACKET_SYN, /* in */
	PACKET_SYN_ACK, /* out */
	PACKET_ACK, /* in, and all that the client sends later */
	PACKET_DATA, /* out, from now on */
	PACKET_KIND_COUNT,
	/* Of IPv6's neighbour discovery (RFC 4861), without which nobody on the link finds the machine */
	PACKET_SOLICITATION = PACKET_KIND_COUNT, /* in: a router asks who has the machine's address */
	PACKET_ADVERTISEMENT, /* out: the machine does */
};

static inline bool packet_leaves(enum packet_kind kind)
{
	return kind == PACKET_SYN_ACK || kind == PACKET_DATA || kind == PACKET_ADVERTISEMENT;
}

static inline bool packet_is_neighbours(enum packet_kind kind)
{
	return kind == PACKET_SOLICITATION || kind == PACKET_ADVERTISEMENT;
}

struct local_address {
	bool ipv6;
	struct number first, last; /* one address, or a network that it is surely in */
};
typedef ARRAY_OF(struct local_address) local_address_list;

struct question {
	bool ipv6;
	unsigned port; /* that the client connects to */
	const unsigned *ports; /* that sshd listens on: a translation to any of them is as good */
	size_t port_count;
	const char *interface; /* the name by which packets come in; names that no rule mentions are all alike */
	/* The addresses of this machine. complete: it has no others. Otherwise a test of the local address that none of
	 * these answers is "maybe". */
	const local_address_list *local;
	bool local_complete;
};

/* Why connections from somewhere do not come about, or why it is not known. */
struct obstacle {
	enum packet_kind packet;
	const struct chain *chain; /* where it happened; NULL: in none, the reason says it */
	const struct rule *rule; /* that did it; NULL: the chain's policy */
	bool refused; /* rejected, not dropped */
	bool diverted; /* translated to another port or machine */
	bool perhaps_earlier; /* PASSAGE_CLOSED: something before it may have stopped them already */
	const char *reason; /* PASSAGE_UNKNOWN: what was not understood; may be NULL */
};

/* Where the rule or policy stands; NULL where the obstacle is in no chain. */
static inline const struct place *obstacle_place(const struct obstacle *obstacle)
{
	if (obstacle->rule)
		return &obstacle->rule->place;
	return obstacle->chain ? &obstacle->chain->policy_place : NULL;
}

struct passage_range {
	struct number first, last; /* source addresses */
	enum passage passage;
	struct obstacle obstacle; /* unless open */
};

struct evaluation {
	ARRAY_OF(struct passage_range) ranges; /* sorted; all sources that a client may have, and no others */
};

/* Everything in ret is in arena. Linear in the rules that apply; gives up on rule sets made to be slow (obstacle.chain
 * NULL, PASSAGE_UNKNOWN). */
void evaluate(const struct ruleset *ruleset, const struct question *question, struct arena *arena,
	      struct evaluation *ret);

/* The same for neighbour discovery: from which link-local addresses the machine's own is found. Routers ask from such a
 * one. The question is one of IPv6; its port does not matter. */
void evaluate_neighbours(const struct ruleset *ruleset, const struct question *question, struct arena *arena,
			 struct evaluation *ret);

/* arp.c: whether some rule or policy may hold back ARP, without which nobody on the link finds an IPv4 address; *ret
 * says which one. */
bool ruleset_may_drop_arp(const struct ruleset *ruleset, struct obstacle *ret);

/* The sources for which the answer is that one. */
void evaluation_sources(const struct evaluation *evaluation, enum passage passage, struct arena *arena,
			struct number_set *ret);
/* The obstacle of most sources whose passage is that one, or NULL. */
const struct obstacle *evaluation_obstacle(const struct evaluation *evaluation, enum passage passage);

/* The interface names for which the rule set may answer differently: each name that it mentions, one for every prefix,
 * and one that it does not mention ("*"). The loopback is left out. */
void ruleset_interfaces(const struct ruleset *ruleset, struct arena *arena, string_list *ret);

#endif
