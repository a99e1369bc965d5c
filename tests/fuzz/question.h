/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_FUZZ_QUESTION_H
#define SSHRESCUE_TESTS_FUZZ_QUESTION_H

/* What is asked of every rule set: both families, through every interface that it mentions. */

#include "fuzz.h"

#include "filter/evaluate.h"
#include "filter/load.h"

static inline void ask(const struct ruleset *ruleset, struct arena *arena)
{
	static const unsigned ports[] = {22};
	local_address_list local = {0};
	struct question question = {.port = 22, .ports = ports, .port_count = 1, .local = &local};
	string_list interfaces = {0};

	ruleset_interfaces(ruleset, arena, &interfaces);
	for (size_t i = 0; i < interfaces.count && i < 8; i++) {
		question.interface = interfaces.items[i];
		for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
			struct evaluation evaluation = {0};

			question.ipv6 = ipv6;
			evaluate(ruleset, &question, arena, &evaluation);
			/* Every source has an answer. */
			assert(evaluation.ranges.count);
		}
	}
}

#endif
