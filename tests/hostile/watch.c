/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch LOG PROGRAM ARGUMENT...      writes down by which names, and from where, a program asks for files
 *
 * The kernel stops it at every system call that takes a name (seccomp(2), ptrace(2)). LOG has a line for each that is
 * unlike those before it: the call, where the name starts, words about it, and the name, with tabs between.
 *
 *   start     the directory in which the program was started; absolute names count from here as well
 *   entered   one that it has entered by descriptor
 *   fd        a descriptor
 *
 *   nofollow  a link in place of the last component is not followed
 *   in-root   openat2(2): nothing leads out of the directory where the name starts, nor into another process
 *   path      O_PATH: nothing can be read or written through it
 *   private   mount(2): of the propagation alone
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* What says whether a link in place of the last component is followed. */
enum follow {
	NEVER,
	ALWAYS,
	OPEN_FLAGS, /* unless O_NOFOLLOW, or O_EXCL with O_CREAT */
	OPEN_HOW, /* struct open_how of openat2(2) */
	AT_FLAGS, /* unless AT_SYMLINK_NOFOLLOW */
	AT_FLAGS_ASK, /* only with AT_SYMLINK_FOLLOW */
	MOUNT_FLAGS, /* always; the words say more */
};

enum {
	NONE = -1,
	PAGE = 4096,
};

/* Positions of arguments; a call with two names has two rows. */
static const struct call {
	int number;
	const char *name;
	int directory, path, flags;
	enum follow follow;
} calls[] = {
#define CALL(name, ...)                        \
	{                                      \
		SYS_##name, #name, __VA_ARGS__ \
	}
    CALL(openat, 0, 1, 2, OPEN_FLAGS),
    CALL(openat2, 0, 1, 2, OPEN_HOW),
    CALL(readlinkat, 0, 1, NONE, NEVER),
    CALL(newfstatat, 0, 1, 3, AT_FLAGS),
    CALL(statx, 0, 1, 2, AT_FLAGS),
    CALL(faccessat, 0, 1, NONE, ALWAYS),
    CALL(faccessat2, 0, 1, 3, AT_FLAGS),
    CALL(mkdirat, 0, 1, NONE, NEVER),
    CALL(mknodat, 0, 1, NONE, NEVER),
    CALL(unlinkat, 0, 1, NONE, NEVER),
    CALL(symlinkat, 1, 2, NONE, NEVER),
    CALL(linkat, 0, 1, 4, AT_FLAGS_ASK),
    CALL(linkat, 2, 3, NONE, NEVER),
    CALL(renameat, 0, 1, NONE, NEVER),
    CALL(renameat, 2, 3, NONE, NEVER),
    CALL(renameat2, 0, 1, NONE, NEVER),
    CALL(renameat2, 2, 3, NONE, NEVER),
    CALL(fchmodat, 0, 1, NONE, ALWAYS),
    CALL(fchmodat2, 0, 1, 3, AT_FLAGS),
    CALL(fchownat, 0, 1, 4, AT_FLAGS),
    CALL(utimensat, 0, 1, 3, AT_FLAGS),
    CALL(execveat, 0, 1, 4, AT_FLAGS),
    CALL(name_to_handle_at, 0, 1, 4, AT_FLAGS_ASK),
    CALL(open_tree, 0, 1, 2, AT_FLAGS),
    CALL(mount_setattr, 0, 1, 2, AT_FLAGS),
    CALL(move_mount, 0, 1, NONE, ALWAYS),
    CALL(move_mount, 2, 3, NONE, ALWAYS),
    CALL(fspick, 0, 1, NONE, ALWAYS),
    CALL(execve, NONE, 0, NONE, ALWAYS),
    CALL(chdir, NONE, 0, NONE, ALWAYS),
    CALL(chroot, NONE, 0, NONE, ALWAYS),
    CALL(truncate, NONE, 0, NONE, ALWAYS),
    CALL(statfs, NONE, 0, NONE, ALWAYS),
    CALL(mount, NONE, 1, 3, MOUNT_FLAGS),
    CALL(umount2, NONE, 0, NONE, ALWAYS),
    CALL(pivot_root, NONE, 0, NONE, ALWAYS),
    CALL(getxattr, NONE, 0, NONE, ALWAYS),
    CALL(setxattr, NONE, 0, NONE, ALWAYS),
    CALL(listxattr, NONE, 0, NONE, ALWAYS),
    CALL(removexattr, NONE, 0, NONE, ALWAYS),
    CALL(lgetxattr, NONE, 0, NONE, NEVER),
    CALL(lsetxattr, NONE, 0, NONE, NEVER),
    CALL(llistxattr, NONE, 0, NONE, NEVER),
    CALL(lremovexattr, NONE, 0, NONE, NEVER),
    CALL(inotify_add_watch, NONE, 1, NONE, ALWAYS),
#ifdef __x86_64__
    CALL(open, NONE, 0, 1, OPEN_FLAGS),
    CALL(creat, NONE, 0, NONE, ALWAYS),
    CALL(stat, NONE, 0, NONE, ALWAYS),
    CALL(lstat, NONE, 0, NONE, NEVER),
    CALL(access, NONE, 0, NONE, ALWAYS),
    CALL(readlink, NONE, 0, NONE, NEVER),
    CALL(mkdir, NONE, 0, NONE, NEVER),
    CALL(mknod, NONE, 0, NONE, NEVER),
    CALL(rmdir, NONE, 0, NONE, NEVER),
    CALL(unlink, NONE, 0, NONE, NEVER),
    CALL(symlink, NONE, 1, NONE, NEVER),
    CALL(link, NONE, 0, NONE, NEVER),
    CALL(link, NONE, 1, NONE, NEVER),
    CALL(rename, NONE, 0, NONE, NEVER),
    CALL(rename, NONE, 1, NONE, NEVER),
    CALL(chmod, NONE, 0, NONE, ALWAYS),
    CALL(chown, NONE, 0, NONE, ALWAYS),
    CALL(lchown, NONE, 0, NONE, NEVER),
    CALL(utime, NONE, 0, NONE, ALWAYS),
    CALL(utimes, NONE, 0, NONE, ALWAYS),
    CALL(futimesat, 0, 1, NONE, ALWAYS),
#endif
#undef CALL
};

