/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rehearse/confine.h"
#include "rehearse/mounts.h"
#include "rehearse/staging.h"

enum {
	SOCKET_LIMIT = 16,
	OUTPUT_LIMIT = 256 * 1024, /* of one program; more is not even read, and it waits for ever */
	REPEAT_INTERVAL = 10, /* ms */
	REPEAT_LIMIT = 400, /* the whole has a deadline, too */
	EXIT_NOT_STARTED = 127, /* as a shell has it */
};

/* A program that runs, or has ended and whose output is still to be read. */
struct player {
	pid_t pid;
	int output; /* the pipe's end, or -1 */
	size_t read;
};

struct stage_set {
	struct machine *machine;
	struct player players[RECORD_PROGRAMS];
	int children; /* signalfd for SIGCHLD */
	int sockets[SOCKET_LIMIT];
	size_t socket_count;
	const struct scripted_program *daemon;
};

static void tell(struct machine *machine, enum record_step step)
{
	machine->record->step = step;
	(void)!write(machine->control, "", 1);
}

/* object may be NULL. */
static void give_up(struct machine *machine, const char *what, const char *object, int error) __attribute__((noreturn));
static void give_up(struct machine *machine, const char *what, const char *object, int error)
{
	record_trouble(machine->record, "cannot %s%s%s: %s", what, object ? ": " : "", object ? object : "",
		       strerror(error));
	tell(machine, STEP_FAILED);
	for (;;)
		pause();
}

/* --- running a program --- */

/* Descriptors 0 to 2 and those that are handed over; everything else is closed. */
static int arrange_descriptors(int input, int output, const int *handed, size_t handed_count)
{
	int base = STDERR_FILENO + 1, parked[SOCKET_LIMIT];

	/* Out of the way of where they shall be. */
	input = fcntl(input, F_DUPFD, 64);
	output = fcntl(output, F_DUPFD, 64);
	for (size_t i = 0; i < handed_count; i++)
		parked[i] = fcntl(handed[i], F_DUPFD, 64);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		return -errno;
	for (size_t i = 0; i < handed_count; i++) {
		if (dup2(parked[i], base + (int)i) < 0)
			return -errno;
	}
	return close_from(base + (int)handed_count);
}

static char **null_ended(struct arena *arena, const string_list *list, size_t more)
{
	char **words = arena_alloc(arena, (list->count + more + 1) * sizeof(*words));

	for (size_t i = 0; i < list->count; i++)
		words[i] = list->items[i];
	return words;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What becomes the program. connection: the one that it gets as its input and output, or -1. */
static void become(struct stage_set *set, const struct scripted_program *program, int output, int connection)
    __attribute__((noreturn));
static void become(struct stage_set *set, const struct scripted_program *program, int output, int connection)
{
	struct arena arena = {0};
	bool hand_over = program->role == ROLE_DAEMON && set->machine->script->socket_use == SOCKET_HANDED_OVER;
	char **environment = null_ended(&arena, &program->environment, 2);
	char **words = null_ended(&arena, &program->words, 0);
	size_t handed = hand_over ? set->socket_count : 0;
	int input = connection >= 0 ? connection : open("/dev/null", O_RDWR | O_CLOEXEC), r;

	if (handed) {
		environment[program->environment.count] = arena_printf(&arena, "LISTEN_PID=%d", (int)getpid());
		environment[program->environment.count + 1] = arena_printf(&arena, "LISTEN_FDS=%zu", handed);
	}
	setsid();
	reset_signals();
	r = arrange_descriptors(input, connection >= 0 ? connection : output, set->sockets, handed);
	if (r == 0)
		r = confine_program(program->role != ROLE_DAEMON);
	if (r == 0) {
		execve(program->path, words, environment);
		r = -errno;
	}
	dprintf(STDERR_FILENO, "%s: cannot be started: %s\n", program->path, strerror(-r));
	_exit(EXIT_NOT_STARTED);
}

static int start(struct stage_set *set, size_t index, int connection)
{
	const struct scripted_program *program = &set->machine->script->programs.items[index];
	int pipe_ends[2];
	pid_t pid;

	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* Its own end waits when the pipe is full. */
	fcntl(pipe_ends[1], F_SETFL, 0);
	pid = fork();
	if (pid == 0)
		become(set, program, pipe_ends[1], connection);
	close(pipe_ends[1]);
	if (pid < 0) {
		close(pipe_ends[0]);
		return -errno;
	}
	if (set->players[index].output >= 0)
		close(set->players[index].output);
	set->players[index] = (struct player){.pid = pid, .output = pipe_ends[0]};
	set->machine->record->programs[index].started = true;
	return 0;
}

/* --- hearing what happens --- */

/* Keeps the end of what a program says. */
static void keep_output(struct record_program *program, const char *data, size_t size)
{
	size_t kept = program->output_size;

	if (size >= RECORD_OUTPUT) {
		data += size - RECORD_OUTPUT;
		size = RECORD_OUTPUT;
	}
	if (kept + size > RECORD_OUTPUT) {
		size_t gone = kept + size - RECORD_OUTPUT;

		memmove(program->output, program->output + gone, kept - gone);
		kept -= gone;
	}
	memcpy(program->output + kept, data, size);
	program->output_size = kept + size;
}

static void read_output(struct stage_set *set, size_t index)
{
	struct player *player = &set->players[index];
	char buffer[4096];
	ssize_t size;

	while (player->output >= 0 && player->read < OUTPUT_LIMIT &&
	       (size = read(player->output, buffer, sizeof(buffer))) != 0) {
		if (size < 0)
			return;
		player->read += (size_t)size;
		keep_output(&set->machine->record->programs[index], buffer, (size_t)size);
	}
	if (player->output >= 0)
		close(player->output);
	player->output = -1;
}

static void program_ended(struct stage_set *set, size_t index, int status)
{
	struct record_program *program = &set->machine->record->programs[index];

	read_output(set, index);
	set->players[index].pid = 0;
	program->ended = true;
	program->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (set->machine->script->programs.items[index].role == ROLE_DAEMON &&
	    set->machine->script->socket_use != SOCKET_PER_CONNECTION)
		tell(set->machine, STEP_DAEMON_ENDED);
}

/* Whoever has lost its parent ends up here, too. */
static void reap(struct stage_set *set)
{
	struct signalfd_siginfo information;
	int status;
	pid_t pid;

	(void)!read(set->children, &information, sizeof(information));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < set->machine->script->programs.count; i++) {
			if (set->players[i].pid == pid)
				program_ended(set, i, status);
		}
	}
}

