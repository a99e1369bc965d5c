/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/passwd.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	FIELD_LIMIT = 8,
	ID_RANGE_LIMIT = 1024,
};

/* A line in fields. The last one takes the rest, colons included, when there are more than limit. */
struct fields {
	char *at[FIELD_LIMIT];
	size_t count;
};

static void split_fields(char *line, size_t limit, struct fields *ret)
{
	ret->count = 0;
	while (ret->count < limit) {
		char *colon = ret->count + 1 < limit ? strchr(line, ':') : NULL;

		ret->at[ret->count++] = line;
		if (!colon)
			return;
		*colon = '\0';
		line = colon + 1;
	}
}

/* A copy of the line that nss_files would parse, or NULL for a blank one or a comment. Blanks in front are skipped. */
static char *relevant_line(struct arena *arena, const char *line, size_t length)
{
	while (length && char_is_space(*line)) {
		line++;
		length--;
	}
	if (length == 0 || *line == '#')
		return NULL;
	return arena_memdup(arena, line, length);
}

/* nss_files lets strtoul(3) skip blanks, and wants a digit at least. */
static bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t value;

	while (char_is_space(*text))
		text++;
	if (!parse_number(text, UINT32_MAX, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static const char *field_or_empty(const struct fields *fields, size_t index)
{
	return index < fields->count ? fields->at[index] : "";
}

static bool parse_passwd(char *line, struct passwd_entry *ret)
{
	struct fields fields;

	split_fields(line, 7, &fields);
	if (fields.count < 4 || !*fields.at[0] || *fields.at[0] == '+' || *fields.at[0] == '-' ||
	    !parse_id(fields.at[2], &ret->uid) || !parse_id(fields.at[3], &ret->gid))
		return false;
	ret->name = fields.at[0];
	ret->password = fields.at[1];
	ret->gecos = field_or_empty(&fields, 4);
	ret->home = field_or_empty(&fields, 5);
	ret->shell = field_or_empty(&fields, 6);
	return true;
}

static bool parse_group(struct arena *arena, char *line, struct group_entry *ret)
{
	struct fields fields;
	char *member, *rest = NULL;

	split_fields(line, 4, &fields);
	if (fields.count < 3 || !*fields.at[0] || *fields.at[0] == '+' || *fields.at[0] == '-' ||
	    !parse_id(fields.at[2], &ret->gid))
		return false;
	ret->name = fields.at[0];
	ret->password = fields.at[1];
	if (fields.count < 4)
		return true;
	for (member = strtok_r(fields.at[3], ",", &rest); member; member = strtok_r(NULL, ",", &rest)) {
		while (char_is_space(*member))
			member++;
		if (*member)
			*array_push(arena, &ret->members) = member;
	}
	return true;
}

void passwd_load(struct target *target, struct arena *arena, const char *path, struct passwd_file *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	*ret = (struct passwd_file){.path = path};
	ret->error = target_read(target, path, TARGET_FILE_LIMIT, arena, &content, NULL);
	if (ret->error < 0)
		return;
	for (unsigned number = 1; next_line(&content, &offset, &line, &length); number++) {
		char *copy = relevant_line(arena, line, length);
		struct passwd_entry entry = {.line = number};

		if (!copy)
			continue;
		if (parse_passwd(copy, &entry))
			*array_push(arena, &ret->entries) = entry;
		else if (ret->malformed++ == 0)
			ret->first_malformed = number;
	}
}

void group_load(struct target *target, struct arena *arena, const char *path, struct group_file *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	*ret = (struct group_file){.path = path};
	ret->error = target_read(target, path, TARGET_FILE_LIMIT, arena, &content, NULL);
	if (ret->error < 0)
		return;
	for (unsigned number = 1; next_line(&content, &offset, &line, &length); number++) {
		char *copy = relevant_line(arena, line, length);
		struct group_entry entry = {.line = number};

		if (!copy)
			continue;
		if (parse_group(arena, copy, &entry))
			*array_push(arena, &ret->entries) = entry;
		else if (ret->malformed++ == 0)
			ret->first_malformed = number;
	}
}

const struct passwd_entry *passwd_by_name(const struct passwd_file *passwd, const char *name)
{
	for (size_t i = 0; i < passwd->entries.count; i++) {
		if (string_equal(passwd->entries.items[i].name, name))
			return &passwd->entries.items[i];
	}
	return NULL;
}

const struct passwd_entry *passwd_by_uid(const struct passwd_file *passwd, uint32_t uid)
{
	for (size_t i = 0; i < passwd->entries.count; i++) {
		if (passwd->entries.items[i].uid == uid)
			return &passwd->entries.items[i];
	}
	return NULL;
}

const struct group_entry *group_by_name(const struct group_file *group, const char *name)
{
	for (size_t i = 0; i < group->entries.count; i++) {
		if (string_equal(group->entries.items[i].name, name))
			return &group->entries.items[i];
	}
	return NULL;
}

const struct group_entry *group_by_gid(const struct group_file *group, uint32_t gid)
{
	for (size_t i = 0; i < group->entries.count; i++) {
		if (group->entries.items[i].gid == gid)
			return &group->entries.items[i];
	}
	return NULL;
}

bool passwd_free_id(const struct passwd_file *passwd, const struct group_file *group, uint32_t first, uint32_t last,
		    uint32_t *ret)
{
	bool taken[ID_RANGE_LIMIT] = {false};

	if (last < first || last - first >= ID_RANGE_LIMIT)
		return false;
	for (size_t i = 0; i < passwd->entries.count; i++) {
		if (passwd->entries.items[i].uid >= first && passwd->entries.items[i].uid <= last)
			taken[passwd->entries.items[i].uid - first] = true;
	}
	for (size_t i = 0; group && i < group->entries.count; i++) {
		if (group->entries.items[i].gid >= first && group->entries.items[i].gid <= last)
			taken[group->entries.items[i].gid - first] = true;
	}
	for (uint32_t id = first; id <= last; id++) {
		if (taken[id - first])
			continue;
		*ret = id;
		return true;
	}
	return false;
}

/* The services behind "database:", up to a comment; what stands in brackets is an action for the service before. */
static void parse_services(struct arena *arena, char *text, string_list *ret)
{
	while (*text && *text != '#') {
		size_t length = strcspn(text, " \t\r\f\v[#");

		if (length)
			*array_push(arena, ret) = arena_memdup(arena, text, length);
		text += length;
		if (*text == '[')
			text += strcspn(text, "]");
		text += strspn(text, " \t\r\f\v]");
	}
}

void nsswitch_services(struct target *target, struct arena *arena, const char *database, string_list *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	*ret = (string_list){0};
	if (target_read(target, "/etc/nsswitch.conf", TARGET_FILE_LIMIT, arena, &content, NULL) == 0) {
		while (ret->count == 0 && next_line(&content, &offset, &line, &length)) {
			char *copy = relevant_line(arena, line, length);
			const char *rest = copy ? string_after(copy, database) : NULL;

			while (rest && char_is_space(*rest))
				rest++;
			if (rest && *rest == ':')
				parse_services(arena, (char *)rest + 1, ret);
		}
	}
	if (ret->count == 0)
		*array_push(arena, ret) = arena_strdup(arena, "files");
}
