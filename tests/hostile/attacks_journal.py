# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own directory, /etc/sshrescue, as an attacker prepares it."""

import hashlib
import os
import random
import re
import shutil
import subprocess
import time

import oracle
from attack import BOTH, attack
from attacks_paths import CONFIG, UNITS, up

STORE = "/etc/sshrescue"


def broken_root(world):
    world.break_config()
    world.link(UNITS + "/ssh.service", "/dev/null")
    os.chmod(world.at("/etc/ssh/ssh_host_ed25519_key"), 0o777)


def register_store():
    kinds = {
        "a link out": lambda w: w.link(STORE, w.outside),
        "a link up and out": lambda w: w.link(STORE, up(w.outside)),
        "a link to /etc/ssh": lambda w: w.link(STORE, "ssh"),
        "a dangling link": lambda w: w.link(STORE, "/nowhere"),
        "a fifo": lambda w: w.fifo(STORE),
        "a device": lambda w: w.device(STORE, 10, 130),
        "a file": lambda w: w.put(STORE, b"x"),
        "writable for all": lambda w: (w.make(STORE), os.chmod(w.at(STORE), 0o777)),
        "somebody else's": lambda w: (w.make(STORE), os.chmod(w.at(STORE), 0o700), os.chown(w.at(STORE), 12345, 12345)),
    }
    for title, make in kinds.items():
        def build(world, make=make):
            broken_root(world)
            make(world)
        attack(f"the journal is {title}", quiet=title not in ("a link to /etc/ssh",))(build)


register_store()


@attack("the journal is full of names to come", quiet=False)
def names_to_come(world):
    broken_root(world)
    world.make(STORE)
    os.chmod(world.at(STORE), 0o700)
    now = time.time()
    for second in range(120):
        name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now + second - 20))
        for serial in (0, 1, 2):
            world.link(f"{STORE}/{name}-{serial}", world.outside)
    for name in ("manifest.new", "prepared", "committed", "lock", "tmp", ".", ".."):
        if not os.path.lexists(world.at(f"{STORE}/{name}")):
            world.link(f"{STORE}/{name}", world.outside + "/secret")


# ---- forged manifests -------------------------------------------------------------------------------------------------------


def manifests(world):
    found = []
    for directory, _, names in os.walk(world.at(STORE)):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and open(path, "rb").read(19) == b"sshrescue-manifest ":
                found.append(path)
    return found


def sign(body):
    return body + b"end " + hashlib.sha256(body).hexdigest().encode() + b"\n"


def body_of(path):
    content = open(path, "rb").read()
    return content[: content.rindex(b"end ")]


def repaired(world, mode):
    """A real transaction to start from."""
    broken_root(world)
    result = oracle.run(world, mode, ["repair", "-y"])
    found = manifests(world)
    if not result.status & 1 or not found:
        raise oracle.Broken(f"repair made no transaction to forge: {result.status} {result.output[-400:]!r}")
    return found[0]


def runs_after(world, mode, check_tree=True):
    """check, undo, repair and undo again on a forged journal: nothing outside may change, nothing may crash."""
    oracle.mark_unread(world.outside)
    marks = oracle.read_marks(world.outside)
    before = oracle.snapshot(world.root)
    oracle.run(world, mode, ["check"], traced=True)
    oracle.run(world, mode, ["history"], traced=True)
    difference = oracle.differences(before, oracle.snapshot(world.root))
    if difference:
        raise oracle.Broken("check or history changed the tree: " + difference)
    kept = {path: oracle.snapshot(world.root + path) for path in ("/usr", "/etc/pam.d", "/home", "/root")} if check_tree else {}
    shadow = world.get("/etc/shadow")
    outcomes = []
    for arguments in (["undo"], ["undo", "--force"], ["repair", "-y"], ["undo"]):
        outcomes.append(oracle.run(world, mode, arguments, traced=True).status)
    for path, facts in kept.items():
        difference = oracle.differences(facts, oracle.snapshot(world.root + path))
        if difference:
            raise oracle.Broken("a forged journal changed " + difference)
    if world.get("/etc/shadow") != shadow:
        raise oracle.Broken("a forged journal changed /etc/shadow")
    if oracle.read_marks(world.outside) != marks:
        raise oracle.Broken("outside the root: " + oracle.differences(marks, oracle.read_marks(world.outside)))
    return f"undo, forced undo, repair, undo: {outcomes}"


def forge(title, change):
    @attack("forged journal: " + title, modes=BOTH)
    def build(world):
        def judge(mode):
            path = repaired(world, mode)
            body = change(body_of(path), world)
            open(path, "wb").write(sign(body))
            return runs_after(world, mode)
        return judge


PATH = re.compile(rb"^(entry \w+) \S+$", re.M)


