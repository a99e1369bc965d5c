/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/openssh_key.h"

#include <string.h>

#include "base/ctype.h"
#include "parse/base64.h"
#include "parse/big_number.h"
#include "parse/pem_key.h"

/* sshkey.c; the newlines belong to them */
#define BEGIN_LINE "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END_LINE "-----END OPENSSH PRIVATE KEY-----\n"
#define MAGIC "openssh-key-v1"

enum {
	CIPHER_NONE_BLOCK = 8,
	RSA_MINIMUM_BITS = 1024, /* SSH_RSA_MINIMUM_MODULUS_SIZE */
};

static void refuse(struct private_key *key, enum key_error error, const char *detail)
{
	key->loads = KEY_NO;
	key->error = error;
	key->detail = detail;
}

static void give_up(struct private_key *key, const char *detail)
{
	key->loads = KEY_UNKNOWN;
	key->detail = detail;
}

/* --- the text around it (private2_uudecode of sshkey.c) ------------------------------------------------------- */

static bool starts_with(const char *data, size_t size, const char *prefix)
{
	return size >= strlen(prefix) && memcmp(data, prefix, strlen(prefix)) == 0;
}

/* The base64 text between the two lines; NULL and why not. */
static const char *armour_error(const struct blob *content, struct blob *ret)
{
	static const char begin[] = BEGIN_LINE, end[] = END_LINE;
	const char *data = content->data;
	size_t size = content->size, skip = sizeof(begin) - 1;

	if (!starts_with(data, size, begin))
		return "does not begin as a key does";
	for (size_t at = skip; at < size; at++) {
		if (data[at] == '\n' && starts_with(data + at + 1, size - at - 1, end)) {
			*ret = (struct blob){.data = content->data + skip, .size = at + 1 - skip};
			return NULL;
		}
	}
	return "no END line";
}

/* Only CR and LF are dropped here; what base64 calls white space is left to it. */
static struct blob without_line_ends(struct arena *arena, const struct blob *text)
{
	struct blob ret = {.data = arena_alloc(arena, text->size + 1)};

	for (size_t i = 0; i < text->size; i++) {
		if (text->data[i] != '\n' && text->data[i] != '\r')
			ret.data[ret.size++] = text->data[i];
	}
	return ret;
}

/* --- the envelope (private2_decrypt) -------------------------------------------------------------------------- */

static bool cipher_is_known(const char *name)
{
	static const char *const names[] = {
	    "none",
	    "3des-cbc",
	    "aes128-cbc",
	    "aes192-cbc",
	    "aes256-cbc",
	    "rijndael-cbc@lysator.liu.se",
	    "aes128-ctr",
	    "aes192-ctr",
	    "aes256-ctr",
	    "aes128-gcm@openssh.com",
	    "aes256-gcm@openssh.com",
	    "chacha20-poly1305@openssh.com",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal(name, names[i]))
			return true;
	}
	return false;
}

/* A type of key that a newer or differently built sshd may have, or that is spelled as only sshd's own tools accept. */
static bool read_public(struct private_key *key, struct blob *blob, struct arena *arena, const struct key_rules *rules)
{
	enum key_error error = public_half_read(blob, arena, rules, &key->half);

	if (error == KEY_ERROR_TYPE_UNKNOWN) {
		key->foreign_type = true;
		refuse(key, error,
		       arena_printf(arena, "of type %s, which this sshd does not know", key->half.type_name));
	} else if (error) {
		refuse(key, error, "public half damaged");
	} else if (key->half.type == KEY_TYPE_CERTIFICATE) {
		give_up(key, "holds a certificate");
	}
	return key->loads == KEY_YES;
}

static const char encrypted_detail[] = "protected with a passphrase, which nobody can enter at boot";

