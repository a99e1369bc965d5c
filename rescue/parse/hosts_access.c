/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/hosts_access.h"

#include <string.h>

#include "base/text.h"

#define SEPARATORS ", \t\r\n"

enum {
	LINE_LIMIT = 2047, /* BUFLEN of libwrap */
};

/* The next word of a list, or NULL. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, SEPARATORS);

	if (!*word)
		return NULL;
	*rest = word + strcspn(word, SEPARATORS);
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

/* split_at(): cuts at the next colon that is neither escaped nor inside of brackets; what follows, or NULL. */
static char *split(char *text)
{
	unsigned depth = 0;

	for (; *text; text++) {
		if (*text == '[') {
			depth++;
		} else if (*text == ']' && depth) {
			depth--;
		} else if (*text == '\\' && text[1] == ':') {
			memmove(text, text + 1, strlen(text));
		} else if (*text == ':' && !depth) {
			*text = '\0';
			return text + 1;
		}
	}
	return NULL;
}

/* --- daemons ---------------------------------------------------------------------------------------------------- */

enum named {
	NAMED_NO,
	NAMED_MAYBE,
	NAMED_YES,
};

static enum named daemon_word(char *word, const char *daemon)
{
	char *at = strchr(word + (*word != '\0'), '@');

	if (*word == '/' || strpbrk(word, "*?"))
		return NAMED_MAYBE;
	if (at)
		*at = '\0';
	if (!string_equal_nocase(word, "ALL") && !string_equal_nocase(word, daemon))
		return NAMED_NO;
	return at ? NAMED_MAYBE : NAMED_YES;
}

/* "a b EXCEPT c EXCEPT d": list_match(). The exception is taken off what stands in front of it. */
static enum named daemon_list(char *list, const char *daemon)
{
	enum {
		EXCEPT_LIMIT = 32
	};
	enum named parts[EXCEPT_LIMIT] = {NAMED_NO}, named;
	unsigned count = 0;
	char *word;

	while ((word = next_word(&list))) {
		if (string_equal_nocase(word, "EXCEPT")) {
			if (++count == EXCEPT_LIMIT)
				return NAMED_MAYBE;
			continue;
		}
		named = daemon_word(word, daemon);
		if (named > parts[count])
			parts[count] = named;
	}
	for (named = parts[count]; count > 0; count--) {
		if (named == NAMED_MAYBE && parts[count - 1] != NAMED_NO)
			continue;
		named = named == NAMED_YES ? NAMED_NO : parts[count - 1];
	}
	return named;
}

/* --- clients ---------------------------------------------------------------------------------------------------- */

static enum hosts_clients client_word(const char *word)
{
	static const char *const everybody[] = {"ALL", "*", "ALL@ALL", "0.0.0.0/0.0.0.0"};
	static const char *const itself[] = {"127.", "localhost", "[::1]", "::1"};

	for (size_t i = 0; i < ARRAY_SIZE(everybody); i++) {
		if (string_equal_nocase(word, everybody[i]))
			return HOSTS_ALL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(itself); i++) {
		if (string_after(word, itself[i]))
			return HOSTS_NONE;
	}
	return HOSTS_SOME;
}

static enum hosts_clients client_list(char *list)
{
	enum hosts_clients most = HOSTS_NONE, clients;
	char *word;

	while ((word = next_word(&list))) {
		/* Whom an exception is about is not looked at. */
		if (string_equal_nocase(word, "EXCEPT"))
			return most == HOSTS_ALL ? HOSTS_SOME : most;
		clients = client_word(word);
		if (clients > most)
			most = clients;
	}
	return most;
}

/* --- options ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum hosts_effect effect;
} options[] = {
    {"allow", HOSTS_PERMIT},   {"deny", HOSTS_REFUSE},	   {"twist", HOSTS_REFUSE},	 {"spawn", HOSTS_MATCH},
    {"severity", HOSTS_MATCH}, {"keepalive", HOSTS_MATCH}, {"linger", HOSTS_MATCH},	 {"nice", HOSTS_MATCH},
    {"umask", HOSTS_MATCH},    {"setenv", HOSTS_MATCH},	   {"banners", HOSTS_MATCH},	 {"rfc931", HOSTS_MATCH},
    {"user", HOSTS_UNCERTAIN}, {"group", HOSTS_UNCERTAIN}, {"aclexec", HOSTS_UNCERTAIN}, {"aclchroot", HOSTS_UNCERTAIN},
};

static enum hosts_effect option_effect(char *option)
{
	size_t length;

	option += strspn(option, " \t");
	length = strcspn(option, " \t=\r\n");
	option[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (string_equal_nocase(option, options[i].name))
			return options[i].effect;
	}
	return HOSTS_REFUSE;
}

static enum hosts_effect option_list(char *text)
{
	while (text) {
		char *next = split(text);
		enum hosts_effect effect = option_effect(text);

		if (effect != HOSTS_MATCH)
			return effect;
		text = next;
	}
	return HOSTS_MATCH;
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static void read_line(struct arena *arena, char *line, unsigned number, const char *daemon, hosts_rule_list *ret)
{
	struct hosts_rule rule = {.line = number};
	char *clients = split(line), *rest;
	enum named named;

	if (!clients)
		return;
	rest = split(clients);
	named = daemon_list(line, daemon);
	if (named == NAMED_NO)
		return;
	rule.maybe = named == NAMED_MAYBE;
	clients += strspn(clients, " \t");
	rule.client_text = arena_memdup(arena, clients, strcspn(clients, "\r\n"));
	rule.clients = client_list(clients);
	rule.effect = option_list(rest);
	*array_push(arena, ret) = rule;
}

void hosts_access_read(const struct blob *content, struct arena *arena, const char *daemon, hosts_rule_list *ret)
{
	struct text whole = {.arena = arena};
	const char *line;
	size_t offset = 0, length;
	unsigned number = 0, first = 0;

	*ret = (hosts_rule_list){0};
	while (next_line(content, &offset, &line, &length)) {
		bool ends = line + length < content->data + content->size;
		bool joined = ends && length && line[length - 1] == '\\';

		number++;
		if (!whole.size)
			first = number;
		text_add(&whole, line, length - joined);
		if (joined && offset < content->size)
			continue;
		/* An empty line has nothing that could lack its end. */
		if (!ends || joined || whole.size > LINE_LIMIT) {
			*array_push(arena, ret) = (struct hosts_rule){
			    .line = first, .clients = HOSTS_ALL, .client_text = "", .effect = HOSTS_BROKEN};
			return;
		}
		if (whole.size && *whole.data != '#' && whole.data[strspn(whole.data, " \t\r\n")])
			read_line(arena, arena_memdup(arena, whole.data, whole.size), first, daemon, ret);
		whole.size = 0;
	}
}
