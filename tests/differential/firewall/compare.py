# SPDX-License-Identifier: GPL-2.0-or-later
"""What sshrescue says of a case (dump.c), and where that is not what the kernel does."""

import ipaddress
import re
import subprocess

import machine

CLIENT_LIMIT = 64  # of one case
NEIGHBOURS = ["fe80::1", "fe80::8:800:200c:417a"]
FRESH_LIMIT = 5  # of one whose clients each need a machine of their own
QUIET = 25  # milliseconds without a packet, then nobody answers
QUIET_LONG = 300  # when that is hard to believe
# No client has these: the kernel itself does not take them for a source.
IMPOSSIBLE = [ipaddress.ip_network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8",
                                                      "::ffff:0:0/96")]


class Answer:
    """For one family, port and interface: ranges of sources in order."""

    def __init__(self, words):
        self.family, self.port, self.interface, self.standing = words[0], int(words[1]), words[2], words[3]
        self.ranges = []

    def add(self, words):
        first, last = (ipaddress.ip_address(word) for word in words[:2])
        self.ranges.append((first, last, words[2], words[3:]))

    def at(self, source):
        for first, last, passage, why in self.ranges:
            if first <= source <= last:
                return passage, why
        return "no answer", []


class Verdict:
    def __init__(self):
        self.refused, self.uncertain, self.answers, self.text = [], [], {}, ""

    def read(self, line):
        words = line.split("\t")
        self.text += line + "\n"
        if words[0] == "note":
            (self.refused if words[1] == "refused" else self.uncertain).append(words[2:])
        elif words[0] == "ask":
            self.last = Answer(words[1:])
            self.answers[self.last.family, self.last.port, self.last.interface] = self.last
        elif words[0] == "range":
            self.last.add(words[1:])

    def unknown(self):
        return any(passage == "unknown" for answer in self.answers.values() for _, _, passage, _ in answer.ranges)

    def reasons(self):
        return {why[-1] for answer in self.answers.values() for _, _, passage, why in answer.ranges if passage == "unknown"}


