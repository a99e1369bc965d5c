/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_REHEARSAL_H
#define SSHRESCUE_REHEARSE_REHEARSAL_H

/*
 * The rehearsal: starts the target's own sshd behind the target's own firewall, in a throw-away world, and connects to
 * it from outside. The one part of the program that executes what the target holds.
 *
 *   sshrescue (rehearsal.c)            waits, with a deadline; reads the record
 *     └ the client (client.c)          a network namespace of its own, at the far end of a cable (veth)
 *         └ the machine (machine.c)    first process of a pid namespace: own mounts (mounts.c), network, ipc, uts;
 *             └ the target's programs  fewer capabilities, a system call filter, limits (confine.c)
 *
 * When a process ends, the ones below it are killed by the kernel; with the last of them the namespaces go, and all
 * that was mounted or configured in them. Nothing is ever written outside of them.
 */

#include "plan.h"

enum rehearsal_status {
	REHEARSAL_SKIPPED,
	REHEARSAL_PASSED,
	REHEARSAL_FAILED,
};

/* A program of the target that was run. */
struct rehearsed_program {
	const char *name; /* its command line */
	const char *unit;
	bool ended;
	int exit_status; /* as a shell has it: 128 and more for signals */
	const char *output; /* the end of what it said */
};

/* A connection from outside. */
struct rehearsed_connection {
	bool ipv6;
	const char *source, *address;
	const char *interface; /* that it comes in by */
	unsigned port;
	bool let_in; /* so the checks have it, of this source */
	const char *result; /* "banner", "refused", "no answer", … */
	bool answered;
};

/* A host key that sshd offered. */
struct rehearsed_key {
	const char *type; /* "ssh-ed25519" */
	const char *path; /* of the file that holds it, or NULL: it is none of those that were expected */
};

struct rehearsal {
	enum rehearsal_status status;
	const char *reason; /* failed or skipped: why */
	const char *banner; /* what sshd said first, or NULL */
	const char *dropped_by; /* the rule that stopped a connection, or NULL */
	unsigned milliseconds;
	ARRAY_OF(struct rehearsed_program) programs;
	ARRAY_OF(struct rehearsed_connection) connections;
	ARRAY_OF(struct rehearsed_key) keys;
};

enum {
	REHEARSAL_TIMEOUT = 10, /* seconds */
};

struct rehearsal_options {
	unsigned timeout; /* seconds; 0: REHEARSAL_TIMEOUT */
	string_list from; /* sources that have to get in, as script_read_source() has them; empty: any */
};

/*
 * Rehearses the next boot of the target as it is staged, of which look is the look. The target must be open with
 * TARGET_REHEARSE. Never fails: what went wrong is the reason for which it was skipped. Texts are in arena.
 */
void rehearse(struct target *target, const struct look *look, const struct rehearsal_options *options,
	      struct arena *arena, struct rehearsal *ret);
/* What stands in its place where --no-exec was given. */
extern const struct rehearsal rehearsal_forbidden;
const char *rehearsal_status_name(enum rehearsal_status status);

#endif
