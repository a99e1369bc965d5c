/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "rehearse/submounts.h"
#include "target/syscalls.h"

/* Where the new file system is put together. Any directory that every system has will do: in this mount namespace
 * nobody else needs it. */
#define WORKSHOP "/tmp"

/* What may be written, all in memory: enough for a firewall daemon's caches, and no danger to the machine we are on. */
#define WORKSHOP_OPTIONS "mode=0700,size=128m,nr_inodes=32k"

#define PROC_FLAGS ((unsigned long)(MS_NOSUID | MS_NODEV | MS_NOEXEC))

struct step {
	const char *what;
	int error;
};

/* Remembers the first failure; true while there is none. */
static bool done(struct step *step, const char *what, int result)
{
	if (result < 0 && !step->error) {
		step->error = -errno;
		step->what = what;
	}
	return result >= 0;
}

static int make_directory(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

/* An overlay over one filesystem of the target; number tells its directories in the workshop apart. */
static bool lay_over(struct arena *arena, const char *lower, const char *place, unsigned number, struct step *step)
{
	static const char *const kinds[] = {"lower", "upper", "work"};
	const unsigned long flags = MS_NOSUID | MS_NODEV;
	char *paths[ARRAY_SIZE(kinds)], *layers;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		paths[i] = arena_printf(arena, WORKSHOP "/%s%u", kinds[i], number);
		if (!done(step, "make directories", make_directory(paths[i])))
			return false;
	}
	layers = arena_printf(arena, "lowerdir=%s,upperdir=%s,workdir=%s", paths[0], paths[1], paths[2]);
	return done(step, "bind the root", mount(lower, paths[0], NULL, MS_BIND, NULL)) &&
	       done(step, "make the root read-only",
		    mount(NULL, paths[0], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOEXEC | flags, NULL)) &&
	       done(step, "mount an overlay", mount("rehearsal", place, "overlay", flags, layers));
}

/* The target, read-only, and the overlays over it below WORKSHOP/root. */
static bool make_overlay(struct arena *arena, struct step *step)
{
	char *root = getcwd(NULL, 0);
	string_list submounts = {0};
	bool good;

	if (!done(step, "find the root", root ? 0 : -1))
		return false;
	submounts_find(arena, root, &submounts);
	good = done(step, "mount a tmpfs on " WORKSHOP,
		    mount("rehearsal", WORKSHOP, "tmpfs", MS_NOSUID | MS_NODEV, WORKSHOP_OPTIONS)) &&
	       done(step, WORKSHOP "/root", make_directory(WORKSHOP "/root")) &&
	       lay_over(arena, ".", WORKSHOP "/root", 0, step);
	for (size_t i = 0; good && i < submounts.count; i++) {
		const char *path = submounts.items[i] + (string_equal(root, "/") ? 0 : strlen(root));

		/* Relative, for the workshop may be mounted over the way to it. */
		good = lay_over(arena, path + 1, arena_printf(arena, WORKSHOP "/root%s", path), (unsigned)i + 1, step);
	}
	free(root);
	return good;
}

/* While the old one is in sight: in a user namespace nobody gets another that sees none. */
static bool mount_proc(struct step *step)
{
	return done(step, "make /proc", make_directory("/proc")) &&
	       done(step, "mount /proc", mount("proc", "/proc", "proc", PROC_FLAGS, NULL));
}

/* Makes the overlay the root. Where the old one is an initramfs, which cannot be left, it is covered instead: nothing
 * that lacks the right to unmount gets below. Only where the namespace begins may it be so, for what leads up from
 * there leads back to what covers it. */
static bool change_root(struct step *step)
{
	if (!done(step, "enter the overlay", chdir(WORKSHOP "/root")))
		return false;
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return mount_proc(step) && done(step, "leave the old root", umount2(".", MNT_DETACH)) &&
		       done(step, "enter the new root", chdir("/"));
	return done(step, "move the overlay to /", mount(".", "/", NULL, MS_MOVE, NULL)) &&
	       done(step, "change the root", chroot(".")) && done(step, "enter the new root", chdir("/")) &&
	       mount_proc(step);
}

