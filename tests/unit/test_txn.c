/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions: what is committed, what is taken back, what is refused, and what an interrupted run leaves. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/text.h"
#include "edit.h"
#include "target/staged.h"
#include "txn/journal.h"
#include "txn/txn.h"

#define CONFIG "/etc/ssh/sshd_config"
#define KEY "/etc/ssh/ssh_host_rsa_key"
#define SYSTEM "/etc/systemd/system"
#define MASK SYSTEM "/ssh.service"
#define STORE "/etc/sshrescue"

struct world {
	char root[64];
	struct target *target;
	struct arena arena;
	char *before; /* the tree when it was made */
};

static char *at(const struct world *world, const char *path)
{
	static char full[4][PATH_MAX];
	static unsigned next;
	char *result = full[next++ % 4];

	snprintf(result, PATH_MAX, "%s%s", world->root, path);
	return result;
}

static void put(const struct world *world, const char *path, const char *content, mode_t mode)
{
	FILE *file = fopen(at(world, path), "w");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(at(world, path), mode), 0);
}

static void assert_content(const struct world *world, const char *path, const char *content)
{
	char buffer[256];
	FILE *file = fopen(at(world, path), "r");
	size_t length;

	assert_non_null(file);
	length = fread(buffer, 1, sizeof(buffer) - 1, file);
	fclose(file);
	buffer[length] = '\0';
	assert_string_equal(buffer, content);
}

static bool there(const struct world *world, const char *path)
{
	struct stat status;

	return lstat(at(world, path), &status) == 0;
}

static mode_t mode_of(const struct world *world, const char *path)
{
	struct stat status;

	assert_int_equal(lstat(at(world, path), &status), 0);
	return status.st_mode & 07777;
}

/* ---- the whole tree as text: everything that undo promises to give back ------------------------------------------ */

static struct {
	struct text text;
	size_t root;
	char **lines;
	size_t count;
} snap;

static void add_attributes(struct text *text, const char *path)
{
	char names[4096], value[4096];
	ssize_t size = llistxattr(path, names, sizeof(names));

	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t length = lgetxattr(path, name, value, sizeof(value));

		text_printf(text, " %s=", name);
		for (ssize_t i = 0; i < length; i++)
			text_printf(text, "%02x", (unsigned char)value[i]);
	}
}

