/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which units start sshd, and whether the next boot starts them. */
#include "facts.h"

#include "base/text.h"
#include "facts/ssh_command.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"

/* Debian and its like call it ssh, all others sshd. */
static const char *const ssh_services[] = {"ssh.service", "sshd.service"};
static const char *const ssh_sockets[] = {"ssh.socket", "sshd.socket"};

/* The distribution's own name first. */
static const char *candidate(const struct facts *facts, const char *const names[2], size_t index)
{
	return names[os_release_is(&facts->os, "debian") ? index : 1 - index];
}

/* The first candidate that the boot starts, else the first that is there at all, else NULL. */
static const char *pick(struct facts *facts, const char *const names[2], bool *ret_starts)
{
	for (size_t i = 0; i < 2; i++) {
		if (unit_boot_starts(facts->units, candidate(facts, names, i), NULL)) {
			*ret_starts = true;
			return candidate(facts, names, i);
		}
	}
	for (size_t i = 0; i < 2; i++) {
		const struct unit *unit = unit_load(facts->units, candidate(facts, names, i));

		if (unit->state != UNIT_NOT_FOUND || unit->dangling)
			return candidate(facts, names, i);
	}
	return NULL;
}

static bool socket_accepts(const struct unit *socket)
{
	const struct unit_setting *setting = unit_get(socket, "Socket", "Accept");

	return setting && unit_boolean(setting->value) == 1;
}

/* The service that a connection to the socket starts: systemd.socket(5), Service= and Accept=. */
static const struct unit *activated_service(struct facts *facts, const struct unit *socket)
{
	const char *prefix = unit_name_prefix(facts->arena, socket->name);
	const struct unit_setting *setting = unit_get(socket, "Socket", "Service");

	if (socket_accepts(socket))
		return unit_load(facts->units, arena_printf(facts->arena, "%s@0.service", prefix));
	if (setting && string_ends_with(setting->value, ".service"))
		return unit_load(facts->units, unit_expand(facts->arena, socket, setting->value));
	return unit_load(facts->units, arena_printf(facts->arena, "%s.service", prefix));
}

/* A unit of the administrator's own, when none of the usual ones is started. */
static void pick_other(struct facts *facts, struct ssh_service *service)
{
	const char *name = NULL;

	while ((name = unit_boot_next_sshd(facts->units, name))) {
		struct ssh_service found = {0};

		ssh_command_read(facts, unit_load(facts->units, name), &found);
		if (found.command.count && string_ends_with(name, ".service")) {
			service->service_name = name;
			service->service_starts = true;
			return;
		}
	}
}

static void pick_units(struct facts *facts, struct ssh_service *service)
{
	service->service_name = pick(facts, ssh_services, &service->service_starts);
	service->socket_name = pick(facts, ssh_sockets, &service->socket_starts);
	if (!service->service_starts && !service->socket_starts)
		pick_other(facts, service);
	if (!service->service_name)
		service->service_name = candidate(facts, ssh_services, 0);
	service->service = unit_load(facts->units, service->service_name);
	service->service_name = service->service->name;
	if (service->socket_name) {
		service->socket = unit_load(facts->units, service->socket_name);
		service->socket_name = service->socket->name;
	}
}

/* When the default target starts neither the service nor what usually does, the boot stage says so. What comes later is
 * judged for the target that its repair leads to. */
static void assume_repaired_boot(struct facts *facts, struct ssh_service *service)
{
	if (service->service_starts || service->socket_starts || unit_boot_assumed(facts->units) ||
	    unit_boot_starts(facts->units, "multi-user.target", NULL) ||
	    unit_load(facts->units, "multi-user.target")->state != UNIT_LOADED ||
	    unit_missing_requirement(facts->units, "multi-user.target"))
		return;
	unit_boot_assume(facts->units, "multi-user.target");
	pick_units(facts, service);
}

/* A socket does not start without its service; of two units that exclude each other, only one does. */
static void settle_socket(struct facts *facts, struct ssh_service *service)
{
	if (!service->socket_starts)
		return;
	if (activated_service(facts, service->socket)->state != UNIT_LOADED)
		service->socket_starts = false;
	else if (service->service_starts &&
		 unit_boot_conflicts(facts->units, service->socket_name, service->service_name))
		service->service_starts = false;
	else if (service->service_starts &&
		 unit_boot_conflicts(facts->units, service->service_name, service->socket_name))
		service->socket_starts = false;
}

/* Where sshd is when no unit says so. */
static const char *usual_binary(struct target *target)
{
	static const char *const paths[] = {"/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (target_exists(target, paths[i]))
			return paths[i];
	}
	return paths[0];
}

int facts_ssh_service(struct facts *facts)
{
	struct ssh_service *service = &facts->service;
	const struct unit *unit;

	pick_units(facts, service);
	assume_repaired_boot(facts, service);
	settle_socket(facts, service);
	unit = service->service;
	if (!service->service_starts && service->socket_starts)
		unit = activated_service(facts, service->socket);
	service->runs = unit;
	ssh_command_read(facts, unit, service);
	if (!service->binary)
		service->binary = usual_binary(facts->target);
	return 0;
}
