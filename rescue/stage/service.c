/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the SSH service or socket enabled, not masked, not inhibited? */
#include "stage/service.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"
#include "policy.h"
#include "stage/stage.h"

bool service_may_edit(const char *path)
{
	return path && string_after(path, "/etc/");
}

const struct unit *service_of_socket(const struct facts *facts)
{
	const struct unit *socket = facts->service.socket;
	const struct unit_setting *setting = unit_get(socket, "Socket", "Accept");
	const char *prefix = unit_name_prefix(facts->arena, socket->name);

	if (setting && unit_boolean(setting->value) == 1)
		return unit_load(facts->units, arena_printf(facts->arena, "%s@0.service", prefix));
	setting = unit_get(socket, "Socket", "Service");
	if (setting && string_ends_with(setting->value, ".service"))
		return unit_load(facts->units, unit_expand(facts->arena, socket, setting->value));
	return unit_load(facts->units, arena_printf(facts->arena, "%s.service", prefix));
}

/* The command that installs the server, by distribution. */
static const char *install_command(const struct facts *facts)
{
	static const struct {
		const char *id, *command;
	} commands[] = {
	    {"debian", "apt-get install openssh-server"},  {"fedora", "dnf install openssh-server"},
	    {"rhel", "dnf install openssh-server"},	   {"suse", "zypper install openssh-server"},
	    {"opensuse", "zypper install openssh-server"}, {"arch", "pacman -S openssh"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (os_release_is(&facts->os, commands[i].id))
			return commands[i].command;
	}
	return "install the distribution's OpenSSH server package";
}

static void check_masked(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	struct problem *problem = problem_raise(findings, PROBLEM_SERVICE_MASKED, unit->fragment, 0, "%s", unit->name);
	const char *behind = unit_file_behind(facts->units, unit->name);

	/* What the mask hides is judged when it is gone. */
	findings->partial[STAGE_SERVICE] = true;
	if (unit->link)
		problem_evidence(findings, problem, "link to %s", unit->link);
	else
		problem_evidence(findings, problem, "empty file");
	if (!service_may_edit(unit->fragment)) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "%s belongs to a package: %s", unit->fragment,
			       install_command(facts));
	} else if (!behind) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "no unit is behind the mask: %s, then systemctl unmask %s",
			       install_command(facts), unit->name);
	} else {
		problem_repair(findings, problem, VERB_REMOVE, "%s", unit->link ? "the link" : "the empty file");
		repair_unlink(findings, problem, unit->fragment);
	}
}

static void check_not_found(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const char *behind = unit_file_behind(facts->units, unit->name);
	struct problem *problem;

	findings->partial[STAGE_SERVICE] = true;
	if (!unit->dangling) {
		problem = problem_raise(findings, PROBLEM_SERVICE_NOT_FOUND, NULL, 0, "%s", unit->name);
		problem_remedy(findings, problem, "%s", install_command(facts));
		return;
	}
	problem = problem_raise(findings, PROBLEM_SERVICE_DANGLING, unit->fragment, 0, "%s", unit->name);
	problem_evidence(findings, problem, "link to %s", unit->link);
	if (behind && service_may_edit(unit->fragment)) {
		problem_repair(findings, problem, VERB_REMOVE, "the link, which hides %s", behind);
		repair_unlink(findings, problem, unit->fragment);
		return;
	}
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "%s", install_command(facts));
}

/* systemctl enable: the links that the unit's own [Install] section asks for and that are not there. */
static void check_disabled(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	unit_install_links links = {0};
	struct problem *problem;
	size_t missing = 0, lost = 0;
	bool alias_left = false;

	unit_install(facts->units, unit->name, &links);
	for (size_t i = 0; i < links.count; i++) {
		missing += !links.items[i].present;
		lost += !links.items[i].present && !links.items[i].alias;
		alias_left = alias_left || (links.items[i].alias && links.items[i].present);
	}
	/* The alias is there, only what starts the unit is not: disabling would have removed both. */
	problem = problem_raise(
	    findings, alias_left && lost && lost == missing ? PROBLEM_SERVICE_LINK_LOST : PROBLEM_SERVICE_DISABLED,
	    NULL, 0, "%s", unit->name);
	if (!missing) {
		problem->class = REPAIR_REPORT;
		problem_evidence(findings, problem,
				 links.count ? "its links lead to targets that the boot does not reach"
					     : "it has no [Install] section that would start it");
		problem_remedy(findings, problem, "systemctl add-wants multi-user.target %s", unit->name);
		return;
	}
	problem_evidence(findings, problem, "systemctl is-enabled: %s", unit_file_state(facts->units, unit->name));
	problem_repair(findings, problem, VERB_ENABLE, "%s", unit->name);
	for (size_t i = 0; i < links.count; i++) {
		if (!links.items[i].present)
			repair_symlink(findings, problem, links.items[i].path, links.items[i].target);
	}
}

