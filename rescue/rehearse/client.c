/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "rehearse/client_private.h"
#include "rehearse/confine.h"
#include "rehearse/counters.h"
#include "live/listening.h"
#include "rehearse/machine.h"
#include "rehearse/netlink.h"

enum {
	LOOK_INTERVAL = 10, /* ms: how often the machine's hunger is measured */
	MEASURE_INTERVAL = 100, /* ms: ... whatever the whole system has */
	LISTEN_INTERVAL = 1, /* ms: how often the kernel is asked who listens */
	PATIENCE = 100, /* ms: the cable itself takes some µs */
	PATIENCE_AT_LAST = 1000, /* ms: as a client that repeats its SYN, where no rule is to blame */
	LISTEN_MORE_TIMEOUT = 500, /* ms: from the first socket to the last */
	PROCESS_LIMIT = 512, /* more than this many new ones are a fork bomb */
	MEMORY_LIMIT = 768 * 1024, /* KiB */
	MEMORY_RESERVE = 32 * 1024, /* KiB that must stay */
	READY_TIMEOUT = 5000, /* ms */
};

int64_t client_now(void)
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

void client_give_up(struct client *client, const char *what, int error)
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

/* The memory in KiB that a process of the machine's has, by its statm: proc_pid_statm(5). */
static long resident_memory(int proc, const char *process)
{
	char path[sizeof(((struct dirent *)NULL)->d_name) + sizeof("/statm")], text[64] = "";
	cleanup_fd int fd = -1;
	const char *resident;

	snprintf(path, sizeof(path), "%s/statm", process);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	resident = strchr(text, ' ');
	return resident ? strtol(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}

/* What the machine's own processes take. */
static void measure_machine(const struct client *client, int *ret_processes, long *ret_memory)
{
	int copy = client->proc < 0 ? -1 : openat(client->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	*ret_processes = 0;
	*ret_memory = 0;
	while (directory && (entry = readdir(directory))) {
		if (!char_is_digit(entry->d_name[0]))
			continue;
		++*ret_processes;
		*ret_memory += resident_memory(client->proc, entry->d_name);
	}
}

/* Root's processes have no limit of their number, and their memory none in sum. What the whole system has left is
 * cheap to see; when much of it goes, it is looked at who has it. What others give back meanwhile hides that, but not
 * for long. */
static void check_hunger(struct client *client)
{
	long available = memory_available(client), memory;
	int processes = process_count() - client->processes_at_first;

	if (processes <= PROCESS_LIMIT && client->memory_at_first - available <= MEMORY_LIMIT &&
	    available >= MEMORY_RESERVE && client_now() < client->measure_next)
		return;
	client->measure_next = client_now() + MEASURE_INTERVAL;
	measure_machine(client, &processes, &memory);
	if (processes > PROCESS_LIMIT)
		record_failure(client->record, "the target's programs started too many processes");
	else if (memory > MEMORY_LIMIT || available < MEMORY_RESERVE)
		record_failure(client->record, "the target's programs took too much memory");
	else
		return;
	finish(client);
}

/* Waits for a descriptor (or none, -1) until the time; true when it is ready. */
bool client_wait(struct client *client, int fd, short events, int64_t until)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = client->control, .events = POLLIN}};
	char bytes[64];

	for (;;) {
		int64_t left = until - client_now();
		int timeout = left < 0 ? 0 : left > LOOK_INTERVAL ? LOOK_INTERVAL : (int)left;

		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			client_give_up(client, "wait", errno);
		check_hunger(client);
		if (fds[1].revents) {
			if (read(client->control, bytes, sizeof(bytes)) <= 0)
				client_give_up(client, "keep the machine running", ECHILD);
			if (client->record->step == STEP_FAILED)
				finish(client);
			if (fd < 0)
				return false;
		}
		if (fds[0].revents)
			return true;
		if (client_now() >= until)
			return false;
	}
}

/* --- the play --- */

/* Looks at all ports: is there somebody, is everybody there that is expected? */
static void count_listeners(struct client *client, bool *ret_some, bool *ret_all)
{
	const struct script *script = client->script;

	*ret_some = false;
	*ret_all = true;
	for (size_t i = 0; i < script->ports.count; i++) {
		const struct scripted_port *port = &script->ports.items[i];
		bool found = false;

		for (int ipv6 = 0; ipv6 < (client->cables.ipv6 ? 2 : 1); ipv6++) {
			int r = listening_on(client->sockets, ipv6, port->number);

			if (r < 0)
				client_give_up(client, "ask the kernel who listens (sock_diag)", -r);
			found = found || r;
			*ret_all = *ret_all && (r || !port->expected[ipv6]);
		}
		*ret_some = *ret_some || found;
		*ret_all = *ret_all && found;
	}
}