def register_forgeries():
    paths = ("/etc/ssh/../../../../../../outside/secret", "/../outside/secret", "/usr/sbin/sshd", "/etc/pam.d/sshd", "/etc/sshrescue",
             "/etc/sshrescue/x", "/", "//etc/ssh/sshd_config", "etc/ssh/sshd_config", "/etc/ssh/", "/etc/ssh/.", "/etc/ssh/x%00",
             "/etc/ssh/%0a", "/etc/ssh/%2e%2e/shadow", "-", "/etc/cron.d/owned", "/root/.ssh/authorized_keys", "/etc/ssh/" + "x" * 300,
             "/etc/ssh/" + "x/" * 3000)
    for path in paths:
        forge(f"entries of {path[:40]}", lambda body, world, path=path: PATH.sub(rb"\1 " + path.encode(), body))
    forge("an entry outside", lambda body, world: PATH.sub(rb"\1 " + (world.outside + "/secret").encode(), body))
    forge("directories outside", lambda body, world: re.sub(rb"^(directory \S+) \S+$", rb"\1 " + world.outside.encode(), body, flags=re.M))
    forge("every operation is remove", lambda body, world: re.sub(rb"^entry \w+", b"entry remove", body, flags=re.M))
    forge("every operation is mkdir", lambda body, world: re.sub(rb"^entry \w+", b"entry mkdir", body, flags=re.M))
    forge("modes of set-user-ID", lambda body, world: re.sub(rb"^(before|after) file \d+", rb"\1 file 6777", body, flags=re.M))
    forge("numbers that overflow", lambda body, world: re.sub(rb" \d+ ", b" 99999999999999999999999 ", body))
    forge("huge sizes", lambda body, world: re.sub(rb" (\d+) (\d+\.\d+)", rb" 18446744073709551615 \2", body))
    forge("no entries", lambda body, world: body[: body.index(b"directory")] if b"directory" in body else body)
    forge("entries twice", lambda body, world: body + body[body.index(b"entry"):])
    forge("100,000 entries", lambda body, world: body + b"".join(
        b"entry create /etc/ssh/z%06d\nbefore absent 0000 0 0 0 0.000000000 0 -\nafter file 0644 0 0 0 0.000000000 0 %s\n"
        % (i, hashlib.sha256(b"").hexdigest().encode()) for i in range(20000)))
    forge("a later version", lambda body, world: body.replace(b"sshrescue-manifest 1", b"sshrescue-manifest 2"))
    forge("a NUL", lambda body, world: body.replace(b"command", b"com\0mand"))
    forge("escape sequences", lambda body, world: re.sub(rb"^(command|problem|tool) \S+", rb"\1 %1b[2J%07%9b1m", body, flags=re.M))


register_forgeries()


@attack("forged journal: committed becomes prepared, undoing, and all at once")
def states(world):
    def judge(mode):
        path = repaired(world, mode)
        directory = os.path.dirname(path)
        outcomes = []
        for state in (b"prepared", b"undoing", b"staging", b"undone", b"abandoned"):
            copy = world.directory + "/copy"
            shutil.rmtree(copy, ignore_errors=True)
            subprocess.run(["cp", "-a", world.root, copy], check=True)
            os.rename(path, directory + b"/" + state)
            outcomes.append(runs_after(world, mode, check_tree=False))
            shutil.rmtree(world.root)
            os.rename(copy, world.root)
        for state in (b"prepared", b"undoing", b"undone"):
            shutil.copy(path, directory + b"/" + state)
        runs_after(world, mode, check_tree=False)
        return f"{len(outcomes)} states"
    return judge


@attack("forged journal: before-images are links out, fifos, devices")
def images(world):
    def judge(mode):
        path = repaired(world, mode)
        directory = os.path.dirname(path)
        makers = (lambda p: os.symlink(world.outside + "/secret", p), lambda p: os.mkfifo(p),
                  lambda p: os.mknod(p, 0o20666, os.makedev(1, 5)), lambda p: os.mkdir(p),
                  lambda p: os.link(world.outside + "/secret", p))
        for make in makers:
            for name in os.listdir(directory):
                full = directory + b"/" + name
                if full != path:
                    shutil.rmtree(full) if os.path.isdir(full) and not os.path.islink(full) else os.unlink(full)
                    make(full)
            runs_after(world, mode)
        return f"{len(makers)} kinds"
    return judge


@attack("a journal cut off at 40 places, and with bits flipped in 60", timeout=300)
def damaged(world):
    def judge(mode):
        path = repaired(world, mode)
        good = open(path, "rb").read()
        rng = random.Random(7)
        oracle.mark_unread(world.outside)
        marks = oracle.read_marks(world.outside)
        refused = 0
        for i in range(100):
            data = bytearray(good)
            if i < 40:
                data = data[: len(good) * i // 40]
            else:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            open(path, "wb").write(data)
            oracle.run(world, mode, ["history"])
            status = oracle.run(world, mode, ["undo"]).status
            if status == 0:
                raise oracle.Broken(f"undo believed a damaged journal (damage {i})")
            refused += 1
        if oracle.read_marks(world.outside) != marks:
            raise oracle.Broken("something outside the root was touched")
        open(path, "wb").write(good)
        if oracle.run(world, mode, ["undo"]).status != 0:
            raise oracle.Broken("undo with the journal restored fails")
        return f"{refused} refused"
    return judge


@attack("the journal of another root")
def other_root(world):
    def judge(mode):
        world.put("/etc/machine-id", b"fedcba9876543210fedcba9876543210\n")
        repaired(world, mode)
        world.put("/etc/machine-id", b"0123456789abcdef0123456789abcdef\n")
        before = oracle.snapshot(world.root + "/etc/ssh")
        status = oracle.run(world, mode, ["undo"]).status
        if status == 0 or oracle.differences(before, oracle.snapshot(world.root + "/etc/ssh")):
            raise oracle.Broken(f"undo took back a repair of another root: {status}")
        return f"undo {status}"
    return judge


@attack("50,000 directories in the journal", timeout=60)
def large_journal(world):
    def judge(mode):
        repaired(world, mode)
        for i in range(50000):
            os.mkdir(world.at(f"{STORE}/20200101-000000-{i}"))
        outcomes = [oracle.run(world, mode, [command], timeout=60).status for command in ("check", "history", "repair", "undo")]
        return f"check, history, repair, undo: {outcomes}"
    return judge
