/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New host keys: the files are ssh-keygen's, and the key is one that our own reader takes. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host_key_vectors.h"
#include "keygen.h"
#include "parse/base64.h"
#include "parse/openssh_key.h"

static const struct key_rules rules = {0};

/* A kernel that has just started: these stand in for libc's. */
static int calls_until_random;
static int random_error = EAGAIN;
static long waited_ms;

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
	assert_true(flags & GRND_NONBLOCK);
	if (calls_until_random > 0) {
		calls_until_random--;
		errno = random_error;
		return -1;
	}
	return syscall(SYS_getrandom, buffer, size, flags);
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
	(void)rest;
	waited_ms += time->tv_sec * 1000 + time->tv_nsec / 1000000;
	return 0;
}

/* The seed, check number and comment of a key that ssh-keygen made give the same files again, byte for byte. */
static void files_are_those_of_ssh_keygen(void **state)
{
	struct blob content = {.data = (char *)(uintptr_t)key_ed, .size = strlen(key_ed)}, data;
	const char *text = strchr(key_ed, '\n') + 1, *check;
	struct arena arena = {0};
	struct generated_key made;
	struct private_key key;
	struct wire wire;
	uint32_t number;

	(void)state;
	private_key_read(&content, &arena, &rules, &key);
	assert_int_equal(key.loads, KEY_YES);
	assert_true(base64_decode(&arena, text, (size_t)(strstr(text, "-----END") - text), BASE64_STRICT, &data));
	check = memmem(data.data, data.size, "\0\0\0\x90", 4); /* the size of the secret part */
	assert_non_null(check);
	wire = (struct wire){.data = (const unsigned char *)check + 4, .size = 4};
	assert_int_equal(wire_get_u32(&wire, &number), KEY_ERROR_NONE);
	keygen_ed25519_from(&arena, (const unsigned char *)key.secret.data, number, "root@test", &made);
	assert_string_equal(made.private_file.data, key_ed);
	assert_int_equal(made.private_file.size, strlen(key_ed));
	assert_string_equal(made.public_file.data, key_ed_pub);
	assert_int_equal(made.public_file.size, strlen(key_ed_pub));
	arena_release(&arena);
}

/* RFC 8032, 7.1, TEST 1. */
static void public_half_is_that_of_the_standard(void **state)
{
	static const unsigned char seed[32] = {
	    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
	    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	};
	static const unsigned char wanted[32] = {
	    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
	};
	struct arena arena = {0};
	struct generated_key made;
	struct public_line line;

	(void)state;
	keygen_ed25519_from(&arena, seed, 7, "", &made);
	assert_true(public_line_read(&made.public_file, &arena, &rules, &line));
	assert_memory_equal(line.half.point.data, wanted, sizeof(wanted));
	assert_string_equal(line.comment, "");
	arena_release(&arena);
}

/* Every length of the padding. */
static void every_comment_makes_a_key_that_loads(void **state)
{
	static const unsigned char seed[32] = {1, 2, 3};
	struct arena arena = {0};

	(void)state;
	for (int length = 0; length < 20; length++) {
		char *comment = arena_printf(&arena, "%.*s", length, "root@a-long-host-name");
		struct generated_key made;
		struct private_key key;

		keygen_ed25519_from(&arena, seed, (uint32_t)length, comment, &made);
		private_key_read(&made.private_file, &arena, &rules, &key);
		assert_int_equal(key.loads, KEY_YES);
		assert_int_equal(private_key_halves_match(&key), KEY_YES);
		assert_string_equal(key.comment, comment);
	}
	arena_release(&arena);
}

static void no_two_keys_are_alike(void **state)
{
	struct arena arena = {0};
	struct generated_key one, two;

	(void)state;
	assert_int_equal(keygen_ed25519(&arena, "root@test", &one), 0);
	assert_int_equal(keygen_ed25519(&arena, "root@test", &two), 0);
	assert_string_not_equal(one.private_file.data, two.private_file.data);
	assert_string_not_equal(one.public_file.data, two.public_file.data);
	arena_release(&arena);
}

static void an_early_boot_is_waited_for_but_not_for_ever(void **state)
{
	struct arena arena = {0};
	struct generated_key made;

	(void)state;
	waited_ms = 0;
	calls_until_random = 20;
	assert_int_equal(keygen_ed25519(&arena, "root@test", &made), 0);
	assert_int_equal(waited_ms, 1000);
	waited_ms = 0;
	calls_until_random = 1000000;
	assert_int_equal(keygen_ed25519(&arena, "root@test", &made), -EAGAIN);
	assert_int_equal(waited_ms, KEYGEN_WAIT_SECONDS * 1000);
	waited_ms = 0;
	calls_until_random = 1;
	random_error = ENOSYS;
	assert_int_equal(keygen_ed25519(&arena, "root@test", &made), -ENOSYS);
	assert_int_equal(waited_ms, 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_those_of_ssh_keygen),
	    cmocka_unit_test(public_half_is_that_of_the_standard),
	    cmocka_unit_test(every_comment_makes_a_key_that_loads),
	    cmocka_unit_test(no_two_keys_are_alike),
	    cmocka_unit_test(an_early_boot_is_waited_for_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
