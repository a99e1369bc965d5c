/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSHD_IMAGE_H
#define SSHRESCUE_PARSE_SSHD_IMAGE_H

/* The constants and tables of an sshd binary. For parse/sshd_binary.c alone. */

#include "parse/elf.h"
#include "parse/sshd_binary.h"

enum {
	SSHD_IMAGE_LIMIT = 32 * 1024 * 1024, /* the largest sshd known, statically linked, has 4 MiB */
};

/* A word of the data that holds the address of a constant. */
struct data_pointer {
	uint64_t location; /* address of the word */
	uint64_t offset; /* in the file, of what it points to */
};

struct sshd_image {
	int error; /* 0, or why there is no image */
	struct blob file;
	struct elf_file elf;
	elf_range_list constants;
	ARRAY_OF(struct data_pointer) pointers; /* by location */
	ARRAY_OF(struct sshd_keyword) keywords; /* empty: the table was not recognised */
};

/* Never NULL; see error. */
struct sshd_image *sshd_image_load(struct target *target, struct arena *arena, const char *path);
bool sshd_image_knows(const struct sshd_image *image, const char *word, bool nocase);

#endif
