/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private and public key files, good and damaged, with the answers that sshd of Debian 11 to 13 gives. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_key_vectors.h"
#include "parse/base64.h"
#include "parse/big_number.h"
#include "parse/key_pair.h"
#include "parse/openssh_key.h"

static const struct key_rules rules = {.dsa = true, .security_keys = true, .pem_ed25519 = true};

struct fixture {
	struct arena arena;
	struct private_key key;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	arena_release(&fixture->arena);
	free(fixture);
	return 0;
}

static struct blob blob_of(const char *text)
{
	return (struct blob){.data = (char *)(uintptr_t)text, .size = strlen(text)};
}

static struct private_key *read_blob(struct fixture *fixture, struct blob content)
{
	private_key_read(&content, &fixture->arena, &rules, &fixture->key);
	return &fixture->key;
}

static struct private_key *read_text(struct fixture *fixture, const char *text)
{
	return read_blob(fixture, blob_of(text));
}

static void assert_loads(const struct private_key *key, enum key_type type, unsigned bits)
{
	assert_int_equal(key->loads, KEY_YES);
	assert_int_equal(key->half.type, type);
	assert_int_equal(key->half.bits, bits);
	assert_null(key->detail);
}

static void assert_refused(const struct private_key *key, enum key_error error)
{
	assert_int_equal(key->loads, KEY_NO);
	assert_string_equal(key_error_text(key->error), key_error_text(error));
	assert_non_null(key->detail);
}

/* The decoded openssh-key-v1 of a text, to be damaged and written again. */
static struct blob decode(struct fixture *fixture, const char *text)
{
	const char *start = strchr(text, '\n') + 1, *end = strstr(start, "-----END");
	struct blob ret;

	assert_true(base64_decode(&fixture->arena, start, (size_t)(end - start), BASE64_STRICT, &ret));
	return ret;
}

static struct blob encode(struct fixture *fixture, const char *name, const struct blob *data)
{
	struct text text = {.arena = &fixture->arena};

	text_printf(&text, "-----BEGIN %s-----\n", name);
	base64_encode(&text, data->data, data->size, 64);
	text_printf(&text, "-----END %s-----\n", name);
	return (struct blob){.data = text.data, .size = text.size};
}

static struct private_key *read_data(struct fixture *fixture, const struct blob *data)
{
	return read_blob(fixture, encode(fixture, "OPENSSH PRIVATE KEY", data));
}

/* A text with one occurrence of a word replaced. */
static char *with(struct fixture *fixture, const char *text, const char *word, const char *other)
{
	const char *at = strstr(text, word);

	assert_non_null(at);
	return arena_printf(&fixture->arena, "%.*s%s%s", (int)(at - text), text, other, at + strlen(word));
}

static char *crlf(struct fixture *fixture, const char *text)
{
	struct text out = {.arena = &fixture->arena};

	for (; *text; text++)
		text_add(&out, *text == '\n' ? "\r\n" : text, *text == '\n' ? 2 : 1);
	return out.data;
}

/* --- good keys ------------------------------------------------------------------------------------------------ */

static void good_keys_load(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *text;
		enum key_type type;
		unsigned bits;
		const char *name;
		enum key_answer match;
	} keys[] = {
	    {key_ed, KEY_TYPE_ED25519, 256, "ssh-ed25519", KEY_YES},
	    {key_ed_p8, KEY_TYPE_ED25519, 256, "ssh-ed25519", KEY_YES},
	    {key_rsa, KEY_TYPE_RSA, 1024, "ssh-rsa", KEY_YES},
	    {key_rsa_pem, KEY_TYPE_RSA, 1024, "ssh-rsa", KEY_YES},
	    {key_ec256, KEY_TYPE_ECDSA, 256, "ecdsa-sha2-nistp256", KEY_YES},
	    {key_ec256_pem, KEY_TYPE_ECDSA, 256, "ecdsa-sha2-nistp256", KEY_YES},
	    {key_ec384_p8, KEY_TYPE_ECDSA, 384, "ecdsa-sha2-nistp384", KEY_YES},
	    {key_ec521, KEY_TYPE_ECDSA, 521, "ecdsa-sha2-nistp521", KEY_YES},
	    {key_dsa, KEY_TYPE_DSA, 1024, "ssh-dss", KEY_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct private_key *key = read_text(fixture, keys[i].text);

		assert_loads(key, keys[i].type, keys[i].bits);
		assert_string_equal(key->half.type_name, keys[i].name);
		assert_int_equal(private_key_halves_match(key), keys[i].match);
	}
	assert_string_equal(read_text(fixture, key_ed)->comment, "root@test");
}

