/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting firewalld: _start() and _start_failsafe() of src/firewall/core/fw.py. */
#include "parse/firewalld.h"

#include <stdlib.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	ZONE_NAME_MAXIMUM = 17, /* what iptables' names of chains leave room for */
	POLICY_NAME_MAXIMUM = 18,
	COMBINE_DEPTH = 8, /* directories of zones inside each other */
};

/* --- what it says ----------------------------------------------------------- */

bool firewalld_refuse(struct firewalld *firewalld, struct place place, const char *format, ...)
{
	const char *message;
	va_list arguments;

	if (firewalld->refused)
		return false;
	va_start(arguments, format);
	message = arena_vprintf(firewalld->arena, format, arguments);
	va_end(arguments);
	firewalld->refused = true;
	load_note(firewalld->arena, firewalld->report, LOAD_REFUSED, place, "%s; %s", message, firewalld->consequence);
	return false;
}

void firewalld_leave_out(struct firewalld *firewalld, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	load_note(firewalld->arena, firewalld->report, LOAD_REFUSED, place, "%s",
		  arena_vprintf(firewalld->arena, format, arguments));
	va_end(arguments);
}

void firewalld_not_understood(struct firewalld *firewalld, struct place place, const char *reason)
{
	*array_push(firewalld->arena, &firewalld->unclear) = (struct firewalld_unclear){place, reason};
	load_note(firewalld->arena, firewalld->report, LOAD_UNCERTAIN, place, "%s", reason);
}

/* --- directories ------------------------------------------------------------ */

/* check_name(): letters, digits and a few others. What is not ASCII is taken for a letter. */
static bool check_name(struct firewalld *firewalld, const char *path, const char *name, const char *others)
{
	struct place place = {.path = path};

	if (!*name)
		return firewalld_refuse(firewalld, place, "INVALID_NAME: name can't be empty");
	for (const char *c = name; *c; c++) {
		if (!char_is_alnum(*c) && !(*c & 0x80) && !strchr(others, *c))
			return firewalld_refuse(firewalld, place, "INVALID_NAME: '%c' is not allowed in '%s'", *c,
						name);
	}
	return true;
}

/* The files that end in .xml. */
static void list_files(struct firewalld *firewalld, const char *directory, string_list *ret)
{
	dir_list entries = {0};

	*ret = (string_list){0};
	target_list(firewalld->target, directory, firewalld->arena, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		if (string_ends_with(entries.items[i].name, ".xml"))
			*array_push(firewalld->arena, ret) = entries.items[i].name;
	}
}

static char *name_of(struct firewalld *firewalld, const char *file)
{
	return arena_memdup(firewalld->arena, file, strlen(file) - strlen(".xml"));
}

/* Objects of the administrator, all of them, whether anything names them or not. */
static bool read_objects(struct firewalld *firewalld, const char *top)
{
	static const struct {
		const char *directory, *characters;
		bool (*read)(struct firewalld *firewalld, const char *path, const char *name);
	} rows[] = {
	    {"ipsets", "_-:.", firewalld_read_ipset},
	    {"icmptypes", "_-", firewalld_read_icmptype},
	    {"helpers", "-.", firewalld_read_helper},
	    {"services", "_-", firewalld_read_service},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *directory = arena_printf(firewalld->arena, "%s/%s", top, rows[i].directory);
		bool vendor = string_equal(top, FIREWALLD_VENDOR);
		string_list files;

		/* Of the package's objects, ipsets alone are made without being named. */
		if (vendor && rows[i].read != firewalld_read_ipset)
			continue;
		list_files(firewalld, directory, &files);
		for (size_t j = 0; j < files.count; j++) {
			char *path = arena_printf(firewalld->arena, "%s/%s", directory, files.items[j]);
			char *name = name_of(firewalld, files.items[j]);

			if (!check_name(firewalld, path, name, rows[i].characters) ||
			    !rows[i].read(firewalld, path, name))
				return false;
		}
	}
	return true;
}

/* Puts it into the list in the place of one with the same name. */
static void add_zone(struct firewalld *firewalld, struct firewalld_zone *zone)
{
	struct string_map *map = zone->is_policy ? &firewalld->policy_index : &firewalld->zone_index;
	firewalld_zone_list *list = zone->is_policy ? &firewalld->policies : &firewalld->zones;
	struct firewalld_zone *overridden = string_map_get(map, zone->name);

	if (overridden) {
		*overridden = *zone;
		return;
	}
	*array_push(firewalld->arena, list) = zone;
	string_map_put(firewalld->arena, map, zone->name, zone);
}

