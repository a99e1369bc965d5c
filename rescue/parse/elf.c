/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
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

static int load_segments(struct elf_reader *reader, struct arena *arena, struct elf_file *elf, uint64_t offset,
			 size_t count, const char **ret_reason)
{
	size_t size = elf->wide ? SEGMENT_SIZE_64 : SEGMENT_SIZE_32;

	if (elf->program_header_size != size)
		return refuse(ret_reason, "ELF file's phentsize not the expected size");
	if (count > ELF_SEGMENT_LIMIT)
		return refuse(ret_reason, "too many program headers");
	elf->segments = arena_alloc(arena, (count + 1) * sizeof(*elf->segments));
	for (size_t i = 0; i < count; i++) {
		unsigned char data[SEGMENT_SIZE_64];
		int error;

		if (offset > UINT64_MAX - (i + 1) * size)
			return refuse(ret_reason, "cannot read file data");
		error = elf_read_all(reader, data, size, offset + i * size);
		if (error < 0)
			return refuse_read(error, ret_reason);
		parse_segment(elf, data, &elf->segments[i]);
	}
	elf->segment_count = count;
	return 0;
}

int elf_load(struct elf_reader *reader, struct arena *arena, struct elf_file *ret, const char **ret_reason)
{
	unsigned char header[HEADER_SIZE_64] = {0};
	ssize_t count = elf_read(reader, header, sizeof(header), 0);
	size_t header_size;

	*ret_reason = NULL;
	if (count < 0)
		return (int)count;
	if (count < EI_NIDENT)
		return refuse(ret_reason, "file too short");
	memcpy(ret->ident, header, sizeof(ret->ident));
	if (memcmp(header, ELFMAG, SELFMAG) != 0)
		return refuse(ret_reason, "invalid ELF header");
	ret->wide = header[EI_CLASS] == ELFCLASS64;
	ret->big_endian = header[EI_DATA] == ELFDATA2MSB;
	if ((!ret->wide && header[EI_CLASS] != ELFCLASS32) || (!ret->big_endian && header[EI_DATA] != ELFDATA2LSB))
		return refuse(ret_reason, "invalid ELF header");
	header_size = ret->wide ? HEADER_SIZE_64 : HEADER_SIZE_32;
	if ((size_t)count < header_size)
		return refuse(ret_reason, "file too short");
	ret->type = elf_get16(ret, header + 16);
	ret->machine = elf_get16(ret, header + 18);
	ret->version = elf_get32(ret, header + 20);
	ret->section_offset = elf_get_word(ret, header + (ret->wide ? 40 : 32));
	ret->program_header_size = elf_get16(ret, header + header_size - 10);
	ret->section_header_size = elf_get16(ret, header + header_size - 6);
	ret->section_count = elf_get16(ret, header + header_size - 4);
	return load_segments(reader, arena, ret, elf_get_word(ret, header + (ret->wide ? 32 : 28)),
			     elf_get16(ret, header + header_size - 8), ret_reason);
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

/* A name of the dynamic string table, in arena; NULL when it is not all there. */
static const char *dynamic_string(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf,
				  uint64_t index)
{
	char buffer[ELF_STRING_LIMIT];
	uint64_t offset;
	ssize_t count;

	if (index >= elf->strings_size || elf->strings_address > UINT64_MAX - index ||
	    !elf_file_offset(elf, elf->strings_address + index, 1, &offset))
		return NULL;
	/* Names are short and stand side by side: most are in the reader's window already. */
	count = elf_read(reader, buffer, 64, offset);
	if (count > 0 && !memchr(buffer, '\0', (size_t)count))
		count = elf_read(reader, buffer, sizeof(buffer), offset);
	if (count <= 0 || !memchr(buffer, '\0', (size_t)count))
		return NULL;
	return arena_strdup(arena, buffer);
}

struct dynamic_entry {
	uint64_t tag, value;
};

/* Where in the dynamic section the tables of symbol versions were announced. */
struct version_tables {
	uint64_t need, need_count, definition, definition_count;
};

static int load_version_needs(struct elf_reader *reader, struct arena *arena, struct elf_file *elf,
			      const struct version_tables *tables)
{
	uint64_t address = tables->need;

	for (uint64_t i = 0; i < tables->need_count && i < ELF_VERSION_LIMIT; i++) {
		unsigned char data[16];
		uint64_t offset, auxiliary;
		const char *library;
		unsigned count, next;

		if (!elf_file_offset(elf, address, sizeof(data), &offset) ||
		    elf_read_all(reader, data, sizeof(data), offset) < 0)
			return -ENODATA;
		count = elf_get16(elf, data + 2);
		library = dynamic_string(reader, arena, elf, elf_get32(elf, data + 4));
		auxiliary = address + elf_get32(elf, data + 8);
		next = elf_get32(elf, data + 12);
		for (unsigned j = 0; j < count; j++) {
			struct elf_version_need *need;

			if (!library || elf->needs.count >= ELF_VERSION_LIMIT ||
			    !elf_file_offset(elf, auxiliary, sizeof(data), &offset) ||
			    elf_read_all(reader, data, sizeof(data), offset) < 0)
				return -ENODATA;
			need = array_push(arena, &elf->needs);
			need->library = library;
			need->weak = elf_get16(elf, data + 4) & VER_FLG_WEAK;
			need->version = dynamic_string(reader, arena, elf, elf_get32(elf, data + 8));
			if (!need->version)
				return -ENODATA;
			if (elf_get32(elf, data + 12) == 0)
				break;
			auxiliary += elf_get32(elf, data + 12);
		}
		if (next == 0)
			break;
		address += next;
	}
	return 0;
}

static int load_version_definitions(struct elf_reader *reader, struct arena *arena, struct elf_file *elf,
				    const struct version_tables *tables)
{
	uint64_t address = tables->definition;

	for (uint64_t i = 0; i < tables->definition_count; i++) {
		unsigned char data[20];
		uint64_t offset;
		const char *name;
		uint32_t next;

		if (i >= ELF_VERSION_LIMIT || !elf_file_offset(elf, address, sizeof(data), &offset) ||
		    elf_read_all(reader, data, sizeof(data), offset) < 0)
			return -ENODATA;
		next = elf_get32(elf, data + 16);
		/* The first auxiliary entry is the version itself; the others name what it inherits from. */
		if (!elf_file_offset(elf, address + elf_get32(elf, data + 12), 8, &offset) ||
		    elf_read_all(reader, data, 8, offset) < 0)
			return -ENODATA;
		name = dynamic_string(reader, arena, elf, elf_get32(elf, data));
		if (!name)
			return -ENODATA;
		*array_push(arena, &elf->definitions) = (char *)name;
		if (next == 0)
			break;
		address += next;
	}
	return 0;
}

static int load_interpreter(struct elf_reader *reader, struct arena *arena, struct elf_file *elf,
			    const char **ret_reason)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		char buffer[ELF_STRING_LIMIT];
		int error;

		if (segment->type != PT_INTERP)
			continue;
		/* As load_elf_binary() of the kernel: 2 to PATH_MAX bytes, the last one a NUL. */
		if (segment->file_size < 2 || segment->file_size > sizeof(buffer))
			return refuse(ret_reason, "invalid PT_INTERP segment");
		error = elf_read_all(reader, buffer, (size_t)segment->file_size, segment->offset);
		if (error < 0)
			return refuse_read(error, ret_reason);
		if (buffer[segment->file_size - 1] != '\0')
			return refuse(ret_reason, "invalid PT_INTERP segment");
		elf->interpreter = arena_strdup(arena, buffer);
		return 0;
	}
	return 0;
}

