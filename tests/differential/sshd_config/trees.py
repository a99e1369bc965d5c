# SPDX-License-Identifier: GPL-2.0-or-later
"""Random configurations: every keyword with good and bad values, drop-ins, Match blocks, quoting, typing errors, garbage."""

import os
import re
import stat

TABLE = os.path.join(os.path.dirname(__file__), "../../../rescue/parse/sshd_keywords.def")
ROW = re.compile(r'^KEYWORD\(\w+,\s*"(\w+)",\s*(\w+),\s*(\w+),\s*(\w+),\s*(\w+),\s*\w+,\s*(.*)\)$', re.M)

with open(TABLE, encoding="ascii") as table:
    KEYWORDS = ROW.findall(table.read())
GRAMMAR = {}
for _name, _since, _before, _grammar, _scope, _flags in KEYWORDS:
    GRAMMAR.setdefault(_name, []).append(_grammar)
NAMES = sorted(GRAMMAR)

CIPHERS = """3des-cbc aes128-cbc aes192-cbc aes256-cbc aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com
aes256-gcm@openssh.com chacha20-poly1305@openssh.com""".split()
MACS = """hmac-sha1 hmac-sha1-96 hmac-sha2-256 hmac-sha2-512 hmac-md5 umac-64@openssh.com umac-128@openssh.com
hmac-sha1-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com umac-128-etm@openssh.com""".split()
KEX = """curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521
diffie-hellman-group14-sha256 diffie-hellman-group16-sha512 diffie-hellman-group18-sha512
diffie-hellman-group-exchange-sha256 diffie-hellman-group1-sha1 diffie-hellman-group14-sha1
sntrup761x25519-sha512@openssh.com sntrup761x25519-sha512 mlkem768x25519-sha256
sntrup4591761x25519-sha512@tinyssh.org gss-gex-sha1- gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==""".split()
KEYS = """ssh-ed25519 ssh-ed25519-cert-v01@openssh.com ssh-rsa rsa-sha2-256 rsa-sha2-512 ssh-dss ecdsa-sha2-nistp256
ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com
ecdsa-sha2-nistp256-cert-v01@openssh.com rsa-sha2-512-cert-v01@openssh.com webauthn-sk-ecdsa-sha2-nistp256@openssh.com
ssh-rsa-cert-v01@openssh.com ssh-dss-cert-v01@openssh.com""".split()
REMOVED = """arcfour arcfour256 blowfish-cbc cast128-cbc hmac-ripemd160 rijndael-cbc@lysator.liu.se ssh-rsa1 none aes128
hmac-sha2-256-96 ssh-xmss@openssh.com RSA dsa ed25519 null rsa* *ed25519* ssh-* *@openssh.com !ssh-rsa no-such-algorithm
aes256-ctr; yes * ,""".split()

