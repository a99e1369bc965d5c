/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The effective configuration of sshd: the way in to the engine, and what others ask of the result. */
#include "parse/sshd_config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "parse/sshd_config_parser.h"

#define MAIN_PATH "/etc/ssh/sshd_config"
#define VENDOR_PATH "/usr/etc/ssh/sshd_config"

/* --- errors --- */

static void add_error(struct config_parser *parser, struct sshd_config_error error)
{
	/* Of a release that is not known nothing can be said for sure. */
	if (!parser->version_known && error.kind != SSHD_CONFIG_MISSING)
		error.kind = SSHD_CONFIG_NOT_UNDERSTOOD;
	*array_push(parser->arena, &parser->config->errors) = error;
}

void config_raise(struct config_parser *parser, enum sshd_config_error_kind kind, const char *path, unsigned number,
		  const char *keyword, const char *word, const char *message)
{
	if (parser->config->errors.count >= CONFIG_ERROR_LIMIT)
		return;
	add_error(parser, (struct sshd_config_error){
			      .kind = kind,
			      .path = path ? arena_strdup(parser->arena, path) : NULL,
			      .line = number,
			      .keyword = keyword ? arena_strdup(parser->arena, keyword) : NULL,
			      .word = word ? arena_strdup(parser->arena, word) : NULL,
			      .message = arena_strdup(parser->arena, message),
			  });
}

/* A release newer than our table may take a value that the table does not have. */
static bool may_be_newer(struct config_parser *parser, enum sshd_config_error_kind kind, const char *word)
{
	return parser->version > SSHD_VERSION_NEWEST && kind == SSHD_CONFIG_BAD_VALUE && word && *word &&
	       config_binary_knows(parser, word) != 0;
}

bool config_refuse(struct config_parser *parser, const struct config_line *line, enum sshd_config_error_kind kind,
		   const char *word, const char *format, ...)
{
	va_list arguments;
	char *message;

	if (parser->config->errors.count >= CONFIG_ERROR_LIMIT)
		return false;
	va_start(arguments, format);
	message = arena_vprintf(parser->arena, format, arguments);
	va_end(arguments);
	if (may_be_newer(parser, kind, word))
		kind = SSHD_CONFIG_NOT_UNDERSTOOD;
	add_error(parser, (struct sshd_config_error){
			      .kind = kind,
			      .path = line->file->path,
			      .line = line->number,
			      .keyword = arena_strdup(parser->arena, line->keyword),
			      .word = word ? arena_strdup(parser->arena, word) : NULL,
			      .message = message,
			      .in_match = line->file->in_match,
			  });
	return false;
}

/* --- the binary --- */

/* A question costs a look through all of the binary: it is remembered, and there are not many. */
int config_binary_knows(struct config_parser *parser, const char *word)
{
	for (unsigned i = 0; i < parser->asked_count; i++) {
		if (string_equal(parser->asked[i].word, word))
			return parser->asked[i].answer;
	}
	if (parser->asked_count == CONFIG_ASK_LIMIT)
		return -E2BIG;
	parser->asked[parser->asked_count].word = arena_strdup(parser->arena, word);
	parser->asked[parser->asked_count].answer = sshd_binary_knows(parser->binary, word, false);
	return parser->asked[parser->asked_count++].answer;
}

/* --- loading --- */

static void read_options(struct config_parser *parser, char *const *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config_file command_line = {.active = true};
		size_t size = strlen(options[i]) + 1;

		command_line.copy = arena_alloc(parser->arena, size);
		config_process_line(parser, &command_line, 0, arena_memdup(parser->arena, options[i], size));
	}
}

/* SUSE's sshd reads the vendor's file where there is none in /etc. */
static const char *default_path(struct config_parser *parser)
{
	if (target_exists(parser->target, MAIN_PATH) || !target_exists(parser->target, VENDOR_PATH) ||
	    config_binary_knows(parser, VENDOR_PATH) != 1)
		return MAIN_PATH;
	parser->config->vendor = true;
	return VENDOR_PATH;
}

