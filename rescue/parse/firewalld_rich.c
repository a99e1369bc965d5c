/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a rich rule one that firewalld leaves out, or that it refuses: Rich_Rule in src/firewall/core/rich.py. */
#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	PRIORITY_MINIMUM = -32768,
	PRIORITY_MAXIMUM = 32767,
	SET_NAME_MAXIMUM = 32,
	SEGMENT_MINIMUM = 536, /* the smallest MSS that a rule may set */
};

static bool takes_no_action(enum firewalld_kind kind)
{
	return kind == FIREWALLD_ICMP_BLOCK || kind == FIREWALLD_FORWARD_PORT || kind == FIREWALLD_MASQUERADE ||
	       kind == FIREWALLD_MSS_CLAMP;
}

static const char *shape_fault(const struct firewalld_rule *rule)
{
	if (!rule->family &&
	    (rule->source.address || rule->destination.given || rule->part.kind == FIREWALLD_FORWARD_PORT))
		return "MISSING_FAMILY: the rule needs a family";
	if (rule->priority < PRIORITY_MINIMUM || rule->priority > PRIORITY_MAXIMUM)
		return "INVALID_PRIORITY: 'priority' attribute must be between -32768 and 32767.";
	if (!rule->part.kind && (!rule->log || rule->priority == 0)) {
		if (!rule->action)
			return "INVALID_RULE: no element, no action";
		if (!rule->source.given && !rule->destination.given && rule->priority == 0)
			return "INVALID_RULE: no element, no source, no destination";
	}
	if (!takes_no_action(rule->part.kind) && !rule->log && !rule->audit && !rule->action)
		return "INVALID_RULE: no action, no log, no audit";
	if (takes_no_action(rule->part.kind) && rule->action)
		return "INVALID_RULE: an action beside an element that takes none";
	if (rule->part.kind == FIREWALLD_MASQUERADE && rule->source.mac)
		return "INVALID_RULE: masquerade and mac source";
	return NULL;
}

static const char *address_fault(const struct firewalld_rule *rule, const struct firewalld_address *address)
{
	bool ipv6 = rule->family && string_equal(rule->family, "ipv6");

	if (!!address->address + !!address->mac + !!address->ipset > 1)
		return "INVALID_RULE: two of address, mac and ipset";
	if (address->address && !firewalld_is_address(address->address, ipv6))
		return "INVALID_ADDR: an address of another family, or none";
	if (address->mac && !firewalld_is_mac(address->mac))
		return "INVALID_MAC: not a MAC address";
	if (address->ipset && strlen(address->ipset) > SET_NAME_MAXIMUM)
		return "INVALID_IPSET: a name that is too long";
	return NULL;
}

static bool is_mss(const char *text)
{
	int64_t number;

	return !text || !*text || string_equal(text, "pmtu") || string_equal(text, "None") ||
	       (firewalld_parse_integer(text, false, &number) && number >= SEGMENT_MINIMUM);
}

static const char *part_fault(struct firewalld *firewalld, const struct firewalld_rule *rule)
{
	const struct firewalld_part *part = &rule->part;
	bool to_port = part->to_port && *part->to_port, to_address = part->to_address && *part->to_address;
	struct firewalld_ports ports;
	unsigned protocol;

	if (part->name && !*part->name && part->kind != FIREWALLD_MSS_CLAMP)
		return "INVALID_RULE: an empty name";
	if (part->kind == FIREWALLD_PROTOCOL && !firewalld_parse_protocol(firewalld, part->protocol, &protocol))
		return "INVALID_PROTOCOL: not a protocol";
	if (part->kind == FIREWALLD_MSS_CLAMP && !is_mss(part->name))
		return "INVALID_RULE: not a segment size";
	if (!part->port)
		return NULL;
	if (!firewalld_parse_ports(firewalld, part->port, &ports))
		return "INVALID_PORT: not a port";
	if (!firewalld_is_port_protocol(part->protocol))
		return "INVALID_PROTOCOL: not one of tcp, udp, sctp and dccp";
	if (part->kind != FIREWALLD_FORWARD_PORT)
		return NULL;
	if ((!to_port && !to_address) || (to_port && !firewalld_parse_ports(firewalld, part->to_port, &ports)))
		return "INVALID_PORT: no to-port, or not one";
	if (to_address && !firewalld_is_single_address(part->to_address, string_equal(rule->family, "ipv6")))
		return "INVALID_ADDR: to-addr of another family, or none";
	return NULL;
}

