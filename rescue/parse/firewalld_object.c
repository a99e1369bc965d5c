/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of services, ipsets, ICMP types and helpers, and what is found by name. */
#include "base/text.h"
#include "parse/firewalld_private.h"

/* --- services --------------------------------------------------------------- */

struct service_reader {
	struct firewalld *firewalld;
	struct firewalld_service *service;
};

static bool missing(struct firewalld *firewalld, const struct xml_element *element, const char *attribute)
{
	return firewalld_refuse(firewalld, element->place, "Missing attribute %s for %s", attribute, element->name);
}

/* <port port="" protocol="gre"/> is an old way to write <protocol value="gre"/>. */
static bool take_service_port(const struct service_reader *reader, const struct xml_element *element,
			      enum firewalld_kind kind)
{
	struct firewalld *firewalld = reader->firewalld;
	struct firewalld_part part = {.kind = kind, .place = element->place};
	struct firewalld_ports ports;
	unsigned number;

	part.port = kind == FIREWALLD_PROTOCOL ? "" : firewalld_attribute(firewalld, element, "port");
	part.protocol = firewalld_attribute(firewalld, element, kind == FIREWALLD_PROTOCOL ? "value" : "protocol");
	if (!part.port)
		return missing(firewalld, element, "port");
	if (!part.protocol)
		return missing(firewalld, element, "protocol");
	if (kind == FIREWALLD_PORT && !*part.port)
		part.kind = FIREWALLD_PROTOCOL;
	if (part.kind == FIREWALLD_PROTOCOL) {
		if (!firewalld_parse_protocol(firewalld, part.protocol, &number))
			return firewalld_refuse(firewalld, element->place, "INVALID_PROTOCOL: %s", part.protocol);
	} else if (!firewalld_parse_ports(firewalld, part.port, &ports)) {
		return firewalld_refuse(firewalld, element->place, "INVALID_PORT: %s", part.port);
	} else if (!firewalld_is_port_protocol(part.protocol)) {
		return firewalld_refuse(firewalld, element->place, "INVALID_PROTOCOL: %s", part.protocol);
	}
	*array_push(firewalld->arena, &reader->service->parts) = part;
	return true;
}

static bool take_destination(const struct service_reader *reader, const struct xml_element *element, bool ipv6)
{
	const char *address = firewalld_attribute(reader->firewalld, element, ipv6 ? "ipv6" : "ipv4");
	const char **destination = ipv6 ? &reader->service->ipv6 : &reader->service->ipv4;

	if (!address)
		return true;
	if (!firewalld_is_address(address, ipv6))
		return firewalld_refuse(reader->firewalld, element->place, "INVALID_ADDR: '%s' is not valid %s address",
					address, ipv6 ? "ipv6" : "ipv4");
	if (!*destination)
		*destination = address;
	return true;
}

static bool take_name(const struct service_reader *reader, const struct xml_element *element, const char *attribute,
		      firewalld_name_list *names)
{
	const char *name = firewalld_attribute(reader->firewalld, element, attribute);

	if (!name)
		return missing(reader->firewalld, element, attribute);
	*array_push(reader->firewalld->arena, names) = (struct firewalld_name){name, element->place};
	return true;
}

static bool start_service(void *context, const struct xml_element *element)
{
	const struct service_reader *reader = context;

	if (!firewalld_check_element(reader->firewalld, FIREWALLD_FORMAT_SERVICE, element))
		return false;
	if (string_equal(element->name, "port"))
		return take_service_port(reader, element, FIREWALLD_PORT);
	if (string_equal(element->name, "source-port"))
		return take_service_port(reader, element, FIREWALLD_SOURCE_PORT);
	if (string_equal(element->name, "protocol"))
		return take_service_port(reader, element, FIREWALLD_PROTOCOL);
	if (string_equal(element->name, "destination"))
		return take_destination(reader, element, false) && take_destination(reader, element, true);
	if (string_equal(element->name, "include"))
		return take_name(reader, element, "service", &reader->service->includes);
	if (string_equal(element->name, "module"))
		return take_name(reader, element, "name", &reader->service->modules);
	if (string_equal(element->name, "helper"))
		return take_name(reader, element, "name", &reader->service->helpers);
	return true;
}

static bool end_nothing(void *context, const char *name, const char *text)
{
	(void)context;
	(void)name;
	(void)text;
	return true;
}

bool firewalld_read_service(struct firewalld *firewalld, const char *path, const char *name)
{
	struct firewalld_service *service = ARENA_NEW(firewalld->arena, struct firewalld_service);
	struct service_reader reader = {firewalld, service};
	struct xml_handler handler = {&reader, start_service, end_nothing};

	service->name = name;
	service->place = (struct place){.path = path};
	if (!firewalld_parse_file(firewalld, path, &handler))
		return false;
	string_map_put(firewalld->arena, &firewalld->services, name, service);
	*array_push(firewalld->arena, &firewalld->service_list) = service;
	return true;
}

