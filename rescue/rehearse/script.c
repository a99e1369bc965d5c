/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/script.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "facts/network.h"
#include "parse/elf.h"
#include "parse/unit_command.h"
#include "parse/unit_words.h"
#include "stage/stage.h"

/* What the system manager gives every program: systemd.exec(5), ENVIRONMENT VARIABLES IN SPAWNED PROCESSES. */
static const char *const usual_environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
};

static void add_environment(struct arena *arena, const unit_environment *environment, struct scripted_program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual_environment); i++) {
		char *name = arena_memdup(arena, usual_environment[i], strcspn(usual_environment[i], "="));

		if (!unit_environment_get(environment, name))
			*array_push(arena, &program->environment) = arena_strdup(arena, usual_environment[i]);
	}
	for (size_t i = 0; i < environment->count; i++)
		*array_push(arena, &program->environment) =
		    arena_printf(arena, "%s=%s", environment->items[i].name, environment->items[i].value);
}

/* A program that is given without a directory. */
static const char *program_path(const struct facts *facts, struct arena *arena, const char *name)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",	     "/sbin",	       "/bin"};

	for (size_t i = 0; *name != '/' && i < ARRAY_SIZE(directories); i++) {
		char *path = arena_printf(arena, "%s/%s", directories[i], name);

		if (target_exists(facts->target, path))
			return path;
	}
	return name;
}

/* Adds every command of one setting of a unit. */
static void add_commands(const struct facts *facts, struct arena *arena, const struct unit *unit, const char *key,
			 enum program_role role, struct script *script)
{
	const struct unit_setting *setting = NULL, *failed = NULL;
	unit_environment environment = {0};

	unit_environment_load(facts->units, arena, unit, &environment, &failed);
	while ((setting = unit_next(unit, "Service", key, setting))) {
		unit_commands commands = {0};
		const char *reason;

		unit_command_parse(arena, unit->name, setting->value, &commands, &reason);
		for (size_t i = 0; i < commands.count; i++) {
			struct scripted_program *program = array_push(arena, &script->programs);

			*program = (struct scripted_program){
			    .role = role,
			    .unit = unit->name,
			    .path = program_path(facts, arena, commands.items[i].path),
			    .ignore_failure = commands.items[i].ignore_failure,
			};
			unit_command_expand(arena, &commands.items[i], &environment, &program->words, NULL);
			add_environment(arena, &environment, program);
		}
	}
}

/* RuntimeDirectory= of a unit: below /run, each of its components made. */
static void add_directories(struct arena *arena, const struct unit *unit, struct script *script)
{
	const struct unit_setting *setting = NULL, *mode = unit_get(unit, "Service", "RuntimeDirectoryMode");

	while ((setting = unit_next(unit, "Service", "RuntimeDirectory", setting))) {
		const char *text = unit_expand(arena, unit, setting->value);

		while (*(text += strspn(text, " \t"))) {
			size_t length = strcspn(text, " \t");
			char *name = arena_memdup(arena, text, length);

			text += length;
			/* "a:b" makes a link b as well; nothing on the way to sshd uses that. */
			name[strcspn(name, ":")] = '\0';
			if (strstr(name, "..") || *name == '/' || !*name)
				continue;
			for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
				*array_push(arena, &script->directories) = (struct scripted_directory){
				    arena_printf(arena, "/run/%.*s", (int)(slash - name), name), 0755};
			*array_push(arena, &script->directories) =
			    (struct scripted_directory){arena_printf(arena, "/run/%s", name),
							mode ? (mode_t)strtoul(mode->value, NULL, 8) & 07777 : 0755};
		}
	}
}

/* The loaders of packet filter rules that a boot starts. */
static void add_loaders(const struct facts *facts, struct arena *arena, struct script *script)
{
	static const char *const units[] = {"nftables.service", "netfilter-persistent.service", "iptables.service",
					    "ip6tables.service", "ufw.service"};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		const struct unit *unit = unit_load(facts->units, units[i]);

		if (unit->state != UNIT_LOADED || !unit_boot_starts(facts->units, units[i], NULL))
			continue;
		add_directories(arena, unit, script);
		add_commands(facts, arena, unit, "ExecStartPre", ROLE_LOADER, script);
		add_commands(facts, arena, unit, "ExecStart", ROLE_LOADER, script);
	}
}

