/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding values in a report, and comparing what it promises with who listens. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/text.h"
#include "live/promise.h"
#include "parse/json.h"

static struct blob blob_of(const char *text)
{
	return (struct blob){(char *)text, strlen(text)};
}

/* The text of a member, as it stands there; "-" where there is none. */
static const char *member(struct arena *arena, const char *text, const char *name)
{
	struct blob blob = blob_of(text);
	struct json whole, value;

	if (!json_value(&blob, &whole) || !json_member(whole, name, &value))
		return "-";
	return arena_memdup(arena, value.at, (size_t)(value.end - value.at));
}

static void members_are_found_at_the_top_only(void **state)
{
	cleanup_arena struct arena arena = {0};

	(void)state;
	assert_string_equal(member(&arena, "{\"a\": 1, \"b\": {\"c\": 2}, \"c\": [3, {\"d\": 4}]}", "c"),
			    "[3, {\"d\": 4}]");
	assert_string_equal(member(&arena, " { \"x\" : \"}, \\\"a\\\": 1\" , \"a\":-2.5e3}", "a"), "-2.5e3");
	assert_string_equal(member(&arena, "{\"a\": null}", "a"), "null");
	assert_string_equal(member(&arena, "{\"aa\": 1, \"\": 2}", "a"), "-");
	assert_string_equal(member(&arena, "{}", "a"), "-");
}

static void what_is_no_json_ends_early(void **state)
{
	static const char *const texts[] = {"",	       " ",	   "{",		"{\"a",	       "{\"a\"",
					    "{\"a\":", "{\"a\":}", "{\"a\":[",	"{\"a\":\"\\", "[\"a\", 1]",
					    "a",       "{a: 1}",   "{,\"a\":1}"};
	cleanup_arena struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_string_equal(member(&arena, texts[i], "a"), "-");
}

static void brackets_may_be_as_deep_as_they_like(void **state)
{
	enum {
		DEPTH = 1000000
	};
	cleanup_arena struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct json whole;

	(void)state;
	for (int i = 0; i < DEPTH; i++)
		text_add(&text, "[", 1);
	assert_false(json_value(&(struct blob){text.data, text.size}, &whole));
	for (int i = 0; i < DEPTH; i++)
		text_add(&text, "]", 1);
	assert_true(json_value(&(struct blob){text.data, text.size}, &whole));
}

static void strings_and_numbers_are_plain_ones(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct blob blob = blob_of("[\"::\", \"a\\u0041\", 65535, 65536, -1, 1.5, true]");
	struct json rest, value;
	uint64_t number;

	(void)state;
	assert_true(json_value(&blob, &rest));
	assert_true(json_element(&rest, &value));
	assert_string_equal(json_string(&arena, value), "::");
	assert_false(json_number(value, 65535, &number));
	assert_true(json_element(&rest, &value));
	assert_null(json_string(&arena, value));
	assert_true(json_element(&rest, &value));
	assert_true(json_number(value, 65535, &number));
	assert_int_equal(number, 65535);
	assert_null(json_string(&arena, value));
	for (int i = 0; i < 4; i++) {
		assert_true(json_element(&rest, &value));
		assert_false(json_number(value, 65535, &number));
	}
	assert_false(json_element(&rest, &value));
}

/* --- comparing --- */

static struct listener listener(const char *address, unsigned port, bool ipv6_only)
{
	struct listener ret = {.ipv6 = strchr(address, ':') != NULL, .ipv6_only = ipv6_only, .port = port};

	assert_int_equal(inet_pton(ret.ipv6 ? AF_INET6 : AF_INET, address, ret.address), 1);
	return ret;
}

/* What becomes of the promise of one address when one socket is there. */
static enum promise_status outcome(const char *promised, struct listener there, bool ipv6)
{
	cleanup_arena struct arena arena = {0};
	struct promise promise = {.verdict = "reachable"};
	listener_list listeners = {0};
	struct comparison comparison;

	*array_push(&arena, &promise.addresses) = (struct promised_address){promised, 22};
	*array_push(&arena, &listeners) = there;
	promise_compare(&arena, &promise, &listeners, ipv6, &comparison);
	return comparison.status;
}

