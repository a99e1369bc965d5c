/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/confine.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/arena.h"
#include "target/syscalls.h"

/* --- capabilities: capabilities(7) --- */

#define CAPABILITY(name) (UINT64_C(1) << (name))

/* sshd changes its user, its root (the privilege separation directory) and the owners of terminals, and reads files of
 * others; the port is below 1024. */
static const uint64_t daemon_capabilities =
    CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_KILL) |
    CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_NET_BIND_SERVICE);
static const uint64_t network_capabilities = CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_RAW);

static int set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	for (unsigned capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
		if (!(keep & CAPABILITY(capability)) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -errno;
	}
	for (int i = 0; i < 2; i++)
		data[i].permitted = data[i].effective = (uint32_t)(keep >> (32 * i));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* --- system calls: seccomp(2) --- */

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "the rehearsal's filter of system calls does not know this architecture"
#endif

/* The system calls that reach beyond the machine's world, or only serve to attack the kernel: mounts, namespaces, other
 * processes' memory, the kernel's log, modules, keys, clocks, programs in the kernel. As in SystemCallFilter= of
 * systemd.exec(5): all of @mount @module @reboot @swap @debug @keyring @raw-io @clock @cpu-emulation and more. */
static const int forbidden_calls[] = {
#define FORBIDDEN(name) __NR_##name,
#include "rehearse/forbidden.def"
#undef FORBIDDEN
};

/* The newest call that this list was made with: the kernel's later ones are not there. */
enum {
	NEWEST_CALL = 452, /* fchmodat2, Linux 6.6 */
	FILTER_LIMIT = 512,
};

/* Namespaces that clone(2) may make. clone3(2), whose flags a filter cannot see, is not there at all: libraries fall
 * back. */
#define NAMESPACE_FLAGS 0x7e020000u

/* Sockets of these families reach the machine's own network only. */
static const int allowed_families[] = {1 /* AF_UNIX */, 2 /* AF_INET */, 10 /* AF_INET6 */, 16 /* AF_NETLINK */,
				       17 /* AF_PACKET */};

struct filter_builder {
	struct sock_filter code[FILTER_LIMIT];
	size_t count;
};

static void emit(struct filter_builder *builder, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	builder->code[builder->count++] = (struct sock_filter){code, if_true, if_false, k};
}

static void load(struct filter_builder *builder, size_t offset)
{
	emit(builder, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct filter_builder *builder, uint32_t action)
{
	emit(builder, BPF_RET | BPF_K, action, 0, 0);
}

#define LOW_HALF_OF_ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))

static void build_filter(struct filter_builder *builder)
{
	load(builder, offsetof(struct seccomp_data, arch));
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
	answer(builder, SECCOMP_RET_KILL_PROCESS);
	load(builder, offsetof(struct seccomp_data, nr));
	/* Also the second interface of x86-64 (x32), whose numbers have bit 30 set. */
	emit(builder, BPF_JMP | BPF_JGT | BPF_K, NEWEST_CALL, 0, 1);
	answer(builder, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden_calls); i++) {
		emit(builder, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)forbidden_calls[i], 0, 1);
		answer(builder, SECCOMP_RET_ERRNO | EPERM);
	}
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	answer(builder, SECCOMP_RET_ERRNO | ENOSYS);
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
	load(builder, LOW_HALF_OF_ARGUMENT(0));
	emit(builder, BPF_JMP | BPF_JSET | BPF_K, NAMESPACE_FLAGS, 0, 1);
	answer(builder, SECCOMP_RET_ERRNO | EPERM);
	answer(builder, SECCOMP_RET_ALLOW);
	/* The kernel looks at 32 bits of the request: typing into a terminal of somebody else's (TIOCSTI, TIOCLINUX).
	 */
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 5);
	load(builder, LOW_HALF_OF_ARGUMENT(1));
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 0x5412, 1, 0);
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 0x541c, 0, 1);
	answer(builder, SECCOMP_RET_ERRNO | EPERM);
	answer(builder, SECCOMP_RET_ALLOW);
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0);
	answer(builder, SECCOMP_RET_ALLOW);
	load(builder, LOW_HALF_OF_ARGUMENT(0));
	for (size_t i = 0; i < ARRAY_SIZE(allowed_families); i++) {
		emit(builder, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed_families[i], 0, 1);
		answer(builder, SECCOMP_RET_ALLOW);
	}
	answer(builder, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static int filter_calls(void)
{
	struct filter_builder builder = {0};
	struct sock_fprog program;

	build_filter(&builder);
	program = (struct sock_fprog){.len = (unsigned short)builder.count, .filter = builder.code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* --- limits: setrlimit(2) --- */

/* Root is exempt from RLIMIT_NPROC; the client counts processes and memory (client.c). */
static const struct {
	int resource;
	rlim_t value;
} limits[] = {
    {RLIMIT_AS, 1024 * 1024 * 1024}, /* python3 of firewalld maps some hundred MiB */
    {RLIMIT_CORE, 0},
    {RLIMIT_CPU, 10},
    {RLIMIT_FSIZE, 64 * 1024 * 1024},
    {RLIMIT_MEMLOCK, 1024 * 1024},
    {RLIMIT_MSGQUEUE, 0},
    {RLIMIT_NOFILE, 1024},
    {RLIMIT_NPROC, 512},
    {RLIMIT_RTPRIO, 0},
    {RLIMIT_STACK, 8 * 1024 * 1024},
};

static int set_limits(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}

int close_from(int first)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, first, ~0u, 0) == 0)
		return 0;
	/* Before Linux 5.9 */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	for (int fd = first; (rlim_t)fd < limit.rlim_cur && fd < 1 << 20; fd++)
		close(fd);
	return 0;
}

int confine_machine(void)
{
	int r;

	/* Nobody may look into this process, and it keeps a capability more than whoever it starts. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = set_limits();
	if (r == 0)
		r = set_capabilities(daemon_capabilities | network_capabilities | CAPABILITY(CAP_SETPCAP));
	return r < 0 ? r : filter_calls();
}

int confine_client(void)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("rehearsal", "/tmp", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
	    chdir("/tmp") < 0 || chroot(".") < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = set_capabilities(network_capabilities);
	return r < 0 ? r : filter_calls();
}

int confine_program(bool network)
{
	return set_capabilities(daemon_capabilities | (network ? network_capabilities : 0));
}
