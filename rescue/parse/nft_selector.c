/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The expressions that look at a packet: "tcp dport", "meta iifname", "ct original ip saddr". */
#include "parse/nft_private.h"

#include <stdlib.h>

enum {
	IPV4 = 2, /* NFPROTO_IPV4 */
	ARP = 3, /* NFPROTO_ARP */
	IPV6 = 10,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IGMP = 2,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_DCCP = 33,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_COMP = 108,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDPLITE = 136,
	HOOKS_WITH_ROUTE_BACK = 1 << HOOK_PREROUTING | 1 << HOOK_INPUT | 1 << HOOK_FORWARD,
	HOOKS_OF_LEAVING = 1 << HOOK_FORWARD | 1 << HOOK_OUTPUT | 1 << HOOK_POSTROUTING,
};

/* One word behind a protocol's or meta's. */
struct field {
	const char *word;
	struct nft_selector selector;
};

#define OTHER(type_, bits_)                                            \
	{                                                              \
		.selector = SELECT_OTHER, .type = type_, .bits = bits_ \
	}
#define KNOWN(selector_, type_, bits_)                              \
	{                                                           \
		.selector = selector_, .type = type_, .bits = bits_ \
	}
#define END                  \
	{                    \
		NULL,        \
		{            \
			NULL \
		}            \
	}

static const struct field ip_fields[] = {
    {"saddr", KNOWN(SELECT_SOURCE, TYPE_IPV4, 32)},
    {"daddr", KNOWN(SELECT_DESTINATION, TYPE_IPV4, 32)},
    {"protocol", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"length", KNOWN(SELECT_LENGTH, TYPE_INTEGER, 16)},
    {"ttl", KNOWN(SELECT_TTL, TYPE_INTEGER, 8)},
    {"frag-off", {.selector = SELECT_OTHER, .type = TYPE_INTEGER, .bits = 16, .class = CLASS_FRAGMENT}},
    {"dscp", OTHER(TYPE_OTHER, 6)},
    {"ecn", OTHER(TYPE_OTHER, 2)},
    {"version", OTHER(TYPE_INTEGER, 4)},
    {"hdrlength", OTHER(TYPE_INTEGER, 4)},
    {"id", OTHER(TYPE_INTEGER, 16)},
    {"checksum", OTHER(TYPE_INTEGER, 16)},
    END,
};

static const struct field ip6_fields[] = {
    {"saddr", {.selector = SELECT_SOURCE, .type = TYPE_IPV6, .bits = 128, .ipv6 = true}},
    {"daddr", {.selector = SELECT_DESTINATION, .type = TYPE_IPV6, .bits = 128, .ipv6 = true}},
    {"nexthdr", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"hoplimit", KNOWN(SELECT_TTL, TYPE_INTEGER, 8)},
    {"length", OTHER(TYPE_INTEGER, 16)},
    {"version", OTHER(TYPE_INTEGER, 4)},
    {"dscp", OTHER(TYPE_OTHER, 6)},
    {"ecn", OTHER(TYPE_OTHER, 2)},
    {"flowlabel", OTHER(TYPE_INTEGER, 20)},
    END,
};

static const struct field tcp_fields[] = {
    {"dport", KNOWN(SELECT_DESTINATION_PORT, TYPE_SERVICE, 16)},
    {"sport", KNOWN(SELECT_SOURCE_PORT, TYPE_SERVICE, 16)},
    {"flags", KNOWN(SELECT_TCP_FLAGS, TYPE_TCP_FLAG, 8)},
    {"sequence", OTHER(TYPE_INTEGER, 32)},
    {"ackseq", OTHER(TYPE_INTEGER, 32)},
    {"doff", OTHER(TYPE_INTEGER, 4)},
    {"reserved", OTHER(TYPE_INTEGER, 4)},
    {"window", OTHER(TYPE_INTEGER, 16)},
    {"checksum", OTHER(TYPE_INTEGER, 16)},
    {"urgptr", OTHER(TYPE_INTEGER, 16)},
    END,
};

