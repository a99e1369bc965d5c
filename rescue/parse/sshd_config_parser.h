/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_SSHD_CONFIG_PARSER_H
#define SSHRESCUE_PARSE_SSHD_CONFIG_PARSER_H

/*
 * What the parts of the sshd_config engine share; for them alone. One file each: sshd_config_load.c finds the lines,
 * sshd_config_words.c cuts them up, sshd_config_line.c asks the table (sshd_keywords.def) what the keyword wants and
 * records it, sshd_config_{number,value,list,address,algorithm,match}.c know what may follow, sshd_config_check.c looks
 * at the whole.
 */

#include <limits.h>
#include <stdbool.h>

#include "parse/sshd_config.h"
#include "parse/sshd_keywords.h"

enum {
	CONFIG_DEPTH_LIMIT = 16, /* SERVCONF_MAX_DEPTH */
	CONFIG_FILE_LIMIT = 4096, /* files read, each time they are; sshd has no limit, but nobody has that many */
	CONFIG_BYTE_LIMIT = 4 * TARGET_FILE_LIMIT,
	CONFIG_PATTERN_LIMIT = 10000, /* different words behind Include */
	CONFIG_ERROR_LIMIT = 1000, /* errors told apart */
	CONFIG_LOOKUP_LIMIT = 1000, /* questions about names of services and users */
	CONFIG_ASK_LIMIT = 64, /* words asked of the binary */
};

/* The words of a line. OpenSSH 8.7 and later cut the whole line up at once (argv_split), earlier releases took word by
 * word from what was left of it (strdelim), with other rules for quotes and '='. */
struct words {
	bool split;
	char *cursor; /* the rest of the line, or NULL; not split */
	char **items; /* split */
	size_t count, next;
};

/* A file while its lines are read; the command line is one without a path. */
struct config_file {
	const char *path; /* without symbolic links */
	unsigned depth;
	bool active; /* what stands here counts when sshd starts */
	bool never_match; /* included from a block that does not count */
	bool in_match;
	/* The line as sshd's parser gets it, and its words; reused from line to line. */
	char *line, *copy;
	size_t line_capacity;
	char **items;
	size_t item_capacity;
	string_list taken;
};

struct config_line {
	struct config_file *file;
	unsigned number;
	char *keyword; /* as written */
	struct keyword_rule rule;
	bool active;
	char *rest; /* what stands behind the keyword, quotes and all; NULL or "" for nothing */
	struct words words;
	/* What its grammar makes of it */
	string_list *taken; /* the words that it took */
	const char *value; /* NULL: the words as they are */
	bool rest_taken; /* all of the line was used: nothing can be too much */
	bool nothing; /* no setting comes of it */
};

struct config_string_set; /* sshd_config_words.c */

/* What sshd remembers of an Include: a file that the pattern found, once it has been read; NULL: it finds none. */
struct config_included {
	const char *pattern, *path;
	const char *file; /* without symbolic links */
};

/* An Include line that found something. */
struct config_include_line {
	const char *file, *pattern;
	unsigned number;
};

struct config_parser {
	struct target *target;
	struct arena *arena;
	struct sshd_binary *binary;
	struct sshd_config *config;
	const struct sshd_connection *connection; /* NULL: sshd starts */
	unsigned version; /* 100 * major + minor */
	bool version_known;
	struct {
		bool set;
		size_t index; /* of the setting */
	} state[KEYWORD_ID_COUNT];
	/* Settings of Match blocks that every connection meets ("Match all"): they replace those above once sshd reads
	 * its configuration again for a connection. */
	struct sshd_config in_match;
	bool set_in_match[KEYWORD_ID_COUNT];
	/* Options that several lines make up */
	int startups[3]; /* begin, rate, full */
	bool rekey_limit_set, rekey_interval_set;
	long long rekey_limit;
	int rekey_interval;
	bool penalty_enabled_set;
	struct config_string_set *subsystems;
	unsigned ports, subsystem_count;
	/* Limits, and what was looked up once */
	unsigned files_read, lookups, patterns;
	ARRAY_OF(struct config_included) included;
	ARRAY_OF(struct config_include_line) include_lines;
	bool too_deep; /* an error says so */
	uint64_t bytes_read;
	bool gave_up; /* an error says so */
	struct {
		const char *word;
		int answer;
	} asked[CONFIG_ASK_LIMIT];
	unsigned asked_count;
	struct blob services, passwd;
	int services_error, passwd_error;
	bool services_loaded, passwd_loaded;
};