static int snap_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	struct text *text = &snap.text;
	const char *inner = path + snap.root;

	(void)type, (void)where;
	if (string_after(inner, STORE))
		return 0;
	text_printf(text, "%s %o %u:%u %lld.%09ld %u", *inner ? inner : "/", status->st_mode, status->st_uid,
		    status->st_gid, (long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
		    S_ISDIR(status->st_mode) ? 0 : (unsigned)status->st_nlink);
	if (S_ISREG(status->st_mode)) {
		unsigned char hash[SHA256_SIZE];
		char hash_text[SHA256_TEXT_SIZE];
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(txn_hash_fd(fd, hash), 0);
		close(fd);
		sha256_to_text(hash, hash_text);
		text_printf(text, " %llu %s", (unsigned long long)status->st_ino, hash_text);
	}
	if (S_ISLNK(status->st_mode)) {
		char link[PATH_MAX] = "";

		assert_true(readlink(path, link, sizeof(link) - 1) >= 0);
		text_printf(text, " -> %s", link);
	}
	add_attributes(text, path);
	text_add_string(text, "\n");
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *snapshot(struct world *world)
{
	struct text sorted = {.arena = &world->arena};
	char **lines;
	size_t count = 0;

	snap.text = (struct text){.arena = &world->arena};
	snap.root = strlen(world->root);
	assert_int_equal(nftw(world->root, snap_one, 16, FTW_PHYS), 0);
	for (char *c = snap.text.data; *c; c++)
		count += *c == '\n';
	lines = arena_alloc(&world->arena, count * sizeof(*lines));
	count = 0;
	for (char *line = strtok(snap.text.data, "\n"); line; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		text_printf(&sorted, "%s\n", lines[i]);
	return sorted.data;
}

#define assert_as_before(world) assert_string_equal(snapshot(world), (world)->before)

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

static int make_old(const char *path, const struct stat *status, int type, struct FTW *where)
{
	struct timespec times[2] = {{.tv_sec = 1600000000, .tv_nsec = 123456789},
				    {.tv_sec = 1600000000, .tv_nsec = 123456789}};

	(void)status, (void)type, (void)where;
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void make_tree(struct world *world)
{
	static const char *const dirs[] = {"/etc",	   "/etc/ssh", "/etc/ssh/sshd_config.d",
					   "/etc/systemd", SYSTEM,     "/var",
					   "/var/empty",   "/usr",     "/etc/default"};

	assert_int_equal(chmod(world->root, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(at(world, dirs[i]), 0755), 0);
	put(world, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0444);
	put(world, CONFIG, "one\ntwo\nthree\n", 0640);
	put(world, "/etc/ssh/sshd_config.d/old.conf", "Port 22\n", 0644);
	put(world, KEY, "secret\n", 0777);
	put(world, "/etc/default/ssh", "SSHD_OPTS=-4\n", 0604);
	assert_int_equal(symlink("/dev/null", at(world, MASK)), 0);
	assert_int_equal(symlink("rescue.target", at(world, SYSTEM "/default.target")), 0);
	/* What the kernel takes here; where it does not, nothing is lost but this part of the test. */
	(void)setxattr(at(world, CONFIG), "user.note", "kept", 4, 0);
	if (geteuid() == 0)
		assert_int_equal(chown(at(world, CONFIG), 0, 42), 0);
}

static void reopen(struct world *world, unsigned flags)
{
	if (world->target)
		target_close(world->target);
	world->target = NULL;
	assert_int_equal(target_open(&world->target, world->root, TARGET_WRITABLE | flags), 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->root, "/tmp/test-txn-XXXXXX");
	assert_non_null(mkdtemp(world->root));
	make_tree(world);
	assert_int_equal(nftw(world->root, make_old, 16, FTW_PHYS | FTW_DEPTH), 0);
	world->before = snapshot(world);
	reopen(world, 0);
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static int teardown(void **state)
{
	struct world *world = *state;

	target_close(world->target);
	arena_release(&world->arena);
	nftw(world->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static void stage(struct world *world, const struct edit *edits, size_t count)
{
	const struct edit *list[16], *failed = NULL;

	assert_true(count <= ARRAY_SIZE(list));
	for (size_t i = 0; i < count; i++)
		list[i] = &edits[i];
	assert_int_equal(staged_apply(world->target, list, count, &failed), 0);
}

#define STAGE(world, ...)                                  \
	stage((world), (const struct edit[]){__VA_ARGS__}, \
	      sizeof((const struct edit[]){__VA_ARGS__}) / sizeof(struct edit))
#define CONTENT(text)                                            \
	{                                                        \
		.data = (char *)(text), .size = sizeof(text) - 1 \
	}

/* One of every kind. */
static void stage_everything(struct world *world)
{
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 2, .text = "zwei"},
	      {.op = EDIT_CHMOD, .path = KEY, .mode = 0600},
	      {.op = EDIT_WRITE, .path = "/etc/ssh/ssh_host_ed25519_key", .content = CONTENT("new\n"), .mode = 0600},
	      {.op = EDIT_UNLINK, .path = MASK}, {.op = EDIT_UNLINK, .path = "/etc/ssh/sshd_config.d/old.conf"},
	      {.op = EDIT_SYMLINK, .path = SYSTEM "/default.target", .text = "multi-user.target"},
	      {.op = EDIT_SYMLINK,
	       .path = SYSTEM "/multi-user.target.wants/ssh.service",
	       .text = "/lib/systemd/system/ssh.service"},
	      {.op = EDIT_MKDIR, .path = "/var/empty/sshd", .mode = 0711},
	      {.op = EDIT_CHMOD, .path = "/", .mode = 0751},
	      {.op = EDIT_RENAME, .path = "/etc/default/ssh", .text = "ssh.broken"});
}

static void assert_everything(struct world *world)
{
	char link[64] = "";

	assert_content(world, CONFIG, "one\nzwei\nthree\n");
	assert_int_equal(mode_of(world, CONFIG), 0640);
	assert_int_equal(mode_of(world, KEY), 0600);
	assert_content(world, "/etc/ssh/ssh_host_ed25519_key", "new\n");
	assert_int_equal(mode_of(world, "/etc/ssh/ssh_host_ed25519_key"), 0600);
	assert_false(there(world, MASK));
	assert_false(there(world, "/etc/ssh/sshd_config.d/old.conf"));
	assert_true(readlink(at(world, SYSTEM "/default.target"), link, sizeof(link) - 1) > 0);
	assert_string_equal(link, "multi-user.target");
	assert_true(there(world, SYSTEM "/multi-user.target.wants/ssh.service"));
	assert_int_equal(mode_of(world, "/var/empty/sshd"), 0711);
	assert_int_equal(mode_of(world, "/"), 0751);
	assert_false(there(world, "/etc/default/ssh"));
	assert_content(world, "/etc/default/ssh.broken", "SSHD_OPTS=-4\n");
	assert_int_equal(mode_of(world, "/etc/default/ssh.broken"), 0604);
	assert_int_equal(mode_of(world, STORE), 0700);
}

static const char *const codes[] = {"service.masked", "config.keyword"};
static const struct txn_meta meta = {
    .tool_version = "1.0", .command = "repair -y", .problems = codes, .problem_count = 2};

static void commit(struct world *world)
{
	struct txn_result result;
	int value = txn_commit(world->target, &meta, NULL, NULL, &result);

	if (value < 0)
		print_message("%s: %s\n", result.error.path ? result.error.path : "", result.error.sentence);
	assert_int_equal(value, 0);
	assert_null(result.error.sentence);
	assert_false(result.durability_unknown);
	assert_true(txn_id_is_valid(result.id, NULL));
	reopen(world, 0);
}

static void refuses(struct world *world, int error, const char *path)
{
	struct txn_result result;

	assert_int_equal(txn_commit(world->target, &meta, NULL, NULL, &result), error);
	assert_non_null(result.error.sentence);
	assert_int_equal(result.error.error, error);
	assert_false(result.rollback_incomplete);
	assert_string_equal(result.id, "");
	if (path)
		assert_string_equal(result.error.path, path);
}

static struct txn_undo_report undo(struct world *world, const char *id, bool force, int expected)
{
	struct txn_undo_report report;
	int value = txn_undo(world->target, id, force, &report);

	if (value != expected)
		print_message("%s: %s\n", report.error.path ? report.error.path : "", report.error.sentence);
	assert_int_equal(value, expected);
	return report;
}

static txn_list history(struct world *world)
{
	struct txn_error error;
	txn_list list;

	assert_int_equal(txn_history(world->target, &world->arena, &list, &error), 0);
	return list;
}

static size_t count_pending(struct world *world)
{
	txn_list list;

	assert_int_equal(txn_pending(world->target, &world->arena, &list, NULL), 0);
	return list.count;
}

/* ---- the straight way -------------------------------------------------------------------------------------------- */

static void commits_and_undoes_everything(void **state)
{
	struct world *world = *state;
	struct txn_undo_report report;
	txn_list list;

	stage_everything(world);
	commit(world);
	assert_everything(world);
	if (getxattr(at(world, CONFIG), "user.note", NULL, 0) < 0)
		print_message("no user attributes here\n");
	list = history(world);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].state, TXN_COMMITTED);
	assert_string_equal(list.items[0].tool_version, "1.0");
	assert_string_equal(list.items[0].command, "repair -y");
	assert_int_equal(list.items[0].problems.count, 2);
	assert_string_equal(list.items[0].problems.items[1], "config.keyword");
	assert_int_equal(list.items[0].actions.count, 12);
	assert_string_equal(list.items[0].actions.items[0].operation, "chmod");
	assert_string_equal(list.items[0].actions.items[0].path, "/");
	assert_int_equal(count_pending(world), 0);

	report = undo(world, NULL, false, 0);
	assert_string_equal(report.id, list.items[0].id);
	assert_int_equal(report.restored.count, 12);
	assert_int_equal(report.refused.count, 0);
	assert_as_before(world);
	list = history(world);
	assert_int_equal(list.items[0].state, TXN_UNDONE);
	undo(world, list.items[0].id, false, -EALREADY);
	undo(world, NULL, false, -ENOENT);
	assert_as_before(world);
}

static void component_walk(void **state)
{
	struct world *world = *state;

	reopen(world, TARGET_WALK);
	stage_everything(world);
	commit(world);
	assert_everything(world);
	reopen(world, TARGET_WALK);
	undo(world, NULL, false, 0);
	assert_as_before(world);
}

static void nothing_staged(void **state)
{
	struct world *world = *state;
	struct txn_result result;

	assert_int_equal(txn_commit(world->target, &meta, NULL, NULL, &result), 0);
	assert_string_equal(result.id, "");
	assert_as_before(world);
	assert_false(there(world, STORE));
}

/* Undo of an older one, over a newer one of the same file. */
static void undoes_in_any_order(void **state)
{
	struct world *world = *state;
	struct txn_undo_report report;
	txn_list list;

	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	commit(world);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 2, .text = "zwei"});
	commit(world);
	list = history(world);
	assert_int_equal(list.count, 2);
	assert_true(string_ends_with(list.items[0].id, "-1"));
	assert_true(string_ends_with(list.items[1].id, "-2"));
	report = undo(world, list.items[0].id, false, -ESTALE);
	assert_int_equal(report.refused.count, 1);
	assert_content(world, CONFIG, "eins\nzwei\nthree\n");
	report = undo(world, NULL, false, 0);
	assert_string_equal(report.id, list.items[1].id);
	assert_content(world, CONFIG, "eins\ntwo\nthree\n");
	report = undo(world, NULL, false, 0);
	assert_string_equal(report.id, list.items[0].id);
	assert_as_before(world);
}

static int say_no(void *argument)
{
	struct world *world = argument;

	assert_everything(world);
	return -ECANCELED;
}

static void verification_takes_back(void **state)
{
	struct world *world = *state;
	struct txn_result result;

	stage_everything(world);
	assert_int_equal(txn_commit(world->target, &meta, say_no, world, &result), -ECANCELED);
	assert_false(result.rollback_incomplete);
	assert_as_before(world);
	assert_false(there(world, STORE));
}

static volatile sig_atomic_t signalled;

static void note_signal(int number)
{
	(void)number;
	signalled = 1;
}

static int raise_term(void *argument)
{
	(void)argument;
	raise(SIGTERM);
	assert_false(signalled);
	return 0;
}

static void a_signal_takes_back(void **state)
{
	struct world *world = *state;
	struct txn_result result;

	signalled = 0;
	signal(SIGTERM, note_signal);
	stage_everything(world);
	assert_int_equal(txn_commit(world->target, &meta, raise_term, NULL, &result), -EINTR);
	assert_true(signalled);
	signal(SIGTERM, SIG_DFL);
	assert_as_before(world);
}

/* ---- old kernels ------------------------------------------------------------------------------------------------- */

static void filter_renameat2(int error)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(77);
}

