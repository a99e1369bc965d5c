/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what a packet is told to belong to a zone: interfaces and sources. */
#include "base/text.h"
#include "parse/firewalld_dispatch.h"

enum {
	INTERFACE_MAXIMUM = 15, /* the kernel's limit, one less than firewalld's own */
};

static bool is_network(const char *source)
{
	return !string_after(source, "ipset:") && !firewalld_is_mac(source);
}

/* Not every ipset fits. */
static bool check_ipset(struct firewalld *firewalld, const struct firewalld_name *source)
{
	static const char *const types[] = {"hash:ip",	     "hash:ip,port",   "hash:ip,mark", "hash:net",
					    "hash:net,port", "hash:net,iface", "hash:mac"};
	const char *name = string_after(source->name, "ipset:");
	const struct firewalld_ipset *ipset = name ? firewalld_find_ipset(firewalld, name) : NULL;

	if (!name)
		return true;
	if (!ipset)
		return firewalld_refuse(firewalld, source->place, "INVALID_IPSET: %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (string_equal(types[i], ipset->type))
			return true;
	}
	return firewalld_refuse(firewalld, source->place,
				"INVALID_IPSET: ipset '%s' with type '%s' not usable as source", name, ipset->type);
}

static struct firewalld_origin *add_origin(const struct firewalld_builder *builder, const struct firewalld_zone *zone,
					   const struct firewalld_name *name, bool is_source,
					   firewalld_origin_list *list)
{
	size_t position = list->count;
	struct firewalld_origin *origin = array_push(builder->firewalld->arena, list);

	*origin = (struct firewalld_origin){
	    .zone = zone, .name = name->name, .place = name->place, .is_source = is_source, .position = position};
	return origin;
}

static bool list_networks(const struct firewalld_builder *builder, const struct firewalld_zone *zone, bool ipv6,
			  firewalld_origin_list *list)
{
	struct firewalld_origin *origin = NULL;

	for (size_t i = 0; i < zone->sources.count; i++) {
		const struct firewalld_name *source = &zone->sources.items[i];
		struct number_range range;

		if (!is_network(source->name) || firewalld_is_address(source->name, false) == ipv6)
			continue;
		if (!firewalld_read_network(builder, source->name, ipv6, source->place, &range))
			return false;
		if (!origin)
			origin = add_origin(builder, zone, source, true, list);
		origin->ipv6 = ipv6;
		number_set_add(builder->firewalld->arena, &origin->networks, range.first, range.last);
	}
	if (origin)
		number_set_settle(&origin->networks);
	return true;
}

bool firewalld_list_origins(const struct firewalld_builder *builder, const struct firewalld_zone *zone,
			    firewalld_origin_list *list)
{
	for (size_t i = 0; i < zone->interfaces.count; i++) {
		const struct firewalld_name *interface = &zone->interfaces.items[i];

		if (strlen(interface->name) > INTERFACE_MAXIMUM)
			return firewalld_refuse(builder->firewalld, interface->place,
						"COMMAND_FAILED: the interface's name is too long");
		add_origin(builder, zone, interface, false, list);
	}
	for (size_t i = 0; i < zone->sources.count; i++) {
		const struct firewalld_name *source = &zone->sources.items[i];

		if (!check_ipset(builder->firewalld, source))
			return false;
		if (!is_network(source->name))
			add_origin(builder, zone, source, true, list);
	}
	return list_networks(builder, zone, false, list) && list_networks(builder, zone, true, list);
}

void firewalld_add_interface_test(struct arena *arena, statement_list *list, enum selector selector, const char *name)
{
	size_t length = strlen(name);
	bool prefix = length && name[length - 1] == '+';
	struct statement *statement;

	if (prefix && length == 1)
		return;
	statement = array_push(arena, list);
	*statement = (struct statement){.kind = STATEMENT_TEST, .test.selector = selector};
	*array_push(arena, &statement->test.interfaces) =
	    (struct interface_name){arena_memdup(arena, name, length - prefix), prefix};
}

bool firewalld_add_origin_test(const struct firewalld_builder *builder, statement_list *list,
			       const struct firewalld_origin *origin, bool destination, bool *ret_applies)
{
	struct arena *arena = builder->firewalld->arena;
	struct statement *statement;

	*ret_applies = true;
	if (!origin->is_source) {
		firewalld_add_interface_test(arena, list, destination ? SELECT_OUT_INTERFACE : SELECT_IN_INTERFACE,
					     origin->name);
		return true;
	}
	if (!origin->networks.count)
		return firewalld_add_address_test(builder, list, origin->name, destination, false, origin->place,
						  ret_applies);
	*ret_applies = origin->ipv6 ? builder->layout.ipv6 : builder->layout.ipv4;
	statement = array_push(arena, list);
	*statement = (struct statement){.kind = STATEMENT_TEST};
	statement->test.selector = destination ? SELECT_DESTINATION : SELECT_SOURCE;
	statement->test.ipv6 = origin->ipv6;
	statement->test.numbers = origin->networks;
	return true;
}
