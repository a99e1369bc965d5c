/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repairs of iptables-save files: what they write, and that it lets the connection in. */
#include "small_root.h"

#include "parse/iptables_save.h"
#include "stage/firewall.h"
#include "target/staged.h"

static const unsigned port = 22;

static void evaluate_file(struct small_root *root, const char *path, bool ipv6, struct ruleset *ruleset,
			  struct evaluation *ret)
{
	struct iptables_input input = {.target = root->target, .path = path, .ipv6 = ipv6};
	struct load_report report = {0};
	local_address_list local = {0};
	struct question question = {
	    .ipv6 = ipv6, .port = port, .ports = &port, .port_count = 1, .interface = "eth0", .local = &local};

	*ruleset = (struct ruleset){.arena = &root->arena};
	assert_int_equal(target_read(root->target, path, TARGET_FILE_LIMIT, &root->arena, &input.content, NULL), 0);
	iptables_save_load(ruleset, &input, &report);
	for (size_t i = 0; i < report.notes.count; i++)
		fail_msg("line %u: %s", report.notes.items[i].place.line, report.notes.items[i].message);
	evaluate(ruleset, &question, &root->arena, ret);
}

/* False where there is no repair; then there is a remedy or nothing. */
static bool repair(struct small_root *root, const char *path, bool ipv6, const struct ruleset *ruleset,
		   const struct obstacle *obstacle, const char **ret_remedy)
{
	struct facts facts = {.arena = &root->arena, .target = root->target};
	struct findings findings = {.arena = &root->arena};
	struct problem *problem = problem_raise(&findings, PROBLEM_FIREWALL_UNEVALUATED, NULL, 0, "iptables");
	struct breach breach = {.ipv4 = !ipv6, .ipv6 = ipv6, .port = port, .obstacle = obstacle, .ruleset = ruleset};
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed;

	*array_push(&root->arena, &breach.loaded) = arena_strdup(&root->arena, path);
	*ret_remedy = NULL;
	if (!firewall_repair_iptables(&facts, &findings, problem, &breach)) {
		assert_int_equal(problem->edits.count, 0);
		*ret_remedy = problem->remedy;
		return false;
	}
	assert_non_null(problem->repair);
	for (size_t i = 0; i < problem->edits.count; i++)
		*array_push(&root->arena, &edits) = &problem->edits.items[i];
	assert_int_equal(staged_apply(root->target, edits.items, edits.count, &failed), 0);
	return true;
}

#define HEAD "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
#define ACCEPT_HEAD "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
#define KNOWN "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
#define SSH "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"

