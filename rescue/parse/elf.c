/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	RANGE_LIMIT = 64,
	HEADER_SIZE_32 = 52,
	HEADER_SIZE_64 = 64,
	SEGMENT_SIZE_32 = 32,
	SEGMENT_SIZE_64 = 56,
};

void elf_reader_init(struct elf_reader *reader, struct target *target, const char *path, const struct blob *image)
{
	reader->target = target;
	reader->path = path;
	reader->image = image;
	reader->newest = 0;
	for (unsigned i = 0; i < ELF_WINDOW_COUNT; i++)
		reader->windows[i].size = 0;
}

static bool window_holds(const struct elf_window *window, size_t size, uint64_t offset)
{
	return offset >= window->offset && offset - window->offset <= window->size &&
	       window->size - (offset - window->offset) >= size;
}

/* A window with the bytes in it, as far as the file has them; NULL and *ret_error when it cannot be read. */
static const struct elf_window *window_at(struct elf_reader *reader, size_t size, uint64_t offset, int *ret_error)
{
	struct elf_window *window;
	ssize_t count;

	for (unsigned i = 0; i < ELF_WINDOW_COUNT; i++) {
		if (window_holds(&reader->windows[i], size, offset))
			return &reader->windows[i];
	}
	reader->newest = (reader->newest + 1) % ELF_WINDOW_COUNT;
	window = &reader->windows[reader->newest];
	window->size = 0;
	/* Start a little earlier: tables are not always walked upwards. */
	window->offset = size <= ELF_WINDOW / 2 ? offset & ~(uint64_t)(ELF_WINDOW / 2 - 1) : offset;
	count = target_pread(reader->target, reader->path, window->data, ELF_WINDOW, window->offset);
	if (count < 0) {
		*ret_error = (int)count;
		return NULL;
	}
	window->size = (size_t)count;
	return window;
}

ssize_t elf_read(struct elf_reader *reader, void *buffer, size_t size, uint64_t offset)
{
	const struct elf_window *window;
	uint64_t into;
	int error = 0;

	if (reader->image) {
		if (offset >= reader->image->size)
			return 0;
		if (size > reader->image->size - offset)
			size = reader->image->size - offset;
		memcpy(buffer, reader->image->data + offset, size);
		return (ssize_t)size;
	}
	if (offset > INT64_MAX - ELF_WINDOW)
		return 0;
	if (size > ELF_WINDOW)
		return target_pread(reader->target, reader->path, buffer, size, offset);
	window = window_at(reader, size, offset, &error);
	if (!window)
		return error;
	into = offset - window->offset;
	if (into >= window->size)
		return 0;
	if (size > window->size - into)
		size = window->size - into;
	memcpy(buffer, window->data + into, size);
	return (ssize_t)size;
}

int elf_read_all(struct elf_reader *reader, void *buffer, size_t size, uint64_t offset)
{
	ssize_t count = elf_read(reader, buffer, size, offset);

	if (count < 0)
		return (int)count;
	return (size_t)count == size ? 0 : -ENODATA;
}

static uint64_t get_bytes(const struct elf_file *elf, const unsigned char *data, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | data[elf->big_endian ? i : count - 1 - i];
	return value;
}

uint16_t elf_get16(const struct elf_file *elf, const void *data)
{
	return (uint16_t)get_bytes(elf, data, 2);
}

uint32_t elf_get32(const struct elf_file *elf, const void *data)
{
	return (uint32_t)get_bytes(elf, data, 4);
}

uint64_t elf_get64(const struct elf_file *elf, const void *data)
{
	return get_bytes(elf, data, 8);
}

uint64_t elf_get_word(const struct elf_file *elf, const void *data)
{
	return get_bytes(elf, data, elf->wide ? 8 : 4);
}

static int refuse(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return -ENOEXEC;
}

/* A read that came back short is a damaged file, anything else is trouble on the way to it. */
static int refuse_read(int error, const char **ret_reason)
{
	return error == -ENODATA ? refuse(ret_reason, "cannot read file data") : error;
}