/* The rest of it, which takes devices. */
static bool close_proc(struct step *step)
{
	/* All of it is read-only to a process without capabilities; these tell of the machine we are on, or act when
	 * they are read. */
	static const char *const covered[] = {"/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/sched_debug",
					      "/proc/timer_list"};

	for (size_t i = 0; i < ARRAY_SIZE(covered); i++) {
		if (mount("/dev/null", covered[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			return done(step, covered[i], -1);
	}
	return done(step, "make /proc read-only",
		    mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | PROC_FLAGS, NULL));
}

static const struct device {
	const char *path;
	unsigned major, minor;
} devices[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},	   {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

/* The system's own devices, for a user namespace, where nobody makes any: -1 each where the kernel has no open_tree(2).
 */
static void hold_devices(int trees[ARRAY_SIZE(devices)])
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		trees[i] = kernel_open_tree(AT_FDCWD, devices[i].path, KERNEL_OPEN_TREE_CLONE);
}

static int make_device(const struct device *device, int tree)
{
	cleanup_fd int fd = -1;
	int r;

	if (mknod(device->path, S_IFCHR | 0666, makedev(device->major, device->minor)) == 0)
		return 0;
	if (errno != EPERM || tree < 0)
		return -1;
	fd = open(device->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : kernel_move_mount(tree, device->path);
	errno = -r;
	return r;
}

static bool make_dev(const int trees[ARRAY_SIZE(devices)], struct step *step)
{
	static const struct {
		const char *path;
		const char *leads_to;
	} links[] = {
	    {"/dev/fd", "/proc/self/fd"},
	    {"/dev/stdin", "/proc/self/fd/0"},
	    {"/dev/stdout", "/proc/self/fd/1"},
	    {"/dev/stderr", "/proc/self/fd/2"},
	};

	if (!done(step, "make /dev", make_directory("/dev")) ||
	    !done(step, "mount /dev",
		  mount("rehearsal", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4m,nr_inodes=1k")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (!done(step, devices[i].path, make_device(&devices[i], trees[i])))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (!done(step, links[i].path, symlink(links[i].leads_to, links[i].path)))
			return false;
	}
	return done(step, "make /dev/shm", mkdir("/dev/shm", 01777));
}

/* What a boot finds empty. */
static bool make_volatile(const struct script *script, struct step *step)
{
	static const struct {
		const char *path, *options;
	} places[] = {
	    {"/run", "mode=0755,size=16m,nr_inodes=4k"},
	    {"/tmp", "mode=1777,size=16m,nr_inodes=4k"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!done(step, places[i].path, make_directory(places[i].path)) ||
		    !done(step, places[i].path,
			  mount("rehearsal", places[i].path, "tmpfs", MS_NOSUID | MS_NODEV, places[i].options)))
			return false;
	}
	/* tmpfiles.d of every systemd. */
	if (!done(step, "make /run/lock", make_directory("/run/lock")))
		return false;
	for (size_t i = 0; i < script->directories.count; i++) {
		const struct scripted_directory *directory = &script->directories.items[i];

		if (!done(step, directory->path, make_directory(directory->path)) ||
		    !done(step, directory->path, chmod(directory->path, directory->mode)))
			return false;
	}
	return true;
}

int mounts_make(const struct script *script, const char **ret_what)
{
	cleanup_arena struct arena arena = {0};
	int trees[ARRAY_SIZE(devices)];
	struct step step = {0};

	umask(0);
	hold_devices(trees);
	if (done(&step, "leave the mounts of the system", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) &&
	    make_overlay(&arena, &step) && change_root(&step) && make_dev(trees, &step) && close_proc(&step) &&
	    make_volatile(script, &step))
		umask(022);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (trees[i] >= 0)
			close(trees[i]);
	}
	*ret_what = step.what;
	return step.error;
}
