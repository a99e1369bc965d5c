/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_STAGED_H
#define SSHRESCUE_TARGET_STAGED_H

/*
 * The staged layer: what the plan will change, in memory, seen by every read through the target's door. It holds one
 * change per path: the net difference between the root as it is and as it will be. The same list is printed as a diff,
 * executed by the transaction and reversed by undo.
 */

#include "base/arena.h"
#include "target/target.h"

/* One side of a change. */
struct node {
	enum node_type type;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct blob content; /* of a file, and only when the change touches content (struct change.content) */
	char *link; /* what a symbolic link says */
	uint64_t inode; /* of the side that is on disk, else 0 */
	struct timespec modified;
};

struct change {
	char *path; /* without symbolic links; the last component itself may be a link that is changed */
	bool content; /* a file's content changes (or the file comes or goes); otherwise only mode or owner */
	struct node before, after;
};

struct staged {
	ARRAY_OF(struct change) changes; /* sorted by path */
};

struct edit;

/*
 * Stages edits that were all computed from the current view (line numbers of one file refer to that view, in any
 * order). All or nothing: 0, or a negative errno and the layer is as before; *ret_failed then names the edit that could
 * not be staged: -EROFS  content below /usr or another place of the vendor's   -EPERM  a path that repairs never touch
 * (policy.h) -ESTALE the line is not what the edit expects                 others  as the door's
 */
int staged_apply(struct target *target, const struct edit *const *edits, size_t count, const struct edit **ret_failed);

/* Remembers the layer, to come back to it when a repair proves wrong. Marks are in the arena of the target. */
struct staged *staged_snapshot(struct target *target);
void staged_restore(struct target *target, struct staged *snapshot);

#endif
