/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include "parse/elf.h"
#include "report/escape.h"
#include "stage/stage.h"
#include "version.h"

/* docs/report.schema.json describes this output. Keys are only ever added within a schema number. */
enum {
	JSON_SCHEMA = 1
};

static void add_key(struct text *text, const char *key, const char *value)
{
	text_printf(text, ", \"%s\": ", key);
	escape_json_string(text, value);
}

/* A path, and its bytes in hexadecimal beside it where it is no valid UTF-8. */
static void add_path_key(struct text *text, const char *path)
{
	text_add_string(text, ", \"path\": ");
	if (!path) {
		text_add_string(text, "null");
		return;
	}
	if (!escape_json(text, path, strlen(path))) {
		text_add_string(text, ", \"path_bytes\": \"");
		for (const char *byte = path; *byte; byte++)
			text_printf(text, "%02x", (unsigned char)*byte);
		text_add_string(text, "\"");
	}
}

static void add_target(struct text *text, const struct report *report)
{
	static const char *const init_names[] = {
	    [INIT_SYSTEMD] = "systemd",
	    [INIT_OPENRC] = "openrc",
	    [INIT_OTHER] = "other",
	};
	const struct look *look = report->plan->after;

	text_add_string(text, " \"target\": {\"root\": ");
	escape_json_string(text, report->target->root);
	add_key(text, "os", look->facts.os.id);
	add_key(text, "version", look->facts.os.version_id);
	add_key(text, "arch", elf_machine_uname(look->facts.binary.machine));
	add_key(text, "init", init_names[look->facts.init]);
	add_key(text, "sshd", look->facts.binary.version);
	text_add_string(text, "},\n");
}

/* Where sshd will listen: the ports, and the addresses with their ports. */
static void add_ports(struct text *text, const struct look *look)
{
	listen_list list = {0};
	bool first = true;

	listen_addresses(&look->facts, text->arena, &list);
	text_add_string(text, " \"addresses\": [");
	for (size_t i = 0; i < list.count; i++) {
		text_add_string(text, i ? ", {\"address\": " : "{\"address\": ");
		escape_json_string(text, list.items[i].address);
		text_printf(text, ", \"port\": %u}", list.items[i].port);
	}
	text_add_string(text, "],\n \"ports\": [");
	for (size_t i = 0; i < list.count; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen = seen || list.items[j].port == list.items[i].port;
		if (seen)
			continue;
		text_printf(text, "%s%u", first ? "" : ", ", list.items[i].port);
		first = false;
	}
	text_add_string(text, "], \"sources\": [");
	for (size_t i = 0; i < look->findings.sources.count; i++) {
		text_add_string(text, i ? ", " : "");
		escape_json_string(text, look->findings.sources.items[i]);
	}
	text_add_string(text, "],\n");
}

static void add_stages(struct text *text, const struct look *look)
{
	text_add_string(text, " \"stages\": [");
	for (enum stage stage = STAGE_BOOT; stage < STAGE_COUNT; stage++)
		text_printf(text, "%s{\"stage\": \"%s\", \"status\": \"%s\"}", stage ? ", " : "", stage_name(stage),
			    stage_status_name(findings_stage_status(&look->findings, stage)));
	text_add_string(text, "],\n");
}

static void add_logins(struct text *text, const struct findings *findings)
{
	static const char *const answers[] = {[LOGIN_YES] = "yes", [LOGIN_DEPENDS] = "depends", [LOGIN_NO] = "no"};

	if (findings->skipped[STAGE_LOGIN]) {
		text_add_string(text, " \"login\": null,\n");
		return;
	}
	text_printf(text,
		    " \"login\": {\"yes\": %zu, \"depends\": %zu, \"no\": %zu, \"elsewhere\": %s, \"accounts\": [",
		    findings->login_counts[LOGIN_YES], findings->login_counts[LOGIN_DEPENDS],
		    findings->login_counts[LOGIN_NO], findings->logins_elsewhere ? "true" : "false");
	for (size_t i = 0; i < findings->logins.count; i++) {
		const struct login *login = &findings->logins.items[i];

		text_printf(text, "%s{\"answer\": \"%s\"", i ? ",\n  " : "\n  ", answers[login->answer]);
		add_key(text, "account", login->account);
		add_key(text, "ways", login->ways);
		add_key(text, "reason", login->reason);
		text_add_string(text, "}");
	}
	text_add_string(text, "]},\n");
}

