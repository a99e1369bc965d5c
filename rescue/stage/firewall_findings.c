/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From who gets in to problems: what stops everybody, what lets only some in, what was not understood. */
#include "stage/firewall_judge.h"

#include "base/text.h"

enum {
	PREFIX_LIMIT = 8, /* that are printed of one set of sources */
};

/* --- what was loaded ------------------------------------------------------- */

static bool is_raised(const struct findings *findings, enum problem_code code, const struct place *place)
{
	for (size_t i = 0; i < findings->problems.count; i++) {
		const struct problem *problem = findings->problems.items[i];

		if (problem->code == code && problem->line == place->line && problem->path && place->path &&
		    string_equal(problem->path, place->path))
			return true;
	}
	return false;
}

void firewall_report_loading(struct findings *findings, const struct load_report *report)
{
	for (size_t i = 0; i < report->notes.count; i++) {
		const struct load_note *note = &report->notes.items[i];
		struct problem *problem;

		if (note->outcome != LOAD_REFUSED || is_raised(findings, PROBLEM_FIREWALL_REFUSED, &note->place))
			continue;
		problem = problem_raise(findings, PROBLEM_FIREWALL_REFUSED, note->place.path, note->place.line, "%s",
					note->place.path ? note->place.path : "a command of the boot");
		problem_evidence(findings, problem, "%s", note->message);
	}
}

/* --- sources --------------------------------------------------------------- */

void firewall_add_source(struct findings *findings, const char *source)
{
	for (size_t i = 0; i < findings->sources.count; i++) {
		if (string_equal(findings->sources.items[i], source))
			return;
	}
	*array_push(findings->arena, &findings->sources) = arena_strdup(findings->arena, source);
}

/* "203.0.113.0/24, 198.51.100.7", or all but a few: "any IPv4 but 192.0.2.0/24". */
static const char *sources_text(struct arena *arena, const struct firewall_reach *reach)
{
	struct text text = {.arena = arena};
	bool ipv6 = reach->way->ipv6;

	if (!firewall_is_most(&reach->open, ipv6)) {
		address_set_print(&text, &reach->open, ipv6, PREFIX_LIMIT);
		return text.data;
	}
	text_add_string(&text, ipv6 ? "any IPv6" : "any IPv4");
	if (reach->closed.count + reach->unknown.count) {
		text_add_string(&text, " but ");
		address_set_print(&text, reach->closed.count ? &reach->closed : &reach->unknown, ipv6, PREFIX_LIMIT);
	}
	return text.data;
}

static bool is_open(const struct firewall_reach *reach)
{
	return reach->configured && reach->open.count;
}

/* Open to most sources. */
static bool is_wide_open(const struct firewall_reach *reach)
{
	return reach->configured && firewall_is_most(&reach->open, reach->way->ipv6);
}

static const char *interface_text(struct arena *arena, const struct firewall_reach *reach)
{
	return string_equal(reach->interface, "*") ? "" : arena_printf(arena, " via %s", reach->interface);
}

/* All that is known of one way, through all interfaces. */
struct way_summary {
	const struct firewall_way *way;
	bool wide_open; /* through some interface, and through all that no rule singles out */
	bool open, unknown;
	bool open_elsewhere; /* only through interfaces that nothing configures */
	const struct firewall_reach *best; /* the reach that speaks for the way: the widest that is configured */
};

static void summarise(const struct firewall_world *world, const struct firewall_way *way, struct way_summary *ret)
{
	bool others_closed = false;

	*ret = (struct way_summary){.way = way};
	for (size_t i = 0; i < world->reaches.count; i++) {
		const struct firewall_reach *reach = &world->reaches.items[i];

		if (reach->way != way)
			continue;
		ret->wide_open = ret->wide_open || is_wide_open(reach);
		others_closed =
		    others_closed || (reach->configured && string_equal(reach->interface, "*") && !is_wide_open(reach));
		ret->open = ret->open || is_open(reach);
		ret->unknown = ret->unknown || (reach->configured && reach->unknown.count);
		ret->open_elsewhere = ret->open_elsewhere || (!reach->configured && reach->open.count);
		if (reach->configured && (!ret->best || (!is_open(ret->best) && is_open(reach))))
			ret->best = reach;
	}
	ret->wide_open = ret->wide_open && !others_closed;
}

/* --- problems -------------------------------------------------------------- */

struct judgement {
	const struct facts *facts;
	struct findings *findings;
	const firewall_loaders *loaders;
	const struct firewall_world *world;
	struct way_summary *summaries;
	size_t count;
	bool any_open; /* some way is open to somebody */
};

