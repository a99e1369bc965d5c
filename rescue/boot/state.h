/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BOOT_STATE_H
#define SSHRESCUE_BOOT_STATE_H

/*
 * What one boot leaves for the next: /etc/sshrescue/armed in the root, a few lines "name=value".
 *
 *   request=repair     somebody asked for one run at the next boot (sshrescue arm); that boot removes it
 *   boot=unconfirmed   with boot=guard: a boot has begun, and nobody has said yet that it is good
 *   boot=confirmed     somebody has (sshrescue confirm)
 *   wtmp=INODE:SIZE    /var/log/wtmp when that boot began: what was written behind it belongs to that boot
 *
 * The file is replaced as a whole and durably. It is as hostile as all of the root: what is not understood in it counts
 * as absent.
 */

#include "boot/command_line.h"
#include "target/target.h"

#define BOOT_STATE_PATH "/etc/sshrescue/armed"

enum boot_watch {
	WATCH_NONE, /* no boot was watched yet */
	WATCH_UNCONFIRMED,
	WATCH_CONFIRMED,
};

struct boot_state {
	enum boot_mode request; /* BOOT_OFF: none */
	enum boot_watch watch;
	/* /var/log/wtmp; 0 and 0 where it was not there */
	uint64_t wtmp_inode, wtmp_size;
};

/* *ret is empty where there is no such file. 0 or negative errno. */
int boot_state_read(struct target *target, struct boot_state *ret);
/* target is open with TARGET_WRITABLE. An empty state removes the file. 0 or negative errno. */
int boot_state_write(struct target *target, const struct boot_state *state);
bool boot_state_equal(const struct boot_state *a, const struct boot_state *b);

/* Fills in where wtmp ends now. */
void boot_state_mark_wtmp(struct target *target, struct boot_state *state);
/* Whether somebody logged in from elsewhere since the mark: a login record with a remote host in wtmp(5). */
bool boot_state_saw_login(struct target *target, const struct boot_state *state);

#endif
