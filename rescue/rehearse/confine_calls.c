/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of system calls: seccomp(2). */
#include "rehearse/confine_calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/text.h"

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "the rehearsal's filter of system calls does not know this architecture"
#endif

enum {
	/* faccessat2, Linux 5.8. Later ones seem not to be there, and every library has another way. */
	NEWEST_CALL = 439,
	CALL_CLONE3 = 435, /* on every architecture; the headers may be older */
	FILTER_LIMIT = 1024,
};

/* The numbers of those that may be made, as text: "0", or the name itself where this architecture has no such call. */
#define TEXT_OF(value) #value
#define NUMBER_OF(macro) TEXT_OF(macro)
static const char *const allowed_calls[] = {
#define ALLOWED(name) NUMBER_OF(__NR_##name),
#include "rehearse/allowed.def"
#undef ALLOWED
};

/* Namespaces that clone(2) may make. clone3(2), whose flags a filter cannot see, is not there at all: libraries fall
 * back. */
#define NAMESPACE_FLAGS 0x7e020000u

/* Requests that type into a terminal of somebody else's: TIOCSTI, TIOCLINUX. The kernel looks at 32 bits of it. */
static const uint32_t forbidden_requests[] = {0x5412, 0x541c};

/* Sockets of these families reach the machine's own network only. */
static const uint32_t allowed_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};

struct filter_builder {
	struct sock_filter code[FILTER_LIMIT];
	size_t count;
	bool full;
};

static void emit(struct filter_builder *builder, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	builder->full = builder->count == FILTER_LIMIT;
	if (!builder->full)
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

/* Refuses every number that is not in the table; they come in runs. */
static void refuse_others(struct filter_builder *builder)
{
	bool allowed[NEWEST_CALL + 2] = {[NEWEST_CALL + 1] = true};
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(allowed_calls); i++) {
		if (parse_number(allowed_calls[i], NEWEST_CALL, &number))
			allowed[number] = true;
	}
	for (uint32_t first = 0; first <= NEWEST_CALL; first++) {
		uint32_t last = first;

		if (allowed[first])
			continue;
		while (!allowed[last + 1])
			last++;
		emit(builder, BPF_JMP | BPF_JGE | BPF_K, first, 0, 2);
		emit(builder, BPF_JMP | BPF_JGT | BPF_K, last, 1, 0);
		answer(builder, SECCOMP_RET_ERRNO | EPERM);
		first = last;
	}
}

/* What may be made with some arguments only. Each ends the filter for its call. */
static void look_at_arguments(struct filter_builder *builder)
{
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4);
	load(builder, LOW_HALF_OF_ARGUMENT(0));
	emit(builder, BPF_JMP | BPF_JSET | BPF_K, NAMESPACE_FLAGS, 0, 1);
	answer(builder, SECCOMP_RET_ERRNO | EPERM);
	answer(builder, SECCOMP_RET_ALLOW);
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 2 + 2 * ARRAY_SIZE(forbidden_requests));
	load(builder, LOW_HALF_OF_ARGUMENT(1));
	for (size_t i = 0; i < ARRAY_SIZE(forbidden_requests); i++) {
		emit(builder, BPF_JMP | BPF_JEQ | BPF_K, forbidden_requests[i], 0, 1);
		answer(builder, SECCOMP_RET_ERRNO | EPERM);
	}
	answer(builder, SECCOMP_RET_ALLOW);
	emit(builder, BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 1, 0);
	answer(builder, SECCOMP_RET_ALLOW);
	load(builder, LOW_HALF_OF_ARGUMENT(0));
	for (size_t i = 0; i < ARRAY_SIZE(allowed_families); i++) {
		emit(builder, BPF_JMP | BPF_JEQ | BPF_K, allowed_families[i], 0, 1);
		answer(builder, SECCOMP_RET_ALLOW);
	}
	answer(builder, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

int confine_calls(void)
{
	struct filter_builder builder = {0};
	struct sock_fprog program;

	load(&builder, offsetof(struct seccomp_data, arch));
	emit(&builder, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
	answer(&builder, SECCOMP_RET_KILL_PROCESS);
	load(&builder, offsetof(struct seccomp_data, nr));
	/* Also the second interface of x86-64 (x32), whose numbers have bit 30 set. */
	emit(&builder, BPF_JMP | BPF_JGT | BPF_K, NEWEST_CALL, 1, 0);
	emit(&builder, BPF_JMP | BPF_JEQ | BPF_K, CALL_CLONE3, 0, 1);
	answer(&builder, SECCOMP_RET_ERRNO | ENOSYS);
	refuse_others(&builder);
	look_at_arguments(&builder);
	if (builder.full)
		return -E2BIG;
	program = (struct sock_fprog){.len = (unsigned short)builder.count, .filter = builder.code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}
