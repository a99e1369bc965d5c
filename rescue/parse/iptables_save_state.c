/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matches that look at the connection, its socket or its way instead of the packet. */
#include "base/ctype.h"
#include "parse/iptables_save_private.h"

enum {
	HOOKS_OUT = AT_OUTPUT | AT_POSTROUTING,
};

enum conntrack_option {
	CT_STATE,
	CT_PROTOCOL,
	CT_ORIGINAL_SOURCE,
	CT_ORIGINAL_DESTINATION,
	CT_REPLY_SOURCE,
	CT_REPLY_DESTINATION,
	CT_ORIGINAL_SOURCE_PORT,
	CT_ORIGINAL_DESTINATION_PORT,
	CT_REPLY_SOURCE_PORT,
	CT_REPLY_DESTINATION_PORT,
	CT_STATUS,
	CT_EXPIRE,
	CT_DIRECTION,
	CT_COUNT,
};

static const struct option_form conntrack_options[] = {
    {"ctstate", CT_STATE, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE},
    {"ctproto", CT_PROTOCOL, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE},
    {"ctorigsrc", CT_ORIGINAL_SOURCE, .value = VALUE_ADDRESS, .flags = OPTION_NEGATABLE},
    {"ctorigdst", CT_ORIGINAL_DESTINATION, .value = VALUE_ADDRESS, .flags = OPTION_NEGATABLE},
    {"ctreplsrc", CT_REPLY_SOURCE, .value = VALUE_ADDRESS, .flags = OPTION_NEGATABLE},
    {"ctrepldst", CT_REPLY_DESTINATION, .value = VALUE_ADDRESS, .flags = OPTION_NEGATABLE},
    {"ctorigsrcport", CT_ORIGINAL_SOURCE_PORT, .value = VALUE_PORT_RANGE, .flags = OPTION_NEGATABLE},
    {"ctorigdstport", CT_ORIGINAL_DESTINATION_PORT, .value = VALUE_PORT_RANGE, .flags = OPTION_NEGATABLE},
    {"ctreplsrcport", CT_REPLY_SOURCE_PORT, .value = VALUE_PORT_RANGE, .flags = OPTION_NEGATABLE},
    {"ctrepldstport", CT_REPLY_DESTINATION_PORT, .value = VALUE_PORT_RANGE, .flags = OPTION_NEGATABLE},
    {"ctstatus", CT_STATUS, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE},
    {"ctexpire", CT_EXPIRE, .value = VALUE_NUMBER_RANGE, .flags = OPTION_NEGATABLE},
    {"ctdir", CT_DIRECTION, .value = VALUE_TEXT},
};
static const struct option_form state_options[] = {
    {"state", CT_STATE, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REQUIRED}};

struct word_bit {
	const char *word;
	unsigned bit;
};

/* The first word that begins so, in whatever case. */
static const struct word_bit *find_word(const struct word_bit *words, size_t count, const char *text)
{
	for (size_t i = 0; *text && i < count; i++) {
		size_t length = 0;

		while (text[length] && char_to_lower(words[i].word[length]) == char_to_lower(text[length]))
			length++;
		if (!text[length])
			return &words[i];
	}
	return NULL;
}

static bool read_bits(struct rule_line *line, const struct word_bit *words, size_t count, const char *text,
		      const char *what, unsigned *ret)
{
	char *rest = arena_strdup(line->loader->arena, text), *part;

	*ret = 0;
	while ((part = next_part(&rest))) {
		const struct word_bit *word = find_word(words, count, part);

		if (!word)
			return refuse(line->loader, "Bad %s \"%s\"", what, part);
		*ret |= word->bit;
	}
	return true;
}

enum {
	TRANSLATED_SOURCE = 1 << 16, /* beside the bits of enum conntrack_state */
	TRANSLATED_DESTINATION = 1 << 17,
};

static const struct word_bit states[] = {
    {"INVALID", STATE_INVALID},		{"NEW", STATE_NEW},
    {"ESTABLISHED", STATE_ESTABLISHED}, {"RELATED", STATE_RELATED},
    {"UNTRACKED", STATE_UNTRACKED},	{"SNAT", TRANSLATED_SOURCE},
    {"DNAT", TRANSLATED_DESTINATION},
};

enum {
	STATE_WORDS = 5, /* of these, for the match state */
};

static const struct word_bit statuses[] = {
    {"NONE", 0},
    {"EXPECTED", STATUS_EXPECTED},
    {"SEEN_REPLY", STATUS_SEEN_REPLY},
    {"ASSURED", STATUS_ASSURED},
    {"CONFIRMED", STATUS_CONFIRMED},
};

/* A translated connection is in one of the states as well: either may be asked for. */
static void add_states(struct rule_line *line, unsigned bits, bool negate)
{
	struct statement state = test_statement(SELECT_STATE), status = test_statement(SELECT_STATUS);

	state.test.any_bit = status.test.any_bit = true;
	state.test.mask = bits & UINT16_MAX;
	status.test.mask =
	    (bits & TRANSLATED_SOURCE ? STATUS_SNAT : 0) | (bits & TRANSLATED_DESTINATION ? STATUS_DNAT : 0);
	state.test.negate = status.test.negate = negate;
	if (state.test.mask && status.test.mask && !negate) {
		rule_add_either(line, &state, &status);
		return;
	}
	if (state.test.mask)
		rule_add(line, &state);
	if (status.test.mask)
		rule_add(line, &status);
}

