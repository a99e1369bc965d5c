/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd refuses when it loads a unit: service_verify(), socket_verify() and their like, and the settings that
 * end the reading of a file. */
#include "parse/unit_private.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_command.h"
#include "parse/unit_words.h"

const char *const *unit_sections(const char *type)
{
	static const struct {
		const char *type;
		const char *sections[4];
	} table[] = {
	    {"service", {"Unit", "Service", "Install", NULL}}, {"socket", {"Unit", "Socket", "Install", NULL}},
	    {"timer", {"Unit", "Timer", "Install", NULL}},     {"path", {"Unit", "Path", "Install", NULL}},
	    {"mount", {"Unit", "Mount", "Install", NULL}},     {"automount", {"Unit", "Automount", "Install", NULL}},
	    {"swap", {"Unit", "Swap", "Install", NULL}},       {"slice", {"Unit", "Slice", "Install", NULL}},
	    {"scope", {"Unit", "Scope", "Install", NULL}},
	};
	static const char *const others[] = {"Unit", "Install", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (type && string_equal(table[i].type, type))
			return table[i].sections;
	}
	return others;
}

static bool is_word_of(const char *word, const char *list)
{
	size_t length = strlen(word);
	const char *found = length ? strstr(list, word) : NULL;

	for (; found; found = strstr(found + 1, word)) {
		if ((found == list || found[-1] == ' ') && (found[length] == ' ' || !found[length]))
			return true;
	}
	return false;
}

/* Whether the text is an address that ListenStream= takes: PORT, ADDRESS:PORT, [ADDRESS]:PORT%INTERFACE, /PATH, @NAME,
 * vsock:CID:PORT. */
static bool listen_address_is_valid(struct arena *arena, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];
	const char *colon;
	uint64_t port;
	char *host;

	if (*text == '/' || *text == '@' || string_after(text, "vsock:"))
		return text[1] != '\0';
	if (*text == '[')
		text = arena_memdup(arena, text, strcspn(text, "%"));
	colon = strrchr(text, ':');
	if (!colon)
		return parse_number(text, 65535, &port) && port > 0;
	if (!parse_number(colon + 1, 65535, &port) || port == 0)
		return false;
	host = arena_memdup(arena, text, (size_t)(colon - text));
	if (*host == '[') {
		if (colon[-1] != ']')
			return false;
		host[strlen(host) - 1] = '\0';
		return inet_pton(AF_INET6, host + 1, address) == 1;
	}
	return inet_pton(AF_INET, host, address) == 1;
}

static int check_exec(struct unit_check *check, struct arena *arena, const char *key, const char *value,
		      const char *path, unsigned line, const char **reason)
{
	bool start = string_equal(key, "ExecStart"), stop = string_equal(key, "ExecStop");
	unit_commands commands = {0};
	int r;

	if (!*value) {
		if (start)
			check->commands = 0;
		if (stop)
			check->stop_command = false;
		return 0;
	}
	r = unit_command_parse(arena, "unit.service", value, &commands, reason);
	if (start) {
		check->commands += (unsigned)commands.count;
		check->path = path;
		check->line = line;
	}
	if (stop && commands.count)
		check->stop_command = true;
	return r;
}

static void check_service(struct unit_check *check, struct arena *arena, const char *key, const char *value)
{
	static const char types[] = "simple exec forking oneshot dbus notify notify-reload idle";
	static const char restarts[] = "no on-success on-failure on-abnormal on-watchdog on-abort always";
	int boolean = unit_boolean(value);

	if (string_equal(key, "Type") && is_word_of(value, types))
		check->service_type = arena_strdup(arena, value);
	else if (string_equal(key, "Restart") && is_word_of(value, restarts))
		check->restart_always = is_word_of(value, "always on-success");
	else if (string_equal(key, "RemainAfterExit") && boolean >= 0)
		check->remain_after_exit = boolean;
	else if (string_equal(key, "BusName"))
		check->bus_name = *value;
	else if (string_equal(key, "PAMName"))
		check->pam_name = *value;
	else if (string_equal(key, "KillMode") && is_word_of(value, "control-group process mixed none"))
		check->pam_kill_mode_bad = is_word_of(value, "process none");
}