static int in_child(struct world *world, int error, int (*work)(struct world *))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (error)
			filter_renameat2(error);
		_exit(work(world));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int commit_in_child(struct world *world)
{
	struct txn_result result;

	return txn_commit(world->target, &meta, NULL, NULL, &result) == 0 ? 0 : 1;
}

static int undo_in_child(struct world *world)
{
	struct txn_undo_report report;

	return txn_undo(world->target, NULL, false, &report) == 0 && report.restored.count == 12 ? 0 : 1;
}

static void without_exchange(void **state)
{
	static const int errors[] = {ENOSYS, EINVAL, EPERM};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		stage_everything(world);
		assert_int_equal(in_child(world, errors[i], commit_in_child), 0);
		reopen(world, 0);
		assert_everything(world);
		assert_int_equal(in_child(world, errors[i], undo_in_child), 0);
		assert_as_before(world);
		reopen(world, 0);
	}
}

/* ---- refused early ----------------------------------------------------------------------------------------------- */

static void refuses_what_changed(void **state)
{
	struct world *world = *state;

	stage_everything(world);
	put(world, CONFIG, "one\ntwo\nfour!\n", 0640);
	world->before = snapshot(world);
	refuses(world, -ESTALE, CONFIG);
	assert_as_before(world);
	assert_false(there(world, STORE));

	reopen(world, 0);
	STAGE(world, {.op = EDIT_UNLINK, .path = MASK});
	assert_int_equal(unlink(at(world, MASK)), 0);
	put(world, MASK, "[Unit]\n", 0644);
	refuses(world, -ESTALE, MASK);

	reopen(world, 0);
	STAGE(world, {.op = EDIT_WRITE, .path = "/etc/ssh/new", .content = CONTENT("x"), .mode = 0644});
	put(world, "/etc/ssh/new", "somebody else's\n", 0644);
	refuses(world, -ESTALE, "/etc/ssh/new");
	assert_content(world, "/etc/ssh/new", "somebody else's\n");

	reopen(world, 0);
	STAGE(world, {.op = EDIT_CHMOD, .path = KEY, .mode = 0600});
	assert_int_equal(chmod(at(world, KEY), 0640), 0);
	refuses(world, -ESTALE, KEY);
	assert_int_equal(mode_of(world, KEY), 0640);

	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	assert_int_equal(rename(at(world, "/etc/ssh"), at(world, "/etc/moved")), 0);
	assert_int_equal(symlink("moved", at(world, "/etc/ssh")), 0);
	refuses(world, -ESTALE, CONFIG);
	assert_content(world, "/etc/moved/sshd_config", "one\ntwo\nfour!\n");
}

