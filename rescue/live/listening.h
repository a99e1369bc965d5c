/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_LIVE_LISTENING_H
#define SSHRESCUE_LIVE_LISTENING_H

/* Who listens, as the kernel says it: sock_diag(7). */

#include <stdbool.h>

#include "base/text.h"

struct mnl_socket;

/* A TCP socket that waits for connections. */
struct listener {
	bool ipv6;
	bool ipv6_only; /* an IPv6 socket that takes no IPv4 connections */
	unsigned port;
	unsigned char address[16]; /* 4 bytes for IPv4 */
};
typedef ARRAY_OF(struct listener) listener_list;

/* Whether some TCP socket of a family listens on the port, in the network namespace of the socket (netlink_open() with
 * NETLINK_SOCK_DIAG). Negative errno where the kernel cannot be asked. */
int listening_on(struct mnl_socket *socket, bool ipv6, unsigned port);
/* Everybody that listens in the network namespace of this process. 0 or negative errno. */
int listening_all(struct arena *arena, listener_list *ret);

/* Whether this process is in the network namespace of the system's first process. */
bool listening_is_system(void);

bool listener_is_any(const struct listener *listener); /* 0.0.0.0, [::] */
bool listener_is_loopback(const struct listener *listener);
/* "192.0.2.1", "::1" */
char *listener_address(struct arena *arena, const struct listener *listener);
/* "192.0.2.1:22", "[::1]:22" */
char *listener_text(struct arena *arena, const struct listener *listener);

#endif
