/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cutting lines into words as misc.c of OpenSSH does, before and since 8.7; patterns as match.c. */
#include "parse/sshd_config_parser.h"

#include <string.h>

#include "base/text.h"

#define WHITESPACE " \t\r\n"

char *config_delimit(char **cursor, bool equals)
{
	char *start = *cursor, *at;
	bool had_equals = false;

	if (!start)
		return NULL;
	at = *cursor = strpbrk(start, equals ? WHITESPACE "\"=" : WHITESPACE "\"");
	if (!at)
		return start;
	if (*at == '"') {
		/* A quotation may begin in the middle of a word, and always ends it. What is before the mark moves over
		 * it. */
		memmove(start + 1, start, (size_t)(at - start));
		start++;
		at = *cursor = strchr(at + 1, '"');
		if (!at)
			return NULL;
		*at = '\0';
		*cursor = at + 1 + strspn(at + 1, WHITESPACE);
		return start;
	}
	had_equals = *at == '=';
	*at = '\0';
	*cursor = at + 1 + strspn(at + 1, WHITESPACE);
	if (equals && **cursor == '=' && !had_equals)
		*cursor += 1 + strspn(*cursor + 1, WHITESPACE);
	return start;
}

/* Copies the word at *text to *out, without its quotation marks and escapes; false when a quotation does not end. */
static bool split_word(const char **text, char **out)
{
	const char *at = *text;
	char quote = '\0';

	for (; *at; at++) {
		if (*at == '\\' && (at[1] == '\'' || at[1] == '"' || at[1] == '\\' || (!quote && at[1] == ' ')))
			*(*out)++ = *++at;
		else if (*at == '\\')
			*(*out)++ = *at;
		else if (!quote && (*at == ' ' || *at == '\t'))
			break;
		else if (!quote && (*at == '"' || *at == '\''))
			quote = *at;
		else if (quote && *at == quote)
			quote = '\0';
		else
			*(*out)++ = *at;
	}
	*(*out)++ = '\0';
	*text = at;
	return !quote;
}

bool config_split(struct config_parser *parser, struct config_file *file, const char *text, struct words *ret)
{
	char *out = file->copy;

	*ret = (struct words){.split = true};
	for (;;) {
		text += strspn(text, " \t");
		if (!*text || *text == '#')
			break;
		file->items =
		    arena_grow(parser->arena, file->items, &file->item_capacity, ret->count, sizeof(*file->items));
		file->items[ret->count++] = out;
		if (!split_word(&text, &out))
			return false;
	}
	ret->items = file->items;
	return true;
}

char *config_next_word(struct words *words)
{
	if (!words->split)
		return config_delimit(&words->cursor, true);
	return words->next < words->count ? words->items[words->next++] : NULL;
}

void config_keep(struct config_parser *parser, struct config_line *line, char *word)
{
	*array_push(parser->arena, line->taken) = word;
}

char *config_take(struct config_parser *parser, struct config_line *line)
{
	char *word = config_next_word(&line->words);

	if (word)
		config_keep(parser, line, word);
	return word;
}

char *config_assemble(struct arena *arena, char *const *words, size_t count)
{
	struct text text = {.arena = arena};

	text_add(&text, "", 0);
	for (size_t i = 0; i < count; i++) {
		const char *mark = strpbrk(words[i], " \t") ? "\"" : "";

		if (i)
			text_add_string(&text, " ");
		text_add_string(&text, mark);
		for (const char *at = words[i]; *at; at++) {
			if (*at == '\\' || *at == '\'' || *at == '"')
				text_add_string(&text, "\\");
			text_add(&text, at, 1);
		}
		text_add_string(&text, mark);
	}
	return text.data;
}

/* --- a set of strings --- */

struct config_string_set {
	size_t count, size; /* size is a power of two */
	char **slots;
};

static size_t string_hash(const char *string)
{
	uint64_t hash = 14695981039346656037u;

	for (; *string; string++)
		hash = (hash ^ (unsigned char)*string) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

static char **find_slot(const struct config_string_set *set, const char *string)
{
	size_t at = string_hash(string) & (set->size - 1);

	while (set->slots[at] && !string_equal(set->slots[at], string))
		at = (at + 1) & (set->size - 1);
	return &set->slots[at];
}

static void make_larger(struct arena *arena, struct config_string_set *set)
{
	struct config_string_set larger = {.count = set->count, .size = set->size ? set->size * 2 : 16};

	larger.slots = arena_alloc(arena, larger.size * sizeof(*larger.slots));
	for (size_t i = 0; i < set->size; i++) {
		if (set->slots[i])
			*find_slot(&larger, set->slots[i]) = set->slots[i];
	}
	*set = larger;
}

bool config_set_add(struct arena *arena, struct config_string_set **set, const char *string)
{
	char **slot;

	if (!*set)
		*set = ARENA_NEW(arena, struct config_string_set);
	if ((*set)->count * 2 >= (*set)->size)
		make_larger(arena, *set);
	slot = find_slot(*set, string);
	if (*slot)
		return false;
	*slot = arena_strdup(arena, string);
	(*set)->count++;
	return true;
}

/* --- patterns --- */

/* As match_pattern(): * and ?, without sshd's recursion. */
static bool match_pattern(const char *string, const char *pattern, size_t length)
{
	const char *end = pattern + length, *star = NULL, *retry = NULL;

	while (*string) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			retry = string;
		} else if (pattern < end && (*pattern == '?' || *pattern == *string)) {
			pattern++;
			string++;
		} else if (star) {
			pattern = star + 1;
			string = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool sshd_match_pattern(const char *string, const char *pattern)
{
	return match_pattern(string, pattern, strlen(pattern));
}

int sshd_match_list(const char *string, const char *patterns)
{
	enum {
		LONGEST = 1023
	};
	int matched = 0;

	while (*patterns) {
		bool negated = *patterns == '!';
		size_t length;

		patterns += negated;
		length = strcspn(patterns, ",");
		if (length >= LONGEST)
			return 0;
		if (match_pattern(string, patterns, length)) {
			if (negated)
				return -1;
			matched = 1;
		}
		patterns += length;
		patterns += *patterns == ',';
	}
	return matched;
}