/* Everything up to the secret part, which is left in *ret. */
static bool read_envelope(struct private_key *key, struct wire *wire, struct arena *arena,
			  const struct key_rules *rules, struct wire *ret)
{
	const char *cipher, *derivation;
	struct blob derivation_options, blob;
	uint32_t count, secret_size;
	enum key_error error;

	if ((error = wire_get_text(wire, arena, &cipher)) || (error = wire_get_text(wire, arena, &derivation)) ||
	    (error = wire_get_string(wire, &derivation_options)) || (error = wire_get_u32(wire, &count))) {
		refuse(key, error, "header damaged");
		return false;
	}
	if (count != 1) {
		refuse(key, KEY_ERROR_INVALID_FORMAT, "does not hold exactly one key");
		return false;
	}
	if ((error = wire_get_string(wire, &blob))) {
		refuse(key, error, "public half damaged");
		return false;
	}
	if (!read_public(key, &blob, arena, rules))
		return false;
	if ((error = wire_get_u32(wire, &secret_size)))
		refuse(key, error, "cut off");
	else if (!cipher_is_known(cipher) || (!string_equal(derivation, "none") && !string_equal(derivation, "bcrypt")))
		refuse(key, KEY_ERROR_CIPHER_UNKNOWN, "header damaged");
	else if (string_equal(derivation, "none") && !string_equal(cipher, "none"))
		refuse(key, KEY_ERROR_INVALID_FORMAT, "header damaged");
	else if (!string_equal(derivation, "none"))
		refuse(key, KEY_ERROR_PASSPHRASE, encrypted_detail);
	else if (secret_size < CIPHER_NONE_BLOCK || secret_size % CIPHER_NONE_BLOCK != 0)
		refuse(key, KEY_ERROR_INVALID_FORMAT, "length of the secret part wrong");
	else if (wire->size < secret_size)
		refuse(key, KEY_ERROR_INVALID_FORMAT, "cut off");
	else if (wire->size > secret_size)
		refuse(key, KEY_ERROR_INVALID_FORMAT, "something behind the secret part");
	key->encrypted = key->error == KEY_ERROR_PASSPHRASE;
	*ret = *wire;
	return key->loads == KEY_YES;
}

/* --- the secret part (sshkey_private_deserialize) ------------------------------------------------------------- */

/* libcrypto divides by p - 1 and q - 1, and cannot blind an even modulus. */
static bool rsa_numbers_are_usable(const struct rsa_numbers *rsa)
{
	return bytes_bit_count(&rsa->p) != 1 && bytes_bit_count(&rsa->q) != 1 && (rsa->n.data[rsa->n.size - 1] & 1);
}

static enum key_error read_rsa_secret(struct private_key *key, struct wire *wire, const struct public_half *half)
{
	struct rsa_numbers *rsa = &key->rsa;
	struct blob inverse;
	enum key_error error;

	rsa->n = half->n;
	rsa->e = half->e;
	if ((error = wire_get_number(wire, &rsa->d)) || (error = wire_get_number(wire, &inverse)) ||
	    (error = wire_get_number(wire, &rsa->p)) || (error = wire_get_number(wire, &rsa->q)))
		return error;
	if (half->bits < RSA_MINIMUM_BITS)
		return KEY_ERROR_LENGTH;
	return rsa_numbers_are_usable(rsa) ? KEY_ERROR_NONE : KEY_ERROR_LIBCRYPTO;
}

static enum key_error read_security_key_secret(struct wire *wire)
{
	struct blob ignored;
	unsigned char flags;
	enum key_error error;

	if ((error = wire_get_byte(wire, &flags)) || (error = wire_get_string(wire, &ignored)))
		return error;
	return wire_get_string(wire, &ignored);
}

static enum key_error read_secret_fields(struct private_key *key, struct wire *wire, const struct public_half *half)
{
	struct blob number;
	enum key_error error;

	switch (half->type) {
	case KEY_TYPE_RSA:
		return read_rsa_secret(key, wire, half);
	case KEY_TYPE_DSA:
		return wire_get_number(wire, &number);
	case KEY_TYPE_ECDSA:
		error = wire_get_number(wire, &key->secret);
		if (error)
			return error;
		return ec_private_is_valid(half->curve, &key->secret) ? KEY_ERROR_NONE : KEY_ERROR_POINT_INVALID;
	case KEY_TYPE_ED25519:
		error = wire_get_string(wire, &key->secret);
		return error ? error : key->secret.size == 64 ? KEY_ERROR_NONE : KEY_ERROR_INVALID_FORMAT;
	case KEY_TYPE_SECURITY_KEY:
		return read_security_key_secret(wire);
	default:
		return KEY_ERROR_INTERNAL;
	}
}

static bool padding_is_right(struct wire wire)
{
	for (size_t i = 0; i < wire.size; i++) {
		if (wire.data[i] != ((i + 1) & 0xff))
			return false;
	}
	return true;
}

