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

enum {
	SCRIPT_INTERFACES = 32, /* at most */
};

/* A further client. */
struct scripted_source {
	struct scripted_address address;
	size_t interface; /* of script.interfaces: that it comes in by */
	bool let_in; /* so the checks have it */
};

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
	string_list interfaces; /* at least one; the usual client comes in by the first */
	scripted_addresses addresses; /* beside the one that it always has */
	ARRAY_OF(struct scripted_source) sources;
	bool sources_asked; /* the user chose them: the usual client stays away, and each of them has to get in */
	ARRAY_OF(struct scripted_port) ports;
	ARRAY_OF(struct scripted_program) programs; /* in the order of the boot */
	ARRAY_OF(struct scripted_directory) directories;
	enum socket_use socket_use;
	scripted_addresses sockets; /* that a socket unit opens */
	unsigned backlog;
	unsigned timeout; /* seconds, for all of it */
	const char *unplayable; /* why this boot cannot be rehearsed, or NULL */
	const char *hopeless; /* why it does not come to a sshd at all, or NULL */
};

/* sources: from where the checks find clients let in (findings.sources), or NULL. asked: from where the user wants to
 * get in, as script_read_source() has it, or NULL. */
void script_write(const struct facts *facts, const string_list *sources, const string_list *asked, struct arena *arena,
		  struct script *ret);

/* script_sources.c */

/* The interfaces, and who comes in by them. */
void script_add_sources(const struct facts *facts, const string_list *sources, const string_list *asked,
			struct arena *arena, struct script *script);
/* "203.0.113.7", "2001:db8::7%eth1": an address that a client may have, and the interface (or NULL) behind it. */
bool script_read_source(const char *text, struct scripted_address *ret, const char **ret_interface);

#endif
