/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/iptables_save.h"
#include "question.h"

static const char *const paths[] = {"/etc/iptables/ipsets", "/etc/iptables/rules.v4", "/etc/iptables/rules.v6", NULL};

static void read_iptables(const struct fuzz_input *input)
{
	struct ruleset ruleset = {.arena = input->arena};
	struct load_report report = {0};

	if (input->files[0].size)
		ipset_save_load(&ruleset, input->files[0], paths[0], &report);
	for (unsigned i = 1; i < input->file_count; i++) {
		struct iptables_input rules = {
		    .content = input->files[i],
		    .path = paths[i],
		    .ipv6 = i == 2,
		    .legacy = input->choice & 1,
		    .keep = input->choice & 2,
		};

		iptables_save_load(&ruleset, &rules, &report);
	}
	ask(&ruleset, input->arena);
}

const struct fuzz_format fuzz_format = {.paths = paths, .choices = true, .read = read_iptables};
