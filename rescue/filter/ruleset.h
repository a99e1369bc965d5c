/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_RULESET_H
#define SSHRESCUE_FILTER_RULESET_H

/*
 * Packet filter rules, as the kernel will hold them once the boot has loaded them, whichever tool did: tables, chains,
 * rules, sets. The parsers (parse/nft.h, parse/iptables_save.h, parse/firewalld.h) build it, filter/evaluate.h follows
 * a connection through it. The terms are those of nft(8).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/string_map.h"
#include "filter/number.h"

enum filter_family {
	FILTER_IPV4, /* "ip" */
	FILTER_IPV6, /* "ip6" */
	FILTER_INET,
	FILTER_NETDEV,
	FILTER_ARP,
	FILTER_BRIDGE,
};

enum filter_hook {
	HOOK_INGRESS,
	HOOK_PREROUTING,
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
	HOOK_POSTROUTING,
	HOOK_EGRESS,
	HOOK_COUNT,
};

/* Where a rule, a policy or an element stands. */
struct place {
	const char *path; /* NULL where no file says it: a default policy */
	unsigned line; /* from 1 */
	unsigned column; /* of its first character, from 1; 0: the whole line is its */
	const char *text; /* in the arena, not NUL-terminated; for the report */
	unsigned text_length;
};

/* yes and no are certain; maybe: it depends on something that is not known here, or was not understood. */
enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_MAYBE,
};

/* What a test looks at. */
enum selector {
	SELECT_ANSWER, /* nothing: the test's constant says it */
	SELECT_FAMILY, /* NFPROTO_IPV4 2, NFPROTO_IPV6 10 */
	SELECT_PROTOCOL, /* 6: what is followed is a TCP connection */
	SELECT_SOURCE, /* addresses; set test.ipv6: a packet of the other family never matches */
	SELECT_DESTINATION,
	SELECT_SOURCE_PORT,
	SELECT_DESTINATION_PORT,
	SELECT_IN_INTERFACE, /* by name, see struct interface_name */
	SELECT_OUT_INTERFACE,
	SELECT_TCP_FLAGS, /* FIN 1 SYN 2 RST 4 PSH 8 ACK 16 URG 32 ECE 64 CWR 128 */
	SELECT_STATE, /* of conntrack, one bit of enum conntrack_state */
	SELECT_STATUS, /* of conntrack, bits of enum conntrack_status */
	SELECT_DIRECTION, /* 0 original, 1 reply */
	SELECT_MARK, /* of the packet, 32 bits */
	SELECT_CONNECTION_MARK,
	SELECT_ORIGINAL_SOURCE, /* of conntrack's original direction: before any translation */
	SELECT_ORIGINAL_DESTINATION,
	SELECT_ORIGINAL_SOURCE_PORT,
	SELECT_ORIGINAL_DESTINATION_PORT,
	SELECT_USER, /* the socket's owner, for packets that leave */
	SELECT_GROUP,
	SELECT_LENGTH, /* of the packet, IP header included */
	SELECT_TTL, /* or hop limit */
	SELECT_PACKET_TYPE, /* PACKET_HOST 0, BROADCAST 1, MULTICAST 2 */
	SELECT_SOURCE_TYPE, /* of the address, for this machine: RTN_UNICAST 1, RTN_LOCAL 2, BROADCAST 3, MULTICAST 5 */
	SELECT_DESTINATION_TYPE,
	SELECT_LIMIT, /* a rate limiter: the first packet is below it, later ones may not be */
	SELECT_RECENT, /* iptables' recent match */
	SELECT_ICMP6_TYPE, /* of neighbour discovery's packets; a connection's have none */
	SELECT_OTHER, /* something that is not known here: always maybe; the test's name says what */
	SELECT_COUNT,
};

enum conntrack_state {
	STATE_INVALID = 1,
	STATE_ESTABLISHED = 2,
	STATE_RELATED = 4,
	STATE_NEW = 8,
	STATE_UNTRACKED = 64,
};

enum conntrack_status {
	STATUS_EXPECTED = 1,
	STATUS_SEEN_REPLY = 2,
	STATUS_ASSURED = 4,
	STATUS_CONFIRMED = 8,
	STATUS_SNAT = 16,
	STATUS_DNAT = 32,
};

/* "eth0", or with prefix set all names that begin so: nft's "eth*", iptables' "eth+". */
struct interface_name {
	const char *name;
	bool prefix;
};
typedef ARRAY_OF(struct interface_name) interface_list;

enum recent_operation {
	RECENT_SET,
	RECENT_CHECK, /* --rcheck */
	RECENT_UPDATE,
	RECENT_REMOVE,
};

