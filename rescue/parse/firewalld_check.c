/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firewalld checks once it has read everything: _start_check() of src/firewall/core/fw.py, and the _check_config()
 * of each reader. */
#include "base/text.h"
#include "parse/firewalld_private.h"

/* Where an interface or a source is bound. */
struct binding {
	const struct firewalld_zone *zone;
	struct place place;
};

struct checker {
	struct firewalld *firewalld;
	struct string_map interfaces, sources;
};

static bool is_any_or_host(const char *name)
{
	return string_equal(name, "ANY") || string_equal(name, "HOST");
}

static bool names(const firewalld_name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (string_equal(list->items[i].name, name))
			return true;
	}
	return false;
}

static const char *type_name(const struct firewalld_zone *zone)
{
	return zone->is_policy ? "Policy" : "Zone";
}

/* --- parts of zones and policies -------------------------------------------- */

static bool check_icmp(struct firewalld *firewalld, const struct firewalld_zone *zone,
		       const struct firewalld_part *part, const char *family)
{
	const struct firewalld_icmptype *type = firewalld_find_icmptype(firewalld, part->name);

	if (firewalld->refused)
		return false;
	if (!type)
		return firewalld_refuse(firewalld, part->place,
					"INVALID_ICMPTYPE: %s '%s': '%s' not among existing ICMP types",
					type_name(zone), zone->name, part->name);
	if (family && (type->ipv4 || type->ipv6) && !(string_equal(family, "ipv6") ? type->ipv6 : type->ipv4))
		return firewalld_refuse(
		    firewalld, part->place,
		    "INVALID_ICMPTYPE: %s '%s': rich rule family '%s' conflicts with icmp type '%s'", type_name(zone),
		    zone->name, family, part->name);
	return true;
}

static bool check_part(struct firewalld *firewalld, const struct firewalld_zone *zone,
		       const struct firewalld_part *part)
{
	bool to_port = part->to_port && *part->to_port, to_address = part->to_address && *part->to_address;

	if (part->kind == FIREWALLD_SERVICE && !firewalld_find_service(firewalld, part->name))
		return firewalld->refused
			   ? false
			   : firewalld_refuse(firewalld, part->place,
					      "INVALID_SERVICE: %s '%s': '%s' not among existing services",
					      type_name(zone), zone->name, part->name);
	if (part->kind == FIREWALLD_ICMP_BLOCK)
		return check_icmp(firewalld, zone, part, NULL);
	if (part->kind == FIREWALLD_FORWARD_PORT && !to_port && !to_address)
		return firewalld_refuse(firewalld, part->place,
					"INVALID_FORWARD: %s '%s': port %s is missing to-port AND to-addr",
					type_name(zone), zone->name, part->port);
	return true;
}

static bool check_rule(struct firewalld *firewalld, const struct firewalld_zone *zone,
		       const struct firewalld_rule *rule)
{
	if (!firewalld_check_rule_text(firewalld, rule))
		return false;
	if (rule->part.kind == FIREWALLD_ICMP_BLOCK || rule->part.kind == FIREWALLD_ICMP_TYPE)
		return check_icmp(firewalld, zone, &rule->part, rule->family);
	return true;
}

static bool check_contents(struct firewalld *firewalld, const struct firewalld_zone *zone)
{
	for (size_t i = 0; i < zone->parts.count; i++) {
		if (!check_part(firewalld, zone, &zone->parts.items[i]))
			return false;
	}
	for (size_t i = 0; i < zone->rules.count; i++) {
		if (!check_rule(firewalld, zone, zone->rules.items[i]))
			return false;
	}
	return true;
}

/* --- zones ------------------------------------------------------------------ */

/* No two zones may have it. Twice in one file is well, but for a set: there the warning itself fails. */
static bool bind_name(struct checker *checker, struct string_map *map, const struct firewalld_zone *zone,
		      const struct firewalld_name *name, const char *what)
{
	struct binding *binding = string_map_get(map, name->name);

	if (binding && binding->zone != zone)
		return firewalld_refuse(checker->firewalld, name->place,
					"Zone '%s': %s '%s' already bound to zone '%s'", zone->name, what, name->name,
					binding->zone->name);
	if (binding && string_after(name->name, "ipset:") && string_equal(binding->place.path, name->place.path))
		return firewalld_refuse(checker->firewalld, name->place, "source '%s' stands there twice", name->name);
	binding = ARENA_NEW(checker->firewalld->arena, struct binding);
	*binding = (struct binding){zone, name->place};
	string_map_put(checker->firewalld->arena, map, name->name, binding);
	return true;
}

