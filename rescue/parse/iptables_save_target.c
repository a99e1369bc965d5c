/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The targets of iptables-extensions(8), but SET. Those that only note or dress up a packet do nothing here. */
#include "parse/iptables_save_private.h"

enum {
	NEGATABLE = OPTION_NEGATABLE,
	REPEATABLE = OPTION_REPEATABLE,
	REQUIRED = OPTION_REQUIRED,
	/* A packet that is given so few hops may not arrive. */
	SAFE_TTL = 32,
};

static bool apply_nothing(struct rule_line *line, const struct extension_use *use)
{
	(void)line;
	(void)use;
	return true;
}

static bool apply_not_understood(struct rule_line *line, const struct extension_use *use)
{
	rule_add_not_understood(line, use->name);
	return true;
}

/* --- REJECT ------------------------------------------------------------------ */

static const struct option_form reject_options[] = {{"reject-with", 0, .value = VALUE_TEXT}};

static const char *const reject_types_ipv4[] = {
    "icmp-net-unreachable",
    "net-unreach",
    "icmp-host-unreachable",
    "host-unreach",
    "icmp-proto-unreachable",
    "proto-unreach",
    "icmp-port-unreachable",
    "port-unreach",
    "icmp-net-prohibited",
    "net-prohib",
    "icmp-host-prohibited",
    "host-prohib",
    "tcp-reset",
    "tcp-rst",
    "icmp-admin-prohibited",
    "admin-prohib",
};
static const char *const reject_types_ipv6[] = {
    "icmp6-no-route",	      "no-route",     "icmp6-adm-prohibited",	"adm-prohibited",
    "icmp6-addr-unreachable", "addr-unreach", "icmp6-port-unreachable", "tcp-reset",
    "icmp6-policy-fail",      "policy-fail",  "icmp6-reject-route",	"reject-route",
    "port-unreach",
};

/* Names may be shortened. */
static bool is_reject_type(const char *text, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(types[i], text, strlen(text)) == 0)
			return true;
	}
	return false;
}

static bool apply_reject(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *with = option_of(line, use, 0);
	bool ipv6 = line->loader->input->ipv6;

	if (with && !is_reject_type(with->text, ipv6 ? reject_types_ipv6 : reject_types_ipv4,
				    ipv6 ? ARRAY_SIZE(reject_types_ipv6) : ARRAY_SIZE(reject_types_ipv4)))
		return refuse(line->loader, "unknown reject type \"%s\"", with->text);
	if (with && strncmp(with->text, "tcp-r", 5) == 0 && (line->protocol != 6 || line->protocol_negated))
		return refuse(line->loader, "Invalid argument: tcp-reset without -p tcp in chain %s", line->chain_name);
	rule_add_verdict(line, VERDICT_REJECT, NULL);
	return true;
}

/* --- LOG ---------------------------------------------------------------------- */

enum {
	LOG_LEVEL,
	LOG_OTHER,
};

static const struct option_form log_options[] = {
    {"log-level", LOG_LEVEL, .value = VALUE_TEXT},
    {"log-prefix", LOG_OTHER, .value = VALUE_TEXT},
    {"log-tcp-sequence", LOG_OTHER + 1, .value = VALUE_NONE},
    {"log-tcp-options", LOG_OTHER + 2, .value = VALUE_NONE},
    {"log-ip-options", LOG_OTHER + 3, .value = VALUE_NONE},
    {"log-uid", LOG_OTHER + 4, .value = VALUE_NONE},
    {"log-macdecode", LOG_OTHER + 5, .value = VALUE_NONE},
};

static bool apply_log(struct rule_line *line, const struct extension_use *use)
{
	static const char *const levels[] = {"alert", "crit",	"debug", "emerg",  "error",
					     "info",  "notice", "panic", "warning"};
	const struct option_use *level = option_of(line, use, LOG_LEVEL);
	uint64_t number;

	if (!level || read_number(level->text, 7, &number))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (string_equal_nocase(levels[i], level->text))
			return true;
	}
	return refuse(line->loader, "log level \"%s\" unknown", level->text);
}

/* --- marks ---------------------------------------------------------------------- */

