# SPDX-License-Identifier: GPL-2.0-or-later
"""Random /etc/nftables.conf as people write them, and broken ones: generate() and generate_broken()."""

import ipaddress

PREFIXES4 = ("10.0.0.0/8", "192.168.0.0/16", "192.168.1.0/24", "172.16.0.0/12", "203.0.113.0/24", "198.51.100.128/25",
             "203.0.113.7", "198.51.100.23", "100.64.0.0/10")
PREFIXES6 = ("2001:db8::/32", "2001:db8:1::/48", "2001:db8:2:3::/64", "fd00::/8", "fe80::/10", "2001:db8::77")
INTERFACES = ("eth0", "eth1", "wg0", "ens3", "br-lan")
OTHER_PORTS = (25, 53, 80, 443, 3000, 8080, 9100)
STATES = ("ct state established,related accept", "ct state { established, related } accept",
          "ct state vmap { established : accept, related : accept, invalid : drop }",
          "ct state established accept\nct state related accept", "ct state related,established counter accept",
          "ct state & (established|related) != 0 accept", "ct state != new,untracked accept")
INVALID = ("ct state invalid drop", "ct state invalid counter drop", "ct state == invalid log prefix \"bad: \" drop")
LOOPBACK = ("iif lo accept", "iif \"lo\" accept", "iifname lo accept", "iifname \"lo\" counter accept",
            "iif != lo ip daddr 127.0.0.0/8 drop")
ICMP = ("ip protocol icmp accept", "meta l4proto icmp accept", "icmp type echo-request limit rate 5/second accept",
        "icmp type { echo-request, destination-unreachable, time-exceeded } accept",
        "meta l4proto { icmp, ipv6-icmp } accept", "ip6 nexthdr icmpv6 accept",
        "icmpv6 type { nd-neighbor-solicit, nd-router-advert, nd-neighbor-advert } accept",
        "ip6 nexthdr icmpv6 icmpv6 type { nd-neighbor-solicit, echo-request } ip6 hoplimit 255 accept",
        "meta l4proto ipv6-icmp icmpv6 type nd-router-advert accept", "icmpv6 type nd-neighbor-solicit accept",
        "icmpv6 type 135-136 ct state untracked accept", "icmpv6 type != { nd-neighbor-solicit } drop",
        "ip6 daddr ff02::1:ff00:0/104 accept", "meta pkttype multicast accept", "ip6 saddr fe80::/10 accept",
        "icmpv6 type vmap { nd-neighbor-solicit : accept, nd-neighbor-advert : drop }", "ct state invalid drop")
SCANS = ("tcp flags & (fin|syn) == (fin|syn) drop", "tcp flags & (syn|rst) == (syn|rst) drop",
         "tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0 drop", "tcp flags fin,psh,urg / fin,syn,rst,psh,ack,urg drop",
         "ct state new tcp flags & (fin|syn|rst|ack) != syn drop", "tcp flags != syn ct state new counter drop",
         "ip frag-off & 0x1fff != 0 counter drop", "tcp flags syn tcp option maxseg size 1-500 drop",
         "fib saddr . iif oif missing drop", "fib daddr type != { local, broadcast, multicast } drop",
         "meta pkttype { broadcast, multicast } drop", "exthdr hbh exists drop", "rt type 0 drop")
ENDS = ("counter drop", "drop", "reject", "reject with icmpx type port-unreachable", "counter reject with icmpx "
        "admin-prohibited", "meta l4proto tcp reject with tcp reset", "log prefix \"drop: \" flags all counter",
        "limit rate 5/minute log prefix \"[nft] \" level info", "counter comment \"what is left\"", "return")


