/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_LD_SO_PRIVATE_H
#define SSHRESCUE_PARSE_LD_SO_PRIVATE_H

/* Shared by ld_so.c (the walk) and ld_so_search.c (one library). */

#include "parse/ld_so.h"

enum {
	LOADER_HWCAPS_LIMIT = 8,
};

/* One run of the loader. */
struct loader {
	struct target *target;
	struct arena *arena;
	struct loaded_program *result;
	struct library *program;
	struct ld_so_cache cache;
	bool cache_loaded, system_directories_loaded;
	string_list system_directories; /* built into the loader */
	const char *hwcaps[LOADER_HWCAPS_LIMIT]; /* that the processor can use, best first */
	size_t hwcap_count;
	string_list searched; /* directories that were looked into for glibc-hwcaps */
	size_t memory_at_start;
};

enum verdict {
	FILE_TAKEN,
	FILE_SKIPPED, /* not there, or for another machine: the search goes on */
	FILE_REFUSED, /* the loader stops with an error */
};

/* Tries one path. FILE_TAKEN also when the same file is loaded under another name already: *ret_same is it then. */
enum verdict loader_try_path(struct loader *loader, struct library *library, const char *path,
			     const struct library **ret_same);
/* Replaces $ORIGIN, $LIB and $PLATFORM in a path of library's; NULL when one of them has no value. */
const char *loader_expand(struct loader *loader, const struct library *library, const char *path);
/* Searches for library->name as the loader of the program does. */
enum verdict loader_search(struct loader *loader, struct library *library, const struct library *needed_by,
			   const struct library **ret_same);

#endif
