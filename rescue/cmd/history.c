/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <time.h>

#include "report/escape.h"
#include "txn/txn.h"

static void add_text(struct text *text, const struct txn_summary *transaction)
{
	time_t seconds = (time_t)transaction->time;
	char when[32] = "?";
	struct tm broken_down;

	if (gmtime_r(&seconds, &broken_down))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &broken_down);
	text_printf(text, "%s  %s  %s  %s\n", transaction->id, when, txn_state_name(transaction->state),
		    transaction->command ? escape_terminal_string(text->arena, transaction->command) : "");
	if (transaction->damage)
		text_printf(text, "  damaged: %s\n", escape_terminal_string(text->arena, transaction->damage));
	for (size_t i = 0; i < transaction->problems.count; i++)
		text_printf(text, "  %s%s", i ? "" : "for ",
			    escape_terminal_string(text->arena, transaction->problems.items[i]));
	if (transaction->problems.count)
		text_add_string(text, "\n");
	for (size_t i = 0; i < transaction->actions.count; i++)
		text_printf(text, "  %-8s %s\n", transaction->actions.items[i].operation,
			    escape_terminal_string(text->arena, transaction->actions.items[i].path));
}

static void add_json(struct text *text, const struct txn_summary *transaction)
{
	text_printf(text, "{\"id\": \"%s\", \"state\": \"%s\", \"time\": %lld, \"command\": ", transaction->id,
		    txn_state_name(transaction->state), (long long)transaction->time);
	escape_json_string(text, transaction->command);
	text_add_string(text, ", \"tool_version\": ");
	escape_json_string(text, transaction->tool_version);
	text_add_string(text, ", \"problems\": [");
	for (size_t i = 0; i < transaction->problems.count; i++) {
		text_add_string(text, i ? ", " : "");
		escape_json_string(text, transaction->problems.items[i]);
	}
	text_add_string(text, "], \"actions\": [");
	for (size_t i = 0; i < transaction->actions.count; i++) {
		text_printf(text, "%s{\"op\": \"%s\", \"path\": ", i ? ", " : "",
			    transaction->actions.items[i].operation);
		escape_json_string(text, transaction->actions.items[i].path);
		text_add_string(text, "}");
	}
	text_add_string(text, "]}");
}

int cmd_history(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct txn_error error = {0};
	txn_list list = {0};
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT | OPTION_JSON, 0, &options);
	if (r)
		return r;
	r = open_target(options.root, TARGET_CONFINE, &target);
	if (r)
		return r;
	r = txn_history(target, &arena, &list, &error);
	if (r < 0)
		return complain(EXIT_ERROR, "cannot read the history of %s: %s", options.root,
				error.sentence ? error.sentence : strerror(-r));
	text_add_string(&text, options.json ? "{\"schema\": 1, \"transactions\": [" : "");
	for (size_t i = 0; i < list.count; i++) {
		if (options.json) {
			text_add_string(&text, i ? ",\n " : "\n ");
			add_json(&text, &list.items[i]);
		} else {
			add_text(&text, &list.items[i]);
		}
	}
	if (options.json)
		text_add_string(&text, "]}\n");
	else if (!list.count)
		text_printf(&text, "nothing was ever repaired on %s\n", escape_terminal_string(&arena, options.root));
	return finish_report(&text, 0);
}
