/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/user_ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	FILE_LIMIT = 1024 * 1024,
	RANGE_LEAST = 1000, /* system users have smaller numbers: login.defs(5) */
	RANGE_MOST = 65534, /* with root, all but the one that stands for nobody */
};

static bool is_number(const char *word, unsigned long *ret)
{
	uint64_t number;

	if (!parse_number(word, UINT32_MAX, &number))
		return false;
	*ret = (unsigned long)number;
	return true;
}

bool user_range_parse(const struct blob *file, const char *name, unsigned long number, struct user_range *ret)
{
	size_t offset = 0, length;
	const char *line;

	while (next_line(file, &offset, &line, &length)) {
		char copy[256], *first, *count;
		unsigned long owner;

		if (length >= sizeof(copy))
			continue;
		memcpy(copy, line, length);
		copy[length] = '\0';
		first = strchr(copy, ':');
		count = first ? strchr(first + 1, ':') : NULL;
		if (!count)
			continue;
		*first++ = '\0';
		*count++ = '\0';
		if (!(name && string_equal(copy, name)) && !(is_number(copy, &owner) && owner == number))
			continue;
		if (is_number(first, &ret->first) && is_number(count, &ret->count) && ret->count >= RANGE_LEAST)
			return true;
	}
	return false;
}

static bool find_range(const char *path, const char *name, struct user_range *ret)
{
	cleanup_arena struct arena arena = {0};
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct blob file = {.data = arena_alloc(&arena, FILE_LIMIT)};
	ssize_t n;

	while (fd >= 0 && (n = read(fd, file.data + file.size, FILE_LIMIT - file.size)) > 0)
		file.size += (size_t)n;
	return user_range_parse(&file, name, geteuid(), ret);
}

const char *user_ranges_find(struct user_ranges *ret)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : NULL;

	if (access("/usr/bin/newuidmap", X_OK) < 0 || access("/usr/bin/newgidmap", X_OK) < 0)
		return "without the rights of root, it needs newuidmap (of the package uidmap)";
	if (!find_range("/etc/subuid", name, &ret->users) || !find_range("/etc/subgid", name, &ret->groups))
		return "without the rights of root, it needs a range of users in /etc/subuid and /etc/subgid";
	return NULL;
}

int user_namespace_enter(int line)
{
	char byte;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	if (write(line, "", 1) != 1 || read(line, &byte, 1) != 1)
		return -ECONNREFUSED;
	/* The number 0 is this user already; the groups of the caller's are nobody's here. */
	return setgroups(0, NULL) < 0 ? -errno : 0;
}

/* Root is the caller itself; all others are of the range. */
static bool run_map_tool(const char *tool, pid_t process, unsigned long self, const struct user_range *range)
{
	char words[4][24];
	int status = -1;
	pid_t child;

	snprintf(words[0], sizeof(words[0]), "%d", (int)process);
	snprintf(words[1], sizeof(words[1]), "%lu", self);
	snprintf(words[2], sizeof(words[2]), "%lu", range->first);
	snprintf(words[3], sizeof(words[3]), "%lu", range->count < RANGE_MOST ? range->count : RANGE_MOST);
	child = fork();
	if (child == 0) {
		execl(tool, tool, words[0], "0", words[1], "1", "1", words[2], words[3], (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

void user_ranges_give(const struct user_ranges *ranges, pid_t process, int line)
{
	char byte;

	if (read(line, &byte, 1) == 1 && run_map_tool("/usr/bin/newuidmap", process, geteuid(), &ranges->users) &&
	    run_map_tool("/usr/bin/newgidmap", process, getegid(), &ranges->groups))
		(void)!write(line, "", 1);
}
