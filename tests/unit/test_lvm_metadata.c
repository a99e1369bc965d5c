/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include "parse/lvm_metadata.h"

/* As lvm2 2.03.16 writes it, shortened. */
static const char description[] =
    "vg-0 {\n"
    "id = \"1a2b3c-dddd-eeee-ffff-gggg-hhhh-iiiiii\"\n"
    "seqno = 4\n"
    "format = \"lvm2\"\t\t\t# informational\n"
    "status = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\n"
    "flags = []\n"
    "extent_size = 8192\t\t# 4 Megabytes\n"
    "max_lv = 0\n"
    "physical_volumes {\n"
    "\npv0 {\n"
    "id = \"aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg\"\n"
    "device = \"/dev/v\\\"da}\"\t# Hint only\n"
    "status = [\"ALLOCATABLE\"]\n"
    "pe_start = 2048\n"
    "pe_count = 79\n}\n}\n"
    "logical_volumes {\n"
    "\nroot {\n"
    "status = [\"READ\", \"WRITE\", \"VISIBLE\"]\n"
    "segment_count = 2\n"
    "segment1 {\nstart_extent = 0\nextent_count = 40\ntype = \"striped\"\nstripe_count = 1\n"
    "stripes = [\n\"pv0\", 7\n]\n}\n"
    "segment2 {\nstart_extent = 40\nextent_count = 8\ntype = \"striped\"\nstripe_count = 2\nstripe_size = 128\n"
    "stripes = [\n\"pv0\", 50,\n\"pv1\", 3\n]\n}\n}\n"
    "hidden_tmeta {\nstatus = [\"READ\", \"WRITE\"]\nsegment_count = 1\nsegment1 {\ntype = \"raid1\"\n}\n}\n}\n"
    "}\n"
    "contents = \"Text Format Volume Group\"\nversion = 1\n";

static bool parse(struct arena *arena, const char *text, size_t size, struct lvm_group *ret)
{
	struct blob blob = {.data = arena_memdup(arena, text, size), .size = size};

	return lvm_metadata_parse(arena, &blob, ret);
}

static void a_group_is_read(void **state)
{
	struct arena arena = {0};
	struct lvm_group group;
	const struct lvm_logical *root;

	(void)state;
	assert_true(parse(&arena, description, strlen(description), &group));
	assert_string_equal(group.name, "vg-0");
	assert_string_equal(group.id, "1a2b3c-dddd-eeee-ffff-gggg-hhhh-iiiiii");
	assert_int_equal(group.sequence, 4);
	assert_int_equal(group.extent_size, 8192);
	assert_int_equal(group.physicals.count, 1);
	assert_string_equal(group.physicals.items[0].name, "pv0");
	assert_int_equal(group.physicals.items[0].start, 2048);
	assert_int_equal(group.logicals.count, 2);
	root = &group.logicals.items[0];
	assert_true(root->visible);
	assert_int_equal(root->segments.count, 2);
	assert_int_equal(root->segments.items[0].stripes.count, 1);
	assert_int_equal(root->segments.items[0].stripes.items[0].extent, 7);
	assert_int_equal(root->segments.items[1].stripe_size, 128);
	assert_int_equal(root->segments.items[1].stripes.count, 2);
	assert_string_equal(root->segments.items[1].stripes.items[1].physical, "pv1");
	assert_false(group.logicals.items[1].visible);
	arena_release(&arena);
}

/* Every part of it, and every part with one byte changed, ends: what it is read as does not matter. */
static void damage_does_no_harm(void **state)
{
	static const char signs[] = "{}[]=\"\\#\n\0,";

	(void)state;
	for (size_t size = 0; size < strlen(description); size++) {
		struct arena arena = {0};
		struct lvm_group group;
		char copy[sizeof(description)];

		(void)parse(&arena, description, size, &group);
		for (size_t i = 0; i < sizeof(signs); i++) {
			memcpy(copy, description, sizeof(copy));
			copy[size] = signs[i];
			(void)parse(&arena, copy, strlen(description), &group);
		}
		arena_release(&arena);
	}
}

static void nothing_is_nested_without_end(void **state)
{
	struct arena arena = {0};
	struct lvm_group group;
	char text[4096];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "a{", 2);
	assert_false(parse(&arena, text, sizeof(text), &group));
	assert_false(parse(&arena, "", 0, &group));
	assert_false(parse(&arena, "a { }", 5, &group));
	assert_false(parse(&arena, "physical_volumes = [1]", 22, &group));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_is_read),
	    cmocka_unit_test(damage_does_no_harm),
	    cmocka_unit_test(nothing_is_nested_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