static void check_requirement(const struct facts *facts, struct findings *findings, const struct unit *unit,
			      const struct unit *missing)
{
	struct problem *problem =
	    problem_raise(findings, PROBLEM_SERVICE_REQUIREMENT, missing->fragment, 0, "%s", missing->name);
	bool obstacle = missing->state == UNIT_MASKED || missing->dangling;

	findings->partial[STAGE_SERVICE] = true;
	if (!unit_systemd_version(facts->units))
		problem->severity = SEVERITY_UNKNOWN;
	problem_evidence(findings, problem, "%s requires %s, which is %s", unit->name, missing->name,
			 missing->state == UNIT_MASKED ? "masked"
			 : missing->state == UNIT_BAD  ? "refused by systemd"
						       : "not there");
	if (obstacle && service_may_edit(missing->fragment) && unit_file_behind(facts->units, missing->name)) {
		problem_repair(findings, problem, VERB_REMOVE, "%s", missing->fragment);
		repair_unlink(findings, problem, missing->fragment);
		return;
	}
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "install what provides %s, or remove the requirement from %s", missing->name,
		       unit->name);
}

/* A unit that the boot should start and does not. */
static void check_unit(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const struct unit *missing;

	switch (unit->state) {
	case UNIT_NOT_FOUND:
		check_not_found(facts, findings, unit);
		return;
	case UNIT_MASKED:
		check_masked(facts, findings, unit);
		return;
	case UNIT_BAD:
		findings->partial[STAGE_SERVICE] = true;
		service_check_refused(facts, findings, unit);
		return;
	case UNIT_LOADED:
		break;
	}
	missing = unit_missing_requirement(facts->units, unit->name);
	if (!unit_boot_wants(facts->units, unit->name, NULL))
		check_disabled(facts, findings, unit);
	else if (missing)
		check_requirement(facts, findings, unit, missing);
}

/* Since 22.10, Ubuntu starts sshd by its socket. */
static bool prefers_socket(const struct facts *facts)
{
	unsigned year = 0;

	if (!facts->service.socket || !string_equal(facts->os.id, "ubuntu"))
		return false;
	for (const char *c = facts->os.version_id; char_is_digit(*c) && year < 10000; c++)
		year = year * 10 + (unsigned)(*c - '0');
	return year >= 23 || string_equal(facts->os.version_id, "22.10");
}

/* A name that the boot asks for and that is masked, although the unit it should stand for is not. */
static const struct unit *masked_alias(const struct facts *facts)
{
	static const char *const names[] = {"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct unit *unit = unit_load(facts->units, names[i]);

		if (unit->state == UNIT_MASKED && unit != facts->service.service && unit != facts->service.socket &&
		    unit_boot_wants(facts->units, names[i], NULL))
			return unit;
	}
	return NULL;
}

/* Neither service nor socket is started: why? The one that something asks for is looked at, else the one that the
 * distribution would enable. */
static void check_not_started(const struct facts *facts, struct findings *findings)
{
	const struct ssh_service *service = &facts->service;
	bool service_wanted = unit_boot_wants(facts->units, service->service_name, NULL);
	bool socket_wanted = service->socket && unit_boot_wants(facts->units, service->socket_name, NULL);
	const struct unit *unit = service->service, *alias = masked_alias(facts);

	if (alias && !service_wanted && !socket_wanted) {
		check_masked(facts, findings, alias);
		return;
	}
	if (socket_wanted && (!service_wanted || prefers_socket(facts)))
		unit = service->socket;
	else if (!service_wanted && prefers_socket(facts) && service->socket->state != UNIT_NOT_FOUND)
		unit = service->socket;
	/* A socket that is in order itself fails with its service. */
	if (unit == service->socket && unit->state == UNIT_LOADED && service_of_socket(facts)->state != UNIT_LOADED) {
		check_unit(facts, findings, service_of_socket(facts));
		if (socket_wanted)
			return;
	}
	check_unit(facts, findings, unit);
}

/* Nothing is started at all, and no other target could be judged in the default target's place. */
static bool boot_is_broken(const struct facts *facts)
{
	return !unit_boot_assumed(facts->units) && !unit_boot_starts(facts->units, "multi-user.target", NULL);
}

void stage_service(const struct facts *facts, struct findings *findings)
{
	const struct ssh_service *service = &facts->service;

	if (!service->service_starts && !service->socket_starts) {
		if (boot_is_broken(facts))
			findings->skipped[STAGE_SERVICE] = true;
		else
			check_not_started(facts, findings);
		return;
	}
	service_check_conditions(facts, findings);
	if (service->service_starts)
		service_check_command(facts, findings, service->service);
	else
		service_check_command(facts, findings, service_of_socket(facts));
}
