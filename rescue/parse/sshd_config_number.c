/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, times and sizes as sshd reads them: misc.c and openbsd-compat/{strtonum,fmt_scaled}.c. */
#include "parse/sshd_config_parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

const char *config_number(const char *word, long long minimum, long long maximum, long long *ret)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(word, &end, 10);
	if (end == word || *end)
		return "invalid";
	if ((value == LLONG_MIN && errno == ERANGE) || value < minimum)
		return "too small";
	if ((value == LLONG_MAX && errno == ERANGE) || value > maximum)
		return "too large";
	*ret = value;
	return NULL;
}

const char *config_integer(const char *word, int *ret)
{
	const char *reason;
	long long value;

	if (!word || !*word)
		return "missing";
	reason = config_number(word, 0, INT_MAX, &value);
	if (!reason)
		*ret = (int)value;
	return reason;
}

/* Seconds in a unit of time, 0 for a character that is none. */
static int unit_seconds(char unit)
{
	switch (char_to_lower(unit)) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

/* Up to 9.7: each number may have spaces and a sign before it; up to 8.4 the sum is a long that is cut to an int, and
 * up to 8.3 seconds at the end are counted in the unit before. */
static bool seconds_before_98(unsigned version, const char *word, int *ret)
{
	long limit = version < 805 ? LONG_MAX : INT_MAX, total = 0, previous = 1;

	while (*word) {
		char *end;
		long number, unit;

		errno = 0;
		number = strtol(word, &end, 10);
		unit = unit_seconds(*end);
		if (end == word || number < 0 || unit == 0 || (errno == ERANGE && number == LONG_MAX))
			return false;
		if (version < 804 && unit == 1)
			unit = previous;
		previous = unit;
		if (number > limit / unit || number * unit > limit - total)
			return false;
		if (version < 805 && (number >= limit / unit || total >= limit - number * unit))
			return false;
		total += number * unit;
		word = *end ? end + 1 : end;
	}
	*ret = (int)total;
	return *ret != -1;
}

/* From 9.8: digits only; from 10.3 also a fraction of a second, and seconds only once. */
static bool seconds_since_98(unsigned version, const char *word, int *ret)
{
	long long total = 0;
	bool had_seconds = false;

	while (*word) {
		size_t digits = strspn(word, "0123456789"), fraction = 0;
		long long number = 0, unit;
		const char *end = word + digits;

		if (version >= 1003 && *end == '.') {
			fraction = 1 + strspn(end + 1, "0123456789");
			if (fraction == 1)
				return false;
			end += fraction;
		}
		unit = unit_seconds(*end);
		if (end == word || unit == 0 || (fraction && unit != 1))
			return false;
		if (version >= 1003 && unit == 1) {
			if (had_seconds)
				return false;
			had_seconds = true;
		}
		for (size_t i = 0; i < digits && number <= INT_MAX; i++)
			number = number * 10 + (word[i] - '0');
		total += number * unit;
		if (number > INT_MAX || total > INT_MAX)
			return false;
		word = *end ? end + 1 : end;
	}
	*ret = (int)total;
	return true;
}

bool config_seconds(unsigned version, const char *word, int *ret)
{
	if (!*word)
		return false;
	return version < 908 ? seconds_before_98(version, word, ret) : seconds_since_98(version, word, ret);
}

int config_colon_numbers(const char *word, int *numbers, int limit)
{
	for (int i = 0; i < limit; i++) {
		char *end;

		numbers[i] = (int)strtol(word, &end, 10);
		if (end == word)
			return i;
		if (*end != ':')
			return i + 1;
		word = end + 1;
	}
	return limit;
}

/* The factor of a unit of size, 0 for a character that is none. */
static long long unit_size(char unit)
{
	static const char units[] = "bkmgtpe";
	const char *at = strchr(units, char_to_lower(unit));

	return at && *at ? 1LL << (10 * (at - units)) : 0;
}

int config_scaled(const char *word, long long *ret)
{
	enum {
		MOST_DIGITS = 21
	};
	long long whole = 0, fraction = 0, fraction_unit = 1, factor;
	unsigned digits = 0, fraction_digits = 0;
	int sign = 0;
	bool point = false;

	while (char_is_space(*word))
		word++;
	for (; *word == '-' || *word == '+'; word++) {
		if (sign)
			return -EINVAL;
		sign = *word == '-' ? -1 : 1;
	}
	for (; char_is_digit(*word) || *word == '.'; word++) {
		if (*word == '.') {
			if (point)
				return -EINVAL;
			point = true;
		} else if (!point) {
			if (++digits >= MOST_DIGITS || whole > (LLONG_MAX - (*word - '0')) / 10)
				return -ERANGE;
			whole = whole * 10 + (*word - '0');
		} else if (fraction_digits++ < MOST_DIGITS - 3) {
			fraction = fraction * 10 + (*word - '0');
			fraction_unit *= 10;
		}
	}
	if (sign)
		whole *= sign;
	*ret = whole;
	if (!*word)
		return 0;
	factor = unit_size(*word);
	if (factor == 0 || char_is_alnum(word[1]))
		return -EINVAL;
	if (whole > LLONG_MAX / factor || whole < LLONG_MIN / factor)
		return -ERANGE;
	/* Precision beyond what fits does not matter to sshd either. */
	while (fraction >= LLONG_MAX / factor) {
		fraction /= 10;
		fraction_unit /= 10;
	}
	fraction = fraction * factor / fraction_unit;
	if (sign < 0)
		fraction = -fraction;
	if (__builtin_add_overflow(whole * factor, fraction, ret))
		return -ERANGE;
	return 0;
}

/* --- keywords that take numbers --- */

static bool missing(struct config_parser *parser, struct config_line *line, const char *before_87)
{
	if (config_since(parser, 807))
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%.200s missing argument.",
				     line->keyword);
	return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "%s", before_87);
}

