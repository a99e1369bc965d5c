/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at everything a transaction is going to touch, before anything is written. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "txn/kernel.h"

/* Filesystems of which the order of a transaction is known to survive a crash: a rename takes effect as a whole, and
 * fsync of file and directory makes it last. */
static const int known_filesystems[] = {
    MAGIC_EXT, /* ext2 without a journal, too, as far as a crash leaves it consistent at all */
    MAGIC_XFS,	     MAGIC_BTRFS, MAGIC_F2FS, MAGIC_BCACHEFS, MAGIC_ZFS, /* without RENAME_EXCHANGE before 2.2 */
    MAGIC_OVERLAYFS, /* as its upper layer */
    MAGIC_TMPFS, /* nothing of them survives a crash, and image builds use them */
    MAGIC_RAMFS,
};

struct preflight {
	struct target *target;
	struct arena *arena;
	struct txn_manifest *manifest;
	struct txn_error *error;
	struct kernel_statx journal; /* /etc, where the journal is or will be */
	uint64_t bytes, inodes; /* needed */
	uint64_t block;
};

static int refuse(struct preflight *preflight, int error, const char *path, const char *sentence)
{
	return txn_fail(preflight->arena, preflight->error, error, path, "%s", sentence);
}

static bool is_known_filesystem(int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_filesystems); i++) {
		if (known_filesystems[i] == type)
			return true;
	}
	return false;
}

/* Immutable or append-only, as far as the kernel or the filesystem tells. fd may be -1. */
static bool is_protected(const struct kernel_statx *status, int fd)
{
	const uint64_t wanted = KERNEL_STATX_ATTR_IMMUTABLE | KERNEL_STATX_ATTR_APPEND;
	unsigned long flags = 0;

	if (status->attributes & wanted)
		return true;
	if ((status->attributes_mask & wanted) == wanted || fd < 0)
		return false;
	/* ioctl_iflags(2) writes an int, whatever its number says. */
	return ioctl(fd, (int)KERNEL_FS_IOC_GETFLAGS, &flags) == 0 &&
	       ((int)flags & (KERNEL_FS_IMMUTABLE_FL | KERNEL_FS_APPEND_FL));
}

static bool same_mount(const struct kernel_statx *a, const struct kernel_statx *b)
{
	if (a->device_major != b->device_major || a->device_minor != b->device_minor)
		return false;
	return !(a->mask & b->mask & KERNEL_STATX_MNT_ID) || a->mount == b->mount;
}

/* A directory that is written to, or that holds what is written to. */
static int check_filesystem(struct preflight *preflight, int directory, const char *path)
{
	struct statfs filesystem;

	if (fstatfs(directory, &filesystem) < 0)
		return refuse(preflight, -errno, path, strerror(errno));
	if (filesystem.f_flags & ST_RDONLY)
		return refuse(preflight, -EROFS, path, "it is on a read-only filesystem");
	if (!is_known_filesystem((int)filesystem.f_type))
		return txn_fail(preflight->arena, preflight->error, -EOPNOTSUPP, path,
				"its filesystem (type 0x%x) is not one that is known to keep a transaction whole",
				(unsigned)filesystem.f_type);
	return 0;
}

/* The parent of a path whose name comes, goes or changes. */
static int check_parent(struct preflight *preflight, int parent, const char *path, bool moves)
{
	struct kernel_statx status;
	int result = kernel_statx(parent, "", &status);

	if (result < 0)
		return refuse(preflight, result, path, strerror(-result));
	if (is_protected(&status, parent))
		return refuse(preflight, -EPERM, path, "its directory is immutable or append-only");
	if (moves && !same_mount(&status, &preflight->journal))
		return refuse(preflight, -EXDEV, path,
			      "it is on another filesystem or mount than /etc, where the journal is: it cannot be "
			      "replaced in one step");
	return check_filesystem(preflight, parent, path);
}

