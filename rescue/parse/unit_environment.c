/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Environment= and EnvironmentFile=: systemd.exec(5), parse_env_file_internal() of systemd's env-file.c. */
#include "parse/unit_command.h"

#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_private.h"
#include "parse/unit_words.h"

enum {
	ENVIRONMENT_FILE_LIMIT = 4 * 1024 * 1024,
	COMMENTS_END_WITH_LINE_SINCE = 254, /* before, a backslash at its end made the next line a comment as well */
};

const struct unit_variable *unit_environment_get(const unit_environment *environment, const char *name)
{
	for (size_t i = 0; i < environment->count; i++) {
		if (string_equal(environment->items[i].name, name))
			return &environment->items[i];
	}
	return NULL;
}

static bool name_is_valid(const char *name)
{
	if (!*name || char_is_digit(*name))
		return false;
	for (; *name; name++) {
		if (!char_is_alnum(*name) && *name != '_')
			return false;
	}
	return true;
}

static bool value_is_valid(const char *value)
{
	for (const char *c = value; *c; c++) {
		if (((unsigned char)*c < ' ' && *c != '\t' && *c != '\n') || *c == 0x7f)
			return false;
	}
	return unit_utf8_is_valid(value);
}

static void set_variable(struct arena *arena, unit_environment *environment, const struct unit_variable *variable)
{
	struct unit_variable *slot = NULL;

	if (!name_is_valid(variable->name) || !value_is_valid(variable->value))
		return;
	for (size_t i = 0; i < environment->count; i++) {
		if (string_equal(environment->items[i].name, variable->name))
			slot = &environment->items[i];
	}
	if (!slot)
		slot = array_push(arena, environment);
	*slot = *variable;
}

enum file_state {
	PRE_KEY,
	KEY,
	PRE_VALUE,
	VALUE,
	VALUE_ESCAPE,
	SINGLE_QUOTE,
	DOUBLE_QUOTE,
	DOUBLE_QUOTE_ESCAPE,
	COMMENT,
	COMMENT_ESCAPE,
};

struct file_parser {
	struct unit_set *set;
	struct arena *arena;
	unit_environment *environment;
	const char *path;
	enum file_state state;
	struct text key, value;
	size_t key_end, value_end; /* without white space at the end */
	unsigned line, key_line;
};

/* The end of an assignment. -EINVAL: systemd gives up the file. */
static int finish_assignment(struct file_parser *parser)
{
	struct unit_variable variable = {.path = parser->path, .line = parser->key_line};

	variable.name = arena_memdup(parser->arena, parser->key.data, parser->key_end);
	variable.value = arena_memdup(parser->arena, parser->value.data, parser->value_end);
	if (!unit_utf8_is_valid(variable.name) || !unit_utf8_is_valid(variable.value))
		return -EINVAL;
	set_variable(parser->arena, parser->environment, &variable);
	return 0;
}

static void add_to_value(struct file_parser *parser, char c)
{
	text_add(&parser->value, &c, 1);
	parser->value_end = parser->value.size;
}

