/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/ld.so.cache, as ldconfig(8) writes it: sysdeps/generic/dl-cache.h and elf/dl-cache.c of glibc. And ld.so.conf,
 * from which it is made. */
#include "parse/ld_so.h"

#include <elf.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

enum {
	OLD_HEADER_SIZE = 16, /* magic, padding, number of entries */
	OLD_ENTRY_SIZE = 12,
	NEW_HEADER_SIZE = 48,
	NEW_ENTRY_SIZE = 24,
	EXTENSION_SECTION_SIZE = 16,
	EXTENSION_GLIBC_HWCAPS = 1,
	CONF_DEPTH = 8,
	CONF_DIRECTORY_LIMIT = 1024,
};

#define EXTENSION_MAGIC 0xeaa42174u
#define HWCAP_TLS (UINT64_C(1) << 63) /* glibc before 2.26 put it on libraries in a directory "tls" */
#define HWCAP_X86_64 (UINT64_C(1) << 1) /* on libraries in a directory "x86_64", up to 2.36: every processor has it */
#define HWCAP_EXTENSION (UINT64_C(1) << 62) /* the low half is an index into the names of glibc-hwcaps directories */

static uint32_t cache_get32(const struct ld_so_cache *cache, size_t offset)
{
	const struct elf_file order = {.big_endian = cache->big_endian};

	return elf_get32(&order, cache->file.data + offset);
}

static uint64_t cache_get64(const struct ld_so_cache *cache, size_t offset)
{
	const struct elf_file order = {.big_endian = cache->big_endian};

	return elf_get64(&order, cache->file.data + offset);
}

static bool has_magic(const struct ld_so_cache *cache, size_t offset, const char *magic)
{
	return offset <= cache->file.size && cache->file.size - offset >= strlen(magic) &&
	       memcmp(cache->file.data + offset, magic, strlen(magic)) == 0;
}

/* The names of the glibc-hwcaps directories, since glibc 2.33. base: where the new format begins. */
static void find_hwcap_names(struct ld_so_cache *cache, size_t base)
{
	uint32_t at = cache_get32(cache, base + 32), count;
	size_t size = cache->file.size - base;

	if (at == 0 || at > size || size - at < 8 || cache_get32(cache, base + at) != EXTENSION_MAGIC)
		return;
	count = cache_get32(cache, base + at + 4);
	if (count > (size - at - 8) / EXTENSION_SECTION_SIZE)
		return;
	for (uint32_t i = 0; i < count; i++) {
		size_t section = base + at + 8 + i * EXTENSION_SECTION_SIZE;
		uint32_t offset = cache_get32(cache, section + 8), length = cache_get32(cache, section + 12);

		if (cache_get32(cache, section) != EXTENSION_GLIBC_HWCAPS || offset > size || length > size - offset)
			continue;
		cache->hwcaps = base + offset;
		cache->hwcap_count = length / 4;
	}
}

static bool accept_new_format(struct ld_so_cache *cache, size_t base)
{
	uint32_t count;

	if (!has_magic(cache, base, NEW_MAGIC) || cache->file.size - base <= NEW_HEADER_SIZE)
		return false;
	count = cache_get32(cache, base + 20);
	if (count > (cache->file.size - base - NEW_HEADER_SIZE) / NEW_ENTRY_SIZE)
		return false;
	cache->new_format = true;
	cache->entries = base + NEW_HEADER_SIZE;
	cache->entry_count = count;
	cache->strings = base;
	find_hwcap_names(cache, base);
	return true;
}

/* The old format, which up to glibc 2.31 has the new one behind its entries. */
static bool accept_old_format(struct ld_so_cache *cache)
{
	size_t end;
	uint32_t count;

	if (!has_magic(cache, 0, OLD_MAGIC) || cache->file.size <= OLD_HEADER_SIZE)
		return false;
	count = cache_get32(cache, 12);
	if (count > (cache->file.size - OLD_HEADER_SIZE) / OLD_ENTRY_SIZE)
		return false;
	end = OLD_HEADER_SIZE + (size_t)count * OLD_ENTRY_SIZE;
	/* Aligned as a 64-bit integer is in a structure: by 4 on i386. */
	if (accept_new_format(cache, (end + 7) & ~(size_t)7) || accept_new_format(cache, (end + 3) & ~(size_t)3))
		return true;
	cache->entries = OLD_HEADER_SIZE;
	cache->entry_count = count;
	cache->strings = end;
	return true;
}

