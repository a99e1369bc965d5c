/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layouts are those of the kernel's headers: fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h,
 * include/uapi/linux/btrfs_tree.h, include/uapi/linux/raid/md_p.h, mm/swapfile.c and kernel/power/swap.c; of LUKS those
 * of its on-disk format specifications, of LVM that of lvm2's lib/format_text/layout.h.
 */
#include "disks/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "disks/bytes.h"

enum {
	HEAD_SIZE = 68 * 1024, /* up to the end of btrfs's first superblock */
	SECTOR = 512,
};

struct probed {
	int fd;
	uint64_t offset, size;
	unsigned char head[HEAD_SIZE];
	uint64_t head_size;
};

/* size bytes at offset, all of them: 0 or negative errno. */
static int read_all(int fd, void *buffer, uint64_t size, uint64_t offset, uint64_t *ret_size)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, (size_t)(size - done), (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (uint64_t)n;
	}
	*ret_size = done;
	return 0;
}

/* Bytes of the head, or NULL where there are not as many. */
static const unsigned char *at(const struct probed *probed, uint64_t offset, uint64_t size)
{
	return offset + size <= probed->head_size ? probed->head + offset : NULL;
}

static bool has_magic(const struct probed *probed, uint64_t offset, const char *magic, size_t size)
{
	const unsigned char *bytes = at(probed, offset, size);

	return bytes && memcmp(bytes, magic, size) == 0;
}

static void set_label(struct probe *probe, const unsigned char *bytes, size_t size)
{
	size_t length = strnlen((const char *)bytes, size);

	memcpy(probe->label, bytes, length);
	probe->label[length] = '\0';
}

