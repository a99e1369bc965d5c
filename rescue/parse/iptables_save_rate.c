/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matches that count: the first packets of a client that comes for the first time are below every rate. */
#include "parse/iptables_save_private.h"

enum {
	NEGATABLE = OPTION_NEGATABLE,
	REQUIRED = OPTION_REQUIRED,
};

static void add_limit(struct rule_line *line, bool over)
{
	struct statement statement = test_statement(SELECT_LIMIT);

	statement.test.limit_over = over;
	rule_add(line, &statement);
}

/* "5", "5/sec", "5/minute", … */
static bool read_rate(struct rule_line *line, const char *text)
{
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};
	char *number = arena_strdup(line->loader->arena, text), *unit = strchr(number, '/');
	uint64_t count, seconds = unit ? 0 : 1;

	if (unit)
		*unit++ = '\0';
	for (size_t i = 0; unit && *unit && i < ARRAY_SIZE(units); i++) {
		if (strncmp(units[i].unit, unit, strlen(unit)) == 0)
			seconds = units[i].seconds;
	}
	if (!parse_number(number, UINT32_MAX, &count) || !count || !seconds)
		return refuse(line->loader, "bad rate \"%s\"'", text);
	return count <= 10000 * seconds || refuse(line->loader, "Rate too fast \"%s\"", text);
}

enum {
	LIMIT_RATE,
	LIMIT_BURST,
	HASHLIMIT_UPTO,
	HASHLIMIT_ABOVE,
	HASHLIMIT_NAME,
	HASHLIMIT_BURST,
	HASHLIMIT_MODE,
	HASHLIMIT_OTHER,
};

static const struct option_form limit_options[] = {
    {"limit", LIMIT_RATE, .value = VALUE_TEXT},
    {"limit-burst", LIMIT_BURST, .value = VALUE_NUMBER, .maximum = 10000},
};

static bool apply_limit(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *rate = option_of(line, use, LIMIT_RATE);

	const struct option_use *burst = option_of(line, use, LIMIT_BURST);

	if (rate && !read_rate(line, rate->text))
		return false;
	if (burst && !burst->number && line->loader->input->legacy)
		return refuse(line->loader, "Invalid argument: rule in chain %s", line->chain_name);
	add_limit(line, false);
	return true;
}

static const struct option_form hashlimit_options[] = {
    {"hashlimit", HASHLIMIT_UPTO, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"hashlimit-upto", HASHLIMIT_UPTO, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"hashlimit-above", HASHLIMIT_ABOVE, .value = VALUE_TEXT, .flags = NEGATABLE},
    {"hashlimit-name", HASHLIMIT_NAME, .value = VALUE_TEXT, .flags = REQUIRED},
    {"hashlimit-burst", HASHLIMIT_BURST, .value = VALUE_TEXT},
    {"hashlimit-mode", HASHLIMIT_MODE, .value = VALUE_TEXT},
    {"hashlimit-srcmask", HASHLIMIT_OTHER + 1, .value = VALUE_NUMBER, .maximum = 128},
    {"hashlimit-dstmask", HASHLIMIT_OTHER + 2, .value = VALUE_NUMBER, .maximum = 128},
    {"hashlimit-htable-size", HASHLIMIT_OTHER + 3, .value = VALUE_NUMBER},
    {"hashlimit-htable-max", HASHLIMIT_OTHER + 4, .value = VALUE_NUMBER},
    {"hashlimit-htable-gcinterval", HASHLIMIT_OTHER + 5, .value = VALUE_NUMBER},
    {"hashlimit-htable-expire", HASHLIMIT_OTHER + 6, .value = VALUE_NUMBER},
    {"hashlimit-rate-match", HASHLIMIT_OTHER + 7, .value = VALUE_NONE},
    {"hashlimit-rate-interval", HASHLIMIT_OTHER + 8, .value = VALUE_NUMBER},
};

