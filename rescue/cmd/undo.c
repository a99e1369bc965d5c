/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <errno.h>

#include "report/escape.h"
#include "txn/txn.h"

static void add_paths(struct text *text, const char *what, const txn_path_list *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		const struct txn_path *path = &paths->items[i];

		text_printf(text, "%-10s %s", what, escape_terminal_string(text->arena, path->path));
		if (path->reason)
			text_printf(text, ": %s", escape_terminal_string(text->arena, path->reason));
		text_add_string(text, "\n");
	}
}

static int complain_undo(const char *root, const char *id, int error, const struct txn_error *details)
{
	if (error == -ENOENT && !id)
		return complain(EXIT_ERROR, "there is nothing to take back on %s; see: sshrescue history --root %s",
				root, root);
	if (error == -ENOENT)
		return complain(EXIT_ERROR, "there is no transaction %s on %s; see: sshrescue history --root %s", id,
				root, root);
	if (details->sentence)
		return complain(EXIT_ERROR, "%s%s%s", details->path ? details->path : "", details->path ? ": " : "",
				details->sentence);
	return complain(EXIT_ERROR, "nothing was taken back: %s", strerror(-error));
}

/*
 * Whether settling what an interrupted run left was all that was asked for: it took the newest transaction back, or the
 * one that was named. Going on would take back an older one as well.
 */
static bool settled_it(struct text *text, const struct txn_settle_report *settled, const char *id)
{
	bool done = false;

	for (size_t i = 0; i < settled->settled.count; i++) {
		const struct txn_settled *one = &settled->settled.items[i];

		text_printf(text, "transaction %s was left %s by an interrupted run: %s\n", one->id,
			    txn_state_name(one->was),
			    one->now == TXN_UNDONE    ? "it is taken back now"
			    : one->now == TXN_STAGING ? "it is rolled back now"
						      : txn_state_name(one->now));
		add_paths(text, "left", &one->left);
		done = done || !id || string_equal(one->id, id);
	}
	return done;
}

int undo_transaction(struct target *target, const char *root, const char *id, bool force, struct text *text)
{
	struct txn_settle_report settled = {0};
	struct txn_undo_report report = {0};
	int r, status = 0;

	r = txn_settle(target, &settled);
	if (r < 0)
		return complain_undo(root, id, r, &settled.error);
	if (settled_it(text, &settled, id)) {
		for (size_t i = 0; i < settled.settled.count; i++)
			status |= settled.settled.items[i].left.count ? EXIT_LEFT : 0;
		return status;
	}
	r = txn_undo(target, id, force, &report);
	if (r == -EALREADY)
		return complain(0, "transaction %s is taken back already", report.id);
	if (r < 0 && r != -ESTALE)
		return complain_undo(root, id, r, &report.error);
	add_paths(text, "restored", &report.restored);
	add_paths(text, "as before", &report.already);
	add_paths(text, "left", &report.refused);
	if (r == -ESTALE) {
		text_printf(text,
			    "transaction %s is taken back in part: what has changed since is left; --force takes it "
			    "back as well\n",
			    report.id);
		status |= EXIT_LEFT;
	} else {
		text_printf(text, "transaction %s is taken back\n", report.id);
	}
	if (report.durability_unknown) {
		text_add_string(text, "applied, durability unknown: the disk did not confirm the last step\n");
		status |= EXIT_ERROR;
	}
	return status;
}

int cmd_undo(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT | OPTION_FORCE, 1, &options);
	if (r)
		return r;
	r = open_target(options.root, TARGET_CONFINE | TARGET_WRITABLE, &target);
	if (r)
		return r;
	r = undo_transaction(target, options.root, options.argument_count ? options.arguments[0] : NULL, options.force,
			     &text);
	return finish_report(&text, r);
}
