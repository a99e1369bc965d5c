/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/rehearsal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "rehearse/blame.h"
#include "rehearse/client.h"
#include "rehearse/record.h"
#include "rehearse/script.h"
#include "rehearse/user_ranges.h"
#include "stage/keys.h"
#include "target/staged.h"

const struct rehearsal rehearsal_forbidden = {.status = REHEARSAL_SKIPPED, .reason = "--no-exec forbids it"};

const char *rehearsal_status_name(enum rehearsal_status status)
{
	static const char *const names[] = {
	    [REHEARSAL_SKIPPED] = "skipped",
	    [REHEARSAL_PASSED] = "passed",
	    [REHEARSAL_FAILED] = "failed",
	};

	return names[status];
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

/* Into the target's root, by the name that the user gave: what is mounted can be mounted again only from a path outside
 * of the confinement. It must be the root that was examined. */
static int enter_root(const struct target *target)
{
	struct stat examined, entered;

	/* Else it is there already. */
	if (target->confined && (fchdir(target->outside_fd) < 0 || chroot(".") < 0 || fchdir(target->start_fd) < 0 ||
				 chdir(target->root) < 0))
		return -errno;
	if (fstat(target->root_fd, &examined) < 0 || stat(".", &entered) < 0)
		return -errno;
	return examined.st_dev == entered.st_dev && examined.st_ino == entered.st_ino ? 0 : -ESTALE;
}

/* Out of a chroot that the caller may be in, to where the mount namespace begins. The programs of the target may
 * chroot(2), and so climb out of every root that has something above it: pivot_root(2) would leave it there. The
 * current directory stays. 0 or negative errno. */
static int leave_chroot(void)
{
	cleanup_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int namespace = here < 0 ? -1 : open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return namespace < 0 || setns(namespace, CLONE_NEWNS) < 0 || fchdir(here) < 0 ? -errno : 0;
}

/* Waits for the end of the client, which closes the pipe. False: it was too late, and is killed. */
static bool wait_for_client(pid_t client, int pipe_end, int64_t deadline)
{
	struct pollfd fd = {.fd = pipe_end};
	bool in_time = false;
	int64_t left;

	while (!in_time && (left = deadline - now()) > 0)
		in_time = poll(&fd, 1, (int)left) > 0;
	if (!in_time)
		kill(client, SIGKILL);
	/* What the client leaves is ours: wait for all of it, so that nothing is left when we return. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return in_time;
}

/* In the process that plays the client; parent is who waits for it, and is at the other end of line if the client has
 * to ask for its rights. */
static void become_client(struct target *target, const struct script *script, struct record *record, pid_t parent,
			  int line) __attribute__((noreturn));
static void become_client(struct target *target, const struct script *script, struct record *record, pid_t parent,
			  int line)
{
	int r;

	/* A parent that was killed before this sends no signal. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(0);
	r = line < 0 ? 0 : user_namespace_enter(line);
	if (r < 0) {
		record_trouble(record, "cannot make a user namespace: %s",
			       r == -ECONNREFUSED ? "newuidmap or newgidmap refuses" : strerror(-r));
		_exit(0);
	}
	r = enter_root(target);
	if (r < 0) {
		record_trouble(record, "cannot enter %s again: %s", target->root, strerror(-r));
		_exit(0);
	}
	r = leave_chroot();
	if (r < 0) {
		record_trouble(record, "cannot leave a chroot (by /proc/self/ns/mnt): %s", strerror(-r));
		_exit(0);
	}
	client_play(script, target->staged, record);
}

/* Runs the play; ranges: of a caller without the rights of root, or NULL. False: it did not come to its end in time. */
static bool play(struct target *target, const struct script *script, const struct user_ranges *ranges,
		 struct record *record)
{
	int64_t deadline = now() + (int64_t)script->timeout * 1000;
	pid_t own = getpid(), client;
	int ends[2], line[2] = {-1, -1};
	bool in_time;

	if (pipe2(ends, O_CLOEXEC) < 0 || (ranges && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0) ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		record_trouble(record, "%s", strerror(errno));
		return true;
	}
	client = fork();
	if (client == 0) {
		close(ends[0]);
		close(line[0]);
		become_client(target, script, record, own, line[1]);
	}
	close(ends[1]);
	close(line[1]);
	if (ranges && client > 0)
		user_ranges_give(ranges, client, line[0]);
	close(line[0]);
	if (client < 0)
		record_trouble(record, "cannot start a process: %s", strerror(errno));
	in_time = client < 0 || wait_for_client(client, ends[0], deadline);
	close(ends[0]);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	return in_time;
}

/* --- from the record to the report --- */

static const char *command_line(struct arena *arena, const string_list *words)
{
	struct text text = {.arena = arena};

	for (size_t i = 0; i < words->count; i++)
		text_printf(&text, "%s%s", i ? " " : "", words->items[i]);
	return text.size ? text.data : "";
}

static void take_programs(const struct script *script, const struct record *record, struct arena *arena,
			  struct rehearsal *ret)
{
	for (size_t i = 0; i < script->programs.count; i++) {
		const struct record_program *program = &record->programs[i];

		if (!program->started)
			continue;
		*array_push(arena, &ret->programs) = (struct rehearsed_program){
		    .name = command_line(arena, &script->programs.items[i].words),
		    .unit = script->programs.items[i].unit,
		    .ended = program->ended,
		    .exit_status = program->exit_status,
		    .output = arena_memdup(arena, program->output,
					   program->output_size < RECORD_OUTPUT ? program->output_size : RECORD_OUTPUT),
		};
	}
}

static const char *address_text(struct arena *arena, bool ipv6, const unsigned char *bytes)
{
	char text[INET6_ADDRSTRLEN];

	return arena_strdup(arena, inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes, text, sizeof(text)));
}

static const char *const result_names[] = {
    [CONNECTION_UNTRIED] = "untried",
    [CONNECTION_BANNER] = "banner",
    [CONNECTION_ANSWERED] = "SYN answered",
    [CONNECTION_REFUSED] = "refused",
    [CONNECTION_SILENT] = "no answer",
    [CONNECTION_UNREACHABLE] = "unreachable",
    [CONNECTION_CLOSED] = "closed before a banner",
    [CONNECTION_MUTE] = "connected, no banner",
    [CONNECTION_STRANGE] = "connected, no SSH banner",
    [CONNECTION_ERROR] = "error",
};

static void take_connections(const struct script *script, const struct record *record, struct arena *arena,
			     struct rehearsal *ret)
{
	for (size_t i = 0; i < record->connection_count; i++) {
		const struct record_connection *connection = &record->connections[i];

		*array_push(arena, &ret->connections) = (struct rehearsed_connection){
		    .ipv6 = connection->ipv6,
		    .source = address_text(arena, connection->ipv6, connection->source),
		    .address = address_text(arena, connection->ipv6, connection->address),
		    .interface = script->interfaces.items[connection->interface],
		    .port = connection->port,
		    .let_in = connection->let_in,
		    .result = result_names[connection->result],
		    .answered = connection->result == CONNECTION_BANNER,
		};
	}
}

/* The file that holds an offered key, or NULL. */
static const char *file_of_key(const struct host_keys *keys, struct arena *arena, const struct blob *offered)
{
	for (size_t i = 0; i < keys->keys.count; i++) {
		const struct host_key *key = &keys->keys.items[i];
		struct blob blob;

		if (key->key.half.type == KEY_TYPE_NONE || key->key.half.type == KEY_TYPE_SECURITY_KEY ||
		    key->key.half.type == KEY_TYPE_CERTIFICATE)
			continue;
		blob = public_half_write(arena, &key->key.half);
		if (blob_equal(&blob, offered))
			return key->path;
	}
	return NULL;
}

/* Compares what sshd offered with the files. False: it has a key that is in none of them. */
static bool take_keys(const struct facts *facts, const struct record *record, struct arena *arena,
		      struct rehearsal *ret)
{
	struct host_keys keys = {0};
	bool known = true;

	if (record->key_count)
		host_keys_read(facts, arena, &keys);
	for (size_t i = 0; i < record->key_count; i++) {
		struct blob blob = {.size = record->keys[i].size}, name;
		struct wire wire;
		struct rehearsed_key *key = array_push(arena, &ret->keys);

		blob.data = arena_memdup(arena, record->keys[i].blob, blob.size);
		wire = wire_of(&blob);
		*key = (struct rehearsed_key){.type = "?", .path = file_of_key(&keys, arena, &blob)};
		if (wire_get_string(&wire, &name) == KEY_ERROR_NONE)
			key->type = arena_memdup(arena, name.data, name.size);
		known = known && key->path;
	}
	return known;
}

/* Why nobody can get in, or NULL where sshd listens. */
static const char *reason_of_daemon(const struct script *script, const struct record *record, struct arena *arena)
{
	if (record->listening)
		return NULL;
	for (size_t i = 0; i < script->programs.count; i++) {
		const struct record_program *program = &record->programs[i];

		if (script->programs.items[i].role == ROLE_DAEMON && program->ended && program->exit_status)
			return arena_printf(arena, "sshd ended with status %d", program->exit_status);
	}
	return "sshd does not listen";
}

/* The connection of a source (NULL: of any) that was answered, else the first, else NULL. */
static const struct rehearsed_connection *best_connection(const struct rehearsal *rehearsal, const char *source)
{
	const struct rehearsed_connection *best = NULL;

	for (size_t i = 0; i < rehearsal->connections.count; i++) {
		const struct rehearsed_connection *connection = &rehearsal->connections.items[i];

		if ((!source || string_equal(connection->source, source)) &&
		    (!best || (connection->answered && !best->answered)))
			best = connection;
	}
	return best;
}

/* NULL where somebody got in, and each of those that the user asked for. */
static const char *reason_of_clients(const struct script *script, const struct rehearsal *rehearsal,
				     struct arena *arena)
{
	const struct rehearsed_connection *best = best_connection(rehearsal, NULL);

	if (!best)
		return "there is no port to connect to";
	if (!script->sources_asked)
		return best->answered
			   ? NULL
			   : arena_printf(arena, "a connection from outside to port %u: %s", best->port, best->result);
	for (size_t i = 0; i < script->sources.count; i++) {
		const struct scripted_address *address = &script->sources.items[i].address;
		const char *source = address_text(arena, address->ipv6, address->bytes);

		best = best_connection(rehearsal, source);
		if (!best)
			return arena_printf(arena, "a connection from %s was not made", source);
		if (!best->answered)
			return arena_printf(arena, "a connection from %s to port %u: %s", source, best->port,
					    best->result);
	}
	return NULL;
}

/* NULL: it did not fail. */
static const char *reason_for_failure(const struct script *script, const struct record *record, struct arena *arena,
				      const struct rehearsal *rehearsal)
{
	const char *clients, *daemon;

	if (*record->failure)
		return arena_strdup(arena, record->failure);
	clients = reason_of_clients(script, rehearsal, arena);
	daemon = clients ? reason_of_daemon(script, record, arena) : NULL;
	if (clients)
		return daemon ? daemon : clients;
	return record->keys_exchanged ? NULL : "sshd has a banner, but does not exchange keys";
}

/* A loader that did not load, or NULL. */
static const struct scripted_program *loader_that_failed(const struct script *script, const struct record *record)
{
	for (size_t i = 0; i < script->programs.count; i++) {
		const struct scripted_program *program = &script->programs.items[i];

		if (program->role == ROLE_LOADER && record->programs[i].ended && record->programs[i].exit_status &&
		    !program->ignore_failure)
			return program;
	}
	return NULL;
}

static void judge(const struct facts *facts, const struct script *script, const struct record *record,
		  struct arena *arena, struct rehearsal *ret)
{
	const struct scripted_program *refused;
	bool keys_known;

	take_programs(script, record, arena, ret);
	take_connections(script, record, arena, ret);
	keys_known = take_keys(facts, record, arena, ret);
	if (*record->banner)
		ret->banner = arena_strdup(arena, record->banner);
	if (record->dropped_by.found)
		ret->dropped_by = blame_text(facts, arena, &record->dropped_by);
	refused = loader_that_failed(script, record);
	if (refused && !*record->failure) {
		/* Whether it would load in the boot, with the machine's devices and sets, cannot be told here. */
		ret->status = REHEARSAL_SKIPPED;
		ret->reason = arena_printf(arena, "%s did not load its rules here", refused->unit);
		return;
	}
	ret->reason = reason_for_failure(script, record, arena, ret);
	if (!ret->reason && !keys_known)
		ret->reason = "sshd offers a host key that is in none of its files";
	ret->status = ret->reason ? REHEARSAL_FAILED : REHEARSAL_PASSED;
}

static void skip(struct rehearsal *rehearsal, const char *reason)
{
	rehearsal->status = REHEARSAL_SKIPPED;
	rehearsal->reason = reason;
}

/* What the caller lacks for a rehearsal, or NULL. */
static const char *what_is_needed(const struct target *target, struct user_ranges *ret_ranges)
{
	struct stat status;

	if (geteuid() == 0 && target->start_fd >= 0)
		return NULL;
	/* In the namespace, files of others are nobody's, and sshd may not read the ones that matter. */
	if (fstat(target->root_fd, &status) < 0 || status.st_uid != geteuid())
		return "it needs the rights of root, for the root is another user's";
	if (target->staged && target->staged->changes.count)
		return "it needs the rights of root, to play what is to be written";
	return user_ranges_find(ret_ranges);
}

void rehearse(struct target *target, const struct look *look, const struct rehearsal_options *options,
	      struct arena *arena, struct rehearsal *ret)
{
	const struct facts *facts = &look->facts;
	struct user_ranges ranges;
	struct script script;
	struct record *record;
	const char *needed;
	int64_t began = now();

	*ret = (struct rehearsal){0};
	script_write(facts, &look->findings.sources, &options->from, arena, &script);
	script.timeout = options->timeout ? options->timeout : REHEARSAL_TIMEOUT;
	if (script.unplayable) {
		skip(ret, script.unplayable);
		return;
	}
	if (script.hopeless) {
		ret->status = REHEARSAL_FAILED;
		ret->reason = script.hopeless;
		return;
	}
	needed = what_is_needed(target, &ranges);
	if (needed) {
		skip(ret, needed);
		return;
	}
	if (script.programs.count > RECORD_PROGRAMS) {
		skip(ret, "the boot runs too many programs on the way to sshd");
		return;
	}
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (record == MAP_FAILED) {
		skip(ret, strerror(errno));
		return;
	}
	if (!play(target, &script, geteuid() ? &ranges : NULL, record)) {
		judge(facts, &script, record, arena, ret);
		ret->status = REHEARSAL_FAILED;
		ret->reason = arena_printf(arena, "it did not come to an end within %u s", script.timeout);
	} else if (*record->trouble) {
		skip(ret, arena_strdup(arena, record->trouble));
	} else if (!record->finished) {
		skip(ret, "the process that played the client died");
	} else {
		judge(facts, &script, record, arena, ret);
	}
	ret->milliseconds = (unsigned)(now() - began);
	munmap(record, sizeof(*record));
}
