/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rarer expressions that look at a packet: of its route, its socket, its bytes, or a number that is made up. */
#include "parse/nft_private.h"

enum {
	IPV6 = 10, /* NFPROTO_IPV6 */
	HOOKS_WITH_ROUTE_BACK = 1 << HOOK_PREROUTING | 1 << HOOK_INPUT | 1 << HOOK_FORWARD,
	HOOKS_OF_LEAVING = 1 << HOOK_FORWARD | 1 << HOOK_OUTPUT | 1 << HOOK_POSTROUTING,
};

static const struct nft_word socket_fields[] = {
    {"transparent", NFT_OTHER(TYPE_OTHER, 1)},
    {"wildcard", NFT_OTHER(TYPE_OTHER, 1)},
    {"mark", NFT_OTHER(TYPE_MARK, 32)},
    {NULL, {NULL}},
};

static const struct nft_word rt_fields[] = {
    {"classid", NFT_OTHER(TYPE_OTHER, 32)},
    {"mtu", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 16, .hooks = HOOKS_OF_LEAVING}},
    {"nexthop", NFT_OTHER(TYPE_OTHER, 128)},
    {"ipsec", {.selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 1, .hooks = HOOKS_OF_LEAVING}},
    {NULL, {NULL}},
};

/* Extension headers, which no ordinary packet has, and other words that begin an expression of their own. */
static const char *const extension_headers[] = {"hbh", "rt0", "rt2", "srh", "frag", "dst", "mh"};
static const char *const others[] = {
    "fib", "socket", "rt", "osf", "ipsec", "numgen", "jhash", "symhash", "exthdr", "@", "tunnel",
};

static bool is_any_of(const struct nft_token *token, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (nft_token_is(token, words[i]))
			return true;
	}
	return false;
}

static bool finish_other(struct nft_parser *parser, const struct nft_position *at, enum nft_type type, unsigned bits,
			 struct nft_node **ret)
{
	struct nft_selector selector = NFT_OTHER(type, bits);

	return nft_finish_selector(parser, at, &selector, ret);
}

/* fib FLAG[. FLAG …] oif|oifname|type|check */
static bool fib(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	bool source = false, destination = false, in = false, out = false;
	struct nft_selector selector = NFT_OTHER(TYPE_OTHER, 32);

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
	return nft_finish_selector(parser, at, &selector, ret);
}

/* @th,OFFSET,LENGTH: the ports have names of their own. */
static bool payload(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	struct nft_selector selector = NFT_OTHER(TYPE_INTEGER, 0);
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
	return nft_finish_selector(parser, at, &selector, ret);
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
	return nft_finish_selector(parser, at, &selector, ret);
}

static bool rt(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct nft_word *field;
	bool family;

	nft_advance(parser);
	family = nft_accept(parser, "ip") || nft_accept(parser, "ip6");
	field = nft_find_word(rt_fields, &parser->token);
	if (!field) {
		struct nft_selector selector = {
		    .selector = SELECT_OTHER, .type = TYPE_OTHER, .bits = 32, .family = IPV6, .class = CLASS_ABSENT};

		if (!nft_is(parser, "type") && !nft_is(parser, "nexthdr") && !nft_is(parser, "hdrlength") &&
		    !nft_is(parser, "seg-left"))
			return nft_syntax_error(parser);
		nft_advance(parser);
		return nft_finish_selector(parser, at, &selector, ret);
	}
	if (nft_is(parser, "nexthop") && !family && (!parser->table || parser->table->family > FILTER_IPV6))
		return nft_refuse(
		    parser, at, "cannot determine ip protocol version, use \"ip nexthop\" or \"ip6 nexthop\" instead");
	nft_advance(parser);
	return nft_finish_selector(parser, at, &field->selector, ret);
}

/* socket cgroupv2 level N */
static bool socket_field(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret)
{
	const struct nft_word *field;

	nft_advance(parser);
	if (nft_accept(parser, "cgroupv2")) {
		if (!nft_expect(parser, "level") || !nft_number(parser, &(uint64_t){0}))
			return false;
		nft_uncertain(parser, at,
			      "whether the control group of a socket match is there when the rules are loaded");
		return finish_other(parser, at, TYPE_OTHER, 64, ret);
	}
	field = nft_find_word(socket_fields, &parser->token);
	if (!field)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return nft_finish_selector(parser, at, &field->selector, ret);
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

bool nft_begins_rare_selector(const struct nft_parser *parser)
{
	return is_any_of(&parser->token, extension_headers, ARRAY_SIZE(extension_headers)) ||
	       is_any_of(&parser->token, others, ARRAY_SIZE(others));
}

bool nft_rare_selector(struct nft_parser *parser, struct nft_node **ret)
{
	static const struct {
		const char *word;
		bool (*parse)(struct nft_parser *parser, const struct nft_position *at, struct nft_node **ret);
	} forms[] = {
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

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (nft_is(parser, forms[i].word))
			return forms[i].parse(parser, &at, ret);
	}
	return nft_begins_rare_selector(parser) ? extension_header(parser, &at, ret) : nft_syntax_error(parser);
}
