/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The expressions that look at a packet: "tcp dport", "meta iifname", "ct original ip saddr". */
#include "parse/nft_private.h"

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
};

#define KNOWN(selector_, type_, bits_)                              \
	{                                                           \
		.selector = selector_, .type = type_, .bits = bits_ \
	}

static const struct nft_word ip_fields[] = {
    {"saddr", KNOWN(SELECT_SOURCE, TYPE_IPV4, 32)},
    {"daddr", KNOWN(SELECT_DESTINATION, TYPE_IPV4, 32)},
    {"protocol", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"length", KNOWN(SELECT_LENGTH, TYPE_INTEGER, 16)},
    {"ttl", KNOWN(SELECT_TTL, TYPE_INTEGER, 8)},
    {"frag-off", {.selector = SELECT_OTHER, .type = TYPE_INTEGER, .bits = 16, .class = CLASS_FRAGMENT}},
    {"dscp", NFT_OTHER(TYPE_OTHER, 6)},
    {"ecn", NFT_OTHER(TYPE_OTHER, 2)},
    {"version", NFT_OTHER(TYPE_INTEGER, 4)},
    {"hdrlength", NFT_OTHER(TYPE_INTEGER, 4)},
    {"id", NFT_OTHER(TYPE_INTEGER, 16)},
    {"checksum", NFT_OTHER(TYPE_INTEGER, 16)},
    {NULL, {NULL}},
};

static const struct nft_word ip6_fields[] = {
    {"saddr", {.selector = SELECT_SOURCE, .type = TYPE_IPV6, .bits = 128, .ipv6 = true}},
    {"daddr", {.selector = SELECT_DESTINATION, .type = TYPE_IPV6, .bits = 128, .ipv6 = true}},
    {"nexthdr", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"hoplimit", KNOWN(SELECT_TTL, TYPE_INTEGER, 8)},
    {"length", NFT_OTHER(TYPE_INTEGER, 16)},
    {"version", NFT_OTHER(TYPE_INTEGER, 4)},
    {"dscp", NFT_OTHER(TYPE_OTHER, 6)},
    {"ecn", NFT_OTHER(TYPE_OTHER, 2)},
    {"flowlabel", NFT_OTHER(TYPE_INTEGER, 20)},
    {NULL, {NULL}},
};

static const struct nft_word tcp_fields[] = {
    {"dport", KNOWN(SELECT_DESTINATION_PORT, TYPE_SERVICE, 16)},
    {"sport", KNOWN(SELECT_SOURCE_PORT, TYPE_SERVICE, 16)},
    {"flags", KNOWN(SELECT_TCP_FLAGS, TYPE_TCP_FLAG, 8)},
    {"sequence", NFT_OTHER(TYPE_INTEGER, 32)},
    {"ackseq", NFT_OTHER(TYPE_INTEGER, 32)},
    {"doff", NFT_OTHER(TYPE_INTEGER, 4)},
    {"reserved", NFT_OTHER(TYPE_INTEGER, 4)},
    {"window", NFT_OTHER(TYPE_INTEGER, 16)},
    {"checksum", NFT_OTHER(TYPE_INTEGER, 16)},
    {"urgptr", NFT_OTHER(TYPE_INTEGER, 16)},
    {NULL, {NULL}},
};

/* Also of udp, udplite, sctp and dccp: what they look at beyond their ports, no packet of ours has. */
static const struct nft_word transport_fields[] = {
    {"dport", KNOWN(SELECT_DESTINATION_PORT, TYPE_SERVICE, 16)},
    {"sport", KNOWN(SELECT_SOURCE_PORT, TYPE_SERVICE, 16)},
    {NULL, {NULL}},
};

static const struct nft_word udp_fields[] = {
    {"length", NFT_OTHER(TYPE_INTEGER, 16)},  {"checksum", NFT_OTHER(TYPE_INTEGER, 16)},
    {"csumcov", NFT_OTHER(TYPE_INTEGER, 16)}, {"vtag", NFT_OTHER(TYPE_INTEGER, 32)},
    {"type", NFT_OTHER(TYPE_OTHER, 4)},	      {NULL, {NULL}},
};

static const struct nft_word icmp_fields[] = {
    {"type", NFT_OTHER(TYPE_ICMP, 8)},	       {"code", NFT_OTHER(TYPE_OTHER, 8)},
    {"checksum", NFT_OTHER(TYPE_INTEGER, 16)}, {"id", NFT_OTHER(TYPE_INTEGER, 16)},
    {"sequence", NFT_OTHER(TYPE_INTEGER, 16)}, {"gateway", NFT_OTHER(TYPE_OTHER, 32)},
    {"mtu", NFT_OTHER(TYPE_INTEGER, 16)},      {NULL, {NULL}},
};

