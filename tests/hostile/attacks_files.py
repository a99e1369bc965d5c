# SPDX-License-Identifier: GPL-2.0-or-later
"""Special files, contents and metadata."""

import os
import random
import stat
import struct
import subprocess

import oracle
from attack import ALL, BOTH, BROKEN, attack
from oracle import series, some
from attacks_paths import CONFIG, DIRECTORIES, READ, UNITS

KEY = "/etc/ssh/ssh_host_ed25519_key"
KEYS = tuple(f"/etc/ssh/ssh_host_{kind}_key" for kind in ("ed25519", "rsa", "ecdsa"))
UNIT = UNITS + "/ssh.service"

# ---- a special file in place of everything that is read ---------------------------------------------------------------

KINDS = {
    "a fifo": lambda w, p: w.fifo(p),
    "a socket": lambda w, p: w.socket(p),
    "/dev/zero": lambda w, p: w.device(p, 1, 5),
    "/dev/mem": lambda w, p: w.device(p, 1, 1),
    "/dev/tty": lambda w, p: w.device(p, 5, 0),
    "/dev/watchdog": lambda w, p: w.device(p, 10, 130),
    "a tape": lambda w, p: w.device(p, 9, 0),
    "a disk": lambda w, p: w.device(p, 8, 0, stat.S_IFBLK),
    "a whiteout": lambda w, p: w.device(p, 0, 0),
    "a directory": lambda w, p: w.make(p),
}
# Without these, a connection is impossible: the root must not be called reachable. (The unit below /etc is not needed:
# systemd 252 and 257 ignore what is no file, link or directory, and load the one of the package.)
NEEDED = (CONFIG, "/usr/sbin/sshd")


def verdict_of(path, kind):
    # sshd 8.4, 9.2 and 10.0 read a directory as an empty file, and start.
    if path == CONFIG and kind == "a directory":
        return ("reachable",)
    return BROKEN if path in NEEDED else None


def register_special():
    for kind, make in KINDS.items():
        def build(world, make=make, kind=kind):
            world.link(UNITS + "/sshd.service", "/dev/null")
            return lambda mode: series(world, mode, [(path, make, verdict_of(path, kind)) for path in READ])
        attack(f"each file that is read is {kind}", modes=ALL if kind in ("a fifo", "/dev/watchdog") else BOTH)(build)
        for path in NEEDED:
            def build_one(world, make=make, path=path):
                os.chmod(world.at(KEYS[0]), 0o777)
                make(world, path)
            attack(f"{path} is {kind}", verdict=verdict_of(path, kind),
                   finds="config.directory" if verdict_of(path, kind) == ("reachable",) else None)(build_one)
    for kind in ("a fifo", "/dev/zero", "a file"):
        def make_other(world, path, kind=kind):
            world.put(path, b"no directory\n") if kind == "a file" else KINDS[kind](world, path)

        def build_directories(world, make_other=make_other):
            return lambda mode: series(world, mode, [(path, make_other, None) for path in DIRECTORIES])
        attack(f"each directory that is read is {kind}")(build_directories)


register_special()


@attack("all host keys are devices and fifos", verdict=BROKEN, modes=ALL)
def special_keys(world):
    world.device(KEYS[0], 10, 130)
    world.fifo(KEYS[1])
    world.device(KEYS[2], 1, 5)


@attack("sshd_config is a link to a device in dev", verdict=BROKEN, modes=ALL)
def link_to_device(world):
    world.device("/dev/zero", 1, 5)
    world.link(CONFIG, "/dev/zero")


# ---- contents -----------------------------------------------------------------------------------------------------------