static bool check_zone(struct checker *checker, const struct firewalld_zone *zone)
{
	struct firewalld *firewalld = checker->firewalld;

	if (string_map_get(&firewalld->policy_index, zone->name))
		return firewalld_refuse(firewalld, zone->place,
					"NAME_CONFLICT: Zone '%s': Can't have the same name as a policy.", zone->name);
	for (size_t i = 0; i < zone->interfaces.count; i++) {
		const struct firewalld_name *interface = &zone->interfaces.items[i];

		if (!firewalld_is_interface(interface->name))
			return firewalld_refuse(firewalld, interface->place,
						"INVALID_INTERFACE: Zone '%s': invalid interface '%s'", zone->name,
						interface->name);
		if (!bind_name(checker, &checker->interfaces, zone, interface, "interface"))
			return false;
	}
	for (size_t i = 0; i < zone->sources.count; i++) {
		if (!bind_name(checker, &checker->sources, zone, &zone->sources.items[i], "source"))
			return false;
	}
	return check_contents(firewalld, zone);
}

/* --- policies --------------------------------------------------------------- */

static bool check_policy_zones(struct firewalld *firewalld, const struct firewalld_zone *policy, bool is_ingress)
{
	const firewalld_name_list *list = is_ingress ? &policy->ingress : &policy->egress;

	for (size_t i = 0; i < list->count; i++) {
		const struct firewalld_name *zone = &list->items[i];

		if (!is_any_or_host(zone->name) && !firewalld_find_zone(firewalld, zone->name))
			return firewalld_refuse(firewalld, zone->place,
						"INVALID_ZONE: Policy '%s': '%s' not among existing zones",
						policy->name, zone->name);
		if (is_any_or_host(zone->name) && !string_equal(list->items[0].name, zone->name))
			break;
	}
	for (size_t i = 1; i < list->count; i++) {
		if ((is_any_or_host(list->items[0].name) || is_any_or_host(list->items[i].name)) &&
		    !string_equal(list->items[0].name, list->items[i].name))
			return firewalld_refuse(
			    firewalld, list->items[i].place,
			    "INVALID_ZONE: Policy '%s': may only contain one of: many regular zones, ANY, or HOST",
			    policy->name);
	}
	return true;
}

static bool has_bound_interface(struct firewalld *firewalld, const firewalld_name_list *zones)
{
	for (size_t i = 0; i < zones->count; i++) {
		const struct firewalld_zone *zone = firewalld_find_zone(firewalld, zones->items[i].name);

		if (zone && zone->interfaces.count)
			return true;
	}
	return false;
}

/* What may stand in a policy depends on the zones that it is between. */
static const char *policy_part_fault(struct firewalld *firewalld, const struct firewalld_zone *policy,
				     const struct firewalld_part *part)
{
	bool to_address = part->to_address && *part->to_address;
	bool to_host = names(&policy->egress, "HOST");

	if (part->kind == FIREWALLD_MASQUERADE) {
		if (to_host || names(&policy->ingress, "HOST"))
			return "'masquerade' is invalid for zone 'HOST'";
		if (!to_host && firewalld->settings.iptables && has_bound_interface(firewalld, &policy->ingress))
			return "'masquerade' cannot be used because an ingress zone has assigned interfaces";
	}
	if (part->kind != FIREWALLD_FORWARD_PORT || !policy->egress.count)
		return NULL;
	if (to_host)
		return to_address ? "A 'forward-port' with 'to-addr' is invalid for egress zone 'HOST'" : NULL;
	if (!to_address)
		return "'forward-port' requires 'to-addr' if egress zone is 'ANY' or a zone";
	if (has_bound_interface(firewalld, &policy->egress))
		return "'forward-port' cannot be used because an egress zone has assigned interfaces";
	return NULL;
}