enum {
	CALL_COUNT = sizeof(calls) / sizeof(calls[0]),
	LINE_SIZE = 5 * PATH_MAX,
};

static FILE *out;
static bool entered; /* the program stands in a directory that it has entered by descriptor */

static void die(const char *what)
{
	fprintf(stderr, "watch: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void install_filter(void)
{
	static struct sock_filter code[2 * CALL_COUNT + 8];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALL_COUNT; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchdir, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(125);
}

/* --- the program's memory --- */

static size_t read_memory(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
	ssize_t count = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return count < 0 ? 0 : (size_t)count;
}

/* A name as the kernel will read it; empty where there is none: the call is about the descriptor. name is zeroed by the
 * caller. */
static void read_name(pid_t pid, uint64_t address, char name[PATH_MAX + 1])
{
	/* What follows the page in which it ends may not be there to be read. */
	for (size_t length = 0, part; address && length < PATH_MAX; length += part) {
		size_t size = PAGE - (address + length) % PAGE;

		if (size > PATH_MAX - length)
			size = PATH_MAX - length;
		part = read_memory(pid, address + length, name + length, size);
		if (!part || memchr(name + length, '\0', part))
			return;
	}
}

/* --- one call --- */

static const char *words_of(pid_t pid, const struct call *call, const uint64_t *arguments)
{
	uint64_t flags = call->flags == NONE ? 0 : arguments[call->flags];
	struct open_how how = {0};

	switch (call->follow) {
	case OPEN_HOW:
		if (read_memory(pid, flags, &how, sizeof(how)) == sizeof(how) && how.resolve & RESOLVE_IN_ROOT &&
		    how.resolve & RESOLVE_NO_MAGICLINKS)
			return "in-root";
		return "";
	case OPEN_FLAGS:
		if (flags & O_NOFOLLOW || (flags & O_EXCL && flags & O_CREAT))
			return "nofollow";
		return flags & O_PATH ? "path" : "";
	case AT_FLAGS:
		return flags & AT_SYMLINK_NOFOLLOW ? "nofollow" : "";
	case AT_FLAGS_ASK:
		return flags & AT_SYMLINK_FOLLOW ? "" : "nofollow";
	case MOUNT_FLAGS:
		return (flags & ~(uint64_t)MS_REC) == MS_PRIVATE ? "private" : "";
	case NEVER:
		return "nofollow";
	case ALWAYS:
		break;
	}
	return "";
}

/* Lines that were written. The table only grows: a run has some hundred different ones. */
static bool is_new(const char *line)
{
	static char **lines;
	static size_t count, size;
	size_t at = 5381;

	if (2 * count >= size) {
		size_t old_size = size;
		char **old = lines;

		size = size ? 2 * size : 1024;
		lines = calloc(size, sizeof(*lines));
		if (!lines)
			die("calloc");
		count = 0;
		for (size_t i = 0; i < old_size; i++) {
			if (old[i])
				is_new(old[i]);
			free(old[i]);
		}
		free(old);
	}
	for (const char *byte = line; *byte; byte++)
		at = at * 33 + (unsigned char)*byte;
	for (at %= size; lines[at]; at = (at + 1) % size) {
		if (strcmp(lines[at], line) == 0)
			return false;
	}
	lines[at] = strdup(line);
	count++;
	return true;
}

static void note(pid_t pid, const struct call *call, const uint64_t *arguments)
{
	bool by_descriptor = call->directory != NONE && (int)arguments[call->directory] != AT_FDCWD;
	char name[PATH_MAX + 1] = {0}, line[LINE_SIZE];
	size_t length;

	read_name(pid, arguments[call->path], name);
	length = (size_t)snprintf(line, sizeof(line), "%s\t%s\t%s\t", call->name,
				  by_descriptor ? "fd"
				  : entered	? "entered"
						: "start",
				  words_of(pid, call, arguments));
	for (const char *byte = name; *byte; byte++) {
		if (*byte > 0x20 && *byte < 0x7f && *byte != '\\')
			line[length++] = *byte;
		else
			length += (size_t)sprintf(line + length, "\\x%02x", (unsigned char)*byte);
	}
	line[length] = '\0';
	if (is_new(line))
		fprintf(out, "%s\n", line);
}

/* fchdir(2) does not say where to: back to where it came from, or elsewhere. */
static void note_fchdir(pid_t pid, int fd)
{
	struct stat start, there;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &there) < 0)
		return;
	entered = stat(".", &start) < 0 || start.st_dev != there.st_dev || start.st_ino != there.st_ino;
}

