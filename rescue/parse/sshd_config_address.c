/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports and addresses: a2port() and hpdelim() of misc.c, addr.c, addrmatch.c, and what glibc takes for an address. */
#include "parse/sshd_config_parser.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

/* --- services --- */

enum {
	SERVICES_LIMIT = 1024 * 1024,
};

/* Takes the next word of a line of services(5). */
static bool services_word(const char **line, const char *end, const char **ret, size_t *ret_length)
{
	const char *at = *line;

	while (at < end && char_is_space(*at))
		at++;
	if (at == end || *at == '#')
		return false;
	*ret = at;
	while (at < end && !char_is_space(*at) && *at != '#')
		at++;
	*ret_length = (size_t)(at - *ret);
	*line = at;
	return true;
}

static bool words_equal(const char *word, size_t length, const char *other)
{
	return length == strlen(other) && memcmp(word, other, length) == 0;
}

/* The TCP port of a service that a line of services(5) gives, or -1. */
static int port_of_service(const char *line, size_t length, const char *service)
{
	const char *end = line + length, *name, *port, *word;
	size_t name_length, port_length, word_length;
	bool found;
	int number = 0;

	if (!services_word(&line, end, &name, &name_length) || !services_word(&line, end, &port, &port_length))
		return -1;
	found = words_equal(name, name_length, service);
	while (!found && services_word(&line, end, &word, &word_length))
		found = words_equal(word, word_length, service);
	if (!found || port_length < 5 || memcmp(port + port_length - 4, "/tcp", 4) != 0)
		return -1;
	for (size_t i = 0; i < port_length - 4; i++) {
		if (!char_is_digit(port[i]) || number > 65535)
			return -1;
		number = number * 10 + (port[i] - '0');
	}
	return number <= 65535 ? number : -1;
}

/* As getservbyname(word, "tcp"), from the file alone. */
static int service_port(struct config_parser *parser, const char *word)
{
	size_t offset = 0, length;
	const char *line;

	if (!parser->services_loaded) {
		parser->services_loaded = true;
		parser->services_error = target_read(parser->target, "/etc/services", SERVICES_LIMIT, parser->arena,
						     &parser->services, NULL);
	}
	if (parser->services_error == -ENOENT)
		return CONFIG_PORT_BAD;
	if (parser->services_error < 0 || ++parser->lookups > CONFIG_LOOKUP_LIMIT)
		return CONFIG_PORT_UNKNOWN;
	while (next_line(&parser->services, &offset, &line, &length)) {
		int port = port_of_service(line, length, word);

		if (port >= 0)
			return port;
	}
	return CONFIG_PORT_BAD;
}

int config_port(struct config_parser *parser, const char *word)
{
	long long port;

	if (!config_number(word, 0, 65535, &port))
		return (int)port;
	return config_since(parser, 709) ? service_port(parser, word) : CONFIG_PORT_BAD;
}

char *config_host_and_port(struct config_parser *parser, char *word, char **ret_port)
{
	char *host = word, *end;
	size_t length;

	*ret_port = NULL;
	if (*word == '[') {
		end = strchr(word, ']');
		if (!end)
			return NULL;
		end++;
	} else {
		end = word + strcspn(word, ":/");
	}
	if (*end == ':' || (*end == '/' && !config_since(parser, 800)))
		*ret_port = end + 1;
	else if (*end)
		return NULL;
	*end = '\0';
	length = strlen(host);
	if (*host == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		host++;
	}
	return host;
}

/* --- addresses --- */

struct address {
	int family;
	unsigned char bytes[16];
};

/* As inet_aton(3): one to four numbers, decimal, octal or hexadecimal, the last of which fills what is left. */
static bool parse_ipv4(const char *text, unsigned char *bytes)
{
	uint64_t value = 0;
	unsigned parts = 0;

	for (;;) {
		char *end;
		unsigned long number;

		if (!char_is_digit(*text))
			return false;
		errno = 0;
		number = strtoul(text, &end, 0);
		if (errno || number > UINT32_MAX)
			return false;
		if (*end == '.') {
			if (++parts > 3 || number > 255)
				return false;
			value = value << 8 | number;
			text = end + 1;
			continue;
		}
		if (*end || number > UINT32_MAX >> 8 * parts)
			return false;
		value = value << 8 * (4 - parts) | number;
		break;
	}
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> (24 - 8 * i));
	return true;
}

/* As getaddrinfo(3) with AI_NUMERICHOST. Zones ("fe80::1%eth0") depend on the interfaces that are there; only their
 * numbers are taken. */
