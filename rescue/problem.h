/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PROBLEM_H
#define SSHRESCUE_PROBLEM_H

/*
 * The table of problems (problem_table.def) and what a look found (struct findings). Checks raise problems and attach
 * edits; the plan decides; the report prints. e2fsck's problem.c is the model.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "edit.h"

/* The way in, in the order a connection takes it. */
enum stage {
	STAGE_BOOT,
	STAGE_NETWORK,
	STAGE_SERVICE,
	STAGE_DAEMON,
	STAGE_CONFIG,
	STAGE_KEYS,
	STAGE_LISTEN,
	STAGE_FIREWALL,
	STAGE_LOGIN,
	STAGE_COUNT,
};

enum severity {
	SEVERITY_BLOCKS, /* no connection */
	SEVERITY_UNKNOWN, /* something on the path was not understood: the verdict cannot be "reachable" */
	SEVERITY_LIMITS, /* some clients or accounts cannot get in */
	SEVERITY_WARNS, /* works today, will break or is unsafe */
	SEVERITY_INFO,
};

enum repair_class {
	REPAIR_SAFE, /* neither weakens security nor discards intent */
	REPAIR_ASK, /* undoes what an administrator may have meant, or exposes something */
	REPAIR_REPORT, /* not repairable offline, or not without guessing */
};

/* Verbs in two tenses, so that the question and the report cannot drift apart. */
enum verb {
	VERB_NONE,
	VERB_REMOVE,
	VERB_CREATE,
	VERB_CORRECT,
	VERB_COMMENT_OUT,
	VERB_SET,
	VERB_ENABLE,
	VERB_GENERATE,
	VERB_ADD,
	VERB_RESTORE,
	VERB_RENAME,
	VERB_COUNT,
};

struct verb_text {
	const char *present, *past;
};
extern const struct verb_text verb_texts[VERB_COUNT];

enum problem_code {
#define PROBLEM(id, ...) PROBLEM_##id,
#include "problem_table.def"
#undef PROBLEM
	PROBLEM_COUNT,
};

/* One row of the table. */
struct problem_info {
	const char *code; /* "service.masked" */
	enum stage stage;
	enum severity severity; /* unless the check says otherwise for this instance */
	enum repair_class class; /* the most that a repair of it may claim */
	enum verb verb; /* what its usual repair does */
	const char *title; /* one line; %s is the problem's subject, at most once */
	const char *explanation; /* for `explain CODE`, the man page and SARIF: why, and what to do */
};
extern const struct problem_info problem_table[PROBLEM_COUNT];

enum problem_state {
	PROBLEM_STATE_FOUND,
	PROBLEM_STATE_REPAIRED,
	PROBLEM_STATE_LEFT,
};

struct problem {
	enum problem_code code;
	const struct problem_info *info;
	enum severity severity;
	enum repair_class class;
	enum verb verb;
	const char *subject; /* what the title's %s stands for: part of the problem's identity */
	const char *path; /* where it comes from, or NULL */
	unsigned line; /* 0: none */
	const char *evidence; /* one line of fact: what is there. NULL: path and line say it all */
	const char *repair; /* what the verb is done to: "PermitRootLogn -> PermitRootLogin". NULL without edits */
	const char *remedy; /* class report: the exact package or command that helps. May be NULL */
	ARRAY_OF(struct edit) edits;
	/* set by the plan */
	enum problem_state state;
	bool wanted; /* its repair was asked for */
	const char *left_because; /* why it was left although it had edits */
};

enum stage_status {
	STAGE_OK,
	STAGE_BLOCKS,
	STAGE_UNKNOWN,
	STAGE_LIMITS,
	STAGE_WARNS,
	STAGE_SKIPPED,
};

/* Whether an account can log in. */
enum login_answer {
	LOGIN_YES,
	LOGIN_DEPENDS, /* on something that cannot be seen here */
	LOGIN_NO,
	LOGIN_ANSWER_COUNT,
};

struct login {
	const char *account;
	enum login_answer answer;
	const char *ways; /* "key", "password", "key, password", "key and password", "other"; "" for LOGIN_NO */
	const char *reason; /* why not, or what it depends on; NULL for LOGIN_YES */
};

enum {
	LOGIN_LIST_LIMIT = 100, /* accounts named; all are counted */
};

/* What one look at the target found. Everything in it lives in the arena. */
struct findings {
	struct arena *arena;
	ARRAY_OF(struct problem *) problems;
	/* A stage that could not be judged at all, since an earlier one is broken or it is not implemented. */
	bool skipped[STAGE_COUNT];
	/* A stage that was judged only up to its first problem: later looks may see more without a repair being at
	 * fault. */
	bool partial[STAGE_COUNT];
	/* Who can log in, once the login stage was judged: people's accounts, and all others that can. */
	ARRAY_OF(struct login) logins;
	size_t login_counts[LOGIN_ANSWER_COUNT];
	bool logins_elsewhere; /* there are accounts that are not in the root's own files */
	/* From where the firewall lets clients in: "any", "203.0.113.0/24 via wg0"; empty: nobody, or not known. */
	string_list sources;
};

/*
 * Raises a problem of the table. path may be NULL; line 0 is none. The format and what follows make the subject. The
 * result belongs to the findings; the check may go on to set severity, class, verb, evidence, repair, remedy and attach
 * edits.
 */
struct problem *problem_raise(struct findings *findings, enum problem_code code, const char *path, unsigned line,
			      const char *subject_format, ...) __attribute__((format(printf, 5, 6)));
/* Set one text of a problem, formatted into the arena. */
void problem_evidence(struct findings *findings, struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problem_repair(struct findings *findings, struct problem *problem, enum verb verb, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void problem_remedy(struct findings *findings, struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The title of a row, with dots for a subject; in arena. */
char *problem_title(struct arena *arena, const struct problem_info *info);
/* The title with the subject in it, in arena. */
char *problem_summary(struct arena *arena, const struct problem *problem);
/* Two problems of different looks are the same one: code, path and subject are equal (lines move). */
bool problem_same(const struct problem *a, const struct problem *b);
/* Whether a problem of that code was raised. */
bool findings_has(const struct findings *findings, enum problem_code code);
/* The worst thing known of a stage. */
enum stage_status findings_stage_status(const struct findings *findings, enum stage stage);

const char *stage_name(enum stage stage);
const char *stage_status_name(enum stage_status status);
const char *severity_name(enum severity severity);
const char *repair_class_name(enum repair_class class);

#endif
