/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	HASH_STEP = 16 * 1024,
};

int txn_hash_fd(int fd, unsigned char ret[SHA256_SIZE])
{
	struct sha256 hash;
	char buffer[HASH_STEP];
	off_t offset = 0;

	sha256_start(&hash);
	for (;;) {
		ssize_t length = pread(fd, buffer, sizeof(buffer), offset);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		sha256_add(&hash, buffer, (size_t)length);
		offset += length;
		if (offset > TARGET_FILE_LIMIT)
			return -EFBIG;
	}
	sha256_end(&hash, ret);
	return 0;
}

static enum node_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NODE_FILE;
	case S_IFDIR:
		return NODE_DIRECTORY;
	case S_IFLNK:
		return NODE_SYMLINK;
	default:
		return NODE_OTHER;
	}
}

/* O_NOATIME is the owner's and root's privilege: open(2). */
static int open_quietly(int directory, const char *name)
{
	enum {
		FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
	};
	int fd = openat(directory, name, FLAGS | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(directory, name, FLAGS);
	return fd < 0 ? -errno : fd;
}

int txn_open_object(int directory, const char *name)
{
	cleanup_fd int path = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int fd = -1;
	struct stat seen, opened;

	if (path < 0 || fstat(path, &seen) < 0)
		return -errno;
	if (!S_ISREG(seen.st_mode) && !S_ISDIR(seen.st_mode))
		return -ESTALE;
	fd = open_quietly(directory, name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &opened) < 0)
		return -errno;
	if (opened.st_ino != seen.st_ino || opened.st_dev != seen.st_dev)
		return -ESTALE;
	return steal_fd(&fd);
}

static int hash_link(int directory, const char *name, struct txn_object *object)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(directory, name, text, sizeof(text));

	if (length < 0)
		return -errno;
	sha256_of(text, (size_t)length, object->hash);
	object->hashed = true;
	return 0;
}

static int hash_file(int directory, const char *name, struct txn_object *object)
{
	cleanup_fd int fd = txn_open_object(directory, name);
	int result;

	if (fd < 0)
		return fd;
	result = txn_hash_fd(fd, object->hash);
	object->hashed = result == 0;
	return result;
}

int txn_look(int directory, const char *name, bool hash, struct txn_object *ret)
{
	struct stat status;

	*ret = (struct txn_object){.type = NODE_ABSENT};
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	ret->type = type_of(status.st_mode);
	ret->mode = ret->type == NODE_SYMLINK ? 0777 : status.st_mode & 07777;
	ret->uid = status.st_uid;
	ret->gid = status.st_gid;
	/* A directory's size says nothing, a device's number says it all. */
	if (ret->type == NODE_OTHER) {
		ret->mode |= status.st_mode & S_IFMT;
		ret->size = status.st_rdev;
	} else if (ret->type != NODE_DIRECTORY) {
		ret->size = (uint64_t)status.st_size;
	}
	ret->modified = status.st_mtim;
	ret->inode = status.st_ino;
	if (ret->type == NODE_SYMLINK)
		return hash_link(directory, name, ret);
	if (ret->type == NODE_FILE && hash && ret->size <= TARGET_FILE_LIMIT)
		return hash_file(directory, name, ret);
	return 0;
}

bool txn_object_matches(const struct txn_object *a, const struct txn_object *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == NODE_ABSENT)
		return true;
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid || a->size != b->size)
		return false;
	if (a->hashed && b->hashed)
		return memcmp(a->hash, b->hash, SHA256_SIZE) == 0;
	if (a->type != NODE_FILE)
		return true;
	/* Too large to read: the time has to do. */
	return txn_same_time(&a->modified, &b->modified);
}

bool txn_object_untouched(const struct txn_object *then, const struct txn_object *now, bool compare_inode)
{
	if (!txn_object_matches(then, now))
		return false;
	return then->type == NODE_ABSENT ||
	       (txn_same_time(&then->modified, &now->modified) && (!compare_inode || then->inode == now->inode));
}
