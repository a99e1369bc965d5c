/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewalld_repair-dump ROOT PORT: repairs firewalld's configuration of a root, as long as IPv4 is closed for everybody
 * at an interface that no file mentions, and prints "was closed CHAIN PATH:LINE" for each round, what became of it ("is
 * open", "is closed", "is unknown"), and the files: "file PATH SIZE", a newline, and SIZE bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse/firewalld.h"
#include "stage/firewall.h"
#include "target/staged.h"

enum {
	ROUNDS = 4,
};

static bool is_anywhere(const struct evaluation *evaluation, enum passage passage, struct arena *arena)
{
	struct number_set sources = {0};

	evaluation_sources(evaluation, passage, arena, &sources);
	return sources.count > 0;
}

static void look(struct target *target, unsigned port, struct arena *arena, struct ruleset *ruleset,
		 struct evaluation *ret)
{
	struct question question = {.port = port, .ports = &port, .port_count = 1, .interface = "*"};
	const zone_binding_list nothing = {0};
	struct load_report report = {0};

	*ruleset = (struct ruleset){.arena = arena};
	firewalld_load(target, ruleset, &nothing, &report);
	evaluate(ruleset, &question, arena, ret);
}

/* Whether something was staged. */
static bool repair(struct target *target, unsigned port, const struct evaluation *evaluation,
		   const struct ruleset *ruleset, struct arena *arena)
{
	struct facts facts = {.arena = arena, .target = target};
	struct findings findings = {.arena = arena};
	struct problem *problem = problem_raise(&findings, PROBLEM_FIREWALL_UNEVALUATED, NULL, 0, "firewalld");
	struct breach breach = {.ipv4 = true,
				.ipv6 = true,
				.port = port,
				.obstacle = evaluation_obstacle(evaluation, PASSAGE_CLOSED),
				.ruleset = ruleset};
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed;

	if (!breach.obstacle || !breach.obstacle->rule)
		return false;
	printf("was closed %s %s:%u\n", breach.obstacle->chain->name,
	       breach.obstacle->rule->place.path ? breach.obstacle->rule->place.path : "?",
	       breach.obstacle->rule->place.line);
	if (!firewall_repair_firewalld(&facts, &findings, problem, &breach))
		return false;
	for (size_t i = 0; i < problem->edits.count; i++)
		*array_push(arena, &edits) = &problem->edits.items[i];
	return edits.count && staged_apply(target, edits.items, edits.count, &failed) == 0;
}

int main(int argc, char **argv)
{
	struct evaluation evaluation;
	struct target *target;
	struct arena arena = {0};
	struct ruleset ruleset;
	unsigned port;

	if (argc != 3 || target_open(&target, argv[1], 0) < 0)
		return 1;
	port = (unsigned)atoi(argv[2]);
	for (int round = 0; round < ROUNDS; round++) {
		look(target, port, &arena, &ruleset, &evaluation);
		if (is_anywhere(&evaluation, PASSAGE_OPEN, &arena) ||
		    !repair(target, port, &evaluation, &ruleset, &arena))
			break;
	}
	look(target, port, &arena, &ruleset, &evaluation);
	printf("is %s\n", is_anywhere(&evaluation, PASSAGE_OPEN, &arena)      ? "open"
			  : is_anywhere(&evaluation, PASSAGE_UNKNOWN, &arena) ? "unknown"
									      : "closed");
	for (size_t i = 0; target->staged && i < target->staged->changes.count; i++) {
		const struct change *change = &target->staged->changes.items[i];

		if (!change->content || change->after.type != NODE_FILE)
			continue;
		printf("file %s %zu\n", change->path, change->after.content.size);
		fwrite(change->after.content.data, 1, change->after.content.size, stdout);
	}
	target_close(target);
	arena_release(&arena);
	return 0;
}
