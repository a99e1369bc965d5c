/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units that systemd refuses to load, and edits of single settings. */
#include "stage/service.h"

#include "base/text.h"

static bool has_lone_carriage_return(const struct blob *content)
{
	const char *c = content->data;

	while ((c = memchr(c, '\r', content->size - (size_t)(c - content->data)))) {
		if (*++c != '\n')
			return true;
	}
	return false;
}

bool service_comment_out(const struct facts *facts, struct findings *findings, struct problem *problem,
			 const struct unit_setting *setting)
{
	struct blob content;
	size_t offset = 0, length;
	const char *line;
	unsigned number = 0;

	if (!service_may_edit(setting->path) ||
	    target_read(facts->target, setting->path, TARGET_FILE_LIMIT, findings->arena, &content, NULL) < 0 ||
	    has_lone_carriage_return(&content))
		return false;
	while (next_line(&content, &offset, &line, &length)) {
		number++;
		if (number < setting->line || number > setting->last_line)
			continue;
		if (length && line[length - 1] == '\r')
			length--;
		repair_replace_line(findings, problem, setting->path, number,
				    arena_printf(findings->arena, "#%.*s", (int)length, line));
	}
	return true;
}

static bool is_exec_start(const struct unit_setting *setting)
{
	return string_equal(setting->key, "ExecStart") && string_equal(setting->section, "Service");
}

/* A drop-in gives a second ExecStart= where it means another one: an empty one in front of it is missing. */
static bool repair_second_command(struct findings *findings, struct problem *problem, const struct unit *unit)
{
	const struct unit_setting *last = NULL, *setting = NULL;

	while ((setting = unit_next(unit, "Service", "ExecStart", setting)))
		last = setting;
	if (!last || !service_may_edit(last->path) || string_equal(last->path, unit->fragment))
		return false;
	/* The first one of that file, should it have several. */
	for (setting = NULL; (setting = unit_next(unit, "Service", "ExecStart", setting));) {
		if (string_equal(setting->path, last->path) && setting != last)
			return false;
	}
	problem_repair(findings, problem, VERB_ADD, "an empty ExecStart= in front of line %u", last->line);
	repair_insert_line(findings, problem, last->path, last->line, "ExecStart=");
	return true;
}

/* A drop-in empties ExecStart= and sets no other. */
static bool repair_no_command(const struct facts *facts, struct findings *findings, struct problem *problem,
			      const struct unit *unit)
{
	const struct unit_setting *reset = NULL;
	bool before = false;

	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];

		if (!is_exec_start(setting))
			continue;
		if (*setting->value)
			before = true;
		else
			reset = setting;
	}
	if (!before || !reset || !service_comment_out(facts, findings, problem, reset))
		return false;
	problem->path = reset->path;
	problem->line = reset->line;
	problem_repair(findings, problem, VERB_COMMENT_OUT, "the empty ExecStart=");
	return true;
}

void service_check_refused(const struct facts *facts, struct findings *findings, const struct unit *unit)
{
	const char *path = unit->reason_path ? unit->reason_path : unit->fragment;
	struct problem *problem =
	    problem_raise(findings, PROBLEM_SERVICE_REFUSED, path, unit->reason_line, "%s", unit->name);

	problem_evidence(findings, problem, "%s", unit->reason);
	if (string_after(unit->reason, "Service has more than one ExecStart=") &&
	    repair_second_command(findings, problem, unit))
		return;
	if (string_after(unit->reason, "Service has no ExecStart=") &&
	    repair_no_command(facts, findings, problem, unit))
		return;
	problem->class = REPAIR_REPORT;
	if (service_may_edit(path))
		problem_remedy(findings, problem, "correct %s; systemd-analyze verify %s says more", path, unit->name);
}
