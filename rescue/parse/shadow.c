/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/shadow.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	DES_LENGTH = 13, /* two characters of salt, eleven of hash */
};

/* Takes the text up to the next colon. */
static char *cut_field(char **rest)
{
	char *field = *rest, *colon = strchr(field, ':');

	if (colon)
		*colon++ = '\0';
	*rest = colon ? colon : field + strlen(field);
	return field;
}

/* An empty field is -1; false for what is no number. */
static bool parse_days(const char *text, int64_t *ret)
{
	bool negative;
	uint64_t value;

	*ret = -1;
	while (char_is_space(*text))
		text++;
	if (!*text)
		return true;
	negative = *text == '-';
	if (!parse_number(text + negative, INT32_MAX, &value))
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

static bool parse_line(char *line, struct shadow_entry *ret)
{
	int64_t *const days[] = {&ret->changed, &ret->minimum,	&ret->maximum,
				 &ret->warn,	&ret->inactive, &ret->expires};
	char *rest = line;

	if (!*line || *line == '#' || *line == '+' || *line == '-' || !strchr(line, ':'))
		return false;
	ret->name = cut_field(&rest);
	ret->password = cut_field(&rest);
	for (size_t i = 0; i < ARRAY_SIZE(days); i++) {
		if (!parse_days(cut_field(&rest), days[i]))
			return false;
	}
	return *ret->name;
}

void shadow_load(struct target *target, struct arena *arena, const char *path, struct shadow_file *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	*ret = (struct shadow_file){0};
	ret->error = target_read(target, path, TARGET_FILE_LIMIT, arena, &content, NULL);
	if (ret->error < 0)
		return;
	for (unsigned number = 1; next_line(&content, &offset, &line, &length); number++) {
		struct shadow_entry *entry;
		struct shadow_entry parsed = {.line = number};

		while (length && char_is_space(*line)) {
			line++;
			length--;
		}
		if (!parse_line(arena_memdup(arena, line, length), &parsed) ||
		    string_map_get(&ret->by_name, parsed.name))
			continue;
		entry = ARENA_NEW(arena, struct shadow_entry);
		*entry = parsed;
		string_map_put(arena, &ret->by_name, entry->name, entry);
	}
}

const struct shadow_entry *shadow_by_name(const struct shadow_file *shadow, const char *name)
{
	return string_map_get(&shadow->by_name, name);
}

/* The characters that crypt(5) writes hashes and salts in. */
static bool is_hash_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!char_is_alnum(text[i]) && text[i] != '.' && text[i] != '/')
			return false;
	}
	return true;
}

enum password_kind password_kind_of(const char *field)
{
	static const struct {
		const char *prefix;
		size_t hash; /* characters behind the last $ */
	} methods[] = {{"$1$", 22}, {"$5$", 43}, {"$6$", 86}};
	const char *hash;

	if (!*field)
		return PASSWORD_EMPTY;
	if (*field == '*' || *field == '!' || string_equal(field, "x"))
		return PASSWORD_NONE;
	if (*field != '$') {
		size_t length = strlen(field);

		if (length == DES_LENGTH && is_hash_text(field, length))
			return PASSWORD_UNKNOWN; /* some libraries no longer have the method */
		return length < DES_LENGTH ? PASSWORD_NONE : PASSWORD_UNKNOWN;
	}
	hash = strrchr(field, '$') + 1;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (!string_after(field, methods[i].prefix))
			continue;
		if (hash < field + strlen(methods[i].prefix) + 1)
			return PASSWORD_NONE;
		return strlen(hash) == methods[i].hash && is_hash_text(hash, methods[i].hash) ? PASSWORD_HASH
											      : PASSWORD_UNKNOWN;
	}
	if (string_after(field, "$y$"))
		return strlen(hash) == 43 && is_hash_text(hash, 43) ? PASSWORD_HASH : PASSWORD_UNKNOWN;
	return PASSWORD_UNKNOWN;
}

bool password_is_locked(const char *field)
{
	return *field == '!';
}
