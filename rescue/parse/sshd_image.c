/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/sshd_image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	KEYWORD_LIMIT = 1024,
	POINTER_LIMIT = 256 * 1024, /* a real sshd has 3,000 */
};

static int compare_pointers(const void *a, const void *b)
{
	const struct data_pointer *left = a, *right = b;

	return left->location < right->location ? -1 : left->location > right->location;
}

static void add_pointer(struct arena *arena, struct sshd_image *image, uint64_t location, uint64_t address)
{
	struct data_pointer *pointer;
	uint64_t offset;

	if (address == 0 || image->pointers.count >= POINTER_LIMIT ||
	    !elf_file_offset(&image->elf, address, 1, &offset) || offset >= image->file.size)
		return;
	pointer = array_push(arena, &image->pointers);
	pointer->location = location;
	pointer->offset = offset;
}

/* Pointers that the loader computes: relocations with an explicit addend and no symbol. */
static void relocated_pointers(struct arena *arena, struct sshd_image *image)
{
	const struct elf_file *elf = &image->elf;
	size_t word = elf->wide ? 8 : 4;
	uint64_t offset;

	if (elf->rela_size == 0 || !elf_file_offset(elf, elf->rela_address, elf->rela_size, &offset) ||
	    offset > image->file.size || elf->rela_size > image->file.size - offset)
		return;
	for (uint64_t at = 0; elf->rela_size - at >= 3 * word; at += 3 * word) {
		const char *entry = image->file.data + offset + at;
		uint64_t info = elf_get_word(elf, entry + word);

		if ((elf->wide ? info >> 32 : info >> 8) == 0)
			add_pointer(arena, image, elf_get_word(elf, entry), elf_get_word(elf, entry + 2 * word));
	}
}

/* Pointers that stand in the file: of programs linked to a fixed address, and with the relocation formats that keep the
 * addend in place (REL, RELR). */
static void stored_pointers(struct arena *arena, struct sshd_image *image)
{
	const struct elf_file *elf = &image->elf;
	size_t word = elf->wide ? 8 : 4;
	uint64_t left = image->file.size; /* segments of a sane file do not overlap */

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t at = (word - segment->address % word) % word;

		if (segment->type != PT_LOAD || !(segment->flags & PF_W) || segment->offset > image->file.size ||
		    segment->file_size > image->file.size - segment->offset || segment->file_size > left)
			continue;
		left -= segment->file_size;
		for (; at + word <= segment->file_size; at += word)
			add_pointer(arena, image, segment->address + at,
				    elf_get_word(elf, image->file.data + segment->offset + at));
	}
}

static const struct data_pointer *pointer_at(const struct sshd_image *image, uint64_t location)
{
	struct data_pointer key = {.location = location};

	return image->pointers.count == 0
		   ? NULL
		   : bsearch(&key, image->pointers.items, image->pointers.count, sizeof(key), compare_pointers);
}

/* The file's data ends in a NUL, so that every string in it ends. */
static const char *string_at(const struct sshd_image *image, const struct data_pointer *pointer)
{
	return image->file.data + pointer->offset;
}

static bool is_keyword_text(const char *string)
{
	size_t length = 0;

	for (; char_is_alnum(string[length]) && length < 64; length++)
		;
	return length >= 2 && string[length] == '\0';
}

/* A row of keywords[]: struct { const char *name; ServerOpCodes opcode; u_int flags; } with flags of SSHCFG_GLOBAL (1)
 * and SSHCFG_MATCH (2). */
static bool read_keyword(const struct sshd_image *image, uint64_t location, struct sshd_keyword *ret)
{
	const struct elf_file *elf = &image->elf;
	size_t word = elf->wide ? 8 : 4;
	const struct data_pointer *pointer = pointer_at(image, location);
	const char *data;
	uint64_t offset;
	uint32_t flags;

	if (!pointer || !is_keyword_text(string_at(image, pointer)) ||
	    !elf_file_offset(elf, location, word + 8, &offset) || offset > image->file.size - (word + 8))
		return false;
	data = image->file.data + offset + word;
	flags = elf_get32(elf, data + 4);
	if (flags < 1 || flags > 3 || elf_get32(elf, data) > KEYWORD_LIMIT)
		return false;
	*ret = (struct sshd_keyword){
	    .name = string_at(image, pointer),
	    .opcode = elf_get32(elf, data),
	    .global = flags & 1,
	    .match = flags & 2,
	};
	return true;
}