static void read_main_file(struct config_parser *parser, const char *path)
{
	/* sshd -f none */
	if (string_equal_nocase(path, "none"))
		return;
	if (*path != '/')
		path = arena_printf(parser->arena, "/%s", path);
	config_read_file(parser, path, SSHD_CONFIG_MISSING, NULL, true, false, false, 0);
}

/* The settings of blocks that every connection meets take the place of the others; subsystems add up. */
static void merge_match(struct config_parser *parser)
{
	struct sshd_config *config = parser->config;
	size_t kept = 0;

	for (size_t i = 0; i < config->settings.count; i++) {
		enum keyword_id id = keyword_id_named(config->settings.items[i].keyword);

		if (!parser->set_in_match[id] || id == KEYWORD_SUBSYSTEM)
			config->settings.items[kept++] = config->settings.items[i];
	}
	config->settings.count = kept;
	for (size_t i = 0; i < parser->in_match.settings.count; i++) {
		if (keyword_id_named(parser->in_match.settings.items[i].keyword) != KEYWORD_SUBSYSTEM)
			*array_push(parser->arena, &config->settings) = parser->in_match.settings.items[i];
	}
}

int sshd_config_load_for(struct target *target, struct arena *arena, struct sshd_binary *binary, const char *main_path,
			 char *const *options, size_t option_count, const struct sshd_connection *connection,
			 struct sshd_config *ret)
{
	struct config_parser parser = {
	    .target = target,
	    .arena = arena,
	    .binary = binary,
	    .connection = connection,
	    .config = ret,
	    .version = binary->major * 100 + binary->minor,
	    .version_known = binary->version,
	    .startups = {10, 30, 100},
	};

	*ret = (struct sshd_config){0};
	ret->main_path = main_path ? arena_strdup(arena, main_path) : default_path(&parser);
	if (!parser.version_known) {
		parser.version = SSHD_VERSION_NEWEST;
		config_raise(&parser, SSHD_CONFIG_NOT_UNDERSTOOD, ret->main_path, 0, NULL, NULL,
			     "the release of this sshd is not known");
	}
	read_options(&parser, options, option_count);
	read_main_file(&parser, ret->main_path);
	config_check(&parser);
	config_check_includes(&parser);
	if (parser.in_match.settings.count)
		merge_match(&parser);
	return 0;
}

int sshd_config_load(struct target *target, struct arena *arena, struct sshd_binary *binary, const char *main_path,
		     char *const *options, size_t option_count, struct sshd_config *ret)
{
	return sshd_config_load_for(target, arena, binary, main_path, options, option_count, NULL, ret);
}

/* --- asking --- */

const struct sshd_setting *sshd_config_next(const struct sshd_config *config, const char *keyword,
					    const struct sshd_setting *previous)
{
	const char *name = keyword_name(keyword_id_named(keyword));
	size_t next = previous ? (size_t)(previous - config->settings.items) + 1 : 0;

	for (; name && next < config->settings.count; next++) {
		if (string_equal(config->settings.items[next].keyword, name))
			return &config->settings.items[next];
	}
	return NULL;
}

const struct sshd_setting *sshd_config_get(const struct sshd_config *config, const char *keyword)
{
	return sshd_config_next(config, keyword, NULL);
}

bool sshd_config_listen(struct arena *arena, const struct sshd_setting *setting, struct sshd_listen *ret)
{
	char *word, *colon, *end, *port = NULL;
	uint64_t number;

	*ret = (struct sshd_listen){0};
	if (setting->argument_count == 0)
		return false;
	ret->host = word = arena_strdup(arena, setting->arguments[0]);
	colon = strchr(word, ':');
	if (*word == '[' && (end = strchr(word, ']'))) {
		*end = '\0';
		ret->host = word + 1;
		if (end[1] == ':')
			port = end + 2;
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		port = colon + 1;
	}
	ret->port_word = port;
	if (port && parse_number(port, 65535, &number))
		ret->port = (unsigned)number;
	return true;
}
