/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rule sets that a boot may end with: what the loaders load, one after the other. */
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

/* The content of a step: from its file, or from the command line that it stands on. */
static int step_content(const struct firewall_loading *loading, const struct firewall_step *step, struct blob *ret)
{
	int r;

	if (step->text) {
		*ret = (struct blob){.data = (char *)step->text, .size = strlen(step->text)};
		return 0;
	}
	r = target_read(loading->target, step->path, TARGET_FILE_LIMIT, loading->arena, ret, NULL);
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
static bool load_step(const struct firewall_loading *loading, const struct firewall_step *step,
		      struct firewall_world *world)
{
	struct target *target = loading->target;
	bool legacy = step->other_backend ? step->legacy : loading->legacy;
	unsigned line = step->text ? step->line : 0;
	size_t notes = world->report.notes.count;
	struct blob content;

	if (step->fate == FATE_FAILS)
		return false;
	if (step->format == FIREWALL_UFW) {
		ufw_load(target, &world->ruleset, legacy, &world->report);
	} else if (step->format == FIREWALL_FIREWALLD) {
		/* What firewalld does with ICMP is not read. */
		world->judges_neighbours = false;
		firewalld_load(target, &world->ruleset, loading->zones, &world->report);
	} else if (step_content(loading, step, &content) < 0) {
		return false;
	} else if (step->format == FIREWALL_NFT) {
		nft_load(&world->ruleset,
			 &(struct nft_input){.target = target,
					     .content = content,
					     .path = step->path,
					     .line = line,
					     .services = loading->services},
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
				       .names = loading->names,
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

static void load_steps(const struct firewall_loading *loading, const firewall_steps *steps,
		       struct uncertain_steps *uncertain, struct firewall_world *world)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct firewall_step *step = &steps->items[i];
		size_t notes = world->report.notes.count;
		bool loaded = !is_left_out(uncertain, step) && load_step(loading, step, world);

		if (!loaded && step->stops)
			return;
		if (uncertain->left_out ||
		    (step->fate != FATE_UNCERTAIN && !has_outcome(&world->report, notes, LOAD_UNCERTAIN)))
			continue;
		if (uncertain->count < UNCERTAIN_LIMIT)
			uncertain->items[uncertain->count++] = step;
		else
			uncertain->too_many = true;
	}
}

void firewall_load_steps(const struct firewall_loading *loading, const firewall_steps *steps,
			 struct firewall_world *world)
{
	struct uncertain_steps uncertain = {0};

	load_steps(loading, steps, &uncertain, world);
}

/* Loads everything in order but what is left out; when that is nothing, finds what is uncertain. */
static void build_world(const struct firewall_loading *loading, const struct firewall_order *order,
			struct uncertain_steps *uncertain, struct firewall_world *ret)
{
	*ret = (struct firewall_world){.order = order, .ruleset.arena = loading->arena, .judges_neighbours = true};
	for (size_t i = 0; i < order->count; i++)
		load_steps(loading, &order->loaders[i]->steps, uncertain, ret);
}

bool firewall_build_worlds(const struct firewall_loading *loading, const firewall_orders *orders, firewall_worlds *ret)
{
	struct arena *arena = loading->arena;

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
