/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files of both classes and byte orders, whole, cut off and damaged. */
#include "small_root.h"

#include <errno.h>

#include "elf_builder.h"
#include "parse/elf.h"

static const struct elf_spec everything = {
    .interpreter = "/lib/ld.so",
    .needed = {"libcrypto.so.3", "libc.so.6"},
    .soname = "libme.so.1",
    .rpath = "/opt/lib",
    .runpath = "$ORIGIN/../lib",
    .flags_1 = 0x800,
    .needs = {{"libcrypto.so.3", "OPENSSL_3.0.0", false}, {"libc.so.6", "GLIBC_2.38", true}},
    .definitions = {"libme.so.1", "ME_1.0"},
};

static int load(struct small_root *root, const struct blob *image, struct elf_file *ret)
{
	struct elf_reader reader;
	const char *reason;
	int error;

	*ret = (struct elf_file){.size = image ? image->size : UINT64_MAX};
	elf_reader_init(&reader, root->target, "/file", image);
	error = elf_load(&reader, &root->arena, ret, &reason);
	return error < 0 ? error : elf_load_dynamic(&reader, &root->arena, ret, &reason);
}

static void check_everything(const struct elf_file *elf)
{
	assert_string_equal(elf->interpreter, "/lib/ld.so");
	assert_int_equal(elf->needed.count, 2);
	assert_string_equal(elf->needed.items[0], "libcrypto.so.3");
	assert_string_equal(elf->needed.items[1], "libc.so.6");
	assert_string_equal(elf->soname, "libme.so.1");
	assert_string_equal(elf->rpath, "/opt/lib");
	assert_string_equal(elf->runpath, "$ORIGIN/../lib");
	assert_int_equal(elf->flags_1, 0x800);
	assert_int_equal(elf->needs.count, 2);
	assert_string_equal(elf->needs.items[0].library, "libcrypto.so.3");
	assert_string_equal(elf->needs.items[0].version, "OPENSSL_3.0.0");
	assert_false(elf->needs.items[0].weak);
	assert_true(elf->needs.items[1].weak);
	assert_true(elf->has_definitions);
	assert_int_equal(elf->definitions.count, 2);
	assert_string_equal(elf->definitions.items[1], "ME_1.0");
	assert_null(elf_cut_off_segment(elf));
}

static void test_classes_and_orders(void **state)
{
	struct small_root *root = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct elf_spec spec = everything;
		struct elf_build build;
		struct elf_file elf;
		struct blob image = {(char *)build.data, ELF_BUILD_SIZE};

		spec.narrow = i & 1;
		spec.big_endian = i & 2;
		spec.machine = EM_AARCH64;
		elf_build(&build, &spec);
		assert_int_equal(load(root, &image, &elf), 0);
		assert_int_equal(elf.wide, !spec.narrow);
		assert_int_equal(elf.big_endian, spec.big_endian);
		assert_int_equal(elf.machine, EM_AARCH64);
		assert_int_equal(elf.type, ET_DYN);
		check_everything(&elf);
		/* The same behind the door, in windows. */
		put_bytes(root, "/file", build.data, build.size);
		assert_int_equal(load(root, NULL, &elf), 0);
		check_everything(&elf);
	}
}

static void test_not_elf(void **state)
{
	struct small_root *root = *state;
	struct elf_file elf;

	assert_int_equal(load(root, NULL, &elf), -ENOENT);
	put(root, "/file", "");
	assert_int_equal(load(root, NULL, &elf), -ENOEXEC);
	put(root, "/file", "#!/bin/sh\n");
	assert_int_equal(load(root, NULL, &elf), -ENOEXEC);
	put(root, "/file", "\177ELF\003\001\001this is sixty-four bytes and more, but neither 32 nor 64 bits wide");
	assert_int_equal(load(root, NULL, &elf), -ENOEXEC);
}

