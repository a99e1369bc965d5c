/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_BOOT_BOOT_H
#define SSHRESCUE_BOOT_BOOT_H

/*
 * The run at boot time, from an initramfs, between the mount of the root and the switch to it. Two processes: the guard
 * holds the clock, the mount and the report files; the worker is confined to the target and does the work. Whatever
 * happens to the worker, the guard puts the mount back as it was and lets the boot go on.
 */

#include "boot/command_line.h"

/* /run survives the switch to the root, in every initramfs. */
#define BOOT_REPORT_DIRECTORY "/run/sshrescue"

/* Runs the request on the root that is mounted at root, together with what the last boot left for this one. Nothing
 * that happens here may stop a boot, so there is no result. */
void boot_run(const char *root, const struct boot_request *request);

/* The two reports, under BOOT_REPORT_DIRECTORY (directory): written beside their place, and then put there. A
 * descriptor or negative errno; 0 or negative errno. */
int boot_report_create(int directory, const char *name);
int boot_report_publish(int directory, const char *name);

/* The worker's half: works on root and writes the reports. kmsg may be -1. guard is the socket on which the guard
 * answers requests for a writable root. Returns the exit status of the run. */
struct boot_worker {
	const char *root;
	const struct boot_request *request;
	int text_report, json_report, kmsg, guard;
	const char *no_modules; /* why the kernel finds no modules for a rehearsal, or NULL */
};
int boot_work(const struct boot_worker *worker);

/* Takes the mode that a credential asks for ("sshrescue.mode"), where there is one. */
void boot_credential(struct boot_request *request);
/* Asks systemd for that much time from now, where it runs us as a service. */
void service_extend_timeout(unsigned seconds);

#endif
