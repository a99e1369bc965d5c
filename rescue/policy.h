/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_POLICY_H
#define SSHRESCUE_POLICY_H

/* The one place that decides what may be repaired: which paths, and which problems in which mode. */

#include <stdbool.h>

#include "edit.h"
#include "problem.h"

/* Whether a repair may do this to that path (without symbolic links in it). Also the judge of what a manifest may name.
 */
bool policy_allows_path(enum edit_op op, const char *path);
/* Whether the path is where packages put their files: a repair overrides them in /etc. */
bool policy_is_vendor_path(const char *path);

#endif
