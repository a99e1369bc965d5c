/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_DISKS_CHILD_H
#define SSHRESCUE_DISKS_CHILD_H

/* Processes of ours end with us. Signals that end a run are held back by the process that oversees it, so that what
 * works on a disk can be waited for and cleared away; the others are ended by them, as usual. */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

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

/* For a new process: it gets this signal when its parent ends. */
static inline void child_begin(pid_t parent, int at_its_end)
{
	sigset_t set;

	cancel_signals(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)prctl(PR_SET_PDEATHSIG, at_its_end);
	/* It may have ended before. */
	if (getppid() != parent)
		(void)raise(at_its_end);
}

/* Whether one of them waits. */
static inline bool cancel_wanted(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP));
}

#endif