static const char *family_text(bool ipv4, bool ipv6)
{
	return ipv4 && ipv6 ? "" : ipv4 ? "IPv4 " : "IPv6 ";
}

/* "new IPv4 connections to port 22 (chain input of table filter)": what is kept out, and where. */
static const char *blocked_subject(struct arena *arena, const struct obstacle *obstacle, bool ipv4, bool ipv6,
				   unsigned port)
{
	const char *family = family_text(ipv4, ipv6), *what;

	switch (obstacle->packet) {
	case PACKET_SOLICITATION:
	case PACKET_ADVERTISEMENT:
		what =
		    arena_printf(arena, "IPv6 neighbour discovery, without which no connection reaches port %u", port);
		break;
	case PACKET_SYN:
		what = arena_printf(arena, "new %sconnections to port %u", family, port);
		break;
	case PACKET_ACK:
		what = arena_printf(arena, "%spackets of connections to port %u that it let in", family, port);
		break;
	default:
		what = arena_printf(arena, "the answers to %sconnections to port %u", family, port);
		break;
	}
	if (!obstacle->chain)
		return what;
	return arena_printf(arena, "%s (chain %s of table %s)", what, obstacle->chain->name,
			    obstacle->chain->table->name);
}

/* Where it stands, or a place that is nowhere. */
static struct place place_of(const struct obstacle *obstacle)
{
	const struct place *place = obstacle ? obstacle_place(obstacle) : NULL;

	return place ? *place : (struct place){0};
}

static void add_rule_evidence(const struct judgement *judgement, struct problem *problem,
			      const struct obstacle *obstacle)
{
	const struct place place = place_of(obstacle);

	if (obstacle->reason && place.text)
		problem_evidence(judgement->findings, problem, "%.*s: %s", (int)place.text_length, place.text,
				 obstacle->reason);
	else if (obstacle->reason)
		problem_evidence(judgement->findings, problem, "%s", obstacle->reason);
	else if (place.text)
		problem_evidence(judgement->findings, problem, "%.*s%s", (int)place.text_length, place.text,
				 obstacle->diverted ? " (sends them elsewhere)" : "");
	else if (!obstacle->rule)
		problem_evidence(judgement->findings, problem, "the policy of the chain");
}

/* Whose file the obstacle stands in. */
static bool obstacle_format(const struct judgement *judgement, const struct obstacle *obstacle,
			    enum firewall_format *ret)
{
	const char *path = place_of(obstacle).path;
	bool nft = false;

	if (!path)
		path = "";
	if (path_is_below(path, "/etc/ufw") || path_is_below(path, "/etc/default/ufw") ||
	    path_is_below(path, "/usr/share/ufw") || path_is_below(path, "/lib/ufw")) {
		*ret = FIREWALL_UFW;
		return true;
	}
	if (path_is_below(path, "/etc/firewalld") || path_is_below(path, "/usr/lib/firewalld") ||
	    (obstacle->chain && string_equal(obstacle->chain->table->name, "firewalld"))) {
		*ret = FIREWALL_FIREWALLD;
		return true;
	}
	for (size_t i = 0; path && i < judgement->loaders->count; i++) {
		const firewall_steps *steps = &judgement->loaders->items[i].steps;

		for (size_t j = 0; j < steps->count; j++) {
			const struct firewall_step *step = &steps->items[j];

			if (string_equal(step->path, path)) {
				*ret = step->format;
				return !step->text;
			}
			nft = nft || step->format == FIREWALL_NFT;
		}
	}
	/* A file that an nft file includes. */
	*ret = FIREWALL_NFT;
	return path && nft;
}

static void add_repair(const struct judgement *judgement, struct problem *problem, struct breach *breach)
{
	static bool (*const repairs[])(const struct facts *facts, struct findings *findings, struct problem *problem,
				       const struct breach *breach) = {
	    [FIREWALL_NFT] = firewall_repair_nft,
	    [FIREWALL_IPTABLES] = firewall_repair_iptables,
	    [FIREWALL_UFW] = firewall_repair_ufw,
	    [FIREWALL_FIREWALLD] = firewall_repair_firewalld,
	};
	bool neighbours = packet_is_neighbours(breach->obstacle->packet);
	enum firewall_format format;

	for (size_t i = 0; i < judgement->loaders->count; i++) {
		const firewall_steps *steps = &judgement->loaders->items[i].steps;

		for (size_t j = 0; j < steps->count; j++)
			*array_push(judgement->findings->arena, &breach->loaded) = (char *)steps->items[j].path;
	}
	if (obstacle_format(judgement, breach->obstacle, &format) && format < ARRAY_SIZE(repairs) && repairs[format] &&
	    (!neighbours || format == FIREWALL_NFT || format == FIREWALL_IPTABLES) &&
	    repairs[format](judgement->facts, judgement->findings, problem, breach))
		return;
	problem->class = REPAIR_REPORT;
	if (!problem->remedy && neighbours)
		problem_remedy(
		    judgement->findings, problem, "%s",
		    "accept ICMPv6 neighbour solicitations and advertisements (types 135 and 136) before this "
		    "rule");
	else if (!problem->remedy)
		problem_remedy(judgement->findings, problem, "let TCP connections to port %u in before this rule",
			       breach->port);
}

