/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/counters.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/text.h"

enum {
	TABLE_LIMIT = 64 * 1024 * 1024
};

int counters_open(bool ipv6)
{
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	return fd < 0 ? -errno : fd;
}

/* What both families have, where each of them has it. The two structures for a table's size are alike. */
struct entry {
	size_t target, next; /* offsets from its own beginning */
	uint64_t packets;
};

static bool read_entry(bool ipv6, const char *data, size_t size, struct entry *ret)
{
	if (ipv6) {
		const struct ip6t_entry *entry = (const struct ip6t_entry *)data;

		if (size < sizeof(*entry))
			return false;
		*ret = (struct entry){entry->target_offset, entry->next_offset, entry->counters.pcnt};
	} else {
		const struct ipt_entry *entry = (const struct ipt_entry *)data;

		if (size < sizeof(*entry))
			return false;
		*ret = (struct entry){entry->target_offset, entry->next_offset, entry->counters.pcnt};
	}
	return ret->next <= size && ret->target + sizeof(struct xt_entry_target) <= ret->next;
}

static bool is_named(const struct xt_entry_target *target, const char *name)
{
	return strncmp(target->u.user.name, name, sizeof(target->u.user.name)) == 0;
}

static bool ends_packets(const struct xt_entry_target *target)
{
	if (is_named(target, XT_STANDARD_TARGET))
		return ((const struct xt_standard_target *)target)->verdict == -NF_DROP - 1;
	return is_named(target, "REJECT");
}

/* The built-in chain that begins (or ends with its policy) at an offset, or NULL. */
static const char *hook_at(const struct ipt_getinfo *info, const unsigned *offsets, size_t offset)
{
	static const char *const names[NF_INET_NUMHOOKS] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};

	for (unsigned hook = 0; hook < ARRAY_SIZE(names); hook++) {
		if (info->valid_hooks & 1u << hook && offsets[hook] == offset)
			return names[hook];
	}
	return NULL;
}

static void take_entries(const struct ipt_getinfo *info, bool ipv6, const char *data, struct arena *arena,
			 counted_rules *ret)
{
	const char *chain = NULL;
	unsigned position = 0;
	bool own = false; /* the chain is one of the user's */
	struct entry entry;

	for (size_t offset = 0; read_entry(ipv6, data + offset, info->size - offset, &entry); offset += entry.next) {
		const struct xt_entry_target *target = (const void *)(data + offset + entry.target);

		if (hook_at(info, info->hook_entry, offset)) {
			chain = hook_at(info, info->hook_entry, offset);
			position = 0;
			own = false;
		}
		if (is_named(target, XT_ERROR_TARGET)) {
			/* A chain of the user's begins, or the table ends. The one before ends with a RETURN that
			 * nobody wrote. */
			if (own && position)
				ret->count--;
			own = true;
			chain = arena_strdup(arena, ((const struct xt_error_target *)target)->errorname);
			position = 0;
			continue;
		}
		if (!chain)
			continue;
		*array_push(arena, ret) = (struct counted_rule){
		    .chain = chain,
		    .position = ++position,
		    .policy = hook_at(info, info->underflow, offset) != NULL,
		    .ends = ends_packets(target),
		    .packets = entry.packets,
		};
	}
}

int counters_read(int socket, bool ipv6, const char *table, struct arena *arena, counted_rules *ret)
{
	int level = ipv6 ? SOL_IPV6 : SOL_IP;
	struct ipt_getinfo info = {0};
	struct ipt_get_entries *entries;
	socklen_t size = sizeof(info);

	_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "the two are alike");
	_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "the two are alike");
	snprintf(info.name, sizeof(info.name), "%s", table);
	if (getsockopt(socket, level, ipv6 ? IP6T_SO_GET_INFO : IPT_SO_GET_INFO, &info, &size) < 0)
		return -errno;
	if (info.size > TABLE_LIMIT)
		return -EFBIG;
	size = (socklen_t)(sizeof(*entries) + info.size);
	entries = arena_alloc(arena, size);
	snprintf(entries->name, sizeof(entries->name), "%s", table);
	entries->size = info.size;
	if (getsockopt(socket, level, ipv6 ? IP6T_SO_GET_ENTRIES : IPT_SO_GET_ENTRIES, entries, &size) < 0)
		return -errno;
	take_entries(&info, ipv6, (const char *)entries->entrytable, arena, ret);
	return 0;
}

bool counters_compare(const counted_rules *before, const counted_rules *after, bool ipv6, const char *table,
		      struct trace_verdict *ret)
{
	for (size_t i = 0; i < after->count && before->count == after->count; i++) {
		const struct counted_rule *rule = &after->items[i];

		if (!rule->ends || rule->packets <= before->items[i].packets)
			continue;
		*ret = (struct trace_verdict){
		    .found = true,
		    .legacy = true,
		    .policy = rule->policy,
		    .family = ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
		    .position = rule->position,
		};
		snprintf(ret->table, sizeof(ret->table), "%s", table);
		snprintf(ret->chain, sizeof(ret->chain), "%s", rule->chain);
		for (size_t j = 0; j < after->count; j++)
			ret->rule_count += !after->items[j].policy && string_equal(after->items[j].chain, rule->chain);
		return true;
	}
	return false;
}