POOLS = {
    "FLAG": ("yes no Yes NO YES".split(), "maybe true false 1 0 on off y yess none".split()),
    "ADDRESS_FAMILY": ("any inet inet6 ANY".split(), "ipv4 ipv6 inet4 all".split()),
    "COMPRESSION": ("yes no delayed Delayed".split(), "zlib on".split()),
    "FORWARDING": ("yes no all local remote".split(), "both none".split()),
    "GATEWAY_PORTS": ("yes no clientspecified".split(), "client any".split()),
    "IGNORE_RHOSTS": ("yes no shosts-only".split(), "shosts rhosts-only".split()),
    "PERMIT_ROOT_LOGIN": (
        "yes no prohibit-password without-password forced-commands-only Prohibit-Password".split(),
        "prohibit-passwd nopassword maybe key".split(),
    ),
    "PRIVILEGE_SEPARATION": ("yes no sandbox".split(), ["whatever"]),
    "PERMIT_TUNNEL": ("yes no point-to-point ethernet".split(), "Yes tun pointopoint".split()),
    "LOG_FACILITY": ("AUTH AUTHPRIV daemon LOCAL0 LOCAL7 User".split(), "LOCAL8 KERN syslog".split()),
    "LOG_LEVEL": ("QUIET FATAL ERROR INFO VERBOSE DEBUG debug3 DEBUG1 silent".split(), "DEBUG4 TRACE WARN 3".split()),
    "FINGERPRINT_HASH": ("md5 sha256 SHA1 sha512".split(), "sha3 crc32 ripemd160".split()),
    "INTEGER": ("0 1 3 6 10 100 2147483647 007 +5".split(), "-1 2147483648 1.5 ten 0x10 5k 99999999999999999999".split()),
    "TIME": (
        "0 30 120 2m 1h30m 1H 1d 2w 90s 1h30 1m30s 5m5m".split(),
        "-5 1y 1h30x h 1.5h 2147483648 99999999w 4294967296 1h-5m +5 1s5s 5. .5 1.5 1h+5m 9223372036854775807 3550w 3551w".split(),
    ),
    "UNUSED_TIMEOUT": ("none 0 30 5m NONE".split(), "never -1".split()),
    "MASK": ("0177 0 777 0022 022x".split(), "1000 8 -1 abc 40000000000".split()),
    "IPQOS": (
        ["lowdelay throughput", "af21 cs1", "none", "0x10", "184", "ef none", "le", "AF11", "reliability"],
        "af99 256 -1 low 0x100 cs8 010x".split(),
    ),
    "REKEY_LIMIT": (
        ["default none", "1G 1h", "512M", "default 3600", "16", "0", "1.5G none", "4k 1d", "1g", "100 default"],
        ["15", "-1", "1X", "1G 1y", "many", "1G none extra", "1..5G", "5 none", "99999999999999999999G", "1GB", "7E 1h", "8E"],
    ),
    "MAX_STARTUPS": (
        "10:30:100 10 100:1:100 1:100:1 5:50:50x 4294967306".split(),
        "10:30 100:30:10 10:0:100 10:101:100 0 -1 0:30:100 ten a:b:c 1:2:3:4 10: :".split(),
    ),
    "PER_SOURCE_MAX_STARTUPS": ("none 1 10 2147483647".split(), "NONE -1 many".split()),
    "PER_SOURCE_NET_BLOCK": ("24:64 32:128 0:0 16 24:56x".split(), "33 24:129 -1 abc 24:-1".split()),
    "WORD": ("/srv/jail %h none /var/www".split(), [""]),
    "USER": ("nobody root daemon".split(), [""]),
    "PAM_SERVICE": ("sshd ssh-custom".split(), [""]),
    "PATH": ("/etc/ssh/x none /run/sshd.pid relative.txt ~/x ~root/y None".split(), ["~nosuchuser/x"]),
    "TILDE_PATH": ("/etc/ssh/p/%u none .ssh/principals ~/p".split(), [""]),
    "AGENT": ("SSH_AUTH_SOCK /run/agent none agent".split(), [""]),
    "SECURITY_KEY_PROVIDER": ("internal /usr/lib/x.so Internal x.so".split(), [""]),
    "USER_ENVIRONMENT": ("yes no LANG,LC_* YES".split(), [""]),
    "RDOMAIN": (["none"], ["vrf0", "%D"]),
    "COMMAND": (["/usr/bin/keys %u", "none", '/usr/bin/keys "a b"', "/x # y", "NONE"], ["keys", "usr/bin/keys", '"/usr/bin/keys"']),
    "FORCE_COMMAND": (["/bin/true", "internal-sftp -l INFO", 'echo "a b" \'c\'', "none", "x # y", 'a="b'], [""]),
    "VERSION_ADDENDUM": (["none", "Debian stuff", "x # y", "a\tb", '"quoted"'], ["a\rb"]),
    "USERS": (
        ["alice bob", "alice@10.0.0.0/8", "*", "root@192.168.1.*", "a@b.example", "bob@::1", "x@2001:db8::/32", "!eve *"],
        ["a@10.0.0.1/8", "b@1.2.3.4/33", "c@", "d@1.2.3.4,", "root@192.168.1/24", "e@::1/64", "f@!"],
    ),
    "GROUPS": (["wheel", "a b c", "*", "ssh-users sudo"], [""]),
    "FILES": ([".ssh/authorized_keys", "/etc/ssh/k/%u .ssh/a", "none", "~/x /y"], ["none x", "x none"]),
    "ENV_NAMES": (["LANG LC_*", "FOO", "A B C"], ["A=B", "X Y=Z"]),
    "ENV_SETTINGS": (["A=B", "A=B C=D A=E", 'X="a b"', "A="], ["A", "A=B C"]),
    "LOG_VERBOSE": (["none", "kex.c:*:1000", "a.c:b() c.c:*"], ["none x", "x none"]),
    "PUBKEY_AUTH_OPTIONS": (["none", "touch-required", "verify-required touch-required", "NONE"], ["no-touch", "touch"]),
    "AUTHENTICATION_METHODS": (
        ["any", "publickey", "publickey,password publickey,keyboard-interactive:pam", "password", "none", "publickey,publickey"],
        ["any publickey", "publickey any", "pubkey", "publickey,", "password;publickey", "hostbased", "gssapi-with-mic", "any any", "publickey,pubkey"],
    ),
    "SUBSYSTEM": (
        ["sftp /usr/lib/openssh/sftp-server", "sftp internal-sftp", 'x /bin/y -f "a b" -l c', "sftp2 /x", "netconf /y z"],
        ["sftp", "x"],
    ),
    "PERMIT_OPEN": (
        ["any", "none", "host:80", "[::1]:22 *:443", "h:*", "10.0.0.1:ssh"],
        ["host", "host:", "host:0", "::1:22", "h:70000", "any host:1", "host:1 any", "h/22", "[::1", "none none", "h:nosuch"],
    ),
    "PERMIT_LISTEN": (
        ["any", "none", "8080", "localhost:80", "[::]:22 90", "*"],
        ["0", "http3x", "h:99999", "any 1", "none none", "80 any", "[::1]"],
    ),
    "CHANNEL_TIMEOUT": (
        ["none", "session:*=5m", "*=30s session=0", "a=1h"],
        ["none a=1", "session", "=5m", "a=x", "a=1 none", "a="],
    ),
    "PER_SOURCE_PENALTIES": (
        ["yes", "no", "crash:90 authfail:5s", "max:10m min:15 overflow:deny-all", "max-sources4:100 max-sources6:5", "noauth:1m", "overflow6:permissive"],
        ["maybe", "yes no", "crash:", "crash", "overflow:x", "max-sources4:x", "no crash:5", "Crash:5", "crash:1y", "refuseconnection:5", "invaliduser:4", "crash:5 no"],
    ),
    "PORT": ("22 2222 65535 022 ssh ssh-alt secondary 1".split(), "0 65536 -1 22x ftp 2222,22 udp-only 80/tcp 1e3".split()),
    "LISTEN_ADDRESS": (
        "0.0.0.0 :: 127.0.0.1 [::1]:22 192.0.2.1:2222 2001:db8::1 [2001:db8::2] 0.0.0.0:22 10.1 [10.0.0.1]:22 ::1".split(),
        "0.0.0.0:0 [::1 [::1]x 10.0.0.1:70000 10.0.0.1/22 [::1]: 1.2.3.4: :22 =::1 1.2.3.4; * *:22".split(),
    ),
    "ADDRESS_LIST": ("10.0.0.0/8 ::1 192.0.2.1,10.0.0.0/8 10.*".split(), "10.0.0.1/8 ,1.2.3.4 1.2.3.4/33 10.0.0.0/8,".split()),
    "IGNORED": (["yes", "a b c", "2", '"x"'], [""]),
}
MATCH_GOOD = [
    "User alice", "Group sftp", "all", "ALL", "Address 10.0.0.0/8", "Address 10.0.0.0/8,!10.1.0.0/16", "Host *.example.org",
    "LocalPort 2222", "LocalAddress 127.0.0.1", "User a,b Group c", "User !root,*", "Address *,!192.0.2.1",
    "User alice Address ::1", "RDomain vrf1", "LocalPort ssh", "User=alice", "user alice group=x", "invalid-user",
    "Address 10.1", "User * # note", "all # note", 'User "a b"', "Invalid-User User x", "version OpenSSH_*",
    "version OpenSSH_7.*", "version * User x",
]
MATCH_BAD = [
    "", "User", "Usr alice", "all User x", "User x all", "Address 10.0.0.1/8", "Address 10.0.0.0/33", "LocalPort 70000",
    "LocalPort x", "canonical", "final", "Exec true", "originalhost x", "User alice,", "Address", "all all", "Address ,",
    "LocalAddress 1.2.3.4/8", "User # x", "Address 192.168.1/24", "foo=bar", "User=", "User x y", "LocalPort=", "version",
]


