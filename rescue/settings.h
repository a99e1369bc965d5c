/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_SETTINGS_H
#define SSHRESCUE_SETTINGS_H

/*
 * /etc/sshrescue.conf (sshrescue.conf(5)): what the operator of the running system, or of the initramfs, wants of every
 * run. Never read from the root that is examined: that one must not decide how it is judged.
 */

#include "base/arena.h"
#include "boot/command_line.h"
#include "problem.h"

#define SETTINGS_PATH "/etc/sshrescue.conf"

/* What the file says of one problem. */
struct settings_rule {
	unsigned ignored; /* the line that says so, or 0 */
	unsigned class_line; /* the line that sets class, or 0 */
	enum repair_class class;
};

/* A line that is not understood: it is ignored, so what it meant to set keeps its default. */
struct settings_mistake {
	unsigned line; /* 0: the file as a whole */
	const char *text; /* the line, or NULL */
	const char *reason;
};

struct settings {
	enum boot_mode boot;
	unsigned timeout; /* seconds */
	unsigned port; /* 0: not given */
	struct settings_rule rules[PROBLEM_COUNT];
	ARRAY_OF(struct settings_mistake) mistakes; /* in the order of the file */
};

/* Everything in *ret lives in arena. */
void settings_parse(struct arena *arena, const struct blob *text, struct settings *ret);
/* Reads SETTINGS_PATH; the defaults where it is not there. */
void settings_load(struct arena *arena, struct settings *ret);
/* "/etc/sshrescue.conf:3: bott=preen: there is no such setting; ignored", in arena. */
char *settings_complaint(struct arena *arena, const struct settings_mistake *mistake);

/* Makes the findings of one look what the settings want: an ignored problem becomes information, which no verdict
 * counts and no repair touches; a class only becomes more careful. Nothing is left out of the report. */
void settings_apply(const struct settings *settings, struct findings *findings);

#endif
