/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CABLE_H
#define SSHRESCUE_REHEARSE_CABLE_H

/* The network between client and machine: one cable, a router's addresses at the client's end, and a client far behind
 * the router, with an address that no firewall has a reason to treat in a special way. */

#include <sys/types.h>

#include "rehearse/script.h"

struct mnl_socket;

/* Where the machine is, and where the client: by family. */
extern const struct scripted_address machine_address[2], client_address[2];
/* The hardware addresses of the two ends. */
extern const unsigned char machine_hardware[6], router_hardware[6];
/* The name of the client's end. */
extern const char router_interface[];

/* Lays the cable from the network namespace of here (where the caller is) to that of there, where the process machine
 * lives, and gives addresses to both ends. ret_ipv6: the kernel has IPv6. 0, or negative errno and *ret_what. */
int cable_lay(struct mnl_socket *here, struct mnl_socket *there, pid_t machine, const struct script *script,
	      bool *ret_ipv6, const char **ret_what);

#endif
