/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/cable.h"

#include <errno.h>

#include "rehearse/netlink.h"

enum {
	IPV4_PREFIX = 24,
	IPV6_PREFIX = 64,
	LOOPBACK_INDEX = 1, /* in every network namespace */
};

/* Unicast addresses that no registry of special purposes lists (RFC 6890): a firewall that drops "martians" must not
 * drop these. No packet leaves the namespaces. */
const struct scripted_address machine_address[2] = {
    {.ipv6 = false, .bytes = {45, 60, 70, 10}},
    {.ipv6 = true, .bytes = {0x2a, 0x01, 0x11, 0x11, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x10}},
};
const struct scripted_address client_address[2] = {
    {.ipv6 = false, .bytes = {77, 88, 99, 110}},
    {.ipv6 = true, .bytes = {0x2a, 0x02, 0x22, 0x22, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x09}},
};
static const struct scripted_address router_address[2] = {
    {.ipv6 = false, .bytes = {45, 60, 70, 1}},
    {.ipv6 = true, .bytes = {0x2a, 0x01, 0x11, 0x11, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x01}},
};

const unsigned char machine_hardware[6] = {0x52, 0x54, 0, 0x45, 0x60, 0x0a};
const unsigned char router_hardware[6] = {0x52, 0x54, 0, 0x45, 0x60, 0x01};
const char router_interface[] = "router";

/* Both ends, for one family. */
static int give_addresses(struct mnl_socket *here, int here_index, struct mnl_socket *there, int there_index, bool ipv6)
{
	unsigned prefix = ipv6 ? IPV6_PREFIX : IPV4_PREFIX, whole = ipv6 ? 128 : 32;
	const unsigned char *machine = machine_address[ipv6].bytes, *router = router_address[ipv6].bytes,
			    *client = client_address[ipv6].bytes;
	int r = netlink_address(here, here_index, ipv6, router, prefix);

	r = r < 0 ? r : netlink_address(here, here_index, ipv6, client, whole);
	r = r < 0 ? r : netlink_neighbour(here, here_index, ipv6, machine, machine_hardware);
	r = r < 0 ? r : netlink_address(there, there_index, ipv6, machine, prefix);
	r = r < 0 ? r : netlink_neighbour(there, there_index, ipv6, router, router_hardware);
	return r < 0 ? r : netlink_default_route(there, there_index, ipv6, router);
}

/* A further address of the machine's own, and the way to it. */
static int add_address(struct mnl_socket *here, int here_index, struct mnl_socket *there, int there_index,
		       const struct scripted_address *address)
{
	unsigned whole = address->ipv6 ? 128 : 32;
	int r = netlink_address(there, there_index, address->ipv6, address->bytes, whole);

	r = r < 0 ? r : netlink_route(here, here_index, address->ipv6, address->bytes, whole, NULL);
	return r < 0 ? r : netlink_neighbour(here, here_index, address->ipv6, address->bytes, machine_hardware);
}

/* One that is up, and leads nowhere. */
static int add_idle_interface(struct mnl_socket *socket, const char *name)
{
	int r = netlink_idle(socket, name), index;

	if (r < 0)
		return r;
	index = netlink_index(socket, name);
	return index < 0 ? index : netlink_up(socket, index);
}

int cable_lay(struct mnl_socket *here, struct mnl_socket *there, pid_t machine, const struct script *script,
	      bool *ret_ipv6, const char **ret_what)
{
	struct link_end machine_end = {.name = script->interface, .hardware = machine_hardware, .process = machine};
	struct link_end router_end = {.name = router_interface, .hardware = router_hardware};
	int here_index, there_index, r;

	*ret_what = "lay a cable (veth)";
	r = netlink_cable(here, &router_end, &machine_end);
	if (r < 0)
		return r;
	*ret_what = "bring the network up";
	here_index = netlink_index(here, router_end.name);
	there_index = netlink_index(there, machine_end.name);
	if (here_index < 0 || there_index < 0)
		return here_index < 0 ? here_index : there_index;
	r = netlink_up(here, LOOPBACK_INDEX);
	r = r < 0 ? r : netlink_up(there, LOOPBACK_INDEX);
	r = r < 0 ? r : netlink_up(here, here_index);
	r = r < 0 ? r : netlink_up(there, there_index);
	*ret_what = "add interfaces";
	for (size_t i = 0; i < script->more_interfaces.count && r == 0; i++)
		r = add_idle_interface(there, script->more_interfaces.items[i]);
	*ret_what = r == 0 ? "give addresses" : *ret_what;
	r = r < 0 ? r : give_addresses(here, here_index, there, there_index, false);
	if (r < 0)
		return r;
	*ret_ipv6 = give_addresses(here, here_index, there, there_index, true) == 0;
	for (size_t i = 0; i < script->sources.count && r == 0; i++) {
		const struct scripted_address *source = &script->sources.items[i];

		if (!source->ipv6 || *ret_ipv6)
			r = netlink_address(here, here_index, source->ipv6, source->bytes, source->ipv6 ? 128 : 32);
	}
	for (size_t i = 0; i < script->addresses.count && r == 0; i++) {
		const struct scripted_address *address = &script->addresses.items[i];

		if (!address->ipv6 || *ret_ipv6)
			r = add_address(here, here_index, there, there_index, address);
	}
	return r;
}
