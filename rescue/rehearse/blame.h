/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_BLAME_H
#define SSHRESCUE_REHEARSE_BLAME_H

/* From what the kernel says of a packet's end to the line of a file. */

#include "facts.h"
#include "rehearse/trace.h"

/* "rule 3 of chain input in table inet filter (/etc/nftables.conf:12: tcp dport 22 drop)"; in arena. The file is only
 * named where the rules that were read from files and those that the kernel has agree. */
const char *blame_text(const struct facts *facts, struct arena *arena, const struct trace_verdict *verdict);

#endif