/* Also of udp, udplite, sctp and dccp: what they look at beyond their ports, no packet of ours has. */
static const struct field transport_fields[] = {
    {"dport", KNOWN(SELECT_DESTINATION_PORT, TYPE_SERVICE, 16)},
    {"sport", KNOWN(SELECT_SOURCE_PORT, TYPE_SERVICE, 16)},
    END,
};

static const struct field udp_fields[] = {
    {"length", OTHER(TYPE_INTEGER, 16)}, {"checksum", OTHER(TYPE_INTEGER, 16)}, {"csumcov", OTHER(TYPE_INTEGER, 16)},
    {"vtag", OTHER(TYPE_INTEGER, 32)},	 {"type", OTHER(TYPE_OTHER, 4)},	END,
};

static const struct field icmp_fields[] = {
    {"type", OTHER(TYPE_ICMP, 8)},	   {"code", OTHER(TYPE_OTHER, 8)},
    {"checksum", OTHER(TYPE_INTEGER, 16)}, {"id", OTHER(TYPE_INTEGER, 16)},
    {"sequence", OTHER(TYPE_INTEGER, 16)}, {"gateway", OTHER(TYPE_OTHER, 32)},
    {"mtu", OTHER(TYPE_INTEGER, 16)},	   END,
};

static const struct field icmpv6_fields[] = {
    {"type", OTHER(TYPE_ICMPV6, 8)},
    {"code", OTHER(TYPE_OTHER, 8)},
    {"checksum", OTHER(TYPE_INTEGER, 16)},
    {"id", OTHER(TYPE_INTEGER, 16)},
    {"sequence", OTHER(TYPE_INTEGER, 16)},
    {"param-problem", OTHER(TYPE_INTEGER, 32)},
    {"parameter-problem", OTHER(TYPE_INTEGER, 32)},
    {"packet-too-big", OTHER(TYPE_INTEGER, 32)},
    {"max-delay", OTHER(TYPE_INTEGER, 16)},
    {"mtu", OTHER(TYPE_INTEGER, 32)},
    {"taddr", OTHER(TYPE_IPV6, 128)},
    {"daddr", OTHER(TYPE_IPV6, 128)},
    END,
};

static const struct field other_protocol_fields[] = {
    {"type", OTHER(TYPE_OTHER, 8)},	 {"mrt", OTHER(TYPE_OTHER, 8)},
    {"group", OTHER(TYPE_OTHER, 32)},	 {"checksum", OTHER(TYPE_OTHER, 16)},
    {"nexthdr", OTHER(TYPE_OTHER, 8)},	 {"hdrlength", OTHER(TYPE_OTHER, 8)},
    {"reserved", OTHER(TYPE_OTHER, 16)}, {"spi", OTHER(TYPE_OTHER, 32)},
    {"sequence", OTHER(TYPE_OTHER, 32)}, {"flags", OTHER(TYPE_OTHER, 16)},
    {"cpi", OTHER(TYPE_OTHER, 16)},	 {"version", OTHER(TYPE_OTHER, 3)},
    {"protocol", OTHER(TYPE_OTHER, 16)}, END,
};

static const struct field ether_fields[] = {
    {"saddr", OTHER(TYPE_ETHER_ADDRESS, 48)},
    {"daddr", OTHER(TYPE_ETHER_ADDRESS, 48)},
    {"type", OTHER(TYPE_ETHER_TYPE, 16)},
    END,
};

static const struct field vlan_fields[] = {
    {"id", OTHER(TYPE_INTEGER, 12)}, {"cfi", OTHER(TYPE_INTEGER, 1)},	   {"dei", OTHER(TYPE_INTEGER, 1)},
    {"pcp", OTHER(TYPE_INTEGER, 3)}, {"type", OTHER(TYPE_ETHER_TYPE, 16)}, END,
};