/* sshd listens, or it will not. It opens its sockets one after the other. */
static void wait_for_listener(struct client *client)
{
	/* Half of the time is for the rest. */
	int64_t until = client_now() + client->script->timeout * INT64_C(500);
	bool *some = &client->record->listening, all, had_some = false;

	for (;;) {
		count_listeners(client, some, &all);
		if (all || client->record->step == STEP_DAEMON_ENDED || client_now() >= until)
			return;
		if (*some && !had_some)
			until = client_now() + LISTEN_MORE_TIMEOUT;
		had_some = *some;
		(void)client_wait(client, -1, 0, client_now() + LISTEN_INTERVAL);
	}
}

/* The machine's file system is there, and shows its processes. */
static void receive_proc(struct client *client)
{
	struct pollfd ready = {.fd = client->control, .events = POLLIN};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte;
	struct iovec place = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
	    .msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (poll(&ready, 1, READY_TIMEOUT) <= 0 || recvmsg(client->control, &message, MSG_CMSG_CLOEXEC) != 1)
		client_give_up(client, "start the machine", ETIMEDOUT);
	if (client->record->step == STEP_FAILED)
		finish(client);
	if (message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_type == SCM_RIGHTS)
		memcpy(&client->proc, CMSG_DATA(&control.header), sizeof(client->proc));
}

static void wait_for_step(struct client *client, enum record_step step)
{
	while (client->record->step < step)
		(void)client_wait(client, -1, 0, client_now() + LOOK_INTERVAL);
}

static bool somebody_got_in(const struct record *record)
{
	for (size_t i = 0; i < record->connection_count; i++) {
		if (record->connections[i].result == CONNECTION_BANNER)
			return true;
	}
	return false;
}

static void try_everything(struct client *client)
{
	client->patience = PATIENCE;
	client_try_all(client);
	client_explain_silence(client);
	if (!client->record->listening || client->record->dropped_by.found || somebody_got_in(client->record))
		return;
	/* Nothing stops them that would have a name: the system may only be busy. */
	client->patience = PATIENCE_AT_LAST;
	client->record->connection_count = 0;
	client_try_all(client);
}

static void start_machine(struct client *client)
{
	struct machine machine = {.script = client->script, .staged = client->staged, .record = client->record};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		client_give_up(client, "make a socket pair", errno);
	if (unshare(CLONE_NEWPID) < 0)
		client_give_up(client, "make a pid namespace", errno);
	client->machine = fork();
	if (client->machine < 0)
		client_give_up(client, "start a process", errno);
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
		client_give_up(client, "talk to the kernel (netlink)", -r);
}

/* Each of two namespaces in turn is this process's own: sockets stay where they were opened. */
static void make_network(struct client *client)
{
	const char *what;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		client_give_up(client, "make a network namespace", errno);
	open_netlink(client, NETLINK_ROUTE, &client->there);
	open_netlink(client, NETLINK_SOCK_DIAG, &client->sockets);
	/* A kernel without nf_tables cannot have been told to drop anything by it. */
	(void)netlink_open(NETLINK_NETFILTER, &client->filter);
	(void)netlink_open(NETLINK_NETFILTER, &client->traces);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		client->tables[ipv6] = counters_open(ipv6);
	start_machine(client);
	if (unshare(CLONE_NEWNET) < 0)
		client_give_up(client, "make a network namespace", errno);
	open_netlink(client, NETLINK_ROUTE, &client->here);
	r = cable_lay(client->here, client->there, client->machine, client->script, &client->cables, &what);
	if (r < 0)
		client_give_up(client, what, -r);
	client->router = packet_open();
	r = confine_client();
	if (r < 0)
		client_give_up(client, "confine the client", -r);
	(void)!write(client->control, "", 1);
}

void client_play(const struct script *script, const struct staged *staged, struct record *record)
{
	struct client client = {
	    .script = script, .staged = staged, .record = record, .control = -1, .proc = -1, .router = -1};

	/* Whoever measures must not wait for those that are measured. */
	(void)setpriority(PRIO_PROCESS, 0, -20);
	client.memory = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	client.memory_at_first = memory_available(&client);
	client.processes_at_first = process_count();
	if (client.memory_at_first < 2 * MEMORY_RESERVE)
		client_give_up(&client, "run programs of the root", ENOMEM);
	make_network(&client);
	receive_proc(&client);
	wait_for_step(&client, STEP_DAEMON_STARTED);
	if (!*record->failure) {
		wait_for_listener(&client);
		try_everything(&client);
	}
	finish(&client);
}
