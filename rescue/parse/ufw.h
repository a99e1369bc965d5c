/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UFW_H
#define SSHRESCUE_PARSE_UFW_H

/* What ufw-init(8) loads: /etc/ufw/ufw.conf, /etc/default/ufw, the before, user and after rules of both families. */

#include "filter/load.h"
#include "filter/ruleset.h"
#include "target/target.h"

#define UFW_DIRECTORY "/etc/ufw" /* of all rules but the user's */
#define UFW_DEFAULTS "/etc/default/ufw"

/* Does to the rule set what `ufw-init start` does. Nothing when ufw is not enabled. */
void ufw_load(struct target *target, struct ruleset *ruleset, bool legacy, struct load_report *report);

/* Where the installed ufw keeps user.rules and user6.rules; in arena. */
const char *ufw_user_directory(struct target *target, struct arena *arena);
/* Whether it filters IPv6 by its rules files (IPV6=yes), and not by dropping everything. */
bool ufw_uses_ipv6(struct target *target, struct arena *arena);

#endif
