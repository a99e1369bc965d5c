/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include "rehearse/rehearsal.h"

int cmd_rehearse(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_plan struct plan plan = {0};
	struct rehearsal rehearsal = rehearsal_forbidden;
	struct report report = {.kind = REPORT_CHECK, .rehearsal = &rehearsal};
	struct text text = {.arena = &plan.arena};
	struct rehearsal_options how = {0};
	struct options options;
	int r;

	r = options_parse(argc, argv,
			  OPTION_ROOT | OPTION_JSON | OPTION_PORT | OPTION_NO_EXEC | OPTION_TIMEOUT | OPTION_FROM, 0,
			  &options);
	if (r)
		return r;
	r = open_target(options.root, TARGET_CONFINE | TARGET_REHEARSE, &target);
	if (r)
		return r;
	r = plan_make(target, options.port, NULL, NULL, &plan);
	if (r < 0)
		return complain_look(options.root, r);
	how.timeout = options.timeout;
	for (size_t i = 0; i < options.from_count; i++)
		*array_push(&plan.arena, &how.from) = arena_strdup(&plan.arena, options.from[i]);
	if (!options.no_exec)
		rehearse(target, plan.before, &how, &plan.arena, &rehearsal);
	report.target = target;
	report.plan = &plan;
	/* What was not proven counts as what was not understood does. */
	report.exit = rehearsal.status == REHEARSAL_PASSED ? 0 : EXIT_LEFT;
	if (options.json) {
		report_json(&text, &report);
	} else {
		struct report_style style = report_style_for(STDOUT_FILENO);

		report_headline(&text, &report, style);
		report_rehearsal_text(&text, &rehearsal, style);
	}
	return finish_report(&text, (int)report.exit);
}
