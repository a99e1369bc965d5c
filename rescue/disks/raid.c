/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mdadm(8): arrays of Linux software RAID. Unlike other devices they do not go away by themselves: a process of its own
 * outlives ours, in whatever way we end, and stops them. */
#include "disks/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/loop.h"
#include "disks/tool.h"

enum {
	MEMBERS_MOST = 32,
	STOP_TRIES = 250, /* of 40 ms */
};

/* Stops an array when the last holder of the pipe's other end is gone. */
static void stop_at_the_end(struct volume_set *set, const char *device, int pipe_end)
{
	const char *argv[] = {"mdadm", "--stop", "--quiet", device, NULL};
	struct tool_result result;
	char byte;

	while (read(pipe_end, &byte, 1) < 0 && errno == EINTR)
		;
	for (unsigned i = 0; i < STOP_TRIES; i++) {
		struct timespec pause = {.tv_nsec = 40 * 1000 * 1000};

		if (tool_run(set->arena, argv, -1, &result) < 0 || result.status == 0)
			break;
		nanosleep(&pause, NULL);
	}
}

/* Starts that process before there is anything to stop. */
static bool appoint_stopper(struct volume_set *set, const char *device)
{
	int ends[2];
	pid_t child;

	if (set->stopper_count == STOPPERS_MOST || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0) {
		/* Not with the group that a terminal's signals go to, and with nothing of ours open. */
		setsid();
		signal(SIGTERM, SIG_IGN);
		close(ends[1]);
		for (unsigned i = 0; i < set->stopper_count; i++)
			close(set->stoppers[i].pipe);
		for (size_t i = 0; i < set->volumes.count; i++) {
			if (set->volumes.items[i]->fd >= 0 && !set->volumes.items[i]->offset)
				close(set->volumes.items[i]->fd);
		}
		stop_at_the_end(set, device, ends[0]);
		_exit(0);
	}
	close(ends[0]);
	if (child < 0) {
		close(ends[1]);
		return false;
	}
	set->stoppers[set->stopper_count++] = (struct stopper){child, ends[1]};
	return true;
}

/* A number that no array has. */
static char *free_device(struct arena *arena)
{
	for (unsigned number = 120; number > 0; number--) {
		if (access(arena_printf(arena, "/sys/block/md%u", number), F_OK) < 0)
			return arena_printf(arena, "/dev/md%u", number);
	}
	return NULL;
}

static void set_trouble(struct volume **members, size_t count, const char *trouble)
{
	for (size_t i = 0; i < count; i++)
		members[i]->trouble = trouble;
}

/*
 * The device of a member, for mdadm; what it returns is to be closed when the array runs. An array that is only read is
 * made of read-only loop devices, so that the kernel writes to no member. One that is written to takes the members
 * themselves where they have devices: what is below a loop device udev could put to use a second time. -1: it has none.
 */
static int member_device(struct volume_set *set, struct volume *member, bool writable, const char **ret_path)
{
	struct loop loop = {.locked = true};

	if (writable && !member->read_only && member->device && !member->offset) {
		int fd = open(member->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

		if (fd < 0)
			return -1;
		/* As for a loop device that is locked: udev waits. */
		(void)flock(fd, LOCK_EX | LOCK_NB);
		*ret_path = member->path;
		return fd;
	}
	if (!stack_attach(set, member, writable, &loop))
		return -1;
	*ret_path = arena_strdup(set->arena, loop.path);
	return loop.fd;
}

static void assemble(struct volume_set *set, struct volume **members, size_t count, bool writable)
{
	const char *argv[MEMBERS_MOST + 8] = {"mdadm", "--assemble", "--run", "--quiet"};
	int held[MEMBERS_MOST];
	size_t words = 4;
	char *device = free_device(set->arena);
	struct volume draft = {.machine = members[0]->machine, .parent = members[0], .fd = -1};
	struct tool_result result;
	struct stat status;
	int r;

	if (!tool_path(set->arena, argv[0])) {
		set_trouble(members, count, "it is part of a RAID, and mdadm is not installed here");
		return;
	}
	if (!device || !appoint_stopper(set, device)) {
		set_trouble(members, count, "its RAID cannot be assembled: there is no free device");
		return;
	}
	if (!writable)
		argv[words++] = "--readonly";
	argv[words++] = device;
	for (size_t i = 0; i < count; i++) {
		held[i] = member_device(set, members[i], writable, &argv[words]);
		words += held[i] >= 0;
		members[i]->opened = true;
	}
	r = tool_run(set->arena, argv, -1, &result);
	for (size_t i = 0; i < count; i++) {
		if (held[i] >= 0)
			close(held[i]);
	}
	draft.fd = open(device, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r < 0 || draft.fd < 0 || fstat(draft.fd, &status) < 0 || lseek(draft.fd, 0, SEEK_END) <= 0) {
		set_trouble(members, count,
			    arena_printf(set->arena, "its RAID cannot be assembled: %s",
					 r < 0 ? strerror(-r) : result.complaint));
		return;
	}
	draft.device = status.st_rdev;
	draft.path = draft.name = device;
	draft.size = (uint64_t)lseek(draft.fd, 0, SEEK_END);
	draft.name = arena_printf(set->arena, "%s:raid", members[0]->name);
	draft.read_only = members[0]->read_only;
	volume_add(set, &draft)->wanted = members[0]->wanted;
}

void raid_open_all(struct volume_set *set, size_t from, const struct stack_request *request)
{
	size_t end = set->volumes.count;

	for (size_t i = from; i < end; i++) {
		struct volume *first = set->volumes.items[i], *members[MEMBERS_MOST];
		size_t count = 0;
		bool seen = false;

		if (first->probe.content != CONTENT_RAID || !stack_may_open(first))
			continue;
		for (size_t j = 0; j < end; j++) {
			struct volume *other = set->volumes.items[j];

			if (other->probe.content != CONTENT_RAID || other->machine != first->machine ||
			    !string_equal(other->probe.uuid, first->probe.uuid) || !stack_may_open(other))
				continue;
			seen = seen || j < i;
			if (count < MEMBERS_MOST)
				members[count++] = other;
		}
		if (!seen)
			assemble(set, members, count, request->writable);
	}
}