static struct firewalld_zone *new_zone(struct firewalld *firewalld, const char *name, bool is_policy)
{
	struct firewalld_zone *zone = ARENA_NEW(firewalld->arena, struct firewalld_zone);

	zone->name = name;
	zone->is_policy = is_policy;
	zone->priority = is_policy ? -1 : 0;
	return zone;
}

static bool check_zone_name(struct firewalld *firewalld, const char *path, const char *name, size_t maximum)
{
	if (!check_name(firewalld, path, name, "_-"))
		return false;
	if (strlen(name) <= maximum)
		return true;
	return firewalld_refuse(firewalld, (struct place){.path = path},
				"INVALID_NAME: '%s': name has %zu chars, max is %zu", name, strlen(name), maximum);
}

static bool read_policies(struct firewalld *firewalld, const char *top)
{
	string_list files;

	list_files(firewalld, arena_printf(firewalld->arena, "%s/policies", top), &files);
	for (size_t i = 0; i < files.count; i++) {
		char *path = arena_printf(firewalld->arena, "%s/policies/%s", top, files.items[i]);
		struct firewalld_zone *policy = new_zone(firewalld, name_of(firewalld, files.items[i]), true);

		policy->place = (struct place){.path = path};
		if (!check_zone_name(firewalld, path, policy->name, POLICY_NAME_MAXIMUM) ||
		    !firewalld_read_zone(firewalld, path, policy))
			return false;
		add_zone(firewalld, policy);
	}
	return true;
}

/* The files of a directory below zones make one zone together, with its name and the default target. */
static bool read_combined_zones(struct firewalld *firewalld, const char *directory, const char *name,
				firewalld_zone_list *combined, unsigned depth)
{
	struct firewalld_zone *zone = new_zone(firewalld, name, false);
	dir_list entries = {0};
	bool any = false;

	target_list(firewalld->target, directory, firewalld->arena, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		char *path = arena_printf(firewalld->arena, "%s/%s", directory, entries.items[i].name);
		struct node_stat stat;

		if (string_ends_with(entries.items[i].name, ".xml")) {
			if (!check_zone_name(firewalld, path, name, ZONE_NAME_MAXIMUM) ||
			    !check_name(firewalld, path, name_of(firewalld, entries.items[i].name), "_-") ||
			    !firewalld_read_zone(firewalld, path, zone))
				return false;
			any = true;
		} else if (depth < COMBINE_DEPTH && target_stat(firewalld->target, path, &stat) == 0 &&
			   stat.type == NODE_DIRECTORY &&
			   !read_combined_zones(firewalld, path, entries.items[i].name, combined, depth + 1)) {
			return false;
		}
	}
	zone->target = FIREWALLD_TARGET_DEFAULT;
	zone->priority = 0;
	if (any)
		*array_push(firewalld->arena, combined) = zone;
	return true;
}

static bool read_zones(struct firewalld *firewalld, const char *top, firewalld_zone_list *combined)
{
	const char *directory = arena_printf(firewalld->arena, "%s/zones", top);
	bool vendor = string_equal(top, FIREWALLD_VENDOR);
	dir_list entries = {0};

	target_list(firewalld->target, directory, firewalld->arena, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.items[i].name;
		char *path = arena_printf(firewalld->arena, "%s/%s", directory, name);
		struct firewalld_zone *zone;
		struct node_stat stat;

		if (!string_ends_with(name, ".xml")) {
			if (!vendor && target_stat(firewalld->target, path, &stat) == 0 &&
			    stat.type == NODE_DIRECTORY && !read_combined_zones(firewalld, path, name, combined, 0))
				return false;
			continue;
		}
		zone = new_zone(firewalld, name_of(firewalld, name), false);
		zone->place = (struct place){.path = path};
		if (!check_zone_name(firewalld, path, zone->name, ZONE_NAME_MAXIMUM) ||
		    !firewalld_read_zone(firewalld, path, zone))
			return false;
		add_zone(firewalld, zone);
	}
	return true;
}

