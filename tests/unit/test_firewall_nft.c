/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repairs of nft rules: the edit, and that the connection gets through when it is made. */
#include "small_root.h"

#include "parse/nft.h"
#include "stage/firewall.h"
#include "target/staged.h"

#define RULES "/etc/nftables.conf"
#define HEAD "\t\ttype filter hook input priority 0; policy drop;\n"

struct attempt {
	struct small_root *root;
	struct facts facts;
	struct findings findings;
	struct ruleset ruleset;
	struct load_report report;
};

static void load(struct attempt *attempt, const char *path)
{
	struct nft_input input = {.target = attempt->root->target, .path = path};

	attempt->ruleset = (struct ruleset){.arena = &attempt->root->arena};
	attempt->report = (struct load_report){0};
	assert_int_equal(target_read(attempt->root->target, path, 1 << 20, &attempt->root->arena, &input.content, NULL),
			 0);
	nft_load(&attempt->ruleset, &input, &attempt->report);
	assert_int_equal(attempt->report.notes.count, 0);
}

static const struct obstacle *obstacle(struct attempt *attempt, bool ipv6)
{
	struct question question = {
	    .ipv6 = ipv6,
	    .port = 22,
	    .ports = (const unsigned[]){22},
	    .port_count = 1,
	    .interface = "eth0",
	};
	struct evaluation *evaluation = ARENA_NEW(&attempt->root->arena, struct evaluation);

	evaluate(&attempt->ruleset, &question, &attempt->root->arena, evaluation);
	return evaluation_obstacle(evaluation, PASSAGE_CLOSED);
}

static struct attempt begin(struct small_root *root)
{
	struct attempt attempt = {.root = root};

	attempt.facts.arena = &root->arena;
	attempt.facts.target = root->target;
	attempt.findings.arena = &root->arena;
	return attempt;
}

/* One repair; NULL when there is none, else what it says of itself. */
static const char *repair(struct attempt *attempt, bool ipv4, bool ipv6)
{
	struct breach breach = {.ipv4 = ipv4, .ipv6 = ipv6, .port = 22, .ruleset = &attempt->ruleset};
	struct problem *problem = ARENA_NEW(&attempt->root->arena, struct problem);
	const struct edit *edits[4], *failed;

	breach.obstacle = obstacle(attempt, !ipv4);
	assert_non_null(breach.obstacle);
	problem->info = &problem_table[PROBLEM_FIREWALL_UNEVALUATED];
	if (!firewall_repair_nft(&attempt->facts, &attempt->findings, problem, &breach))
		return NULL;
	assert_int_equal(problem->verb, VERB_ADD);
	assert_in_range(problem->edits.count, 1, ARRAY_SIZE(edits));
	for (size_t i = 0; i < problem->edits.count; i++)
		edits[i] = &problem->edits.items[i];
	assert_int_equal(staged_apply(attempt->root->target, edits, problem->edits.count, &failed), 0);
	return problem->repair;
}

static void expect(struct attempt *attempt, const char *path, const char *text)
{
	struct blob content;

	assert_int_equal(target_read(attempt->root->target, path, 1 << 20, &attempt->root->arena, &content, NULL), 0);
	assert_string_equal(content.data, text);
}

