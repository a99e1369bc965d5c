/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_IPTABLES_SAVE_H
#define SSHRESCUE_PARSE_IPTABLES_SAVE_H

/* The files of iptables-restore(8) and ip6tables-restore(8), and of ipset(8) save. */

#include "filter/load.h"
#include "filter/ruleset.h"
#include "target/target.h"

struct iptables_input {
	struct target *target; /* to see which extensions are installed; NULL: not known */
	struct blob content;
	const char *path;
	unsigned line; /* of path, that all of the content stands on; 0: the content is the file */
	bool ipv6;
	bool legacy; /* xtables' own tables, not nft's */
	bool keep; /* --noflush: what the tables hold stays */
	struct save_names *names; /* what the target was asked for before, for all inputs of one target; or NULL */
};

struct save_names *iptables_save_names(struct arena *arena);

/* Does to the rule set what iptables-restore does with the input: table by table, each whole or not at all. */
void iptables_save_load(struct ruleset *ruleset, const struct iptables_input *input, struct load_report *report);
/* Does what `ipset restore` does. */
void ipset_save_load(struct ruleset *ruleset, struct blob content, const char *path, struct load_report *report);

#endif
