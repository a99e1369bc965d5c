/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "base/text.h"
#include "filter/evaluate.h"
#include "parse/ufw.h"
#include "stage/firewall.h"
#include "target/staged.h"

/* The files as ufw 0.36.2 ships and writes them, without their comments and what is for UDP and ICMP. u is "ufw" or
 * "ufw6". */
#define BEFORE_HEAD(u)                            \
	"*filter\n"                               \
	":" u "-before-input - [0:0]\n"           \
	":" u "-before-output - [0:0]\n"          \
	":" u "-before-forward - [0:0]\n"         \
	":" u "-not-local - [0:0]\n"              \
	"-A " u "-before-input -i lo -j ACCEPT\n" \
	"-A " u "-before-output -o lo -j ACCEPT\n"
#define BEFORE_ESTABLISHED(u)                                                          \
	"-A " u "-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" \
	"-A " u "-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
#define BEFORE_TAIL(u)                                                                       \
	"-A " u "-before-input -m conntrack --ctstate INVALID -j " u "-logging-deny\n"       \
	"-A " u "-before-input -m conntrack --ctstate INVALID -j DROP\n"                     \
	"-A " u "-before-input -j " u "-not-local\n"                                         \
	"-A " u "-not-local -m addrtype --dst-type LOCAL -j RETURN\n"                        \
	"-A " u "-not-local -m limit --limit 3/min --limit-burst 10 -j " u "-logging-deny\n" \
	"-A " u "-not-local -j DROP\n"
#define BEFORE(u) BEFORE_HEAD(u) BEFORE_ESTABLISHED(u) BEFORE_TAIL(u) "COMMIT\n"
#define AFTER(u)                                                                  \
	"*filter\n"                                                               \
	":" u "-after-input - [0:0]\n"                                            \
	":" u "-after-output - [0:0]\n"                                           \
	":" u "-after-forward - [0:0]\n"                                          \
	"-A " u "-after-input -p tcp --dport 139 -j " u "-skip-to-policy-input\n" \
	"COMMIT\n"
/* Seventeen lines, then the rules. */
#define USER_HEAD(u)                              \
	"*filter\n"                               \
	":" u "-user-input - [0:0]\n"             \
	":" u "-user-output - [0:0]\n"            \
	":" u "-user-forward - [0:0]\n"           \
	":" u "-before-logging-input - [0:0]\n"   \
	":" u "-before-logging-output - [0:0]\n"  \
	":" u "-before-logging-forward - [0:0]\n" \
	":" u "-user-logging-input - [0:0]\n"     \
	":" u "-user-logging-output - [0:0]\n"    \
	":" u "-user-logging-forward - [0:0]\n"   \
	":" u "-after-logging-input - [0:0]\n"    \
	":" u "-after-logging-output - [0:0]\n"   \
	":" u "-after-logging-forward - [0:0]\n"  \
	":" u "-logging-deny - [0:0]\n"           \
	":" u "-logging-allow - [0:0]\n"          \
	":" u "-user-limit - [0:0]\n"             \
	":" u "-user-limit-accept - [0:0]\n"      \
	"### RULES ###\n"
#define USER_TAIL(u)                                                                                           \
	"\n### END RULES ###\n"                                                                                \
	"\n### LOGGING ###\n"                                                                                  \
	"-A " u "-after-logging-input -j LOG --log-prefix \"[UFW BLOCK] \" -m limit --limit 3/min "            \
	"--limit-burst 10\n"                                                                                   \
	"-I " u "-logging-deny -m conntrack --ctstate INVALID -j RETURN -m limit --limit 3/min "               \
	"--limit-burst 10\n"                                                                                   \
	"-A " u "-logging-deny -j LOG --log-prefix \"[UFW BLOCK] \" -m limit --limit 3/min --limit-burst 10\n" \
	"### END LOGGING ###\n"                                                                                \
	"\n### RATE LIMITING ###\n"                                                                            \
	"-A " u "-user-limit -m limit --limit 3/minute -j LOG --log-prefix \"[UFW LIMIT BLOCK] \"\n"           \
	"-A " u "-user-limit -j REJECT\n"                                                                      \
	"-A " u "-user-limit-accept -j ACCEPT\n"                                                               \
	"### END RATE LIMITING ###\n"                                                                          \
	"COMMIT\n"
