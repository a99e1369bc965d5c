/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include "rehearse/proof.h"
#include "settings.h"
#include "stage/stage.h"
#include "txn/txn.h"

/* A transaction that an interrupted run left is settled by whoever may write next. */
static const char *pending_note(struct target *target, struct arena *arena)
{
	txn_list pending = {0};

	if (txn_pending(target, arena, &pending, NULL) < 0 || !pending.count)
		return NULL;
	return arena_printf(
	    arena, "transaction %s is %s: an interrupted run left it; the next repair or undo settles it first",
	    pending.items[0].id, txn_state_name(pending.items[0].state));
}

/* On the running system the kernel says who listens at this moment. What it says is shown, and decides nothing: the
 * verdict is about the next boot. */
static const struct comparison *compare_now(struct plan *plan)
{
	struct promise promise = {.verdict = verdict_name(look_verdict(plan->after))};
	struct comparison *comparison = ARENA_NEW(&plan->arena, struct comparison);
	listen_list addresses = {0};

	listen_addresses(&plan->after->facts, &plan->arena, &addresses);
	for (size_t i = 0; i < addresses.count; i++)
		*array_push(&plan->arena, &promise.addresses) =
		    (struct promised_address){addresses.items[i].address, addresses.items[i].port};
	return promise_compare_live(&plan->arena, &promise, comparison) == 0 ? comparison : NULL;
}

int cmd_check(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_plan struct plan plan = {0};
	struct rehearsal rehearsal = rehearsal_forbidden;
	struct report report = {.kind = REPORT_CHECK};
	struct text text = {.arena = &plan.arena};
	cleanup_arena struct arena arena = {0};
	struct settings settings;
	struct options options;
	/* It cannot be seen any more once the process is confined. */
	bool system_network = listening_is_system();
	int r;

	r = options_parse(argc, argv,
			  OPTION_ROOT | OPTION_JSON | OPTION_SARIF | OPTION_PORT | OPTION_STRICT | OPTION_REHEARSE |
			      OPTION_NO_EXEC | OPTION_TIMEOUT,
			  0, &options);
	if (r)
		return r;
	load_settings(&arena, &settings, &options.port);
	r = open_target(options.root, TARGET_CONFINE | (options.rehearse ? TARGET_REHEARSE : 0), &target);
	if (r)
		return r;
	target->settings = &settings;
	r = plan_make(target, options.port, NULL, NULL, &plan);
	if (r < 0)
		return complain_look(options.root, r);
	if (options.rehearse) {
		const struct rehearsal_options how = {.timeout = options.timeout};

		if (!options.no_exec)
			rehearse(target, plan.after, &how, &plan.arena, &rehearsal);
		if (rehearsal_disagrees(&rehearsal, &plan))
			rehearsal_raise(&rehearsal, &plan);
		report.rehearsal = &rehearsal;
	}
	report.target = target;
	report.plan = &plan;
	report.strict = options.strict;
	report.notes = pending_note(target, &plan.arena);
	if (target->live && system_network)
		report.now = compare_now(&plan);
	report.exit = report_exit_status(&report);
	if (options.sarif)
		report_sarif(&text, &report);
	else if (options.json)
		report_json(&text, &report);
	else
		report_text(&text, &report, report_style_for(STDOUT_FILENO));
	return finish_report(&text, (int)report.exit);
}