static void stop(pid_t pid)
{
	struct __ptrace_syscall_info info;
	uint64_t arguments[6];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		die("PTRACE_GET_SYSCALL_INFO");
	for (unsigned i = 0; i < 6; i++)
		arguments[i] = info.seccomp.args[i];
	if (info.seccomp.nr == SYS_fchdir)
		note_fchdir(pid, (int)arguments[0]);
	for (size_t i = 0; i < CALL_COUNT; i++) {
		if ((uint64_t)calls[i].number == info.seccomp.nr)
			note(pid, &calls[i], arguments);
	}
}

/* --- the run --- */

static pid_t start(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(125);
		raise(SIGSTOP);
		install_filter();
		execv(command[0], command);
		_exit(125);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("fork");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE) < 0)
		die("PTRACE_SETOPTIONS");
	return pid;
}

/* Until the last process has ended; the status of the first. */
static int follow(pid_t first)
{
	int status, result = 125;
	bool running = false; /* execve(2) of the program itself is ours */
	pid_t pid = first;

	ptrace(PTRACE_CONT, pid, NULL, 0L);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		long signal_number = 0;

		if (!WIFSTOPPED(status)) {
			if (pid == first)
				result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			continue;
		}
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			if (running)
				stop(pid);
			running = true;
		} else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
			signal_number = WSTOPSIG(status);
		}
		ptrace(PTRACE_CONT, pid, NULL, signal_number);
	}
	return result;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: watch LOG PROGRAM ARGUMENT...\n");
		return 125;
	}
	out = fopen(argv[1], "we");
	if (!out)
		die(argv[1]);
	status = follow(start(argv + 2));
	if (fclose(out) != 0)
		die(argv[1]);
	return status;
}
