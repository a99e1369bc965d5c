/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_IPTABLES_SAVE_PRIVATE_H
#define SSHRESCUE_PARSE_IPTABLES_SAVE_PRIVATE_H

/*
 * Shared by iptables_save.c (lines and tables), iptables_save_command.c (what iptables(8) does with its arguments),
 * iptables_save_chain.c (the table at hand and its chains), iptables_save_rule.c (its rules), iptables_save_value.c
 * (what options take), iptables_save_names.c (what the target must be asked for), iptables_save_extension.c (what -m
 * and -j load), and the extensions of iptables-extensions(8): iptables_save_match.c, iptables_save_state.c,
 * iptables_save_rate.c, iptables_save_set.c, iptables_save_other.c and iptables_save_target.c.
 */

#include "parse/iptables_save.h"

/* --- tables ---------------------------------------------------------------- */

enum table_bit {
	TABLE_FILTER = 1 << 0,
	TABLE_NAT = 1 << 1,
	TABLE_MANGLE = 1 << 2,
	TABLE_RAW = 1 << 3,
	TABLE_SECURITY = 1 << 4,
};

enum hook_bit {
	AT_PREROUTING = 1 << HOOK_PREROUTING,
	AT_INPUT = 1 << HOOK_INPUT,
	AT_FORWARD = 1 << HOOK_FORWARD,
	AT_OUTPUT = 1 << HOOK_OUTPUT,
	AT_POSTROUTING = 1 << HOOK_POSTROUTING,
	AT_ALL = AT_PREROUTING | AT_INPUT | AT_FORWARD | AT_OUTPUT | AT_POSTROUTING,
};

/* --- options --------------------------------------------------------------- */

enum value_kind {
	VALUE_NONE,
	VALUE_TEXT,
	VALUE_OPTIONAL, /* a text, only behind "=" */
	VALUE_TWO_TEXTS,
	VALUE_NUMBER,
	VALUE_NUMBER_RANGE, /* "5", "5:9", "5:", ":9" */
	VALUE_PORT_RANGE, /* the same, with service names */
	VALUE_PORT_LIST, /* "22,80:90" */
	VALUE_MARK, /* "0x1/0xff" */
	VALUE_ADDRESS, /* "10.0.0.0/8" */
	VALUE_ADDRESS_RANGE, /* "10.0.0.1-10.0.0.9" */
};

enum option_flags {
	OPTION_NEGATABLE = 1 << 0,
	OPTION_REPEATABLE = 1 << 1,
	OPTION_REQUIRED = 1 << 2,
};

/* An option of an extension. Several names may share one number. */
struct option_form {
	const char *name;
	unsigned char id;
	enum value_kind value;
	unsigned flags;
	uint64_t maximum; /* of a number; 0: 32 bits */
	uint64_t minimum;
};

/* An option as a line has it, its value read. */
struct option_use {
	const struct option_form *form;
	unsigned use; /* number of the extension's use that it belongs to */
	bool negate;
	const char *text, *second; /* in the line's own memory: copy what is to last */
	uint64_t number, last; /* numbers, ranges and ports; a mark's value */
	uint64_t mask; /* of a mark */
	struct number_set numbers; /* ports, addresses; settled */
	bool address_mask; /* the address has a mask with holes */
	bool unknown; /* a name that only the booted system can translate */
};

#define OPTIONS(array) .options = (array), .option_count = ARRAY_SIZE(array)

struct rule_line;
struct extension_use;

/* A match or a target (iptables-extensions(8)). */
struct extension {
	const char *name;
	bool (*apply)(struct rule_line *line, const struct extension_use *use); /* adds to the rule; false: refused */
	const struct option_form *options;
	size_t option_count;
	unsigned tables; /* that the kernel allows it in; 0: all */
	unsigned hooks; /* the same */
	bool legacy_tables_only; /* nft's program does it without the kernel's extension, in any table */
	bool ipv4_only, ipv6_only;
	const char *protocols; /* " tcp udp ": the rule must ask for one of them */
	unsigned one_of; /* bits of option numbers: at least one of them must be there */
	unsigned exclusive; /* at most one of these */
	const char *one_of_message; /* what the tool says when none is there */
};

