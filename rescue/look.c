/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>

#include "settings.h"
#include "stage/stage.h"

/* The checks, in the order of the way in. */
static const struct check {
	enum stage stage;
	void (*function)(const struct facts *facts, struct findings *findings);
} checks[] = {
    {STAGE_BOOT, stage_boot},	  {STAGE_NETWORK, stage_network},   {STAGE_SERVICE, stage_service},
    {STAGE_DAEMON, stage_daemon}, {STAGE_CONFIG, stage_config},	    {STAGE_KEYS, stage_keys},
    {STAGE_LISTEN, stage_listen}, {STAGE_FIREWALL, stage_firewall}, {STAGE_LOGIN, stage_login},
};

/* Without systemd we cannot tell what a boot starts: say so, once, and judge the rest. */
static bool check_applies(const struct facts *facts, enum stage stage)
{
	if (facts->init == INIT_SYSTEMD)
		return true;
	return stage != STAGE_BOOT && stage != STAGE_NETWORK && stage != STAGE_SERVICE;
}

int look_at(struct target *target, unsigned expected_port, struct look **ret)
{
	struct look *look = calloc(1, sizeof(*look));
	int r;

	if (!look)
		return -ENOMEM;
	look->findings.arena = &look->arena;
	look->facts.expected_port = expected_port;
	r = facts_gather(target, &look->arena, &look->facts);
	if (r < 0) {
		look_free(look);
		return r;
	}
	if (look->facts.init != INIT_SYSTEMD)
		problem_raise(&look->findings, PROBLEM_BOOT_INIT_UNKNOWN, NULL, 0, "%s",
			      look->facts.init == INIT_OPENRC ? "OpenRC" : "an unknown init system");
	if (target->journal_unseen)
		problem_raise(&look->findings, PROBLEM_BOOT_JOURNAL_UNSEEN, NULL, 0, "%s", "");
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (check_applies(&look->facts, checks[i].stage))
			checks[i].function(&look->facts, &look->findings);
		else
			look->findings.skipped[checks[i].stage] = true;
	}
	if (target->settings)
		settings_apply(target->settings, &look->findings);
	*ret = look;
	return 0;
}

struct look *look_free(struct look *look)
{
	if (look) {
		arena_release(&look->arena);
		free(look);
	}
	return NULL;
}

enum verdict look_verdict(const struct look *look)
{
	bool unknown = false;

	for (size_t i = 0; i < look->findings.problems.count; i++) {
		const struct problem *problem = look->findings.problems.items[i];

		/* Who can log in is a second question, with a line of its own. */
		if (problem->info->stage == STAGE_LOGIN)
			continue;
		if (problem->severity == SEVERITY_BLOCKS)
			return VERDICT_UNREACHABLE;
		if (problem->severity == SEVERITY_UNKNOWN)
			unknown = true;
	}
	for (enum stage stage = STAGE_BOOT; stage < STAGE_LOGIN; stage++)
		unknown = unknown || look->findings.skipped[stage];
	return unknown ? VERDICT_UNKNOWN : VERDICT_REACHABLE;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
	    [VERDICT_REACHABLE] = "reachable",
	    [VERDICT_UNREACHABLE] = "unreachable",
	    [VERDICT_UNKNOWN] = "unknown",
	};

	return names[verdict];
}
