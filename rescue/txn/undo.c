/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a committed transaction back: a transaction of its own, committed -> undoing -> undone. */
#include "txn/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static void add_path(struct target *target, txn_path_list *list, const char *path, const char *reason)
{
	*array_push(&target->arena, list) = (struct txn_path){.path = path, .reason = reason};
}

static void undo_entry(struct target *target, int journal, const struct txn_manifest *manifest, size_t index,
		       unsigned flags, struct txn_undo_report *report)
{
	const char *path = manifest->entries.items[index].path;
	struct txn_directory *directory = txn_manifest_directory(manifest, path);
	struct txn_restored outcome = {0};
	int result = txn_restore(target, journal, manifest, index, flags, &outcome);

	/* What cannot be done must not keep the transaction unfinished for ever: undo can be called again. */
	if (result < 0)
		outcome = (struct txn_restored){.outcome = TXN_OUTCOME_LEFT,
						.reason = arena_strdup(&target->arena, strerror(-result))};
	switch (outcome.outcome) {
	case TXN_OUTCOME_ALREADY:
		add_path(target, &report->already, path, NULL);
		break;
	case TXN_OUTCOME_RESTORED:
		add_path(target, &report->restored, path, outcome.reason);
		break;
	case TXN_OUTCOME_LEFT:
		add_path(target, &report->refused, path, outcome.reason);
		if (directory)
			directory->left = true;
		break;
	}
}

int txn_undo_run(struct target *target, int journal, const struct txn_manifest *manifest, unsigned flags,
		 struct txn_undo_report *report)
{
	enum txn_state end;
	int result;

	for (size_t i = manifest->entries.count; i-- > 0;)
		undo_entry(target, journal, manifest, i, flags, report);
	/* Stays unfinished then, and the next run tries again: the images are still there. */
	result = txn_finish_directories(target, manifest, TXN_TIME_BEFORE, &report->error);
	if (result < 0)
		return result;
	end = report->refused.count > 0 ? TXN_COMMITTED : TXN_UNDONE;
	result = txn_journal_set_state(journal, TXN_UNDOING, end, &report->durability_unknown);
	if (result < 0)
		return txn_fail(&target->arena, &report->error, result, TXN_STORE,
				"cannot mark the transaction as %s: %s", txn_state_name(end), strerror(-result));
	if (end == TXN_UNDONE && !report->durability_unknown)
		txn_journal_drop_images(journal, manifest);
	if (end == TXN_UNDONE)
		return 0;
	return txn_fail(&target->arena, &report->error, -ESTALE, report->refused.items[0].path, "%s",
			report->refused.items[0].reason);
}

/* Filesystems keep times more or less finely: whole seconds at least. */
static bool is_stamp(const struct timespec *time, const struct timespec *stamp)
{
	return time->tv_sec == stamp->tv_sec && (time->tv_nsec == stamp->tv_nsec || time->tv_nsec == 0);
}

/* A directory that somebody else has changed since keeps its own time. */
static void look_at_directories(struct target *target, const struct txn_manifest *manifest)
{
	for (size_t i = 0; i < manifest->directories.count; i++) {
		struct txn_directory *directory = &manifest->directories.items[i];
		cleanup_fd int fd = txn_open_directory(target, target->write_fd, directory->path);
		struct stat status;

		directory->restore_time =
		    fd >= 0 && fstat(fd, &status) == 0 && is_stamp(&status.st_mtim, &manifest->stamp);
	}
}

struct choice {
	const char *id;
	enum txn_state state;
	bool found;
};

/* The transaction that is meant; and nothing may be unfinished. */
static int choose(struct target *target, const struct txn_store *store, const char *id, struct choice *ret,
		  struct txn_error *error)
{
	struct arena *arena = &target->arena;
	txn_name_list names = {0};
	int result = store->fd < 0 ? 0 : txn_store_list(store, arena, &names, error);