static void refuses_hard_links(void **state)
{
	struct world *world = *state;

	assert_int_equal(link(at(world, CONFIG), at(world, "/usr/second")), 0);
	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	refuses(world, -EMLINK, CONFIG);
	reopen(world, 0);
	STAGE(world, {.op = EDIT_CHMOD, .path = CONFIG, .mode = 0600});
	refuses(world, -EMLINK, CONFIG);
	assert_false(there(world, STORE));
}

static bool set_flag(struct world *world, const char *path, int flag)
{
	int fd = open(at(world, path), O_RDONLY | O_CLOEXEC), flags = flag;
	bool done = fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;

	close(fd);
	return done;
}

static void refuses_protected(void **state)
{
	static const struct {
		const char *path, *named;
		int flag;
	} cases[] = {
	    {CONFIG, CONFIG, FS_IMMUTABLE_FL},	{CONFIG, CONFIG, FS_APPEND_FL}, {"/etc/ssh", CONFIG, FS_IMMUTABLE_FL},
	    {"/etc/ssh", CONFIG, FS_APPEND_FL}, {"/etc", "/etc", FS_APPEND_FL},
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!set_flag(world, cases[i].path, cases[i].flag))
			skip();
		reopen(world, 0);
		STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
		refuses(world, -EPERM, cases[i].named);
		set_flag(world, cases[i].path, 0);
		assert_as_before(world);
		assert_false(there(world, STORE));
	}
}

static int on_another_mount(struct world *world)
{
	struct txn_result result;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	/* Even of the same filesystem. */
	if (mount(at(world, "/etc/ssh"), at(world, "/etc/ssh"), NULL, MS_BIND, NULL) < 0)
		return 77;
	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	return txn_commit(world->target, &meta, NULL, NULL, &result) == -EXDEV ? 0 : 1;
}

