/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manifest: what a transaction does, as text that a person can read, one fact a line.
 *
 *   sshrescue-manifest 1
 *   id 20261122-184047-1
 *   time 1795372847
 *   stamp 1795372847.123456789
 *   tool 1.0
 *   command repair%20-y
 *   problem service.masked                      any number
 *   machine HASH                                - when unknown, as the next two
 *   filesystem ext:0123456789abcdef
 *   born 1790000000.000000000
 *   directory 1790000000.000000000 /etc/ssh     any number, sorted
 *   entry replace /etc/ssh/sshd_config          any number, sorted; two lines follow each
 *   before file 0644 0 0 3289 1790000000.000000000 131 HASH
 *   after file 0644 0 0 3288 1795372847.120000000 977 HASH
 *   end HASH                                    of everything before this line
 *
 * Every byte of a text that is not printable ASCII is escaped as in a URL. It is read as untrusted input.
 */
#include "txn/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "policy.h"

#define FIRST_LINE "sshrescue-manifest 1"

enum {
	END_LINE_SIZE = 4 + 2 * SHA256_SIZE + 1, /* "end ", the hash, a newline */
	FIELD_LIMIT = 9,
	PROBLEM_LIMIT = 10 * 1000,
};

static const char *const operation_names[TXN_OPERATION_COUNT] = {"replace", "create", "remove", "mkdir", "attributes"};

static const struct {
	enum node_type type;
	const char *name;
} type_names[] = {
    {NODE_ABSENT, "absent"},   {NODE_FILE, "file"},   {NODE_DIRECTORY, "directory"},
    {NODE_SYMLINK, "symlink"}, {NODE_OTHER, "other"},
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add_escaped(struct text *text, const char *string)
{
	if (!*string) {
		text_add_string(text, "-");
		return;
	}
	if (string_equal(string, "-")) {
		text_add_string(text, "%2d");
		return;
	}
	for (; *string; string++) {
		if (char_is_printable(*string) && *string != ' ' && *string != '%')
			text_add(text, string, 1);
		else
			text_printf(text, "%%%02x", (unsigned char)*string);
	}
}

static void add_line(struct text *text, const char *key, const char *value)
{
	text_printf(text, "%s ", key);
	add_escaped(text, value ? value : "");
	text_add_string(text, "\n");
}

static void add_time(struct text *text, const struct timespec *time)
{
	text_printf(text, "%" PRId64 ".%09ld", (int64_t)time->tv_sec, (long)time->tv_nsec);
}

static const char *type_name(enum node_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		if (type_names[i].type == type)
			return type_names[i].name;
	}
	return type_names[0].name;
}

static void add_object(struct text *text, const char *key, const struct txn_object *object)
{
	char hash[SHA256_TEXT_SIZE] = "-";

	if (object->hashed)
		sha256_to_text(object->hash, hash);
	text_printf(text, "%s %s %04o %" PRIu32 " %" PRIu32 " %" PRIu64 " ", key, type_name(object->type),
		    (unsigned)object->mode, (uint32_t)object->uid, (uint32_t)object->gid, object->size);
	add_time(text, &object->modified);
	text_printf(text, " %" PRIu64 " %s\n", object->inode, hash);
}

static void add_identity(struct text *text, const struct txn_identity *identity)
{
	add_line(text, "machine", identity->machine);
	add_line(text, "filesystem", identity->filesystem);
	text_add_string(text, "born ");
	if (identity->has_born)
		add_time(text, &identity->born);
	else
		text_add_string(text, "-");
	text_add_string(text, "\n");
}

struct blob txn_manifest_format(struct arena *arena, const struct txn_manifest *manifest)
{
	struct text text = {.arena = arena};
	unsigned char hash[SHA256_SIZE];
	char hash_text[SHA256_TEXT_SIZE];

	text_printf(&text, FIRST_LINE "\nid %s\ntime %" PRId64 "\nstamp ", manifest->id, manifest->time);
	add_time(&text, &manifest->stamp);
	text_add_string(&text, "\n");
	add_line(&text, "tool", manifest->tool_version);
	add_line(&text, "command", manifest->command);
	for (size_t i = 0; i < manifest->problems.count; i++)
		add_line(&text, "problem", manifest->problems.items[i]);
	add_identity(&text, &manifest->identity);
	for (size_t i = 0; i < manifest->directories.count; i++) {
		text_add_string(&text, "directory ");
		add_time(&text, &manifest->directories.items[i].modified);
		text_add_string(&text, " ");
		add_escaped(&text, manifest->directories.items[i].path);
		text_add_string(&text, "\n");
	}
	for (size_t i = 0; i < manifest->entries.count; i++) {
		const struct txn_entry *entry = &manifest->entries.items[i];

		text_printf(&text, "entry %s ", operation_names[entry->operation]);
		add_escaped(&text, entry->path);
		text_add_string(&text, "\n");
		add_object(&text, "before", &entry->before);
		add_object(&text, "after", &entry->after);
	}
	sha256_of(text.data, text.size, hash);
	sha256_to_text(hash, hash_text);
	text_printf(&text, "end %s\n", hash_text);
	return (struct blob){.data = text.data, .size = text.size};
}

