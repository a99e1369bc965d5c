/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_LOAD_H
#define SSHRESCUE_STAGE_FIREWALL_LOAD_H

/* Private to the firewall stage: who loads packet filter rules at boot, from where, and in which order. */

#include "facts.h"
#include "facts/network.h"
#include "filter/load.h"
#include "problem.h"

enum firewall_format {
	FIREWALL_NFT,
	FIREWALL_IPTABLES,
	FIREWALL_IPSET,
	FIREWALL_UFW,
	FIREWALL_FIREWALLD,
};

/* Whether the programs of a step can be run. */
enum firewall_fate {
	FATE_RUNS,
	FATE_FAILS,
	FATE_UNCERTAIN,
};

/* One thing that a loader loads. */
struct firewall_step {
	enum firewall_format format;
	const char *path; /* the rules file; where text is set, the script or unit that it stands in */
	const char *text; /* rules on a command line, in the format; NULL: the file's content */
	unsigned line; /* of text in path */
	bool ipv6; /* FIREWALL_IPTABLES */
	bool keep; /* --noflush */
	bool other_backend; /* the command names its backend: legacy tells which */
	bool legacy;
	bool may_fail; /* "|| true": whoever runs it goes on */
	bool stops; /* where it fails, the loader's later steps are not run */
	const char *programs[3]; /* that it needs, by path or bare name; the first ones are set */
	enum firewall_fate fate;
};
typedef ARRAY_OF(struct firewall_step) firewall_steps;

/* When a loader that is no unit runs. */
enum firewall_moment {
	MOMENT_UNIT, /* as its unit is ordered */
	MOMENT_INTERFACE, /* when an interface comes up */
	MOMENT_LATE, /* rc.local, cron */
};

/* A unit or script that the boot runs. */
struct firewall_loader {
	const char *name;
	const struct unit *unit; /* MOMENT_UNIT */
	enum firewall_moment moment;
	firewall_steps steps;
};
typedef ARRAY_OF(struct firewall_loader) firewall_loaders;

/* A command with what a shell put around it. */
struct simple_command {
	string_list words;
	const char *input; /* of "< FILE" */
	bool may_fail; /* "|| true" */
	bool stops; /* "|| exit" */
};

/*
 * firewall_command.c: what a command does to packet filters. 1: it loads rules, and the steps were appended; 0:
 * nothing; -EINVAL: something that is not understood.
 */
int firewall_command(struct arena *arena, const struct simple_command *simple, const char *path, unsigned line,
		     firewall_steps *ret);
/* firewall_shell.c: the same for a line of a shell script; one that does more than run a single command is not
 * understood, unless it has nothing to do with firewalls. */
int firewall_shell_line(struct arena *arena, const char *text, const char *path, unsigned line, firewall_steps *ret);
/* A whole script of such lines. */
int firewall_script(struct arena *arena, const struct blob *script, const char *path, firewall_steps *ret);

/* firewall_boot.c: all loaders of the next boot. What may load rules and is not understood is raised as
 * firewall.unevaluated. */
void firewall_find_loaders(const struct facts *facts, struct findings *findings, firewall_loaders *ret);
/* firewall_program.c: raises firewall.loader where a program of theirs cannot be run, and sets the fate of their steps.
 */
void firewall_check_programs(const struct facts *facts, struct findings *findings, firewall_loaders *loaders);
/* firewall_openrc.c: adds the services of OpenRC. */
void firewall_find_openrc(const struct facts *facts, struct findings *findings, firewall_loaders *ret);
void firewall_raise_unevaluated(struct findings *findings, const char *what, const char *path, unsigned line,
				const char *evidence);

/* firewall_order.c: the orders in which the boot may run the loaders. Loaders that exclude each other
 * (Conflicts=) are not in one order together. False when there are too many orders. */
struct firewall_order {
	const struct firewall_loader **loaders;
	size_t count;
};
typedef ARRAY_OF(struct firewall_order) firewall_orders;
/* Whether one of the unit's settings of that key, such as After=, names the other unit. */
bool firewall_unit_names(const struct facts *facts, const struct unit *unit, const char *key, const char *name);
bool firewall_find_orders(const struct facts *facts, const firewall_loaders *loaders, struct arena *arena,
			  firewall_orders *ret);

/* firewall.c: the rules as the boot leaves them, in the first of its orders, when everything loads. */
void firewall_build(const struct facts *facts, struct ruleset *ret);

#endif
