/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_CRASH_TRACER_H
#define SSHRESCUE_TESTS_CRASH_TRACER_H

/* Runs a program that stops at each of its steps, and attacks it there. */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the tracer knows the registers of x86_64 only"
#endif

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static void die(const char *what)
{
	fprintf(stderr, "killer: %s: %s\n", what, strerror(errno));
	exit(2);
}

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

static bool is_short(enum attack_kind kind)
{
	return kind == SHORT_WRITE || kind == TINY_WRITE;
}

struct attack {
	enum attack_kind kind;
	unsigned step; /* from 1; of the short ones, among the writes */
	int error;
	bool old_kernel; /* renameat2(2) is not there */
};

struct outcome {
	int status; /* as of exit(3), or -1: killed */
	unsigned steps; /* how many there were */
	bool reached; /* the attack took place */
	long number; /* the system call that it hit */
};

static struct {
	const char *program, *root;
	FILE *messages; /* what the last run said */
	/* Only a power cut can show what a sync did, not a kill: it is a step as any other, but takes no time. */
	bool really_sync;
} tracer;

static void start_program(const char *command)
{
	const char *const arguments[] = {
	    tracer.program, command, "--root", tracer.root, strcmp(command, "repair") ? NULL : "-y", NULL};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(127);
	dup2(fileno(tracer.messages), STDOUT_FILENO);
	dup2(fileno(tracer.messages), STDERR_FILENO);
	raise(SIGSTOP);
	install_filter();
	execv(tracer.program, (char *const *)arguments);
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
	if (!tracer.really_sync && is_sync(number))
		set_result(pid, true, 0);
	if (is_short(attack->kind) && !is_write(number))
		return true;
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

	rewind(tracer.messages);
	if (ftruncate(fileno(tracer.messages), 0) < 0)
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

#endif