/* ---- what may stand in one --------------------------------------------------------------------------------------- */

static bool policy_allows_made(const struct txn_entry *entry)
{
	const char *path = entry->path;

	/* What was moved out of the way appears under its new name, and is gone from the old one. */
	if (policy_allows_path(EDIT_RENAME, path))
		return true;
	if (entry->after.type == NODE_SYMLINK)
		return policy_allows_path(EDIT_SYMLINK, path);
	/* Lines are edited in files that are there. */
	return policy_allows_path(EDIT_WRITE, path) ||
	       (entry->operation == TXN_REPLACE && policy_allows_path(EDIT_REPLACE_LINE, path));
}

static bool policy_allows_entry(const struct txn_entry *entry)
{
	const struct txn_object *before = &entry->before, *after = &entry->after;

	switch (entry->operation) {
	case TXN_REPLACE:
	case TXN_CREATE:
		return policy_allows_made(entry);
	case TXN_REMOVE:
		return policy_allows_path(EDIT_UNLINK, entry->path) || policy_allows_path(EDIT_RENAME, entry->path);
	case TXN_MKDIR:
		return policy_allows_path(EDIT_MKDIR, entry->path);
	case TXN_ATTRIBUTES:
		return (before->mode == after->mode || policy_allows_path(EDIT_CHMOD, entry->path)) &&
		       ((before->uid == after->uid && before->gid == after->gid) ||
			policy_allows_path(EDIT_CHOWN, entry->path));
	case TXN_OPERATION_COUNT:
		break;
	}
	return false;
}

static bool is_movable(const struct txn_object *object)
{
	return object->type != NODE_ABSENT && object->type != NODE_DIRECTORY;
}

static bool is_makeable(const struct txn_object *object)
{
	return (object->type == NODE_FILE || object->type == NODE_SYMLINK) && object->hashed;
}

static bool types_fit(const struct txn_entry *entry)
{
	const struct txn_object *before = &entry->before, *after = &entry->after;

	switch (entry->operation) {
	case TXN_REPLACE:
		return is_movable(before) && is_makeable(after) && !txn_object_matches(before, after);
	case TXN_CREATE:
		return before->type == NODE_ABSENT && is_makeable(after);
	case TXN_REMOVE:
		return is_movable(before) && after->type == NODE_ABSENT;
	case TXN_MKDIR:
		return before->type == NODE_ABSENT && after->type == NODE_DIRECTORY;
	case TXN_ATTRIBUTES:
		return before->type == after->type && before->type != NODE_ABSENT &&
		       (before->mode != after->mode || before->uid != after->uid || before->gid != after->gid);
	case TXN_OPERATION_COUNT:
		break;
	}
	return false;
}

bool txn_entry_is_allowed(const struct txn_entry *entry)
{
	const char *below_store = string_after(entry->path, TXN_STORE);

	if (string_equal(entry->path, "/"))
		return entry->operation == TXN_ATTRIBUTES && types_fit(entry) && policy_allows_entry(entry);
	if (!txn_path_is_canonical(entry->path) || (below_store && (*below_store == '\0' || *below_store == '/')))
		return false;
	return types_fit(entry) && policy_allows_entry(entry);
}

struct txn_directory *txn_manifest_directory(const struct txn_manifest *manifest, const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);

	for (size_t i = 0; i < manifest->directories.count; i++) {
		struct txn_directory *directory = &manifest->directories.items[i];

		if (length == 0 ? string_equal(directory->path, "/")
				: strncmp(directory->path, path, length) == 0 && directory->path[length] == '\0')
			return directory;
	}
	return NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct reader {
	struct arena *arena;
	char *next; /* a private copy of the text, without the end line */
	char *fields[FIELD_LIMIT];
	size_t field_count; /* 0 at the end */
};

/* Splits the next line at its blanks. false when it has too many or an empty one. */
static bool read_line(struct reader *reader)
{
	char *line = reader->next, *newline = strchr(line, '\n');

	reader->field_count = 0;
	if (!*line)
		return true;
	if (!newline)
		return false;
	*newline = '\0';
	reader->next = newline + 1;
	for (;;) {
		size_t length = strcspn(line, " ");
		bool last = line[length] == '\0';

		if (length == 0 || reader->field_count == FIELD_LIMIT)
			return false;
		line[length] = '\0';
		reader->fields[reader->field_count++] = line;
		if (last)
			return true;
		line += length + 1;
	}
}