#define USER(u, rules) USER_HEAD(u) rules USER_TAIL(u)
#define ALLOW4                                                      \
	"\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n" \
	"-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n"
#define ALLOW6                                            \
	"\n### tuple ### allow tcp 22 ::/0 any ::/0 in\n" \
	"-A ufw6-user-input -p tcp --dport 22 -j ACCEPT\n"
#define DEFAULTS(input, output)                  \
	"IPV6=yes\n"                             \
	"DEFAULT_INPUT_POLICY=\"" input "\"\n"   \
	"DEFAULT_OUTPUT_POLICY=\"" output "\"\n" \
	"DEFAULT_FORWARD_POLICY=\"DROP\"\n"      \
	"DEFAULT_APPLICATION_POLICY=\"SKIP\"\n"  \
	"MANAGE_BUILTINS=no\n"                   \
	"IPT_SYSCTL=/etc/ufw/sysctl.conf\n"      \
	"IPT_MODULES=\"\"\n"

struct file {
	const char *path, *text; /* text NULL: not there */
};

static const struct file usual_files[] = {
    {"/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n"},
    {"/etc/default/ufw", DEFAULTS("DROP", "ACCEPT")},
    {"/etc/ufw/before.rules", BEFORE("ufw")},
    {"/etc/ufw/before6.rules", BEFORE("ufw6")},
    {"/etc/ufw/after.rules", AFTER("ufw")},
    {"/etc/ufw/after6.rules", AFTER("ufw6")},
    {"/etc/ufw/user.rules", USER("ufw", "")},
    {"/etc/ufw/user6.rules", USER("ufw6", "")},
};

/* Puts the usual files there, those instead of them, and what iptables-restore loads for them. */
static void put_files(const struct small_root *root, const struct file *files, size_t count)
{
	static const char *const extensions[] = {"xt_LOG",     "ipt_REJECT",   "ip6t_REJECT", "xt_addrtype",
						 "xt_comment", "xt_conntrack", "xt_limit",    "xt_recent",
						 "xt_tcp",     "xt_udp"};

	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/usr/lib/xtables/lib%s.so", extensions[i]);
		put(root, path, "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual_files); i++)
		put(root, usual_files[i].path, usual_files[i].text);
	for (size_t i = 0; i < count && files[i].path; i++) {
		if (files[i].text)
			put(root, files[i].path, files[i].text);
		else
			drop(root, files[i].path);
	}
}

struct answer_of {
	struct ruleset ruleset;
	struct load_report report;
	struct evaluation evaluations[2]; /* IPv4, IPv6 */
};

static void ask(struct small_root *root, bool legacy, const char *interface, struct answer_of *ret)
{
	const unsigned port = 22;
	local_address_list local = {0};

	*ret = (struct answer_of){.ruleset.arena = &root->arena};
	array_push(&root->arena, &local)->first = number_of(0xc000020a); /* 192.0.2.10 */
	local.items[0].last = local.items[0].first;
	*array_push(&root->arena, &local) = (struct local_address){.ipv6 = true};
	assert_true(address_parse("2001:db8::10", true, &local.items[1].first));
	local.items[1].last = local.items[1].first;
	ufw_load(root->target, &ret->ruleset, legacy, &ret->report);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct question question = {.ipv6 = ipv6,
					    .port = port,
					    .ports = &port,
					    .port_count = 1,
					    .interface = interface ? interface : "eth0",
					    .local = &local,
					    .local_complete = true};

		evaluate(&ret->ruleset, &question, &root->arena, &ret->evaluations[ipv6]);
	}
}

static const char *sources(struct small_root *root, const struct evaluation *evaluation, bool ipv6,
			   enum passage passage)
{
	struct text text = {.arena = &root->arena};
	struct number_set set = {0};
	bool all = evaluation->ranges.count > 0;

	for (size_t i = 0; i < evaluation->ranges.count; i++)
		all = all && evaluation->ranges.items[i].passage == passage;
	if (all)
		return "any";
	evaluation_sources(evaluation, passage, &root->arena, &set);
	text_add_string(&text, set.count ? "" : "none");
	address_set_print(&text, &set, ipv6, 8);
	return text.data;
}