static bool check_hash_mode(struct rule_line *line, const struct option_use *option)
{
	static const char *const modes[] = {"srcip", "srcport", "dstip", "dstport"};
	char *rest = option ? arena_strdup(line->loader->arena, option->text) : NULL, *part;

	while ((part = next_part(&rest))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(modes) && !string_equal(modes[i], part))
			i++;
		if (i == ARRAY_SIZE(modes))
			return refuse(line->loader, "hashlimit: Bad value for \"--hashlimit-mode\" option: \"%s\"",
				      option->text);
	}
	return true;
}

static bool apply_hashlimit(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *upto = option_of(line, use, HASHLIMIT_UPTO);
	const struct option_use *above = option_of(line, use, HASHLIMIT_ABOVE);
	const struct option_use *rate = upto ? upto : above;
	/* "512kb/s" counts bytes. */
	bool bytes = strchr(rate->text, 'b') != NULL;

	if ((!bytes && !read_rate(line, rate->text)) || !check_hash_mode(line, option_of(line, use, HASHLIMIT_MODE)))
		return false;
	add_limit(line, (rate == above) != rate->negate);
	return true;
}

enum {
	CONNLIMIT_UPTO,
	CONNLIMIT_ABOVE,
	CONNLIMIT_MASK,
	CONNLIMIT_SOURCE,
	CONNLIMIT_DESTINATION,
};

static const struct option_form connlimit_options[] = {
    {"connlimit-upto", CONNLIMIT_UPTO, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"connlimit-above", CONNLIMIT_ABOVE, .value = VALUE_NUMBER, .flags = NEGATABLE},
    {"connlimit-mask", CONNLIMIT_MASK, .value = VALUE_NUMBER, .maximum = 128},
    {"connlimit-saddr", CONNLIMIT_SOURCE, .value = VALUE_NONE},
    {"connlimit-daddr", CONNLIMIT_DESTINATION, .value = VALUE_NONE},
};

/* A client's first connection is one; whether others count depends on the mask. */
static bool apply_connlimit(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *upto = option_of(line, use, CONNLIMIT_UPTO);
	const struct option_use *option = upto ? upto : option_of(line, use, CONNLIMIT_ABOVE);
	const struct option_use *mask = option_of(line, use, CONNLIMIT_MASK);
	bool above = (option != upto) != option->negate;
	bool alone = (!mask || mask->number == (line->loader->input->ipv6 ? 128 : 32)) &&
		     !option_of(line, use, CONNLIMIT_DESTINATION);

	if (option->number == 0)
		rule_add_constant(line, above ? ANSWER_YES : ANSWER_NO);
	else if (alone)
		rule_add_constant(line, above ? ANSWER_NO : ANSWER_YES);
	else
		add_limit(line, above);
	return true;
}

static const struct option_form quota_options[] = {{"quota", 0, .value = VALUE_TEXT, .flags = NEGATABLE | REQUIRED}};

static bool apply_quota(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *quota = option_of(line, use, 0);
	uint64_t bytes;

	if (!read_number(quota->text, UINT64_MAX, &bytes))
		return refuse(line->loader, "quota: bad value for option \"--quota\", or out of range");
	if (bytes < UINT16_MAX)
		rule_add_unknown(line, "quota");
	else
		add_limit(line, quota->negate);
	return true;
}

enum {
	RECENT_OPTION_SET,
	RECENT_OPTION_CHECK,
	RECENT_OPTION_UPDATE,
	RECENT_OPTION_REMOVE,
	RECENT_OPTION_SECONDS,
	RECENT_OPTION_REAP,
	RECENT_OPTION_HITS,
	RECENT_OPTION_TTL,
	RECENT_OPTION_NAME,
	RECENT_OPTION_SOURCE,
	RECENT_OPTION_DESTINATION,
	RECENT_OPTION_MASK,
	RECENT_HITS_LIMIT = 65535, /* XT_RECENT_MAX_NSTAMPS - 1 */
};

