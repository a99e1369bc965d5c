/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/json.h"

#include "base/ctype.h"

static void skip_blanks(struct json *rest)
{
	while (rest->at < rest->end && char_is_space(*rest->at))
		rest->at++;
}

static bool skip_char(struct json *rest, char wanted)
{
	skip_blanks(rest);
	if (rest->at == rest->end || *rest->at != wanted)
		return false;
	rest->at++;
	return true;
}

/* Past a string that begins here. */
static bool skip_string(struct json *rest)
{
	for (rest->at++; rest->at < rest->end; rest->at++) {
		if (*rest->at == '\\' && rest->at + 1 < rest->end)
			rest->at++;
		else if (*rest->at == '"') {
			rest->at++;
			return true;
		}
	}
	return false;
}

/* Past an object or array that begins here. Which bracket closes which is not looked at. */
static bool skip_brackets(struct json *rest)
{
	size_t depth = 0;

	while (rest->at < rest->end) {
		char c = *rest->at;

		if (c == '"') {
			if (!skip_string(rest))
				return false;
			continue;
		}
		rest->at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return false;
}

/* Takes one value off the rest. */
static bool take_value(struct json *rest, struct json *ret)
{
	bool whole;

	skip_blanks(rest);
	ret->at = rest->at;
	if (rest->at == rest->end)
		return false;
	if (*rest->at == '"')
		whole = skip_string(rest);
	else if (*rest->at == '{' || *rest->at == '[')
		whole = skip_brackets(rest);
	else {
		while (rest->at < rest->end && (char_is_alnum(*rest->at) || (*rest->at && strchr("+-.", *rest->at))))
			rest->at++;
		whole = rest->at > ret->at;
	}
	ret->end = rest->at;
	return whole;
}

bool json_value(const struct blob *text, struct json *ret)
{
	struct json rest = {text->data, text->data + text->size};

	return take_value(&rest, ret);
}

bool json_member(struct json object, const char *name, struct json *ret)
{
	size_t length = strlen(name);

	if (!skip_char(&object, '{'))
		return false;
	do {
		struct json key;

		if (!take_value(&object, &key) || *key.at != '"' || !skip_char(&object, ':') ||
		    !take_value(&object, ret))
			return false;
		if ((size_t)(key.end - key.at) == length + 2 && memcmp(key.at + 1, name, length) == 0)
			return true;
	} while (skip_char(&object, ','));
	return false;
}

bool json_element(struct json *rest, struct json *ret)
{
	/* Behind the opening bracket, or behind the element before. */
	return (skip_char(rest, '[') || skip_char(rest, ',')) && take_value(rest, ret);
}

char *json_string(struct arena *arena, struct json value)
{
	size_t length = (size_t)(value.end - value.at);

	if (length < 2 || *value.at != '"' || memchr(value.at, '\\', length) || memchr(value.at, '\0', length))
		return NULL;
	return arena_memdup(arena, value.at + 1, length - 2);
}

bool json_number(struct json value, uint64_t maximum, uint64_t *ret)
{
	char digits[24];
	size_t length = (size_t)(value.end - value.at);

	if (length >= sizeof(digits))
		return false;
	memcpy(digits, value.at, length);
	digits[length] = '\0';
	return parse_number(digits, maximum, ret);
}
