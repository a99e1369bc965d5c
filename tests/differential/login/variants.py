# SPDX-License-Identifier: GPL-2.0-or-later
"""Random accounts, permissions and configurations: what goes into a root for one case."""

PASSWORD = "correct horse"
DAY = 24 * 60 * 60


class Account:
    def __init__(self, name, uid, home):
        self.name, self.uid, self.gid, self.home = name, uid, uid, home
        self.shell, self.password, self.groups = "/bin/bash", "*", []
        self.aging = ["19000", "0", "99999", "7", "", ""]
        self.tree = {}  # path below the home directory: (kind, mode, uid, gid, content)
        self.home_mode, self.home_uid, self.home_gid, self.home_there = 0o755, uid, uid, True


def often(maker, usual, others, chance=0.75):
    return usual if maker.random() < chance else maker.choice(others)


def wrapped(maker, line):
    cut = maker.randrange(20, len(line) - 5)
    return line[:cut] + "\n" + line[cut:]


def key_lines(maker, keys, today, release):
    """One authorized_keys file."""
    good = keys["ed25519"]
    day = (lambda offset: today(offset).strftime("%Y%m%d"))
    choices = [
        good, good, good, keys["rsa2048"], keys["rsa1024"], keys["ecdsa"], keys["other"],
        "# a comment\n\n" + good, "\ufeff" + good, good + "\r", wrapped(maker, good), wrapped(maker, good),
        keys["other"] + "\n" + good, wrapped(maker, keys["other"]) + "\n" + good, good[:len(good) // 2], "",
        "restrict,command=\"echo in\" " + good, "command=\"echo in\",no-pty " + good, "no-pty,,no-pty " + good,
        "bogus " + good, "bogus=\"1\" " + good, "command=\"echo in\",command=\"echo in\" " + good,
        "command=\"echo in " + good, "no-restrict " + good, "cert-authority " + good, "NO-PTY " + good,
        f"expiry-time=\"{day(-40)}\" " + good, f"expiry-time=\"{day(40)}\" " + good,
        f"expiry-time=\"{day(40)}1200\",restrict,command=\"echo in\" " + good, "expiry-time=\"20251\" " + good,
        f"expiry-time=\"{day(40)}Z\" " + good, "expiry-time=\"20251399\" " + good, "touch-required " + good,
        "verify-required " + good, "restrict" + good, "\t " + good, good.replace(" ", "\t", 1),
        "from=\"10.0.0.0/8\" " + good, "from=\"*\" " + good, "environment=\"A=b\" " + good,
        "permitopen=\"localhost:80\" " + good, good.replace(" ", "", 1), "ssh-rsa " + good.split()[1],
        "pty " + good, "principals=\"a\" " + good, good + " a comment with words", "ssh-dss AAAAB3NzaC1kc3M= x",
        "\\\" " + good, "command=\"echo 'a\\\"b'; echo in\" " + good, good.split()[0] + "\n" + good.split()[1],
    ]
    return maker.choice(choices) + ("" if maker.random() < 0.1 else "\n")


def account(maker, name, uid, home, keys, today, hashes, release):
    made = Account(name, uid, home)
    made.shell = often(maker, "/bin/bash", ["/bin/sh", "", "/usr/sbin/nologin", "/bin/false", "/bin/missing",
                                            "/etc/passwd", "/bin"], 0.85)
    made.password = often(maker, maker.choice(list(hashes.values())),
                          ["*", "!", "!*", "!" + hashes["sha512"], "", "x", "!!"], 0.55)
    days = today(0).toordinal() - 719163
    made.aging = often(maker, [str(days - 100), "0", "99999", "7", "", ""], [
        [str(days - 100), "0", "99999", "7", "", str(days - 3)], [str(days - 100), "0", "99999", "7", "", str(days + 3)],
        [str(days - 100), "0", "30", "7", "5", ""], [str(days - 100), "0", "30", "7", "", ""], ["", "", "", "", "", ""],
        ["0", "0", "99999", "7", "", ""], [str(days + 10), "0", "99999", "7", "", ""],
        [str(days - 100), "0", "30", "7", "400", ""]], 0.85)
    if maker.random() < 0.3:
        made.groups.append(maker.choice(["staff", "friends"]))
    own = uid
    file_mode = often(maker, 0o600, [0o644, 0o640, 0o664, 0o666, 0o000, 0o620, 0o400, 0o602], 0.7)
    owner = often(maker, own, [0, 4242], 0.9)
    group = often(maker, made.gid, [0, 50, 4242], 0.85)
    made.tree[".ssh"] = ("directory", often(maker, 0o700, [0o755, 0o775, 0o777, 0o500, 0o770, 0o000], 0.8),
                         often(maker, own, [0, 4242], 0.93), often(maker, made.gid, [50], 0.9), None)
    name_of_file = often(maker, ".ssh/authorized_keys", [".ssh/authorized_keys2", ".ssh/keys"], 0.85)
    content = key_lines(maker, keys, today, release)
    kind = often(maker, "file", ["link", "directory", "none", "outside"], 0.88)
    if kind == "link":
        made.tree[".ssh/real"] = ("file", file_mode, owner, group, content)
        made.tree[name_of_file] = ("link", 0, own, made.gid, "real")
    elif kind == "outside":
        made.tree[name_of_file] = ("link", 0, own, made.gid, "/srv/keys/" + name)
        made.outside = (file_mode, owner, group, content)
    elif kind == "directory":
        made.tree[name_of_file] = ("directory", 0o755, own, made.gid, None)
    elif kind == "file":
        made.tree[name_of_file] = ("file", file_mode, owner, group, content)
    made.home_mode = often(maker, 0o755, [0o700, 0o775, 0o777, 0o711, 0o750, 0o500, 0o2755, 0o1777], 0.8)
    made.home_uid = often(maker, own, [0, 4242], 0.95)
    made.home_gid = often(maker, made.gid, [0, 50], 0.9)
    made.home_there = maker.random() < 0.97
    return made


def pattern(maker):
    return maker.choice(["alice", "bob", "root", "*", "al*", "b?b", "nobody", "alice@10.0.0.1", "alice@*", "bob@!*", "ro*"])


def list_line(maker, keyword, words):
    return f"{keyword} " + " ".join(maker.choice(words)() for _ in range(maker.randint(1, 3)))


def setting(maker, release, in_match):
    """A line of sshd_config."""
    flag = (lambda: maker.choice(["yes", "no"]))
    users = [lambda: pattern(maker)]
    groups = [lambda: maker.choice(["staff", "friends", "root", "users", "s*", "alice"])]
    choices = [
        lambda: "PermitRootLogin " + maker.choice(["yes", "no", "prohibit-password", "without-password",
                                                   "forced-commands-only"]),
        lambda: "PermitRootLogin yes",
        lambda: "PubkeyAuthentication " + often(maker, "yes", ["no"]),
        lambda: "PasswordAuthentication " + flag(),
        lambda: "KbdInteractiveAuthentication " + flag(),
        lambda: "PermitEmptyPasswords " + flag(),
        lambda: "AuthenticationMethods " + maker.choice([
            "any", "publickey", "password", "publickey,password", "publickey password", "keyboard-interactive",
            "publickey,keyboard-interactive", "password,publickey keyboard-interactive:pam", "publickey,publickey"]),
        lambda: list_line(maker, maker.choice(["AllowUsers", "AllowUsers", "DenyUsers"]), users),
        lambda: list_line(maker, maker.choice(["AllowGroups", "DenyGroups"]), groups),
        lambda: "AuthorizedKeysFile " + maker.choice([
            ".ssh/authorized_keys", ".ssh/keys .ssh/authorized_keys", "none", "%h/.ssh/authorized_keys",
            "/srv/keys/%u", "/srv/keys/%u .ssh/authorized_keys", "~/.ssh/authorized_keys", "/srv/keys/100%%"]),
        lambda: "PubkeyAcceptedKeyTypes " + maker.choice(["ssh-ed25519", "rsa-sha2-512", "-ssh-ed25519", "+ssh-rsa", "ssh-*",
                                                          "-rsa*", "ecdsa-sha2-nistp256"]),
        lambda: "ForceCommand echo in",
        lambda: "MaxAuthTries " + often(maker, "6", ["0"], 0.6),
        lambda: "MaxSessions " + often(maker, "10", ["0"], 0.6),
        lambda: "ChrootDirectory " + maker.choice(["none", "none", "/srv", "/home/alice", "%h"]),
        lambda: "RevokedKeys " + maker.choice(["none", "/etc/ssh/missing", "/etc/ssh/empty"]),
    ]
    if not in_match:
        choices += [lambda: "StrictModes " + flag()] * 2
        choices += [lambda: "ChallengeResponseAuthentication " + flag()]
    if release != "bullseye":
        choices.append(lambda: "RequiredRSASize " + maker.choice(["1024", "2048", "3072"]))
    return maker.choice(choices)()


def config(maker, release):
    lines = ["HostKey /etc/ssh/ssh_host_ed25519_key", "UsePAM " + maker.choice(["yes", "yes", "no"])]
    lines += [setting(maker, release, False) for _ in range(maker.choice([0, 1, 1, 2, 3, 5]))]
    for _ in range(maker.choice([0, 0, 0, 1, 1, 2])):
        lines.append("Match " + maker.choice([
            "User alice", "User bob,alice", "User *,!root", "Group staff", "Group friends,!staff", "all", "User root",
            "Address 10.0.0.0/8", "User alice Address 10.0.0.0/8", "Host *.example.org", "LocalPort 2222",
            "User alice Group alice", "Group *", "User nobody"]))
        lines += ["    " + setting(maker, release, True) for _ in range(maker.choice([1, 1, 2]))]
    return "\n".join(lines) + "\n"


def pam(maker, usual):
    """A variant of /etc/pam.d/sshd, and files that it needs."""
    files = {}
    choice = maker.random()
    if choice < 0.6:
        return usual, files
    line = maker.choice([
        "account required pam_missing.so", "account optional pam_missing.so", "-account required pam_missing.so",
        "auth required pam_missing.so", "auth requisite pam_deny.so", "account required pam_deny.so",
        "account sufficient pam_permit.so", "session required pam_missing.so", "session optional pam_missing.so",
        "account required pam_access.so", "account required pam_access.so", "account required pam_shells.so",
        "account required pam_listfile.so item=user sense=deny file=/etc/ssh/list onerr=succeed",
        "account required pam_listfile.so item=user sense=allow file=/etc/ssh/list onerr=fail",
        "account required pam_listfile.so item=group sense=allow file=/etc/ssh/list onerr=fail",
        "account required pam_succeed_if.so uid >= 1001", "account requisite pam_succeed_if.so quiet uid < 1001",
        "acount required pam_permit.so", "account requierd pam_permit.so", "account required",
        "account [success=1 default=ignore] pam_permit.so\naccount required pam_deny.so",
        "account [default=die] pam_permit.so", "account [success=9 default=ignore] pam_permit.so",
        "account include missing", "account substack common-account", "@include missing", "account [success=ok pam_deny.so",
        "account \\\n required pam_deny.so", "account required pam_localuser.so # x", "account required pam_usertype.so isregular",
        "account sufficient pam_deny.so", "account [success=done new_authtok_reqd=done default=bad] pam_unix.so",
        "account [success=reset default=ignore] pam_permit.so", "auth sufficient pam_deny.so",
        "auth [success=die default=bad] pam_unix.so", "auth required pam_faillock.so preauth",
    ])
    files["/etc/ssh/list"] = "".join(maker.choice(["alice", "bob", "root", "staff", "friends"]) + "\n"
                                     for _ in range(maker.randint(0, 3)))
    files["/etc/security/access.conf"] = "".join(maker.choice([
        "-:ALL EXCEPT root:ALL\n", "+:root:ALL\n", "-:ALL:ALL\n", "-:alice:ALL\n", "+ : staff : ALL\n",
        "-:bob:10.0.0.0/8\n", "+:(friends):ALL\n", "# x\n", "rubbish\n"]) for _ in range(maker.randint(0, 3)))
    lines = usual.splitlines()
    lines.insert(maker.choice([0, len(lines)]), line)
    if maker.random() < 0.2:
        lines = [kept for kept in lines if "pam_nologin" not in kept]
    return "\n".join(lines) + "\n", files


def hosts(maker, allow):
    """hosts.allow or hosts.deny."""
    daemons = ["sshd", "ALL", "sshd", "SSHD", "vsftpd", "vsftpd, sshd", "vsftpd sshd", "ALL EXCEPT sshd", "ALL EXCEPT vsftpd",
               "sshd-session", "22", "sshd@45.60.70.10", "ALL EXCEPT ALL EXCEPT sshd", "in.sshd", ""]
    clients = ["ALL", "ALL", "all", "*", "127.0.0.1", "localhost", "10.0.0.0/8", "77.88.99.110", "ALL EXCEPT 10.0.0.1",
               ".example.org", "127.", "0.0.0.0/0.0.0.0", "ALL@ALL", "[::1]", "10.0.0.1, ALL", "10. ALL", "LOCAL", ""]
    options = [": ALLOW", ": DENY", ": deny", ": spawn /bin/true", ": twist /bin/true", ": severity auth.info",
               ": spawn /bin/true : allow", ": frobnicate", ": keepalive", ":", ": spawn (echo a\\:b) : DENY"]
    lines = []
    for _ in range(maker.choice([0, 0, 1, 1, 2, 3]) if allow else maker.choice([0, 1, 1, 1, 2])):
        line = f"{maker.choice(daemons)}{maker.choice([':', ': ', ' : '])}{maker.choice(clients)}"
        if maker.random() < 0.2:
            line += " " + maker.choice(options)
        lines.append(often(maker, line, ["# " + line, line.replace(":", "", 1), line.replace(":", ": \\\n", 1), "",
                                         " " + line, line + " # x", line + "\r", "#" + line + "\\"], 0.85))
    return "\n".join(lines) + ("" if not lines or maker.random() < 0.1 else "\n")
