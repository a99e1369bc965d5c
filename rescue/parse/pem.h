/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_PEM_H
#define SSHRESCUE_PARSE_PEM_H

/* The text around a PEM key, as libcrypto reads it (PEM_read_bio_ex of crypto/pem/pem_lib.c). */

#include <stdbool.h>

#include "base/arena.h"

/* How reading went. libcrypto reads more than DER; what is neither DER nor certainly wrong is odd. */
enum pem_reading {
	READING_OK,
	READING_BAD, /* libcrypto refuses it */
	READING_ODD, /* not judged here */
};

struct pem_block {
	const char *name; /* "RSA PRIVATE KEY" */
	bool encrypted; /* its headers say so */
	struct blob der;
};

/*
 * Takes the next block from a file, whatever it holds; *offset starts at 0. False at the end of the file. ret->name is
 * always there, the rest where *ret_reading is READING_OK.
 */
bool pem_next_block(const struct blob *content, size_t *offset, struct arena *arena, struct pem_block *ret,
		    enum pem_reading *ret_reading);

#endif
