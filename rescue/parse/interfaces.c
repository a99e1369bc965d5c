/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/interfaces.h"

#include <errno.h>
#include <fnmatch.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	INTERFACES_LIMIT = 1024 * 1024,
	SOURCE_DEPTH = 8,
	SOURCE_FILES = 512, /* together */
	LINES_LIMIT = 100 * 1000, /* in all files: more are not looked at */
	STANZAS_LIMIT = 1000,
};

struct reader {
	struct target *target;
	struct arena *arena;
	struct interfaces *result;
	unsigned files;
};

static int read_file(struct reader *reader, const char *path, unsigned depth);

static void split_words(struct arena *arena, struct interfaces_line *line)
{
	string_list words = {0};

	for (const char *next = line->text; *next;) {
		size_t length = strcspn(next, " \t");

		*array_push(arena, &words) = arena_memdup(arena, next, length);
		next += length;
		next += strspn(next, " \t");
	}
	line->word_count = words.count;
	*array_push(arena, &words) = NULL;
	line->words = words.items;
}

/* A path that the file names is relative to the directory of that file. */
static char *sourced_path(struct reader *reader, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (*path == '/')
		return arena_strdup(reader->arena, path);
	return arena_printf(reader->arena, "%.*s/%s", (int)(slash - file), file, path);
}

static void source_files(struct reader *reader, const struct interfaces_line *line, unsigned depth)
{
	for (size_t i = 1; i < line->word_count; i++) {
		string_list paths = {0};

		target_glob(reader->target, sourced_path(reader, line->path, line->words[i]), reader->arena, &paths);
		for (size_t j = 0; j < paths.count; j++)
			read_file(reader, paths.items[j], depth + 1);
	}
}

/* As run-parts(8) names them: anything else in the directory is ignored. */
static bool is_plain_name(const char *name)
{
	for (; *name; name++) {
		if (!char_is_alnum(*name) && *name != '_' && *name != '-')
			return false;
	}
	return true;
}

static void source_directory(struct reader *reader, const struct interfaces_line *line, unsigned depth)
{
	for (size_t i = 1; i < line->word_count; i++) {
		string_list directories = {0};

		target_glob(reader->target, sourced_path(reader, line->path, line->words[i]), reader->arena,
			    &directories);
		for (size_t j = 0; j < directories.count; j++) {
			const char *directory = directories.items[j];
			dir_list entries = {0};

			target_list(reader->target, directory, reader->arena, &entries);
			for (size_t k = 0; k < entries.count; k++) {
				if (!is_plain_name(entries.items[k].name))
					continue;
				read_file(reader,
					  arena_printf(reader->arena, "%s/%s", directory, entries.items[k].name),
					  depth + 1);
			}
		}
	}
}

static void take_line(struct reader *reader, const char *path, unsigned number, const char *text, unsigned depth)
{
	struct interfaces_line line = {.path = path, .line = number};

	line.text = text + strspn(text, " \t");
	if (!*line.text || *line.text == '#' || reader->result->lines.count >= LINES_LIMIT)
		return;
	split_words(reader->arena, &line);
	*array_push(reader->arena, &reader->result->lines) = line;
	if (string_equal(line.words[0], "source"))
		source_files(reader, &line, depth);
	else if (string_equal(line.words[0], "source-directory"))
		source_directory(reader, &line, depth);
}

static int read_file(struct reader *reader, const char *path, unsigned depth)
{
	struct text joined = {.arena = reader->arena};
	const char *line;
	struct blob content;
	size_t offset = 0, length;
	unsigned number = 0, start = 1;
	int r;

	if (depth > SOURCE_DEPTH || reader->files++ >= SOURCE_FILES)
		return -ELOOP;
	r = target_read(reader->target, path, INTERFACES_LIMIT, reader->arena, &content, NULL);
	if (r < 0)
		return r;
	path = arena_strdup(reader->arena, path);
	while (next_line(&content, &offset, &line, &length)) {
		bool continues;

		number++;
		if (length && line[length - 1] == '\r')
			length--;
		continues = length && line[length - 1] == '\\';
		text_add(&joined, line, length - continues);
		if (continues)
			continue;
		take_line(reader, path, start, joined.data, depth);
		joined = (struct text){.arena = reader->arena};
		start = number + 1;
	}
	if (joined.size)
		take_line(reader, path, start, joined.data, depth);
	return 0;
}

int interfaces_load(struct target *target, struct arena *arena, struct interfaces *ret)
{
	struct reader reader = {.target = target, .arena = arena, .result = ret};
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_file(&reader, "/etc/network/interfaces", 0);
	ret->found = r != -ENOENT;
	return ret->found ? r : 0;
}

bool interfaces_is_loopback(const char *name)
{
	return string_equal(name, "lo") || string_after(name, "lo:");
}

/* Methods that leave the interface without an address of its own. */
static bool sets_address(const struct interfaces_line *stanza)
{
	static const char *const methods[] = {"dhcp", "static", "auto", "bootp", "ppp", "wvdial"};

	if (!string_equal(stanza->words[0], "iface") || stanza->word_count < 4 ||
	    interfaces_is_loopback(stanza->words[1]))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (string_equal(stanza->words[3], methods[i]))
			return true;
	}
	return false;
}

/* Whether a word of an auto line brings up the stanza: its name, NAME=STANZA or /PATTERN[=STANZA]. */
static bool brings_up(const struct interfaces_line *stanza, const char *word)
{
	const char *logical = strchr(word, '=');

	if (logical)
		return string_equal(logical + 1, stanza->words[1]);
	if (*word == '/')
		return fnmatch(word + 1, stanza->words[1], 0) == 0;
	return string_equal(word, stanza->words[1]);
}

static bool is_automatic(const struct interfaces_line *line)
{
	return string_equal(line->words[0], "auto") || string_equal(line->words[0], "allow-auto") ||
	       string_equal(line->words[0], "allow-hotplug");
}

bool interfaces_configure_any(const struct interfaces *interfaces)
{
	const struct interfaces_line *stanzas[STANZAS_LIMIT];
	size_t count = 0;

	for (size_t i = 0; i < interfaces->lines.count && count < STANZAS_LIMIT; i++) {
		if (sets_address(&interfaces->lines.items[i]))
			stanzas[count++] = &interfaces->lines.items[i];
	}
	for (size_t i = 0; i < interfaces->lines.count; i++) {
		const struct interfaces_line *line = &interfaces->lines.items[i];

		for (size_t word = 1; is_automatic(line) && word < line->word_count; word++) {
			for (size_t j = 0; j < count; j++) {
				if (brings_up(stanzas[j], line->words[word]))
					return true;
			}
		}
	}
	return false;
}
