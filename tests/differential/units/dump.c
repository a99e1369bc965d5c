/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units-dump ROOT NAME...     what sshrescue thinks of the named units of a root, one line each, fields by tabs:
 *
 *   unit NAME ID STATE FRAGMENT STARTED IS-ENABLED PULLED-IN-BY
 *   dropin ID PATH                      in the order applied
 *   description ID TEXT
 *   condition ID KEY VALUE              those in force, unexpanded
 *   command ID WORD...                  ExecStart= in force, specifiers put in, variables not; words are escaped
 *   install NAME PATH TARGET            what enabling NAME would link
 *   default TARGET
 */
#include <stdio.h>

#include "base/text.h"
#include "parse/unit.h"
#include "parse/unit_command.h"

static const char *state_name(const struct unit *unit)
{
	static const char *const names[] = {
	    [UNIT_NOT_FOUND] = "not-found", [UNIT_LOADED] = "loaded", [UNIT_MASKED] = "masked", [UNIT_BAD] = "bad"};

	if (unit->state == UNIT_BAD && strstr(unit->reason, "different units"))
		return "conflict";
	return names[unit->state];
}

static void print_escaped(const char *word)
{
	for (; *word; word++) {
		if (*word > ' ' && *word < 0x7f && *word != '\\')
			putchar(*word);
		else
			printf("\\x%02x", (unsigned char)*word);
	}
}

static void dump_commands(struct arena *arena, const struct unit *unit)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Service", "ExecStart", setting))) {
		unit_commands commands = {0};
		const char *reason;

		unit_command_parse(arena, unit->name, setting->value, &commands, &reason);
		for (size_t i = 0; i < commands.count; i++) {
			printf("command\t%s", unit->name);
			for (size_t j = 0; j < commands.items[i].words.count; j++) {
				putchar('\t');
				print_escaped(commands.items[i].words.items[j]);
			}
			putchar('\n');
		}
	}
}

static void dump_settings(struct arena *arena, const struct unit *unit)
{
	const struct unit_setting *description = unit_get(unit, "Unit", "Description");

	for (size_t i = 0; i < unit->dropins.count; i++)
		printf("dropin\t%s\t%s\n", unit->name, unit->dropins.items[i]);
	if (description)
		printf("description\t%s\t%s\n", unit->name, unit_expand(arena, unit, description->value));
	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];

		if (string_equal(setting->section, "Unit") &&
		    (string_after(setting->key, "Condition") || string_after(setting->key, "Assert")))
			printf("condition\t%s\t%s\t%s\n", unit->name, setting->key, setting->value);
	}
	dump_commands(arena, unit);
}

static void dump_unit(struct unit_set *set, struct arena *arena, const char *name)
{
	const struct unit *unit = unit_load(set, name);
	unit_install_links links = {0};
	const char *link = NULL;
	bool started = unit_boot_starts(set, name, &link);

	printf("unit\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", name, unit->name, state_name(unit),
	       unit->fragment ? unit->fragment : "-", started, unit_file_state(set, name), link ? link : "-");
	if (unit->state == UNIT_LOADED)
		dump_settings(arena, unit);
	if (unit_install(set, name, &links) < 0)
		return;
	for (size_t i = 0; i < links.count; i++)
		printf("install\t%s\t%s\t%s\n", name, links.items[i].path, links.items[i].target);
}

int main(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct unit_set *set;
	const char *default_target;

	if (argc < 2 || target_open(&target, argv[1], 0) < 0) {
		fprintf(stderr, "usage: units-dump ROOT NAME...\n");
		return 16;
	}
	set = unit_set_new(target, &arena);
	printf("version\t%u\n", unit_systemd_version(set));
	for (int i = 2; i < argc; i++)
		dump_unit(set, &arena, argv[i]);
	default_target = unit_default_target(set);
	printf("default\t%s\n", default_target ? default_target : "-");
	return 0;
}
