/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/ssh_command.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_command.h"

/* getopt(3) of sshd.c, OpenSSH 7.4 to 10.x: -G came with 9.3, -V with 9.2. */
static const char options_with_argument[] = "CEbcfghkopu";
static const char options_alone[] = "46DGQRTdeiqrtV";

/* Where systemd looks for a program that is given without a directory (DEFAULT_PATH). */
static const char *const program_directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",	     "/sbin",	       "/bin"};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *find_program(struct facts *facts, const char *name)
{
	if (*name == '/')
		return name;
	for (size_t i = 0; i < ARRAY_SIZE(program_directories); i++) {
		char *path = arena_printf(facts->arena, "%s/%s", program_directories[i], name);

		if (target_exists(facts->target, path))
			return path;
	}
	return arena_printf(facts->arena, "/usr/sbin/%s", name);
}

/* One run of getopt(3) over the words. */
struct option_reader {
	struct facts *facts;
	struct ssh_service *service;
	const string_list *words;
	const unit_word_sources *sources;
	size_t index; /* of the word that is read */
	const struct unit_variable *source, *bad_source;
};

static void refuse(struct option_reader *reader, char *word)
{
	*array_push(reader->facts->arena, &reader->service->bad_options) = word;
	if (!reader->bad_source)
		reader->bad_source = reader->source;
}

/* convtime() of OpenSSH: numbers with units, added up. */
static bool is_time(const char *text)
{
	if (!*text)
		return false;
	while (*text) {
		if (!char_is_digit(*text))
			return false;
		while (char_is_digit(*text))
			text++;
		if (*text && !strchr("sSmMhHdDwW", *text))
			return false;
		if (*text)
			text++;
	}
	return true;
}

/* a2port() of OpenSSH also knows the names of services; a number is all that is judged here. */
static bool is_bad_port(const char *text)
{
	uint64_t port;

	for (const char *c = text; *c; c++) {
		if (!char_is_digit(*c))
			return false;
	}
	return !parse_number(text, 65535, &port) || port == 0;
}

static void take_argument(struct option_reader *reader, char option, char *argument, char *whole)
{
	struct ssh_service *service = reader->service;
	struct arena *arena = reader->facts->arena;

	switch (option) {
	case 'f':
		service->config_file = argument;
		break;
	case 'o':
		*array_push(arena, &service->options) = argument;
		break;
	case 'p':
		if (is_bad_port(argument))
			refuse(reader, whole);
		else
			*array_push(arena, &service->ports) = argument;
		break;
	case 'h':
		*array_push(arena, &service->host_keys) = argument;
		break;
	case 'g':
		if (!is_time(argument))
			refuse(reader, whole);
		break;
	}
}

/* One word of options: "-D46", "-p22", "-p" "22". False: sshd gives up here. */
static bool take_word(struct option_reader *reader, char *word)
{
	struct ssh_service *service = reader->service;

	for (const char *c = word + 1; *c; c++) {
		if (*c == '4' || *c == '6') {
			/* The later one wins. */
			service->ipv4_only = *c == '4';
			service->ipv6_only = *c == '6';
		} else if (strchr(options_with_argument, *c)) {
			char *argument, *whole = word;

			if (c[1]) {
				argument = arena_strdup(reader->facts->arena, c + 1);
			} else if (reader->index + 1 < reader->words->count) {
				argument = reader->words->items[++reader->index];
				whole = arena_printf(reader->facts->arena, "%s %s", word, argument);
			} else {
				refuse(reader, word);
				return false;
			}
			take_argument(reader, *c, argument, whole);
			return true;
		} else if (!strchr(options_alone, *c)) {
			refuse(reader, word);
			return true;
		}
	}
	return true;
}

/* sshd takes no arguments but options: "Extra argument %s.". */
static void read_options(struct option_reader *reader)
{
	const string_list *words = reader->words;
	bool more = true;

	for (reader->index = 1; more && reader->index < words->count; reader->index++) {
		char *word = words->items[reader->index];

		reader->source = reader->sources->items[reader->index];
		if (string_equal(word, "--")) {
			if (reader->index + 1 < words->count)
				refuse(reader, words->items[reader->index + 1]);
			more = false;
		} else if (*word != '-' || !word[1]) {
			refuse(reader, word);
			more = false;
		} else {
			more = take_word(reader, word);
		}
		if (reader->source && !reader->service->options_path) {
			reader->service->options_path = reader->source->path;
			reader->service->options_line = reader->source->line;
		}
	}
	if (reader->bad_source) {
		reader->service->options_path = reader->bad_source->path;
		reader->service->options_line = reader->bad_source->line;
	} else if (reader->service->bad_options.count) {
		reader->service->options_path = NULL;
		reader->service->options_line = 0;
	}
}

/* The last command of the unit that runs sshd. */
static const struct unit_setting *find_command(struct facts *facts, const struct unit *unit, struct unit_command *ret)
{
	const struct unit_setting *setting = NULL, *found = NULL;

	while ((setting = unit_next(unit, "Service", "ExecStart", setting))) {
		unit_commands commands = {0};
		const char *reason;

		unit_command_parse(facts->arena, unit->name, setting->value, &commands, &reason);
		for (size_t i = 0; i < commands.count; i++) {
			if (string_equal(base_name(commands.items[i].path), "sshd")) {
				*ret = commands.items[i];
				found = setting;
			}
		}
	}
	return found;
}

void ssh_command_read(struct facts *facts, const struct unit *unit, struct ssh_service *service)
{
	const struct unit_setting *setting, *failed = NULL;
	unit_environment environment = {0};
	unit_word_sources sources = {0};
	struct option_reader reader = {
	    .facts = facts, .service = service, .words = &service->command, .sources = &sources};
	struct unit_command command;

	setting = find_command(facts, unit, &command);
	if (!setting)
		return;
	service->command_path = setting->path;
	service->command_line = setting->line;
	service->binary = find_program(facts, command.path);
	unit_environment_load(facts->units, facts->arena, unit, &environment, &failed);
	unit_command_expand(facts->arena, &command, &environment, &service->command, &sources);
	read_options(&reader);
}
