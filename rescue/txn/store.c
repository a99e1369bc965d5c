/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/sshrescue as a whole: trusted only as root's own directory. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"

#define STORE_NAME "sshrescue"

enum {
	OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
	OPEN_RETRIES = 3,
	SERIAL_DIGITS = 18,
};

/* What is wrong with a directory of the journal, or NULL. */
static const char *distrust(int fd, bool directory_of_etc, int etc)
{
	struct stat status, parent;

	if (fstat(fd, &status) < 0)
		return "it cannot be examined";
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return "it belongs to somebody else";
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return "others than its owner may use it (its mode is not 0700)";
	if (directory_of_etc && (fstat(etc, &parent) < 0 || parent.st_dev != status.st_dev))
		return "it is not on the filesystem of /etc";
	return NULL;
}

static int set_modified(int directory, const struct timespec *time)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *time};

	return futimens(directory, times) < 0 ? -errno : 0;
}

static int complete_store(int etc, const struct timespec *etc_modified)
{
	cleanup_fd int fd = -1;
	/* The journal's own coming leaves no trace on /etc, so that undo can promise every time of the tree. */
	int result = set_modified(etc, etc_modified);

	if (result < 0)
		return result;
	fd = openat(etc, STORE_NAME, OPEN_DIRECTORY);
	if (fd < 0 || fchmod(fd, 0700) < 0)
		return -errno;
	result = txn_drop_acl(fd);
	if (result < 0)
		return result;
	return txn_label_new(etc, TXN_STORE, NODE_DIRECTORY, fd, -1, NULL);
}

static int make_store(int etc)
{
	struct stat before;
	int result;

	if (fstat(etc, &before) < 0)
		return -errno;
	result = mkdirat(etc, STORE_NAME, 0700) < 0 ? -errno : complete_store(etc, &before.st_mtim);
	if (result < 0 && unlinkat(etc, STORE_NAME, AT_REMOVEDIR) == 0)
		set_modified(etc, &before.st_mtim);
	return result;
}

static int open_store_once(struct arena *arena, unsigned flags, struct txn_store *store, struct txn_error *error)
{
	const char *doubt;

	store->fd = openat(store->etc, STORE_NAME, OPEN_DIRECTORY);
	if (store->fd < 0 && errno == ENOENT) {
		int result;

		if (!(flags & TXN_STORE_CREATE))
			return 0;
		result = make_store(store->etc);
		if (result < 0)
			return txn_fail(arena, error, result, TXN_STORE, "cannot make the journal: %s",
					strerror(-result));
		store->fd = openat(store->etc, STORE_NAME, OPEN_DIRECTORY);
	}
	if (store->fd < 0) {
		int result = errno == ELOOP || errno == ENOTDIR ? -EUCLEAN : -errno;

		return txn_fail(arena, error, result, TXN_STORE, "%s",
				result == -EUCLEAN ? "it is not a directory, and so not a journal" : strerror(-result));
	}
	doubt = distrust(store->fd, true, store->etc);
	if (doubt)
		return txn_fail(arena, error, -EUCLEAN, TXN_STORE, "it cannot be trusted as a journal: %s", doubt);
	if ((flags & TXN_STORE_LOCK) && flock(store->fd, LOCK_EX | LOCK_NB) < 0) {
		int result = errno == EWOULDBLOCK ? -EBUSY : -errno;

		return txn_fail(arena, error, result, TXN_STORE, "%s",
				result == -EBUSY ? "another sshrescue is at work on this root" : strerror(-result));
	}
	return 0;
}

