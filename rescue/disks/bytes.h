/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_BYTES_H
#define SSHRESCUE_DISKS_BYTES_H

/* Numbers as disks hold them: unaligned, of either byte order. */

#include <stdint.h>

static inline uint16_t read_le16(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t read_le32(const unsigned char *bytes)
{
	return (uint32_t)read_le16(bytes) | (uint32_t)read_le16(bytes + 2) << 16;
}

static inline uint64_t read_le64(const unsigned char *bytes)
{
	return (uint64_t)read_le32(bytes) | (uint64_t)read_le32(bytes + 4) << 32;
}

static inline uint16_t read_be16(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t read_be32(const unsigned char *bytes)
{
	return (uint32_t)read_be16(bytes) << 16 | read_be16(bytes + 2);
}

static inline uint64_t read_be64(const unsigned char *bytes)
{
	return (uint64_t)read_be32(bytes) << 32 | read_be32(bytes + 4);
}

#endif
