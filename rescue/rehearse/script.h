/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_SCRIPT_H
#define SSHRESCUE_REHEARSE_SCRIPT_H

/* What the next boot would do, as data: which programs it runs on the way to sshd, where, and what is listened on. */

#include "facts.h"

enum program_role {
	ROLE_LOADER, /* loads packet filter rules */
	ROLE_BEFORE, /* ExecStartPre= of sshd's unit */
	ROLE_DAEMON, /* sshd itself */
};

/* When the boot goes on to what comes next. */
enum program_end {
	END_AWAITED, /* when it has ended */
	END_NEVER, /* at once: it runs on */
	END_REPEATED, /* when it has ended with success; it is tried until then */
};

struct scripted_program {
	enum program_role role;
	enum program_end end;
	const char *unit;
	const char *path; /* of the program, as execve(2) wants it */
	string_list words;
	string_list environment; /* "NAME=value" */
	bool ignore_failure;
};

struct scripted_directory {
	const char *path; /* "/run/sshd" */
	mode_t mode;
};

/* An address that the machine has. */
struct scripted_address {
	bool ipv6;
	unsigned char bytes[16];
	unsigned port; /* of a socket; 0 for an address alone */
};
typedef ARRAY_OF(struct scripted_address) scripted_addresses;

struct scripted_port {
	unsigned number;
	bool expected[2]; /* somebody is to listen, by family */
};

enum socket_use {
	SOCKET_NONE, /* sshd opens its own */
	SOCKET_HANDED_OVER, /* Accept=no: sshd gets the listening sockets */
	SOCKET_PER_CONNECTION, /* Accept=yes: sshd gets a connection */
};

struct script {
	const char *interface; /* that the client comes in by */
	string_list more_interfaces; /* that are there as well, with nobody behind them */
	scripted_addresses addresses; /* beside the one that it always has */
	scripted_addresses sources; /* of further clients */
	ARRAY_OF(struct scripted_port) ports;
	ARRAY_OF(struct scripted_program) programs; /* in the order of the boot */
	ARRAY_OF(struct scripted_directory) directories;
	enum socket_use socket_use;
	scripted_addresses sockets; /* that a socket unit opens */
	unsigned backlog;
	const char *unplayable; /* why this boot cannot be rehearsed, or NULL */
	const char *hopeless; /* why it does not come to a sshd at all, or NULL */
};

/* sources: from where the checks find clients let in (findings.sources), or NULL. */
void script_write(const struct facts *facts, const string_list *sources, struct arena *arena, struct script *ret);

#endif
