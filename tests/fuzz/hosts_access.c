/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/hosts_access.h"

static void read_hosts_access(const struct fuzz_input *input)
{
	hosts_rule_list rules;

	hosts_access_read(&input->files[0], input->arena, "sshd", &rules);
	for (size_t i = 0; i < rules.count; i++)
		assert(rules.items[i].line && rules.items[i].client_text);
}

const struct fuzz_format fuzz_format = {.read = read_hosts_access};
