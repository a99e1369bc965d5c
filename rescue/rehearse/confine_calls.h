/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CONFINE_CALLS_H
#define SSHRESCUE_REHEARSE_CONFINE_CALLS_H

/* Leaves the process, and all that it starts, only the system calls of allowed.def. It needs no_new_privs. 0 or
 * negative errno. */
int confine_calls(void);

#endif
