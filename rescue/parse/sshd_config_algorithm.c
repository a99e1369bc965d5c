/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of algorithms: ciphers_valid(), mac_valid(), kex_names_valid(), sshkey_names_valid2(), kex_assemble_names(). */
#include "parse/sshd_config_parser.h"

#include <string.h>

#include "base/text.h"

enum algorithm_kind {
	ALGORITHM_CIPHER,
	ALGORITHM_MAC,
	ALGORITHM_KEX,
	ALGORITHM_GSSAPI_KEX,
	ALGORITHM_KEY_PLAIN,
	ALGORITHM_KEY_CERTIFICATE,
	ALGORITHM_KEY_INTERNAL, /* sshd takes the name and can do nothing with it */
};

static const struct algorithm {
	enum algorithm_kind kind;
	const char *name, *short_name; /* up to 9.8 short names of keys are valid, whatever their case */
	unsigned since, before;
} algorithms[] = {
#define LATER SSHD_VERSION_LATER
#define ALGORITHM(kind, name, since, before) {ALGORITHM_##kind, name, NULL, since, before},
#define KEY_ALGORITHM(name, short_name, kind, since, before) {ALGORITHM_KEY_##kind, name, short_name, since, before},
#include "parse/sshd_algorithms.def"
#undef KEY_ALGORITHM
#undef ALGORITHM
#undef LATER
};

enum known {
	KNOWN_NO,
	KNOWN_YES,
	KNOWN_UNSURE,
};

static enum known ask_binary(struct config_parser *parser, const char *name)
{
	int answer = config_binary_knows(parser, name);

	return answer < 0 ? KNOWN_UNSURE : answer ? KNOWN_YES : KNOWN_NO;
}

/* Whether this sshd has the algorithm: by its release, or by its binary where that is another release's. */
static enum known has_algorithm(struct config_parser *parser, const struct algorithm *algorithm)
{
	if (algorithm->kind != ALGORITHM_GSSAPI_KEX && parser->version >= algorithm->since &&
	    parser->version < algorithm->before)
		return KNOWN_YES;
	return ask_binary(parser, algorithm->name);
}

static bool is_key(const struct algorithm *algorithm)
{
	return algorithm->kind >= ALGORITHM_KEY_PLAIN;
}

/* Whether algorithms of that kind are what the keyword is about. */
static bool suits(enum keyword_grammar grammar, const struct algorithm *algorithm)
{
	switch (grammar) {
	case GRAMMAR_CIPHERS:
		return algorithm->kind == ALGORITHM_CIPHER;
	case GRAMMAR_MACS:
		return algorithm->kind == ALGORITHM_MAC;
	case GRAMMAR_KEX:
		return algorithm->kind == ALGORITHM_KEX || algorithm->kind == ALGORITHM_GSSAPI_KEX;
	case GRAMMAR_GSSAPI_KEX:
		return algorithm->kind == ALGORITHM_GSSAPI_KEX;
	default:
		return is_key(algorithm);
	}
}

static bool names(const struct config_parser *parser, const struct algorithm *algorithm, const char *word)
{
	if (algorithm->kind == ALGORITHM_GSSAPI_KEX)
		return string_after(word, algorithm->name);
	return string_equal(algorithm->name, word) || (algorithm->short_name && !config_since(parser, 909) &&
						       string_equal_nocase(algorithm->short_name, word));
}

/* One name, or for keys one pattern. */
static enum known knows_word(struct config_parser *parser, const struct config_line *line, const char *word)
{
	enum keyword_grammar grammar = line->rule.grammar;
	bool keys = grammar == GRAMMAR_KEY_ALGORITHMS || grammar == GRAMMAR_CA_ALGORITHMS, elsewhere = false;
	enum known best = KNOWN_NO;

