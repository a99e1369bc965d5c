/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_COUNTERS_H
#define SSHRESCUE_REHEARSE_COUNTERS_H

/* The rules of the legacy iptables and their counters, which tell where a packet came to its end: such rules have no
 * trace that a program could read. By getsockopt(2), as libiptc does. */

#include "base/arena.h"
#include "rehearse/trace.h"

struct counted_rule {
	const char *chain;
	unsigned position; /* in its chain, from 1; of a policy, one behind the last rule */
	bool policy; /* of a built-in chain */
	bool ends; /* a packet that it takes gets no further: DROP, REJECT */
	uint64_t packets;
};
typedef ARRAY_OF(struct counted_rule) counted_rules;

/* A socket to ask the network namespace of the caller by, or negative errno. */
int counters_open(bool ipv6);
/* All rules of a table, in arena. 0, or negative errno where the kernel has no such table. */
int counters_read(int socket, bool ipv6, const char *table, struct arena *arena, counted_rules *ret);
/* The rule that took a packet between the two readings and let it go no further. */
bool counters_compare(const counted_rules *before, const counted_rules *after, bool ipv6, const char *table,
		      struct trace_verdict *ret);

#endif
