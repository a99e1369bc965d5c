/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evaluator of packet filter rules, on rule sets made by hand. What the kernel does with each of them was tried. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter/evaluate.h"

struct fixture {
	struct arena arena;
	struct ruleset ruleset;
	struct question question;
	local_address_list local;
	unsigned ports[2];
	struct evaluation evaluation;
	statement_list list; /* of the rule being made */
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->ruleset.arena = &fixture->arena;
	fixture->ports[0] = 22;
	fixture->ports[1] = 2222;
	fixture->question = (struct question){
	    .port = 22,
	    .ports = fixture->ports,
	    .port_count = 2,
	    .interface = "eth0",
	    .local = &fixture->local,
	    .local_complete = true,
	};
	*array_push(&fixture->arena, &fixture->local) =
	    (struct local_address){.first = number_of(0xc000020a), .last = number_of(0xc000020a)};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	arena_release(&fixture->arena);
	free(fixture);
	return 0;
}

/* --- making rules ---------------------------------------------------------- */

static struct table *table(struct fixture *fixture, enum filter_family family, const char *name)
{
	return ruleset_add_table(&fixture->ruleset, family, false, name);
}

static struct chain *chain(struct fixture *fixture, const char *name)
{
	return table_add_chain(&fixture->ruleset, table(fixture, FILTER_INET, "filter"), name);
}

static struct chain *base(struct fixture *fixture, const char *name, enum filter_hook hook, int priority,
			  enum verdict_kind policy)
{
	struct chain *made = chain(fixture, name);

	chain_set_base(&fixture->ruleset, made, hook, priority, false);
	made->policy = policy;
	return made;
}

static struct chain *input(struct fixture *fixture, enum verdict_kind policy)
{
	return base(fixture, "input", HOOK_INPUT, 0, policy);
}

static struct chain *nat(struct fixture *fixture, const char *name, int priority)
{
	struct chain *made = chain(fixture, name);

	chain_set_base(&fixture->ruleset, made, HOOK_PREROUTING, priority, true);
	return made;
}

static struct statement *add(struct fixture *fixture, enum statement_kind kind)
{
	struct statement *statement = array_push(&fixture->arena, &fixture->list);

	memset(statement, 0, sizeof(*statement));
	statement->kind = kind;
	return statement;
}

static void when(struct fixture *fixture, enum selector selector, uint64_t number)
{
	add_number_test(&fixture->arena, &fixture->list, selector, number, false);
}

static void unless(struct fixture *fixture, enum selector selector, uint64_t number)
{
	add_number_test(&fixture->arena, &fixture->list, selector, number, true);
}

static void when_bits(struct fixture *fixture, enum selector selector, uint64_t mask)
{
	struct test *test = &add(fixture, STATEMENT_TEST)->test;

	test->selector = selector;
	test->mask = mask;
	test->any_bit = true;
}

static struct test *when_address(struct fixture *fixture, enum selector selector, const char *address)
{
	struct test *test = &add(fixture, STATEMENT_TEST)->test;
	struct number_range range;

	test->selector = selector;
	test->ipv6 = strchr(address, ':');
	assert_true(address_parse_range(address, test->ipv6, &range));
	number_set_add(&fixture->arena, &test->numbers, range.first, range.last);
	return test;
}

static void when_from(struct fixture *fixture, const char *address)
{
	when_address(fixture, SELECT_SOURCE, address);
}

static void when_interface(struct fixture *fixture, enum selector selector, const char *name, bool negate)
{
	struct test *test = &add(fixture, STATEMENT_TEST)->test;
	size_t length = strlen(name);
	bool prefix = length && name[length - 1] == '*';

	test->selector = selector;
	test->negate = negate;
	*array_push(&fixture->arena, &test->interfaces) =
	    (struct interface_name){arena_memdup(&fixture->arena, name, length - prefix), prefix};
}

static void when_maybe(struct fixture *fixture)
{
	add_not_known(&fixture->arena, &fixture->list, "the weather");
}

/* Ends the rule that was being made with a verdict, and appends it. */
static struct rule *then(struct fixture *fixture, struct chain *in, enum verdict_kind kind, struct chain *target)
{
	struct rule *rule;

	if (kind == VERDICT_NOT_UNDERSTOOD)
		add_not_understood(&fixture->arena, &fixture->list, "magic");
	else if (kind != VERDICT_CONTINUE)
		add_verdict(&fixture->arena, &fixture->list, kind, target);
	rule = ruleset_make_rule(&fixture->ruleset, &fixture->list, (struct place){0});
	chain_add_rule(&fixture->ruleset, in, chain_rule_count(in), rule);
	fixture->list.count = 0;
	return rule;
}

static void set_mark(struct fixture *fixture, enum statement_kind kind, uint32_t mark)
{
	struct statement *statement = add(fixture, kind);

	statement->mark.mask = UINT32_MAX;
	statement->mark.value = mark;
}

static void accept_established(struct fixture *fixture, struct chain *in)
{
	when_bits(fixture, SELECT_STATE, STATE_ESTABLISHED | STATE_RELATED);
	then(fixture, in, VERDICT_ACCEPT, NULL);
}

/* --- asking ---------------------------------------------------------------- */