static bool apply_state(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *option = option_of(line, use, CT_STATE);
	unsigned bits;

	if (!read_bits(line, states, STATE_WORDS, option->text, "state", &bits))
		return false;
	add_states(line, bits, option->negate);
	return true;
}

static bool apply_protocol(struct rule_line *line, const struct option_use *option)
{
	unsigned protocol;

	if (!find_protocol(option->text, &protocol))
		return refuse(line->loader, "unknown protocol \"%s\" specified", option->text);
	rule_add_range(line, SELECT_PROTOCOL, protocol, protocol, option->negate);
	return true;
}

static bool apply_direction(struct rule_line *line, const struct option_use *option)
{
	bool reply = string_equal_nocase(option->text, "REPLY");

	if (!reply && !string_equal_nocase(option->text, "ORIGINAL"))
		return refuse(line->loader, "conntrack: Bad value for \"--ctdir\" option: \"%s\"", option->text);
	rule_add_range(line, SELECT_DIRECTION, reply, reply, false);
	return true;
}

static void apply_port(struct rule_line *line, enum selector selector, const struct option_use *option)
{
	if (option->unknown)
		rule_add_unknown(line, "a port by name");
	else
		rule_add_range(line, selector, option->number, option->last, option->negate);
}

static bool apply_conntrack_option(struct rule_line *line, const struct option_use *option)
{
	unsigned bits;

	switch ((enum conntrack_option)option->form->id) {
	case CT_STATE:
		if (!read_bits(line, states, ARRAY_SIZE(states), option->text, "ctstate", &bits))
			return false;
		add_states(line, bits, option->negate);
		return true;
	case CT_STATUS:
		if (!read_bits(line, statuses, ARRAY_SIZE(statuses), option->text, "ctstatus", &bits))
			return false;
		rule_add_any_bit(line, SELECT_STATUS, bits, option->negate);
		return true;
	case CT_PROTOCOL:
		return apply_protocol(line, option);
	case CT_DIRECTION:
		return apply_direction(line, option);
	case CT_ORIGINAL_SOURCE:
		rule_add_addresses(line, SELECT_ORIGINAL_SOURCE, option);
		return true;
	case CT_ORIGINAL_DESTINATION:
		rule_add_addresses(line, SELECT_ORIGINAL_DESTINATION, option);
		return true;
	case CT_ORIGINAL_SOURCE_PORT:
		apply_port(line, SELECT_ORIGINAL_SOURCE_PORT, option);
		return true;
	case CT_ORIGINAL_DESTINATION_PORT:
		apply_port(line, SELECT_ORIGINAL_DESTINATION_PORT, option);
		return true;
	default:
		rule_add_unknown(line, arena_printf(line->loader->arena, "conntrack --%s", option->form->name));
		return true;
	}
}

static bool apply_conntrack(struct rule_line *line, const struct extension_use *use)
{
	/* A packet without a connection has no protocol in this sense, and matches only by its state (conntrack_mt() of
	 * net/netfilter/xt_conntrack.c). */
	if (option_of(line, use, CT_PROTOCOL) && !option_of(line, use, CT_STATE))
		add_states(line, STATE_INVALID | STATE_UNTRACKED, true);
	for (unsigned id = 0; id < CT_COUNT; id++) {
		const struct option_use *option = option_of(line, use, id);

		if (option && !apply_conntrack_option(line, option))
			return false;
	}
	return true;
}

static const struct option_form mark_options[] = {
    {"mark", 0, .value = VALUE_MARK, .flags = OPTION_NEGATABLE | OPTION_REQUIRED}};

static bool apply_connmark(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *mark = option_of(line, use, 0);

	rule_add_mask(line, SELECT_CONNECTION_MARK, mark->mask, mark->number, mark->negate);
	return true;
}

/* --- the socket, the way, the machine --------------------------------------------- */

enum {
	OWNER_USER,
	OWNER_GROUP,
	OWNER_SOCKET,
	OWNER_SUPPLEMENTARY,
};

static const struct option_form owner_options[] = {
    {"uid-owner", OWNER_USER, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE},
    {"gid-owner", OWNER_GROUP, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE},
    {"socket-exists", OWNER_SOCKET, .value = VALUE_NONE, .flags = OPTION_NEGATABLE},
    {"suppl-groups", OWNER_SUPPLEMENTARY, .value = VALUE_NONE},
};

