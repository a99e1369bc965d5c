/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/arena.h"

#define OWN_TABLE "sshrescue-rehearsal"

enum {
	BUFFER_SIZE = 16384,
	BATCH_SIZE = 4096, /* more than any of ours */
	TRACE_PRIORITY = -1000, /* before everything that the tools know by name */
};

/* --- marking packets --- */

/* Several messages that nf_tables takes as one; all but the first and the last are about one family. */
struct batch {
	char data[BATCH_SIZE];
	size_t size;
	unsigned family, sequence;
};

static struct nlmsghdr *begin(struct batch *batch, unsigned type, unsigned flags, unsigned family, unsigned resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(batch->data + batch->size);
	struct nfgenmsg *header;

	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = batch->sequence++;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = (uint8_t)family;
	header->version = NFNETLINK_V0;
	header->res_id = htons((uint16_t)resource);
	return message;
}

static void end(struct batch *batch, const struct nlmsghdr *message)
{
	batch->size += MNL_ALIGN(message->nlmsg_len);
}

static struct nlmsghdr *begin_table_message(struct batch *batch, unsigned type, unsigned flags)
{
	return begin(batch, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, batch->family, 0);
}

/* device: of a hook that belongs to one, or NULL. */
static void add_chain(struct batch *batch, const char *name, unsigned hook, const char *device)
{
	struct nlmsghdr *message = begin_table_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, OWN_TABLE);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl((uint32_t)TRACE_PRIORITY));
	if (device)
		mnl_attr_put_strz(message, NFTA_HOOK_DEV, device);
	mnl_attr_nest_end(message, nest);
	end(batch, message);
}

static struct nlattr *begin_expression(struct nlmsghdr *message, const char *name, struct nlattr **ret_data)
{
	struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	*ret_data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return element;
}

/* meta nftrace set 1. The message, for the one who wants an answer to it. */
static struct nlmsghdr *add_mark(struct batch *batch, const char *chain)
{
	struct nlmsghdr *message = begin_table_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *expressions, *expression, *data, *value;
	static const uint8_t one = 1;

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, OWN_TABLE);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	expressions = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	expression = begin_expression(message, "immediate", &data);
	mnl_attr_put_u32(message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_1));
	value = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(one), &one);
	mnl_attr_nest_end(message, value);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, expression);
	expression = begin_expression(message, "meta", &data);
	mnl_attr_put_u32(message, NFTA_META_KEY, htonl(NFT_META_NFTRACE));
	mnl_attr_put_u32(message, NFTA_META_SREG, htonl(NFT_REG_1));
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, expression);
	mnl_attr_nest_end(message, expressions);
	end(batch, message);
	return message;
}

static void begin_batch(struct batch *batch, unsigned family)
{
	struct nlmsghdr *message;

	*batch = (struct batch){.family = family, .sequence = 1};
	end(batch, begin(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	message = begin_table_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, OWN_TABLE);
	end(batch, message);
}

/* The answer to the whole batch: an error to any message of it, or the acknowledgement of the last. */
static int read_answer(struct mnl_socket *socket, unsigned last)
{
	char buffer[BUFFER_SIZE];

	for (;;) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		int left = (int)size;

		if (size < 0)
			return -errno;
		for (const struct nlmsghdr *message = (struct nlmsghdr *)buffer; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			if (error->error)
				return error->error;
			if (message->nlmsg_seq == last)
				return 0;
		}
	}
}

