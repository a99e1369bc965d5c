/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_root.h"

#include "filter/evaluate.h"
#include "parse/iptables_save.h"

/* What a rules file comes to for port 22 on eth0. */
struct outcome {
	struct arena arena;
	struct ruleset ruleset;
	struct load_report report;
	struct evaluation evaluation;
};

struct input {
	const char *text, *ipsets;
	bool ipv6, legacy;
	const char *interface;
	struct target *target;
};

static const struct load_note *refusal(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->report.notes.count; i++) {
		if (outcome->report.notes.items[i].outcome == LOAD_REFUSED)
			return &outcome->report.notes.items[i];
	}
	return NULL;
}

static void load_bytes(struct outcome *outcome, const struct input *input, const char *data, size_t size, bool keep)
{
	struct iptables_input rules = {
	    .target = input->target,
	    .content = {arena_memdup(&outcome->arena, data, size), size},
	    .path = "/etc/iptables/rules",
	    .ipv6 = input->ipv6,
	    .legacy = input->legacy,
	    .keep = keep,
	};

	outcome->ruleset.arena = &outcome->arena;
	iptables_save_load(&outcome->ruleset, &rules, &outcome->report);
}

static void ask(struct outcome *outcome, const struct input *input)
{
	static const unsigned port = 22;
	local_address_list local = {0};
	struct question question = {
	    .ipv6 = input->ipv6,
	    .port = port,
	    .ports = &port,
	    .port_count = 1,
	    .interface = input->interface ? input->interface : "eth0",
	    .local = &local,
	};

	evaluate(&outcome->ruleset, &question, &outcome->arena, &outcome->evaluation);
}

static void run(struct outcome *outcome, const struct input *input)
{
	*outcome = (struct outcome){0};
	outcome->ruleset.arena = &outcome->arena;
	if (input->ipsets)
		ipset_save_load(&outcome->ruleset, (struct blob){(char *)input->ipsets, strlen(input->ipsets)},
				"/etc/iptables/ipsets", &outcome->report);
	load_bytes(outcome, input, input->text, strlen(input->text), false);
	ask(outcome, input);
}

/* "all", "" or the networks for which the answer is that one. */
static const char *sources(struct outcome *outcome, enum passage passage, bool ipv6)
{
	struct text text = {.arena = &outcome->arena};
	struct number_set set, other;

	evaluation_sources(&outcome->evaluation, passage, &outcome->arena, &set);
	for (enum passage others = PASSAGE_OPEN; others <= PASSAGE_UNKNOWN; others++) {
		evaluation_sources(&outcome->evaluation, others, &outcome->arena, &other);
		if (others != passage && other.count)
			break;
		if (others == PASSAGE_UNKNOWN)
			return "all";
	}
	address_set_print(&text, &set, ipv6, 4);
	return text.data ? text.data : "";
}

#define DROP_INPUT "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
#define KNOWN "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
#define ACCEPT_INPUT "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"

