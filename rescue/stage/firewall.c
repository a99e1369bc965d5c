/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: do the rules that are loaded at boot let a new connection in, and the answer out? From which sources?
 *
 * The rules are put together as the boot would load them (firewall_boot.c, firewall_order.c), a connection is followed
 * through them (firewall_judge.c), and what stops it is raised with its repair (firewall_findings.c).
 */
#include "stage/firewall.h"

#include <errno.h>

#include "base/text.h"
#include "parse/firewalld.h"
#include "parse/iptables_save.h"
#include "parse/nft.h"
#include "parse/ufw.h"
#include "stage/firewall_judge.h"

enum {
	WORLD_LIMIT = 64,
	UNCERTAIN_LIMIT = 6, /* steps of one order: 64 worlds */
};

struct loading {
	const struct facts *facts;
	struct findings *findings;
	const struct network_facts *network;
	bool legacy; /* what plain "iptables" is in this root */
};

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

/* The content of a step: from its file, or from the command line that it stands on. */
static int step_content(const struct loading *loading, const struct firewall_step *step, struct blob *ret)
{
	int r;

	if (step->text) {
		*ret = (struct blob){.data = (char *)step->text, .size = strlen(step->text)};
		return 0;
	}
	r = target_read(loading->facts->target, step->path, TARGET_FILE_LIMIT, loading->facts->arena, ret, NULL);
	/* What is not there loads nothing. */
	if (r < 0 && r != -ENOENT)
		firewall_raise_unevaluated(loading->findings, step->path, step->path, 0, strerror(-r));
	return r;
}

/* Whether one of the notes from that index on has the outcome. */
static bool has_outcome(const struct load_report *report, size_t first, enum load_outcome outcome)
{
	for (; first < report->notes.count; first++) {
		if (report->notes.items[first].outcome == outcome)
			return true;
	}
	return false;
}

/* False where the step fails, at least in part. */
static bool load_step(const struct loading *loading, const struct firewall_step *step, struct firewall_world *world)
{
	struct target *target = loading->facts->target;
	bool legacy = step->other_backend ? step->legacy : loading->legacy;
	unsigned line = step->text ? step->line : 0;
	size_t notes = world->report.notes.count;
	struct blob content;

	if (step->format == FIREWALL_UFW) {
		ufw_load(target, &world->ruleset, legacy, &world->report);
	} else if (step->format == FIREWALL_FIREWALLD) {
		firewalld_load(target, &world->ruleset, &loading->network->zones, &world->report);
	} else if (step_content(loading, step, &content) < 0) {
		return false;
	} else if (step->format == FIREWALL_NFT) {
		nft_load(&world->ruleset,
			 &(struct nft_input){.target = target, .content = content, .path = step->path, .line = line},
			 &world->report);
	} else if (step->format == FIREWALL_IPSET) {
		ipset_save_load(&world->ruleset, content, step->path, &world->report);
	} else {
		iptables_save_load(&world->ruleset,
				   &(struct iptables_input){
				       .target = target,
				       .content = content,
				       .path = step->path,
				       .line = line,
				       .ipv6 = step->ipv6,
				       .legacy = legacy,
				       .keep = step->keep,
				   },
				   &world->report);
	}
	return !has_outcome(&world->report, notes, LOAD_REFUSED);
}

/* Steps of which it is not known whether they load. */
struct uncertain_steps {
	const struct firewall_step *items[UNCERTAIN_LIMIT];
	size_t count;
	bool too_many;
	unsigned left_out; /* those that fail in the world at hand, bits by their place in items */
};

static bool is_left_out(const struct uncertain_steps *uncertain, const struct firewall_step *step)
{
	for (size_t i = 0; i < uncertain->count; i++) {
		if (uncertain->items[i] == step)
			return uncertain->left_out & 1U << i;
	}
	return false;
}

