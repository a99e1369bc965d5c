# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of commands, each a transaction of its own: what fails must leave everything as it was, and the next one goes on
from there. Many fail: chains that are missing, there already or in use, jumps in circles, rules that are not there."""

import shlex

NETS = {False: ["10.0.0.0/8", "192.0.2.77", "198.51.100.0/24", "0.0.0.0/0"],
        True: ["2001:db8::/64", "2001:db8::77", "fd00::/8", "::/0"]}
SOURCES4 = ["10.1.2.3", "192.0.2.77", "198.51.100.7", "203.0.113.9"]
SOURCES6 = ["2001:db8::1", "2001:db8::77", "fd00::5", "2a03::1"]
OWN = ["a", "b", "c"]


class Maker:
    def __init__(self, random):
        self.random = random
        self.lines = []

    def chance(self, probability):
        return self.random.random() < probability

    def choice(self, items):
        return self.random.choice(items)

    def quoted(self, words):
        """The same arguments for nft, which joins them: alone, together, in quotes of either kind or with backslashes."""
        form = self.random.randrange(3)
        if form == 0:
            return shlex.quote(words)
        if form == 1:
            return '"' + words.replace('"', '\\"') + '"'
        return " ".join(word.replace(";", "\\;").replace("{", "\\{").replace("}", "\\}").replace('"', '\\"') if
                        self.chance(0.5) else shlex.quote(word) for word in words.split(" "))

    def ending(self):
        return self.choice(["", "", "", " || true", " 2>/dev/null || true", " >/dev/null 2>&1", " # why"])

    # nft

    def nft_rule(self):
        matches = self.choice(["", "tcp dport 22 ", "tcp dport != 22 ", f"ip saddr {self.choice(NETS[False])} ",
                               f"ip6 saddr {self.choice(NETS[True])} ", "ct state established ", "meta skuid 0 ",
                               "ip saddr @s ", 'iifname "eth0" '])
        verdicts = ["accept", "drop", "return", f"jump {self.choice(OWN)}", f"goto {self.choice(OWN)}", "counter",
                    "reject with tcp reset", "redirect to :22", "accept drop", 'log prefix "a b"']
        return matches + self.choice(verdicts)

    def nft_change(self):
        chain = self.choice(OWN + ["i", "i", "i", "o"])
        return self.choice([
            lambda: f"add rule inet f {chain} {self.nft_rule()}", lambda: f"insert rule inet f {chain} {self.nft_rule()}",
            lambda: f"add rule inet f {chain} {self.nft_rule()}", lambda: f"insert rule inet f {chain} {self.nft_rule()}",
            lambda: f"add rule inet f {chain} index {self.random.randrange(4)} {self.nft_rule()}",
            lambda: f"add chain inet f {self.choice(OWN)}", lambda: f"create chain inet f {self.choice(OWN)}",
            lambda: f"delete chain inet f {self.choice(OWN)}", lambda: f"flush chain inet f {chain}",
            lambda: f"rename chain inet f {self.choice(OWN)} {self.choice(OWN)}",
            lambda: f"add chain inet f i {{ policy {self.choice(['drop', 'accept'])}; }}",
            lambda: f"add element inet f s {{ {self.choice(SOURCES4)}, {self.choice(NETS[False])} }}",
            lambda: f"delete element inet f s {{ {self.choice(SOURCES4)} }}", lambda: "flush set inet f s",
            lambda: "delete set inet f s", lambda: "flush table inet f",
            lambda: f"add map inet f m {{ type inet_service : verdict; elements = {{ 22 : jump {self.choice(OWN)} }}; }}",
            lambda: f"add element inet f m {{ 22 : {self.choice(['accept', 'drop', 'goto b'])} }}",
            lambda: f"add rule inet f {chain} tcp dport vmap @m", lambda: "delete table inet f",
        ])()

    def nft(self):
        changes = [self.nft_change() for _ in range(self.choice([1, 1, 1, 2, 3]))]
        # nft itself does not find the new name of a chain before all is loaded.
        if "rename" in "".join(changes):
            del changes[1:]
        return "nft " + self.choice(["", "", "-- ", "-a ", "-e "]) + self.quoted("; ".join(changes))

    # iptables

    def iptables_rule(self, ipv6, chain):
        matches = self.choice(["", "-p tcp --dport 22", "-p tcp ! --dport 22", f"-s {self.choice(NETS[ipv6])}", "-i eth0",
                               f"! -s {self.choice(NETS[ipv6])}", "-m conntrack --ctstate ESTABLISHED",
                               "-m owner --uid-owner 0", "-m comment --comment \"a 'b'\"", "-p tcp -m comment --comment 'a \"b\"'"])
        target = self.choice(["ACCEPT", "DROP", "RETURN", "REJECT", "LOG --log-prefix 'a b'"] + OWN)
        return f"{chain} {matches} -j {target}"

    def iptables_change(self, ipv6):
        chain = self.choice(OWN + ["INPUT", "INPUT", "OUTPUT"])
        rule = self.iptables_rule(ipv6, chain)
        return self.choice([
            lambda: f"-A {rule}", lambda: f"-A {rule}", lambda: f"-A {rule}", lambda: f"-I {rule}",
            lambda: f"-I {rule.replace(chain, f'{chain} {self.random.randrange(1, 4)}', 1)}",
            lambda: f"-R {rule.replace(chain, f'{chain} {self.random.randrange(1, 4)}', 1)}",
            lambda: f"-D {chain} {self.random.randrange(1, 4)}", lambda: f"-D {rule}",
            lambda: "-D " + self.choice([line.split(" -A ", 1)[1].split(" ||")[0].split(" 2>")[0].split(" >")[0].split(" #")[0]
                                         for line in self.lines if " -A " in line] or ["INPUT -j DROP"]),
            lambda: f"-N {self.choice(OWN)}", lambda: f"-N {self.choice(OWN)}", lambda: f"-X {self.choice(OWN)}",
            lambda: f"-F {chain}", lambda: "-X", lambda: f"-E {self.choice(OWN)} {self.choice(OWN)}",
            lambda: f"-P {self.choice(['INPUT', 'INPUT', 'OUTPUT', 'a'])} {self.choice(['DROP', 'ACCEPT'])}",
        ])()

    def iptables(self, backend):
        ipv6 = self.chance(0.3)
        table = self.choice(["", "", "", "-t filter ", "-t mangle "])
        return f"ip{'6' * ipv6}tables-{backend} {table}{self.iptables_change(ipv6)}"

    def script(self, backend):
        self.lines += ["nft add table inet f",
                       "nft 'add chain inet f i { type filter hook input priority 10; }'",
                       "nft add chain inet f o \"{ type filter hook output priority 10; }\"",
                       "nft add set inet f s '{ type ipv4_addr; flags interval; }'"]
        for name in self.random.sample(OWN, 2):
            self.lines += [f"nft add chain inet f {name}", f"iptables-{backend} -N {name}", f"ip6tables-{backend} -N {name}"]
        stops_at = self.random.randrange(60)
        for number in range(self.random.randrange(4, 40)):
            if number == stops_at:
                self.lines.append("set -e")
            self.lines.append((self.nft() if self.chance(0.5) else self.iptables(backend)) + self.ending())
        return "#!/bin/sh\n" + "\n".join(self.lines) + "\n"


def generate(random):
    maker = Maker(random)
    return {
        "tool": "commands",
        "files": {"/etc/commands.sh": maker.script(random.choice(["nft", "legacy"]))},
        "interfaces": ["eth0", "eth1"],
        "sources4": SOURCES4,
        "sources6": SOURCES6,
    }
