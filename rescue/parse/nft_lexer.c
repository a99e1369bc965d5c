/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tokens of nft's language, as its scanner.l makes them, and the files that it includes. */
#include "parse/nft_private.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/ctype.h"

enum {
	INCLUDE_DEPTH = 16, /* MAX_INCLUDE_DEPTH */
	INCLUDE_FILES = 10 * 1000, /* together */
	ADDRESS_LENGTH = INET6_ADDRSTRLEN - 1,
	ETHER_ADDRESS_PARTS = 6,
	EXCERPT_LENGTH = 200, /* of a place whose end is not known */
};

/* --- the length of a token ------------------------------------------------- */

static bool is_name_start(char c)
{
	return char_is_alpha(c) || c == '_' || c == '.';
}

static bool is_name_character(char c)
{
	return is_name_start(c) || char_is_digit(c) || c == '/' || c == '-';
}

/* Six bytes in hexadecimal with colons between them. */
static size_t ether_address_length(const char *text, size_t size)
{
	size_t length = 0;

	for (unsigned part = 0; part < ETHER_ADDRESS_PARTS; part++) {
		size_t digits = 0;

		if (part && (length >= size || text[length++] != ':'))
			return 0;
		while (digits < 2 && length < size && char_hex_value(text[length]) >= 0) {
			digits++;
			length++;
		}
		if (!digits)
			return 0;
	}
	return length;
}

/* The longest beginning that is an address of either family. */
static size_t address_length(const char *text, size_t size)
{
	char buffer[ADDRESS_LENGTH + 1];
	unsigned char bytes[16];
	size_t run = 0, colons = 0, dots = 0;

	while (run < size && run < ADDRESS_LENGTH &&
	       (char_hex_value(text[run]) >= 0 || text[run] == ':' || text[run] == '.')) {
		colons += text[run] == ':';
		dots += text[run] == '.';
		run++;
	}
	if (colons < 2 && dots < 3)
		return 0;
	for (size_t length = run; length >= 2; length--) {
		memcpy(buffer, text, length);
		buffer[length] = '\0';
		if (inet_pton(AF_INET6, buffer, bytes) == 1)
			return length;
	}
	return 0;
}

/* Four numbers with dots between; that none is above 255 is not the scanner's business. */
static size_t ipv4_length(const char *text, size_t size)
{
	size_t length = 0;

	for (unsigned part = 0; part < 4; part++) {
		size_t digits = 0;

		if (part && (length >= size || text[length++] != '.'))
			return 0;
		while (digits < 3 && length < size && char_is_digit(text[length])) {
			digits++;
			length++;
		}
		if (!digits)
			return 0;
	}
	return length;
}

/* 1d2h3m4s5ms, each part at most once and in this order. */
static size_t time_length(const char *text, size_t size)
{
	static const char *const units[] = {"d", "h", "m", "s", "ms"};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t end = length, unit = strlen(units[i]);

		while (end < size && char_is_digit(text[end]))
			end++;
		/* "5ms" is no five minutes. */
		if (end == length || size - end < unit || memcmp(text + end, units[i], unit) != 0 ||
		    (i == 2 && end + 1 < size && text[end + 1] == 's'))
			continue;
		length = end + unit;
	}
	return length;
}

/* 1:2, a handle of traffic control: only before what may follow one. */
static size_t class_length(const char *text, size_t size)
{
	size_t length = 0, digits;

	for (unsigned part = 0; part < 2; part++) {
		if (part && (length >= size || text[length++] != ':'))
			return 0;
		for (digits = 0; length < size && char_hex_value(text[length]) >= 0; digits++)
			length++;
		if (!digits || digits > 4)
			return 0;
	}
	return length < size && text[length] && strchr(" \t\n:-},", text[length]) ? length : 0;
}

static size_t number_length(const char *text, size_t size)
{
	size_t length = 0;

	if (size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && char_hex_value(text[2]) >= 0) {
		for (length = 2; length < size && char_hex_value(text[length]) >= 0;)
			length++;
		return length;
	}
	while (length < size && char_is_digit(text[length]))
		length++;
	return length;
}

/* A name, perhaps with an asterisk behind it. */
static size_t name_length(const char *text, size_t size)
{
	size_t length = 0;

	if (!is_name_start(text[0]))
		return 0;
	while (length < size && is_name_character(text[length]))
		length++;
	if (length < size && text[length] == '*')
		return length + 1;
	if (length + 1 < size && text[length] == '\\' && text[length + 1] == '*') {
		length += 2;
		while (length < size && is_name_character(text[length]))
			length++;
	}
	return length == 1 && text[0] == '.' ? 0 : length;
}