static void public_halves_are_those_of_the_pub_files(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *private, *public;
	} keys[] = {
	    {key_ed, key_ed_pub},	{key_rsa, key_rsa_pub},		{key_rsa_pem, key_rsa_pub},
	    {key_ec256, key_ec256_pub}, {key_ec256_pem, key_ec256_pub},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct private_key *key = read_text(fixture, keys[i].private);
		struct blob content = blob_of(keys[i].public), written;
		struct public_line line;

		assert_true(public_line_read(&content, &fixture->arena, &rules, &line));
		assert_true(public_half_equal(&line.half, &key->half));
		assert_string_equal(line.comment, "root@test");
		written = public_half_write(&fixture->arena, &key->half);
		assert_true(blob_equal(&written, &line.blob));
	}
}

/* --- the text ------------------------------------------------------------------------------------------------- */

static void sshd_is_strict_about_the_lines_around_its_own_format(void **state)
{
	struct fixture *fixture = *state;
	const char *bad[] = {
	    crlf(fixture, key_ed),
	    with(fixture, key_ed, "KEY-----\n", "KEY-----\r\n"),
	    arena_printf(&fixture->arena, "%.*s", (int)strlen(key_ed) - 1, key_ed),
	    arena_printf(&fixture->arena, "\n%s", key_ed),
	    arena_printf(&fixture->arena, "\xef\xbb\xbf%s", key_ed),
	    with(fixture, key_ed, "-----END OPENSSH PRIVATE KEY-----\n", "-----END OPENSSH PRIVATE KEY-----  \n"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct blob content = blob_of(bad[i]), mended;

		if (string_after(bad[i], "\xef"))
			assert_int_not_equal(read_text(fixture, bad[i])->loads, KEY_YES);
		else
			assert_refused(read_text(fixture, bad[i]), KEY_ERROR_LIBCRYPTO);
		assert_true(private_key_mend_text(&content, &fixture->arena, &rules, &mended));
		assert_string_equal(mended.data, key_ed);
	}
}

static void sshd_is_lenient_inside_its_own_format(void **state)
{
	struct fixture *fixture = *state;
	char *text = with(fixture, key_ed, "AECAwQ=\n", "AECAwQ=!rubbish\n");

	assert_loads(read_text(fixture, arena_printf(&fixture->arena, "%sand more\n", key_ed)), KEY_TYPE_ED25519, 256);
	assert_loads(read_text(fixture, with(fixture, key_ed, "b3Bl", " b\t3B\r\n\nl")), KEY_TYPE_ED25519, 256);
	assert_refused(read_text(fixture, text), KEY_ERROR_LIBCRYPTO);
	/* A NUL ends the base64 text. */
	*strchr(text, '!') = '\0';
	assert_loads(read_blob(fixture, (struct blob){.data = text, .size = strlen(key_ed) + 8}), KEY_TYPE_ED25519,
		     256);
}

static void pem_may_be_dressed_otherwise(void **state)
{
	struct fixture *fixture = *state;
	const char *good[] = {
	    crlf(fixture, key_rsa_pem),
	    arena_printf(&fixture->arena, "%.*s", (int)strlen(key_rsa_pem) - 1, key_rsa_pem),
	    arena_printf(&fixture->arena, "my key:\n\n%s", key_rsa_pem),
	    arena_printf(&fixture->arena, "-----BEGIN X-----\nAAAA\n-----END X-----\n%s", key_rsa_pem),
	    arena_printf(&fixture->arena, "%sand more", key_rsa_pem),
	    with(fixture, key_rsa_pem, "KEY-----\n", "KEY-----\n\n"),
	};
	const char *bad[] = {
	    with(fixture, key_rsa_pem, "-----END RSA", "-----END DSA"),
	    with(fixture, key_rsa_pem, "-----END", "-----FIN"),
	    with(fixture, key_rsa_pem, "MII", "M*I"),
	    with(fixture, key_rsa_pem, "MII", "# key\nMII"),
	    with(fixture, key_rsa_pem, "-----END", "\n-----END"),
	    with(fixture, key_ec384_p8, "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_loads(read_text(fixture, good[i]), KEY_TYPE_RSA, 1024);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(read_text(fixture, bad[i]), KEY_ERROR_LIBCRYPTO);
}

static char *pem_called(struct fixture *fixture, const char *text, const char *name, const char *other)
{
	char *changed = with(fixture, text, arena_printf(&fixture->arena, "BEGIN %s", name),
			     arena_printf(&fixture->arena, "BEGIN %s", other));

	return with(fixture, changed, arena_printf(&fixture->arena, "END %s", name),
		    arena_printf(&fixture->arena, "END %s", other));
}

/* Where versions of libcrypto or machines differ, nothing is claimed. */
static void what_libcrypto_may_take_is_not_judged(void **state)
{
	struct fixture *fixture = *state;
	const char *odd[] = {
	    arena_printf(&fixture->arena, "\xef\xbb\xbf%s", key_rsa_pem),
	    arena_printf(&fixture->arena, "-----BEGIN X-----\nA*A\n-----END X-----\n%s", key_rsa_pem),
	    pem_called(fixture, key_ec384_p8, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
	    with(fixture, key_rsa_pem, "\n-----END", "\x85\n-----END"),
	    arena_printf(&fixture->arena, "%.*s\xd8", (int)strlen(key_rsa_pem) - 1, key_rsa_pem),
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_int_equal(read_text(fixture, odd[i])->loads, KEY_UNKNOWN);
	assert_loads(read_text(fixture, pem_called(fixture, key_ec384_p8, "PRIVATE KEY", "EC PRIVATE KEY")),
		     KEY_TYPE_ECDSA, 384);
}

static void rubbish_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static char zeros[5000];

	assert_refused(read_text(fixture, ""), KEY_ERROR_LIBCRYPTO);
	assert_refused(read_text(fixture, "this is no key\n"), KEY_ERROR_LIBCRYPTO);
	assert_refused(read_text(fixture, key_ed_pub), KEY_ERROR_LIBCRYPTO);
	assert_refused(read_blob(fixture, (struct blob){.data = zeros, .size = sizeof(zeros) - 1}),
		       KEY_ERROR_LIBCRYPTO);
	for (size_t size = 0; size < strlen(key_ed); size++)
		assert_refused(read_text(fixture, arena_printf(&fixture->arena, "%.*s", (int)size, key_ed)),
			       KEY_ERROR_LIBCRYPTO);
	for (size_t size = 0; size < strlen(key_rsa_pem) - 1; size++)
		assert_refused(read_text(fixture, arena_printf(&fixture->arena, "%.*s", (int)size, key_rsa_pem)),
			       KEY_ERROR_LIBCRYPTO);
}

static void a_passphrase_keeps_sshd_out(void **state)
{
	struct fixture *fixture = *state;
	const char *pem =
	    with(fixture, key_rsa_pem, "KEY-----\n",
		 "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n");

	assert_refused(read_text(fixture, key_ed_enc), KEY_ERROR_PASSPHRASE);
	assert_true(fixture->key.encrypted);
	assert_int_equal(fixture->key.half.type, KEY_TYPE_ED25519);
	assert_refused(read_text(fixture, pem), KEY_ERROR_PASSPHRASE);
	assert_true(fixture->key.encrypted);
}

/* --- the data ------------------------------------------------------------------------------------------------- */

static void cut_off_data_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const char *const keys[] = {key_ed, key_rsa, key_ec256, key_dsa};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct blob data = decode(fixture, keys[i]);

		assert_int_equal(read_data(fixture, &data)->loads, KEY_YES);
		for (data.size--; data.size > 0; data.size--)
			assert_int_equal(read_data(fixture, &data)->loads, KEY_NO);
	}
}

/* Every bit counts but for those of the comment, whose length may swallow the padding. */
static void no_flipped_bit_leaves_a_good_key(void **state)
{
	struct fixture *fixture = *state;
	struct blob data = decode(fixture, key_ed);
	const char *comment = memmem(data.data, data.size, "root@test", 9);

	for (size_t i = 0; i < data.size * 8; i++) {
		char *byte = &data.data[i / 8];

		*byte = (char)(*byte ^ 1 << i % 8);
		read_data(fixture, &data);
		if (fixture->key.loads == KEY_YES && !(byte >= comment - 4 && byte < comment + 9))
			assert_int_equal(private_key_halves_match(&fixture->key), KEY_NO);
		*byte = (char)(*byte ^ 1 << i % 8);
	}
}

/* Replaces bytes of a decoded key wherever they stand. */
static struct blob replaced(struct fixture *fixture, const char *text, const char *bytes, const char *others,
			    size_t size)
{
	struct blob data = decode(fixture, text);
	char *at = data.data;
	bool found = false;

	while ((at = memmem(at, data.size - (size_t)(at - data.data), bytes, size)) != NULL) {
		memcpy(at, others, size);
		at += size;
		found = true;
	}
	assert_true(found);
	return data;
}

static void damages_have_names(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *key, *bytes, *others;
		size_t size;
		enum key_error error;
	} damages[] = {
	    {key_ed, "ssh-ed25519", "ssh-unknown", 11, KEY_ERROR_TYPE_UNKNOWN},
	    {key_ed, "\0\0\0\4none\0\0\0\4none", "\0\0\0\4rot1\0\0\0\4none", 16, KEY_ERROR_CIPHER_UNKNOWN},
	    {key_ed, "\0\0\0\4none\0\0\0\4none", "\0\0\0\4none\0\0\0\4md5x", 16, KEY_ERROR_CIPHER_UNKNOWN},
	    {key_ed, "\0\0\0\1\0\0\0\x33", "\0\0\0\2\0\0\0\x33", 8, KEY_ERROR_LIBCRYPTO},
	    {key_ed, "\0\0\0\1\0\0\0\x33", "\0\0\0\1\xff\xff\xff\xff", 8, KEY_ERROR_STRING_TOO_LARGE},
	    {key_ed, "\0\0\0\1\0\0\0\x33", "\0\0\0\1\0\1\0\0", 8, KEY_ERROR_INCOMPLETE},
	    {key_ed, "\1\2\3\4", "\1\2\3\5", 4, KEY_ERROR_LIBCRYPTO},
	    {key_ed, "\0\0\0\x20", "\0\0\0\x1f", 4, KEY_ERROR_LIBCRYPTO},
	    {key_ec256, "nistp256\0\0\0\x41", "nistp257\0\0\0\x41", 12, KEY_ERROR_CURVE_MISMATCH},
	    {key_ec256, "nistp256\0\0\0\x41\4", "nistp256\0\0\0\x41\5", 13, KEY_ERROR_LIBCRYPTO},
	    {key_rsa, "\0\0\0\3\1\0\1", "\0\0\0\3\x81\0\1", 7, KEY_ERROR_LIBCRYPTO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct blob data =
		    replaced(fixture, damages[i].key, damages[i].bytes, damages[i].others, damages[i].size);

		assert_refused(read_data(fixture, &data), damages[i].error);
		assert_int_equal(fixture->key.foreign_type, damages[i].error == KEY_ERROR_TYPE_UNKNOWN);
	}
}

/* A secret half of another key behind a public half that both copies agree on: sshd loads it. */
static void halves_that_do_not_match_load(void **state)
{
	struct fixture *fixture = *state;
	const char *const keys[] = {key_rsa, key_ec256, key_ec521};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct private_key *key = read_text(fixture, keys[i]);
		const struct blob *secret = i == 0 ? &key->rsa.d : &key->secret;

		secret->data[secret->size - 1] ^= 2;
		assert_int_equal(private_key_halves_match(key), KEY_NO);
		secret->data[secret->size - 1] ^= 2;
		assert_int_equal(private_key_halves_match(key), KEY_YES);
	}
}

/* libcrypto signs with the remainders, and with d only where that does not verify. */
static void one_of_two_ways_to_sign_is_enough(void **state)
{
	struct fixture *fixture = *state;
	const struct private_key *key = read_text(fixture, key_rsa_pem);
	const struct rsa_numbers *rsa = &key->rsa;

	rsa->d.data[rsa->d.size - 1] ^= 2;
	assert_int_equal(private_key_halves_match(key), KEY_YES);
	rsa->d_p.data[rsa->d_p.size - 1] ^= 2;
	assert_int_equal(private_key_halves_match(key), KEY_NO);
	rsa->d.data[rsa->d.size - 1] ^= 2;
	assert_int_equal(private_key_halves_match(key), KEY_YES);
	rsa->p.data[0] ^= 1;
	assert_int_equal(private_key_halves_match(key), KEY_UNKNOWN);
}

static void put_integer(struct text *der, const struct blob *number)
{
	unsigned char header[] = {2, 0x82, (unsigned char)((number->size + 1) >> 8), (unsigned char)(number->size + 1),
				  0};

	text_add(der, header, sizeof(header));
	text_add(der, number->data, number->size);
}

/* The one key that sshd, having read it, cannot read again. */
static void a_prime_of_one_ends_sshd(void **state)
{
	struct fixture *fixture = *state;
	struct rsa_numbers rsa = read_text(fixture, key_rsa_pem)->rsa;
	struct blob one = {.data = (char *)(uintptr_t) "\1", .size = 1};
	const struct blob *numbers[] = {&rsa.n, &rsa.e, &rsa.d, &one, &rsa.q, &rsa.d_p, &rsa.d_q, &rsa.inverse};
	struct text body = {.arena = &fixture->arena}, der = {.arena = &fixture->arena};
	unsigned char header[] = {0x30, 0x82, 0, 0};
	struct blob data;

	text_add(&body, "\2\1\0", 3);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		put_integer(&body, numbers[i]);
	header[2] = (unsigned char)(body.size >> 8);
	header[3] = (unsigned char)body.size;
	text_add(&der, header, sizeof(header));
	text_add(&der, body.data, body.size);
	data = (struct blob){.data = der.data, .size = der.size};
	assert_refused(read_blob(fixture, encode(fixture, "RSA PRIVATE KEY", &data)), KEY_ERROR_LIBCRYPTO);
	assert_true(fixture->key.fatal);
}

static void versions_know_different_types(void **state)
{
	struct fixture *fixture = *state;
	struct key_rules old = {0};
	struct blob dsa = blob_of(key_dsa), ed25519 = blob_of(key_ed_p8);

	private_key_read(&dsa, &fixture->arena, &old, &fixture->key);
	assert_refused(&fixture->key, KEY_ERROR_TYPE_UNKNOWN);
	assert_true(fixture->key.foreign_type);
	private_key_read(&ed25519, &fixture->arena, &old, &fixture->key);
	assert_refused(&fixture->key, KEY_ERROR_INVALID_FORMAT);
}

/* --- numbers -------------------------------------------------------------------------------------------------- */

static struct number small(uint64_t value)
{
	unsigned char bytes[8];
	struct number ret;
	struct blob blob = {.data = (char *)bytes, .size = sizeof(bytes)};

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
	assert_true(number_from_bytes(&ret, &blob));
	return ret;
}

static void small_numbers_are_reckoned_rightly(void **state)
{
	static const uint64_t values[] = {0, 1, 2, 3, 255, 256, 65535, 65537, 0x7fffffff, 0xfffffffe, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			struct number a = small(values[i]), b = small(values[j]),
				      product = small(values[i] * values[j]), ret;

			assert_true(number_is_product(&product, &a, &b));
			assert_int_equal(number_compare(&a, &b), values[i] < values[j] ? -1 : values[i] > values[j]);
			for (size_t k = 1; k < ARRAY_SIZE(values); k++) {
				struct number modulus = small(values[k]),
					      wanted = small(values[i] * values[j] % values[k]);

				number_multiply_modulo(&ret, &a, &b, &modulus);
				assert_int_equal(number_compare(&ret, &wanted), 0);
			}
		}
	}
}