def algorithm_list(random, pool, good):
    words = [random.choice(pool) for _ in range(random.choice((1, 1, 2, 3, 5)))]
    if not good:
        words.insert(random.randrange(len(words) + 1), random.choice(REMOVED))
    elif random.random() < 0.15:
        words.append(random.choice(("", "!x", "aes*", "ssh-*")))
    separator = random.choice([","] * 20 + [", ", " ", ",,", ";"]) if not good else ","
    return random.choice(["", "", "", "+", "-", "^"]) + separator.join(words)


ALGORITHM_POOLS = {
    "CIPHERS": CIPHERS, "MACS": MACS, "KEX": KEX, "GSSAPI_KEX": [k for k in KEX if k.startswith("gss")] + ["gss-x"],
    "KEY_ALGORITHMS": KEYS, "CA_ALGORITHMS": KEYS,
}

ALGORITHM_NAMES = [n for n in NAMES if GRAMMAR[n][0] in ALGORITHM_POOLS]


def value_of(random, grammar, good):
    if not good and random.random() < 0.06:
        return random.choice(['""', "''", '"" x', "# c", '" "'])
    if grammar in ALGORITHM_POOLS:
        return algorithm_list(random, ALGORITHM_POOLS[grammar], good)
    if grammar == "MATCH":
        return random.choice(MATCH_GOOD if good else MATCH_BAD)
    if grammar == "INCLUDE":
        return random.choice(["/nowhere/*.conf", "nowhere.conf"])
    return random.choice(POOLS[grammar][0 if good else 1])