static void load_steps(const struct loading *loading, const firewall_steps *steps, struct uncertain_steps *uncertain,
		       struct firewall_world *world)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct firewall_step *step = &steps->items[i];
		size_t notes = world->report.notes.count;
		bool loaded = !is_left_out(uncertain, step) && load_step(loading, step, world);

		if (!loaded && step->stops)
			return;
		if (uncertain->left_out || !has_outcome(&world->report, notes, LOAD_UNCERTAIN))
			continue;
		if (uncertain->count < UNCERTAIN_LIMIT)
			uncertain->items[uncertain->count++] = step;
		else
			uncertain->too_many = true;
	}
}

/* Loads everything in order but what is left out; when that is nothing, finds what is uncertain. */
static void build_world(const struct loading *loading, const struct firewall_order *order,
			struct uncertain_steps *uncertain, struct firewall_world *ret)
{
	*ret = (struct firewall_world){.order = order, .ruleset.arena = loading->facts->arena};
	for (size_t i = 0; i < order->count; i++)
		load_steps(loading, &order->loaders[i]->steps, uncertain, ret);
}

typedef ARRAY_OF(struct firewall_world) world_list;

/* Every rule set that the boot may end with: for each order, with and without what may not load. */
static bool build_worlds(const struct loading *loading, const firewall_orders *orders, world_list *ret)
{
	struct arena *arena = loading->facts->arena;

	for (size_t i = 0; i < orders->count; i++) {
		struct uncertain_steps uncertain = {0};
		struct firewall_world world;

		build_world(loading, &orders->items[i], &uncertain, &world);
		*array_push(arena, ret) = world;
		if (uncertain.too_many)
			return false;
		for (unsigned left_out = (1U << uncertain.count) - 1; left_out; left_out--) {
			if (ret->count == WORLD_LIMIT)
				return false;
			uncertain.left_out = left_out;
			build_world(loading, &orders->items[i], &uncertain, &world);
			*array_push(arena, ret) = world;
		}
	}
	return true;
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

static void judge(const struct loading *loading, const firewall_loaders *loaders, const firewall_ways *ways)
{
	const struct facts *facts = loading->facts;
	local_address_list addresses;
	firewall_orders orders;
	world_list worlds = {0};
	string_list interfaces;

	if (!firewall_find_orders(facts, loaders, facts->arena, &orders) || !build_worlds(loading, &orders, &worlds)) {
		firewall_raise_unevaluated(loading->findings, "the number of orders and outcomes of what loads rules",
					   NULL, 0, NULL);
		return;
	}
	network_addresses(facts->target, facts->arena, &addresses);
	firewall_interfaces(worlds.items, worlds.count, facts->arena, &interfaces);
	for (size_t i = 0; i < worlds.count; i++) {
		firewall_follow(&worlds.items[i], ways, &interfaces, loading->network, &addresses, facts->arena);
		if (i)
			firewall_agree(&worlds.items[0], &worlds.items[i], facts->arena);
	}
	for (size_t i = 0; i < worlds.count; i++)
		firewall_report_loading(loading->findings, &worlds.items[i].report);
	firewall_report_reach(facts, loading->findings, loaders, ways, &worlds.items[0]);
}

void stage_firewall(const struct facts *facts, struct findings *findings)
{
	struct network_facts network;
	struct loading loading = {.facts = facts, .findings = findings, .network = &network};
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
	network_facts_load(facts->target, facts->arena, &network);
	loading.legacy = iptables_is_legacy(facts);
	judge(&loading, &loaders, &ways);
}

void firewall_build(const struct facts *facts, struct ruleset *ret)
{
	struct findings findings = {.arena = facts->arena};
	struct network_facts network;
	struct loading loading = {
	    .facts = facts, .findings = &findings, .network = &network, .legacy = iptables_is_legacy(facts)};
	struct firewall_world world = {.ruleset.arena = facts->arena};
	struct uncertain_steps uncertain = {0};
	firewall_loaders loaders;
	firewall_orders orders;

	network_facts_load(facts->target, facts->arena, &network);
	firewall_find_loaders(facts, &findings, &loaders);
	if (firewall_find_orders(facts, &loaders, facts->arena, &orders) && orders.count)
		build_world(&loading, &orders.items[0], &uncertain, &world);
	*ret = world.ruleset;
}
