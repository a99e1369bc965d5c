/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of nft's language: keywords (scanner.l), types and their symbolic constants (datatype.c, ct.c, proto.c,
 * fib.c of nftables). */
#include "parse/nft_private.h"

#include <stdlib.h>

/* Those that the scanner knows everywhere. Sorted. */
static const char *const keywords[] = {
    "accept",	"add",	       "all",	   "and",      "arp",	   "auto-merge", "bridge",    "cgroup",	  "chain",
    "comment",	"comp",	       "constant", "continue", "counter",  "cpu",	 "create",    "ct",	  "day",
    "dccp",	"define",      "delete",   "describe", "device",   "devices",	 "dnat",      "drop",	  "dst",
    "dup",	"dynamic",     "ecn",	   "element",  "elements", "eq",	 "esp",	      "ether",	  "exists",
    "expires",	"export",      "exthdr",   "fib",      "flags",	   "flow",	 "flowtable", "flush",	  "frag",
    "fwd",	"gc-interval", "ge",	   "geneve",   "get",	   "goto",	 "gre",	      "gretap",	  "gt",
    "handle",	"hbh",	       "hook",	   "hour",     "ibriport", "ibrname",	 "icmp",      "icmpv6",	  "igmp",
    "iif",	"iifgroup",    "iifname",  "iiftype",  "import",   "include",	 "index",     "inet",	  "insert",
    "interval", "ip",	       "ip6",	   "ipsec",    "jhash",	   "jump",	 "le",	      "limit",	  "list",
    "log",	"lshift",      "lt",	   "map",      "mark",	   "masquerade", "meta",      "meter",	  "mh",
    "missing",	"monitor",     "ne",	   "netdev",   "nftrace",  "not",	 "notrack",   "numgen",	  "obriport",
    "obrname",	"offload",     "oif",	   "oifgroup", "oifname",  "oiftype",	 "or",	      "osf",	  "pkttype",
    "policy",	"position",    "priority", "queue",    "quota",	   "random",	 "redefine",  "redirect", "reject",
    "rename",	"replace",     "reset",	   "return",   "rshift",   "rt",	 "rt0",	      "rt2",	  "rtclassid",
    "rule",	"ruleset",     "sctp",	   "secmark",  "set",	   "size",	 "skgid",     "skuid",	  "snat",
    "socket",	"srh",	       "symhash",  "synproxy", "table",	   "tcp",	 "th",	      "time",	  "timeout",
    "tproxy",	"type",	       "typeof",   "udp",      "udplite",  "undefine",	 "update",    "vlan",	  "vmap",
    "vxlan",	"xor",	       "xt",
};

struct constant {
	const char *word;
	uint64_t value;
};

static const struct constant no_constants[] = {{NULL, 0}};

static const struct constant protocols[] = {
    {"ip", 0},		{"hopopt", 0},	     {"icmp", 1},	 {"igmp", 2},
    {"ggp", 3},		{"ipencap", 4},	     {"ipv4", 4},	 {"st", 5},
    {"tcp", 6},		{"egp", 8},	     {"igp", 9},	 {"pup", 12},
    {"udp", 17},	{"hmp", 20},	     {"xns-idp", 22},	 {"rdp", 27},
    {"iso-tp4", 29},	{"dccp", 33},	     {"xtp", 36},	 {"ddp", 37},
    {"idpr-cmtp", 38},	{"ipv6", 41},	     {"sdrp", 42},	 {"ipv6-route", 43},
    {"ipv6-frag", 44},	{"idrp", 45},	     {"rsvp", 46},	 {"gre", 47},
    {"dsr", 48},	{"esp", 50},	     {"ipv6-crypt", 50}, {"ah", 51},
    {"ipv6-auth", 51},	{"skip", 57},	     {"icmpv6", 58},	 {"ipv6-icmp", 58},
    {"ipv6-nonxt", 59}, {"ipv6-opts", 60},   {"rspf", 73},	 {"vmtp", 81},
    {"eigrp", 88},	{"ospf", 89},	     {"ospfigp", 89},	 {"ax.25", 93},
    {"ipip", 94},	{"etherip", 97},     {"encap", 98},	 {"pim", 103},
    {"comp", 108},	{"ipcomp", 108},     {"vrrp", 112},	 {"l2tp", 115},
    {"isis", 124},	{"sctp", 132},	     {"fc", 133},	 {"mobility-header", 135},
    {"udplite", 136},	{"mpls-in-ip", 137}, {"manet", 138},	 {"hip", 139},
    {"shim6", 140},	{"wesp", 141},	     {"rohc", 142},	 {"mptcp", 262},
    {NULL, 0},
};

