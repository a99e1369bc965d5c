/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_INTERFACES_H
#define SSHRESCUE_PARSE_INTERFACES_H

/* interfaces(5): /etc/network/interfaces of ifupdown and the files that it sources. */

#include <stdbool.h>

#include "base/arena.h"
#include "target/target.h"

/* One logical line: continuations joined, comments left out. */
struct interfaces_line {
	char **words; /* ends with NULL; never empty */
	size_t word_count;
	const char *text; /* from the first word on */
	const char *path;
	unsigned line;
};

struct interfaces {
	ARRAY_OF(struct interfaces_line) lines;
	bool found; /* the main file is there */
};

/* 0, or negative errno when the main file is there but cannot be read. Sourced files that cannot be read are left out,
 * as ifup does. */
int interfaces_load(struct target *target, struct arena *arena, struct interfaces *ret);

/* Whether ifup -a, or udev's hotplug rule, brings up an interface with an address: a stanza of a method that sets one,
 * for an interface other than the loopback. */
bool interfaces_configure_any(const struct interfaces *interfaces);

/* "lo", or an alias of it: "lo:1". */
bool interfaces_is_loopback(const char *name);

#endif
