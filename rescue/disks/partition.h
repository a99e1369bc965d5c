/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_PARTITION_H
#define SSHRESCUE_DISKS_PARTITION_H

/* GPT and MBR partition tables, read by ourselves: of an image file nobody has to make devices then, and a kernel
 * without partition support will do. */

#include <stdint.h>

#include "base/arena.h"

enum {
	PARTITION_LIMIT = 256, /* as many as the kernel makes of one disk */
	PARTITION_UUID_SIZE = 36 + 1,
};

struct partition {
	unsigned number; /* as the kernel counts */
	uint64_t offset, size; /* bytes; inside of the disk */
	char uuid[PARTITION_UUID_SIZE]; /* PARTUUID, as blkid(8) writes it */
};

typedef ARRAY_OF(struct partition) partition_list;

/* What a table that cannot be used is wrong about; NULL when there is none or it is in order. */
struct partition_table {
	const char *kind; /* "gpt", "dos", or NULL: there is no table */
	const char *damage; /* why it cannot be used as it is, or what was passed over; NULL: nothing */
	partition_list partitions;
};

/* Reads the table of a disk of size bytes with sectors of sector_size. 0, also when there is no table, or negative
 * errno. */
int partition_table_read(int fd, uint64_t size, unsigned sector_size, struct arena *arena, struct partition_table *ret);

#endif
