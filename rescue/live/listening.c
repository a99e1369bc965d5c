/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "rehearse/netlink.h"

enum {
	BUFFER_SIZE = 16384,
	DUMP_RETRIES = 8, /* a dump during which sockets came or went is not whole */
};

typedef void (*visit_function)(void *context, const struct listener *listener);

struct visitor {
	visit_function function;
	void *context;
};

static int look_at_attribute(const struct nlattr *attribute, void *data)
{
	struct listener *listener = data;

	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(attribute) >= 1)
		listener->ipv6_only = mnl_attr_get_u8(attribute);
	return MNL_CB_OK;
}

static int look_at_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	const struct visitor *visitor = data;
	struct listener listener;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
		return MNL_CB_OK;
	listener = (struct listener){.ipv6 = socket->idiag_family == AF_INET6, .port = ntohs(socket->id.idiag_sport)};
	memcpy(listener.address, socket->id.idiag_src, listener.ipv6 ? 16 : 4);
	(void)mnl_attr_parse(message, sizeof(*socket), look_at_attribute, &listener);
	visitor->function(visitor->context, &listener);
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *socket, int family, struct visitor *visitor)
{
	char buffer[BUFFER_SIZE] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;
	ssize_t size;
	int r;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = 1;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->sdiag_family = (uint8_t)family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = 1u << TCP_LISTEN;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (size < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)size, 1, mnl_socket_get_portid(socket), look_at_socket, visitor);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

struct search {
	unsigned port;
	bool found;
};

static void look_for_port(void *context, const struct listener *listener)
{
	struct search *search = context;

	if (listener->port == search->port)
		search->found = true;
}

int listening_on(struct mnl_socket *socket, bool ipv6, unsigned port)
{
	struct search search = {.port = port};
	int r = ask(socket, ipv6 ? AF_INET6 : AF_INET, &(struct visitor){look_for_port, &search});

	return r < 0 ? r : search.found;
}

struct collection {
	struct arena *arena;
	listener_list *list;
};

static void collect(void *context, const struct listener *listener)
{
	const struct collection *collection = context;

	*array_push(collection->arena, collection->list) = *listener;
}

int listening_all(struct arena *arena, listener_list *ret)
{
	int r = -EINTR;

	*ret = (listener_list){0};
	for (unsigned try = 0; try < DUMP_RETRIES && r == -EINTR; try++) {
		struct mnl_socket *socket;

		ret->count = 0;
		/* What an interrupted dump still has to say stays behind with its socket. */
		r = netlink_open(NETLINK_SOCK_DIAG, &socket);
		if (r < 0)
			return r;
		for (int ipv6 = 0; ipv6 < 2 && r == 0; ipv6++)
			r = ask(socket, ipv6 ? AF_INET6 : AF_INET,
				&(struct visitor){collect, &(struct collection){arena, ret}});
		mnl_socket_close(socket);
	}
	return r;
}

bool listening_is_system(void)
{
	struct stat own, first;

	return stat("/proc/self/ns/net", &own) == 0 && stat("/proc/1/ns/net", &first) == 0 &&
	       own.st_dev == first.st_dev && own.st_ino == first.st_ino;
}

bool listener_is_any(const struct listener *listener)
{
	static const unsigned char zero[16];

	return memcmp(listener->address, zero, listener->ipv6 ? 16 : 4) == 0;
}

bool listener_is_loopback(const struct listener *listener)
{
	return listener->ipv6 ? IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)listener->address)
			      : listener->address[0] == 127;
}

char *listener_address(struct arena *arena, const struct listener *listener)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(listener->ipv6 ? AF_INET6 : AF_INET, listener->address, text, sizeof(text));
	return arena_strdup(arena, text);
}

char *listener_text(struct arena *arena, const struct listener *listener)
{
	return arena_printf(arena, listener->ipv6 ? "[%s]:%u" : "%s:%u", listener_address(arena, listener),
			    listener->port);
}
