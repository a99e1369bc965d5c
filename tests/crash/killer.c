/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killer [options] ROOT PROGRAM      kills `PROGRAM repair` and `PROGRAM undo` at every step, and lets every step fail
 *
 * ROOT is a broken root that `PROGRAM repair -y --root ROOT` repairs and `PROGRAM undo --root ROOT` breaks again. Every
 * system call that can change a filesystem is a step; the kernel stops the program there (seccomp(2), ptrace(2)), and
 * it is killed before or after the call, or the call fails instead of being executed, fails although it was executed,
 * or writes less than it was asked to. After each: every file is whole, old or new; the next run finishes the work;
 * undo gives back every byte and all metadata.
 *
 * --kill --faults --short --old --twice    which attacks; all of them when none is named
 * --stride N                               only every N-th step (the quick run)
 * --sync                                   really wait for the disk, which takes longer
 */
#include <ftw.h>
#include <getopt.h>
#include <stdarg.h>

#include "tracer.h"
#include "tree.h"

/* ---- what must hold ---------------------------------------------------------------------------------------------- */

static struct tree broken, repaired; /* the two states that are allowed */
static int status_repaired, status_nothing; /* how the first and the second repair end */
static unsigned points, losses, etc_times;

static void lose(const char *command, const struct attack *attack, const struct outcome *outcome, const char *what,
		 const char *path)
{
	char line[512];

	losses++;
	printf("not ok: %s, %s at step %u (%s%s%s)%s: %s%s%s\n", command, attack_names[attack->kind], attack->step,
	       step_name(outcome->number), attack->error ? ": " : "", attack->error ? strerror(attack->error) : "",
	       attack->old_kernel ? " without renameat2" : "", what, path ? ": " : "", path ? path : "");
	rewind(tracer.messages);
	while (losses <= 5 && fgets(line, sizeof(line), tracer.messages))
		printf("    | %s", line);
	fflush(stdout);
}

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
	char command[3 * PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		die(command);
}

static const char *pristine; /* a copy of the broken root, for when something went wrong */

