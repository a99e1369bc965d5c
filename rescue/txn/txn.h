/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TXN_TXN_H
#define SSHRESCUE_TXN_TXN_H

/*
 * The transaction: brings the staged changes onto the disk, so that a kill, a panic or a power cut at any instruction
 * leaves each file whole, old or new, and the next run finishes the work; and takes them back.
 *
 * Its journal is /etc/sshrescue/ID/ in the target, 0700 root. The name of the one manifest in it is the state:
 *
 *   (no state)  staging; nothing outside the journal was touched    -> removed silently
 *   prepared    execution has begun                                 -> the next run rolls it back
 *   committed   done                                                -> undo may take it back
 *   undoing     undo has begun                                      -> the next run completes it
 *   undone      taken back; the manifest stays as history
 *   abandoned   rolled back but for files that somebody else changed meanwhile; their before-images stay in the journal
 *   damaged     its manifest cannot be understood: left as it is
 *
 * Beside it lie the objects themselves: N.after is a new file before it comes into place, N.before the replaced or
 * removed original (the inode itself, so that undo gives back every byte and all metadata), N.displaced what
 * `undo --force` found in the way.
 *
 * Nothing here prints. Functions return 0 or a negative errno; what people should read is in the result structures,
 * whose strings live in target->arena unless an arena is given. All but txn_pending() and txn_history() need a target
 * opened with TARGET_WRITABLE, else -EBADF.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"
#include "target/target.h"

enum {
	TXN_ID_SIZE = 40, /* "20261122-184047-1" and its NUL */
};

enum txn_state {
	TXN_STAGING,
	TXN_PREPARED,
	TXN_COMMITTED,
	TXN_UNDOING,
	TXN_UNDONE,
	TXN_ABANDONED,
	TXN_DAMAGED, /* the manifest cannot be understood, or names what this program never writes */
};

/* "prepared", "committed", … for the reports */
const char *txn_state_name(enum txn_state state);

/* What went wrong, for people. sentence is NULL when nothing did. */
struct txn_error {
	int error; /* negative errno */
	const char *path; /* in the target, or NULL; may hold any byte */
	const char *sentence; /* without the path, lower case, no full stop: "the file is immutable" */
};

/* A path that was not treated like the others, and why. */
struct txn_path {
	const char *path;
	const char *reason; /* NULL when there is nothing to say */
};
typedef ARRAY_OF(struct txn_path) txn_path_list;

/* Kept in the manifest, for history. */
struct txn_meta {
	const char *tool_version;
	const char *command; /* "repair -y" */
	const char *const *problems; /* codes */
	size_t problem_count;
};

struct txn_result {
	char id[TXN_ID_SIZE]; /* "" when nothing was committed */
	struct txn_error error;
	/* With an error only: the tree could not be brought back to what it was at once. The journal is kept, the next
	 * run settles it. */
	bool rollback_incomplete;
	/* Everything is in place and committed, but the disk did not confirm the last step (design: status bit 8). */
	bool durability_unknown;
};

/*
 * Executes target->staged's changes on target->write_fd. verify (may be NULL) is called when everything is in place, to
 * look again at the written root: 0 keeps the changes; a negative errno takes them back and becomes the result.
 *
 * Returns 0 when committed (result->id; also with durability_unknown), or a negative errno, and the tree is as it was
 * (but see rollback_incomplete). No staged changes: 0 and no id. While it works, SIGINT, SIGTERM, SIGHUP, SIGQUIT and
 * SIGTSTP are held back; one of the first four makes it roll back and return -EINTR.
 *
 * -EXDEV the path is on another filesystem or mount than /etc · -EROFS · -EPERM immutable or append-only · -EMLINK more
 * than one hard link · -EOPNOTSUPP a filesystem or a change that is not known to be safe · -ENOSPC · -ESTALE the tree
 * is not what was analysed · -EBUSY another run is at work, or an unfinished transaction waits for txn_settle() ·
 * -EUCLEAN /etc/sshrescue is not a directory of root's own · others as of the failing system call.
 */
int txn_commit(struct target *target, const struct txn_meta *meta, int (*verify)(void *), void *argument,
	       struct txn_result *result);

/* One unfinished transaction that was settled. */
struct txn_settled {
	char id[TXN_ID_SIZE];
	enum txn_state was; /* TXN_PREPARED, TXN_UNDOING, TXN_DAMAGED */
	enum txn_state now; /* TXN_STAGING: rolled back, gone without a trace; else the state it was left in */
	unsigned restored; /* paths that had to be put back */
	txn_path_list left; /* foreign content, left alone */
	struct txn_error error; /* settling failed: was == now */
};

struct txn_settle_report {
	ARRAY_OF(struct txn_settled) settled; /* empty in the usual case */
	struct txn_error error; /* the journal as a whole could not be used */
};

/*
 * Finishes what earlier runs left behind. Every run that may write calls it first, before it looks at the target.
 * Returns 0 also when foreign files were left; a negative errno when something could not be settled (see the errors in
 * the report), and then nothing should be written. Without a journal it does nothing.
 */
int txn_settle(struct target *target, struct txn_settle_report *report);

struct txn_undo_report {
	char id[TXN_ID_SIZE];
	txn_path_list restored; /* reason: NULL, or what was moved aside by force */
	txn_path_list already; /* as before the transaction: nothing to do */
	txn_path_list refused; /* changed since the transaction, or its before-image is damaged; left alone */
	bool durability_unknown;
	struct txn_error error;
};

/*
 * Takes a committed transaction back: id, or the newest committed one when NULL. A path whose content, mode or owner is
 * no longer what the transaction left is refused, unless force is set, and then what is there is kept in the journal.
 * The other paths are restored; the transaction stays committed while a path is refused, so that it can be called
 * again.
 *
 * 0: everything is as before the transaction. -ESTALE: some paths were refused (report->refused). -ENOENT: no such
 * transaction, or none that is committed. -EALREADY: it is undone already. -EXDEV: it was made on another root
 * (overridden by force). Others as txn_commit().
 */
int txn_undo(struct target *target, const char *id, bool force, struct txn_undo_report *report);

/* What a transaction did to one path. */
struct txn_action {
	const char *operation; /* "replace", "create", "remove", "mkdir", "chmod", "chown" */
	const char *path;
};

struct txn_summary {
	char id[TXN_ID_SIZE];
	enum txn_state state;
	int64_t time; /* seconds since 1970 */
	const char *tool_version, *command;
	string_list problems;
	ARRAY_OF(struct txn_action) actions;
	const char *damage; /* TXN_DAMAGED: why */
};
typedef ARRAY_OF(struct txn_summary) txn_list;

/* All transactions but those still staging, oldest first. Reads only. 0 (also without a journal) or negative errno with
 * *ret_error (may be NULL) set. */
int txn_history(struct target *target, struct arena *arena, txn_list *ret, struct txn_error *ret_error);
/* Only the unfinished ones: prepared, undoing, damaged. Reads only: for check. */
int txn_pending(struct target *target, struct arena *arena, txn_list *ret, struct txn_error *ret_error);

#endif