enum {
	MARK_SET,
	MARK_SET_XOR,
	MARK_AND,
	MARK_OR,
	MARK_XOR,
	MARK_SAVE,
	MARK_RESTORE,
	MARK_PACKET_MASK,
	MARK_CONNECTION_MASK,
	MARK_MASK,
};

static const struct option_form mark_options[] = {
    {"set-mark", MARK_SET, .value = VALUE_MARK},   {"set-xmark", MARK_SET_XOR, .value = VALUE_MARK},
    {"and-mark", MARK_AND, .value = VALUE_NUMBER}, {"or-mark", MARK_OR, .value = VALUE_NUMBER},
    {"xor-mark", MARK_XOR, .value = VALUE_NUMBER},
};

static const struct option_form connmark_options[] = {
    {"set-mark", MARK_SET, .value = VALUE_MARK},
    {"set-xmark", MARK_SET_XOR, .value = VALUE_MARK},
    {"and-mark", MARK_AND, .value = VALUE_NUMBER},
    {"or-mark", MARK_OR, .value = VALUE_NUMBER},
    {"xor-mark", MARK_XOR, .value = VALUE_NUMBER},
    {"save-mark", MARK_SAVE, .value = VALUE_NONE},
    {"restore-mark", MARK_RESTORE, .value = VALUE_NONE},
    {"nfmask", MARK_PACKET_MASK, .value = VALUE_NUMBER},
    {"ctmask", MARK_CONNECTION_MASK, .value = VALUE_NUMBER},
    {"mask", MARK_MASK, .value = VALUE_NUMBER},
    {"left-shift-mark", MARK_MASK + 1, .value = VALUE_NUMBER},
    {"right-shift-mark", MARK_MASK + 2, .value = VALUE_NUMBER},
};

/* All forms of setting a mark come down to mark = (mark & ~mask) ^ value. */
static void add_mark(struct rule_line *line, const struct extension_use *use, enum statement_kind kind)
{
	struct statement statement = {.kind = kind};

	for (unsigned id = MARK_SET; id <= MARK_XOR; id++) {
		const struct option_use *option = option_of(line, use, id);
		uint32_t value = option ? (uint32_t)option->number : 0;

		if (!option)
			continue;
		statement.mark.value = id == MARK_AND ? 0 : value;
		statement.mark.mask = id == MARK_SET	   ? (uint32_t)option->mask | value
				      : id == MARK_SET_XOR ? (uint32_t)option->mask
				      : id == MARK_AND	   ? ~value
				      : id == MARK_OR	   ? value
							   : 0;
		rule_add(line, &statement);
		return;
	}
}

static bool apply_mark(struct rule_line *line, const struct extension_use *use)
{
	add_mark(line, use, STATEMENT_MARK);
	return true;
}

/* Between the packet and its connection. */
static void copy_mark(struct rule_line *line, const struct extension_use *use, enum statement_kind kind)
{
	const struct option_use *mask = option_of(line, use, MARK_MASK);
	const struct option_use *packet = option_of(line, use, MARK_PACKET_MASK);
	const struct option_use *connection = option_of(line, use, MARK_CONNECTION_MASK);
	uint64_t packet_mask = mask ? mask->number : packet ? packet->number : UINT32_MAX;
	uint64_t connection_mask = mask ? mask->number : connection ? connection->number : UINT32_MAX;
	struct statement statement = {.kind = kind};

	statement.mark.mask = (uint32_t)(packet_mask | connection_mask);
	statement.mark.unknown = packet_mask != connection_mask || option_of(line, use, MARK_MASK + 1) ||
				 option_of(line, use, MARK_MASK + 2);
	rule_add(line, &statement);
}

static bool apply_connmark(struct rule_line *line, const struct extension_use *use)
{
	if (option_of(line, use, MARK_SAVE))
		copy_mark(line, use, STATEMENT_CONNECTION_FROM_MARK);
	else if (option_of(line, use, MARK_RESTORE))
		copy_mark(line, use, STATEMENT_MARK_FROM_CONNECTION);
	else
		add_mark(line, use, STATEMENT_CONNECTION_MARK);
	return true;
}

