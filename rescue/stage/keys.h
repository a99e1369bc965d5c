/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_KEYS_H
#define SSHRESCUE_STAGE_KEYS_H

/*
 * The host keys of the next boot's sshd, and what sshd will make of each. Private to the keys stage (stage/keys*.c)
 * and its tests.
 */

#include "facts.h"
#include "parse/openssh_key.h"
#include "problem.h"

enum {
	HOST_KEY_FILE_LIMIT = 64 * 1024, /* the largest RSA key that sshd takes has 13 KiB */
	HOST_KEY_LIMIT = 256, /* more files are not looked at; sshd until 8.2 (MAX_HOSTKEYS) refused more */
};

enum host_key_state {
	HOST_KEY_GOOD, /* sshd loads it, and its two halves belong together */
	HOST_KEY_UNTESTED, /* sshd loads it; nobody can tell here whether its signatures are good */
	HOST_KEY_MISSING,
	HOST_KEY_DANGLING, /* a link that leads nowhere */
	HOST_KEY_EMPTY,
	HOST_KEY_MODE, /* a good key that others may read: sshd ignores it */
	HOST_KEY_ARMOUR, /* a good key in a text that was mangled: CR LF, no last newline */
	HOST_KEY_CORRUPT,
	HOST_KEY_ENCRYPTED,
	HOST_KEY_UNSUPPORTED, /* of a type or size that this sshd does not take */
	HOST_KEY_MISMATCHED, /* sshd loads it, but no client will accept its signatures */
	HOST_KEY_DIRECTORY,
	HOST_KEY_SPECIAL, /* a fifo, socket or device */
	HOST_KEY_ELSEWHERE, /* where only the running system can see it */
	HOST_KEY_UNREADABLE, /* read_error */
	HOST_KEY_NOT_UNDERSTOOD,
};

struct host_key {
	const char *path; /* as sshd opens it */
	const char *name; /* the last component */
	const struct sshd_setting *setting; /* the HostKey line; NULL: a default or an option of sshd */
	bool by_default; /* nobody asked for it: sshd is silent when it is missing */
	enum host_key_state state;
	int read_error;
	const char *detail; /* what is wrong, for people */
	struct node_stat stat; /* of the file, links followed */
	struct private_key key; /* where it was read */
	struct blob mended; /* HOST_KEY_ARMOUR: the right text */
	bool tested; /* that its halves belong together */
	bool permitted; /* HostKeyAlgorithms lets sshd offer it */
	bool sha1_only; /* but only with signatures that clients since OpenSSH 8.8 refuse */
	bool public_differs; /* the .pub file beside it holds another key */
	const char *public_comment; /* of that .pub file */
};

struct host_keys {
	ARRAY_OF(struct host_key) keys;
	struct key_rules rules;
	size_t usable; /* loaded, good and permitted */
	size_t uncertain; /* may be so */
	bool more; /* than HOST_KEY_LIMIT */
};

/* Reads every host key in force: -h options, HostKey lines, or the defaults of sshd. */
void host_keys_read(const struct facts *facts, struct arena *arena, struct host_keys *ret);
/* Judges the file at key->path as sshd would; rules may be refined by what its sshd is found to know. */
void host_key_judge(const struct facts *facts, struct arena *arena, struct key_rules *rules, struct host_key *key);
/* Sees to it that a loaded key is GOOD only if its halves belong together. host_key_judge() does so itself but for
 * ECDSA keys, where it takes a millisecond. */
void host_key_test(struct host_key *key);
/* The rules of the target's sshd, as far as they are told by its version. */
void host_key_rules(const struct facts *facts, struct key_rules *ret);
const struct host_key *host_keys_find(const struct host_keys *keys, const char *path);

/* Whether sshd would load the file and offer it; neither is certain for HOST_KEY_UNTESTED and the unknown ones. */
bool host_key_is_usable(const struct host_key *key);
bool host_key_is_uncertain(const struct host_key *key);
/* Whether HostKeyAlgorithms as configured (NULL: the default) admits keys of this type. *ret_sha1_only may be NULL. */
bool host_key_type_is_permitted(enum key_type type, const char *type_name, const char *setting, bool *ret_sha1_only);
const char *host_key_algorithms_setting(const struct facts *facts);

/* Whether a path, or the end of a link in it, lies on something that only the running system mounts: /run, a
 * filesystem of fstab(5), a mount unit. */
bool host_key_path_is_elsewhere(const struct facts *facts, const char *path);

/* What of the boot makes missing host keys. */
enum key_maker_answer {
	KEY_MAKER_NONE,
	KEY_MAKER_PERHAPS, /* its conditions cannot be judged here */
	KEY_MAKER_CERTAIN,
};
struct key_maker {
	enum key_maker_answer answer;
	const char *unit; /* "sshd-keygen.service" */
	const char *path; /* of the unit or drop-in */
};
/* Whether the next boot will make the missing default host key of a type ("rsa", "ecdsa", "ed25519") before sshd
 * starts. */
void key_maker_find(const struct facts *facts, struct arena *arena, const char *type, struct key_maker *ret);

/* Raises what is wrong around the keys, with nothing wrong in them. */
void keys_raise_surroundings(const struct facts *facts, struct findings *findings, const struct host_keys *keys);

/* A name beside path that is free: "ssh_host_rsa_key.broken". */
const char *host_key_free_name(const struct facts *facts, struct arena *arena, const char *path);
/* Attaches to keys.none or keys.algorithms what gives sshd a key to start with. */
void keys_repair_none(const struct facts *facts, struct findings *findings, struct host_keys *keys,
		      struct problem *problem);

#endif
