/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of zones and policies: src/firewall/core/io/zone.py and policy.py. */
#include "base/text.h"
#include "parse/firewalld_private.h"

struct reader {
	struct firewalld *firewalld;
	struct firewalld_zone *zone;
	struct firewalld_rule *rule; /* that is being read */
	/* Something was wrong: all that follows is skipped until a rule ends, also outside of rules. */
	bool rule_error;
	const char **limit; /* where a <limit> belongs, or NULL */
};

static const char *attribute(const struct reader *reader, const struct xml_element *element, const char *name)
{
	return firewalld_attribute(reader->firewalld, element, name);
}

/* Leaves the rule out, whatever else it says. */
static bool spoil(struct reader *reader, const struct xml_element *element, const char *reason)
{
	firewalld_leave_out(reader->firewalld, element->place, "Invalid rule: %s", reason);
	reader->rule_error = true;
	return true;
}

static bool is_yes(const char *value)
{
	return value && (string_equal_nocase(value, "yes") || string_equal_nocase(value, "true"));
}

/* --- services, ports and the like ------------------------------------------- */

static bool refuse_port(const struct reader *reader, const struct xml_element *element, const char *port)
{
	return firewalld_refuse(reader->firewalld, element->place, "INVALID_PORT: %s", port);
}

/* Outside of rules the values are looked at here, inside where the rule ends. */
static bool check_part(const struct reader *reader, const struct xml_element *element,
		       const struct firewalld_part *part)
{
	struct firewalld *firewalld = reader->firewalld;
	struct firewalld_ports ports;
	unsigned protocol;

	if (part->kind == FIREWALLD_PROTOCOL && !firewalld_parse_protocol(firewalld, part->protocol, &protocol))
		return firewalld_refuse(firewalld, element->place, "INVALID_PROTOCOL: %s", part->protocol);
	if (!part->port)
		return true;
	if (!firewalld_parse_ports(firewalld, part->port, &ports))
		return refuse_port(reader, element, part->port);
	if (!firewalld_is_port_protocol(part->protocol))
		return firewalld_refuse(firewalld, element->place, "INVALID_PROTOCOL: %s", part->protocol);
	if (part->to_port && *part->to_port && !firewalld_parse_ports(firewalld, part->to_port, &ports))
		return refuse_port(reader, element, part->to_port);
	if (part->to_address && *part->to_address && !firewalld_is_single_address(part->to_address, false) &&
	    !firewalld_is_single_address(part->to_address, true))
		return firewalld_refuse(firewalld, element->place, "INVALID_ADDR: to-addr '%s' is not a valid address",
					part->to_address);
	return true;
}

static const struct part_row {
	const char *element;
	enum firewalld_kind kind;
} part_rows[] = {
    {"service", FIREWALLD_SERVICE},	      {"port", FIREWALLD_PORT},
    {"protocol", FIREWALLD_PROTOCOL},	      {"source-port", FIREWALLD_SOURCE_PORT},
    {"forward-port", FIREWALLD_FORWARD_PORT}, {"icmp-block", FIREWALLD_ICMP_BLOCK},
    {"icmp-type", FIREWALLD_ICMP_TYPE},	      {"masquerade", FIREWALLD_MASQUERADE},
    {"tcp-mss-clamp", FIREWALLD_MSS_CLAMP},
};

static bool take_part(struct reader *reader, const struct xml_element *element, enum firewalld_kind kind)
{
	struct firewalld_part part = {.kind = kind, .place = element->place};

	part.name = attribute(reader, element, kind == FIREWALLD_MSS_CLAMP ? "value" : "name");
	part.port = attribute(reader, element, "port");
	part.protocol = attribute(reader, element, kind == FIREWALLD_PROTOCOL ? "value" : "protocol");
	part.to_port = attribute(reader, element, "to-port");
	part.to_address = attribute(reader, element, "to-addr");
	if (reader->rule && reader->rule->part.kind)
		return spoil(reader, element, "More than one element in rule");
	if (reader->rule) {
		reader->rule->part = part;
		return true;
	}
	/* Its warning quotes a value that may not be there. */
	if (kind == FIREWALLD_MSS_CLAMP && !part.name)
		return firewalld_refuse(reader->firewalld, element->place, "tcp-mss-clamp outside of rule");
	if (kind == FIREWALLD_MSS_CLAMP || kind == FIREWALLD_ICMP_TYPE) {
		firewalld_leave_out(reader->firewalld, element->place, "Invalid rule: %s outside of rule",
				    element->name);
		return true;
	}
	if (!check_part(reader, element, &part))
		return false;
	*array_push(reader->firewalld->arena, &reader->zone->parts) = part;
	return true;
}

