/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_LOGIN_H
#define SSHRESCUE_STAGE_LOGIN_H

/*
 * Private to the login stage (stage/login*.c): who can get in. Each account is judged as sshd would judge it, as often
 * as there are answers to what cannot be known here (from where the client comes, what an unknown PAM module says):
 * where all of them agree the answer is certain.
 */

#include "base/string_map.h"
#include "parse/authorized_keys.h"
#include "parse/pam_config.h"
#include "parse/passwd.h"
#include "parse/shadow.h"
#include "stage/stage.h"

enum {
	GUESS_LIMIT = 5, /* unknown facts of one account: 32 rounds */
	CRITERION_LIMIT = 256, /* different criteria of Match lines */
	VARIANT_LIMIT = 64, /* different configurations that accounts get */
};

/* What is assumed of unknown facts, in the order in which they are asked for. */
struct guesses {
	bool answers[GUESS_LIMIT];
	unsigned count, position;
	bool too_many;
	const char *about; /* the first one */
};

/* What sshd's configuration says of logins, for one kind of connection. */
struct login_rules {
	struct sshd_config config;
	bool broken; /* sshd would refuse it, or it was not understood */
	bool pubkey, password, keyboard, empty_passwords, strict_modes, use_pam;
	const char *root; /* PermitRootLogin: "yes", "prohibit-password", "forced-commands-only", "no" */
	string_list deny_users, allow_users, deny_groups, allow_groups, key_files, methods;
	const char *accepted; /* PubkeyAcceptedAlgorithms, NULL: the default */
	uint64_t rsa_bits;
	const char *revoked, *authorities, *key_command, *chroot, *force_command; /* NULL: none */
	const char *pam_service;
	bool other_method; /* host-based or GSSAPI authentication may let somebody in */
	bool no_tries, no_sessions; /* MaxAuthTries 0, MaxSessions 0 */
};

struct account {
	const struct passwd_entry *passwd;
	const struct shadow_entry *shadow; /* or NULL */
	string_list groups; /* names, the primary one first where it has one */
	ARRAY_OF(gid_t) gids;
};

/* Ways in, as bits. */
enum {
	WAY_KEY = 1 << 0,
	WAY_PASSWORD = 1 << 1,
	WAY_BOTH = 1 << 2, /* a key and then a password */
	WAY_OTHER = 1 << 3,
};

/* Why a file of keys is of no use, in the terms of the problem that says so. */
enum key_fault {
	KEY_FAULT_NONE, /* it has keys that sshd takes */
	KEY_FAULT_MISSING,
	KEY_FAULT_MODES, /* StrictModes */
	KEY_FAULT_UNREADABLE, /* for the user, or no regular file */
	KEY_FAULT_EMPTY, /* no line with a key */
	KEY_FAULT_GARBAGE, /* only lines that hold no key */
	KEY_FAULT_REFUSED, /* only keys that this sshd does not take */
};

struct key_file {
	const char *path; /* as sshd opens it */
	enum key_fault fault;
	const char *detail; /* for people */
	const char *culprit; /* KEY_FAULT_MODES: the file or directory, without links */
	authorized_key_list keys;
};
typedef ARRAY_OF(struct key_file) key_file_list;

/* One account, judged. */
struct verdict_of_account {
	unsigned certain, possible; /* ways that are open whatever is unknown, and that may be */
	bool always; /* one way or another is open, whatever is unknown */
	const char *reason; /* why not, or what it depends on */
	enum {
		REASON_NONE,
		REASON_ACCOUNT, /* it is locked, or sshd_config does not let it in */
		REASON_SHELL,
		REASON_KEYS,
		REASON_PAM,
		REASON_NOLOGIN
	} kind;
	const char *remedy; /* or NULL */
	key_file_list files;
};

/* Whose primary group a group is. */
struct group_owner {
	gid_t gid;
	uid_t uid;
};

struct group_number {
	gid_t gid;
	const struct group_entry *group;
};

/* Of a Match line: "address", "192.0.2.0/24". */
struct criterion {
	char *attribute, *argument;
};

