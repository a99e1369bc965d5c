/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One root for all inputs of a process; libFuzzer has no place to keep it. */
static char root[PATH_MAX];

static void fail(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(8);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

static void remove_root(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_directories(char *path)
{
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			fail(path);
		*slash = '/';
	}
}

/* For whoever makes seeds: the choice first, where there is one. */
static void print_paths(void)
{
	if (fuzz_format.choices)
		puts("choice");
	for (const char *const *path = fuzz_format.paths; path && *path; path++)
		puts(*path);
	exit(0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *directory = getenv("TMPDIR");

	if (*argc == 2 && strcmp((*argv)[1], "paths") == 0)
		print_paths();
	snprintf(root, sizeof(root), "%s/sshrescue-fuzz-XXXXXX", directory ? directory : "/tmp");
	if (!mkdtemp(root) || chmod(root, 0755) < 0)
		fail(root);
	atexit(remove_root);
	for (const char *const *path = fuzz_format.paths; path && *path; path++) {
		char full[PATH_MAX * 2];

		snprintf(full, sizeof(full), "%s%s", root, *path);
		make_directories(full);
	}
	return 0;
}

static void put(const char *path, const struct blob *content)
{
	char full[PATH_MAX * 2];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	if (!content->size) {
		if (unlink(full) < 0 && errno != ENOENT)
			fail(full);
		return;
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, content->data, content->size) != (ssize_t)content->size || close(fd) < 0)
		fail(full);
}

/* Gives each path its part of the input. */
static void spread(struct fuzz_input *input, const char *data, size_t size)
{
	const char *end = data + size;

	for (size_t i = 0; fuzz_format.paths[i] && i < FUZZ_FILES; i++) {
		const char *separator = memchr(data, FUZZ_SEPARATOR, (size_t)(end - data));
		size_t length = (size_t)((separator ? separator : end) - data);
		struct blob *file = &input->files[input->file_count++];

		file->data = arena_memdup(input->arena, data, length);
		file->size = length;
		put(fuzz_format.paths[i], file);
		data = separator ? separator + 1 : end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	cleanup_arena struct arena arena = {0};
	/* Opening the door takes longer than most inputs. */
	static struct target *target;
	struct fuzz_input input = {.arena = &arena};
	const char *data = (const char *)bytes;

	if (fuzz_format.choices) {
		if (!size)
			return -1;
		input.choice = bytes[0];
		data++;
		size--;
	}
	if (fuzz_format.paths) {
		spread(&input, data, size);
	} else {
		input.files[0] = (struct blob){.data = arena_memdup(&arena, data, size), .size = size};
		input.file_count = 1;
	}
	if (!target && target_open(&target, root, 0) < 0)
		fail(root);
	input.target = target;
	fuzz_format.read(&input);
	if (fuzz_format.stages)
		target = target_close(target);
	return 0;
}
