/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, ports and names, and the files of the target that know them. */
#include "stage/listen.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "facts/network.h"

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

bool listen_parse_address(struct arena *arena, const char *text, struct listen_entry *ret)
{
	unsigned char bytes[16];
	char shortest[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');
	struct in_addr ipv4;

	/* getaddrinfo(3) takes the old forms as well: "127.1", "0". */
	if (char_is_digit(*text) && inet_aton(text, &ipv4)) {
		memcpy(bytes, &ipv4, 4);
		ret->ipv6 = false;
		ret->kind = is_zero(bytes, 4) ? LISTEN_ANY : bytes[0] == 127 ? LISTEN_LOOPBACK : LISTEN_SPECIFIC;
		ret->address = arena_strdup(arena, inet_ntop(AF_INET, bytes, shortest, sizeof(shortest)));
		return true;
	}
	if (inet_pton(AF_INET6, zone ? arena_memdup(arena, text, (size_t)(zone - text)) : text, bytes) != 1)
		return false;
	ret->ipv6 = true;
	ret->kind = is_zero(bytes, 16)			   ? LISTEN_ANY
		    : is_zero(bytes, 15) && bytes[15] == 1 ? LISTEN_LOOPBACK
							   : LISTEN_SPECIFIC;
	ret->address =
	    arena_printf(arena, "%s%s", inet_ntop(AF_INET6, bytes, shortest, sizeof(shortest)), zone ? zone : "");
	return true;
}

const char *listen_entry_text(struct arena *arena, const struct listen_entry *entry)
{
	return entry->ipv6 && strchr(entry->address, ':') ? arena_printf(arena, "[%s]:%u", entry->address, entry->port)
							  : arena_printf(arena, "%s:%u", entry->address, entry->port);
}

/* --- words of files --- */

/* The words of a line, up to a comment. */
static void line_words(struct arena *arena, const char *line, size_t length, string_list *ret)
{
	size_t start = 0;

	*ret = (string_list){0};
	for (size_t i = 0; i <= length; i++) {
		bool end = i == length || char_is_space(line[i]) || line[i] == '#';

		if (end && i > start)
			*array_push(arena, ret) = arena_memdup(arena, line + start, i - start);
		if (i < length && line[i] == '#')
			return;
		if (end)
			start = i + 1;
	}
}

unsigned listen_parse_port(struct target *target, struct arena *arena, const char *word)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;
	uint64_t number;

	if (parse_number(word, 65535, &number))
		return (unsigned)number;
	/* services(5): "ssh 22/tcp alias…" */
	if (target_read(target, "/etc/services", TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return 0;
	while (next_line(&content, &offset, &line, &length)) {
		string_list words;

		line_words(arena, line, length, &words);
		if (words.count < 2 || !string_ends_with(words.items[1], "/tcp"))
			continue;
		for (size_t i = 0; i < words.count; i++) {
			if (i == 1 || !string_equal(words.items[i], word))
				continue;
			words.items[1][strlen(words.items[1]) - 4] = '\0';
			return parse_number(words.items[1], 65535, &number) ? (unsigned)number : 0;
		}
	}
	return 0;
}

void listen_hosts(struct target *target, struct arena *arena, const char *name, string_list *ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	*ret = (string_list){0};
	if (target_read(target, "/etc/hosts", TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return;
	while (next_line(&content, &offset, &line, &length)) {
		string_list words;

		line_words(arena, line, length, &words);
		for (size_t i = 1; i < words.count; i++) {
			if (!string_equal_nocase(words.items[i], name))
				continue;
			*array_push(arena, ret) = words.items[0];
			break;
		}
	}
}

bool listen_address_is_static(struct target *target, struct arena *arena, const struct listen_entry *entry)
{
	local_address_list addresses;
	struct number address;

	if (!address_parse(entry->address, entry->ipv6, &address))
		return false;
	network_addresses(target, arena, &addresses);
	for (size_t i = 0; i < addresses.count; i++) {
		if (addresses.items[i].ipv6 == entry->ipv6 && number_compare(addresses.items[i].first, address) == 0)
			return true;
	}
	return false;
}
