/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/pem_key.h"

#include <string.h>

#include "base/text.h"
#include "parse/big_number.h"
#include "parse/pem.h"

enum {
	RSA_MINIMUM_BITS = 1024, /* SSH_RSA_MINIMUM_MODULUS_SIZE */
};

/* --- DER ------------------------------------------------------------------------------------------------------ */

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_NULL = 0x05,
	TAG_IDENTIFIER = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_CONTEXT_0 = 0xa0,
	TAG_CONTEXT_1 = 0xa1,
};

static enum pem_reading take_length(struct wire *der, size_t *ret)
{
	unsigned char first, byte;
	size_t length = 0;

	if (wire_get_byte(der, &first))
		return READING_BAD;
	if (first < 0x80) {
		*ret = first;
		return READING_OK;
	}
	if (first == 0x80 || (first & 0x7f) > sizeof(length))
		return first == 0x80 ? READING_ODD : READING_BAD;
	for (unsigned i = 0; i < (first & 0x7fu); i++) {
		if (wire_get_byte(der, &byte))
			return READING_BAD;
		length = length << 8 | byte;
	}
	*ret = length;
	return READING_OK;
}

/* Takes one value with this tag off the front. */
static enum pem_reading take(struct wire *der, unsigned char tag, struct wire *ret)
{
	struct wire rest = *der;
	unsigned char found;
	size_t length;
	enum pem_reading reading;

	if (wire_get_byte(&rest, &found) || found != tag)
		return READING_BAD;
	reading = take_length(&rest, &length);
	if (reading != READING_OK)
		return reading;
	if (length > rest.size)
		return READING_BAD;
	*ret = (struct wire){.data = rest.data, .size = length};
	der->data = rest.data + length;
	der->size = rest.size - length;
	return READING_OK;
}

/* libcrypto takes the numbers of keys for positive, whatever their first bit says. */
static enum pem_reading take_number(struct wire *der, struct blob *ret)
{
	struct wire value = {0};
	enum pem_reading reading = take(der, TAG_INTEGER, &value);

	if (reading != READING_OK)
		return reading;
	if (value.size == 0)
		return READING_BAD;
	while (value.size && value.data[0] == 0) {
		value.data++;
		value.size--;
	}
	*ret = (struct blob){.data = (char *)(uintptr_t)value.data, .size = value.size};
	return READING_OK;
}

/* A small number that must have one of few values. */
static enum pem_reading take_version(struct wire *der, unsigned *ret)
{
	struct blob number = {0};
	enum pem_reading reading = take_number(der, &number);

	if (reading == READING_OK && number.size > 1)
		reading = READING_ODD;
	*ret = number.size == 1 ? (unsigned char)number.data[0] : 0;
	return reading;
}

static const struct ec_curve *curve_of(const struct wire *identifier)
{
	for (size_t i = 0; i < ARRAY_SIZE(ec_curves); i++) {
		if (identifier->size == ec_curves[i].identifier_size &&
		    memcmp(identifier->data, ec_curves[i].identifier, identifier->size) == 0)
			return &ec_curves[i];
	}
	return NULL;
}

static bool next_tag_is(const struct wire *der, unsigned char tag)
{
	return der->size && der->data[0] == tag;
}

/* --- the keys ------------------------------------------------------------------------------------------------- */

static void set_answer(struct private_key *key, enum key_answer loads, enum key_error error, const char *detail)
{
	key->loads = loads;
	key->error = error;
	key->detail = detail;
}

static void set_type(struct private_key *key, enum key_type type, const char *name, unsigned bits)
{
	key->half.type = type;
	key->half.type_name = name;
	key->half.bits = bits;
}

/* RSAPrivateKey: RFC 8017, A.1.2. */
static enum pem_reading read_rsa(struct wire der, struct private_key *key)
{
	struct rsa_numbers *rsa = &key->rsa;
	struct blob *numbers[] = {&rsa->n, &rsa->e, &rsa->d, &rsa->p, &rsa->q, &rsa->d_p, &rsa->d_q, &rsa->inverse};
	struct wire sequence = {0};
	unsigned version = 0;
	enum pem_reading reading = take(&der, TAG_SEQUENCE, &sequence);