/* A condition on one selector. */
struct test {
	enum selector selector;
	bool negate;
	bool ipv6; /* SELECT_SOURCE, SELECT_DESTINATION and the original ones */
	enum answer constant; /* SELECT_ANSWER */
	/* Numbers: matches when (value & mask) is in the set. any_bit: when (value & mask) is not 0, the set is not
	 * used. mask 0 means no mask. */
	uint64_t mask;
	bool any_bit;
	struct number_set numbers; /* settled */
	interface_list interfaces; /* any of them */
	bool limit_over; /* SELECT_LIMIT: matches above the rate, not below it */
	struct {
		const char *name;
		enum recent_operation operation;
		unsigned hit_count; /* 0: none asked for */
	} recent;
	const char *name; /* SELECT_OTHER: "time", "string": what the report says was not understood */
};

/* One component of a set's key: numbers, or an interface name where the selector is one. */
struct key_field {
	struct number_range range;
	struct interface_name interface;
};

enum verdict_kind {
	VERDICT_CONTINUE,
	VERDICT_ACCEPT,
	VERDICT_DROP, /* silently: the client waits until it gives up */
	VERDICT_REJECT, /* the client is refused */
	VERDICT_RETURN,
	VERDICT_JUMP,
	VERDICT_GOTO,
	VERDICT_NOT_UNDERSTOOD, /* anything may happen to the packet: queue, synproxy, an unknown statement */
};

struct chain;

struct filter_verdict {
	enum verdict_kind kind;
	struct chain *chain; /* JUMP and GOTO; never NULL there */
	const char *name; /* NOT_UNDERSTOOD: what */
};

struct set_element {
	struct key_field *key; /* as many as the set has fields */
	struct filter_verdict verdict; /* of a verdict map */
	struct key_field *value; /* of another map: as many as it has value fields, or NULL */
	bool exclude; /* ipset's nomatch */
	struct place place;
};

/* A set or map, named or not. Elements may come after the rules that look into it; nothing is looked up before all is
 * loaded. */
struct set {
	const char *name; /* NULL: anonymous */
	unsigned field_count; /* of the key */
	unsigned value_count; /* of a map's data; 0 for sets and verdict maps */
	const char *ipset_type; /* of ipset(8)'s: "hash:net,port"; else NULL */
	bool ipv6; /* the addresses in an ipset */
	bool is_map; /* verdict map or other */
	bool dynamic; /* rules may add to it: what is in it then is not on disk */
	bool unknown; /* its content is not known at all (an ipset that nobody saved): every lookup is maybe */
	const void *declaration; /* the parser's own: the types of its fields */
	ARRAY_OF(struct set_element) elements;
	/* The evaluator's own memory of a plain set of numbers */
	struct number_set settled;
	size_t settled_count;
	bool changed; /* by the connection at hand */
	unsigned born; /* in which transaction, 0: outside of any */
};

/* How one field of a key is made of the packet. */
struct key_part {
	enum selector selector;
	bool ipv6; /* addresses, as in struct test */
	uint64_t mask; /* 0: none */
	const char *name; /* SELECT_OTHER */
};

struct lookup {
	struct set *set;
	struct key_part *parts; /* set->field_count of them */
	bool negate;
};

enum statement_kind {
	STATEMENT_TEST, /* the rule ends where it does not match */
	STATEMENT_LOOKUP, /* the same, for a set */
	STATEMENT_VERDICT,
	STATEMENT_VERDICT_MAP, /* the rule ends where the key is not in the map */
	STATEMENT_ADD, /* puts the key into the set, or takes it out: later lookups in it are maybe */
	STATEMENT_MARK, /* the packet's: mark = (mark & ~mask) ^ value; xtables' and nft's forms all come down to it */
	STATEMENT_CONNECTION_MARK,
	STATEMENT_MARK_FROM_CONNECTION, /* mark = (mark & ~mask) ^ (connection mark & mask) */
	STATEMENT_CONNECTION_FROM_MARK,
	STATEMENT_UNTRACKED, /* notrack */
	STATEMENT_REDIRECT, /* to a port of this machine, 0: the same one */
	STATEMENT_FORWARD, /* DNAT to another machine's address, or to one that is not known to be ours */
};

struct statement {
	enum statement_kind kind;
	union {
		struct test test;
		struct lookup lookup; /* LOOKUP, VERDICT_MAP and ADD */
		struct filter_verdict verdict;
		struct {
			uint32_t mask, value;
			bool unknown; /* what is set is not known */
		} mark;
		struct {
			unsigned port; /* after the translation; 0: unchanged */
			bool unknown; /* to where depends on what is not known here: a map, a range of ports */
			struct number address; /* FORWARD */
		} nat;
	};
};

/* Statements in the order in which the kernel executes them; an action (mark, NAT) does not end the rule unless the
 * parser puts a verdict behind it. */
struct rule {
	struct statement *statements;
	size_t count;
	struct place place;
	const char *comment; /* or NULL */
};

