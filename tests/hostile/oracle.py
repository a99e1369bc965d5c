# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold whatever a target contains: no hang, no crash, nothing outside the root read or written, no raw
control byte on output, and a check that changes nothing."""

import ctypes
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
SSHRESCUE = os.environ.get("SSHRESCUE", PROJECT + "/build/sshrescue")
REFUSE = PROJECT + "/build/tests/hostile/refuse"
WATCH = PROJECT + "/build/tests/hostile/watch"
FIXTURE = PROJECT + "/build/fixture/root"

# A mode is a kernel that lacks things, or a sandbox that refuses them.
MODES = {
    "openat2": [],
    "walk": [REFUSE, "ENOSYS", "openat2", "--"],
    "old-kernel": [REFUSE, "ENOSYS", "openat2", "open_tree", "mount_setattr", "renameat2", "statx", "--"],
    "sandbox": [REFUSE, "EPERM", "openat2", "open_tree", "mount_setattr", "unshare", "chroot", "--"],
    "unconfined": [REFUSE, "EPERM", "open_tree", "mount_setattr", "unshare", "chroot", "--"],
}

# Set by tests/hostile/run: how much, which part of it, and what is being done.
LONG, SEED, ATTACK = False, 1, ""

libc = ctypes.CDLL(None, use_errno=True)


class Broken(Exception):
    """The program did what it must never do."""


# ---- the world: a root, and what lies outside of it -----------------------------------------------------------------


class World:
    """A private copy of the healthy root, and a directory outside of it that must not be noticed."""

    def __init__(self, directory, base):
        self.directory = directory
        self.base = base
        self.root = directory + "/root"
        self.outside = directory + "/outside"
        self.undo = []
        os.makedirs(self.root)
        # What these tests never write to in place may share its inodes with their copy of the fixture.
        names = [base + "/" + name for name in os.listdir(base) if name != "usr"]
        subprocess.run(["cp", "-a", *names, self.root], check=True)
        subprocess.run(["cp", "-al", base + "/usr", self.root], check=True)
        os.mkdir(self.outside)
        self.write_outside("secret", b"root:$6$outside$secret:19000:0:99999:7:::\n", 0o600)
        self.write_outside("sshd_config", b"Port 22\nPermitRootLogn yes\n", 0o644)
        self.write_outside("ssh.service", b"[Service]\nExecStart=/outside/sshd\n", 0o644)
        os.mkdir(self.outside + "/ssh")
        shutil.copytree(base + "/etc/ssh", self.outside + "/ssh", dirs_exist_ok=True)

    def write_outside(self, name, content, mode):
        with open(self.outside + "/" + name, "wb") as file:
            file.write(content)
        os.chmod(self.outside + "/" + name, mode)

    def at(self, path):
        return os.fsencode(self.root) + (path if isinstance(path, bytes) else os.fsencode(path))

    def remove(self, path):
        full = self.at(path)
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)
        elif os.path.lexists(full):
            os.unlink(full)

    def parent(self, path):
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)

    def put(self, path, content, mode=0o644):
        self.remove(path)
        self.parent(path)
        with open(self.at(path), "wb") as file:
            file.write(content)
        os.chmod(self.at(path), mode)

    def get(self, path):
        with open(self.at(path), "rb") as file:
            return file.read()

    def add(self, path, content):
        self.put(path, self.get(path) + content)

    def link(self, path, text):
        self.remove(path)
        self.parent(path)
        os.symlink(text if isinstance(text, bytes) else os.fsencode(text), self.at(path))

    def make(self, path):
        self.remove(path)
        os.makedirs(self.at(path))

    def fifo(self, path):
        self.remove(path)
        self.parent(path)
        os.mkfifo(self.at(path))

    def socket(self, path):
        self.remove(path)
        self.parent(path)
        os.mknod(self.at(path), stat.S_IFSOCK | 0o666)

    def device(self, path, major, minor, kind=stat.S_IFCHR):
        self.remove(path)
        self.parent(path)
        os.mknod(self.at(path), kind | 0o666, os.makedev(major, minor))

    def break_config(self):
        """Something that repair -y will want to write."""
        self.add("/etc/ssh/sshd_config", b"PermitRootLogn no\n")

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)
        self.undo.append(lambda: subprocess.run(["umount", "-l", arguments[-1]], check=False))

    def clean(self):
        for action in reversed(self.undo):
            action()
        subprocess.run(["rm", "-rf", self.directory], check=False)


def private_mounts():
    """Mounts of these tests must not be seen by anybody else."""
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 1 << 18
    if libc.unshare(clone_newns) != 0 or libc.mount(None, b"/", None, ms_rec | ms_private, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot make a private mount namespace: these tests run as root")


def snapshot(directory):
    """Everything about every file: what lstat says (but the access time), contents, links, extended attributes."""
    return look(directory)[0]


def lasting(directory):
    """What undo has to give back."""
    return look(directory)[1]


def look(directory):
    """Both at once: two answers from one walk."""
    exact, lasting_facts = {}, {}
    stack = [os.fsencode(directory)]
    programs, store = os.fsencode(directory) + b"/usr/", os.fsencode(directory) + b"/etc/sshrescue"
    while stack:
        path = stack.pop()
        status = os.lstat(path)
        facts = [status.st_mode, status.st_uid, status.st_gid, status.st_rdev]
        times = [status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        if stat.S_ISLNK(status.st_mode):
            facts.append(os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            stack += [entry.path for entry in os.scandir(path)]
        elif stat.S_ISREG(status.st_mode):
            facts += [status.st_size, status.st_mtime_ns]
            # Programs are left to their times and sizes.
            if status.st_size < 1 << 25 and not path.startswith(programs):
                with open(path, "rb") as file:
                    facts.append(hashlib.sha1(file.read()).digest())
        try:
            facts += [(name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(os.listxattr(path, follow_symlinks=False))]
        except OSError:
            pass
        exact[path] = facts + times
        if path != store and not path.startswith(store + b"/"):
            lasting_facts[path] = facts
    return exact, lasting_facts


def differences(before, after):
    names = [path for path in set(before) | set(after) if before.get(path) != after.get(path)]
    return ", ".join(f"{path!r}: {before.get(path)} -> {after.get(path)}" for path in sorted(names)[:4])


def mark_unread(directory):
    """An access time far in the past changes with the next read, also on relatime mounts."""
    for path, _, files in os.walk(directory):
        for name in files + ["."]:
            status = os.stat(os.path.join(path, name))
            os.utime(os.path.join(path, name), ns=(10**18, status.st_mtime_ns))


def read_marks(directory):
    marks = {}
    for path, _, files in os.walk(directory):
        for name in files:
            full = os.path.join(path, name)
            status = os.lstat(full)
            # What has a second name within the root may be read by that one; a link may lose it.
            read = status.st_atime_ns if status.st_nlink == 1 else 0
            changed = status.st_ctime_ns if status.st_nlink == 1 or not stat.S_ISLNK(status.st_mode) else 0
            marks[full] = (read, status.st_mtime_ns, changed, status.st_mode, status.st_uid,
                           status.st_gid, status.st_size, status.st_nlink)
        status = os.lstat(path)
        marks[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_mode)
    return marks


# ---- one run of the program -----------------------------------------------------------------------------------------


class Run:
    def __init__(self, status, output, errors, trace):
        self.status, self.output, self.errors, self.trace = status, output, errors, trace


def limits(address_space, seconds):
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        if address_space and not SSHRESCUE.endswith("-checked"):
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    return set_limits


def run(world, mode, arguments, timeout=40, address_space=1 << 29, traced=False, root=None):
    """timeout: seconds of processor time, so that a busy machine breaks nothing; on the clock, a multiple of it."""
    command = [SSHRESCUE, arguments[0], "--root", root or world.root, *arguments[1:]]
    log = world.directory + "/trace"
    if traced:
        command = [WATCH, log, *command]
    command = [*MODES[mode], *command]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, preexec_fn=limits(address_space, timeout))
    try:
        output, errors = process.communicate(timeout=timeout * 5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Broken(f"{arguments}: still running after {timeout * 5} s") from None
    trace = None
    if traced:
        with open(log, encoding="ascii") as file:
            trace = file.read()
    result = Run(process.returncode, output, errors, trace)
    what = f"{' '.join(arguments)}"
    if result.status in (-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL):
        raise Broken(f"{what}: still busy after {timeout} s")
    if result.status < 0 or result.status > 63:
        raise Broken(f"{what}: ended with {result.status}: {errors[-600:]!r}")
    assert_printable(what, output)
    assert_printable(what, errors)
    if "--json" in arguments and result.status & 24 == 0:
        result.json = json.loads(output)
    if traced:
        audit(what, trace, root or world.root)
    return result


def assert_printable(what, data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Broken(f"{what}: output is no UTF-8: {error}") from None
    # The usual case, in one go: it is more strict than what follows.
    if text.replace("\n", "").replace("\t", "").isprintable():
        return
    for at, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise Broken(f"{what}: raw {character!r} on output, behind {text[max(0, at - 60):at]!r}")


def some(items, needed=(), share=4, what=""):
    """All of them, or, in the daily run, a few that the seed draws, and those that are needed."""
    if LONG:
        return list(items)
    drawn = random.Random(f"{SEED} {ATTACK} {what}").sample(range(len(items)), max(1, len(items) // share))
    return [item for at, item in enumerate(items) if at in drawn or item in needed]


def series(world, mode, cases, traced=True, whole=True):
    """Many small attacks on one world, one after the other, each on one path: check, and a repair that is only planned.
    cases: (path, function that makes it hostile, acceptable verdicts or None). What is done for all paths with one
    resolver is done for some of them with the others; not whole: for some with each."""
    if not whole or mode != "openat2":
        cases = some(cases, needed=[case for case in cases if case[2]], what=mode)
    mark_unread(world.outside)
    marks = read_marks(world.outside)
    failures = []
    kept = os.fsencode(world.directory + "/kept")
    for path, make, verdicts in cases:
        full = world.at(path)
        there = os.path.lexists(full)
        made = []
        parent = os.path.dirname(full)
        while not os.path.lexists(parent):
            made.append(parent)
            parent = os.path.dirname(parent)
        if there:
            os.rename(full, kept)
        try:
            make(world, path)
            found = run(world, mode, ["check", "--json"], traced=traced, timeout=30)
            verdict = found.json["verdict"] if found.status & 24 == 0 else f"exit {found.status}"
            if verdicts and verdict not in verdicts:
                raise Broken(f"the verdict is {verdict}, not {' or '.join(verdicts)}")
            run(world, mode, ["repair", "-n"], timeout=30)
        except Broken as broken:
            failures.append(f"{path}: {broken}")
        world.remove(path)
        for directory in made:
            os.rmdir(directory)
        if there:
            os.rename(kept, full)
    if read_marks(world.outside) != marks:
        failures.append("outside the root: " + differences(marks, read_marks(world.outside)))
    if failures:
        raise Broken("\n       ".join(failures))
    return f"{len(cases)} paths"


# ---- what was asked for, by which name and from where ----------------------------------------------------------------

# What a run looks at before it has a root: whether the root is the running system's.
BEFORE = {"/", "/proc/1/root/."}


def watched(command, log):
    """Runs a program and says what it asked for: lines of tests/hostile/watch.c."""
    result = subprocess.run([WATCH, log, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
    if result.returncode != 0:
        raise Broken(f"self-test: {command} ended with {result.returncode}: {result.stderr[-200:]!r}")
    with open(log, encoding="ascii") as file:
        return file.read()


def audit_catches(directory):
    """An oracle that sees nothing would let everything pass."""
    start = "open\tstart\t\t/r\n"
    bad = ("openat\tstart\t\t/etc/passwd", "openat\tfd\tnofollow\ta/b", "openat\tfd\t\ta", "stat\tstart\t\t/etc",
           "openat\tfd\tnofollow\t..", "execve\tstart\t\t/bin/sh", "openat2\tfd\t\ta", "openat2\tstart\tin-root\ta",
           "fchmodat\tfd\t\ta", "unlink\tstart\tnofollow\ta", "symlinkat\tfd\tnofollow\ta/b", "chroot\tstart\t\t.",
           "chroot\tentered\t\t/x", "open\tstart\t\t.", "open\tstart\tpath\tx", "lgetxattr\tstart\tnofollow\ta",
           "getxattr\tentered\t\ta", "chdir\tentered\t\ta", "mount\tstart\t\t/", "openat\tfd\tnofollow\t/etc")
    good = ("openat2\tfd\tin-root\t/a/../b", "openat\tfd\tnofollow\ta", "symlinkat\tfd\tnofollow\ta", "chroot\tentered\t\t.",
            "open\tstart\tpath\t.", "lgetxattr\tentered\tnofollow\ta", "openat\tfd\t\t.", "mount\tstart\tprivate\t/",
            "utimensat\tfd\t\t", "newfstatat\tfd\t\t")
    for line in bad:
        if not objects(start + line):
            raise Broken("the audit does not object to " + line)
    for line in good:
        if objects(start + line):
            raise Broken("the audit objects to " + line)
    # The same from the life: a program that goes astray is seen.
    python = ["/usr/bin/env", "python3", "-I", "-S", "-c"]
    os.mkdir(directory + "/inner")
    for astray, seen in (("os.stat('/etc/passwd')", "start\t\t/etc/passwd"), ("os.open('a', 0, dir_fd=r)", "fd\t\ta"),
                         ("os.fchdir(r); os.stat('a')", "entered\t\ta"), ("os.rename('a', 'x/y', dst_dir_fd=r)", "x/y"),
                         ("os.open('a', os.O_NOFOLLOW, dir_fd=r)", "fd\tnofollow\ta"), ("os.chmod('b\\n', 0)", "start\t\tb\\x0a"),
                         ("os.fchdir(r); os.fchdir(here); os.stat('a')", "start\t\ta")):
        code = (f"import os; r = os.open({directory + '/inner'!r}, 0); here = os.open('.', 0)\n"
                f"try: {astray}\nexcept OSError: pass")
        trace = watched([*python, code], directory + "/log")
        if not any(line.endswith(seen) for line in trace.splitlines()):
            raise Broken(f"nobody sees that a program does {astray}")
    for data in (b"\x1b[2J", b"a\x07", b"\xff", "\u202e".encode(), "\u009b".encode(), b"a\rb", "\ufeff".encode()):
        try:
            assert_printable("self-test", data)
        except Broken:
            continue
        raise Broken(f"{data!r} passes for printable")


def objects(trace):
    try:
        audit("self-test", trace, "/r")
    except Broken:
        return True
    return False


def audit(what, trace, root):
    """After the root is open, every file is named relative to a descriptor of the root, or to a directory that was
    entered by one, as one component, without following a link; or by openat2 within the root."""
    seen_root = False
    for line in trace.splitlines():
        call, place, words, name = line.split("\t")
        if place == "start" and call in ("open", "openat") and name == root:
            seen_root = True
        # The target has had no say yet.
        if not seen_root:
            continue
        if call == "openat2":
            if place == "start" or words != "in-root":
                raise Broken(f"{what}: openat2 not in the root: {line}")
            continue
        if place == "start":
            if name == root or (name in BEFORE and call in ("stat", "newfstatat", "statx")):
                continue
            if (call, words, name) in (("mount", "private", "/"), ("open", "path", "."), ("openat", "path", ".")):
                continue
            raise Broken(f"{what}: a file is named absolutely, or from elsewhere: {line}")
        if "/" in name or name == "..":
            raise Broken(f"{what}: more than one component: {line}")
        if name not in ("", ".") and words != "nofollow":
            raise Broken(f"{what}: a link would be followed: {line}")
