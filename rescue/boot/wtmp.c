/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wtmp(5), as glibc lays its records out: whether somebody logged in from elsewhere. */
#include "boot/state.h"

#include "base/text.h"

#define WTMP "/var/log/wtmp"

enum {
	/* A record has 384 bytes, but 400 where its times have eight bytes each (aarch64, riscv64). */
	RECORD_SIZE = 384,
	RECORD_SIZE_WIDE = 400,
	/* Offsets in both. */
	OFFSET_TYPE = 0,
	OFFSET_HOST = 76,
	HOST_SIZE = 256,
	USER_PROCESS = 7,
	/* More records than a boot that matters here has written. */
	RECORDS_MOST = 10000,
};

void boot_state_mark_wtmp(struct target *target, struct boot_state *state)
{
	struct node_stat status;

	state->wtmp_inode = state->wtmp_size = 0;
	if (target_stat(target, WTMP, &status) == 0 && status.type == NODE_FILE) {
		state->wtmp_inode = status.inode;
		state->wtmp_size = status.size;
	}
}

/* sshd writes the client's address; a display (":0") and a multiplexer ("tmux(123).%0") are this machine itself. */
static bool is_remote_login(const char *record)
{
	const char *host = record + OFFSET_HOST;
	int16_t type;

	memcpy(&type, record + OFFSET_TYPE, sizeof(type));
	return type == USER_PROCESS && *host && *host != ':' && !memchr(host, '(', HOST_SIZE);
}

bool boot_state_saw_login(struct target *target, const struct boot_state *state)
{
	char record[RECORD_SIZE_WIDE];
	struct node_stat status;
	uint64_t offset = state->wtmp_size;
	size_t size = RECORD_SIZE;

	if (target_stat(target, WTMP, &status) < 0 || status.type != NODE_FILE)
		return false;
	/* Rotated since: all of it is newer. */
	if (status.inode != state->wtmp_inode || status.size < offset)
		offset = 0;
	if (status.size % RECORD_SIZE && status.size % RECORD_SIZE_WIDE == 0)
		size = RECORD_SIZE_WIDE;
	for (unsigned i = 0; i < RECORDS_MOST; i++, offset += size) {
		if (target_pread(target, WTMP, record, size, offset) != (ssize_t)size)
			return false;
		if (is_remote_login(record))
			return true;
	}
	return false;
}
