/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/stack.h"
#include "disks/sysfs.h"

enum {
	SECTOR = 512, /* what /sys counts in, and most disks */
};

struct volume *volume_find_device(const struct volume_set *set, dev_t device)
{
	for (size_t i = 0; i < set->volumes.count; i++) {
		if (device && set->volumes.items[i]->device == device && !set->volumes.items[i]->offset)
			return set->volumes.items[i];
	}
	return NULL;
}

static const char *read_trouble(struct volume_set *set, int error)
{
	return arena_printf(set->arena, "it cannot be read: %s", strerror(-error));
}

const char *volume_obstacle(const struct volume *volume)
{
	if (volume->busy || volume->table)
		return NULL;
	return volume->trouble ? volume->trouble : volume->probe.damage;
}

bool volume_is_same_btrfs(const struct volume *a, const struct volume *b)
{
	return a->probe.content == CONTENT_BTRFS && b->probe.content == CONTENT_BTRFS && a->machine == b->machine &&
	       a->probe.device_count > 1 && string_equal(a->probe.uuid, b->probe.uuid);
}

struct volume *volume_add(struct volume_set *set, const struct volume *draft)
{
	struct volume *volume = ARENA_NEW(set->arena, struct volume);
	int r = -EBADF;

	*volume = *draft;
	volume->wanted = true;
	*array_push(set->arena, &set->volumes) = volume;
	if (volume->fd >= 0)
		r = probe_content(volume->fd, volume->offset, volume->size, &volume->probe);
	if (r < 0 && !volume->trouble)
		volume->trouble = read_trouble(set, r);
	return volume;
}

int volume_attach(const struct volume *volume, int backing, bool read_only, struct loop *ret)
{
	int r = loop_attach(backing, volume->offset, volume->size, read_only, ret);

	if (r != -ENODEV || !volume->device || volume->offset || strlen(volume->path) >= sizeof(ret->path))
		return r;
	strcpy(ret->path, volume->path);
	return 0;
}

/* Gives a disk the partitions that its own table names: of an image, and where the kernel did not do it. */
static void divide(struct volume_set *set, struct volume *disk, unsigned sector)
{
	struct partition_table table;
	int r = partition_table_read(disk->fd, disk->size, sector, set->arena, &table);

	if (r == 0 && table.kind && string_equal(table.kind, "gpt") && !table.partitions.count && sector == SECTOR) {
		struct partition_table wide;

		/* An image does not say how large the sectors of its disk were. */
		if (partition_table_read(disk->fd, disk->size, 4096, set->arena, &wide) == 0 && wide.partitions.count)
			table = wide;
	}
	if (r < 0) {
		disk->trouble = read_trouble(set, r);
		return;
	}
	disk->table = table.kind;
	disk->trouble = table.damage;
	for (size_t i = 0; i < table.partitions.count; i++) {
		const struct partition *partition = &table.partitions.items[i];
		struct volume draft = *disk;

		draft.name = arena_printf(set->arena, "%s:%u", disk->name, partition->number);
		draft.offset += partition->offset;
		draft.size = partition->size;
		draft.parent = disk;
		draft.number = partition->number;
		draft.table = NULL;
		draft.trouble = NULL;
		draft.partition_uuid = *partition->uuid ? partition->uuid : NULL;
		volume_add(set, &draft);
	}
}

/* --- block devices --------------------------------------------------------------------------------------------- */

static uint64_t number_in(struct volume_set *set, const char *directory, const char *file)
{
	char *text = sysfs_line(set->arena, arena_printf(set->arena, "%s/%s", directory, file));
	uint64_t number;

	return text && parse_number(text, UINT64_MAX / SECTOR, &number) ? number : 0;
}

static dev_t device_in(struct volume_set *set, const char *directory)
{
	char *text = sysfs_line(set->arena, arena_printf(set->arena, "%s/dev", directory)), *colon;
	uint64_t first, second;

	colon = text ? strchr(text, ':') : NULL;
	if (!colon)
		return 0;
	*colon = '\0';
	if (!parse_number(text, UINT32_MAX, &first) || !parse_number(colon + 1, UINT32_MAX, &second))
		return 0;
	return makedev((unsigned)first, (unsigned)second);
}

/* The kernel knows where partitions are, but few kernels tell their UUIDs. */
static void name_partitions(struct volume_set *set, const struct volume *disk, size_t first, unsigned sector)
{
	struct partition_table table;

	if (disk->fd < 0 || partition_table_read(disk->fd, disk->size, sector, set->arena, &table) < 0)
		return;
	for (size_t i = first; i < set->volumes.count; i++) {
		struct volume *volume = set->volumes.items[i];

		for (size_t j = 0; j < table.partitions.count; j++) {
			const struct partition *partition = &table.partitions.items[j];

			if (partition->number == volume->number && partition->size == volume->size && *partition->uuid)
				volume->partition_uuid = partition->uuid;
		}
	}
}