static int check_object(struct preflight *preflight, int parent, const char *name, const char *path,
			enum txn_operation operation)
{
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_PATH | O_CLOEXEC);
	cleanup_fd int readable = -1;
	struct kernel_statx status;
	int result = fd < 0 ? -errno : kernel_statx(fd, "", &status);

	if (result < 0)
		return refuse(preflight, result, path, strerror(-result));
	if (S_ISREG(status.mode) || S_ISDIR(status.mode))
		readable = txn_open_object(parent, name);
	if (is_protected(&status, readable))
		return refuse(preflight, -EPERM, path, "it is immutable or append-only");
	if (status.attributes & KERNEL_STATX_ATTR_VERITY && operation == TXN_REPLACE)
		return refuse(preflight, -EPERM, path, "it is sealed by fs-verity");
	if (S_ISREG(status.mode) && status.link_count > 1 && operation != TXN_REMOVE)
		return refuse(preflight, -EMLINK, path, "the file has more than one name (hard links)");
	if (operation != TXN_ATTRIBUTES && (status.attributes & KERNEL_STATX_ATTR_MOUNT_ROOT))
		return refuse(preflight, -EBUSY, path, "something is mounted on it");
	return 0;
}

/* What is on disk must be what the plan looked at. */
static int compare_analysed(struct preflight *preflight, const struct txn_entry *entry)
{
	const struct node *node = &entry->change->before;
	const struct txn_object *now = &entry->before;
	unsigned char hash[SHA256_SIZE];
	bool same = node->type == now->type;

	if (same && node->type != NODE_ABSENT) {
		if (node->type != NODE_SYMLINK)
			same = node->mode == (now->mode & 07777);
		same = same && node->uid == now->uid && node->gid == now->gid;
		if (node->inode)
			same = same && node->inode == now->inode && txn_same_time(&node->modified, &now->modified);
		if (node->type == NODE_FILE && entry->operation == TXN_REPLACE && node->content.data && now->hashed) {
			sha256_of(node->content.data, node->content.size, hash);
			same = same && memcmp(hash, now->hash, SHA256_SIZE) == 0;
		}
		if (node->type == NODE_SYMLINK && node->link && now->hashed) {
			sha256_of(node->link, strlen(node->link), hash);
			same = same && memcmp(hash, now->hash, SHA256_SIZE) == 0;
		}
	}
	return same ? 0
		    : refuse(preflight, -ESTALE, entry->path,
			     "it has changed since it was analysed; nothing was written");
}

static bool same_content(const struct node *before, const struct node *after)
{
	if (before->type != after->type)
		return false;
	if (before->type == NODE_SYMLINK)
		return before->link && after->link && string_equal(before->link, after->link);
	return before->type != NODE_FILE || !before->content.data || !after->content.data ||
	       (before->content.size == after->content.size &&
		memcmp(before->content.data, after->content.data, after->content.size) == 0);
}

/* TXN_OPERATION_COUNT: nothing to do. */
static int classify(const struct change *change, enum txn_operation *ret)
{
	const struct node *before = &change->before, *after = &change->after;
	bool made = after->type == NODE_FILE || after->type == NODE_SYMLINK;
	bool same = before->type == after->type &&
		    (!change->content || before->type == NODE_DIRECTORY || same_content(before, after));

	*ret = TXN_OPERATION_COUNT;
	if (before->type == NODE_ABSENT && after->type == NODE_ABSENT)
		return 0;
	if (same) {
		if (before->mode != after->mode && before->type != NODE_SYMLINK)
			*ret = TXN_ATTRIBUTES;
		if (before->uid != after->uid || before->gid != after->gid)
			*ret = TXN_ATTRIBUTES;
		return 0;
	}
	if (before->type == NODE_ABSENT && made)
		*ret = TXN_CREATE;
	else if (before->type == NODE_ABSENT && after->type == NODE_DIRECTORY)
		*ret = TXN_MKDIR;
	else if (before->type != NODE_DIRECTORY && after->type == NODE_ABSENT)
		*ret = TXN_REMOVE;
	else if (before->type != NODE_DIRECTORY && made)
		*ret = TXN_REPLACE;
	else
		return -EOPNOTSUPP;
	return 0;
}

