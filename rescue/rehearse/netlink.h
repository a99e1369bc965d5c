/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_NETLINK_H
#define SSHRESCUE_REHEARSE_NETLINK_H

/* The network of a rehearsal, by rtnetlink(7): a cable between two namespaces, addresses, routes. */

#include <stdbool.h>
#include <sys/types.h>

struct mnl_socket;

/* A netlink socket of the network namespace that the caller is in. It stays there when the caller moves on. 0 or
 * negative errno. */
int netlink_open(int bus, struct mnl_socket **ret);
/* Sends a message built with libmnl and waits for its acknowledgement: 0 or negative errno. */
struct nlmsghdr;
int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *message);

struct link_end {
	const char *name;
	const unsigned char *hardware; /* 6 bytes */
	pid_t process; /* whose network namespace it goes to; 0: the socket's own */
};

int netlink_cable(struct mnl_socket *socket, const struct link_end *here, const struct link_end *there);
/* The index of an interface, or negative errno. */
int netlink_index(struct mnl_socket *socket, const char *name);
int netlink_up(struct mnl_socket *socket, int index);
/* Addresses are 4 or 16 bytes. */
int netlink_address(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *address, unsigned prefix);
/* Everything goes to that gateway, which is reached directly. */
int netlink_default_route(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *gateway);
/* A route to one destination, which is reached directly. There may be one by each interface. */
int netlink_route(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *destination, unsigned prefix);
/* The hardware address of a neighbour, for good: no question is asked on the cable, and so none can be filtered. */
int netlink_neighbour(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *address,
		      const unsigned char hardware[6]);

#endif
