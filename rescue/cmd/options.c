/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rehearse/rehearsal.h"
#include "rehearse/script.h"
#include "report/escape.h"
#include "settings.h"

enum {
	LONG_ROOT = 256,
	LONG_JSON,
	LONG_PORT,
	LONG_FORCE,
	LONG_STRICT,
	LONG_REHEARSE,
	LONG_NO_EXEC,
	LONG_TIMEOUT,
	LONG_SARIF,
	LONG_VERIFY,
	LONG_FROM,
	LONG_FORMAT,
	LONG_KEY_FILE,
};

static const struct known_option {
	unsigned set;
	int value;
	const char *name;
	int has_argument;
} known_options[] = {
    {OPTION_ROOT, LONG_ROOT, "root", required_argument},
    {OPTION_JSON, LONG_JSON, "json", no_argument},
    {OPTION_SARIF, LONG_SARIF, "sarif", no_argument},
    {OPTION_PORT, LONG_PORT, "port", required_argument},
    {OPTION_MODE, 'n', "dry-run", no_argument},
    {OPTION_MODE, 'p', "preen", no_argument},
    {OPTION_MODE, 'y', "yes", no_argument},
    {OPTION_FORCE, LONG_FORCE, "force", no_argument},
    {OPTION_STRICT, LONG_STRICT, "strict", no_argument},
    {OPTION_REHEARSE, LONG_REHEARSE, "rehearse", no_argument},
    {OPTION_NO_EXEC, LONG_NO_EXEC, "no-exec", no_argument},
    {OPTION_TIMEOUT, LONG_TIMEOUT, "timeout", required_argument},
    {OPTION_VERIFY, LONG_VERIFY, "verify", no_argument},
    {OPTION_FROM, LONG_FROM, "from", required_argument},
    {OPTION_IMAGE, LONG_FORMAT, "format", required_argument},
    {OPTION_IMAGE, LONG_KEY_FILE, "key-file", required_argument},
};

int complain(int status, const char *format, ...)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = arena_vprintf(&arena, format, arguments);
	va_end(arguments);
	text_add_string(&text, "sshrescue: ");
	escape_terminal(&text, message, strlen(message));
	text_add_string(&text, "\n");
	(void)report_write(STDERR_FILENO, &text);
	return status;
}

int open_target(const char *root, unsigned flags, struct target **ret)
{
	int r = target_open(ret, root, flags);

	if (r == -ENOTDIR)
		return complain(EXIT_ERROR, "%s is not a directory; give the directory where the root is mounted",
				root);
	if (r < 0)
		return complain(EXIT_ERROR, "cannot open %s: %s", root, strerror(-r));
	return 0;
}

void load_settings(struct arena *arena, struct settings *settings, unsigned *port)
{
	settings_load(arena, settings);
	for (size_t i = 0; i < settings->mistakes.count; i++)
		(void)complain(0, "%s", settings_complaint(arena, &settings->mistakes.items[i]));
	if (!*port)
		*port = settings->port;
}

int complain_look(const char *root, int error)
{
	if (error == -ENOTDIR || error == -ENOENT)
		return complain(
		    EXIT_ERROR,
		    "%s is not the root of a Linux system: it has no /etc, or neither os-release nor /usr/sbin; "
		    "give the directory where the root is mounted with --root",
		    root);
	return complain(EXIT_ERROR, "cannot examine %s: %s", root, strerror(-error));
}

int finish_report(struct text *text, int status)
{
	int r = report_write(STDOUT_FILENO, text);

	return r < 0 ? status | complain(EXIT_ERROR, "cannot write the report: %s", strerror(-r)) : status;
}

static int options_port(const char *argument, unsigned *ret)
{
	uint64_t port;

	if (!parse_number(argument, 65535, &port) || port == 0)
		return complain(EXIT_USAGE, "--port wants a number from 1 to 65535, not '%s'", argument);
	*ret = (unsigned)port;
	return 0;
}

