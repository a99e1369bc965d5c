/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sha256.h"

#include "base/ctype.h"

void sha256_to_text(const unsigned char hash[SHA256_SIZE], char ret[SHA256_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		ret[2 * i] = digits[hash[i] >> 4];
		ret[2 * i + 1] = digits[hash[i] & 15];
	}
	ret[2 * SHA256_SIZE] = '\0';
}

bool sha256_from_text(const char *text, unsigned char ret[SHA256_SIZE])
{
	for (size_t i = 0; i < 2 * SHA256_SIZE; i++) {
		int value = char_is_upper(text[i]) ? -1 : char_hex_value(text[i]);

		if (value < 0)
			return false;
		ret[i / 2] = (unsigned char)(i % 2 ? ret[i / 2] << 4 | value : value);
	}
	return text[2 * SHA256_SIZE] == '\0';
}
