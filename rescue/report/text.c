/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/escape.h"
#include "stage/stage.h"

enum {
	CODE_COLUMN = 20, /* where a problem's summary begins */
	CLASS_COLUMN = 76, /* where the repair class ends a repair line */
	LOGIN_NAMES = 8, /* accounts named of each kind */
};

struct mark {
	const char *unicode, *ascii, *colour;
};

static const struct mark marks[] = {
    [STAGE_OK] = {"✓", "ok", "\033[32m"},     [STAGE_BLOCKS] = {"✗", "FAIL", "\033[31m"},
    [STAGE_UNKNOWN] = {"?", "?", "\033[33m"}, [STAGE_LIMITS] = {"!", "!", "\033[33m"},
    [STAGE_WARNS] = {"!", "!", "\033[33m"},   [STAGE_SKIPPED] = {"–", "-", ""},
};

struct report_style report_style_for(int fd)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	struct report_style style = {.colour = isatty(fd) && !getenv("NO_COLOR")};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *locale = getenv(variables[i]);

		if (!locale || !*locale)
			continue;
		style.unicode = strstr(locale, "UTF-8") || strstr(locale, "utf8");
		break;
	}
	return style;
}

void report_mark(struct text *text, enum stage_status status, struct report_style style)
{
	const struct mark *mark = &marks[status];
	const char *sign = style.unicode ? mark->unicode : mark->ascii;

	if (style.colour && *mark->colour)
		text_printf(text, "%s%s\033[0m", mark->colour, sign);
	else
		text_add_string(text, sign);
}

static void add_safe(struct text *text, const char *string)
{
	escape_terminal(text, string, strlen(string));
}

static void add_ports(struct text *text, const struct look *look)
{
	listen_list list = {0};

	listen_addresses(&look->facts, text->arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen = seen || list.items[j].port == list.items[i].port;
		if (!seen)
			text_printf(text, "%s%u", i ? ", " : "port ", list.items[i].port);
	}
	if (!list.count)
		text_add_string(text, "no port");
}

void report_headline(struct text *text, const struct report *report, struct report_style style)
{
	static const char *const init_names[] = {
	    [INIT_SYSTEMD] = "systemd",
	    [INIT_OPENRC] = "OpenRC",
	    [INIT_OTHER] = "unknown init",
	};
	const struct look *look = report->plan->after;
	const char *dot = style.unicode ? " · " : ", ";

	add_safe(text, look->facts.os.pretty_name);
	text_add_string(text, " on ");
	add_safe(text, report->target->root);
	text_printf(text, "%s%s%sOpenSSH ", dot, init_names[look->facts.init], dot);
	add_safe(text, look->facts.binary.version ? look->facts.binary.version : "(no version found)");
	text_add_string(text, dot);
	add_ports(text, look);
	text_add_string(text, "\n\n");
}

static void add_path(struct text *text, const struct findings *findings, struct report_style style)
{
	for (enum stage stage = STAGE_BOOT; stage < STAGE_COUNT; stage++) {
		text_printf(text, "%s%s ", stage ? "  " : "", stage_name(stage));
		report_mark(text, findings_stage_status(findings, stage), style);
	}
	text_add_string(text, "\n");
}

/* Only what was written is repaired. */
static bool is_repaired(const struct report *report, const struct problem *problem)
{
	return problem->state == PROBLEM_STATE_REPAIRED && report->kind == REPORT_REPAIR && !report->failure;
}

static enum stage_status problem_mark(const struct report *report, const struct problem *problem)
{
	static const enum stage_status from_severity[] = {
	    [SEVERITY_BLOCKS] = STAGE_BLOCKS, [SEVERITY_UNKNOWN] = STAGE_UNKNOWN, [SEVERITY_LIMITS] = STAGE_LIMITS,
	    [SEVERITY_WARNS] = STAGE_WARNS,   [SEVERITY_INFO] = STAGE_SKIPPED,
	};

	return is_repaired(report, problem) ? STAGE_OK : from_severity[problem->severity];
}

static void add_repair(struct text *text, const struct report *report, const struct problem *problem)
{
	const struct verb_text *verb = &verb_texts[problem->verb];
	size_t start = text->size;

	if (problem->edits.count && problem->class != REPAIR_REPORT) {
		bool done = is_repaired(report, problem);

		text_printf(text, "      %s: %s ", done ? "repaired" : "repair", done ? verb->past : verb->present);
		add_safe(text, problem->repair ? problem->repair : "it");
		if (!done)
			text_printf(text, "%*s",
				    (int)(CLASS_COLUMN > text->size - start ? CLASS_COLUMN - (text->size - start) : 1),
				    repair_class_name(problem->class));
		text_add_string(text, "\n");
	}
	if (problem->left_because) {
		text_add_string(text, "      left: ");
		add_safe(text, problem->left_because);
		text_add_string(text, "\n");
	}
	if (problem->remedy && !is_repaired(report, problem)) {
		text_add_string(text, "      remedy: ");
		add_safe(text, problem->remedy);
		text_add_string(text, "\n");
	}
}

