/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killer [options] ROOT PROGRAM      kills `PROGRAM repair` and `PROGRAM undo` at every step, and lets every step fail
 *
 * ROOT is a broken root that `PROGRAM repair -y --root ROOT` repairs and `PROGRAM undo --root ROOT` breaks again. Every
 * system call that can change a filesystem is a step; the kernel stops the program there (seccomp(2), ptrace(2)), and
 * it is killed before or after the call, or the call fails instead of being executed, fails although it was executed,
 * or writes less than it was asked to. After each: every file is whole, old or new; the next run finishes the work;
 * undo gives back every byte and all metadata.
 *
 * --kill --faults --short --old --twice    which attacks; all of them when none is named
 * --stride N                               only every N-th step (the quick run)
 * --sync                                   really wait for the disk, which takes longer
 */
#include <ftw.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "tree.h"

#ifndef __x86_64__
#error "the tracer knows the registers of x86_64 only"
#endif

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* ---- the steps --------------------------------------------------------------------------------------------------- */

static const struct {
	int number;
	const char *name;
} steps[] = {
#define STEP(name)                \
	{                         \
		SYS_##name, #name \
	}
    STEP(write),
    STEP(pwrite64),
    STEP(writev),
    STEP(pwritev),
    STEP(pwritev2),
    STEP(sendfile),
    STEP(copy_file_range),
    STEP(ftruncate),
    STEP(truncate),
    STEP(fallocate),
    STEP(rename),
    STEP(renameat),
    STEP(renameat2),
    STEP(link),
    STEP(linkat),
    STEP(symlink),
    STEP(symlinkat),
    STEP(unlink),
    STEP(unlinkat),
    STEP(mkdir),
    STEP(mkdirat),
    STEP(rmdir),
    STEP(mknod),
    STEP(mknodat),
    STEP(chmod),
    STEP(fchmod),
    STEP(fchmodat),
    STEP(fchmodat2),
    STEP(chown),
    STEP(lchown),
    STEP(fchown),
    STEP(fchownat),
    STEP(setxattr),
    STEP(lsetxattr),
    STEP(fsetxattr),
    STEP(removexattr),
    STEP(lremovexattr),
    STEP(fremovexattr),
    STEP(utimensat),
    STEP(utimes),
    STEP(futimesat),
    STEP(fsync),
    STEP(fdatasync),
    STEP(sync_file_range),
    STEP(syncfs),
    STEP(sync),
    STEP(open),
    STEP(openat),
    STEP(openat2),
    STEP(creat),
#undef STEP
};
enum {
	STEP_COUNT = sizeof(steps) / sizeof(steps[0]),
	OPEN_WRITES = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
};

static const char *step_name(long number)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		if (steps[i].number == number)
			return steps[i].name;
	}
	return "?";
}

static bool is_write(long number)
{
	return number == SYS_write || number == SYS_pwrite64;
}

static bool is_sync(long number)
{
	return number == SYS_fsync || number == SYS_fdatasync || number == SYS_syncfs;
}

/* Stops at every step; writes to the standard streams and opening for reading are none. openat2 keeps its flags where a
 * filter cannot see them: those stops are sorted out later. */
static void install_filter(void)
{
	static struct sock_filter code[8 * STEP_COUNT + 8];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < STEP_COUNT; i++) {
		int number = steps[i].number;
		bool stream = number == SYS_write || number == SYS_writev;
		int flags = number == SYS_open ? 1 : number == SYS_openat ? 2 : -1;

		if (stream || flags >= 0) {
			unsigned argument = flags >= 0 ? (unsigned)flags : 0;

			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 4);
			code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
								 offsetof(struct seccomp_data, args) + 8 * argument);
			code[n++] = stream
					? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1)
					: (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, OPEN_WRITES, 0, 1);
			code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
			code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		} else {
			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
			code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
		}
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0))
		_exit(127);
}

