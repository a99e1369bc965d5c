/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_FUZZ_H
#define SSHRESCUE_TESTS_FUZZ_H

/*
 * A foreign format under libFuzzer. Each format's file defines one struct fuzz_format; fuzz.c, linked with it, feeds
 * it. The sanitizers and the time limit are the judges, and what the format's own function asserts.
 */

#include <assert.h>

#include "base/arena.h"
#include "target/target.h"

enum {
	FUZZ_FILES = 24
};

struct fuzz_input {
	struct target *target; /* a root that holds the files of this input, and no others */
	struct arena *arena; /* gone afterwards */
	struct blob
	    files[FUZZ_FILES]; /* the same content; the first one is all of the input where there are no paths */
	size_t file_count;
	unsigned choice; /* of whatever the format has several of */
};

struct fuzz_format {
	/*
	 * Where the files of an input go, NULL behind the last. FUZZ_SEPARATOR ends a file in the input. An empty file
	 * is not there.
	 */
	const char *const *paths;
	bool choices; /* the input's first byte is the choice */
	bool stages; /* leaves edits staged in the target */
	void (*read)(const struct fuzz_input *input);
};

#define FUZZ_SEPARATOR '\x1e'

extern const struct fuzz_format fuzz_format;

#endif
