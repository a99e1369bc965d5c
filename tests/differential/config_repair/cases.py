# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations that sshd accepts and that restrict who gets in, and ways to damage them."""

import string

DROPIN = "/etc/ssh/sshd_config.d/50-site.conf"
MAIN = "/etc/ssh/sshd_config"

CIPHERS = ["aes128-ctr", "aes256-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
MACS = ["hmac-sha2-256", "hmac-sha2-512-etm@openssh.com", "umac-128@openssh.com"]
KEX = ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group16-sha512"]
KEYS = ["ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256"]
USERS = ["alice", "bob", "carol", "root@10.0.0.*"]


def some(rng, items, separator):
    return separator.join(rng.sample(items, rng.randint(1, len(items))))


# Each gives the arguments of a line; the first letter says where it may stand.
ANYWHERE = {
    "PermitRootLogin": lambda r: r.choice(["no", "yes", "prohibit-password", "forced-commands-only", "without-password"]),
    "PasswordAuthentication": lambda r: r.choice(["no", "yes"]),
    "PubkeyAuthentication": lambda r: r.choice(["no", "yes"]),
    "KbdInteractiveAuthentication": lambda r: r.choice(["no", "yes"]),
    "PermitEmptyPasswords": lambda r: r.choice(["no", "yes"]),
    "AllowTcpForwarding": lambda r: r.choice(["no", "yes", "local", "remote"]),
    "AllowAgentForwarding": lambda r: r.choice(["no", "yes"]),
    "X11Forwarding": lambda r: r.choice(["no", "yes"]),
    "PermitTTY": lambda r: r.choice(["no", "yes"]),
    "PermitTunnel": lambda r: r.choice(["no", "yes", "ethernet"]),
    "GatewayPorts": lambda r: r.choice(["no", "clientspecified"]),
    "DisableForwarding": lambda r: r.choice(["no", "yes"]),
    "AllowUsers": lambda r: some(r, USERS, " "),
    "DenyUsers": lambda r: some(r, USERS, " "),
    "AllowGroups": lambda r: some(r, ["staff", "wheel"], " "),
    "DenyGroups": lambda r: some(r, ["nobody", "guests"], " "),
    "MaxAuthTries": lambda r: str(r.randint(1, 5)),
    "MaxSessions": lambda r: str(r.randint(0, 9)),
    "ForceCommand": lambda r: r.choice(["/bin/false", "internal-sftp -R", 'echo "no way"']),
    "ChrootDirectory": lambda r: r.choice(["/srv", "/srv/%u", "none"]),
    "AuthorizedKeysFile": lambda r: r.choice(["/etc/ssh/keys/%u", ".ssh/authorized_keys", "none"]),
    "AuthenticationMethods": lambda r: r.choice(["any", "publickey,password publickey", "publickey"]),
    "PubkeyAcceptedKeyTypes": lambda r: some(r, KEYS, ","),
    "PermitOpen": lambda r: r.choice(["none", "host:80 other:443"]),
    "Banner": lambda r: r.choice(["none", "/etc/issue.net"]),
    "ClientAliveInterval": lambda r: r.choice(["0", "5m", "120"]),
    "LogLevel": lambda r: r.choice(["INFO", "VERBOSE"]),
    "AcceptEnv": lambda r: "LANG LC_*",
    "RekeyLimit": lambda r: r.choice(["1G 1h", "default"]),
}
GLOBAL = {
    "Port": lambda r: r.choice(["22", "2222"]),
    "ListenAddress": lambda r: r.choice(["0.0.0.0", "10.0.0.1", "::"]),
    "StrictModes": lambda r: r.choice(["yes", "no"]),
    "UsePAM": lambda r: r.choice(["yes", "no"]),
    "UseDNS": lambda r: r.choice(["yes", "no"]),
    "PermitUserEnvironment": lambda r: r.choice(["yes", "no", "LANG"]),
    "IgnoreRhosts": lambda r: r.choice(["yes", "no"]),
    "Ciphers": lambda r: some(r, CIPHERS, ","),
    "MACs": lambda r: some(r, MACS, ","),
    "KexAlgorithms": lambda r: some(r, KEX, ","),
    "HostKeyAlgorithms": lambda r: "ssh-ed25519," + some(r, KEYS[1:], ","),
    "LoginGraceTime": lambda r: r.choice(["30", "2m", "1m30s"]),
    "MaxStartups": lambda r: r.choice(["10:30:60", "5"]),
    "PrintMotd": lambda r: r.choice(["yes", "no"]),
    "TCPKeepAlive": lambda r: r.choice(["yes", "no"]),
    "SyslogFacility": lambda r: r.choice(["AUTH", "AUTHPRIV"]),
    "Subsystem": lambda r: r.choice(["sftp internal-sftp", "sftp /usr/lib/openssh/sftp-server -R"]),
}
CRITERIA = ["User bob", "Group staff", "Address 10.0.0.0/8", "User alice,carol Address 192.0.2.0/24", "LocalPort 2222"]
# What the configurations are asked about.
CONNECTIONS = [
    ["user=bob", "host=h", "addr=10.0.0.1", "laddr=10.0.0.9", "lport=22"],
    ["user=alice", "host=h", "addr=192.0.2.1", "laddr=10.0.0.9", "lport=22"],
    ["user=root", "host=h", "addr=203.0.113.1", "laddr=10.0.0.9", "lport=2222"],
]


def make_line(rng, options):
    keyword = rng.choice(sorted(options))
    separator = "=" if rng.random() < 0.05 else rng.choice([" ", "  ", "\t"])
    spelled = rng.choice([keyword, keyword, keyword, keyword.lower()])
    return rng.choice(["", "", "  "]) + spelled + separator + options[keyword](rng)


def make_files(rng):
    """A main file and perhaps a drop-in, as lists of lines."""
    main = ["# the main file", ""]
    both = dict(ANYWHERE)
    both.update(GLOBAL)
    files = {MAIN: main}
    if rng.random() < 0.4:
        main.append("Include /etc/ssh/sshd_config.d/*.conf")
        files[DROPIN] = [make_line(rng, ANYWHERE) for _ in range(rng.randint(1, 3))]
    for _ in range(rng.randint(2, 9)):
        main.append(make_line(rng, both))
        if rng.random() < 0.2:
            main.append("# a comment")
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        main.append("Match " + rng.choice(CRITERIA))
        main += ["    " + make_line(rng, ANYWHERE) for _ in range(rng.randint(1, 3))]
    return files


# --- damage: each takes a line and gives what it becomes, one line or several ---


def misspell(rng, word):
    """One typing error, sometimes two."""
    if not word:
        return "x"
    for _ in range(1 if rng.random() < 0.8 or len(word) < 3 else 2):
        i = rng.randrange(len(word))
        letter = rng.choice(string.ascii_letters)
        word = rng.choice(
            [
                word[:i] + word[i + 1 :],
                word[:i] + letter + word[i:],
                word[:i] + letter + word[i + 1 :],
                word[:i] + word[i + 1 : i + 2] + word[i : i + 1] + word[i + 2 :],
                word[:i] + word[i : i + 1] + word[i:],
            ]
        )
    return word


def cut(line):
    """Indentation, keyword, what parts it from the rest, the rest."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    end = 0
    while end < len(bare) and bare[end] not in " \t=":
        end += 1
    rest = bare[end:].lstrip(" \t=")
    return indent, bare[:end], bare[end : len(bare) - len(rest)], rest


def damage_keyword(rng, line):
    indent, keyword, separator, rest = cut(line)
    return [indent + misspell(rng, keyword) + separator + rest]


def damage_value(rng, line):
    # One word of it: a second error elsewhere could give another valid value, and nobody would know.
    indent, keyword, separator, rest = cut(line)
    words = rest.split(" ")
    i = rng.randrange(len(words))
    words[i] = misspell(rng, words[i])
    return [indent + keyword + separator + " ".join(words)]


def add_junk(rng, line):
    return [line + rng.choice([";", ",", ".", " extra", " no", " yes", ' "'])]


def lose_value(rng, line):
    return ["".join(cut(line)[:2])]


def add_element(rng, line):
    return [line + "," + rng.choice(["foo", "arcfour", "ssh-foo@bar", "bogus-512"])]


def replace_value(rng, line):
    indent, keyword, separator, _ = cut(line)
    return [indent + keyword + separator + rng.choice(["foo", "99999999", "-1", "true", "on", "off", "10.0.0.0/99"])]


def split_list(rng, line):
    return [line.replace(",", ", ")]


def lookalike(rng, line):
    _, keyword, _, rest = cut(line)
    return [keyword + "\u00a0" + rest]


def conflict(rng, line):
    other = rng.choice([line, "Banner none", line + " # theirs", "PermitRootLogin yes"])
    return ["<<<<<<< HEAD", line, "=======", other, ">>>>>>> theirs"]


def stray(rng, line):
    return [
        line,
        rng.choice(
            ["FooBar yes", "ServerAliveInterval 60", "just some words", "HostKeyAlias x", "\x02\x01 y", "}", "yes no"]
        ),
    ]


def misplaced(rng, line):
    return [line, rng.choice(["UseDNS no", "StrictModes yes", "Ciphers aes256-ctr", "PrintMotd no", "Port 22"])]


DAMAGES = [
    damage_keyword,
    damage_keyword,
    damage_keyword,
    damage_value,
    damage_value,
    add_junk,
    lose_value,
    add_element,
    replace_value,
    split_list,
    lookalike,
    conflict,
    stray,
    misplaced,
]