static size_t word_length(const char *text, size_t size)
{
	static size_t (*const patterns[])(const char *text, size_t size) = {
	    name_length, number_length, time_length, ipv4_length, address_length, ether_address_length, class_length,
	};
	size_t longest = 0;

	/* Most words are names that begin as no number can. */
	if (is_name_start(text[0]) && char_hex_value(text[0]) < 0)
		return name_length(text, size);
	if (!is_name_start(text[0]) && char_hex_value(text[0]) < 0 && text[0] != ':')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		size_t length = patterns[i](text, size);

		longest = length > longest ? length : longest;
	}
	return longest;
}

static size_t sign_length(const char *text, size_t size)
{
	static const char *const pairs[] = {"==", "!=", "<=", ">=", "<<", ">>"};

	for (size_t i = 0; size > 1 && i < ARRAY_SIZE(pairs); i++) {
		if (memcmp(text, pairs[i], 2) == 0)
			return 2;
	}
	return text[0] && strchr("<>,.:{}[]()^&|!/-*@$=+", text[0]) ? 1 : 0;
}

/* --- reading --------------------------------------------------------------- */

static void start_line(struct nft_position *at)
{
	at->line++;
	at->line_start = at->offset;
}

/* A comment counts only where a newline ends it; without one at the end of the file it is junk. */
static bool pass_comment(struct nft_position *at)
{
	const struct nft_file *file = at->file;
	const char *end = memchr(file->data + at->offset, '\n', file->size - at->offset);
	size_t before = at->offset;

	if (!end)
		return false;
	while (before > at->line_start && (file->data[before - 1] == ' ' || file->data[before - 1] == '\t'))
		before--;
	at->offset = (size_t)(end - file->data);
	/* A line that holds nothing else is no empty line. */
	if (before == at->line_start) {
		at->offset++;
		start_line(at);
	}
	return true;
}

/* Goes to the character where the next token begins; false at the end of everything. */
static bool pass_space(struct nft_position *at)
{
	for (;;) {
		const struct nft_file *file = at->file;
		char c;

		if (at->offset >= file->size) {
			if (!file->parent)
				return false;
			*at = *file->parent;
			continue;
		}
		c = file->data[at->offset];
		if (c == ' ' || c == '\t') {
			at->offset++;
		} else if (c == '\\' && at->offset + 1 < file->size && file->data[at->offset + 1] == '\n') {
			at->offset += 2;
			start_line(at);
		} else if (c != '#' || !pass_comment(at)) {
			return true;
		}
	}
}

static void read_quoted(struct nft_token *token, struct nft_position *next)
{
	const struct nft_file *file = next->file;
	size_t start = next->offset + 1;
	const char *end = start < file->size ? memchr(file->data + start, '"', file->size - start) : NULL;

	if (!end) {
		token->kind = TOKEN_JUNK;
		next->offset++;
		return;
	}
	token->kind = TOKEN_QUOTED;
	token->text = file->data + start;
	token->length = (unsigned)(end - token->text);
	for (next->offset = start; next->offset < start + token->length;) {
		if (file->data[next->offset++] == '\n')
			start_line(next);
	}
	next->offset++;
}

static void read_token(struct nft_token *token, struct nft_position *next)
{
	const char *text = next->file->data + next->offset;
	size_t left = next->file->size - next->offset, length;

	token->text = text;
	token->length = 1;
	if (*text == '\n' || *text == ';') {
		token->kind = *text == ';' ? TOKEN_SEMICOLON : TOKEN_NEWLINE;
		next->offset++;
		if (*text == '\n')
			start_line(next);
		return;
	}
	if (*text == '"') {
		read_quoted(token, next);
		return;
	}
	/* An IPv6 address in brackets is without them. */
	length = *text == '[' ? address_length(text + 1, left - 1) : 0;
	if (length && length + 1 < left && text[length + 1] == ']') {
		token->kind = TOKEN_WORD;
		token->text = text + 1;
		token->length = (unsigned)length;
		next->offset += length + 2;
		return;
	}
	token->kind = TOKEN_WORD;
	length = word_length(text, left);
	if (!length) {
		token->kind = TOKEN_SIGN;
		length = sign_length(text, left);
	}
	if (!length) {
		token->kind = TOKEN_JUNK;
		length = 1;
	}
	token->length = (unsigned)length;
	next->offset += length;
}

void nft_advance(struct nft_parser *parser)
{
	parser->last_end = parser->next;
	if (!pass_space(&parser->next)) {
		parser->token = (struct nft_token){.kind = TOKEN_END, .text = "", .at = parser->next};
		return;
	}
	parser->token.at = parser->next;
	read_token(&parser->token, &parser->next);
}

