/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <errno.h>

static bool is_directory(struct target *target, const char *path)
{
	struct node_stat stat;

	return target_stat(target, path, &stat) == 0 && stat.type == NODE_DIRECTORY;
}

/* A root of Linux has /etc and either an os-release or the places where programs live. */
static int facts_root(struct facts *facts)
{
	struct target *target = facts->target;
	int r;

	r = os_release_load(target, facts->arena, &facts->os);
	if (r < 0)
		return r;
	if (!is_directory(target, "/etc"))
		return -ENOTDIR;
	if (!facts->os.found && !is_directory(target, "/usr/sbin") && !is_directory(target, "/sbin"))
		return -ENOTDIR;
	return 0;
}

static enum init_system facts_init(struct target *target)
{
	if (target_exists(target, "/usr/lib/systemd/systemd") || target_exists(target, "/lib/systemd/systemd"))
		return INIT_SYSTEMD;
	if (target_exists(target, "/sbin/openrc") || target_exists(target, "/usr/sbin/openrc"))
		return INIT_OPENRC;
	return INIT_OTHER;
}

static int facts_sshd_config(struct facts *facts)
{
	struct ssh_service *service = &facts->service;
	string_list options = {0};

	for (size_t i = 0; i < service->options.count; i++)
		*array_push(facts->arena, &options) = service->options.items[i];
	return sshd_config_load(facts->target, facts->arena, &facts->binary, service->config_file, options.items,
				options.count, &facts->config);
}

int facts_gather(struct target *target, struct arena *arena, struct facts *ret)
{
	int r;

	ret->arena = arena;
	ret->target = target;
	r = facts_root(ret);
	if (r < 0)
		return r;
	ret->init = facts_init(target);
	ret->units = unit_set_new(target, arena);
	r = facts_ssh_service(ret);
	if (r < 0)
		return r;
	sshd_binary_load(target, arena, ret->service.binary, &ret->binary);
	return facts_sshd_config(ret);
}
