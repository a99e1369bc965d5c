/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_NFT_PRIVATE_H
#define SSHRESCUE_PARSE_NFT_PRIVATE_H

/*
 * Private to the parser of nft's language. The way of a rule: nft_lexer.c makes tokens, nft_expression.c and
 * nft_selector.c make expressions of them, nft_value.c turns their words into numbers, nft_match.c and nft_statement.c
 * make the rule set's statements. nft_block.c, nft_set.c and nft_command.c do what stands around rules.
 *
 * Functions that return bool return false once the input is refused; the note is made by nft_refuse().
 */

#include <stdbool.h>
#include <stdint.h>

#include "parse/nft.h"

/* --- tokens ---------------------------------------------------------------- */

/* A file being read; an included one goes on in its parent where it ends. */
struct nft_file {
	const char *path; /* or NULL */
	const char *data;
	size_t size;
	unsigned depth;
	struct nft_position *parent; /* where the parent goes on, or NULL */
	unsigned only_line; /* of path, that all of it stands on; 0: it is the file itself */
};

struct nft_position {
	const struct nft_file *file;
	size_t offset, line_start;
	unsigned line;
};

enum nft_token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_SEMICOLON,
	TOKEN_WORD, /* a name, a number, an address */
	TOKEN_QUOTED, /* text without the quotes */
	TOKEN_SIGN, /* one or two characters of punctuation */
	TOKEN_JUNK,
};

struct nft_token {
	enum nft_token_kind kind;
	const char *text; /* not terminated */
	unsigned length;
	struct nft_position at;
};

/* --- expressions ----------------------------------------------------------- */

/* The types of values that matter here; all others are TYPE_OTHER. */
enum nft_type {
	TYPE_OTHER, /* any word will do, its value is not known */
	TYPE_INTEGER,
	TYPE_IPV4,
	TYPE_IPV6,
	TYPE_ETHER_ADDRESS,
	TYPE_PROTOCOL, /* TCP 6 */
	TYPE_SERVICE, /* a port */
	TYPE_FAMILY, /* NFPROTO_* */
	TYPE_ETHER_TYPE, /* as the family that it stands for */
	TYPE_MARK,
	TYPE_INTERFACE_NAME,
	TYPE_INTERFACE_INDEX,
	TYPE_USER,
	TYPE_GROUP,
	TYPE_STATE,
	TYPE_STATUS,
	TYPE_DIRECTION,
	TYPE_TCP_FLAG,
	TYPE_PACKET_TYPE,
	TYPE_ADDRESS_TYPE,
	TYPE_ICMP,
	TYPE_ICMPV6,
	TYPE_BOOLEAN, /* exists, missing */
	TYPE_VERDICT,
	TYPE_COUNT,
};

enum nft_selector_class {
	CLASS_PLAIN,
	CLASS_ABSENT, /* an extension header or helper that ordinary connections do not have */
	CLASS_REVERSE_ROUTE, /* fib saddr . iif oif: the way back, taken to be the way in */
	CLASS_FRAGMENT, /* the fragment offset and its flags: "don't fragment" or nothing */
	CLASS_SEGMENT_SIZE, /* the option of a SYN */
};

/* What an expression looks at. */
struct nft_selector {
	const char *name; /* for the report */
	enum selector selector;
	enum nft_type type;
	unsigned bits;
	bool ipv6; /* addresses */
	unsigned family; /* NFPROTO_* that it implies, 0: none */
	unsigned protocol; /* that it implies */
	enum nft_selector_class class;
	bool needs_transport; /* ct's ports: only behind a test of the protocol */
	bool tracking; /* of conntrack: not in netdev tables */
	bool fixes_protocol, fixes_family; /* comparing it settles what later expressions imply */
	unsigned hooks; /* where it may stand: bits of enum filter_hook; 0: everywhere */
};

