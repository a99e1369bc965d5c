/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the grammar asks of tokens, and refusals. */
#include "parse/nft_private.h"

#include <stdlib.h>

#include "base/ctype.h"

enum {
	NUMBER_LENGTH = 24, /* digits of the longest number that strtoull takes, and more */
	UNCERTAIN_NOTES = 64, /* more say nothing new */
};

bool nft_refuse(struct nft_parser *parser, const struct nft_position *at, const char *format, ...)
{
	va_list arguments;

	if (parser->refused)
		return false;
	parser->refused = true;
	va_start(arguments, format);
	load_note(parser->arena, parser->report, LOAD_REFUSED, nft_place(at, NULL), "%s",
		  arena_vprintf(parser->arena, format, arguments));
	va_end(arguments);
	return false;
}

void nft_uncertain(struct nft_parser *parser, const struct nft_position *at, const char *format, ...)
{
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = arena_vprintf(parser->arena, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < parser->uncertain.count; i++) {
		if (string_equal(parser->uncertain.items[i], message))
			return;
	}
	if (parser->uncertain.count >= UNCERTAIN_NOTES)
		return;
	*array_push(parser->arena, &parser->uncertain) = message;
	load_note(parser->arena, parser->report, LOAD_UNCERTAIN, nft_place(at, NULL), "%s", message);
}

/* In bison's words, as nft says it. */
static const char *token_words(struct nft_parser *parser, const struct nft_token *token)
{
	switch (token->kind) {
	case TOKEN_END:
		return "end of file";
	case TOKEN_NEWLINE:
		return "newline";
	case TOKEN_SEMICOLON:
		return "semicolon";
	case TOKEN_QUOTED:
		return "quoted string";
	case TOKEN_JUNK:
		return "junk";
	case TOKEN_WORD:
		if (char_is_digit(token->text[0]))
			return "number";
		return nft_is_keyword(token) ? nft_token_text(parser, token) : "string";
	case TOKEN_SIGN:
		break;
	}
	return arena_printf(parser->arena, "'%s'", nft_token_text(parser, token));
}

bool nft_syntax_error(struct nft_parser *parser)
{
	struct nft_position at = parser->token.at;

	return nft_refuse(parser, &at, "syntax error, unexpected %s", token_words(parser, &parser->token));
}

bool nft_accept(struct nft_parser *parser, const char *text)
{
	if (!nft_is(parser, text))
		return false;
	nft_advance(parser);
	return true;
}

bool nft_expect(struct nft_parser *parser, const char *text)
{
	return nft_accept(parser, text) || nft_syntax_error(parser);
}

char *nft_token_text(struct nft_parser *parser, const struct nft_token *token)
{
	return arena_memdup(parser->arena, token->text, token->length);
}

static bool is_plain_word(const struct nft_token *token)
{
	return token->kind == TOKEN_WORD &&
	       (char_is_alpha(token->text[0]) || token->text[0] == '_' || (token->text[0] == '.' && token->length > 1));
}

bool nft_name(struct nft_parser *parser, const char **ret)
{
	const struct nft_token *token = &parser->token;

	if (!is_plain_word(token) || nft_is_keyword(token) || memchr(token->text, '*', token->length) ||
	    memchr(token->text, ':', token->length))
		return nft_syntax_error(parser);
	*ret = nft_token_text(parser, token);
	nft_advance(parser);
	return true;
}

bool nft_number(struct nft_parser *parser, uint64_t *ret)
{
	char *text, *end;

	if (parser->token.kind != TOKEN_WORD || !char_is_digit(parser->token.text[0]) ||
	    parser->token.length > NUMBER_LENGTH)
		return nft_syntax_error(parser);
	text = nft_token_text(parser, &parser->token);
	*ret = strtoull(text, &end, 0);
	if (*end)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return true;
}

bool nft_string(struct nft_parser *parser, const char **ret)
{
	if (parser->token.kind != TOKEN_QUOTED && !is_plain_word(&parser->token))
		return nft_syntax_error(parser);
	*ret = nft_token_text(parser, &parser->token);
	nft_advance(parser);
	return true;
}

/* A variable that is passed over is looked up now: a later redefinition does not change it. */
static bool bind_variable(struct nft_parser *parser, nft_node_list *bound)
{
	struct nft_node *node;

	if (!nft_variable(parser, &node))
		return false;
	*array_push(parser->arena, bound) = node;
	return true;
}

bool nft_skip(struct nft_parser *parser, nft_node_list *bound)
{
	unsigned depth = 0;

	while (parser->token.kind != TOKEN_END && (depth || !nft_at_separator(parser))) {
		if (nft_is(parser, "{")) {
			depth++;
		} else if (nft_is(parser, "}")) {
			if (!depth)
				break;
			depth--;
		} else if (parser->token.kind == TOKEN_JUNK) {
			return nft_syntax_error(parser);
		} else if (nft_is(parser, "$") && bound) {
			nft_advance(parser);
			if (!bind_variable(parser, bound))
				return false;
			continue;
		}
		nft_advance(parser);
	}
	return true;
}