static bool refuse_policy(struct firewalld *firewalld, const struct firewalld_zone *policy, struct place place,
			  const char *fault)
{
	return firewalld_refuse(firewalld, place, "Policy '%s': %s", policy->name, fault);
}

static bool check_policy(struct firewalld *firewalld, const struct firewalld_zone *policy)
{
	const char *fault;

	if (policy->priority < INT16_MIN || policy->priority > INT16_MAX)
		return refuse_policy(firewalld, policy, policy->place, "invalid priority");
	if (!check_policy_zones(firewalld, policy, true) || !check_policy_zones(firewalld, policy, false))
		return false;
	if (names(&policy->ingress, "HOST") && names(&policy->egress, "HOST"))
		return refuse_policy(firewalld, policy, policy->place,
				     "'HOST' can only appear in either ingress or egress zones, but not both");
	for (size_t i = 0; i < policy->parts.count; i++) {
		fault = policy_part_fault(firewalld, policy, &policy->parts.items[i]);
		if (fault)
			return refuse_policy(firewalld, policy, policy->parts.items[i].place, fault);
	}
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct firewalld_rule *rule = policy->rules.items[i];

		fault = policy_part_fault(firewalld, policy, &rule->part);
		if (!fault && rule->action == FIREWALLD_MARK && has_bound_interface(firewalld, &policy->egress))
			fault = "'mark' action cannot be used because an egress zone has assigned interfaces";
		if (fault)
			return refuse_policy(firewalld, policy, rule->place, fault);
	}
	return check_contents(firewalld, policy);
}

/* --- everything ------------------------------------------------------------- */

/* Reads what is included on the way, so that the list grows. */
static bool check_services(struct firewalld *firewalld)
{
	for (size_t i = 0; i < firewalld->service_list.count; i++) {
		const struct firewalld_service *service = firewalld->service_list.items[i];

		for (size_t j = 0; j < service->includes.count; j++) {
			const struct firewalld_name *include = &service->includes.items[j];

			if (firewalld_find_service(firewalld, include->name))
				continue;
			return firewalld->refused
				   ? false
				   : firewalld_refuse(firewalld, include->place,
						      "INVALID_SERVICE: Service '%s': Included service '%s' not found.",
						      service->name, include->name);
		}
	}
	return true;
}

static bool check_needed_zones(struct firewalld *firewalld)
{
	static const char *const needed[] = {"block", "drop", "trusted"};
	struct place place = {.path = FIREWALLD_VENDOR "/zones"};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!firewalld_find_zone(firewalld, needed[i]))
			return firewalld_refuse(firewalld, place, "INVALID_ZONE: Zone '%s' is not available.",
						needed[i]);
	}
	return true;
}

static void choose_default_zone(struct firewalld *firewalld)
{
	struct firewalld_settings *settings = &firewalld->settings;
	const char *wanted = settings->default_zone;

	if (firewalld_find_zone(firewalld, wanted))
		return;
	settings->default_zone = firewalld_find_zone(firewalld, "public")     ? "public"
				 : firewalld_find_zone(firewalld, "external") ? "external"
									      : "block";
	firewalld_leave_out(firewalld, settings->default_zone_place, "Default zone '%s' is not valid. Using '%s'.",
			    wanted, settings->default_zone);
}

bool firewalld_check(struct firewalld *firewalld)
{
	struct checker checker = {.firewalld = firewalld};

	if (!check_needed_zones(firewalld))
		return false;
	choose_default_zone(firewalld);
	for (size_t i = 0; i < firewalld->zones.count; i++) {
		if (!check_zone(&checker, firewalld->zones.items[i]))
			return false;
	}
	for (size_t i = 0; i < firewalld->policies.count; i++) {
		if (!check_policy(firewalld, firewalld->policies.items[i]))
			return false;
	}
	if (!check_services(firewalld))
		return false;
	if (firewalld->settings.backend_invalid || (firewalld->settings.iptables && !firewalld_has_iptables(firewalld)))
		return firewalld_refuse(firewalld, firewalld->settings.backend_place,
					"UNKNOWN_ERROR: Firewall backend is not available.");
	return true;
}
