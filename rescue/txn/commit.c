/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction from its beginning to its end. The order is what makes it survive a crash at any point:
 * look at everything; make the new objects in the journal and bring them to the disk; likewise the manifest, which
 * becomes `prepared`; one atomic step per path; the directories; look again; `committed`.
 */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

struct commit {
	struct target *target;
	struct txn_manifest manifest;
	struct txn_store store;
	int journal;
	struct txn_result *result;
};

static int fail(struct commit *commit, int error, const char *path, const char *doing)
{
	return txn_fail(&commit->target->arena, &commit->result->error, error, path, "cannot %s: %s", doing,
			strerror(-error));
}

/* The next serial number; -EBUSY when something is unfinished. What a crash left before it was prepared goes. */
static int next_serial(struct commit *commit, uint64_t *ret)
{
	struct arena *arena = &commit->target->arena;
	txn_name_list names = {0};
	int result = txn_store_list(&commit->store, arena, &names, &commit->result->error);

	*ret = 1;
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		cleanup_fd int journal = txn_journal_open(&commit->store, names.items[i].id);
		enum txn_state state;

		*ret = names.items[i].serial + 1;
		if (journal < 0 || txn_journal_state(journal, &state) < 0)
			continue;
		if (state == TXN_STAGING && !txn_journal_has_images(journal, true))
			txn_journal_remove(&commit->store, journal, names.items[i].id);
		if (state == TXN_PREPARED || state == TXN_UNDOING)
			return txn_fail(arena, &commit->result->error, -EBUSY, TXN_STORE,
					"transaction %s is unfinished and must be settled first", names.items[i].id);
	}
	return result;
}

static int name_transaction(struct commit *commit)
{
	struct txn_manifest *manifest = &commit->manifest;
	struct timespec now;
	struct tm parts;
	uint64_t serial;
	int result = next_serial(commit, &serial);

	if (result < 0)
		return result;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || !gmtime_r(&now.tv_sec, &parts))
		return fail(commit, -EOVERFLOW, NULL, "tell the time");
	manifest->time = now.tv_sec < 0 ? 0 : now.tv_sec;
	manifest->stamp = now;
	snprintf(manifest->id, sizeof(manifest->id), "%04u%02u%02u-%02u%02u%02u-%" PRIu64,
		 ((unsigned)parts.tm_year + 1900) % 10000, ((unsigned)parts.tm_mon + 1) % 100,
		 (unsigned)parts.tm_mday % 100, (unsigned)parts.tm_hour % 100, (unsigned)parts.tm_min % 100,
		 (unsigned)parts.tm_sec % 100, serial);
	return txn_id_is_valid(manifest->id, NULL) ? 0 : fail(commit, -EOVERFLOW, TXN_STORE, "number the transaction");
}

/* The manifest comes first, empty. */
static int make_journal(struct commit *commit, int *ret_manifest)
{
	const char *path;
	int result;

	if (mkdirat(commit->store.fd, commit->manifest.id, 0700) < 0)
		return fail(commit, -errno, TXN_STORE, "make the transaction's directory");
	commit->journal = txn_journal_open(&commit->store, commit->manifest.id);
	if (commit->journal < 0)
		return fail(commit, commit->journal, TXN_STORE, "open the transaction's directory");
	if (fchmod(commit->journal, 0700) < 0)
		return fail(commit, -errno, TXN_STORE, "keep the transaction's directory private");
	result = txn_drop_acl(commit->journal);
	if (result < 0)
		return fail(commit, result, TXN_STORE, "keep the transaction's directory private");
	*ret_manifest =
	    openat(commit->journal, TXN_MANIFEST_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*ret_manifest < 0)
		return fail(commit, -errno, TXN_STORE, "make the manifest");
	path = arena_printf(&commit->target->arena, TXN_STORE "/%s", commit->manifest.id);
	result = txn_label_new(commit->store.fd, path, NODE_DIRECTORY, commit->journal, -1, NULL);
	if (result == 0)
		result =
		    txn_label_new(commit->journal, arena_printf(&commit->target->arena, "%s/" TXN_MANIFEST_NEW, path),
				  NODE_FILE, *ret_manifest, -1, NULL);
	return result < 0 ? fail(commit, result, TXN_STORE, "label the transaction's directory") : 0;
}

static int write_manifest(struct commit *commit, int fd)
{
	struct blob text = txn_manifest_format(&commit->target->arena, &commit->manifest);
	struct txn_manifest check;
	const char *damage;

	/* What is written must be accepted when it is read, or the next run could not settle it. */
	if (text.size > TXN_MANIFEST_LIMIT || txn_manifest_parse(&commit->target->arena, &text, &check, &damage) < 0)
		return fail(commit, -EINVAL, TXN_STORE, "write a manifest of these changes");
	while (text.size > 0) {
		ssize_t length = write(fd, text.data, text.size);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return fail(commit, length < 0 ? -errno : -EIO, TXN_STORE, "write the manifest");
		text.data += length;
		text.size -= (size_t)length;
	}
	if (fsync(fd) < 0)
		return fail(commit, -errno, TXN_STORE, "bring the manifest to the disk");
	return 0;
}

