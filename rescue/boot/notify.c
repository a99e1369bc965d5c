/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one message of sd_notify(3) that a run at boot sends. */
#include "boot/boot.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

void service_extend_timeout(unsigned seconds)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	cleanup_fd int fd = -1;
	char message[64];

	if (!length || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, length);
	/* '@' stands for the NUL of an abstract name. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	length = (size_t)snprintf(message, sizeof(message), "EXTEND_TIMEOUT_USEC=%llu", seconds * 1000000ULL);
	(void)sendto(fd, message, (size_t)length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
}
