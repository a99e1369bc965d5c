/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_STACK_H
#define SSHRESCUE_DISKS_STACK_H

/* What lies on other volumes: RAID arrays, encrypted volumes, logical volumes. They are made by this process, and are
 * gone when it is; what was there before is not touched. */

#include "disks/volume.h"

struct stack_request {
	bool writable;
	const char *key_file; /* for encrypted volumes, or NULL: ask on the terminal, where there is one */
	bool may_ask;
};

/* Adds what is on the volumes of the set, and on that. What cannot be opened is told in the volume's trouble. */
void stack_add_all(struct volume_set *set, const struct stack_request *request);

/* luks.c, lvm.c, raid.c: what one of them adds. */
void luks_open(struct volume_set *set, struct volume *volume, const struct stack_request *request);
void lvm_open_all(struct volume_set *set, size_t from, const struct stack_request *request);
void raid_open_all(struct volume_set *set, size_t from, const struct stack_request *request);

/* Waits until the devices that were made are gone, everything on them being closed. */
void stack_release(struct volume_set *set);

/* A loop device over a volume, for tools and tables that want a device: it goes away when nobody uses it any more. NULL
 * with the volume's trouble set. */
struct loop;
bool stack_attach(struct volume_set *set, struct volume *volume, bool writable, struct loop *ret);
/* A name for a device of the device-mapper, that no one else has. */
char *stack_name(struct volume_set *set);
/* Whether it may be opened: it is wanted, not in use, and readable. */
bool stack_may_open(const struct volume *volume);

#endif
