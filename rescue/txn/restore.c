/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes entries back, for a roll-back as for an undo. What is found decides what is done, never what was meant to be
 * done before: so it can be cut short and repeated at any point.
 */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

struct restore {
	struct target *target;
	int journal;
	const struct txn_manifest *manifest;
	const struct txn_entry *entry;
	size_t number;
	unsigned flags;
	int parent;
	const char *name;
	struct txn_object seen; /* what is at the path now */
	char slots[2][TXN_SLOT_SIZE]; /* by enum txn_slot */
	struct txn_restored *ret;
};

static int leave(struct restore *restore, const char *reason)
{
	*restore->ret = (struct txn_restored){.outcome = TXN_OUTCOME_LEFT, .reason = reason};
	return 0;
}

static int already(struct restore *restore)
{
	*restore->ret = (struct txn_restored){.outcome = TXN_OUTCOME_ALREADY};
	return 0;
}

static int restored(struct restore *restore)
{
	*restore->ret = (struct txn_restored){.outcome = TXN_OUTCOME_RESTORED};
	return 0;
}

static int leave_foreign(struct restore *restore)
{
	return leave(restore,
		     restore->seen.type == NODE_ABSENT ? "it has been removed since" : "it has been changed since");
}

/* A step's result: what another process did meanwhile makes the path foreign, and is no error. */
static int conclude(struct restore *restore, int result)
{
	if (result == -ESTALE || result == -EEXIST)
		return leave(restore, "it was changed at this very moment");
	return result < 0 ? result : restored(restore);
}

/* The slot that holds the original. */
static int find_image(struct restore *restore, enum txn_slot *ret)
{
	struct txn_object object;
	int result;

	for (*ret = TXN_SLOT_BEFORE; *ret <= TXN_SLOT_AFTER; (*ret)++) {
		result = txn_look(restore->journal, restore->slots[*ret], true, &object);
		if (result < 0)
			return result;
		if (txn_object_matches(&object, &restore->entry->before))
			return 0;
	}
	*ret = TXN_SLOT_AFTER;
	/* Swapped out, but cut short before it was seen that it is not what was analysed: it goes back all the same. */
	if ((restore->flags & TXN_RESTORE_RESUME) && object.type != NODE_ABSENT &&
	    !txn_object_matches(&object, &restore->entry->after))
		return 0;
	return -ENOENT;
}

/* What the slot holds was in the way: it is kept. */
static int displace(struct restore *restore, const char *slot)
{
	const char *name;
	int result = txn_journal_displace(restore->journal, restore->number, slot, &restore->target->arena, &name);

	if (result < 0)
		return result;
	restored(restore);
	restore->ret->reason = arena_printf(&restore->target->arena, "what was there is kept as %s/%s/%s", TXN_STORE,
					    restore->manifest->id, name);
	return 0;
}

static int put_back(struct restore *restore, bool foreign)
{
	struct txn_swap swap = {
	    .journal = restore->journal, .parent = restore->parent, .name = restore->name, .expected = &restore->seen};
	enum txn_slot image;
	const char *slot;
	int result = find_image(restore, &image);

	if (result == -ENOENT)
		return leave(restore, "its original is missing from the journal, or damaged");
	if (result < 0)
		return result;
	swap.slot = restore->slots[image];
	swap.spare = restore->slots[image == TXN_SLOT_BEFORE ? TXN_SLOT_AFTER : TXN_SLOT_BEFORE];
	if (restore->seen.type == NODE_ABSENT)
		return conclude(restore, txn_move(swap.journal, swap.slot, swap.parent, swap.name));
	result = txn_swap(&swap, &slot);
	return result == 0 && foreign ? displace(restore, slot) : conclude(restore, result);
}

static int restore_replaced(struct restore *restore)
{
	bool ours = txn_object_matches(&restore->seen, &restore->entry->after);

	if (txn_object_matches(&restore->seen, &restore->entry->before))
		return already(restore);
	if (!ours && !(restore->flags & TXN_RESTORE_FORCE))
		return leave_foreign(restore);
	if (restore->seen.type == NODE_DIRECTORY)
		return leave(restore, "a directory is in its place");
	return put_back(restore, !ours);
}

static int restore_created(struct restore *restore)
{
	const char *slot = restore->slots[TXN_SLOT_AFTER];
	bool ours = txn_object_matches(&restore->seen, &restore->entry->after);
	int result;

	if (restore->seen.type == NODE_ABSENT)
		return already(restore);
	if (!ours && !(restore->flags & TXN_RESTORE_FORCE))
		return leave_foreign(restore);
	if (restore->seen.type == NODE_DIRECTORY)
		return leave(restore, "a directory is in its place");
	result = txn_take(restore->parent, restore->name, restore->journal, slot, &restore->seen);
	return result == 0 && !ours ? displace(restore, slot) : conclude(restore, result);
}