static const struct field arp_fields[] = {
    {"operation", OTHER(TYPE_OTHER, 16)}, {"htype", OTHER(TYPE_OTHER, 16)},
    {"ptype", OTHER(TYPE_OTHER, 16)},	  {"hlen", OTHER(TYPE_OTHER, 8)},
    {"plen", OTHER(TYPE_OTHER, 8)},	  {"saddr", OTHER(TYPE_OTHER, 48)},
    {"daddr", OTHER(TYPE_OTHER, 48)},	  END,
};

/* These need no "meta" before them. */
static const struct field plain_meta_fields[] = {
    {"iifname", KNOWN(SELECT_IN_INTERFACE, TYPE_INTERFACE_NAME, 128)},
    {"oifname", KNOWN(SELECT_OUT_INTERFACE, TYPE_INTERFACE_NAME, 128)},
    {"iif", KNOWN(SELECT_IN_INTERFACE, TYPE_INTERFACE_INDEX, 32)},
    {"oif", KNOWN(SELECT_OUT_INTERFACE, TYPE_INTERFACE_INDEX, 32)},
    {"mark", KNOWN(SELECT_MARK, TYPE_MARK, 32)},
    {"skuid", KNOWN(SELECT_USER, TYPE_USER, 32)},
    {"skgid", KNOWN(SELECT_GROUP, TYPE_GROUP, 32)},
    {"pkttype", KNOWN(SELECT_PACKET_TYPE, TYPE_PACKET_TYPE, 8)},
    {"iiftype", OTHER(TYPE_OTHER, 16)},
    {"oiftype", OTHER(TYPE_OTHER, 16)},
    {"iifgroup", OTHER(TYPE_OTHER, 32)},
    {"oifgroup", OTHER(TYPE_OTHER, 32)},
    {"cpu", OTHER(TYPE_INTEGER, 32)},
    {"cgroup", OTHER(TYPE_INTEGER, 32)},
    {"nftrace", OTHER(TYPE_OTHER, 1)},
    {"rtclassid", OTHER(TYPE_OTHER, 32)},
    {"ibriport", OTHER(TYPE_OTHER, 128)},
    {"ibrname", OTHER(TYPE_OTHER, 128)},
    {"obriport", OTHER(TYPE_OTHER, 128)},
    {"obrname", OTHER(TYPE_OTHER, 128)},
    END,
};

static const struct field meta_fields[] = {
    {"l4proto", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"nfproto", {.selector = SELECT_FAMILY, .type = TYPE_FAMILY, .bits = 8, .fixes_family = true}},
    {"protocol", KNOWN(SELECT_FAMILY, TYPE_ETHER_TYPE, 16)},
    {"length", KNOWN(SELECT_LENGTH, TYPE_INTEGER, 32)},
    {"priority", OTHER(TYPE_OTHER, 32)},
    {"secmark", OTHER(TYPE_OTHER, 32)},
    {"random", OTHER(TYPE_OTHER, 32)},
    {"ipsec", OTHER(TYPE_OTHER, 1)},
    {"secpath", OTHER(TYPE_OTHER, 1)},
    {"iifkind", OTHER(TYPE_OTHER, 128)},
    {"oifkind", OTHER(TYPE_OTHER, 128)},
    {"ibrpvid", OTHER(TYPE_OTHER, 16)},
    {"ibrvproto", OTHER(TYPE_OTHER, 16)},
    {"ibrhwaddr", OTHER(TYPE_OTHER, 48)},
    {"time", OTHER(TYPE_OTHER, 64)},
    {"day", OTHER(TYPE_OTHER, 8)},
    {"hour", OTHER(TYPE_OTHER, 32)},
    {"sdif", OTHER(TYPE_OTHER, 32)},
    {"sdifname", OTHER(TYPE_OTHER, 128)},
    {"broute", OTHER(TYPE_OTHER, 1)},
    END,
};

