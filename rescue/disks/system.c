/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/loop.h"
#include "disks/mounts.h"
#include "report/report.h"
#include "txn/txn.h"

/* One pass over a system: mounted read-only, or to be written to. */
struct pass {
	const struct volume *volume;
	const struct system_request *request;
	struct system_result *result;
	const char *directory; /* where it is mounted */
	int backing; /* the volume's device or file */
	int report_fd;
	bool writable;
};

__attribute__((format(printf, 2, 3))) static void set_trouble(struct system_result *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(result->trouble, sizeof(result->trouble), format, arguments);
	va_end(arguments);
}

static void set_text(char to[SYSTEM_TEXT], const char *from)
{
	snprintf(to, SYSTEM_TEXT, "%s", from ? from : "");
}

/* --- the looker: confined to the mounted root ----------------------------------------------------------------------
 */

static bool has_pending(struct target *target, struct arena *arena)
{
	txn_list pending = {0};

	return txn_pending(target, arena, &pending, NULL) < 0 || pending.count;
}

static struct repair_request request_for(const struct pass *pass)
{
	struct repair_request request = pass->request->repair;

	if (pass->writable)
		return request;
	request.dry_run = true;
	/* Whether there is anything to ask for; the questions come when it can be written. */
	if (pass->request->action == SYSTEM_REPAIR && !pass->request->repair.dry_run)
		request.choose = request.choose == choose_safe ? choose_safe : choose_all;
	return request;
}

static void write_report(struct pass *pass, struct target *target, struct repair_outcome *outcome)
{
	struct arena *arena = &outcome->plan.arena;
	struct text text = {.arena = arena}, line = {.arena = arena};
	struct system_result *result = pass->result;

	report_line(&line, &outcome->report);
	set_text(result->line, line.data);
	set_text(result->os, outcome->plan.before->facts.os.pretty_name);
	result->verdict =
	    look_verdict(outcome->report.failure || outcome->report.kind != REPORT_REPAIR ? outcome->plan.before
											  : outcome->plan.after);
	if (pass->request->json) {
		report_json(&text, &outcome->report);
	} else {
		report_text(&text, &outcome->report, report_style_for(STDOUT_FILENO));
		if (outcome->report.kind == REPORT_DRY_RUN && outcome->plan.changes) {
			text_add_string(&text, "\n");
			report_diff(&text, target);
		}
	}
	if (report_write(pass->report_fd, &text) < 0)
		result->status |= EXIT_ERROR;
}

static unsigned look(struct pass *pass)
{
	cleanup_target struct target *target = NULL;
	cleanup_repair struct repair_outcome outcome = {0};
	const struct system_request *wanted = pass->request;
	struct repair_request request = request_for(pass);
	struct system_result *result = pass->result;
	int r;

	/* The mount follows no symbolic link: the walk does it by hand. */
	r = target_open(&target, pass->directory,
			TARGET_CONFINE | TARGET_WALK | (pass->writable ? TARGET_WRITABLE : 0) |
			    (request.rehearse ? TARGET_REHEARSE : 0));
	if (r < 0) {
		set_trouble(result, "it cannot be opened: %s", strerror(-r));
		return EXIT_ERROR;
	}
	target->settings = wanted->settings;
	target->journal_unseen = result->journal_unseen;
	r = repair_run(target, &request, &outcome);
	if (r == -ENOTDIR || r == -ENOENT)
		return 0;
	if (r < 0) {
		set_trouble(result, "it cannot be examined: %s", strerror(-r));
		return EXIT_ERROR;
	}
	result->is_root = true;
	target->root = arena_strdup(&target->arena, pass->volume->name);
	outcome.report.disk = pass->volume->name;
	outcome.report.strict = wanted->strict;
	if (wanted->action == SYSTEM_CHECK) {
		outcome.report.kind = REPORT_CHECK;
	} else if (!pass->writable && !wanted->repair.dry_run) {
		result->wants_write =
		    outcome.plan.changes || result->journal_unseen || has_pending(target, &outcome.plan.arena);
		if (result->wants_write)
			return 0;
		outcome.report.kind = REPORT_REPAIR;
	}
	result->status = (outcome.report.exit & EXIT_ERROR) | report_exit_status(&outcome.report);
	write_report(pass, target, &outcome);
	return result->status;
}

/* --- the worker: mounts, and unmounts ------------------------------------------------------------------------------
 */

