/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/ssh_wire.h"

#include <string.h>

#include "base/ctype.h"
#include "parse/base64.h"
#include "parse/big_number.h"

enum {
	STRING_LIMIT = 0x8000000 - 4, /* SSHBUF_SIZE_MAX */
	POINT_LIMIT = 528 * 2 / 8 + 1, /* SSHBUF_MAX_ECPOINT */
	NUMBER_LIMIT = 16384 / 8, /* SSHBUF_MAX_BIGNUM */
	RSA_MINIMUM_BITS = 1024, /* SSH_RSA_MINIMUM_MODULUS_SIZE */
};

#define DAMAGED "\"invalid format\" or \"error in libcrypto\""

static const char *const error_texts[KEY_ERROR_COUNT] = {
    [KEY_ERROR_NONE] = "\"success\"",
    [KEY_ERROR_INCOMPLETE] = "\"incomplete message\"",
    [KEY_ERROR_INVALID_FORMAT] = DAMAGED,
    [KEY_ERROR_NUMBER_NEGATIVE] = "\"bignum is negative\"",
    [KEY_ERROR_STRING_TOO_LARGE] = "\"string is too large\"",
    [KEY_ERROR_NUMBER_TOO_LARGE] = "\"bignum is too large\"",
    [KEY_ERROR_POINT_TOO_LARGE] = "\"elliptic curve point is too large\"",
    [KEY_ERROR_TYPE_UNKNOWN] = "\"unknown or unsupported key type\"",
    [KEY_ERROR_CURVE_MISMATCH] = "\"elliptic curve does not match\"",
    [KEY_ERROR_POINT_INVALID] = "\"invalid elliptic curve value\"",
    [KEY_ERROR_CIPHER_UNKNOWN] = "\"key encrypted using unsupported cipher\"",
    [KEY_ERROR_PASSPHRASE] = "\"incorrect passphrase supplied to decrypt private key\"",
    [KEY_ERROR_PERMISSIONS] = "\"bad permissions\"",
    [KEY_ERROR_LENGTH] = "\"Invalid key length\"",
    [KEY_ERROR_LIBCRYPTO] = DAMAGED,
    [KEY_ERROR_INTERNAL] = "\"unexpected internal error\"",
};

const char *key_error_text(enum key_error error)
{
	return error_texts[error];
}

/* --- values --------------------------------------------------------------------------------------------------- */

static void advance(struct wire *wire, size_t size)
{
	wire->data += size;
	wire->size -= size;
}

enum key_error wire_get_byte(struct wire *wire, unsigned char *ret)
{
	if (wire->size < 1)
		return KEY_ERROR_INCOMPLETE;
	*ret = *wire->data;
	advance(wire, 1);
	return KEY_ERROR_NONE;
}

enum key_error wire_get_u32(struct wire *wire, uint32_t *ret)
{
	if (wire->size < 4)
		return KEY_ERROR_INCOMPLETE;
	*ret = (uint32_t)wire->data[0] << 24 | (uint32_t)wire->data[1] << 16 | (uint32_t)wire->data[2] << 8 |
	       wire->data[3];
	advance(wire, 4);
	return KEY_ERROR_NONE;
}

enum key_error wire_get_string(struct wire *wire, struct blob *ret)
{
	struct wire rest = *wire;
	uint32_t size;

	if (wire_get_u32(&rest, &size))
		return KEY_ERROR_INCOMPLETE;
	if (size > STRING_LIMIT)
		return KEY_ERROR_STRING_TOO_LARGE;
	if (size > rest.size)
		return KEY_ERROR_INCOMPLETE;
	*ret = (struct blob){.data = (char *)(uintptr_t)rest.data, .size = size};
	advance(&rest, size);
	*wire = rest;
	return KEY_ERROR_NONE;
}

enum key_error wire_get_text(struct wire *wire, struct arena *arena, const char **ret)
{
	struct wire rest = *wire;
	struct blob string;
	enum key_error error = wire_get_string(&rest, &string);

	if (error)
		return error;
	if (string.size > 1 && memchr(string.data, '\0', string.size - 1))
		return KEY_ERROR_INVALID_FORMAT;
	*ret = arena_memdup(arena, string.data, string.size);
	*wire = rest;
	return KEY_ERROR_NONE;
}

enum key_error wire_get_number(struct wire *wire, struct blob *ret)
{
	struct wire rest = *wire;
	struct blob number;
	enum key_error error = wire_get_string(&rest, &number);

	if (error)
		return error;
	if (number.size && (number.data[0] & 0x80))
		return KEY_ERROR_NUMBER_NEGATIVE;
	if (number.size > NUMBER_LIMIT + 1 || (number.size == NUMBER_LIMIT + 1 && number.data[0] != 0))
		return KEY_ERROR_NUMBER_TOO_LARGE;
	while (number.size && number.data[0] == 0) {
		number.data++;
		number.size--;
	}
	*ret = number;
	*wire = rest;
	return KEY_ERROR_NONE;
}

