# SPDX-License-Identifier: GPL-2.0-or-later
"""A filesystem without room, and a caller that leaves things out."""

import os
import resource
import subprocess

import oracle
from attack import ALL, attack
from attacks_journal import broken_root


@attack("the root is mounted read-only", modes=ALL)
def read_only(world):
    broken_root(world)
    world.mount("--bind", world.root, world.root)
    subprocess.run(["mount", "-o", "remount,bind,ro", world.root], check=True)


def small_filesystem(world, size, *options):
    image = world.directory + "/image"
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", world.root, image], check=True)
    subprocess.run(["rm", "-rf", world.root], check=True)
    os.mkdir(world.root)
    world.mount("-o", "loop", image, world.root)


@attack("no block is left")
def full(world):
    broken_root(world)
    small_filesystem(world, 48 << 20)
    with open(world.root + "/filler", "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 512):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    subprocess.run(["sync", "-f", world.root], check=True)


@attack("no inode is left")
def no_inodes(world):
    broken_root(world)
    small_filesystem(world, 48 << 20, "-N", "1200")
    try:
        for i in range(100000):
            open(f"{world.root}/filler{i}", "wb").close()
    except OSError:
        pass


@attack("a directory that ignores case has sshd_config and SSHD_CONFIG")
def casefold(world):
    broken_root(world)
    world.put("/etc/ssh/SSHD_CONFIG", b"Port 1\n")


# ---- the caller -----------------------------------------------------------------------------------------------------------


def caller(name, prepare=None, environment=None, accept=None, **streams):
    """Runs check and repair -n in an odd environment: they must end by themselves."""
    @attack("caller: " + name)
    def build(world):
        broken_root(world)

        def judge(mode):
            before = oracle.snapshot(world.root)
            outcomes = []
            for arguments in (["check"], ["check", "--json"], ["repair", "-n"], ["history"]):
                command = [*oracle.MODES[mode], oracle.SSHRESCUE, arguments[0], "--root", world.root, *arguments[1:]]
                options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
                process = subprocess.run(command, timeout=20, preexec_fn=prepare, env=environment, check=False, **options)
                if not 0 <= process.returncode <= 63:
                    raise oracle.Broken(f"{arguments}: ended with {process.returncode}")
                if accept and not accept(process.returncode):
                    raise oracle.Broken(f"{arguments}: status {process.returncode}")
                outcomes.append(process.returncode)
            difference = oracle.differences(before, oracle.snapshot(world.root))
            if difference:
                raise oracle.Broken("the tree was changed: " + difference)
            return str(outcomes)
        return judge


def close_all():
    for fd in (0, 1, 2):
        os.close(fd)


def limit(what, value):
    return lambda: resource.setrlimit(what, (value, value))


caller("standard descriptors closed", prepare=close_all)
caller("standard output full", stdout=open("/dev/full", "wb"), accept=lambda status: status & 8)
caller("8 descriptors", prepare=limit(resource.RLIMIT_NOFILE, 8))
caller("4 descriptors", prepare=limit(resource.RLIMIT_NOFILE, 4))
caller("files of at most 0 bytes", prepare=limit(resource.RLIMIT_FSIZE, 0))
caller("8 MiB of address space", prepare=limit(resource.RLIMIT_AS, 8 << 20))
caller("512 KiB of stack", prepare=limit(resource.RLIMIT_STACK, 512 << 10))
caller("no environment", environment={})
caller("a hostile environment", environment={"TERM": "\x1b[2J" * 1000, "LANG": "../../etc/x", "TZ": ":/etc/shadow", "PATH": "",
                                             "NO_COLOR": "", "COLUMNS": "99999999999999", "LD_PRELOAD": "/nowhere.so"})


@attack("caller: standard output is a pipe that nobody reads")
def closed_pipe(world):
    def judge(mode):
        read_end, write_end = os.pipe()
        os.close(read_end)
        command = [*oracle.MODES[mode], oracle.SSHRESCUE, "check", "--root", world.root]
        process = subprocess.run(command, stdout=write_end, stderr=subprocess.DEVNULL, timeout=20, check=False)
        os.close(write_end)
        if not process.returncode & 8 or not 0 <= process.returncode <= 63:
            raise oracle.Broken(f"status {process.returncode}")
        return str(process.returncode)
    return judge


@attack("caller: a program name is missing")
def no_argv(world):
    del world

    def judge(mode):
        # execve(2) with an empty list; Linux 5.18 and later put an empty name there.
        code = f"import ctypes; l = ctypes.CDLL(None); a = (ctypes.c_char_p * 1)(None); l.execve({os.fsencode(oracle.SSHRESCUE)!r}, a, a)"
        process = subprocess.run(["python3", "-c", code], capture_output=True, timeout=20, check=False)
        if process.returncode != 16:
            raise oracle.Broken(f"{mode}: status {process.returncode}")
        return "16"
    return judge