static const struct {
	const char *before, *after;
	bool ipv4, ipv6;
} cases[] = {
    {"table inet t {\n\tchain c {\n" HEAD "\t\tct state established accept\n\t\tcounter drop # all\n\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD
     "\t\tct state established accept\n\t\ttcp dport 22 accept\n\t\tcounter drop # all\n\t}\n}\n",
     true, true},
    {"table inet t {\n\tchain c {\n" HEAD "\t\tiif lo accept # local\n\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD "\t\tiif lo accept # local\n\t\ttcp dport 22 accept\n\t}\n}\n", true, true},
    {"table inet t {\n\tchain c {\n" HEAD "\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD "\t\ttcp dport 22 accept\n\t}\n}\n", true, true},
    {"table inet t {\n\tchain c {\n" HEAD "\t\tip saddr {\n\t\t\t10.0.0.0/8,\n\t\t\t192.0.2.1\n\t\t} accept\n\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD
     "\t\tip saddr {\n\t\t\t10.0.0.0/8,\n\t\t\t192.0.2.1\n\t\t} accept\n\t\ttcp dport 22 accept\n\t}\n}\n",
     true, true},
    {"table inet t { chain c { type filter hook input priority 0; policy drop; }; }\n",
     "table inet t { chain c { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; }\n", true,
     true},
    {"table inet t { chain c { type filter hook input priority 0; iif lo accept; drop; }; }\n",
     "table inet t { chain c { type filter hook input priority 0; iif lo accept; tcp dport 22 accept; drop; }; }\n",
     true, true},
    {"table inet t { chain c { type filter hook input priority 0; policy drop; iif lo accept ; }; }\n",
     "table inet t { chain c { type filter hook input priority 0; policy drop; iif lo accept; tcp dport 22 accept ; }; "
     "}\n",
     true, true},
    {"table inet t {\n\tchain c {\n" HEAD "\t\tiif lo accept; drop\n\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD "\t\tiif lo accept; tcp dport 22 accept; drop\n\t}\n}\n", true, true},
    /* In the chain that stops it, of one family. */
    {"table inet t {\n\tchain no {\n\t\tmeta nfproto ipv6 drop\n\t}\n\tchain c {\n\t\ttype filter hook input priority "
     "0;\n\t\tjump no\n\t}\n}\n",
     "table inet t {\n\tchain no {\n\t\tmeta nfproto ipv6 tcp dport 22 accept\n\t\tmeta nfproto ipv6 drop\n\t}\n\tchain c "
     "{\n\t\ttype filter hook input priority 0;\n\t\tjump no\n\t}\n}\n",
     false, true},
    {"table ip6 t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\treject\n\t}\n}\n",
     "table ip6 t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\ttcp dport 22 accept\n\t\treject\n\t}\n}\n",
     false, true},
    /* Answers. */
    {"table inet t {\n\tchain o {\n\t\ttype filter hook output priority 0; policy drop;\n\t\toif lo accept\n\t}\n}\n",
     "table inet t {\n\tchain o {\n\t\ttype filter hook output priority 0; policy drop;\n\t\toif lo accept\n\t\ttcp sport "
     "22 ct state established accept\n\t}\n}\n",
     true, true},
    {"table netdev t {\n\tchain i {\n\t\ttype filter hook ingress device eth0 priority 0;\n\t\tmeta protocol ip tcp "
     "dport 1-1023 drop\n\t}\n}\n",
     "table netdev t {\n\tchain i {\n\t\ttype filter hook ingress device eth0 priority 0;\n\t\tmeta protocol ip tcp "
     "dport 22 accept\n\t\tmeta protocol ip tcp dport 1-1023 drop\n\t}\n}\n",
     true, false},
    /* Commands. */
    {"add table inet t\nadd chain inet t c { type filter hook input priority 0; }\nadd rule inet t c iif lo accept\nadd "
     "rule inet t c drop\n",
     "add table inet t\nadd chain inet t c { type filter hook input priority 0; }\nadd rule inet t c iif lo accept\nadd "
     "rule inet t c tcp dport 22 accept\nadd rule inet t c drop\n",
     true, true},
    {"add table inet t\nadd chain inet t c { type filter hook input priority 0; policy drop; }\nadd rule inet t c iif lo "
     "accept\nadd table inet u\n",
     "add table inet t\nadd chain inet t c { type filter hook input priority 0; policy drop; }\nadd rule inet t c iif lo "
     "accept\nadd rule inet t c tcp dport 22 accept\nadd table inet u\n",
     true, true},
    {"add table inet t\nadd chain inet t c { type filter hook input priority 0; policy drop; }\n",
     "add table inet t\nadd chain inet t c { type filter hook input priority 0; policy drop; tcp dport 22 accept; }\n",
     true, true},
    {"add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c drop\n",
     "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c tcp dport 22 accept; "
     "add rule inet t c drop\n",
     true, true},
    {"table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\taccept\n\t}\n}\ninsert rule inet t c drop\n",
     "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\taccept\n\t}\n}\ninsert rule inet t c "
     "drop\ninsert rule inet t c tcp dport 22 accept\n",
     true, true},
    /* Behind "return" nothing is reached. */
    {"table inet t {\n\tchain c {\n" HEAD "\t\treturn\n\t}\n}\n",
     "table inet t {\n\tchain c {\n" HEAD "\t\ttcp dport 22 accept\n\t\treturn\n\t}\n}\n", true, true},
};

