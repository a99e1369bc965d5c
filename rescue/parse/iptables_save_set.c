/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The match set and the target SET: the sets of ipset(8), which are there before the rules are. */
#include "parse/iptables_save_private.h"

enum {
	SET_MATCH,
	SET_PLAIN_OPTIONS, /* up to here nothing else is asked of the element */
	SET_UPDATE,
	SET_COUNTERS,
	TARGET_ADD = 0,
	TARGET_DELETE,
	TARGET_MAP,
	TARGET_OTHER,
	DIMENSION_LIMIT = 6, /* IPSET_DIM_MAX */
};

static const struct option_form match_options[] = {
    {"match-set", SET_MATCH, .value = VALUE_TWO_TEXTS, .flags = OPTION_NEGATABLE},
    {"set", SET_MATCH, .value = VALUE_TWO_TEXTS, .flags = OPTION_NEGATABLE},
    {"return-nomatch", SET_PLAIN_OPTIONS, .value = VALUE_NONE},
    {"update-counters", SET_UPDATE, .value = VALUE_NONE, .flags = OPTION_NEGATABLE},
    {"update-subcounters", SET_UPDATE, .value = VALUE_NONE, .flags = OPTION_NEGATABLE | OPTION_REPEATABLE},
    {"packets-eq", SET_COUNTERS, .value = VALUE_NUMBER, .flags = OPTION_NEGATABLE},
    {"packets-lt", SET_COUNTERS, .value = VALUE_NUMBER},
    {"packets-gt", SET_COUNTERS, .value = VALUE_NUMBER},
    {"bytes-eq", SET_COUNTERS + 1, .value = VALUE_NUMBER, .flags = OPTION_NEGATABLE},
    {"bytes-lt", SET_COUNTERS + 1, .value = VALUE_NUMBER},
    {"bytes-gt", SET_COUNTERS + 1, .value = VALUE_NUMBER},
};

static struct set *find_ipset(const struct save_loader *loader, const char *name)
{
	const struct ruleset *ruleset = loader->ruleset;

	for (size_t i = 0; i < ruleset->ipsets.count; i++) {
		if (string_equal(ruleset->ipsets.items[i]->name, name))
			return ruleset->ipsets.items[i];
	}
	return NULL;
}

/* "src,dst": which side of the packet each field of the key is taken from. */
static bool read_sides(struct rule_line *line, const char *text, bool *ret_source, unsigned *ret_count)
{
	char *rest = arena_strdup(line->loader->arena, text), *part;

	*ret_count = 0;
	while ((part = next_part(&rest))) {
		bool source = string_equal(part, "src");

		if ((!source && !string_equal(part, "dst")) || *ret_count == DIMENSION_LIMIT)
			return refuse(line->loader, "You must specify (the comma separated list of) 'src' or 'dst'.");
		ret_source[(*ret_count)++] = source;
	}
	return true;
}

/* How the field of that name in a set's type is made of the packet. */
static struct key_part key_part(const char *field, bool source, bool ipv6)
{
	struct key_part part = {.ipv6 = ipv6};

	if (string_equal(field, "ip") || string_equal(field, "net"))
		part.selector = source ? SELECT_SOURCE : SELECT_DESTINATION;
	else if (string_equal(field, "port"))
		part.selector = source ? SELECT_SOURCE_PORT : SELECT_DESTINATION_PORT;
	else if (string_equal(field, "iface"))
		part.selector = source ? SELECT_IN_INTERFACE : SELECT_OUT_INTERFACE;
	else if (string_equal(field, "mark"))
		part.selector = SELECT_MARK;
	else {
		part.selector = SELECT_OTHER;
		part.name = "the client's hardware address";
	}
	return part;
}

/* A statement that matches when the packet's key is in the set. False: it never is (the sides are too few, or the set
 * is of the other family). */
static bool lookup_statement(const struct rule_line *line, struct set *set, const bool *sources, unsigned side_count,
			     struct statement *ret)
{
	struct arena *arena = line->loader->arena;
	const char *colon = set->ipset_type ? strchr(set->ipset_type, ':') : NULL;
	char *rest = arena_strdup(arena, colon ? colon + 1 : ""), *field;
	bool has_address = false;
	unsigned count = 0;

	*ret = (struct statement){.kind = STATEMENT_LOOKUP, .lookup = {.set = set}};
	ret->lookup.parts = arena_alloc(arena, (set->field_count + 1) * sizeof(*ret->lookup.parts));
	if (side_count < set->field_count)
		return false;
	while (count < set->field_count && (field = next_part(&rest))) {
		ret->lookup.parts[count] = key_part(field, sources[count], set->ipv6);
		has_address = has_address || string_equal(field, "ip") || string_equal(field, "net");
		count++;
	}
	return !has_address || set->ipv6 == line->loader->input->ipv6;
}

/* A rule may have put the packet's own address there on its way. */
static struct statement filled_statement(struct rule_line *line, const struct set *set, enum recent_operation operation)
{
	struct statement statement = test_statement(SELECT_RECENT);

	statement.test.recent.name = arena_printf(line->loader->arena, "ipset %s", set->name);
	statement.test.recent.operation = operation;
	return statement;
}

