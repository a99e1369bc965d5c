# SPDX-License-Identifier: GPL-2.0-or-later
"""The real sshd as a judge: a small private chroot with it, and what it says of a configuration."""

import glob
import os
import re
import shutil
import stat
import subprocess
import tempfile

PROGRAMS = ("usr/sbin/sshd", "usr/bin/ssh-keygen", "usr/lib/openssh/sshd-session", "usr/lib/openssh/sshd-auth")
COPIED = ("etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ssh/moduli")
KEY = "/etc/ssh/ssh_host_ed25519_key"
BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../build")
SERVICES = "ssh 22/tcp\nssh-alt 2222/tcp secondary # comment\nudp-only 99/udp\nhttp\t80/tcp www\n"


def libraries(root, program):
    """The files that the dynamic linker loads for a program of root."""
    out = subprocess.run(
        ["chroot", root, "/usr/bin/ldd", "/" + program], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return re.findall(r"(/\S+) \(0x", out)


def resolve(root, path):
    """The path without symbolic links, all of which are taken as links inside root."""
    done = "/"
    left = path.split("/")
    while left:
        part = left.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            done = os.path.dirname(done)
            continue
        here = os.path.join(done, part)
        if os.path.islink(root + here):
            link = os.readlink(root + here)
            left = link.split("/") + left
            done = "/" if link.startswith("/") else done
        else:
            done = here
    return done


def copy(root, private, path):
    target = os.path.join(private, path.lstrip("/"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(root + resolve(root, path), target)


def make_null(private):
    os.makedirs(private + "/dev", exist_ok=True)
    path = private + "/dev/null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.chmod(path, 0o666)
        with open(path, "w", encoding="ascii"):
            pass
    except OSError:
        # In a user namespace no device can be made; the one that is there can be lent.
        if os.path.exists(path):
            os.unlink(path)
        with open(path, "w", encoding="ascii"):
            pass
        subprocess.run(["mount", "--bind", "/dev/null", path], check=True)


def make_chroot(root):
    """A copy of the little that sshd -T needs, so that cases can be written into it."""
    place = tempfile.gettempdir()
    if os.statvfs(place).f_flag & os.ST_NOEXEC:
        place = BUILD
    private = tempfile.mkdtemp(prefix="sshd_config.", dir=place)
    programs = [p for p in PROGRAMS if os.path.exists(os.path.join(root, p))]
    files = set(programs) | {f for f in COPIED if os.path.exists(os.path.join(root, f))}
    for program in programs:
        files.update(libraries(root, program))
    for pattern_dir in glob.glob("lib/*-linux-gnu*", root_dir=root):
        directory = root + resolve(root, pattern_dir)
        if os.path.isdir(directory):
            files.update(os.path.join(pattern_dir, n) for n in os.listdir(directory) if n.startswith("libnss_files"))
    for path in sorted(files):
        copy(root, private, path)
    os.makedirs(private + "/run/sshd", mode=0o755)
    os.makedirs(private + "/root", mode=0o700)
    os.makedirs(private + "/tmp", mode=0o755)
    with open(private + "/etc/services", "w", encoding="ascii") as f:
        f.write(SERVICES)
    make_null(private)
    # One key of the quickest kind; the root's own may not be readable, and sshd wants a key of its owner's.
    subprocess.run(["chroot", private, "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY], check=True)
    return private


def remove_chroot(private):
    subprocess.run(["umount", private + "/dev/null"], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(private)


class Sshd:
    """One process inside the chroot that runs sshd again and again."""

    def __init__(self, private):
        self.request = os.pipe()
        self.reply = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.request[1])
            os.close(self.reply[0])
            os.chroot(private)
            os.chdir("/")
            try:
                self.serve()
            finally:
                os._exit(0)
        os.close(self.request[0])
        os.close(self.reply[1])
        self.input = os.fdopen(self.reply[0], "rb")

    def serve(self):
        requests = os.fdopen(self.request[0], "rb")
        out = os.fdopen(self.reply[1], "wb")
        while True:
            size = requests.readline()
            if not size:
                return
            words = requests.read(int(size)).decode("utf-8", "surrogateescape").split("\0")
            status, stdout, stderr = self.run(words)
            out.write(b"%d %d %d\n" % (status, len(stdout), len(stderr)))
            out.write(stdout)
            out.write(stderr)
            out.flush()

    @staticmethod
    def run(words):
        outputs = [os.memfd_create("out"), os.memfd_create("err")]
        # Without a port, -T refuses every "Match LocalPort" that sshd itself accepts.
        argv = ["/usr/sbin/sshd", "-T", "-C", "lport=1"] + words
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)] + [
            (os.POSIX_SPAWN_DUP2, fd, n + 1) for n, fd in enumerate(outputs)
        ]
        pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin"}, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        texts = []
        for fd in outputs:
            size = os.lseek(fd, 0, os.SEEK_END)
            texts.append(os.pread(fd, size, 0))
            os.close(fd)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1000 + os.WTERMSIG(status)
        return code, texts[0], texts[1]

    def ask(self, words):
        """Exit status, standard output and standard error of sshd -T with words."""
        message = "\0".join(words).encode("utf-8", "surrogateescape")
        os.write(self.request[1], b"%d\n" % len(message) + message)
        status, out, err = map(int, self.input.readline().split())
        stdout = self.input.read(out).decode("utf-8", "surrogateescape")
        return status, stdout, self.input.read(err).decode("utf-8", "surrogateescape")

    def close(self):
        os.close(self.request[1])
        self.input.close()
        os.waitpid(self.pid, 0)


NOISE = re.compile(
    r"(Deprecated|Unsupported) option |Unable to load host key|^key_load_|^Could not load host|no hostkeys available"
    r"|Public key for|Could not connect to agent|^debug|^Missing privilege|^Disabled method |Routing domains are not supported"
)
LOCATED = re.compile(r"^(/.*?|command-line):? line (\d+): (.*)$", re.S)


class Verdict:
    """What sshd said: accepted or not; where it first stumbled, and in which words; its effective values."""

    def __init__(self, status, stdout, stderr):
        lines = [l for l in stderr.replace("\r", "").split("\n") if l]
        complaints = [l for l in lines if not NOISE.search(l)]
        self.stderr = stderr
        self.no_keys = "no hostkeys available" in stderr
        self.crashed = status >= 1000
        self.accepted = status == 0 or (self.no_keys and not complaints)
        self.messages = []
        self.path = self.line = None
        self.values = {}
        for complaint in complaints:
            found = LOCATED.match(complaint)
            if found and self.path is None:
                self.path, self.line = found.group(1), int(found.group(2))
            self.messages.append(found.group(3) if found else complaint)
        if status == 0:
            for text in stdout.split("\n"):
                name, _, value = text.partition(" ")
                if name:
                    self.values.setdefault(name, []).append(value)
