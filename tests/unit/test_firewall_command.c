/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "parse/iptables_save.h"
#include "parse/nft.h"
#include "stage/firewall_judge.h"
#include "stage/firewall_mention.h"

static struct blob blob(const char *text)
{
	return (struct blob){.data = (char *)text, .size = strlen(text)};
}

/* Arguments that no shell has read, as a unit has them: "<" is one of them. */
static void commands_without_a_shell(void **state)
{
	static char *const restore[] = {"/usr/sbin/iptables-restore", "<", "/etc/rules"};
	static char *const comment[] = {"/usr/sbin/iptables", "-A", "INPUT", "-m", "comment", "--comment", "a\nb"};
	struct simple_command command = {.words = {(char **)restore, ARRAY_SIZE(restore), ARRAY_SIZE(restore)}};
	struct arena arena = {0};
	firewall_steps steps = {0};

	(void)state;
	assert_int_equal(firewall_command(&arena, &command, "/unit", 1, &steps), -EINVAL);
	command.words = (string_list){(char **)comment, ARRAY_SIZE(comment), ARRAY_SIZE(comment)};
	assert_int_equal(firewall_command(&arena, &command, "/unit", 1, &steps), -EINVAL);
	assert_int_equal(steps.count, 0);
	arena_release(&arena);
}

/* "nft:/etc/nftables.conf", "ip6:keep=*filter …": what a line of shell loads; or "nothing", "not understood". */
static const char *loads(struct arena *arena, const char *line)
{
	static const char *const formats[] = {
	    [FIREWALL_NFT] = "nft", [FIREWALL_IPTABLES] = "ip", [FIREWALL_IPSET] = "ipset"};
	struct text text = {.arena = arena};
	firewall_steps steps = {0};
	int r = firewall_shell_line(arena, line, "/script", 7, &steps);

	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		return "not understood";
	}
	assert_int_equal(r > 0, steps.count > 0);
	if (!steps.count)
		return "nothing";
	for (size_t i = 0; i < steps.count; i++) {
		const struct firewall_step *step = &steps.items[i];

		text_printf(&text, "%s%s%s%s%s%s%s", i ? "; " : "", formats[step->format], step->ipv6 ? "6" : "",
			    step->keep ? ":keep" : "", step->other_backend ? step->legacy ? ":legacy" : ":nft" : "",
			    step->text ? "=" : ":", step->text ? step->text : step->path);
		if (step->text)
			assert_int_equal(step->line, 7);
	}
	return text.data;
}