static const struct nft_word icmpv6_fields[] = {
    {"type", KNOWN(SELECT_ICMP6_TYPE, TYPE_ICMPV6, 8)},
    {"code", NFT_OTHER(TYPE_OTHER, 8)},
    {"checksum", NFT_OTHER(TYPE_INTEGER, 16)},
    {"id", NFT_OTHER(TYPE_INTEGER, 16)},
    {"sequence", NFT_OTHER(TYPE_INTEGER, 16)},
    {"param-problem", NFT_OTHER(TYPE_INTEGER, 32)},
    {"parameter-problem", NFT_OTHER(TYPE_INTEGER, 32)},
    {"packet-too-big", NFT_OTHER(TYPE_INTEGER, 32)},
    {"max-delay", NFT_OTHER(TYPE_INTEGER, 16)},
    {"mtu", NFT_OTHER(TYPE_INTEGER, 32)},
    {"taddr", NFT_OTHER(TYPE_IPV6, 128)},
    {"daddr", NFT_OTHER(TYPE_IPV6, 128)},
    {NULL, {NULL}},
};

static const struct nft_word other_protocol_fields[] = {
    {"type", NFT_OTHER(TYPE_OTHER, 8)},	     {"mrt", NFT_OTHER(TYPE_OTHER, 8)},
    {"group", NFT_OTHER(TYPE_OTHER, 32)},    {"checksum", NFT_OTHER(TYPE_OTHER, 16)},
    {"nexthdr", NFT_OTHER(TYPE_OTHER, 8)},   {"hdrlength", NFT_OTHER(TYPE_OTHER, 8)},
    {"reserved", NFT_OTHER(TYPE_OTHER, 16)}, {"spi", NFT_OTHER(TYPE_OTHER, 32)},
    {"sequence", NFT_OTHER(TYPE_OTHER, 32)}, {"flags", NFT_OTHER(TYPE_OTHER, 16)},
    {"cpi", NFT_OTHER(TYPE_OTHER, 16)},	     {"version", NFT_OTHER(TYPE_OTHER, 3)},
    {"protocol", NFT_OTHER(TYPE_OTHER, 16)}, {NULL, {NULL}},
};

static const struct nft_word ether_fields[] = {
    {"saddr", NFT_OTHER(TYPE_ETHER_ADDRESS, 48)},
    {"daddr", NFT_OTHER(TYPE_ETHER_ADDRESS, 48)},
    {"type", NFT_OTHER(TYPE_ETHER_TYPE, 16)},
    {NULL, {NULL}},
};

static const struct nft_word vlan_fields[] = {
    {"id", NFT_OTHER(TYPE_INTEGER, 12)}, {"cfi", NFT_OTHER(TYPE_INTEGER, 1)},	   {"dei", NFT_OTHER(TYPE_INTEGER, 1)},
    {"pcp", NFT_OTHER(TYPE_INTEGER, 3)}, {"type", NFT_OTHER(TYPE_ETHER_TYPE, 16)}, {NULL, {NULL}},
};

static const struct nft_word arp_fields[] = {
    {"operation", NFT_OTHER(TYPE_OTHER, 16)}, {"htype", NFT_OTHER(TYPE_OTHER, 16)},
    {"ptype", NFT_OTHER(TYPE_OTHER, 16)},     {"hlen", NFT_OTHER(TYPE_OTHER, 8)},
    {"plen", NFT_OTHER(TYPE_OTHER, 8)},	      {"saddr", NFT_OTHER(TYPE_OTHER, 48)},
    {"daddr", NFT_OTHER(TYPE_OTHER, 48)},     {NULL, {NULL}},
};

