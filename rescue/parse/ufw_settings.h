/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_UFW_SETTINGS_H
#define SSHRESCUE_PARSE_UFW_SETTINGS_H

/* Private to ufw: /etc/ufw/ufw.conf and /etc/default/ufw, which ufw-init has its shell read. */

#include "filter/load.h"
#include "target/target.h"

enum ufw_name {
	UFW_ENABLED,
	UFW_IPV6,
	UFW_INPUT_POLICY,
	UFW_OUTPUT_POLICY,
	UFW_FORWARD_POLICY,
	UFW_MANAGE_BUILTINS,
	UFW_NAME_COUNT,
};

struct ufw_setting {
	const char *value; /* of the last assignment; "": set to nothing, or not at all */
	bool unknown; /* the shell would have to expand it */
	struct place place; /* line 0 where nothing sets it */
};

struct ufw_settings {
	struct ufw_setting items[UFW_NAME_COUNT];
};

/* Reads both files in the order of ufw-init. False when its shell stops there: then nothing is loaded at all. What the
 * shell would do with lines that are no plain assignments is reported as uncertain, or as refused where it stops. */
bool ufw_settings_read(struct target *target, struct arena *arena, struct ufw_settings *ret,
		       struct load_report *report);
/* "yes" or "YES", as ufw-init compares. */
bool ufw_says_yes(const struct ufw_setting *setting);

#endif
