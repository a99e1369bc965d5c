/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/boot.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "repair.h"
#include "report/escape.h"

/* Asks the guard, who can see the mount, to make the root writable. */
static int ask_for_writable_root(void *context)
{
	const struct boot_worker *worker = context;
	int answer;

	if (send(worker->guard, "w", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	if (recv(worker->guard, &answer, sizeof(answer), MSG_WAITALL) != (ssize_t)sizeof(answer))
		return -EIO;
	return answer;
}

static void say_line(const struct boot_worker *worker, struct arena *arena, const char *line)
{
	struct text text = {.arena = arena};

	text_printf(&text, "<4>sshrescue: %s\n", line);
	/* One write is one record of the kernel's log. */
	if (worker->kmsg >= 0)
		(void)!write(worker->kmsg, text.data, text.size);
	(void)!write(STDOUT_FILENO, text.data + 3, text.size - 3);
}

static int say_failure(const struct boot_worker *worker, struct arena *arena, const char *what, int error)
{
	say_line(worker, arena, arena_printf(arena, "%s: %s; the boot goes on", what, strerror(-error)));
	return EXIT_ERROR;
}

static struct repair_request request_for(const struct boot_worker *worker, struct arena *arena)
{
	struct repair_request request = {
	    .command = arena_printf(arena, "boot: %s%s", worker->request->origin ? worker->request->origin : "",
				    boot_mode_name(worker->request->mode)),
	    .port = worker->request->port,
	    .make_writable = ask_for_writable_root,
	    .writable_context = (void *)worker,
	};

	switch (worker->request->mode) {
	case BOOT_REHEARSE:
		/* As repair, but what the rehearsal disproves is not written. What it takes must leave time for that.
		 */
		request.rehearse = true;
		request.rehearsal.timeout = (worker->request->timeout + 1) / 2;
		request.choose = choose_all;
		break;
	case BOOT_REPAIR:
		request.choose = choose_all;
		break;
	case BOOT_PREEN:
		request.choose = choose_safe;
		break;
	default:
		request.dry_run = true;
		break;
	}
	return request;
}

static void write_reports(const struct boot_worker *worker, struct arena *arena, const struct report *report)
{
	struct text text = {.arena = arena}, json = {.arena = arena}, line = {.arena = arena};

	report_text(&text, report, (struct report_style){0});
	report_json(&json, report);
	report_line(&line, report);
	(void)report_write(STDOUT_FILENO, &text);
	(void)report_write(worker->text_report, &text);
	(void)report_write(worker->json_report, &json);
	say_line(worker, arena, line.data);
}

int boot_work(const struct boot_worker *worker)
{
	cleanup_arena struct arena arena = {0};
	cleanup_target struct target *target = NULL;
	cleanup_repair struct repair_outcome outcome = {0};
	struct repair_request request = request_for(worker, &arena);
	int r;

	r = target_open(&target, worker->root,
			TARGET_CONFINE | (request.dry_run ? 0 : TARGET_WRITABLE) |
			    (request.rehearse ? TARGET_REHEARSE : 0));
	if (r < 0)
		return say_failure(worker, &arena, "cannot open the root", r);
	target->settings = worker->request->settings;
	r = repair_run(target, &request, &outcome);
	if (r < 0)
		return say_failure(worker, &arena, "cannot examine the root", r);
	if (request.dry_run)
		outcome.report.kind = REPORT_CHECK;
	if (request.rehearse && outcome.rehearsal.status == REHEARSAL_SKIPPED && worker->no_modules)
		outcome.rehearsal.reason =
		    arena_printf(&arena, "%s (%s)", outcome.rehearsal.reason, worker->no_modules);
	/* By the time somebody reads the report, this root is where everything begins. */
	target->root = arena_strdup(&target->arena, "/");
	write_reports(worker, &arena, &outcome.report);
	return (int)outcome.report.exit;
}
