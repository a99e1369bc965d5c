/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search of the dynamic loader, on roots made for it. What the real loaders say of real roots is compared in
 * tests/differential/ld_so. */
#include "small_root.h"

#include <errno.h>

#include "elf_builder.h"
#include "parse/ld_so.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define PROGRAM "/usr/sbin/program"

static void put_elf(const struct small_root *root, const char *path, const struct elf_spec *spec)
{
	struct elf_build build;

	elf_build(&build, spec);
	put_bytes(root, path, build.data, build.size);
	assert_int_equal(chmod(small_root_at(root, path), 0755), 0);
}

/* A library that needs others and has a run path. */
static void put_library(const struct small_root *root, const char *path, const char *first, const char *second)
{
	put_elf(root, path, &(struct elf_spec){.needed = {first, second}});
}

static void put_program(const struct small_root *root, struct elf_spec spec)
{
	spec.interpreter = LOADER;
	put_elf(root, LOADER, &(struct elf_spec){.soname = "ld-linux-x86-64.so.2"});
	put_elf(root, PROGRAM, &spec);
}

static void load_for(struct small_root *root, unsigned processor, struct loaded_program *ret)
{
	assert_int_equal(ld_so_load(root->target, &root->arena, PROGRAM, processor, ret), 0);
}

static void load(struct small_root *root, struct loaded_program *ret)
{
	load_for(root, 0, ret);
	assert_int_equal(ret->state, PROGRAM_LOADS);
}

static const struct library *find(const struct loaded_program *program, const char *name)
{
	for (size_t i = 0; i < program->libraries.count; i++) {
		if (strcmp(program->libraries.items[i]->name, name) == 0)
			return program->libraries.items[i];
	}
	return NULL;
}

static void assert_found(struct small_root *root, const char *name, const char *path)
{
	struct loaded_program program;
	const struct library *library;

	load(root, &program);
	library = find(&program, name);
	assert_non_null(library);
	if (!path) {
		assert_int_equal(library->state, LIBRARY_MISSING);
		assert_false(ld_so_complete(&program));
		return;
	}
	assert_int_equal(library->state, LIBRARY_LOADED);
	assert_string_equal(library->path, path);
}

static void assert_broken(struct small_root *root, const char *name, const char *reason)
{
	struct loaded_program program;
	const struct library *library;

	load(root, &program);
	library = find(&program, name);
	assert_non_null(library);
	assert_int_equal(library->state, LIBRARY_BROKEN);
	assert_string_equal(library->reason, reason);
	assert_false(ld_so_complete(&program));
}

/* --- the cache --- */

struct cache_row {
	const char *name, *path;
	uint32_t flags;
	uint64_t hwcap;
};

