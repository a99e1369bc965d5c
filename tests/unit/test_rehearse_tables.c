/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <string.h>

#include <linux/netfilter.h>

#include "rehearse/counters.h"
#include "rehearse/submounts.h"

static const char mountinfo[] = "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
				"22 21 0:5 / /proc rw - proc proc rw\n"
				"30 21 8:1 / /mnt rw - ext4 /dev/sda1 rw\n"
				"31 30 8:2 / /mnt/usr rw - ext4 /dev/sda2 rw\n"
				"32 30 0:40 /@var /mnt/var rw - btrfs /dev/sda3 rw,subvol=/@var\n"
				"33 30 0:41 / /mnt/run rw - tmpfs tmpfs rw\n"
				"34 30 8:4 / /mnt/with\\040space rw - xfs /dev/sda4 rw\n"
				"35 21 8:5 / /mnt2 rw - ext4 /dev/sda5 rw\n"
				"a line that is none\n"
				"36 30 8:6";

static void filesystems_on_disks_below_the_root_are_found(void **state)
{
	struct arena arena = {0};
	struct blob content = {.data = (char *)mountinfo, .size = sizeof(mountinfo) - 1};
	string_list list = {0};

	(void)state;
	submounts_read(&arena, &content, "/mnt", &list);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0], "/mnt/usr");
	assert_string_equal(list.items[1], "/mnt/var");
	assert_string_equal(list.items[2], "/mnt/with space");
	list.count = 0;
	submounts_read(&arena, &content, "/", &list);
	assert_int_equal(list.count, 5);
	assert_string_equal(list.items[0], "/mnt");
	arena_release(&arena);
}

/* INPUT with one rule and a policy, and a chain of the user's with two rules. */
static const struct counted_rule rules[] = {
    {.chain = "INPUT", .position = 1, .packets = 5},
    {.chain = "INPUT", .position = 2, .policy = true, .ends = true, .packets = 7},
    {.chain = "ssh", .position = 1, .packets = 1},
    {.chain = "ssh", .position = 2, .ends = true, .packets = 3},
};

static counted_rules copy_of(struct arena *arena)
{
	counted_rules list = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		*array_push(arena, &list) = rules[i];
	return list;
}

static void the_rule_that_took_the_packet_is_found(void **state)
{
	struct arena arena = {0};
	counted_rules before = copy_of(&arena), after = copy_of(&arena);
	struct trace_verdict verdict = {0};

	(void)state;
	assert_false(counters_compare(&before, &after, false, "filter", &verdict));
	/* A rule that only passes packets on is not to blame. */
	after.items[0].packets++;
	after.items[2].packets++;
	assert_false(counters_compare(&before, &after, false, "filter", &verdict));
	after.items[3].packets++;
	assert_true(counters_compare(&before, &after, false, "filter", &verdict));
	assert_true(verdict.found && verdict.legacy && !verdict.policy);
	assert_int_equal(verdict.family, NFPROTO_IPV4);
	assert_string_equal(verdict.table, "filter");
	assert_string_equal(verdict.chain, "ssh");
	assert_int_equal(verdict.position, 2);
	assert_int_equal(verdict.rule_count, 2);
	after.items[1].packets++;
	assert_true(counters_compare(&before, &after, true, "filter", &verdict));
	assert_true(verdict.policy);
	assert_int_equal(verdict.family, NFPROTO_IPV6);
	assert_string_equal(verdict.chain, "INPUT");
	/* Other rules by now: nothing can be told. */
	after.count--;
	assert_false(counters_compare(&before, &after, false, "filter", &verdict));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filesystems_on_disks_below_the_root_are_found),
	    cmocka_unit_test(the_rule_that_took_the_packet_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