class Engine:
    """sshrescue's side, asked over a pipe."""

    def __init__(self):
        self.process = None

    def ask(self, case, root):
        if not self.process:
            self.process = subprocess.Popen([machine.DUMP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            errors="surrogateescape")
        ports = [",".join(str(port) for port in ports) for ports in (case.asked, case.ports)]
        self.process.stdin.write("\t".join([case.tool, root, *ports, ",".join(case.locals()),
                                            ",".join(case.interfaces)]) + "\n")
        self.process.stdin.flush()
        verdict = Verdict()
        for line in self.process.stdout:
            if line == "end\n":
                return verdict
            verdict.read(line.rstrip("\n"))
        status = self.process.wait()
        self.process = None
        raise RuntimeError(f"firewall-dump ended with {status}")


def possible(address, case):
    return not any(address in network for network in IMPOSSIBLE if network.version == address.version) and \
        str(address) not in case.locals()


def choose_clients(rng, case, verdict):
    """Those that the generator named, and the edges of what sshrescue tells apart: half of each, if there are too many."""
    named, edges = [], []
    for (family, port, interface), answer in sorted(verdict.answers.items()):
        # Neighbours (port 0) have addresses of the link.
        sources = {ipaddress.ip_address(source) for source in (case.sources[family] if port else NEIGHBOURS)}
        named += [(family, interface, source, port) for source in sorted(sources)]
        for first, last, _, _ in answer.ranges:
            inside = type(first)(rng.randint(int(first), int(last)))
            edges += [(family, interface, source, port) for source in sorted({first, last, inside} - sources)]
    named, edges = ([client for client in dict.fromkeys(clients) if possible(client[2], case)] for clients in (named, edges))
    rng.shuffle(named)
    rng.shuffle(edges)
    limit = FRESH_LIMIT if case.fresh else CLIENT_LIMIT
    edges = edges[:max(limit // 2, limit - len(named))]
    return edges + named[:limit - len(edges)]


class Judge:
    """One scratch root, one machine, one engine; case after case."""

    def __init__(self, modules):
        self.root = machine.Root()
        self.loader = machine.Loader(self.root, modules)
        self.machine, self.engine = None, Engine()
        self.used = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.root.close()

    def load(self, case):
        """Whether a new machine takes the rules, and what the loader says."""
        if not self.machine:
            self.machine = machine.Machine()
        self.machine.new(case)
        self.used = False
        return self.loader.load(case, self.machine.namespace)

    def knock(self, case, clients, quiet):
        """What becomes of clients; each on a machine of its own where one connection may change that of the next."""
        if not case.fresh:
            return self.machine.knock(case, clients, quiet)
        results = []
        for client in clients:
            if self.used:
                self.load(case)
            self.used = True
            results += self.machine.knock(case, [client], quiet)
        return results

    def try_clients(self, case, rng, result):
        clients = choose_clients(rng, case, result.verdict)
        luck = self.knock(case, clients, QUIET)
        # The machine may have been busy with other things.
        doubted = [i for i, client in enumerate(clients) if luck[i] != "open" and result.says(client)[0] == "open"]
        for i, again in zip(doubted, self.knock(case, [clients[i] for i in doubted], QUIET_LONG)):
            luck[i] = again
        for client, became in zip(clients, luck):
            result.compare_client(client, became)

    def try_case(self, case, rng):
        result = Result(case)
        self.root.fill(case.files)
        try:
            result.verdict = self.engine.ask(case, self.root.path)
            result.accepted, result.messages = self.load(case)
            result.compare_loading()
            self.try_clients(case, rng, result)
        except (RuntimeError, OSError) as error:
            result.wrong.append(str(error))
            if self.machine:
                self.machine.close()
                self.machine = None
        return result


def line_of(messages):
    """Where the real loader says that it stopped, if it does."""
    match = re.search(r"^(/\S+?):(\d+):\d+-\d+: Error", messages, re.M)
    if match:
        return match.group(1), int(match.group(2))
    match = re.search(r"(?:line|Error occurred at line:?) (\d+)", messages)
    return (None, int(match.group(1))) if match else None


class Result:
    """What one case came to."""

    def __init__(self, case):
        self.case, self.verdict = case, Verdict()
        self.accepted, self.messages = True, ""
        self.wrong, self.lesser, self.kernel = [], [], []
        self.counts = dict.fromkeys(("open", "closed", "unknown", "no answer"), 0)

    def says(self, client):
        family, interface, source, port = client
        return self.verdict.answers[family, port, interface].at(source)

    def compare_loading(self):
        if self.case.tool == "commands":
            failed = set(re.findall(rf"^{machine.FAILED} (\d+)$", self.messages, re.M))
            refused = {line: message for _, line, message in self.verdict.refused}
            if failed != set(refused) and not self.verdict.uncertain:
                self.wrong.append(f"commands fail in lines {sorted(failed - set(refused))}, and do not in those of "
                                  f"{[item for item in refused.items() if item[0] not in failed]}")
            return
        if self.accepted and self.verdict.refused:
            self.wrong.append(f"the loader takes it, we refuse: {self.verdict.refused[0]}")
        elif not self.accepted and not self.verdict.refused and not self.verdict.uncertain:
            self.wrong.append(f"the loader refuses it, we do not: {self.messages.strip()}")
        elif not self.accepted and self.verdict.refused:
            line, ours = line_of(self.messages), self.verdict.refused[0]
            if line and (line[1] != int(ours[1]) or line[0] not in (None, ours[0])):
                self.lesser.append(f"the loader stops at {line}, we at {ours}: {self.messages.strip()}")

    def compare_client(self, client, became):
        passage, why = self.says(client)
        family, interface, source, port = client
        who = f"{family} {source} at {interface}, port {port}"
        self.counts[passage] += 1
        self.kernel.append(f"{who}: {became}; we say {passage} {' '.join(why)}")
        if passage == "no answer" or (passage == "open") != (became == "open") and passage != "unknown":
            self.wrong.append(f"{who}: {became}; we say {passage} {' '.join(why)}")
        elif passage == "closed" and became == "refused" and why[0] in ("SYN", "ACK") and why[3] == "dropped":
            # The other way round proves nothing: rules may keep the word of a refusal in.
            self.lesser.append(f"{who}: {became}; we say {passage} {' '.join(why)}")
