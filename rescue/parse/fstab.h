/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_FSTAB_H
#define SSHRESCUE_PARSE_FSTAB_H

/* fstab(5) */

#include "base/arena.h"

struct fstab_entry {
	const char *source; /* "UUID=…", "/dev/sda2" */
	const char *point; /* "/usr" */
	const char *type;
	const char *options; /* "defaults" where there are none */
};
typedef ARRAY_OF(struct fstab_entry) fstab_list;

/* The lines that have at least the first three fields, in their order; everything lives in arena. */
void fstab_parse(struct arena *arena, const struct blob *content, fstab_list *ret);
/* The value of an option ("subvol" in "rw,subvol=@"), in arena, or NULL. */
char *fstab_option(struct arena *arena, const struct fstab_entry *entry, const char *name);

#endif
