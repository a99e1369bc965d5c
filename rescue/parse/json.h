/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_JSON_H
#define SSHRESCUE_PARSE_JSON_H

/* As much of JSON (RFC 8259) as it takes to find a value in a report of ours: no tree is built, and no call recurses.
 */

#include <stdbool.h>

#include "base/text.h"

/* A value: where it stands in a text that stays the caller's. */
struct json {
	const char *at, *end;
};

/* The value that a text holds; false where it holds none. What is inside of brackets is looked at only when asked for.
 */
bool json_value(const struct blob *text, struct json *ret);
/* The first member of that name of an object. */
bool json_member(struct json object, const char *name, struct json *ret);
/* The elements of an array, one call each: *rest starts as the array. False behind the last one. */
bool json_element(struct json *rest, struct json *ret);

/* A string without escapes, in arena; NULL where it is none. */
char *json_string(struct arena *arena, struct json value);
/* A number without sign, fraction and exponent. */
bool json_number(struct json value, uint64_t maximum, uint64_t *ret);

#endif
