/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_STAGING_H
#define SSHRESCUE_REHEARSE_STAGING_H

/* The plan's staged edits, in the overlay of a rehearsal. */

#include "target/staged.h"

/* Makes every staged change below the process's own root, whose writable layer is gone when the rehearsal is. staged
 * may be NULL. 0, or negative errno and *ret_path says where. */
int staging_write(const struct staged *staged, const char **ret_path);

#endif