enum nft_node_kind {
	NODE_WORD,
	NODE_SELECTOR,
	NODE_CONCATENATION,
	NODE_SET,
	NODE_LIST, /* a,b of flags */
	NODE_RANGE,
	NODE_PREFIX,
	NODE_AND,
	NODE_OR,
	NODE_XOR,
	NODE_SHIFT_LEFT,
	NODE_SHIFT_RIGHT,
	NODE_MASKED, /* value / mask */
	NODE_SET_REFERENCE, /* @name */
	NODE_PAIR, /* key : value, of a map */
	NODE_MAP, /* left map right */
	NODE_VERDICT,
	NODE_REST, /* "*": every key that no element has */
};

struct nft_node {
	enum nft_node_kind kind;
	struct nft_position at;
	unsigned height; /* of the tree below */
	bool quoted;
	const char *text; /* word or name, terminated */
	union {
		struct {
			struct nft_node *left, *right;
		};
		ARRAY_OF(struct nft_node *) items;
		struct nft_selector *selector;
		struct {
			enum verdict_kind verdict;
			const char *chain;
		};
	};
	/* What a set or list comes to, once it was asked for: variables are used many times. */
	struct nft_values *values;
	enum nft_type values_type;
};

/* Numbers or interfaces that an expression's right side comes to. */
struct nft_values {
	struct number_set numbers; /* settled */
	interface_list interfaces;
	bool unknown; /* and others */
};

/* --- the parser ------------------------------------------------------------ */

struct nft_scope {
	struct nft_scope *parent;
	struct nft_symbol **symbols; /* by hash, NULL while there are none */
};

typedef ARRAY_OF(struct nft_node *) nft_node_list;

/* The declared types of a set, in set.declaration. */
struct nft_field {
	enum nft_type type;
	unsigned bits;
};

struct nft_declaration {
	struct nft_field *fields, *values;
	bool verdicts, interval, merge, constant, dynamic, timeout, other_data;
	bool changed; /* by this input: it is to be checked for overlaps */
	size_t checked; /* how many of its elements were there before, and are */
	struct place place;
};

struct nft_parser {
	struct ruleset *ruleset;
	struct arena *arena;
	struct target *target;
	struct load_report *report;
	const char *start_path; /* of the file that everything began with */
	struct nft_token token; /* the one to look at */
	struct nft_position next; /* behind it */
	struct nft_position last_end; /* behind the one before */
	bool refused;
	unsigned depth; /* of recursion */
	unsigned files;
	uint64_t work; /* elements looked at */
	struct nft_scope *scope;
	/* Set while a part is read that was passed over before: the variables in it, in order. */
	const nft_node_list *bound;
	size_t bound_next;
	struct table *table; /* of the block or command at hand */
	string_list uncertain; /* interfaces and the like that were noted already */
	struct nft_services *services; /* of the target */
	struct nft_scope *objects; /* counters, limits and the like, by nft_object_key() */
	ARRAY_OF(struct set *) changed_sets;
	bool check_chains; /* something of this input may lead to where it must not, or in circles */
};

enum {
	NFT_NESTING = 48, /* brackets in brackets; nobody needs ten */
	NFT_WORK_LIMIT = 20 * 1000 * 1000, /* elements, those of variables each time they are used */
};

/* --- nft_lexer.c ----------------------------------------------------------- */

void nft_lexer_start(struct nft_parser *parser, const struct nft_file *file);
/* Goes to the next token. */
void nft_advance(struct nft_parser *parser);
/* Goes back to a token seen before. */
void nft_seek(struct nft_parser *parser, const struct nft_position *at);
/* Goes on in the file; the current token stays to be read behind it. */
bool nft_include(struct nft_parser *parser, const struct nft_token *name);
struct place nft_place(const struct nft_position *at, const struct nft_position *end);

static inline bool nft_token_is(const struct nft_token *token, const char *text)
{
	size_t length = strlen(text);

	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) && token->length == length &&
	       memcmp(token->text, text, length) == 0;
}

static inline bool nft_is(const struct nft_parser *parser, const char *text)
{
	return nft_token_is(&parser->token, text);
}

