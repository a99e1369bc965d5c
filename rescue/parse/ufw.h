/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UFW_H
#define SSHRESCUE_PARSE_UFW_H

/* What ufw-init(8) loads: /etc/ufw/ufw.conf, /etc/default/ufw, the before, user and after rules of both families. */

#include "filter/load.h"
#include "filter/ruleset.h"
#include "target/target.h"

/* Does to the rule set what `ufw-init start` does. Nothing when ufw is not enabled. */
void ufw_load(struct target *target, struct ruleset *ruleset, bool legacy, struct load_report *report);

#endif
