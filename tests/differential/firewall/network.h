/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_NETWORK_H
#define SSHRESCUE_TESTS_NETWORK_H

/*
 * A machine's network in a new namespace, for the prober: one veth pair for each of its interfaces, whose other ends
 * are in a second namespace that is the world outside. The machine's addresses are on every interface, without a
 * network around them, and everything else is behind a default route through each interface: so a client may have any
 * address and be anywhere. Nobody asks for anybody's link layer address: the interfaces do without (NOARP).
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	INTERFACE_LIMIT = 32,
	ADDRESS_LIMIT = 16,
	METRIC = 100000, /* of the first route */
};

struct address {
	bool ipv6;
	unsigned char bytes[16];
};

static inline size_t address_size(const struct address *address)
{
	return address->ipv6 ? 16 : 4;
}

static inline bool address_read(const char *text, struct address *ret)
{
	ret->ipv6 = strchr(text, ':');
	return inet_pton(ret->ipv6 ? AF_INET6 : AF_INET, text, ret->bytes) == 1;
}

struct interface {
	char name[IFNAMSIZ];
	int index; /* in the machine's namespace */
	unsigned char address[6]; /* its link layer's */
	int peer_index; /* outside */
};

struct network {
	int outside_fd; /* the namespace of the other ends */
	int outside_netlink; /* rtnetlink there */
	unsigned pairs; /* made so far */
	struct interface interfaces[INTERFACE_LIMIT];
	size_t interface_count;
	struct address addresses[ADDRESS_LIMIT]; /* the machine's */
	size_t address_count;
	unsigned preferred; /* how often routes were put before the others */
};

/* --- rtnetlink ------------------------------------------------------------- */

struct netlink_message {
	union {
		struct nlmsghdr header;
		char bytes[1024];
	};
};

static inline void *netlink_begin(struct netlink_message *message, int type, int flags, size_t size)
{
	memset(message, 0, sizeof(*message));
	message->header.nlmsg_type = (unsigned short)type;
	message->header.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags);
	message->header.nlmsg_len = (unsigned)NLMSG_LENGTH(size);
	return NLMSG_DATA(&message->header);
}

static inline void *netlink_room(struct netlink_message *message, size_t size)
{
	void *place = message->bytes + NLMSG_ALIGN(message->header.nlmsg_len);

	message->header.nlmsg_len = (unsigned)(NLMSG_ALIGN(message->header.nlmsg_len) + size);
	return place;
}

static inline struct rtattr *netlink_add(struct netlink_message *message, int type, const void *data, size_t size)
{
	struct rtattr *attribute = netlink_room(message, RTA_LENGTH(size));

	attribute->rta_type = (unsigned short)type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	return attribute;
}

/* Everything since begin becomes part of it. */
static inline void netlink_nest(struct netlink_message *message, struct rtattr *begin)
{
	begin->rta_len = (unsigned short)(message->bytes + message->header.nlmsg_len - (char *)begin);
}

static inline void netlink_send(int fd, struct netlink_message *message, const char *what)
{
	struct netlink_message answer;
	const struct nlmsgerr *error = NLMSG_DATA(&answer.header);

	if (send(fd, message, message->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		err(1, "%s", what);
	if (answer.header.nlmsg_type == NLMSG_ERROR && error->error) {
		errno = -error->error;
		err(1, "%s", what);
	}
}

static inline int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		err(1, "rtnetlink");
	return fd;
}

static inline void set_up(int fd, int index, const char *name)
{
	struct netlink_message message;
	struct ifinfomsg *link = netlink_begin(&message, RTM_NEWLINK, 0, sizeof(*link));

	link->ifi_index = index;
	link->ifi_flags = link->ifi_change = IFF_UP | IFF_NOARP;
	netlink_send(fd, &message, name);
}

/* Of the socket's namespace, whichever the process is in. */
static inline int index_of(int fd, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		err(1, "%s", name);
	return request.ifr_ifindex;
}

static inline void read_link_address(int fd, struct interface *interface)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface->name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		err(1, "%s", interface->name);
	memcpy(interface->address, request.ifr_hwaddr.sa_data, sizeof(interface->address));
}

