/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/fstab.h"

#include "base/text.h"

/* Undoes the escapes of a field in place: \040 is a space. */
static void unescape(char *field)
{
	char *to = field;

	for (const char *from = field; *from; to++) {
		unsigned value = 0, digits = 0;

		if (*from == '\\') {
			while (digits < 3 && from[1 + digits] >= '0' && from[1 + digits] <= '7')
				value = value * 8 + (unsigned)(from[1 + digits++] - '0');
		}
		if (digits == 3 && value && value < 256) {
			*to = (char)value;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

void fstab_parse(struct arena *arena, const struct blob *content, fstab_list *ret)
{
	size_t offset = 0, length;
	const char *line;

	while (next_line(content, &offset, &line, &length)) {
		char *rest = arena_memdup(arena, line, length), *fields[4];

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			fields[i] = cut_word(&rest);
			unescape(fields[i]);
		}
		if (!*fields[2] || *fields[0] == '#')
			continue;
		*array_push(arena, ret) = (struct fstab_entry){
		    .source = fields[0],
		    .point = fields[1],
		    .type = fields[2],
		    .options = *fields[3] ? fields[3] : "defaults",
		};
	}
}

char *fstab_option(struct arena *arena, const struct fstab_entry *entry, const char *name)
{
	for (const char *option = entry->options; *option;) {
		size_t length = strcspn(option, ",");
		char *copy = arena_memdup(arena, option, length);
		const char *value = string_after(copy, name);

		if (value && *value == '=')
			return copy + (value - copy) + 1;
		option += length;
		option += *option == ',';
	}
	return NULL;
}