/* These need no "meta" before them. */
static const struct nft_word plain_meta_fields[] = {
    {"iifname", KNOWN(SELECT_IN_INTERFACE, TYPE_INTERFACE_NAME, 128)},
    {"oifname", KNOWN(SELECT_OUT_INTERFACE, TYPE_INTERFACE_NAME, 128)},
    {"iif", KNOWN(SELECT_IN_INTERFACE, TYPE_INTERFACE_INDEX, 32)},
    {"oif", KNOWN(SELECT_OUT_INTERFACE, TYPE_INTERFACE_INDEX, 32)},
    {"mark", KNOWN(SELECT_MARK, TYPE_MARK, 32)},
    {"skuid", KNOWN(SELECT_USER, TYPE_USER, 32)},
    {"skgid", KNOWN(SELECT_GROUP, TYPE_GROUP, 32)},
    {"pkttype", KNOWN(SELECT_PACKET_TYPE, TYPE_PACKET_TYPE, 8)},
    {"iiftype", NFT_OTHER(TYPE_OTHER, 16)},
    {"oiftype", NFT_OTHER(TYPE_OTHER, 16)},
    {"iifgroup", NFT_OTHER(TYPE_OTHER, 32)},
    {"oifgroup", NFT_OTHER(TYPE_OTHER, 32)},
    {"cpu", NFT_OTHER(TYPE_INTEGER, 32)},
    {"cgroup", NFT_OTHER(TYPE_INTEGER, 32)},
    {"nftrace", NFT_OTHER(TYPE_OTHER, 1)},
    {"rtclassid", NFT_OTHER(TYPE_OTHER, 32)},
    {"ibriport", NFT_OTHER(TYPE_OTHER, 128)},
    {"ibrname", NFT_OTHER(TYPE_OTHER, 128)},
    {"obriport", NFT_OTHER(TYPE_OTHER, 128)},
    {"obrname", NFT_OTHER(TYPE_OTHER, 128)},
    {NULL, {NULL}},
};

static const struct nft_word meta_fields[] = {
    {"l4proto", {.selector = SELECT_PROTOCOL, .type = TYPE_PROTOCOL, .bits = 8, .fixes_protocol = true}},
    {"nfproto", {.selector = SELECT_FAMILY, .type = TYPE_FAMILY, .bits = 8, .fixes_family = true}},
    {"protocol", KNOWN(SELECT_FAMILY, TYPE_ETHER_TYPE, 16)},
    {"length", KNOWN(SELECT_LENGTH, TYPE_INTEGER, 32)},
    {"priority", NFT_OTHER(TYPE_OTHER, 32)},
    {"secmark", NFT_OTHER(TYPE_OTHER, 32)},
    {"random", NFT_OTHER(TYPE_OTHER, 32)},
    {"ipsec", NFT_OTHER(TYPE_OTHER, 1)},
    {"secpath", NFT_OTHER(TYPE_OTHER, 1)},
    {"iifkind", NFT_OTHER(TYPE_OTHER, 128)},
    {"oifkind", NFT_OTHER(TYPE_OTHER, 128)},
    {"ibrpvid", NFT_OTHER(TYPE_OTHER, 16)},
    {"ibrvproto", NFT_OTHER(TYPE_OTHER, 16)},
    {"ibrhwaddr", NFT_OTHER(TYPE_OTHER, 48)},
    {"time", NFT_OTHER(TYPE_OTHER, 64)},
    {"day", NFT_OTHER(TYPE_OTHER, 8)},
    {"hour", NFT_OTHER(TYPE_OTHER, 32)},
    {"sdif", NFT_OTHER(TYPE_OTHER, 32)},
    {"sdifname", NFT_OTHER(TYPE_OTHER, 128)},
    {"broute", NFT_OTHER(TYPE_OTHER, 1)},
    {NULL, {NULL}},
};

static const struct nft_word ct_fields[] = {
    {"state", KNOWN(SELECT_STATE, TYPE_STATE, 32)},
    {"status", KNOWN(SELECT_STATUS, TYPE_STATUS, 32)},
    {"direction", KNOWN(SELECT_DIRECTION, TYPE_DIRECTION, 8)},
    {"mark", KNOWN(SELECT_CONNECTION_MARK, TYPE_MARK, 32)},
    {"l3proto", KNOWN(SELECT_FAMILY, TYPE_FAMILY, 8)},
    {"protocol", KNOWN(SELECT_PROTOCOL, TYPE_PROTOCOL, 8)},
    /* Connections to sshd have none. */
    {"helper", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 128, .class = CLASS_ABSENT}},
    {"expiration", NFT_OTHER(TYPE_OTHER, 32)},
    {"label", NFT_OTHER(TYPE_OTHER, 128)},
    {"id", NFT_OTHER(TYPE_OTHER, 32)},
    {"zone", NFT_OTHER(TYPE_INTEGER, 16)},
    {"bytes", NFT_OTHER(TYPE_INTEGER, 64)},
    {"packets", NFT_OTHER(TYPE_INTEGER, 64)},
    {"avgpkt", NFT_OTHER(TYPE_INTEGER, 64)},
    {"secmark", NFT_OTHER(TYPE_OTHER, 32)},
    {"event", NFT_OTHER(TYPE_OTHER, 32)},
    {NULL, {NULL}},
};

static const struct nft_word ct_original_fields[] = {
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
    {"bytes", NFT_OTHER(TYPE_INTEGER, 64)},
    {"packets", NFT_OTHER(TYPE_INTEGER, 64)},
    {"avgpkt", NFT_OTHER(TYPE_INTEGER, 64)},
    {"zone", NFT_OTHER(TYPE_INTEGER, 16)},
    {NULL, {NULL}},
};