static const struct option_form recent_options[] = {
    {"set", RECENT_OPTION_SET, .value = VALUE_NONE, .flags = NEGATABLE},
    {"rcheck", RECENT_OPTION_CHECK, .value = VALUE_NONE, .flags = NEGATABLE},
    {"update", RECENT_OPTION_UPDATE, .value = VALUE_NONE, .flags = NEGATABLE},
    {"remove", RECENT_OPTION_REMOVE, .value = VALUE_NONE, .flags = NEGATABLE},
    {"seconds", RECENT_OPTION_SECONDS, .value = VALUE_NUMBER, .maximum = UINT32_MAX, .minimum = 1},
    {"reap", RECENT_OPTION_REAP, .value = VALUE_NONE},
    {"hitcount", RECENT_OPTION_HITS, .value = VALUE_NUMBER},
    {"rttl", RECENT_OPTION_TTL, .value = VALUE_NONE},
    {"name", RECENT_OPTION_NAME, .value = VALUE_TEXT},
    {"rsource", RECENT_OPTION_SOURCE, .value = VALUE_NONE},
    {"rdest", RECENT_OPTION_DESTINATION, .value = VALUE_NONE},
    {"mask", RECENT_OPTION_MASK, .value = VALUE_TEXT},
};

/* What the kernel checks (net/netfilter/xt_recent.c). */
static bool check_recent(struct rule_line *line, const struct extension_use *use, bool looks)
{
	const struct option_use *hits = option_of(line, use, RECENT_OPTION_HITS);
	const struct option_use *name = option_of(line, use, RECENT_OPTION_NAME);

	if (option_of(line, use, RECENT_OPTION_REAP) && !option_of(line, use, RECENT_OPTION_SECONDS))
		return refuse(line->loader, "recent: option \"--reap\" also requires \"--seconds\".");
	if ((!looks && (option_of(line, use, RECENT_OPTION_SECONDS) || hits)) ||
	    (hits && hits->number > RECENT_HITS_LIMIT) || (name && (strchr(name->text, '/') || !*name->text)))
		return refuse(line->loader, "Invalid argument: rule in chain %s", line->chain_name);
	return true;
}

static bool apply_recent(struct rule_line *line, const struct extension_use *use)
{
	struct statement statement = test_statement(SELECT_RECENT);
	const struct option_use *operation = NULL, *name = option_of(line, use, RECENT_OPTION_NAME);
	const struct option_use *hits = option_of(line, use, RECENT_OPTION_HITS);
	struct test *test = &statement.test;

	for (unsigned id = RECENT_OPTION_SET; !operation; id++) {
		operation = option_of(line, use, id);
		test->recent.operation = (enum recent_operation)(RECENT_SET + (id - RECENT_OPTION_SET));
	}
	if (!check_recent(line, use, test->recent.operation == RECENT_CHECK || test->recent.operation == RECENT_UPDATE))
		return false;
	test->recent.name = arena_strdup(line->loader->arena, name ? name->text : "DEFAULT");
	test->recent.hit_count = hits ? (unsigned)hits->number : 0;
	test->negate = operation->negate;
	/* A list of this machine's own addresses is about other clients too. */
	if (option_of(line, use, RECENT_OPTION_DESTINATION) && test->recent.operation != RECENT_SET)
		rule_add_unknown(line, "recent --rdest");
	else
		rule_add(line, &statement);
	return true;
}

static const struct extension matches[] = {
    {"limit", apply_limit, OPTIONS(limit_options)},
    {"hashlimit", apply_hashlimit, OPTIONS(hashlimit_options), .one_of = 1U << HASHLIMIT_UPTO | 1U << HASHLIMIT_ABOVE,
     .one_of_message = "You have to specify --hashlimit", .exclusive = 1U << HASHLIMIT_UPTO | 1U << HASHLIMIT_ABOVE},
    {"connlimit", apply_connlimit, OPTIONS(connlimit_options), .one_of = 3,
     .one_of_message = "You must specify \"--connlimit-above\" or \"--connlimit-upto\".", .exclusive = 3},
    {"quota", apply_quota, OPTIONS(quota_options)},
    {"recent", apply_recent, OPTIONS(recent_options), .one_of = 15,
     .one_of_message = "you must specify one of `--set', `--rcheck' `--update' or `--remove'", .exclusive = 15},
};
const struct extension_table rate_matches = {matches, ARRAY_SIZE(matches)};
