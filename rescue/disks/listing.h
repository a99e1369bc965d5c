/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_LISTING_H
#define SSHRESCUE_DISKS_LISTING_H

/* What was found on all disks: as a table for people, or as JSON. */

#include "base/text.h"
#include "disks/system.h"
#include "disks/volume.h"

/* A system that was found, and what became of it. */
struct found_system {
	struct place place;
	struct system_result result;
	const char *report; /* JSON, or NULL */
};
typedef ARRAY_OF(struct found_system) found_list;

/* One line for each volume, and what system is in it. */
void listing_table(struct text *text, const struct volume_set *set, const found_list *systems);
/* One line for each system, and for what kept one from being looked at: the closing words of a run. */
void listing_verdicts(struct text *text, const struct volume_set *set, const found_list *systems);
void listing_json(struct text *text, const struct volume_set *set, const found_list *systems, unsigned status);

#endif
