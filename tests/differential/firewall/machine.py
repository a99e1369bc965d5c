# SPDX-License-Identifier: GPL-2.0-or-later
"""The real tools and the real kernel: a root that the rules files are put into, a machine in a network namespace that
loads them, and clients that knock (probe.c)."""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROBE = os.environ.get("FIREWALL_PROBE", os.path.join(TOP, "build/tests/differential/firewall/probe"))
DUMP = os.environ.get("FIREWALL_DUMP", os.path.join(TOP, "build/differential/firewall-dump"))
LOCAL4, LOCAL6 = "192.0.2.10", "2001:db8::10"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOADER_SECONDS = 60
FAILED = "A COMMAND FAILED"

# What the scratch root has of the machine's own: programs, and what the libraries look into.
PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
SETTINGS = ("services", "protocols", "networks", "passwd", "group", "nsswitch.conf", "hosts", "host.conf", "ld.so.cache",
            "ld.so.conf", "ld.so.conf.d", "alternatives", "ethertypes", "iproute2", "localtime")

# Rules whose answer changes with what they have seen, if it is one that decides.
COUNTING = re.compile(r"\b(limit|hashlimit|recent|connlimit|meter|quota|numgen|ct count|statistic|add @|update @)")
DECIDING = re.compile(r"-[jg] (?!LOG|NFLOG|ULOG)|\b(accept|drop|reject|queue|jump|goto|return|redirect|dnat|vmap|mark|add|update)\b|"
                      r"--set|--update|--remove")

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags=0, data=""):
    checked(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()),
            f"mount {target}")


