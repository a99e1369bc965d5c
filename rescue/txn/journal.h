/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TXN_JOURNAL_H
#define SSHRESCUE_TXN_JOURNAL_H

/* What the files of rescue/txn share. Private to them. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/sha256.h"
#include "edit.h"
#include "target/staged.h"
#include "target/target.h"
#include "txn/txn.h"

#define TXN_STORE "/etc/sshrescue"
#define TXN_MANIFEST_NEW "manifest.new"

enum {
	TXN_ENTRY_LIMIT = 1000, /* paths in one transaction */
	TXN_MANIFEST_LIMIT = 8 * 1024 * 1024, /* bytes: the longest paths, all escaped, fit */
	TXN_LIST_LIMIT = 100 * 1000, /* transactions in one journal */
	TXN_SLOT_SIZE = 32, /* "0001.displaced-99" and its NUL */
};

/* ---- object.c: what is found at a path, and how it is recognised ------------------------------------------------- */

struct txn_object {
	enum node_type type;
	mode_t mode; /* 07777; of NODE_OTHER also which kind it is */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	struct timespec modified;
	uint64_t inode;
	bool hashed;
	unsigned char hash[SHA256_SIZE]; /* of a file's content, or of what a symbolic link says */
};

/* Looks at name in directory, links not followed. What is missing is NODE_ABSENT and no error. With hash, content of
 * files up to TARGET_FILE_LIMIT is read. */
int txn_look(int directory, const char *name, bool hash, struct txn_object *ret);
/* Opens a regular file or directory for reading, after making sure that it is one: opening a fifo or a device can have
 * effects. -ESTALE for anything else. */
int txn_open_object(int directory, const char *name);
/* Hashes a file's content from its start: -EFBIG above TARGET_FILE_LIMIT. */
int txn_hash_fd(int fd, unsigned char ret[SHA256_SIZE]);

/* The same content, mode and owner: what undo and recovery go by, as inode numbers do not outlive a restored backup. */
bool txn_object_matches(const struct txn_object *a, const struct txn_object *b);
/* Also the same time, and the same inode unless the filesystem has its own mind about that: nothing happened since. */
bool txn_object_untouched(const struct txn_object *then, const struct txn_object *now, bool compare_inode);

static inline bool txn_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* ---- place.c: the way to a path ---------------------------------------------------------------------------------- */

/* Opens a directory of the target, O_RDONLY; path is canonical, so a symbolic link in it is -ENOTDIR. */
int txn_open_directory(const struct target *target, int root, const char *path);
/* Opens the directory that holds path; *ret_name points into path. The root itself is "." in itself. */
int txn_open_parent(const struct target *target, const char *path, const char **ret_name);
/* "/etc/ssh" of "/etc/ssh/sshd_config", in arena. */
char *txn_parent_path(struct arena *arena, const char *path);
/* Absolute, without "." and "..", double or trailing slashes; shorter than PATH_MAX, components than NAME_MAX. */
bool txn_path_is_canonical(const char *path);

/* ---- error.c ----------------------------------------------------------------------------------------------------- */

