/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_NAME_INDEX_H
#define SSHRESCUE_BASE_NAME_INDEX_H

/* Things by their names, found by hash. An index that is NULL is empty; the names must live as long as it does. */

#include "base/arena.h"

struct name_index;

/* NULL when there is none. */
void *index_find(const struct name_index *index, const char *name);
/* Replaces what has the name. */
void index_put(struct arena *arena, struct name_index **index, const char *name, void *thing);
void index_remove(struct name_index *index, const char *name);

#endif
