/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the kernel can make a process of a file, and whether the dynamic loader finds its way in it:
 * load_elf_binary() in fs/binfmt_elf.c of Linux, rtld_setup_main_map() in elf/rtld.c of glibc.
 */
#include "parse/elf.h"

#include <elf.h>

enum {
	PAGE = 4096, /* the smallest that any architecture here has */
};

/* More than any kernel gives to a process. */
static uint64_t address_limit(const struct elf_file *elf)
{
	return elf->wide ? UINT64_C(1) << 56 : UINT64_C(1) << 32;
}

static const struct elf_segment *last_segment(const struct elf_file *elf, uint32_t type)
{
	const struct elf_segment *found = NULL;

	for (size_t i = 0; i < elf->segment_count; i++) {
		if (elf->segments[i].type == type)
			found = &elf->segments[i];
	}
	return found;
}

static const char *segment_fault(const struct elf_file *elf, const struct elf_segment *segment)
{
	if ((segment->address - segment->offset) % PAGE != 0)
		return "a segment is not page-aligned";
	if (segment->file_size > segment->memory_size)
		return "a segment is larger in the file than in memory";
	if (segment->memory_size > address_limit(elf) || segment->address > address_limit(elf) - segment->memory_size)
		return "a segment lies outside of the address space";
	return NULL;
}

/* Where the entry point is the address of a descriptor, not of code. */
static bool enters_by_descriptor(const struct elf_file *elf)
{
	return (elf->machine == EM_PPC64 && elf->big_endian) || elf->machine == EM_IA_64 || elf->machine == EM_PARISC;
}

static bool entry_is_code(const struct elf_file *elf)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && segment->flags & PF_X && elf->entry >= segment->address &&
		    elf->entry - segment->address < segment->file_size)
			return true;
	}
	return enters_by_descriptor(elf);
}

/* The address of the program headers in memory, as the kernel tells it to the loader. */
static bool headers_address(const struct elf_file *elf, uint64_t *ret)
{
	bool found = false;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type != PT_LOAD || elf->segment_offset < segment->offset ||
		    elf->segment_offset - segment->offset >= segment->file_size)
			continue;
		*ret = segment->address + (elf->segment_offset - segment->offset);
		found = true;
	}
	return found;
}

/* What the dynamic loader takes for granted of a program. */
static const char *loader_fault(const struct elf_file *elf)
{
	const struct elf_segment *headers = last_segment(elf, PT_PHDR);
	uint64_t address;

	if (!last_segment(elf, PT_DYNAMIC))
		return "it has a loader, but no dynamic section";
	if (!headers_address(elf, &address))
		return "its program headers are not loaded";
	/* From the difference the loader learns where it is. */
	if (headers ? headers->address != address : elf->type == ET_DYN)
		return "it does not say where its program headers are";
	return NULL;
}

const char *elf_program_fault(const struct elf_file *elf)
{
	bool loads = false;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const char *fault;

		if (elf->segments[i].type != PT_LOAD)
			continue;
		loads = true;
		fault = segment_fault(elf, &elf->segments[i]);
		if (fault)
			return fault;
	}
	if (!loads)
		return "it has no loadable segments";
	if (!entry_is_code(elf))
		return "its entry point is not in its code";
	return last_segment(elf, PT_INTERP) ? loader_fault(elf) : NULL;
}

/* What is part of a segment stands in the file and in memory where the segment does. Of thread-local storage only the
 * beginning is in the file. */
static bool is_inside(const struct elf_file *elf, const struct elf_segment *part)
{
	uint64_t size = part->type == PT_TLS ? part->file_size : part->memory_size, offset;

	return part->file_size <= part->memory_size && elf_file_offset(elf, part->address, size, &offset) &&
	       offset == part->offset;
}

static bool is_part(const struct elf_segment *segment)
{
	switch (segment->type) {
	case PT_PHDR:
	case PT_INTERP:
	case PT_DYNAMIC:
	case PT_NOTE:
	case PT_GNU_PROPERTY:
	case PT_GNU_EH_FRAME:
		return segment->memory_size != 0;
	case PT_TLS:
		return segment->file_size != 0;
	default:
		return false;
	}
}

/* The loader makes these pages read-only once it has written to them. */
static bool relro_is_writable(const struct elf_file *elf, const struct elf_segment *relro)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t pages = (segment->address % PAGE + segment->memory_size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		uint64_t into = relro->address - (segment->address & ~(uint64_t)(PAGE - 1));

		if (segment->type == PT_LOAD && segment->flags & PF_W && relro->address >= segment->address &&
		    into <= pages && relro->memory_size <= pages - into)
			return true;
	}
	return false;
}

const char *elf_program_doubt(const struct elf_file *elf)
{
	const struct elf_segment *relro = last_segment(elf, PT_GNU_RELRO);
	uint64_t end = 0;

	if (relro && relro->memory_size && !relro_is_writable(elf, relro))
		return "what the loader relocates is not writable";
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (is_part(segment) && !is_inside(elf, segment))
			return "its program headers contradict each other";
		if (segment->type != PT_LOAD)
			continue;
		if ((segment->address & ~(uint64_t)(PAGE - 1)) < end)
			return "its segments overlap";
		if (!(segment->flags & (PF_R | PF_W | PF_X)))
			return "a segment cannot be read";
		end = segment->address + segment->memory_size;
	}
	return NULL;
}
