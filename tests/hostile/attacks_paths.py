# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths and links that lead astray."""

import ctypes
import os

import oracle
from attack import ALL, BROKEN, BOTH, attack

CONFIG = "/etc/ssh/sshd_config"
UNITS = "/etc/systemd/system"
# Everything this program is known to read.
READ = (CONFIG, "/etc/ssh/sshd_config.d/10-x.conf", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub",
        "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/os-release", "/usr/lib/os-release", "/etc/default/ssh", "/etc/machine-id",
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/fstab", "/etc/nftables.conf", "/etc/hosts.deny", "/etc/nologin",
        "/usr/sbin/sshd", UNITS + "/ssh.service", UNITS + "/ssh.service.d/x.conf", UNITS + "/default.target",
        UNITS + "/ssh.socket", "/etc/network/interfaces", "/etc/ufw/ufw.conf")
DIRECTORIES = ("/etc/ssh", "/etc/ssh/sshd_config.d", UNITS, UNITS + "/multi-user.target.wants", "/etc/systemd", "/etc/default",
               "/usr/lib/systemd/system", "/etc/systemd/network", "/run/sshd", "/etc")


def up(path):
    return "../" * 16 + path.lstrip("/")


@attack("etc is a link to the root", verdict=BROKEN, modes=ALL)
def etc_root(world):
    os.rename(world.at("/etc"), world.at("/real"))
    world.link("/etc", "/")


@attack("etc/ssh is an absolute link to a complete one outside", verdict=BROKEN, modes=ALL)
def ssh_outside(world):
    world.link("/etc/ssh", world.outside + "/ssh")


@attack("etc/ssh leads up and out", verdict=BROKEN, modes=ALL)
def ssh_up(world):
    world.link("/etc/ssh", up(world.outside + "/ssh"))


LINKS = {
    "an absolute link out": lambda w: w.outside + "/secret",
    "a relative link out": lambda w: up(w.outside + "/secret"),
    "a link to a directory outside": lambda w: w.outside,
    "a link upwards to a directory outside": lambda w: up(w.outside),
    "a link to /": lambda w: "/",
    "a link to itself": None,
}


def register_links():
    for title, text in LINKS.items():
        def make(world, path, text=text):
            world.link(path, text(world) if text else os.path.basename(path))

        def build(world, make=make):
            return lambda mode: oracle.series(world, mode, [(path, make, None) for path in READ + DIRECTORIES])
        attack(f"each file and directory that is read is {title}")(build)

        for path in (CONFIG, "/etc/ssh", UNITS + "/ssh.service", "/etc/ssh/ssh_host_ed25519_key"):
            def build_one(world, make=make, path=path):
                world.break_config()
                make(world, path)
            attack(f"{path} is {title}")(build_one)


register_links()


@attack("sshd_config is a loop of links", verdict=BROKEN, modes=ALL)
def config_loop(world):
    world.link(CONFIG, "a")
    world.link("/etc/ssh/a", "/etc/ssh/b")
    world.link("/etc/ssh/b", "../ssh/sshd_config")


@attack("a chain of 41 links to sshd_config", verdict=BROKEN, modes=ALL)
def chain(world):
    os.rename(world.at(CONFIG), world.at("/etc/ssh/link0"))
    for i in range(1, 41):
        world.link(f"/etc/ssh/link{i}", f"link{i - 1}")
    world.link(CONFIG, "link40")


@attack("a chain of 40 links to sshd_config is still one", verdict=("reachable",))
def chain40(world):
    os.rename(world.at(CONFIG), world.at("/etc/ssh/link0"))
    for i in range(1, 40):
        world.link(f"/etc/ssh/link{i}", f"link{i - 1}")
    world.link(CONFIG, "link39")


@attack("a dangling sshd_config", verdict=BROKEN, modes=ALL)
def dangling(world):
    world.link(CONFIG, "/nowhere/at/all")


@attack("a link of 4095 bytes")
def long_link(world):
    world.link(CONFIG, "/" * (4095 - len("etc/passwd")) + "etc/passwd")


@attack("links that multiply each other")
def link_bomb(world):
    for i in range(1, 39):
        world.link(f"/etc/l{i}", f"l{i - 1}/l{i - 1}/l{i - 1}")
    world.link("/etc/l0", ".")
    world.link(CONFIG, "/etc/l38/ssh/sshd_config")


