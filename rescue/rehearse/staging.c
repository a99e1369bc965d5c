/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int check(int result)
{
	return result < 0 ? -errno : 0;
}

static int write_content(const struct change *change)
{
	const struct blob *content = &change->after.content;
	cleanup_fd int fd =
	    open(change->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < content->size;) {
		ssize_t n = write(fd, content->data + done, content->size - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int make(const struct change *change)
{
	const struct node *after = &change->after;
	int r = 0;

	if (after->type == NODE_SYMLINK)
		return check(symlink(after->link, change->path));
	if (after->type == NODE_FILE && change->content)
		r = write_content(change);
	else if (after->type == NODE_DIRECTORY && change->before.type != NODE_DIRECTORY)
		r = check(mkdir(change->path, 0700));
	/* A change of the owner takes bits of the mode away. */
	r = r < 0 ? r : check(lchown(change->path, after->uid, after->gid));
	return r < 0 ? r : check(chmod(change->path, after->mode));
}

static bool has_to_go(const struct change *change)
{
	return change->before.type != NODE_ABSENT &&
	       (change->after.type != change->before.type || change->after.type == NODE_SYMLINK);
}

int staging_write(const struct staged *staged, const char **ret_path)
{
	size_t count = staged ? staged->changes.count : 0;
	int r = 0;

	/* The list is sorted: what is in a directory goes before it, and comes after it. */
	for (size_t i = count; r == 0 && i > 0; i--) {
		const struct change *change = &staged->changes.items[i - 1];

		*ret_path = change->path;
		if (has_to_go(change))
			r = check(change->before.type == NODE_DIRECTORY ? rmdir(change->path) : unlink(change->path));
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct change *change = &staged->changes.items[i];

		*ret_path = change->path;
		if (change->after.type != NODE_ABSENT)
			r = make(change);
	}
	return r;
}