static void put32(unsigned char *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* Rows are to be given in the order of the file: downwards. compatible: behind a header of the old format, as ldconfig
 * wrote it before glibc 2.32. */
static void put_cache(const struct small_root *root, const struct cache_row *rows, size_t count, bool compatible)
{
	unsigned char data[4096] = {0};
	size_t base = compatible ? 16 : 0, strings, at;

	if (compatible)
		memcpy(data, "ld.so-1.7.0", 11);
	memcpy(data + base, "glibc-ld.so.cache1.1", 20);
	put32(data + base + 20, (uint32_t)count);
	strings = base + 48 + 24 * count;
	for (size_t i = 0; i < count; i++) {
		at = base + 48 + 24 * i;
		put32(data + at, rows[i].flags);
		put32(data + at + 4, (uint32_t)(strings - base));
		strings += strlen(strcpy((char *)data + strings, rows[i].name)) + 1;
		put32(data + at + 8, (uint32_t)(strings - base));
		strings += strlen(strcpy((char *)data + strings, rows[i].path)) + 1;
		put32(data + at + 16, (uint32_t)rows[i].hwcap);
		put32(data + at + 20, (uint32_t)(rows[i].hwcap >> 32));
	}
	/* The names of glibc-hwcaps directories: here x86-64-v3 alone. */
	at = (strings + 3) & ~(size_t)3;
	put32(data + base + 32, (uint32_t)(at - base));
	put32(data + at, 0xeaa42174u);
	put32(data + at + 4, 1);
	put32(data + at + 8, 1);
	put32(data + at + 16, (uint32_t)(at + 24 - base));
	put32(data + at + 20, 4);
	put32(data + at + 24, (uint32_t)(at + 28 - base));
	memcpy(data + at + 28, "x86-64-v3", 10);
	put_bytes(root, LD_SO_CACHE_PATH, data, at + 40);
}

enum {
	X86_64 = 0x0303,
	I386 = 0x0003
};

static void test_cache(void **state)
{
	struct small_root *root = *state;

	for (unsigned compatible = 0; compatible < 2; compatible++) {
		const struct cache_row rows[] = {
		    {"libz.so.1", "/opt/z/libz.so.1", I386, 0},	    {"libz.so.1", "/opt/y/libz.so.1", X86_64, 0},
		    {"libm.so.10", "/opt/m/libm.so.10", X86_64, 0}, {"libm.so.9", "/opt/m/libm.so.9", X86_64, 0},
		    {"liba.so", "/opt/a/liba.so", X86_64, 0},
		};

		put_program(root, (struct elf_spec){.needed = {"libz.so.1", "libm.so.9", "libq.so"}});
		put_library(root, "/opt/y/libz.so.1", NULL, NULL);
		put_elf(root, "/opt/z/libz.so.1", &(struct elf_spec){.narrow = true, .machine = EM_386});
		put_library(root, "/opt/m/libm.so.9", NULL, NULL);
		put_cache(root, rows, 5, compatible);
		assert_found(root, "libz.so.1", "/opt/y/libz.so.1");
		assert_found(root, "libm.so.9", "/opt/m/libm.so.9");
		assert_found(root, "libq.so", NULL);
	}
}

static void test_cache_before_default_directories(void **state)
{
	struct small_root *root = *state;
	const struct cache_row row = {"libz.so.1", "/opt/libz.so.1", X86_64, 0};

	put_program(root, (struct elf_spec){.needed = {"libz.so.1"}});
	put_library(root, "/usr/lib/libz.so.1", NULL, NULL);
	assert_found(root, "libz.so.1", "/usr/lib/libz.so.1");
	put_cache(root, &row, 1, false);
	/* A cache that is out of date does no harm. */
	assert_found(root, "libz.so.1", "/usr/lib/libz.so.1");
	put_library(root, "/opt/libz.so.1", NULL, NULL);
	assert_found(root, "libz.so.1", "/opt/libz.so.1");
	/* Neither does one that is damaged. */
	put(root, LD_SO_CACHE_PATH, "glibc-ld.so.cache1.1\xff\xff\xff\xff............................................");
	assert_found(root, "libz.so.1", "/usr/lib/libz.so.1");
	put(root, LD_SO_CACHE_PATH, "");
	assert_found(root, "libz.so.1", "/usr/lib/libz.so.1");
}

static void test_damaged_cache(void **state)
{
	struct small_root *root = *state;
	const struct cache_row rows[] = {
	    {"libz.so.1", "/opt/y/libz.so.1", X86_64, 0},
	    {"libm.so.9", "/opt/m/libm.so.9", X86_64, UINT64_C(1) << 62},
	};
	const char *names[] = {"libz.so.1", "libm.so.9", "liba.so"}, *hwcaps[] = {"x86-64-v3"};
	bool others;
	unsigned char good[4096];
	const struct elf_file elf = {.machine = EM_X86_64, .wide = true};
	FILE *file;
	size_t size;
	uint32_t seed = 7;

	put_cache(root, rows, 2, true);
	file = fopen(small_root_at(root, LD_SO_CACHE_PATH), "r");
	assert_non_null(file);
	size = fread(good, 1, sizeof(good), file);
	fclose(file);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned char bad[4096];
		struct ld_so_cache cache;

		memcpy(bad, good, size);
		for (unsigned j = 0; j < 3; j++) {
			seed = seed * 1664525 + 1013904223;
			bad[(seed >> 8) % size] = (unsigned char)(seed >> 24);
		}
		put_bytes(root, LD_SO_CACHE_PATH, bad, i % 3 ? size : (seed >> 8) % size);
		ld_so_cache_load(root->target, &root->arena, &elf, &cache);
		for (unsigned j = 0; j < 3; j++)
			ld_so_cache_lookup(&cache, &elf, names[j], hwcaps, 1, &others);
		arena_release(&root->arena);
		root->arena = (struct arena){0};
	}
}