static int restore_directory(struct restore *restore)
{
	const struct txn_object *seen = &restore->seen, *after = &restore->entry->after;
	bool half_made = (restore->flags & TXN_RESTORE_RESUME) && (seen->mode & 0777) == 0700 &&
			 (seen->uid == geteuid() || seen->uid == after->uid);

	if (seen->type == NODE_ABSENT)
		return already(restore);
	if (seen->type != NODE_DIRECTORY)
		return leave(restore, "something else is in its place");
	if (!txn_object_matches(seen, after) && !half_made && !(restore->flags & TXN_RESTORE_FORCE))
		return leave_foreign(restore);
	if (unlinkat(restore->parent, restore->name, AT_REMOVEDIR) == 0)
		return restored(restore);
	if (errno == ENOTEMPTY || errno == EEXIST)
		return leave(restore, "the directory is not empty any more");
	return -errno;
}

static bool same_attributes(const struct txn_object *a, const struct txn_object *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

/* Owner set, mode not yet: set-user-ID bits are gone then. */
static bool is_between(const struct txn_object *seen, const struct txn_object *before, const struct txn_object *after)
{
	const mode_t ignored = S_ISUID | S_ISGID;

	return (seen->uid == before->uid || seen->uid == after->uid) &&
	       (seen->gid == before->gid || seen->gid == after->gid) &&
	       ((seen->mode | ignored) == (before->mode | ignored) ||
		(seen->mode | ignored) == (after->mode | ignored));
}

static int restore_attributes(struct restore *restore)
{
	const struct txn_object *seen = &restore->seen;
	const struct txn_entry *entry = restore->entry;
	bool ours;

	if (seen->type == NODE_ABSENT)
		return leave(restore, "it has been removed since");
	if (seen->type != entry->before.type)
		return leave(restore, "something else is in its place");
	if (same_attributes(seen, &entry->before))
		return already(restore);
	/* Cut short, or failed half-way: each part is the one side's or the other's. */
	ours = same_attributes(seen, &entry->after) || is_between(seen, &entry->before, &entry->after);
	if (!ours && !(restore->flags & TXN_RESTORE_FORCE))
		return leave(restore, "its mode or owner has been changed since");
	return conclude(restore, txn_set_attributes(restore->parent, restore->name, seen, &entry->before));
}

/* The directory that held it is not there, or is not the same way. */
static int without_parent(struct restore *restore, int error)
{
	if (error == -ENOENT && restore->entry->before.type == NODE_ABSENT)
		return already(restore);
	if (error == -ENOENT)
		return leave(restore, "its directory has been removed since");
	return error == -ENOTDIR ? leave(restore, "a directory on the way is something else now") : error;
}

int txn_restore(struct target *target, int journal, const struct txn_manifest *manifest, size_t index, unsigned flags,
		struct txn_restored *ret)
{
	struct restore restore = {.target = target,
				  .journal = journal,
				  .manifest = manifest,
				  .entry = &manifest->entries.items[index],
				  .number = index + 1,
				  .flags = flags,
				  .ret = ret};
	cleanup_fd int parent = txn_open_parent(target, restore.entry->path, &restore.name);
	int result;

	if (parent < 0)
		return without_parent(&restore, parent);
	restore.parent = parent;
	txn_slot_name(restore.number, TXN_SLOT_BEFORE, restore.slots[TXN_SLOT_BEFORE]);
	txn_slot_name(restore.number, TXN_SLOT_AFTER, restore.slots[TXN_SLOT_AFTER]);
	result = txn_look(parent, restore.name, restore.entry->operation != TXN_ATTRIBUTES, &restore.seen);
	if (result < 0)
		return result;
	switch (restore.entry->operation) {
	case TXN_REPLACE:
		return restore_replaced(&restore);
	case TXN_REMOVE:
		/* The same: nothing is what it left. */
		return restore.seen.type == NODE_ABSENT ? put_back(&restore, false) : restore_replaced(&restore);
	case TXN_CREATE:
		return restore_created(&restore);
	case TXN_MKDIR:
		return restore_directory(&restore);
	case TXN_ATTRIBUTES:
		return restore_attributes(&restore);
	case TXN_OPERATION_COUNT:
		break;
	}
	return -EINVAL;
}

int txn_roll_back(struct target *target, int journal, const struct txn_manifest *manifest, size_t count,
		  txn_path_list *left, unsigned *ret_restored, struct txn_error *error)
{
	int first = 0, result;

	*ret_restored = 0;
	if (count == 0)
		return 0;
	for (size_t i = 0; i < manifest->directories.count; i++)
		manifest->directories.items[i].restore_time = true;
	for (size_t i = count; i-- > 0;) {
		const char *path = manifest->entries.items[i].path;
		struct txn_directory *directory = txn_manifest_directory(manifest, path);
		struct txn_restored outcome = {0};

		result = txn_restore(target, journal, manifest, i, TXN_RESTORE_RESUME, &outcome);
		if (result < 0 && first == 0)
			first = txn_fail(&target->arena, error, result, path, "cannot take the change back: %s",
					 strerror(-result));
		if (result == 0 && outcome.outcome == TXN_OUTCOME_RESTORED)
			(*ret_restored)++;
		if (result == 0 && outcome.outcome == TXN_OUTCOME_LEFT)
			*array_push(&target->arena, left) = (struct txn_path){.path = path, .reason = outcome.reason};
		if (directory && (result < 0 || outcome.outcome == TXN_OUTCOME_LEFT))
			directory->restore_time = false;
	}
	result = txn_finish_directories(target, manifest, TXN_TIME_BEFORE, error);
	return first < 0 ? first : result;
}