/* Who gets in, and of whom it is not known; nobody else does. NULL: nobody. */
static const struct {
	const char *text;
	const char *open, *unknown;
	bool ipv6, legacy;
	const char *interface, *ipsets;
} cases[] = {
    {"", .open = "all"},
    {DROP_INPUT "COMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "COMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT "-A INPUT -p tcp --dport ssh -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp --dport 2222 -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -p tcp --dport 20:30 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p udp --dport 22 -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT ! -p udp -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -s 192.0.2.0/24,198.51.100.7 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.0/24, 198.51.100.7"},
    {DROP_INPUT KNOWN "-A INPUT -s 10.1/16 -j ACCEPT\nCOMMIT\n", .open = "10.1.0.0/16"},
    {DROP_INPUT KNOWN "-A INPUT -s 192.0.2.0/255.255.255.128 -j ACCEPT\nCOMMIT\n", .open = "192.0.2.0/25"},
    {DROP_INPUT KNOWN "-A INPUT -s 10.0.0.1/255.0.0.255 -j ACCEPT\nCOMMIT\n", .unknown = "all"},
    {DROP_INPUT KNOWN "-A INPUT -m iprange --src-range 192.0.2.4-192.0.2.5 -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.4/31"},
    {DROP_INPUT KNOWN "-A INPUT -i eth0 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -i eth1 -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -i eth+ -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT ! -i eth+ -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT ! -i wg0 -j ACCEPT\nCOMMIT\n", .open = "", .interface = "wg0"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m multiport --dports 80,443,20:25 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m multiport --dport 22,80 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m multiport --ports 22,80 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m multiport --ports 80 -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -p tcp -m multiport ! --dports 22 -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT "-A INPUT -p tcp -m state --state NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT "-A INPUT -p tcp -m state --state NEW -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\nCOMMIT\n", .open = ""},
    {ACCEPT_INPUT "-A INPUT -p tcp --syn --dport 22 -j DROP\nCOMMIT\n", .open = ""},
    {ACCEPT_INPUT "-A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp --tcp-flags ALL NONE -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp -m conntrack --ctorigdstport 22 -j DROP\nCOMMIT\n", .open = ""},
    {ACCEPT_INPUT "-A INPUT -m comment --comment \"a \\\"b\\\" -j DROP\" -p tcp --dport 23 -j DROP\nCOMMIT\n",
     .open = "all"},
    {ACCEPT_INPUT "-A INPUT -j LOG --log-prefix \"all \"\n-A INPUT -m limit --limit 3/min -j LOG\nCOMMIT\n",
     .open = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -p tcp --dport 22 -m limit --limit 3/min -j ACCEPT\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp --syn --dport 22 -m connlimit --connlimit-above 3 -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name SSH\n"
		  "-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 60 --hitcount 4 "
		  "--name SSH -j DROP\nCOMMIT\n",
     .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -p tcp --dport 7000 -m recent --set --name KNOCK -j DROP\n"
		      "-A INPUT -p tcp --dport 22 -m recent --rcheck --seconds 30 --name KNOCK -j ACCEPT\nCOMMIT\n",
     .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -p tcp --dport 22 -m time --timestart 09:00 -j ACCEPT\nCOMMIT\n", .unknown = "all"},
    {DROP_INPUT KNOWN "-A INPUT -m mac --mac-source 00:11:22:33:44:55 -j ACCEPT\nCOMMIT\n", .unknown = "all"},
    {ACCEPT_INPUT "-A INPUT -p tcp --dport 80 -m string --string x --algo bm -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -j NFQUEUE --queue-num 0 --queue-bypass\nCOMMIT\n", .unknown = "all"},
    {DROP_INPUT KNOWN "-A INPUT -m policy --dir in --pol none -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -m addrtype --dst-type BROADCAST -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -m pkttype --pkt-type multicast -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -m helper --helper ftp -j ACCEPT\nCOMMIT\n", .open = ""},
    /* chains */
    {DROP_INPUT ":ssh - [0:0]\n" KNOWN "-A INPUT -p tcp --dport 22 -j ssh\n-A ssh -s 192.0.2.0/24 -j ACCEPT\n"
		"-A ssh -j RETURN\n-A ssh -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.0/24"},
    {DROP_INPUT ":ssh - [0:0]\n" KNOWN "-A INPUT -g ssh\n-A INPUT -j ACCEPT\nCOMMIT\n", .open = ""},
    {DROP_INPUT ":a - [0:0]\n:b - [0:0]\n-A a -j b\n-A b -j a\nCOMMIT\n", .open = ""},
    {DROP_INPUT KNOWN "-A INPUT -j DROP\n-I INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {DROP_INPUT KNOWN "-A INPUT -j DROP\n-I INPUT 2 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -s 10.0.0.0/8 -j DROP\n-D INPUT -s 10.1.2.3/8 -j DROP\nCOMMIT\n", .open = "all"},
    {ACCEPT_INPUT "-A INPUT -j DROP\n-R INPUT 1 -p tcp --dport 23 -j DROP\nCOMMIT\n", .open = "all", .legacy = true},
    {ACCEPT_INPUT "-A INPUT -j DROP\n-F INPUT\n-P OUTPUT DROP\nCOMMIT\n", .open = ""},
    {"*filter\n-P INPUT DROP\n-N x\n-A INPUT -j x\n-A x -j ACCEPT\nCOMMIT\n", .open = "all"},
    /* the answer */
    {"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcp --sport 22 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m state --state ESTABLISHED -j ACCEPT\nCOMMIT\n", .open = "all"},
    {"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m state --state NEW -j ACCEPT\nCOMMIT\n", .open = ""},
    {"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\nCOMMIT\n", .open = "all"},
    {"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.0/24 -j ACCEPT\nCOMMIT\n", .open = "192.0.2.0/24"},
    /* other tables */
    {"*raw\n-A PREROUTING -p tcp --dport 22 -j DROP\nCOMMIT\n", .open = ""},
    {"*mangle\n-A PREROUTING -p tcp --dport 22 -j MARK --set-mark 7\nCOMMIT\n" DROP_INPUT KNOWN
     "-A INPUT -m mark --mark 0x7/0xf -j ACCEPT\nCOMMIT\n",
     .open = "all"},
    {"*mangle\n-A PREROUTING -s 192.0.2.0/24 -j CONNMARK --set-mark 1\nCOMMIT\n" DROP_INPUT
     "-A INPUT -m connmark --mark 1 -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.0/24"},
    {"*nat\n-A PREROUTING -p tcp --dport 22 -j REDIRECT --to-ports 2222\nCOMMIT\n", .open = ""},
    {"*nat\n-A PREROUTING -p tcp --dport 2222 -j REDIRECT --to-ports 22\nCOMMIT\n", .open = "all"},
    {"*nat\n-A PREROUTING -s 192.0.2.0/25 -p tcp --dport 22 -j REDIRECT\n"
     "-A PREROUTING -s 192.0.2.0/24 -p tcp --dport 22 -j DNAT --to-destination 10.9.9.9:22\nCOMMIT\n" DROP_INPUT KNOWN
     "-A INPUT -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.0/25"},
    {"*nat\n-A PREROUTING -p tcp --dport 22 -j DNAT --to-destination 127.0.0.1:22\nCOMMIT\n", .unknown = "all"},
    {"*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n", .open = "all"},
    {"*raw\n-A PREROUTING -p tcp --dport 22 -j CT --notrack\n-A OUTPUT -p tcp --sport 22 -j NOTRACK\nCOMMIT\n" DROP_INPUT
     "-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT\nCOMMIT\n",
     .open = "all"},
    /* lines */
    {"# x\n\n*filter\n[1:2] -A INPUT -p tcp --dport 22 -j DROP\nCOMMIT\n# y\n", .open = ""},
    {"*filter\n-4 -A INPUT -p tcp --dport 22 -j DROP\n-6 -A INPUT -s 2001:db8::/32 -m bogus\nCOMMIT", .open = ""},
    {"*filter\n:INPUT DROP [0:0]\nCOMMIT\n*filter\nCOMMIT\n", .open = "all"},
    {"*filter\n:INPUT DROP [0:0]\nCOMMIT\n*filter\nCOMMIT\n", .open = "", .legacy = true},
    {"*filter\n-A INPUT --protocol tcp --destination-port 22 --jump DROP\nCOMMIT\n", .open = ""},
    {"*filter\n-A INPUT --proto tcp --dp 22 --ju DROP\nCOMMIT\n", .open = ""},
    /* IPv6 */
    {DROP_INPUT KNOWN "-A INPUT -s fe80::/10,2001:db8::1 -j ACCEPT\nCOMMIT\n", .open = "2001:db8::1, fe80::/10",
     .ipv6 = true},
    {DROP_INPUT KNOWN
     "-A INPUT -p ipv6-icmp -j ACCEPT\n-A INPUT -p icmpv6 --icmpv6-type echo-request -j ACCEPT\nCOMMIT\n",
     .open = "", .ipv6 = true},
    {"*raw\n-A PREROUTING -m rpfilter --invert -j DROP\nCOMMIT\n", .open = "all", .ipv6 = true},
    {"*filter\n-A INPUT -m rt --rt-type 0 -j DROP\n-A INPUT -m hl --hl-lt 1 -j DROP\nCOMMIT\n", .open = "all",
     .ipv6 = true},
    /* sets */
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set good src -j ACCEPT\nCOMMIT\n",
     .open = "192.0.2.0/25, 192.0.2.192/26",
     .ipsets = "create good hash:net family inet hashsize 1024 maxelem 65536\nadd good 192.0.2.0/24\n"
	       "add good 192.0.2.128/26 nomatch\n"},
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set p src,dst -j ACCEPT\nCOMMIT\n", .open = "192.0.2.1",
     .ipsets = "create p hash:ip,port family inet\nadd p 192.0.2.1,tcp:22\nadd p 192.0.2.2,udp:22\n"
	       "add p 192.0.2.3,tcp:23\n"},
    {ACCEPT_INPUT "-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n",
     .open = "1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6, 8.0.0.0/7, ...",
     .ipsets = "create bad hash:ip family inet comment\nadd bad 10.0.0.0/8 comment \"a b\"\n"},
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set ports dst -j ACCEPT\nCOMMIT\n", .open = "all",
     .ipsets = "create ports bitmap:port range 1-1024\nadd ports 20-25\n"},
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set all src -j ACCEPT\nCOMMIT\n", .open = "192.0.2.1, 192.0.2.9",
     .ipsets = "create a hash:ip\nadd a 192.0.2.1\ncreate b hash:ip\nadd b 192.0.2.9\ncreate all list:set\nadd all a\n"
	       "add all b\n"},
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set w src,src -j ACCEPT\nCOMMIT\n", .open = "", .interface = "eth1",
     .ipsets = "create w hash:net,iface\nadd w 192.0.2.0/24,eth0\n"},
    {DROP_INPUT KNOWN "-A INPUT -m set --match-set six src -j ACCEPT\nCOMMIT\n", .open = "",
     .ipsets = "create six hash:ip family inet6\nadd six 2001:db8::1\n"},
    {DROP_INPUT KNOWN
     "-A INPUT -m set --match-set knock src -j ACCEPT\n-A INPUT -p tcp --dport 7 -j SET --add-set knock "
     "src\nCOMMIT\n",
     .open = "", .ipsets = "create knock hash:ip timeout 30\n"},
    {ACCEPT_INPUT "-A INPUT -p tcp --dport 22 -j SET --add-set seen src\n-A INPUT -m set --match-set seen src -j "
		  "DROP\nCOMMIT\n",
     .unknown = "all", .ipsets = "create seen hash:ip\n"},
};