static const struct constant families[] = {{"ipv4", 2}, {"ipv6", 10}, {NULL, 0}};
/* As families: what is compared is what the packet is. */
static const struct constant ether_types[] = {
    {"ip", 2}, {"ip6", 10}, {"arp", 0x10806}, {"vlan", 0x18100}, {"8021q", 0x18100}, {"8021ad", 0x188a8}, {NULL, 0},
};
static const struct constant states[] = {
    {"invalid", STATE_INVALID}, {"established", STATE_ESTABLISHED}, {"related", STATE_RELATED},
    {"new", STATE_NEW},		{"untracked", STATE_UNTRACKED},	    {NULL, 0},
};
static const struct constant statuses[] = {
    {"expected", STATUS_EXPECTED},
    {"seen-reply", STATUS_SEEN_REPLY},
    {"assured", STATUS_ASSURED},
    {"confirmed", STATUS_CONFIRMED},
    {"snat", STATUS_SNAT},
    {"dnat", STATUS_DNAT},
    {"dying", 512},
    {NULL, 0},
};
static const struct constant directions[] = {{"original", 0}, {"reply", 1}, {NULL, 0}};
static const struct constant tcp_flags[] = {
    {"fin", 1}, {"syn", 2}, {"rst", 4}, {"psh", 8}, {"ack", 16}, {"urg", 32}, {"ecn", 64}, {"cwr", 128}, {NULL, 0},
};
static const struct constant packet_types[] = {
    {"unicast", 0}, {"host", 0}, {"broadcast", 1}, {"multicast", 2}, {"other", 3}, {NULL, 0},
};
static const struct constant address_types[] = {
    {"unspec", 0},    {"unicast", 1},	{"local", 2},	    {"broadcast", 3}, {"anycast", 4},
    {"multicast", 5}, {"blackhole", 6}, {"unreachable", 7}, {"prohibit", 8},  {NULL, 0},
};
static const struct constant icmp_types[] = {
    {"echo-reply", 0},	       {"destination-unreachable", 3}, {"source-quench", 4},	    {"redirect", 5},
    {"echo-request", 8},       {"router-advertisement", 9},    {"router-solicitation", 10}, {"time-exceeded", 11},
    {"parameter-problem", 12}, {"timestamp-request", 13},      {"timestamp-reply", 14},	    {"info-request", 15},
    {"info-reply", 16},	       {"address-mask-request", 17},   {"address-mask-reply", 18},  {NULL, 0},
};
static const struct constant icmpv6_types[] = {
    {"destination-unreachable", 1}, {"packet-too-big", 2},
    {"time-exceeded", 3},	    {"parameter-problem", 4},
    {"echo-request", 128},	    {"echo-reply", 129},
    {"mld-listener-query", 130},    {"mld-listener-report", 131},
    {"mld-listener-done", 132},	    {"mld-listener-reduction", 132},
    {"nd-router-solicit", 133},	    {"nd-router-advert", 134},
    {"nd-neighbor-solicit", 135},   {"nd-neighbor-advert", 136},
    {"nd-redirect", 137},	    {"router-renumbering", 138},
    {"ind-neighbor-solicit", 141},  {"ind-neighbor-advert", 142},
    {"mld2-listener-report", 143},  {NULL, 0},
};
static const struct constant booleans[] = {{"exists", 1}, {"missing", 0}, {NULL, 0}};

static const struct {
	const char *description;
	const struct constant *constants;
} types[TYPE_COUNT] = {
    [TYPE_OTHER] = {"value", no_constants},
    [TYPE_INTEGER] = {"integer", no_constants},
    [TYPE_IPV4] = {"IPv4 address", no_constants},
    [TYPE_IPV6] = {"IPv6 address", no_constants},
    [TYPE_ETHER_ADDRESS] = {"Ethernet address", no_constants},
    [TYPE_PROTOCOL] = {"Internet protocol", protocols},
    [TYPE_SERVICE] = {"internet network service", no_constants},
    [TYPE_FAMILY] = {"netfilter protocol", families},
    [TYPE_ETHER_TYPE] = {"Ethernet protocol", ether_types},
    [TYPE_MARK] = {"packet mark", no_constants},
    [TYPE_INTERFACE_NAME] = {"network interface name", no_constants},
    [TYPE_INTERFACE_INDEX] = {"network interface index", no_constants},
    [TYPE_USER] = {"user ID", no_constants},
    [TYPE_GROUP] = {"group ID", no_constants},
    [TYPE_STATE] = {"conntrack state", states},
    [TYPE_STATUS] = {"conntrack status", statuses},
    [TYPE_DIRECTION] = {"conntrack direction", directions},
    [TYPE_TCP_FLAG] = {"TCP flag", tcp_flags},
    [TYPE_PACKET_TYPE] = {"packet type", packet_types},
    [TYPE_ADDRESS_TYPE] = {"fib address type", address_types},
    [TYPE_ICMP] = {"ICMP type", icmp_types},
    [TYPE_ICMPV6] = {"ICMPv6 type", icmpv6_types},
    [TYPE_BOOLEAN] = {"boolean type", booleans},
    [TYPE_VERDICT] = {"netfilter verdict", no_constants},
};

