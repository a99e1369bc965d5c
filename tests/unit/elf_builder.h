/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_ELF_BUILDER_H
#define SSHRESCUE_TESTS_ELF_BUILDER_H

/* Makes small ELF files: just what a loader looks at. Addresses are offsets in the file. */

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	ELF_BUILD_SIZE = 16384,
	ELF_BUILD_DYNAMIC = 0x400,
	ELF_BUILD_STRINGS = 0x1000,
	ELF_BUILD_VERSIONS = 0x1c00,
	ELF_BUILD_ENTRY = 0x2f0,
	ELF_BUILD_INTERP = 0x300,
	ELF_BUILD_DATA = 0x2000, /* for the test's own use */
};

struct elf_spec {
	bool narrow, big_endian; /* else 64-bit, little-endian */
	unsigned machine; /* EM_X86_64 where 0 */
	unsigned type; /* ET_DYN where 0 */
	const char *interpreter;
	const char *needed[8];
	const char *soname, *rpath, *runpath;
	uint64_t flags_1;
	struct {
		const char *library, *version;
		bool weak;
	} needs[8];
	const char *definitions[8];
	bool no_dynamic, no_load;
	uint64_t rela_offset, rela_size;
};

struct elf_build {
	unsigned char data[ELF_BUILD_SIZE];
	size_t size;
	const struct elf_spec *spec;
	size_t strings, dynamic;
};

static inline void elf_put(struct elf_build *build, size_t at, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)(value >> 8 * i);

		build->data[at + (build->spec->big_endian ? size - 1 - i : i)] = byte;
	}
}

static inline unsigned elf_word(const struct elf_build *build)
{
	return build->spec->narrow ? 4 : 8;
}

static inline uint64_t elf_string(struct elf_build *build, const char *text)
{
	size_t at = build->strings;

	memcpy(build->data + ELF_BUILD_STRINGS + at, text, strlen(text) + 1);
	build->strings += strlen(text) + 1;
	return at;
}

static inline void elf_dynamic(struct elf_build *build, uint64_t tag, uint64_t value)
{
	unsigned word = elf_word(build);

	elf_put(build, ELF_BUILD_DYNAMIC + build->dynamic, word, tag);
	elf_put(build, ELF_BUILD_DYNAMIC + build->dynamic + word, word, value);
	build->dynamic += 2 * word;
}

static inline void elf_segment(struct elf_build *build, unsigned index, uint32_t type, uint32_t flags, uint64_t offset,
			       uint64_t size)
{
	if (build->spec->narrow) {
		size_t at = 52 + 32 * index;

		elf_put(build, at, 4, type);
		elf_put(build, at + 4, 4, offset);
		elf_put(build, at + 8, 4, offset);
		elf_put(build, at + 16, 4, size);
		elf_put(build, at + 20, 4, size);
		elf_put(build, at + 24, 4, flags);
		elf_put(build, at + 28, 4, 0x1000);
	} else {
		size_t at = 64 + 56 * index;

		elf_put(build, at, 4, type);
		elf_put(build, at + 4, 4, flags);
		elf_put(build, at + 8, 8, offset);
		elf_put(build, at + 16, 8, offset);
		elf_put(build, at + 32, 8, size);
		elf_put(build, at + 40, 8, size);
		elf_put(build, at + 48, 8, 0x1000);
	}
}

static inline void elf_build_versions(struct elf_build *build)
{
	const struct elf_spec *spec = build->spec;
	size_t at = ELF_BUILD_VERSIONS;
	unsigned count = 0;

	/* One Verneed with one Vernaux for each need. */
	for (; count < 8 && spec->needs[count].library; count++) {
		elf_put(build, at, 2, 1);
		elf_put(build, at + 2, 2, 1);
		elf_put(build, at + 4, 4, elf_string(build, spec->needs[count].library));
		elf_put(build, at + 8, 4, 16);
		elf_put(build, at + 12, 4, count < 7 && spec->needs[count + 1].library ? 32 : 0);
		elf_put(build, at + 16 + 4, 2, spec->needs[count].weak ? VER_FLG_WEAK : 0);
		elf_put(build, at + 16 + 8, 4, elf_string(build, spec->needs[count].version));
		at += 32;
	}
	if (count) {
		elf_dynamic(build, DT_VERNEED, ELF_BUILD_VERSIONS);
		elf_dynamic(build, DT_VERNEEDNUM, count);
	}
	for (count = 0; count < 8 && spec->definitions[count]; count++) {
		if (count == 0)
			elf_dynamic(build, DT_VERDEF, at);
		elf_put(build, at, 2, 1);
		elf_put(build, at + 6, 2, 1);
		elf_put(build, at + 12, 4, 20);
		elf_put(build, at + 16, 4, count < 7 && spec->definitions[count + 1] ? 28 : 0);
		elf_put(build, at + 20, 4, elf_string(build, spec->definitions[count]));
		at += 28;
	}
	if (count)
		elf_dynamic(build, DT_VERDEFNUM, count);
}