static void set_etc_time(void)
{
	const struct record *etc = tree_find(&broken, "/etc");
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, etc->modified};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc", tracer.root);
	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		die(path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

/* Removes the history; after a loss, makes the tree anew. */
static void reset(bool lost)
{
	char store[PATH_MAX];

	snprintf(store, sizeof(store), "%s/etc/sshrescue", tracer.root);
	nftw(store, remove_one, 8, FTW_PHYS | FTW_DEPTH);
	if (lost) {
		shell("find '%s' -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +", tracer.root);
		shell("cp -a '%s'/. '%s'/", pristine, tracer.root);
		tree_release(&broken);
		broken = tree_read(tracer.root, NULL);
	}
	set_etc_time();
}

static char found[PATH_MAX];

static int find_unfinished(const char *path, const struct stat *status, int type, struct FTW *where)
{
	const char *name = path + where->base;

	(void)status, (void)type;
	if (strcmp(name, "prepared") && strcmp(name, "undoing") && strcmp(name, "manifest.new"))
		return 0;
	snprintf(found, sizeof(found), "%s", path);
	return 1;
}

/* What must not be left by a run that came to its end. */
static const char *unfinished(void)
{
	char store[PATH_MAX];

	snprintf(store, sizeof(store), "%s/etc/sshrescue", tracer.root);
	return nftw(store, find_unfinished, 8, FTW_PHYS) == 1 ? found : NULL;
}

static bool is_good_end(int status)
{
	return status == status_repaired || status == status_nothing;
}

struct check {
	const char *command;
	const struct attack *attack;
	const struct outcome *outcome;
	unsigned losses_before;
	bool twice; /* the second run was killed, too */
};

static bool expect(const struct check *check, bool good, const char *what, const char *path)
{
	if (!good)
		lose(check->command, check->attack, check->outcome, what, path);
	return good;
}

/* /etc's time is given back right after the journal came or went: only between these two steps may it be lost. */
static bool may_lose_etc_time(const struct check *check)
{
	long number = check->outcome->number;

	return check->twice || check->attack->kind == FAIL_FOREVER || number == SYS_mkdirat ||
	       number == SYS_utimensat || number == SYS_unlinkat;
}

/* The tree is exactly as it was, times and all. */
static void expect_broken(const struct check *check)
{
	struct tree now = tree_read(tracer.root, &broken);
	const char *path = tree_difference(&now, &broken, WITH_TIME | ETC_TIME_FREE);

	expect(check, !path, "the tree is not restored", path);
	if (!path && tree_difference(&now, &broken, WITH_TIME)) {
		expect(check, may_lose_etc_time(check), "the time of /etc is not restored", NULL);
		etc_times++;
	}
	tree_release(&now);
}

static void expect_repaired(const struct check *check)
{
	struct tree now = tree_read(tracer.root, &repaired);
	const char *path = tree_difference(&now, &repaired, 0);

	expect(check, !path, "the tree is not repaired", path);
	tree_release(&now);
}

/* Every file old or new; *ret_old, *ret_new: all of them. */
static void expect_whole(const struct check *check, bool *ret_old, bool *ret_new)
{
	struct tree now = tree_read(tracer.root, &broken);
	const char *path = tree_torn(&now, &broken, &repaired);

	expect(check, !path, "a file is neither old nor new", path);
	*ret_old = !tree_difference(&now, &broken, WITH_TIME | ETC_TIME_FREE);
	*ret_new = !tree_difference(&now, &repaired, 0);
	tree_release(&now);
}

/* From whatever was left: repair finishes, undo restores. */
static void expect_recovery(const struct check *check)
{
	static const struct attack none = {0};
	struct outcome next = run("repair", none);

	expect(check, is_good_end(next.status), "the next repair fails", NULL);
	expect_repaired(check);
	expect(check, !unfinished(), "the next repair leaves something unfinished", unfinished());
	next = run("undo", none);
	expect(check, next.status == 0, "undo fails", NULL);
	expect_broken(check);
	expect(check, !unfinished(), "undo leaves something unfinished", unfinished());
}

/* What a single failing call may lead to: as it was, with an error; or done. */
static void expect_all_or_nothing(const struct check *check, bool as_before, bool done)
{
	int status = check->outcome->status;

	if (check->attack->kind != FAIL_ONCE && check->attack->kind != FAIL_AFTER)
		return;
	expect(check, as_before || done, "a failed run leaves the tree neither as it was nor repaired", NULL);
	if (as_before)
		expect(check, status > 0 && (status & 8), "a failed run does not say so", NULL);
	else if (done)
		expect(check, status > 0 && (status & 1), "a repair that came through does not say so", NULL);
}

/* Attacks one repair. false: it has fewer steps. */
static bool attack_repair(struct attack attack, unsigned second_step)
{
	struct outcome outcome = run("repair", attack);
	struct check check = {.command = "repair",
			      .attack = &attack,
			      .outcome = &outcome,
			      .losses_before = losses,
			      .twice = second_step > 0};
	bool as_before, done;

	if (!outcome.reached) {
		run("undo", (struct attack){0});
		reset(false);
		return false;
	}
	points++;
	expect_whole(&check, &as_before, &done);
	if (is_short(attack.kind))
		expect(&check, done && is_good_end(outcome.status), "a short write is not carried on", NULL);
	expect_all_or_nothing(&check, as_before, done);
	if (second_step) {
		run("repair",
		    (struct attack){.kind = KILL_AFTER, .step = second_step, .old_kernel = attack.old_kernel});
		expect_whole(&check, &as_before, &done);
	}
	expect_recovery(&check);
	reset(losses > check.losses_before);
	return true;
}

static bool attack_undo(struct attack attack, unsigned second_step)
{
	struct outcome outcome;
	struct check check = {.command = "undo",
			      .attack = &attack,
			      .outcome = &outcome,
			      .losses_before = losses,
			      .twice = second_step > 0};
	bool as_before, done;

	outcome = run("repair", (struct attack){0});
	if (!is_good_end(outcome.status))
		die("cannot repair the root any more");
	outcome = run("undo", attack);
	if (!outcome.reached) {
		reset(false);
		return false;
	}
	points++;
	expect_whole(&check, &as_before, &done);
	if (attack.kind == KILL_BEFORE || attack.kind == KILL_AFTER || attack.kind == FAIL_FOREVER ||
	    attack.kind == FAIL_AFTER || attack.kind == FAIL_ONCE) {
		/* Called again it comes to its end, or there is nothing left for it to do. */
		run("undo", (struct attack){.kind = second_step ? KILL_AFTER : NO_ATTACK, .step = second_step});
		if (second_step)
			run("undo", (struct attack){0});
		expect(&check, !unfinished(), "a second undo leaves something unfinished", unfinished());
	}
	expect_broken(&check);
	expect_recovery(&check);
	reset(losses > check.losses_before);
	return true;
}

/* ---- all attacks ------------------------------------------------------------------------------------------------- */

static unsigned stride = 1;

struct series {
	const char *title;
	bool (*target)(struct attack, unsigned);
	enum attack_kind kind;
	int error;
	bool old_kernel;
	bool twice;
};

static void run_series(const struct series *series)
{
	unsigned before = points, lost_before = losses;
	/* The quick run takes other steps in each series. */
	unsigned every = is_short(series->kind) ? 1 : stride;
	unsigned first = 1 + (unsigned)(series->kind * 3 + series->error * 5) % every;

	for (unsigned step = first;; step += every) {
		struct attack attack = {
		    .kind = series->kind, .step = step, .error = series->error, .old_kernel = series->old_kernel};
		/* Where the second run is killed: anywhere, but always the same. */
		unsigned second = series->twice ? 1 + step * 7 % 23 : 0;

		if (!series->target(attack, second))
			break;
		if (losses > 50)
			break;
	}
	printf("  %-52s %5u points  %u lost\n", series->title, points - before, losses - lost_before);
	fflush(stdout);
}

enum {
	ATTACK_KILL = 1,
	ATTACK_FAULTS = 2,
	ATTACK_SHORT = 4,
	ATTACK_OLD = 8,
	ATTACK_TWICE = 16,
	ATTACK_ALL = 31,
};

static void run_kills(bool old_kernel, bool twice)
{
	const char *how = old_kernel ? ", without renameat2" : twice ? ", and killed again" : "";
	char title[4][80];
	const struct series series[] = {
	    {title[0], attack_repair, KILL_BEFORE, 0, old_kernel, twice},
	    {title[1], attack_repair, KILL_AFTER, 0, old_kernel, twice},
	    {title[2], attack_undo, KILL_BEFORE, 0, old_kernel, twice},
	    {title[3], attack_undo, KILL_AFTER, 0, old_kernel, twice},
	};

	for (size_t i = 0; i < 4; i++) {
		snprintf(title[i], sizeof(title[i]), "%s killed %s a step%s", i < 2 ? "repair" : "undo",
			 i % 2 ? "after" : "before", how);
		run_series(&series[i]);
	}
}

static void run_faults(void)
{
	static const int errors[] = {EIO, ENOSPC, EROFS, ENOMEM};
	static const struct {
		enum attack_kind kind;
		const char *how;
	} kinds[] = {
	    {FAIL_ONCE, "fails once"}, {FAIL_AFTER, "is done, but fails"}, {FAIL_FOREVER, "fails from there on"}};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
			char title[80];
			struct series series = {title, attack_repair, kinds[k].kind, errors[e], false, false};

			if (kinds[k].kind == FAIL_AFTER && e > 0)
				continue;
			snprintf(title, sizeof(title), "repair: a step %s, %s", kinds[k].how, strerror(errors[e]));
			run_series(&series);
			snprintf(title, sizeof(title), "undo: a step %s, %s", kinds[k].how, strerror(errors[e]));
			series.target = attack_undo;
			run_series(&series);
		}
	}
}

