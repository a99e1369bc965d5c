/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/cable.h"

#include <errno.h>
#include <stdio.h>

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

/* An address, and the way to it from the other end, which asks nobody for it. */
static int add_address(struct mnl_socket *owner, int owner_index, struct mnl_socket *other, int other_index,
		       const struct scripted_address *address, const unsigned char hardware[6])
{
	unsigned whole = address->ipv6 ? 128 : 32;
	int r = netlink_address(owner, owner_index, address->ipv6, address->bytes, whole);

	r = r < 0 ? r : netlink_route(other, other_index, address->ipv6, address->bytes, whole);
	return r < 0 ? r : netlink_neighbour(other, other_index, address->ipv6, address->bytes, hardware);
}

/* The way to the machine by another interface than the first. */
static int add_way(struct mnl_socket *here, int index, bool ipv6)
{
	const unsigned char *machine = machine_address[ipv6].bytes;
	int r = netlink_route(here, index, ipv6, machine, ipv6 ? 128 : 32);

	return r < 0 ? r : netlink_neighbour(here, index, ipv6, machine, machine_hardware);
}

void cable_end_name(size_t interface, char ret[IFNAMSIZ])
{
	snprintf(ret, IFNAMSIZ, "router%zu", interface);
}

/* One cable, with both ends up. The index of the machine's end, or negative errno. */
static int lay_one(struct mnl_socket *here, struct mnl_socket *there, pid_t machine, const char *name,
		   const char *end_name, int *ret_here)
{
	struct link_end machine_end = {.name = name, .hardware = machine_hardware, .process = machine};
	struct link_end router_end = {.name = end_name, .hardware = router_hardware};
	int r = netlink_cable(here, &router_end, &machine_end), there_index;

	if (r < 0)
		return r;
	*ret_here = netlink_index(here, end_name);
	there_index = netlink_index(there, name);
	if (*ret_here < 0 || there_index < 0)
		return *ret_here < 0 ? *ret_here : there_index;
	r = netlink_up(here, *ret_here);
	r = r < 0 ? r : netlink_up(there, there_index);
	return r < 0 ? r : there_index;
}

/* The machine's own address at another interface than the first, in a network of its own: rules may redirect to it. */
static int add_own_address(struct mnl_socket *there, int index, size_t interface, bool ipv6)
{
	struct scripted_address address = machine_address[ipv6];

	address.bytes[ipv6 ? 7 : 2] += (unsigned char)interface;
	return netlink_address(there, index, ipv6, address.bytes, ipv6 ? IPV6_PREFIX : IPV4_PREFIX);
}

/* The clients and their ways, and the further addresses of the machine. */
static int populate(struct mnl_socket *here, struct mnl_socket *there, const struct script *script,
		    const struct cables *cables, const int *machine_ends)
{
	int r = 0;

	for (size_t i = 1; r == 0 && i < script->interfaces.count; i++) {
		r = add_own_address(there, machine_ends[i], i, false);
		if (r == 0 && cables->ipv6)
			r = add_own_address(there, machine_ends[i], i, true);
	}
	for (size_t i = 0; r == 0 && i < script->sources.count; i++) {
		const struct scripted_source *source = &script->sources.items[i];

		if (source->address.ipv6 && !cables->ipv6)
			continue;
		r = add_address(here, cables->ends[source->interface], there, machine_ends[source->interface],
				&source->address, router_hardware);
		if (r == 0 && source->interface)
			r = add_way(here, cables->ends[source->interface], source->address.ipv6);
	}
	for (size_t i = 0; r == 0 && i < script->addresses.count; i++) {
		if (!script->addresses.items[i].ipv6 || cables->ipv6)
			r = add_address(there, machine_ends[0], here, cables->ends[0], &script->addresses.items[i],
					machine_hardware);
	}
	return r;
}

int cable_lay(struct mnl_socket *here, struct mnl_socket *there, pid_t machine, const struct script *script,
	      struct cables *ret, const char **ret_what)
{
	int machine_ends[SCRIPT_INTERFACES], r;

	*ret_what = "bring the network up";
	r = netlink_up(here, LOOPBACK_INDEX);
	r = r < 0 ? r : netlink_up(there, LOOPBACK_INDEX);
	if (r < 0)
		return r;
	*ret_what = "lay a cable (veth)";
	for (size_t i = 0; i < script->interfaces.count; i++) {
		char end_name[IFNAMSIZ];

		cable_end_name(i, end_name);
		machine_ends[i] = lay_one(here, there, machine, script->interfaces.items[i], end_name, &ret->ends[i]);
		if (machine_ends[i] < 0)
			return machine_ends[i];
	}
	*ret_what = "give addresses";
	r = give_addresses(here, ret->ends[0], there, machine_ends[0], false);
	if (r < 0)
		return r;
	ret->ipv6 = give_addresses(here, ret->ends[0], there, machine_ends[0], true) == 0;
	return populate(here, there, script, ret, machine_ends);
}
