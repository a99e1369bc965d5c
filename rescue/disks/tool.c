/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disks/child.h"

static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "LVM_SUPPRESS_FD_WARNINGS=1",
				    NULL};

const char *tool_path(struct arena *arena, const char *name)
{
	static const char *const directories[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		char *path = arena_printf(arena, "%s/%s", directories[i], name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* In the child: standard descriptors, and away. */
_Noreturn static void become(pid_t parent, const char *path, const char *const argv[], int input, int output, int error,
			     int keep)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	child_begin(parent, SIGTERM);
	if (dup2(input >= 0 ? input : nothing, STDIN_FILENO) < 0 ||
	    dup2(output >= 0 ? output : nothing, STDOUT_FILENO) < 0 ||
	    dup2(error >= 0 ? error : nothing, STDERR_FILENO) < 0 || (keep >= 0 && fcntl(keep, F_SETFD, 0) < 0))
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	execve(path, (char *const *)argv, environment);
	_exit(127);
}

static int read_all(struct arena *arena, int fd, struct blob *ret)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0 || size > TOOL_OUTPUT_MOST)
		return -EFBIG;
	ret->data = arena_alloc(arena, (size_t)size + 1);
	ret->size = (size_t)size;
	return pread(fd, ret->data, ret->size, 0) == size ? 0 : -EIO;
}

static const char *last_line(struct arena *arena, int fd)
{
	struct blob text;
	char *line;

	if (read_all(arena, fd, &text) < 0)
		return "";
	while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
		text.data[--text.size] = '\0';
	line = strrchr(text.data, '\n');
	line = line ? line + 1 : text.data;
	return line + strspn(line, " \t");
}

int tool_run(struct arena *arena, const char *const argv[], int at_input, struct tool_result *ret)
{
	const char *path = tool_path(arena, argv[0]);
	cleanup_fd int output = memfd_create("output", MFD_CLOEXEC);
	cleanup_fd int error = memfd_create("error", MFD_CLOEXEC);
	int status;
	pid_t parent = getpid(), child;

	*ret = (struct tool_result){.status = -1, .complaint = ""};
	if (!path)
		return -ENOENT;
	if (output < 0 || error < 0)
		return -errno;
	child = fork();
	if (child == 0)
		become(parent, path, argv, at_input, output, error, -1);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFEXITED(status))
		ret->status = WEXITSTATUS(status);
	ret->complaint = last_line(arena, error);
	return read_all(arena, output, &ret->output);
}

pid_t tool_start(struct arena *arena, const char *const argv[], int keep, int standard_error)
{
	const char *path = tool_path(arena, argv[0]);
	pid_t parent = getpid(), child;

	if (!path)
		return -ENOENT;
	child = fork();
	if (child == 0)
		become(parent, path, argv, -1, -1, standard_error, keep);
	return child < 0 ? -errno : child;
}
