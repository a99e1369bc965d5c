/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor that check is measured against: a program that opens, reads and closes the files whose names it reads from
 * the list in argv[2], inside the root argv[1], and does nothing else. Five system calls a file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char list[1 << 20], buffer[16 << 20];
	ssize_t size;
	int root, fd;

	if (argc != 3 || (root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return 2;
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
	if (size < 0)
		return 2;
	for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n")) {
		struct stat stat;
		ssize_t n;

		fd = openat(root, *name == '/' ? name + 1 : name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			continue;
		if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
			do
				n = read(fd, buffer, sizeof(buffer));
			while (n > 0);
		}
		close(fd);
	}
	return 0;
}
