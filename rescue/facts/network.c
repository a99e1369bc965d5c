/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/network.h"

#include "base/ctype.h"
#include "parse/interfaces.h"
#include "parse/key_file.h"

enum {
	NETWORK_FILE_LIMIT = 1024 * 1024,
	NAME_LIMIT = 1000, /* interfaces; more are not told apart */
	ADDRESS_LIMIT = 1000,
};

struct reader {
	struct target *target;
	struct arena *arena;
	struct network_facts *facts;
};

static bool read_text(const struct reader *reader, const char *path, struct blob *ret)
{
	return target_read(reader->target, path, NETWORK_FILE_LIMIT, reader->arena, ret, NULL) == 0;
}

static void list_files(const struct reader *reader, const char *pattern, string_list *ret)
{
	*ret = (string_list){0};
	target_glob(reader->target, pattern, reader->arena, ret);
}

/* Notes a name; a pattern names no interface. */
static void add_name(const struct reader *reader, const char *name)
{
	string_list *names = &reader->facts->interfaces;

	if (!*name || interfaces_is_loopback(name))
		return;
	if (name[strcspn(name, "*?[!")] || names->count >= NAME_LIMIT) {
		reader->facts->interfaces_complete = false;
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		if (string_equal(names->items[i], name))
			return;
	}
	*array_push(reader->arena, names) = arena_strdup(reader->arena, name);
}

static void add_words(const struct reader *reader, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " \t");

		add_name(reader, arena_memdup(reader->arena, words, length));
		words += length;
		words += strspn(words, " \t");
	}
}

static void bind_zone(const struct reader *reader, const char *interface, const char *zone)
{
	if (interface && *interface && zone && *zone)
		*array_push(reader->arena, &reader->facts->zones) = (struct zone_binding){interface, zone};
}

/* --- one manager each ------------------------------------------------------ */

static void read_ifupdown(const struct reader *reader)
{
	struct interfaces interfaces;

	if (interfaces_load(reader->target, reader->arena, &interfaces) < 0)
		return;
	for (size_t i = 0; i < interfaces.lines.count; i++) {
		const struct interfaces_line *line = &interfaces.lines.items[i];

		if (string_equal(line->words[0], "mapping"))
			reader->facts->interfaces_complete = false;
		else if (string_equal(line->words[0], "iface") && line->word_count > 1)
			add_name(reader, line->words[1]);
	}
}

static void read_networkd(const struct reader *reader)
{
	string_list files;

	list_files(reader, "/etc/systemd/network/*.net*", &files);
	for (size_t i = 0; i < files.count; i++) {
		bool network = string_ends_with(files.items[i], ".network"), named = false;
		struct key_file file;
		struct blob content;

		if (!read_text(reader, files.items[i], &content))
			continue;
		file = key_file_of(reader->arena, &content);
		while (key_file_next(&file)) {
			if (!string_equal(file.key, "Name") ||
			    !string_equal(file.section, network ? "Match" : "NetDev"))
				continue;
			add_words(reader, file.value);
			named = true;
		}
		if (network && !named)
			reader->facts->interfaces_complete = false;
	}
}

static void read_network_manager(const struct reader *reader)
{
	string_list files;

	list_files(reader, "/etc/NetworkManager/system-connections/*", &files);
	for (size_t i = 0; i < files.count; i++) {
		const char *interface = NULL, *zone = NULL;
		struct key_file file;
		struct blob content;

		if (!read_text(reader, files.items[i], &content))
			continue;
		file = key_file_of(reader->arena, &content);
		while (key_file_next(&file)) {
			if (!string_equal(file.section, "connection"))
				continue;
			if (string_equal(file.key, "interface-name"))
				interface = file.value;
			else if (string_equal(file.key, "zone"))
				zone = file.value;
		}
		if (interface)
			add_name(reader, interface);
		else
			reader->facts->interfaces_complete = false;
		bind_zone(reader, interface, zone);
	}
}

static void read_ifcfg(const struct reader *reader, const char *pattern)
{
	string_list files;

	list_files(reader, pattern, &files);
	for (size_t i = 0; i < files.count; i++) {
		const char *interface = strrchr(files.items[i], '-') + 1, *zone = NULL;
		struct key_file file;
		struct blob content;

		if (!read_text(reader, files.items[i], &content) || strchr(interface, '.'))
			continue;
		file = key_file_of(reader->arena, &content);
		while (key_file_next(&file)) {
			if (string_equal(file.key, "DEVICE"))
				interface = key_file_unquoted(reader->arena, file.value);
			else if (string_equal(file.key, "ZONE"))
				zone = key_file_unquoted(reader->arena, file.value);
		}
		add_name(reader, interface);
		bind_zone(reader, interface, zone);
	}
}

