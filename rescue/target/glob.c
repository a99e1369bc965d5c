/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glob(3) inside the root, as sshd's Include and nft's include use it: *, ?, [set], backslash, a leading dot only
 * matched by a dot, no braces, no tilde, no locale. The rules for sets are those of the glob that OpenSSH brings along
 * (openbsd-compat/glob.c).
 */
#include "target/target.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

struct class
{
	const char *name;
	bool (*contains)(char c);
};

static bool char_is_lower(char c)
{
	return char_is_alpha(c) && !char_is_upper(c);
}

static bool char_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool char_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool char_is_graph(char c)
{
	return char_is_printable(c) && c != ' ';
}

static bool char_is_punctuation(char c)
{
	return char_is_graph(c) && !char_is_alnum(c);
}

static bool char_is_hex(char c)
{
	return char_hex_value(c) >= 0;
}

static const struct class classes[] = {
    {"alnum", char_is_alnum},	    {"alpha", char_is_alpha}, {"blank", char_is_blank}, {"cntrl", char_is_control},
    {"digit", char_is_digit},	    {"graph", char_is_graph}, {"lower", char_is_lower}, {"print", char_is_printable},
    {"punct", char_is_punctuation}, {"space", char_is_space}, {"upper", char_is_upper}, {"xdigit", char_is_hex},
};

/* Reads "[:name:]" at text; returns what follows it, or NULL when it is none. */
static const char *class_at(const char *text, const char *end, const struct class **ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		size_t length = strlen(classes[i].name);

		if ((size_t)(end - text) >= length + 4 && text[0] == '[' && text[1] == ':' &&
		    memcmp(text + 2, classes[i].name, length) == 0 && text[length + 2] == ':' &&
		    text[length + 3] == ']') {
			*ret = &classes[i];
			return text + length + 4;
		}
	}
	return NULL;
}

/* Matches c against the set whose [ is at pattern. Returns what follows the ], or NULL where no ] closes it: the [ then
 * stands for itself. */
static const char *match_set(const char *pattern, const char *end, char c, bool *ret)
{
	const char *at = pattern + 1;
	bool negated = at < end && *at == '!', found = false, first = true;

	if (negated)
		at++;
	for (; at < end && (first || *at != ']'); first = false) {
		const struct class *class = NULL;
		const char *behind = class_at(at, end, &class);

		if (behind) {
			found |= class->contains(c);
			at = behind;
			continue;
		}
		if (end - at > 2 && at[1] == '-' && at[2] != ']') {
			found |= (unsigned char)at[0] <= (unsigned char)c && (unsigned char)c <= (unsigned char)at[2];
			at += 3;
			continue;
		}
		found |= *at++ == c;
	}
	if (at >= end)
		return NULL;
	*ret = found != negated;
	return at + 1;
}

/* Matches one character of a name; returns the rest of the pattern, or NULL. */
static const char *match_one(const char *pattern, const char *end, char c)
{
	const char *behind;
	bool matches;

	if (pattern == end)
		return NULL;
	if (*pattern == '?')
		return pattern + 1;
	if (*pattern == '[') {
		behind = match_set(pattern, end, c, &matches);
		if (behind)
			return matches ? behind : NULL;
	}
	if (*pattern == '\\' && pattern + 1 < end)
		pattern++;
	return *pattern == c ? pattern + 1 : NULL;
}

/* Going back only to the last star keeps the cost at pattern times name. */
static bool match_component(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *star_name = NULL;

	if (*name == '.' && *pattern != '.' && !(pattern + 1 < end && pattern[0] == '\\' && pattern[1] == '.'))
		return false;
	while (*name) {
		const char *behind;

		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			star_name = name;
			continue;
		}
		behind = match_one(pattern, end, *name);
		if (behind) {
			pattern = behind;
			name++;
		} else if (star) {
			pattern = star;
			name = ++star_name;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

static bool has_magic(const char *pattern, const char *end)
{
	for (; pattern < end; pattern++) {
		if (*pattern == '\\' && pattern + 1 < end)
			pattern++;
		else if (*pattern == '*' || *pattern == '?' ||
			 (*pattern == '[' && memchr(pattern, ']', (size_t)(end - pattern))))
			return true;
	}
	return false;
}

struct glob {
	struct target *target;
	struct arena *arena;
	string_list *found;
	size_t visited;
	char path[PATH_MAX]; /* as far as the pattern is matched; "" stands for nothing yet */
	size_t length;
};

/* Adds to the path; false when that is longer than any path can be. */
static bool extend(struct glob *glob, const char *text, size_t length)
{
	if (length >= sizeof(glob->path) - glob->length)
		return false;
	memcpy(glob->path + glob->length, text, length);
	glob->length += length;
	glob->path[glob->length] = '\0';
	return true;
}

static bool extend_unescaped(struct glob *glob, const char *pattern, const char *end)
{
	for (; pattern < end; pattern++) {
		if (*pattern == '\\' && pattern + 1 < end)
			pattern++;
		if (!extend(glob, pattern, 1))
			return false;
	}
	return true;
}

static void cut(struct glob *glob, size_t length)
{
	glob->length = length;
	glob->path[length] = '\0';
}

static void add_found(struct glob *glob)
{
	*array_push(glob->arena, glob->found) = arena_memdup(glob->arena, glob->path, glob->length);
}

static int expand(struct glob *glob, const char *pattern);

/* Matches the names of the directory that the path says. pattern to end is one component, after end the rest. */
static int expand_names(struct glob *glob, const char *pattern, const char *end)
{
	size_t length = glob->length;
	dir_list names;
	int result = target_list(glob->target, glob->path, glob->arena, &names);

	if (result == -E2BIG)
		return result;
	if (result < 0)
		return 0; /* as glob(3) without GLOB_ERR */
	glob->visited += names.count;
	if (glob->visited > TARGET_LIST_LIMIT)
		return -E2BIG;
	for (size_t i = 0; i < names.count && result == 0; i++) {
		const char *name = names.items[i].name;
		enum node_type type = names.items[i].type;

		if (*end && type != NODE_DIRECTORY && type != NODE_SYMLINK)
			continue;
		if (!match_component(pattern, end, name) || !extend(glob, name, strlen(name)))
			continue;
		if (*end)
			result = expand(glob, end);
		else
			add_found(glob);
		cut(glob, length);
	}
	return result;
}

/* Takes over what needs no matching, up to the first component that does. */
static int expand(struct glob *glob, const char *pattern)
{
	const char *at = pattern, *component, *end;
	struct node_stat status;

	for (;;) {
		component = at + strspn(at, "/");
		end = component + strcspn(component, "/");
		if (end == component || has_magic(component, end))
			break;
		at = end;
	}
	if (!extend_unescaped(glob, pattern, component))
		return 0;
	if (*component)
		return expand_names(glob, component, end);
	if (target_lstat(glob->target, glob->path, &status) == 0)
		add_found(glob);
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int target_glob(struct target *target, const char *pattern, struct arena *arena, string_list *ret)
{
	struct glob glob = {.target = target, .arena = arena, .found = ret};
	int result;

	*ret = (string_list){0};
	if (pattern[0] != '/')
		return -EINVAL;
	if (strlen(pattern) >= PATH_MAX)
		return -ENAMETOOLONG;
	result = expand(&glob, pattern);
	if (result == 0 && ret->count > 1)
		qsort(ret->items, ret->count, sizeof(ret->items[0]), compare_strings);
	return result;
}
