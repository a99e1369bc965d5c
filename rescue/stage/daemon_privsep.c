/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privilege separation: sshd confines the part that talks to strangers to an empty directory, and does not start
 * without it (main() of sshd.c). Where it is, is built into the binary.
 */
#include "stage/daemon.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"
#include "policy.h"

#define RUNTIME_DROPIN "sshrescue-runtime-directory.conf"

/* Where the binary itself does not say. */
static const char *usual_directory(const struct facts *facts)
{
	static const struct {
		const char *id, *path;
	} usual[] = {
	    {"debian", "/run/sshd"},	       {"ubuntu", "/run/sshd"},	 {"suse", "/var/lib/empty"},
	    {"arch", "/usr/share/empty.sshd"}, {"alpine", "/var/empty"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		if (os_release_is(&facts->os, usual[i].id))
			return usual[i].path;
	}
	return NULL;
}

/* The part of the path below /run, or NULL. */
static const char *below_run(const char *path)
{
	const char *rest = string_after(path, "/run/");

	return rest ? rest : string_after(path, "/var/run/");
}

/* --- who makes it at boot --- */

/* Whether a line of tmpfiles.d(5) makes the directory: d, D, v, q, Q, with modifiers behind. */
static bool tmpfiles_line_makes(struct arena *arena, const char *line, size_t length, const char *path)
{
	char *copy = arena_memdup(arena, line, length), *rest = NULL;
	const char *type = strtok_r(copy, " \t", &rest), *place = strtok_r(NULL, " \t", &rest);

	return type && place && strchr("dDvqQ", *type) && string_equal(place, path);
}

static bool tmpfiles_makes(struct daemon_stage *stage, const char *path)
{
	static const char *const directories[] = {"/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d",
						  "/usr/lib/tmpfiles.d"};
	struct target *target = stage->facts->target;

	if (!unit_boot_starts(stage->facts->units, "systemd-tmpfiles-setup.service", NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		string_list files = {0};

		target_glob(target, arena_printf(stage->arena, "%s/*.conf", directories[i]), stage->arena, &files);
		for (size_t j = 0; j < files.count; j++) {
			const char *name = strrchr(files.items[j], '/') + 1, *line;
			struct blob content;
			size_t offset = 0, length;

			/* A file in /etc stands for the one of the same name. */
			if (i > 0 && target_lstat(target, arena_printf(stage->arena, "/etc/tmpfiles.d/%s", name),
						  &(struct node_stat){0}) == 0)
				continue;
			if (target_read(target, files.items[j], TARGET_FILE_LIMIT, stage->arena, &content, NULL) < 0)
				continue;
			while (next_line(&content, &offset, &line, &length)) {
				if (tmpfiles_line_makes(stage->arena, line, length, path))
					return true;
			}
		}
	}
	return false;
}

/* Whether a list like "sshd foo:link" has the name. */
static bool list_has_name(const char *list, const char *name)
{
	while (*list) {
		size_t length = strcspn(list, " \t"), bare = strcspn(list, ": \t");

		if (bare == strlen(name) && memcmp(list, name, bare) == 0)
			return true;
		list += length;
		list += strspn(list, " \t");
	}
	return false;
}

/* RuntimeDirectory= of systemd.exec(5), or a command of the administrator's own that names the path. */
static bool unit_makes(const struct unit *unit, const char *path)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Service", "RuntimeDirectory", setting))) {
		if (list_has_name(setting->value, below_run(path)))
			return true;
	}
	while ((setting = unit_next(unit, "Service", "ExecStartPre", setting))) {
		if (strstr(setting->value, path) &&
		    (strstr(setting->value, "mkdir") || strstr(setting->value, "install")))
			return true;
	}
	return false;
}

/* The mode that systemd gives the directory, where sshd refuses it; else NULL. */
static const struct unit_setting *refused_mode(const struct unit *unit)
{
	const struct unit_setting *setting = unit_get(unit, "Service", "RuntimeDirectoryMode");
	unsigned long mode;
	char *end;

	if (!setting || !*setting->value)
		return NULL;
	errno = 0;
	mode = strtoul(setting->value, &end, 8);
	return *end == '\0' && errno == 0 && mode & 022 ? setting : NULL;
}

/* --- problems --- */

/* The service that a connection ends at: an instance of the template where the socket accepts. */
static const struct unit *running_unit(const struct facts *facts)
{
	const struct ssh_service *service = &facts->service;
	const struct unit_setting *accept;

	if (service->service_starts || !service->socket_starts || !service->socket)
		return service->service;
	accept = unit_get(service->socket, "Socket", "Accept");
	if (!accept || unit_boolean(accept->value) != 1)
		return service->service;
	return unit_load(facts->units, arena_printf(facts->arena, "%s@0.service",
						    unit_name_prefix(facts->arena, service->socket->name)));
}

/* Drop-ins of an instance stand with its template. */
static const char *dropin_owner(struct daemon_stage *stage, const struct unit *unit)
{
	const char *at = strchr(unit->name, '@');

	return at ? arena_printf(stage->arena, "%.*s@.service", (int)(at - unit->name), unit->name) : unit->name;
}

