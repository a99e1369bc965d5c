/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firewalld takes for a port, a protocol, an address: src/firewall/functions.py. */
#include "base/ctype.h"
#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	PORT_MAXIMUM = 65535,
	PROTOCOL_MAXIMUM = 255,
	INTERFACE_MAXIMUM = 16, /* firewalld's own limit: one more than the kernel's */
	ADDRESS_LIMIT = 64,
	NAME_PARTS = 8, /* hyphens in the name of a port: none has that many */
};

bool firewalld_parse_integer(const char *text, bool any_base, int64_t *ret)
{
	uint64_t value = 0, base = 10;
	bool negative, leading_zero;
	size_t digits = 0, length;

	text += strspn(text, " \t\r\n\v\f");
	length = strlen(text);
	while (length && char_is_space(text[length - 1]))
		length--;
	negative = length && *text == '-';
	if (length && (*text == '-' || *text == '+')) {
		text++;
		length--;
	}
	if (any_base && length > 2 && text[0] == '0' && char_to_lower(text[1]) == 'x') {
		base = 16;
		text += 2;
		length -= 2;
	}
	leading_zero = any_base && base == 10 && length > 1 && *text == '0';
	for (size_t i = 0; i < length; i++) {
		int digit = char_hex_value(text[i]);

		if (digit < 0 || (uint64_t)digit >= base || value > UINT32_MAX)
			return false;
		value = value * base + (uint64_t)digit;
		digits++;
	}
	if (!digits || (leading_zero && value))
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* Each line: a name, a number, aliases. */
static void read_names(struct firewalld *firewalld, const char *path, struct string_map *map)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	if (target_read(firewalld->target, path, TARGET_FILE_LIMIT, firewalld->arena, &content, NULL) < 0)
		return;
	while (next_line(&content, &offset, &line, &length)) {
		char *rest = arena_memdup(firewalld->arena, line, length), *name, *number, *word;
		unsigned *value;

		rest[strcspn(rest, "#")] = '\0';
		name = strtok_r(rest, " \t\r", &rest);
		number = name ? strtok_r(rest, " \t\r", &rest) : NULL;
		if (!number)
			continue;
		value = ARENA_NEW(firewalld->arena, unsigned);
		while (char_is_digit(*number) && *value <= PORT_MAXIMUM)
			*value = *value * 10 + (unsigned)(*number++ - '0');
		for (word = name; word; word = strtok_r(rest, " \t\r", &rest)) {
			if (!string_map_get(map, word))
				string_map_put(firewalld->arena, map, word, value);
		}
	}
}

static const unsigned *find_name(struct firewalld *firewalld, const char *name, bool protocol)
{
	if (!firewalld->names_read) {
		firewalld->names_read = true;
		read_names(firewalld, "/etc/services", &firewalld->port_names);
		read_names(firewalld, "/etc/protocols", &firewalld->protocol_names);
	}
	return string_map_get(protocol ? &firewalld->protocol_names : &firewalld->port_names, name);
}

/* getPortID(): a number or a name. */
static bool parse_port(struct firewalld *firewalld, const char *text, size_t length, unsigned *ret)
{
	char *name = arena_memdup(firewalld->arena, text, length);
	const unsigned *known;
	int64_t number;

	if (firewalld_parse_integer(name, false, &number)) {
		*ret = (unsigned)number;
		return number >= 0 && number <= PORT_MAXIMUM;
	}
	known = find_name(firewalld, name, false);
	if (known)
		*ret = *known;
	return known != NULL;
}

/* getPortRange(): names may have hyphens in them, so every one may be the one between two ports. */
bool firewalld_parse_ports(struct firewalld *firewalld, const char *text, struct firewalld_ports *ret)
{
	const char *hyphens[NAME_PARTS];
	size_t count = 0, matches = 0;

	for (const char *hyphen = strchr(text, '-'); hyphen; hyphen = strchr(hyphen + 1, '-')) {
		if (count == NAME_PARTS)
			return false;
		hyphens[count++] = hyphen;
	}
	if (parse_port(firewalld, text, strlen(text), &ret->first)) {
		ret->last = ret->first;
		return true;
	}
	while (count-- > 0) {
		unsigned first, last;

		if (!parse_port(firewalld, text, (size_t)(hyphens[count] - text), &first) || !hyphens[count][1] ||
		    !parse_port(firewalld, hyphens[count] + 1, strlen(hyphens[count] + 1), &last))
			continue;
		ret->first = first < last ? first : last;
		ret->last = first < last ? last : first;
		matches++;
	}
	return matches == 1;
}

