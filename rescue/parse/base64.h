/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_BASE64_H
#define SSHRESCUE_PARSE_BASE64_H

/* Base64 as OpenSSH and libcrypto read and write it. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"

enum base64_rules {
	BASE64_STRICT, /* b64_pton(3): the bits that no byte needs must be zero */
	BASE64_LENIENT, /* EVP_DecodeUpdate(3): they need not */
};

/*
 * Decodes size characters, white space between them ignored; a NUL ends the text. ret->data is in arena. false for a
 * foreign character, or for missing or misplaced padding.
 */
bool base64_decode(struct arena *arena, const char *text, size_t size, enum base64_rules rules, struct blob *ret);

/* Appends data in base64, padded; with line_length, a newline behind every so many characters and at the end. */
void base64_encode(struct text *text, const void *data, size_t size, size_t line_length);

#endif
