# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule sets that nobody would write: chains that jump, go to and return, marks, tracking and translation in all hooks, and
everything at once. They are for the evaluator; iptables-restore is how they get into the kernel."""

INTERFACES = ["eth0", "eth1", "wg0"]
SOURCES4 = ["10.1.2.3", "192.0.2.77", "198.51.100.7", "203.0.113.9"]
SOURCES6 = ["2001:db8:1::1", "2001:db8::77", "fd00::5", "fe80::9"]
NETS = {False: ["10.0.0.0/8", "192.0.2.0/24", "198.51.100.7", "203.0.113.0/25"],
        True: ["2001:db8::/64", "fd00::/8", "2001:db8:1::1"]}
LOCALS = {False: ["192.0.2.10", "192.0.2.0/24", "10.0.0.0/8"], True: ["2001:db8::10", "2001:db8::/32", "fd00::/8"]}
STATES = ["NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "UNTRACKED", "NEW,ESTABLISHED", "DNAT"]
# "!" stands for a negation that may be there.
TCP = ["! --dport 22", "! --dport 2222", "! --dport 22:80", "! --dport 80", "! --sport 22", "! --sport 1024:65535",
       "! --sport 2222", "! --syn", "--tcp-flags SYN,ACK SYN,ACK", "--tcp-flags SYN,ACK ACK", "--tcp-flags ALL SYN"]
MULTIPORT = ["! --dports 22,80", "! --sports 2222", "! --ports 22", "! --dports 1:1023", "! --ports 2222,22"]
CONNTRACK = ["--ctdir ORIGINAL", "--ctdir REPLY", "! --ctstatus SEEN_REPLY", "! --ctstatus ASSURED", "! --ctorigdstport 22",
             "! --ctstatus CONFIRMED"] + [f"! --ctstate {state}" for state in STATES]
RARE = ["-m limit --limit 5/min", "-m recent --name s --set", "-m recent --name s --rcheck",
        "-m recent --name s --update --hitcount 4 --seconds 60", "-m statistic --mode random --probability 0.5",
        "-m length --length 40:120"]
MARKS = ["MARK --set-xmark 0x1/0xffffffff", "MARK --set-xmark 0x2/0xffffffff", "MARK --set-xmark 0x1/0x1",
         "CONNMARK --save-mark", "CONNMARK --restore-mark", "CONNMARK --set-xmark 0x1/0xffffffff", "ACCEPT", "RETURN"]
TRANSLATIONS = ["REDIRECT --to-ports 2222", "REDIRECT --to-ports 22", "REDIRECT --to-ports 8022", "REDIRECT", "RETURN",
                "ACCEPT"]
VERDICTS = ["ACCEPT", "ACCEPT", "DROP", "RETURN", "REJECT", "LOG"]
# Where chains may lead to: never in a circle, which iptables refuses.
BELOW = {"INPUT": "ABC", "OUTPUT": "ABC", "A": "BC", "B": "C", "C": ""}


class Maker:
    def __init__(self, random, ipv6):
        self.random, self.ipv6 = random, ipv6

    def chance(self, probability):
        return self.random.random() < probability

    def negation(self, text):
        return text.replace("! ", "! " if self.chance(0.25) else "")

    def match(self, kind, direction):
        choice = self.random.choice
        if kind == "interface":
            option = {"in": "-i", "out": "-o"}.get(direction) or choice(["-i", "-o"])
            return f"! {option} {choice(['eth0', 'eth1', 'eth+', 'wg0', 'lo'])}"
        if kind == "neighbours":
            types = ["135", "136/0", "neighbour-solicitation", "neighbor-advertisement", "135/1", "echo-request"]
            return f"-p ipv6-icmp -m icmp6 ! --icmpv6-type {self.random.choice(types)}" if self.ipv6 else ""
        if kind == "owner":
            return f"-m owner ! --uid-owner {choice(['0', '1000'])}" if direction == "out" else ""
        return {
            "source": f"! -s {choice(NETS[self.ipv6] if direction != 'out' else LOCALS[self.ipv6])}",
            "destination": f"! -d {choice(LOCALS[self.ipv6] if direction != 'out' else NETS[self.ipv6])}",
            "tcp": f"-p tcp -m tcp {choice(TCP)}",
            "multiport": f"-p tcp -m multiport {choice(MULTIPORT)}",
            "conntrack": f"-m conntrack {choice(CONNTRACK)}",
            "mark": f"-m mark ! --mark {choice(['0x1', '0x2', '0x0', '0x1/0x1', '0x2/0xf'])}",
            "connmark": f"-m connmark ! --mark {choice(['0x1', '0x0', '0x1/0x1'])}",
            "addrtype": f"-m addrtype ! --{choice(['src', 'dst'])}-type {choice(['LOCAL', 'UNICAST'])}",
            "rare": choice(RARE) if self.chance(0.05) else "",
        }[kind]

    def matches(self, direction):
        kinds = ["interface", "owner", "source", "destination", self.random.choice(["tcp", "tcp", "multiport"]), "conntrack",
                 "mark", "connmark", "addrtype", "rare"]
        chosen = self.random.sample(kinds, self.random.choice([0, 1, 1, 1, 2, 2, 3]))
        # Neighbour discovery has no ports.
        if self.ipv6 and self.chance(0.15):
            chosen = ["neighbours"] + [kind for kind in chosen if kind not in ("tcp", "multiport")]
        return " ".join(filter(None, (self.negation(self.match(kind, direction)) for kind in chosen)))

    def table(self, name, chains, rules):
        return [f"*{name}", *(f":{chain} {policy} [0:0]" for chain, policy in chains.items()), *rules, "COMMIT"]

    def raw(self):
        chains = {"PREROUTING": "in", "OUTPUT": "out"}
        rules = []
        for _ in range(self.random.randint(1, 2)):
            chain = self.random.choice(list(chains))
            rules.append(f"-A {chain} {self.matches(chains[chain])} -j {self.random.choice(['NOTRACK', 'CT --notrack', 'ACCEPT'])}")
        return self.table("raw", dict.fromkeys(chains, "ACCEPT"), rules)

    def mangle(self):
        chains = {"PREROUTING": "in", "INPUT": "in", "OUTPUT": "out", "POSTROUTING": "out"}
        rules = []
        for _ in range(self.random.randint(1, 4)):
            chain = self.random.choice(list(chains))
            rules.append(f"-A {chain} {self.matches(chains[chain])} -j {self.random.choice(MARKS)}")
        return self.table("mangle", {**dict.fromkeys(chains, "ACCEPT"), "FORWARD": "ACCEPT"}, rules)

    def nat(self):
        rules = []
        for _ in range(self.random.randint(1, 3)):
            matches = self.matches("in")
            protocol = "" if "-p tcp" in matches else "-p tcp"
            rules.append(f"-A PREROUTING {protocol} {matches} -j {self.random.choice(TRANSLATIONS)}")
        return self.table("nat", dict.fromkeys(("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"), "ACCEPT"), rules)

    def verdict(self, chain):
        if BELOW[chain] and self.chance(0.4):
            return self.random.choice(["-j ", "-g "]) + self.random.choice(BELOW[chain])
        return "-j " + self.random.choice(VERDICTS)

    def filter(self):
        rules = []
        for chain, direction in (("INPUT", "in"), ("INPUT", "in"), ("OUTPUT", "out"), ("A", ""), ("B", ""), ("C", "")):
            if chain == "INPUT" and self.chance(0.5):
                rules.append("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
            rules += [f"-A {chain} {self.matches(direction)} {self.verdict(chain)}" for _ in range(self.random.randint(0, 3))]
        if self.chance(0.5):
            rules.append("-A INPUT -p tcp --dport 22 -j ACCEPT")
        chains = {"INPUT": self.random.choice(["DROP", "ACCEPT", "ACCEPT"]), "FORWARD": "ACCEPT",
                  "OUTPUT": self.random.choice(["DROP", "ACCEPT", "ACCEPT", "ACCEPT"]), **dict.fromkeys("ABC", "-")}
        return self.table("filter", chains, rules)

    def text(self):
        lines = []
        for make, probability in ((self.raw, 0.4), (self.mangle, 0.5), (self.nat, 0.4), (self.filter, 1)):
            if self.chance(probability):
                lines += make()
        return "\n".join(lines) + "\n"


def generate(random):
    return {"tool": random.choice(["iptables-nft", "iptables-legacy"]), "interfaces": INTERFACES, "sources4": SOURCES4,
            "sources6": SOURCES6, "ports": [22, 2222],
            "files": {"etc/iptables/rules.v4": Maker(random, False).text(), "etc/iptables/rules.v6": Maker(random, True).text()}}