static void read_secret(struct private_key *key, struct wire *wire, struct arena *arena, const struct key_rules *rules)
{
	struct public_half half = {0};
	uint32_t check[2] = {0};
	enum key_error error;

	(void)wire_get_u32(wire, &check[0]);
	(void)wire_get_u32(wire, &check[1]);
	if (check[0] != check[1]) {
		refuse(key, KEY_ERROR_PASSPHRASE, "check numbers differ");
		return;
	}
	error = wire_get_text(wire, arena, &half.type_name);
	if (!error) {
		half.type = key_type_of(half.type_name, rules, &half.curve);
		error = half.type == KEY_TYPE_NONE || half.type == KEY_TYPE_CERTIFICATE
			    ? KEY_ERROR_INTERNAL
			    : public_half_read_fields(wire, arena, true, &half);
	}
	if (!error)
		error = read_secret_fields(key, wire, &half);
	if (!error)
		error = wire_get_text(wire, arena, &key->comment);
	if (error)
		refuse(key, error, "secret part damaged");
	else if (!padding_is_right(*wire))
		refuse(key, KEY_ERROR_INVALID_FORMAT, "padding damaged");
	else if (!public_half_equal(&key->half, &half))
		refuse(key, KEY_ERROR_INVALID_FORMAT, "secret part of another key");
}

static void openssh_key_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
			     struct private_key *ret)
{
	const char *error;
	struct blob text, decoded;
	struct wire wire, secret;

	memset(ret, 0, sizeof(*ret));
	ret->loads = KEY_YES;
	error = armour_error(content, &text);
	if (error) {
		refuse(ret, KEY_ERROR_INVALID_FORMAT, error);
		return;
	}
	text = without_line_ends(arena, &text);
	if (!base64_decode(arena, text.data, text.size, BASE64_STRICT, &decoded)) {
		refuse(ret, KEY_ERROR_INVALID_FORMAT, "base64 text damaged");
		return;
	}
	if (decoded.size < sizeof(MAGIC) || memcmp(decoded.data, MAGIC, sizeof(MAGIC)) != 0) {
		refuse(ret, KEY_ERROR_INVALID_FORMAT, "header damaged");
		return;
	}
	wire = wire_of(&decoded);
	wire.data += sizeof(MAGIC);
	wire.size -= sizeof(MAGIC);
	if (read_envelope(ret, &wire, arena, rules, &secret))
		read_secret(ret, &secret, arena, rules);
}

void private_key_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		      struct private_key *ret)
{
	struct private_key pem;

	openssh_key_read(content, arena, rules, ret);
	if (ret->loads != KEY_NO || ret->error != KEY_ERROR_INVALID_FORMAT)
		return;
	/* sshd tries libcrypto only after this very error. */
	if (pem_key_read(content, arena, rules, &pem))
		*ret = pem;
}

enum key_answer private_key_halves_match(const struct private_key *key)
{
	switch (key->half.type) {
	case KEY_TYPE_RSA:
		return rsa_halves_match(&key->rsa);
	case KEY_TYPE_ECDSA:
		return ec_halves_match(key->half.curve, &key->half.point, &key->secret);
	case KEY_TYPE_ED25519:
		return ed25519_halves_match((const unsigned char *)key->half.point.data,
					    (const unsigned char *)key->secret.data);
	default:
		return KEY_UNKNOWN;
	}
}

/* --- mending -------------------------------------------------------------------------------------------------- */

/* Where needle begins in the text, or NULL; it holds no NUL. */
static const char *find(const struct blob *text, const char *needle)
{
	return memmem(text->data, text->size, needle, strlen(needle));
}

/* One line of base64 or an armour line, without the blanks and carriage returns around it. */
static void add_trimmed_line(struct text *out, const char *line, size_t length)
{
	while (length && char_is_space(line[length - 1]))
		length--;
	while (length && char_is_space(*line)) {
		line++;
		length--;
	}
	if (length) {
		text_add(out, line, length);
		text_add(out, "\n", 1);
	}
}

bool private_key_mend_text(const struct blob *content, struct arena *arena, const struct key_rules *rules,
			   struct blob *ret)
{
	/* All of the line but its newline */
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----", end[] = "-----END OPENSSH PRIVATE KEY-----";
	const char *first = find(content, begin), *last = find(content, end);
	struct text out = {.arena = arena};
	struct private_key key;
	struct blob inner;
	size_t offset = 0, length;
	const char *line;

	if (!first || !last || last < first)
		return false;
	inner = (struct blob){.data = (char *)(uintptr_t)first, .size = (size_t)(last - first) + strlen(end)};
	while (next_line(&inner, &offset, &line, &length))
		add_trimmed_line(&out, line, length);
	inner = (struct blob){.data = out.data, .size = out.size};
	private_key_read(&inner, arena, rules, &key);
	if (key.loads != KEY_YES)
		return false;
	*ret = inner;
	return true;
}
