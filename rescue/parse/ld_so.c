/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/ld_so_private.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	LIBRARY_LIMIT = 256, /* sshd of any distribution needs fewer than 40 */
	MEMORY_LIMIT = 64 * 1024 * 1024,
};

static struct library *new_library(struct loader *loader, const char *name, const struct library *needed_by)
{
	struct library *library = ARENA_NEW(loader->arena, struct library);

	library->name = name;
	library->loader = needed_by;
	*array_push(loader->arena, &library->names) = (char *)name;
	return library;
}

/* The C library is the loader itself, also under the names of libraries that it has absorbed: load_library() of musl's
 * dynlink.c. */
static bool is_musl_itself(const char *name)
{
	static const char *const absorbed[] = {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."};
	const char *rest = string_after(name, "lib");

	for (size_t i = 0; rest && i < ARRAY_SIZE(absorbed); i++) {
		if (string_after(rest, absorbed[i]))
			return true;
	}
	return false;
}

static bool answers_to(const struct library *library, const char *name)
{
	if (library->elf.soname && string_equal(library->elf.soname, name))
		return true;
	for (size_t i = 0; i < library->names.count; i++) {
		if (string_equal(library->names.items[i], name))
			return true;
	}
	return library->path && string_equal(library->path, name);
}

/* What one run path does not have another one may: a library that is missing does not answer. */
static struct library *find_loaded(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->result->libraries.count; i++) {
		struct library *library = loader->result->libraries.items[i];

		if (library->state != LIBRARY_MISSING && answers_to(library, name))
			return library;
	}
	return NULL;
}

static bool is_missing_already(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->result->libraries.count; i++) {
		const struct library *library = loader->result->libraries.items[i];

		if (library->state == LIBRARY_MISSING && string_equal(library->name, name))
			return true;
	}
	return false;
}

static void need(struct loader *loader, const char *name, const struct library *needed_by)
{
	const struct library *same = NULL;
	const char *expanded = NULL;
	struct library *library;
	enum verdict verdict;

	/* The same words of two libraries may mean different files. */
	if (!loader->result->musl && strchr(name, '$'))
		expanded = loader_expand(loader, needed_by, name);
	name = expanded ? expanded : name;
	if (find_loaded(loader, name) || (loader->result->musl && is_musl_itself(name)))
		return;
	library = new_library(loader, name, needed_by);
	verdict = loader_search(loader, library, needed_by, &same);
	if (same) {
		*array_push(loader->arena, &((struct library *)same)->names) = (char *)name;
		return;
	}
	if (verdict == FILE_SKIPPED) {
		if (is_missing_already(loader, name))
			return;
		library->state = LIBRARY_MISSING;
		library->path = NULL;
	}
	*array_push(loader->arena, &loader->result->libraries) = library;
}

/* Breadth first, as _dl_map_object_deps(): libraries grows while it is walked. */
static void walk(struct loader *loader)
{
	struct loaded_program *result = loader->result;

	for (size_t i = 0; i < result->libraries.count; i++) {
		const struct library *library = result->libraries.items[i];

		if (library->state != LIBRARY_LOADED)
			continue;
		for (size_t j = 0; j < library->elf.needed.count; j++) {
			if (result->libraries.count >= LIBRARY_LIMIT ||
			    loader->arena->used - loader->memory_at_start > MEMORY_LIMIT) {
				result->state = PROGRAM_LOADER_UNKNOWN;
				result->reason = "it needs more libraries than any known program";
				return;
			}
			need(loader, library->elf.needed.items[j], library);
		}
	}
}

static bool defines_version(const struct library *library, const char *version)
{
	for (size_t i = 0; i < library->elf.definitions.count; i++) {
		if (string_equal(library->elf.definitions.items[i], version))
			return true;
	}
	return false;
}

/* _dl_check_all_versions(): a library without any version satisfies every need. */
static void check_versions(struct loader *loader)
{
	struct loaded_program *result = loader->result;

	for (size_t i = 0; i < result->libraries.count; i++) {
		const struct library *user = result->libraries.items[i];

		if (user->state != LIBRARY_LOADED)
			continue;
		for (size_t j = 0; j < user->elf.needs.count; j++) {
			const struct elf_version_need *version = &user->elf.needs.items[j];
			const struct library *library = find_loaded(loader, version->library);

			if (!library || library->state != LIBRARY_LOADED || version->weak ||
			    !library->elf.has_definitions || defines_version(library, version->version))
				continue;
			*array_push(loader->arena, &result->missing_versions) =
			    (struct missing_version){user, library, version->version};
		}
	}
}

/* What the kernel maps, be it the program or its interpreter. */
static const char *kernel_fault(const struct elf_file *elf)
{
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return "neither a program nor a shared object";
	return elf_cut_off_segment(elf) ? "file is cut off" : elf_program_fault(elf);
}

/* 0, or negative errno, with state and reason. */
static int judge_program(struct loaded_program *result, const struct elf_file *elf)
{
	result->state = PROGRAM_NOT_ELF;
	result->reason = kernel_fault(elf);
	if (result->reason)
		return -ENOEXEC;
	result->state = PROGRAM_DOUBTFUL;
	result->reason = elf_doubt(elf);
	if (result->reason)
		return -ENOEXEC;
	result->state = PROGRAM_LOADS;
	return 0;
}

