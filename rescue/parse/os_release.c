/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/os_release.h"

#include "base/ctype.h"
#include "base/text.h"

enum {
	OS_RELEASE_LIMIT = 64 * 1024,
};

/* A value as a shell would read it in an assignment (os-release(5)): words in either quotes, backslash escapes outside
 * of single quotes. It ends at the first blank outside of quotes. */
static char *shell_value(struct arena *arena, const char *text, size_t length)
{
	struct text value = {.arena = arena};
	char quote = '\0';

	text_add(&value, "", 0);
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!quote && char_is_space(c))
			break;
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < length)
			c = text[++i];
		text_add(&value, &c, 1);
	}
	return value.data;
}

static void assign(struct arena *arena, struct os_release *os, const char *line, size_t length)
{
	const struct {
		const char *name;
		const char **field;
	} keys[] = {
	    {"ID=", &os->id},
	    {"ID_LIKE=", &os->id_like},
	    {"VERSION_ID=", &os->version_id},
	    {"PRETTY_NAME=", &os->pretty_name},
	};

	while (length && char_is_space(*line)) {
		line++;
		length--;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t name_length = strlen(keys[i].name);

		if (length >= name_length && memcmp(line, keys[i].name, name_length) == 0)
			*keys[i].field = shell_value(arena, line + name_length, length - name_length);
	}
}

int os_release_load(struct target *target, struct arena *arena, struct os_release *ret)
{
	static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
	struct blob content = {0};
	const char *line;
	size_t offset = 0, length;

	*ret = (struct os_release){.id = "linux", .id_like = "", .version_id = "", .pretty_name = "Linux"};
	/* A link in /etc that leads nowhere is as good as none, so any failure goes on to the vendor's file. */
	for (size_t i = 0; i < ARRAY_SIZE(paths) && !ret->found; i++)
		ret->found = target_read(target, paths[i], OS_RELEASE_LIMIT, arena, &content, NULL) == 0;
	while (ret->found && next_line(&content, &offset, &line, &length))
		assign(arena, ret, line, length);
	return 0;
}

bool os_release_is(const struct os_release *os, const char *id)
{
	size_t id_length = strlen(id);
	const char *word = os->id_like;

	if (string_equal(os->id, id))
		return true;
	while (*word) {
		size_t length = strcspn(word, " \t");

		if (length == id_length && memcmp(word, id, length) == 0)
			return true;
		word += length;
		word += strspn(word, " \t");
	}
	return false;
}
