/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_USER_RANGES_H
#define SSHRESCUE_REHEARSE_USER_RANGES_H

/*
 * A rehearsal without the rights of root, of a root that belongs to the caller: in a user namespace where the caller is
 * root. sshd needs more users than that one (it separates privileges), and only newuidmap(1) can give them, from what
 * subuid(5) grants the caller.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

struct user_range {
	unsigned long first, count;
};

struct user_ranges {
	struct user_range users, groups;
};

/* Finds what the caller may use: NULL, or the reason why it does not do. */
const char *user_ranges_find(struct user_ranges *ret);

/* What the line of the caller, by its name or its number, says in a file of subuid(5) or subgid(5): the first of
 * several. False: there is none. */
bool user_range_parse(const struct blob *file, const char *name, unsigned long number, struct user_range *ret);

/* In a process that may not do it for itself: a user namespace and a mount namespace of its own. line is one end of a
 * socket, of which the other end's owner calls user_ranges_give(). 0, or negative errno: -ECONNREFUSED where that one
 * could not give it its users. */
int user_namespace_enter(int line);
/* Waits for the process at the other end, and gives it its users. Where that fails the process hears of it. */
void user_ranges_give(const struct user_ranges *ranges, pid_t process, int line);

#endif