def typo(random, word):
    at = random.randrange(len(word))
    return random.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + random.choice("abcdexyz1_-") + word[at + 1 :],
            word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
            word + random.choice("s:;."),
        ]
    )


def quoted(random, value):
    words = value.split(" ")
    at = random.randrange(len(words))
    mark = random.choice("\"\"\"'")
    words[at] = random.choice(
        [mark + words[at] + mark, mark + words[at], words[at] + mark, words[at].replace("a", "\\a"), mark + mark]
        + ["%s%s%s%s" % (words[at][:2], mark, words[at][2:], mark), words[at] + "\\ ", "\\" + mark + words[at]]
    )
    if random.random() < 0.3:
        return mark + value + mark
    return " ".join(words)


def dressed(random, keyword, value):
    """A line, mostly plain; random.tidy says how plain."""
    style = random.random() * random.tidy
    if random.tidy > 90:
        return random.choice(["", "", "  "]) + keyword + random.choice([" ", " ", "=", "\t"]) + value
    if style < 0.06:
        value = quoted(random, value)
    elif style < 0.09:
        value += random.choice([" extra", " # note", "#note", ' "" x', ' ""', " ''", ' " "'])
    between = random.choice([" "] * 14 + ["=", " = ", "= ", "\t", "  ", " ==", '"', " =\t"])
    line = random.choice([""] * 8 + ["  ", "\t"]) + keyword + between + value
    line += random.choice([""] * 16 + [" ", "\t ", "\r", " \r", "\f", " \f ", "\v"])
    if random.random() < 0.05:
        line = random.choice([line.upper(), line.lower(), line + "\\", '"' + line, "#" + line, "\ufeff" + line])
    return line


