/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a unit that the boot pulls in comes up: conditions, programs, environment files, sshd's mode. */
#include "stage/service.h"

#include "base/text.h"
#include "parse/unit_command.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"
#include "stage/condition.h"

/* OpenSSH's packages in Debian ship this condition: the file is the switch that keeps sshd from starting. */
#define INHIBIT_FILE "/etc/ssh/sshd_not_to_be_run"

struct judged {
	enum condition_result result;
	const struct unit *unit;
	const struct unit_setting *setting;
	const char *path;
};

static struct judged judge(const struct facts *facts, const struct unit *unit)
{
	struct judged judged = {.unit = unit};

	judged.result = conditions_judge(facts, unit, &judged.setting, &judged.path);
	return judged;
}

static void raise_inhibited(const struct facts *facts, struct findings *findings, const struct judged *judged)
{
	struct problem *problem =
	    problem_raise(findings, PROBLEM_SERVICE_INHIBITED, judged->path, 0, "%s", judged->unit->name);
	struct node_stat stat;

	problem_evidence(findings, problem, "%s=%s in %s", judged->setting->key, judged->setting->value,
			 judged->setting->path);
	if (target_lstat(facts->target, judged->path, &stat) == 0 && stat.type == NODE_DIRECTORY) {
		problem->class = REPAIR_REPORT;
		problem_remedy(findings, problem, "remove the directory %s", judged->path);
		return;
	}
	problem_repair(findings, problem, VERB_REMOVE, "%s", judged->path);
	repair_unlink(findings, problem, judged->path);
}

static void raise_condition(const struct facts *facts, struct findings *findings, const struct judged *judged)
{
	const struct unit_setting *setting = judged->setting;
	struct problem *problem;

	problem = problem_raise(findings, PROBLEM_SERVICE_CONDITION, setting->path, setting->line, "%s: %s=%s",
				judged->unit->name, setting->key, setting->value);
	if (service_comment_out(facts, findings, problem, setting)) {
		problem_repair(findings, problem, VERB_COMMENT_OUT, "the condition");
		return;
	}
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "make the condition true, or override it with systemctl edit %s",
		       judged->unit->name);
}

static void raise_judged(const struct facts *facts, struct findings *findings, const struct judged *judged)
{
	const struct unit_setting *setting = judged->setting;
	struct problem *problem;

	/* Of several conditions the first is named. */
	findings->partial[STAGE_SERVICE] = true;
	if (judged->result == CONDITION_FAILED) {
		if (judged->path && string_equal(judged->path, INHIBIT_FILE) && strchr(setting->value, '!'))
			raise_inhibited(facts, findings, judged);
		else
			raise_condition(facts, findings, judged);
		return;
	}
	problem = problem_raise(findings, PROBLEM_SERVICE_CONDITION_UNKNOWN, setting->path, setting->line, "%s: %s=%s",
				judged->unit->name, setting->key, setting->value);
	problem_remedy(findings, problem, "systemctl status %s on the running system tells", judged->unit->name);
}

/* Which of two is the better outlook. */
static const struct judged *better(const struct judged *a, const struct judged *b)
{
	static const int rank[] = {[CONDITION_MET] = 2, [CONDITION_UNDECIDED] = 1, [CONDITION_FAILED] = 0};

	return rank[b->result] > rank[a->result] ? b : a;
}

/* One way in is enough: the service, or the socket together with the service that it starts. */
void service_check_conditions(const struct facts *facts, struct findings *findings)
{
	const struct ssh_service *service = &facts->service;
	struct judged by_service = {.result = CONDITION_FAILED}, by_socket = {.result = CONDITION_FAILED}, behind;
	const struct judged *best;

	if (service->service_starts)
		by_service = judge(facts, service->service);
	if (service->socket_starts) {
		by_socket = judge(facts, service->socket);
		behind = judge(facts, service_of_socket(facts));
		if (better(&behind, &by_socket) == &by_socket && behind.result != by_socket.result)
			by_socket = behind;
	}
	best = service->service_starts ? better(&by_service, &by_socket) : &by_socket;
	if (best->result != CONDITION_MET)
		raise_judged(facts, findings, best);
}

/* Where systemd looks for a program without a directory. */
static bool program_exists(const struct facts *facts, const char *path)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",	     "/sbin",	       "/bin"};

	if (*path == '/')
		return target_exists(facts->target, path);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (target_exists(facts->target, arena_printf(facts->arena, "%s/%s", directories[i], path)))
			return true;
	}
	return false;
}

/* Attaches the edits that take a drop-in's own lines of one key out of force. */
static bool comment_out_key(const struct facts *facts, struct findings *findings, struct problem *problem,
			    const struct unit *unit, const struct unit_setting *setting)
{
	bool done = false;

	if (string_equal(setting->path, unit->fragment))
		return false;
	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *other = &unit->settings.items[i];

		if (!string_equal(other->key, setting->key) || !string_equal(other->section, setting->section) ||
		    !string_equal(other->path, setting->path))
			continue;
		if (!service_comment_out(facts, findings, problem, other))
			return false;
		done = true;
	}
	return done;
}

