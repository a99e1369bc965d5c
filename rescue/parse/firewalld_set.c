/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipsets, as nftables' sets and as ipset's own, and the tests that look into them. */
#include <stdlib.h>

#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	FIELDS = 8, /* of a key: a port has two, the protocol's and its own */
	PARTS = 4, /* of an ipset's type */
	PROTOCOL_TCP = 6,
};

struct key {
	char *parts[PARTS]; /* "ip", "port", … */
	size_t count;
};

static size_t split(struct arena *arena, const char *text, char *ret[PARTS])
{
	char *rest = arena_strdup(arena, text);
	const char *part;
	size_t count = 0;

	while (count < PARTS && (part = strsep(&rest, ",")))
		ret[count++] = (char *)part;
	return rest ? PARTS + 1 : count;
}

static void read_type(struct arena *arena, const struct firewalld_ipset *ipset, struct key *ret)
{
	ret->count = split(arena, string_after(ipset->type, "hash:"), ret->parts);
}

/* --- entries ---------------------------------------------------------------- */

struct entry_reader {
	const struct firewalld_builder *builder;
	const struct firewalld_ipset *ipset;
	const struct firewalld_name *entry;
	/* What check_entry() does not let through is left out; what the kernel refuses, refuses all. */
	bool left_out, refused;
	struct key_field *field; /* the next one */
};

static bool leave_out(struct entry_reader *reader)
{
	reader->left_out = true;
	return false;
}

static bool refuse(struct entry_reader *reader)
{
	reader->refused = true;
	return false;
}

/* first: the first part of the key, where "ip" may have a mask. */
static bool read_address(struct entry_reader *reader, char *text, bool net, bool first)
{
	bool ipv6 = reader->ipset->ipv6;
	char *hyphen = strchr(text, '-');
	struct number_range last;

	if (hyphen && (net || !ipv6)) {
		*hyphen = '\0';
		if (strchr(text, '/') || !firewalld_parse_address(text, ipv6, &reader->field->range) ||
		    (!net && strchr(hyphen + 1, '/')) || !firewalld_parse_address(hyphen + 1, ipv6, &last))
			return leave_out(reader);
		/* As one word it is no address to nft. */
		if (reader->builder->layout.nftables)
			return refuse(reader);
		reader->field++->range.last = last.last;
		return true;
	}
	if ((!net && !ipv6 && string_equal(text, "0.0.0.0")) || (net && string_ends_with(text, "/0")))
		return leave_out(reader);
	if (!net && (ipv6 || !first) ? !firewalld_is_single_address(text, ipv6) : !firewalld_is_address(text, ipv6))
		return leave_out(reader);
	/* A dotted mask is no number. */
	if (!firewalld_parse_address(text, ipv6, &reader->field->range) ||
	    (strchr(text, '/') && strchr(strchr(text, '/'), '.')))
		return refuse(reader);
	reader->field++;
	return true;
}

/* The protocol of "udp:53"; without one it is TCP. */
static bool read_port_protocol(struct firewalld *firewalld, const char *text, size_t length, unsigned *ret)
{
	static const struct {
		const char *name;
		unsigned number;
	} known[] = {{"tcp", PROTOCOL_TCP}, {"udp", 17}, {"sctp", 132}, {"udplite", 136}};
	const char *name = arena_memdup(firewalld->arena, text, length);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		*ret = known[i].number;
		if (string_equal(known[i].name, name))
			return true;
	}
	return firewalld_parse_protocol(firewalld, name, ret);
}

static bool read_port(struct entry_reader *reader, const char *text)
{
	struct firewalld *firewalld = reader->builder->firewalld;
	const char *colon = strchr(text, ':');
	unsigned protocol = PROTOCOL_TCP;
	struct firewalld_ports ports = {0};

	if (colon && !read_port_protocol(firewalld, text, (size_t)(colon - text), &protocol))
		return leave_out(reader);
	if (protocol != PROTOCOL_TCP) {
		/* Whatever it is about: no TCP. */
		reader->field++->range = (struct number_range){number_of(protocol), number_of(protocol)};
		reader->field++;
		return true;
	}
	if (!firewalld_parse_ports(firewalld, colon ? colon + 1 : text, &ports))
		return leave_out(reader);
	reader->field++->range = (struct number_range){number_of(protocol), number_of(protocol)};
	reader->field++->range = (struct number_range){number_of(ports.first), number_of(ports.last)};
	return true;
}

static bool read_part(struct entry_reader *reader, const char *kind, char *text, bool first)
{
	int64_t mark;

	if (string_equal(kind, "ip") || string_equal(kind, "net"))
		return read_address(reader, text, string_equal(kind, "net"), first);
	if (string_equal(kind, "port"))
		return read_port(reader, text);
	if (string_equal(kind, "mark")) {
		if (!firewalld_parse_integer(text, true, &mark) || mark < 0 || mark > UINT32_MAX)
			return leave_out(reader);
		reader->field++->range = (struct number_range){number_of((uint64_t)mark), number_of((uint64_t)mark)};
		return true;
	}
	if (string_equal(kind, "iface")) {
		if (!firewalld_is_interface(text) || strlen(text) > 15)
			return leave_out(reader);
		reader->field++->interface = (struct interface_name){.name = text};
		return true;
	}
	reader->field++;
	return firewalld_is_mac(text) || leave_out(reader);
}

