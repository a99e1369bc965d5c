/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_RULES_H
#define SSHRESCUE_STAGE_FIREWALL_RULES_H

/* What can be said about firewall rules without evaluating them: that they certainly drop nothing, or that a text has
 * to do with a firewall at all. */

#include <stdbool.h>

#include "base/arena.h"

/* Whether an nft(8) script holds nothing but tables of empty chains that accept: what Debian ships. */
bool nft_rules_are_harmless(const struct blob *rules);
/* Whether an iptables-save(8) file holds no rule and no policy but ACCEPT. */
bool iptables_rules_are_harmless(const struct blob *rules);
/* The file that a command like "/usr/sbin/nft -f FILE" reads, in arena; NULL for any other command. "nft flush ruleset"
 * reads none: "". */
char *nft_command_rules_file(struct arena *arena, const char *command);
/* Whether text names a program that loads firewall rules. */
bool mentions_firewall(const char *text, size_t length);
/* The same for a script, lines that are comments left out. */
bool script_mentions_firewall(const struct blob *script);

#endif