/* "type" of a set. */
static const struct {
	const char *name;
	struct nft_field field;
} named_types[] = {
    {"ipv4_addr", {TYPE_IPV4, 32}},
    {"ipv6_addr", {TYPE_IPV6, 128}},
    {"ether_addr", {TYPE_ETHER_ADDRESS, 48}},
    {"inet_proto", {TYPE_PROTOCOL, 8}},
    {"inet_service", {TYPE_SERVICE, 16}},
    {"nf_proto", {TYPE_FAMILY, 8}},
    {"ether_type", {TYPE_ETHER_TYPE, 16}},
    {"mark", {TYPE_MARK, 32}},
    {"ifname", {TYPE_INTERFACE_NAME, 128}},
    {"iface_index", {TYPE_INTERFACE_INDEX, 32}},
    {"uid", {TYPE_USER, 32}},
    {"gid", {TYPE_GROUP, 32}},
    {"ct_state", {TYPE_STATE, 32}},
    {"ct_status", {TYPE_STATUS, 32}},
    {"ct_dir", {TYPE_DIRECTION, 8}},
    {"tcp_flag", {TYPE_TCP_FLAG, 8}},
    {"pkt_type", {TYPE_PACKET_TYPE, 8}},
    {"fib_addrtype", {TYPE_ADDRESS_TYPE, 32}},
    {"icmp_type", {TYPE_ICMP, 8}},
    {"icmpv6_type", {TYPE_ICMPV6, 8}},
    {"boolean", {TYPE_BOOLEAN, 8}},
    {"verdict", {TYPE_VERDICT, 32}},
    {"iface_type", {TYPE_OTHER, 16}},
    {"icmp_code", {TYPE_OTHER, 8}},
    {"icmpv6_code", {TYPE_OTHER, 8}},
    {"icmpx_code", {TYPE_OTHER, 8}},
    {"igmp_type", {TYPE_OTHER, 8}},
    {"ct_id", {TYPE_OTHER, 32}},
    {"dscp", {TYPE_OTHER, 6}},
    {"ecn", {TYPE_OTHER, 2}},
    {"devgroup", {TYPE_OTHER, 32}},
    {"realm", {TYPE_OTHER, 32}},
    {"classid", {TYPE_OTHER, 32}},
    {"cgroupsv2", {TYPE_OTHER, 64}},
    {"time", {TYPE_OTHER, 64}},
    {"arp_op", {TYPE_OTHER, 16}},
    {"dccp_pkttype", {TYPE_OTHER, 4}},
    {"mh_type", {TYPE_OTHER, 8}},
};

static const struct constant services[] = {
    {"ftp-data", 20},
    {"ftp", 21},
    {"ssh", 22},
    {"telnet", 23},
    {"smtp", 25},
    {"domain", 53},
    {"bootps", 67},
    {"bootpc", 68},
    {"tftp", 69},
    {"http", 80},
    {"www", 80},
    {"kerberos", 88},
    {"pop3", 110},
    {"sunrpc", 111},
    {"auth", 113},
    {"nntp", 119},
    {"ntp", 123},
    {"netbios-ns", 137},
    {"netbios-dgm", 138},
    {"netbios-ssn", 139},
    {"imap2", 143},
    {"imap", 143},
    {"snmp", 161},
    {"snmp-trap", 162},
    {"bgp", 179},
    {"ldap", 389},
    {"https", 443},
    {"microsoft-ds", 445},
    {"isakmp", 500},
    {"syslog", 514},
    {"submissions", 465},
    {"submission", 587},
    {"ldaps", 636},
    {"rsync", 873},
    {"imaps", 993},
    {"pop3s", 995},
    {"openvpn", 1194},
    {"nfs", 2049},
    {"mysql", 3306},
    {"sip", 5060},
    {"mdns", 5353},
    {"postgresql", 5432},
    {"http-alt", 8080},
    {"dhcpv6-client", 546},
    {"dhcpv6-server", 547},
    {NULL, 0},
};

static int compare_word(const void *key, const void *item)
{
	const struct nft_token *token = key;
	const char *word = *(const char *const *)item;
	int order = strncmp(token->text, word, token->length);

	return order ? order : -(word[token->length] != '\0');
}

bool nft_is_keyword(const struct nft_token *token)
{
	return token->kind == TOKEN_WORD &&
	       bsearch(token, keywords, ARRAY_SIZE(keywords), sizeof(*keywords), compare_word) != NULL;
}

static bool find_constant(const struct constant *constants, const char *word, uint64_t *ret)
{
	for (; constants->word; constants++) {
		if (!string_equal(constants->word, word))
			continue;
		*ret = constants->value;
		return true;
	}
	return false;
}

bool nft_constant(enum nft_type type, const char *word, uint64_t *ret)
{
	return find_constant(types[type].constants, word, ret);
}

bool nft_known_service(const char *word, uint64_t *ret)
{
	return find_constant(services, word, ret);
}

bool nft_type_by_name(const char *name, struct nft_field *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(named_types); i++) {
		if (!string_equal(named_types[i].name, name))
			continue;
		*ret = named_types[i].field;
		return true;
	}
	return false;
}

const char *nft_type_description(enum nft_type type)
{
	return types[type].description;
}

bool nft_type_is_bitmask(enum nft_type type)
{
	return type == TYPE_STATE || type == TYPE_STATUS || type == TYPE_TCP_FLAG;
}
