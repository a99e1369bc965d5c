/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "boot/boot.h"
#include "boot/state.h"
#include "settings.h"

static const char *const paths[] = {BOOT_STATE_PATH, "/etc/sshrescue.conf", "/proc/cmdline", "/var/log/wtmp", NULL};

static void read_settings(const struct fuzz_input *input)
{
	struct settings settings = {0};
	struct boot_request request = {.timeout = BOOT_TIMEOUT_DEFAULT};
	struct boot_state state = {0};

	settings_parse(input->arena, &input->files[1], &settings);
	assert(settings.timeout <= BOOT_TIMEOUT_MOST && settings.port <= 65535);
	for (size_t i = 0; i < settings.mistakes.count; i++)
		settings_complaint(input->arena, &settings.mistakes.items[i]);
	boot_command_line(input->files[2].data, &request);
	assert(request.timeout <= BOOT_TIMEOUT_MOST && request.port <= 65535);
	if (boot_state_read(input->target, &state) == 0)
		boot_state_saw_login(input->target, &state);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_settings};