static const struct field ct_fields[] = {
    {"state", KNOWN(SELECT_STATE, TYPE_STATE, 32)},
    {"status", KNOWN(SELECT_STATUS, TYPE_STATUS, 32)},
    {"direction", KNOWN(SELECT_DIRECTION, TYPE_DIRECTION, 8)},
    {"mark", KNOWN(SELECT_CONNECTION_MARK, TYPE_MARK, 32)},
    {"l3proto", KNOWN(SELECT_FAMILY, TYPE_FAMILY, 8)},
    {"protocol", KNOWN(SELECT_PROTOCOL, TYPE_PROTOCOL, 8)},
    /* Connections to sshd have none. */
    {"helper", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 128, .class = CLASS_ABSENT}},
    {"expiration", OTHER(TYPE_OTHER, 32)},
    {"label", OTHER(TYPE_OTHER, 128)},
    {"id", OTHER(TYPE_OTHER, 32)},
    {"zone", OTHER(TYPE_INTEGER, 16)},
    {"bytes", OTHER(TYPE_INTEGER, 64)},
    {"packets", OTHER(TYPE_INTEGER, 64)},
    {"avgpkt", OTHER(TYPE_INTEGER, 64)},
    {"secmark", OTHER(TYPE_OTHER, 32)},
    {"event", OTHER(TYPE_OTHER, 32)},
    END,
};

static const struct field ct_original_fields[] = {
    {"ip saddr", {.selector = SELECT_ORIGINAL_SOURCE, .type = TYPE_IPV4, .bits = 32, .family = IPV4}},
    {"ip daddr", {.selector = SELECT_ORIGINAL_DESTINATION, .type = TYPE_IPV4, .bits = 32, .family = IPV4}},
    {"ip6 saddr", {.selector = SELECT_ORIGINAL_SOURCE, .type = TYPE_IPV6, .bits = 128, .family = IPV6, .ipv6 = true}},
    {"ip6 daddr",
     {.selector = SELECT_ORIGINAL_DESTINATION, .type = TYPE_IPV6, .bits = 128, .family = IPV6, .ipv6 = true}},
    {"proto-src", {.selector = SELECT_ORIGINAL_SOURCE_PORT, .type = TYPE_SERVICE, .bits = 16, .needs_transport = true}},
    {"proto-dst",
     {.selector = SELECT_ORIGINAL_DESTINATION_PORT, .type = TYPE_SERVICE, .bits = 16, .needs_transport = true}},
    {"l3proto", KNOWN(SELECT_FAMILY, TYPE_FAMILY, 8)},
    {"protocol", KNOWN(SELECT_PROTOCOL, TYPE_PROTOCOL, 8)},
    {"bytes", OTHER(TYPE_INTEGER, 64)},
    {"packets", OTHER(TYPE_INTEGER, 64)},
    {"avgpkt", OTHER(TYPE_INTEGER, 64)},
    {"zone", OTHER(TYPE_INTEGER, 16)},
    END,
};

static const struct field socket_fields[] = {
    {"transparent", OTHER(TYPE_OTHER, 1)},
    {"wildcard", OTHER(TYPE_OTHER, 1)},
    {"mark", OTHER(TYPE_MARK, 32)},
    END,
};

static const struct field rt_fields[] = {
    {"classid", OTHER(TYPE_OTHER, 32)},
    {"mtu", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 16, .hooks = HOOKS_OF_LEAVING}},
    {"nexthop", OTHER(TYPE_OTHER, 128)},
    {"ipsec", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 1, .hooks = HOOKS_OF_LEAVING}},
    END,
};

