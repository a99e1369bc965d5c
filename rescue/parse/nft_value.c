/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of an expression's right side as the numbers and interfaces that they stand for (datatype.c, meta.c of
 * nftables). */
#include "parse/nft_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ctype.h"

enum {
	SERVICES_LIMIT = 1024 * 1024,
	INTERFACE_NAME_SIZE = 16, /* IFNAMSIZ */
	LOOPBACK_INDEX = 1,
	UNKNOWN_USER = 65533, /* stands for an account that is there, but whose number was not asked for */
};

/* --- services -------------------------------------------------------------- */

struct service {
	const char *name;
	uint64_t port;
};

struct nft_services {
	bool read;
	bool there; /* the target has the file */
	ARRAY_OF(struct service) items;
};

static int compare_services(const void *a, const void *b)
{
	return strcmp(((const struct service *)a)->name, ((const struct service *)b)->name);
}

static void add_service(struct nft_parser *parser, const char *name, uint64_t port)
{
	struct service *service = array_push(parser->arena, &parser->services->items);

	*service = (struct service){name, port};
}

/* services(5): NAME PORT/PROTOCOL [ALIAS …] [# comment] */
static void read_service(struct nft_parser *parser, char *line)
{
	char *rest = NULL, *name, *port, *slash, *alias;
	uint64_t number;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, " \t\r", &rest);
	port = name ? strtok_r(NULL, " \t\r", &rest) : NULL;
	slash = port ? strchr(port, '/') : NULL;
	if (!slash)
		return;
	*slash = '\0';
	if (!parse_number(port, UINT16_MAX, &number))
		return;
	add_service(parser, name, number);
	while ((alias = strtok_r(NULL, " \t\r", &rest)))
		add_service(parser, alias, number);
}

static void read_services(struct nft_parser *parser)
{
	struct blob content;
	size_t offset = 0, length;
	const char *line;

	parser->services->read = true;
	if (!parser->target ||
	    target_read(parser->target, "/etc/services", SERVICES_LIMIT, parser->arena, &content, NULL) < 0)
		return;
	parser->services->there = true;
	while (next_line(&content, &offset, &line, &length))
		read_service(parser, arena_memdup(parser->arena, line, length));
	if (parser->services->items.count)
		qsort(parser->services->items.items, parser->services->items.count,
		      sizeof(*parser->services->items.items), compare_services);
}

struct nft_services *nft_services(struct arena *arena)
{
	return ARENA_NEW(arena, struct nft_services);
}

/* A port's name is resolved by the C library. The well-known ones are the same everywhere; without the file there are
 * none at all, if the machine has no other source of them. */
static bool resolve_service(struct nft_parser *parser, const struct nft_node *node, uint64_t *ret, bool *ret_unknown)
{
	struct service key = {node->text, 0}, *found = NULL;

	if (!parser->services->read)
		read_services(parser);
	if (parser->services->items.count)
		found = bsearch(&key, parser->services->items.items, parser->services->items.count, sizeof(key),
				compare_services);
	if (found) {
		*ret = found->port;
		return true;
	}
	if (!parser->target) {
		*ret_unknown = !nft_known_service(node->text, ret);
		return true;
	}
	return nft_refuse(parser, &node->at,
			  parser->services->there ? "Could not resolve service: Servname not supported for ai_socktype"
						  : "Could not resolve service: there is no /etc/services");
}

/* --- accounts -------------------------------------------------------------- */

/* Only the superuser's number matters: sshd listens as root. */
static bool resolve_account(struct nft_parser *parser, const struct nft_node *node, bool group, uint64_t *ret)
{
	struct blob content;
	size_t offset = 0, length, name = strlen(node->text);
	const char *line;

	*ret = string_equal(node->text, "root") ? 0 : UNKNOWN_USER;
	if (!*ret)
		return true;
	if (parser->target && target_read(parser->target, group ? "/etc/group" : "/etc/passwd", TARGET_FILE_LIMIT,
					  parser->arena, &content, NULL) == 0) {
		while (next_line(&content, &offset, &line, &length)) {
			if (length > name && memcmp(line, node->text, name) == 0 && line[name] == ':')
				return true;
		}
	}
	nft_uncertain(parser, &node->at, "whether the %s %s exists when the rules are loaded", group ? "group" : "user",
		      node->text);
	return true;
}