static bool line_is(const struct reader *reader, const char *key, size_t fields)
{
	return reader->field_count == fields && string_equal(reader->fields[0], key);
}

/* The text behind its escapes, in arena; NULL when they are wrong. */
static char *unescape(struct arena *arena, const char *field)
{
	char *result = arena_strdup(arena, string_equal(field, "-") ? "" : field), *to = result;

	for (const char *from = result; *from; from++) {
		int high, low;

		if (*from == '%') {
			high = char_hex_value(from[1]);
			low = high < 0 ? -1 : char_hex_value(from[2]);
			if (low < 0 || (high == 0 && low == 0))
				return NULL;
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else if (char_is_printable(*from)) {
			*to++ = *from;
		} else {
			return NULL;
		}
	}
	*to = '\0';
	return result;
}

static bool parse_time(char *field, struct timespec *ret)
{
	char *dot = strchr(field, '.');
	bool negative = *field == '-';
	uint64_t seconds, nanoseconds;

	if (!dot || strlen(dot + 1) != 9)
		return false;
	*dot = '\0';
	if (!parse_number(field + negative, INT64_MAX, &seconds) || !parse_number(dot + 1, 999999999, &nanoseconds))
		return false;
	ret->tv_sec = negative ? -(time_t)seconds : (time_t)seconds;
	ret->tv_nsec = (long)nanoseconds;
	return true;
}

static bool parse_octal(const char *field, unsigned maximum, mode_t *ret)
{
	unsigned value = 0;

	if (strlen(field) < 4 || strlen(field) > 6)
		return false;
	for (; *field; field++) {
		if (*field < '0' || *field > '7')
			return false;
		value = value * 8 + (unsigned)(*field - '0');
	}
	*ret = (mode_t)value;
	return value <= maximum;
}

static bool parse_type(const char *field, enum node_type *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		if (string_equal(type_names[i].name, field)) {
			*ret = type_names[i].type;
			return true;
		}
	}
	return false;
}

/* "before file 0644 0 0 3289 1790000000.000000000 131 HASH" */
static bool read_object(struct reader *reader, const char *key, struct txn_object *ret)
{
	uint64_t uid, gid;
	char **field = reader->fields;

	if (!read_line(reader) || !line_is(reader, key, 9))
		return false;
	if (!parse_type(field[1], &ret->type) ||
	    !parse_octal(field[2], ret->type == NODE_OTHER ? 0177777 : 07777, &ret->mode) ||
	    !parse_number(field[3], UINT32_MAX, &uid) || !parse_number(field[4], UINT32_MAX, &gid) ||
	    !parse_number(field[5], UINT64_MAX, &ret->size) || !parse_time(field[6], &ret->modified) ||
	    !parse_number(field[7], UINT64_MAX, &ret->inode))
		return false;
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	ret->hashed = !string_equal(field[8], "-");
	return !ret->hashed || sha256_from_text(field[8], ret->hash);
}

/* One line with one text; *ret is "" for "-". */
static bool read_text(struct reader *reader, const char *key, char **ret)
{
	if (!read_line(reader) || !line_is(reader, key, 2))
		return false;
	*ret = unescape(reader->arena, reader->fields[1]);
	return *ret != NULL;
}

static bool read_identity(struct reader *reader, struct txn_identity *ret)
{
	char *machine, *filesystem;

	if (!read_text(reader, "machine", &machine) || !read_text(reader, "filesystem", &filesystem) ||
	    strlen(machine) >= sizeof(ret->machine) || strlen(filesystem) >= sizeof(ret->filesystem))
		return false;
	strcpy(ret->machine, machine);
	strcpy(ret->filesystem, filesystem);
	if (!read_line(reader) || !line_is(reader, "born", 2))
		return false;
	ret->has_born = !string_equal(reader->fields[1], "-");
	return !ret->has_born || parse_time(reader->fields[1], &ret->born);
}

static bool read_header(struct reader *reader, struct txn_manifest *ret)
{
	uint64_t number;
	char *id;

	if (!read_text(reader, "id", &id) || !txn_id_is_valid(id, NULL))
		return false;
	strcpy(ret->id, id);
	if (!read_line(reader) || !line_is(reader, "time", 2) || !parse_number(reader->fields[1], INT64_MAX, &number))
		return false;
	ret->time = (int64_t)number;
	if (!read_line(reader) || !line_is(reader, "stamp", 2) || !parse_time(reader->fields[1], &ret->stamp))
		return false;
	if (!read_text(reader, "tool", &ret->tool_version) || !read_text(reader, "command", &ret->command))
		return false;
	for (;;) {
		char *before_line = reader->next, *problem;

		if (!string_after(before_line, "problem "))
			return read_identity(reader, &ret->identity);
		if (ret->problems.count == PROBLEM_LIMIT || !read_text(reader, "problem", &problem))
			return false;
		*array_push(reader->arena, &ret->problems) = problem;
	}
}