void ld_so_cache_load(struct target *target, struct arena *arena, const struct elf_file *program,
		      struct ld_so_cache *ret)
{
	*ret = (struct ld_so_cache){.big_endian = program->big_endian};
	if (target_read(target, LD_SO_CACHE_PATH, TARGET_FILE_LIMIT, arena, &ret->file, NULL) < 0)
		return;
	ret->usable = accept_new_format(ret, 0) || accept_old_format(ret);
}

/* _dl_cache_libcmp(): as strcmp, but runs of digits compare as numbers. */
static int compare_names(const char *a, const char *b)
{
	while (*a) {
		if (char_is_digit(*a) && char_is_digit(*b)) {
			unsigned left = 0, right = 0;

			while (char_is_digit(*a))
				left = left * 10 + (unsigned)(*a++ - '0');
			while (char_is_digit(*b))
				right = right * 10 + (unsigned)(*b++ - '0');
			if (left != right)
				return (int)(left - right);
		} else if (char_is_digit(*a)) {
			return 1;
		} else if (char_is_digit(*b)) {
			return -1;
		} else if (*a != *b) {
			return *a - *b;
		} else {
			a++;
			b++;
		}
	}
	return *a - *b;
}

struct cache_entry {
	uint32_t flags;
	const char *name, *path; /* NULL when it points outside */
	uint64_t hwcap;
};

static const char *cache_string(const struct ld_so_cache *cache, uint32_t offset)
{
	return offset < cache->file.size - cache->strings ? cache->file.data + cache->strings + offset : NULL;
}

static struct cache_entry entry_at(const struct ld_so_cache *cache, size_t index)
{
	size_t at = cache->entries + index * (cache->new_format ? NEW_ENTRY_SIZE : OLD_ENTRY_SIZE);

	return (struct cache_entry){
	    .flags = cache_get32(cache, at),
	    .name = cache_string(cache, cache_get32(cache, at + 4)),
	    .path = cache_string(cache, cache_get32(cache, at + 8)),
	    .hwcap = cache->new_format ? cache_get64(cache, at + 16) : 0,
	};
}

/* _dl_cache_check_flags(): whether an entry is for the program's ABI. The flags are glibc's FLAG_* of ldconfig.h. An
 * ABI that is not known here takes any; a library of another one is found out when it is opened. */
static bool flags_match(const struct elf_file *program, uint32_t flags)
{
	switch (program->machine) {
	case EM_X86_64:
		return flags == 1 || flags == (program->wide ? 0x0303 : 0x0803);
	case EM_386:
		return flags == 1 || flags == 0x0003;
	case EM_AARCH64:
		return flags == 0x0a03;
	case EM_ARM:
		return flags == 0x0003 || flags == 0x0903 || flags == 0x0b03;
	case EM_PPC64:
		return flags == 1 || flags == 0x0503 || flags == 0x0003;
	case EM_S390:
		return flags == 1 || flags == (program->wide ? 0x0403 : 0x0003);
	default:
		return (flags & 0xff) == 3;
	}
}

/* How well an entry suits the processor: 0 not at all, 1 for every one, more for a glibc-hwcaps directory of higher
 * priority. */
static size_t hwcap_rank(const struct ld_so_cache *cache, const struct elf_file *program, uint64_t hwcap,
			 const char *const *hwcaps, size_t hwcap_count)
{
	uint64_t everywhere = HWCAP_TLS | (program->machine == EM_X86_64 ? HWCAP_X86_64 : 0);
	uint32_t index = (uint32_t)hwcap;
	const char *name;

	if ((hwcap & ~everywhere) == 0)
		return 1;
	if (!(hwcap & HWCAP_EXTENSION) || index >= cache->hwcap_count)
		return 0;
	/* Offsets of these names count from the beginning of the cache, as all strings. */
	name = cache_string(cache, cache_get32(cache, cache->hwcaps + (size_t)index * 4));
	for (size_t i = 0; name && i < hwcap_count; i++) {
		if (string_equal(name, hwcaps[i]))
			return 1 + hwcap_count - i;
	}
	return 0;
}

