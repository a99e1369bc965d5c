/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections from outside: their answers, banners and host keys. */
#include "rehearse/client_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	BANNER_TIMEOUT = 5000, /* ms: sshd starts a process first */
	FRAME_SIZE = 2048, /* more than any on the cable */
};

/* --- connecting --- */

struct name {
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	};
	socklen_t size;
};

static struct name name_of(bool ipv6, const unsigned char *address, unsigned port)
{
	struct name name = {.size = ipv6 ? sizeof(name.ipv6) : sizeof(name.ipv4)};

	if (ipv6) {
		name.ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		memcpy(&name.ipv6.sin6_addr, address, sizeof(name.ipv6.sin6_addr));
	} else {
		name.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		memcpy(&name.ipv4.sin_addr, address, sizeof(name.ipv4.sin_addr));
	}
	return name;
}

static enum connection_result result_of_error(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return CONNECTION_REFUSED;
	case ETIMEDOUT:
		return CONNECTION_SILENT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES:
	case EPERM:
	case EPROTO:
	case ENOPROTOOPT:
		return CONNECTION_UNREACHABLE;
	case ECONNRESET:
		return CONNECTION_CLOSED;
	default:
		return CONNECTION_ERROR;
	}
}

/* Opens a connection: a descriptor, or -1 and connection has the result. */
static int open_connection(struct client *client, struct record_connection *connection)
{
	struct name from = name_of(connection->ipv6, connection->source, 0);
	struct name to = name_of(connection->ipv6, connection->address, connection->port);
	cleanup_fd int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char interface[IFNAMSIZ];
	int error = 0;
	socklen_t size = sizeof(error);

	cable_end_name(connection->interface, interface);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface) + 1) < 0 ||
	    bind(fd, &from.any, from.size) < 0) {
		error = errno;
	} else if (connect(fd, &to.any, to.size) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			if (!client_wait(client, fd, POLLOUT, client_now() + client->patience)) {
				connection->result = CONNECTION_SILENT;
				return -1;
			}
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
				error = errno;
		}
	}
	if (!error)
		return steal_fd(&fd);
	connection->result = result_of_error(error);
	connection->error = error;
	return -1;
}

static int wait_for_greeting(void *context, int fd, short events)
{
	struct client *client = context;

	return client_wait(client, fd, events, client_now() + BANNER_TIMEOUT);
}

/* A connection up to the banner: a descriptor or -1. */
static int connect_to(struct client *client, struct record_connection *connection, const char **ret_banner)
{
	static const enum connection_result results[] = {
	    [GREETING_GOOD] = CONNECTION_BANNER,
	    [GREETING_CLOSED] = CONNECTION_CLOSED,
	    [GREETING_SILENT] = CONNECTION_MUTE,
	    [GREETING_STRANGE] = CONNECTION_STRANGE,
	};
	struct waiter waiter = {.wait = wait_for_greeting, .context = client};
	cleanup_fd int fd = open_connection(client, connection);

	if (fd < 0)
		return -1;
	connection->result = results[greeting_banner(fd, &waiter, &client->arena, ret_banner)];
	return connection->result == CONNECTION_BANNER ? steal_fd(&fd) : -1;
}

static void keep_key(struct record *record, const struct offer *offer)
{
	struct record_key *key = &record->keys[record->key_count];

	if (record->key_count == RECORD_KEYS || !offer->host_key.size || offer->host_key.size > RECORD_KEY_SIZE)
		return;
	memcpy(key->blob, offer->host_key.data, offer->host_key.size);
	key->size = offer->host_key.size;
	record->key_count++;
}

/* Whether some connection shows what sshd has for that algorithm, now or before. */
static bool is_asked_for(const struct client *client, const char *algorithm)
{
	for (size_t i = 0; i < client->asked_count; i++) {
		if (client->asked[i] == algorithm)
			return true;
	}
	return false;
}

/* The next kind of host key to ask for: NULL when all were, or on the first connection: that one learns which there
 * are. */
static const char *next_algorithm(const struct client *client)
{
	for (size_t i = 0; i < GREETING_ALGORITHMS; i++) {
		if (offer_has(&client->offer, greeting_algorithms[i]) && !is_asked_for(client, greeting_algorithms[i]))
			return greeting_algorithms[i];
	}
	return NULL;
}

/* Each connection that got a banner is good for one more host key. */
static void ask_for_key(struct client *client, int fd)
{
	struct waiter waiter = {.wait = wait_for_greeting, .context = client};
	const char *algorithm = next_algorithm(client);
	enum greeting_answer answer;
	struct offer offer;

	if (client->asked_count && !algorithm)
		return;
	answer = greeting_exchange(fd, &waiter, &client->arena, algorithm, &offer);
	if (answer == GREETING_GOOD) {
		keep_key(client->record, &offer);
		algorithm = offer.algorithm;
		client->offer = offer;
	}
	if (answer == GREETING_GOOD || answer == GREETING_NOTHING_IN_COMMON)
		client->record->keys_exchanged = true;
	if (algorithm)
		client->asked[client->asked_count++] = algorithm;
}

/* --- single packets --- */

static unsigned random_port(void)
{
	static const unsigned first = 32768, last = 60999; /* as ip_local_port_range has it */
	unsigned value = 0;

	(void)!getrandom(&value, sizeof(value), 0);
	return first + value % (last - first + 1);
}

bool client_knock(struct client *client, const struct record_connection *connection, struct knock *ret)
{
	*ret = (struct knock){
	    .ipv6 = connection->ipv6, .source_port = random_port(), .destination_port = connection->port};
	memcpy(ret->source, connection->source, sizeof(ret->source));
	memcpy(ret->destination, connection->address, sizeof(ret->destination));
	memcpy(ret->source_hardware, router_hardware, sizeof(ret->source_hardware));
	memcpy(ret->destination_hardware, machine_hardware, sizeof(ret->destination_hardware));
	return packet_send(client->router, client->cables.ends[connection->interface], ret);
}

