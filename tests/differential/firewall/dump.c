/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall-dump     what sshrescue thinks of rules files. One case a line in, fields by tabs:
 *
 *   TOOL ROOT PORT,... LISTENING,... LOCAL,... INTERFACE,...
 *
 * The answer, fields by tabs:
 *
 *   note refused|uncertain PATH LINE MESSAGE
 *   ask ipv4|ipv6 PORT INTERFACE NAME-THAT-STANDS-FOR-IT
 *   range FIRST LAST open|closed|unknown PACKET CHAIN PATH:LINE refused|dropped|diverted|perhaps-earlier REASON
 *   end
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "filter/evaluate.h"
#include "parse/firewalld.h"
#include "parse/iptables_save.h"
#include "parse/nft.h"
#include "parse/ufw.h"
#include "stage/firewall_judge.h"

enum {
	SECONDS_LIMIT = 30, /* for one case */
};

struct judged {
	struct target *target;
	struct arena *arena;
	struct ruleset ruleset;
	struct load_report report;
};

/* --- loading --------------------------------------------------------------- */

static bool read_rules(struct judged *judged, const char *path, struct blob *ret)
{
	return target_read(judged->target, path, TARGET_FILE_LIMIT, judged->arena, ret, NULL) == 0;
}

static void load_iptables_file(struct judged *judged, const char *path, bool ipv6, bool legacy)
{
	struct iptables_input input = {.target = judged->target, .path = path, .ipv6 = ipv6, .legacy = legacy};

	if (read_rules(judged, path, &input.content))
		iptables_save_load(&judged->ruleset, &input, &judged->report);
}

static void load_iptables(struct judged *judged, bool legacy)
{
	static const char sets[] = "/etc/iptables/ipsets";
	struct blob content;

	if (read_rules(judged, sets, &content))
		ipset_save_load(&judged->ruleset, content, sets, &judged->report);
	load_iptables_file(judged, "/etc/iptables/rules.v4", false, legacy);
	load_iptables_file(judged, "/etc/iptables/rules.v6", true, legacy);
}

/* What the boot's script runs, each command a step. */
static void load_commands(struct judged *judged)
{
	static const char path[] = "/etc/commands.sh";
	const struct firewall_loading loading = {
	    .target = judged->target,
	    .arena = judged->arena,
	    .names = iptables_save_names(judged->arena),
	    .services = nft_services(judged->arena),
	};
	struct firewall_world world = {.ruleset.arena = judged->arena};
	firewall_steps steps = {0};
	struct blob script;

	if (!read_rules(judged, path, &script) || firewall_script(judged->arena, &script, path, &steps) < 0) {
		fprintf(stderr, "firewall-dump: %s is not understood\n", path);
		exit(16);
	}
	firewall_load_steps(&loading, &steps, &world);
	judged->ruleset = world.ruleset;
	judged->report = world.report;
}

static void load(struct judged *judged, const char *tool)
{
	struct nft_input nft = {.target = judged->target, .path = "/etc/nftables.conf"};
	const zone_binding_list no_bindings = {0};

	if (string_equal(tool, "iptables-nft") || string_equal(tool, "iptables-legacy"))
		load_iptables(judged, string_equal(tool, "iptables-legacy"));
	else if (string_equal(tool, "commands"))
		load_commands(judged);
	else if (string_equal(tool, "ufw"))
		ufw_load(judged->target, &judged->ruleset, false, &judged->report);
	else if (string_equal(tool, "firewalld"))
		firewalld_load(judged->target, &judged->ruleset, &no_bindings, &judged->report);
	else if (read_rules(judged, nft.path, &nft.content))
		nft_load(&judged->ruleset, &nft, &judged->report);
}

/* --- answers --------------------------------------------------------------- */

/* Messages may quote the input. */
static void print_text(const char *text)
{
	for (; text && *text; text++)
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
}

static void print_notes(const struct load_report *report)
{
	for (size_t i = 0; i < report->notes.count; i++) {
		const struct load_note *note = &report->notes.items[i];

		printf("note\t%s\t%s\t%u\t", note->outcome == LOAD_REFUSED ? "refused" : "uncertain",
		       note->place.path ? note->place.path : "-", note->place.line);
		print_text(note->message);
		putchar('\n');
	}
}