static void add_edits(struct text *text, const struct problem *problem)
{
	text_add_string(text, ", \"edits\": [");
	for (size_t i = 0; i < problem->edits.count; i++) {
		const struct edit *edit = &problem->edits.items[i];

		text_printf(text, "%s{\"op\": \"%s\"", i ? ", " : "", edit_op_name(edit->op));
		add_path_key(text, edit->path);
		if (edit->line)
			text_printf(text, ", \"line\": %u", edit->line);
		if (edit->text)
			add_key(text, "text", edit->text);
		if (edit->op == EDIT_CHMOD || edit->op == EDIT_MKDIR || edit->op == EDIT_WRITE)
			text_printf(text, ", \"mode\": \"%04o\"", (unsigned)edit->mode);
		if (edit->op == EDIT_CHOWN)
			text_printf(text, ", \"uid\": %u, \"gid\": %u", (unsigned)edit->uid, (unsigned)edit->gid);
		text_add_string(text, "}");
	}
	text_add_string(text, "]");
}

static void add_problem(struct text *text, const struct report *report, const struct problem *problem)
{
	static const char *const states[] = {
	    [PROBLEM_STATE_FOUND] = "found",
	    [PROBLEM_STATE_REPAIRED] = "repaired",
	    [PROBLEM_STATE_LEFT] = "left",
	};
	enum problem_state state = problem->state;

	/* Only what was written is repaired. */
	if (report->kind != REPORT_REPAIR)
		state = PROBLEM_STATE_FOUND;
	else if (report->failure)
		state = PROBLEM_STATE_LEFT;
	text_printf(text, "{\"code\": \"%s\", \"stage\": \"%s\", \"severity\": \"%s\", \"class\": \"%s\"",
		    problem->info->code, stage_name(problem->info->stage), severity_name(problem->severity),
		    repair_class_name(problem->class));
	add_path_key(text, problem->path);
	if (problem->line)
		text_printf(text, ", \"line\": %u", problem->line);
	else
		text_add_string(text, ", \"line\": null");
	add_key(text, "evidence", problem->evidence);
	add_key(text, "summary", problem_summary(text->arena, problem));
	add_key(text, "state", states[state]);
	add_key(text, "left_because", problem->left_because);
	add_key(text, "remedy", problem->remedy);
	add_edits(text, problem);
	text_add_string(text, "}");
}

void report_json(struct text *text, const struct report *report)
{
	const struct plan *plan = report->plan;
	bool written = report->kind == REPORT_REPAIR && !report->failure;
	const struct look *look = written ? plan->after : plan->before;

	text_printf(text, "{\"schema\": %d, \"tool\": {\"name\": \"sshrescue\", \"version\": ", JSON_SCHEMA);
	escape_json_string(text, SSHRESCUE_VERSION);
	text_add_string(text, "},\n");
	add_target(text, report);
	text_printf(text, " \"verdict\": \"%s\",", verdict_name(look_verdict(look)));
	add_ports(text, look);
	add_stages(text, look);
	add_logins(text, &look->findings);
	text_add_string(text, " \"problems\": [");
	for (size_t i = 0; i < plan->problems.count; i++) {
		text_add_string(text, i ? ",\n  " : "\n  ");
		add_problem(text, report, plan->problems.items[i]);
	}
	text_add_string(text, "],\n \"rehearsal\": ");
	report_rehearsal_json(text, report->rehearsal);
	text_add_string(text, ",\n \"transaction\": ");
	escape_json_string(text, report->transaction);
	add_key(text, "failure", report->failure);
	add_key(text, "notes", report->notes);
	text_add_string(text, ", \"now\": ");
	if (report->now)
		report_listening_json(text, report->now);
	else
		text_add_string(text, "null");
	text_printf(text, ", \"exit\": %u}\n", report->exit);
}