def keyword_line(random, good=True, names=None):
    name = random.choice(names or NAMES)
    value = value_of(random, random.choice(GRAMMAR[name]), good)
    if name == "Include":
        good = True
    if random.random() * random.tidy < 0.04:
        name = typo(random, name)
    elif random.random() < 0.1:
        name = random.choice([name.lower(), name.upper()])
    return dressed(random, name, value)


USUAL = """PermitRootLogin PasswordAuthentication PubkeyAuthentication Port ListenAddress UsePAM X11Forwarding Subsystem
AllowUsers AcceptEnv ClientAliveInterval MaxStartups Ciphers MACs KexAlgorithms LogLevel Banner UseDNS LoginGraceTime
KbdInteractiveAuthentication ChallengeResponseAuthentication AuthorizedKeysFile StrictModes MaxAuthTries PrintMotd
AddressFamily SyslogFacility TCPKeepAlive GatewayPorts AllowGroups DenyUsers Protocol UsePrivilegeSeparation
AuthenticationMethods AuthorizedKeysCommand AuthorizedKeysCommandUser PermitTunnel Compression""".split()
# What all three releases know, so that long configurations have a chance to be accepted.
COMMON = sorted(
    {
        name
        for name, since, before, _, _, flags in KEYWORDS
        if int(since) <= 804 and before == "LATER" and "PATCH" not in flags and name not in ("Match", "Include", "RDomain")
    }
)
IN_MATCH = [n for n in COMMON if any(r[0] == n and r[4] == "ANYWHERE" for r in KEYWORDS)]
GARBAGE = [
    "<<<<<<< HEAD", "=======", ">>>>>>> branch", "|||||||", "\x00", "abc\x00def", "Port 22\x00", "\x7fELF\x02\x01", "=",
    '"', "'", "#", " # c", "\\", "x", "Port", "Port=", "Port =", "  Port", "=Port 22", '"Port" 22', '"Port 22"', "Port\"22\"",
    "Port 22 23", "Match", "Include", "\r", "\x0c", "PermitRootLogin yes \\", "no", "{", "};", "\xff\xfe",
    "Include /nowhere/*", "Port\u00a022", "AllowUsers", "AllowUsers # x", "Banner", "Ciphers", "HostKey", "SetEnv", "=yes",
    "PermitRootLogin==yes", "PermitRootLogin = = yes", "yes", "password yes", "none x", "sftp on", "ForceCommand  ", "user x",
]