static bool read_directory(struct reader *reader, struct txn_manifest *ret)
{
	struct txn_directory *directory, *previous;

	if (ret->directories.count == TXN_ENTRY_LIMIT || ret->entries.count > 0)
		return false;
	directory = array_push(reader->arena, &ret->directories);
	previous = ret->directories.count > 1 ? directory - 1 : NULL;
	*directory = (struct txn_directory){0};
	if (!parse_time(reader->fields[1], &directory->modified))
		return false;
	directory->path = unescape(reader->arena, reader->fields[2]);
	return directory->path && (string_equal(directory->path, "/") || txn_path_is_canonical(directory->path)) &&
	       (!previous || strcmp(previous->path, directory->path) < 0);
}

static bool read_entry(struct reader *reader, struct txn_manifest *ret)
{
	struct txn_entry *entry, *previous;

	if (ret->entries.count == TXN_ENTRY_LIMIT)
		return false;
	entry = array_push(reader->arena, &ret->entries);
	previous = ret->entries.count > 1 ? entry - 1 : NULL;
	*entry = (struct txn_entry){.operation = TXN_OPERATION_COUNT};
	for (unsigned i = 0; i < TXN_OPERATION_COUNT; i++) {
		if (string_equal(operation_names[i], reader->fields[1]))
			entry->operation = i;
	}
	entry->path = unescape(reader->arena, reader->fields[2]);
	if (!entry->path || entry->operation == TXN_OPERATION_COUNT)
		return false;
	if (previous && strcmp(previous->path, entry->path) >= 0)
		return false;
	return read_object(reader, "before", &entry->before) && read_object(reader, "after", &entry->after);
}

/* A directory line stands for something only where an entry changes names in it. */
static bool directory_is_used(const struct txn_manifest *manifest, const struct txn_directory *directory)
{
	for (size_t i = 0; i < manifest->entries.count; i++) {
		if (txn_manifest_directory(manifest, manifest->entries.items[i].path) == directory)
			return true;
	}
	return false;
}

static bool checksum_is_right(const struct blob *text)
{
	unsigned char hash[SHA256_SIZE], stated[SHA256_SIZE];
	char stated_text[SHA256_TEXT_SIZE];
	const char *end = text->data + text->size - END_LINE_SIZE;

	if (text->size < END_LINE_SIZE + strlen(FIRST_LINE "\n") || memcmp(end, "end ", 4) != 0 ||
	    end[END_LINE_SIZE - 1] != '\n')
		return false;
	memcpy(stated_text, end + 4, SHA256_TEXT_SIZE - 1);
	stated_text[SHA256_TEXT_SIZE - 1] = '\0';
	sha256_of(text->data, text->size - END_LINE_SIZE, hash);
	return sha256_from_text(stated_text, stated) && memcmp(hash, stated, SHA256_SIZE) == 0;
}

static const char *read_body(struct reader *reader, struct txn_manifest *ret)
{
	while (read_line(reader)) {
		if (reader->field_count == 0)
			return NULL;
		if (line_is(reader, "directory", 3)) {
			if (!read_directory(reader, ret))
				return "the manifest has a malformed directory line";
		} else if (line_is(reader, "entry", 3)) {
			if (!read_entry(reader, ret))
				return "the manifest has a malformed entry";
			if (!txn_entry_is_allowed(&ret->entries.items[ret->entries.count - 1]))
				return "the manifest names something that sshrescue never writes";
		} else {
			break;
		}
	}
	return "the manifest has a malformed line";
}

int txn_manifest_parse(struct arena *arena, const struct blob *text, struct txn_manifest *ret, const char **ret_damage)
{
	struct reader reader = {.arena = arena};

	memset(ret, 0, sizeof(*ret));
	if (!string_after(text->data, FIRST_LINE "\n")) {
		if (string_after(text->data, "sshrescue-manifest ") && strchr(text->data, '\n')) {
			*ret_damage = "the manifest is of another version of sshrescue";
			return -EOPNOTSUPP;
		}
		*ret_damage = "it is no manifest";
		return -EUCLEAN;
	}
	if (memchr(text->data, '\0', text->size) || !checksum_is_right(text)) {
		*ret_damage = "the manifest's checksum is wrong";
		return -EUCLEAN;
	}
	reader.next = arena_memdup(arena, text->data, text->size - END_LINE_SIZE) + strlen(FIRST_LINE "\n");
	*ret_damage = read_header(&reader, ret) ? read_body(&reader, ret) : "the manifest has a malformed header";
	for (size_t i = 0; !*ret_damage && i < ret->directories.count; i++) {
		if (!directory_is_used(ret, &ret->directories.items[i]))
			*ret_damage = "the manifest names a directory without need";
	}
	return *ret_damage ? -EUCLEAN : 0;
}