/* A SYN that may yet be answered. */
struct question {
	struct knock knock;
	struct record_connection *connection;
};

static void take_answer(const struct question *questions, size_t count, const unsigned char *frame, size_t size,
			size_t *answered)
{
	static const enum connection_result results[] = {
	    [ANSWER_ACCEPTED] = CONNECTION_ANSWERED,
	    [ANSWER_REFUSED] = CONNECTION_REFUSED,
	    [ANSWER_UNREACHABLE] = CONNECTION_UNREACHABLE,
	};

	for (size_t i = 0; i < count; i++) {
		enum packet_answer answer = packet_answer(&questions[i].knock, frame, size);

		if (answer == ANSWER_NONE || questions[i].connection->result != CONNECTION_SILENT)
			continue;
		questions[i].connection->result = results[answer];
		++*answered;
	}
}

/* Sends a SYN for each of the connections, all at once, and waits for what comes back. */
static void knock_all(struct client *client, struct record_connection *connections, size_t count)
{
	struct question *questions = arena_alloc(&client->arena, (count + 1) * sizeof(*questions));
	int64_t until = client_now() + client->patience;
	unsigned char frame[FRAME_SIZE];
	size_t answered = 0;
	ssize_t size;

	/* What is there already is about others. */
	while (recv(client->router, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
	for (size_t i = 0; i < count; i++) {
		questions[i].connection = &connections[i];
		connections[i].result = CONNECTION_SILENT;
		(void)client_knock(client, &connections[i], &questions[i].knock);
	}
	while (answered < count && client_wait(client, client->router, POLLIN, until)) {
		while ((size = recv(client->router, frame, sizeof(frame), MSG_DONTWAIT)) > 0)
			take_answer(questions, count, frame, (size_t)size, &answered);
	}
}

/* --- trying everything --- */

static struct record_connection *new_connection(struct client *client, const struct scripted_source *source,
						const struct scripted_address *address, unsigned port)
{
	struct record *record = client->record;
	struct record_connection *connection;

	if (record->connection_count == RECORD_CONNECTIONS)
		return NULL;
	connection = &record->connections[record->connection_count++];
	*connection = (struct record_connection){
	    .ipv6 = address->ipv6, .interface = source->interface, .port = port, .let_in = source->let_in};
	memcpy(connection->address, address->bytes, sizeof(connection->address));
	memcpy(connection->source, source->address.bytes, sizeof(connection->source));
	return connection;
}

/* A whole connection, up to a host key. True when there was a banner. */
static bool try_fully(struct client *client, struct record_connection *connection)
{
	const char *banner = NULL;
	cleanup_fd int fd = connect_to(client, connection, &banner);

	if (fd < 0)
		return false;
	snprintf(client->record->banner, sizeof(client->record->banner), "%s", banner);
	ask_for_key(client, fd);
	return true;
}

/* The sources that the user chose: each makes a connection. */
static void try_asked_sources(struct client *client, const struct scripted_address *address, unsigned port)
{
	for (size_t i = 0; i < client->script->sources.count; i++) {
		const struct scripted_source *source = &client->script->sources.items[i];
		struct record_connection *connection =
		    source->address.ipv6 == address->ipv6 ? new_connection(client, source, address, port) : NULL;

		if (connection)
			(void)try_fully(client, connection);
	}
}

/* The usual client makes a connection. Every other source gets an answer of the firewall's; where the usual one got
 * none, one of them that is let in makes a connection. */
static void try_sources(struct client *client, const struct scripted_address *address, unsigned port)
{
	const struct scripted_source usual = {.address = client_address[address->ipv6]};
	struct record_connection *connection = new_connection(client, &usual, address, port), *others;
	bool connected = connection && try_fully(client, connection);
	size_t count = 0;

	if (!connection || client->router < 0)
		return;
	others = connection + 1;
	for (size_t i = 0; i < client->script->sources.count; i++) {
		const struct scripted_source *source = &client->script->sources.items[i];

		if (source->address.ipv6 == address->ipv6 && new_connection(client, source, address, port))
			count++;
	}
	if (count)
		knock_all(client, others, count);
	for (size_t i = 0; i < count && !connected; i++) {
		if (others[i].result == CONNECTION_ANSWERED)
			connected = try_fully(client, &others[i]);
	}
}

static void try_address(struct client *client, const struct scripted_address *address, unsigned port)
{
	if (address->ipv6 && !client->cables.ipv6)
		return;
	if (client->script->sources_asked)
		try_asked_sources(client, address, port);
	else
		try_sources(client, address, port);
}

/* The kinds of host keys that no connection was left for. */
static void collect_keys(struct client *client)
{
	const struct record *record = client->record;
	size_t good = 0;

	while (good < record->connection_count && record->connections[good].result != CONNECTION_BANNER)
		good++;
	while (good < record->connection_count && next_algorithm(client)) {
		struct record_connection again = record->connections[good];
		const char *banner;
		cleanup_fd int fd = connect_to(client, &again, &banner);

		if (fd < 0)
			return;
		ask_for_key(client, fd);
	}
}

/* Every port, over both families, and every address that is listened on. */
void client_try_all(struct client *client)
{
	const struct script *script = client->script;

	for (size_t i = 0; i < script->ports.count; i++) {
		for (int ipv6 = 0; ipv6 < 2; ipv6++)
			try_address(client, &machine_address[ipv6], script->ports.items[i].number);
	}
	for (size_t i = 0; i < script->addresses.count; i++)
		try_address(client, &script->addresses.items[i], script->addresses.items[i].port);
	collect_keys(client);
}