static void number_of(struct number *ret, const unsigned char *bytes, size_t size)
{
	struct blob blob = {.data = (char *)(uintptr_t)bytes, .size = size};

	assert_true(number_from_bytes(ret, &blob));
}

/* Fermat: 3 to the power of a prime is 3 again, modulo that prime. It takes every path of the division. */
static void large_numbers_are_reckoned_rightly(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ec_curves); i++) {
		const unsigned char *const primes[] = {ec_curves[i].prime, ec_curves[i].order};

		for (size_t j = 0; j < ARRAY_SIZE(primes); j++) {
			struct number prime, power = small(1), three = small(3);

			number_of(&prime, primes[j], ec_curves[i].size);
			for (size_t bit = number_bit_count(&prime); bit-- > 0;) {
				number_multiply_modulo(&power, &power, &power, &prime);
				if (number_bit(&prime, bit))
					number_multiply_modulo(&power, &power, &three, &prime);
			}
			assert_int_equal(number_compare(&power, &three), 0);
		}
	}
}

static void numbers_have_a_limit(void **state)
{
	static char bytes[NUMBER_BITS / 8 + 1];
	struct blob blob = {.data = bytes, .size = sizeof(bytes)};
	struct number number;

	(void)state;
	assert_true(number_from_bytes(&number, &blob));
	assert_true(number_is_zero(&number));
	bytes[0] = 1;
	assert_false(number_from_bytes(&number, &blob));
	assert_int_equal(bytes_bit_count(&blob), NUMBER_BITS + 1);
	blob.size--;
	assert_true(number_from_bytes(&number, &blob));
	assert_int_equal(number_bit_count(&number), NUMBER_BITS - 7);
}