class Maker:
    """One rule set."""

    def __init__(self, random):
        self.random = random
        self.interfaces = ["eth0"] + random.sample(INTERFACES[1:], random.choice((0, 0, 1, 1, 2)))
        self.port = 22
        self.mentioned = []
        self.defines = []
        self.sets = []
        self.chains = []
        self.names = 0
        self.files = {}
        self.own = True  # in the table that the sets are in

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)

    def name(self, stem):
        self.names += 1
        return f"{stem}{self.names}"

    # --- parts of rules ------------------------------------------------------

    def ssh_port(self):
        port = self.port if self.chance(0.93) else self.pick((23, 2022, 222))
        return self.pick(("ssh", "22", "22")) if port == 22 else str(port)

    def networks(self, ipv6, count):
        chosen = self.random.sample(PREFIXES6 if ipv6 else PREFIXES4, count)
        # Sets without auto-merge hold nothing twice.
        kept = []
        for text in chosen:
            network = ipaddress.ip_network(text)
            if not any(network.overlaps(ipaddress.ip_network(other)) for other in kept):
                kept.append(text)
        self.mentioned += kept
        return kept

    def ports(self):
        form = self.random.randrange(7 if self.own else 5)
        port = self.ssh_port()
        others = self.random.sample(OTHER_PORTS, 2)
        if form < 3:
            return f"tcp dport {port}"
        if form == 3:
            return f"tcp dport {{ {others[0]}, {port}, {others[1]} }}"
        if form == 4:
            return f"tcp dport {self.pick(('20-25', '1-1023', '22-2222', '22-23'))}"
        if form == 5:
            name = self.name("ports")
            self.sets.append(f"set {name} {{ type inet_service; elements = {{ {others[0]}, {port} }}\n}}")
            return f"tcp dport @{name}"
        return self.pick((f"meta l4proto {{ tcp, udp }} th dport {port}", f"meta l4proto tcp th dport {port}",
                          f"tcp dport != {{ {others[0]}, {others[1]} }}", "tcp dport <= 1024",
                          f"ct state new tcp dport {port}", f"tcp flags syn tcp dport {port}"))

    def source(self, ipv6=None):
        ipv6 = self.chance(0.3) if ipv6 is None else ipv6
        word = "ip6" if ipv6 else "ip"
        form = self.random.randrange(6 if self.own else 4)
        networks = self.networks(ipv6, 1 if form < 2 else self.random.randrange(1, 4))
        negation = "!= " if self.chance(0.12) else ""
        if form < 2:
            return f"{word} saddr {negation}{networks[0]}"
        if form == 2:
            return f"{word} saddr {negation}{{ {', '.join(networks)} }}"
        if form == 3:
            name = self.name("net")
            value = networks[0] if len(networks) == 1 else f"{{ {', '.join(networks)} }}"
            self.defines.append(f"define {name} = {value}")
            return f"{word} saddr {negation}${name}"
        name = self.name("allowed")
        kind = f"type {'ipv6_addr' if ipv6 else 'ipv4_addr'}" if self.chance(0.7) else f"typeof {word} saddr"
        merge = "\nauto-merge" if self.chance(0.3) else ""
        elements = ",\n\t\t\t".join(networks)
        self.sets.append(f"set {name} {{\n{kind}\nflags interval{merge}\nelements = {{ {elements} }}\n}}")
        return f"{word} saddr {negation}@{name}"

    def interface(self):
        name = self.pick(self.interfaces + ["eth*"])
        form = self.random.randrange(5)
        if form == 0 and name != "eth*":
            return f"iif {name}"
        if form == 1:
            return f"iifname != {{ lo, {self.pick(INTERFACES[2:])} }}"
        if form == 2:
            return f"iifname {{ \"{name}\", dummy7 }}"
        return f"iifname \"{name}\""

    def ssh_rule(self):
        """Something that lets ssh in, more or less."""
        form = self.random.randrange(15)
        if form < 4:
            return f"{self.ports()} accept"
        if form < 8:
            return f"{self.source()} {self.ports()} accept"
        if form == 8:
            return f"{self.interface()} {self.ports()} {self.pick(('accept', 'counter accept'))}"
        if form == 9:
            ipv6 = self.chance(0.3)
            network = self.networks(ipv6, 1)[0]
            word = "ip6" if ipv6 else "ip"
            return f"{word} saddr . tcp dport {{ {network} . {self.ssh_port()}, {network} . 443 }} accept"
        if form == 10:
            return f"tcp dport vmap {{ {self.ssh_port()} : accept, 80 : {self.pick(('accept', 'drop'))} }}"
        if form == 11:
            ipv6 = self.chance(0.3)
            networks = self.networks(ipv6, 2)
            verdicts = ", ".join(f"{network} : {self.pick(('accept', 'drop'))}" for network in networks)
            rest = ", * : continue" if self.chance(0.2) else ""
            return f"{'ip6' if ipv6 else 'ip'} saddr vmap {{ {verdicts}{rest} }}"
        if form == 12:
            chain = self.name("ssh")
            inside = [f"{self.source()} accept"] + ([self.pick(("drop", "return", "accept"))] if self.chance(0.6) else [])
            self.chains.append((chain, inside))
            return f"{self.ports()} {self.pick(('jump', 'jump', 'goto'))} {chain}"
        if form == 13:
            return self.pick((f"{self.ports()} ct state new limit rate 10/minute burst 5 packets accept",
                              f"{self.ports()} limit rate over 10/second drop\n{self.ports()} accept",
                              f"{self.ports()} ct count over 20 drop\n{self.ports()} accept",
                              f"{self.ports()} meter m{self.names} {{ ip saddr limit rate 10/second }} accept"))
        interface = self.pick(self.interfaces)
        return f"iifname . tcp dport {{ {interface} . {self.ssh_port()}, \"wg*\" . 53 }} accept"

    def deny_rule(self):
        return self.pick((f"{self.source()} drop", f"{self.source()} {self.ports()} drop", f"{self.source()} reject",
                          f"{self.interface()} {self.ports()} drop", f"{self.ports()} ip saddr != 192.0.2.0/24 drop"))

    def service_rule(self):
        return self.pick(("tcp dport { 80, 443 } accept", "udp dport 53 accept", "tcp dport http ct state new accept",
                          "udp dport { 67, 68 } udp sport { 67, 68 } accept", "tcp dport 9100 ip saddr 10.0.0.0/8 accept",
                          "ip6 saddr fe80::/10 udp dport 546 accept", "ip daddr 224.0.0.251 udp dport 5353 accept",
                          "meta mark 0x7 accept", "meta skuid 0 accept", "ip protocol { esp, gre } accept"))

    def input_rules(self, policy):
        rules = []
        if self.chance(0.9):
            rules += self.pick(STATES).split("\n")
        if self.chance(0.4):
            rules.append(self.pick(INVALID))
        if self.chance(0.85):
            rules.insert(self.random.randrange(len(rules) + 1), self.pick(LOOPBACK))
        rules += self.random.sample(ICMP, self.random.randrange(3))
        rules += self.random.sample(SCANS, self.pick((0, 0, 1, 2)))
        # Where the address that is connected to is the interface's own, as clients do it.
        if len(self.interfaces) == 1 and self.chance(0.1):
            rules.append("fib daddr . iif type != { local, broadcast, multicast } drop")
        middle = [self.ssh_rule() for _ in range(self.pick((0, 1, 1, 1, 2, 3)))]
        middle += [self.deny_rule() for _ in range(self.pick((0, 0, 1, 2)))]
        middle += [self.service_rule() for _ in range(self.random.randrange(3))]
        self.random.shuffle(middle)
        rules += [line for rule in middle for line in rule.split("\n")]
        if self.chance(0.2):
            rules += self.dynamic_set()
        if self.chance(0.5 if policy == "drop" else 0.6):
            rules.append(self.pick(ENDS))
        # Now and then somebody puts a line where it should not be.
        if self.chance(0.15) and len(rules) > 2:
            rules.insert(self.random.randrange(len(rules)), rules.pop(self.random.randrange(len(rules))))
        return rules

    def dynamic_set(self):
        name = self.name("seen")
        self.sets.append(f"set {name} {{\ntype ipv4_addr\nsize 65535\nflags dynamic,timeout\ntimeout 5m\n}}")
        return self.pick((
            [f"ip saddr @{name} drop",
             f"tcp dport {self.port} ct state new limit rate over 30/minute add @{name} {{ ip saddr }} drop"],
            [f"tcp dport {self.port} ct state new update @{name} {{ ip saddr limit rate over 60/minute }} drop"],
            [f"tcp dport 7000 add @{name} {{ ip saddr }}", f"ip saddr @{name} tcp dport {self.port} accept"],
            [f"ct state new add @{name} {{ ip saddr timeout 30s }}", f"ip saddr @{name} tcp dport 80 accept"],
        ))

    # --- tables --------------------------------------------------------------

    def output_chain(self):
        if self.chance(0.5):
            return [("output", "filter", "output", "filter", "accept", [])]
        rules = [self.pick(("ct state established,related accept", f"tcp sport {self.port} accept", "oif lo accept",
                            "oifname \"lo\" accept", f"tcp sport {self.port} ct state established accept",
                            "meta skuid 0 accept", "ct state { established, related, new } accept",
                            "ip daddr 10.0.0.0/8 drop")) for _ in range(self.random.randrange(1, 4))]
        return [("output", "filter", "output", "filter", self.pick(("accept", "drop", "drop")), rules)]

    def other_tables(self):
        tables = []
        if self.chance(0.25):
            target, port = self.pick(((22, 2222), (22, 2222), (22, 443), (8022, 22)))
            if port == 2222 and target == 22 and self.chance(0.6):
                self.asked = 2222
            rule = self.pick((f"tcp dport {port} redirect to :{target}",
                              f"{self.interface()} tcp dport {port} counter redirect to :{target}",
                              f"{self.source(False)} tcp dport {port} redirect to :{target}",
                              "tcp dport 8080 dnat ip to 10.0.0.5:80"))
            tables.append(("inet", "nat", [("prerouting", "nat", "prerouting", self.pick(("dstnat", "-100")), "accept",
                                            [rule]),
                                           ("postrouting", "nat", "postrouting", "srcnat", "accept",
                                            ["oifname \"eth0\" masquerade"])]))
        if self.chance(0.2):
            hook, priority = self.pick((("prerouting", "mangle"), ("prerouting", "raw"), ("input", "filter - 10"),
                                        ("input", "security")))
            mark = self.pick(("7", "0x10", "0xff"))
            rules = [f"{self.source()} meta mark set {mark}"]
            if priority != "raw":
                rules.append(f"ct state new tcp dport {self.port} ct mark set {mark}")
            tables.append(("inet", "mangle", [("marks", "filter", hook, priority, "accept", rules)]))
        if self.chance(0.12):
            rules = [self.pick((f"tcp dport {self.port} drop", f"{self.source(False)} drop", "udp dport 53 drop",
                                f"ip saddr 203.0.113.0/24 tcp dport {self.port} accept"))]
            devices = self.pick((f"device {self.interfaces[-1]}", f"devices = {{ {', '.join(self.interfaces)} }}"))
            tables.append(("netdev", "early", [("ingress", "filter", f"ingress {devices}", "-500", "accept", rules)]))
        if self.chance(0.12):
            tables.append(("ip", "raw", [("prerouting", "filter", "prerouting", "raw", "accept",
                                          [self.pick(("udp dport 53 notrack", "fib daddr type local counter",
                                                      f"{self.source(False)} drop"))])]))
        if self.chance(0.12):
            tables.append(("ip6", "filter6", [("input", "filter", "input", self.pick(("0", "10", "-1")),
                                               self.pick(("accept", "drop")), [f"{self.ports()} accept"])]))
        return tables

    def main_table(self):
        family = self.pick(("inet",) * 7 + ("ip",))
        policy = self.pick(("drop", "drop", "drop", "accept"))
        rules = self.input_rules(policy)
        if self.chance(0.15):
            # Dispatch by interface.
            inside = self.name("from_")
            self.chains.append((inside, rules[1:] or ["accept"]))
            others = "tun*" if "wg0" in self.interfaces else "wg*"
            rules = rules[:1] + [f"iifname vmap {{ lo : accept, \"{self.pick(self.interfaces)}\" : jump {inside}, "
                                 f"\"{others}\" : {self.pick(('accept', 'drop', 'jump ' + inside))} }}"]
        chains = [("input", "filter", "input", self.pick(("filter", "filter", "0", "filter + 5")), policy, rules)]
        chains.append(("forward", "filter", "forward", "filter", "drop", []))
        chains += self.output_chain()
        if family == "ip":
            # What is of the other family alone would not be taken.
            keep = [i for i, chain in enumerate(chains)]
            chains = [chains[i][:5] + ([rule for rule in chains[i][5] if not ipv6_only(rule)],) for i in keep]
            self.chains = [(name, [rule for rule in inside if not ipv6_only(rule)]) for name, inside in self.chains]
        return family, self.pick(("filter", "filter", "firewall")), chains

    # --- text ----------------------------------------------------------------

    def block(self, family, name, chains, own):
        lines = [f"table {family} {name} {{"]
        if own:
            for text in self.sets:
                lines += ["\t" + line for line in text.split("\n")]
            for chain, rules in self.chains:
                lines += [f"\tchain {chain} {{"] + ["\t\t" + rule for rule in rules] + ["\t}"]
        for chain, kind, hook, priority, policy, rules in chains:
            lines.append(f"\tchain {chain} {{")
            head = f"\t\ttype {kind} hook {hook} priority {priority};"
            if policy == "drop" or self.chance(0.7):
                head += f" policy {policy};"
            lines += [head] + ["\t\t" + rule for rule in rules] + ["\t}"]
        return lines + ["}"]

    def commands(self, family, name, chains, own):
        where = f"{family} {name}"
        lines = [f"add table {where}"]
        if own:
            for text in self.sets:
                kind, rest = text.split(" ", 1)
                set_name, body = rest.split(" ", 1)
                lines.append(f"add {kind} {where} {set_name} {body}".replace("\n", "\n\t"))
            lines += [f"add chain {where} {chain}" for chain, _ in self.chains]
            for chain, rules in self.chains:
                lines += [f"add rule {where} {chain} {rule}" for rule in rules]
        for chain, kind, hook, priority, policy, rules in chains:
            lines.append(f"add chain {where} {chain} {{ type {kind} hook {hook} priority {priority}; policy {policy}; }}")
            lines += [f"add rule {where} {chain} {rule}" for rule in rules]
        return lines

    def text(self):
        self.asked = self.port
        main = self.main_table()
        self.own = False
        tables = [(table, False) for table in self.other_tables()]
        # A table that others refer to by nothing may come in any place.
        tables.insert(self.random.randrange(len(tables) + 1), (main, True))
        write = self.commands if self.chance(0.2) else self.block
        body = [line for (family, name, chains), own in tables for line in write(family, name, chains, own)]
        head = ["#!/usr/sbin/nft -f", ""] if self.chance(0.8) else []
        head += ["flush ruleset", ""] if self.chance(0.9) else []
        defines = self.defines
        if defines and self.chance(0.3):
            self.files["etc/nftables.d/defines.nft"] = "\n".join(defines) + "\n"
            defines = [self.pick(('include "/etc/nftables.d/defines.nft"', 'include "/etc/nftables.d/*.nft"',
                                  'include "nftables.d/defines.nft"'))]
        if self.chance(0.12) and write == self.block:
            self.files["etc/nftables.d/zz_tables.conf"] = "\n".join(body) + "\n"
            body = ['include "/etc/nftables.d/*.conf"']
        if self.chance(0.3):
            body = [line for each in body for line in ((each, "# " + each.strip()) if self.chance(0.1) else (each,))]
        return "\n".join(head + defines + [""] + body) + "\n"