/* ---- one run of the program -------------------------------------------------------------------------------------- */

enum attack_kind {
	NO_ATTACK,
	KILL_BEFORE,
	KILL_AFTER,
	FAIL_ONCE, /* not executed, reported as failed */
	FAIL_AFTER, /* executed, reported as failed */
	FAIL_FOREVER, /* this step and all that follow */
	SHORT_WRITE, /* half of what was asked */
	TINY_WRITE, /* one byte */
};

static const char *const attack_names[] = {"no attack",		 "kill before",	 "kill after",	"fail",
					   "fail, but executed", "fail forever", "short write", "write of one byte"};

struct attack {
	enum attack_kind kind;
	unsigned step; /* from 1 */
	int error;
	bool old_kernel; /* renameat2(2) is not there */
};

struct outcome {
	int status; /* as of exit(3), or -1: killed */
	unsigned steps; /* how many there were */
	bool reached; /* the attack took place */
	long number; /* the system call that it hit */
};

/* Only a power cut can show what a sync did, not a kill: it is a step as any other, but takes no time. */
static bool really_sync;
static const char *program;
static const char *root;
static FILE *messages; /* what the last run said */

static void start_program(const char *command)
{
	const char *const arguments[] = {program, command, "--root", root, strcmp(command, "repair") ? NULL : "-y",
					 NULL};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(127);
	dup2(fileno(messages), STDOUT_FILENO);
	dup2(fileno(messages), STDERR_FILENO);
	raise(SIGSTOP);
	install_filter();
	execv(program, (char *const *)arguments);
	_exit(127);
}

static void set_result(pid_t pid, bool skip, int error)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		die("PTRACE_GETREGS");
	if (skip)
		registers.orig_rax = (unsigned long long)-1;
	registers.rax = (unsigned long long)(long)-error;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) < 0)
		die("PTRACE_SETREGS");
}

static void clip_write(pid_t pid, bool tiny)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		die("PTRACE_GETREGS");
	if (registers.rdx > 1)
		registers.rdx = tiny ? 1 : registers.rdx / 2;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) < 0)
		die("PTRACE_SETREGS");
}

/* Runs to the end of the call that it stands in front of. */
static bool finish_call(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, NULL, 0) < 0 || waitpid(pid, &status, 0) != pid)
		die("PTRACE_SYSCALL");
	return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

static bool opens_for_writing(pid_t pid, const struct __ptrace_syscall_info *info)
{
	uint64_t flags = 0;
	struct iovec local = {.iov_base = &flags, .iov_len = sizeof(flags)};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)info->seccomp.args[2], .iov_len = sizeof(flags)};

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)sizeof(flags))
		die("process_vm_readv");
	return flags & OPEN_WRITES;
}

/* At a step. false: the program was killed. */
static bool attack_step(pid_t pid, const struct attack *attack, struct outcome *outcome)
{
	struct __ptrace_syscall_info info;
	long number;
	bool hit;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		die("PTRACE_GET_SYSCALL_INFO");
	number = (long)info.seccomp.nr;
	if (number == SYS_openat2 && !opens_for_writing(pid, &info))
		return true;
	if (attack->old_kernel && number == SYS_renameat2) {
		set_result(pid, true, ENOSYS);
		return true;
	}
	if (!really_sync && is_sync(number))
		set_result(pid, true, 0);
	outcome->steps++;
	hit = outcome->steps == attack->step || (attack->kind == FAIL_FOREVER && outcome->steps > attack->step);
	if (!hit)
		return true;
	if (!outcome->reached)
		outcome->number = number;
	outcome->reached = true;
	switch (attack->kind) {
	case KILL_AFTER:
		finish_call(pid);
		/* fall through */
	case KILL_BEFORE:
		kill(pid, SIGKILL);
		return false;
	case FAIL_ONCE:
	case FAIL_FOREVER:
		set_result(pid, true, attack->error);
		break;
	case FAIL_AFTER:
		if (finish_call(pid))
			set_result(pid, false, attack->error);
		break;
	case SHORT_WRITE:
	case TINY_WRITE:
		if (is_write(number))
			clip_write(pid, attack->kind == TINY_WRITE);
		break;
	case NO_ATTACK:
		break;
	}
	return true;
}

