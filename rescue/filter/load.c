/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/load.h"

void load_note(struct arena *arena, struct load_report *report, enum load_outcome outcome, struct place place,
	       const char *format, ...)
{
	struct load_note *note = array_push(arena, &report->notes);
	va_list arguments;

	va_start(arguments, format);
	*note = (struct load_note){outcome, place, arena_vprintf(arena, format, arguments)};
	va_end(arguments);
}