/* Reads the entries up to DT_NULL: their number, or negative errno. */
static ssize_t read_dynamic_entries(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf,
				    const struct elf_segment *segment, struct dynamic_entry **ret)
{
	ARRAY_OF(struct dynamic_entry) entries = {0};
	size_t word = elf->wide ? 8 : 4;
	uint64_t count = segment->file_size / (2 * word);

	for (uint64_t i = 0; i < count && i < ELF_DYNAMIC_LIMIT; i++) {
		unsigned char data[16];
		struct dynamic_entry *entry;
		int error;

		if (segment->offset > UINT64_MAX - (i + 1) * 2 * word)
			return -ENODATA;
		error = elf_read_all(reader, data, 2 * word, segment->offset + i * 2 * word);
		if (error < 0)
			return error;
		if (elf_get_word(elf, data) == DT_NULL) {
			*ret = entries.items;
			return (ssize_t)entries.count;
		}
		entry = array_push(arena, &entries);
		entry->tag = elf_get_word(elf, data);
		entry->value = elf_get_word(elf, data + word);
	}
	return -ENODATA;
}

static void take_numbers(struct elf_file *elf, struct version_tables *tables, const struct dynamic_entry *entries,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = entries[i].value;

		switch (entries[i].tag) {
		case DT_STRTAB:
			elf->strings_address = value;
			break;
		case DT_STRSZ:
			elf->strings_size = value;
			break;
		case DT_RELA:
			elf->rela_address = value;
			break;
		case DT_RELASZ:
			elf->rela_size = value;
			break;
		case DT_FLAGS_1:
			elf->flags_1 = value;
			break;
		case DT_VERNEED:
			tables->need = value;
			break;
		case DT_VERNEEDNUM:
			tables->need_count = value;
			break;
		case DT_VERDEF:
			tables->definition = value;
			elf->has_definitions = true;
			break;
		case DT_VERDEFNUM:
			tables->definition_count = value;
			break;
		}
	}
}

