/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_FIREWALL_BOOT_H
#define SSHRESCUE_STAGE_FIREWALL_BOOT_H

/* What the files that look for the boot's loaders of packet filter rules share. Private to them. */

#include "stage/firewall_load.h"

struct search {
	const struct facts *facts;
	struct findings *findings;
	firewall_loaders *loaders;
};

/* firewall_boot.c */

/* Reads a file that the boot runs, or reads commands from. One that is there but cannot be read, or is too large, may
 * hold anything: that is raised. 0 or negative errno; stat may be NULL. */
int search_read(const struct search *search, const char *path, struct blob *ret, struct node_stat *stat);
struct firewall_loader *search_add_loader(const struct search *search, const char *name, enum firewall_moment moment);
/* What one command loads: as firewall_command(), and an administrator's script is looked into. */
int search_command(const struct search *search, const string_list *words, const char *path, unsigned line,
		   firewall_steps *ret);

/* firewall_boot_script.c */

/* Scripts and command lines that no unit runs: of interfaces that come up, of cron, rc.local. */
void search_scripts(const struct search *search);
/* What systemd takes from System V. */
void search_init_scripts(const struct search *search);

#endif
