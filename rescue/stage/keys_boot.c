/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot does about missing host keys before sshd starts. */
#include "stage/keys.h"

#include <errno.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "stage/condition.h"

enum {
	SMALL_FILE_LIMIT = 64 * 1024,
};

/* --- conditions ----------------------------------------------------------------------------------------------- */

enum truth {
	TRUTH_NO,
	TRUTH_YES,
	TRUTH_UNKNOWN,
};

/* machine-id(5), "First Boot Semantics": an empty file is no first boot. */
static enum truth is_first_boot(const struct facts *facts)
{
	struct blob content;
	int r = target_read(facts->target, "/etc/machine-id", SMALL_FILE_LIMIT, facts->arena, &content, NULL);

	if (r == -ENOENT)
		return TRUTH_YES;
	if (r < 0)
		return TRUTH_UNKNOWN;
	return string_after(content.data, "uninitialized") ? TRUTH_YES : TRUTH_NO;
}

/* Where cloud-init runs, Red Hat's key makers step back: it makes the keys, on an instance's first boot. */
static bool has_cloud_init(const struct facts *facts)
{
	return target_exists(facts->target, "/usr/lib/systemd/system-generators/cloud-init-generator") ||
	       target_exists(facts->target, "/lib/systemd/system-generators/cloud-init-generator");
}

/* Debian's key maker works on the first boot only; others look at the key files. */
static enum truth conditions_hold(const struct facts *facts, const struct unit *unit)
{
	const struct unit_setting *first_boot = unit_get(unit, "Unit", "ConditionFirstBoot"), *setting;
	enum truth truth = has_cloud_init(facts) ? TRUTH_UNKNOWN : TRUTH_YES;

	if (first_boot && *first_boot->value)
		truth = string_equal(first_boot->value, "yes") ? is_first_boot(facts) : TRUTH_UNKNOWN;
	switch (conditions_judge(facts, unit, &setting, NULL)) {
	case CONDITION_FAILED:
		return TRUTH_NO;
	case CONDITION_UNDECIDED:
		return truth == TRUTH_NO ? TRUTH_NO : TRUTH_UNKNOWN;
	default:
		return truth;
	}
}

/* --- units ---------------------------------------------------------------------------------------------------- */

/* Programs that make host keys: ssh-keygen -A, and what distributions wrap around it. */
static bool makes_keys(const char *command)
{
	return strstr(command, "ssh-keygen") || strstr(command, "sshd-keygen") || strstr(command, "sshd-gen-keys") ||
	       strstr(command, "sshdgenkeys");
}

/* The first Exec line of that key that makes keys; NULL without one. */
static const struct unit_setting *key_making_line(const struct unit *unit, const char *key)
{
	const struct unit_setting *setting = NULL;

	while ((setting = unit_next(unit, "Service", key, setting)) != NULL) {
		if (makes_keys(setting->value))
			return setting;
	}
	return NULL;
}

/* Whether the list setting of a unit names another, as a whole word. */
static bool names_unit(const struct unit *unit, const char *key, const char *name)
{
	const struct unit_setting *setting = NULL;
	size_t length = strlen(name);

	while ((setting = unit_next(unit, "Unit", key, setting)) != NULL) {
		const char *word = setting->value;

		while ((word = strstr(word, name)) != NULL) {
			if ((word == setting->value || char_is_space(word[-1])) &&
			    (word[length] == '\0' || char_is_space(word[length])))
				return true;
			word += length;
		}
	}
	return false;
}

/* Whether a start of the SSH service or socket brings the unit along, were they started: they may be what another
 * repair is about to enable. */
static bool service_wants(const struct facts *facts, const char *name)
{
	static const char *const directories[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
						  "/lib/systemd/system"};
	const struct unit *const units[] = {facts->service.service, facts->service.socket};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!units[i])
			continue;
		if (names_unit(units[i], "Wants", name) || names_unit(units[i], "Requires", name))
			return true;
		for (size_t j = 0; j < ARRAY_SIZE(directories); j++) {
			if (target_exists(facts->target, arena_printf(facts->arena, "%s/%s.wants/%s", directories[j],
								      units[i]->name, name)))
				return true;
		}
	}
	return false;
}

static bool will_start(const struct facts *facts, const char *name, const char *target_name)
{
	return unit_boot_starts(facts->units, name, NULL) || service_wants(facts, name) ||
	       (target_name && service_wants(facts, target_name) &&
		names_unit(unit_load(facts->units, target_name), "Wants", name));
}

static void consider(struct key_maker *maker, enum truth truth, const char *unit, const char *path)
{
	enum key_maker_answer answer = truth == TRUTH_YES	? KEY_MAKER_CERTAIN
				       : truth == TRUTH_UNKNOWN ? KEY_MAKER_PERHAPS
								: KEY_MAKER_NONE;

	if (answer <= maker->answer)
		return;
	maker->answer = answer;
	maker->unit = unit;
	maker->path = path;
}

static void consider_unit(const struct facts *facts, const char *name, struct key_maker *maker)
{
	const struct unit *unit = unit_load(facts->units, name);
	const struct unit_setting *line;

	if (unit->state != UNIT_LOADED || !(line = key_making_line(unit, "ExecStart")))
		return;
	if (will_start(facts, name, "sshd-keygen.target"))
		consider(maker, conditions_hold(facts, unit), arena_strdup(facts->arena, name), line->path);
}

/* cloud-init makes host keys on an instance's first boot, if it finds where the instance comes from. */
static void consider_cloud_init(const struct facts *facts, struct key_maker *maker)
{
	static const char *const names[] = {"cloud-init.service", "cloud-init-network.service"};

	if (target_exists(facts->target, "/etc/cloud/cloud-init.disabled") ||
	    target_exists(facts->target, "/var/lib/cloud/instance/sem/config_ssh"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct unit *unit = unit_load(facts->units, names[i]);

		if (unit->state == UNIT_LOADED &&
		    (has_cloud_init(facts) || unit_boot_starts(facts->units, names[i], NULL)))
			consider(maker, TRUTH_UNKNOWN, names[i], unit->fragment);
	}
}

static void consider_openrc(const struct facts *facts, struct key_maker *maker)
{
	struct blob content;

	if (target_read(facts->target, "/etc/init.d/sshd", SMALL_FILE_LIMIT, facts->arena, &content, NULL) == 0 &&
	    strstr(content.data, "ssh-keygen"))
		consider(maker, TRUTH_UNKNOWN, "sshd", "/etc/init.d/sshd");
}

void key_maker_find(const struct facts *facts, struct arena *arena, const char *type, struct key_maker *ret)
{
	static const char *const names[] = {
	    "sshd-keygen.service", /* Debian 13; Red Hat 6 and 7 */
	    "sshdgenkeys.service", /* Arch */
	    "regenerate_ssh_host_keys.service", /* Raspberry Pi OS */
	};
	const struct unit_setting *line;

	memset(ret, 0, sizeof(*ret));
	if (facts->init == INIT_OPENRC)
		consider_openrc(facts, ret);
	if (facts->init != INIT_SYSTEMD)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		consider_unit(facts, names[i], ret);
	consider_unit(facts, arena_printf(arena, "sshd-keygen@%s.service", type), ret);
	/* SUSE: the service itself makes them first. */
	line = facts->service.service ? key_making_line(facts->service.service, "ExecStartPre") : NULL;
	if (line)
		consider(ret, TRUTH_YES, facts->service.service->name, line->path);
	consider_cloud_init(facts, ret);
}
