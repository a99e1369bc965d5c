/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FACTS_H
#define SSHRESCUE_FACTS_H

/* What was read from the target, parsed once a look. Facts never judge: that is the stages' work (stage/stage.h). */

#include "base/arena.h"
#include "parse/os_release.h"
#include "parse/sshd_binary.h"
#include "parse/sshd_config.h"
#include "parse/unit.h"
#include "target/target.h"

enum init_system {
	INIT_SYSTEMD,
	INIT_OPENRC,
	INIT_OTHER,
};

/* How the boot starts sshd: facts/ssh_service.c */
struct ssh_service {
	const char
	    *service_name; /* "ssh.service", "sshd.service": the unit that the distribution ships, aliases resolved */
	const char *socket_name; /* "ssh.socket", or NULL where none is there */
	const struct unit *service; /* never NULL on a systemd target; may be UNIT_NOT_FOUND */
	const struct unit *socket; /* NULL or as above */
	const struct unit *runs; /* the one of the units that runs sshd: service, or what the socket activates */
	bool service_starts; /* by the next boot */
	bool socket_starts;
	/* The last ExecStart= that runs sshd: words after unquoting, with ${VARIABLES} from the environment files put
	 * in. */
	string_list command;
	const char *command_path; /* where that ExecStart= stands */
	unsigned command_line;
	const char *binary; /* "/usr/sbin/sshd" */
	/* sshd(8) options found in command */
	const char *config_file; /* -f, or NULL */
	string_list options; /* -o */
	string_list ports; /* -p */
	string_list host_keys; /* -h */
	bool ipv4_only, ipv6_only; /* -4, -6 */
	string_list bad_options; /* words that sshd's getopt(3) refuses */
	const char *options_path; /* the environment file that the options came from, or NULL */
	unsigned options_line;
};

struct facts {
	struct arena *arena;
	struct target *target;
	struct os_release os;
	enum init_system init;
	struct unit_set *units;
	struct ssh_service service;
	struct sshd_binary binary;
	struct sshd_config config;
	/* From the caller */
	unsigned expected_port; /* --port, 0 when not given */
};

/* Reads all facts. 0, or negative errno when the root could not be read at all; -ENOTDIR/-ENOENT: it is not a Linux
 * root. */
int facts_gather(struct target *target, struct arena *arena, struct facts *ret);

/* facts/ssh_service.c: units, command line and environment files -> facts->service. */
int facts_ssh_service(struct facts *facts);

#endif
