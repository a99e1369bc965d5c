/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cryptsetup(8) */
#include "disks/stack.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disks/loop.h"
#include "disks/mapper.h"
#include "disks/sysfs.h"
#include "disks/tool.h"

/* udev's rules activate an LVM group that they see on a new device; nobody asked for that, and it would hold the device
 * when we are gone. */
static void send_followers_away(struct volume_set *set, dev_t device)
{
	static const char *const settle[] = {"udevadm", "settle", "--timeout=20", NULL};
	struct tool_result result;
	string_list holders = {0};

	(void)tool_run(set->arena, settle, -1, &result);
	sysfs_list(set->arena, arena_printf(set->arena, "/sys/dev/block/%u:%u/holders", major(device), minor(device)),
		   &holders);
	for (size_t i = 0; i < holders.count; i++) {
		char *name =
		    sysfs_line(set->arena, arena_printf(set->arena, "/sys/block/%s/dm/name", holders.items[i]));

		if (name)
			(void)mapper_is_gone(set->arena, name);
	}
}

void luks_open(struct volume_set *set, struct volume *volume, const struct stack_request *request)
{
	const char *argv[16] = {"cryptsetup", "open", "--type", "luks", "--batch-mode"};
	size_t count = 5;
	struct tool_result result;
	struct mapped mapped;
	struct volume draft;
	struct loop loop = {.fd = -1};
	char *name;
	int r;

	if (!request->key_file && !request->may_ask) {
		volume->trouble = "it is encrypted: give a key with --key-file";
		return;
	}
	if (!stack_attach(set, volume, request->writable, &loop))
		return;
	name = stack_name(set);
	if (!request->writable)
		argv[count++] = "--readonly";
	if (request->key_file) {
		argv[count++] = "--key-file";
		argv[count++] = request->key_file;
	} else {
		/* It asks on the terminal for the device that it is told. */
		argv[count++] = "--tries=3";
	}
	argv[count++] = loop.path;
	argv[count++] = name;
	r = tool_run(set->arena, argv, request->key_file ? -1 : STDIN_FILENO, &result);
	if (r == 0 && result.status == 0)
		r = mapper_adopt(set->arena, name, &mapped);
	else if (r == 0)
		r = -EKEYREJECTED;
	close(loop.fd);
	if (r == -ENOENT)
		volume->trouble = "it is encrypted, and cryptsetup is not installed here";
	else if (r == -EKEYREJECTED)
		volume->trouble = arena_printf(set->arena, "it is encrypted, and cryptsetup cannot open it: %s",
					       *result.complaint ? result.complaint : "no key fits");
	else if (r < 0)
		volume->trouble = arena_printf(set->arena, "it cannot be opened: %s", strerror(-r));
	if (r < 0)
		return;
	draft = (struct volume){
	    .name = arena_printf(set->arena, "%s:crypt", volume->name),
	    .path = mapped.path,
	    .fd = mapped.fd,
	    .device = mapped.device,
	    .size = (uint64_t)lseek(mapped.fd, 0, SEEK_END),
	    .machine = volume->machine,
	    .parent = volume,
	    .read_only = volume->read_only,
	};
	volume->opened = true;
	send_followers_away(set, mapped.device);
	volume_add(set, &draft)->wanted = volume->wanted;
}
