/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: do the rules that are loaded at boot let a new connection in, and the answer out? From which sources?
 *
 * The rules are put together as the boot would load them (firewall_boot.c, firewall_order.c, firewall_world.c), a
 * connection is followed through them (firewall_judge.c), and what stops it is raised with its repair
 * (firewall_findings.c).
 */
#include "stage/firewall.h"

#include <errno.h>

#include "base/text.h"
#include "parse/iptables_save.h"
#include "parse/nft.h"
#include "stage/firewall_judge.h"

/* Whether iptables(8) is the program for xtables' own tables: its name or that of what it links to says so. Since 1.8
 * the one for nft's is the usual one. */
static bool iptables_is_legacy(const struct facts *facts)
{
	static const char *const paths[] = {"/usr/sbin/iptables-restore", "/sbin/iptables-restore",
					    "/usr/bin/iptables-restore"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *resolved;

		if (!target_exists(facts->target, paths[i]) ||
		    target_resolve(facts->target, paths[i], true, facts->arena, &resolved) < 0)
			continue;
		return !strstr(resolved, "nft");
	}
	return false;
}

/* The ways to sshd: where it listens; on every address where it listens nowhere that clients can reach, for that is
 * another stage's problem, and is repaired before. */
static void find_ways(const struct facts *facts, firewall_ways *ret)
{
	listen_list list = {0};
	bool only_loopback = true;

	*ret = (firewall_ways){0};
	listen_addresses(facts, facts->arena, &list);
	for (size_t i = 0; i < list.count; i++)
		only_loopback = only_loopback && list.items[i].loopback;
	for (size_t i = 0; i < list.count; i++) {
		const struct listen_address *entry = &list.items[i];
		bool any = entry->any || only_loopback, known = false;
		struct firewall_way way = {entry->port, entry->ipv6, any ? NULL : entry->address};

		if ((entry->loopback && !only_loopback) ||
		    (facts->expected_port && entry->port != facts->expected_port))
			continue;
		for (size_t j = 0; j < ret->count && !known; j++)
			known = ret->items[j].port == way.port && ret->items[j].ipv6 == way.ipv6 &&
				(!ret->items[j].address ||
				 (way.address && string_equal(ret->items[j].address, way.address)));
		if (!known)
			*array_push(facts->arena, ret) = way;
	}
}

static struct firewall_loading loading_of(const struct facts *facts, struct findings *findings,
					  const struct network_facts *network)
{
	return (struct firewall_loading){
	    .target = facts->target,
	    .arena = facts->arena,
	    .findings = findings,
	    .zones = &network->zones,
	    .legacy = iptables_is_legacy(facts),
	    .names = iptables_save_names(facts->arena),
	    .services = nft_services(facts->arena),
	};
}

static void judge(const struct facts *facts, struct findings *findings, const firewall_loaders *loaders,
		  const firewall_ways *ways)
{
	struct firewall_loading loading;
	struct network_facts network;
	local_address_list addresses;
	firewall_orders orders;
	firewall_worlds worlds = {0};
	string_list interfaces;

	network_facts_load(facts->target, facts->arena, &network);
	loading = loading_of(facts, findings, &network);
	if (!firewall_find_orders(facts, loaders, facts->arena, &orders) ||
	    !firewall_build_worlds(&loading, &orders, &worlds)) {
		firewall_raise_unevaluated(findings, "the number of orders and outcomes of what loads rules", NULL, 0,
					   NULL);
		return;
	}
	network_addresses(facts->target, facts->arena, &addresses);
	firewall_interfaces(worlds.items, worlds.count, facts->arena, &interfaces);
	for (size_t i = 0; i < worlds.count; i++) {
		firewall_follow(&worlds.items[i], ways, &interfaces, &network, &addresses, facts->arena);
		if (i)
			firewall_agree(&worlds.items[0], &worlds.items[i], facts->arena);
	}
	for (size_t i = 0; i < worlds.count; i++)
		firewall_report_loading(findings, &worlds.items[i].report);
	firewall_report_reach(facts, findings, loaders, ways, &worlds.items[0]);
}

void stage_firewall(const struct facts *facts, struct findings *findings)
{
	firewall_loaders loaders;
	firewall_ways ways;

	if (facts->init == INIT_OTHER) {
		findings->skipped[STAGE_FIREWALL] = true;
		return;
	}
	firewall_find_loaders(facts, findings, &loaders);
	if (!loaders.count) {
		if (findings_stage_status(findings, STAGE_FIREWALL) == STAGE_OK)
			firewall_add_source(findings, "any");
		return;
	}
	find_ways(facts, &ways);
	judge(facts, findings, &loaders, &ways);
}

void firewall_build(const struct facts *facts, struct ruleset *ret)
{
	struct findings findings = {.arena = facts->arena};
	struct network_facts network;
	struct firewall_world world = {.ruleset.arena = facts->arena};
	struct firewall_loading loading;
	firewall_loaders loaders;
	firewall_orders orders;

	network_facts_load(facts->target, facts->arena, &network);
	loading = loading_of(facts, &findings, &network);
	firewall_find_loaders(facts, &findings, &loaders);
	if (firewall_find_orders(facts, &loaders, facts->arena, &orders) && orders.count) {
		for (size_t i = 0; i < orders.items[0].count; i++)
			firewall_load_steps(&loading, &orders.items[0].loaders[i]->steps, &world);
	}
	*ret = world.ruleset;
}
