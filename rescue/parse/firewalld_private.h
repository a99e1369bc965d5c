/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_FIREWALLD_PRIVATE_H
#define SSHRESCUE_PARSE_FIREWALLD_PRIVATE_H

/*
 * Private to parse/firewalld*.c. The model is firewalld 1.3's source below src/firewall/: core/io/ reads the files,
 * core/fw.py checks them, core/fw_zone.py, fw_policy.py and nftables.py make the rules. Whatever it refuses, it refuses
 * all of /etc/firewalld for, and goes on with the files of its package; what it only warns of, it leaves out.
 */

#include "base/string_map.h"
#include "parse/firewalld.h"
#include "parse/xml.h"

#define FIREWALLD_ETC "/etc/firewalld"
#define FIREWALLD_VENDOR "/usr/lib/firewalld"

enum {
	FIREWALLD_FAILSAFE_VERSION = 102, /* 1.2: the first that goes on with the package's files */
	FIREWALLD_DISPATCH_VERSION = 200, /* 2.0: zones have priorities, policies apply to the default zone */
	FIREWALLD_HOST_FORWARD_VERSION = 203, /* 2.3.2 takes forward-port in a policy of a zone for HOST */
	FIREWALLD_NEWEST = 203, /* where the version is not known */
};

struct firewalld_ports {
	unsigned first, last;
};

/* A service, a port, …: what a zone lets in, and what a rich rule is about. */
enum firewalld_kind {
	FIREWALLD_NOTHING,
	FIREWALLD_SERVICE,
	FIREWALLD_PORT,
	FIREWALLD_PROTOCOL,
	FIREWALLD_SOURCE_PORT,
	FIREWALLD_FORWARD_PORT,
	FIREWALLD_ICMP_BLOCK,
	FIREWALLD_ICMP_TYPE,
	FIREWALLD_MASQUERADE,
	FIREWALLD_MSS_CLAMP,
};

/* Attributes as they are written; NULL where they are not. */
struct firewalld_part {
	enum firewalld_kind kind;
	const char *name, *port, *protocol, *to_port, *to_address;
	struct place place;
};
typedef ARRAY_OF(struct firewalld_part) firewalld_part_list;

struct firewalld_address {
	bool given, invert;
	const char *address, *mac, *ipset;
};

enum firewalld_action {
	FIREWALLD_NO_ACTION,
	FIREWALLD_ACCEPT,
	FIREWALLD_REJECT,
	FIREWALLD_DROP,
	FIREWALLD_MARK,
};

/* A rich rule. */
struct firewalld_rule {
	const char *family; /* "ipv4", "ipv6" or NULL */
	int64_t priority;
	struct firewalld_address source, destination;
	struct firewalld_part part;
	bool log, audit;
	const char *log_prefix, *log_level, *log_group, *log_queue;
	const char *log_limit, *audit_limit, *action_limit;
	enum firewalld_action action;
	const char *reject_type, *mark;
	struct place place;
};

struct firewalld_name {
	const char *name;
	struct place place;
};
typedef ARRAY_OF(struct firewalld_name) firewalld_name_list;

enum firewalld_target {
	FIREWALLD_TARGET_DEFAULT, /* a zone's: reject, but let ICMP in; a policy's: CONTINUE */
	FIREWALLD_TARGET_ACCEPT,
	FIREWALLD_TARGET_REJECT,
	FIREWALLD_TARGET_DROP,
};

/* A zone or a policy. */
struct firewalld_zone {
	const char *name;
	bool is_policy;
	struct place place; /* of its root element */
	enum firewalld_target target;
	firewalld_part_list parts;
	ARRAY_OF(struct firewalld_rule *) rules;
	firewalld_name_list interfaces, sources; /* of zones; a set is "ipset:NAME" */
	int64_t priority; /* of policies; of zones when packets come in */
	firewalld_name_list ingress, egress; /* of policies */
};
typedef ARRAY_OF(struct firewalld_zone *) firewalld_zone_list;

struct firewalld_service {
	const char *name;
	struct place place;
	firewalld_part_list parts;
	const char *ipv4, *ipv6; /* destinations, or NULL */
	firewalld_name_list includes, modules, helpers;
	unsigned visited; /* the last walk along the includes that came here */
};

struct firewalld_ipset {
	const char *name, *type;
	struct place place;
	bool ipv6;
	const char *options[4]; /* family, timeout, hashsize, maxelem */
	firewalld_name_list entries;
	struct set *set; /* once it is made */
};

struct firewalld_icmptype {
	const char *name;
	bool ipv4, ipv6;
};

