/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the loader looks for one library, and what it thinks of the file it finds. */
#include "parse/ld_so_private.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

#ifndef DF_1_NODEFLIB
#define DF_1_NODEFLIB 0x800
#endif
#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif

enum {
	PAGE = 4096,
	/* Versions of the GNU ABI, up to glibc 2.42; what comes next counts on in small steps. */
	ABI_VERSION_KNOWN = 3,
	ABI_VERSION_KNOWN_MIPS = 6,
	ABI_VERSION_LIMIT = 15,
	SEARCHED_LIMIT = 64, /* directories of a search path; behind these, some may be looked into again */
};

/* --- one file --- */

static enum verdict refuse(struct library *library, const char *reason)
{
	library->state = LIBRARY_BROKEN;
	library->reason = reason;
	return FILE_REFUSED;
}

/* What the loader has against e_ident, or NULL. */
static const char *ident_fault(const struct elf_file *elf, const struct elf_file *like)
{
	static const unsigned char no_padding[EI_NIDENT - EI_PAD];

	if (elf->ident[EI_DATA] != like->ident[EI_DATA])
		return like->big_endian ? "ELF file data encoding not big-endian"
					: "ELF file data encoding not little-endian";
	if (elf->ident[EI_VERSION] != EV_CURRENT)
		return "ELF file version ident does not match current one";
	if (elf->ident[EI_OSABI] != ELFOSABI_SYSV && elf->ident[EI_OSABI] != ELFOSABI_LINUX)
		return "ELF file OS ABI invalid";
	if (elf->ident[EI_ABIVERSION] > (elf->ident[EI_OSABI] == ELFOSABI_LINUX ? ABI_VERSION_LIMIT : 0))
		return "ELF file ABI version invalid";
	if (memcmp(elf->ident + EI_PAD, no_padding, sizeof(no_padding)) != 0)
		return "nonzero padding in e_ident";
	return NULL;
}

/* e_machine as a program of the other kind reads it: in its own byte order. */
static unsigned machine_seen_by(const struct elf_file *like, const struct elf_file *elf)
{
	return elf->big_endian == like->big_endian ? elf->machine : (elf->machine >> 8 | elf->machine << 8) & 0xffff;
}

/* open_verify() of elf/dl-load.c, without its check of the file's program headers. */
static enum verdict judge_header(const struct loader *loader, struct library *library)
{
	const struct elf_file *elf = &library->elf, *like = &loader->program->elf;
	bool same_machine = machine_seen_by(like, elf) == like->machine;
	const char *fault = ident_fault(elf, like);

	if (elf->ident[EI_CLASS] != like->ident[EI_CLASS])
		return FILE_SKIPPED;
	if (fault)
		return same_machine ? refuse(library, fault) : FILE_SKIPPED;
	if (elf->version != EV_CURRENT)
		return refuse(library, "ELF file version does not match current one");
	if (!same_machine)
		return FILE_SKIPPED;
	if (elf->type != ET_DYN && elf->type != ET_EXEC)
		return refuse(library, "only ET_DYN and ET_EXEC can be loaded");
	return FILE_TAKEN;
}

/* The checks of _dl_map_object_from_fd() in elf/dl-load.c, and the one it lacks: a file that was cut off maps well, and
 * kills the program when it reaches behind the end. */
static enum verdict judge_segments(struct library *library)
{
	const struct elf_file *elf = &library->elf;
	bool loads = false, dynamic = false;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_DYNAMIC && segment->file_size)
			dynamic = true;
		if (segment->type != PT_LOAD)
			continue;
		loads = true;
		if ((segment->address - segment->offset) % PAGE != 0)
			return refuse(library, "ELF load command address/offset not page-aligned");
	}
	if (!loads)
		return refuse(library, "object file has no loadable segments");
	if (elf->type != ET_DYN)
		return refuse(library, "cannot dynamically load executable");
	if (!dynamic)
		return refuse(library, "object file has no dynamic section");
	if (elf_cut_off_segment(elf))
		return refuse(library, "file is cut off");
	return FILE_TAKEN;
}

/* musl's map_library() takes the first file that opens, whatever it is. */
static enum verdict judge_header_musl(const struct loader *loader, struct library *library)
{
	const struct elf_file *elf = &library->elf, *like = &loader->program->elf;

	if (memcmp(elf->ident, like->ident, EI_VERSION) != 0 || elf->machine != like->machine || elf->type != ET_DYN)
		return refuse(library, "Exec format error");
	return FILE_TAKEN;
}

static enum verdict load_elf(struct loader *loader, struct library *library)
{
	struct elf_reader reader;
	const char *reason;
	enum verdict verdict;
	int error;