static struct outcome run(const char *command, struct attack attack)
{
	struct outcome outcome = {.status = -1};
	int status, signal_number = 0;
	pid_t pid;

	rewind(messages);
	if (ftruncate(fileno(messages), 0) < 0)
		die("ftruncate");
	pid = fork();
	if (pid == 0)
		start_program(command);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("fork");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD) < 0)
		die("PTRACE_SETOPTIONS");
	alarm(60); /* a hang ends the whole test */
	for (;;) {
		ptrace(PTRACE_CONT, pid, NULL, (long)signal_number);
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
		if (!WIFSTOPPED(status))
			break;
		signal_number = 0;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			attack_step(pid, &attack, &outcome);
		} else if (WSTOPSIG(status) != SIGTRAP) {
			signal_number = WSTOPSIG(status);
		}
	}
	alarm(0);
	if (WIFEXITED(status))
		outcome.status = WEXITSTATUS(status);
	else if (!(outcome.reached && (attack.kind == KILL_BEFORE || attack.kind == KILL_AFTER)))
		fprintf(stderr, "killer: %s died of signal %d by itself\n", command, WTERMSIG(status));
	return outcome;
}

/* ---- what must hold ---------------------------------------------------------------------------------------------- */

static struct tree broken, repaired; /* the two states that are allowed */
static int status_repaired, status_nothing; /* how the first and the second repair end */
static unsigned points, losses, etc_times;

static void lose(const char *command, const struct attack *attack, const struct outcome *outcome, const char *what,
		 const char *path)
{
	char line[512];

	losses++;
	printf("not ok: %s, %s at step %u (%s%s%s)%s: %s%s%s\n", command, attack_names[attack->kind], attack->step,
	       step_name(outcome->number), attack->error ? ": " : "", attack->error ? strerror(attack->error) : "",
	       attack->old_kernel ? " without renameat2" : "", what, path ? ": " : "", path ? path : "");
	rewind(messages);
	while (losses <= 5 && fgets(line, sizeof(line), messages))
		printf("    | %s", line);
	fflush(stdout);
}

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
	char command[3 * PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		die(command);
}

static const char *pristine; /* a copy of the broken root, for when something went wrong */

