/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and their lines: load_server_config(), parse_server_config_depth() and the Include keyword of servconf.c. */
#include "parse/sshd_config_parser.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define LEADING_SPACE " \t\r"
#define TOO_DEEP "Too many recursive configuration includes"

enum {
	OLD_LINE_LIMIT = 4094, /* of releases before 7.8 */
};

static const char *reason_of(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		return "No such file or directory";
	case -ELOOP:
		return "Too many levels of symbolic links";
	case -EFTYPE_NOT_REGULAR:
		return "not a regular file: sshd cannot read it, or waits for it for ever";
	case -EFBIG:
		return "larger than any configuration";
	default:
		return "cannot be read";
	}
}

/* --- content --- */

/* Notes a directory that is named outright, as the main file or by the Include line at hand. */
static void note_directory(struct config_parser *parser, const char *path, const struct config_line *line)
{
	struct sshd_config *config = parser->config;

	if (line && !string_equal(parser->include_lines.items[parser->include_lines.count - 1].pattern, path))
		return;
	for (size_t i = 0; i < config->directories.count; i++) {
		if (string_equal(config->directories.items[i].path, path))
			return;
	}
	*array_push(parser->arena, &config->directories) = (struct sshd_config_directory){
	    arena_strdup(parser->arena, path), line ? line->file->path : NULL, line ? line->number : 0};
}

/* sshd reads a directory as an empty file, and so it does /dev/null, which need not be there yet. */
static int read_content(struct config_parser *parser, const char *path, const struct config_line *line,
			struct blob *ret)
{
	int r;

	*ret = (struct blob){0};
	if (string_equal(path, "/dev/null"))
		return 0;
	r = target_read(parser->target, path, TARGET_FILE_LIMIT, parser->arena, ret, NULL);
	if (r != -EISDIR)
		return r;
	note_directory(parser, path, line);
	return 0;
}

/* Files and bytes without end are no configuration that anybody wrote; sshd would be at it for ever. */
static bool within_limits(struct config_parser *parser, const struct blob *content, const char *path)
{
	parser->bytes_read += content->size;
	if (++parser->files_read <= CONFIG_FILE_LIMIT && parser->bytes_read <= CONFIG_BYTE_LIMIT)
		return true;
	if (!parser->gave_up)
		config_raise(parser, SSHD_CONFIG_NOT_UNDERSTOOD, path, 0, "Include", NULL,
			     "more is included than is looked at");
	parser->gave_up = true;
	return false;
}

static void remember_file(struct config_parser *parser, const char *path)
{
	string_list *files = &parser->config->files;

	for (size_t i = 0; i < files->count; i++) {
		if (string_equal(files->items[i], path))
			return;
	}
	*array_push(parser->arena, files) = arena_strdup(parser->arena, path);
}

/* --- lines --- */

/* Makes room for length more bytes of the line, and for the words it may be cut into. */
static void reserve_line(struct config_parser *parser, struct config_file *file, size_t used, size_t length)
{
	size_t capacity = file->line_capacity ? file->line_capacity : 256;
	char *grown;

	if (file->line_capacity > used + length)
		return;
	while (capacity <= used + length)
		capacity *= 2;
	grown = arena_alloc(parser->arena, capacity);
	if (used)
		memcpy(grown, file->line, used);
	file->line = grown;
	file->copy = arena_alloc(parser->arena, capacity);
	file->line_capacity = capacity;
}

/* What sshd keeps of a line as it loads the file: nothing before the first other character than a space, nothing behind
 * a NUL (not even the newline: then the next line is part of this one) and, up to 8.6, nothing behind a #. */
static size_t kept(const struct config_parser *parser, const char **line, size_t length, bool *ret_continues)
{
	const char *nul = memchr(*line, '\0', length), *hash;

	*ret_continues = nul;
	if (nul)
		length = (size_t)(nul - *line);
	if (!config_since(parser, 807) && (hash = memchr(*line, '#', length))) {
		length = (size_t)(hash - *line);
		*ret_continues = false;
	}
	while (length && strchr(LEADING_SPACE, **line)) {
		(*line)++;
		length--;
	}
	return length;
}