static int prepare(struct commit *commit)
{
	cleanup_fd int fd = -1;
	bool unsynced;
	int result = make_journal(commit, &fd);

	if (result == 0)
		result = txn_prepare(commit->target, commit->journal, &commit->manifest, &commit->result->error);
	if (result == 0)
		result = write_manifest(commit, fd);
	if (result < 0)
		return result;
	if (fsync(commit->journal) < 0)
		return fail(commit, -errno, TXN_STORE, "bring the journal to the disk");
	result = txn_journal_set_state(commit->journal, TXN_STAGING, TXN_PREPARED, &unsynced);
	if (result < 0 || unsynced)
		return fail(commit, result < 0 ? result : -EIO, TXN_STORE, "bring the journal to the disk");
	if (fsync(commit->store.fd) < 0 || fsync(commit->store.etc) < 0)
		return fail(commit, -errno, TXN_STORE, "bring the journal to the disk");
	return 0;
}

static int check_interrupt(struct commit *commit)
{
	return txn_signals_end_asked()
		   ? txn_fail(&commit->target->arena, &commit->result->error, -EINTR, NULL, "interrupted")
		   : 0;
}

/* *ret_count is how many entries may have to be taken back when it fails. */
static int execute(struct commit *commit, size_t *ret_count)
{
	struct txn_manifest *manifest = &commit->manifest;
	struct txn_error *error = &commit->result->error;
	int result = 0;

	for (*ret_count = 0; *ret_count < manifest->entries.count && result == 0;) {
		result = check_interrupt(commit);
		if (result < 0)
			break;
		result = txn_execute(commit->target, commit->journal, manifest, *ret_count, error);
		/* What was found changed was left, or put back: it is not ours to restore. */
		if (result != -ESTALE)
			(*ret_count)++;
	}
	if (result == 0)
		result = txn_finish_directories(commit->target, manifest, TXN_TIME_STAMP, error);
	return result;
}

static int verify_and_seal(struct commit *commit, int (*verify)(void *), void *argument)
{
	int result = verify ? verify(argument) : 0;

	if (result < 0)
		return txn_fail(&commit->target->arena, &commit->result->error, result, NULL,
				"the written root does not look as planned");
	result = check_interrupt(commit);
	if (result < 0)
		return result;
	result =
	    txn_journal_set_state(commit->journal, TXN_PREPARED, TXN_COMMITTED, &commit->result->durability_unknown);
	return result < 0 ? fail(commit, result, TXN_STORE, "mark the transaction as committed") : 0;
}

static void discard_journal(struct commit *commit)
{
	if (commit->journal >= 0) {
		txn_journal_remove(&commit->store, commit->journal, commit->manifest.id);
		close(commit->journal);
		commit->journal = -1;
	} else if (commit->manifest.id[0]) {
		unlinkat(commit->store.fd, commit->manifest.id, AT_REMOVEDIR);
	}
	txn_store_remove_if_empty(&commit->store);
}

static void take_back(struct commit *commit, size_t count)
{
	txn_path_list left = {0};
	struct txn_error error = {0};
	unsigned restored;
	int result = txn_roll_back(commit->target, commit->journal, &commit->manifest, count, &left, &restored, &error);

	if (result < 0 || left.count > 0) {
		commit->result->rollback_incomplete = true;
		close(commit->journal);
		commit->journal = -1;
		return;
	}
	discard_journal(commit);
}

static int run(struct commit *commit, const struct txn_meta *meta, int (*verify)(void *), void *argument)
{
	struct arena *arena = &commit->target->arena;
	struct txn_manifest *manifest = &commit->manifest;
	struct txn_error *error = &commit->result->error;
	size_t count = 0;
	int result = txn_preflight(commit->target, manifest, error);

	if (result < 0 || manifest->entries.count == 0)
		return result;
	manifest->tool_version = arena_strdup(arena, meta->tool_version ? meta->tool_version : "");
	manifest->command = arena_strdup(arena, meta->command ? meta->command : "");
	for (size_t i = 0; i < meta->problem_count; i++)
		*array_push(arena, &manifest->problems) = arena_strdup(arena, meta->problems[i]);
	txn_identity_read(commit->target, commit->target->write_fd, &manifest->identity);
	result = txn_store_open(commit->target, arena, TXN_STORE_LOCK | TXN_STORE_CREATE, &commit->store, error);
	if (result == 0)
		result = name_transaction(commit);
	if (result == 0)
		result = prepare(commit);
	if (result < 0) {
		if (commit->store.fd >= 0)
			discard_journal(commit);
		return result;
	}
	result = execute(commit, &count);
	if (result == 0)
		result = verify_and_seal(commit, verify, argument);
	if (result < 0) {
		take_back(commit, count);
		return result;
	}
	memcpy(commit->result->id, manifest->id, sizeof(commit->result->id));
	close(commit->journal);
	return 0;
}

int txn_commit(struct target *target, const struct txn_meta *meta, int (*verify)(void *), void *argument,
	       struct txn_result *result)
{
	struct commit commit = {.target = target, .store = {.etc = -1, .fd = -1}, .journal = -1, .result = result};
	struct txn_signals signals;
	int value;

	*result = (struct txn_result){0};
	if (target->write_fd < 0)
		return txn_fail(&target->arena, &result->error, -EBADF, NULL, "the root was not opened for writing");
	if (!target->staged || target->staged->changes.count == 0)
		return 0;
	txn_signals_hold(&signals);
	value = run(&commit, meta, verify, argument);
	txn_store_close(&commit.store);
	txn_signals_release(&signals);
	return value;
}