/* One -m or -j of a line. */
struct extension_use {
	const struct extension *extension; /* NULL: one that is not known here */
	const char *name;
	bool closed; /* a later one of the same name takes the options */
	unsigned number; /* on its line: 0 for the target, matches from 1 */
};

/* NULL when the option is not there. */
const struct option_use *option_of(const struct rule_line *line, const struct extension_use *use, unsigned id);

/* --- the file -------------------------------------------------------------- */

/* What the kernel asks of a rule once it is known which hooks lead to it. */
struct hook_demand {
	const struct chain *chain;
	unsigned hooks;
	struct place place;
};

struct name_number {
	const char *name, *protocol;
	unsigned number;
};
typedef ARRAY_OF(struct name_number) name_list;

/* What the target was asked for */
struct save_names {
	bool extensions_read, extensions_known, services_read, services_known;
	string_list extensions; /* file names */
	name_list services;
	struct passwd_file *users;
	struct group_file *groups;
};

struct save_loader {
	struct ruleset *ruleset;
	struct arena *arena;
	const struct iptables_input *input;
	struct load_report *report;
	struct place place; /* of the line at hand */
	bool refused;
	/* The table between "*" and COMMIT: a new one, which then takes the old one's place, or the old one. */
	struct table *table;
	enum table_bit table_bit;
	struct table *old_table;
	ARRAY_OF(struct hook_demand) demands;
	struct string_map new_names; /* of chains: given since "*" */
	bool adds_jumps; /* to chains */
	bool fills_sets; /* some rule adds to or takes from an ipset */
	struct save_names *names;
	/* Memory of one line, used again for the next */
	char *text;
	size_t text_capacity;
	string_list words;
	struct rule_line *line;
};

