/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-storage-daemon(1) with its FUSE export, else qemu-nbd(8) */
#include "disks/export.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disks/mounts.h"
#include "disks/sysfs.h"
#include "disks/tool.h"

enum {
	START_TRIES = 1000, /* of 20 ms */
	NBD_MOST = 64,
};

static const struct timespec pause_between = {.tv_nsec = 20 * 1000 * 1000};

/* What QEMU is told of the image: one node, no other file, whatever the image says. */
static char *describe(struct arena *arena, int image, enum image_format format, bool writable)
{
	bool may_have_backing = format == IMAGE_QCOW2 || format == IMAGE_VMDK;

	return arena_printf(
	    arena,
	    "{\"driver\":\"%s\",\"node-name\":\"disk\",\"read-only\":%s,%s\"file\":{\"driver\":\"file\","
	    "\"filename\":\"/proc/self/fd/%d\",\"read-only\":%s}}",
	    image_format_name(format), writable ? "false" : "true", may_have_backing ? "\"backing\":null," : "", image,
	    writable ? "false" : "true");
}

/* Whether the disk is there, the program having been started; false with the program's last words when it ended. */
static bool wait_for_disk(struct arena *arena, pid_t process, bool (*is_there)(const char *path), const char *path,
			  int errors, const char **why)
{
	for (unsigned i = 0; i < START_TRIES; i++) {
		char text[512] = "";
		ssize_t size;

		if (is_there(path))
			return true;
		if (waitpid(process, NULL, WNOHANG) == process) {
			size = pread(errors, text, sizeof(text) - 1, 0);
			text[size > 0 ? strcspn(text, "\n") : 0] = '\0';
			*why = arena_strdup(arena, text);
			return false;
		}
		nanosleep(&pause_between, NULL);
	}
	kill(process, SIGKILL);
	(void)waitpid(process, NULL, 0);
	*why = "it did not start within 20 seconds";
	return false;
}

static bool file_has_size(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_size > 0;
}

/* A size outlives the connection; who serves it does not. */
static bool device_is_served(const char *path)
{
	char pid[64];

	snprintf(pid, sizeof(pid), "/sys/block/%s/pid", path + strlen("/dev/"));
	return access(pid, F_OK) == 0;
}

static int export_fuse(struct exports *exports, struct arena *arena, int image, const char *node, bool writable,
		       const char **ret, const char **why)
{
	cleanup_fd int errors = memfd_create("errors", MFD_CLOEXEC);
	cleanup_fd int file = -1;
	const char *argv[] = {"qemu-storage-daemon", "--blockdev", node, "--export", NULL, NULL};
	char *path;
	pid_t process;
	int r = 0;

	if (!tool_path(arena, argv[0]) || access("/dev/fuse", R_OK | W_OK) < 0)
		return -ENOENT;
	if (!*exports->workshop.root)
		r = mounts_begin(&exports->workshop);
	if (r < 0)
		return r;
	path = arena_printf(arena, "%s/%u", exports->workshop.other, exports->count);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	argv[4] = arena_printf(arena,
			       "{\"type\":\"fuse\",\"id\":\"disk\",\"node-name\":\"disk\",\"mountpoint\":\"%s\","
			       "\"writable\":%s}",
			       path, writable ? "true" : "false");
	process = tool_start(arena, argv, image, errors);
	if (process < 0)
		return process;
	if (!wait_for_disk(arena, process, file_has_size, path, errors, why))
		return -EIO;
	exports->processes[exports->count++] = process;
	*ret = path;
	return 0;
}

/* A network block device that nobody uses. */
static char *free_nbd(struct arena *arena)
{
	static const char *const load[] = {"modprobe", "nbd", NULL};
	struct tool_result result;

	if (access("/sys/block/nbd0", F_OK) < 0)
		(void)tool_run(arena, load, -1, &result);
	for (unsigned i = 0; i < NBD_MOST; i++) {
		char *path = arena_printf(arena, "/dev/nbd%u", i);

		if (access(path, R_OK | W_OK) < 0)
			return NULL;
		if (!device_is_served(path))
			return path;
	}
	return NULL;
}

static int export_nbd(struct exports *exports, struct arena *arena, int image, const char *node, bool writable,
		      const char **ret, const char **why)
{
	cleanup_fd int errors = memfd_create("errors", MFD_CLOEXEC);
	char *path;
	/* Only when it talks it stays in the foreground. */
	const char *argv[] = {"qemu-nbd", "--verbose", "--connect", NULL, NULL, writable ? NULL : "--read-only", NULL};
	pid_t process;

	if (!tool_path(arena, argv[0]))
		return -ENOENT;
	path = free_nbd(arena);
	if (!path)
		return -ENOENT;
	argv[3] = path;
	argv[4] = arena_printf(arena, "json:%s", node);
	process = tool_start(arena, argv, image, errors);
	if (process < 0)
		return process;
	if (!wait_for_disk(arena, process, device_is_served, path, errors, why))
		return -EIO;
	exports->processes[exports->count++] = process;
	*ret = path;
	return 0;
}

int export_start(struct exports *exports, struct arena *arena, int image, enum image_format format, bool writable,
		 const char **ret, const char **why)
{
	char *node = describe(arena, image, format, writable);
	int r, second;

	*why = "";
	if (exports->count >= EXPORTS_MOST)
		return -EMFILE;
	r = export_fuse(exports, arena, image, node, writable, ret, why);
	if (r == 0)
		return 0;
	second = export_nbd(exports, arena, image, node, writable, ret, why);
	return second == -ENOENT ? r : second;
}

void export_stop(struct exports *exports)
{
	while (exports->count) {
		pid_t process = exports->processes[--exports->count];

		kill(process, SIGTERM);
		while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
			;
	}
}
