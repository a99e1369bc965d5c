/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include/uapi/linux/dm-ioctl.h */
#include "disks/mapper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/sysfs.h"
#include "disks/tool.h"

/* For udev's rules (libdm's DM_UDEV_DISABLE_…_FLAG, in the upper half of the cookie): nothing on such a device is to
 * be activated or linked to by whoever watches for disks. */
#define UDEV_HANDS_OFF ((0x2u | 0x4u | 0x8u) << 16)

/* devtmpfs makes the node. */
static int open_control(struct arena *arena)
{
	static const char *const load[] = {"modprobe", "dm_mod", NULL};
	struct tool_result result;
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		(void)tool_run(arena, load, -1, &result);
		fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? (errno == ENOENT || errno == ENODEV || errno == ENXIO ? -ENODEV : -errno) : fd;
}

static struct dm_ioctl *start_request(struct arena *arena, const char *name, size_t size, uint32_t flags)
{
	struct dm_ioctl *request = arena_alloc(arena, sizeof(*request) + size);

	request->version[0] = DM_VERSION_MAJOR;
	request->data_size = (uint32_t)(sizeof(*request) + size);
	request->data_start = sizeof(*request);
	request->flags = flags;
	snprintf(request->name, sizeof(request->name), "%s", name);
	return request;
}

static int load_table(struct arena *arena, int control, const char *name, const mapper_table *table, bool read_only)
{
	struct dm_ioctl *request;
	size_t size = 0;
	char *to;

	for (size_t i = 0; i < table->count; i++)
		size += sizeof(struct dm_target_spec) + ((strlen(table->items[i].parameters) + 8) & ~(size_t)7);
	request = start_request(arena, name, size, read_only ? DM_READONLY_FLAG : 0);
	request->target_count = (uint32_t)table->count;
	to = (char *)(request + 1);
	for (size_t i = 0; i < table->count; i++) {
		const struct mapper_target *target = &table->items[i];
		size_t length = (strlen(target->parameters) + 8) & ~(size_t)7;
		struct dm_target_spec spec = {
		    .sector_start = target->start,
		    .length = target->size,
		    .next = (uint32_t)(sizeof(spec) + length),
		};

		snprintf(spec.target_type, sizeof(spec.target_type), "%s", target->type);
		memcpy(to, &spec, sizeof(spec));
		strcpy(to + sizeof(spec), target->parameters);
		to += spec.next;
	}
	return ioctl(control, (int)DM_TABLE_LOAD, request) < 0 ? -errno : 0;
}

static int remove_device(struct arena *arena, int control, const char *name, uint32_t flags)
{
	return ioctl(control, (int)DM_DEV_REMOVE, start_request(arena, name, 0, flags)) < 0 ? -errno : 0;
}

/* Opens it, and then asks for its removal: that happens when the last one closes it. */
static int open_for_as_long(struct arena *arena, int control, const char *name, struct mapped *ret)
{
	struct dm_ioctl *request = start_request(arena, name, 0, 0);
	int r;

	if (ioctl(control, (int)DM_DEV_STATUS, request) < 0)
		return -errno;
	/* The kernel's huge encoding of device numbers is the C library's. */
	ret->device = makedev((request->dev >> 8) & 0xfff, (request->dev & 0xff) | ((request->dev >> 12) & 0xfff00));
	ret->path = arena_printf(arena, "/dev/dm-%u", minor(ret->device));
	ret->fd = open(ret->path, O_RDONLY | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENOENT) {
		(void)mknod(ret->path, S_IFBLK | 0600, ret->device);
		ret->fd = open(ret->path, O_RDONLY | O_CLOEXEC);
	}
	if (ret->fd < 0)
		return -errno;
	r = remove_device(arena, control, name, DM_DEFERRED_REMOVE);
	if (r < 0)
		close(steal_fd(&ret->fd));
	return r;
}

int mapper_create(struct arena *arena, const char *name, const mapper_table *table, bool read_only, struct mapped *ret)
{
	cleanup_fd int control = open_control(arena);
	struct dm_ioctl *request;
	int r;

	*ret = (struct mapped){.fd = -1};
	if (control < 0)
		return control;
	if (ioctl(control, (int)DM_DEV_CREATE, start_request(arena, name, 0, 0)) < 0)
		return -errno;
	r = load_table(arena, control, name, table, read_only);
	if (r == 0) {
		request = start_request(arena, name, 0, 0);
		request->event_nr = UDEV_HANDS_OFF;
		r = ioctl(control, (int)DM_DEV_SUSPEND, request) < 0 ? -errno : 0;
	}
	if (r == 0)
		r = open_for_as_long(arena, control, name, ret);
	if (r < 0)
		(void)remove_device(arena, control, name, 0);
	return r;
}

int mapper_adopt(struct arena *arena, const char *name, struct mapped *ret)
{
	cleanup_fd int control = open_control(arena);

	*ret = (struct mapped){.fd = -1};
	return control < 0 ? control : open_for_as_long(arena, control, name, ret);
}

bool mapper_is_gone(struct arena *arena, const char *name)
{
	cleanup_fd int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	return control < 0 || remove_device(arena, control, name, DM_DEFERRED_REMOVE) == -ENXIO;
}