/* --- where packets come from and go to ------------------------------------- */

static bool take_address(const struct reader *reader, const struct xml_element *element,
			 struct firewalld_address *address)
{
	const char *values[] = {attribute(reader, element, "address"), attribute(reader, element, "mac"),
				attribute(reader, element, "ipset")};

	*address = (struct firewalld_address){.given = true, .invert = is_yes(xml_attribute(element, "invert"))};
	address->address = values[0] && *values[0] ? values[0] : NULL;
	address->mac = values[1] && *values[1] ? values[1] : NULL;
	address->ipset = values[2] && *values[2] ? values[2] : NULL;
	if (address->address || address->mac || address->ipset)
		return true;
	return firewalld_refuse(reader->firewalld, element->place, "INVALID_RULE: no address, mac and ipset");
}

static void add_name(const struct reader *reader, firewalld_name_list *names, const char *name, struct place place)
{
	*array_push(reader->firewalld->arena, names) = (struct firewalld_name){name, place};
}

static bool is_source(const char *text)
{
	return firewalld_is_address(text, false) || firewalld_is_address(text, true) || firewalld_is_mac(text);
}

/* A source that is bound to the zone. */
static bool take_zone_source(struct reader *reader, const struct xml_element *element)
{
	struct firewalld *firewalld = reader->firewalld;
	const char *address = attribute(reader, element, "address"), *ipset = attribute(reader, element, "ipset");
	const char *entry = ipset ? arena_printf(firewalld->arena, "ipset:%s", ipset) : address;

	if (!address == !ipset || xml_attribute(element, "invert")) {
		firewalld_leave_out(firewalld, element->place, "Invalid source");
		return true;
	}
	if (address && !is_source(address))
		return firewalld_refuse(firewalld, element->place, "INVALID_ADDR: %s", address);
	add_name(reader, &reader->zone->sources, entry, element->place);
	return true;
}

static bool take_source(struct reader *reader, const struct xml_element *element)
{
	if (!reader->rule && reader->zone->is_policy)
		return spoil(reader, element, "Source outside of rule");
	if (!reader->rule)
		return take_zone_source(reader, element);
	if (reader->rule->source.given)
		return spoil(reader, element, "More than one source in rule");
	return take_address(reader, element, &reader->rule->source);
}

static bool take_destination(struct reader *reader, const struct xml_element *element)
{
	if (!reader->rule)
		return spoil(reader, element, "Destination outside of rule");
	if (reader->rule->destination.given)
		return true;
	return take_address(reader, element, &reader->rule->destination);
}

static bool take_interface(struct reader *reader, const struct xml_element *element)
{
	if (reader->rule)
		return spoil(reader, element, "interface use in rule");
	add_name(reader, &reader->zone->interfaces, attribute(reader, element, "name"), element->place);
	return true;
}

static bool take_ingress(struct reader *reader, const struct xml_element *element)
{
	add_name(reader, &reader->zone->ingress, attribute(reader, element, "name"), element->place);
	return true;
}

static bool take_egress(struct reader *reader, const struct xml_element *element)
{
	add_name(reader, &reader->zone->egress, attribute(reader, element, "name"), element->place);
	return true;
}

/* --- rules ------------------------------------------------------------------ */

