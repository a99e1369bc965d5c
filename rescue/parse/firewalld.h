/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_FIREWALLD_H
#define SSHRESCUE_PARSE_FIREWALLD_H

/* What firewalld(1) loads: firewalld.conf, zones, services, ipsets, policies and direct rules below /etc/firewalld and
 * /usr/lib/firewalld. */

#include "filter/load.h"
#include "filter/ruleset.h"
#include "target/target.h"

/* An interface that a network configuration puts into a zone, other than firewalld's own files: NetworkManager's
 * connection.zone, ZONE= of ifcfg files. */
struct zone_binding {
	const char *interface, *zone;
};
typedef ARRAY_OF(struct zone_binding) zone_binding_list;

/* Does to the rule set what starting firewalld does. */
void firewalld_load(struct target *target, struct ruleset *ruleset, const zone_binding_list *bindings,
		    struct load_report *report);

#endif