static void raise_missing_program(const struct facts *facts, struct findings *findings, const struct unit *unit,
				  const struct unit_setting *setting, const char *program)
{
	struct problem *problem =
	    problem_raise(findings, PROBLEM_SERVICE_PROGRAM_MISSING, setting->path, setting->line, "%s", program);

	problem_evidence(findings, problem, "%s=%s", setting->key, setting->value);
	if (comment_out_key(facts, findings, problem, unit, setting)) {
		problem_repair(findings, problem, VERB_COMMENT_OUT, "the drop-in's %s=", setting->key);
		return;
	}
	problem->edits.count = 0;
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "install %s, or correct %s", program, setting->path);
}

/* A program that is not there, in a setting that no package ships (the daemon stage looks at sshd itself). */
static bool check_programs(const struct facts *facts, struct findings *findings, const struct unit *unit,
			   const char *key)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Service", key, setting))) {
		unit_commands commands = {0};
		const char *reason;

		unit_command_parse(facts->arena, unit->name, setting->value, &commands, &reason);
		for (size_t i = 0; i < commands.count; i++) {
			const struct unit_command *command = &commands.items[i];
			bool matters = !command->ignore_failure || string_equal(key, "ExecStart");

			if (!matters || program_exists(facts, command->path) ||
			    (!service_may_edit(setting->path) && facts->service.binary &&
			     string_equal(command->path, facts->service.binary)))
				continue;
			raise_missing_program(facts, findings, unit, setting, command->path);
			return false;
		}
	}
	return true;
}

static void check_environment(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const struct unit_setting *failed = NULL;
	unit_environment environment = {0};
	struct problem *problem;

	if (unit_environment_load(facts->units, facts->arena, unit, &environment, &failed) == 0)
		return;
	problem = problem_raise(findings, PROBLEM_SERVICE_ENVIRONMENT, failed->path, failed->line, "%s: %s", unit->name,
				failed->value);
	if (service_may_edit(failed->path) && failed->line == failed->last_line) {
		problem_repair(findings, problem, VERB_CORRECT, "EnvironmentFile=%s -> EnvironmentFile=-%s",
			       failed->value, failed->value);
		repair_replace_line(findings, problem, failed->path, failed->line,
				    arena_printf(facts->arena, "EnvironmentFile=-%s", failed->value));
		return;
	}
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "restore the file %s", failed->value);
}

/* Whether sshd is given an option that takes no argument, alone or among others: -D, -tD. */
static bool has_option(const struct ssh_service *service, char option)
{
	for (size_t i = 1; i < service->command.count; i++) {
		const char *word = service->command.items[i];

		if (*word != '-')
			continue;
		while (*++word) {
			if (*word == option)
				return true;
			if (!strchr("CEbcfghkopu", *word))
				continue;
			/* Its argument is what follows, or the next word. */
			i += !word[1];
			break;
		}
	}
	return false;
}

/* What else sshd's options make of it (-t, -d, …) is the daemon stage's. */
static void check_mode(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const struct ssh_service *service = &facts->service;
	const struct unit_setting *type = unit_get(unit, "Service", "Type");
	bool forking = type && string_equal(type->value, "forking");
	struct problem *problem;

	if (unit_name_kind(unit->name) == UNIT_NAME_INSTANCE || forking != has_option(service, 'D') ||
	    has_option(service, 'd'))
		return;
	problem = problem_raise(findings, PROBLEM_SERVICE_DAEMON_MODE, service->command_path, service->command_line,
				"%s", unit->name);
	problem_evidence(findings, problem, "Type=%s and sshd %s -D", type ? type->value : "simple",
			 forking ? "with" : "without");
}

void service_check_command(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	static const char *const keys[] = {"ExecCondition", "ExecStartPre", "ExecStart"};
	const struct unit_setting *setting = NULL, *last = NULL;
	struct problem *problem;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!check_programs(facts, findings, unit, keys[i])) {
			findings->partial[STAGE_SERVICE] = true;
			return;
		}
	}
	check_environment(facts, findings, unit);
	if (facts->service.command.count) {
		check_mode(facts, findings, unit);
		return;
	}
	while ((setting = unit_next(unit, "Service", "ExecStart", setting)))
		last = setting;
	problem = problem_raise(findings, PROBLEM_SERVICE_COMMAND_UNKNOWN, last ? last->path : unit->fragment,
				last ? last->line : 0, "%s", unit->name);
	if (last)
		problem_evidence(findings, problem, "ExecStart=%s", last->value);
}