	if (reading == READING_OK)
		reading = take_version(&sequence, &version);
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && reading == READING_OK; i++) {
		reading = take_number(&sequence, numbers[i]);
		/* What libcrypto makes of a zero differs between its versions. */
		if (reading == READING_OK && numbers[i]->size == 0)
			reading = READING_ODD;
	}
	if (reading != READING_OK)
		return reading;
	if (version != 0)
		return READING_ODD;
	if (sequence.size)
		return READING_BAD;
	set_type(key, KEY_TYPE_RSA, "ssh-rsa", (unsigned)bytes_bit_count(&rsa->n));
	key->half.n = rsa->n;
	key->half.e = rsa->e;
	if (key->half.bits > NUMBER_BITS)
		return READING_ODD;
	if (!(rsa->n.data[rsa->n.size - 1] & 1))
		set_answer(key, KEY_NO, KEY_ERROR_LIBCRYPTO, "modulus damaged");
	else if (key->half.bits < RSA_MINIMUM_BITS)
		set_answer(key, KEY_NO, KEY_ERROR_LENGTH, "shorter than sshd accepts");
	/* sshd reads such a key, and ends when it reads its own copy of it (accumulate_host_timing_secret). */
	key->fatal = bytes_bit_count(&rsa->p) == 1 || bytes_bit_count(&rsa->q) == 1;
	if (key->loads == KEY_YES && key->fatal)
		set_answer(key, KEY_NO, KEY_ERROR_LIBCRYPTO, "numbers damaged so that sshd ends at it");
	return READING_OK;
}

/* The traditional form of OpenSSL: version, p, q, g, public and private number. */
static enum pem_reading read_dsa(struct wire der, struct private_key *key)
{
	struct public_half *half = &key->half;
	struct blob secret;
	struct blob *numbers[] = {&half->p, &half->q, &half->g, &half->y, &secret};
	struct wire sequence = {0};
	unsigned version = 0;
	enum pem_reading reading = take(&der, TAG_SEQUENCE, &sequence);

	if (reading == READING_OK)
		reading = take_version(&sequence, &version);
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && reading == READING_OK; i++) {
		reading = take_number(&sequence, numbers[i]);
		if (reading == READING_OK && numbers[i]->size == 0)
			reading = READING_ODD;
	}
	if (reading != READING_OK)
		return reading;
	set_type(key, KEY_TYPE_DSA, "ssh-dss", (unsigned)bytes_bit_count(&half->p));
	return version != 0 || sequence.size ? READING_ODD : READING_OK;
}

/* [1] BIT STRING: the public half. */
static enum pem_reading take_point(struct wire *sequence, struct blob *ret)
{
	struct wire tagged = {0}, bits = {0};
	enum pem_reading reading = take(sequence, TAG_CONTEXT_1, &tagged);

	if (reading == READING_OK)
		reading = take(&tagged, 0x03, &bits);
	if (reading != READING_OK)
		return reading;
	if (bits.size < 2 || bits.data[0] != 0)
		return READING_ODD;
	*ret = (struct blob){.data = (char *)(uintptr_t)bits.data + 1, .size = bits.size - 1};
	return READING_OK;
}

static void judge_ec(struct private_key *key)
{
	const struct ec_curve *curve = key->half.curve;

	set_type(key, KEY_TYPE_ECDSA, curve->type_name, curve->bits);
	if (key->half.point.size && !ec_point_is_on_curve(curve, &key->half.point)) {
		/* Compressed points are fine, and not read here. */
		if (key->half.point.data[0] == 4)
			set_answer(key, KEY_NO, KEY_ERROR_LIBCRYPTO, "public half damaged");
		else
			set_answer(key, KEY_UNKNOWN, KEY_ERROR_NONE, "public half in a form that is not read here");
	} else if ((key->half.point.size && !ec_point_is_valid(curve, &key->half.point)) ||
		   !ec_private_is_valid(curve, &key->secret)) {
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "numbers damaged");
	} else if (!key->half.point.size) {
		set_answer(key, KEY_UNKNOWN, KEY_ERROR_NONE, "does not hold its public half");
	}
}

/* ECPrivateKey: RFC 5915. curve is what the PKCS#8 around it says, or NULL. */
static enum pem_reading read_ec(struct wire der, const struct ec_curve *curve, struct private_key *key)
{
	struct wire sequence = {0}, secret = {0}, tagged = {0}, identifier = {0};
	unsigned version = 0;
	enum pem_reading reading = take(&der, TAG_SEQUENCE, &sequence);