static int on_a_read_only_mount(struct world *world)
{
	struct txn_result result;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	if (mount(world->root, world->root, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, world->root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 77;
	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	return txn_commit(world->target, &meta, NULL, NULL, &result) == -EROFS ? 0 : 1;
}

static int on_a_full_filesystem(struct world *world)
{
	struct txn_result result;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	if (mount("none", world->root, "tmpfs", 0, "size=64k,mode=755") < 0)
		return 77;
	make_tree(world);
	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	put(world, "/usr/rest", "", 0644);
	if (truncate(at(world, "/usr/rest"), 0) < 0)
		return 1;
	for (int fd = open(at(world, "/usr/rest"), O_WRONLY | O_APPEND); write(fd, world->root, 64) > 0;)
		;
	if (txn_commit(world->target, &meta, NULL, NULL, &result) != -ENOSPC)
		return 2;
	return there(world, STORE) ? 3 : 0;
}

static void refuses_other_filesystems(void **state)
{
	static int (*const works[])(struct world *) = {on_another_mount, on_a_read_only_mount, on_a_full_filesystem};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		int status = in_child(world, 0, works[i]);

		if (status == 77)
			skip();
		assert_int_equal(status, 0);
		assert_as_before(world);
	}
}

static void distrusts_the_journal(void **state)
{
	struct world *world = *state;
	txn_list list;

	STAGE(world, {.op = EDIT_CHMOD, .path = KEY, .mode = 0600});
	assert_int_equal(symlink("ssh", at(world, STORE)), 0);
	refuses(world, -EUCLEAN, STORE);
	assert_int_equal(txn_history(world->target, &world->arena, &list, NULL), -EUCLEAN);
	assert_int_equal(unlink(at(world, STORE)), 0);

	put(world, STORE, "", 0700);
	refuses(world, -EUCLEAN, STORE);
	assert_int_equal(unlink(at(world, STORE)), 0);

	assert_int_equal(mkdir(at(world, STORE), 0755), 0);
	assert_int_equal(chmod(at(world, STORE), 0750), 0);
	refuses(world, -EUCLEAN, STORE);
	assert_int_equal(chmod(at(world, STORE), 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(at(world, STORE), 1000, 0), 0);
		refuses(world, -EUCLEAN, STORE);
		assert_int_equal(chown(at(world, STORE), 0, 0), 0);
	}
	assert_int_equal(mode_of(world, KEY), 0777);
	commit(world);
	assert_int_equal(mode_of(world, KEY), 0600);
}

static void one_at_a_time(void **state)
{
	struct world *world = *state;
	struct txn_settle_report settled;
	int fd;

	assert_int_equal(mkdir(at(world, STORE), 0700), 0);
	fd = open(at(world, STORE), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	STAGE(world, {.op = EDIT_CHMOD, .path = KEY, .mode = 0600});
	refuses(world, -EBUSY, STORE);
	undo(world, NULL, false, -EBUSY);
	assert_int_equal(txn_settle(world->target, &settled), -EBUSY);
	close(fd);
	commit(world);
}

static void needs_a_writable_target(void **state)
{
	struct world *world = *state;
	struct txn_result result;
	struct txn_undo_report report;
	struct txn_settle_report settled;

	target_close(world->target);
	assert_int_equal(target_open(&world->target, world->root, 0), 0);
	STAGE(world, {.op = EDIT_CHMOD, .path = KEY, .mode = 0600});
	assert_int_equal(txn_commit(world->target, &meta, NULL, NULL, &result), -EBADF);
	assert_int_equal(txn_undo(world->target, NULL, false, &report), -EBADF);
	assert_int_equal(txn_settle(world->target, &settled), -EBADF);
}

/* ---- undo of what has changed since ------------------------------------------------------------------------------ */

static void undo_refuses_what_changed(void **state)
{
	struct world *world = *state;
	struct txn_undo_report report;

	stage_everything(world);
	commit(world);
	put(world, CONFIG, "mine\n", 0640);
	assert_int_equal(chmod(at(world, KEY), 0400), 0);
	assert_int_equal(unlink(at(world, "/etc/ssh/ssh_host_ed25519_key")), 0);
	put(world, MASK, "[Unit]\n", 0644);
	put(world, "/var/empty/sshd/file", "", 0644);
	report = undo(world, NULL, false, -ESTALE);
	assert_int_equal(report.refused.count, 4);
	assert_int_equal(report.already.count, 1);
	assert_int_equal(report.restored.count, 7);
	assert_content(world, CONFIG, "mine\n");
	assert_int_equal(mode_of(world, KEY), 0400);
	assert_content(world, MASK, "[Unit]\n");
	assert_true(there(world, "/etc/default/ssh"));
	assert_int_equal(history(world).items[0].state, TXN_COMMITTED);

	report = undo(world, NULL, false, -ESTALE);
	assert_int_equal(report.refused.count, 4);
	assert_int_equal(report.restored.count, 0);

	report = undo(world, NULL, true, -ESTALE);
	assert_int_equal(report.refused.count, 1);
	assert_string_equal(report.refused.items[0].path, "/var/empty/sshd");
	assert_int_equal(report.restored.count, 3);
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
	assert_int_equal(mode_of(world, KEY), 0777);
	for (size_t i = 0; i < report.restored.count; i++) {
		if (string_equal(report.restored.items[i].path, CONFIG)) {
			const char *kept = strstr(report.restored.items[i].reason, STORE);

			assert_non_null(kept);
			assert_content(world, kept, "mine\n");
		}
	}

	assert_int_equal(unlink(at(world, "/var/empty/sshd/file")), 0);
	undo(world, NULL, false, 0);
	assert_content(world, "/etc/default/ssh", "SSHD_OPTS=-4\n");
	assert_false(there(world, "/var/empty/sshd"));
}

/* What somebody else does in a directory keeps its trace in the directory's time. */
static void undo_respects_directory_times(void **state)
{
	struct world *world = *state;
	struct stat ssh, system_directory;

	stage_everything(world);
	commit(world);
	put(world, "/etc/ssh/moduli", "", 0644);
	undo(world, NULL, false, 0);
	assert_int_equal(stat(at(world, "/etc/ssh"), &ssh), 0);
	assert_int_equal(stat(at(world, SYSTEM), &system_directory), 0);
	assert_int_not_equal(ssh.st_mtim.tv_sec, 1600000000);
	assert_int_equal(system_directory.st_mtim.tv_sec, 1600000000);
}

static void undo_needs_the_same_root(void **state)
{
	struct world *world = *state;
	struct txn_undo_report report;

	stage_everything(world);
	commit(world);
	put(world, "/etc/machine-id", "ffffffffffffffffffffffffffffffff\n", 0444);
	report = undo(world, NULL, false, -EXDEV);
	assert_non_null(strstr(report.error.sentence, "machine-id"));
	assert_everything(world);
	/* Not known, so not different. */
	put(world, "/etc/machine-id", "uninitialized\n", 0444);
	undo(world, NULL, false, 0);

	put(world, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0444);
	reopen(world, 0);
	stage_everything(world);
	commit(world);
	put(world, "/etc/machine-id", "ffffffffffffffffffffffffffffffff\n", 0444);
	undo(world, NULL, true, 0);
	assert_content(world, CONFIG, "one\ntwo\nthree\n");
}

static void undo_needs_sound_originals(void **state)
{
	struct world *world = *state;
	struct txn_undo_report report;
	char path[PATH_MAX];

	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"});
	commit(world);
	snprintf(path, sizeof(path), "%s/%s/0001.before", STORE, history(world).items[0].id);
	assert_content(world, path, "one\ntwo\nthree\n");
	put(world, path, "forged\n", 0640);
	report = undo(world, NULL, false, -ESTALE);
	assert_int_equal(report.refused.count, 1);
	report = undo(world, NULL, true, -ESTALE);
	assert_content(world, CONFIG, "eins\ntwo\nthree\n");
}

static void undo_of_nothing(void **state)
{
	struct world *world = *state;

	undo(world, NULL, false, -ENOENT);
	undo(world, "20260101-000000-1", false, -ENOENT);
	undo(world, "../ssh", false, -ENOENT);
	assert_as_before(world);
	assert_false(there(world, STORE));
}

/* ---- interrupted runs -------------------------------------------------------------------------------------------- */

static int die(void *argument)
{
	(void)argument;
	_exit(9);
}

static int edit_and_die(void *argument)
{
	struct world *world = argument;

	put(world, CONFIG, "mine\n", 0640);
	_exit(9);
}

static void interrupt(struct world *world, int (*how)(void *))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct txn_result result;

		txn_commit(world->target, &meta, how, world, &result);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	reopen(world, 0);
}

static void settles_prepared(void **state)
{
	struct world *world = *state;
	struct txn_settle_report report;

	stage_everything(world);
	interrupt(world, die);
	assert_everything(world);
	assert_int_equal(count_pending(world), 1);
	undo(world, NULL, false, -EBUSY);
	STAGE(world, {.op = EDIT_CHOWN, .path = "/etc/default/ssh.broken", .uid = 1, .gid = 1});
	refuses(world, -EBUSY, STORE);
	reopen(world, 0);

	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 1);
	assert_int_equal(report.settled.items[0].was, TXN_PREPARED);
	assert_int_equal(report.settled.items[0].now, TXN_STAGING);
	assert_int_equal(report.settled.items[0].restored, 12);
	assert_as_before(world);
	assert_false(there(world, STORE));
	assert_int_equal(count_pending(world), 0);
}