/* --- ipsets ----------------------------------------------------------------- */

static const char *const option_names[] = {"family", "timeout", "hashsize", "maxelem"};

struct ipset_reader {
	struct firewalld *firewalld;
	struct firewalld_ipset *ipset;
	struct place entry; /* where the last element began */
};

static bool is_ipset_type(const char *type)
{
	static const char *const types[] = {
	    "hash:ip",	    "hash:ip,port",  "hash:ip,port,ip",	  "hash:ip,port,net", "hash:ip,mark", "hash:net",
	    "hash:net,net", "hash:net,port", "hash:net,port,net", "hash:net,iface",   "hash:mac"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (string_equal(types[i], type))
			return true;
	}
	return false;
}

static bool take_option(const struct ipset_reader *reader, const struct xml_element *element)
{
	const char *name = xml_attribute(element, "name"),
		   *value = firewalld_attribute(reader->firewalld, element, "value");
	struct firewalld_ipset *ipset = reader->ipset;
	size_t option = 0;
	int64_t number;

	while (option < ARRAY_SIZE(option_names) && !string_equal(option_names[option], name))
		option++;
	if (option == ARRAY_SIZE(option_names))
		return firewalld_refuse(reader->firewalld, element->place, "INVALID_OPTION: Unknown option '%s'", name);
	if (!value || !*value || (option == 0 && ipset->type && string_equal(ipset->type, "hash:mac")) ||
	    (option > 0 && (!firewalld_parse_integer(value, false, &number) || number < 0)) ||
	    (option == 0 && !string_equal(value, "inet") && !string_equal(value, "inet6")))
		return firewalld_refuse(reader->firewalld, element->place, "INVALID_VALUE: Option '%s'", name);
	if (!ipset->options[option])
		ipset->options[option] = value;
	return true;
}

static bool start_ipset(void *context, const struct xml_element *element)
{
	struct ipset_reader *reader = context;

	if (!firewalld_check_element(reader->firewalld, FIREWALLD_FORMAT_IPSET, element))
		return false;
	reader->entry = element->place;
	if (string_equal(element->name, "option"))
		return take_option(reader, element);
	if (!string_equal(element->name, "ipset"))
		return true;
	reader->ipset->type = firewalld_attribute(reader->firewalld, element, "type");
	reader->ipset->place = element->place;
	return is_ipset_type(reader->ipset->type) ||
	       firewalld_refuse(reader->firewalld, element->place, "INVALID_TYPE: %s", reader->ipset->type);
}

static bool end_ipset(void *context, const char *name, const char *text)
{
	struct ipset_reader *reader = context;

	if (string_equal(name, "entry"))
		*array_push(reader->firewalld->arena, &reader->ipset->entries) =
		    (struct firewalld_name){arena_strdup(reader->firewalld->arena, text), reader->entry};
	return true;
}

bool firewalld_read_ipset(struct firewalld *firewalld, const char *path, const char *name)
{
	struct firewalld_ipset *ipset = ARENA_NEW(firewalld->arena, struct firewalld_ipset), *overridden;
	struct ipset_reader reader = {.firewalld = firewalld, .ipset = ipset};
	struct xml_handler handler = {&reader, start_ipset, end_ipset};

	ipset->name = name;
	ipset->place = (struct place){.path = path};
	if (!firewalld_parse_file(firewalld, path, &handler))
		return false;
	if (!ipset->type)
		return firewalld_refuse(firewalld, ipset->place, "INVALID_TYPE: '' is not supported by ipset.");
	ipset->ipv6 = ipset->options[0] && string_equal(ipset->options[0], "inet6");
	/* Entries of a set with a timeout are ignored. */
	if (ipset->options[1] && !string_equal(ipset->options[1], "0"))
		ipset->entries.count = 0;
	overridden = string_map_get(&firewalld->ipsets, name);
	if (overridden) {
		*overridden = *ipset;
		return true;
	}
	*array_push(firewalld->arena, &firewalld->ipset_list) = ipset;
	string_map_put(firewalld->arena, &firewalld->ipsets, name, ipset);
	return true;
}

/* --- ICMP types and helpers ------------------------------------------------- */

struct icmptype_reader {
	struct firewalld *firewalld;
	struct firewalld_icmptype *type;
};

static bool says_yes(const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);

	return value && (string_equal_nocase(value, "yes") || string_equal_nocase(value, "true"));
}

static bool start_icmptype(void *context, const struct xml_element *element)
{
	const struct icmptype_reader *reader = context;

	if (!firewalld_check_element(reader->firewalld, FIREWALLD_FORMAT_ICMPTYPE, element))
		return false;
	if (string_equal(element->name, "destination")) {
		reader->type->ipv4 = reader->type->ipv4 || says_yes(element, "ipv4");
		reader->type->ipv6 = reader->type->ipv6 || says_yes(element, "ipv6");
	}
	return true;
}