static int compare_zones(const void *a, const void *b)
{
	const struct firewalld_zone *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

static int compare_ipsets(const void *a, const void *b)
{
	const struct firewalld_ipset *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

/* What is combined comes last: it replaces a zone of that name. */
static bool read_everything(struct firewalld *firewalld)
{
	static const char *const tops[] = {FIREWALLD_VENDOR, FIREWALLD_ETC};
	firewalld_zone_list combined = {0};

	for (size_t i = 0; i < ARRAY_SIZE(tops) - firewalld->vendor_only; i++) {
		if (!read_objects(firewalld, tops[i]) || !read_zones(firewalld, tops[i], &combined) ||
		    !read_policies(firewalld, tops[i]))
			return false;
	}
	for (size_t i = 0; i < combined.count; i++)
		add_zone(firewalld, combined.items[i]);
	if (firewalld->zones.count)
		qsort(firewalld->zones.items, firewalld->zones.count, sizeof(struct firewalld_zone *), compare_zones);
	if (firewalld->policies.count)
		qsort(firewalld->policies.items, firewalld->policies.count, sizeof(struct firewalld_zone *),
		      compare_zones);
	if (firewalld->ipset_list.count)
		qsort(firewalld->ipset_list.items, firewalld->ipset_list.count, sizeof(struct firewalld_ipset *),
		      compare_ipsets);
	return true;
}

/* --- interfaces that others bind -------------------------------------------- */

static void unbind(struct firewalld_zone *zone, const char *interface)
{
	size_t kept = 0;

	for (size_t i = 0; i < zone->interfaces.count; i++) {
		if (!string_equal(zone->interfaces.items[i].name, interface))
			zone->interfaces.items[kept++] = zone->interfaces.items[i];
	}
	zone->interfaces.count = kept;
}

/* NetworkManager's request for a zone that is not there fails; without a name it is the default zone. */
static void bind_interfaces(struct firewalld *firewalld, const zone_binding_list *bindings)
{
	for (size_t i = 0; i < bindings->count; i++) {
		const struct zone_binding *binding = &bindings->items[i];
		struct firewalld_zone *zone = firewalld_find_zone(
		    firewalld, binding->zone && *binding->zone ? binding->zone : firewalld->settings.default_zone);

		if (!zone || !firewalld_is_interface(binding->interface))
			continue;
		for (size_t j = 0; j < firewalld->zones.count; j++)
			unbind(firewalld->zones.items[j], binding->interface);
		*array_push(firewalld->arena, &zone->interfaces) =
		    (struct firewalld_name){arena_strdup(firewalld->arena, binding->interface), zone->place};
	}
}

/* --- the start -------------------------------------------------------------- */

static void remove_own_table(struct firewalld *firewalld)
{
	ruleset_remove_table(firewalld->ruleset,
			     ruleset_find_table(firewalld->ruleset, FILTER_INET, false, "firewalld"));
}

static bool start(struct firewalld *firewalld, const zone_binding_list *bindings)
{
	firewalld_read_settings(firewalld);
	if (!read_everything(firewalld) || !firewalld_check(firewalld))
		return false;
	bind_interfaces(firewalld, bindings);
	if (firewalld->settings.zone_drifting && firewalld->version < 100)
		firewalld_not_understood(firewalld, (struct place){.path = FIREWALLD_ETC "/firewalld.conf"},
					 "AllowZoneDrifting");
	/* Until 2.0 a table of that name is added to. */
	if (firewalld->version >= FIREWALLD_DISPATCH_VERSION)
		remove_own_table(firewalld);
	firewalld_flush_iptables(firewalld);
	for (unsigned layout = 0; layout < firewalld_layout_count(firewalld); layout++) {
		if (!firewalld_make_rules(firewalld, layout))
			return false;
	}
	return firewalld_load_direct(firewalld);
}

static bool has_network_manager(struct target *target)
{
	return target_exists(target, "/usr/sbin/NetworkManager") || target_exists(target, "/usr/bin/NetworkManager");
}

bool firewalld_load(struct target *target, struct ruleset *ruleset, const zone_binding_list *bindings,
		    struct load_report *report)
{
	struct firewalld user = {
	    .target = target,
	    .arena = ruleset->arena,
	    .ruleset = ruleset,
	    .report = report,
	    .version = firewalld_read_version(target, ruleset->arena),
	    .consequence = "firewalld ignores all of " FIREWALLD_ETC " and runs with the configuration of its package",
	};
	struct firewalld vendor;

	user.network_manager = user.version < FIREWALLD_DISPATCH_VERSION && has_network_manager(target);
	vendor = user;
	vendor.vendor_only = true;
	vendor.consequence = "firewalld does not start";
	if (start(&user, bindings))
		return true;
	remove_own_table(&user);
	firewalld_flush_iptables(&user);
	if (user.version < FIREWALLD_FAILSAFE_VERSION)
		firewalld_not_understood(&vendor, (struct place){.path = FIREWALLD_ETC},
					 "what a firewalld before 1.2 does with files that it cannot use");
	if (!start(&vendor, bindings))
		remove_own_table(&user);
	return false;
}