static void sockets_serve_what_they_are_bound_to(void **state)
{
	static const struct {
		const char *promised, *there;
		unsigned port;
		bool ipv6_only;
		enum promise_status status;
	} cases[] = {
	    {"0.0.0.0", "0.0.0.0", 22, false, PROMISE_KEPT},
	    {"0.0.0.0", "0.0.0.0", 23, false, PROMISE_BROKEN},
	    {"0.0.0.0", "::", 22, false, PROMISE_KEPT},
	    {"0.0.0.0", "::", 22, true, PROMISE_BROKEN},
	    {"::", "::", 22, true, PROMISE_KEPT},
	    {"::", "0.0.0.0", 22, false, PROMISE_BROKEN},
	    {"0.0.0.0", "127.0.0.1", 22, false, PROMISE_BROKEN},
	    {"0.0.0.0", "192.0.2.1", 22, false, PROMISE_BROKEN},
	    {"192.0.2.1", "192.0.2.1", 22, false, PROMISE_KEPT},
	    {"192.0.2.1", "192.0.2.2", 22, false, PROMISE_BROKEN},
	    {"192.0.2.1", "0.0.0.0", 22, false, PROMISE_KEPT},
	    {"2001:db8::1", "2001:db8::1", 22, true, PROMISE_KEPT},
	    {"2001:db8::1", "::1", 22, true, PROMISE_BROKEN},
	    {"gate.example", "192.0.2.1", 22, false, PROMISE_KEPT},
	    {"gate.example", "127.0.0.1", 22, false, PROMISE_BROKEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
		    outcome(cases[i].promised, listener(cases[i].there, cases[i].port, cases[i].ipv6_only), true),
		    cases[i].status);
}

static void without_ipv6_nobody_misses_it(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct promise promise = {.verdict = "reachable"};
	listener_list listeners = {0};
	struct comparison comparison;

	(void)state;
	*array_push(&arena, &promise.addresses) = (struct promised_address){"0.0.0.0", 22};
	*array_push(&arena, &promise.addresses) = (struct promised_address){"::", 22};
	*array_push(&arena, &listeners) = listener("0.0.0.0", 22, false);
	promise_compare(&arena, &promise, &listeners, false, &comparison);
	assert_int_equal(comparison.status, PROMISE_KEPT);
	promise_compare(&arena, &promise, &listeners, true, &comparison);
	assert_int_equal(comparison.status, PROMISE_BROKEN);
	assert_int_equal(comparison.missing.count, 1);
	/* ... but somebody has to be there. */
	assert_int_equal(outcome("::", listener("0.0.0.0", 23, false), false), PROMISE_BROKEN);
}

static void promises_are_read_from_reports(void **state)
{
	cleanup_arena struct arena arena = {0};
	struct promise promise;
	struct blob report =
	    blob_of("{\"schema\": 1, \"verdict\": \"reachable\", \"addresses\": [{\"address\": \"::\", "
		    "\"port\": 22}, {\"port\": 2222, \"address\": \"gate\"}], \"exit\": 0}");

	(void)state;
	assert_int_equal(promise_read(&arena, &report, &promise), 0);
	assert_string_equal(promise.verdict, "reachable");
	assert_int_equal(promise.addresses.count, 2);
	assert_string_equal(promise.addresses.items[1].address, "gate");
	assert_int_equal(promise.addresses.items[1].port, 2222);
	report = blob_of("{\"verdict\": \"unknown\", \"problems\": []}");
	assert_int_equal(promise_read(&arena, &report, &promise), 0);
	assert_int_equal(promise.addresses.count, 0);
	report = blob_of("{\"verdict\": \"reachable\"}");
	assert_int_equal(promise_read(&arena, &report, &promise), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_are_found_at_the_top_only),
	    cmocka_unit_test(what_is_no_json_ends_early),
	    cmocka_unit_test(brackets_may_be_as_deep_as_they_like),
	    cmocka_unit_test(strings_and_numbers_are_plain_ones),
	    cmocka_unit_test(sockets_serve_what_they_are_bound_to),
	    cmocka_unit_test(without_ipv6_nobody_misses_it),
	    cmocka_unit_test(promises_are_read_from_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