static int options_timeout(const char *argument, unsigned *ret)
{
	uint64_t seconds;

	if (!parse_number(argument, 3600, &seconds) || seconds == 0)
		return complain(EXIT_USAGE, "--timeout wants a number of seconds from 1 to 3600, not '%s'", argument);
	*ret = (unsigned)seconds;
	return 0;
}

static int options_from(struct options *options, const char *argument)
{
	struct scripted_address address;
	const char *interface;

	if (!script_read_source(argument, &address, &interface))
		return complain(
		    EXIT_USAGE,
		    "--from wants the address of a client, and perhaps %% and the interface that it comes in "
		    "by: 203.0.113.7, 2001:db8::7%%eth1; not '%s'",
		    argument);
	for (size_t i = 0; i < options->from_count; i++) {
		struct scripted_address other;

		if (script_read_source(options->from[i], &other, &interface) &&
		    memcmp(&other, &address, sizeof(address)) == 0)
			return complain(EXIT_USAGE, "--from: '%s' is given twice", argument);
	}
	if (options->from_count == OPTION_FROM_MOST)
		return complain(EXIT_USAGE, "--from can be given %d times", OPTION_FROM_MOST);
	options->from[options->from_count++] = argument;
	return 0;
}

static int options_set(struct options *options, int value, const char *argument)
{
	switch (value) {
	case LONG_ROOT:
		options->root = argument;
		return 0;
	case LONG_PORT:
		return options_port(argument, &options->port);
	case LONG_JSON:
		options->json = true;
		break;
	case LONG_SARIF:
		options->sarif = true;
		break;
	case LONG_FORCE:
		options->force = true;
		return 0;
	case LONG_STRICT:
		options->strict = true;
		return 0;
	case LONG_TIMEOUT:
		return options_timeout(argument, &options->timeout);
	case LONG_FROM:
		return options_from(options, argument);
	case LONG_FORMAT:
		options->format = argument;
		return 0;
	case LONG_KEY_FILE:
		options->key_file = argument;
		return 0;
	case LONG_REHEARSE:
		options->rehearse = true;
		return 0;
	case LONG_VERIFY:
		options->verify = true;
		return 0;
	case LONG_NO_EXEC:
		options->no_exec = true;
		return 0;
	case 'n':
		options->dry_run = true;
		break;
	case 'p':
		options->preen = true;
		break;
	case 'y':
		options->yes = true;
		break;
	default:
		return EXIT_USAGE;
	}
	if (options->dry_run + options->preen + options->yes > 1)
		return complain(EXIT_USAGE, "-n, -p and -y exclude each other");
	if (options->json && options->sarif)
		return complain(EXIT_USAGE, "--json and --sarif exclude each other");
	return 0;
}

int options_parse(int argc, char **argv, unsigned allowed, int most_arguments, struct options *ret)
{
	struct option long_options[ARRAY_SIZE(known_options) + 1] = {0};
	size_t count = 0;
	int value;

	*ret = (struct options){.root = "/"};
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++) {
		const struct known_option *known = &known_options[i];

		if (allowed & known->set)
			long_options[count++] = (struct option){known->name, known->has_argument, NULL, known->value};
	}
	opterr = 0;
	optind = 1;
	while ((value = getopt_long(argc, argv, allowed & OPTION_MODE ? ":npy" : ":", long_options, NULL)) != -1) {
		if (value == ':')
			return complain(EXIT_USAGE, "option '%s' wants a value; see: sshrescue help", argv[optind - 1]);
		if (value == '?')
			return complain(EXIT_USAGE, "%s does not know the option '%s'; see: sshrescue help", argv[0],
					argv[optind - 1]);
		if (options_set(ret, value, optarg))
			return EXIT_USAGE;
	}
	ret->arguments = argv + optind;
	ret->argument_count = argc - optind;
	if (ret->argument_count > most_arguments)
		return complain(EXIT_USAGE, "%s does not take '%s'; see: sshrescue help", argv[0],
				ret->arguments[most_arguments]);
	return 0;
}