static void test_processors(void **state)
{
	struct small_root *root = *state;
	const struct cache_row rows[] = {
	    {"libz.so.1", "/opt/v3/libz.so.1", X86_64, UINT64_C(1) << 62},
	    {"libz.so.1", "/opt/libz.so.1", X86_64, 0},
	};
	struct loaded_program program;

	put_program(root, (struct elf_spec){.needed = {"libz.so.1"}});
	put_library(root, "/opt/v3/libz.so.1", NULL, NULL);
	put_library(root, "/opt/libz.so.1", NULL, NULL);
	put_cache(root, rows, 2, false);
	load_for(root, 0, &program);
	assert_string_equal(find(&program, "libz.so.1")->path, "/opt/libz.so.1");
	assert_true(program.depends_on_processor);
	load_for(root, 1, &program);
	assert_string_equal(find(&program, "libz.so.1")->path, "/opt/libz.so.1");
	load_for(root, 2, &program);
	assert_string_equal(find(&program, "libz.so.1")->path, "/opt/v3/libz.so.1");
	drop(root, LD_SO_CACHE_PATH);
	put_library(root, "/usr/lib/libz.so.1", NULL, NULL);
	load_for(root, 0, &program);
	assert_false(program.depends_on_processor);
	put_library(root, "/usr/lib/glibc-hwcaps/x86-64-v2/libz.so.1", NULL, NULL);
	put_library(root, "/usr/lib/glibc-hwcaps/x86-64-v4/libz.so.1", NULL, NULL);
	load_for(root, 0, &program);
	assert_true(program.depends_on_processor);
	assert_string_equal(find(&program, "libz.so.1")->path, "/usr/lib/libz.so.1");
	for (unsigned processor = 1; processor < 5; processor++) {
		load_for(root, processor, &program);
		assert_string_equal(find(&program, "libz.so.1")->path,
				    processor < 3 ? "/usr/lib/glibc-hwcaps/x86-64-v2/libz.so.1"
						  : "/usr/lib/glibc-hwcaps/x86-64-v4/libz.so.1");
	}
	assert_int_equal(ld_so_processor_count(&program.program->elf), 3);
	assert_int_equal(ld_so_processor_named("x86-64-v3"), 2);
	assert_int_equal(ld_so_processor_named("power10"), 2);
	assert_int_equal(ld_so_processor_named("avx512_1"), 0);
	/* A directory that the search does not come to. */
	drop(root, "/usr/lib/glibc-hwcaps/x86-64-v2/libz.so.1");
	drop(root, "/usr/lib/glibc-hwcaps/x86-64-v4/libz.so.1");
	put_library(root, "/opt/libz.so.1", NULL, NULL);
	put_library(root, "/opt/glibc-hwcaps/x86-64-v3/libz.so.1", NULL, NULL);
	put_program(root, (struct elf_spec){.needed = {"/opt/libz.so.1"}});
	load_for(root, 0, &program);
	assert_false(program.depends_on_processor);
}

/* --- run paths --- */

static void test_rpath_and_runpath(void **state)
{
	struct small_root *root = *state;

	put_library(root, "/a/libx.so", NULL, NULL);
	put_library(root, "/b/libx.so", NULL, NULL);
	put_library(root, "/usr/lib/libx.so", NULL, NULL);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .rpath = "/nowhere:/a"});
	assert_found(root, "libx.so", "/a/libx.so");
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/b"});
	assert_found(root, "libx.so", "/b/libx.so");
	/* With both, the older one is ignored. */
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .rpath = "/a", .runpath = "/nowhere"});
	assert_found(root, "libx.so", "/usr/lib/libx.so");
}