static inline bool nft_at_separator(const struct nft_parser *parser)
{
	return parser->token.kind == TOKEN_NEWLINE || parser->token.kind == TOKEN_SEMICOLON;
}

/* --- nft_token.c ----------------------------------------------------------- */

/* Passes the word or sign if it is there. */
bool nft_accept(struct nft_parser *parser, const char *text);
/* Passes it, or refuses the input. */
bool nft_expect(struct nft_parser *parser, const char *text);
char *nft_token_text(struct nft_parser *parser, const struct nft_token *token);
/* A name: of a table, chain, set. Refuses keywords. */
bool nft_name(struct nft_parser *parser, const char **ret);
bool nft_number(struct nft_parser *parser, uint64_t *ret);
/* A string of any kind: word, quoted, with an asterisk. */
bool nft_string(struct nft_parser *parser, const char **ret);
/* Passes everything up to the separator that ends a rule or line at this depth of brackets, or a closing brace. */
bool nft_skip(struct nft_parser *parser, nft_node_list *bound);

/* Always false. */
bool nft_refuse(struct nft_parser *parser, const struct nft_position *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool nft_syntax_error(struct nft_parser *parser);
/* Once for each message. */
void nft_uncertain(struct nft_parser *parser, const struct nft_position *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- nft_words.c ----------------------------------------------------------- */

/* Whether a word can be no name and no value, since the grammar has another use for it. */
bool nft_is_keyword(const struct nft_token *token);
/* The number of a type's symbolic constant. */
bool nft_constant(enum nft_type type, const char *word, uint64_t *ret);
/* The well-known ports, where the target's own list is not at hand. */
bool nft_known_service(const char *word, uint64_t *ret);
/* What a "type" of a set means; false for a type that nft does not have. */
bool nft_type_by_name(const char *name, struct nft_field *ret);
const char *nft_type_description(enum nft_type type);
bool nft_type_is_bitmask(enum nft_type type);

/* --- nft_variable.c -------------------------------------------------------- */

void nft_open_scope(struct nft_parser *parser, struct nft_scope *scope);
void nft_close_scope(struct nft_parser *parser);
/* include, define, redefine, undefine: they may stand between the lines of every block. ret_done: it was one. */
bool nft_common_line(struct nft_parser *parser, bool *ret_done);
/* The same memory of names for other things: a tables's counters, limits, helpers. value NULL: it is no more. */
void nft_remember(struct nft_parser *parser, struct nft_scope *scope, const char *name, struct nft_node *value);
struct nft_node *nft_remembered(const struct nft_scope *scope, const char *name);
/* $name; the dollar sign is passed already. */
bool nft_variable(struct nft_parser *parser, struct nft_node **ret);

/* --- nft_selector.c -------------------------------------------------------- */

/* Whether the current word begins an expression that looks at a packet. */
bool nft_begins_selector(const struct nft_parser *parser);
bool nft_selector(struct nft_parser *parser, struct nft_node **ret);

/* A word behind a protocol's, meta's or the like; lists of them end with NULL. */
struct nft_word {
	const char *word;
	struct nft_selector selector;
};

/* Something that the evaluator does not know. */
#define NFT_OTHER(type_, bits_)                                        \
	{                                                              \
		.selector = SELECT_OTHER, .type = type_, .bits = bits_ \
	}

const struct nft_word *nft_find_word(const struct nft_word *words, const struct nft_token *token);
/* Makes the node; its name is the text from there up to the current token. */
bool nft_finish_selector(struct nft_parser *parser, const struct nft_position *at, const struct nft_selector *selector,
			 struct nft_node **ret);

/* --- nft_selector_rare.c --------------------------------------------------- */

bool nft_begins_rare_selector(const struct nft_parser *parser);
bool nft_rare_selector(struct nft_parser *parser, struct nft_node **ret);

/* --- nft_expression.c ------------------------------------------------------ */

struct nft_node *nft_node(struct nft_parser *parser, enum nft_node_kind kind, const struct nft_position *at);
/* What stands left of a comparison: one selector or several, with masks. */
bool nft_left_side(struct nft_parser *parser, struct nft_node **ret);
/* Right of it, and a map's keys: words, ranges, prefixes, concatenations, sets. list: "a,b" is one, too. */
bool nft_right_side(struct nft_parser *parser, bool list, struct nft_node **ret);
/* "{ … }" with elements, or pairs of a key and a value or verdict. */
bool nft_set_expression(struct nft_parser *parser, struct nft_node **ret);
/* accept, jump …; false without a refusal never happens. */
bool nft_verdict(struct nft_parser *parser, struct nft_node **ret);
bool nft_begins_verdict(const struct nft_parser *parser);
/* Ranges, operators, selectors and maps of what a statement sets: "to" and "set". */
bool nft_statement_expression(struct nft_parser *parser, struct nft_node **ret);

/* --- nft_value.c ----------------------------------------------------------- */

/* One value or range. *ret_unknown: the real nft knows it, this program does not. */
bool nft_resolve(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
		 struct key_field *ret, bool *ret_unknown);
/* One number of an expression of constants. */
bool nft_evaluate(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
		  struct number *ret, bool *ret_unknown);
/* All that is in a set or list, or the one value. */
bool nft_collect(struct nft_parser *parser, const struct nft_field *type, struct nft_node *node,
		 const struct nft_values **ret);

/* --- nft_rule.c ------------------------------------------------------------ */

enum {
	NFT_SEVERAL = 0xffff, /* in place of a protocol or family: one of several */
};

struct nft_rule {
	struct table *table;
	struct chain *chain; /* that it is for */
	statement_list statements;
	unsigned family, protocol; /* what expressions so far have settled */
	bool ended; /* by a verdict: nothing may follow */
	const char *comment;
	unsigned hooks; /* where all of it may stand, bits of enum filter_hook */
	bool nat; /* only in chains of type nat */
	struct place hook_place; /* of what limits that */
};

/* Reads a rule up to its separator, which stays, and makes it. */
bool nft_rule(struct nft_parser *parser, struct table *table, struct chain *chain, struct rule **ret);
/* Where a rule's chain may be hooked, as one of its statements allows. */
void nft_limit_hooks(struct nft_rule *rule, unsigned hooks, bool nat, const struct nft_position *at);
/* The mark of the end: no statement may follow. */
void nft_end_rule(struct nft_parser *parser, struct nft_rule *rule, enum verdict_kind kind);
bool nft_find_verdict(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *node,
		      struct filter_verdict *ret);

/* --- nft_match.c ----------------------------------------------------------- */

/* What an expression implies: its family, its protocol, its hooks. */
bool nft_imply(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left);
bool nft_imply_family(struct nft_parser *parser, struct nft_rule *rule, unsigned family, const struct nft_position *at);
bool nft_imply_protocol(struct nft_parser *parser, struct nft_rule *rule, unsigned protocol,
			const struct nft_position *at);
/* The comparison or verdict map that begins at the current token. */
bool nft_match(struct nft_parser *parser, struct nft_rule *rule);
/* The parts of a set's key, as they are made of the packet. */
bool nft_key_parts(struct nft_parser *parser, const struct nft_node *left, struct key_part **ret, unsigned *ret_count,
		   struct nft_field **ret_types);
/* Whether a named set has the types of a key that is looked up or added. */
bool nft_check_key(struct nft_parser *parser, const struct nft_node *reference, const struct set *set,
		   const struct nft_field *types, unsigned count);
/* "@name", as a set or map of that key. */
bool nft_find_set(struct nft_parser *parser, struct table *table, const struct nft_node *reference, struct set **ret);

/* --- nft_change.c ---------------------------------------------------------- */

/* "LEFT set EXPRESSION": the word is the current token. */
bool nft_change(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *left);

/* --- nft_statement.c ------------------------------------------------------- */

/* The statement that begins with the current word. *ret_done: it was one. */
bool nft_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done);

/* --- nft_stateful.c -------------------------------------------------------- */

/* counter, limit, quota, ct count, last: also in sets. rule may be NULL: only read. */
bool nft_stateful_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done);
/* What stands behind "limit rate" and "quota", there and in objects. */
bool nft_limit_rate(struct nft_parser *parser, bool *ret_over);
bool nft_quota(struct nft_parser *parser, bool *ret_over, bool *ret_small);

