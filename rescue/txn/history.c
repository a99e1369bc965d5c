/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal says, for people. Reads only. */
#include "txn/journal.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static const char *operation_name(const struct txn_entry *entry)
{
	switch (entry->operation) {
	case TXN_REPLACE:
		return "replace";
	case TXN_CREATE:
		return "create";
	case TXN_REMOVE:
		return "remove";
	case TXN_MKDIR:
		return "mkdir";
	default:
		return entry->before.mode != entry->after.mode ? "chmod" : "chown";
	}
}

static void summarize(struct arena *arena, const struct txn_manifest *manifest, struct txn_summary *summary)
{
	summary->time = manifest->time;
	summary->tool_version = manifest->tool_version;
	summary->command = manifest->command;
	summary->problems = manifest->problems;
	for (size_t i = 0; i < manifest->entries.count; i++) {
		const struct txn_entry *entry = &manifest->entries.items[i];

		*array_push(arena, &summary->actions) =
		    (struct txn_action){.operation = operation_name(entry), .path = entry->path};
	}
}

/* false: nothing to tell of it. */
static bool read_summary(const struct txn_store *store, const char *id, bool only_pending, struct arena *arena,
			 struct txn_summary *ret)
{
	cleanup_fd int journal = txn_journal_open(store, id);
	struct txn_manifest manifest;
	enum txn_state state = TXN_DAMAGED;
	const char *damage = NULL;
	int result = journal;

	*ret = (struct txn_summary){.tool_version = "", .command = ""};
	strcpy(ret->id, id);
	if (journal >= 0)
		result = txn_journal_state(journal, &state);
	ret->state = state;
	if (result < 0) {
		ret->state = TXN_DAMAGED;
		ret->damage = "the transaction's directory is not one that sshrescue made";
		return !only_pending;
	}
	if (state == TXN_STAGING) {
		ret->state = TXN_DAMAGED;
		ret->damage = "the manifest is missing";
		return !only_pending && txn_journal_has_images(journal, true);
	}
	if (only_pending && state != TXN_PREPARED && state != TXN_UNDOING)
		return false;
	result = txn_journal_read(journal, id, state, arena, &manifest, &damage);
	if (result == 0) {
		summarize(arena, &manifest, ret);
	} else {
		ret->state = TXN_DAMAGED;
		ret->damage = damage ? damage : arena_strdup(arena, strerror(-result));
	}
	return true;
}

static int list(struct target *target, bool only_pending, struct arena *arena, txn_list *ret,
		struct txn_error *ret_error)
{
	cleanup_store struct txn_store store = {.etc = -1, .fd = -1};
	struct txn_error ignored = {0}, *error = ret_error ? ret_error : &ignored;
	txn_name_list names = {0};
	int result;

	*error = (struct txn_error){0};
	*ret = (txn_list){0};
	result = txn_store_open(target, arena, TXN_STORE_READ, &store, error);
	if (result < 0 || store.fd < 0)
		return result;
	result = txn_store_list(&store, arena, &names, error);
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		struct txn_summary summary;

		if (read_summary(&store, names.items[i].id, only_pending, arena, &summary))
			*array_push(arena, ret) = summary;
	}
	return result;
}

int txn_history(struct target *target, struct arena *arena, txn_list *ret, struct txn_error *ret_error)
{
	return list(target, false, arena, ret, ret_error);
}

int txn_pending(struct target *target, struct arena *arena, txn_list *ret, struct txn_error *ret_error)
{
	return list(target, true, arena, ret, ret_error);
}