static void process_lines(struct config_parser *parser, struct config_file *file, const struct blob *content)
{
	size_t offset = 0, used = 0, length;
	unsigned number = 0, first = 1;
	const char *line;

	while (next_line(content, &offset, &line, &length)) {
		bool continues;

		number++;
		if (used == 0)
			first = number;
		if (!config_since(parser, 708) && length > OLD_LINE_LIMIT)
			config_raise(parser, SSHD_CONFIG_BAD_VALUE, file->path, number, NULL, NULL, "too long");
		length = kept(parser, &line, length, &continues);
		reserve_line(parser, file, used, length);
		memcpy(file->line + used, line, length);
		used += length;
		if (continues && offset < content->size)
			continue;
		file->line[used] = '\0';
		used = 0;
		config_process_line(parser, file, first, file->line);
	}
}

static const char *canonical(struct config_parser *parser, const char *path)
{
	char *resolved;

	if (target_resolve(parser->target, path, true, parser->arena, &resolved) < 0)
		return arena_strdup(parser->arena, path);
	return resolved;
}

void config_read_file(struct config_parser *parser, const char *path, enum sshd_config_error_kind what,
		      const struct config_line *line, bool active, bool never_match, bool in_match, unsigned depth)
{
	struct config_file file = {.active = active, .never_match = never_match, .in_match = in_match, .depth = depth};
	struct blob content;
	int r;

	r = read_content(parser, path, line, &content);
	if (r < 0) {
		if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP && r != -EFTYPE_NOT_REGULAR)
			what = SSHD_CONFIG_NOT_UNDERSTOOD;
		if (line)
			config_refuse(parser, line, what, path, "%.200s: %s", path, reason_of(r));
		else
			config_raise(parser, what, path, 0, NULL, NULL, reason_of(r));
		return;
	}
	file.path = canonical(parser, path);
	if (!within_limits(parser, &content, file.path))
		return;
	remember_file(parser, file.path);
	process_lines(parser, &file, &content);
}

/* --- Include --- */

static bool include_file(struct config_parser *parser, struct config_line *line, const char *path)
{
	struct config_file *file = line->file;

	if (file->depth >= CONFIG_DEPTH_LIMIT) {
		parser->too_deep = true;
		return config_refuse(parser, line, SSHD_CONFIG_BAD_INCLUDE, path, TOO_DEEP);
	}
	config_read_file(parser, path, SSHD_CONFIG_BAD_INCLUDE, line, line->active, !line->active, file->in_match,
			 file->depth + 1);
	return true;
}

/* Files that the pattern has found before are read again, but only those that sshd is through with: a file among them
 * that includes them all gets those before it. */
static bool include_again(struct config_parser *parser, struct config_line *line, const char *pattern, bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < parser->included.count && !parser->gave_up; i++) {
		struct config_included included = parser->included.items[i];

		if (!string_equal(included.pattern, pattern))
			continue;
		*ret_found = true;
		if (included.path && !include_file(parser, line, included.path))
			return false;
	}
	return true;
}

static void remember_included(struct config_parser *parser, const char *pattern, const char *path)
{
	*array_push(parser->arena, &parser->included) =
	    (struct config_included){pattern, path, path ? canonical(parser, path) : NULL};
}

/* 8.2 put the keyword behind the directory where it meant the word. */
static const char *include_pattern(struct config_parser *parser, const struct config_line *line, const char *word)
{
	if (*word == '/')
		return arena_strdup(parser->arena, word);
	if (*word == '~')
		return arena_printf(parser->arena, "/%s", word);
	return arena_printf(parser->arena, "/etc/ssh/%s", parser->version == 802 ? line->keyword : word);
}

