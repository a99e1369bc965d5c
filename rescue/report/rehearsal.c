/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include "report/escape.h"

static void add_safe(struct text *text, const char *string)
{
	escape_terminal(text, string, strlen(string));
}

static enum stage_status mark_of(enum rehearsal_status status)
{
	static const enum stage_status marks[] = {
	    [REHEARSAL_SKIPPED] = STAGE_SKIPPED,
	    [REHEARSAL_PASSED] = STAGE_OK,
	    [REHEARSAL_FAILED] = STAGE_BLOCKS,
	};

	return marks[status];
}

/* What a program said, each line on its own. */
static void add_output(struct text *text, const char *output)
{
	while (*output) {
		size_t length = strcspn(output, "\r\n");

		if (length) {
			text_add_string(text, "        | ");
			escape_terminal(text, output, length);
			text_add_string(text, "\n");
		}
		output += length + (output[length] != '\0');
	}
}

static void add_program(struct text *text, const struct rehearsed_program *program)
{
	text_add_string(text, "      ");
	add_safe(text, program->unit);
	text_add_string(text, ": ");
	add_safe(text, program->name);
	if (program->ended)
		text_printf(text, ": status %d", program->exit_status);
	text_add_string(text, "\n");
	if (program->ended && program->exit_status)
		add_output(text, program->output);
}

void report_rehearsal_text(struct text *text, const struct rehearsal *rehearsal, struct report_style style)
{
	report_mark(text, mark_of(rehearsal->status), style);
	text_printf(text, " rehearsal %s", rehearsal_status_name(rehearsal->status));
	if (rehearsal->milliseconds)
		text_printf(text, " in %u.%03u s", rehearsal->milliseconds / 1000, rehearsal->milliseconds % 1000);
	if (rehearsal->reason) {
		text_add_string(text, ": ");
		add_safe(text, rehearsal->reason);
	}
	text_add_string(text, "\n");
	for (size_t i = 0; i < rehearsal->programs.count; i++)
		add_program(text, &rehearsal->programs.items[i]);
	for (size_t i = 0; i < rehearsal->connections.count; i++) {
		const struct rehearsed_connection *connection = &rehearsal->connections.items[i];

		text_printf(text, "      port %u of %s, from %s by ", connection->port, connection->address,
			    connection->source);
		add_safe(text, connection->interface);
		text_printf(text, ": %s\n", connection->result);
	}
	if (rehearsal->dropped_by) {
		text_add_string(text, "      dropped by ");
		add_safe(text, rehearsal->dropped_by);
		text_add_string(text, "\n");
	}
	if (rehearsal->banner) {
		text_add_string(text, "      ");
		add_safe(text, rehearsal->banner);
		text_add_string(text, "\n");
	}
	for (size_t i = 0; i < rehearsal->keys.count; i++) {
		const struct rehearsed_key *key = &rehearsal->keys.items[i];

		text_add_string(text, "      host key ");
		add_safe(text, key->type);
		text_add_string(text, key->path ? ", as in " : ", which is in none of its files");
		if (key->path)
			add_safe(text, key->path);
		text_add_string(text, "\n");
	}
}

static void add_key(struct text *text, const char *key, const char *value)
{
	text_printf(text, "\"%s\": ", key);
	escape_json_string(text, value);
}

static void add_programs(struct text *text, const struct rehearsal *rehearsal)
{
	text_add_string(text, ", \"programs\": [");
	for (size_t i = 0; i < rehearsal->programs.count; i++) {
		const struct rehearsed_program *program = &rehearsal->programs.items[i];

		text_add_string(text, i ? ",\n   {" : "\n   {");
		add_key(text, "unit", program->unit);
		text_add_string(text, ", ");
		add_key(text, "command", program->name);
		if (program->ended)
			text_printf(text, ", \"exit\": %d, ", program->exit_status);
		else
			text_add_string(text, ", \"exit\": null, ");
		add_key(text, "output", program->output);
		text_add_string(text, "}");
	}
	text_add_string(text, "]");
}

static void add_connections(struct text *text, const struct rehearsal *rehearsal)
{
	text_add_string(text, ", \"connections\": [");
	for (size_t i = 0; i < rehearsal->connections.count; i++) {
		const struct rehearsed_connection *connection = &rehearsal->connections.items[i];

		text_add_string(text, i ? ",\n   {" : "\n   {");
		add_key(text, "source", connection->source);
		text_add_string(text, ", ");
		add_key(text, "address", connection->address);
		text_printf(text, ", \"port\": %u, ", connection->port);
		add_key(text, "interface", connection->interface);
		text_printf(text, ", \"let_in\": %s, ", connection->let_in ? "true" : "false");
		add_key(text, "result", connection->result);
		text_add_string(text, "}");
	}
	text_add_string(text, "]");
}

static void add_keys(struct text *text, const struct rehearsal *rehearsal)
{
	text_add_string(text, ", \"host_keys\": [");
	for (size_t i = 0; i < rehearsal->keys.count; i++) {
		text_add_string(text, i ? ", {" : "{");
		add_key(text, "type", rehearsal->keys.items[i].type);
		text_add_string(text, ", ");
		add_key(text, "path", rehearsal->keys.items[i].path);
		text_add_string(text, "}");
	}
	text_add_string(text, "]");
}

void report_rehearsal_json(struct text *text, const struct rehearsal *rehearsal)
{
	static const struct rehearsal not_asked_for = {.status = REHEARSAL_SKIPPED, .reason = "not asked for"};

	if (!rehearsal)
		rehearsal = &not_asked_for;
	text_add_string(text, "{");
	add_key(text, "status", rehearsal_status_name(rehearsal->status));
	text_add_string(text, ", ");
	add_key(text, "reason", rehearsal->reason);
	text_add_string(text, ", ");
	add_key(text, "banner", rehearsal->banner);
	text_add_string(text, ", ");
	add_key(text, "dropped_by", rehearsal->dropped_by);
	if (rehearsal != &not_asked_for) {
		text_printf(text, ", \"milliseconds\": %u", rehearsal->milliseconds);
		add_programs(text, rehearsal);
		add_connections(text, rehearsal);
		add_keys(text, rehearsal);
	}
	text_add_string(text, "}");
}
