/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BASE_SHA256_H
#define SSHRESCUE_BASE_SHA256_H

/* SHA-256, by libsodium. */

#include <stdbool.h>
#include <stddef.h>

#include <sodium/crypto_hash_sha256.h>

enum {
	SHA256_SIZE = crypto_hash_sha256_BYTES,
	SHA256_TEXT_SIZE = 2 * SHA256_SIZE + 1,
};

struct sha256 {
	crypto_hash_sha256_state state;
};

static inline void sha256_start(struct sha256 *hash)
{
	crypto_hash_sha256_init(&hash->state);
}

static inline void sha256_add(struct sha256 *hash, const void *data, size_t size)
{
	if (size)
		crypto_hash_sha256_update(&hash->state, data, size);
}

static inline void sha256_end(struct sha256 *hash, unsigned char ret[SHA256_SIZE])
{
	crypto_hash_sha256_final(&hash->state, ret);
}

static inline void sha256_of(const void *data, size_t size, unsigned char ret[SHA256_SIZE])
{
	struct sha256 hash;

	sha256_start(&hash);
	sha256_add(&hash, data, size);
	sha256_end(&hash, ret);
}

/* As sha256sum(1) writes it. */
void sha256_to_text(const unsigned char hash[SHA256_SIZE], char ret[SHA256_TEXT_SIZE]);
/* All of text, lower case only; false when it is no hash. */
bool sha256_from_text(const char *text, unsigned char ret[SHA256_SIZE]);

#endif
