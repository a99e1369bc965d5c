/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree DIR: one line for everything below DIR, sorted, with all that undo promises to give back: type, mode, owner,
 * link count, time and content of what is no directory, what links say, extended attributes. /etc/sshrescue is the
 * history and left out, and so are the times of directories, which change with what is made in them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void print_quoted(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte > 0x20 && byte < 0x7f && byte != '\\')
			putchar(byte);
		else
			printf("\\x%02x", byte);
	}
}

/* Each step can be undone, so contents that differ in one word never have the same hash; others only by chance. */
static void print_content(int directory, const char *name)
{
	static uint64_t buffer[1 << 17];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	ssize_t size;

	if (fd < 0)
		return;
	while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
		size_t words = ((size_t)size + sizeof(*buffer) - 1) / sizeof(*buffer);

		memset((char *)buffer + size, 0, words * sizeof(*buffer) - (size_t)size);
		for (size_t i = 0; i < words; i++)
			hash = (hash ^ buffer[i]) * UINT64_C(0x100000001b3);
	}
	printf(" %016llx", (unsigned long long)hash);
	close(fd);
}

static void print_link(int directory, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(directory, name, target, sizeof(target));

	printf(" -> ");
	if (n > 0)
		print_quoted(target, (size_t)n);
}

static void print_attributes(const char *path)
{
	char names[65536], value[65536];
	ssize_t size = llistxattr(path, names, sizeof(names));

	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t n = lgetxattr(path, name, value, sizeof(value));

		printf(" %s=", name);
		if (n > 0)
			print_quoted(value, (size_t)n);
	}
}

static void print_entry(int directory, const char *name, const char *path, const struct stat *stat)
{
	print_quoted(path, strlen(path));
	printf(" %o %u:%u", (unsigned)stat->st_mode, (unsigned)stat->st_uid, (unsigned)stat->st_gid);
	if (!S_ISDIR(stat->st_mode))
		printf(" %llu %lld.%09ld %lu", (unsigned long long)stat->st_size, (long long)stat->st_mtim.tv_sec,
		       stat->st_mtim.tv_nsec, (unsigned long)stat->st_nlink);
	if (S_ISREG(stat->st_mode))
		print_content(directory, name);
	if (S_ISLNK(stat->st_mode))
		print_link(directory, name);
	print_attributes(path);
	putchar('\n');
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, by_name), directory = open(path, O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		struct stat stat;
		char *below;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
		    asprintf(&below, "%s/%s", path, name) > 0) {
			if (strcmp(below, "./etc/sshrescue") != 0) {
				print_entry(directory, name, below, &stat);
				if (S_ISDIR(stat.st_mode))
					walk(below);
			}
			free(below);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	close(directory);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) < 0)
		return 2;
	walk(".");
	return fflush(stdout) ? 1 : 0;
}
