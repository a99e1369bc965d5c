/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings prepared entries into place, one atomic step each. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

struct step {
	int journal;
	int parent;
	const char *name;
	struct txn_entry *entry;
	char before[TXN_SLOT_SIZE], after[TXN_SLOT_SIZE];
};

static int replace(struct step *step)
{
	struct txn_swap swap = {.journal = step->journal,
				.slot = step->after,
				.spare = step->before,
				.parent = step->parent,
				.name = step->name,
				.expected = &step->entry->before};
	const char *slot;
	int result = txn_swap(&swap, &slot);

	if (result < 0 || slot == swap.spare)
		return result;
	return renameat(step->journal, step->after, step->journal, step->before) < 0 ? -errno : 0;
}

static int create(struct step *step)
{
	int result = txn_move(step->journal, step->after, step->parent, step->name);

	return result == -EEXIST ? -ESTALE : result;
}

static int make_directory(struct step *step)
{
	const struct txn_object *after = &step->entry->after;
	cleanup_fd int fd = -1;

	/* Private until it has its owner. */
	if (mkdirat(step->parent, step->name, 0700) < 0)
		return errno == EEXIST ? -ESTALE : -errno;
	fd = txn_open_object(step->parent, step->name);
	if (fd < 0)
		return fd;
	if (fchown(fd, after->uid, after->gid) < 0 || fchmod(fd, after->mode) < 0)
		return -errno;
	return txn_label_new(step->parent, step->entry->path, NODE_DIRECTORY, fd, -1, NULL);
}

static int execute(struct step *step)
{
	switch (step->entry->operation) {
	case TXN_REPLACE:
		return replace(step);
	case TXN_CREATE:
		return create(step);
	case TXN_REMOVE:
		return txn_take(step->parent, step->name, step->journal, step->before, &step->entry->before);
	case TXN_MKDIR:
		return make_directory(step);
	case TXN_ATTRIBUTES:
		return txn_set_attributes(step->parent, step->name, &step->entry->before, &step->entry->after);
	case TXN_OPERATION_COUNT:
		break;
	}
	return -EINVAL;
}

int txn_execute(struct target *target, int journal, struct txn_manifest *manifest, size_t index,
		struct txn_error *error)
{
	struct step step = {.journal = journal, .entry = &manifest->entries.items[index]};
	cleanup_fd int parent = txn_open_parent(target, step.entry->path, &step.name);
	int result = parent;

	if (parent >= 0) {
		step.parent = parent;
		txn_slot_name(index + 1, TXN_SLOT_BEFORE, step.before);
		txn_slot_name(index + 1, TXN_SLOT_AFTER, step.after);
		result = execute(&step);
	}
	if (result == -ESTALE)
		return txn_fail(&target->arena, error, result, step.entry->path,
				"it has changed since it was analysed");
	return result < 0 ? txn_fail(&target->arena, error, result, step.entry->path, "cannot change it: %s",
				     strerror(-result))
			  : 0;
}

/* Not the owner: then the time stays what it is, and undo will not touch it. */
static int set_time(int fd, const struct timespec *time)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *time};

	return futimens(fd, times) < 0 && errno != EPERM && errno != EACCES ? -errno : 0;
}

static int sync_directory(struct target *target, const char *path, const struct timespec *time)
{
	cleanup_fd int fd = txn_open_directory(target, target->write_fd, path);
	int result = 0;

	/* Gone, with everything in it. */
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (time)
		result = set_time(fd, time);
	if (fsync(fd) < 0 && result == 0)
		result = -errno;
	return result;
}

int txn_finish_directories(struct target *target, const struct txn_manifest *manifest, enum txn_directory_time time,
			   struct txn_error *error)
{
	int first = 0, result;

	for (size_t i = 0; i < manifest->directories.count; i++) {
		const struct txn_directory *directory = &manifest->directories.items[i];
		const struct timespec *wanted = NULL;

		if (time == TXN_TIME_STAMP || (directory->restore_time && directory->left))
			wanted = &manifest->stamp;
		else if (directory->restore_time)
			wanted = &directory->modified;
		result = sync_directory(target, directory->path, wanted);
		if (result < 0 && first == 0)
			first = txn_fail(&target->arena, error, result, directory->path,
					 "cannot bring the directory to the disk: %s", strerror(-result));
	}
	for (size_t i = 0; time == TXN_TIME_STAMP && i < manifest->entries.count; i++) {
		const struct txn_entry *entry = &manifest->entries.items[i];

		if (entry->operation != TXN_MKDIR)
			continue;
		result = sync_directory(target, entry->path, NULL);
		if (result < 0 && first == 0)
			first = txn_fail(&target->arena, error, result, entry->path,
					 "cannot bring the directory to the disk: %s", strerror(-result));
	}
	return first;
}