/* What the path will hold, as far as it is known before it is made. */
static void expect_after(struct txn_entry *entry)
{
	const struct node *node = &entry->change->after;
	struct txn_object *after = &entry->after;

	*after =
	    (struct txn_object){.type = node->type, .mode = node->mode & 07777, .uid = node->uid, .gid = node->gid};
	if (entry->operation == TXN_ATTRIBUTES) {
		after->size = entry->before.size;
		after->modified = entry->before.modified;
		after->inode = entry->before.inode;
	} else if (node->type == NODE_FILE) {
		after->size = node->content.size;
		sha256_of(node->content.data, node->content.size, after->hash);
		after->hashed = true;
	} else if (node->type == NODE_SYMLINK) {
		after->size = strlen(node->link);
		sha256_of(node->link, after->size, after->hash);
		after->hashed = true;
	}
	if (node->type == NODE_SYMLINK)
		after->mode = 0777;
}

static bool made_by_transaction(const struct txn_manifest *manifest, const char *path)
{
	for (size_t i = 0; i < manifest->entries.count; i++) {
		const struct txn_entry *entry = &manifest->entries.items[i];

		if (entry->operation == TXN_MKDIR && string_equal(entry->path, path))
			return true;
	}
	return false;
}

static int remember_directory(struct preflight *preflight, int parent, const char *path)
{
	struct txn_manifest *manifest = preflight->manifest;
	struct txn_directory *directory = txn_manifest_directory(manifest, path);
	struct stat status;
	size_t at = 0;
	char *own;

	if (directory)
		return 0;
	if (fstat(parent, &status) < 0)
		return refuse(preflight, -errno, path, strerror(errno));
	own = txn_parent_path(preflight->arena, path);
	array_push(preflight->arena, &manifest->directories);
	directory = manifest->directories.items;
	while (at + 1 < manifest->directories.count && strcmp(directory[at].path, own) < 0)
		at++;
	memmove(&directory[at + 1], &directory[at], (manifest->directories.count - 1 - at) * sizeof(*directory));
	directory[at] = (struct txn_directory){.path = own, .modified = status.st_mtim};
	return 0;
}

static void add_needs(struct preflight *preflight, const struct txn_entry *entry)
{
	preflight->bytes += 1024; /* its part of the manifest, and its names */
	if (entry->operation == TXN_ATTRIBUTES || entry->operation == TXN_REMOVE)
		return;
	preflight->inodes++;
	preflight->bytes += (entry->after.size + preflight->block - 1) / preflight->block * preflight->block;
	if (entry->operation == TXN_MKDIR)
		preflight->bytes += preflight->block;
}

static int check_entry(struct preflight *preflight, struct txn_entry *entry)
{
	bool moves =
	    entry->operation == TXN_REPLACE || entry->operation == TXN_CREATE || entry->operation == TXN_REMOVE;
	bool hash = entry->operation != TXN_ATTRIBUTES;
	const char *name;
	cleanup_fd int parent = txn_open_parent(preflight->target, entry->path, &name);
	int result;

	if (parent == -ENOENT && entry->change->before.type == NODE_ABSENT &&
	    made_by_transaction(preflight->manifest, txn_parent_path(preflight->arena, entry->path))) {
		expect_after(entry);
		return 0;
	}
	if (parent < 0)
		return refuse(preflight, parent == -ENOENT || parent == -ENOTDIR ? -ESTALE : parent, entry->path,
			      parent == -ENOTDIR  ? "a directory on the way is something else now"
			      : parent == -ENOENT ? "its directory is missing"
						  : strerror(-parent));
	result = txn_look(parent, name, hash, &entry->before);
	if (result < 0)
		return refuse(preflight, result, entry->path, strerror(-result));
	result = compare_analysed(preflight, entry);
	if (result == 0 && entry->operation != TXN_ATTRIBUTES)
		result = check_parent(preflight, parent, entry->path, moves);
	if (result == 0 && entry->operation == TXN_ATTRIBUTES)
		result = check_filesystem(preflight, parent, entry->path);
	if (result == 0 && entry->before.type != NODE_ABSENT)
		result = check_object(preflight, parent, name, entry->path, entry->operation);
	if (result == 0 && entry->operation != TXN_ATTRIBUTES)
		result = remember_directory(preflight, parent, entry->path);
	expect_after(entry);
	return result;
}

