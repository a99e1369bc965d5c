/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_MAPPER_H
#define SSHRESCUE_DISKS_MAPPER_H

/* The kernel's device-mapper: devices that are put together from parts of others, and that the kernel takes away again
 * when nobody has them open any more, however their maker ended. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

struct mapper_target {
	uint64_t start, size; /* sectors */
	const char *type; /* "linear", "striped" */
	const char *parameters;
};
typedef ARRAY_OF(struct mapper_target) mapper_table;

struct mapped {
	dev_t device;
	int fd; /* as long as it is open, the device is there */
	const char *path; /* "/dev/dm-3", in the arena */
};

/* Makes a device, read-only or not, and opens it. The name is the caller's to choose, and must be a new one. 0 or
 * negative errno; -ENODEV: the kernel has no device-mapper. */
int mapper_create(struct arena *arena, const char *name, const mapper_table *table, bool read_only, struct mapped *ret);
/* Whether there is no device of this name any more: it is asked to go, once more. */
bool mapper_is_gone(struct arena *arena, const char *name);
/* Opens a device that another program made, which goes away from then on as if it was ours. */
int mapper_adopt(struct arena *arena, const char *name, struct mapped *ret);

#endif