static int load_program(struct loader *loader, const char *path)
{
	struct loaded_program *result = loader->result;
	struct library *program = new_library(loader, arena_strdup(loader->arena, path), NULL);
	struct elf_reader reader;
	struct node_stat stat;
	int error;

	loader->program = program;
	result->program = program;
	program->path = program->name;
	*array_push(loader->arena, &result->libraries) = program;
	error = target_stat(loader->target, path, &stat);
	if (error == 0) {
		program->elf.size = stat.size;
		program->device = stat.device;
		program->inode = stat.inode;
		elf_reader_init(&reader, loader->target, path, NULL);
		error = elf_load(&reader, loader->arena, &program->elf, &result->reason);
	}
	if (error == 0)
		error = judge_program(result, &program->elf);
	if (error == 0)
		error = elf_load_dynamic(&reader, loader->arena, &program->elf, &result->reason);
	if (error == 0 && !program->elf.interpreter && program->elf.needed.count) {
		result->reason = "it needs libraries, but names no loader";
		error = -ENOEXEC;
	}
	if (error < 0 && result->state == PROGRAM_LOADS) {
		result->state = error == -ENOEXEC ? PROGRAM_NOT_ELF : PROGRAM_UNREADABLE;
		result->error = error;
	}
	result->interpreter = program->elf.interpreter;
	return error;
}

/* Why the kernel does not start the loader, or NULL. It wants it executable and of the program's machine, and looks no
 * closer: load_elf_binary(). */
static const char *interpreter_fault(struct loader *loader, struct library *library, const struct node_stat *stat)
{
	const struct elf_file *program = &loader->program->elf;
	const char *reason = NULL;
	struct elf_reader reader;
	int error;

	if (stat->type != NODE_FILE)
		return "not a regular file";
	if (!(stat->mode & 0111))
		return "not executable";
	library->elf.size = stat->size;
	library->device = stat->device;
	library->inode = stat->inode;
	elf_reader_init(&reader, loader->target, library->path, NULL);
	error = elf_load(&reader, loader->arena, &library->elf, &reason);
	if (error == 0 && (library->elf.machine != program->machine || library->elf.wide != program->wide))
		return "built for another machine";
	if (error == 0 && (reason = kernel_fault(&library->elf)))
		return reason;
	if (error == 0)
		error = elf_load_dynamic(&reader, loader->arena, &library->elf, &reason);
	library->doubt = elf_doubt(&library->elf);
	return error < 0 && error != -ENOEXEC ? strerror(-error) : reason;
}

static bool load_interpreter(struct loader *loader)
{
	struct loaded_program *result = loader->result;
	struct library *library = new_library(loader, result->interpreter, loader->program);
	struct node_stat stat;

	result->musl = strstr(result->interpreter, "/ld-musl-") != NULL;
	if (*result->interpreter != '/' || target_stat(loader->target, result->interpreter, &stat) < 0) {
		result->state = PROGRAM_INTERPRETER_MISSING;
		return false;
	}
	library->path = library->name;
	*array_push(loader->arena, &result->libraries) = library;
	result->reason = interpreter_fault(loader, library, &stat);
	if (!result->reason)
		return true;
	library->state = LIBRARY_BROKEN;
	library->reason = result->reason;
	result->state = PROGRAM_INTERPRETER_BROKEN;
	return false;
}

/* Directories below glibc-hwcaps, from the least demanding one: sysdeps/ARCH/dl-hwcaps_subdirs.c of glibc. */
static const struct {
	unsigned machine;
	const char *directories[LOADER_HWCAPS_LIMIT];
} hwcaps[] = {
    {EM_X86_64, {"x86-64-v2", "x86-64-v3", "x86-64-v4"}},
    {EM_PPC64, {"power9", "power10"}},
    {EM_S390, {"z13", "z14", "z15", "z16", "z17"}},
};

static const char *const *hwcaps_of(const struct elf_file *program)
{
	static const char *const none[1];

	for (size_t i = 0; program->wide && i < ARRAY_SIZE(hwcaps); i++) {
		if (hwcaps[i].machine == program->machine)
			return hwcaps[i].directories;
	}
	return none;
}

unsigned ld_so_processor_count(const struct elf_file *program)
{
	const char *const *names = hwcaps_of(program);
	unsigned count = 0;

	while (names[count])
		count++;
	return count;
}

unsigned ld_so_processor_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hwcaps); i++) {
		for (unsigned j = 0; hwcaps[i].directories[j]; j++) {
			if (string_equal(hwcaps[i].directories[j], name))
				return j + 1;
		}
	}
	return 0;
}

static void choose_hwcaps(struct loader *loader, unsigned processor)
{
	const struct elf_file *program = &loader->program->elf;
	unsigned count = ld_so_processor_count(program);

	for (unsigned i = processor < count ? processor : count; i; i--)
		loader->hwcaps[loader->hwcap_count++] = hwcaps_of(program)[i - 1];
}

int ld_so_load(struct target *target, struct arena *arena, const char *program, unsigned processor,
	       struct loaded_program *ret)
{
	struct loader loader = {.target = target, .arena = arena, .result = ret, .memory_at_start = arena->used};
	int error;

	*ret = (struct loaded_program){0};
	error = load_program(&loader, program);
	if (error < 0)
		return ret->state == PROGRAM_UNREADABLE ? error : 0;
	if (!ret->interpreter) {
		ret->state = PROGRAM_STATIC;
		return 0;
	}
	if (!load_interpreter(&loader))
		return 0;
	choose_hwcaps(&loader, processor);
	walk(&loader);
	if (!ret->musl)
		check_versions(&loader);
	return 0;
}

bool ld_so_complete(const struct loaded_program *program)
{
	if (program->state != PROGRAM_LOADS && program->state != PROGRAM_STATIC)
		return false;
	for (size_t i = 0; i < program->libraries.count; i++) {
		if (program->libraries.items[i]->state != LIBRARY_LOADED)
			return false;
	}
	return program->missing_versions.count == 0;
}