static void rules_let_in_whom_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct input input = {.text = cases[i].text,
				      .ipsets = cases[i].ipsets,
				      .ipv6 = cases[i].ipv6,
				      .legacy = cases[i].legacy,
				      .interface = cases[i].interface};
		struct outcome outcome;
		const char *wanted_open = cases[i].open ? cases[i].open : "";
		const char *wanted_unknown = cases[i].unknown ? cases[i].unknown : "";
		const char *open, *unknown;

		run(&outcome, &input);
		open = sources(&outcome, PASSAGE_OPEN, input.ipv6);
		unknown = sources(&outcome, PASSAGE_UNKNOWN, input.ipv6);
		if (refusal(&outcome))
			print_error("line %u: %s\n", refusal(&outcome)->place.line, refusal(&outcome)->message);
		if (refusal(&outcome) || !string_equal(open, wanted_open) || !string_equal(unknown, wanted_unknown))
			fail_msg("%s\nopen: %s, wanted %s; unknown: %s, wanted %s", input.text, open, wanted_open,
				 unknown, wanted_unknown);
		arena_release(&outcome.arena);
	}
}

#define LINE5 ACCEPT_INPUT
#define END "\nCOMMIT\n"

/* What iptables 1.8.9 refuses, both of its programs unless told otherwise, and where. */
static const struct {
	const char *text;
	unsigned line;
	enum {
		BOTH,
		ONLY_NFT,
		ONLY_LEGACY,
	} program;
	bool ipv6;
} refused[] = {
    {"-A INPUT -j DROP\n", .line = 1},
    {"  # comment\n*filter\nCOMMIT\n", .line = 1},
    {"*filtre\nCOMMIT\n", .line = 1},
    {"*filter\r\nCOMMIT\r\n", .line = 1},
    {"*\nCOMMIT\n", .line = 1},
    {"*filter\n:INPUT\nCOMMIT\n", .line = 2},
    {"*filter\n:INPUT REJECT [0:0]\nCOMMIT\n", .line = 2},
    {"*filter\n:x DROP [0:0]\nCOMMIT\n", .line = 2, .program = ONLY_LEGACY},
    {"*filter\n:x - [0:0]\n:x - [0:0]\nCOMMIT\n", .line = 3, .program = ONLY_LEGACY},
    {"*filter\n:-x - [0:0]\nCOMMIT\n", .line = 2, .program = ONLY_NFT},
    {"*filter\n-A INPUT -j DROP\n*nat\nCOMMIT\n", .line = 3},
    {"*filter\n-A INPUT -j DROP\n", .line = 3},
    {"*filter\n-A INPUT -j DROP\nCOMMIT", .line = 3, .program = ONLY_LEGACY},
    {"*filter\n-A INPUT -j DROP\nCOMMIT\r\n", .line = 3},
    {"*filter\n \nCOMMIT\n", .line = 2},
    {"*filter\n[1] -A INPUT\nCOMMIT\n", .line = 2},
    {LINE5 "-A INPUT -j x" END, .line = 5},
    {LINE5 "-A INPUT -j x\n:x - [0:0]" END, .line = 5},
    {LINE5 "-A INPUT -j OUTPUT" END, .line = 5},
    {LINE5 "-A INPUT -g INPUT" END, .line = 5},
    {LINE5 "-A x -j DROP" END, .line = 5},
    {LINE5 "-A INPUT -j DROP\r" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --dport 22\r" END, .line = 5},
    {LINE5 ":x - [0:0]\n-A INPUT -j x\n-A x -j x" END, .line = 7},
    {LINE5 "-D INPUT -j DROP" END, .line = 5},
    {LINE5 "-D INPUT 1" END, .line = 5},
    {LINE5 "-I INPUT 2 -j DROP" END, .line = 5},
    {LINE5 "-I INPUT 0 -j DROP" END, .line = 5},
    {LINE5 "-P x DROP" END, .line = 5},
    {LINE5 "-N INPUT" END, .line = 5},
    {LINE5 "-N DROP" END, .line = 5},
    {LINE5 "-X x" END, .line = 5},
    {LINE5 ":x - [0:0]\n-A INPUT -j x\n-X x" END, .line = 7},
    {LINE5 "-E x y" END, .line = 5},
    {LINE5 "-A INPUT -t filter -j DROP" END, .line = 5},
    {LINE5 "-A INPUT --dport 22 -j ACCEPT" END, .line = 5},
    {LINE5 "-A INPUT --dport 22 -p tcp -j ACCEPT" END, .line = 5},
    {LINE5 "-A INPUT -m tcp --dport 22 -j ACCEPT" END, .line = 5},
    {LINE5 "-A INPUT -p tcp -p udp" END, .line = 5},
    {LINE5 "-A INPUT -p bogus" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --dport 22,80" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --dport 30:20" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --dport 65536" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --d 22" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --dport 22 --dport 23" END, .line = 5},
    {LINE5 "-A INPUT -p tcp --tcp-flags SYN" END, .line = 5},
    {LINE5 "-A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16" END, .line = 5},
    {LINE5 "-A INPUT -m multiport --dports 22" END, .line = 5},
    {LINE5 "-A INPUT -s 10.0.0.0/33" END, .line = 5},
    {LINE5 "-A INPUT -s 10.0.0.300" END, .line = 5},
    {LINE5 "-A INPUT -s 10.0.0.1, 10.0.0.2" END, .line = 5},
    {LINE5 "-A INPUT ! -s 10.0.0.1,10.0.0.2" END, .line = 5},
    {LINE5 "-A INPUT -s ::1" END, .line = 5},
    {LINE5 "-A INPUT ! -s 0.0.0.0/0" END, .line = 5, .program = ONLY_NFT},
    {LINE5 "-A INPUT -i eth0 -i eth1" END, .line = 5},
    {LINE5 "-A INPUT -i abcdefghijklmnop" END, .line = 5},
    {LINE5 "-A INPUT -o eth0" END, .line = 5},
    {LINE5 "-A OUTPUT -i eth0" END, .line = 5},
    {LINE5 "-A INPUT -j ACCEPT -j DROP" END, .line = 5},
    {LINE5 "-A INPUT ! -j DROP" END, .line = 5},
    {LINE5 "-A INPUT -j" END, .line = 5},
    {LINE5 "-A INPUT stray -j DROP" END, .line = 5},
    {LINE5 "-A INPUT -j DROP \"" END, .line = 5},
    {LINE5 "-A INPUT -m comment --comment two words -j DROP" END, .line = 5},
    {LINE5 "-A INPUT -m conntrack --ctstate NEWS" END, .line = 5},
    {LINE5 "-A INPUT -m state" END, .line = 5},
    {LINE5 "-A INPUT -m standard" END, .line = 5},
    {LINE5 "-A INPUT -m set --match-set x src" END, .line = 5},
    {LINE5 "-A INPUT -m recent --set --rcheck" END, .line = 5},
    {LINE5 "-A INPUT -m recent --set --seconds 60" END, .line = 5},
    {LINE5 "-A INPUT -m limit --limit 0/s" END, .line = 5},
    {LINE5 "-A INPUT -m owner --uid-owner 0" END, .line = 5},
    {LINE5 ":x - [0:0]\n-A x -m owner --uid-owner 0\n-A INPUT -j x" END, .line = 6},
    {LINE5 "-A INPUT -j REJECT --reject-with bogus" END, .line = 5},
    {LINE5 "-A INPUT -j REJECT --reject-with tcp-reset" END, .line = 5},
    {LINE5 "-A INPUT -j LOG --log-level bogus" END, .line = 5},
    {LINE5 "-A INPUT -j LOG --log-level warn" END, .line = 5},
    {LINE5 "-A INPUT -m hashlimit --hashlimit-above 3/min --hashlimit-name x --hashlimit-mode bogus" END, .line = 5},
    {LINE5 "-A INPUT -m addrtype --dst-type BROADCAST" END, .line = 5, .ipv6 = true},
    {LINE5 "-A INPUT -j REDIRECT" END, .line = 5},
    {LINE5 "-A INPUT -j NOTRACK" END, .line = 5},
    {"*nat\n-A PREROUTING -j DROP\nCOMMIT\n", .line = 2},
    {"*nat\n-A PREROUTING -j REDIRECT --to-ports 22\nCOMMIT\n", .line = 2},
    {"*mangle\n-A PREROUTING -j REJECT\nCOMMIT\n", .line = 2},
    {"*raw\n-A INPUT -j DROP\nCOMMIT\n", .line = 2},
    {LINE5 "-A INPUT -m ttl --ttl-eq 1" END, .line = 5, .ipv6 = true},
    {LINE5 "-A INPUT -f" END, .line = 5, .ipv6 = true},
};

static void what_the_loader_refuses(void **state)
{
	struct small_root *root = *state;

	/* Extensions that are there; all others are not. */
	put(root, "/usr/lib/x86_64-linux-gnu/xtables/libxt_standard.so", "");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		for (int legacy = 0; legacy <= 1; legacy++) {
			struct input input = {.text = refused[i].text, .legacy = legacy, .ipv6 = refused[i].ipv6};
			bool wanted = refused[i].program != (legacy ? ONLY_NFT : ONLY_LEGACY);
			struct outcome outcome;
			const struct load_note *note;

			run(&outcome, &input);
			note = refusal(&outcome);
			/* A chain or target that may be an extension is refused only where the extensions are known. */
			if (!note && outcome.report.notes.count) {
				arena_release(&outcome.arena);
				input.target = root->target;
				run(&outcome, &input);
				note = refusal(&outcome);
			}
			if (wanted != (note != NULL) || (note && note->place.line != refused[i].line))
				fail_msg("%s: legacy %d: line %u: %s", input.text, legacy, note ? note->place.line : 0,
					 note ? note->message : "accepted");
			arena_release(&outcome.arena);
		}
	}
}

static void a_table_is_loaded_whole_or_not_at_all(void **state)
{
	struct input input = {.text = "*raw\n-A PREROUTING -s 10.0.0.0/8 -j DROP\nCOMMIT\n"
				      "*filter\n-A INPUT -j DROP\n-A INPUT -p bogus\nCOMMIT\n"
				      "*mangle\n-A INPUT -j DROP\nCOMMIT\n"};
	struct outcome outcome;

	(void)state;
	run(&outcome, &input);
	assert_non_null(refusal(&outcome));
	assert_int_equal(refusal(&outcome)->place.line, 6);
	assert_int_equal(outcome.ruleset.tables.count, 1);
	assert_string_equal(outcome.ruleset.tables.items[0]->name, "raw");
	assert_string_equal(sources(&outcome, PASSAGE_CLOSED, false), "10.0.0.0/8");
	arena_release(&outcome.arena);
}

static void without_flush_the_table_stays(void **state)
{
	static const char first[] = DROP_INPUT ":a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A INPUT -j b\n-A a -j RETURN\n"
					       "-A b -j ACCEPT\nCOMMIT\n";
	static const char second[] = "*filter\n:a - [0:0]\n-A a -s 192.0.2.0/24 -j DROP\nCOMMIT\n";
	static const char broken[] = "*filter\n-I INPUT -j DROP\n-A INPUT -p bogus\nCOMMIT\n";
	struct input input = {.text = first};
	struct outcome outcome;

	(void)state;
	run(&outcome, &input);
	assert_string_equal(sources(&outcome, PASSAGE_OPEN, false), "all");
	load_bytes(&outcome, &input, second, strlen(second), true);
	assert_null(refusal(&outcome));
	load_bytes(&outcome, &input, broken, strlen(broken), true);
	assert_non_null(refusal(&outcome));
	ask(&outcome, &input);
	assert_string_equal(sources(&outcome, PASSAGE_CLOSED, false), "192.0.2.0/24");
	arena_release(&outcome.arena);
}

static void extensions_are_looked_for(void **state)
{
	struct small_root *root = *state;
	struct input input = {.text = DROP_INPUT "-A INPUT -m geoip --src-cc DE -j ACCEPT\nCOMMIT\n",
			      .target = root->target};
	struct outcome outcome;

	/* No directory: nobody knows. */
	run(&outcome, &input);
	assert_int_equal(outcome.report.notes.count, 1);
	assert_int_equal(outcome.report.notes.items[0].outcome, LOAD_UNCERTAIN);
	assert_string_equal(sources(&outcome, PASSAGE_UNKNOWN, false), "all");
	arena_release(&outcome.arena);
	/* Not among those that are there: refused. */
	put(root, "/usr/lib/x86_64-linux-gnu/xtables/libxt_tcp.so", "");
	run(&outcome, &input);
	assert_non_null(refusal(&outcome));
	assert_int_equal(refusal(&outcome)->place.line, 5);
	arena_release(&outcome.arena);
	/* There: not understood. */
	put(root, "/usr/lib/x86_64-linux-gnu/xtables/libxt_geoip.so", "");
	run(&outcome, &input);
	assert_int_equal(outcome.report.notes.count, 0);
	assert_string_equal(sources(&outcome, PASSAGE_UNKNOWN, false), "all");
	arena_release(&outcome.arena);
}

static void names_come_from_the_target(void **state)
{
	struct small_root *root = *state;
	struct input input = {.text = DROP_INPUT KNOWN "-A INPUT -p tcp --dport backdoor -j ACCEPT\nCOMMIT\n",
			      .target = root->target};
	struct outcome outcome;

	put(root, "/etc/services", "backdoor\t\t22/tcp\tother # comment\nother2 23/udp\n");
	run(&outcome, &input);
	assert_null(refusal(&outcome));
	assert_string_equal(sources(&outcome, PASSAGE_OPEN, false), "all");
	arena_release(&outcome.arena);
	input.text = DROP_INPUT "-A INPUT -p tcp --dport nothing -j ACCEPT\nCOMMIT\n";
	run(&outcome, &input);
	assert_non_null(refusal(&outcome));
	arena_release(&outcome.arena);
	input.text = ACCEPT_INPUT "-A INPUT -s trusted.example.org -j DROP\nCOMMIT\n";
	run(&outcome, &input);
	assert_null(refusal(&outcome));
	assert_int_equal(outcome.report.notes.items[0].outcome, LOAD_UNCERTAIN);
	assert_string_equal(sources(&outcome, PASSAGE_UNKNOWN, false), "all");
	arena_release(&outcome.arena);
}

static void jumps_may_go_deep_or_not_at_all(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (unsigned depth = 14; depth <= 4000; depth += depth < 18 ? 1 : 3982) {
		struct text text = {.arena = &arena};
		struct outcome outcome;
		struct input input = {0};

		text_add_string(&text, "*filter\n");
		for (unsigned i = 0; i < depth; i++)
			text_printf(&text, ":c%u - [0:0]\n", i);
		for (unsigned i = 0; i + 1 < depth; i++)
			text_printf(&text, "-A c%u -j c%u\n", i, i + 1);
		text_add_string(&text, "-A INPUT -j c0\nCOMMIT\n");
		input.text = text.data;
		run(&outcome, &input);
		/* NFT_JUMP_STACK_SIZE */
		assert_int_equal(refusal(&outcome) != NULL, depth >= 16);
		arena_release(&outcome.arena);
		input.legacy = true;
		run(&outcome, &input);
		assert_null(refusal(&outcome));
		assert_string_equal(sources(&outcome, depth < 512 ? PASSAGE_OPEN : PASSAGE_UNKNOWN, false), "all");
		arena_release(&outcome.arena);
	}
	arena_release(&arena);
}

static void many_rules_are_read_in_linear_time(void **state)
{
	enum {
		RULES = 100000,
	};
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct input input = {0};
	struct outcome outcome;
	struct number_set closed;

	(void)state;
	text_add_string(&text, ACCEPT_INPUT);
	for (unsigned i = 0; i < RULES; i++)
		text_printf(&text, "-A INPUT -s %u.%u.%u.%u/32 -p tcp -m tcp --dport 22 -j DROP\n", 11 + i % 100,
			    i >> 16, i >> 8 & 255, i & 255);
	text_add_string(&text, "COMMIT\n");
	input.text = text.data;
	run(&outcome, &input);
	assert_null(refusal(&outcome));
	evaluation_sources(&outcome.evaluation, PASSAGE_CLOSED, &outcome.arena, &closed);
	assert_int_equal(closed.count, RULES);
	arena_release(&outcome.arena);
	arena_release(&arena);
}

/* Made to be slow: each takes the whole list once more. */
static void commands_in_the_middle_have_an_end(void **state)
{
	static const char *const commands[] = {"-D INPUT -s 9.9.9.9 -j DROP\n-A INPUT -s 9.9.9.9 -j DROP\n",
					       "-D INPUT 2\n-A INPUT -s 8.8.8.8 -j DROP\n", "-I INPUT 2 -s 7.7.7.7\n"};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct text text = {.arena = &arena};
		struct input input = {0};
		struct outcome outcome;

		text_add_string(&text, ACCEPT_INPUT);
		for (unsigned j = 0; j < 20000; j++)
			text_printf(&text, "-A INPUT -s 10.0.%u.%u -j DROP\n", j >> 8, j & 255);
		text_add_string(&text, "-A INPUT -s 9.9.9.9 -j DROP\n");
		for (unsigned j = 0; j < 20000; j++)
			text_add_string(&text, commands[i]);
		text_add_string(&text, "COMMIT\n");
		input.text = text.data;
		run(&outcome, &input);
		assert_null(refusal(&outcome));
		arena_release(&outcome.arena);
	}
	arena_release(&arena);
}

