/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of who listens, beside what was promised. */
#include "report/report.h"

#include "report/escape.h"

enum {
	SHOWN_MOST = 8, /* in one line */
};

static void add_missing(struct text *text, const struct promised_address *address)
{
	text_add_string(text, strchr(address->address, ':') ? "[" : "");
	escape_terminal(text, address->address, strlen(address->address));
	text_printf(text, "%s:%u", strchr(address->address, ':') ? "]" : "", address->port);
}

static void add_rest(struct text *text, size_t count)
{
	if (count > SHOWN_MOST)
		text_printf(text, " and %zu more", count - SHOWN_MOST);
}

void report_listening_text(struct text *text, const struct comparison *comparison)
{
	bool reached = false;

	for (size_t i = 0; i < comparison->missing.count && i < SHOWN_MOST; i++) {
		text_add_string(text, i ? ", " : "nobody listens on ");
		add_missing(text, &comparison->missing.items[i]);
	}
	add_rest(text, comparison->missing.count);
	text_add_string(text, comparison->missing.count ? "; listening on " : "listening on ");
	for (size_t i = 0; i < comparison->listening.count && i < SHOWN_MOST; i++)
		text_printf(text, "%s%s", i ? ", " : "", listener_text(text->arena, &comparison->listening.items[i]));
	add_rest(text, comparison->listening.count);
	for (size_t i = 0; i < comparison->listening.count; i++)
		reached = reached || !listener_is_loopback(&comparison->listening.items[i]);
	if (!comparison->listening.count)
		text_add_string(text, "nothing");
	else if (!reached)
		text_add_string(text, ", the loopback interface only");
}

void report_listening_json(struct text *text, const struct comparison *comparison)
{
	text_add_string(text, "{\"listening\": [");
	for (size_t i = 0; i < comparison->listening.count; i++) {
		const struct listener *listener = &comparison->listening.items[i];

		text_printf(text, "%s{\"address\": \"%s\", \"port\": %u, \"loopback\": %s}", i ? ", " : "",
			    listener_address(text->arena, listener), listener->port,
			    listener_is_loopback(listener) ? "true" : "false");
	}
	text_add_string(text, "], \"missing\": [");
	for (size_t i = 0; i < comparison->missing.count; i++) {
		const struct promised_address *address = &comparison->missing.items[i];

		text_add_string(text, i ? ", {\"address\": " : "{\"address\": ");
		escape_json_string(text, address->address);
		text_printf(text, ", \"port\": %u}", address->port);
	}
	text_add_string(text, "]}");
}