static const struct passage_range *range_at(struct fixture *fixture, const char *source)
{
	struct number number;

	evaluate(&fixture->ruleset, &fixture->question, &fixture->arena, &fixture->evaluation);
	assert_true(address_parse(source, fixture->question.ipv6, &number));
	for (size_t i = 0; i < fixture->evaluation.ranges.count; i++) {
		const struct passage_range *range = &fixture->evaluation.ranges.items[i];

		if (number_compare(range->first, number) <= 0 && number_compare(number, range->last) <= 0)
			return range;
	}
	fail_msg("no answer for %s", source);
	return NULL;
}

static enum passage from(struct fixture *fixture, const char *source)
{
	return range_at(fixture, source)->passage;
}

static enum passage passage(struct fixture *fixture)
{
	return from(fixture, fixture->question.ipv6 ? "2001:db8:1::1" : "198.51.100.7");
}

/* --- verdicts and policies ------------------------------------------------- */

static void test_no_rules(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.ipv6 = true;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_policy(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	const struct obstacle *obstacle;

	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	obstacle = evaluation_obstacle(&fixture->evaluation, PASSAGE_CLOSED);
	assert_ptr_equal(obstacle->chain, in);
	assert_null(obstacle->rule);
	assert_int_equal(obstacle->packet, PACKET_SYN);
	in->policy = VERDICT_ACCEPT;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_first_verdict_counts(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct rule *reject;

	when_from(fixture, "198.51.100.0/24");
	when(fixture, SELECT_DESTINATION_PORT, 22);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	when(fixture, SELECT_DESTINATION_PORT, 22);
	reject = then(fixture, in, VERDICT_REJECT, NULL);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "198.51.101.0"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "198.51.99.255"), PASSAGE_CLOSED);
	assert_ptr_equal(range_at(fixture, "203.0.113.1")->obstacle.rule, reject);
	assert_true(range_at(fixture, "203.0.113.1")->obstacle.refused);
	fixture->question.port = 80;
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
}