/* The first entry of that name, by the loader's own binary search: on an unsorted cache it may miss one as the loader
 * does. Entries go downwards. */
static bool find_name(const struct ld_so_cache *cache, const char *name, size_t *ret)
{
	size_t left = 0, right = cache->entry_count;

	while (left < right) {
		size_t middle = (left + right - 1) / 2;
		struct cache_entry entry = entry_at(cache, middle);
		int comparison;

		if (!entry.name)
			return false;
		comparison = compare_names(name, entry.name);
		if (comparison == 0) {
			while (middle > 0) {
				entry = entry_at(cache, middle - 1);
				if (!entry.name || compare_names(name, entry.name) != 0)
					break;
				middle--;
			}
			*ret = middle;
			return true;
		}
		if (comparison < 0)
			left = middle + 1;
		else
			right = middle;
	}
	return false;
}

const char *ld_so_cache_lookup(const struct ld_so_cache *cache, const struct elf_file *program, const char *name,
			       const char *const *hwcaps, size_t hwcap_count, bool *ret_others)
{
	const char *best = NULL;
	size_t best_rank = 0, index;

	if (!cache->usable || !find_name(cache, name, &index))
		return NULL;
	for (; index < cache->entry_count; index++) {
		struct cache_entry entry = entry_at(cache, index);
		size_t rank;

		if (!entry.name || compare_names(name, entry.name) != 0)
			break;
		if (!entry.path || !flags_match(program, entry.flags))
			continue;
		rank = hwcap_rank(cache, program, entry.hwcap, hwcaps, hwcap_count);
		if (rank == 0)
			*ret_others = true;
		if (rank > best_rank) {
			best = entry.path;
			best_rank = rank;
		}
	}
	return best;
}

/* --- ld.so.conf --- */

static void conf_file(struct target *target, struct arena *arena, const char *path, unsigned depth, string_list *ret);

static void conf_line(struct target *target, struct arena *arena, char *line, const char *path, unsigned depth,
		      string_list *ret)
{
	char *comment = strchr(line, '#'), *word, *rest = NULL;
	const char *pattern;

	if (comment)
		*comment = '\0';
	while (char_is_space(*line))
		line++;
	pattern = string_after(line, "include");
	if (!pattern || !char_is_space(*pattern)) {
		/* ldconfig takes one directory a line; spaces, commas and colons end it. */
		word = strtok_r(line, " \t\r\v\f:,=", &rest);
		if (word && *word == '/' && ret->count < CONF_DIRECTORY_LIMIT)
			*array_push(arena, ret) = arena_strdup(arena, word);
		return;
	}
	for (word = strtok_r((char *)pattern, " \t\r\v\f", &rest); word; word = strtok_r(NULL, " \t\r\v\f", &rest)) {
		string_list files = {0};

		if (*word != '/')
			word = arena_printf(arena, "%.*s/%s", (int)(strrchr(path, '/') - path), path, word);
		if (depth == 0 || target_glob(target, word, arena, &files) < 0)
			continue;
		for (size_t i = 0; i < files.count && ret->count < CONF_DIRECTORY_LIMIT; i++)
			conf_file(target, arena, files.items[i], depth - 1, ret);
	}
}

static void conf_file(struct target *target, struct arena *arena, const char *path, unsigned depth, string_list *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	if (target_read(target, path, TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return;
	while (ret->count < CONF_DIRECTORY_LIMIT && next_line(&content, &offset, &line, &length))
		conf_line(target, arena, arena_memdup(arena, line, length), path, depth, ret);
}

void ld_so_conf_directories(struct target *target, struct arena *arena, string_list *ret)
{
	conf_file(target, arena, "/etc/ld.so.conf", CONF_DEPTH, ret);
}
