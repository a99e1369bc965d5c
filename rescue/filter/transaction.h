/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_FILTER_TRANSACTION_H
#define SSHRESCUE_FILTER_TRANSACTION_H

/*
 * What lets a rule set be as before when a loader's transaction fails: while one is open, whoever changes something
 * notes how to undo it. That costs as much as what is changed, not as what the rule set holds.
 *
 * What is made in the transaction itself need not be noted: it goes with the table, chain or set that is its own.
 */

#include "filter/ruleset.h"

struct undo {
	enum undo_kind {
		UNDO_CHANGE, /* of memory at `place`, `size` bytes: `content` */
		UNDO_INSERT, /* into the list at `place`, at `index` */
		UNDO_REMOVE, /* the same: `content` was there */
		UNDO_NAME, /* of the map at `place`: `name` stood for `content` */
	} kind;
	unsigned size; /* of an item */
	void *place;
	union {
		size_t index;
		const char *name;
	};
	void *content;
};

/* Adds an item to the list (an ARRAY_OF) at that place, or takes one out. */
void list_insert(struct ruleset *ruleset, void *list, size_t item_size, size_t index, const void *item, bool noted);
void list_remove(struct ruleset *ruleset, void *list, size_t item_size, size_t index);
/* string_map_put() and, with value NULL, string_map_remove(). */
void name_put(struct ruleset *ruleset, struct string_map *map, const char *name, void *value);

#endif