CONTENTS = {
    "empty": lambda b: b"",
    "NULs": lambda b: b"\0" * 5000,
    "a NUL in the middle": lambda b: b[: len(b) // 2] + b"\0" + b[len(b) // 2:],
    "UTF-16": lambda b: b"\xff\xfe" + b.decode("latin-1").encode("utf-16-le"),
    "a byte order mark": lambda b: b"\xef\xbb\xbf" + b,
    "CR LF": lambda b: b.replace(b"\n", b"\r\n"),
    "CR only": lambda b: b.replace(b"\n", b"\r"),
    "no final newline": lambda b: b.rstrip(b"\n"),
    "a backslash at the end": lambda b: b + b"x \\",
    "a backslash and newline at the end": lambda b: b + b"x \\\n",
    "noise": lambda b: random.Random(1).randbytes(20000),
    "all bytes": lambda b: bytes(range(256)) * 20,
    "half of it": lambda b: b[: len(b) // 2],
    "open quotes": lambda b: b + b'Port "22\nListenAddress \'::\nExecStart="\nID="\n',
    "percent signs": lambda b: b + b"%s%s%s%n Port %d\nHostKey %h%s%n\n",
    "a line of 1 MiB": lambda b: b + b"x" * (1 << 20) + b"\n",
    "10,000 words": lambda b: b + b"Port " + b"1 " * 10000 + b"\n",
    "newlines for 15 MiB": lambda b: b + b"\n" * (15 << 20),
    "one line of 15 MiB": lambda b: b + b"y" * (15 << 20),
    "one word after another for 8 MiB": lambda b: b + b"a b " * (2 << 20),
    "17 MiB": lambda b: b + b"#\n" * (17 << 19),
}
LARGE = ("newlines for 15 MiB", "one line of 15 MiB", "one word after another for 8 MiB", "17 MiB")
TEXTS = (CONFIG, "/etc/ssh/sshd_config.d/10-x.conf", KEY, KEY + ".pub", "/etc/passwd", "/etc/os-release", "/etc/default/ssh",
         "/etc/machine-id", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/fstab", UNIT, UNIT + ".d/x.conf", "/etc/nftables.conf",
         "/etc/network/interfaces", "/etc/hosts.deny")


def register_contents():
    for title, change in CONTENTS.items():
        def make(world, path, change=change):
            original = world.base + path
            known = os.path.isfile(original)
            before = open(original, "rb").read() if known else b"Port 22\n"
            world.put(path, change(before), stat.S_IMODE(os.stat(original).st_mode) if known else 0o644)

        def build(world, make=make, title=title):
            return lambda mode: series(world, mode, [(path, make, None) for path in TEXTS], traced=False, whole=title not in LARGE)
        attack(f"each text that is read: {title}", modes=("openat2",))(build)
        for path in (CONFIG, UNIT, KEY):
            def build_one(world, make=make, path=path):
                make(world, path)
            attack(f"{path} with {title}", modes=("openat2",), traced=False, timeout=30)(build_one)


register_contents()


@attack("sshd_config of 8 EiB, or as large as the filesystem has them", verdict=BROKEN, modes=ALL)
def sparse(world):
    world.put(CONFIG, b"Port 22\n")
    for size in (1 << 63) - 1, 1 << 44, (1 << 44) - 4096, 1 << 40, 1 << 36:
        try:
            os.truncate(world.at(CONFIG), size)
            break
        except OSError:
            continue


@attack("every file that is read has 1 TiB", verdict=BROKEN)
def sparse_all(world):
    for path in READ:
        world.put(path, b"x\n")
        os.truncate(world.at(path), 1 << 40)


def grow(world):
    with open(world.at(CONFIG), "ab") as file:
        while True:
            file.write(b"# grows\n" * 100)
            file.flush()
            if file.tell() > 1 << 24:
                os.truncate(world.at(CONFIG), 100)


def cut(world):
    content = world.get(CONFIG)
    while True:
        with open(world.at(CONFIG), "r+b") as file:
            file.write(content)
            file.flush()
            file.truncate(10)


@attack("sshd_config grows while it is read", quiet=False, background=grow)
def growing(world):
    world.break_config()


@attack("sshd_config is cut while it is read", quiet=False, background=cut)
def cutting(world):
    world.add(CONFIG, b"# padding\n" * 20000)


def replace_all(world):
    content = world.get(CONFIG)
    while True:
        with open(world.at("/etc/ssh/new"), "wb") as file:
            file.write(content)
        os.rename(world.at("/etc/ssh/new"), world.at(CONFIG))


@attack("sshd_config is replaced all the time", quiet=False, background=replace_all)
def replaced(world):
    world.break_config()


# ---- host keys ------------------------------------------------------------------------------------------------------------


def wire(*strings):
    return b"".join(struct.pack(">I", len(s)) + s for s in strings)


def armor(data):
    import base64
    text = base64.b64encode(data)
    lines = b"\n".join(text[i: i + 70] for i in range(0, len(text), 70))
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + lines + b"\n-----END OPENSSH PRIVATE KEY-----\n"


MAGIC = b"openssh-key-v1\0"
RAW_KEYS = {
    "nothing behind the magic": MAGIC,
    "lengths of 4 GiB": MAGIC + b"\xff" * 200,
    "a length that wraps": MAGIC + wire(b"none", b"none", b"") + struct.pack(">I", 1) + struct.pack(">I", 0xFFFFFFFC) + b"x" * 40,
    "2^32 - 1 keys": MAGIC + wire(b"none", b"none", b"") + struct.pack(">I", 0xFFFFFFFF) + b"x" * 40,
    "an RSA modulus of 2^20 bits": MAGIC + wire(b"none", b"none", b"") + struct.pack(">I", 1)
    + wire(wire(b"ssh-rsa", b"\1\0\1", b"\xff" * (1 << 17)), b"\1\1\1\1\1\1\1\1" + wire(b"ssh-rsa", b"\xff" * (1 << 17), b"\1\0\1")),
    "an encrypted one": MAGIC + wire(b"aes256-ctr", b"bcrypt", wire(b"salt" * 4) + struct.pack(">I", 0xFFFFFFFF))
    + struct.pack(">I", 1) + wire(b"x" * 51, b"y" * 160),
}
PEM_KEYS = {
    "DER with a length of 2^63": b"\x30\x88" + b"\x7f" + b"\xff" * 7,
    "DER without end": b"\x30\x80" * 20000,
    "DER nested 20,000 times": b"\x30\x84\x7f\xff\xff\xff" * 20000,
    "an INTEGER of 128 KiB": b"\x30\x83\x02\x00\x06\x02\x01\x00\x02\x83\x02\x00\x00" + b"\x7f" * (1 << 17),
}


def register_keys():
    for title, data in RAW_KEYS.items():
        def build(world, data=data):
            for path in KEYS:
                world.put(path, armor(data), 0o600)
        attack("host keys: " + title, verdict=BROKEN, traced=False)(build)
    for title, data in PEM_KEYS.items():
        for label in (b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"PRIVATE KEY"):
            def build(world, data=data, label=label):
                text = armor(data).replace(b"OPENSSH PRIVATE KEY", label)
                for path in KEYS:
                    world.put(path, text, 0o600)
            attack(f"host keys: {label.decode()}, {title}", verdict=BROKEN, traced=False)(build)


register_keys()


@attack("host keys: 300 damaged ones")
def many_keys(world):
    rng = random.Random(3)
    good = [world.get(path) for path in KEYS]
    for i in range(300):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        world.put(f"/etc/ssh/key{i}", bytes(data[: rng.randrange(len(data) // 2, len(data) + 1)]), 0o600)
        world.add(CONFIG, f"HostKey /etc/ssh/key{i}\n".encode())


# ---- programs --------------------------------------------------------------------------------------------------------------


def set_bytes(data, offset, value):
    return data[:offset] + value + data[offset + len(value):]


# Offsets of ELF64: e_phoff 32, e_shoff 40, e_phentsize 54, e_phnum 56, e_shnum 60.
ELF = {
    "empty": lambda b: b"",
    "64 bytes": lambda b: b[:64],
    "half of it": lambda b: b[: len(b) // 2],
    "program headers at 2^64": lambda b: set_bytes(b, 32, b"\xff" * 8),
    "program headers behind the end": lambda b: set_bytes(b, 32, struct.pack("<Q", len(b) - 8)),
    "65535 program headers": lambda b: set_bytes(b, 56, b"\xff\xff"),
    "program headers of 0 bytes": lambda b: set_bytes(b, 54, b"\0\0"),
    "sections at 2^63": lambda b: set_bytes(b, 40, b"\0" * 7 + b"\x80"),
    "another architecture": lambda b: set_bytes(b, 18, b"\xb7\0"),
    "32 bit": lambda b: set_bytes(b, 4, b"\1"),
    "big endian": lambda b: set_bytes(b, 5, b"\2"),
    "a script": lambda b: b"#!/bin/sh\nexec true\n",
    "noise behind the header": lambda b: b[:64] + random.Random(4).randbytes(200000),
    "all program headers 0xff": lambda b: set_bytes(b, 64, b"\xff" * 56 * 10),
}
# What the sshd of Debian 12 gets along with: the section table is nobody's business, and what e_ident says of class and
# byte order is the dynamic loader's with libraries alone.
PROGRAMS = {
    "/usr/sbin/sshd": ("sections at 2^63", "32 bit", "big endian"),
    "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": ("sections at 2^63", "32 bit", "big endian"),
    "/usr/lib/x86_64-linux-gnu/libc.so.6": ("sections at 2^63",),
}


def register_programs():
    for path, harmless in PROGRAMS.items():
        for title, change in ELF.items():
            def build(world, path=path, change=change):
                world.put(path, change(world.get(path)), 0o755)
            attack(f"{path}: {title}", modes=("openat2",), traced=False,
                   verdict=("reachable",) if title in harmless else BROKEN)(build)


register_programs()


@attack("sshd with every byte of its headers damaged in turn", modes=("openat2",), traced=False, timeout=30)
def elf_damage(world):
    good = world.get("/usr/sbin/sshd")

    def judge(mode):
        offsets = some(range(16, 64 + 56 * 13, 2), what="offsets")
        for offset in offsets:
            damage = random.Random(f"{oracle.SEED} {offset}")
            world.put("/usr/sbin/sshd", set_bytes(good, offset, bytes(damage.choice((0, 0xFF, 0x80, 1)) for _ in range(2))), 0o755)
            oracle.run(world, mode, ["check"])
        return f"{len(offsets)} damaged programs"
    return judge


# ---- metadata --------------------------------------------------------------------------------------------------------------


def chattr(world, flag, path):
    subprocess.run(["chattr", "+" + flag, world.at(path)], check=True)
    world.undo.append(lambda: subprocess.run(["chattr", "-" + flag, world.at(path)], check=False))


def register_flags():
    for flag in ("i", "a"):
        for path in (CONFIG, "/etc/ssh", KEYS[0], UNITS, "/etc"):
            def build(world, flag=flag, path=path):
                world.break_config()
                world.link(UNIT, "/dev/null")
                for key in KEYS:
                    os.chmod(world.at(key), 0o777)
                chattr(world, flag, path)
            attack(f"{path} has the attribute +{flag}")(build)


register_flags()


@attack("extended attributes of every kind", modes=ALL)
def xattrs(world):
    world.break_config()
    for path in (CONFIG, "/etc/ssh"):
        for i in range(30):
            os.setxattr(world.at(path), f"user.{'x' * 200}{i}", b"")
        os.setxattr(world.at(path), "user.large", b"\n" * 1000)
        os.setxattr(world.at(path), "trusted.overlay.opaque", b"y")
    for value in (b"system_u:object_r:etc_t:s0", b"x" * 900, b"a\nb\x1b[2J\0c"):
        try:
            os.setxattr(world.at(CONFIG), "security.selinux", value)
            os.setxattr(world.at("/etc/ssh"), "security.selinux", value)
        except OSError:
            pass


@attack("forged integrity attributes")
def ima(world):
    world.break_config()
    for name in ("security.ima", "security.evm", "security.capability"):
        try:
            os.setxattr(world.at(CONFIG), name, b"\x03\x02\x04" + b"\xff" * 30)
        except OSError:
            pass


@attack("an access control list that denies, a default one that grants")
def acl(world):
    world.break_config()
    subprocess.run(["setfacl", "-m", "u:12345:rwx,d:u:12345:rwx,d:o::rwx", world.at("/etc/ssh")], check=True)
    subprocess.run(["setfacl", "-m", "u:0:-,m::r", world.at(CONFIG)], check=True)


@attack("owners, modes and times at their limits")
def extremes(world):
    world.break_config()
    os.chown(world.at(CONFIG), 0xFFFFFFFE, 0xFFFFFFFE)
    os.chmod(world.at(CONFIG), 0o7777)
    os.utime(world.at(CONFIG), (-2**31, -2**31))
    os.utime(world.at("/etc/ssh"), (2**33, 2**33))
    for key in KEYS:
        os.chown(world.at(key), 0xFFFFFFFE, 12345)
        os.chmod(world.at(key), 0o7777)
    os.chmod(world.at("/usr"), 0o7777)
