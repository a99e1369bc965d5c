/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_PAM_CONFIG_H
#define SSHRESCUE_PARSE_PAM_CONFIG_H

/*
 * The stacks of modules of a PAM service, as libpam reads and runs them: pam.conf(5), pam_handlers.c and pam_dispatch.c
 * of Linux-PAM, with Debian's @include. What a module answers is the caller's to say.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "target/target.h"

enum pam_facility {
	PAM_FACILITY_AUTH,
	PAM_FACILITY_ACCOUNT,
	PAM_FACILITY_SESSION,
	PAM_FACILITY_PASSWORD,
	PAM_FACILITY_COUNT,
};

/* The answers of modules that make a difference here. */
enum pam_answer {
	PAM_ANSWER_SUCCESS,
	PAM_ANSWER_NEW_PASSWORD, /* new_authtok_reqd */
	PAM_ANSWER_IGNORE,
	PAM_ANSWER_MODULE_UNKNOWN,
	PAM_ANSWER_AUTH_ERROR,
	PAM_ANSWER_DENIED, /* perm_denied */
	PAM_ANSWER_EXPIRED, /* acct_expired */
	PAM_ANSWER_COUNT,
};

enum {
	PAM_ACTION_IGNORE = -6,
	PAM_ACTION_OK,
	PAM_ACTION_DONE,
	PAM_ACTION_BAD,
	PAM_ACTION_DIE,
	PAM_ACTION_RESET,
	/* 0 and above: so many modules are jumped over */
};

struct pam_entry {
	int actions[PAM_ANSWER_COUNT];
	const char *module; /* "pam_unix.so"; NULL for a line that libpam does not understand: it always fails */
	string_list arguments;
	bool silent; /* '-' in front of the facility: nothing happens where the module is missing */
	unsigned level; /* of the substack it belongs to */
	const char *path;
	unsigned line;
};

struct pam_stack {
	ARRAY_OF(struct pam_entry) entries;
};

struct pam_config {
	const char *path; /* the service's file; NULL where it has none, and "other" stands in */
	struct pam_stack stacks[PAM_FACILITY_COUNT];
	/* A line that keeps libpam from starting: an @include of a file that is not there; NULL without */
	const struct pam_entry *aborted;
	bool not_understood; /* more than is looked at */
};

/* Never fails: a service without any module lets nobody in, as in libpam. */
void pam_config_load(struct target *target, struct arena *arena, const char *service, struct pam_config *ret);

/* What an entry's module answers; called in the order of the stack. */
typedef enum pam_answer pam_ask(void *context, const struct pam_entry *entry);
/* What libpam makes of all answers. *ret_decisive (may be NULL) is the entry that settled a failure, or NULL. */
enum pam_answer pam_stack_run(const struct pam_stack *stack, pam_ask *ask, void *context,
			      const struct pam_entry **ret_decisive);

/* The value behind "name=", or NULL. */
const char *pam_argument(const struct pam_entry *entry, const char *name);
bool pam_has_argument(const struct pam_entry *entry, const char *word);

#endif
