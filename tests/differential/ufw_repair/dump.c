/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ufw_repair-dump ROOT PORT ADDRESS4 ADDRESS6: repairs the ufw rules of a root, as long as a family is closed for
 * everybody, and prints what became of the families ("ipv4 open", "ipv4 closed PATH:LINE") and of the files: "file PATH
 * SIZE", a newline, and SIZE bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "parse/ufw.h"
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

/* And where it is stopped, when it is. */
static void print_outcome(const char *family, const struct evaluation *evaluation, struct arena *arena)
{
	const struct obstacle *obstacle = evaluation_obstacle(evaluation, PASSAGE_CLOSED);
	const struct place *place;

	if (is_anywhere(evaluation, PASSAGE_OPEN, arena) || !obstacle) {
		printf("%s %s\n", family, is_anywhere(evaluation, PASSAGE_OPEN, arena) ? "open" : "unknown");
		return;
	}
	place = obstacle->rule ? &obstacle->rule->place : &obstacle->chain->policy_place;
	printf("%s closed %s:%u\n", family, place->path ? place->path : "?", place->line);
}

static void look(struct target *target, unsigned port, const local_address_list *local, struct arena *arena,
		 struct ruleset *ruleset, struct evaluation evaluations[2])
{
	struct load_report report = {0};

	*ruleset = (struct ruleset){.arena = arena};
	ufw_load(target, ruleset, false, &report);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct question question = {.ipv6 = ipv6,
					    .port = port,
					    .ports = &port,
					    .port_count = 1,
					    .interface = "eth0",
					    .local = local,
					    .local_complete = true};

		evaluate(ruleset, &question, arena, &evaluations[ipv6]);
	}
}

/* Whether something was staged. */
static bool repair(struct target *target, unsigned port, bool ipv6, const struct evaluation *evaluation,
		   const struct ruleset *ruleset, struct arena *arena)
{
	struct facts facts = {.arena = arena, .target = target};
	struct findings findings = {.arena = arena};
	struct problem *problem = problem_raise(&findings, PROBLEM_FIREWALL_UNEVALUATED, NULL, 0, "ufw");
	struct breach breach = {.ipv4 = !ipv6,
				.ipv6 = ipv6,
				.port = port,
				.obstacle = evaluation_obstacle(evaluation, PASSAGE_CLOSED),
				.ruleset = ruleset};
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed;

	if (!breach.obstacle || !firewall_repair_ufw(&facts, &findings, problem, &breach))
		return false;
	for (size_t i = 0; i < problem->edits.count; i++)
		*array_push(arena, &edits) = &problem->edits.items[i];
	return edits.count && staged_apply(target, edits.items, edits.count, &failed) == 0;
}

int main(int argc, char **argv)
{
	struct evaluation evaluations[2];
	local_address_list local = {0};
	struct target *target;
	struct arena arena = {0};
	struct ruleset ruleset;
	unsigned port;

	if (argc != 5 || target_open(&target, argv[1], 0) < 0)
		return 1;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct local_address *address = array_push(&arena, &local);

		address->ipv6 = ipv6;
		if (!address_parse(argv[3 + ipv6], ipv6, &address->first))
			return 1;
		address->last = address->first;
	}
	port = (unsigned)atoi(argv[2]);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int round = 0; round < ROUNDS; round++) {
			look(target, port, &local, &arena, &ruleset, evaluations);
			if (is_anywhere(&evaluations[ipv6], PASSAGE_OPEN, &arena) ||
			    !repair(target, port, ipv6, &evaluations[ipv6], &ruleset, &arena))
				break;
		}
	}
	look(target, port, &local, &arena, &ruleset, evaluations);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		print_outcome(ipv6 ? "ipv6" : "ipv4", &evaluations[ipv6], &arena);
	for (size_t i = 0; target->staged && i < target->staged->changes.count; i++) {
		const struct change *change = &target->staged->changes.items[i];

		printf("file %s %zu\n", change->path, change->after.content.size);
		fwrite(change->after.content.data, 1, change->after.content.size, stdout);
	}
	target_close(target);
	arena_release(&arena);
	return 0;
}
