/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_CANCEL_H
#define SSHRESCUE_DISKS_CANCEL_H

/* Signals that end a run: the process that oversees it holds them back, so that what works on a disk can be waited for
 * and cleared away; the others are ended by them, as usual. */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static inline void cancel_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
}

static inline void cancel_hold_back(void)
{
	sigset_t set;

	cancel_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* For a new process. */
static inline void cancel_let_through(void)
{
	sigset_t set;

	cancel_signals(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Whether one of them waits. */
static inline bool cancel_wanted(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP));
}

#endif