/* Adds the device that a directory of /sys describes. */
static struct volume *add_device(struct volume_set *set, const char *directory, struct volume *parent)
{
	const char *name = strrchr(directory, '/') + 1;
	char *mapped = sysfs_line(set->arena, arena_printf(set->arena, "%s/dm/name", directory));
	struct volume draft = {
	    .device = device_in(set, directory),
	    .size = number_in(set, directory, "size") * SECTOR,
	    .parent = parent,
	    .number = (unsigned)number_in(set, directory, "partition"),
	    .read_only = number_in(set, directory, "ro") != 0,
	};
	char *path = arena_printf(set->arena, "/dev/%s", name);

	/* The kernel writes a slash in a device's name so. */
	for (char *c = path; *c; c++) {
		if (*c == '!')
			*c = '/';
	}
	draft.path = draft.name = path;
	if (mapped)
		draft.name = draft.alias = arena_printf(set->arena, "/dev/mapper/%s", mapped);
	draft.busy = device_in_use(set->arena, draft.path, draft.device);
	draft.fd = open(draft.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (draft.fd < 0)
		draft.trouble = arena_printf(set->arena, "it cannot be opened: %s", strerror(errno));
	return volume_add(set, &draft);
}

/* A disk with its partitions. */
static void add_disk(struct volume_set *set, const char *directory)
{
	struct volume *disk = add_device(set, directory, NULL);
	unsigned sector = (unsigned)number_in(set, directory, "queue/logical_block_size");
	size_t first = set->volumes.count;
	string_list names = {0};
	bool divided = false;

	sysfs_list(set->arena, directory, &names);
	for (size_t i = 0; i < names.count; i++) {
		char *part = arena_printf(set->arena, "%s/%s", directory, names.items[i]);

		if (number_in(set, part, "partition")) {
			add_device(set, part, disk);
			divided = true;
		}
	}
	if (divided) {
		disk->table = "parts";
		name_partitions(set, disk, first, sector);
	} else if (disk->probe.content == CONTENT_UNKNOWN && !disk->busy && disk->fd >= 0) {
		divide(set, disk, sector);
	}
}

/* Not disks: memory, and drives for what is read only once. */
static bool is_skipped(const char *name)
{
	static const char *const prefixes[] = {"ram", "zram", "sr", "fd", "mtdblock"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *rest = string_after(name, prefixes[i]);

		if (rest && *rest >= '0' && *rest <= '9')
			return true;
	}
	return false;
}

int volumes_add_all(struct volume_set *set)
{
	string_list names = {0};

	sysfs_list(set->arena, "/sys/block", &names);
	if (!names.count)
		return -ENODEV;
	for (size_t i = 0; i < names.count; i++) {
		char *directory = arena_printf(set->arena, "/sys/block/%s", names.items[i]);

		if (!is_skipped(names.items[i]) && number_in(set, directory, "size"))
			add_disk(set, directory);
	}
	return 0;
}

/* Wants one volume, and no other of those from first on. */
static void want_only(struct volume_set *set, size_t first, const struct volume *wanted)
{
	for (size_t i = first; i < set->volumes.count; i++)
		set->volumes.items[i]->wanted = set->volumes.items[i] == wanted;
}

static int add_named_device(struct volume_set *set, dev_t device)
{
	cleanup_free char *directory =
	    realpath(arena_printf(set->arena, "/sys/dev/block/%u:%u", major(device), minor(device)), NULL);
	struct volume *known = volume_find_device(set, device);
	size_t first = set->volumes.count;
	bool is_partition;

	if (!directory)
		return -errno;
	if (known) {
		known->wanted = true;
		return 0;
	}
	/* A partition's directory is inside of its disk's. */
	is_partition = number_in(set, directory, "partition");
	if (is_partition)
		*strrchr(directory, '/') = '\0';
	add_disk(set, arena_strdup(set->arena, directory));
	if (is_partition)
		want_only(set, first, volume_find_device(set, device));
	return 0;
}

/* --- images ---------------------------------------------------------------------------------------------------- */

/* Has an image that is not raw presented as a raw one; else says why not. */
static void present(struct volume_set *set, struct volume *draft, int image, enum image_format format)
{
	const char *refused = image_refusal(set->arena, image, format), *said;
	int r;

	draft->fd = -1;
	if (refused || draft->busy) {
		draft->trouble = refused ? refused : draft->busy;
		return;
	}
	r = export_start(&set->exports, set->arena, image, format, set->writable && !draft->read_only, &draft->path,
			 &said);
	if (r == -ENOENT)
		draft->trouble =
		    "it takes qemu-storage-daemon, or qemu-nbd and the kernel module nbd, to open it: install "
		    "QEMU's tools (qemu-utils, qemu-system-common), or convert it with qemu-img";
	else if (r < 0)
		draft->trouble = arena_printf(set->arena, "QEMU cannot open it: %s", *said ? said : strerror(-r));
	if (r < 0)
		return;
	draft->fd = open(draft->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	draft->size = draft->fd < 0 ? 0 : (uint64_t)lseek(draft->fd, 0, SEEK_END);
}

static int add_image(struct volume_set *set, const char *path, const struct stat *status)
{
	enum image_format format = set->format ? image_format_named(set->format) : IMAGE_RAW;
	struct volume draft = {.name = path,
			       .path = path,
			       .size = (uint64_t)status->st_size,
			       .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
			       .machine = ++set->machines};
	struct volume *disk;
	int r;

	if (draft.fd < 0)
		return -errno;
	draft.busy = image_in_use(set->arena, draft.fd);
	draft.read_only = access(path, W_OK) < 0;
	if (!set->format) {
		r = image_format_guess(draft.fd, &format);
		if (r < 0)
			draft.trouble = read_trouble(set, r);
	}
	if (format != IMAGE_RAW)
		present(set, &draft, draft.fd, format);
	disk = volume_add(set, &draft);
	if (format != IMAGE_RAW)
		disk->table = image_format_name(format);
	if (disk->probe.content == CONTENT_UNKNOWN && disk->fd >= 0)
		divide(set, disk, SECTOR);
	return 0;
}

/* "disk.img:1": the partition of an image. */
static int add_part_of_image(struct volume_set *set, const char *path)
{
	const char *colon = strrchr(path, ':');
	size_t first = set->volumes.count;
	uint64_t number;
	char *image;
	int r;

	if (!colon || !parse_number(colon + 1, PARTITION_LIMIT, &number))
		return -ENOENT;
	image = arena_memdup(set->arena, path, (size_t)(colon - path));
	r = volumes_add(set, image);
	if (r < 0)
		return r;
	for (size_t i = first; i < set->volumes.count; i++) {
		if (string_equal(set->volumes.items[i]->name, path)) {
			want_only(set, first, set->volumes.items[i]);
			return 0;
		}
	}
	return -ENOENT;
}

/* "/dev/vdb:vg/root", "disk.img:crypt": what will be found inside of a volume. Its own name may have colons, too. */
static int add_outer(struct volume_set *set, const char *path)
{
	size_t length = strlen(path), first = set->volumes.count;
	struct stat status;

	while (length > 0) {
		char *outer;
		int r;

		while (--length > 0 && path[length] != ':')
			;
		outer = arena_memdup(set->arena, path, length);
		if (!length || stat(outer, &status) < 0)
			continue;
		r = volumes_add(set, outer);
		if (r == 0)
			*array_push(set->arena, &set->inner_names) =
			    (struct inner_name){.name = path, .first = first, .end = set->volumes.count};
		return r;
	}
	return -ENOENT;
}

static bool is_inside(const struct volume_set *set, const struct volume *volume, const struct inner_name *inner)
{
	for (; volume; volume = volume->parent) {
		for (size_t i = inner->first; i < inner->end; i++) {
			if (set->volumes.items[i] == volume)
				return true;
		}
	}
	return false;
}

int volumes_want_inner(struct volume_set *set, const char **ret_missing)
{
	for (size_t i = 0; i < set->inner_names.count; i++) {
		for (size_t j = 0; j < set->volumes.count; j++) {
			if (is_inside(set, set->volumes.items[j], &set->inner_names.items[i]))
				set->volumes.items[j]->wanted = false;
		}
	}
	for (size_t i = 0; i < set->inner_names.count; i++) {
		bool found = false;

		for (size_t j = 0; j < set->volumes.count; j++) {
			if (string_equal(set->volumes.items[j]->name, set->inner_names.items[i].name))
				found = set->volumes.items[j]->wanted = true;
		}
		if (!found) {
			*ret_missing = set->inner_names.items[i].name;
			return -ENOENT;
		}
	}
	return 0;
}

int volumes_add(struct volume_set *set, const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		int r = errno == ENOENT || errno == ENOTDIR ? add_part_of_image(set, path) : -errno;

		return r == -ENOENT ? add_outer(set, path) : r;
	}
	if (S_ISBLK(status.st_mode))
		return add_named_device(set, status.st_rdev);
	if (S_ISREG(status.st_mode))
		return add_image(set, arena_strdup(set->arena, path), &status);
	return -ENOTBLK;
}

void volumes_release(struct volume_set *set)
{
	for (size_t i = 0; i < set->volumes.count; i++) {
		struct volume *volume = set->volumes.items[i];

		/* Partitions without a device stand behind the disk that they share it with. */
		if (volume->fd >= 0 && !volume->offset)
			close(volume->fd);
	}
	stack_release(set);
	while (set->stopper_count) {
		const struct stopper *stopper = &set->stoppers[--set->stopper_count];

		close(stopper->pipe);
		while (waitpid(stopper->process, NULL, 0) < 0 && errno == EINTR)
			;
	}
	export_stop(&set->exports);
}