static void begin_key(struct file_parser *parser, char c)
{
	parser->state = KEY;
	parser->key_line = parser->line;
	parser->key.size = parser->value.size = parser->value_end = 0;
	text_add(&parser->value, "", 0);
	text_add(&parser->key, &c, 1);
	parser->key_end = 1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static void in_key(struct file_parser *parser, char c)
{
	if (is_newline(c)) {
		parser->state = PRE_KEY;
	} else if (c == '=') {
		parser->state = PRE_VALUE;
	} else {
		text_add(&parser->key, &c, 1);
		if (!is_space(c))
			parser->key_end = parser->key.size;
	}
}

static int before_value(struct file_parser *parser, char c)
{
	if (is_newline(c)) {
		parser->state = PRE_KEY;
		return finish_assignment(parser);
	}
	if (c == '\'')
		parser->state = SINGLE_QUOTE;
	else if (c == '"')
		parser->state = DOUBLE_QUOTE;
	else if (c == '\\')
		parser->state = VALUE_ESCAPE;
	else if (!is_space(c)) {
		parser->state = VALUE;
		add_to_value(parser, c);
	}
	return 0;
}

static int in_value(struct file_parser *parser, char c)
{
	if (is_newline(c)) {
		parser->state = PRE_KEY;
		return finish_assignment(parser);
	}
	if (c == '\\') {
		parser->state = VALUE_ESCAPE;
		parser->value_end = parser->value.size;
	} else if (is_space(c)) {
		text_add(&parser->value, &c, 1);
	} else {
		add_to_value(parser, c);
	}
	return 0;
}

static void after_comment_escape(struct file_parser *parser, char c)
{
	unsigned version;

	parser->state = COMMENT;
	if (!is_newline(c))
		return;
	version = unit_systemd_version(parser->set);
	if (!version || version >= COMMENTS_END_WITH_LINE_SINCE)
		parser->state = PRE_KEY;
}

static int next_character(struct file_parser *parser, char c)
{
	switch (parser->state) {
	case PRE_KEY:
		if (c == '#' || c == ';')
			parser->state = COMMENT;
		else if (!is_space(c))
			begin_key(parser, c);
		return 0;
	case KEY:
		in_key(parser, c);
		return 0;
	case PRE_VALUE:
		return before_value(parser, c);
	case VALUE:
		return in_value(parser, c);
	case VALUE_ESCAPE:
		parser->state = VALUE;
		if (!is_newline(c))
			add_to_value(parser, c);
		return 0;
	case SINGLE_QUOTE:
	case DOUBLE_QUOTE:
		if (c == (parser->state == SINGLE_QUOTE ? '\'' : '"'))
			parser->state = PRE_VALUE;
		else if (c == '\\' && parser->state == DOUBLE_QUOTE)
			parser->state = DOUBLE_QUOTE_ESCAPE;
		else
			add_to_value(parser, c);
		return 0;
	case DOUBLE_QUOTE_ESCAPE:
		parser->state = DOUBLE_QUOTE;
		if (!strchr("\"\\`$\n", c))
			add_to_value(parser, '\\');
		if (c != '\n')
			add_to_value(parser, c);
		return 0;
	case COMMENT:
		if (c == '\\')
			parser->state = COMMENT_ESCAPE;
		else if (is_newline(c))
			parser->state = PRE_KEY;
		return 0;
	case COMMENT_ESCAPE:
		after_comment_escape(parser, c);
		return 0;
	}
	return 0;
}

static int read_file(struct unit_set *set, struct arena *arena, const char *path, unit_environment *ret)
{
	struct file_parser parser = {.set = set, .arena = arena, .path = path, .line = 1};
	unit_environment found = {0};
	struct blob content;
	int r;

	r = target_read(set->target, path, ENVIRONMENT_FILE_LIMIT, arena, &content, NULL);
	if (r < 0)
		return r;
	parser.key.arena = parser.value.arena = arena;
	parser.environment = &found;
	/* read_full_file() refuses a NUL, and with it the file. */
	if (strlen(content.data) != content.size)
		return -EINVAL;
	for (size_t i = 0; i < content.size; i++) {
		r = next_character(&parser, content.data[i]);
		if (r < 0)
			return r;
		if (content.data[i] == '\n')
			parser.line++;
	}
	if (parser.state >= PRE_VALUE && parser.state <= DOUBLE_QUOTE_ESCAPE) {
		r = finish_assignment(&parser);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < found.count; i++)
		set_variable(arena, ret, &found.items[i]);
	return 0;
}

static int read_files(struct unit_set *set, struct arena *arena, const struct unit *unit, const char *value,
		      unit_environment *ret)
{
	bool optional = *value == '-';
	const char *pattern = unit_expand(arena, unit, value + optional);
	string_list paths = {0};
	int r;

	/* A path that is not absolute is ignored when the unit is loaded. What the running system makes is not there
	 * yet. */
	if (*pattern != '/' || string_after(pattern, "/run/"))
		return 0;
	r = target_glob(set->target, pattern, arena, &paths);
	if (r == 0 && !paths.count)
		r = -ENOENT;
	for (size_t i = 0; r >= 0 && i < paths.count; i++) {
		r = read_file(set, arena, paths.items[i], ret);
		if (optional)
			r = 0;
	}
	return optional ? 0 : r;
}

static void set_from_words(struct arena *arena, const struct unit *unit, const struct unit_setting *setting,
			   unit_environment *ret)
{
	string_list words = {0};

	unit_words(arena, setting->value, UNIT_WORD_UNQUOTE | UNIT_WORD_UNESCAPE, &words);
	for (size_t i = 0; i < words.count; i++) {
		char *word = unit_expand(arena, unit, words.items[i]), *equals = strchr(word, '=');
		struct unit_variable variable = {.path = setting->path, .line = setting->line};

		if (!equals)
			continue;
		*equals = '\0';
		variable.name = word;
		variable.value = equals + 1;
		set_variable(arena, ret, &variable);
	}
}

static void unset_from_words(struct arena *arena, const struct unit_setting *setting, unit_environment *ret)
{
	string_list words = {0};

	unit_words(arena, setting->value, UNIT_WORD_UNQUOTE | UNIT_WORD_UNESCAPE, &words);
	for (size_t i = 0; i < words.count; i++) {
		char *equals = strchr(words.items[i], '=');
		size_t kept = 0;

		if (equals)
			*equals++ = '\0';
		for (size_t j = 0; j < ret->count; j++) {
			if (!string_equal(ret->items[j].name, words.items[i]) ||
			    (equals && !string_equal(ret->items[j].value, equals)))
				ret->items[kept++] = ret->items[j];
		}
		ret->count = kept;
	}
}

int unit_environment_load(struct unit_set *set, struct arena *arena, const struct unit *unit, unit_environment *ret,
			  const struct unit_setting **failed)
{
	const struct unit_setting *setting = NULL;
	int r;

	while ((setting = unit_next(unit, "Service", "Environment", setting)))
		set_from_words(arena, unit, setting, ret);
	while ((setting = unit_next(unit, "Service", "EnvironmentFile", setting))) {
		r = read_files(set, arena, unit, setting->value, ret);
		if (r < 0) {
			*failed = setting;
			return r == -ENOENT || r == -ENOTDIR ? -ENOENT : -EINVAL;
		}
	}
	while ((setting = unit_next(unit, "Service", "UnsetEnvironment", setting)))
		unset_from_words(arena, setting, ret);
	return 0;
}
