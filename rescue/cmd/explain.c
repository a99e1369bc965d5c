/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

/* Wraps at the width of a serial console. */
enum {
	TEXT_WIDTH = 78
};

static void add_wrapped(struct text *text, const char *paragraph)
{
	size_t column = 0;

	for (const char *word = paragraph; *word;) {
		size_t length = strcspn(word, " ");

		if (column && column + 1 + length > TEXT_WIDTH) {
			text_add_string(text, "\n");
			column = 0;
		}
		if (column) {
			text_add_string(text, " ");
			column++;
		}
		text_add(text, word, length);
		column += length;
		word += length;
		word += strspn(word, " ");
	}
	text_add_string(text, "\n");
}

static void explain_one(struct text *text, const struct problem_info *info)
{
	text_printf(text, "%s: %s\n", info->code, problem_title(text->arena, info));
	text_printf(text, "stage %s, severity %s, repair class %s\n\n", stage_name(info->stage),
		    severity_name(info->severity), repair_class_name(info->class));
	add_wrapped(text, info->explanation);
}

int cmd_explain(int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct options options;
	int r;

	r = options_parse(argc, argv, 0, 1, &options);
	if (r)
		return r;
	for (size_t i = 0; i < PROBLEM_COUNT; i++) {
		const struct problem_info *info = &problem_table[i];

		if (!options.argument_count) {
			text_printf(&text, "%-28s %-8s %-7s %s\n", info->code, severity_name(info->severity),
				    repair_class_name(info->class), problem_title(&arena, info));
		} else if (string_equal(info->code, options.arguments[0])) {
			explain_one(&text, info);
			return finish_report(&text, 0);
		}
	}
	if (options.argument_count)
		return complain(EXIT_USAGE, "there is no problem '%s'; sshrescue explain lists them all",
				options.arguments[0]);
	return finish_report(&text, 0);
}