/* What begins with a protocol's name. */
static const struct header {
	const char *word;
	const struct nft_word *fields, *more_fields;
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

const struct nft_word *nft_find_word(const struct nft_word *fields, const struct nft_token *token)
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

bool nft_begins_selector(const struct nft_parser *parser)
{
	const struct nft_token *token = &parser->token;

	return nft_token_is(token, "meta") || nft_token_is(token, "ct") || find_header(token) ||
	       nft_find_word(plain_meta_fields, token) || nft_begins_rare_selector(parser);
}

/* The text from there up to the current token, as the report says it. */
static const char *text_since(struct nft_parser *parser, const struct nft_position *start)
{
	size_t end = parser->last_end.offset;

	if (parser->last_end.file != start->file || end <= start->offset)
		return "an expression";
	return arena_memdup(parser->arena, start->file->data + start->offset, end - start->offset);
}

bool nft_finish_selector(struct nft_parser *parser, const struct nft_position *at, const struct nft_selector *selector,
			 struct nft_node **ret)
{
	*ret = nft_node(parser, NODE_SELECTOR, at);
	(*ret)->selector = ARENA_NEW(parser->arena, struct nft_selector);
	*(*ret)->selector = *selector;
	(*ret)->selector->name = text_since(parser, at);
	return true;
}

/* tcp option NAME [FIELD], ip option NAME [FIELD]. */
static bool option(struct nft_parser *parser, const struct nft_position *at, const struct header *header,
		   struct nft_node **ret)
{
	struct nft_selector selector = NFT_OTHER(TYPE_INTEGER, 32);
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
		return nft_finish_selector(parser, at, &selector, ret);
	}
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	if (segment_size && nft_is(parser, "size"))
		selector.class = CLASS_SEGMENT_SIZE;
	nft_advance(parser);
	return nft_finish_selector(parser, at, &selector, ret);
}

static bool header_field(struct nft_parser *parser, const struct nft_position *at, const struct header *header,
			 struct nft_node **ret)
{
	const struct nft_word *field;
	struct nft_selector selector;

	nft_advance(parser);
	if (nft_is(parser, "option") && (header->protocol == PROTOCOL_TCP || header->family == IPV4))
		return option(parser, at, header, ret);
	field = nft_find_word(header->fields, &parser->token);
	if (!field)
		field = nft_find_word(header->more_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	if (header->family == ARP && (nft_is(parser, "ip") || nft_is(parser, "ether")))
		nft_advance(parser);
	selector = field->selector;
	selector.family = header->family;
	selector.protocol = header->protocol;
	return nft_finish_selector(parser, at, &selector, ret);
}

/* ct [original|reply] KEY */
static bool ct_field(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct nft_word *field = NULL;
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
	for (const struct nft_word *next = directed ? ct_original_fields : ct_fields; next->word && !field; next++)
		field = string_equal(next->word, word) ? next : NULL;
	if (!field && !directed && (nft_is(parser, "proto-src") || nft_is(parser, "proto-dst"))) {
		nft_advance(parser);
		selector = (struct nft_selector)NFT_OTHER(TYPE_SERVICE, 16);
		selector.needs_transport = selector.tracking = true;
		return nft_finish_selector(parser, at, &selector, ret);
	}
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	selector = field->selector;
	selector.tracking = true;
	/* The other direction's addresses and ports are those after translation. */
	if (reply && selector.selector != SELECT_FAMILY && selector.selector != SELECT_PROTOCOL)
		selector.selector = SELECT_OTHER;
	return nft_finish_selector(parser, at, &selector, ret);
}

static bool meta(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct nft_word *field;

	nft_advance(parser);
	field = nft_find_word(meta_fields, &parser->token);
	if (!field)
		field = nft_find_word(plain_meta_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return nft_finish_selector(parser, at, &field->selector, ret);
}

bool nft_selector(struct nft_parser *parser, struct nft_node **ret)
{
	struct nft_position at = parser->token.at;
	const struct nft_word *field = nft_find_word(plain_meta_fields, &parser->token);
	const struct header *header = find_header(&parser->token);

	if (header)
		return header_field(parser, &at, header, ret);
	if (nft_is(parser, "meta"))
		return meta(parser, &at, ret);
	if (nft_is(parser, "ct"))
		return ct_field(parser, &at, ret);
	if (!field)
		return nft_rare_selector(parser, ret);
	nft_advance(parser);
	return nft_finish_selector(parser, &at, &field->selector, ret);
}
