/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TARGET_TARGET_H
#define SSHRESCUE_TARGET_TARGET_H

/*
 * The root that is examined, and the only door to its files. Every path is absolute within the root
 * ("/etc/ssh/sshd_config"); symbolic links, also absolute ones and "..", are resolved inside it. All functions answer
 * from the staged view: what the root will hold once the staged edits are applied (target/staged.h).
 *
 * Errors are negative errno values. Apart from those of openat2(2): -EFTYPE_NOT_REGULAR for something that is there but
 * is neither file nor directory where a file is wanted (fifo, socket, device; also files of procfs and its like, where
 * reading may act: /proc/kmsg), -EFBIG for a file above the caller's limit.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"

#define EFTYPE_NOT_REGULAR EMEDIUMTYPE

enum {
	TARGET_FILE_LIMIT = 16 * 1024 * 1024, /* more than any configuration file needs; bytes */
	TARGET_LIST_LIMIT = 1000 * 1000, /* directory entries */
};

enum node_type {
	NODE_ABSENT,
	NODE_FILE,
	NODE_DIRECTORY,
	NODE_SYMLINK,
	NODE_OTHER, /* fifo, socket, device */
};

struct node_stat {
	enum node_type type;
	mode_t mode; /* permission bits, 07777 */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	unsigned nlink;
	dev_t device; /* 0 for what is only staged */
	ino_t inode; /* 0 for what is only staged */
	struct timespec modified;
};

enum target_flags {
	TARGET_CONFINE = 1 << 0, /* private mount namespace and chroot: for the whole process, from then on */
	TARGET_WALK = 1 << 1, /* never use openat2, as on kernels before 5.6 */
	TARGET_WRITABLE = 1 << 2, /* keep a second handle for the transaction */
	TARGET_REHEARSE = 1 << 3, /* keep the way back out of the confinement, for a process that plays a rehearsal */
};

struct staged;
struct settings;

struct target {
	struct arena arena; /* the staged layer lives here */
	char *root; /* as the user named it, for messages */
	int root_fd; /* a read-only, nosuid, nodev, noexec clone of the mount where the kernel can make one */
	int write_fd; /* the root itself, or -1 without TARGET_WRITABLE */
	int outside_fd,
	    start_fd; /* O_PATH: "/" and the current directory as they were, or -1 without TARGET_REHEARSE */
	bool read_only_clone; /* root_fd is that clone */
	bool confined;
	bool walk; /* resolve component by component */
	bool journal_unseen; /* the file system is mounted without what its journal holds */
	bool live; /* root is the running system's own / */
	struct staged *staged; /* NULL until something is staged */
	const struct settings *settings; /* how the operator wants it judged, or NULL (settings.h) */
	/* The door's own memory */
	dev_t ordinary_device; /* of a filesystem without a device that is not one of the kernel's virtual ones */
	int part_fd; /* the file that target_pread() read last, or -1 */
	char *part_path;
	const struct staged *part_staged;
};

/* Opens a root. 0 or negative errno; *ret is the caller's, to be closed with target_close(). */
int target_open(struct target **ret, const char *root, unsigned flags);
struct target *target_close(struct target *target);

static inline void cleanup_close_target(struct target **target)
{
	target_close(*target);
}
#define cleanup_target __attribute__((cleanup(cleanup_close_target)))

/* stat follows a last symbolic link, lstat does not. A missing file is -ENOENT (also -ENOTDIR where a parent is a
 * file). */
int target_stat(struct target *target, const char *path, struct node_stat *ret);
int target_lstat(struct target *target, const char *path, struct node_stat *ret);
/* Whether path, followed, is there: also false for every error. */
bool target_exists(struct target *target, const char *path);

/* Reads a regular file, links followed. ret->data is in arena. ret_stat may be NULL. */
int target_read(struct target *target, const char *path, size_t limit, struct arena *arena, struct blob *ret,
		struct node_stat *ret_stat);
/* Reads size bytes at offset of a regular file; returns how many there were. For large files read in parts (ELF). */
ssize_t target_pread(struct target *target, const char *path, void *buffer, size_t size, uint64_t offset);
/* What a symbolic link says, unresolved. */
int target_readlink(struct target *target, const char *path, struct arena *arena, char **ret);
/* The path without any symbolic link in it. With follow_last a link at the end is followed as well. The last component
 * may be missing: then it is returned below its resolved parent. */
int target_resolve(struct target *target, const char *path, bool follow_last, struct arena *arena, char **ret);

struct dir_entry {
	char *name;
	enum node_type type; /* of the entry itself: a link is a link */
};
typedef ARRAY_OF(struct dir_entry) dir_list;

/* The names in a directory, sorted bytewise, without . and .. */
int target_list(struct target *target, const char *path, struct arena *arena, dir_list *ret);
/* As glob(3) with flags 0 inside the root: sorted; an empty list when nothing matches. A pattern that would visit more
 * than TARGET_LIST_LIMIT names is -E2BIG. */
int target_glob(struct target *target, const char *pattern, struct arena *arena, string_list *ret);

/* An extended attribute of the file itself (links not followed); -ENODATA when there is none. */
int target_getxattr(struct target *target, const char *path, const char *name, struct arena *arena, struct blob *ret);

#endif