/* What begins with a protocol's name. */
static const struct header {
	const char *word;
	const struct field *fields, *more_fields;
	unsigned family, protocol;
	bool ethernet; /* a link layer: packets that leave have none yet */
} headers[] = {
    {"ip", ip_fields, NULL, IPV4, 0, false},
    {"ip6", ip6_fields, NULL, IPV6, 0, false},
    {"tcp", tcp_fields, NULL, 0, PROTOCOL_TCP, false},
    {"udp", transport_fields, udp_fields, 0, PROTOCOL_UDP, false},
    {"udplite", transport_fields, udp_fields, 0, PROTOCOL_UDPLITE, false},
    {"sctp", transport_fields, udp_fields, 0, PROTOCOL_SCTP, false},
    {"dccp", transport_fields, udp_fields, 0, PROTOCOL_DCCP, false},
    {"th", transport_fields, NULL, 0, 0, false},
    {"icmp", icmp_fields, NULL, IPV4, PROTOCOL_ICMP, false},
    {"icmpv6", icmpv6_fields, NULL, IPV6, PROTOCOL_ICMPV6, false},
    {"igmp", other_protocol_fields, NULL, IPV4, PROTOCOL_IGMP, false},
    {"ah", other_protocol_fields, NULL, 0, PROTOCOL_AH, false},
    {"esp", other_protocol_fields, NULL, 0, PROTOCOL_ESP, false},
    {"comp", other_protocol_fields, NULL, 0, PROTOCOL_COMP, false},
    {"gre", other_protocol_fields, NULL, 0, PROTOCOL_GRE, false},
    {"ether", ether_fields, NULL, 0, 0, true},
    {"vlan", vlan_fields, NULL, 0, 0, true},
    {"arp", arp_fields, NULL, ARP, 0, false},
};

/* Extension headers, which no ordinary packet has, and other words that begin an expression of their own. */
static const char *const extension_headers[] = {"hbh", "rt0", "rt2", "srh", "frag", "dst", "mh"};
static const char *const others[] = {
    "meta", "ct", "fib", "socket", "rt", "osf", "ipsec", "numgen", "jhash", "symhash", "exthdr", "@", "tunnel",
};

static const struct field *find_field(const struct field *fields, const struct nft_token *token)
{
	for (; fields && fields->word; fields++) {
		if (nft_token_is(token, fields->word))
			return fields;
	}
	return NULL;
}

static const struct header *find_header(const struct nft_token *token)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		if (nft_token_is(token, headers[i].word))
			return &headers[i];
	}
	return NULL;
}

static bool is_any_of(const struct nft_token *token, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (nft_token_is(token, words[i]))
			return true;
	}
	return false;
}

bool nft_begins_selector(const struct nft_parser *parser)
{
	const struct nft_token *token = &parser->token;

	return find_header(token) || find_field(plain_meta_fields, token) ||
	       is_any_of(token, extension_headers, ARRAY_SIZE(extension_headers)) ||
	       is_any_of(token, others, ARRAY_SIZE(others));
}

/* The text from there up to the current token, as the report says it. */
static const char *text_since(struct nft_parser *parser, const struct nft_position *start)
{
	size_t end = parser->last_end.offset;

	if (parser->last_end.file != start->file || end <= start->offset)
		return "an expression";
	return arena_memdup(parser->arena, start->file->data + start->offset, end - start->offset);
}

static bool finish(struct nft_parser *parser, const struct nft_position *at, const struct nft_selector *selector,
		   struct nft_node **ret)
{
	*ret = nft_node(parser, NODE_SELECTOR, at);
	(*ret)->selector = ARENA_NEW(parser->arena, struct nft_selector);
	*(*ret)->selector = *selector;
	(*ret)->selector->name = text_since(parser, at);
	return true;
}

static bool finish_other(struct nft_parser *parser, const struct nft_position *at, enum nft_type type, unsigned bits,
			 struct nft_node **ret)
{
	struct nft_selector selector = OTHER(type, bits);

	return finish(parser, at, &selector, ret);
}

