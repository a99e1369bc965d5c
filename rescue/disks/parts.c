/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"
#include "disks/mounts.h"
#include "parse/fstab.h"

static const char *const wanted_points[] = {"/usr", "/var", "/home", "/root", "/boot"};

/* "/dev/vda3" was the name of the machine's own kernel: here, only the number says anything. */
static bool is_numbered(const struct place *place, const struct volume *volume, const char *source)
{
	const char *device = string_after(source, "/dev/"), *digits;
	uint64_t number;

	if (!device || strchr(device, '/') || !volume->number || !volume->parent ||
	    volume->parent != place->volume->parent)
		return false;
	digits = device + strlen(device);
	while (digits > device && char_is_digit(digits[-1]))
		digits--;
	return parse_number(digits, PARTITION_LIMIT, &number) && number == volume->number;
}

static bool is_source(const struct place *place, const struct volume *volume, const char *source)
{
	const struct {
		const char *tag, *link, *value;
	} names[] = {
	    {"UUID=", "/dev/disk/by-uuid/", volume->probe.uuid},
	    {"LABEL=", "/dev/disk/by-label/", volume->probe.label},
	    {"PARTUUID=", "/dev/disk/by-partuuid/", volume->partition_uuid},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = string_after(source, names[i].tag);
		size_t length;

		if (!value)
			value = string_after(source, names[i].link);
		if (!value)
			continue;
		length = strlen(value);
		if (length > 1 && value[0] == '"' && value[length - 1] == '"') {
			value++;
			length -= 2;
		}
		return length && names[i].value && strlen(names[i].value) == length &&
		       strncasecmp(value, names[i].value, length) == 0;
	}
	return (volume->alias && string_equal(source, volume->alias)) ||
	       (volume->second_alias && string_equal(source, volume->second_alias)) ||
	       is_numbered(place, volume, source);
}

const struct volume *parts_find(const struct place *place, const char *source)
{
	for (size_t i = 0; i < place->set->volumes.count; i++) {
		const struct volume *volume = place->set->volumes.items[i];

		if (volume->machine == place->volume->machine && !volume->busy && !volume_obstacle(volume) &&
		    content_is_filesystem(volume->probe.content) && is_source(place, volume, source))
			return volume;
	}
	return NULL;
}

/* A directory of the root, with no link in the way. */
static int open_point(const char *directory, const char *point)
{
	cleanup_fd int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* The points that are wanted have one component. */
	return root < 0 ? -1 : openat(root, point + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool mount_part(struct part *part, const struct volume *volume, const char *device, const char *option)
{
	char path[32];
	bool unseen;

	/* Where the descriptor is, whatever stands at the path now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", part->point);
	return mounts_attach(device, path, volume->probe.content, volume->probe.needs_recovery, false, option,
			     &unseen) == 0;
}

static void add_part(struct parts *parts, const struct place *place, const char *directory, const char *root_device,
		     const struct fstab_entry *entry)
{
	const struct volume *volume = parts_find(place, entry->source);
	char *subvolume = fstab_option(parts->arena, entry, "subvol"), *option = NULL;
	cleanup_fd int point = -1;
	struct part part = {.loop = {.fd = -1}};
	bool same = volume == place->volume;

	if (!volume || (same && volume->probe.content != CONTENT_BTRFS) || parts->count >= PARTS_MOST)
		return;
	if (volume->probe.content == CONTENT_BTRFS && subvolume) {
		if (!subvolume_name_is_plain(subvolume))
			return;
		option = arena_printf(parts->arena, "subvol=%s", subvolume);
	}
	point = open_point(directory, entry->point);
	if (point < 0)
		return;
	if (!same) {
		if (volume_attach(volume, volume->fd, true, &part.loop) < 0)
			return;
	}
	part.point = point;
	if (!mount_part(&part, volume, same ? root_device : part.loop.path, option)) {
		(void)loop_detach(&part.loop);
		return;
	}
	/* What the descriptor stands for is below the mount: to unmount, the path is opened again. */
	part.point = open_point(directory, entry->point);
	parts->items[parts->count++] = part;
}

static void read_fstab(struct arena *arena, const char *directory, fstab_list *ret)
{
	cleanup_target struct target *target = NULL;
	struct blob content;

	if (target_open(&target, directory, TARGET_WALK) == 0 &&
	    target_read(target, "/etc/fstab", TARGET_FILE_LIMIT, arena, &content, NULL) == 0)
		fstab_parse(arena, &content, ret);
}

void parts_mount(struct parts *parts, const struct place *place, const char *directory, const char *root_device)
{
	fstab_list entries = {0};

	read_fstab(parts->arena, directory, &entries);
	for (size_t i = 0; i < ARRAY_SIZE(wanted_points); i++) {
		for (size_t j = 0; j < entries.count; j++) {
			if (!string_equal(entries.items[j].point, wanted_points[i]))
				continue;
			add_part(parts, place, directory, root_device, &entries.items[j]);
			break;
		}
	}
}

void parts_unmount(struct parts *parts)
{
	while (parts->count) {
		struct part *part = &parts->items[--parts->count];
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", part->point);
		(void)umount2(path, MNT_DETACH);
		close(part->point);
		(void)loop_detach(&part->loop);
	}
}
