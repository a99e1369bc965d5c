/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical volumes, put together by ourselves from what the physical volumes say: nothing is written, no other program
 * hears of them, and it does not matter that the rescuer has a group of the same name or UUID. The layout is that of
 * lvm2's lib/format_text/layout.h.
 */
#include "disks/stack.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "disks/bytes.h"
#include "disks/loop.h"
#include "disks/mapper.h"
#include "parse/lvm_metadata.h"

enum {
	SECTOR = 512,
	LABEL_SECTORS = 4,
	AREA_HEADER = 512,
	METADATA_MOST = 16 * 1024 * 1024,
	AREAS_MOST = 16,
};

/* A group, with the volumes that its parts are on. */
struct group {
	struct lvm_group description;
	unsigned machine;
	struct volume *members[64]; /* as description.physicals; NULL: not found */
	struct loop loops[64];
};

static uint32_t lvm_crc(const unsigned char *bytes, size_t size)
{
	uint32_t crc = 0xf597a6cf;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static bool read_at(const struct volume *volume, uint64_t offset, void *buffer, size_t size)
{
	return offset <= volume->size && size <= volume->size - offset &&
	       pread(volume->fd, buffer, size, (off_t)(volume->offset + offset)) == (ssize_t)size;
}

/* The text in one metadata area, which is a ring. */
static bool read_area(struct arena *arena, const struct volume *volume, uint64_t start, struct blob *ret)
{
	unsigned char header[AREA_HEADER];
	uint64_t offset, size, area, until_end;

	if (!read_at(volume, start, header, sizeof(header)) || memcmp(header + 4, " LVM2 x[5A%r0N*>", 16) != 0 ||
	    lvm_crc(header + 4, sizeof(header) - 4) != read_le32(header))
		return false;
	area = read_le64(header + 32);
	offset = read_le64(header + 40);
	size = read_le64(header + 48);
	if (!size || size > METADATA_MOST || area > volume->size || offset < AREA_HEADER || offset >= area ||
	    size > area - AREA_HEADER)
		return false;
	ret->size = (size_t)size;
	ret->data = arena_alloc(arena, ret->size + 1);
	until_end = area - offset < size ? area - offset : size;
	if (!read_at(volume, start + offset, ret->data, (size_t)until_end) ||
	    !read_at(volume, start + AREA_HEADER, ret->data + until_end, (size_t)(size - until_end)))
		return false;
	return lvm_crc((unsigned char *)ret->data, ret->size) == read_le32(header + 56);
}

/* The newest description that a physical volume holds. */
static bool read_description(struct arena *arena, const struct volume *volume, struct lvm_group *ret)
{
	unsigned char sector[SECTOR];
	bool found = false;

	for (uint64_t i = 0; i < LABEL_SECTORS; i++) {
		const unsigned char *at, *end = sector + SECTOR;

		if (!read_at(volume, i * SECTOR, sector, SECTOR) || memcmp(sector, "LABELONE", 8) != 0)
			continue;
		at = sector + (read_le32(sector + 20) <= SECTOR - 64 ? read_le32(sector + 20) : SECTOR) + 40;
		/* Data areas, up to an empty one; then the metadata areas likewise. */
		for (; at + 16 <= end && read_le64(at); at += 16)
			;
		at += 16;
		for (; at + 16 <= end && read_le64(at); at += 16) {
			struct lvm_group group;
			struct blob text;

			if (!read_area(arena, volume, read_le64(at), &text) ||
			    !lvm_metadata_parse(arena, &text, &group))
				continue;
			if (!found || group.sequence > ret->sequence)
				*ret = group;
			found = true;
		}
		break;
	}
	return found;
}

/* "abcdef-ghij-…" in the description, and so in struct probe. */
static void find_members(struct volume_set *set, struct group *group)
{
	for (size_t i = 0; i < group->description.physicals.count && i < ARRAY_SIZE(group->members); i++) {
		for (size_t j = 0; j < set->volumes.count; j++) {
			struct volume *volume = set->volumes.items[j];

			if (volume->probe.content == CONTENT_LVM && volume->machine == group->machine &&
			    stack_may_open(volume) &&
			    string_equal(volume->probe.uuid, group->description.physicals.items[i].id)) {
				group->members[i] = volume;
				break;
			}
		}
	}
}

/*
 * The device of a group's member; 0: there is none. What has none gets a loop device when it is first needed. The
 * others do not: udev would find the group on it, too, and activate it there. That nothing is written to them, the
 * table sees to.
 */
static dev_t member_device(struct volume_set *set, struct group *group, size_t member, bool writable)
{
	struct volume *volume = group->members[member];
	struct loop *loop = &group->loops[member];
	struct stat status;

	if (volume->device && !volume->offset)
		return volume->device;
	if (!*loop->path && !stack_attach(set, volume, writable, loop))
		return 0;
	return loop->fd < 0 || fstat(loop->fd, &status) < 0 ? 0 : status.st_rdev;
}

/* Where a part of the group is, for a table: "7:3 2048"; NULL: it is missing. */
static char *locate(struct volume_set *set, struct group *group, const struct lvm_stripe *stripe, bool writable)
{
	const struct lvm_group *description = &group->description;

	for (size_t i = 0; i < description->physicals.count && i < ARRAY_SIZE(group->members); i++) {
		const struct lvm_physical *physical = &description->physicals.items[i];
		dev_t device;

		if (!string_equal(physical->name, stripe->physical))
			continue;
		device = group->members[i] ? member_device(set, group, i, writable) : 0;
		if (!device)
			return NULL;
		return arena_printf(set->arena, "%u:%u %llu", major(device), minor(device),
				    (unsigned long long)(physical->start + stripe->extent * description->extent_size));
	}
	return NULL;
}

/* The table of a logical volume; NULL with a reason. */
static const char *make_table(struct volume_set *set, struct group *group, const struct lvm_logical *logical,
			      bool writable, mapper_table *ret)
{
	uint64_t extent_size = group->description.extent_size;

	for (size_t i = 0; i < logical->segments.count; i++) {
		const struct lvm_segment *segment = &logical->segments.items[i];
		struct mapper_target target = {.start = segment->start * extent_size,
					       .size = segment->count * extent_size,
					       .type = segment->stripes.count == 1 ? "linear" : "striped"};
		struct text text = {.arena = set->arena};

		if (!string_equal(segment->type, "striped") || !segment->stripes.count)
			return arena_printf(
			    set->arena, "it is of LVM's type %s: activate it with lvchange -ay, and name its device",
			    segment->type);
		text_add_string(&text, "");
		if (segment->stripes.count > 1)
			text_printf(&text, "%zu %llu ", segment->stripes.count,
				    (unsigned long long)segment->stripe_size);
		for (size_t j = 0; j < segment->stripes.count; j++) {
			char *place = locate(set, group, &segment->stripes.items[j], writable);

			if (!place)
				return "a physical volume that it is on is missing or in use";
			text_printf(&text, "%s%s", j ? " " : "", place);
		}
		target.parameters = text.data;
		*array_push(set->arena, ret) = target;
	}
	return ret->count ? NULL : "it is empty";
}

/* As the device-mapper's names have it: a hyphen within is doubled. */
static char *mapper_name(struct arena *arena, const char *group, const char *logical)
{
	const char *parts[] = {group, logical};
	struct text text = {.arena = arena};

	text_add_string(&text, "/dev/mapper/");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		text_add_string(&text, i ? "-" : "");
		for (const char *c = parts[i]; *c; c++)
			text_printf(&text, *c == '-' ? "%c-" : "%c", *c);
	}
	return text.data;
}

