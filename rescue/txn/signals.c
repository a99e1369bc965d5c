/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "txn/journal.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void txn_signals_hold(struct txn_signals *signals)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&held, ending[i]);
	sigaddset(&held, SIGTSTP);
	sigprocmask(SIG_BLOCK, &held, &signals->before);
}

void txn_signals_release(struct txn_signals *signals)
{
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

bool txn_signals_end_asked(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (sigismember(&pending, ending[i]) == 1)
			return true;
	}
	return false;
}
