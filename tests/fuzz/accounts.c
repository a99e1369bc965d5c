/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/interfaces.h"
#include "parse/os_release.h"
#include "parse/passwd.h"

static const char *const paths[] = {"/etc/passwd",
				    "/etc/group",
				    "/etc/nsswitch.conf",
				    "/etc/os-release",
				    "/etc/network/interfaces",
				    "/etc/network/interfaces.d/a",
				    NULL};

static void read_accounts(const struct fuzz_input *input)
{
	struct passwd_file passwd = {0};
	struct group_file group = {0};
	struct os_release os = {0};
	struct interfaces interfaces = {0};
	string_list services = {0};
	uint32_t id;

	passwd_load(input->target, input->arena, paths[0], &passwd);
	group_load(input->target, input->arena, paths[1], &group);
	passwd_by_name(&passwd, "sshd");
	group_by_name(&group, "ssh");
	if (passwd_free_id(&passwd, &group, 100, 999, &id))
		assert(id >= 100 && id <= 999 && !passwd_by_uid(&passwd, id));
	nsswitch_services(input->target, input->arena, "passwd", &services);
	os_release_load(input->target, input->arena, &os);
	if (interfaces_load(input->target, input->arena, &interfaces) == 0)
		interfaces_configure_any(&interfaces);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_accounts};