static void open_logical(struct volume_set *set, struct group *group, struct volume *member,
			 const struct lvm_logical *logical, bool writable)
{
	mapper_table table = {0};
	const char *group_name = group->description.name;
	struct volume draft = {
	    .name = arena_printf(set->arena, "%s:%s/%s", member->name, group_name, logical->name),
	    .path = "",
	    .alias = mapper_name(set->arena, group_name, logical->name),
	    .second_alias = arena_printf(set->arena, "/dev/%s/%s", group_name, logical->name),
	    .machine = group->machine,
	    .parent = member,
	    .read_only = member->read_only,
	    .fd = -1,
	};
	struct mapped mapped;
	int r;

	draft.trouble = make_table(set, group, logical, writable, &table);
	if (!draft.trouble) {
		r = mapper_create(set->arena, stack_name(set), &table, !writable, &mapped);
		if (r == -ENODEV)
			draft.trouble = "this kernel has no device-mapper";
		else if (r < 0)
			draft.trouble = arena_printf(set->arena, "it cannot be put together: %s", strerror(-r));
		draft.fd = mapped.fd;
		draft.path = mapped.path;
		draft.device = mapped.device;
		draft.size = mapped.fd < 0 ? 0 : (uint64_t)lseek(mapped.fd, 0, SEEK_END);
	}
	volume_add(set, &draft)->wanted = member->wanted;
}

static void open_group(struct volume_set *set, struct group *group, struct volume *member, bool writable)
{
	find_members(set, group);
	for (size_t i = 0; i < group->description.logicals.count; i++) {
		const struct lvm_logical *logical = &group->description.logicals.items[i];

		if (logical->visible)
			open_logical(set, group, member, logical, writable);
	}
	/* The logical volumes hold what they need. */
	for (size_t i = 0; i < ARRAY_SIZE(group->loops); i++) {
		if (group->members[i])
			group->members[i]->opened = true;
		if (group->loops[i].fd >= 0 && *group->loops[i].path)
			close(group->loops[i].fd);
	}
}

void lvm_open_all(struct volume_set *set, size_t from, const struct stack_request *request)
{
	size_t end = set->volumes.count;
	string_list done = {0};

	for (size_t i = from; i < end; i++) {
		struct volume *volume = set->volumes.items[i];
		struct group *group;
		bool known = false;

		if (volume->probe.content != CONTENT_LVM || !stack_may_open(volume))
			continue;
		group = ARENA_NEW(set->arena, struct group);
		group->machine = volume->machine;
		if (!read_description(set->arena, volume, &group->description)) {
			volume->trouble = "its description of the LVM group is missing or damaged";
			continue;
		}
		for (size_t j = 0; j < done.count; j++)
			known = known || string_equal(done.items[j], group->description.id);
		*array_push(set->arena, &done) = arena_strdup(set->arena, group->description.id);
		if (!known)
			open_group(set, group, volume, request->writable);
	}
}