static void test_all_packets_are_asked(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *out;

	when(fixture, SELECT_STATE, STATE_NEW);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_ACK);
	accept_established(fixture, in);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	out = base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_DROP);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_SYN_ACK);
	when(fixture, SELECT_TCP_FLAGS, 2 | 16);
	then(fixture, out, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_DATA);
	when_address(fixture, SELECT_DESTINATION, "198.51.100.7");
	when(fixture, SELECT_SOURCE_PORT, 22);
	then(fixture, out, VERDICT_REJECT, NULL);
	/* Nobody tells the client. */
	assert_false(range_at(fixture, "198.51.100.7")->obstacle.refused);
	chain_flush(&fixture->ruleset, out);
	accept_established(fixture, out);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_several_base_chains(void **state)
{
	struct fixture *fixture = *state;
	struct chain *first = base(fixture, "first", HOOK_INPUT, -10, VERDICT_ACCEPT);
	struct chain *second = base(fixture, "second", HOOK_INPUT, 10, VERDICT_ACCEPT);

	/* An accept ends one chain, a drop all. */
	then(fixture, first, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	when_from(fixture, "198.51.100.7");
	then(fixture, second, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	second->table->dormant = true;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_order_of_equal_priority(void **state)
{
	struct fixture *fixture = *state;
	struct chain *first = base(fixture, "first", HOOK_INPUT, 0, VERDICT_ACCEPT);
	struct chain *second = base(fixture, "second", HOOK_INPUT, 0, VERDICT_ACCEPT);

	/* The one registered last is run first. */
	when(fixture, SELECT_MARK, 1);
	then(fixture, first, VERDICT_DROP, NULL);
	set_mark(fixture, STATEMENT_MARK, 1);
	then(fixture, second, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	first->priority = -1;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_families(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = table_add_chain(&fixture->ruleset, table(fixture, FILTER_IPV6, "six"), "input");

	chain_set_base(&fixture->ruleset, in, HOOK_INPUT, 0, false);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.ipv6 = true;
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	/* A test of the other family's address does not match, negated or not. */
	chain_flush(&fixture->ruleset, in);
	in->policy = VERDICT_DROP;
	when_address(fixture, SELECT_SOURCE, "198.51.100.7")->negate = true;
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

/* --- chains ---------------------------------------------------------------- */

static void test_jump_goto_return(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *called = chain(fixture, "called"),
		     *gone = chain(fixture, "gone");

	then(fixture, in, VERDICT_JUMP, called);
	when_from(fixture, "198.51.100.0/24");
	then(fixture, in, VERDICT_ACCEPT, NULL);
	when_from(fixture, "203.0.113.0/24");
	then(fixture, in, VERDICT_GOTO, gone);
	then(fixture, in, VERDICT_ACCEPT, NULL);

	when_from(fixture, "198.51.100.8");
	then(fixture, called, VERDICT_RETURN, NULL);
	when_from(fixture, "198.51.100.8/31");
	then(fixture, called, VERDICT_DROP, NULL);

	when_from(fixture, "203.0.113.1");
	then(fixture, gone, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "198.51.100.9"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
	/* Behind the end of a chain that one went to comes the policy. */
	assert_int_equal(from(fixture, "203.0.113.2"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "192.0.2.1"), PASSAGE_OPEN);
}

static void test_goto_below_a_jump(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *called = chain(fixture, "called"),
		     *gone = chain(fixture, "gone");

	/* It comes back to where the jump was. */
	then(fixture, in, VERDICT_JUMP, called);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	then(fixture, called, VERDICT_GOTO, gone);
	then(fixture, called, VERDICT_DROP, NULL);
	when(fixture, SELECT_PROTOCOL, 17);
	then(fixture, gone, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	/* A return in a base chain leads to its policy. */
	chain_flush(&fixture->ruleset, called);
	chain_flush(&fixture->ruleset, in);
	then(fixture, in, VERDICT_RETURN, NULL);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

static void test_circle(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *a = chain(fixture, "a"), *b = chain(fixture, "b");

	then(fixture, in, VERDICT_JUMP, a);
	then(fixture, a, VERDICT_JUMP, b);
	then(fixture, b, VERDICT_JUMP, a);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	assert_string_equal(range_at(fixture, "198.51.100.7")->obstacle.reason, "chains that jump in a circle");
}

static void test_deep(void **state)
{
	struct fixture *fixture = *state;
	struct chain *last = input(fixture, VERDICT_DROP);

	for (int i = 0; i < 400; i++) {
		struct chain *next = chain(fixture, arena_printf(&fixture->arena, "c%d", i));

		then(fixture, last, VERDICT_JUMP, next);
		last = next;
	}
	then(fixture, last, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	chain_flush(&fixture->ruleset, last);
	for (int i = 400; i < 2000; i++) {
		struct chain *next = chain(fixture, arena_printf(&fixture->arena, "c%d", i));

		then(fixture, last, VERDICT_JUMP, next);
		last = next;
	}
	then(fixture, last, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

/* Each chain jumps to the next one twice: 2^60 ways through. */
static void test_made_to_be_slow(void **state)
{
	struct fixture *fixture = *state;
	struct chain *last = input(fixture, VERDICT_ACCEPT);

	for (int i = 0; i < 60; i++) {
		struct chain *next = chain(fixture, arena_printf(&fixture->arena, "c%d", i));

		then(fixture, last, VERDICT_JUMP, next);
		then(fixture, last, VERDICT_JUMP, next);
		last = next;
	}
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	assert_null(range_at(fixture, "198.51.100.7")->obstacle.chain);
}

/* --- doubt ----------------------------------------------------------------- */

/* What becomes of a packet that may get one verdict and then gets another, or the policy. */
static enum passage after_doubt(struct fixture *fixture, enum verdict_kind maybe, struct chain *target,
				enum verdict_kind sure)
{
	struct chain *in = input(fixture, VERDICT_DROP);

	chain_flush(&fixture->ruleset, in);
	when_maybe(fixture);
	then(fixture, in, maybe, target);
	then(fixture, in, sure, NULL);
	return passage(fixture);
}

static void test_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct chain *accepting = chain(fixture, "accepting"), *dropping = chain(fixture, "dropping");

	then(fixture, accepting, VERDICT_ACCEPT, NULL);
	then(fixture, dropping, VERDICT_DROP, NULL);
	assert_int_equal(after_doubt(fixture, VERDICT_ACCEPT, NULL, VERDICT_ACCEPT), PASSAGE_OPEN);
	assert_int_equal(after_doubt(fixture, VERDICT_ACCEPT, NULL, VERDICT_DROP), PASSAGE_UNKNOWN);
	assert_string_equal(range_at(fixture, "198.51.100.7")->obstacle.reason, "the weather");
	assert_int_equal(after_doubt(fixture, VERDICT_DROP, NULL, VERDICT_ACCEPT), PASSAGE_UNKNOWN);
	assert_int_equal(after_doubt(fixture, VERDICT_DROP, NULL, VERDICT_DROP), PASSAGE_CLOSED);
	assert_true(range_at(fixture, "198.51.100.7")->obstacle.perhaps_earlier);
	assert_int_equal(after_doubt(fixture, VERDICT_REJECT, NULL, VERDICT_DROP), PASSAGE_CLOSED);
	assert_int_equal(after_doubt(fixture, VERDICT_NOT_UNDERSTOOD, NULL, VERDICT_ACCEPT), PASSAGE_UNKNOWN);
	assert_int_equal(after_doubt(fixture, VERDICT_NOT_UNDERSTOOD, NULL, VERDICT_DROP), PASSAGE_UNKNOWN);
	assert_string_equal(range_at(fixture, "198.51.100.7")->obstacle.reason, "magic");
	assert_int_equal(after_doubt(fixture, VERDICT_JUMP, accepting, VERDICT_ACCEPT), PASSAGE_OPEN);
	assert_int_equal(after_doubt(fixture, VERDICT_JUMP, accepting, VERDICT_DROP), PASSAGE_UNKNOWN);
	assert_int_equal(after_doubt(fixture, VERDICT_JUMP, dropping, VERDICT_DROP), PASSAGE_CLOSED);
	assert_int_equal(after_doubt(fixture, VERDICT_JUMP, dropping, VERDICT_ACCEPT), PASSAGE_UNKNOWN);
	/* More could be said: that all who go there are accepted. */
	assert_int_equal(after_doubt(fixture, VERDICT_GOTO, accepting, VERDICT_ACCEPT), PASSAGE_UNKNOWN);
	assert_int_equal(after_doubt(fixture, VERDICT_GOTO, accepting, VERDICT_DROP), PASSAGE_UNKNOWN);
	/* Perhaps a return: then the policy, which drops. */
	assert_int_equal(after_doubt(fixture, VERDICT_RETURN, NULL, VERDICT_ACCEPT), PASSAGE_UNKNOWN);
	assert_int_equal(after_doubt(fixture, VERDICT_RETURN, NULL, VERDICT_DROP), PASSAGE_CLOSED);
}

static void test_doubtful_return(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *called = chain(fixture, "called");

	then(fixture, in, VERDICT_JUMP, called);
	when_from(fixture, "198.51.100.0/24");
	then(fixture, in, VERDICT_DROP, NULL);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	when_maybe(fixture);
	then(fixture, called, VERDICT_RETURN, NULL);
	when_from(fixture, "198.51.100.7");
	then(fixture, called, VERDICT_ACCEPT, NULL);
	when_from(fixture, "203.0.113.1");
	then(fixture, called, VERDICT_DROP, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "203.0.113.2"), PASSAGE_OPEN);
}

/* A drop that comes in a later base chain is certain, whatever the earlier one may have done. */
static void test_doubt_ends_with_its_chain(void **state)
{
	struct fixture *fixture = *state;
	struct chain *first = base(fixture, "first", HOOK_INPUT, -10, VERDICT_ACCEPT);

	when_maybe(fixture);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	base(fixture, "second", HOOK_INPUT, 10, VERDICT_DROP);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

/* What a packet meets behind a verdict that it may have left by is not certain to happen to it. */
static void test_change_behind_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct chain *first = base(fixture, "first", HOOK_INPUT, -10, VERDICT_ACCEPT);
	struct chain *second = base(fixture, "second", HOOK_INPUT, 10, VERDICT_ACCEPT);

	when_maybe(fixture);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	set_mark(fixture, STATEMENT_MARK, 1);
	then(fixture, first, VERDICT_CONTINUE, NULL);
	when(fixture, SELECT_MARK, 1);
	then(fixture, second, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

/* --- marks and tracking ---------------------------------------------------- */

static void test_marks(void **state)
{
	struct fixture *fixture = *state;
	struct chain *mangle = base(fixture, "mangle", HOOK_PREROUTING, -150, VERDICT_ACCEPT);
	struct chain *in = input(fixture, VERDICT_DROP);

	when_from(fixture, "198.51.100.7");
	set_mark(fixture, STATEMENT_MARK, 7);
	then(fixture, mangle, VERDICT_CONTINUE, NULL);
	when_from(fixture, "198.51.100.8");
	when_maybe(fixture);
	set_mark(fixture, STATEMENT_MARK, 7);
	then(fixture, mangle, VERDICT_CONTINUE, NULL);
	when_from(fixture, "198.51.100.9");
	set_mark(fixture, STATEMENT_MARK, 6);
	then(fixture, mangle, VERDICT_CONTINUE, NULL);
	when(fixture, SELECT_MARK, 7);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "198.51.100.9"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "198.51.100.10"), PASSAGE_CLOSED);
}

static void test_connection_mark(void **state)
{
	struct fixture *fixture = *state;
	struct chain *raw = base(fixture, "raw", HOOK_PREROUTING, -300, VERDICT_ACCEPT);
	struct chain *raw_out = base(fixture, "raw_out", HOOK_OUTPUT, -300, VERDICT_ACCEPT);
	struct chain *in = input(fixture, VERDICT_ACCEPT), *out;

	when(fixture, SELECT_STATE, STATE_NEW);
	set_mark(fixture, STATEMENT_CONNECTION_MARK, 3);
	then(fixture, in, VERDICT_CONTINUE, NULL);
	out = base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_ACCEPT);
	when(fixture, SELECT_CONNECTION_MARK, 3);
	then(fixture, out, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	/* What is not tracked has none: negated tests do not match either. */
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw, VERDICT_CONTINUE, NULL);
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw_out, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	unless(fixture, SELECT_CONNECTION_MARK, 5);
	then(fixture, in, VERDICT_DROP, NULL);
	when_address(fixture, SELECT_ORIGINAL_SOURCE, "198.51.100.7");
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

static void test_untracked(void **state)
{
	struct fixture *fixture = *state;
	struct chain *raw = base(fixture, "raw", HOOK_PREROUTING, -300, VERDICT_ACCEPT);
	struct chain *in = input(fixture, VERDICT_DROP), *out;

	when_from(fixture, "198.51.100.0/24");
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw, VERDICT_CONTINUE, NULL);
	when_bits(fixture, SELECT_STATE, STATE_NEW | STATE_ESTABLISHED);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
	when(fixture, SELECT_STATE, STATE_UNTRACKED);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_OPEN);
	/* The answer of a connection whose first packet conntrack did not see is invalid; later it is not known. */
	out = base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_ACCEPT);
	when(fixture, SELECT_STATE, STATE_INVALID);
	when(fixture, SELECT_TCP_FLAGS, 2 | 16);
	then(fixture, out, VERDICT_DROP, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
	chain_flush(&fixture->ruleset, out);
	when(fixture, SELECT_STATE, STATE_NEW);
	then(fixture, out, VERDICT_DROP, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
}

static void test_notrack_too_late(void **state)
{
	struct fixture *fixture = *state;
	struct chain *late = base(fixture, "late", HOOK_PREROUTING, -150, VERDICT_ACCEPT);
	struct chain *in = input(fixture, VERDICT_ACCEPT);

	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, late, VERDICT_CONTINUE, NULL);
	when(fixture, SELECT_STATE, STATE_UNTRACKED);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	late->priority = -200;
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	late->priority = -201;
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

static void test_status(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_ACCEPT);

	when_bits(fixture, SELECT_STATUS, STATUS_DNAT | STATUS_SNAT);
	then(fixture, in, VERDICT_DROP, NULL);
	when_bits(fixture, SELECT_STATUS, STATUS_SEEN_REPLY);
	when(fixture, SELECT_STATE, STATE_NEW);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	/* Bits that have no name. */
	when_bits(fixture, SELECT_STATUS, 256);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	chain_flush(&fixture->ruleset, in);
	/* The acknowledgement that ends the handshake. */
	when_bits(fixture, SELECT_STATUS, STATUS_ASSURED);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_ACK);
}

static void test_owner(void **state)
{
	struct fixture *fixture = *state;
	struct chain *out = base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_ACCEPT), *in;

	unless(fixture, SELECT_USER, 0);
	then(fixture, out, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	in = input(fixture, VERDICT_ACCEPT);
	when(fixture, SELECT_STATE, STATE_NEW);
	unless(fixture, SELECT_USER, 1000);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	/* A packet of a connection has an owner before the input hook: mostly. */
	when(fixture, SELECT_USER, 0);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_ACK);
}

/* --- translation ----------------------------------------------------------- */

static void redirect(struct fixture *fixture, unsigned port)
{
	add(fixture, STATEMENT_REDIRECT)->nat.port = port;
}

static void test_redirect(void **state)
{
	struct fixture *fixture = *state;
	/* Whatever its own priority is, it is asked where the kernel translates. */
	struct chain *first = nat(fixture, "first", 50), *second = nat(fixture, "second", 60);
	struct chain *in = input(fixture, VERDICT_ACCEPT);
	struct chain *before = base(fixture, "before", HOOK_PREROUTING, 0, VERDICT_ACCEPT);

	when_from(fixture, "198.51.100.0/24");
	redirect(fixture, 2222);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	when_from(fixture, "203.0.113.0/24");
	redirect(fixture, 8022);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	/* The first one that translates has the last word. */
	when_from(fixture, "198.51.100.0/24");
	then(fixture, second, VERDICT_DROP, NULL);
	when_from(fixture, "198.51.100.7");
	when(fixture, SELECT_DESTINATION_PORT, 2222);
	then(fixture, before, VERDICT_DROP, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_CLOSED);
	assert_true(range_at(fixture, "203.0.113.1")->obstacle.diverted);
	in->policy = VERDICT_DROP;
	when(fixture, SELECT_DESTINATION_PORT, 22);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "192.0.2.1"), PASSAGE_OPEN);
	when(fixture, SELECT_ORIGINAL_DESTINATION_PORT, 22);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_OPEN);
}

static void test_redirect_and_sets(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *set = table_add_set(&fixture->ruleset, in->table, NULL, 1);
	struct key_part part = {.selector = SELECT_DESTINATION_PORT};

	when_from(fixture, "198.51.100.0/24");
	redirect(fixture, 2222);
	then(fixture, nat(fixture, "nat", -100), VERDICT_ACCEPT, NULL);
	set_add_element(&fixture->ruleset, set)->key[0].range = (struct number_range){number_of(22), number_of(80)};
	add(fixture, STATEMENT_LOOKUP)->lookup = (struct lookup){set, &part, false};
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
}

/* Where a translation is only possible, nothing that happens to the connection without it is certain. */
static void test_possible_redirect(void **state)
{
	struct fixture *fixture = *state;
	struct chain *first = nat(fixture, "first", -100), *in = input(fixture, VERDICT_DROP);

	when_maybe(fixture);
	redirect(fixture, 2222);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	when(fixture, SELECT_DESTINATION_PORT, 2222);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	/* Perhaps to where nobody listens, else into the policy. */
	chain_flush(&fixture->ruleset, first);
	when_maybe(fixture);
	redirect(fixture, 8022);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	chain_flush(&fixture->ruleset, first);
	then(fixture, first, VERDICT_NOT_UNDERSTOOD, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

static void test_no_translation_without_tracking(void **state)
{
	struct fixture *fixture = *state;
	struct chain *raw = base(fixture, "raw", HOOK_PREROUTING, -300, VERDICT_ACCEPT);
	struct chain *first = nat(fixture, "first", -100);

	/* Nothing asks the kernel to track connections: then it does not ask the chain, unless something else does. */
	then(fixture, first, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	when(fixture, SELECT_STATE, STATE_INVALID);
	then(fixture, input(fixture, VERDICT_ACCEPT), VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	chain_flush(&fixture->ruleset, first);
	redirect(fixture, 8022);
	then(fixture, first, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	/* The SYN alone is not tracked: the acknowledgement looks like a beginning. */
	chain_flush(&fixture->ruleset, raw);
	when(fixture, SELECT_TCP_FLAGS, 2);
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

/* What is not tracked is not translated: a server that answers from another port than the client's. */
static void test_answer_without_translation(void **state)
{
	struct fixture *fixture = *state;
	struct chain *raw = base(fixture, "raw", HOOK_OUTPUT, -300, VERDICT_ACCEPT);
	struct rule *rule;

	when(fixture, SELECT_TCP_FLAGS, 2);
	redirect(fixture, 2222);
	rule = then(fixture, nat(fixture, "nat", -100), VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	add(fixture, STATEMENT_UNTRACKED);
	then(fixture, raw, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	rule->statements[1].nat.port = 22;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

/* --- sets ------------------------------------------------------------------ */

static struct set *address_set(struct fixture *fixture, const char *name)
{
	return table_add_set(&fixture->ruleset, table(fixture, FILTER_INET, "filter"), name, 1);
}

static struct set_element *add_addresses(struct fixture *fixture, struct set *set, const char *range, bool exclude)
{
	struct set_element *element = set_add_element(&fixture->ruleset, set);

	assert_true(address_parse_range(range, false, &element->key[0].range));
	element->exclude = exclude;
	return element;
}

static void look_up(struct fixture *fixture, enum statement_kind kind, struct set *set, struct key_part *parts,
		    bool negate)
{
	add(fixture, kind)->lookup = (struct lookup){set, parts, negate};
}

static void test_sets(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *set = address_set(fixture, "allowed");
	struct key_part part = {.selector = SELECT_SOURCE};
	struct rule *rule;

	add_addresses(fixture, set, "198.51.100.0/24", false);
	add_addresses(fixture, set, "203.0.113.5", false);
	look_up(fixture, STATEMENT_LOOKUP, set, &part, false);
	rule = then(fixture, in, VERDICT_ACCEPT, NULL);
	accept_established(fixture, base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_DROP));
	assert_int_equal(from(fixture, "198.51.100.255"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "203.0.113.5"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "203.0.113.6"), PASSAGE_CLOSED);
	rule->statements[0].lookup.negate = true;
	assert_int_equal(from(fixture, "203.0.113.5"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "203.0.113.6"), PASSAGE_OPEN);
	/* An expression that looks at the other family's addresses matches nothing. */
	fixture->question.ipv6 = true;
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	fixture->question.ipv6 = false;
	set->unknown = true;
	assert_int_equal(from(fixture, "203.0.113.6"), PASSAGE_UNKNOWN);
	set->unknown = false;
	/* Once a rule has put something in or out. */
	add(fixture, STATEMENT_ADD)->lookup = (struct lookup){set, &part, false};
	then(fixture, base(fixture, "before", HOOK_PREROUTING, 0, VERDICT_ACCEPT), VERDICT_CONTINUE, NULL);
	assert_int_equal(from(fixture, "203.0.113.6"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "203.0.113.5"), PASSAGE_UNKNOWN);
}

static void test_set_with_exclusions(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *set = address_set(fixture, "allowed");
	struct key_part part = {.selector = SELECT_SOURCE};

	add_addresses(fixture, set, "10.0.0.0/8", false);
	add_addresses(fixture, set, "10.1.0.0/16", true);
	add_addresses(fixture, set, "10.1.2.0/24", false);
	look_up(fixture, STATEMENT_LOOKUP, set, &part, false);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "10.0.0.1"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "10.1.0.1"), PASSAGE_CLOSED);
	assert_int_not_equal(from(fixture, "10.1.2.3"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "11.0.0.0"), PASSAGE_CLOSED);
}

static void test_exclusion_in_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *set = table_add_set(&fixture->ruleset, in->table, "allowed", 2);
	struct key_part parts[] = {{.selector = SELECT_SOURCE}, {.selector = SELECT_OTHER, .name = "the weather"}};

	add_addresses(fixture, set, "10.0.0.0/8", false);
	add_addresses(fixture, set, "10.1.0.0/16", true);
	look_up(fixture, STATEMENT_LOOKUP, set, parts, false);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "10.1.0.1"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "10.2.0.1"), PASSAGE_UNKNOWN);
	assert_int_equal(from(fixture, "11.2.0.1"), PASSAGE_CLOSED);
}

static void test_concatenation(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *set = table_add_set(&fixture->ruleset, in->table, "allowed", 2);
	struct key_part parts[] = {{.selector = SELECT_SOURCE}, {.selector = SELECT_DESTINATION_PORT}};

	add_addresses(fixture, set, "10.0.0.0/8", false)->key[1].range =
	    (struct number_range){number_of(22), number_of(22)};
	add_addresses(fixture, set, "11.0.0.0/8", false)->key[1].range =
	    (struct number_range){number_of(80), number_of(80)};
	look_up(fixture, STATEMENT_LOOKUP, set, parts, false);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "10.0.0.1"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "11.0.0.1"), PASSAGE_CLOSED);
}

static void test_verdict_map(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *called = chain(fixture, "called");
	struct set *map = table_add_set(&fixture->ruleset, in->table, NULL, 1);
	struct key_part part = {.selector = SELECT_SOURCE};

	add_addresses(fixture, map, "10.0.0.0/8", false)->verdict.kind = VERDICT_ACCEPT;
	add_addresses(fixture, map, "11.0.0.0/8", false)->verdict = (struct filter_verdict){VERDICT_JUMP, called, NULL};
	add_addresses(fixture, map, "12.0.0.0/8", false)->verdict.kind = VERDICT_DROP;
	look_up(fixture, STATEMENT_VERDICT_MAP, map, &part, false);
	then(fixture, in, VERDICT_CONTINUE, NULL);
	when_from(fixture, "11.0.0.0-13.255.255.255");
	then(fixture, in, VERDICT_ACCEPT, NULL);
	when_from(fixture, "11.1.0.0/16");
	then(fixture, called, VERDICT_REJECT, NULL);
	assert_int_equal(from(fixture, "10.0.0.1"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "11.0.0.1"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "11.1.0.1"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "12.0.0.1"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "13.0.0.1"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "14.0.0.1"), PASSAGE_CLOSED);
}

/* A key that is not known may be any element's: none is lost because another one may come first. */
static void test_verdict_map_in_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	struct set *map = table_add_set(&fixture->ruleset, in->table, NULL, 1);
	struct key_part part = {.selector = SELECT_OTHER, .name = "the weather"};

	set_add_element(&fixture->ruleset, map)->verdict.kind = VERDICT_RETURN;
	set_add_element(&fixture->ruleset, map)->verdict.kind = VERDICT_ACCEPT;
	look_up(fixture, STATEMENT_VERDICT_MAP, map, &part, false);
	then(fixture, in, VERDICT_CONTINUE, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	in->policy = VERDICT_ACCEPT;
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
}

/* --- limits ---------------------------------------------------------------- */

static void test_limits(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *limited = chain(fixture, "limited");

	accept_established(fixture, in);
	then(fixture, in, VERDICT_JUMP, limited);
	add(fixture, STATEMENT_TEST)->test.selector = SELECT_LIMIT;
	then(fixture, limited, VERDICT_ACCEPT, NULL);
	then(fixture, limited, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	/* The answer would be the second packet that the limiter counts. */
	then(fixture, base(fixture, "output", HOOK_OUTPUT, 0, VERDICT_ACCEPT), VERDICT_JUMP, limited);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_SYN_ACK);
}

static void test_limit_for_different_sources(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP), *limited = chain(fixture, "limited");

	accept_established(fixture, in);
	when_from(fixture, "198.51.100.0/24");
	then(fixture, in, VERDICT_JUMP, limited);
	when_from(fixture, "203.0.113.0/24");
	then(fixture, in, VERDICT_JUMP, limited);
	add(fixture, STATEMENT_TEST)->test.selector = SELECT_LIMIT;
	then(fixture, limited, VERDICT_ACCEPT, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "203.0.113.1"), PASSAGE_OPEN);
}

static void when_recent(struct fixture *fixture, enum recent_operation operation, unsigned hit_count)
{
	struct test *test = &add(fixture, STATEMENT_TEST)->test;

	test->selector = SELECT_RECENT;
	test->recent.name = "ssh";
	test->recent.operation = operation;
	test->recent.hit_count = hit_count;
}

static void test_recent(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_ACCEPT);

	accept_established(fixture, in);
	when_recent(fixture, RECENT_CHECK, 0);
	then(fixture, in, VERDICT_DROP, NULL);
	when_recent(fixture, RECENT_SET, 0);
	then(fixture, in, VERDICT_CONTINUE, NULL);
	when_recent(fixture, RECENT_UPDATE, 4);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	when_recent(fixture, RECENT_CHECK, 1);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

/* --- interfaces and addresses ---------------------------------------------- */

static void test_interfaces(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	string_list names;

	when_interface(fixture, SELECT_IN_INTERFACE, "eth0", false);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	when_interface(fixture, SELECT_IN_INTERFACE, "wg*", false);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	ruleset_interfaces(&fixture->ruleset, &fixture->arena, &names);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.items[0], "*");
	assert_string_equal(names.items[1], "eth0");
	assert_string_equal(names.items[2], "wg*");
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.interface = "wg*";
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.interface = "wg0";
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.interface = "*";
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	fixture->question.interface = "eth1";
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	fixture->question.interface = "eth*";
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

static void test_missing_interface(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_ACCEPT);

	/* A packet that comes in has no outgoing interface: its name is empty. */
	when_interface(fixture, SELECT_OUT_INTERFACE, "eth0", false);
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	when_interface(fixture, SELECT_OUT_INTERFACE, "*", false);
	when_from(fixture, "198.51.100.8");
	then(fixture, in, VERDICT_DROP, NULL);
	when_interface(fixture, SELECT_OUT_INTERFACE, "eth1", true);
	when_from(fixture, "198.51.100.9");
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_OPEN);
	assert_int_equal(from(fixture, "198.51.100.8"), PASSAGE_CLOSED);
	assert_int_equal(from(fixture, "198.51.100.9"), PASSAGE_CLOSED);
}