# Whole configurations that chance would hardly make.
SPECIAL = [
    "KbdInteractiveAuthentication no\nAuthenticationMethods keyboard-interactive\n",
    "ChallengeResponseAuthentication no\nAuthenticationMethods publickey,keyboard-interactive:pam\n",
    "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\nAuthenticationMethods keyboard-interactive\n",
    "PasswordAuthentication no\nAuthenticationMethods password hostbased\n",
    "PubkeyAuthentication no\nMatch User x\nAuthenticationMethods publickey\n",
    "GSSAPIAuthentication yes\nAuthenticationMethods gssapi-with-mic gssapi-keyex\n",
    "".join("Port %d\n" % (1000 + n) for n in range(257)),
    "".join("Subsystem s%d /x\n" % n for n in range(257)),
    "Subsystem a \"b\\\"c d\" e\\\\f 'g\th'\n",
    "AllowUsers " + " ".join("user%d" % n for n in range(3000)) + "\n",
    "AcceptEnv" + " LANG" * 900 + " A=B\n",
    "SetEnv " + " ".join("V%d=x" % (n % 40) for n in range(99)) + "\n",
    "RekeyLimit +5G\nRekeyLimit default -1\n",
    "RekeyLimit -0.5G\n",
    "RekeyLimit 0.00000000000000000001E 1h\n",
    'RekeyLimit " 5G"\n',
    "MaxStartups ' 5: 6: 7'\nMaxStartups 3\nMaxStartups 10:20:30\nMaxStartups 7\n",
    "AuthorizedKeysCommand /x\nMatch all\nAuthorizedKeysCommandUser nobody\n",
    "AuthorizedPrincipalsCommand /x\nAuthorizedKeysCommandUser nobody\n",
    "PermitUserEnvironment yes\nPermitUserEnvironment LANG\n",
    "Include ''\n",
    "Include\t\"\"\n",
    "Match User x\nInclude /nowhere/*\nPort 22\n",
    "Match all\nMatch User x\nMatch all\nPort 2222\nUseDNS no\n",
    "HostKeyAlgorithms RSA\n",
    "PubkeyAcceptedAlgorithms +RSA\n",
    "CASignatureAlgorithms *-cert-*\n",
    "Ciphers ,aes128-ctr\n",
    "Ciphers ,\n",
    "KexAlgorithms curve25519-sha256,,nonsense\n",
    "ListenAddress 0.0.0.0\nAddressFamily inet6\n",
    "ListenAddress *\nPort 2222\n",
    "ListenAddress \"\"\n",
    "ListenAddress '[::1]:22'\nListenAddress \"10.0.0.1\"\n",
    "\n" * 500 + "Port 0\n",
    "\x00\x00\nPort 0\n",
    "Port 22\x00 23\n# x\nUseDNS maybe\n",
    None,
]


class Case:
    """Files, links and special files to be made inside the chroot, and how sshd is to be called."""

    def __init__(self, directory):
        self.directory = directory
        self.main = directory + "/sshd_config"
        self.files = {}
        self.links = {}
        self.special = {}
        self.options = []

    @property
    def moves_lines(self):
        return any("\x00" in text for text in self.files.values())

    def canonical(self, path):
        path = os.path.normpath(path)
        return os.path.normpath(self.links.get(path, path))

    def write(self, root):
        os.makedirs(root + self.directory)
        for path, text in self.files.items():
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            with open(root + path, "wb") as f:
                f.write(text.encode("utf-8", "surrogateescape"))
        for path, target in self.links.items():
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            os.symlink(target, root + path)
        for path, kind in self.special.items():
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            if kind == "directory":
                os.makedirs(root + path)
            elif kind == "socket":
                os.mknod(root + path, stat.S_IFSOCK | 0o600)

    def describe(self):
        text = "".join("--- %s\n%s\n" % (p, repr(t)) for p, t in self.files.items())
        text += "".join("--- %s -> %s\n" % (p, t) for p, t in self.links.items())
        return text + ("options %r\n" % self.options if self.options else "")


def block(random, bad):
    lines = [dressed(random, "Match", value_of(random, "MATCH", random.random() > bad))]
    for _ in range(random.choice((0, 1, 2, 4))):
        names = IN_MATCH if random.random() > bad / 2 else NAMES
        lines.append(random.choice(["", "  ", "\t"]) + keyword_line(random, random.random() > bad, names))
    return lines


def body(random, bad, count, names=None):
    lines = []
    for _ in range(count):
        dice = random.random()
        if dice < 0.1:
            lines.append(random.choice(["", "# comment", "   ", "#Port 22", "\t# x"]))
        elif dice < 0.1 + bad / 4:
            lines.append(random.choice(GARBAGE))
        else:
            lines.append(keyword_line(random, random.random() > bad, names))
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
        lines += block(random, bad)
    return lines


def joined(random, lines):
    end = random.choice(["\n"] * 15 + ["\r\n"])
    return end.join(lines) + random.choice([end, end, end, ""])