static bool take_rule(struct reader *reader, const struct xml_element *element)
{
	const char *family = attribute(reader, element, "family"), *priority = xml_attribute(element, "priority");
	struct firewalld_rule *rule = ARENA_NEW(reader->firewalld->arena, struct firewalld_rule);

	if (family && !string_equal(family, "ipv4") && !string_equal(family, "ipv6"))
		return spoil(reader, element, "Rule family invalid");
	rule->family = family;
	rule->place = element->place;
	if (priority && !firewalld_parse_integer(priority, false, &rule->priority))
		return firewalld_refuse(reader->firewalld, element->place, "rule priority=\"%s\" is not a number",
					priority);
	reader->rule = rule;
	return true;
}

static bool take_action(struct reader *reader, const struct xml_element *element, enum firewalld_action action)
{
	if (!reader->rule)
		return spoil(reader, element, "Action outside of rule");
	if (reader->rule->action)
		return spoil(reader, element, "More than one action");
	reader->rule->action = action;
	reader->rule->reject_type = action == FIREWALLD_REJECT ? attribute(reader, element, "type") : NULL;
	reader->rule->mark = action == FIREWALLD_MARK ? attribute(reader, element, "set") : NULL;
	reader->limit = &reader->rule->action_limit;
	return true;
}

static bool take_accept(struct reader *reader, const struct xml_element *element)
{
	return take_action(reader, element, FIREWALLD_ACCEPT);
}

static bool take_reject(struct reader *reader, const struct xml_element *element)
{
	return take_action(reader, element, FIREWALLD_REJECT);
}

static bool take_drop(struct reader *reader, const struct xml_element *element)
{
	return take_action(reader, element, FIREWALLD_DROP);
}

static bool take_mark(struct reader *reader, const struct xml_element *element)
{
	return take_action(reader, element, FIREWALLD_MARK);
}

static bool is_uint16(const char *text)
{
	int64_t number;

	return firewalld_parse_integer(text, true, &number) && number >= 0 && number <= UINT16_MAX;
}

/* <log> and <nflog> */
static bool take_log(struct reader *reader, const struct xml_element *element)
{
	static const char *const levels[] = {"emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"};
	const char *level = attribute(reader, element, "level"), *prefix = attribute(reader, element, "prefix");
	const char *group = attribute(reader, element, "group"), *queue = attribute(reader, element, "queue-size");
	bool known = !level;

	if (!reader->rule || reader->rule->log)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(levels) && !known; i++)
		known = string_equal(levels[i], level);
	if (!known)
		return spoil(reader, element, "Invalid log level");
	if (prefix && (!*prefix || strlen(prefix) > 127))
		return spoil(reader, element, "Invalid log prefix");
	if ((group && !is_uint16(group)) || (queue && !is_uint16(queue)))
		return spoil(reader, element, "Invalid nflog value");
	reader->rule->log = true;
	reader->rule->log_level = level;
	reader->rule->log_prefix = prefix;
	reader->rule->log_group = group;
	reader->rule->log_queue = queue;
	reader->limit = &reader->rule->log_limit;
	return true;
}

static bool take_audit(struct reader *reader, const struct xml_element *element)
{
	if (!reader->rule)
		return true;
	if (reader->rule->audit)
		return spoil(reader, element, "More than one audit in rule");
	reader->rule->audit = true;
	reader->limit = &reader->rule->audit_limit;
	return true;
}

static bool take_limit(struct reader *reader, const struct xml_element *element)
{
	if (!reader->limit)
		return spoil(reader, element, "Limit outside of action, log and audit");
	if (*reader->limit)
		return spoil(reader, element, "More than one limit in rule");
	*reader->limit = attribute(reader, element, "value");
	return true;
}

/* --- the root elements ------------------------------------------------------ */

static const struct target_row {
	const char *text;
	enum firewalld_target target;
} zone_targets[] = {{"default", FIREWALLD_TARGET_DEFAULT},
		    {"{chain}_{zone}", FIREWALLD_TARGET_DEFAULT},
		    {"ACCEPT", FIREWALLD_TARGET_ACCEPT},
		    {"%%REJECT%%", FIREWALLD_TARGET_REJECT},
		    {"DROP", FIREWALLD_TARGET_DROP}},
  policy_targets[] = {{"CONTINUE", FIREWALLD_TARGET_DEFAULT},
		      {"ACCEPT", FIREWALLD_TARGET_ACCEPT},
		      {"REJECT", FIREWALLD_TARGET_REJECT},
		      {"DROP", FIREWALLD_TARGET_DROP}};