/* --- addresses and names --------------------------------------------------- */

static bool resolve_address(struct nft_parser *parser, const struct nft_node *node, bool ipv6, struct number *ret,
			    bool *ret_unknown)
{
	struct number other;

	if (address_parse(node->text, ipv6, ret))
		return true;
	if (string_equal(node->text, "localhost") || string_equal(node->text, "ip6-localhost"))
		return address_parse(ipv6 ? "::1" : "127.0.0.1", ipv6, ret);
	if (address_parse(node->text, !ipv6, &other))
		return nft_refuse(parser, &node->at,
				  "Could not resolve hostname: Address family for hostname not supported");
	/* No name begins so, and no resolver will find it. */
	if (char_is_digit(node->text[0]) && strspn(node->text, "0123456789.") == strlen(node->text))
		return nft_refuse(parser, &node->at, "Could not resolve hostname: Name or service not known");
	nft_uncertain(parser, &node->at, "the name %s needs a resolver when the rules are loaded", node->text);
	*ret_unknown = true;
	return true;
}

/* Only the loopback is certain to be there when the rules are loaded, and to have the number 1. */
static bool resolve_interface(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			      struct interface_name *ret, bool *ret_unknown)
{
	size_t length = strlen(node->text);
	uint64_t index;

	if (type->type == TYPE_INTERFACE_INDEX && parse_number(node->text, UINT32_MAX, &index)) {
		*ret = (struct interface_name){.name = "lo"};
		*ret_unknown = index != LOOPBACK_INDEX;
		return true;
	}
	if (length > INTERFACE_NAME_SIZE)
		return nft_refuse(parser, &node->at, "String exceeds maximum length of %d", INTERFACE_NAME_SIZE);
	*ret = (struct interface_name){.name = node->text};
	if (type->type == TYPE_INTERFACE_INDEX) {
		if (strchr(node->text, '*'))
			return nft_refuse(parser, &node->at, "Interface does not exist");
		if (!string_equal(node->text, "lo"))
			nft_uncertain(parser, &node->at, "the interface %s must exist when the rules are loaded",
				      node->text);
		return true;
	}
	if (!length || node->text[length - 1] != '*')
		return true;
	if (length == 1)
		return nft_refuse(parser, &node->at, "All-wildcard strings are not supported");
	/* A backslash makes it an ordinary character. */
	if (node->text[length - 2] == '\\') {
		ret->name = arena_printf(parser->arena, "%.*s*", (int)length - 2, node->text);
		return true;
	}
	ret->name = arena_memdup(parser->arena, node->text, length - 1);
	ret->prefix = true;
	return true;
}

/* --- one word -------------------------------------------------------------- */

static bool parse_integer(const char *text, uint64_t *ret)
{
	char *end;

	if (!char_is_digit(text[0]))
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return !errno && !*end;
}

static bool check_range(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			uint64_t number)
{
	uint64_t maximum = number_maximum(type->bits < 64 ? type->bits : 64).low;

	if (number <= maximum)
		return true;
	if (type->type == TYPE_SERVICE)
		return nft_refuse(parser, &node->at, "Service out of range");
	return nft_refuse(parser, &node->at, "Value %llu exceeds valid range 0-%llu", (unsigned long long)number,
			  (unsigned long long)maximum);
}

/* Ether types are told apart as the families that they stand for. */
static uint64_t ether_type_family(uint64_t number)
{
	if (number == 0x0800)
		return 2;
	return number == 0x86dd ? 10 : 0x10000 | number;
}