static void test_rpath_is_inherited(void **state)
{
	struct small_root *root = *state;

	put_library(root, "/a/liby.so", NULL, NULL);
	put_elf(root, "/usr/lib/libx.so", &(struct elf_spec){.needed = {"liby.so"}});
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .rpath = "/a"});
	assert_found(root, "liby.so", "/a/liby.so");
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/a"});
	assert_found(root, "liby.so", NULL);
	/* A library with a RUNPATH does not look at its loader's RPATH. */
	put_elf(root, "/usr/lib/libx.so", &(struct elf_spec){.needed = {"liby.so"}, .runpath = "/b"});
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .rpath = "/a"});
	assert_found(root, "liby.so", NULL);
}

static void test_tokens(void **state)
{
	struct small_root *root = *state;

	put_library(root, "/usr/sbin/../lib/private/libx.so", NULL, NULL);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "$ORIGIN/../lib/private"});
	assert_found(root, "libx.so", "/usr/sbin/../lib/private/libx.so");
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/none:${ORIGIN}/../lib/private"});
	assert_found(root, "libx.so", "/usr/sbin/../lib/private/libx.so");
	put_program(root, (struct elf_spec){.needed = {"$ORIGIN/../lib/private/libx.so"}});
	assert_found(root, "/usr/sbin/../lib/private/libx.so", "/usr/sbin/../lib/private/libx.so");
	/* The same words from another place. */
	put_elf(root, "/opt/liby.so", &(struct elf_spec){.needed = {"$ORIGIN/../lib/private/libx.so"}});
	put_program(root, (struct elf_spec){.needed = {"$ORIGIN/../lib/private/libx.so", "/opt/liby.so"}});
	assert_found(root, "/usr/sbin/../lib/private/libx.so", "/usr/sbin/../lib/private/libx.so");
	assert_found(root, "/opt/../lib/private/libx.so", NULL);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "$ORIGINAL/../lib/private"});
	assert_found(root, "libx.so", NULL);
	put_library(root, "/opt/x86_64/libx.so", NULL, NULL);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/opt/$PLATFORM"});
	assert_found(root, "libx.so", "/opt/x86_64/libx.so");
}

static void test_no_default_directories(void **state)
{
	struct small_root *root = *state;
	const struct cache_row row = {"libx.so", "/usr/lib/libx.so", X86_64, 0};

	put_library(root, "/usr/lib/libx.so", NULL, NULL);
	put_cache(root, &row, 1, false);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .flags_1 = DF_1_NODEFLIB});
	assert_found(root, "libx.so", NULL);
	put_program(root, (struct elf_spec){.needed = {"libx.so"}});
	assert_found(root, "libx.so", "/usr/lib/libx.so");
}

/* --- files that the loader does not like --- */

static void test_other_machines_are_passed_over(void **state)
{
	struct small_root *root = *state;
	struct elf_build build;

	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/a:/b:/c"});
	put_elf(root, "/a/libx.so", &(struct elf_spec){.narrow = true, .machine = EM_386});
	put_elf(root, "/b/libx.so", &(struct elf_spec){.machine = EM_AARCH64});
	assert_found(root, "libx.so", NULL);
	/* Whatever else is odd about it. */
	elf_build(&build, &(struct elf_spec){.machine = EM_AARCH64});
	build.data[EI_OSABI] = 9;
	put_bytes(root, "/b/libx.so", build.data, build.size);
	assert_found(root, "libx.so", NULL);
	put_elf(root, "/b/libx.so", &(struct elf_spec){.big_endian = true});
	assert_found(root, "libx.so", NULL);
	put_library(root, "/c/libx.so", NULL, NULL);
	assert_found(root, "libx.so", "/c/libx.so");
	/* One such file under two names does not answer to either. */
	drop(root, "/c/libx.so");
	assert_int_equal(symlink("libx.so", small_root_at(root, "/b/liby.so")), 0);
	put_program(root, (struct elf_spec){.needed = {"libx.so", "liby.so"}, .runpath = "/b"});
	assert_found(root, "libx.so", NULL);
	assert_found(root, "liby.so", NULL);
}