void nft_seek(struct nft_parser *parser, const struct nft_position *at)
{
	parser->next = *at;
	nft_advance(parser);
}

void nft_lexer_start(struct nft_parser *parser, const struct nft_file *file)
{
	parser->next = (struct nft_position){.file = file, .line = 1};
	nft_advance(parser);
}

struct place nft_place(const struct nft_position *at, const struct nft_position *end)
{
	const struct nft_file *file = at->file;
	size_t stop = end && end->file == file && end->offset > at->offset ? end->offset : at->offset;
	const char *newline;

	if (!end) {
		stop = file->size - at->offset > EXCERPT_LENGTH ? at->offset + EXCERPT_LENGTH : file->size;
		newline = memchr(file->data + at->offset, '\n', stop - at->offset);
		stop = newline ? (size_t)(newline - file->data) : stop;
	}
	return (struct place){
	    .path = file->path,
	    .line = file->only_line ? file->only_line : at->line,
	    .column = file->only_line ? 0 : (unsigned)(at->offset - at->line_start) + 1,
	    .text = file->data + at->offset,
	    .text_length = (unsigned)(stop - at->offset),
	};
}

/* --- files ----------------------------------------------------------------- */

static bool has_wildcard(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* Lets the parser go on in a file; the files before it on the list come later. */
static bool push_file(struct nft_parser *parser, const char *path, const struct nft_position *at)
{
	struct nft_file *file = ARENA_NEW(parser->arena, struct nft_file);
	struct blob content;
	int r;

	if (at->file->depth >= INCLUDE_DEPTH || ++parser->files > INCLUDE_FILES)
		return nft_refuse(parser, at, "Include nested too deeply, max %d levels", INCLUDE_DEPTH);
	r = target_read(parser->target, path, TARGET_FILE_LIMIT, parser->arena, &content, NULL);
	if (r < 0)
		return nft_refuse(parser, at, "Could not open file \"%s\": %s", path, strerror(-r));
	file->path = arena_strdup(parser->arena, path);
	file->data = content.data;
	file->size = content.size;
	file->depth = at->file->depth + 1;
	file->parent = arena_alloc(parser->arena, sizeof(*file->parent));
	*file->parent = parser->next;
	parser->next = (struct nft_position){.file = file, .line = 1};
	return true;
}

/* What the pattern finds, directories left out. *ret_found: something was there. */
static bool push_pattern(struct nft_parser *parser, const char *pattern, const struct nft_position *at, bool *ret_found)
{
	string_list paths = {0};

	*ret_found = false;
	if (target_glob(parser->target, pattern, parser->arena, &paths) < 0)
		return true;
	/* The last one pushed is read first. */
	for (size_t i = paths.count; i-- > 0;) {
		struct node_stat stat;
		int r = target_stat(parser->target, paths.items[i], &stat);

		*ret_found = true;
		if (r == 0 && stat.type == NODE_DIRECTORY)
			continue;
		if (!push_file(parser, paths.items[i], at))
			return false;
	}
	return true;
}

/* A path that begins with a dot is taken from where nft was started: the root directory at boot. Everything else that
 * is not absolute is looked for in /etc (DEFAULT_INCLUDE_PATH). */
bool nft_include(struct nft_parser *parser, const struct nft_token *name)
{
	char *path = nft_token_text(parser, name);
	bool dotted = string_after(path, "./") || string_after(path, "../");
	const char *start = parser->start_path && *parser->start_path == '/' ? parser->start_path : "/";
	struct nft_position at = name->at, before = parser->next;
	bool found = false;

	if (!parser->target) {
		nft_uncertain(parser, &at, "what the included file %s holds", path);
		return true;
	}
	/* The separator behind the name is the current token: what comes behind it is read later. */
	if (!push_pattern(parser, path[0] == '/' ? path : arena_printf(parser->arena, dotted ? "/%s" : "/etc/%s", path),
			  &at, &found))
		return false;
	if (!found && dotted) {
		parser->next = before;
		if (!push_pattern(
			parser,
			arena_printf(parser->arena, "%.*s%s", (int)(strrchr(start, '/') - start) + 1, start, path), &at,
			&found))
			return false;
		if (found)
			nft_uncertain(parser, &at,
				      "the file %s is found only when nft is started in the directory of %s", path,
				      start);
	}
	if (!found && !has_wildcard(path))
		return nft_refuse(parser, &at, "File not found: %s", path);
	return true;
}
