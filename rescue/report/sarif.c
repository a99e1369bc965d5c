/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as SARIF 2.1.0 (OASIS), which pipelines that build images, and their dashboards, read. */
#include "report/report.h"

#include "base/ctype.h"
#include "report/escape.h"
#include "stage/stage.h"
#include "version.h"

static void add_message(struct text *text, const char *key, const char *string)
{
	text_printf(text, "\"%s\": {\"text\": ", key);
	escape_json_string(text, string);
	text_add_string(text, "}");
}

static const char *level_name(enum severity severity)
{
	switch (severity) {
	case SEVERITY_BLOCKS:
		return "error";
	case SEVERITY_INFO:
		return "note";
	default:
		return "warning";
	}
}

/* RFC 3986: every byte but the unreserved ones and the slash as %XX. */
static void add_uri_path(struct text *text, const char *path)
{
	for (; *path; path++) {
		unsigned char byte = (unsigned char)*path;

		if (char_is_alnum(*path) || strchr("/-._~", byte))
			text_printf(text, "%c", byte);
		else
			text_printf(text, "%%%02X", byte);
	}
}

/* Relative to the root, wherever that is mounted. */
static void add_artifact(struct text *text, const char *path)
{
	text_add_string(text, "\"artifactLocation\": {\"uri\": \"");
	add_uri_path(text, path + strspn(path, "/"));
	text_add_string(text, "\", \"uriBaseId\": \"ROOT\"}");
}

static void add_rules(struct text *text)
{
	text_add_string(text, "\"rules\": [");
	for (size_t i = 0; i < PROBLEM_COUNT; i++) {
		const struct problem_info *info = &problem_table[i];

		text_printf(text, "%s{\"id\": \"%s\", ", i ? ",\n  " : "\n  ", info->code);
		add_message(text, "shortDescription", problem_title(text->arena, info));
		text_add_string(text, ", ");
		add_message(text, "fullDescription", info->explanation);
		text_printf(text,
			    ", \"defaultConfiguration\": {\"level\": \"%s\"}, \"properties\": {\"tags\": [\"%s\"]}}",
			    level_name(info->severity), stage_name(info->stage));
	}
	text_add_string(text, "]");
}

static bool is_line_edit(const struct edit *edit)
{
	return edit->line &&
	       (edit->op == EDIT_REPLACE_LINE || edit->op == EDIT_DELETE_LINE || edit->op == EDIT_INSERT_LINE);
}

/* What the format can say of a repair: changes of lines. */
static bool has_fix(const struct problem *problem)
{
	for (size_t i = 0; i < problem->edits.count; i++) {
		if (!is_line_edit(&problem->edits.items[i]))
			return false;
	}
	return problem->edits.count;
}

static void add_replacement(struct text *text, const struct edit *edit)
{
	if (edit->op == EDIT_REPLACE_LINE)
		text_printf(text, "{\"deletedRegion\": {\"startLine\": %u}", edit->line);
	else
		text_printf(
		    text,
		    "{\"deletedRegion\": {\"startLine\": %u, \"startColumn\": 1, \"endLine\": %u, \"endColumn\": 1}",
		    edit->line, edit->line + (edit->op == EDIT_DELETE_LINE));
	if (edit->op != EDIT_DELETE_LINE) {
		const char *end = edit->op == EDIT_INSERT_LINE ? "\n" : "";

		text_add_string(text, ", ");
		add_message(text, "insertedContent", arena_printf(text->arena, "%s%s", edit->text, end));
	}
	text_add_string(text, "}");
}

static void add_fix(struct text *text, const struct problem *problem)
{
	text_add_string(text, ",\n   \"fixes\": [{");
	if (problem->repair) {
		const char *verb = verb_texts[problem->verb].present;

		add_message(text, "description", arena_printf(text->arena, "%s %s", verb, problem->repair));
		text_add_string(text, ", ");
	}
	text_add_string(text, "\"artifactChanges\": [");
	for (size_t i = 0; i < problem->edits.count; i++) {
		text_add_string(text, i ? ", {" : "{");
		add_artifact(text, problem->edits.items[i].path);
		text_add_string(text, ", \"replacements\": [");
		add_replacement(text, &problem->edits.items[i]);
		text_add_string(text, "]}");
	}
	text_add_string(text, "]}]");
}

static void add_result(struct text *text, const struct problem *problem)
{
	const char *summary = problem_summary(text->arena, problem);

	text_printf(text, "{\"ruleId\": \"%s\", \"ruleIndex\": %u, \"level\": \"%s\", ", problem->info->code,
		    (unsigned)problem->code, level_name(problem->severity));
	if (problem->evidence)
		summary = arena_printf(text->arena, "%s (%s)", summary, problem->evidence);
	add_message(text, "message", summary);
	text_add_string(text, ", \"locations\": [");
	if (problem->path) {
		text_add_string(text, "{\"physicalLocation\": {");
		add_artifact(text, problem->path);
		if (problem->line)
			text_printf(text, ", \"region\": {\"startLine\": %u}", problem->line);
		text_add_string(text, "}}");
	}
	text_printf(text, "], \"properties\": {\"severity\": \"%s\", \"class\": \"%s\"}",
		    severity_name(problem->severity), repair_class_name(problem->class));
	if (has_fix(problem))
		add_fix(text, problem);
	text_add_string(text, "}");
}

void report_sarif(struct text *text, const struct report *report)
{
	const struct plan *plan = report->plan;

	text_add_string(text,
			"{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"version\": \"2.1.0\",\n"
			" \"runs\": [{\"tool\": {\"driver\": {\"name\": \"sshrescue\", \"version\": ");
	escape_json_string(text, SSHRESCUE_VERSION);
	text_add_string(text, ", ");
	add_rules(text);
	text_printf(text, "}},\n \"invocations\": [{\"executionSuccessful\": true, \"exitCode\": %u}],\n",
		    report->exit);
	/* A root that was named by a relative path has no URI of its own. */
	if (*report->target->root == '/') {
		text_add_string(text, " \"originalUriBaseIds\": {\"ROOT\": {\"uri\": \"file://");
		add_uri_path(text, report->target->root);
		text_add_string(text, string_ends_with(report->target->root, "/") ? "\"}},\n" : "/\"}},\n");
	}
	text_printf(text, " \"properties\": {\"verdict\": \"%s\"},\n \"results\": [",
		    verdict_name(look_verdict(plan->before)));
	for (size_t i = 0; i < plan->problems.count; i++) {
		text_add_string(text, i ? ",\n  " : "\n  ");
		add_result(text, plan->problems.items[i]);
	}
	text_add_string(text, "]}]}\n");
}
