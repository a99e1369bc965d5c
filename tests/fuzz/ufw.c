/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/ufw.h"
#include "question.h"

static const char *const paths[] = {"/etc/ufw/ufw.conf",
				    "/etc/default/ufw",
				    "/etc/ufw/user.rules",
				    "/etc/ufw/before.rules",
				    "/etc/ufw/after.rules",
				    "/etc/ufw/user6.rules",
				    "/etc/ufw/before6.rules",
				    "/etc/ufw/after6.rules",
				    "/etc/ufw/before.init",
				    "/usr/share/ufw/iptables/user.rules",
				    NULL};

static void read_ufw(const struct fuzz_input *input)
{
	struct ruleset ruleset = {.arena = input->arena};
	struct load_report report = {0};

	ufw_load(input->target, &ruleset, input->choice & 1, &report);
	ask(&ruleset, input->arena);
}

const struct fuzz_format fuzz_format = {.paths = paths, .choices = true, .read = read_ufw};