static void points_off_the_curve_are_seen(void **state)
{
	struct fixture *fixture = *state;
	const char *const keys[] = {key_ec256, key_ec384_p8, key_ec521};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct public_half *half = &read_text(fixture, keys[i])->half;

		assert_true(ec_point_is_on_curve(half->curve, &half->point));
		assert_true(ec_point_is_valid(half->curve, &half->point));
		half->point.data[half->point.size - 1] ^= 1;
		assert_false(ec_point_is_on_curve(half->curve, &half->point));
	}
}

/* --- base64 --------------------------------------------------------------------------------------------------- */

static void base64_goes_both_ways(void **state)
{
	struct fixture *fixture = *state;
	char bytes[64];

	for (size_t size = 0; size < sizeof(bytes); size++) {
		struct text text = {.arena = &fixture->arena};
		struct blob ret;

		bytes[size] = (char)(size * 37 + 200);
		text_add(&text, "", 0);
		base64_encode(&text, bytes, size, 10);
		assert_true(base64_decode(&fixture->arena, text.data, text.size, BASE64_STRICT, &ret));
		assert_int_equal(ret.size, size);
		assert_memory_equal(ret.data, bytes, size);
	}
}

static void base64_is_refused_where_b64_pton_refuses_it(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *text;
		bool strict, lenient;
	} texts[] = {
	    {"", true, true},		{"QUJD", true, true},	     {"QUI=", true, true},
	    {"QQ==", true, true},	{" Q Q\t= =\n", true, true}, {"QUJ=", false, true},
	    {"QR==", false, true},	{"QQ=", false, false},	     {"QQ", false, false},
	    {"Q", false, false},	{"Q===", false, false},	     {"=", false, false},
	    {"QQ==QQ==", false, false}, {"QQ=Q", false, false},	     {"QUJ*", false, false},
	    {"QUJDQ-==", false, false}, {"QUJD====", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct blob ret;

		assert_int_equal(
		    base64_decode(&fixture->arena, texts[i].text, strlen(texts[i].text), BASE64_STRICT, &ret),
		    texts[i].strict);
		assert_int_equal(
		    base64_decode(&fixture->arena, texts[i].text, strlen(texts[i].text), BASE64_LENIENT, &ret),
		    texts[i].lenient);
	}
}

