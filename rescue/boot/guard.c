/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "boot/modules.h"
#include "boot/state.h"
#include "boot/writable.h"
#include "settings.h"

struct guard {
	const char *root;
	struct boot_request request; /* as it was settled for this boot */
	int directory; /* BOOT_REPORT_DIRECTORY */
	int text_report, json_report; /* under their temporary names */
	int kmsg;
	struct boot_mount mount;
	struct boot_modules modules;
};

/* To the kernel log, where it outlives the boot, and to the console. */
__attribute__((format(printf, 2, 3))) static void announce(const struct guard *guard, const char *format, ...)
{
	char line[512];
	va_list arguments;
	int prefix = snprintf(line, sizeof(line), "<4>sshrescue: "), length;

	va_start(arguments, format);
	length = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	length = (int)strlen(line);
	line[length++] = '\n';
	if (guard->kmsg >= 0)
		(void)!write(guard->kmsg, line, (size_t)length);
	(void)!write(STDOUT_FILENO, line + 3, (size_t)length - 3);
}

static void guard_restore_mount(struct guard *guard)
{
	int r = boot_mount_restore(&guard->mount);

	if (r < 0)
		announce(guard, "%s stays mounted read-write: %s", guard->root, strerror(-r));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Serves the worker until it ends or the time is over. Returns whether it ended by itself. */
static bool guard_serve(struct guard *guard, int socket)
{
	int64_t deadline = now_ms() + (int64_t)guard->request.timeout * 1000;

	for (;;) {
		struct pollfd poll_fd = {.fd = socket, .events = POLLIN};
		int64_t left = deadline - now_ms();
		char request;
		int answer;
		ssize_t n;

		if (left <= 0)
			return false;
		if (poll(&poll_fd, 1, (int)left) <= 0)
			continue;
		n = recv(socket, &request, sizeof(request), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true; /* the worker's end is closed */
		answer = boot_mount_make_writable(&guard->mount);
		(void)send(socket, &answer, sizeof(answer), MSG_NOSIGNAL);
	}
}

/* Waits for the worker: 0 when it ended in good order, its reports being complete. */
static int guard_worker(struct guard *guard, pid_t worker, int socket)
{
	bool ended = guard_serve(guard, socket);
	int status;

	if (!ended)
		kill(worker, SIGKILL);
	while (waitpid(worker, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (!ended)
		announce(guard, "stopped after %u seconds; the boot goes on", guard->request.timeout);
	else if (WIFSIGNALED(status))
		announce(guard, "died of signal %d; the boot goes on", WTERMSIG(status));
	else if (WIFEXITED(status) && !(WEXITSTATUS(status) & 8))
		return 0;
	return -EIO;
}

static void guard_publish(struct guard *guard, int result)
{
	struct stat stat;

	if (result < 0 && fstat(guard->json_report, &stat) == 0 && stat.st_size == 0) {
		static const char text[] = "sshrescue did not finish at this boot; see: dmesg | grep sshrescue:\n";
		static const char json[] =
		    "{\"schema\": 1, \"verdict\": \"unknown\", \"problems\": [], \"failure\": \"sshrescue did not "
		    "finish at this boot\", \"exit\": 8}\n";

		(void)!write(guard->text_report, text, sizeof(text) - 1);
		(void)!write(guard->json_report, json, sizeof(json) - 1);
	}
	(void)boot_report_publish(guard->directory, "report.txt");
	(void)boot_report_publish(guard->directory, "report.json");
}

static int guard_open(struct guard *guard)
{
	if (mkdir(BOOT_REPORT_DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -errno;
	guard->directory = open(BOOT_REPORT_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (guard->directory < 0)
		return -errno;
	guard->text_report = boot_report_create(guard->directory, "report.txt");
	guard->json_report = boot_report_create(guard->directory, "report.json");
	return guard->text_report < 0 ? guard->text_report : guard->json_report < 0 ? guard->json_report : 0;
}

/* The operator asked for a shell before the boot goes on; nothing of the target is run. */
static void run_shell(const struct guard *guard)
{
	pid_t shell;

	announce(guard, "a shell before the switch to the root; leave it with exit and the boot goes on");
	shell = fork();
	if (shell == 0) {
		int console;

		setsid();
		console = open("/dev/console", O_RDWR | O_NOCTTY);
		if (console >= 0) {
			(void)ioctl(console, TIOCSCTTY, 1);
			for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
				(void)dup2(console, fd);
		}
		execl("/bin/sh", "sh", "-i", (char *)NULL);
		_exit(127);
	}
	while (shell > 0 && waitpid(shell, NULL, 0) < 0 && errno == EINTR)
		;
}

static pid_t start_worker(struct guard *guard, int sockets[2])
{
	struct boot_worker worker = {
	    .root = guard->root,
	    .request = &guard->request,
	    .text_report = guard->text_report,
	    .json_report = guard->json_report,
	    .kmsg = guard->kmsg,
	    .guard = sockets[1],
	    .no_modules = *guard->modules.reason ? guard->modules.reason : NULL,
	};
	pid_t pid = fork();

	if (pid == 0) {
		close(sockets[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(boot_work(&worker));
	}
	return pid;
}

/* Each mistake costs only what it meant to say. */
static void announce_mistakes(const struct guard *guard)
{
	cleanup_arena struct arena arena = {0};
	const struct settings *settings = guard->request.settings;

	for (size_t i = 0; settings && i < settings->mistakes.count; i++)
		announce(guard, "%s", settings_complaint(&arena, &settings->mistakes.items[i]));
	if (guard->request.mistaken)
		announce(guard, "'%s' was not understood and is ignored", guard->request.mistake);
}

/* What the last boot left decides, unless the kernel command line does. */
static void settle_mode(struct guard *guard, struct target *target, const struct boot_state *state)
{
	struct boot_request *request = &guard->request;

	if (request->commanded && request->mode != BOOT_GUARD)
		return;
	if (state->request != BOOT_OFF) {
		request->mode = state->request;
		request->origin = "sshrescue arm ";
	} else if (request->mode == BOOT_GUARD) {
		bool missed = state->watch == WATCH_UNCONFIRMED && !boot_state_saw_login(target, state);

		request->mode = missed ? BOOT_REPAIR : BOOT_OFF;
		request->origin = "guard: ";
		if (missed)
			announce(guard, "nobody confirmed the last boot, and nobody logged in: looking for the reason");
	}
}

/* Settles what this run does, and leaves for the next boot what it has to know: a request is for one boot only, so it
 * is taken away before anything else happens. */
static void guard_take_state(struct guard *guard)
{
	cleanup_target struct target *target = NULL;
	const struct settings *settings = guard->request.settings;
	bool watching = guard->request.mode == BOOT_GUARD || (settings && settings->boot == BOOT_GUARD);
	struct boot_state before = {0}, after;
	int r;

	r = target_open(&target, guard->root, TARGET_WRITABLE);
	if (r == 0)
		r = boot_state_read(target, &before);
	if (r < 0) {
		announce(guard, "cannot read " BOOT_STATE_PATH ": %s; it is ignored", strerror(-r));
		if (guard->request.mode == BOOT_GUARD)
			guard->request.mode = BOOT_OFF;
		return;
	}
	settle_mode(guard, target, &before);
	after = before;
	after.request = BOOT_OFF;
	if (watching) {
		after.watch = WATCH_UNCONFIRMED;
		boot_state_mark_wtmp(target, &after);
	}
	if (boot_state_equal(&before, &after))
		return;
	r = boot_mount_make_writable(&guard->mount);
	if (r == 0)
		r = boot_state_write(target, &after);
	if (r < 0)
		announce(guard, "cannot write " BOOT_STATE_PATH ": %s", strerror(-r));
}

static void guard_run(struct guard *guard)
{
	int sockets[2], result = guard_open(guard);
	pid_t worker;

	if (result < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
		announce(guard, "cannot write to %s: %s; the boot goes on", BOOT_REPORT_DIRECTORY,
			 strerror(result < 0 ? -result : errno));
		return;
	}
	if (guard->request.mode == BOOT_REHEARSE)
		boot_modules_lend(guard->root, &guard->modules);
	worker = start_worker(guard, sockets);
	close(sockets[1]);
	result = worker < 0 ? -errno : guard_worker(guard, worker, sockets[0]);
	close(sockets[0]);
	boot_modules_take_back(&guard->modules);
	guard_restore_mount(guard);
	guard_publish(guard, result);
}

void boot_run(const char *root, const struct boot_request *request)
{
	struct guard guard = {.root = root,
			      .request = *request,
			      .mount = {.root = root},
			      .directory = -1,
			      .text_report = -1,
			      .json_report = -1};

	guard.kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	announce_mistakes(&guard);
	if (request->commanded && request->mode == BOOT_OFF)
		return;
	guard_take_state(&guard);
	if (guard.request.mode != BOOT_OFF) {
		/* A while longer than our own limit. */
		service_extend_timeout(guard.request.mode == BOOT_SHELL ? UINT32_MAX : guard.request.timeout + 15);
		guard_run(&guard);
	}
	guard_restore_mount(&guard);
	if (guard.request.mode == BOOT_SHELL)
		run_shell(&guard);
}