/* Waits for a child: its exit status, or EXIT_ERROR when it died. */
static unsigned wait_for(pid_t child, struct system_result *result)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_ERROR;
	}
	if (WIFEXITED(status))
		return (unsigned)WEXITSTATUS(status);
	set_trouble(result, "the process that looked at it died of signal %d", WTERMSIG(status));
	return EXIT_ERROR;
}

static void explain_mount(struct pass *pass, int error)
{
	const struct volume *volume = pass->volume;
	const char *fsck = mounts_fsck(volume->probe.content);

	if (error == -ENODEV)
		set_trouble(pass->result, "this kernel cannot mount %s", content_name(volume->probe.content));
	else if (error == -EPERM || error == -EACCES)
		set_trouble(pass->result, "it cannot be mounted: %s", strerror(-error));
	else
		set_trouble(pass->result, "it cannot be mounted (%s): it may be damaged; look at it with: %s %s",
			    strerror(-error), fsck, volume->name);
}

static unsigned mount_and_look(struct pass *pass)
{
	const struct volume *volume = pass->volume;
	struct system_result *result = pass->result;
	struct loop loop;
	unsigned status;
	pid_t looker;
	int r;

	pass->directory = mounts_begin();
	if (!pass->directory) {
		set_trouble(result, "there is no place to mount it: %s", strerror(errno));
		return EXIT_ERROR;
	}
	r = loop_attach(pass->backing, volume->offset, volume->size, !pass->writable, &loop);
	if (r < 0) {
		set_trouble(result, "it cannot be attached to a loop device: %s", strerror(-r));
		return EXIT_ERROR;
	}
	r = mounts_attach(loop.path, pass->directory, volume->probe.content, volume->probe.needs_recovery,
			  pass->writable, NULL, &result->journal_unseen);
	if (r < 0) {
		explain_mount(pass, r);
		(void)loop_detach(&loop);
		return EXIT_ERROR;
	}
	result->mounted = true;
	looker = fork();
	if (looker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit((int)look(pass));
	}
	status = looker < 0 ? EXIT_ERROR : wait_for(looker, result);
	if (umount2(pass->directory, UMOUNT_NOFOLLOW) < 0)
		(void)umount2(pass->directory, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (!loop_detach(&loop) && pass->writable) {
		set_trouble(result, "its loop device %s does not let go of it", loop.path);
		status |= EXIT_ERROR;
	}
	return status;
}

static unsigned run_pass(struct pass *pass)
{
	pid_t worker = fork();

	if (worker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit((int)mount_and_look(pass));
	}
	if (worker < 0) {
		set_trouble(pass->result, "no process can be started: %s", strerror(errno));
		return EXIT_ERROR;
	}
	return wait_for(worker, pass->result);
}

/* --- what is asked for ---------------------------------------------------------------------------------------------
 */

/* Why a file system must not be mounted read-write as it is, or NULL. */
static const char *refusal(const struct volume *volume)
{
	if (volume->read_only)
		return "it is read-only";
	if (volume->probe.has_errors)
		return "the file system is marked as damaged";
	return NULL;
}

int system_work(const struct volume *volume, const struct system_request *request, struct system_result *ret,
		int report_fd)
{
	bool repairs = request->action == SYSTEM_REPAIR && !request->repair.dry_run;
	cleanup_fd int backing = open(volume->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (volume->device ? O_EXCL : 0));
	cleanup_fd int writable = -1;
	struct pass pass = {
	    .volume = volume, .request = request, .result = ret, .backing = backing, .report_fd = report_fd};
	const char *refused = repairs ? refusal(volume) : NULL;
	struct system_request check = *request;

	if (backing < 0)
		return -errno;
	if (refused) {
		check.repair.dry_run = true;
		pass.request = &check;
	}
	ret->status = run_pass(&pass);
	if (refused && ret->is_root) {
		set_trouble(ret, "nothing was written: %s%s%s%s%s", refused,
			    volume->probe.has_errors ? "; first: " : "",
			    volume->probe.has_errors ? mounts_fsck(volume->probe.content) : "",
			    volume->probe.has_errors ? " " : "", volume->probe.has_errors ? volume->name : "");
		ret->status |= EXIT_ERROR;
	}
	if (!ret->wants_write || ret->status)
		return 0;
	writable = open(volume->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (writable < 0)
		return -errno;
	memset(ret, 0, sizeof(*ret));
	pass.writable = true;
	pass.backing = writable;
	ret->status = run_pass(&pass);
	if (fsync(writable) < 0) {
		set_trouble(ret, "written, durability unknown: the disk did not confirm the last step");
		ret->status |= EXIT_ERROR;
	}
	return 0;
}