static void set_etc_time(void)
{
	const struct record *etc = tree_find(&broken, "/etc");
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, etc->modified};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc", root);
	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		die(path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

/* Removes the history; after a loss, makes the tree anew. */
static void reset(bool lost)
{
	char store[PATH_MAX];

	snprintf(store, sizeof(store), "%s/etc/sshrescue", root);
	nftw(store, remove_one, 8, FTW_PHYS | FTW_DEPTH);
	if (lost) {
		shell("find '%s' -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +", root);
		shell("cp -a '%s'/. '%s'/", pristine, root);
		tree_release(&broken);
		broken = tree_read(root, NULL);
	}
	set_etc_time();
}

static char found[PATH_MAX];

static int find_unfinished(const char *path, const struct stat *status, int type, struct FTW *where)
{
	const char *name = path + where->base;

	(void)status, (void)type;
	if (strcmp(name, "prepared") && strcmp(name, "undoing") && strcmp(name, "manifest.new"))
		return 0;
	snprintf(found, sizeof(found), "%s", path);
	return 1;
}

/* What must not be left by a run that came to its end. */
static const char *unfinished(void)
{
	char store[PATH_MAX];

	snprintf(store, sizeof(store), "%s/etc/sshrescue", root);
	return nftw(store, find_unfinished, 8, FTW_PHYS) == 1 ? found : NULL;
}

static bool is_good_end(int status)
{
	return status == status_repaired || status == status_nothing;
}

struct check {
	const char *command;
	const struct attack *attack;
	const struct outcome *outcome;
	unsigned losses_before;
};

static bool expect(const struct check *check, bool good, const char *what, const char *path)
{
	if (!good)
		lose(check->command, check->attack, check->outcome, what, path);
	return good;
}

/* The tree is exactly as it was, times and all. In the moment between the coming of the journal and the giving back of
 * /etc's time, only that time may be lost: it is counted. */
static void expect_broken(const struct check *check)
{
	struct tree now = tree_read(root, &broken);
	const char *path = tree_difference(&now, &broken, WITH_TIME | ETC_TIME_FREE);

	expect(check, !path, "the tree is not restored", path);
	if (!path && tree_difference(&now, &broken, WITH_TIME))
		etc_times++;
	tree_release(&now);
}

static void expect_repaired(const struct check *check)
{
	struct tree now = tree_read(root, &repaired);
	const char *path = tree_difference(&now, &repaired, 0);

	expect(check, !path, "the tree is not repaired", path);
	tree_release(&now);
}

/* Every file old or new; *ret_old, *ret_new: all of them. */
static void expect_whole(const struct check *check, bool *ret_old, bool *ret_new)
{
	struct tree now = tree_read(root, &broken);
	const char *path = tree_torn(&now, &broken, &repaired);

	expect(check, !path, "a file is neither old nor new", path);
	*ret_old = !tree_difference(&now, &broken, WITH_TIME | ETC_TIME_FREE);
	*ret_new = !tree_difference(&now, &repaired, 0);
	tree_release(&now);
}

/* From whatever was left: repair finishes, undo restores. */
static void expect_recovery(const struct check *check)
{
	static const struct attack none = {0};
	struct outcome next = run("repair", none);

	expect(check, is_good_end(next.status), "the next repair fails", NULL);
	expect_repaired(check);
	expect(check, !unfinished(), "the next repair leaves something unfinished", unfinished());
	next = run("undo", none);
	expect(check, next.status == 0, "undo fails", NULL);
	expect_broken(check);
	expect(check, !unfinished(), "undo leaves something unfinished", unfinished());
}

/* What a single failing call may lead to: as it was, with an error; or done. */
static void expect_all_or_nothing(const struct check *check, bool old, bool new)
{
	int status = check->outcome->status;

	if (check->attack->kind != FAIL_ONCE && check->attack->kind != FAIL_AFTER)
		return;
	expect(check, old || new, "a failed run leaves the tree neither as it was nor repaired", NULL);
	if (old)
		expect(check, status > 0 && (status & 8), "a failed run does not say so", NULL);
	else if (new)
		expect(check, status > 0 && (status & 1), "a repair that came through does not say so", NULL);
}

/* Attacks one repair. false: it has fewer steps. */
static bool attack_repair(struct attack attack, unsigned second_step)
{
	struct outcome outcome = run("repair", attack);
	struct check check = {.command = "repair", .attack = &attack, .outcome = &outcome, .losses_before = losses};
	bool old, new;

	if (!outcome.reached) {
		run("undo", (struct attack){0});
		reset(false);
		return false;
	}
	if ((attack.kind == SHORT_WRITE || attack.kind == TINY_WRITE) && !is_write(outcome.number)) {
		run("undo", (struct attack){0});
		reset(false);
		return true;
	}
	points++;
	expect_whole(&check, &old, &new);
	if (attack.kind == SHORT_WRITE || attack.kind == TINY_WRITE)
		expect(&check, new &&is_good_end(outcome.status), "a short write is not carried on", NULL);
	expect_all_or_nothing(&check, old, new);
	if (second_step) {
		run("repair",
		    (struct attack){.kind = KILL_AFTER, .step = second_step, .old_kernel = attack.old_kernel});
		expect_whole(&check, &old, &new);
	}
	expect_recovery(&check);
	reset(losses > check.losses_before);
	return true;
}

static bool attack_undo(struct attack attack, unsigned second_step)
{
	struct outcome outcome;
	struct check check = {.command = "undo", .attack = &attack, .outcome = &outcome, .losses_before = losses};
	bool old, new;

	outcome = run("repair", (struct attack){0});
	if (!is_good_end(outcome.status))
		die("cannot repair the root any more");
	outcome = run("undo", attack);
	if (!outcome.reached) {
		reset(false);
		return false;
	}
	points++;
	expect_whole(&check, &old, &new);
	if (attack.kind == KILL_BEFORE || attack.kind == KILL_AFTER || attack.kind == FAIL_FOREVER ||
	    attack.kind == FAIL_AFTER || attack.kind == FAIL_ONCE) {
		/* Called again it comes to its end, or there is nothing left for it to do. */
		run("undo", (struct attack){.kind = second_step ? KILL_AFTER : NO_ATTACK, .step = second_step});
		if (second_step)
			run("undo", (struct attack){0});
		expect(&check, !unfinished(), "a second undo leaves something unfinished", unfinished());
	}
	expect_broken(&check);
	expect_recovery(&check);
	reset(losses > check.losses_before);
	return true;
}

/* ---- all attacks ------------------------------------------------------------------------------------------------- */

static unsigned stride = 1;

struct series {
	const char *title;
	bool (*target)(struct attack, unsigned);
	enum attack_kind kind;
	int error;
	bool old_kernel;
	bool twice;
};

static void run_series(const struct series *series)
{
	unsigned before = points, lost_before = losses;
	/* The quick run takes other steps in each series. */
	unsigned first = 1 + (unsigned)(series->kind * 3 + series->error * 5) % stride;

	for (unsigned step = first;; step += stride) {
		struct attack attack = {
		    .kind = series->kind, .step = step, .error = series->error, .old_kernel = series->old_kernel};
		/* Where the second run is killed: anywhere, but always the same. */
		unsigned second = series->twice ? 1 + step * 7 % 23 : 0;

		if (!series->target(attack, second))
			break;
		if (losses > 50)
			break;
	}
	printf("  %-52s %5u points  %u lost\n", series->title, points - before, losses - lost_before);
	fflush(stdout);
}

enum {
	ATTACK_KILL = 1,
	ATTACK_FAULTS = 2,
	ATTACK_SHORT = 4,
	ATTACK_OLD = 8,
	ATTACK_TWICE = 16,
	ATTACK_ALL = 31,
};

static void run_kills(bool old_kernel, bool twice)
{
	const char *how = old_kernel ? ", without renameat2" : twice ? ", and killed again" : "";
	char title[4][80];
	const struct series series[] = {
	    {title[0], attack_repair, KILL_BEFORE, 0, old_kernel, twice},
	    {title[1], attack_repair, KILL_AFTER, 0, old_kernel, twice},
	    {title[2], attack_undo, KILL_BEFORE, 0, old_kernel, twice},
	    {title[3], attack_undo, KILL_AFTER, 0, old_kernel, twice},
	};

	for (size_t i = 0; i < 4; i++) {
		snprintf(title[i], sizeof(title[i]), "%s killed %s a step%s", i < 2 ? "repair" : "undo",
			 i % 2 ? "after" : "before", how);
		run_series(&series[i]);
	}
}

static void run_faults(void)
{
	static const int errors[] = {EIO, ENOSPC, EROFS, ENOMEM};
	static const struct {
		enum attack_kind kind;
		const char *how;
	} kinds[] = {
	    {FAIL_ONCE, "fails once"}, {FAIL_AFTER, "is done, but fails"}, {FAIL_FOREVER, "fails from there on"}};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
			char title[80];
			struct series series = {title, attack_repair, kinds[k].kind, errors[e], false, false};

			if (kinds[k].kind == FAIL_AFTER && e > 0)
				continue;
			snprintf(title, sizeof(title), "repair: a step %s, %s", kinds[k].how, strerror(errors[e]));
			run_series(&series);
			snprintf(title, sizeof(title), "undo: a step %s, %s", kinds[k].how, strerror(errors[e]));
			series.target = attack_undo;
			run_series(&series);
		}
	}
}