static void check_socket(struct unit_check *check, struct arena *arena, const char *key, const char *value)
{
	int boolean = unit_boolean(value);
	uint64_t number;

	if (string_after(key, "Listen")) {
		if (!*value) {
			check->listens = 0;
			check->cannot_accept = false;
		} else if (!is_word_of(key, "ListenStream ListenDatagram ListenSequentialPacket") ||
			   listen_address_is_valid(arena, value)) {
			check->listens++;
			if (!is_word_of(key, "ListenStream ListenSequentialPacket"))
				check->cannot_accept = true;
		}
	} else if (string_equal(key, "Accept") && boolean >= 0) {
		check->accept = boolean;
	} else if (string_equal(key, "MaxConnections") && parse_number(value, UINT32_MAX, &number)) {
		check->max_connections_bad = number == 0;
	} else if (string_equal(key, "Service") && string_ends_with(value, ".service")) {
		check->service_named = true;
	}
}

int unit_check_setting(struct unit_check *check, struct arena *arena, const char *section, const char *key,
		       const char *value, const char *path, unsigned line, const char **reason)
{
	bool service = string_equal(section, "Service"), socket = string_equal(section, "Socket");

	if ((service || socket) && string_after(key, "Exec") &&
	    is_word_of(key, "ExecStart ExecStartPre ExecStartPost ExecStop ExecStopPre ExecStopPost ExecReload "
			    "ExecCondition"))
		return check_exec(check, arena, key, value, path, line, reason);
	if (service)
		check_service(check, arena, key, value);
	else if (socket)
		check_socket(check, arena, key, value);
	else if (string_equal(section, "Timer") && string_after(key, "On"))
		check->timers = *value ? check->timers + 1 : 0;
	else if (string_equal(section, "Path") &&
		 is_word_of(key, "PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty"))
		check->paths = *value ? check->paths + 1 : 0;
	else if (string_equal(section, "Unit") && string_equal(key, "SuccessAction"))
		check->success_action = *value && !string_equal(value, "none");
	return 0;
}

static const char *service_verdict(const struct unit_check *check)
{
	const char *type = check->service_type;
	bool oneshot;

	if (!type)
		type = check->bus_name ? "dbus" : check->commands ? "simple" : "oneshot";
	oneshot = string_equal(type, "oneshot");
	if (!check->commands && !check->stop_command && !check->success_action)
		return "Service has no ExecStart=, ExecStop=, or SuccessAction=";
	if (!oneshot && !check->commands)
		return "Service has no ExecStart= setting, which is only allowed for Type=oneshot services";
	if (!check->remain_after_exit && !check->commands && !check->success_action)
		return "Service has no ExecStart= and no SuccessAction= settings and does not have RemainAfterExit=yes "
		       "set";
	if (!oneshot && check->commands > 1)
		return "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services";
	if (oneshot && check->restart_always)
		return "Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot "
		       "services";
	if (string_equal(type, "dbus") && !check->bus_name)
		return "Service is of type D-Bus but no D-Bus service name has been specified";
	if (check->pam_name && check->pam_kill_mode_bad)
		return "Service has PAM enabled. Kill mode must be set to 'control-group' or 'mixed'";
	return NULL;
}

static const char *socket_verdict(const struct unit_check *check)
{
	if (!check->listens)
		return "Unit has no Listen setting (ListenStream=, ListenDatagram=, ListenFIFO=, ...)";
	if (check->accept && check->cannot_accept)
		return "Unit configured for accepting sockets, but sockets are non-accepting";
	if (check->accept && check->max_connections_bad)
		return "MaxConnection= setting too small";
	if (check->accept && check->service_named)
		return "Explicit service configuration for accepting socket units not supported";
	return NULL;
}

const char *unit_check_verdict(const struct unit_check *check)
{
	if (string_equal(check->type, "service"))
		return service_verdict(check);
	if (string_equal(check->type, "socket"))
		return socket_verdict(check);
	if (string_equal(check->type, "timer") && !check->timers)
		return "Timer unit lacks value setting";
	if (string_equal(check->type, "path") && !check->paths)
		return "Path unit lacks path setting";
	return NULL;
}