static void print_range(struct arena *arena, const struct passage_range *range, bool ipv6)
{
	static const char *const passages[] = {"open", "closed", "unknown"};
	static const char *const packets[] = {"SYN", "SYN-ACK", "ACK", "DATA", "SOLICITATION", "ADVERTISEMENT"};
	const struct obstacle *obstacle = &range->obstacle;
	struct text first = {.arena = arena}, last = {.arena = arena};
	struct place place = {0};

	address_print(&first, range->first, ipv6);
	address_print(&last, range->last, ipv6);
	if (obstacle->rule)
		place = obstacle->rule->place;
	else if (obstacle->chain)
		place = obstacle->chain->policy_place;
	printf("range\t%s\t%s\t%s\t%s\t%s\t%s:%u\t%s\t", first.data, last.data, passages[range->passage],
	       packets[obstacle->packet], obstacle->chain ? obstacle->chain->name : "-", place.path ? place.path : "-",
	       place.line,
	       obstacle->perhaps_earlier ? "perhaps-earlier"
	       : obstacle->diverted	 ? "diverted"
	       : obstacle->refused	 ? "refused"
					 : "dropped");
	print_text(obstacle->reason);
	putchar('\n');
}

/* The name by which the program would ask for that interface. */
static const char *standing_for(const string_list *mentioned, const char *interface)
{
	const char *best = "*";

	for (size_t i = 0; i < mentioned->count; i++) {
		const char *name = mentioned->items[i];
		size_t length = strlen(name);

		if (string_equal(name, interface))
			return name;
		if (name[length - 1] == '*' && length > strlen(best) && strncmp(name, interface, length - 1) == 0)
			best = name;
	}
	return best;
}

static unsigned read_ports(char *list, unsigned *ports, unsigned limit)
{
	unsigned count = 0;
	const char *item;

	while (count < limit && (item = strsep(&list, ",")))
		ports[count++] = (unsigned)atoi(item);
	return count;
}

static void read_addresses(struct arena *arena, char *list, local_address_list *ret)
{
	const char *item;

	while ((item = strsep(&list, ","))) {
		struct local_address local = {.ipv6 = strchr(item, ':')};

		if (!address_parse(item, local.ipv6, &local.first))
			continue;
		local.last = local.first;
		*array_push(arena, ret) = local;
	}
}

/* Port 0 stands for neighbour discovery. */
static void answer(struct judged *judged, const struct question *question, const char *interface)
{
	struct evaluation evaluation;

	if (question->port)
		evaluate(&judged->ruleset, question, judged->arena, &evaluation);
	else
		evaluate_neighbours(&judged->ruleset, question, judged->arena, &evaluation);
	printf("ask\t%s\t%u\t%s\t%s\n", question->ipv6 ? "ipv6" : "ipv4", question->port, interface,
	       question->interface);
	for (size_t i = 0; i < evaluation.ranges.count; i++)
		print_range(judged->arena, &evaluation.ranges.items[i], question->ipv6);
}

static void judge(char *line)
{
	char *tool = strsep(&line, "\t"), *root = strsep(&line, "\t"), *asked = strsep(&line, "\t"),
	     *listening = strsep(&line, "\t"), *addresses = strsep(&line, "\t"), *interfaces = line, *interface;
	cleanup_target struct target *target = NULL;
	cleanup_arena struct arena arena = {0};
	struct judged judged = {.arena = &arena, .ruleset.arena = &arena};
	local_address_list local = {0};
	string_list mentioned;
	unsigned ports[16], asked_ports[16], asked_count;
	struct question question = {.ports = ports, .local = &local, .local_complete = true};

	if (!interfaces || target_open(&target, root, 0) < 0) {
		fprintf(stderr, "firewall-dump: a case of six fields, the second one a directory\n");
		exit(16);
	}
	judged.target = target;
	question.port_count = read_ports(listening, ports, ARRAY_SIZE(ports));
	asked_count = read_ports(asked, asked_ports, ARRAY_SIZE(asked_ports));
	read_addresses(&arena, addresses, &local);
	load(&judged, tool);
	print_notes(&judged.report);
	ruleset_interfaces(&judged.ruleset, &arena, &mentioned);
	while ((interface = strsep(&interfaces, ","))) {
		question.interface = standing_for(&mentioned, interface);
		for (unsigned i = 0; i < 2 * asked_count; i++) {
			question.ipv6 = i % 2;
			question.port = asked_ports[i / 2];
			answer(&judged, &question, interface);
		}
		question.ipv6 = true;
		question.port = 0;
		/* Not all of firewalld's rules are made: those for ICMP are left out. */
		if (!string_equal(tool, "firewalld"))
			answer(&judged, &question, interface);
	}
	puts("end");
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = getline(&line, &size, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		alarm(SECONDS_LIMIT);
		judge(line);
		alarm(0);
		fflush(stdout);
	}
	free(line);
	return 0;
}
