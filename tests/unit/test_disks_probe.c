/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hostile disk can say. That what an honest one says is understood, tests/cli/disks.bats asks blkid(8). */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "disks/image.h"
#include "disks/partition.h"
#include "disks/probe.h"

enum {
	DISK_SIZE = 256 * 1024
};

static int make_disk(void **state)
{
	int *fd = calloc(1, sizeof(*fd));

	*fd = memfd_create("disk", 0);
	assert_int_equal(ftruncate(*fd, DISK_SIZE), 0);
	*state = fd;
	return 0;
}

static int release_disk(void **state)
{
	close(*(int *)*state);
	free(*state);
	return 0;
}

static void put(int fd, uint64_t offset, const void *data, size_t size)
{
	assert_int_equal(pwrite(fd, data, size, (off_t)offset), size);
}

static void look_at_all(int fd, uint64_t size)
{
	struct arena arena = {0};
	struct partition_table table;
	struct probe probe;
	enum image_format format;

	assert_int_equal(probe_content(fd, 0, size, &probe), 0);
	assert_true(memchr(probe.label, '\0', sizeof(probe.label)) != NULL);
	assert_true(memchr(probe.uuid, '\0', sizeof(probe.uuid)) != NULL);
	assert_int_equal(partition_table_read(fd, size, 512, &arena, &table), 0);
	assert_int_equal(partition_table_read(fd, size, 0, &arena, &table), 0);
	for (size_t i = 0; i < table.partitions.count; i++) {
		assert_true(table.partitions.items[i].offset <= size);
		assert_true(table.partitions.items[i].size <= size - table.partitions.items[i].offset);
	}
	assert_int_equal(image_format_guess(fd, &format), 0);
	for (format = IMAGE_RAW; format <= IMAGE_UNKNOWN; format++)
		(void)image_refusal(&arena, fd, format);
	arena_release(&arena);
}

/* Every signature there is, before bytes that mean nothing. */
static void noise_behind_signatures_does_no_harm(void **state)
{
	static const struct {
		uint64_t offset;
		const char *magic;
		size_t size;
	} signatures[] = {
	    {1080, "\x53\xef", 2},	   {0, "XFSB", 4},	     {65600, "_BHRfS_M", 8}, {0, "LUKS\xba\xbe\0\2", 8},
	    {512, "LABELONE", 8},	   {4086, "SWAPSPACE2", 10}, {510, "\x55\xaa", 2},   {512, "EFI PART", 8},
	    {4096, "\xfc\x4e\x2b\xa9", 4}, {0, "QFI\xfb", 4},	     {0, "KDMV", 4},	     {0, "vhdxfile", 8},
	};
	unsigned char noise[8192];
	int fd = *(int *)*state;

	srand(7);
	for (unsigned round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = round % 3 == 0 ? 0xff : (unsigned char)(rand() >> 5);
		put(fd, 0, noise, sizeof(noise));
		put(fd, 65536, noise, sizeof(noise));
		for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
			if (round % ARRAY_SIZE(signatures) == i || (round & 1u << (i % 8)))
				put(fd, signatures[i].offset, signatures[i].magic, signatures[i].size);
		}
		put(fd, 536, "LVM2 001", 8);
		look_at_all(fd, DISK_SIZE);
	}
}

static void a_disk_of_any_size_will_do(void **state)
{
	static const uint64_t sizes[] = {0, 1, 511, 512, 1023, 1024, 4096, 65535, 65536, 131071, 131072};
	int fd = *(int *)*state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		look_at_all(fd, sizes[i]);
}

static void only_an_image_that_stands_for_itself_is_opened(void **state)
{
	struct arena arena = {0};
	int fd = *(int *)*state;
	unsigned char header[104] = "QFI\xfb";

	header[7] = 3;
	put(fd, 0, header, sizeof(header));
	assert_null(image_refusal(&arena, fd, IMAGE_QCOW2));
	assert_non_null(image_refusal(&arena, fd, IMAGE_VMDK));
	assert_null(image_refusal(&arena, fd, IMAGE_RAW));
	/* A backing file */
	header[15] = 104;
	header[19] = 11;
	put(fd, 0, header, sizeof(header));
	put(fd, 104, "/etc/shadow", 11);
	assert_non_null(strstr(image_refusal(&arena, fd, IMAGE_QCOW2), "/etc/shadow"));
	/* An external data file */
	header[15] = 0;
	header[79] = 4;
	put(fd, 0, header, sizeof(header));
	assert_non_null(image_refusal(&arena, fd, IMAGE_QCOW2));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(noise_behind_signatures_does_no_harm, make_disk, release_disk),
	    cmocka_unit_test_setup_teardown(a_disk_of_any_size_will_do, make_disk, release_disk),
	    cmocka_unit_test_setup_teardown(only_an_image_that_stands_for_itself_is_opened, make_disk, release_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