	for (size_t i = 0; i < ARRAY_SIZE(algorithms) && best != KNOWN_YES; i++) {
		const struct algorithm *algorithm = &algorithms[i];
		enum known known;

		if (!suits(grammar, algorithm)) {
			elsewhere = elsewhere || names(parser, algorithm, word);
			continue;
		}
		if (names(parser, algorithm, word)) {
			/* From 9.4 on, CAs are not certificates themselves. */
			if (grammar == GRAMMAR_CA_ALGORITHMS && algorithm->kind == ALGORITHM_KEY_CERTIFICATE &&
			    config_since(parser, 904))
				return KNOWN_NO;
		} else if (!keys || sshd_match_list(algorithm->name, word) == 0) {
			continue;
		}
		known = has_algorithm(parser, algorithm);
		if (known != KNOWN_NO)
			best = known;
	}
	if (best != KNOWN_NO || elsewhere || strpbrk(word, "*?!"))
		return best;
	/* A name of no table. All that have been there have a dash or an at sign; the binary is full of other words. */
	if (!strpbrk(word, "-@"))
		return KNOWN_NO;
	return ask_binary(parser, word) == KNOWN_NO ? KNOWN_NO : KNOWN_UNSURE;
}

/* The first name of a list that sshd does not take, or NULL; it stops looking at an empty one. */
static const char *bad_name(struct config_parser *parser, const struct config_line *line, const char *list,
			    enum known *ret_known)
{
	while (*list && *list != ',') {
		size_t length = strcspn(list, ",");
		char *word = arena_memdup(parser->arena, list, length);

		*ret_known = knows_word(parser, line, word);
		if (*ret_known != KNOWN_YES)
			return word;
		list += length;
		if (*list)
			list++;
	}
	return NULL;
}

/* Takes the list, and checks it. format has %s for the list. */
static bool check_list(struct config_parser *parser, struct config_line *line, bool signs, const char *what)
{
	const char *list = line->taken->items[0], *start = list, *word;
	enum known known = KNOWN_YES;

	if (signs && *list == '-' && config_since(parser, 705))
		return true;
	if (signs && (*list == '+' || (*list == '^' && config_since(parser, 801))))
		start++;
	word = *start ? bad_name(parser, line, start, &known) : "";
	if (!word)
		return true;
	if (known == KNOWN_UNSURE)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word,
				     "cannot tell whether this sshd has the algorithm %.200s", word);
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Bad %s '%.800s'.", what, list);
}

bool grammar_ciphers(struct config_parser *parser, struct config_line *line)
{
	const char *what = line->rule.grammar == GRAMMAR_CIPHERS ? "SSH2 cipher spec"
			   : line->rule.grammar == GRAMMAR_MACS	 ? "SSH2 mac spec"
								 : "SSH2 KexAlgorithms";
	char *list = config_take(parser, line);

	if (list && *list)
		return check_list(parser, line, true, what);
	if (config_since(parser, 807))
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%.200s missing argument.",
				     line->keyword);
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
}

bool grammar_key_algorithms(struct config_parser *parser, struct config_line *line)
{
	char *list = config_take(parser, line);

	if (!list || !*list)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
	return check_list(parser, line, true, "key types");
}

bool grammar_gssapi_kex(struct config_parser *parser, struct config_line *line)
{
	char *list = config_take(parser, line);

	if (!list || !*list)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "Missing argument.");
	return check_list(parser, line, false, "GSSAPI KexAlgorithms");
}

static enum keyword_grammar grammar_of(enum keyword_id id)
{
	return keyword_rule_nearest(keyword_name(id), SSHD_VERSION_NEWEST)->grammar;
}

bool config_algorithms_left(struct config_parser *parser, enum keyword_id id, const char *list)
{
	enum keyword_grammar grammar = grammar_of(id);
	bool added = *list == '+' || *list == '^', left = added;

	if (*list == '-')
		return true;
	for (list += added;; list++) {
		size_t length = strcspn(list, ",");
		char *word = arena_memdup(parser->arena, list, length);

		if (*word == '!')
			return false;
		for (size_t i = 0; i < ARRAY_SIZE(algorithms) && !left; i++) {
			const struct algorithm *algorithm = &algorithms[i];

			/* Names of the GSSAPI patch are valid, but not what lists are made of. */
			if (!suits(grammar, algorithm) || algorithm->kind == ALGORITHM_GSSAPI_KEX ||
			    algorithm->kind == ALGORITHM_KEY_INTERNAL ||
			    (grammar == GRAMMAR_CA_ALGORITHMS && algorithm->kind == ALGORITHM_KEY_CERTIFICATE))
				continue;
			left =
			    sshd_match_list(algorithm->name, word) == 1 && has_algorithm(parser, algorithm) != KNOWN_NO;
		}
		list += length;
		if (!*list)
			return left;
	}
}