static bool bad_integer(struct config_parser *parser, struct config_line *line, const char *word, const char *reason)
{
	enum sshd_config_error_kind kind = word && *word ? SSHD_CONFIG_BAD_VALUE : SSHD_CONFIG_MISSING_VALUE;

	/* Old releases took whatever number the word began with (atoi). */
	if (!config_since(parser, 707) && kind == SSHD_CONFIG_BAD_VALUE)
		return config_refuse(parser, line, SSHD_CONFIG_NOT_UNDERSTOOD, word,
				     "cannot tell whether this sshd accepts the number %.200s", word);
	if (config_since(parser, 807))
		return config_refuse(parser, line, kind, word, "%.200s integer value %s.", line->keyword, reason);
	return config_refuse(parser, line, kind, word, "integer value %s.", reason);
}

bool grammar_integer(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);
	int value;
	const char *reason = config_integer(word, &value);

	if (reason)
		return bad_integer(parser, line, word, reason);
	line->value = arena_printf(parser->arena, "%d", value);
	return true;
}

static bool take_time(struct config_parser *parser, struct config_line *line, int *ret)
{
	char *word = config_take(parser, line);

	if (!word || !*word)
		return config_refuse(parser, line, SSHD_CONFIG_MISSING_VALUE, NULL, "missing time value.");
	return config_seconds(parser->version, word, ret) ||
	       config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "invalid time value.");
}

bool grammar_time(struct config_parser *parser, struct config_line *line)
{
	int seconds;

	if (!take_time(parser, line, &seconds))
		return false;
	line->value = arena_printf(parser->arena, "%d", seconds);
	return true;
}

/* "none" here overrides what came before; 0 is the same thing. */
bool grammar_unused_timeout(struct config_parser *parser, struct config_line *line)
{
	int seconds;

	if (line->words.count && string_equal_nocase(line->words.items[0], "none")) {
		config_take(parser, line);
		line->value = "none";
		line->rule.repeat = REPEAT_LAST;
		return true;
	}
	if (!take_time(parser, line, &seconds))
		return false;
	line->value = seconds ? arena_printf(parser->arena, "%d", seconds) : "none";
	return true;
}

bool grammar_mask(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line), *end;
	int value;

	if (!word || !*word)
		return missing(parser, line, "missing StreamLocalBindMask argument.");
	/* What stands behind the number does not matter to sshd. */
	value = (int)strtol(word, &end, 8);
	if (end != word && value >= 0 && value <= 0777) {
		line->value = arena_printf(parser->arena, "0%o", (unsigned)value);
		return true;
	}
	if (config_since(parser, 807))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Invalid %.200s.", line->keyword);
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Bad mask.");
}

static bool is_service_class(unsigned version, const char *word)
{
	static const struct {
		const char *name;
		unsigned since;
	} names[] = {
	    {"none", 706},   {"af11", 0},	{"af12", 0},	    {"af13", 0}, {"af21", 0}, {"af22", 0},
	    {"af23", 0},     {"af31", 0},	{"af32", 0},	    {"af33", 0}, {"af41", 0}, {"af42", 0},
	    {"af43", 0},     {"cs0", 0},	{"cs1", 0},	    {"cs2", 0},	 {"cs3", 0},  {"cs4", 0},
	    {"cs5", 0},	     {"cs6", 0},	{"cs7", 0},	    {"ef", 0},	 {"le", 802}, {"va", 1003},
	    {"lowdelay", 0}, {"throughput", 0}, {"reliability", 0},
	};
	long long number;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal_nocase(names[i].name, word))
			return version >= names[i].since;
	}
	if (version >= 908)
		return !config_number(word, 0, 255, &number);
	number = strtol(word, &end, 0);
	return *word && !*end && number >= 0 && number <= 255;
}

