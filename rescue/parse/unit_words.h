/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UNIT_WORDS_H
#define SSHRESCUE_PARSE_UNIT_WORDS_H

/* Words of a setting's value: splitting, quotes and escapes as in systemd.syntax(7) and systemd's extract-word.c. */

#include <stdbool.h>

#include "base/arena.h"

enum unit_word_flags {
	UNIT_WORD_UNQUOTE = 1 << 0, /* '…' and "…" wrap a word and are removed */
	UNIT_WORD_UNESCAPE = 1 << 1, /* \n, \x41, \101, … ; an unknown escape is kept as it is */
	UNIT_WORD_KEEP_ESCAPE = 1 << 2, /* a backslash is a character like any other */
	UNIT_WORD_RELAX = 1 << 3, /* a quote that is never closed ends with the text */
};

/* Takes the next word off *cursor. 1: *ret is the word; 0: there is none; -EINVAL: unbalanced quotes. */
int unit_word_next(struct arena *arena, const char **cursor, unsigned flags, char **ret);
/* All words of text, appended to ret; those before an unbalanced quote also then. 0 or -EINVAL. */
int unit_words(struct arena *arena, const char *text, unsigned flags, string_list *ret);

/* yes, no, 1, 0, true, false, on, off, y, n, t, f: 1 or 0; anything else: -EINVAL. */
int unit_boolean(const char *text);

#endif
