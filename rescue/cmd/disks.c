/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "disks/child.h"
#include "disks/listing.h"
#include "disks/stack.h"
#include "disks/system.h"
#include "settings.h"

enum disks_action {
	DISKS_LIST,
	DISKS_CHECK,
	DISKS_REPAIR,
	DISKS_UNDO,
};

struct run {
	struct arena arena;
	struct options options;
	enum disks_action action;
	struct system_request request;
	struct volume_set set;
	found_list systems;
	struct system_result *shared;
	unsigned status;
};

/* The action is the first or the last word; without one, what is there is listed. */
static enum disks_action take_action(struct options *options)
{
	static const struct {
		const char *word;
		enum disks_action action;
	} actions[] = {{"check", DISKS_CHECK}, {"repair", DISKS_REPAIR}, {"undo", DISKS_UNDO}};
	int places[] = {0, options->argument_count - 1};

	for (size_t i = 0; options->argument_count && i < ARRAY_SIZE(places); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(actions); j++) {
			if (!string_equal(options->arguments[places[i]], actions[j].word))
				continue;
			if (places[i] == 0)
				options->arguments++;
			options->argument_count--;
			return actions[j].action;
		}
	}
	return DISKS_LIST;
}

static int find_volumes(struct run *run)
{
	int r;

	if (!run->options.argument_count) {
		r = volumes_add_all(&run->set);
		return r < 0
			   ? complain(EXIT_ERROR, "cannot list the disks of this machine: /sys/block: %s", strerror(-r))
			   : 0;
	}
	for (int i = 0; i < run->options.argument_count; i++) {
		const char *path = run->options.arguments[i];

		r = volumes_add(&run->set, path);
		if (r == -ENOTBLK)
			return complain(EXIT_ERROR, "%s is neither a disk nor an image of one", path);
		if (r < 0)
			return complain(EXIT_ERROR, "cannot open %s: %s", path, strerror(-r));
	}
	return 0;
}

/* A machine that means to wake up has its file systems half-written, and would go on with what it remembers. */
static bool is_hibernated(const struct volume_set *set, const struct volume *volume)
{
	for (size_t i = 0; i < set->volumes.count; i++) {
		const struct volume *other = set->volumes.items[i];

		if (other->machine == volume->machine && other->probe.content == CONTENT_HIBERNATED && !other->busy)
			return true;
	}
	return false;
}

/* All that a process wrote to a memory file. */
static char *read_back(struct arena *arena, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = arena_alloc(arena, (size_t)(size < 0 ? 0 : size) + 1);

	if (size > 0 && pread(fd, data, (size_t)size, 0) != size)
		*data = '\0';
	return data;
}

static void say_trouble(struct system_result *result, unsigned status, const char *text)
{
	snprintf(result->trouble, sizeof(result->trouble), "%s", text);
	result->status = status;
}

static void print_report(struct run *run, struct found_system *system, int fd)
{
	char *report = read_back(&run->arena, fd);
	struct text text = {.arena = &run->arena};

	if (!*report)
		return;
	if (run->request.json) {
		system->report = report;
	} else if (run->action != DISKS_LIST) {
		text_add_string(&text, report);
		text_add_string(&text, "\n");
		run->status = (unsigned)finish_report(&text, (int)run->status);
	}
}

static void work_on(struct run *run, const struct volume *volume, const char *subvolume)
{
	cleanup_fd int fd = memfd_create("sshrescue", MFD_CLOEXEC);
	struct found_system *system = array_push(&run->arena, &run->systems);
	struct system_result *result = run->shared;
	int r;

	*system = (struct found_system){.place = {.set = &run->set, .volume = volume, .subvolume = subvolume}};
	system->place.name = subvolume ? arena_printf(&run->arena, "%s[%s]", volume->name, subvolume) : volume->name;
	memset(result, 0, sizeof(*result));
	if (is_hibernated(&run->set, volume) && !run->options.force) {
		say_trouble(result, EXIT_LEFT,
			    "left alone: its machine is hibernated, and would go on with what it remembers (--force "
			    "overrides)");
	} else {
		r = fd < 0 ? -errno : system_work(&system->place, &run->request, result, fd);
		if (r < 0)
			say_trouble(result, EXIT_ERROR,
				    arena_printf(&run->arena, "it cannot be opened: %s",
						 r == -EBUSY ? "it is in use" : strerror(-r)));
	}
	system->result = *result;
	run->status |= system->result.status;
	if (fd >= 0)
		print_report(run, system, fd);
}

