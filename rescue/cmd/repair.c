/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "repair.h"

#include "cmd/cmd.h"
#include "report/escape.h"
#include "settings.h"

/* One question of a repair on a terminal. */
static void add_question(struct text *text, const struct problem *problem)
{
	text_printf(text, "%s: ", problem->info->code);
	escape_terminal(text, problem_summary(text->arena, problem), strlen(problem_summary(text->arena, problem)));
	if (problem->path) {
		text_add_string(text, "\n  ");
		escape_terminal(text, problem->path, strlen(problem->path));
		if (problem->line)
			text_printf(text, ":%u", problem->line);
	}
	text_printf(text, "\n  %s ", verb_texts[problem->verb].present);
	if (problem->repair)
		escape_terminal(text, problem->repair, strlen(problem->repair));
	text_add_string(text, "? [y/N] ");
}

/* Asks for each problem that is not safe; the end of input means no. */
static bool choose_by_asking(void *context, const struct problem *problem)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	char answer = '\0', byte;

	(void)context;
	if (problem->class == REPAIR_SAFE)
		return true;
	add_question(&text, problem);
	if (report_write(STDOUT_FILENO, &text) < 0)
		return false;
	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
		if (!answer)
			answer = byte;
	}
	return answer == 'y' || answer == 'Y';
}

struct repair_request repair_request_from(const struct options *options)
{
	struct repair_request request = {
	    .port = options->port,
	    .dry_run = options->dry_run,
	    .rehearse = options->rehearse,
	    .no_exec = options->no_exec,
	    .force = options->force,
	    .rehearsal.timeout = options->timeout,
	};

	if (options->dry_run) {
		request.command = "repair -n";
		request.choose = choose_all;
	} else if (options->yes) {
		request.command = "repair -y";
		request.choose = choose_all;
	} else if (options->preen || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || options->json) {
		request.command = "repair -p";
		request.choose = choose_safe;
	} else {
		request.command = "repair";
		request.choose = choose_by_asking;
	}
	return request;
}

int cmd_repair(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	cleanup_repair struct repair_outcome outcome = {0};
	struct repair_request request;
	struct settings settings;
	struct options options;
	int r;

	r = options_parse(argc, argv,
			  OPTION_ROOT | OPTION_JSON | OPTION_PORT | OPTION_MODE | OPTION_STRICT | OPTION_REHEARSE |
			      OPTION_NO_EXEC | OPTION_TIMEOUT | OPTION_FORCE,
			  0, &options);
	if (r)
		return r;
	load_settings(&arena, &settings, &options.port);
	request = repair_request_from(&options);
	r = open_target(options.root,
			TARGET_CONFINE | (options.dry_run ? 0 : TARGET_WRITABLE) |
			    (options.rehearse ? TARGET_REHEARSE : 0),
			&target);
	if (r)
		return r;
	target->settings = &settings;
	r = repair_run(target, &request, &outcome);
	if (r < 0)
		return complain_look(options.root, r);
	outcome.report.strict = options.strict;
	outcome.report.exit |= report_exit_status(&outcome.report);
	if (options.json) {
		report_json(&text, &outcome.report);
	} else {
		report_text(&text, &outcome.report, report_style_for(STDOUT_FILENO));
		if (options.dry_run && outcome.plan.changes) {
			text_add_string(&text, "\n");
			report_diff(&text, target);
		}
	}
	return finish_report(&text, (int)outcome.report.exit);
}
