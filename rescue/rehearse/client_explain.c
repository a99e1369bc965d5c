/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why there was no answer: what the kernel says of one more packet. */
#include "rehearse/client_private.h"

#include <poll.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "rehearse/counters.h"
#include "rehearse/trace.h"

enum {
	TRACE_TIMEOUT = 100, /* ms */
	COUNT_PAUSE = 10, /* ms */
};

/* Sends one more SYN, and listens to the kernel's account of it. */
static bool trace_knock(struct client *client, const struct record_connection *connection)
{
	struct trace_verdict *verdict = &client->record->dropped_by;
	int64_t until = client_now() + TRACE_TIMEOUT;
	struct knock knock;

	if (!client_knock(client, connection, &knock))
		return false;
	while (!trace_read(client->traces, knock.source_port, knock.destination_port, verdict)) {
		if (!client_wait(client, mnl_socket_get_fd(client->traces), POLLIN, until))
			return false;
	}
	trace_locate(client->filter, verdict);
	return true;
}

/* The same for the legacy iptables: whose counters go up? */
static bool count_knock(struct client *client, const struct record_connection *connection)
{
	static const char *const tables[] = {"raw", "mangle", "nat", "filter", "security"};
	counted_rules before[ARRAY_SIZE(tables)] = {0};
	bool ipv6 = connection->ipv6;
	struct knock knock;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		(void)counters_read(client->tables[ipv6], ipv6, tables[i], &client->arena, &before[i]);
	if (!client_knock(client, connection, &knock))
		return false;
	/* The packet has met its rules when this returns, but for what the kernel puts off. */
	(void)client_wait(client, -1, 0, client_now() + COUNT_PAUSE);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		counted_rules after = {0};

		if (before[i].count &&
		    counters_read(client->tables[ipv6], ipv6, tables[i], &client->arena, &after) == 0 &&
		    counters_compare(&before[i], &after, ipv6, tables[i], &client->record->dropped_by))
			return true;
	}
	return false;
}

void client_explain_silence(struct client *client)
{
	struct record *record = client->record;
	bool traced = false;

	if (client->router < 0 || !record->listening)
		return;
	for (size_t i = 0, tried = 0; i < record->connection_count && tried < 2; i++) {
		enum connection_result result = record->connections[i].result;

		if (result != CONNECTION_SILENT && result != CONNECTION_UNREACHABLE && result != CONNECTION_REFUSED)
			continue;
		if (!tried++)
			traced = client->traces && trace_begin(client->traces, &client->script->interfaces) == 0;
		if (traced && trace_knock(client, &record->connections[i]))
			return;
		if (client->tables[record->connections[i].ipv6] >= 0 && count_knock(client, &record->connections[i]))
			return;
	}
}