static void test_broken_files_stop_the_search(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;
	struct elf_build build;

	put_program(root, (struct elf_spec){.needed = {"libx.so"}, .runpath = "/a:/b"});
	put_library(root, "/b/libx.so", NULL, NULL);
	put(root, "/a/libx.so", "");
	assert_broken(root, "libx.so", "file too short");
	put(root, "/a/libx.so",
	    "/* GNU ld script: but a loader is no linker and does not read it */ GROUP ( libx.so.1 )");
	assert_broken(root, "libx.so", "invalid ELF header");
	put_elf(root, "/a/libx.so", &(struct elf_spec){.type = ET_REL});
	assert_broken(root, "libx.so", "only ET_DYN and ET_EXEC can be loaded");
	put_elf(root, "/a/libx.so", &(struct elf_spec){.type = ET_EXEC});
	assert_broken(root, "libx.so", "cannot dynamically load executable");
	put_elf(root, "/a/libx.so", &(struct elf_spec){.no_dynamic = true});
	assert_broken(root, "libx.so", "object file has no dynamic section");
	put_elf(root, "/a/libx.so", &(struct elf_spec){.no_load = true});
	assert_broken(root, "libx.so", "object file has no loadable segments");
	put_elf(root, "/a/libx.so", &(struct elf_spec){.flags_1 = 0x08000000 /* DF_1_PIE */});
	assert_broken(root, "libx.so", "cannot dynamically load position-independent executable");
	elf_build(&build, &(struct elf_spec){0});
	build.data[EI_PAD] = 1;
	put_bytes(root, "/a/libx.so", build.data, build.size);
	assert_broken(root, "libx.so", "nonzero padding in e_ident");
	build.data[EI_PAD] = 0;
	build.data[EI_DATA] = ELFDATA2MSB;
	put_bytes(root, "/a/libx.so", build.data, build.size);
	assert_broken(root, "libx.so", "ELF file data encoding not little-endian");
	build.data[EI_DATA] = ELFDATA2LSB;
	build.data[EI_OSABI] = ELFOSABI_LINUX;
	build.data[EI_ABIVERSION] = 16;
	put_bytes(root, "/a/libx.so", build.data, build.size);
	assert_broken(root, "libx.so", "ELF file ABI version invalid");
	build.data[EI_ABIVERSION] = 4;
	put_bytes(root, "/a/libx.so", build.data, build.size);
	load(root, &program);
	assert_string_equal(find(&program, "libx.so")->doubt, "its ABI version is not known");
	build.data[EI_ABIVERSION] = 3;
	put_bytes(root, "/a/libx.so", build.data, build.size);
	load(root, &program);
	assert_null(find(&program, "libx.so")->doubt);
	put_bytes(root, "/a/libx.so", build.data, build.size - 1);
	assert_broken(root, "libx.so", "file is cut off");
	drop(root, "/a/libx.so");
	assert_int_equal(mkdir(small_root_at(root, "/a/libx.so"), 0755), 0);
	assert_broken(root, "libx.so", "cannot read file data: Is a directory");
}

/* --- the walk --- */

