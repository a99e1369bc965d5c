/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_SYSTEM_H
#define SSHRESCUE_DISKS_SYSTEM_H

/*
 * One system on one volume: mounted in a mount namespace of its own, looked at, maybe repaired, unmounted. It happens
 * in processes of their own, so that neither a crash nor a kill leaves anything mounted or attached, and what one
 * file system does to a process is of no concern to the next.
 */

#include "disks/subvolumes.h"
#include "disks/volume.h"
#include "plan.h"
#include "repair.h"

enum {
	SYSTEM_TEXT = 512,
};

enum system_action {
	SYSTEM_CHECK,
	SYSTEM_REPAIR,
	SYSTEM_UNDO,
};

/* Where a root is. */
struct place {
	const struct volume_set *set; /* in which the rest of the system is, too */
	const struct volume *volume;
	const char *subvolume; /* of a btrfs, or NULL: the default one */
	const char *name; /* for people: "/dev/vdb2", "/dev/vdb2[@rootfs]" */
};

/* What is wanted of every system. */
struct system_request {
	enum system_action action;
	struct repair_request repair; /* how to choose, also for a check: port, rehearsal */
	const struct settings *settings;
	bool json;
	bool strict;
};

/* What became of one. It lives in memory that the processes share. */
struct system_result {
	bool mounted;
	bool is_root; /* there is a Linux system; what follows is about it */
	bool journal_unseen; /* changes were in the journal, and were not looked at */
	bool wants_write; /* the repair has something to write */
	enum verdict verdict;
	unsigned status; /* exit status */
	char subvolumes[SUBVOLUMES_SIZE]; /* of a btrfs: those that may be systems, too */
	char os[SYSTEM_TEXT]; /* its pretty name, as it says itself: not escaped */
	char line[SYSTEM_TEXT]; /* the verdict in one line, escaped */
	char trouble[SYSTEM_TEXT]; /* why it could not be looked at, or written to; a sentence; or "" */
};

/* Looks at the system in a place, and repairs it where that is wanted. The report is written to report_fd, as text
 * or JSON; nothing where there is no system. 0 or negative errno, when the attempt itself failed. */
int system_work(const struct place *place, const struct system_request *request, struct system_result *ret,
		int report_fd);

#endif