static void add_problem(struct text *text, const struct report *report, const struct problem *problem,
			struct report_style style)
{
	report_mark(text, problem_mark(report, problem), style);
	text_printf(text, " %-*s ", CODE_COLUMN, problem->info->code);
	add_safe(text, problem_summary(text->arena, problem));
	text_add_string(text, "\n");
	if (problem->path || problem->evidence) {
		text_add_string(text, "      ");
		if (problem->path)
			add_safe(text, problem->path);
		if (problem->line)
			text_printf(text, ":%u", problem->line);
		if (problem->evidence) {
			text_add_string(text, problem->path ? ": " : "");
			add_safe(text, problem->evidence);
		}
		text_add_string(text, "\n");
	}
	add_repair(text, report, problem);
}

/* Counts of what the last look still shows. */
struct left_count {
	size_t blocking, unknown, limiting, repairable;
};

static struct left_count count_left(const struct report *report)
{
	struct left_count count = {0};

	for (size_t i = 0; i < report->plan->problems.count; i++) {
		const struct problem *problem = report->plan->problems.items[i];

		if (is_repaired(report, problem))
			continue;
		count.blocking += problem->severity == SEVERITY_BLOCKS;
		count.unknown += problem->severity == SEVERITY_UNKNOWN;
		count.limiting += problem->severity == SEVERITY_LIMITS;
		count.repairable += problem->severity == SEVERITY_BLOCKS && problem->edits.count &&
				    problem->class != REPAIR_REPORT && !problem->left_because;
	}
	return count;
}

/* The look that the verdict is about: what is on disk when the command ends. */
static const struct look *final_look(const struct report *report)
{
	return report->kind == REPORT_REPAIR && !report->failure ? report->plan->after : report->plan->before;
}

unsigned report_exit_status(const struct report *report)
{
	struct left_count count = count_left(report);
	unsigned status = 0;

	if (report->kind == REPORT_REPAIR && !report->failure && report->plan->changes)
		status |= EXIT_REPAIRED;
	if (count.blocking || look_verdict(final_look(report)) != VERDICT_REACHABLE)
		status |= EXIT_LEFT;
	if (report->strict && report->plan->problems.count > (status & EXIT_REPAIRED ? report->plan->repaired : 0))
		status |= EXIT_LEFT;
	return status;
}

static void add_verdict(struct text *text, const struct report *report)
{
	struct left_count count = count_left(report);
	enum verdict verdict = look_verdict(final_look(report));

	text_printf(text, "%s", verdict_name(verdict));
	if (verdict == VERDICT_UNREACHABLE)
		text_printf(text, ": %zu problem%s block%s every connection%s", count.blocking,
			    count.blocking == 1 ? "" : "s", count.blocking == 1 ? "s" : "",
			    count.repairable == count.blocking
				? (count.blocking == 1 ? "; it can be repaired" : "; all can be repaired")
			    : count.repairable ? "; some can be repaired"
					       : "");
	else if (verdict == VERDICT_UNKNOWN)
		text_printf(text, ": %s",
			    count.unknown ? "something on the way in was not understood"
					  : "part of the way in was not judged");
	else if (findings_has(&final_look(report)->findings, PROBLEM_LOGIN_NOBODY))
		text_add_string(text, ", but no account can log in");
	else if (count.limiting)
		text_add_string(text, ", but not for everybody");
	else
		text_add_string(text, ": nothing in this root keeps a client from sshd");
}

void report_line(struct text *text, const struct report *report)
{
	if (report->kind == REPORT_REPAIR && report->plan->changes && !report->failure)
		text_printf(text, "%zu problem%s repaired; ", report->plan->repaired,
			    report->plan->repaired == 1 ? "" : "s");
	add_verdict(text, report);
	if (report->rehearsal)
		text_printf(text, "; rehearsal %s", rehearsal_status_name(report->rehearsal->status));
	if (report->failure) {
		text_add_string(text, "; ");
		add_safe(text, report->failure);
	}
}

/* A command line to type. */
static void add_command(struct text *text, const char *command, const struct report *report)
{
	const struct target *target = report->target;

	text_printf(text, " sshrescue %s%s", report->disk ? "disks " : "", command);
	if (report->disk) {
		text_add_string(text, " ");
		add_safe(text, report->disk);
	} else if (!string_equal(target->root, "/")) {
		text_add_string(text, " --root ");
		add_safe(text, target->root);
	}
	text_add_string(text, "\n");
}