static void take_connection(struct stage_set *set, int socket)
{
	cleanup_fd int connection = accept4(socket, NULL, NULL, SOCK_CLOEXEC);

	if (connection >= 0)
		(void)start(set, (size_t)(set->daemon - set->machine->script->programs.items), connection);
}

/* Waits for one of the things that may happen, and does what is due. */
static void attend(struct stage_set *set)
{
	const struct script *script = set->machine->script;
	struct pollfd fds[1 + RECORD_PROGRAMS + SOCKET_LIMIT];
	size_t count = 0, owner[RECORD_PROGRAMS], first_socket;

	fds[count++] = (struct pollfd){.fd = set->children, .events = POLLIN};
	for (size_t i = 0; i < script->programs.count; i++) {
		if (set->players[i].output < 0)
			continue;
		owner[count - 1] = i;
		fds[count++] = (struct pollfd){.fd = set->players[i].output, .events = POLLIN};
	}
	first_socket = count;
	for (size_t i = 0; script->socket_use == SOCKET_PER_CONNECTION && set->daemon && i < set->socket_count; i++)
		fds[count++] = (struct pollfd){.fd = set->sockets[i], .events = POLLIN};
	if (poll(fds, (nfds_t)count, -1) < 0)
		return;
	for (size_t i = 1; i < first_socket; i++) {
		if (fds[i].revents)
			read_output(set, owner[i - 1]);
	}
	for (size_t i = first_socket; i < count; i++) {
		if (fds[i].revents)
			take_connection(set, fds[i].fd);
	}
	if (fds[0].revents)
		reap(set);
}

/* Runs one program to its end. */
static void run(struct stage_set *set, size_t index)
{
	struct record_program *program = &set->machine->record->programs[index];
	int r = start(set, index, -1);

	if (r < 0)
		give_up(set->machine, "start a program", NULL, -r);
	while (!program->ended)
		attend(set);
}

/* Runs a program until it succeeds. Until then, what it asks for is not there yet. */
static void run_until_success(struct stage_set *set, size_t index)
{
	const struct timespec pause = {.tv_nsec = REPEAT_INTERVAL * 1000000L};
	struct record_program *program = &set->machine->record->programs[index];

	for (int attempt = 0; attempt < REPEAT_LIMIT; attempt++) {
		program->ended = false;
		program->output_size = 0;
		run(set, index);
		if (program->exit_status == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

/* --- the boot --- */

static void load_rules(struct stage_set *set, size_t index)
{
	switch (set->machine->script->programs.items[index].end) {
	case END_AWAITED:
		run(set, index);
		break;
	case END_NEVER:
		if (start(set, index, -1) < 0)
			give_up(set->machine, "start a program", NULL, EAGAIN);
		break;
	case END_REPEATED:
		run_until_success(set, index);
		break;
	}
}

static int open_socket(const struct scripted_address *address, unsigned backlog)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)address->port)};
	const struct sockaddr *name = address->ipv6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
	int fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0)
		return -errno;
	memcpy(&ipv4.sin_addr, address->bytes, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, address->bytes, sizeof(ipv6.sin6_addr));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->ipv6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, name, address->ipv6 ? sizeof(ipv6) : sizeof(ipv4)) < 0 || listen(fd, (int)backlog) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