/* The program reads lines of 10,239 characters; what is left is another line to it. */
static void long_lines_are_cut(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (unsigned spaces = 10000; spaces < 11000; spaces += 100) {
		struct text text = {.arena = &arena};
		struct input input = {0};
		struct outcome outcome;

		text_printf(&text, "*filter\n-A INPUT -j DROP%*s-m comment --comment x\nCOMMIT\n", (int)spaces, "");
		input.text = text.data;
		run(&outcome, &input);
		assert_int_equal(refusal(&outcome) != NULL,
				 spaces + strlen("-A INPUT -j DROP-m comment --comment x\n") > 10239);
		arena_release(&outcome.arena);
	}
	arena_release(&arena);
}

static void broken_files_break_nothing(void **state)
{
	static const char whole[] =
	    "*nat\n:PREROUTING ACCEPT [1:2]\n-A PREROUTING -p tcp -m tcp --dport 2222 -j DNAT --to-destination "
	    "10.0.0.1-10.0.0.2:22-23\nCOMMIT\n" DROP_INPUT ":x - [0:0]\n" KNOWN
	    "-A INPUT ! -s 10.0.0.0/8,1.2.3.4 -p tcp -m multiport --ports 22,80:90 -m comment --comment \"a \\\" b\" -m "
	    "recent --update --name y --hitcount 3 -g x\n[3:4] -I x 1 -m set --match-set s src,dst -j CONNMARK "
	    "--restore-mark --nfmask 0xff --ctmask 0xf\nCOMMIT\n";
	struct input input = {.ipsets = "create s hash:ip,port\nadd s 1.2.3.4,tcp:22\n"};
	unsigned random = 1;
	char copy[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(whole); i++) {
		struct outcome outcome = {.ruleset.arena = &outcome.arena};
		size_t size = sizeof(whole) - 1;

		memcpy(copy, whole, sizeof(whole));
		ipset_save_load(&outcome.ruleset, (struct blob){(char *)input.ipsets, i % strlen(input.ipsets)}, "s",
				&outcome.report);
		if (i < sizeof(whole)) {
			size = i;
		} else {
			for (unsigned j = 0; j < 3; j++) {
				random = random * 1103515245 + 12345;
				copy[random / 65536 % size] = "\0\n\"!-:,*/ \\[\xff"[random / 7 % 13];
			}
		}
		load_bytes(&outcome, &input, copy, size, i % 2);
		ask(&outcome, &input);
		arena_release(&outcome.arena);
	}
}