void wire_put_u32(struct text *text, uint32_t value)
{
	unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
				  (unsigned char)(value >> 8), (unsigned char)value};

	text_add(text, bytes, sizeof(bytes));
}

void wire_put_string(struct text *text, const void *data, size_t size)
{
	wire_put_u32(text, (uint32_t)size);
	text_add(text, data, size);
}

void wire_put_number(struct text *text, const struct blob *number)
{
	const char *data = number->data;
	size_t size = number->size;
	bool pad;

	while (size && data[0] == 0) {
		data++;
		size--;
	}
	pad = size && (data[0] & 0x80);
	wire_put_u32(text, (uint32_t)(size + pad));
	text_add(text, "\0", pad);
	text_add(text, data, size);
}

bool blob_equal(const struct blob *a, const struct blob *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* --- public halves -------------------------------------------------------------------------------------------- */

enum key_type key_type_of(const char *name, const struct key_rules *rules, const struct ec_curve **ret_curve)
{
	*ret_curve = NULL;
	if (string_equal(name, "ssh-ed25519"))
		return KEY_TYPE_ED25519;
	if (string_equal(name, "ssh-rsa"))
		return KEY_TYPE_RSA;
	if (string_equal(name, "ssh-dss"))
		return rules->dsa ? KEY_TYPE_DSA : KEY_TYPE_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(ec_curves); i++) {
		if (string_equal(name, ec_curves[i].type_name)) {
			*ret_curve = &ec_curves[i];
			return KEY_TYPE_ECDSA;
		}
	}
	if (string_equal(name, "sk-ssh-ed25519@openssh.com"))
		return rules->security_keys ? KEY_TYPE_SECURITY_KEY : KEY_TYPE_NONE;
	if (string_equal(name, "sk-ecdsa-sha2-nistp256@openssh.com")) {
		*ret_curve = &ec_curves[0];
		return rules->security_keys ? KEY_TYPE_SECURITY_KEY : KEY_TYPE_NONE;
	}
	return string_ends_with(name, "-cert-v01@openssh.com") ? KEY_TYPE_CERTIFICATE : KEY_TYPE_NONE;
}

static enum key_error read_rsa(struct wire *wire, bool private_order, struct public_half *ret)
{
	struct blob *first = private_order ? &ret->n : &ret->e, *second = private_order ? &ret->e : &ret->n;
	enum key_error error = wire_get_number(wire, first);

	if (!error)
		error = wire_get_number(wire, second);
	ret->bits = (unsigned)bytes_bit_count(&ret->n);
	return error;
}

static enum key_error read_dsa(struct wire *wire, struct public_half *ret)
{
	struct blob *fields[] = {&ret->p, &ret->q, &ret->g, &ret->y};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		enum key_error error = wire_get_number(wire, fields[i]);

		if (error)
			return error;
	}
	ret->bits = (unsigned)bytes_bit_count(&ret->p);
	return KEY_ERROR_NONE;
}

static enum key_error read_ecdsa(struct wire *wire, struct arena *arena, struct public_half *ret)
{
	const char *curve;
	enum key_error error = wire_get_text(wire, arena, &curve);

	if (error)
		return error;
	if (!string_equal(curve, ret->curve->name))
		return KEY_ERROR_CURVE_MISMATCH;
	error = wire_get_string(wire, &ret->point);
	if (error)
		return error;
	if (ret->point.size == 0 || ret->point.size > POINT_LIMIT)
		return KEY_ERROR_POINT_TOO_LARGE;
	if (!ec_point_is_on_curve(ret->curve, &ret->point))
		return KEY_ERROR_INVALID_FORMAT;
	ret->bits = ret->curve->bits;
	return ec_point_is_valid(ret->curve, &ret->point) ? KEY_ERROR_NONE : KEY_ERROR_POINT_INVALID;
}

static enum key_error read_ed25519(struct wire *wire, struct public_half *ret)
{
	enum key_error error = wire_get_string(wire, &ret->point);

	ret->bits = 256;
	return error ? error : ret->point.size == 32 ? KEY_ERROR_NONE : KEY_ERROR_INVALID_FORMAT;
}

enum key_error public_half_read_fields(struct wire *wire, struct arena *arena, bool private_order,
				       struct public_half *ret)
{
	enum key_error error;

	switch (ret->type) {
	case KEY_TYPE_RSA:
		return read_rsa(wire, private_order, ret);
	case KEY_TYPE_DSA:
		return read_dsa(wire, ret);
	case KEY_TYPE_ECDSA:
		return read_ecdsa(wire, arena, ret);
	case KEY_TYPE_ED25519:
		return read_ed25519(wire, ret);
	case KEY_TYPE_SECURITY_KEY:
		error = ret->curve ? read_ecdsa(wire, arena, ret) : read_ed25519(wire, ret);
		return error ? error : wire_get_text(wire, arena, &ret->application);
	default:
		return KEY_ERROR_TYPE_UNKNOWN;
	}
}

