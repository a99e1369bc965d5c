/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop(4), include/uapi/linux/loop.h */
#include "disks/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disks/tool.h"

enum {
	ATTEMPTS = 16, /* others look for a free device, too */
	DETACH_TRIES = 1000, /* of 10 ms */
};

/* Kernels before 5.8 have no LOOP_CONFIGURE. */
static int configure_in_steps(int fd, int backing, const struct loop_info64 *info)
{
	if (ioctl(fd, LOOP_SET_FD, backing) < 0)
		return -errno;
	if (ioctl(fd, LOOP_SET_STATUS64, info) < 0) {
		int error = -errno;

		(void)ioctl(fd, LOOP_CLR_FD, 0);
		return error;
	}
	return 0;
}

static int open_device(struct loop *loop, bool read_only)
{
	int mode = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;

	snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", loop->number);
	loop->fd = open(loop->path, mode);
	if (loop->fd < 0 && errno == ENOENT) {
		/* An initramfs may be without udev. */
		(void)mknod(loop->path, S_IFBLK | 0600, makedev(7, (unsigned)loop->number));
		loop->fd = open(loop->path, mode);
	}
	if (loop->fd < 0)
		return -errno;
	if (loop->locked)
		(void)flock(loop->fd, LOCK_EX | LOCK_NB);
	return 0;
}

/* Opening the node loads the module, where somebody made the node. */
static int open_control(void)
{
	static const char *const path = "/dev/loop-control", *const load[] = {"modprobe", "loop", NULL};
	cleanup_arena struct arena arena = {0};
	struct tool_result result;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		(void)tool_run(&arena, load, -1, &result);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? (errno == ENOENT || errno == ENXIO ? -ENODEV : -errno) : fd;
}

int loop_attach(int backing, uint64_t offset, uint64_t size, bool read_only, struct loop *ret)
{
	cleanup_fd int control = open_control();
	struct loop_config config = {
	    .fd = (uint32_t)backing,
	    .info = {.lo_offset = offset,
		     .lo_sizelimit = size,
		     .lo_flags = (uint32_t)LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0)},
	};
	int r = -EBUSY;

	ret->fd = -1;
	if (control < 0)
		return control;
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		ret->number = ioctl(control, LOOP_CTL_GET_FREE);
		if (ret->number < 0)
			return -errno;
		r = open_device(ret, read_only);
		if (r < 0)
			return r;
		if (ioctl(ret->fd, LOOP_CONFIGURE, &config) == 0)
			return 0;
		r = -errno;
		if (r == -EINVAL || r == -ENOTTY)
			r = configure_in_steps(ret->fd, backing, &config.info);
		if (r == 0)
			return 0;
		close(steal_fd(&ret->fd));
		if (r != -EBUSY)
			return r;
	}
	return r;
}

bool loop_detach(struct loop *loop)
{
	cleanup_fd int fd = -1;
	struct loop_info64 info;

	if (loop->fd < 0)
		return true;
	close(steal_fd(&loop->fd));
	for (unsigned i = 0; i < DETACH_TRIES; i++) {
		struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

		fd = open(loop->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
			return true;
		close(steal_fd(&fd));
		nanosleep(&pause, NULL);
	}
	return false;
}
