/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of which only an element is bad: the element goes, the list stays. */
#include "stage/config_repair.h"

#include "base/ctype.h"
#include "base/text.h"

enum algorithm_kind {
	ALGORITHM_CIPHER,
	ALGORITHM_MAC,
	ALGORITHM_KEX,
	ALGORITHM_GSSAPI_KEX,
	ALGORITHM_KEY,
};

static const struct algorithm {
	enum algorithm_kind kind;
	const char *name, *short_name;
	unsigned since, before;
} algorithms[] = {
#define LATER SSHD_VERSION_LATER
#define ALGORITHM(kind, name, since, before) {ALGORITHM_##kind, name, NULL, since, before},
#define KEY_ALGORITHM(name, short_name, kind, since, before) {ALGORITHM_KEY, name, short_name, since, before},
#include "parse/sshd_algorithms.def"
#undef KEY_ALGORITHM
#undef ALGORITHM
#undef LATER
};

bool is_algorithm_list(enum keyword_grammar grammar)
{
	return grammar == GRAMMAR_CIPHERS || grammar == GRAMMAR_MACS || grammar == GRAMMAR_KEX ||
	       grammar == GRAMMAR_GSSAPI_KEX || grammar == GRAMMAR_KEY_ALGORITHMS || grammar == GRAMMAR_CA_ALGORITHMS;
}

static bool suits(enum keyword_grammar grammar, enum algorithm_kind kind)
{
	switch (grammar) {
	case GRAMMAR_CIPHERS:
		return kind == ALGORITHM_CIPHER;
	case GRAMMAR_MACS:
		return kind == ALGORITHM_MAC;
	case GRAMMAR_KEX:
		return kind == ALGORITHM_KEX || kind == ALGORITHM_GSSAPI_KEX;
	case GRAMMAR_GSSAPI_KEX:
		return kind == ALGORITHM_GSSAPI_KEX;
	default:
		return kind == ALGORITHM_KEY;
	}
}

/* Whether this sshd has the algorithm: by its release, or by its binary where that is another one. */
static bool sshd_has(struct config_stage *stage, const struct algorithm *algorithm)
{
	struct sshd_binary *binary = (struct sshd_binary *)&stage->facts->binary;
	unsigned release = binary->major * 100 + binary->minor;

	if (algorithm->kind != ALGORITHM_GSSAPI_KEX && release >= algorithm->since && release < algorithm->before)
		return true;
	return sshd_binary_knows(binary, algorithm->name, false) == 1;
}

static bool algorithm_is_known(struct config_stage *stage, enum keyword_grammar grammar, const char *name)
{
	/* Lists of keys may hold patterns; which of them match something is for the next look to say. */
	if (suits(grammar, ALGORITHM_KEY) && strpbrk(name, "*?!"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const struct algorithm *algorithm = &algorithms[i];

		if (!suits(grammar, algorithm->kind))
			continue;
		if (algorithm->kind == ALGORITHM_GSSAPI_KEX
			? string_after(name, algorithm->name) != NULL
			: string_equal(name, algorithm->name) ||
			      (algorithm->short_name && string_equal_nocase(name, algorithm->short_name)))
			return sshd_has(stage, algorithm);
	}
	return false;
}

/* Other digits are another algorithm, not a typing error. */
static bool same_digits(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a && !char_is_digit(*a))
			a++;
		while (*b && !char_is_digit(*b))
			b++;
		if (*a != *b || !*a)
			return *a == *b;
	}
}

/* The one algorithm of this kind that sshd knows and that is one typing error away. */
static const char *algorithm_meant(struct config_stage *stage, enum keyword_grammar grammar, const char *name)
{
	const char *meant = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const struct algorithm *algorithm = &algorithms[i];

		if (!suits(grammar, algorithm->kind) || edit_distance(name, algorithm->name, 1) > 1 ||
		    !same_digits(name, algorithm->name) || !sshd_has(stage, algorithm))
			continue;
		if (meant)
			return NULL;
		meant = algorithm->name;
	}
	return meant;
}

/* The elements of a comma-separated list that sshd knows. *ret_bad gets the others. */
static const char *known_elements(struct config_stage *stage, const struct keyword_rule *rule, const char *list,
				  const char *bad_word, string_list *ret_bad)
{
	struct text kept = {.arena = stage->arena};

	text_add(&kept, "", 0);
	for (;;) {
		size_t length = strcspn(list, ",");
		char *name = arena_memdup(stage->arena, list, length);

		if (bad_word && string_equal(name, bad_word))
			*array_push(stage->arena, ret_bad) = name;
		else if (algorithm_is_known(stage, rule->grammar, name))
			text_printf(&kept, "%s%s", kept.size ? "," : "", name);
		else if (*name)
			*array_push(stage->arena, ret_bad) = name;
		if (!list[length])
			return kept.data;
		list += length + 1;
	}
}

static const char *joined(struct config_stage *stage, const string_list *list)
{
	struct text text = {.arena = stage->arena};

	for (size_t i = 0; i < list->count; i++)
		text_printf(&text, "%s%s", i ? "," : "", list->items[i]);
	return text.data;
}

/* Nothing of the list is left. An empty one does not exist: without the line, the default applies. */
static void drop_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		      const struct keyword_rule *rule, bool adds, bool in_match)
{
	const struct sshd_binary *binary = &stage->facts->binary;
	unsigned since = option_meaning(rule->id)->sound_preset_since;
	bool sound = since && sshd_binary_at_least(binary, since / 100, since % 100);

	/* A list that only adds to the default ("+…", "^…") leaves the default when it goes. With another line of the
	 * keyword it is not the default that would apply. */
	if (!in_match && (adds || sound) && !in_force(stage, rule) && !is_contradicted(stage, rule))
		repair_comment_out(stage, problem, line, "no known algorithm in it: the default applies");
	else
		repair_leave(stage, problem, line);
}

