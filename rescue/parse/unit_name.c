/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/unit_name.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	UNIT_NAME_LONGEST = 255, /* UNIT_NAME_MAX - 1 */
};

static const char *const unit_types[] = {
    "service", "socket", "target", "timer", "path", "mount", "automount", "swap", "device", "slice", "scope",
};
/* unit_type_may_alias() and unit_type_may_template() of unit-file.c */
static const char *const aliased_types[] = {"service", "socket", "target", "device", "timer", "path"};
static const char *const template_types[] = {"service", "socket", "target", "timer", "path"};

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (string_equal(word, list[i]))
			return true;
	}
	return false;
}

bool unit_type_is_known(const char *word)
{
	return is_one_of(word, unit_types, ARRAY_SIZE(unit_types));
}

const char *unit_name_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && unit_type_is_known(dot + 1) ? dot + 1 : NULL;
}

enum unit_name_kind unit_name_kind(const char *name)
{
	const char *dot = strrchr(name, '.'), *at = NULL;

	if (!dot || dot == name || !unit_type_is_known(dot + 1) || strlen(name) > UNIT_NAME_LONGEST)
		return UNIT_NAME_INVALID;
	for (const char *c = name; c < dot; c++) {
		if (*c == '@' && !at)
			at = c;
		if (!char_is_alnum(*c) && !strchr("@:-_.\\", *c))
			return UNIT_NAME_INVALID;
	}
	if (!at)
		return UNIT_NAME_PLAIN;
	if (at == name)
		return UNIT_NAME_INVALID;
	return at + 1 == dot ? UNIT_NAME_TEMPLATE : UNIT_NAME_INSTANCE;
}

char *unit_name_prefix(struct arena *arena, const char *name)
{
	const char *end = strchr(name, '@');

	if (!end)
		end = strrchr(name, '.');
	return arena_memdup(arena, name, end ? (size_t)(end - name) : strlen(name));
}

char *unit_name_instance(struct arena *arena, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	return at && dot > at ? arena_memdup(arena, at + 1, (size_t)(dot - at - 1)) : NULL;
}

char *unit_name_template(struct arena *arena, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	return at && dot > at ? arena_printf(arena, "%.*s@%s", (int)(at - name), name, dot) : NULL;
}

char *unit_name_instantiate(struct arena *arena, const char *name, const char *instance)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
	char *result;

	if (!at || dot < at)
		return NULL;
	result = arena_printf(arena, "%.*s@%s%s", (int)(at - name), name, instance, dot);
	return unit_name_kind(result) == UNIT_NAME_INVALID ? NULL : result;
}

bool unit_alias_is_valid(struct arena *arena, const char *alias, const char *target)
{
	enum unit_name_kind alias_kind = unit_name_kind(alias), target_kind = unit_name_kind(target);
	const char *type;

	if (alias_kind == UNIT_NAME_INVALID || target_kind == UNIT_NAME_INVALID)
		return false;
	type = unit_name_type(alias);
	if (!is_one_of(type, aliased_types, ARRAY_SIZE(aliased_types)) || !string_equal(type, unit_name_type(target)))
		return false;
	if (alias_kind != UNIT_NAME_PLAIN && !is_one_of(type, template_types, ARRAY_SIZE(template_types)))
		return false;
	if (alias_kind != target_kind && !(alias_kind == UNIT_NAME_INSTANCE && target_kind == UNIT_NAME_TEMPLATE))
		return false;
	return target_kind != UNIT_NAME_INSTANCE ||
	       string_equal(unit_name_instance(arena, alias), unit_name_instance(arena, target));
}

/* What one specifier of a unit name stands for, or NULL. */
static char *name_specifier(struct arena *arena, const char *unit, char specifier)
{
	const char *dash;
	char *prefix;

	switch (specifier) {
	case 'n':
		return arena_strdup(arena, unit);
	case 'N':
		return arena_memdup(arena, unit, (size_t)(strrchr(unit, '.') - unit));
	case 'p':
		return unit_name_prefix(arena, unit);
	case 'i':
		return unit_name_kind(unit) == UNIT_NAME_PLAIN ? arena_strdup(arena, "")
							       : unit_name_instance(arena, unit);
	case 'j':
		prefix = unit_name_prefix(arena, unit);
		dash = strrchr(prefix, '-');
		return arena_strdup(arena, dash ? dash + 1 : prefix);
	default:
		return NULL;
	}
}

char *unit_name_expand(struct arena *arena, const char *unit, const char *text)
{
	struct text result = {.arena = arena};

	if (!strchr(text, '%'))
		return unit_name_kind(text) == UNIT_NAME_INVALID ? NULL : arena_strdup(arena, text);
	for (; *text; text++) {
		char *value;

		if (*text != '%') {
			text_add(&result, text, 1);
			continue;
		}
		text++;
		value = *text ? name_specifier(arena, unit, *text) : NULL;
		if (!value)
			return NULL;
		text_add_string(&result, value);
	}
	return result.size && unit_name_kind(result.data) != UNIT_NAME_INVALID ? result.data : NULL;
}