static void add_lookup(struct rule_line *line, const struct statement *lookup, const struct set *set, bool negate)
{
	struct statement statement = negate ? negated_statement(lookup) : *lookup, filled;

	if (!line->loader->fills_sets) {
		rule_add(line, &statement);
		return;
	}
	filled = filled_statement(line, set, RECENT_CHECK);
	filled.test.negate = negate;
	if (!negate) {
		rule_add_either(line, &statement, &filled);
		return;
	}
	rule_add(line, &statement);
	rule_add(line, &filled);
}

/* A list of sets: the packet is in it when it is in one of them. */
static void add_set_list(struct rule_line *line, const struct set *list, const bool *sources, unsigned side_count,
			 bool negate)
{
	struct set *members = ARENA_NEW(line->loader->arena, struct set);
	struct statement lookup;

	/* All members as one set, where they are of one kind. */
	*members = *list;
	members->elements.items = NULL;
	members->elements.count = members->elements.capacity = 0;
	members->ipset_type = NULL;
	for (size_t i = 0; i < list->elements.count; i++) {
		const struct set *member = find_ipset(line->loader, list->elements.items[i].key[0].interface.name);

		if (!member || member->unknown ||
		    (members->ipset_type &&
		     (!string_equal(members->ipset_type, member->ipset_type) || members->ipv6 != member->ipv6))) {
			rule_add_unknown(line, arena_printf(line->loader->arena, "what the set %s holds", list->name));
			return;
		}
		members->ipset_type = member->ipset_type;
		members->ipv6 = member->ipv6;
		members->field_count = member->field_count;
		for (size_t j = 0; j < member->elements.count; j++)
			*array_push(line->loader->arena, &members->elements) = member->elements.items[j];
	}
	if (!members->ipset_type || !lookup_statement(line, members, sources, side_count, &lookup))
		rule_add_constant(line, negate ? ANSWER_YES : ANSWER_NO);
	else
		add_lookup(line, &lookup, list, negate);
}

static bool apply_set_match(struct rule_line *line, const struct extension_use *use)
{
	const struct option_use *option = option_of(line, use, SET_MATCH);
	struct set *set = find_ipset(line->loader, option->text);
	bool sources[DIMENSION_LIMIT];
	unsigned side_count;
	struct statement lookup;

	if (!set)
		return refuse(line->loader, "Set %s doesn't exist.", option->text);
	if (!read_sides(line, option->second, sources, &side_count))
		return false;
	if (option_of(line, use, SET_PLAIN_OPTIONS) || option_of(line, use, SET_COUNTERS) ||
	    option_of(line, use, SET_COUNTERS + 1)) {
		rule_add_unknown(line, arena_printf(line->loader->arena, "what the set %s holds", set->name));
		return true;
	}
	if (set->ipset_type && string_equal(set->ipset_type, "list:set"))
		add_set_list(line, set, sources, side_count, option->negate);
	else if (lookup_statement(line, set, sources, side_count, &lookup))
		add_lookup(line, &lookup, set, option->negate);
	else
		rule_add_constant(line, option->negate ? ANSWER_YES : ANSWER_NO);
	return true;
}

static const struct option_form target_options[] = {
    {"add-set", TARGET_ADD, .value = VALUE_TWO_TEXTS},	  {"del-set", TARGET_DELETE, .value = VALUE_TWO_TEXTS},
    {"map-set", TARGET_MAP, .value = VALUE_TWO_TEXTS},	  {"exist", TARGET_OTHER, .value = VALUE_NONE},
    {"timeout", TARGET_OTHER + 1, .value = VALUE_NUMBER}, {"map-mark", TARGET_OTHER + 2, .value = VALUE_NONE},
    {"map-prio", TARGET_OTHER + 3, .value = VALUE_NONE},  {"map-queue", TARGET_OTHER + 4, .value = VALUE_NONE},
};

static bool apply_set_target(struct rule_line *line, const struct extension_use *use)
{
	for (unsigned id = TARGET_ADD; id <= TARGET_MAP; id++) {
		const struct option_use *option = option_of(line, use, id);
		const struct set *set = option ? find_ipset(line->loader, option->text) : NULL;
		bool sources[DIMENSION_LIMIT];
		unsigned side_count;
		struct statement statement;

		if (!option)
			continue;
		if (!set)
			return refuse(line->loader, "Set %s doesn't exist.", option->text);
		if (!read_sides(line, option->second, sources, &side_count))
			return false;
		statement = filled_statement(line, set, RECENT_SET);
		if (id == TARGET_MAP)
			statement =
			    (struct statement){.kind = STATEMENT_MARK, .mark = {.mask = UINT32_MAX, .unknown = true}};
		rule_add(line, &statement);
	}
	return true;
}

static const struct extension matches[] = {{"set", apply_set_match, OPTIONS(match_options), .one_of = 1U << SET_MATCH,
					    .one_of_message = "You must specify `--match-set' with proper arguments"}};
static const struct extension targets[] = {
    {"SET", apply_set_target, OPTIONS(target_options),
     .one_of = 1U << TARGET_ADD | 1U << TARGET_DELETE | 1U << TARGET_MAP,
     .one_of_message = "You must specify either `--add-set' or `--del-set' or `--map-set'"}};
const struct extension_table set_matches = {matches, ARRAY_SIZE(matches)};
const struct extension_table set_targets = {targets, ARRAY_SIZE(targets)};
