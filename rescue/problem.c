/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "problem.h"

#include <stdarg.h>

#include "base/text.h"

const struct verb_text verb_texts[VERB_COUNT] = {
    [VERB_NONE] = {"repair", "repaired"},
    [VERB_REMOVE] = {"remove", "removed"},
    [VERB_CREATE] = {"create", "created"},
    [VERB_CORRECT] = {"correct", "corrected"},
    [VERB_COMMENT_OUT] = {"comment out", "commented out"},
    [VERB_SET] = {"set", "set"},
    [VERB_ENABLE] = {"enable", "enabled"},
    [VERB_GENERATE] = {"generate", "generated"},
    [VERB_ADD] = {"add", "added"},
    [VERB_RESTORE] = {"restore", "restored"},
    [VERB_RENAME] = {"rename", "renamed"},
};

const struct problem_info problem_table[PROBLEM_COUNT] = {
#define PROBLEM(id, code_text, stage_id, severity_id, class_id, verb_id, title_text, explanation_text) \
	[PROBLEM_##id] = {                                                                             \
	    .code = (code_text),                                                                       \
	    .stage = (stage_id),                                                                       \
	    .severity = (severity_id),                                                                 \
	    .class = (class_id),                                                                       \
	    .verb = (verb_id),                                                                         \
	    .title = (title_text),                                                                     \
	    .explanation = (explanation_text),                                                         \
	},
#include "problem_table.def"
#undef PROBLEM
};

static const char *const stage_names[STAGE_COUNT] = {
    "boot", "network", "service", "daemon", "config", "keys", "listen", "firewall", "login",
};

static const char *const stage_status_names[] = {
    [STAGE_OK] = "ok",	       [STAGE_BLOCKS] = "blocks", [STAGE_UNKNOWN] = "unknown",
    [STAGE_LIMITS] = "limits", [STAGE_WARNS] = "warns",	  [STAGE_SKIPPED] = "skipped",
};

static const char *const severity_names[] = {
    [SEVERITY_BLOCKS] = "blocks", [SEVERITY_UNKNOWN] = "unknown", [SEVERITY_LIMITS] = "limits",
    [SEVERITY_WARNS] = "warns",	  [SEVERITY_INFO] = "info",
};

static const char *const repair_class_names[] = {
    [REPAIR_SAFE] = "safe",
    [REPAIR_ASK] = "ask",
    [REPAIR_REPORT] = "report",
};

const char *stage_name(enum stage stage)
{
	return stage_names[stage];
}

const char *stage_status_name(enum stage_status status)
{
	return stage_status_names[status];
}

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

const char *repair_class_name(enum repair_class class)
{
	return repair_class_names[class];
}

struct problem *problem_raise(struct findings *findings, enum problem_code code, const char *path, unsigned line,
			      const char *subject_format, ...)
{
	const struct problem_info *info = &problem_table[code];
	struct problem *problem = ARENA_NEW(findings->arena, struct problem);
	va_list arguments;

	va_start(arguments, subject_format);
	problem->subject = arena_vprintf(findings->arena, subject_format, arguments);
	va_end(arguments);
	problem->code = code;
	problem->info = info;
	problem->severity = info->severity;
	problem->class = info->class;
	problem->verb = info->verb;
	problem->path = path ? arena_strdup(findings->arena, path) : NULL;
	problem->line = line;
	*array_push(findings->arena, &findings->problems) = problem;
	return problem;
}

void problem_evidence(struct findings *findings, struct problem *problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	problem->evidence = arena_vprintf(findings->arena, format, arguments);
	va_end(arguments);
}

void problem_repair(struct findings *findings, struct problem *problem, enum verb verb, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	problem->repair = arena_vprintf(findings->arena, format, arguments);
	va_end(arguments);
	problem->verb = verb;
}

void problem_remedy(struct findings *findings, struct problem *problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	problem->remedy = arena_vprintf(findings->arena, format, arguments);
	va_end(arguments);
}

char *problem_title(struct arena *arena, const struct problem_info *info)
{
	const struct problem any = {.info = info, .subject = "..."};

	return problem_summary(arena, &any);
}

char *problem_summary(struct arena *arena, const struct problem *problem)
{
	const char *title = problem->info->title, *place = strstr(title, "%s");

	if (!place)
		return arena_strdup(arena, title);
	return arena_printf(arena, "%.*s%s%s", (int)(place - title), title, problem->subject, place + 2);
}

bool problem_same(const struct problem *a, const struct problem *b)
{
	if (a->code != b->code || !string_equal(a->subject, b->subject))
		return false;
	return a->path && b->path ? string_equal(a->path, b->path) : a->path == b->path;
}

bool findings_has(const struct findings *findings, enum problem_code code)
{
	for (size_t i = 0; i < findings->problems.count; i++) {
		if (findings->problems.items[i]->code == code)
			return true;
	}
	return false;
}

enum stage_status findings_stage_status(const struct findings *findings, enum stage stage)
{
	static const enum stage_status from_severity[] = {
	    [SEVERITY_BLOCKS] = STAGE_BLOCKS, [SEVERITY_UNKNOWN] = STAGE_UNKNOWN, [SEVERITY_LIMITS] = STAGE_LIMITS,
	    [SEVERITY_WARNS] = STAGE_WARNS,   [SEVERITY_INFO] = STAGE_OK,
	};
	enum severity worst = SEVERITY_INFO;

	for (size_t i = 0; i < findings->problems.count; i++) {
		const struct problem *problem = findings->problems.items[i];

		if (problem->info->stage == stage && problem->severity < worst)
			worst = problem->severity;
		/* It blocks everybody, though not the connection. */
		if (problem->code == PROBLEM_LOGIN_NOBODY && stage == STAGE_LOGIN &&
		    problem->severity == SEVERITY_LIMITS)
			worst = SEVERITY_BLOCKS;
	}
	if (findings->skipped[stage] && worst != SEVERITY_BLOCKS)
		return STAGE_SKIPPED;
	return from_severity[worst];
}