static const struct {
	const char *name, *before, *after;
	const char *path; /* NULL: /etc/iptables/rules.v4 */
	bool ipv6;
} cases[] = {
    {"a policy", HEAD KNOWN "COMMIT\n", .after = HEAD KNOWN SSH "COMMIT\n"},
    {"a policy, no rule of the chain", HEAD "-A OUTPUT -j ACCEPT\nCOMMIT\n",
     .after = HEAD "-A OUTPUT -j ACCEPT\n" SSH "COMMIT\n"},
    {"a policy of one table among others",
     "*nat\n-A PREROUTING -i x -j ACCEPT\nCOMMIT\n" HEAD KNOWN "-A FORWARD -j DROP\nCOMMIT\n*raw\nCOMMIT\n",
     .after =
	 "*nat\n-A PREROUTING -i x -j ACCEPT\nCOMMIT\n" HEAD KNOWN SSH "-A FORWARD -j DROP\nCOMMIT\n*raw\nCOMMIT\n"},
    {"a policy by -P", "*filter\n-P INPUT DROP\nCOMMIT\n", .after = "*filter\n-P INPUT DROP\n" SSH "COMMIT\n"},
    {"a rule", ACCEPT_HEAD KNOWN "-A INPUT -j REJECT\nCOMMIT\n",
     .after = ACCEPT_HEAD KNOWN SSH "-A INPUT -j REJECT\nCOMMIT\n"},
    {"a rule with counters", ACCEPT_HEAD "[1:2] -A INPUT -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n",
     .after = ACCEPT_HEAD "[0:0] " SSH "[1:2] -A INPUT -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n"},
    {"a rule of another chain",
     ACCEPT_HEAD ":own - [0:0]\n-A INPUT -j own\n-A own -s 10.0.0.0/8 -j ACCEPT\n"
		 "-A own -j DROP\nCOMMIT\n",
     .after = ACCEPT_HEAD ":own - [0:0]\n-A INPUT -j own\n-A own -s 10.0.0.0/8 -j ACCEPT\n"
			  "-A own -p tcp -m tcp --dport 22 -j ACCEPT\n-A own -j DROP\nCOMMIT\n"},
    {"an inserted rule", ACCEPT_HEAD SSH "-I INPUT -p tcp --dport 22 -j DROP\nCOMMIT\n",
     .after =
	 ACCEPT_HEAD SSH "-I INPUT -p tcp --dport 22 -j DROP\n-I INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"},
    {"an inserted rule with its number", ACCEPT_HEAD KNOWN "--insert INPUT 2 -p tcp --dport 22 -j DROP\nCOMMIT\n",
     .after = ACCEPT_HEAD KNOWN "--insert INPUT 2 -p tcp --dport 22 -j DROP\n"
				"-I INPUT 2 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"},
    {"the command behind the rule", ACCEPT_HEAD "-p tcp --dport 22 -A INPUT -j DROP\nCOMMIT\n",
     .after = ACCEPT_HEAD SSH "-p tcp --dport 22 -A INPUT -j DROP\nCOMMIT\n"},
    {"answers by policy", "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n",
     .after = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\n"
	      "-A OUTPUT -p tcp -m tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n"},
    {"answers before tracking", "*raw\n-A OUTPUT -p tcp --sport 22 -j DROP\nCOMMIT\n",
     .after = "*raw\n-A OUTPUT -p tcp -m tcp --sport 22 -j ACCEPT\n-A OUTPUT -p tcp --sport 22 -j DROP\nCOMMIT\n"},
    {"both ways", "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n",
     .after = "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\n" SSH
	      "-A OUTPUT -p tcp -m tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n"},
    {"without tracking",
     "*raw\n-A PREROUTING -j NOTRACK\n-A OUTPUT -j NOTRACK\nCOMMIT\n*filter\n:OUTPUT DROP\nCOMMIT\n",
     .after = "*raw\n-A PREROUTING -j NOTRACK\n-A OUTPUT -j NOTRACK\nCOMMIT\n*filter\n:OUTPUT DROP\n"
	      "-A OUTPUT -p tcp -m tcp --sport 22 -j ACCEPT\nCOMMIT\n"},
    {"IPv6", HEAD "COMMIT\n", .after = HEAD SSH "COMMIT\n", .path = "/etc/iptables/rules.v6", .ipv6 = true},
    {"the last line has no newline", HEAD "COMMIT", .after = HEAD SSH "COMMIT"},
    {"redirected", "*nat\n-A PREROUTING -p tcp --dport 22 -j REDIRECT --to-ports 2222\nCOMMIT\n", .after = NULL},
    {"of a package", HEAD "COMMIT\n", .path = "/usr/share/rules"},
};

static void check(struct small_root *root, size_t number)
{
	const char *path = cases[number].path ? cases[number].path : "/etc/iptables/rules.v4", *remedy;
	bool ipv6 = cases[number].ipv6, repaired = false;
	const struct obstacle *obstacle;
	struct evaluation evaluation;
	struct ruleset ruleset;
	struct blob content;

	put(root, path, cases[number].before);
	evaluate_file(root, path, ipv6, &ruleset, &evaluation);
	assert_non_null(evaluation_obstacle(&evaluation, PASSAGE_CLOSED));
	/* The way in, then the way out. */
	while ((obstacle = evaluation_obstacle(&evaluation, PASSAGE_CLOSED))) {
		if (!repair(root, path, ipv6, &ruleset, obstacle, &remedy))
			break;
		repaired = true;
		evaluate_file(root, path, ipv6, &ruleset, &evaluation);
	}
	if (!cases[number].after) {
		assert_false(repaired);
		assert_non_null(remedy);
		return;
	}
	assert_int_equal(target_read(root->target, path, TARGET_FILE_LIMIT, &root->arena, &content, NULL), 0);
	if (!string_equal(content.data, cases[number].after))
		fail_msg("%s:\n%swanted:\n%s", cases[number].name, content.data, cases[number].after);
	assert_null(evaluation_obstacle(&evaluation, PASSAGE_CLOSED));
	assert_null(evaluation_obstacle(&evaluation, PASSAGE_UNKNOWN));
}

static void a_rule_is_added_where_the_connection_stops(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		void *root = NULL;

		small_root_setup(&root);
		check(root, i);
		small_root_teardown(&root);
	}
}

static void what_no_boot_loads_is_left(void **state)
{
	struct small_root *root = *state;
	const char *remedy;
	struct evaluation evaluation;
	struct ruleset ruleset;

	put(root, "/etc/rules", HEAD "COMMIT\n");
	evaluate_file(root, "/etc/rules", false, &ruleset, &evaluation);
	assert_false(
	    repair(root, "/etc/other", false, &ruleset, evaluation_obstacle(&evaluation, PASSAGE_CLOSED), &remedy));
	assert_false(repair(root, "/etc/rules", false, &ruleset, NULL, &remedy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rule_is_added_where_the_connection_stops),
	    cmocka_unit_test_setup_teardown(what_no_boot_loads_is_left, small_root_setup, small_root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
