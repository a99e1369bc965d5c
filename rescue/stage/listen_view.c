/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where sshd would listen: Port, ListenAddress and AddressFamily as servconf.c combines them, with -p, -4 and -6. */
#include "stage/listen.h"

#include "base/text.h"
#include "parse/unit_words.h"

enum {
	DEFAULT_PORT = 22,
	PORT_LIMIT = 256, /* MAX_PORTS of servconf.h */
	ENTRY_LIMIT = 4096,
};

struct config_view {
	const struct facts *facts;
	struct arena *arena;
	struct listen_view *view;
	unsigned ports[PORT_LIMIT];
	size_t port_count;
	bool ipv4, ipv6;
};

static void add_port(struct config_view *config, const char *word)
{
	unsigned port = listen_parse_port(config->facts->target, config->arena, word);

	if (port && config->port_count < PORT_LIMIT)
		config->ports[config->port_count++] = port;
	else if (!port)
		*array_push(config->arena, &config->view->strange) = arena_printf(config->arena, "Port %s", word);
}

/* Ports of the command line stand for those of the file, which add up otherwise. */
static void read_ports(struct config_view *config)
{
	const struct ssh_service *service = &config->facts->service;
	const struct sshd_setting *setting = NULL;

	for (size_t i = 0; i < service->ports.count; i++)
		add_port(config, service->ports.items[i]);
	while (service->ports.count == 0 && (setting = sshd_config_next(&config->facts->config, "Port", setting))) {
		if (setting->argument_count)
			add_port(config, setting->arguments[0]);
	}
	config->view->configured |= config->port_count > 0;
	if (config->port_count == 0)
		config->ports[config->port_count++] = DEFAULT_PORT;
}

static void read_family(struct config_view *config)
{
	const struct ssh_service *service = &config->facts->service;
	const struct sshd_setting *setting = sshd_config_get(&config->facts->config, "AddressFamily");
	const char *family = setting && setting->argument_count ? setting->arguments[0] : "any";

	config->ipv4 = !string_equal_nocase(family, "inet6");
	config->ipv6 = !string_equal_nocase(family, "inet");
	if (service->ipv4_only || service->ipv6_only) {
		config->ipv4 = service->ipv4_only;
		config->ipv6 = service->ipv6_only;
	}
	config->view->configured |= !config->ipv4 || !config->ipv6;
}

static void add_entry(struct config_view *config, const struct listen_entry *entry)
{
	if (config->view->entries.count >= ENTRY_LIMIT ||
	    (entry->kind != LISTEN_NAME && entry->ipv6 && !config->ipv6) ||
	    (entry->kind != LISTEN_NAME && !entry->ipv6 && !config->ipv4))
		return;
	*array_push(config->arena, &config->view->entries) = *entry;
}

/* An address without a port gets every Port, wherever in the file they stand. */
static void add_with_ports(struct config_view *config, struct listen_entry *entry, unsigned port)
{
	for (size_t i = 0; i < (port ? 1 : config->port_count); i++) {
		entry->port = port ? port : config->ports[i];
		add_entry(config, entry);
	}
}

/* As the case sListenAddress of servconf.c takes an argument apart; the host in place of the word. */
static unsigned take_port(struct config_view *config, char **word)
{
	char *first = strchr(*word, ':'), *end;

	/* A bare IPv6 address has two colons at least. */
	if (!strchr(*word, '[') && first && strchr(first + 1, ':'))
		return 0;
	end = **word == '[' ? strchr(*word, ']') : NULL;
	if (end) {
		*end++ = '\0';
		++*word;
	} else {
		end = *word + strcspn(*word, ":/");
	}
	if (!*end)
		return 0;
	*end++ = '\0';
	return listen_parse_port(config->facts->target, config->arena, end);
}

static void add_address(struct config_view *config, const struct sshd_setting *setting)
{
	char *word = arena_strdup(config->arena, setting->arguments[0]);
	unsigned port = take_port(config, &word);
	struct listen_entry entry = {.written = setting->value, .path = setting->path, .line = setting->line};
	string_list addresses;

	if (listen_parse_address(config->arena, word, &entry)) {
		add_with_ports(config, &entry, port);
		return;
	}
	listen_hosts(config->facts->target, config->arena, word, &addresses);
	for (size_t i = 0; i < addresses.count; i++) {
		if (listen_parse_address(config->arena, addresses.items[i], &entry))
			add_with_ports(config, &entry, port);
	}
	if (addresses.count)
		return;
	/* "localhost" is known without a file as well: RFC 6761, nss-myhostname(8). */
	entry.kind = string_equal_nocase(word, "localhost") ? LISTEN_LOOPBACK : LISTEN_NAME;
	entry.address = word;
	add_with_ports(config, &entry, port);
}

void listen_view_config(const struct facts *facts, struct arena *arena, struct listen_view *ret)
{
	struct config_view config = {.facts = facts, .arena = arena, .view = ret};
	const struct sshd_setting *setting = NULL;
	bool addresses = false;

	*ret = (struct listen_view){.by = LISTEN_BY_SSHD};
	read_ports(&config);
	read_family(&config);
	while ((setting = sshd_config_next(&facts->config, "ListenAddress", setting))) {
		if (setting->argument_count == 0)
			continue;
		addresses = true;
		ret->configured = true;
		add_address(&config, setting);
	}
	if (addresses)
		return;
	add_with_ports(&config, &(struct listen_entry){.kind = LISTEN_ANY, .address = "0.0.0.0"}, 0);
	add_with_ports(&config, &(struct listen_entry){.kind = LISTEN_ANY, .ipv6 = true, .address = "::"}, 0);
}

void listen_view_boot(const struct facts *facts, struct arena *arena, struct listen_view *ret)
{
	const struct ssh_service *service = &facts->service;
	struct listen_view config;

	listen_view_config(facts, arena, ret);
	if (facts->init != INIT_SYSTEMD || !service->socket_starts || !service->socket)
		return;
	config = *ret;
	listen_view_socket(facts, arena, service->socket, listen_has_generator(facts) ? &config : NULL, ret);
	ret->configured = config.configured;
}

void listen_addresses(const struct facts *facts, struct arena *arena, listen_list *ret)
{
	struct listen_view view;

	*ret = (listen_list){0};
	listen_view_boot(facts, arena, &view);
	for (size_t i = 0; i < view.entries.count; i++) {
		const struct listen_entry *entry = &view.entries.items[i];

		*array_push(arena, ret) = (struct listen_address){
		    .ipv6 = entry->ipv6,
		    .any = entry->kind == LISTEN_ANY,
		    .loopback = entry->kind == LISTEN_LOOPBACK,
		    .address = entry->address,
		    .port = entry->port,
		    .path = entry->path,
		    .line = entry->line,
		};
	}
}
