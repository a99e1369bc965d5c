/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver repair|undo --root ROOT [-y]      a stand-in for sshrescue whose one repair has an edit of every kind
 *
 * What the real checks repair changes with them; this does not, and so every step of a transaction stays under attack.
 * The root is made by tests/crash/run. Ends as sshrescue does: 1 repaired, 0 nothing to do, 8 an error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "edit.h"
#include "target/staged.h"
#include "target/target.h"
#include "txn/txn.h"

#define CONTENT(text)                                            \
	{                                                        \
		.data = (char *)(text), .size = sizeof(text) - 1 \
	}

static const struct edit edits[] = {
    {.op = EDIT_REPLACE_LINE, .path = "/etc/ssh/sshd_config", .line = 1, .text = "PermitRootLogin no"},
    {.op = EDIT_CHMOD, .path = "/etc/ssh/sshd_config", .mode = 0600},
    {.op = EDIT_CHMOD, .path = "/etc/ssh/ssh_host_rsa_key", .mode = 0600},
    {.op = EDIT_CHOWN, .path = "/etc/ssh/ssh_host_rsa_key", .uid = 0, .gid = 0},
    {.op = EDIT_WRITE, .path = "/etc/ssh/ssh_host_ed25519_key", .content = CONTENT("new key\n"), .mode = 0600},
    {.op = EDIT_RENAME, .path = "/etc/ssh/ssh_host_ecdsa_key", .text = "ssh_host_ecdsa_key.broken"},
    {.op = EDIT_UNLINK, .path = "/etc/systemd/system/ssh.service"},
    {.op = EDIT_UNLINK, .path = "/etc/nologin"},
    {.op = EDIT_SYMLINK, .path = "/etc/systemd/system/default.target", .text = "multi-user.target"},
    {.op = EDIT_SYMLINK,
     .path = "/etc/systemd/system/multi-user.target.wants/ssh.service",
     .text = "/lib/systemd/system/ssh.service"},
    {.op = EDIT_MKDIR, .path = "/var/empty/sshd", .mode = 0711},
    {.op = EDIT_CHMOD, .path = "/etc/ssh", .mode = 0755},
};

static int report(const char *doing, int error, const struct txn_error *details)
{
	printf("%s: %s: %s%s%s\n", doing, strerror(-error), details->path ? details->path : "",
	       details->path ? ": " : "", details->sentence ? details->sentence : "no sentence");
	return 8;
}

static bool is_broken(struct target *target)
{
	struct blob content;

	return target_read(target, "/etc/ssh/sshd_config", TARGET_FILE_LIMIT, &target->arena, &content, NULL) == 0 &&
	       string_after(content.data, "PermitRootLogn");
}

static int repair(struct target *target)
{
	static const char *const codes[] = {"config.keyword"};
	const struct txn_meta meta = {.tool_version = "1", .command = "driver", .problems = codes, .problem_count = 1};
	const struct edit *list[ARRAY_SIZE(edits)], *failed = NULL;
	struct txn_result result;
	int error;

	if (!is_broken(target))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++)
		list[i] = &edits[i];
	error = staged_apply(target, list, ARRAY_SIZE(edits), &failed);
	if (error < 0) {
		printf("stage: %s: %s\n", failed->path, strerror(-error));
		return 8;
	}
	error = txn_commit(target, &meta, NULL, NULL, &result);
	if (error < 0)
		return report(result.rollback_incomplete ? "commit, left unfinished" : "commit", error, &result.error);
	return 1 | (result.durability_unknown ? 8 : 0);
}

static int undo(struct target *target)
{
	struct txn_undo_report details;
	int error = txn_undo(target, NULL, false, &details);

	if (error < 0)
		return report("undo", error, &details.error);
	return details.durability_unknown ? 8 : 0;
}

int main(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	struct txn_settle_report settled;
	int error;

	if (argc < 4)
		return 16;
	error = target_open(&target, argv[3], TARGET_WRITABLE);
	if (error < 0) {
		printf("open: %s\n", strerror(-error));
		return 8;
	}
	error = txn_settle(target, &settled);
	for (size_t i = 0; i < settled.settled.count; i++) {
		const struct txn_settled *one = &settled.settled.items[i];

		printf("settled %s: %s, now %s, %zu left\n", one->id, txn_state_name(one->was),
		       txn_state_name(one->now), one->left.count);
		if (one->error.error)
			return report("settle", one->error.error, &one->error);
	}
	if (error < 0)
		return report("settle", error, &settled.error);
	return string_equal(argv[1], "undo") ? undo(target) : repair(target);
}
