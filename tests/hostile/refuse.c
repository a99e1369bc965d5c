/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refuse ERRNO SYSCALL... -- PROGRAM ARGUMENT...
 *
 * Runs a program on a kernel that seems to lack system calls (ENOSYS) or in a sandbox that refuses them (EPERM).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "add the architecture's AUDIT_ARCH constant"
#endif

#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
    {"openat2", SYS_openat2},	  {"open_tree", SYS_open_tree}, {"mount_setattr", SYS_mount_setattr},
    {"renameat2", SYS_renameat2}, {"statx", SYS_statx},		{"unshare", SYS_unshare},
    {"chroot", SYS_chroot},	  {"getrandom", SYS_getrandom},
};

enum {
	CALL_LIMIT = 16
};

static int add_call(struct sock_filter *program, unsigned *size, const char *name, int error)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		program[(*size)++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
		program[(*size)++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA));
		return 0;
	}
	fprintf(stderr, "refuse: unknown system call %s\n", name);
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_filter program[4 + 2 * CALL_LIMIT] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog filter = {.filter = program};
	unsigned size = 4;
	int error, at = 2;

	if (argc < 2)
		return 125;
	error = strcmp(argv[1], "ENOSYS") == 0 ? ENOSYS : strcmp(argv[1], "EPERM") == 0 ? EPERM : 0;
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (at - 2 == CALL_LIMIT || add_call(program, &size, argv[at], error) < 0)
			return 125;
	}
	if (!error || at + 1 >= argc) {
		fprintf(stderr, "usage: refuse ENOSYS|EPERM SYSCALL... -- PROGRAM ARGUMENT...\n");
		return 125;
	}
	program[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter.len = (unsigned short)size;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
		perror("refuse: seccomp");
		return 125;
	}
	execv(argv[at + 1], argv + at + 1);
	perror("refuse: execv");
	return 125;
}
