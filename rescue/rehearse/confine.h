/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CONFINE_H
#define SSHRESCUE_REHEARSE_CONFINE_H

/* What the programs of the target may do. Both functions are for the process itself, and cannot be taken back. 0 or
 * negative errno. */

#include <stdbool.h>

/* The first process of the machine, once its world is made: no privilege is gained by execve(2) from here on, the
 * system calls that reach beyond the world are gone, and so are all capabilities that no program on the way to sshd
 * needs. */
int confine_machine(void);
/* A program of the target, just before its execve(2). network: it may change the network of the machine, as what loads
 * a firewall must. */
int confine_program(bool network);

/* The client, before it hears the first word of the target's: it keeps its sockets and what it takes to use them, and
 * sees an empty file system. */
int confine_client(void);
/* Closes every descriptor from first on. */
int close_from(int first);

#endif
