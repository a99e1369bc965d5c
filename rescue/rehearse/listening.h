/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_LISTENING_H
#define SSHRESCUE_REHEARSE_LISTENING_H

/* Who listens, as the kernel says it: sock_diag(7). */

#include <stdbool.h>

struct mnl_socket;

/* Whether some TCP socket of a family listens on the port, in the network namespace of the socket (netlink_open() with
 * NETLINK_SOCK_DIAG). Negative errno where the kernel cannot be asked. */
int listening_on(struct mnl_socket *socket, bool ipv6, unsigned port);

#endif