static bool parse_address(const char *text, struct address *ret)
{
	char host[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "%");

	*ret = (struct address){.family = AF_INET};
	if (parse_ipv4(text, ret->bytes))
		return true;
	if (length >= sizeof(host))
		return false;
	if (text[length] && (!text[length + 1] || text[length + 1 + strspn(text + length + 1, "0123456789")]))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	ret->family = AF_INET6;
	return inet_pton(AF_INET6, host, ret->bytes) == 1;
}

int config_address_family(const char *host)
{
	struct address address;

	/* A zone by name: sshd can use it where the interface is there. */
	if (strchr(host, '%') && strchr(host, ':'))
		return AF_INET6;
	return parse_address(host, &address) ? address.family : AF_UNSPEC;
}

/* Whether an entry of a list is a network whose mask does not fit it; what is no network is a pattern. */
static bool entry_has_bad_mask(const char *entry, size_t length)
{
	char text[64], *slash, *end;
	struct address address;
	unsigned long mask = 0, bits;

	if (length >= sizeof(text))
		return false;
	memcpy(text, entry, length);
	text[length] = '\0';
	slash = strchr(text, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (!char_is_digit(slash[1]))
		return false;
	mask = strtoul(slash + 1, &end, 10);
	if (*end || mask > 128 || !parse_address(text, &address))
		return false;
	bits = address.family == AF_INET ? 32 : 128;
	if (mask > bits)
		return true;
	for (unsigned long bit = mask; bit < bits; bit++) {
		if (address.bytes[bit / 8] & 0x80 >> bit % 8)
			return true;
	}
	return false;
}

bool config_address_list_valid(const char *list)
{
	for (;;) {
		size_t length;

		list += *list == '!';
		length = strcspn(list, ",");
		if (length == 0 || entry_has_bad_mask(list, length))
			return false;
		if (!list[length])
			return true;
		list += length + 1;
	}
}

/* --- keywords that take them --- */

bool grammar_port(struct config_parser *parser, struct config_line *line)
{
	enum {
		MOST_PORTS = 256 /* MAX_PORTS */
	};
	char *word;
	int port;

	if (parser->ports >= MOST_PORTS)
		return config_refuse(parser, line, SSHD_CONFIG_CONFLICT, NULL, "too many ports.");
	word = config_take(parser, line);
	if (!word || !*word)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "missing port number.");
	port = config_port(parser, word);
	if (port == CONFIG_PORT_UNKNOWN)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word, "cannot tell which port %.200s is",
				     word);
	if (port <= 0)
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Badly formatted port number.");
	parser->ports++;
	line->value = arena_printf(parser->arena, "%d", port);
	return true;
}

static bool listen_port(struct config_parser *parser, struct config_line *line, const char *word, const char *port)
{
	int number = port ? config_port(parser, port) : 1;

	if (number == CONFIG_PORT_UNKNOWN)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word, "cannot tell which port %.200s is",
				     port);
	return number > 0 || config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "bad port number");
}

bool grammar_listen_address(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line), *colon, *copy, *port = NULL, *domain;

	if (!word || !*word)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "missing address");
	colon = strchr(word, ':');
	copy = arena_strdup(parser->arena, word);
	/* Two colons and no bracket: a bare IPv6 address */
	if (strchr(word, '[') || !colon || !strchr(colon + 1, ':')) {
		if (!config_host_and_port(parser, copy, &port))
			return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "bad address:port usage");
		if (!listen_port(parser, line, word, port))
			return false;
	}
	domain = config_take(parser, line);
	if (!domain)
		return true;
	if (!config_since(parser, 707) && *domain)
		return config_refuse(parser, line, SSHD_CONFIG_EXTRA_ARGUMENTS, domain,
				     "garbage at end of line; \"%.200s\".", domain);
	if (!string_equal(domain, "rdomain") || !config_take(parser, line))
		return !config_since(parser, 707) ||
		       config_refuse(parser, line, SSHD_CONFIG_EXTRA_ARGUMENTS, domain, "bad ListenAddress syntax");
	domain = line->taken->items[2];
	return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, domain,
			     "cannot tell whether the routing domain %.200s will be there", domain);
}

/* PerSourcePenaltyExemptList */
bool grammar_address_list(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);

	if (!word || !*word)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "missing argument.");
	return config_address_list_valid(word) ||
	       config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "keyword %.200s invalid address argument.",
			     line->keyword);
}