static void settling_leaves_foreign_files(void **state)
{
	struct world *world = *state;
	struct txn_settle_report report;
	char path[PATH_MAX];
	txn_list list;

	stage_everything(world);
	interrupt(world, edit_and_die);
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 1);
	assert_int_equal(report.settled.items[0].now, TXN_ABANDONED);
	assert_int_equal(report.settled.items[0].restored, 11);
	assert_int_equal(report.settled.items[0].left.count, 1);
	assert_string_equal(report.settled.items[0].left.items[0].path, CONFIG);
	assert_content(world, CONFIG, "mine\n");
	assert_int_equal(mode_of(world, KEY), 0777);
	list = history(world);
	assert_int_equal(list.items[0].state, TXN_ABANDONED);
	/* The original is still there, for people. */
	for (size_t i = 0; i < list.items[0].actions.count; i++) {
		if (string_equal(list.items[0].actions.items[i].path, CONFIG)) {
			snprintf(path, sizeof(path), "%s/%s/%04u.before", STORE, list.items[0].id, (unsigned)i + 1);
			assert_content(world, path, "one\ntwo\nthree\n");
		}
	}
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 0);
	undo(world, NULL, false, -ENOENT);
	undo(world, list.items[0].id, false, -ENOENT);
}

static void rename_state(struct world *world, const char *id, const char *from, const char *to)
{
	char path[PATH_MAX];
	char *old_name;

	snprintf(path, sizeof(path), "%s/%s/%s", STORE, id, from);
	old_name = at(world, path);
	snprintf(path, sizeof(path), "%s/%s/%s", STORE, id, to);
	assert_int_equal(rename(old_name, at(world, path)), 0);
}