/* Whatever is missing at the end: an answer, and never one that has more than the file. */
static void test_cut_off(void **state)
{
	struct small_root *root = *state;
	struct elf_build build;

	elf_build(&build, &everything);
	for (size_t size = 0; size < ELF_BUILD_SIZE; size += size < 0x2000 ? 1 : 509) {
		struct arena arena = {0};
		struct elf_file elf;
		/* Its own memory, so that the sanitizer sees a read behind the end. */
		struct blob image = {malloc(size + 1), size};
		int error;

		assert_non_null(image.data);
		memcpy(image.data, build.data, size);
		image.data[size] = '\0';
		root->arena = arena;
		error = load(root, &image, &elf);
		if (error == 0) {
			assert_non_null(elf_cut_off_segment(&elf));
			assert_int_equal(elf.needed.count, 2);
		} else {
			assert_int_equal(error, -ENOEXEC);
		}
		arena_release(&root->arena);
		free(image.data);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Random bytes in the headers and tables: no crash, no endless loop, and limits on what is kept. */
static void test_damaged(void **state)
{
	struct small_root *root = *state;
	uint32_t seed = 1;

	for (unsigned i = 0; i < 20000; i++) {
		struct elf_spec spec = everything;
		struct elf_build build;
		struct elf_file elf;
		struct blob image = {(char *)build.data, ELF_BUILD_SIZE};
		static const unsigned places[] = {64, 0x160, ELF_BUILD_DYNAMIC + 0x120, ELF_BUILD_STRINGS + 0x80,
						  ELF_BUILD_VERSIONS + 0xa0};
		static const unsigned starts[] = {16, 52, ELF_BUILD_DYNAMIC, ELF_BUILD_STRINGS, ELF_BUILD_VERSIONS};

		spec.narrow = i & 1;
		spec.big_endian = i & 2;
		elf_build(&build, &spec);
		for (unsigned j = next_random(&seed) % 4 + 1; j; j--) {
			unsigned place = next_random(&seed) % 5;
			unsigned at = starts[place] + next_random(&seed) % (places[place] - starts[place]);

			build.data[at] = next_random(&seed) & 1 ? 0xff : (unsigned char)next_random(&seed);
		}
		load(root, &image, &elf);
		assert_true(elf.segment_count <= ELF_SEGMENT_LIMIT);
		assert_true(elf.needs.count <= ELF_VERSION_LIMIT);
		assert_true(elf.definitions.count <= ELF_VERSION_LIMIT);
		arena_release(&root->arena);
		root->arena = (struct arena){0};
	}
}

/* The field of a program header, of the everything-program in 64 bit. */
enum segment_field {
	FIELD_TYPE = 0,
	FIELD_FLAGS = 4,
	FIELD_OFFSET = 8,
	FIELD_ADDRESS = 16,
	FIELD_FILE_SIZE = 32,
	FIELD_MEMORY_SIZE = 40,
};

enum {
	SEGMENT_PHDR,
	SEGMENT_CODE,
	SEGMENT_DATA,
	SEGMENT_INTERP,
	SEGMENT_DYNAMIC,
};

static void set_segment(struct elf_build *build, unsigned segment, enum segment_field field, uint64_t value)
{
	elf_put(build, 64 + 56 * segment + field, field <= FIELD_FLAGS ? 4 : 8, value);
}

static void judged(struct small_root *root, const struct elf_build *build, const char *fault, const char *doubt)
{
	struct blob image = {(char *)build->data, ELF_BUILD_SIZE};
	struct elf_file elf = {.size = ELF_BUILD_SIZE};
	struct elf_reader reader;
	const char *reason;

	elf_reader_init(&reader, root->target, "/file", &image);
	assert_int_equal(elf_load(&reader, &root->arena, &elf, &reason), 0);
	reason = elf_program_fault(&elf);
	if (!fault != !reason || (fault && strcmp(fault, reason) != 0))
		fail_msg("fault: %s, not %s", reason, fault);
	if (fault)
		return;
	reason = elf_program_doubt(&elf);
	if (!doubt != !reason || (doubt && strcmp(doubt, reason) != 0))
		fail_msg("doubt: %s, not %s", reason, doubt);
}

/* What tests/differential/ld_so tried with the kernel. */
static void test_program_headers(void **state)
{
	static const struct {
		unsigned segment;
		enum segment_field field;
		uint64_t value;
		const char *fault, *doubt;
	} cases[] = {
	    {SEGMENT_CODE, FIELD_OFFSET, 0x10, "a segment is not page-aligned", NULL},
	    {SEGMENT_CODE, FIELD_MEMORY_SIZE, 0x10, "a segment is larger in the file than in memory", NULL},
	    {SEGMENT_DATA, FIELD_MEMORY_SIZE, UINT64_MAX, "a segment lies outside of the address space", NULL},
	    {SEGMENT_DATA, FIELD_ADDRESS, UINT64_C(1) << 63, "a segment lies outside of the address space", NULL},
	    {SEGMENT_CODE, FIELD_FLAGS, PF_R, "its entry point is not in its code", NULL},
	    {SEGMENT_CODE, FIELD_TYPE, PT_NULL, "its entry point is not in its code", NULL},
	    {SEGMENT_CODE, FIELD_FILE_SIZE, 0x10, "its entry point is not in its code", NULL},
	    {SEGMENT_DYNAMIC, FIELD_TYPE, PT_NULL, "it has a loader, but no dynamic section", NULL},
	    {SEGMENT_PHDR, FIELD_TYPE, PT_NULL, "it does not say where its program headers are", NULL},
	    {SEGMENT_PHDR, FIELD_ADDRESS, 0x80, "it does not say where its program headers are", NULL},
	    {SEGMENT_INTERP, FIELD_ADDRESS, 0x80, NULL, "its program headers contradict each other"},
	    {SEGMENT_DYNAMIC, FIELD_OFFSET, 0x80, NULL, "its program headers contradict each other"},
	    {SEGMENT_DATA, FIELD_ADDRESS, 0x1000, NULL, "its segments overlap"},
	    {SEGMENT_DATA, FIELD_FLAGS, 0, NULL, "a segment cannot be read"},
	    {SEGMENT_DATA, FIELD_MEMORY_SIZE, 0x100000, NULL, NULL},
	    {SEGMENT_DATA, FIELD_TYPE, PT_GNU_RELRO, NULL, "what the loader relocates is not writable"},
	};
	struct small_root *root = *state;
	struct elf_build build;

	elf_build(&build, &everything);
	judged(root, &build, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		elf_build(&build, &everything);
		set_segment(&build, cases[i].segment, cases[i].field, cases[i].value);
		judged(root, &build, cases[i].fault, cases[i].doubt);
	}
	/* No segment at all, or none that is loaded. */
	elf_build(&build, &everything);
	elf_put(&build, 56, 2, 0);
	judged(root, &build, "it has no loadable segments", NULL);
	elf_build(&build, &everything);
	set_segment(&build, SEGMENT_CODE, FIELD_TYPE, PT_NULL);
	set_segment(&build, SEGMENT_DATA, FIELD_TYPE, PT_NULL);
	judged(root, &build, "it has no loadable segments", NULL);
	/* The headers stand where nothing is loaded from. */
	elf_build(&build, &everything);
	memcpy(build.data + ELF_BUILD_DATA, build.data + 64, 5 * 56);
	elf_put(&build, 32, 8, ELF_BUILD_DATA);
	elf_put(&build, ELF_BUILD_DATA + 56 * SEGMENT_DATA + FIELD_TYPE, 4, PT_NULL);
	judged(root, &build, "its program headers are not loaded", NULL);
	/* Sections are nobody's business. */
	elf_build(&build, &everything);
	elf_put(&build, 40, 8, UINT64_C(1) << 63);
	judged(root, &build, NULL, NULL);
}

/* Entries that lead back to themselves, and counts that promise billions. */
static void test_loops(void **state)
{
	struct small_root *root = *state;
	struct elf_build build;
	struct elf_file elf;
	struct blob image = {(char *)build.data, ELF_BUILD_SIZE};

	elf_build(&build, &everything);
	/* The next Verneed and Verdef are one byte on, again and again. */
	elf_put(&build, ELF_BUILD_VERSIONS + 12, 4, 1);
	for (size_t at = ELF_BUILD_DYNAMIC; at < ELF_BUILD_DYNAMIC + build.dynamic; at += 16) {
		if (build.data[at] == (DT_VERNEEDNUM & 0xff) || build.data[at] == (DT_VERDEFNUM & 0xff))
			elf_put(&build, at + 8, 8, UINT64_MAX);
	}
	load(root, &image, &elf);
	assert_true(elf.needs.count <= ELF_VERSION_LIMIT);
	/* A dynamic section without an end. */
	elf_build(&build, &everything);
	for (size_t at = ELF_BUILD_DYNAMIC; at < ELF_BUILD_STRINGS; at += 16)
		elf_put(&build, at, 8, DT_DEBUG);
	assert_int_equal(load(root, &image, &elf), -ENOEXEC);
}

static void test_offsets(void **state)
{
	struct elf_segment segments[] = {
	    {.type = PT_LOAD, .offset = 0x1000, .address = 0x400000, .file_size = 0x100, .memory_size = 0x1000},
	    {.type = PT_LOAD, .offset = UINT64_MAX - 8, .address = 0x500000, .file_size = UINT64_MAX},
	};
	struct elf_file elf = {.segments = segments, .segment_count = 2, .size = 0x2000};
	uint64_t offset;

	(void)state;
	assert_true(elf_file_offset(&elf, 0x400010, 4, &offset));
	assert_int_equal(offset, 0x1010);
	assert_true(elf_file_offset(&elf, 0x4000fc, 4, &offset));
	assert_false(elf_file_offset(&elf, 0x4000fd, 4, &offset));
	assert_false(elf_file_offset(&elf, 0x400200, 1, &offset));
	assert_false(elf_file_offset(&elf, 0x3fffff, 1, &offset));
	assert_false(elf_file_offset(&elf, 0x500100, 1, &offset));
	assert_ptr_equal(elf_cut_off_segment(&elf), &segments[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_classes_and_orders, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(test_not_elf, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(test_cut_off, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(test_damaged, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(test_program_headers, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(test_loops, small_root_setup, small_root_teardown),
	    cmocka_unit_test(test_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