def ipv6_only(rule):
    return any(word in rule for word in ("ip6", "icmpv6", "rt type", "exthdr", "icmpx"))


def interesting(mentioned):
    """Just inside and just outside of what the rules mention."""
    found = {4: [], 6: []}
    for text in mentioned + ["198.18.0.1", "8.8.8.8", "2600::1"]:
        network = ipaddress.ip_network(text)
        first, last = int(network.network_address), int(network.broadcast_address)
        for number in (first - 1, first, first + 1, last - 1, last, last + 1):
            if 0 < number < 1 << network.max_prefixlen:
                address = ipaddress.ip_address(number.to_bytes(network.max_prefixlen // 8, "big"))
                # Machines have no other addresses.
                if not (address.is_loopback or address.is_multicast or int(address) >> 24 == 0 or
                        (address.version == 4 and int(address) >> 28 == 15)):
                    found[address.version].append(str(address))
    return {version: list(dict.fromkeys(addresses))[:40] for version, addresses in found.items()}


def made(maker, text):
    sources = interesting(maker.mentioned)
    return {"tool": "nft", "files": {"etc/nftables.conf": text, **maker.files}, "interfaces": maker.interfaces,
            "sources4": sources[4], "sources6": sources[6], "port": maker.asked, "ports": [22]}


def generate(random):
    maker = Maker(random)
    return made(maker, maker.text())


TYPING_ERRORS = (("accept", "acept"), ("dport", "dprot"), ("tcp", "tpc"), ("saddr", "sadr"), ("established", "establised"),
                 ("policy drop", "policy deny"), ("hook input", "hook imput"), ("ct state", "ct stat"), ("{ ", "{ , "),
                 ("priority filter", "priority fliter"), (" }", ""), ("{", ""), (";", ""), ("drop", "drop;;"),
                 ("jump", "goto"), ("type filter", "type fliter"), ("flags interval", ""), ("ip saddr", "ip6 saddr"),
                 ("ip6 saddr", "ip saddr"), ("@", "$"), ("$", "@"), ("tcp dport", "dport"), ("iifname", "iif"),
                 ("udp", "tcp"), ("22", "22000000"), ("22", "22, 80"), ("define", "redefine"), ("\n", "\r\n"),
                 ("flush ruleset", "flush rulesets"), ("accept\n", "accept drop\n"), ("\tchain ", "\tchain x"),
                 ("elements", "element"), ("type ipv4_addr", "type ipv6_addr"), ("/", "/1"), ("10.0.0.0", "10.0.0"),
                 ("counter", "counter name none"), ("\n}", "\n"), ("inet", "net"), ("include", "#include"))


def generate_broken(random):
    """One typing error, or part of the file; nft may take it nevertheless."""
    maker = Maker(random)
    text = maker.text()
    form = random.randrange(4)
    if form == 0:
        return made(maker, text[:random.randrange(len(text))])
    if form == 1:
        lines = text.split("\n")
        first, second = random.randrange(len(lines)), random.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
        return made(maker, "\n".join(lines))
    for _ in range(20):
        wrong, instead = random.choice(TYPING_ERRORS)
        places = text.count(wrong)
        if places:
            place = -1
            for _ in range(random.randrange(places) + 1):
                place = text.index(wrong, place + 1)
            return made(maker, text[:place] + instead + text[place + len(wrong):])
    return made(maker, text)