def register_magic():
    texts = {
        "self/root": lambda w: "/proc/self/root" + w.outside + "/sshd_config",
        "1/root": lambda w: "/proc/1/root" + w.outside + "/sshd_config",
        "self/cwd": lambda w: "/proc/self/cwd" + w.outside + "/sshd_config",
        "self/fd/3": lambda w: "/proc/self/fd/3" + w.outside + "/sshd_config",
        "self/fd/0": lambda w: "/proc/self/fd/0",
        "self/environ": lambda w: "/proc/self/environ",
        "self/mem": lambda w: "/proc/self/mem",
        "kmsg": lambda w: "/proc/kmsg",
        "self/exe": lambda w: "/proc/self/exe",
    }
    for title, text in texts.items():
        for mounted in (False, True):
            def build(world, text=text, mounted=mounted):
                world.make("/proc")
                if mounted:
                    world.mount("-t", "proc", "proc", world.root + "/proc")
                world.link(CONFIG, text(world))
                world.link("/etc/ssh/ssh_host_ed25519_key", text(world))
                world.link(UNITS + "/ssh.service", text(world))
            attack(f"magic link /proc/{title}{', procfs mounted' if mounted else ''}", verdict=BROKEN, modes=ALL,
                   quiet=not mounted)(build)


register_magic()


# ---- races -----------------------------------------------------------------------------------------------------------


def exchange(first, second):
    """renameat2(RENAME_EXCHANGE)"""
    return oracle.libc.renameat2(-100, first, -100, second, 2)


def swap(path, other):
    def forever(world):
        first, second = world.at(path), world.at(other)
        while True:
            exchange(first, second)
    return forever


@attack("etc/ssh swapped with a link out, all the time", modes=ALL, quiet=False, background=swap("/etc/ssh", "/etc/swapped"))
def swapped_directory(world):
    world.link("/etc/swapped", world.outside + "/ssh")
    world.break_config()


@attack("sshd_config swapped with a link out, all the time", modes=ALL, quiet=False,
        background=swap(CONFIG, "/etc/ssh/swapped"))
def swapped_config(world):
    world.link("/etc/ssh/swapped", world.outside + "/sshd_config")
    world.break_config()


@attack("sshd_config swapped with a fifo, all the time", modes=ALL, quiet=False, background=swap(CONFIG, "/etc/ssh/swapped"))
def swapped_fifo(world):
    world.fifo("/etc/ssh/swapped")
    world.break_config()


@attack("a host key swapped with a link out, all the time", quiet=False,
        background=swap("/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/swapped"))
def swapped_key(world):
    world.link("/etc/ssh/swapped", world.outside + "/secret")
    os.chmod(world.at("/etc/ssh/ssh_host_ed25519_key"), 0o777)
    os.chmod(world.at("/etc/ssh/ssh_host_rsa_key"), 0o777)
    os.chmod(world.at("/etc/ssh/ssh_host_ecdsa_key"), 0o777)


def move_out(world):
    inside, out = world.at("/etc/ssh/deep"), os.fsencode(world.directory + "/moved")
    while True:
        oracle.libc.rename(inside, out)
        oracle.libc.rename(out, inside)


@attack("a directory moved out of the root while .. is being resolved", modes=ALL, quiet=False, background=move_out)
def moved_out(world):
    world.make("/etc/ssh/deep/er/still")
    world.add(CONFIG, b"Include /etc/ssh/deep/er/still/../../../../outside/secret\n"
              b"Include /etc/ssh/deep/er/../../../../../outside/sshd_config\n" * 10)
    world.put("/outside/here", b"")


# ---- mounts, and the root itself --------------------------------------------------------------------------------------


@attack("a directory of the host is mounted on etc/ssh", quiet=False)
def mounted_ssh(world):
    world.put("/keep", b"")
    os.mkdir(world.directory + "/other")
    oracle.subprocess.run(["cp", "-a", world.base + "/etc/ssh/.", world.directory + "/other"], check=True)
    world.mount("--bind", world.directory + "/other", world.root + "/etc/ssh")


@attack("the root is a link", root=lambda world: world.directory + "/link", verdict=("reachable",))
def root_link(world):
    os.symlink("root", world.directory + "/link")


@attack("the root is named with slashes and dots", root=lambda world: "//" + world.root + "/./etc/..//", verdict=("reachable",))
def root_dots(world):
    del world