/* Whether the name still says the directory that was opened: another run may have removed it before it was locked. */
static bool store_is_current(const struct txn_store *store)
{
	struct stat opened, named;

	return fstat(store->fd, &opened) == 0 && fstatat(store->etc, STORE_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

int txn_store_open(struct target *target, struct arena *arena, unsigned flags, struct txn_store *ret,
		   struct txn_error *error)
{
	int root = target->write_fd >= 0 ? target->write_fd : target->root_fd;

	*ret = (struct txn_store){.etc = -1, .fd = -1};
	if (flags && target->write_fd < 0)
		return txn_fail(arena, error, -EBADF, NULL, "the root was not opened for writing");
	ret->etc = txn_open_directory(target, root, "/etc");
	if (ret->etc < 0) {
		int result = ret->etc;

		if (!(flags & TXN_STORE_CREATE) && (result == -ENOENT || result == -ENOTDIR))
			return 0;
		return txn_fail(arena, error, result, "/etc", "%s", strerror(-result));
	}
	for (int i = 0; i < OPEN_RETRIES; i++) {
		int result = open_store_once(arena, flags, ret, error);

		if (result == 0 && (ret->fd < 0 || !(flags & TXN_STORE_LOCK) || store_is_current(ret)))
			return 0;
		if (ret->fd >= 0)
			close(ret->fd);
		ret->fd = -1;
		if (result < 0)
			return result;
	}
	return txn_fail(arena, error, -EBUSY, TXN_STORE, "another sshrescue is at work on this root");
}

void txn_store_close(struct txn_store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	if (store->etc >= 0)
		close(store->etc);
	store->fd = store->etc = -1;
}

void txn_store_remove_if_empty(struct txn_store *store)
{
	struct stat before;

	if (store->fd < 0 || fstat(store->etc, &before) < 0)
		return;
	if (unlinkat(store->etc, STORE_NAME, AT_REMOVEDIR) < 0)
		return;
	/* What fails here costs no more than a directory's time. */
	if (set_modified(store->etc, &before.st_mtim) == 0)
		fsync(store->etc);
}

static bool take_digits(const char **text, size_t minimum, size_t maximum)
{
	size_t count = 0;

	while (char_is_digit((*text)[count]))
		count++;
	*text += count;
	return count >= minimum && count <= maximum;
}

/* YYYYMMDD-HHMMSS-SERIAL */
bool txn_id_is_valid(const char *id, uint64_t *ret_serial)
{
	const char *serial;
	uint64_t value;

	if (!take_digits(&id, 8, 8) || *id++ != '-' || !take_digits(&id, 6, 6) || *id++ != '-')
		return false;
	serial = id;
	if (!take_digits(&id, 1, SERIAL_DIGITS) || *id || *serial == '0' || !parse_number(serial, UINT64_MAX, &value))
		return false;
	if (ret_serial)
		*ret_serial = value;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	const struct txn_name *x = a, *y = b;

	if (x->serial != y->serial)
		return x->serial < y->serial ? -1 : 1;
	return strcmp(x->id, y->id);
}

int txn_store_list(const struct txn_store *store, struct arena *arena, txn_name_list *ret, struct txn_error *error)
{
	int fd = openat(store->fd, ".", OPEN_DIRECTORY);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	if (!stream) {
		int result = -errno;

		if (fd >= 0)
			close(fd);
		return txn_fail(arena, error, result, TXN_STORE, "cannot list the journal: %s", strerror(-result));
	}
	while (errno = 0, (item = readdir(stream))) {
		struct txn_name *name;
		uint64_t serial;

		if (!txn_id_is_valid(item->d_name, &serial))
			continue;
		if (ret->count == TXN_LIST_LIMIT)
			return txn_fail(arena, error, -E2BIG, TXN_STORE, "the journal holds too many transactions");
		name = array_push(arena, ret);
		memset(name, 0, sizeof(*name));
		strcpy(name->id, item->d_name);
		name->serial = serial;
	}
	if (errno)
		return txn_fail(arena, error, -errno, TXN_STORE, "cannot list the journal: %s", strerror(errno));
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
	return 0;
}

int txn_journal_open(const struct txn_store *store, const char *id)
{
	cleanup_fd int fd = openat(store->fd, id, OPEN_DIRECTORY);

	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EUCLEAN : -errno;
	return distrust(fd, false, -1) ? -EUCLEAN : steal_fd(&fd);
}
