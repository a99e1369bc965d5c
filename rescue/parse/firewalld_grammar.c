/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which elements and attributes firewalld's files may have: PARSER_REQUIRED_ELEMENT_ATTRS and
 * PARSER_OPTIONAL_ELEMENT_ATTRS of the readers below src/firewall/core/io/. One too many, or one too few, and the file
 * is refused. Where the elements stand is not looked at.
 */
#include <errno.h>

#include "base/text.h"
#include "parse/firewalld_private.h"

enum {
	ATTRIBUTES = 5,
	BIT_ZONE = 1 << FIREWALLD_FORMAT_ZONE,
	BIT_POLICY = 1 << FIREWALLD_FORMAT_POLICY,
	BIT_BOTH = BIT_ZONE | BIT_POLICY,
	BIT_SERVICE = 1 << FIREWALLD_FORMAT_SERVICE,
	BIT_IPSET = 1 << FIREWALLD_FORMAT_IPSET,
	BIT_ICMPTYPE = 1 << FIREWALLD_FORMAT_ICMPTYPE,
	BIT_HELPER = 1 << FIREWALLD_FORMAT_HELPER,
	BIT_DIRECT = 1 << FIREWALLD_FORMAT_DIRECT,
	BIT_ALL_BUT_DIRECT = BIT_BOTH | BIT_SERVICE | BIT_IPSET | BIT_ICMPTYPE | BIT_HELPER,
};

static const struct row {
	unsigned formats;
	const char *element;
	const char *required[ATTRIBUTES], *optional[ATTRIBUTES];
	const char *newer[ATTRIBUTES]; /* since 2.0 */
} rows[] = {
    {.formats = BIT_ALL_BUT_DIRECT, .element = "short"},
    {.formats = BIT_ALL_BUT_DIRECT, .element = "description"},
    {BIT_ZONE, "zone", {0}, {"name", "immutable", "target", "version"}, {"ingress-priority", "egress-priority"}},
    {BIT_POLICY, "policy", {"target"}, {"version", "priority"}, {0}},
    {BIT_BOTH, "service", {"name"}, {0}, {0}},
    {BIT_BOTH, "port", {"port", "protocol"}, {0}, {0}},
    {BIT_BOTH, "protocol", {"value"}, {0}, {0}},
    {BIT_BOTH, "source-port", {"port", "protocol"}, {0}, {0}},
    {BIT_BOTH, "icmp-block", {"name"}, {0}, {0}},
    {BIT_BOTH, "icmp-type", {"name"}, {0}, {0}},
    {BIT_ZONE, "masquerade", {0}, {"enabled"}, {0}},
    {BIT_POLICY, "masquerade", {0}, {0}, {0}},
    {BIT_BOTH, "forward-port", {"port", "protocol"}, {"to-port", "to-addr"}, {0}},
    {BIT_ZONE, "forward", {0}, {0}, {0}},
    {BIT_ZONE, "interface", {"name"}, {0}, {0}},
    {BIT_ZONE, "icmp-block-inversion", {0}, {0}, {0}},
    {BIT_POLICY, "ingress-zone", {"name"}, {0}, {0}},
    {BIT_POLICY, "egress-zone", {"name"}, {0}, {0}},
    {BIT_BOTH, "rule", {0}, {"family", "priority"}, {0}},
    {BIT_BOTH, "source", {0}, {"address", "mac", "invert", "family", "ipset"}, {0}},
    {BIT_BOTH, "destination", {0}, {"address", "invert", "ipset"}, {0}},
    {BIT_BOTH, "log", {0}, {"prefix", "level"}, {0}},
    {BIT_BOTH, "nflog", {0}, {"group", "prefix", "queue-size"}, {0}},
    {BIT_BOTH, "audit", {0}, {0}, {0}},
    {BIT_BOTH, "accept", {0}, {0}, {0}},
    {BIT_BOTH, "reject", {0}, {"type"}, {0}},
    {BIT_BOTH, "drop", {0}, {0}, {0}},
    {BIT_BOTH, "mark", {"set"}, {0}, {0}},
    {BIT_BOTH, "limit", {"value"}, {0}, {"burst"}},
    {BIT_BOTH, "tcp-mss-clamp", {0}, {"value"}, {0}},
    {BIT_SERVICE, "service", {0}, {"name", "version"}, {0}},
    {BIT_SERVICE | BIT_HELPER, "port", {0}, {"port", "protocol"}, {0}},
    {BIT_SERVICE, "protocol", {0}, {"value"}, {0}},
    {BIT_SERVICE, "source-port", {0}, {"port", "protocol"}, {0}},
    {BIT_SERVICE, "module", {0}, {"name"}, {0}},
    {BIT_SERVICE | BIT_ICMPTYPE, "destination", {0}, {"ipv4", "ipv6"}, {0}},
    {BIT_SERVICE, "include", {0}, {"service"}, {0}},
    {BIT_SERVICE, "helper", {0}, {"name"}, {0}},
    {BIT_IPSET, "ipset", {"type"}, {"version"}, {0}},
    {BIT_IPSET, "option", {"name"}, {"value"}, {0}},
    {BIT_IPSET, "entry", {0}, {0}, {0}},
    {BIT_ICMPTYPE, "icmptype", {0}, {"name", "version"}, {0}},
    {BIT_HELPER, "helper", {"module"}, {"name", "version", "family"}, {0}},
    {BIT_DIRECT, "direct", {0}, {0}, {0}},
    {BIT_DIRECT, "chain", {"ipv", "table", "chain"}, {0}, {0}},
    {BIT_DIRECT, "rule", {"ipv", "table", "chain", "priority"}, {0}, {0}},
    {BIT_DIRECT, "passthrough", {"ipv"}, {0}, {0}},
};