bool grammar_ipqos(struct config_parser *parser, struct config_line *line)
{
	const char *name = config_since(parser, 807) ? line->keyword : "IPQoS";
	char *word = config_take(parser, line);

	if (config_since(parser, 807) && (!word || !*word))
		return missing(parser, line, "");
	for (int i = 0; i < 2 && (word || i == 0); i++) {
		if (!word || !is_service_class(parser->version, word))
			return config_refuse(parser, line, word ? SSHD_CONFIG_BAD_VALUE : SSHD_CONFIG_MISSING_VALUE,
					     word, "Bad %.200s value: %.200s", name, word ? word : "(null)");
		if (i == 0)
			word = config_take(parser, line);
	}
	return true;
}

static bool rekey_amount(struct config_parser *parser, struct config_line *line, const char *word, long long *ret)
{
	int r;

	*ret = 0;
	if (string_equal(word, "default"))
		return true;
	r = config_scaled(word, ret);
	if (r < 0)
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Bad %.200s%snumber '%.200s': %s",
				     config_since(parser, 807) ? line->keyword : "",
				     config_since(parser, 807) ? " " : "", word,
				     r == -ERANGE ? "Numerical result out of range" : "Invalid argument");
	if (*ret == 0 || *ret >= 16)
		return true;
	return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "%.200s too small",
			     config_since(parser, 807) ? line->keyword : "RekeyLimit");
}

/* Amount and interval are two options: the first of each counts, whichever lines they stand in. */
bool grammar_rekey_limit(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line), *next;
	long long amount;
	int interval = parser->rekey_interval;

	if (!word || !*word)
		return missing(parser, line, "Missing argument.");
	if (!rekey_amount(parser, line, word, &amount))
		return false;
	if (line->words.split)
		next = line->words.next < line->words.count ? line->words.items[line->words.next] : NULL;
	else
		next = line->words.cursor;
	if (next && string_equal(next, "none")) {
		config_take(parser, line);
	} else if (next) {
		if (!take_time(parser, line, &interval))
			return false;
		if (line->active && !parser->rekey_interval_set) {
			parser->rekey_interval_set = true;
			parser->rekey_interval = interval;
		}
	}
	if (line->active && !parser->rekey_limit_set) {
		parser->rekey_limit_set = true;
		parser->rekey_limit = amount;
	}
	/* A block that always counts has the last word. */
	if (!line->file->in_match) {
		amount = parser->rekey_limit;
		interval = parser->rekey_interval;
	}
	line->value = arena_printf(parser->arena, "%lld %d", amount, interval);
	if (line->active && !line->file->in_match && parser->state[KEYWORD_REKEY_LIMIT].set)
		parser->config->settings.items[parser->state[KEYWORD_REKEY_LIMIT].index].value = line->value;
	return true;
}

bool grammar_max_startups(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);
	int numbers[3], count;
	bool good;

	if (!word || !*word)
		return missing(parser, line, "Missing MaxStartups spec.");
	count = config_colon_numbers(word, numbers, 3);
	good = count == 1 || (count == 3 && numbers[0] <= numbers[2] && numbers[1] >= 1 && numbers[1] <= 100);
	if (count == 1)
		numbers[2] = numbers[0];
	if (good && config_since(parser, 902))
		good = numbers[0] > 0 && numbers[2] > 0;
	if (!good)
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "%s %.200s spec.",
				     config_since(parser, 807) ? "Invalid" : "Illegal",
				     config_since(parser, 807) ? line->keyword : "MaxStartups");
	/* Without a rate of its own it has the one that an earlier line gave. */
	if (count == 3)
		parser->startups[1] = numbers[1];
	line->value = arena_printf(parser->arena, "%d:%d:%d", numbers[0], parser->startups[1], numbers[2]);
	return true;
}

bool grammar_per_source_max_startups(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);
	const char *reason;
	int value;

	if (!word || !*word)
		return missing(parser, line, "missing argument.");
	if (string_equal(word, "none"))
		return true;
	reason = config_integer(word, &value);
	if (reason)
		return bad_integer(parser, line, word, reason);
	line->value = value == INT_MAX ? "none" : arena_printf(parser->arena, "%d", value);
	return true;
}

bool grammar_per_source_net_block(struct config_parser *parser, struct config_line *line)
{
	char *word = config_take(parser, line);
	int numbers[2], count;

	if (!word || !*word)
		return missing(parser, line, "missing argument.");
	count = config_colon_numbers(word, numbers, 2);
	if (count < 1 || numbers[0] < 0 || numbers[0] > 32 || (count == 2 && (numbers[1] < 0 || numbers[1] > 128)))
		return config_refuse(parser, line, SSHD_CONFIG_BAD_VALUE, word, "Invalid %.200s spec.", line->keyword);
	/* Up to 10.2 the second number is whatever happens to be in memory when it is left out. */
	line->value = count == 2 ? arena_printf(parser->arena, "%d:%d", numbers[0], numbers[1])
				 : arena_printf(parser->arena, "%d", numbers[0]);
	return true;
}
