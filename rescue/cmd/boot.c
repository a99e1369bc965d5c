/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/boot.h"

#include <fcntl.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"

enum {
	COMMAND_LINE_LIMIT = 8192, /* more than COMMAND_LINE_SIZE of any architecture */
	CONFIGURATION_LIMIT = 65536,
};

/* Reads a file of the initramfs itself, which is ours. An empty text where there is none. */
static struct blob read_own_file(struct arena *arena, const char *path, size_t limit)
{
	struct blob content = {.data = arena_alloc(arena, limit + 1)};
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	while (fd >= 0 && content.size < limit && (n = read(fd, content.data + content.size, limit - content.size)) > 0)
		content.size += (size_t)n;
	return content;
}

int cmd_boot(int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct boot_request request = {.mode = BOOT_OFF, .timeout = BOOT_TIMEOUT_DEFAULT};
	struct blob configuration;
	struct options options;
	const char *line;
	size_t offset = 0, length;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT, 0, &options);
	if (r)
		return r;
	if (string_equal(options.root, "/"))
		return complain(EXIT_USAGE, "boot wants --root: where the initramfs has mounted the root");
	configuration = read_own_file(&arena, "/etc/sshrescue.conf", CONFIGURATION_LIMIT);
	while (next_line(&configuration, &offset, &line, &length))
		boot_configuration_line(arena_memdup(&arena, line, length), &request);
	boot_command_line(read_own_file(&arena, "/proc/cmdline", COMMAND_LINE_LIMIT).data, &request);
	if (request.mode != BOOT_OFF)
		boot_run(options.root, &request);
	/* A boot goes on whatever we found; the findings are in the report. */
	return 0;
}