static void test_netdev(void **state)
{
	struct fixture *fixture = *state;
	struct table *device = table(fixture, FILTER_NETDEV, "device");
	struct chain *in = table_add_chain(&fixture->ruleset, device, "ingress");

	chain_set_base(&fixture->ruleset, in, HOOK_INGRESS, 0, false);
	*array_push(&fixture->arena, &in->devices) = (struct interface_name){"eth1", false};
	then(fixture, in, VERDICT_DROP, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.interface = "eth1";
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	in->hook = HOOK_EGRESS;
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
	assert_int_equal(range_at(fixture, "198.51.100.7")->obstacle.packet, PACKET_SYN_ACK);
}

static void test_local_address(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);

	when_address(fixture, SELECT_DESTINATION, "192.0.2.0/24");
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	fixture->question.local_complete = false;
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	fixture->question.local_complete = true;
	*array_push(&fixture->arena, &fixture->local) =
	    (struct local_address){.first = number_of(0x0a000001), .last = number_of(0x0a000001)};
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
	fixture->local.count = 0;
	fixture->question.local_complete = false;
	chain_flush(&fixture->ruleset, in);
	/* No client connects to these. */
	when_address(fixture, SELECT_DESTINATION, "224.0.0.0/4");
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_CLOSED);
}

static void test_client_port(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);

	add_number_test(&fixture->arena, &fixture->list, SELECT_SOURCE_PORT, 80, true);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_OPEN);
	chain_flush(&fixture->ruleset, in);
	add_number_test(&fixture->arena, &fixture->list, SELECT_SOURCE_PORT, 40000, true);
	then(fixture, in, VERDICT_ACCEPT, NULL);
	assert_int_equal(passage(fixture), PASSAGE_UNKNOWN);
}