static bool resolve_word(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			 struct number *ret, bool *ret_unknown)
{
	uint64_t number = 0;

	if (type->type == TYPE_OTHER) {
		*ret_unknown = true;
		return true;
	}
	if (type->type == TYPE_ETHER_ADDRESS) {
		*ret_unknown = true;
		return strchr(node->text, ':') || nft_refuse(parser, &node->at, "Could not parse Ethernet address");
	}
	if (parse_integer(node->text, &number)) {
		*ret = number_of(type->type == TYPE_ETHER_TYPE ? ether_type_family(number) : number);
		return check_range(parser, type, node, number);
	}
	if (type->type == TYPE_IPV4 || type->type == TYPE_IPV6)
		return resolve_address(parser, node, type->type == TYPE_IPV6, ret, ret_unknown);
	if (nft_constant(type->type, node->text, &number)) {
		*ret = number_of(number);
		return true;
	}
	switch (type->type) {
	case TYPE_SERVICE:
		if (!resolve_service(parser, node, &number, ret_unknown))
			return false;
		break;
	case TYPE_USER:
	case TYPE_GROUP:
		if (!resolve_account(parser, node, type->type == TYPE_GROUP, &number))
			return false;
		break;
	case TYPE_PROTOCOL:
		return nft_refuse(parser, &node->at, "Could not resolve protocol name");
	case TYPE_MARK:
		/* Names of marks are in a file of iproute2. */
		*ret_unknown = true;
		break;
	default:
		return nft_refuse(parser, &node->at, "Could not parse %s", nft_type_description(type->type));
	}
	*ret = number_of(number);
	return true;
}

/* --- constant expressions -------------------------------------------------- */

static bool evaluate_operator(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			      struct number *ret, bool *ret_unknown)
{
	struct nft_field integer = {TYPE_INTEGER, 64};
	bool shift = node->kind == NODE_SHIFT_LEFT || node->kind == NODE_SHIFT_RIGHT;
	struct number left, right;

	if (!nft_evaluate(parser, type, node->left, &left, ret_unknown) ||
	    !nft_evaluate(parser, shift ? &integer : type, node->right, &right, ret_unknown))
		return false;
	switch (node->kind) {
	case NODE_AND:
		*ret = (struct number){left.high & right.high, left.low & right.low};
		break;
	case NODE_OR:
		*ret = (struct number){left.high | right.high, left.low | right.low};
		break;
	case NODE_XOR:
		*ret = (struct number){left.high ^ right.high, left.low ^ right.low};
		break;
	case NODE_SHIFT_LEFT:
		*ret = number_of(right.low < 64 ? left.low << right.low : 0);
		break;
	default:
		*ret = number_of(right.low < 64 ? left.low >> right.low : 0);
		break;
	}
	return true;
}

static bool evaluate_list(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			  struct number *ret, bool *ret_unknown)
{
	struct number next;

	*ret = number_of(0);
	if (!nft_type_is_bitmask(type->type) && type->type != TYPE_OTHER)
		return nft_refuse(parser, &node->at, "Basetype of type %s is not bitmask",
				  nft_type_description(type->type));
	for (size_t i = 0; i < node->items.count; i++) {
		if (!nft_evaluate(parser, type, node->items.items[i], &next, ret_unknown))
			return false;
		ret->low |= next.low;
	}
	return true;
}

bool nft_evaluate(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
		  struct number *ret, bool *ret_unknown)
{
	*ret = number_of(0);
	switch (node->kind) {
	case NODE_WORD:
		return resolve_word(parser, type, node, ret, ret_unknown);
	case NODE_AND:
	case NODE_OR:
	case NODE_XOR:
	case NODE_SHIFT_LEFT:
	case NODE_SHIFT_RIGHT:
		return evaluate_operator(parser, type, node, ret, ret_unknown);
	case NODE_LIST:
		return evaluate_list(parser, type, node, ret, ret_unknown);
	case NODE_SELECTOR:
		return nft_refuse(parser, &node->at, "Value is not constant");
	default:
		return nft_refuse(parser, &node->at, "datatype mismatch, expected %s",
				  nft_type_description(type->type));
	}
}

/* --- ranges ---------------------------------------------------------------- */

