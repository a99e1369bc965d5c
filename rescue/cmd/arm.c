/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm and confirm: what the running system tells the next boot. */
#include "cmd/cmd.h"

#include "boot/state.h"

/* Reads the state of a root that is opened for writing. 0, or EXIT_ERROR after a message. */
static int open_state(const char *root, struct target **ret_target, struct boot_state *ret)
{
	int r = open_target(root, TARGET_CONFINE | TARGET_WRITABLE, ret_target);

	if (r)
		return r;
	r = boot_state_read(*ret_target, ret);
	return r < 0 ? complain(EXIT_ERROR, "cannot read " BOOT_STATE_PATH ": %s", strerror(-r)) : 0;
}

static int write_state(struct target *target, const struct boot_state *state)
{
	int r = boot_state_write(target, state);

	return r < 0 ? complain(EXIT_ERROR, "cannot write " BOOT_STATE_PATH ": %s", strerror(-r)) : 0;
}

static int say(const char *sentence)
{
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};

	text_printf(&text, "%s\n", sentence);
	return finish_report(&text, 0);
}

int cmd_arm(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	enum boot_mode mode = BOOT_REPAIR;
	struct boot_state state;
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT, 1, &options);
	if (r)
		return r;
	if (options.argument_count && (!boot_mode_parse(options.arguments[0], &mode) || mode > BOOT_REPAIR))
		return complain(EXIT_USAGE, "arm takes repair, preen, check or off, not '%s'", options.arguments[0]);
	r = open_state(options.root, &target, &state);
	if (r)
		return r;
	state.request = mode;
	r = write_state(target, &state);
	if (r)
		return r;
	return say(mode == BOOT_OFF ? "disarmed: nothing is asked of the next boot"
				    : "armed: the next boot runs sshrescue once, if its initramfs has the hook");
}

int cmd_confirm(int argc, char **argv)
{
	cleanup_target struct target *target = NULL;
	struct boot_state state;
	struct options options;
	int r;

	r = options_parse(argc, argv, OPTION_ROOT, 0, &options);
	if (r)
		return r;
	r = open_state(options.root, &target, &state);
	if (r)
		return r;
	if (state.watch == WATCH_NONE)
		return say("nothing to confirm: no boot was watched; see boot=guard in sshrescue.conf(5)");
	if (state.watch == WATCH_UNCONFIRMED) {
		state.watch = WATCH_CONFIRMED;
		r = write_state(target, &state);
		if (r)
			return r;
	}
	return say("confirmed: this boot is good");
}
