# SPDX-License-Identifier: GPL-2.0-or-later
"""Random rule sets as iptables-save(8) and ipset(8) write them, and as people write them: what distributions, docker,
fail2ban, hardening guides and cloud images leave behind, put together anew each time."""

import ipaddress

NETS4 = ["192.0.2.0/24", "192.0.2.64/26", "198.51.100.0/24", "198.51.100.7", "203.0.113.77/32", "10.0.0.0/8", "10.1/16",
         "172.16.0.0/12", "192.168.0.0/255.255.0.0", "203.0.113.0/25", "8.8.8.8", "100.64.0.0/10", "128.0.0.0/1"]
NETS6 = ["2001:db8::/64", "2001:db8:1::/48", "2001:db8:ffff::7", "fd00::/8", "fe80::/10", "2001:db8::/32",
         "2001:db8:2::/ffff:ffff:ffff::", "2a00::/12"]
INTERFACES = [["eth0"], ["eth0", "wg0"], ["eth0", "eth1"], ["ens3", "docker0"], ["enp1s0", "tun0", "eth0"]]
CHAINS = {"filter": ["INPUT", "FORWARD", "OUTPUT"], "raw": ["PREROUTING", "OUTPUT"],
          "mangle": ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
          "nat": ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], "security": ["INPUT", "FORWARD", "OUTPUT"]}
KNOWN = ["-m conntrack --ctstate RELATED,ESTABLISHED", "-m state --state RELATED,ESTABLISHED",
         "-m state --state ESTABLISHED,RELATED", "-p tcp -m state --state ESTABLISHED"]


NEIGHBOURS = ["-p ipv6-icmp -j ACCEPT", "-p icmpv6 -m icmp6 --icmpv6-type 135 -j ACCEPT",
              "-p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -m hl --hl-eq 255 -j ACCEPT",
              "-p ipv6-icmp -m icmp6 --icmpv6-type neighbor-advertisement -j ACCEPT",
              "-p ipv6-icmp -m icmp6 ! --icmpv6-type echo-request -j DROP", "-d ff02::1:ff00:0/104 -j ACCEPT"]