static void parse_segment(const struct elf_file *elf, const unsigned char *data, struct elf_segment *ret)
{
	ret->type = elf_get32(elf, data);
	if (elf->wide) {
		ret->flags = elf_get32(elf, data + 4);
		ret->offset = elf_get64(elf, data + 8);
		ret->address = elf_get64(elf, data + 16);
		ret->file_size = elf_get64(elf, data + 32);
		ret->memory_size = elf_get64(elf, data + 40);
		ret->alignment = elf_get64(elf, data + 48);
	} else {
		ret->offset = elf_get32(elf, data + 4);
		ret->address = elf_get32(elf, data + 8);
		ret->file_size = elf_get32(elf, data + 16);
		ret->memory_size = elf_get32(elf, data + 20);
		ret->flags = elf_get32(elf, data + 24);
		ret->alignment = elf_get32(elf, data + 28);
	}
}

int elf_load_header(struct elf_reader *reader, struct elf_file *ret, const char **ret_reason)
{
	unsigned char header[HEADER_SIZE_64] = {0};
	ssize_t count = elf_read(reader, header, sizeof(header), 0);
	size_t header_size;

	*ret_reason = NULL;
	if (count < 0)
		return (int)count;
	memcpy(ret->ident, header, sizeof(ret->ident));
	if (count < HEADER_SIZE_32)
		return refuse(ret_reason, "file too short");
	if (memcmp(header, ELFMAG, SELFMAG) != 0)
		return refuse(ret_reason, "invalid ELF header");
	ret->wide = header[EI_CLASS] == ELFCLASS64;
	ret->big_endian = header[EI_DATA] == ELFDATA2MSB;
	header_size = ret->wide ? HEADER_SIZE_64 : HEADER_SIZE_32;
	if ((size_t)count < header_size)
		return refuse(ret_reason, "file too short");
	ret->type = elf_get16(ret, header + 16);
	ret->machine = elf_get16(ret, header + 18);
	ret->version = elf_get32(ret, header + 20);
	ret->entry = elf_get_word(ret, header + 24);
	ret->segment_offset = elf_get_word(ret, header + (ret->wide ? 32 : 28));
	ret->section_offset = elf_get_word(ret, header + (ret->wide ? 40 : 32));
	ret->segment_header_size = elf_get16(ret, header + header_size - 10);
	ret->segment_header_count = elf_get16(ret, header + header_size - 8);
	ret->section_header_size = elf_get16(ret, header + header_size - 6);
	ret->section_count = elf_get16(ret, header + header_size - 4);
	return 0;
}

int elf_load_segments(struct elf_reader *reader, struct arena *arena, struct elf_file *elf, const char **ret_reason)
{
	size_t size = elf->wide ? SEGMENT_SIZE_64 : SEGMENT_SIZE_32, count = elf->segment_header_count;

	*ret_reason = NULL;
	if (elf->segment_header_size != size)
		return refuse(ret_reason, "ELF file's phentsize not the expected size");
	if (count > ELF_SEGMENT_LIMIT)
		return refuse(ret_reason, "too many program headers");
	elf->segments = arena_alloc(arena, (count + 1) * sizeof(*elf->segments));
	for (size_t i = 0; i < count; i++) {
		unsigned char data[SEGMENT_SIZE_64];
		int error;

		if (elf->segment_offset > UINT64_MAX - (i + 1) * size)
			return refuse(ret_reason, "cannot read file data");
		error = elf_read_all(reader, data, size, elf->segment_offset + i * size);
		if (error < 0)
			return refuse_read(error, ret_reason);
		parse_segment(elf, data, &elf->segments[i]);
	}
	elf->segment_count = count;
	return 0;
}

int elf_load(struct elf_reader *reader, struct arena *arena, struct elf_file *ret, const char **ret_reason)
{
	int error = elf_load_header(reader, ret, ret_reason);

	if (error < 0)
		return error;
	if ((ret->ident[EI_CLASS] != ELFCLASS64 && ret->ident[EI_CLASS] != ELFCLASS32) ||
	    (ret->ident[EI_DATA] != ELFDATA2MSB && ret->ident[EI_DATA] != ELFDATA2LSB))
		return refuse(ret_reason, "invalid ELF header");
	return elf_load_segments(reader, arena, ret, ret_reason);
}

