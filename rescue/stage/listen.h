/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_LISTEN_H
#define SSHRESCUE_STAGE_LISTEN_H

/* Private to the listen stage: where sshd, or the socket unit in its place, will listen. */

#include "stage/stage.h"

enum listen_kind {
	LISTEN_ANY, /* 0.0.0.0, [::] */
	LISTEN_LOOPBACK,
	LISTEN_SPECIFIC, /* one address of an interface */
	LISTEN_NAME, /* that a resolver must translate */
};

/* Who opens the socket. */
enum listen_by {
	LISTEN_BY_SSHD,
	LISTEN_BY_SOCKET, /* the socket unit, as it is on disk */
	LISTEN_BY_GENERATOR, /* the socket unit, to which Ubuntu's generator adds what sshd_config says */
};

struct listen_entry {
	enum listen_kind kind;
	bool ipv6;
	const char *address; /* numeric, in its shortest form; or the name */
	const char *written; /* as it stands there: "localhost", "[::]:22"; NULL for a default */
	unsigned port;
	const char *path; /* where it stands; NULL for a default, or sshd's command line */
	unsigned line;
	bool both; /* an IPv6 socket that takes IPv4 as well: there is an entry for each */
};

struct listen_view {
	enum listen_by by;
	const struct unit *socket; /* unless by sshd */
	ARRAY_OF(struct listen_entry) entries;
	bool configured; /* sshd_config or the options say something of ports, addresses or their family */
	string_list strange; /* what was not understood */
};

/* listen_address.c: numbers, names and the files that know them */

/* Fills kind, ipv6 and address from a numeric address; false when it is none. */
bool listen_parse_address(struct arena *arena, const char *text, struct listen_entry *ret);
/* The port that a2port() of sshd makes of a word; 0 when it makes none. */
unsigned listen_parse_port(struct target *target, struct arena *arena, const char *word);
/* The addresses that /etc/hosts has for a name. */
void listen_hosts(struct target *target, struct arena *arena, const char *name, string_list *ret);
/* Whether a network configuration of the target gives that address to an interface. */
bool listen_address_is_static(struct target *target, struct arena *arena, const struct listen_entry *entry);

/* listen_view.c */

/* What sshd itself would listen on. */
void listen_view_config(const struct facts *facts, struct arena *arena, struct listen_view *ret);
/* What the next boot listens on. */
void listen_view_boot(const struct facts *facts, struct arena *arena, struct listen_view *ret);

/* listen_socket.c */

/* The addresses of a socket unit's ListenStream=, those of the generator put in where generated is not NULL. */
void listen_view_socket(const struct facts *facts, struct arena *arena, const struct unit *socket,
			const struct listen_view *generated, struct listen_view *ret);
/* Whether the target has Ubuntu's sshd-socket-generator. */
bool listen_has_generator(const struct facts *facts);
/* Problems that only socket units have. */
void listen_check_socket(const struct facts *facts, struct findings *findings, const struct listen_view *view);
/* Other socket units that the boot starts on a port of ours. */
void listen_check_others(const struct facts *facts, struct findings *findings, const struct listen_view *view);

/* The line as a comment that says why: "#ListenAddress 127.0.0.1 # sshrescue: …"; NULL when it cannot be read. */
const char *listen_commented_line(const struct facts *facts, struct arena *arena, const char *path, unsigned line,
				  const char *why);
/* Whether a repair may edit lines of the file; *ret is its path without links. */
bool listen_may_edit(const struct facts *facts, struct arena *arena, const char *path, char **ret);
/* "0.0.0.0:22", "[::]:22" */
const char *listen_entry_text(struct arena *arena, const struct listen_entry *entry);

#endif
