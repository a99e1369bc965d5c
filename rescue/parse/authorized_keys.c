/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/authorized_keys.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/ctype.h"

enum {
	PIECE_LIMIT = 64, /* lines that one key was broken into */
	PIECES_SIZE_LIMIT = 64 * 1024,
	VERSION_TIME_ZONE = 901, /* expiry-time may end in Z */
	VERSION_OPTIONS = 707, /* sshauthopt_parse() */
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* --- options --------------------------------------------------------------------------------------------------- */

/* Options that are words; negatable ones may have "no-" in front. */
static const struct flag {
	const char *name;
	unsigned since;
	bool negatable;
} flags[] = {
    {"restrict", 702, false},	    {"cert-authority", 0, false},
    {"port-forwarding", 0, true},   {"agent-forwarding", 0, true},
    {"x11-forwarding", 0, true},    {"touch-required", 802, true},
    {"verify-required", 804, true}, {"pty", 0, true},
    {"user-rc", 0, true},
};

enum value_kind {
	VALUE_COMMAND,
	VALUE_PRINCIPALS,
	VALUE_FROM,
	VALUE_EXPIRY,
	VALUE_OTHER, /* a wrong value makes sshd refuse the key */
	VALUE_COUNT,
};

static const struct value {
	const char *name;
	unsigned since;
	enum value_kind kind;
} values[] = {
    {"command", 0, VALUE_COMMAND},	{"principals", 0, VALUE_PRINCIPALS}, {"from", 0, VALUE_FROM},
    {"expiry-time", 707, VALUE_EXPIRY}, {"environment", 0, VALUE_OTHER},     {"permitopen", 0, VALUE_OTHER},
    {"permitlisten", 708, VALUE_OTHER}, {"tunnel", 0, VALUE_OTHER},
};

/* opt_flag() of auth-options.c: the length of the word, or 0. */
static size_t flag_length(const char *options, const struct flag *flag)
{
	size_t negation = flag->negatable && strncasecmp(options, "no-", 3) == 0 ? 3 : 0, length = strlen(flag->name);

	return strncasecmp(options + negation, flag->name, length) == 0 ? negation + length : 0;
}

/* opt_dequote(): the length of a quoted string with its quotation marks, or 0; its text in ret. */
static size_t quoted_length(const char *text, struct arena *arena, char **ret)
{
	size_t length = 1, size = 0;

	if (*text != '"')
		return 0;
	*ret = arena_alloc(arena, strcspn(text, "\n") + 1);
	while (text[length] && text[length] != '"') {
		if (text[length] == '\\' && text[length + 1] == '"')
			length++;
		(*ret)[size++] = text[length++];
	}
	return text[length] ? length + 1 : 0;
}

static bool two_digits(const char *text, int minimum, int maximum, int *ret)
{
	*ret = (text[0] - '0') * 10 + text[1] - '0';
	return *ret >= minimum && *ret <= maximum;
}

/* parse_absolute_time() of misc.c: YYYYMMDD[HHMM[SS]][Z]. */
static bool parse_expiry(const char *text, unsigned version, struct authorized_key *key)
{
	size_t digits = strspn(text, "0123456789");
	const char *zone = text + digits;
	struct tm tm = {0};
	int century, year;

	if ((digits != 8 && digits != 12 && digits != 14) ||
	    (*zone && !string_equal_nocase(zone, "z") && !string_equal_nocase(zone, "utc")))
		return false;
	if (*zone && version < VERSION_TIME_ZONE)
		return false;
	two_digits(text, 0, 99, &century);
	two_digits(text + 2, 0, 99, &year);
	if (!two_digits(text + 4, 1, 12, &tm.tm_mon) || !two_digits(text + 6, 1, 31, &tm.tm_mday) ||
	    (digits > 8 && (!two_digits(text + 8, 0, 23, &tm.tm_hour) || !two_digits(text + 10, 0, 59, &tm.tm_min))) ||
	    (digits > 12 && !two_digits(text + 12, 0, 60, &tm.tm_sec)))
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	if (tm.tm_year < 70)
		key->doubtful = true;
	if (!key->expires || timegm(&tm) < key->expiry)
		key->expiry = timegm(&tm);
	key->expires = true;
	return true;
}

/* One option in front of *options, which moves behind it; NULL, or what is wrong. */
static const char *take_option(struct arena *arena, unsigned version, const char **options, bool *seen,
			       struct authorized_key *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		size_t length = version >= flags[i].since ? flag_length(*options, &flags[i]) : 0;

		if (!length)
			continue;
		key->authority = key->authority || string_equal(flags[i].name, "cert-authority");
		*options += length;
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		size_t length = strlen(values[i].name);
		char *text;

		if (version < values[i].since || strncasecmp(*options, values[i].name, length) != 0 ||
		    (*options)[length] != '=')
			continue;
		*options += length + 1;
		length = quoted_length(*options, arena, &text);
		if (!length)
			return "the value of an option lacks a quotation mark";
		*options += length;
		if (values[i].kind == VALUE_EXPIRY)
			return parse_expiry(text, version, key) ? NULL : "its expiry-time is not a time";
		if (values[i].kind < VALUE_EXPIRY && seen[values[i].kind])
			return "an option is there twice";
		seen[values[i].kind] = true;
		key->from = key->from || values[i].kind == VALUE_FROM;
		key->forced_command = key->forced_command || values[i].kind == VALUE_COMMAND;
		key->doubtful = key->doubtful || values[i].kind == VALUE_OTHER;
		return NULL;
	}
	return "it has an option that this sshd does not know";
}