static void test_order_and_names(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;
	static const char *const order[] = {PROGRAM, LOADER, "liba.so", "libb.so", "libc.so", "libd.so"};

	put_program(root, (struct elf_spec){.needed = {"liba.so", "libb.so", "ld-linux-x86-64.so.2"}});
	put_library(root, "/usr/lib/liba.so", "libc.so", "libb.so");
	put_library(root, "/usr/lib/libb.so", "libd.so", "liba.so");
	put_library(root, "/usr/lib/libc.so", "libalias.so", NULL);
	put_library(root, "/usr/lib/libd.so", NULL, NULL);
	put_link(root, "/usr/lib/libalias.so", "liba.so"); /* the same file: not loaded again */
	load(root, &program);
	assert_true(ld_so_complete(&program));
	assert_int_equal(program.libraries.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(program.libraries.items[i]->name, order[i]);
	assert_ptr_equal(find(&program, "libd.so")->loader, find(&program, "libb.so"));
}

static void test_soname_answers(void **state)
{
	struct small_root *root = *state;

	put_program(root, (struct elf_spec){.needed = {"liba.so", "libreal.so.1"}});
	put_elf(root, "/usr/lib/liba.so", &(struct elf_spec){.soname = "libreal.so.1"});
	struct loaded_program program;

	load(root, &program);
	assert_true(ld_so_complete(&program));
	assert_null(find(&program, "libreal.so.1"));
}

static void test_too_many(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;

	put_program(root, (struct elf_spec){.needed = {"lib0.so"}});
	for (unsigned i = 0; i < 300; i++) {
		char path[64], next[64];

		snprintf(path, sizeof(path), "/usr/lib/lib%u.so", i);
		snprintf(next, sizeof(next), "lib%u.so", i + 1);
		put_library(root, path, next, NULL);
	}
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_LOADER_UNKNOWN);
	assert_false(ld_so_complete(&program));
}

static void test_versions(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;

	put_program(root,
		    (struct elf_spec){
			.needed = {"liba.so"},
			.needs = {{"liba.so", "A_1", false}, {"liba.so", "A_2", false}, {"liba.so", "A_3", true}}});
	put_elf(root, "/usr/lib/liba.so", &(struct elf_spec){.definitions = {"liba.so", "A_1"}});
	load(root, &program);
	assert_false(ld_so_complete(&program));
	assert_int_equal(program.missing_versions.count, 1);
	assert_string_equal(program.missing_versions.items[0].version, "A_2");
	/* Without any version, it has all. */
	put_library(root, "/usr/lib/liba.so", NULL, NULL);
	load(root, &program);
	assert_true(ld_so_complete(&program));
}

/* --- the program and its loader --- */

static void test_interpreter(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;

	put_program(root, (struct elf_spec){0});
	load(root, &program);
	assert_int_equal(chmod(small_root_at(root, LOADER), 0644), 0);
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_INTERPRETER_BROKEN);
	put_elf(root, LOADER, &(struct elf_spec){.machine = EM_AARCH64});
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_INTERPRETER_BROKEN);
	drop(root, LOADER);
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_INTERPRETER_MISSING);
	put_elf(root, PROGRAM, &(struct elf_spec){.no_dynamic = true, .type = ET_EXEC});
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_STATIC);
	assert_true(ld_so_complete(&program));
}

static void test_program(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;
	struct elf_build build;

	assert_int_equal(ld_so_load(root->target, &root->arena, PROGRAM, 0, &program), -ENOENT);
	assert_int_equal(program.state, PROGRAM_UNREADABLE);
	put(root, PROGRAM, "#!/bin/sh");
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_NOT_ELF);
	elf_build(&build, &(struct elf_spec){.interpreter = LOADER});
	put_bytes(root, PROGRAM, build.data, build.size - 100);
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_NOT_ELF);
	assert_string_equal(program.reason, "file is cut off");
}

static void test_doubt(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;
	struct elf_build build;

	put_program(root, (struct elf_spec){.needed = {"liba.so"}});
	elf_build(&build, &(struct elf_spec){.soname = "liba.so"});
	elf_put(&build, 64 + 2 * 56 + 8, 8,
		0x80); /* where the dynamic section is, in the file; the loader looks in memory */
	put_bytes(root, "/usr/lib/liba.so", build.data, build.size);
	load(root, &program);
	assert_true(ld_so_complete(&program));
	assert_string_equal(find(&program, "liba.so")->doubt, "its program headers contradict each other");
	/* In the program itself. */
	elf_build(&build, &(struct elf_spec){.interpreter = LOADER});
	elf_put(&build, 64 + 4 * 56 + 8, 8, 0x80);
	put_bytes(root, PROGRAM, build.data, build.size);
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_DOUBTFUL);
	assert_false(ld_so_complete(&program));
	/* No loader is named, and libraries are needed. */
	put_elf(root, PROGRAM, &(struct elf_spec){.needed = {"liba.so"}});
	load_for(root, 0, &program);
	assert_int_equal(program.state, PROGRAM_NOT_ELF);
	assert_string_equal(program.reason, "it needs libraries, but names no loader");
}