/* "PATH:LINE" of what stops most of the connections, or "none". */
static const char *stopped_at(struct small_root *root, const struct evaluation *evaluation)
{
	const struct obstacle *obstacle = evaluation_obstacle(evaluation, PASSAGE_CLOSED);
	const struct place *place;

	if (!obstacle)
		return "none";
	assert_non_null(obstacle->chain);
	place = obstacle->rule ? &obstacle->rule->place : &obstacle->chain->policy_place;
	return arena_printf(&root->arena, "%s:%u", place->path ? place->path : "?", place->line);
}

static const char *notes(struct small_root *root, const struct load_report *report)
{
	struct text text = {.arena = &root->arena};

	text_add_string(&text, "");
	for (size_t i = 0; i < report->notes.count; i++) {
		const struct load_note *note = &report->notes.items[i];

		text_printf(&text, "%s%s%s:%u", i ? " " : "", note->outcome == LOAD_REFUSED ? "" : "?",
			    note->place.path, note->place.line);
	}
	return text.data;
}

/* What is asked of a set of files, and the answer. */
struct ufw_case {
	const char *name;
	struct file files[5];
	const char *interface; /* NULL: eth0 */
	const char *open4, *open6; /* sources */
	const char *stop4, *stop6;
	const char *notes; /* NULL: none */
};