static bool include_word(struct config_parser *parser, struct config_line *line, const char *word)
{
	const char *pattern = include_pattern(parser, line, word);
	string_list paths;
	bool found;
	int r;

	*array_push(parser->arena, &parser->include_lines) =
	    (struct config_include_line){line->file->path, pattern, line->number};
	if (!include_again(parser, line, pattern, &found))
		return false;
	if (found || parser->gave_up)
		return true;
	r = ++parser->patterns > CONFIG_PATTERN_LIMIT ? -E2BIG
						      : target_glob(parser->target, pattern, parser->arena, &paths);
	if (r < 0 && r != -ENAMETOOLONG) {
		parser->gave_up = true;
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word, "cannot tell what %.200s includes",
				     word);
	}
	if (r < 0 || paths.count == 0)
		remember_included(parser, pattern, NULL);
	for (size_t i = 0; r == 0 && i < paths.count && !parser->gave_up; i++) {
		if (!include_file(parser, line, paths.items[i]))
			return false;
		remember_included(parser, pattern, paths.items[i]);
	}
	return true;
}

bool grammar_include(struct config_parser *parser, struct config_line *line)
{
	unsigned count = 0;
	char *word;

	line->nothing = true;
	if (!line->file->path)
		return config_refuse(parser, line, SSHD_CONFIG_BAD_INCLUDE, NULL,
				     "Include directive not supported as a command-line option");
	while (!parser->gave_up && (word = config_next_word(&line->words))) {
		if (!*word && !config_since(parser, 807))
			break;
		if (!*word)
			return config_refuse(parser, line, SSHD_CONFIG_BAD_INCLUDE, word,
					     "keyword %.200s empty argument", line->keyword);
		if (!include_word(parser, line, word))
			return false;
		count++;
	}
	if (parser->gave_up)
		line->rest_taken = true;
	if (count || parser->gave_up)
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_BAD_INCLUDE, NULL, "%.200s missing filename argument",
			     config_since(parser, 807) ? line->keyword : "Include");
}

static size_t file_index(const struct sshd_config *config, const char *path)
{
	size_t i;

	for (i = 0; i < config->files.count && !string_equal(config->files.items[i], path); i++)
		;
	return i;
}

/* Takes what the line includes to be one deeper than the line is; whether that is too deep. */
static bool deepen(const struct config_parser *parser, const struct config_include_line *line, unsigned *depth)
{
	const struct sshd_config *config = parser->config;
	size_t from = file_index(config, line->file);
	bool too_deep = false;

	for (size_t i = 0; i < parser->included.count && from < config->files.count; i++) {
		const struct config_included *included = &parser->included.items[i];
		size_t to;

		if (!included->path || !string_equal(included->pattern, line->pattern))
			continue;
		to = file_index(config, included->file);
		if (to == config->files.count || depth[to] > depth[from])
			continue;
		depth[to] = depth[from] + 1;
		too_deep = too_deep || depth[to] > CONFIG_DEPTH_LIMIT;
	}
	return too_deep;
}

/*
 * sshd reads its configuration again for each connection, and then remembers all files of a pattern from the start. A
 * loop that it did not notice, since it came to the pattern again before it was through with the files, ends every
 * connection.
 */
void config_check_includes(struct config_parser *parser)
{
	enum {
		MOST_STEPS = 1000 * 1000
	};
	unsigned *depth = arena_alloc(parser->arena, (parser->config->files.count + 1) * sizeof(*depth));

	if (parser->too_deep || parser->gave_up ||
	    parser->include_lines.count * (parser->included.count + 1) > MOST_STEPS)
		return;
	for (unsigned round = 0; round <= CONFIG_DEPTH_LIMIT; round++) {
		for (size_t i = 0; i < parser->include_lines.count; i++) {
			const struct config_include_line *line = &parser->include_lines.items[i];

			if (!deepen(parser, line, depth))
				continue;
			config_raise(parser, SSHD_CONFIG_BAD_INCLUDE, line->file, line->number, "Include", NULL,
				     TOO_DEEP);
			return;
		}
	}
}