enum key_error public_half_read(struct blob *blob, struct arena *arena, const struct key_rules *rules,
				struct public_half *ret)
{
	struct wire wire = wire_of(blob);
	enum key_error error;

	memset(ret, 0, sizeof(*ret));
	if (wire_get_text(&wire, arena, &ret->type_name))
		return KEY_ERROR_INVALID_FORMAT;
	ret->type = key_type_of(ret->type_name, rules, &ret->curve);
	if (ret->type == KEY_TYPE_CERTIFICATE)
		return KEY_ERROR_NONE;
	error = public_half_read_fields(&wire, arena, false, ret);
	if (error && ret->type != KEY_TYPE_RSA && ret->type != KEY_TYPE_DSA)
		return error;
	if (error)
		return KEY_ERROR_INVALID_FORMAT;
	if (ret->type == KEY_TYPE_RSA && ret->bits < RSA_MINIMUM_BITS)
		return KEY_ERROR_LENGTH;
	return wire.size ? KEY_ERROR_INVALID_FORMAT : KEY_ERROR_NONE;
}

struct blob public_half_write(struct arena *arena, const struct public_half *half)
{
	struct text text = {.arena = arena};

	wire_put_string(&text, half->type_name, strlen(half->type_name));
	switch (half->type) {
	case KEY_TYPE_RSA:
		wire_put_number(&text, &half->e);
		wire_put_number(&text, &half->n);
		break;
	case KEY_TYPE_DSA:
		wire_put_number(&text, &half->p);
		wire_put_number(&text, &half->q);
		wire_put_number(&text, &half->g);
		wire_put_number(&text, &half->y);
		break;
	case KEY_TYPE_ECDSA:
		wire_put_string(&text, half->curve->name, strlen(half->curve->name));
		wire_put_string(&text, half->point.data, half->point.size);
		break;
	case KEY_TYPE_ED25519:
		wire_put_string(&text, half->point.data, half->point.size);
		break;
	default:
		return (struct blob){0};
	}
	return (struct blob){.data = text.data, .size = text.size};
}

bool public_half_equal(const struct public_half *a, const struct public_half *b)
{
	if (a->type != b->type || a->curve != b->curve)
		return false;
	switch (a->type) {
	case KEY_TYPE_RSA:
		return blob_equal(&a->e, &b->e) && blob_equal(&a->n, &b->n);
	case KEY_TYPE_DSA:
		return blob_equal(&a->p, &b->p) && blob_equal(&a->q, &b->q) && blob_equal(&a->g, &b->g) &&
		       blob_equal(&a->y, &b->y);
	case KEY_TYPE_ECDSA:
	case KEY_TYPE_ED25519:
		return blob_equal(&a->point, &b->point);
	case KEY_TYPE_SECURITY_KEY:
		return blob_equal(&a->point, &b->point) && string_equal(a->application, b->application);
	default:
		return false;
	}
}

/* --- .pub files ----------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t word_length(const char *text)
{
	return strcspn(text, " \t");
}

bool public_line_parse(const char *line, struct arena *arena, const struct key_rules *rules, struct public_line *ret)
{
	const struct ec_curve *curve;
	const char *name;
	size_t length = word_length(line);

	if (!line[length])
		return false;
	name = arena_memdup(arena, line, length);
	if (key_type_of(name, rules, &curve) == KEY_TYPE_NONE)
		return false;
	for (line += length; is_blank(*line); line++)
		continue;
	length = word_length(line);
	if (!length || !base64_decode(arena, line, length, BASE64_STRICT, &ret->blob) ||
	    public_half_read(&ret->blob, arena, rules, &ret->half))
		return false;
	if (!string_equal(ret->half.type_name, name))
		return false;
	for (line += length; is_blank(*line); line++)
		continue;
	ret->comment = arena_memdup(arena, line, strcspn(line, "\r\n"));
	return true;
}

bool public_line_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		      struct public_line *ret)
{
	const char *line;
	size_t offset = 0, length;

	while (next_line(content, &offset, &line, &length)) {
		/* With its newline, which counts as white space of the base64 text. */
		char *copy = arena_memdup(arena, line, length + (line + length < content->data + content->size));
		const char *start = copy;

		if (copy[0] == '#' || copy[0] == '\n' || copy[0] == '\0')
			continue;
		if (string_after(copy, "-----BEGIN"))
			return false;
		while (is_blank(*start))
			start++;
		if (*start && public_line_parse(start, arena, rules, ret))
			return true;
	}
	return false;
}