/* What both states look like, and that the program gets from one to the other and back. */
static void measure(void)
{
	static const struct attack none = {0};
	struct outcome first, second, undone;
	struct tree again;

	broken = tree_read(tracer.root, NULL);
	first = run("repair", none);
	repaired = tree_read(tracer.root, &broken);
	second = run("repair", none);
	status_repaired = first.status;
	status_nothing = second.status;
	undone = run("undo", none);
	again = tree_read(tracer.root, &broken);
	if (!(first.status & 1) || first.status & 8 || second.status & 9 || undone.status != 0 ||
	    tree_difference(&again, &broken, WITH_TIME) || !tree_difference(&broken, &repaired, 0)) {
		printf("not ok: repair ends with %d, again with %d, undo with %d; %s differs\n", first.status,
		       second.status, undone.status, tree_difference(&again, &broken, WITH_TIME));
		exit(1);
	}
	tree_release(&again);
	/* Keys that are made are made anew each time. */
	reset(false);
	run("repair", none);
	again = tree_read(tracer.root, &repaired);
	for (size_t i = 0; i < again.count; i++) {
		struct record *record = (struct record *)tree_find(&repaired, again.items[i].path);

		if (record && record->content != again.items[i].content)
			record->varies = true;
	}
	tree_release(&again);
	run("undo", none);
	reset(false);
	printf("  repair: %u steps, exit %d; undo: %u steps\n", first.steps, first.status, undone.steps);
	fflush(stdout);
}