static bool is_reject_type(const char *family, const char *type)
{
	static const char *const ipv4[] = {"icmp-host-prohibited",
					   "host-prohib",
					   "icmp-net-unreachable",
					   "net-unreach",
					   "icmp-host-unreachable",
					   "host-unreach",
					   "icmp-port-unreachable",
					   "port-unreach",
					   "icmp-proto-unreachable",
					   "proto-unreach",
					   "icmp-net-prohibited",
					   "net-prohib",
					   "tcp-reset",
					   "tcp-rst",
					   "icmp-admin-prohibited",
					   "admin-prohib"};
	static const char *const ipv6[] = {
	    "icmp6-adm-prohibited", "adm-prohibited",	      "icmp6-no-route", "no-route", "icmp6-addr-unreachable",
	    "addr-unreach",	    "icmp6-port-unreachable", "port-unreach",	"tcp-reset"};
	bool is_ipv6 = string_equal(family, "ipv6");
	const char *const *types = is_ipv6 ? ipv6 : ipv4;
	size_t count = is_ipv6 ? ARRAY_SIZE(ipv6) : ARRAY_SIZE(ipv4);

	for (size_t i = 0; i < count; i++) {
		if (string_equal(types[i], type))
			return true;
	}
	return false;
}

static bool is_mark(struct arena *arena, const char *text)
{
	const char *slash = strchr(text, '/');
	int64_t value, mask = 0;

	if (slash && !firewalld_parse_integer(slash + 1, true, &mask))
		return false;
	return firewalld_parse_integer(arena_memdup(arena, text, strcspn(text, "/")), true, &value) && value >= 0 &&
	       value <= UINT32_MAX && mask >= 0 && mask <= UINT32_MAX;
}

static const char *action_fault(const struct firewalld *firewalld, const struct firewalld_rule *rule)
{
	const char *limits[] = {rule->log_limit, rule->audit_limit, rule->action_limit};

	if (rule->audit && (!rule->action || rule->action == FIREWALLD_MARK))
		return "INVALID_AUDIT_TYPE: audit without accept, reject or drop";
	if (rule->reject_type && *rule->reject_type && !rule->family)
		return "INVALID_RULE: When using reject type you must specify also rule family.";
	if (rule->reject_type && *rule->reject_type && !is_reject_type(rule->family, rule->reject_type))
		return "INVALID_RULE: Wrong reject type";
	if (rule->action == FIREWALLD_MARK && !is_mark(firewalld->arena, rule->mark))
		return "INVALID_MARK: not a mark";
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i] && !firewalld_is_limit(limits[i]))
			return "INVALID_LIMIT: not a limit";
	}
	return NULL;
}

const char *firewalld_rule_fault(struct firewalld *firewalld, const struct firewalld_rule *rule)
{
	const char *fault = shape_fault(rule);

	if (!fault)
		fault = address_fault(rule, &rule->source);
	if (!fault)
		fault = address_fault(rule, &rule->destination);
	if (!fault)
		fault = part_fault(firewalld, rule);
	return fault ? fault : action_fault(firewalld, rule);
}

/* The lexer splits words at "=", and quotes are not escaped. */
bool firewalld_check_rule_text(struct firewalld *firewalld, const struct firewalld_rule *rule)
{
	const char *texts[] = {rule->source.address,	  rule->source.mac,	   rule->source.ipset,
			       rule->destination.address, rule->destination.ipset, rule->part.name,
			       rule->part.port,		  rule->part.protocol,	   rule->part.to_port,
			       rule->part.to_address,	  rule->log_prefix,	   rule->log_level,
			       rule->log_group,		  rule->log_queue,	   rule->log_limit,
			       rule->audit_limit,	  rule->reject_type,	   rule->mark,
			       rule->action_limit};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!texts[i])
			continue;
		if (strchr(texts[i], '='))
			return firewalld_refuse(firewalld, rule->place, "INVALID_RULE: \"=\" in \"%s\"", texts[i]);
		if (strpbrk(texts[i], "\"\\"))
			firewalld_not_understood(firewalld, rule->place, "a rich rule with a quote in a value");
	}
	return true;
}
