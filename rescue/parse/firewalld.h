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

/* Does to the rule set what starting firewalld does. False when it refuses /etc/firewalld, and runs with the files of
 * its package or not at all. */
bool firewalld_load(struct target *target, struct ruleset *ruleset, const zone_binding_list *bindings,
		    struct load_report *report);

/* Whether the service, as it is in force, is that one port of TCP to any address, and nothing else. */
bool firewalld_service_is_port(struct target *target, struct arena *arena, const char *service, unsigned port);

#endif