/* Sends the batch, of which last is the last message. */
static int commit_batch(struct mnl_socket *socket, struct batch *batch, struct nlmsghdr *last)
{
	last->nlmsg_flags |= NLM_F_ACK;
	end(batch, begin(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (mnl_socket_sendto(socket, batch->data, batch->size) < 0)
		return -errno;
	return read_answer(socket, last->nlmsg_seq);
}

/* Whatever comes in at a device, before it gets to where all meet. A kernel without such hooks has no rules in them. */
static void mark_ingress(struct mnl_socket *socket, const char *device)
{
	struct batch batch;

	begin_batch(&batch, NFPROTO_NETDEV);
	add_chain(&batch, device, NF_NETDEV_INGRESS, device);
	(void)commit_batch(socket, &batch, add_mark(&batch, device));
}

int trace_begin(struct mnl_socket *socket, const string_list *devices)
{
	struct batch batch;
	int group = NFNLGRP_NFTRACE, r;

	begin_batch(&batch, NFPROTO_INET);
	add_chain(&batch, "in", NF_INET_PRE_ROUTING, NULL);
	add_chain(&batch, "out", NF_INET_LOCAL_OUT, NULL);
	add_mark(&batch, "in");
	r = commit_batch(socket, &batch, add_mark(&batch, "out"));
	if (r < 0)
		return r;
	for (size_t i = 0; i < devices->count; i++)
		mark_ingress(socket, devices->items[i]);
	return mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

/* --- reading what is told --- */

struct attributes {
	const struct nlattr *of[32];
};

static int keep_attribute(const struct nlattr *attribute, void *data)
{
	struct attributes *attributes = data;

	if (mnl_attr_get_type(attribute) < ARRAY_SIZE(attributes->of))
		attributes->of[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static uint32_t number_in(const struct nlattr *attribute)
{
	return attribute && mnl_attr_get_payload_len(attribute) == 4 ? ntohl(mnl_attr_get_u32(attribute)) : UINT32_MAX;
}

static void copy_name(char ret[TRACE_NAME], const struct nlattr *attribute)
{
	size_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;

	if (size >= TRACE_NAME)
		size = TRACE_NAME - 1;
	if (size)
		memcpy(ret, mnl_attr_get_payload(attribute), size);
	ret[size] = '\0';
}

static uint64_t handle_in(const struct nlattr *attribute)
{
	uint64_t value = 0;

	if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(value))
		return 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | ((const unsigned char *)mnl_attr_get_payload(attribute))[i];
	return value;
}

struct listener {
	unsigned ports[2];
	struct trace_verdict *verdict;
};

/* Whether the ports in a packet's header are the two, in either direction. */
static bool has_ports(const struct listener *listener, const struct nlattr *transport)
{
	const unsigned char *header;
	unsigned from, to;

	if (!transport || mnl_attr_get_payload_len(transport) < 4)
		return false;
	header = mnl_attr_get_payload(transport);
	from = (unsigned)header[0] << 8 | header[1];
	to = (unsigned)header[2] << 8 | header[3];
	return (from == listener->ports[0] && to == listener->ports[1]) ||
	       (from == listener->ports[1] && to == listener->ports[0]);
}

static bool is_ours(const struct listener *listener, const struct attributes *attributes)
{
	struct trace_verdict *verdict = listener->verdict;
	uint32_t packet = number_in(attributes->of[NFTA_TRACE_ID]);

	for (size_t i = 0; i < verdict->packet_count; i++) {
		if (verdict->packets[i] == packet)
			return true;
	}
	if (verdict->packet_count == TRACE_PACKETS || !has_ports(listener, attributes->of[NFTA_TRACE_TRANSPORT_HEADER]))
		return false;
	verdict->packets[verdict->packet_count++] = packet;
	return true;
}

static uint32_t verdict_in(const struct nlattr *nest)
{
	struct attributes attributes = {0};

	if (!nest || mnl_attr_parse_nested(nest, keep_attribute, &attributes) < 0)
		return UINT32_MAX;
	return number_in(attributes.of[NFTA_VERDICT_CODE]);
}

static int hear(const struct nlmsghdr *message, void *data)
{
	struct listener *listener = data;
	struct trace_verdict *verdict = listener->verdict;
	struct attributes attributes = {0};
	uint32_t type;
	bool policy;

	if (message->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_TRACE) || verdict->found ||
	    mnl_attr_parse(message, sizeof(struct nfgenmsg), keep_attribute, &attributes) < 0 ||
	    !is_ours(listener, &attributes))
		return MNL_CB_OK;
	type = number_in(attributes.of[NFTA_TRACE_TYPE]);
	policy = type == NFT_TRACETYPE_POLICY && number_in(attributes.of[NFTA_TRACE_POLICY]) == NF_DROP;
	if (!policy && !(type == NFT_TRACETYPE_RULE &&
			 (verdict_in(attributes.of[NFTA_TRACE_VERDICT]) & NF_VERDICT_MASK) == NF_DROP))
		return MNL_CB_OK;
	verdict->found = true;
	verdict->policy = policy;
	verdict->family = ((const struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family;
	copy_name(verdict->table, attributes.of[NFTA_TRACE_TABLE]);
	copy_name(verdict->chain, attributes.of[NFTA_TRACE_CHAIN]);
	verdict->handle = handle_in(attributes.of[NFTA_TRACE_RULE_HANDLE]);
	return MNL_CB_OK;
}

bool trace_read(struct mnl_socket *socket, unsigned client_port, unsigned server_port, struct trace_verdict *ret)
{
	struct listener listener = {.ports = {client_port, server_port}, .verdict = ret};
	char buffer[BUFFER_SIZE];
	ssize_t size;

	while ((size = recv(mnl_socket_get_fd(socket), buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		(void)mnl_cb_run(buffer, (size_t)size, 0, 0, hear, &listener);
	return ret->found;
}

/* --- which rule it was --- */

struct count {
	uint64_t handle;
	unsigned seen, position;
};

static int count_rule(const struct nlmsghdr *message, void *data)
{
	struct count *count = data;
	struct attributes attributes = {0};

	if (mnl_attr_parse(message, sizeof(struct nfgenmsg), keep_attribute, &attributes) < 0)
		return MNL_CB_OK;
	count->seen++;
	if (handle_in(attributes.of[NFTA_RULE_HANDLE]) == count->handle)
		count->position = count->seen;
	return MNL_CB_OK;
}

void trace_locate(struct mnl_socket *socket, struct trace_verdict *verdict)
{
	struct batch batch = {.sequence = 1};
	struct nlmsghdr *message =
	    begin(&batch, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_DUMP, verdict->family, 0);
	struct count count = {.handle = verdict->handle};
	char buffer[BUFFER_SIZE];
	ssize_t size;
	int r;

	if (verdict->policy)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, verdict->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, verdict->chain);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return;
	do {
		size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (size < 0)
			return;
		r = mnl_cb_run(buffer, (size_t)size, 1, mnl_socket_get_portid(socket), count_rule, &count);
	} while (r > 0);
	verdict->position = count.position;
	verdict->rule_count = count.seen;
}
