/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keygen.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "parse/base64.h"
#include "parse/key_pair.h"
#include "parse/ssh_wire.h"

static const char type_name[] = "ssh-ed25519";

enum {
	PUBLIC_SIZE = 32,
	LINE_LENGTH = 70, /* of ssh-keygen's base64 text */
	CIPHER_NONE_BLOCK = 8,
	WAIT_STEP_MS = 50,
};

/* Never blocks in the kernel: a boot must not hang here. libsodium's randombytes would, or would want /dev. */
static int random_bytes(void *buffer, size_t size)
{
	static const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000};

	for (unsigned waited = 0;; waited += WAIT_STEP_MS) {
		/* Up to 256 bytes come all at once. */
		if (getrandom(buffer, size, GRND_NONBLOCK) == (ssize_t)size)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (waited >= KEYGEN_WAIT_SECONDS * 1000)
			return -EAGAIN;
		nanosleep(&step, NULL);
	}
}

int keygen_ed25519(struct arena *arena, const char *comment, struct generated_key *ret)
{
	struct {
		unsigned char seed[KEYGEN_SEED_SIZE];
		uint32_t check;
	} random;
	int r = random_bytes(&random, sizeof(random));

	if (r == 0)
		keygen_ed25519_from(arena, random.seed, random.check, comment, ret);
	explicit_bzero(&random, sizeof(random));
	return r;
}

static void put_text(struct text *text, const char *string)
{
	wire_put_string(text, string, strlen(string));
}

/* PROTOCOL.key, the part that a cipher would encrypt. */
static struct blob secret_part(struct arena *arena, const unsigned char seed[KEYGEN_SEED_SIZE],
			       const unsigned char public_half[PUBLIC_SIZE], uint32_t check, const char *comment)
{
	struct text text = {.arena = arena};
	unsigned char secret[KEYGEN_SEED_SIZE + PUBLIC_SIZE];

	memcpy(secret, seed, KEYGEN_SEED_SIZE);
	memcpy(secret + KEYGEN_SEED_SIZE, public_half, PUBLIC_SIZE);
	wire_put_u32(&text, check);
	wire_put_u32(&text, check);
	put_text(&text, type_name);
	wire_put_string(&text, public_half, PUBLIC_SIZE);
	wire_put_string(&text, secret, sizeof(secret));
	put_text(&text, comment);
	for (unsigned char pad = 1; text.size % CIPHER_NONE_BLOCK; pad++)
		text_add(&text, &pad, 1);
	explicit_bzero(secret, sizeof(secret));
	return (struct blob){.data = text.data, .size = text.size};
}

void keygen_ed25519_from(struct arena *arena, const unsigned char seed[KEYGEN_SEED_SIZE], uint32_t check,
			 const char *comment, struct generated_key *ret)
{
	struct text data = {.arena = arena}, public_data = {.arena = arena}, file = {.arena = arena};
	unsigned char public_half[PUBLIC_SIZE];
	struct blob secret, public_blob;

	ed25519_public_of_seed(seed, public_half);
	put_text(&public_data, type_name);
	wire_put_string(&public_data, public_half, sizeof(public_half));
	public_blob = (struct blob){.data = public_data.data, .size = public_data.size};
	secret = secret_part(arena, seed, public_half, check, comment);

	text_add(&data, "openssh-key-v1", sizeof("openssh-key-v1"));
	put_text(&data, "none"); /* cipher */
	put_text(&data, "none"); /* key derivation */
	put_text(&data, ""); /* its options */
	wire_put_u32(&data, 1); /* keys */
	wire_put_string(&data, public_blob.data, public_blob.size);
	wire_put_string(&data, secret.data, secret.size);

	text_add_string(&file, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(&file, data.data, data.size, LINE_LENGTH);
	text_add_string(&file, "-----END OPENSSH PRIVATE KEY-----\n");
	explicit_bzero(secret.data, secret.size);
	explicit_bzero(data.data, data.size);
	ret->private_file = (struct blob){.data = file.data, .size = file.size};
	ret->public_file = keygen_public_line(arena, type_name, &public_blob, comment);
}

struct blob keygen_public_line(struct arena *arena, const char *key_type, const struct blob *public_half,
			       const char *comment)
{
	struct text text = {.arena = arena};

	text_printf(&text, "%s ", key_type);
	base64_encode(&text, public_half->data, public_half->size, 0);
	if (*comment)
		text_printf(&text, " %s", comment);
	text_add(&text, "\n", 1);
	return (struct blob){.data = text.data, .size = text.size};
}
