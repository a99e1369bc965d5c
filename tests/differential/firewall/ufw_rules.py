# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule sets of ufw: written by ufw(8) itself as administrators use it, some of them edited by hand afterwards, and loaded
by the real ufw-init."""

import ctypes
import ipaddress
import os
import re
import subprocess

import ufw_offline

LOCAL4, LOCAL6 = "192.0.2.10", "2001:db8::10"
PORTS = [22, 22, 22, 22, 2222, 443]
OTHERS = [80, 443, 8080, 53, 3306, 139]
INTERFACES = ["eth0", "eth1", "wg0", "br-lan"]
NETS4 = ["10.0.0.0/8", "192.168.1.0/24", "192.0.2.0/24", "198.51.100.7", "203.0.113.0/25", "172.16.0.0/12", "192.0.2.64/26",
         "198.51.100.0/24", "0.0.0.0/1", "203.0.113.77"]
NETS6 = ["2001:db8::/32", "2001:db8:1::/48", "fd00::/8", "2001:db8::77", "fe80::/10", "2001:db8:2::/64"]
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 4096, 16384, 1 << 18


def nets(random):
    return random.choice(NETS4 if random.random() < 0.75 else NETS6)


def ports(random, port):
    """Something to put behind "port" that often has the port in it."""
    kind = random.random()
    if kind < 0.5:
        return str(port)
    if kind < 0.65:
        return str(random.choice(OTHERS))
    if kind < 0.8:
        return ",".join(str(number) for number in sorted({port, *random.sample(OTHERS, 2)}))
    if kind < 0.9:
        return f"{max(1, port - random.randint(0, 20))}:{port + random.randint(1, 2000)}"
    return f"{port + 1}:{port + 100}"


def action(random):
    return random.choices(["allow", "deny", "reject", "limit"], [60, 17, 11, 12])[0]


def simple(random, port):
    return f"{action(random)} {ports(random, port)}/tcp"


def both_protocols(random, port):
    return f"{action(random)} {random.choice([port, port, *OTHERS])}"


def from_net(random, port):
    where = random.choice([f" to any port {ports(random, port)} proto tcp", f" to any port {port}", ""])
    return f"{action(random)} from {nets(random)}{where}"


def from_port(random, port):
    return f"{action(random)} proto tcp from any port {random.choice(['1024:65535', '22', '40000:50000'])} to any port {port}"


def to_address(random, port):
    to = random.choice([LOCAL4, LOCAL6, "192.0.2.11", "192.0.2.0/28", "127.0.0.1"])
    return f"{action(random)} proto tcp to {to} port {ports(random, port)}"


def on_interface(random, port):
    rest = random.choice([f" to any port {ports(random, port)} proto tcp", f" from {nets(random)}", ""])
    return f"{action(random)} in on {random.choice([*INTERFACES, 'eth+'])}{rest}"


def profile(random, _port):
    name = random.choice(["OpenSSH", "OpenSSH", "Admin", "'Nginx Full'", "openssh"])
    return random.choice([f"{action(random)} {name}", f"{action(random)} from {nets(random)} to any app {name}",
                          f"{action(random)} in on {random.choice(INTERFACES)} to any app {name}"])


def outgoing(random, port):
    return random.choice([f"allow out {random.choice(OTHERS)}", "deny out 25/tcp", f"deny out to {nets(random)}",
                          "reject out 1024:65535/tcp", f"allow out on {random.choice(INTERFACES)}",
                          f"deny out proto tcp from any port {port}", f"allow out proto tcp from any port {port}",
                          "allow out to any port 53 proto udp"])


def routed(random, port):
    return (f"route {random.choice(['allow', 'deny', 'reject'])} in on {random.choice(INTERFACES)} "
            f"out on {random.choice(INTERFACES)}" + random.choice(["", f" to any port {port} proto tcp"]))


def logged(random, port):
    return f"{action(random)} {random.choice(['log', 'log-all'])} {port}/tcp"


def anything(random, _port):
    return random.choice(["deny from any", "reject from any", f"allow from {nets(random)}", "allow proto tcp from any",
                          "allow from any", "deny proto tcp from any"])


def other_protocol(random, _port):
    return random.choice(["allow 51820/udp", "deny 53/udp", f"allow proto gre from {nets(random)}", "allow proto esp from any"])


RULES = [(simple, 30), (both_protocols, 10), (from_net, 24), (from_port, 3), (to_address, 6), (on_interface, 13),
         (profile, 10), (outgoing, 8), (routed, 4), (logged, 6), (anything, 3), (other_protocol, 4)]


def rule(random, port):
    made = random.choices([make for make, _ in RULES], [weight for _, weight in RULES])[0](random, port)
    place = random.random()
    if made.startswith("route"):
        return made
    if place < 0.08:
        return f"insert {random.randint(1, 3)} {made}"
    if place < 0.16:
        return f"prepend {made}"
    if place < 0.2:
        return f"{made} comment 'by the admin'"
    return made


def commands(random, port):
    """What somebody types who sets up a machine."""
    result = []
    if random.random() < 0.35:
        result.append(f"default {random.choice(['deny', 'reject', 'allow', 'allow'])} incoming")
    if random.random() < 0.2:
        result.append(f"default {random.choice(['deny', 'reject', 'allow'])} outgoing")
    if random.random() < 0.1:
        result.append(f"default {random.choice(['deny', 'reject', 'allow'])} routed")
    if random.random() < 0.25:
        result.append(f"logging {random.choice(['off', 'low', 'medium', 'high', 'full'])}")
    result += [rule(random, port) for _ in range(random.choice([0, 1, 1, 2, 2, 3, 4, 6, 10]))]
    if random.random() < 0.1:
        result.append(f"delete {random.randint(1, 4)}")
    if random.random() < 0.6:
        random.shuffle(result)
    return result + ["enable"]


# By hand


def put_before(text, mark, lines):
    """Before the first line that begins with mark."""
    found = re.search("^" + re.escape(mark), text, re.MULTILINE)
    return text[:found.start()] + lines + "\n" + text[found.start():] if found else text


def family(path):
    return "6" if path.endswith("6.rules") else ""


def custom_before(random, files, port):
    """The lines that administrators add to the before rules."""
    path = random.choice(["/etc/ufw/before.rules", "/etc/ufw/before.rules", "/etc/ufw/before6.rules"])
    suffix = family(path)
    net = random.choice(NETS6 if suffix else NETS4)
    chain = f"ufw{suffix}-before-input"
    line = random.choice([
        f"-A {chain} -p tcp --dport {port} -j DROP",
        f"-A {chain} -p tcp --dport {port} -j ACCEPT",
        f"-A {chain} -s {net} -j DROP",
        f"-A {chain} ! -s {net} -p tcp --dport {port} -j REJECT --reject-with tcp-reset",
        f"-A {chain} -i {random.choice(INTERFACES)} -j ACCEPT",
        f"-A {chain} -p tcp -m multiport --dports {port},8443 -s {net} -j ACCEPT",
        f"-I {chain} -p tcp --syn -s {net} -j DROP",
        f"-A {chain} -p tcp --dport {port} -m conntrack --ctstate NEW -m recent --set --name ssh",
        f"-A {chain} -m conntrack --ctstate NEW -j ufw{suffix}-skip-to-policy-input",
        f"-A INPUT -p tcp --dport {port} -j DROP",
        f"-A ufw{suffix}-before-output -p tcp --sport {port} -d {net} -j DROP",
    ])
    mark = random.choice(["# drop INVALID", "COMMIT", "# quickly process", "# allow dhcp"])
    files[path] = put_before(files[path], mark, f"# added by hand\n{line}")


def custom_chain(random, files, port):
    suffix = random.choice(["", "", "6"])
    net = random.choice(NETS6 if suffix else NETS4)
    path = f"/etc/ufw/before{suffix}.rules"
    text = files[path].replace("# End required lines", ":ssh-guard - [0:0]\n# End required lines", 1)
    files[path] = put_before(text, "# allow dhcp", f"-A ufw{suffix}-before-input -p tcp --dport {port} -j ssh-guard\n"
                             f"-A ssh-guard -s {net} -j {random.choice(['RETURN', 'ACCEPT'])}\n"
                             f"-A ssh-guard -j {random.choice(['DROP', 'RETURN', 'REJECT'])}")


def nat_table(random, files, port):
    files["/etc/ufw/before.rules"] += random.choice([
        f"*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 2200 -j REDIRECT --to-ports {port}\nCOMMIT\n",
        f"*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -p tcp --dport {port} -j DNAT --to-destination 10.8.0.2:22\n"
        "COMMIT\n",
        "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE\nCOMMIT\n",
        f"*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport {port} -j NOTRACK\nCOMMIT\n",
        f"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport {port} -s 198.51.100.0/24 -j DROP\nCOMMIT\n"])


def without_established(random, files, _port):
    for suffix in random.choice([["", "6"], [""]]):
        path = f"/etc/ufw/before{suffix}.rules"
        lines = files[path].split("\n")
        direction = random.choice(["input", "output", ""])
        files[path] = "\n".join(line for line in lines
                                if "RELATED,ESTABLISHED" not in line or f"before-{direction}" not in line)


def custom_after(random, files, port):
    suffix = random.choice(["", "6"])
    path = f"/etc/ufw/after{suffix}.rules"
    files[path] = put_before(files[path], "# don't delete the 'COMMIT'", random.choice([
        f"-A ufw{suffix}-after-input -p tcp --dport {port} -j {random.choice(['ACCEPT', 'DROP', 'REJECT'])}",
        f"-A ufw{suffix}-after-input -j REJECT",
        f"-A ufw{suffix}-after-input -p tcp --dport {port} -j ufw{suffix}-skip-to-policy-input",
        f"-A ufw{suffix}-after-output -p tcp --sport {port} -j DROP"]))


def bare_user_rule(random, files, port):
    suffix = random.choice(["", "6"])
    path = f"/etc/ufw/user{suffix}.rules"
    files[path] = put_before(files[path], random.choice(["### END RULES ###", "COMMIT"]), random.choice([
        f"-A ufw{suffix}-user-input -p tcp --dport {port} -j {random.choice(['ACCEPT', 'DROP'])}",
        f"-A ufw{suffix}-user-input -j DROP"]))


def settings(random, files, _port):
    path = "/etc/default/ufw"
    old, new = random.choice([
        ("IPV6=yes", random.choice(["IPV6=no", "IPV6=YES", "IPV6='yes'", "IPV6=Yes", "#IPV6=yes", "IPV6=", "IPV6=yes # v6"])),
        ("MANAGE_BUILTINS=no", "MANAGE_BUILTINS=yes"),
        ('DEFAULT_INPUT_POLICY="DROP"', random.choice([
            "DEFAULT_INPUT_POLICY=DROP", "DEFAULT_INPUT_POLICY='REJECT'", 'DEFAULT_INPUT_POLICY="ACCEPT" # for now',
            "export DEFAULT_INPUT_POLICY=ACCEPT", "  DEFAULT_INPUT_POLICY=ACCEPT; IPT_MODULES=''",
            'DEFAULT_INPUT_POLICY="ACCEPT"\nDEFAULT_INPUT_POLICY="DROP"', "DEFAULT_INPUT_POLICY=DR\\\nOP"])),
    ])
    files[path] = files[path].replace(old, new)


def enabled(random, files, _port):
    path = "/etc/ufw/ufw.conf"
    files[path] = files[path].replace("ENABLED=yes", random.choice([
        'ENABLED="yes"', "ENABLED=YES", "ENABLED=Yes", "ENABLED=no", "ENABLED='no'", "ENABLED=yes\nENABLED=no", "#ENABLED=yes",
        "ENABLED=yes # on"]))


BY_HAND = [(custom_before, 30), (custom_chain, 8), (nat_table, 8), (without_established, 8), (custom_after, 8),
           (bare_user_rule, 8), (settings, 20), (enabled, 5)]


def edit(random, files, port, table):
    random.choices([change for change, _ in table], [weight for _, weight in table])[0](random, files, port)


# Broken


def change_line(random, files, paths, change):
    path = random.choice([path for path in paths if path in files])
    lines = files[path].split("\n")
    chosen = [number for number, line in enumerate(lines) if line.startswith("-")] or [0]
    number = random.choice(chosen)
    lines[number] = change(lines[number])
    files[path] = "\n".join(lines)


ALL = [f"/etc/ufw/{name}" for name in ufw_offline.RULES]


def typing_error(random, files, _port):
    def damage(line):
        at = random.randrange(len(line) + 1)
        return random.choice([line[:at] + line[at + 1:], line[:at] + random.choice("xX-9 ") + line[at:],
                              line.replace("ACCEPT", "ACCPT"), line.replace("--dport", "--dports"),
                              line.replace("-p tcp", "-p tpc"), line + " -j", line.replace("-j", "-J"),
                              line.replace("ufw-", "uwf-")])
    change_line(random, files, ALL, damage)


def no_commit(random, files, _port):
    path = random.choice(ALL)
    files[path] = files[path].replace("\nCOMMIT", random.choice(["", "\nCOMIT", "\n#COMMIT"]))


def bad_rule(random, files, port):
    path = random.choice(ALL)
    suffix = family(path)
    name = os.path.basename(path).replace("6", "").split(".")[0]
    files[path] = put_before(files[path], "COMMIT", random.choice([
        f"-A ufw{suffix}-{name}-input -p tcp --dport {port} -j NOWHERE", f"-A nowhere -p tcp --dport {port} -j ACCEPT",
        f"-A ufw{suffix}-{name}-input --dport {port} -j ACCEPT", f"ufw allow {port}",
        f"-A ufw{suffix}-{name}-input -p tcp --dport 70000 -j ACCEPT",
        f"-A ufw{suffix}-{name}-input -s 300.1.2.3 -j ACCEPT",
        f"-A ufw{suffix}-{name}-input -s {'10.0.0.1' if suffix else '2001:db8::1'} -j DROP",
        f"-A ufw{suffix}-{name}-input -m nothing -j ACCEPT", f"-A ufw{suffix}-{name}-input -p tcp -m comment --comment \"x",
        f"<<<<<<< HEAD\n-A ufw{suffix}-{name}-input -p tcp --dport {port} -j ACCEPT\n======="]))


def carriage_returns(random, files, _port):
    path = random.choice(sorted(files))
    files[path] = files[path].replace("\n", "\r\n")


def missing(random, files, _port):
    path = random.choice([*ALL, "/etc/default/ufw", "/etc/ufw/ufw.conf"])
    if random.random() < 0.5:
        files[path] = ""
    else:
        del files[path]


def bad_setting(random, files, _port):
    path = "/etc/default/ufw"
    old = random.choice(['DEFAULT_INPUT_POLICY="DROP"', 'DEFAULT_OUTPUT_POLICY="ACCEPT"', 'DEFAULT_FORWARD_POLICY="DROP"'])
    name = old.split("=")[0]
    files[path] = files[path].replace(old, random.choice([
        f'{name}="deny"', f'{name}="Drop"', f"{name}=", f"#{old}", f"{name} = DROP", f'{name}="DROP', f'{name}="DROP ACCEPT"',
        f"{name}=DROP ACCEPT", f"{name}: DROP", f'{name}="QUEUE"', f'{name}="RETURN"']))


def shell_error(random, files, _port):
    path = random.choice(["/etc/default/ufw", "/etc/ufw/ufw.conf"])
    files[path] += random.choice(["IPT_MODULES=nf_conntrack_ftp nf_nat_ftp\n", "LOGLEVEL=\"low\nX=1\n", "ENABLED = yes\n",
                                  "LOGLEVEL='low\n", "nonsense\n", "\r\n"])


BROKEN = [(typing_error, 35), (no_commit, 10), (bad_rule, 25), (carriage_returns, 8), (missing, 10), (bad_setting, 16),
          (shell_error, 8)]


def neighbours(random, text):
    """Addresses in, at the edges of, and just outside of the networks in text."""
    found = set()
    for word in re.findall(r"[0-9a-fA-F:.]+(?:/[0-9]+)?", text):
        try:
            net = ipaddress.ip_network(word, strict=False)
        except ValueError:
            continue
        if "." not in word and word.count(":") < 2:
            continue
        first, last = int(net.network_address), int(net.broadcast_address)
        limit = 2 ** net.max_prefixlen
        for number in (first, last, first - 1, last + 1, random.randint(first, last)):
            if 0 < number < limit:
                found.add(type(net.network_address)(number))
    return found


def finish(random, files, port):
    rules = "".join(files.get(path, "") for path in ALL)
    found = neighbours(random, "\n".join(line for line in rules.split("\n") if line.startswith("-")))
    sources4 = sorted(str(address) for address in found if address.version == 4)
    sources6 = sorted(str(address) for address in found if address.version == 6)
    mentioned = re.findall(r"-[io] (\S+)", rules)
    interfaces = [name for name in INTERFACES if name in mentioned]
    random.shuffle(interfaces)
    return {"tool": "ufw", "files": files, "interfaces": ["eth0"] + [name for name in interfaces if name != "eth0"],
            "sources4": ["198.51.100.99", "192.0.2.33", *sources4], "sources6": ["2001:db8:ffff::99", "2001:db8::33", *sources6],
            "local4": LOCAL4, "local6": LOCAL6, "port": port,
            # The limiter of a user's rule counts what the clients before have done.
            "fresh": bool(re.search(r"-m recent", rules))}


def make(random):
    port = random.choice(PORTS)
    with ufw_offline.Ufw(ufw_offline.pristine()) as tool:
        for command in commands(random, port):
            tool(command)
        files = tool.read()
    # What only takes time: parameters of the kernel.
    files["/etc/default/ufw"] = files["/etc/default/ufw"].replace("IPT_SYSCTL=/etc/ufw/sysctl.conf", "IPT_SYSCTL=")
    return files, port


def generate(random):
    files, port = make(random)
    for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
        edit(random, files, port, BY_HAND)
    return finish(random, files, port)


def generate_broken(random):
    files, port = make(random)
    if random.random() < 0.2:
        edit(random, files, port, BY_HAND)
    edit(random, files, port, BROKEN)
    return finish(random, files, port)


libc = ctypes.CDLL(None, use_errno=True)


def bind(source, target):
    if libc.mount(source.encode(), target.encode(), b"", ctypes.c_ulong(MS_BIND), None) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def load(root):
    """Has the real ufw-init load the files of root, in the network namespace and a mount namespace of this process."""
    if libc.unshare(CLONE_NEWNS) < 0 or libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) < 0:
        raise OSError(ctypes.get_errno(), "a private mount namespace")
    for directory in ("/etc/ufw", "/etc/default"):
        os.makedirs(root + directory, exist_ok=True)
        bind(root + directory, directory)
    result = subprocess.run(["/lib/ufw/ufw-init", "start", "quiet"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="surrogateescape", check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    return result.returncode == 0, result.stdout


def repaired_by_tool(files, port):
    """The files as the real `ufw allow PORT/tcp` and `ufw prepend allow PORT/tcp` leave them; None where it refuses to."""
    result = {}
    for command in ("allow", "prepend allow"):
        with ufw_offline.Ufw(files) as tool:
            said = tool(f"{command} {port}/tcp")
            result[command] = None if said is None or "Skipping" in said else tool.read()
    return result