/* The packet's mark becomes something that is not worked out. */
static bool apply_hash_mark(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = {.kind = STATEMENT_MARK};

	(void)use;
	statement.mark.mask = UINT32_MAX;
	statement.mark.unknown = true;
	rule_add(line, &statement);
	return true;
}

/* --- connection tracking ---------------------------------------------------------- */

enum {
	CT_NOTRACK,
	CT_ZONE,
	CT_OTHER,
};

static const struct option_form ct_options[] = {
    {"notrack", CT_NOTRACK, .value = VALUE_NONE},    {"zone", CT_ZONE, .value = VALUE_TEXT},
    {"zone-orig", CT_ZONE + 2, .value = VALUE_TEXT}, {"zone-reply", CT_ZONE + 3, .value = VALUE_TEXT},
    {"helper", CT_OTHER + 3, .value = VALUE_TEXT},   {"timeout", CT_OTHER + 4, .value = VALUE_TEXT},
    {"ctevents", CT_OTHER + 5, .value = VALUE_TEXT}, {"expevents", CT_OTHER + 6, .value = VALUE_TEXT},
};

static bool apply_notrack(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = {.kind = STATEMENT_UNTRACKED};

	(void)use;
	rule_add(line, &statement);
	return true;
}

static bool apply_ct(struct rule_line *line, const struct extension_use *use)
{
	/* A zone for one direction only hides the other direction's packets from each other. */
	if (option_of(line, use, CT_ZONE) || option_of(line, use, CT_ZONE + 2) || option_of(line, use, CT_ZONE + 3))
		rule_add_not_understood(line, "CT --zone");
	else if (option_of(line, use, CT_NOTRACK))
		return apply_notrack(line, use);
	return true;
}

/* --- translation -------------------------------------------------------------------- */

enum {
	NAT_TO,
	NAT_OTHER,
};

static const struct option_form redirect_options[] = {{"to-ports", NAT_TO, .value = VALUE_TEXT},
						      {"random", NAT_OTHER, .value = VALUE_NONE},
						      {"random-fully", NAT_OTHER + 1, .value = VALUE_NONE}};
static const struct option_form dnat_options[] = {{"to-destination", NAT_TO, .value = VALUE_TEXT, .flags = REQUIRED},
						  {"random", NAT_OTHER, .value = VALUE_NONE},
						  {"persistent", NAT_OTHER + 1, .value = VALUE_NONE}};
static const struct option_form snat_options[] = {{"to-source", NAT_TO, .value = VALUE_TEXT, .flags = REQUIRED},
						  {"random", NAT_OTHER, .value = VALUE_NONE},
						  {"random-fully", NAT_OTHER + 1, .value = VALUE_NONE},
						  {"persistent", NAT_OTHER + 2, .value = VALUE_NONE}};
static const struct option_form masquerade_options[] = {{"to-ports", NAT_TO, .value = VALUE_TEXT},
							{"random", NAT_OTHER, .value = VALUE_NONE},
							{"random-fully", NAT_OTHER + 1, .value = VALUE_NONE}};
static const struct option_form netmap_options[] = {{"to", NAT_TO, .value = VALUE_TEXT, .flags = REQUIRED}};

static bool needs_port_protocol(const struct rule_line *line)
{
	static const unsigned protocols[] = {6, 17, 132, 33};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (line->protocol == protocols[i] && !line->protocol_negated)
			return true;
	}
	return refuse(line->loader, "Need TCP, UDP, SCTP or DCCP with port specification");
}

/* "22", "ssh", "22-25". */
static bool read_translated_port(struct rule_line *line, char *text, struct statement *statement)
{
	char *last_text = strchr(text, '-');
	uint64_t port, last;
	bool unknown = false;

	if (!needs_port_protocol(line))
		return false;
	if (last_text)
		*last_text++ = '\0';
	if (!read_port(line, text, protocol_name(line->protocol), &port, &unknown))
		return false;
	last = port;
	if (last_text && !read_port(line, last_text, protocol_name(line->protocol), &last, &unknown))
		return false;
	if (!port || last < port)
		return refuse(line->loader, "Port range `%s' bad", text);
	statement->nat.port = (unsigned)port;
	statement->nat.unknown = statement->nat.unknown || unknown || last != port;
	return true;
}