static void commands_of_one_line(void **state)
{
	static const struct {
		const char *line, *loads;
	} cases[] = {
	    {"/usr/sbin/nft -f /etc/nftables.conf", "nft:/etc/nftables.conf"},
	    {"nft --file=/etc/a", "nft:/etc/a"},
	    {"nft -f - < /etc/a", "nft:/etc/a"},
	    {"nft flush ruleset", "nft=flush ruleset"},
	    {"nft add rule inet filter input tcp dport 22 accept || true",
	     "nft=add rule inet filter input tcp dport 22 accept"},
	    /* nft joins its arguments with blanks, and knows nothing of the shell's quotes. */
	    {"nft 'add rule inet filter input drop'", "nft=add rule inet filter input drop"},
	    {"nft add chain inet f i '{ type filter hook input priority 0; }'",
	     "nft=add chain inet f i { type filter hook input priority 0; }"},
	    {"nft \"add table inet f; flush table inet f\" \\; add table ip \"a\\$b\"",
	     "nft=add table inet f; flush table inet f ; add table ip a$b"},
	    {"nft add chain ip f i { type filter hook input priority -150 \\; policy drop \\; }",
	     "nft=add chain ip f i { type filter hook input priority -150 ; policy drop ; }"},
	    {"nft add rule ip f i meta mark -1", "not understood"},
	    {"nft add table ip f -e", "not understood"},
	    {"nft -ae -- add table ip f", "nft=add table ip f"},
	    {"nft -nf /etc/a", "nft:/etc/a"},
	    {"nft -of/etc/a", "nft:/etc/a"},
	    {"nft -f /etc/a --file /etc/b", "nft:/etc/b"},
	    {"nft -f /etc/a flush ruleset", "nft=flush ruleset"},
	    {"nft -f /etc/a -c", "nothing"},
	    {"nft -cf /etc/a", "nothing"},
	    {"nft -f", "not understood"},
	    {"nft -f < /etc/a", "not understood"},
	    {"nft -f '<' /etc/a", "nft=/etc/a"},
	    {"nft -j -f /etc/a", "not understood"},
	    {"nft -D a=1 -f /etc/a", "not understood"},
	    {"nft -I /etc -f a", "not understood"},
	    {"nft -f - <<END", "not understood"},
	    {"nft \"add table $x y\"", "not understood"},
	    {"nft add element ip f s {1.2.3.4}", "not understood"},
	    {"{ nft flush ruleset", "not understood"},
	    {"! nft flush ruleset", "not understood"},
	    {"nft -f /etc/a 2>&1;nft flush ruleset", "not understood"},
	    {"nft -f /etc/a 2>&1 >/dev/null # why", "nft:/etc/a"},
	    {"nft list ruleset", "nothing"},
	    {"nft -c -f /etc/a", "nothing"},
	    {"nft -f /etc/a /etc/b", "nft=/etc/b"},
	    {"nft -f relative", "not understood"},
	    {"nft -f $RULES", "not understood"},
	    {"nft -i", "not understood"},
	    {"iptables-restore < /etc/iptables/rules.v4", "ip:/etc/iptables/rules.v4"},
	    {"iptables-restore </etc/iptables/rules.v4 2>/dev/null", "ip:/etc/iptables/rules.v4"},
	    {"/sbin/ip6tables-restore -w 5 -n /etc/rules", "ip6:keep:/etc/rules"},
	    {"iptables-legacy-restore --counters /etc/rules", "ip:legacy:/etc/rules"},
	    {"ip6tables-nft-restore --noflush /etc/rules", "ip6:keep:nft:/etc/rules"},
	    {"iptables-restore --test /etc/rules", "nothing"},
	    {"iptables-restore", "not understood"},
	    {"iptables-restore -T filter /etc/rules", "not understood"},
	    {"iptables -P INPUT DROP", "ip:keep=*filter\n-P INPUT DROP\nCOMMIT\n"},
	    {"iptables -w -t nat -A PREROUTING -j ACCEPT", "ip:keep=*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n"},
	    {"ip6tables -A INPUT ! -s 2001:db8::/32 -m comment --comment \"a b\" -j DROP # why",
	     "ip6:keep=*filter\n-A INPUT ! -s 2001:db8::/32 -m comment --comment \"a b\" -j DROP\nCOMMIT\n"},
	    {"iptables -A INPUT -m comment --comment 'say \"no\" \\o' -m comment --comment '' -j DROP",
	     "ip:keep=*filter\n-A INPUT -m comment --comment \"say \\\"no\\\" \\\\o\" -m comment --comment \"\" -j "
	     "DROP\nCOMMIT\n"},
	    {"iptables COMMIT", "not understood"},
	    {"ipset add bad 192.0.2.1 comment 'a b'", "ipset=add bad 192.0.2.1 comment \"a b\""},
	    {"ipset add bad 192.0.2.1 comment 'a\"b'", "not understood"},
	    {"iptables -L -n", "nothing"},
	    {"iptables -A INPUT -s $(dig +short x) -j DROP", "not understood"},
	    {"iptables -A INPUT -j DROP && iptables -A OUTPUT -j DROP", "not understood"},
	    {"for i in 1 2; do iptables -A INPUT -j DROP; done", "not understood"},
	    {"[ -e /x ] && iptables-restore </x", "not understood"},
	    {"ipset restore -exist -f /etc/ipset.conf", "ipset:/etc/ipset.conf"},
	    {"ipset create bad hash:ip", "ipset=create bad hash:ip"},
	    {"sh -c 'nft -f /etc/nftables.conf'", "nft:/etc/nftables.conf"},
	    {"ufw enable", "not understood"},
	    {"systemctl start my-firewall", "not understood"},
	    {"echo hello", "nothing"},
	    {"cat /etc/rules | iptables-restore", "not understood"},
	    {"iptables-restore <<END", "not understood"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(loads(&arena, cases[i].line), cases[i].loads);
	arena_release(&arena);
}

static int script_loads(struct arena *arena, const char *text, size_t *ret_steps)
{
	struct blob script = blob(text);
	firewall_steps steps = {0};
	int r = firewall_script(arena, &script, "/script", &steps);

	*ret_steps = steps.count;
	return r;
}

static void scripts_of_plain_commands(void **state)
{
	struct arena arena = {0};
	size_t steps;

	(void)state;
	assert_int_equal(
	    script_loads(&arena, "#!/bin/sh\n\n# rules\niptables -F\n\tiptables -P INPUT DROP  \nexit 0\nrm -rf /\n",
			 &steps),
	    1);
	assert_int_equal(steps, 2);
	assert_int_equal(script_loads(&arena, "#!/bin/sh\nset -e\nPATH=/sbin\necho starting\n", &steps), 0);
	/* A condition, a variable, another program: any of them may change what follows. */
	assert_int_equal(script_loads(&arena, "iptables -F\nif true; then\niptables -P INPUT DROP\nfi\n", &steps),
			 -EINVAL);
	assert_int_equal(script_loads(&arena, "IPT=iptables\n$IPT -P INPUT DROP\n", &steps), -EINVAL);
	assert_int_equal(script_loads(&arena, "iptables -F\n. /etc/more\n", &steps), -EINVAL);
	arena_release(&arena);
}

/* Bytes that a script of so many commands takes once it is loaded; every second one fails. */
static size_t memory_of(const char *first, const char *good, const char *bad, unsigned count)
{
	struct arena arena = {0};
	struct text script = {.arena = &arena};
	struct firewall_world world = {.ruleset.arena = &arena};
	const struct firewall_loading loading = {
	    .arena = &arena, .names = iptables_save_names(&arena), .services = nft_services(&arena)};
	firewall_steps steps = {0};
	struct blob blob;
	size_t used;

	text_add_string(&script, first);
	for (unsigned i = 0; i < count; i++)
		text_printf(&script, "%s\n", i % 2 ? bad : good);
	blob = (struct blob){.data = script.data, .size = script.size};
	assert_int_equal(firewall_script(&arena, &blob, "/script", &steps), 1);
	used = arena.used;
	firewall_load_steps(&loading, &steps, &world);
	assert_int_equal(world.report.notes.count, count / 2);
	used = arena.used - used;
	arena_release(&arena);
	return used;
}

/* Each command is a transaction, and what undoes it costs as much as itself, not as the rules that are there. */
static void memory_grows_with_the_commands(void **state)
{
	static const struct {
		const char *first, *good, *bad;
	} cases[] = {
	    {"iptables -N x\n", "iptables -A INPUT -s 192.0.2.1 -j DROP", "iptables -D INPUT -s 192.0.2.2 -j DROP"},
	    {"iptables -N x\n", "iptables -I INPUT 1 -p tcp --dport 80 -j x", "iptables -X x"},
	    {"nft add table ip f\nnft add chain ip f i \"{ type filter hook input priority 0; }\"\n",
	     "nft add rule ip f i ip saddr 192.0.2.1 drop",
	     "nft \"insert rule ip f i drop; add rule ip f nowhere drop\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t few = memory_of(cases[i].first, cases[i].good, cases[i].bad, 250),
		       many = memory_of(cases[i].first, cases[i].good, cases[i].bad, 2000);

		assert_in_range(many, few, 10 * few);
	}
}

static void a_firewall_is_mentioned(void **state)
{
	static const char *const texts[] = {"iptables -P INPUT DROP",	   "/sbin/ip6tables-restore <x",
					    "exec /usr/sbin/nft -f x",	   "/usr/local/sbin/firewall.sh",
					    "systemctl start my-firewall", "ufw"};
	static const char *const others[] = {
	    "", "gnft x", "echo soft", "/usr/bin/unftp", "aufwand", "iptablesque", "dockerd --live-restore"};
	static const char script[] = "#!/bin/sh\n # iptables is not used\necho hello\n";
	struct blob text = blob(script);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(mentions_firewall(texts[i], strlen(texts[i])));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(mentions_firewall(others[i], strlen(others[i])));
	assert_false(script_mentions_firewall(&text));
	text = blob("#!/bin/sh\n\t/sbin/iptables -A INPUT -j DROP");
	assert_true(script_mentions_firewall(&text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_of_one_line),	 cmocka_unit_test(commands_without_a_shell),
	    cmocka_unit_test(scripts_of_plain_commands), cmocka_unit_test(memory_grows_with_the_commands),
	    cmocka_unit_test(a_firewall_is_mentioned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
