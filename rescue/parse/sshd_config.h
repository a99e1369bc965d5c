/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSHD_CONFIG_H
#define SSHRESCUE_PARSE_SSHD_CONFIG_H

/*
 * The effective configuration of sshd: what `sshd -T` of the same version would say, and every reason for which sshd
 * would refuse to start with it. Rules: sshd_config(5) and servconf.c, readconf.c, misc.c of OpenSSH 7.4 to 10.x.
 */

#include "base/arena.h"
#include "parse/sshd_binary.h"
#include "target/target.h"

/* An assignment that sshd keeps (first value wins; accumulating keywords keep all), outside any Match block that a
 * connection would need to satisfy. */
struct sshd_setting {
	const char *keyword; /* as sshd_config(5) spells it: "ListenAddress", "HostKey" */
	char **arguments; /* the words, unquoted, as they are written */
	size_t argument_count;
	/* What sshd -T prints of it: "yes" for YES, "prohibit-password" for without-password, seconds for times,
	 * paths without ~; where there is nothing to work out, the arguments joined by single spaces */
	const char *value;
	const char *path; /* NULL: given on sshd's command line */
	unsigned line;
};

enum sshd_config_error_kind {
	SSHD_CONFIG_MISSING, /* the main file is not there or cannot be read */
	SSHD_CONFIG_UNKNOWN_KEYWORD, /* Bad configuration option */
	SSHD_CONFIG_BAD_VALUE, /* bad port, cipher, unsupported option, … */
	SSHD_CONFIG_MISSING_VALUE,
	SSHD_CONFIG_EXTRA_ARGUMENTS,
	SSHD_CONFIG_NOT_IN_MATCH, /* Directive '%s' is not allowed within a Match block */
	SSHD_CONFIG_BAD_MATCH, /* a Match line sshd does not accept */
	SSHD_CONFIG_BAD_QUOTES,
	SSHD_CONFIG_BAD_INCLUDE, /* too deep, unreadable */
	SSHD_CONFIG_GARBAGE, /* binary, merge-conflict markers: not a configuration line at all */
	SSHD_CONFIG_CONFLICT, /* cross-keyword errors: fatal only when all is read */
	SSHD_CONFIG_NOT_UNDERSTOOD, /* we cannot tell what this sshd would say: the verdict must be unknown */
};

struct sshd_config_error {
	enum sshd_config_error_kind kind;
	const char *path; /* NULL: command line */
	unsigned line;
	const char *keyword; /* as written; may be NULL */
	const char *word; /* the word that sshd stumbles over; may be NULL */
	const char *message; /* in sshd's own terms, without path and line */
	bool in_match; /* stands inside a Match block */
};

/* A directory that stands for a file: sshd reads nothing from it, and goes on. */
struct sshd_config_directory {
	const char *path; /* as it is named */
	const char *file; /* the Include that names it; NULL and 0 for the main file */
	unsigned line;
};

struct sshd_config {
	const char *main_path;
	bool vendor; /* main_path is the vendor's (/usr/etc/ssh), since /etc has none */
	string_list files; /* every file that was read, main one first */
	ARRAY_OF(struct sshd_setting) settings;
	ARRAY_OF(struct sshd_config_error)
	errors; /* all that we can see, in the order sshd would meet them; any one is fatal */
	/* Not those that a wildcard finds among files: nobody expects anything of these. */
	ARRAY_OF(struct sshd_config_directory) directories;
};

/* Who connects: sshd reads its configuration once more for each connection, with the Match blocks that it meets. */
struct sshd_connection {
	/* Whether it meets a criterion of a Match line: "user", "group", "host", "address", "localaddress",
	 * "localport", "rdomain", in any case. "all" and "version" are not asked for, and the user exists. */
	bool (*meets)(void *context, const char *attribute, const char *argument);
	void *context;
};

/*
 * Reads the configuration that sshd would read. main_path may be NULL: the version's default (/etc/ssh/sshd_config, or
 * /usr/etc/ssh/sshd_config where the target's sshd falls back to it). options are the words of -o options on sshd's
 * command line ("Port=2222"), which come first. Negative errno only for trouble of our own; a bad configuration is 0
 * with errors.
 */
int sshd_config_load(struct target *target, struct arena *arena, struct sshd_binary *binary, const char *main_path,
		     char *const *options, size_t option_count, struct sshd_config *ret);
/* The same, as it is in force for a connection. */
int sshd_config_load_for(struct target *target, struct arena *arena, struct sshd_binary *binary, const char *main_path,
			 char *const *options, size_t option_count, const struct sshd_connection *connection,
			 struct sshd_config *ret);

/* As match_pattern() of match.c: * and ?. */
bool sshd_match_pattern(const char *string, const char *pattern);
/* As match_pattern_list(), letters compared as they are: 1 match, -1 negated match, 0. */
int sshd_match_list(const char *string, const char *patterns);

/* The setting in force for a keyword, or NULL where sshd uses its default. */
const struct sshd_setting *sshd_config_get(const struct sshd_config *config, const char *keyword);
/* All settings of an accumulating keyword (Port, ListenAddress, HostKey, …), in order: NULL starts, NULL ends. */
const struct sshd_setting *sshd_config_next(const struct sshd_config *config, const char *keyword,
					    const struct sshd_setting *previous);

/* The places of a ListenAddress setting. "*" is a host as well: glibc takes it for the loopback addresses. */
struct sshd_listen {
	const char *host; /* without brackets; may be a name */
	const char *port_word; /* NULL: every Port */
	unsigned port; /* 0: none, or the name of a service */
};
/* False when there is nothing to take apart. Strings are in arena. */
bool sshd_config_listen(struct arena *arena, const struct sshd_setting *setting, struct sshd_listen *ret);

/* The words that a keyword of few values may have ("yes", "no"): the first for index 0, NULL behind the last or for
 * other keywords. For proposals; which of them a release has is another matter. */
const char *sshd_config_choice(const char *keyword, size_t index);

#endif
