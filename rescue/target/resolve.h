/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_RESOLVE_H
#define SSHRESCUE_TARGET_RESOLVE_H

/* How the door finds things: inside the root, whatever the links say. Private to rescue/target. */

#include <limits.h>
#include <sys/stat.h>

#include "target/staged.h"
#include "target/target.h"

enum place_flags {
	PLACE_FOLLOW = 1 << 0, /* a symbolic link at the end too */
	PLACE_NO_LINKS = 1 << 1, /* -ELOOP where a directory on the way is a symbolic link */
	PLACE_ON_DISK = 1 << 2, /* as if nothing were staged */
};

/* What a walk found. */
struct place {
	struct target *target;
	int parent; /* O_PATH: the directory that holds it; -1 where that is only staged or was not needed */
	int self; /* O_PATH: what is there on disk; -1 where there is nothing */
	const struct change *change; /* what is staged for it, or NULL */
	struct node_stat stat; /* staged view; NODE_ABSENT when only the last component is missing */
	char path[PATH_MAX]; /* canonical */
};

/* Walks component by component. 0 also when the last component is missing; negative errno else. In every case
 * place_release() is due. */
int place_find(struct target *target, const char *path, unsigned flags, struct place *ret);
void place_release(struct place *place);
#define cleanup_place __attribute__((cleanup(place_release)))

/* Reads the regular file that was found there; -EAGAIN when it is another one by now. */
int place_read(struct place *place, size_t limit, struct arena *arena, struct blob *ret);
/* What the symbolic link that was found there says. */
int place_readlink(const struct place *place, struct arena *arena, char **ret);

/* The last component of a canonical path. */
const char *place_name(const struct place *place);

/* Whether the kernel may be asked to resolve the path: it has openat2, and nothing that is staged is on the way or
 * below. */
bool kernel_resolves(const struct target *target, const char *path);
/* Opens through openat2(2) within the root: a descriptor or a negative errno. -EAGAIN: the caller should walk. */
int kernel_open(const struct target *target, const char *path, int flags);
/* The same, but -ELOOP when there is a symbolic link on the way. */
int kernel_open_without_links(const struct target *target, const char *path, int flags);

void node_stat_from(const struct stat *status, struct node_stat *ret);
enum node_type node_type_of(mode_t mode);

/* The staged change of exactly that path, or NULL. */
struct change *staged_find(const struct staged *staged, const char *path);
/* Whether the path, which must be without "." and "..", is clear of changes: none of itself, above or below it. */
bool staged_leaves_alone(const struct staged *staged, const char *path);
/* Where a change of that path stands in the list or would have to be inserted. */
size_t staged_position(const struct staged *staged, const char *path);

#endif
