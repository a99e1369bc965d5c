/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matches of iptables-extensions(8): their options, and what they come to for the packets of a new SSH connection.
 * What depends on things that are not on disk (the time, the packet's content, chance) matches maybe, by name.
 */
#include <stdlib.h>

#include "base/ctype.h"
#include "parse/iptables_save_private.h"

enum {
	NEGATABLE = OPTION_NEGATABLE,
	REQUIRED = OPTION_REQUIRED,
	HOOKS_IN = AT_PREROUTING | AT_INPUT | AT_FORWARD,
	HOOKS_OUT = AT_OUTPUT | AT_POSTROUTING,
};

/* --- ports ------------------------------------------------------------------- */

enum {
	PORT_SOURCE,
	PORT_DESTINATION,
	TCP_SYN,
	TCP_FLAGS,
	TCP_OPTION,
	PORT_EITHER,
};

static const struct option_form tcp_options[] = {
    {"source-port", PORT_SOURCE, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"sport", PORT_SOURCE, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"destination-port", PORT_DESTINATION, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"dport", PORT_DESTINATION, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"syn", TCP_SYN, .value = VALUE_NONE, .flags = NEGATABLE},
    {"tcp-flags", TCP_FLAGS, .value = VALUE_TWO_TEXTS, .flags = NEGATABLE},
    {"tcp-option", TCP_OPTION, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = 255, .minimum = 1},
};

static const struct option_form multiport_options[] = {
    {"source-ports", PORT_SOURCE, .value = VALUE_PORT_LIST, .flags = NEGATABLE},
    {"sports", PORT_SOURCE, .value = VALUE_PORT_LIST, .flags = NEGATABLE},
    {"destination-ports", PORT_DESTINATION, .value = VALUE_PORT_LIST, .flags = NEGATABLE},
    {"dports", PORT_DESTINATION, .value = VALUE_PORT_LIST, .flags = NEGATABLE},
    {"ports", PORT_EITHER, .value = VALUE_PORT_LIST, .flags = NEGATABLE},
};

static void add_ports(struct rule_line *line, enum selector selector, const struct option_use *option)
{
	if (!option)
		return;
	if (option->unknown)
		rule_add_unknown(line, "a port by name");
	else if (option->form->value == VALUE_PORT_LIST)
		rule_add_numbers(line, selector, &option->numbers, option->negate);
	else if (option->number != 0 || option->last != UINT16_MAX || option->negate)
		rule_add_range(line, selector, option->number, option->last, option->negate);
}

static bool read_flags(struct rule_line *line, const char *text, unsigned *ret)
{
	static const struct {
		const char *name;
		unsigned bits;
	} flags[] = {{"FIN", 1},  {"SYN", 2},  {"RST", 4},    {"PSH", 8},
		     {"ACK", 16}, {"URG", 32}, {"ALL", 0x3f}, {"NONE", 0}};
	char *rest = arena_strdup(line->loader->arena, text), *part;

	*ret = 0;
	while ((part = next_part(&rest))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(flags) && !string_equal_nocase(flags[i].name, part))
			i++;
		if (i == ARRAY_SIZE(flags))
			return refuse(line->loader, "Unknown TCP flag `%s'", part);
		*ret |= flags[i].bits;
	}
	return true;
}

static bool add_flags(struct rule_line *line, const struct option_use *option)
{
	unsigned mask, wanted;

	if (!option)
		return true;
	if (!read_flags(line, option->text, &mask) || !read_flags(line, option->second, &wanted))
		return false;
	rule_add_mask(line, SELECT_TCP_FLAGS, mask, wanted, option->negate);
	return true;
}

static bool apply_tcp(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *syn = option_of(line, use, TCP_SYN);

	add_ports(line, SELECT_SOURCE_PORT, option_of(line, use, PORT_SOURCE));
	add_ports(line, SELECT_DESTINATION_PORT, option_of(line, use, PORT_DESTINATION));
	if (syn && option_of(line, use, TCP_FLAGS))
		return refuse(line->loader, "Only one of `--syn' or `--tcp-flags' allowed");
	if (syn)
		rule_add_mask(line, SELECT_TCP_FLAGS, 1 | 2 | 4 | 16, 2, syn->negate);
	if (!add_flags(line, option_of(line, use, TCP_FLAGS)))
		return false;
	if (option_of(line, use, TCP_OPTION))
		rule_add_unknown(line, "tcp --tcp-option");
	return true;
}