@attack("the root is a link to itself", root=lambda world: world.directory + "/loop", verdict=BROKEN)
def root_loop(world):
    os.symlink("loop", world.directory + "/loop")


@attack("the root is a fifo", root=lambda world: world.directory + "/fifo", verdict=BROKEN)
def root_fifo(world):
    os.mkfifo(world.directory + "/fifo")


@attack("the root is an empty directory", root=lambda world: world.directory + "/empty", verdict=("exit 8",), modes=ALL)
def root_empty(world):
    os.mkdir(world.directory + "/empty")


@attack("names with control characters, escapes and nothing of UTF-8")
def odd_names(world):
    names = [b"\n", b"\x1b[2J\x1b]0;owned\x07", b"\xff\xfe", "\u202eevil".encode(), b"x" * 255, b"%s%n", b"'\"\\", b"\x9b31m",
             "\u009b31m".encode(), b"\x7f", b" ", b"\t"]
    for name in names:
        short = name[:200]
        world.put(b"/etc/ssh/sshd_config.d/" + short + b".conf", b"Bad\x1b]0;x\x07Keyword" + short.replace(b"\n", b"") + b" yes\n")
        world.put(os.fsencode(UNITS) + b"/ssh.service.d/" + short + b".conf", b"[Service]\nExecStart=/nowhere/" + short + b"\n")
        world.link(os.fsencode(UNITS) + b"/multi-user.target.wants/" + short + b".service", name + b"/" + name)
        world.put(b"/etc/ssh/" + name, b"")
        world.add(CONFIG, b"HostKey /etc/ssh/" + name.replace(b"\n", b"") + b"\nInclude /etc/ssh/" + name.replace(b"\n", b"*") + b"\n")
    world.put("/etc/os-release", b'ID="de\x1bbian"\nPRETTY_NAME="\x1b[31mred\x9b\xe2\x80\xae\xc2\x9b"\nVERSION_ID="\x07"\n')


@attack("values with escape sequences", verdict=BROKEN)
def odd_values(world):
    evil = b"\x1b]0;owned\x07\x1b[2J\x9b1m\xc2\x9b1m\xe2\x80\xae\x00\x08\x7f\r"
    world.put("/etc/ssh/sshd_config.d/x.conf", b"Port " + evil + b"\nListenAddress " + evil + b"\n" + evil + b" yes\nMatch User " + evil
              + b"\n")
    world.put("/etc/default/ssh", b"SSHD_OPTS='" + evil.replace(b"\0", b"") + b"'\n")
    world.put("/etc/passwd", b"root:x:0:0:" + evil + b":/root:/bin/" + evil + b"\n")


# ---- links that are no links: the same inode outside ------------------------------------------------------------------


@attack("sshd_config is a hard link to a file outside", modes=ALL)
def hard_link(world):
    world.break_config()
    os.link(world.at(CONFIG), world.outside + "/hard-linked")


@attack("host keys are hard links to files outside, and need a chmod", modes=ALL)
def hard_linked_keys(world):
    for name in ("rsa", "ecdsa", "ed25519"):
        path = world.at(f"/etc/ssh/ssh_host_{name}_key")
        os.chmod(path, 0o777)
        os.link(path, world.outside + "/" + name)


@attack("the mask is a link with two names", modes=BOTH)
def hard_linked_mask(world):
    world.link(UNITS + "/ssh.service", "/dev/null")
    os.link(world.at(UNITS + "/ssh.service"), world.outside + "/mask", follow_symlinks=False)
    ctypes.get_errno()


@attack("Include of everything in etc/ssh, the private keys too", modes=ALL)
def include_keys(world):
    world.add(CONFIG, b"Include /etc/ssh/*\n")
    names = [f"/etc/ssh/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519")]
    keys = {name: world.get(name) for name in names}

    def judge(mode):
        outputs = b""
        for arguments in (["check"], ["check", "--json"], ["repair", "-n"], ["repair", "-y", "--json"]):
            result = oracle.run(world, mode, arguments)
            outputs += result.output + result.errors
        for name, key in keys.items():
            if world.get(name) != key:
                raise oracle.Broken(f"{name} was changed")
            for line in key.splitlines():
                if len(line) > 20 and not line.startswith(b"-----") and line[:20] in outputs:
                    raise oracle.Broken(f"{name} is quoted in a report: {line[:8]!r}...")
        return f"repair {result.status}"
    return judge