/* Notes that the tool stops here; returns false. */
bool refuse(struct save_loader *loader, const char *format, ...) __attribute__((format(printf, 2, 3)));
void uncertain(struct save_loader *loader, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- one command ----------------------------------------------------------- */

enum {
	ALTERNATIVE_LIMIT = 16,
};

struct address_choice {
	struct number_set numbers;
	bool holes; /* the mask has holes: which addresses these are is not worked out */
	bool unknown;
};
typedef ARRAY_OF(struct address_choice) address_choices;

/* What the words of one command say. */
struct rule_line {
	struct save_loader *loader;
	char command; /* 'A', 'I', …; 0: none yet */
	const char *chain_name, *second_name; /* -P's policy, -E's new name */
	uint64_t index; /* from 1; 0: none given */
	bool other_family; /* -4 or -6 says that the line is not for this program */
	bool has_protocol, protocol_negated;
	unsigned protocol; /* 0: all */
	const char *source_text, *destination_text; /* as written; NULL: none asked for */
	bool sources_negated, destinations_negated;
	address_choices sources, destinations;
	const char *in_interface, *out_interface;
	bool in_negated, out_negated;
	bool fragment, fragment_negated;
	bool implicit_match_loaded;
	bool lenient; /* an unknown extension's options are skipped */
	const char *jump;
	bool is_goto;
	ARRAY_OF(struct extension_use) matches;
	struct extension_use target;
	ARRAY_OF(struct option_use) options;
	const char *comment;
	/* The rule that becomes of it: each list is one rule, since "or" is none of a rule's means. */
	statement_list lists[ALTERNATIVE_LIMIT];
	size_t list_count;
	statement_list composed; /* memory of a rule in the making */
	unsigned hooks; /* that the kernel allows its parts at */
};

/* Does what the words of loader say; false: refused. */
bool run_command(struct save_loader *loader);

/* --- the table at hand ------------------------------------------------------- */

bool begin_table(struct save_loader *loader, const char *name);
bool commit_table(struct save_loader *loader);
/* Without COMMIT: nothing of the table at hand, if there is one, is loaded. */
void abandon_table(struct save_loader *loader);
/* ":CHAIN POLICY"; policy "-": none. */
bool declare_chain(struct save_loader *loader, const char *name, const char *policy);
/* What the commands but those with a rule do: -N, -P, -F, -X, -Z, -E. */
bool run_chain_command(struct rule_line *line);
/* The commands with a rule: -A, -I, -R, -D, -C; the lists of the line are the rule. */
bool run_rule_command(struct rule_line *line);
/* Counts rules that a command looks through or moves, of all inputs together. False once it is too much to follow; then
 * the table's answer is that it was not understood. */
bool spend_work(struct save_loader *loader, uint64_t rules);

/* --- statements of the rule at hand ----------------------------------------- */

/* To every list of the line: tests, constants and changes. */
void rule_add(struct rule_line *line, const struct statement *statement);
void rule_add_constant(struct rule_line *line, enum answer answer);
void rule_add_unknown(struct rule_line *line, const char *name);
void rule_add_numbers(struct rule_line *line, enum selector selector, const struct number_set *numbers, bool negate);
void rule_add_range(struct rule_line *line, enum selector selector, uint64_t first, uint64_t last, bool negate);
void rule_add_mask(struct rule_line *line, enum selector selector, uint64_t mask, uint64_t value, bool negate);
void rule_add_any_bit(struct rule_line *line, enum selector selector, uint64_t mask, bool negate);
/* An address test; both families' tools know their own. */
void rule_add_addresses(struct rule_line *line, enum selector selector, const struct option_use *use);
void rule_add_verdict(struct rule_line *line, enum verdict_kind kind, struct chain *chain);
void rule_add_not_understood(struct rule_line *line, const char *name);
/* Matches when either statement does (both are tests or lookups without effect). */
void rule_add_either(struct rule_line *line, const struct statement *a, const struct statement *b);

struct statement test_statement(enum selector selector);
/* The same statement, matching when it did not. */
struct statement negated_statement(const struct statement *statement);

/* --- values ----------------------------------------------------------------- */

/* Reads the value of an option, whose form and text are set. */
bool read_value(struct rule_line *line, const struct extension_use *use, struct option_use *option);
/* As strtoul(3) with base 0 does it, and nothing behind the number. */
bool read_number(const char *text, uint64_t maximum, uint64_t *ret);
bool read_port(struct rule_line *line, const char *text, const char *protocol, uint64_t *ret, bool *ret_unknown);
/* "ADDRESS[/MASK],…", as iptables' hosts and networks are written; host names are left to the booted system. */
bool read_address_list(struct rule_line *line, const char *text, address_choices *ret);
/* The next part of a list up to a comma, cut out of *rest; NULL behind the last one. */
char *next_part(char **rest);

/* --- names ------------------------------------------------------------------ */

bool find_protocol(const char *name, unsigned *ret);
const char *protocol_name(unsigned number);
/* yes, no, or maybe: whether it is there cannot be known. */
enum answer find_service(struct save_loader *loader, const char *name, const char *protocol, unsigned *ret);
enum answer find_account(struct save_loader *loader, const char *name, bool group, uint64_t *ret);
/* Whether an extension's file is installed. */
enum answer extension_installed(struct save_loader *loader, const char *name);

/* --- extensions -------------------------------------------------------------- */

struct extension_table {
	const struct extension *items;
	size_t count;
};
extern const struct extension_table packet_matches, rate_matches, state_matches, set_matches, other_matches;
extern const struct extension_table plain_targets, set_targets;

/* Takes -m NAME, and -j NAME where that is no chain or standard target. */
bool add_match(struct rule_line *line, const char *name);
bool set_target(struct rule_line *line, const char *name, bool is_goto);
/* The match that brings the options of the line's -p; false where there is none, or it is there already. */
bool load_protocol_match(struct rule_line *line);
/* Adds what the matches and the target come to to the rule. */
bool apply_extensions(struct rule_line *line);

#endif