static bool add_owner(struct rule_line *line, const struct option_use *option, bool group)
{
	struct save_loader *loader = line->loader;
	enum answer known = ANSWER_YES;
	uint64_t first, last;
	char *text, *dash;

	if (!option)
		return true;
	known = find_account(loader, option->text, group, &first);
	last = first;
	if (known != ANSWER_YES) {
		text = arena_strdup(loader->arena, option->text);
		dash = strchr(text, '-');
		if (dash)
			*dash++ = '\0';
		if (read_number(text, UINT32_MAX - 1, &first) && read_number(dash ? dash : text, UINT32_MAX - 1, &last))
			known = ANSWER_YES;
	}
	if (known == ANSWER_NO)
		return refuse(loader, "owner: Bad value for \"--%s\" option: \"%s\"", option->form->name, option->text);
	if (known == ANSWER_MAYBE) {
		uncertain(loader, "whether there is a %s `%s' is not known", group ? "group" : "user", option->text);
		rule_add_unknown(line, "owner");
		return true;
	}
	rule_add_range(line, group ? SELECT_GROUP : SELECT_USER, first, last, option->negate);
	return true;
}

static bool apply_owner(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *socket = option_of(line, use, OWNER_SOCKET);

	if (socket)
		rule_add_constant(line, socket->negate ? ANSWER_NO : ANSWER_YES);
	return add_owner(line, option_of(line, use, OWNER_USER), false) &&
	       add_owner(line, option_of(line, use, OWNER_GROUP), true);
}

enum {
	POLICY_DIRECTION,
	POLICY_KIND,
	POLICY_OTHER,
};

static const struct option_form policy_options[] = {
    {"dir", POLICY_DIRECTION, .value = VALUE_TEXT},
    {"pol", POLICY_KIND, .value = VALUE_TEXT},
    {"strict", POLICY_OTHER, .value = VALUE_NONE},
    {"reqid", POLICY_OTHER + 1, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"spi", POLICY_OTHER + 2, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"proto", POLICY_OTHER + 3, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"mode", POLICY_OTHER + 4, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"tunnel-src", POLICY_OTHER + 5, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"tunnel-dst", POLICY_OTHER + 6, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"next", POLICY_OTHER + 7, .value = VALUE_NONE, .flags = OPTION_REPEATABLE},
};

/* What is followed comes without IPsec. */
static bool apply_policy(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *direction = option_of(line, use, POLICY_DIRECTION);
	const struct option_use *kind = option_of(line, use, POLICY_KIND);
	bool in = direction && string_equal(direction->text, "in");

	if (!in && (!direction || !string_equal(direction->text, "out")))
		return refuse(line->loader, "policy match: neither --dir in nor --dir out specified");
	if (!kind || (!string_equal(kind->text, "none") && !string_equal(kind->text, "ipsec")))
		return refuse(line->loader, "policy match: neither --pol ipsec nor --pol none specified");
	line->hooks &= in ? ~(unsigned)HOOKS_OUT : ~(unsigned)(AT_PREROUTING | AT_INPUT);
	rule_add_constant(line, string_equal(kind->text, "none") ? ANSWER_YES : ANSWER_NO);
	return true;
}

enum {
	RPFILTER_INVERT,
	RPFILTER_OTHER,
};

static const struct option_form rpfilter_options[] = {
    {"invert", RPFILTER_INVERT, .value = VALUE_NONE},
    {"loose", RPFILTER_OTHER, .value = VALUE_NONE},
    {"validmark", RPFILTER_OTHER + 1, .value = VALUE_NONE},
    {"accept-local", RPFILTER_OTHER + 2, .value = VALUE_NONE},
};

/* The clients that are asked about are those to whom the answer goes back the way they came. */
static bool apply_rpfilter(struct rule_line *line, const struct extension_use *use)
{
	rule_add_constant(line, option_of(line, use, RPFILTER_INVERT) ? ANSWER_NO : ANSWER_YES);
	return true;
}

static const struct option_form helper_options[] = {
    {"helper", 0, .value = VALUE_TEXT, .flags = OPTION_NEGATABLE | OPTION_REQUIRED}};

/* Only connections that another one has announced have a helper to ask for. */
static bool apply_helper(struct rule_line *line, const struct extension_use *use)
{
	rule_add_constant(line, option_of(line, use, 0)->negate ? ANSWER_YES : ANSWER_NO);
	return true;
}

static const struct extension matches[] = {
    {"conntrack", apply_conntrack, OPTIONS(conntrack_options), .one_of = UINT32_MAX,
     .one_of_message = "At least one option is required"},
    {"state", apply_state, OPTIONS(state_options)},
    {"owner", apply_owner, OPTIONS(owner_options), .hooks = HOOKS_OUT, .one_of = 7,
     .one_of_message = "At least one of --uid-owner, --gid-owner or --socket-exists is required"},
    {"policy", apply_policy, OPTIONS(policy_options)},
    {"rpfilter", apply_rpfilter, OPTIONS(rpfilter_options), .hooks = AT_PREROUTING, .tables = TABLE_RAW | TABLE_MANGLE},
    {"helper", apply_helper, OPTIONS(helper_options)},
    {"connmark", apply_connmark, OPTIONS(mark_options)},
};
const struct extension_table state_matches = {matches, ARRAY_SIZE(matches)};