static bool take_target(const struct reader *reader, const struct xml_element *element, const struct target_row *rows,
			size_t count)
{
	const char *target = xml_attribute(element, "target");

	if (!target)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!string_equal(rows[i].text, target))
			continue;
		if (rows[i].target || reader->zone->is_policy)
			reader->zone->target = rows[i].target;
		return true;
	}
	return firewalld_refuse(reader->firewalld, element->place, "INVALID_TARGET: %s", target);
}

static bool take_priority(const struct reader *reader, const struct xml_element *element, const char *name)
{
	const char *priority = xml_attribute(element, name);

	if (priority && !firewalld_parse_integer(priority, false, &reader->zone->priority))
		return firewalld_refuse(reader->firewalld, element->place, "%s=\"%s\" is not a number", name, priority);
	return true;
}

static bool take_zone(struct reader *reader, const struct xml_element *element)
{
	if (!reader->zone->place.line)
		reader->zone->place = element->place;
	return take_target(reader, element, zone_targets, ARRAY_SIZE(zone_targets)) &&
	       take_priority(reader, element, "ingress-priority");
}

static bool take_policy(struct reader *reader, const struct xml_element *element)
{
	if (!reader->zone->place.line)
		reader->zone->place = element->place;
	return take_target(reader, element, policy_targets, ARRAY_SIZE(policy_targets)) &&
	       take_priority(reader, element, "priority");
}

static const struct element_row {
	const char *element;
	bool (*take)(struct reader *reader, const struct xml_element *element);
} element_rows[] = {
    {"zone", take_zone},
    {"policy", take_policy},
    {"interface", take_interface},
    {"source", take_source},
    {"destination", take_destination},
    {"rule", take_rule},
    {"accept", take_accept},
    {"reject", take_reject},
    {"drop", take_drop},
    {"mark", take_mark},
    {"log", take_log},
    {"nflog", take_log},
    {"audit", take_audit},
    {"limit", take_limit},
    {"ingress-zone", take_ingress},
    {"egress-zone", take_egress},
};

static bool start_element(void *context, const struct xml_element *element)
{
	struct reader *reader = context;
	enum firewalld_format format = reader->zone->is_policy ? FIREWALLD_FORMAT_POLICY : FIREWALLD_FORMAT_ZONE;

	if (reader->rule_error)
		return true;
	if (!firewalld_check_element(reader->firewalld, format, element))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(part_rows); i++) {
		if (string_equal(part_rows[i].element, element->name))
			return take_part(reader, element, part_rows[i].kind);
	}
	for (size_t i = 0; i < ARRAY_SIZE(element_rows); i++) {
		if (string_equal(element_rows[i].element, element->name))
			return element_rows[i].take(reader, element);
	}
	return true;
}

static void end_rule(struct reader *reader)
{
	const char *fault = NULL;

	if (!reader->rule_error && reader->rule)
		fault = firewalld_rule_fault(reader->firewalld, reader->rule);
	if (fault)
		firewalld_leave_out(reader->firewalld, reader->rule->place, "%s", fault);
	else if (!reader->rule_error && reader->rule)
		*array_push(reader->firewalld->arena, &reader->zone->rules) = reader->rule;
	reader->rule = NULL;
	reader->rule_error = false;
}

static bool end_element(void *context, const char *name, const char *text)
{
	static const char *const limited[] = {"accept", "reject", "drop", "mark", "log", "audit"};
	struct reader *reader = context;

	(void)text;
	if (string_equal(name, "rule"))
		end_rule(reader);
	for (size_t i = 0; i < ARRAY_SIZE(limited); i++) {
		if (string_equal(name, limited[i]))
			reader->limit = NULL;
	}
	return true;
}

bool firewalld_read_zone(struct firewalld *firewalld, const char *path, struct firewalld_zone *zone)
{
	struct reader reader = {.firewalld = firewalld, .zone = zone};
	struct xml_handler handler = {&reader, start_element, end_element};

	return firewalld_parse_file(firewalld, path, &handler);
}
