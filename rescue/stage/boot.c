/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the boot reach a target that starts services? What the boot loader passes to systemd (systemd.unit=, rescue,
 * emergency) cannot be seen from here.
 */
#include "stage/stage.h"

#include "base/text.h"
#include "policy.h"

#define DEFAULT_LINK "/etc/systemd/system/default.target"

/* Makes a problem's repair: default.target becomes a link to multi-user.target, as systemctl set-default does. */
static void repair_default(const struct facts *facts, struct findings *findings, struct problem *problem)
{
	const struct unit *target = unit_load(facts->units, "multi-user.target");
	const char *path = unit_file_path(facts->units, "default.target");
	struct node_stat stat;

	if (!path || policy_is_vendor_path(path))
		path = DEFAULT_LINK;
	if (target->state != UNIT_LOADED || unit_missing_requirement(facts->units, "multi-user.target")) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "install the systemd package again: there is no multi-user.target");
	} else if (target_lstat(facts->target, path, &stat) == 0 && stat.type != NODE_SYMLINK) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "systemctl set-default multi-user.target");
	} else {
		problem_repair(findings, problem, stat.type == NODE_SYMLINK ? VERB_SET : VERB_CREATE,
			       "default.target -> multi-user.target");
		repair_symlink(findings, problem, path, target->fragment);
	}
}

/* What default.target is on disk, for the evidence: "link to rescue.target". */
static void describe_default(const struct facts *facts, struct findings *findings, struct problem *problem)
{
	const char *path = unit_file_path(facts->units, "default.target");
	char *text;

	if (path && target_readlink(facts->target, path, findings->arena, &text) == 0)
		problem_evidence(findings, problem, "link to %s", text);
}

/* default.target leads to nothing that loads. */
static void check_unloadable(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const char *path = unit_file_path(facts->units, "default.target");
	struct problem *problem;

	if (unit->state == UNIT_MASKED) {
		problem = problem_raise(findings, PROBLEM_BOOT_DEFAULT_MASKED, path, 0, "%s", unit->name);
		describe_default(facts, findings, problem);
	} else if (unit->state == UNIT_BAD) {
		problem = problem_raise(findings, PROBLEM_BOOT_DEFAULT_OTHER, path, 0, "%s", unit->name);
		problem_evidence(findings, problem, "systemd refuses it: %s", unit->reason);
	} else if (path) {
		problem = problem_raise(findings, PROBLEM_BOOT_DEFAULT_DANGLING, path, 0, "default.target");
		describe_default(facts, findings, problem);
	} else {
		problem = problem_raise(findings, PROBLEM_BOOT_DEFAULT_MISSING, DEFAULT_LINK, 0, "default.target");
	}
	repair_default(facts, findings, problem);
}

/* The default target needs a unit that does not load. */
static void check_requirement(const struct facts *facts, struct findings *findings, const struct unit *missing,
			      const char *wanting)
{
	struct problem *problem =
	    problem_raise(findings, PROBLEM_BOOT_REQUIREMENT, missing->fragment, 0, "%s", missing->name);
	bool obstacle = missing->state == UNIT_MASKED || missing->dangling;

	problem_evidence(findings, problem, "%s requires %s, which is %s", wanting, missing->name,
			 missing->state == UNIT_MASKED ? "masked"
			 : missing->state == UNIT_BAD  ? "refused by systemd"
						       : "not there");
	if (obstacle && missing->fragment && !policy_is_vendor_path(missing->fragment) &&
	    unit_file_behind(facts->units, missing->name)) {
		problem_repair(findings, problem, VERB_REMOVE, "%s", missing->fragment);
		repair_unlink(findings, problem, missing->fragment);
		return;
	}
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "restore %s: install the package again that it belongs to", missing->name);
}

void stage_boot(const struct facts *facts, struct findings *findings)
{
	const struct ssh_service *service = &facts->service;
	bool works = !unit_boot_assumed(facts->units) && (service->service_starts || service->socket_starts ||
							  unit_boot_starts(facts->units, "multi-user.target", NULL));
	const struct unit *unit, *missing;
	struct problem *problem;

	if (works)
		return;
	/* What keeps the default target from starting may hide something else of its kind. */
	findings->partial[STAGE_BOOT] = true;
	unit = unit_load(facts->units, "default.target");
	missing = unit_missing_requirement(facts->units, unit->name);
	if (unit->state != UNIT_LOADED) {
		check_unloadable(facts, findings, unit);
	} else if (missing) {
		check_requirement(facts, findings, missing, unit->name);
	} else {
		problem = problem_raise(findings, PROBLEM_BOOT_DEFAULT_OTHER,
					unit_file_path(facts->units, "default.target"), 0, "%s", unit->name);
		describe_default(facts, findings, problem);
		repair_default(facts, findings, problem);
	}
	/* multi-user.target itself may be out of order as well. */
	if (missing)
		return;
	missing = unit_load(facts->units, "multi-user.target");
	if (missing->state == UNIT_LOADED)
		missing = unit_missing_requirement(facts->units, "multi-user.target");
	if (missing && missing != unit)
		check_requirement(facts, findings, missing, "the boot");
}