/* What both states look like, and that the program gets from one to the other and back. */
static void measure(void)
{
	static const struct attack none = {0};
	struct outcome first, second, undone;
	struct tree again;

	broken = tree_read(root, NULL);
	first = run("repair", none);
	repaired = tree_read(root, &broken);
	second = run("repair", none);
	status_repaired = first.status;
	status_nothing = second.status;
	undone = run("undo", none);
	again = tree_read(root, &broken);
	if (!(first.status & 1) || first.status & 8 || second.status & 9 || undone.status != 0 ||
	    tree_difference(&again, &broken, WITH_TIME) || !tree_difference(&broken, &repaired, 0)) {
		printf("not ok: repair ends with %d, again with %d, undo with %d; %s differs\n", first.status,
		       second.status, undone.status, tree_difference(&again, &broken, WITH_TIME));
		exit(1);
	}
	tree_release(&again);
	/* Keys that are made are made anew each time. */
	reset(false);
	run("repair", none);
	again = tree_read(root, &repaired);
	for (size_t i = 0; i < again.count; i++) {
		struct record *record = (struct record *)tree_find(&repaired, again.items[i].path);

		if (record && record->content != again.items[i].content)
			record->varies = true;
	}
	tree_release(&again);
	run("undo", none);
	reset(false);
	printf("  repair: %u steps, exit %d; undo: %u steps\n", first.steps, first.status, undone.steps);
	fflush(stdout);
}