/* The first packet of the connection leaves the table here. */
static bool finish_translation(struct rule_line *line, const struct statement *statement)
{
	rule_add(line, statement);
	rule_add_verdict(line, VERDICT_ACCEPT, NULL);
	return true;
}

static bool apply_redirect(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = {.kind = STATEMENT_REDIRECT};
	const struct option_use *to = option_of(line, use, NAT_TO);

	if (to && !read_translated_port(line, arena_strdup(line->loader->arena, to->text), &statement))
		return false;
	return finish_translation(line, &statement);
}

/* "ADDRESS[-ADDRESS][:PORT[-PORT]]", an IPv6 address before a port in brackets. */
static bool read_translated_address(struct rule_line *line, char *text, struct statement *statement)
{
	struct save_loader *loader = line->loader;
	bool ipv6 = loader->input->ipv6;
	char *port, *last;
	struct number other;

	if (ipv6 && *text == '[') {
		char *end = strchr(++text, ']');

		if (!end)
			return refuse(loader, "DNAT: Bad IP address \"%s\"", text);
		*end = '\0';
		port = end[1] == ':' ? end + 1 : NULL;
	} else {
		port = !ipv6 || (*text == ':' && text[1] != ':') ? strchr(text, ':') : NULL;
	}
	if (port) {
		*port++ = '\0';
		if (!read_translated_port(line, port, statement))
			return false;
	}
	if (!*text) {
		statement->kind = STATEMENT_REDIRECT;
		return true;
	}
	last = strchr(text, '-');
	if (last)
		*last++ = '\0';
	if (!address_parse(text, ipv6, &statement->nat.address) || (last && !address_parse(last, ipv6, &other)))
		return refuse(loader, "Bad IP address \"%s\"", text);
	/* What comes in for the loopback is dropped, unless a sysctl lets it in. */
	statement->nat.unknown = statement->nat.unknown || last || (!ipv6 && statement->nat.address.low >> 24 == 127);
	return true;
}

static bool apply_dnat(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = {.kind = STATEMENT_FORWARD};
	const struct option_use *to = option_of(line, use, NAT_TO);

	if (!read_translated_address(line, arena_strdup(line->loader->arena, to->text), &statement))
		return false;
	return finish_translation(line, &statement);
}

static bool apply_netmap(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = {.kind = STATEMENT_FORWARD};

	(void)use;
	statement.nat.unknown = true;
	return finish_translation(line, &statement);
}

/* The client's address is exchanged for another one, and back in the answers. */
static bool apply_snat(struct rule_line *line, const struct extension_use *use)
{
	(void)use;
	rule_add_verdict(line, VERDICT_ACCEPT, NULL);
	return true;
}

/* --- hops ------------------------------------------------------------------------------ */

enum {
	TTL_SET,
	TTL_DECREMENT,
	TTL_INCREMENT,
};

