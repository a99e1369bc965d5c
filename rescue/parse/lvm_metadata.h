/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_LVM_METADATA_H
#define SSHRESCUE_PARSE_LVM_METADATA_H

/* The description of a volume group that LVM2 keeps in text on its physical volumes (lvm(8); the format is that of
 * lvm.conf(5)). */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct lvm_physical {
	const char *name; /* "pv0": within the description only */
	const char *id; /* as blkid(8) writes the UUID */
	uint64_t start; /* sector of the first extent */
};

struct lvm_stripe {
	const char *physical; /* "pv0" */
	uint64_t extent;
};

struct lvm_segment {
	uint64_t start, count; /* extents */
	const char *type; /* "striped" is the only one whose parts are known; also for a plain one, of one stripe */
	uint64_t stripe_size; /* sectors */
	ARRAY_OF(struct lvm_stripe) stripes;
};

struct lvm_logical {
	const char *name;
	bool visible; /* not a part of another one */
	ARRAY_OF(struct lvm_segment) segments;
};

struct lvm_group {
	const char *name, *id;
	uint64_t sequence; /* the description with the highest one is valid */
	uint64_t extent_size; /* sectors */
	ARRAY_OF(struct lvm_physical) physicals;
	ARRAY_OF(struct lvm_logical) logicals;
};

/* Everything in *ret lives in arena. False: it is no such description. */
bool lvm_metadata_parse(struct arena *arena, const struct blob *text, struct lvm_group *ret);

#endif