/* --- nft_nat.c ------------------------------------------------------------- */

bool nft_nat_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done);

/* --- nft_set.c ------------------------------------------------------------- */

/* The block of a set or map, the brace passed. ret_elements: its elements, to be read later, or NULL. */
struct nft_later {
	struct nft_position at;
	nft_node_list bound;
	struct chain *chain;
	struct set *set;
	struct nft_scope *scope;
};
typedef ARRAY_OF(struct nft_later) nft_later_list;

bool nft_set_block(struct nft_parser *parser, const char *name, const struct nft_position *at, bool map, bool create,
		   nft_later_list *elements);

/* --- nft_element.c --------------------------------------------------------- */

/* Reads "{ … }" or a variable, and adds it to the set (or removes it). */
bool nft_elements(struct nft_parser *parser, struct set *set, bool remove);
/* Adds the elements of an expression. */
bool nft_add_elements(struct nft_parser *parser, struct nft_rule *rule, struct set *set, struct nft_node *node);
/* Whether interval sets hold what overlaps. */
bool nft_check_set(struct nft_parser *parser, struct set *set);
bool nft_check_changed_sets(struct nft_parser *parser);
void nft_set_changed(struct nft_parser *parser, struct set *set);

/* --- nft_block.c ----------------------------------------------------------- */

