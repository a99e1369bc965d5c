/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that mounts a system, with the parts of it that are elsewhere, and unmounts it again. */
#include "disks/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "disks/child.h"
#include "disks/loop.h"
#include "disks/mounts.h"
#include "disks/ostree.h"
#include "disks/parts.h"

static unsigned explain_mount(struct pass *pass, int error)
{
	const struct volume *volume = pass->place->volume;

	if (error == -ENODEV)
		return pass_trouble(pass, "this kernel cannot mount %s", content_name(volume->probe.content));
	if (error == -EPERM || error == -EACCES)
		return pass_trouble(pass, "it cannot be mounted: %s", strerror(-error));
	return pass_trouble(pass, "it cannot be mounted (%s): it may be damaged; look at it with: %s %s",
			    strerror(-error), mounts_fsck(volume->probe.content), volume->name);
}

/* The first look at a btrfs also tells which other subvolumes there are. */
static void list_subvolumes(struct pass *pass, const char *device, const char *directory)
{
	cleanup_fd int mounted = open(pass->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool unseen;

	if (mounts_attach(device, directory, CONTENT_BTRFS, false, false, "subvolid=5", &unseen) < 0)
		return;
	subvolumes_list(directory, mounted, pass->result->subvolumes);
	(void)umount2(directory, UMOUNT_NOFOLLOW);
}

/* The other devices of a btrfs, as options. Their loop devices stay for as long as they are mounted. */
static void attach_members(struct pass *pass, struct text *options)
{
	const struct volume *volume = pass->place->volume;

	for (size_t i = 0; volume->probe.device_count > 1 && i < pass->place->set->volumes.count; i++) {
		const struct volume *member = pass->place->set->volumes.items[i];
		cleanup_fd int backing = -1;
		struct loop loop = {.fd = -1};

		if (member == volume || !volume_is_same_btrfs(member, volume))
			continue;
		backing = open(member->path, (pass->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
		if (backing >= 0 && volume_attach(member, backing, !pass->writable, &loop) == 0)
			text_printf(options, ",device=%s", loop.path);
	}
}

static int mount_root(struct pass *pass, struct arena *arena, const char *device, const struct workshop *workshop)
{
	const struct volume *volume = pass->place->volume;
	struct text options = {.arena = arena};
	int r;

	if (pass->place->subvolume)
		text_printf(&options, ",subvol=%s", pass->place->subvolume);
	attach_members(pass, &options);
	r = mounts_attach(device, pass->directory, volume->probe.content, volume->probe.needs_recovery, pass->writable,
			  options.size ? options.data + 1 : NULL, &pass->result->journal_unseen);
	if (r == 0 && volume->probe.content == CONTENT_BTRFS && !pass->place->subvolume && !pass->writable)
		list_subvolumes(pass, device, workshop->other);
	return r;
}

/* An OSTree's root is the deployment that boots, with the /var that it shares with the others. */
static void enter_deployment(struct pass *pass, struct arena *arena, const struct workshop *workshop)
{
	struct ostree_deployment deployment;
	bool bound;

	ostree_find(arena, pass->directory, &deployment);
	if (!deployment.path)
		return;
	bound = mounts_bind(pass->directory, deployment.path, workshop->other, "/") == 0;
	if (!bound)
		return;
	(void)mounts_bind(pass->directory, deployment.var, workshop->other, "/var");
	pass->directory = workshop->other;
	if (deployment.guessed)
		(void)pass_trouble(pass, "which deployment of OSTree boots is not known; this is about the newest one");
}

static void unmount_root(const char *directory)
{
	if (umount2(directory, UMOUNT_NOFOLLOW) < 0)
		(void)umount2(directory, MNT_DETACH | UMOUNT_NOFOLLOW);
}

unsigned pass_work(struct pass *pass, unsigned (*job)(struct pass *pass))
{
	const struct volume *volume = pass->place->volume;
	cleanup_arena struct arena arena = {0};
	struct parts parts = {.arena = &arena};
	struct workshop workshop;
	struct loop loop = {.fd = -1};
	unsigned status;
	pid_t parent = getpid(), child;
	int r;

	r = mounts_begin(&workshop);
	if (r < 0)
		return pass_trouble(pass, "there is no place to mount it: %s", strerror(-r));
	pass->directory = workshop.root;
	r = volume_attach(volume, pass->backing, !pass->writable, &loop);
	if (r < 0)
		return pass_trouble(pass, "it cannot be attached to a loop device: %s", strerror(-r));
	r = mount_root(pass, &arena, loop.path, &workshop);
	if (r < 0) {
		(void)loop_detach(&loop);
		return explain_mount(pass, r);
	}
	pass->result->mounted = true;
	enter_deployment(pass, &arena, &workshop);
	parts_mount(&parts, pass->place, pass->directory, loop.path);
	child = fork();
	if (child == 0) {
		child_begin(parent, SIGKILL);
		_exit((int)job(pass));
	}
	status =
	    child < 0 ? pass_trouble(pass, "no process can be started: %s", strerror(errno)) : pass_wait(pass, child);
	parts_unmount(&parts);
	unmount_root(workshop.other);
	unmount_root(workshop.root);
	if (!loop_detach(&loop) && pass->writable)
		status |= pass_trouble(pass, "its loop device %s does not let go of it", loop.path);
	return status;
}
