/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/firewall_judge.h"

#include "base/text.h"

/* The name among those that the rules mention that stands for an interface: itself, the longest prefix that it begins
 * with, or "*". */
static const char *standing_for(const string_list *mentioned, const char *name)
{
	const char *best = "*";

	for (size_t i = 0; i < mentioned->count; i++) {
		const char *candidate = mentioned->items[i];
		size_t length = strlen(candidate) - 1;

		if (string_equal(candidate, name))
			return candidate;
		if (candidate[length] == '*' && strncmp(candidate, name, length) == 0 && length >= strlen(best))
			best = candidate;
	}
	return best;
}

static bool is_configured(const string_list *mentioned, const struct network_facts *network, const char *interface)
{
	if (string_equal(interface, "*") && !network->interfaces_complete)
		return true;
	for (size_t i = 0; i < network->interfaces.count; i++) {
		if (string_equal(standing_for(mentioned, network->interfaces.items[i]), interface))
			return true;
	}
	return false;
}

static void add_all(struct arena *arena, struct number_set *set, const struct number_set *more)
{
	for (size_t i = 0; i < more->count; i++)
		number_set_add(arena, set, more->items[i].first, more->items[i].last);
}

/* Tunnels end at one machine: nobody is looked for. */
static bool is_tunnel(const char *interface)
{
	static const char *const prefixes[] = {"wg", "tun", "ppp", "tailscale", "sit", "gre"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (string_after(interface, prefixes[i]))
			return true;
	}
	return false;
}

/* Who is not found on the link gets no packets: what TCP alone would let in is kept out then, or not known. */
static void follow_neighbours(const struct firewall_world *world, const struct question *question, struct arena *arena,
			      struct firewall_reach *reach)
{
	struct evaluation evaluation;
	struct number_set open, closed, unknown, *kept = &reach->closed;

	if (!question->ipv6 && reach->open.count && !is_tunnel(reach->interface) && world->arp.reason) {
		add_all(arena, &reach->unknown, &reach->open);
		number_set_settle(&reach->unknown);
		reach->open = (struct number_set){0};
		reach->unknown_by = &world->arp;
	}
	if (!question->ipv6 || !reach->open.count || !world->judges_neighbours || is_tunnel(reach->interface))
		return;
	evaluate_neighbours(&world->ruleset, question, arena, &evaluation);
	evaluation_sources(&evaluation, PASSAGE_OPEN, arena, &open);
	evaluation_sources(&evaluation, PASSAGE_CLOSED, arena, &closed);
	evaluation_sources(&evaluation, PASSAGE_UNKNOWN, arena, &unknown);
	/* One address is enough for a router; which one, nobody says. */
	if (!unknown.count && !closed.count)
		return;
	if (open.count || unknown.count) {
		kept = &reach->unknown;
		reach->unknown_by = evaluation_obstacle(&evaluation, unknown.count ? PASSAGE_UNKNOWN : PASSAGE_CLOSED);
	} else {
		reach->closed_by = evaluation_obstacle(&evaluation, PASSAGE_CLOSED);
	}
	add_all(arena, kept, &reach->open);
	number_set_settle(kept);
	reach->open = (struct number_set){0};
}

