/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BOOT_COMMAND_LINE_H
#define SSHRESCUE_BOOT_COMMAND_LINE_H

/* What the kernel command line asks of the run at boot. */

#include <stdbool.h>
#include <stddef.h>

enum boot_mode {
	BOOT_OFF,
	BOOT_CHECK,
	BOOT_PREEN,
	BOOT_REPAIR,
	BOOT_REHEARSE,
	BOOT_SHELL,
	BOOT_GUARD, /* repair, when nobody has confirmed the last boot */
};

struct settings;

struct boot_request {
	enum boot_mode mode;
	const char *origin; /* who asked for it, so that the mode can stand behind: "rd.sshrescue="; or NULL */
	bool commanded; /* the kernel command line gave the mode: nothing overrides it */
	unsigned timeout; /* seconds */
	unsigned port; /* 0: not given */
	bool mistaken; /* a value was not understood: */
	char mistake[64]; /* that word */
	const struct settings *settings; /* may be NULL */
};

enum {
	BOOT_TIMEOUT_DEFAULT = 60,
	BOOT_TIMEOUT_MOST = 3600,
};

/*
 * Reads rd.sshrescue[=MODE], rd.sshrescue.timeout= and rd.sshrescue.port= from a kernel command line; the last one
 * wins, a bare rd.sshrescue means repair. What is not there leaves *request as it is. Words in double quotes stay
 * together, as in the kernel's own parser (lib/cmdline.c).
 */
void boot_command_line(const char *line, struct boot_request *request);

/* "repair" and its like; also 1 and yes for repair, 0 and no for off. False when value is none of them. */
bool boot_mode_parse(const char *value, enum boot_mode *ret);
const char *boot_mode_name(enum boot_mode mode);

#endif