/* What the socket unit opens. systemd opens all of them or the unit fails. */
static bool open_sockets(struct stage_set *set)
{
	const struct script *script = set->machine->script;

	for (size_t i = 0; i < script->sockets.count && i < SOCKET_LIMIT; i++) {
		int fd = open_socket(&script->sockets.items[i], script->backlog);

		/* A kernel without IPv6 leaves IPv4 to be tried. */
		if (fd == -EAFNOSUPPORT)
			continue;
		if (fd < 0) {
			record_failure(set->machine->record, "the socket unit cannot listen on port %u: %s",
				       script->sockets.items[i].port, strerror(-fd));
			return false;
		}
		set->sockets[set->socket_count++] = fd;
	}
	return true;
}

static void play_boot(struct stage_set *set)
{
	struct machine *machine = set->machine;
	const struct script *script = machine->script;
	bool sockets;

	for (size_t i = 0; i < script->programs.count; i++) {
		if (script->programs.items[i].role == ROLE_LOADER)
			load_rules(set, i);
	}
	tell(machine, STEP_LOADED);
	sockets = open_sockets(set);
	for (size_t i = 0; sockets && i < script->programs.count; i++) {
		const struct scripted_program *program = &script->programs.items[i];

		if (program->role == ROLE_BEFORE) {
			run(set, i);
			if (machine->record->programs[i].exit_status && !program->ignore_failure) {
				record_failure(machine->record, "%s: %s ended with status %d", program->unit,
					       program->path, machine->record->programs[i].exit_status);
				break;
			}
		} else if (program->role == ROLE_DAEMON) {
			int r = 0;

			set->daemon = program;
			if (script->socket_use != SOCKET_PER_CONNECTION)
				r = start(set, i, -1);
			if (r < 0)
				give_up(machine, "start sshd", NULL, -r);
			tell(machine, STEP_DAEMON_STARTED);
		}
	}
	if (!set->daemon)
		tell(machine, STEP_DAEMON_ENDED);
	for (;;)
		attend(set);
}

/* Waits for the client's word that the cable is plugged in. */
static void wait_for_network(struct machine *machine)
{
	char byte;

	if (read(machine->control, &byte, 1) != 1)
		_exit(0);
}

/* Nothing that the caller had open stays open, but the line to the client. */
static void close_all_but_control(struct machine *machine)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), control = fcntl(machine->control, F_DUPFD_CLOEXEC, 64);

	for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(nothing, fd);
	machine->control = dup3(control, STDERR_FILENO + 1, O_CLOEXEC);
	if (machine->control < 0 || close_from(machine->control + 1) < 0)
		_exit(1);
}

/* Gives the client what shows the machine's processes, and nobody else's. */
static void hand_over_proc(struct machine *machine)
{
	cleanup_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec byte = {.iov_base = "", .iov_len = 1};
	struct msghdr message = {
	    .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (proc < 0)
		give_up(machine, "open /proc", NULL, errno);
	control.header =
	    (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &proc, sizeof(proc));
	machine->record->step = STEP_MACHINE_READY;
	(void)!sendmsg(machine->control, &message, 0);
}

void machine_play(struct machine *machine)
{
	struct stage_set set = {.machine = machine};
	const char *what = NULL;
	sigset_t children;
	int r;

	/* A client that is gone already no longer holds the other end of control. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	close_all_but_control(machine);
	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		give_up(machine, "make namespaces", NULL, errno);
	(void)unshare(CLONE_NEWCGROUP); /* Linux 4.6; it only hides a name */
	(void)sethostname("localhost", 9);
	r = mounts_make(machine->script, &what);
	if (r < 0)
		give_up(machine, "make a file system for it", what, -r);
	r = staging_write(machine->staged, &what);
	if (r < 0)
		give_up(machine, "write what is staged", what, -r);
	wait_for_network(machine);
	hand_over_proc(machine);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	set.children = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	for (size_t i = 0; i < RECORD_PROGRAMS; i++)
		set.players[i].output = -1;
	(void)setpriority(PRIO_PROCESS, 0, 0);
	r = confine_machine();
	if (r < 0)
		give_up(machine, "confine the target's programs", NULL, -r);
	play_boot(&set);
	_exit(0);
}