bool firewalld_read_icmptype(struct firewalld *firewalld, const char *path, const char *name)
{
	struct icmptype_reader reader = {firewalld, ARENA_NEW(firewalld->arena, struct firewalld_icmptype)};
	struct xml_handler handler = {&reader, start_icmptype, end_nothing};

	reader.type->name = name;
	if (!firewalld_parse_file(firewalld, path, &handler))
		return false;
	string_map_put(firewalld->arena, &firewalld->icmptypes, name, reader.type);
	return true;
}

static bool start_helper(void *context, const struct xml_element *element)
{
	static const char prefix[] = "nf_conntrack_";
	struct firewalld *firewalld = context;
	const char *module = xml_attribute(element, "module"), *family = xml_attribute(element, "family");
	struct firewalld_ports ports;

	if (!firewalld_check_element(firewalld, FIREWALLD_FORMAT_HELPER, element))
		return false;
	if (string_equal(element->name, "helper")) {
		if (family && !string_equal(family, "ipv4") && !string_equal(family, "ipv6"))
			return firewalld_refuse(firewalld, element->place, "INVALID_IPV: '%s'", family);
		return (string_after(module, prefix) && module[strlen(prefix)]) ||
		       firewalld_refuse(firewalld, element->place, "INVALID_MODULE: '%s'", module);
	}
	if (!string_equal(element->name, "port"))
		return true;
	if (!xml_attribute(element, "port") || !xml_attribute(element, "protocol"))
		return missing(firewalld, element, "port");
	if (!firewalld_parse_ports(firewalld, xml_attribute(element, "port"), &ports))
		return firewalld_refuse(firewalld, element->place, "INVALID_PORT: %s", xml_attribute(element, "port"));
	return firewalld_is_port_protocol(xml_attribute(element, "protocol")) ||
	       firewalld_refuse(firewalld, element->place, "INVALID_PROTOCOL: %s", xml_attribute(element, "protocol"));
}

bool firewalld_read_helper(struct firewalld *firewalld, const char *path, const char *name)
{
	struct xml_handler handler = {firewalld, start_helper, end_nothing};

	if (!firewalld_parse_file(firewalld, path, &handler))
		return false;
	string_map_put(firewalld->arena, &firewalld->helpers, name, (void *)name);
	return true;
}

/* --- by name ---------------------------------------------------------------- */

/* The package's own files are taken to be whole: each is read only when something names it. */
static void *find(struct firewalld *firewalld, struct string_map *map, const char *directory, const char *name,
		  bool (*read)(struct firewalld *firewalld, const char *path, const char *name))
{
	void *found = string_map_get(map, name);
	const char *path;

	if (found || !*name || strchr(name, '/'))
		return found;
	path = arena_printf(firewalld->arena, FIREWALLD_VENDOR "/%s/%s.xml", directory, name);
	if (!target_exists(firewalld->target, path) || !read(firewalld, path, arena_strdup(firewalld->arena, name)))
		return NULL;
	return string_map_get(map, name);
}

struct firewalld_service *firewalld_find_service(struct firewalld *firewalld, const char *name)
{
	return find(firewalld, &firewalld->services, "services", name, firewalld_read_service);
}

struct firewalld_icmptype *firewalld_find_icmptype(struct firewalld *firewalld, const char *name)
{
	return find(firewalld, &firewalld->icmptypes, "icmptypes", name, firewalld_read_icmptype);
}

struct firewalld_ipset *firewalld_find_ipset(struct firewalld *firewalld, const char *name)
{
	return string_map_get(&firewalld->ipsets, name);
}

bool firewalld_has_helper(struct firewalld *firewalld, const char *name)
{
	return find(firewalld, &firewalld->helpers, "helpers", name, firewalld_read_helper) != NULL;
}

struct firewalld_zone *firewalld_find_zone(struct firewalld *firewalld, const char *name)
{
	return string_map_get(&firewalld->zone_index, name);
}

bool firewalld_service_is_port(struct target *target, struct arena *arena, const char *service, unsigned port)
{
	struct load_report report = {0};
	struct firewalld firewalld = {.target = target, .arena = arena, .report = &report, .consequence = ""};
	const char *path = arena_printf(arena, FIREWALLD_ETC "/services/%s.xml", service);
	const struct firewalld_service *found;
	struct firewalld_ports ports;

	if (target_exists(target, path) && !firewalld_read_service(&firewalld, path, service))
		return false;
	found = firewalld_find_service(&firewalld, service);
	return found && found->parts.count == 1 && !found->includes.count && !found->ipv4 && !found->ipv6 &&
	       found->parts.items[0].kind == FIREWALLD_PORT && string_equal(found->parts.items[0].protocol, "tcp") &&
	       firewalld_parse_ports(&firewalld, found->parts.items[0].port, &ports) && ports.first == port &&
	       ports.last == port;
}
