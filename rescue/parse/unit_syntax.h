/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_SYNTAX_H
#define SSHRESCUE_PARSE_UNIT_SYNTAX_H

/* The file format of units: systemd.syntax(7), config_parse() of systemd's conf-parser.c. */

#include <stdbool.h>

#include "base/arena.h"

/* Called for every assignment in a section that the caller asked for. All strings lie in the content. A negative return
 * ends the parsing. */
typedef int (*unit_assignment)(void *context, const char *section, const char *key, const char *value, unsigned line,
			       unsigned last_line);

/* Why a file is refused as a whole. */
struct unit_syntax_error {
	const char *reason;
	unsigned line;
};

/*
 * Parses content, which is changed on the way. sections ends with NULL. 0, or negative errno when systemd reads no
 * further: -EBADMSG an invalid section header, -EINVAL a line that is not UTF-8, -ENOBUFS a line above 1 MiB, or what
 * the callback said; *error then says where. Assignments before that line were delivered.
 */
int unit_syntax_parse(struct blob *content, const char *const *sections, unit_assignment callback, void *context,
		      struct unit_syntax_error *error);

/* As utf8_is_valid() of systemd's utf8.c: no surrogates, no noncharacters. */
bool unit_utf8_is_valid(const char *text);

#endif
