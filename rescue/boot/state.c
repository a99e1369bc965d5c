/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "txn/journal.h"

#define STATE_NAME "armed"
#define STATE_NEW "armed.new"

enum {
	STATE_LIMIT = 4096,
};

static const char *const watch_names[] = {
    [WATCH_NONE] = "",
    [WATCH_UNCONFIRMED] = "unconfirmed",
    [WATCH_CONFIRMED] = "confirmed",
};

static void take_wtmp(struct boot_state *state, char *value)
{
	char *colon = strchr(value, ':');
	uint64_t inode, size;

	if (!colon)
		return;
	*colon = '\0';
	if (parse_number(value, UINT64_MAX, &inode) && parse_number(colon + 1, INT64_MAX, &size)) {
		state->wtmp_inode = inode;
		state->wtmp_size = size;
	}
}

static void take_line(struct boot_state *state, char *line)
{
	char *value = strchr(line, '=');
	enum boot_mode mode;

	if (!value)
		return;
	*value++ = '\0';
	if (string_equal(line, "request") && boot_mode_parse(value, &mode) && mode <= BOOT_REPAIR)
		state->request = mode;
	else if (string_equal(line, "boot")) {
		for (enum boot_watch watch = WATCH_UNCONFIRMED; watch <= WATCH_CONFIRMED; watch++) {
			if (string_equal(value, watch_names[watch]))
				state->watch = watch;
		}
	} else if (string_equal(line, "wtmp")) {
		take_wtmp(state, value);
	}
}

int boot_state_read(struct target *target, struct boot_state *ret)
{
	cleanup_arena struct arena arena = {0};
	cleanup_store struct txn_store store;
	cleanup_fd int fd = -1;
	struct blob text = {.data = arena_alloc(&arena, STATE_LIMIT + 1)};
	struct txn_error error = {0};
	struct stat status;
	const char *line;
	size_t offset = 0, length;
	ssize_t n;
	int r;

	*ret = (struct boot_state){.request = BOOT_OFF};
	r = txn_store_open(target, &arena, TXN_STORE_READ, &store, &error);
	if (r < 0 || store.fd < 0)
		return r;
	fd = openat(store.fd, STATE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EFTYPE_NOT_REGULAR;
	n = pread(fd, text.data, STATE_LIMIT, 0);
	if (n < 0)
		return -errno;
	text.size = (size_t)n;
	while (next_line(&text, &offset, &line, &length))
		take_line(ret, arena_memdup(&arena, line, length));
	return 0;
}

static void format_state(struct text *text, const struct boot_state *state)
{
	text_add_string(text, "# kept by sshrescue: see ARM AND GUARD in sshrescue(8)\n");
	if (state->request != BOOT_OFF)
		text_printf(text, "request=%s\n", boot_mode_name(state->request));
	if (state->watch != WATCH_NONE)
		text_printf(text, "boot=%s\nwtmp=%" PRIu64 ":%" PRIu64 "\n", watch_names[state->watch],
			    state->wtmp_inode, state->wtmp_size);
}

static int write_new(const struct txn_store *store, const struct text *text)
{
	cleanup_fd int fd = -1;
	ssize_t n;

	if (unlinkat(store->fd, STATE_NEW, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(store->fd, STATE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, text->data, text->size);
	if (n != (ssize_t)text->size)
		return n < 0 ? -errno : -ENOSPC;
	(void)txn_label_new(store->fd, BOOT_STATE_PATH, NODE_FILE, fd, -1, NULL);
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace_state(const struct txn_store *store, const struct text *text)
{
	int r = write_new(store, text);

	if (r == 0 && renameat(store->fd, STATE_NEW, store->fd, STATE_NAME) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(store->fd, STATE_NEW, 0);
	return r;
}

int boot_state_write(struct target *target, const struct boot_state *state)
{
	cleanup_arena struct arena arena = {0};
	cleanup_store struct txn_store store;
	struct text text = {.arena = &arena};
	struct txn_error error = {0};
	bool empty = state->request == BOOT_OFF && state->watch == WATCH_NONE;
	int r;

	r = txn_store_open(target, &arena, TXN_STORE_LOCK | (empty ? 0 : TXN_STORE_CREATE), &store, &error);
	if (r < 0 || store.fd < 0)
		return r;
	format_state(&text, state);
	if (!empty)
		r = replace_state(&store, &text);
	else if (unlinkat(store.fd, STATE_NAME, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && (fsync(store.fd) < 0 || fsync(store.etc) < 0))
		r = -errno;
	if (empty)
		txn_store_remove_if_empty(&store);
	return r;
}

bool boot_state_equal(const struct boot_state *a, const struct boot_state *b)
{
	return a->request == b->request && a->watch == b->watch && a->wtmp_inode == b->wtmp_inode &&
	       a->wtmp_size == b->wtmp_size;
}