/* The block of a table, its brace passed, up to the closing one, which is passed, too. */
bool nft_table_block(struct nft_parser *parser);
/* The same of a chain, whose name stands at that place. */
bool nft_chain_block(struct nft_parser *parser, struct chain *chain, const struct nft_position *at,
		     nft_later_list *rules);
/* Reads the rules or elements that were left for later. */
bool nft_read_later(struct nft_parser *parser, nft_later_list *elements, nft_later_list *rules);

/* --- nft_object.c ---------------------------------------------------------- */

/* Whether the current word begins an object: counter, limit, quota, ct helper, flowtable, … */
bool nft_begins_object(const struct nft_parser *parser);
/* The object that begins at the current token, of the parser's table; named by "TABLE NAME" in commands, whose table
 * was read into table. Its block or configuration is read, and little of it kept. */
bool nft_object_kind(struct nft_parser *parser, const char **ret);
bool nft_object(struct nft_parser *parser, const char *kind, bool create);
/* That a statement may name it. *ret: what is known of it, or NULL. */
bool nft_find_object(struct nft_parser *parser, struct table *table, const char *kind, const char *name,
		     const struct nft_position *at, const struct nft_node **ret);
/* A table that is new has no objects but those that this input makes. */
void nft_table_is_new(struct nft_parser *parser, const struct table *table);
bool nft_remove_object(struct nft_parser *parser, const char *kind, bool must_exist);

/* --- nft_check.c ----------------------------------------------------------- */

/* Notes where a chain's rule may stand. */
void nft_note_rule(struct nft_parser *parser, const struct nft_rule *rule);
/* Jumps in circles or nested too deeply, statements in hooks that do not have them. */
bool nft_check_chains(struct nft_parser *parser);
/* Counts rules or elements that are looked through, of all inputs together; false when they are too many: then it is
 * uncertain what was to be found out. */
bool nft_spend(struct nft_parser *parser, uint64_t count, const char *what);
/* Whether anything refers to it. */
bool nft_chain_is_used(struct nft_parser *parser, const struct chain *chain);
bool nft_set_is_used(struct nft_parser *parser, const struct table *table, const struct set *set);

/* --- nft_command.c --------------------------------------------------------- */

/* Everything up to the end of the input. */
bool nft_commands(struct nft_parser *parser);

#endif
