/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_VOLUME_H
#define SSHRESCUE_DISKS_VOLUME_H

/*
 * Volumes: whatever may hold a file system or another volume. Disks, partitions, image files and the partitions in
 * them, logical volumes. A set of them is found once, and knows of each what it holds and why it is left alone.
 */

#include <sys/types.h>

#include "base/arena.h"
#include "disks/export.h"
#include "disks/loop.h"
#include "disks/partition.h"
#include "disks/probe.h"

struct volume {
	const char *name; /* for people: "/dev/vdb1"; "disk.img:1" for what has no device */
	const char *path; /* the device or file to open */
	const char *alias, *second_alias; /* other names that fstab(5) may use: "/dev/mapper/vg-root"; or NULL */
	uint64_t offset, size; /* within path */
	int fd; /* of path, for reading; -1: it cannot be opened. Partitions share their disk's where they have no
		   device */
	dev_t device; /* 0 for a file */
	unsigned machine; /* volumes of one machine have the same number: each image file is one of its own */
	const struct volume *parent; /* what it is a part of, or NULL */
	const char *table; /* it is divided: "gpt", "dos"; or NULL */
	unsigned number; /* of the partition; 0: it is none */
	const char *partition_uuid; /* or NULL */
	struct probe probe;
	const char *busy; /* who uses it, a sentence; or NULL. It is not touched then */
	const char *trouble; /* what is wrong with it, a sentence; or NULL */
	bool wanted; /* it was asked for; else it is here for what it tells of the others */
	bool opened; /* what is on it is in the set, too */
	bool read_only; /* the kernel lets nobody write to it */
};

enum {
	STOPPERS_MOST = 16,
};

/* What was named by a volume that it lies inside of: "/dev/vdb:vg/root". */
struct inner_name {
	const char *name;
	size_t first; /* where the volumes stand that were added for it */
	size_t end;
};

struct volume_set {
	struct arena *arena;
	ARRAY_OF(struct volume *) volumes; /* a volume stands behind what it is a part of */
	unsigned machines;
	/* What is wanted of images */
	const char *format; /* as it was told, or NULL */
	bool writable; /* it may be written to */
	struct exports exports;
	unsigned mapped; /* names given to devices of ours */
	/* The processes that stop arrays of ours: each waits for the end of a pipe. */
	struct stopper {
		pid_t process;
		int pipe;
	} stoppers[STOPPERS_MOST];
	unsigned stopper_count;
	ARRAY_OF(struct inner_name) inner_names;
};

/* Closes them all, and ends what presents images. */
void volumes_release(struct volume_set *set);

/* Adds every block device that this machine has, with its partitions: 0 or negative errno. */
int volumes_add_all(struct volume_set *set);
/* Adds a block device or an image file with all that is in it. Of a disk of which only a partition is named
 * ("/dev/vdb1", "disk.img:1"), the rest is not wanted; of "/dev/vdb:vg/root" the disk is added, and
 * volumes_want_inner() is due. 0 or negative errno; -ENOTBLK for what is neither. */
int volumes_add(struct volume_set *set, const char *path);
/* When what lies on volumes was added too: of those that were named by something inside of them, that alone is wanted.
 * -ENOENT when there is none of such a name, which is *ret_missing then. */
int volumes_want_inner(struct volume_set *set, const char **ret_missing);

/* A volume of this name, alias or device that is already there, or NULL. */
struct volume *volume_find_device(const struct volume_set *set, dev_t device);

/* Why what is on a volume cannot be looked at, or NULL. That it is in use is no trouble, nor is a partition table that
 * only its copy can be read of. */
const char *volume_obstacle(const struct volume *volume);

/* Whether two volumes are parts of one btrfs. */
bool volume_is_same_btrfs(const struct volume *a, const struct volume *b);

/* Appends a volume and looks at what it holds. Fields that describe where it is are the caller's. */
struct volume *volume_add(struct volume_set *set, const struct volume *draft);

/* A device that shows this volume and no more, for a mount: a loop device, over backing (the volume's path, open as it
 * is to be used); the volume's own device where the kernel has no loop devices. 0 or negative errno. */
int volume_attach(const struct volume *volume, int backing, bool read_only, struct loop *ret);

/* in_use.c: why a block device must not be touched, or NULL. */
const char *device_in_use(struct arena *arena, const char *path, dev_t device);
/* The same for an image file that is open. */
const char *image_in_use(struct arena *arena, int fd);

#endif