static void check_runtime_directory(struct daemon_stage *stage, const char *path)
{
	const struct unit *unit = running_unit(stage->facts);
	const struct unit_setting *mode;
	struct problem *problem;
	const char *dropin, *content;

	/* Whether it starts at all is the service stage's question. Other init systems have scripts for it. */
	if (!unit || unit->state != UNIT_LOADED)
		return;
	mode = refused_mode(unit);
	if (!mode && (unit_makes(unit, path) || tmpfiles_makes(stage, path)))
		return;
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_PRIVSEP_RUNTIME, mode ? mode->path : unit->fragment,
				mode ? mode->line : 0, "%s", path);
	if (mode)
		problem_evidence(stage->findings, problem, "RuntimeDirectoryMode=%s", mode->value);
	else
		problem_evidence(stage->findings, problem, "%s has no RuntimeDirectory=%s", unit->name,
				 below_run(path));
	dropin = arena_printf(stage->arena, "/etc/systemd/system/%s.d/" RUNTIME_DROPIN, dropin_owner(stage, unit));
	content =
	    arena_printf(stage->arena, "[Service]\nRuntimeDirectory=%s\nRuntimeDirectoryMode=0755\n", below_run(path));
	problem_repair(stage->findings, problem, VERB_CREATE, "%s with RuntimeDirectory=%s", dropin, below_run(path));
	repair_write(stage->findings, problem, dropin, (struct blob){(char *)content, strlen(content)}, 0644, 0, 0);
}

/* The path without links, also where only a part of it is there; NULL when it cannot be resolved. */
static char *resolve(struct daemon_stage *stage, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *resolved;
	int error = target_resolve(stage->facts->target, path, true, stage->arena, &resolved);

	if (error == 0)
		return resolved;
	if (error != -ENOENT || !slash || slash == path)
		return NULL;
	resolved = resolve(stage, arena_memdup(stage->arena, path, (size_t)(slash - path)));
	return resolved ? arena_printf(stage->arena, "%s%s", resolved, slash) : NULL;
}

static void raise_missing(struct daemon_stage *stage, const char *path, const char *resolved, bool in_the_way)
{
	const char *mount = daemon_unmounted(stage, path);
	struct problem *problem = problem_raise(stage->findings, PROBLEM_DAEMON_PRIVSEP_MISSING, path, 0, "%s", path);

	problem_remedy(stage->findings, problem, "mkdir -p -m 0755 %s", path);
	if (mount) {
		problem->severity = SEVERITY_UNKNOWN;
		problem->class = REPAIR_REPORT;
		problem_evidence(stage->findings, problem, "%s is a file system of its own, and is not mounted here",
				 mount);
		problem_remedy(stage->findings, problem, "mount %s below the root, and check again", mount);
		return;
	}
	if (in_the_way)
		problem_evidence(stage->findings, problem, "%s", "there is something else of that name");
	if (in_the_way || !resolved || !policy_allows_path(EDIT_MKDIR, resolved)) {
		problem->class = REPAIR_REPORT;
		return;
	}
	problem_repair(stage->findings, problem, VERB_CREATE, "%s, mode 0755, owner root", resolved);
	repair_mkdir(stage->findings, problem, resolved, 0755, 0, 0);
}

static void check_directory_mode(struct daemon_stage *stage, const char *path, const char *resolved,
				 const struct node_stat *stat)
{
	mode_t mode = stat->mode & ~(mode_t)022;
	struct problem *problem;

	if (stat->uid == 0 && mode == stat->mode)
		return;
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_PRIVSEP_MODE, path, 0, "%s", path);
	problem_evidence(stage->findings, problem, "mode %04o, owner %u:%u", stat->mode, stat->uid, stat->gid);
	problem_remedy(stage->findings, problem, "chown root:root %s; chmod go-w %s", path, path);
	if (!resolved || !policy_allows_path(EDIT_CHMOD, resolved)) {
		problem->class = REPAIR_REPORT;
		return;
	}
	problem_repair(stage->findings, problem, VERB_SET, "mode %04o and owner root of %s", mode, resolved);
	if (stat->uid != 0)
		repair_chown(stage->findings, problem, resolved, 0, 0);
	if (mode != stat->mode)
		repair_chmod(stage->findings, problem, resolved, mode);
}

void daemon_check_directory(struct daemon_stage *stage)
{
	const char *path = stage->facts->binary.privsep_path;
	struct node_stat stat;
	const char *resolved;
	int error;

	/* Without a binary there is no telling; then that is the problem. */
	if (stage->facts->binary.read_error < 0)
		return;
	if (!path)
		path = usual_directory(stage->facts);
	if (!path) {
		problem_raise(stage->findings, PROBLEM_DAEMON_PRIVSEP_UNKNOWN, stage->binary, 0, "%s", stage->binary);
		return;
	}
	if (below_run(path)) {
		check_runtime_directory(stage, path);
		return;
	}
	resolved = resolve(stage, path);
	error = target_stat(stage->facts->target, path, &stat);
	if (error == 0 && stat.type == NODE_DIRECTORY)
		check_directory_mode(stage, path, resolved, &stat);
	else if (error == 0 || !tmpfiles_makes(stage, path))
		raise_missing(stage, path, resolved, error == 0);
}
