/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_CLEANUP_H
#define SSHRESCUE_BASE_CLEANUP_H

/* The one cleanup idiom of this program: a variable declares how it is released when it goes out of scope. */

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_dir(DIR *const *dir)
{
	if (*dir)
		closedir(*dir);
}

#define cleanup_fd __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))
#define cleanup_dir __attribute__((cleanup(cleanup_close_dir)))

/* Hands the descriptor over to the caller: the variable no longer closes it. */
static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

#endif
