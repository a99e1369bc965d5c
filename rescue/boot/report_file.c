/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports of a run at boot, as files: whole or not there. */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct report_name {
	char text[32];
};

/* Under which it is written. */
static struct report_name unfinished(const char *name)
{
	struct report_name ret;

	snprintf(ret.text, sizeof(ret.text), "%s.new", name);
	return ret;
}

int boot_report_create(int directory, const char *name)
{
	const struct report_name new = unfinished(name);
	int fd;

	(void)unlinkat(directory, new.text, 0);
	fd = openat(directory, new.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

int boot_report_publish(int directory, const char *name)
{
	const struct report_name new = unfinished(name);

	return renameat(directory, new.text, directory, name) < 0 ? -errno : 0;
}
