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
	struct library *library;
	enum verdict verdict;

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
		error = elf_load_dynamic(&reader, loader->arena, &program->elf, &result->reason);
	if (error == 0 && program->elf.type != ET_EXEC && program->elf.type != ET_DYN) {
		result->reason = "neither a program nor a shared object";
		error = -ENOEXEC;
	}
	if (error == 0 && elf_cut_off_segment(&program->elf)) {
		result->reason = "file is cut off";
		error = -ENOEXEC;
	}
	if (error < 0) {
		result->state = error == -ENOEXEC ? PROGRAM_NOT_ELF : PROGRAM_UNREADABLE;
		result->error = error;
	}
	result->interpreter = program->elf.interpreter;
	return error;
}

/* The loader is loaded by the kernel, which wants it executable and of the same machine: load_elf_binary(). */
static bool load_interpreter(struct loader *loader)
{
	struct loaded_program *result = loader->result;
	struct library *library = new_library(loader, result->interpreter, loader->program);
	const struct library *same = NULL;
	struct node_stat stat;
	enum verdict verdict;

	result->musl = strstr(result->interpreter, "/ld-musl-") != NULL;
	if (*result->interpreter != '/' || target_stat(loader->target, result->interpreter, &stat) < 0) {
		result->state = PROGRAM_INTERPRETER_MISSING;
		return false;
	}
	result->state = PROGRAM_INTERPRETER_BROKEN;
	if (stat.type == NODE_FILE && !(stat.mode & 0111)) {
		result->reason = "not executable";
		return false;
	}
	verdict = loader_try_path(loader, library, result->interpreter, &same);
	if (verdict == FILE_SKIPPED)
		result->reason = "built for another machine";
	else if (verdict == FILE_REFUSED)
		result->reason = library->reason;
	else
		result->state = PROGRAM_LOADS;
	*array_push(loader->arena, &result->libraries) = library;
	return result->state == PROGRAM_LOADS;
}

static void choose_hwcaps(struct loader *loader, enum processor processor)
{
	static const char *const x86_64[] = {"x86-64-v4", "x86-64-v3", "x86-64-v2", NULL};
	static const char *const power[] = {"power10", "power9", NULL};
	static const char *const z[] = {"z17", "z16", "z15", "z14", "z13", NULL};
	const struct elf_file *elf = &loader->program->elf;
	const char *const *names = NULL;

	if (processor == PROCESSOR_BASELINE || !elf->wide)
		return;
	if (elf->machine == EM_X86_64)
		names = x86_64;
	else if (elf->machine == EM_PPC64)
		names = power;
	else if (elf->machine == EM_S390)
		names = z;
	for (; names && *names; names++)
		loader->hwcaps[loader->hwcap_count++] = *names;
}

int ld_so_load(struct target *target, struct arena *arena, const char *program, enum processor processor,
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

bool ld_so_has_hwcaps(struct target *target, struct arena *arena, const struct loaded_program *program)
{
	struct ld_so_cache cache;

	if (program->musl || program->state != PROGRAM_LOADS)
		return false;
	for (size_t i = 0; i < program->libraries.count; i++) {
		const char *path = program->libraries.items[i]->path, *slash = path ? strrchr(path, '/') : NULL;

		if (slash && target_exists(target, arena_printf(arena, "%.*s/glibc-hwcaps", (int)(slash - path), path)))
			return true;
	}
	ld_so_cache_load(target, arena, &program->program->elf, &cache);
	return ld_so_cache_has_hwcaps(&cache);
}
