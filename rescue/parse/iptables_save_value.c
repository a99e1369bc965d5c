/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options of rules take (libxtables/xtoptions.c and xtables.c of iptables 1.8.9): numbers, ports, marks,
 * addresses. */
#include "base/ctype.h"
#include "parse/iptables_save_private.h"

enum {
	PORT_LIMIT = 15, /* XT_MULTI_PORTS; a range counts twice */
	OCTETS = 4,
};

char *next_part(char **rest)
{
	char *part = *rest, *comma;

	if (!part)
		return NULL;
	comma = strchr(part, ',');
	if (comma)
		*comma++ = '\0';
	*rest = comma;
	return part;
}

bool read_number(const char *text, uint64_t maximum, uint64_t *ret)
{
	uint64_t value = 0, base = 10;

	if (*text == '0' && (text[1] == 'x' || text[1] == 'X') && char_hex_value(text[2]) >= 0) {
		base = 16;
		text += 2;
	} else if (*text == '0') {
		base = 8;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		int digit = char_hex_value(*text);

		if (digit < 0 || (uint64_t)digit >= base || value > (UINT64_MAX - (uint64_t)digit) / base)
			return false;
		value = value * base + (uint64_t)digit;
	}
	*ret = value;
	return value <= maximum;
}

bool read_port(struct rule_line *line, const char *text, const char *protocol, uint64_t *ret, bool *ret_unknown)
{
	unsigned port = 0;
	enum answer answer;

	if (read_number(text, UINT16_MAX, ret))
		return true;
	answer = *text ? find_service(line->loader, text, protocol, &port) : ANSWER_NO;
	*ret = port;
	if (answer == ANSWER_MAYBE) {
		uncertain(line->loader, "service `%s' is looked up when the rules are loaded", text);
		*ret_unknown = true;
	}
	return answer != ANSWER_NO || refuse(line->loader, "invalid port/service `%s' specified", text);
}

/* --- addresses --------------------------------------------------------------- */

/* Numbers between dots, each as C writes them; what is missing at the end is 0: "10.1" is 10.1.0.0. */
static bool read_dotted(const char *text, struct number *ret)
{
	char part[16];
	uint64_t value, address = 0;
	unsigned count = 0;

	for (;; count++) {
		size_t length = strcspn(text, ".");

		if (count == OCTETS || length >= sizeof(part))
			return false;
		memcpy(part, text, length);
		part[length] = '\0';
		if (!read_number(part, UINT8_MAX, &value))
			return false;
		address = address << 8 | value;
		if (!text[length])
			break;
		text += length + 1;
	}
	*ret = number_of(address << 8 * (OCTETS - 1 - count));
	return true;
}

static bool read_plain_address(const char *text, bool ipv6, struct number *ret)
{
	uint64_t value;

	if (ipv6)
		return address_parse(text, true, ret);
	if (read_dotted(text, ret))
		return true;
	/* The C library takes one number for a whole address. */
	if (!read_number(text, UINT32_MAX, &value))
		return false;
	*ret = number_of(value);
	return true;
}

/* Whether a resolver can make anything of it: a host name, with a top-level domain that is no number. */
static bool may_be_host_name(const char *text)
{
	const char *last = strrchr(text, '.');

	for (const char *c = text; *c; c++) {
		if (!char_is_alnum(*c) && *c != '.' && *c != '-' && *c != '_')
			return false;
	}
	last = last ? last + 1 : text;
	return *text && *text != '.' && *text != '-' && !char_is_digit(*last);
}

/* The mask as a number of leading bits or as an address; false when it is neither. */
static bool read_mask(const char *text, bool ipv6, struct number *ret)
{
	unsigned bits = ipv6 ? 128 : 32;
	uint64_t prefix;

	if (read_number(text, bits, &prefix)) {
		*ret = number_prefix_first(number_maximum(bits), bits, (unsigned)prefix);
		return true;
	}
	return address_parse(text, ipv6, ret);
}

static bool has_holes(struct number mask, unsigned bits)
{
	for (unsigned prefix = 0; prefix <= bits; prefix++) {
		if (number_compare(number_prefix_first(number_maximum(bits), bits, prefix), mask) == 0)
			return false;
	}
	return true;
}

static bool read_address(struct rule_line *line, const char *text, struct address_choice *ret)
{
	struct save_loader *loader = line->loader;
	bool ipv6 = loader->input->ipv6;
	unsigned bits = ipv6 ? 128 : 32;
	struct number mask = number_maximum(bits), address, first, last, maximum = mask;
	char *host = arena_strdup(loader->arena, text), *slash = strrchr(host, '/');

	*ret = (struct address_choice){0};
	if (slash) {
		*slash = '\0';
		if (!read_mask(slash + 1, ipv6, &mask))
			return refuse(loader, "invalid mask `%s' specified", slash + 1);
	}
	if (!ipv6 && string_equal(host, "localhost")) {
		address = number_of(0x7f000001);
	} else if (!read_plain_address(host, ipv6, &address)) {
		if (!may_be_host_name(host))
			return refuse(loader, "host/network `%s' not found", host);
		uncertain(loader, "host/network `%s' is looked up when the rules are loaded", host);
		ret->unknown = true;
		return true;
	}
	first = (struct number){address.high & mask.high, address.low & mask.low};
	last = (struct number){first.high | (maximum.high & ~mask.high), first.low | (maximum.low & ~mask.low)};
	ret->holes = has_holes(mask, bits);
	number_set_add(loader->arena, &ret->numbers, first, last);
	return true;
}