static void set_uuid(struct probe *probe, const unsigned char bytes[16])
{
	static const unsigned char none[16];
	char *to = probe->uuid;

	if (memcmp(bytes, none, sizeof(none)) == 0)
		return;
	for (unsigned i = 0; i < 16; i++)
		to += sprintf(to, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
}

static bool probe_ext(const struct probed *probed, struct probe *ret)
{
	enum {
		COMPAT_JOURNAL = 0x4,
		INCOMPAT_RECOVER = 0x4,
		INCOMPAT_JOURNAL_DEVICE = 0x8,
		INCOMPAT_EXT3 = 0x2 | INCOMPAT_RECOVER | 0x10, /* filetype, recover, meta_bg */
		RO_COMPAT_EXT3 = 0x7, /* sparse_super, large_file, btree_dir */
		STATE_VALID = 0x1,
		STATE_ERROR = 0x2,
	};
	const unsigned char *super = at(probed, 1024, 1024);
	uint32_t compatible, incompatible, read_only;
	uint64_t block_size;

	if (!super || read_le16(super + 0x38) != 0xef53)
		return false;
	compatible = read_le32(super + 0x5c);
	incompatible = read_le32(super + 0x60);
	read_only = read_le32(super + 0x64);
	if (incompatible & INCOMPAT_JOURNAL_DEVICE)
		return false;
	ret->content = (incompatible & ~INCOMPAT_EXT3) || (read_only & ~RO_COMPAT_EXT3) ? CONTENT_EXT4
		       : compatible & COMPAT_JOURNAL					? CONTENT_EXT3
											: CONTENT_EXT2;
	set_label(ret, super + 0x78, 16);
	set_uuid(ret, super + 0x68);
	ret->needs_recovery = incompatible & INCOMPAT_RECOVER;
	if (read_le16(super + 0x3a) & STATE_ERROR)
		ret->needs_fsck = "the file system is marked as damaged";
	else if (!(read_le16(super + 0x3a) & STATE_VALID) && !ret->needs_recovery)
		ret->needs_fsck = "the file system was not unmounted in good order, and has no journal that mends it";
	block_size = read_le32(super + 0x18) <= 6 ? 1024u << read_le32(super + 0x18) : 0;
	if (!block_size)
		ret->damage = "its superblock names an impossible block size";
	else if (read_le32(super + 4) > probed->size / block_size)
		ret->damage = "it is larger than what holds it: the end is missing";
	return true;
}

static bool probe_xfs(const struct probed *probed, struct probe *ret)
{
	const unsigned char *super = at(probed, 0, SECTOR);
	uint64_t blocks;
	uint32_t block_size;

	if (!super || memcmp(super, "XFSB", 4) != 0)
		return false;
	ret->content = CONTENT_XFS;
	set_uuid(ret, super + 0x20);
	set_label(ret, super + 0x6c, 12);
	block_size = read_be32(super + 4);
	blocks = read_be64(super + 8);
	if (block_size < 512 || block_size > 65536 || (block_size & (block_size - 1)))
		ret->damage = "its superblock names an impossible block size";
	else if (blocks > probed->size / block_size)
		ret->damage = "it is larger than what holds it: the end is missing";
	return true;
}

static bool probe_btrfs(const struct probed *probed, struct probe *ret)
{
	enum {
		SUPER = 64 * 1024
	};
	const unsigned char *super = at(probed, SUPER, 4096);

	if (!super || memcmp(super + 0x40, "_BHRfS_M", 8) != 0)
		return false;
	ret->content = CONTENT_BTRFS;
	set_uuid(ret, super + 0x20);
	set_label(ret, super + 0x12b, 256);
	ret->needs_recovery = read_le64(super + 0x60) != 0; /* log_root */
	ret->device_count = read_le64(super + 0x88);
	/* dev_item.total_bytes: how large this device was */
	if (read_le64(super + 0xc9 + 8) > probed->size)
		ret->damage = "it is larger than what holds it: the end is missing";
	return true;
}

static bool probe_luks(const struct probed *probed, struct probe *ret)
{
	const unsigned char *header = at(probed, 0, 4096);

	if (!header || memcmp(header, "LUKS\xba\xbe", 6) != 0)
		return false;
	ret->content = CONTENT_LUKS;
	if (read_be16(header + 6) == 2)
		set_label(ret, header + 0x18, 48);
	memcpy(ret->uuid, header + 0xa8, 36);
	return true;
}

static bool probe_lvm(const struct probed *probed, struct probe *ret)
{
	static const unsigned char groups[] = {6, 4, 4, 4, 4, 4, 6};

	/* The label may be in any of the first four sectors. */
	for (unsigned sector = 0; sector < 4; sector++) {
		const unsigned char *label = at(probed, sector * SECTOR, SECTOR);
		const char *uuid;
		char *to = ret->uuid;
		uint32_t header;

		if (!label || memcmp(label, "LABELONE", 8) != 0 || memcmp(label + 24, "LVM2 001", 8) != 0)
			continue;
		ret->content = CONTENT_LVM;
		header = read_le32(label + 20);
		if (header > SECTOR - 32)
			return true;
		uuid = (const char *)label + header;
		for (size_t i = 0; i < ARRAY_SIZE(groups); uuid += groups[i++])
			to += snprintf(to, groups[i] + 2u, "%.*s%s", groups[i], uuid,
				       i + 1 < ARRAY_SIZE(groups) ? "-" : "");
		return true;
	}
	return false;
}

/* Metadata of version 1.0 and 0.90 is near the end, of 1.1 and 1.2 at the beginning. */
static bool probe_raid(const struct probed *probed, struct probe *ret)
{
	uint64_t places[] = {0, 4096, 0, 0};
	unsigned char super[256];

	if (probed->size < 128 * 1024)
		return false;
	places[2] = (probed->size / SECTOR * SECTOR - 8192) & ~(uint64_t)4095;
	places[3] = (probed->size & ~(uint64_t)65535) - 65536;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t size;

		if (read_all(probed->fd, super, sizeof(super), probed->offset + places[i], &size) < 0 ||
		    size < sizeof(super) || read_le32(super) != 0xa92b4efc)
			continue;
		if (i == 3) {
			/* 0.90: the UUID's first word and the other three are apart, in the machine's byte order. */
			unsigned char uuid[16];

			if (read_le32(super + 4) != 0)
				continue;
			memcpy(uuid, super + 20, 4);
			memcpy(uuid + 4, super + 52, 12);
			set_uuid(ret, uuid);
		} else {
			/* super_offset says where it was written: a copy that stands elsewhere is none. */
			if (read_le32(super + 4) != 1 || read_le64(super + 144) != places[i] / SECTOR)
				continue;
			set_uuid(ret, super + 16);
			set_label(ret, super + 32, 32);
		}
		ret->content = CONTENT_RAID;
		return true;
	}
	return false;
}

