/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dynamic section of an ELF file: what the loader needs to know of it. */
#include "parse/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

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

/* Reads the entries up to DT_NULL, from where they are in memory, as loaders do: their number, or negative errno. */
static ssize_t read_dynamic_entries(struct elf_reader *reader, struct arena *arena, const struct elf_file *elf,
				    const struct elf_segment *segment, struct dynamic_entry **ret)
{
	ARRAY_OF(struct dynamic_entry) entries = {0};
	size_t word = elf->wide ? 8 : 4;
	uint64_t address = segment->address, offset;

	for (unsigned i = 0; i < ELF_DYNAMIC_LIMIT; i++, address += 2 * word) {
		unsigned char data[16];
		struct dynamic_entry *entry;
		int error;

		if (!elf_file_offset(elf, address, 2 * word, &offset))
			return -ENODATA;
		error = elf_read_all(reader, data, 2 * word, offset);
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
	uint64_t offset;
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
	if (!dynamic)
		return 0;
	count = read_dynamic_entries(reader, arena, elf, dynamic, &entries);
	if (count < 0)
		return count == -ENODATA ? refuse(ret_reason, "damaged dynamic section") : (int)count;
	take_numbers(elf, &tables, entries, (size_t)count);
	/* The loader uses these tables without a look at the file's end: a damaged one crashes the program. */
	if (!elf->strings_address ||
	    (elf->rela_size && !elf_file_offset(elf, elf->rela_address, elf->rela_size, &offset)) ||
	    take_names(reader, arena, elf, entries, (size_t)count) < 0)
		return refuse(ret_reason, "damaged dynamic section");
	if (tables.need && load_version_needs(reader, arena, elf, &tables) < 0)
		return refuse(ret_reason, "damaged table of needed symbol versions");
	if (tables.definition && load_version_definitions(reader, arena, elf, &tables) < 0)
		return refuse(ret_reason, "damaged table of defined symbol versions");
	return 0;
}
