/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/boot.h"

#include <fcntl.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "settings.h"

enum {
	COMMAND_LINE_LIMIT = 8192, /* more than COMMAND_LINE_SIZE of any architecture */
};

/* An empty text where it cannot be read. */
static const char *read_command_line(struct arena *arena)
{
	char *line = arena_alloc(arena, COMMAND_LINE_LIMIT + 1);
	cleanup_fd int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t size = 0;
	ssize_t n;

	while (fd >= 0 && size < COMMAND_LINE_LIMIT && (n = read(fd, line + size, COMMAND_LINE_LIMIT - size)) > 0)
		size += (size_t)n;
	return line;
}

int cmd_boot(int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct settings settings;
	struct boot_request request;
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT, 0, &options);
	if (r)
		return r;
	if (string_equal(options.root, "/"))
		return complain(EXIT_USAGE, "boot wants --root: where the initramfs has mounted the root");
	settings_load(&arena, &settings);
	request = (struct boot_request){
	    .mode = settings.boot,
	    .origin = "boot=",
	    .timeout = settings.timeout,
	    .port = settings.port,
	    .settings = &settings,
	};
	boot_credential(&request);
	boot_command_line(read_command_line(&arena), &request);
	boot_run(options.root, &request);
	/* A boot goes on whatever we found; the findings are in the report. */
	return 0;
}
