/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_OS_RELEASE_H
#define SSHRESCUE_PARSE_OS_RELEASE_H

/* os-release(5): /etc/os-release, else /usr/lib/os-release. */

#include "base/arena.h"
#include "target/target.h"

struct os_release {
	const char *id; /* "debian"; "linux" where the file says nothing, as os-release(5) wants it */
	const char *id_like; /* "rhel fedora", or "" */
	const char *version_id; /* "12", or "" */
	const char *pretty_name; /* "Debian GNU/Linux 12 (bookworm)" */
	bool found;
};

int os_release_load(struct target *target, struct arena *arena, struct os_release *ret);
/* Whether id is the distribution itself or one it says it is like. */
bool os_release_is(const struct os_release *os, const char *id);

#endif
