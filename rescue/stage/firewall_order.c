/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which order the boot runs what loads packet filter rules: the last one to touch a table has the last word. Where
 * systemd's orderings do not say, every order is possible. */
#include "stage/firewall_load.h"

#include "base/text.h"
#include "parse/unit_words.h"

enum {
	LOADER_LIMIT = 8,
	ORDER_LIMIT = 24,
};

bool firewall_unit_names(const struct facts *facts, const struct unit *unit, const char *key, const char *name)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Unit", key, setting))) {
		const char *cursor = setting->value;
		char *word;

		while (unit_word_next(facts->arena, &cursor, UNIT_WORD_KEEP_ESCAPE, &word) == 1) {
			if (string_equal(word, name))
				return true;
		}
	}
	return false;
}

/* Targets that firewalls and networks are ordered by, in the order in which a boot reaches them. */
static const char *const landmarks[] = {"local-fs-pre.target",	 "local-fs.target",    "sysinit.target",
					"basic.target",		 "network-pre.target", "network.target",
					"network-online.target", "multi-user.target"};

/* The first landmark that the unit comes before, and the last one that it comes after, as numbers from 1. */
static void find_landmarks(const struct facts *facts, const struct unit *unit, size_t *ret_before, size_t *ret_after)
{
	const struct unit_setting *defaults = unit_get(unit, "Unit", "DefaultDependencies");

	*ret_before = ARRAY_SIZE(landmarks) + 1;
	*ret_after = 0;
	for (size_t i = ARRAY_SIZE(landmarks); i-- > 0;) {
		if (firewall_unit_names(facts, unit, "Before", landmarks[i]))
			*ret_before = i + 1;
		if (!*ret_after && firewall_unit_names(facts, unit, "After", landmarks[i]))
			*ret_after = i + 1;
	}
	/* Services come after basic.target unless they say otherwise. */
	if ((!defaults || unit_boolean(defaults->value) != 0) && *ret_after < 4)
		*ret_after = 4;
}

/* Whether the one is certain to have run when the other does. */
static bool precedes(const struct facts *facts, const struct firewall_loader *first,
		     const struct firewall_loader *second)
{
	size_t before, after, unused;

	if (first->moment != MOMENT_UNIT && second->moment != MOMENT_UNIT)
		return first->moment < second->moment;
	if (first->moment != MOMENT_UNIT) {
		find_landmarks(facts, second->unit, &unused, &after);
		return first->moment == MOMENT_INTERFACE && after >= 6;
	}
	find_landmarks(facts, first->unit, &before, &unused);
	if (second->moment != MOMENT_UNIT)
		return before <= (second->moment == MOMENT_INTERFACE ? 6U : ARRAY_SIZE(landmarks));
	if (firewall_unit_names(facts, first->unit, "Before", second->unit->name) ||
	    firewall_unit_names(facts, second->unit, "After", first->unit->name))
		return true;
	if (firewall_unit_names(facts, second->unit, "Before", first->unit->name) ||
	    firewall_unit_names(facts, first->unit, "After", second->unit->name))
		return false;
	find_landmarks(facts, second->unit, &unused, &after);
	return before <= after;
}

struct orders {
	const struct facts *facts;
	struct arena *arena;
	const struct firewall_loader *loaders[LOADER_LIMIT];
	size_t count;
	bool used[LOADER_LIMIT];
	const struct firewall_loader *order[LOADER_LIMIT];
	firewall_orders *result;
};

static bool exclude_each_other(const struct orders *orders, size_t a, size_t b)
{
	const struct firewall_loader *first = orders->loaders[a], *second = orders->loaders[b];

	return first->moment == MOMENT_UNIT && second->moment == MOMENT_UNIT &&
	       (unit_boot_conflicts(orders->facts->units, first->name, second->name) ||
		unit_boot_conflicts(orders->facts->units, second->name, first->name));
}

/* Whether the loader at index may be the next one: nothing that comes before it is left, and it may run at all. */
static bool may_follow(const struct orders *orders, size_t index)
{
	for (size_t i = 0; i < orders->count; i++) {
		if (i == index)
			continue;
		if (orders->used[i] ? exclude_each_other(orders, i, index)
				    : precedes(orders->facts, orders->loaders[i], orders->loaders[index]) &&
					  !exclude_each_other(orders, i, index))
			return false;
	}
	return true;
}

/* Adds every order that begins with the first `depth` loaders of orders->order. */
static bool extend(struct orders *orders, size_t depth)
{
	bool extended = false;

	for (size_t i = 0; i < orders->count; i++) {
		if (orders->used[i] || !may_follow(orders, i))
			continue;
		extended = true;
		orders->used[i] = true;
		orders->order[depth] = orders->loaders[i];
		if (!extend(orders, depth + 1))
			return false;
		orders->used[i] = false;
	}
	if (extended)
		return true;
	if (orders->result->count == ORDER_LIMIT)
		return false;
	*array_push(orders->arena, orders->result) = (struct firewall_order){
	    .loaders = (const struct firewall_loader **)(void *)arena_memdup(orders->arena, orders->order,
									     depth * sizeof(*orders->order)),
	    .count = depth,
	};
	return true;
}

bool firewall_find_orders(const struct facts *facts, const firewall_loaders *loaders, struct arena *arena,
			  firewall_orders *ret)
{
	struct orders orders = {.facts = facts, .arena = arena, .result = ret};

	*ret = (firewall_orders){0};
	if (loaders->count > LOADER_LIMIT)
		return false;
	for (size_t i = 0; i < loaders->count; i++)
		orders.loaders[orders.count++] = &loaders->items[i];
	return extend(&orders, 0);
}