static int check_space(struct preflight *preflight, int etc)
{
	struct statfs filesystem;
	uint64_t blocks, block;

	if (fstatfs(etc, &filesystem) < 0)
		return refuse(preflight, -errno, "/etc", strerror(errno));
	block = filesystem.f_bsize > 0 ? (uint64_t)filesystem.f_bsize : 4096;
	blocks = geteuid() == 0 ? filesystem.f_bfree : filesystem.f_bavail;
	/* Some filesystems (ramfs) count nothing. */
	if (filesystem.f_blocks > 0 && blocks < preflight->bytes / block + 4)
		return txn_fail(preflight->arena, preflight->error, -ENOSPC, "/etc",
				"its filesystem is full: the repair needs %llu KiB",
				(unsigned long long)(preflight->bytes + 4 * block) / 1024);
	if (filesystem.f_files > 0 && filesystem.f_ffree < preflight->inodes)
		return refuse(preflight, -ENOSPC, "/etc", "its filesystem has no inodes left");
	return 0;
}

static int open_etc(struct preflight *preflight)
{
	cleanup_fd int etc = txn_open_directory(preflight->target, preflight->target->write_fd, "/etc");
	struct statfs filesystem;
	int result = etc;

	if (etc >= 0)
		result = kernel_statx(etc, "", &preflight->journal);
	if (result < 0)
		return refuse(preflight, result, "/etc", strerror(-result));
	if (is_protected(&preflight->journal, etc))
		return refuse(preflight, -EPERM, "/etc", "it is immutable or append-only");
	result = check_filesystem(preflight, etc, "/etc");
	if (result < 0)
		return result;
	preflight->block =
	    fstatfs(etc, &filesystem) == 0 && filesystem.f_bsize > 0 ? (uint64_t)filesystem.f_bsize : 4096;
	return steal_fd(&etc);
}

int txn_preflight(struct target *target, struct txn_manifest *manifest, struct txn_error *error)
{
	struct preflight preflight = {.target = target, .arena = &target->arena, .manifest = manifest, .error = error};
	const struct staged *staged = target->staged;
	cleanup_fd int etc = open_etc(&preflight);

	if (etc < 0)
		return etc;
	preflight.inodes = 3; /* the journal, the transaction's directory, the manifest */
	preflight.bytes = 3 * preflight.block;
	for (size_t i = 0; i < staged->changes.count; i++) {
		struct txn_entry entry = {.change = &staged->changes.items[i], .path = staged->changes.items[i].path};
		int result = classify(entry.change, &entry.operation);

		if (result < 0)
			return refuse(&preflight, result, entry.path,
				      "a directory would have to make room for a file, or a file for a directory");
		if (entry.operation == TXN_OPERATION_COUNT)
			continue;
		if (manifest->entries.count == TXN_ENTRY_LIMIT)
			return refuse(&preflight, -E2BIG, entry.path, "the repair touches too many files at once");
		result = check_entry(&preflight, &entry);
		if (result < 0)
			return result;
		if (!txn_entry_is_allowed(&entry))
			return refuse(&preflight, -EPERM, entry.path, "repairs never touch it");
		add_needs(&preflight, &entry);
		*array_push(&target->arena, &manifest->entries) = entry;
	}
	return check_space(&preflight, etc);
}