static void ipset_files_that_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} files[] = {
	    {"create a hash:ip\ncreate a hash:ip\n", 2},
	    {"create a hash:ip\nadd b 1.2.3.4\n", 2},
	    {"create a hash:bogus\n", 1},
	    {"create a hash:ip bogus 1\n", 1},
	    {"create a hash:ip\nadd a 1.2.3\n", 2},
	    {"create a hash:net\nadd a 0.0.0.0/0\n", 2},
	    {"create a hash:ip,port\nadd a 1.2.3.4\n", 2},
	    {"create a hash:ip\nadd a 1.2.3.4,tcp:22\n", 2},
	    {"create a list:set\nadd a b\n", 2},
	    {"create a bitmap:port\n", 1},
	    {"create a bitmap:port range 1-10\nadd a 11\n", 2},
	    {"create a hash:ip maxelem 1\nadd a 1.2.3.4\nadd a 1.2.3.5\n", 3},
	    {"create aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa hash:ip\n", 1},
	    {"bogus\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct input input = {.text = "", .ipsets = files[i].text};
		struct outcome outcome;

		run(&outcome, &input);
		assert_non_null(refusal(&outcome));
		assert_int_equal(refusal(&outcome)->place.line, files[i].line);
		arena_release(&outcome.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rules_let_in_whom_they_say),
	    cmocka_unit_test_setup_teardown(what_the_loader_refuses, small_root_setup, small_root_teardown),
	    cmocka_unit_test(a_table_is_loaded_whole_or_not_at_all),
	    cmocka_unit_test(without_flush_the_table_stays),
	    cmocka_unit_test_setup_teardown(extensions_are_looked_for, small_root_setup, small_root_teardown),
	    cmocka_unit_test_setup_teardown(names_come_from_the_target, small_root_setup, small_root_teardown),
	    cmocka_unit_test(jumps_may_go_deep_or_not_at_all),
	    cmocka_unit_test(many_rules_are_read_in_linear_time),
	    cmocka_unit_test(commands_in_the_middle_have_an_end),
	    cmocka_unit_test(long_lines_are_cut),
	    cmocka_unit_test(broken_files_break_nothing),
	    cmocka_unit_test(ipset_files_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