/* Records what went wrong, unless something else went wrong before; returns error. */
int txn_fail(struct arena *arena, struct txn_error *ret, int error, const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- manifest.c -------------------------------------------------------------------------------------------------- */

enum txn_operation {
	TXN_REPLACE, /* something that is no directory, by a file or link */
	TXN_CREATE, /* a file or link where nothing was */
	TXN_REMOVE, /* something that is no directory */
	TXN_MKDIR,
	TXN_ATTRIBUTES, /* mode or owner, in place */
	TXN_OPERATION_COUNT,
};

struct txn_entry {
	enum txn_operation operation;
	char *path;
	struct txn_object before, after;
	const struct change *change; /* in txn_commit() only */
};

/* A directory in which names come, go or change, and its time before that. */
struct txn_directory {
	char *path;
	struct timespec modified;
	bool restore_time; /* nothing but the transaction has changed it */
	bool left; /* something in it was left alone */
};

/* What distinguishes one root from another; "" and false where it is not known. */
struct txn_identity {
	char machine[SHA256_TEXT_SIZE]; /* a hash of the machine-id, which itself should stay private */
	char filesystem[48]; /* its UUID, as far as the kernel tells it */
	bool has_born;
	struct timespec born; /* when the root directory was made */
};

struct txn_manifest {
	char id[TXN_ID_SIZE];
	int64_t time;
	struct timespec stamp; /* the time that the transaction gives the directories it changed */
	char *tool_version, *command;
	string_list problems;
	struct txn_identity identity;
	ARRAY_OF(struct txn_directory) directories; /* sorted by path */
	ARRAY_OF(struct txn_entry) entries; /* sorted by path; the N-th has the journal's N.before and N.after */
};

/* The text of a manifest, checksum included. */
struct blob txn_manifest_format(struct arena *arena, const struct txn_manifest *manifest);
/* Reads untrusted text. -EUCLEAN: *ret_damage says what is wrong with it; -EOPNOTSUPP: another version wrote it.
 * Nothing of *ret is to be used then. */
int txn_manifest_parse(struct arena *arena, const struct blob *text, struct txn_manifest *ret, const char **ret_damage);
/* Whether this program could have written such an entry: what a manifest must pass, written or read. */
bool txn_entry_is_allowed(const struct txn_entry *entry);
/* The directory entry of path's parent, or NULL. */
struct txn_directory *txn_manifest_directory(const struct txn_manifest *manifest, const char *path);

/* ---- store.c: /etc/sshrescue ------------------------------------------------------------------------------------- */

struct txn_store {
	int etc; /* "/etc" */
	int fd; /* TXN_STORE, or -1 where there is none; the lock is on it */
};

enum txn_store_flags {
	TXN_STORE_READ = 0, /* through the reading handle where there is no other */
	TXN_STORE_LOCK = 1 << 0, /* -EBUSY when another run holds it */
	TXN_STORE_CREATE = 1 << 1, /* when it is missing */
};

/* 0 also when there is none (fd -1). -EUCLEAN when it is not to be trusted. txn_store_close() is due in every case. */
int txn_store_open(struct target *target, struct arena *arena, unsigned flags, struct txn_store *ret,
		   struct txn_error *error);
void txn_store_close(struct txn_store *store);
#define cleanup_store __attribute__((cleanup(txn_store_close)))
/* Removes it when it is empty, leaving /etc's time as it was. */
void txn_store_remove_if_empty(struct txn_store *store);

struct txn_name {
	char id[TXN_ID_SIZE];
	uint64_t serial; /* the number at its end: later transactions have higher ones, whatever the clock says */
};
typedef ARRAY_OF(struct txn_name) txn_name_list;

/* The transactions' directories, oldest first. */
int txn_store_list(const struct txn_store *store, struct arena *arena, txn_name_list *ret, struct txn_error *error);
bool txn_id_is_valid(const char *id, uint64_t *ret_serial);

/* Opens one transaction's directory, refusing what is not root's own. */
int txn_journal_open(const struct txn_store *store, const char *id);
/* The state, by the name of the manifest. -EUCLEAN when there are two. */
int txn_journal_state(int journal, enum txn_state *ret);
/* Renames the manifest and syncs. *ret_unsynced: it has the new name, but the disk did not confirm it. */
int txn_journal_set_state(int journal, enum txn_state from, enum txn_state to, bool *ret_unsynced);
/* Reads the manifest of a journal in that state. -EUCLEAN: damaged, *ret_damage says how. */
int txn_journal_read(int journal, const char *id, enum txn_state state, struct arena *arena, struct txn_manifest *ret,
		     const char **ret_damage);
/* Removes the images of an undone transaction. What is neither of the two sides it keeps as N.displaced. */
void txn_journal_drop_images(int journal, const struct txn_manifest *manifest);
/* Keeps the slot's object as "0001.displaced-1"; *ret_name is the name, in arena. */
int txn_journal_displace(int journal, size_t number, const char *slot, struct arena *arena, const char **ret_name);
/* Whether an image lies in it: of either kind, or only such as were in place before. */
bool txn_journal_has_images(int journal, bool only_before);
/* Removes a transaction's directory with all that this program puts there. -ENOTEMPTY: something else is in it. */
int txn_journal_remove(const struct txn_store *store, int journal, const char *id);

/* "0001.before" */
enum txn_slot {
	TXN_SLOT_BEFORE,
	TXN_SLOT_AFTER,
};
void txn_slot_name(size_t number, enum txn_slot slot, char ret[TXN_SLOT_SIZE]);

/* ---- label.c, attributes.c --------------------------------------------------------------------------------------- */

/* Gives a new object the label that its place asks for: a sibling's, or the parent directory's, or what the reference
 * policy says of sshd's own files. Does nothing where the parent carries no label. For a link, which has no descriptor
 * of its own, directory and name say which; else fd. */
int txn_label_new(int parent, const char *path, enum node_type type, int fd, int directory, const char *name);
/* Copies all extended attributes (ACLs and labels are such), and proves it by reading them back. *ret_name is the one
 * that could not be copied. */
int txn_copy_attributes(struct arena *arena, int from, int to, const char **ret_name);
/* As above for symbolic links, which carry only labels. */
int txn_copy_link_label(int from_directory, const char *from, int to_directory, const char *to);
/* Takes away the ACL that a new object inherited. */
int txn_drop_acl(int fd);

/* ---- identity.c -------------------------------------------------------------------------------------------------- */

void txn_identity_read(const struct target *target, int root, struct txn_identity *ret);
/* NULL when both can be the same root, else what differs: "machine-id" */
const char *txn_identity_differs(const struct txn_identity *a, const struct txn_identity *b);

/* ---- preflight.c ------------------------------------------------------------------------------------------------- */

/* Turns the staged changes into entries, and refuses early what cannot be done safely. Writes nothing. */
int txn_preflight(struct target *target, struct txn_manifest *manifest, struct txn_error *error);

/* ---- prepare.c --------------------------------------------------------------------------------------------------- */

/* Makes the new files and links in the journal, complete with owner, mode, attributes and label, synced. */
int txn_prepare(struct target *target, int journal, struct txn_manifest *manifest, struct txn_error *error);

/* ---- move.c, execute.c
 * --------------------------------------------------------------------------------------------------- */

/* Brings one prepared entry into place. */
int txn_execute(struct target *target, int journal, struct txn_manifest *manifest, size_t index,
		struct txn_error *error);
struct txn_swap {
	int journal;
	const char *slot; /* what comes into place */
	const char *spare; /* another name, for kernels and filesystems that cannot exchange */
	int parent;
	const char *name;
	const struct txn_object *expected; /* what must be there */
};
/* Puts the slot's object into place and keeps what was there. When that is not what is expected, it is put back:
 * -ESTALE. *ret_slot is the name in the journal that holds it now. */
int txn_swap(const struct txn_swap *swap, const char **ret_slot);
/* Moves without replacing anything: -EEXIST. */
int txn_move(int from_directory, const char *from, int to_directory, const char *to);
/* Moves name into the journal. When it is not what is expected, it is put back: -ESTALE. */
int txn_take(int parent, const char *name, int journal, const char *slot, const struct txn_object *expected);
/* Mode and owner in place, on what is still expected there (-ESTALE), and brings them to the disk. */
int txn_set_attributes(int directory, const char *name, const struct txn_object *expected,
		       const struct txn_object *wanted);
enum txn_directory_time {
	TXN_TIME_STAMP, /* after execution */
	TXN_TIME_BEFORE, /* after everything was taken back, where restore_time is set */
};
/* Gives the directories their times, and brings each directory to the disk. Those in which something was left alone
 * keep the time they have; after an undo that can be repeated, the stamp. Goes on after an error, and returns the
 * first. */
int txn_finish_directories(struct target *target, const struct txn_manifest *manifest, enum txn_directory_time time,
			   struct txn_error *error);

/* ---- restore.c --------------------------------------------------------------------------------------------------- */

enum txn_outcome {
	TXN_OUTCOME_ALREADY, /* as before the transaction */
	TXN_OUTCOME_RESTORED,
	TXN_OUTCOME_LEFT, /* foreign, or its before-image is missing */
};

enum txn_restore_flags {
	TXN_RESTORE_RESUME = 1 << 0, /* it was cut short: half-made things are its own */
	TXN_RESTORE_FORCE = 1 << 1, /* foreign content is moved aside */
};

struct txn_restored {
	enum txn_outcome outcome;
	const char *reason; /* LEFT: why; RESTORED by force: what was moved aside */
};

/* Takes one entry back. Idempotent. Negative errno: could not be done now. Reasons are in target->arena. */
int txn_restore(struct target *target, int journal, const struct txn_manifest *manifest, size_t index, unsigned flags,
		struct txn_restored *ret);
/* Takes the first count entries back, last one first, and the directories' times. left gets what was left alone. Goes
 * on after an error, and returns the first. */
int txn_roll_back(struct target *target, int journal, const struct txn_manifest *manifest, size_t count,
		  txn_path_list *left, unsigned *ret_restored, struct txn_error *error);

/* ---- undo.c ------------------------------------------------------------------------------------------------------ */

/* Takes back a transaction whose state is TXN_UNDOING, and gives it the state that it ends in. What cannot be taken
 * back is refused, and leaves it TXN_COMMITTED. */
int txn_undo_run(struct target *target, int journal, const struct txn_manifest *manifest, unsigned flags,
		 struct txn_undo_report *report);

/* ---- signals.c --------------------------------------------------------------------------------------------------- */

struct txn_signals {
	sigset_t before;
};
/* Holds back what a person or a service manager sends to stop a program. */
void txn_signals_hold(struct txn_signals *signals);
void txn_signals_release(struct txn_signals *signals);
/* Whether one of those that ask it to end is waiting. */
bool txn_signals_end_asked(void);

#endif
