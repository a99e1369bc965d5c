/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finishes what earlier runs left: what was prepared is rolled back, an undo that was begun is completed. */
#include "txn/journal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

struct settle {
	struct target *target;
	struct txn_store *store;
	struct txn_settle_report *report;
};

static struct txn_settled *add(struct settle *settle, const char *id, enum txn_state was)
{
	struct txn_settled *settled = array_push(&settle->target->arena, &settle->report->settled);

	*settled = (struct txn_settled){.was = was, .now = was};
	strcpy(settled->id, id);
	return settled;
}

static int set_state(struct settle *settle, struct txn_settled *settled, int journal, enum txn_state state)
{
	bool unsynced;
	int result = txn_journal_set_state(journal, settled->was, state, &unsynced);

	if (result == 0 && unsynced)
		result = -EIO;
	if (result < 0)
		return txn_fail(&settle->target->arena, &settled->error, result, TXN_STORE,
				"cannot mark transaction %s as %s: %s", settled->id, txn_state_name(state),
				strerror(-result));
	settled->now = state;
	return 0;
}

static int settle_prepared(struct settle *settle, struct txn_settled *settled, int journal,
			   const struct txn_manifest *manifest)
{
	int result = txn_roll_back(settle->target, journal, manifest, manifest->entries.count, &settled->left,
				   &settled->restored, &settled->error);

	if (result < 0)
		return result;
	if (settled->left.count > 0)
		return set_state(settle, settled, journal, TXN_ABANDONED);
	result = txn_journal_remove(settle->store, journal, settled->id);
	/* Nothing is left to be taken back; what could not be removed is removed next time. */
	if (result < 0 && result != -ENOTEMPTY)
		return txn_fail(&settle->target->arena, &settled->error, result, TXN_STORE,
				"cannot remove transaction %s: %s", settled->id, strerror(-result));
	settled->now = TXN_STAGING;
	return 0;
}

static int settle_undoing(struct settle *settle, struct txn_settled *settled, int journal,
			  const struct txn_manifest *manifest)
{
	struct txn_undo_report report = {0};
	int result;

	for (size_t i = 0; i < manifest->directories.count; i++)
		manifest->directories.items[i].restore_time = true;
	result = txn_undo_run(settle->target, journal, manifest, TXN_RESTORE_RESUME, &report);
	settled->restored = (unsigned)report.restored.count;
	memcpy(&settled->left, &report.refused, sizeof(settled->left));
	if (result < 0 && result != -ESTALE) {
		settled->error = report.error;
		return result;
	}
	settled->now = result == 0 ? TXN_UNDONE : TXN_COMMITTED;
	return 0;
}

static int settle_unfinished(struct settle *settle, const char *id, int journal, enum txn_state state)
{
	struct txn_settled *settled = add(settle, id, state);
	struct arena *arena = &settle->target->arena;
	struct txn_manifest manifest;
	const char *damage;
	int result = txn_journal_read(journal, id, state, arena, &manifest, &damage);

	if (result == -EUCLEAN) {
		result = set_state(settle, settled, journal, TXN_DAMAGED);
		settled->was = TXN_DAMAGED;
		if (result == 0)
			*array_push(arena, &settled->left) =
			    (struct txn_path){.path = arena_printf(arena, "%s/%s", TXN_STORE, id), .reason = damage};
		return result;
	}
	if (result < 0)
		return txn_fail(arena, &settled->error, result, TXN_STORE, "cannot read transaction %s: %s", id,
				damage ? damage : strerror(-result));
	return state == TXN_PREPARED ? settle_prepared(settle, settled, journal, &manifest)
				     : settle_undoing(settle, settled, journal, &manifest);
}

/* What a crash at the very end of an undo left. */
static void drop_images(struct settle *settle, const char *id, int journal)
{
	struct txn_manifest manifest;
	const char *damage;

	if (txn_journal_has_images(journal, false) &&
	    txn_journal_read(journal, id, TXN_UNDONE, &settle->target->arena, &manifest, &damage) == 0)
		txn_journal_drop_images(journal, &manifest);
}

static int settle_one(struct settle *settle, const char *id)
{
	cleanup_fd int journal = txn_journal_open(settle->store, id);
	enum txn_state state;

	/* Not this program's: it has no part in anything. */
	if (journal == -EUCLEAN || (journal >= 0 && txn_journal_state(journal, &state) < 0))
		return 0;
	if (journal < 0)
		return txn_fail(&settle->target->arena, &settle->report->error, journal, TXN_STORE,
				"cannot open transaction %s: %s", id, strerror(-journal));
	switch (state) {
	case TXN_STAGING:
		/* Originals without a manifest are no litter. */
		if (!txn_journal_has_images(journal, true))
			txn_journal_remove(settle->store, journal, id);
		return 0;
	case TXN_PREPARED:
	case TXN_UNDOING:
		return settle_unfinished(settle, id, journal, state);
	case TXN_UNDONE:
		drop_images(settle, id, journal);
		return 0;
	default:
		return 0;
	}
}

/* Newest first, as undo would. */
static int settle_all(struct settle *settle)
{
	txn_name_list names = {0};
	int first = txn_store_list(settle->store, &settle->target->arena, &names, &settle->report->error);

	for (size_t i = names.count; first == 0 && i-- > 0;)
		first = settle_one(settle, names.items[i].id);
	if (first == 0)
		txn_store_remove_if_empty(settle->store);
	return first;
}

int txn_settle(struct target *target, struct txn_settle_report *report)
{
	cleanup_store struct txn_store store = {.etc = -1, .fd = -1};
	struct settle settle = {.target = target, .store = &store, .report = report};
	struct txn_signals signals;
	int result;

	*report = (struct txn_settle_report){0};
	txn_signals_hold(&signals);
	result = txn_store_open(target, &target->arena, TXN_STORE_LOCK, &store, &report->error);
	if (result == 0 && store.fd >= 0)
		result = settle_all(&settle);
	txn_signals_release(&signals);
	return result;
}
