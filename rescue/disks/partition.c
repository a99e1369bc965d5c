/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI specification, chapter 5 (GPT), and what block/partitions/msdos.c of the kernel makes of an MBR. */
#include "disks/partition.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disks/bytes.h"

enum {
	MBR_TABLE = 446,
	MBR_ENTRY = 16,
	MBR_PROTECTIVE = 0xee,
	GPT_ENTRY_LEAST = 128,
	GPT_ENTRY_MOST = 4096,
	GPT_ENTRIES_MOST = 1024,
	EXTENDED_LIMIT = 128, /* logical partitions: a chain may be a loop */
};

struct disk {
	int fd;
	uint64_t size;
	unsigned sector;
	struct arena *arena;
	struct partition_table *table;
};

/* 1 when all of it was read, 0 when the disk ends before, or negative errno. */
static int read_at(const struct disk *disk, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	if (offset > disk->size || size > disk->size - offset)
		return 0;
	while (done < size) {
		ssize_t n = pread(disk->fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

/* The CRC of the UEFI specification is that of Ethernet. */
static uint32_t crc32(const unsigned char *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static struct partition *add_partition(const struct disk *disk, unsigned number, uint64_t first, uint64_t count)
{
	uint64_t sectors = disk->size / disk->sector;
	struct partition *partition;

	if (count == 0 || disk->table->partitions.count >= PARTITION_LIMIT)
		return NULL;
	if (first >= sectors || count > sectors - first) {
		disk->table->damage = "a partition reaches beyond the end of the disk; it is passed over";
		return NULL;
	}
	for (size_t i = 0; i < disk->table->partitions.count; i++) {
		const struct partition *other = &disk->table->partitions.items[i];

		if (first * disk->sector < other->offset + other->size &&
		    other->offset < (first + count) * disk->sector) {
			disk->table->damage = "two partitions overlap; the second one is passed over";
			return NULL;
		}
	}
	partition = array_push(disk->arena, &disk->table->partitions);
	*partition = (struct partition){.number = number, .offset = first * disk->sector, .size = count * disk->sector};
	return partition;
}

/* GUIDs are stored with their first three parts in little-endian order. */
static void format_guid(const unsigned char *guid, char ret[PARTITION_UUID_SIZE])
{
	snprintf(ret, PARTITION_UUID_SIZE, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", read_le32(guid),
		 read_le16(guid + 4), read_le16(guid + 6), guid[8], guid[9], guid[10], guid[11], guid[12], guid[13],
		 guid[14], guid[15]);
}

/* 1: read; 0: there is no valid table at this sector; negative errno. */
static int read_gpt_at(const struct disk *disk, uint64_t header_sector)
{
	static const unsigned char unused[16];
	unsigned char *header = arena_alloc(disk->arena, disk->sector), *entries;
	uint32_t header_size, count, entry_size, sum;
	int r;

	r = read_at(disk, header_sector * disk->sector, header, disk->sector);
	if (r <= 0)
		return r;
	header_size = read_le32(header + 12);
	if (memcmp(header, "EFI PART", 8) != 0 || header_size < 92 || header_size > disk->sector ||
	    read_le64(header + 24) != header_sector)
		return 0;
	sum = read_le32(header + 16);
	memset(header + 16, 0, 4);
	if (crc32(header, header_size) != sum)
		return 0;
	count = read_le32(header + 80);
	entry_size = read_le32(header + 84);
	if (entry_size < GPT_ENTRY_LEAST || entry_size > GPT_ENTRY_MOST || count > GPT_ENTRIES_MOST)
		return 0;
	entries = arena_alloc(disk->arena, (size_t)count * entry_size);
	if (read_le64(header + 72) > disk->size / disk->sector)
		return 0;
	r = read_at(disk, read_le64(header + 72) * disk->sector, entries, (size_t)count * entry_size);
	if (r <= 0)
		return r;
	if (crc32(entries, (size_t)count * entry_size) != read_le32(header + 88))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		const unsigned char *entry = entries + (size_t)i * entry_size;
		uint64_t first = read_le64(entry + 32), last = read_le64(entry + 40);
		struct partition *partition;

		if (memcmp(entry, unused, sizeof(unused)) == 0 || last < first || last == UINT64_MAX)
			continue;
		partition = add_partition(disk, i + 1, first, last - first + 1);
		if (partition)
			format_guid(entry + 16, partition->uuid);
	}
	return 1;
}

static int read_gpt(const struct disk *disk)
{
	uint64_t last = disk->size / disk->sector - 1;
	int r;

	disk->table->kind = "gpt";
	r = read_gpt_at(disk, 1);
	if (r == 0) {
		r = read_gpt_at(disk, last);
		if (r > 0 && !disk->table->damage)
			disk->table->damage =
			    "the first partition table is damaged; its copy at the end of the disk is used";
	}
	if (r == 0)
		disk->table->damage = "both copies of its partition table are damaged";
	return r < 0 ? r : 0;
}

static bool is_extended(unsigned char type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static int read_logical(const struct disk *disk, uint64_t extended, uint64_t extended_size, const char *uuid_prefix)
{
	unsigned char sector[512];
	uint64_t at = extended;

	for (unsigned i = 0, number = 5; i < EXTENDED_LIMIT; i++) {
		const unsigned char *entry = sector + MBR_TABLE, *next = entry + MBR_ENTRY;
		struct partition *partition;
		int r = read_at(disk, at * disk->sector, sector, sizeof(sector));

		if (r <= 0)
			return r;
		if (read_le16(sector + 510) != 0xaa55)
			return 0;
		if (entry[4] && !is_extended(entry[4])) {
			partition = add_partition(disk, number, at + read_le32(entry + 8), read_le32(entry + 12));
			if (partition)
				snprintf(partition->uuid, sizeof(partition->uuid), "%s-%02x", uuid_prefix, number);
			number++;
		}
		if (!is_extended(next[4]) || !read_le32(next + 8) || read_le32(next + 8) >= extended_size)
			return 0;
		at = extended + read_le32(next + 8);
	}
	return 0;
}

static int read_mbr(const struct disk *disk, const unsigned char *sector)
{
	char prefix[9];
	int r = 0;

	disk->table->kind = "dos";
	snprintf(prefix, sizeof(prefix), "%08x", read_le32(sector + 440));
	for (unsigned i = 0; r == 0 && i < 4; i++) {
		const unsigned char *entry = sector + MBR_TABLE + i * MBR_ENTRY;
		uint64_t first = read_le32(entry + 8), count = read_le32(entry + 12);
		struct partition *partition;

		if (!entry[4] || !count || is_extended(entry[4]))
			continue;
		partition = add_partition(disk, i + 1, first, count);
		if (partition)
			snprintf(partition->uuid, sizeof(partition->uuid), "%s-%02x", prefix, i + 1);
	}
	for (unsigned i = 0; r == 0 && i < 4; i++) {
		const unsigned char *entry = sector + MBR_TABLE + i * MBR_ENTRY;

		if (is_extended(entry[4]))
			r = read_logical(disk, read_le32(entry + 8), read_le32(entry + 12), prefix);
	}
	return r;
}

/* The boot sector of a file system ends in the same two bytes as a partition table; its entries make no sense then. */
static bool is_mbr(const unsigned char *sector)
{
	unsigned used = 0;

	if (read_le16(sector + 510) != 0xaa55)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		const unsigned char *entry = sector + MBR_TABLE + i * MBR_ENTRY;

		if (entry[0] != 0 && entry[0] != 0x80)
			return false;
		used += entry[4] && read_le32(entry + 12);
	}
	return used > 0;
}

int partition_table_read(int fd, uint64_t size, unsigned sector_size, struct arena *arena, struct partition_table *ret)
{
	struct disk disk = {
	    .fd = fd, .size = size, .sector = sector_size < 512 ? 512 : sector_size, .arena = arena, .table = ret};
	unsigned char sector[512];
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_at(&disk, 0, sector, sizeof(sector));
	if (r <= 0)
		return r;
	if (!is_mbr(sector))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		if (sector[MBR_TABLE + i * MBR_ENTRY + 4] == MBR_PROTECTIVE)
			return read_gpt(&disk);
	}
	return read_mbr(&disk, sector);
}
