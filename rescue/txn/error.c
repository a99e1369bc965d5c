/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "txn/journal.h"

#include <stdarg.h>
#include <stdio.h>

int txn_fail(struct arena *arena, struct txn_error *ret, int error, const char *path, const char *format, ...)
{
	va_list arguments;

	if (ret->sentence)
		return error;
	va_start(arguments, format);
	ret->sentence = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	ret->error = error;
	ret->path = path ? arena_strdup(arena, path) : NULL;
	return error;
}

const char *txn_state_name(enum txn_state state)
{
	switch (state) {
	case TXN_STAGING:
		return "staging";
	case TXN_PREPARED:
		return "prepared";
	case TXN_COMMITTED:
		return "committed";
	case TXN_UNDOING:
		return "undoing";
	case TXN_UNDONE:
		return "undone";
	case TXN_ABANDONED:
		return "abandoned";
	case TXN_DAMAGED:
		break;
	}
	return "damaged";
}
