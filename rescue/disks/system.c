/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "disks/child.h"
#include "disks/mounts.h"
#include "disks/pass.h"
#include "report/report.h"

unsigned pass_trouble(struct pass *pass, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(pass->result->trouble, sizeof(pass->result->trouble), format, arguments);
	va_end(arguments);
	return EXIT_ERROR;
}

unsigned pass_wait(struct pass *pass, pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_ERROR;
	}
	if (WIFEXITED(status))
		return (unsigned)WEXITSTATUS(status);
	return pass_trouble(pass, "the process that looked at it died of signal %d", WTERMSIG(status));
}

static unsigned run_pass(struct pass *pass)
{
	pid_t parent = getpid(), worker = fork();

	if (worker == 0) {
		child_begin(parent, SIGKILL);
		_exit((int)pass_work(pass, pass_examine));
	}
	if (worker < 0)
		return pass_trouble(pass, "no process can be started: %s", strerror(errno));
	return pass_wait(pass, worker);
}

/* Why a file system must not be mounted read-write as it is, and what helps; or NULL. */
static const char *refusal(struct arena *arena, const struct volume *volume)
{
	if (volume->read_only)
		return "it is read-only";
	if (volume->probe.needs_fsck)
		return arena_printf(arena, "%s; first: %s %s", volume->probe.needs_fsck,
				    mounts_fsck(volume->probe.content), volume->name);
	return NULL;
}

int system_work(const struct place *place, const struct system_request *request, struct system_result *ret,
		int report_fd)
{
	const struct volume *volume = place->volume;
	/* Nobody can mount it meanwhile. */
	cleanup_fd int claim = volume->device ? open(volume->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_EXCL) : -1;
	cleanup_fd int writable = -1;
	struct pass pass = {
	    .place = place, .request = request, .result = ret, .backing = volume->fd, .report_fd = report_fd};
	bool writes = request->action != SYSTEM_CHECK && !request->repair.dry_run;
	const char *refused = writes ? refusal(place->set->arena, volume) : NULL;
	struct system_request check = *request;

	if (volume->device && claim < 0)
		return -errno;
	if (refused) {
		check.repair.dry_run = true;
		pass.request = &check;
	}
	ret->status = run_pass(&pass);
	if (refused && ret->is_root)
		ret->status |= pass_trouble(&pass, "nothing was written: %s", refused);
	if (!ret->wants_write || ret->status)
		return 0;
	writable = open(volume->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (writable < 0)
		return -errno;
	ret->wants_write = ret->journal_unseen = false;
	pass.writable = true;
	pass.backing = writable;
	ret->status = run_pass(&pass);
	if (fsync(writable) < 0)
		ret->status |=
		    pass_trouble(&pass, "written, durability unknown: the disk did not confirm the last step");
	return 0;
}
