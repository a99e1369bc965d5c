/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's docs/interop/qcow2.txt; VMware's Virtual Disk Format 5.0; [MS-VHDX] */
#include "disks/image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "disks/bytes.h"

enum {
	HEADER_SIZE = 512,
	DESCRIPTOR_MOST = 64 * 1024,
	QCOW2_INCOMPATIBLE_DATA_FILE = 1 << 2,
};

static const struct {
	enum image_format format;
	const char *name, *magic;
} formats[] = {
    {IMAGE_RAW, "raw", NULL},		{IMAGE_QCOW2, "qcow2", "QFI\xfb"}, {IMAGE_VMDK, "vmdk", "KDMV"},
    {IMAGE_VHDX, "vhdx", "vhdxfile"},	{IMAGE_UNKNOWN, "vmdk", "COWD"},   {IMAGE_UNKNOWN, "vmdk", "# Disk Descr"},
    {IMAGE_UNKNOWN, "vpc", "conectix"}, {IMAGE_UNKNOWN, "vdi", "<<< "},
};

enum image_format image_format_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (string_equal(formats[i].name, name))
			return formats[i].format;
	}
	return IMAGE_UNKNOWN;
}

const char *image_format_name(enum image_format format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].format == format && format != IMAGE_UNKNOWN)
			return formats[i].name;
	}
	return "unknown";
}

/* The first bytes, the rest zero. 0 or negative errno. */
static int read_header(int fd, unsigned char header[HEADER_SIZE])
{
	memset(header, 0, HEADER_SIZE);
	return pread(fd, header, HEADER_SIZE, 0) < 0 ? -errno : 0;
}

int image_format_guess(int fd, enum image_format *ret)
{
	unsigned char header[HEADER_SIZE];
	int r = read_header(fd, header);

	*ret = IMAGE_RAW;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(formats); i++) {
		if (formats[i].magic && memcmp(header, formats[i].magic, strlen(formats[i].magic)) == 0) {
			*ret = formats[i].format;
			break;
		}
	}
	return r;
}

static const char *refuse_qcow2(struct arena *arena, int fd, const unsigned char *header)
{
	uint64_t backing = read_be64(header + 8), features = 0;
	uint32_t version = read_be32(header + 4), size = read_be32(header + 16);
	char *name;

	if (version != 2 && version != 3)
		return "it is of a version of qcow2 that is not known";
	if (version == 3)
		features = read_be64(header + 72);
	if (features & QCOW2_INCOMPATIBLE_DATA_FILE)
		return "its data is in another file";
	if (read_be32(header + 32))
		return "it is encrypted";
	if (!backing)
		return NULL;
	name = arena_alloc(arena, 1024);
	if (size > 1023 || pread(fd, name, size, (off_t)backing) != (ssize_t)size)
		*name = '\0';
	return arena_printf(arena,
			    "it is the difference to another image (%s); make one whole image of both with qemu-img "
			    "convert, or commit it",
			    name);
}

/* The descriptor of a sparse VMDK names its extents and its parent. */
static const char *refuse_vmdk(struct arena *arena, int fd, const unsigned char *header)
{
	uint64_t offset = read_le64(header + 28), size = read_le64(header + 36);
	struct blob descriptor;
	const char *line;
	size_t at = 0, length;
	ssize_t n;

	if (read_le64(header + 12) == 0 || !offset || offset > UINT64_MAX / 1024 || size > DESCRIPTOR_MOST / 512)
		return "its data is in other files";
	descriptor.data = arena_alloc(arena, DESCRIPTOR_MOST + 1);
	n = pread(fd, descriptor.data, (size_t)size * 512, (off_t)(offset * 512));
	if (n < 0)
		return "its description cannot be read";
	descriptor.size = strnlen(descriptor.data, (size_t)n);
	while (next_line(&descriptor, &at, &line, &length)) {
		const char *copy = arena_memdup(arena, line, length), *parent = string_after(copy, "parentCID=");

		if (parent && strncasecmp(parent, "ffffffff", 8) != 0)
			return "it is the difference to another image";
		if (string_after(copy, "parentFileNameHint"))
			return "it is the difference to another image";
	}
	return NULL;
}

const char *image_refusal(struct arena *arena, int fd, enum image_format format)
{
	unsigned char header[HEADER_SIZE];
	int r = read_header(fd, header);

	if (r < 0)
		return arena_printf(arena, "it cannot be read: %s", strerror(-r));
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].format == format && formats[i].magic &&
		    memcmp(header, formats[i].magic, strlen(formats[i].magic)) != 0)
			return arena_printf(arena, "it is not in the format %s", formats[i].name);
	}
	switch (format) {
	case IMAGE_QCOW2:
		return refuse_qcow2(arena, fd, header);
	case IMAGE_VMDK:
		return refuse_vmdk(arena, fd, header);
	case IMAGE_UNKNOWN:
		return "its format is not supported; convert it with: qemu-img convert -O raw";
	default:
		/* A VHDX with a parent is refused by QEMU itself. */
		return NULL;
	}
}