static const struct ufw_case cases[] = {
    {"denied by default", {{0}}, NULL, "none", "none", "/etc/default/ufw:2", "/etc/default/ufw:2", NULL},
    {"allow 22/tcp",
     {{"/etc/ufw/user.rules", USER("ufw", ALLOW4)}, {"/etc/ufw/user6.rules", USER("ufw6", ALLOW6)}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     NULL},
    {"limit OpenSSH: the first one passes",
     {{"/etc/ufw/user.rules",
       USER("ufw",
	    "\n### tuple ### limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in\n"
	    "-A ufw-user-input -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --set -m comment --comment "
	    "'dapp_OpenSSH'\n"
	    "-A ufw-user-input -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount "
	    "6 -j ufw-user-limit -m comment --comment 'dapp_OpenSSH'\n"
	    "-A ufw-user-input -p tcp --dport 22 -j ufw-user-limit-accept -m comment --comment 'dapp_OpenSSH'\n")}},
     NULL,
     "any",
     "none",
     "none",
     "/etc/default/ufw:2",
     NULL},
    {"deny before allow",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### deny any 22 0.0.0.0/0 any 0.0.0.0/0 in\n"
					  "-A ufw-user-input -p tcp --dport 22 -j DROP\n"
					  "-A ufw-user-input -p udp --dport 22 -j DROP\n" ALLOW4)},
      {"/etc/ufw/user6.rules", USER("ufw6", ALLOW6 "\n### tuple ### deny any 22 ::/0 any ::/0 in\n"
						   "-A ufw6-user-input -p tcp --dport 22 -j DROP\n")}},
     NULL,
     "none",
     "any",
     "/etc/ufw/user.rules:21",
     "none",
     NULL},
    {"allow from a network",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### allow any any 0.0.0.0/0 any 10.0.0.0/8 in\n"
					  "-A ufw-user-input -s 10.0.0.0/8 -j ACCEPT\n")}},
     NULL,
     "10.0.0.0/8",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     NULL},
    {"allow in on an interface, from it",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in_wg0\n"
					  "-A ufw-user-input -i wg0 -p tcp --dport 22 -j ACCEPT\n")}},
     "wg0",
     "any",
     "none",
     "none",
     "/etc/default/ufw:2",
     NULL},
    {"allow in on an interface, from another",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in_wg0\n"
					  "-A ufw-user-input -i wg0 -p tcp --dport 22 -j ACCEPT\n")}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     NULL},
    {"reject by default",
     {{"/etc/default/ufw", DEFAULTS("REJECT", "DROP")}, {"/etc/ufw/user.rules", USER("ufw", ALLOW4)}},
     NULL,
     "any",
     "none",
     "none",
     "/etc/default/ufw:2",
     NULL},
    {"reject 22/tcp, all else accepted",
     {{"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT")},
      {"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### reject tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n"
					  "-A ufw-user-input -p tcp --dport 22 -j REJECT --reject-with tcp-reset\n")}},
     NULL,
     "none",
     "any",
     "/etc/ufw/user.rules:21",
     "none",
     NULL},
    {"answers kept in, since nothing accepts what is established",
     {{"/etc/default/ufw", DEFAULTS("DROP", "DROP")},
      {"/etc/ufw/before.rules", BEFORE_HEAD("ufw") BEFORE_TAIL("ufw") "COMMIT\n"},
      {"/etc/ufw/user.rules", USER("ufw", ALLOW4)}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:3",
     "/etc/default/ufw:2",
     NULL},
    {"allow out does not let in",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 out\n"
					  "-A ufw-user-output -p tcp --dport 22 -j ACCEPT\n")}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     NULL},
    {"IPV6=no",
     {{"/etc/default/ufw", "DEFAULT_INPUT_POLICY=DROP\nDEFAULT_OUTPUT_POLICY=ACCEPT\nDEFAULT_FORWARD_POLICY=DROP\n"
			   "IPV6=no\n"},
      {"/etc/ufw/user.rules", USER("ufw", ALLOW4)},
      {"/etc/ufw/user6.rules", USER("ufw6", ALLOW6)}},
     NULL,
     "any",
     "none",
     "none",
     "/etc/default/ufw:4",
     NULL},
    {"Yes is neither yes nor YES", {{"/etc/ufw/ufw.conf", "ENABLED=Yes\n"}}, NULL, "any", "any", "none", "none", NULL},
    {"not enabled, whatever else is wrong",
     {{"/etc/ufw/ufw.conf", "ENABLED=no\n"}, {"/etc/default/ufw", NULL}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     NULL},
    {"the last assignment counts",
     {{"/etc/ufw/ufw.conf", "ENABLED=no; ENABLED=yes # no\n"},
      {"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT") "export DEFAULT_INPUT_POLICY='DR'\"OP\"\n"}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:9",
     "/etc/default/ufw:9",
     NULL},
    {"a user's rule that is refused: none of them is loaded",
     {{"/etc/ufw/user.rules", USER("ufw", ALLOW4 "-A ufw-user-input -p tcp --dport 80 -j ACCPT\n")}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     "/etc/ufw/user.rules:22"},
    {"the before rules refused: the user's rules stand",
     {{"/etc/ufw/before.rules", BEFORE_HEAD("ufw") "-A ufw-before-input -p tcp --dport 22 -j NOWHERE\nCOMMIT\n"},
      {"/etc/ufw/user.rules", USER("ufw", ALLOW4)}},
     NULL,
     "any",
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/ufw/before.rules:8"},
    {"a policy that iptables does not know: everything is open",
     {{"/etc/default/ufw", DEFAULTS("deny", "ACCEPT")}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/ufw/after.rules:5 /etc/default/ufw:2 /etc/ufw/after6.rules:5"},
    {"a policy of two words: printf(1) repeats itself, and what it says first is loaded",
     {{"/etc/default/ufw", DEFAULTS("DROP", "DROP ACCEPT")}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     "/etc/default/ufw:3"},
    {"a policy that is missing: the others take its place, and nothing is loaded",
     {{"/etc/default/ufw", DEFAULTS("", "DROP")}, {"/etc/ufw/after.rules", NULL}, {"/etc/ufw/after6.rules", NULL}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/ufw/after.rules:0 /etc/default/ufw:2 /etc/ufw/after6.rules:0"},
    {"no user's rules",
     {{"/etc/ufw/user.rules", NULL}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:2",
     "/etc/default/ufw:2",
     "/etc/ufw/user.rules:0"},
    {"no settings: nothing is loaded",
     {{"/etc/default/ufw", ""}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/default/ufw:0"},
    {"spaces around the equals sign: a command that is not there",
     {{"/etc/default/ufw", "IPV6=yes\nDEFAULT_INPUT_POLICY = DROP\n"}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/default/ufw:2"},
    {"two words: the second is a command",
     {{"/etc/default/ufw", DEFAULTS("DROP", "ACCEPT") "IPT_MODULES=nf_conntrack_ftp nf_nat_ftp\n"}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/default/ufw:9"},
    {"a quotation mark too few",
     {{"/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=\"low\n"}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/ufw/ufw.conf:2"},
    {"an empty line that ends in a carriage return is a command",
     {{"/etc/ufw/ufw.conf", "ENABLED=yes\r\n\r\n"}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     "/etc/ufw/ufw.conf:2"},
    {"what only a shell can tell",
     {{"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT") "DEFAULT_INPUT_POLICY=$POLICY\n[ -e /x ] && IPV6=no\n"}},
     NULL,
     "none",
     "none",
     "/etc/default/ufw:9",
     "/etc/default/ufw:9",
     "?/etc/default/ufw:9 ?/etc/default/ufw:10"},
    {"custom before rules",
     {{"/etc/ufw/before.rules",
       BEFORE_HEAD("ufw") "-A ufw-before-input -p tcp --dport 22 ! -s 192.0.2.0/24 -j DROP\n" BEFORE_ESTABLISHED("ufw")
	   BEFORE_TAIL("ufw") "COMMIT\n"},
      {"/etc/ufw/user.rules", USER("ufw", ALLOW4)}},
     NULL,
     "192.0.2.0/24",
     "none",
     "/etc/ufw/before.rules:8",
     "/etc/default/ufw:2",
     NULL},
    {"a table of its own in the before rules",
     {{"/etc/ufw/before.rules", BEFORE("ufw") "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 22 ! -s "
					      "198.51.100.0/24 -j DROP\nCOMMIT\n"},
      {"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT")}},
     NULL,
     "198.51.100.0/24",
     "any",
     "/etc/ufw/before.rules:19",
     "none",
     NULL},
    {"a policy of the before rules' own: since 0.36.2 the settings' comes last",
     {{"/etc/ufw/before.rules", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n" BEFORE("ufw")},
      {"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT")}},
     NULL,
     "any",
     "any",
     "none",
     "none",
     NULL},
    {"and before, first",
     {{"/etc/ufw/before.rules", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n" BEFORE("ufw")},
      {"/etc/default/ufw", DEFAULTS("DROP", "ACCEPT")},
      {"/usr/lib/ufw/ufw-init-functions", "\"COMMIT\\n\" $forward_pol\n\"COMMIT\\n\" $input_pol $forward_pol\n"
					  "< \"$BEFORE_RULES\"\n"}},
     NULL,
     "none",
     "none",
     "/etc/ufw/before.rules:2",
     "/etc/default/ufw:2",
     NULL},
    {"the user's rules of an old ufw",
     {{"/etc/ufw/user.rules", NULL},
      {"/var/lib/ufw/user.rules", USER("ufw", ALLOW4)},
      {"/var/lib/ufw/user6.rules", USER("ufw6", "")},
      {"/lib/ufw/ufw-init-functions", "#!/bin/sh\nUSER_PATH=\"/var/lib/ufw\"\n"}},
     NULL,
     "any",
     "none",
     "none",
     "/etc/default/ufw:2",
     NULL},
};

/* All cases are run, whatever one says. */
static unsigned differs(const char *name, const char *what, const char *is, const char *wanted)
{
	if (string_equal(is, wanted))
		return 0;
	print_error("%s: %s is \"%s\", not \"%s\"\n", name, what, is, wanted);
	return 1;
}

static unsigned check_case(struct small_root *root, const struct ufw_case *c, bool legacy)
{
	struct answer_of answer;
	unsigned wrong = 0;

	put_files(root, c->files, ARRAY_SIZE(c->files));
	ask(root, legacy, c->interface, &answer);
	wrong += differs(c->name, "notes", notes(root, &answer.report), c->notes ? c->notes : "");
	wrong += differs(c->name, "IPv4", sources(root, &answer.evaluations[0], false, PASSAGE_OPEN), c->open4);
	wrong += differs(c->name, "IPv6", sources(root, &answer.evaluations[1], true, PASSAGE_OPEN), c->open6);
	wrong += differs(c->name, "IPv4's obstacle", stopped_at(root, &answer.evaluations[0]), c->stop4);
	wrong += differs(c->name, "IPv6's obstacle", stopped_at(root, &answer.evaluations[1]), c->stop6);
	return wrong;
}

static void what_ufw_loads_lets_in(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int legacy = 0; legacy < 2; legacy++) {
			void *root = NULL;

			small_root_setup(&root);
			wrong += check_case(root, &cases[i], legacy);
			small_root_teardown(&root);
		}
	}
	assert_int_equal(wrong, 0);
}

static void hooks_that_touch_rules_are_not_followed(void **state)
{
	struct small_root *root = *state;
	struct answer_of answer;

	put_files(root, NULL, 0);
	put(root, "/etc/ufw/before.init", "#!/bin/sh\n# about ufw\nexit 0\n");
	put(root, "/etc/ufw/after.init", "#!/bin/sh\niptables -P INPUT ACCEPT\n");
	ask(root, false, NULL, &answer);
	assert_string_equal(notes(root, &answer.report), "");
	assert_int_equal(chmod(small_root_at(root, "/etc/ufw/before.init"), 0755), 0);
	assert_int_equal(chmod(small_root_at(root, "/etc/ufw/after.init"), 0755), 0);
	ask(root, false, NULL, &answer);
	assert_string_equal(notes(root, &answer.report), "?/etc/ufw/after.init:0");
}

/* Rules that were saved while ufw ran, and are loaded before it. */
static void what_is_loaded_already_stays(void **state)
{
	struct small_root *root = *state;
	struct ruleset ruleset = {.arena = &root->arena};
	struct load_report report = {0};
	struct table *table = ruleset_add_table(&ruleset, FILTER_IPV4, false, "filter");

	table_add_chain(&ruleset, table, "ufw-user-input");
	put_files(root, NULL, 0);
	ufw_load(root->target, &ruleset, false, &report);
	assert_int_equal(table->chains.count, 1);
	assert_int_equal(report.notes.count, 0);
}

/* What a repair of the first family that is closed leaves in a file. */
struct repair_case {
	const char *name;
	struct file files[4];
	bool ipv6;
	const char *path, *text; /* NULL: no repair */
};

static const struct repair_case repairs[] = {
    {"ufw allow", {{0}}, false, "/etc/ufw/user.rules", USER("ufw", ALLOW4)},
    {"for IPv6", {{0}}, true, "/etc/ufw/user6.rules", USER("ufw6", ALLOW6)},
    {"after other rules",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in\n"
					  "-A ufw-user-input -p tcp --dport 80 -j ACCEPT\n")}},
     false,
     "/etc/ufw/user.rules",
     USER("ufw", "\n### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in\n"
		 "-A ufw-user-input -p tcp --dport 80 -j ACCEPT\n" ALLOW4)},
    {"ufw prepend allow",
     {{"/etc/ufw/user.rules", USER("ufw", "\n### tuple ### deny tcp any 0.0.0.0/0 any 0.0.0.0/0 in\n"
					  "-A ufw-user-input -p tcp -j DROP\n" ALLOW4)}},
     false,
     "/etc/ufw/user.rules",
     USER("ufw", ALLOW4 "\n### tuple ### deny tcp any 0.0.0.0/0 any 0.0.0.0/0 in\n"
			"-A ufw-user-input -p tcp -j DROP\n" ALLOW4)},
    {"the file as it is shipped",
     {{"/etc/ufw/user.rules", "*filter\n:ufw-user-input - [0:0]\n### RULES ###\nCOMMIT\n"}},
     false,
     "/etc/ufw/user.rules",
     "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n" ALLOW4 "COMMIT\n"},
    {"without ufw's own comments",
     {{"/etc/ufw/user.rules", "*filter\n:ufw-user-input - [0:0]\nCOMMIT\n"}},
     false,
     "/etc/ufw/user.rules",
     "*filter\n:ufw-user-input - [0:0]\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n"
     "-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n\nCOMMIT\n"},
    {"no user's rules: at the end of the before rules",
     {{"/etc/ufw/user.rules", NULL}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") BEFORE_ESTABLISHED("ufw")
	 BEFORE_TAIL("ufw") "-A ufw-before-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"},
    {"before a rule of the before rules",
     {{"/etc/ufw/before.rules",
       BEFORE_HEAD("ufw") "-A ufw-before-input -p tcp --dport 22 -j DROP\n" BEFORE_TAIL("ufw") "COMMIT\n"},
      {"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT")}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") "-A ufw-before-input -p tcp --dport 22 -j ACCEPT\n"
			"-A ufw-before-input -p tcp --dport 22 -j DROP\n" BEFORE_TAIL("ufw") "COMMIT\n"},
    {"a rule that is inserted when it is loaded",
     {{"/etc/ufw/before.rules",
       BEFORE_HEAD("ufw") BEFORE_TAIL("ufw") "-I ufw-before-input -p tcp --dport 22 -j DROP\nCOMMIT\n"},
      {"/etc/default/ufw", DEFAULTS("ACCEPT", "ACCEPT")}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") BEFORE_TAIL("ufw") "-I ufw-before-input -p tcp --dport 22 -j DROP\n"
					   "-I ufw-before-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"},
    {"answers",
     {{"/etc/default/ufw", DEFAULTS("ACCEPT", "DROP")},
      {"/etc/ufw/before.rules", BEFORE_HEAD("ufw") BEFORE_TAIL("ufw") "COMMIT\n"}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") BEFORE_TAIL(
	 "ufw") "-A ufw-before-output -p tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n"},
    {"a jump to the policy before the user's rules",
     {{"/etc/ufw/before.rules",
       BEFORE_HEAD("ufw") "-A ufw-before-input -m conntrack --ctstate NEW -j ufw-skip-to-policy-input\n" BEFORE_TAIL(
	   "ufw") "COMMIT\n"}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") "-A ufw-before-input -p tcp --dport 22 -j ACCEPT\n"
			"-A ufw-before-input -m conntrack --ctstate NEW -j ufw-skip-to-policy-input\n" BEFORE_TAIL(
			    "ufw") "COMMIT\n"},
    {"the after rules",
     {{"/etc/ufw/after.rules",
       "*filter\n:ufw-after-input - [0:0]\n-A ufw-after-input -p tcp --dport 22 -j REJECT\nCOMMIT\n"}},
     false,
     "/etc/ufw/user.rules",
     USER("ufw", ALLOW4)},
    {"user's rules outside of /etc",
     {{"/lib/ufw/user.rules", USER("ufw", "")},
      {"/lib/ufw/user6.rules", USER("ufw6", "")},
      {"/lib/ufw/ufw-init-functions", "#!/bin/sh\nUSER_PATH=\"/lib/ufw\"\n"}},
     false,
     "/etc/ufw/before.rules",
     BEFORE_HEAD("ufw") BEFORE_ESTABLISHED("ufw")
	 BEFORE_TAIL("ufw") "-A ufw-before-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"},
    {"IPV6=no is what the owner wants",
     {{"/etc/default/ufw", "DEFAULT_INPUT_POLICY=DROP\nDEFAULT_OUTPUT_POLICY=ACCEPT\nDEFAULT_FORWARD_POLICY=DROP\n"}},
     true,
     NULL,
     NULL},
};

/* Repairs what stops one family, for that one or both, and applies that. */
static bool repair(struct small_root *root, const struct answer_of *answer, bool ipv6, bool both)
{
	struct facts facts = {.arena = &root->arena, .target = root->target};
	struct findings findings = {.arena = &root->arena};
	struct problem *problem = problem_raise(&findings, PROBLEM_FIREWALL_UNEVALUATED, NULL, 0, "ufw");
	struct breach breach = {.ipv4 = !ipv6 || both,
				.ipv6 = ipv6 || both,
				.port = 22,
				.obstacle = evaluation_obstacle(&answer->evaluations[ipv6], PASSAGE_CLOSED),
				.ruleset = &answer->ruleset};
	ARRAY_OF(const struct edit *) edits = {0};
	const struct edit *failed;

	assert_non_null(breach.obstacle);
	if (!firewall_repair_ufw(&facts, &findings, problem, &breach)) {
		assert_int_equal(problem->edits.count, 0);
		assert_non_null(problem->remedy);
		return false;
	}
	assert_non_null(problem->repair);
	for (size_t i = 0; i < problem->edits.count; i++)
		*array_push(&root->arena, &edits) = &problem->edits.items[i];
	assert_int_equal(staged_apply(root->target, edits.items, edits.count, &failed), 0);
	return true;
}

static unsigned check_repair(struct small_root *root, const struct repair_case *c)
{
	struct answer_of answer;
	struct blob content;
	unsigned wrong = 0;

	put_files(root, c->files, ARRAY_SIZE(c->files));
	ask(root, false, NULL, &answer);
	wrong += differs(c->name, "before", sources(root, &answer.evaluations[c->ipv6], c->ipv6, PASSAGE_OPEN), "none");
	if (repair(root, &answer, c->ipv6, false) != (c->path != NULL))
		return wrong + differs(c->name, "repair", c->path ? "none" : "one", c->path ? "one" : "none");
	if (!c->path)
		return wrong;
	assert_int_equal(target_read(root->target, c->path, TARGET_FILE_LIMIT, &root->arena, &content, NULL), 0);
	wrong += differs(c->name, c->path, content.data, c->text);
	ask(root, false, NULL, &answer);
	wrong += differs(c->name, "after", sources(root, &answer.evaluations[c->ipv6], c->ipv6, PASSAGE_OPEN), "any");
	return wrong;
}

static void repairs_are_what_ufw_writes(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repairs); i++) {
		void *root = NULL;

		small_root_setup(&root);
		wrong += check_repair(root, &repairs[i]);
		small_root_teardown(&root);
	}
	assert_int_equal(wrong, 0);
}

static void both_families_are_repaired_at_once(void **state)
{
	struct small_root *root = *state;
	struct answer_of answer;

	put_files(root, NULL, 0);
	put(root, "/etc/ufw/user6.rules",
	    USER("ufw6", "\n### tuple ### deny tcp any ::/0 any ::/0 in\n"
			 "-A ufw6-user-input -p tcp -j DROP\n"));
	/* What stops IPv4, the policy, is not all that stops IPv6: that takes a second look. */
	ask(root, false, NULL, &answer);
	assert_true(repair(root, &answer, false, true));
	ask(root, false, NULL, &answer);
	assert_string_equal(sources(root, &answer.evaluations[0], false, PASSAGE_OPEN), "any");
	assert_string_equal(stopped_at(root, &answer.evaluations[1]), "/etc/ufw/user6.rules:21");
	assert_true(repair(root, &answer, true, false));
	ask(root, false, NULL, &answer);
	assert_string_equal(sources(root, &answer.evaluations[1], true, PASSAGE_OPEN), "any");
}

static void a_repair_keeps_carriage_returns(void **state)
{
	static const char text[] =
	    "*filter\r\n:ufw-user-input - [0:0]\r\n### RULES ###\r\n\r\n### END RULES ###\r\nCOMMIT\r\n";
	struct small_root *root = *state;
	struct answer_of answer;
	struct blob content;

	put_files(root, NULL, 0);
	put(root, "/etc/ufw/user.rules", text);
	ask(root, false, NULL, &answer);
	assert_true(repair(root, &answer, false, false));
	assert_int_equal(
	    target_read(root->target, "/etc/ufw/user.rules", TARGET_FILE_LIMIT, &root->arena, &content, NULL), 0);
	assert_string_equal(content.data, "*filter\r\n:ufw-user-input - [0:0]\r\n### RULES ###\r\n\r\n"
					  "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\r\n"
					  "-A ufw-user-input -p tcp --dport 22 -j ACCEPT\r\n\r\n### END RULES ###\r\n"
					  "COMMIT\r\n");
}

static void garbage_ends(void **state)
{
	static const char *const settings[] = {
	    "\0ENABLED=yes", "ENABLED='", "ENABLED=\\",		"A=$(\nENABLED=yes\n",
	    ";;;\n#",	     "=\n==\n'=", "ENABLED=yes\"$(\"\n"};
	struct small_root *root = *state;
	struct answer_of answer;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		put_files(root, NULL, 0);
		put_bytes(root, "/etc/ufw/ufw.conf", settings[i], i == 0 ? 12 : strlen(settings[i]));
		ask(root, false, NULL, &answer);
		put(root, "/etc/ufw/ufw.conf", "ENABLED=yes\n");
		put_bytes(root, "/etc/default/ufw", settings[i], i == 0 ? 12 : strlen(settings[i]));
		ask(root, false, NULL, &answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_ufw_loads_lets_in),
	    cmocka_unit_test_setup_teardown(hooks_that_touch_rules_are_not_followed, small_root_setup,
					    small_root_teardown),
	    cmocka_unit_test_setup_teardown(what_is_loaded_already_stays, small_root_setup, small_root_teardown),
	    cmocka_unit_test(repairs_are_what_ufw_writes),
	    cmocka_unit_test_setup_teardown(both_families_are_repaired_at_once, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(a_repair_keeps_carriage_returns, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(garbage_ends, small_root_setup, small_root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
