/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"

enum {
	FILE_LIMIT = 65536,
};

enum section {
	SECTION_GENERAL, /* before any header, or below [sshrescue] */
	SECTION_CLASS,
	SECTION_UNKNOWN, /* its header was complained about */
};

struct parser {
	struct arena *arena;
	struct settings *settings;
	enum section section;
	unsigned line;
};

static struct settings_rule *rule_for(struct settings *settings, const char *code)
{
	for (size_t i = 0; i < PROBLEM_COUNT; i++) {
		if (string_equal(problem_table[i].code, code))
			return &settings->rules[i];
	}
	return NULL;
}

static const char *set_boot(struct parser *parser, char *value)
{
	return boot_mode_parse(value, &parser->settings->boot)
		   ? NULL
		   : "the mode is one of off, check, preen, repair, rehearse, shell and guard";
}

static const char *set_timeout(struct parser *parser, char *value)
{
	uint64_t number;

	if (!parse_number(value, BOOT_TIMEOUT_MOST, &number) || number == 0)
		return "the timeout is a number of seconds, from 1 to 3600";
	parser->settings->timeout = (unsigned)number;
	return NULL;
}

static const char *set_port(struct parser *parser, char *value)
{
	uint64_t number;

	if (!parse_number(value, 65535, &number) || number == 0)
		return "the port is a number from 1 to 65535";
	parser->settings->port = (unsigned)number;
	return NULL;
}

/* One code that is wrong does not spoil the others of its line. */
static const char *add_ignored(struct parser *parser, char *value)
{
	const char *reason = NULL;

	for (char *code = value; *code;) {
		size_t length = strcspn(code, " \t,");
		char *next = code + length + strspn(code + length, " \t,");
		struct settings_rule *rule;

		code[length] = '\0';
		rule = rule_for(parser->settings, code);
		if (rule)
			rule->ignored = parser->line;
		else if (length)
			reason =
			    arena_printf(parser->arena, "there is no problem '%s'; sshrescue explain lists them", code);
		code = next;
	}
	return reason;
}

static const struct setting {
	const char *name;
	const char *(*set)(struct parser *parser, char *value);
} general_settings[] = {
    {"boot", set_boot},
    {"timeout", set_timeout},
    {"port", set_port},
    {"ignore", add_ignored},
};

static const char *set_general(struct parser *parser, const char *name, char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(general_settings); i++) {
		if (string_equal(general_settings[i].name, name))
			return general_settings[i].set(parser, value);
	}
	return "there is no such setting";
}

static const char *set_class(struct parser *parser, const char *code, const char *value)
{
	struct settings_rule *rule = rule_for(parser->settings, code);
	enum repair_class class = REPAIR_SAFE;

	if (!rule)
		return "there is no such problem; sshrescue explain lists them";
	while (class <= REPAIR_REPORT && !string_equal(repair_class_name(class), value))
		class ++;
	if (class > REPAIR_REPORT)
		return "the class is one of safe, ask and report";
	if (class < problem_table[rule - parser->settings->rules].class)
		return "a class can only be made more careful: from safe to ask, from ask to report";
	rule->class = class;
	rule->class_line = parser->line;
	return NULL;
}

static const char *set_section(struct parser *parser, const char *header)
{
	if (string_equal(header, "[sshrescue]"))
		parser->section = SECTION_GENERAL;
	else if (string_equal(header, "[class]"))
		parser->section = SECTION_CLASS;
	else
		parser->section = SECTION_UNKNOWN;
	return parser->section == SECTION_UNKNOWN ? "the sections are [sshrescue] and [class]; all of it is ignored"
						  : NULL;
}

static char *trim(char *text)
{
	size_t length;

	while (char_is_space(*text))
		text++;
	length = strlen(text);
	while (length && char_is_space(text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* Takes one line, trimmed and neither empty nor a comment, apart. NULL, or what is wrong with it. */
static const char *take_line(struct parser *parser, char *line)
{
	char *equals;

	if (*line == '[')
		return set_section(parser, line);
	if (parser->section == SECTION_UNKNOWN)
		return NULL;
	equals = strchr(line, '=');
	if (!equals)
		return "a setting is a name, '=' and a value";
	*equals = '\0';
	return parser->section == SECTION_CLASS ? set_class(parser, trim(line), trim(equals + 1))
						: set_general(parser, trim(line), trim(equals + 1));
}

static void add_mistake(struct parser *parser, const char *text, const char *reason)
{
	*array_push(parser->arena, &parser->settings->mistakes) =
	    (struct settings_mistake){.line = parser->line, .text = text, .reason = reason};
}

void settings_parse(struct arena *arena, const struct blob *text, struct settings *ret)
{
	struct parser parser = {.arena = arena, .settings = ret};
	const char *line, *reason;
	size_t offset = 0, length;

	*ret = (struct settings){.boot = BOOT_OFF, .timeout = BOOT_TIMEOUT_DEFAULT};
	while (next_line(text, &offset, &line, &length)) {
		char *copy = trim(arena_memdup(arena, line, length));

		parser.line++;
		if (memchr(line, '\0', length)) {
			add_mistake(&parser, NULL, "there is a NUL byte in it");
			continue;
		}
		if (!*copy || *copy == '#' || *copy == ';')
			continue;
		reason = take_line(&parser, arena_strdup(arena, copy));
		if (reason)
			add_mistake(&parser, copy, reason);
	}
}

void settings_load(struct arena *arena, struct settings *ret)
{
	struct blob text = {.data = arena_alloc(arena, FILE_LIMIT + 2)};
	cleanup_fd int fd = open(SETTINGS_PATH, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 ? errno : 0;
	ssize_t n = 0;

	while (fd >= 0 && text.size <= FILE_LIMIT &&
	       (n = read(fd, text.data + text.size, FILE_LIMIT + 1 - text.size)) > 0)
		text.size += (size_t)n;
	if (n < 0)
		error = errno;
	else if (text.size > FILE_LIMIT)
		error = EFBIG;
	if (error)
		text.size = 0;
	settings_parse(arena, &text, ret);
	if (error && error != ENOENT && error != ENOTDIR)
		*array_push(arena, &ret->mistakes) = (struct settings_mistake){.reason = strerror(error)};
}

char *settings_complaint(struct arena *arena, const struct settings_mistake *mistake)
{
	if (!mistake->line)
		return arena_printf(arena, SETTINGS_PATH ": %s; ignored", mistake->reason);
	return arena_printf(arena, SETTINGS_PATH ":%u: %s%s%s; ignored", mistake->line,
			    mistake->text ? mistake->text : "", mistake->text ? ": " : "", mistake->reason);
}

/* Nothing is repaired that is only reported. */
static void only_report(struct findings *findings, struct problem *problem, unsigned line, const char *what)
{
	problem->class = REPAIR_REPORT;
	problem->edits.count = 0;
	problem->repair = NULL;
	problem_remedy(findings, problem, "%s by " SETTINGS_PATH ":%u", what, line);
}

void settings_apply(const struct settings *settings, struct findings *findings)
{
	for (size_t i = 0; i < findings->problems.count; i++) {
		struct problem *problem = findings->problems.items[i];
		const struct settings_rule *rule = &settings->rules[problem->code];

		if (rule->ignored) {
			problem->severity = SEVERITY_INFO;
			only_report(findings, problem, rule->ignored, "ignored");
		} else if (rule->class_line && rule->class > problem->class) {
			problem->class = rule->class;
			if (rule->class == REPAIR_REPORT)
				only_report(findings, problem, rule->class_line, "left to you");
		}
	}
}
