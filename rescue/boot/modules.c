/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/target.h"

#define MODULE_DIRECTORY "/lib/modules/"

/* What the kernel calls for a module that it lacks (proc_sys_kernel(5)): false where it calls nobody. */
static bool read_helper(char *ret, size_t size)
{
	cleanup_fd int fd = open("/proc/sys/kernel/modprobe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return *ret && access(ret, X_OK) == 0;
}

/* Starts it as the kernel does, and waits for its end. */
static void run_helper(const char *helper, const char *module)
{
	char *const environment[] = {"HOME=/", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execle(helper, helper, "-q", "--", module, (char *)NULL, environment);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The one kind of module that the kernel does not ask for: the legacy iptables call modprobe(8) themselves, which no
 * program in a rehearsal may. */
static void load_legacy_tables(struct target *target, const char *helper)
{
	static const struct {
		const char *program, *module;
	} tables[] = {{"/usr/sbin/iptables", "ip_tables"}, {"/usr/sbin/ip6tables", "ip6_tables"}};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		cleanup_arena struct arena arena = {0};
		char *program;

		if (target_resolve(target, tables[i].program, true, &arena, &program) == 0 && strstr(program, "legacy"))
			run_helper(helper, tables[i].module);
	}
}

/* Over the modules that the initramfs holds itself: read-only, and seen by everybody whom the kernel may start. */
static int bind_over(const char *directory, const char *place)
{
	const unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(directory, place, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return mount(NULL, place, NULL, flags, NULL) < 0 ? -errno : 0;
}

void boot_modules_lend(const char *root, struct boot_modules *ret)
{
	cleanup_arena struct arena arena = {0};
	cleanup_target struct target *target = NULL;
	char helper[PATH_MAX], *directory;
	struct utsname system;
	int r;

	*ret = (struct boot_modules){0};
	if (uname(&system) < 0 || !read_helper(helper, sizeof(helper))) {
		snprintf(ret->reason, sizeof(ret->reason), "this kernel calls nobody for modules");
		return;
	}
	snprintf(ret->place, sizeof(ret->place), MODULE_DIRECTORY "%s", system.release);
	r = target_open(&target, root, 0);
	if (r == 0)
		r = target_resolve(target, arena_printf(&arena, "%s/modules.dep", ret->place), true, &arena,
				   &directory);
	if (r == 0 && !target_exists(target, directory))
		r = -ENOENT;
	if (r < 0) {
		snprintf(ret->reason, sizeof(ret->reason), "the root has no modules of the running kernel, %s: %s",
			 ret->place, strerror(-r));
		return;
	}
	*strrchr(directory, '/') = '\0';
	r = bind_over(arena_printf(&arena, "%s%s", root, directory), ret->place);
	ret->lent = r == 0;
	if (r < 0)
		snprintf(ret->reason, sizeof(ret->reason), "cannot mount the root's modules on %s: %s", ret->place,
			 strerror(-r));
	else
		load_legacy_tables(target, helper);
}

void boot_modules_take_back(struct boot_modules *modules)
{
	if (modules->lent)
		(void)umount2(modules->place, MNT_DETACH);
	modules->lent = false;
}