static void test_musl(void **state)
{
	struct small_root *root = *state;
	struct loaded_program program;

	put_elf(root, "/lib/ld-musl-x86_64.so.1", &(struct elf_spec){.soname = "libc.musl-x86_64.so.1"});
	put_elf(root, PROGRAM,
		&(struct elf_spec){.interpreter = "/lib/ld-musl-x86_64.so.1",
				   .needed = {"libcrypto.so.3", "libc.musl-x86_64.so.1", "libpthread.so.0"}});
	load(root, &program);
	assert_int_equal(find(&program, "libcrypto.so.3")->state, LIBRARY_MISSING);
	assert_null(find(&program, "libpthread.so.0"));
	put_library(root, "/usr/local/lib/libcrypto.so.3", NULL, NULL);
	assert_found(root, "libcrypto.so.3", "/usr/local/lib/libcrypto.so.3");
	put(root, "/etc/ld-musl-x86_64.path", "/opt/lib\n/opt/lib64\n");
	assert_found(root, "libcrypto.so.3", NULL);
	put_library(root, "/opt/lib64/libcrypto.so.3", NULL, NULL);
	assert_found(root, "libcrypto.so.3", "/opt/lib64/libcrypto.so.3");
	/* musl takes the first file it can open. */
	put_elf(root, "/opt/lib/libcrypto.so.3", &(struct elf_spec){.machine = EM_AARCH64});
	assert_broken(root, "libcrypto.so.3", "Exec format error");
}

static void test_conf(void **state)
{
	struct small_root *root = *state;
	string_list directories = {0};

	put(root, "/etc/ld.so.conf", "include ld.so.conf.d/*.conf # more\n/opt/main\n  /opt/blank  \nrelative\n");
	put(root, "/etc/ld.so.conf.d/b.conf", "/opt/b\ninclude /etc/ld.so.conf.d/b.conf\n");
	put(root, "/etc/ld.so.conf.d/a.conf", "# nothing\n/opt/a # comment\n");
	put(root, "/etc/ld.so.conf.d/a.other", "/opt/other\n");
	ld_so_conf_directories(root->target, &root->arena, &directories);
	assert_true(directories.count >= 4);
	assert_string_equal(directories.items[0], "/opt/a");
	assert_string_equal(directories.items[1], "/opt/b");
	assert_string_equal(directories.items[directories.count - 2], "/opt/main");
	assert_string_equal(directories.items[directories.count - 1], "/opt/blank");
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_ROOT(test_cache),
	    WITH_ROOT(test_cache_before_default_directories),
	    WITH_ROOT(test_damaged_cache),
	    WITH_ROOT(test_processors),
	    WITH_ROOT(test_rpath_and_runpath),
	    WITH_ROOT(test_rpath_is_inherited),
	    WITH_ROOT(test_tokens),
	    WITH_ROOT(test_no_default_directories),
	    WITH_ROOT(test_other_machines_are_passed_over),
	    WITH_ROOT(test_broken_files_stop_the_search),
	    WITH_ROOT(test_order_and_names),
	    WITH_ROOT(test_soname_answers),
	    WITH_ROOT(test_too_many),
	    WITH_ROOT(test_versions),
	    WITH_ROOT(test_interpreter),
	    WITH_ROOT(test_program),
	    WITH_ROOT(test_doubt),
	    WITH_ROOT(test_musl),
	    WITH_ROOT(test_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
