/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/record.h"

#include <stdarg.h>
#include <stdio.h>

void record_sentence(char *place, size_t size, const char *format, ...)
{
	va_list arguments;

	if (*place)
		return;
	va_start(arguments, format);
	vsnprintf(place, size, format, arguments);
	va_end(arguments);
}
