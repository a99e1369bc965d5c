/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"

#include "boot/boot.h"

/* What the run at boot left is our own text, written by root in a directory of root's; it is copied as it is. */
int cmd_report(int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct options options;
	const char *path;
	cleanup_fd int fd = -1;
	char buffer[4096];
	ssize_t n;
	int r;

	r = options_parse(argc, argv, OPTION_JSON, 0, &options);
	if (r)
		return r;
	path = options.json ? BOOT_REPORT_DIRECTORY "/report.json" : BOOT_REPORT_DIRECTORY "/report.txt";
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return complain(EXIT_ERROR, "sshrescue did not run at this boot; see rd.sshrescue= in sshrescue(8)");
	if (fd < 0)
		return complain(EXIT_ERROR, "cannot open %s: %s", path, strerror(errno));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		text_add(&text, buffer, (size_t)n);
	if (n < 0)
		return complain(EXIT_ERROR, "cannot read %s: %s", path, strerror(errno));
	return finish_report(&text, 0);
}