static bool probe_swap(const struct probed *probed, struct probe *ret)
{
	static const struct {
		const char *magic;
		enum content content;
	} kinds[] = {
	    {"SWAPSPACE2", CONTENT_SWAP},
	    {"SWAP-SPACE", CONTENT_SWAP},
	    /* kernel/power/swap.c, its predecessors, and the systems that suspend by themselves */
	    {"S1SUSPEND\0", CONTENT_HIBERNATED},
	    {"S2SUSPEND\0", CONTENT_HIBERNATED},
	    {"ULSUSPEND\0", CONTENT_HIBERNATED},
	    {"LINHIB0001", CONTENT_HIBERNATED},
	    {"\xed\xc3\x02\xe9\x98\x56\xe5\x0c", CONTENT_HIBERNATED},
	};

	for (uint64_t page = 4096; page <= 65536; page *= 2) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			size_t length = strnlen(kinds[i].magic, 10);

			if (!has_magic(probed, page - 10, kinds[i].magic, length))
				continue;
			ret->content = kinds[i].content;
			if (at(probed, 1024, 64)) {
				set_uuid(ret, probed->head + 1024 + 12);
				set_label(ret, probed->head + 1024 + 28, 16);
			}
			return true;
		}
	}
	return false;
}

static bool probe_vfat(const struct probed *probed, struct probe *ret)
{
	const unsigned char *sector = at(probed, 0, SECTOR);
	bool wide;
	size_t length = 11;

	if (!sector || sector[510] != 0x55 || sector[511] != 0xaa)
		return false;
	wide = memcmp(sector + 0x52, "FAT32   ", 8) == 0;
	if (!wide && memcmp(sector + 0x36, "FAT12   ", 8) != 0 && memcmp(sector + 0x36, "FAT16   ", 8) != 0 &&
	    memcmp(sector + 0x36, "FAT     ", 8) != 0)
		return false;
	ret->content = CONTENT_VFAT;
	sector += wide ? 0x43 : 0x27;
	snprintf(ret->uuid, sizeof(ret->uuid), "%02X%02X-%02X%02X", sector[3], sector[2], sector[1], sector[0]);
	while (length && sector[4 + length - 1] == ' ')
		length--;
	if (length != 7 || memcmp(sector + 4, "NO NAME", 7) != 0)
		set_label(ret, sector + 4, length);
	return true;
}

int probe_content(int fd, uint64_t offset, uint64_t size, struct probe *ret)
{
	/* What lies below first: a mirror's member shows the file system that is on the mirror. */
	static bool (*const probes[])(const struct probed *probed, struct probe *ret) = {
	    probe_raid, probe_lvm, probe_luks, probe_btrfs, probe_xfs, probe_ext, probe_swap, probe_vfat,
	};
	struct probed probed = {.fd = fd, .offset = offset, .size = size};
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_all(fd, probed.head, size < HEAD_SIZE ? size : HEAD_SIZE, offset, &probed.head_size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i](&probed, ret))
			break;
	}
	return 0;
}

const char *content_name(enum content content)
{
	static const char *const names[CONTENT_COUNT] = {
	    [CONTENT_UNKNOWN] = "",	    [CONTENT_EXT2] = "ext2",	   [CONTENT_EXT3] = "ext3",
	    [CONTENT_EXT4] = "ext4",	    [CONTENT_XFS] = "xfs",	   [CONTENT_BTRFS] = "btrfs",
	    [CONTENT_VFAT] = "vfat",	    [CONTENT_SWAP] = "swap",	   [CONTENT_HIBERNATED] = "swsuspend",
	    [CONTENT_LUKS] = "crypto_LUKS", [CONTENT_LVM] = "LVM2_member", [CONTENT_RAID] = "linux_raid_member",
	};

	return names[content];
}

bool content_is_ext(enum content content)
{
	return content == CONTENT_EXT2 || content == CONTENT_EXT3 || content == CONTENT_EXT4;
}

bool content_is_filesystem(enum content content)
{
	return content_is_ext(content) || content == CONTENT_XFS || content == CONTENT_BTRFS;
}