def add_includes(random, case, bad):
    """Files beside the main one, and the lines that include them."""
    base = case.directory + "/d"
    lines = []
    for number in range(random.choice((1, 2, 3))):
        name = random.choice(["%02d-x.conf", "%02d.conf", "b%d.conf", "Z%d.conf", ".hidden%d.conf", "%d.txt"]) % number
        case.files["%s/%s" % (base, name)] = joined(random, body(random, bad, random.choice((0, 1, 3)), USUAL))
    last = list(case.files)[-1]
    if random.random() < 0.25:
        nested = case.directory + "/n/nested.conf"
        case.files[nested] = joined(random, body(random, bad, 2, USUAL))
        case.files[last] = "Include %s\n" % nested + case.files[last]
    if random.random() < 0.06:
        case.files[last] += "\nInclude %s\n" % random.choice([last, base + "/*.conf", case.main])
    if random.random() < 0.12:
        case.links[base + "/link.conf"] = random.choice([last, "/nowhere", case.directory])
    if random.random() < 0.06:
        case.special[base + "/special.conf"] = random.choice(["directory", "socket"])
    up = "../.." + base
    for _ in range(random.choice((1, 1, 2))):
        pattern = random.choice(
            [base + "/*.conf", base + "/*.conf", up + "/*.conf", last, base + "/[0-9]*.conf", base + "/?0*", base + "/*"]
            + ["%s/*.conf %s" % (base, last), '"%s/*.conf"' % base, base + "/none*.conf", "sshd_config.d/*.conf"]
            + [base + "/*.conf # all", base + "/[!a]*", "~/x.conf", base, base + "/{00,01}-x.conf", base + "/\\*.conf"]
            + ["/dev/null", base + "/[z", base + "/**", "%s/.hidden* %s/.*conf" % (base, base)]
        )
        lines.append(dressed(random, "Include", pattern) if random.random() < 0.2 else "Include " + pattern)
    return lines


def option(random, bad):
    line = keyword_line(random, random.random() > bad)
    name, separator, value = line.strip().partition(" ")
    text = name + random.choice(["=", " ", "=="] if separator else [""]) + value
    return re.sub("[\0\t\n\udc80-\udcff]", "", text)


def random_case(random, directory):
    """A configuration; about half of them are meant to be accepted."""
    case = Case(directory)
    bad = random.choice((0, 0, 0, 0.02, 0.1, 0.4))
    random.tidy = random.choice((1, 4, 100, 100)) if bad < 0.1 else 1
    kind = random.random()
    if kind < 0.05:
        text = random.choice(SPECIAL)
        if text is not None:
            case.files[case.main] = text
        return case
    if kind < 0.38:
        name = random.choice(NAMES if random.random() < 0.8 else ALGORITHM_NAMES)
        line = dressed(random, name, value_of(random, random.choice(GRAMMAR[name]), random.random() < 0.5))
        lines = [line]
        if random.random() < 0.3:
            lines = [dressed(random, "Match", random.choice(MATCH_GOOD))] + lines
        if random.random() < 0.3:
            lines.append(dressed(random, name, value_of(random, random.choice(GRAMMAR[name]), random.random() < 0.7)))
        if random.random() < 0.2:
            lines.insert(0, "AuthorizedKeysCommandUser nobody")
    elif kind < 0.45:
        lines = [random.choice(GARBAGE)] + body(random, bad, 2, USUAL)
    else:
        lines = body(random, bad, random.choice((2, 5, 12, 30)), random.choice([USUAL, COMMON, COMMON if random.tidy > 90 else NAMES]))
        if kind > 0.7:
            for line in add_includes(random, case, bad):
                lines.insert(random.randrange(len(lines) + 1), line)
    if random.random() < 0.08:
        case.options = [o for o in (option(random, bad) for _ in range(random.choice((1, 2)))) if o]
    case.files[case.main] = joined(random, lines)
    return case
