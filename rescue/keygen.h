/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_KEYGEN_H
#define SSHRESCUE_KEYGEN_H

/* A new Ed25519 host key, in the files that ssh-keygen(1) would write. */

#include <stdint.h>

#include "base/arena.h"

struct generated_key {
	struct blob private_file; /* openssh-key-v1, without a passphrase */
	struct blob public_file; /* one line */
};

enum {
	KEYGEN_SEED_SIZE = 32,
	/* How long an early boot may take to gather randomness. Kernels since 5.6 need a second at most; older ones on
	 * machines without a hardware source may need longer than a boot should wait. */
	KEYGEN_WAIT_SECONDS = 10,
};

/*
 * Makes a key from the kernel's randomness; the files are in arena. comment is what ssh-keygen would put there:
 * "root@host". 0, -EAGAIN when the kernel has no randomness yet and KEYGEN_WAIT_SECONDS did not help, or another
 * negative errno of getrandom(2).
 */
int keygen_ed25519(struct arena *arena, const char *comment, struct generated_key *ret);

/* The same from a given seed and check number (a random number that tells a right passphrase from a wrong one). */
void keygen_ed25519_from(struct arena *arena, const unsigned char seed[KEYGEN_SEED_SIZE], uint32_t check,
			 const char *comment, struct generated_key *ret);

/* The line of a .pub file for a public half as parse/ssh_wire.h encodes it; in arena. */
struct blob keygen_public_line(struct arena *arena, const char *type_name, const struct blob *public_half,
			       const char *comment);

#endif
