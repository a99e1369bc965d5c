/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_ELF_H
#define SSHRESCUE_PARSE_ELF_H

/*
 * ELF files as the kernel and the dynamic loader read them: elf(5), the System V gABI, elf/elf.h of glibc. 32 and 64
 * bit, either byte order. The file is hostile: nothing in it is believed without a bound. What a loader makes of a file
 * is judged by parse/ld_so.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "target/target.h"

enum {
	ELF_WINDOW = 4096, /* bytes read at a time */
	ELF_WINDOW_COUNT = 4, /* a walk goes back and forth between a few tables */
	ELF_SEGMENT_LIMIT = 1024, /* the kernel stops at 64 KiB of program headers */
	ELF_DYNAMIC_LIMIT = 1024, /* entries of a dynamic section */
	ELF_VERSION_LIMIT = 2048, /* symbol versions of one file */
	ELF_STRING_LIMIT = 1024, /* bytes of a name */
};

/* Where bytes come from: a file behind the target's door, read in windows, or an image in memory. */
struct elf_reader {
	struct target *target;
	const char *path;
	const struct blob *image; /* if not NULL, read from here */
	unsigned newest; /* window */
	struct elf_window {
		uint64_t offset;
		size_t size;
		unsigned char data[ELF_WINDOW];
	} windows[ELF_WINDOW_COUNT];
};

/* Numbers as <elf.h> names them: PT_LOAD, PF_X, … */
struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, file_size, address, memory_size, alignment;
};

struct elf_version_need {
	const char *library; /* "libcrypto.so.3" */
	const char *version; /* "OPENSSL_3.0.0" */
	bool weak; /* the loader only warns when it is missing */
};

struct elf_file {
	uint64_t size; /* of the file; UINT64_MAX where it was not asked for */
	unsigned char ident[16]; /* e_ident as it is */
	bool wide; /* 64 bit */
	bool big_endian;
	unsigned type, machine, version;
	uint64_t entry, segment_offset, section_offset;
	unsigned segment_header_count, segment_header_size, section_count, section_header_size;
	struct elf_segment *segments;
	size_t segment_count;
	/* Set by elf_load_dynamic() */
	const char *interpreter; /* PT_INTERP, or NULL */
	string_list needed; /* DT_NEEDED, in order */
	const char *soname, *rpath, *runpath; /* or NULL */
	uint64_t flags_1; /* DT_FLAGS_1 */
	ARRAY_OF(struct elf_version_need) needs;
	bool has_definitions; /* defines symbol versions at all */
	string_list definitions;
	uint64_t rela_address, rela_size; /* 0 without */
	uint64_t strings_address, strings_size;
};

/* Prepares a reader of a file, or of an image where image is not NULL. */
void elf_reader_init(struct elf_reader *reader, struct target *target, const char *path, const struct blob *image);
/* Reads at most size bytes at offset: how many there were (fewer at the end of the file), or negative errno. */
ssize_t elf_read(struct elf_reader *reader, void *buffer, size_t size, uint64_t offset);
/* As above, but all of them: 0, or -ENODATA where the file ends before. */
int elf_read_all(struct elf_reader *reader, void *buffer, size_t size, uint64_t offset);

/*
 * Reads header and segments. 0; -ENOEXEC: no ELF file, or one cut off within its headers, and *ret_reason says so in
 * the terms of ld.so(8); other negative errno: the file could not be read. ret is zeroed by the caller, who may set
 * size.
 */
int elf_load(struct elf_reader *reader, struct arena *arena, struct elf_file *ret, const char **ret_reason);
/* The two halves of elf_load(), for a loader that judges the header by its own. elf_load_header() accepts every class
 * and byte order in e_ident. */
int elf_load_header(struct elf_reader *reader, struct elf_file *ret, const char **ret_reason);
int elf_load_segments(struct elf_reader *reader, struct arena *arena, struct elf_file *elf, const char **ret_reason);
/* Reads the interpreter, the dynamic section and the symbol versions into a file that elf_load() accepted. Same
 * results. */
int elf_load_dynamic(struct elf_reader *reader, struct arena *arena, struct elf_file *elf, const char **ret_reason);

/* Where an address of the loaded file stands in the file; false when [address, address + size) is not all there. */
bool elf_file_offset(const struct elf_file *elf, uint64_t address, uint64_t size, uint64_t *ret);
/* The first segment that reaches behind the end of the file, or NULL: the file was cut off. */
const struct elf_segment *elf_cut_off_segment(const struct elf_file *elf);

/* Why the kernel, or the dynamic loader, cannot start a program with these headers; NULL where they can. For a file
 * that elf_load() accepted. */
const char *elf_program_fault(const struct elf_file *elf);
/* What no linker would write, though the program may well run with it; NULL for nothing. */
const char *elf_program_doubt(const struct elf_file *elf);

/* A part of the file that holds constants: never written, never executed. */
struct elf_range {
	uint64_t offset, size;
};
typedef ARRAY_OF(struct elf_range) elf_range_list;

/* The constant sections in the order of the file, .rodata first among the large ones; where the section table was
 * stripped, the read-only segments. */
void elf_constants(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf, elf_range_list *ret);

/* Integers in the file's byte order. */
uint16_t elf_get16(const struct elf_file *elf, const void *data);
uint32_t elf_get32(const struct elf_file *elf, const void *data);
uint64_t elf_get64(const struct elf_file *elf, const void *data);
/* An address or offset: 4 or 8 bytes, by class. */
uint64_t elf_get_word(const struct elf_file *elf, const void *data);

/* "x86-64", "AArch64": e_machine, for people; NULL for one not known here. */
const char *elf_machine_name(unsigned machine);
/* "x86_64", "aarch64": as uname -m has it. */
const char *elf_machine_uname(unsigned machine);

#endif
