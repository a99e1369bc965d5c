/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matches without a model: those of other protocols, which our packets never meet, and those that look at what is not
 * on disk (the time, the packet's content, chance). The options are listed so that their values are not taken for
 * something else.
 */
#include "parse/iptables_save_private.h"

enum {
	NEGATABLE = OPTION_NEGATABLE,
	REQUIRED = OPTION_REQUIRED,
	HOOKS_IN = AT_PREROUTING | AT_INPUT | AT_FORWARD,
};

/* For matches without a model. */
static bool apply_unknown(struct rule_line *line, const struct extension_use *use)
{
	rule_add_unknown(line, use->name);
	return true;
}

/* Other protocols: the rule's -p has excluded our packets already. */
static bool apply_nothing(struct rule_line *line, const struct extension_use *use)
{
	(void)line;
	(void)use;
	return true;
}

static bool apply_never(struct rule_line *line, const struct extension_use *use)
{
	(void)use;
	rule_add_constant(line, ANSWER_NO);
	return true;
}

/* --- other protocols ------------------------------------------------------------ */

static const struct option_form udp_options[] = {
    {"source-port", 0, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"sport", 0, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"destination-port", 1, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"dport", 1, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
};

static const struct option_form spi_options[] = {
    {"espspi", 0, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE},
    {"ahspi", 1, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE},
    {"ahlen", 2, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"ahres", 3, .value = VALUE_NONE},
    {"ipcompspi", 4, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE},
    {"compres", 5, .value = VALUE_NONE},
};
static const struct option_form sctp_options[] = {
    {"source-port", 0, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"sport", 0, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"destination-port", 1, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"dport", 1, .value = VALUE_PORT_RANGE, .flags = NEGATABLE},
    {"chunk-types", 2, .value = VALUE_TWO_TEXTS, .flags = NEGATABLE},
    {"dccp-types", 3, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"dccp-option", 4, .value = VALUE_NUMBER, .flags = NEGATABLE},
};
/* IPv6 extension headers, which a TCP connection's packets do not have. */
static const struct option_form header_options[] = {
    {"fragid", 0, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE},
    {"fraglen", 1, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"fragres", 2, .value = VALUE_NONE},
    {"fragfirst", 3, .value = VALUE_NONE},
    {"fragmore", 4, .value = VALUE_NONE},
    {"fraglast", 5, .value = VALUE_NONE},
    {"hbh-len", 6, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"hbh-opts", 7, .value = VALUE_TEXT},
    {"dst-len", 8, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"dst-opts", 9, .value = VALUE_TEXT},
    {"rt-type", 10, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"rt-segsleft", 11, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE},
    {"rt-len", 12, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"rt-0-res", 13, .value = VALUE_NONE},
    {"rt-0-addrs", 14, .value = VALUE_TEXT},
    {"rt-0-not-strict", 15, .value = VALUE_NONE},
    {"mh-type", 16, .value = VALUE_TEXT, .flags = NEGATABLE},
};

/* --- what is not known here ------------------------------------------------------- */

static const struct option_form tcpmss_options[] = {
    {"mss", 0, .value = VALUE_NUMBER_RANGE, .flags = NEGATABLE | REQUIRED, .maximum = UINT16_MAX}};

static const struct option_form time_options[] = {
    {"timestart", 0, .value = VALUE_TEXT},
    {"timestop", 1, .value = VALUE_TEXT},
    {"datestart", 2, .value = VALUE_TEXT},
    {"datestop", 3, .value = VALUE_TEXT},
    {"weekdays", 4, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"monthdays", 5, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"kerneltz", 6, .value = VALUE_NONE},
    {"contiguous", 7, .value = VALUE_NONE},
    {"localtz", 8, .value = VALUE_NONE},
    {"utc", 9, .value = VALUE_NONE},
};
static const struct option_form string_options[] = {
    {"from", 0, .value = VALUE_NUMBER},
    {"to", 1, .value = VALUE_NUMBER},
    {"algo", 2, .value = VALUE_TEXT, .flags = REQUIRED},
    {"string", 3, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"hex-string", 4, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"icase", 5, .value = VALUE_NONE},
};
static const struct option_form u32_options[] = {{"u32", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};
static const struct option_form bpf_options[] = {{"bytecode", 0, .value = VALUE_TEXT},
						 {"object-pinned", 1, .value = VALUE_TEXT}};
static const struct option_form socket_options[] = {{"transparent", 0, .value = VALUE_NONE},
						    {"nowildcard", 1, .value = VALUE_NONE},
						    {"restore-skmark", 2, .value = VALUE_NONE}};
static const struct option_form statistic_options[] = {
    {"mode", 0, .value = VALUE_TEXT, .flags = REQUIRED},
    {"probability", 1, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"every", 2, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"packet", 3, .value = VALUE_NUMBER},
};
static const struct option_form physdev_options[] = {
    {"physdev-in", 0, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"physdev-out", 1, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"physdev-is-in", 2, .value = VALUE_NONE, .flags = NEGATABLE},
    {"physdev-is-out", 3, .value = VALUE_NONE, .flags = NEGATABLE},
    {"physdev-is-bridged", 4, .value = VALUE_NONE, .flags = NEGATABLE},
};
static const struct option_form devgroup_options[] = {{"src-group", 0, .value = VALUE_TEXT, .flags = NEGATABLE},
						      {"dst-group", 1, .value = VALUE_TEXT, .flags = NEGATABLE}};
static const struct option_form dscp_options[] = {{"dscp", 0, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = 63},
						  {"dscp-class", 1, .value = VALUE_TEXT, .flags = NEGATABLE}};
static const struct option_form tos_options[] = {{"tos", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};
static const struct option_form ecn_options[] = {
    {"ecn-tcp-cwr", 0, .value = VALUE_NONE, .flags = NEGATABLE},
    {"ecn-tcp-ece", 1, .value = VALUE_NONE, .flags = NEGATABLE},
    {"ecn-ip-ect", 2, .value = VALUE_NUMBER, .flags = NEGATABLE, .maximum = 3}};
static const struct option_form cpu_options[] = {{"cpu", 0, .value = VALUE_NUMBER, .flags = NEGATABLE | REQUIRED}};
static const struct option_form realm_options[] = {{"realm", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};
static const struct option_form nfacct_options[] = {{"nfacct-name", 0, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form cluster_options[] = {
    {"cluster-total-nodes", 0, .value = VALUE_NUMBER, .flags = REQUIRED},
    {"cluster-local-node", 1, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"cluster-local-nodemask", 2, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"cluster-hash-seed", 3, .value = VALUE_NUMBER, .flags = REQUIRED},
};
static const struct option_form connbytes_options[] = {
    {"connbytes", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED},
    {"connbytes-dir", 1, .value = VALUE_TEXT, .flags = REQUIRED},
    {"connbytes-mode", 2, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form connlabel_options[] = {{"label", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED},
						       {"set", 1, .value = VALUE_NONE}};
static const struct option_form osf_options[] = {{"genre", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED},
						 {"ttl", 1, .value = VALUE_NUMBER, .maximum = 2},
						 {"log", 2, .value = VALUE_NUMBER, .maximum = 2}};
static const struct option_form cgroup_options[] = {{"cgroup", 0, .value = VALUE_TEXT, .flags = NEGATABLE},
						    {"path", 1, .value = VALUE_TEXT, .flags = NEGATABLE}};
static const struct option_form ipv6header_options[] = {
    {"soft", 0, .value = VALUE_NONE}, {"header", 1, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};
static const struct option_form ipvs_options[] = {
    {"ipvs", 0, .value = VALUE_NONE, .flags = NEGATABLE},     {"vproto", 1, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"vaddr", 2, .value = VALUE_TEXT, .flags = NEGATABLE},    {"vport", 3, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"vdir", 4, .value = VALUE_TEXT, .flags = NEGATABLE},     {"vmethod", 5, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"vportctl", 6, .value = VALUE_TEXT, .flags = NEGATABLE},
};
static const struct option_form rateest_options[] = {
    {"rateest1", 0, .value = VALUE_TEXT},
    {"rateest", 1, .value = VALUE_TEXT},
    {"rateest2", 2, .value = VALUE_TEXT},
    {"rateest-bps1", 3, .value = VALUE_TEXT},
    {"rateest-pps1", 4, .value = VALUE_TEXT},
    {"rateest-bps2", 5, .value = VALUE_TEXT},
    {"rateest-pps2", 6, .value = VALUE_TEXT},
    {"rateest-bps", 7, .value = VALUE_OPTIONAL},
    {"rateest-pps", 8, .value = VALUE_OPTIONAL},
    {"rateest-delta", 9, .value = VALUE_NONE},
    {"rateest-lt", 10, .value = VALUE_NONE, .flags = NEGATABLE},
    {"rateest-gt", 11, .value = VALUE_NONE, .flags = NEGATABLE},
    {"rateest-eq", 12, .value = VALUE_NONE, .flags = NEGATABLE},
};
static const struct extension matches[] = {
    {"udp", apply_nothing, OPTIONS(udp_options), .protocols = " udp "},
    {"udplite", apply_nothing, OPTIONS(udp_options), .protocols = " udplite "},
    {"sctp", apply_nothing, OPTIONS(sctp_options), .protocols = " sctp "},
    {"dccp", apply_nothing, OPTIONS(sctp_options), .protocols = " dccp "},
    {"esp", apply_nothing, OPTIONS(spi_options), .protocols = " esp "},
    {"ah", apply_nothing, OPTIONS(spi_options), .protocols = " ah "},
    {"ipcomp", apply_nothing, OPTIONS(spi_options), .protocols = " ipcomp "},
    {"mh", apply_nothing, OPTIONS(header_options), .protocols = " ipv6-mh ", .ipv6_only = true},
    {"frag", apply_never, OPTIONS(header_options), .ipv6_only = true},
    {"hbh", apply_never, OPTIONS(header_options), .ipv6_only = true},
    {"dst", apply_never, OPTIONS(header_options), .ipv6_only = true},
    {"rt", apply_never, OPTIONS(header_options), .ipv6_only = true},
    {"ipv6header", apply_unknown, OPTIONS(ipv6header_options), .ipv6_only = true},
    {"tcpmss", apply_unknown, OPTIONS(tcpmss_options), .protocols = " tcp "},
    {"time", apply_unknown, OPTIONS(time_options)},
    {"string", apply_unknown, OPTIONS(string_options)},
    {"u32", apply_unknown, OPTIONS(u32_options)},
    {"bpf", apply_unknown, OPTIONS(bpf_options)},
    {"socket", apply_unknown, OPTIONS(socket_options), .hooks = AT_PREROUTING | AT_INPUT},
    {"statistic", apply_unknown, OPTIONS(statistic_options)},
    {"physdev", apply_unknown, OPTIONS(physdev_options)},
    {"devgroup", apply_unknown, OPTIONS(devgroup_options)},
    {"dscp", apply_unknown, OPTIONS(dscp_options)},
    {"tos", apply_unknown, OPTIONS(tos_options)},
    {"ecn", apply_unknown, OPTIONS(ecn_options)},
    {"cpu", apply_unknown, OPTIONS(cpu_options)},
    {"realm", apply_unknown, OPTIONS(realm_options), .ipv4_only = true},
    {"nfacct", apply_unknown, OPTIONS(nfacct_options)},
    {"cluster", apply_unknown, OPTIONS(cluster_options)},
    {"connbytes", apply_unknown, OPTIONS(connbytes_options)},
    {"connlabel", apply_unknown, OPTIONS(connlabel_options)},
    {"osf", apply_unknown, OPTIONS(osf_options), .protocols = " tcp ", .hooks = HOOKS_IN},
    {"cgroup", apply_unknown, OPTIONS(cgroup_options)},
    {"ipvs", apply_unknown, OPTIONS(ipvs_options)},
    {"rateest", apply_unknown, OPTIONS(rateest_options)},
};
const struct extension_table other_matches = {matches, ARRAY_SIZE(matches)};