	/* The loader wants a header of its own size before it looks into it. */
	if (library->elf.size < (loader->program->elf.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return refuse(library, "file too short");
	elf_reader_init(&reader, loader->target, library->path, NULL);
	error = elf_load_header(&reader, &library->elf, &reason);
	if (error == -ENOEXEC)
		return refuse(library, reason);
	if (error < 0)
		return refuse(library, arena_printf(loader->arena, "cannot read file data: %s", strerror(-error)));
	verdict = loader->result->musl ? judge_header_musl(loader, library) : judge_header(loader, library);
	if (verdict != FILE_TAKEN)
		return verdict;
	error = elf_load_segments(&reader, loader->arena, &library->elf, &reason);
	if (error == 0)
		verdict = judge_segments(library);
	if (error == 0 && verdict == FILE_TAKEN)
		error = elf_load_dynamic(&reader, loader->arena, &library->elf, &reason);
	if (error == -ENOEXEC)
		return refuse(library, reason);
	if (error < 0)
		return refuse(library, arena_printf(loader->arena, "cannot read file data: %s", strerror(-error)));
	library->doubt = elf_doubt(&library->elf);
	if (library->elf.ident[EI_ABIVERSION] >
	    (library->elf.machine == EM_MIPS ? ABI_VERSION_KNOWN_MIPS : ABI_VERSION_KNOWN))
		library->doubt = "its ABI version is not known";
	if (verdict == FILE_TAKEN && library->elf.flags_1 & DF_1_PIE)
		return refuse(library, "cannot dynamically load position-independent executable");
	return verdict;
}

static const struct library *loaded_as(const struct loader *loader, const struct node_stat *stat)
{
	for (size_t i = 0; stat->inode && i < loader->result->libraries.count; i++) {
		const struct library *other = loader->result->libraries.items[i];

		/* A missing one may have been seen, and passed over: for another machine. */
		if (other->state != LIBRARY_MISSING && other->inode == stat->inode && other->device == stat->device)
			return other;
	}
	return NULL;
}

enum verdict loader_try_path(struct loader *loader, struct library *library, const char *path,
			     const struct library **ret_same)
{
	struct node_stat stat;
	enum verdict verdict;

	if (target_stat(loader->target, path, &stat) < 0)
		return FILE_SKIPPED;
	library->path = arena_strdup(loader->arena, path);
	if (stat.type != NODE_FILE)
		return refuse(library, stat.type == NODE_DIRECTORY ? "cannot read file data: Is a directory"
								   : "not a regular file");
	*ret_same = loaded_as(loader, &stat);
	if (*ret_same)
		return FILE_TAKEN;
	library->elf = (struct elf_file){.size = stat.size};
	library->device = stat.device;
	library->inode = stat.inode;
	verdict = load_elf(loader, library);
	if (verdict == FILE_SKIPPED)
		library->path = NULL;
	return verdict;
}

/* --- the search path --- */

/* The length of a dynamic string token at text, which follows a '$': "ORIGIN" or "{ORIGIN}". Else 0. */
static size_t token_length(const char *text, const char *name)
{
	bool curly = *text == '{';
	size_t length = strlen(name);
	char next;

	if (strncmp(text + curly, name, length) != 0)
		return 0;
	next = text[curly + length];
	if (curly)
		return next == '}' ? length + 2 : 0;
	return char_is_alnum(next) || next == '_' ? 0 : length;
}

/* The directory of a path: what $ORIGIN stands for. */
static const char *origin_of(struct loader *loader, const struct library *library)
{
	const char *path = library->path, *slash;
	char *resolved;

	/* The program's is the kernel's, /proc/self/exe: without symbolic links. */
	if (library == loader->program && target_resolve(loader->target, path, true, loader->arena, &resolved) == 0)
		path = resolved;
	slash = strrchr(path, '/');
	return slash && slash > path ? arena_memdup(loader->arena, path, (size_t)(slash - path)) : "/";
}

static const char *platform_name(const struct elf_file *elf)
{
	switch (elf->machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return elf->big_endian ? "aarch64_be" : "aarch64";
	default:
		return NULL; /* depends on the processor */
	}
}

static void load_system_directories(struct loader *loader);

const char *loader_expand(struct loader *loader, const struct library *library, const char *path)
{
	struct text text = {.arena = loader->arena};

	text_add_string(&text, "");
	while (*path) {
		const char *value = NULL;
		size_t length;

		if (*path != '$') {
			text_add(&text, path++, 1);
			continue;
		}
		path++;
		if ((length = token_length(path, "ORIGIN"))) {
			value = origin_of(loader, library);
		} else if ((length = token_length(path, "PLATFORM"))) {
			value = platform_name(&loader->program->elf);
		} else if ((length = token_length(path, "LIB"))) {
			load_system_directories(loader);
			value = loader->system_directories.items[0];
			value = string_after(value, "/usr/") ? string_after(value, "/usr/") : value + 1;
		} else {
			text_add_string(&text, "$");
			continue;
		}
		if (!value)
			return NULL;
		text_add_string(&text, value);
		path += length;
	}
	return text.data;
}

/* Notes where better processors may find something else. */
static void look_for_hwcaps(struct loader *loader, const char *directory)
{
	if (loader->result->depends_on_processor || loader->hwcap_count || loader->result->musl)
		return;
	for (size_t i = 0; i < loader->searched.count; i++) {
		if (string_equal(loader->searched.items[i], directory))
			return;
	}
	if (loader->searched.count < SEARCHED_LIMIT)
		*array_push(loader->arena, &loader->searched) = (char *)directory;
	if (target_exists(loader->target, arena_printf(loader->arena, "%s/glibc-hwcaps", directory)))
		loader->result->depends_on_processor = true;
}

/* One directory of a search path: the subdirectories for better processors come first. */
static enum verdict try_directory(struct loader *loader, struct library *library, const char *directory,
				  const struct library **ret_same)
{
	enum verdict verdict;
	size_t length = strlen(directory);

	while (length > 0 && directory[length - 1] == '/')
		length--;
	look_for_hwcaps(loader, arena_memdup(loader->arena, directory, length));
	for (size_t i = 0; i < loader->hwcap_count; i++) {
		verdict = loader_try_path(loader, library,
					  arena_printf(loader->arena, "%.*s/glibc-hwcaps/%s/%s", (int)length, directory,
						       loader->hwcaps[i], library->name),
					  ret_same);
		if (verdict != FILE_SKIPPED)
			return verdict;
	}
	return loader_try_path(loader, library,
			       arena_printf(loader->arena, "%.*s/%s", (int)length, directory, library->name), ret_same);
}

/* A list of directories as in DT_RPATH. Relative and empty ones depend on the working directory: "/" for a service. */
static enum verdict try_list(struct loader *loader, struct library *library, const struct library *owner,
			     const char *list, const struct library **ret_same)
{
	while (*list) {
		size_t length = strcspn(list, ":");
		const char *directory = loader_expand(loader, owner, arena_memdup(loader->arena, list, length));
		enum verdict verdict;

		list += length + (list[length] == ':');
		if (!directory || (length && !*directory))
			continue;
		verdict = try_directory(loader, library,
					*directory == '/' ? directory : arena_printf(loader->arena, "/%s", directory),
					ret_same);
		if (verdict != FILE_SKIPPED)
			return verdict;
	}
	return FILE_SKIPPED;
}

static bool is_system_directory_text(const char *string)
{
	size_t length = strlen(string);

	if (length < 5 || length > 64 || string[0] != '/' || string[length - 1] != '/' || !strstr(string, "/lib"))
		return false;
	for (; *string; string++) {
		if (!char_is_alnum(*string) && !strchr("/-_.+", *string))
			return false;
	}
	return true;
}

/* Takes the directories from the constants of the loader: system_dirs[] of elf/dl-load.c is one array of strings, each
 * with a slash at its end. */
static void find_system_directories(struct loader *loader, const struct blob *constants)
{
	const char *string = constants->data, *end = string + constants->size;

	while (string < end) {
		size_t length = strnlen(string, (size_t)(end - string));

		if (is_system_directory_text(string))
			*array_push(loader->arena, &loader->system_directories) =
			    arena_memdup(loader->arena, string, length - 1);
		else if (loader->system_directories.count)
			return;
		string += length + 1;
	}
}

static void load_system_directories(struct loader *loader)
{
	static const char *const usual[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};
	struct elf_file elf = {0};
	struct elf_reader reader;
	elf_range_list ranges = {0};
	const char *reason;

	if (loader->system_directories_loaded)
		return;
	loader->system_directories_loaded = true;
	elf_reader_init(&reader, loader->target, loader->result->interpreter, NULL);
	if (elf_load(&reader, loader->arena, &elf, &reason) == 0)
		elf_constants(&reader, loader->arena, &elf, &ranges);
	for (size_t i = 0; i < ranges.count && loader->system_directories.count == 0; i++) {
		struct blob constants = {.size = ranges.items[i].size};

		if (ranges.items[i].size > 1024 * 1024)
			continue;
		constants.data = arena_alloc(loader->arena, constants.size + 1);
		if (elf_read_all(&reader, constants.data, constants.size, ranges.items[i].offset) == 0)
			find_system_directories(loader, &constants);
	}
	if (loader->system_directories.count)
		return;
	for (size_t i = loader->program->elf.wide ? 0 : 2; i < ARRAY_SIZE(usual); i++)
		*array_push(loader->arena, &loader->system_directories) = (char *)usual[i];
}

/* The last two steps of the search: the cache, then the directories that the loader was built with. */
static enum verdict try_system(struct loader *loader, struct library *library, const struct library *needed_by,
			       const struct library **ret_same)
{
	bool no_system = needed_by->elf.flags_1 & DF_1_NODEFLIB;
	enum verdict verdict = FILE_SKIPPED;
	const char *path;

	if (!loader->cache_loaded)
		ld_so_cache_load(loader->target, loader->arena, &loader->program->elf, &loader->cache);
	loader->cache_loaded = true;
	path = ld_so_cache_lookup(&loader->cache, &loader->program->elf, library->name, loader->hwcaps,
				  loader->hwcap_count, &loader->result->depends_on_processor);
	if (no_system && path) {
		load_system_directories(loader);
		for (size_t i = 0; path && i < loader->system_directories.count; i++) {
			const char *rest = string_after(path, loader->system_directories.items[i]);

			if (rest && *rest == '/')
				path = NULL;
		}
	}
	if (path)
		verdict = loader_try_path(loader, library, path, ret_same);
	if (verdict != FILE_SKIPPED || no_system)
		return verdict;
	load_system_directories(loader);
	for (size_t i = 0; verdict == FILE_SKIPPED && i < loader->system_directories.count; i++)
		verdict = try_directory(loader, library, loader->system_directories.items[i], ret_same);
	return verdict;
}

/* _dl_map_new_object() of elf/dl-load.c. */
static enum verdict search_glibc(struct loader *loader, struct library *library, const struct library *needed_by,
				 const struct library **ret_same)
{
	enum verdict verdict = FILE_SKIPPED;
	bool program_done = false;

	if (strchr(library->name, '/'))
		return loader_try_path(loader, library,
				       *library->name == '/' ? library->name
							     : arena_printf(loader->arena, "/%s", library->name),
				       ret_same);
	if (!needed_by->elf.runpath) {
		for (const struct library *owner = needed_by; owner && verdict == FILE_SKIPPED; owner = owner->loader) {
			program_done |= owner == loader->program;
			if (owner->elf.rpath && !owner->elf.runpath)
				verdict = try_list(loader, library, owner, owner->elf.rpath, ret_same);
		}
		if (verdict == FILE_SKIPPED && !program_done && loader->program->elf.rpath &&
		    !loader->program->elf.runpath)
			verdict = try_list(loader, library, loader->program, loader->program->elf.rpath, ret_same);
	}
	if (verdict == FILE_SKIPPED && needed_by->elf.runpath)
		verdict = try_list(loader, library, needed_by, needed_by->elf.runpath, ret_same);
	return verdict == FILE_SKIPPED ? try_system(loader, library, needed_by, ret_same) : verdict;
}

/* --- musl --- */

/* The search path of /etc/ld-musl-ARCH.path, or the built-in one. */
static const char *musl_system_path(struct loader *loader)
{
	const char *name = strrchr(loader->result->interpreter, '/') + 1, *suffix = strstr(name, ".so.");
	struct blob content;

	if (suffix &&
	    target_read(loader->target, arena_printf(loader->arena, "/etc/%.*s.path", (int)(suffix - name), name),
			65536, loader->arena, &content, NULL) == 0) {
		for (size_t i = 0; i < content.size; i++) {
			if (content.data[i] == '\n')
				content.data[i] = ':';
		}
		return content.data;
	}
	return "/lib:/usr/local/lib:/usr/lib";
}

static enum verdict search_musl(struct loader *loader, struct library *library, const struct library *needed_by,
				const struct library **ret_same)
{
	enum verdict verdict = FILE_SKIPPED;

	if (strchr(library->name, '/'))
		return loader_try_path(loader, library, library->name, ret_same);
	for (const struct library *owner = needed_by; owner && verdict == FILE_SKIPPED; owner = owner->loader) {
		const char *list = owner->elf.runpath ? owner->elf.runpath : owner->elf.rpath;

		if (list)
			verdict = try_list(loader, library, owner, list, ret_same);
	}
	if (verdict == FILE_SKIPPED)
		verdict = try_list(loader, library, loader->program, musl_system_path(loader), ret_same);
	return verdict;
}

enum verdict loader_search(struct loader *loader, struct library *library, const struct library *needed_by,
			   const struct library **ret_same)
{
	return loader->result->musl ? search_musl(loader, library, needed_by, ret_same)
				    : search_glibc(loader, library, needed_by, ret_same);
}