static void add_port(struct arena *arena, struct script *script, unsigned port)
{
	for (size_t i = 0; i < script->ports.count; i++) {
		if (script->ports.items[i] == port)
			return;
	}
	*array_push(arena, &script->ports) = port;
}

static bool read_address(const struct listen_address *listen, struct scripted_address *ret)
{
	*ret = (struct scripted_address){.ipv6 = listen->ipv6, .port = listen->port};
	return inet_pton(listen->ipv6 ? AF_INET6 : AF_INET, listen->address, ret->bytes) == 1;
}

/* Ports and addresses that the boot listens on. Addresses of this machine's own must be there to be listened on. */
static void add_listeners(const struct facts *facts, struct arena *arena, struct script *script)
{
	listen_list list = {0};

	listen_addresses(facts, arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct listen_address *listen = &list.items[i];
		struct scripted_address address;

		if (!read_address(listen, &address)) {
			/* A name, which only the network could translate. */
			add_port(arena, script, listen->port);
			continue;
		}
		if (script->socket_use != SOCKET_NONE)
			*array_push(arena, &script->sockets) = address;
		if (!listen->any && !listen->loopback)
			*array_push(arena, &script->addresses) = address;
		add_port(arena, script, listen->port);
	}
}

static void set_socket_use(const struct facts *facts, struct script *script)
{
	const struct ssh_service *service = &facts->service;
	const struct unit_setting *accept, *backlog;

	if (service->service_starts || !service->socket_starts)
		return;
	accept = unit_get(service->socket, "Socket", "Accept");
	backlog = unit_get(service->socket, "Socket", "Backlog");
	script->socket_use = accept && unit_boolean(accept->value) == 1 ? SOCKET_PER_CONNECTION : SOCKET_HANDED_OVER;
	script->backlog = backlog ? (unsigned)strtoul(backlog->value, NULL, 10) : 128;
}

/* sshd as its unit starts it, and what the unit runs before. */
static void add_daemon(const struct facts *facts, struct arena *arena, struct script *script)
{
	const struct ssh_service *service = &facts->service;
	const struct unit_setting *failed = NULL;
	unit_environment environment = {0};
	struct scripted_program *program;
	const struct unit *unit = service->runs;

	add_directories(arena, unit, script);
	add_commands(facts, arena, unit, "ExecStartPre", ROLE_BEFORE, script);
	unit_environment_load(facts->units, arena, unit, &environment, &failed);
	program = array_push(arena, &script->programs);
	*program = (struct scripted_program){
	    .role = ROLE_DAEMON, .unit = unit->name, .path = service->binary, .words = service->command};
	add_environment(arena, &environment, program);
}

static bool is_foreign(const struct facts *facts, struct arena *arena, const char **ret_what)
{
	const char *name = elf_machine_uname(facts->binary.machine);
	struct utsname own;

	if (!facts->binary.machine || (uname(&own) == 0 && name && string_equal(name, own.machine)))
		return false;
	*ret_what = name ? name : arena_printf(arena, "machine %u", facts->binary.machine);
	return true;
}

void script_write(const struct facts *facts, struct arena *arena, struct script *ret)
{
	struct network_facts network = {0};
	const char *foreign;

	*ret = (struct script){.interface = "eth0"};
	if (facts->init != INIT_SYSTEMD) {
		ret->unplayable = "what starts sshd is known for systemd only";
		return;
	}
	if (is_foreign(facts, arena, &foreign)) {
		ret->unplayable = arena_printf(arena, "its programs are for another architecture (%s)", foreign);
		return;
	}
	if (!facts->service.service_starts && !facts->service.socket_starts) {
		ret->hopeless = "the boot starts no sshd";
		return;
	}
	if (!facts->service.command.count) {
		ret->unplayable = "its unit does not say how sshd is started";
		return;
	}
	network_facts_load(facts->target, arena, &network);
	if (network.interfaces.count && strlen(network.interfaces.items[0]) < IFNAMSIZ)
		ret->interface = network.interfaces.items[0];
	set_socket_use(facts, ret);
	add_loaders(facts, arena, ret);
	add_daemon(facts, arena, ret);
	add_listeners(facts, arena, ret);
}