/* "    eth0:" below "  ethernets:" and its like. Interfaces found by match: have names of their own. */
static void read_netplan_file(const struct reader *reader, const struct blob *content)
{
	static const char *const kinds[] = {
	    "ethernets:", "wifis:", "bonds:", "bridges:", "vlans:", "tunnels:", "modems:", "dummy-devices:"};
	size_t kind_indent = SIZE_MAX, name_indent = SIZE_MAX, offset = 0, length;
	const char *line;

	while (next_line(content, &offset, &line, &length)) {
		size_t indent = 0;
		const char *text;

		while (indent < length && line[indent] == ' ')
			indent++;
		text = arena_memdup(reader->arena, line + indent, length - indent);
		if (!*text || *text == '#')
			continue;
		if (kind_indent != SIZE_MAX && indent <= kind_indent)
			kind_indent = name_indent = SIZE_MAX;
		if (string_after(text, "match:"))
			reader->facts->interfaces_complete = false;
		if (kind_indent == SIZE_MAX) {
			for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
				if (string_after(text, kinds[i]))
					kind_indent = indent;
			}
			continue;
		}
		if (name_indent == SIZE_MAX)
			name_indent = indent;
		if (indent == name_indent)
			add_name(reader, arena_memdup(reader->arena, text, strcspn(text, ": \t#")));
	}
}

static void read_netplan(const struct reader *reader)
{
	string_list files;

	list_files(reader, "/etc/netplan/*.yaml", &files);
	for (size_t i = 0; i < files.count; i++) {
		struct blob content;

		if (read_text(reader, files.items[i], &content))
			read_netplan_file(reader, &content);
	}
}

static void read_wireguard(const struct reader *reader)
{
	string_list files;

	list_files(reader, "/etc/wireguard/*.conf", &files);
	for (size_t i = 0; i < files.count; i++) {
		const char *name = strrchr(files.items[i], '/') + 1;

		add_name(reader, arena_memdup(reader->arena, name, strlen(name) - strlen(".conf")));
	}
}

/* Tunnels of OpenVPN are numbered when they come up; cloud-init writes names that are not known before. */
static bool makes_interfaces(const struct reader *reader)
{
	static const char *const signs[] = {"/etc/openvpn/*.conf", "/etc/openvpn/*/*.conf", "/etc/cloud/cloud.cfg",
					    "/etc/tinc/*/tinc.conf", "/var/lib/tailscale/*"};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		string_list files;

		list_files(reader, signs[i], &files);
		if (files.count)
			return true;
	}
	return false;
}

void network_facts_load(struct target *target, struct arena *arena, struct network_facts *ret)
{
	struct reader reader = {target, arena, ret};

	*ret = (struct network_facts){.interfaces_complete = true};
	read_ifupdown(&reader);
	read_networkd(&reader);
	read_network_manager(&reader);
	read_ifcfg(&reader, "/etc/sysconfig/network-scripts/ifcfg-*");
	read_ifcfg(&reader, "/etc/sysconfig/network/ifcfg-*");
	read_netplan(&reader);
	read_wireguard(&reader);
	if (!ret->interfaces.count || makes_interfaces(&reader))
		ret->interfaces_complete = false;
}

/* --- addresses ------------------------------------------------------------- */

/* Settings whose addresses are somebody else's. */
static bool line_is_about_others(const char *line, size_t length)
{
	static const char *const words[] = {"gateway",	 "dns", "nameserver", "via",  "route",
					    "broadcast", "ntp", "search",     "peer", "pointopoint"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t size = strlen(words[i]);

		for (size_t at = 0; at + size <= length; at++) {
			size_t j = 0;

			while (j < size && char_to_lower(line[at + j]) == words[i][j])
				j++;
			if (j == size)
				return true;
		}
	}
	return false;
}

static bool is_address_character(char c)
{
	return char_hex_value(c) >= 0 || c == '.' || c == ':';
}

static void add_address(struct arena *arena, const char *text, size_t length, local_address_list *ret)
{
	char buffer[64];
	struct local_address address = {0};

	if (length < 3 || length >= sizeof(buffer) || ret->count >= ADDRESS_LIMIT)
		return;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	address.ipv6 = memchr(buffer, ':', length) != NULL;
	if (!address_parse(buffer, address.ipv6, &address.first))
		return;
	address.last = address.first;
	*array_push(arena, ret) = address;
}

/* Every word of the line that is an address, in whatever form, maybe with a prefix length. */
static void add_addresses_of_line(struct arena *arena, const char *line, size_t length, local_address_list *ret)
{
	size_t start = 0;

	while (length && char_is_space(*line)) {
		line++;
		length--;
	}
	if (length == 0 || *line == '#' || *line == ';' || line_is_about_others(line, length))
		return;
	for (size_t i = 0; i <= length; i++) {
		if (i < length && is_address_character(line[i]))
			continue;
		add_address(arena, line + start, i - start, ret);
		start = i + 1;
	}
}

void network_addresses(struct target *target, struct arena *arena, local_address_list *ret)
{
	static const char *const patterns[] = {
	    "/etc/network/interfaces",
	    "/etc/network/interfaces.d/*",
	    "/etc/systemd/network/*.network",
	    "/etc/systemd/network/*.network.d/*.conf",
	    "/etc/netplan/*.yaml",
	    "/etc/NetworkManager/system-connections/*",
	    "/etc/sysconfig/network-scripts/ifcfg-*",
	    "/etc/sysconfig/network/ifcfg-*",
	    "/etc/conf.d/net",
	};
	struct reader reader = {.target = target, .arena = arena};

	*ret = (local_address_list){0};
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list files;

		list_files(&reader, patterns[i], &files);
		for (size_t j = 0; j < files.count; j++) {
			struct blob content;
			const char *line;
			size_t offset = 0, length;

			if (!read_text(&reader, files.items[j], &content))
				continue;
			while (next_line(&content, &offset, &line, &length))
				add_addresses_of_line(arena, line, length, ret);
		}
	}
}