static const struct option_form ttl_options[] = {
    {"ttl-set", TTL_SET, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
    {"ttl-dec", TTL_DECREMENT, .value = VALUE_NUMBER, .maximum = UINT8_MAX, .minimum = 1},
    {"ttl-inc", TTL_INCREMENT, .value = VALUE_NUMBER, .maximum = UINT8_MAX, .minimum = 1}};
static const struct option_form hl_options[] = {
    {"hl-set", TTL_SET, .value = VALUE_NUMBER, .maximum = UINT8_MAX},
    {"hl-dec", TTL_DECREMENT, .value = VALUE_NUMBER, .maximum = UINT8_MAX, .minimum = 1},
    {"hl-inc", TTL_INCREMENT, .value = VALUE_NUMBER, .maximum = UINT8_MAX, .minimum = 1}};

static bool apply_ttl(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *set = option_of(line, use, TTL_SET);

	if (option_of(line, use, TTL_DECREMENT) || (set && set->number < SAFE_TTL))
		rule_add_not_understood(line, use->name);
	return true;
}

/* --- those without an effect, and those without a model ----------------------------------- */

static const struct option_form nflog_options[] = {
    {"nflog-group", 0, .value = VALUE_NUMBER, .maximum = UINT16_MAX},
    {"nflog-prefix", 1, .value = VALUE_TEXT},
    {"nflog-range", 2, .value = VALUE_NUMBER},
    {"nflog-size", 3, .value = VALUE_NUMBER},
    {"nflog-threshold", 4, .value = VALUE_NUMBER, .maximum = UINT16_MAX},
};
static const struct option_form ulog_options[] = {
    {"ulog-nlgroup", 0, .value = VALUE_NUMBER, .maximum = 32, .minimum = 1},
    {"ulog-prefix", 1, .value = VALUE_TEXT},
    {"ulog-cprange", 2, .value = VALUE_NUMBER},
    {"ulog-qthreshold", 3, .value = VALUE_NUMBER},
};
static const struct option_form nfqueue_options[] = {
    {"queue-num", 0, .value = VALUE_NUMBER, .maximum = UINT16_MAX},
    {"queue-balance", 1, .value = VALUE_TEXT},
    {"queue-bypass", 2, .value = VALUE_NONE},
    {"queue-cpu-fanout", 3, .value = VALUE_NONE},
};
static const struct option_form audit_options[] = {{"type", 0, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form checksum_options[] = {{"checksum-fill", 0, .value = VALUE_NONE, .flags = REQUIRED}};
static const struct option_form tcpmss_options[] = {{"set-mss", 0, .value = VALUE_NUMBER, .maximum = UINT16_MAX},
						    {"clamp-mss-to-pmtu", 1, .value = VALUE_NONE}};
static const struct option_form classify_options[] = {{"set-class", 0, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form dscp_options[] = {{"set-dscp", 0, .value = VALUE_NUMBER, .maximum = 63},
						  {"set-dscp-class", 1, .value = VALUE_TEXT}};
static const struct option_form tos_options[] = {{"set-tos", 0, .value = VALUE_TEXT},
						 {"and-tos", 1, .value = VALUE_NUMBER},
						 {"or-tos", 2, .value = VALUE_NUMBER},
						 {"xor-tos", 3, .value = VALUE_NUMBER}};
static const struct option_form ecn_options[] = {{"ecn-tcp-remove", 0, .value = VALUE_NONE},
						 {"ecn-tcp-cwr", 1, .value = VALUE_NUMBER},
						 {"ecn-tcp-ece", 2, .value = VALUE_NUMBER},
						 {"ecn-ip-ect", 3, .value = VALUE_NUMBER}};
static const struct option_form secmark_options[] = {{"selctx", 0, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form connsecmark_options[] = {{"save", 0, .value = VALUE_NONE},
							 {"restore", 1, .value = VALUE_NONE}};
static const struct option_form idletimer_options[] = {{"timeout", 0, .value = VALUE_NUMBER, .flags = REQUIRED},
						       {"label", 1, .value = VALUE_TEXT, .flags = REQUIRED},
						       {"alarm", 2, .value = VALUE_NONE}};
static const struct option_form led_options[] = {{"led-trigger-id", 0, .value = VALUE_TEXT, .flags = REQUIRED},
						 {"led-delay", 1, .value = VALUE_TEXT},
						 {"led-always-blink", 2, .value = VALUE_NONE}};
static const struct option_form rateest_options[] = {{"rateest-name", 0, .value = VALUE_TEXT, .flags = REQUIRED},
						     {"rateest-interval", 1, .value = VALUE_TEXT, .flags = REQUIRED},
						     {"rateest-ewmalog", 2, .value = VALUE_TEXT, .flags = REQUIRED}};
static const struct option_form tcpoptstrip_options[] = {{"strip-options", 0, .value = VALUE_TEXT}};
static const struct option_form tee_options[] = {{"gateway", 0, .value = VALUE_TEXT, .flags = REQUIRED},
						 {"oif", 1, .value = VALUE_TEXT}};
static const struct option_form tproxy_options[] = {
    {"on-port", 0, .value = VALUE_NUMBER, .flags = REQUIRED, .maximum = UINT16_MAX},
    {"on-ip", 1, .value = VALUE_TEXT},
    {"tproxy-mark", 2, .value = VALUE_MARK}};
static const struct option_form synproxy_options[] = {{"sack-perm", 0, .value = VALUE_NONE},
						      {"timestamp", 1, .value = VALUE_NONE},
						      {"wscale", 2, .value = VALUE_NUMBER, .maximum = 14},
						      {"mss", 3, .value = VALUE_NUMBER, .maximum = UINT16_MAX},
						      {"ecn", 4, .value = VALUE_NONE}};
static const struct option_form clusterip_options[] = {
    {"new", 0, .value = VALUE_NONE},	      {"hashmode", 1, .value = VALUE_TEXT},
    {"clustermac", 2, .value = VALUE_TEXT},   {"total-nodes", 3, .value = VALUE_NUMBER},
    {"local-node", 4, .value = VALUE_NUMBER}, {"hash-init", 5, .value = VALUE_NUMBER},
};
static const struct option_form hmark_options[] = {
    {"hmark-tuple", 0, .value = VALUE_TEXT},	     {"hmark-mod", 1, .value = VALUE_NUMBER, .flags = REQUIRED},
    {"hmark-offset", 2, .value = VALUE_NUMBER},	     {"hmark-rnd", 3, .value = VALUE_NUMBER},
    {"hmark-src-prefix", 4, .value = VALUE_NUMBER},  {"hmark-dst-prefix", 5, .value = VALUE_NUMBER},
    {"hmark-sport-mask", 6, .value = VALUE_NUMBER},  {"hmark-dport-mask", 7, .value = VALUE_NUMBER},
    {"hmark-spi-mask", 8, .value = VALUE_NUMBER},    {"hmark-sport", 9, .value = VALUE_NUMBER},
    {"hmark-dport", 10, .value = VALUE_NUMBER},	     {"hmark-spi", 11, .value = VALUE_NUMBER},
    {"hmark-proto-mask", 12, .value = VALUE_NUMBER},
};
static const struct option_form npt_options[] = {{"src-pfx", 0, .value = VALUE_TEXT, .flags = REQUIRED},
						 {"dst-pfx", 1, .value = VALUE_TEXT, .flags = REQUIRED}};

static bool apply_tcpmss(struct rule_line *line, const struct extension_use *use)
{
	/* The kernel wants to see that only packets with SYN come here: this is where it finds that. */
	for (size_t i = 0; i < line->list_count; i++) {
		for (size_t j = 0; j < line->lists[i].count; j++) {
			const struct statement *statement = &line->lists[i].items[j];

			if (statement->kind == STATEMENT_TEST && statement->test.selector == SELECT_TCP_FLAGS)
				return true;
		}
	}
	return refuse(line->loader, "Invalid argument: %s works only on TCP SYN packets", use->name);
}

#define MARK_OPERATIONS (1U << MARK_SET | 1U << MARK_SET_XOR | 1U << MARK_AND | 1U << MARK_OR | 1U << MARK_XOR)

static const struct extension targets[] = {
    {"REJECT", apply_reject, OPTIONS(reject_options), .tables = TABLE_FILTER},
    {"LOG", apply_log, OPTIONS(log_options)},
    {"NFLOG", apply_nothing, OPTIONS(nflog_options)},
    {"ULOG", apply_nothing, OPTIONS(ulog_options), .ipv4_only = true},
    {"TRACE", apply_nothing, .tables = TABLE_RAW, .legacy_tables_only = true},
    {"AUDIT", apply_nothing, OPTIONS(audit_options)},
    {"CHECKSUM", apply_nothing, OPTIONS(checksum_options), .tables = TABLE_MANGLE},
    {"TCPMSS", apply_tcpmss, OPTIONS(tcpmss_options), .protocols = " tcp ",
     .hooks = AT_FORWARD | AT_OUTPUT | AT_POSTROUTING, .one_of = 3,
     .one_of_message = "At least one parameter is required"},
    {"CLASSIFY", apply_nothing, OPTIONS(classify_options), .hooks = AT_FORWARD | AT_OUTPUT | AT_POSTROUTING},
    {"DSCP", apply_nothing, OPTIONS(dscp_options), .tables = TABLE_MANGLE, .one_of = 3,
     .one_of_message = "Parameter --set-dscp is required"},
    {"TOS", apply_nothing, OPTIONS(tos_options), .tables = TABLE_MANGLE, .one_of = 15,
     .one_of_message = "An action is required"},
    {"ECN", apply_nothing, OPTIONS(ecn_options), .tables = TABLE_MANGLE, .one_of = 15,
     .one_of_message = "An operation is required", .ipv4_only = true},
    {"SECMARK", apply_nothing, OPTIONS(secmark_options), .tables = TABLE_MANGLE | TABLE_SECURITY},
    {"CONNSECMARK", apply_nothing, OPTIONS(connsecmark_options), .tables = TABLE_MANGLE | TABLE_SECURITY, .one_of = 3,
     .one_of_message = "parameter required"},
    {"IDLETIMER", apply_nothing, OPTIONS(idletimer_options)},
    {"LED", apply_nothing, OPTIONS(led_options)},
    {"RATEEST", apply_nothing, OPTIONS(rateest_options)},
    {"TCPOPTSTRIP", apply_nothing, OPTIONS(tcpoptstrip_options), .tables = TABLE_MANGLE, .protocols = " tcp "},
    {"TEE", apply_nothing, OPTIONS(tee_options)},
    {"TTL", apply_ttl, OPTIONS(ttl_options), .tables = TABLE_MANGLE, .one_of = 7,
     .one_of_message = "You must specify an action", .exclusive = 7, .ipv4_only = true},
    {"HL", apply_ttl, OPTIONS(hl_options), .tables = TABLE_MANGLE, .one_of = 7,
     .one_of_message = "You must specify an action", .exclusive = 7, .ipv6_only = true},
    {"MARK", apply_mark, OPTIONS(mark_options), .one_of = MARK_OPERATIONS,
     .one_of_message = "One of the --set-xmark, --{and,or,xor,set}-mark options is required",
     .exclusive = MARK_OPERATIONS},
    {"CONNMARK", apply_connmark, OPTIONS(connmark_options),
     .one_of = MARK_OPERATIONS | 1U << MARK_SAVE | 1U << MARK_RESTORE, .one_of_message = "No operation specified",
     .exclusive = MARK_OPERATIONS | 1U << MARK_SAVE | 1U << MARK_RESTORE},
    {"HMARK", apply_hash_mark, OPTIONS(hmark_options)},
    {"CT", apply_ct, OPTIONS(ct_options), .tables = TABLE_RAW},
    {"NOTRACK", apply_notrack, .tables = TABLE_RAW},
    {"REDIRECT", apply_redirect, OPTIONS(redirect_options), .tables = TABLE_NAT, .hooks = AT_PREROUTING | AT_OUTPUT},
    {"DNAT", apply_dnat, OPTIONS(dnat_options), .tables = TABLE_NAT, .hooks = AT_PREROUTING | AT_OUTPUT},
    {"SNAT", apply_snat, OPTIONS(snat_options), .tables = TABLE_NAT, .hooks = AT_INPUT | AT_POSTROUTING},
    {"MASQUERADE", apply_snat, OPTIONS(masquerade_options), .tables = TABLE_NAT, .hooks = AT_POSTROUTING},
    {"NETMAP", apply_netmap, OPTIONS(netmap_options), .tables = TABLE_NAT},
    {"TPROXY", apply_not_understood, OPTIONS(tproxy_options), .tables = TABLE_MANGLE, .hooks = AT_PREROUTING,
     .protocols = " tcp udp "},
    {"SYNPROXY", apply_not_understood, OPTIONS(synproxy_options), .hooks = AT_INPUT | AT_FORWARD, .protocols = " tcp "},
    {"NFQUEUE", apply_not_understood, OPTIONS(nfqueue_options)},
    {"CLUSTERIP", apply_not_understood, OPTIONS(clusterip_options), .ipv4_only = true},
    {"DNPT", apply_not_understood, OPTIONS(npt_options), .tables = TABLE_MANGLE, .ipv6_only = true},
    {"SNPT", apply_not_understood, OPTIONS(npt_options), .tables = TABLE_MANGLE, .ipv6_only = true},
};
const struct extension_table plain_targets = {targets, ARRAY_SIZE(targets)};