struct firewalld_settings {
	const char *default_zone;
	struct place default_zone_place;
	bool iptables; /* FirewallBackend, in lower case; a spelling that is not is backend_invalid */
	bool backend_invalid;
	struct place backend_place;
	bool ipv6_rpfilter, rfc3964, strict_forward_ports, zone_drifting;
};

/* Something that firewalld takes and this program does not understand. */
struct firewalld_unclear {
	struct place place;
	const char *reason;
};

struct firewalld {
	struct target *target;
	struct arena *arena;
	struct ruleset *ruleset;
	struct load_report *report;
	unsigned version; /* 100 × major + minor */
	bool vendor_only; /* after /etc/firewalld was refused */
	bool refused; /* something was: nothing more is read */
	const char *consequence; /* of that, for the report */
	struct firewalld_settings settings;
	firewalld_zone_list zones, policies; /* sorted by name */
	struct string_map zone_index, policy_index;
	/* Those of the package are read when something names them. */
	struct string_map services, ipsets, icmptypes, helpers;
	ARRAY_OF(struct firewalld_service *) service_list;
	ARRAY_OF(struct firewalld_ipset *) ipset_list; /* sorted by name */
	ARRAY_OF(struct firewalld_unclear) unclear;
	unsigned walks; /* along the includes of services */
	bool network_manager; /* may put interfaces into the default zone */
	/* /etc/services and /etc/protocols, once something is looked up in them */
	struct string_map port_names, protocol_names;
	bool names_read;
};

/* --- firewalld.c ------------------------------------------------------------ */

