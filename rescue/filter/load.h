/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_LOAD_H
#define SSHRESCUE_FILTER_LOAD_H

/* What loading rules came to, besides the rules: where the tool itself would have stopped, and what was not understood.
 * The parsers add to it; the firewall stage judges it. */

#include "filter/ruleset.h"

enum load_outcome {
	/* The real loader refuses the input at this place. What it had loaded until then is in the rule set: nothing of
	 * an nft file, the tables before the one at fault of an iptables-save file. */
	LOAD_REFUSED,
	/* Whether the real loader takes it depends on what is not known here: a module, an interface, a resolver. The
	 * rule set is as if it did. */
	LOAD_UNCERTAIN,
};

struct load_note {
	enum load_outcome outcome;
	struct place place;
	const char *message; /* in the loader's own words where they are known */
};

struct load_report {
	ARRAY_OF(struct load_note) notes;
	uint64_t work; /* rules and elements that all inputs together made somebody look through */
};

void load_note(struct arena *arena, struct load_report *report, enum load_outcome outcome, struct place place,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
