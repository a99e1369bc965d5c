/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "rehearse/cable.h"
#include "rehearse/confine.h"
#include "rehearse/counters.h"
#include "rehearse/greeting.h"
#include "rehearse/listening.h"
#include "rehearse/machine.h"
#include "rehearse/netlink.h"
#include "rehearse/packet.h"

enum {
	LOOK_INTERVAL = 10, /* ms: how often the machine's hunger is measured */
	LISTEN_INTERVAL = 1, /* ms: how often the kernel is asked who listens */
	LISTEN_TIMEOUT = 5000, /* ms */
	CONNECT_TIMEOUT = 100, /* ms: the cable itself takes some µs */
	TRACE_TIMEOUT = 100, /* ms */
	COUNT_PAUSE = 10, /* ms */
	FRAME_SIZE = 2048, /* more than any on the cable */
	BANNER_TIMEOUT = 5000, /* ms: sshd starts a process first */
	PROCESS_LIMIT = 512, /* more than this many new ones are a fork bomb */
	MEMORY_LIMIT = 1024 * 1024, /* KiB that may go */
	MEMORY_RESERVE = 32 * 1024, /* KiB that must stay */
};

struct client {
	const struct script *script;
	const struct staged *staged;
	struct record *record;
	struct arena arena;
	pid_t machine;
	int control; /* to the machine */
	struct mnl_socket *here, *there; /* rtnetlink of both ends */
	struct mnl_socket *sockets; /* sock_diag of the machine's end */
	struct mnl_socket *filter, *traces; /* nfnetlink of the machine's end, or NULL: the kernel has none */
	int tables[2]; /* sockets for the legacy iptables of the machine's end, by family */
	int router; /* frames of this end's interface, or -1 */
	bool ipv6;
	int memory; /* /proc/meminfo, or -1 */
	struct offer offer; /* what sshd said last of its host keys */
	const char *asked[GREETING_ALGORITHMS]; /* that it was asked for */
	size_t asked_count;
	long memory_at_first; /* KiB available */
	int processes_at_first;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

/* The end of the play, at any point: whatever runs in the machine ends with its first process. */
static void finish(struct client *client) __attribute__((noreturn));
static void finish(struct client *client)
{
	if (client->machine > 0) {
		kill(client->machine, SIGKILL);
		while (waitpid(client->machine, NULL, 0) < 0 && errno == EINTR)
			;
	}
	client->record->finished = true;
	_exit(0);
}

static void give_up(struct client *client, const char *what, int error) __attribute__((noreturn));
static void give_up(struct client *client, const char *what, int error)
{
	record_trouble(client->record, "cannot %s: %s", what, strerror(error));
	finish(client);
}

/* --- keeping an eye on the machine --- */

static long memory_available(const struct client *client)
{
	char text[256];
	const char *found;
	ssize_t size = client->memory >= 0 ? pread(client->memory, text, sizeof(text) - 1, 0) : -1;
	struct sysinfo information;

	text[size > 0 ? size : 0] = '\0';
	found = strstr(text, "MemAvailable:");
	if (found)
		return strtol(found + strlen("MemAvailable:"), NULL, 10);
	if (sysinfo(&information) < 0)
		return MEMORY_RESERVE;
	return (long)((uint64_t)(information.freeram + information.bufferram) * information.mem_unit / 1024);
}

static int process_count(void)
{
	struct sysinfo information;

	return sysinfo(&information) < 0 ? 0 : information.procs;
}

/* Root's processes have no limit of their number, and their memory none in sum: what the whole system has left is
 * looked at instead, and the machine ends when too much of it goes. */
static void check_hunger(struct client *client)
{
	long memory = memory_available(client);

	if (process_count() - client->processes_at_first > PROCESS_LIMIT)
		record_failure(client->record, "the target's programs started too many processes");
	else if (client->memory_at_first - memory > MEMORY_LIMIT ||
		 (memory < MEMORY_RESERVE && client->memory_at_first - memory > MEMORY_RESERVE))
		record_failure(client->record, "the target's programs took too much memory");
	else
		return;
	finish(client);
}

/* Waits for a descriptor (or none, -1) until the time; true when it is ready. */
static bool wait_until(struct client *client, int fd, short events, int64_t until)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = client->control, .events = POLLIN}};
	char bytes[64];

	for (;;) {
		int64_t left = until - now();
		int timeout = left < 0 ? 0 : left > LOOK_INTERVAL ? LOOK_INTERVAL : (int)left;

		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			give_up(client, "wait", errno);
		check_hunger(client);
		if (fds[1].revents) {
			if (read(client->control, bytes, sizeof(bytes)) <= 0)
				give_up(client, "keep the machine running", ECHILD);
			if (client->record->step == STEP_FAILED)
				finish(client);
			if (fd < 0)
				return false;
		}
		if (fds[0].revents)
			return true;
		if (now() >= until)
			return false;
	}
}

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
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0 || bind(fd, &from.any, from.size) < 0) {
		error = errno;
	} else if (connect(fd, &to.any, to.size) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			if (!wait_until(client, fd, POLLOUT, now() + CONNECT_TIMEOUT)) {
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

	return wait_until(client, fd, events, now() + BANNER_TIMEOUT);
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

static struct knock knock_like(const struct record_connection *connection)
{
	struct knock knock = {
	    .ipv6 = connection->ipv6, .source_port = random_port(), .destination_port = connection->port};

	memcpy(knock.source, connection->source, sizeof(knock.source));
	memcpy(knock.destination, connection->address, sizeof(knock.destination));
	memcpy(knock.source_hardware, router_hardware, sizeof(knock.source_hardware));
	memcpy(knock.destination_hardware, machine_hardware, sizeof(knock.destination_hardware));
	return knock;
}

/* Sends one SYN, and waits for what comes back. */
static enum packet_answer knock(struct client *client, const struct knock *knock)
{
	unsigned char frame[PACKET_SIZE], received[FRAME_SIZE];
	size_t size = packet_syn(knock, frame);
	int64_t until = now() + CONNECT_TIMEOUT;
	enum packet_answer answer = ANSWER_NONE;

	if (send(client->router, frame, size, 0) != (ssize_t)size)
		return ANSWER_NONE;
	while (answer == ANSWER_NONE && wait_until(client, client->router, POLLIN, until)) {
		ssize_t got = recv(client->router, received, sizeof(received), MSG_DONTWAIT);

		if (got > 0)
			answer = packet_answer(knock, received, (size_t)got);
	}
	return answer;
}

/* --- trying everything --- */

static struct record_connection *new_connection(struct client *client, const unsigned char *source,
						const struct scripted_address *address, unsigned port)
{
	struct record *record = client->record;
	struct record_connection *connection;

	if (record->connection_count == RECORD_CONNECTIONS)
		return NULL;
	connection = &record->connections[record->connection_count++];
	*connection = (struct record_connection){.ipv6 = address->ipv6, .port = port};
	memcpy(connection->address, address->bytes, sizeof(connection->address));
	memcpy(connection->source, source, sizeof(connection->source));
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

/* Every source gets an answer of the firewall's; one of them that is let in makes a connection. */
static void try_address(struct client *client, const struct scripted_address *address, unsigned port)
{
	static const enum connection_result results[] = {
	    [ANSWER_NONE] = CONNECTION_SILENT,
	    [ANSWER_ACCEPTED] = CONNECTION_ANSWERED,
	    [ANSWER_REFUSED] = CONNECTION_REFUSED,
	    [ANSWER_UNREACHABLE] = CONNECTION_UNREACHABLE,
	};
	const scripted_addresses *sources = &client->script->sources;
	struct record_connection *connection;
	bool connected;

	if (address->ipv6 && !client->ipv6)
		return;
	connection = new_connection(client, client_address[address->ipv6].bytes, address, port);
	connected = connection && try_fully(client, connection);
	for (size_t i = 0; connection && client->router >= 0 && i < sources->count; i++) {
		struct knock syn;

		if (sources->items[i].ipv6 != address->ipv6)
			continue;
		connection = new_connection(client, sources->items[i].bytes, address, port);
		if (!connection)
			return;
		syn = knock_like(connection);
		connection->result = results[knock(client, &syn)];
		if (connection->result == CONNECTION_ANSWERED && !connected)
			connected = try_fully(client, connection);
	}
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
static void try_all(struct client *client)
{
	const struct script *script = client->script;

	for (size_t i = 0; i < script->ports.count; i++) {
		for (int ipv6 = 0; ipv6 < 2; ipv6++)
			try_address(client, &machine_address[ipv6], script->ports.items[i]);
	}
	for (size_t i = 0; i < script->addresses.count; i++)
		try_address(client, &script->addresses.items[i], script->addresses.items[i].port);
	collect_keys(client);
}

/* --- why there is no answer --- */

/* Sends one more SYN, and listens to the kernel's account of it. */
static bool trace_knock(struct client *client, const struct record_connection *connection)
{
	struct trace_verdict *verdict = &client->record->dropped_by;
	struct knock knock = knock_like(connection);
	unsigned char frame[PACKET_SIZE];
	size_t size = packet_syn(&knock, frame);
	int64_t until = now() + TRACE_TIMEOUT;

	if (send(client->router, frame, size, 0) != (ssize_t)size)
		return false;
	while (!trace_read(client->traces, knock.source_port, knock.destination_port, verdict)) {
		if (!wait_until(client, mnl_socket_get_fd(client->traces), POLLIN, until))
			return false;
	}
	trace_locate(client->filter, verdict);
	return true;
}

/* The same for the legacy iptables: whose counters go up? */
static bool count_knock(struct client *client, const struct record_connection *connection)
{
	static const char *const tables[] = {"raw", "mangle", "nat", "filter"};
	counted_rules before[ARRAY_SIZE(tables)] = {0};
	bool ipv6 = connection->ipv6;
	struct knock knock = knock_like(connection);
	unsigned char frame[PACKET_SIZE];
	size_t size = packet_syn(&knock, frame);

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		(void)counters_read(client->tables[ipv6], ipv6, tables[i], &client->arena, &before[i]);
	if (send(client->router, frame, size, 0) != (ssize_t)size)
		return false;
	/* The packet has met its rules when this returns, but for what the kernel puts off. */
	(void)wait_until(client, -1, 0, now() + COUNT_PAUSE);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		counted_rules after = {0};

		if (before[i].count &&
		    counters_read(client->tables[ipv6], ipv6, tables[i], &client->arena, &after) == 0 &&
		    counters_compare(&before[i], &after, ipv6, tables[i], &client->record->dropped_by))
			return true;
	}
	return false;
}

static void explain_silence(struct client *client)
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
			traced = client->traces && trace_begin(client->traces) == 0;
		if (traced && trace_knock(client, &record->connections[i]))
			return;
		if (client->tables[record->connections[i].ipv6] >= 0 && count_knock(client, &record->connections[i]))
			return;
	}
}

/* --- the play --- */

static bool all_listen(struct client *client)
{
	const struct script *script = client->script;

	for (size_t i = 0; i < script->ports.count; i++) {
		int r = listening_on(client->sockets, script->ports.items[i]);

		if (r < 0)
			give_up(client, "ask the kernel who listens (sock_diag)", -r);
		if (!r)
			return false;
	}
	return true;
}

/* sshd listens, or it will not. */
static void wait_for_listener(struct client *client)
{
	int64_t until = now() + LISTEN_TIMEOUT;

	while (!(client->record->listening = all_listen(client))) {
		if (client->record->step == STEP_DAEMON_ENDED || now() >= until)
			return;
		(void)wait_until(client, -1, 0, now() + LISTEN_INTERVAL);
	}
}

static void wait_for_step(struct client *client, enum record_step step)
{
	while (client->record->step < step)
		(void)wait_until(client, -1, 0, now() + LOOK_INTERVAL);
}

static void start_machine(struct client *client)
{
	struct machine machine = {.script = client->script, .staged = client->staged, .record = client->record};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		give_up(client, "make a socket pair", errno);
	if (unshare(CLONE_NEWPID) < 0)
		give_up(client, "make a pid namespace", errno);
	client->machine = fork();
	if (client->machine < 0)
		give_up(client, "start a process", errno);
	if (client->machine == 0) {
		machine.control = ends[1];
		machine_play(&machine);
	}
	close(ends[1]);
	client->control = ends[0];
}

static void open_netlink(struct client *client, int bus, struct mnl_socket **ret)
{
	int r = netlink_open(bus, ret);

	if (r < 0)
		give_up(client, "talk to the kernel (netlink)", -r);
}

/* Each of two namespaces in turn is this process's own: sockets stay where they were opened. */
static void make_network(struct client *client)
{
	const char *what;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		give_up(client, "make a network namespace", errno);
	open_netlink(client, NETLINK_ROUTE, &client->there);
	open_netlink(client, NETLINK_SOCK_DIAG, &client->sockets);
	/* A kernel without nf_tables cannot have been told to drop anything by it. */
	(void)netlink_open(NETLINK_NETFILTER, &client->filter);
	(void)netlink_open(NETLINK_NETFILTER, &client->traces);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		client->tables[ipv6] = counters_open(ipv6);
	start_machine(client);
	if (unshare(CLONE_NEWNET) < 0)
		give_up(client, "make a network namespace", errno);
	open_netlink(client, NETLINK_ROUTE, &client->here);
	r = cable_lay(client->here, client->there, client->machine, client->script, &client->ipv6, &what);
	if (r < 0)
		give_up(client, what, -r);
	client->router = packet_open(netlink_index(client->here, router_interface));
	r = confine_client();
	if (r < 0)
		give_up(client, "confine the client", -r);
	(void)!write(client->control, "", 1);
}

void client_play(const struct script *script, const struct staged *staged, struct record *record)
{
	struct client client = {.script = script, .staged = staged, .record = record, .control = -1, .router = -1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Whoever measures must not wait for those that are measured. */
	(void)setpriority(PRIO_PROCESS, 0, -20);
	client.memory = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	client.memory_at_first = memory_available(&client);
	client.processes_at_first = process_count();
	make_network(&client);
	wait_for_step(&client, STEP_DAEMON_STARTED);
	if (!*record->failure) {
		wait_for_listener(&client);
		try_all(&client);
		explain_silence(&client);
	}
	finish(&client);
}
