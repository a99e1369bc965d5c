/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REPORT_ESCAPE_H
#define SSHRESCUE_REPORT_ESCAPE_H

/* Nothing that the target says reaches a terminal or a JSON parser unescaped. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Adds bytes for a terminal: printable ASCII as it is, a tab as \t, everything else as \xNN. */
void escape_terminal(struct text *text, const char *bytes, size_t size);
char *escape_terminal_string(struct arena *arena, const char *string);

/* Adds bytes as a JSON string with its quotes, in ASCII: JSON is looked at on terminals too, and every other character
 * may be one that does not show, or that turns the direction of writing. A byte that is no UTF-8 becomes U+FFFD.
 * Returns whether every byte survived. */
bool escape_json(struct text *text, const char *bytes, size_t size);
/* The same of a string; null for NULL. */
void escape_json_string(struct text *text, const char *string);

#endif