	if (reading == READING_OK)
		reading = take_version(&sequence, &version);
	if (reading == READING_OK)
		reading = take(&sequence, TAG_OCTETS, &secret);
	if (reading != READING_OK)
		return reading;
	if (next_tag_is(&sequence, TAG_CONTEXT_0)) {
		reading = take(&sequence, TAG_CONTEXT_0, &tagged);
		if (reading != READING_OK)
			return reading;
		if (take(&tagged, TAG_IDENTIFIER, &identifier) != READING_OK || tagged.size)
			return READING_ODD; /* explicit parameters, say */
		curve = curve_of(&identifier);
	}
	key->secret = (struct blob){.data = (char *)(uintptr_t)secret.data, .size = secret.size};
	key->half.curve = curve;
	if (next_tag_is(&sequence, TAG_CONTEXT_1)) {
		reading = take_point(&sequence, &key->half.point);
		if (reading != READING_OK)
			return reading;
	}
	if (version != 1 || secret.size == 0)
		return READING_ODD;
	if (sequence.size)
		return READING_BAD;
	if (curve)
		judge_ec(key);
	else
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "of a curve that SSH does not use");
	return READING_OK;
}

/* RFC 8410: the seed, once more in an OCTET STRING. */
static enum pem_reading read_ed25519(struct wire der, struct arena *arena, const struct key_rules *rules,
				     struct private_key *key)
{
	struct wire seed = {0};
	enum pem_reading reading = take(&der, TAG_OCTETS, &seed);
	unsigned char *secret;

	if (reading != READING_OK)
		return reading;
	if (seed.size != 32 || der.size)
		return READING_BAD;
	if (!rules->pem_ed25519) {
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "Ed25519 in PKCS#8, which this sshd does not read");
		return READING_OK;
	}
	secret = arena_alloc(arena, 64);
	memcpy(secret, seed.data, 32);
	ed25519_public_of_seed(secret, secret + 32);
	set_type(key, KEY_TYPE_ED25519, "ssh-ed25519", 256);
	key->secret = (struct blob){.data = (char *)secret, .size = 64};
	key->half.point = (struct blob){.data = (char *)secret + 32, .size = 32};
	return READING_OK;
}

static bool identifier_is(const struct wire *identifier, const char *bytes, size_t size)
{
	return identifier->size == size && memcmp(identifier->data, bytes, size) == 0;
}
#define IDENTIFIER_IS(identifier, bytes) identifier_is(identifier, bytes, sizeof(bytes) - 1)

static enum key_type algorithm_of(const struct wire *identifier)
{
	if (IDENTIFIER_IS(identifier, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"))
		return KEY_TYPE_RSA;
	if (IDENTIFIER_IS(identifier, "\x2b\x65\x70"))
		return KEY_TYPE_ED25519;
	if (IDENTIFIER_IS(identifier, "\x2a\x86\x48\xce\x3d\x02\x01"))
		return KEY_TYPE_ECDSA;
	return IDENTIFIER_IS(identifier, "\x2a\x86\x48\xce\x38\x04\x01") ? KEY_TYPE_DSA : KEY_TYPE_NONE;
}

/* The key inside a PrivateKeyInfo, by its algorithm. */
static enum pem_reading read_inner(enum key_type type, struct wire parameters, struct wire inner, struct arena *arena,
				   const struct key_rules *rules, struct private_key *key)
{
	struct wire curve = {0};

	switch (type) {
	case KEY_TYPE_RSA:
		return read_rsa(inner, key);
	case KEY_TYPE_ED25519:
		return read_ed25519(inner, arena, rules, key);
	case KEY_TYPE_ECDSA:
		if (take(&parameters, TAG_IDENTIFIER, &curve) != READING_OK)
			return READING_ODD;
		if (curve_of(&curve))
			return read_ec(inner, curve_of(&curve), key);
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "of a curve that SSH does not use");
		return READING_OK;
	case KEY_TYPE_DSA:
		if (rules->dsa)
			return READING_ODD;
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "DSA, which this sshd does not know");
		return READING_OK;
	default:
		set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "of a type that SSH does not use");
		return READING_OK;
	}
}