class Maker:
    """One family's rules."""

    def __init__(self, random, interfaces, ipv6, sets):
        self.random, self.interfaces, self.ipv6, self.sets = random, interfaces, ipv6, sets
        self.policies, self.rules, self.chains = {}, {}, {}
        self.mentioned = []

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, items):
        return self.random.choice(items)

    def add(self, table, chain, rule):
        if chain not in CHAINS[table] and chain not in self.chains.get(table, []):
            self.chains.setdefault(table, []).append(chain)
        self.rules.setdefault(table, []).append((chain, rule))

    # --- parts of rules

    def net(self):
        net = self.pick(NETS6 if self.ipv6 else NETS4)
        self.mentioned.append(net)
        return net

    def source(self):
        if self.chance(0.12):
            return f"! -s {self.net()}"
        if self.chance(0.15):
            return f"-s {self.net()},{self.net()}"
        return f"-s {self.net()}"

    def range(self):
        base = "2001:db8:%x::" % self.random.randint(0, 3) if self.ipv6 else "198.51.100."
        low, high = sorted(self.random.sample(range(1, 200), 2))
        self.mentioned += [f"{base}{low:x}" if self.ipv6 else f"{base}{low}", f"{base}{high:x}" if self.ipv6 else f"{base}{high}"]
        return f"-m iprange {self.maybe_not()}--src-range {self.mentioned[-2]}-{self.mentioned[-1]}"

    def maybe_not(self):
        return "! " if self.chance(0.15) else ""

    def interface(self):
        name = self.pick(self.interfaces + ["eth+", "wg+", "br-lan"])
        return f"{self.maybe_not()}-i {name}"

    def ports(self):
        return self.pick(["22", "22", "22", "22", "ssh", "2222", "80", "443", "20:30", "1:1023", "1024:", ":1024", "8080"])

    def tcp(self):
        kind = self.random.random()
        if kind < 0.55:
            return f"-p tcp -m tcp {self.maybe_not()}--dport {self.ports()}"
        if kind < 0.7:
            return f"-p tcp --dport {self.ports()}"
        if kind < 0.9:
            ports = ",".join(self.random.sample(["22", "80", "443", "25", "8000:8100", "20:21", "22:23", "993"],
                                                self.random.randint(1, 4)))
            return f"-p tcp -m multiport {self.maybe_not()}{self.pick(['--dports', '--dports', '--dport', '--ports'])} {ports}"
        return self.pick(["-p tcp", "-p 6", "! -p udp", "-p tcp -m tcp --sport 1024:65535 --dport 22"])

    def extra(self):
        """A condition beside the port."""
        state = ["-m conntrack --ctstate NEW", "-m state --state NEW", "-m conntrack --ctstate NEW,ESTABLISHED",
                 "-m conntrack ! --ctstate INVALID", "-m conntrack --ctstate NEW,RELATED,DNAT", "-m state ! --state INVALID",
                 "-m conntrack --ctstate UNTRACKED", "-m conntrack --ctdir ORIGINAL", "-m conntrack --ctproto tcp"]
        rare = ["-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL", "-m addrtype --src-type UNICAST",
                "-m pkttype --pkt-type unicast", "-m pkttype --pkt-type broadcast", "-m length --length 40:65535",
                "-m conntrack --ctorigdstport 22", "-m conntrack --ctstatus NONE", "-m conntrack --ctstatus ASSURED",
                "-m policy --dir in --pol none", "-m policy --dir in --pol ipsec", "-m mark --mark 0x1/0xff",
                "-m mark ! --mark 0x0", "-m connmark --mark 0x2", "-m helper --helper ftp",
                "-m connlimit --connlimit-upto 10", "-p tcp --syn", "-p tcp ! --syn",
                "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-m hl --hl-gt 0" if self.ipv6 else "-m ttl --ttl-gt 0"]
        kind = self.random.random()
        if kind < 0.3:
            return self.pick(state)
        if kind < 0.5:
            return self.source()
        if kind < 0.62:
            return self.interface()
        if kind < 0.7:
            return self.range()
        if kind < 0.78 and self.sets:
            name, sides = self.pick(self.sets)
            return f"-m set {self.maybe_not()}--match-set {name} {sides}"
        if kind < 0.88:
            return f'-m comment --comment "{self.pick(["allow ssh", "rule 7", "managed by ansible", "a b -j DROP"])}"'
        return self.pick(rare)

    def conditions(self):
        parts = [self.tcp()] if self.chance(0.75) else []
        for _ in range(self.pick([0, 0, 1, 1, 1, 2])):
            part = self.extra()
            if not any(word in f" {' '.join(parts)} " for word in (" -p ", " -s ", " -i ")
                       if word in f" {part} ") and "--src-range" not in " ".join(parts):
                parts.append(part)
        return " ".join(parts)

    def drop(self):
        if self.chance(0.6):
            return "DROP"
        types = ["icmp6-port-unreachable", "icmp6-adm-prohibited"] if self.ipv6 else ["icmp-port-unreachable",
                                                                                       "icmp-host-prohibited"]
        return f"REJECT --reject-with {self.pick(types)}" if self.chance(0.7) else "REJECT"

    def verdict(self):
        return self.pick(["ACCEPT", "ACCEPT", "ACCEPT", "RETURN", "DROP", self.drop(), "LOG --log-prefix \"in: \""])

    # --- pieces of rule sets

    def opening(self):
        start = ["-i lo -j ACCEPT", f"{self.pick(KNOWN)} -j ACCEPT"]
        if self.chance(0.4):
            start.append("-m conntrack --ctstate INVALID -j DROP")
        if self.chance(0.5):
            start.append(self.random.choice(NEIGHBOURS) if self.ipv6 else "-p icmp -m icmp --icmp-type 8 -j ACCEPT")
        if self.chance(0.3):
            start.append("-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP")
            start.append("-p tcp ! --syn -m conntrack --ctstate NEW -j DROP")
        if self.chance(0.15):
            start.append("! -i lo -d ::1/128 -j DROP" if self.ipv6 else "! -i lo -s 127.0.0.0/8 -j DROP")
        if self.chance(0.15):
            self.random.shuffle(start)
        for rule in start:
            if not self.chance(0.06):
                self.add("filter", "INPUT", rule)

    def services(self):
        for _ in range(self.random.randint(0, 5)):
            self.add("filter", "INPUT", f"{self.conditions()} -j {self.verdict()}".strip())
        if self.chance(0.7):
            self.add("filter", "INPUT", self.pick([
                "-p tcp -m tcp --dport 22 -j ACCEPT", f"{self.source()} -p tcp -m tcp --dport 22 -j ACCEPT",
                "-p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT", f"-p tcp --dport 22 {self.interface()} -j ACCEPT",
                "-p tcp -m multiport --dports 22,80,443 -m conntrack --ctstate NEW -j ACCEPT"]))

    def ending(self):
        if self.chance(0.3):
            self.add("filter", "INPUT", "-m limit --limit 5/min -j LOG --log-prefix \"iptables denied: \" --log-level 7")
        if self.chance(0.5):
            self.add("filter", "INPUT", f"-j {self.drop()}")

    def fail2ban(self):
        self.add("filter", "f2b-sshd", f"-s {self.net()} -j REJECT")
        self.add("filter", "f2b-sshd", "-j RETURN")
        self.rules["filter"].insert(0, ("INPUT", "-p tcp -m multiport --dports 22 -j f2b-sshd"))

    def docker(self):
        for chain in ("DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-USER"):
            self.add("filter", chain, "-j RETURN")
        self.add("filter", "FORWARD", "-j DOCKER-USER")
        self.add("filter", "FORWARD", "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        self.add("nat", "DOCKER", "-i docker0 -j RETURN")
        port = self.pick(["8080", "2222", "443"])
        self.add("nat", "DOCKER", f"! -i docker0 -p tcp -m tcp --dport {port} -j DNAT --to-destination "
                                  f"{'[fd17::2]:80' if self.ipv6 else '172.17.0.2:80'}")
        self.add("nat", "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER")
        self.add("nat", "POSTROUTING", f"-s {'fd17::/64' if self.ipv6 else '172.17.0.0/16'} ! -o docker0 -j MASQUERADE")

    def brute_force(self):
        new = "-p tcp -m tcp --dport 22 -m conntrack --ctstate NEW"
        kind = self.random.randint(0, 3)
        if kind == 0:
            self.add("filter", "INPUT", f"{new} -m recent --set --name SSH --rsource")
            self.add("filter", "INPUT", f"{new} -m recent --update --seconds 60 --hitcount 4 --name SSH --rsource -j DROP")
        elif kind == 1:
            self.add("filter", "INPUT", f"{new} -m limit --limit 3/min --limit-burst 3 -j ACCEPT")
        elif kind == 2:
            self.add("filter", "INPUT", f"{new} -m hashlimit --hashlimit-above 5/min --hashlimit-burst 3 --hashlimit-mode "
                                        f"srcip --hashlimit-name ssh -j DROP")
        else:
            self.add("filter", "INPUT", "-p tcp --syn --dport 22 -m connlimit --connlimit-above 3 -j REJECT")

    def knocking(self):
        self.add("filter", "KNOCK", "-p tcp -m tcp --dport 7000 -m recent --set --name K1 -j DROP")
        self.add("filter", "KNOCK", "-p tcp -m tcp --dport 22 -m recent --rcheck --seconds 30 --name K1 -j ACCEPT")
        self.add("filter", "INPUT", f"-{self.pick('jjg')} KNOCK")

    def marks(self):
        chain = self.pick(["PREROUTING", "INPUT"])
        self.add("mangle", chain, f"{self.conditions()} -j {self.pick(['MARK --set-mark 0x1', 'MARK --set-xmark 0x1/0xff', 'MARK --or-mark 0x2', 'CONNMARK --set-mark 0x2'])}".strip())
        if self.chance(0.4):
            self.add("mangle", chain, self.pick(["-j CONNMARK --save-mark", "-j CONNMARK --restore-mark --mask 0xff"]))
        self.add("filter", "INPUT", self.pick(["-m mark --mark 0x1 -j ACCEPT", "-m mark --mark 0x1/0x1 -j DROP",
                                               "-m connmark --mark 0x2 -j ACCEPT", "-m mark ! --mark 0x1 -j DROP"]))

    def redirects(self):
        self.add("nat", "PREROUTING", self.pick([
            "-p tcp -m tcp --dport 2222 -j REDIRECT --to-ports 22", "-p tcp --dport 80 -j REDIRECT --to-ports 8080",
            f"{self.source()} -p tcp -m tcp --dport 22 -j REDIRECT --to-ports 2222",
            "-p tcp -m tcp --dport 22 -j RETURN", f"{self.interface()} -p tcp -m tcp --dport 443 -j DNAT --to-destination :22",
            "-p tcp -m tcp --dport 22 -j REDIRECT"]))

    def output(self):
        self.policies["OUTPUT"] = self.pick(["DROP", "DROP", "ACCEPT"])
        for rule in ("-o lo -j ACCEPT", self.pick(["-m conntrack --ctstate ESTABLISHED -j ACCEPT",
                                                   "-m state --state RELATED,ESTABLISHED -j ACCEPT",
                                                   "-p tcp -m tcp --sport 22 -j ACCEPT",
                                                   f"-d {self.net()} -j ACCEPT",
                                                   "-m owner --uid-owner 0 -j ACCEPT",
                                                   "-p tcp -m tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                                                   "-p tcp --dport 443 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"]),
                     "-p udp --dport 53 -j ACCEPT"):
            self.add("filter", "OUTPUT", rule)

    def early(self):
        table = self.pick(["raw", "mangle"])
        self.add(table, "PREROUTING", self.pick([
            f"{self.source()} -j DROP", "-m rpfilter --invert -j DROP" if self.chance(0.3) else f"{self.range()} -j DROP",
            "-p tcp -m tcp --dport 23 -j DROP", "-p udp -j ACCEPT", f"{self.conditions()} -j DROP".strip()
            if table == "mangle" else f"{self.source()} -j ACCEPT"]))
        if table == "raw" and self.chance(0.3):
            self.add("raw", "PREROUTING", "-p tcp -m tcp --dport 22 -j CT --notrack")
            if self.chance(0.6):
                self.add("raw", "OUTPUT", "-p tcp -m tcp --sport 22 -j NOTRACK")

    def nested(self):
        names = ["tcp-in", "ssh-in", "checks"][:self.random.randint(1, 3)]
        before = "INPUT"
        for name in names:
            self.add("filter", before, f"{self.conditions() if self.chance(0.6) else '-p tcp'} -{self.pick('jjjg')} {name}")
            before = name
            if name not in self.chains.setdefault("filter", []):
                self.chains["filter"].append(name)
        for name in names:
            for _ in range(self.random.randint(0, 3)):
                self.add("filter", name, f"{self.conditions()} -j {self.verdict()}".strip())

    def build(self):
        self.policies = {"INPUT": self.pick(["DROP", "DROP", "ACCEPT"]), "FORWARD": self.pick(["DROP", "ACCEPT"])}
        self.opening()
        pieces = [(0.2, self.fail2ban), (0.15, self.docker), (0.2, self.brute_force), (0.06, self.knocking),
                  (0.12, self.marks), (0.15, self.redirects), (0.2, self.output), (0.15, self.early), (0.3, self.nested),
                  (0.8, self.services)]
        self.random.shuffle(pieces)
        for probability, piece in pieces:
            if self.chance(probability):
                piece()
        self.ending()

    # --- the file

    def lines(self, table):
        style = self.random.random()
        counters = "[0:0] " if style < 0.15 else ""
        lines = [f"*{table}"]
        for chain in CHAINS[table]:
            policy = self.policies.get(chain, "ACCEPT") if table == "filter" else "ACCEPT"
            if policy != "ACCEPT" or not self.chance(0.05):
                lines.append(f":{chain} {policy} [{self.random.randint(0, 999)}:{self.random.randint(0, 99999)}]")
        lines += [f":{chain} - [0:0]" for chain in self.chains.get(table, [])]
        rules = self.rules.get(table, [])
        if style > 0.95:
            lines += [f"-I {chain} {rule}" for chain, rule in reversed(rules)]
        else:
            lines += [f"{counters}-A {chain} {rule}" for chain, rule in rules]
        return lines + ["COMMIT"]

    def text(self):
        lines = ["# Generated by iptables-save v1.8.9 on Sun Nov  1 12:00:00 2026"]
        for table in self.random.sample(list(CHAINS), len(CHAINS)):
            if table in self.rules or table == "filter":
                lines += self.lines(table)
        return "\n".join(lines) + "\n# Completed\n"


def make_ipsets(random):
    """The file, and for each family the sets with the sides to look at."""
    lines, four, six = [], [], []
    for number in range(random.randint(1, 3)):
        ipv6 = random.random() < 0.3
        nets = random.sample([net for net in (NETS6 if ipv6 else NETS4) if "/ffff" not in net and "/255" not in net and "10.1/" not in net], 4)
        kind = random.choice(["hash:net", "hash:net", "hash:ip", "hash:net,port", "hash:net,iface"])
        name, family = f"set{number}", "inet6" if ipv6 else "inet"
        lines.append(f"create {name} {kind} family {family} hashsize 1024 maxelem 65536")
        sides = "src"
        for net in nets[:random.randint(1, 4)]:
            if kind == "hash:ip":
                net = net.split("/")[0]
            elif kind == "hash:net,port":
                net, sides = f"{net},{random.choice(['tcp:22', 'tcp:22', 'udp:22', 'tcp:20-30', 'tcp:80'])}", "src,dst"
            elif kind == "hash:net,iface":
                net, sides = f"{net},{random.choice(['eth0', 'eth0', 'wg0'])}", "src,src"
            lines.append(f"add {name} {net}{' nomatch' if kind == 'hash:net' and random.random() < 0.1 else ''}")
        (six if ipv6 else four).append((name, sides))
    return "\n".join(dict.fromkeys(lines)) + "\n", four, six


def edges(nets, ipv6):
    """Addresses just inside and outside of what is mentioned."""
    found = []
    for net in nets:
        try:
            network = ipaddress.ip_network(net, strict=False)
        except ValueError:
            continue
        for number in (int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1):
            if 0 < number < (1 << (128 if ipv6 else 32)):
                found.append(str(ipaddress.ip_address(number) if not ipv6 else ipaddress.IPv6Address(number)))
    return list(dict.fromkeys(found))


def generate(random):
    interfaces = random.choice(INTERFACES)
    files = {}
    sets4, sets6 = [], []
    if random.random() < 0.25:
        files["/etc/iptables/ipsets"], sets4, sets6 = make_ipsets(random)
    four, six = Maker(random, interfaces, False, sets4), Maker(random, interfaces, True, sets6)
    four.build()
    files["/etc/iptables/rules.v4"] = four.text()
    if random.random() < 0.7:
        six.build()
        files["/etc/iptables/rules.v6"] = six.text()
    return {
        "tool": random.choice(["iptables-nft", "iptables-legacy"]),
        "files": files,
        "interfaces": interfaces,
        "sources4": edges(four.mentioned, False) + ["192.0.2.77", "8.8.4.4"],
        "sources6": edges(six.mentioned, True) + ["2001:db8::77", "2a03::1"],
    }


MISTAKES = [
    lambda random, text: text.replace("COMMIT\n", "", 1),
    lambda random, text: text.replace("\n", "\r\n"),
    lambda random, text: text.replace("--dport", "--port", 1),
    lambda random, text: text.replace("-p tcp -m tcp --dport", "-m tcp --dport", 1),
    lambda random, text: text.replace("-j ACCEPT", "-j ACCPET", 1),
    lambda random, text: text.replace("-j DROP", "-j DENY", 1),
    lambda random, text: text.replace("RELATED,ESTABLISHED", "RELATED, ESTABLISHED", 1),
    lambda random, text: text.replace("-m conntrack", "-m contrack", 1),
    lambda random, text: text.replace("--dport 22", "--dport 22,80", 1),
    lambda random, text: text.replace("--dport 22", "--dport", 1),
    lambda random, text: text.replace("/24", "/33", 1),
    lambda random, text: text.replace("-s ", "-s 10.0.0.256,", 1),
    lambda random, text: text.replace(":INPUT DROP", ":INPUT REJECT", 1),
    lambda random, text: text.replace("*filter", "*fitler", 1),
    lambda random, text: text.replace("-A INPUT", "-A IPNUT", 1),
    lambda random, text: text.replace("-A INPUT", "iptables -A INPUT", 1),
    lambda random, text: text.replace("-i ", "-o ", 1),
    lambda random, text: text.replace("\"", "", 1),
    lambda random, text: text.replace("*filter\n", "*filter\n-D INPUT -j DROP\n", 1),
    lambda random, text: text.replace("*filter\n", "*filter\n-A INPUT -m set --match-set nowhere src -j DROP\n", 1),
    lambda random, text: text.replace("\nCOMMIT", "\n-A INPUT -j LOG --log-level nine\nCOMMIT", 1),
    lambda random, text: text.replace("-A INPUT", " -A INPUT", 1),
    lambda random, text: text[:random.randint(0, len(text))],
    lambda random, text: text.rstrip("\n#Completed ") if random.random() < 0.5 else "\n\n" + text,
    lambda random, text: drop_line(random, text),
    lambda random, text: swap_words(random, text),
    lambda random, text: change_character(random, text),
    lambda random, text: change_character(random, text),
]


def drop_line(random, text):
    lines = text.split("\n")
    del lines[random.randrange(len(lines))]
    return "\n".join(lines)


def swap_words(random, text):
    lines = text.split("\n")
    number = random.randrange(len(lines))
    words = lines[number].split(" ")
    if len(words) > 2:
        first = random.randrange(len(words) - 1)
        words[first], words[first + 1] = words[first + 1], words[first]
    lines[number] = " ".join(words)
    return "\n".join(lines)


def change_character(random, text):
    place = random.randrange(len(text))
    return text[:place] + random.choice(" \t!-:,*/\"\\[#\nx0A") + text[place + 1:]


def generate_broken(random):
    made = generate(random)
    # A resolver's answer is nobody's here.
    path = random.choice(sorted(path for path in made["files"] if "rules" in path))
    made["files"][path] = random.choice(MISTAKES)(random, made["files"][path])
    return made
