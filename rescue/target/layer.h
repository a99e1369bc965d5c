/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_LAYER_H
#define SSHRESCUE_TARGET_LAYER_H

/* The staged layer as a list of net differences, by path. Private to rescue/target. */

#include "target/resolve.h"
#include "target/staged.h"

/* A new layer that starts as a copy of the target's present one. It is the target's from then on; the present one is
 * not altered. */
struct staged *layer_begin(struct target *target);
/* Stages that the canonical path becomes after. A file in after without content keeps the content it has on disk. What
 * comes to be as it is on disk is no change. */
int layer_set(struct target *target, const char *path, const struct node *after);
/* The present view of what was found, as the side of a change to start from: content only where it is staged. */
int layer_node(struct target *target, const struct place *place, struct node *ret);

#endif