static inline void elf_build_dynamic(struct elf_build *build)
{
	const struct elf_spec *spec = build->spec;

	elf_string(build, "");
	for (unsigned i = 0; i < 8 && spec->needed[i]; i++)
		elf_dynamic(build, DT_NEEDED, elf_string(build, spec->needed[i]));
	if (spec->soname)
		elf_dynamic(build, DT_SONAME, elf_string(build, spec->soname));
	if (spec->rpath)
		elf_dynamic(build, DT_RPATH, elf_string(build, spec->rpath));
	if (spec->runpath)
		elf_dynamic(build, DT_RUNPATH, elf_string(build, spec->runpath));
	if (spec->flags_1)
		elf_dynamic(build, DT_FLAGS_1, spec->flags_1);
	if (spec->rela_size) {
		elf_dynamic(build, DT_RELA, spec->rela_offset);
		elf_dynamic(build, DT_RELASZ, spec->rela_size);
	}
	elf_build_versions(build);
	elf_dynamic(build, DT_STRTAB, ELF_BUILD_STRINGS);
	elf_dynamic(build, DT_STRSZ, build->strings);
	elf_dynamic(build, DT_NULL, 0);
}

static inline void elf_build(struct elf_build *build, const struct elf_spec *spec)
{
	unsigned segments = 0, word = spec->narrow ? 4 : 8;
	size_t tail = spec->narrow ? 40 : 52; /* e_ehsize */

	memset(build, 0, sizeof(*build));
	build->spec = spec;
	build->size = ELF_BUILD_SIZE;
	memcpy(build->data, ELFMAG, SELFMAG);
	build->data[EI_CLASS] = spec->narrow ? ELFCLASS32 : ELFCLASS64;
	build->data[EI_DATA] = spec->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	build->data[EI_VERSION] = EV_CURRENT;
	if (!spec->no_dynamic)
		elf_build_dynamic(build);
	/* A program says where its headers are. */
	if (spec->interpreter)
		elf_segment(build, segments++, PT_PHDR, PF_R, spec->narrow ? 52 : 64, 5 * (spec->narrow ? 32 : 56));
	if (!spec->no_load) {
		elf_segment(build, segments++, PT_LOAD, PF_R | PF_X, 0, ELF_BUILD_DATA);
		elf_segment(build, segments++, PT_LOAD, PF_R | PF_W, ELF_BUILD_DATA, ELF_BUILD_SIZE - ELF_BUILD_DATA);
	}
	if (spec->interpreter) {
		memcpy(build->data + ELF_BUILD_INTERP, spec->interpreter, strlen(spec->interpreter) + 1);
		elf_segment(build, segments++, PT_INTERP, PF_R, ELF_BUILD_INTERP, strlen(spec->interpreter) + 1);
	}
	if (!spec->no_dynamic)
		elf_segment(build, segments++, PT_DYNAMIC, PF_R, ELF_BUILD_DYNAMIC, build->dynamic);
	elf_put(build, 16, 2, spec->type ? spec->type : ET_DYN);
	elf_put(build, 18, 2, spec->machine ? spec->machine : EM_X86_64);
	elf_put(build, 20, 4, EV_CURRENT);
	elf_put(build, 24, word, ELF_BUILD_ENTRY);
	elf_put(build, 24 + word, word, spec->narrow ? 52 : 64); /* e_phoff */
	elf_put(build, tail, 2, spec->narrow ? 52 : 64);
	elf_put(build, tail + 2, 2, spec->narrow ? 32 : 56);
	elf_put(build, tail + 4, 2, segments);
}

#endif
