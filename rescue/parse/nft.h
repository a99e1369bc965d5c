/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_NFT_H
#define SSHRESCUE_PARSE_NFT_H

/* The language of nft(8). */

#include "filter/load.h"
#include "filter/ruleset.h"
#include "target/target.h"

struct nft_input {
	struct target *target; /* that include reads from */
	struct blob content;
	const char *path; /* where the content stands, or NULL: nft's command line */
	unsigned line; /* of path, that all of the content stands on; 0: the content is the file */
	struct nft_services *services; /* of the target, read once for all inputs; or NULL */
};

struct nft_services *nft_services(struct arena *arena);

/* Does to the rule set what `nft -f` does with the input: all of it, or nothing when any of it is refused. */
void nft_load(struct ruleset *ruleset, const struct nft_input *input, struct load_report *report);

#endif