static bool same_obstacle(const struct obstacle *a, const struct obstacle *b)
{
	return a && b && a->packet == b->packet && a->chain == b->chain && a->rule == b->rule;
}

/* Nobody gets in on this way. The other family is raised with it where the same rule stops it. */
static void raise_blocked(const struct judgement *judgement, size_t index, bool *done)
{
	const struct way_summary *summary = &judgement->summaries[index];
	const struct obstacle *obstacle = summary->best ? summary->best->closed_by : NULL;
	struct breach breach = {
	    .port = summary->way->port, .obstacle = obstacle, .ruleset = &judgement->world->ruleset};
	const struct place place = place_of(obstacle);
	struct problem *problem;

	breach.ipv4 = !summary->way->ipv6;
	breach.ipv6 = summary->way->ipv6;
	for (size_t i = index + 1; i < judgement->count; i++) {
		const struct way_summary *other = &judgement->summaries[i];

		if (done[i] || other->open || other->unknown || other->way->port != summary->way->port ||
		    other->way->ipv6 == summary->way->ipv6 || !other->best ||
		    !same_obstacle(other->best->closed_by, obstacle))
			continue;
		breach.ipv4 = breach.ipv6 = done[i] = true;
	}
	if (!obstacle)
		return;
	problem =
	    problem_raise(judgement->findings, PROBLEM_FIREWALL_BLOCKED, place.path, place.line, "%s",
			  blocked_subject(judgement->findings->arena, obstacle, breach.ipv4, breach.ipv6, breach.port));
	if (judgement->any_open)
		problem->severity = SEVERITY_LIMITS;
	add_rule_evidence(judgement, problem, obstacle);
	add_repair(judgement, problem, &breach);
	judgement->findings->partial[STAGE_FIREWALL] = true;
}

static void raise_unknown(const struct judgement *judgement, const struct way_summary *summary)
{
	const struct obstacle *obstacle = NULL;
	struct place place;
	struct problem *problem;

	for (size_t i = 0; i < judgement->world->reaches.count && !obstacle; i++) {
		const struct firewall_reach *reach = &judgement->world->reaches.items[i];

		if (reach->way == summary->way && reach->configured && reach->unknown.count)
			obstacle = reach->unknown_by;
	}
	place = place_of(obstacle);
	problem = problem_raise(judgement->findings, PROBLEM_FIREWALL_UNKNOWN, place.path, place.line,
				"%sconnections to port %u", family_text(!summary->way->ipv6, summary->way->ipv6),
				summary->way->port);
	if (judgement->any_open)
		problem->severity = SEVERITY_LIMITS;
	if (obstacle)
		add_rule_evidence(judgement, problem, obstacle);
	else
		problem_evidence(judgement->findings, problem,
				 "it depends on which of the rules files is loaded last, or on whether one loads");
}

/* Somebody gets in, but only by an interface that nothing in this root configures. */
static void raise_elsewhere(const struct judgement *judgement, const struct way_summary *summary)
{
	const struct firewall_reach *open = NULL;
	struct problem *problem;

	for (size_t i = 0; i < judgement->world->reaches.count && !open; i++) {
		const struct firewall_reach *reach = &judgement->world->reaches.items[i];

		if (reach->way == summary->way && reach->open.count)
			open = reach;
	}
	problem = problem_raise(judgement->findings, PROBLEM_FIREWALL_UNKNOWN, NULL, 0, "%sconnections to port %u",
				family_text(!summary->way->ipv6, summary->way->ipv6), summary->way->port);
	if (judgement->any_open)
		problem->severity = SEVERITY_LIMITS;
	problem_evidence(judgement->findings, problem,
			 "they are let in via %s only, and no network configuration names that interface",
			 open->interface);
}