static void follow_way(struct firewall_world *world, const struct firewall_way *way, const firewall_ways *ways,
		       const char *interface, const local_address_list *addresses, struct arena *arena)
{
	struct firewall_reach *reach = array_push(arena, &world->reaches);
	unsigned *ports = arena_alloc(arena, ways->count * sizeof(*ports));
	local_address_list only = {0};
	struct evaluation evaluation;
	struct local_address address = {.ipv6 = way->ipv6};
	struct question question = {
	    .ipv6 = way->ipv6,
	    .port = way->port,
	    .ports = ports,
	    .interface = interface,
	    .local = addresses,
	};

	for (size_t i = 0; i < ways->count; i++) {
		if (ways->items[i].ipv6 == way->ipv6)
			ports[question.port_count++] = ways->items[i].port;
	}
	if (way->address && address_parse(way->address, way->ipv6, &address.first)) {
		address.last = address.first;
		*array_push(arena, &only) = address;
		question.local = &only;
		question.local_complete = true;
	}
	evaluate(&world->ruleset, &question, arena, &evaluation);
	*reach = (struct firewall_reach){.way = way, .interface = interface};
	evaluation_sources(&evaluation, PASSAGE_OPEN, arena, &reach->open);
	evaluation_sources(&evaluation, PASSAGE_CLOSED, arena, &reach->closed);
	evaluation_sources(&evaluation, PASSAGE_UNKNOWN, arena, &reach->unknown);
	reach->closed_by = evaluation_obstacle(&evaluation, PASSAGE_CLOSED);
	reach->unknown_by = evaluation_obstacle(&evaluation, PASSAGE_UNKNOWN);
	follow_neighbours(world, &question, arena, reach);
}

void firewall_interfaces(const struct firewall_world *worlds, size_t count, struct arena *arena, string_list *ret)
{
	*ret = (string_list){0};
	for (size_t i = 0; i < count; i++) {
		string_list mentioned;

		ruleset_interfaces(&worlds[i].ruleset, arena, &mentioned);
		for (size_t j = 0; j < mentioned.count; j++) {
			bool known = false;

			for (size_t k = 0; k < ret->count && !known; k++)
				known = string_equal(ret->items[k], mentioned.items[j]);
			if (!known)
				*array_push(arena, ret) = mentioned.items[j];
		}
	}
}

void firewall_follow(struct firewall_world *world, const firewall_ways *ways, const string_list *interfaces,
		     const struct network_facts *network, const local_address_list *addresses, struct arena *arena)
{
	ruleset_may_drop_arp(&world->ruleset, &world->arp);
	for (size_t i = 0; i < ways->count; i++) {
		for (size_t j = 0; j < interfaces->count; j++) {
			const char *interface = interfaces->items[j];

			follow_way(world, &ways->items[i], ways, interface, addresses, arena);
			world->reaches.items[world->reaches.count - 1].configured =
			    is_configured(interfaces, network, interface);
		}
	}
}

/* --- two worlds ------------------------------------------------------------ */

static void agree_on(struct firewall_reach *reach, const struct firewall_reach *other, struct arena *arena)
{
	unsigned bits = reach->way->ipv6 ? 128 : 32;
	struct number_set settled = {0}, all = {0};

	add_all(arena, &all, &reach->open);
	add_all(arena, &all, &reach->closed);
	add_all(arena, &all, &reach->unknown);
	number_set_settle(&all);
	number_set_intersect(arena, &reach->open, &other->open);
	number_set_intersect(arena, &reach->closed, &other->closed);
	add_all(arena, &settled, &reach->open);
	add_all(arena, &settled, &reach->closed);
	number_set_settle(&settled);
	number_set_subtract(arena, &all, &settled, bits);
	reach->unknown = all;
	if (!reach->unknown_by)
		reach->unknown_by = other->unknown_by;
	if (!reach->closed_by)
		reach->closed_by = other->closed_by;
}

void firewall_agree(struct firewall_world *world, const struct firewall_world *other, struct arena *arena)
{
	for (size_t i = 0; i < world->reaches.count; i++)
		agree_on(&world->reaches.items[i], &other->reaches.items[i], arena);
}

bool firewall_is_most(const struct number_set *sources, bool ipv6)
{
	struct number half = number_maximum(ipv6 ? 127 : 31), sum = {0};

	for (size_t i = 0; i < sources->count; i++) {
		const struct number_range *range = &sources->items[i];
		struct number size = {range->last.high - range->first.high - (range->last.low < range->first.low),
				      range->last.low - range->first.low};

		sum.high += size.high + (sum.low + size.low < sum.low);
		sum.low += size.low;
	}
	return number_compare(sum, half) >= 0;
}
