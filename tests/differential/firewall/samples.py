# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule sets whose answers anybody can tell: they judge the prober, which judges the rest."""

NEAR, FAR = "192.0.2.77", "198.51.100.7"
NEIGHBOUR = "fe80::1"
NEAR6, FAR6 = "2001:db8::77", "2001:db8:ffff::7"

NFT_HEAD = "#!/usr/sbin/nft -f\nflush ruleset\n"


def nft(rules, policy="accept", hook="input", head="", more=""):
    return {"etc/nftables.conf": f"{NFT_HEAD}{head}table inet filter {{\n\tchain {hook} {{\n\t\ttype filter hook {hook} "
                                 f"priority filter; policy {policy};\n\t\t{rules}\n\t}}\n{more}}}\n"}


def iptables(rules, policy="ACCEPT", output="ACCEPT", table="filter"):
    """The same rules for both families."""
    chains = f":INPUT {policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT {output} [0:0]\n" if table == "filter" else \
        ":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
    text = f"*{table}\n{chains}{rules}\nCOMMIT\n"
    return {"etc/iptables/rules.v4": text,
            "etc/iptables/rules.v6": text.replace("192.0.2.0/24", "2001:db8::/64").replace("icmp-port", "icmp6-port")}


def everywhere(result):
    return {(interface, source): result for interface in ("eth0", "eth1") for source in (NEAR, FAR, NEAR6, FAR6)}


def near_only(result):
    return {**everywhere(result), **{(interface, source): "open" for interface in ("eth0", "eth1")
                                     for source in (NEAR, NEAR6)}}


def first_only(result):
    return {**everywhere(result), **{("eth0", source): "open" for source in (NEAR, FAR, NEAR6, FAR6)}}


def found_by_neighbours(result):
    """Beside clients that connect, two neighbours that solicit the machine's address."""
    return {**everywhere("open"), **{(interface, NEIGHBOUR): result for interface in ("eth0", "eth1")}}


# Name, tool, files, what becomes of each client
NFT = [
    ("nothing", {"etc/nftables.conf": NFT_HEAD}, everywhere("open")),
    ("found", nft("tcp dport 22 accept\n\t\ticmpv6 type nd-neighbor-solicit accept", "drop"), found_by_neighbours("open")),
    ("not found", nft("ct state established,related accept\n\t\ttcp dport 22 accept\n\t\ticmpv6 type nd-neighbor-advert "
                      "accept", "drop"), found_by_neighbours("silent")),
    ("found by nobody else", nft("icmpv6 type nd-neighbor-advert drop", hook="output"), found_by_neighbours("silent")),
    ("open", nft("ct state established,related accept\n\t\ttcp dport 22 accept", "drop"), everywhere("open")),
    ("closed", nft("ct state established,related accept", "drop"), everywhere("silent")),
    ("refused by a reset", nft("tcp dport 22 reject with tcp reset"), everywhere("refused")),
    ("refused by an error", nft("tcp dport 22 reject"), everywhere("refused")),
    ("some sources", nft("ip saddr 192.0.2.0/24 accept\n\t\tip6 saddr 2001:db8::/64 accept", "drop"), near_only("silent")),
    ("one interface", nft("iif eth0 accept", "drop"), first_only("silent")),
    ("answers kept in", nft("tcp sport 22 tcp flags syn,ack / syn,ack drop", hook="output"), everywhere("silent")),
    ("acknowledgements kept out", nft("ct state new accept", "drop"), everywhere("half")),
    ("data kept in", nft("tcp flags != syn,ack drop", hook="output"), everywhere("half")),
    ("redirected to nobody", {"etc/nftables.conf": NFT_HEAD + "table inet nat {\n\tchain prerouting {\n\t\ttype nat hook "
                              "prerouting priority dstnat;\n\t\ttcp dport 22 redirect to :2222\n\t}\n}\n"},
     everywhere("refused")),
    ("include", {**nft("", "drop", more="\tinclude \"/etc/nftables.d/*.nft\"\n"),
                 "etc/nftables.d/ssh.nft": "chain input { tcp dport 22 accept; }\n"}, everywhere("open")),
    ("reverse path", nft("fib saddr . iif oif missing drop", hook="prerouting"), everywhere("open")),
    ("addresses of the interface", nft("fib daddr . iif type local accept", "drop"), everywhere("open")),
    ("the first one alone", nft("ct state established accept\n\t\tlimit rate 1/hour burst 1 packets accept", "drop"),
     everywhere("open")),
    ("refused by the loader", {"etc/nftables.conf": nft("", "drop")["etc/nftables.conf"] + "nonsense\n"},
     everywhere("open")),
]
IPTABLES = [
    ("nothing", {}, everywhere("open")),
    ("open", iptables("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 "
                      "-j ACCEPT", "DROP"), everywhere("open")),
    ("closed", iptables("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "DROP"), everywhere("silent")),
    ("refused by a reset", iptables("-A INPUT -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset"),
     everywhere("refused")),
    ("refused by an error", iptables("-A INPUT -p tcp -m tcp --dport 22 -j REJECT --reject-with icmp-port-unreachable"),
     everywhere("refused")),
    ("some sources", iptables("-A INPUT -s 192.0.2.0/24 -j ACCEPT", "DROP"), near_only("silent")),
    ("one interface", iptables("-A INPUT ! -i eth0 -j DROP"), first_only("silent")),
    ("answers kept in", iptables("-A OUTPUT -m conntrack --ctstate ESTABLISHED -j DROP"), everywhere("silent")),
    ("acknowledgements kept out", iptables("-A INPUT -p tcp --syn -j ACCEPT", "DROP"), everywhere("half")),
    ("redirected to nobody", iptables("-A PREROUTING -p tcp -m tcp --dport 22 -j REDIRECT --to-ports 2222", table="nat"),
     everywhere("refused")),
    ("the first one alone", iptables("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
                                     "-A INPUT -m limit --limit 1/hour --limit-burst 1 -j ACCEPT", "DROP"),
     everywhere("open")),
    ("refused by the loader", {path: text.replace("COMMIT", "-A INPUT --nonsense\nCOMMIT")
                               for path, text in iptables("", "DROP").items()}, everywhere("open")),
]
SAMPLES = [(name, tool, files, expected) for tool, samples in (("nft", NFT), ("iptables-nft", IPTABLES),
                                                              ("iptables-legacy", IPTABLES))
           for name, files, expected in samples]
# And one that looks into a set, of which the kernel has only one kind.
SAMPLES.append(("ipset", "iptables-nft", {
    **iptables("-A INPUT -m set --match-set near src -j ACCEPT", "DROP"),
    "etc/iptables/ipsets": "create near hash:net family inet\nadd near 192.0.2.0/24\n",
    "etc/iptables/rules.v6": iptables("-A INPUT -s 2001:db8::/64 -j ACCEPT", "DROP")["etc/iptables/rules.v6"],
}, near_only("silent")))


def samples():
    """Pairs of a name, a case as a generator makes it, and the clients' luck: (interface, source) to result."""
    for name, tool, files, expected in SAMPLES:
        yield f"{tool}, {name}", {"tool": tool, "files": files, "interfaces": ["eth0", "eth1"], "sources4": [NEAR, FAR],
                                  "sources6": [NEAR6, FAR6], "refused": name == "refused by the loader"}, expected