static void the_rule_is_put_where_it_works(void **state)
{
	/* What comes after the SYN is not what these are about. */
	static const char established[] =
	    "table inet z {\n\tchain e {\n\t\ttype filter hook input priority -5;\n\t}\n}\n";
	struct small_root *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct attempt attempt = begin(root);
		struct staged *before = staged_snapshot(root->target);
		const char *text = arena_printf(&root->arena, "%s%s", cases[i].before, established);

		put(root, RULES, text);
		load(&attempt, RULES);
		assert_non_null(repair(&attempt, cases[i].ipv4, cases[i].ipv6));
		expect(&attempt, RULES, arena_printf(&root->arena, "%s%s", cases[i].after, established));
		load(&attempt, RULES);
		if ((cases[i].ipv4 && obstacle(&attempt, false)) || (cases[i].ipv6 && obstacle(&attempt, true)))
			fail_msg("still closed: %s", cases[i].after);
		staged_restore(root->target, before);
	}
}

static void it_goes_into_the_file_that_it_comes_from(void **state)
{
	struct small_root *root = *state;
	struct attempt attempt = begin(root);

	put(root, RULES, "include \"/etc/nftables.d/*.nft\"\n");
	put(root, "/etc/nftables.d/ssh.nft",
	    "table inet t {\n    chain c {\n        type filter hook input priority 0;\n"
	    "        reject\n    }\n}\n");
	load(&attempt, RULES);
	assert_string_equal(repair(&attempt, true, true), "tcp dport 22 accept to chain c of table inet t");
	expect(
	    &attempt, "/etc/nftables.d/ssh.nft",
	    "table inet t {\n    chain c {\n        type filter hook input priority 0;\n        tcp dport 22 accept\n"
	    "        reject\n    }\n}\n");
}

static void some_places_are_left_alone(void **state)
{
	static const char *const texts[] = {
	    "table inet t {\n\tchain c {\n\t\ttype nat hook prerouting priority -100;\n\t\ttcp dport 22 redirect to "
	    ":2000\n\t}\n}\n",
	    "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\tiif lo accept\n\t}\n}\nadd rule inet "
	    "t c index 0 drop\n",
	    "add table inet t\nadd chain inet t c { type filter hook input priority 0; }\nadd rule inet t c \\\ndrop\n",
	};
	struct small_root *root = *state;
	struct attempt attempt = begin(root);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put(root, RULES, texts[i]);
		load(&attempt, RULES);
		assert_null(repair(&attempt, true, true));
	}
	put(root, "/usr/share/rules.nft", "table inet t {\n\tchain c {\n" HEAD "\t}\n}\n");
	load(&attempt, "/usr/share/rules.nft");
	assert_null(repair(&attempt, true, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_rule_is_put_where_it_works, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(it_goes_into_the_file_that_it_comes_from, small_root_setup,
					    small_root_teardown),
	    cmocka_unit_test_setup_teardown(some_places_are_left_alone, small_root_setup, small_root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
