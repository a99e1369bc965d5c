/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_STAGE_CONFIG_OPTION_H
#define SSHRESCUE_STAGE_CONFIG_OPTION_H

/*
 * Private to the config stage: what a line means for who may get in, so that no repair lets anybody in who was kept
 * out. Everything fails closed: a keyword counts as restricting unless it is known not to be.
 */

#include "parse/sshd_keywords.h"
#include "stage/config_source.h"

/* What becomes of access when a line of an option is lost. */
struct option_meaning {
	bool may_go; /* it cannot restrict who gets in, or what they may do */
	/* Of its few values, the one that lets in the fewest; NULL where they have no such order. */
	const char *strictest;
	const char *preset; /* the value in force without a line, where strictest is set */
	bool perilous; /* any value but the strictest weakens authentication itself */
	/* Lists of algorithms: the release (100 * major + minor) since when the preset holds nothing that upstream
	 * calls weak. */
	unsigned sound_preset_since;
};
const struct option_meaning *option_meaning(enum keyword_id id);

/* The rule by which the target's sshd takes the keyword; NULL when that one does not know it, or ignores it. */
const struct keyword_rule *option_in_use(struct config_stage *stage, const char *keyword);
/* The keyword that an unknown one was unmistakably meant to be: the same option under another release's name, or the
 * only keyword of the target's sshd within one or two typing errors. NULL when there is none, or more than one. */
const struct keyword_rule *option_meant(struct config_stage *stage, const char *keyword);
/* Whether losing a line of this keyword may let somebody in, or let them do more. Also for words that no sshd knows but
 * that look as if they were to restrict. */
bool option_restricts(const char *keyword);
/* Whether it is an option of ssh_config(5), the client's. */
bool option_is_of_client(const char *keyword);
/* Whether the word is close to "Match". */
bool option_is_like_match(const char *keyword);

/* The few words that an option takes, ending in NULL; NULL for other options. Where the option has a strictest value,
 * they stand in order from there; "=word" means the same as the one before it. */
const char *const *option_words(const struct keyword_rule *rule);
/* The place of a value in that order, from 0; -1 when it is none of them. */
int option_rank(const struct keyword_rule *rule, const char *value);
/* The one word that a misspelled value was unmistakably meant to be, or NULL. */
const char *option_word_meant(const struct keyword_rule *rule, const char *value);

#endif