/* sshauthopt_parse(): NULL, or what is wrong. */
static const char *parse_options(struct arena *arena, unsigned version, const char *options, struct authorized_key *key)
{
	bool seen[VALUE_COUNT] = {false};

	while (*options && *options != ' ' && *options != '\t') {
		/* Nothing between two commas is fine. */
		const char *wrong = *options == ',' ? NULL : take_option(arena, version, &options, seen, key);

		if (wrong)
			return wrong;
		if (!*options || *options == ' ' || *options == '\t')
			break;
		if (*options != ',')
			return "it has an option that this sshd does not know";
		if (!*++options)
			return "its options end in a comma";
	}
	if (seen[VALUE_PRINCIPALS] && !key->authority) {
		if (version >= VERSION_OPTIONS)
			return "its option principals= is for certificates";
		key->doubtful = true;
	}
	return NULL;
}

/* sshkey_advance_past_options(): what stands behind them, or NULL where a quotation does not end. */
static const char *past_options(const char *text)
{
	bool quoted = false;

	for (; *text && (quoted || (*text != ' ' && *text != '\t')); text++) {
		if (*text == '\\' && text[1] == '"')
			text++;
		else if (*text == '"')
			quoted = !quoted;
	}
	return *text || !quoted ? text : NULL;
}

/* --- lines ----------------------------------------------------------------------------------------------------- */

static void judge_line(struct arena *arena, const struct key_rules *rules, unsigned version, struct authorized_key *key)
{
	const char *text = skip_blanks(key->text), *rest;
	struct public_line line = {0};

	if (public_line_parse(text, arena, rules, &line)) {
		key->half = line.half;
		return;
	}
	rest = past_options(text);
	if (!rest || !public_line_parse(skip_blanks(rest), arena, rules, &line)) {
		key->state = AUTHORIZED_KEY_GARBAGE;
		key->detail = "there is no whole key on the line";
		return;
	}
	key->half = line.half;
	key->detail = parse_options(arena, version, text, key);
	if (key->detail)
		key->state = AUTHORIZED_KEY_OPTIONS;
}

void authorized_keys_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
			  unsigned version, authorized_key_list *ret)
{
	const char *line;
	size_t offset = 0, length;

	*ret = (authorized_key_list){0};
	for (unsigned number = 1; next_line(content, &offset, &line, &length); number++) {
		struct authorized_key key = {.line = number};
		const char *start;

		key.text = arena_memdup(arena, line, length);
		start = skip_blanks(key.text);
		if (!*start || *start == '#' || string_equal(start, "\r"))
			continue;
		judge_line(arena, rules, version, &key);
		*array_push(arena, ret) = key;
	}
}

bool authorized_key_rejoin(struct arena *arena, const struct key_rules *rules, unsigned version,
			   const authorized_key_list *keys, size_t index, size_t *ret_count, const char **ret_text)
{
	static const char *const joints[] = {"", " "};

	for (size_t joint = 0; joint < ARRAY_SIZE(joints); joint++) {
		struct text joined = {.arena = arena};

		for (size_t count = 0; count < PIECE_LIMIT && index + count < keys->count; count++) {
			const struct authorized_key *piece = &keys->items[index + count];
			struct authorized_key whole = {0};
			size_t size = strcspn(piece->text, "\r");

			if (piece->state != AUTHORIZED_KEY_GARBAGE || piece->line != keys->items[index].line + count ||
			    joined.size + size > PIECES_SIZE_LIMIT)
				break;
			if (count == 1)
				text_add_string(&joined, joints[joint]);
			text_add(&joined, piece->text, size);
			whole.text = joined.data;
			if (count == 0)
				continue;
			judge_line(arena, rules, version, &whole);
			if (whole.state != AUTHORIZED_KEY_GOOD)
				continue;
			*ret_count = count + 1;
			*ret_text = arena_memdup(arena, joined.data, joined.size);
			return true;
		}
	}
	return false;
}
