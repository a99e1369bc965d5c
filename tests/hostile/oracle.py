# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold whatever a target contains: no hang, no crash, nothing outside the root read or written, no raw
control byte on output, and a check that changes nothing."""

import ctypes
import hashlib
import json
import os
import re
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
STRACE = shutil.which("strace") or "/usr/bin/strace"
FIXTURE = PROJECT + "/build/fixture/root"

# A mode is a kernel that lacks things, or a sandbox that refuses them.
MODES = {
    "openat2": [],
    "walk": [REFUSE, "ENOSYS", "openat2", "--"],
    "old-kernel": [REFUSE, "ENOSYS", "openat2", "open_tree", "mount_setattr", "renameat2", "statx", "--"],
    "sandbox": [REFUSE, "EPERM", "openat2", "open_tree", "mount_setattr", "unshare", "chroot", "--"],
    "unconfined": [REFUSE, "EPERM", "open_tree", "mount_setattr", "unshare", "chroot", "--"],
}

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


def snapshot(directory, with_times=True):
    """Everything about every file: what lstat says (but the access time), contents, links, extended attributes."""
    result = {}
    stack = [os.fsencode(directory)]
    programs = os.fsencode(directory) + b"/usr/"
    while stack:
        path = stack.pop()
        status = os.lstat(path)
        facts = [stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_rdev]
        if with_times:
            facts += [status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        if stat.S_ISLNK(status.st_mode):
            facts.append(os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            if with_times or path != os.fsencode(directory) + b"/etc/sshrescue":
                stack += [entry.path for entry in os.scandir(path)]
        elif stat.S_ISREG(status.st_mode):
            if not with_times:
                facts += [status.st_size, status.st_mtime_ns]
            # Programs are left to their times and sizes.
            if status.st_size < 1 << 25 and not path.startswith(programs):
                with open(path, "rb") as file:
                    facts.append(hashlib.sha1(file.read()).digest())
        try:
            facts += [(name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(os.listxattr(path, follow_symlinks=False))]
        except OSError:
            pass
        if with_times or path != os.fsencode(directory) + b"/etc/sshrescue":
            result[path] = facts
    return result


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


def limits(address_space):
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if address_space and not SSHRESCUE.endswith("-checked"):
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    return set_limits


def run(world, mode, arguments, timeout=40, address_space=1 << 29, traced=False, root=None, prefix=()):
    command = [SSHRESCUE, arguments[0], "--root", root or world.root, *arguments[1:]]
    log = world.directory + "/trace"
    if traced:
        command = [STRACE, "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-o", log, "-e", "trace=%file,fchdir,unshare", "--", *command]
    command = [*MODES[mode], *command]
    process = subprocess.Popen([*prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, preexec_fn=limits(address_space))
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Broken(f"{arguments}: still running after {timeout} s") from None
    trace = None
    if traced:
        with open(log, encoding="utf-8", errors="surrogateescape") as file:
            trace = file.read()
    result = Run(process.returncode, output, errors, trace)
    what = f"{' '.join(arguments)}"
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
    for at, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise Broken(f"{what}: raw {character!r} on output, behind {text[max(0, at - 60):at]!r}")


def series(world, mode, cases, traced=True):
    """Many small attacks on one world, one after the other, each on one path: check, and a repair that is only planned.
    cases: (path, function that makes it hostile, acceptable verdicts or None)."""
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


# ---- what was opened, by name and by whom ---------------------------------------------------------------------------

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (\S+)")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')
NAMED = re.compile(r'(AT_FDCWD|\d+), "((?:[^"\\]|\\.)*)"')
# Calls that never follow a link in the last component.
NEVER_FOLLOW = {"unlinkat", "renameat", "renameat2", "mkdirat", "symlinkat", "readlinkat", "mknodat", "linkat"}
# What a run looks at before it has a root: whether the root is the running system's.
BEFORE = {"/", "/proc/1/root/."}


def audit_catches():
    """An oracle that sees nothing would let everything pass."""
    start = 'openat(AT_FDCWD, "/r", O_RDONLY|O_DIRECTORY) = 3\n'
    bad = ('openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 4', 'openat(4, "a/b", O_RDONLY|O_NOFOLLOW) = 5', 'openat(4, "a", O_RDONLY) = 5',
           'stat("/etc", {st_mode=0}) = 0', 'openat(4, "..", O_RDONLY|O_NOFOLLOW) = 5', 'execve("/bin/sh", ["sh"], 0x1) = 0',
           'openat2(4, "a", {flags=O_RDONLY, resolve=RESOLVE_NO_MAGICLINKS}, 24) = 5', 'fchmodat(4, "a", 0777) = 0',
           'unlink("a") = 0', 'symlinkat("/x", 4, "a/b") = 0', 'chroot("/x") = 0')
    good = ('openat2(4, "/a/../b", {flags=O_RDONLY, resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT}, 24) = 5',
            'openat(4, "a", O_RDONLY|O_NOFOLLOW|O_CLOEXEC) = 5', 'symlinkat("/x/y", 4, "a") = 0', 'unlinkat(4, "a", 0) = 0',
            'openat(4, "a", O_WRONLY|O_CREAT|O_EXCL, 0600) = 5', 'chroot(".") = 0')
    for line in bad:
        try:
            audit("self-test", start + line, "/r")
        except Broken:
            continue
        raise Broken("the audit does not object to " + line)
    for line in good:
        audit("self-test", start + line, "/r")
    for data in (b"\x1b[2J", b"a\x07", b"\xff", "\u202e".encode(), "\u009b".encode(), b"a\rb"):
        try:
            assert_printable("self-test", data)
        except Broken:
            continue
        raise Broken(f"{data!r} passes for printable")


def audit(what, trace, root):
    """After the root is open, every file is named relative to a descriptor of the root, one component at a time, without
    following a link; or by openat2 within the root."""
    seen_root = False
    for line in trace.splitlines():
        match = CALL.match(line)
        if not match:
            continue
        name, arguments, result = match.groups()
        strings = [string for string, _ in STRING.findall(arguments)]
        if name in ("unshare", "fchdir") or (name == "chroot" and strings == ["."]):
            continue
        if name == "mount" and strings == ["/"] and "MS_PRIVATE" in arguments:
            continue
        # futimens(3): the file that is open.
        if name == "utimensat" and re.match(r"\d+, NULL,", arguments):
            continue
        if name == "openat2":
            if "RESOLVE_IN_ROOT" not in arguments or "AT_FDCWD" in arguments:
                raise Broken(f"{what}: openat2 not in the root: {line}")
            continue
        if name == "mount_setattr" or name == "open_tree":
            if strings != [""]:
                raise Broken(f"{what}: {line}")
            continue
        named = NAMED.findall(arguments)
        if not named or any(directory == "AT_FDCWD" for directory, _ in named):
            if name in ("open", "openat") and strings == [root]:
                seen_root = True
                continue
            if name in ("stat", "newfstatat", "statx", "lstat") and strings and strings[0] in BEFORE:
                continue
            # The target has had no say yet.
            if not seen_root:
                continue
            raise Broken(f"{what}: a file is named absolutely: {line}")
        for _, string in named:
            if "/" in string or string == "..":
                raise Broken(f"{what}: more than one component: {line}")
            if string not in ("", ".") and name not in NEVER_FOLLOW and "NOFOLLOW" not in arguments and "O_EXCL" not in arguments:
                raise Broken(f"{what}: a link would be followed: {line}")