bool firewalld_is_port_protocol(const char *text)
{
	return string_equal(text, "tcp") || string_equal(text, "udp") || string_equal(text, "sctp") ||
	       string_equal(text, "dccp");
}

bool firewalld_parse_protocol(struct firewalld *firewalld, const char *text, unsigned *ret)
{
	const unsigned *known;
	int64_t number;

	if (firewalld_parse_integer(text, false, &number)) {
		*ret = (unsigned)number;
		return number >= 0 && number <= PROTOCOL_MAXIMUM;
	}
	known = find_name(firewalld, text, true);
	if (known)
		*ret = *known;
	return known != NULL;
}

/* Rich_Limit.check(): not so slow that iptables would not take it. */
bool firewalld_is_limit(const char *text)
{
	static const struct {
		const char *name;
		bool slow;
	} units[] = {{"s", false}, {"second", false}, {"m", false}, {"minute", false},
		     {"h", false}, {"hour", false},   {"d", true},  {"day", true}};
	const char *slash = strchr(text, '/');
	char number[ADDRESS_LIMIT];
	int64_t rate;

	if (!slash || (size_t)(slash - text) >= sizeof(number))
		return false;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	if (!firewalld_parse_integer(number, false, &rate) || rate < 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (string_equal(slash + 1, units[i].name))
			return !(rate == 1 && units[i].slow);
	}
	return false;
}

bool firewalld_is_mac(const char *text)
{
	if (strlen(text) != 17)
		return false;
	for (size_t i = 0; i < 17; i++) {
		if (i % 3 == 2 ? text[i] != ':' : char_hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

bool firewalld_is_interface(const char *text)
{
	return *text && strlen(text) <= INTERFACE_MAXIMUM && !strpbrk(text, " /!*");
}

/* An IPv6 address may be in brackets. */
static bool parse_single(const char *text, size_t length, bool ipv6, struct number *ret)
{
	char address[ADDRESS_LIMIT];

	while (ipv6 && length && strchr("[]", *text)) {
		text++;
		length--;
	}
	while (ipv6 && length && strchr("[]", text[length - 1]))
		length--;
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	return address_parse(address, ipv6, ret);
}

bool firewalld_is_single_address(const char *text, bool ipv6)
{
	struct number number;

	return parse_single(text, strlen(text), ipv6, &number);
}

/* A dotted mask, or what ipaddress.py calls a host mask: the prefix, or -1. */
static int mask_prefix(uint32_t mask)
{
	uint32_t inverse = ~mask;

	/* Netmasks first: 0.0.0.0 is one, although it could be the other as well. */
	if ((inverse & (inverse + 1)) == 0)
		return 32 - __builtin_popcount(inverse);
	return (mask & (mask + 1)) == 0 ? 32 - __builtin_popcount(mask) : -1;
}

/* 1: as numbers, 0: an address whose mask has holes, -1: none. */
static int parse_address(const char *text, bool ipv6, struct number_range *ret)
{
	const char *slash = strchr(text, '/');
	unsigned bits = ipv6 ? 128 : 32;
	struct number address, mask;
	int64_t prefix = bits;

	if (!parse_single(text, slash ? (size_t)(slash - text) : strlen(text), ipv6, &address))
		return -1;
	if (slash && !ipv6 && strchr(slash, '.')) {
		if (!address_parse(slash + 1, false, &mask))
			return -1;
		prefix = mask_prefix((uint32_t)mask.low);
	} else if (slash && (!firewalld_parse_integer(slash + 1, false, &prefix) || prefix < 0 || prefix > bits)) {
		return -1;
	}
	if (prefix < 0)
		return 0;
	ret->first = number_prefix_first(address, bits, (unsigned)prefix);
	ret->last = number_prefix_last(address, bits, (unsigned)prefix);
	return 1;
}

bool firewalld_is_address(const char *text, bool ipv6)
{
	struct number_range range;

	return parse_address(text, ipv6, &range) >= 0;
}

bool firewalld_parse_address(const char *text, bool ipv6, struct number_range *ret)
{
	return parse_address(text, ipv6, ret) > 0;
}
