/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_MENTION_H
#define SSHRESCUE_STAGE_FIREWALL_MENTION_H

/* Whether a text has to do with a firewall at all. */

#include <stdbool.h>

#include "base/arena.h"

/* Whether text names a program that loads firewall rules. */
bool mentions_firewall(const char *text, size_t length);
/* The same for a script, lines that are comments left out. */
bool script_mentions_firewall(const struct blob *script);

#endif