/* PrivateKeyInfo: RFC 5208. wanted is the type that the block's name promised, or KEY_TYPE_NONE. */
static enum pem_reading read_pkcs8(struct wire der, enum key_type wanted, struct arena *arena,
				   const struct key_rules *rules, struct private_key *key)
{
	struct wire sequence = {0}, algorithm = {0}, identifier = {0}, inner = {0};
	unsigned version = 0;
	enum pem_reading reading = take(&der, TAG_SEQUENCE, &sequence);

	if (reading == READING_OK)
		reading = take_version(&sequence, &version);
	if (reading == READING_OK)
		reading = take(&sequence, TAG_SEQUENCE, &algorithm);
	if (reading == READING_OK)
		reading = take(&algorithm, TAG_IDENTIFIER, &identifier);
	if (reading == READING_OK)
		reading = take(&sequence, TAG_OCTETS, &inner);
	if (reading != READING_OK)
		return reading;
	if (version != 0 || sequence.size)
		return READING_ODD; /* attributes */
	if (wanted != KEY_TYPE_NONE && algorithm_of(&identifier) != wanted)
		return READING_BAD;
	return read_inner(algorithm_of(&identifier), algorithm, inner, arena, rules, key);
}

/* The private key in a block, by its name; *ret_known is false for a block of something else. */
static enum pem_reading read_block(const struct pem_block *block, struct arena *arena, const struct key_rules *rules,
				   struct private_key *key, bool *ret_known)
{
	struct wire der = wire_of(&block->der);
	enum key_type type;
	enum pem_reading reading;

	*ret_known = true;
	if (string_equal(block->name, "ENCRYPTED PRIVATE KEY") || block->encrypted) {
		/* libcrypto 3 goes by the content, not by the name. */
		if (!block->encrypted && read_pkcs8(der, KEY_TYPE_NONE, arena, rules, key) != READING_BAD)
			return READING_ODD;
		key->encrypted = true;
		set_answer(key, KEY_NO, KEY_ERROR_PASSPHRASE,
			   "protected with a passphrase, which nobody can enter at boot");
		return READING_OK;
	}
	if (string_equal(block->name, "PRIVATE KEY"))
		return read_pkcs8(der, KEY_TYPE_NONE, arena, rules, key);
	if (string_equal(block->name, "RSA PRIVATE KEY")) {
		type = KEY_TYPE_RSA;
		reading = read_rsa(der, key);
	} else if (string_equal(block->name, "EC PRIVATE KEY")) {
		type = KEY_TYPE_ECDSA;
		reading = read_ec(der, NULL, key);
	} else if (string_equal(block->name, "DSA PRIVATE KEY")) {
		type = KEY_TYPE_DSA;
		reading = read_dsa(der, key);
		if (reading == READING_OK && !rules->dsa)
			set_answer(key, KEY_NO, KEY_ERROR_INVALID_FORMAT, "DSA, which this sshd does not know");
	} else {
		*ret_known = false;
		return READING_OK;
	}
	/* libcrypto then tries PKCS#8 under the same name. */
	return reading == READING_BAD ? read_pkcs8(der, type, arena, rules, key) : reading;
}

static bool may_be_a_private_key(const char *name)
{
	return string_ends_with(name, "PRIVATE KEY") && !string_equal(name, "OPENSSH PRIVATE KEY");
}

/* Whether versions of libcrypto differ in whether they find the first block: some see through a byte order mark. */
static bool begins_oddly(const struct blob *content)
{
	return content->size > 3 && memcmp(content->data, "\xef\xbb\xbf", 3) == 0 &&
	       memmem(content->data, content->size, " PRIVATE KEY-----", 17);
}

bool pem_key_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		  struct private_key *ret)
{
	bool broken_before = false, known;
	struct pem_block block;
	size_t offset = 0;
	enum pem_reading reading;

	while (pem_next_block(content, &offset, arena, &block, &reading)) {
		memset(ret, 0, sizeof(*ret));
		ret->loads = KEY_YES;
		if (reading == READING_OK) {
			reading = read_block(&block, arena, rules, ret, &known);
			if (!known)
				continue;
		} else if (!may_be_a_private_key(block.name)) {
			broken_before = true;
			continue;
		}
		/* Some versions of libcrypto stop at the first broken block, whatever it holds. */
		if (broken_before || begins_oddly(content))
			reading = READING_ODD;
		if (reading == READING_BAD)
			set_answer(ret, KEY_NO, KEY_ERROR_INVALID_FORMAT, "damaged or cut off");
		else if (reading == READING_ODD)
			set_answer(ret, KEY_UNKNOWN, KEY_ERROR_NONE, "in a form that is not read here");
		return true;
	}
	if (!begins_oddly(content))
		return false;
	memset(ret, 0, sizeof(*ret));
	set_answer(ret, KEY_UNKNOWN, KEY_ERROR_NONE, "in a form that is not read here");
	return true;
}