static void run_all(unsigned attacks)
{
	if (attacks & ATTACK_KILL)
		run_kills(false, false);
	if (attacks & ATTACK_TWICE)
		run_kills(false, true);
	if (attacks & ATTACK_OLD)
		run_kills(true, false);
	if (attacks & ATTACK_SHORT) {
		static const struct series series[] = {
		    {"repair: a write comes back short", attack_repair, SHORT_WRITE, 0, false, false},
		    {"repair: a write takes one byte", attack_repair, TINY_WRITE, 0, false, false},
		};

		run_series(&series[0]);
		run_series(&series[1]);
	}
	if (attacks & ATTACK_FAULTS)
		run_faults();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"kill", no_argument, NULL, ATTACK_KILL},
						{"faults", no_argument, NULL, ATTACK_FAULTS},
						{"short", no_argument, NULL, ATTACK_SHORT},
						{"old", no_argument, NULL, ATTACK_OLD},
						{"twice", no_argument, NULL, ATTACK_TWICE},
						{"stride", required_argument, NULL, 's'},
						{"pristine", required_argument, NULL, 'p'},
						{"sync", no_argument, NULL, 'y'},
						{NULL, 0, NULL, 0}};
	unsigned attacks = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			stride = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			pristine = optarg;
		else if (option == 'y')
			really_sync = true;
		else if (option == '?')
			return 2;
		else
			attacks |= (unsigned)option;
	}
	if (argc - optind != 2 || !pristine || !stride) {
		fprintf(stderr,
			"usage: killer [--kill|--faults|--short|--old|--twice] [--stride N] --pristine COPY ROOT "
			"PROGRAM\n");
		return 2;
	}
	root = argv[optind];
	program = argv[optind + 1];
	messages = tmpfile();
	if (!messages)
		die("tmpfile");
	measure();
	run_all(attacks ? attacks : ATTACK_ALL);
	printf("%u points, %u lost, the time of /etc lost in %u\n", points, losses, etc_times);
	printf("%u passed, %u failed\n", points > losses ? points - losses : 0, losses);
	return losses != 0;
}