static void run_all(unsigned attacks)
{
	if (attacks & ATTACK_KILL)
		run_kills(false, false);
	if (attacks & ATTACK_TWICE)
		run_kills(false, true);
	if (attacks & ATTACK_OLD)
		run_kills(true, false);
	if (attacks & ATTACK_SHORT) {
		static const struct series series[] = {
		    {"repair: a write comes back short", attack_repair, SHORT_WRITE, 0, false, false},
		    {"repair: a write takes one byte", attack_repair, TINY_WRITE, 0, false, false},
		};

		run_series(&series[0]);
		run_series(&series[1]);
	}
	if (attacks & ATTACK_FAULTS)
		run_faults();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"kill", no_argument, NULL, ATTACK_KILL},
						{"faults", no_argument, NULL, ATTACK_FAULTS},
						{"short", no_argument, NULL, ATTACK_SHORT},
						{"old", no_argument, NULL, ATTACK_OLD},
						{"twice", no_argument, NULL, ATTACK_TWICE},
						{"stride", required_argument, NULL, 's'},
						{"pristine", required_argument, NULL, 'p'},
						{"sync", no_argument, NULL, 'y'},
						{NULL, 0, NULL, 0}};
	unsigned attacks = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			stride = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			pristine = optarg;
		else if (option == 'y')
			tracer.really_sync = true;
		else if (option == '?')
			return 2;
		else
			attacks |= (unsigned)option;
	}
	if (argc - optind != 2 || !pristine || !stride) {
		fprintf(stderr,
			"usage: killer [--kill|--faults|--short|--old|--twice] [--stride N] --pristine COPY ROOT "
			"PROGRAM\n");
		return 2;
	}
	tracer.root = argv[optind];
	tracer.program = argv[optind + 1];
	tracer.messages = tmpfile();
	if (!tracer.messages)
		die("tmpfile");
	measure();
	run_all(attacks ? attacks : ATTACK_ALL);
	printf("%u points, %u lost, the time of /etc lost in %u\n", points, losses, etc_times);
	printf("%u passed, %u failed\n", points > losses ? points - losses : 0, losses);
	return losses != 0;
}
