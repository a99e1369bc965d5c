/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/nft.h"
#include "question.h"

static const char *const paths[] = {"/etc/nftables.conf", "/etc/nftables.d/ssh.nft", NULL};

static void read_nft(const struct fuzz_input *input)
{
	struct ruleset ruleset = {.arena = input->arena};
	struct load_report report = {0};
	struct nft_input nft = {.target = input->target, .content = input->files[0], .path = paths[0]};

	nft_load(&ruleset, &nft, &report);
	ask(&ruleset, input->arena);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_nft};