static void raise_restricted(const struct judgement *judgement, const struct way_summary *summary)
{
	const struct obstacle *obstacle =
	    summary->best->closed_by ? summary->best->closed_by : summary->best->unknown_by;
	const struct place place = place_of(obstacle);
	struct problem *problem = problem_raise(
	    judgement->findings, PROBLEM_FIREWALL_RESTRICTED, place.path, place.line, "%sconnections to port %u",
	    family_text(!summary->way->ipv6, summary->way->ipv6), summary->way->port);

	problem_evidence(judgement->findings, problem, "only from %s%s",
			 sources_text(judgement->findings->arena, summary->best),
			 interface_text(judgement->findings->arena, summary->best));
}

/* "any" where every address of both families is let in by every interface. */
static void add_sources(const struct judgement *judgement)
{
	struct arena *arena = judgement->findings->arena;
	bool wide[2] = {false, false}, plain[2] = {false, false};

	for (size_t i = 0; i < judgement->world->reaches.count; i++) {
		const struct firewall_reach *reach = &judgement->world->reaches.items[i];
		bool all = !reach->closed.count && !reach->unknown.count && string_equal(reach->interface, "*");

		wide[reach->way->ipv6] = wide[reach->way->ipv6] || is_wide_open(reach);
		plain[reach->way->ipv6] = plain[reach->way->ipv6] || (all && reach->configured);
	}
	if (plain[false] && plain[true]) {
		firewall_add_source(judgement->findings, "any");
		return;
	}
	for (size_t i = 0; i < judgement->world->reaches.count; i++) {
		const struct firewall_reach *reach = &judgement->world->reaches.items[i];

		if (!is_open(reach) || (wide[reach->way->ipv6] && !is_wide_open(reach)))
			continue;
		firewall_add_source(judgement->findings, arena_printf(arena, "%s%s", sources_text(arena, reach),
								      interface_text(arena, reach)));
	}
}

/* Whether anything on the way of IPv6 packets into the machine has rules, or a policy that drops. */
static bool filters_ipv6(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->tables.count; i++) {
		const struct table *table = ruleset->tables.items[i];

		if (table->dormant ||
		    (table->family != FILTER_IPV6 && table->family != FILTER_INET && table->family != FILTER_NETDEV))
			continue;
		for (size_t j = 0; j < table->chains.count; j++) {
			const struct chain *chain = table->chains.items[j];

			if (chain->base && chain->hook <= HOOK_INPUT &&
			    (chain->policy == VERDICT_DROP || chain_rule_count(chain)))
				return true;
		}
	}
	return false;
}

/* IPv6 needs neighbour discovery as well: where it is not judged, nobody is promised a connection by IPv6 alone. */
static void raise_neighbours(const struct judgement *judgement)
{
	const struct way_summary *ipv6 = NULL;
	struct problem *problem;

	for (size_t i = 0; i < judgement->count; i++) {
		if (judgement->summaries[i].open && !judgement->summaries[i].way->ipv6)
			return;
		if (judgement->summaries[i].open && !ipv6)
			ipv6 = &judgement->summaries[i];
	}
	if (!ipv6 || judgement->world->judges_neighbours || !filters_ipv6(&judgement->world->ruleset))
		return;
	problem = problem_raise(judgement->findings, PROBLEM_FIREWALL_UNKNOWN, NULL, 0, "IPv6 connections to port %u",
				ipv6->way->port);
	problem_evidence(judgement->findings, problem,
			 "TCP gets in, but whether ICMPv6 neighbour discovery does, without which nobody finds the "
			 "machine, is not judged; and IPv4 is not open");
}

void firewall_report_reach(const struct facts *facts, struct findings *findings, const firewall_loaders *loaders,
			   const firewall_ways *ways, const struct firewall_world *world)
{
	struct judgement judgement = {
	    .facts = facts,
	    .findings = findings,
	    .loaders = loaders,
	    .world = world,
	    .summaries = arena_alloc(facts->arena, ways->count * sizeof(struct way_summary)),
	    .count = ways->count,
	};
	bool *done = arena_alloc(facts->arena, ways->count * sizeof(*done));

	for (size_t i = 0; i < ways->count; i++) {
		summarise(world, &ways->items[i], &judgement.summaries[i]);
		judgement.any_open = judgement.any_open || judgement.summaries[i].open;
	}
	for (size_t i = 0; i < judgement.count; i++) {
		const struct way_summary *summary = &judgement.summaries[i];

		if (summary->open && !summary->wide_open)
			raise_restricted(&judgement, summary);
		else if (!summary->open && summary->unknown)
			raise_unknown(&judgement, summary);
		else if (!summary->open && summary->open_elsewhere)
			raise_elsewhere(&judgement, summary);
		else if (!summary->open && !done[i])
			raise_blocked(&judgement, i, done);
	}
	raise_neighbours(&judgement);
	add_sources(&judgement);
}