/* Opcodes differ from version to version, but the enum always ends in sDeprecated, sIgnore, sUnsupported, and
 * ServerKeyBits is deprecated since 7.4 gave up protocol 1. */
static void classify_keywords(struct sshd_image *image)
{
	unsigned deprecated = 0;

	for (size_t i = 0; i < image->keywords.count; i++) {
		if (string_equal_nocase(image->keywords.items[i].name, "serverkeybits"))
			deprecated = image->keywords.items[i].opcode;
	}
	for (size_t i = 0; i < image->keywords.count; i++) {
		struct sshd_keyword *keyword = &image->keywords.items[i];

		if (deprecated && keyword->opcode >= deprecated && keyword->opcode - deprecated <= 2)
			keyword->kind = SSHD_KEYWORD_DEPRECATED + (keyword->opcode - deprecated);
	}
}

/* The table is found by a keyword that every version has, and walked from there in both directions. */
static void find_keywords(struct arena *arena, struct sshd_image *image)
{
	uint64_t row = image->elf.wide ? 16 : 12;

	for (size_t i = 0; i < image->pointers.count; i++) {
		uint64_t anchor = image->pointers.items[i].location, first = anchor, after = anchor + row;
		struct sshd_keyword keyword;

		if (!string_equal_nocase(string_at(image, &image->pointers.items[i]), "permitrootlogin") ||
		    !read_keyword(image, anchor, &keyword))
			continue;
		while (first > row && (anchor - first) / row < KEYWORD_LIMIT &&
		       read_keyword(image, first - row, &keyword))
			first -= row;
		while ((after - anchor) / row < KEYWORD_LIMIT && read_keyword(image, after, &keyword))
			after += row;
		/* 7.4 has 120 rows. */
		if ((after - first) / row < 64)
			continue;
		for (; first < after; first += row) {
			if (read_keyword(image, first, &keyword))
				*array_push(arena, &image->keywords) = keyword;
		}
		classify_keywords(image);
		return;
	}
}

struct sshd_image *sshd_image_load(struct target *target, struct arena *arena, const char *path)
{
	struct sshd_image *image = ARENA_NEW(arena, struct sshd_image);
	struct elf_reader reader;
	const char *reason;

	image->error = target_read(target, path, SSHD_IMAGE_LIMIT, arena, &image->file, NULL);
	if (image->error < 0)
		return image;
	elf_reader_init(&reader, target, path, &image->file);
	image->error = elf_load(&reader, arena, &image->elf, &reason);
	if (image->error < 0)
		return image;
	/* A static program has no dynamic section; a damaged one is no reason not to look at the rest. */
	elf_load_dynamic(&reader, arena, &image->elf, &reason);
	elf_constants(&reader, arena, &image->elf, &image->constants);
	relocated_pointers(arena, image);
	stored_pointers(arena, image);
	if (image->pointers.count)
		qsort(image->pointers.items, image->pointers.count, sizeof(*image->pointers.items), compare_pointers);
	find_keywords(arena, image);
	return image;
}

static bool word_equal(const char *string, const char *word, bool nocase)
{
	return nocase ? string_equal_nocase(string, word) : string_equal(string, word);
}

/* Names of dynamic symbols ("listen") are no constants of the program. */
static bool in_symbol_names(const struct elf_file *elf, uint64_t offset)
{
	uint64_t start;

	return elf->strings_size && elf_file_offset(elf, elf->strings_address, 1, &start) && offset >= start &&
	       offset - start < elf->strings_size;
}

static bool image_has_constant(const struct sshd_image *image, const char *word, bool nocase)
{
	uint64_t left = image->file.size;

	for (size_t i = 0; i < image->constants.count; i++) {
		const struct elf_range *range = &image->constants.items[i];
		uint64_t size = range->size;
		const char *string, *end;

		if (range->offset > image->file.size)
			continue;
		if (size > image->file.size - range->offset)
			size = image->file.size - range->offset;
		if (size > left)
			size = left;
		left -= size;
		string = image->file.data + range->offset;
		end = string + size;
		while (string < end) {
			if (word_equal(string, word, nocase) &&
			    !in_symbol_names(&image->elf, (uint64_t)(string - image->file.data)))
				return true;
			string += strnlen(string, (size_t)(end - string)) + 1;
		}
	}
	return false;
}

bool sshd_image_knows(const struct sshd_image *image, const char *word, bool nocase)
{
	for (size_t i = 0; i < image->pointers.count; i++) {
		if (word_equal(string_at(image, &image->pointers.items[i]), word, nocase))
			return true;
	}
	return image_has_constant(image, word, nocase);
}
