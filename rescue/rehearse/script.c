/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/script.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "parse/elf.h"
#include "parse/unit_command.h"
#include "parse/unit_words.h"
#include "stage/firewall_load.h"
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

/* Adds a program of ours that loads rules. */
static struct scripted_program *add_program(const struct facts *facts, struct arena *arena, const char *unit,
					    const char *const *words, size_t count, struct script *script)
{
	struct scripted_program *program = array_push(arena, &script->programs);
	unit_environment none = {0};

	*program =
	    (struct scripted_program){.role = ROLE_LOADER, .unit = unit, .path = program_path(facts, arena, words[0])};
	for (size_t i = 0; i < count; i++)
		*array_push(arena, &program->words) = arena_strdup(arena, words[i]);
	add_environment(arena, &none, program);
	return program;
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

/* firewalld on a bus of its own, and a question to it that it answers when its rules are loaded: its name is on the bus
 * before. */
static void add_firewalld(const struct facts *facts, struct arena *arena, const struct unit *unit,
			  struct script *script)
{
	static const char *const bus[] = {"dbus-daemon", "--system",
					  "--nofork",	 "--nopidfile",
					  "--nosyslog",	 "--address=unix:path=/run/dbus/system_bus_socket"};
	static const char *const question[] = {"dbus-send",
					       "--system",
					       "--print-reply=literal",
					       "--dest=org.fedoraproject.FirewallD1",
					       "/org/fedoraproject/FirewallD1",
					       "org.freedesktop.DBus.Properties.Get",
					       "string:org.fedoraproject.FirewallD1",
					       "string:state"};
	size_t first;

	*array_push(arena, &script->directories) = (struct scripted_directory){"/run/dbus", 0755};
	add_program(facts, arena, unit->name, bus, ARRAY_SIZE(bus), script)->end = END_NEVER;
	first = script->programs.count;
	add_commands(facts, arena, unit, "ExecStart", ROLE_LOADER, script);
	for (size_t i = first; i < script->programs.count; i++)
		script->programs.items[i].end = END_NEVER;
	add_program(facts, arena, unit->name, question, ARRAY_SIZE(question), script)->end = END_REPEATED;
}

/* A script or a line of a script, as ifupdown runs it when the interface comes up: interfaces(5). */
static void add_shell_command(const struct facts *facts, struct arena *arena, const char *command,
			      struct script *script)
{
	const char *const words[] = {"/bin/sh", "-c", command};
	const char *const environment[] = {"MODE=start", "METHOD=static", "ADDRFAM=inet",
					   arena_printf(arena, "IFACE=%s", script->interfaces.items[0])};
	struct scripted_program *program =
	    add_program(facts, arena, "when the network comes up", words, ARRAY_SIZE(words), script);

	for (size_t i = 0; i < ARRAY_SIZE(environment); i++)
		*array_push(arena, &program->environment) = arena_strdup(arena, environment[i]);
}

static bool loads_by_firewalld(const struct firewall_loader *loader)
{
	return loader->steps.count && loader->steps.items[0].format == FIREWALL_FIREWALLD;
}

/* The command of a loader that is no unit, or NULL where there is none that a shell could run. */
static const char *shell_command(const char *name)
{
	static const char *const prefixes[] = {"pre-up ", "up ", "post-up "};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (string_after(name, prefixes[i]))
			return string_after(name, prefixes[i]);
	}
	return *name == '@' ? NULL : name;
}

/* What loads packet filter rules in the boot, in the first of the orders that it may have. */
static void add_loaders(const struct facts *facts, struct arena *arena, struct script *script)
{
	static const char *const keys[] = {"ExecStartPre", "ExecStart", "ExecStartPost"};
	struct findings findings = {.arena = arena};
	firewall_loaders loaders = {0};
	firewall_orders orders = {0};

	firewall_find_loaders(facts, &findings, &loaders);
	if (!firewall_find_orders(facts, &loaders, arena, &orders)) {
		script->unplayable = "too many programs load packet filter rules";
		return;
	}
	for (size_t i = 0; orders.count && i < orders.items[0].count; i++) {
		const struct firewall_loader *loader = orders.items[0].loaders[i];

		/* sshd's own unit may load some, too: in its turn. */
		if (loader->unit && string_equal(loader->unit->name, facts->service.runs->name))
			continue;
		if (loader->unit && loads_by_firewalld(loader)) {
			add_firewalld(facts, arena, loader->unit, script);
		} else if (loader->unit) {
			add_directories(arena, loader->unit, script);
			for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
				add_commands(facts, arena, loader->unit, keys[j], ROLE_LOADER, script);
		} else if (shell_command(loader->name)) {
			add_shell_command(facts, arena, shell_command(loader->name), script);
		} else {
			script->unplayable = arena_printf(arena, "packet filter rules are loaded by %s", loader->name);
		}
	}
}

static struct scripted_port *add_port(struct arena *arena, struct script *script, unsigned number)
{
	struct scripted_port *port;

	for (size_t i = 0; i < script->ports.count; i++) {
		if (script->ports.items[i].number == number)
			return &script->ports.items[i];
	}
	port = array_push(arena, &script->ports);
	*port = (struct scripted_port){.number = number};
	return port;
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
		add_port(arena, script, listen->port)->expected[listen->ipv6] = true;
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

void script_write(const struct facts *facts, const string_list *sources, const string_list *asked, struct arena *arena,
		  struct script *ret)
{
	const char *foreign;

	*ret = (struct script){0};
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
	script_add_sources(facts, sources, asked, arena, ret);
	set_socket_use(facts, ret);
	add_loaders(facts, arena, ret);
	add_daemon(facts, arena, ret);
	add_listeners(facts, arena, ret);
}
