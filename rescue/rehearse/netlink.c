/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/netlink.h"

#include <errno.h>
#include <string.h>
#include <net/if.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

enum {
	MESSAGE_SIZE = 1024, /* more than any of ours */
	ANSWER_SIZE = 8192,
};

int netlink_open(int bus, struct mnl_socket **ret)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int r;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(socket);
		return r;
	}
	*ret = socket;
	return 0;
}

int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *message)
{
	char answer[ANSWER_SIZE];
	ssize_t size;

	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	/* One is answered before the next is asked. */
	message->nlmsg_seq = 1;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		size = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		if (size < 0)
			return -errno;
		size = mnl_cb_run(answer, (size_t)size, message->nlmsg_seq, mnl_socket_get_portid(socket), NULL, NULL);
	} while (size > 0);
	return size < 0 ? -errno : 0;
}

/* Begins a message about a link. */
static struct nlmsghdr *begin_link(char *buffer, unsigned flags, int index, unsigned set, unsigned change)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = (uint16_t)flags;
	link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = index;
	link->ifi_flags = set;
	link->ifi_change = change;
	return message;
}

/* No address that the kernel makes up by itself: it would ask the cable whether somebody else has it, for a second. */
static void put_no_link_local(struct nlmsghdr *message)
{
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *ipv6 = mnl_attr_nest_start(message, AF_INET6);

	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, ipv6);
	mnl_attr_nest_end(message, families);
}

static void put_end(struct nlmsghdr *message, const struct link_end *end)
{
	mnl_attr_put_strz(message, IFLA_IFNAME, end->name);
	mnl_attr_put(message, IFLA_ADDRESS, 6, end->hardware);
	if (end->process)
		mnl_attr_put_u32(message, IFLA_NET_NS_PID, (uint32_t)end->process);
}

int netlink_cable(struct mnl_socket *socket, const struct link_end *here, const struct link_end *there)
{
	char buffer[MESSAGE_SIZE] = {0};
	struct nlmsghdr *message = begin_link(buffer, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	struct nlattr *info, *data, *peer;

	put_end(message, here);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	put_end(message, there);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return netlink_ask(socket, message);
}

static int take_index(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	*(int *)data = link->ifi_index;
	return MNL_CB_STOP;
}

int netlink_index(struct mnl_socket *socket, const char *name)
{
	char buffer[MESSAGE_SIZE] = {0}, answer[ANSWER_SIZE];
	struct nlmsghdr *message = begin_link(buffer, NLM_F_REQUEST, 0, 0, 0);
	int index = -ENODEV;
	ssize_t size;

	message->nlmsg_type = RTM_GETLINK;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	size = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (size < 0 || mnl_cb_run(answer, (size_t)size, 0, 0, take_index, &index) < 0)
		return -errno;
	return index;
}

int netlink_up(struct mnl_socket *socket, int index)
{
	char buffer[MESSAGE_SIZE] = {0};
	struct nlmsghdr *message = begin_link(buffer, 0, index, 0, 0);

	/* Fails where the kernel has no IPv6: then there is nothing to be prevented. */
	put_no_link_local(message);
	(void)netlink_ask(socket, message);
	memset(buffer, 0, sizeof(buffer));
	message = begin_link(buffer, 0, index, IFF_UP, IFF_UP);
	return netlink_ask(socket, message);
}

static size_t address_size(bool ipv6)
{
	return ipv6 ? 16 : 4;
}

int netlink_address(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *address, unsigned prefix)
{
	char buffer[MESSAGE_SIZE] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *header;

	message->nlmsg_type = RTM_NEWADDR;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->ifa_family = ipv6 ? AF_INET6 : AF_INET;
	header->ifa_prefixlen = (uint8_t)prefix;
	header->ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT;
	header->ifa_index = (uint32_t)index;
	mnl_attr_put(message, IFA_LOCAL, address_size(ipv6), address);
	mnl_attr_put(message, IFA_ADDRESS, address_size(ipv6), address);
	return netlink_ask(socket, message);
}

static int add_route(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *destination, unsigned prefix,
		     const unsigned char *gateway)
{
	char buffer[MESSAGE_SIZE] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;

	message->nlmsg_type = RTM_NEWROUTE;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->rtm_family = ipv6 ? AF_INET6 : AF_INET;
	header->rtm_dst_len = (uint8_t)prefix;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	header->rtm_type = RTN_UNICAST;
	if (prefix)
		mnl_attr_put(message, RTA_DST, address_size(ipv6), destination);
	if (gateway)
		mnl_attr_put(message, RTA_GATEWAY, address_size(ipv6), gateway);
	mnl_attr_put_u32(message, RTA_OIF, (uint32_t)index);
	/* Two routes to one destination differ by this. */
	mnl_attr_put_u32(message, RTA_PRIORITY, (uint32_t)index);
	return netlink_ask(socket, message);
}

int netlink_route(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *destination, unsigned prefix)
{
	return add_route(socket, index, ipv6, destination, prefix, NULL);
}

int netlink_default_route(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *gateway)
{
	return add_route(socket, index, ipv6, NULL, 0, gateway);
}

int netlink_neighbour(struct mnl_socket *socket, int index, bool ipv6, const unsigned char *address,
		      const unsigned char hardware[6])
{
	char buffer[MESSAGE_SIZE] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header;

	message->nlmsg_type = RTM_NEWNEIGH;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->ndm_family = ipv6 ? AF_INET6 : AF_INET;
	header->ndm_ifindex = index;
	header->ndm_state = NUD_PERMANENT;
	mnl_attr_put(message, NDA_DST, address_size(ipv6), address);
	mnl_attr_put(message, NDA_LLADDR, 6, hardware);
	return netlink_ask(socket, message);
}
