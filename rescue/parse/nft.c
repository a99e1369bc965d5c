/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/nft_private.h"

void nft_load(struct ruleset *ruleset, const struct nft_input *input, struct load_report *report)
{
	struct arena *arena = ruleset->arena;
	struct nft_scope global = {0}, objects = {0};
	struct nft_file file = {
	    .path = input->path ? arena_strdup(arena, input->path) : NULL,
	    .data = arena_memdup(arena, input->content.data, input->content.size),
	    .size = input->content.size,
	    .only_line = input->line,
	    .depth = 1,
	};
	struct nft_parser parser = {
	    .ruleset = ruleset,
	    .arena = arena,
	    .target = input->target,
	    .report = report,
	    .start_path = file.path,
	    .scope = &global,
	    .objects = &objects,
	    .services = input->services ? input->services : nft_services(arena),
	};
	bool taken;

	/* The kernel takes a transaction whole or not at all. */
	ruleset_begin(ruleset);
	nft_lexer_start(&parser, &file);
	taken = nft_commands(&parser);
	taken = nft_check_changed_sets(&parser) && taken && nft_check_chains(&parser);
	ruleset_end(ruleset, taken);
}