static int take_names(struct elf_reader *reader, struct arena *arena, struct elf_file *elf,
		      const struct dynamic_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t tag = entries[i].tag;
		const char *name;

		if (tag != DT_NEEDED && tag != DT_SONAME && tag != DT_RPATH && tag != DT_RUNPATH)
			continue;
		name = dynamic_string(reader, arena, elf, entries[i].value);
		if (!name)
			return -ENODATA;
		if (tag == DT_NEEDED)
			*array_push(arena, &elf->needed) = (char *)name;
		else if (tag == DT_SONAME)
			elf->soname = name;
		else if (tag == DT_RPATH)
			elf->rpath = name;
		else
			elf->runpath = name;
	}
	return 0;
}

int elf_load_dynamic(struct elf_reader *reader, struct arena *arena, struct elf_file *elf, const char **ret_reason)
{
	const struct elf_segment *dynamic = NULL;
	struct version_tables tables = {0};
	struct dynamic_entry *entries = NULL;
	ssize_t count;
	int error;

	*ret_reason = NULL;
	error = load_interpreter(reader, arena, elf, ret_reason);
	if (error < 0)
		return error;
	for (size_t i = 0; i < elf->segment_count; i++) {
		if (elf->segments[i].type == PT_DYNAMIC)
			dynamic = &elf->segments[i];
	}
	if (!dynamic || dynamic->file_size == 0)
		return 0;
	elf->has_dynamic = true;
	count = read_dynamic_entries(reader, arena, elf, dynamic, &entries);
	if (count < 0)
		return count == -ENODATA ? refuse(ret_reason, "damaged dynamic section") : (int)count;
	take_numbers(elf, &tables, entries, (size_t)count);
	/* The loader uses these tables without a look at the file's end: a damaged one crashes the program. */
	if (take_names(reader, arena, elf, entries, (size_t)count) < 0)
		return refuse(ret_reason, "damaged dynamic section");
	if (tables.need && load_version_needs(reader, arena, elf, &tables) < 0)
		return refuse(ret_reason, "damaged table of needed symbol versions");
	if (tables.definition && load_version_definitions(reader, arena, elf, &tables) < 0)
		return refuse(ret_reason, "damaged table of defined symbol versions");
	return 0;
}

const char *elf_machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
	    {EM_386, "80386"},	    {EM_X86_64, "x86-64"},    {EM_ARM, "ARM"},	       {EM_AARCH64, "AArch64"},
	    {EM_RISCV, "RISC-V"},   {EM_PPC, "PowerPC"},      {EM_PPC64, "PowerPC64"}, {EM_S390, "S/390"},
	    {EM_MIPS, "MIPS"},	    {EM_SPARCV9, "SPARC V9"}, {258, "LoongArch"},      {EM_68K, "68000"},
	    {EM_PARISC, "PA-RISC"}, {EM_IA_64, "IA-64"},      {EM_SH, "SuperH"},       {EM_ALPHA, "Alpha"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].machine == machine)
			return names[i].name;
	}
	return NULL;
}