/* --- .pub files ----------------------------------------------------------------------------------------------- */

static bool read_public(struct fixture *fixture, const char *text, struct public_line *ret)
{
	struct blob content = blob_of(text);

	return public_line_read(&content, &fixture->arena, &rules, ret);
}

static void public_lines_are_found(void **state)
{
	struct fixture *fixture = *state;
	struct public_line line;
	char *bare = arena_printf(&fixture->arena, "%.*s", (int)(strrchr(key_ed_pub, ' ') - key_ed_pub), key_ed_pub);

	assert_true(read_public(fixture, bare, &line));
	assert_string_equal(line.comment, "");
	assert_true(read_public(fixture, arena_printf(&fixture->arena, "# x\n\nrubbish\n \t%s", key_ed_pub), &line));
	assert_string_equal(line.comment, "root@test");
	assert_true(read_public(fixture, crlf(fixture, key_rsa_pub), &line));
	assert_string_equal(line.comment, "root@test");
	assert_true(read_public(fixture, arena_printf(&fixture->arena, "%s\r\n", bare), &line));

	assert_false(read_public(fixture, "", &line));
	assert_false(read_public(fixture, "ssh-ed25519\n", &line));
	assert_false(read_public(fixture, "ssh-ed25519 \n", &line));
	assert_false(read_public(fixture, key_ed, &line));
	assert_false(read_public(fixture, with(fixture, key_ed_pub, "ssh-ed25519 ", "ssh-rsa "), &line));
	assert_false(read_public(fixture, with(fixture, key_ed_pub, "AAAAC3", "AAAAC4"), &line));
	assert_false(read_public(fixture, arena_printf(&fixture->arena, "%.40s\n", key_ed_pub), &line));
}