/* firewalld refuses its configuration as a whole; the message is its own, as far as known. Returns false. */
bool firewalld_refuse(struct firewalld *firewalld, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* It leaves this out, with a warning, and goes on. */
void firewalld_leave_out(struct firewalld *firewalld, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void firewalld_not_understood(struct firewalld *firewalld, struct place place, const char *reason);

/* --- firewalld_settings.c --------------------------------------------------- */

void firewalld_read_settings(struct firewalld *firewalld);
unsigned firewalld_read_version(struct target *target, struct arena *arena);

/* --- firewalld_value.c: what its functions.py takes for a port, an address … -- */

/* "22", "22-25", "ssh", "ssh-http" */
bool firewalld_parse_ports(struct firewalld *firewalld, const char *text, struct firewalld_ports *ret);
/* One of tcp, udp, sctp and dccp. */
bool firewalld_is_port_protocol(const char *text);
/* A name of /etc/protocols or a number. */
bool firewalld_parse_protocol(struct firewalld *firewalld, const char *text, unsigned *ret);
/* Python's int(): in base 10, or with any_base as C writes it. */
bool firewalld_parse_integer(const char *text, bool any_base, int64_t *ret);
/* A rate such as 3/m. */
bool firewalld_is_limit(const char *text);
bool firewalld_is_mac(const char *text);
bool firewalld_is_interface(const char *text);
/* An address without a mask. */
bool firewalld_is_single_address(const char *text, bool ipv6);
/* An address with or without one. */
bool firewalld_is_address(const char *text, bool ipv6);
/* The same as numbers; false also for masks with holes. */
bool firewalld_parse_address(const char *text, bool ipv6, struct number_range *ret);

/* --- firewalld_grammar.c ---------------------------------------------------- */

enum firewalld_format {
	FIREWALLD_FORMAT_ZONE,
	FIREWALLD_FORMAT_POLICY,
	FIREWALLD_FORMAT_SERVICE,
	FIREWALLD_FORMAT_IPSET,
	FIREWALLD_FORMAT_ICMPTYPE,
	FIREWALLD_FORMAT_HELPER,
	FIREWALLD_FORMAT_DIRECT,
};

/* Whether the element may be there, with its attributes; refuses it otherwise. */
bool firewalld_check_element(struct firewalld *firewalld, enum firewalld_format format,
			     const struct xml_element *element);
/* Reads a file. False when it is refused. */
bool firewalld_parse_file(struct firewalld *firewalld, const char *path, const struct xml_handler *handler);
/* An attribute, copied, or NULL. */
const char *firewalld_attribute(struct firewalld *firewalld, const struct xml_element *element, const char *name);

/* --- firewalld_zone.c, firewalld_rich.c ------------------------------------- */

/* Adds what a zone's or policy's file says to *zone. */
bool firewalld_read_zone(struct firewalld *firewalld, const char *path, struct firewalld_zone *zone);
/* NULL, or why firewalld leaves the rule out. */
const char *firewalld_rule_fault(struct firewalld *firewalld, const struct firewalld_rule *rule);
/* Rules are written as text and read again on the way: false when that is refused. */
bool firewalld_check_rule_text(struct firewalld *firewalld, const struct firewalld_rule *rule);

/* --- firewalld_object.c ----------------------------------------------------- */

/* Each reads one file of that name, below etc or the package's directory. */
bool firewalld_read_service(struct firewalld *firewalld, const char *path, const char *name);
bool firewalld_read_ipset(struct firewalld *firewalld, const char *path, const char *name);
bool firewalld_read_icmptype(struct firewalld *firewalld, const char *path, const char *name);
bool firewalld_read_helper(struct firewalld *firewalld, const char *path, const char *name);
/* All of these may be NULL: there is none. */
struct firewalld_service *firewalld_find_service(struct firewalld *firewalld, const char *name);
struct firewalld_icmptype *firewalld_find_icmptype(struct firewalld *firewalld, const char *name);
struct firewalld_ipset *firewalld_find_ipset(struct firewalld *firewalld, const char *name);
bool firewalld_has_helper(struct firewalld *firewalld, const char *name);
struct firewalld_zone *firewalld_find_zone(struct firewalld *firewalld, const char *name);

/* --- firewalld_check.c ------------------------------------------------------ */

/* What firewalld checks before it makes any rule. False when it refuses its configuration. */
bool firewalld_check(struct firewalld *firewalld);

/* --- firewalld_rules.c, firewalld_dispatch.c, firewalld_set.c, firewalld_direct.c - */

/* The tables that rules go to: inet firewalld of nftables, or those of iptables for one family. */
struct firewalld_layout {
	bool nftables, ipv4, ipv6;
	struct table *filter, *mangle, *nat;
};

/* The chains of a zone or policy in one table; NULL where it has none there. */
struct firewalld_chains {
	struct chain *base, *pre, *deny, *allow, *post;
};

enum firewalld_table {
	FIREWALLD_FILTER,
	FIREWALLD_MANGLE,
	FIREWALLD_NAT,
	FIREWALLD_TABLE_COUNT,
};

struct firewalld_builder {
	struct firewalld *firewalld;
	struct firewalld_layout layout;
};

struct chain *firewalld_add_chain(const struct firewalld_builder *builder, enum firewalld_table table,
				  const char *format, ...) __attribute__((format(printf, 3, 4)));
statement_list firewalld_copy_statements(struct arena *arena, const statement_list *list);
void firewalld_add_rule(const struct firewalld_builder *builder, struct chain *chain, const statement_list *statements,
			struct place place);
void firewalld_add_jump(const struct firewalld_builder *builder, struct chain *chain, enum verdict_kind kind,
			struct chain *target, struct place place);

/* Fills the chains of a zone or policy with its services, ports and rich rules. False when firewalld refuses it. */
bool firewalld_fill_chains(const struct firewalld_builder *builder, const struct firewalld_zone *zone,
			   const struct firewalld_chains chains[FIREWALLD_TABLE_COUNT]);
/* An address with or without a mask, as numbers. False when firewalld refuses it. */
bool firewalld_read_network(const struct firewalld_builder *builder, const char *text, bool ipv6, struct place place,
			    struct number_range *ret);
/* A test of where a packet comes from or, with destination, goes to: an address, "ipset:NAME" or a MAC. False when
 * firewalld refuses it. *ret_applies is false where the layout has no packets of that family. */
bool firewalld_add_address_test(const struct firewalld_builder *builder, statement_list *list, const char *text,
				bool destination, bool invert, struct place place, bool *ret_applies);
bool firewalld_add_set_test(const struct firewalld_builder *builder, statement_list *list, const char *name,
			    bool destination, bool invert, struct place place);
/* Makes nftables' sets of all ipsets. */
bool firewalld_make_sets(const struct firewalld_builder *builder);
/* The tables of nftables (0), or those of iptables for IPv4 (0) and IPv6 (1). */
unsigned firewalld_layout_count(const struct firewalld *firewalld);
/* Makes the rules of zones and policies in one of them. */
bool firewalld_make_rules(struct firewalld *firewalld, unsigned layout);
/* Does what direct.xml says. */
bool firewalld_load_direct(struct firewalld *firewalld);
/* Empties the tables of iptables, as every start of firewalld does. */
void firewalld_flush_iptables(struct firewalld *firewalld);
bool firewalld_has_iptables(struct firewalld *firewalld);
bool firewalld_iptables_is_legacy(struct firewalld *firewalld);

#endif