/* --- sshd_config.c --- */
/* Raises an error about a line; word (may be NULL) is what sshd stumbles over. Always false. */
bool config_refuse(struct config_parser *parser, const struct config_line *line, enum sshd_config_error_kind kind,
		   const char *word, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Raises one about no line in particular: path and number may be NULL and 0. */
void config_raise(struct config_parser *parser, enum sshd_config_error_kind kind, const char *path, unsigned number,
		  const char *keyword, const char *word, const char *message);
/* Whether the release is at least version; "8.7" is 807. */
static inline bool config_since(const struct config_parser *parser, unsigned version)
{
	return parser->version >= version;
}
/* Whether the sshd binary has word as a constant: 1, 0, or a negative errno when that cannot be told. */
int config_binary_knows(struct config_parser *parser, const char *word);

/* --- sshd_config_words.c --- */
/* As strdelim(): the next word of *cursor, which moves behind it; one '=' parts words where equals. NULL at the end, or
 * where a quotation mark has no partner. */
char *config_delimit(char **cursor, bool equals);
/* As argv_split(): false when a quotation does not end. Results go to file->copy and file->items. */
bool config_split(struct config_parser *parser, struct config_file *file, const char *text, struct words *ret);
/* The next word, or NULL. */
char *config_next_word(struct words *words);
/* The same, remembered as one of the words that make up the setting. */
char *config_take(struct config_parser *parser, struct config_line *line);
void config_keep(struct config_parser *parser, struct config_line *line, char *word);
/* As argv_assemble(): words quoted so that they can be told apart. */
char *config_assemble(struct arena *arena, char *const *words, size_t count);
/* Adds a copy of string; false when it was in the set. *set starts as NULL. */
bool config_set_add(struct arena *arena, struct config_string_set **set, const char *string);

/* --- sshd_config_number.c --- */
/* As strtonum(): NULL, or "invalid", "too small", "too large". */
const char *config_number(const char *word, long long minimum, long long maximum, long long *ret);
/* As atoi_err(): also "missing". */
const char *config_integer(const char *word, int *ret);
/* As convtime() of that release: seconds; false when it is no time. */
bool config_seconds(unsigned version, const char *word, int *ret);
/* As sscanf() with up to three %d parted by colons: how many there are. */
int config_colon_numbers(const char *word, int *numbers, int limit);
/* As scan_scaled(): 0, -EINVAL, -ERANGE. */
int config_scaled(const char *word, long long *ret);

/* --- sshd_config_line.c --- */
/* Whether a setting would come of the line. sshd looks at some values only then: a wrong ~ elsewhere does no harm. */
bool config_counts(const struct config_parser *parser, const struct config_line *line);
void config_process_line(struct config_parser *parser, struct config_file *file, unsigned number, char *text);

/* --- sshd_config_load.c --- */
/* Reads a file and processes its lines. what is SSHD_CONFIG_MISSING or SSHD_CONFIG_BAD_INCLUDE; line (may be NULL) the
 * Include that names it. */
void config_read_file(struct config_parser *parser, const char *path, enum sshd_config_error_kind what,
		      const struct config_line *line, bool active, bool never_match, bool in_match, unsigned depth);

/* Whether files include each other without end once all of them are known; raises an error. */
void config_check_includes(struct config_parser *parser);

/* --- sshd_config_address.c --- */
enum {
	CONFIG_PORT_BAD = -1,
	CONFIG_PORT_UNKNOWN = -2, /* a name that cannot be looked up here */
};
/* As a2port(). */
int config_port(struct config_parser *parser, const char *word);
/* Cuts host:port as hpdelim() and cleanhostname() do; *ret_port is NULL without one. NULL for nonsense. word changes.
 */
char *config_host_and_port(struct config_parser *parser, char *word, char **ret_port);
/* Whether every entry of a list of addresses, networks and patterns is well-formed, as addr_match_list(NULL, list). */
bool config_address_list_valid(const char *list);
/* The addresses family of a numeric host, AF_UNSPEC when it is a name. */
int config_address_family(const char *host);

/* --- sshd_config_value.c --- */
/* Expands a leading ~ as tilde_expand_filename(), for root. NULL when an error was raised. */
const char *config_expand_tilde(struct config_parser *parser, struct config_line *line, const char *path);

/* --- sshd_config_match.c --- */
bool config_match(struct config_parser *parser, struct config_line *line);

/* --- sshd_config_check.c --- */
void config_check(struct config_parser *parser);
/* As auth2_methods_valid(list, 0): NULL, or the word that is no method, with *ret_sure false when that is not sure. */
const char *config_bad_method(struct config_parser *parser, const char *list, bool *ret_sure);

/* --- sshd_config_algorithm.c --- */
/* As kex_assemble_names(): whether any algorithm is left once the patterns of the list are applied. */
bool config_algorithms_left(struct config_parser *parser, enum keyword_id id, const char *list);

/* Grammars: false when an error was raised. */
typedef bool grammar_function(struct config_parser *parser, struct config_line *line);

grammar_function grammar_choice, grammar_tunnel, grammar_log, grammar_fingerprint_hash, grammar_integer, grammar_time,
    grammar_unused_timeout, grammar_mask, grammar_ipqos, grammar_rekey_limit, grammar_max_startups,
    grammar_per_source_max_startups, grammar_per_source_net_block;
grammar_function grammar_word, grammar_path, grammar_tilde_path, grammar_agent, grammar_security_key_provider,
    grammar_user_environment, grammar_rdomain, grammar_command, grammar_force_command, grammar_version_addendum;
grammar_function grammar_users, grammar_groups, grammar_files, grammar_env_names, grammar_env_settings,
    grammar_log_verbose, grammar_pubkey_auth_options, grammar_authentication_methods, grammar_subsystem,
    grammar_permit_open, grammar_channel_timeout, grammar_per_source_penalties;
grammar_function grammar_port, grammar_listen_address, grammar_address_list;
grammar_function grammar_ciphers, grammar_key_algorithms, grammar_gssapi_kex;
grammar_function grammar_include;

#endif
