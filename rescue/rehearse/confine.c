/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/confine.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/arena.h"
#include "rehearse/confine_calls.h"
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
	return r < 0 ? r : confine_calls();
}

int confine_client(void)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("rehearsal", "/tmp", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
	    chdir("/tmp") < 0 || chroot(".") < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = set_capabilities(network_capabilities);
	return r < 0 ? r : confine_calls();
}

int confine_program(bool network)
{
	return set_capabilities(daemon_capabilities | (network ? network_capabilities : 0));
}