bool read_address_list(struct rule_line *line, const char *text, address_choices *ret)
{
	struct arena *arena = line->loader->arena;
	char *rest = arena_strdup(arena, text), *part;

	ret->count = 0;
	while ((part = next_part(&rest))) {
		struct address_choice choice;

		if (!read_address(line, part, &choice))
			return false;
		*array_push(arena, ret) = choice;
	}
	return true;
}

static bool read_address_range(struct rule_line *line, const struct extension_use *use, struct option_use *option)
{
	struct save_loader *loader = line->loader;
	char *first = arena_strdup(loader->arena, option->text), *last = strchr(first, '-');
	struct number_range range;

	if (last)
		*last++ = '\0';
	else
		last = first;
	if (!address_parse(first, loader->input->ipv6, &range.first) ||
	    !address_parse(last, loader->input->ipv6, &range.last))
		return refuse(loader, "%s: Bad value for \"--%s\" option: \"%s\"", use->name, option->form->name,
			      option->text);
	/* A reversed range holds nothing. */
	if (number_compare(range.first, range.last) <= 0)
		number_set_add(loader->arena, &option->numbers, range.first, range.last);
	return true;
}

/* --- options ------------------------------------------------------------------ */

static bool bad_value(const struct rule_line *line, const struct extension_use *use, const struct option_use *option)
{
	return refuse(line->loader, "%s: bad value for option \"--%s\", or out of range: \"%s\"", use->name,
		      option->form->name, option->text);
}

static uint64_t maximum_of(const struct option_form *form)
{
	return form->maximum ? form->maximum : UINT32_MAX;
}

/* Both ends of "FIRST:LAST"; an end that is left out is "". */
static void split_range(struct arena *arena, const char *text, char **ret_first, char **ret_last)
{
	char *colon;

	*ret_first = arena_strdup(arena, text);
	colon = strchr(*ret_first, ':');
	if (colon)
		*colon++ = '\0';
	*ret_last = colon;
}

static bool read_number_range(struct rule_line *line, const struct extension_use *use, struct option_use *option)
{
	uint64_t maximum = maximum_of(option->form);
	char *first, *last;

	split_range(line->loader->arena, option->text, &first, &last);
	option->last = maximum;
	if (*first || !last) {
		if (!read_number(first, maximum, &option->number))
			return bad_value(line, use, option);
	}
	if (!last)
		option->last = option->number;
	else if (*last && !read_number(last, maximum, &option->last))
		return bad_value(line, use, option);
	return true;
}

static bool read_port_range(struct rule_line *line, const char *protocol, struct option_use *option)
{
	char *first, *last;

	split_range(line->loader->arena, option->text, &first, &last);
	option->last = UINT16_MAX;
	if ((*first || !last) && !read_port(line, first, protocol, &option->number, &option->unknown))
		return false;
	if (!last)
		option->last = option->number;
	else if (*last && !read_port(line, last, protocol, &option->last, &option->unknown))
		return false;
	if (option->number > option->last && !option->unknown)
		return refuse(line->loader, "invalid portrange (min > max)");
	return true;
}

static bool read_port_list(struct rule_line *line, struct option_use *option)
{
	struct arena *arena = line->loader->arena;
	char *rest = arena_strdup(arena, option->text), *part;
	const char *protocol = protocol_name(line->protocol);
	unsigned count = 0;

	while ((part = next_part(&rest))) {
		char *last = strchr(part, ':');
		uint64_t first_port, last_port;

		if (last)
			*last++ = '\0';
		count += last ? 2 : 1;
		if (count > PORT_LIMIT)
			return refuse(line->loader, "too many ports specified");
		if (!read_port(line, part, protocol, &first_port, &option->unknown))
			return false;
		last_port = first_port;
		if (last && !read_port(line, last, protocol, &last_port, &option->unknown))
			return false;
		if (first_port > last_port || (last && first_port == last_port))
			return refuse(line->loader, "invalid portrange specified");
		number_set_add(arena, &option->numbers, number_of(first_port), number_of(last_port));
	}
	number_set_settle(&option->numbers);
	return true;
}

static bool read_mark(struct rule_line *line, const struct extension_use *use, struct option_use *option)
{
	char *value = arena_strdup(line->loader->arena, option->text), *mask = strchr(value, '/');

	if (mask)
		*mask++ = '\0';
	option->mask = UINT32_MAX;
	if (!read_number(value, UINT32_MAX, &option->number) || (mask && !read_number(mask, UINT32_MAX, &option->mask)))
		return refuse(line->loader, "%s: bad integer value for option \"--%s\", or out of range.", use->name,
			      option->form->name);
	return true;
}

static bool read_option_address(struct rule_line *line, struct option_use *option)
{
	struct address_choice choice;

	if (!read_address(line, option->text, &choice))
		return false;
	option->numbers = choice.numbers;
	option->address_mask = choice.holes;
	option->unknown = choice.unknown;
	return true;
}

bool read_value(struct rule_line *line, const struct extension_use *use, struct option_use *option)
{
	switch (option->form->value) {
	case VALUE_NUMBER:
		if (!read_number(option->text, maximum_of(option->form), &option->number) ||
		    option->number < option->form->minimum)
			return bad_value(line, use, option);
		return true;
	case VALUE_NUMBER_RANGE:
		return read_number_range(line, use, option);
	case VALUE_PORT_RANGE:
		return read_port_range(line, use->extension->protocols ? use->name : "", option);
	case VALUE_PORT_LIST:
		return read_port_list(line, option);
	case VALUE_MARK:
		return read_mark(line, use, option);
	case VALUE_ADDRESS:
		return read_option_address(line, option);
	case VALUE_ADDRESS_RANGE:
		return read_address_range(line, use, option);
	default:
		return true;
	}
}
