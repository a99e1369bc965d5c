/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the new objects inside the journal: complete, proven and on the disk before anything of the tree is touched. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

struct prepare {
	struct target *target;
	int journal;
	struct txn_error *error;
	struct txn_entry *entry;
	char slot[TXN_SLOT_SIZE];
};

static int fail(struct prepare *prepare, int error, const char *doing)
{
	return txn_fail(&prepare->target->arena, prepare->error, error, prepare->entry->path,
			"cannot %s; nothing was changed: %s", doing, strerror(-error));
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t length = write(fd, data, size);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return -EIO;
		data += length;
		size -= (size_t)length;
	}
	return 0;
}

/* The directory that will hold path, or the nearest one above that is there already. */
static int open_nearest_parent(const struct target *target, const char *path)
{
	char parent[PATH_MAX];
	char *slash;

	strcpy(parent, path);
	while ((slash = strrchr(parent, '/'))) {
		int fd;

		if (slash == parent)
			return txn_open_directory(target, target->write_fd, "/");
		*slash = '\0';
		fd = txn_open_directory(target, target->write_fd, parent);
		if (fd != -ENOENT)
			return fd;
	}
	return -ENOENT;
}

static int label_as_new(struct prepare *prepare, int fd)
{
	cleanup_fd int parent = open_nearest_parent(prepare->target, prepare->entry->path);

	if (parent < 0)
		return parent;
	return txn_label_new(parent, prepare->entry->path, prepare->entry->after.type, fd, prepare->journal,
			     prepare->slot);
}

/* ACL, extended attributes and label: those of the file that is replaced, or what its place asks for. */
static int give_attributes(struct prepare *prepare, int fd)
{
	const char *name, *attribute;
	cleanup_fd int parent = -1;
	cleanup_fd int old = -1;
	int result;

	if (prepare->entry->before.type != NODE_FILE) {
		result = txn_drop_acl(fd);
		if (result == 0)
			result = label_as_new(prepare, fd);
		return result < 0 ? fail(prepare, result, "label the new file") : 0;
	}
	parent = txn_open_parent(prepare->target, prepare->entry->path, &name);
	old = parent < 0 ? parent : txn_open_object(parent, name);
	if (old < 0)
		return fail(prepare, old, "open the file that is replaced");
	result = txn_copy_attributes(&prepare->target->arena, old, fd, &attribute);
	if (result < 0)
		return txn_fail(&prepare->target->arena, prepare->error, result, prepare->entry->path,
				"cannot keep its attribute %s; nothing was changed: %s", attribute, strerror(-result));
	return 0;
}

static int give_owner_and_mode(struct prepare *prepare, int fd)
{
	const struct txn_object *after = &prepare->entry->after;
	struct stat status;
	int result;

	if (fstat(fd, &status) < 0)
		return -errno;
	/* Owner first: a change of owner takes set-user-ID bits away. */
	if ((status.st_uid != after->uid || status.st_gid != after->gid) && fchown(fd, after->uid, after->gid) < 0)
		return -errno;
	if (fchmod(fd, after->mode) < 0)
		return -errno;
	result = give_attributes(prepare, fd);
	if (result < 0)
		return result;
	/* An ACL that was copied has set the mode to the old file's. */
	return fchmod(fd, after->mode) < 0 ? -errno : 0;
}

/* Reads everything back, and takes note of inode and time. */
static int prove(struct prepare *prepare, int fd)
{
	const struct txn_object expected = prepare->entry->after;
	struct txn_object *after = &prepare->entry->after;
	int result = txn_look(prepare->journal, prepare->slot, fd < 0, after);

	if (result == 0 && fd >= 0) {
		result = txn_hash_fd(fd, after->hash);
		after->hashed = result == 0;
	}
	if (result < 0)
		return fail(prepare, result, "read the new file back");
	if (!txn_object_matches(&expected, after))
		return fail(prepare, -EIO, "prove the new file: it reads back differently");
	return 0;
}

static int make_file(struct prepare *prepare)
{
	cleanup_fd int fd = openat(prepare->journal, prepare->slot,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	const struct blob *content = &prepare->entry->change->after.content;
	int result;

	if (fd < 0)
		return fail(prepare, -errno, "make the new file");
	result = write_all(fd, content->data, content->size);
	if (result < 0)
		return fail(prepare, result, "write the new file");
	result = give_owner_and_mode(prepare, fd);
	if (result < 0)
		return fail(prepare, result, "give the new file its owner and mode");
	result = prove(prepare, fd);
	if (result < 0)
		return result;
	/* Never tried again: the pages that failed may count as clean then. */
	if (fsync(fd) < 0)
		return fail(prepare, -errno, "bring the new file to the disk");
	return 0;
}

static int make_link(struct prepare *prepare)
{
	const struct txn_object *after = &prepare->entry->after;
	struct stat status;
	const char *name;
	int result = 0;

	if (symlinkat(prepare->entry->change->after.link, prepare->journal, prepare->slot) < 0)
		return fail(prepare, -errno, "make the new link");
	if (fstatat(prepare->journal, prepare->slot, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(prepare, -errno, "make the new link");
	if ((status.st_uid != after->uid || status.st_gid != after->gid) &&
	    fchownat(prepare->journal, prepare->slot, after->uid, after->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(prepare, -errno, "give the new link its owner");
	if (prepare->entry->before.type == NODE_SYMLINK) {
		cleanup_fd int parent = txn_open_parent(prepare->target, prepare->entry->path, &name);

		result = parent < 0 ? parent : txn_copy_link_label(parent, name, prepare->journal, prepare->slot);
	} else {
		result = label_as_new(prepare, -1);
	}
	return result < 0 ? fail(prepare, result, "label the new link") : prove(prepare, -1);
}

int txn_prepare(struct target *target, int journal, struct txn_manifest *manifest, struct txn_error *error)
{
	for (size_t i = 0; i < manifest->entries.count; i++) {
		struct txn_entry *entry = &manifest->entries.items[i];
		struct prepare prepare = {.target = target, .journal = journal, .error = error, .entry = entry};
		int result;

		if (entry->operation != TXN_REPLACE && entry->operation != TXN_CREATE)
			continue;
		txn_slot_name(i + 1, TXN_SLOT_AFTER, prepare.slot);
		result = entry->after.type == NODE_FILE ? make_file(&prepare) : make_link(&prepare);
		if (result < 0)
			return result;
	}
	return 0;
}
