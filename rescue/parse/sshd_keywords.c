/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/sshd_keywords.h"

#include "base/arena.h"
#include "base/ctype.h"
#include "base/text.h"

/* Short names for the columns of the table. */
enum {
	LATER = SSHD_VERSION_LATER,
	GLOBAL = SCOPE_GLOBAL,
	ANYWHERE = SCOPE_ANYWHERE,
	FIRST = REPEAT_FIRST,
	LAST = REPEAT_LAST,
	ALL = REPEAT_ALL,
	OPTIONAL = KEYWORD_OPTIONAL,
	PATCH = KEYWORD_PATCH,
	ALIAS = KEYWORD_ALIAS,
};

#define KEYWORD(id_, name_, since_, before_, grammar_, scope_, repeat_, flags_) \
	{name_,                                                                 \
	 KEYWORD_##id_,                                                         \
	 since_,                                                                \
	 before_,                                                               \
	 GRAMMAR_##grammar_,                                                    \
	 (enum keyword_scope)(scope_),                                          \
	 (enum keyword_repeat)(repeat_),                                        \
	 flags_},
const struct keyword_rule keyword_rules[] = {
#include "parse/sshd_keywords.def"
};
#undef KEYWORD
const size_t keyword_rule_count = ARRAY_SIZE(keyword_rules);

static int compare_nocase(const char *a, const char *b)
{
	for (; *a && char_to_lower(*a) == char_to_lower(*b); a++, b++)
		;
	return (unsigned char)char_to_lower(*a) - (unsigned char)char_to_lower(*b);
}

/* The first row of that name, or NULL. */
static const struct keyword_rule *first_row(const char *name)
{
	size_t low = 0, high = keyword_rule_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_nocase(keyword_rules[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == keyword_rule_count || compare_nocase(keyword_rules[low].name, name) != 0)
		return NULL;
	return &keyword_rules[low];
}

static bool same_name(const struct keyword_rule *row, const struct keyword_rule *first)
{
	return row < keyword_rules + keyword_rule_count && string_equal_nocase(row->name, first->name);
}

const struct keyword_rule *keyword_rule_find(const char *name, unsigned version)
{
	const struct keyword_rule *first = first_row(name);

	for (const struct keyword_rule *row = first; row && same_name(row, first); row++) {
		if (version >= row->since && version < row->before)
			return row;
	}
	return NULL;
}

const struct keyword_rule *keyword_rule_nearest(const char *name, unsigned version)
{
	const struct keyword_rule *first = first_row(name), *nearest = first;

	for (const struct keyword_rule *row = first; row && same_name(row, first); row++) {
		if (version >= row->since)
			nearest = row;
	}
	return nearest;
}

const char *keyword_name(enum keyword_id id)
{
	for (size_t i = 0; i < keyword_rule_count; i++) {
		if (keyword_rules[i].id == id && !(keyword_rules[i].flags & KEYWORD_ALIAS))
			return keyword_rules[i].name;
	}
	return NULL;
}

enum keyword_id keyword_id_named(const char *name)
{
	const struct keyword_rule *first = first_row(name);

	for (const struct keyword_rule *row = first; row && same_name(row, first); row++) {
		if (row->id != KEYWORD_NONE && !(row->flags & KEYWORD_ALIAS))
			return row->id;
	}
	return keyword_id_of(name);
}

enum keyword_id keyword_id_of(const char *name)
{
	const struct keyword_rule *row = keyword_rule_nearest(name, SSHD_VERSION_LATER);

	return row ? row->id : KEYWORD_NONE;
}
