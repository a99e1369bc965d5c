/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_IMAGE_H
#define SSHRESCUE_DISKS_IMAGE_H

/*
 * Images of virtual machines in formats of their own (qcow2, VMDK, VHDX), which QEMU's tools present as raw disks.
 *
 * Such a file may name others (a backing file, extents), which those tools would open as whoever runs them: it is only
 * handed to them after it was made sure that it names none. Nor do they guess the format: it is told.
 */

#include "base/arena.h"

enum image_format {
	IMAGE_RAW,
	IMAGE_QCOW2,
	IMAGE_VMDK,
	IMAGE_VHDX,
	IMAGE_UNKNOWN, /* a format that has a name, but no driver here */
};

/* By a name as QEMU has it ("raw", "qcow2", …); IMAGE_UNKNOWN for others. */
enum image_format image_format_named(const char *name);
const char *image_format_name(enum image_format format);

/* What the first bytes say. For the format that somebody names, believe that one: a raw disk's first bytes are its
 * owner's to choose. Negative errno when it cannot be read. */
int image_format_guess(int fd, enum image_format *ret);

/* Why an image must not be handed to QEMU's tools, a sentence in arena; NULL: it stands for itself. */
const char *image_refusal(struct arena *arena, int fd, enum image_format format);

#endif