static inline void add_pair(struct network *network, int fd, struct interface *interface)
{
	struct netlink_message message;
	struct rtattr *information, *data, *peer;
	char name[IFNAMSIZ];

	netlink_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	snprintf(name, sizeof(name), "p%u", network->pairs++);
	netlink_add(&message, IFLA_IFNAME, interface->name, strlen(interface->name) + 1);
	information = netlink_add(&message, IFLA_LINKINFO, NULL, 0);
	netlink_add(&message, IFLA_INFO_KIND, "veth", 4);
	data = netlink_add(&message, IFLA_INFO_DATA, NULL, 0);
	peer = netlink_add(&message, VETH_INFO_PEER, NULL, 0);
	netlink_room(&message, sizeof(struct ifinfomsg));
	netlink_add(&message, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_add(&message, IFLA_NET_NS_FD, &network->outside_fd, sizeof(int));
	netlink_nest(&message, peer);
	netlink_nest(&message, data);
	netlink_nest(&message, information);
	netlink_send(fd, &message, interface->name);
	interface->index = index_of(fd, interface->name);
	read_link_address(fd, interface);
	interface->peer_index = index_of(network->outside_netlink, name);
	/* The end that goes up last can send at once, the other one when the kernel gets round to it. */
	set_up(network->outside_netlink, interface->peer_index, name);
	set_up(fd, interface->index, interface->name);
}

static inline void add_address(int fd, const struct interface *interface, const struct address *address)
{
	struct netlink_message message;
	struct ifaddrmsg *body = netlink_begin(&message, RTM_NEWADDR, NLM_F_CREATE, sizeof(*body));

	body->ifa_family = address->ipv6 ? AF_INET6 : AF_INET;
	body->ifa_prefixlen = (unsigned char)(8 * address_size(address));
	body->ifa_flags = IFA_F_NODAD;
	body->ifa_index = (unsigned)interface->index;
	netlink_add(&message, IFA_LOCAL, address->bytes, address_size(address));
	netlink_add(&message, IFA_ADDRESS, address->bytes, address_size(address));
	netlink_send(fd, &message, "address");
}

static inline void begin_route(struct netlink_message *message, int family)
{
	struct rtmsg *body = netlink_begin(message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, sizeof(*body));

	body->rtm_family = (unsigned char)family;
	body->rtm_table = RT_TABLE_MAIN;
	body->rtm_protocol = RTPROT_BOOT;
	body->rtm_type = RTN_UNICAST;
	body->rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/* A way to everywhere, through an interface. */
static inline void add_route(int fd, const struct interface *interface, int family, int metric)
{
	struct netlink_message message;

	begin_route(&message, family);
	netlink_add(&message, RTA_OIF, &interface->index, sizeof(int));
	netlink_add(&message, RTA_PRIORITY, &metric, sizeof(metric));
	netlink_send(fd, &message, "route");
}

static inline void add_routes(const struct network *network, int fd)
{
	for (size_t i = 0; i < network->interface_count; i++) {
		add_route(fd, &network->interfaces[i], AF_INET, METRIC + (int)i);
		add_route(fd, &network->interfaces[i], AF_INET6, METRIC + (int)i);
	}
}

/* An IPv4 address that several interfaces have is the first one's to the kernel: make that this one. */
static inline void add_local_route(int fd, const struct interface *interface, const struct address *address,
				   unsigned char protocol)
{
	struct netlink_message message;
	struct rtmsg *body = netlink_begin(&message, RTM_NEWROUTE, NLM_F_CREATE, sizeof(*body));

	body->rtm_family = AF_INET;
	body->rtm_table = RT_TABLE_LOCAL;
	body->rtm_protocol = protocol;
	body->rtm_scope = RT_SCOPE_HOST;
	body->rtm_type = RTN_LOCAL;
	body->rtm_dst_len = 32;
	netlink_add(&message, RTA_DST, address->bytes, 4);
	netlink_add(&message, RTA_PREFSRC, address->bytes, 4);
	netlink_add(&message, RTA_OIF, &interface->index, sizeof(int));
	netlink_send(fd, &message, "local route");
}

/* Rules that look at routes find that interface's before all others. */
static inline void network_prefer(struct network *network, const struct interface *interface)
{
	int fd = open_netlink();

	network->preferred++;
	add_route(fd, interface, AF_INET, METRIC - (int)network->preferred);
	add_route(fd, interface, AF_INET6, METRIC - (int)network->preferred);
	for (size_t i = 0; i < network->address_count; i++) {
		/* Not the same route as before: that would stay where it is. */
		if (!network->addresses[i].ipv6)
			add_local_route(fd, interface, &network->addresses[i],
					(unsigned char)(RTPROT_STATIC + 1 + network->preferred % 100));
	}
	close(fd);
}

/* --- the namespaces -------------------------------------------------------- */

static inline void set_option(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* Not every kernel has every one. */
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

static inline void set_options(void)
{
	static const char *const options[][2] = {
	    {"ipv4/conf/all/rp_filter", "0"},
	    {"ipv4/conf/default/rp_filter", "0"},
	    {"ipv4/ip_forward", "0"},
	    {"ipv6/conf/default/accept_dad", "0"},
	    {"ipv6/conf/default/accept_ra", "0"},
	    {"ipv6/conf/default/router_solicitations", "0"},
	    {"ipv6/conf/default/addr_gen_mode", "1"},
	    {"core/somaxconn", "4096"},
	    /* Every refusal is to be seen. */
	    {"ipv4/icmp_ratelimit", "0"},
	    {"ipv4/icmp_ratemask", "0"},
	    {"ipv4/icmp_msgs_per_sec", "1000000"},
	    {"ipv4/icmp_msgs_burst", "1000000"},
	    {"ipv6/icmp/ratelimit", "0"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		set_option(options[i][0], options[i][1]);
}

/* The world outside, once. */
static inline void network_begin(struct network *network)
{
	memset(network, 0, sizeof(*network));
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "network namespace");
	set_option("ipv6/conf/default/disable_ipv6", "1");
	network->outside_netlink = open_netlink();
	network->outside_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (network->outside_fd < 0)
		err(1, "/proc/self/ns/net");
}

/* How many routes to its own IPv6 addresses the machine has. */
static inline size_t count_local_routes(void)
{
	FILE *routes = fopen("/proc/self/net/ipv6_route", "re");
	char line[256], device[64];
	unsigned flags;
	size_t count = 0;

	if (!routes)
		err(1, "/proc/self/net/ipv6_route");
	while (fgets(line, sizeof(line), routes))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %x %63s", &flags, device) == 2)
			count += (flags & RTF_LOCAL) && strcmp(device, "lo") != 0;
	fclose(routes);
	return count;
}

/* The kernel puts IPv6 addresses to use after it has said yes. */
static inline void wait_for_addresses(const struct network *network)
{
	size_t wanted = 0;

	for (size_t i = 0; i < network->address_count; i++)
		wanted += network->addresses[i].ipv6 ? network->interface_count : 0;
	for (int i = 0; count_local_routes() < wanted; i++) {
		if (i == 10000)
			errx(1, "the IPv6 addresses do not come up");
		usleep(200);
	}
}

/* Moves into a new machine. The interfaces' names and the addresses are set. */
static inline void network_new(struct network *network)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "network namespace");
	set_options();
	fd = open_netlink();
	set_up(fd, 1, "lo");
	for (size_t i = 0; i < network->interface_count; i++) {
		add_pair(network, fd, &network->interfaces[i]);
		for (size_t j = 0; j < network->address_count; j++)
			add_address(fd, &network->interfaces[i], &network->addresses[j]);
	}
	add_routes(network, fd);
	wait_for_addresses(network);
	network->preferred = 0;
	close(fd);
}

#endif