static bool is_in(const char *const names[ATTRIBUTES], const char *name)
{
	for (size_t i = 0; i < ATTRIBUTES && names[i]; i++) {
		if (string_equal(names[i], name))
			return true;
	}
	return false;
}

static bool is_known(const struct firewalld *firewalld, const struct row *row, const char *attribute)
{
	return is_in(row->required, attribute) || is_in(row->optional, attribute) ||
	       (firewalld->version >= FIREWALLD_DISPATCH_VERSION && is_in(row->newer, attribute));
}

/* Newer firewalld's know more than is known here. */
static bool refuse_unknown(struct firewalld *firewalld, struct place place, const char *message)
{
	if (firewalld->version < FIREWALLD_DISPATCH_VERSION)
		return firewalld_refuse(firewalld, place, "%s", message);
	firewalld_not_understood(firewalld, place, message);
	return true;
}

bool firewalld_check_element(struct firewalld *firewalld, enum firewalld_format format,
			     const struct xml_element *element)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !row; i++) {
		if ((rows[i].formats & 1U << format) && string_equal(rows[i].element, element->name))
			row = &rows[i];
	}
	if (!row)
		return refuse_unknown(firewalld, element->place,
				      arena_printf(firewalld->arena, "Unexpected element %s", element->name));
	for (size_t i = 0; i < ATTRIBUTES && row->required[i]; i++) {
		if (!xml_attribute(element, row->required[i]))
			return firewalld_refuse(firewalld, element->place, "Missing attribute %s for %s",
						row->required[i], element->name);
	}
	for (const char *const *pair = element->attributes; *pair; pair += 2) {
		if (!is_known(firewalld, row, *pair) &&
		    !refuse_unknown(
			firewalld, element->place,
			arena_printf(firewalld->arena, "%s: Unexpected attribute %s", element->name, *pair)))
			return false;
	}
	return true;
}

const char *firewalld_attribute(struct firewalld *firewalld, const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);

	return value ? arena_strdup(firewalld->arena, value) : NULL;
}

bool firewalld_parse_file(struct firewalld *firewalld, const char *path, const struct xml_handler *handler)
{
	struct place place = {.path = path};
	struct xml_error error;
	struct blob content;
	int r;

	r = target_read(firewalld->target, path, TARGET_FILE_LIMIT, firewalld->arena, &content, NULL);
	if (r == -EFBIG) {
		firewalld_not_understood(firewalld, place, "a file that is too large to be read here");
		return true;
	}
	if (r < 0)
		return firewalld_refuse(firewalld, place, "%s", strerror(-r));
	r = xml_parse(firewalld->arena, path, content, handler, &error);
	if (r == -EBADMSG)
		return firewalld_refuse(firewalld, error.place, "not a valid file: %s", error.message);
	if (r == -EOPNOTSUPP)
		firewalld_not_understood(firewalld, error.place, error.message);
	return !firewalld->refused;
}