/* From where the firewall lets clients in, unless from everywhere. */
static void add_sources(struct text *text, const struct look *look)
{
	const string_list *sources = &look->findings.sources;

	if (!sources->count || (sources->count == 1 && string_equal(sources->items[0], "any")))
		return;
	text_add_string(text, "the firewall lets in: ");
	for (size_t i = 0; i < sources->count; i++) {
		text_add_string(text, i ? "; " : "");
		add_safe(text, sources->items[i]);
	}
	text_add_string(text, "\n");
}

/* The accounts of one kind: "root (key), admin (key, password)". */
static void add_accounts(struct text *text, const struct findings *findings, enum login_answer answer)
{
	size_t named = 0;

	for (size_t i = 0; i < findings->logins.count && named < LOGIN_NAMES; i++) {
		const struct login *login = &findings->logins.items[i];
		const char *detail = answer == LOGIN_NO ? login->reason : login->ways;

		if (login->answer != answer)
			continue;
		text_add_string(text, named++ ? ", " : " ");
		add_safe(text, login->account);
		text_add_string(text, " (");
		add_safe(text, detail);
		if (answer == LOGIN_DEPENDS) {
			text_add_string(text, "; depends on ");
			add_safe(text, login->reason);
		}
		text_add_string(text, ")");
	}
	if (findings->login_counts[answer] > named)
		text_printf(text, " and %zu more", findings->login_counts[answer] - named);
}

/* Who can log in, once sshd answers. */
static void add_logins(struct text *text, const struct findings *findings)
{
	static const char *const intros[] = {
	    [LOGIN_YES] = "who gets in:", [LOGIN_DEPENDS] = "perhaps:", [LOGIN_NO] = "not:"};
	bool begun = false;

	if (findings->skipped[STAGE_LOGIN])
		return;
	for (enum login_answer answer = LOGIN_YES; answer < LOGIN_ANSWER_COUNT; answer++) {
		if (!findings->login_counts[answer] && answer != LOGIN_YES)
			continue;
		text_printf(text, "%s%s", begun ? "; " : "", intros[answer]);
		if (!findings->login_counts[answer])
			text_add_string(text,
					findings->login_counts[LOGIN_DEPENDS] ? " nobody for certain" : " nobody");
		add_accounts(text, findings, answer);
		begun = true;
	}
	if (findings->logins_elsewhere)
		text_add_string(text, "; accounts that are kept elsewhere were not looked at");
	text_add_string(text, "\n");
}

static void add_closing(struct text *text, const struct report *report)
{
	struct left_count count = count_left(report);

	if (report->notes) {
		add_safe(text, report->notes);
		text_add_string(text, "\n");
	}
	report_line(text, report);
	text_add_string(text, ".\n");
	if (report->now) {
		text_add_string(text, "at this moment: ");
		report_listening_text(text, report->now);
		text_add_string(text, "\n");
	}
	add_logins(text, &final_look(report)->findings);
	if (look_verdict(final_look(report)) == VERDICT_REACHABLE) {
		add_sources(text, final_look(report));
		text_add_string(text, "not seen from here: the provider's security groups, NAT, routes, DNS\n");
	}
	if (report->transaction) {
		text_printf(text, "transaction %s; to take it back:", report->transaction);
		add_command(text, "undo", report);
	} else if (report->kind != REPORT_REPAIR && count.repairable) {
		text_add_string(text, "next:");
		add_command(text, "repair", report);
	}
}

void report_text(struct text *text, const struct report *report, struct report_style style)
{
	const struct plan *plan = report->plan;

	report_headline(text, report, style);
	add_path(text, &plan->before->findings, style);
	if (report->kind == REPORT_REPAIR && plan->changes && !report->failure) {
		text_add_string(text, "repaired:\n");
		add_path(text, &plan->after->findings, style);
	}
	text_add_string(text, "\n");
	for (size_t i = 0; i < plan->problems.count; i++)
		add_problem(text, report, plan->problems.items[i], style);
	if (plan->problems.count)
		text_add_string(text, "\n");
	if (report->rehearsal) {
		report_rehearsal_text(text, report->rehearsal, style);
		text_add_string(text, "\n");
	}
	add_closing(text, report);
}

int report_write(int fd, const struct text *text)
{
	for (size_t written = 0; written < text->size;) {
		ssize_t n = write(fd, text->data + written, text->size - written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		written += (size_t)n;
	}
	return 0;
}