/* A btrfs over several devices is looked at once. */
static bool is_seen(const struct run *run, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (volume_is_same_btrfs(run->set.volumes.items[i], run->set.volumes.items[index]))
			return true;
	}
	return false;
}

static void work_on_all(struct run *run)
{
	for (size_t i = 0; i < run->set.volumes.count && !cancel_wanted(); i++) {
		const struct volume *volume = run->set.volumes.items[i];
		const char *names;

		if (!volume->wanted || !content_is_filesystem(volume->probe.content) || volume->busy ||
		    volume_obstacle(volume) || is_seen(run, i))
			continue;
		work_on(run, volume, NULL);
		names = arena_memdup(&run->arena, run->shared->subvolumes, sizeof(run->shared->subvolumes));
		for (; *names && !cancel_wanted(); names += strlen(names) + 1)
			work_on(run, volume, names);
	}
}

static unsigned count_systems(const struct run *run)
{
	unsigned count = 0;

	for (size_t i = 0; i < run->systems.count; i++)
		count += run->systems.items[i].result.is_root || *run->systems.items[i].result.trouble;
	return count;
}

static int finish(struct run *run)
{
	struct text text = {.arena = &run->arena};

	for (size_t i = 0; i < run->set.volumes.count; i++) {
		if (run->set.volumes.items[i]->wanted && volume_obstacle(run->set.volumes.items[i]))
			run->status |= EXIT_ERROR;
	}
	if (run->action == DISKS_LIST)
		run->status &= EXIT_ERROR;
	else if (!count_systems(run))
		run->status |= EXIT_ERROR;
	if (run->options.json) {
		listing_json(&text, &run->set, &run->systems, run->status);
	} else if (run->action == DISKS_LIST || !count_systems(run)) {
		listing_table(&text, &run->set, &run->systems);
		text_add_string(&text, "\n");
	}
	if (!run->options.json)
		listing_verdicts(&text, &run->set, &run->systems);
	if (!count_systems(run) && run->action != DISKS_LIST)
		(void)complain(0, "there is no root of a Linux system on %s",
			       run->options.argument_count ? "what was named" : "any disk that is not in use");
	return finish_report(&text, (int)run->status);
}

int cmd_disks(int argc, char **argv)
{
	struct run run = {.set = {.arena = &run.arena}};
	struct settings settings;
	const char *missing;
	int r;

	r = options_parse(argc, argv,
			  OPTION_JSON | OPTION_PORT | OPTION_MODE | OPTION_STRICT | OPTION_REHEARSE | OPTION_NO_EXEC |
			      OPTION_FORCE | OPTION_IMAGE,
			  argc, &run.options);
	if (r)
		return r;
	run.action = take_action(&run.options);
	if (run.options.format && image_format_named(run.options.format) == IMAGE_UNKNOWN)
		return complain(EXIT_USAGE, "--format wants raw, qcow2, vmdk or vhdx, not '%s'", run.options.format);
	if (run.action == DISKS_UNDO && run.options.json)
		return complain(EXIT_USAGE, "disks undo has no JSON; see: sshrescue help");
	load_settings(&run.arena, &settings, &run.options.port);
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		return complain(EXIT_ERROR, "out of memory");
	run.request = (struct system_request){
	    .action = run.action == DISKS_REPAIR ? SYSTEM_REPAIR
		      : run.action == DISKS_UNDO ? SYSTEM_UNDO
						 : SYSTEM_CHECK,
	    .repair = repair_request_from(&run.options),
	    .settings = &settings,
	    .json = run.options.json,
	    .strict = run.options.strict,
	};
	if (run.action != DISKS_REPAIR)
		run.request.repair.choose = NULL;
	run.set.format = run.options.format;
	run.set.writable = run.action != DISKS_LIST && run.action != DISKS_CHECK && !run.options.dry_run;
	cancel_hold_back();
	r = find_volumes(&run);
	if (r == 0) {
		stack_add_all(&run.set, &(struct stack_request){
					    .writable = run.set.writable,
					    .key_file = run.options.key_file,
					    .may_ask = !run.options.json && isatty(STDIN_FILENO),
					});
		if (volumes_want_inner(&run.set, &missing) < 0)
			r = complain(EXIT_ERROR, "%s is not there, or it cannot be opened; see: sshrescue disks",
				     missing);
	}
	if (r == 0) {
		work_on_all(&run);
		if (cancel_wanted())
			run.status |= EXIT_CANCELLED;
		r = finish(&run);
	}
	volumes_release(&run.set);
	arena_release(&run.arena);
	return r;
}
