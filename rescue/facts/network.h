/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FACTS_NETWORK_H
#define SSHRESCUE_FACTS_NETWORK_H

/* What the files of network managers say of interfaces and addresses, whichever manager the boot starts. */

#include "filter/evaluate.h"
#include "parse/firewalld.h"
#include "target/target.h"

struct network_facts {
	string_list interfaces; /* names that are configured, the loopback left out */
	bool interfaces_complete; /* every configured interface is named; none is found by a pattern or its hardware */
	zone_binding_list zones; /* NetworkManager's zone=, ZONE= of ifcfg files */
};
void network_facts_load(struct target *target, struct arena *arena, struct network_facts *ret);

/* The addresses that some file gives to an interface of this machine; others (DHCP) are not known. */
void network_addresses(struct target *target, struct arena *arena, local_address_list *ret);

#endif