static bool apply_multiport(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *either = option_of(line, use, PORT_EITHER);
	struct statement source = test_statement(SELECT_SOURCE_PORT);
	struct statement destination = test_statement(SELECT_DESTINATION_PORT);

	add_ports(line, SELECT_SOURCE_PORT, option_of(line, use, PORT_SOURCE));
	add_ports(line, SELECT_DESTINATION_PORT, option_of(line, use, PORT_DESTINATION));
	if (!either)
		return true;
	if (either->negate || either->unknown) {
		add_ports(line, SELECT_SOURCE_PORT, either);
		add_ports(line, SELECT_DESTINATION_PORT, either);
		return true;
	}
	source.test.numbers = destination.test.numbers = either->numbers;
	rule_add_either(line, &destination, &source);
	return true;
}

/* --- protocols that are not ours ---------------------------------------------- */

static const struct option_form icmp_options[] = {{"icmp-type", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};
static const struct option_form icmp6_options[] = {
    {"icmpv6-type", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};

/* The names that libxt_icmp.h gives to types. */
static const char *const icmp_names[] = {
    "any",
    "echo-reply",
    "pong",
    "destination-unreachable",
    "network-unreachable",
    "host-unreachable",
    "protocol-unreachable",
    "port-unreachable",
    "fragmentation-needed",
    "source-route-failed",
    "network-unknown",
    "host-unknown",
    "network-prohibited",
    "host-prohibited",
    "TOS-network-unreachable",
    "TOS-host-unreachable",
    "communication-prohibited",
    "host-precedence-violation",
    "precedence-cutoff",
    "source-quench",
    "redirect",
    "network-redirect",
    "host-redirect",
    "TOS-network-redirect",
    "TOS-host-redirect",
    "echo-request",
    "ping",
    "router-advertisement",
    "router-solicitation",
    "time-exceeded",
    "ttl-exceeded",
    "ttl-zero-during-transit",
    "ttl-zero-during-reassembly",
    "parameter-problem",
    "ip-header-bad",
    "required-option-missing",
    "timestamp-request",
    "timestamp-reply",
    "address-mask-request",
    "address-mask-reply",
};

static const char *const icmp6_names[] = {
    "destination-unreachable",
    "no-route",
    "communication-prohibited",
    "beyond-scope",
    "address-unreachable",
    "port-unreachable",
    "failed-policy",
    "reject-route",
    "packet-too-big",
    "time-exceeded",
    "ttl-exceeded",
    "ttl-zero-during-transit",
    "ttl-zero-during-reassembly",
    "parameter-problem",
    "bad-header",
    "unknown-header-type",
    "unknown-option",
    "echo-request",
    "ping",
    "echo-reply",
    "pong",
    "mld-listener-query",
    "mld-listener-report",
    "mld-listener-done",
    "mld-listener-reduction",
    "router-solicitation",
    "router-advertisement",
    "neighbour-solicitation",
    "neighbor-solicitation",
    "neighbour-advertisement",
    "neighbor-advertisement",
    "redirect",
};

static bool is_icmp_type(struct rule_line *line, const char *text, const char *const *names, size_t count)
{
	char *type = arena_strdup(line->loader->arena, text), *code = strchr(type, '/');
	uint64_t number;

	/* A name may be shortened. */
	for (size_t i = 0; *text && i < count; i++) {
		size_t length = 0;

		while (text[length] && char_to_lower(text[length]) == char_to_lower(names[i][length]))
			length++;
		if (!text[length])
			return true;
	}
	if (code)
		*code++ = '\0';
	return read_number(type, UINT8_MAX, &number) && (!code || read_number(code, UINT8_MAX, &number));
}

static bool apply_icmp(struct rule_line *line, const struct extension_use *use)
{
	const char *type = option_of(line, use, 0)->text;

	return is_icmp_type(line, type, icmp_names, ARRAY_SIZE(icmp_names)) ||
	       refuse(line->loader, "Unknown ICMP type `%s'", type);
}

/* All that matters of the types: neighbour discovery's. The others are no packets that are followed. */
static void add_icmp6_type(struct rule_line *line, const char *text, bool negate)
{
	static const struct {
		const char *name;
		unsigned type;
	} names[] = {
	    {"neighbour-solicitation", 135},
	    {"neighbor-solicitation", 135},
	    {"neighbour-advertisement", 136},
	    {"neighbor-advertisement", 136},
	};
	char *type = arena_strdup(line->loader->arena, text), *code = strchr(type, '/');
	uint64_t number = 0, wanted_code = 0;

	if (code)
		*code++ = '\0';
	if (!read_number(type, UINT8_MAX, &number)) {
		for (size_t i = 0; i < ARRAY_SIZE(names) && !number; i++) {
			if (strncasecmp(type, names[i].name, strlen(type)) == 0)
				number = names[i].type;
		}
	} else if (code && read_number(code, UINT8_MAX, &wanted_code) && wanted_code) {
		/* Their code is 0. */
		rule_add_constant(line, negate ? ANSWER_YES : ANSWER_NO);
		return;
	}
	rule_add_range(line, SELECT_ICMP6_TYPE, number, number, negate);
}

static bool apply_icmp6(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *type = option_of(line, use, 0);

	if (!is_icmp_type(line, type->text, icmp6_names, ARRAY_SIZE(icmp6_names)))
		return refuse(line->loader, "Unknown ICMPv6 type `%s'", type->text);
	add_icmp6_type(line, type->text, type->negate);
	return true;
}

/* --- addresses ---------------------------------------------------------------- */

enum {
	SOURCE,
	DESTINATION,
	LIMIT_IN,
	LIMIT_OUT,
};

static const struct option_form iprange_options[] = {
    {"src-range", SOURCE, .value = VALUE_ADDRESS_RANGE, .flags = NEGATABLE},
    {"dst-range", DESTINATION, .value = VALUE_ADDRESS_RANGE, .flags = NEGATABLE},
};

static bool apply_iprange(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *source = option_of(line, use, SOURCE);
	const struct option_use *destination = option_of(line, use, DESTINATION);

	if (source)
		rule_add_addresses(line, SELECT_SOURCE, source);
	if (destination)
		rule_add_addresses(line, SELECT_DESTINATION, destination);
	return true;
}

static const struct option_form addrtype_options[] = {
    {"src-type", SOURCE, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"dst-type", DESTINATION, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"limit-iface-in", LIMIT_IN, .value = VALUE_NONE},
    {"limit-iface-out", LIMIT_OUT, .value = VALUE_NONE},
};

/* RTN_* of linux/rtnetlink.h, in its order. */
static const char *const address_types[] = {"UNSPEC",	 "UNICAST",	"LOCAL",    "BROADCAST", "ANYCAST", "MULTICAST",
					    "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW",	 "NAT",	    "XRESOLVE"};

enum {
	TYPE_UNSPEC,
	TYPE_UNICAST,
	TYPE_LOCAL,
	TYPE_BROADCAST,
	TYPE_ANYCAST,
	TYPE_MULTICAST,
	TYPE_BLACKHOLE,
	TYPE_UNREACHABLE,
	TYPE_PROHIBIT,
};

static bool read_address_types(struct rule_line *line, const char *text, struct number_set *ret, unsigned *ret_bits)
{
	char *rest = arena_strdup(line->loader->arena, text), *part;

	*ret = (struct number_set){0};
	*ret_bits = 0;
	while ((part = next_part(&rest))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(address_types) && !string_equal_nocase(address_types[i], part))
			i++;
		if (i == ARRAY_SIZE(address_types))
			return refuse(line->loader, "addrtype: bad type \"%s\"", part);
		number_set_add(line->loader->arena, ret, number_of(i), number_of(i));
		*ret_bits |= 1U << i;
	}
	number_set_settle(ret);
	return true;
}

static bool add_address_type(struct rule_line *line, enum selector selector, const struct option_use *option,
			     bool of_one_interface)
{
	struct number_set types;
	unsigned bits;

	if (!option)
		return true;
	if (!read_address_types(line, option->text, &types, &bits))
		return false;
	if (line->loader->input->ipv6 &&
	    (bits & (1U << TYPE_BROADCAST | 1U << TYPE_BLACKHOLE) || bits >> TYPE_PROHIBIT))
		return refuse(line->loader, "Invalid argument: rule in chain %s", line->chain_name);
	if (of_one_interface) {
		rule_add_unknown(line, "addrtype --limit-iface");
		return true;
	}
	/* For IPv6 (net/netfilter/xt_addrtype.c) these are not alternatives, and a local address is unicast too. */
	if (line->loader->input->ipv6) {
		if (bits & (1U << TYPE_UNSPEC | 1U << TYPE_MULTICAST)) {
			rule_add_constant(line, option->negate ? ANSWER_YES : ANSWER_NO);
			return true;
		}
		if (bits == 1U << TYPE_UNICAST) {
			rule_add_constant(line, option->negate ? ANSWER_NO : ANSWER_YES);
			return true;
		}
		if (!(bits & 1U << TYPE_LOCAL)) {
			rule_add_unknown(line, "addrtype");
			return true;
		}
		types = (struct number_set){0};
		number_set_add(line->loader->arena, &types, number_of(TYPE_LOCAL), number_of(TYPE_LOCAL));
	}
	rule_add_numbers(line, selector, &types, option->negate);
	return true;
}

static bool apply_addrtype(struct rule_line *line, const struct extension_use *use)
{
	bool in = option_of(line, use, LIMIT_IN), out = option_of(line, use, LIMIT_OUT);

	if (in)
		line->hooks &= ~(unsigned)HOOKS_OUT;
	if (out)
		line->hooks &= ~(unsigned)(AT_PREROUTING | AT_INPUT);
	return add_address_type(line, SELECT_SOURCE_TYPE, option_of(line, use, SOURCE), in || out) &&
	       add_address_type(line, SELECT_DESTINATION_TYPE, option_of(line, use, DESTINATION), in || out);
}

static const struct option_form mac_options[] = {{"mac-source", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};

static bool apply_mac(struct rule_line *line, const struct extension_use *use)
{
	const char *text = option_of(line, use, 0)->text;
	bool valid = strlen(text) == 17;

	for (size_t i = 0; valid && text[i]; i++)
		valid = i % 3 == 2 ? text[i] == ':' : char_hex_value(text[i]) >= 0;
	if (!valid)
		return refuse(line->loader, "mac: Bad value for \"--mac-source\" option: \"%s\"", text);
	rule_add_unknown(line, "mac");
	return true;
}

/* --- marks and the packet itself ------------------------------------------------ */

static const struct option_form mark_options[] = {{"mark", 0, .value = VALUE_MARK, .flags = NEGATABLE | REQUIRED}};

static bool apply_mark(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *mark = option_of(line, use, 0);

	rule_add_mask(line, SELECT_MARK, mark->mask, mark->number, mark->negate);
	return true;
}

static const struct option_form comment_options[] = {{"comment", 0, .value = VALUE_TEXT, .flags = REQUIRED}};

static bool apply_comment(struct rule_line *line, const struct extension_use *use)
{
	line->comment = arena_strdup(line->loader->arena, option_of(line, use, 0)->text);
	return true;
}

static const struct option_form length_options[] = {
    {"length", 0, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE | REQUIRED, .maximum = UINT16_MAX}};

static bool apply_length(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *length = option_of(line, use, 0);

	rule_add_range(line, SELECT_LENGTH, length->number, length->last, length->negate);
	return true;
}

enum {
	TTL_EQUAL,
	TTL_LESS,
	TTL_GREATER,
};

static const struct option_form ttl_options[] = {
    {"ttl-eq", TTL_EQUAL, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = UINT8_MAX},
    {"ttl", TTL_EQUAL, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = UINT8_MAX},
    {"ttl-lt", TTL_LESS, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
    {"ttl-gt", TTL_GREATER, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
};
static const struct option_form hl_options[] = {
    {"hl-eq", TTL_EQUAL, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = UINT8_MAX},
    {"hl-lt", TTL_LESS, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
    {"hl-gt", TTL_GREATER, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
};

static bool apply_ttl(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *equal = option_of(line, use, TTL_EQUAL);
	const struct option_use *less = option_of(line, use, TTL_LESS);
	const struct option_use *greater = option_of(line, use, TTL_GREATER);

	if (equal)
		rule_add_range(line, SELECT_TTL, equal->number, equal->number, equal->negate);
	/* "Not below" leaves no doubt about 0, which no packet has. */
	if (less)
		rule_add_range(line, SELECT_TTL, less->number, UINT8_MAX, true);
	if (greater)
		rule_add_range(line, SELECT_TTL, greater->number + 1, UINT8_MAX, false);
	return true;
}

static const struct option_form pkttype_options[] = {
    {"pkt-type", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};

static bool apply_pkttype(struct rule_line *line, const struct extension_use *use)
{
	static const struct {
		const char *name;
		unsigned number;
	} types[] = {{"unicast", 0}, {"host", 0}, {"broadcast", 1}, {"bcast", 1}, {"multicast", 2}, {"mcast", 2}};
	const struct option_use *option = option_of(line, use, 0);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (string_equal_nocase(types[i].name, option->text)) {
			rule_add_range(line, SELECT_PACKET_TYPE, types[i].number, types[i].number, option->negate);
			return true;
		}
	}
	return refuse(line->loader, "Bad packet type '%s'", option->text);
}

#define PORT_PROTOCOLS " tcp udp udplite sctp dccp "

static const struct extension matches[] = {
    {"tcp", apply_tcp, OPTIONS(tcp_options), .protocols = " tcp "},
    {"icmp", apply_icmp, OPTIONS(icmp_options), .protocols = " icmp ", .ipv4_only = true},
    {"icmp6", apply_icmp6, OPTIONS(icmp6_options), .protocols = " icmpv6 ", .ipv6_only = true},
    {"multiport", apply_multiport, OPTIONS(multiport_options), .protocols = PORT_PROTOCOLS,
     .one_of = 1U << PORT_SOURCE | 1U << PORT_DESTINATION | 1U << PORT_EITHER,
     .one_of_message = "multiport expection an option",
     .exclusive = 1U << PORT_SOURCE | 1U << PORT_DESTINATION | 1U << PORT_EITHER},
    {"iprange", apply_iprange, OPTIONS(iprange_options), .one_of = 3,
     .one_of_message = "You must specify `--src-range' or `--dst-range'"},
    {"addrtype", apply_addrtype, OPTIONS(addrtype_options), .one_of = 3,
     .one_of_message = "you must specify --src-type or --dst-type", .exclusive = 1U << LIMIT_IN | 1U << LIMIT_OUT},
    {"mac", apply_mac, OPTIONS(mac_options), .hooks = HOOKS_IN},
    {"mark", apply_mark, OPTIONS(mark_options)},
    {"comment", apply_comment, OPTIONS(comment_options)},
    {"length", apply_length, OPTIONS(length_options)},
    {"ttl", apply_ttl, OPTIONS(ttl_options), .one_of = 7, .one_of_message = "must specify an option", .exclusive = 7,
     .ipv4_only = true},
    {"hl", apply_ttl, OPTIONS(hl_options), .one_of = 7, .one_of_message = "must specify an option", .exclusive = 7,
     .ipv6_only = true},
    {"pkttype", apply_pkttype, OPTIONS(pkttype_options)},
};
const struct extension_table packet_matches = {matches, ARRAY_SIZE(matches)};