struct chain {
	const char *name;
	struct table *table;
	bool base;
	bool nat; /* type nat: only the first packet of a connection meets it */
	enum filter_hook hook;
	int priority;
	enum verdict_kind policy; /* VERDICT_ACCEPT or VERDICT_DROP */
	struct place policy_place; /* path NULL where nobody wrote it down */
	interface_list devices; /* of ingress and egress */
	struct place place; /* of its definition */
	/* In order: inserted (the last one first), then appended. Use chain_rule(). */
	ARRAY_OF(struct rule *) inserted, appended;
	unsigned number; /* of its registration, for chains of equal priority */
	const void *notes; /* the parser's own: where its rules may stand */
	unsigned born; /* in which transaction, 0: outside of any */
	bool running; /* the evaluator's own */
	void *mark; /* of who walks through chains at the moment; NULL when nobody does */
};

struct table {
	enum filter_family family;
	const char *name;
	bool legacy; /* xtables' own tables: nft's "flush ruleset" does not reach them */
	bool dormant;
	ARRAY_OF(struct chain *) chains;
	ARRAY_OF(struct set *) sets;
	/* Names to find chains and sets by */
	struct string_map chain_index, set_index;
};

struct undo;
struct ruleset {
	struct arena *arena;
	ARRAY_OF(struct table *) tables;
	ARRAY_OF(struct set *) ipsets; /* of ipset(8): xtables' set match looks there */
	unsigned next_number;
	/* What undoes the open transaction (filter/transaction.h), its number, 0: none is open; how many there were */
	ARRAY_OF(struct undo) undo;
	unsigned transaction, transactions;
};

/* All of these find or make; names are copied. Finding is by hash: linear in all rules together. */
struct table *ruleset_find_table(struct ruleset *ruleset, enum filter_family family, bool legacy, const char *name);
struct table *ruleset_add_table(struct ruleset *ruleset, enum filter_family family, bool legacy, const char *name);
/* Removes it with all that is in it; NULL removes nothing. */
void ruleset_remove_table(struct ruleset *ruleset, struct table *table);
/* "flush ruleset": every table but the legacy ones; family < 0: of all families. */
void ruleset_flush(struct ruleset *ruleset, int family);
struct chain *table_find_chain(const struct table *table, const char *name);
struct chain *table_add_chain(struct ruleset *ruleset, struct table *table, const char *name);
/* Makes it a base chain, registered now. */
void chain_set_base(struct ruleset *ruleset, struct chain *chain, enum filter_hook hook, int priority, bool nat);
void table_remove_chain(struct ruleset *ruleset, struct table *table, struct chain *chain);
/* The new name is copied; no other chain has it. Jumps to the chain stay. */
void table_rename_chain(struct ruleset *ruleset, struct table *table, struct chain *chain, const char *name);
struct set *table_find_set(const struct table *table, const char *name);
/* name NULL: an anonymous one. */
struct set *table_add_set(struct ruleset *ruleset, struct table *table, const char *name, unsigned field_count);
void table_remove_set(struct ruleset *ruleset, struct table *table, struct set *set);
struct set_element *set_add_element(struct ruleset *ruleset, struct set *set);
struct set_element *set_insert_element(struct ruleset *ruleset, struct set *set, size_t index);
void set_remove_element(struct ruleset *ruleset, struct set *set, size_t index);
void set_flush(struct ruleset *ruleset, struct set *set);

size_t chain_rule_count(const struct chain *chain);
struct rule *chain_rule(const struct chain *chain, size_t index);
/* Puts it before the rule at index; index == chain_rule_count(): at the end. O(1) at both ends. */
void chain_add_rule(struct ruleset *ruleset, struct chain *chain, size_t index, struct rule *rule);
void chain_remove_rule(struct ruleset *ruleset, struct chain *chain, size_t index);
void chain_flush(struct ruleset *ruleset, struct chain *chain);

/* Transactions, one at a time: what the functions above change is undone at the end unless it is kept. Whoever changes
 * a rule set's memory himself says so before, with RULESET_CHANGES(). */
void ruleset_begin(struct ruleset *ruleset);
void ruleset_end(struct ruleset *ruleset, bool keep);
void ruleset_note_change(struct ruleset *ruleset, void *memory, size_t size);
#define RULESET_CHANGES(ruleset, field) ruleset_note_change((ruleset), &(field), sizeof(field))

/* A new rule from a list of statements, which is copied. */
typedef ARRAY_OF(struct statement) statement_list;
struct rule *ruleset_make_rule(struct ruleset *ruleset, const statement_list *statements, struct place place);

/* Statements that parsers often need; each appends one. */
void add_constant(struct arena *arena, statement_list *list, enum answer answer);
void add_not_known(struct arena *arena, statement_list *list, const char *name);
/* Matches one number, or with negate all others. The selector takes numbers other than addresses. */
void add_number_test(struct arena *arena, statement_list *list, enum selector selector, uint64_t number, bool negate);
void add_verdict(struct arena *arena, statement_list *list, enum verdict_kind kind, struct chain *chain);
void add_not_understood(struct arena *arena, statement_list *list, const char *name);

#endif