static bool resolve_range(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			  struct number_range *ret, bool *ret_unknown)
{
	if (!nft_evaluate(parser, type, node->left, &ret->first, ret_unknown) ||
	    !nft_evaluate(parser, type, node->right, &ret->last, ret_unknown))
		return false;
	if (!*ret_unknown && number_compare(ret->first, ret->last) > 0)
		return nft_refuse(parser, &node->at, "Range has zero or negative size");
	return true;
}

static bool resolve_prefix(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
			   struct number_range *ret, bool *ret_unknown)
{
	struct number base;
	uint64_t length;

	if (!nft_evaluate(parser, type, node->left, &base, ret_unknown))
		return false;
	if (type->type == TYPE_OTHER)
		return true;
	if (!parse_integer(node->right->text, &length) || length > type->bits)
		return nft_refuse(parser, &node->at, "Prefix length %s is invalid for type of %u bits width",
				  node->right->text, type->bits);
	ret->first = number_prefix_first(base, type->bits, (unsigned)length);
	ret->last = number_prefix_last(base, type->bits, (unsigned)length);
	return true;
}

bool nft_resolve(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
		 struct key_field *ret, bool *ret_unknown)
{
	*ret_unknown = false;
	if (node->kind == NODE_REST) {
		ret->range = (struct number_range){.last = number_maximum(128)};
		ret->interface = (struct interface_name){.name = "", .prefix = true};
		return true;
	}
	if (type->type == TYPE_INTERFACE_NAME || type->type == TYPE_INTERFACE_INDEX) {
		ret->interface = (struct interface_name){.name = ""};
		if (node->kind != NODE_WORD) {
			*ret_unknown = node->kind == NODE_RANGE;
			return *ret_unknown || nft_refuse(parser, &node->at, "Basetype of type %s is not bitmask",
							  nft_type_description(type->type));
		}
		return resolve_interface(parser, type, node, &ret->interface, ret_unknown);
	}
	if (node->kind == NODE_RANGE)
		return resolve_range(parser, type, node, &ret->range, ret_unknown);
	if (node->kind == NODE_PREFIX)
		return resolve_prefix(parser, type, node, &ret->range, ret_unknown);
	if (!nft_evaluate(parser, type, node, &ret->range.first, ret_unknown))
		return false;
	ret->range.last = ret->range.first;
	return true;
}

/* --- all of a set ---------------------------------------------------------- */

static bool collect(struct nft_parser *parser, const struct nft_field *type, const struct nft_node *node,
		    struct nft_values *values)
{
	struct key_field field = {0};
	bool unknown;

	if (++parser->work > NFT_WORK_LIMIT)
		return nft_refuse(parser, &node->at, "too many elements");
	if (node->kind == NODE_SET) {
		for (size_t i = 0; i < node->items.count; i++) {
			if (!collect(parser, type, node->items.items[i], values))
				return false;
		}
		return true;
	}
	if (node->kind == NODE_PAIR)
		return nft_refuse(parser, &node->at, "set is not a map");
	if (!nft_resolve(parser, type, node, &field, &unknown))
		return false;
	values->unknown = values->unknown || unknown;
	if (unknown)
		return true;
	if (type->type == TYPE_INTERFACE_NAME || type->type == TYPE_INTERFACE_INDEX)
		*array_push(parser->arena, &values->interfaces) = field.interface;
	else
		number_set_add(parser->arena, &values->numbers, field.range.first, field.range.last);
	return true;
}

bool nft_collect(struct nft_parser *parser, const struct nft_field *type, struct nft_node *node,
		 const struct nft_values **ret)
{
	if (!node->values || node->values_type != type->type) {
		struct nft_values *values = ARENA_NEW(parser->arena, struct nft_values);

		if (node->kind == NODE_SET && !node->items.count)
			return nft_refuse(parser, &node->at, "Set is empty");
		if (!collect(parser, type, node, values))
			return false;
		number_set_settle(&values->numbers);
		node->values = values;
		node->values_type = type->type;
	}
	*ret = node->values;
	return true;
}
