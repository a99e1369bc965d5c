/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of an iptables-save file, as iptables-restore(8) reads them (iptables/iptables-restore.c and xshared.c of
 * iptables 1.8.9, tried with both of its programs). The two differ in small things, where input->legacy says whose way
 * is followed.
 */
#include "parse/iptables_save.h"

#include <stdarg.h>

#include "parse/iptables_save_private.h"

enum {
	WORD_LIMIT = 1023, /* characters in one argument */
	WORD_COUNT_LIMIT = 251, /* arguments of one line, besides those that the program puts before them */
	COUNTER_WORDS = 3, /* that counters take of these */
	BUFFER_SIZE = 10240, /* of the program: what goes beyond it is taken for another line */
};

static void note(struct save_loader *loader, enum load_outcome outcome, const char *format, va_list arguments)
{
	load_note(loader->arena, loader->report, outcome, loader->place, "%s",
		  arena_vprintf(loader->arena, format, arguments));
}

bool refuse(struct save_loader *loader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!loader->refused)
		note(loader, LOAD_REFUSED, format, arguments);
	va_end(arguments);
	loader->refused = true;
	return false;
}

void uncertain(struct save_loader *loader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(loader, LOAD_UNCERTAIN, format, arguments);
	va_end(arguments);
}

/* --- words ----------------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool add_word(struct save_loader *loader, char *word, size_t length)
{
	if (length > WORD_LIMIT)
		return refuse(loader, "Parameter too long!");
	word[length] = '\0';
	*array_push(loader->arena, &loader->words) = word;
	return true;
}

/* Cuts text into arguments. Inside of double quotes a backslash takes the next character as it is; a closing quote ends
 * the argument, and so does the end of the line. The words are written over the text. */
static bool split_words(struct save_loader *loader, char *text)
{
	bool quoted = false, open = false;
	char *word = text, *end = text;

	loader->words.count = 0;
	for (char *c = text; *c; c++) {
		bool ends = open ? *c == '"' : is_separator(*c);

		if (!open && *c == '"') {
			open = quoted = true;
			continue;
		}
		if (open && *c == '\\') {
			if (!c[1])
				break;
			c++;
			ends = false;
		}
		if (!ends) {
			*end++ = *c;
			continue;
		}
		open = false;
		if ((end > word || quoted) && !add_word(loader, word, (size_t)(end - word)))
			return false;
		quoted = false;
		word = end = c + 1;
	}
	return end == word || add_word(loader, word, (size_t)(end - word));
}

/* --- lines ----------------------------------------------------------------- */

/* The next part of *rest that white space ends, as strtok(3) cuts it; NULL when there is none. */
static char *next_token(char **rest)
{
	char *token = *rest;

	while (is_separator(*token))
		token++;
	if (!*token)
		return NULL;
	for (*rest = token; **rest && !is_separator(**rest); ++*rest)
		;
	if (**rest)
		*(*rest)++ = '\0';
	return token;
}

static bool load_table_line(struct save_loader *loader, char *text)
{
	char *name = next_token(&text);

	if (!name)
		return refuse(loader, "line %u table name invalid", loader->place.line);
	return begin_table(loader, name);
}

static bool load_chain_line(struct save_loader *loader, char *text)
{
	char *name = next_token(&text), *policy;

	if (!name)
		return refuse(loader, "line %u chain name invalid", loader->place.line);
	policy = next_token(&text);
	if (!policy)
		return refuse(loader, "line %u policy invalid", loader->place.line);
	return declare_chain(loader, name, policy);
}

/* "[packets:bytes]" before a command says nothing to us. */
static bool load_command_line(struct save_loader *loader, char *text)
{
	size_t limit = WORD_COUNT_LIMIT;

	if (*text == '[') {
		char *end = strchr(text, ']');

		if (!end || !strchr(text, ':'))
			return refuse(loader, "Bad line %u: need ]", loader->place.line);
		text = end + 1;
		limit -= COUNTER_WORDS;
	}
	if (!split_words(loader, text))
		return false;
	if (loader->words.count > limit)
		return refuse(loader, "Parser cannot handle more arguments");
	return run_command(loader);
}

/* The program takes lines for strings: what comes behind a NUL is lost. */
static bool load_line(struct save_loader *loader, const char *line, size_t length, bool has_newline)
{
	char *text = loader->text;
	bool empty = !length && has_newline;

	if (length + 2 > loader->text_capacity) {
		loader->text_capacity = length * 2 + 256;
		text = loader->text = arena_alloc(loader->arena, loader->text_capacity);
	}
	memcpy(text, line, length);
	text[length] = '\0';
	if (*text == '#' || empty)
		return true;
	/* The older program wants the newline of this one. */
	if (loader->table && string_equal(text, "COMMIT") && (has_newline || !loader->input->legacy))
		return commit_table(loader);
	if (*text == '*' && !loader->table)
		return load_table_line(loader, text + 1);
	if (!loader->table)
		return refuse(loader, "line %u failed", loader->place.line);
	if (*text == ':')
		return load_chain_line(loader, text + 1);
	/* A quote that is left open takes the end of the line with it. */
	if (has_newline)
		memcpy(text + length, "\n", 2);
	return load_command_line(loader, text);
}

static bool load_parts(struct save_loader *loader, const char *line, size_t length, bool has_newline)
{
	while (length + has_newline > BUFFER_SIZE - 1) {
		if (!load_line(loader, line, BUFFER_SIZE - 1, false))
			return false;
		line += BUFFER_SIZE - 1;
		length -= BUFFER_SIZE - 1;
	}
	return load_line(loader, line, length, has_newline);
}

static struct place line_place(const struct save_loader *loader, unsigned number, const char *line, size_t length)
{
	if (length && line[length - 1] == '\r')
		length--;
	return (struct place){.path = loader->input->path,
			      .line = loader->input->line ? loader->input->line : number,
			      .text = line,
			      .text_length = (unsigned)length};
}

void iptables_save_load(struct ruleset *ruleset, const struct iptables_input *input, struct load_report *report)
{
	struct save_loader loader = {.ruleset = ruleset, .arena = ruleset->arena, .input = input, .report = report};
	struct blob content = {arena_memdup(ruleset->arena, input->content.data, input->content.size),
			       input->content.size};
	const char *line = "";
	size_t offset = 0, length = 0;
	unsigned number = 0;
	bool going = true;

	loader.names = input->names ? input->names : iptables_save_names(loader.arena);
	loader.line = ARENA_NEW(ruleset->arena, struct rule_line);
	loader.fills_sets = memmem(content.data, content.size, "SET", 3) != NULL;
	while (going && next_line(&content, &offset, &line, &length)) {
		bool has_newline = line + length < content.data + content.size;

		loader.place = line_place(&loader, ++number, line, length);
		going = load_parts(&loader, line, length, has_newline);
	}
	if (going && loader.table) {
		loader.place = line_place(&loader, number + 1, "", 0);
		refuse(&loader, "COMMIT expected at line %u", number + 1);
	}
	abandon_table(&loader);
}