	*ret = (struct choice){0};
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		cleanup_fd int journal = txn_journal_open(store, names.items[i].id);
		enum txn_state state = TXN_DAMAGED;

		if (journal >= 0 && txn_journal_state(journal, &state) < 0)
			state = TXN_DAMAGED;
		if (state == TXN_PREPARED || state == TXN_UNDOING)
			return txn_fail(arena, error, -EBUSY, TXN_STORE,
					"transaction %s is unfinished and must be settled first", names.items[i].id);
		if (id ? string_equal(id, names.items[i].id) : state == TXN_COMMITTED)
			*ret = (struct choice){.id = names.items[i].id, .state = state, .found = true};
	}
	if (result < 0)
		return result;
	if (!ret->found)
		return id ? txn_fail(arena, error, -ENOENT, NULL, "there is no such transaction")
			  : txn_fail(arena, error, -ENOENT, NULL, "there is no repair to take back");
	if (ret->state == TXN_UNDONE)
		return txn_fail(arena, error, -EALREADY, NULL, "it is undone already");
	if (ret->state != TXN_COMMITTED)
		return txn_fail(arena, error, -ENOENT, NULL, "it is %s: there is nothing to take back",
				txn_state_name(ret->state));
	return 0;
}

static int start(struct target *target, int journal, const struct txn_manifest *manifest, bool force,
		 struct txn_error *error)
{
	struct txn_identity here;
	struct statfs filesystem;
	const char *difference;
	bool unsynced;
	int result;

	txn_identity_read(target, target->write_fd, &here);
	difference = txn_identity_differs(&manifest->identity, &here);
	if (difference && !force)
		return txn_fail(&target->arena, error, -EXDEV, NULL, "it was made on another root: the %s differs",
				difference);
	if (fstatfs(journal, &filesystem) == 0 && (filesystem.f_flags & ST_RDONLY))
		return txn_fail(&target->arena, error, -EROFS, TXN_STORE, "it is on a read-only filesystem");
	look_at_directories(target, manifest);
	result = txn_journal_set_state(journal, TXN_COMMITTED, TXN_UNDOING, &unsynced);
	if (result == 0 && unsynced) {
		txn_journal_set_state(journal, TXN_UNDOING, TXN_COMMITTED, &unsynced);
		result = -EIO;
	}
	if (result < 0)
		return txn_fail(&target->arena, error, result, TXN_STORE, "cannot begin: %s", strerror(-result));
	return 0;
}

static int undo(struct target *target, const char *id, bool force, struct txn_undo_report *report)
{
	struct txn_error *error = &report->error;
	cleanup_store struct txn_store store = {.etc = -1, .fd = -1};
	cleanup_fd int journal = -1;
	struct txn_manifest manifest;
	struct choice choice = {0};
	const char *damage;
	int result = txn_store_open(target, &target->arena, TXN_STORE_LOCK, &store, error);

	if (result == 0)
		result = choose(target, &store, id, &choice, error);
	if (result < 0)
		return result;
	strcpy(report->id, choice.id);
	journal = txn_journal_open(&store, choice.id);
	result = journal < 0 ? journal
			     : txn_journal_read(journal, choice.id, choice.state, &target->arena, &manifest, &damage);
	if (result < 0)
		return txn_fail(&target->arena, error, result, TXN_STORE, "%s",
				journal >= 0 && damage ? damage : strerror(-result));
	result = start(target, journal, &manifest, force, error);
	return result < 0 ? result : txn_undo_run(target, journal, &manifest, force ? TXN_RESTORE_FORCE : 0, report);
}

int txn_undo(struct target *target, const char *id, bool force, struct txn_undo_report *report)
{
	struct txn_signals signals;
	int result;

	*report = (struct txn_undo_report){0};
	txn_signals_hold(&signals);
	result = undo(target, id, force, report);
	txn_signals_release(&signals);
	return result;
}