struct login_stage {
	const struct facts *facts;
	struct findings *findings;
	struct arena *lasting; /* what outlives an account */
	struct arena *arena; /* of the account at hand */
	uint64_t key_bytes; /* read from files of keys so far */
	unsigned version; /* of sshd, as 100 * major + minor */
	struct key_rules key_rules;
	int64_t today; /* days since 1970 */
	int64_t now;
	struct passwd_file passwd;
	struct group_file group;
	struct shadow_file shadow;
	ARRAY_OF(struct account) accounts;
	bool accounts_unsure, groups_unsure; /* some are kept elsewhere */
	ARRAY_OF(struct group_owner) primary; /* sorted by gid */
	ARRAY_OF(struct group_number) numbers; /* sorted by gid */
	uint32_t uid_min, uid_max; /* of people: login.defs(5) */
	string_list unmounted; /* mount points of fstab(5) that are empty here */
	/* Configurations, by the answers to the criteria of Match lines */
	ARRAY_OF(struct criterion) criteria;
	bool too_many_criteria;
	struct string_map variants;
	struct login_rules base;
	unsigned only_port; /* 0: several */
	struct pam_config pam;
	const struct pam_entry *pam_missing; /* a missing module, or a line not understood, that kept somebody out */
	struct string_map pam_modules; /* whether they are there */
	struct guesses guesses;
	bool no_login; /* /etc/nologin is there */
	unsigned raised; /* accounts with a problem */
};

/* --- login.c --- */
/* Reads what the judgement of every account needs. */
void login_stage_init(struct login_stage *stage, const struct facts *facts, struct findings *findings);
/* An unknown fact: assumed to be so and not so in turn. about is said to people: "a Match line on address". */
bool login_guess(struct login_stage *stage, const char *about);

/* --- login_rules.c --- */
void login_rules_init(struct login_stage *stage);
/* The rules for an account's connection. */
const struct login_rules *login_rules_for(struct login_stage *stage, const struct account *account);

/* --- login_account.c --- */
void login_accounts_load(struct login_stage *stage);
void login_judge(struct login_stage *stage, const struct account *account, struct verdict_of_account *ret);
/* As getgrgid(3). */
const struct group_entry *login_group(const struct login_stage *stage, gid_t gid);
/* Whether people would expect the account to log in. */
bool login_is_expected(const struct login_stage *stage, const struct account *account,
		       const struct verdict_of_account *verdict);

/* --- login_keys.c --- */
/* Looks at every file of keys; true when a key is taken, of which forced_only must have a command. */
bool login_keys_usable(struct login_stage *stage, const struct account *account, const struct login_rules *rules,
		       bool forced_only, key_file_list *ret, const char **ret_reason);
/* Whether sshd accepts owner and mode: secure_permissions() of Debian's misc.c, or what upstream has in safe_path(). */
bool login_owner_is_safe(struct login_stage *stage, const struct account *account, const struct node_stat *stat);
/* Whether nobody but the account is in the group that may write. */
bool login_group_is_private(struct login_stage *stage, const struct account *account, const struct node_stat *stat);
/* sshd's tokens %h %u %U %% in a path; NULL for one that it does not know. */
const char *login_expand(struct login_stage *stage, const struct account *account, const char *pattern);
/* The mount point that a path is below, and that is not mounted here; or NULL. */
const char *login_unmounted(const struct login_stage *stage, const char *path);

/* --- login_pam.c --- */
void login_pam_init(struct login_stage *stage);
/* Whether the stacks let the account in: its account and session phases, and its password. */
bool login_pam_admits(struct login_stage *stage, const struct account *account, const char **ret_reason);
bool login_pam_password(struct login_stage *stage, const struct account *account, bool empty_allowed,
			const char **ret_reason);

/* --- login_wrappers.c --- */
void login_check_wrappers(struct login_stage *stage);

/* --- login_problems.c --- */
/* What keeps an account out that has keys. */
void login_raise(struct login_stage *stage, const struct account *account, const struct verdict_of_account *verdict);
/* What keeps out more than one, once all are judged. */
void login_raise_all(struct login_stage *stage);

#endif
