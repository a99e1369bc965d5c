/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transaction's directory: its state, its manifest and its images. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ctype.h"
#include "base/text.h"
#include "txn/kernel.h"

enum {
	DISPLACED_LIMIT = 99,
};

static const enum txn_state states_on_disk[] = {TXN_PREPARED, TXN_COMMITTED, TXN_UNDOING,
						TXN_UNDONE,   TXN_ABANDONED, TXN_DAMAGED};

static bool name_exists(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int txn_journal_state(int journal, enum txn_state *ret)
{
	*ret = TXN_STAGING;
	for (size_t i = 0; i < ARRAY_SIZE(states_on_disk); i++) {
		if (!name_exists(journal, txn_state_name(states_on_disk[i])))
			continue;
		if (*ret != TXN_STAGING)
			return -EUCLEAN;
		*ret = states_on_disk[i];
	}
	return 0;
}

int txn_journal_set_state(int journal, enum txn_state from, enum txn_state to, bool *ret_unsynced)
{
	const char *old_name = from == TXN_STAGING ? TXN_MANIFEST_NEW : txn_state_name(from);
	const char *new_name = txn_state_name(to);

	*ret_unsynced = false;
	if (renameat(journal, old_name, journal, new_name) < 0) {
		int error = -errno;

		/* A failing disk may have done it all the same. */
		if (name_exists(journal, old_name) || !name_exists(journal, new_name))
			return error;
		*ret_unsynced = true;
	}
	if (fsync(journal) < 0)
		*ret_unsynced = true;
	return 0;
}

static int read_all(int fd, size_t size, char *data)
{
	for (size_t done = 0; done < size;) {
		ssize_t length = pread(fd, data + done, size - done, (off_t)done);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return -EUCLEAN;
		done += (size_t)length;
	}
	return 0;
}

int txn_journal_read(int journal, const char *id, enum txn_state state, struct arena *arena, struct txn_manifest *ret,
		     const char **ret_damage)
{
	cleanup_fd int fd = openat(journal, txn_state_name(state), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	struct blob text;
	int result;

	*ret_damage = NULL;
	if (fd < 0 && errno != ELOOP)
		return -errno;
	if (fd >= 0 && fstat(fd, &status) < 0)
		return -errno;
	if (fd < 0 || !S_ISREG(status.st_mode) || (status.st_uid != 0 && status.st_uid != geteuid()) ||
	    (status.st_mode & (S_IWGRP | S_IWOTH)) || status.st_size > TXN_MANIFEST_LIMIT) {
		*ret_damage = "it is no manifest";
		return -EUCLEAN;
	}
	text = (struct blob){.size = (size_t)status.st_size};
	text.data = arena_alloc(arena, text.size + 1);
	result = read_all(fd, text.size, text.data);
	if (result < 0) {
		*ret_damage = result == -EUCLEAN ? "the manifest is cut off" : NULL;
		return result;
	}
	result = txn_manifest_parse(arena, &text, ret, ret_damage);
	if (result == 0 && !string_equal(ret->id, id)) {
		*ret_damage = "the manifest is another transaction's";
		result = -EUCLEAN;
	}
	return result;
}

void txn_slot_name(size_t number, enum txn_slot slot, char ret[TXN_SLOT_SIZE])
{
	snprintf(ret, TXN_SLOT_SIZE, "%04u.%s", (unsigned)number, slot == TXN_SLOT_BEFORE ? "before" : "after");
}

static bool is_slot_name(const char *name)
{
	for (int i = 0; i < 4; i++) {
		if (!char_is_digit(name[i]))
			return false;
	}
	return string_equal(name + 4, ".before") || string_equal(name + 4, ".after");
}

static bool is_state_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(states_on_disk); i++) {
		if (string_equal(name, txn_state_name(states_on_disk[i])))
			return true;
	}
	return false;
}

/* Images first, the manifest last: a removal that is cut short must not look like a transaction in another state. */
static int remove_files(int journal, bool manifest)
{
	int fd = openat(journal, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;
	int result = 0;

	if (!stream) {
		result = -errno;
		if (fd >= 0)
			close(fd);
		return result;
	}
	while ((item = readdir(stream))) {
		bool ours = manifest ? is_state_name(item->d_name) || string_equal(item->d_name, TXN_MANIFEST_NEW)
				     : is_slot_name(item->d_name);

		if (ours && unlinkat(journal, item->d_name, 0) < 0 && result == 0)
			result = -errno;
	}
	return result;
}

bool txn_journal_has_images(int journal, bool only_before)
{
	int fd = openat(journal, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((item = readdir(stream))) {
		if (is_slot_name(item->d_name) && (!only_before || string_ends_with(item->d_name, ".before")))
			return true;
	}
	return false;
}

int txn_journal_remove(const struct txn_store *store, int journal, const char *id)
{
	int result = remove_files(journal, false);

	if (result == 0)
		result = remove_files(journal, true);
	if (result == 0 && unlinkat(store->fd, id, AT_REMOVEDIR) < 0)
		result = -errno;
	return result;
}

int txn_journal_displace(int journal, size_t number, const char *slot, struct arena *arena, const char **ret_name)
{
	for (int i = 1; i <= DISPLACED_LIMIT; i++) {
		char name[TXN_SLOT_SIZE];
		int result;

		snprintf(name, sizeof(name), "%04u.displaced-%d", (unsigned)number, i);
		result = txn_move(journal, slot, journal, name);
		if (result == 0)
			*ret_name = arena_strdup(arena, name);
		if (result != -EEXIST)
			return result;
	}
	return -EEXIST;
}

void txn_journal_drop_images(int journal, const struct txn_manifest *manifest)
{
	for (size_t i = 0; i < manifest->entries.count; i++) {
		const struct txn_entry *entry = &manifest->entries.items[i];

		for (enum txn_slot slot = TXN_SLOT_BEFORE; slot <= TXN_SLOT_AFTER; slot++) {
			struct arena arena = {0};
			struct txn_object object;
			char name[TXN_SLOT_SIZE];
			const char *displaced;

			txn_slot_name(i + 1, slot, name);
			if (txn_look(journal, name, true, &object) < 0 || object.type == NODE_ABSENT)
				continue;
			/* What fails here stays in the journal, and does no harm. */
			if (txn_object_matches(&object, &entry->before) || txn_object_matches(&object, &entry->after))
				unlinkat(journal, name, 0);
			else
				txn_journal_displace(journal, i + 1, name, &arena, &displaced);
			arena_release(&arena);
		}
	}
}
