/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_LD_SO_H
#define SSHRESCUE_PARSE_LD_SO_H

/*
 * What the dynamic loader of the target would make of a program: which libraries it finds where, which are missing, and
 * which it refuses. Rules: ld.so(8), elf/dl-load.c and elf/dl-cache.c of glibc 2.24 to 2.42; ldso/dynlink.c of musl.
 * Nothing is executed. Symbols are not resolved, only symbol versions.
 */

#include "base/arena.h"
#include "parse/elf.h"
#include "target/target.h"

enum library_state {
	LIBRARY_LOADED,
	LIBRARY_MISSING, /* found nowhere on the search path */
	LIBRARY_BROKEN, /* found, and the loader stops at it */
};

struct library {
	const char *name; /* as it is asked for: "libcrypto.so.3"; for the program, its path */
	const char *path; /* where it was found; NULL for a missing one */
	const struct library *loader; /* who needs it first; NULL for the program */
	enum library_state state;
	const char *reason; /* of a broken one, in the loader's words: "file too short" */
	struct elf_file elf;
	string_list names; /* that it was asked for by */
	dev_t device;
	ino_t inode; /* 0: not known */
};

/* A symbol version that a library should define, and does not: the program stops before it runs. */
struct missing_version {
	const struct library *user; /* who needs it */
	const struct library *library;
	const char *version;
};

enum program_state {
	PROGRAM_LOADS,
	PROGRAM_UNREADABLE, /* error says why */
	PROGRAM_NOT_ELF, /* the kernel refuses it; reason */
	PROGRAM_INTERPRETER_MISSING,
	PROGRAM_INTERPRETER_BROKEN, /* reason */
	PROGRAM_STATIC, /* needs no loader */
	PROGRAM_LOADER_UNKNOWN, /* neither glibc nor musl, or beyond any sane size: reason */
	PROGRAM_DOUBTFUL, /* no linker writes such headers: it may run, or not; reason */
};

struct loaded_program {
	enum program_state state;
	int error;
	const char *reason;
	const struct library *program;
	const char *interpreter; /* "/lib64/ld-linux-x86-64.so.2", or NULL */
	bool musl;
	bool depends_on_processor; /* a better one may find other libraries */
	/* All that is loaded, missing or broken, in the loader's order: the program, its loader, then the rest. */
	ARRAY_OF(struct library *) libraries;
	ARRAY_OF(struct missing_version) missing_versions;
};

/*
 * The search path has directories for better processors (glibc-hwcaps). Which one the program will run on cannot be
 * told from here: processor is how many of these directories it can use, counted from the least demanding one. 0: the
 * first processors of the architecture.
 */
/* How many there are for a program's architecture. */
unsigned ld_so_processor_count(const struct elf_file *program);
/* The least processor that can use the directory with this name ("x86-64-v3"); 0: not known. */
unsigned ld_so_processor_named(const char *name);

/* Loads a program in thought. 0, or negative errno when the program itself could not be read. */
int ld_so_load(struct target *target, struct arena *arena, const char *program, unsigned processor,
	       struct loaded_program *ret);
/* Whether all of it is there: state is fine, and nothing is missing or broken. */
bool ld_so_complete(const struct loaded_program *program);

/* --- /etc/ld.so.cache --- */

#define LD_SO_CACHE_PATH "/etc/ld.so.cache"

struct ld_so_cache {
	struct blob file;
	bool usable; /* the loader ignores a cache it does not understand */
	bool new_format;
	size_t entries, strings; /* offsets in file */
	size_t entry_count;
	size_t hwcaps, hwcap_count; /* names of glibc-hwcaps directories */
	bool big_endian;
};

/* Reads the cache. Never fails: one that is missing or damaged is not usable. */
void ld_so_cache_load(struct target *target, struct arena *arena, const struct elf_file *program,
		      struct ld_so_cache *ret);
/* The path that the cache has for a library, or NULL. hwcaps are the names of the directories that the processor can
 * use, best first. Sets *ret_others where the cache has one for other processors. */
const char *ld_so_cache_lookup(const struct ld_so_cache *cache, const struct elf_file *program, const char *name,
			       const char *const *hwcaps, size_t hwcap_count, bool *ret_others);

/* The directories that ldconfig(8) would look into: /etc/ld.so.conf and what it includes. For hints: the loader itself
 * never reads it. */
void ld_so_conf_directories(struct target *target, struct arena *arena, string_list *ret);

#endif
