/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump ROOT SSHD   what the sshd_config engine says of many configurations, for ./run to compare with sshd itself.
 *
 * Each line of standard input is a case: the path of its main file inside ROOT, then tab-separated -o options.
 * Standard output has, for each: "error" and "setting" lines, tab-separated and escaped, then "end".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctype.h"
#include "parse/sshd_config.h"

static const char *const kinds[] = {
    [SSHD_CONFIG_MISSING] = "missing",
    [SSHD_CONFIG_UNKNOWN_KEYWORD] = "unknown-keyword",
    [SSHD_CONFIG_BAD_VALUE] = "bad-value",
    [SSHD_CONFIG_MISSING_VALUE] = "missing-value",
    [SSHD_CONFIG_EXTRA_ARGUMENTS] = "extra-arguments",
    [SSHD_CONFIG_NOT_IN_MATCH] = "not-in-match",
    [SSHD_CONFIG_BAD_MATCH] = "bad-match",
    [SSHD_CONFIG_BAD_QUOTES] = "bad-quotes",
    [SSHD_CONFIG_BAD_INCLUDE] = "bad-include",
    [SSHD_CONFIG_GARBAGE] = "garbage",
    [SSHD_CONFIG_CONFLICT] = "conflict",
    [SSHD_CONFIG_NOT_UNDERSTOOD] = "not-understood",
};

static void print_field(const char *text)
{
	putchar('\t');
	if (!text)
		fputs("\\N", stdout);
	for (; text && *text; text++) {
		if (*text == '\\' || !char_is_printable(*text))
			printf("\\%03o", (unsigned)(unsigned char)*text);
		else
			putchar(*text);
	}
}

static void print_config(const struct sshd_config *config)
{
	for (size_t i = 0; i < config->errors.count; i++) {
		const struct sshd_config_error *error = &config->errors.items[i];

		printf("error\t%s\t%u\t%d", kinds[error->kind], error->line, error->in_match);
		print_field(error->path);
		print_field(error->keyword);
		print_field(error->word);
		print_field(error->message);
		putchar('\n');
	}
	for (size_t i = 0; i < config->settings.count; i++) {
		const struct sshd_setting *setting = &config->settings.items[i];

		printf("setting\t%u", setting->line);
		print_field(setting->path);
		print_field(setting->keyword);
		print_field(setting->value);
		for (size_t j = 0; j < setting->argument_count; j++)
			print_field(setting->arguments[j]);
		putchar('\n');
	}
	puts("end");
}

static int dump_case(struct target *target, struct sshd_binary *binary, char *line)
{
	enum {
		MOST_OPTIONS = 32
	};
	cleanup_arena struct arena arena = {0};
	char *options[MOST_OPTIONS], *path = strtok(line, "\t\n");
	struct sshd_config config;
	size_t count = 0;
	int r;

	while (count < MOST_OPTIONS && (options[count] = strtok(NULL, "\t\n")))
		count++;
	r = sshd_config_load(target, &arena, binary, path, options, count, &config);
	if (r < 0) {
		fprintf(stderr, "dump: %s: %s\n", path, strerror(-r));
		return r;
	}
	print_config(&config);
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct sshd_binary binary;
	char *line = NULL;
	size_t size = 0;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: dump ROOT SSHD\n");
		return 2;
	}
	r = target_open(&target, argv[1], 0);
	if (r < 0) {
		fprintf(stderr, "dump: %s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	sshd_binary_load(target, &arena, argv[2], &binary);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("version\t%s\n", binary.version ? binary.version : "unknown");
	while (r == 0 && getline(&line, &size, stdin) > 0)
		r = dump_case(target, &binary, line);
	free(line);
	return r < 0;
}