static void settles_undoing(void **state)
{
	struct world *world = *state;
	struct txn_settle_report report;
	const char *id;

	stage_everything(world);
	commit(world);
	id = history(world).items[0].id;
	rename_state(world, id, "committed", "undoing");
	assert_int_equal(count_pending(world), 1);
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 1);
	assert_int_equal(report.settled.items[0].was, TXN_UNDOING);
	assert_int_equal(report.settled.items[0].now, TXN_UNDONE);
	assert_as_before(world);

	/* Done already, but for the mark. */
	rename_state(world, id, "undone", "undoing");
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.items[0].now, TXN_UNDONE);
	assert_int_equal(report.settled.items[0].restored, 0);
	assert_as_before(world);
}

static void settling_removes_litter(void **state)
{
	struct world *world = *state;
	struct txn_settle_report report;

	assert_int_equal(mkdir(at(world, STORE), 0700), 0);
	assert_int_equal(mkdir(at(world, STORE "/20260101-000000-1"), 0700), 0);
	put(world, STORE "/20260101-000000-1/manifest.new", "", 0600);
	put(world, STORE "/20260101-000000-1/0001.after", "half", 0600);
	/* Not ours */
	assert_int_equal(mkdir(at(world, STORE "/notes"), 0700), 0);
	assert_int_equal(mkdir(at(world, STORE "/20260101-000000-2"), 0700), 0);
	put(world, STORE "/20260101-000000-2/0001.before", "an original whose manifest was lost", 0600);
	assert_int_equal(symlink("/etc", at(world, STORE "/20260101-000000-3")), 0);
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 0);
	assert_false(there(world, STORE "/20260101-000000-1"));
	assert_true(there(world, STORE "/notes"));
	assert_true(there(world, STORE "/20260101-000000-2/0001.before"));
	assert_int_equal(history(world).count, 2);
	assert_int_equal(history(world).items[0].state, TXN_DAMAGED);
	/* The next one has a higher number than all. */
	stage_everything(world);
	commit(world);
	assert_true(string_ends_with(history(world).items[2].id, "-4"));
}