static bool add_entry(const struct firewalld_builder *builder, struct firewalld_ipset *ipset, const struct key *key,
		      const struct firewalld_name *entry)
{
	struct arena *arena = builder->firewalld->arena;
	struct entry_reader reader = {.builder = builder, .ipset = ipset, .entry = entry};
	struct key_field fields[FIELDS] = {0};
	struct set_element *element;
	char *parts[PARTS];
	bool read = split(arena, entry->name, parts) == key->count || leave_out(&reader);

	reader.field = fields;
	for (size_t i = 0; read && i < key->count; i++)
		read = read_part(&reader, key->parts[i], parts[i], i == 0);
	if (reader.refused)
		return firewalld_refuse(builder->firewalld, entry->place, "COMMAND_FAILED: entry '%s' of ipset '%s'",
					entry->name, ipset->name);
	if (!read) {
		firewalld_leave_out(builder->firewalld, entry->place, "INVALID_ENTRY: '%s', ignoring.", entry->name);
		return true;
	}
	element = set_add_element(builder->firewalld->ruleset, ipset->set);
	memcpy(element->key, fields, ipset->set->field_count * sizeof(*fields));
	element->place = entry->place;
	return true;
}

static int compare_first(const void *a, const void *b)
{
	const struct set_element *const *first = a, *const *second = b;

	return number_compare((*first)->key[0].range.first, (*second)->key[0].range.first);
}

/* nft takes no overlapping ranges in a set that is not to merge them; the same range twice it does. */
static bool check_overlaps(const struct firewalld_builder *builder, const struct firewalld_ipset *ipset)
{
	struct arena *arena = builder->firewalld->arena;
	size_t count = ipset->set->elements.count;
	struct set_element **sorted = arena_alloc(arena, count * sizeof(*sorted));
	struct number_range last = {0};

	for (size_t i = 0; i < count; i++)
		sorted[i] = &ipset->set->elements.items[i];
	if (count)
		qsort(sorted, count, sizeof(struct set_element *), compare_first);
	for (size_t i = 0; i < count; i++) {
		struct number_range range = sorted[i]->key[0].range;

		if (i && number_compare(range.first, last.last) <= 0 &&
		    (number_compare(range.first, last.first) != 0 || number_compare(range.last, last.last) != 0))
			return firewalld_refuse(builder->firewalld, sorted[i]->place,
						"COMMAND_FAILED: conflicting intervals specified in ipset '%s'",
						ipset->name);
		last = range;
	}
	return true;
}

static bool make_set(const struct firewalld_builder *builder, struct firewalld_ipset *ipset)
{
	struct key key;
	unsigned fields = 0;
	bool plain;

	read_type(builder->firewalld->arena, ipset, &key);
	for (size_t i = 0; i < key.count; i++)
		fields += string_equal(key.parts[i], "port") ? 2 : 1;
	/* A set of ipset's own has no table; the two families share it. */
	ipset->set =
	    table_add_set(builder->firewalld->ruleset, builder->layout.nftables ? builder->layout.filter : NULL,
			  builder->layout.nftables ? ipset->name : NULL, fields);
	ipset->set->dynamic = ipset->options[1] && !string_equal(ipset->options[1], "0");
	for (size_t i = 0; i < ipset->entries.count; i++) {
		if (!add_entry(builder, ipset, &key, &ipset->entries.items[i]))
			return false;
	}
	plain = fields == 1 && !string_equal(ipset->type, "hash:mac");
	return !plain || !builder->layout.nftables || check_overlaps(builder, ipset);
}

bool firewalld_make_sets(const struct firewalld_builder *builder)
{
	for (size_t i = 0; i < builder->firewalld->ipset_list.count; i++) {
		if (!make_set(builder, builder->firewalld->ipset_list.items[i]))
			return false;
	}
	return true;
}

/* --- lookups ---------------------------------------------------------------- */

static struct key_part key_part(const struct firewalld_builder *builder, const struct firewalld_ipset *ipset,
				const char *kind, bool destination)
{
	/* In nftables, firewalld takes the interface of the other direction. */
	bool in = builder->layout.nftables ? destination : !destination;

	if (string_equal(kind, "ip") || string_equal(kind, "net"))
		return (struct key_part){.selector = destination ? SELECT_DESTINATION : SELECT_SOURCE,
					 .ipv6 = ipset->ipv6};
	if (string_equal(kind, "port"))
		return (struct key_part){.selector = destination ? SELECT_DESTINATION_PORT : SELECT_SOURCE_PORT};
	if (string_equal(kind, "iface"))
		return (struct key_part){.selector = in ? SELECT_IN_INTERFACE : SELECT_OUT_INTERFACE};
	if (string_equal(kind, "mark"))
		return (struct key_part){.selector = SELECT_MARK};
	return (struct key_part){.selector = SELECT_OTHER, .name = "the client's MAC address"};
}

bool firewalld_add_set_test(const struct firewalld_builder *builder, statement_list *list, const char *name,
			    bool destination, bool invert, struct place place)
{
	struct arena *arena = builder->firewalld->arena;
	struct firewalld_ipset *ipset = firewalld_find_ipset(builder->firewalld, name);
	struct statement *statement;
	struct key_part *parts;
	unsigned field = 0;
	struct key key;

	if (!ipset)
		return firewalld_refuse(builder->firewalld, place, "INVALID_IPSET: %s", name);
	read_type(arena, ipset, &key);
	parts = arena_alloc(arena, ipset->set->field_count * sizeof(*parts));
	for (size_t i = 0; i < key.count; i++) {
		if (string_equal(key.parts[i], "port"))
			parts[field++] = (struct key_part){.selector = SELECT_PROTOCOL};
		parts[field++] = key_part(builder, ipset, key.parts[i], destination);
	}
	statement = array_push(arena, list);
	*statement = (struct statement){.kind = STATEMENT_LOOKUP,
					.lookup = {.set = ipset->set, .parts = parts, .negate = invert}};
	return true;
}