static void rsa_secret_exponents(void **state)
{
	struct rsa_numbers rsa = {
	    .n = {.data = "\x21", .size = 1}, /* 3 times 11 */
	    .e = {.data = "\x03", .size = 1},
	    .p = {.data = "\x03", .size = 1},
	    .q = {.data = "\x0b", .size = 1},
	};

	(void)state;
	rsa.d = (struct blob){.data = "\x07", .size = 1};
	assert_int_equal(rsa_halves_match(&rsa), KEY_YES);
	rsa.d = (struct blob){.data = "\x1b", .size = 1};
	assert_int_equal(rsa_halves_match(&rsa), KEY_YES);
	rsa.d = (struct blob){.data = "\x09", .size = 1};
	assert_int_equal(rsa_halves_match(&rsa), KEY_NO);
	/* A signature by it would be good, but OpenSSL 3.5 makes none. */
	rsa.d = (struct blob){.data = "\x2f", .size = 1};
	assert_int_equal(rsa_halves_match(&rsa), KEY_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(rsa_secret_exponents),
	    TEST(good_keys_load),
	    TEST(public_halves_are_those_of_the_pub_files),
	    TEST(sshd_is_strict_about_the_lines_around_its_own_format),
	    TEST(sshd_is_lenient_inside_its_own_format),
	    TEST(pem_may_be_dressed_otherwise),
	    TEST(what_libcrypto_may_take_is_not_judged),
	    TEST(rubbish_is_refused),
	    TEST(a_passphrase_keeps_sshd_out),
	    TEST(cut_off_data_is_refused),
	    TEST(no_flipped_bit_leaves_a_good_key),
	    TEST(damages_have_names),
	    TEST(halves_that_do_not_match_load),
	    TEST(one_of_two_ways_to_sign_is_enough),
	    TEST(a_prime_of_one_ends_sshd),
	    TEST(versions_know_different_types),
	    TEST(small_numbers_are_reckoned_rightly),
	    TEST(large_numbers_are_reckoned_rightly),
	    TEST(numbers_have_a_limit),
	    TEST(points_off_the_curve_are_seen),
	    TEST(base64_goes_both_ways),
	    TEST(base64_is_refused_where_b64_pton_refuses_it),
	    TEST(public_lines_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