void repair_algorithms(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		       const struct keyword_rule *rule, const struct sshd_config_error *error)
{
	const struct source_word *word = &line->words.items[0];
	const char *list = word->value, *kept, *meant;
	bool adds = *list == '+' || *list == '^';
	string_list bad = {0};
	char prefix[2] = {adds ? *list : '\0'};

	list += adds;
	kept = known_elements(stage, rule, list, error->word, &bad);
	/* It is not the names that sshd stumbles over. */
	if (*kept && !bad.count) {
		repair_leave(stage, problem, line);
		return;
	}
	if (*kept) {
		const char *replacement = arena_printf(stage->arena, "%s%s", prefix, kept);

		if (source_replace_line(stage, problem, line,
					source_line_splice(stage, line, word->start, word->end, replacement)))
			problem_repair(stage->findings, problem, VERB_REMOVE, "%s from the list", joined(stage, &bad));
		return;
	}
	meant = bad.count == 1 && !adds ? algorithm_meant(stage, rule->grammar, bad.items[0]) : NULL;
	if (meant)
		repair_by_fate(stage, problem, line, judge_correction(stage, rule, meant, error->in_match),
			       source_line_splice(stage, line, word->start, word->end, meant), bad.items[0], meant);
	else
		drop_list(stage, problem, line, rule, adds, error->in_match);
}

/* The words of which a list of this option consists, where they are few. */
static const char *const *list_vocabulary(enum keyword_grammar grammar)
{
	static const char *const methods[] = {"publickey", "password",	      "keyboard-interactive",
					      "hostbased", "gssapi-with-mic", NULL};
	static const char *const key_options[] = {"touch-required", "verify-required", NULL};

	switch (grammar) {
	case GRAMMAR_AUTHENTICATION_METHODS:
		return methods;
	case GRAMMAR_PUBKEY_AUTH_OPTIONS:
		return key_options;
	default:
		return NULL;
	}
}

static const char *vocabulary_meant(enum keyword_grammar grammar, const char *word)
{
	const char *const *words = list_vocabulary(grammar);
	const char *meant = NULL;

	for (; words && *words; words++) {
		if (edit_distance(word, *words, 2) > 2)
			continue;
		if (meant)
			return NULL;
		meant = *words;
	}
	return meant;
}

/* Whether a list gets no wider when it loses an element but not all: what it holds is let in. */
static bool list_admits(enum keyword_id id)
{
	switch (id) {
	case KEYWORD_ALLOW_USERS:
	case KEYWORD_ALLOW_GROUPS:
	case KEYWORD_AUTHENTICATION_METHODS:
	case KEYWORD_PERMIT_OPEN:
	case KEYWORD_PERMIT_LISTEN:
	case KEYWORD_ACCEPT_ENV:
	case KEYWORD_SET_ENV:
	case KEYWORD_CHANNEL_TIMEOUT:
	case KEYWORD_PER_SOURCE_PENALTIES:
		return true;
	default:
		return false;
	}
}

/* A misspelled word inside of an argument: "publickey,pasword". */
static bool repair_vocabulary(struct config_stage *stage, struct problem *problem, const struct source_line *line,
			      const struct keyword_rule *rule, const char *bad, bool in_match)
{
	const char *meant = bad ? vocabulary_meant(rule->grammar, bad) : NULL;
	const char *place, *text;
	struct source_line corrected;
	size_t start;

	if (!meant)
		return false;
	place = strstr(line->text + line->keyword.end, bad);
	if (!place || strstr(place + 1, bad))
		return false;
	start = (size_t)(place - line->text);
	text = source_line_splice(stage, line, start, start + strlen(bad), meant);
	source_line_parse(stage, text, strlen(text), &corrected);
	repair_by_fate(stage, problem, line,
		       judge_correction(stage, rule, source_line_value(stage, &corrected), in_match), text, bad, meant);
	return true;
}

/* The argument that the bad word is or, in a list of lists, in which it stands, if there is one only; else the number
 * of arguments. */
static size_t find_argument(const struct source_line *line, const char *bad, bool inside)
{
	size_t found = line->words.count;

	for (size_t i = 0; bad && *bad && i < line->words.count; i++) {
		const char *value = line->words.items[i].value;

		if (inside ? !strstr(value, bad) : !string_equal(value, bad))
			continue;
		if (found != line->words.count)
			return line->words.count;
		found = i;
	}
	return found;
}

void repair_empty_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		       const struct keyword_rule *rule)
{
	drop_list(stage, problem, line, rule, false, false);
}

bool repair_word_list(struct config_stage *stage, struct problem *problem, const struct source_line *line,
		      const struct keyword_rule *rule, const struct sshd_config_error *error)
{
	const struct source_word *word;
	size_t argument;

	if (repair_vocabulary(stage, problem, line, rule, error->word, error->in_match))
		return true;
	if (!list_admits(rule->id) || line->words.count < 2)
		return false;
	argument = find_argument(line, error->word, rule->grammar == GRAMMAR_AUTHENTICATION_METHODS);
	if (argument == line->words.count)
		return false;
	word = &line->words.items[argument];
	/* The blanks before it go with it. */
	if (source_replace_line(stage, problem, line,
				source_line_splice(stage, line,
						   argument ? line->words.items[argument - 1].end : word->start,
						   argument ? word->end : line->words.items[1].start, "")))
		problem_repair(stage->findings, problem, VERB_REMOVE, "%s from the list", word->value);
	return true;
}