/* tcp option NAME [FIELD], ip option NAME [FIELD]. */
static bool option(struct nft_parser *parser, const struct nft_position *at, const struct header *header,
		   struct nft_node **ret)
{
	struct nft_selector selector = OTHER(TYPE_INTEGER, 32);
	bool segment_size;

	selector.family = header->family;
	selector.protocol = header->protocol;
	nft_advance(parser);
	segment_size = nft_is(parser, "maxseg") || nft_is(parser, "mss");
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (nft_is(parser, "exists") || nft_is(parser, "missing")) {
		selector.type = TYPE_BOOLEAN;
		return finish(parser, at, &selector, ret);
	}
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	if (segment_size && nft_is(parser, "size"))
		selector.class = CLASS_SEGMENT_SIZE;
	nft_advance(parser);
	return finish(parser, at, &selector, ret);
}

static bool header_field(struct nft_parser *parser, const struct nft_position *at, const struct header *header,
			 struct nft_node **ret)
{
	const struct field *field;
	struct nft_selector selector;

	nft_advance(parser);
	if (nft_is(parser, "option") && (header->protocol == PROTOCOL_TCP || header->family == IPV4))
		return option(parser, at, header, ret);
	field = find_field(header->fields, &parser->token);
	if (!field)
		field = find_field(header->more_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (header->family == ARP && (nft_is(parser, "ip") || nft_is(parser, "ether")))
		nft_advance(parser);
	selector = field->selector;
	selector.family = header->family;
	selector.protocol = header->protocol;
	return finish(parser, at, &selector, ret);
}

/* ct [original|reply] KEY */
static bool ct_field(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct field *field = NULL;
	struct nft_selector selector;
	bool reply = false, directed = false;
	const char *word;

	nft_advance(parser);
	if (nft_is(parser, "original") || nft_is(parser, "reply")) {
		reply = nft_is(parser, "reply");
		directed = true;
		nft_advance(parser);
	}
	word = nft_token_text(parser, &parser->token);
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	if (directed && (nft_is(parser, "ip") || nft_is(parser, "ip6"))) {
		nft_advance(parser);
		word = arena_printf(parser->arena, "%s %s", word, nft_token_text(parser, &parser->token));
	} else if (directed && (nft_is(parser, "saddr") || nft_is(parser, "daddr"))) {
		/* Only tables of one family have it. */
		if (!parser->table || parser->table->family > FILTER_IPV6)
			return nft_refuse(
			    parser, at,
			    "cannot determine ip protocol version, use \"ip saddr\" or \"ip6 saddr\" instead");
		word = arena_printf(parser->arena, "%s %s", parser->table->family == FILTER_IPV6 ? "ip6" : "ip", word);
	}
	for (const struct field *next = directed ? ct_original_fields : ct_fields; next->word && !field; next++)
		field = string_equal(next->word, word) ? next : NULL;
	if (!field && !directed && (nft_is(parser, "proto-src") || nft_is(parser, "proto-dst"))) {
		nft_advance(parser);
		selector = (struct nft_selector)OTHER(TYPE_SERVICE, 16);
		selector.needs_transport = selector.tracking = true;
		return finish(parser, at, &selector, ret);
	}
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	selector = field->selector;
	selector.tracking = true;
	/* The other direction's addresses and ports are those after translation. */
	if (reply && selector.selector != SELECT_FAMILY && selector.selector != SELECT_PROTOCOL)
		selector.selector = SELECT_OTHER;
	return finish(parser, at, &selector, ret);
}

/* fib FLAG[. FLAG …] oif|oifname|type|check */
static bool fib(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	bool source = false, destination = false, in = false, out = false;
	struct nft_selector selector = OTHER(TYPE_OTHER, 32);

	nft_advance(parser);
	do {
		source = source || nft_is(parser, "saddr");
		destination = destination || nft_is(parser, "daddr");
		in = in || nft_is(parser, "iif");
		out = out || nft_is(parser, "oif");
		if (!nft_is(parser, "saddr") && !nft_is(parser, "daddr") && !nft_is(parser, "iif") &&
		    !nft_is(parser, "oif") && !nft_is(parser, "mark"))
			return nft_syntax_error(parser);
		nft_advance(parser);
	} while (nft_accept(parser, "."));
	if (!source && !destination)
		return nft_refuse(parser, at, "fib: need either saddr or daddr");
	if (source && destination)
		return nft_refuse(parser, at, "fib: saddr and daddr are mutually exclusive");
	if (in && out)
		return nft_refuse(parser, at, "fib: iif and oif are mutually exclusive");
	if (nft_is(parser, "type")) {
		selector.selector = source ? SELECT_SOURCE_TYPE : SELECT_DESTINATION_TYPE;
		selector.type = TYPE_ADDRESS_TYPE;
		selector.hooks = in ? HOOKS_WITH_ROUTE_BACK : 0;
	} else if (nft_is(parser, "oif") || nft_is(parser, "oifname") || nft_is(parser, "check")) {
		selector.type = nft_is(parser, "oif")	    ? TYPE_INTERFACE_INDEX
				: nft_is(parser, "oifname") ? TYPE_INTERFACE_NAME
							    : TYPE_BOOLEAN;
		selector.hooks = HOOKS_WITH_ROUTE_BACK;
		if (source && in)
			selector.class = CLASS_REVERSE_ROUTE;
	} else {
		return nft_syntax_error(parser);
	}
	if (nft_accept(parser, "check"))
		nft_uncertain(parser, at, "fib … check needs nft 1.1.2 or newer");
	else
		nft_advance(parser);
	if (selector.type == TYPE_INTERFACE_INDEX && (nft_is(parser, "exists") || nft_is(parser, "missing")))
		selector.type = TYPE_BOOLEAN;
	return finish(parser, at, &selector, ret);
}

/* @th,OFFSET,LENGTH: the ports have names of their own. */
static bool payload(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	struct nft_selector selector = OTHER(TYPE_INTEGER, 0);
	uint64_t offset, length;
	bool transport;

	nft_advance(parser);
	transport = nft_is(parser, "th");
	if (!transport && !nft_is(parser, "nh") && !nft_is(parser, "ll") && !nft_is(parser, "ih"))
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (!nft_expect(parser, ",") || !nft_number(parser, &offset) || !nft_expect(parser, ",") ||
	    !nft_number(parser, &length))
		return false;
	if (!length || length > 128)
		selector.type = TYPE_OTHER;
	selector.bits = length && length <= 128 ? (unsigned)length : 128;
	if (transport && length == 16 && offset <= 16 && offset % 16 == 0)
		selector.selector = offset ? SELECT_DESTINATION_PORT : SELECT_SOURCE_PORT;
	return finish(parser, at, &selector, ret);
}

/* exthdr NAME exists, hbh FIELD, rt type …: of IPv6 only. */
static bool extension_header(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	struct nft_selector selector = {
	    .selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 128, .family = IPV6, .class = CLASS_ABSENT};

	if (nft_is(parser, "exthdr"))
		selector.type = TYPE_BOOLEAN;
	nft_advance(parser);
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (nft_accept(parser, "[") && (!nft_number(parser, &(uint64_t){0}) || !nft_expect(parser, "]")))
		return false;
	return finish(parser, at, &selector, ret);
}

static bool rt(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct field *field;
	bool family;

	nft_advance(parser);
	family = nft_accept(parser, "ip") || nft_accept(parser, "ip6");
	field = find_field(rt_fields, &parser->token);
	if (!field) {
		struct nft_selector selector = {
		    .selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 32, .family = IPV6, .class = CLASS_ABSENT};

		if (!nft_is(parser, "type") && !nft_is(parser, "nexthdr") && !nft_is(parser, "hdrlength") &&
		    !nft_is(parser, "seg-left"))
			return nft_syntax_error(parser);
		nft_advance(parser);
		return finish(parser, at, &selector, ret);
	}
	if (nft_is(parser, "nexthop") && !family && (!parser->table || parser->table->family > FILTER_IPV6))
		return nft_refuse(
		    parser, at, "cannot determine ip protocol version, use \"ip nexthop\" or \"ip6 nexthop\" instead");
	nft_advance(parser);
	return finish(parser, at, &field->selector, ret);
}

/* socket cgroupv2 level N */
static bool socket_field(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct field *field;

	nft_advance(parser);
	if (nft_accept(parser, "cgroupv2")) {
		if (!nft_expect(parser, "level") || !nft_number(parser, &(uint64_t){0}))
			return false;
		nft_uncertain(parser, at,
			      "whether the control group of a socket match is there when the rules are loaded");
		return finish_other(parser, at, TYPE_OTHER, 64, ret);
	}
	field = find_field(socket_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return finish(parser, at, &field->selector, ret);
}

/* numgen random mod N [offset N], symhash mod N, jhash EXPRESSION mod N [seed N]. */
static bool generated_number(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	bool hash = nft_is(parser, "jhash"), generator = nft_is(parser, "numgen");
	struct nft_node *key;

	nft_advance(parser);
	if (generator && !nft_accept(parser, "inc") && !nft_accept(parser, "random"))
		return nft_syntax_error(parser);
	if (hash && !nft_left_side(parser, &key))
		return false;
	if (!nft_expect(parser, "mod") || !nft_number(parser, &(uint64_t){0}))
		return false;
	while (nft_is(parser, "seed") || nft_is(parser, "offset")) {
		nft_advance(parser);
		if (!nft_number(parser, &(uint64_t){0}))
			return false;
	}
	return finish_other(parser, at, TYPE_OTHER, 32, ret);
}

/* osf [ttl …] name|version, ipsec in|out [spnum N] KEY, tunnel KEY. */
static bool rare(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	bool ipsec = nft_is(parser, "ipsec"), osf = nft_is(parser, "osf");

	nft_advance(parser);
	if (osf && nft_accept(parser, "ttl"))
		nft_advance(parser);
	if (ipsec) {
		if (!nft_accept(parser, "in") && !nft_accept(parser, "out"))
			return nft_syntax_error(parser);
		if (nft_accept(parser, "spnum") && !nft_number(parser, &(uint64_t){0}))
			return false;
		if (nft_is(parser, "ip") || nft_is(parser, "ip6"))
			nft_advance(parser);
	}
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return finish_other(parser, at, TYPE_OTHER, 32, ret);
}

static bool meta(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct field *field;

	nft_advance(parser);
	field = find_field(meta_fields, &parser->token);
	if (!field)
		field = find_field(plain_meta_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return finish(parser, at, &field->selector, ret);
}

bool nft_selector(struct nft_parser *parser, struct nft_node **ret)
{
	static const struct {
		const char *word;
		bool (*parse)(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret);
	} forms[] = {
	    {"meta", meta},
	    {"ct", ct_field},
	    {"fib", fib},
	    {"socket", socket_field},
	    {"rt", rt},
	    {"@", payload},
	    {"numgen", generated_number},
	    {"jhash", generated_number},
	    {"symhash", generated_number},
	    {"osf", rare},
	    {"ipsec", rare},
	    {"tunnel", rare},
	};
	struct nft_position at = parser->token.at;
	const struct field *field = find_field(plain_meta_fields, &parser->token);
	const struct header *header = find_header(&parser->token);

	if (header)
		return header_field(parser, &at, header, ret);
	if (field) {
		nft_advance(parser);
		return finish(parser, &at, &field->selector, ret);
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (nft_is(parser, forms[i].word))
			return forms[i].parse(parser, &at, ret);
	}
	if (nft_begins_selector(parser))
		return extension_header(parser, &at, ret);
	return nft_syntax_error(parser);
}
