/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the run at boot left for the booted system, and whether it came true. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "boot/boot.h"
#include "live/promise.h"

#define TEXT_REPORT "report.txt"
#define JSON_REPORT "report.json"

/* Where the outcome begins in a report. In the JSON no newline can stand within a string, and in the text nothing of
 * the target's begins a line. */
#define TEXT_MARK "\nafter the boot: "
#define JSON_MARK ",\n \"booted\": "

/* 0, or EXIT_ERROR after a message. */
static int open_reports(int *ret_directory)
{
	*ret_directory = open(BOOT_REPORT_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*ret_directory >= 0)
		return 0;
	if (errno == ENOENT)
		return complain(EXIT_ERROR, "sshrescue did not run at this boot; see rd.sshrescue= in sshrescue(8)");
	return complain(EXIT_ERROR, "cannot open " BOOT_REPORT_DIRECTORY ": %s", strerror(errno));
}

/* It is our own text, written by root in a directory of root's. 0, or EXIT_ERROR after a message. */
static int read_report(int directory, const char *name, struct text *ret)
{
	cleanup_fd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char buffer[4096];
	ssize_t n;

	if (fd < 0)
		return complain(EXIT_ERROR, "cannot open " BOOT_REPORT_DIRECTORY "/%s: %s", name, strerror(errno));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		text_add(ret, buffer, (size_t)n);
	if (n < 0)
		return complain(EXIT_ERROR, "cannot read " BOOT_REPORT_DIRECTORY "/%s: %s", name, strerror(errno));
	return 0;
}

static int replace_report(int directory, const char *name, const struct text *text)
{
	cleanup_fd int fd = boot_report_create(directory, name);
	int r = fd < 0 ? fd : report_write(fd, text);

	if (r == 0)
		r = boot_report_publish(directory, name);
	return r < 0 ? complain(EXIT_ERROR, "cannot write " BOOT_REPORT_DIRECTORY "/%s: %s", name, strerror(-r)) : 0;
}

/* --- the outcome --- */

static void add_outcome_text(struct text *text, const struct promise *promise, const struct comparison *comparison)
{
	static const char *const words[] = {
	    [PROMISE_KEPT] = "as promised",
	    [PROMISE_BROKEN] = "not as promised",
	};

	if (comparison->status == PROMISE_NONE)
		text_printf(text, "nothing was promised (%s): ", promise->verdict);
	else
		text_printf(text, "%s: ", words[comparison->status]);
	report_listening_text(text, comparison);
}

static void add_outcome_json(struct text *text, const struct comparison *comparison)
{
	static const char *const names[] = {
	    [PROMISE_NONE] = "none",
	    [PROMISE_KEPT] = "kept",
	    [PROMISE_BROKEN] = "broken",
	};

	text_printf(text, "{\"promise\": \"%s\", \"now\": ", names[comparison->status]);
	report_listening_json(text, comparison);
	text_add_string(text, "}");
}

/* Where an earlier outcome begins, or the end of the report that comes without its last size bytes. */
static size_t end_of_report(const struct text *report, const char *mark, size_t size)
{
	const char *earlier = strstr(report->data, mark);

	return earlier ? (size_t)(earlier - report->data) : report->size - size;
}

/* Puts the outcome into both reports, in place of an earlier one. */
static int record_outcome(int directory, struct text *json, const struct text *line, const struct text *outcome)
{
	struct text text = {.arena = json->arena}, ret = {.arena = json->arena};
	int r = read_report(directory, TEXT_REPORT, &text);

	if (r)
		return r;
	if (text.size) {
		text_add(&ret, text.data, end_of_report(&text, TEXT_MARK, text.data[text.size - 1] == '\n'));
		text_printf(&ret, TEXT_MARK "%s\n", line->data);
		r = replace_report(directory, TEXT_REPORT, &ret);
		if (r)
			return r;
	}
	ret = (struct text){.arena = json->arena};
	text_add(&ret, json->data, end_of_report(json, JSON_MARK, strlen("}\n")));
	text_printf(&ret, JSON_MARK "%s}\n", outcome->data);
	return replace_report(directory, JSON_REPORT, &ret);
}

static int verify(int directory, bool as_json, struct arena *arena)
{
	struct text json = {.arena = arena}, line = {.arena = arena}, outcome = {.arena = arena};
	struct comparison comparison;
	struct promise promise;
	int r = read_report(directory, JSON_REPORT, &json);

	if (r)
		return r;
	if (!json.size || !string_ends_with(json.data, "}\n") ||
	    promise_read(arena, &(struct blob){json.data, json.size}, &promise) < 0)
		return complain(EXIT_ERROR, BOOT_REPORT_DIRECTORY "/" JSON_REPORT " is not a report");
	r = promise_compare_live(arena, &promise, &comparison);
	if (r < 0)
		return complain(EXIT_ERROR, "cannot ask the kernel who listens: %s", strerror(-r));
	add_outcome_text(&line, &promise, &comparison);
	add_outcome_json(&outcome, &comparison);
	r = record_outcome(directory, &json, &line, &outcome);
	if (comparison.status == PROMISE_BROKEN)
		r |= EXIT_LEFT;
	text_add_string(&line, "\n");
	text_add_string(&outcome, "\n");
	return finish_report(as_json ? &outcome : &line, r);
}

int cmd_report(int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	cleanup_fd int directory = -1;
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_JSON | OPTION_VERIFY, 0, &options);
	if (r == 0)
		r = open_reports(&directory);
	if (r)
		return r;
	if (options.verify)
		return verify(directory, options.json, &arena);
	r = read_report(directory, options.json ? JSON_REPORT : TEXT_REPORT, &text);
	return r ? r : finish_report(&text, 0);
}
