/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_CMD_CMD_H
#define SSHRESCUE_CMD_CMD_H

/* The subcommands: each takes its own arguments (argv[0] is its name) and returns the exit status of fsck(8)'s kind. */

#include <stdbool.h>
#include <unistd.h>

#include "repair.h"
#include "report/report.h"

int cmd_check(int argc, char **argv);
int cmd_repair(int argc, char **argv);
int cmd_undo(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_rehearse(int argc, char **argv);
int cmd_disks(int argc, char **argv);
int cmd_boot(int argc, char **argv);
int cmd_arm(int argc, char **argv);
int cmd_confirm(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

enum {
	OPTION_FROM_MOST = 16, /* times that --from may be given */
};

/* What the options of all subcommands say. */
struct options {
	const char *root; /* "/" unless said otherwise */
	bool json, sarif; /* at most one */
	unsigned port;
	bool dry_run, preen, yes; /* -n -p -y: at most one */
	bool force;
	bool strict;
	bool rehearse, no_exec;
	bool verify;
	unsigned timeout; /* seconds; 0: not given */
	const char *from[OPTION_FROM_MOST];
	size_t from_count;
	const char *format; /* of images, or NULL */
	const char *key_file; /* for encrypted volumes, or NULL */
	char **arguments; /* what is left behind the options */
	int argument_count;
};

/* The options that a subcommand takes. */
enum option_set {
	OPTION_ROOT = 1 << 0,
	OPTION_JSON = 1 << 1,
	OPTION_PORT = 1 << 2,
	OPTION_MODE = 1 << 3, /* -n -p -y */
	OPTION_FORCE = 1 << 4,
	OPTION_STRICT = 1 << 5,
	OPTION_REHEARSE = 1 << 6, /* --rehearse */
	OPTION_NO_EXEC = 1 << 7,
	OPTION_TIMEOUT = 1 << 8,
	OPTION_SARIF = 1 << 9,
	OPTION_VERIFY = 1 << 10,
	OPTION_FROM = 1 << 11,
	OPTION_IMAGE = 1 << 12, /* --format, --key-file */
};

/* Fills *ret. 0, or EXIT_USAGE after a message that says what is wrong. */
int options_parse(int argc, char **argv, unsigned allowed, int most_arguments, struct options *ret);

/* What the options of a repair ask for; on a terminal, it asks. */
struct repair_request repair_request_from(const struct options *options);

/* Takes a transaction back (NULL: the newest) on a root that is open for writing, and adds to text what was done. The
 * exit status. */
int undo_transaction(struct target *target, const char *root, const char *id, bool force, struct text *text);

/* Prints "sshrescue: …" to standard error, escaped, and returns status. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Opens a root, or complains: 0 or EXIT_ERROR. */
int open_target(const char *root, unsigned flags, struct target **ret);
struct settings;
/* Reads /etc/sshrescue.conf, while this process still sees it, and complains about its mistakes. *port becomes the
 * file's where it is 0. */
void load_settings(struct arena *arena, struct settings *settings, unsigned *port);
/* Says why a root could not be looked at: EXIT_ERROR. */
int complain_look(const char *root, int error);
/* Writes a report to standard output; status gets EXIT_ERROR added when that fails. */
int finish_report(struct text *text, int status);

#endif
