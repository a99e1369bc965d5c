/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that looks at a mounted system, confined to it. */
#include "disks/pass.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "txn/txn.h"

static void set_text(char to[SYSTEM_TEXT], const char *from)
{
	snprintf(to, SYSTEM_TEXT, "%s", from ? from : "");
}

static bool has_pending(struct target *target, struct arena *arena)
{
	txn_list list = {0};

	return txn_pending(target, arena, &list, NULL) < 0 || list.count;
}

static bool has_something_to_undo(struct target *target, struct arena *arena)
{
	txn_list list = {0};
	bool found = has_pending(target, arena);

	if (txn_history(target, arena, &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++)
		found = found || list.items[i].state == TXN_COMMITTED;
	return found;
}

static struct repair_request request_for(const struct pass *pass)
{
	struct repair_request request = pass->request->repair;

	if (pass->writable)
		return request;
	request.dry_run = true;
	/* Whether there is anything to ask for; the questions come when it can be written. */
	if (pass->request->action == SYSTEM_REPAIR && !pass->request->repair.dry_run)
		request.choose = request.choose == choose_safe ? choose_safe : choose_all;
	return request;
}

static void write_report(struct pass *pass, struct target *target, struct repair_outcome *outcome)
{
	struct arena *arena = &outcome->plan.arena;
	struct text text = {.arena = arena}, line = {.arena = arena};
	struct system_result *result = pass->result;
	bool written = outcome->report.kind == REPORT_REPAIR && !outcome->report.failure;

	report_line(&line, &outcome->report);
	set_text(result->line, line.data);
	result->verdict = look_verdict(written ? outcome->plan.after : outcome->plan.before);
	if (pass->request->json) {
		report_json(&text, &outcome->report);
	} else {
		report_text(&text, &outcome->report, report_style_for(STDOUT_FILENO));
		if (outcome->report.kind == REPORT_DRY_RUN && outcome->plan.changes) {
			text_add_string(&text, "\n");
			report_diff(&text, target);
		}
	}
	if (report_write(pass->report_fd, &text) < 0)
		result->status |= EXIT_ERROR;
}

/* Whether what was seen read-only is reason to mount it read-write. */
static bool wants_write(const struct pass *pass, struct target *target, struct repair_outcome *outcome)
{
	struct arena *arena = &outcome->plan.arena;

	if (pass->writable || pass->request->repair.dry_run)
		return false;
	if (pass->request->action == SYSTEM_UNDO)
		return has_something_to_undo(target, arena);
	return pass->request->action == SYSTEM_REPAIR &&
	       (outcome->plan.changes || pass->result->journal_unseen || has_pending(target, arena));
}

/* There is none, or all of it is in the journal still: an XFS that was filled shortly before the crash. */
static unsigned no_system(struct pass *pass)
{
	const struct system_request *wanted = pass->request;

	if (!pass->result->journal_unseen)
		return 0;
	pass->result->wants_write = wanted->action == SYSTEM_REPAIR && !wanted->repair.dry_run;
	if (pass->result->wants_write)
		return 0;
	(void)pass_trouble(pass, "no system is seen in it, but its journal was not replayed");
	return EXIT_LEFT;
}

static unsigned undo(struct pass *pass, struct target *target)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	int status = undo_transaction(target, pass->place->name, NULL, pass->request->repair.force, &text);

	pass->result->is_root = true;
	set_text(pass->result->line,
		 status & EXIT_ERROR ? "nothing was taken back" : "the newest repair is taken back");
	return report_write(pass->report_fd, &text) < 0 ? EXIT_ERROR : (unsigned)status;
}

unsigned pass_examine(struct pass *pass)
{
	cleanup_target struct target *target = NULL;
	cleanup_repair struct repair_outcome outcome = {0};
	const struct system_request *wanted = pass->request;
	struct repair_request request = request_for(pass);
	struct system_result *result = pass->result;
	int r;

	/* The mount follows no symbolic link: the walk does it by hand. */
	r = target_open(&target, pass->directory,
			TARGET_CONFINE | TARGET_WALK | (pass->writable ? TARGET_WRITABLE : 0) |
			    (request.rehearse ? TARGET_REHEARSE : 0));
	if (r < 0)
		return pass_trouble(pass, "it cannot be opened: %s", strerror(-r));
	if (pass->writable && wanted->action == SYSTEM_UNDO)
		return undo(pass, target);
	target->settings = wanted->settings;
	target->journal_unseen = result->journal_unseen;
	r = repair_run(target, &request, &outcome);
	if (r == -ENOTDIR || r == -ENOENT)
		return no_system(pass);
	if (r < 0)
		return pass_trouble(pass, "it cannot be examined: %s", strerror(-r));
	result->is_root = true;
	set_text(result->os, outcome.plan.before->facts.os.pretty_name);
	result->wants_write = wants_write(pass, target, &outcome);
	if (result->wants_write)
		return 0;
	target->root = arena_strdup(&target->arena, pass->place->name);
	outcome.report.disk = pass->place->volume->name;
	outcome.report.strict = wanted->strict;
	if (wanted->action != SYSTEM_REPAIR)
		outcome.report.kind = REPORT_CHECK;
	else if (!wanted->repair.dry_run)
		outcome.report.kind = REPORT_REPAIR;
	result->status = (outcome.report.exit & EXIT_ERROR) | report_exit_status(&outcome.report);
	if (wanted->action == SYSTEM_UNDO) {
		(void)pass_trouble(pass, "there is nothing to take back");
		return 0;
	}
	write_report(pass, target, &outcome);
	return result->status;
}
