/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_TRACE_H
#define SSHRESCUE_REHEARSE_TRACE_H

/* Asks nf_tables what becomes of a packet: its trace, through nfnetlink. Rules of iptables-nft are seen as well. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct mnl_socket;

enum {
	TRACE_NAME = 128, /* NFT_NAME_MAXLEN is 256; longer ones are cut */
	TRACE_PACKETS = 16, /* of one connection */
};

/* Where a packet came to its end. */
struct trace_verdict {
	bool found;
	bool policy; /* of the chain; else a rule did it */
	bool legacy; /* in a table of the legacy iptables */
	unsigned family; /* NFPROTO_… */
	char table[TRACE_NAME], chain[TRACE_NAME];
	uint64_t handle; /* of the rule */
	unsigned position; /* of the rule in its chain, from 1; 0: not known */
	unsigned rule_count; /* of the chain */
	/* The packets that belong to the connection, by the numbers that the kernel tells them apart with: only the
	 * first word of each shows its ports. */
	uint32_t packets[TRACE_PACKETS];
	size_t packet_count;
};

/* The socket is one of NETLINK_NETFILTER in the namespace of the rules. Marks every packet that comes in by the devices
 * or goes out from now on as traced, and subscribes to what is told of them. The tables that it adds decide nothing. 0
 * or negative errno. */
int trace_begin(struct mnl_socket *socket, const string_list *devices);
/* Reads what has been told until now: the end of a packet between the two ports, either way. True when it was found. */
bool trace_read(struct mnl_socket *socket, unsigned client_port, unsigned server_port, struct trace_verdict *ret);
/* Looks up which rule of its chain it was; socket is another one, without a subscription. */
void trace_locate(struct mnl_socket *socket, struct trace_verdict *verdict);

#endif
