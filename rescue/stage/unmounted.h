/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_UNMOUNTED_H
#define SSHRESCUE_STAGE_UNMOUNTED_H

/* Parts of the target that live on a file system of their own, which may not be mounted while it is examined. */

#include "facts.h"

/* The mount points of fstab(5) with nothing in them: what is missing below is not missing. In arena. */
void unmounted_points(const struct facts *facts, struct arena *arena, string_list *ret);
/* The one that path is below, or NULL. */
const char *unmounted_above(const string_list *points, const char *path);

#endif