def unmount(target):
    checked(libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


class Case:
    """What a generator made, whether it is a dict or an object."""

    def __init__(self, made):
        get = made.get if isinstance(made, dict) else lambda name, default=None: getattr(made, name, default)
        self.tool = get("tool")
        self.files = {path.lstrip("/"): text for path, text in get("files").items()}
        self.interfaces = [name for name in dict.fromkeys(get("interfaces") or ["eth0"]) if name != "lo"]
        self.sources = {"ipv4": list(get("sources4") or []), "ipv6": list(get("sources6") or [])}
        self.local = {"ipv4": as_list(get("local4") or LOCAL4), "ipv6": as_list(get("local6") or LOCAL6)}
        self.ports = list(get("ports") or [])
        self.asked = [get("port") or 22]
        self.ports = list(dict.fromkeys(self.ports + self.asked))
        self.fresh = bool(get("fresh")) or (self.tool != "ufw" and self.counts_packets())

    def texts(self):
        return [text for text in self.files.values() if isinstance(text, str)]

    def counts_packets(self):
        """Whether what becomes of one connection may depend on the ones before it: a limit on logging does not decide."""
        return any(COUNTING.search(line) and DECIDING.search(line) for text in self.texts() for line in text.split("\n"))

    def looks_back(self):
        """Whether the rules ask by which way an answer would go."""
        return self.tool == "firewalld" or any(re.search(r"\bfib\b|rpfilter|limit-iface", text) for text in self.texts())

    def locals(self):
        return self.local["ipv4"] + self.local["ipv6"]


def as_list(value):
    return [value] if isinstance(value, str) else list(value)


class Root:
    """One scratch root after the other, in the same place: an overlay over the machine's programs."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="firewall-")
        mount("tmpfs", self.base, "tmpfs")
        self.skeleton = os.path.join(self.base, "skeleton")
        self.path = os.path.join(self.base, "root")
        self.layer = None
        self.number = 0
        os.mkdir(self.path)
        self.make_skeleton()

    def make_skeleton(self):
        os.mkdir(self.skeleton)
        for name in os.listdir("/"):
            if name not in PROGRAMS:
                # Overlayfs' sign that the lower layer's name is not there.
                os.mknod(os.path.join(self.skeleton, name), 0o020000, os.makedev(0, 0))
        for name in ("etc", "dev", "proc", "run", "sys", "tmp", "var", "root"):
            path = os.path.join(self.skeleton, name)
            if os.path.lexists(path):
                os.unlink(path)
            os.mkdir(path)
            os.setxattr(path, "trusted.overlay.opaque", b"y")
        for name in ("var/lib", "var/log", "var/run", "run/lock"):
            os.makedirs(os.path.join(self.skeleton, name))
        for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
            path = os.path.join(self.skeleton, "dev", name)
            os.mknod(path, 0o020666, os.makedev(1, minor))
            os.chmod(path, 0o666)
        for name in SETTINGS:
            source, target = os.path.join("/etc", name), os.path.join(self.skeleton, "etc", name)
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
            elif os.path.exists(source):
                shutil.copy2(source, target)

    def fill(self, files):
        self.clear()
        self.number += 1
        self.layer = os.path.join(self.base, f"layer{self.number}")
        upper, work = os.path.join(self.layer, "upper"), os.path.join(self.layer, "work")
        os.makedirs(upper)
        os.mkdir(work)
        mount("overlay", self.path, "overlay", 0, f"lowerdir={self.skeleton}:/,upperdir={upper},workdir={work}")
        mount("/proc", os.path.join(self.path, "proc"), "", MS_BIND | MS_REC)
        write_files(self.path, files)

    def clear(self):
        if self.layer:
            unmount(self.path)
            shutil.rmtree(self.layer)
            self.layer = None

    def close(self):
        self.clear()
        unmount(self.base)
        os.rmdir(self.base)


def write_files(directory, files):
    for path, text in files.items():
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))


class Loader:
    """Loads the rules of a root into the kernel, as the boot would do it."""

    def __init__(self, root, modules):
        self.root, self.modules = root, modules

    def load(self, case, namespace):
        """Whether everything was taken, and what was said."""
        if case.tool == "nft":
            return self.run(namespace, ["nft", "-f", "/etc/nftables.conf"])
        if case.tool in ("iptables-nft", "iptables-legacy"):
            return self.load_iptables(case.tool.split("-")[1], namespace)
        if case.tool == "commands":
            return self.run_commands(namespace)
        return self.call(namespace, self.modules[case.tool])

    def run_commands(self, namespace):
        """A script, run to its end: which of its commands failed is told by lines of their own."""
        tools = ["nft"] + [f"ip{six}tables-{kind}" for six in ("", "6") for kind in ("nft", "legacy")]
        watched = "".join(f'{tool}() {{ command {tool} "$@" || {{ echo {FAILED} ${{BASH_LINENO[0]}} >&3; return 1; }}; }}\n' for tool in tools)
        _, messages = self.run(namespace, ["bash", "-c", f"exec 3>&1\n{watched}. /etc/commands.sh"])
        return FAILED not in messages, messages

    def load_iptables(self, kind, namespace):
        accepted, messages = True, ""
        for path, command in (("ipsets", ["ipset", "restore"]), ("rules.v4", [f"iptables-{kind}-restore"]),
                              ("rules.v6", [f"ip6tables-{kind}-restore"])):
            full = os.path.join(self.root.path, "etc/iptables", path)
            if os.path.exists(full):
                taken, said = self.run(namespace, command, full)
                accepted, messages = accepted and taken, messages + said
        return accepted, messages

    def join(self, namespace):
        file = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        checked(libc.setns(file, CLONE_NEWNET), "setns")

    def run(self, namespace, command, standard_input="/dev/null"):
        """A program of the root, in the root."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.join(namespace)
                os.dup2(os.open(standard_input, os.O_RDONLY), 0)
                os.dup2(writer, 1)
                os.dup2(writer, 2)
                os.chroot(self.root.path)
                os.chdir("/")
                os.environ.update(PATH=PATH, LC_ALL="C")
                signal.alarm(LOADER_SECONDS)
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, f"{command[0]}: {error}\n".encode())
            os._exit(127)
        os.close(writer)
        with open(reader, encoding="utf-8", errors="surrogateescape") as output:
            text = output.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        # A loader that crashed or was not found says nothing about the rules.
        if status < 0 or status == 127:
            raise RuntimeError(f"{' '.join(command)} ended with {status}: {text}")
        return status == 0, text

    def call(self, namespace, module):
        """A generator's own way of loading, in a process of its own."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                self.join(namespace)
                checked(libc.unshare(CLONE_NEWNS), "unshare")
                signal.alarm(LOADER_SECONDS)
                accepted, messages = module.load(self.root.path)
                os.write(writer, json.dumps([bool(accepted), str(messages)[:60000]]).encode())
                os._exit(0)
            except BaseException as error:  # pylint: disable=broad-except
                os.write(2, f"{module.__name__}.load: {error!r}\n".encode())
            os._exit(1)
        os.close(writer)
        with open(reader, encoding="utf-8") as output:
            text = output.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            raise RuntimeError(f"{module.__name__}.load ended with {status}")
        return tuple(json.loads(text))


class Machine:
    """A machine whose clients' luck is known (probe.c)."""

    def __init__(self):
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.namespace = f"/proc/{self.process.pid}/ns/net"

    def say(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")

    def lines(self, last):
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline().rstrip("\n")
            if not line:
                raise RuntimeError(f"the prober ended with {self.process.wait()}")
            if line == last:
                return
            yield line

    def new(self, case):
        self.say("new", ",".join(case.locals()), ",".join(str(port) for port in case.ports), *case.interfaces)
        for line in self.lines("ready"):
            raise RuntimeError(f"the prober says {line}")

    def knock(self, case, clients, quiet):
        """What becomes of clients: (family, interface, source, port)."""
        if not clients:
            return []
        if not case.looks_back():
            return self.knock_at_once(case, clients, quiet)
        results = dict.fromkeys(clients)
        for interface in case.interfaces:
            there = [client for client in clients if client[1] == interface]
            if there:
                self.say("prefer", interface)
                results.update(zip(there, self.knock_at_once(case, there, quiet)))
        return list(results.values())

    def knock_at_once(self, case, clients, quiet):
        for number, (family, interface, source, port) in enumerate(clients):
            self.say("ask", number, interface, source, case.local[family][0], port)
        self.say("go", quiet)
        results = dict(line.split(" ") for line in self.lines("done"))
        return [results[str(number)] for number in range(len(clients))]

    def close(self):
        self.process.kill()
        self.process.wait()
