/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CABLE_H
#define SSHRESCUE_REHEARSE_CABLE_H

/* The network between client and machine: a cable for each interface, a router's addresses at the client's end of the
 * first, and a client far behind the router, with an address that no firewall has a reason to treat in a special way.
 * Further clients are behind the cable of their interface. */

#include <net/if.h>

#include "rehearse/script.h"

struct mnl_socket;

/* Where the machine is, and where the client: by family. */
extern const struct scripted_address machine_address[2], client_address[2];
/* The hardware addresses of the two ends. */
extern const unsigned char machine_hardware[6], router_hardware[6];

struct cables {
	bool ipv6; /* the kernel has it */
	int ends[SCRIPT_INTERFACES]; /* the indexes of the client's ends, by the script's interfaces */
};

/* The name of the client's end of an interface's cable. */
void cable_end_name(size_t interface, char ret[IFNAMSIZ]);
/* Lays the cables from the network namespace of here (where the caller is) to that of there, where the process machine
 * lives, and gives addresses to their ends. 0, or negative errno and *ret_what. */
int cable_lay(struct mnl_socket *here, struct mnl_socket *there, pid_t machine, const struct script *script,
	      struct cables *ret, const char **ret_what);

#endif