static void damaged_manifests_are_left(void **state)
{
	struct world *world = *state;
	struct txn_settle_report report;
	char path[PATH_MAX];
	const char *id;

	stage_everything(world);
	interrupt(world, die);
	id = history(world).items[0].id;
	snprintf(path, sizeof(path), "%s/%s/prepared", STORE, id);
	assert_int_equal(truncate(at(world, path), 100), 0);
	assert_int_equal(count_pending(world), 1);
	assert_int_equal(txn_settle(world->target, &report), 0);
	assert_int_equal(report.settled.count, 1);
	assert_int_equal(report.settled.items[0].was, TXN_DAMAGED);
	assert_int_equal(report.settled.items[0].now, TXN_DAMAGED);
	assert_int_equal(report.settled.items[0].left.count, 1);
	assert_everything(world);
	assert_int_equal(count_pending(world), 0);
	assert_int_equal(history(world).items[0].state, TXN_DAMAGED);
	undo(world, id, false, -ENOENT);
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static bool label(struct world *world, const char *path, const char *value)
{
	return lsetxattr(at(world, path), "security.selinux", value, strlen(value) + 1, 0) == 0;
}

static void assert_label(struct world *world, const char *path, const char *expected)
{
	char value[256] = "";
	ssize_t size = lgetxattr(at(world, path), "security.selinux", value, sizeof(value));

	if (!expected) {
		assert_int_equal(size, -1);
		return;
	}
	assert_int_equal(size, (ssize_t)strlen(expected) + 1);
	assert_string_equal(value, expected);
}

#define LABEL(type) "system_u:object_r:" type ":s0"

static void labels_survive(void **state)
{
	struct world *world = *state;
	const char *journal;
	char path[PATH_MAX];

	if (!label(world, "/etc/ssh", LABEL("etc_t")) || !label(world, CONFIG, LABEL("own_t")))
		skip();
	assert_true(label(world, SYSTEM, LABEL("systemd_unit_file_t")));
	assert_true(label(world, SYSTEM "/default.target", LABEL("link_t")));
	assert_true(label(world, "/etc", LABEL("etc_t")));
	assert_true(label(world, "/etc/systemd", LABEL("other_t")));
	assert_int_equal(nftw(world->root, make_old, 16, FTW_PHYS | FTW_DEPTH), 0);
	world->before = snapshot(world);
	reopen(world, 0);
	stage_everything(world);
	commit(world);
	assert_label(world, CONFIG, LABEL("own_t"));
	/* By the table, as no other host key carries a label. */
	assert_label(world, "/etc/ssh/ssh_host_ed25519_key", LABEL("sshd_key_t"));
	assert_label(world, SYSTEM "/default.target", LABEL("link_t"));
	assert_label(world, SYSTEM "/multi-user.target.wants", LABEL("systemd_unit_file_t"));
	assert_label(world, STORE, LABEL("etc_t"));
	journal = history(world).items[0].id;
	snprintf(path, sizeof(path), STORE "/%s", journal);
	assert_label(world, path, LABEL("etc_t"));
	snprintf(path, sizeof(path), STORE "/%s/committed", journal);
	assert_label(world, path, LABEL("etc_t"));
	/* This target's /etc/default carries none. */
	assert_label(world, "/etc/default/ssh.broken", NULL);
	undo(world, NULL, false, 0);
	assert_as_before(world);

	assert_true(label(world, KEY, LABEL("sibling_t")));
	reopen(world, 0);
	stage_everything(world);
	commit(world);
	assert_label(world, "/etc/ssh/ssh_host_ed25519_key", LABEL("sibling_t"));
}

/* user::rw-,user:1000:rw-,group::r--,mask::rw-,other::--- as Linux keeps it in the attribute */
static const unsigned char acl[] = {2, 0,    0,	  0,   1,   0,	 6,  0, 255, 255, 255, 255, 2,	 0,  6,
				    0, 0xe8, 3,	  0,   0,   4,	 0,  4, 0,   255, 255, 255, 255, 16, 0,
				    6, 0,    255, 255, 255, 255, 32, 0, 0,   0,	  255, 255, 255, 255};

static void lists_survive(void **state)
{
	static const char access[] = "system.posix_acl_access", inherited[] = "system.posix_acl_default";
	struct world *world = *state;
	unsigned char value[256];

	if (setxattr(at(world, CONFIG), access, acl, sizeof(acl), 0) < 0 ||
	    setxattr(at(world, "/etc"), inherited, acl, sizeof(acl), 0) < 0)
		skip();
	assert_int_equal(nftw(world->root, make_old, 16, FTW_PHYS | FTW_DEPTH), 0);
	world->before = snapshot(world);
	reopen(world, 0);
	stage_everything(world);
	commit(world);
	assert_int_equal(getxattr(at(world, CONFIG), access, value, sizeof(value)), sizeof(acl));
	assert_memory_equal(value, acl, sizeof(acl));
	/* What /etc hands down reaches neither the journal nor a new key. */
	assert_int_equal(getxattr(at(world, STORE), access, value, sizeof(value)), -1);
	assert_int_equal(getxattr(at(world, "/etc/ssh/ssh_host_ed25519_key"), access, value, sizeof(value)), -1);
	undo(world, NULL, false, 0);
	assert_as_before(world);

	/* A mode that changes along with the content wins over the old list's mask. */
	reopen(world, 0);
	STAGE(world, {.op = EDIT_REPLACE_LINE, .path = CONFIG, .line = 1, .text = "eins"},
	      {.op = EDIT_CHMOD, .path = CONFIG, .mode = 0600});
	commit(world);
	assert_int_equal(mode_of(world, CONFIG), 0600);
	undo(world, NULL, false, 0);
	assert_as_before(world);
}

/* Signatures of the old content must not be carried over to the new one. */
static void signatures_do_not_survive(void **state)
{
	struct world *world = *state;

	if (setxattr(at(world, CONFIG), "trusted.overlay.origin", "x", 1, 0) < 0)
		skip();
	assert_int_equal(setxattr(at(world, CONFIG), "trusted.other", "x", 1, 0), 0);
	world->before = snapshot(world);
	reopen(world, 0);
	stage_everything(world);
	commit(world);
	assert_int_equal(getxattr(at(world, CONFIG), "trusted.other", NULL, 0), 1);
	assert_int_equal(getxattr(at(world, CONFIG), "trusted.overlay.origin", NULL, 0), -1);
	undo(world, NULL, false, 0);
	assert_as_before(world);
}

static void owners_and_special_bits(void **state)
{
	struct world *world = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(at(world, KEY), 1000, 1000), 0);
	assert_int_equal(chmod(at(world, KEY), 06755), 0);
	world->before = snapshot(world);
	reopen(world, 0);
	STAGE(world, {.op = EDIT_CHOWN, .path = KEY, .uid = 0, .gid = 0}, {.op = EDIT_CHMOD, .path = KEY, .mode = 0600},
	      {.op = EDIT_CHOWN, .path = "/etc/ssh", .uid = 0, .gid = 7});
	commit(world);
	assert_int_equal(mode_of(world, KEY), 0600);
	undo(world, NULL, false, 0);
	assert_as_before(world);
	assert_int_equal(mode_of(world, KEY), 06755);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(commits_and_undoes_everything),
	    TEST(component_walk),
	    TEST(nothing_staged),
	    TEST(undoes_in_any_order),
	    TEST(verification_takes_back),
	    TEST(a_signal_takes_back),
	    TEST(without_exchange),
	    TEST(refuses_what_changed),
	    TEST(refuses_hard_links),
	    TEST(refuses_protected),
	    TEST(refuses_other_filesystems),
	    TEST(distrusts_the_journal),
	    TEST(one_at_a_time),
	    TEST(needs_a_writable_target),
	    TEST(undo_refuses_what_changed),
	    TEST(undo_respects_directory_times),
	    TEST(undo_needs_the_same_root),
	    TEST(undo_needs_sound_originals),
	    TEST(undo_of_nothing),
	    TEST(settles_prepared),
	    TEST(settling_leaves_foreign_files),
	    TEST(settles_undoing),
	    TEST(settling_removes_litter),
	    TEST(damaged_manifests_are_left),
	    TEST(labels_survive),
	    TEST(lists_survive),
	    TEST(signatures_do_not_survive),
	    TEST(owners_and_special_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
