# SPDX-License-Identifier: GPL-2.0-or-later
"""Random configurations of firewalld, and firewalld itself without its bus."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.sax.expatreader  # noqa: F401: not to be looked for in another root

sys.path.insert(0, "/usr/lib/python3/dist-packages")

from firewall import config  # noqa: E402,F401
from firewall.core import fw  # noqa: E402
from firewall.core.io.zone import zone_reader  # noqa: E402
from firewall.core.logger import log  # noqa: E402

# Warnings that say no more than that something stands there twice, or is not used any more.
HARMLESS = re.compile(r"Invalid option|Missing value|is not set, using default|firewalld.conf'|fallback firewalld configuration|already|ALREADY|deprecated|is not valid, using default|restore is missing|ebtables|ipset not usable|"
                      r"entries are ignored")

NEAR4 = ["192.0.2.0/24", "198.51.100.0/24", "198.51.100.7", "203.0.113.0/255.255.255.0", "10.0.0.0/8", "10.1.0.0/16",
         "172.16.0.0/12", "203.0.113.77/32", "192.0.2.128/25"]
NEAR6 = ["2001:db8::/64", "2001:db8:1::/48", "2001:db8:ffff::7", "fd00::/8", "2001:db8::/32"]
CLIENTS4 = ["192.0.2.77", "192.0.2.200", "198.51.100.7", "198.51.100.8", "203.0.113.77", "10.1.2.3", "10.2.3.4",
            "172.16.5.5", "8.8.8.8"]
CLIENTS6 = ["2001:db8::77", "2001:db8:1::5", "2001:db8:ffff::7", "2001:db8:ffff::8", "fd00::9", "2a00::1"]
VENDOR_ZONES = ["public", "work", "home", "internal", "external", "dmz", "drop", "block", "trusted"]
OWN_ZONES = ["lan", "office", "vpn"]
SERVICES = ["ssh", "dhcpv6-client", "http", "https", "mdns", "samba-client", "cockpit", "kdeconnect", "dns", "squid"]
PORTS = ["22", "2222", "20-25", "80", "443", "1-1023", "2200-2300", "ssh", "8080", "22-22000"]
TARGETS = ["default", "ACCEPT", "DROP", "%%REJECT%%"]
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


class Maker:
    """One configuration. Whatever is named is there, and fits: firewalld takes it all."""

    def __init__(self, random):
        self.random = random
        self.files, self.services, self.ipsets = {}, list(SERVICES), {}
        self.port = random.choice([22, 22, 22, 2222])
        self.interfaces = random.choice([["eth0"], ["eth0", "wg0"], ["eth0", "eth1"], ["enp3s0", "eth0", "wg0"]])

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, items, most):
        return self.random.sample(items, self.random.randint(0, min(most, len(items))))

    def ports(self):
        return str(self.port) if self.chance(0.35) else self.random.choice(PORTS)

    def protocol(self):
        return self.random.choice(["tcp", "tcp", "tcp", "tcp", "udp", "sctp"])

    def service(self, name):
        lines = []
        for _ in range(self.random.randint(0, 3)):
            lines.append(f'<port protocol="{self.protocol()}" port="{self.ports()}"/>')
        if self.chance(0.15):
            lines.append(f'<source-port port="{self.random.choice(["1024-65535", "68"])}" protocol="tcp"/>')
        if self.chance(0.1):
            lines.append('<protocol value="esp"/>' if self.chance(0.7) else '<protocol value="tcp"/>')
        if self.chance(0.15):
            lines.append('<destination ipv4="192.0.2.10"/>' if self.chance(0.5) else
                         '<destination ipv4="224.0.0.251" ipv6="ff02::fb"/>')
        for other in self.some(self.services, 2) if self.chance(0.25) else []:
            lines.append(f'<include service="{other}"/>')
        return HEAD + "<service>\n  <short>" + name + "</short>\n" + "".join(f"  {line}\n" for line in lines) + \
            "</service>\n"

    def ipset(self, name):
        kind = "hash:mac" if self.chance(0.02) else self.random.choice(["hash:net", "hash:net", "hash:ip", "hash:net,port"])
        six = kind != "hash:mac" and self.chance(0.3)
        entries = {"hash:net": self.some(["2001:db8::/64", "fd00::/8"] if six else ["192.0.2.0/24", "10.0.0.0/8",
                                         "198.51.100.7", "172.16.0.0/12"], 4),
                   "hash:ip": self.some(["2001:db8::77", "2001:db8:ffff::7"] if six else ["198.51.100.7", "10.1.2.3",
                                        "192.0.2.77"], 3),
                   "hash:net,port": [f"{net},{self.random.choice(['tcp:22', 'udp:53', '1024-65535', 'tcp:1000-60000'])}"
                                     for net in self.some(["fd00::/8", "2001:db8::/64"] if six else ["10.0.0.0/8",
                                                          "192.0.2.0/24"], 2)],
                   "hash:mac": ["00:11:22:33:44:55"]}[kind]
        self.ipsets[name] = (kind, "ipv6" if six else "ipv4")
        option = '  <option name="family" value="inet6"/>\n' if six else ""
        return HEAD + f'<ipset type="{kind}">\n{option}' + "".join(f"  <entry>{entry}</entry>\n" for entry in entries) + \
            "</ipset>\n"

    def element(self, family, policy):
        kind = self.random.choice(["service", "service", "port", "port", "port", "none", "none", "protocol", "source-port",
                                   "icmp-type", "forward-port"])
        if kind == "service":
            return f'<service name="{self.random.choice(self.services[:3] if self.chance(0.5) else self.services)}"/>'
        if kind in ("port", "source-port"):
            port = self.ports() if kind == "port" else self.random.choice(["1024-65535", "53", "68"])
            return f'<{kind} port="{port}" protocol="{self.protocol()}"/>'
        if kind == "protocol":
            return f'<protocol value="{self.random.choice(["tcp", "esp", "igmp", "6", "17"])}"/>'
        if kind == "icmp-type":
            return '<icmp-type name="echo-request"/>'
        if kind == "forward-port" and family and not policy and self.chance(0.3):
            return f'<forward-port port="{self.ports()}" protocol="tcp" to-port="{self.random.choice([22, 2222, 8080])}"/>'
        return ""

    def rule(self, policy=False):
        family = self.random.choice([None, None, "ipv4", "ipv4", "ipv6"])
        lines, attributes = [], f' family="{family}"' if family else ""
        if self.chance(0.4):
            attributes += f' priority="{self.random.choice([-32768, -100, -5, -1, 1, 10, 32767])}"'
        inverted = ' invert="True"' if self.chance(0.2) else ""
        if family and self.chance(0.7):
            lines.append(f'<source address="{self.random.choice(NEAR6 if family == "ipv6" else NEAR4)}"{inverted}/>')
        else:
            usable = [name for name, (kind, of) in self.ipsets.items() if kind != "hash:mac" and family in (None, of)]
            if usable and self.chance(0.5):
                lines.append(f'<source ipset="{self.random.choice(usable)}"{inverted}/>')
        element = self.element(family, policy)
        if family and not element.startswith("<service") and self.chance(0.15):
            local = {"ipv4": ["192.0.2.10", "192.0.2.0/24", "10.9.9.9"], "ipv6": ["2001:db8::10", "fd00::/8"]}[family]
            lines.append(f'<destination address="{self.random.choice(local)}"/>')
        if element:
            lines.append(element)
        if self.chance(0.2):
            lines.append(self.random.choice(['<log prefix="ssh: " level="info"><limit value="3/m"/></log>', "<log/>",
                                             '<nflog group="2"/>']))
        if not element.startswith("<forward-port"):
            limit = '<limit value="5/m"/>' if self.chance(0.1) else ""
            action = self.random.choice(["accept", "accept", "accept", "reject", "drop"])
            lines.append(f"<{action}>{limit}</{action}>" if limit else f"<{action}/>")
            if not element and not any(line.startswith(("<source", "<destination")) for line in lines) and \
               "priority" not in attributes:
                return ""
        return f"  <rule{attributes}>\n" + "".join(f"    {line}\n" for line in lines) + "  </rule>\n"

    def contents(self, policy=False, with_host=True):
        lines = [f'<service name="{name}"/>' for name in self.some(self.services, 3)]
        lines += [f'<port port="{self.ports()}" protocol="{self.protocol()}"/>' for _ in range(self.random.randint(0, 2))]
        if self.chance(0.1):
            lines.append('<protocol value="gre"/>')
        if self.chance(0.08):
            lines.append('<source-port port="1024-65535" protocol="tcp"/>')
        if self.chance(0.1):
            lines.append('<icmp-block name="echo-request"/>')
        if not policy:
            if self.chance(0.15):
                to = self.random.choice(['to-port="22"', 'to-port="2222"', 'to-port="2222" to-addr="10.9.9.9"'])
                lines.append(f'<forward-port port="{self.random.choice(["22", "2222", "443"])}" protocol="tcp" {to}/>')
            if self.chance(0.1):
                lines.append("<icmp-block-inversion/>")
            if self.chance(0.3):
                lines.append("<forward/>")
        if self.chance(0.1) and not (policy and with_host):
            lines.append("<masquerade/>")
        self.random.shuffle(lines)
        return "".join(f"  {line}\n" for line in lines) + \
            "".join(self.rule(policy) for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])))

    def zones(self):
        free = list(self.interfaces) + ["br0", "docker0", "veth+", "wg+"]
        sources = NEAR4 + NEAR6 + [f"ipset:{name}" for name in self.ipsets]
        self.random.shuffle(free)
        self.random.shuffle(sources)
        names = self.random.sample(VENDOR_ZONES, self.random.randint(1, 3)) + self.some(OWN_ZONES, 2)
        for name in names:
            target = self.random.choice(TARGETS) if self.chance(0.5) else None
            bound = [f'  <interface name="{free.pop()}"/>\n' for _ in range(self.random.choice([0, 0, 1, 2])) if free]
            for _ in range(self.random.choice([0, 0, 1, 2])):
                source = sources.pop()
                bound.append(f'  <source ipset="{source[6:]}"/>\n' if source.startswith("ipset:") else
                             f'  <source address="{source}"/>\n')
            attribute = f' target="{target}"' if target else ""
            self.files[f"etc/firewalld/zones/{name}.xml"] = f"{HEAD}<zone{attribute}>\n  <short>{name}</short>\n" + \
                "".join(bound) + self.contents() + "</zone>\n"
        if self.chance(0.1):
            for part in ("a", "b"):
                self.files[f"etc/firewalld/zones/{names[0]}/{part}.xml"] = f"{HEAD}<zone>\n{self.contents()}</zone>\n"
        return names

    def policy(self, zones):
        ingress, egress = self.random.choice([(["ANY"], ["HOST"]), (self.random.sample(zones, 1), ["HOST"]),
                                              (zones[:2], ["HOST"]), (["HOST"], ["ANY"]), (["ANY"], ["ANY"])])
        priority = self.random.choice(["", ' priority="-10"', ' priority="-2000"', ' priority="5"', ' priority="100"'])
        target = self.random.choice(["CONTINUE", "CONTINUE", "ACCEPT", "DROP", "REJECT"])
        return f'{HEAD}<policy target="{target}"{priority}>\n' + self.contents(True, "HOST" in ingress + egress) + \
            "".join(f'  <ingress-zone name="{zone}"/>\n' for zone in ingress) + \
            "".join(f'  <egress-zone name="{zone}"/>\n' for zone in egress) + "</policy>\n"

    def direct(self):
        lines = []
        for _ in range(self.random.randint(1, 4)):
            family = self.random.choice(["ipv4", "ipv4", "ipv6"])
            source = self.random.choice(NEAR6[:2] if family == "ipv6" else NEAR4[:3])
            match = self.random.choice([f"-p tcp --dport {self.port}", f"-s {source}", f"-p tcp --dport {self.port} -s {source}"])
            lines.append(f'  <rule ipv="{family}" table="filter" chain="INPUT" priority="{self.random.randint(-2, 3)}">'
                         f'{match} -j {self.random.choice(["ACCEPT", "DROP", "REJECT"])}</rule>\n')
        if self.chance(0.3):
            lines.append(f'  <passthrough ipv="ipv4">-A INPUT -p tcp --dport {self.port} -j DROP</passthrough>\n')
        return f"{HEAD}<direct>\n{''.join(lines)}</direct>\n"

    def settings(self, zones):
        lines = [f"DefaultZone={self.random.choice(zones + VENDOR_ZONES[:3])}"]
        if self.by_iptables and self.chance(0.7):
            lines.append("FirewallBackend=iptables")
        # The prober has no routes for the filter of reverse paths to look at.
        lines.append("IPv6_rpfilter=no")
        for key, values in (("LogDenied", ["off", "all", "unicast"]),
                            ("RFC3964_IPv4", ["yes", "no"]), ("IndividualCalls", ["no"])):
            if self.chance(0.3):
                lines.append(f"{key}={self.random.choice(values)}")
        return "# firewalld config file\n\n" + "\n\n".join(lines) + "\n"

    def make(self):
        for name in self.some(["ssh", "mail", "admin", "ssh-alt"], 2):
            self.files[f"etc/firewalld/services/{name}.xml"] = self.service(name)
            self.services.insert(0, name)
        # ipset(8)'s own sets, which iptables looks into, are not in every kernel; firewalld then refuses everything.
        self.by_iptables = self.chance(0.2)
        for name in self.some(["friends", "office", "bad-ones"], 2) if not self.by_iptables else []:
            self.files[f"etc/firewalld/ipsets/{name}.xml"] = self.ipset(name)
        zones = self.zones()
        for name in self.some(["gate", "guard"], 2) if self.chance(0.4) else []:
            self.files[f"etc/firewalld/policies/{name}.xml"] = self.policy(zones)
        if self.by_iptables and self.chance(0.6):
            self.files["etc/firewalld/direct.xml"] = self.direct()
        self.files["etc/firewalld/firewalld.conf"] = self.settings(zones)
        return self.case()

    def case(self):
        return {"tool": "firewalld", "files": self.files, "interfaces": self.interfaces, "port": self.port,
                "ports": sorted({22, 2222}), "sources4": CLIENTS4, "sources6": CLIENTS6}


def generate(random):
    return Maker(random).make()


def load(root):
    """Does in this process' network namespace what the start of firewalld does with the root's files. Whether all of
    them were taken, and what was said."""
    messages, faults = [], []

    def say(kind):
        def note(message, *arguments, **_):
            text = str(message) % arguments if arguments else str(message)
            messages.append(f"{kind}: {text}")
            if not HARMLESS.search(text):
                faults.append(text)
        return note

    os.chroot(root)
    os.chdir("/")
    os.makedirs("/run/firewalld", exist_ok=True)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    log.error, log.warning, log.exception = say("error"), say("warning"), lambda *_: None
    firewall = fw.Firewall()
    try:
        firewall.start()
    except (Exception, SystemExit) as error:  # pylint: disable=broad-except
        # It runs on with what the package ships, or not at all.
        messages.append(f"not started: {error!r}")
        return False, "\n".join(messages)
    return not faults, "\n".join(messages)


# What may be wrong with a file of zones: each makes another text of it.
BREAKS = [
    lambda text, random: text[:random.randrange(len(text))],
    lambda text, random: text.replace("<zone", "<zone nonsense='1'", 1),
    lambda text, random: text.replace("</zone>", "  <nonsense/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <service name='not-there'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <service/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <port port='99999' protocol='tcp'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <port port='22' protocol='icmp'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <source address='1.2.3'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <source ipset='not-there'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <interface name='a b'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <icmp-block name='not-there'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <forward-port port='22' protocol='tcp'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <drop/>\n  <service name='ssh'/>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <rule><source address='10.0.0.0/8'/><drop/></rule>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <rule><service name='ssh'/><log prefix='a=b'/><drop/></rule>\n"
                                                 "</zone>"),
    lambda text, random: text.replace("</zone>", "  <rule priority='x'><service name='ssh'/><drop/></rule>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <rule><service name='ssh'/><port port='1' protocol='tcp'/><drop/>"
                                                 "</rule>\n</zone>"),
    lambda text, random: text.replace("</zone>", "  <rule family='ipv4'><source address='::1'/><accept/></rule>\n"
                                                 "</zone>"),
    lambda text, random: text.replace("</zone>", "</zone>\n<zone/>"),
    lambda text, random: text.replace("</zone>", "&nothing;</zone>"),
    lambda text, random: '<!DOCTYPE zone [<!ENTITY e "ssh">]>' + text.split("?>")[-1].replace(
        "</zone>", "  <service name='&e;'/>\n</zone>"),
    lambda text, random: text.replace("utf-8", random.choice(["nonsense", "iso-8859-1"])),
    lambda text, random: "",
    lambda text, random: text + "\0",
    lambda text, random: re.sub("<zone[^>]*>", "<zone target='MAYBE'>", text),
]


def generate_broken(random):
    case = generate(random)
    # The package's own settings have the filter of reverse paths: see Maker.settings().
    case["interfaces"] = case["interfaces"][:1]
    files = case["files"]
    zones = sorted(path for path in files if re.fullmatch("etc/firewalld/zones/[a-z]+.xml", path))
    kind = random.random()
    if kind < 0.7:
        path = random.choice(zones)
        files[path] = random.choice(BREAKS)(files[path], random)
    elif kind < 0.76:
        files["etc/firewalld/firewalld.conf"] = "IPv6_rpfilter=no\n" + random.choice(
            ["DefaultZone=not-there\n", "DefaultZone\n=\n", "FirewallBackend=IPTables\n", "DefaultZone=a=b\n"])
    elif kind < 0.8:
        files[f"etc/firewalld/zones/{random.choice(['my.zone', 'far-too-long-a-name-for-it', 'a b'])}.xml"] = HEAD + "<zone/>\n"
    elif kind < 0.84:
        files["etc/firewalld/services/ssh.xml"] = random.choice(["<service>", "<zone/>", "<service><port/></service>",
                                                                 "<service><include service='no'/></service>"])
    elif kind < 0.88:
        files["etc/firewalld/ipsets/broken.xml"] = random.choice(
            ["<ipset/>", "<ipset type='hash:all'/>", "<ipset type='hash:net'><entry>nobody</entry></ipset>",
             "<ipset type='hash:net'><entry>10.0.0.0/8</entry><entry>10.1.0.0/16</entry></ipset>",
             "<ipset type='hash:ip'><entry>10.0.0.1-10.0.0.9</entry></ipset>"])
    elif kind < 0.92:
        for path in zones[:2] * 2:
            files[path] = files[path].replace("</zone>", "  <interface name='eth9'/>\n</zone>")
    elif kind < 0.96:
        files["etc/firewalld/policies/broken.xml"] = random.choice(
            ["<policy/>", "<policy target='DROP'><ingress-zone name='not-there'/><egress-zone name='HOST'/></policy>",
             "<policy target='DROP'><ingress-zone name='HOST'/><egress-zone name='HOST'/></policy>",
             "<policy target='DROP' priority='99999'><ingress-zone name='ANY'/><egress-zone name='HOST'/></policy>",
             "<policy target='DROP' priority='0'><ingress-zone name='ANY'/><egress-zone name='HOST'/></policy>"])
    else:
        rule = '<rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-p tcp --dport 22 -j DROP</rule>'
        files["etc/firewalld/direct.xml"] = random.choice(
            [f"<direct>{rule}", f"<direct>{rule}<rule/></direct>", f"<direct>{rule.replace('DROP', 'NOWHERE')}</direct>",
             f"<direct>{rule}<passthrough ipv='ipv4'>-F</passthrough></direct>",
             "<direct><chain ipv='ipv4' table='filter' chain='INPUT'/></direct>",
             f"<direct>{rule.replace('filter', 'nothing')}</direct>"])
    return case


def offline(etc, root, *options):
    """firewall-offline-cmd on a copy of a root's configuration."""
    return subprocess.run(["firewall-offline-cmd", f"--system-config={etc}",
                           f"--default-config={root}/usr/lib/firewalld", *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def check_offline(root):
    """None, or what firewalld says of the files."""
    result = offline(f"{root}/etc/firewalld", root, "--check-config")
    return result.stdout if result.returncode else None


def zone_settings(root, name, etc=None):
    """All that the zone's file says, whatever the order of its elements."""
    directory = f"{etc or root + '/etc/firewalld'}/zones"
    settings = zone_reader(f"{name}.xml", directory).export_config_dict()
    for unordered in ("services", "ports", "interfaces", "sources"):
        settings[unordered] = sorted(settings.get(unordered, []))
    # Of rules, the order counts within a priority and a kind.
    settings["rules_str"] = sorted(settings.get("rules_str", []))
    return settings


def repaired_by_tool(root, zone, port, text):
    """What firewall-offline-cmd makes of the zone, with the option that adds what the repair added."""
    rule = re.search(r'<rule( family="(ipv[46])")? priority="(-\d+)">\s*<(service name="ssh"|port port="\d+" protocol="tcp")/>'
                     r'\s*<accept/>', text)
    added = f"--add-port={port}/tcp"
    before = f"{root}/etc/firewalld/zones/{zone}.xml"
    if not os.path.exists(before):
        before = f"{root}/usr/lib/firewalld/zones/{zone}.xml"
    with open(before, encoding="utf-8") as file:
        old = file.read()
    if rule and rule.group(0) not in old:
        family = f' family="{rule.group(2)}"' if rule.group(2) else ""
        what = rule.group(4) if rule.group(4).startswith("service") else "port " + rule.group(4)[5:]
        added = f'--add-rich-rule=rule priority="{rule.group(3)}"{family} {what} accept'
    elif text.count('<service name="ssh"/>') > old.count('<service name="ssh"/>'):
        added = "--add-service=ssh"
    with tempfile.TemporaryDirectory() as directory:
        etc = os.path.join(directory, "firewalld")
        shutil.copytree(f"{root}/etc/firewalld", etc)
        result = offline(etc, root, f"--zone={zone}", added)
        if result.returncode:
            return added, f"refused: {result.stdout}"
        return added.split("=")[0], zone_settings(root, zone, etc)
