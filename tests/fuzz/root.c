/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole root, looked at and repaired in memory as `repair -y` would. */
#include "fuzz.h"

#include "plan.h"

#define ETC "/etc/systemd/system/"
#define VENDOR "/usr/lib/systemd/system/"

static const char *const paths[] = {"/etc/ssh/sshd_config",
				    "/etc/ssh/ssh_host_ed25519_key",
				    VENDOR "ssh.service",
				    VENDOR "ssh.socket",
				    VENDOR "multi-user.target",
				    VENDOR "default.target",
				    "/etc/fstab",
				    "/etc/nftables.conf",
				    VENDOR "nftables.service",
				    "/etc/network/interfaces",
				    "/etc/passwd",
				    "/etc/group",
				    "/etc/default/ssh",
				    ETC "ssh.service",
				    "/etc/rc.local",
				    "/etc/os-release",
				    "/usr/sbin/sshd",
				    ETC "ssh.service.d/a.conf",
				    "/etc/systemd/network/a.network",
				    NULL};

static bool everything(void *context, const struct problem *problem)
{
	(void)context;
	(void)problem;
	return true;
}

static void read_root(const struct fuzz_input *input)
{
	struct plan plan = {0}, again = {0};

	if (plan_make(input->target, 0, everything, NULL, &plan) < 0)
		return;
	/* The second repair finds nothing that the first one would have done. */
	if (plan_make(input->target, 0, everything, NULL, &again) == 0) {
		assert(again.repaired == 0);
		plan_release(&again);
	}
	plan_release(&plan);
}

const struct fuzz_format fuzz_format = {.paths = paths, .stages = true, .read = read_root};
