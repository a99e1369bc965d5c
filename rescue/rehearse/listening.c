/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/listening.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

enum {
	BUFFER_SIZE = 16384
};

struct search {
	unsigned port;
	bool found;
};

static int look_at_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	struct search *search = data;

	if (ntohs(socket->id.idiag_sport) == search->port)
		search->found = true;
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *socket, int family, struct search *search)
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
		r = mnl_cb_run(buffer, (size_t)size, 1, mnl_socket_get_portid(socket), look_at_socket, search);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

int listening_on(struct mnl_socket *socket, bool ipv6, unsigned port)
{
	struct search search = {.port = port};
	int r = ask(socket, ipv6 ? AF_INET6 : AF_INET, &search);

	return r < 0 ? r : search.found;
}