bool elf_file_offset(const struct elf_file *elf, uint64_t address, uint64_t size, uint64_t *ret)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t into;

		if (segment->type != PT_LOAD || address < segment->address)
			continue;
		into = address - segment->address;
		if (into > segment->file_size || segment->file_size - into < size)
			continue;
		if (segment->offset > UINT64_MAX - into)
			continue;
		*ret = segment->offset + into;
		return true;
	}
	return false;
}

const struct elf_segment *elf_cut_off_segment(const struct elf_file *elf)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD &&
		    (segment->offset > elf->size || segment->file_size > elf->size - segment->offset))
			return segment;
	}
	return NULL;
}

/* Nothing when the section table was stripped. */
static void section_ranges(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf,
			   elf_range_list *ret)
{
	size_t size = elf->wide ? 64 : 40;

	if (elf->section_offset == 0 || elf->section_header_size != size)
		return;
	for (unsigned i = 0; i < elf->section_count && ret->count < RANGE_LIMIT; i++) {
		unsigned char data[64];
		uint64_t flags;
		struct elf_range range;

		if (elf->section_offset > UINT64_MAX - (i + 1) * size ||
		    elf_read_all(reader, data, size, elf->section_offset + i * size) < 0)
			return;
		flags = elf_get_word(elf, data + 8);
		if (elf_get32(elf, data + 4) != SHT_PROGBITS ||
		    (flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)) != SHF_ALLOC)
			continue;
		range.offset = elf_get_word(elf, data + (elf->wide ? 24 : 16));
		range.size = elf_get_word(elf, data + (elf->wide ? 32 : 20));
		*array_push(arena, ret) = range;
	}
}

/* Without sections: the read-only segments; where the linker did not part constants from code, those with code. */
static void segment_ranges(struct arena *arena, const struct elf_file *elf, elf_range_list *ret)
{
	for (size_t i = 0; i < elf->segment_count && ret->count < RANGE_LIMIT; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && !(segment->flags & PF_W))
			*array_push(arena, ret) = (struct elf_range){segment->offset, segment->file_size};
	}
}

void elf_constants(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf, elf_range_list *ret)
{
	section_ranges(reader, arena, elf, ret);
	if (ret->count == 0)
		segment_ranges(arena, elf, ret);
}

/* e_machine (elf.h), as people call it and as uname(2) does. */
static const struct machine {
	unsigned machine;
	const char *name, *uname;
} machines[] = {
    {EM_386, "80386", "i686"},		 {EM_X86_64, "x86-64", "x86_64"},   {EM_ARM, "ARM", "arm"},
    {EM_AARCH64, "AArch64", "aarch64"},	 {EM_RISCV, "RISC-V", "riscv"},	    {EM_PPC, "PowerPC", "ppc"},
    {EM_PPC64, "PowerPC64", "ppc64"},	 {EM_S390, "S/390", "s390x"},	    {EM_MIPS, "MIPS", "mips"},
    {EM_SPARCV9, "SPARC V9", "sparc64"}, {258, "LoongArch", "loongarch64"}, {EM_68K, "68000", "m68k"},
    {EM_PARISC, "PA-RISC", "parisc"},	 {EM_IA_64, "IA-64", "ia64"},	    {EM_SH, "SuperH", "sh4"},
    {EM_ALPHA, "Alpha", "alpha"},
};

static const struct machine *find_machine(unsigned machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (machines[i].machine == machine)
			return &machines[i];
	}
	return NULL;
}

const char *elf_machine_name(unsigned machine)
{
	const struct machine *found = find_machine(machine);

	return found ? found->name : NULL;
}

const char *elf_machine_uname(unsigned machine)
{
	const struct machine *found = find_machine(machine);

	return found ? found->uname : NULL;
}
