/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disks/loop.h"
#include "disks/mapper.h"

enum {
	RELEASE_TRIES = 250, /* of 20 ms */
	LAYERS_MOST = 5, /* RAID, LUKS, LVM, LUKS in it, and one more */
};

bool stack_may_open(const struct volume *volume)
{
	return !volume->busy && !volume->trouble && !volume->opened && volume->fd >= 0;
}

bool stack_attach(struct volume_set *set, struct volume *volume, bool writable, struct loop *ret)
{
	cleanup_fd int backing = -1;
	int r;

	if (writable && !volume->read_only) {
		backing = open(volume->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (backing < 0) {
			volume->trouble = arena_printf(set->arena, "it cannot be opened: %s", strerror(errno));
			return false;
		}
	}
	r = loop_attach(backing >= 0 ? backing : volume->fd, volume->offset, volume->size, backing < 0, ret);
	if (r < 0)
		volume->trouble = arena_printf(set->arena, "it cannot be attached to a loop device: %s", strerror(-r));
	return r == 0;
}

static char *name_of(struct arena *arena, unsigned number)
{
	return arena_printf(arena, "sshrescue-%d-%u", (int)getpid(), number);
}

char *stack_name(struct volume_set *set)
{
	return name_of(set->arena, ++set->mapped);
}

void stack_release(struct volume_set *set)
{
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

	/* The newest lie on the older ones. */
	for (unsigned number = set->mapped; number > 0; number--) {
		for (unsigned i = 0; i < RELEASE_TRIES && !mapper_is_gone(set->arena, name_of(set->arena, number)); i++)
			nanosleep(&pause, NULL);
	}
	set->mapped = 0;
}

void stack_add_all(struct volume_set *set, const struct stack_request *request)
{
	size_t from = 0;

	for (unsigned layer = 0; layer < LAYERS_MOST && from < set->volumes.count; layer++) {
		size_t end = set->volumes.count;

		raid_open_all(set, from, request);
		for (size_t i = from; i < end; i++) {
			if (set->volumes.items[i]->probe.content == CONTENT_LUKS &&
			    stack_may_open(set->volumes.items[i]))
				luks_open(set, set->volumes.items[i], request);
		}
		/* A group may have members on disks and on what was opened just now. */
		lvm_open_all(set, from, request);
		from = end;
	}
}