/* --- many ------------------------------------------------------------------ */

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double time_of_rules(struct fixture *fixture, struct chain *in, unsigned count)
{
	double began;

	for (unsigned i = (unsigned)chain_rule_count(in); i < count; i++) {
		struct test *test = &add(fixture, STATEMENT_TEST)->test;

		/* Every second address, in no order. */
		uint32_t address = 0x0a000000U + ((i * 2654435761U) >> 8 << 1);

		test->selector = SELECT_SOURCE;
		number_set_add(&fixture->arena, &test->numbers, number_of(address), number_of(address));
		then(fixture, in, i % 3 ? VERDICT_DROP : VERDICT_ACCEPT, NULL);
	}
	began = seconds();
	assert_int_equal(from(fixture, "198.51.100.7"), PASSAGE_CLOSED);
	return seconds() - began;
}

static void test_many_rules(void **state)
{
	struct fixture *fixture = *state;
	struct chain *in = input(fixture, VERDICT_DROP);
	double some = time_of_rules(fixture, in, 25000), all = time_of_rules(fixture, in, 100000);
	struct number_set open;

	print_message("# 25,000 rules: %.2f s, 100,000 rules: %.2f s\n", some, all);
	evaluation_sources(&fixture->evaluation, PASSAGE_OPEN, &fixture->arena, &open);
	assert_true(open.count > 30000);
	evaluation_sources(&fixture->evaluation, PASSAGE_UNKNOWN, &fixture->arena, &open);
	assert_int_equal(open.count, 0);
	/* Four times the rules: a square would be sixteen times the time. */
	assert_true(all < 10 * some + 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    TEST(test_no_rules),
	    TEST(test_policy),
	    TEST(test_first_verdict_counts),
	    TEST(test_all_packets_are_asked),
	    TEST(test_several_base_chains),
	    TEST(test_order_of_equal_priority),
	    TEST(test_families),
	    TEST(test_jump_goto_return),
	    TEST(test_goto_below_a_jump),
	    TEST(test_circle),
	    TEST(test_deep),
	    TEST(test_made_to_be_slow),
	    TEST(test_doubt),
	    TEST(test_doubtful_return),
	    TEST(test_doubt_ends_with_its_chain),
	    TEST(test_change_behind_doubt),
	    TEST(test_marks),
	    TEST(test_connection_mark),
	    TEST(test_untracked),
	    TEST(test_notrack_too_late),
	    TEST(test_status),
	    TEST(test_owner),
	    TEST(test_redirect),
	    TEST(test_redirect_and_sets),
	    TEST(test_possible_redirect),
	    TEST(test_no_translation_without_tracking),
	    TEST(test_answer_without_translation),
	    TEST(test_sets),
	    TEST(test_set_with_exclusions),
	    TEST(test_exclusion_in_doubt),
	    TEST(test_concatenation),
	    TEST(test_verdict_map),
	    TEST(test_verdict_map_in_doubt),
	    TEST(test_limits),
	    TEST(test_limit_for_different_sources),
	    TEST(test_recent),
	    TEST(test_interfaces),
	    TEST(test_missing_interface),
	    TEST(test_netdev),
	    TEST(test_local_address),
	    TEST(test_client_port),
	    TEST(test_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
