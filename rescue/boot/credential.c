/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials (systemd.exec(5), systemd-stub(7)): a request that needs no kernel command line, for locked boot chains.
 */
#include "boot/boot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/ctype.h"

#define CREDENTIAL "sshrescue.mode"

/* The mode that a file names: -1 where there is no such file, 0 where it names none, 1. Whoever can place a credential
 * may ask for a run, but is not given a shell. */
static int read_mode(const char *path, enum boot_mode *ret)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum boot_mode mode;
	char value[32];
	ssize_t n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);

	if (n < 0)
		return -1;
	while (n && char_is_space(value[n - 1]))
		n--;
	value[n] = '\0';
	if (!boot_mode_parse(value, &mode) || mode > BOOT_REPAIR)
		return 0;
	*ret = mode;
	return 1;
}

void boot_credential(struct boot_request *request)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char own[256] = "";
	const struct {
		const char *path;
		bool may_be_encrypted;
	} places[] = {
	    /* systemd decrypted and checked it for this service. */
	    {own, false},
	    /* from the hypervisor or the firmware */
	    {"/run/credentials/@system/" CREDENTIAL, false},
	    /* from beside the kernel on the boot partition; an encrypted one is systemd's to read */
	    {"/.extra/credentials/" CREDENTIAL ".cred", true},
	};

	if (directory)
		snprintf(own, sizeof(own), "%s/" CREDENTIAL, directory);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int r = read_mode(places[i].path, &request->mode);

		if (r > 0)
			request->origin = "credential ";
		else if (r == 0 && !places[i].may_be_encrypted) {
			request->mistaken = true;
			snprintf(request->mistake, sizeof(request->mistake), "credential " CREDENTIAL);
		}
		if (r > 0)
			return;
	}
}
