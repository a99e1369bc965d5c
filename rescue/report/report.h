/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REPORT_REPORT_H
#define SSHRESCUE_REPORT_REPORT_H

/* The one place that prints. A report is composed in memory, as text for people or as JSON, and then written at once.
 */

#include <stdbool.h>

#include "base/text.h"
#include "live/promise.h"
#include "plan.h"
#include "rehearse/rehearsal.h"
#include "target/target.h"

enum exit_status {
	EXIT_REPAIRED = 1,
	EXIT_LEFT = 4,
	EXIT_ERROR = 8,
	EXIT_USAGE = 16,
	EXIT_CANCELLED = 32,
};

enum report_kind {
	REPORT_CHECK,
	REPORT_DRY_RUN,
	REPORT_REPAIR,
};

struct report {
	enum report_kind kind;
	struct target *target;
	const struct plan *plan;
	const char *transaction; /* what was committed, or NULL */
	const char *failure; /* why nothing was written although it should have been, or NULL */
	const struct rehearsal *rehearsal; /* or NULL: it was not asked for */
	const struct comparison *now; /* with what the kernel says at this moment; or NULL: it was not asked */
	const char *notes; /* sentences about earlier transactions, or NULL */
	const char *disk; /* what sshrescue disks found the root on; NULL: it was named by --root */
	bool strict;
	unsigned exit;
};

/* The part of the exit status that the findings decide: EXIT_REPAIRED and EXIT_LEFT. */
unsigned report_exit_status(const struct report *report);

/* How text is drawn. */
struct report_style {
	bool colour;
	bool unicode; /* ✓ and ✗, where the terminal can show them */
};
/* What suits a stream of this process. */
struct report_style report_style_for(int fd);

/* "Debian … on /mnt, systemd, OpenSSH …" and an empty line. */
void report_headline(struct text *text, const struct report *report, struct report_style style);
void report_mark(struct text *text, enum stage_status status, struct report_style style);
void report_text(struct text *text, const struct report *report, struct report_style style);
void report_json(struct text *text, const struct report *report);
/* What was found, for tools that collect findings; of a check only. */
void report_sarif(struct text *text, const struct report *report);
/* The rehearsal: what happened, and what it proves; the value of its key. */
void report_rehearsal_text(struct text *text, const struct rehearsal *rehearsal, struct report_style style);
void report_rehearsal_json(struct text *text, const struct rehearsal *rehearsal);
/* Who listens, and where nobody does: one line without a newline; and the same as members of an object. */
void report_listening_text(struct text *text, const struct comparison *comparison);
void report_listening_json(struct text *text, const struct comparison *comparison);
/* The verdict in one line without a newline, as the kernel log and the console get it. */
void report_line(struct text *text, const struct report *report);
/* The staged changes as a unified diff; what is no content (modes, owners, links) as lines that begin with '#'. */
void report_diff(struct text *text, struct target *target);

/* Writes all of it to a descriptor. 0 or negative errno. */
int report_write(int fd, const struct text *text);

#endif
