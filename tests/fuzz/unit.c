/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "base/text.h"
#include "parse/unit.h"
#include "parse/unit_command.h"

#define ETC "/etc/systemd/system/"
#define VENDOR "/usr/lib/systemd/system/"

static const char *const paths[] = {VENDOR "ssh.service",	ETC "ssh.service.d/a.conf", VENDOR "ssh@.service",
				    VENDOR "ssh.socket",	"/etc/default/ssh",	    VENDOR "default.target",
				    VENDOR "multi-user.target", ETC "ssh.service",	    NULL};

static void run_commands(const struct fuzz_input *input, struct unit_set *set, const struct unit *unit)
{
	const struct unit_setting *setting = NULL, *failed = NULL;
	unit_environment environment = {0};

	unit_environment_load(set, input->arena, unit, &environment, &failed);
	while ((setting = unit_next(unit, "Service", "ExecStart", setting))) {
		unit_commands commands = {0};
		const char *reason = NULL;

		unit_command_parse(input->arena, unit->name, setting->value, &commands, &reason);
		for (size_t i = 0; i < commands.count; i++) {
			string_list words = {0};
			unit_word_sources sources = {0};

			unit_command_expand(input->arena, &commands.items[i], &environment, &words, &sources);
		}
	}
}

static void read_unit(const struct fuzz_input *input)
{
	static const char *const names[] = {"ssh.service", "ssh@x.service", "ssh.socket", "multi-user.target"};
	struct unit_set *set = unit_set_new(input->target, input->arena);

	unit_default_target(set);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct unit *unit = unit_load(set, names[i]);
		unit_install_links links = {0};

		run_commands(input, set, unit);
		unit_boot_starts(set, names[i], NULL);
		unit_boot_wants(set, names[i], NULL);
		unit_missing_requirement(set, names[i]);
		unit_install(set, names[i], &links);
		unit_file_state(set, names[i]);
	}
	unit_boot_next_sshd(set, NULL);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_unit};
