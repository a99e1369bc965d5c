# SPDX-License-Identifier: GPL-2.0-or-later
"""What fuzzing starts from: files as the releases ship them, and as the differential tests make them up."""

import glob
import importlib
import os
import random
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEPARATOR = b"\x1e"
MOST = 16384  # bytes of a file: longer inputs are slow to change
RULE_SETS = 24

# The sources whose words in double quotes are the format's own words.
SOURCES = {
    "nft": ["parse/nft*.c"],
    "iptables_save": ["parse/iptables_save*.c", "parse/ipset_save.c"],
    "ufw": ["parse/ufw*.c", "parse/iptables_save*.c"],
    "firewalld": ["parse/firewalld*.c", "parse/xml.c"],
    "sshd_config": ["parse/sshd_*"],
    "unit": ["parse/unit*.c"],
    "manifest": ["txn/manifest.c"],
    "settings": ["settings.c", "boot/*.c"],
    "host_key": ["parse/openssh_key.c", "parse/pem*.c", "parse/ssh_wire.c"],
    "greeting": ["rehearse/greeting.c"],
    "accounts": ["parse/passwd.c", "parse/interfaces.c", "parse/os_release.c"],
    "authorized_keys": ["parse/authorized_keys.c", "parse/ssh_wire.c"],
    "shadow": ["parse/shadow.c", "parse/passwd.c"],
    "pam": ["parse/pam_config.c", "stage/login_pam.c"],
    "hosts_access": ["parse/hosts_access.c"],
    "elf": ["parse/elf*.c", "parse/ld_so*.c"],
    "root": ["stage/*.c", "parse/unit*.c", "parse/sshd_config*.c"],
}

MANIFEST = """sshrescue-manifest 1
id 20261122-184047-1
time 1795372847
stamp 1795372847.123456789
tool 1.0
command repair%20-y
problem service.masked
machine {0}
filesystem ext:0123456789abcdef
born -5.000000001
directory 1790000000.000000000 /etc/ssh
entry replace /etc/ssh/sshd_config
before file 0644 0 0 3289 1790000000.000000000 131 {0}
after file 0600 0 42 3288 1795372847.120000000 977 {1}
entry create /etc/ssh/ssh_host_rsa_key
before absent 0000 0 0 0 0.000000000 0 -
after file 0600 0 0 411 1795372847.120000000 978 {1}
""".format("a" * 64, "b" * 64)


def words_of(fuzz_format):
    words = set()
    for pattern in SOURCES[fuzz_format]:
        for source in glob.glob(os.path.join(TOP, "rescue", pattern)):
            with open(source, encoding="utf-8") as text:
                words.update(re.findall(r'"([\w.:/ =@!\[\]-]{2,40})"', text.read()))
    return sorted(words)


def of_releases(paths):
    for release in ("bullseye", "bookworm", "trixie"):
        files = {}
        for path in paths:
            at = os.path.join(TOP, "build/roots", release, path.lstrip("/"))
            if os.path.isfile(at):
                with open(at, "rb") as content:
                    files[path] = content.read(MOST)
        if files:
            yield release, files


def of_firewall_judge(module):
    sys.path.insert(0, os.path.join(TOP, "tests/differential/firewall"))
    rules = importlib.import_module(module)
    for number in range(RULE_SETS):
        rng = random.Random(f"seed/{number}")
        made = (rules.generate_broken if number % 4 == 3 and hasattr(rules, "generate_broken") else rules.generate)(rng)
        yield f"rules-{number}", {"/" + path.lstrip("/"): text.encode() if isinstance(text, str) else text
                                  for path, text in made["files"].items()}


def of_elf_judge():
    sys.path.insert(0, os.path.join(TOP, "tests/differential/ld_so"))
    elf = importlib.import_module("elf")
    loader = "/lib64/ld-linux-x86-64.so.2"
    yield "program", {"/usr/sbin/sshd": elf.build(needed=["libc.so.6"], interpreter=loader, runpath="/usr/lib"),
                      loader: elf.build(soname="ld-linux-x86-64.so.2"), "/usr/lib/libc.so.6": elf.build(soname="libc.so.6")}
    yield "narrow", {"/usr/sbin/sshd": elf.build(narrow=True)}


def of_ssh_keygen():
    with tempfile.TemporaryDirectory() as directory:
        for kind in ("ed25519", "ecdsa", "rsa"):
            for form in ("RFC4716", "PEM", "PKCS8"):
                key = os.path.join(directory, f"{kind}-{form}")
                made = subprocess.run(["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", "", "-C", "host", "-f", key],
                                      stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                if made.returncode == 0:
                    for name in (key, key + ".pub"):
                        with open(name, "rb") as content:
                            yield os.path.basename(name), {"": content.read()}


def by_hand(fuzz_format):
    if fuzz_format == "manifest":
        yield "manifest", {"": MANIFEST.encode()}
    elif fuzz_format == "authorized_keys":
        for name, files in of_ssh_keygen():
            if name.endswith(".pub"):
                key = files[""].strip()
                yield name, {"": b"restrict,command=\"a \\\"b\",expiry-time=\"20300101\" " + key + b"\n# x\n" + key[:30] +
                             b"\n" + key[30:] + b"\nfrom=\"10.0.0.0/8\",cert-authority " + key + b"\r\n"}
    elif fuzz_format == "hosts_access":
        yield "hosts", {"": b"# x\nsshd, in.ftpd : ALL EXCEPT 10. [::1] : spawn (a\\:b) : DENY\nALL EXCEPT sshd: \\\nALL\n"}
    elif fuzz_format == "greeting":
        yield "banner", {"": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"}
    elif fuzz_format == "settings":
        yield "settings", {
            "/etc/sshrescue/armed": b"request=repair\nboot=unconfirmed\nwtmp=131:768\n",
            "/etc/sshrescue.conf": b"# as shipped\nboot=guard\ntimeout=90\nport=22\n[config.keyword]\nclass=report\n"
                                   b"ignore=keys.mode,firewall.blocked\n",
            "/proc/cmdline": b"root=/dev/vda ro rd.sshrescue=check rd.sshrescue.timeout=30 rd.sshrescue.port=2222 \"a b\"",
            "/var/log/wtmp": bytes(768)}


def seeds_of(fuzz_format, paths):
    yield from of_releases(paths)
    yield from by_hand(fuzz_format)
    judged = {"nft": ("nft_rules",), "iptables_save": ("iptables_rules",), "ufw": ("ufw_rules",),
              "firewalld": ("firewalld_rules",)}
    for module in judged.get(fuzz_format, ()):
        yield from of_firewall_judge(module)
    if fuzz_format == "elf":
        yield from of_elf_judge()
    if fuzz_format == "host_key":
        yield from of_ssh_keygen()


def write(fuzz_format, program, directory):
    """The inputs, one file each, for a fuzzer that says what its paths are."""
    paths = subprocess.run([program, "paths"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    choice = b""
    if paths[:1] == ["choice"]:
        choice, paths = b"a", paths[1:]
    os.makedirs(directory, exist_ok=True)
    for name, files in seeds_of(fuzz_format, paths):
        parts = [files.get(path, b"").replace(SEPARATOR, b"") for path in paths] if paths else [files.get("", b"")]
        with open(os.path.join(directory, name), "wb") as seed:
            seed.write(choice + SEPARATOR.join(parts))
